import { describe, expect, it } from "vitest";
import { readStep } from "../../src/fidelity/steps.ts";
import type { Step } from "../../src/fidelity/steps.ts";
import { records } from "./fixture.ts";

const errorInject = "/sys/kernel/debug/notifier-error-inject/memory/actions";

const examples: readonly (readonly [line: string, step: Step])[] = [
  ["write 'online_movable' to /sys/devices/system/memory/memory32/state", { kind: "write", value: "online_movable", file: "/sys/devices/system/memory/memory32/state", interrupted: false, shell: false }],
  ["write '' to /sys/devices/system/memory/memory32/state", { kind: "write", value: "", file: "/sys/devices/system/memory/memory32/state", interrupted: false, shell: false }],
  ["write 'offline' to /sys/devices/system/memory/memory1/state (signal after 4000 ms)", { kind: "write", value: "offline", file: "/sys/devices/system/memory/memory1/state", interrupted: true, shell: false }],
  ["write 0 to memory32/online", { kind: "write", value: "0", file: "/sys/devices/system/memory/memory32/online", interrupted: false, shell: true }],
  ["write '1048577' to /sys/kernel/debug/hwpoison/corrupt-pfn", { kind: "poison", pfn: 1_048_577 }],
  ["write '1048577' to /sys/kernel/debug/hwpoison/unpoison-pfn", { kind: "unpoison", pfn: 1_048_577 }],
  [`write '-12' to ${errorInject}/MEM_GOING_ONLINE/error`, { kind: "veto", event: "GOING_ONLINE", errno: "ENOMEM" }],
  [`write '-99' to ${errorInject}/MEM_GOING_ONLINE/error`, { kind: "veto", event: "GOING_ONLINE", errno: "errno -99" }],
  [`write '0' to ${errorInject}/MEM_GOING_ONLINE/error`, { kind: "veto-ends" }],
  ["module: notifier answers MEM_PREPARE_ONLINE with -EBUSY", { kind: "veto", event: "PREPARE_ONLINE", errno: "EBUSY" }],
  ["module: notifier answers OK again", { kind: "veto-ends" }],
  ["read /sys/devices/system/memory/block_size_bytes", { kind: "read", file: "/sys/devices/system/memory/block_size_bytes" }],
  ["online_kernel blocks 32..39 (node 1)", { kind: "online-kernel", first: 32, last: 39 }],
  ["QMP: hot-add pc-dimm dimm0 size 1024M node 1", { kind: "plug", dimm: "dimm0", bytes: 2 ** 30, node: 1 }],
  ["QMP: hot-add pc-dimm dimm0 size 64M", { kind: "plug", dimm: "dimm0", bytes: 2 ** 26, node: 0 }],
  ["QMP: device_del dimm0", { kind: "unplug", dimm: "dimm0" }],
  ["blocks (state valid_zones)", { kind: "blocks" }],
  ["zones", { kind: "zones" }],
  ["module: zones", { kind: "module-zones", lists: false }],
  ["module: free_area", { kind: "module-zones", lists: true }],
  ["free lists of node 1 Movable after draining the per-cpu lists (orders 0..10)", { kind: "free-lists", node: 1, zone: "Movable" }],
  ["/proc/buddyinfo, node 1", { kind: "buddyinfo", node: 1 }],
  ["/proc/pagetypeinfo, node 1", { kind: "pagetypeinfo", node: 1 }],
  ["/proc/meminfo MemTotal MemFree", { kind: "meminfo", fields: ["MemTotal", "MemFree"] }],
  ["/proc/vmstat pgmigrate_success", { kind: "vmstat", fields: ["pgmigrate_success"] }],
  ["System RAM lines of /proc/iomem", { kind: "iomem" }],
  ["memory notifier events since last", { kind: "events" }],
  ["hugetlb 2M pool", { kind: "pool" }],
  ["module: mt 1048576 1050624", { kind: "types", start: 1_048_576, end: 1_050_624, compound: false }],
  ["module: pages 1048576 1050624", { kind: "pages", start: 1_048_576, end: 1_050_624, compound: false }],
  ["agent: kpf 1048576 1052672", { kind: "flags", start: 1_048_576, end: 1_052_672, compound: false }],
  ["agent: kpsum 1048576 1052672", { kind: "flag-sums", start: 1_048_576, end: 1_052_672, compound: false }],
  ["kpageflags sums of boot memory", { kind: "flag-sums", start: 0, end: 131_072, compound: false }],
  ["kpageflags sums of 1G window 5G", { kind: "flag-sums", start: 1_310_720, end: 1_572_864, compound: false }],
  ["module: acr 1056805 1056905", { kind: "contig-alloc", start: 1_056_805, end: 1_056_905, compound: false }],
  ["module: acr 1052672 1053184 comp", { kind: "contig-alloc", start: 1_052_672, end: 1_053_184, compound: true }],
  ["module: acr 1081334 1081354 (reaches into the block going off line)", { kind: "contig-alloc", start: 1_081_334, end: 1_081_354, compound: false }],
  ["module: fcr 1056805 100", { kind: "contig-free", start: 1_056_805, nrPages: 100 }],
  ["module: acp 700 1 movable,thisnode", { kind: "contig-pages", nrPages: 700, node: 1, movable: true, thisNode: true }],
  ["module: acp 262144 0 unmovable", { kind: "contig-pages", nrPages: 262_144, node: 0, movable: false, thisNode: false }],
  ["module: alloc 0 unmovable,thisnode 1", { kind: "alloc", order: 0, type: "unmovable", node: 1, thisNode: true }],
  ["module: alloc 10 reclaimable,thisnode,noretry 1", { kind: "alloc", order: 10, type: "reclaimable", node: 1, thisNode: true }],
  ["module: alloc 3 movable", { kind: "alloc", order: 3, type: "movable", node: 0, thisNode: false }],
  ["module: free 1048576 10", { kind: "free", pfn: 1_048_576, order: 10 }],
  ["module: drain", { kind: "drain" }],
  ["module: isolate 1052672 1053696", { kind: "isolate", start: 1_052_672, end: 1_053_696, compound: false }],
  ["module: test 1052672 1053696", { kind: "test-isolated", start: 1_052_672, end: 1_053_696, compound: false }],
  ["module: undo 1052672 1053696", { kind: "undo-isolate", start: 1_052_672, end: 1_053_696, compound: false }],
  ["module: add_memory nid start size flags = -1 20000000 8000000 0", { kind: "add", node: -1, start: 2 ** 29, bytes: 2 ** 27, group: false }],
  ["module: add 0 20000000 18000000 0", { kind: "add", node: 0, start: 2 ** 29, bytes: 3 * 2 ** 27, group: false }],
  ["module: add_memory(mgid 2, 512M, 128M, MHP_NID_IS_MGID)", { kind: "add", node: 2, start: 2 ** 29, bytes: 2 ** 27, group: true }],
  ["module: remove 20000000 8000000", { kind: "remove", start: 2 ** 29, bytes: 2 ** 27 }],
  ["module: offrm 20000000 8000000", { kind: "offline-and-remove", start: 2 ** 29, bytes: 2 ** 27 }],
  ["module: offlinepg 164840 1", { kind: "page-offline", pfn: 164_840, value: true }],
  ["module: offlinepg 164840 0", { kind: "page-offline", pfn: 164_840, value: false }],
  ["module: group_static 0 98304", { kind: "group", dynamic: false, node: 0, nrPages: 98_304 }],
  ["module: group_dynamic 1 32768", { kind: "group", dynamic: true, node: 1, nrPages: 32_768 }],
  ["module: group_del 77", { kind: "group-unregister", group: 77 }],
  ["module: mf 1048586", { kind: "poison", pfn: 1_048_586 }],
  ["module: soft 1048586", { kind: "soft-offline", pfn: 1_048_586 }],
  ["module: unpoison 1048577", { kind: "unpoison", pfn: 1_048_577 }],
  ["agent: map 100M anon, touched", { kind: "map", name: "a", bytes: 100 * 2 ** 20, options: ["nothp", "fill"] }],
  ["agent: map b 64K nothp fill node1", { kind: "map", name: "b", bytes: 2 ** 16, options: ["nothp", "fill", "node1"] }],
  ["agent: unmap a", { kind: "unmap", name: "a" }],
  ["agent: check a", { kind: "check", name: "a" }],
  ["agent: pfns a", { kind: "frames-of", name: "a", offset: 0, bytes: null }],
  ["agent: pfns a 4096 64K", { kind: "frames-of", name: "a", offset: 4096, bytes: 2 ** 16 }],
  ["agent: touch a 4096", { kind: "touch", name: "a", offset: 4096 }],
  ["agent: poison a 0", { kind: "poison-page", name: "a", offset: 0 }],
  ["agent: softoff a 0 4K", { kind: "soft-offline-page", name: "a", offset: 0 }],
  ["agent: io_uring fixed buffer (FOLL_LONGTERM) on the first page", { kind: "pin", name: "a" }],
  ["agent: close the io_uring", { kind: "unpin", name: "a" }],
  ["agent: vmsplice of the first page", { kind: "hold", name: "b" }],
  ["agent: unsplice b", { kind: "release", name: "b" }],
  ["agent: mount tmpfs /tmp", { kind: "nothing" }],
  ["wait 3 s", { kind: "nothing" }],
  ["in the background: write offline to memory32/state (waits for the page taken above)", { kind: "begin", value: "offline", block: 32 }],
  ["is the background write still running", { kind: "is-running" }],
  ["background write result (after a signal if it still ran)", { kind: "end" }],
];

describe("a line of a record", () => {
  it.each(examples)("%s", (line, step) => {
    expect(readStep(line)).toEqual(step);
  });

  it("is known for every step of the records", () => {
    const lines = records.flatMap(({ id, steps }) => steps.map(({ do: line }) => ({ id, line })));

    const unknown = lines.filter(({ line }) => {
      const step = readStep(line);
      return step.kind === "missing" && (step.what.startsWith("the step ") || step.what.startsWith("numbers as large"));
    });
    expect(unknown).toEqual([]);
  });

  it("is of each kind somewhere in the records, or in these examples", () => {
    const inRecords = new Set(records.flatMap(({ steps }) => steps.map(({ do: line }) => readStep(line).kind)));
    const here = new Set(examples.map(([, { kind }]) => kind));

    expect([...inRecords].filter((kind) => kind !== "missing" && !here.has(kind))).toEqual([]);
  });
});

describe("a line that says what the machine here does not have", () => {
  it.each([
    ["QMP: set vm0 requested-size 256M", "a virtio-mem device"],
    ["QMP: balloon target 650M of 768M", "a virtio balloon"],
    ["agent: rmmod virtio_mem", "loading and removing of drivers"],
    ["QMP: hot-add a 6G DIMM and read state, valid_zones, removable of every block in a loop at once", "reading sysfs while memory is being added"],
    ["turn the machine around", 'the step "turn the machine around"'],
    ["module: mf 99999999999999999999", 'numbers as large as in "module: mf 99999999999999999999"'],
    ["module: mt 0 16777217", 'numbers as large as in "module: mt 0 16777217"'],
  ])("stops the record: %s", (line, what) => {
    expect(readStep(line)).toEqual({ kind: "missing", what, changes: true });
  });

  it.each([
    ["permissions of the parameters", "permissions of files"],
    ["kpageflags: runs with OFFLINE", "runs of pages that a driver keeps offline"],
    ["agent: ls /sys/kernel/debug/notifier-error-inject/memory/actions/", "the list of notifier calls that errors can be injected into"],
  ])("is read over: %s", (line, what) => {
    expect(readStep(line)).toEqual({ kind: "missing", what, changes: false });
  });

  it("may look at as many frames as there may be, and no more", () => {
    expect(readStep("module: mt 0 16777216")).toMatchObject({ kind: "types", end: 2 ** 24 });
    expect(readStep("module: mt 1 16777218")).toMatchObject({ kind: "missing" });
  });
});
