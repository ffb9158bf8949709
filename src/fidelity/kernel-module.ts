/** Calls that the test's kernel module makes, as commands. */
import { errnos, pfnRange, toPfn, vetoableEvents } from "../../models/index.ts";
import type { Add, Alloc, AllocId, Command, Grant, Migratetype, Pfn, PfnRange } from "../../models/index.ts";
import { addsTooMuch } from "../check/limits.ts";
import { act, blockOfFrame, compareErrno, drained, execute, touch, withKernelPages, zoneOfFrame } from "./act.ts";
import { moveIntoPool, touchesHugetlb } from "./hugetlb.ts";
import type { Answer } from "./observed.ts";
import { words } from "./observed.ts";
import { softOfflineFrame } from "./sysfs.ts";
import type { StepOf } from "./steps.ts";
import { agreesBy, all, compare, differs, done, errnoOf, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frames } from "./world.ts";
import type { World } from "./world.ts";

/** alloc_contig_range(). It drains the per-CPU lists of the zone. */
export function contigAlloc(world: World, { start, end, compound }: StepOf<"contig-alloc">, observed: Answer): StepVerdict {
  if (end <= start) return missing("an empty range", end < start);
  const range = pfnRange(toPfn(start), end - start);
  const kept = moveIntoPool(world, range);
  drained(world, start);
  for (const id of kept) execute(world, { op: "hold", id });
  const verdict = act(world, { op: "alloc-contig", id: world.nextLabel(), start: range.start, nrPages: range.nrPages, compound, gfp: "kernel" }, observed);
  for (const id of kept) execute(world, { op: "release", id });
  return verdict;
}

/** So many frames stay on a per-CPU list when they are freed; of more, an unknown part goes on to the buddy. */
const pcpBatch = 63;

export function contigFree(world: World, { start, nrPages }: StepOf<"contig-free">, observed: Answer): StepVerdict {
  const verdict = act(world, { op: "free-contig", start: toPfn(start), nrPages, pcp: nrPages <= pcpBatch }, observed);
  touch(world, start);
  return verdict;
}

/** alloc_contig_pages(): the first frame, or `null`. */
export function contigPages(world: World, { nrPages, node, movable, thisNode }: StepOf<"contig-pages">, observed: Answer): StepVerdict {
  const outcome = execute(world, { op: "alloc-contig-pages", id: world.nextLabel(), nrPages, node, thisNode, movable });
  return all([compareErrno(world, outcome, observed), compare("first frame", outcome.start === undefined ? "null" : String(outcome.start), observed.out[0] ?? "null")]);
}

export function isolate(world: World, { start, end }: StepOf<"isolate">, observed: Answer): StepVerdict {
  if (end <= start) return missing("an empty range", true);
  const id = world.nextLabel();
  world.tokens.set(`${start} ${end}`, id);
  return act(world, { op: "isolate", id, start: toPfn(start), nrPages: end - start, mode: "contig" }, observed);
}

export function testIsolated(world: World, { start, end }: StepOf<"test-isolated">, observed: Answer): StepVerdict {
  if (end <= start) return missing("an empty range", false);
  return act(world, { op: "test-isolated", start: toPfn(start), nrPages: end - start, mode: "contig" }, observed);
}

export function undoIsolate(world: World, { start, end }: StepOf<"undo-isolate">, observed: Answer): StepVerdict {
  const id = world.tokens.get(`${start} ${end}`);
  return id === undefined ? missing("undoing an isolation of another range", true) : act(world, { op: "unisolate", id, start: toPfn(start), nrPages: end - start }, observed);
}

const letters: Readonly<Record<string, Migratetype>> = { U: "Unmovable", M: "Movable", R: "Reclaimable", H: "HighAtomic", C: "CMA", I: "Isolate" };

/** alloc_pages(): the kernel says which frame it gave; whether that was permitted is the question. `1048576 mt=U zone=1:2` */
export function alloc(world: World, step: StepOf<"alloc">, observed: Answer): StepVerdict {
  const [text = "null"] = observed.out;
  const commands = allocCommands(world, step);
  if (text === "null") {
    const [outcome] = commands.slice(0, 1).map((command) => execute(world, command));
    if (outcome === undefined) return missing("a request of this order", true);
    return outcome.grant === undefined ? compareErrno(world, outcome, observed) : differs(`a page, as that at frame ${outcome.grant.pfn}`, "null");
  }
  if (observed.errno !== "0") return differs("errno 0", `errno ${observed.errno}`);
  const pfn = Number(text.split(" ")[0]);
  const type = letters[words(text).get("mt") ?? ""];
  if (!Number.isInteger(pfn) || type === undefined) return missing("what the allocation gave", true);
  const held: AllocId[] = [];
  for (const [index, command] of commands.entries()) {
    const at = toPfn(pfn + index * 2 ** command.order);
    const verdict = world.tell(command, { result: "ok", grant: grantOf(world, at, command.order, type) });
    if (verdict.verdict !== "admitted") return differs("permitted" in verdict ? verdict.permitted.join(", ") : verdict.because, text);
    held.push(command.id);
    // Movable memory that never got to the LRU does not move.
    if (step.type === "movable") execute(world, { op: "lru-isolate", id: command.id });
  }
  world.held.set(pfn, held);
  world.lastAlloc = commands[0] ?? null;
  touch(world, pfn);
  const zone = zoneOfFrame(world, pfn);
  return all([agreesBy("placed"), zone === undefined ? agreesBy() : compare("zone", `${Math.floor(zone / 5)}:${zone % 5}`, words(text).get("zone") ?? "")]);
}

/** Movable blocks larger than a folio are taken as two. */
function allocCommands(world: World, { order, type, node, thisNode }: StepOf<"alloc">): readonly Alloc[] {
  const { pageblockOrder } = world.machine.geometry;
  const request = (kind: Alloc["kind"], of: number): Alloc => ({ op: "alloc", id: world.nextLabel(), kind, order: of, node, thisNode, zone: "normal" });
  if (type === "unmovable") return [request("kernel", order)];
  if (type === "reclaimable") return [request("slab-reclaimable", order)];
  if (order === 0) return [request("user", 0)];
  return Array.from({ length: 2 ** Math.max(0, order - pageblockOrder) }, () => request("folio", Math.min(order, pageblockOrder)));
}

/** The grant with the pageblocks that changed their type for it: those of the free block, or the one around the frame. */
export function grantOf(world: World, pfn: Pfn, order: number, type: Migratetype): Grant {
  const { pageblockOrder } = world.machine.geometry;
  const size = 2 ** pageblockOrder;
  const before = world.see("pageblocks").find(({ start }) => pfn >= start && pfn < start + size);
  if (before === undefined || before.type === type) return { pfn, order };
  const block = world.see("freeBlocks").find((at) => pfn >= at.pfn && pfn < at.pfn + 2 ** at.order);
  const from = block !== undefined && block.order >= pageblockOrder ? block.pfn : before.start;
  const nrPages = block !== undefined && block.order >= pageblockOrder ? 2 ** block.order : size;
  return { pfn, order, retyped: Array.from({ length: nrPages / size }, (_, index) => toPfn(from + index * size)) };
}

export function free(world: World, { pfn }: StepOf<"free">, observed: Answer): StepVerdict {
  const held = world.held.get(pfn);
  if (held === undefined) return missing("freeing what the module does not hold", true);
  const lru = new Set(world.see("allocations").flatMap(({ id, lruIsolated }) => (lruIsolated ? [id] : [])));
  const outcomes = held.map((id) => {
    if (lru.has(id)) execute(world, { op: "lru-putback", id });
    return execute(world, { op: "free", id, pcp: true });
  });
  world.held.delete(pfn);
  touch(world, pfn);
  return all(outcomes.map((outcome) => compareErrno(world, outcome, observed)));
}

export function drain(world: World): StepVerdict {
  for (const { node, type } of world.see("zones")) execute(world, { op: "drain", node, zone: type });
  world.undrained.clear();
  return done;
}

function bytesToRange(world: World, start: number, bytes: number): PfnRange | undefined {
  const first = frames(world, start);
  const nrPages = frames(world, bytes);
  return Number.isInteger(first) && Number.isInteger(nrPages) ? pfnRange(toPfn(first), nrPages) : undefined;
}

export function add(world: World, { node, start, bytes, group }: StepOf<"add">, observed: Answer): StepVerdict {
  const label = group ? world.groups.get(node) : null;
  const range = bytesToRange(world, start, bytes);
  if (label === undefined || range === undefined) return missing("a range that is no whole frames, or a group that is not known", observed.errno === "0");
  // The end of the resource tree, which the processor's address width sets, stands before the end of what can be mapped.
  if (observed.errno === "EEXIST" && range.start >= 2 ** 46 / world.machine.geometry.pageBytes && range.start < world.machine.hotplugEnd) return missing("the end of the resource tree", false);
  const command: Add = { op: "add", start: range.start, nrPages: range.nrPages, node: group ? 0 : node, memmapOnMemory: false, group: label };
  const much = addsTooMuch(world.machine, { geometry: world.machine.geometry, frames: world.see("frames") }, command);
  return much === undefined ? act(world, command, observed) : missing(much, true);
}

export function remove(world: World, { start, bytes }: StepOf<"remove">, observed: Answer): StepVerdict {
  const range = bytesToRange(world, start, bytes);
  return range === undefined ? missing("a range that is no whole frames", true) : act(world, { op: "remove", start: range.start, nrPages: range.nrPages }, observed);
}

export function offlineAndRemove(world: World, { start, bytes }: StepOf<"offline-and-remove">, observed: Answer): StepVerdict {
  const range = bytesToRange(world, start, bytes);
  return range === undefined ? missing("a range that is no whole frames", true) : act(world, { op: "offline-and-remove", start: range.start, nrPages: range.nrPages }, observed);
}

/** The number of a group is the lowest that is free. */
export function registerGroup(world: World, { dynamic, node, nrPages }: StepOf<"group">, observed: Answer): StepVerdict {
  const id = world.nextLabel();
  const outcome = execute(world, dynamic ? { op: "group-dynamic", id, node, unitPages: nrPages } : { op: "group-static", id, node, maxPages: nrPages });
  if (errnoOf(outcome) !== "0") return compareErrno(world, outcome, observed);
  let number = 0;
  while (world.groups.has(number)) number += 1;
  world.groups.set(number, id);
  return all([compare("errno", "0", observed.errno), compare("group", `ret=${number}`, observed.out[0] ?? "")]);
}

export function unregisterGroup(world: World, { group }: StepOf<"group-unregister">, observed: Answer): StepVerdict {
  const verdict = act(world, { op: "group-unregister", id: world.groups.get(group) ?? world.nextLabel() }, observed);
  if (observed.errno === "0") world.groups.delete(group);
  return verdict;
}

/**
 * The module marks a frame that it holds as PageOffline, or takes the mark off. For the model such a frame is one that a driver
 * took off line; unlike that driver the module leaves the zone's managed count alone (look-zones.ts).
 */
export function pageOffline(world: World, step: StepOf<"page-offline">, observed: Answer): StepVerdict {
  const range = { start: toPfn(step.pfn), nrPages: 1 };
  const commands: readonly Command[] = step.value
    ? [{ op: "free-contig", ...range, pcp: false }, { op: "fake-offline", ...range, drops: false }]
    : [{ op: "fake-online", ...range }, { op: "alloc-contig", id: world.nextLabel(), ...range, compound: false, gfp: "kernel" }];
  if (commands.some((command) => execute(world, command).result !== "ok")) return missing("PageOffline on a page that the module does not hold", true);
  if (step.value) world.markedOffline.add(step.pfn);
  else world.markedOffline.delete(step.pfn);
  return compare("errno", "0", observed.errno);
}

export function poison(world: World, { pfn }: StepOf<"poison">, observed: Answer): StepVerdict {
  if (touchesHugetlb(world, pfnRange(toPfn(pfn), 1))) return missing("a memory error in a page of the hugetlb pool", true);
  return act(world, { op: "poison", pfn: toPfn(pfn) }, observed);
}

export function softOffline(world: World, { pfn }: StepOf<"soft-offline">, observed: Answer): StepVerdict {
  return softOfflineFrame(world, pfn, observed);
}

export function unpoison(world: World, { pfn }: StepOf<"unpoison">, observed: Answer): StepVerdict {
  const verdict = act(world, { op: "unpoison", pfn: toPfn(pfn) }, observed);
  touch(world, pfn);
  return verdict;
}

export function veto(world: World, step: StepOf<"veto">): StepVerdict {
  const event = vetoableEvents.find((name) => name === step.event);
  const errno = errnos.find((name) => name === step.errno);
  if (event === undefined || errno === undefined) return missing(`refusing ${step.event} with ${step.errno}`, true);
  world.vetoes.set(event, errno);
  return done;
}

export function vetoEnds(world: World): StepVerdict {
  world.vetoes.clear();
  return world.armed.size > 0 ? missing("taking back a refusal that no call has met", true) : done;
}

/** A write to `state` that is still on its way when the next steps come. */
export function begin(world: World, { value, block }: StepOf<"begin">): StepVerdict {
  const word = value === "offline" ? value : undefined;
  if (word === undefined) return missing("other writes in the background", true);
  const task = world.nextLabel();
  const { sectionPages, blockSections } = world.machine.geometry;
  drained(world, block * sectionPages * blockSections);
  let outcome = execute(world, { op: "start", task, command: { op: "write-state", block: blockOfFrame(world, block * sectionPages * blockSections), value: word } });
  // It goes as far as it can without others: until a step changes nothing.
  for (let idle = 0; outcome.result === "running" && idle < 2; idle += (outcome.moved ?? outcome.events) === undefined ? 1 : 0) outcome = execute(world, { op: "step", task });
  world.background = { task, ended: outcome.result === "running" ? null : outcome };
  return done;
}

export function isRunning(world: World, observed: Answer): StepVerdict {
  const { background } = world;
  if (background === null) return missing("a write in the background", false);
  if (background.ended === null) {
    const outcome = execute(world, { op: "step", task: background.task });
    if (outcome.result !== "running") background.ended = outcome;
  }
  return compare("the write", background.ended === null ? "running" : "done", observed.out[0] === "running" ? "running" : "done");
}

export function endBackground(world: World, observed: Answer): StepVerdict {
  const { background } = world;
  if (background === null) return missing("a write in the background", false);
  const outcome = background.ended ?? execute(world, { op: "signal", task: background.task });
  world.background = null;
  return withKernelPages(world, observed.log, () => compareErrno(world, outcome, observed));
}
