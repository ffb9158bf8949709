/** When rules and clauses say something: never less often than they can be broken, and not always. */
import { describe, expect, it } from "vitest";
import { clauses, createReference, strict, switchIds } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome, View } from "../../models/index.ts";
import { checkView, createCoverage, createWalker, goals, invariants, laws, marks, pseudoRandom } from "../../properties/index.ts";
import type { Draw, StepRecord } from "../../properties/index.ts";
import { asks } from "../../properties/vacuity/clauses.ts";
import { occasions, speaksOfStep } from "../../properties/vacuity/occasions.ts";
import { speaksOfView, thingWords, things } from "../../properties/vacuity/things.ts";
import { badSteps } from "./bad-steps.ts";
import { badViews } from "./bad-views.ts";
import { moreBadViews } from "./more-bad-views.ts";
import { smallView } from "./small-views.ts";
import { editable, lastStep } from "./step-edits.ts";
import { machineNamed } from "./vacuity-machines.ts";

/** Steps of some walks, each with what was before and after. */
function walked(machine: MachineDescription, seed: number, length: number): readonly StepRecord[] {
  const subject = createReference(machine, strict);
  const walker = createWalker(pseudoRandom(seed), machine);
  const steps: StepRecord[] = [];
  let before = subject.view();
  while (steps.length < length) {
    const command = walker.next(before);
    const outcome = subject.apply(command);
    const after = subject.view();
    steps.push({ before, command, outcome, after });
    before = after;
  }
  return steps;
}

const steps: readonly StepRecord[] = [1, 2, 3, 4].flatMap((seed) => walked(machineNamed("tiny"), seed, 60));

const views: readonly View[] = [
  smallView(),
  ...[...Object.values(badViews), ...moreBadViews].map(({ from = smallView, edit }) => {
    const view = from();
    edit(view);
    return view;
  }),
  ...steps.filter((_, index) => index % 8 === 0).map(({ after }) => after),
];

/** For each law the smallest step that breaks it. */
const edited: readonly { readonly of: string; readonly step: StepRecord }[] = Object.entries(badSteps).map(([of, { machine = "hole and CMA", profile = "strict", commands, edit }]) => {
  const step = editable(lastStep(machine, profile, commands));
  edit(step);
  return { of, step: { ...step, command: step.command as Command } };
});

/** Changes one number, flag, word or entry somewhere in plain data, in place. */
function disturb(draw: Draw, value: object): void {
  const key = draw.pick(Object.keys(value));
  const holder = value as Record<string, unknown>;
  const entry = holder[key];
  if (typeof entry === "number") holder[key] = Math.max(0, entry + draw.pick([-1, 1, 4, -4, 16]));
  else if (typeof entry === "boolean") holder[key] = !entry;
  else if (typeof entry === "string") holder[key] = draw.pick(["Isolate", "CMA", "Movable", "offline", "online", "going-offline", "0", "1", "b", "k", "s", "-", "boot", "none"]);
  else if (entry === null) holder[key] = draw.below(4);
  else if (ArrayBuffer.isView(entry)) (entry as Uint8Array)[draw.below(Math.max(1, (entry as Uint8Array).length))] = draw.below(17);
  else if (Array.isArray(entry) && (entry.length === 0 || draw.chance(1, 4))) entry.pop();
  else if (Array.isArray(entry) && draw.chance(1, 6)) entry.push(structuredClone(draw.pick(entry)));
  else if (typeof entry === "object" && Object.keys(entry).length > 0) disturb(draw, entry);
}

function disturbed<T extends object>(draw: Draw, value: T): T {
  const copy = structuredClone(value);
  disturb(draw, copy);
  return copy;
}

describe("an invariant", () => {
  it("says something of every view that breaks it", () => {
    const silent = views.flatMap((view) => checkView(view).broken.filter(({ invariant }) => !speaksOfView(invariant, view)).map(({ invariant }) => `${invariant.id}: ${thingWords(invariant)}`));

    expect([...new Set(silent)]).toEqual([]);
  });

  it("says something of whatever breaks it", () => {
    const draw = pseudoRandom(1);
    const [broken, silent] = [new Set<string>(), new Set<string>()];
    for (let trial = 0; trial < 700; trial++) {
      const { geometry, ...facts } = draw.pick(views);
      const bad: View = { geometry, ...disturbed(draw, facts) };
      for (const { invariant } of judge(() => checkView(bad).broken)) {
        broken.add(invariant.id);
        // A list that names a frame beyond all memory breaks HP-59 too.
        if (!speaksOfView(invariant, bad) && invariant.id !== "HP-59") silent.add(`${invariant.id}: ${thingWords(invariant)}`);
      }
    }

    expect([...silent]).toEqual([]);
    expect(broken.size).toBeGreaterThan(70);
  });

  it("stands in the table once, where it may have nothing to say", () => {
    const listed = things.flatMap((thing) => thing.invariants);

    expect(listed).toEqual([...new Set(listed)]);
    expect(listed.filter((id) => !invariants.some((invariant) => invariant.id === id))).toEqual([]);
  });

  it.each(things)("says nothing where there is not $what, and something where there is", ({ there }) => {
    const all = [{ geometry: smallView().geometry }, ...views, ...steps.map(({ after }) => after), ...edited.map(({ step }) => step.after)];

    expect([...new Set(all.map(there))].toSorted()).toEqual([false, true]);
  });
});

/** A view that was disturbed may be no view at all any more: a rule that throws on it says nothing of it either way. */
function judge<T>(find: () => readonly T[]): readonly T[] {
  try {
    return find();
  } catch {
    return [];
  }
}

describe("a law", () => {
  it.each(laws)("$id says something of the smallest step that breaks it", (law) => {
    const bad = edited.filter(({ of }) => of === law.id);

    expect(bad.map(({ step }) => speaksOfStep(law, step))).toEqual([true]);
  });

  it("stands in the table once, where it may have nothing to say", () => {
    const listed = occasions.flatMap((occasion) => occasion.laws);

    expect(listed).toEqual([...new Set(listed)]);
    expect(listed.filter((id) => !laws.some((law) => law.id === id))).toEqual([]);
  });

  it.each(occasions)("says nothing where it was not so that $when, and something where it was", ({ is }) => {
    expect([...new Set([...steps, ...edited.map(({ step }) => step)].map((step) => is(step)))].toSorted()).toEqual([false, true]);
  });
});

/** What somebody might answer instead. */
function answers(draw: Draw, { result, ...rest }: Outcome): Outcome {
  if (draw.chance(1, 6)) return { ...rest, result: draw.pick(["ok", "refused", "running", "skipped"]) };
  return Object.keys(rest).length === 0 ? { result } : { result, ...disturbed(draw, rest) };
}

describe("a clause", () => {
  it("is in the table, each", () => {
    expect(Object.keys(asks)).toEqual(Object.keys(clauses));
  });

  it("has something to judge in every step that breaks it", () => {
    const draw = pseudoRandom(1);
    const [broken, silent] = [new Set<string>(), new Set<string>()];
    for (let seed = 1; seed <= 6; seed++) {
      const machine = machineNamed(seed % 2 === 0 ? "tiny" : "tiny-wide");
      const right = walked(machine, seed, 40);
      const wrong = right.map(({ outcome }) => answers(draw, outcome));
      for (const [index, { before, command, outcome, after }] of right.entries()) {
        const lied = createReference(machine, strict);
        for (const earlier of right.slice(0, index)) lied.follow(earlier.command, earlier.outcome);
        const instead = wrong[index] ?? outcome;
        const verdict = judgeVerdict(() => lied.follow(command, instead));
        if (verdict !== null) {
          broken.add(verdict);
          // An outcome that tells too few choices is judged as if it were a refusal.
          if (verdict === "refusal-needless" && instead.result === "ok") continue;
          if (asks[verdict]?.({ before, command, outcome: instead, after }) !== true) silent.add(`${verdict}: ${JSON.stringify([command, outcome, instead])}`);
        }
      }
    }

    expect([...silent]).toEqual([]);
    expect(broken.size).toBeGreaterThan(8);
  });
});

function judgeVerdict(follow: () => ReturnType<ReturnType<typeof createReference>["follow"]>): string | null {
  const verdict = follow();
  return verdict.verdict === "breach" ? verdict.clause : null;
}

describe("marks", () => {
  it("are the goals, the clauses, the rules and the switches, each once", () => {
    const names = marks.map(({ kind, id }) => `${kind} ${id}`);

    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual([...goals.map(({ id }) => `goal ${id}`), ...Object.keys(clauses).map((id) => `clause ${id}`), ...[...invariants, ...laws].map(({ id }) => `rule ${id}`), ...switchIds.map((id) => `switch ${id}`)]);
  });

  it("are counted up to what is enough, and told when they are new", () => {
    const coverage = createCoverage(2);
    const [step] = steps;
    if (step === undefined) throw new Error("no step");

    const news = [1, 2, 3].map(() => coverage.see(step, {}).length);

    expect(news[0]).toBeGreaterThan(50);
    expect(news.slice(1)).toEqual([0, 0]);
    expect(new Set(marks.map((mark) => coverage.count(mark)))).toEqual(new Set([0, 2]));
  });

  it("are not reached by a rule that a switch has silenced, nor by one that lacks a fact", () => {
    const mark = marks.find(({ kind, id }) => kind === "rule" && id === "PG-15");
    const [step] = steps;
    if (step === undefined || mark === undefined) throw new Error("no step");
    const { pageblocks: _, ...blind } = step.after;

    expect([mark.reached(step, {}), mark.reached(step, { "KD-1": 1 }), mark.reached({ ...step, after: blind }, {})]).toEqual([true, false, false]);
  });
});
