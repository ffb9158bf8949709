/**
 * Pages that a guest gives to its host: Linux fill_balloon(), release_pages_balloon(), virtballoon_migratepage(),
 * drivers/virtio/virtio_balloon.c, v6.12.
 */
import type { Outcome } from "../../models/index.ts";
import { kindAt, kindNumber } from "./allocations.ts";
import { AllocFlag } from "./layout.ts";
import { grantOf } from "./log.ts";
import type { Machine } from "./machine.ts";
import { refused, skipped } from "./result.ts";
import type { Refusal } from "./result.ts";

/** Balloon pages move by the ops of their driver. */
const balloonKind = kindNumber("driver-movable");

export class Balloon {
  protected readonly m: Machine;

  constructor(machine: Machine) {
    this.m = machine;
  }

  /** fill_balloon(), one page. That the label is free and the node online has been seen to. */
  inflate(id: number, node: number): Refusal | Pick<Outcome, "grant"> {
    const { type, highest } = kindAt(balloonKind);
    const request = { order: 0, type, node, highest, nodes: null, retyped: [] };
    const pfn = this.m.choices.allocate(request);
    if (pfn < 0) return refused("ENOMEM", "no-free-block");
    const slot = this.m.allocations.add(id, balloonKind, 0, pfn);
    this.m.allocations.setFlag(slot, AllocFlag.Inflated, true);
    this.m.zones.adjustManaged(this.m.frames.zone(pfn), -1);
    return { grant: grantOf(pfn, 0, request.retyped) };
  }

  /** leak_balloon(), one page. */
  deflate(id: number): Refusal | undefined {
    const { allocations } = this.m;
    const slot = allocations.slotOf(id);
    if (slot < 0) return skipped(this.m.contigs.get(id) === undefined ? "no-such-label" : "not-inflated", { id });
    if (!allocations.has(slot, AllocFlag.Inflated)) return skipped("not-inflated", { id });
    allocations.setFlag(slot, AllocFlag.Inflated, false);
    this.m.zones.adjustManaged(this.m.frames.zone(allocations.head(slot)), 1);
    return this.m.references.free(id, false);
  }

  /** virtballoon_migratepage(): the zones that the page left and came to, where they are not the same. */
  migrated(from: number, to: number): void {
    const [left, entered] = [this.m.frames.zone(from), this.m.frames.zone(to)];
    if (left === entered) return;
    this.m.zones.adjustManaged(left, 1);
    this.m.zones.adjustManaged(entered, -1);
  }
}
