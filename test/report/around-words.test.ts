import { describe, expect, it } from "vitest";
import type { Around } from "../../src/check/around.ts";
import { textReport } from "../../src/report/text.ts";
import { isolatedAlloc } from "./counterexamples.ts";

const { counterexample } = isolatedAlloc;
const [first, second] = counterexample.commands;
if (first === undefined || second === undefined) throw new Error("the example has two commands");

/** The lines of the report that tell what stands around the scenario. */
function lines(around: Around): readonly string[] {
  const plain = new Set(textReport(counterexample).split("\n"));
  return textReport(counterexample, { around }).split("\n").filter((line) => !plain.has(line));
}

describe("what stands around a counterexample, in a report", () => {
  it("is not there where nothing was tried, or nothing came of it", () => {
    expect(textReport(counterexample, { around: { any: [], swappable: [], passing: null } })).toBe(textReport(counterexample));
  });

  it("names arguments by command, each command once", () => {
    expect(lines({ any: [{ command: 0, field: "mode", tried: 2 }, { command: 1, field: "thisNode", tried: 1 }, { command: 1, field: "zone", tried: 2 }], swappable: [], passing: null })).toEqual([
      "any        mode of command 1 (2 other values tried) and node-only flag and zone",
      "           of command 2 (3 other values tried)",
    ]);
  });

  it("names neighbours by their numbers", () => {
    expect(lines({ any: [], swappable: [0], passing: null })).toEqual(["order      1 and 2 can change places"]);
  });

  it("tells what is different in the nearest scenario that passes, and what the breaking command answers there", () => {
    const freed = { op: "alloc", id: 1, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" } as const;

    expect(lines({ any: [], swappable: [], passing: { commands: [first, freed], outcomes: [{ result: "ok" }, { result: "refused", errno: "ENOMEM", because: { kind: "no-memory" } }], command: 1, field: "kind" } })).toEqual(["passes     with command 2 as: alloc a1 kernel order 0 node 0; the last command", expect.stringMatching(/^ {11}then: ENOMEM because /u)]);
    expect(lines({ any: [], swappable: [], passing: { commands: [second], outcomes: [counterexample.outcomes[1] ?? { result: "ok" }], command: 0, field: null } })).toEqual([expect.stringMatching(/^passes {5}without command 1; the last command /u)]);
  });
});
