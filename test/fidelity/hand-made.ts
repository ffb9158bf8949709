/** Small records made by hand: 128 MiB at boot on node 0, and node 1 with nothing, where nobody else allocates. */
import type { FidelityRecord, RecordedMachine, RecordedStep } from "../../src/fidelity/record.ts";

export const machine: RecordedMachine = {
  arch: "x86_64",
  kernel: "6.12.117+deb12-cloud-amd64",
  qemu: "7.2 TCG -M pc -smp 1 -m 128M,slots=8,maxmem=8G",
  cmdline: "quiet memhp_default_state=offline",
  devices: "-object memory-backend-ram,id=b0,size=128M -numa node,nodeid=0,memdev=b0,cpus=0 -numa node,nodeid=1",
  blockBytes: 2 ** 27,
  pageBytes: 4096,
  pageblockPages: 512,
};

/** Steps as [words, what was observed]. */
export type Steps = readonly (readonly [line: string, observed: unknown])[];

export function record(steps: Steps, change: Partial<RecordedMachine> = {}): FidelityRecord {
  return { id: "hand-made", title: "made by hand", machine: { ...machine, ...change }, steps: steps.map(([line, observed]): RecordedStep => ({ do: line, observed })) };
}

export const ok = { errno: 0 };

export function printed(...out: readonly string[]): { readonly errno: number; readonly out: readonly string[] } {
  return { errno: 0, out };
}

export function refused(errno: string): { readonly errno: string } {
  return { errno };
}

/** A DIMM of one block at 4 GiB, block 32, frames 1048576 to 1081343, and its block on line. */
export function plugged(state: "online_kernel" | "online_movable"): Steps {
  return [
    ["QMP: hot-add pc-dimm dimm0 size 128M node 1", { addr: 2 ** 32, size: 2 ** 27, slot: 0 }],
    [`write '${state}' to /sys/devices/system/memory/memory32/state`, ok],
  ];
}

const zones = { "0:DMA": { start: 1, spanned: 4095, present: 3998, managed: 3840, free: 3800 }, "0:DMA32": { start: 4096, spanned: 28_640, present: 28_640, managed: 20_000, free: 19_000 } };
const movable = { start: 1_048_576, spanned: 32_768, present: 32_768, managed: 32_768, free: 32_768 };

/** One that agrees, one that differs, one that can not be expressed. */
export const threeRecords: readonly FidelityRecord[] = [
  {
    ...record([...plugged("online_kernel"), ["permissions of the parameters", printed("total 0")], ["module: alloc 0 unmovable,thisnode 1", printed("1048576 mt=U zone=1:2")], ["/proc/meminfo DirectMap4k", { DirectMap4k: 26_496 }], ["module: mt 1048576 1050624", printed("1048576-1049599 U", "1049600-1050623 M")]]),
    id: "quiet-zone",
    title: "a page of the kernel's own in a zone where nobody else allocates",
  },
  {
    ...record([...plugged("online_movable"), ["zones", { ...zones, "1:Movable": { ...movable, managed: 32_767 } }], ["blocks (state valid_zones)", {}]]),
    id: "another-zone",
    title: "a zone of one block that manages one page less than it has, which no kernel does: the counters of a zone are exact where nothing stands on lists of processors",
  },
  {
    ...record([...plugged("online_movable"), ["QMP: balloon target 64M of 128M", {}]]),
    id: "a-balloon-that-takes-memory-away",
    title: "a balloon",
  },
];
