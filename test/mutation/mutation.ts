/**
 * Mutants of the sources, each asked of the tests and of recorded runs: `npm run mutation -- [engine|properties|models]`.
 *
 *   --sample N     N of the mutants, the same N every time
 *   --files A,B    mutants of files whose path holds one of these
 *   --jobs N       processes at once (2)
 *   --runs N       recorded runs of each lane (10)
 *   --again FILE   mutants that lived, by the result in FILE
 *   --out FILE     the result as JSON
 *
 * What was judged is kept in dist/mutation, and not asked again while nothing that is built has changed: a run that was
 * stopped goes on where it was. Same sources, same verdicts, but for mutants that are found because they never end.
 */
import { createHash } from "node:crypto";
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { plant } from "./plant.ts";
import type { PlantedMutant } from "./plant.ts";
import type { Judged, Plan, Reply, Request } from "./plan.ts";
import { mutationTable, resultOf } from "./result.ts";
import type { MutationResult, Verdict } from "./result.ts";
import { targets } from "./targets.ts";
import type { Target, TargetName } from "./targets.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const options = {
  sample: { type: "string" },
  files: { type: "string" },
  jobs: { type: "string", default: "2" },
  runs: { type: "string", default: "10" },
  again: { type: "string" },
  out: { type: "string" },
} as const;
const { values, positionals } = understood();
const sample = values.sample === undefined ? Number.POSITIVE_INFINITY : count("--sample", values.sample, 1_000_000);
const jobs = count("--jobs", values.jobs, 64);
const runsEach = count("--runs", values.runs, 10_000);
const target = targetOf(positionals[0] ?? "engine");
/** Milliseconds for one mutant, however busy the machine is; the worker itself gives up after much less work in one check. */
const patience = 7_200_000;
const home = join(root, "dist/mutation");
const tree = join(home, target.name);
const worker = join(tree, "test/mutation/worker.js");

/** What is wrong with the command line, in one line. */
function refused(why: string): never {
  process.stderr.write(`mutation: ${why}\n`);
  process.exit(2);
}

function understood(): ReturnType<typeof parseArgs<{ allowPositionals: true; options: typeof options }>> {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    return refused(error instanceof Error ? error.message : String(error));
  }
}

function count(option: string, text: string, most: number): number {
  const value = Number(text);
  return /^\d+$/u.test(text) && value >= 1 && value <= most ? value : refused(`${option}: expected a whole number from 1 to ${most}, got "${text}"`);
}

function targetOf(name: string): Target {
  if (Object.hasOwn(targets, name)) return targets[name as TargetName];
  return refused(`there is no target "${name}"; there are ${Object.keys(targets).join(", ")}`);
}

/** What of the tool itself does not bear on what the checks reach. */
const onlyAsks: ReadonlySet<string> = new Set(["mutation/mutation.js", "mutation/result.js", "mutation/worker.js"]);

/** Of everything that is built, and how it is measured. */
function stateOfBuild(): string {
  const hash = createHash("sha256").update(JSON.stringify([target, values.runs]));
  for (const room of ["models", "properties", "src", "test"]) {
    const folder = join(root, "dist", room);
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js") && !onlyAsks.has(name)).toSorted()) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest("hex");
}

/** Names the mutant by what it does, so that a sample changes little when something else does. */
function rankOf({ file, line, was, becomes }: PlantedMutant): string {
  return createHash("sha256").update(JSON.stringify([file, line, was, becomes])).digest("hex");
}

/** The same in sources of which other lines have changed. */
function nameOf({ file, was, becomes }: Pick<PlantedMutant, "file" | "was" | "becomes">): string {
  return JSON.stringify([file, was, becomes]);
}

function chosen(mutants: readonly PlantedMutant[]): readonly PlantedMutant[] {
  const parts = values.files?.split(",");
  const lived = values.again === undefined ? undefined : new Set((JSON.parse(readFileSync(values.again, "utf8")) as MutationResult).survivors.map(nameOf));
  const inFiles = mutants.filter((mutant) => (parts === undefined || parts.some((part) => mutant.file.includes(part))) && (lived === undefined || lived.has(nameOf(mutant))));
  if (inFiles.length === 0) return refused(`${target.name} has no such mutants`);
  if (sample >= inFiles.length) return inFiles;
  const ranked = inFiles.map((mutant) => ({ mutant, rank: rankOf(mutant) })).toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  return ranked.slice(0, sample).map(({ mutant }) => mutant);
}

/** One process; `id`: the mutant that is active from its first moment, or 0. */
function started(id: number): ChildProcess {
  return fork(worker, [tree, target.name, join(tree, "plan.json")], { execArgv: ["--max-old-space-size=1600", "--max-semi-space-size=64"], env: { ...process.env, MUTANT: String(id) }, stdio: ["ignore", "ignore", "inherit", "ipc"] });
}

/** Asks, and waits for the reply; null: it stopped or took too long. */
async function asked(child: ChildProcess, request: Request, milliseconds: number): Promise<Reply | null> {
  return new Promise((resolve) => {
    const end = (reply: Reply | null): void => {
      clearTimeout(timer);
      child.removeAllListeners("message");
      child.removeAllListeners("exit");
      if (reply === null) child.kill("SIGKILL");
      resolve(reply);
    };
    const timer = setTimeout(() => {
      end(null);
    }, milliseconds);
    child.once("message", (reply: Reply) => {
      end(reply);
    });
    child.once("exit", () => {
      end(null);
    });
    child.send(request);
  });
}

/** Milliseconds for loading and measuring everything. */
const longest = 1_800_000;

async function prepared(): Promise<{ readonly mutants: readonly PlantedMutant[]; readonly plan: Plan; readonly known: string }> {
  const state = stateOfBuild();
  const known = join(home, `${target.name}-${state.slice(0, 16)}.jsonl`);
  const listFile = join(tree, "mutants.json");
  const planFile = join(tree, "plan.json");
  const stateFile = join(tree, "state");
  if (!existsSync(stateFile) || readFileSync(stateFile, "utf8") !== state) {
    mkdirSync(home, { recursive: true });
    const mutants = await plant(root, tree, target);
    writeFileSync(listFile, JSON.stringify(mutants));
    process.stderr.write(`${mutants.length} mutants planted; measuring what the checks reach\n`);
    const child = started(0);
    const reply = await asked(child, { ask: "plan", nrMutants: mutants.length, runsEach }, longest);
    child.kill();
    if (reply === null) throw new Error("the measurement came to no end");
    writeFileSync(stateFile, state);
  }
  cpSync(join(root, "dist/test/mutation/worker.js"), worker);
  return { mutants: JSON.parse(readFileSync(listFile, "utf8")) as readonly PlantedMutant[], plan: JSON.parse(readFileSync(planFile, "utf8")) as Plan, known };
}

async function judgeAll(): Promise<void> {
  const { mutants, plan, known } = await prepared();
  const wanted = chosen(mutants);
  const verdicts = new Map<number, Verdict>();
  if (existsSync(known)) for (const line of readFileSync(known, "utf8").split("\n").filter((text) => text !== "")) {
    const verdict = JSON.parse(line) as Verdict;
    verdicts.set(verdict.id, verdict);
  }
  const atLoad = new Set(plan.atLoad);
  const left = wanted.filter(({ id }) => !verdicts.has(id));
  const nrLeft = left.length;
  const began = performance.now();
  let done = 0;
  const settle = (id: number, reply: Judged | null): void => {
    const verdict: Verdict = reply === null ? { id, verdict: "found", by: "it never ends, or stops the process", lockstep: 0 } : { id, verdict: reply.by !== null ? "found" : reply.reached ? "survived" : "not reached", by: reply.by, lockstep: reply.lockstep };
    verdicts.set(id, verdict);
    appendFileSync(known, `${JSON.stringify(verdict)}\n`);
    done++;
    if (done % 20 === 0) process.stderr.write(`${done} of ${nrLeft} in ${Math.round((performance.now() - began) / 1000)} s, ${[...verdicts.values()].filter((each) => each.verdict !== "found").length} not found\n`);
  };
  const lane = async (): Promise<void> => {
    let child: ChildProcess | undefined;
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const own = atLoad.has(next.place);
      const asker = own ? started(next.id) : (child ??= started(0));
      const reply = await asked(asker, { ask: "judge", id: next.id, place: next.place }, patience);
      settle(next.id, reply?.told === "judged" ? reply : null);
      if (own) asker.kill();
      else if (reply === null) child = undefined;
    }
    child?.kill();
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  const result = resultOf(target, wanted.toSorted((a, b) => a.id - b.id), mutants.length, verdicts);
  process.stdout.write(mutationTable(result));
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(result, null, 1)}\n`);
}

await judgeAll();
