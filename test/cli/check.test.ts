import { mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clauses, switchIds } from "../../models/index.ts";
import { goals, invariants, laws, pseudoRandom } from "../../properties/index.ts";
import { parseAny } from "../../src/formats/any-file.ts";
import { machineText } from "../../src/formats/machine.ts";
import { mutants } from "../../src/mutants/index.ts";
import { tiny } from "../check/searching.ts";
import { builtFramecheck, expectNarrow, expectRefused, framecheck, interrupted, program, projectRoot, put, temporaryFolder } from "./cli.ts";
import type { Ran } from "./cli.ts";

const folder = temporaryFolder();

/** A search that finds at once that a compound contiguous allocation loses frames, with what it found in a folder. */
let saving: Promise<Ran & { readonly to: string }> | undefined;
function saved(): Promise<Ran & { readonly to: string }> {
  const to = join(folder, "deep", "found");
  saving ??= framecheck(["check", "--subject-profile", "strict+KD-3", "--seed", "8", "--runs", "1", "--out", to]).then((ran) => ({ ...ran, to }));
  return saving;
}

describe.concurrent("framecheck check", () => {
  it("prints what was covered where every rule held", async () => {
    const { code, out } = await framecheck(["check", "--runs", "1", "--seed", "2", "--machine", "tiny-wide", "--profile", "linux-6.12"]);

    expect(code).toBe(0);
    expect(out).toMatch(/^holds +\(seed 2, profile linux-6\.12\)\n\d+ commands in 1 run on 1 machine, \d+ a second\n/u);
    expect(out).toContain(`of ${goals.length} reached; not reached:`);
    expectNarrow(out);
  });

  it("prints one JSON object of this shape where every rule held", async () => {
    const { code, out } = await framecheck(["check", "--runs", "1", "--seed", "2", "--machine", "drawn", "--profile", "linux-6.12-EX-7", "--json"]);
    const { version: _version, ...report } = JSON.parse(out) as Record<string, unknown>;

    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain("\n");
    expect(Object.keys(report)).toEqual(["verdict", "seed", "machine", "profile", "runs", "commands", "goals", "clauses", "rules", "permissions"]);
    expect(report).toEqual({
      verdict: "holds",
      seed: 2,
      machine: "drawn",
      profile: "linux-6.12-EX-7",
      runs: 1,
      commands: expect.any(Number),
      goals: goals.map(({ id }) => ({ id, reached: expect.any(Boolean) })),
      clauses: Object.keys(clauses).map((id) => ({ id, reached: expect.any(Boolean) })),
      rules: [...invariants, ...laws].map(({ id }) => ({ id, reached: expect.any(Boolean) })),
      permissions: switchIds.filter((id) => id !== "EX-7").toSorted().map((id) => ({ id, used: expect.any(Number) })),
    });
  });

  it("prints the same bytes for the same seed in another process, of a planted bug on the machine where it shows", async () => {
    const words = ["check", "--mutant", "b54", "--json"];

    const [first, second] = await Promise.all([framecheck(words), builtFramecheck(words)]);

    expect(second.out).toBe(first.out);
    expect([first.code, second.code]).toEqual([1, 1]);
    expect(JSON.parse(first.out)).toMatchObject({ verdict: "breach", seed: 1, machine: mutants.find(({ id }) => id === "B54")?.machine, counterexample: { subject: { subject: "engine", profile: "strict", mutant: "B54" }, explainedBy: [], reduction: { complete: true } } });
  });

  it("lists what it found besides the first", async () => {
    const { code, out } = await framecheck(["check", "--subject-profile", "strict+KD-2+KD-3", "--seed", "86", "--runs", "3", "--max-reductions", "0"]);

    expect(code).toBe(1);
    expect(out).toMatch(/^also: /mu);
    expect(out).toContain("\nbreach: 2 rules broken ");
    expectNarrow(out);
  });

  it("stops in time, and when it is interrupted, with the exit code of what it has", async () => {
    // The folder is there when the search begins.
    const begun = join(folder, "begun");

    const [late, stopped] = await Promise.all([framecheck(["check", "--seconds", "0.2"]), interrupted(["check", "--runs", "1000000", "--out", begun], begun)]);

    expect([late.code, stopped.code]).toEqual([0, 0]);
    expect(late.out).toMatch(/^holds .*\n.* a second\n/u);
    expect(stopped.out).toMatch(/^holds .*\n.*; stopped early\n/u);
  });
});

describe.concurrent("framecheck check --exhaustive", () => {
  it("tries every scenario there is", async () => {
    const { code, out } = await framecheck(["check", "--exhaustive", "0", "--machine", "tiny-equal"]);

    expect(code).toBe(0);
    expect(out).toMatch(/^holds +\(profile strict\)\n0 commands in 1 run on 1 machine, 0 a second; every one there is\n/u);
  });

  it("says so where it did not", async () => {
    const { code, out } = await framecheck(["check", "--exhaustive", "2", "--runs", "3", "--json"]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ verdict: "holds", seed: null, runs: 3, exhausted: false });
  });
});

describe.concurrent("framecheck check --tape", () => {
  const draw = pseudoRandom(3);
  const bytes = Uint8Array.from({ length: 600 }, () => draw.below(256));
  const planted = ["check", "--mutant", "canary", "--max-reductions", "0", "--json"];

  it("walks by the bytes of a file, and finds what they lead to", async () => {
    const file = put(folder, "found.tape", bytes);

    const [held, broken] = await Promise.all([framecheck(["check", "--tape", file]), framecheck([...planted, "--tape", file])]);

    expect(held).toMatchObject({ code: 0, out: expect.stringMatching(/^holds +\(profile strict\)\n\d+ commands in 1 run /u) });
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.out)).toMatchObject({ verdict: "breach", seed: null, runs: 1, counterexample: { subject: { mutant: "CANARY" }, seed: null } });
  });

  it("takes the bytes of standard input, in this process or another", async () => {
    const file = put(folder, "piped.tape", bytes);

    const [fromFile, inParts, piped] = await Promise.all([
      framecheck([...planted, "--tape", file]),
      framecheck([...planted, "--tape", "-"], [bytes.subarray(0, 100), bytes.subarray(100)]),
      builtFramecheck([...planted, "--tape", "-"], bytes),
    ]);

    expect([inParts, piped].map(({ code, out }) => ({ code, out }))).toEqual([fromFile, fromFile].map(({ code, out }) => ({ code, out })));
  });

  it("makes something of any bytes, and boots the machine for none", async () => {
    const tapes = [[], [0], [255, 255, 255], Array.from({ length: 150 }, () => 0), Array.from({ length: 150 }, () => 255)].map((tape) => Uint8Array.from(tape));

    const ran = await Promise.all(tapes.map((tape) => framecheck(["check", "--tape", "-", "--machine", "drawn", "--json"], [tape])));

    expect(ran.map(({ code }) => code)).toEqual(tapes.map(() => 0));
    expect(JSON.parse(ran[0]?.out ?? "")).toMatchObject({ runs: 1, commands: 0 });
  });
});

/** The files of a folder, with what is in them. */
function texts(corpus: string): readonly string[] {
  return readdirSync(corpus).toSorted().map((name) => `${name}: ${readFileSync(join(corpus, name), "utf8")}`);
}

describe.concurrent("framecheck check --campaign", () => {
  const words = ["check", "--campaign", "--seed", "3", "--runs", "3"];

  it("gives the same bytes for the same seed, with an empty corpus or none, and keeps the same", async () => {
    const [one, two] = [join(folder, "corpus", "one"), join(folder, "corpus", "two")];

    const [first, second, without, other] = await Promise.all([
      framecheck([...words, "--json", "--corpus", one]),
      builtFramecheck([...words, "--json", "--corpus", two]),
      framecheck([...words, "--json"]),
      framecheck(["check", "--campaign", "--seed", "4", "--runs", "1", "--json"]),
    ]);

    expect([first, second, without, other].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect([second?.out, without?.out]).toEqual([first?.out, first?.out]);
    expect(other?.out).not.toBe(first?.out);
    expect(JSON.parse(first?.out ?? "")).toMatchObject({ verdict: "holds", seed: 3, runs: 3 });
    expect(texts(one).length).toBeGreaterThan(1);
    expect(texts(two)).toEqual(texts(one));
    expect(first?.err).toContain(`kept ${texts(one).length} new scenarios in ${one}\n`);
  });

  it("runs first what a corpus has for the machine, besides its own runs, and leaves it as it was", async () => {
    const corpus = join(folder, "grown");
    await framecheck(["check", "--campaign", "--seed", "3", "--runs", "2", "--corpus", corpus]);
    const before = texts(corpus);
    put(corpus, "a_scenario_of_another_machine.json", JSON.stringify({ framecheck: "scenario", version: 1, machine: "tiny-34", profile: "strict", commands: [] }));
    put(corpus, "notes.txt", "not a scenario");

    const { code, out, err } = await framecheck(["check", "--campaign", "--seed", "4", "--runs", "2", "--corpus", corpus, "--json"]);

    expect(code).toBe(0);
    expect(before.length).toBeGreaterThan(1);
    expect(JSON.parse(out)).toMatchObject({ verdict: "holds", runs: before.length + 2 });
    expect(err).toMatch(/kept \d+ new scenarios? in [^\n]*\n$/u);
    expect(texts(corpus)).toEqual(expect.arrayContaining([...before]));
    expect(texts(corpus).length).toBeGreaterThan(before.length + 1);
  });

  it("keeps scenarios that can be replayed, and replaces none", async () => {
    const corpus = join(folder, "replaces");
    mkdirSync(corpus);
    await framecheck(["check", "--campaign", "--seed", "3", "--runs", "1", "--corpus", corpus]);
    const [name = ""] = readdirSync(corpus);
    // A scenario of that name that no longer reaches anything.
    const old = JSON.stringify({ framecheck: "scenario", version: 1, machine: "tiny", profile: "strict", commands: [] });
    put(corpus, name, old);

    const { code } = await framecheck(["check", "--campaign", "--seed", "3", "--runs", "1", "--corpus", corpus]);
    const replayed = await framecheck(["replay", join(corpus, name.replace(".json", "_2.json"))]);

    expect(code).toBe(0);
    expect(readFileSync(join(corpus, name), "utf8")).toBe(old);
    expect(readdirSync(corpus).toSorted()).toEqual([name, name.replace(".json", "_2.json")].toSorted());
    expect(replayed).toMatchObject({ code: 0, out: expect.stringMatching(/^holds:\s/u) });
  });

  it("refuses a broken file in the corpus, and leaves all as it was", async () => {
    const corpus = join(folder, "broken");
    mkdirSync(corpus);
    put(corpus, "a.json", JSON.stringify({ framecheck: "scenario", version: 1, machine: "tiny", profile: "strict", commands: [] }));
    put(corpus, "b.json", '{ "framecheck": "scenario", ');
    const before = texts(corpus);

    expectRefused(await framecheck([...words, "--corpus", corpus]), "b.json: line 1 column 29: the text ends here");
    expect(texts(corpus)).toEqual(before);
  });

  it("refuses a scenario of a machine that nobody can check", async () => {
    const corpus = join(folder, "huge");
    mkdirSync(corpus);
    const { machine } = JSON.parse(machineText(tiny)) as { readonly machine: object };
    put(corpus, "far.json", JSON.stringify({ framecheck: "scenario", version: 1, machine: { ...machine, nodes: [{ memory: [{ start: 0, nrPages: 2 ** 24 }] }], cma: [], bootMemmap: null, hotplugEnd: 2 ** 24 }, profile: "strict", commands: [] }));

    expectRefused(await framecheck([...words, "--corpus", corpus]), "far.json: machine: the boot memory fills sections of 16777216 frames");
  });

  it.runIf(process.platform === "linux")("refuses a folder that can not be written", async () => {
    expectRefused(await framecheck([...words, "--corpus", "/proc/self"]), "--corpus: /proc/self can not be made or written to: ");
  });

  it.runIf(process.platform === "linux")("tells what it found where a scenario could not be kept, and then that", async () => {
    // A folder with so long a path that its files have none.
    let long = folder;
    while (long.length + 151 < 4000) long = join(long, "d".repeat(150));
    long = join(long, "e".repeat(4080 - long.length - 1));

    const { code, out, err } = await framecheck([...words, "--corpus", long, "--json"]);

    expect(code).toBe(2);
    expect(err).toMatch(/framecheck: [^\n]*\.json: can not be written: ENAMETOOLONG, the name is too long\n$/u);
    // It ends when the first could not be kept.
    expect(JSON.parse(out)).toMatchObject({ verdict: "holds", runs: 1 });
  });

  it("finds a planted bug, and saves it to be replayed", async () => {
    const [to, corpus] = [join(folder, "campaign-found"), join(folder, "campaign-corpus")];

    const { code, out, err } = await framecheck(["check", "--campaign", "--mutant", "canary", "--max-reductions", "50", "--out", to, "--corpus", corpus]);
    const file = /^saved (.*\.json)$/mu.exec(err)?.[1] ?? "";
    const [replayed, fixed] = await Promise.all([framecheck(["replay", file]), framecheck(["replay", file, "--mutant", "none"])]);

    expect(code).toBe(1);
    expect(out).toContain(`\nreplay: npx framecheck replay ${file}\n`);
    expect(replayed.code).toBe(1);
    expect(fixed.code).toBe(0);
    expectNarrow(out);
  });
});

describe.concurrent("framecheck check --out", () => {
  it("prints a counterexample and the summary", async () => {
    const { code, out } = await saved();

    expect(code).toBe(1);
    expect(out).toMatch(/^FC-10 broken after command 1 of 1 +\(tiny, seed 8, shrunk from \d+\)\n/u);
    expect(out).toContain("\nbreach: 1 rule broken ");
    expectNarrow(out);
  });

  it("writes what it found, and says so", async () => {
    const { out, err, to } = await saved();

    expect(readdirSync(to)).toEqual(["bad_kd_3_tiny.json", "bad_kd_3_tiny.test.js"]);
    expect(err).toMatch(new RegExp(`saved ${to}/bad_kd_3_tiny\\.json\nsaved ${to}/bad_kd_3_tiny\\.test\\.js\n$`, "u"));
    expect(out).toContain(`\nreplay: npx framecheck replay ${to}/bad_kd_3_tiny.json\n`);
  });

  it("writes a file that can be replayed and explained", async () => {
    const { to } = await saved();
    const file = join(to, "bad_kd_3_tiny.json");

    const [replayed, fixed, unplanted, explained] = await Promise.all([framecheck(["replay", file]), framecheck(["replay", file, "--subject-profile", "strict"]), framecheck(["replay", file, "--profile", "strict+KD-3", "--json"]), framecheck(["explain", file])]);

    expect(parseAny({ name: file, bytes: readFileSync(file) })).toMatchObject({ ok: true, value: { counterexample: { signature: "KD-3", seed: 8, run: 0 } } });
    expect(replayed).toMatchObject({ code: 1, out: expect.stringMatching(/^FC-10 broken after command 1 of 1 +\(tiny, seed 8, shrunk from \d+\)\n/u), err: "" });
    expect(fixed).toMatchObject({ code: 0, out: expect.stringMatching(/^holds:\s/u), err: "" });
    expect(unplanted).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(unplanted.out)).toMatchObject({ verdict: "holds" });
    expect(explained).toMatchObject({ code: 1, err: "" });
    for (const { out } of [replayed, fixed, explained]) expectNarrow(out);
  });

  it("writes a test that fails while the defect is there", async () => {
    const { to } = await saved();
    mkdirSync(join(to, "node_modules"));
    symlinkSync(projectRoot, join(to, "node_modules", "framecheck"));
    symlinkSync(join(projectRoot, "node_modules", "vitest"), join(to, "node_modules", "vitest"));

    const { code, out, err } = await program([join(projectRoot, "node_modules/vitest/vitest.mjs"), "run", "--root", to, "--reporter", "json"], { cwd: to });
    const { testResults } = JSON.parse(out) as { readonly testResults: readonly { readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[] }[] };

    expect(code, err).toBe(1);
    expect(testResults.flatMap(({ assertionResults }) => assertionResults)).toMatchObject([{ status: "failed", failureMessages: [expect.stringContaining("expected 'breach' to be 'holds'")] }]);
  });
});
