import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tiny } from "../check/searching.ts";
import { expectNarrow, framecheck, projectRoot, put, temporaryFolder } from "./cli.ts";

const corpus = (name: string): string => join(projectRoot, "test/corpus", `${name}.json`);

describe.concurrent("framecheck replay", () => {
  it("prints the counterexample of a scenario that breaks a rule, and how to see it again", async () => {
    const file = corpus("bad_isolation_undone_by_another_owner");

    const { code, out, err } = await framecheck(["replay", file]);

    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatch(/^HP-41 broken after command 2 of 2 +\(tiny\)\n/u);
    expect(out).toContain(`\nreplay: npx framecheck replay ${file}\n`);
    expectNarrow(out);
  });

  it("prints it as JSON", async () => {
    const { code, out } = await framecheck(["replay", corpus("bad_isolation_undone_by_another_owner"), "--json"]);

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ verdict: "breach", counterexample: { rule: "HP-41", breaking: 1, expected: { errno: "EBUSY" }, explainedBy: ["KD-2"] } });
  });

  it("says that every rule held", async () => {
    const { code, out, err } = await framecheck(["replay", corpus("good_tasks_take_turns")]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replaceAll(/\s+/gu, " ")).toBe(`holds: ${corpus("good_tasks_take_turns")}, 11 commands, profile strict `);
  });

  it("says why nothing can be said, which is no good news", async () => {
    const machine = { ...tiny, hotplugEnd: 2 ** 28 };
    const file = put(temporaryFolder(), "large.json", JSON.stringify({ framecheck: "scenario", version: 1, machine, commands: [{ op: "add", start: 0x100, nrPages: 2 ** 25, node: 0, memmapOnMemory: true, group: null }] }));

    const { code, out, err } = await framecheck(["replay", file]);

    expect({ code, err }).toEqual({ code: 2, err: "" });
    expect(out).toMatch(/^inconclusive: /u);
    expect(out.replaceAll(/\s+/gu, " ")).toContain("because add of 33554432 frames to 96 is more than the specification takes");
    expectNarrow(out);
  });

  it("takes another judge, another subject, and another fault than the file says", async () => {
    const scenario = JSON.parse(readFileSync(corpus("good_node_comes_and_goes"), "utf8")) as object;
    const planted = put(temporaryFolder(), "planted.json", JSON.stringify({ ...scenario, subject: { mutant: "CANARY" } }));

    const [judge, subject, added, kept, taken] = await Promise.all([
      framecheck(["replay", corpus("bad_isolation_undone_by_another_owner"), "--profile", "linux-6.12"]),
      framecheck(["replay", corpus("good_isolation_undone_by_another_owner_with_kd_2"), "--profile", "strict", "--subject-profile", "linux-6.12"]),
      framecheck(["replay", corpus("good_node_comes_and_goes"), "--mutant", "canary"]),
      framecheck(["replay", planted]),
      framecheck(["replay", planted, "--mutant", "none"]),
    ]);

    expect(judge).toMatchObject({ code: 0, out: expect.stringMatching(/^holds:\s/u) });
    expect(subject).toMatchObject({ code: 1, out: expect.stringContaining("HP-41 broken after command 2 of 2") });
    expect(added).toMatchObject({ code: 1, out: expect.stringContaining("broken after command 4 of 4") });
    expect(kept.out.replaceAll(planted, corpus("good_node_comes_and_goes"))).toBe(added.out);
    expect(taken).toMatchObject({ code: 0, out: expect.stringMatching(/^holds:\s/u) });
  });
});

describe.concurrent("framecheck explain", () => {
  it("tells every step, what it did, and why the last one is wrong", async () => {
    const { code, out, err } = await framecheck(["explain", corpus("bad_isolation_splits_wrong_list")]);

    expect({ code, err }).toEqual({ code: 1, err: "" });
    for (const op of ["alloc", "isolate", "free", "unisolate"]) expect(out).toContain(op);
    for (const number of [1, 2, 3, 4, 5]) expect(out).toMatch(new RegExp(`^.*\\b${number}\\b.*$`, "mu"));
    expectNarrow(out);
  });

  it("has nothing to tell where every rule held", async () => {
    expect(await framecheck(["explain", corpus("good_offline_moves_the_pages_away")])).toMatchObject({ code: 0, out: expect.stringMatching(/^holds:\s/u), err: "" });
  });
});
