/** What steps look at: blocks, notifier calls, system RAM, counters of /proc. */
import { field, rowsOf, table, words } from "./observed.ts";
import { agrees, agreesBy, all, compare, differs, missing } from "./verdict.ts";
import type { StepVerdict } from "./verdict.ts";
import type { World } from "./world.ts";

/** `online Movable`, `offline Normal,Movable`; with several nodes, `node=N` behind it. */
export function blocks(world: World, observed: unknown): StepVerdict {
  const seen = table(observed);
  if (seen === undefined) return missing("what the blocks show", false);
  const several = [...seen.values()].some((row) => row.includes(" node="));
  const predicted = new Map(world.see("blocks").map(({ block, state, validZones, node }) => [String(block), `${state} ${(validZones ?? []).join(",")}${several ? ` node=${node}` : ""}`] as const));
  const ids = [...new Set([...predicted.keys(), ...seen.keys()])].toSorted((a, b) => Number(a) - Number(b));
  return all(ids.map((id) => compare(`block ${id}`, predicted.get(id) ?? "is not there", seen.get(id) ?? "is not there")));
}

/** Names and ranges of the calls since the last look. The node numbers and the altmap in them are not predicted. */
export function events(world: World, observed: unknown): StepVerdict {
  const rows = rowsOf(observed);
  if (rows === undefined) return missing("what the notifier calls show", true);
  const seen = rows.map((line) => `${line.split(" ")[0] ?? ""} start=${words(line).get("start") ?? ""} nr=${words(line).get("nr") ?? ""}`);
  const predicted = world.events.map(({ event, start, nrPages }) => `${event} start=${start} nr=${nrPages}`);
  world.events = [];
  const at = predicted.findIndex((line, index) => line !== seen[index]);
  if (at === -1 && predicted.length === seen.length) return agrees;
  const index = at === -1 ? predicted.length : at;
  return differs(`call ${index + 1}: ${predicted[index] ?? "none"}`, `call ${index + 1}: ${seen[index] ?? "none"}`);
}

/** Busy system RAM, in whole frames. */
export function iomem(world: World, observed: unknown): StepVerdict {
  const { pageBytes } = world.machine.geometry;
  const rows = rowsOf(field(observed, "out"))?.map((line) => /^([0-9a-f]{1,13})-([0-9a-f]{1,13}) : System RAM$/u.exec(line));
  if (rows === undefined || rows.includes(null)) return missing("what the lines of system RAM show", false);
  const seen = rows.map((parts) => `${Math.ceil(Number.parseInt(parts?.[1] ?? "", 16) / pageBytes)}-${Math.floor((Number.parseInt(parts?.[2] ?? "", 16) + 1) / pageBytes)}`);
  const predicted = world.see("resources").filter(({ kind }) => kind === "ram").map(({ range }) => `${range.start}-${range.start + range.nrPages}`);
  return compare("frames of System RAM", predicted.join(", "), seen.join(", "));
}

/** Counters of /proc/meminfo, in KiB. */
export function meminfo(world: World, fields: readonly string[], observed: unknown): StepVerdict {
  const KiB = world.machine.geometry.pageBytes / 1024;
  const seen = (name: string): number => Number(field(observed, name));
  return all(
    fields.map((name): StepVerdict => {
      switch (name) {
        case "MemTotal":
          return compare(name, (world.see("totals").totalram + world.markedOffline.size) * KiB, seen(name));
        case "MemFree": {
          const most = world.see("zones").reduce((sum, { nrFree }) => sum + (nrFree ?? 0), 0) * KiB;
          return seen(name) <= most ? agreesBy("mem-free") : differs(`MemFree at most ${most}`, `MemFree ${seen(name)}`);
        }
        case "HardwareCorrupted":
          return compare(name, world.see("totals").numPoisoned * KiB, seen(name));
        case "CmaTotal":
          return compare(name, world.see("cma").reduce((sum, { nrPages }) => sum + nrPages, 0) * KiB, seen(name));
        case "AnonHugePages":
          return compare(name, world.see("allocations").reduce((sum, { kind, order }) => sum + (kind === "folio" ? 2 ** (order ?? 0) : 0), 0) * KiB, seen(name));
        default:
          return missing(`${name} of /proc/meminfo`, false);
      }
    }),
  );
}

/** Counters of /proc/vmstat. */
export function vmstat(world: World, fields: readonly string[], observed: unknown): StepVerdict {
  return all(
    fields.map((name): StepVerdict => {
      const least = name === "pgmigrate_success" ? world.moved.pages : name === "thp_migration_success" ? world.moved.folios : undefined;
      const seen = Number(field(observed, name));
      // The model's moves always succeed: others may fail.
      if (least === undefined) return ["pgmigrate_fail", "thp_migration_fail", "thp_migration_split"].includes(name) ? compare(name, 0, seen) : missing(`${name} of /proc/vmstat`, false);
      return seen >= least ? agreesBy("moved") : differs(`${name} at least ${least}`, `${name} ${seen}`);
    }),
  );
}
