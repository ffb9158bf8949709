/** Recorded runs: who walked them walks them again alike, and whoever does otherwise is noticed. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { add, alloc, free, writeState } from "../worked-examples/commands.ts";
import { differs, noticedIn, record } from "./recorded.ts";
import type { Walked } from "./recorded.ts";
import type { Walker } from "./targets.ts";

const walkers: readonly Walker[] = ["engine", "specification", "lockstep"];

function walked(role: Walked["role"]): Walked {
  const machine = namedMachines.find(({ name }) => name === "tiny") as MachineDescription;
  const engine = createEngine(machine, strict);
  const commands: readonly Command[] = [alloc(1, "user"), add(128, 160), writeState(4, "online"), free(1), free(1)];
  return { role, machine, profile: strict.name, commands, outcomes: commands.map((command) => engine.apply(command)) };
}

describe.each(walkers)("a recorded run, walked by the %s", (walker) => {
  it("is repeated, and nothing notices it", () => {
    for (const role of ["alone", "follower"] as const) expect([role, differs(record(walked(role), walker), walker)]).toEqual([role, false]);
    expect(noticedIn(walked("alone"))).toBeUndefined();
  });
});

describe.each(["engine", "specification"] as const)("a recorded run, walked by the %s", (walker) => {
  it.each(["alone", "follower"] as const)("differs by an answer or a look: %s", (role) => {
    const recorded = record(walked(role), walker);

    expect(differs({ ...recorded, answers: recorded.answers.with(4, "another") }, walker)).toBe(true);
    expect(differs({ ...recorded, looks: recorded.looks.with(recorded.looks.length - 1, "another") }, walker)).toBe(true);
    expect(differs({ ...recorded, looks: recorded.looks.with(0, "another") }, walker)).toBe(true);
  });

  it("differs by what is admitted, if another one's outcome is followed", () => {
    const { outcomes, ...rest } = walked("follower");
    const recorded = record({ outcomes, ...rest }, walker);

    expect(differs({ ...recorded, outcomes: outcomes.with(0, { result: "refused", errno: "ENOMEM" }) }, walker)).toBe(true);
    expect(noticedIn(recorded)).toBe("it follows otherwise");
  });
});
