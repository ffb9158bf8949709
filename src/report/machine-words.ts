/** The machine and its profiles as the head of a report has them. */
import { blockPages, hex, maxOrderPages, pageblockPages, parseProfile, showRange } from "../../models/index.ts";
import type { MachineDescription, View, ZoneView } from "../../models/index.ts";
import type { SubjectName } from "../check/counterexample.ts";
import { counted, kept, listed, showBytes } from "./lines.ts";

/** Sizes, CMA areas, and settings that are not the usual ones; each entry a sentence to be wrapped. */
export function machineWords(machine: MachineDescription): readonly string[] {
  return [sizeWords(machine), unitWords(machine), ...cmaWords(machine), ...settingWords(machine)];
}

/** The zones of each node, and where the breaking command changed a span, the span before. */
export function zoneWords({ nodes }: MachineDescription, before: View, after: View, arrow: string): readonly string[] {
  return nodes.map(({ memory }, node) => {
    const parts = after.zones === undefined ? memory.map(showRange) : after.zones.flatMap((zone, index) => (zone.node === node ? spanWords(zone, before.zones?.[index], arrow) : []));
    return `node ${node}: ${parts.length === 0 ? "no memory" : parts.map(kept).join(", ")}`;
  });
}

function spanWords(zone: ZoneView, before: ZoneView | undefined, arrow: string): readonly string[] {
  const [was, is] = [spanName(before ?? zone), spanName(zone)];
  if (was === is) return zone.spanned === 0 ? [] : [`${zone.type} ${is}`];
  return [`${zone.type} ${was} ${arrow} ${is}`];
}

/** The span of a zone: `[0x40, 0x80)` or `empty`. */
export function spanName({ start, spanned }: ZoneView): string {
  return spanned === 0 ? "empty" : showRange({ start, nrPages: spanned });
}

function sizeWords({ name, arch, geometry, nodes }: MachineDescription): string {
  const frames = nodes.flatMap(({ memory }) => memory).reduce((sum, { nrPages }) => sum + nrPages, 0);
  return `${name}: ${counted(frames, "frame")} at boot (${showBytes(frames * geometry.pageBytes)}), ${showBytes(geometry.pageBytes)} each, ${arch}`;
}

function unitWords({ geometry }: MachineDescription): string {
  const size = (what: string, nrPages: number): string => kept(`${what} ${nrPages} (${showBytes(nrPages * geometry.pageBytes)})`);
  const pageblock = pageblockPages(geometry);
  return `frames: ${[size("pageblock", pageblock), size("largest free block", maxOrderPages(geometry)), size("section", geometry.sectionPages), size("memory block", blockPages(geometry))].join(", ")}`;
}

function cmaWords({ cma }: MachineDescription): readonly string[] {
  return cma.map(({ base, nrPages, orderPerBit, reservePagesOnError }, area) => `CMA area ${area}: ${showRange({ start: base, nrPages })}, ${counted(2 ** orderPerBit, "frame")} a bit${reservePagesOnError === true ? ", kept reserved if it can not be activated" : ""}`);
}

function settingWords(machine: MachineDescription): readonly string[] {
  const settings = [
    ...(machine.zeroPage === undefined ? [] : [`zero page ${hex(machine.zeroPage)}`]),
    ...(machine.memmapOnMemory === "yes" ? [] : [`memmap_on_memory ${machine.memmapOnMemory}`]),
    ...(machine.movableNode ? ["movable_node"] : []),
    ...(machine.autoOnline === "offline" ? [] : [`auto_online_blocks ${machine.autoOnline}`]),
    ...(machine.onlinePolicy === "contig-zones" ? [] : [`online_policy ${machine.onlinePolicy}, ratio ${machine.autoMovableRatio}`]),
    ...(machine.compaction === true ? ["compaction"] : []),
    ...(machine.guardMinOrder === undefined ? [] : [`debug_pagealloc, debug_guardpage_minorder ${machine.guardMinOrder}`]),
  ];
  return settings.length === 0 ? [] : [`settings: ${settings.join(", ")}`];
}

/** The profile, and what it permits. */
export function profileWords(profile: string): string {
  const parsed = parseProfile(profile);
  if ("error" in parsed) return profile;
  if (parsed.on.length === 0) return `${profile}: no known difference of Linux is permitted`;
  return `${profile}: permits ${listed(parsed.on)}`;
}

/** Who was judged: `the engine with the planted fault b46, under profile linux-6.12`. */
export function subjectWords({ subject, profile, mutant }: SubjectName, judging: string): string {
  return `the ${subject}${mutant === null ? "" : ` with the planted fault ${mutant}`}${profile === judging ? "" : `, under profile ${profile}`}`;
}
