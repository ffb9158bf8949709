/** Records that agree, with one observed value changed: what must be found, and what a relation leaves open. */
import type { RelationId } from "../../src/fidelity/verdict.ts";
import { field, text, zone } from "./fixture.ts";
import type { Edit } from "./fixture.ts";

/** One observed value of a step, otherwise; `of`: what was changed. */
export interface Edited {
  readonly of: string;
  readonly record: string;
  readonly step: number;
  readonly edit: Edit;
}

/** An edit that is found at its step. */
export interface Found extends Edited {
  readonly predicted: string;
  readonly observed: string;
}

type Row = readonly [of: string, record: string, step: number, edit: Edit, predicted: string, observed: string];

function row([of, record, step, edit, predicted, observed]: Row): Found {
  return { of, record, step, edit, predicted, observed };
}

function rows(...table: readonly Row[]): readonly Found[] {
  return table.map(row);
}

export const found: Readonly<Record<string, readonly Found[]>> = {
  errnos: rows(
    ["of a write that is refused", "state-writes", 1, field("errno", "EBUSY"), "errno EINVAL because of state-already", "errno EBUSY"],
    ["of a write that is taken", "state-writes", 8, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a word that is none", "state-writes", 2, field("errno", 0), "errno EINVAL", "errno 0"],
    ["of a write of nothing", "state-writes", 7, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a block with holes", "offline-boot", 8, field("errno", 0), "errno EINVAL because of offline-memory-hole", "errno 0"],
    ["of an offline that never ends", "offline-pinned-in-movable-alloc", 4, field("errno", "EBUSY"), "errno EINTR because of offline-stuck", "errno EBUSY"],
    ["of an offline of memory with an error in it", "hwpoison-used-offline", 14, field("errno", 0), "errno EHWPOISON because of block-has-poison", "errno 0"],
    ["of several blocks", "gigantic-normal", 1, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a refusal by a notifier", "offline-notifier-veto", 3, field("errno", "EBUSY"), "errno ENOMEM because of veto", "errno EBUSY"],
    ["of another refusal by a notifier", "offline-notifier-veto", 17, field("errno", "EBUSY"), "errno EPERM because of offline-veto", "errno EBUSY"],
    ["of arming a notifier", "veto-auto-online", 0, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a contiguous allocation over used memory", "contig-unaligned", 7, text('"EBUSY","out":"ret=-16"', '0,"out":"ret=0"'), "errno EBUSY because of stuck at frame 0x102024", "errno 0"],
    ["of a contiguous allocation that is granted", "contig-free-aligned", 3, text('0,"out":"ret=0"', '"EBUSY","out":"ret=-16"'), "errno 0", "errno EBUSY"],
    ["of a compound allocation of another size", "contig-comp", 11, field("errno", "EBUSY"), "errno EINVAL because of compound-shape at frame 0x102000", "errno EBUSY"],
    ["of an isolation", "proc-buddyinfo", 7, field("errno", "EBUSY"), "errno 0", "errno EBUSY"],
    ["of undoing an isolation", "proc-buddyinfo", 10, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of adding nothing", "add-errors", 2, field("errno", "EINVAL"), "errno E2BIG because of not-mappable at frame 0x20000", "errno EINVAL"],
    ["of adding what is there", "add-errors", 3, field("errno", 0), "errno EEXIST because of resource-busy at frame 0x10000", "errno 0"],
    ["of adding to a node that can not be, which the kernel warns of", "add-errors", 4, field("errno", 0), "errno EINVAL because of node-not-possible", "errno 0"],
    ["of removing what is on line", "remove-errors", 2, field("errno", 0), "errno EBUSY because of block-online", "errno 0"],
    ["of removing what is not there", "remove-errors", 8, field("errno", "EBUSY"), "errno 0 and a warning", "errno EBUSY"],
    ["of taking blocks off line and away, one in use", "offline-and-remove", 7, field("errno", 0), "errno EBUSY because of page-offline", "errno 0"],
    ["of marking a page that is held", "offline-and-remove", 5, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a memory group that is too small", "add-group", 4, field("errno", 0), "errno EINVAL because of size", "errno 0"],
    ["of ending a group with memory", "add-group", 15, field("errno", 0), "errno EBUSY because of group-has-blocks", "errno 0"],
    ["of a memory error off line", "hwpoison-offline-block", 1, field("errno", 0), "errno ENXIO because of not-online at frame 0x10000a", "errno 0"],
    ["of a memory error in a reserved frame", "hwpoison-offline-block", 5, field("errno", "ENXIO"), "errno EBUSY because of kernel-page at frame 0x0", "errno ENXIO"],
    ["of a second error in a frame", "sysfs-page-offline", 10, field("errno", 0), "errno EHWPOISON because of poisoned-already at frame 0x101388", "errno 0"],
    ["of a soft offline off line", "soft-offline-used", 13, field("errno", "EBUSY"), "errno EIO because of not-online at frame 0x102328", "errno EBUSY"],
    ["of a soft offline that is switched off", "sysfs-page-offline", 16, field("errno", 0), "errno EOPNOTSUPP", "errno 0"],
    ["of a soft offline of no address", "sysfs-page-offline", 13, field("errno", 0), "errno EINVAL", "errno 0"],
    ["of a soft offline outside memory", "sysfs-page-offline", 11, field("errno", "EIO"), "errno ENXIO because of not-valid at frame 0xfffffffff", "errno EIO"],
    ["of unpoisoning off line", "soft-offline-used", 14, field("errno", 0), "errno EIO because of not-online at frame 0x100001", "errno 0"],
    ["of unpoisoning on line", "hwpoison-unpoison", 7, field("errno", "EBUSY"), "errno 0", "errno EBUSY"],
    ["of an error in a page of a process", "hwpoison-used-offline", 5, field("errno", "EBUSY"), "errno 0", "errno EBUSY"],
    ["of a soft offline of a page of a process", "soft-offline-used", 5, field("errno", "EBUSY"), "errno 0", "errno EBUSY"],
    ["of pinning for long", "contig-pinned", 4, field("errno", "ENOMEM"), "errno 0", "errno ENOMEM"],
    ["of letting go of a page", "contig-pinned", 22, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a write to the pool", "hugetlb-offline-free", 2, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a write in the background", "contig-background-offline", 13, field("errno", 0), "errno EINTR because of signal", "errno 0"],
    ["of unmapping", "hugetlb-overcommit-reserved", 6, field("errno", "EINVAL"), "errno 0", "errno EINVAL"],
    ["of a look at zones", "offline-boot", 1, field("errno", "EPERM"), "errno 0", "errno EPERM"],
    ["of a write to the file online, which is the shell's", "state-writes", 19, field("errno", 1), "errno 0 of the shell", "errno 1"],
  ),
  "what calls give back": rows(
    ["the number of a refusal", "contig-unaligned", 7, field("out", "ret=-12"), "returned -16", "returned -12"],
    ["a number where there is none", "contig-free-aligned", 3, field("out", "ret=1"), "returned 0", "returned 1"],
    ["the exit status of a refused write to online", "state-writes", 17, field("out", "0"), "exit status 1", "exit status 0"],
    ["the exit status of a write of a word that is none", "state-writes", 21, field("out", "0"), "exit status 1", "exit status 0"],
    ["the exit status of a write that is taken", "state-writes", 19, field("out", "1"), "exit status 0", "exit status 1"],
    ["the number of a group", "add-group", 2, text("ret=1", "ret=2"), "group ret=1", "group ret=2"],
    ["the end of a write in the background", "contig-background-offline", 12, field("out", "done"), "the write running", "the write done"],
    ["a DIMM that is left", "memmap-off-memory", 15, text('"dimms_left":[]', '"dimms_left":["dimm0"]'), "DIMMs that are left: none", "DIMMs that are left: dimm0"],
    ["a DIMM that is gone", "dimm-remove-blocked-kernel", 7, text('"dimms_left":["dimm0"]', '"dimms_left":[]'), "DIMMs that are left: dimm0", "DIMMs that are left: none"],
    ["a DIMM of another name", "dimm-directmap", 7, text('"dimms_left":["dimm0"]', '"dimms_left":["dimm1"]'), "DIMMs that are left: dimm0", "DIMMs that are left: dimm1"],
    ["a DIMM that could not be added", "memmap-off-memory", 3, field("dmesg", ["acpi PNP0C80:00: add_memory failed"]), "the memory is added", "add_memory failed"],
    ["a DIMM that could be added", "dimm-unaligned", 0, field("dmesg", []), "add_memory failed (EINVAL)", "no complaint in the kernel's log"],
  ),
  blocks: rows(
    ["the zone of a block", "zone-online-out-of-order", 3, text('"35":"online Normal"', '"35":"online Movable"'), "block 35 online Normal", "block 35 online Movable"],
    ["the order of the zones that a block may have", "zone-online-out-of-order", 1, text('"36":"offline Normal,Movable"', '"36":"offline Movable,Normal"'), "block 36 offline Normal,Movable", "block 36 offline Movable,Normal"],
    ["a state", "zone-online-out-of-order", 1, text('"36":"offline Normal,Movable"', '"36":"online Normal"'), "block 36 offline Normal,Movable", "block 36 online Normal"],
    ["a block of two zones", "offline-boot", 0, text('"0":"online none"', '"0":"online DMA"'), "block 0 online none", "block 0 online DMA"],
    ["a block that is gone", "zone-movable-node", 1, text('"35":"offline Movable,Normal"', '"36":"offline Movable,Normal"'), "block 35 offline Movable,Normal", "block 35 is not there"],
    ["a block that is not there", "zone-movable-node", 1, text('"3":"online DMA32"', '"3":"online DMA32","7":"online DMA32"'), "block 7 is not there", "block 7 online DMA32"],
    ["the zone of a block that came back with its DIMM", "dimm-remove-blocked-kernel", 9, text('"33":"online Normal"', '"33":"online Movable"'), "block 33 online Normal", "block 33 online Movable"],
    ["the node of a block", "offline-unmovable-kernel", 9, text('"33":"online Normal node=1"', '"33":"online Normal node=0"'), "block 33 online Normal node=1", "block 33 online Normal node=0"],
  ),
  zones: rows(
    ["the start", "zone-online-out-of-order", 4, zone("0:Normal", "start", 1_146_881), "zone 0:Normal start 1146880, spanned 32768, present 32768, managed 32768", "zone 0:Normal start 1146881, spanned 32768, present 32768, managed 32768"],
    ["the span", "zone-overlap-both", 6, zone("0:Movable", "spanned", 131_073), "zone 0:Movable start 1081344, spanned 131072, present 65536, managed 65536", "zone 0:Movable start 1081344, spanned 131073, present 65536, managed 65536"],
    ["the present frames", "zone-kernelcore", 8, zone("0:Movable", "present", 46_049), "zone 0:Movable start 52224, spanned 78816, present 46048, managed 26858", "zone 0:Movable start 52224, spanned 78816, present 46049, managed 26858"],
    ["the managed frames of memory from boot", "zone-kernelcore", 8, zone("0:Movable", "managed", 26_857), "zone 0:Movable start 52224, spanned 78816, present 46048, managed 26858", "zone 0:Movable start 52224, spanned 78816, present 46048, managed 26857"],
    ["the managed frames with a memmap of their own", "memmap-on-memory-contig", 6, zone("0:Movable", "managed", 32_768), "zone 0:Movable start 1048576, spanned 32768, present 32768, managed 32256", "zone 0:Movable start 1048576, spanned 32768, present 32768, managed 32768"],
    ["the start of a zone on arm64", "arm64-memmap-on-memory", 4, zone("0:DMA", "start", 16_385), "zone 0:DMA start 16384, spanned 507904, present 278528, managed 247095", "zone 0:DMA start 16385, spanned 507904, present 278528, managed 247095"],
    ["a zone that is gone", "zone-movable-node", 6, text('"0:Normal"', '"0:Device"'), "zone 0:Normal has memory", "zone 0:Normal has no memory"],
    ["free pages of a quiet zone, one less", "contig-exact-size", 3, zone("1:Normal", "free", 32_767), "zone 1:Normal: free 32768", "zone 1:Normal: free 32767"],
    ["free pages of a quiet zone, one more", "contig-exact-size", 3, zone("1:Normal", "free", 32_769), "zone 1:Normal: free 32768", "zone 1:Normal: free 32769"],
    ["free pages of a quiet zone that is not drained, one too many", "contig-pinned", 9, zone("1:Normal", "free", 32_738), "zone 1:Normal: at most 32737 free", "zone 1:Normal: 32738 free"],
    ["free pages of a busy zone, one too many", "contig-comp", 13, zone("0:Movable", "free", 32_261), "zone 0:Movable: at most 32260 free", "zone 0:Movable: 32261 free"],
    ["free pages of a busy zone, too few", "contig-comp", 13, zone("0:Movable", "free", 28_159), "zone 0:Movable: at least 28160 free", "zone 0:Movable: 28159 free"],
    ["free pages of a zone from boot", "zone-kernelcore", 12, zone("0:Movable", "free", 59_631), "zone 0:Movable: at most 59630 free", "zone 0:Movable: 59631 free"],
  ),
  "zones and free lists as the module shows them": rows(
    ["a node's present frames", "offline-boot", 10, text("node 0 start=1 present=65406", "node 0 start=1 present=65407"), "node 0 start=1 present=65406 spanned=131039", "node 0 start=1 present=65407 spanned=131039"],
    ["a node's start", "arm64-auto-movable-cma", 3, text("node 0 start=16384", "node 0 start=16385"), "node 0 start=16384 present=278528 spanned=507904", "node 0 start=16385 present=278528 spanned=507904"],
    ["present frames from boot", "offline-boot", 10, text("present=61408 early=61408", "present=61408 early=61409"), "zone 0:DMA32 start=4096 spanned=126944 present=61408 early=61408 managed=32804 isolate_pb=0 contiguous=0", "zone 0:DMA32 start=4096 spanned=126944 present=61408 early=61409 managed=32804 isolate_pb=0 contiguous=0"],
    ["isolated pageblocks", "isolate-direct", 5, text("isolate_pb=2", "isolate_pb=1"), "zone 0:Movable start=1048576 spanned=32768 present=32768 early=0 managed=32768 isolate_pb=2 contiguous=0", "zone 0:Movable start=1048576 spanned=32768 present=32768 early=0 managed=32768 isolate_pb=1 contiguous=0"],
    ["isolated pageblocks of a block going off line", "contig-background-offline", 7, text("isolate_pb=64", "isolate_pb=63"), "zone 0:Movable start=1048576 spanned=65536 present=65536 early=0 managed=65536 isolate_pb=64 contiguous=0", "zone 0:Movable start=1048576 spanned=65536 present=65536 early=0 managed=65536 isolate_pb=63 contiguous=0"],
    ["whether a zone is contiguous", "offline-boot", 1, text("managed=98340 free=92343 isolate_pb=0 contiguous=1", "managed=98340 free=92343 isolate_pb=0 contiguous=0"), "zone 0:DMA32 start=4096 spanned=126944 present=126944 early=126944 managed=98340 isolate_pb=0 contiguous=1", "zone 0:DMA32 start=4096 spanned=126944 present=126944 early=126944 managed=98340 isolate_pb=0 contiguous=0"],
    ["a zone that nobody has", "offline-boot", 10, text("zone 0 DMA32 start", "zone 0 Nothing start"), "no zone Nothing of node 0", "zone 0 Nothing start=4096 spanned=126944 present=61408 early=61408 managed=32804 free=26845 isolate_pb=0 contiguous=0"],
    ["a zone that is not shown", "offline-boot", 10, text('"zone 0 DMA32 start=4096 spanned=126944 present=61408 early=61408 managed=32804 free=26845 isolate_pb=0 contiguous=0",', ""), "zone 0:DMA32 is shown", "zone 0:DMA32 is not shown"],
    ["free pages", "offline-unmovable-kernel", 7, text("managed=32768 free=32767", "managed=32768 free=32769"), "zone 1:Normal: free 32767", "zone 1:Normal: free 32769"],
    ["a free list of a quiet zone", "buddy-fallback", 2, text("free M: 0 0 0 0 0 0 0 0 0 0 32", "free M: 0 0 0 0 0 0 0 0 0 2 31"), "zone 1:Normal: free M 0 0 0 0 0 0 0 0 0 0 32", "zone 1:Normal: free M 0 0 0 0 0 0 0 0 0 2 31"],
    ["free lists of a busy zone, 126 frames more than its free pages", "contig-free-aligned", 2, text("managed=98340 free=91350", "managed=98340 free=91224"), "zone 0:DMA32: free blocks add up to its free pages, 91224", "they add up to 91350"],
    ["a free list after draining", "walk-alloc-normal-0", 5, text("free M: 0 0 0 0 0 0 1 1 1 1 31", "free M: 0 0 0 0 0 0 1 1 1 3 30"), "zone 1:Normal: free M 0 0 0 0 0 0 1 1 1 1 31", "zone 1:Normal: free M 0 0 0 0 0 0 1 1 1 3 30"],
    ["a free list that is not shown", "walk-alloc-normal-0", 5, text('"free M: 0 0 0 0 0 0 1 1 1 1 31",', ""), "zone 1:Normal: free M 0 0 0 0 0 0 1 1 1 1 31", "zone 1:Normal: free M not shown"],
    ["the free pages after draining", "walk-alloc-normal-0", 5, text("free=32704", "free=32703"), "zone 1:Normal: free 32704", "zone 1:Normal: free 32703"],
  ),
  "buddyinfo and pagetypeinfo": rows(
    ["free blocks of a quiet zone", "proc-buddyinfo", 8, text("      2     31 ", "      0     32 "), "zone 1:Movable 0 0 0 0 0 0 0 0 0 2 31", "zone 1:Movable 0 0 0 0 0 0 0 0 0 0 32"],
    ["the zones of a node", "proc-buddyinfo", 2, text("zone  Movable", "zone   Normal"), "zones of node 1 Movable", "zones of node 1 Normal"],
    ["the node of a row", "proc-buddyinfo", 2, text("Node 1", "Node 0"), "zones of node 1 Movable", "zones of node 1 "],
    ["more free blocks than there can be in a zone that is not drained", "proc-buddyinfo", 13, text("Normal      0      0      0      0      1", "Normal      1      0      0      1      1"), "zone 1:Normal: at most 32760 frames in free blocks", "32761"],
    ["free blocks by type", "proc-buddyinfo", 9, text("0      2      0 ", "0      0      1 "), "zone 1:Movable: Isolate 0 0 0 0 0 0 0 0 0 2 0", "zone 1:Movable: Isolate 0 0 0 0 0 0 0 0 0 0 1"],
    ["the node of a row of free blocks by type", "proc-buddyinfo", 3, text("Node    1, zone  Movable, type      Movable", "Node    0, zone  Movable, type      Movable"), "zone 1:Movable: Movable 0 0 0 0 0 0 0 0 0 0 32", "zone 1:Movable: Movable not shown"],
    ["pageblocks by type", "proc-buddyinfo", 3, text("           64            0", "           63            1"), "zone 1:Movable: pageblocks 0 64 0 0 0", "zone 1:Movable: pageblocks 0 63 1 0 0"],
  ),
  "notifier calls": rows(
    ["the order of two calls", "memmap-off-memory", 7, (observed) => (Array.isArray(observed) ? [observed[1], observed[0], ...observed.slice(2)] : observed), "call 1: PREPARE_ONLINE start=1048576 nr=32768", "call 1: GOING_ONLINE start=1048576 nr=32768"],
    ["the event", "memmap-off-memory", 13, text("FINISH_OFFLINE", "CANCEL_OFFLINE"), "call 3: FINISH_OFFLINE start=1048576 nr=32768", "call 3: CANCEL_OFFLINE start=1048576 nr=32768"],
    ["the first frame", "arm64-memmap-on-memory", 3, text("GOING_ONLINE start=524800", "GOING_ONLINE start=524288"), "call 2: GOING_ONLINE start=524800 nr=32256", "call 2: GOING_ONLINE start=524288 nr=32256"],
    ["the number of frames", "arm64-memmap-on-memory", 3, text("ONLINE start=524800 nr=32256 altmap_start=524288", "ONLINE start=524800 nr=32768 altmap_start=524288"), "call 1: PREPARE_ONLINE start=524800 nr=32256", "call 1: PREPARE_ONLINE start=524800 nr=32768"],
    ["a call that is missing", "offline-notifier-veto", 12, (observed) => (Array.isArray(observed) ? observed.slice(0, 1) : observed), "call 2: CANCEL_OFFLINE start=1048576 nr=32768", "call 2: none"],
    ["a call too many", "offline-notifier-veto", 12, (observed) => (Array.isArray(observed) ? [...observed, ...observed] : observed), "call 3: none", "call 3: GOING_OFFLINE start=1048576 nr=32768"],
  ),
  "struct pages": rows(
    ["a page of a free block that is none", "contig-unmovable-inside", 4, text("1048577-1048577 online=1 zone=1:2 flags=0 BUDDY", "1048577-1048577 online=1 zone=1:2 flags=0"), "frame 1048577: order 0", "frame 1048577: order -1"],
    ["the order of a free block", "contig-unmovable-inside", 4, text("BUDDY ref=0 order=2", "BUDDY ref=0 order=3"), "frame 1048580: order 2", "frame 1048580: order 3"],
    ["the zone", "contig-unmovable-inside", 4, text("1048577-1048577 online=1 zone=1:2", "1048577-1048577 online=1 zone=1:3"), "frame 1048577: zone 1:2", "frame 1048577: zone 1:3"],
    ["the type of the pageblock", "contig-unmovable-inside", 4, text("1048577-1048577 online=1 zone=1:2 flags=0 BUDDY ref=0 order=0 mt=U", "1048577-1048577 online=1 zone=1:2 flags=0 BUDDY ref=0 order=0 mt=M"), "frame 1048577: pageblock U", "frame 1048577: pageblock M"],
    ["a page in use that is not", "contig-unmovable-inside", 4, text("1048576-1048576 online=1 zone=1:2 flags=0 ref=1", "1048576-1048576 online=1 zone=1:2 flags=0 ref=0"), "frame 1048576: in use yes", "frame 1048576: in use no"],
    ["a frame off line that is on line", "soft-offline-used", 17, text("online=0", "online=1"), "frame 1057576: online 0", "frame 1057576: online 1"],
    ["a frame on line that is off line", "sysfs-page-offline", 4, text("online=1", "online=0"), "frame 1053576: online 1", "frame 1053576: online 0"],
    ["an error in a frame", "hwpoison-unpoison", 4, text("flags=100000 HWPOISON ref=1", "flags=100000 ref=1"), "frame 1052677: HWPOISON yes", "frame 1052677: HWPOISON no"],
    ["an error in another frame", "hwpoison-unpoison", 10, text("1052676-1052676 online=1 zone=0:3 flags=20908 ref=2 order=-1 mt=M", "1052676-1052676 online=1 zone=0:3 flags=20908 HWPOISON ref=2 order=-1 mt=M"), "frame 1052676: HWPOISON no", "frame 1052676: HWPOISON yes"],
    ["a frame of a busy zone that the test holds", "contig-free-aligned", 5, text("1052672-1052675 online=1 zone=0:3 flags=0 ref=1", "1052672-1052675 online=1 zone=0:3 flags=0 ref=0"), "frame 1052672 is in use", "no reference on frame 1052672"],
    ["a free block of a busy zone over a frame that the test holds", "contig-free-aligned", 5, text("1052672-1052675 online=1 zone=0:3 flags=0 ref=1 order=-1", "1052672-1052675 online=1 zone=0:3 flags=0 BUDDY ref=0 order=2"), "frame 1052672 is not free", "a free block of order 2 at frame 1052672"],
    ["the zone of a frame of a busy zone", "contig-free-aligned", 5, text("1052666-1052671 online=1 zone=0:3", "1052666-1052671 online=1 zone=0:2"), "frame 1052666: zone 0:3", "frame 1052666: zone 0:2"],
    ["frames that are not shown", "contig-free-aligned", 5, text("1052672-1052675 online", "1052673-1052675 online"), "a row from frame 1052672 on", "frames 1052673 to 1052675"],
    ["a frame too few", "contig-free-aligned", 5, text("1052672-1052675 online", "1052672-1052674 online"), "the last frame: 1052675", "the last frame: 1052674"],
    ["frames of a memmap on memory", "arm64-memmap-on-memory", 5, text("524288-524799 online=1 zone=0:3 flags=400 ref=1 order=-1 mt=U", "524288-524799 online=1 zone=0:3 flags=400 ref=1 order=-1 mt=M"), "frame 524288: pageblock U", "frame 524288: pageblock M"],
  ),
  "types of pageblocks": rows(
    ["of a quiet kernel zone", "buddy-fallback", 5, text("1048576-1049599 U", "1048576-1049599 R"), "pageblock 1048576: U", "pageblock 1048576: R"],
    ["of a quiet kernel zone, claimed by nobody", "contig-type-change", 5, text("1050624-1114111 M", "1050624-1114111 U"), "pageblock 1050624: R", "pageblock 1050624: U"],
    ["of zone Movable", "offline-pinned-in-movable-alloc", 8, text("1048576-1081343 M", "1048576-1081343 U"), "pageblock 1048576: M", "pageblock 1048576: U"],
    ["isolated in a busy zone", "isolate-direct", 4, text("1052672-1053695 I", "1052672-1053695 M"), "pageblock 1052672: I", "pageblock 1052672: M"],
    ["isolated in a busy kernel zone", "contig-cross-zone", 6, text("1081344-1082367 R", "1081344-1082367 I"), "pageblock 1081344: M", "pageblock 1081344: I"],
    ["claimed with another, one pageblock of two", "buddy-fallback", 13, text('1051648-1052671 U","1052672', '1051648-1052159 U","1052160'), "pageblock 1052160: U", "pageblock 1052160: M"],
    ["not shown", "offline-pinned-in-movable-alloc", 8, text("1048576-1081343 M", "1048576-1080831 M"), "the last frame: 1081343", "the last frame: 1080831"],
    ["one pageblock less of a kind", "contig-background-offline", 9, text('1048576-1080831 I","1080832', '1048576-1080319 I","1080320'), "pageblock 1080320: I", "pageblock 1080320: M"],
  ),
  "sums of page flags": rows(
    ["the number of frames", "offline-thp", 6, text("n=32768", "n=32767"), "n 32768", "n 32767"],
    ["frames without a page", "offline-thp", 6, text("zero=1", "NOPAGE=1 zero=1"), "NOPAGE 0", "NOPAGE 1"],
    ["frames with an error", "offline-thp", 6, text("THP=8192", "THP=8192 HWPOISON=1"), "HWPOISON 0", "HWPOISON 1"],
    ["frames off line", "offline-thp", 6, text("THP=8192", "THP=8192 OFFLINE=1"), "OFFLINE 0", "OFFLINE 1"],
    ["hugetlb pages", "hugetlb-offline-free", 4, text("HUGE=10240", "HUGE=10241"), "HUGE 10240", "HUGE 10241"],
    ["free pages, one too many", "gigantic-normal", 8, text("BUDDY=262144", "BUDDY=262145"), "BUDDY at most 262144", "BUDDY 262145"],
    ["transparent huge pages, one too few", "offline-thp", 6, text("THP=8192", "THP=8191"), "THP at least 8192", "THP 8191"],
    ["tails of compound pages, one too few", "gigantic-normal", 7, text("CTAIL=262143", "CTAIL=262142"), "compound pages at least 262144", "compound pages 262143"],
    ["frames that are not shown", "contig-comp", 5, text("1052673-1053183 CTAIL", "1052673-1053182 CTAIL"), "the last frame: 1053183", "the last frame: 1053182"],
    ["flags of tails", "contig-comp", 5, text("1052673-1053183 CTAIL", "1052673-1053183 BUDDY"), "BUDDY at most 0", "BUDDY 511"],
    ["flags of hugetlb pages", "contig-hugetlb", 6, text("1049601-1050111 CTAIL HUGE", "1049601-1050111 CTAIL"), "HUGE 3072", "HUGE 2561"],
  ),
  "counters and lists of /proc": rows(
    ["a range of system RAM that ends later", "add-errors", 13, text("00100000-17ffffff", "00100000-17ffefff"), "frames of System RAM 1-159, 256-98304, 131072-163840, 163840-196608", "frames of System RAM 1-159, 256-98303, 131072-163840, 163840-196608"],
    ["a range of system RAM that is gone", "add-errors", 13, text(',"28000000-2fffffff : System RAM"', ""), "frames of System RAM 1-159, 256-98304, 131072-163840, 163840-196608", "frames of System RAM 1-159, 256-98304, 131072-163840"],
    ["MemTotal", "memmap-off-memory", 9, field("MemTotal", 539_788), "MemTotal 539792", "MemTotal 539788"],
    ["MemFree, one page too many", "memmap-off-memory", 4, field("MemFree", 404_628), "MemFree at most 404624", "MemFree 404628"],
    ["HardwareCorrupted", "sysfs-page-offline", 8, field("HardwareCorrupted", 4), "HardwareCorrupted 8", "HardwareCorrupted 4"],
    ["CmaTotal", "arm64-auto-movable-cma", 2, field("CmaTotal", 65_532), "CmaTotal 65536", "CmaTotal 65532"],
    ["AnonHugePages", "offline-thp", 5, field("AnonHugePages", 30_720), "AnonHugePages 32768", "AnonHugePages 30720"],
    ["pages that moved, one too few", "offline-thp", 10, field("pgmigrate_success", 8191), "pgmigrate_success at least 8192", "pgmigrate_success 8191"],
    ["pages that did not move", "offline-thp", 10, field("pgmigrate_fail", 1), "pgmigrate_fail 0", "pgmigrate_fail 1"],
    ["transparent huge pages that moved, one too few", "offline-thp", 10, field("thp_migration_success", 15), "thp_migration_success at least 16", "thp_migration_success 15"],
    ["transparent huge pages that were split", "offline-thp", 10, field("thp_migration_split", 1), "thp_migration_split 0", "thp_migration_split 1"],
  ),
  "pools of hugetlb pages": rows(
    ["pages", "hugetlb-offline-free", 7, field("nr_hugepages", 1), "nr_hugepages 0", "nr_hugepages 1"],
    ["free pages", "hugetlb-offline-used-noroom", 5, field("free_hugepages", 1), "free_hugepages 0", "free_hugepages 1"],
    ["reserved pages", "hugetlb-overcommit-reserved", 5, field("resv_hugepages", 4), "resv_hugepages 8", "resv_hugepages 4"],
    ["surplus pages", "hugetlb-overcommit-reserved", 9, field("surplus_hugepages", 0), "surplus_hugepages 2", "surplus_hugepages 0"],
    ["1 GiB pages where none can be", "gigantic-movable-only", 15, field("value", "1"), "nr_hugepages 0", "nr_hugepages 1"],
    ["1 GiB pages that were dissolved", "gigantic-offline", 9, field("value", "1"), "nr_hugepages 0", "nr_hugepages 1"],
    ["free 1 GiB pages", "gigantic-offline", 10, field("value", "1"), "free_hugepages 0", "free_hugepages 1"],
    ["1 GiB pages of a quiet node", "gigantic-blocked", 13, field("value", "0"), "nr_hugepages 1", "nr_hugepages 0"],
  ),
  "frames that were given": rows(
    ["a contiguous range behind the first that does", "contig-exact-size", 7, field("out", "1050624"), "first frame 1049976", "first frame 1050624"],
    ["a contiguous range that could not be had", "contig-exact-size", 8, text('0,"out":"1051648"', '"ENOMEM","out":"null"'), "errno 0", "errno ENOMEM"],
    ["a contiguous range where there is none", "contig-exact-size", 13, text('"ENOMEM","out":"null"', '0,"out":"1081344"'), "errno ENOMEM because of no-range", "errno 0"],
    ["a page that is in use", "buddy-fallback", 16, text("1051648 mt=U", "1052672 mt=U"), "1024 aligned frames of one free block on a list that a Unmovable request may use, or a per-CPU entry of that order and type, in zone Normal of node 1", "1052672 mt=U zone=1:2"],
    ["a page of a zone that may not serve", "proc-buddyinfo", 11, text("1081344 mt=U zone=1:2", "1049600 mt=U zone=1:3"), "8 aligned frames of one free block on a list that a Unmovable request may use, or a per-CPU entry of that order and type, in zone Normal of node 1", "1049600 mt=U zone=1:3"],
    ["its zone", "buddy-fallback", 4, text("zone=1:2", "zone=1:3"), "zone 1:2", "zone 1:3"],
    ["no page", "buddy-fallback", 4, field("out", "null"), "a page, as that at frame 1048576", "null"],
    ["no page, with the errno", "buddy-fallback", 10, text('0,"out":"1048584 mt=U zone=1:2"', '"ENOMEM","out":"null"'), "a page, as that at frame 1048584", "null"],
  ),
  "memory of processes": rows(
    ["what was mapped", "offline-thp", 4, field("out", "mapped 33554431 bytes"), "output: mapped 33554432 bytes", "output: mapped 33554431 bytes"],
    ["what was mapped of the pool", "hugetlb-overcommit-reserved", 8, field("out", "mapped 12582911 bytes"), "output: mapped 12582912 bytes", "output: mapped 12582911 bytes"],
    ["what was reserved of the pool", "hugetlb-overcommit-reserved", 4, field("out", "mapped 0 bytes"), "output: mapped 16777216 bytes", "output: mapped 0 bytes"],
    ["pages that kept their contents", "contig-pinned", 16, field("out", "checked=15 bad=0"), "check checked=16 bad=0", "check checked=15 bad=0"],
    ["pages that lost their contents", "contig-pinned", 24, field("out", "checked=16 bad=1"), "check checked=16 bad=0", "check checked=16 bad=1"],
    ["frames, one less", "offline-tmpfs", 4, field("out", "1048577-1048591"), "frames 16", "frames 15"],
    ["frames of another zone", "hugetlb-offline-used-noroom", 4, field("out", ["1048576-1053694", "20000-20000"]), "frames of a in 0:Movable", "frame 20000"],
    ["a page with an error that can be read", "hwpoison-used-offline", 8, field("out", "ok"), "touching the page SIGBUS", "touching the page ok"],
    ["a page without an error that can not be read", "hwpoison-used-offline", 9, field("out", "SIGBUS"), "touching the page ok", "touching the page SIGBUS"],
  ),
  "files that were read": rows(
    ["a policy", "params", 10, field("value", "auto-movable"), "online_policy contig-zones", "online_policy auto-movable"],
    ["a ratio", "params", 22, field("value", "301"), "auto_movable_ratio 4294967295", "auto_movable_ratio 301"],
    ["whether nodes count", "params", 26, field("value", "Y"), "auto_movable_numa_aware N", "auto_movable_numa_aware Y"],
    ["memmap_on_memory", "arm64-memmap-on-memory", 0, field("value", "N"), "memmap_on_memory Y", "memmap_on_memory N"],
    ["whether a block can be taken away", "state-writes", 22, field("value", "0"), "removable 1", "removable 0"],
    ["the number of a block", "state-writes", 23, field("value", "00000021"), "phys_index 00000020", "phys_index 00000021"],
    ["phys_device", "state-writes", 24, field("value", "1"), "phys_device 0", "phys_device 1"],
    ["the size of a block", "state-writes", 25, field("value", "4000000"), "block_size_bytes 8000000", "block_size_bytes 4000000"],
    ["how memory comes on line", "state-writes", 26, field("value", "online"), "auto_online_blocks offline", "auto_online_blocks online"],
    ["the switch of soft offline", "sysfs-page-offline", 14, field("value", "0"), "enable_soft_offline 1", "enable_soft_offline 0"],
    ["the errno of a ratio that is too large", "params", 21, field("errno", "EINVAL"), "errno ERANGE", "errno EINVAL"],
    ["the errno of a ratio that is no number", "params", 23, field("errno", 0), "errno EINVAL", "errno 0"],
    ["the errno of a policy that is none", "params", 9, field("errno", 0), "errno EINVAL", "errno 0"],
    ["the errno of a parameter that can not be written", "params", 27, field("errno", 0), "errno EACCES", "errno 0"],
  ),
  "kernel messages": rows(
    ["no word of an unmovable page", "offline-boot-normal", 2, field("dmesg", []), "errno 0", "errno EBUSY"],
    ["an unmovable page that is in use at boot", "offline-boot-normal", 2, text("pfn:0x100000", "pfn:0x11fe4b"), "errno 0", "errno EBUSY"],
    ["an unmovable page in zone Movable", "dimm-remove-blocked-kernel", 7, (observed) => JSON.parse(JSON.stringify(observed).replaceAll("pfn:0x100000", "pfn:0x108100")), "no page of the kernel's own at frame 0x108100: the block 0x108100 of order 0 was given, because the request may not use zone Movable of node 0", "an unmovable page at frame 0x108100"],
    ["an unmovable page in another block", "state-writes", 17, text("pfn:0x100000", "pfn:0x5000"), "exit status 0", "exit status 1"],
    ["an unmovable page where the block went off line", "offline-boot-normal", 5, field("dmesg", ["page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x108000", "page dumped because: unmovable page"]), "errno EBUSY because of offline-isolation", "errno 0"],
    ["no warning of a wrong size", "contig-comp", 7, field("dmesg", []), "a warning (EINVAL)", "no warning"],
    ["a warning where there is no reason", "contig-comp", 9, field("dmesg", ["WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:6913 free_contig_range+0x11a/0x160"]), "no warning", "a warning"],
  ),
};

/** Edits that later steps find, or earlier ones that look ahead: the step, and where it differs. */
export const elsewhere: readonly (Found & { readonly at: number })[] = [
  { at: 7, ...row(["managed frames at boot, from which the machine is made", "zone-online-out-of-order", 4, zone("0:DMA32", "managed", 98_339), "zone 0:DMA32 start 4096, spanned 126944, present 126944, managed 98339", "zone 0:DMA32 start 4096, spanned 126944, present 126944, managed 98340"]) },
  { at: 19, ...row(["the type of the pageblock around a page", "buddy-fallback", 18, text("mt=R", "mt=M"), "pageblock 1053696: M", "pageblock 1053696: R"]) },
  { at: 2, ...row(["a frame that a process may not get", "contig-pinned", 3, text("1048576-1048591", "1048576-1048590,20000-20000"), "1 aligned frames of one free block on a list that a Movable request may use, or a per-CPU entry of that order and type, in zone Normal of node 1", "page 15 of a at frame 20000"]) },
  { at: 6, ...row(["the frame where a DIMM lies", "memmap-off-memory", 3, field("addr", 5 * 2 ** 30), "errno ENOENT because of no-such-block", "errno 0"]) },
];

/** What a relation leaves open. */
export const open: readonly (Edited & { readonly relation: RelationId })[] = [
  { relation: "free-busy", of: "as many free pages as the prediction has, and what is counted per processor", record: "contig-comp", step: 13, edit: zone("0:Movable", "free", 32_260) },
  { relation: "free-busy", of: "4096 fewer", record: "contig-comp", step: 13, edit: zone("0:Movable", "free", 28_160) },
  { relation: "free-busy", of: "as many free pages as boot memory can have", record: "zone-kernelcore", step: 12, edit: zone("0:Movable", "free", 59_630) },
  { relation: "free-per-cpu", of: "as many free pages as the prediction has", record: "contig-pinned", step: 9, edit: zone("1:Normal", "free", 32_737) },
  { relation: "lists-busy", of: "free lists with 6 frames more than the zone's free pages", record: "contig-free-aligned", step: 2, edit: text("managed=98340 free=91350", "managed=98340 free=91344") },
  { relation: "lists-busy", of: "as many free blocks as there can be", record: "proc-buddyinfo", step: 13, edit: text("Normal      0      0      0      0      1", "Normal      0      0      0      1      1") },
  { relation: "types-busy", of: "pageblocks that the kernel claimed", record: "contig-cross-zone", step: 6, edit: text("1081344-1082367 R", "1081344-1082367 U") },
  { relation: "frames-busy", of: "frames that the kernel took", record: "contig-free-aligned", step: 5, edit: text("1052666-1052671 online=1 zone=0:3 flags=0 ref=0", "1052666-1052671 online=1 zone=0:3 flags=0 ref=1") },
  { relation: "sums", of: "fewer free pages", record: "offline-thp", step: 6, edit: text("BUDDY=24569", "BUDDY=20000") },
  { relation: "sums", of: "as many free pages as the prediction has", record: "offline-thp", step: 6, edit: text("BUDDY=24569", "BUDDY=24576") },
  { relation: "sums", of: "transparent huge pages of others", record: "offline-thp", step: 6, edit: text("THP=8192", "THP=8193") },
  { relation: "places", of: "other frames of the zone", record: "offline-tmpfs", step: 4, edit: field("out", "1048578-1048593") },
  { relation: "moved", of: "as many moves as were predicted", record: "offline-thp", step: 10, edit: field("pgmigrate_success", 8192) },
  { relation: "mem-free", of: "as much free memory as the prediction has", record: "memmap-off-memory", step: 4, edit: field("MemFree", 404_624) },
  { relation: "unmovable-page", of: "another free frame of the block", record: "offline-boot-normal", step: 2, edit: text("pfn:0x100000", "pfn:0x100001") },
  { relation: "placed", of: "another free frame", record: "buddy-fallback", step: 8, edit: text("1050624 mt=M", "1060864 mt=M") },
];

/** What nobody predicts. */
export const notPredicted: readonly Edited[] = [
  { of: "the altmap in a notifier call", record: "memmap-off-memory", step: 7, edit: text("altmap_nr=0 nid=0", "altmap_nr=512 nid=0") },
  { of: "the node numbers in a notifier call", record: "memmap-off-memory", step: 7, edit: text("nid=0 nid_normal=0", "nid=1 nid_normal=1") },
  { of: "sizes of the direct map", record: "dimm-directmap", step: 2, edit: field("DirectMap2M", 1) },
  { of: "the slot of a DIMM", record: "memmap-off-memory", step: 3, edit: field("slot", 1) },
  { of: "how long a write took", record: "contig-background-offline", step: 13, edit: field("out", "ms=1") },
  { of: "messages that name no page", record: "zone-movable-node", step: 2, edit: field("dmesg", ["Demotion targets for Node 0: null"]) },
];
