import { assert, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { createReference, strict } from "../../models/index.ts";
import type { Command, View } from "../../models/index.ts";
import { alphabet, hasOwnLabels, isCommand, pseudoRandom } from "../../properties/index.ts";
import type { StepRecord } from "../../properties/index.ts";
import { search } from "../../src/check/search.ts";
import { everyScenario, maxTapeCommands, tapeWalk, walks } from "../../src/check/sources.ts";
import type { ScenarioSource } from "../../src/check/sources.ts";
import { alloc, contig, isolate, searching, tiny } from "./searching.ts";

/** The scenarios of a source, run by the specification alone; at most so many. */
function scenariosOf(source: ScenarioSource, runs: number): readonly (readonly Command[])[] {
  const made: (readonly Command[])[] = [];
  for (let run = 0; run < runs; run++) {
    const course = source(run);
    if (course === undefined) break;
    const subject = createReference(course.machine, strict);
    const commands: Command[] = [];
    let view: View = subject.view();
    let last: StepRecord | null = null;
    for (let command = course.next(view, last); command !== undefined; command = course.next(view, last)) {
      commands.push(command);
      const outcome = subject.apply(command);
      const after = subject.view();
      last = { before: view, command, outcome, after };
      view = after;
    }
    made.push(commands);
  }
  return made;
}

describe("walks", () => {
  it("are without end, another each run, and the same again", () => {
    const [first, again] = [scenariosOf(walks({ machine: tiny, seed: 4 }), 3), scenariosOf(walks({ machine: tiny, seed: 4 }), 3)];

    expect(first).toHaveLength(3);
    expect(again).toEqual(first);
    expect(new Set(first.map((commands) => JSON.stringify(commands))).size).toBe(3);
  });
});

function from(bytes: Uint8Array): readonly (readonly Command[])[] {
  return scenariosOf(tapeWalk({ machine: tiny, bytes }), 2);
}

describe("a walk from bytes", () => {
  it("is one scenario, and valid whatever the bytes are", () => {
    assert(
      property(uint8Array({ maxLength: 600 }), (bytes) => {
        const [commands = [], ...others] = from(bytes);

        expect(others).toEqual([]);
        expect(commands.every(isCommand)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("makes nothing of no bytes, and more of more", () => {
    const draw = pseudoRandom(3);
    const bytes = Uint8Array.from({ length: 2000 }, () => draw.below(256));

    const [none, some, more] = [0, 800, 2000].map((length) => from(bytes.subarray(0, length))[0] ?? []);

    expect(none).toEqual([]);
    expect(some?.length).toBeGreaterThan(20);
    // All but the last command are made of the bytes alone.
    expect(more?.slice(0, (some?.length ?? 0) - 1)).toEqual(some?.slice(0, -1));
    expect(more?.length).toBeGreaterThan(some?.length ?? 0);
  });

  it("ends, however many bytes there are", () => {
    const [commands] = from(new Uint8Array(200_000).fill(77));

    expect(commands).toHaveLength(maxTapeCommands);
  });

  it("draws its machine from the bytes too", () => {
    const bytes = Uint8Array.from({ length: 400 }, (_, index) => (index * 37) % 256);

    const [first, other] = [tapeWalk({ machine: "drawn", bytes })(0)?.machine, tapeWalk({ machine: "drawn", bytes: bytes.map((byte) => 255 - byte) })(0)?.machine];

    expect(first?.name).toBe("drawn");
    expect(other).not.toEqual(first);
  });
});

function isNew(before: readonly Command[], command: Command): boolean {
  return !before.includes(command);
}

describe("every scenario", () => {
  const commands = [alloc(1), { op: "free", id: 1, pcp: false }, isolate(1, 0x24), contig(2, 0x24)] satisfies readonly Command[];

  /** What it should be, by recursion: nothing behind a command that is skipped. */
  function expected(before: readonly Command[], length: number): readonly (readonly Command[])[] {
    if (length === 0) return [before];
    return commands.flatMap((command) => {
      const subject = createReference(tiny, strict);
      for (const earlier of before) subject.apply(earlier);
      return expected([...before, command], subject.apply(command).result === "skipped" ? 0 : length - 1);
    });
  }

  it.each([0, 1, 2, 4])("of %d commands at most comes once", (length) => {
    const made = scenariosOf(everyScenario({ machine: tiny, commands, length }), 10_000);

    expect(made).toEqual(expected([], length));
  });

  it("keeps to what may follow", () => {
    const made = scenariosOf(everyScenario({ machine: tiny, commands, length: 6, follows: isNew }), 10_000);

    expect(made).toEqual(expected([], 4).filter((scenario) => new Set(scenario).size === scenario.length));
  });

  it("holds for the engine: each command of the small alphabet right after boot", async () => {
    const one = everyScenario({ machine: tiny, commands: alphabet(tiny, "narrow"), length: 1, follows: (before, command) => hasOwnLabels([...before, command]) });

    const { verdict, exhausted, runs } = await search(searching("strict", { seed: 1, runs: 10_000, source: one }));

    expect({ verdict, exhausted, runs }).toEqual({ verdict: "holds", exhausted: true, runs: alphabet(tiny, "narrow").filter((command) => hasOwnLabels([command])).length });
  });

  it("finds what a few commands show, and names no seed for it", async () => {
    const source = everyScenario({ machine: tiny, commands, length: 2 });

    const { verdict, findings } = await search(searching("strict+KD-2", { seed: 1, runs: 10_000, source }));

    expect(verdict).toBe("breach");
    expect(findings).toMatchObject([{ signature: "KD-2", seed: null, run: null, commands: [{ op: "isolate" }, { op: "alloc-contig" }] }]);
  });
});
