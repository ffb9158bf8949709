/** Files that can be replayed: a scenario, or a counterexample, which holds one. */
import { counterexampleFrom, scenarioOf } from "./counterexample.ts";
import type { SavedCounterexample } from "./counterexample.ts";
import { fileHeader } from "./header.ts";
import { parseJson } from "./json-text.ts";
import { parsed } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";
import { scenarioFrom } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

export interface Replayable {
  readonly scenario: Scenario;
  /** What was found when the file was written; null in a scenario file. */
  readonly counterexample: SavedCounterexample | null;
}

/** A scenario or counterexample file. */
export function parseAny(file: InputFile): Parsed<Replayable> {
  const json = parseJson(file);
  if (!json.ok) return json;
  const kind = fileHeader(file.name, json.value, ["scenario", "counterexample"]);
  if (!kind.ok) return kind;
  if (kind.value === "scenario") {
    const scenario = scenarioFrom(file.name, json.value);
    return scenario.ok ? parsed({ scenario: scenario.value, counterexample: null }) : scenario;
  }
  const counterexample = counterexampleFrom(file.name, json.value);
  return counterexample.ok ? parsed({ scenario: scenarioOf(counterexample.value), counterexample: counterexample.value }) : counterexample;
}
