import { mkdirSync, readFileSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { clauses, switchIds } from "../../models/index.ts";
import { goals, invariants, laws, pseudoRandom } from "../../properties/index.ts";
import { parseAny } from "../../src/formats/any-file.ts";
import { mutants } from "../../src/mutants/index.ts";
import { builtFramecheck, expectNarrow, framecheck, interrupted, program, projectRoot, put, temporaryFolder } from "./cli.ts";
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
    const words = ["check", "--mutant", "b42", "--max-reductions", "100", "--json"];

    const [first, second] = await Promise.all([framecheck(words), builtFramecheck(words)]);

    expect(second.out).toBe(first.out);
    expect([first.code, second.code]).toEqual([1, 1]);
    expect(JSON.parse(first.out)).toMatchObject({ verdict: "breach", seed: 1, machine: mutants.find(({ id }) => id === "B42")?.machine, counterexample: { subject: { subject: "engine", profile: "strict", mutant: "B42" }, explainedBy: [], reduction: { executions: 100, complete: false } } });
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
