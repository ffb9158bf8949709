/** What was found, for people: the verdict, what is wrong, the picture of the memory, and what could not be judged. */
import { hex } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";
import { hanging, labelled, showBytes } from "../report/lines.ts";
import type { Role, Theme } from "../report/theme.ts";
import { createTheme } from "../report/theme.ts";
import type { BrokenRule, Judgement, NotJudged } from "./judge.ts";
import { renderOutlook, renderStrip } from "./render-blocks.ts";
import { renderZones } from "./render-zones.ts";
import type { Snapshot } from "./snapshot.ts";

export interface RenderOptions {
  readonly width?: number;
  readonly colour?: boolean;
}

const verdictRoles: Readonly<Record<Judgement["verdict"], Role>> = { holds: "holds", breach: "broken", inconclusive: "doubt" };

const tornTree = "The files of a saved system were read one after the other: hotplug or ballooning in between would show in the same way.";

/** The narrowest picture; a smaller width is taken for this one. */
const narrowest = 60;

/** The report, ending in a line end. Plain ASCII, at most `width` (80) columns, in colour only where asked for. */
export function renderAudit(snapshot: Snapshot, judgement: Judgement, { width: asked = 80, colour = false }: RenderOptions = {}): string {
  const theme = createTheme({ colour });
  const width = Math.max(narrowest, asked);
  const paragraphs: readonly (readonly string[])[] = [
    head(snapshot, judgement, width, theme),
    ...judgement.broken.map((rule) => brokenLines(rule, width, theme)),
    snapshot.live || judgement.broken.length === 0 ? [] : hanging(tornTree, 0, width),
    renderZones(snapshot, width, theme),
    renderStrip(snapshot, width, theme),
    renderOutlook(snapshot, width, theme),
    doubts(snapshot, judgement, width, theme),
  ];
  return `${paragraphs.filter((lines) => lines.length > 0).map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function head(snapshot: Snapshot, { verdict, broken, judged, notJudged, readings }: Judgement, width: number, theme: Theme): readonly string[] {
  const { version } = snapshot.files;
  const title = snapshot.live ? "memory of this machine" : `memory saved in ${snapshot.root}`;
  const sizes = [
    version.available ? `Linux ${version.value.release}` : "",
    snapshot.sizes?.arch ?? "",
    snapshot.sizes === null ? "" : `pages of ${showBytes(snapshot.sizes.pageBytes)}`,
    snapshot.geometry === null ? "" : `pageblocks of ${showBytes(2 ** snapshot.geometry.pageblockOrder * snapshot.geometry.pageBytes)}`,
  ].filter((text) => text !== "");
  const open = notJudged.filter(isCheck).length;
  const counts = [judged.length === 1 ? "1 rule holds" : `${judged.length} rules hold`, ...(broken.length > 0 ? [`${broken.length} broken`] : []), ...(open > 0 ? [`${open} not judged`] : []), ...(readings > 1 ? [`read ${readings} times`] : [])];
  const word = verdict === "breach" ? "BREACH" : verdict;
  const verdictLine = (line: string): string => `${line}${" ".repeat(Math.max(2, width - line.length - word.length))}${theme.paint(verdictRoles[verdict], word)}`;
  const lines = hanging(title, 0, width);
  const fits = lines.length === 1 && title.length + word.length + 2 <= width;
  return [...(fits ? lines.map(verdictLine) : [...lines, verdictLine("")]), ...hanging(sizes.join(", "), 0, width), ...hanging(counts.join(", "), 0, width)];
}

function brokenLines({ rule, title, source, evidence }: BrokenRule, width: number, theme: Theme): readonly string[] {
  const [first = "", ...rest] = labelled(`${rule}`, `${title}: broken`, width);
  return [
    ...[first, ...rest].map((line) => theme.paint("broken", line)),
    ...evidence.flatMap((entry) => hanging(evidenceLine(entry), 4, width)),
    ...hanging(`source: ${source}`, 4, width).map((line) => theme.paint("faint", line)),
  ];
}

/** `block 33, online, frame 0x108000: slab; should be movable, it is in zone Movable`. */
function evidenceLine({ pfn, where, was, is }: Evidence): string {
  const frame = pfn === undefined ? "" : `frame ${hex(pfn)}`;
  const place = [where ?? "", frame].filter((text) => text !== "").join(", ");
  return `${place}: ${is}; should be ${was}`;
}

function doubts({ missing }: Snapshot, { notJudged, assumptions }: Judgement, width: number, theme: Theme): readonly string[] {
  const entry = (label: string, text: string): readonly string[] => labelled(label, text, width, (word) => theme.paint("label", word));
  const checks = notJudged.filter(isCheck);
  return [
    ...assumptions.flatMap((text) => entry("assumed", text)),
    ...missing.flatMap(({ file, why }) => entry("missing", `${file}: ${why}`)),
    ...byNeed(checks).flatMap(([needs, ids]) => entry("not judged", `without ${needs}: ${ids.join(", ")}`)),
    ...checks.filter(({ needs }) => needs.length === 0).flatMap(({ id, title, why }) => entry("not judged", `${id} (${title}): ${why}`)),
    ...(checks.length === notJudged.length ? [] : entry("not judged", "the invariants of the specification that need more than files show; the JSON form has the reasons")),
  ];
}

/** A rule of the audit itself. Of the invariants most need what no file shows, and are not listed. */
function isCheck({ id }: NotJudged): boolean {
  return id.startsWith("AU-");
}

/** Rules that lack the same files are told together. */
function byNeed(checks: readonly NotJudged[]): readonly (readonly [needs: string, ids: readonly string[]])[] {
  const groups = new Map<string, readonly string[]>();
  for (const { id, needs } of checks) if (needs.length > 0) groups.set(needs.join(", "), [...(groups.get(needs.join(", ")) ?? []), id]);
  return [...groups];
}
