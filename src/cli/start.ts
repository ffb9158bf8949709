/** `framecheck start`: what `npm start` runs. The engine on several machines, this machine's layout among them, then the audit. */
import { existsSync } from "node:fs";
import { linux612, strict, tinyMachines } from "../../models/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import { audit } from "../audit/audit.ts";
import { scaledMachine } from "../audit/scaled-machine.ts";
import { usualAudits } from "../check/search.ts";
import { machineWords } from "../report/machine-words.ts";
import { grouped, wrap } from "../report/lines.ts";
import { BadInput, commonOptions, noPositionals, parseOptions } from "./arguments.ts";
import { exitCode, printFindings, runCheck } from "./check.ts";
import type { CheckRequest } from "./check.ts";
import type { Terminal } from "./terminal.ts";

export const startHelp = `framecheck start

Checks the engine against the specification on the named tiny machines under
both profiles, then on a small machine with the layout of this one, then audits
this machine's memory where it runs Linux. Takes about half a minute.
Exit code 0: everything held. 1: a rule was broken.`;

const runsEach = 30;

export async function startVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("start", words, commonOptions);
  if (values.help === true) {
    terminal.out(`${startHelp}\n`);
    return 0;
  }
  noPositionals("start", positionals);
  terminal.out("Checking the engine against the specification. Goals are situations worth reaching;\neach machine and profile has some that it can not reach.\n");
  let worst = 0;
  for (const machine of tinyMachines) for (const profile of [strict, linux612]) worst = Math.max(worst, await checkOn(machine, profile, terminal));
  return terminal.interrupted() ? 2 : auditHere(worst, terminal);
}

async function checkOn(machine: MachineDescription, profile: Profile, terminal: Terminal): Promise<number> {
  if (terminal.interrupted()) return 2;
  const request: CheckRequest = { machine, profile, subjectProfile: profile, subject: { subject: "engine", profile: profile.name, mutant: null }, runs: runsEach, seconds: null, seed: 1, auditEvery: usualAudits, maxReductions: 20_000, reduceSeconds: null };
  const result = await runCheck(request, terminal);
  const reached = result.goals.filter((goal) => goal.reached).length;
  terminal.out(`  ${machine.name.padEnd(12)} ${profile.name.padEnd(10)}  ${result.verdict}: ${grouped(result.commands)} commands in ${result.runs} runs, ${reached} of ${result.goals.length} goals reached\n`);
  printFindings(result.findings, [], terminal);
  return exitCode(result);
}

/** The audit of this machine, and the engine on its layout. */
async function auditHere(soFar: number, terminal: Terminal): Promise<number> {
  if (!existsSync("/proc/zoneinfo")) {
    terminal.out("\nThis machine does not run Linux: no audit.\n");
    return soFar;
  }
  const audited = audit({ width: terminal.width, colour: terminal.colour });
  if (!audited.ok) throw new BadInput(audited.error);
  const machine = scaledMachine(audited.snapshot);
  let worst = soFar;
  if ("why" in machine) {
    terminal.out(`\nNot checked on this machine's layout, because ${machine.why}.\n`);
  } else {
    terminal.out(`\n${wrap(`The same on this machine's layout, made small: ${machineWords(machine).join("; ")}`, terminal.width).join("\n")}\n`);
    worst = Math.max(worst, await checkOn(machine, strict, terminal));
  }
  terminal.out(`\n${audited.output.trimEnd()}\n`);
  return audited.verdict === "breach" ? 1 : worst;
}
