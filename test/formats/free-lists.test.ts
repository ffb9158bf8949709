import { describe, expect, it } from "vitest";
import { parseBuddyinfo } from "../../src/formats/buddyinfo.ts";
import { parsePagetypeinfo } from "../../src/formats/pagetypeinfo.ts";
import { showShapeError } from "../../src/formats/shape.ts";
import type { Shaped } from "../../src/formats/shape.ts";

function problem(shaped: Shaped<unknown>): string {
  return shaped.ok ? "no error" : showShapeError(shaped.error);
}

const buddyinfo = `Node 0, zone      DMA      0      1      3 \nNode 0, zone   Normal    505    334 100000 \n`;

describe("buddyinfo", () => {
  it("gives the free blocks of each zone by order", () => {
    expect(parseBuddyinfo(buddyinfo)).toEqual({ ok: true, value: [{ node: 0, type: "DMA", nrFree: [0, 1, 3] }, { node: 0, type: "Normal", nrFree: [505, 334, 100000] }] });
  });

  it.each([
    ["", "proc/buddyinfo: found an empty file, expected text"],
    ["\u007fELF\n", 'proc/buddyinfo line 1: found "\\x7fELF", expected printable text'],
    [buddyinfo.replaceAll("\n", "\r\n"), "proc/buddyinfo line 1: found a carriage return, expected a line that ends in a newline alone"],
    [buddyinfo.slice(0, 60), 'proc/buddyinfo line 2: found "Node 0, zone   N" and the end of the file, expected a newline at the end: the file is cut off'],
    [buddyinfo.replace("334 100000 ", "334 "), "proc/buddyinfo line 2: found 2 counts, expected 3, one for each order"],
    [buddyinfo.replace("505", "-505"), 'proc/buddyinfo line 2: found "-505", expected a whole number from 0 to 2^53 - 1 for order 0'],
    [buddyinfo.replace("505", "9007199254740993"), 'proc/buddyinfo line 2: found "9007199254740993", expected a whole number from 0 to 2^53 - 1 for order 0'],
    [buddyinfo.replace("Normal", "HighMem"), 'proc/buddyinfo line 2: found "Node 0, zone   HighMem    505    334 100000 ", expected `Node N, zone NAME` and a count for each order'],
    [buddyinfo + (buddyinfo.split("\n")[0] ?? "") + "\n", 'proc/buddyinfo line 3: found "Node 0, zone      DMA      0      1      3 ", expected each zone once'],
    [buddyinfo.replace("Normal", "DMA"), 'proc/buddyinfo line 2: found "Node 0, zone   DMA    505    334 100000 ", expected each zone once'],
    [`Node 0, zone DMA ${"1 ".repeat(99)}\n`, "proc/buddyinfo line 1: found 99 counts, expected 32, one for each order"],
  ])("says in one line what is wrong (%#)", (text, message) => {
    expect(problem(parseBuddyinfo(text))).toBe(message);
  });
});

const pagetypeinfo = `Page block order: 9
Pages per block:  512

Free pages count per migrate type at order       0      1      2 
Node    0, zone   Normal, type    Unmovable      1      2      3 
Node    0, zone   Normal, type      Movable >100000      5      6 
Node    0, zone   Normal, type          CMA      0      0      9 

Number of blocks type     Unmovable      Movable          CMA 
Node 0, zone   Normal           46          321           17 
`;

const normal = {
  pageblockOrder: 9,
  types: ["Unmovable", "Movable", "CMA"],
  nrOrders: 3,
  free: [
    { node: 0, zone: "Normal", type: "Unmovable", nrFree: [1, 2, 3], overflow: [] },
    { node: 0, zone: "Normal", type: "Movable", nrFree: [100000, 5, 6], overflow: [0] },
    { node: 0, zone: "Normal", type: "CMA", nrFree: [0, 0, 9], overflow: [] },
  ],
  blocks: [{ node: 0, zone: "Normal", count: [46, 321, 17] }],
};

describe("pagetypeinfo", () => {
  it("gives free blocks and pageblocks by type", () => {
    expect(parsePagetypeinfo(pagetypeinfo)).toEqual({ ok: true, value: normal });
  });

  it("takes the part of each node, and reads over mixed pageblocks", () => {
    const mixed = "\nNumber of mixed blocks    Unmovable      Movable          CMA \nNode 0, zone   Normal            1            2            0 \n";
    const second = pagetypeinfo.replaceAll("Node 0", "Node 1").replaceAll("Node    0", "Node    1");

    const types = parsePagetypeinfo(pagetypeinfo + mixed + second);

    expect(types.ok ? [types.value.blocks.map(({ node }) => node), types.value.free.length] : types).toEqual([[0, 1], 6]);
  });

  it.each([
    ["", "proc/pagetypeinfo: found an empty file, expected text"],
    [pagetypeinfo.replaceAll("\n", "\r\n"), "proc/pagetypeinfo line 1: found a carriage return, expected a line that ends in a newline alone"],
    [pagetypeinfo.replace("order: 9", "order: x"), 'proc/pagetypeinfo line 1: found "Page block order: x", expected `Page block order: N`'],
    [pagetypeinfo.replace("512", "2048"), 'proc/pagetypeinfo line 2: found "Pages per block:  2048", expected `Pages per block: 512`, two to the order'],
    [pagetypeinfo.replace("0      1      2 \n", "0      2      1 \n"), "proc/pagetypeinfo line 4: found \"Free pages count per migrate type at order      ...\", expected `Free pages count per migrate type at order` and the orders from 0"],
    [pagetypeinfo.replace("5      6 \n", "5 \n"), "proc/pagetypeinfo line 6: found 2 counts, expected 3, one for each order"],
    [pagetypeinfo.replace(">100000      5", ">100000     -5"), 'proc/pagetypeinfo line 6: found "-5", expected a whole number from 0 to 2^53 - 1 for order 1'],
    [pagetypeinfo.replace("type          CMA", "type     Reserve"), "proc/pagetypeinfo line 7: found \"Node    0, zone   Normal, type     Reserve      ...\", expected `Node N, zone NAME, type NAME` with the type Unmovable, Movable, Reclaimable, HighAtomic, CMA or Isolate"],
    [pagetypeinfo.replace(/Node {4}0, zone {3}Normal, type {10}CMA.*\n/u, ""), "proc/pagetypeinfo line 6: found \"Node    0, zone   Normal, type      Movable >100...\", expected a row of type CMA after it, as `Number of blocks type` has it"],
    [pagetypeinfo.replace(/Node {4}0, zone {3}Normal, type {6}Movable.*\n/u, ""), "proc/pagetypeinfo line 6: found \"Node    0, zone   Normal, type          CMA     ...\", expected type Movable of zone Normal of node 0, as `Number of blocks type` has it"],
    [pagetypeinfo.replace("Node    0, zone   Normal, type      Movable", "Node    1, zone   Normal, type      Movable"), "proc/pagetypeinfo line 6: found \"Node    1, zone   Normal, type      Movable >100...\", expected type Movable of zone Normal of node 0, as `Number of blocks type` has it"],
    [pagetypeinfo.replace(/(Node {4}0, zone {3}Normal, type {4}Unmovable.*\n)/u, "$1$1"), "proc/pagetypeinfo line 6: found \"Node    0, zone   Normal, type    Unmovable     ...\", expected each type of a zone once"],
    [pagetypeinfo.replace(/((?:Node {4}0, .*\n){3})/u, "$1$1"), "proc/pagetypeinfo line 8: found \"Node    0, zone   Normal, type    Unmovable     ...\", expected each type of a zone once"],
    [pagetypeinfo.replace(/(Node 0, .*\n)/u, "$1$1"), "proc/pagetypeinfo line 11: found \"Node 0, zone   Normal           46          321 ...\", expected each zone once"],
    [pagetypeinfo + pagetypeinfo, "proc/pagetypeinfo line 15: found \"Node    0, zone   Normal, type    Unmovable     ...\", expected each type of a zone once"],
    [pagetypeinfo.replace("          321           17", "          321"), 'proc/pagetypeinfo line 10: found "Node 0, zone   Normal           46          321 ", expected `Node N, zone NAME` and 3 counts of pageblocks'],
    [pagetypeinfo.replace("321", "3e1"), "proc/pagetypeinfo line 10: found \"Node 0, zone   Normal           46          3e1 ...\", expected a whole number from 0 to 2^53 - 1 for each type"],
    [pagetypeinfo.split("\n").slice(0, 7).join("\n") + "\n", "proc/pagetypeinfo line 7: found the end of the file, expected another type of a zone, or an empty line and `Number of blocks type`"],
    [pagetypeinfo + pagetypeinfo.replace("order: 9", "order: 8").replace("512", "256").replaceAll("Node    0", "Node    1").replaceAll("Node 0", "Node 1"), "proc/pagetypeinfo line 11: found another geometry, expected the same pageblock order, orders and types for every node"],
  ])("says in one line what is wrong (%#)", (text, message) => {
    expect(problem(parsePagetypeinfo(text))).toBe(message);
  });
});
