/** Failures on command: Linux include/linux/fault-inject.h, v6.12. */
import type { FailurePoint } from "../../models/index.ts";

/** Places where Linux allocates or registers something, and which attempt of each is to fail. */
export class Faults {
  readonly #armed: Map<FailurePoint, number> = new Map();

  arm(what: FailurePoint, skip: number): void {
    this.#armed.set(what, skip);
  }

  /** To be asked at each attempt: whether this one fails. */
  fails(what: FailurePoint): boolean {
    const skip = this.#armed.get(what);
    if (skip === undefined) return false;
    if (skip > 0) {
      this.#armed.set(what, skip - 1);
      return false;
    }
    this.#armed.delete(what);
    return true;
  }
}
