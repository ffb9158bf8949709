import { describe, expect, it } from "vitest";
import { mutants } from "../../src/mutants/index.ts";
import { chart, curvesOf } from "../../src/power/chart.ts";
import { powerJson } from "../../src/power/json.ts";
import { catalogueIds } from "../../src/power/not-modelled.ts";
import { powerPage } from "../../src/power/page.ts";
import { baselineRows, foundAll, median, rowsOf } from "../../src/power/rows.ts";
import { powerText } from "../../src/power/text.ts";
import { left, isolate, measurement } from "./measurements.ts";

const golden = (name: string): string => `../fixtures/power/${name}`;

describe("a median", () => {
  it("is the middle one, or the mean of the two in the middle", () => {
    expect([[], [4], [9, 1, 2], [1, 10, 2, 3]].map(median)).toEqual([null, 4, 2, 2.5]);
  });
});

describe("the rows of a measurement", () => {
  it("count seeds, sizes and different forms", () => {
    const [found, atBoot, shorter, missed] = rowsOf(measurement);

    expect(found).toMatchObject({ id: "B44", found: 3, of: 3, medianRuns: 2, medianCommands: 90, medianExecutions: 20, sizes: { min: 1, median: 1, max: 3 }, forms: 2, shortest: 1, shortestBy: "exhaustive" });
    expect(found?.minimal[0]?.commands).toEqual([isolate(1, 0x24)]);
    expect(found?.minimal.map(({ commands, seeds, rules }) => [commands.length, seeds, rules])).toEqual([[1, [1, 3], ["FC-83"]], [3, [2], ["FC-83"]]]);
    expect(atBoot).toMatchObject({ forms: 1, shortest: 0, shortestBy: "exhaustive" });
    expect(shorter).toMatchObject({ found: 1, of: 3, medianRuns: 45, sizes: { min: 3, median: 3, max: 3 }, shortest: 2, shortestBy: "exhaustive" });
    expect(missed).toMatchObject({ found: 0, of: 3, forms: 0, shortest: null, shortestBy: null });
  });

  it("say that the search knows of nothing shorter where the enumeration ended first", () => {
    const [first] = measurement.mutants;
    if (first === undefined) throw new Error("nothing was measured");
    const ended = { ...first, exhausted: { says: "not shorter in the budget" as const, upTo: -1, executions: 0, commands: null, rule: null } };

    expect(rowsOf({ mutants: [ended, { ...ended, exhausted: null }] })).toMatchObject([{ shortest: 1, shortestBy: "search" }, { shortest: 1, shortestBy: "search" }]);
  });

  it("sum up the baselines", () => {
    expect(baselineRows(measurement)).toMatchObject([
      { id: "default", of: 12, found: 5, executions: 120, mutants: [{ id: "B44", of: 3, found: 2, medianCommands: 35 }, { id: "B50", found: 3 }, { id: "B58", found: 0, medianCommands: null }, { id: "B69", found: 0 }] },
      { id: "max", of: 12, found: 6 },
    ]);
  });

  it("are all found only where every seed found its mutant, and none is missing", () => {
    const [found] = measurement.mutants;
    const good = found === undefined ? [] : [found];

    expect(foundAll({ ...measurement, mutants: good })).toBe(true);
    expect([measurement, { ...measurement, mutants: good, interrupted: true }, { ...measurement, mutants: good, seeds: 4 }].map(foundAll)).toEqual([false, false, false]);
  });
});

describe("a measurement as JSON", () => {
  const text = powerJson(measurement);
  const json = JSON.parse(text) as Record<string, unknown>;

  it("has this shape", () => {
    expect(text.trimEnd()).not.toContain("\n");
    expect(Object.keys(json)).toEqual(["framecheck", "version", "seeds", "limits", "mutants", "notModelled", "baseline"]);
    expect(json).toMatchObject({
      framecheck: "power",
      version: 1,
      seeds: 3,
      mutants: rowsOf(measurement).map(({ id, title, found, of, medianRuns, medianCommands, medianExecutions, sizes, forms, shortest, shortestBy }) => ({ id, title, found, of, medianRuns, medianCommands, medianExecutions, sizes, forms, shortest, shortestBy })),
      baseline: [{ id: "default", of: 12, found: 5, executions: 120 }, { id: "max", of: 12, found: 6, executions: 120 }],
    });
  });

  it("tells of every entry of the catalogue that is no mutant why, interleavings said so", () => {
    const told = json.notModelled as readonly { readonly id: string; readonly why: string }[];

    expect(told.map(({ id }) => id)).toEqual(catalogueIds.filter((id) => !mutants.some((mutant) => mutant.id === id)));
    expect(told.filter(({ why }) => why.startsWith("an interleaving: ")).length).toBe(11);
  });

  it("says where it was stopped", () => {
    expect(JSON.parse(powerJson({ ...measurement, interrupted: true }))).toMatchObject({ interrupted: true });
  });
});

describe("a measurement in words", () => {
  it("is this page", async () => {
    await expect(powerPage(measurement, left)).toMatchFileSnapshot(golden("page.md"));
  });

  it("is this text", async () => {
    await expect(powerText(measurement, { width: 80, took: 61.4, left })).toMatchFileSnapshot(golden("text.80.txt"));
  });

  it("fits 80 columns, and says where it was stopped", () => {
    const text = powerText({ ...measurement, interrupted: true }, { width: 80, took: null });

    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain("; stopped early");
    expect(powerPage({ ...measurement, interrupted: true })).toContain("stopped early");
  });

  it("has no clock in its page, and the command that prints it again", () => {
    const { mutants: measured } = measurement;

    expect(powerPage(measurement)).toContain(`framecheck power${measured.map(({ mutant }) => ` --mutant ${mutant.id}`).join("")} --seeds 3 --times --out docs`);
    expect(powerPage({ ...measurement, seconds: 5, limits: { ...measurement.limits, runs: 7 } })).toContain(" --seeds 3 --seconds 5 --runs 7 --times --out docs");
  });
});

describe("the drawing", () => {
  const curves = curvesOf(measurement);
  const drawing = chart(curves, { mutants: 4, seeds: 3 });

  it("has a curve a searcher, which rises where a mutant was found", () => {
    expect(curves.map(({ id, at, end }) => ({ id, at, end }))).toEqual([
      { id: "ours", at: [0, 0, 0, 12, 90, 200, 3932], end: 35_800 },
      { id: "default", at: [0, 0, 0, 30, 40], end: 2000 },
      { id: "max", at: [0, 0, 0, 7, 20, 50], end: 3932 },
    ]);
  });

  it("ends a curve at the first search that was given up, and counts nothing behind it", () => {
    const late = curvesOf({ mutants: measurement.mutants.map((each) => ({ ...each, baselines: [{ id: "max", runs: [{ seed: 1, found: true, executions: 1, commands: 900 }, { seed: 2, found: false, executions: 1, commands: 500 }, { seed: 3, found: true, executions: 1, commands: 5 }] }] })) });

    expect(late[1]).toMatchObject({ id: "max", at: [5, 5, 5, 5], end: 500 });
  });

  it("is well-formed: every tag ends, in its order", () => {
    const open: string[] = [];
    for (const [, end, name = "", empty] of drawing.matchAll(/<(\/?)([a-z]+)(?:\s[a-zA-Z0-9-]+="[^"<&]*")*(\/?)>/gu)) {
      if (end === "/") expect(open.pop()).toBe(name);
      else if (empty !== "/") open.push(name);
    }

    expect(open).toEqual([]);
    expect(drawing.split("<").length - 1).toBe([...drawing.matchAll(/<(\/?)([a-z]+)(?:\s[a-zA-Z0-9-]+="[^"<&]*")*(\/?)>/gu)].length);
    expect(drawing).not.toMatch(/NaN|Infinity|undefined|null/u);
  });

  it("keeps its curves inside, and they never fall or go back", () => {
    for (const [, path = ""] of drawing.matchAll(/class="curve [a-z]+" d="(M\d[^"]*)"/gu)) {
      const xs = [...path.matchAll(/[HM]([\d.]+)/gu)].map(([, x]) => Number(x));
      const ys = [...path.matchAll(/V([\d.]+)/gu)].map(([, y]) => Number(y));

      expect(xs).toEqual(xs.toSorted((a, b) => a - b));
      expect(ys).toEqual(ys.toSorted((a, b) => b - a));
      expect([Math.min(...xs) >= 0, Math.max(...xs) <= 760, ys.every((y) => y >= 0 && y <= 400)]).toEqual([true, true, true]);
    }
  });

  it("keeps its labels apart", () => {
    const labels = [...drawing.matchAll(/<text x="538" y="([\d.]+)">/gu)].map(([, y]) => Number(y));

    expect(labels.length).toBe(3);
    for (const [index, y] of labels.entries()) if (index > 0) expect(y - (labels[index - 1] ?? 0)).toBeGreaterThanOrEqual(20);
  });

  it("can be drawn of nothing", () => {
    expect(chart(curvesOf({ mutants: [] }), { mutants: 0, seeds: 1 })).not.toMatch(/NaN|Infinity/u);
  });
});
