/**
 * Long walks that get somewhere: each command is picked with an eye on the state, so that what exists is used, moved,
 * isolated and taken away. The same seed gives the same walk.
 */
import { blockPages, contigGfps, errnos, failurePoints, isolationModes, orderFits, pageKinds, pageblockPages, stateWords, toBlockId, toPfn, vetoableEvents, zoneModifiers, zoneTypes } from "../../models/index.ts";
import type { Add, AllocContig, Command, MachineDescription, Setting, TaskCommand, View, WriteState } from "../../models/index.ts";

export type Random = () => number;

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const settings: readonly Setting[] = [
  { option: "auto_online_blocks", value: "offline" },
  { option: "auto_online_blocks", value: "online" },
  { option: "auto_online_blocks", value: "online_movable" },
  { option: "online_policy", value: "contig-zones" },
  { option: "online_policy", value: "auto-movable" },
  { option: "auto_movable_ratio", value: 0 },
  { option: "auto_movable_ratio", value: 50 },
  { option: "auto_movable_ratio", value: 301 },
  { option: "auto_movable_numa_aware", value: false },
];

export class Walk {
  readonly #machine: MachineDescription;
  readonly #random: Random;

  constructor(machine: MachineDescription, random: Random) {
    this.#machine = machine;
    this.#random = random;
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #chance(p: number): boolean {
    return this.#random() < p;
  }

  #pick<T, U>(list: readonly T[], otherwise: U): T | U {
    return list[this.#below(list.length)] ?? otherwise;
  }

  #pfn(view: View): number {
    const nowhere = { start: toPfn(0), nrPages: 1 };
    const owned = this.#pick(view.allocations ?? [], undefined)?.ranges ?? [];
    const range = this.#pick(this.#chance(0.5) && owned.length > 0 ? owned : (view.frames?.ranges ?? []), nowhere);
    return range.start + this.#below(range.nrPages);
  }

  #range(view: View): { readonly start: ReturnType<typeof toPfn>; readonly nrPages: number } {
    const { geometry } = this.#machine;
    const pfn = this.#pfn(view);
    const unit = this.#pick([1, 1, 2, 4, pageblockPages(geometry), 2 ** geometry.maxPageOrder, geometry.sectionPages], 1);
    const nrPages = this.#chance(0.7) ? unit : 1 + this.#below(2 * pageblockPages(geometry));
    return { start: toPfn(this.#chance(0.6) ? pfn - (pfn % unit) : pfn), nrPages };
  }

  #usedId(view: View): number {
    return this.#chance(0.95) ? (this.#pick(view.allocations ?? [], undefined)?.id ?? 0) : this.#below(40);
  }

  #freeId(view: View): number {
    const used = new Set((view.allocations ?? []).map(({ id }) => id));
    let id = this.#below(40);
    while (used.has(id) && this.#chance(0.98)) id = (id + 1) % 64;
    return id;
  }

  #node(): number {
    return this.#chance(0.03) ? this.#machine.nodes.length : this.#below(this.#machine.nodes.length);
  }

  #block(view: View): number {
    return this.#chance(0.95) ? (this.#pick(view.blocks ?? [], undefined)?.block ?? 0) : this.#below(Math.ceil(this.#machine.hotplugEnd / blockPages(this.#machine.geometry)) + 1);
  }

  #writeState(view: View): WriteState {
    return { op: "write-state", block: toBlockId(this.#block(view)), value: this.#chance(0.4) ? "offline" : this.#pick(stateWords, "online") };
  }

  #allocContig(view: View): AllocContig {
    return { op: "alloc-contig", id: this.#freeId(view), ...this.#range(view), compound: this.#chance(0.25), gfp: this.#chance(0.85) ? "kernel" : this.#pick(contigGfps, "kernel") };
  }

  #blockRange(view: View): { readonly start: ReturnType<typeof toPfn>; readonly nrPages: number } {
    const pages = blockPages(this.#machine.geometry);
    return { start: toPfn(this.#block(view) * pages), nrPages: this.#chance(0.95) ? pages * (1 + (this.#chance(0.25) ? 1 : 0)) : this.#below(100) };
  }

  #add(): Add {
    const pages = blockPages(this.#machine.geometry);
    const start = this.#below(Math.floor(this.#machine.hotplugEnd / pages)) * pages;
    return { op: "add", start: toPfn(start), nrPages: pages * (1 + (this.#chance(0.25) ? 1 : 0)), node: this.#node(), memmapOnMemory: this.#chance(0.4), group: this.#chance(0.2) ? this.#below(4) : null };
  }

  #deviceRange(): { readonly start: ReturnType<typeof toPfn>; readonly nrPages: number } {
    const { geometry, hotplugEnd } = this.#machine;
    const unit = this.#chance(0.9) ? Math.max(geometry.subsectionPages, 4) : 1;
    const nrPages = unit * (1 + this.#below(6));
    return { start: toPfn(this.#below(Math.floor(hotplugEnd / unit)) * unit), nrPages };
  }

  #alloc(view: View): Command {
    const { geometry } = this.#machine;
    const kind = this.#pick(pageKinds, "user");
    const fitting = Array.from({ length: geometry.maxPageOrder + 1 }, (_, order) => order).filter((order) => orderFits(geometry, kind, order));
    const order = this.#chance(0.6) ? (fitting[0] ?? 0) : this.#pick(fitting, 0);
    return { op: "alloc", id: this.#freeId(view), kind, order, node: this.#node(), thisNode: this.#chance(0.3), zone: this.#chance(0.8) ? "normal" : this.#pick(zoneModifiers, "normal") };
  }

  /** The next command of the walk. */
  next(view: View): Command {
    const makers: readonly (readonly [number, () => Command])[] = [
      [22, () => this.#alloc(view)],
      [10, () => ({ op: "free", id: this.#usedId(view), pcp: this.#chance(0.5) })],
      [1, () => ({ op: "drain", node: this.#node(), zone: this.#pick(zoneTypes, "Normal") })],
      [0.5, () => ({ op: "pcp-disable", node: this.#node(), zone: this.#pick(zoneTypes, "Normal") })],
      [1, () => ({ op: "pcp-enable", node: this.#node(), zone: this.#pick(zoneTypes, "Normal") })],
      [2, () => ({ op: "hold", id: this.#usedId(view) })],
      [3, () => ({ op: "release", id: this.#usedId(view) })],
      [1, () => ({ op: "lru-isolate", id: this.#usedId(view) })],
      [2, () => ({ op: "lru-putback", id: this.#usedId(view) })],
      [3, () => ({ op: "pin", id: this.#usedId(view), longTerm: this.#chance(0.5) })],
      [4, () => ({ op: "unpin", id: this.#usedId(view), longTerm: this.#chance(0.5) })],
      [1, () => ({ op: "poison", pfn: toPfn(this.#pfn(view)) })],
      [1, () => ({ op: "soft-offline", pfn: toPfn(this.#pfn(view)) })],
      [2, () => ({ op: "unpoison", pfn: toPfn(this.#pfn(view)) })],
      [0.5, () => ({ op: "free-reserved", pfn: toPfn(this.#pfn(view)) })],
      [4, () => ({ op: "isolate", id: this.#below(4), ...this.#range(view), mode: this.#pick(isolationModes, "contig") })],
      [5, () => ({ op: "unisolate", id: this.#below(4), ...(this.#chance(0.5) ? this.#range(view) : { start: toPfn(0), nrPages: this.#machine.hotplugEnd }) })],
      [1, () => ({ op: "test-isolated", ...this.#range(view), mode: this.#pick(isolationModes, "contig") })],
      [7, () => this.#allocContig(view)],
      [3, () => ({ op: "free-contig", ...this.#contigRange(view), pcp: this.#chance(0.3) })],
      [1, () => ({ op: "alloc-contig-pages", id: this.#freeId(view), nrPages: this.#range(view).nrPages, node: this.#node(), thisNode: this.#chance(0.3), movable: this.#chance(0.5) })],
      [this.#machine.cma.length === 0 ? 0.2 : 3, () => ({ op: "cma-alloc", id: this.#freeId(view), area: this.#below(this.#machine.cma.length + (this.#chance(0.1) ? 1 : 0)), nrPages: 1 + this.#below(6), align: this.#below(4) })],
      [this.#machine.cma.length === 0 ? 0.2 : 3, () => ({ op: "cma-release", area: 0, id: this.#pick((view.allocations ?? []).filter(({ kind }) => kind === "cma"), undefined)?.id ?? 0, pcp: this.#chance(0.3) })],
      [3, () => ({ op: "fake-offline", ...this.#range(view), drops: this.#chance(0.6) })],
      [1.5, () => ({ op: "fake-online", ...this.#range(view) })],
      [4, () => this.#add()],
      [2.5, () => ({ op: "remove", ...this.#blockRange(view) })],
      [2, () => ({ op: "offline-and-remove", ...this.#blockRange(view) })],
      [8, () => this.#writeState(view)],
      [3, () => ({ op: "write-online", block: toBlockId(this.#block(view)), value: this.#chance(0.6) })],
      [0.7, () => ({ op: "group-static", id: this.#below(4), node: this.#node(), maxPages: this.#below(200) })],
      [0.7, () => ({ op: "group-dynamic", id: this.#below(4), node: this.#node(), unitPages: 2 ** this.#below(9) })],
      [0.7, () => ({ op: "group-unregister", id: this.#below(4) })],
      [2, () => ({ op: "device-map", id: this.#below(4), ...this.#deviceRange(), node: this.#node() })],
      [2, () => ({ op: "device-unmap", id: this.#below(4) })],
      [0.7, () => ({ op: "set", setting: this.#pick(settings, { option: "online_policy", value: "contig-zones" }) })],
      [0.5, () => ({ op: "veto", event: this.#pick(vetoableEvents, "GOING_ONLINE"), errno: this.#pick(errnos, "EPERM") })],
      [0.7, () => ({ op: "fail-next", what: this.#pick(failurePoints, "memmap"), skip: this.#below(3) })],
      [4, () => ({ op: "start", task: this.#below(3), command: (this.#chance(0.5) ? this.#writeState(view) : this.#allocContig(view)) satisfies TaskCommand })],
      [(view.tasks ?? []).length > 0 ? 30 : 0.5, () => ({ op: "step", task: this.#pick(view.tasks ?? [], undefined)?.task ?? 0 })],
      [(view.tasks ?? []).length > 0 ? 1.5 : 0.1, () => ({ op: "signal", task: this.#pick(view.tasks ?? [], undefined)?.task ?? 0 })],
    ];
    let at = this.#random() * makers.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of makers) {
      at -= weight;
      if (at < 0) return make();
    }
    return { op: "step", task: 0 };
  }

  #contigRange(view: View): { readonly start: ReturnType<typeof toPfn>; readonly nrPages: number } {
    const owned = (view.allocations ?? []).filter(({ kind }) => kind === "contig").flatMap(({ ranges }) => ranges);
    const range = this.#pick(owned, undefined);
    if (range === undefined || this.#chance(0.1)) return this.#range(view);
    if (this.#chance(0.6)) return range;
    return { start: toPfn(range.start + this.#below(range.nrPages)), nrPages: 1 + this.#below(range.nrPages) };
  }
}
