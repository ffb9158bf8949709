/** The auto-movable policy of a PC with 1 GiB: 262013 frames of kernel memory at boot. */
import { describe, expect, it } from "vitest";
import { linux612 } from "../../models/index.ts";
import type { Command, MachineDescription } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, prepare, writeState } from "./commands.ts";
import { blockFrames, dimmStart, pc } from "./machines.ts";
import { blockState, validZones } from "./notation.ts";

const machine: MachineDescription = { ...pc, onlinePolicy: "auto-movable", autoMovableRatio: 100 };

describe.each(subjects)("auto-movable with virtio-mem: $name", ({ create }) => {
  // Seven blocks are 229376 frames; eight would be 262144, more than 262013. From there on each kernel block of the device
  // makes room for one movable block.
  it("fills zone Movable up to the ratio, then alternates", () => {
    const subject = create(machine, linux612);
    const ids = Array.from({ length: 12 }, (_, index) => 32 + index);
    prepare(subject, { op: "group-dynamic", id: 1, node: 0, unitPages: blockFrames }, add(dimmStart, dimmStart + 12 * blockFrames, 1));
    prepare(subject, ...ids.map((id) => writeState(id, "online")));

    const view = subject.view();
    expect(ids.map((id) => (blockState(view, id) === "online Movable" ? "M" : "K")).join("")).toBe("MMMMMMMKMKMK");
  });
});

/** Sets the percentage of kernel memory that movable memory may reach. */
function ratio(value: number): Command {
  return { op: "set", setting: { option: "auto_movable_ratio", value } };
}

// Blocks 32 to 39 are one DIMM of 1 GiB, blocks 40 and 41 one of 256 MiB.
describe.each(subjects)("auto-movable with two DIMMs: $name", ({ create }) => {
  it("lets a DIMM in only if all that is left of it fits", () => {
    const subject = create(machine, linux612);
    prepare(
      subject,
      { op: "group-static", id: 1, node: 0, maxPages: 8 * blockFrames },
      { op: "group-static", id: 2, node: 0, maxPages: 2 * blockFrames },
      add(dimmStart, dimmStart + 8 * blockFrames, 1),
      add(dimmStart + 8 * blockFrames, dimmStart + 10 * blockFrames, 2),
    );

    // 262144 frames are more than 262013, but not more than 101 percent of it.
    const at100 = subject.view();
    expect([32, 39, 40].map((id) => validZones(at100, id))).toEqual(["Normal Movable", "Normal Movable", "Movable Normal"]);
    prepare(subject, ratio(101));
    const at101 = subject.view();
    expect([32, 39, 40].map((id) => validZones(at101, id))).toEqual(["Movable Normal", "Movable Normal", "Movable Normal"]);

    // The second DIMM has one block online and needs 65536: 25 percent are 65503 frames, 26 percent 68123.
    prepare(subject, writeState(40, "online"), ratio(25));
    expect(blockState(subject, 40)).toBe("online Movable");
    expect(validZones(subject, 41)).toBe("Normal Movable");
    prepare(subject, ratio(26));
    expect(validZones(subject, 41)).toBe("Movable Normal");
  });
});
