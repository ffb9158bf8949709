/** Commands of every kind with numbers of any size: what a file or a pipe might bring. Most make no sense. */
import { boolean, constant, constantFrom, nat, oneof, option, record } from "fast-check";
import type { Arbitrary } from "fast-check";
import { contigGfps, errnos, failurePoints, isolationModes, pageKinds, stateWords, toBlockId, toPfn, vetoableEvents, zoneModifiers, zoneTypes } from "../../models/index.ts";
import type { Command, Setting } from "../../models/index.ts";

const count = oneof(nat(40), nat(300), constantFrom(0, 1, 2 ** 20, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 45, Number.MAX_SAFE_INTEGER));
const pfn = count.map(toPfn);
const small = oneof(nat(5), constantFrom(15, 16, 100, 2 ** 31 - 1));
const id = small;
const flag = boolean();
const node = oneof(nat(2), small);
const zone = constantFrom(...zoneTypes);
const mode = constantFrom(...isolationModes);
const range = { start: pfn, nrPages: count };
const block = oneof(nat(12), count).map(toBlockId);

const setting: Arbitrary<Setting> = oneof(
  record({ option: constant("auto_online_blocks" as const), value: constantFrom("offline" as const, "online" as const, "online_kernel" as const, "online_movable" as const) }),
  record({ option: constant("online_policy" as const), value: constantFrom("contig-zones" as const, "auto-movable" as const) }),
  record({ option: constant("auto_movable_ratio" as const), value: count }),
  record({ option: constant("auto_movable_numa_aware" as const), value: flag }),
);

const writeState = record({ op: constant("write-state" as const), block, value: constantFrom(...stateWords) });
const allocContig = record({ op: constant("alloc-contig" as const), id, ...range, compound: flag, gfp: constantFrom(...contigGfps) });

export const wildCommand: Arbitrary<Command> = oneof(
  record({ op: constant("alloc" as const), id, kind: constantFrom(...pageKinds), order: small, node, thisNode: flag, zone: constantFrom(...zoneModifiers) }),
  record({ op: constant("free" as const), id, pcp: flag }),
  record({ op: constantFrom("drain" as const, "pcp-disable" as const, "pcp-enable" as const), node, zone }),
  record({ op: constantFrom("hold" as const, "release" as const, "lru-isolate" as const, "lru-putback" as const), id }),
  record({ op: constantFrom("pin" as const, "unpin" as const), id, longTerm: flag }),
  record({ op: constantFrom("poison" as const, "soft-offline" as const, "unpoison" as const, "free-reserved" as const), pfn }),
  record({ op: constant("isolate" as const), id, ...range, mode }),
  record({ op: constant("unisolate" as const), id, ...range }),
  record({ op: constant("test-isolated" as const), ...range, mode }),
  allocContig,
  record({ op: constant("free-contig" as const), ...range, pcp: flag }),
  record({ op: constant("alloc-contig-pages" as const), id, nrPages: count, node, thisNode: flag, movable: flag }),
  record({ op: constant("cma-alloc" as const), id, area: small, nrPages: count, align: small }),
  record({ op: constant("cma-release" as const), area: small, id, pcp: flag }),
  record({ op: constant("fake-offline" as const), ...range, drops: flag }),
  record({ op: constant("fake-online" as const), ...range }),
  record({ op: constant("add" as const), ...range, node, memmapOnMemory: flag, group: option(id) }),
  record({ op: constantFrom("remove" as const, "offline-and-remove" as const), ...range }),
  writeState,
  record({ op: constant("write-online" as const), block, value: flag }),
  record({ op: constant("group-static" as const), id, node, maxPages: count }),
  record({ op: constant("group-dynamic" as const), id, node, unitPages: count }),
  record({ op: constant("group-unregister" as const), id }),
  record({ op: constant("device-map" as const), id, ...range, node }),
  record({ op: constant("device-unmap" as const), id }),
  record({ op: constant("kmem-probe" as const), device: small, group: id }),
  record({ op: constant("kmem-remove" as const), device: small }),
  record({ op: constant("vmem-request" as const), nrPages: count }),
  record({ op: constant("set" as const), setting }),
  record({ op: constant("veto" as const), event: constantFrom(...vetoableEvents), errno: constantFrom(...errnos) }),
  record({ op: constant("fail-next" as const), what: constantFrom(...failurePoints), skip: count }),
  record({ op: constant("start" as const), task: small, command: oneof(writeState, allocContig) }),
  record({ op: constantFrom("step" as const, "signal" as const), task: small }),
);
