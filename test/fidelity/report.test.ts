import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { fidelityJson, fidelityText } from "../../src/fidelity/report.ts";
import type { FidelityRun } from "../../src/fidelity/report.ts";
import { play } from "./fixture.ts";
import { threeRecords } from "./hand-made.ts";

const run: FidelityRun = { subject: "engine", profile: "linux-6.12", results: threeRecords.map((record) => play(record)) };
const golden = (name: string): string => `../fixtures/reports/${name}`;

describe("the text of a fidelity run", () => {
  it.each([80, 50])("has a line a record, each difference in full, and the total, in %i columns", async (width) => {
    const text = fidelityText(run, threeRecords, { width, colour: false });

    expect(text.split("\n").filter((line) => line.length > width)).toEqual([]);
    await expect(text).toMatchFileSnapshot(golden(`fidelity.${width}.txt`));
  });

  it("says the same with colour", () => {
    const coloured = fidelityText(run, threeRecords, { width: 80, colour: true });

    expect(coloured).toContain("\u001b[31mdiffers\u001b[39m");
    expect(stripVTControlCharacters(coloured)).toBe(fidelityText(run, threeRecords, { width: 80, colour: false }));
  });

  it("keeps to its width, and to what a terminal only shows, whatever the id", () => {
    const ids = ["x".repeat(100), "a\u001b[2J and more"];
    const long = { ...run, results: run.results.flatMap((result) => ids.map((id) => ({ ...result, id }))) };
    const text = fidelityText(long, threeRecords, { width: 40, colour: false });

    expect(text.split("\n").filter((line) => line.length > 40)).toEqual([]);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/u);
    expect(text).toContain("a\\u{1b}[2J and more");
  });

  it("tells of no relation where none was needed", () => {
    const plain = { ...run, results: run.results.map((result) => ({ ...result, relations: [] })) };

    expect(fidelityText(plain, threeRecords, { width: 80, colour: false })).not.toContain("relation");
  });

  it("shows one step and one record as one", () => {
    const [first] = run.results;
    if (first === undefined) throw new Error("no result");
    const one: FidelityRun = { ...run, results: [{ ...first, compared: 1, notCompared: [], relations: [] }] };

    expect(fidelityText(one, threeRecords, { width: 80, colour: false })).toBe(`${first.id}  agrees  1 step\n\n1 record against the engine under profile linux-6.12: 1 agree, 0 differ, 0 not\nexpressible. In records that agree 1 step was compared, 0 not.\n`);
  });
});

describe("the JSON of a fidelity run", () => {
  it("has each record with what was found, and nothing else", () => {
    expect(JSON.parse(fidelityJson(run))).toEqual({
      framecheck: "fidelity",
      version: 1,
      subject: "engine",
      profile: "linux-6.12",
      records: [
        { id: "quiet-zone", verdict: "agrees", missing: "step 2: permissions of files; step 4: DirectMap4k of /proc/meminfo", compared: 4 },
        { id: "another-zone", verdict: "differs", step: 2, predicted: "zone 1:Movable start 1048576, spanned 32768, present 32768, managed 32768", observed: "zone 1:Movable start 1048576, spanned 32768, present 32768, managed 32767", compared: 2 },
        { id: "a-balloon-that-takes-memory-away", verdict: "not expressible", step: 2, missing: "a virtio balloon", compared: 2 },
      ],
      agree: 1,
      differ: 1,
      notExpressible: 1,
    });
  });

  it("has its fields in this order", () => {
    const text = fidelityJson(run);
    const names = [...text.matchAll(/^ {2}"(\w+)"/gmu)].map(([, name]) => name);

    expect(names).toEqual(["framecheck", "version", "subject", "profile", "records", "agree", "differ", "notExpressible"]);
    expect(text.endsWith("}\n")).toBe(true);
  });
});
