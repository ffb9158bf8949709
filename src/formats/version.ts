/**
 * Reads `/proc/version`, `/proc/cmdline` and `/proc/sys/kernel/arch`.
 */
import type { Arch } from "../../models/index.ts";
import { misshapen, oneLine, quote, shaped } from "./shape.ts";
import type { Shaped } from "./shape.ts";

export interface KernelVersion {
  /** As `6.12.117+deb12-amd64`. */
  readonly release: string;
  readonly major: number;
  readonly minor: number;
  /** null: the line does not say. */
  readonly arch: Arch | null;
}

/** `/proc/version`: linux_banner. The architecture is taken from the release or from the name of the compiler, where one of them has it. */
export function parseVersion(text: string, file = "proc/version"): Shaped<KernelVersion> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  const fields = /^Linux version (((\d{1,4})\.(\d{1,4}))\S*) /u.exec(line.value);
  if (fields === null) return misshapen(file, 1, quote(line.value), "`Linux version N.N`");
  const [, release = "", , major = "", minor = ""] = fields;
  const arch = /x86_64|amd64/u.test(line.value) ? "x86-64" : /aarch64|arm64/u.test(line.value) ? "arm64" : null;
  return shaped({ release, major: Number(major), minor: Number(minor), arch });
}

/** `/proc/sys/kernel/arch`: the machine name of uname, where the kernel shows it. null: one that is not known here. */
export function parseArch(text: string, file = "proc/sys/kernel/arch"): Shaped<Arch | null> {
  const line = oneLine(file, text);
  if (!line.ok) return line;
  return shaped(line.value === "x86_64" ? "x86-64" : line.value === "aarch64" ? "arm64" : null);
}

/** `/proc/cmdline`: the words of the kernel command line. */
export function parseCmdline(text: string, file = "proc/cmdline"): Shaped<readonly string[]> {
  const line = oneLine(file, text);
  return line.ok ? shaped(line.value.split(" ").filter((word) => word !== "")) : line;
}
