import { describe, expect, it } from "vitest";
import type { Command } from "../../models/index.ts";
import { checkStep, hasNeed, laws, notStated } from "../../properties/index.ts";
import type { StepRecord, StepVerdict } from "../../properties/index.ts";
import { badSteps } from "./bad-steps.ts";
import { goodSteps, moreBadSteps } from "./more-bad-steps.ts";
import { only, without } from "./partial-views.ts";
import { placesOf } from "./places.ts";
import { given } from "./small-views.ts";
import { editable, lastStep, stepsOf } from "./step-edits.ts";
import type { BadStep } from "./step-edits.ts";

const nothing: BadStep = { commands: [], what: "nothing", at: "nowhere", edit: () => undefined };

function goodStep({ machine = "hole and CMA", profile = "strict", commands }: BadStep): StepRecord {
  return lastStep(machine, profile, commands);
}

function edited(good: StepRecord, { edit }: BadStep): StepRecord {
  const step = editable(good);
  edit(step);
  return { ...step, command: step.command as Command };
}

function idsOf({ broken }: StepVerdict): readonly string[] {
  return broken.map(({ law }) => law.id);
}

describe("the laws", () => {
  it("have an id of their own each, in order, and a bad case", () => {
    const ids = laws.map(({ id }) => id);

    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(Object.keys(badSteps).toSorted()).toEqual(ids);
    expect(notStated.filter(({ id }) => ids.includes(id))).toEqual([]);
  });

  describe.each(laws)("$id: $title", (law) => {
    const { id, find, needs, ops, unless } = law;
    const bad = badSteps[id] ?? nothing;
    const good = goodStep(bad);
    const step = edited(good, bad);

    it("is kept by a step of the reference, as are all others", () => {
      const { broken, notCheckable } = checkStep(good);

      expect(broken.map((one) => ({ id: one.law.id, evidence: one.evidence }))).toEqual([]);
      expect(notCheckable).toEqual([]);
    });

    it(`is broken by ${bad.what}, at ${bad.at}`, () => {
      const { broken } = checkStep(step);

      expect(broken.map((one) => one.law.id)).toEqual([id, ...(bad.also ?? [])].toSorted());
      const { evidence } = given(broken.find((one) => one.law.id === id));
      expect(placesOf(evidence).join(", ")).toBe(bad.at);
      for (const { was, is } of evidence) expect(was).not.toBe(is);
    });

    it("is judged where no other facts are shown", () => {
      expect(find({ ...good, before: only(good.before, needs), after: only(good.after, needs) })).toEqual([]);
      expect(needs.length === 0 || find({ ...step, before: only(step.before, needs), after: only(step.after, needs) }).length > 0).toBe(true);
    });

    it.each(needs)("is not checkable without %s, before or after", (need) => {
      const withheld = [{ ...step, before: without(step.before, need) }, { ...step, after: without(step.after, need) }].filter(({ before, after }) => !hasNeed(before, need) || !hasNeed(after, need));

      expect(withheld.length).toBeGreaterThan(0);
      for (const partial of withheld) {
        const { broken, notCheckable } = checkStep(partial, {}, [law]);

        expect(broken).toEqual([]);
        expect(notCheckable.map(({ missing }) => missing.includes(need))).toEqual([true]);
      }
    });

    it.each(unless)("says nothing once %s has been used", (switchId) => {
      const verdict = checkStep(step, { [switchId]: 1 });

      expect(idsOf(verdict)).not.toContain(id);
      expect(verdict.silenced.find((one) => one.law.id === id)?.because).toEqual([switchId]);
    });

    it("speaks of the commands that it names, or of all", () => {
      const { broken, notCheckable, silenced } = checkStep({ ...step, command: { op: "step", task: 99 } }, {}, [{ ...law, needs: ["cma"], find: () => [{ where: "here", was: "right", is: "wrong" }] }]);

      expect([broken.length, notCheckable.length, silenced.length]).toEqual([ops.length === 0 ? 1 : 0, 0, 0]);
    });
  });
});

describe("a law that says several things", () => {
  it.each(moreBadSteps)("$id is broken by $what, at $at", ({ id, at, ...bad }) => {
    const good = goodStep({ ...bad, at });

    const { broken } = checkStep(edited(good, { ...bad, at }));

    expect(checkStep(good).broken).toEqual([]);
    expect(placesOf(given(broken.find(({ law }) => law.id === id)).evidence).join(", ")).toBe(at);
  });
});

describe("the laws all", () => {
  it.each(goodSteps)("keep $what: $answer", ({ commands, answer }) => {
    for (const step of stepsOf("hole and CMA", "strict", commands)) expect(checkStep(step).broken.map(({ law, evidence }) => [law.id, evidence])).toEqual([]);

    const { outcome } = lastStep("hole and CMA", "strict", commands);
    expect(outcome.errno ?? outcome.result).toBe(answer);
  });
});
