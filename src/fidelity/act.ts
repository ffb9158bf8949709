/** Running commands for a step: what came back is compared, and what the kernel did by itself around it is accounted for. */
import { FrameUse, hex, toPfn } from "../../models/index.ts";
import type { AllocId, BlockId, Command, Outcome, ZoneIndex } from "../../models/index.ts";
import type { Answer } from "./observed.ts";
import { agrees, agreesBy, all, compare, differs, errnoOf, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frameReader, isQuiet } from "./world.ts";
import type { World } from "./world.ts";

/** Runs one command and compares the errno. */
export function act(world: World, command: Command, observed: Answer): StepVerdict {
  return withKernelPages(world, observed.log, () => compareErrno(world, execute(world, command), observed, { silent: command.op === "free-contig" }));
}

/** Runs a command; pages that moved, and zones whose per-CPU lists may hold frames now, are noted. */
export function execute(world: World, command: Command): Outcome {
  for (const [event, errno] of world.vetoes) {
    if (!world.armed.has(event)) world.run({ op: "veto", event, errno });
    world.armed.add(event);
  }
  const outcome = world.run(command);
  for (const { event } of outcome.events ?? []) for (const armed of world.armed) if (armed === event) world.armed.delete(armed);
  for (const { to } of outcome.moved ?? []) {
    world.moved.pages += 2 ** to.order;
    if (to.order === world.machine.geometry.pageblockOrder) world.moved.folios += 1;
  }
  const touched = [...(outcome.moved ?? []).map(({ to }) => to.pfn), ...(outcome.memmap ?? []).map(({ pfn }) => pfn), ...(outcome.grant === undefined ? [] : [outcome.grant.pfn])];
  for (const pfn of touched) touch(world, pfn);
  return outcome;
}

/** Frames of this zone were allocated or freed: some may stand on per-CPU lists. */
export function touch(world: World, pfn: number): void {
  const zone = zoneOfFrame(world, pfn);
  if (zone !== undefined) world.undrained.add(zone);
}

/** The zone's per-CPU lists were drained. */
export function drained(world: World, pfn: number): void {
  const zone = zoneOfFrame(world, pfn);
  if (zone !== undefined) world.undrained.delete(zone);
}

/** The one zone of the frame's block, if there is one. */
export function zoneOfFrame(world: World, pfn: number): ZoneIndex | undefined {
  const block = blockOfFrame(world, pfn);
  return world.see("blocks").find((view) => view.block === block)?.zone ?? undefined;
}

export function blockOfFrame(world: World, pfn: number): BlockId {
  const { sectionPages, blockSections } = world.machine.geometry;
  return Math.floor(pfn / (sectionPages * blockSections)) as BlockId;
}

/**
 * The errno of an outcome against what came back. A call that the specification does not take is one that the kernel warns of, or
 * is missing. `silent`: the function gives nothing back, and only warns. `interrupted`: a signal came if it had not ended.
 */
export function compareErrno(world: World, outcome: Outcome, observed: Answer, { silent = false, interrupted = false }: { readonly silent?: boolean; readonly interrupted?: boolean } = {}): StepVerdict {
  const warned = observed.log.some((line) => /WARNING|BUG:/u.test(line));
  if (outcome.result === "skipped") return compareSkipped(outcome.because?.kind ?? "skipped", observed, warned);
  const predicted = errnoOf(outcome);
  if (outcome.result === "livelock" && !interrupted) return differs("no end before a signal", `errno ${observed.errno}`);
  if (predicted === "0" && warned) return differs("no warning", "a warning");
  if (silent && observed.errno === "0") return compareWarning(predicted, warned);
  if (predicted === observed.errno) return all([compareReturned(predicted, observed), compareCulprit(world, outcome, observed)]);
  const because = outcome.because === undefined ? "" : ` because of ${outcome.because.kind}${outcome.because.pfn === undefined ? "" : ` at frame ${hex(outcome.because.pfn)}`}`;
  return differs(`errno ${predicted}${because}`, `errno ${observed.errno}`);
}

/** Calls that Linux leaves to its callers, and refuses here: nothing has changed. */
const leftToCallers: ReadonlySet<string> = new Set(["not-one-zone"]);

/** Calls that the model leaves out, whatever comes back (docs/fidelity.md). */
const leftOut: ReadonlySet<string> = new Set(["memmap-frame", "guard-page", "memmap-unit", "pcp-lock", "order-of-kind"]);

function compareSkipped(kind: string, observed: Answer, warned: boolean): StepVerdict {
  if (warned) return observed.errno === "0" ? agreesBy("warned") : differs("errno 0 and a warning", `errno ${observed.errno}`);
  if (observed.errno === "0" || leftOut.has(kind)) return missing(`a call that the specification does not take (${kind})`, true);
  return leftToCallers.has(kind) ? missing(`a call that the specification does not take (${kind})`, false) : differs(`a call that can not be made (${kind})`, `errno ${observed.errno}`);
}

function compareWarning(predicted: string, warned: boolean): StepVerdict {
  if (warned === (predicted !== "0")) return warned ? agreesBy("warned") : agrees;
  return warned ? differs("no warning", "a warning") : differs(`a warning (${predicted})`, "no warning");
}

/** Where the log names the pages that stood in the way, the prediction stumbled over the pageblock of one of them. */
function compareCulprit(world: World, { because }: Outcome, { log }: Answer): StepVerdict {
  const named = kernelPages(log);
  const size = 2 ** world.machine.geometry.pageblockOrder;
  const predicted = because?.pfn;
  if (predicted === undefined || named.length === 0 || named.some((pfn) => Math.floor(pfn / size) === Math.floor(predicted / size))) return agrees;
  return differs(`an unmovable page in the pageblock of frame ${hex(predicted)}`, `at frame ${named.map(hex).join(", ")}`);
}

/** include/uapi/asm-generic/errno.h. */
const errnoNumbers: Readonly<Record<string, number>> = { EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, EAGAIN: 11, ENOMEM: 12, EFAULT: 14, EBUSY: 16, EEXIST: 17, EINVAL: 22, EOPNOTSUPP: 95, EHWPOISON: 133 };

/** Where the step also prints what the function returned, a refusal as a negative number. */
function compareReturned(predicted: string, { out }: Answer): StepVerdict {
  const returned = /^ret=(-?\d+)$/u.exec(out[0] ?? "")?.[1];
  if (returned === undefined) return agrees;
  return compare("returned", -(errnoNumbers[predicted] ?? 0) + 0, Number(returned));
}

/** Frames that the kernel's log names as unmovable pages and that no command of the record took. */
function kernelPages(log: readonly string[]): readonly number[] {
  const found = new Set<number>();
  let pfn: number | undefined;
  for (const line of log) {
    if (line.startsWith("page: ")) pfn = Number.parseInt(/ pfn:0x([0-9a-f]{1,12})\b/u.exec(line)?.[1] ?? "", 16);
    if (line.includes("(reserved")) pfn = undefined;
    if (pfn !== undefined && Number.isSafeInteger(pfn) && line.includes("unmovable page")) found.add(pfn);
  }
  return [...found];
}

/**
 * Plays a part of a step with the kernel's own pages at the frames that its log names: they are there for this step only,
 * because nobody says when they come and go.
 */
export function withKernelPages(world: World, log: readonly string[], play: () => StepVerdict): StepVerdict {
  const named = kernelPages(log);
  if (named.length === 0) return play();
  const read = frameReader(world.see("frames"));
  // Where only the test allocates there are no pages of the kernel's own.
  const free = named.filter((pfn) => read(pfn).use === FrameUse.Free && !isQuiet(world, read(pfn).zone));
  const placed: AllocId[] = [];
  for (const pfn of free) {
    const id = world.nextLabel();
    const zone = zoneOfFrame(world, pfn);
    const node = zone === undefined ? 0 : (world.see("zones")[zone]?.node ?? 0);
    const verdict = world.tell({ op: "alloc", id, kind: "kernel", order: 0, node, thisNode: false, zone: "normal" }, { result: "ok", grant: { pfn: toPfn(pfn), order: 0 } });
    if (verdict.verdict !== "admitted") return differs(`no page of the kernel's own at frame ${hex(pfn)}: ${verdict.because}`, `an unmovable page at frame ${hex(pfn)}`);
    placed.push(id);
  }
  const verdict = play();
  for (const id of placed) world.run({ op: "free", id, pcp: false });
  return placed.length === 0 ? verdict : all([verdict, agreesBy("unmovable-page")]);
}
