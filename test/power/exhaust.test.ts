import { describe, expect, it } from "vitest";
import { strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import type { CheckedSubject } from "../../src/check/lockstep.ts";
import { createSubject, findMutant } from "../../src/check/subjects.ts";
import { exhaust } from "../../src/power/exhaust.ts";
import type { ExhaustOptions, Exhausted } from "../../src/power/exhaust.ts";
import { machineOf, subjectOf } from "../../src/power/hunt.ts";
import { hesitant, tiny } from "../check/searching.ts";
import { alloc, free, isolate } from "./measurements.ts";

/** Enumerates over these commands alone, for both lengths. */
function enumerated(id: string, commands: readonly Command[], options: Partial<ExhaustOptions> = {}): Promise<Exhausted> {
  const mutant = findMutant(id);
  if (mutant === undefined) throw new Error(`there is no ${id}`);
  const machine = machineOf(mutant);
  const faulty = () => createSubject(subjectOf(mutant), machine, strict);
  const shipped = () => createSubject({ ...subjectOf(mutant), mutant: null }, machine, strict);
  return exhaust({ machine, faulty, shipped, setup: { machine, profile: strict, create: faulty }, below: null, budget: 1000, commands: () => commands, ...options });
}

const shipped = (): CheckedSubject => createSubject({ subject: "engine", profile: strict.name, mutant: null }, tiny, strict);

/** The engine as it ships until it has taken a command; from then on it shows one bad frame too many, or its recount finds something. */
function disturbed(what: "view" | "recount"): CheckedSubject {
  const subject = shipped();
  let taken = false;
  return {
    ...subject,
    apply: (command) => {
      taken = true;
      return subject.apply(command);
    },
    view: () => {
      const view = subject.view();
      return taken && what === "view" && view.totals !== undefined ? { ...view, totals: { ...view.totals, numPoisoned: 1 } } : view;
    },
    selfCheck: () => (taken && what === "recount" ? [{ where: "a count", was: "1", is: "2" }] : []),
  };
}

const offline: Command = { op: "write-state", block: toBlockId(3), value: "offline" };

describe("the enumeration of short scenarios", () => {
  it("finds what shows after boot", async () => {
    expect(await enumerated("B50", [])).toMatchObject({ says: "shorter", upTo: -1, executions: 1, commands: [] });
  });

  it("finds one command among others, and knows that nothing shorter shows", async () => {
    expect(await enumerated("B44", [alloc(1), isolate(1, 0x24), free(1)])).toEqual({ says: "shorter", upTo: 0, executions: 3, commands: [isolate(1, 0x24)], rule: "FC-83" });
  });

  it("finds a pair, in the order in which it shows", async () => {
    expect(await enumerated("B18", [offline, alloc(1)])).toMatchObject({ says: "shorter", upTo: 1, commands: [alloc(1), offline], rule: "move-missing" });
  });

  it("proves that nothing shorter shows where it tried everything shorter", async () => {
    expect(await enumerated("B18", [offline, alloc(1)], { below: 2 })).toMatchObject({ says: "proved", upTo: 1, commands: null });
    expect(await enumerated("B18", [offline, isolate(1, 0x24)], { below: 3 })).toMatchObject({ says: "proved", upTo: 2, commands: null });
    expect(await enumerated("B50", [], { below: 0 })).toEqual({ says: "proved", upTo: -1, executions: 0, commands: null, rule: null });
  });

  it("never claims what it has not tried", async () => {
    const commands = [offline, alloc(1)];

    const [none, boot, some, deeper, unfound] = await Promise.all([
      enumerated("B18", commands, { below: 2, budget: 0 }),
      enumerated("B18", commands, { below: 2, budget: 1 }),
      enumerated("B18", commands, { below: 2, budget: 2 }),
      enumerated("B18", [offline], { below: 4 }),
      enumerated("B18", [offline], { below: null }),
    ]);

    expect([none, boot, some, deeper, unfound].map(({ says }) => says)).toEqual(Array.from({ length: 5 }, () => "not shorter in the budget"));
    expect([none, boot, some, deeper, unfound].map(({ upTo }) => upTo)).toEqual([-1, 0, 0, 2, 2]);
  });

  it("ends when it is asked to", async () => {
    const ended = await enumerated("B18", [offline, alloc(1)], { below: 2, pulse: async (executions) => executions < 1 });

    expect(ended).toMatchObject({ says: "not shorter in the budget", upTo: 0, executions: 1 });
  });

  it("tries what follows a command that is skipped on the same engines", async () => {
    const skipped = Array.from({ length: 30 }, (_, index) => ({ ...free(1), pcp: index % 2 === 0 }));

    expect(await enumerated("B44", [...skipped, isolate(1, 0x24)])).toMatchObject({ says: "shorter", executions: 2, commands: [isolate(1, 0x24)] });
  });

  it("leaves out other names for the same labels", async () => {
    expect(await enumerated("B44", [isolate(2, 0x24)])).toMatchObject({ says: "not shorter in the budget", upTo: 2, executions: 1 });
    // The boot, one allocation, the look behind it, and a second one: the first label again is skipped.
    expect(await enumerated("B44", [alloc(1), alloc(2)])).toMatchObject({ executions: 4 });
  });

  it("goes on behind a command that changes what can be seen, or that nobody can see", async () => {
    const refused: Command = { op: "unpoison", pfn: toPfn(0x60) };
    const armed: Command = { op: "fail-next", what: "memmap", skip: 0 };
    const add: Command = { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null };

    // The boot, the command alone, the look whether it leads on.
    expect(await enumerated("B44", [refused])).toMatchObject({ says: "not shorter in the budget", upTo: 2, executions: 3 });
    expect(await enumerated("B38", [add, armed])).toMatchObject({ says: "shorter", upTo: 1, commands: [armed, add], rule: "HP-10" });
  });

  it("notices what only the view shows, what only the answer shows, and what only a recount shows", async () => {
    const shows = (what: "view" | "recount"): Promise<Exhausted> => enumerated("B18", [alloc(1)], { faulty: () => disturbed(what), setup: { machine: tiny, profile: strict, create: () => disturbed(what) } });

    expect(await shows("view")).toMatchObject({ says: "shorter", upTo: 0, commands: [alloc(1)], rule: "FC-35" });
    expect(await enumerated("B16", [{ ...offline, block: toBlockId(2) }])).toMatchObject({ says: "shorter", upTo: 0, rule: "HP-65" });
    expect(await shows("recount")).toMatchObject({ says: "shorter", upTo: 0, commands: [alloc(1)], rule: "self-check" });
  });

  it("proves nothing where the specification could not judge", async () => {
    const judge = hesitant("isolate", { verdict: "inconclusive", because: "it hesitates" });

    expect(await enumerated("B44", [isolate(1, 0x24)], { below: 2, setup: { machine: tiny, profile: strict, create: () => disturbed("view"), judge } })).toMatchObject({ says: "not shorter in the budget", upTo: 0, commands: null });
  });
});
