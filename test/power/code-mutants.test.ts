import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { codeMeasurements, equivalenceClasses, equivalentOf, equivalents, openMutants } from "../../src/power/code-mutants.ts";

const root = resolve(import.meta.dirname, "../..");

describe("the triage of mutants of the code", () => {
  it.each([...equivalents, ...openMutants])("is of sources as they are: $file, $was", ({ file, was }) => {
    expect(readFileSync(join(root, file), "utf8").replace(/\s+/gu, " ")).toContain(was);
  });

  it("names each once, and uses every class", () => {
    expect(new Set(equivalents.map(({ file, was, becomes }) => JSON.stringify([file, was, becomes]))).size).toBe(equivalents.length);
    expect([...new Set(equivalents.map(({ why }) => why))].toSorted()).toEqual(Object.keys(equivalenceClasses).toSorted());
  });

  it("is found by file and both texts", () => {
    const [first] = equivalents;
    if (first === undefined) throw new Error("nothing is equivalent");

    expect(equivalentOf({ file: first.file, was: first.was, becomes: first.becomes ?? "" })).toBe(first);
    expect(equivalentOf({ file: first.file, was: first.was, becomes: "something else" })).toBeUndefined();
    expect(equivalentOf({ file: "src/engine/other.ts", was: first.was, becomes: first.becomes ?? "" })).toBeUndefined();
  });
});

describe("what is left open", () => {
  it("is as many as the measurements leave, and none of it equivalent", () => {
    expect(openMutants.length).toBe(codeMeasurements.reduce((sum, { asked, found, equivalent }) => sum + asked - found - equivalent, 0));
    expect(openMutants.filter((mutant) => equivalentOf(mutant) !== undefined)).toEqual([]);
  });
});

describe("a measurement of mutants of the code", () => {
  it.each(codeMeasurements)("asks no more than there are, and finds no more than it asks: $part", ({ planted, asked, found, foundAtFirst, equivalent }) => {
    expect([asked <= planted, found + equivalent <= asked, foundAtFirst <= found, foundAtFirst > 0]).toEqual([true, true, true, true]);
  });
});
