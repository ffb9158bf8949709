import { describe, expect, it } from "vitest";
import { checkView, hasNeed, invariants, missingNeeds, notStated } from "../../properties/index.ts";
import { badViews, machines } from "./bad-views.ts";
import type { BadView } from "./bad-views.ts";
import { moreBadViews } from "./more-bad-views.ts";
import { only, without } from "./partial-views.ts";
import { placesOf } from "./places.ts";
import { editPageblock, frame, given, smallView } from "./small-views.ts";
import type { Editable } from "./small-views.ts";
import type { View } from "../../models/index.ts";

const nothing: BadView = { what: "nothing", at: "nowhere", edit: () => undefined, also: [] };

function badView({ from = smallView, edit }: Pick<BadView, "from" | "edit">): Editable<View> {
  const view = from();
  edit(view);
  return view;
}

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

  describe.each(invariants)("$id: $title", (invariant) => {
    const { id, find, needs, unless } = invariant;
    const bad = badViews[id] ?? nothing;

    it(`is broken by ${bad.what}, at ${bad.at}`, () => {
      const { broken } = checkView(badView(bad));

      expect(broken.map((one) => one.invariant.id)).toEqual([id, ...bad.also].toSorted());
      const { evidence } = given(broken.find((one) => one.invariant.id === id));
      expect(placesOf(evidence).join(", ")).toBe(bad.at);
      for (const { was, is } of evidence) expect(was).not.toBe(is);
    });

    it("is judged where no other facts are shown", () => {
      const view = only(smallView(), needs);

      expect(missingNeeds(view, needs)).toEqual([]);
      expect(find(view)).toEqual([]);
      expect(find(only(badView(bad), needs)).length).toBeGreaterThan(0);
    });

    it.each(needs)("is not checkable without %s", (need) => {
      const { broken, notCheckable } = checkView(without(badView(bad), need), {}, [invariant]);

      expect(broken).toEqual([]);
      expect(notCheckable.map(({ missing }) => missing.includes(need))).toEqual([true]);
    });

    it.each(unless)("says nothing once %s has been used", (switchId) => {
      const { broken, silenced } = checkView(badView(bad), { [switchId]: 1 });

      expect(broken.map((one) => one.invariant.id)).not.toContain(id);
      expect(silenced.find((one) => one.invariant.id === id)?.because).toEqual([switchId]);
    });
  });
});

describe("an invariant that says several things", () => {
  it.each(moreBadViews)("$id is broken by $what, at $at", ({ id, at, ...bad }) => {
    const { broken } = checkView(badView(bad));

    expect(placesOf(given(broken.find(({ invariant }) => invariant.id === id)).evidence).join(", ")).toBe(at);
  });
});

describe("missingNeeds", () => {
  it("takes a column of the frame table that says nothing for unknown", () => {
    const view = smallView();
    frame(view, 0x24, { use: 0 });
    given(view.frames).flags.fill(0);
    given(view.frames).order.fill(255);

    expect(missingNeeds(view, ["frames", "frames.use", "frames.zone", "frames.flags", "frames.order"])).toEqual(["frames.use", "frames.flags", "frames.order"]);
  });

  it("takes nothing for known of frames whose use is unknown", () => {
    const view = smallView();
    const { use, flags, zone, order } = given(view.frames);
    for (const column of [use, flags]) column.fill(0);
    for (const column of [zone, order]) column.fill(255);

    expect(missingNeeds(view, ["frames", "frames.use", "frames.zone", "frames.flags", "frames.order"])).toEqual(["frames.use", "frames.zone", "frames.flags", "frames.order"]);
  });

  it("wants a field in every entry", () => {
    const view = smallView();
    delete given(view.zones)[3]?.nrFree;

    expect(hasNeed(view, "zones.nrFree")).toBe(false);
    expect(hasNeed(view, "zones.managed")).toBe(true);
    expect(hasNeed(view, "zones")).toBe(true);
  });

  it("wants the type to get back of isolated pageblocks alone", () => {
    const view = smallView();

    expect(hasNeed(view, "pageblocks.savedType")).toBe(true);
    editPageblock(view, 0x50, { type: "Isolate" });
    expect(hasNeed(view, "pageblocks.savedType")).toBe(false);
  });
});
