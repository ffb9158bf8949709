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
}

const examples = ["worked-examples", "engine", "models", "corpus", "properties"] as const;

export const targets: Readonly<Record<TargetName, Target>> = {
  engine: { name: "engine", sources: ["src/engine"], except: [], tests: examples },
  // The rules. What draws scenarios is measured by what it finds: docs/power.md.
  properties: { name: "properties", sources: ["properties"], except: ["properties/arbitraries", "properties/goals"], tests: ["properties"] },
  models: { name: "models", sources: ["models"], except: ["models/catalogue.ts"], tests: [...examples, "fidelity"] },
};
