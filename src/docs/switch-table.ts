/** The switches of docs/fidelity.md: what Linux does, what the contract asks, and why anybody should care. */
import { switches } from "../../models/index.ts";
import type { SwitchId } from "../../models/index.ts";
import { invariants, laws } from "../../properties/index.ts";
import { anchorOf, joined, paragraph, table } from "./markdown.ts";

/** What the difference costs who meets it. */
const whyItMatters: Readonly<Record<SwitchId, string>> = {
  "KD-1": "Frames that somebody isolates can be given out, and the free page counters count them twice later: an offline or a contiguous allocation finds new pages in its range. Needs a largest order of at least pageblock order + 2, so the default sizes of x86-64 and arm64 are safe.",
  "KD-2": "A CMA or virtio-mem request that meets a block on its way offline takes the isolation away. Pages are then allocated in the block, and the offline repeats until a signal; a CMA pageblock can become Movable for good.",
  "KD-3": "The frames of the free blocks that were taken are leaked until the next boot.",
  "KD-4": "Kernel pageblocks come back as Movable. Unmovable pages then spread over pageblocks that count as movable, and memory fragments for good.",
  "KD-8": "Bad memory is given out again; and a frame that was poisoned for a test is lost instead of coming back.",
  "KD-9": "A process that pins memory for RDMA or VFIO hangs in the kernel until it is killed.",
  "KD-12": "Each such request reserves another pageblock, up to the limit, although it did not need one: a percent of the zone stands empty.",
  "KD-6": "Memory that is free in one piece is not found as one: a request for the largest order can fail.",
  "KD-11": "A compound range can be taken without alignment, and then can not be given back.",
  "EX-1": "The range can not be added again before the next boot (EEXIST), and the memory of the memmap is gone.",
  "EX-3": "Whoever walks memory up to max_pfn, as /proc/kpageflags does, walks further than memory reaches.",
  "EX-6": "An attempt that changed nothing changes the span by which later blocks choose their zone, and what walkers of the zone take for granted.",
  "EX-7": "As KD-4, for every attempt: a tool that tries block after block leaves Movable pageblocks behind wherever it failed.",
  "EX-9": "Pages of a device that is in use look like online memory to whoever walks frames.",
  "EX-10": "Memory changes its zone because a removal failed: movable memory becomes kernel memory that can not leave, or memory below 4 GiB leaves zone DMA32.",
  "S-05": "A write that failed decides where the block goes at its next online.",
  "S-30": "A script that writes `offline` hangs until it is interrupted, where an error would let it try the next block.",
};

export function switchTable(): string {
  const rows = switches.map(({ id, linux, strict, source }) => [`<a id="${anchorOf(id)}"></a>**${id}**`, `${capital(linux)}.<br>*${source}*`, `${capital(strict)}.`, whyItMatters[id]]);
  return joined([
    table(["switch", "Linux 6.12", "`strict`", "why it matters"], rows),
    paragraph("Rules that say nothing more in a scenario that has made use of a switch:"),
    table(["switch", "rules"], switches.map(({ id }) => [id, silencedBy(id)])),
  ]);
}

function silencedBy(id: SwitchId): string {
  const rules = [...invariants, ...laws].filter(({ unless }) => unless.includes(id)).map((rule) => `[${rule.id}](spec.md#${anchorOf(rule.id)})`);
  return rules.length === 0 ? "none" : rules.join(", ");
}

/** With a capital, unless it begins with a name of the kernel. */
function capital(text: string): string {
  return /^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
