/**
 * DIMMs: what the driver for memory devices of ACPI does when one is plugged or asked for.
 *
 * Linux `acpi_memory_enable_device()`, `acpi_memory_device_remove()`, drivers/acpi/acpi_memhotplug.c;
 * `acpi_scan_try_to_offline()`, `acpi_bus_offline()`, `acpi_bus_online()`, drivers/acpi/scan.c, v6.12.
 */
import { pfnRange, rangeEnd, toBlockId, toPfn } from "../../models/index.ts";
import type { Add, BlockId, PfnRange } from "../../models/index.ts";
import { addsTooMuch } from "../check/limits.ts";
import { blockOfFrame, execute, withKernelPages } from "./act.ts";
import { dissolve } from "./hugetlb.ts";
import { field, log, rowsOf } from "./observed.ts";
import { agrees, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import { frames } from "./world.ts";
import type { World } from "./world.ts";

const failed = "add_memory failed";

/** A static group of the whole device, and the memory in it. Where it lies was the firmware's choice. */
export function plug(world: World, dimm: string, bytes: number, node: number, observed: unknown): StepVerdict {
  const address = field(observed, "addr");
  if (typeof address !== "number") return missing("where the DIMM lies", true);
  const [start, nrPages] = [frames(world, address), frames(world, bytes)];
  if (!Number.isInteger(start) || !Number.isInteger(nrPages)) return missing("a DIMM that is no whole frames", true);
  const range = pfnRange(toPfn(start), nrPages);
  const group = world.nextLabel();
  execute(world, { op: "group-static", id: group, node, maxPages: range.nrPages });
  const command: Add = { op: "add", start: range.start, nrPages: range.nrPages, node, memmapOnMemory: true, group };
  const much = addsTooMuch(world.machine, { geometry: world.machine.geometry, frames: world.see("frames") }, command);
  if (much !== undefined) return missing(much, true);
  const outcome = execute(world, command);
  const added = outcome.result === "ok";
  if (!added) execute(world, { op: "group-unregister", id: group });
  const others = [...world.dimms.values()].filter((other) => !other.added).length;
  world.dimms.set(dimm, { range, group, added });
  const complaints = log(observed).filter((line) => line.includes(failed)).length;
  // Plugging is told as a success whatever becomes of the memory.
  if (statuses(field(observed, "ost")).some((status) => status !== 0)) return differs("the firmware is told of success", "of failure");
  if (added) return complaints > others ? differs("the memory is added", failed) : agrees;
  return complaints > 0 ? agrees : differs(`${failed} (${outcome.errno ?? outcome.result})`, "no complaint in the kernel's log");
}

/** Everything off line in two passes, then removed; where a block stays, what went off line comes back. */
export function unplug(world: World, dimm: string, observed: unknown): StepVerdict {
  const plugged = world.dimms.get(dimm);
  if (plugged === undefined) return missing(`a DIMM ${dimm}`, true);
  const left = rowsOf(field(observed, "dimms_left"));
  if (left === undefined) return missing("which DIMMs are left", true);
  return withKernelPages(world, log(observed), () => {
    const gone = !plugged.added || takeOut(world, plugged.range);
    if (gone) {
      execute(world, { op: "group-unregister", id: plugged.group });
      world.dimms.delete(dimm);
    }
    const status = statuses(field(observed, "events")).at(-1);
    const told = status === undefined ? agrees : compare("the firmware is told of", gone ? "success" : "failure", status === 0 ? "success" : "failure");
    return all([told, compareLeft(world, left)]);
  });
}

function compareLeft(world: World, left: readonly string[]): StepVerdict {
  return compare("DIMMs that are left:", [...world.dimms.keys()].toSorted().join(", ") || "none", left.toSorted().join(", ") || "none");
}

/** What the kernel told the firmware (_OST), in order: 0 is success. */
function statuses(events: unknown): readonly number[] {
  return (Array.isArray(events) ? events : []).flatMap((event: unknown) => {
    const status = field(field(event, "OST"), "status");
    return typeof status === "number" ? [status] : [];
  });
}

function takeOut(world: World, range: PfnRange): boolean {
  const blocks = blocksOf(world, range);
  const offlined: BlockId[] = [];
  const offline = (block: BlockId): boolean => {
    if (!isOnline(world, block)) return true;
    dissolve(world, block);
    if (execute(world, { op: "write-online", block, value: false }).result !== "ok") return false;
    offlined.push(block);
    return true;
  };
  const first = blocks.map(offline);
  const second = first.includes(false) ? blocks.every(offline) : true;
  if (!second) {
    for (const block of offlined.toSorted((a, b) => a - b)) execute(world, { op: "write-online", block, value: true });
    return false;
  }
  return execute(world, { op: "remove", start: range.start, nrPages: range.nrPages }).result === "ok";
}

function blocksOf(world: World, range: PfnRange): readonly BlockId[] {
  const blocks: BlockId[] = [];
  for (let block = blockOfFrame(world, range.start); block <= blockOfFrame(world, rangeEnd(range) - 1); block++) blocks.push(toBlockId(block));
  return blocks;
}

function isOnline(world: World, block: BlockId): boolean {
  return world.see("blocks").find((view) => view.block === block)?.state === "online";
}
