/** How an operation of the engine ends. `undefined` stands for ok. */
import { toBlockId, toPfn } from "../../models/index.ts";
import type { Because, Errno } from "../../models/index.ts";

export interface Refusal {
  readonly result: "refused" | "skipped" | "livelock" | "bug";
  readonly errno?: Errno;
  readonly because: Because;
}

/** What a reason may name, in plain numbers. */
export interface Detail {
  readonly pfn?: number;
  readonly block?: number;
  readonly id?: number;
  readonly task?: number;
  readonly detail?: string;
}

function because(kind: string, detail: Detail): Because {
  return {
    kind,
    ...(detail.pfn === undefined ? {} : { pfn: toPfn(detail.pfn) }),
    ...(detail.block === undefined ? {} : { block: toBlockId(detail.block) }),
    ...(detail.id === undefined ? {} : { id: detail.id }),
    ...(detail.task === undefined ? {} : { task: detail.task }),
    ...(detail.detail === undefined ? {} : { detail: detail.detail }),
  };
}

export function refused(errno: Errno, kind: string, detail: Detail = {}): Refusal {
  return { result: "refused", errno, because: because(kind, detail) };
}

export function skipped(kind: string, detail: Detail = {}): Refusal {
  return { result: "skipped", because: because(kind, detail) };
}

export function livelock(kind: string, detail: Detail = {}): Refusal {
  return { result: "livelock", errno: "EINTR", because: because(kind, detail) };
}

export function bug(kind: string, detail: Detail = {}): Refusal {
  return { result: "bug", because: because(kind, detail) };
}

/** To be thrown where the engine finds what its own code can not produce. */
export function broken(what: string): Error {
  return new Error(`engine: ${what}`);
}

export function unreachable(value: never): never {
  throw broken(`no case for ${JSON.stringify(value)}`);
}
