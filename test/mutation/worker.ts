/**
 * A process with the mutated tree: measures what the checks reach, then is asked about mutants one at a time.
 *
 * A check either is a unit of tests (suite.ts) or a recorded run (recorded.ts). Those that reach the place of a mutant are
 * asked, the quick ones first, up to the first that notices.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { mutantSwitch } from "./switch.ts";
import type { TargetName } from "./targets.ts";
import { targets } from "./targets.ts";
import type { Plan, PlannedUnit, Request, Reply } from "./plan.ts";

const [tree = "", targetName = "engine", planFile = ""] = process.argv.slice(2);
const target = targets[targetName as TargetName];
/** A mutant reached more often than this in one check goes round for ever. */
const hitLimit = 20_000_000;
/** Places that the tests asked about one mutant may pass together, the cheapest first: before recorded runs are asked, and behind them. */
const cheap = 5_000_000;
const dear = 15_000_000;
/** Recorded runs at most that are run beside the specification because something differs. */
const maxLockstep = 12;
/** Places that a test may pass, in the measurement, to be asked at all: a measure of time that is the same every time. */
const dearest = 40_000_000;

const initial = Number(process.env["MUTANT"] ?? "0");
mutantSwitch.id = initial;
mutantSwitch.limit = hitLimit;

/** Milliseconds of work, not of time, that one check may cost, or loading; the process ends when they are used up. */
const maxWork = 60_000;

/** Watches from beside: a loop without an end leaves no other way. Holds how much had been worked when the check was begun; -1: none is. */
const begun = new Float64Array(new SharedArrayBuffer(8)).fill(-1);
const watch = `
  const { workerData: { begun, maxWork } } = require("node:worker_threads");
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    if (begun[0] >= 0 && (user + system) / 1000 - begun[0] > maxWork) process.kill(process.pid, "SIGKILL");
  }, 500);
`;

function worked(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Loaded {
  readonly suite: typeof import("./suite.ts");
  readonly runs: typeof import("./recorded.ts");
}

async function load(): Promise<Loaded> {
  const runs = await import("./recorded.ts");
  const suite = await import("./suite.ts");
  for (const file of testFiles()) {
    suite.startFile(file);
    await import(pathToFileURL(join(tree, "test", file)).href);
  }
  return { suite, runs };
}

/** Test files of the target, below test/. */
function testFiles(): readonly string[] {
  return target.tests.flatMap((name) => {
    const path = join(tree, "test", name);
    return statSync(path).isDirectory() ? readdirSync(path).filter((file) => file.endsWith(".test.js")).map((file) => join(name, file)) : [name];
  }).toSorted();
}

/** Runs a test; the error, or undefined. Times out by the caller's patience. */
async function run(body: () => unknown): Promise<Error | undefined> {
  try {
    await body();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What a check reaches while `action` runs, by place, and how often. */
async function reaching(nrMutants: number, action: () => Promise<void> | void): Promise<readonly (readonly [place: number, times: number])[]> {
  const reached = new Uint32Array(nrMutants + 1);
  mutantSwitch.reached = reached;
  await action();
  mutantSwitch.reached = null;
  return [...reached.entries()].filter(([, times]) => times > 0);
}

function placesOf(reached: readonly (readonly [place: number, times: number])[]): readonly number[] {
  return reached.map(([place]) => place);
}

async function plan(nrMutants: number, runsEach: number): Promise<Plan> {
  let loaded: Loaded | undefined;
  const atLoad = await reaching(nrMutants, async () => {
    loaded = await load();
  });
  if (loaded === undefined) throw new Error("nothing was loaded");
  const { suite, runs } = loaded;
  const units: PlannedUnit[] = [];
  for (const [index, unit] of suite.units.entries()) {
    const tests: { name: string; index: number; cost: number; reaches: readonly number[] }[] = [];
    let bodies: ReturnType<typeof suite.testsOf> = [];
    let refused: Error | undefined;
    const inBody = await reaching(nrMutants, async () => {
      refused = await run(() => {
        bodies = suite.testsOf(unit);
      });
    });
    if (refused !== undefined) process.stderr.write(`left out: ${unit.file} ${unit.name}: ${refused.message}\n`);
    for (const [at, { name, body }] of bodies.entries()) {
      let error: Error | undefined;
      const reaches = await reaching(nrMutants, async () => {
        error = await run(body);
      });
      const cost = reaches.reduce((sum, [, times]) => sum + times, 0);
      if (error === undefined && cost <= dearest) tests.push({ name, index: at, cost, reaches: placesOf(reaches) });
      else process.stderr.write(`left out: ${unit.file} ${name}: ${error?.message.split("\n")[0] ?? `passes ${cost} places`}\n`);
    }
    units.push({ index, name: `${unit.file} ${unit.name}`, body: placesOf(inBody), tests });
  }
  const scenarios = [];
  for (const walked of runs.walkPinned(runsEach, target.walker)) {
    const recorded = runs.record(walked, target.walker);
    let differs = false;
    const reaches = await reaching(nrMutants, () => {
      differs = runs.differs(recorded, target.walker);
    });
    if (differs) throw new Error(`a recorded run on ${walked.machine.name} does not repeat`);
    scenarios.push({ recorded, reaches });
  }
  return { atLoad: placesOf(atLoad), units, scenarios };
}

interface Check {
  readonly name: string;
  readonly cost: number;
  readonly run: () => Promise<string | undefined>;
}

function costOf(checks: readonly Check[]): number {
  return checks.reduce((total, { cost }) => total + cost, 0);
}

class Judge {
  readonly #suite: Loaded["suite"];
  readonly #runs: Loaded["runs"];
  readonly #plan: Plan;

  constructor({ suite, runs }: Loaded, planned: Plan) {
    this.#suite = suite;
    this.#runs = runs;
    this.#plan = planned;
  }

  /** What noticed, or undefined. */
  async judge(id: number, place: number): Promise<{ readonly by: string | null; readonly reached: boolean; readonly lockstep: number }> {
    const everywhere = this.#plan.atLoad.includes(place);
    const tests = this.#plan.units.flatMap((unit) => this.#testsReaching(unit, place, everywhere)).toSorted((a, b) => a.cost - b.cost);
    const early = tests.filter((_, at) => costOf(tests.slice(0, at + 1)) <= cheap);
    const late = tests.filter((check, at) => !early.includes(check) && costOf(tests.slice(0, at + 1)) <= dear);
    const noticed = await this.#tested(id, early);
    if (noticed !== undefined) return { by: noticed, reached: true, lockstep: 0 };
    const scenarios = this.#plan.scenarios
      .map(({ recorded, reaches }, index) => ({ recorded, index, times: reaches.find(([reached]) => reached === place)?.[1] ?? (everywhere ? 1 : 0) }))
      .filter(({ times }) => times > 0)
      .toSorted((a, b) => b.times - a.times || a.index - b.index)
      .slice(0, target.maxRuns);
    let lockstep = 0;
    for (const { recorded, index } of scenarios) {
      const by = await this.#with(id, async () => {
        if (!this.#runs.differs(recorded, target.walker)) return undefined;
        lockstep++;
        return this.#runs.noticedIn(recorded);
      });
      if (by !== undefined) return { by: `run ${index}: ${by}`, reached: true, lockstep };
      if (lockstep >= maxLockstep) break;
    }
    return { by: (await this.#tested(id, late)) ?? null, reached: tests.length + scenarios.length > 0, lockstep };
  }

  async #tested(id: number, checks: readonly Check[]): Promise<string | undefined> {
    for (const check of checks) {
      const by = await this.#with(id, check.run);
      if (by !== undefined) return `${check.name}: ${by}`;
    }
    return undefined;
  }

  #testsReaching(unit: PlannedUnit, place: number, everywhere: boolean): readonly Check[] {
    const inBody = everywhere || unit.body.includes(place);
    return unit.tests.filter(({ reaches }) => inBody || reaches.includes(place)).map(({ index, name, cost }) => ({
      name,
      cost,
      run: async () => {
        const source = this.#suite.units[unit.index];
        if (source === undefined) return "a unit is missing";
        const test = this.#suite.testsOf(source)[index];
        return test === undefined ? "a test is missing" : (await run(test.body))?.message.split("\n")[0];
      },
    }));
  }

  async #with(id: number, action: () => Promise<string | undefined>): Promise<string | undefined> {
    mutantSwitch.id = id;
    mutantSwitch.hits = 0;
    begun[0] = worked();
    try {
      return await action();
    } catch (error) {
      return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    } finally {
      mutantSwitch.id = initial;
      begun[0] = -1;
    }
  }
}

function reply(message: Reply): void {
  process.send?.(message);
}

let judge: Judge | undefined;

async function answer(request: Request): Promise<void> {
  if (request.ask === "plan") {
    writeFileSync(planFile, JSON.stringify(await plan(request.nrMutants, request.runsEach)));
    reply({ told: "planned" });
    return;
  }
  if (judge === undefined) {
    begun[0] = worked();
    const planned = JSON.parse(readFileSync(planFile, "utf8")) as Plan;
    const loaded = await load().catch((error: unknown) => {
      reply({ told: "judged", id: request.id, by: `loading: ${String(error)}`, reached: true, lockstep: 0 });
    });
    if (loaded === undefined) return;
    judge = new Judge(loaded, planned);
    begun[0] = -1;
  }
  const judged = await judge.judge(request.id, request.place);
  reply({ told: "judged", id: request.id, ...judged });
}

new Worker(watch, { eval: true, workerData: { begun, maxWork } }).unref();
process.on("message", (request: Request) => {
  void answer(request);
});
