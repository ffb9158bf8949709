import { describe, expect, it } from "vitest";
import { checkView, hasNeed, invariants, missingNeeds, notStated } from "../../properties/index.ts";
import { badViews, machines } from "./bad-views.ts";
import { only, without } from "./partial-views.ts";
import { frame, given, smallView } from "./small-views.ts";

describe("the little machine", () => {
  it.each(Object.entries(machines))("keeps every invariant %s", (_name, make) => {
    const { broken, notCheckable, silenced } = checkView(make());

    expect(broken.map(({ invariant, evidence }) => ({ id: invariant.id, evidence }))).toEqual([]);
    expect(notCheckable).toEqual([]);
    expect(silenced).toEqual([]);
  });
});

describe("the invariants", () => {
  it("have an id of their own each, in order, and a bad case", () => {
    const ids = invariants.map(({ id }) => id);

    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(Object.keys(badViews).toSorted()).toEqual(ids);
    expect(notStated.filter(({ id }) => ids.includes(id))).toEqual([]);
  });

  describe.each(invariants)("$id: $title", ({ id, find, needs, unless }) => {
    const bad = badViews[id];

    it(`is broken by ${bad?.what}`, () => {
      const view = (bad?.from ?? smallView)();
      bad?.edit(view);

      const { broken } = checkView(view);

      expect(broken.map(({ invariant }) => invariant.id)).toEqual([id, ...(bad?.also ?? [])].toSorted());
      for (const { was, is, pfn, where } of find(view)) {
        expect(was).not.toBe(is);
        expect(pfn === undefined && where === undefined).toBe(false);
      }
    });

    it("names every fact that it reads", () => {
      const view = only(smallView(), needs);

      expect(missingNeeds(view, needs)).toEqual([]);
      expect(find(view)).toEqual([]);
    });

    it.each(needs)("is not checkable without %s", (need) => {
      const { broken, notCheckable } = checkView(without((bad?.from ?? smallView)(), need), {}, given(invariants.filter((one) => one.id === id)));

      expect(broken).toEqual([]);
      expect(notCheckable.map(({ missing }) => missing.includes(need))).toEqual([true]);
    });

    it.each(unless)("says nothing once %s has been used", (switchId) => {
      const view = (bad?.from ?? smallView)();
      bad?.edit(view);

      const { broken, silenced } = checkView(view, { [switchId]: 1 });

      expect(broken.map(({ invariant }) => invariant.id)).not.toContain(id);
      expect(silenced.find(({ invariant }) => invariant.id === id)?.because).toEqual([switchId]);
    });
  });
});

describe("missingNeeds", () => {
  it("takes a column of the frame table that says nothing for unknown", () => {
    const view = smallView();
    frame(view, 0x24, { use: 0 });

    expect(missingNeeds(view, ["frames", "frames.use", "frames.zone", "frames.flags"])).toEqual(["frames.use"]);
  });

  it("wants a field in every entry", () => {
    const view = smallView();
    delete given(view.zones)[3]?.nrFree;

    expect(hasNeed(view, "zones.nrFree")).toBe(false);
    expect(hasNeed(view, "zones.managed")).toBe(true);
    expect(hasNeed(view, "zones")).toBe(true);
  });
});
