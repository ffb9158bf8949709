/** The audit: reads a system, judges it, and says what was found. */
import { showShapeError } from "../formats/shape.ts";
import { auditJson } from "./json.ts";
import { isOpen, judge, judgeReadings, readingOf } from "./judge.ts";
import type { Judgement, Reading } from "./judge.ts";
import { renderAudit } from "./render.ts";
import { collect } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";
import { directorySource } from "./source.ts";
import type { FileSource } from "./source.ts";

export { auditJson, collect, judge, renderAudit };

export interface AuditOptions {
  /** The root of the files: `/` is the running machine. */
  readonly sysroot?: string;
  /** The JSON form instead of the picture. */
  readonly json?: boolean;
  readonly width?: number;
  readonly colour?: boolean;
  /** Where to read instead of the folder `sysroot`. */
  readonly read?: FileSource;
}

export type AuditResult =
  | { readonly ok: true; readonly verdict: Judgement["verdict"]; readonly output: string; readonly snapshot: Snapshot; readonly judgement: Judgement }
  /** Bad input, as one line. */
  | { readonly ok: false; readonly error: string };

/** Reads the system, a running one as often as it takes to tell what moves from what is wrong, and judges it. */
export function audit({ sysroot = "/", json = false, width = 80, colour = false, read = directorySource(sysroot) }: AuditOptions = {}): AuditResult {
  const readings: Reading[] = [];
  let collected = collect(read);
  while (collected.ok) {
    readings.push(readingOf(collected.value));
    if (!isOpen(readings)) break;
    collected = collect(read);
  }
  if (!collected.ok) return { ok: false, error: showShapeError(collected.error) };
  const snapshot = collected.value;
  const judgement = judgeReadings(readings);
  const output = json ? auditJson(snapshot, judgement) : renderAudit(snapshot, judgement, { width, colour });
  return { ok: true, verdict: judgement.verdict, output, snapshot, judgement };
}
