import { describe, expect, it } from "vitest";
import { strict, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, Outcome, TaskCommand } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { EngineSubject } from "../../src/engine/engine.ts";
import { Walk, randomFrom } from "./walk.ts";
import { worlds } from "./worlds.ts";

/** Starts a command and steps it to its end, with nobody else in between; what would repeat for ever gets a signal. */
function stepped(engine: EngineSubject, command: TaskCommand): readonly Outcome[] {
  const outcomes = [engine.apply({ op: "start", task: 7, command })];
  while (outcomes.at(-1)?.result === "running" && outcomes.length < 100) outcomes.push(engine.apply({ op: "step", task: 7 }));
  if (outcomes.at(-1)?.result === "running") outcomes.push(engine.apply({ op: "signal", task: 7 }));
  return outcomes;
}

function isTaskVerb({ op }: Command): boolean {
  return op === "start" || op === "step" || op === "signal";
}

describe("a task with nobody in between", () => {
  it.each(worlds)("comes to what the command comes to, on $name", ({ machine, profile }) => {
    let nrCompared = 0;
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const whole = createEngine(machine, profile);
      const pieces = createEngine(machine, profile);
      const path = new Walk(machine, randomFrom(seed));
      for (let n = 0; n < 200; n++) {
        const command = path.next(whole.view());
        if (isTaskVerb(command)) continue;
        const outcome = whole.apply(command);
        if (command.op !== "write-state" && command.op !== "alloc-contig") {
          expect(pieces.apply(command)).toEqual(outcome);
          continue;
        }
        const steps = stepped(pieces, command);
        expect(steps.at(-1)?.errno).toBe(outcome.errno);
        expect(steps.flatMap(({ events }) => events ?? [])).toEqual(outcome.events ?? []);
        expect(steps.flatMap(({ moved }) => moved ?? [])).toEqual(outcome.moved ?? []);
        expect(steps.flatMap(({ dropped }) => dropped ?? [])).toEqual(outcome.dropped ?? []);
        expect(JSON.stringify(pieces.view())).toBe(JSON.stringify(whole.view()));
        nrCompared++;
      }
    }
    expect(nrCompared).toBeGreaterThan(100);
  });
});

describe("an offline that is half done", () => {
  it("holds the hotplug lock and the per-CPU lists of its zone, until a signal", () => {
    const tiny = tinyMachines[0];
    if (tiny === undefined) throw new Error("no tiny machine");
    const engine = createEngine(tiny, strict);

    expect(engine.apply({ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "offline" } }).result).toBe("running");

    expect(engine.view().blocks?.find(({ block }) => block === 3)?.state).toBe("going-offline");
    expect(engine.view().tasks).toEqual([{ task: 1, op: "offline", phase: "isolated", range: { start: 0x60, nrPages: 32 } }]);
    expect(engine.apply({ op: "add", start: toPfn(0x80), nrPages: 32, node: 0, memmapOnMemory: false, group: null }).result).toBe("skipped");
    expect(engine.apply({ op: "pcp-disable", node: 0, zone: "Normal" }).result).toBe("skipped");
    expect(engine.apply({ op: "signal", task: 1 })).toMatchObject({ result: "running", events: [{ event: "GOING_OFFLINE" }] });
    expect(engine.apply({ op: "signal", task: 1 })).toMatchObject({ result: "refused", errno: "EINTR", events: [{ event: "CANCEL_OFFLINE" }] });
    expect(engine.view().tasks).toEqual([]);
    expect(engine.view().blocks?.find(({ block }) => block === 3)?.state).toBe("online");
  });

  it("hands out nothing of what it has isolated, and takes what is freed there", () => {
    const tiny = tinyMachines[0];
    if (tiny === undefined) throw new Error("no tiny machine");
    const engine = createEngine(tiny, strict);
    const alloc = (id: number): Outcome => engine.apply({ op: "alloc", id, kind: "kernel", order: 0, node: 0, thisNode: false, zone: "normal" });
    engine.follow({ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(0x61), order: 0 } });
    engine.apply({ op: "start", task: 1, command: { op: "write-state", block: toBlockId(3), value: "offline" } });

    engine.apply({ op: "free", id: 1, pcp: true });

    expect(engine.view().pcp).toEqual([]);
    for (let id = 2; id < 60; id++) {
      const { grant } = alloc(id);
      if (grant !== undefined) expect(grant.pfn).toBeLessThan(0x60);
    }
    engine.apply({ op: "step", task: 1 });
    expect(engine.apply({ op: "step", task: 1 }).result).toBe("ok");
  });
});
