/** What is mutated, and which tests are asked. */

export type TargetName = "engine" | "properties" | "models";

export interface Target {
  readonly name: TargetName;
  /** Folders and files whose sources are mutated, from the root. */
  readonly sources: readonly string[];
  /** Sources below them that are left alone. */
  readonly except: readonly string[];
  /** Folders and files of tests, below test/. */
  readonly tests: readonly string[];
  /** What walks the recorded runs (recorded.ts). */
  readonly walker: Walker;
  /** Recorded runs at most that are asked about one mutant, those first that pass its place most often. */
  readonly maxRuns: number;
}

/** The engine, the specification, or both in lockstep, so that every rule is asked. */
export type Walker = "engine" | "specification" | "lockstep";

const examples = ["worked-examples", "engine", "models", "corpus", "properties"] as const;

export const targets: Readonly<Record<TargetName, Target>> = {
  engine: { name: "engine", sources: ["src/engine"], except: [], tests: examples, walker: "engine", maxRuns: 60 },
  // The rules. What draws scenarios is measured by what it finds: docs/power.md.
  properties: { name: "properties", sources: ["properties"], except: ["properties/arbitraries", "properties/goals"], tests: ["properties"], walker: "lockstep", maxRuns: 12 },
  models: { name: "models", sources: ["models"], except: ["models/catalogue.ts"], tests: examples, walker: "specification", maxRuns: 30 },
};
