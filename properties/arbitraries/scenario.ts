/** A scenario: a machine, the profile that judges it, and commands. Plain data, as it stands in a file. */
import { checkDescription, parseProfile } from "../../models/index.ts";
import type { Command, Geometry, MachineDescription } from "../../models/index.ts";
import { isCommand, isRecord } from "./command-fields.ts";

export interface Scenario {
  readonly machine: MachineDescription;
  /** As `parseProfile` reads it. */
  readonly profile: string;
  readonly commands: readonly Command[];
}

/** Whether foreign data is a scenario: valid in every part, so that it can be run and simplified. */
export function isScenario(value: unknown): value is Scenario {
  if (!isRecord(value)) return false;
  const { machine, profile, commands } = value;
  return isMachine(machine) && typeof profile === "string" && !("error" in parseProfile(profile)) && Array.isArray(commands) && commands.every(isCommand);
}

/** Whether foreign data is a machine description that `checkDescription` accepts. */
export function isMachine(value: unknown): value is MachineDescription {
  if (!isRecord(value)) return false;
  const { geometry, nodes, reserved, cma, bootMemmap, dmaEnd, dma32End, hotplugEnd, autoMovableRatio } = value;
  const numbers = [dmaEnd, dma32End, hotplugEnd, autoMovableRatio, bootMemmap ?? 0];
  const shaped =
    typeof value.name === "string" &&
    isGeometry(geometry) &&
    numbers.every(isWhole) &&
    isListOf(nodes, (node) => isListOf(node.memory, isRange) && (node.movableStart === null || isWhole(node.movableStart)) && typeof node.cpus === "boolean") &&
    isListOf(reserved, isRange) &&
    isListOf(cma, (area) => isWhole(area.base) && isWhole(area.nrPages) && isWhole(area.orderPerBit)) &&
    isOneOf(value.arch, ["x86-64", "arm64"]) &&
    isOneOf(value.memmapOnMemory, ["never", "yes", "force"]) &&
    isOneOf(value.autoOnline, ["offline", "online", "online_kernel", "online_movable"]) &&
    isOneOf(value.onlinePolicy, ["contig-zones", "auto-movable"]) &&
    (value.compaction === undefined || value.compaction === true) &&
    (value.guardMinOrder === undefined || isWhole(value.guardMinOrder)) &&
    typeof value.movableNode === "boolean" &&
    typeof value.autoMovableNumaAware === "boolean";
  // The shape is what the type says; what it means is for the specification to judge.
  return shaped && checkDescription(value as unknown as MachineDescription) === undefined;
}

/** Whether foreign data has the sizes of a geometry; whether they fit together is for the specification to judge. */
export function isGeometry(value: unknown): value is Geometry {
  const sizes = ["pageBytes", "structPageBytes", "pageblockOrder", "maxPageOrder", "subsectionPages", "sectionPages", "blockSections", "pmdPages"];
  return isRecord(value) && sizes.every((size) => isWhole(value[size]));
}

const isWhole = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isRange = (value: Readonly<Record<string, unknown>>): boolean => isWhole(value.start) && isWhole(value.nrPages);
const isOneOf = (value: unknown, words: readonly string[]): boolean => words.some((word) => word === value);
const isListOf = (value: unknown, fits: (entry: Readonly<Record<string, unknown>>) => boolean): boolean => Array.isArray(value) && value.every((entry) => isRecord(entry) && fits(entry));
