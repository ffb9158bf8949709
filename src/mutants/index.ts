/** Every mutant, in the order of the catalogue; the canary first. */
import { bootLimit, groupMember, groupSize } from "./add.ts";
import { deferredTypes, lastSection, pageblockStart } from "./boot.ts";
import { bitIndex, isolatedCounts, isolatedMerge, moveRange, retypeAll, typeOfEntry } from "./buddy.ts";
import { canary } from "./canary.ts";
import { areaAlignment, droppedInCheck } from "./cma.ts";
import { misfitLost, offlineCandidate, skipFromTail } from "./contig.ts";
import { deviceOverlap, deviceTails } from "./devices.ts";
import { cmaForAll, samePageblock } from "./isolation.ts";
import { memmapChunk, memmapUnderflow } from "./memmap.ts";
import type { Mutant } from "./mutant.ts";
import { managedZonelists, newNodeCounts, normalMask, otherZonelists } from "./nodes.ts";
import { cancelUntold, isolatedCount, onlyNode, poisonBlocks, sectionsStayOnline } from "./offline.ts";
import { fastPathRule, pinLeak } from "./pins.ts";
import { countedTwice, poisonRemembered } from "./poison.ts";
import { deviceCollision, memMapFlag, onlineWithoutPage, sectionWord } from "./sections.ts";
import { firstSection, nodeSpan, shrinkAtOffline } from "./zones.ts";

export type { Mutant } from "./mutant.ts";

export const mutants: readonly Mutant[] = [
  canary,
  nodeSpan, shrinkAtOffline, firstSection, sectionsStayOnline, otherZonelists, lastSection, normalMask, newNodeCounts, isolatedCount, cancelUntold,
  onlyNode, groupMember, onlineWithoutPage, deviceCollision, poisonBlocks, poisonRemembered, memmapChunk, bootLimit, memMapFlag, sectionWord, memmapUnderflow,
  isolatedMerge, typeOfEntry, samePageblock, moveRange, retypeAll, managedZonelists, bitIndex, misfitLost, offlineCandidate, cmaForAll, deferredTypes, skipFromTail,
  areaAlignment, droppedInCheck, isolatedCounts, pinLeak, fastPathRule, countedTwice, deviceOverlap, deviceTails, groupSize, pageblockStart,
];
