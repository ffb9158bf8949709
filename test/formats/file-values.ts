/** Arbitrary values of everything that our files hold, over the whole range that the formats allow. */
import * as fc from "fast-check";
import { contigGfps, errnos, failurePoints, isolationModes, maxFrames, namedMachines, notifierEvents, pageKinds, results, stateWords, switchIds, toBlockId, toPfn, vetoableEvents, zoneModifiers, zoneTypes } from "../../models/index.ts";
import type { Because, BlockId, Command, Grant, MachineDescription, Move, Op, Outcome, Pfn, Setting } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";
import type { SavedCounterexample } from "../../src/formats/counterexample.ts";
import { maxLabel, maxOrder } from "../../src/formats/fields.ts";
import type { Scenario } from "../../src/formats/scenario.ts";

const label = fc.oneof(fc.nat(9), fc.nat(maxLabel));
const order = fc.nat(maxOrder);
const frames = (least: number): fc.Arbitrary<number> => fc.oneof(fc.integer({ min: least, max: 64 }), fc.integer({ min: least, max: maxFrames }));
const pfn: fc.Arbitrary<Pfn> = frames(0).map(toPfn);
const block: fc.Arbitrary<BlockId> = frames(0).map(toBlockId);
const flag = fc.boolean();
const range = { start: pfn, nrPages: frames(1) };
const rangeOrNone = { start: pfn, nrPages: frames(0) };
const zone = { node: label, zone: fc.constantFrom(...zoneTypes) };
const op = <const O extends Op>(name: O): fc.Arbitrary<O> => fc.constant(name);

const setting: fc.Arbitrary<Setting> = fc.oneof(
  fc.record({ option: fc.constant("auto_online_blocks" as const), value: fc.constantFrom("offline" as const, "online" as const, "online_kernel" as const, "online_movable" as const) }),
  fc.record({ option: fc.constant("online_policy" as const), value: fc.constantFrom("contig-zones" as const, "auto-movable" as const) }),
  fc.record({ option: fc.constant("auto_movable_ratio" as const), value: label }),
  fc.record({ option: fc.constant("auto_movable_numa_aware" as const), value: flag }),
);

const writeState = fc.record({ op: op("write-state"), block, value: fc.constantFrom(...stateWords) });
const allocContig = fc.record({ op: op("alloc-contig"), id: label, ...range, compound: flag, gfp: fc.constantFrom(...contigGfps) });

/** One arbitrary for each command; the type asks for all of them. */
export const commandsByOp: { readonly [K in Op]: fc.Arbitrary<Extract<Command, { op: K }>> } = {
  alloc: fc.record({ op: op("alloc"), id: label, kind: fc.constantFrom(...pageKinds), order, node: label, thisNode: flag, zone: fc.constantFrom(...zoneModifiers) }),
  "alloc-atomic": fc.record({ op: op("alloc-atomic"), id: label, order, node: label, zone: fc.constantFrom(...zoneModifiers) }),
  unreserve: fc.record({ op: op("unreserve"), node: label, movable: flag, force: flag }),
  free: fc.record({ op: op("free"), id: label, pcp: flag }),
  drain: fc.record({ op: op("drain"), ...zone }),
  "pcp-disable": fc.record({ op: op("pcp-disable"), ...zone }),
  "pcp-enable": fc.record({ op: op("pcp-enable"), ...zone }),
  compact: fc.record({ op: op("compact"), ...zone }),
  hold: fc.record({ op: op("hold"), id: label }),
  release: fc.record({ op: op("release"), id: label }),
  "lru-isolate": fc.record({ op: op("lru-isolate"), id: label }),
  "lru-putback": fc.record({ op: op("lru-putback"), id: label }),
  "lru-batch": fc.record({ op: op("lru-batch"), id: label }),
  "lru-drain": fc.record({ op: op("lru-drain") }),
  pin: fc.record({ op: op("pin"), id: label, longTerm: flag }),
  "pin-range": fc.record({ op: op("pin-range"), first: fc.option(label), skip: label, zero: flag, last: fc.option(label), longTerm: flag }),
  unpin: fc.record({ op: op("unpin"), id: label, longTerm: flag }),
  poison: fc.record({ op: op("poison"), pfn }),
  "soft-offline": fc.record({ op: op("soft-offline"), pfn }),
  unpoison: fc.record({ op: op("unpoison"), pfn }),
  "free-reserved": fc.record({ op: op("free-reserved"), pfn }),
  inflate: fc.record({ op: op("inflate"), id: label, node: label }),
  deflate: fc.record({ op: op("deflate"), id: label }),
  "vmstat-refresh": fc.record({ op: op("vmstat-refresh") }),
  isolate: fc.record({ op: op("isolate"), id: label, ...range, mode: fc.constantFrom(...isolationModes) }),
  unisolate: fc.record({ op: op("unisolate"), id: label, ...range }),
  "test-isolated": fc.record({ op: op("test-isolated"), ...range, mode: fc.constantFrom(...isolationModes) }),
  "alloc-contig": allocContig,
  "free-contig": fc.record({ op: op("free-contig"), ...range, pcp: flag }),
  "alloc-contig-pages": fc.record({ op: op("alloc-contig-pages"), id: label, nrPages: frames(1), node: label, thisNode: flag, movable: flag }),
  "cma-alloc": fc.record({ op: op("cma-alloc"), id: label, area: label, nrPages: frames(1), align: order }),
  "cma-release": fc.record({ op: op("cma-release"), area: label, id: label, pcp: flag }),
  "fake-offline": fc.record({ op: op("fake-offline"), ...range, drops: flag }),
  "fake-online": fc.record({ op: op("fake-online"), ...range }),
  add: fc.record({ op: op("add"), ...rangeOrNone, node: label, memmapOnMemory: flag, group: fc.option(label) }),
  remove: fc.record({ op: op("remove"), ...rangeOrNone }),
  "offline-and-remove": fc.record({ op: op("offline-and-remove"), ...rangeOrNone }),
  "write-state": writeState,
  "write-online": fc.record({ op: op("write-online"), block, value: flag }),
  "group-static": fc.record({ op: op("group-static"), id: label, node: label, maxPages: frames(0) }),
  "group-dynamic": fc.record({ op: op("group-dynamic"), id: label, node: label, unitPages: frames(0) }),
  "group-unregister": fc.record({ op: op("group-unregister"), id: label }),
  "device-map": fc.record({ op: op("device-map"), id: label, ...rangeOrNone, node: label, reserve: frames(1), free: frames(1), vmemmapShift: fc.integer({ min: 1, max: 40 }) }, { requiredKeys: ["op", "id", "start", "nrPages", "node"] }),
  "device-unmap": fc.record({ op: op("device-unmap"), id: label }),
  "huge-grow": fc.record({ op: op("huge-grow"), id: label, order, node: label }),
  "huge-shrink": fc.record({ op: op("huge-shrink"), id: label }),
  "huge-reserve": fc.record({ op: op("huge-reserve"), order, count: label }),
  "huge-use": fc.record({ op: op("huge-use"), id: label, reserved: flag }),
  "kmem-probe": fc.record({ op: op("kmem-probe"), device: label, group: label }),
  "kmem-remove": fc.record({ op: op("kmem-remove"), device: label }),
  "vmem-request": fc.record({ op: op("vmem-request"), nrPages: frames(0) }),
  set: fc.record({ op: op("set"), setting }),
  veto: fc.record({ op: op("veto"), event: fc.constantFrom(...vetoableEvents), errno: fc.constantFrom(...errnos) }),
  "fail-next": fc.record({ op: op("fail-next"), what: fc.constantFrom(...failurePoints), skip: label }),
  start: fc.record({ op: op("start"), task: label, command: fc.oneof(writeState, allocContig) }),
  step: fc.record({ op: op("step"), task: label }),
  signal: fc.record({ op: op("signal"), task: label }),
};

export const command: fc.Arbitrary<Command> = fc.oneof(...Object.values<fc.Arbitrary<Command>>(commandsByOp));

/** Named machines, and machines that differ from them in name, settings and reserved memory. */
export const machine: fc.Arbitrary<MachineDescription> = fc.constantFrom(...namedMachines).chain((named) =>
  fc.oneof(
    fc.constant(named),
    fc.record({
      name: fc.string({ maxLength: 64 }),
      memmapOnMemory: fc.constantFrom("never" as const, "yes" as const, "force" as const),
      movableNode: flag,
      autoOnline: fc.constantFrom("offline" as const, "online_movable" as const),
      autoMovableRatio: label,
      bootMemmap: fc.constantFrom(named.bootMemmap, null),
    }).map((changed) => ({ ...named, ...changed })),
  ),
);

const profile = fc.constantFrom("strict", "linux-6.12", "strict+KD-2", "linux-6.12-EX-7-KD-1");
const subject = fc.record({ subject: fc.constantFrom("engine" as const, "reference" as const), profile, mutant: fc.option(fc.string({ maxLength: 20 })) });
const words = fc.string({ unit: "grapheme", maxLength: 30 });

export const scenario: fc.Arbitrary<Scenario> = fc.record({ title: words, machine, profile, subject, commands: fc.array(command, { maxLength: 12 }) }, { requiredKeys: ["machine", "profile", "commands"] });

const grant: fc.Arbitrary<Grant> = fc.record({ pfn, order, retyped: fc.array(pfn, { maxLength: 3 }) }, { requiredKeys: ["pfn", "order"] });
const moved: fc.Arbitrary<Move[]> = fc.array(fc.record({ id: label, from: pfn, to: grant }), { maxLength: 3 });
const dropped = fc.array(label, { maxLength: 3 });
const because: fc.Arbitrary<Because> = fc.record({ kind: words, pfn, block, id: label, task: label, detail: words }, { requiredKeys: ["kind"] });

export const outcome: fc.Arbitrary<Outcome> = fc.record(
  {
    result: fc.constantFrom(...results),
    errno: fc.constantFrom(...errnos),
    because,
    grant,
    memmap: fc.array(grant, { maxLength: 3 }),
    dropped,
    moved,
    attempts: fc.array(fc.record({ start: pfn, errno: fc.constantFrom(...errnos), dropped, moved }, { requiredKeys: ["start"] }), { maxLength: 3 }),
    start: pfn,
    events: fc.array(fc.record({ event: fc.constantFrom(...notifierEvents), start: pfn, nrPages: frames(0) }), { maxLength: 3 }),
  },
  { requiredKeys: ["result"] },
);

const evidence: fc.Arbitrary<Evidence> = fc.record({ pfn, nrPages: frames(1), where: words, was: words, is: words, owner: words }, { requiredKeys: ["was", "is"] });

export const counterexample: fc.Arbitrary<SavedCounterexample> = fc.array(fc.record({ command, outcome }), { maxLength: 6 }).chain((steps) =>
  fc.record({
    machine,
    profile,
    subject,
    seed: fc.option(fc.integer()),
    run: fc.option(fc.nat()),
    commands: fc.constant(steps.map((step) => step.command)),
    outcomes: fc.constant(steps.map((step) => step.outcome)),
    breaking: fc.constant(steps.length - 1),
    finding: fc.record({ kind: fc.constantFrom("invariant" as const, "law" as const, "clause" as const, "agreement" as const, "self-check" as const, "crash" as const), rule: words, title: words, source: words, evidence: fc.array(evidence, { maxLength: 3 }), because: words, permitted: fc.array(words, { maxLength: 2 }) }),
    signature: words,
    explainedBy: fc.subarray([...switchIds], { maxLength: 3 }),
    reduction: fc.option(fc.record({ fromCommands: fc.nat(), executions: fc.nat(), complete: flag })),
  }),
);
