/** Scenarios of `check` that are not walks from a seed: `--exhaustive` and `--tape`. */
import type { MachineDescription } from "../../models/index.ts";
import { alphabet, hasOwnLabels } from "../../properties/index.ts";
import { everyScenario, tapeWalk } from "../check/sources.ts";
import type { ScenarioSource } from "../check/sources.ts";
import { readInputFile } from "../formats/read-file.ts";
import { BadInput, wholeNumber } from "./arguments.ts";
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
