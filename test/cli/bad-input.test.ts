/** Everything that can not be used: one line on stderr, exit code 2, nothing on stdout, and nothing written. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { machineText } from "../../src/formats/machine.ts";
import { tiny } from "../check/searching.ts";
import { expectRefused, framecheck, put, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const commands = [{ op: "drain", node: 0, zone: "Normal" }];
const scenario = { framecheck: "scenario", version: 1, machine: "tiny", profile: "strict", commands };
const machine = JSON.parse(machineText(tiny)) as { readonly machine: { readonly geometry: object } };

const json = (name: string, value: unknown): string => put(folder, name, JSON.stringify(value));
const withGeometry = (geometry: object): unknown => ({ ...machine, machine: { ...machine.machine, geometry: { ...machine.machine.geometry, ...geometry } } });

const good = json("good.json", scenario);
const missing = join(folder, "missing.json");
mkdirSync(join(folder, "folder"));

/** Words, and what the line says. */
type Case = readonly [what: string, words: readonly string[], says: string];

const checks: readonly Case[] = [
  ["an unknown option", ["--sede", "1"], "check: Unknown option '--sede'; see framecheck check --help"],
  ["an option without its value", ["--seed"], "check: Option '--seed <value>' argument missing; see framecheck check --help"],
  ["a value for an option that takes none", ["--json=yes"], "check: Option '--json' does not take an argument; see framecheck check --help"],
  ["a word too many", ["tiny"], 'check: unexpected "tiny"; see framecheck check --help'],
  ["no runs", ["--runs", "0"], '--runs: expected a whole number from 1 to 1000000000, got "0"'],
  ["a negative number", ["--max-reductions=-1"], '--max-reductions: expected a whole number from 0 to 1000000000, got "-1"'],
  ["a seed of 33 bits", ["--seed", "4294967296"], '--seed: expected a whole number from 0 to 4294967295, got "4294967296"'],
  ["no seconds", ["--seconds", "0"], '--seconds: expected seconds above 0, got "0"'],
  ["a text that would move the cursor", ["--seed", "1\n\u001b[2J"], String.raw`got "1\u{a}\u{1b}[2J"`],
  ["two sources of scenarios", ["--exhaustive", "1", "--tape", good], "--exhaustive: can not be used together with --tape"],
  ["a campaign of what is no walk", ["--campaign", "--tape", good], "--tape: can not be used together with --campaign"],
  ["a corpus without a campaign", ["--corpus", join(folder, "found")], "--corpus: is for --campaign"],
  ["a file as the corpus", ["--campaign", "--corpus", good], `--corpus: expected a folder, got the file ${good}`],
  ["a corpus that can not be made", ["--campaign", "--corpus", join(good, "found")], "found can not be made or written to: ENOTDIR"],
  ["a corpus for a mutant that there is not", ["--campaign", "--corpus", join(folder, "found"), "--mutant", "b999"], '--mutant: no mutant "b999"'],
  ["a seed for what has none", ["--tape", good, "--seed", "1"], "--tape: can not be used together with --seed"],
  ["scenarios too long to try all", ["--exhaustive", "4"], '--exhaustive: expected a whole number from 0 to 3, got "4"'],
  ["every scenario of no machine", ["--exhaustive", "1", "--machine", "drawn"], "--exhaustive: expected a machine that is known before, got --machine drawn"],
  ["a missing tape", ["--tape", missing], "missing.json: can not be read: ENOENT, there is no such file or directory"],
  ["a tape that is too long", ["--tape", put(folder, "long.tape", new Uint8Array(2 ** 20 + 1))], "long.tape: 1048577 bytes, expected at most 1048576"],
  ["an unknown machine", ["--machine", "huge"], '--machine: no machine "huge", expected a file, drawn, or one of tiny, tiny-34,'],
  ["an unknown profile", ["--profile", "linux-2.4"], '--profile: unknown profile "linux-2.4", expected strict or linux-6.12'],
  ["an unknown switch", ["--subject-profile", "strict+KD-99"], '--subject-profile: unknown switch in profile "strict+KD-99" at "+KD-99"'],
  ["an unknown mutant", ["--mutant", "b999"], '--mutant: no mutant "b999"; framecheck mutants lists them'],
  ["a machine whose sizes do not fit", ["--machine", json("geometry.json", withGeometry({ pageblockOrder: 1 }))], "geometry.json: machine.geometry: 2 <= pageblockOrder <= maxPageOrder (rule G3)"],
  ["a machine with a size that is no number", ["--machine", json("size.json", withGeometry({ sectionPages: "16" }))], "size.json: machine.geometry.sectionPages: expected a whole number"],
  ["a machine that nobody can check", ["--machine", json("large.json", { ...machine, machine: { ...machine.machine, nodes: [{ memory: [{ start: 0, nrPages: 2 ** 24 }] }], cma: [], bootMemmap: null, hotplugEnd: 2 ** 24 } })], "large.json: machine: the boot memory fills sections of 16777216 frames"],
];

const files: readonly Case[] = [
  ["no file", [], "replay: expected a file; see framecheck replay --help"],
  ["two files", [good, good], `replay: expected a file and nothing else, got "${good}" too`],
  ["a missing file", [missing], "missing.json: can not be read: ENOENT, there is no such file or directory"],
  ["a folder", [join(folder, "folder")], "folder: expected a file, got a directory"],
  ["a file cut off", [put(folder, "cut.json", JSON.stringify(scenario, null, 2).slice(0, 90))], "cut.json: line 6 column 1: the text ends here, expected a field name in double quotes"],
  ["an empty file", [put(folder, "empty.json", "")], "empty.json: the file is empty, expected a JSON text"],
  ["a binary file", [put(folder, "binary.json", new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0x02, 0xff, 0x00]))], "binary.json: byte 5 is not UTF-8, expected a JSON text in UTF-8"],
  ["JSON without end", [put(folder, "deep.json", "[".repeat(1_000_000))], "deep.json: "],
  ["JSON of many levels", [put(folder, "levels.json", `{"framecheck":"scenario","version":1,"machine":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`)], "levels.json: "],
  ["a machine", [json("machine.json", machine)], "machine.json: framecheck: expected a scenario or a counterexample, got a machine"],
  ["another version", [json("version.json", { ...scenario, version: 2 })], "version.json: version: written by another version: expected 1, got 2"],
  ["a field that there is not", [json("field.json", { ...scenario, comands: [] })], "field.json: comands: "],
  ["a field of a command that there is not", [json("option.json", { ...scenario, commands: [{ ...commands[0], force: true }] })], "option.json: commands[0].force: "],
  ["a frame beyond all memory", [json("frame.json", { ...scenario, commands: [{ op: "poison", pfn: "0x100000000000000" }] })], "frame.json: commands[0].pfn: "],
  ["an unknown mutant in it", [json("mutant.json", { ...scenario, subject: { mutant: "B999" } })], 'mutant.json: subject.mutant: no mutant "B999"; framecheck mutants lists them'],
  ["a mutant of the specification", [json("reference.json", { ...scenario, subject: { subject: "reference", mutant: "CANARY" } })], "reference.json: subject.mutant: a fault can be planted in the engine only"],
  ["a machine in it that nobody can check", [json("far.json", { ...scenario, machine: { ...machine.machine, nodes: [{ memory: [{ start: 0, nrPages: 2 ** 24 }] }], cma: [], bootMemmap: null, hotplugEnd: 2 ** 24 } })], "far.json: machine: the boot memory fills sections of 16777216 frames"],
  ["a name that would move the cursor", [join(folder, "a\u001b[2J\nb.json")], String.raw`a\u{1b}[2J\u{a}b.json: can not be read: ENOENT`],
];

const others: readonly Case[] = [
  ["explain of nothing", ["explain"], "explain: expected a file; see framecheck explain --help"],
  ["explain as JSON", ["explain", good, "--json"], "explain: --json is for replay"],
  ["audit of a missing folder", ["audit", "--sysroot", missing], "missing.json: proc/zoneinfo: "],
  ["audit of a folder without the files", ["audit", "--sysroot", join(folder, "folder")], "folder: proc/zoneinfo: "],
  ["start with a word", ["start", "now"], 'start: unexpected "now"; see framecheck start --help'],
];

const before = readdirSync(folder);
afterAll(() => {
  expect(readdirSync(folder)).toEqual(before);
});

describe.concurrent("check refuses", () => {
  it.each(checks)("%s", async (_, words, says) => {
    const out = join(folder, "found");

    expectRefused(await framecheck(["check", "--out", out, ...words]), says);
    expect(existsSync(out)).toBe(false);
  });

  it("a file as the folder for what it finds", async () => {
    expectRefused(await framecheck(["check", "--out", good]), `--out: expected a folder, got the file ${good}`);
  });

  it("a folder that can not be made", async () => {
    expectRefused(await framecheck(["check", "--out", join(good, "found")]), "found can not be made or written to: ENOTDIR");
  });
});

describe.concurrent("replay refuses", () => {
  it.each(files)("%s", async (_, words, says) => {
    expectRefused(await framecheck(["replay", ...words]), says);
  });
});

describe.concurrent("framecheck refuses", () => {
  it.each(others)("%s", async (_, words, says) => {
    expectRefused(await framecheck(words), says);
  });
});
