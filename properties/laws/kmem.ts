/**
 * The driver of dax devices: what it adds and what it takes away again.
 */
import { blockPages, rangeEnd } from "../../models/index.ts";
import type { KmemView, PfnRange, View } from "../../models/index.ts";
import { blocksById } from "../derived.ts";
import { blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { succeeded } from "../step.ts";

function boundTo(view: View, device: number): KmemView | undefined {
  return given(view.kmem).find((known) => known.device === device);
}

function blocksIn({ geometry }: View, ranges: readonly PfnRange[]): readonly number[] {
  const size = blockPages(geometry);
  return ranges.flatMap((range) => Array.from({ length: Math.ceil(rangeEnd(range) / size) - Math.floor(range.start / size) }, (_, index) => Math.floor(range.start / size) + index));
}

/** Blocks that came or went and should not have, or the other way about. */
function otherThan(step: StepRecord, wanted: ReadonlySet<number>, comes: boolean): readonly Evidence[] {
  const [was, is] = [blocksById(step.before), blocksById(step.after)];
  const found: Evidence[] = [];
  for (const block of new Set([...was.keys(), ...is.keys(), ...wanted])) {
    const should = wanted.has(block) ? comes : was.has(block);
    if (wanted.has(block) && comes && was.has(block)) found.push({ where: blockName(block), was: "passed over, the block was there", is: "added" });
    if (is.has(block) !== should) found.push({ where: blockName(block), was: should ? "there" : "not there", is: should ? "not there" : "there" });
  }
  return found;
}

const addsItsRanges: Law = {
  id: "KM-03",
  title: "a driver that takes a dax device has added a range of it at least, and makes exactly the blocks of the ranges that it has added",
  source: "drivers/dax/kmem.c: dev_dax_kmem_probe(), v6.12",
  needs: ["kmem", "blocks"],
  ops: ["kmem-probe"],
  unless: [],
  find: (step) => {
    const { command, after } = step;
    if (command.op !== "kmem-probe" || !succeeded(step)) return [];
    const known = boundTo(after, command.device);
    if (known === undefined || known.ranges.length === 0) return [{ where: `dax device ${command.device}`, was: "of the driver, with a range that was added", is: known === undefined ? "not of the driver" : "without one" }];
    return otherThan(step, new Set(blocksIn(after, known.ranges)), true);
  },
};

const removesItsRanges: Law = {
  id: "KM-04",
  title: "a driver that lets go of a dax device takes away exactly the ranges that it had added and that are offline, each as a whole",
  source: "drivers/dax/kmem.c: dev_dax_kmem_remove(), v6.12; memory of others in a range that was never added is none of its business",
  needs: ["kmem", "blocks"],
  ops: ["kmem-remove"],
  unless: [],
  find: (step) => {
    const { command, before, after } = step;
    if (command.op !== "kmem-remove" || !succeeded(step)) return [];
    if (boundTo(after, command.device) !== undefined) return [{ where: `dax device ${command.device}`, was: "let go", is: "of the driver" }];
    const blocks = blocksById(before);
    const gone = (boundTo(before, command.device)?.ranges ?? []).filter((range) => blocksIn(before, [range]).every((block) => blocks.get(block)?.state === "offline"));
    return otherThan(step, new Set(blocksIn(before, gone)), false);
  },
};

export const kmemLaws: readonly Law[] = [addsItsRanges, removesItsRanges];
