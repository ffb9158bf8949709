import { describe, expect, it } from "vitest";
import { switchesNeeded } from "../../src/fidelity/play.ts";
import type { FidelityRecord } from "../../src/fidelity/record.ts";
import { play, profileNamed } from "./fixture.ts";
import { ok, plugged, printed, record, refused } from "./hand-made.ts";
import type { Steps } from "./hand-made.ts";

const blocks = { "0": "online none node=0", "32": "online Movable node=1" };

describe("a record", () => {
  it("agrees where every step came out as predicted", () => {
    expect(play(record([...plugged("online_movable"), ["blocks (state valid_zones)", blocks]]))).toEqual({ id: "hand-made", verdict: "agrees", compared: 3, notCompared: [], relations: [], switches: [] });
  });

  it("differs at the first step that did not, and is played no further", () => {
    const steps: Steps = [...plugged("online_movable"), ["blocks (state valid_zones)", { ...blocks, "32": "online Normal node=1" }], ["blocks (state valid_zones)", {}], ["what nobody knows", ok]];

    expect(play(record(steps))).toEqual({ id: "hand-made", verdict: "differs", step: 2, do: "blocks (state valid_zones)", predicted: "block 32 online Movable node=1", observed: "block 32 online Normal node=1", compared: 2, notCompared: [], relations: [], switches: [] });
  });

  it("says what was looked at and not compared, and agrees all the same", () => {
    const steps: Steps = [["permissions of the parameters", printed("total 0")], ...plugged("online_movable"), ["/proc/meminfo DirectMap4k", { DirectMap4k: 1 }]];

    expect(play(record(steps))).toMatchObject({ verdict: "agrees", compared: 2, notCompared: [{ step: 0, what: "permissions of files" }, { step: 3, what: "DirectMap4k of /proc/meminfo" }] });
  });

  it("compares the other fields of a line of which one is not modelled", () => {
    expect(play(record([...plugged("online_movable"), ["/proc/meminfo DirectMap4k HardwareCorrupted", { DirectMap4k: 1, HardwareCorrupted: 4 }]]))).toMatchObject({ verdict: "differs", step: 2, predicted: "HardwareCorrupted 0" });
  });

  it("says by which relations values agreed", () => {
    const steps: Steps = [["zones", { "0:DMA": { start: 1, spanned: 4095, present: 3998, managed: 3840, free: 1 }, "0:DMA32": { start: 4096, spanned: 28_640, present: 28_640, managed: 20_000, free: 1 } }], ...plugged("online_kernel"), ["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")]];

    expect(play(record(steps))).toMatchObject({ verdict: "agrees", relations: ["free-busy", "placed"] });
  });
});

describe("a record that can not be expressed", () => {
  it.each([
    ["a machine of another architecture", { arch: "riscv64" }, "machines of architecture riscv64"],
    ["a machine whose memory nobody knows", { qemu: "7.2 TCG -M q35 -m 128M" }, 'the memory map of "7.2 TCG -M q35 -m 128M"'],
    ["sizes that no machine has", { pageblockPages: 3 }, /^another machine: /u],
    ["a machine that is too large", { qemu: "7.2 TCG -M pc -m 512G", devices: "" }, /^another machine: /u],
  ])("has %s", (_, change, missing) => {
    const result = play(record([["zones", {}]], change));

    expect(result).toEqual({ id: "hand-made", verdict: "not expressible", missing: typeof missing === "string" ? missing : expect.stringMatching(missing), compared: 0, notCompared: [], relations: [], switches: [] });
  });

  it("says at which step, and how many were compared before", () => {
    const steps: Steps = [...plugged("online_movable"), ["permissions of the parameters", ok], ["QMP: balloon target 64M of 128M", ok], ["blocks (state valid_zones)", {}]];

    expect(play(record(steps))).toEqual({ id: "hand-made", verdict: "not expressible", step: 3, do: "QMP: balloon target 64M of 128M", missing: "a virtio balloon", compared: 2, notCompared: [{ step: 2, what: "permissions of files" }], relations: [], switches: [] });
  });

  it("has nothing that could be compared", () => {
    expect(play(record([["permissions of the parameters", ok]]))).toMatchObject({ verdict: "not expressible", missing: "permissions of files", compared: 0, notCompared: [{ step: 0 }] });
  });

  it("has no steps", () => {
    expect(play(record([]))).toMatchObject({ verdict: "not expressible", compared: 0 });
  });

  const change = "/sys/devices/system/memory/memory32/state";
  it.each<readonly [what: string, steps: Steps, missing: string]>([
    ["a write that nothing came back from", [[`write 'online' to ${change}`, {}]], "what came back from a write"],
    ["a call that nothing came back from", [["module: acr 1048576 1048577", { out: "ret=0" }]], "what came back"],
    ["a DIMM at no address", [["QMP: hot-add pc-dimm dimm0 size 128M", {}]], "where the DIMM lies"],
    ["a DIMM that nobody plugged", [["QMP: device_del dimm7", { dimms_left: [] }]], "a DIMM dimm7"],
    ["a DIMM of part of a frame", [["QMP: hot-add pc-dimm dimm0 size 128M", { addr: 2 ** 32 + 1 }]], "a DIMM that is no whole frames"],
    ["a file that nobody knows", [["write '1' to /proc/sys/vm/drop_caches", ok]], "the file /proc/sys/vm/drop_caches"],
    ["memory of a process that has none", [["agent: unmap a", ok]], "a mapping a"],
    ["a mapping that could not be had", [["agent: map a 1M nothp fill", refused("ENOMEM")]], "a mapping that could not be had"],
    ["a frame that the module does not hold", [["module: free 1048576 0", ok]], "freeing what the module does not hold"],
    ["an isolation that the module did not make", [["module: undo 1048576 1049088", ok]], "undoing an isolation of another range"],
    ["a mark on a frame that the module does not hold", [["module: offlinepg 1048576 1", ok]], "PageOffline on a page that the module does not hold"],
    ["a refusal that can not be", [["module: notifier answers MEM_GOING_ONLINE with -EWHAT", ok]], "refusing GOING_ONLINE with EWHAT"],
    ["another write in the background", [["in the background: write online to memory32/state", ok]], "other writes in the background"],
    ["a call that the specification does not take and the kernel does", [...plugged("online_movable"), ["module: acr 1048575 1048577", ok]], "a call that the specification does not take (not-one-zone)"],
  ])("has %s", (_, steps, missing) => {
    expect(play(record(steps))).toMatchObject({ verdict: "not expressible", step: steps.length - 1, missing });
  });

  it.each<readonly [what: string, line: string, observed: unknown, missing: string]>([
    ["zones", "zones", { "0:DMA": {} }, "what the zones show"],
    ["blocks", "blocks (state valid_zones)", [], "what the blocks show"],
    ["struct pages", "module: pages 1048576 1048577", printed("1048576 online=1"), "what the struct pages show"],
    ["types of pageblocks", "module: mt 1048576 1049088", printed("1048576-1049087 ?"), "what the types of pageblocks show"],
    ["page flags", "agent: kpsum 1048576 1049088", printed("BUDDY=1"), "what the page flags show"],
    ["a call that the specification does not take and the kernel refuses", "module: acr 1048575 1048577", refused("EBUSY"), "a call that the specification does not take (not-one-zone)"],
    ["an empty range", "module: acr 1048576 1048576", ok, "an empty range"],
  ])("is not one for a look that is not understood: %s", (_, line, observed, what) => {
    expect(play(record([...plugged("online_movable"), [line, observed]]))).toMatchObject({ verdict: "agrees", compared: 2, notCompared: [{ step: 2, what }] });
  });
});

/** A refusal with a log that names this frame. */
function pageAt(pfn: string): unknown {
  return { errno: "EBUSY", dmesg: [`page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:${pfn}`, "flags: 0x17ffffc0000000(node=1|zone=2)", "page dumped because: unmovable page"] };
}

/** A block of node 0, where the kernel allocates for itself too. */
function onNode0(state: "online_kernel" | "online_movable"): Steps {
  return plugged(state).map(([line, observed]) => [line.replace(" node 1", ""), observed]);
}

describe("an unmovable page that only the kernel's log names", () => {
  const offline = "write 'offline' to /sys/devices/system/memory/memory32/state";
  const busy = { errno: "EBUSY", dmesg: ["page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x100005", "flags: 0x17ffffc0000000(node=1|zone=2)", "page dumped because: unmovable page"] };

  it("is not believed where only the test allocates", () => {
    expect(play(record([...plugged("online_kernel"), [offline, busy]]))).toMatchObject({ verdict: "differs", step: 2, predicted: "errno 0" });
  });

  it("has to be the one that the prediction stumbles over", () => {
    const taken: Steps = [["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")]];

    expect(play(record([...plugged("online_kernel"), ...taken, [offline, pageAt("0x100000")]]), { subject: "reference" })).toMatchObject({ verdict: "agrees" });
    expect(play(record([...plugged("online_kernel"), ...taken, [offline, pageAt("0x100407")]]), { subject: "reference" })).toMatchObject({ verdict: "differs", predicted: expect.stringContaining("an unmovable page in the pageblock of frame 0x100"), observed: "at frame 0x100407" });
  });

  it("makes the refusal", () => {
    expect(play(record([...onNode0("online_kernel"), [offline, busy]]))).toMatchObject({ verdict: "agrees", relations: ["unmovable-page"] });
  });

  it("is there for that step only", () => {
    expect(play(record([...onNode0("online_kernel"), [offline, busy], [offline, ok]]))).toMatchObject({ verdict: "agrees", compared: 4 });
    expect(play(record([...onNode0("online_kernel"), [offline, busy], [offline, { errno: "EBUSY" }]]))).toMatchObject({ verdict: "differs", step: 3, predicted: "errno 0" });
  });

  it("is not one that was reserved at boot, which the prediction has by itself", () => {
    const reserved = { ...busy, dmesg: busy.dmesg.map((line) => line.replace("(node=1", "(reserved|node=1")) };

    expect(play(record([...onNode0("online_kernel"), [offline, reserved]]))).toMatchObject({ verdict: "differs", step: 2, predicted: "errno 0", observed: "errno EBUSY" });
  });

  it("can not be in zone Movable", () => {
    expect(play(record([...onNode0("online_movable"), [offline, busy]]))).toMatchObject({ verdict: "differs", step: 2, predicted: expect.stringContaining("no page of the kernel's own at frame 0x100005"), observed: "an unmovable page at frame 0x100005" });
  });

  it("can not be in a frame that is in use", () => {
    const used: Steps = [["agent: map a 4K nothp fill", printed("mapped 4096 bytes")], ["agent: pfns a", printed("1048581-1048581")], [offline, busy]];

    expect(play(record([...onNode0("online_kernel"), ...used]))).toMatchObject({ verdict: "differs", step: 4, predicted: "errno 0", observed: "errno EBUSY" });
  });
});

/** Types of pageblocks after an allocation that fills a per-CPU list. */
function claimed(...rows: readonly string[]): FidelityRecord {
  return record([
    ...plugged("online_kernel"),
    ["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")],
    ["module: alloc 9 unmovable,thisnode 1", printed("1049088 mt=U zone=1:2")],
    ["module: mt 1048576 1081344", printed(...rows)],
  ]);
}

describe("pageblocks that a per-CPU list claims when it is filled", () => {
  it("may be those of one free block more", () => {
    expect(play(claimed("1048576-1049599 U", "1049600-1051647 M", "1051648-1052671 U", "1052672-1081343 M"))).toMatchObject({ verdict: "agrees", relations: ["placed", "refill"] });
  });

  it("may be none", () => {
    expect(play(claimed("1048576-1049599 U", "1049600-1081343 M"))).toMatchObject({ verdict: "agrees", relations: ["placed"] });
  });

  it("are not half a free block", () => {
    expect(play(claimed("1048576-1049599 U", "1049600-1051647 M", "1051648-1052159 U", "1052160-1081343 M"))).toMatchObject({ verdict: "differs", predicted: "pageblock 1052160: U", observed: "pageblock 1052160: M" });
  });

  it("are not those of two free blocks", () => {
    expect(play(claimed("1048576-1049599 U", "1049600-1051647 M", "1051648-1053695 U", "1053696-1081343 M"))).toMatchObject({ verdict: "differs" });
  });

  it("are claimed right after an allocation only", () => {
    const { machine, steps } = claimed("1048576-1049599 U", "1049600-1051647 M", "1051648-1052671 U", "1052672-1081343 M");
    const later = [...steps.slice(0, -1), { do: "wait 1 s", observed: ok }, ...steps.slice(-1)];

    expect(play({ id: "later", title: "", machine, steps: later })).toMatchObject({ verdict: "differs", step: 5 });
  });
});

describe("sums of page flags", () => {
  it("have as many memory errors as were made", () => {
    const poisoned: Steps = [...plugged("online_movable"), ["module: mf 1048580", printed("ret=0")]];

    expect(play(record([...poisoned, ["agent: kpsum 1048576 1049088", printed("n=512 BUDDY=511 HWPOISON=1")]]))).toMatchObject({ verdict: "agrees", relations: ["sums"] });
    expect(play(record([...poisoned, ["agent: kpsum 1048576 1049088", printed("n=512 BUDDY=511")]]))).toMatchObject({ verdict: "differs", step: 3, predicted: "HWPOISON 1", observed: "HWPOISON 0" });
    expect(play(record([...poisoned, ["agent: kpsum 1048576 1049088", printed("n=512 BUDDY=512 HWPOISON=1")]]))).toMatchObject({ verdict: "differs", step: 3, predicted: "BUDDY at most 511" });
  });
});

describe("free lists of a quiet zone after draining", () => {
  const look = "free lists of node 1 Normal after draining the per-cpu lists (orders 0..10)";
  const zone = "zone 1 Normal start=1048576 spanned=32768 present=32768 early=0 managed=32768 free=32768 isolate_pb=0 contiguous=0";
  const freed: Steps = [...plugged("online_kernel"), ["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")], ["module: free 1048576 0", ok]];

  it("have what was freed to a per-CPU list, exactly", () => {
    const drained = [zone, "free U: 0 0 0 0 0 0 0 0 0 0 1", "free M: 0 0 0 0 0 0 0 0 0 0 31"];

    expect(play(record([...freed, [look, drained]]))).toMatchObject({ verdict: "agrees", compared: 5 });
    expect(play(record([...freed, [look, [zone, "free U: 1 1 1 1 1 1 1 1 1 1 0", "free M: 0 0 0 0 0 0 0 0 0 0 31"]]]))).toMatchObject({ verdict: "differs", step: 4, predicted: "zone 1:Normal: free U 0 0 0 0 0 0 0 0 0 0 1" });
  });
});

/** The zones of boot, zone DMA32 with so many frames in its free lists. */
function shown(nrPages: number): Steps {
  const rows = [
    "node 0 start=1 present=32638 spanned=32735",
    "zone 0 DMA start=1 spanned=4095 present=3998 early=3998 managed=3840 free=3800 isolate_pb=0 contiguous=1",
    "zone 0 DMA32 start=4096 spanned=28640 present=28640 early=28640 managed=20000 free=19000 isolate_pb=0 contiguous=1",
    `  free M: ${nrPages} 0 0 0 0 0 0 0 0 0 0`,
    "  free I: 50 0 0 0 0 0 0 0 0 0 0",
  ];
  return [["module: free_area", printed(...rows)]];
}

describe("free lists of a busy zone", () => {
  it.each([[1, 2], [2, 8]])("with %i processors add up to the zone's free pages, give or take %i", (processors, drift) => {
    const qemu = `7.2 TCG -M pc -smp ${processors} -m 128M`;

    for (const nrPages of [19_000 - drift, 19_000, 19_000 + drift]) expect(play(record(shown(nrPages), { qemu }))).toMatchObject({ verdict: "agrees", relations: ["free-busy", "lists-busy"] });
    for (const nrPages of [19_000 - drift - 1, 19_000 + drift + 1]) expect(play(record(shown(nrPages), { qemu }))).toMatchObject({ verdict: "differs", observed: `they add up to ${nrPages}` });
  });
});

// What a profile without the switch predicts, and what the kernel did. docs/fidelity.md: switches that records need.
const switches: readonly (readonly [id: string, of: string, steps: Steps, predicted: string, observed: string])[] = [
  [
    "KD-2",
    "a contiguous allocation undoes the isolation of another",
    [...plugged("online_movable"), ["module: isolate 1052672 1053696", printed("ret=0")], ["module: acr 1052672 1053184", { errno: "EBUSY", out: "ret=-16" }], ["module: mt 1052672 1053696", printed("1052672-1053183 M", "1053184-1053695 I")]],
    "pageblock 1052672: I",
    "pageblock 1052672: M",
  ],
  [
    "KD-3",
    "a compound allocation of another size loses its frames",
    [...plugged("online_movable"), ["module: acr 1056768 1057024 comp", { errno: "EINVAL", out: "ret=-22", dmesg: ["WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:6792"] }], ["module: drain", ok], ["zones", { "1:Movable": { start: 1_048_576, spanned: 32_768, present: 32_768, managed: 32_768, free: 32_256 }, "0:DMA": { start: 1, spanned: 4095, present: 3998, managed: 3998, free: 0 }, "0:DMA32": { start: 4096, spanned: 28_640, present: 28_640, managed: 28_640, free: 0 } }]],
    "zone 1:Movable: free 32768",
    "zone 1:Movable: free 32256",
  ],
  [
    "KD-4",
    "a contiguous allocation makes an Unmovable pageblock Movable",
    [...plugged("online_kernel"), ["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")], ["module: free 1048576 0", ok], ["module: drain", ok], ["module: acr 1048576 1049088", printed("ret=0")], ["module: mt 1048576 1049600", printed("1048576-1049087 M", "1049088-1049599 U")]],
    "pageblock 1048576: U",
    "pageblock 1048576: M",
  ],
  [
    "S-30",
    "an offline of a page that can not move goes on until a signal",
    [...plugged("online_movable"), ["module: acr 1049576 1049577", printed("ret=0")], ["write 'offline' to /sys/devices/system/memory/memory32/state (signal after 3000 ms)", refused("EINTR")]],
    "errno EBUSY because of offline-stuck",
    "errno EINTR",
  ],
];

describe.each(switches)("%s: %s", (id, _, steps, predicted, observed) => {
  it("agrees under linux-6.12, which has the switch, and says that it made a difference", () => {
    const result = play(record(steps));

    expect(result).toMatchObject({ verdict: "agrees", switches: [id] });
    expect(switchesNeeded(record(steps), result, "engine", profileNamed("linux-6.12"))).toEqual([id]);
  });

  it("differs where the profile has it not", () => {
    for (const profile of [`linux-6.12-${id}`, "strict"]) expect(play(record(steps), { profile })).toMatchObject({ verdict: "differs", step: steps.length - 1, predicted, observed, switches: [] });
  });

  it("agrees where strict has it too", () => {
    expect(play(record(steps), { profile: `strict+${id}` })).toMatchObject({ verdict: "agrees", switches: [id] });
  });

  it("is the same for the reference", () => {
    expect(play(record(steps), { subject: "reference" })).toEqual(play(record(steps)));
    // The reason that stands behind an errno is each one's own.
    expect(play(record(steps), { subject: "reference", profile: "strict" })).toMatchObject({ verdict: "differs", step: steps.length - 1, predicted: expect.stringContaining(predicted.split(" because")[0] ?? ""), observed });
  });
});
