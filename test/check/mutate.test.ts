import { describe, expect, it } from "vitest";
import { createReference, strict, tinyMachines, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { alphabet, drawFrom, generateScenario, isCommand, labelsOf, pseudoRandom, replayTape } from "../../properties/index.ts";
import { mutate } from "../../src/check/mutate.ts";
import { alloc, contig, isolate, tiny } from "./searching.ts";

/** The kinds of changes, by the number that is drawn. */
const change = { leaveOut: 0, double: 1, exchange: 2, splice: 3, argument: 4 } as const;

const free = (id: number): Command => ({ op: "free", id, pcp: false });
const three = [alloc(1), isolate(1, 0x24), free(1)] as const;

/** The scenario changed by the choices of a tape: the place, the kind of change, and what that asks for. */
function changed(commands: readonly Command[], tape: readonly number[], others: readonly (readonly Command[])[] = []): readonly Command[] {
  return mutate(drawFrom(replayTape(tape)), tiny, commands, others);
}

describe("a changed scenario", () => {
  it("lacks up to three commands", () => {
    expect(changed(three, [1, change.leaveOut, 0])).toEqual([three[0], three[2]]);
    expect(changed(three, [0, change.leaveOut, 1])).toEqual([three[2]]);
    expect(changed(three, [1, change.leaveOut, 2])).toEqual([three[0]]);
  });

  it("has a command twice, and what that makes under a label of its own", () => {
    expect(changed(three, [0, change.double])).toEqual([alloc(1), alloc(2), three[1], three[2]]);
    expect(changed(three, [2, change.double])).toEqual([...three, free(1)]);
  });

  it("has two commands exchanged", () => {
    expect(changed(three, [0, change.exchange, 2])).toEqual([three[2], three[1], three[0]]);
    expect(changed(three, [1, change.exchange, 1])).toEqual(three);
  });

  it("goes on with the end of another, whose labels stay apart", () => {
    const other = [isolate(1, 0x28), alloc(1), free(1)];

    expect(changed(three, [1, change.splice, 1], [other])).toEqual([alloc(1), isolate(1, 0x24), alloc(2), free(2)]);
    expect(changed(three, [1, change.splice, 0], [other])).toEqual([alloc(1), isolate(1, 0x24), isolate(2, 0x28), alloc(2), free(2)]);
    expect(changed(three, [1, change.splice], [])).toEqual(three);
  });

  it("keeps a label that nothing has, and one that could not be moved up", () => {
    const last = 2 ** 31 - 1;

    expect(changed([alloc(7), free(last)], [1, change.splice, 0], [[free(last), alloc(1)]])).toEqual([alloc(7), free(last), free(last), alloc(8)]);
  });

  it("has another value in one field", () => {
    const [command] = changed([contig(1, 0x24)], [change.argument, 3, 1, 1]);

    expect(command).toEqual({ ...contig(1, 0x24), start: 0x28 });
  });

  it("has another value in the command that a task runs", () => {
    const started: Command = { op: "start", task: 1, command: { op: "alloc-contig", id: 1, start: toPfn(0x24), nrPages: 1, compound: false, gfp: "kernel" } };
    const [command] = changed([started], [change.argument, 0, 3, 1, 1]);

    expect(command).toEqual({ ...started, command: { ...started.command, start: 0x28 } });
  });

  it("is the empty one where there is nothing to change", () => {
    expect(changed([], [0, 4], [three])).toEqual([]);
  });

  it("takes every command there is, changes each field of it in time, and leaves commands", () => {
    for (const command of alphabet(tiny, "narrow").filter((one, index, all) => all.findIndex(({ op }) => op === one.op) === index)) {
      const fields = new Set<string>();
      for (let run = 0; run < 120; run++) {
        const draw = pseudoRandom(1, run);
        let asked = 0;
        const [after = command] = mutate(drawFrom((n) => (asked++ === 0 ? change.argument : draw.below(n))), tiny, [command], []);
        expect(isCommand(after)).toBe(true);
        const old = new Map<string, unknown>(Object.entries(command));
        for (const [name, value] of Object.entries(after)) if (JSON.stringify(value) !== JSON.stringify(old.get(name))) fields.add(name);
      }
      expect([...fields].toSorted(), command.op).toEqual(Object.keys(command).filter((name) => name !== "op").toSorted());
    }
  });

  it.each(tinyMachines)("is made of commands and the same for the same choices, on $name", (machine) => {
    const scenarios = [0, 1, 2].map((run) => generateScenario(pseudoRandom(5, run), createReference, machine, strict).commands);
    const run = (seed: number): readonly (readonly Command[])[] => scenarios.map((commands) => {
      const draw = pseudoRandom(seed);
      let now: readonly Command[] = commands;
      for (let times = 0; times < 40; times++) now = mutate(draw, machine, now, scenarios).slice(0, 200);
      return now;
    });

    const [first, again, other] = [run(1), run(1), run(2)];

    expect(first.flat().every((command) => isCommand(command) && labelsOf(command).every(({ id }) => id > 0))).toBe(true);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
