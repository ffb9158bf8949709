import { describe, expect, it } from "vitest";
import { commandCatalogue, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, NotifierEvent, Op, Outcome, VetoableEvent, View } from "../../models/index.ts";
import { checkStep, checkView, goals, invariants, laws } from "../../properties/index.ts";
import type { Goal, StepRecord } from "../../properties/index.ts";
import { scenarios } from "./goal-scenarios.ts";
import { geometry, given } from "./small-views.ts";
import { stepsOf } from "./step-edits.ts";

const fromCatalogue = /^(ok|refused|skipped|livelock|bug|veto):/;

const block4 = { start: toPfn(0x80), nrPages: 32 } as const;

/** Commands of which the scenarios have none that is not to the point. */
const plain: readonly Command[] = [
  { op: "alloc-contig-pages", id: 1, nrPages: 128, node: 0, thisNode: false, movable: false },
  { op: "add", ...block4, node: 0, memmapOnMemory: false, group: null }, { op: "write-online", block: toBlockId(4), value: true },
  { op: "device-map", id: 1, start: toPfn(0xa0), nrPages: 16, node: 0 }, { op: "device-unmap", id: 1 },
  { op: "compact", node: 0, zone: "Normal" }, { op: "lru-drain" }, { op: "alloc-atomic", id: 1, order: 1, node: 0, zone: "normal" }, { op: "unreserve", node: 0, movable: false, force: true },
];

/** Every step of every scenario, and those. */
const allSteps: readonly StepRecord[] = [...Object.values(scenarios), { machine: "hole and CMA", profile: "strict", commands: plain }].flatMap(({ machine, profile, commands }) => stepsOf(machine, profile, commands));

function goal(id: string): Goal {
  return given(goals.find((one) => one.id === id));
}

describe("the goals", () => {
  it("have an id of their own each", () => {
    const ids = goals.map(({ id }) => id);

    expect(new Set(ids).size).toBe(ids.length);
  });

  it("stand beside rules that exist", () => {
    const known = new Set([...invariants, ...laws].map(({ id }) => id));

    expect(goals.flatMap(({ id, rules }) => rules.filter((rule) => !known.has(rule)).map((rule) => `${id}: ${rule}`))).toEqual([]);
    expect(goals.filter(({ rules }) => rules.length === 0)).toEqual([]);
  });

  it("ask for every answer of every command", () => {
    const wanted = Object.entries(commandCatalogue).flatMap(([op, { refused, skipped, other = [] }]) => [
      ...refused.map(({ reason }) => `refused:${op}:${reason}`),
      ...skipped.map(({ reason }) => `skipped:${op}:${reason}`),
      ...other.map(({ result, reason }) => `${result}:${op}:${reason}`),
    ]);

    expect(goals.filter(({ id }) => fromCatalogue.test(id) && !/^(ok|veto):/.test(id)).map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
  });

  it("have a scenario each that reaches them, where they are about a situation", () => {
    const situations = goals.filter(({ id }) => !fromCatalogue.test(id)).map(({ id }) => id);

    expect(Object.keys(scenarios).toSorted()).toEqual(situations.toSorted());
  });

  describe.each(Object.entries(scenarios))("%s", (id, { machine, profile, commands }) => {
    const steps = stepsOf(machine, profile, commands);
    const last = given(steps.at(-1));

    it("is reached by the last of its commands and by none before", () => {
      expect(steps.map((step) => goal(id).reached(step))).toEqual(steps.map((step) => step === last));
    });

    it("breaks no rule on the way", () => {
      for (const step of steps) {
        expect(checkView(step.after, step.used).broken.map(({ invariant, evidence }) => [invariant.id, evidence])).toEqual([]);
        expect(checkStep(step, step.used).broken.map(({ law, evidence }) => [law.id, evidence])).toEqual([]);
      }
    });

    it("is not reached if that command is skipped", () => {
      expect(goal(id).reached({ ...last, outcome: { result: "skipped" }, after: last.before })).toBe(false);
    });

    it("is not reached by every other such command", () => {
      const others = allSteps.filter((step) => step !== last && step.command.op === last.command.op);

      expect(others.some((step) => !goal(id).reached(step))).toBe(true);
    });
  });

  it("are not reached by a step that shows nothing, and do not fail on it", () => {
    const nothing: View = { geometry };
    const step = (command: Command): StepRecord => ({ before: nothing, command, outcome: { result: "ok" }, after: nothing });
    const steps = [step({ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }), step({ op: "step", task: 1 }), step({ op: "free-contig", start: toPfn(0), nrPages: 4, pcp: false })];

    expect(steps.map((one) => goals.filter(({ id, reached }) => !id.startsWith("ok:") && reached(one)).map(({ id }) => id))).toEqual([[], [], []]);
  });
});

const page = { kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" } as const;
const range = { start: toPfn(0x60), nrPages: 4 } as const;
const contig = { op: "alloc-contig", id: 1, ...range, compound: false, gfp: "kernel" } as const;

/** One command of each sort. */
const samples: { readonly [Name in Op]: Command & { readonly op: Name } } = {
  alloc: { op: "alloc", id: 1, ...page },
  "alloc-atomic": { op: "alloc-atomic", id: 1, order: 1, node: 0, zone: "normal" },
  unreserve: { op: "unreserve", node: 0, movable: false, force: true },
  free: { op: "free", id: 1, pcp: false },
  drain: { op: "drain", node: 0, zone: "Normal" },
  "pcp-disable": { op: "pcp-disable", node: 0, zone: "Normal" },
  "pcp-enable": { op: "pcp-enable", node: 0, zone: "Normal" },
  compact: { op: "compact", node: 0, zone: "Normal" },
  hold: { op: "hold", id: 1 },
  release: { op: "release", id: 1 },
  "lru-isolate": { op: "lru-isolate", id: 1 },
  "lru-batch": { op: "lru-batch", id: 1 },
  "lru-drain": { op: "lru-drain" },
  "lru-putback": { op: "lru-putback", id: 1 },
  pin: { op: "pin", id: 1, longTerm: true },
  "pin-range": { op: "pin-range", first: 1, skip: 0, zero: false, last: null, longTerm: true },
  unpin: { op: "unpin", id: 1, longTerm: true },
  poison: { op: "poison", pfn: toPfn(0x60) },
  "soft-offline": { op: "soft-offline", pfn: toPfn(0x60) },
  unpoison: { op: "unpoison", pfn: toPfn(0x60) },
  inflate: { op: "inflate", id: 1, node: 0 },
  deflate: { op: "deflate", id: 1 },
  "vmstat-refresh": { op: "vmstat-refresh" },
  "free-reserved": { op: "free-reserved", pfn: toPfn(0x60) },
  isolate: { op: "isolate", id: 1, ...range, mode: "contig" },
  unisolate: { op: "unisolate", id: 1, ...range },
  "test-isolated": { op: "test-isolated", ...range, mode: "contig" },
  "alloc-contig": contig,
  "free-contig": { op: "free-contig", ...range, pcp: false },
  "alloc-contig-pages": { op: "alloc-contig-pages", id: 1, nrPages: 4, node: 0, thisNode: false, movable: false },
  "cma-alloc": { op: "cma-alloc", id: 1, area: 0, nrPages: 4, align: 0 },
  "cma-release": { op: "cma-release", area: 0, id: 1, pcp: false },
  "fake-offline": { op: "fake-offline", ...range, drops: true },
  "fake-online": { op: "fake-online", ...range },
  add: { op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null },
  remove: { op: "remove", start: toPfn(0x80), nrPages: 32 },
  "offline-and-remove": { op: "offline-and-remove", start: toPfn(0x80), nrPages: 32 },
  "write-state": { op: "write-state", block: toBlockId(4), value: "online" },
  "write-online": { op: "write-online", block: toBlockId(4), value: true },
  "group-static": { op: "group-static", id: 1, node: 0, maxPages: 32 },
  "group-dynamic": { op: "group-dynamic", id: 1, node: 0, unitPages: 32 },
  "group-unregister": { op: "group-unregister", id: 1 },
  "device-map": { op: "device-map", id: 1, start: toPfn(0x80), nrPages: 32, node: 0 },
  "device-unmap": { op: "device-unmap", id: 1 },
  "huge-grow": { op: "huge-grow", id: 1, order: 1, node: 0 },
  "huge-shrink": { op: "huge-shrink", id: 1 },
  "huge-reserve": { op: "huge-reserve", order: 1, count: 1 },
  "huge-use": { op: "huge-use", id: 1, reserved: false },
  "kmem-probe": { op: "kmem-probe", device: 0, group: 1 },
  "kmem-remove": { op: "kmem-remove", device: 0 },
  "vmem-request": { op: "vmem-request", nrPages: 32 },
  set: { op: "set", setting: { option: "auto_movable_ratio", value: 100 } },
  veto: { op: "veto", event: "GOING_ONLINE", errno: "EIO" },
  "fail-next": { op: "fail-next", what: "memmap", skip: 0 },
  start: { op: "start", task: 1, command: contig },
  step: { op: "step", task: 1 },
  signal: { op: "signal", task: 1 },
};

/** The command that an entry of the catalogue speaks of: those of an offline are told from those of an online by their name. */
function commandFor(op: Op, reason: string): Command {
  if (op === "write-state" && reason.startsWith("offline-")) return { ...samples[op], value: "offline" };
  return op === "write-online" && reason.startsWith("offline-") ? { ...samples[op], value: false } : samples[op];
}

const ops = Object.keys(samples) as Op[];

interface Answer {
  readonly id: string;
  readonly command: Command;
  readonly outcome: Outcome;
}

/** Every answer that the catalogue knows, as somebody would give it. */
const answers: readonly Answer[] = [
  ...ops.filter((op) => op !== "start").map((op) => ({ id: `ok:${op}`, command: samples[op], outcome: { result: "ok" } as const })),
  ...ops.flatMap((op) => commandCatalogue[op].refused.map(({ errno, reason }) => ({ id: `refused:${op}:${reason}`, command: commandFor(op, reason), outcome: { result: "refused", errno, because: { kind: reason } } as const }))),
  ...ops.flatMap((op) => commandCatalogue[op].skipped.map(({ reason }) => ({ id: `skipped:${op}:${reason}`, command: samples[op], outcome: { result: "skipped", because: { kind: reason } } as const }))),
  ...ops.flatMap((op) => (commandCatalogue[op].other ?? []).map(({ result, reason }) => ({ id: `${result}:${op}:${reason}`, command: commandFor(op, reason), outcome: { result, because: { kind: reason } } as const }))),
];

/** Each event that can be refused, as the calls end where it was, and as they go on where it was not. */
const refusedEvents: readonly { readonly event: VetoableEvent; readonly refused: readonly NotifierEvent[]; readonly passed: readonly NotifierEvent[] }[] = [
  { event: "PREPARE_ONLINE", refused: ["PREPARE_ONLINE"], passed: ["PREPARE_ONLINE", "GOING_ONLINE", "CANCEL_ONLINE", "FINISH_OFFLINE"] },
  { event: "GOING_ONLINE", refused: ["PREPARE_ONLINE", "GOING_ONLINE", "CANCEL_ONLINE", "FINISH_OFFLINE"], passed: ["PREPARE_ONLINE", "GOING_ONLINE", "ONLINE"] },
  { event: "GOING_OFFLINE", refused: ["GOING_OFFLINE", "CANCEL_OFFLINE"], passed: ["GOING_OFFLINE", "OFFLINE", "FINISH_OFFLINE"] },
];

function vetoed(events: readonly NotifierEvent[]): Outcome {
  return { result: "refused", errno: "EIO", because: { kind: "veto" }, events: events.map((event) => ({ event, ...block4 })) };
}

describe("a goal of the catalogue", () => {
  const shown: View = { geometry, tasks: [] };

  function reachedBy(command: Command, outcome: Outcome): readonly string[] {
    return goals.filter(({ reached }) => reached({ before: shown, command, outcome, after: shown })).map(({ id }) => id);
  }

  it("is in the table, each", () => {
    expect([...answers.map(({ id }) => id), ...refusedEvents.map(({ event }) => `veto:${event}`)].toSorted()).toEqual(goals.filter(({ id }) => fromCatalogue.test(id)).map(({ id }) => id).toSorted());
  });

  it.each(answers)("$id is reached by that answer", ({ id, command, outcome }) => {
    const reached = reachedBy(command, outcome);

    expect(reached).toContain(id);
    // Another goal speaks of the same answer in other words, or of the command inside a start.
    expect(reached.filter((other) => fromCatalogue.test(other) && other !== id && !other.endsWith(given(outcome.because).kind))).toEqual([]);
  });

  it.each(answers)("$id is not reached by another result, another reason or another command", ({ id, command, outcome }) => {
    const other = command.op === "hold" ? samples.release : samples.hold;

    expect(reachedBy(command, { ...outcome, result: outcome.result === "ok" ? "running" : "ok" })).not.toContain(id);
    if (outcome.because !== undefined) expect(reachedBy(command, { ...outcome, because: { kind: "another" } })).not.toContain(id);
    expect(reachedBy(other, outcome)).not.toContain(id);
  });

  it("tells an offline from an online by the command where the reason is the same", () => {
    const refusal = { result: "refused", errno: "EPERM", because: { kind: "veto" } } as const;

    expect(reachedBy({ ...samples["write-state"], value: "offline" }, refusal)).toEqual(["refused:write-state:offline-veto"]);
    expect(reachedBy(samples["write-state"], refusal)).toEqual(["refused:write-state:veto"]);
    expect(reachedBy({ ...samples["write-online"], value: false }, refusal)).toEqual(["refused:write-online:offline-veto"]);
    expect(reachedBy(samples["write-online"], refusal)).toEqual(["refused:write-online:veto"]);
  });

  it.each(refusedEvents)("about a refused $event is reached where the calls end so, and not where they go on", ({ event, refused, passed }) => {
    const command = event === "GOING_OFFLINE" ? { ...samples["write-state"], value: "offline" as const } : samples["write-state"];

    expect(reachedBy(command, vetoed(refused))).toContain(`veto:${event}`);
    expect(reachedBy(command, vetoed(passed))).not.toContain(`veto:${event}`);
  });

  it("says which switch it needs, or must not have", () => {
    expect(goal("livelock:pin:off-lru").onlyWith).toBe("KD-9");
    expect(goal("refused:pin:off-lru").onlyWithout).toBe("KD-9");
  });
});
