/**
 * Sections: their flags, their usage record and their subsections agree.
 */
import { blockPages, pfnRange, rangeEnd, showRange, toPfn } from "../../models/index.ts";
import type { PfnRange, SectionView, View } from "../../models/index.ts";
import { blocksById, deviceOfRow, rowsOf } from "../derived.ts";
import { FrameEvidence, sectionName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

/** One line of evidence for each section that the judgement finds fault with. */
function judgeSections(view: View, judge: (section: SectionView) => { readonly was: string; readonly is: string } | undefined): readonly Evidence[] {
  const found: Evidence[] = [];
  for (const section of given(view.sections)) {
    const fault = judge(section);
    if (fault !== undefined) found.push({ where: sectionName(section.section), ...fault });
  }
  return found;
}

function flagNames({ online, early, taint }: SectionView): string {
  return [online ? "online" : "", early ? "early" : "", taint ? "tainted" : ""].filter((name) => name !== "").join(", ");
}

const presentHasMemMap: Invariant = {
  id: "HP-01",
  title: "a section is present exactly if it has a memmap",
  source: "include/linux/mmzone.h: present_section(), valid_section(), v6.12; those who ask pfn_valid() and those who ask for presence must agree",
  needs: ["sections"],
  unless: [],
  find: (view) =>
    judgeSections(view, ({ present, hasMemMap }) =>
      present === hasMemMap ? undefined : { was: present ? "present, with a memmap" : "absent, without a memmap", is: hasMemMap ? "with a memmap" : "without a memmap" },
    ),
};

const absentHasNoFlags: Invariant = {
  id: "HP-02",
  title: "a section that is not present is not online, not early and not tainted",
  source: "mm/sparse-vmemmap.c: section_deactivate(), v6.12 clears the whole flag word; a flag left behind would revive a removed section",
  needs: ["sections"],
  unless: [],
  find: (view) => judgeSections(view, (section) => (section.present || flagNames(section) === "" ? undefined : { was: "no flags, the section is not present", is: flagNames(section) })),
};

const presentHasSubsections: Invariant = {
  id: "HP-03",
  title: "a section is present exactly if it has a usage record with at least one subsection",
  source: "mm/sparse-vmemmap.c: section_activate(), section_deactivate(), v6.12; an empty map is the only trigger for tearing a section down",
  needs: ["sections"],
  unless: [],
  find: (view) =>
    judgeSections(view, ({ present, usage, subsectionMap }) =>
      present === (usage !== "none" && subsectionMap.includes("1")) ? undefined : { was: present ? "a usage record with a subsection" : "no subsection", is: usage === "none" ? "no usage record" : `subsection map ${subsectionMap}` },
    ),
};

const emptyUsageIsFromBoot: Invariant = {
  id: "HP-04",
  title: "only a usage record from boot outlives its section",
  source: "mm/sparse-vmemmap.c: section_deactivate(), v6.12 frees every other; one that stays is leaked",
  needs: ["sections"],
  unless: [],
  find: (view) => judgeSections(view, ({ present, usage }) => (present || usage !== "allocated" ? undefined : { was: "the usage record freed with its section", is: "a usage record allocated when memory was added" })),
};

const highestSectionIsHighest: Invariant = {
  id: "HP-06",
  title: "no present section lies above the highest present section number",
  source: "mm/internal.h: __section_mark_present(), v6.12; walks over sections stop there",
  needs: ["sections", "totals"],
  unless: [],
  find: (view) => {
    const { highestPresentSection } = given(view.totals);
    return judgeSections(view, ({ present, section }) => (present && section > highestPresentSection ? { was: `at most ${highestPresentSection}, the highest present section`, is: "present" } : undefined));
  },
};

const addedOnce: Invariant = {
  id: "HP-11",
  title: "an added subsection belongs to one memory block or one device, never to both or to none",
  source: "mm/sparse-vmemmap.c: fill_subsection_map(), clear_subsection_map(), v6.12; anything else was added twice or removed twice",
  needs: ["sections", "blocks.boot", "devices", "frames"],
  unless: ["EX-1", "EX-9"],
  find: (view) => {
    const { sectionPages, subsectionPages } = view.geometry;
    const size = blockPages(view.geometry);
    const rows = rowsOf(view);
    const devices = deviceOfRow(view);
    const blocks = blocksById(view);
    const found = new FrameEvidence();
    for (const { section, present, early, subsectionMap } of given(view.sections)) {
      if (!present || early) continue;
      const start = section * sectionPages;
      const hot = blocks.get(Math.floor(start / size))?.boot === false;
      for (let index = 0; index < subsectionMap.length; index++) {
        if (subsectionMap[index] !== "1") continue;
        const row = rows.of(start + index * subsectionPages);
        const device = row >= 0 && devices[row] !== 0;
        if (row >= 0 && device === hot) found.add(toPfn(start + index * subsectionPages), "one owner: a memory block or a device", device ? "both" : "neither");
      }
    }
    return found.found;
  },
};

const mapsHaveTheirLength: Invariant = {
  id: "FC-01",
  title: "the maps of a section have one place for each of its subsections",
  source: "include/linux/mmzone.h: SUBSECTIONS_PER_SECTION, v6.12",
  needs: ["sections"],
  unless: [],
  find: (view) => {
    const length = view.geometry.sectionPages / view.geometry.subsectionPages;
    return judgeSections(view, ({ usage, subsectionMap, backing }) => {
      const wanted = usage === "none" ? 0 : length;
      return subsectionMap.length === wanted && backing.length === length ? undefined : { was: `${wanted} and ${length} places`, is: `${subsectionMap.length} and ${backing.length}` };
    });
  },
};

const earlyUsesBootRecord: Invariant = {
  id: "FC-02",
  title: "an early section has the usage record from boot",
  source: "mm/sparse.c: sparse_init_nid(), v6.12",
  needs: ["sections"],
  unless: [],
  find: (view) => judgeSections(view, ({ early, usage }) => (early && usage !== "boot" ? { was: "a usage record from boot", is: usage === "none" ? "no usage record" : "one allocated when memory was added" } : undefined)),
};

const listedOnce: Invariant = {
  id: "FC-42",
  title: "each section is listed once, in order",
  source: "include/linux/mmzone.h: __nr_to_section(), v6.12: sections live in an array by their number",
  needs: ["sections"],
  unless: [],
  find: (view) => {
    let before = -1;
    return judgeSections(view, ({ section }) => {
      const fault = section > before ? undefined : { was: `a number above ${before}`, is: `${section}` };
      before = Math.max(before, section);
      return fault;
    });
  },
};

const presentIsShown: Invariant = {
  id: "FC-43",
  title: "the frames shown are those of the present sections, neighbours as one range",
  source: "models/view.ts: a frame that is not shown would be judged by no rule",
  needs: ["sections", "frames"],
  unless: [],
  find: (view) => {
    const { sectionPages } = view.geometry;
    const ranges: PfnRange[] = [];
    for (const { section, present } of given(view.sections)) {
      const last = ranges.at(-1);
      if (!present) continue;
      if (last !== undefined && rangeEnd(last) === section * sectionPages) ranges[ranges.length - 1] = pfnRange(last.start, last.nrPages + sectionPages);
      else ranges.push(pfnRange(toPfn(section * sectionPages), sectionPages));
    }
    const [was, is] = [ranges, given(view.frames).ranges].map((list) => list.map(showRange).join(" ") || "none");
    return was === is ? [] : [{ where: "frames", was: was ?? "", is: is ?? "" }];
  },
};

export const sectionInvariants: readonly Invariant[] = [presentHasMemMap, absentHasNoFlags, presentHasSubsections, emptyUsageIsFromBoot, highestSectionIsHighest, addedOnce, mapsHaveTheirLength, earlyUsesBootRecord, listedOnce, presentIsShown];
