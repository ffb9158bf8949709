/** A balloon takes pages out of the managed pages of their zones, wherever those pages go. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { alloc, contig, free, granted, poison, prepare, softOffline, writeState } from "./commands.ts";
import { run, told, totals, zoneView } from "./notation.ts";

// DMA and Normal hold the memmap, in [0x20, 0x38); zone Movable is block 3.
//
//   0x20      0x30                    0x60          0x80
//   |   DMA    |        Normal         |   Movable   |
const machine = namedMachines.find(({ name }) => name === "tiny-balloon");

function machineOf(): MachineDescription {
  if (machine === undefined) throw new Error("there is no machine tiny-balloon");
  return machine;
}

/** Why a command is skipped. */
function skipped(subject: Subject, command: Command): string | undefined {
  const { result, because } = subject.apply(command);
  return result === "skipped" ? because?.kind : result;
}

const inflate = (id: number): Command => ({ op: "inflate", id, node: 0 });
const deflate = (id: number): Command => ({ op: "deflate", id });

/** Managed frames of zone Normal and zone Movable, and totalram. */
function managed(subject: Subject): readonly number[] {
  return [zoneView(subject, "Normal").managed, zoneView(subject, "Movable").managed, totals(subject).totalram];
}

describe.each(subjects)("the balloon: $name", ({ create }) => {
  it("takes a movable page, which is not managed until it is given back", () => {
    const subject = create(machineOf(), strict);

    expect(managed(subject)).toEqual([40, 32, 72]);
    prepare(subject, inflate(1));
    expect(managed(subject)).toEqual([40, 31, 71]);
    prepare(subject, deflate(1));
    expect(managed(subject)).toEqual([40, 32, 72]);
    expect(zoneView(subject, "Movable").nrFree).toBe(32);
  });

  it("corrects both zones when a page moves to another one with its block", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, inflate(1), inflate(2));

    prepare(subject, writeState(3, "offline"));

    expect(managed(subject)).toEqual([38, 0, 38]);
    prepare(subject, deflate(2));
    expect(managed(subject)).toEqual([39, 0, 39]);
    prepare(subject, writeState(3, "online_movable"), deflate(1));
    expect(managed(subject)).toEqual([40, 32, 72]);
  });

  it("corrects no zone when a page moves inside one", () => {
    const subject = create(machineOf(), strict);
    expect(told(subject, inflate(1), granted(0x60))).toBe("admitted");

    prepare(subject, contig(2, 0x60, 0x64), softOffline(0x70));

    expect(managed(subject)).toEqual([40, 31, 71]);
  });

  it("counts a page that is retired as the page that it is now", () => {
    const subject = create(machineOf(), strict);
    expect(told(subject, inflate(1), granted(0x60))).toBe("admitted");

    prepare(subject, softOffline(0x60), deflate(1));

    expect(managed(subject)).toEqual([40, 32, 72]);
  });

  it("leaves a deflated page to whoever still holds it, managed", () => {
    const subject = create(machineOf(), strict);
    prepare(subject, inflate(1), { op: "hold", id: 1 }, deflate(1));

    expect(managed(subject)).toEqual([40, 32, 72]);
    expect(zoneView(subject, "Movable").nrFree).toBe(31);
    expect(run(subject, deflate(1))).toBe("skipped");
    prepare(subject, { op: "release", id: 1 });
    expect(zoneView(subject, "Movable").nrFree).toBe(32);
  });

  it("does not count a bad page twice that goes offline with its block", () => {
    const subject = create(machineOf(), strict);
    expect(told(subject, inflate(1), granted(0x60))).toBe("admitted");
    expect(run(subject, poison(0x60))).toBe("EBUSY");

    prepare(subject, writeState(3, "offline"));

    expect(managed(subject)).toEqual([40, 0, 40]);
  });

  it("is refused a page when none is left", () => {
    const subject = create(machineOf(), strict);
    for (let id = 1; run(subject, alloc(id, "user")) === "ok"; id++) continue;

    expect(run(subject, inflate(1000))).toBe("ENOMEM");
  });

  it("is filled and emptied by its own commands only, where there is one", () => {
    const { balloon: _, ...plain } = machineOf();
    const without = create(plain, strict);
    const subject = create(machineOf(), strict);
    prepare(subject, inflate(1), alloc(2, "driver-movable"));

    expect(skipped(subject, free(1))).toBe("inflated");
    expect(skipped(subject, deflate(2))).toBe("not-inflated");
    expect(skipped(subject, inflate(2))).toBe("label-in-use");
    expect(skipped(without, inflate(1))).toBe("no-balloon");
  });
});
