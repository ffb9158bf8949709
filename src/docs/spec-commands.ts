/** The commands of docs/spec.md: an overview, the fields, and a section each. */
import { commandCatalogue } from "../../models/index.ts";
import type { CommandEntry, Op } from "../../models/index.ts";
import { commandFields, ops } from "../../properties/index.ts";
import type { FieldKind } from "../../properties/index.ts";
import { anchorOf, bullets, heading, joined, paragraph, table } from "./markdown.ts";
import { linked } from "./spec-links.ts";
import { commandGroups, fieldWords } from "./spec-words.ts";

/** The chapter, from its overview to the last command. */
export function commandChapter(): string {
  const listed = commandGroups.flatMap((group) => group.ops);
  if (JSON.stringify(listed.toSorted()) !== JSON.stringify(ops.toSorted())) throw new Error("the groups of docs/spec.md do not hold each command once");
  return joined([
    heading(2, "Commands"),
    paragraph("Every command is meaningful in every state: one that could not be issued is skipped and changes nothing. What is tested is tested in the order of the tables, those of Skipped first; the first row that applies decides."),
    table(
      ["command", "what it does", "refused with"],
      commandGroups.flatMap(({ title, ops: group }) => [[`**${title}**`, "", ""], ...group.map((op) => overviewRow(op, commandCatalogue[op]))]),
    ),
    heading(3, "Fields"),
    paragraph("In files frame numbers are numbers or hex strings, as `\"0x40\"`. No field may be left out, but for those that say so."),
    table(["field", "meaning"], fieldNames().map((name) => [`\`${name}\``, linked(meaningOf(name))])),
    ...commandGroups.flatMap(({ title, ops: group }) => [heading(3, title), ...group.map((op) => commandSection(op, commandCatalogue[op]))]),
  ]);
}

function overviewRow(op: Op, { title, refused, other = [] }: CommandEntry): readonly string[] {
  const answers = [...new Set([...refused.map(({ errno }) => errno), ...other.map(({ result }) => result)])];
  return [`[\`${op}\`](#${anchorOf(op)})`, title, answers.length === 0 ? "never" : answers.join(", ")];
}

function fieldNames(): readonly string[] {
  const used = new Set(ops.flatMap((op) => commandFields(op).map(({ name }) => name)));
  return [...Object.keys(fieldWords).filter((name) => used.has(name)), ...[...used].filter((name) => fieldWords[name] === undefined)];
}

function meaningOf(name: string): string {
  const words = fieldWords[name];
  if (words === undefined) throw new Error(`docs/spec.md has no words for the field "${name}"`);
  return words;
}

function commandSection(op: Op, entry: CommandEntry): string {
  const link = (text: string): string => linked(text, op);
  const { skipped, effects, choices } = entry;
  const refusals = refusalsOf(entry).map(({ answer, reason, when }) => [answer, reason, link(when)]);
  return joined([
    heading(4, op),
    paragraph(`${capital(entry.title)}. Fields: ${fieldsOf(op)}.`),
    paragraph(`Source: ${entry.source}.`),
    skipped.length === 0 ? "Never skipped." : `Skipped:\n\n${table(["reason", "when"], skipped.map(({ reason, when }) => [reason, link(when)]))}`,
    refusals.length === 0 ? "Never refused." : `Refused:\n\n${table(["answer", "reason", "when"], refusals)}`,
    `Effects:\n\n${effectList(effects.map(link))}`,
    choices === undefined ? "" : paragraph(`Free to choose: ${lowercase(link(choices))}`),
  ]);
}

/** What else than ok can come back, in the order of testing: what stops the kernel first; a livelock where another profile has the errno. */
function refusalsOf({ refused, other = [] }: CommandEntry): readonly { readonly answer: string; readonly reason: string; readonly when: string }[] {
  const rows = other.map(({ result, reason, when }) => ({ answer: `*${result}*`, reason, when }));
  const bugs = rows.filter(({ answer }) => answer === "*bug*");
  const livelocks = rows.filter((row) => !bugs.includes(row));
  return [...bugs, ...refused.flatMap(({ errno, reason, when }) => [{ answer: errno, reason, when }, ...livelocks.filter((row) => row.reason === reason)])];
}

/** Effects; those that belong to one direction of a command stand under its name. */
function effectList(effects: readonly string[]): string {
  const parts: { readonly of: string; readonly items: string[] }[] = [];
  for (const effect of effects) {
    const [, of = "", text = effect] = /^(Online|Offline): (.*)$/s.exec(effect) ?? [];
    const last = parts.at(-1);
    if (last?.of === of) last.items.push(text);
    else parts.push({ of, items: [text] });
  }
  return joined(parts.map(({ of, items }) => (of === "" ? bullets(items) : `Going ${of.toLowerCase()}:\n\n${bullets(items)}`)));
}

/** Labels first, then where and how much. */
const leading: readonly FieldKind["is"][] = ["maker", "user", "pfn", "pages", "block"];

function rankOf({ is }: FieldKind): number {
  return leading.includes(is) ? leading.indexOf(is) : leading.length;
}

function fieldsOf(op: Op): string {
  const fields = commandFields(op).toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind));
  return fields.map(({ name, kind }) => `\`${name}\` (${typeOf(kind)})`).join(", ");
}

function typeOf(kind: FieldKind): string {
  switch (kind.is) {
    case "maker":
      return `new ${kind.label} label`;
    case "user":
      return `${kind.label} label${kind.orNull ? " or null" : ""}`;
    case "pfn":
      return "frame";
    case "pages":
      return "frames";
    case "block":
    case "number":
      return "number";
    case "optional":
      return "frames, may be left out";
    case "choice":
      return kind.values.every((value) => typeof value === "boolean") ? "true or false" : kind.values.map((value) => `\`${String(value)}\``).join(", ");
    case "setting":
      return "object";
    case "task-command":
      return "command";
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowercase(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
