/**
 * The sections by number: a root table as Linux `mem_section` with SPARSEMEM_EXTREME, and their numbers ascending.
 */
import { lowerBound } from "./free-bits.ts";
import { Section } from "./section.ts";

const rootSections = 256;

export class SectionTable {
  readonly #sectionPages: number;
  readonly #roots: ((Section | undefined)[] | undefined)[] = [];
  readonly #numbers: number[] = [];
  #last: Section | undefined = undefined;

  constructor(sectionPages: number) {
    this.#sectionPages = sectionPages;
  }

  /** Numbers of all sections in the table, ascending. */
  get numbers(): readonly number[] {
    return this.#numbers;
  }

  get(nr: number): Section | undefined {
    if (!(nr >= 0)) return undefined;
    const root = this.#roots[Math.floor(nr / rootSections)];
    return root === undefined ? undefined : root[nr % rootSections];
  }

  /** The section that covers the frame. */
  at(pfn: number): Section | undefined {
    const last = this.#last;
    if (last !== undefined && pfn >= last.start && pfn < last.start + this.#sectionPages) return last;
    const section = this.get(Math.floor(pfn / this.#sectionPages));
    if (section !== undefined) this.#last = section;
    return section;
  }

  /** The section of that number, made if it is not there. */
  ensure(nr: number): Section {
    const found = this.get(nr);
    if (found !== undefined) return found;
    const section = new Section(nr, nr * this.#sectionPages);
    const rootNr = Math.floor(nr / rootSections);
    const root = this.#roots[rootNr] ?? [];
    root[nr % rootSections] = section;
    this.#roots[rootNr] = root;
    const last = this.#numbers.at(-1);
    if (last === undefined || last < nr) this.#numbers.push(nr);
    else this.#numbers.splice(lowerBound(this.#numbers, nr), 0, nr);
    return section;
  }

  delete(section: Section): void {
    const root = this.#roots[Math.floor(section.nr / rootSections)];
    if (root !== undefined) root[section.nr % rootSections] = undefined;
    const at = lowerBound(this.#numbers, section.nr);
    if (this.#numbers[at] === section.nr) this.#numbers.splice(at, 1);
    if (this.#last === section) this.#last = undefined;
  }

  /** The sections that intersect `[start, end)`, ascending, as they are at the call. */
  between(start: number, end: number): readonly Section[] {
    const sections: Section[] = [];
    let at = lowerBound(this.#numbers, Math.floor(start / this.#sectionPages));
    for (let nr = this.#numbers[at]; nr !== undefined && nr * this.#sectionPages < end; nr = this.#numbers[++at]) {
      const section = this.get(nr);
      if (section !== undefined && section.start + this.#sectionPages > start) sections.push(section);
    }
    return sections;
  }

  /** The first section whose number is not below nr. */
  following(nr: number): Section | undefined {
    const found = this.#numbers[lowerBound(this.#numbers, nr)];
    return found === undefined ? undefined : this.get(found);
  }

  /** The last section whose number is not above nr. */
  preceding(nr: number): Section | undefined {
    const at = lowerBound(this.#numbers, nr + 1) - 1;
    const found = this.#numbers[at];
    return found === undefined ? undefined : this.get(found);
  }
}
