/**
 * The iomem tree: windows and what drivers reserve for memory, which are not busy, and inside or beside them what is.
 *
 * Linux kernel/resource.c: __request_region_locked(), region_intersects(), release_mem_region_adjustable(), remove_resource(), v6.12.
 */
export interface Resource {
  readonly start: number;
  readonly end: number;
  readonly kind: "ram" | "device" | "window" | "kmem" | "virtio-mem";
  /** By start. */
  children: readonly Resource[];
}

type Span = Pick<Resource, "start" | "end">;

/** Not busy: others lie inside. */
function isHolder({ kind }: Resource): boolean {
  return kind === "window" || kind === "kmem" || kind === "virtio-mem";
}

function meets(entry: Span, start: number, end: number): boolean {
  return start < entry.end && entry.start < end;
}

export class Resources {
  /** By start. */
  #roots: readonly Resource[] = [];

  /** Top down, and by start. */
  all(): readonly Resource[] {
    const list = (entries: readonly Resource[]): readonly Resource[] => entries.flatMap((entry) => [entry, ...list(entry.children)]);
    return list(this.#roots);
  }

  /** Whether the range can not be requested: something busy is in the way, or the end of something that is not. */
  overlaps(start: number, nrPages: number): boolean {
    const end = start + nrPages;
    let entries = this.#roots;
    for (;;) {
      const conflict = entries.find((entry) => meets(entry, start, end));
      if (conflict === undefined) return false;
      if (!isHolder(conflict) || start < conflict.start || conflict.end < end) return true;
      entries = conflict.children;
    }
  }

  /** region_intersects() with System RAM. */
  meetsRam(start: number, nrPages: number): boolean {
    return this.anyRam(this.#roots, start, start + nrPages);
  }

  /** Also those that lie deeper. */
  protected anyRam(entries: readonly Resource[], start: number, end: number): boolean {
    return entries.some((entry) => meets(entry, start, end) && (entry.kind === "ram" || entry.kind === "virtio-mem" || this.anyRam(entry.children, start, end)));
  }

  /** Whether a window has frames inside and outside of the range, and does not hold all of it. */
  crossesWindow(start: number, nrPages: number): boolean {
    return this.#roots.some((entry) => entry.kind === "window" && meets(entry, start, start + nrPages) && (start < entry.start || entry.end < start + nrPages));
  }

  /** walk_system_ram_range(): how many frames of the range are System RAM. */
  ramPages(start: number, nrPages: number): number {
    let sum = 0;
    for (const entry of this.all()) {
      if (entry.kind === "ram") sum += Math.max(0, Math.min(entry.end, start + nrPages) - Math.max(entry.start, start));
    }
    return sum;
  }

  add(start: number, nrPages: number, kind: Resource["kind"]): void {
    const entry: Resource = { start, end: start + nrPages, kind, children: [] };
    const around = (entries: readonly Resource[]): Resource | undefined => entries.find((other) => isHolder(other) && other.start <= entry.start && entry.end <= other.end);
    let holder = around(this.#roots);
    for (let inner = holder; inner !== undefined; inner = around(inner.children)) holder = inner;
    if (holder === undefined) this.#roots = sorted([...this.#roots, entry]);
    else holder.children = sorted([...holder.children, entry]);
  }

  /** Whether the range meets memory that a driver reserved. */
  meetsKmem(start: number, nrPages: number): boolean {
    return this.all().some((entry) => entry.kind === "kmem" && meets(entry, start, start + nrPages));
  }

  /** remove_resource() of what a driver reserved here: what lies inside moves up. Whether there was such a region. */
  release(start: number): boolean {
    const lift = (entries: readonly Resource[]): readonly Resource[] =>
      entries.flatMap((entry) => (entry.kind === "kmem" && entry.start === start ? entry.children : [{ ...entry, children: lift(entry.children) }]));
    const found = this.all().some((entry) => entry.kind === "kmem" && entry.start === start);
    if (found) this.#roots = lift(this.#roots);
    return found;
  }

  /** release_mem_region_adjustable(): what is left of the busy entries that the range cuts. */
  remove(start: number, nrPages: number): void {
    this.#roots = without(this.#roots, start, start + nrPages);
  }
}

function sorted(entries: readonly Resource[]): readonly Resource[] {
  return entries.toSorted((a, b) => a.start - b.start);
}

function without(entries: readonly Resource[], start: number, end: number): readonly Resource[] {
  return entries.flatMap((entry) => {
    if (!meets(entry, start, end)) return [entry];
    if (isHolder(entry)) return [{ ...entry, children: without(entry.children, start, end) }];
    const below = entry.start < start ? [{ ...entry, end: start }] : [];
    const above = end < entry.end ? [{ ...entry, start: end }] : [];
    return [...below, ...above];
  });
}
