import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixturePath, lineOf } from "../fidelity/fixture.ts";
import { threeRecords } from "../fidelity/hand-made.ts";
import { expectNarrow, expectRefused, framecheck, program, projectRoot, put, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();
const lines = threeRecords.map(lineOf);
const three = put(folder, "three.jsonl", lines.join("\n"));
const [agrees = "", differs = "", notExpressible = ""] = threeRecords.map(({ id }) => id);
const golden = readFileSync(join(projectRoot, "test/fixtures/reports/fidelity.80.txt"), "utf8");

function records(out: string): unknown {
  const run: { readonly records?: readonly { readonly id: string; readonly verdict: string }[] } = JSON.parse(out);
  return run.records?.map(({ id, verdict }) => `${id} ${verdict}`);
}

/** A record that needs a switch. */
function underProfile(profile: string): readonly string[] {
  return ["fidelity", fixturePath, "--json", "--record", "memmap-on-memory-contig", "--profile", profile];
}

describe("framecheck fidelity", () => {
  it("says in 80 columns what agrees, what differs and what is missing", async () => {
    expect(await framecheck(["fidelity", three])).toEqual({ code: 1, out: golden, err: "" });
  });

  it("does the same as it is built", async () => {
    expect(await program(["dist/src/cli/main.js", "fidelity", three], { cwd: projectRoot })).toEqual({ code: 1, out: golden, err: "" });
  });

  it("gives the same as JSON, in exactly these fields", async () => {
    const { code, out, err } = await framecheck(["fidelity", three, "--json"]);

    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(JSON.parse(out)).toEqual({
      framecheck: "fidelity",
      version: 1,
      subject: "engine",
      profile: "linux-6.12",
      records: [
        { id: agrees, verdict: "agrees", missing: "step 2: permissions of files; step 4: DirectMap4k of /proc/meminfo", compared: 4 },
        { id: differs, verdict: "differs", step: 2, predicted: expect.stringContaining("managed 32768"), observed: expect.stringContaining("managed 32767"), compared: 2 },
        { id: notExpressible, verdict: "not expressible", step: 2, missing: "a virtio balloon", compared: 2 },
      ],
      agree: 1,
      differ: 1,
      notExpressible: 1,
    });
  });

  it("plays the records of a real kernel", async () => {
    const { code, out, err } = await framecheck(["fidelity", fixturePath, "--record", "state-writes"]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("state-writes  agrees  27 steps\n\n1 record against the engine under profile linux-6.12: 1 agree, 0 differ");
    expectNarrow(out);
  });

  it("tells its options", async () => {
    const { code, out, err } = await framecheck(["fidelity", "--help"]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.startsWith("framecheck fidelity FILE [options]\n")).toBe(true);
    for (const option of ["--record", "--subject", "--profile", "--json", "Exit code 0"]) expect(out).toContain(option);
    expectNarrow(out);
  });
});

describe("framecheck fidelity --record", () => {
  it("plays only that record", async () => {
    const { out } = await framecheck(["fidelity", three, "--json", "--record", differs]);

    expect(records(out)).toEqual([`${differs} differs`]);
  });

  it("may be given more than once, and keeps the order of the file", async () => {
    const { out } = await framecheck(["fidelity", three, "--json", "--record", notExpressible, "--record", agrees, "--record", agrees]);

    expect(records(out)).toEqual([`${agrees} agrees`, `${notExpressible} not expressible`]);
  });

  it("does not know other ids, and plays nothing then", async () => {
    expectRefused(await framecheck(["fidelity", three, "--record", agrees, "--record", "nothing"]), `--record: no record "nothing" in the file, expected one of its 3 ids, as "${agrees}"`);
  });
});

describe("framecheck fidelity --subject", () => {
  it("lets the reference predict", async () => {
    const [engine, reference] = await Promise.all([framecheck(["fidelity", three, "--json"]), framecheck(["fidelity", three, "--json", "--subject", "reference"])]);

    expect(JSON.parse(reference.out)).toEqual({ ...JSON.parse(engine.out), subject: "reference" });
    expect(reference.code).toBe(1);
  });

  it("knows no others", async () => {
    expectRefused(await framecheck(["fidelity", three, "--subject", "kernel"]), '--subject: expected engine or reference, got "kernel"');
  });
});

describe("framecheck fidelity --profile", () => {
  it("predicts by that profile", async () => {
    const [all, none] = await Promise.all([framecheck(underProfile("linux-6.12")), framecheck(underProfile("linux-6.12-KD-4"))]);

    expect({ code: all.code, of: JSON.parse(all.out) }).toMatchObject({ code: 0, of: { profile: "linux-6.12", agree: 1, differ: 0 } });
    expect({ code: none.code, of: JSON.parse(none.out) }).toMatchObject({ code: 1, of: { profile: "linux-6.12-KD-4", agree: 0, differ: 1, records: [{ step: 5 }] } });
  });

  it("knows no others", async () => {
    expectRefused(await framecheck(["fidelity", three, "--profile", "linux-2.4"]), '--profile: unknown profile "linux-2.4"');
  });
});

describe("the exit code of framecheck fidelity", () => {
  it.each([
    [0, "everything agrees", [agrees]],
    [0, "nothing differs, and something agrees", [agrees, notExpressible]],
    [1, "something differs", [agrees, differs, notExpressible]],
    [2, "nothing can be expressed", [notExpressible]],
  ])("is %i where %s", async (code, _, ids) => {
    expect(await framecheck(["fidelity", three, ...ids.flatMap((id) => ["--record", id])])).toMatchObject({ code, err: "" });
  });
});

describe("framecheck fidelity of bad input", () => {
  mkdirSync(join(folder, "folder"));
  const unclosed = (lines[0] ?? "").slice(0, -1);

  it.each([
    ["no file", [], "fidelity: expected a file of records; see framecheck fidelity --help"],
    ["two files", [three, three], "fidelity: expected a file of records and nothing else"],
    ["an unknown option", [three, "--sbuject", "engine"], "fidelity: Unknown option '--sbuject'"],
    ["an option without its value", [three, "--record"], "fidelity: Option '--record <value>' argument missing"],
    ["a file that is not there", [join(folder, "missing.jsonl")], "missing.jsonl: can not be read: ENOENT, there is no such file or directory"],
    ["a directory", [join(folder, "folder")], "folder: expected a file, got a directory"],
    ["an empty file", [put(folder, "empty.jsonl", "")], "empty.jsonl: the file is empty, expected one record a line"],
    ["a file that is not UTF-8", [put(folder, "binary.jsonl", new Uint8Array([0x7f, 0x45, 0xff]))], "binary.jsonl: expected JSON Lines in UTF-8"],
    ["a broken line", [put(folder, "broken.jsonl", `${lines[1] ?? ""}\n\n${unclosed}\n`)], `broken.jsonl: line 3, column ${unclosed.length + 1}: the text ends here`],
    ["a line that is no record", [put(folder, "other.jsonl", `${lines[1] ?? ""}\n{"framecheck":"scenario"}`)], "other.jsonl: line 2: id: expected a text of at most 100 characters, got nothing"],
    ["an id twice", [put(folder, "twice.jsonl", `${lines[1] ?? ""}\n${lines[1] ?? ""}`)], `twice.jsonl: line 2: id: expected another than that of line 1, got "${differs}"`],
  ])("refuses %s in one line", async (_, words, says) => {
    expectRefused(await framecheck(["fidelity", ...words]), says);
  });
});
