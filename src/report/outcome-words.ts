/** What a subject answered, in kernel words: `gave 0x34`, `EBUSY because ...`, `moved a3 0x20 -> 0x41`. */
import { hex, pageKindTraits, pageblockPages, showRange } from "../../models/index.ts";
import type { Command, Geometry, Grant, Move, Outcome } from "../../models/index.ts";
import { few } from "./lines.ts";
import { allocName, coalesce, framesName } from "./names.ts";
import { createOwners, grantRange } from "./owners.ts";
import type { Owners } from "./owners.ts";
import { reasonWords } from "./reason-words.ts";
import type { Glyphs } from "./theme.ts";

/** Things of one kind that an outcome line names before it says how many more there are. */
const most = 3;

/** The words for each outcome of a list of commands. Owners are known from the commands before. */
export function outcomesWords(geometry: Geometry, commands: readonly Command[], outcomes: readonly Outcome[], glyphs: Glyphs): readonly string[] {
  const owners = createOwners(geometry);
  return outcomes.map((outcome, index) => {
    const command = commands[index];
    if (command === undefined) throw new Error(`outcome ${index} has no command`);
    const words = outcomeWords(geometry, command, outcome, glyphs, owners);
    owners.follow(command, outcome);
    return words;
  });
}

function outcomeWords(geometry: Geometry, command: Command, outcome: Outcome, glyphs: Glyphs, owners: Owners): string {
  const asked = owners.resolved(command);
  const details = detailWords(geometry, asked, outcome, glyphs);
  const head = resultWords(asked, outcome, owners);
  if (head === "ok" && details.length > 0) return details.join(", ");
  return [head, ...details].join("; ");
}

function resultWords(command: Command, outcome: Outcome, owners: Owners): string {
  const { because } = outcome;
  const reason = because === undefined ? "" : ` because ${reasonWords(command, because, ownerOf(outcome, owners))}`;
  switch (outcome.result) {
    case "ok":
      return "ok";
    case "running":
      return "goes on";
    case "refused":
      return `${outcome.errno ?? "refused"}${reason}`;
    case "skipped":
      return `skipped${reason}`;
    case "livelock":
      return `would repeat until a signal (EINTR)${reason}`;
    case "bug":
      // Not the kernel's BUG_ON(), but the subject itself: there is no answer.
      if (because?.kind === "crash") return `threw: ${because.detail ?? "no message"}`;
      return `the kernel would stop here${reason}`;
    default:
      return unreachable(outcome.result);
  }
}

/** Who is in the way, where the reason names a frame and not already its owner. */
function ownerOf({ because }: Outcome, owners: Owners): string | undefined {
  if (because?.pfn === undefined) return undefined;
  if (because.detail === "unmovable-page") return owners.unmovableIn(because.pfn);
  if (because.detail === "isolated-already") return owners.isolating(because.pfn);
  return because.id === undefined ? owners.ofFrame(because.pfn) : undefined;
}

function detailWords(geometry: Geometry, command: Command, outcome: Outcome, glyphs: Glyphs): readonly string[] {
  const { grant, memmap = [], dropped = [], moved = [], attempts = [], start } = outcome;
  return [
    ...(grant === undefined ? [] : [`gave ${grantName(grant)}`, ...claimed(geometry, command, grant)]),
    ...(attempts.length === 0 ? [] : [`tried ${few(attempts, most, ({ start: at, errno }) => `${hex(at)}${errno === undefined ? "" : ` ${errno}`}`).join(", ")}`]),
    ...(start === undefined ? [] : [`gave ${"nrPages" in command ? framesName(start, command.nrPages) : hex(start)}`]),
    ...(memmap.length === 0 ? [] : [`memmap in ${few(coalesce(memmap.map(grantRange)), most, ({ start: at, nrPages }) => framesName(at, nrPages)).join(", ")}`]),
    ...listOf("dropped", [...dropped, ...attempts.flatMap(({ dropped: also = [] }) => also)], allocName),
    ...listOf("moved", [...moved, ...attempts.flatMap(({ moved: also = [] }) => also)], (move) => moveWords(move, glyphs)),
  ];
}

function listOf<T>(verb: string, items: readonly T[], show: (item: T) => string): readonly string[] {
  return items.length === 0 ? [] : [`${verb} ${few(items, most, show).join(", ")}`];
}

function moveWords({ id, from, to }: Move, glyphs: Glyphs): string {
  return `${allocName(id)} ${hex(from)} ${glyphs.arrow} ${hex(to.pfn)}`;
}

function grantName(grant: Grant): string {
  const { start, nrPages } = grantRange(grant);
  return framesName(start, nrPages);
}

function claimed(geometry: Geometry, command: Command, { retyped = [] }: Grant): readonly string[] {
  if (retyped.length === 0) return [];
  const size = pageblockPages(geometry);
  const type = command.op === "alloc" ? ` for ${pageKindTraits[command.kind].migratetype}` : "";
  return [`claimed ${few(coalesce(retyped.map((start) => ({ start, nrPages: size }))), most, showRange).join(", ")}${type}`];
}

function unreachable(result: never): never {
  throw new Error(`no words for the result ${String(result)}`);
}
