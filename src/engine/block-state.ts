/**
 * The state and online files of a memory block: Linux state_store(), memory_subsys_online(), memory_subsys_offline(),
 * drivers/base/memory.c; online_store(), drivers/base/core.c, v6.12.
 */
import type { OnlineWord, StateWord } from "../../models/index.ts";
import type { Machine } from "./machine.ts";
import type { MemoryBlock } from "./memory-blocks.ts";
import type { OfflineOp } from "./offline.ts";
import type { OnlineOp } from "./online.ts";
import { refused } from "./result.ts";
import type { Refusal } from "./result.ts";
import type { Zone } from "./zone.ts";

/** Whether an operation has begun, or has ended at its begin. */
export function isRefusal(begun: OnlineOp | OfflineOp | Refusal): begun is Refusal {
  return "result" in begun;
}

/** The refusal of an offline, as the catalogue names it for writes to a block's files. */
export function ofWrite(refusal: Refusal | undefined): Refusal | undefined {
  return refusal === undefined ? undefined : { ...refusal, because: { ...refusal.because, kind: `offline-${refusal.because.kind}` } };
}

export class BlockState {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** What stands in the way of a write to `state` before anything is tried; else the block. */
  target(id: number, word: StateWord): MemoryBlock | Refusal {
    const block = this.m.blocks.get(id);
    if (block === undefined) return refused("ENOENT", "no-such-block", { block: id });
    const isOnline = block.state !== "offline";
    if (word === "offline") return isOnline ? block : refused("EINVAL", "state-already", { block: id });
    if (!isOnline) return block;
    // The word is written before the state is looked at, and stays (S-05).
    if (block.onlineType !== word && this.m.quirks.applies("S-05")) block.onlineType = word;
    return refused("EINVAL", "state-already", { block: id });
  }

  /** state_store(), run to its end. */
  writeState(id: number, word: StateWord): Refusal | undefined {
    const block = this.target(id, word);
    if ("result" in block) return block;
    if (word === "offline") return ofWrite(this.offline(block));
    block.onlineType = word;
    return this.online(block);
  }

  /** online_store(). */
  writeOnline(id: number, value: boolean): Refusal | undefined {
    const block = this.m.blocks.get(id);
    if (block === undefined) return refused("ENOENT", "no-such-block", { block: id });
    if ((block.state !== "offline") === value) return undefined;
    return value ? this.online(block) : ofWrite(this.offline(block));
  }

  /** memory_subsys_online(): by the block's online_type, which is used up by it. */
  online(block: MemoryBlock, zone?: Zone): Refusal | undefined {
    const op = this.beginOnline(block, zone);
    if (isRefusal(op)) return op;
    this.finishOnline(op);
    return undefined;
  }

  beginOnline(block: MemoryBlock, zone?: Zone): OnlineOp | Refusal {
    const word: OnlineWord = block.onlineType === "offline" ? "online" : block.onlineType;
    block.onlineType = word;
    const op = this.m.online.begin(block, zone ?? this.m.zoneChoice.zoneFor(word, block.node, block.group, block.start, this.m.sizes.blockPages));
    if (isRefusal(op)) this.forgetOnlineType(block);
    return op;
  }

  finishOnline(op: OnlineOp): void {
    this.m.online.finish(op);
    op.block.state = "online";
    this.forgetOnlineType(op.block);
  }

  protected forgetOnlineType(block: MemoryBlock): void {
    block.onlineType = "offline";
  }

  /** memory_subsys_offline(). */
  offline(block: MemoryBlock): Refusal | undefined {
    const op = this.beginOffline(block);
    if (isRefusal(op)) return op;
    const refusal = this.#runOffline(op);
    this.endOffline(block, refusal);
    return refusal;
  }

  #runOffline(op: OfflineOp): Refusal | undefined {
    const vetoed = this.m.offline.notify(op);
    if (vetoed !== undefined) return vetoed;
    this.m.choices.offlinePages(op);
    return this.m.offline.finish(op);
  }

  beginOffline(block: MemoryBlock): OfflineOp | Refusal {
    block.state = "going-offline";
    const op = this.m.offline.begin(block);
    if (isRefusal(op)) this.endOffline(block, op);
    return op;
  }

  endOffline(block: MemoryBlock, refusal: Refusal | undefined): void {
    block.state = refusal === undefined ? "offline" : "online";
  }
}
