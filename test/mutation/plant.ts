/**
 * A tree of built modules in which every mutant of a target is planted and none is active.
 *
 * Stryker's instrumenter finds the mutants and writes each as an alternative beside the original; how one is chosen is
 * put into switch.ts, which costs a comparison of two numbers.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { transformAsync } from "@babel/core";
import { switchName } from "./switch.ts";
import type { Target } from "./targets.ts";

export interface PlantedMutant {
  /** Numbers from 1, in the order of files and places. */
  readonly id: number;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly mutator: string;
  /** The source that it replaces, white space made single. */
  readonly was: string;
  /** The first mutant of the same place: they are reached together. */
  readonly place: number;
  readonly becomes: string;
}

/** What is used of the instrumenter, whose own types do not pass under `exactOptionalPropertyTypes`. */
interface InstrumenterModule {
  readonly Instrumenter: new (logger: object) => {
    instrument(files: readonly SourceFile[], options: object): Promise<{
      readonly files: readonly SourceFile[];
      readonly mutants: readonly { readonly id: string; readonly fileName: string; readonly location: { readonly start: Place; readonly end: Place }; readonly mutatorName: string; readonly replacement: string }[];
    }>;
  };
}

interface SourceFile {
  readonly name: string;
  readonly content: string;
  readonly mutate: boolean;
}

const instrumenter: string = "@stryker-mutator/instrumenter";

/** Writes the tree anew. `root`: the project; built before. */
export async function plant(root: string, tree: string, target: Target): Promise<readonly PlantedMutant[]> {
  rmSync(tree, { recursive: true, force: true });
  for (const room of ["models", "properties", "src", "test"]) cpSync(join(root, "dist", room), join(tree, room), { recursive: true });
  cpSync(join(root, "test"), join(tree, "test"), { recursive: true, filter: (file) => !file.endsWith(".ts") });
  cpSync(join(root, "package.json"), join(tree, "package.json"));
  const subjects = join(tree, "test/subjects.js");
  writeFileSync(subjects, readFileSync(subjects, "utf8").replace(target.name === "engine" ? '{ name: "reference", create: createReference },' : '{ name: "engine", create: createEngine },', ""));
  mkdirSync(join(tree, "node_modules/vitest"), { recursive: true });
  writeFileSync(join(tree, "node_modules/vitest/package.json"), JSON.stringify({ name: "vitest", type: "module", main: "index.js" }));
  writeFileSync(join(tree, "node_modules/vitest/index.js"), 'export * from "../../test/mutation/suite.js";\n');
  const files = sourcesOf(root, target).map((name) => ({ name, content: readFileSync(join(root, name), "utf8"), mutate: true }));
  const silent = { isTraceEnabled: no, isDebugEnabled: no, isInfoEnabled: no, isWarnEnabled: no, isErrorEnabled: no, isFatalEnabled: no, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing };
  const { Instrumenter } = (await import(instrumenter)) as InstrumenterModule;
  const result = await new Instrumenter(silent).instrument(files, { plugins: null, excludedMutations: [], ignorers: [] });
  const first = 1;
  const places = new Map<number, number>();
  for (const { name, content } of result.files) {
    const output = join(tree, name.replace(/\.ts$/u, ".js"));
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, switched(await withoutTypes(content), first, places));
  }
  const texts = new Map(files.map(({ name, content }) => [name, content.split("\n")]));
  return result.mutants.map(({ id, fileName, location: { start, end }, mutatorName, replacement }) => ({
    id: Number(id) + first,
    file: fileName,
    line: start.line + 1,
    mutator: mutatorName,
    was: single(between(texts.get(fileName) ?? [], start, end)),
    place: places.get(Number(id) + first) ?? Number(id) + first,
    becomes: single(replacement),
  }));
}

function no(): boolean {
  return false;
}

function nothing(): void {
  // Its progress is not told.
}

function sourcesOf(root: string, { sources, except }: Target): readonly string[] {
  return sources
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".ts") && !except.some((left) => file === left || file.startsWith(`${left}/`)))
    .toSorted();
}

interface Place {
  readonly line: number;
  readonly column: number;
}

function between(lines: readonly string[], start: Place, end: Place): string {
  if (start.line === end.line) return (lines[start.line] ?? "").slice(start.column, end.column);
  return [(lines[start.line] ?? "").slice(start.column), ...lines.slice(start.line + 1, end.line), (lines[end.line] ?? "").slice(0, end.column)].join("\n");
}

function single(text: string): string {
  return text.replace(/\s+/gu, " ").trim();
}

async function withoutTypes(text: string): Promise<string> {
  const result = await transformAsync(text, { filename: "module.ts", configFile: false, babelrc: false, compact: false, presets: [["@babel/preset-typescript", { onlyRemoveTypeImports: true, rewriteImportExtensions: true }]] });
  if (typeof result?.code !== "string") throw new Error("nothing was printed");
  return result.code;
}

/** The questions of the instrumenter, put to the switch. Counts for the first mutant of each place, and tells whose it is. */
function switched(text: string, first: number, places: Map<number, number>): string {
  const body = text.slice(endOfHeader(text))
    .replace(/stryMutAct_9fa48\("(\d+)"\)/gu, (_, id: string) => `(${switchName}.id === ${Number(id) + first} && ${switchName}.hit())`)
    .replace(/stryCov_9fa48\(((?:"\d+"(?:, )?)+)\)/gu, (_, listed: string) => {
      const ids = [...listed.matchAll(/\d+/gu)].map(([id]) => Number(id) + first);
      const place = Math.min(...ids);
      for (const id of ids) places.set(id, place);
      return `(${switchName}.reached !== null && ${switchName}.reached[${place}]++)`;
    });
  if (/stry(?:MutAct|Cov|NS)_/u.test(body)) throw new Error("a question of the instrumenter is left");
  return `const ${switchName} = globalThis.${switchName};\n${body}`;
}

/** Where the functions of the instrumenter end. */
function endOfHeader(text: string): number {
  const last = text.indexOf("stryMutAct_9fa48 = isActive");
  if (last < 0) return 0;
  const end = text.indexOf("\n}\n", last);
  if (end < 0) throw new Error("the functions of the instrumenter do not end");
  return end + 3;
}
