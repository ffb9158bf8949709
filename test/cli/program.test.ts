/** What is built and started as a program does what the command line does in the process of the other tests. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { captureFolder } from "../audit/captures.ts";
import { builtFramecheck, framecheck, projectRoot, put, temporaryFolder } from "./cli.ts";
import type { Ran } from "./cli.ts";

const folder = temporaryFolder();
const broken = join(projectRoot, "test/corpus/bad_isolation_undone_by_another_owner.json");

/** Words, and the exit code. */
type Case = readonly [what: string, words: readonly string[], code: number];

const cases: readonly Case[] = [
  ["no verb", [], 2],
  ["the help", ["help"], 0],
  ["the version", ["--version"], 0],
  ["a verb that there is not", ["chekc"], 2],
  ["a verb that objects have", ["toString"], 2],
  ["the options of a verb", ["start", "--help"], 0],
  ["the mutants", ["mutants"], 0],
  ["a search", ["check", "--runs", "1", "--seed", "2", "--json"], 0],
  ["a text that would move the cursor", ["check", "--seed", "1\n\u001b[2J"], 2],
  ["a broken rule", ["replay", broken], 1],
  ["a broken rule, explained", ["explain", broken], 1],
  ["JSON without end", ["replay", put(folder, "deep.json", "[".repeat(1_000_000))], 2],
  ["JSON of many levels", ["replay", put(folder, "levels.json", `{"framecheck":"scenario","version":1,"machine":${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}}`)], 2],
  ["an audit of saved files", ["audit", "--sysroot", captureFolder("dimm-mixed")], 0],
];

/** Without the lines of progress, which a slow machine has more of. */
function settled({ err, ...ran }: Ran): Ran {
  return { ...ran, err: err.replaceAll(/^check [^\n]* a second\n/gmu, "") };
}

describe.concurrent("the program", () => {
  it.each(cases)("answers as the command line does: %s", async (_, words, code) => {
    const [program, here] = await Promise.all([builtFramecheck(words), framecheck(words)]);

    expect(settled(program)).toEqual(settled(here));
    expect(program.code).toBe(code);
  });
});
