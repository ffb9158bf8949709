/** Device memory beside boot memory in one section of the toy machine. */
import { describe, expect, it } from "vitest";
import { linux612, strict } from "../../models/index.ts";
import type { MachineDescription, Profile, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { deviceMap, deviceUnmap, frames, prepare } from "./commands.ts";
import { node, range, toy } from "./machines.ts";
import { isOnline, isValid, nodeTuple, run, sectionText, totals, useOf, zoneTuple } from "./notation.ts";

// Boot memory reaches four frames into section 8; a device takes the next eight.
//
//   128   132            140   144
//   | RAM | device       |     |
const machine: MachineDescription = { ...toy, nodes: [node([32, 132])], reserved: [range(60, 64)] };

describe.each(subjects)("device memory in a boot section: $name", ({ create }) => {
  function mapped(profile: Profile = linux612): Subject {
    const subject = create(machine, profile);
    prepare(subject, deviceMap(1, 132, 140));
    return subject;
  }

  it("uses the boot memmap and taints the section", () => {
    const subject = create(machine, linux612);

    expect(sectionText(subject, 8)).toBe("present memmap online early usage boot 1000");
    expect(run(subject, deviceMap(1, 132, 140))).toBe("ok");
    expect(sectionText(subject, 8)).toBe("present memmap online early taint usage boot 1110");
    expect(totals(subject)).toMatchObject({ nrMemmapPages: 0, nrMemmapBootPages: 28 });
  });

  it("spans zone Device and the node, but is not present", () => {
    const subject = mapped();

    expect(zoneTuple(subject, "Device")).toEqual([132, 8, 0, 0]);
    expect(nodeTuple(subject)).toEqual([32, 108, 100]);
    expect(zoneTuple(subject, "Normal")).toEqual([32, 100, 100, 68]);
  });

  it("is valid, but not online, like the rest of the section behind it", () => {
    const subject = mapped();

    expect(frames(128, 144).filter((pfn) => !isValid(subject, pfn))).toEqual([]);
    expect(frames(128, 144).filter((pfn) => isOnline(subject, pfn))).toEqual([128, 129, 130, 131]);
    expect(frames(128, 144).filter((pfn) => useOf(subject, pfn) === "device")).toEqual(frames(132, 140));
  });

  it("leaves the taint and the span of zone Device when it is unmapped", () => {
    const subject = mapped();
    prepare(subject, deviceUnmap(1));

    expect(sectionText(subject, 8)).toBe("present memmap online early taint usage boot 1000");
    expect(zoneTuple(subject, "Device")).toEqual([132, 8, 0, 0]);
    expect(frames(128, 144).filter((pfn) => isOnline(subject, pfn))).toEqual([128, 129, 130, 131]);
  });

  it("refuses a range whose first frame is mapped", () => {
    expect(run(mapped(), deviceMap(2, 138, 142))).toBe("ENOMEM");
  });

  it("refuses a range that is no whole number of subsections", () => {
    expect(run(mapped(), deviceMap(2, 140, 142))).toBe("EINVAL");
  });

  it("refuses a range that meets System RAM", () => {
    expect(run(create(machine, linux612), deviceMap(2, 128, 144))).toBe("ENXIO");
  });

  // The first and the last frame are of no device, so that Linux does not notice the mapped one between them. It finds the
  // RAM before it has written anything down.
  it("refuses a range that encloses the device for the RAM in it, and the device stays (linux-6.12)", () => {
    const subject = mapped();

    expect(run(subject, deviceMap(2, 128, 144))).toBe("ENXIO");
    expect(frames(128, 144).filter((pfn) => isOnline(subject, pfn))).toEqual([128, 129, 130, 131]);
  });

  it("refuses a range that encloses the device for the device (strict)", () => {
    expect(run(mapped(strict), deviceMap(2, 128, 144))).toBe("ENOMEM");
  });
});
