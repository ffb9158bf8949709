/**
 * docs/spec.md: every command and every rule, printed from the code.
 */
import { autoMovableRules, bootRules, clauses, commandCatalogue, generalRules, geometryRules, pageKinds, pageKindTraits, switches } from "../../models/index.ts";
import type { CommandEntry, Op } from "../../models/index.ts";
import { goals, invariants, laws, notStated } from "../../properties/index.ts";
import type { Invariant, Law } from "../../properties/index.ts";

/** The page as it stands in the repository. */
export function specPage(): string {
  return [
    "# The specification",
    "<!-- Printed by `npm run docs` from models/ and properties/. A test holds it to the code. -->",
    "Words in `code` are fields and values of commands. Ids in brackets, as [KD-2], are switches of the profile: the sentence holds where the switch is on (docs/fidelity.md). Frames are pages of the machine's page size; orders are powers of two of frames.",
    section("Sizes", table(["rule", "holds of every geometry", "source"], geometryRules.map(({ id, title, source }) => [id, title, source]))),
    section("After boot", list(bootRules)),
    section("What holds for every command", list(generalRules)),
    section("Auto-movable", list(autoMovableRules)),
    section("Page kinds", pageKindTable()),
    "## Commands",
    ...(Object.entries(commandCatalogue) as [Op, CommandEntry][]).map(([op, entry]) => commandSection(op, entry)),
    section("Clauses", `What the specification may find wrong with an outcome.\n\n${table(["clause", "what it asks"], Object.entries(clauses))}`),
    section("Invariants", `Hold of every view. A view that lacks a fact an invariant needs is reported as not checkable.\n\n${ruleTable(invariants)}`),
    section("Laws", `Hold of every step: the view before, the command, the outcome, the view after.\n\n${ruleTable(laws)}`),
    section("Goals", `Situations a search has to reach, or its rules were never tried.\n\n${table(["goal", "situation", "rules"], goals.map(({ id, title, rules }) => [id, title, rules.join(", ")]))}`),
    section("Rules of the catalogue that are not stated", table(["rule", "why"], notStated.map(({ id, why }) => [id, why]))),
    section("Switches", table(["switch", "Linux 6.12", "strict"], switches.map(({ id, linux, strict }) => [id, linux, strict]))),
  ].join("\n\n").concat("\n");
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function pageKindTable(): string {
  const yes = (value: boolean): string => (value ? "yes" : "no");
  const rows = pageKinds.map((kind) => {
    const traits = pageKindTraits[kind];
    const highest = traits.maxOrder === "pageblock" ? "pageblock order" : traits.maxOrder === "max" ? "largest order" : String(traits.maxOrder);
    return [kind, traits.migratetype, traits.highestZone, `${traits.minOrder} to ${highest}`, yes(traits.compound), yes(traits.lru), yes(traits.movable), yes(traits.mapped)];
  });
  return table(["kind", "migratetype", "highest zone", "orders", "compound", "LRU", "can be migrated", "can be pinned"], rows);
}

function commandSection(op: Op, entry: CommandEntry): string {
  const parts = [
    `### ${op}`,
    `${capital(entry.title)}. Source: ${entry.source}.`,
    entry.skipped.length === 0 ? "" : `Skipped, because of:\n\n${table(["reason", "when"], entry.skipped.map(({ reason, when }) => [reason, when]))}`,
    entry.refused.length === 0 && entry.other === undefined ? "Never refused." : `Refused, the first that applies:\n\n${table(["errno", "reason", "when"], [...entry.refused.map(({ errno, reason, when }) => [errno, reason, when]), ...(entry.other ?? []).map(({ result, reason, when }) => [result.toUpperCase(), reason, when])])}`,
    `Effects:\n\n${list(entry.effects)}`,
    entry.choices === undefined ? "" : `Free to choose: ${entry.choices}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function ruleTable(rules: readonly (Invariant | Law)[]): string {
  return table(
    ["id", "holds", "source", "needs", "not after"],
    rules.map(({ id, title, source, needs, unless }) => [id, title, source, needs.join(", "), unless.join(", ")]),
  );
}
