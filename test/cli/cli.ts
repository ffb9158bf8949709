/** The command line: in this process, where most can be seen of it, and as it is built, as a user starts it. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.ts";

export const projectRoot: string = fileURLToPath(new URL("../..", import.meta.url));
const main = join(projectRoot, "dist/src/cli/main.js");
if (!existsSync(main)) throw new Error(`${main} is missing: these tests run what is built; run npm run build`);

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What `framecheck WORDS` does, in this process and with its output in a pipe. That the program does the same: program.test.ts. */
export async function framecheck(words: readonly string[], input: readonly Uint8Array[] = []): Promise<Ran> {
  const texts = { out: "", err: "" };
  const code = await runCommandLine(words, {
    out: (text) => (texts.out += text),
    err: (text) => (texts.err += text),
    input: async function* () {
      yield* input;
    },
    width: 80,
    colour: false,
    unicode: false,
    live: false,
    now: () => performance.now(),
    heedInterrupts: () => undefined,
    interrupted: () => false,
    breathe: () => new Promise((resume) => setImmediate(resume)),
  });
  return { code, ...texts };
}

/** Runs the built `framecheck WORDS` to its end. `input`: what comes in on standard input. */
export function builtFramecheck(words: readonly string[], input?: Uint8Array): Promise<Ran> {
  return program([main, ...words], { cwd: projectRoot, ...(input === undefined ? {} : { input }) });
}

interface ProgramOptions {
  readonly cwd: string;
  readonly input?: Uint8Array;
  /** Gets the way to send it a signal. */
  readonly started?: (signal: (name: NodeJS.Signals) => void) => void;
}

/** Runs node with these words to its end. */
export function program(words: readonly string[], { cwd, input, started }: ProgramOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_ENV$|NODE_OPTIONS$|NODE_V8_COVERAGE$|FORCE_COLOR$)/u.test(name)));
    const child = spawn(process.execPath, [...words], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    const texts = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.err += text));
    child.on("error", reject).on("close", (code) => resolve({ code, ...texts }));
    // A program that does not read what is given is no fault of ours.
    child.stdin.on("error", () => undefined).end(input);
    started?.((name) => child.kill(name));
  });
}

/** Sends Ctrl-C to a `framecheck WORDS` soon after this path has come to be. */
export function interrupted(words: readonly string[], path: string): Promise<Ran> {
  return program([main, ...words], {
    cwd: projectRoot,
    started: (signal) => {
      const watch = setInterval(() => {
        if (!existsSync(path)) return;
        clearInterval(watch);
        setTimeout(() => signal("SIGINT"), 100);
      }, 10);
    },
  });
}

/** An empty folder, which goes when all tests are done. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "cli-"));
}

/** Writes a file of that folder and gives its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Bad input: one line that says what, nothing on stdout, exit code 2. */
export function expectRefused({ code, out, err }: Ran, says: string): void {
  expect(err).toMatch(/^framecheck: [^\n]*\n$/u);
  expect(err).toContain(says);
  expect({ code, out }).toEqual({ code: 2, out: "" });
}

/** No terminal, so 80 columns; but a line to be copied is never broken. */
export function expectNarrow(text: string): void {
  expect(text.split("\n").filter((line) => line.length > 80 && !line.startsWith("replay: "))).toEqual([]);
}
