/** `framecheck power`: how well the search finds the planted historic bugs. */
import { availableParallelism } from "node:os";
import { MessageChannel } from "node:worker_threads";
import { Tinypool } from "tinypool";
import { findMutant } from "../check/subjects.ts";
import { writeFileAtomically } from "../formats/write-file.ts";
import { mutants } from "../mutants/index.ts";
import type { Mutant } from "../mutants/index.ts";
import { chart, curvesOf } from "../power/chart.ts";
import { powerJson } from "../power/json.ts";
import { defaultLimits } from "../power/measure.ts";
import type { Limits, Measurement } from "../power/measure.ts";
import { chartFile, powerPage } from "../power/page.ts";
import { foundAll } from "../power/rows.ts";
import { powerText } from "../power/text.ts";
import { BadInput, commonOptions, noPositionals, parseOptions, seconds, wholeNumber } from "./arguments.ts";
import { makeFolder } from "./folder.ts";
import type { PowerTask } from "./power-worker.ts";
import { startProgress } from "./terminal.ts";
import type { Terminal } from "./terminal.ts";

export const powerHelp = `framecheck power [options]

Measures how well the search finds the historic kernel bugs that framecheck
mutants lists: each is planted in the engine, searched for on its machine from
several seeds, and reduced. Scenarios shorter than what was found are
enumerated, and fc.commands of fast-check looks for the same bugs.
Exit code 0: every mutant was found from every seed. 1: one was not. 2: bad
input.

  --mutant ID            only this one; may be given more than once
  --seeds N              search from seeds 1 to N (3)
  --seconds S            stop a search that has found nothing after this time
  --runs N               scenarios that one search walks at most (400)
  --executions N         executions of the enumeration, a mutant (200000)
  --baseline-commands N  commands that a baseline walks at most (2000), or as
                         many as the search walked, if that is more
  --baseline-seeds N     seeds that a baseline searches from at most (3)
  --times                measure the time of each search; the only numbers that
                         differ from one measurement to the next
  --jobs N               mutants to measure at a time (as many as processors)
  --out DIR              write power.md and power.svg there
  --json                 print one JSON object instead of text

  framecheck power
  framecheck power --mutant b46 --mutant b58 --seeds 10
  framecheck power --seeds 10 --out docs
  framecheck power --seeds 1 --executions 0 --baseline-commands 0 --json`;

const options = {
  ...commonOptions,
  mutant: { type: "string", multiple: true },
  seeds: { type: "string" },
  seconds: { type: "string" },
  runs: { type: "string" },
  executions: { type: "string" },
  "baseline-commands": { type: "string" },
  "baseline-seeds": { type: "string" },
  times: { type: "boolean" },
  jobs: { type: "string" },
  out: { type: "string" },
  json: { type: "boolean" },
} as const;

const most = 1_000_000_000;

export async function powerVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("power", words, options);
  if (values.help === true) {
    terminal.out(`${powerHelp}\n`);
    return 0;
  }
  noPositionals("power", positionals);
  const chosen = chosenMutants(values.mutant ?? []);
  const seeds = values.seeds === undefined ? 3 : wholeNumber("--seeds", values.seeds, 1, 1000);
  const limit = values.seconds === undefined ? null : seconds("--seconds", values.seconds);
  const limits: Limits = {
    runs: values.runs === undefined ? defaultLimits.runs : wholeNumber("--runs", values.runs, 0, most),
    reductions: defaultLimits.reductions,
    executions: values.executions === undefined ? defaultLimits.executions : wholeNumber("--executions", values.executions, 0, most),
    baselineCommands: values["baseline-commands"] === undefined ? defaultLimits.baselineCommands : wholeNumber("--baseline-commands", values["baseline-commands"], 0, most),
    baselineSeeds: values["baseline-seeds"] === undefined ? defaultLimits.baselineSeeds : wholeNumber("--baseline-seeds", values["baseline-seeds"], 0, most),
  };
  const jobs = values.jobs === undefined ? availableParallelism() : wholeNumber("--jobs", values.jobs, 1, 256);
  if (values.out !== undefined) makeFolder(values.out);
  const began = terminal.now();
  const measurement = await measured({ chosen, seeds, limits, seconds: limit, times: values.times === true, jobs: Math.min(jobs, chosen.length) }, terminal);
  if (values.out !== undefined) savePage(values.out, measurement, terminal);
  terminal.out(values.json === true ? powerJson(measurement) : powerText(measurement, { width: terminal.width, took: (terminal.now() - began) / 1000 }));
  return foundAll(measurement) ? 0 : 1;
}

/** In the order of the catalogue, each once. */
function chosenMutants(ids: readonly string[]): readonly Mutant[] {
  const unknown = ids.find((id) => findMutant(id) === undefined);
  if (unknown !== undefined) throw new BadInput(`--mutant: no mutant "${unknown}"; framecheck mutants lists them`);
  return ids.length === 0 ? mutants : mutants.filter((mutant) => ids.some((id) => findMutant(id) === mutant));
}

interface Request {
  readonly chosen: readonly Mutant[];
  readonly seeds: number;
  readonly limits: Limits;
  readonly seconds: number | null;
  readonly times: boolean;
  /** Mutants that are measured at a time. */
  readonly jobs: number;
}

/** The measurement, some mutants at a time, with progress, limits of time, and Ctrl-C. */
async function measured({ chosen, seeds, limits, seconds: limit, times, jobs }: Request, terminal: Terminal): Promise<Measurement> {
  terminal.heedInterrupts();
  const bar = startProgress(terminal, "power");
  const pool = new Tinypool({ filename: new URL("power-worker.js", import.meta.url).href, minThreads: 1, maxThreads: jobs, resourceLimits: { maxYoungGenerationSizeMb: 192 } });
  const stop = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const beat = setInterval(() => {
    if (terminal.interrupted()) Atomics.store(stop, 0, 1);
  }, 100);
  let done = 0;
  const one = async ({ id }: Mutant): Promise<Measurement> => {
    const { port1, port2 } = new MessageChannel();
    port1.on("message", (words: string) => bar.update(done, chosen.length, `${done} of ${chosen.length} mutants, now ${words}`));
    try {
      const task: PowerTask = { id, seeds, limits, seconds: limit, times, stop, port: port2 };
      return (await pool.run(task, { transferList: [port2] })) as Measurement;
    } finally {
      port1.close();
      done++;
    }
  };
  try {
    const all = await Promise.all(chosen.map(one));
    return { seeds, limits, seconds: limit, mutants: all.flatMap(({ mutants: each }) => each), interrupted: all.some(({ interrupted }) => interrupted) };
  } finally {
    clearInterval(beat);
    bar.stop();
    await pool.destroy();
  }
}

function savePage(folder: string, measurement: Measurement, terminal: Terminal): void {
  const { mutants: all, seeds, interrupted } = measurement;
  // What is there from an earlier measurement is whole.
  if (interrupted) {
    terminal.err("stopped early: nothing saved\n");
    return;
  }
  const files = [
    ["power.md", powerPage(measurement)],
    [chartFile, chart(curvesOf(measurement), { mutants: all.length, seeds })],
  ] as const;
  for (const [name, text] of files) {
    const file = `${folder.replace(/\/+$/u, "")}/${name}`;
    const written = writeFileAtomically(file, text);
    if (!written.ok) throw new BadInput(written.error);
    terminal.err(`saved ${file}\n`);
  }
}
