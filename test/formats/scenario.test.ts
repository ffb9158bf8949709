import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { namedMachines } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { parseScenario, scenarioText } from "../../src/formats/scenario.ts";
import type { Scenario } from "../../src/formats/scenario.ts";
import { command, commandsByOp, scenario } from "./file-values.ts";

const parse = (text: string): ReturnType<typeof parseScenario> => parseScenario({ name: "scenario.json", bytes: new TextEncoder().encode(text) });

const machineNames = namedMachines.map(({ name }) => name).join(", ");

const tiny = namedMachines.find(({ name }) => name === "tiny");

/** What the parser says of a scenario file with these fields. */
function errorOf(fields: object): string {
  const result = parse(JSON.stringify({ framecheck: "scenario", version: 1, machine: "tiny", profile: "strict", commands: [], ...fields }));
  return result.ok ? "no error" : result.error;
}

const errorOfCommand = (fields: object): string => errorOf({ commands: [{ op: "step", task: 0 }, fields] });

const alloc = { op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" };

describe("a scenario file", () => {
  it("reads as its documentation shows it", () => {
    const text = `{
      "framecheck": "scenario",
      "version": 1,
      "title": "an isolated pageblock hands out a page",
      "machine": "tiny",
      "profile": "strict",
      "subject": { "mutant": "b46" },
      "commands": [
        { "op": "isolate", "id": 1, "start": "0x60", "nrPages": 4, "mode": "offline" },
        { "op": "isolate", "id": 1, "start": 96, "nrPages": 4, "mode": "offline" }
      ]
    }`;

    const isolate = { op: "isolate", id: 1, start: 0x60, nrPages: 4, mode: "offline" };
    expect(parse(text)).toEqual({
      ok: true,
      value: { title: "an isolated pageblock hands out a page", machine: tiny, profile: "strict", subject: { subject: "engine", profile: "strict", mutant: "b46" }, commands: [isolate, isolate] },
    });
  });

  it("is judged by the contract where it names no profile", () => {
    const result = parse('{"framecheck":"scenario","version":1,"machine":"tiny","commands":[]}');

    expect(result).toEqual({ ok: true, value: { machine: tiny, profile: "strict", commands: [] } });
  });

  it("comes back from its text as it was", () => {
    fc.assert(
      fc.property(scenario, (value) => {
        expect(parse(scenarioText(value))).toEqual({ ok: true, value });
      }),
      { numRuns: 300 },
    );
  });

  it.each(Object.entries<fc.Arbitrary<Command>>(commandsByOp))("brings %s back", (_op, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const whole: Scenario = { machine: namedMachines[1] ?? namedMachines[0] ?? fail(), profile: "strict", commands: [value] };

        expect(parse(scenarioText(whole))).toEqual({ ok: true, value: whole });
      }),
      { numRuns: 30 },
    );
  });

  it("has the same text whatever the order of the fields in memory", () => {
    fc.assert(
      fc.property(command, (value) => {
        const backwards = Object.fromEntries(Object.entries(value).toReversed()) as unknown as Command;

        expect(textOf(backwards)).toBe(textOf(value));
      }),
    );
  });

  it("has one command a line, and frame numbers in hex", () => {
    const text = scenarioText({
      machine: tiny ?? fail(),
      profile: "strict",
      commands: [
        { op: "step", task: 3 },
        { op: "start", task: 3, command: { op: "alloc-contig", id: 1, start: 0x60 as never, nrPages: 4, compound: false, gfp: "kernel" } },
      ],
    });

    expect(text).toBe(`{
  "framecheck": "scenario",
  "version": 1,
  "machine": "tiny",
  "profile": "strict",
  "commands": [
    { "op": "step", "task": 3 },
    {
      "op": "start",
      "task": 3,
      "command": { "op": "alloc-contig", "id": 1, "start": "0x60", "nrPages": 4, "compound": false, "gfp": "kernel" }
    }
  ]
}
`);
  });

  it("has a line for each command also where all would fit on one", () => {
    expect(textOf({ op: "step", task: 3 })).toContain('\n  "commands": [\n    { "op": "step", "task": 3 }\n  ]\n');
  });

  it("takes a label that several commands use, and an empty list of commands", () => {
    expect(errorOf({ commands: [alloc, alloc] })).toBe("no error");
    expect(errorOf({ commands: [] })).toBe("no error");
  });
});

describe("an error in a scenario file is one line", () => {
  it.each([
    [{ framecheck: undefined }, 'scenario.json: framecheck: expected "scenario", got nothing'],
    [{ framecheck: "trace" }, 'scenario.json: framecheck: expected "scenario", got "trace"'],
    [{ framecheck: "counterexample" }, "scenario.json: framecheck: expected a scenario, got a counterexample"],
    [{ version: 2 }, "scenario.json: version: written by another version: expected 1, got 2"],
    [{ version: undefined }, "scenario.json: version: expected 1, got nothing"],
    [{ version: "1" }, 'scenario.json: version: written by another version: expected 1, got "1"'],
    [{ machine: undefined }, `scenario.json: machine: expected one of ${machineNames}, or an object, got nothing`],
    [{ machine: "huge" }, `scenario.json: machine: expected one of ${machineNames}, or an object, got "huge"`],
    [{ profile: "linux-9" }, 'scenario.json: profile: unknown profile "linux-9", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH'],
    [{ profile: "strict+KD-77" }, 'scenario.json: profile: unknown switch in profile "strict+KD-77" at "+KD-77", expected + or - and one of KD-1, KD-2, KD-3, KD-4, KD-6, KD-8, KD-9, KD-11, KD-12, EX-1, EX-3, EX-6, EX-7, EX-9, EX-10, S-05, S-30'],
    [{ profile: 3 }, "scenario.json: profile: expected a text of at most 200 characters, got 3"],
    [{ subject: { profile: "none" } }, 'scenario.json: subject.profile: unknown profile "none", expected strict or linux-6.12, optionally followed by +SWITCH or -SWITCH'],
    [{ subject: { subject: "kernel" } }, 'scenario.json: subject.subject: expected one of engine, reference, got "kernel"'],
    [{ subject: null }, "scenario.json: subject: expected an object, got null"],
    [{ subject: { fault: "b46" } }, "scenario.json: subject.fault: unknown field, expected only subject, profile, mutant"],
    [{ title: "x".repeat(1001) }, `scenario.json: title: expected a text of at most 1000 characters, got "${"x".repeat(60)}..." (1001 characters)`],
    [{ commands: undefined }, "scenario.json: commands: expected a list of at most 1000000 entries, got nothing"],
    [{ commands: {} }, "scenario.json: commands: expected a list of at most 1000000 entries, got an object"],
    [{ command: [] }, "scenario.json: command: unknown field, expected only framecheck, version, title, machine, profile, subject, commands"],
    [{ "a b\u001b": 1 }, 'scenario.json: ["a b\\u{1b}"]: unknown field, expected only framecheck, version, title, machine, profile, subject, commands'],
  ])("%j", (fields, error) => {
    expect(errorOf(fields)).toBe(error);
  });

  it.each<[object, string]>([
    [{ ...alloc, order: -1 }, "scenario.json: commands[1].order: expected a whole number from 0 to 40, got -1"],
    [{ ...alloc, order: 41 }, "scenario.json: commands[1].order: expected a whole number from 0 to 40, got 41"],
    [{ ...alloc, order: 0.5 }, "scenario.json: commands[1].order: expected a whole number from 0 to 40, got 0.5"],
    [{ ...alloc, order: "0" }, 'scenario.json: commands[1].order: expected a whole number from 0 to 40, got "0"'],
    [{ ...alloc, order: undefined }, "scenario.json: commands[1].order: expected a whole number from 0 to 40, got nothing"],
    [{ ...alloc, order: [0] }, "scenario.json: commands[1].order: expected a whole number from 0 to 40, got a list of 1 entry"],
    [{ ...alloc, id: 2 ** 31 }, "scenario.json: commands[1].id: expected a whole number from 0 to 2147483647, got 2147483648"],
    [{ ...alloc, kind: "anon" }, 'scenario.json: commands[1].kind: expected one of user, file, folio, hugetlb, hugetlb-fixed, driver-movable, kernel, slab, slab-reclaimable, page-table, got "anon"'],
    [{ ...alloc, thisNode: 1 }, "scenario.json: commands[1].thisNode: expected true or false, got 1"],
    [{ ...alloc, thisNode: null }, "scenario.json: commands[1].thisNode: expected true or false, got null"],
    [{ ...alloc, colour: "red" }, "scenario.json: commands[1].colour: unknown field, expected only op, id, kind, order, node, thisNode, zone"],
    [{ ...alloc, constructor: 1 }, "scenario.json: commands[1].constructor: unknown field, expected only op, id, kind, order, node, thisNode, zone"],
    [{ op: "poison", pfn: 2 ** 40 + 1 }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got 1099511627777'],
    [{ op: "poison", pfn: "0x10000000001" }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got "0x10000000001"'],
    [{ op: "poison", pfn: "40" }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got "40"'],
    [{ op: "poison", pfn: "0x" }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got "0x"'],
    [{ op: "poison", pfn: "-0x1" }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got "-0x1"'],
    [{ op: "poison", pfn: "" }, 'scenario.json: commands[1].pfn: expected a frame number from 0 to 0x10000000000, as a number or like "0x40", got ""'],
    [{ op: "unisolate", id: 0, start: 0, nrPages: 0 }, "scenario.json: commands[1].nrPages: expected a whole number from 1 to 1099511627776, got 0"],
    [{ op: "remove", start: 0, nrPages: -4 }, "scenario.json: commands[1].nrPages: expected a whole number from 0 to 1099511627776, got -4"],
    [{ op: "add", start: 0, nrPages: 2 ** 53, node: 0, memmapOnMemory: false, group: null }, "scenario.json: commands[1].nrPages: expected a whole number from 0 to 1099511627776, got 9007199254740992"],
    [{ op: "add", start: 0, nrPages: 0, node: 0, memmapOnMemory: false, group: -1 }, "scenario.json: commands[1].group: expected a whole number from 0 to 2147483647, or null, got -1"],
    [{ op: "set", setting: { option: "swappiness", value: 3 } }, 'scenario.json: commands[1].setting.option: expected one of auto_online_blocks, online_policy, auto_movable_ratio, auto_movable_numa_aware, got "swappiness"'],
    [{ op: "set", setting: { option: "online_policy", value: 3 } }, "scenario.json: commands[1].setting.value: expected one of contig-zones, auto-movable, got 3"],
    [{ op: "set", setting: 5 }, "scenario.json: commands[1].setting: expected an object with the field option, got 5"],
    [{ op: "start", task: 0, command: alloc }, 'scenario.json: commands[1].command.op: expected one of write-state, alloc-contig, got "alloc"'],
    [{ op: "start", task: 0, command: { op: "write-state", block: 1, value: "on" } }, 'scenario.json: commands[1].command.value: expected one of online, online_kernel, online_movable, offline, got "on"'],
    [{ op: "fail-next", what: "memmap", skip: -0.0001 }, "scenario.json: commands[1].skip: expected a whole number from 0 to 2147483647, got -0.0001"],
    [[], `scenario.json: commands[1].op: expected one of ${Object.keys(commandsByOp).join(", ")}, got nothing`],
    [{}, `scenario.json: commands[1].op: expected one of ${Object.keys(commandsByOp).join(", ")}, got nothing`],
    [{ op: "toString" }, `scenario.json: commands[1].op: expected one of ${Object.keys(commandsByOp).join(", ")}, got "toString"`],
    [{ op: 5 }, `scenario.json: commands[1].op: expected one of ${Object.keys(commandsByOp).join(", ")}, got 5`],
  ])("%j", (fields, error) => {
    expect(errorOfCommand(fields)).toBe(error);
  });

  it.each([
    ['{"framecheck":"scenario","version":1,"machine":"tiny","__proto__":{"commands":[]}}', "scenario.json: commands: expected a list of at most 1000000 entries, got nothing"],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[],"__proto__":{}}', "scenario.json: __proto__: unknown field, expected only framecheck, version, title, machine, profile, subject, commands"],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[{"op":"step","task":1,"__proto__":{"x":1}}]}', "scenario.json: commands[0].__proto__: unknown field, expected only op, task"],
    ['{"__proto__":{"framecheck":"scenario","version":1}}', 'scenario.json: framecheck: expected "scenario", got nothing'],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[{"op":"step","task":-0}]}', "scenario.json: commands[0].task: expected a whole number from 0 to 2147483647, got -0"],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[{"op":"step","task":1e400}]}', "scenario.json: commands[0].task: expected a whole number from 0 to 2147483647, got Infinity"],
    ['{"framecheck":"scenario","version":1,"machine":"tiny","commands":[null]}', "scenario.json: commands[0]: expected an object with the field op, got null"],
    ["[]", "scenario.json: expected a scenario, got a list of 0 entries"],
    ["null", "scenario.json: expected a scenario, got null"],
    ['"scenario"', 'scenario.json: expected a scenario, got "scenario"'],
    ["17", "scenario.json: expected a scenario, got 17"],
  ])("%s", (text, error) => {
    expect(parse(text)).toEqual({ ok: false, error });
  });

  it("does not put anything on the prototype of objects", () => {
    parse('{"framecheck":"scenario","version":1,"machine":"tiny","commands":[],"__proto__":{"polluted":true}}');

    expect("polluted" in {}).toBe(false);
  });

  it("counts the commands", () => {
    const commands = `0${",0".repeat(1_000_000)}`;

    expect(parse(`{"framecheck":"scenario","version":1,"machine":"tiny","commands":[${commands}]}`)).toEqual({ ok: false, error: "scenario.json: commands: expected a list of at most 1000000 entries, got a list of 1000001 entries" });
  });
});

function textOf(value: Command): string {
  return scenarioText({ machine: tiny ?? fail(), profile: "strict", commands: [value] });
}

function fail(): never {
  throw new Error("the machine is not there");
}
