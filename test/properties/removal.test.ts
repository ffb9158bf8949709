/**
 * What a rule is worth: without it something goes by unnoticed. For each rule there is a view or a step that it alone
 * complains of, be it that no other facts are shown, or that a switch has silenced the others. Five are exceptions.
 */
import { describe, expect, it } from "vitest";
import { FrameFlag, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { checkStep, checkView, invariants, laws } from "../../properties/index.ts";
import type { PermissionsUsed, StepRecord } from "../../properties/index.ts";
import { badSteps } from "./bad-steps.ts";
import { badViews } from "./bad-views.ts";
import type { BadView } from "./bad-views.ts";
import { moreBadSteps } from "./more-bad-steps.ts";
import { moreBadViews } from "./more-bad-views.ts";
import { only } from "./partial-views.ts";
import { edit, editBlock, frame, given, movable, normal, smallView } from "./small-views.ts";
import { block4, editable, lastStep, movableBlock, state } from "./step-edits.ts";
import type { BadStep } from "./step-edits.ts";

/** Said by other rules too, whatever is shown. They are the kernel's own sentences, or do not rest on a table. */
const saidByOthers: Readonly<Record<string, { readonly by: readonly string[]; readonly why: string }>> = {
  "HP-22": { by: ["HP-20"], why: "HP-20 asks for a zone of every added block that is not offline" },
  "PG-16": { by: ["PG-15"], why: "PG-15 asks for the list of the pageblock's type, whatever type that is" },
  "PG-18": { by: ["PG-15"], why: "a block on one list can not be of the type of two pageblocks that differ" },
  "FC-51": { by: ["FC-50", "HP-60"], why: "FC-50 and HP-60 say it of every command, by tables of what each may change" },
  "FC-74": { by: ["FC-50", "HP-60"], why: "no command is about these fields, which FC-50 and HP-60 take from tables" },
};

interface More {
  readonly used?: PermissionsUsed;
}

/** Where no other example of the tables leaves the rule alone. */
const aloneViews: Readonly<Record<string, Pick<BadView, "edit"> & More>> = {
  "HP-12": { edit: (view) => frame(view, 0x80, { flags: FrameFlag.Online }) },
  "HP-42": { edit: (view) => given(view.isolations).pop(), used: { "KD-2": 1 } },
  "PG-25": { edit: (view) => edit(view.zones, movable, { start: toPfn(0x4e), spanned: 32 }) },
};

const aloneSteps: Readonly<Record<string, Pick<BadStep, "commands" | "edit">>> = {
  "HP-66": { commands: [...movableBlock, { op: "add", start: toPfn(0xa0), nrPages: 32, node: 0, memmapOnMemory: false, group: null }, state(5, "online")], edit: ({ after }) => editBlock(after, 4, { zone: normal }) },
  "FC-76": { commands: [...movableBlock, { op: "veto", event: "GOING_OFFLINE", errno: "EBUSY" }, { op: "offline-and-remove", ...block4 }], edit: ({ after }) => editBlock(after, 4, { state: "going-offline" }) },
};

describe("an invariant that is taken away", () => {
  it.each(invariants)("would be missed: $id, $title", ({ id, needs }) => {
    const examples: readonly (Pick<BadView, "from" | "edit"> & More)[] = [badViews[id], ...moreBadViews.filter((bad) => bad.id === id), aloneViews[id]].flatMap((bad) => bad ?? []);
    const complaints = examples.flatMap(({ from = smallView, edit: spoil, used = {} }) => {
      const view = from();
      spoil(view);
      return [view, only(view, needs)].map((shown) => checkView(shown, used).broken.map(({ invariant }) => invariant.id));
    });

    expectMissed(id, complaints);
  });
});

describe("a law that is taken away", () => {
  it.each(laws)("would be missed: $id, $title", ({ id, needs }) => {
    const examples: readonly Pick<BadStep, "machine" | "profile" | "commands" | "edit">[] = [badSteps[id], ...moreBadSteps.filter((bad) => bad.id === id), aloneSteps[id]].flatMap((bad) => bad ?? []);
    const complaints = examples.flatMap((bad) => {
      const step = spoiled(bad);
      return [step, { ...step, before: only(step.before, needs), after: only(step.after, needs) }].map((shown) => idsOf(shown));
    });

    expectMissed(id, complaints);
  });
});

/** Among the complaints is one of this rule alone; or of it and of those that say the same, and never one of it without them. */
function expectMissed(id: string, complaints: readonly (readonly string[])[]): void {
  const own = complaints.filter((ids) => ids.includes(id));
  const same = saidByOthers[id];
  const alone = own.filter((ids) => ids.length === 1);
  if (same === undefined) expect([id, alone.length > 0, own]).toEqual([id, true, own]);
  else expect([id, own.filter((ids) => same.by.some((other) => ids.includes(other))).length, same.why === ""]).toEqual([id, own.length, false]);
  expect(own).not.toEqual([]);
}

function spoiled({ machine = "hole and CMA", profile = "strict", commands, edit: spoil }: Pick<BadStep, "machine" | "profile" | "commands" | "edit">): StepRecord {
  const step = editable(lastStep(machine, profile, commands));
  spoil(step);
  return { ...step, command: step.command as Command };
}

function idsOf(step: StepRecord): readonly string[] {
  return checkStep(step).broken.map(({ law }) => law.id);
}
