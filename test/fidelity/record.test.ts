import { describe, expect, it } from "vitest";
import { parseRecords } from "../../src/fidelity/record.ts";

const machine = { arch: "x86_64", kernel: "6.12.117", qemu: "7.2 TCG -M pc -smp 1 -m 512M", cmdline: "quiet", devices: "", block_bytes: 2 ** 27, page_bytes: 4096, pageblock_pages: 512 };
const good = { id: "one", title: "a title", machine, steps: [{ do: "zones", observed: {} }] };

function read(content: string | Uint8Array): ReturnType<typeof parseRecords> {
  return parseRecords({ name: "records.jsonl", bytes: typeof content === "string" ? new TextEncoder().encode(content) : content });
}

/** A file whose second line is this. */
function second(line: string): ReturnType<typeof parseRecords> {
  return read(`${JSON.stringify(good)}\n${line}\n`);
}

function withMachine(fields: object): string {
  return JSON.stringify({ ...good, id: "two", machine: { ...machine, ...fields } });
}

describe("a file of records", () => {
  it("is one record a line, in the order of the lines", () => {
    const records = second(JSON.stringify({ ...good, id: "two", steps: [] }));

    expect(records).toEqual({
      ok: true,
      value: [
        { id: "one", title: "a title", machine: { arch: "x86_64", kernel: "6.12.117", qemu: machine.qemu, cmdline: "quiet", devices: "", blockBytes: 2 ** 27, pageBytes: 4096, pageblockPages: 512 }, steps: [{ do: "zones", observed: {} }] },
        expect.objectContaining({ id: "two", steps: [] }),
      ],
    });
  });

  it("may have empty lines, and lines that end as on Windows", () => {
    expect(read(`\n${JSON.stringify(good)}\r\n \n`)).toMatchObject({ ok: true, value: [{ id: "one" }] });
  });

  it("may have more fields than are read", () => {
    const more = { ...good, id: "two", notes: "seen twice", needs: [], machine: { ...machine, layout: "blocks 0-3" }, steps: [{ do: "zones", observed: {}, took_ms: 3 }] };

    expect(second(JSON.stringify(more))).toMatchObject({ ok: true, value: [{ id: "one" }, { id: "two", steps: [{ do: "zones", observed: {} }] }] });
  });

  it.each([null, 3, "three", [1], { a: 1 }])("has anything for what was observed: %j", (observed) => {
    expect(second(JSON.stringify({ ...good, id: "two", steps: [{ do: "zones", observed }] }))).toMatchObject({ ok: true, value: [{}, { steps: [{ observed }] }] });
  });
});

describe("a file that is none", () => {
  it("is empty", () => {
    expect(read("")).toEqual({ ok: false, error: "records.jsonl: the file is empty, expected one record a line" });
    expect(read("\n \n")).toEqual({ ok: false, error: "records.jsonl: the file is empty, expected one record a line" });
  });

  it("is not UTF-8", () => {
    expect(read(Uint8Array.from([0x7b, 0xff, 0x7d]))).toEqual({ ok: false, error: "records.jsonl: expected JSON Lines in UTF-8" });
  });
});

const faults: readonly (readonly [what: string, line: string, error: string])[] = [
  ["no JSON", "{\"id\": one}", "line 2, column 8: expected a value, got \"o\""],
  ["half a record", JSON.stringify(good).slice(0, -1), "line 2, column 250: the text ends here, expected \",\" or \"}\""],
  ["two records", `${JSON.stringify({ ...good, id: "two" })} {}`, "line 2, column 252: expected nothing more, got \"{\""],
  ["a field twice", '{"id":"a","id":"b"}', "line 2, column 11: the field \"id\" stands here a second time"],
  ["a list", "[]", "line 2: id: expected a text of at most 100 characters, got nothing"],
  ["a number", "7", "line 2: expected an object, got 7"],
  ["nothing", "null", "line 2: expected an object, got null"],
  ["no id", JSON.stringify({ ...good, id: undefined }), "line 2: id: expected a text of at most 100 characters, got nothing"],
  ["no title", JSON.stringify({ ...good, id: "two", title: undefined }), "line 2: title: expected a text of at most 4000 characters, got nothing"],
  ["no machine", JSON.stringify({ ...good, id: "two", machine: undefined }), "line 2: machine: expected an object, got nothing"],
  ["no steps", JSON.stringify({ ...good, id: "two", steps: undefined }), "line 2: steps: expected a list of at most 10000 entries, got nothing"],
  ["no words of a step", JSON.stringify({ ...good, id: "two", steps: [{ observed: {} }] }), "line 2: steps[0].do: expected a text of at most 4000 characters, got nothing"],
  ["no observation", JSON.stringify({ ...good, id: "two", steps: [{ do: "zones", observed: {} }, { do: "zones" }] }), "line 2: steps[1].observed: expected what was observed, got nothing"],
  ["no page size", withMachine({ page_bytes: undefined }), "line 2: machine.page_bytes: expected a whole number from 1 to 1048576, got nothing"],
  ["an id that is no text", JSON.stringify({ ...good, id: 2 }), "line 2: id: expected a text of at most 100 characters, got 2"],
  ["an id that is too long", JSON.stringify({ ...good, id: "x".repeat(101) }), "line 2: id: expected a text of at most 100 characters, got \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" (101 characters)"],
  ["a title that is too long", JSON.stringify({ ...good, id: "two", title: "x".repeat(4001) }), "line 2: title: expected a text of at most 4000 characters, got \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\" (4001 characters)"],
  ["a machine that is a text", JSON.stringify({ ...good, id: "two", machine: "pc" }), "line 2: machine: expected an object, got \"pc\""],
  ["steps that are no list", JSON.stringify({ ...good, id: "two", steps: {} }), "line 2: steps: expected a list of at most 10000 entries, got an object"],
  ["too many steps", JSON.stringify({ ...good, id: "two", steps: Array.from({ length: 10_001 }, () => 0) }), "line 2: steps: expected a list of at most 10000 entries, got a list of 10001 entries"],
  ["a step that is a text", JSON.stringify({ ...good, id: "two", steps: ["zones"] }), "line 2: steps[0]: expected an object, got \"zones\""],
  ["words of a step that are none", JSON.stringify({ ...good, id: "two", steps: [{ do: ["zones"], observed: {} }] }), "line 2: steps[0].do: expected a text of at most 4000 characters, got a list of 1 entry"],
  ["a block size that is too large", withMachine({ block_bytes: 2 ** 41 }), "line 2: machine.block_bytes: expected a whole number from 1 to 1099511627776, got 2199023255552"],
  ["a block size of nothing", withMachine({ block_bytes: 0 }), "line 2: machine.block_bytes: expected a whole number from 1 to 1099511627776, got 0"],
  ["a page size that is no whole number", withMachine({ page_bytes: 4096.5 }), "line 2: machine.page_bytes: expected a whole number from 1 to 1048576, got 4096.5"],
  ["a page size that is a text", withMachine({ page_bytes: "4K" }), "line 2: machine.page_bytes: expected a whole number from 1 to 1048576, got \"4K\""],
  ["a pageblock that is too large", withMachine({ pageblock_pages: 2 ** 20 + 1 }), "line 2: machine.pageblock_pages: expected a whole number from 1 to 1048576, got 1048577"],
  ["a number that no double holds", withMachine({ page_bytes: 4096 }).replace('"page_bytes":4096', '"page_bytes":1e999'), "line 2: machine.page_bytes: expected a whole number from 1 to 1048576, got Infinity"],
  ["a number below zero", withMachine({ pageblock_pages: -512 }), "line 2: machine.pageblock_pages: expected a whole number from 1 to 1048576, got -512"],
  ["the id of an earlier line", JSON.stringify(good), "line 2: id: expected another than that of line 1, got \"one\""],
];

describe("a line that is no record", () => {
  it.each(faults)("has %s", (_, line, error) => {
    expect(second(line)).toEqual({ ok: false, error: `records.jsonl: ${error}` });
  });

  it("is told by its place in the file, empty lines counted", () => {
    expect(read(`\n\n${JSON.stringify(good)}\n\n{}\n`)).toEqual({ ok: false, error: "records.jsonl: line 5: id: expected a text of at most 100 characters, got nothing" });
  });

  it("shows no control character", () => {
    const records = second(JSON.stringify({ ...good, id: "two", machine: { ...machine, page_bytes: "\u001b[2J" } }));

    expect(records).toMatchObject({ ok: false, error: expect.stringMatching(/^[\x20-\x7e]*$/u) });
  });
});
