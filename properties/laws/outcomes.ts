/**
 * Outcomes by themselves: the answer has the parts that its result and its command call for.
 */
import { commandCatalogue, errnos } from "../../models/index.ts";
import type { Op, Outcome } from "../../models/index.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { commandOf, taskOf } from "../step.ts";

/** The op whose rules decide the outcome: that of the command, or that of the task. */
function decidingOp(step: StepRecord): Op {
  const task = taskOf(step);
  return task === undefined ? commandOf(step).op : task.op === "alloc-contig" ? "alloc-contig" : "write-state";
}

/** Errnos that the catalogue knows for the op. A veto may give any. */
function possibleErrnos(op: Op): readonly string[] {
  const refused = commandCatalogue[op].refused;
  return refused.some(({ reason }) => reason === "veto" || reason.endsWith("-veto")) ? errnos : refused.map(({ errno }) => errno);
}

const errnoIsKnown: Law = {
  id: "FC-78",
  title: "an errno comes with every refusal, and is one that the catalogue knows for the command; a livelock is EINTR",
  source: "models/catalogue.ts",
  needs: [],
  ops: [],
  unless: [],
  find: (step) => {
    const { result, errno } = step.outcome;
    const op = decidingOp(step);
    const interrupted = step.command.op === "signal" && errno === "EINTR";
    const possible: readonly string[] = result === "livelock" ? ["EINTR"] : result === "refused" ? possibleErrnos(op) : [];
    const fits = errno === undefined ? possible.length === 0 && result !== "refused" : interrupted || possible.includes(errno);
    return fits ? [] : [{ where: op, was: [...new Set(possible)].join(" or ") || "no errno", is: errno ?? "no errno" }];
  },
};

/** Parts of an outcome, and the ops that may have them. */
const parts: Readonly<Record<Exclude<keyof Outcome, "result" | "errno" | "because">, readonly Op[]>> = {
  grant: ["alloc", "alloc-atomic", "inflate", "huge-grow"],
  memmap: ["add", "device-map", "kmem-probe", "vmem-request"],
  dropped: ["alloc-contig", "fake-offline", "soft-offline"],
  moved: ["compact", "pin", "pin-range", "soft-offline", "alloc-contig", "fake-offline", "write-state", "write-online", "offline-and-remove"],
  attempts: ["alloc-contig-pages", "cma-alloc"],
  start: ["alloc-contig-pages", "cma-alloc"],
  events: ["add", "write-state", "write-online", "offline-and-remove", "kmem-probe", "vmem-request"],
};

const choicesBelongToCommand: Law = {
  id: "FC-79",
  title: "an outcome tells the choices that its command makes and no others; what was skipped makes none; only tasks are running",
  source: "models/outcome.ts",
  needs: [],
  ops: [],
  unless: [],
  find: (step) => {
    const { outcome, command } = step;
    const op = decidingOp(step);
    const idle = outcome.result === "skipped" || outcome.result === "bug";
    const found: Evidence[] = [];
    for (const part of Object.keys(parts) as (keyof typeof parts)[]) {
      const told = outcome[part];
      if (told === undefined || (Array.isArray(told) && told.length === 0)) continue;
      if (idle || !parts[part].includes(op)) found.push({ where: op, was: `no ${part}`, is: `${part} told` });
    }
    const ok = outcome.result === "ok";
    if ((op === "alloc" || op === "alloc-atomic" || op === "inflate" || op === "huge-grow") && ok !== (outcome.grant !== undefined)) found.push({ where: op, was: ok ? "a grant" : "no grant", is: ok ? "none told" : "one told" });
    if ((op === "alloc-contig-pages" || op === "cma-alloc") && ok !== (outcome.start !== undefined)) found.push({ where: op, was: ok ? "the first frame" : "no first frame", is: ok ? "not told" : "told" });
    if (outcome.result === "running" && command.op !== "start" && command.op !== "step" && command.op !== "signal") found.push({ where: op, was: "an end", is: "running" });
    return found;
  },
};

export const outcomeLaws: readonly Law[] = [errnoIsKnown, choicesBelongToCommand];
