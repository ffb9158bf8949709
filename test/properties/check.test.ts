import { describe, expect, it } from "vitest";
import { createReference, linux612, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, View } from "../../models/index.ts";
import { checkStep, checkView, invariants, laws } from "../../properties/index.ts";
import type { StepRecord } from "../../properties/index.ts";
import { without } from "./partial-views.ts";
import { edit, geometry, given, goingOffline, normal, smallView } from "./small-views.ts";
import type { Editable } from "./small-views.ts";
import { testMachine, testMachines } from "./test-machines.ts";

describe("checkView", () => {
  it("judges no rule of a view that shows nothing, and says so of each", () => {
    const { broken, notCheckable } = checkView({ geometry });

    expect(broken).toEqual([]);
    expect(notCheckable.map(({ invariant }) => invariant)).toEqual(invariants);
    expect(notCheckable.find(({ invariant }) => invariant.id === "PG-10")?.missing).toEqual(["zones.nrFree", "freeBlocks"]);
  });

  it("takes a switch that was not used for nothing", () => {
    const view = smallView();
    edit(view.zones, normal, { nrFree: 0 });

    expect(checkView(view, { "KD-1": 0, "KD-2": 3 }).broken.map(({ invariant }) => invariant.id)).toEqual(["FC-15", "PG-10", "PG-24"]);
    expect(checkView(view, { "KD-1": 1 }).broken).toEqual([]);
  });
});

function step(command: Command, outcome: StepRecord["outcome"] = { result: "ok" }, after: View = smallView()): StepRecord {
  return { before: smallView(), command, outcome, after };
}

/** The laws that are asked about a step, told by views that show nothing else. */
function asked(one: StepRecord): readonly string[] {
  const before: View = { geometry, ...(one.before.tasks === undefined ? {} : { tasks: one.before.tasks }) };
  return checkStep({ ...one, before, after: { geometry } }).notCheckable.map(({ law }) => law.id);
}

function add(start: number, memmapOnMemory: boolean): Command {
  return { op: "add", start: toPfn(start), nrPages: 32, node: 0, memmapOnMemory, group: null };
}

function state(block: number, value: "online" | "online_kernel" | "online_movable" | "offline"): Command {
  return { op: "write-state", block: toBlockId(block), value };
}

describe("checkStep", () => {
  const hold: Command = { op: "hold", id: 1 };

  it("asks only the laws that speak of the command", () => {
    const { broken, notCheckable, silenced } = checkStep({ before: { geometry }, command: hold, outcome: { result: "ok" }, after: { geometry } });

    expect([...broken, ...silenced]).toEqual([]);
    expect(notCheckable.map(({ law }) => law.ops).filter((ops) => ops.length > 0 && !ops.includes("hold"))).toEqual([]);
    expect(notCheckable.length).toBeGreaterThan(0);
    expect(notCheckable.length).toBeLessThan(laws.length);
  });

  it("asks the laws of a task's command about its start, steps and signals", () => {
    const offline: Command = { op: "write-state", block: toBlockId(2), value: "offline" };
    const contig: Command = { op: "alloc-contig", id: 1, start: toPfn(0x54), nrPages: 4, compound: false, gfp: "kernel" };

    expect(asked(step({ op: "start", task: 1, command: offline }, { result: "running" }))).toContain("FC-66");
    expect(asked(step({ op: "start", task: 1, command: contig }, { result: "running" }))).toContain("PG-38");
    expect(asked({ ...step({ op: "step", task: 1 }), before: goingOffline() })).toContain("FC-66");
    expect(asked({ ...step({ op: "signal", task: 1 }), before: goingOffline() })).toContain("FC-66");
    expect(asked({ ...step({ op: "step", task: 1 }), before: goingOffline() })).not.toContain("PG-38");
    expect(asked(step({ op: "step", task: 1 }))).not.toContain("FC-66");
  });

  it("can judge no law of a step where tasks are unknown, so that nobody knows what it carries on", () => {
    const { broken, notCheckable, silenced } = checkStep({ ...step({ op: "step", task: 1 }), before: without(smallView(), "tasks") });

    expect([...broken, ...silenced]).toEqual([]);
    expect(notCheckable).toEqual(laws.map((law) => ({ law, missing: ["tasks"] })));
  });

  it("needs the facts of both views", () => {
    const { notCheckable } = checkStep(step({ op: "drain", node: 0, zone: "Normal" }, { result: "ok" }, { geometry }));

    expect(notCheckable.find(({ law }) => law.id === "PG-54")?.missing).toEqual(["zones", "pcp"]);
  });
});

describe("the rules", () => {
  it.each(testMachines.flatMap((machine) => [strict, linux612].map((profile) => [machine.name, profile.name, machine, profile] as const)))("hold through the life of blocks on %s under %s", (_machine, _profile, machine, profile) => {
    const subject = createReference(machine, profile);
    const first = Math.floor(machine.hotplugEnd / 32) - 2;
    const commands: readonly Command[] = [
      add(first * 32, true), add((first + 1) * 32, false), state(first, "online_movable"), state(first + 1, "online"),
      { op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" },
      { op: "isolate", id: 1, start: toPfn(first * 32 + 16), nrPages: 8, mode: "offline" }, state(first, "offline"), { op: "unisolate", id: 1, start: toPfn(first * 32 + 16), nrPages: 8 },
      { op: "start", task: 1, command: { op: "write-state", block: toBlockId(first), value: "offline" } }, { op: "step", task: 1 }, { op: "step", task: 1 }, { op: "step", task: 1 }, { op: "step", task: 1 },
      { op: "offline-and-remove", start: toPfn(first * 32), nrPages: 64 }, { op: "free", id: 1, pcp: true },
    ];
    let before = subject.view();

    expect(checkView(before)).toEqual({ broken: [], notCheckable: [], silenced: [] });
    for (const command of commands) {
      const outcome = subject.apply(command);
      const after = subject.view();

      expect(checkView(after, subject.permissionsUsed()).broken).toEqual([]);
      expect(checkStep({ before, command, outcome, after }, subject.permissionsUsed()).broken).toEqual([]);
      before = after;
    }
  });
});

/** A machine after the commands. */
function viewAfter(machine: MachineDescription, commands: readonly Command[]): Editable<View> {
  const subject = createReference(machine, strict);
  for (const command of commands) subject.apply(command);
  return structuredClone(subject.view()) as Editable<View>;
}

describe("where Linux looks at one frame of a subsection", () => {
  // Zone Normal begins inside a subsection that ends in it. Once a block below has come and gone, its span begins
  // at the next subsection.
  //
  //   0x60          0x64          0x68
  //   |   DMA32     |   Normal    |   Normal
  //   |<------- subsection ------>|<- the span from here on
  const commands = [add(0, false), state(0, "online_kernel"), state(0, "offline")];

  it("a zone need not span the rest of a subsection that it shares", () => {
    const view = viewAfter(testMachine("zone border in a pageblock"), commands);

    expect(given(view.zones)[normal]?.start).toBe(0x68);
    expect(checkView(view).broken).toEqual([]);
  });

  it("a zone has to span all others", () => {
    const view = viewAfter(testMachine("zone border in a pageblock"), commands);
    edit(view.zones, normal, { start: toPfn(0x70), spanned: 0x30 });

    expect(checkView(view).broken.map(({ invariant }) => invariant.id)).toContain("HP-34");
  });
});
