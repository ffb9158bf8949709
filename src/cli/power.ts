/** `framecheck power`: how well the search finds the planted historic bugs. */
import { findMutant } from "../check/subjects.ts";
import { writeFileAtomically } from "../formats/write-file.ts";
import { mutants } from "../mutants/index.ts";
import type { Mutant } from "../mutants/index.ts";
import { chart, curvesOf } from "../power/chart.ts";
import { powerJson } from "../power/json.ts";
import { defaultLimits, measure } from "../power/measure.ts";
import type { Doing, Limits, Measurement } from "../power/measure.ts";
import { chartFile, powerPage } from "../power/page.ts";
import { foundAll } from "../power/rows.ts";
import { powerText } from "../power/text.ts";
import { BadInput, commonOptions, noPositionals, parseOptions, seconds, wholeNumber } from "./arguments.ts";
import { makeFolder } from "./folder.ts";
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
  };
  if (values.out !== undefined) makeFolder(values.out);
  const began = terminal.now();
  const measurement = await measured({ chosen, seeds, limits, seconds: limit }, terminal);
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

/** Milliseconds between two looks at the clock and at what came in. */
const beat = 20;

interface Request {
  readonly chosen: readonly Mutant[];
  readonly seeds: number;
  readonly limits: Limits;
  readonly seconds: number | null;
}

/** The measurement with progress, limits of time, and Ctrl-C. */
async function measured({ chosen, seeds, limits, seconds: limit }: Request, terminal: Terminal): Promise<Measurement> {
  terminal.heedInterrupts();
  const bar = startProgress(terminal, "power");
  let last = terminal.now();
  let search = { name: "", began: last };
  const watch = async ({ done, of, id, words, searching, search: name }: Doing): Promise<"on" | "enough" | "stop"> => {
    if (search.name !== name) search = { name, began: terminal.now() };
    if (terminal.now() - last < beat) return "on";
    await terminal.breathe();
    last = terminal.now();
    bar.update(done, of, `${done} of ${of} mutants, now ${id}: ${words}`);
    if (terminal.interrupted()) return "stop";
    return searching && limit !== null && last - search.began >= 1000 * limit ? "enough" : "on";
  };
  try {
    return await measure({ mutants: chosen, seeds, limits, seconds: limit, watch });
  } finally {
    bar.stop();
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
