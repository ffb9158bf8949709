/**
 * How much memory is judged. The specification goes frame by frame and so costs what the machine has frames; beyond the
 * limit nothing is said, instead of nothing being heard of it again.
 */
import { earlySections } from "../../models/index.ts";
import type { Command, MachineDescription, View } from "../../models/index.ts";

/** 16 GiB in frames of 4 KiB. */
export const maxJudgedFrames: number = 2 ** 22;

/** Why a machine is too large to be judged, or undefined. */
export function tooLarge(machine: MachineDescription): string | undefined {
  const frames = earlySections(machine).length * machine.geometry.sectionPages;
  return frames > maxJudgedFrames ? `the boot memory fills sections of ${frames} frames, and the specification, which goes frame by frame, takes at most ${maxJudgedFrames}` : undefined;
}

/** Why the command can not be judged: what it may add would be too much. */
export function addsTooMuch(machine: MachineDescription, { frames }: View, command: Command): string | undefined {
  const added = nrPagesToAdd(machine, command);
  if (added === 0) return undefined;
  const present = (frames?.ranges ?? []).reduce((sum, { nrPages }) => sum + nrPages, 0);
  return present + added > maxJudgedFrames ? `${command.op} of ${added} frames to ${present} is more than the specification takes, which goes frame by frame: at most ${maxJudgedFrames}` : undefined;
}

/** A range that is refused because of where it ends costs nothing, however long. */
function nrPagesToAdd(machine: MachineDescription, command: Command): number {
  if (command.op === "vmem-request") return Math.min(command.nrPages, machine.virtioMem?.region.nrPages ?? 0);
  const ranges = command.op === "add" || command.op === "device-map" ? [command] : command.op === "kmem-probe" ? (machine.daxDevices?.[command.device]?.ranges ?? []) : [];
  return ranges.reduce((sum, { start, nrPages }) => sum + (start + nrPages > machine.hotplugEnd ? 0 : nrPages), 0);
}
