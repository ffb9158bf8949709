/** Pages off the LRU are counted by node, in two parts that add up. */
import { describe, expect, it } from "vitest";
import { namedMachines, strict } from "../../models/index.ts";
import type { Command, MachineDescription, Subject } from "../../models/index.ts";
import { subjects } from "../subjects.ts";
import { add, alloc, free, offlineAndRemove, poison, prepare, writeState } from "./commands.ts";
import { nodeView, run } from "./notation.ts";

// Node 1 is block 3, and nothing but that keeps it online.
//
//   0x20                  0x60          0x80
//   |       node 0         |   node 1    |
function machine(): MachineDescription {
  const found = namedMachines.find(({ name }) => name === "tiny-stats");
  if (found === undefined) throw new Error("there is no machine tiny-stats");
  return found;
}

const isolate = (id: number): Command => ({ op: "lru-isolate", id });
const putback = (id: number): Command => ({ op: "lru-putback", id });
const refresh: Command = { op: "vmstat-refresh" };
const onNode1 = (id: number, kind: "user" | "file" | "folio", order = 0): Command => ({ ...alloc(id, kind, order), node: 1 });

/** NR_ISOLATED_ANON and NR_ISOLATED_FILE of a node. */
function isolated(subject: Subject, node: number): readonly (number | undefined)[] {
  const { nrIsolatedAnon, nrIsolatedFile } = nodeView(subject, node);
  return [nrIsolatedAnon, nrIsolatedFile];
}

describe.each(subjects)("isolated pages of a node: $name", ({ create }) => {
  it("count by their node, and file pages apart", () => {
    const subject = create(machine(), strict);
    prepare(subject, alloc(1, "user"), onNode1(2, "file"), onNode1(3, "folio", 2), isolate(1), isolate(2), isolate(3));

    expect(isolated(subject, 0)).toEqual([1, 0]);
    expect(isolated(subject, 1)).toEqual([4, 1]);
    prepare(subject, refresh, putback(3));
    expect(isolated(subject, 1)).toEqual([0, 1]);
  });

  it("count no longer when they are gone", () => {
    const subject = create(machine(), strict);
    prepare(subject, onNode1(1, "user"), isolate(1), free(1), onNode1(2, "file"), isolate(2), { op: "hold", id: 2 }, free(2));

    expect(isolated(subject, 1)).toEqual([0, 1]);
    prepare(subject, { op: "release", id: 2 });
    expect(isolated(subject, 1)).toEqual([0, 0]);
  });

  it("count no longer when they are bad and go with their block", () => {
    const subject = create(machine(), strict);
    prepare(subject, onNode1(1, "user"), isolate(1));
    const [first] = subject.view(["allocations"]).allocations ?? [];
    expect(run(subject, poison(first?.ranges[0]?.start ?? 0))).toBe("EBUSY");

    prepare(subject, writeState(3, "offline"));

    expect(isolated(subject, 1)).toEqual([0, 0]);
  });

  // Folded when it was 1; the page went back after that, so that the CPU has -1.
  it("are counted right when the node comes back after all of its memory went", () => {
    const subject = create(machine(), strict);
    prepare(subject, onNode1(1, "user"), isolate(1), refresh, putback(1), offlineAndRemove(0x60, 0x80));
    expect(nodeView(subject, 1).online).toBe(false);
    expect(isolated(subject, 1)).toEqual([0, 0]);

    prepare(subject, refresh, add(0x60, 0x80, null, 1));

    expect(isolated(subject, 1)).toEqual([0, 0]);
    prepare(subject, refresh);
    expect(isolated(subject, 1)).toEqual([0, 0]);
  });

  it("are not counted by a machine that keeps no statistics", () => {
    const { nodeStats: _, ...plain } = machine();
    const subject = create(plain, strict);
    prepare(subject, alloc(1, "user"), isolate(1));

    expect(isolated(subject, 0)).toEqual([undefined, undefined]);
    expect(subject.apply(refresh)).toMatchObject({ result: "skipped", because: { kind: "no-node-stats" } });
  });
});
