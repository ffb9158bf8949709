/** What rules say that they read, and what becomes of them where a view does not show it. */
import { assert, constantFrom, property, subarray } from "fast-check";
import type { Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command, View } from "../../models/index.ts";
import { checkStep, checkView, hasNeed, invariants, laws } from "../../properties/index.ts";
import type { Need, StepRecord } from "../../properties/index.ts";
import { badSteps } from "./bad-steps.ts";
import { badViews, machines } from "./bad-views.ts";
import { scenarios } from "./goal-scenarios.ts";
import { optionalFields, without } from "./partial-views.ts";
import { smallView } from "./small-views.ts";
import { editable, lastStep } from "./step-edits.ts";

const views: readonly View[] = [
  ...Object.values(machines).map((make) => make()),
  ...Object.values(badViews).map(({ from = smallView, edit }) => {
    const view = from();
    edit(view);
    return view;
  }),
];

const goodSteps: readonly StepRecord[] = Object.values(scenarios).map(({ machine, profile, commands }) => lastStep(machine, profile, commands));

const badOnes: readonly StepRecord[] = Object.values(badSteps).map(({ machine = "hole and CMA", profile = "strict", commands, edit }) => {
  const step = editable(lastStep(machine, profile, commands));
  edit(step);
  return { ...step, command: step.command as Command };
});

const steps = [...goodSteps, ...badOnes];

/** The same view, but what is read of it is noted: facts, the optional fields of their entries, columns of the frame table. */
function watched(view: View, read: Set<Need>): View {
  const watch = (fact: Need, entry: object): object => new Proxy(entry, { get: (target, key, receiver): unknown => (read.add(`${fact}.${String(key)}` as Need), Reflect.get(target, key, receiver)) });
  const facts = Object.entries(view).map(([fact, value]: [string, unknown]) => {
    const shown = Array.isArray(value) ? value.map((entry: object) => watch(fact as Need, entry)) : fact === "frames" && typeof value === "object" && value !== null ? watch(fact as Need, value) : value;
    return [fact, { enumerable: true, get: (): unknown => (read.add(fact as Need), shown) }] as const;
  });
  return Object.defineProperties({}, Object.fromEntries(facts)) as View;
}

describe("what a rule needs", () => {
  it.each(invariants)("$id reads it", ({ find, needs }) => {
    const read = new Set<Need>();

    for (const view of views) if (needs.some((need) => !read.has(need))) find(watched(view, read));

    expect(needs.filter((need) => !read.has(need))).toEqual([]);
  });

  it.each(laws)("$id reads it", ({ find, needs, ops }) => {
    const read = new Set<Need>();

    for (const step of steps) if ((ops.length === 0 || ops.some((op) => opOf(step) === op)) && needs.some((need) => !read.has(need))) find({ ...step, before: watched(step.before, read), after: watched(step.after, read) });

    expect(needs.filter((need) => !read.has(need))).toEqual([]);
  });

  it("is named once, and where a field is named its fact is not", () => {
    const doubled = [...invariants, ...laws].filter(({ needs }) => new Set(needs).size < needs.length || needs.some((need) => need.includes(".") && needs.some((other) => other === need.split(".")[0] && other !== "frames")));

    expect(doubled.map(({ id }) => id)).toEqual([]);
  });
});

/** The op that laws are asked about: of the command, or of the command that a task carries out. */
function opOf({ before, command }: StepRecord): string {
  if (command.op === "start") return command.command.op;
  const task = command.op === "step" || command.op === "signal" ? before.tasks?.find((one) => one.task === command.task) : undefined;
  return task === undefined ? command.op : task.op === "alloc-contig" ? "alloc-contig" : "write-state";
}

/** Every fact, and every field that a view can lack. */
const withheldAtOnce: Arbitrary<readonly Need[]> = subarray(
  [
    "zones", "nodes", "blocks", "sections", "pageblocks", "frames", "freeBlocks", "pcp", "allocations", "isolations", "tasks", "cma", "hugePools", "groups", "devices", "kmem", "resources", "totals", "frames.use", "frames.flags", "frames.zone", "frames.order",
    ...optionalFields,
  ] satisfies readonly Need[],
  { minLength: 1, maxLength: 6 },
);

function withhold(view: View, needs: readonly Need[]): View {
  let partial = view;
  for (const need of needs) partial = without(partial, need);
  return partial;
}

describe("a view that shows less", () => {
  it("leaves every invariant uncheckable that needs what is withheld, and the others judged as before", () => {
    assert(
      property(constantFrom(...views), withheldAtOnce, (view, withheld) => {
        const partial = withhold(view, withheld);
        const lacking = new Set(invariants.filter(({ needs }) => needs.some((need) => !hasNeed(partial, need))).map(({ id }) => id));
        const { broken, notCheckable } = checkView(partial);

        expect(notCheckable.map(({ invariant }) => invariant.id)).toEqual(invariants.map(({ id }) => id).filter((id) => lacking.has(id)));
        expect(broken.map(({ invariant }) => invariant.id)).toEqual(checkView(view).broken.map(({ invariant }) => invariant.id).filter((id) => !lacking.has(id)));
      }),
      { numRuns: 150 },
    );
  });

  it("leaves every law uncheckable that needs what is withheld, and the others judged as before", () => {
    const partialLaws = laws.filter(({ needs }) => needs.length > 0);

    assert(
      property(constantFrom(...steps), withheldAtOnce, constantFrom("before", "after", "both"), (step, withheld, where) => {
        const before = where === "after" ? step.before : withhold(step.before, withheld);
        const after = where === "before" ? step.after : withhold(step.after, withheld);
        const full = checkStep(step, {}, partialLaws);
        const { broken, notCheckable } = checkStep({ ...step, before, after }, {}, partialLaws);
        const lacking = new Set(notCheckable.map(({ law }) => law.id));

        for (const { law, missing } of notCheckable) expect(missing.some((need) => !hasNeed(before, need) || !hasNeed(after, need))).toBe(law.needs.length > 0);
        expect(broken.map(({ law }) => law.id)).toEqual(full.broken.map(({ law }) => law.id).filter((id) => !lacking.has(id)));
      }),
      { numRuns: 150 },
    );
  });

  it("shows no fewer changes to the laws that compare all that is shown than there are", () => {
    const total = laws.filter(({ needs }) => needs.length === 0);

    assert(
      property(constantFrom(...steps), withheldAtOnce, (step, withheld) => {
        const full = new Set(checkStep(step, {}, total).broken.map(({ law }) => law.id));
        const { broken } = checkStep({ ...step, before: withhold(step.before, withheld), after: withhold(step.after, withheld) }, {}, total);

        expect(broken.map(({ law }) => law.id).filter((id) => !full.has(id))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
