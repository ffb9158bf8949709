import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import { mostReadings } from "../../src/audit/judge.ts";
import type { FileSource } from "../../src/audit/source.ts";
import { capture, edited, replaceOnce } from "./captures.ts";
import type { Edits } from "./captures.ts";

/** A machine whose files are different each time that they are read: the nth reading has the nth edits, later ones the last. */
function machine(...readings: readonly Edits[]): FileSource & { readonly count: () => number } {
  const sources = readings.map((edits) => edited(capture("kernelcore"), { ...edits, live: true }));
  let reading = -1;
  const now = (): FileSource => sources[Math.min(reading, sources.length - 1)] ?? capture("kernelcore");
  return {
    root: "/",
    live: true,
    // The version is the first file of a reading.
    text: (path) => {
      if (path === "proc/version") reading++;
      return now().text(path);
    },
    names: (path) => now().names(path),
    stream: (path, piece) => now().stream(path, piece),
    count: () => reading + 1,
  };
}

const nodeFree = (kB: number): Edits => ({
  text: { "sys/devices/system/node/node0/meminfo": (text) => replaceOnce("MemUsed:           56848 kB", `MemUsed: ${473432 - kB} kB`)(replaceOnce("MemFree:          416584 kB", `MemFree: ${kB} kB`)(text)) },
});
/** The one counter of this capture that moved while it was saved, put back. */
const same: Edits = nodeFree(416648);
const total = (text: string): string => text.replace(/^MemTotal: .*$/mu, "MemTotal:         473436 kB");
const torn: Edits = { text: { ...same.text, "proc/meminfo": total } };

describe("a running machine", () => {
  it("is read once where everything holds", () => {
    const quiet = machine(same);

    expect(audit({ read: quiet })).toMatchObject({ ok: true, verdict: "holds", judgement: { readings: 1 } });
    expect(quiet.count()).toBe(1);
  });

  it("is read again where a counter moved, and holds where it held once", () => {
    const result = audit({ read: machine(nodeFree(300000), same) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { readings: 2 } });
    expect(result.ok ? result.judgement.judged : []).toContain("AU-09");
  });

  it("is no breach where a counter goes on moving", () => {
    const busy = machine(nodeFree(300000), nodeFree(300004), nodeFree(300008));

    const result = audit({ read: busy });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { readings: mostReadings, broken: [] } });
    expect(busy.count()).toBe(mostReadings);
    const open = result.ok ? result.judgement.notJudged.find(({ id }) => id === "AU-09") : undefined;
    expect(open?.why).toBe("counter moved: 29148 frames apart in the last of 3 readings");
  });

  it("is a breach where a difference of counters stays exactly the same", () => {
    const result = audit({ read: machine(nodeFree(300000)) });

    expect(result).toMatchObject({ ok: true, verdict: "breach", judgement: { readings: 3, broken: [{ rule: "AU-09" }] } });
  });

  it("is a breach where a rule about what only hotplug changes breaks every time", () => {
    const result = audit({ read: machine(torn) });

    expect(result).toMatchObject({ ok: true, verdict: "breach", judgement: { readings: 3, broken: [{ rule: "AU-03" }] } });
  });

  it("holds where such a rule broke once and held twice after", () => {
    const result = audit({ read: machine(torn, same) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", judgement: { readings: 3, broken: [] } });
  });

  it("is inconclusive where such a rule breaks and holds by turns", () => {
    const result = audit({ read: machine(torn, same, torn) });

    expect(result).toMatchObject({ ok: true, verdict: "inconclusive", judgement: { readings: 3, broken: [] } });
    const open = result.ok ? result.judgement.notJudged.find(({ id }) => id === "AU-03") : undefined;
    expect(open).toMatchObject({ why: "broke in 2 of 3 readings: the system changed while it was read", unsteady: true });
  });
});

describe("a container", () => {
  it("may show its own meminfo, which is not that of the machine", () => {
    const container: Edits = { text: { ...same.text, "proc/meminfo": (text) => text.replace(/^MemTotal: .*$/mu, "MemTotal:  102400 kB") }, add: { "proc/self/mounts": "proc /proc proc rw 0 0\nlxcfs /proc/meminfo fuse.lxcfs rw 0 0\n" }, live: true };

    const result = audit({ read: edited(capture("kernelcore"), container) });

    expect(result).toMatchObject({ ok: true, verdict: "holds", snapshot: { missing: [{ file: "proc/meminfo", why: "something else is mounted over it" }] } });
  });
});

describe("memory that the kernel has not set up yet", () => {
  // As a kernel shows it that initialises struct pages late: zone Movable manages only what has pageblocks so far.
  const late: Edits = {
    text: {
      "proc/zoneinfo": (text) => text.replace("managed  75945\n", "managed  43177\n").replaceAll("66523", "33755"),
      "sys/devices/system/node/node0/meminfo": (text) => text.replace(/MemTotal: .*$/mu, "MemTotal:         342360 kB").replace(/MemFree: .*$/mu, "MemFree:          285512 kB"),
      "proc/buddyinfo": replaceOnce("1     64 ", "1     32 "),
      "proc/pagetypeinfo": (text) => replaceOnce("6          148 ", "6           84 ")(replaceOnce("1     64 ", "1     32 ")(text)),
    },
  };

  it("is told, and the rules that count it are not judged", () => {
    const result = audit({ read: edited(capture("kernelcore"), late) });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    const open = result.ok ? result.judgement.notJudged.find(({ id }) => id === "AU-03") : undefined;
    expect(open?.why).toBe("the kernel has not set up all memory yet: 32768 frames of zone Movable of node 0 have no pageblocks, and MemTotal counts 32768 pages that no zone manages");
  });

  it("explains nothing where only one of the two files shows it", () => {
    const result = audit({ read: edited(capture("kernelcore"), { text: { "proc/pagetypeinfo": replaceOnce("6          148 ", "6           84 ") } }) });

    expect(result).toMatchObject({ ok: true, verdict: "breach", judgement: { broken: [{ rule: "AU-11" }] } });
  });
});

describe.runIf(process.platform === "linux" && existsSync("/proc/zoneinfo"))("this machine", () => {
  it("shows no breach", () => {
    const result = audit();

    expect(result.ok ? result.judgement.broken : result.error).toEqual([]);
  });
});
