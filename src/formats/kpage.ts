/**
 * The words of `/proc/kpageflags` and `/proc/kpagecount`: 64 bits for each frame, from frame 0 on.
 *
 * Follows stable_page_flags() and kpage_read(), fs/proc/page.c, v6.12 and later. A word is taken as two halves of 32 bits,
 * because a JavaScript number does not hold 64. Bits that this list does not name are other properties of a page, or of
 * later kernels, and are left alone.
 *
 * - Every frame of a free block carries BUDDY, not only its first one, so the order of a block can not be read off.
 * - Tails of a compound page carry the flags of its head (SLAB, LRU, RESERVED), except HWPOISON.
 * - SLAB frames may carry ANON, MMAP and KSM: those are fields of the slab that share their place with the mapping.
 * - A frame whose page can not be looked at (no memory, offline, device) has the one bit NOPAGE. Kernels
 *   that read through kpage_read(), which came after v6.14 and is in v6.18, show no bit at all.
 */

/** Bits 0 to 31. */
export const LowBit = {
  Lru: 0x20,
  Slab: 0x80,
  Buddy: 0x400,
  Mmap: 0x800,
  Anon: 0x1000,
  SwapBacked: 0x4000,
  Huge: 0x2_0000,
  Hwpoison: 0x8_0000,
  NoPage: 0x10_0000,
  /** PageOffline, also of balloon pages. */
  Offline: 0x80_0000,
  PageTable: 0x400_0000,
} as const;

/** Bits 32 to 63, as bits of the upper half. */
export const HighBit = {
  Reserved: 0x1,
  /** PG_owner_priv_1: alone on a frame it marks a memmap that a memory block hosts itself (SetPageVmemmapSelfHosted()). */
  OwnerPrivate: 0x20,
} as const;

export const wordBytes = 8;

/** What a frame is, as far as its word tells. Exactly one holds. */
export const FrameKind = {
  /** No bit set: on a per-CPU list, in plain use by the kernel, or (kernels after v6.14) no page. */
  Bare: 0,
  NoPage: 1,
  Free: 2,
  /** Taken before the allocator was up, or a hole of a boot section. */
  Reserved: 3,
  /** PageOffline: kept back by a driver. */
  Offline: 4,
  SelfHosted: 5,
  Slab: 6,
  PageTable: 7,
  Hugetlb: 8,
  /** User memory and page cache: on an LRU list, or on its way to one. */
  User: 9,
  Poisoned: 10,
  /** In use in some other way, mostly by the kernel. */
  Other: 11,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export const frameKindNames: readonly string[] = ["bare", "no page", "free", "reserved", "page-offline", "self-hosted memmap", "slab", "page table", "hugetlb", "user", "poisoned", "other"];
export const nrFrameKinds: number = frameKindNames.length;

const user = LowBit.Lru + LowBit.Anon + LowBit.SwapBacked + LowBit.Mmap;

/** The kind of a frame from the two halves of its word. */
export function frameKind(low: number, high: number): FrameKind {
  if (low === 0 && high === 0) return FrameKind.Bare;
  if ((low & LowBit.NoPage) !== 0) return FrameKind.NoPage;
  if ((high & HighBit.Reserved) !== 0) return FrameKind.Reserved;
  if ((low & LowBit.Hwpoison) !== 0) return FrameKind.Poisoned;
  if ((low & LowBit.Buddy) !== 0) return FrameKind.Free;
  if ((low & LowBit.Offline) !== 0) return FrameKind.Offline;
  if ((low & LowBit.Slab) !== 0) return FrameKind.Slab;
  if ((low & LowBit.PageTable) !== 0) return FrameKind.PageTable;
  if ((low & LowBit.Huge) !== 0) return FrameKind.Hugetlb;
  if (low === 0 && high === HighBit.OwnerPrivate) return FrameKind.SelfHosted;
  return (low & user) === 0 ? FrameKind.Other : FrameKind.User;
}

/**
 * Bits that no frame carries together, whatever happens while the word is made: a reserved page is never free and never on
 * an LRU list, and where there is no page there is nothing else to say.
 */
export function contradictory(low: number, high: number): boolean {
  if ((low & LowBit.NoPage) !== 0) return low !== LowBit.NoPage || high !== 0;
  return (high & HighBit.Reserved) !== 0 && (low & (LowBit.Buddy + LowBit.Lru)) !== 0;
}

/** The whole word for messages. */
export function showWord(low: number, high: number): string {
  return `0x${((BigInt(high >>> 0) << 32n) + BigInt(low >>> 0)).toString(16)}`;
}
