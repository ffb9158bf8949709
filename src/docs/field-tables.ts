/** The fields of files and of JSON reports for docs/reports.md. A field without words does not compile. */
import type { Attempt, Because, CmaAreaDescription, Geometry, Grant, MachineDescription, Move, NodeDescription, Outcome } from "../../models/index.ts";
import type { Evidence } from "../../properties/index.ts";
import type { JsonAudit } from "../audit/json.ts";
import type { Finding, SubjectName } from "../check/counterexample.ts";
import type { SavedCounterexample } from "../formats/counterexample.ts";
import type { Scenario } from "../formats/scenario.ts";
import type { JsonCounterexample, JsonRun } from "../report/json.ts";
import { table } from "./markdown.ts";

type Words<T> = Readonly<Record<keyof Required<T>, string>>;

export const runFields: Words<JsonRun> = {
  version: "of the form: 1; a field that is added does not change it",
  verdict: "`holds`, `breach` or `inconclusive`",
  because: "why nothing can be said; only where the verdict is `inconclusive`",
  seed: "the seed of the search; null where the scenarios did not come from one",
  machine: "name of the machine, `drawn`, or several names with commas",
  profile: "the profile that judged",
  exhausted: "whether every scenario of a sort was tried; only where that was asked for",
  runs: "scenarios that were walked",
  commands: "commands in all of them",
  goals: "each goal of the [specification](spec.md#goals): `id`, and whether it was `reached`",
  clauses: "each clause of the specification: `id`, and whether it was `reached`: had an outcome to judge that could break it",
  rules: "each invariant and law: `id`, and whether it was `reached`: there was what it is about",
  permissions: "each switch of the judging profile, and others that were permitted on the way: `id`, and how often it was `used`",
  counterexample: "the first finding; left out where nothing was found",
  findings: "all findings, the first included; left out where there are fewer than two",
};

export const jsonCounterexampleFields: Words<JsonCounterexample> = {
  rule: "id of the rule: an invariant or law, a clause, the fact in which two views differ (`view-zones`), `self-check`, or `crash`",
  title: "the sentence that should have been true",
  kind: "`invariant`, `law`, `clause`, `agreement`, `self-check` or `crash`",
  machine: "name of the machine",
  profile: "the profile that judged",
  subject: "who was judged",
  seed: "seed of the search that found it; null where it did not come from one",
  run: "number of the run, from 0; null where it did not come from a seed",
  commands: "the scenario, up to and with the command that broke the rule",
  outcomes: "what the subject answered to each, the breaking one included",
  breaking: "index of the command that broke the rule; -1: it is broken right after boot",
  evidence: "what is not as the rule says",
  because: "the reason in words",
  permitted: "what the specification would have permitted, in words; empty where that does not apply",
  expected: "what the specification answers to the breaking command when it runs alone",
  source: "kernel function or document that the rule comes from",
  signature: "what stays the same when the scenario is shrunk: the switches that explain it, else the rule",
  explainedBy: "switches that, added to the judging profile, make the scenario pass",
  reduction: "how it was shrunk, or null",
};

export const reductionFields: Words<NonNullable<JsonCounterexample["reduction"]>> = {
  fromCommands: "commands of the scenario before",
  executions: "smaller scenarios that were run",
  complete: "nothing simpler still fails; false: the search for one was stopped",
};

export const subjectFields: Words<SubjectName> = {
  subject: "`engine` or `reference`",
  profile: "the profile it ran under",
  mutant: "the planted fault, as `framecheck mutants` names it, or null",
};

export const evidenceFields: Words<Evidence> = {
  pfn: "the frame concerned, or the first of several",
  nrPages: "frames concerned, where there are several in a row",
  where: "what it is about, where that is not a frame: `zone Normal of node 0`, `block 3`",
  was: "what should be",
  is: "what is",
  owner: "who owns the frame or holds the thing",
};

export const outcomeFields: Words<Outcome> = {
  result: "`ok`, `refused`, `skipped`, `livelock`, `bug` or `running` ([answers](spec.md#answers))",
  errno: "with `refused`; with `livelock` it is EINTR",
  because: "why; never compared between implementations",
  grant: "of `alloc`: the block that was given",
  memmap: "of `add` and `device-map`: blocks taken for the memmap, in order, also those given back when the command failed",
  dropped: "labels of clean page-cache pages that were dropped",
  moved: "pages that were moved, in order",
  attempts: "of `alloc-contig-pages` and `cma-alloc`: the ranges that were tried, in order",
  start: "of `alloc-contig-pages` and `cma-alloc`: the first frame given",
  events: "notifier calls, in order: `event`, `start`, `nrPages`",
};

export const grantFields: Words<Grant> = {
  pfn: "first frame",
  order: "2^order frames",
  retyped: "first frames of the pageblocks that got the type of the request because of it",
};

export const moveFields: Words<Move> = {
  id: "label of the allocation",
  from: "its first frame before",
  to: "the block it moved to, as a grant",
};

export const attemptFields: Words<Attempt> = {
  start: "first frame of the range",
  errno: "why it failed; left out for the one that worked",
  dropped: "as in the outcome",
  moved: "as in the outcome",
};

export const becauseFields: Words<Because> = {
  kind: "a reason of the [catalogue](spec.md#commands)",
  pfn: "the frame in the way",
  block: "the memory block",
  id: "the allocation in the way",
  task: "the task",
  detail: "anything else, as words",
};

export const scenarioFields: Words<Scenario> = {
  title: "what it is about; may be left out",
  machine: "name of a machine, or an object as in a machine file",
  profile: "the profile that judges; left out: `strict`",
  subject: "who is judged; left out: the engine under the profile that judges. Each of its fields may be left out: the engine, the profile of the scenario, no planted fault",
  commands: "the commands; [spec.md](spec.md#commands) has their fields, none of which may be left out",
};

export const counterexampleFields: Words<SavedCounterexample> = {
  signature: "as in the JSON report",
  finding: "what broke",
  machine: "name of a machine, or an object as in a machine file",
  profile: "the profile that judged",
  subject: "who was judged",
  seed: "seed of the search, or null",
  run: "number of the run, or null",
  reduction: "how it was shrunk, or null",
  explainedBy: "as in the JSON report",
  breaking: "index of the breaking command; -1: right after boot",
  commands: "the scenario",
  outcomes: "what the subject answered",
};

export const findingFields: Words<Finding> = {
  kind: "as in the JSON report",
  rule: "as in the JSON report",
  title: "as in the JSON report",
  source: "as in the JSON report",
  evidence: "as in the JSON report",
  because: "as in the JSON report",
  permitted: "as in the JSON report",
};

export const machineFields: Words<MachineDescription> = {
  name: "at most 64 characters; reports call it so",
  geometry: "the sizes, see below",
  arch: "`x86-64`: boot memory may go offline and be removed. `arm64`: a boot section never goes offline",
  dmaEnd: "zone DMA ends before this frame; 0: there is none",
  dma32End: "zone DMA32 begins where DMA ends and ends before this frame; the same as dmaEnd: there is none",
  nodes: "1 to 16 NUMA nodes, see below; the place in the list is the number",
  reserved: "ranges `start`, `nrPages` taken before the buddy allocator: PageReserved, present but not managed",
  bootMemmap: "first of the frames that hold the memmap of the boot sections; they count as reserved. null: it lies outside the modelled memory",
  cma: "CMA areas declared at boot, see below",
  memmapOnMemory: "the module parameter memmap_on_memory: `never`, `yes` or `force`",
  movableNode: "the boot option movable_node",
  autoOnline: "auto_online_blocks: `offline`, `online`, `online_kernel` or `online_movable`",
  onlinePolicy: "`contig-zones` or `auto-movable`",
  autoMovableRatio: "percent; 0: never movable",
  autoMovableNumaAware: "the ratio holds on each node too",
  balloon: "true: the machine has a virtio balloon (without DEFLATE_ON_OOM), which `inflate` fills; left out otherwise",
  highAtomic: "true: requests of several pages that can not wait reserve pageblocks, by `alloc-atomic`; left out otherwise",
  lruBatches: "true: pages can be in the per-CPU batches of the LRU, by `lru-batch`; left out otherwise",
  nodeStats: "true: NR_ISOLATED_ANON and NR_ISOLATED_FILE of nodes are kept; left out otherwise",
  zeroPage: "the zero page, one of the reserved frames; left out: it lies outside the modelled memory",
  hugePages: "sizes of huge pages that have pools, orders ascending: `order`, and whether pages in use can be migrated: `migratable`. Left out: none",
  hotplugEnd: "first frame that can not be mapped: nothing is added there",
  compaction: "`true`: the command `compact` can be issued; left out: it is skipped",
  guardMinOrder: "debug_guardpage_minorder with debug_pagealloc: halves of split blocks below this order become guard pages; left out: none",
  windows: "address ranges of devices that the firmware names, with `start` and `nrPages`, ascending, outside boot memory: entries of the resource tree that are not busy, inside which memory and devices come and go. May be left out: none",
  compoundDevices: "true: devices may be mapped in compound pages, `vmemmapShift`; left out otherwise",
  daxDevices: "devices whose memory a driver can add: the `node` that it joins, and `ranges` outside boot memory, apart from one another. May be left out: none",
  virtioMem: "a virtio-mem device: its `node` and its `region`, `start` and `nrPages`, outside all else. May be left out: none",
};

export const geometryFields: Words<Geometry> = {
  pageBytes: "bytes of a frame",
  structPageBytes: "bytes of a struct page",
  pageblockOrder: "a pageblock is 2^this frames",
  maxPageOrder: "the largest free block is 2^this frames (MAX_PAGE_ORDER, inclusive)",
  subsectionPages: "frames of a subsection",
  sectionPages: "frames of a section",
  blockSections: "sections of a memory block",
  pmdPages: "frames that one PMD entry maps: a memmap is built in blocks of this size",
};

export const nodeFields: Words<NodeDescription> = {
  memory: "ranges `start`, `nrPages` of memory at boot, ascending; empty: a node without memory",
  movableStart: "first frame of zone Movable at boot, rounded up to the largest order; null: none",
  cpus: "a node with a CPU stays online when its memory goes",
};

export const cmaFields: Words<CmaAreaDescription> = {
  base: "first frame, a multiple of a pageblock",
  nrPages: "a multiple of a pageblock, at least one",
  orderPerBit: "each bit of the bitmap stands for 2^this frames",
  reservePagesOnError: "the frames of an area across a zone border, which can not be activated, stay reserved; else they are free as if there were no area",
};

export const auditFields: Words<JsonAudit> = {
  framecheck: "`audit`",
  version: "1",
  root: "the folder whose files were read",
  live: "a running machine, not a saved copy",
  kernel: "release of the kernel, or null",
  arch: "`x86-64`, `arm64` or null",
  verdict: "`holds`, `breach` or `inconclusive`",
  readings: "how often the system was read",
  broken: "rules that are broken: `rule`, `title`, `source`, `evidence`",
  judged: "ids of the rules that held",
  notJudged: "rules that could not be judged: `id`, `title`, `why`, the files or facts it `needs`, and `unsteady`: the system changed while it was read",
  assumptions: "what was taken for granted, in words",
  missing: "files that could not be read: `file`, `why`",
  geometry: "the sizes, as in a machine file, or null",
  zones: "zones: `node`, `type`, `start` (null: not shown), `spanned`, `present`, `managed`, `free`",
  blocks: "memory blocks: `block`, `state`, `zone`, `canGoOffline` (`yes`: nothing known that keeps it, `maybe`, `no`, null: it is not online), and `hindrances`: `kind`, whether it is `certain`, `count` and `first` frame",
};

/** `field`, and what it holds. */
export function fieldTable(words: Readonly<Record<string, string>>, more: (field: string) => readonly string[] = () => [], heads: readonly string[] = []): string {
  return table(["field", ...heads, "meaning"], Object.entries(words).map(([field, meaning]) => [`\`${field}\``, ...more(field), meaning]));
}
