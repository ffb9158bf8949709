import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { capture, edited } from "./captures.ts";
import { synthetic } from "./synthetic.ts";
import type { SyntheticZone } from "./synthetic.ts";

const zone = (node: number, start: number, end: number): SyntheticZone => ({ node, type: "Normal", start, end, reserved: 0 });

describe("the picture", () => {
  it.each([60, 72, 80, 120])("fits %i columns", (width) => {
    for (const name of ["dimm-mixed", "kernelcore", "memmap-on-memory", "virtio-mem"] as const) {
      const result = audit({ read: capture(name), width });

      expect(Math.max(...(result.ok ? result.output : result.error).split("\n").map((line) => line.length))).toBeLessThanOrEqual(width);
    }
  });

  it("is in colour only where asked for, and says the same then", () => {
    const without = audit({ read: capture("dimm-mixed") });
    const coloured = audit({ read: capture("dimm-mixed"), colour: true });

    expect(without.ok ? without.output : "").not.toContain("\u001b");
    expect(coloured.ok ? coloured.output : "").toContain("\u001b[");
    expect(stripVTControlCharacters(coloured.ok ? coloured.output : "")).toBe(without.ok ? without.output : "");
  });

  it("draws zones to the scale of the largest", () => {
    const result = audit({ read: synthetic({ version: "Linux version 6.12.0-x86_64 (a@b) (gcc) #1", pageBytes: 4096, blockPages: 32768, pageblockOrder: 9, maxPageOrder: 10, structPageBytes: 64, sectionPages: 32768, zones: [zone(0, 0x100000, 0x140000), zone(1, 0x140000, 0x160000)] }) });

    const bars = (result.ok ? result.output : "").split("\n").flatMap((line) => /^ {2}Normal +\|([#.r-]*) *\|/u.exec(line)?.[1] ?? []);
    expect(bars.map((bar) => bar.length)).toEqual([41, 21]);
    expect(bars.join("")).toMatch(/^\.+$/u);
  });

  it("draws a cell for each block, leaves out lines without any, and counts what it leaves out", () => {
    const blocks = Object.fromEntries(
      [200, 203].flatMap((block) => [[`sys/devices/system/memory/memory${block}/state`, "offline\n"], [`sys/devices/system/memory/memory${block}/valid_zones`, "Normal Movable\n"], [`sys/devices/system/memory/memory${block}/node0/uevent`, "\n"]]),
    );

    const result = audit({ read: edited(capture("dimm-mixed"), { add: blocks }) });

    expect((result.ok ? result.output : "").split("\n")).toEqual(
      expect.arrayContaining(["10 memory blocks of 128 MiB", "  0x000000000  *ddd____________________________NMoM", "    128 blocks without memory", "  0x600000000  ________o__o"]),
    );
  });

  it("tells neighbours that the same kinds of frames keep as one", () => {
    const result = audit({ read: capture("memmap-on-memory") });

    expect(result.ok ? result.output : "").toContain("\nnothing known keeps blocks 1-2\n");
  });

  it("says what is not shown to a user without rights", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { without: ["proc/kpageflags", "proc/kpagecount", "proc/pagetypeinfo"] }) });

    expect((result.ok ? result.output : "").split("\n").filter((line) => /^(?:missing|not judged without|what keeps)/u.test(line))).toEqual([
      "what keeps other blocks is not shown: proc/kpageflags: no such file",
      "missing    proc/pagetypeinfo: no such file",
      "missing    proc/kpageflags: no such file",
      "missing    proc/kpagecount: no such file",
      "not judged without proc/kpageflags: AU-02, AU-10, AU-15, AU-16, AU-17, AU-18,",
      "not judged without proc/pagetypeinfo: AU-08, AU-11, AU-12, AU-26",
      "not judged without proc/kpageflags, proc/kpagecount: AU-20",
    ]);
  });
});
