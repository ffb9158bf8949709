/**
 * How fast the engine is: boot of large machines, allocate and free, mixed commands, following. Prints figures and ratios
 * of one run; run it with `node dist/test/bench/engine.js`.
 */
import { linux612, namedMachines, pfnRange, strict, tinyMachines, toBlockId, toPfn } from "../../models/index.ts";
import type { Command, MachineDescription, Outcome } from "../../models/index.ts";
import { createEngine } from "../../src/engine/engine.ts";
import type { EngineSubject } from "../../src/engine/engine.ts";
import { Walk, randomFrom } from "../engine/walk.ts";

function now(): number {
  return performance.now();
}

function print(name: string, figure: string): void {
  process.stdout.write(`${name.padEnd(64)} ${figure}\n`);
}

/** Nanoseconds a call, the best of some rounds. */
function measure(rounds: number, calls: number, run: (n: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const start = now();
    run(calls);
    best = Math.min(best, ((now() - start) * 1e6) / calls);
  }
  return best;
}

/** A PC with that many GiB above 4 GiB. */
function pc(gib: number): MachineDescription {
  const x8664 = namedMachines.find(({ name }) => name === "x86-64");
  if (x8664 === undefined) throw new Error("no machine x86-64");
  const frames = gib * 262_144;
  return { ...x8664, name: `${gib} GiB`, bootMemmap: null, nodes: [{ memory: [pfnRange(toPfn(0x100), 0x8_0000 - 0x100), pfnRange(toPfn(0x10_0000), frames)], movableStart: null, cpus: true }], hotplugEnd: toPfn(0x10_0000 + frames * 2) };
}

const alloc = (id: number, order = 0): Command => ({ op: "alloc", id, kind: order === 0 ? "user" : "folio", order, node: 0, thisNode: false, zone: "normal" });

function benchBoot(gib: number): EngineSubject {
  const machine = pc(gib);
  const before = process.memoryUsage();
  let engine = createEngine(machine, strict);
  const after = process.memoryUsage();
  const times = Array.from({ length: 7 }, () => {
    const start = now();
    engine = createEngine(machine, strict);
    return now() - start;
  }).toSorted((a, b) => a - b);
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  print(`boot ${gib} GiB`, `${(times[3] ?? 0).toFixed(2)} ms, ${(bytes / 1e6).toFixed(1)} MB`);
  return engine;
}

function benchPair(name: string, engine: EngineSubject, order: number): number {
  const take = alloc(1_000_000, order);
  const give: Command = { op: "free", id: 1_000_000, pcp: false };
  const ns = measure(5, 200_000, (n) => {
    for (let i = 0; i < n; i++) {
      engine.apply(take);
      engine.apply(give);
    }
  });
  print(`allocate and free, order ${order}, ${name}`, `${ns.toFixed(0)} ns a pair`);
  return ns;
}

/** Fills much of the machine with single pages, then frees and takes them in random order. */
function benchRandom(name: string, engine: EngineSubject, pages: number): void {
  const random = randomFrom(1);
  const fill = measure(1, pages, (n) => {
    for (let id = 0; id < n; id++) engine.apply(alloc(id));
  });
  const ns = measure(3, 300_000, (n) => {
    for (let i = 0; i < n; i++) {
      const id = Math.floor(random() * pages);
      engine.apply({ op: "free", id, pcp: false });
      engine.apply(alloc(id));
    }
  });
  print(`${pages} pages: fill, ${name}`, `${fill.toFixed(0)} ns a page`);
  print(`${pages} pages: free one at random, allocate, ${name}`, `${ns.toFixed(0)} ns a pair`);
}

function benchBlock(name: string, engine: EngineSubject, block: number): void {
  const ns = measure(3, 100, (n) => {
    for (let i = 0; i < n; i++) {
      engine.apply({ op: "write-state", block: toBlockId(block), value: "offline" });
      engine.apply({ op: "write-state", block: toBlockId(block), value: "online" });
    }
  });
  print(`offline and online of a free block, ${name}`, `${(ns / 1000).toFixed(0)} us a pair`);
}

/** Walks of mixed commands, recorded once, then applied, followed and looked at again. */
function benchMixed(): void {
  for (const machine of tinyMachines) {
    const walks = Array.from({ length: 20 }, (_, seed) => {
      const engine = createEngine(machine, linux612);
      const walk = new Walk(machine, randomFrom(seed));
      return Array.from({ length: 300 }, (): readonly [Command, Outcome] => {
        const command = walk.next(engine.view());
        return [command, engine.apply(command)];
      });
    });
    const run = (each: (engine: EngineSubject, command: Command, outcome: Outcome) => void): number =>
      measure(5, walks.length * 300, () => {
        for (const walk of walks) {
          const engine = createEngine(machine, linux612);
          for (const [command, outcome] of walk) each(engine, command, outcome);
        }
      });
    const apply = run((engine, command) => engine.apply(command));
    const follow = run((engine, command, outcome) => engine.follow(command, outcome));
    const view = run((engine, command) => {
      engine.apply(command);
      engine.view();
    });
    print(`mixed commands, ${machine.name}: apply, follow, apply with view`, `${[apply, follow, view].map((ns) => `${(ns / 1000).toFixed(1)} us`).join(", ")}`);
  }
}

const small = benchBoot(1);
benchBoot(64);
const large = benchBoot(1024);
benchBoot(16_384);
const pairs = [benchPair("1 GiB", small, 0), benchPair("1 TiB", large, 0)];
print("1 TiB to 1 GiB", ((pairs[1] ?? 0) / (pairs[0] ?? 1)).toFixed(2));
benchPair("1 GiB", small, 9);
benchRandom("1 GiB", small, 200_000);
benchRandom("1 TiB", large, 200_000);
benchPair("1 GiB, fragmented", small, 0);
benchBlock("1 GiB", createEngine(pc(1), strict), 36);
benchBlock("1 TiB", large, 4000);
benchMixed();
