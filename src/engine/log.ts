/** What was chosen since the command began, as its outcome will tell it. */
import { toPfn } from "../../models/index.ts";
import type { AllocId, Attempt, Errno, Grant, Move, Outcome } from "../../models/index.ts";

/** A block that was taken, as outcomes name it. */
export function grantOf(pfn: number, order: number, retyped: readonly number[]): Grant {
  return retyped.length === 0 ? { pfn: toPfn(pfn), order } : { pfn: toPfn(pfn), order, retyped: retyped.toSorted((a, b) => a - b).map(toPfn) };
}

type Told = Pick<Outcome, "memmap" | "dropped" | "moved" | "attempts">;

/** What `take` gives where no choice was made. */
export const nothingTold: Told = {};

export class Log {
  #isEmpty = true;
  #moved: Move[] = [];
  #dropped: AllocId[] = [];
  #memmap: Grant[] = [];
  #attempts: Attempt[] = [];

  move(move: Move): void {
    this.#isEmpty = false;
    this.#moved.push(move);
  }

  drop(id: AllocId): void {
    this.#isEmpty = false;
    this.#dropped.push(id);
  }

  memmap(grant: Grant): void {
    this.#isEmpty = false;
    this.#memmap.push(grant);
  }

  /** Ends an attempt of a search: what was moved and dropped so far was for it. */
  attempt(start: number, errno: Errno | undefined): void {
    this.#isEmpty = false;
    const [moved, dropped] = [this.#moved, this.#dropped];
    [this.#moved, this.#dropped] = [[], []];
    this.#attempts.push({ start: toPfn(start), ...(errno === undefined ? {} : { errno }), ...(dropped.length === 0 ? {} : { dropped }), ...(moved.length === 0 ? {} : { moved }) });
  }

  /** The choices, and an empty log again. */
  take(): Told {
    if (this.#isEmpty) return nothingTold;
    this.#isEmpty = true;
    const [moved, dropped, memmap, attempts] = [this.#moved, this.#dropped, this.#memmap, this.#attempts];
    [this.#moved, this.#dropped, this.#memmap, this.#attempts] = [[], [], [], []];
    return {
      ...(memmap.length === 0 ? {} : { memmap }),
      ...(dropped.length === 0 ? {} : { dropped }),
      ...(moved.length === 0 ? {} : { moved }),
      ...(attempts.length === 0 ? {} : { attempts }),
    };
  }
}
