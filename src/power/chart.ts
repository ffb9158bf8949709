/**
 * A drawing of how many mutants are found by how many commands: one curve a searcher, as an SVG file of its own.
 *
 * A curve counts searches (a mutant from a seed) that had found their mutant after so many commands, divided by the seeds.
 * It ends where the first of its searches was given up: nobody knows what that one would have found behind it.
 */
import type { Measurement } from "./measure.ts";

/** A step curve: it rises by `1 / seeds` at each point, the seeds of its own searches. */
export interface Curve {
  readonly id: string;
  readonly title: string;
  /** Searches a mutant. */
  readonly seeds: number;
  /** Commands walked when a search found its mutant, ascending. */
  readonly at: readonly number[];
  /** Commands of the longest search, or of the shortest that found nothing. */
  readonly end: number;
}

export function curvesOf({ mutants }: Pick<Measurement, "mutants">): readonly Curve[] {
  const hunts = mutants.flatMap((each) => each.hunts);
  const ours = curve("ours", "framecheck", mutants.length, hunts.map(({ commands, found }) => ({ commands, found: found !== null })));
  const titles: Readonly<Record<string, string>> = { default: "fc.commands", max: "fc.commands, 100 long" };
  const ids = [...new Set(mutants.flatMap((each) => each.baselines.map(({ id }) => id)))];
  return [ours, ...ids.map((id) => curve(id, titles[id] ?? id, mutants.length, mutants.flatMap((each) => each.baselines.filter((baseline) => baseline.id === id).flatMap(({ runs }) => runs))))];
}

function curve(id: string, title: string, nrMutants: number, searches: readonly { readonly commands: number; readonly found: boolean }[]): Curve {
  const missed = searches.filter(({ found }) => !found);
  const end = missed.length > 0 ? Math.min(...missed.map(({ commands }) => commands)) : Math.max(0, ...searches.map(({ commands }) => commands));
  const at = searches.flatMap(({ commands, found }) => (found && commands <= end ? [commands] : []));
  return { id, title, seeds: Math.max(1, searches.length / Math.max(1, nrMutants)), at: at.toSorted((a, b) => a - b), end };
}

const width = 760;
const height = 400;
const plot = { left: 52, right: 500, top: 36, bottom: 340 };

const style = [
  "text { font: 13px system-ui, sans-serif; fill: #24292f }",
  ".paper { fill: #ffffff }",
  ".grid { stroke: #d0d7de; stroke-width: 1 }",
  ".curve { fill: none; stroke-width: 2 }",
  ".ours { stroke: #0969da } .default { stroke: #bc4c00 } .max { stroke: #8250df }",
  ".default { stroke-dasharray: 7 3 } .max { stroke-dasharray: 2 3 }",
  "@media (prefers-color-scheme: dark) {",
  "  text { fill: #e6edf3 }",
  "  .paper { fill: #0d1117 }",
  "  .grid { stroke: #30363d }",
  "  .ours { stroke: #58a6ff } .default { stroke: #f0883e } .max { stroke: #bc8cff }",
  "}",
];

/** The drawing, as text with a line end at its end. `mutants`: how many there are to find. */
export function chart(curves: readonly Curve[], { mutants, seeds }: { readonly mutants: number; readonly seeds: number }): string {
  const far = Math.max(10, ...curves.map(({ end }) => end));
  const x = (commands: number): number => round(plot.left + ((plot.right - plot.left) * Math.log10(1 + commands)) / Math.log10(1 + far));
  const y = (found: number): number => round(plot.bottom - ((plot.bottom - plot.top) * found) / Math.max(1, mutants));
  const drawn = curves.map((each) => ({ ...each, y: y(each.at.length / each.seeds), path: pathOf(each, x, y) }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Mutants found by commands walked">`,
    "<style>",
    ...style,
    "</style>",
    `<rect class="paper" width="${width}" height="${height}"/>`,
    text(plot.left, 20, `mutants found, of ${mutants}${seeds === 1 ? "" : `, mean of ${seeds} seeds`}`),
    ...horizontals(mutants).flatMap((found) => [line(plot.left, y(found), plot.right, y(found)), text(plot.left - 8, y(found) + 4, String(found), "end")]),
    ...verticals(far).flatMap((commands) => [line(x(commands), plot.top, x(commands), plot.bottom), text(x(commands), plot.bottom + 20, String(commands), "middle")]),
    text((plot.left + plot.right) / 2, plot.bottom + 44, "commands walked (logarithmic; 0: it shows after boot)", "middle"),
    ...drawn.map(({ id, path }) => `<path class="curve ${id}" d="${path}"/>`),
    ...spread(drawn).flatMap(({ id, title, at, seeds: of, label }) => [`<path class="curve ${id}" d="M${plot.right + 10} ${label - 4}h22"/>`, text(plot.right + 38, label, `${title}: ${round(at.length / of)}`)]),
    "</svg>",
    "",
  ].join("\n");
}

/** From left to right, up at every finding. */
function pathOf({ at, end, seeds }: Curve, x: (commands: number) => number, y: (found: number) => number): string {
  const steps = [...new Set(at)].map((commands) => `H${x(commands)}V${y(at.filter((each) => each <= commands).length / seeds)}`);
  return `M${x(0)} ${y(0)}${steps.join("")}H${x(end)}`;
}

/** Labels beside the ends of their curves, none over another. */
function spread<C extends { readonly y: number }>(curves: readonly C[]): readonly (C & { readonly label: number })[] {
  let lowest = plot.top - 20;
  return curves
    .toSorted((a, b) => a.y - b.y)
    .map((each) => {
      lowest = Math.max(lowest + 20, each.y + 4);
      return { ...each, label: round(lowest) };
    });
}

function horizontals(mutants: number): readonly number[] {
  const every = mutants > 20 ? 10 : mutants > 5 ? 5 : 1;
  return Array.from({ length: Math.floor(mutants / every) + 1 }, (_, index) => index * every);
}

function verticals(far: number): readonly number[] {
  return [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((commands) => commands <= far);
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

function text(x: number, y: number, words: string, anchor: "start" | "middle" | "end" = "start"): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${round(x)}" y="${round(y)}"${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
