import { describe, expect, it } from "vitest";
import { switchIds } from "../../models/index.ts";
import { invariants, laws, notStated } from "../../properties/index.ts";

const rules = [...invariants, ...laws];

/** The numbers that the ids of a prefix have, those of properties that no rule states included. */
function numbers(prefix: string): readonly number[] {
  return [...rules, ...notStated].filter(({ id }) => id.startsWith(`${prefix}-`)).map(({ id }) => Number(id.slice(prefix.length + 1))).toSorted((a, b) => a - b);
}

describe("the catalogue of rules", () => {
  it("gives each id once, to an invariant, a law or a property that is not stated", () => {
    const ids = [...rules, ...notStated].map(({ id }) => id);

    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(ids.filter((id) => !/^(?:HP|PG|HT|LB|KM|VM|HA|FC)-\d\d$/.test(id))).toEqual([]);
  });

  it("leaves no property of the kernel out", () => {
    expect(numbers("HP")).toEqual(Array.from({ length: 68 }, (_, index) => index + 1));
    expect(numbers("PG")).toEqual(Array.from({ length: 55 }, (_, index) => index + 1));
  });

  it("says of each property that no rule states why", () => {
    expect(notStated.map(({ id, why }) => [id, why.length > 20])).toEqual([["HP-53", true]]);
  });
});

describe.each(rules)("$id", ({ title, source, unless, needs }) => {
  it("has a title that is a sentence of its own", () => {
    expect(title).toMatch(/^[a-zA-Z_][^.]*[^.\s]$/);
    expect(rules.filter((rule) => rule.title === title).length).toBe(1);
  });

  it("names the file it comes from, of Linux v6.12 or of this project", () => {
    expect(source).toMatch(/(?:mm|include|drivers|arch|kernel|lib|Documentation)\/[\w./-]+.*v6\.12|^models\/[\w-]+\.ts/);
  });

  it("names facts and switches once each", () => {
    expect(new Set(needs).size).toBe(needs.length);
    expect(unless.filter((id, at) => !switchIds.includes(id) || unless.indexOf(id) !== at)).toEqual([]);
  });
});
