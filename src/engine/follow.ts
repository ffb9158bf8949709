/** Judging what someone else did: the same mechanisms, with the choices told, and the outcome that they then give compared. */
import type { Breach, Command, Outcome, Verdict } from "../../models/index.ts";
import type { Machine } from "./machine.ts";
import { ToldChoices } from "./told-choices.ts";

/** Follows the command with the choices of the outcome. The machine is then in the state that they imply. */
export function followOutcome(m: Machine, command: Command, told: Outcome): Verdict {
  const alone = m.choices;
  const choices = new ToldChoices(m, told);
  m.choices = choices;
  let own: Outcome;
  try {
    own = m.commands.run(command);
  } finally {
    m.choices = alone;
  }
  return choices.breach ?? compare(own, told) ?? { verdict: "admitted" };
}

function compare(own: Outcome, told: Outcome): Breach | undefined {
  if (own.result !== told.result || own.errno !== told.errno) {
    return breach("outcome-result", `${show(told)} was told, because the rules give ${show(own)}${own.because === undefined ? "" : ` (${own.because.kind})`}`, show(own), own);
  }
  if (!same(own.events ?? [], told.events ?? [])) return breach("notifier-order", `other notifier calls were told, because the rules give ${showList(own.events)}`, showList(own.events), own);
  const clauses = { moved: "move-allowed", dropped: "drop-allowed", memmap: "memmap-size", attempts: "attempt-order", grant: "outcome-shape", start: "outcome-shape" } as const;
  for (const field of ["moved", "dropped", "memmap", "attempts", "grant", "start"] as const) {
    const ours = own[field];
    const theirs = told[field];
    if (same(ours ?? [], theirs ?? [])) continue;
    return breach(clauses[field], `${field} was told as ${JSON.stringify(theirs ?? null)}, because the command comes to ${JSON.stringify(ours ?? null)}`, JSON.stringify(ours ?? null), own);
  }
  return undefined;
}

function breach(clause: string, because: string, permitted: string, own: Outcome): Breach {
  const frame = own.because?.pfn;
  return { verdict: "breach", clause, because, permitted: [permitted], frames: frame === undefined ? [] : [frame] };
}

function show(outcome: Outcome): string {
  return outcome.errno === undefined ? outcome.result : `${outcome.result} ${outcome.errno}`;
}

function showList(events: Outcome["events"]): string {
  return events === undefined || events.length === 0 ? "none" : events.map(({ event }) => event).join(", ");
}

/** Equality of plain data; a field that is an empty list is as good as none. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((entry, at) => same(entry, b[at]));
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  return left.size === right.size && [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)));
}

function fieldsOf(value: object): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(value).filter(([, field]) => field !== undefined && !(Array.isArray(field) && field.length === 0)));
}
