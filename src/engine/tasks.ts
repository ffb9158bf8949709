/**
 * Operations that are half done. One step is what Linux does between two points where it lets others run.
 *
 * A task is plain data (what it holds, its phase) and three verbs: `start` begins it, `step` goes on, `signal` interrupts.
 */
import type { AllocContig, TaskCommand, WriteState } from "../../models/index.ts";
import { isRefusal, ofWrite } from "./block-state.ts";
import type { ContigOp } from "./contig.ts";
import type { Book } from "./isolation.ts";
import type { Machine } from "./machine.ts";
import type { OfflineOp } from "./offline.ts";
import type { OnlineOp } from "./online.ts";
import { refused, skipped, unreachable } from "./result.ts";
import type { Refusal } from "./result.ts";

export type Task =
  | { readonly kind: "online"; readonly op: OnlineOp }
  | { readonly kind: "offline"; readonly op: OfflineOp; phase: "isolated" | "migrating" }
  | { readonly kind: "alloc-contig"; readonly op: ContigOp; readonly id: number; phase: "isolated" | "migrating" };

/** `running`: there is more to do; undefined: ended with ok. */
export type StepResult = Refusal | "running" | undefined;

export class Tasks {
  protected readonly m: Machine;
  readonly #tasks: Map<number, Task> = new Map();

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** By label. */
  all(): readonly (readonly [number, Task])[] {
    return [...this.#tasks].toSorted(([a], [b]) => a - b);
  }

  /** device_hotplug_lock is held from the first step of an online or offline to its end. */
  get holdHotplugLock(): boolean {
    return this.#tasks.size > 0 && [...this.#tasks.values()].some(({ kind }) => kind !== "alloc-contig");
  }

  /** lru_cache_disable(): by an offline from its first step on, by a contiguous allocation while it moves pages. */
  get disableLruBatches(): boolean {
    return this.#tasks.size > 0 && [...this.#tasks.values()].some((task) => task.kind === "offline" || (task.kind === "alloc-contig" && task.phase === "migrating"));
  }

  /** Whether a half-done alloc-contig will use the label. */
  claimsId(id: number): boolean {
    return this.#tasks.size > 0 && [...this.#tasks.values()].some((task) => task.kind === "alloc-contig" && task.id === id);
  }

  /** The pageblocks that a task holds isolated. */
  bookOf(task: Task): Book | undefined {
    return task.kind === "online" ? undefined : task.op.book;
  }

  start(nr: number, command: TaskCommand): StepResult {
    if (this.#tasks.has(nr)) return skipped("label-in-use", { task: nr });
    const begun = command.op === "alloc-contig" ? this.#beginContig(command) : this.#beginState(command);
    if (begun === undefined || "result" in begun) return begun;
    this.#tasks.set(nr, begun);
    return "running";
  }

  #beginContig(command: AllocContig): Task | Refusal {
    const op = this.m.commands.planContig(command, true);
    if ("result" in op) return op;
    return this.m.contig.begin(op) ?? { kind: "alloc-contig", op, id: command.id, phase: "isolated" };
  }

  #beginState({ block: id, value }: WriteState): Task | Refusal | undefined {
    const locked = this.m.commands.hotplugLock();
    if (locked !== undefined) return locked;
    const block = this.m.blockState.target(id, value);
    if ("result" in block) return block;
    if (value === "offline") {
      const op = this.m.blockState.beginOffline(block);
      return isRefusal(op) ? ofWrite(op) : { kind: "offline", op, phase: "isolated" };
    }
    block.onlineType = value;
    const op = this.m.blockState.beginOnline(block);
    return isRefusal(op) ? op : { kind: "online", op };
  }

  step(nr: number): StepResult {
    const task = this.#tasks.get(nr);
    if (task === undefined) return skipped("no-such-label", { task: nr });
    const result = this.#stepOf(task);
    if (result !== "running") this.#tasks.delete(nr);
    return result;
  }

  #stepOf(task: Task): StepResult {
    switch (task.kind) {
      case "online":
        this.m.blockState.finishOnline(task.op);
        return undefined;
      case "offline":
        return this.#stepOffline(task);
      case "alloc-contig":
        return this.#stepContig(task);
      default:
        return unreachable(task);
    }
  }

  #stepOffline(task: Extract<Task, { kind: "offline" }>): StepResult {
    const { op } = task;
    if (task.phase === "isolated") {
      const vetoed = this.m.offline.notify(op);
      task.phase = "migrating";
      return vetoed === undefined ? "running" : this.#endOffline(op, vetoed);
    }
    if (this.m.choices.offlinePage(op)) return "running";
    // Without a signal Linux tries again, and so does the task.
    if (this.m.offline.obstacle(op) === "stuck" && this.m.quirks.applies("S-30")) return "running";
    return this.#endOffline(op, this.m.offline.finish(op));
  }

  #endOffline(op: OfflineOp, refusal: Refusal | undefined): Refusal | undefined {
    this.m.blockState.endOffline(op.block, refusal);
    return refusal?.errno === "EINTR" && refusal.result === "refused" ? refusal : ofWrite(refusal);
  }

  #stepContig(task: Extract<Task, { kind: "alloc-contig" }>): StepResult {
    const { op } = task;
    if (task.phase === "isolated") {
      this.m.contig.drain(op);
      task.phase = "migrating";
      return "running";
    }
    const moved = this.m.choices.contigPage(op);
    if (moved === "moved") return "running";
    const refusal = moved === "no-target" ? this.m.contig.abort(op, refused("ENOMEM", "no-target", { pfn: op.start })) : this.m.contig.finish(op);
    if (refusal === undefined) this.m.commands.ownContig(task.id, op);
    return refusal;
  }

  /** A signal ends what migrates; elsewhere it is noticed too late. */
  signal(nr: number): StepResult {
    const task = this.#tasks.get(nr);
    if (task === undefined) return skipped("no-such-label", { task: nr });
    if (task.kind === "online" || task.phase !== "migrating") return this.step(nr);
    this.#tasks.delete(nr);
    const refusal = refused("EINTR", "signal", { task: nr });
    return task.kind === "offline" ? this.#endOffline(task.op, this.m.offline.fail(task.op, refusal, true)) : this.m.contig.abort(task.op, refusal);
  }
}
