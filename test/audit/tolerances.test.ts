import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import type { FileSource } from "../../src/audit/source.ts";
import { capture, edited, line, replaceOnce } from "./captures.ts";
import { synthetic } from "./synthetic.ts";

interface Outcome {
  readonly verdict: string;
  readonly broken: readonly string[];
  /** Why a rule was not judged, by its id. */
  readonly why: Readonly<Record<string, string>>;
  readonly judged: readonly string[];
  readonly output: string;
}

function outcome(read: FileSource): Outcome {
  const result = audit({ read });
  if (!result.ok) return { verdict: result.error, broken: [], why: {}, judged: [], output: "" };
  const { verdict, broken, notJudged, judged } = result.judgement;
  return { verdict, broken: broken.map(({ rule }) => rule), why: Object.fromEntries(notJudged.map(({ id, why }) => [id, why])), judged, output: result.output };
}

/** The source with every word of kpageflags of one value replaced by another, in [start, end). */
function replaceWords(base: FileSource, from: bigint, to: bigint, start = 0, end = Number.POSITIVE_INFINITY): FileSource {
  return {
    ...base,
    stream: (path, piece) => {
      let pfn = 0;
      return base.stream(path, (bytes) => {
        const copy = bytes.slice();
        const words = new BigUint64Array(copy.buffer);
        if (path === "proc/kpageflags") {
          for (const [index, word] of words.entries()) if (word === from && pfn + index >= start && pfn + index < end) words[index] = to;
        }
        pfn += words.length;
        piece(copy);
      });
    },
  };
}

const noPage = 1n << 20n;
const buddy = 1n << 10n;
const offline = 0x110000;

describe("a kernel that shows a frame without page as one without flags", () => {
  it("holds where it is new enough", () => {
    const { verdict, why, judged } = outcome(replaceWords(edited(capture("dimm-mixed"), { text: { "proc/version": replaceOnce("Linux version 6.12.117+", "Linux version 6.18.44+") } }), noPage, 0n));

    expect(verdict).toBe("holds");
    expect(judged).toContain("AU-15");
    expect(why["AU-16"]).toBe("this kernel shows a frame without page as one without flags");
  });

  it("is taken for what the file shows where the version is not known", () => {
    const unknown = edited(capture("dimm-mixed"), { without: ["proc/version"] });

    expect(outcome(replaceWords(unknown, noPage, 0n)).verdict).toBe("holds");
    expect(outcome(edited(unknown, { words: { "proc/kpageflags": [[offline, 0n]] } })).broken).toEqual(["AU-15"]);
  });

  it("is a breach where it is too old", () => {
    expect(outcome(edited(capture("dimm-mixed"), { words: { "proc/kpageflags": [[offline, 0n]] } })).broken).toEqual(["AU-15"]);
  });
});

describe("a block that goes offline", () => {
  // Block 33, which lies in the span of Movable, and here in that of Normal too.
  const going = edited(capture("dimm-mixed"), {
    text: { "proc/zoneinfo": line(132, replaceOnce("32768", "65536")), "sys/devices/system/memory/memory33/state": replaceOnce("online", "going-offline"), "sys/devices/system/memory/memory33/valid_zones": replaceOnce("Movable", "Movable Normal") },
  });

  it("does not show its zone, so that zones are compared all together", () => {
    const { verdict, why, judged } = outcome(going);

    expect(verdict).toBe("holds");
    expect(judged).toEqual(expect.arrayContaining(["AU-01", "AU-02"]));
    expect(why["AU-10"]).toBe("it is not shown which zone some frames are in");
    expect(why["AU-26"]).toBe("a memory block goes offline");
    expect(why["HP-22"]).toBe("needs blocks.zone");
  });

  it("does not hide what is wrong with all zones together", () => {
    const result = audit({ read: edited(going, { text: { "proc/zoneinfo": replaceOnce("present  3998\n", "present  3999\n") } }) });

    expect(result).toMatchObject({ judgement: { broken: [{ rule: "AU-01", evidence: [{ where: "all zones", was: "229245 present pages, the RAM of its online blocks", is: "229246" }] }] } });
  });

  it("prints as such", () => {
    expect(outcome(going).output).toContain("NgoM\n");
    expect(outcome(going).output).toContain("g going offline");
  });
});

describe("the memmap counters", () => {
  it("may count page extensions of every online section", () => {
    expect(outcome(edited(capture("dimm-mixed"), { text: { "proc/vmstat": replaceOnce("nr_memmap_pages 2048\n", `nr_memmap_pages ${2048 + 7 * 128}\n`) } })).verdict).toBe("holds");
  });

  it("are not judged where hugetlb may have given memmap back", () => {
    const { verdict, why } = outcome(edited(capture("dimm-mixed"), { text: { "proc/meminfo": (text) => text.replace(/^Hugetlb: .*$/mu, "Hugetlb:  2048 kB"), "proc/vmstat": replaceOnce("nr_memmap_pages 2048\n", "nr_memmap_pages 2041\n") } }));

    expect([verdict, why["AU-13"]]).toEqual(["holds", "hugetlb pages may have given back part of their memmap"]);
  });

  it("are a breach where there is too little for the sections", () => {
    expect(outcome(edited(capture("dimm-mixed"), { text: { "proc/vmstat": replaceOnce("nr_memmap_pages 2048\n", `nr_memmap_pages ${2048 - 7 * 101}\n`) } })).broken).toEqual(["AU-13"]);
  });
});

describe("late memory", () => {
  it("explains only as much as it is", () => {
    const text = { "proc/pagetypeinfo": replaceOnce("6          148 ", "6          147 "), "proc/meminfo": (file: string) => file.replace(/^MemTotal: .*$/mu, `MemTotal: ${473432 + 4 * 513} kB`) };

    expect(outcome(edited(capture("kernelcore"), { text })).broken).toEqual(["AU-03", "AU-11"]);
  });

  it("shows in the picture as not set up", () => {
    const text = {
      "proc/zoneinfo": (file: string) => file.replace("managed  75945\n", "managed  43177\n").replaceAll("66523", "33755"),
      "sys/devices/system/node/node0/meminfo": (file: string) => file.replace(/MemTotal: .*$/mu, "MemTotal:         342360 kB").replace(/MemFree: .*$/mu, "MemFree:          285512 kB"),
      "proc/buddyinfo": replaceOnce("1     64 ", "1     32 "),
      "proc/pagetypeinfo": (file: string) => replaceOnce("6          148 ", "6           84 ")(replaceOnce("1     64 ", "1     32 ")(file)),
    };

    const { verdict, output } = outcome(replaceWords(edited(capture("kernelcore"), { text }), buddy, 0n, 0x10000, 0x18000));

    expect(verdict).toBe("holds");
    expect(output).toContain("\nmay refuse to go offline, because of these frames\n  block 2: 32768 not set up yet, from 0x10000\n");
  });
});

describe("RAM in iomem", () => {
  it("counts in whole frames only", () => {
    const half = replaceOnce("00000000-00000fff : Reserved\n00001000-0009fbff", "00000000-000007ff : Reserved\n00000800-0009fbff");

    expect(outcome(edited(capture("kernelcore"), { text: { "proc/iomem": half } })).verdict).toBe("holds");
  });
});

describe("frames that iomem does not show as RAM", () => {
  const words = { "proc/kpageflags": [[0x9f, buddy], [0xa0, 1n << 7n]], "proc/kpagecount": [[0x9f, 1n]] } as const;

  it("are no memory on x86-64", () => {
    expect(outcome(edited(capture("kernelcore"), { words })).broken).toEqual(["AU-10", "AU-20", "AU-28"]);
    expect(outcome(edited(capture("kernelcore"), { words, without: ["proc/iomem"] })).verdict).toBe("holds");
  });

  it("may be memory elsewhere", () => {
    const { verdict, why, judged } = outcome(edited(capture("kernelcore"), { words, add: { "proc/sys/kernel/arch": "aarch64\n" } }));

    expect([verdict, why["AU-28"]]).toEqual(["holds", "only on x86-64 iomem shows all that the kernel takes for memory"]);
    expect(judged).toContain("AU-20");
  });
});

describe("a hugetlb page with poison", () => {
  it("shows it on every frame, and counts once", () => {
    expect(outcome(edited(capture("dimm-mixed"), { words: { "proc/kpageflags": [[0x8000, (1n << 17n) + (1n << 19n)]] } })).verdict).toBe("holds");
  });
});

describe("the movable_node option", () => {
  const cmdline = { "proc/cmdline": (text: string) => text.replace("\n", " movable_node\n") };

  it("decides where a block goes that lies in no zone or in two", () => {
    expect(outcome(edited(capture("memmap-on-memory"), { text: cmdline })).broken).toEqual(["AU-21"]);
    const first = { "sys/devices/system/memory/memory34/valid_zones": () => "Movable Normal\n", "sys/devices/system/memory/memory35/valid_zones": () => "Movable Normal\n" };
    expect(outcome(edited(capture("memmap-on-memory"), { text: { ...cmdline, ...first } })).verdict).toBe("holds");
  });

  it("allows both where the command line is not shown", () => {
    const first = { "sys/devices/system/memory/memory34/valid_zones": () => "Movable Normal\n" };

    expect(outcome(edited(capture("memmap-on-memory"), { text: first, without: ["proc/cmdline"] })).verdict).toBe("holds");
  });

  it("does not matter under another policy", () => {
    const { why } = outcome(edited(capture("memmap-on-memory"), { text: { ...cmdline, "sys/module/memory_hotplug/parameters/online_policy": () => "auto-movable\n" } }));

    expect(why["AU-21"]).toBe("the online policy is auto-movable");
  });
});

describe("a boot block of two nodes", () => {
  it("names no zone, and has the number of the later node", () => {
    const two = edited(capture("dimm-mixed"), { text: { "sys/devices/system/memory/memory1/valid_zones": () => "none\n" }, add: { "sys/devices/system/memory/memory1/node1/uevent": "\n" } });

    const result = audit({ read: two });

    expect(result).toMatchObject({ ok: true, verdict: "holds" });
    expect(result.ok ? result.snapshot.view?.blocks?.map(({ node }) => node) : []).toEqual([0, 1, 0, 0, 0, 0, 0, 0]);
  });
});

describe("the borders of zones", () => {
  it("are not judged on a machine of several nodes", () => {
    const zone = { type: "Normal", reserved: 0 };
    const { why } = outcome(synthetic({ version: "Linux version 6.12.0-x86_64 (a@b) (gcc) #1", pageBytes: 4096, blockPages: 32768, pageblockOrder: 9, maxPageOrder: 10, structPageBytes: 64, sectionPages: 32768, zones: [{ ...zone, node: 0, start: 0x100000, end: 0x108000 }, { ...zone, node: 1, start: 0x108000, end: 0x110000 }] }));

    expect(why["AU-24"]).toBe("several nodes have memory, and the borders between them are not shown");
  });
});

describe("a kernel that does not mark a self-hosted memmap", () => {
  it("is not judged by the flags of its frames", () => {
    const old = replaceWords(edited(capture("memmap-on-memory"), { text: { "proc/version": replaceOnce("Linux version 6.12.117", "Linux version 5.19.0") } }), 1n << 37n, 0n);

    const { verdict, why } = outcome(old);

    expect([verdict, why["AU-02"]]).toEqual(["holds", "this kernel does not mark a self-hosted memmap, and memmap_on_memory is on"]);
  });
});

describe("added memory in zone Movable", () => {
  it("holds nothing reserved", () => {
    expect(outcome(edited(capture("dimm-mixed"), { words: { "proc/kpageflags": [[0x118000, 1n << 32n]] } })).broken).toEqual(["AU-02", "AU-17"]);
  });
});

describe("isolated pageblocks", () => {
  // 512 pageblocks, of which three are of CMA and one of those is isolated.
  const machine = synthetic({ version: "Linux version 6.12.0-x86_64 (a@b) (gcc) #1", pageBytes: 4096, blockPages: 32768, pageblockOrder: 9, maxPageOrder: 10, structPageBytes: 64, sectionPages: 32768, zones: [{ node: 0, type: "Normal", start: 0x100000, end: 0x140000, reserved: 0 }] });
  const types = [
    "Page block order: 9", "Pages per block:  512", "", "Free pages count per migrate type at order 0 1 2 3 4 5 6 7 8 9 10 ", "Node 0, zone Normal, type Movable 0 0 0 0 0 0 0 0 0 0 254 ", "Node 0, zone Normal, type CMA 0 0 0 0 0 0 0 0 0 0 1 ",
    "Node 0, zone Normal, type Isolate 0 0 0 0 0 0 0 0 0 2 0 ", "", "Number of blocks type Movable CMA Isolate ", "Node 0, zone Normal 509 2 1 ", "",
  ].join("\n");
  const free = 0x40000 - 512;
  const cma = (frames: number): FileSource =>
    edited(machine, {
      text: {
        "proc/zoneinfo": (text) => text.replaceAll("pages free     262144", `pages free     ${free}`).replaceAll("nr_free_pages 262144", `nr_free_pages ${free}`).replace("cma      0", `cma      ${frames}`),
        "proc/buddyinfo": () => "Node 0, zone Normal 0 0 0 0 0 0 0 0 0 2 255 \n",
        "proc/pagetypeinfo": () => types,
        "proc/vmstat": (text) => text.replace("nr_free_pages 262144", `nr_free_pages ${free}`),
        "proc/meminfo": (text) => text.replace("MemFree: 1048576", `MemFree: ${4 * free}`),
        "sys/devices/system/node/node0/meminfo": (text) => text.replace("MemFree: 1048576", `MemFree: ${4 * free}`),
      },
    });

  it("are counted in buddyinfo and not in the free pages, and may be of CMA", () => {
    const { verdict, judged, why } = outcome(cma(3 * 512));

    expect(verdict).toBe("holds");
    expect(judged).toEqual(expect.arrayContaining(["AU-07", "AU-08", "AU-09", "AU-10", "AU-11", "AU-12"]));
    expect(why["AU-26"]).toBe("counter moved: 512 frames apart, which use of memory between two reads explains");
  });

  it("are no more than they are", () => {
    expect(outcome(cma(4 * 512)).broken).toEqual(["AU-12"]);
    expect(outcome(cma(512)).broken).toEqual(["AU-12"]);
  });
});

describe("what CPUs hold back", () => {
  it("may make free pages look more or fewer, by the threshold for each CPU", () => {
    expect(outcome(edited(capture("dimm-mixed"), { text: { "proc/zoneinfo": line(50, replaceOnce("3808", "3810")) } })).verdict).toBe("holds");
    expect(outcome(edited(capture("dimm-mixed"), { text: { "proc/zoneinfo": line(50, replaceOnce("3808", "3811")) } })).broken).toEqual(["AU-05"]);
  });
});
