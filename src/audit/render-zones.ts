/** The zones of each node as bars to scale. */
import { hanging, showBytes } from "../report/lines.ts";
import type { Theme } from "../report/theme.ts";
import type { ZoneEntry } from "./layout.ts";
import type { Snapshot } from "./snapshot.ts";

const nameWidth = 9;

/** What the characters of a bar stand for, in the order in which they come. */
const parts = [
  { mark: "#", meaning: "in use" },
  { mark: ".", meaning: "free" },
  { mark: "r", meaning: "not managed: reserved, memmap, kept by a driver, or not set up" },
  { mark: "-", meaning: "in the span, not present" },
] as const;

/** The lines of all nodes: a bar for each zone that spans anything. */
export function renderZones(snapshot: Snapshot, width: number, theme: Theme): readonly string[] {
  const pageBytes = snapshot.sizes?.pageBytes ?? 4096;
  const zones = snapshot.zones.filter(({ info }) => (info?.spanned ?? 0) > 0);
  const words = zones.map((zone) => zoneWords(zone, pageBytes));
  const barWidth = Math.max(10, width - 2 - nameWidth - Math.max(0, ...words.map((text) => text.length)) - 3);
  const largest = Math.max(1, ...zones.map(({ info }) => info?.spanned ?? 0));
  const lines: string[] = [];
  let node = -1;
  for (const [index, zone] of zones.entries()) {
    if (zone.node !== node) lines.push(theme.paint("label", `node ${zone.node}`));
    node = zone.node;
    lines.push(`  ${zone.type.padEnd(nameWidth)}${`|${bar(zone, largest, barWidth)}`.padEnd(barWidth + 1)}| ${words[index] ?? ""}`);
  }
  const legend = zones.length === 0 ? [] : parts.flatMap(({ mark, meaning }) => hanging(`${mark} ${meaning}`, 2 + nameWidth, width));
  return [...lines, ...legend.map((line) => theme.paint("faint", line))];
}

function zoneWords({ info }: ZoneEntry, pageBytes: number): string {
  const size = showBytes((info?.present ?? 0) * pageBytes);
  const free = showBytes((info?.populated?.nrFreePages ?? 0) * pageBytes);
  return `${size.padStart(9)}, free ${free.padStart(9)}`;
}

/** Every part that is there has at least one character; the largest gives way to them. */
function bar({ info }: ZoneEntry, largest: number, width: number): string {
  const free = Math.min(info?.populated?.nrFreePages ?? 0, info?.managed ?? 0);
  const managed = info?.managed ?? 0;
  const present = Math.max(managed, info?.present ?? 0);
  const frames = [managed - free, free, present - managed, Math.max(0, (info?.spanned ?? 0) - present)];
  const whole = Math.max(frames.filter((count) => count > 0).length, Math.round(((info?.spanned ?? 0) / largest) * width));
  const cells = frames.map((count) => (count === 0 ? 0 : Math.max(1, Math.round((count / largest) * width))));
  let over = 0;
  for (const count of cells) over += count;
  over -= whole;
  const most = cells.indexOf(Math.max(...cells));
  return cells.map((count, index) => (parts[index]?.mark ?? "?").repeat(index === most ? Math.max(1, count - over) : count)).join("");
}
