import { describe, expect, it } from "vitest";
import { linux612, strict, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { Buddy } from "../../src/engine/buddy.ts";
import { createEngine, createEngineWith } from "../../src/engine/engine.ts";
import { Isolation } from "../../src/engine/isolation.ts";
import { MemoryBlocks } from "../../src/engine/memory-blocks.ts";
import { Offline } from "../../src/engine/offline.ts";
import { shippedParts } from "../../src/engine/parts.ts";
import type { EngineParts } from "../../src/engine/parts.ts";
import { Pcp } from "../../src/engine/pcp.ts";
import { Zones } from "../../src/engine/zones.ts";
import { base, toyMachine } from "./toy.ts";

const [tiny] = tinyMachines;
if (tiny === undefined) throw new Error("no tiny machine");

/** Isolated pageblocks are counted by nobody when the memory goes. */
class KeepsIsolateCount extends Offline {
  protected override uncountIsolated(): void {
    // Left as it is.
  }
}

/** Blocks of any type merge with each other. */
class MergesAnything extends Buddy {
  protected override mayMerge(): boolean {
    return true;
  }
}

/** The buddy's pageblocks keep their types. */
class ForgetsToRetype extends Buddy {
  protected override retypeAbsorbed(): void {
    // Left as they are.
  }
}

/** A drained entry goes where it would have gone when it was freed. */
class RemembersType extends Pcp {
  protected override drainType(_section: unknown, _offset: number, listType: number): number {
    return listType;
  }
}

class CountsIsolated extends Buddy {
  protected override countsAsFree(): boolean {
    return true;
  }
}

class ForgetsPoison extends MemoryBlocks {
  protected override forgetPoison(): void {
    // Left as it is.
  }
}

const offline3: readonly Command[] = [{ op: "write-state", block: toBlockId(3), value: "offline" }];
const isolateAndDrain: readonly Command[] = [
  { op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" },
  { op: "alloc", id: 2, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" },
  { op: "free", id: 1, pcp: true },
  { op: "isolate", id: 1, start: toPfn(0x60), nrPages: 4, mode: "contig" },
  { op: "drain", node: 0, zone: "Normal" },
];

describe("an engine with one decision changed", () => {
  const wrong: readonly (readonly [what: string, parts: Partial<EngineParts>, commands: readonly Command[], says: string])[] = [
    ["an isolation count that stays", { Offline: KeepsIsolateCount }, offline3, "isolated pageblocks"],
    ["isolated frames that count as free", { Buddy: CountsIsolated }, [{ op: "isolate", id: 1, start: toPfn(0x60), nrPages: 4, mode: "contig" }], "free frames"],
    ["merging of unlike types", { Buddy: MergesAnything }, [{ op: "isolate", id: 1, start: toPfn(0x60), nrPages: 4, mode: "contig" }], "not isolated"],
    ["a type remembered on a per-CPU list", { Pcp: RemembersType }, isolateAndDrain, "a pageblock of type"],
    ["poison that outlives its memory", { MemoryBlocks: ForgetsPoison }, [{ op: "poison", pfn: toPfn(0x61) }, ...offline3, { op: "remove", start: toPfn(0x60), nrPages: 32 }], "poisoned frames"],
  ];

  it.each(wrong)("is found out by its own self-check: %s", (_what, parts, commands, says) => {
    const engine = createEngineWith({ ...shippedParts, ...parts })(tiny, strict);
    for (const command of commands) engine.apply(command);

    expect(JSON.stringify(engine.selfCheck())).toContain(says);
  });

  it("is found out by one that follows it", () => {
    class TestsNoPoison extends Isolation {
      protected override passesPoisoned(): boolean {
        return false;
      }
    }
    const engine = createEngineWith({ ...shippedParts, Isolation: TestsNoPoison })(tiny, strict);
    const follower = createEngine(tiny, strict);
    const poison: Command = { op: "poison", pfn: toPfn(0x61) };
    const offline: Command = { op: "write-state", block: toBlockId(3), value: "offline" };

    expect(follower.follow(poison, engine.apply(poison)).verdict).toBe("admitted");
    expect(follower.follow(offline, engine.apply(offline))).toMatchObject({ verdict: "breach", clause: "outcome-result", permitted: ["ok"] });
  });

  it("shows in the view where it shows nowhere else", () => {
    class CountsEmptyZones extends Zones {
      protected override countsForNodeSpan(): boolean {
        return true;
      }
    }
    const odd = createEngineWith({ ...shippedParts, Zones: CountsEmptyZones })(tiny, linux612);
    const sound = createEngine(tiny, linux612);
    for (const engine of [odd, sound]) engine.apply({ op: "write-state", block: toBlockId(3), value: "offline" });

    expect(sound.view().nodes?.[0]?.start).toBe(0x22);
    expect(odd.view().nodes?.[0]?.start).toBe(0);
  });

  // |  page  | kernel block, claimed |   freed one after the other: the second takes the type of the first over
  it("is found by the types of what has merged", () => {
    const kernel: Command = { op: "alloc", id: 2, kind: "kernel", order: 2, node: 0, thisNode: false, zone: "normal" };
    const check = (parts: EngineParts): string => {
      const engine = createEngineWith(parts)(toyMachine(), strict);
      engine.apply({ op: "alloc", id: 1, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });
      engine.follow(kernel, { result: "ok", grant: { pfn: toPfn(base + 4), order: 2, retyped: [toPfn(base + 4)] } });
      engine.apply({ op: "free", id: 2, pcp: false });
      engine.apply({ op: "free", id: 1, pcp: false });
      return JSON.stringify(engine.selfCheck());
    };

    expect(check(shippedParts)).toBe("[]");
    expect(check({ ...shippedParts, Buddy: ForgetsToRetype })).toContain("a pageblock of type");
  });
});
