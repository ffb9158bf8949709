import { describe, expect, it } from "vitest";
import type { Command } from "../../models/index.ts";
import { checkStep, laws, notStated } from "../../properties/index.ts";
import { badSteps, editable, lastStep } from "./bad-steps.ts";
import type { BadStep } from "./bad-steps.ts";
import { only } from "./partial-views.ts";
import { given } from "./small-views.ts";

const nothing: BadStep = { commands: [], what: "nothing", edit: () => undefined };

function play({ machine = "hole and CMA", profile = "strict", commands }: BadStep): ReturnType<typeof lastStep> {
  return lastStep(machine, profile, commands);
}

describe("the laws", () => {
  it("have an id of their own each, in order, and a bad case", () => {
    const ids = laws.map(({ id }) => id);

    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(Object.keys(badSteps).toSorted()).toEqual(ids);
    expect(notStated.filter(({ id }) => ids.includes(id))).toEqual([]);
  });

  describe.each(laws)("$id: $title", ({ id, ops, unless }) => {
    const bad = badSteps[id] ?? nothing;

    it("is kept by a step of the reference, as are all others", () => {
      const step = play(bad);

      const { broken, notCheckable } = checkStep(step);

      expect(broken.map(({ law, evidence }) => ({ id: law.id, evidence }))).toEqual([]);
      expect(notCheckable).toEqual([]);
      expect(ops.length === 0 || ops.some((op) => op === step.command.op)).toBe(true);
    });

    it(`is broken by ${bad.what}`, () => {
      const step = editable(play(bad));
      bad.edit(step);

      const { broken } = checkStep({ ...step, command: step.command as Command });

      expect(broken.map(({ law }) => law.id)).toContain(id);
      for (const { was, is, pfn, where } of given(broken.find(({ law }) => law.id === id)).evidence) {
        expect(was).not.toBe(is);
        expect(pfn === undefined && where === undefined).toBe(false);
      }
    });

    it.each(unless)("says nothing once %s has been used", (switchId) => {
      const step = editable(play(bad));
      bad.edit(step);

      const { broken, silenced } = checkStep({ ...step, command: step.command as Command }, { [switchId]: 1 });

      expect(broken.map(({ law }) => law.id)).not.toContain(id);
      expect(silenced.find(({ law }) => law.id === id)?.because).toEqual([switchId]);
    });

    it("names every fact that it reads", () => {
      const step = play(bad);
      const { needs, find } = given(laws.find((one) => one.id === id));

      expect(find({ ...step, before: only(step.before, needs), after: only(step.after, needs) })).toEqual([]);
    });

    it("is not checkable of views that show nothing", () => {
      const step = play(bad);
      const { geometry } = step.before;
      const law = laws.filter((one) => one.id === id);

      const { broken, notCheckable } = checkStep({ ...step, before: { geometry }, after: { geometry } }, {}, law);

      expect(broken).toEqual([]);
      expect(notCheckable.map(({ missing }) => missing)).toEqual(given(law[0]).needs.length === 0 ? [] : [given(law[0]).needs]);
    });
  });
});
