/**
 * Reads `/proc/meminfo`, `/sys/devices/system/node/nodeN/meminfo` and `/proc/vmstat`: names with one number each.
 *
 * Follows meminfo_proc_show(), fs/proc/meminfo.c, node_read_meminfo(), drivers/base/node.c, and vmstat_show(),
 * mm/vmstat.c, v6.12. Versions differ in the names, so any name will do; a number and the unit `kB` or none must be there.
 */
import { decimal, misshapen, quote, shaped, textLines, wholeNumber } from "./shape.ts";
import type { Shaped } from "./shape.ts";

export interface MemInfo {
  /** Bytes where the file says kB, counts elsewhere. */
  readonly values: ReadonlyMap<string, number>;
}

export function parseMeminfo(text: string, file = "proc/meminfo"): Shaped<MemInfo> {
  return parse(file, text, /^([A-Za-z0-9_()]+): +(\S+)(.*)$/u, "`NAME: N kB`");
}

export function parseNodeMeminfo(text: string, node: number, file = `sys/devices/system/node/node${node}/meminfo`): Shaped<MemInfo> {
  return parse(file, text, new RegExp(`^Node ${node} ([A-Za-z0-9_()]+): +(\\S+)(.*)$`, "u"), `\`Node ${node} NAME: N kB\``);
}

function parse(file: string, text: string, shape: RegExp, expected: string): Shaped<MemInfo> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const values = new Map<string, number>();
  for (const [index, line] of lines.value.entries()) {
    const fields = shape.exec(line);
    if (fields === null) return misshapen(file, index + 1, quote(line), expected);
    const [, name = "", digits = "", unit = ""] = fields;
    if (unit !== "" && unit !== " kB") return misshapen(file, index + 1, quote(unit), "the unit kB or none");
    const value = decimal(digits);
    const bytes = value === undefined || unit === "" ? value : value * 1024;
    if (bytes === undefined || !Number.isSafeInteger(bytes)) {
      // VmallocTotal is the size of an address range, and on some machines beyond 2^53 bytes. Nobody asks for it.
      if (name.startsWith("Vmalloc") && /^\d+$/u.test(digits)) continue;
      return misshapen(file, index + 1, quote(digits), `${wholeNumber} for ${name}`);
    }
    if (values.has(name)) return misshapen(file, index + 1, quote(name), "each name once");
    values.set(name, bytes);
  }
  if (!values.has("MemTotal")) return misshapen(file, null, "no MemTotal", "`MemTotal: N kB`");
  return shaped({ values });
}

/** Counters of `/proc/vmstat`. Event counters may pass 2^53 and are then left out. */
export function parseVmstat(text: string, file = "proc/vmstat"): Shaped<ReadonlyMap<string, number>> {
  const lines = textLines(file, text);
  if (!lines.ok) return lines;
  const values = new Map<string, number>();
  for (const [index, line] of lines.value.entries()) {
    const fields = /^([A-Za-z0-9_]+) (\d{1,20})$/u.exec(line);
    if (fields === null) return misshapen(file, index + 1, quote(line), "`NAME N`");
    const name = fields[1] ?? "";
    const value = decimal(fields[2] ?? "");
    if (values.has(name)) return misshapen(file, index + 1, quote(name), "each name once");
    if (value !== undefined) values.set(name, value);
    else if (name.startsWith("nr_")) return misshapen(file, index + 1, quote(fields[2] ?? ""), `${wholeNumber} for ${name}`);
  }
  if (!values.has("nr_free_pages")) return misshapen(file, null, "no nr_free_pages", "`nr_free_pages N`");
  return shaped(values);
}
