/** The command line: one verb a file. */
import { createRequire } from "node:module";
import { printable } from "../formats/parsed.ts";
import { BadInput } from "./arguments.ts";
import { auditVerb } from "./audit.ts";
import { checkVerb } from "./check.ts";
import { fidelityVerb } from "./fidelity.ts";
import { mutantsVerb } from "./mutants.ts";
import { powerVerb } from "./power.ts";
import { explainVerb, replayVerb } from "./replay.ts";
import { startVerb } from "./start.ts";
import type { Terminal } from "./terminal.ts";

const help = `framecheck VERB [options]

Checks an implementation of Linux memory hotplug against an executable
specification, and audits the memory of the machine it runs on.

  check        search for a scenario that breaks a rule, shrink it, print it
  replay FILE  run a saved scenario or counterexample again
  explain FILE tell a counterexample step by step
  audit        judge and draw the memory of this machine, or of saved files
  fidelity FILE  compare what a real kernel answered with what is predicted
  mutants      list the historic kernel bugs that check can plant
  power        measure how well the search finds them
  start        check the named machines and this machine's layout, then audit:
               what npm start runs

  framecheck VERB --help   the options of a verb, with examples
  framecheck --version

Exit code 0: everything held. 1: a rule was broken. 2: bad input, or nothing
could be said.`;

type Verb = (words: readonly string[], terminal: Terminal) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = { check: checkVerb, replay: replayVerb, explain: explainVerb, audit: auditVerb, fidelity: fidelityVerb, mutants: mutantsVerb, power: powerVerb, start: startVerb };

/** Runs one command line and gives the exit code. What a user got wrong is told in a line. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await run(words, terminal);
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    terminal.err(`framecheck: ${printable(error.message)}\n`);
    return 2;
  }
}

async function run(words: readonly string[], terminal: Terminal): Promise<number> {
  const [word, ...rest] = words;
  if (word === undefined || word === "help" || word === "--help" || word === "-h") {
    terminal.out(`${help}\n`);
    return word === undefined ? 2 : 0;
  }
  if (word === "--version") {
    terminal.out(`framecheck ${version()}\n`);
    return 0;
  }
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined;
  if (verb === undefined) throw new BadInput(`unknown verb "${word}", expected one of ${Object.keys(verbs).join(", ")}`);
  return verb(rest, terminal);
}

function version(): string {
  // By its own name, so that the sources and what is built from them find the same file.
  const found: unknown = createRequire(import.meta.url)("framecheck/package.json");
  return typeof found === "object" && found !== null && "version" in found ? String(found.version) : "unknown";
}
