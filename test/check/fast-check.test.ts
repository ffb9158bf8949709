/** Scenarios under `fc.assert`: the way into the checker for those who have their own property tests. */
import { assert, check, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { createReference } from "../../models/index.ts";
import { scenarioArbitrary } from "../../properties/index.ts";
import type { Scenario } from "../../properties/index.ts";
import { replayScenario } from "../../src/check/replay.ts";
import { tiny } from "./searching.ts";

const scenarios = scenarioArbitrary({ create: createReference, machines: [tiny], profile: "strict", length: 20 });

const holdsOf = (mutant: string | null) => (scenario: Scenario): boolean => replayScenario(scenario, { subject: { subject: "engine", profile: "strict", mutant } }).verdict === "holds";

describe("a property over scenarios", () => {
  it("passes for the engine as it is", () => {
    assert(property(scenarios, holdsOf(null)), { seed: 1, numRuns: 4 });
  });

  it("fails for a planted fault, and seed and path show the shrunk scenario again", () => {
    const property1 = property(scenarios, holdsOf("CANARY"));

    const found = check(property1, { seed: 1, numRuns: 100 });
    const again = check(property1, { seed: found.seed, path: found.counterexamplePath ?? "", endOnFailure: true });

    expect(found.failed).toBe(true);
    expect(found.counterexample?.[0].commands.length).toBeLessThanOrEqual(3);
    expect(again).toMatchObject({ failed: true, numShrinks: 0, counterexample: found.counterexample });
    expect(() => assert(property1, { seed: found.seed, path: found.counterexamplePath ?? "", endOnFailure: true })).toThrow(`path: "${found.counterexamplePath ?? ""}"`);
  });
});
