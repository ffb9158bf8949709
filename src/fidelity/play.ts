/** Plays a record on a subject: every step a command or a look, until one differs or can not be said. */
import { checkDescription, parseProfile, switchIds } from "../../models/index.ts";
import type { MachineDescription, Profile, SwitchId } from "../../models/index.ts";
import { tooLarge } from "../check/limits.ts";
import { createSubject } from "../check/subjects.ts";
import { plug, unplug } from "./firmware.ts";
import { comparePool } from "./hugetlb.ts";
import * as module from "./kernel-module.ts";
import * as look from "./look.ts";
import * as lookZones from "./look-zones.ts";
import * as lookFrames from "./look-frames.ts";
import { machineOf, zoneTypeNamed } from "./memory-map.ts";
import type { BootCount } from "./memory-map.ts";
import { answer, zoneTable, words } from "./observed.ts";
import type { Answer } from "./observed.ts";
import * as process from "./process.ts";
import type { FidelityRecord } from "./record.ts";
import { readStep } from "./steps.ts";
import type { Step } from "./steps.ts";
import { onlineKernel, read, write } from "./sysfs.ts";
import { differs, done, missing } from "./verdict.ts";
import type { RelationId, StepVerdict } from "./verdict.ts";
import { createWorld } from "./world.ts";
import type { World } from "./world.ts";

export type FidelitySubject = "reference" | "engine";

/** A step that nothing was predicted for, and why. */
export interface NotCompared {
  readonly step: number;
  readonly what: string;
}

export interface RecordResult {
  readonly id: string;
  readonly verdict: "agrees" | "differs" | "not expressible";
  /** Of a difference, or of what can not be expressed: the step, from 0, and its words. */
  readonly step?: number;
  readonly do?: string;
  readonly predicted?: string;
  readonly observed?: string;
  /** What is missing. */
  readonly missing?: string;
  /** Steps that were played and compared, and those that were not. */
  readonly compared: number;
  readonly notCompared: readonly NotCompared[];
  /** Relations by which values agreed. */
  readonly relations: readonly RelationId[];
  /** Switches of the profile that made a difference. */
  readonly switches: readonly SwitchId[];
}

export function playRecord(record: FidelityRecord, name: FidelitySubject, profile: Profile): RecordResult {
  const made = machineOf(record.machine, bootCounts(record));
  if (!made.ok) return { id: record.id, verdict: "not expressible", missing: made.missing, compared: 0, notCompared: [], relations: [], switches: [] };
  const fault = checkDescription(made.machine) ?? tooLarge(made.machine);
  if (fault !== undefined) return { id: record.id, verdict: "not expressible", missing: `another machine: ${fault}`, compared: 0, notCompared: [], relations: [], switches: [] };
  const subject = subjectOf(name, made.machine, profile);
  const world = createWorld(record, made.machine, subject);
  const used = (): readonly SwitchId[] => switchIds.filter((id) => (subject.permissionsUsed()[id] ?? 0) > 0);
  const notCompared: NotCompared[] = [];
  const relations = new Set<RelationId>();
  let compared = 0;
  for (const [step, { do: line, observed }] of record.steps.entries()) {
    world.step = step;
    const verdict = playStep(world, readStep(line), observed);
    const so = { id: record.id, step, do: line, compared, notCompared, relations: [...relations], switches: used() };
    if (verdict.verdict === "differs") return { ...so, verdict: "differs", predicted: verdict.predicted, observed: verdict.observed };
    if (verdict.verdict === "missing" && verdict.stops) return { ...so, verdict: "not expressible", missing: verdict.what };
    if (verdict.verdict === "missing") notCompared.push({ step, what: verdict.what });
    else if (verdict.verdict === "agrees") {
      compared += 1;
      for (const relation of verdict.relations) relations.add(relation);
    }
  }
  const result = { id: record.id, compared, notCompared, relations: [...relations], switches: used() };
  if (compared === 0) return { ...result, verdict: "not expressible", missing: notCompared[0]?.what ?? "a step" };
  return { ...result, verdict: "agrees" };
}

/** The switches without which this record, which agrees under the profile, would not. */
export function switchesNeeded(record: FidelityRecord, { switches }: RecordResult, name: FidelitySubject, profile: Profile): readonly SwitchId[] {
  return switches.filter((id) => {
    const without = parseProfile(`${profile.name}-${id}`);
    return !("error" in without) && playRecord(record, name, without).verdict === "differs";
  });
}

function subjectOf(subject: FidelitySubject, machine: MachineDescription, profile: Profile): ReturnType<typeof createSubject> {
  if ("error" in parseProfile(profile.name)) throw new Error(`no profile ${profile.name}`);
  return createSubject({ subject, profile: profile.name, mutant: null }, machine, profile);
}

/** Present and managed pages by zone, from the first look at all zones that comes before boot memory changes. */
function bootCounts(record: FidelityRecord): readonly BootCount[] {
  for (const { do: line, observed } of record.steps) {
    const step = readStep(line);
    if (step.kind === "zones") return [...(zoneTable(observed) ?? [])].flatMap(([name, zone]) => bootCount(name, zone.present, zone.managed));
    if (step.kind === "module-zones") {
      return (answer(observed)?.out ?? []).flatMap((row) => {
        const [kind, node, type] = row.split(" ");
        const seen = words(row);
        return kind === "zone" ? bootCount(`${node ?? ""}:${type ?? ""}`, Number(seen.get("early")), Number(seen.get("managed")) + Number(seen.get("early")) - Number(seen.get("present"))) : [];
      });
    }
  }
  return [];
}

function bootCount(name: string, present: number, managed: number): readonly BootCount[] {
  const [node, type] = name.split(":");
  const zone = zoneTypeNamed(type ?? "");
  return zone === undefined ? [] : [{ node: Number(node), type: zone, present, managed }];
}

/** Steps that may be refused; all others come back with 0 where they come back with an errno. */
const refusable: ReadonlySet<Step["kind"]> = new Set<Step["kind"]>([
  "write", "online-kernel", "contig-alloc", "contig-free", "contig-pages", "isolate", "test-isolated", "undo-isolate", "alloc", "free", "add", "remove", "offline-and-remove", "group", "group-unregister", "poison", "soft-offline", "unpoison", "end",
  "map", "page-offline", "poison-page", "soft-offline-page", "pin", "unpin", "hold", "release", "missing",
]);

function playStep(world: World, step: Step, observed: unknown): StepVerdict {
  const { errno = "0" } = answer(observed) ?? {};
  if (!refusable.has(step.kind) && errno !== "0") return differs("errno 0", `errno ${errno}`);
  const verdict = playWhatItSays(world, step, observed);
  if (step.kind !== "alloc") world.lastAlloc = null;
  return verdict;
}

/** Steps that come back with an errno. */
function withAnswer(observed: unknown, play: (answer: Answer) => StepVerdict): StepVerdict {
  const found = answer(observed);
  return found === undefined ? missing("what came back", true) : play(found);
}

function playWhatItSays(world: World, step: Step, observed: unknown): StepVerdict {
  switch (step.kind) {
    case "write":
      return write(world, step, observed);
    case "read":
      return read(world, step.file, observed);
    case "online-kernel":
      return onlineKernel(world, step.first, step.last, observed);
    case "plug":
      return plug(world, step.dimm, step.bytes, step.node, observed);
    case "unplug":
      return unplug(world, step.dimm, observed);
    case "blocks":
      return look.blocks(world, observed);
    case "zones":
      return lookZones.zones(world, observed);
    case "events":
      return look.events(world, observed);
    case "drain":
      return module.drain(world);
    case "iomem":
      return look.iomem(world, observed);
    case "nothing":
      return done;
    case "module-zones":
      return lookZones.moduleZones(world, observed);
    case "free-lists":
      return lookZones.drainedLists(world, step.node, step.zone, observed);
    case "buddyinfo":
      return lookZones.buddyinfo(world, step.node, observed);
    case "pagetypeinfo":
      return lookZones.pagetypeinfo(world, step.node, observed);
    case "meminfo":
      return look.meminfo(world, step.fields, observed);
    case "vmstat":
      return look.vmstat(world, step.fields, observed);
    case "types":
      return lookFrames.types(world, step, observed);
    case "pages":
      return lookFrames.pages(world, step, observed);
    case "flags":
      return lookFrames.flags(world, step, observed);
    case "flag-sums":
      return lookFrames.flagSums(world, step, observed);
    case "pool":
      return comparePool(world, observed);
    case "veto":
      return module.veto(world, step);
    case "veto-ends":
      return module.vetoEnds(world);
    case "begin":
      return module.begin(world, step);
    case "missing":
      return missing(step.what, step.changes);
    case "contig-alloc":
      return withAnswer(observed, (found) => module.contigAlloc(world, step, found));
    case "contig-free":
      return withAnswer(observed, (found) => module.contigFree(world, step, found));
    case "contig-pages":
      return withAnswer(observed, (found) => module.contigPages(world, step, found));
    case "isolate":
      return withAnswer(observed, (found) => module.isolate(world, step, found));
    case "test-isolated":
      return withAnswer(observed, (found) => module.testIsolated(world, step, found));
    case "undo-isolate":
      return withAnswer(observed, (found) => module.undoIsolate(world, step, found));
    case "alloc":
      return withAnswer(observed, (found) => module.alloc(world, step, found));
    case "free":
      return withAnswer(observed, (found) => module.free(world, step, found));
    case "add":
      return withAnswer(observed, (found) => module.add(world, step, found));
    case "remove":
      return withAnswer(observed, (found) => module.remove(world, step, found));
    case "offline-and-remove":
      return withAnswer(observed, (found) => module.offlineAndRemove(world, step, found));
    case "group":
      return withAnswer(observed, (found) => module.registerGroup(world, step, found));
    case "group-unregister":
      return withAnswer(observed, (found) => module.unregisterGroup(world, step, found));
    case "page-offline":
      return withAnswer(observed, (found) => module.pageOffline(world, step, found));
    case "poison":
      return withAnswer(observed, (found) => module.poison(world, step, found));
    case "soft-offline":
      return withAnswer(observed, (found) => module.softOffline(world, step, found));
    case "unpoison":
      return withAnswer(observed, (found) => module.unpoison(world, step, found));
    case "is-running":
      return withAnswer(observed, (found) => module.isRunning(world, found));
    case "end":
      return withAnswer(observed, (found) => module.endBackground(world, found));
    case "map":
      return withAnswer(observed, (found) => process.map(world, step, found));
    case "unmap":
      return process.unmap(world, step);
    case "check":
      return withAnswer(observed, (found) => process.check(world, step, found));
    case "frames-of":
      return withAnswer(observed, (found) => process.framesOf(world, step, found));
    case "touch":
      return withAnswer(observed, (found) => process.touchPage(world, step, found));
    case "poison-page":
    case "soft-offline-page":
      return withAnswer(observed, (found) => process.adviseBad(world, step, found));
    case "pin":
    case "unpin":
    case "hold":
    case "release":
      return withAnswer(observed, (found) => process.reference(world, step, found));
  }
}
