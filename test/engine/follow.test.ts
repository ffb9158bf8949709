import { describe, expect, it } from "vitest";
import { clauses, toPfn } from "../../models/index.ts";
import type { Command, Grant, Outcome } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createOtherEngine } from "./other-choices.ts";
import { Walk, randomFrom } from "./walk.ts";
import { walk, worlds } from "./worlds.ts";
import type { World } from "./worlds.ts";

// Each tampering makes something that no rule permits out of what was done.
const far = toPfn(2 ** 39);
const nowhere: Grant = { pfn: far, order: 0 };
const tamperings: Readonly<Record<string, (outcome: Outcome) => Outcome | undefined>> = {
  "another result": (outcome) => (outcome.result === "ok" ? { ...outcome, result: "bug" } : { ...outcome, result: "ok" }),
  "another errno": (outcome) => (outcome.errno === undefined ? undefined : { ...outcome, errno: outcome.errno === "EFAULT" ? "EIO" : "EFAULT" }),
  "frames from nowhere": ({ grant, ...outcome }) => (grant === undefined ? undefined : { ...outcome, grant: { ...grant, pfn: far } }),
  "a block of another order": ({ grant, ...outcome }) => (grant === undefined ? undefined : { ...outcome, grant: { ...grant, order: grant.order + 1 } }),
  "a retyped pageblock too many": ({ grant, ...outcome }) => (grant === undefined ? undefined : { ...outcome, grant: { ...grant, retyped: [...(grant.retyped ?? []), far] } }),
  "a grant that nobody asked for": (outcome) => (outcome.grant === undefined ? { ...outcome, grant: nowhere } : undefined),
  "no grant": ({ grant, ...outcome }) => (grant === undefined ? undefined : outcome),
  "an event less": ({ events, ...outcome }) => (events === undefined ? undefined : { ...outcome, events: events.slice(1) }),
  "an event of another range": ({ events, ...outcome }) => (events === undefined ? undefined : { ...outcome, events: events.map((event) => ({ ...event, nrPages: event.nrPages + 1 })) }),
  "a page moved twice": ({ moved, ...outcome }) => (moved === undefined ? undefined : { ...outcome, moved: [...moved, ...moved.slice(0, 1)] }),
  "a page moved to nowhere": ({ moved, ...outcome }) => (moved === undefined ? undefined : { ...outcome, moved: moved.map((move) => ({ ...move, to: { ...move.to, pfn: far } })) }),
  "a page moved from elsewhere": ({ moved, ...outcome }) => (moved === undefined ? undefined : { ...outcome, moved: moved.map((move) => ({ ...move, from: toPfn(move.from + 1) })) }),
  "a page left behind": (outcome) => (outcome.moved === undefined || outcome.result !== "ok" ? undefined : { ...outcome, moved: outcome.moved.slice(1) }),
  "a page dropped that is none": ({ dropped, ...outcome }) => (dropped === undefined ? undefined : { ...outcome, dropped: [...dropped, 9999] }),
  "an attempt less": ({ attempts, ...outcome }) => (attempts === undefined ? undefined : { ...outcome, attempts: attempts.slice(0, -1) }),
  "an attempt elsewhere": ({ attempts, ...outcome }) => (attempts === undefined ? undefined : { ...outcome, attempts: attempts.map((attempt) => ({ ...attempt, start: far })) }),
  "another first frame": ({ start, ...outcome }) => (start === undefined ? undefined : { ...outcome, start: toPfn(start + 1) }),
  "a memmap frame less": ({ memmap, ...outcome }) => (memmap === undefined ? undefined : { ...outcome, memmap: memmap.slice(1) }),
  "a memmap frame too many": ({ memmap, ...outcome }) => (memmap === undefined ? undefined : { ...outcome, memmap: [...memmap, ...memmap] }),
  "a memmap from nowhere": ({ memmap, ...outcome }) => (memmap === undefined ? undefined : { ...outcome, memmap: memmap.map((grant) => ({ ...grant, pfn: far })) }),
};

/** A walk and what came of it. */
function recorded({ machine, profile }: World, seed: number, length: number): readonly (readonly [Command, Outcome])[] {
  const engine = createEngine(machine, profile);
  const path = new Walk(machine, randomFrom(seed));
  return Array.from({ length }, () => {
    const command = path.next(engine.view());
    return [command, engine.apply(command)] as const;
  });
}

describe.each(worlds)("following on $name", (world) => {
  const { machine, profile } = world;

  it("admits what another engine did, and is then in the same state", () => {
    for (const seed of [101, 102, 103]) {
      const follower = createEngine(machine, profile);
      walk(world, seed, 150, ({ command, outcome, view }) => {
        expect(follower.follow(command, outcome)).toEqual({ verdict: "admitted" });
        expect(JSON.stringify(follower.view())).toBe(JSON.stringify(view));
      });
    }
  });

  it("admits every choice that is permitted, and comes to the same state", () => {
    for (const seed of [201, 202, 203]) {
      const other = createOtherEngine(machine, profile);
      const follower = createEngine(machine, profile);
      const path = new Walk(machine, randomFrom(seed));
      for (let n = 0; n < 150; n++) {
        const command = path.next(other.view());
        const outcome = other.apply(command);
        expect(follower.follow(command, outcome), JSON.stringify([command, outcome])).toEqual({ verdict: "admitted" });
        expect(other.selfCheck()).toEqual([]);
        expect(JSON.stringify(follower.view())).toBe(JSON.stringify(other.view()));
      }
    }
  });

  it("calls every tampered outcome a breach, of a clause that there is", () => {
    const told = recorded(world, 301, 120);
    const used = new Set<string>();
    for (const [n, [command, outcome]] of told.entries()) {
      for (const [name, tamper] of Object.entries(tamperings)) {
        const tampered = tamper(outcome);
        if (tampered === undefined || (used.has(name) && n % 7 !== 0)) continue;
        const follower = createEngine(machine, profile);
        for (const [before] of told.slice(0, n)) follower.apply(before);
        const verdict = follower.follow(command, tampered);
        expect(verdict, `${name}: ${JSON.stringify([command, tampered])}`).toMatchObject({ verdict: "breach" });
        if (verdict.verdict !== "breach") continue;
        expect(Object.keys(clauses)).toContain(verdict.clause);
        expect(verdict.because).toContain("because");
        expect(verdict.permitted.length).toBeGreaterThan(0);
        used.add(name);
      }
    }
    expect(used.size).toBeGreaterThan(8);
  });
});
