import { describe, expect, it } from "vitest";
import { createReference, strict } from "../../models/index.ts";
import type { Command, View } from "../../models/index.ts";
import { isCommand, labelsOf, marks } from "../../properties/index.ts";
import type { Mark, StepRecord } from "../../properties/index.ts";
import { campaign } from "../../src/check/campaign.ts";
import type { Kept, Start } from "../../src/check/campaign.ts";
import { search } from "../../src/check/search.ts";
import { walks } from "../../src/check/sources.ts";
import type { ScenarioSource } from "../../src/check/sources.ts";
import { alloc, isolate, searching, tiny } from "./searching.ts";

/** What the last command of a scenario reached, given its run and the commands so far. */
type Reaches = (run: number, made: readonly Command[]) => readonly Mark[];

const nothing: Reaches = () => [];
const [first, second] = marks;
const one = first === undefined ? [] : [first];
const another = second === undefined ? [] : [second];

/** Runs the specification alone through a source, which is told what this says. */
function drive(source: ScenarioSource, runs: number, reaches: Reaches): readonly (readonly Command[])[] {
  return Array.from({ length: runs }, (_, run) => {
    const course = source(run);
    if (course === undefined) return [];
    const subject = createReference(course.machine, strict);
    const made: Command[] = [];
    let view: View = subject.view();
    let last: StepRecord | null = null;
    for (let command = course.next(view, last); command !== undefined; command = course.next(view, last)) {
      made.push(command);
      const outcome = subject.apply(command);
      const after = subject.view();
      last = { before: view, command, outcome, after };
      view = after;
      const found = reaches(run, made);
      if (found.length > 0) course.news?.(found);
    }
    course.ended?.();
    return made;
  });
}

/** Nothing but the fifth and the ninth command of the first run. */
const earlyOnly: Reaches = (run, { length }) => (run > 0 ? [] : length === 5 ? one : length === 9 ? another : []);

const corpus: readonly Start[] = [{ machine: tiny, commands: [alloc(1), isolate(1, 0x24)] }, { machine: tiny, commands: [alloc(1), alloc(2)] }];

const begins = (commands: readonly Command[], start: readonly Command[]): boolean => JSON.stringify(commands.slice(0, start.length)) === JSON.stringify(start);

describe("a campaign", () => {
  it("keeps a scenario up to the last command that reached something new", () => {
    const kept: Kept[] = [];

    const made = drive(campaign({ machine: tiny, seed: 4, keep: (scenario) => kept.push(scenario) }), 2, earlyOnly);

    expect(kept).toEqual([{ machine: tiny, commands: made[0]?.slice(0, 9), marks: another }]);
  });

  it("is plain walks while they reach something new, and where nothing was kept", () => {
    const plain = drive(walks({ machine: tiny, seed: 4 }), 8, nothing);

    expect(drive(campaign({ machine: tiny, seed: 4 }), 8, (_, { length }) => (length === 1 ? one : []))).toEqual(plain);
    expect(drive(campaign({ machine: tiny, seed: 4 }), 8, nothing)).toEqual(plain);
  });

  it("goes on from what it has kept where walks reach nothing new: from it as it is, or changed", () => {
    const runs = 40;
    const made = drive(campaign({ machine: tiny, seed: 4 }), runs, earlyOnly);
    const plain = drive(walks({ machine: tiny, seed: 4 }), runs, nothing);

    const own = made.filter((commands, run) => JSON.stringify(commands) !== JSON.stringify(plain[run]));
    const kept = made[0]?.slice(0, 9) ?? [];
    const unchanged = own.filter((commands) => begins(commands, kept));

    expect(made.slice(0, 5)).toEqual(plain.slice(0, 5));
    expect(own.length).toBeGreaterThan(runs / 4);
    expect(unchanged.length).toBeGreaterThan(0);
    expect(unchanged.length).toBeLessThan(own.length);
    expect(own.flat().every(isCommand)).toBe(true);
    // What is walked behind it takes labels of its own, but where it is to be refused for one.
    const used = new Set(kept.flatMap(labelsOf).map(({ label, id }) => `${label} ${id}`));
    const madeBehind = unchanged.flatMap((commands) => commands.slice(9)).flatMap(labelsOf).filter(({ makes }) => makes);
    expect(used.size).toBeGreaterThan(1);
    expect(madeBehind.filter(({ label, id }) => used.has(`${label} ${id}`)).length).toBeLessThan(madeBehind.length / 20);
  });

  it("runs what was kept before as it is, does not keep it again, and then makes the same walks", () => {
    const kept: Kept[] = [];

    const made = drive(campaign({ machine: tiny, seed: 4, corpus, keep: (scenario) => kept.push(scenario) }), 4, (run) => (run < 2 ? one : []));

    expect(made).toEqual([...corpus.map(({ commands }) => commands), ...drive(walks({ machine: tiny, seed: 4 }), 2, nothing)]);
    expect(kept).toEqual([]);
  });

  it("goes on from what was kept before", () => {
    const made = drive(campaign({ machine: tiny, seed: 4, corpus }), 40, nothing).slice(2);

    expect(made.filter((commands) => corpus.some((start) => begins(commands, start.commands))).length).toBeGreaterThan(0);
  });

  it("is the same for the same seed and the same corpus, and another for others", () => {
    const [same, again, seed, without] = [{ seed: 4, corpus }, { seed: 4, corpus }, { seed: 5, corpus }, { seed: 4 }].map((options) => drive(campaign({ machine: tiny, ...options }), 16, earlyOnly));

    expect(again).toEqual(same);
    expect(seed).not.toEqual(same);
    expect(without).not.toEqual(same);
  });

  it("makes machines of its own where they are drawn, and goes on from a scenario on its machine", () => {
    const source = campaign({ machine: "drawn", seed: 4 });
    const machines = new Map<number, unknown>();
    drive((run) => {
      const course = source(run);
      machines.set(run, course?.machine);
      return course;
    }, 24, earlyOnly);

    expect([...machines.values()].filter((machine) => machine === machines.get(0)).length).toBeGreaterThan(1);
    expect(new Set(machines.values()).size).toBeGreaterThan(4);
  });

  it("keeps in a search what reaches its marks again", async () => {
    const kept: Kept[] = [];

    const { verdict } = await search(searching("strict", { seed: 2, runs: 2, source: campaign({ machine: tiny, seed: 2, keep: (scenario) => kept.push(scenario) }) }));

    expect(verdict).toBe("holds");
    expect(kept.length).toBeGreaterThan(0);
    for (const { machine, commands, marks: reached } of kept) {
      const subject = createReference(machine, strict);
      const steps = commands.map((command): StepRecord => ({ before: subject.view(), command, outcome: subject.apply(command), after: subject.view() }));
      const last = steps.at(-1);
      expect(reached.filter((mark) => last === undefined || !mark.reached(last, {}))).toEqual([]);
      expect(reached.length).toBeGreaterThan(0);
    }
  });

  it("keeps in a search what reached something before a rule broke", async () => {
    const kept: Kept[] = [];

    const { verdict, findings } = await search(searching("strict", { seed: 1, runs: 60, maxReductions: 0, source: campaign({ machine: tiny, seed: 1, keep: (scenario) => kept.push(scenario) }) }, "CANARY"));
    const broken = findings[0]?.commands ?? [];

    expect(verdict).toBe("breach");
    expect(kept.filter(({ commands }) => commands.length > 0 && begins(broken, commands))).toHaveLength(1);
  });
});
