import { describe, expect, it } from "vitest";
import { createReference, tinyMachines, toPfn } from "../../models/index.ts";
import type { Command, Pfn } from "../../models/index.ts";
import { aimedPass, isScenario, passes, simplerThan } from "../../properties/arbitraries/index.ts";
import type { Pass, Scenario } from "../../properties/arbitraries/index.ts";
import { profileOf } from "./tally.ts";

const [tiny] = tinyMachines;
if (tiny === undefined) throw new Error("there are no small machines");
const machine = tiny;
const aim = aimedPass(createReference);

const user = (id: number): Command => ({ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });
const kernel = (id: number): Command => ({ op: "alloc", id, kind: "kernel", order: 1, node: 0, thisNode: false, zone: "normal" });
const isolate = (id: number, start: number): Command => ({ op: "isolate", id, start: toPfn(start), nrPages: 4, mode: "offline" });
const unisolate = (id: number, start: number): Command => ({ op: "unisolate", id, start: toPfn(start), nrPages: 4 });

function scenario(commands: readonly Command[]): Scenario {
  return { machine, profile: "strict", commands };
}

/** Where the allocation stands after these commands. */
function placeOf(id: number, commands: readonly Command[]): Pfn {
  const subject = createReference(machine, profileOf("strict"));
  for (const command of commands) subject.apply(command);
  const start = subject.view().allocations?.find((allocation) => allocation.id === id)?.ranges[0]?.start;
  if (start === undefined) throw new Error(`allocation ${id} is not there`);
  return start;
}

/** A poison struck a page of the kernel. */
function strikesKernel({ commands }: Scenario): boolean {
  const subject = createReference(machine, profileOf("strict"));
  return commands.some((command) => {
    const { because } = subject.apply(command);
    return command.op === "poison" && because?.kind === "kernel-page";
  });
}

function reduced(whole: Scenario, tried: readonly Pass[], fails: (scenario: Scenario) => boolean): Scenario {
  for (const pass of tried) {
    for (const candidate of pass.candidates(whole)) {
      if (fails(candidate)) return reduced(candidate, tried, fails);
    }
  }
  return whole;
}

// The page of the kernel stands at 0x70 because pages of a process have broken the block at 0x60.
//
//   0x60        0x70
//   | user user | kernel kernel |       without the users the kernel's page stands at 0x60
const before = [user(1), user(2)];
const struck = scenario([...before, kernel(3), { op: "poison", pfn: placeOf(3, [...before, kernel(3)]) }]);

describe("aimedPass", () => {
  it("lets frames follow the page that they were aimed at", () => {
    const shortest = [kernel(3), { op: "poison", pfn: placeOf(3, [kernel(3)]) }] as const;

    expect([...aim.candidates(struck)].map(({ commands }) => commands)).toContainEqual(shortest);
  });

  it("goes on where leaving commands out alone is stuck", () => {
    // The lower a frame, the simpler it is: without those passes the commands are all that is left out.
    const plain = passes.filter(({ id }) => ["tail", "chunks", "things", "singles", "pairs"].includes(id));

    expect(strikesKernel(struck)).toBe(true);
    expect(reduced(struck, plain, strikesKernel).commands.length).toBeGreaterThan(2);
    expect(reduced(struck, [...plain, aim], strikesKernel).commands).toHaveLength(2);
  });

  it("lets pageblocks beside a page follow it, also after it was freed", () => {
    const commands = (start: number): readonly Command[] => [kernel(3), isolate(1, start + 4), { op: "free", id: 3, pcp: false }, isolate(2, start), unisolate(1, start + 4)];
    const [whole, shortest] = [commands(placeOf(3, [...before, kernel(3)])), commands(placeOf(3, [kernel(3)]))];

    expect([...aim.candidates(scenario([...before, ...whole]))].map((candidate) => candidate.commands)).toContainEqual(shortest);
  });

  it("proposes valid and simpler scenarios only, and none where nothing moves", () => {
    const candidates = [...aim.candidates(struck)];

    expect(candidates.length).toBeGreaterThan(0);
    expect(candidates.every((candidate) => isScenario(candidate) && simplerThan(candidate, struck))).toBe(true);
    expect([...aim.candidates(scenario([user(1), { op: "poison", pfn: toPfn(0x24) }]))]).toEqual([]);
    expect([...aim.candidates(scenario([]))]).toEqual([]);
  });
});
