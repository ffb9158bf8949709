/**
 * Goals about the memory of dax devices.
 */
import type { KmemView, View } from "../../models/index.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { succeeded } from "../step.ts";

function bound(view: View, device: number): KmemView | undefined {
  return view.kmem?.find((known) => known.device === device);
}

/** The group has room for more than was added: a range was passed over. */
function isPartial({ groups }: View, known: KmemView | undefined): boolean {
  const added = known?.ranges.reduce((sum, { nrPages }) => sum + nrPages, 0) ?? 0;
  return groups?.some(({ group, pages }) => group === known?.group && pages > added) ?? false;
}

/** The device that a driver lets go of, as it was. */
function letGo(step: StepRecord): KmemView | undefined {
  return step.command.op === "kmem-remove" && succeeded(step) ? bound(step.before, step.command.device) : undefined;
}

export const kmemGoals: readonly Goal[] = [
  {
    id: "kmem-range-passed-over",
    title: "a driver took a dax device though a range of it could not be added",
    rules: ["KM-03"],
    reached: (step) => step.command.op === "kmem-probe" && succeeded(step) && isPartial(step.after, bound(step.after, step.command.device)),
  },
  { id: "kmem-part-let-go", title: "a driver let go of a dax device of which a range had never been added", rules: ["KM-04"], reached: (step) => isPartial(step.before, letGo(step)) },
  {
    id: "kmem-memory-stays",
    title: "memory of a dax device stayed when its driver let go, because it was online",
    rules: ["KM-02", "KM-04"],
    reached: (step) => {
      const known = letGo(step);
      return known !== undefined && (step.after.blocks ?? []).some(({ group }) => group === known.group);
    },
  },
  {
    id: "kmem-group-stays",
    title: "the group of a dax device stayed though all of its memory went",
    rules: ["KM-04", "HP-50"],
    reached: (step) => {
      const known = letGo(step);
      return known !== undefined && (step.after.groups ?? []).some(({ group, blocks }) => group === known.group && blocks.length === 0);
    },
  },
];
