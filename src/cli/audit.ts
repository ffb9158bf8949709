/** `framecheck audit`: the memory of a running Linux, or of a saved copy of its files. */
import { audit } from "../audit/audit.ts";
import { BadInput, commonOptions, noPositionals, parseOptions } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export const auditHelp = `framecheck audit [options]

Reads what Linux shows of its memory (/proc/zoneinfo, buddyinfo, pagetypeinfo,
iomem, kpageflags, kpagecount, and /sys/devices/system/memory), judges every
rule that this allows, and draws the machine. As root it sees more.
Exit code 0: every rule that could be judged held. 1: one is broken. 2: the
files are not there or not understood.

  --sysroot DIR          read the files below DIR instead of this machine's
  --json                 print one JSON object instead of the picture

  sudo framecheck audit
  framecheck audit --sysroot saved/`;

const options = { ...commonOptions, sysroot: { type: "string" }, json: { type: "boolean" } } as const;

export async function auditVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("audit", words, options);
  if (values.help === true) {
    terminal.out(`${auditHelp}\n`);
    return 0;
  }
  noPositionals("audit", positionals);
  const result = audit({ sysroot: values.sysroot ?? "/", json: values.json === true, width: terminal.width, colour: terminal.colour });
  if (!result.ok) throw new BadInput(values.sysroot === undefined ? result.error : `${values.sysroot}: ${result.error}`);
  terminal.out(`${result.output.trimEnd()}\n`);
  return result.verdict === "holds" ? 0 : result.verdict === "breach" ? 1 : 2;
}
