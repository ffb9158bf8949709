/** The rules over several files of one system, in the order of their ids. */
import { blockChecks } from "./checks/blocks.ts";
import { flagChecks } from "./checks/flags.ts";
import { freeChecks } from "./checks/free.ts";
import { memoryChecks } from "./checks/memory.ts";
import { pageblockChecks } from "./checks/pageblocks.ts";
import type { CrossCheck } from "./cross-check.ts";

export const crossChecks: readonly CrossCheck[] = [...memoryChecks, ...freeChecks, ...pageblockChecks, ...blockChecks, ...flagChecks].toSorted((a, b) => (a.id < b.id ? -1 : 1));
