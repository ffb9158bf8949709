/**
 * Alone, the engine chooses as the specification does alone: both take what the search of the kernel comes to. So a choice
 * that is permitted but is not the kernel's does not go by unnoticed. Half-done operations are left out: which page of a
 * block moves in the next step is not prescribed, and the two differ there.
 */
import { describe, expect, it } from "vitest";
import { createReference, linux612, strict, tinyMachines, toPfn } from "../../models/index.ts";
import type { Because, Command, MachineDescription, Profile } from "../../models/index.ts";
import { disagreements, drawMachine, generateScenario, outcomeDifferences, pseudoRandom } from "../../properties/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { add, alloc, contig, deviceMap, writeState } from "../worked-examples/commands.ts";
import { toy } from "../worked-examples/machines.ts";

const machines: readonly (readonly [name: string, machine: MachineDescription])[] = [...tinyMachines.map((machine) => [machine.name, machine] as const), ...[1, 2, 3, 4].map((seed) => [`a drawn machine, ${seed}`, drawMachine(pseudoRandom(seed, 0))] as const)];

/** Reasons that are about no frame, block or label. */
const placeless: ReadonlySet<string | undefined> = new Set([undefined, "no-such-node", "no-such-zone", "no-such-area", "no-such-group", "gfp", "node-not-possible", "order-of-kind", "no-free-block", "no-range", "no-usable-block", "too-few-free", "too-large", "size", "pcp-lock", "nothing-left", "group-has-blocks", "fail-node", "bound"]);
/** Of a range that is tested in another order, the first frame that is found is another. */
const firstFound: ReadonlySet<string | undefined> = new Set(["isolation", "stuck", "page-in-use"]);

/** What the reason is about, where the engine says so, as both say it. */
function expectPlace(command: Command, theirs: Because | undefined, ours: Because | undefined): void {
  if (!placeless.has(ours?.kind)) expect([command, Object.keys(ours ?? {}).length > 1]).toEqual([command, true]);
  for (const field of ["id", "block", "pfn"] as const) {
    if (theirs?.[field] !== undefined && ours?.[field] !== undefined && !(field === "pfn" && firstFound.has(theirs.kind))) expect([command, field, ours[field]]).toEqual([command, field, theirs[field]]);
  }
}

/** Both run the commands: the same outcomes, and the same reasons. */
function runBoth(machine: MachineDescription, profile: Profile, commands: readonly Command[]): void {
  const reference = createReference(machine, profile);
  const engine = createEngine(machine, profile);
  for (const command of commands) {
    const [theirs, ours] = [reference.apply(command), engine.apply(command)];
    expect([command, outcomeDifferences(theirs, ours)]).toEqual([command, []]);
    // Of a block that is written to, the engine says which way it was to go.
    expect([command, ours.because?.kind.replace(/^offline-/u, "")]).toEqual([command, theirs.because?.kind]);
    expectPlace(command, theirs.because, ours.because);
  }
  expect(disagreements(reference.view(), engine.view())).toEqual([]);
  expect(engine.permissionsUsed()).toEqual(reference.permissionsUsed());
}

describe.each(machines)("the engine alone on %s", (_, machine) => {
  it.each([strict, linux612])("answers as the specification alone, and for the same reason, under $name", (profile) => {
    for (const run of [1, 2]) {
      const { commands } = generateScenario(pseudoRandom(7, run), createEngine, machine, profile);
      runBoth(machine, profile, commands.filter(({ op }) => op !== "start" && op !== "step" && op !== "signal"));
    }
  });
});

/** What walks seldom come to. */
const scripts: Readonly<Record<string, readonly Command[]>> = {
  "a block that is written the state it has": [add(128, 160), writeState(4, "offline"), writeState(4, "online"), writeState(4, "online"), writeState(4, "offline")],
  "a device that can not be mapped": [deviceMap(1, 130, 140), deviceMap(1, 512, 516), deviceMap(1, 96, 160)],
  "a label that a half-done allocation will use": [{ op: "start", task: 1, command: contig(9, 96, 104) }, alloc(9, "user"), alloc(8, "user"), { op: "isolate", id: 9, start: toPfn(64), nrPages: 4, mode: "contig" }],
};

describe.each(Object.entries(scripts))("the engine alone: %s", (_, commands) => {
  it.each([strict, linux612])("answers as the specification alone, and for the same reason, under $name", (profile) => {
    runBoth(toy, profile, commands);
  });
});
