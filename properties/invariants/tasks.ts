/**
 * Half-done operations: what they hold.
 */
import { blockPages, isAligned, showRange } from "../../models/index.ts";
import { blockAt, zoneAt } from "../derived.ts";
import { zoneName } from "../evidence.ts";
import { given } from "../per-view.ts";
import type { Evidence, Invariant } from "../rule.ts";

const phases: Readonly<Record<string, readonly string[]>> = { online: ["onlining"], offline: ["isolated", "migrating"], "alloc-contig": ["isolated", "migrating"] };

const oneHotplugTask: Invariant = {
  id: "FC-36",
  title: "at most one online or offline is half done at a time",
  source: "drivers/base/core.c: lock_device_hotplug(), v6.12",
  needs: ["tasks"],
  unless: [],
  find: (view) => {
    const holders = given(view.tasks).filter(({ op }) => op !== "alloc-contig");
    return holders.length < 2 ? [] : [{ where: "device_hotplug_lock", was: "one holder", is: holders.map(({ task, op }) => `task ${task} (${op})`).join(", ") }];
  },
};

const taskShape: Invariant = {
  id: "FC-37",
  title: "a task is in a phase of its operation, and an online or offline works on one memory block that exists",
  source: "drivers/base/memory.c: memory_block_online(), memory_block_offline(), v6.12",
  needs: ["tasks", "blocks"],
  unless: [],
  find: (view) => {
    const size = blockPages(view.geometry);
    const found: Evidence[] = [];
    for (const { task, op, phase, range } of given(view.tasks)) {
      const where = `task ${task} (${op})`;
      if (phases[op]?.includes(phase) !== true) found.push({ where, was: `phase ${phases[op]?.join(" or ")}`, is: phase });
      if (op !== "alloc-contig" && (range.nrPages !== size || !isAligned(range.start, size) || blockAt(view, range.start) === undefined)) found.push({ pfn: range.start, nrPages: range.nrPages, where, was: "the range of a memory block", is: showRange(range) });
    }
    return found;
  },
};

const offlineKeepsPcpOff: Invariant = {
  id: "FC-38",
  title: "a half-done offline holds the per-CPU lists of its zone disabled",
  source: "mm/memory_hotplug.c: offline_pages(), zone_pcp_disable(), v6.12",
  needs: ["tasks", "blocks.zone", "zones.pcpDisabled"],
  unless: [],
  find: (view) => {
    const found: Evidence[] = [];
    for (const { task, op, range } of given(view.tasks)) {
      const index = op === "offline" ? blockAt(view, range.start)?.zone : undefined;
      const zone = zoneAt(view, index);
      if (zone !== undefined && (zone.pcpDisabled ?? 0) < 1) found.push({ where: `task ${task} (${op})`, was: `per-CPU lists of ${zoneName(view, index)} disabled`, is: "enabled" });
    }
    return found;
  },
};

export const taskInvariants: readonly Invariant[] = [oneHotplugTask, taskShape, offlineKeepsPcpOff];
