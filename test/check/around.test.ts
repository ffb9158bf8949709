import { describe, expect, it } from "vitest";
import { toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { aroundOf } from "../../src/check/around.ts";
import type { Counterexample } from "../../src/check/counterexample.ts";
import { replayCounterexample } from "../../src/check/replay.ts";
import { alloc, contig, isolate, machineNamed, tiny } from "./searching.ts";

function counterexample(commands: readonly Command[], profile = "strict+KD-2"): Counterexample {
  const found = replayCounterexample({ machine: tiny, profile: "strict", commands }, { subject: "engine", profile, mutant: null }, { seed: null, run: null, reduction: null });
  if (found === undefined) throw new Error("nothing is broken");
  return found;
}

// KD-2: the contiguous allocation clears the isolation of the token, whoever isolates and whatever is asked.
const cleared: readonly Command[] = [isolate(1, 0x24), contig(1, 0x24)];

describe("what stands around a counterexample", () => {
  it("names the arguments that make no difference, with how many other values were tried", () => {
    const { any } = aroundOf(counterexample(cleared)) ?? { any: [] };

    expect(any).toContainEqual({ command: 1, field: "compound", tried: 1 });
    // Where the two ranges are makes all the difference.
    expect(any.map(({ field }) => field)).not.toContain("start");
  });

  it("says which neighbours can change places", () => {
    expect(aroundOf(counterexample(cleared))?.swappable).toEqual([]);
    expect(aroundOf(counterexample([alloc(2), ...cleared]))?.swappable).toEqual([0]);
  });

  it("has the nearest scenario that passes: one argument away, and with the same answers", () => {
    const found = counterexample(cleared);
    const passing = aroundOf(found)?.passing;

    expect(passing?.field).not.toBeNull();
    expect(passing?.commands.filter((command, index) => JSON.stringify(command) !== JSON.stringify(found.commands[index]))).toHaveLength(1);
    expect(passing?.outcomes.map(({ result, errno }) => [result, errno])).toEqual(found.outcomes.map(({ result, errno }) => [result, errno]));
    expect(replayCounterexample({ machine: tiny, profile: "strict", commands: passing?.commands ?? cleared }, found.subject, { seed: null, run: null, reduction: null })).toBeUndefined();
  });

  it("tries an argument that may be left out both ways", () => {
    const commands: readonly Command[] = [
      { op: "device-map", id: 1, start: toPfn(0), nrPages: 4, node: 0, reserve: 1 },
      { op: "device-unmap", id: 1 },
    ];
    const found = replayCounterexample({ machine: machineNamed("tiny-device"), profile: "strict", commands }, { subject: "engine", profile: "strict", mutant: "B84" }, { seed: null, run: null, reduction: null });
    if (found === undefined) throw new Error("nothing is broken");

    // Without a reserve the first page of the device is like the others.
    expect(aroundOf(found)?.passing).toMatchObject({ command: 0, field: "reserve", commands: [{ op: "device-map", id: 1, start: 0, nrPages: 4, node: 0 }, commands[1]] });
  });

  it("counts only the rule that broke as the same", () => {
    const found = counterexample(cleared);
    const around = aroundOf({ ...found, finding: { ...found.finding, rule: "another" } });

    expect(around?.any).toEqual([]);
    expect(around?.swappable).toEqual([]);
    expect(around?.passing).toEqual(aroundOf(found)?.passing);
  });

  it("is not tried where the scenario is long", () => {
    expect(aroundOf(counterexample([...Array.from({ length: 11 }, (_, index) => alloc(10 + index)), ...cleared]))).toBeUndefined();
  });

  it("is the same every time", () => {
    expect(aroundOf(counterexample(cleared))).toEqual(aroundOf(counterexample(cleared)));
  });
});
