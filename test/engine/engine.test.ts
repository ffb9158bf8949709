import { array, assert, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { linux612, namedMachines, pfnRange, strict, toBlockId, toPfn } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { wildCommand } from "./wild.ts";
import { walk, worlds } from "./worlds.ts";

describe.each(worlds)("the engine on $name", (world) => {
  it("stores alike what it stores twice, after every command", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      walk(world, seed, 200, ({ command, selfCheck }) => {
        expect(selfCheck, JSON.stringify(command)).toEqual([]);
      });
    }
  });

  it("never throws, whatever the numbers", () => {
    assert(
      property(array(wildCommand, { maxLength: 60, size: "max" }), (commands) => {
        const engine = createEngine(world.machine, world.profile);
        for (const command of commands) engine.apply(command);
        expect(engine.selfCheck()).toEqual([]);
      }),
      { numRuns: 100, seed: 1 },
    );
  });
});

describe("a machine of 16 TiB", () => {
  it("costs what is touched of it", () => {
    const x8664 = namedMachines.find(({ name }) => name === "x86-64");
    if (x8664 === undefined) throw new Error("no machine x86-64");
    const large: MachineDescription = { ...x8664, bootMemmap: null, reserved: [], nodes: [{ memory: [pfnRange(toPfn(0x100000), 2 ** 32)], movableStart: null, cpus: true }], hotplugEnd: toPfn(2 ** 34) };
    const start = performance.now();

    const engine = createEngine(large, linux612);

    // It is 131072 sections; were it frames, this would not end.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(engine.apply({ op: "alloc", id: 1, kind: "kernel", order: 10, node: 0, thisNode: false, zone: "normal" }).grant?.pfn).toBe(0x100000);
    expect(engine.apply({ op: "write-state", block: toBlockId(131_071), value: "offline" }).result).toBe("ok");
    expect(engine.apply({ op: "write-state", block: toBlockId(131_071), value: "online_movable" }).result).toBe("ok");
  });
});

describe("a description that is no machine", () => {
  it("is refused in words", () => {
    const x8664 = namedMachines.find(({ name }) => name === "x86-64");
    if (x8664 === undefined) throw new Error("no machine x86-64");

    expect(() => createEngine({ ...x8664, nodes: [] }, strict)).toThrow("nodes: expected 1 to 16, got 0");
  });
});
