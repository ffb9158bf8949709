/**
 * Machine descriptions as files have them: a name of models/machines.ts, or an object.
 *
 * ```json
 * { "framecheck": "machine", "version": 1, "machine": { "name": "mine", "geometry": { ... }, "nodes": [ ... ], "hotplugEnd": "0x100" } }
 * ```
 *
 * Frame numbers are numbers or hex strings. These fields may be left out, and are then as the named machines have them
 * unless they say otherwise:
 *
 * | field | left out |
 * |---|---|
 * | arch | "x86-64" |
 * | dmaEnd, dma32End | 0: no zone DMA, no zone DMA32 |
 * | reserved, cma | [] |
 * | bootMemmap | null: outside the modelled memory |
 * | zeroPage | none: outside the modelled memory |
 * | memmapOnMemory | "yes" |
 * | movableNode | false |
 * | autoOnline | "offline" |
 * | onlinePolicy | "contig-zones" |
 * | autoMovableRatio, autoMovableNumaAware | 301, true |
 * | nodes[].movableStart, nodes[].cpus | null, true |
 * | balloon, nodeStats | no balloon, no statistics of nodes |
 * | highAtomic | no HighAtomic reserves |
 * | lruBatches | no batches of the LRU |
 * | cma[].orderPerBit | 0 |
 * | cma[].reservePagesOnError | false |
 * | compaction | no `compact` |
 * | guardMinOrder | no guard pages |
 * | windows | none |
 * | hugePages | no pools of huge pages |
 * | hugePages[].migratable | true |
 * | compoundDevices | no devices in compound pages |
 * | daxDevices | none |
 * | virtioMem | no virtio-mem device |
 */
import * as v from "valibot";
import { bootMemory, brokenGeometryRule, checkDescription, maxFrames, maxNodes, namedMachines, rangeEnd, toPfn } from "../../models/index.ts";
import type { AutoOnline, MachineDescription, MemmapOnMemoryMode, OnlinePolicy, PfnRange } from "../../models/index.ts";
import { check, closed, found, frame, frameOrNull, listOf, maxLabel, nrPages, nrPagesOrNone, oneOf, order, whole, words, yesOrNo } from "./fields.ts";
import type { Schema } from "./fields.ts";
import { fileHeader, headerFields } from "./header.ts";
import { parseJson } from "./json-text.ts";
import { faulty, parsed, printable } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";
import { printJson } from "./print-json.ts";

/** Sections below `hotplugEnd`: 4 PiB in sections of 128 MiB. */
export const maxSections: number = 2 ** 25;

/** Sections with boot memory, each of which an implementation has to set up. */
export const maxBootSections: number = 2 ** 20;

/** Sections in a memory block; the largest blocks of Linux have 2 GiB of 128 MiB sections. */
export const maxBlockSections: number = 2 ** 12;

const memmapModes: readonly MemmapOnMemoryMode[] = ["never", "yes", "force"];
export const autoOnlineWords: readonly AutoOnline[] = ["offline", "online", "online_kernel", "online_movable"];
export const onlinePolicies: readonly OnlinePolicy[] = ["contig-zones", "auto-movable"];

const size = whole(1, maxFrames);

const range: Schema<PfnRange> = closed({ start: frame, nrPages: nrPagesOrNone });

const description: Schema<MachineDescription> = closed({
  name: words(64),
  geometry: closed({
    pageBytes: size,
    structPageBytes: size,
    pageblockOrder: order,
    maxPageOrder: order,
    subsectionPages: size,
    sectionPages: size,
    blockSections: size,
    pmdPages: size,
  }),
  arch: v.optional(oneOf(["x86-64", "arm64"]), "x86-64"),
  dmaEnd: v.optional(frame, toPfn(0)),
  dma32End: v.optional(frame, toPfn(0)),
  nodes: listOf(closed({ memory: listOf(range, 256), movableStart: v.optional(frameOrNull, null), cpus: v.optional(yesOrNo, true) }), maxNodes),
  reserved: v.optional(listOf(range, 1024), []),
  bootMemmap: v.optional(frameOrNull, null),
  cma: v.optional(listOf(closed({ base: frame, nrPages, orderPerBit: v.optional(order, 0), reservePagesOnError: v.exactOptional(yesOrNo) }), 64), []),
  memmapOnMemory: v.optional(oneOf(memmapModes), "yes"),
  movableNode: v.optional(yesOrNo, false),
  autoOnline: v.optional(oneOf(autoOnlineWords), "offline"),
  onlinePolicy: v.optional(oneOf(onlinePolicies), "contig-zones"),
  autoMovableRatio: v.optional(whole(0, maxLabel), 301),
  autoMovableNumaAware: v.optional(yesOrNo, true),
  zeroPage: v.exactOptional(frame),
  hugePages: v.exactOptional(listOf(closed({ order, migratable: v.optional(yesOrNo, true) }), 8)),
  hotplugEnd: frame,
  highAtomic: v.exactOptional(v.literal(true, "true, or left out")),
  lruBatches: v.exactOptional(v.literal(true, "true, or left out")),
  nodeStats: v.exactOptional(v.literal(true, "true, or left out")),
  balloon: v.exactOptional(v.literal(true, "true, or left out")),
  compaction: v.exactOptional(v.literal(true)),
  guardMinOrder: v.exactOptional(order),
  windows: v.exactOptional(listOf(range, 256)),
  compoundDevices: v.exactOptional(v.literal(true, "true, or left out")),
  daxDevices: v.exactOptional(listOf(closed({ node: whole(0, maxNodes - 1), ranges: listOf(range, 64) }), 64)),
  virtioMem: v.exactOptional(closed({ node: whole(0, maxNodes - 1), region: range })),
});

const machineExpected = `one of ${namedMachines.map(({ name }) => name).join(", ")}, or an object`;

/** The field `machine` of a file, to be given to `machineFrom`. */
export const machineInput: Schema<unknown> = v.custom<unknown>(() => true, machineExpected);

const machineFile = closed({ ...headerFields("machine"), machine: machineInput });

/** A machine file. */
export function parseMachine(file: InputFile): Parsed<MachineDescription> {
  const json = parseJson(file);
  if (!json.ok) return json;
  const header = fileHeader(file.name, json.value, ["machine"]);
  if (!header.ok) return header;
  const read = check(machineFile, file.name, json.value);
  return read.ok ? machineFrom(file.name, read.value.machine) : read;
}

/** The text of a machine file. Always the whole description, also of a named machine. */
export function machineText(machine: MachineDescription): string {
  return printJson({ framecheck: "machine", version: 1, machine: machineFields(machine) });
}

/** The machine of a field `machine`: a name or an object, sound by the rules of `checkDescription`. */
export function machineFrom(file: string, input: unknown): Parsed<MachineDescription> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const named = namedMachines.find(({ name }) => name === input);
    if (named !== undefined) return parsed(named);
    return faulty(file, "machine", `expected ${machineExpected}, got ${found(input)}`);
  }
  const machine = check(v.object({ machine: description }, "a machine"), file, { machine: input });
  if (!machine.ok) return machine;
  const fault = tooLarge(machine.value.machine) ?? checkDescription(machine.value.machine);
  return fault === undefined ? parsed(machine.value.machine) : faulty(file, "", `machine.${printable(fault)}`);
}

/** What the field `machine` holds in a file: the name where the description is that of the named machine, else all of it. */
export function machineField(machine: MachineDescription): unknown {
  const named = namedMachines.find(({ name }) => name === machine.name);
  const fields = machineFields(machine);
  return named !== undefined && JSON.stringify(machineFields(named)) === JSON.stringify(fields) ? named.name : fields;
}

/** The fields of a machine in the order of files. */
export function machineFields(machine: MachineDescription): MachineDescription {
  return v.parse(description, machine);
}

// A description can be sound and still name more sections than any memory holds; whoever walks over them would not end.
function tooLarge(machine: MachineDescription): string | undefined {
  if (brokenGeometryRule(machine.geometry) !== undefined) return undefined;
  const { sectionPages, blockSections } = machine.geometry;
  if (blockSections > maxBlockSections) return `geometry.blockSections: ${blockSections}, expected at most ${maxBlockSections}`;
  const sections = Math.ceil(machine.hotplugEnd / sectionPages);
  if (sections > maxSections) return `hotplugEnd: ${sections} sections of ${sectionPages} frames lie below it, expected at most ${maxSections}`;
  const boot = bootMemory(machine).reduce((sum, { range: memory }) => sum + Math.ceil(rangeEnd(memory) / sectionPages) - Math.floor(memory.start / sectionPages), 0);
  return boot > maxBootSections ? `nodes: boot memory touches ${boot} sections, expected at most ${maxBootSections}` : undefined;
}
