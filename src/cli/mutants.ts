/** `framecheck mutants`: the historic kernel bugs that check can plant. */
import { mutants } from "../mutants/index.ts";
import { hanging } from "../report/lines.ts";
import { commonOptions, noPositionals, parseOptions } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export const mutantsHelp = `framecheck mutants [--json]

Lists the faults that check --mutant ID plants in the engine: historic kernel
bugs, and a canary that must be found.`;

const options = { ...commonOptions, json: { type: "boolean" } } as const;

export async function mutantsVerb(words: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseOptions("mutants", words, options);
  if (values.help === true) {
    terminal.out(`${mutantsHelp}\n`);
    return 0;
  }
  noPositionals("mutants", positionals);
  if (values.json === true) terminal.out(`${JSON.stringify(mutants.map(({ id, title, effect, machine }) => ({ id, title, effect, machine })), null, 2)}\n`);
  else for (const { id, title, effect } of mutants) terminal.out(`${hanging(`${id.padEnd(8)} ${title}: ${effect}`, 0, terminal.width).join("\n")}\n`);
  return 0;
}
