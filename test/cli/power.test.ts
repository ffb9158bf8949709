import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectNarrow, expectRefused, framecheck, interrupted, put, temporaryFolder } from "./cli.ts";

const quick = ["power", "--seeds", "1", "--executions", "20", "--baseline-commands", "10"];

describe.concurrent("framecheck power", () => {
  it("prints a row a mutant, in the order of the catalogue, and exits 0 where all were found", async () => {
    const { code, out } = await framecheck([...quick, "--mutant", "b50", "--mutant", "B04", "--mutant", "b50"]);

    expect(code).toBe(0);
    expect(out).toMatch(/^2 of 2 mutants found from every seed \(seed 1\), in \d+ s\n/u);
    expect([...out.matchAll(/^ {2}(\w+) +1\/1 /gmu)].map(([, id]) => id)).toEqual(["B04", "B50"]);
    expectNarrow(out);
  });

  it("prints the same, however many are measured at a time, and times only where they are asked for", async () => {
    const words = [...quick, "--mutant", "b50", "--mutant", "B04", "--mutant", "b24", "--json"];

    const [one, two, timed] = [await framecheck([...words, "--jobs", "1"]), await framecheck([...words, "--jobs", "2"]), await framecheck([...words, "--times"])];

    expect(two.out).toBe(one.out);
    expect(JSON.parse(one.out)).toMatchObject({ mutants: [{ medianSeconds: null, maxSeconds: null }, {}, {}] });
    expect(JSON.parse(timed.out)).toMatchObject({ mutants: [{ medianSeconds: expect.any(Number) as number, maxSeconds: expect.any(Number) as number }, {}, {}] });
  });

  it("exits 1 where one was not found", async () => {
    const { code, out } = await framecheck([...quick, "--mutant", "b18", "--runs", "0", "--executions", "0", "--json"]);

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ framecheck: "power", version: 1, seeds: 1, limits: { runs: 0, seconds: null }, mutants: [{ id: "B18", found: 0, of: 1, medianRuns: null, shortest: null }] });
  });

  it("writes the page and the drawing, the same bytes each time", async () => {
    const folder = temporaryFolder();
    const words = [...quick, "--mutant", "b24", "--json", "--out"];

    const [first, second] = [await framecheck([...words, join(folder, "a", "b")]), await framecheck([...words, join(folder, "c")])];

    expect([first.code, second.code, second.out]).toEqual([0, 0, first.out]);
    expect(first.err).toBe(`saved ${folder}/a/b/power.md\nsaved ${folder}/a/b/power.svg\n`);
    expect(readdirSync(join(folder, "c"))).toEqual(["power.md", "power.svg"]);
    for (const name of ["power.md", "power.svg"]) expect(readFileSync(join(folder, "c", name), "utf8")).toBe(readFileSync(join(folder, "a/b", name), "utf8"));
    expect(readFileSync(join(folder, "c", "power.md"), "utf8")).not.toContain(folder);
  });

  it("prints what was measured so far when it is interrupted, and saves nothing", async () => {
    const folder = temporaryFolder();
    const begun = join(folder, "begun");

    const { code, out, err } = await interrupted(["power", "--seeds", "1000", "--out", begun], begun);

    expect(code).toBe(1);
    expect(out).toMatch(/; stopped early\n/u);
    expect(err).toContain("nothing saved");
    expect(readdirSync(begun)).toEqual([]);
  });

  it.each([
    [["--mutant", "b00"], '--mutant: no mutant "b00"'],
    [["--seeds", "0"], "--seeds: expected a whole number from 1 to 1000"],
    [["--seconds", "-1"], "--seconds"],
    [["--runs", "x"], "--runs: expected a whole number"],
    [["--jobs", "0"], "--jobs: expected a whole number from 1 to 256"],
    [["--baseline-seeds", "-1"], "--baseline-seeds"],
    [["--executions", "1.5"], "--executions: expected a whole number"],
    [["--seed", "1"], "power: Unknown option '--seed'"],
    [["b46"], 'power: unexpected "b46"'],
  ])("refuses %j", async (words, says) => {
    expectRefused(await framecheck(["power", ...words]), says);
  });

  it("refuses a file for a folder before it begins", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "deep"));
    const file = put(folder, "file", "");

    expectRefused(await framecheck([...quick, "--out", file]), "--out: expected a folder, got the file");
    expect(existsSync(join(file, "power.md"))).toBe(false);
  });
});
