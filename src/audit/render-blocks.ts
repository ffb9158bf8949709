/** The memory blocks as a strip of cells, and what keeps them from going offline. */
import { hex } from "../../models/index.ts";
import { counted, hanging, kept, showBytes } from "../report/lines.ts";
import type { Role, Theme } from "../report/theme.ts";
import { blockOutlooks, zonesAround } from "./outlook.ts";
import type { BlockOutlook, Hindrance } from "./outlook.ts";
import type { Snapshot } from "./snapshot.ts";

const letters: Readonly<Record<string, readonly [letter: string, role: Role]>> = {
  DMA: ["D", "plain"],
  DMA32: ["d", "plain"],
  Normal: ["N", "plain"],
  Movable: ["M", "holds"],
  Device: ["z", "plain"],
};

interface Cell {
  readonly letter: string;
  readonly role: Role;
  readonly meaning: string;
}

function cellOf(outlook: BlockOutlook): Cell {
  if (outlook.state === "offline") return { letter: "o", role: "faint", meaning: "offline" };
  if (outlook.state === "going-offline") return { letter: "g", role: "doubt", meaning: "going offline" };
  const zone = outlook.zone === null ? undefined : letters[outlook.zone];
  return zone === undefined ? { letter: "*", role: "doubt", meaning: "online, in several zones or none" } : { letter: zone[0], role: zone[1], meaning: `online in ${outlook.zone ?? ""}` };
}

/** One cell for each block, wrapped, with the address of the first cell of each line; lines without a block are left out. */
export function renderStrip(snapshot: Snapshot, width: number, theme: Theme): readonly string[] {
  const { layout, sizes } = snapshot;
  if (layout === null || sizes === null) return [theme.paint("faint", "memory blocks are not shown")];
  const outlooks = blockOutlooks(snapshot);
  const last = outlooks.at(-1)?.block ?? 0;
  const digits = (last * layout.blockPages * sizes.pageBytes).toString(16).length;
  const columns = 2 ** Math.max(3, Math.floor(Math.log2(Math.max(8, width - digits - 6))));
  const rows = new Map<number, Map<number, Cell>>();
  const used = new Map<string, string>();
  for (const outlook of outlooks) {
    const row = Math.floor(outlook.block / columns);
    const cells = rows.get(row) ?? new Map<number, Cell>();
    const cell = cellOf(outlook);
    used.set(cell.letter, cell.meaning);
    rows.set(row, cells.set(outlook.block % columns, cell));
  }
  const lines = [theme.paint("label", `${counted(outlooks.length, "memory block")} of ${showBytes(layout.blockPages * sizes.pageBytes)}`)];
  let next = 0;
  let gaps = false;
  for (const [row, cells] of rows) {
    gaps ||= cells.size <= Math.max(...cells.keys());
    if (row > next) lines.push(theme.paint("faint", `    ${counted((row - next) * columns, "block")} without memory`));
    next = row + 1;
    const address = `0x${(row * columns * layout.blockPages * sizes.pageBytes).toString(16).padStart(digits, "0")}`;
    lines.push(`  ${theme.paint("faint", address)}  ${Array.from({ length: Math.max(...cells.keys()) + 1 }, (_, at) => paintCell(cells.get(at), theme)).join("")}`);
  }
  const legend = [...used].map(([letter, meaning]) => kept(`${letter} ${meaning}`));
  return [...lines, ...hanging([...legend, ...(gaps ? [kept("_ no block")] : [])].join(", "), 2, width).map((line) => theme.paint("faint", line))];
}

function paintCell(cell: Cell | undefined, theme: Theme): string {
  return cell === undefined ? theme.paint("faint", "_") : theme.paint(cell.role, cell.letter);
}

interface Group {
  readonly from: number;
  to: number;
  readonly canGoOffline: BlockOutlook["canGoOffline"];
  hindrances: readonly Hindrance[];
}

/** Neighbours that the same kinds of things keep are told together. */
function groups(outlooks: readonly BlockOutlook[]): readonly Group[] {
  const all: Group[] = [];
  for (const { block, canGoOffline, hindrances } of outlooks) {
    const last = all.at(-1);
    const same = last !== undefined && last.to + 1 === block && last.canGoOffline === canGoOffline && last.hindrances.map(({ kind }) => kind).join() === hindrances.map(({ kind }) => kind).join();
    if (last === undefined || !same) all.push({ from: block, to: block, canGoOffline, hindrances });
    else {
      last.to = block;
      last.hindrances = last.hindrances.map((sum, index) => ({ ...sum, count: sum.count === null ? null : sum.count + (hindrances[index]?.count ?? 0) }));
    }
  }
  return all;
}

/** At most so many lines of blocks; the rest is counted. */
const mostGroups = 24;

/** For each block that can not go offline, or may not, what keeps it. */
export function renderOutlook(snapshot: Snapshot, width: number, theme: Theme): readonly string[] {
  const { frames } = snapshot;
  const all = groups(blockOutlooks(snapshot).filter(({ hindrances, canGoOffline }) => frames.available || hindrances.length > 0 || canGoOffline === null));
  const lines: string[] = [];
  for (const [verdict, title, role] of [["no", "can not go offline, because of these frames", "doubt"], ["maybe", "may refuse to go offline, because of these frames", "label"]] as const) {
    const kind = all.filter(({ canGoOffline }) => canGoOffline === verdict);
    if (kind.length === 0) continue;
    lines.push(theme.paint(role, title));
    for (const group of kind.slice(0, mostGroups)) lines.push(...hanging(`${blocksName(group)}: ${group.hindrances.map((hindrance) => hindranceWords(snapshot, group, hindrance)).join("; ")}`, 2, width));
    if (kind.length > mostGroups) lines.push(`  and ${counted(kind.length - mostGroups, "group")} more`);
  }
  if (!frames.available && snapshot.layout !== null) lines.push(...hanging(`what keeps other blocks is not shown: proc/kpageflags: ${frames.why}`, 0, width));
  const free = all.filter(({ canGoOffline }) => canGoOffline === "yes");
  if (free.length > 0) lines.push(...hanging(`nothing known keeps ${free.map(blocksName).join(", ")}`, 0, width).map((line) => theme.paint("holds", line)));
  return lines;
}

function blocksName({ from, to }: Group): string {
  return kept(from === to ? `block ${from}` : `blocks ${from}-${to}`);
}

const hindranceNames: Readonly<Record<Hindrance["kind"], string>> = {
  "no-zone": "in no single zone",
  hole: "without memory",
  "boot-arm64": "memory from boot, which arm64 keeps online",
  reserved: "reserved at boot",
  slab: "slab",
  "page-table": "page tables",
  other: "in other use",
  bare: "in kernel use or on per-CPU lists",
  "not-set-up": "not set up yet",
  hugetlb: "hugetlb",
  "page-offline": "kept back by a driver",
};

function hindranceWords(snapshot: Snapshot, group: Group, { kind, count, first }: Hindrance): string {
  if (count !== null) return kept(`${count} ${hindranceNames[kind]}${first === null ? "" : `, from ${hex(first)}`}`);
  const zones = kind === "no-zone" ? zonesAround(snapshot, group.from) : [];
  return zones.length > 1 ? `in zones ${zones.join(" and ")}` : hindranceNames[kind];
}
