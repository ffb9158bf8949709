/**
 * docs/spec.md: every command and every rule, printed from the code.
 */
import { autoMovableRules, bootRules, clauses, generalRules, geometryRules, pageKinds, pageKindTraits, results, switchIds, zoneChoiceRules } from "../../models/index.ts";
import type { RuleText } from "../../models/index.ts";
import { goals, invariants, laws, notStated } from "../../properties/index.ts";
import type { Goal, Invariant, Law } from "../../properties/index.ts";
import { anchorOf, bullets, heading, joined, linkTo, numbered, paragraph, table } from "./markdown.ts";
import { answerGoals, invariantGroups, lawGroups, situationGroups } from "./rule-groups.ts";
import type { RuleGroup } from "./rule-groups.ts";
import { commandChapter } from "./spec-commands.ts";
import { linked } from "./spec-links.ts";
import { commandGroups, frameUseWords, machineNames, resultWords } from "./spec-words.ts";

/** The page as it stands in the repository. */
export function specPage(): string {
  const body = joined([
    heading(2, "Words"),
    ...words(),
    heading(2, "The machine after boot"),
    ...ruleTexts(bootRules),
    heading(2, "General rules"),
    ...ruleTexts(generalRules),
    heading(2, "Zone choice"),
    paragraph("The zone of a block is chosen when it is onlined, for the whole block, its own memmap included."),
    ...ruleTexts([...zoneChoiceRules, ...autoMovableRules]),
    commandChapter(),
    heading(2, "Clauses"),
    paragraph("What the specification may find wrong with an outcome. A report names the clause."),
    table(["clause", "what it asks"], Object.entries(clauses).map(([id, asks]) => [`\`${id}\``, asks])),
    heading(2, "Invariants"),
    paragraph(`${invariants.length} sentences that are true of every state, also between the steps of a half-done operation.`),
    ruleNotes,
    ...ruleGroups("Invariants", invariantGroups),
    heading(2, "Laws"),
    paragraph(`${laws.length} sentences that are true of every step: of the state before, the command, its answer, and the state after.`),
    ...ruleGroups("Laws", lawGroups),
    heading(2, "Goals"),
    ...goalParts(),
    heading(2, "Properties that no rule states"),
    table(["property", "why"], notStated.map(({ id, why }) => [id, why])),
  ]);
  return `${joined([head, contents, body, switchLinks])}\n`;
}

const head = joined([
  "# The specification",
  "<!-- Printed from models/ and properties/ by `npm run docs`; a test holds it to the code. -->",
  paragraph("What an implementation of Linux memory hotplug has to do, command by command, and what has to be true of it at all times. The page is printed from the catalogue (`models/catalogue.ts`) and from the rules themselves (`properties/`); the reference in `models/` is the same in code."),
  bullets([
    "Words in `code` are fields and values of commands.",
    "Ids in brackets, as [KD-2], are switches of the profile. A sentence that says \"with [KD-2]\" holds where the switch is on, as in `linux-6.12`; \"without\" where it is off, as in `strict`. Other sentences hold in every profile. [fidelity.md](fidelity.md) explains the switches, and what the model leaves out.",
    "Frames are pages of the machine's page size; orders are powers of two of frames; ranges are half open. Sources are files of Linux 6.12.",
    "HP- rules are about hotplug, PG- rules about pages; FC- rules are stated by this project alone.",
  ]),
]);

const contents = joined([
  heading(2, "Contents"),
  bullets([
    `${linkTo("Words")}: ${["Sizes", "Answers", "Page kinds", "Classes of frames"].map((title) => linkTo(title)).join(", ")}`,
    linkTo("The machine after boot"),
    `${linkTo("General rules")}: ${generalRules.map(({ title }) => linkTo(title)).join(", ")}`,
    linkTo("Zone choice"),
    `${linkTo("Commands")}: ${commandGroups.map(({ title }) => linkTo(title)).join(", ")}`,
    linkTo("Clauses"),
    `${linkTo("Invariants")}: ${invariantGroups.map(({ title }) => linkTo(`Invariants: ${title}`, title)).join(", ")}`,
    `${linkTo("Laws")}: ${lawGroups.map(({ title }) => linkTo(`Laws: ${title}`, title)).join(", ")}`,
    `${linkTo("Goals")}, ${linkTo("Properties that no rule states")}`,
  ]),
]);

const switchLinks = switchIds.map((id) => `[${id}]: fidelity.md#${anchorOf(id)}`).join("\n");

function words(): readonly string[] {
  return [
    heading(3, "Sizes"),
    paragraph(`A machine's sizes are inputs. A geometry that breaks one of these rules is bad input, never a counterexample. Machines with names: ${machineNames}.`),
    table(["rule", "holds of every geometry", "source"], geometryRules.map(({ id, title, source }) => [id, title, source])),
    heading(3, "Answers"),
    table(["result", "meaning"], results.map((result) => [`\`${result}\``, resultWords[result]])),
    heading(3, "Page kinds"),
    paragraph("What an allocated page is used for, as far as moving it matters: what the request asks of the allocator, and what the page is afterwards."),
    pageKindTable(),
    heading(3, "Classes of frames"),
    paragraph("Exactly one holds of each frame that a section covers."),
    table(["code", "class", "the frame is"], frameUseWords),
  ];
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

function pageKindTable(): string {
  const rows = pageKinds.map((kind) => {
    const traits = pageKindTraits[kind];
    const highest = traits.maxOrder === "pageblock" ? "pageblock order" : traits.maxOrder === "max" ? "largest order" : String(traits.maxOrder);
    const orders = highest === String(traits.minOrder) ? highest : `${traits.minOrder} to ${highest}`;
    const compound = traits.compound ? (traits.minOrder > 0 ? "yes" : "from order 1") : "no";
    return [`\`${kind}\``, traits.migratetype, traits.highestZone, orders, compound, yes(traits.lru), yes(traits.movable), yes(traits.mapped)];
  });
  return table(["kind", "migratetype", "highest zone", "orders", "compound", "LRU", "can be migrated", "can be pinned"], rows);
}

function ruleTexts(rules: readonly RuleText[]): readonly string[] {
  return rules.flatMap(({ title, text, steps = [] }) => [heading(3, title), text.length === 1 ? paragraph(linked(text[0] ?? "")) : bullets(text.map((each) => linked(each))), steps.length === 0 ? "" : numbered(steps.map((step) => linked(step)))]);
}

const ruleNotes = bullets([
  "**reads**: the facts of a view that the rule needs. Of a view that lacks one the rule is reported as not checkable, which never counts as passed.",
  "**silent after**: switches that break the rule. Where a scenario has made use of one, the rule says nothing more.",
]);

function ruleGroups(kind: "Invariants" | "Laws", groups: readonly RuleGroup<Invariant | Law>[]): readonly string[] {
  return groups.flatMap(({ title, rules }) => [
    heading(3, `${kind}: ${title}`),
    table(
      ["id", "is true, and where it comes from", "reads", "silent after"],
      rules.map((rule) => [ruleAnchor(rule.id), `**${rule.title}**<br>${rule.source}${opsOf(rule)}`, rule.needs.length === 0 ? "all that is shown" : rule.needs.map((need) => `\`${need}\``).join(", "), rule.unless.map((id) => `[${id}]`).join(", ")]),
    ),
  ]);
}

function opsOf(rule: Invariant | Law): string {
  return "ops" in rule && rule.ops.length > 0 ? `<br>Speaks of: ${rule.ops.map((op) => `\`${op}\``).join(", ")}` : "";
}

function ruleAnchor(id: string): string {
  return `<a id="${anchorOf(id)}"></a>${id}`;
}

function goalParts(): readonly string[] {
  return [
    paragraph(`${goals.length} situations that a search has to reach, or the rules that speak of them were never tried. A run names those it did not reach.`),
    ...situationGroups.flatMap(({ title, rules }) => [heading(3, `Goals: ${title}`), goalTable(rules)]),
    heading(3, "Goals: Answers"),
    paragraph("Every command has succeeded, has been refused for each of its reasons, and has been skipped for each."),
    `<details>\n<summary>The ${answerGoals.length} goals of this kind</summary>\n\n${goalTable(answerGoals)}\n\n</details>`,
  ];
}

function goalTable(list: readonly Goal[]): string {
  return table(["goal", "situation", "rules that need it"], list.map((goal) => [`\`${goal.id}\``, `${goal.title}${onlyWhere(goal)}`, goal.rules.map((id) => ruleLink(id)).join(", ")]));
}

function onlyWhere({ onlyWith, onlyWithout }: Goal): string {
  const limits = [...(onlyWith === undefined ? [] : [`with [${onlyWith}]`]), ...(onlyWithout === undefined ? [] : [`without [${onlyWithout}]`])];
  return limits.length === 0 ? "" : ` (can be reached only ${limits.join(" and ")})`;
}

function ruleLink(id: string): string {
  return [...invariants, ...laws].some((rule) => rule.id === id) ? `[${id}](#${anchorOf(id)})` : id;
}
