/** How reports name things: allocations `a3`, tokens `t1`, `task 1`, `zone Movable of node 0`, frames and ranges in hex. */
import { hex, showRange, toPfn } from "../../models/index.ts";
import type { NodeId, PfnRange, View, ZoneIndex, ZoneType } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";

export const allocName = (id: number): string => `a${id}`;
export const tokenName = (id: number): string => `t${id}`;
export const groupName = (id: number): string => `g${id}`;
export const deviceName = (id: number): string => `d${id}`;
export const taskName = (id: number): string => `task ${id}`;

export function zoneOfNode(type: ZoneType, node: NodeId): string {
  return `zone ${type} of node ${node}`;
}

/** The zone of that index in the view. */
export function zoneName(view: View, index: ZoneIndex): string {
  const zone = view.zones?.[index];
  return zone === undefined ? `zone ${index}` : zoneOfNode(zone.type, zone.node);
}

/** `0x34`, or `[0x34, 0x38)` where there are several frames. */
export function framesName(start: number, nrPages: number): string {
  return nrPages === 1 ? hex(start) : showRange({ start: toPfn(start), nrPages });
}

/** `frame 0x34` or `frames [0x34, 0x38)`. */
export function framesWords(start: number, nrPages: number): string {
  return `${nrPages === 1 ? "frame" : "frames"} ${framesName(start, nrPages)}`;
}

/** What the evidence is about: `frame 0x34`, `zone Normal of node 0`, `frame 0x34 in block 3`. */
export function evidencePlace({ pfn, nrPages, where }: Evidence): string {
  if (pfn === undefined) return where ?? "the machine";
  const frames = framesWords(pfn, nrPages ?? 1);
  return where === undefined ? frames : `${frames}, ${where}`;
}

/** Ranges ascending, with neighbours and overlaps made one. */
export function coalesce(ranges: readonly PfnRange[]): readonly PfnRange[] {
  const result: PfnRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last !== undefined && range.start <= last.start + last.nrPages) {
      result[result.length - 1] = { start: last.start, nrPages: Math.max(last.nrPages, range.start + range.nrPages - last.start) };
    } else result.push(range);
  }
  return result;
}
