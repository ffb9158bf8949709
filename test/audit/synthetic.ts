/** Machines that do not exist, in files that agree with each other: all memory is free but for what a zone has reserved. */
import { available, notAvailable } from "../../src/audit/source.ts";
import type { FileSource } from "../../src/audit/source.ts";

export interface SyntheticZone {
  readonly node: number;
  readonly type: string;
  /** In frames, multiples of a memory block. */
  readonly start: number;
  readonly end: number;
  /** Frames reserved at its start, a multiple of the largest free block. */
  readonly reserved: number;
}

export interface SyntheticMachine {
  readonly version: string;
  readonly pageBytes: number;
  readonly blockPages: number;
  readonly pageblockOrder: number;
  readonly maxPageOrder: number;
  readonly structPageBytes: number;
  readonly sectionPages: number;
  /** Ascending; of each node a zone Normal. */
  readonly zones: readonly SyntheticZone[];
}

export function synthetic(machine: SyntheticMachine): FileSource {
  const files = filesOf(machine);
  const words = machine.zones.at(-1)?.end ?? 0;
  return {
    root: "synthetic",
    live: false,
    text: (path) => {
      const text = files.get(path);
      return text === undefined ? notAvailable("no such file") : available(text);
    },
    names: (path) => {
      const names = new Set([...files.keys()].flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split("/")[0] ?? ""] : [])));
      return names.size === 0 ? notAvailable("no such file") : available([...names].toSorted());
    },
    stream: (path, piece) => {
      if (path !== "proc/kpageflags" && path !== "proc/kpagecount") return notAvailable("no such file");
      const buffer = new Uint32Array(2 * piecePages);
      for (let from = 0; from < words; from += piecePages) {
        if (path === "proc/kpageflags") fillFlags(machine, from, buffer);
        piece(new Uint8Array(buffer.buffer, 0, Math.min(piecePages, words - from) * 8));
      }
      return available(words * 8);
    },
  };
}

const piecePages = 2 ** 16;

function fillFlags({ zones }: SyntheticMachine, from: number, buffer: Uint32Array): void {
  for (let index = 0; index < buffer.length; index += 2) {
    buffer[index] = 0x100000;
    buffer[index + 1] = 0;
  }
  for (const { start, end, reserved } of zones) {
    const last = Math.min(end, from + piecePages);
    for (let pfn = Math.max(start, from); pfn < last; pfn++) {
      buffer[2 * (pfn - from)] = pfn < start + reserved ? 0 : 0x400;
      buffer[2 * (pfn - from) + 1] = pfn < start + reserved ? 1 : 0;
    }
  }
}

function managed({ start, end, reserved }: SyntheticZone): number {
  return end - start - reserved;
}

function sum(zones: readonly SyntheticZone[]): number {
  let all = 0;
  for (const zone of zones) all += managed(zone);
  return all;
}

function filesOf(machine: SyntheticMachine): ReadonlyMap<string, string> {
  const { version, pageBytes, blockPages, maxPageOrder, zones } = machine;
  const nodes = [...new Set(zones.map(({ node }) => node))];
  const kB = (pages: number): string => `${(pages * pageBytes) / 1024} kB`;
  const list = `${nodes.join(",")}\n`;
  const files = new Map<string, string>([
    ["proc/version", `${version}\n`],
    ["proc/cmdline", "quiet\n"],
    ["proc/iomem", zones.map(({ start, end }) => `${address(start * pageBytes)}-${address(end * pageBytes - 1)} : System RAM\n`).join("")],
    ["proc/meminfo", `MemTotal: ${kB(sum(zones))}\nMemFree: ${kB(sum(zones))}\nHardwareCorrupted: 0 kB\nHugetlb: 0 kB\n`],
    ["proc/vmstat", `nr_free_pages ${sum(zones)}\nnr_memmap_pages 0\nnr_memmap_boot_pages ${memmap(machine)}\n`],
    ["proc/zoneinfo", zones.map((zone) => zoneText(zone)).join("")],
    ["proc/buddyinfo", zones.map((zone) => `Node ${zone.node}, zone ${zone.type} ${"0 ".repeat(maxPageOrder)}${managed(zone) / 2 ** maxPageOrder} \n`).join("")],
    ["proc/pagetypeinfo", nodes.map((node) => typesText(machine, zones.filter((zone) => zone.node === node))).join("")],
    ["sys/devices/system/memory/block_size_bytes", `${(blockPages * pageBytes).toString(16)}\n`],
    ["sys/devices/system/node/online", list],
    ["sys/devices/system/node/has_memory", list],
    ["sys/devices/system/node/has_normal_memory", list],
    ["sys/module/memory_hotplug/parameters/online_policy", "contig-zones\n"],
    ["sys/module/memory_hotplug/parameters/memmap_on_memory", "N\n"],
  ]);
  for (const node of nodes) {
    const pages = sum(zones.filter((zone) => zone.node === node));
    files.set(`sys/devices/system/node/node${node}/meminfo`, `Node ${node} MemTotal: ${kB(pages)}\nNode ${node} MemFree: ${kB(pages)}\n`);
  }
  for (const { node, type, start, end } of zones) {
    for (let block = start / blockPages; block < end / blockPages; block++) {
      const folder = `sys/devices/system/memory/memory${block}`;
      files.set(`${folder}/state`, "online\n").set(`${folder}/online`, "1\n").set(`${folder}/phys_index`, `${block.toString(16).padStart(8, "0")}\n`);
      files.set(`${folder}/valid_zones`, `${type}\n`).set(`${folder}/node${node}/uevent`, "\n");
    }
  }
  return files;
}

function address(byte: number): string {
  return byte.toString(16).padStart(8, "0");
}

function memmap({ zones, sectionPages, structPageBytes, pageBytes }: SyntheticMachine): number {
  let sections = 0;
  for (const { start, end } of zones) sections += (end - start) / sectionPages;
  return (sections * sectionPages * structPageBytes) / pageBytes;
}

function zoneText(zone: SyntheticZone): string {
  const { node, type, start, end } = zone;
  const free = managed(zone);
  return [
    `Node ${node}, zone ${type}`, `  pages free     ${free}`, "        min      1", "        low      2", "        high     3", `        spanned  ${end - start}`, `        present  ${end - start}`, `        managed  ${free}`, "        cma      0",
    "        protection: (0, 0)", `      nr_free_pages ${free}`, "      nr_free_cma  0", "  pagesets", "    cpu: 0", "              count: 0", "              high:  0", "              batch: 1", "  node_unreclaimable:  0", `  start_pfn:           ${start}`, "",
  ].join("\n");
}

function typesText({ pageblockOrder, maxPageOrder }: SyntheticMachine, zones: readonly SyntheticZone[]): string {
  const orders = Array.from({ length: maxPageOrder + 1 }, (_, order) => order);
  const row = (zone: SyntheticZone, type: string, last: number): string => `Node ${zone.node}, zone ${zone.type}, type ${type} ${"0 ".repeat(maxPageOrder)}${last} \n`;
  return [
    `Page block order: ${pageblockOrder}\nPages per block:  ${2 ** pageblockOrder}\n\nFree pages count per migrate type at order ${orders.join(" ")} \n`,
    ...zones.map((zone) => row(zone, "Unmovable", 0) + row(zone, "Movable", managed(zone) / 2 ** maxPageOrder)),
    "\nNumber of blocks type Unmovable Movable \n",
    ...zones.map((zone) => `Node ${zone.node}, zone ${zone.type} 0 ${(zone.end - zone.start) / 2 ** pageblockOrder} \n`),
  ].join("");
}
