/**
 * Reads every text file that the audit looks at, once.
 *
 * Files whose counters belong together are read one right after the other, and what changes only with hotplug comes first:
 * on a running machine the counters have moved least where they are compared.
 */
import { parseBuddyinfo } from "../formats/buddyinfo.ts";
import type { BuddyLine } from "../formats/buddyinfo.ts";
import { parseIomem } from "../formats/iomem.ts";
import type { Iomem } from "../formats/iomem.ts";
import { parseMeminfo, parseNodeMeminfo, parseVmstat } from "../formats/meminfo.ts";
import type { MemInfo } from "../formats/meminfo.ts";
import { parsePagetypeinfo } from "../formats/pagetypeinfo.ts";
import type { PageTypes } from "../formats/pagetypeinfo.ts";
import { decimal, misshapen, shaped } from "../formats/shape.ts";
import type { Shaped } from "../formats/shape.ts";
import { parseBlockOnline, parseBlockSize, parseBlockState, parseNodeList, parsePhysIndex, parseValidZones, parseWord } from "../formats/sysfs-memory.ts";
import type { BlockState } from "../formats/sysfs-memory.ts";
import { parseArch, parseCmdline, parseVersion } from "../formats/version.ts";
import type { KernelVersion } from "../formats/version.ts";
import { parseZoneinfo } from "../formats/zoneinfo.ts";
import type { ZoneInfo } from "../formats/zoneinfo.ts";
import type { Arch, ZoneType } from "../../models/index.ts";
import { available, notAvailable } from "./source.ts";
import type { FileSource, Reading } from "./source.ts";

/** One folder `memoryN`. A file that is not available is null. */
export interface BlockFiles {
  /** N of the name. */
  readonly block: number;
  readonly physIndex: number | null;
  readonly state: BlockState;
  readonly online: boolean | null;
  /** Empty: `none`. */
  readonly validZones: readonly ZoneType[] | null;
  /** The links `nodeN`, ascending: several where a boot block has memory of several nodes. */
  readonly nodes: readonly number[];
}

export interface MemoryFiles {
  readonly blockSizeBytes: number;
  /** Ascending. */
  readonly blocks: readonly BlockFiles[];
}

export interface NodeFiles {
  readonly online: readonly number[];
  readonly hasMemory: readonly number[];
  readonly hasNormalMemory: readonly number[];
  /** By node, for those of `online` whose file is available. */
  readonly meminfo: ReadonlyMap<number, MemInfo>;
}

/** `/sys/module/memory_hotplug/parameters`. */
export interface HotplugSettings {
  readonly onlinePolicy: string | null;
  readonly memmapOnMemory: string | null;
}

/** What the text files of a system say. Each is there or not for itself. */
export interface SystemFiles {
  readonly version: Reading<KernelVersion>;
  readonly arch: Reading<Arch | null>;
  readonly cmdline: Reading<readonly string[]>;
  readonly iomem: Reading<Iomem>;
  readonly memory: Reading<MemoryFiles>;
  readonly nodes: Reading<NodeFiles>;
  readonly settings: HotplugSettings;
  readonly meminfo: Reading<MemInfo>;
  readonly vmstat: Reading<ReadonlyMap<string, number>>;
  readonly zoneinfo: Reading<readonly ZoneInfo[]>;
  readonly buddyinfo: Reading<readonly BuddyLine[]>;
  readonly pagetypeinfo: Reading<PageTypes>;
}

/** The files of SystemFiles by the names that messages use. */
export const systemPaths: Readonly<Record<Exclude<keyof SystemFiles, "settings">, string>> = {
  version: "proc/version",
  arch: "proc/sys/kernel/arch",
  cmdline: "proc/cmdline",
  iomem: "proc/iomem",
  memory: "sys/devices/system/memory",
  nodes: "sys/devices/system/node",
  meminfo: "proc/meminfo",
  vmstat: "proc/vmstat",
  zoneinfo: "proc/zoneinfo",
  buddyinfo: "proc/buddyinfo",
  pagetypeinfo: "proc/pagetypeinfo",
};

/** Reads and parses everything. The first file that has not the shape it should have is the error. */
export function readSystem(source: FileSource): Shaped<SystemFiles> {
  const version = parsed(source, systemPaths.version, parseVersion);
  if (!version.ok) return version;
  const arch = parsed(source, systemPaths.arch, parseArch);
  if (!arch.ok) return arch;
  const cmdline = parsed(source, systemPaths.cmdline, parseCmdline);
  if (!cmdline.ok) return cmdline;
  const iomem = readIomem(source);
  if (!iomem.ok) return iomem;
  const memory = readMemory(source);
  if (!memory.ok) return memory;
  const nodes = readNodes(source);
  if (!nodes.ok) return nodes;
  const settings = readSettings(source);
  if (!settings.ok) return settings;
  const vmstat = parsed(source, systemPaths.vmstat, parseVmstat);
  if (!vmstat.ok) return vmstat;
  const meminfo = parsed(source, systemPaths.meminfo, parseMeminfo);
  if (!meminfo.ok) return meminfo;
  const zoneinfo = parsed(source, systemPaths.zoneinfo, parseZoneinfo);
  if (!zoneinfo.ok) return zoneinfo;
  const buddyinfo = parsed(source, systemPaths.buddyinfo, parseBuddyinfo);
  if (!buddyinfo.ok) return buddyinfo;
  const pagetypeinfo = parsed(source, systemPaths.pagetypeinfo, parsePagetypeinfo);
  if (!pagetypeinfo.ok) return pagetypeinfo;
  return shaped({
    version: version.value, arch: arch.value, cmdline: cmdline.value, iomem: iomem.value, memory: memory.value, nodes: nodes.value, settings: settings.value,
    vmstat: vmstat.value, meminfo: meminfo.value, zoneinfo: zoneinfo.value, buddyinfo: buddyinfo.value, pagetypeinfo: pagetypeinfo.value,
  });
}

function parsed<T>(source: FileSource, path: string, parse: (text: string, file: string) => Shaped<T>): Shaped<Reading<T>> {
  const text = source.text(path);
  if (!text.available) return shaped(text);
  const value = parse(text.value, path);
  return value.ok ? shaped(available(value.value)) : value;
}

function readIomem(source: FileSource): Shaped<Reading<Iomem>> {
  const iomem = parsed(source, systemPaths.iomem, parseIomem);
  if (!iomem.ok) return iomem;
  if (!iomem.value.available) return shaped(iomem.value);
  return shaped(iomem.value.value === null ? notAvailable("its addresses are hidden, which is what a user without rights sees") : available(iomem.value.value));
}

const mostBlocks = 2 ** 20;

function readMemory(source: FileSource): Shaped<Reading<MemoryFiles>> {
  const size = parsed(source, `${systemPaths.memory}/block_size_bytes`, parseBlockSize);
  if (!size.ok) return size;
  if (!size.value.available) return shaped(size.value);
  const names = source.names(systemPaths.memory);
  if (!names.available) return shaped(names);
  const ids = names.value.flatMap((name) => /^memory(0|[1-9]\d{0,9})$/u.exec(name)?.[1] ?? []).map(Number).toSorted((a, b) => a - b);
  if (ids.length > mostBlocks) return misshapen(systemPaths.memory, null, `${ids.length} memory blocks`, `at most ${mostBlocks}`);
  const blocks: BlockFiles[] = [];
  for (const id of ids) {
    const block = readBlock(source, id);
    if (!block.ok) return block;
    // Taken away since the names were read.
    if (block.value.available) blocks.push(block.value.value);
  }
  return shaped(available({ blockSizeBytes: size.value.value, blocks }));
}

function readBlock(source: FileSource, block: number): Shaped<Reading<BlockFiles>> {
  const folder = `${systemPaths.memory}/memory${block}`;
  const state = parsed(source, `${folder}/state`, parseBlockState);
  if (!state.ok) return state;
  const names = source.names(folder);
  const missing = !state.value.available ? state.value : !names.available ? names : undefined;
  if (missing !== undefined || !state.value.available || !names.available) {
    return source.live ? shaped(notAvailable("taken away meanwhile")) : misshapen(`${folder}/state`, null, missing?.why ?? "nothing", "the state of the memory block");
  }
  const physIndex = parsed(source, `${folder}/phys_index`, parsePhysIndex);
  if (!physIndex.ok) return physIndex;
  const online = parsed(source, `${folder}/online`, parseBlockOnline);
  if (!online.ok) return online;
  const validZones = parsed(source, `${folder}/valid_zones`, parseValidZones);
  if (!validZones.ok) return validZones;
  const nodes = names.value.flatMap((name) => decimal(/^node(\d+)$/u.exec(name)?.[1] ?? "") ?? []).toSorted((a, b) => a - b);
  return shaped(available({ block, state: state.value.value, physIndex: orNull(physIndex.value), online: orNull(online.value), validZones: orNull(validZones.value), nodes }));
}

function orNull<T>(reading: Reading<T>): T | null {
  return reading.available ? reading.value : null;
}

function readNodes(source: FileSource): Shaped<Reading<NodeFiles>> {
  const lists: (readonly number[])[] = [];
  for (const name of ["online", "has_memory", "has_normal_memory"]) {
    const list = parsed(source, `${systemPaths.nodes}/${name}`, parseNodeList);
    if (!list.ok) return list;
    if (!list.value.available) return shaped(list.value);
    lists.push(list.value.value);
  }
  const [online = [], hasMemory = [], hasNormalMemory = []] = lists;
  const meminfo = new Map<number, MemInfo>();
  for (const node of online) {
    const info = parsed(source, `${systemPaths.nodes}/node${node}/meminfo`, (text, file) => parseNodeMeminfo(text, node, file));
    if (!info.ok) return info;
    if (info.value.available) meminfo.set(node, info.value.value);
  }
  return shaped(available({ online, hasMemory, hasNormalMemory, meminfo }));
}

function readSettings(source: FileSource): Shaped<HotplugSettings> {
  const folder = "sys/module/memory_hotplug/parameters";
  const policy = parsed(source, `${folder}/online_policy`, parseWord);
  if (!policy.ok) return policy;
  const memmap = parsed(source, `${folder}/memmap_on_memory`, parseWord);
  return memmap.ok ? shaped({ onlinePolicy: orNull(policy.value), memmapOnMemory: orNull(memmap.value) }) : memmap;
}
