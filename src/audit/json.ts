/**
 * The audit as JSON for programs, version 1: one object on one line.
 *
 * Frame numbers are numbers, sizes are in frames unless the name says bytes. `canGoOffline` is null of a block that is not
 * online. What is not known is null or left out, never 0.
 */
import type { Geometry } from "../../models/index.ts";
import type { BrokenRule, Judgement, NotJudged } from "./judge.ts";
import { blockOutlooks } from "./outlook.ts";
import type { BlockOutlook } from "./outlook.ts";
import type { Snapshot } from "./snapshot.ts";

export interface JsonZone {
  readonly node: number;
  readonly type: string;
  /** null: not shown. */
  readonly start: number | null;
  readonly spanned: number;
  readonly present: number;
  readonly managed: number;
  readonly free: number;
}

export interface JsonAudit {
  readonly framecheck: "audit";
  readonly version: 1;
  readonly root: string;
  readonly live: boolean;
  readonly kernel: string | null;
  readonly arch: string | null;
  readonly verdict: Judgement["verdict"];
  readonly readings: number;
  readonly broken: readonly BrokenRule[];
  readonly judged: readonly string[];
  readonly notJudged: readonly NotJudged[];
  readonly assumptions: readonly string[];
  readonly missing: Snapshot["missing"];
  readonly geometry: Geometry | null;
  readonly zones: readonly JsonZone[];
  readonly blocks: readonly BlockOutlook[];
}

export function auditJson(snapshot: Snapshot, judgement: Judgement): string {
  return `${JSON.stringify(auditObject(snapshot, judgement))}\n`;
}

export function auditObject(snapshot: Snapshot, judgement: Judgement): JsonAudit {
  const { version } = snapshot.files;
  return {
    framecheck: "audit",
    version: 1,
    root: snapshot.root,
    live: snapshot.live,
    kernel: version.available ? version.value.release : null,
    arch: snapshot.sizes?.arch ?? null,
    verdict: judgement.verdict,
    readings: judgement.readings,
    broken: judgement.broken,
    judged: judgement.judged,
    notJudged: judgement.notJudged,
    assumptions: judgement.assumptions,
    missing: snapshot.missing,
    geometry: snapshot.geometry,
    zones: snapshot.zones.flatMap(({ node, type, info }): readonly JsonZone[] => (info === null ? [] : [{ node, type, start: info.populated?.start ?? (info.spanned === 0 ? 0 : null), spanned: info.spanned, present: info.present, managed: info.managed, free: info.populated?.nrFreePages ?? 0 }])),
    blocks: blockOutlooks(snapshot),
  };
}
