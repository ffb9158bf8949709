/** The tool that mutates the sources: what it plants is what it says, and what it asks notices. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plant } from "./plant.ts";
import type { PlantedMutant } from "./plant.ts";
import { mutationTable, resultOf } from "./result.ts";
import { mutantSwitch } from "./switch.ts";
import { targets } from "./targets.ts";

const source = `/** Of two numbers. */
export function larger(a: number, b: number): number {
  if (a > b) return a;
  return b;
}
`;
const root = mkdtempSync(join(tmpdir(), "mutation-"));
const tree = join(root, "tree");
let mutants: readonly PlantedMutant[] = [];
let larger: (a: number, b: number) => number = () => 0;

beforeAll(async () => {
  for (const room of ["models", "properties", "src", "test"]) mkdirSync(join(root, "dist", room), { recursive: true });
  mkdirSync(join(root, "test"));
  mkdirSync(join(root, "src/engine"), { recursive: true });
  writeFileSync(join(root, "dist/test/subjects.js"), 'export const subjects = [{ name: "reference", create: createReference }, { name: "engine", create: createEngine }];\n');
  writeFileSync(join(root, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(root, "src/engine/larger.ts"), source);
  mutants = await plant(root, tree, targets.engine);
  ({ larger } = (await import(pathToFileURL(join(tree, "src/engine/larger.js")).href)) as { readonly larger: typeof larger });
}, 60_000);

afterAll(() => {
  rmSync(root, { recursive: true });
});

/** What the function gives with this mutant active. */
function withMutant(id: number, a: number, b: number): number | string {
  mutantSwitch.id = id;
  try {
    return larger(a, b);
  } catch (error) {
    return String(error);
  } finally {
    mutantSwitch.id = 0;
  }
}

/** The mutant of the comparison that becomes this. */
function named(becomes: string): number {
  return mutants.find((mutant) => mutant.was === "a > b" && mutant.becomes === becomes)?.id ?? 0;
}

describe("planting", () => {
  it("finds what can be changed, with its place and both texts", () => {
    expect(mutants.filter(({ was }) => was === "a > b").map(({ file, line, becomes }) => [file, line, becomes])).toEqual(["true", "false", "a >= b", "a <= b"].map((becomes) => ["src/engine/larger.ts", 3, becomes]));
    expect(mutants.map(({ id }) => id)).toEqual(mutants.map((_, at) => at + 1));
  });

  it("changes nothing while no mutant is active", () => {
    expect([larger(1, 2), larger(2, 1), larger(2, 2)]).toEqual([2, 2, 2]);
  });

  it("changes what it says when one is", () => {
    expect([withMutant(named("true"), 1, 2), withMutant(named("false"), 2, 1), withMutant(named("a <= b"), 2, 1), withMutant(named("a >= b"), 2, 1)]).toEqual([1, 1, 1, 2]);
  });

  it("counts what is reached, for the first mutant of a place", () => {
    const reached = new Uint32Array(mutants.length + 1);
    mutantSwitch.reached = reached;
    larger(1, 2);
    mutantSwitch.reached = null;
    const condition = mutants.find(({ was }) => was === "a > b");

    expect(reached[condition?.place ?? 0]).toBe(1);
    expect(new Set(mutants.filter(({ was }) => was === "a > b").map(({ place }) => place)).size).toBe(1);
  });

  it("ends what goes round for ever", () => {
    mutantSwitch.limit = 10;
    mutantSwitch.hits = 10;
    const [mutant] = mutants;

    expect(withMutant(mutant?.id ?? 0, 1, 2)).toContain("a loop without an end");
    mutantSwitch.limit = Number.POSITIVE_INFINITY;
  });

  it("leaves one subject to the tests, the one that is mutated", () => {
    expect(readFileSync(join(tree, "test/subjects.js"), "utf8")).toBe('export const subjects = [ { name: "engine", create: createEngine }];\n');
  });
});

describe("the result", () => {
  it("counts by file, and names what was not found", () => {
    const verdicts = new Map(mutants.map(({ id }) => [id, { id, verdict: id === 1 ? ("survived" as const) : ("found" as const), by: null, lockstep: 0 }]));
    const result = resultOf(targets.engine, mutants, mutants.length, verdicts);

    expect(result).toMatchObject({ target: "engine", mutants: mutants.length, found: mutants.length - 1, survivors: [{ file: "src/engine/larger.ts", reached: true }] });
    expect(mutationTable(result)).toContain(`engine: ${mutants.length - 1} of ${mutants.length} mutants found`);
  });
});
