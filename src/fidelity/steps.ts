/**
 * The words of recorded steps: what a line says, as data. `undefined` for a line that nobody here knows.
 *
 * Frame numbers are decimal in the steps of the kernel module and of the processes, addresses and sizes of add_memory() and
 * its kin are bytes in hex, as the module takes them.
 */
import { bytesOf } from "./memory-map.ts";

/** One member a kind, all with the same fields. */
type Each<K extends string, Fields> = K extends string ? Fields & { readonly kind: K } : never;

/** Frames [start, end). */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Of alloc_contig_range(): __GFP_COMP. */
  readonly compound: boolean;
}

/** A page of a mapping, by its offset in bytes. */
export interface PageOf {
  readonly name: string;
  readonly offset: number;
}

/** A step, read. */
export type Step =
  /** `interrupted`: a signal came if it had not ended by then. `shell`: a shell wrote, and its exit status is what came back. */
  | { readonly kind: "write"; readonly value: string; readonly file: string; readonly interrupted: boolean; readonly shell: boolean }
  | { readonly kind: "read"; readonly file: string }
  | { readonly kind: "online-kernel"; readonly first: number; readonly last: number }
  | { readonly kind: "plug"; readonly dimm: string; readonly bytes: number; readonly node: number }
  | { readonly kind: "unplug"; readonly dimm: string }
  | Each<"blocks" | "zones" | "events" | "drain" | "iomem" | "nothing" | "pool" | "veto-ends" | "is-running" | "end", object>
  | { readonly kind: "module-zones"; readonly lists: boolean }
  | { readonly kind: "free-lists"; readonly node: number; readonly zone: string }
  | Each<"buddyinfo" | "pagetypeinfo", { readonly node: number }>
  | Each<"meminfo" | "vmstat", { readonly fields: readonly string[] }>
  | Each<SpanKind, Span>
  | { readonly kind: "contig-free"; readonly start: number; readonly nrPages: number }
  | { readonly kind: "contig-pages"; readonly nrPages: number; readonly node: number; readonly movable: boolean; readonly thisNode: boolean }
  | { readonly kind: "alloc"; readonly order: number; readonly type: "unmovable" | "reclaimable" | "movable"; readonly node: number; readonly thisNode: boolean }
  | { readonly kind: "free"; readonly pfn: number; readonly order: number }
  | { readonly kind: "add"; readonly node: number; readonly start: number; readonly bytes: number; readonly group: boolean }
  | Each<"remove" | "offline-and-remove", { readonly start: number; readonly bytes: number }>
  | { readonly kind: "group"; readonly dynamic: boolean; readonly node: number; readonly nrPages: number }
  | { readonly kind: "group-unregister"; readonly group: number }
  | Each<"poison" | "soft-offline" | "unpoison", { readonly pfn: number }>
  | { readonly kind: "page-offline"; readonly pfn: number; readonly value: boolean }
  | { readonly kind: "veto"; readonly event: string; readonly errno: string }
  | { readonly kind: "map"; readonly name: string; readonly bytes: number; readonly options: readonly string[] }
  | Each<"unmap" | "check" | "pin" | "unpin" | "hold" | "release", { readonly name: string }>
  | { readonly kind: "frames-of"; readonly name: string; readonly offset: number; readonly bytes: number | null }
  | Each<"touch" | "poison-page" | "soft-offline-page", PageOf>
  | { readonly kind: "begin"; readonly value: string; readonly block: number }
  /** Known, and beyond what can be said of the machine here. */
  | { readonly kind: "missing"; readonly what: string; readonly changes: boolean };

type SpanKind = "types" | "pages" | "flags" | "flag-sums" | "contig-alloc" | "isolate" | "test-isolated" | "undo-isolate";

/** The steps of these kinds. */
export type StepOf<K extends Step["kind"]> = Extract<Step, { readonly kind: K }>;

type Reader = readonly [pattern: RegExp, read: (parts: readonly string[]) => Step];

const n = (text: string | undefined): number => Number(text ?? "0");
const bytes = (text: string | undefined): number => bytesOf(text ?? "") ?? 0;
const hexBytes = (text: string | undefined): number => Number.parseInt(text ?? "0", 16);

const range =
  (kind: SpanKind) =>
  ([, start, end, compound]: readonly string[]): Step => ({ kind, start: n(start), end: n(end), compound: compound === "comp" });

const missing = (what: string, changes: boolean) => (): Step => ({ kind: "missing", what, changes });

const errnoNames: Readonly<Record<string, string>> = { "-1": "EPERM", "-12": "ENOMEM", "-16": "EBUSY", "-22": "EINVAL" };
const errnoNamed = (number: string | undefined): string => errnoNames[number ?? ""] ?? `errno ${number ?? ""}`;

const notifierError = /^write '(-?\d+)' to \/sys\/kernel\/debug\/notifier-error-inject\/memory\/actions\/MEM_(\w+)\/error/u;
const gigabyte = 262_144;

/** One pattern a kind of line, the first that fits. A remark in brackets at the end of a line is for people. */
const readers: readonly Reader[] = [
  [notifierError, ([, value, event]) => (value === "0" ? { kind: "veto-ends" } : { kind: "veto", event: event ?? "", errno: errnoNamed(value) })],
  [/^write '(\d+)' to \/sys\/kernel\/debug\/hwpoison\/corrupt-pfn$/u, ([, pfn]) => ({ kind: "poison", pfn: n(pfn) })],
  [/^write '(\d+)' to \/sys\/kernel\/debug\/hwpoison\/unpoison-pfn$/u, ([, pfn]) => ({ kind: "unpoison", pfn: n(pfn) })],
  [/^write '(.*)' to (\S+)( \(signal after \d+ ms\))?$/u, ([, value, file, signal]) => ({ kind: "write", value: value ?? "", file: file ?? "", interrupted: signal !== undefined, shell: false })],
  [/^write (\d) to (memory\d+\/online)$/u, ([, value, file]) => ({ kind: "write", value: value ?? "", file: `/sys/devices/system/memory/${file ?? ""}`, interrupted: false, shell: true })],
  [/^read (\/\S+)$/u, ([, file]) => ({ kind: "read", file: file ?? "" })],
  [/^online_kernel blocks (\d+)\.\.(\d+)(?: \(.*\))?$/u, ([, first, last]) => ({ kind: "online-kernel", first: n(first), last: n(last) })],
  [/^QMP: hot-add pc-dimm (\w+) size (\w+)(?: node (\d+))?$/u, ([, dimm, size, node]) => ({ kind: "plug", dimm: dimm ?? "", bytes: bytes(size), node: n(node) })],
  [/^QMP: device_del (\w+)$/u, ([, dimm]) => ({ kind: "unplug", dimm: dimm ?? "" })],
  [/^QMP: hot-add a .* and read .* in a loop at once$/u, missing("reading sysfs while memory is being added", true)],
  [/^QMP: set vm0 /u, missing("a virtio-mem device", true)],
  [/^QMP: (?:balloon|query-balloon)/u, missing("a virtio balloon", true)],
  [/^agent: (?:rmmod|insmod) /u, missing("loading and removing of drivers", true)],
  [/^kpageflags: runs with OFFLINE/u, missing("runs of pages that a driver keeps offline", false)],
  [/^blocks \(state valid_zones\)$/u, () => ({ kind: "blocks" })],
  [/^zones$/u, () => ({ kind: "zones" })],
  [/^module: zones$/u, () => ({ kind: "module-zones", lists: false })],
  [/^module: free_area$/u, () => ({ kind: "module-zones", lists: true })],
  [/^free lists of node (\d+) (\w+) after draining/u, ([, node, zone]) => ({ kind: "free-lists", node: n(node), zone: zone ?? "" })],
  [/^\/proc\/(buddyinfo|pagetypeinfo), node (\d+)$/u, ([, file, node]) => ({ kind: file === "buddyinfo" ? "buddyinfo" : "pagetypeinfo", node: n(node) })],
  [/^\/proc\/(meminfo|vmstat) (.+)$/u, ([, file, fields]) => ({ kind: file === "meminfo" ? "meminfo" : "vmstat", fields: (fields ?? "").split(" ") })],
  [/^memory notifier events since last$/u, () => ({ kind: "events" })],
  [/^System RAM lines of \/proc\/iomem$/u, () => ({ kind: "iomem" })],
  [/^hugetlb 2M pool$/u, () => ({ kind: "pool" })],
  [/^module: mt (\d+) (\d+)$/u, range("types")],
  [/^module: pages (\d+) (\d+)$/u, range("pages")],
  [/^agent: kpf (\d+) (\d+)$/u, range("flags")],
  [/^agent: kpsum (\d+) (\d+)$/u, range("flag-sums")],
  [/^kpageflags sums of boot memory$/u, () => ({ kind: "flag-sums", start: 0, end: 131_072, compound: false })],
  [/^kpageflags sums of 1G window (\d+)G$/u, ([, at]) => ({ kind: "flag-sums", start: n(at) * gigabyte, end: (n(at) + 1) * gigabyte, compound: false })],
  [/^kpageflags sums of blocks? (\d+)(?:\.\.(\d+))?$/u, missing("sums of page flags over blocks that come and go with a device", false)],
  [/^module: acr (\d+) (\d+)(?: (comp))?(?: \(.*\))?$/u, range("contig-alloc")],
  [/^module: fcr (\d+) (\d+)$/u, ([, start, nrPages]) => ({ kind: "contig-free", start: n(start), nrPages: n(nrPages) })],
  [/^module: acp (\d+) (\d+) (movable|unmovable)(,thisnode)?$/u, ([, nrPages, node, movable, thisNode]) => ({ kind: "contig-pages", nrPages: n(nrPages), node: n(node), movable: movable === "movable", thisNode: thisNode !== undefined })],
  [
    /^module: alloc (\d+) (unmovable|reclaimable|movable)((?:,(?:thisnode|noretry))*)(?: (\d+))?$/u,
    ([, order, type, flags, node]) => ({ kind: "alloc", order: n(order), type: type === "movable" ? "movable" : type === "reclaimable" ? "reclaimable" : "unmovable", node: n(node), thisNode: (flags ?? "").includes("thisnode") }),
  ],
  [/^module: free (\d+) (\d+)$/u, ([, pfn, order]) => ({ kind: "free", pfn: n(pfn), order: n(order) })],
  [/^module: drain$/u, () => ({ kind: "drain" })],
  [/^module: isolate (\d+) (\d+)$/u, range("isolate")],
  [/^module: test (\d+) (\d+)$/u, range("test-isolated")],
  [/^module: undo (\d+) (\d+)$/u, range("undo-isolate")],
  [/^module: add_memory nid start size flags = (-?\d+) ([0-9a-f]+) ([0-9a-f]+) 0$/u, ([, node, start, size]) => ({ kind: "add", node: n(node), start: hexBytes(start), bytes: hexBytes(size), group: false })],
  [/^module: add (-?\d+) ([0-9a-f]+) ([0-9a-f]+) 0$/u, ([, node, start, size]) => ({ kind: "add", node: n(node), start: hexBytes(start), bytes: hexBytes(size), group: false })],
  [/^module: add_memory\(mgid (\d+), (\w+), (\w+), MHP_NID_IS_MGID\)$/u, ([, group, start, size]) => ({ kind: "add", node: n(group), start: bytes(start), bytes: bytes(size), group: true })],
  [/^module: remove ([0-9a-f]+) ([0-9a-f]+)$/u, ([, start, size]) => ({ kind: "remove", start: hexBytes(start), bytes: hexBytes(size) })],
  [/^module: offrm ([0-9a-f]+) ([0-9a-f]+)$/u, ([, start, size]) => ({ kind: "offline-and-remove", start: hexBytes(start), bytes: hexBytes(size) })],
  [/^module: offlinepg (\d+) ([01])$/u, ([, pfn, value]) => ({ kind: "page-offline", pfn: n(pfn), value: value === "1" })],
  [/^module: group_(static|dynamic) (\d+) (\d+)$/u, ([, kind, node, nrPages]) => ({ kind: "group", dynamic: kind === "dynamic", node: n(node), nrPages: n(nrPages) })],
  [/^module: group_del (\d+)$/u, ([, group]) => ({ kind: "group-unregister", group: n(group) })],
  [/^module: mf (\d+)$/u, ([, pfn]) => ({ kind: "poison", pfn: n(pfn) })],
  [/^module: soft (\d+)$/u, ([, pfn]) => ({ kind: "soft-offline", pfn: n(pfn) })],
  [/^module: unpoison (\d+)$/u, ([, pfn]) => ({ kind: "unpoison", pfn: n(pfn) })],
  [/^module: notifier answers MEM_(\w+) with -(\w+)$/u, ([, event, errno]) => ({ kind: "veto", event: event ?? "", errno: errno ?? "" })],
  [/^module: notifier answers OK again$/u, () => ({ kind: "veto-ends" })],
  [/^agent: map (\w+) (\w+) anon, touched$/u, missing("a mapping that is gone before anything is asked", false)],
  [/^agent: map (\d+M) anon, touched$/u, ([, size]) => ({ kind: "map", name: "a", bytes: bytes(size), options: ["nothp", "fill"] })],
  [/^agent: map (\w+) (\w+)((?: \w+)*)$/u, ([, name, size, options]) => ({ kind: "map", name: name ?? "", bytes: bytes(size), options: (options ?? "").trim().split(" ") })],
  [/^agent: unmap (\w+)$/u, ([, name]) => ({ kind: "unmap", name: name ?? "" })],
  [/^agent: check (\w+)$/u, ([, name]) => ({ kind: "check", name: name ?? "" })],
  [/^agent: pfns (\w+)(?: (\d+) (\w+))?$/u, ([, name, offset, size]) => ({ kind: "frames-of", name: name ?? "", offset: n(offset), bytes: size === undefined ? null : bytes(size) })],
  [/^agent: touch (\w+) (\d+)$/u, ([, name, offset]) => ({ kind: "touch", name: name ?? "", offset: n(offset) })],
  [/^agent: poison (\w+) (\d+)$/u, ([, name, offset]) => ({ kind: "poison-page", name: name ?? "", offset: n(offset) })],
  [/^agent: softoff (\w+) (\d+) 4K$/u, ([, name, offset]) => ({ kind: "soft-offline-page", name: name ?? "", offset: n(offset) })],
  [/^agent: io_uring fixed buffer/u, () => ({ kind: "pin", name: "a" })],
  [/^agent: close the io_uring$/u, () => ({ kind: "unpin", name: "a" })],
  [/^agent: vmsplice of the first page$/u, () => ({ kind: "hold", name: "b" })],
  [/^agent: unsplice (\w+)$/u, ([, name]) => ({ kind: "release", name: name ?? "" })],
  [/^agent: mount tmpfs/u, () => ({ kind: "nothing" })],
  [/^agent: ls \/sys\/kernel\/debug\/notifier-error-inject/u, missing("the list of notifier calls that errors can be injected into", false)],
  [/^wait \d+ s$/u, () => ({ kind: "nothing" })],
  [/^permissions of the parameters$/u, missing("permissions of files", false)],
  [/^in the background: write (\w+) to memory(\d+)\/state/u, ([, value, block]) => ({ kind: "begin", value: value ?? "", block: n(block) })],
  [/^is the background write still running$/u, () => ({ kind: "is-running" })],
  [/^background write result/u, () => ({ kind: "end" })],
];

/** Frame numbers end at 2^40, and no step looks at more than 2^24 frames. */
function isWithinReach(step: Step): boolean {
  const numbers = Object.values(step).filter((value) => typeof value === "number");
  if (!numbers.every((number) => Number.isSafeInteger(number))) return false;
  if ("end" in step && "start" in step && step.end - step.start > (step.kind === "pages" ? 2 ** 17 : 2 ** 24)) return false;
  if ("order" in step && step.order > 20) return false;
  if (step.kind === "online-kernel" && step.last - step.first > 2 ** 14) return false;
  if (step.kind === "map" && step.bytes > 2 ** 34) return false;
  return !("nrPages" in step && step.nrPages > 2 ** 40);
}

/** What the line says. A line that no pattern fits is told as missing, and taken for one that changes something. */
export function readStep(line: string): Step {
  for (const [pattern, read] of readers) {
    const parts = pattern.exec(line);
    if (parts === null) continue;
    const step = read(parts);
    return isWithinReach(step) ? step : { kind: "missing", what: `numbers as large as in "${line}"`, changes: true };
  }
  return { kind: "missing", what: `the step "${line}"`, changes: true };
}
