import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

/** Which rooms a room may import from. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  models: ["models"],
  properties: ["models", "properties"],
  src: ["models", "properties", "src"],
  test: ["models", "properties", "src", "test"],
};

/** Packages a room may import. */
const packages: Readonly<Record<string, readonly string[]>> = {
  models: [],
  properties: ["fast-check", "pure-rand"],
  src: ["fast-check", "valibot", "cli-progress", "tinypool"],
  test: ["fast-check", "vitest", "@vitest/expect", "@babel/core"],
};

/** The vocabulary of the specification: all that the engine may take from it. */
const vocabulary = ["catalogue", "command", "description", "geometry", "machines", "outcome", "page-kind", "pfn", "profile", "subject", "view"];

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
  readonly names: string;
}

function importsOf(room: string): readonly Import[] {
  return readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const path = join(root, room, file);
      const text = readFileSync(path, "utf8");
      return [...text.matchAll(/^(?:import|export)\s(?:([^"';]*?)\sfrom\s)?["']([^"']+)["'];/gm)].map(([, names = "", target = ""]) => ({
        file: relative(root, path),
        room,
        names,
        target: target.startsWith(".") ? relative(root, resolve(dirname(path), target)) : target,
      }));
    });
}

const imports = Object.keys(allowed).flatMap(importsOf);

describe("the arrows between the rooms", () => {
  it("finds the imports at all", () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(new Set(imports.map(({ room }) => room))).toEqual(new Set(Object.keys(allowed)));
  });

  it("point one way: models <- properties <- src <- test", () => {
    const local = imports.filter(({ target }) => Object.keys(allowed).some((room) => target.startsWith(`${room}/`)));
    const wrong = local.filter(({ room, target }) => !(allowed[room] ?? []).some((other) => target.startsWith(`${other}/`)));

    expect(wrong).toEqual([]);
  });

  it("reach no package that the room has no business with", () => {
    const foreign = imports.filter(({ target }) => !Object.keys(allowed).some((room) => target.startsWith(`${room}/`)) && !target.startsWith("node:"));
    const wrong = foreign.filter(({ room, target }) => !(packages[room] ?? []).some((name) => target === name || target.startsWith(`${name}/`)));

    expect(wrong).toEqual([]);
  });

  it("leave clocks, randomness and processes to the command line and the tests", () => {
    const wrong = imports.filter(({ room, file, target }) => target.startsWith("node:") && (room === "models" || room === "properties" || file.startsWith("src/engine/") || file.startsWith("src/check/")));

    expect(wrong).toEqual([]);
  });
});

describe("the engine", () => {
  const engine = imports.filter(({ file }) => file.startsWith("src/engine/") || file.startsWith("src/mutants/"));
  // What models/index.ts exports from files that are not vocabulary.
  const mechanisms = readFileSync(join(root, "models/index.ts"), "utf8")
    .matchAll(/^export (?:type )?\{([^}]*)\} from "\.\/([a-z-]+)\.ts";/gms);
  const forbidden = [...mechanisms].filter(([, , file = ""]) => !vocabulary.includes(file)).flatMap(([, names = ""]) => names.split(",").map((name) => name.trim()).filter((name) => name !== ""));

  it("takes words from the specification and no mechanism", () => {
    const fromModels = engine.filter(({ target }) => target.startsWith("models/"));
    const wrongFile = fromModels.filter(({ target }) => target !== "models/index.ts" && !vocabulary.some((file) => target === `models/${file}.ts`));
    const wrongName = fromModels.filter(({ names }) => forbidden.some((name) => new RegExp(`\\b${name}\\b`).test(names)));

    expect(forbidden).toContain("createReference");
    expect(wrongFile).toEqual([]);
    expect(wrongName).toEqual([]);
  });

  it("takes nothing from the rules that judge it", () => {
    expect(engine.filter(({ target }) => target.startsWith("properties/"))).toEqual([]);
  });
});
