import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import type { AuditResult } from "../../src/audit/audit.ts";
import { crossChecks } from "../../src/audit/cross-checks.ts";
import { judgeable } from "../../src/audit/judgeable.ts";
import { capture, captureFolder, captureNames, edited } from "./captures.ts";
import type { CaptureName } from "./captures.ts";
import { nothingToBreak, oneEdits, refusedEdits } from "./one-edits.ts";
import type { Change } from "./one-edits.ts";

function auditWith(name: CaptureName, change: Change): AuditResult {
  const edits = "file" in change ? { text: { [change.file]: change.change } } : { words: { [change.words]: [[change.pfn, change.word] as const] } };
  return audit({ read: edited(capture(name), edits) });
}

function judgedOf(name: CaptureName): readonly string[] {
  const result = audit({ read: capture(name) });
  return result.ok ? result.judgement.judged : [];
}

/** What stands between the longest common beginning and the longest common end of two texts. */
function difference(a: string, b: string): readonly [string, string] {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}

describe.each(captureNames)("the capture %s with one number changed", (name) => {
  const edits = oneEdits.flatMap(({ rule, what, says, of, also }) => {
    const change = of[name];
    return change === undefined ? [] : [{ rule, what, says, change, rules: [rule, ...(also?.rules ?? [])].toSorted() }];
  });

  it.each(edits)("breaks exactly $rules: $what", ({ rule, says, change, rules }) => {
    const result = auditWith(name, change);

    const broken = result.ok ? result.judgement.broken : [];
    expect(broken.map((entry) => entry.rule).toSorted()).toEqual(rules);
    expect(result).toMatchObject({ ok: true, verdict: "breach" });
    expect(JSON.stringify(broken.find((entry) => entry.rule === rule)?.evidence)).toMatch(says);
    expect(result.ok ? result.output : "").toContain(`\n${rule} `);
  });

  it("can break every rule that it judges, but for those that have nothing to be broken", () => {
    const broken = new Set(edits.map(({ rule }) => rule));

    expect(judgedOf(name).filter((rule) => !broken.has(rule))).toEqual(Object.keys(nothingToBreak[name]));
  });
});

describe("the captures together", () => {
  it("have an edit for every rule that one of them judges", () => {
    const judged = new Map(captureNames.map((name) => [name, judgedOf(name)]));

    const editable = (rule: string): boolean => oneEdits.some((edit) => edit.rule === rule && captureNames.some((name) => edit.of[name] !== undefined && judged.get(name)?.includes(rule) === true));
    expect([...new Set([...judged.values()].flat())].filter((rule) => !editable(rule))).toEqual([]);
  });

  it("have an edit for every rule of the audit", () => {
    const rules = new Set(oneEdits.map(({ rule }) => rule));

    expect([...rules].toSorted()).toEqual([...crossChecks.map(({ id }) => id), ...judgeable].toSorted());
  });

  it.each(refusedEdits)("refuse an edit that would break $rule in $capture", ({ capture: name, change, says }) => {
    expect(auditWith(name, change)).toEqual({ ok: false, error: says });
  });
});

describe("a copy of a capture on disk", () => {
  let copy = "";
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), "framecheck-"));
    cpSync(captureFolder("kernelcore"), copy, { recursive: true });
  });
  afterEach(() => rmSync(copy, { recursive: true }));

  function broken(): readonly string[] {
    const result = audit({ sysroot: copy });
    return result.ok ? result.judgement.broken.map(({ rule }) => rule) : [result.error];
  }

  it("breaks a rule with one number changed", () => {
    const file = join(copy, "proc/zoneinfo");
    const text = readFileSync(file, "latin1");
    expect(broken()).toEqual([]);

    writeFileSync(file, text.replace("present  3998", "present  3999"));

    expect(broken()).toEqual(["AU-01"]);
  });

  it("breaks a rule with one flag word changed", () => {
    const file = openSync(join(copy, "proc/kpageflags"), "r+");
    writeSync(file, new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]), 0, 8, 0x8000 * 8);
    closeSync(file);

    expect(broken()).toEqual(["AU-02"]);
  });
});

describe("an edit", () => {
  it("is one number, one word or one flag word", () => {
    for (const { of } of oneEdits) {
      for (const name of captureNames) {
        const change = of[name];
        if (change === undefined || !("file" in change)) continue;
        const text = capture(name).text(change.file);
        const [was, is] = text.available ? difference(text.value, change.change(text.value)) : ["no", "file"];
        expect([was.trim(), is.trim()]).toEqual([expect.stringMatching(/^\w*$/u), expect.stringMatching(/^\w*$/u)]);
      }
    }
  });

  it("of several rules says why they belong together", () => {
    for (const { also } of oneEdits) expect(also?.because).not.toBe("");
  });
});
