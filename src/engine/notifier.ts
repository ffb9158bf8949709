/** The memory notifier chain: Linux memory_notify(), drivers/base/memory.c, v6.12. */
import { toPfn } from "../../models/index.ts";
import type { Errno, NotifierCall, NotifierEvent } from "../../models/index.ts";
import type { Machine } from "./machine.ts";

export class Notifier {
  protected readonly m: Machine;
  readonly #vetoes: Map<NotifierEvent, Errno> = new Map();
  #calls: NotifierCall[] = [];

  constructor(machine: Machine) {
    this.m = machine;
  }

  arm(event: NotifierEvent, errno: Errno): void {
    this.#vetoes.set(event, errno);
  }

  /** Calls the chain; the errno of who refuses. */
  call(event: NotifierEvent, start: number, nrPages: number): Errno | undefined {
    this.#calls.push({ event, start: toPfn(start), nrPages });
    if (event === "GOING_OFFLINE" && this.archRefuses(start, nrPages)) return "EPERM";
    const errno = this.#vetoes.get(event);
    this.#vetoes.delete(event);
    return errno;
  }

  /** prevent_bootmem_remove_notifier(), arch/arm64/mm/mmu.c: it is registered first, so an armed veto is not reached. */
  protected archRefuses(start: number, nrPages: number): boolean {
    return this.m.description.arch === "arm64" && this.m.sections.table.between(start, start + nrPages).some(({ early }) => early);
  }

  /** The calls since the last time this was asked. */
  takeCalls(): readonly NotifierCall[] {
    if (this.#calls.length === 0) return this.#calls;
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }
}
