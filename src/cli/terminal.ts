/**
 * The terminal: where text goes, how wide it is, whether colours are wanted, and progress while something takes long.
 */
import cliProgress from "cli-progress";

/** Streams, clock and signals: everything a verb takes from its surroundings. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** What comes in on standard input. */
  readonly input: () => AsyncIterable<Uint8Array>;
  /** Columns of stdout. */
  readonly width: number;
  readonly colour: boolean;
  readonly unicode: boolean;
  /** Progress can be drawn in place. */
  readonly live: boolean;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** From now on an interrupt does no more than ask, once. Before, and the second time, it ends the process. */
  readonly heedInterrupts: () => void;
  /** The user has asked to stop. */
  readonly interrupted: () => boolean;
  /** Lets signals and timers through. */
  readonly breathe: () => Promise<void>;
}

const widest = 120;
const narrowest = 40;

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let heeding = false;
  let asked = false;
  const { stdout, stderr, env } = process;
  const columns = stdout.isTTY ? (stdout.columns ?? 80) : 80;
  const plain = env.NO_COLOR !== undefined && env.NO_COLOR !== "";
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    input: () => process.stdin,
    width: Math.min(widest, Math.max(narrowest, columns)),
    colour: stdout.isTTY && !plain && env.TERM !== "dumb",
    unicode: stdout.isTTY && /utf-?8/iu.test(env.LC_ALL ?? env.LC_CTYPE ?? env.LANG ?? ""),
    live: stderr.isTTY,
    now: () => performance.now(),
    heedInterrupts: () => {
      if (heeding) return;
      heeding = true;
      process.on("SIGINT", () => {
        if (asked) process.exit(130);
        asked = true;
      });
    },
    interrupted: () => asked,
    breathe: () => new Promise((resume) => setImmediate(resume)),
  };
}

/** Shows how far something is. */
export interface ProgressBar {
  /** `done` of `total`, and what is going on in a few words. */
  readonly update: (done: number, total: number, words: string) => void;
  readonly stop: () => void;
}

/** Milliseconds before the first progress, and between plain lines. */
const patience = 1000;
const plainEvery = 10_000;

/** A bar on a terminal, a line now and then elsewhere; nothing for what is done within a second. */
export function startProgress(terminal: Terminal, what: string): ProgressBar {
  const began = terminal.now();
  let lastLine = began;
  let bar: cliProgress.SingleBar | undefined;
  return {
    update: (done, total, words) => {
      const now = terminal.now();
      if (now - began < patience) return;
      if (!terminal.live) {
        if (now - lastLine < plainEvery) return;
        lastLine = now;
        terminal.err(`${what}: ${words}\n`);
        return;
      }
      if (bar === undefined) {
        bar = new cliProgress.SingleBar({ format: `${what} {bar} {words}`, barsize: 24, hideCursor: true, clearOnComplete: true, stopOnComplete: false, linewrap: false, etaBuffer: 1 }, cliProgress.Presets.legacy);
        bar.start(total, done, { words });
      }
      bar.setTotal(total);
      bar.update(done, { words });
    },
    stop: () => bar?.stop(),
  };
}
