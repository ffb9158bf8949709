/**
 * The memory notifier chain: which events come, in which order, with which ranges.
 */
import { blockPages } from "../../models/index.ts";
import type { NotifierCall, NotifierEvent } from "../../models/index.ts";
import { blocksById } from "../derived.ts";
import { blockName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Law, StepRecord } from "../rule.ts";
import { commandOf, direction, partOf, taskOf } from "../step.ts";

const onlineOk: readonly NotifierEvent[] = ["PREPARE_ONLINE", "GOING_ONLINE", "ONLINE"];
const onlinePrepareRefused: readonly NotifierEvent[] = ["PREPARE_ONLINE"];
const onlineRefused: readonly NotifierEvent[] = ["PREPARE_ONLINE", "GOING_ONLINE", "CANCEL_ONLINE", "FINISH_OFFLINE"];
const offlineOk: readonly NotifierEvent[] = ["GOING_OFFLINE", "OFFLINE", "FINISH_OFFLINE"];
const offlineRefused: readonly NotifierEvent[] = ["GOING_OFFLINE", "CANCEL_OFFLINE"];

type Sequence = readonly NotifierEvent[];

/** What one operation on one block may call, as it ends in this step. */
function sequencesOf(step: StepRecord): readonly Sequence[] {
  const { outcome } = step;
  const ok = outcome.result === "ok";
  const online = direction(step) === "online";
  switch (partOf(step)) {
    case "whole":
      return online ? (ok ? [onlineOk, []] : [[], onlinePrepareRefused, onlineRefused]) : ok ? [offlineOk, []] : [[], offlineRefused];
    case "begin":
      return online ? [["PREPARE_ONLINE", "GOING_ONLINE"]] : [[]];
    case "middle":
      return taskOf(step)?.phase === "isolated" ? [["GOING_OFFLINE"]] : [[]];
    case "end":
      if (online) return [["ONLINE"]];
      if (taskOf(step)?.phase === "isolated") return [offlineRefused];
      return ok ? [["OFFLINE", "FINISH_OFFLINE"]] : [["CANCEL_OFFLINE"]];
  }
}

/** The calls, cut where the next one is of another block. */
function byBlock(size: number, events: readonly NotifierCall[]): readonly (readonly NotifierCall[])[] {
  const groups: NotifierCall[][] = [];
  for (const call of events) {
    const last = groups.at(-1);
    const [first] = last ?? [];
    if (last !== undefined && first !== undefined && Math.floor(first.start / size) === Math.floor(call.start / size)) last.push(call);
    else groups.push([call]);
  }
  return groups;
}

function show(calls: readonly { readonly event: NotifierEvent }[] | Sequence): string {
  return calls.map((call) => (typeof call === "string" ? call : call.event)).join(", ") || "none";
}

function sameSequence(calls: readonly NotifierCall[], sequence: Sequence): boolean {
  return calls.length === sequence.length && calls.every(({ event }, at) => sequence[at] === event);
}

const eventsInOrder: Law = {
  id: "HP-65",
  title: "the notifier events of a block come in the documented order, a cancel only after its going, and nothing after a refusal to prepare",
  source: "mm/memory_hotplug.c: online_pages(), offline_pages(); drivers/base/memory.c: memory_block_online(), v6.12; drivers keep state machines on it",
  needs: [],
  ops: [],
  unless: [],
  find: (step) => {
    const events = step.outcome.events ?? [];
    const size = blockPages(step.before.geometry);
    const { op } = commandOf(step);
    if (direction(step) !== undefined) return sequencesOf(step).some((sequence) => sameSequence(events, sequence)) ? [] : [{ where: "notifier events", was: sequencesOf(step).map(show).join(" or "), is: show(events) }];
    // A call that works on several blocks: each block goes online or offline as a whole, and may come back.
    const whole = op === "add" || op === "kmem-probe" || op === "vmem-request" ? [onlineOk, onlinePrepareRefused, onlineRefused] : op === "offline-and-remove" ? [onlineOk, onlinePrepareRefused, onlineRefused, offlineOk, offlineRefused] : [];
    const found: Evidence[] = [];
    for (const calls of byBlock(size, events)) {
      if (!fits(calls, whole)) found.push({ where: blockName(Math.floor((calls[0]?.start ?? 0) / size)), was: whole.map(show).join(" or ") || "no events", is: show(calls) });
    }
    return found;
  },
};

/** Whether the calls are a run of whole sequences. */
function fits(calls: readonly NotifierCall[], sequences: readonly Sequence[]): boolean {
  if (calls.length === 0) return true;
  return sequences.some((sequence) => sequence.length > 0 && sameSequence(calls.slice(0, sequence.length), sequence) && fits(calls.slice(sequence.length), sequences));
}

const rangesAreToldRight: Law = {
  id: "FC-72",
  title: "notifier calls name the block without its own memmap",
  source: "drivers/base/memory.c: memory_block_online(), memory_block_offline(), v6.12",
  needs: ["blocks.selfHosted"],
  ops: [],
  unless: [],
  find: (step) => {
    const size = blockPages(step.before.geometry);
    const found: Evidence[] = [];
    for (const { event, start, nrPages } of step.outcome.events ?? []) {
      const number = Math.floor(start / size);
      const block = blocksById(step.before).get(number) ?? blocksById(step.after).get(number);
      const selfHosted = block?.selfHosted ?? 0;
      if (start !== number * size + selfHosted || nrPages !== size - selfHosted) found.push({ pfn: start, nrPages, where: `${event}, ${blockName(number)}`, was: `${size - selfHosted} frames, from the ${selfHosted === 0 ? "first" : `${selfHosted}th`} on`, is: `${nrPages} frames` });
    }
    return found;
  },
};

const commandsGoWithEvents: Law = {
  id: "FC-73",
  title: "a block changes its state only with the events for it",
  source: "drivers/base/memory.c: memory_block_online(), memory_block_offline(), v6.12",
  needs: ["blocks"],
  ops: ["write-state", "write-online"],
  unless: [],
  find: (step) => {
    const said = new Set((step.outcome.events ?? []).map(({ event }) => event));
    const was = blocksById(step.before);
    const found: Evidence[] = [];
    for (const { block, state } of given(step.after.blocks)) {
      const before = was.get(block)?.state;
      if (state === "online" && before === "offline" && !said.has("ONLINE")) found.push({ where: blockName(block), was: "ONLINE called", is: "online without" });
      if (state === "offline" && before !== undefined && before !== "offline" && !said.has("OFFLINE")) found.push({ where: blockName(block), was: "OFFLINE called", is: "offline without" });
    }
    return found;
  },
};

export const notifierLaws: readonly Law[] = [eventsInOrder, rangesAreToldRight, commandsGoWithEvents];
