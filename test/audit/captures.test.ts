import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { audit, auditJson, collect, judge, renderAudit } from "../../src/audit/audit.ts";
import { capture, captureFolder, captureNames } from "./captures.ts";
import type { CaptureName } from "./captures.ts";

/** Which rules a saved tree can not decide, because the machine worked while it was saved. */
const moved: Readonly<Record<CaptureName, readonly string[]>> = {
  "dimm-mixed": ["AU-09", "AU-10"],
  kernelcore: ["AU-09"],
  "memmap-on-memory": ["AU-09", "AU-10"],
  "virtio-mem": ["AU-09", "AU-10"],
};

describe.each(captureNames)("the capture %s", (name) => {
  it("holds", () => {
    const result = audit({ read: capture(name) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { broken: [], assumptions: [] }, snapshot: { missing: [] } });
  });

  it("is judged by every cross-check except those whose counters moved while it was saved", () => {
    const result = audit({ read: capture(name) });

    const open = result.ok ? result.judgement.notJudged.filter(({ id }) => id.startsWith("AU-")) : [];
    expect(open.map(({ id }) => id)).toEqual(moved[name]);
    for (const { why } of open) expect(why).toMatch(/^counter moved: \d+ frames apart/u);
  });

  it("is judged by the invariants that files are enough for", () => {
    const result = audit({ read: capture(name) });

    const judged = result.ok ? result.judgement.judged.filter((id) => !id.startsWith("AU-")) : [];
    expect(judged).toEqual(["FC-05", "HP-22", "HP-30", "HP-32", "HP-44", "HP-45", "HP-52"]);
  });

  it("prints as it did", async () => {
    const result = audit({ read: capture(name) });

    await expect(result.ok ? result.output : result.error).toMatchFileSnapshot(fileURLToPath(new URL(`../fixtures/audit/${name}.txt`, import.meta.url)));
  });

  it("prints in 80 columns of ASCII", () => {
    const result = audit({ read: capture(name) });

    const output = result.ok ? result.output : "";
    expect(output).toMatch(/^[\n -~]+$/u);
    expect(Math.max(...output.split("\n").map((text) => text.length))).toBeLessThanOrEqual(80);
  });
});

describe("the audit of a folder", () => {
  it("reads what `sysroot` names", () => {
    const result = audit({ sysroot: captureFolder("kernelcore") });

    expect(result).toMatchObject({ ok: true, verdict: "holds", snapshot: { live: false } });
  });

  it("knows a folder without a system from one with a system", () => {
    const result = audit({ sysroot: "/nonexistent" });

    expect(result).toEqual({ ok: false, error: "proc/zoneinfo: found no such file, expected a readable file: the folder holds no saved system, or its memory can not be seen" });
  });

  it("is the sum of its parts", () => {
    const snapshot = collect(capture("virtio-mem"));

    const judgement = snapshot.ok ? judge(snapshot.value) : undefined;
    const text = snapshot.ok && judgement !== undefined ? renderAudit(snapshot.value, judgement) : "";
    const json = snapshot.ok && judgement !== undefined ? auditJson(snapshot.value, judgement) : "";
    expect(audit({ read: capture("virtio-mem") })).toMatchObject({ output: text });
    expect(audit({ read: capture("virtio-mem"), json: true })).toMatchObject({ output: json });
  });
});

describe("the JSON form", () => {
  it("says the same as the picture", () => {
    const result = audit({ read: capture("dimm-mixed"), json: true });

    const found: unknown = JSON.parse(result.ok ? result.output : "null");
    expect(found).toMatchObject({
      framecheck: "audit",
      version: 1,
      root: "dimm-mixed",
      live: false,
      kernel: "6.12.117+deb12-amd64",
      arch: "x86-64",
      verdict: "holds",
      readings: 1,
      broken: [],
      geometry: { pageBytes: 4096, structPageBytes: 64, pageblockOrder: 9, maxPageOrder: 10, subsectionPages: 512, sectionPages: 32768, blockSections: 1, pmdPages: 512 },
    });
    expect(found).toHaveProperty("zones.3", { node: 0, type: "Movable", start: 1081344, spanned: 98304, present: 65536, managed: 65536, free: 54991 });
    expect(found).toHaveProperty("blocks.6", { block: 34, state: "offline", zone: null, canGoOffline: null, hindrances: [] });
    expect(found).toHaveProperty("blocks.1.canGoOffline", "yes");
    expect(found).toHaveProperty("blocks.3.hindrances.0", { kind: "hole", certain: true, count: 33, first: 0x1ffdf });
  });

  it("is one line", () => {
    const result = audit({ read: capture("kernelcore"), json: true });

    expect(result.ok ? result.output.indexOf("\n") : -1).toBe((result.ok ? result.output.length : 0) - 1);
  });
});
