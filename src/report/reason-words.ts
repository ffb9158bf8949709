/** The reasons of models/catalogue.ts as half sentences that follow "because". */
import { commandCatalogue, hex } from "../../models/index.ts";
import type { Because, Command } from "../../models/index.ts";
import { allocName, deviceName, groupName, taskName, tokenName } from "./names.ts";

type Words = (because: Because, command: Command) => string;

const frame = ({ pfn }: Because): string => (pfn === undefined ? "a frame" : `frame ${hex(pfn)}`);
const pageblock = ({ pfn }: Because): string => (pfn === undefined ? "a pageblock" : `pageblock ${hex(pfn)}`);
const block = (because: Because): string => (because.block === undefined ? "the block" : `block ${because.block}`);
const page = ({ id }: Because): string => (id === undefined ? "the page" : allocName(id));
const say =
  (words: string): Words =>
  () =>
    words;

// Reasons that the catalogue has under `offline-...` for the state files are the same without that prefix.
const reasons: Readonly<Record<string, Words>> = {
  "label-in-use": (_, command) => `${labelOf(command)} exists already`,
  "order-of-kind": say("the kind does not come in this order"),
  "no-such-node": say("the node is not online"),
  "no-free-block": say("no allowed zone has a free block for it"),
  "no-such-label": (_, command) => `there is no ${labelOf(command)}`,
  "freed-already": (because) => `${page(because)} was freed already`,
  "not-from-alloc": (because) => `${page(because)} came from a contiguous or CMA allocation`,
  inflated: (because) => `${page(because)} is in a balloon`,
  "not-inflated": (because) => `${page(because)} is not in a balloon`,
  "no-balloon": say("the machine has no balloon"),
  "no-high-atomic": say("the machine has no HighAtomic reserves"),
  "no-lru-batches": say("the machine has no batches of the LRU"),
  "not-single-lru": (because) => `${page(because)} is no single page of the LRU`,
  "in-batch": (because) => `${page(because)} is in a batch of the LRU already`,
  "no-node-stats": say("the machine keeps no statistics of nodes"),
  "no-compaction": say("the machine has no compaction"),
  "no-such-zone": say("there is no such node"),
  "pcp-lock": say("the per-CPU lists of the zone are not free to be changed"),
  "not-held": (because) => `nobody holds ${page(because)}`,
  "not-on-lru": (because) => `${page(because)} is not on the LRU`,
  "not-isolated": (because) => (because.pfn === undefined ? "it is not isolated" : `${pageblock(because)} is not isolated`),
  "not-mapped": (because) => `${page(because)} is not mapped into a process`,
  stuck: (because) => `${because.id === undefined ? frame(because) : page(because)} can not be moved`,
  "off-lru": (because) => `someone has ${page(because)} off the LRU`,
  "no-target": (because) => `no zone has room to move ${page(because)} to`,
  "not-pinned": (because) => `${page(because)} is not pinned so`,
  "memmap-frame": (because) => `${frame(because)} holds a memmap`,
  "guard-page": (because) => `${frame(because)} is a guard page`,
  "not-online": (because) => `${frame(because)} is not online`,
  "poisoned-already": (because) => `${frame(because)} is poisoned already`,
  held: (because) => `${page(because)} is held or pinned`,
  "kernel-page": (because) => `${frame(because)} is in use by the kernel`,
  "folio-not-split": (because) => `${frame(because)} is part of a large folio`,
  "hotplug-lock": say("a half-done online or offline holds device_hotplug_lock"),
  "not-valid": (because) => `${frame(because)} has no struct page`,
  "not-poisoned": (because) => `${frame(because)} is not poisoned`,
  "in-use": (because) => `${frame(because)} is in use`,
  "not-reserved": (because) => `${frame(because)} was not taken at boot`,
  "not-one-zone": say("the range is not all online pages of one zone"),
  "not-cma": say("a pageblock of the range is not CMA"),
  isolation: (because) => `${pageblock(because)} can not be isolated`,
  "page-in-use": (because) => `${frame(because)} is not free`,
  gfp: say("nofail is not allowed here"),
  "compound-shape": say("the range can not be one compound page"),
  "not-contig": say("the range is not of contiguous allocations"),
  "compound-size": say("the range is not exactly the compound allocation"),
  "compound-misaligned": say("the compound allocation is not aligned to its size"),
  "no-range": say("no candidate range worked"),
  "no-such-area": say("there is no such CMA area"),
  "no-such-range": say("it names no range of pages that there is"),
  "not-active": say("the CMA area could not be activated at boot"),
  "too-large": say("the CMA area is smaller"),
  "not-in-area": (because) => `${page(because)} is not of this CMA area`,
  "not-page-offline": (because) => `${frame(because)} is not PageOffline`,
  "altmap-bounds": say("what is to be reserved and set aside for the memmap is more than the range"),
  "nothing-left": say("all of the range is reserved or set aside for the memmap"),
  "window-edge": say("the range lies partly inside a window of the resource tree"),
  "not-mappable": say("the range is empty or lies behind hotplugEnd"),
  "resource-busy": say("the range overlaps memory that is there"),
  "block-alignment": say("the range is not whole memory blocks"),
  "no-such-group": say("there is no such group"),
  "node-not-possible": say("there is no such node"),
  "fail-node": say("setting up the node was made to fail"),
  "fail-usage": say("the usage record was made to fail"),
  "section-in-use": (because) => (because.pfn === undefined ? "a subsection is there already" : `a subsection at ${hex(because.pfn)} is there already`),
  "no-memmap": say("there are no frames for the memmap"),
  "fail-memory-block": (because) => `registering ${block(because)} was made to fail`,
  "no-such-block": (_, command) => ("block" in command ? `there is no block ${command.block}` : "a block of the range does not exist"),
  "block-online": (because) => `${block(because)} is not offline`,
  "mixed-memmap": say("only some blocks of the range host their memmap"),
  "no-single-zone": (because) => `${block(because)} is not managed by one zone`,
  "memory-hole": (because) => `${block(because)} has a hole`,
  veto: ({ detail }) => `a notifier refused${detail === undefined ? "" : ` ${detail}`}`,
  "page-offline": (because) => `${frame(because)} is PageOffline and its driver holds it`,
  "state-already": (because) => `${block(because)} is in that state already`,
  "block-has-poison": (because) => `${block(because)} holds poisoned frames`,
  size: say("the size does not fit a group"),
  "group-has-blocks": say("a block is a member of the group"),
  "memmap-unit": say("the memmap would share a frame with that of its neighbour"),
  "device-conflict": say("the range overlaps a mapped device"),
  "ram-conflict": say("the range overlaps System RAM"),
  "subsection-alignment": say("the range is not whole subsections"),
  "no-such-device": say("the machine has no such dax device"),
  bound: say("the driver has the device already"),
  "not-bound": say("the driver does not have the device"),
  "no-compound-devices": say("the machine has no devices in compound pages"),
  "compound-range": say("the range is not whole compound pages"),
  "no-virtio-mem": say("the machine has no virtio-mem device"),
  "device-broken": say("the driver has given the virtio-mem device up"),
  "driver-group": say("it is the group of the virtio-mem device"),
  "too-much-offline": say("too much memory of the device is offline"),
  "no-usable-block": say("no block of the device is left that can be mapped"),
  "driver-memory": say("only its driver adds and removes that memory"),
  "too-small": say("no range of the device holds a whole memory block"),
  "region-busy": (because) => (because.pfn === undefined ? "the range can not be reserved" : `the range at ${hex(because.pfn)} can not be reserved`),
  "no-such-pool": say("there is no pool of that order"),
  "not-free-in-pool": (because) => `${page(because)} is not free in a pool`,
  "nothing-promised": say("the pool has promised nothing"),
  promised: (because) => `all free pages of the pool of ${page(because)} are promised`,
  "too-few-free": say("fewer pages are free"),
  poisoned: (because) => `${because.pfn === undefined ? page(because) : frame(because)} is poisoned`,
  "huge-page": (because) => `${because.id === undefined ? "a huge page" : page(because)} can not be dissolved`,
  signal: ({ task }) => `a signal came${task === undefined ? "" : ` for ${taskName(task)}`}`,
};

// What an isolation can fail with; told as the detail of the reason `isolation`, with the pageblock.
const isolationFailures: Readonly<Record<string, Words>> = {
  "no-pageblock": (because) => `there is no ${pageblock(because)}`,
  "isolated-already": (because) => `${pageblock(because)} is isolated already`,
  "unmovable-page": (because) => `${pageblock(because)} holds a page that may not stay`,
  "pageblock-leaves-zone": (because) => `${pageblock(because)} reaches out of its zone`,
  "compound-across-border": (because) => `a compound page reaches across ${pageblock(because)}`,
};

/** The reasons that have words here. */
export const wordedReasons: readonly string[] = Object.keys(reasons);

/** Why the command came out as it did. `owner`: who has the frame or pageblock that the reason names. */
export function reasonWords(command: Command, because: Because, owner?: string): string {
  const kind = because.kind.replace(/^offline-/, "");
  const failure = kind === "isolation" && because.detail !== undefined ? wordsIn(isolationFailures, because.detail) : undefined;
  const words = (failure ?? wordsIn(reasons, kind))?.(because, command) ?? catalogued(command.op, because) ?? because.kind;
  const told = failure !== undefined || kind === "veto" || because.detail === undefined || wordsIn(reasons, because.detail) !== undefined ? "" : ` (${because.detail})`;
  return `${words}${told}${owner === undefined ? "" : `: ${owner}`}`;
}

// Reasons come from files too, where one may be called "constructor".
function wordsIn(table: Readonly<Record<string, Words>>, kind: string): Words | undefined {
  return Object.hasOwn(table, kind) ? table[kind] : undefined;
}

function labelOf(command: Command): string {
  switch (command.op) {
    case "start":
    case "step":
    case "signal":
      return taskName(command.task);
    case "isolate":
    case "unisolate":
      return tokenName(command.id);
    case "group-static":
    case "group-dynamic":
    case "group-unregister":
      return groupName(command.id);
    case "kmem-probe":
      return groupName(command.group);
    case "device-map":
    case "device-unmap":
      return deviceName(command.id);
    default:
      return "id" in command ? allocName(command.id) : "the label";
  }
}

function catalogued(op: Command["op"], { kind }: Because): string | undefined {
  const { skipped, refused, other = [] } = commandCatalogue[op];
  return [...skipped, ...refused, ...other].find(({ reason }) => reason === kind)?.when;
}
