/** A measurement made by hand, with something of everything: a mutant that all found, one that showed at boot, one that was missed. */
import { toPfn } from "../../models/index.ts";
import type { Command } from "../../models/index.ts";
import { defaultLimits } from "../../src/power/measure.ts";
import type { Measured, Measurement } from "../../src/power/measure.ts";
import type { LeftOut } from "../../src/power/not-modelled.ts";
import type { Hunt } from "../../src/power/hunt.ts";

export const isolate = (id: number, start: number): Command => ({ op: "isolate", id, start: toPfn(start), nrPages: 1, mode: "offline" });

export const alloc = (id: number): Command => ({ op: "alloc", id, kind: "user", order: 0, node: 0, thisNode: false, zone: "normal" });

export const free = (id: number): Command => ({ op: "free", id, pcp: false });

const hunt = (seed: number, runs: number, walked: number, commands: readonly Command[] | null): Hunt => ({ seed, runs, commands: walked, seconds: seed / 2, found: commands === null ? null : { commands, rule: "FC-83", executions: 10 * seed, complete: true } });

const runs = (...each: readonly (readonly [found: boolean, commands: number])[]): Measured["baselines"][number]["runs"] => each.map(([found, commands], index) => ({ seed: index + 1, found, executions: 10, commands }));

const found: Measured = {
  mutant: { id: "B44", title: "mm: page-isolation: skip isolated pageblock in start_isolate_page_range()", machine: "tiny" },
  hunts: [hunt(1, 1, 12, [isolate(5, 0x24)]), hunt(2, 3, 200, [alloc(1), free(1), isolate(1, 0x24)]), hunt(3, 2, 90, [isolate(1, 0x24)])],
  exhausted: { says: "proved", upTo: 0, executions: 1, commands: null, rule: null },
  baselines: [{ id: "default", runs: runs([true, 30], [false, 2000], [true, 40]) }, { id: "max", runs: runs([true, 20], [true, 50], [true, 7]) }],
};

const atBoot: Measured = {
  mutant: { id: "B50", title: "mm: use aligned zone start for pfn_to_bitidx calculation", machine: "tiny" },
  hunts: [1, 2, 3].map((seed) => hunt(seed, 1, 0, [])),
  exhausted: { says: "proved", upTo: -1, executions: 0, commands: null, rule: null },
  baselines: ["default", "max"].map((id) => ({ id, runs: runs([true, 0], [true, 0], [true, 0]) })),
};

const shorter: Measured = {
  mutant: { id: "B58", title: "mm/compaction: fix low_pfn advance on isolating hugetlb", machine: "tiny-34" },
  hunts: [hunt(1, 400, 36_000, null), hunt(2, 45, 3932, [alloc(1), alloc(2), isolate(1, 0x40)]), hunt(3, 400, 35_800, null)],
  exhausted: { says: "shorter", upTo: 1, executions: 12_345, commands: [alloc(1), isolate(1, 0x40)], rule: "HP-41" },
  baselines: ["default", "max"].map((id) => ({ id, runs: runs([false, 36_000], [false, 3932], [false, 35_800]) })),
};

const missed: Measured = {
  mutant: { id: "B69", title: "mm: gup: stop abusing try_grab_folio", machine: "tiny" },
  hunts: [1, 2, 3].map((seed) => hunt(seed, 400, 36_000, null)),
  exhausted: { says: "not shorter in the budget", upTo: 1, executions: 100_000, commands: null, rule: null },
  baselines: ["default", "max"].map((id) => ({ id, runs: runs([false, 36_000], [false, 36_000], [false, 36_000]) })),
};

/** What has no mutant: as in the catalogue, but only some of it. */
export const left: LeftOut = {
  notModelled: [{ id: "B00", why: "a feature that is left out" }, { id: "B99", why: "another feature that is left out" }],
  interleavings: [{ id: "B08", why: "two processors at work on one page" }],
};

export const measurement: Measurement = { seeds: 3, limits: defaultLimits, seconds: null, mutants: [found, atBoot, shorter, missed], interrupted: false };
