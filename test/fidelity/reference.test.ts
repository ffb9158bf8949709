import { beforeAll, describe, expect, it } from "vitest";
import { readStep } from "../../src/fidelity/steps.ts";
import { fixturePath, playFile, recordNamed } from "./fixture.ts";
import type { Told } from "./fixture.ts";

// One or two of each family, those that the reference plays fast. `fidelity --subject reference` plays them all.
const quick = [
  "zone-movablecore",
  "add-errors",
  "remove-errors",
  "add-group",
  "offline-and-remove",
  "offline-and-remove-mixed",
  "veto-auto-online",
  "dimm-unaligned",
  "online-after-remove-order",
  "contig-boundaries",
  "contig-cross-zone",
  "contig-exact-size",
  "contig-type-change",
  "proc-buddyinfo",
  "hwpoison-offline-block",
  "sysfs-page-offline",
];

/** Steps that nothing comes back from. */
const silent: ReadonlySet<string> = new Set(["nothing", "veto", "veto-ends", "drain", "unmap", "begin"]);

describe("the reference", () => {
  let told: readonly Told[] = [];

  beforeAll(async () => {
    told = await playFile(fixturePath, ["--subject", "reference", ...quick.flatMap((id) => ["--record", id])]);
  }, 120_000);

  it.each(quick)("gives the answers of a real kernel: %s", (id) => {
    const result = told.find((one) => one.id === id);

    expect(result).toMatchObject({ verdict: "agrees" });
    const answered = recordNamed(id).steps.filter(({ do: line }) => !silent.has(readStep(line).kind));
    expect(result?.compared).toBeGreaterThanOrEqual(Math.floor(answered.length * 0.9));
  });
});
