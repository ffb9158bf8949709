/** Every command as a file has it: the fields of models/command.ts, all of them required but those that are optional there, no others. */
import * as v from "valibot";
import { contigGfps, errnos, failurePoints, isolationModes, pageKinds, stateWords, vetoableEvents, zoneModifiers, zoneTypes } from "../../models/index.ts";
import type { Command, Op, Setting, TaskCommand } from "../../models/index.ts";
import { autoOnlineWords, onlinePolicies } from "./machine.ts";
import { block, closed, frame, label, labelOrNull, maxLabel, nrPages, nrPagesOrNone, oneOf, order, whole, yesOrNo } from "./fields.ts";
import type { Schema } from "./fields.ts";

const settings: { readonly [K in Setting["option"]]: Schema<Extract<Setting, { option: K }>> } = {
  auto_online_blocks: closed({ option: v.literal("auto_online_blocks"), value: oneOf(autoOnlineWords) }),
  online_policy: closed({ option: v.literal("online_policy"), value: oneOf(onlinePolicies) }),
  auto_movable_ratio: closed({ option: v.literal("auto_movable_ratio"), value: whole(0, maxLabel) }),
  auto_movable_numa_aware: closed({ option: v.literal("auto_movable_numa_aware"), value: yesOrNo }),
};

const setting: Schema<Setting> = choice("option", settings);

const zoneOfNode = { node: label, zone: oneOf(zoneTypes) };
const range = { start: frame, nrPages };
const rangeOrNone = { start: frame, nrPages: nrPagesOrNone };

const writeState = closed({ op: v.literal("write-state"), block, value: oneOf(stateWords) });
const allocContig = closed({ op: v.literal("alloc-contig"), id: label, ...range, compound: yesOrNo, gfp: oneOf(contigGfps) });

const taskCommands: { readonly [K in TaskCommand["op"]]: Schema<Extract<TaskCommand, { op: K }>> } = { "write-state": writeState, "alloc-contig": allocContig };

const commands: { readonly [K in Op]: Schema<Extract<Command, { op: K }>> } = {
  alloc: closed({ op: v.literal("alloc"), id: label, kind: oneOf(pageKinds), order, node: label, thisNode: yesOrNo, zone: oneOf(zoneModifiers) }),
  "alloc-atomic": closed({ op: v.literal("alloc-atomic"), id: label, order, node: label, zone: oneOf(zoneModifiers) }),
  unreserve: closed({ op: v.literal("unreserve"), node: label, movable: yesOrNo, force: yesOrNo }),
  free: closed({ op: v.literal("free"), id: label, pcp: yesOrNo }),
  drain: closed({ op: v.literal("drain"), ...zoneOfNode }),
  "pcp-disable": closed({ op: v.literal("pcp-disable"), ...zoneOfNode }),
  "pcp-enable": closed({ op: v.literal("pcp-enable"), ...zoneOfNode }),
  compact: closed({ op: v.literal("compact"), ...zoneOfNode }),
  hold: closed({ op: v.literal("hold"), id: label }),
  release: closed({ op: v.literal("release"), id: label }),
  "lru-isolate": closed({ op: v.literal("lru-isolate"), id: label }),
  "lru-putback": closed({ op: v.literal("lru-putback"), id: label }),
  "lru-batch": closed({ op: v.literal("lru-batch"), id: label }),
  "lru-drain": closed({ op: v.literal("lru-drain") }),
  pin: closed({ op: v.literal("pin"), id: label, longTerm: yesOrNo }),
  "pin-range": closed({ op: v.literal("pin-range"), first: labelOrNull, skip: label, zero: yesOrNo, last: labelOrNull, longTerm: yesOrNo }),
  unpin: closed({ op: v.literal("unpin"), id: label, longTerm: yesOrNo }),
  poison: closed({ op: v.literal("poison"), pfn: frame }),
  "soft-offline": closed({ op: v.literal("soft-offline"), pfn: frame }),
  unpoison: closed({ op: v.literal("unpoison"), pfn: frame }),
  "free-reserved": closed({ op: v.literal("free-reserved"), pfn: frame }),
  inflate: closed({ op: v.literal("inflate"), id: label, node: label }),
  deflate: closed({ op: v.literal("deflate"), id: label }),
  "vmstat-refresh": closed({ op: v.literal("vmstat-refresh") }),
  isolate: closed({ op: v.literal("isolate"), id: label, ...range, mode: oneOf(isolationModes) }),
  unisolate: closed({ op: v.literal("unisolate"), id: label, ...range }),
  "test-isolated": closed({ op: v.literal("test-isolated"), ...range, mode: oneOf(isolationModes) }),
  "alloc-contig": allocContig,
  "free-contig": closed({ op: v.literal("free-contig"), ...range, pcp: yesOrNo }),
  "alloc-contig-pages": closed({ op: v.literal("alloc-contig-pages"), id: label, nrPages, node: label, thisNode: yesOrNo, movable: yesOrNo }),
  "cma-alloc": closed({ op: v.literal("cma-alloc"), id: label, area: label, nrPages, align: order }),
  "cma-release": closed({ op: v.literal("cma-release"), area: label, id: label, pcp: yesOrNo }),
  "fake-offline": closed({ op: v.literal("fake-offline"), ...range, drops: yesOrNo }),
  "fake-online": closed({ op: v.literal("fake-online"), ...range }),
  add: closed({ op: v.literal("add"), ...rangeOrNone, node: label, memmapOnMemory: yesOrNo, group: labelOrNull }),
  remove: closed({ op: v.literal("remove"), ...rangeOrNone }),
  "offline-and-remove": closed({ op: v.literal("offline-and-remove"), ...rangeOrNone }),
  "write-state": writeState,
  "write-online": closed({ op: v.literal("write-online"), block, value: yesOrNo }),
  "group-static": closed({ op: v.literal("group-static"), id: label, node: label, maxPages: nrPagesOrNone }),
  "group-dynamic": closed({ op: v.literal("group-dynamic"), id: label, node: label, unitPages: nrPagesOrNone }),
  "group-unregister": closed({ op: v.literal("group-unregister"), id: label }),
  "device-map": closed({ op: v.literal("device-map"), id: label, ...rangeOrNone, node: label, reserve: v.exactOptional(nrPages), free: v.exactOptional(nrPages), vmemmapShift: v.exactOptional(whole(1, 40)) }),
  "device-unmap": closed({ op: v.literal("device-unmap"), id: label }),
  "huge-grow": closed({ op: v.literal("huge-grow"), id: label, order, node: label }),
  "huge-shrink": closed({ op: v.literal("huge-shrink"), id: label }),
  "huge-reserve": closed({ op: v.literal("huge-reserve"), order, count: label }),
  "huge-use": closed({ op: v.literal("huge-use"), id: label, reserved: yesOrNo }),
  "kmem-probe": closed({ op: v.literal("kmem-probe"), device: label, group: label }),
  "kmem-remove": closed({ op: v.literal("kmem-remove"), device: label }),
  "vmem-request": closed({ op: v.literal("vmem-request"), nrPages: nrPagesOrNone }),
  set: closed({ op: v.literal("set"), setting }),
  veto: closed({ op: v.literal("veto"), event: oneOf(vetoableEvents), errno: oneOf(errnos) }),
  "fail-next": closed({ op: v.literal("fail-next"), what: oneOf(failurePoints), skip: label }),
  start: closed({ op: v.literal("start"), task: label, command: choice("op", taskCommands) }),
  step: closed({ op: v.literal("step"), task: label }),
  signal: closed({ op: v.literal("signal"), task: label }),
};

/** One command. */
export const commandSchema: Schema<Command> = choice("op", commands);

/** One of several objects, told apart by one field. A lookup, where `v.variant` would try one after the other. */
function choice<S extends Readonly<Record<string, Schema<unknown>>>>(field: string, schemas: S): Schema<v.InferOutput<S[keyof S]>> {
  const known = new Map<string, S[keyof S]>(Object.entries(schemas) as [string, S[keyof S]][]);
  const names = `one of ${[...known.keys()].join(", ")}`;
  const unknown = v.pipe(
    v.looseObject({ [field]: v.picklist([...known.keys()], names) }, ({ path }) => (path === undefined ? `an object with the field ${field}` : names)),
    v.custom<never>(() => false, `an object with the field ${field}`),
  );
  return v.lazy((input) => {
    const name: unknown = typeof input === "object" && input !== null && Object.hasOwn(input, field) ? Reflect.get(input, field) : undefined;
    return (typeof name === "string" ? known.get(name) : undefined) ?? unknown;
  });
}
