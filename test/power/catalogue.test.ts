import { describe, expect, it } from "vitest";
import { mutants } from "../../src/mutants/index.ts";
import { catalogueIds, interleavings, notModelled } from "../../src/power/not-modelled.ts";

describe("the catalogue of historic bugs", () => {
  it("has every entry exactly once: as a mutant, as not modelled, or as an interleaving", () => {
    const told = [...mutants.map(({ id }) => id).filter((id) => id !== "CANARY"), ...notModelled.map(({ id }) => id), ...interleavings.map(({ id }) => id)];

    expect(catalogueIds.length).toBe(92);
    expect([catalogueIds[0], catalogueIds.at(-1)]).toEqual(["B01", "B92"]);
    expect(told.toSorted()).toEqual(catalogueIds);
  });

  it("says in a line why an entry has no mutant", () => {
    for (const list of [notModelled, interleavings]) {
      expect(list.map(({ id }) => id)).toEqual(list.map(({ id }) => id).toSorted());
      expect(list.filter(({ why }) => !/^\S.{15,160}[^.\n]$/u.test(why))).toEqual([]);
    }
  });
});
