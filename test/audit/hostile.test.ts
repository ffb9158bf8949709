import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { available, directorySource, notAvailable } from "../../src/audit/source.ts";
import type { FileSource } from "../../src/audit/source.ts";
import { capture, edited } from "./captures.ts";
import type { Edits } from "./captures.ts";

function problem(edits: Edits): string {
  const result = audit({ read: edited(capture("dimm-mixed"), edits) });
  return result.ok ? `no error: ${result.verdict}` : result.error;
}

const textFiles = [
  "proc/version", "proc/cmdline", "proc/iomem", "proc/vmstat", "proc/meminfo", "proc/zoneinfo", "proc/buddyinfo", "proc/pagetypeinfo",
  "sys/devices/system/memory/block_size_bytes", "sys/devices/system/memory/memory33/state", "sys/devices/system/memory/memory33/valid_zones", "sys/devices/system/memory/memory33/phys_index",
  "sys/devices/system/memory/memory33/online", "sys/devices/system/node/online", "sys/devices/system/node/has_memory", "sys/devices/system/node/node0/meminfo", "sys/module/memory_hotplug/parameters/online_policy",
];

describe.each(textFiles)("a tree whose %s is damaged", (path) => {
  it.each([
    ["empty", () => ""],
    ["binary", (text: string) => `\u0000\u0001${text}`],
    ["with carriage returns", (text: string) => text.replaceAll("\n", "\r\n")],
    ["cut off inside a line", (text: string) => text.slice(0, -1)],
  ])("is refused in one line that names the file: %s", (_, damage) => {
    const message = problem({ text: { [path]: damage } });

    expect(message.startsWith(`${path}`)).toBe(true);
    expect(message).toMatch(/^[ -~]+: found .+, expected .+$/u);
  });
});

/** A source with another kpageflags. */
function withFlags(base: FileSource, bytes: Uint8Array, path = "proc/kpageflags"): FileSource {
  return {
    ...base,
    stream: (asked, piece) => {
      if (asked !== path) return base.stream(asked, piece);
      piece(bytes);
      return available(bytes.length);
    },
  };
}

describe("kpageflags", () => {
  it.each([
    ["empty", 0, "proc/kpageflags: found an empty file, expected one word of 8 bytes for each frame"],
    ["cut off inside a word", 1179648 * 8 - 3, "proc/kpageflags: found 9437181 bytes, expected a multiple of 8, one word for each frame: the file is cut off"],
    ["cut off between words", 1000000 * 8, "proc/kpageflags: found 1000000 words, expected at least 1179648, one for each frame up to the end of memory: the file is cut off"],
  ])("is refused where it is %s", (_, length, message) => {
    const result = audit({ read: withFlags(capture("dimm-mixed"), new Uint8Array(length)) });

    expect(result).toEqual({ ok: false, error: message });
  });

  it("is not taken for memory where it is all ones", () => {
    const result = audit({ read: withFlags(capture("kernelcore"), new Uint8Array(131072 * 8).fill(0xff)) });

    expect(result).toMatchObject({ ok: true, verdict: "breach" });
    expect(result.ok ? result.judgement.broken.map(({ rule }) => rule) : []).toContain("AU-18");
  });

  it("gives the same in pieces of any length", () => {
    const whole = audit({ read: capture("kernelcore") });
    const base = capture("kernelcore");
    const crumbs: FileSource = {
      ...base,
      stream: (path, piece) =>
        base.stream(path, (bytes) => {
          for (let at = 0; at < bytes.length; at += 99_991) piece(bytes.subarray(at, at + 99_991));
        }),
    };

    const result = audit({ read: crumbs });

    expect(result.ok ? result.output : result.error).toBe(whole.ok ? whole.output : "");
  });

  it("of another length than kpagecount is a breach", () => {
    const result = audit({ read: withFlags(capture("kernelcore"), new Uint8Array(8), "proc/kpagecount") });

    expect(result).toMatchObject({ ok: true, verdict: "breach", judgement: { broken: [{ rule: "AU-20", evidence: [{ was: "131072 words, as kpageflags has", is: "1" }] }] } });
  });
});

describe("a tree in which files are missing", () => {
  it.each(["proc/buddyinfo", "proc/pagetypeinfo", "proc/iomem", "proc/meminfo", "proc/vmstat", "proc/kpageflags", "proc/kpagecount", "proc/version", "proc/cmdline", "sys/devices/system/node", "sys/devices/system/memory", "sys/module", "proc/zoneinfo"])("holds without %s, judges less and says so", (path) => {
    const whole = audit({ read: capture("dimm-mixed") });
    const result = audit({ read: edited(capture("dimm-mixed"), { without: [path] }) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { broken: [] } });
    if (!result.ok || !whole.ok) return;
    expect(result.judgement.judged.every((id) => whole.judgement.judged.includes(id) || ["AU-09", "AU-10"].includes(id))).toBe(true);
    if (path !== "sys/module") expect(result.snapshot.missing.map(({ file, why }) => `${file}: ${why}`)).toContain(`${path}: no such file`);
    expect(result.judgement.judged.length + result.judgement.notJudged.length).toBe(whole.judgement.judged.length + whole.judgement.notJudged.length);
    if (path !== "proc/cmdline" && path !== "proc/version") expect(result.judgement.judged.length).toBeLessThan(whole.judgement.judged.length);
  });

  it("is inconclusive where nothing can be judged", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { without: ["proc", "sys/devices/system/node", "sys/module"], add: { "proc/version": "Linux version 6.12.0 \n" } }) });

    expect(result).toMatchObject({ ok: true, verdict: "inconclusive", judgement: { judged: [], assumptions: ["the page size can not be found out, so nothing is said about frames"] } });
  });

  it("is bad input where neither zones nor blocks are there", () => {
    expect(problem({ without: ["proc/zoneinfo", "sys/devices/system/memory"] })).toBe("proc/zoneinfo: found no such file, expected a readable file: the folder holds no saved system, or its memory can not be seen");
  });

  it("is bad input where a block has no state", () => {
    expect(problem({ without: ["sys/devices/system/memory/memory33/state"] })).toBe("sys/devices/system/memory/memory33/state: found no such file, expected the state of the memory block");
  });

  it("takes hidden addresses for a missing file", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { text: { "proc/iomem": (text) => text.replaceAll(/[0-9a-f]{8,}-[0-9a-f]{8,}/gu, "00000000-00000000") } }) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    expect(result.ok ? result.snapshot.missing : []).toEqual([{ file: "proc/iomem", why: "its addresses are hidden, which is what a user without rights sees" }]);
  });

  it("takes a file that may not be read for a missing one", () => {
    const base = capture("kernelcore");
    const denied: FileSource = { ...base, stream: () => notAvailable("permission denied") };

    const result = audit({ read: denied });

    expect(result).toMatchObject({ ok: true, verdict: "holds", snapshot: { missing: [{ file: "proc/kpageflags", why: "permission denied" }, { file: "proc/kpagecount", why: "permission denied" }] } });
    expect(result.ok ? result.output : "").toContain("what keeps other blocks is not shown: proc/kpageflags: permission denied");
  });
});

describe("a block that is taken away while a running machine is read", () => {
  it("is left out", () => {
    const result = audit({ read: edited(capture("dimm-mixed"), { without: ["sys/devices/system/memory/memory34/state"], live: true }) });

    expect(result.ok ? result.snapshot.layout?.blocks.map(({ block }) => block) : result.error).toEqual([0, 1, 2, 3, 32, 33, 35]);
  });
});

describe("a source that reads a folder", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "framecheck-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("gives text, sorted names and pieces", () => {
    writeFileSync(join(folder, "b"), "text\n");
    mkdirSync(join(folder, "a"));
    const source = directorySource(folder);
    const pieces: number[] = [];

    expect(source.text("b")).toEqual({ available: true, value: "text\n" });
    expect(source.names("")).toEqual({ available: true, value: ["a", "b"] });
    expect(source.stream("b", (bytes) => pieces.push(...bytes))).toEqual({ available: true, value: 5 });
    expect(pieces).toEqual([...Buffer.from("text\n")]);
    expect(source.live).toBe(false);
    expect([directorySource("/").live, directorySource("//").live]).toEqual([true, true]);
  });

  it("says why something can not be read, and waits for nothing", () => {
    mkdirSync(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const source = directorySource(folder);

    expect(source.text("nothing")).toEqual({ available: false, why: "no such file" });
    expect(source.text("folder")).toEqual({ available: false, why: "not a regular file" });
    expect(source.text("pipe")).toEqual({ available: false, why: "not a regular file" });
    expect(source.stream("pipe", () => undefined)).toEqual({ available: false, why: "not a regular file" });
    expect(source.names("nothing")).toEqual({ available: false, why: "no such file" });
    expect(source.names("pipe")).toEqual({ available: false, why: "no such file" });
  });
});
