/**
 * The machine of a record: what the virtual machine's options and the kernel's command line say, as a description.
 *
 * The memory map is that of QEMU's machines `pc` and `virt`; the border of zone Movable follows
 * `find_zone_movable_pfns_for_nodes()`, mm/mm_init.c, v6.12. What no option tells is how many frames the kernel keeps for
 * itself before the buddy allocator is up (its image, the initial file system, the memmap): that is taken from the first
 * count of the record, present less managed, and put where it belongs, the image at its fixed place, the rest at the end of
 * memory, from which memblock allocates downwards.
 */
import { alignUp, pfnRange, rangeEnd, toPfn, zoneTypes } from "../../models/index.ts";
import type { CmaAreaDescription, Geometry, MachineDescription, MemmapOnMemoryMode, NodeDescription, PfnRange, ZoneType } from "../../models/index.ts";
import type { RecordedMachine } from "./record.ts";

/** Present and managed frames of a zone at boot, as the record shows them. */
export interface BootCount {
  readonly node: number;
  readonly type: ZoneType;
  readonly present: number;
  readonly managed: number;
}

/** The description, or what of the machine can not be expressed. */
export type MachineOf = { readonly ok: true; readonly machine: MachineDescription } | { readonly ok: false; readonly missing: string };

const KiB = 2 ** 10;
const MiB = 2 ** 20;
const GiB = 2 ** 30;
const maxPageOrder = 10;

/** Limits of the zones, by architecture: what ZONE_DMA and ZONE_DMA32 cover. */
const dmaEnds = { x86: 16 * MiB, dma32: 4 * GiB } as const;

/** Kernel images lie at 16 MiB on x86-64, and take this much there on the Debian kernels of the records. */
const imageStart = 16 * MiB;
const imagePages = 9414;

export function machineOf(recorded: RecordedMachine, counts: readonly BootCount[]): MachineOf {
  const { arch, pageBytes } = recorded;
  if (arch !== "x86_64" && arch !== "arm64") return { ok: false, missing: `machines of architecture ${arch}` };
  if (pageBytes !== 4096) return { ok: false, missing: `a page size of ${pageBytes} on ${arch}` };
  const memory = arch === "arm64" ? virtMemory(recorded) : pcMemory(recorded);
  if (memory === undefined) return { ok: false, missing: `the memory map of "${recorded.qemu}"` };
  const nodes = nodesOf(recorded, memory);
  const zones = zoneEnds(recorded);
  const described = nodes.map((ranges, node): NodeDescription => ({ memory: ranges, movableStart: movableStart(recorded, ranges, zones.dma), cpus: node === 0 }));
  const reserved = reservedRanges(recorded, described, zones, counts);
  return {
    ok: true,
    machine: {
      name: "recorded",
      geometry: geometryOf(recorded),
      arch: arch === "arm64" ? "arm64" : "x86-64",
      dmaEnd: toPfn(zones.dma),
      dma32End: toPfn(zones.dma32),
      nodes: described,
      reserved,
      bootMemmap: null,
      cma: cmaAreas(recorded, described, reserved),
      memmapOnMemory: memmapOnMemory(recorded),
      movableNode: words(recorded).includes("movable_node"),
      autoOnline: autoOnline(recorded),
      onlinePolicy: option(recorded, "memory_hotplug.online_policy") === "auto-movable" ? "auto-movable" : "contig-zones",
      autoMovableRatio: 301,
      autoMovableNumaAware: true,
      // Linux mhp_get_pluggable_range(), mm/memory_hotplug.c: 52 bits of address.
      hotplugEnd: toPfn(2 ** 52 / pageBytes),
    },
  };
}

function words({ cmdline }: RecordedMachine): readonly string[] {
  return cmdline.split(/\s+/u);
}

function option(recorded: RecordedMachine, name: string): string | undefined {
  return words(recorded).findLast((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** `512M`, `1G`, or plain bytes. */
export function bytesOf(text: string): number | undefined {
  const parts = /^(\d{1,12})([KMGT]?)$/u.exec(text);
  const unit = ["", "K", "M", "G", "T"].indexOf(parts?.[2] ?? "");
  return parts === null ? undefined : Number(parts[1]) * 2 ** (10 * unit);
}

function geometryOf({ pageBytes, pageblockPages, blockBytes }: RecordedMachine): Geometry {
  const sectionBytes = 128 * MiB;
  return {
    pageBytes,
    structPageBytes: 64,
    pageblockOrder: Math.log2(pageblockPages),
    maxPageOrder,
    subsectionPages: (2 * MiB) / pageBytes,
    sectionPages: sectionBytes / pageBytes,
    blockSections: blockBytes / sectionBytes,
    pmdPages: (2 * MiB) / pageBytes,
  };
}

/** Memory of the machine `pc`: a hole below 1 MiB, ACPI tables at the end of low memory, the rest from 4 GiB on. */
function pcMemory({ qemu, cmdline, pageBytes }: RecordedMachine): readonly PfnRange[] | undefined {
  const total = bytesOf(/ -m (\w+)/u.exec(qemu)?.[1] ?? "");
  if (total === undefined || !/ -M pc\b/u.test(qemu)) return undefined;
  const most = bytesOf(/max-ram-below-4g=(\w+)/u.exec(qemu)?.[1] ?? "") ?? 3.5 * GiB;
  const low = total < most ? total : Math.min(most, 3 * GiB);
  const limit = bytesOf(/(?:^| )mem=(\w+)/u.exec(cmdline)?.[1] ?? "") ?? Number.POSITIVE_INFINITY;
  // Page 0 is never given to the page allocator.
  const map = [
    { start: pageBytes, end: 0x9fc00 },
    { start: MiB, end: low - 128 * KiB },
    { start: 4 * GiB, end: 4 * GiB + total - low },
  ];
  return map.flatMap(({ start, end }) => wholeFrames(start, Math.min(end, limit), pageBytes));
}

/** Memory of the machine `virt`: from 1 GiB on; the second flash bank too where the firmware is UEFI. */
function virtMemory({ qemu, pageBytes }: RecordedMachine): readonly PfnRange[] | undefined {
  const total = bytesOf(/ -m (\w+)/u.exec(qemu)?.[1] ?? "");
  if (total === undefined || !/ -M virt\b/u.test(qemu)) return undefined;
  const flash = /-bios \S*EFI/u.test(qemu) ? wholeFrames(64 * MiB, 128 * MiB, pageBytes) : [];
  return [...flash, ...wholeFrames(GiB, GiB + total, pageBytes)];
}

function wholeFrames(start: number, end: number, pageBytes: number): readonly PfnRange[] {
  const first = Math.ceil(start / pageBytes);
  const last = Math.floor(end / pageBytes);
  return last > first ? [pfnRange(toPfn(first), last - first)] : [];
}

/** The memory of each node, in the order of the backends; a node without one has none. */
function nodesOf({ devices, pageBytes }: RecordedMachine, memory: readonly PfnRange[]): readonly (readonly PfnRange[])[] {
  const nodes = [...devices.matchAll(/-numa node,nodeid=\d+(?:,memdev=(\w+))?/gu)];
  if (nodes.length === 0) return [memory];
  let next = 0;
  return nodes.map(([, backend]) => {
    const bytes = backend === undefined ? 0 : (bytesOf(new RegExp(`id=${backend},size=(\\w+)`, "u").exec(devices)?.[1] ?? "") ?? 0);
    const share = { start: next, end: next + bytes / pageBytes };
    next = share.end;
    return memory.flatMap((range) => clip(range, share.start, share.end));
  });
}

function clip(range: PfnRange, start: number, end: number): readonly PfnRange[] {
  const from = Math.max(range.start, start);
  const to = Math.min(rangeEnd(range), end);
  return to > from ? [pfnRange(toPfn(from), to - from)] : [];
}

interface ZoneEnds {
  readonly dma: number;
  readonly dma32: number;
}

/** A kernel built from source with a small configuration has no ZONE_DMA. On arm64 ZONE_DMA is what 32 bits reach. */
function zoneEnds({ arch, kernel, pageBytes }: RecordedMachine): ZoneEnds {
  if (arch === "arm64") return { dma: dmaEnds.dma32 / pageBytes, dma32: dmaEnds.dma32 / pageBytes };
  return { dma: kernel.includes("small config") ? 0 : dmaEnds.x86 / pageBytes, dma32: dmaEnds.dma32 / pageBytes };
}

/** Where `kernelcore=` or `movablecore=` end the kernel's part of the one node, before it is rounded up. */
function movableStart(recorded: RecordedMachine, memory: readonly PfnRange[], dmaEnd: number): NodeDescription["movableStart"] {
  const kernelcore = bytesOf(option(recorded, "kernelcore") ?? "");
  const movablecore = bytesOf(option(recorded, "movablecore") ?? "");
  if (kernelcore === undefined && movablecore === undefined) return null;
  const total = memory.reduce((sum, { nrPages }) => sum + nrPages, 0);
  let left = kernelcore === undefined ? total - alignUp((movablecore ?? 0) / recorded.pageBytes, 2 ** maxPageOrder) : kernelcore / recorded.pageBytes;
  for (const range of memory) {
    // Memory below the highest zone at boot is the kernel's in any case.
    const below = Math.max(0, Math.min(rangeEnd(range), dmaEnd) - range.start);
    left -= Math.min(below, left);
    const rest = range.nrPages - below;
    if (rest > left) return toPfn(range.start + below + left);
    left -= rest;
  }
  return null;
}

function memmapOnMemory(recorded: RecordedMachine): MemmapOnMemoryMode {
  const value = option(recorded, "memory_hotplug.memmap_on_memory") ?? "N";
  return value === "force" ? "force" : /^[1yY]/u.test(value) ? "yes" : "never";
}

/** Debian builds its kernels with CONFIG_MHP_DEFAULT_ONLINE_TYPE_ONLINE_AUTO. */
function autoOnline(recorded: RecordedMachine): MachineDescription["autoOnline"] {
  const value = option(recorded, "memhp_default_state");
  return value === "offline" || value === "online_kernel" || value === "online_movable" ? value : "online";
}

/** 64 MiB on arm64 as Debian builds it; elsewhere as the command line says. It lies at the end of the node's free memory. */
function cmaAreas(recorded: RecordedMachine, nodes: readonly NodeDescription[], reserved: readonly PfnRange[]): readonly CmaAreaDescription[] {
  const bytes = bytesOf(option(recorded, "cma") ?? "") ?? (recorded.arch === "arm64" ? 64 * MiB : 0);
  const last = nodes[0]?.memory.at(-1);
  if (bytes === 0 || last === undefined) return [];
  const nrPages = bytes / recorded.pageBytes;
  const top = Math.min(rangeEnd(last), ...reserved.filter(({ start }) => start > last.start + last.nrPages / 2).map(({ start }) => start));
  const base = Math.floor((top - nrPages) / nrPages) * nrPages;
  return base < last.start ? [] : [{ base: toPfn(base), nrPages, orderPerBit: 0 }];
}

/** What was never given to the page allocator, zone by zone. */
function reservedRanges(recorded: RecordedMachine, nodes: readonly NodeDescription[], ends: ZoneEnds, counts: readonly BootCount[]): readonly PfnRange[] {
  const image = recorded.arch === "x86_64" ? imageStart / recorded.pageBytes : 0;
  return counts.flatMap(({ node, type, present, managed }) => {
    const memory = nodes[node]?.memory.flatMap((range) => clip(range, zoneStart(type, ends, nodes[node]), zoneEnd(type, ends, nodes[node]))) ?? [];
    const missing = present - managed;
    const low = image >= (memory[0]?.start ?? 0) && node === 0 && type !== "DMA" && missing >= imagePages ? takeFrom(memory, Math.max(image, memory[0]?.start ?? 0), imagePages) : [];
    const taken = low.reduce((sum, { nrPages }) => sum + nrPages, 0);
    return type === "DMA" && recorded.arch === "x86_64" ? takeFrom(memory, 0, missing) : [...low, ...takeFromEnd(memory, missing - taken)];
  });
}

function zoneStart(type: ZoneType, { dma, dma32 }: ZoneEnds, node: NodeDescription | undefined): number {
  return type === "Movable" ? movableBorder(node) : type === "DMA32" ? dma : type === "Normal" ? dma32 : 0;
}

function zoneEnd(type: ZoneType, { dma, dma32 }: ZoneEnds, node: NodeDescription | undefined): number {
  const end = type === "DMA" ? dma : type === "DMA32" ? dma32 : Number.MAX_SAFE_INTEGER;
  return type === "Movable" ? end : Math.min(end, movableBorder(node));
}

function movableBorder(node: NodeDescription | undefined): number {
  return node?.movableStart === null || node === undefined ? Number.MAX_SAFE_INTEGER : alignUp(node.movableStart, 2 ** maxPageOrder);
}

function takeFrom(memory: readonly PfnRange[], from: number, nrPages: number): readonly PfnRange[] {
  let left = nrPages;
  return memory.flatMap((range) => {
    const start = Math.max(range.start, from);
    const taken = Math.max(0, Math.min(left, rangeEnd(range) - start));
    left -= taken;
    return taken > 0 ? [pfnRange(toPfn(start), taken)] : [];
  });
}

function takeFromEnd(memory: readonly PfnRange[], nrPages: number): readonly PfnRange[] {
  let left = nrPages;
  return memory
    .toReversed()
    .flatMap((range) => {
      const taken = Math.max(0, Math.min(left, range.nrPages));
      left -= taken;
      return taken > 0 ? [pfnRange(toPfn(rangeEnd(range) - taken), taken)] : [];
    })
    .toReversed();
}

/** The zone types by name, for readers of records. */
export function zoneTypeNamed(name: string): ZoneType | undefined {
  return zoneTypes.find((type) => type === name);
}
