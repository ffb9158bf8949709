/** The specification: the vocabulary first, then the reference. */
export { alignDown, alignUp, hex, isAligned, isPowerOfTwo, pfnAdd, pfnRange, rangeContains, rangeContainsRange, rangeEnd, rangesOverlap, showRange, toBlockId, toPfn } from "./pfn.ts";
export type { BlockId, Order, Pfn, PfnRange } from "./pfn.ts";
export { blockPages, brokenGeometryRule, geometryRules, maxOrderPages, memmapPages, pageblockPages } from "./geometry.ts";
export type { Geometry, GeometryRule } from "./geometry.ts";
export { bootMemmapRange, bootMemory, checkDescription, crossesZoneBorder, earlySections, maxFrames, maxNodes } from "./description.ts";
export type { Arch, AutoOnline, CmaAreaDescription, DaxDeviceDescription, HugePageSize, MachineDescription, MemmapOnMemoryMode, NodeDescription, OnlinePolicy, VirtioMemDescription } from "./description.ts";
export { namedMachines, tinyMachines } from "./machines.ts";
export { linux612, namedProfiles, parseProfile, strict, switchIds, switches } from "./profile.ts";
export type { Profile, Switch, SwitchId } from "./profile.ts";
export { contigGfps, failurePoints, isolationModes, pageKinds, stateWords, vetoableEvents, zoneModifiers, zoneTypes } from "./command.ts";
export type {
  Add, Alloc, AllocAtomic, AllocContig, AllocContigPages, AllocId, AreaId, CmaAlloc, CmaRelease, Command, ContigGfp, DaxId, Deflate, DeviceId, DeviceMap, DeviceUnmap, Drain, FailNext, FailurePoint, FakeOffline, FakeOnline, Free, FreeContig,
  FreeReserved, GroupDynamic, GroupId, GroupStatic, GroupUnregister, Hold, Inflate, HugeGrow, HugeReserve, HugeShrink, HugeUse, IsolationMode, Isolate, LruBatchEnter, LruDrain, KmemProbe, KmemRemove, LruIsolate, LruPutback, NodeId, OfflineAndRemove, OnlineWord, Op, PageKind, PcpDisable, PcpEnable, Pin, PinRange, Poison, Release,
  Remove, Set, Setting, Signal, SoftOffline, Start, StateWord, Step, TaskCommand, TaskId, TestIsolated, TokenId, Unisolate, Unpin, Unpoison, Unreserve, Veto, VetoableEvent, VmemRequest, VmstatRefresh, WriteOnline, WriteState, ZoneModifier, ZoneType,
} from "./command.ts";
export { orderFits, pageKindTraits } from "./page-kind.ts";
export type { PageKindTraits } from "./page-kind.ts";
export { errnos, notifierEvents, outcomeErrnos, results } from "./outcome.ts";
export type { Attempt, Because, Errno, Grant, Move, NotifierCall, NotifierEvent, Outcome, Result } from "./outcome.ts";
export { FrameFlag, FrameUse, NONE, frameUseNames, migratetypes, viewOfParts } from "./view.ts";
export type {
  AllocationView, BlockView, CmaAreaView, DeviceView, Fact, FrameTable, FreeBlockView, GroupView, HugePoolView, IsolationView, LruBatch, KmemView, Migratetype, NodeView, PageblockView, ResourceView, SectionView, TaskView, TotalsView, View, ViewParts, ZoneIndex, ZoneView,
} from "./view.ts";
export type { Admitted, Breach, CreateSubject, Inconclusive, Subject, Unsupported, Verdict } from "./subject.ts";
export { autoMovableRules, bootRules, clauses, commandCatalogue, generalRules, zoneChoiceRules } from "./catalogue.ts";
export type { CommandEntry, ErrnoEntry, RuleText } from "./catalogue.ts";
export { createReference } from "./reference.ts";
export { selfHostedMemmapPages } from "./memmap.ts";
