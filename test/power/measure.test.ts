import { describe, expect, it } from "vitest";
import { findMutant } from "../../src/check/subjects.ts";
import type { Mutant } from "../../src/mutants/index.ts";
import { baselines, runBaseline } from "../../src/power/baseline.ts";
import { measure } from "../../src/power/measure.ts";
import type { Limits, Measurement } from "../../src/power/measure.ts";
import { powerJson } from "../../src/power/json.ts";
import { foundAll, rowsOf } from "../../src/power/rows.ts";

function mutantNamed(id: string): Mutant {
  const mutant = findMutant(id);
  if (mutant === undefined) throw new Error(`there is no ${id}`);
  return mutant;
}

const small: Limits = { runs: 5, reductions: 100, executions: 20, baselineCommands: 20, baselineSeeds: 2 };

const quick = (mutants: readonly Mutant[], limits: Limits = small, seeds = 2): Promise<Measurement> => measure({ mutants, seeds, limits, seconds: null });

describe("a measurement", () => {
  it("has what each seed came to", async () => {
    const measurement = await quick([mutantNamed("B31"), mutantNamed("B50")]);

    expect(foundAll(measurement)).toBe(true);
    expect(rowsOf(measurement)).toMatchObject([
      { id: "B31", found: 2, of: 2, sizes: { min: 1, median: 1, max: 1 }, shortest: 1, shortestBy: "exhaustive", exhaustive: { says: "proved", upTo: 0 } },
      { id: "B50", found: 2, of: 2, medianRuns: 1, medianCommands: 0, medianExecutions: 0, sizes: { min: 0, median: 0, max: 0 }, forms: 1, shortest: 0, shortestBy: "exhaustive" },
    ]);
    expect(measurement.mutants.map(({ baselines: each }) => each.map(({ id, runs }) => [id, runs.length]))).toEqual(Array.from({ length: 2 }, () => [["default", 2], ["max", 2]]));
  });

  it("has the same bytes for the same seeds", async () => {
    const [first, second] = [await quick([mutantNamed("B31")], small, 1), await quick([mutantNamed("B31")], small, 1)];

    expect(powerJson(second)).toBe(powerJson(first));
  });

  it("says that a mutant was missed where no run was made, and where the machine can not show it", async () => {
    const [none, elsewhere] = [await quick([mutantNamed("B61")], { ...small, runs: 0, executions: 0 }), await quick([{ ...mutantNamed("B61"), machine: "tiny-wide" }], { ...small, runs: 1 }, 1)];

    for (const measurement of [none, elsewhere]) {
      expect(foundAll(measurement)).toBe(false);
      expect(rowsOf(measurement)).toMatchObject([{ found: 0, medianRuns: null, medianCommands: null, sizes: { min: null, median: null, max: null }, forms: 0, shortest: null, shortestBy: null }]);
    }
    expect(rowsOf(none)).toMatchObject([{ of: 2, exhaustive: { says: "not shorter in the budget", upTo: -1, executions: 0 } }]);
    expect(rowsOf(elsewhere)).toMatchObject([{ of: 1 }]);
  });

  it("keeps what is whole when it is stopped", async () => {
    const stopped = await measure({ mutants: [mutantNamed("B50"), mutantNamed("B14"), mutantNamed("B61")], seeds: 2, limits: small, seconds: null, watch: async ({ id, search }) => (id === "B14" && search === "B14 2" ? "stop" : "on") });

    expect(stopped.interrupted).toBe(true);
    expect(foundAll(stopped)).toBe(false);
    expect(stopped.mutants.map(({ mutant, hunts, exhausted }) => [mutant.id, hunts.length, exhausted === null])).toEqual([["B50", 2, false], ["B14", 1, true]]);
  });

  it("keeps no baseline that was stopped on its way", async () => {
    const stopped = await measure({ mutants: [mutantNamed("B61")], seeds: 1, limits: { ...small, runs: 0, executions: 0 }, seconds: null, watch: async ({ words }) => (words.startsWith("baseline max, seed 1, 7 ") ? "stop" : "on") });

    expect(stopped.interrupted).toBe(true);
    expect(stopped.mutants[0]?.baselines.map(({ runs }) => runs.length)).toEqual([1, 0]);
  });

  it("gives a baseline as many commands as the search walked, and looks for what is shorter than the shortest", async () => {
    const [missed, sizes] = [await quick([{ ...mutantNamed("B61"), machine: "tiny-wide" }], { ...small, runs: 1, executions: 0, baselineCommands: 0 }, 1), await quick([mutantNamed("B65")], { ...small, baselineCommands: 0 })];
    const [hunt] = missed.mutants[0]?.hunts ?? [];

    expect(hunt?.found).toBe(null);
    expect(missed.mutants[0]?.baselines.map(({ runs }) => runs.map(({ commands }) => commands))).toEqual([[hunt?.commands], [hunt?.commands]]);
    expect(rowsOf(sizes)).toMatchObject([{ sizes: { min: 1, max: 2 }, exhaustive: { says: "proved", executions: 1 } }]);
  });

  it("ends a search that has had enough time, and no other", async () => {
    const late = await measure({ mutants: [mutantNamed("B31")], seeds: 2, limits: { ...small, executions: 0, baselineCommands: 0 }, seconds: 1, watch: async ({ searching, search }) => (searching && search === "B31 1" ? "enough" : "on") });

    expect(late.interrupted).toBe(false);
    expect(late.mutants[0]?.hunts).toMatchObject([{ seed: 1, runs: 0, commands: 0, found: null }, { seed: 2 }]);
  });
});

describe.each(baselines)("the baseline $id", (kind) => {
  it("finds what any command shows, after as many commands every time", async () => {
    const [first, second] = [await runBaseline(mutantNamed("B44"), kind, { seed: 1, limit: 2000 }), await runBaseline(mutantNamed("B44"), kind, { seed: 1, limit: 2000 })];

    expect(first.found).toBe(true);
    expect(first.commands).toBeGreaterThan(0);
    expect(second).toEqual(first);
  });

  it("finds at boot what shows there, and ends at its limit", async () => {
    expect(await runBaseline(mutantNamed("B50"), kind, { seed: 1, limit: 10 })).toEqual({ seed: 1, found: true, executions: 1, commands: 0 });
    expect(await runBaseline(mutantNamed("B69"), kind, { seed: 1, limit: 100 })).toMatchObject({ found: false, commands: 100 });
    expect(await runBaseline(mutantNamed("B69"), kind, { seed: 1, limit: 0 })).toEqual({ seed: 1, found: false, executions: 0, commands: 0 });
  });

  it("ends when it is asked to", async () => {
    expect(await runBaseline(mutantNamed("B69"), kind, { seed: 1, limit: 100, pulse: async (commands) => commands < 7 })).toMatchObject({ found: false, commands: 7 });
  });
});
