import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { vitestExport } from "../../src/report/vitest-export.ts";
import { foreignIsolation, isolatedAlloc, offlineSpan } from "./counterexamples.ts";

/** Runs the text as a module, with a package in place of each import that prints what it was given. */
function run(text: string): unknown {
  const folder = mkdtempSync(join(tmpdir(), "framecheck-export-"));
  try {
    const stub = (name: string, source: string): void => {
      mkdirSync(join(folder, "node_modules", name), { recursive: true });
      writeFileSync(join(folder, "node_modules", name, "package.json"), JSON.stringify({ name, type: "module", exports: "./index.js" }));
      writeFileSync(join(folder, "node_modules", name, "index.js"), source);
    };
    stub("framecheck", 'export const seen = []; export function replayScenario(...given) { seen.push(...given); return { verdict: "breach", finding: { because: "of this" } }; }');
    stub("vitest", 'import { seen } from "framecheck"; export const expect = (...given) => ({ toBe: (wanted) => seen.push(given, wanted) }); export const it = (title, body) => queueMicrotask(() => { body(); console.log(JSON.stringify([title, ...seen])); });');
    writeFileSync(join(folder, "a.test.mjs"), text);
    return JSON.parse(execFileSync(process.execPath, [join(folder, "a.test.mjs")], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the exported test", () => {
  it("reads well", async () => {
    await expect(vitestExport(offlineSpan.counterexample)).toMatchFileSnapshot("../fixtures/reports/offline-span.test.js.txt");
  });

  it("replays the whole scenario and expects that the rules hold", () => {
    const { machine, profile, commands, subject, finding } = foreignIsolation.counterexample;

    expect(run(vitestExport(foreignIsolation.counterexample))).toEqual([finding.title, { machine, profile, commands }, { subject }, ["breach", "of this"], "holds"]);
  });

  it("is sound whatever the finding says", () => {
    const { counterexample } = isolatedAlloc;
    const finding = { ...counterexample.finding, title: 'a "title" */ `${x}` \\ \u2028 with\nlines', because: "because\n*/ process.exit(1) //", evidence: [{ was: "\n}", is: "\r{" }] };

    const [title, scenario] = run(vitestExport({ ...counterexample, finding })) as readonly [string, { readonly commands: unknown }];

    expect(title).toBe('a "title" */ `${x}` \\ \\u{2028} with\\u{a}lines');
    expect(scenario.commands).toEqual(counterexample.commands);
  });
});
