import { describe, expect, it } from "vitest";
import { mutants } from "../../src/mutants/index.ts";
import { expectNarrow, expectRefused, framecheck } from "./cli.ts";

const verbs: Readonly<Record<string, readonly string[]>> = {
  check: ["--machine", "--profile", "--subject-profile", "--runs", "--seconds", "--seed", "--mutant", "--campaign", "--corpus", "--max-reductions", "--out", "--json"],
  replay: ["--profile", "--subject-profile", "--mutant", "--json"],
  explain: ["same options as replay"],
  audit: ["--sysroot", "--json"],
  mutants: ["--json"],
  power: ["--mutant", "--seeds", "--seconds", "--runs", "--executions", "--baseline-commands", "--out", "--json"],
  start: [],
};

describe.concurrent("framecheck", () => {
  it.each(["help", "-h"])("%s lists the verbs", async (word) => {
    const { code, out, err } = await framecheck([word]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const verb of Object.keys(verbs)) expect(out).toMatch(new RegExp(`^ {2}${verb} `, "mu"));
    expectNarrow(out);
  });

  it("lists the verbs where none is given, and did nothing", async () => {
    const [none, help] = await Promise.all([framecheck([]), framecheck(["help"])]);

    expect(none).toEqual({ code: 2, out: help.out, err: "" });
  });

  it.each(Object.entries(verbs))("%s --help tells its options", async (verb, options) => {
    const { code, out, err } = await framecheck([verb, "--help"]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.startsWith(`framecheck ${verb}`)).toBe(true);
    for (const option of options) expect(out).toContain(option);
    expectNarrow(out);
  });

  it("tells its version", async () => {
    expect(await framecheck(["--version"])).toMatchObject({ code: 0, out: expect.stringMatching(/^framecheck \d+\.\d+\.\d+\n$/u), err: "" });
  });

  it.each([["chekc"], ["toString"]])("does not know the verb %j", async (verb) => {
    expectRefused(await framecheck([verb]), `unknown verb "${verb}", expected one of check, replay, explain, audit, fidelity, mutants, power, start`);
  });
});

describe.concurrent("framecheck mutants", () => {
  it("has a paragraph for each", async () => {
    const { code, out } = await framecheck(["mutants"]);

    expect(code).toBe(0);
    expect(out.split("\n").flatMap((line) => /^(\w+) /u.exec(line)?.[1] ?? [])).toEqual(mutants.map(({ id }) => id));
    expectNarrow(out);
  });

  it("has them as JSON", async () => {
    const { code, out } = await framecheck(["mutants", "--json"]);

    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(mutants.map(({ id, title, effect, machine }) => ({ id, title, effect, machine })));
  });
});
