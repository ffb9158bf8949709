/** The busy entries of the iomem tree: Linux kernel/resource.c, v6.12. No two overlap. */
export interface Resource {
  readonly start: number;
  readonly end: number;
  readonly kind: "ram" | "device";
}

export class Resources {
  #entries: readonly Resource[] = [];

  /** By start. */
  all(): readonly Resource[] {
    return this.#entries;
  }

  overlaps(start: number, nrPages: number): boolean {
    return this.#entries.some((entry) => start < entry.end && entry.start < start + nrPages);
  }

  /** region_intersects() with System RAM. */
  meetsRam(start: number, nrPages: number): boolean {
    return this.#entries.some((entry) => entry.kind === "ram" && start < entry.end && entry.start < start + nrPages);
  }

  /** walk_system_ram_range(): how many frames of the range are System RAM. */
  ramPages(start: number, nrPages: number): number {
    let sum = 0;
    for (const entry of this.#entries) {
      if (entry.kind === "ram") sum += Math.max(0, Math.min(entry.end, start + nrPages) - Math.max(entry.start, start));
    }
    return sum;
  }

  add(start: number, nrPages: number, kind: Resource["kind"]): void {
    this.#entries = [...this.#entries, { start, end: start + nrPages, kind }].toSorted((a, b) => a.start - b.start);
  }

  /** release_mem_region_adjustable(): what is left of the entries that the range cuts. */
  remove(start: number, nrPages: number): void {
    const end = start + nrPages;
    this.#entries = this.#entries.flatMap((entry) => {
      if (entry.end <= start || end <= entry.start) return [entry];
      const below = entry.start < start ? [{ ...entry, end: start }] : [];
      const above = end < entry.end ? [{ ...entry, start: end }] : [];
      return [...below, ...above];
    });
  }
}
