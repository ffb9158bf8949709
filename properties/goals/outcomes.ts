/**
 * Goals from the catalogue: every command has succeeded, been refused for each of its reasons, and been skipped for each.
 */
import { commandCatalogue, vetoableEvents } from "../../models/index.ts";
import type { Op, SwitchId } from "../../models/index.ts";
import type { Goal, StepRecord } from "../rule.ts";
import { commandOf, direction } from "../step.ts";

/** Goals that only a profile with this switch can reach. */
const onlyWith: Readonly<Record<string, SwitchId>> = {
  "livelock:pin:off-lru": "KD-9",
  "livelock:pin-range:off-lru": "KD-9",
  "livelock:write-state:offline-stuck": "S-30",
  "livelock:write-online:offline-stuck": "S-30",
  "livelock:offline-and-remove:stuck": "S-30",
  "bug:free-contig:compound-misaligned": "KD-11",
};

/** Goals that only a profile without this switch can reach. */
const onlyWithout: Readonly<Record<string, SwitchId>> = {
  "refused:pin:off-lru": "KD-9",
  "refused:pin-range:off-lru": "KD-9",
  "refused:write-state:offline-stuck": "S-30",
  "refused:write-online:offline-stuck": "S-30",
  "refused:offline-and-remove:stuck": "S-30",
};

function limits(id: string): Pick<Goal, "onlyWith" | "onlyWithout"> {
  const [needed, forbidden] = [onlyWith[id], onlyWithout[id]];
  return { ...(needed === undefined ? {} : { onlyWith: needed }), ...(forbidden === undefined ? {} : { onlyWithout: forbidden }) };
}

/** The rules about what a command that fails leaves as it was, by op. */
const rulesOfRefusal: Readonly<Partial<Record<Op, readonly string[]>>> = {
  isolate: ["HP-60", "PG-27", "FC-57", "FC-83"],
  "alloc-contig": ["HP-60", "PG-36", "PG-41", "FC-57", "FC-83"],
  "alloc-contig-pages": ["HP-60", "PG-36"],
  "cma-alloc": ["HP-60", "PG-36", "PG-45"],
  "fake-offline": ["HP-60", "PG-36", "FC-57", "FC-83"],
  add: ["HP-60", "FC-69", "FC-70"],
  "device-map": ["HP-60", "FC-69", "FC-71"],
  "write-state": ["HP-60", "HP-65", "FC-75", "FC-81"],
  "write-online": ["HP-60", "HP-65", "FC-75", "FC-81"],
  "offline-and-remove": ["HP-60", "HP-65", "FC-76"],
  alloc: ["HP-60", "PG-53"],
  pin: ["HP-60", "PG-49"],
  "pin-range": ["HP-60", "PG-49"],
};

/** Whether the outcome gives this reason. An offline may leave out that it was one: the command says so. */
function gives(step: StepRecord, op: Op, reason: string): boolean {
  if (commandOf(step).op !== op) return false;
  const kind = step.outcome.because?.kind;
  const plain = reason.startsWith("offline-") ? reason.slice("offline-".length) : undefined;
  if (kind === reason) return plain !== undefined || direction(step) !== "offline" || !commandCatalogue[op].refused.some((entry) => entry.reason === `offline-${reason}`);
  return plain !== undefined && kind === plain && direction(step) === "offline";
}

const ops = Object.keys(commandCatalogue) as Op[];

// A start that succeeds at once is a success of its command.
const successes: readonly Goal[] = ops.filter((op) => op !== "start").map((op) => ({
  id: `ok:${op}`,
  title: `${op} has succeeded`,
  rules: ["FC-50"],
  reached: (step) => step.outcome.result === "ok" && commandOf(step).op === op,
}));

const refusals: readonly Goal[] = ops.flatMap((op) =>
  commandCatalogue[op].refused.map(({ errno, reason, when }): Goal => {
    const id = `refused:${op}:${reason}`;
    return { id, title: `${op} was refused with ${errno}: ${when}`, rules: rulesOfRefusal[op] ?? ["HP-60"], ...limits(id), reached: (step) => step.outcome.result === "refused" && gives(step, op, reason) };
  }),
);

const skips: readonly Goal[] = ops.flatMap((op) =>
  commandCatalogue[op].skipped.map(({ reason, when }): Goal => ({
    id: `skipped:${op}:${reason}`,
    title: `${op} was skipped: ${when}`,
    rules: ["HP-60"],
    reached: (step) => step.outcome.result === "skipped" && (step.command.op === op || commandOf(step).op === op) && step.outcome.because?.kind === reason,
  })),
);

const others: readonly Goal[] = ops.flatMap((op) =>
  (commandCatalogue[op].other ?? []).map(({ result, reason, when }): Goal => {
    const id = `${result}:${op}:${reason}`;
    return { id, title: `${op} ended in ${result}: ${when}`, rules: ["HP-60"], ...limits(id), reached: (step) => step.outcome.result === result && gives(step, op, reason) };
  }),
);

const vetoes: readonly Goal[] = vetoableEvents.map((event) => ({
  id: `veto:${event}`,
  title: `a notifier refused ${event}`,
  rules: ["HP-65", "FC-72"],
  reached: ({ outcome }) => {
    const events = outcome.events ?? [];
    const at = events.findIndex((call) => call.event === event);
    const next = events[at + 1]?.event;
    return at >= 0 && outcome.result !== "running" && (event === "PREPARE_ONLINE" ? next !== "GOING_ONLINE" : event === "GOING_ONLINE" ? next === "CANCEL_ONLINE" : next === "CANCEL_OFFLINE" && outcome.because?.kind.endsWith("veto") === true);
  },
}));

export const outcomeGoals: readonly Goal[] = [...successes, ...refusals, ...skips, ...others, ...vetoes];
