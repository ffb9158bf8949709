/** Scenarios of `check` that are not walks from a seed alone: `--exhaustive`, `--tape` and `--campaign`. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { MachineDescription } from "../../models/index.ts";
import { alphabet, hasOwnLabels } from "../../properties/index.ts";
import { campaign } from "../check/campaign.ts";
import type { Kept, Start } from "../check/campaign.ts";
import { tooLarge } from "../check/limits.ts";
import { everyScenario, tapeWalk } from "../check/sources.ts";
import type { ScenarioSource } from "../check/sources.ts";
import { readInputFile, systemError } from "../formats/read-file.ts";
import { parseScenario, scenarioText } from "../formats/scenario.ts";
import { writeFileAtomically } from "../formats/write-file.ts";
import { counted } from "../report/lines.ts";
import { BadInput, wholeNumber } from "./arguments.ts";
import { makeFolder } from "./folder.ts";
import type { Terminal } from "./terminal.ts";

/** Longer ones are more than anybody waits for: the alphabet has over a thousand commands. */
const longest = 3;

/** Labels count from 1 in the order of their first use: other names are the same scenario. */
export function everyShortScenario(text: string, machine: MachineDescription | "drawn"): ScenarioSource {
  if (machine === "drawn") throw new BadInput("--exhaustive: expected a machine that is known before, got --machine drawn");
  return everyScenario({ machine, commands: alphabet(machine, "narrow"), length: wholeNumber("--exhaustive", text, 0, longest), follows: (before, command) => hasOwnLabels([...before, command]) });
}

/** More bytes than the longest walk reads. */
const maxTapeBytes = 2 ** 20;

export async function fromTape(name: string, machine: MachineDescription | "drawn", terminal: Terminal): Promise<ScenarioSource> {
  if (name === "-") return tapeWalk({ machine, bytes: await allOf(terminal.input()) });
  const file = readInputFile(name, maxTapeBytes);
  if (!file.ok) throw new BadInput(file.error);
  return tapeWalk({ machine, bytes: file.value.bytes });
}

async function allOf(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of input) {
    total += chunk.length;
    if (total > maxTapeBytes) throw new BadInput(`--tape: standard input has more than ${maxTapeBytes} bytes, expected at most that`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export interface CampaignWords {
  readonly machine: MachineDescription | "drawn";
  readonly seed: number;
  /** The profile that judges, by name. */
  readonly profile: string;
  /** The folder where scenarios are kept from one campaign to the next. */
  readonly corpus: string | undefined;
}

export interface Campaign {
  readonly source: ScenarioSource;
  /** Runs that the scenarios of the folder take before the campaign makes its own. */
  readonly nrBefore: number;
  /** Says what was kept, when the search is over; throws if something could not be. */
  readonly tell: (terminal: Terminal) => void;
}

/**
 * A campaign, with a folder of scenarios where one is named: those in it come first, and what is kept goes there. One that
 * can not be written ends the search, which tells first what it has found.
 */
export function campaignOf({ machine, seed, profile, corpus: folder }: CampaignWords): Campaign {
  if (folder === undefined) return { source: campaign({ machine, seed }), nrBefore: 0, tell: () => undefined };
  makeFolder(folder, "--corpus");
  const corpus = scenariosIn(folder, machine);
  let written = 0;
  let failure: string | undefined;
  const keep = (kept: Kept): void => {
    const done = writeFileAtomically(freeName(folder, kept), scenarioText({ title: titleOf(kept), machine: kept.machine, profile, commands: kept.commands }));
    if (done.ok) written++;
    else failure = done.error;
  };
  const source = campaign({ machine, seed, corpus, keep });
  return {
    source: (run) => (failure === undefined ? source(run) : undefined),
    nrBefore: corpus.length,
    tell: (terminal) => {
      if (failure !== undefined) throw new BadInput(failure);
      terminal.err(`kept ${counted(written, "new scenario")} in ${folder}\n`);
    },
  };
}

function titleOf({ marks }: Kept): string {
  return `the first that reached ${marks.map(({ kind, id }) => `${kind} ${id}`).join(", ")}`.slice(0, maxTitle);
}

const maxTitle = 200;

/** A name that says what was reached. What has that name already stays: under another profile it reached it, and here not. */
function freeName(folder: string, { machine, marks }: Kept): string {
  const words = [...marks.slice(0, 1).flatMap(({ kind, id }) => [kind, id]), machine.name].join("_").replaceAll(/[^A-Za-z0-9]+/gu, "_").toLowerCase().slice(0, maxStem);
  for (let copy = 1; ; copy++) {
    const name = join(folder, copy === 1 ? `${words}.json` : `${words}_${copy}.json`);
    if (!existsSync(name)) return name;
  }
}

const maxStem = 100;

/** Read at the start, at most: more would take all the time there is. */
const maxCorpus = 10_000;

/** The scenarios of a folder, in the order of their names; those of other machines stay where they are. */
function scenariosIn(folder: string, machine: MachineDescription | "drawn"): readonly Start[] {
  const names = namesIn(folder).filter((name) => name.endsWith(".json")).toSorted();
  if (names.length > maxCorpus) throw new BadInput(`--corpus: ${folder} has ${names.length} scenarios, expected at most ${maxCorpus}`);
  return names.flatMap((name) => {
    const file = readInputFile(join(folder, name));
    const read = file.ok ? parseScenario(file.value) : file;
    if (!read.ok) throw new BadInput(read.error);
    const { machine: on, commands } = read.value;
    const large = tooLarge(on);
    if (large !== undefined) throw new BadInput(`${join(folder, name)}: machine: ${large}`);
    if (machine === "drawn") return [{ machine: on, commands }];
    return on.name === machine.name ? [{ machine, commands }] : [];
  });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new BadInput(`--corpus: ${folder} can not be read: ${systemError(error)}`);
  }
}
