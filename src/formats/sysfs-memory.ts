/**
 * Reads the small files of `/sys/devices/system/memory` and `/sys/devices/system/node`.
 *
 * Follows drivers/base/memory.c and drivers/base/node.c, v6.12. Numbers of `block_size_bytes` and `phys_index` are hexadecimal
 * without prefix. `valid_zones` is `none`, one zone name, or for an offline block up to three different ones.
 */
import { zoneTypes } from "../../models/index.ts";
import type { ZoneType } from "../../models/index.ts";
import { alternatives, decimal, hexadecimal, misshapen, oneLine, oneOf, quote, shaped } from "./shape.ts";
import type { Shaped } from "./shape.ts";

export const blockStates = ["online", "going-offline", "offline"] as const;
export type BlockState = (typeof blockStates)[number];

/** block_size_bytes: a power of two. */
export function parseBlockSize(text: string, file = "sys/devices/system/memory/block_size_bytes"): Shaped<number> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  const bytes = hexadecimal(line.value);
  return bytes !== undefined && bytes >= 2 ** 20 && Number.isInteger(Math.log2(bytes)) ? shaped(bytes) : misshapen(file, 1, quote(line.value), "a power of two from 1 MiB on, in hexadecimal");
}

/** memoryN/state. */
export function parseBlockState(text: string, file: string): Shaped<BlockState> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  const state = oneOf(blockStates, line.value);
  return state === undefined ? misshapen(file, 1, quote(line.value), alternatives(blockStates)) : shaped(state);
}

/** memoryN/online. */
export function parseBlockOnline(text: string, file: string): Shaped<boolean> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  return line.value === "0" || line.value === "1" ? shaped(line.value === "1") : misshapen(file, 1, quote(line.value), "0 or 1");
}

/** memoryN/phys_index. */
export function parsePhysIndex(text: string, file: string): Shaped<number> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  const index = line.value.length >= 8 ? hexadecimal(line.value) : undefined;
  return index === undefined ? misshapen(file, 1, quote(line.value), "a block number of eight hexadecimal digits") : shaped(index);
}

/** memoryN/valid_zones. Empty: `none`. */
export function parseValidZones(text: string, file: string): Shaped<readonly ZoneType[]> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  if (line.value === "none") return shaped([]);
  const words = line.value.split(" ");
  const zones = words.flatMap((word) => oneOf(zoneTypes, word) ?? []);
  if (zones.length !== words.length || new Set(zones).size !== zones.length) return misshapen(file, 1, quote(line.value), `none or different zones out of ${zoneTypes.join(", ")}`);
  return shaped(zones);
}

const mostNodes = 1024;

/** A list of numbers as cpumap and nodemask files print it: `0-3,8`. An empty line is an empty list. */
export function parseNodeList(text: string, file: string): Shaped<readonly number[]> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  if (line.value === "") return shaped([]);
  const nodes: number[] = [];
  for (const part of line.value.split(",")) {
    const [, from = "", to = from] = /^(\d+)(?:-(\d+))?$/u.exec(part) ?? [];
    const [first, last] = [decimal(from), decimal(to)];
    if (first === undefined || last === undefined || last < first || last >= mostNodes || first <= (nodes.at(-1) ?? -1)) return misshapen(file, 1, quote(part), `ascending numbers and ranges below ${mostNodes}`);
    for (let node = first; node <= last; node++) nodes.push(node);
  }
  return shaped(nodes);
}

/** A setting of one word, as online_policy, auto_online_blocks or memmap_on_memory. */
export function parseWord(text: string, file: string): Shaped<string> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  return /^[A-Za-z0-9_-]+$/u.test(line.value) ? line : misshapen(file, 1, quote(line.value), "one word");
}
