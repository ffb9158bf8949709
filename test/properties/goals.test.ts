import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { commandCatalogue, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, View } from "../../models/index.ts";
import { goals, invariants, laws } from "../../properties/index.ts";
import type { Goal, StepRecord } from "../../properties/index.ts";
import { lastStep } from "./bad-steps.ts";
import { geometry, given } from "./small-views.ts";

interface Scenario {
  readonly machine: string;
  readonly profile: string;
  readonly commands: readonly Command[];
}

/** For each goal about a situation, the shortest commands known whose last one reaches it. */
const scenarios = JSON.parse(readFileSync(new URL("goal-scenarios.json", import.meta.url), "utf8")) as Readonly<Record<string, Scenario>>;

const fromCatalogue = /^(ok|refused|skipped|livelock|bug|veto):/;

function goal(id: string): Goal {
  return given(goals.find((one) => one.id === id));
}

describe("the goals", () => {
  it("have an id of their own each", () => {
    const ids = goals.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
  });

  it("stand beside rules that exist", () => {
    const known = new Set([...invariants, ...laws].map(({ id }) => id));

    expect(goals.flatMap(({ id, rules }) => rules.filter((rule) => !known.has(rule)).map((rule) => `${id}: ${rule}`))).toEqual([]);
    expect(goals.filter(({ rules }) => rules.length === 0)).toEqual([]);
  });

  it("ask for every answer of every command", () => {
    const wanted = Object.entries(commandCatalogue).flatMap(([op, { refused, skipped, other = [] }]) => [
      ...refused.map(({ reason }) => `refused:${op}:${reason}`),
      ...skipped.map(({ reason }) => `skipped:${op}:${reason}`),
      ...other.map(({ result, reason }) => `${result}:${op}:${reason}`),
    ]);

    expect(goals.filter(({ id }) => fromCatalogue.test(id) && !/^(ok|veto):/.test(id)).map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
  });

  it("have a scenario each that reaches them, where they are about a situation", () => {
    const situations = goals.filter(({ id }) => !fromCatalogue.test(id)).map(({ id }) => id);

    expect(Object.keys(scenarios).toSorted()).toEqual(situations.toSorted());
  });

  it.each(Object.entries(scenarios))("%s is reached by the last of its commands and by none before", (id, { machine, profile, commands }) => {
    expect(goal(id).reached(lastStep(machine, profile, commands))).toBe(true);
    for (let length = 1; length < commands.length; length++) expect(goal(id).reached(lastStep(machine, profile, commands.slice(0, length)))).toBe(false);
  });

  it("are not reached by a step that shows nothing, and do not fail on it", () => {
    const nothing: View = { geometry };
    const step = (command: Command): StepRecord => ({ before: nothing, command, outcome: { result: "ok" }, after: nothing });
    const steps = [step({ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }), step({ op: "step", task: 1 }), step({ op: "free-contig", start: toPfn(0), nrPages: 4, pcp: false })];

    expect(steps.map((one) => goals.filter(({ id, reached }) => !id.startsWith("ok:") && reached(one)).map(({ id }) => id))).toEqual([[], [], []]);
  });
});

describe("a goal of the catalogue", () => {
  const add: Command = { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null };

  it("is reached by the answer with its reason, and by no other", () => {
    const step = lastStep("hole and CMA", "strict", [add, add]);

    expect(goals.filter(({ reached }) => reached(step)).map(({ id }) => id)).toEqual(["refused:add:resource-busy"]);
  });

  it("tells an offline from an online by the command where the reason is the same", () => {
    const veto: Command = { op: "veto", event: "GOING_OFFLINE", errno: "EIO" };
    const step = lastStep("hole and CMA", "strict", [veto, { op: "write-state", block: toBlockId(3), value: "offline" }]);

    expect(goals.filter(({ reached }) => reached(step)).map(({ id }) => id)).toEqual(["refused:write-state:offline-veto", "veto:GOING_OFFLINE"]);
  });

  it("says which switch it needs, or must not have", () => {
    expect(goal("livelock:pin:off-lru").onlyWith).toBe("KD-9");
    expect(goal("refused:pin:off-lru").onlyWithout).toBe("KD-9");
  });
});
