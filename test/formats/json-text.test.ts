import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxDepth, maxFields, scanJson } from "../../src/formats/json-scan.ts";
import { maxFileBytes, parseJson } from "../../src/formats/json-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): string => {
  const result = parseJson({ name: "x.json", bytes: bytes(text) });
  return result.ok ? JSON.stringify(result.value) : result.error;
};

const refuse = (...codes: number[]): unknown => parseJson({ name: "x.json", bytes: Uint8Array.from(codes) });

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("parseJson", () => {
  it("gives the value", () => {
    expect(read(' { "a" : [ 1, -2.5e3, true, null, "\\u0041\\n" ] } ')).toBe('{"a":[1,-2500,true,null,"A\\n"]}');
  });

  it.each([
    ["", "x.json: the file is empty, expected a JSON text"],
    [" \n\t", "x.json: the file is empty, expected a JSON text"],
    ["{", 'x.json: line 1 column 2: the text ends here, expected a field name in double quotes or "}"'],
    ['{\n  "a": [1,\n  2', 'x.json: line 3 column 4: the text ends here, expected "," or "]"'],
    ['{"a"', 'x.json: line 1 column 5: the text ends here, expected ":"'],
    ['{"a":', "x.json: line 1 column 6: the text ends here, expected a value"],
    ['{"a": "b', "x.json: line 1 column 9: the text ends inside a string"],
    ['{"a": "b\\', "x.json: line 1 column 10: the text ends inside a string"],
    ["[1,]", 'x.json: line 1 column 4: expected a value, got "]"'],
    ["[1 2]", 'x.json: line 1 column 4: expected "," or "]", got "2"'],
    ["[01]", 'x.json: line 1 column 3: expected "," or "]", got "1"'],
    ["[.5]", 'x.json: line 1 column 2: expected a value or "]", got "."'],
    ["[NaN]", 'x.json: line 1 column 2: expected a value or "]", got "N"'],
    ["{a: 1}", 'x.json: line 1 column 2: expected a field name in double quotes or "}", got "a"'],
    ["{'a': 1}", `x.json: line 1 column 2: expected a field name in double quotes or "}", got "'"`],
    ['{"a": 1,}', 'x.json: line 1 column 9: expected a field name in double quotes, got "}"'],
    ['{"a": 1} // why', 'x.json: line 1 column 10: expected nothing more, got "/"'],
    ['["\\x"]', 'x.json: line 1 column 3: "\\x" is not an escape of JSON'],
    ['["\\u12"]', 'x.json: line 1 column 3: "\\u" is not an escape of JSON'],
    ['["a\nb"]', "x.json: line 1 column 4: a control character inside a string, expected it escaped"],
    ['["\u001b[31m"]', "x.json: line 1 column 3: a control character inside a string, expected it escaped"],
    ["[\u001b]", 'x.json: line 1 column 2: expected a value or "]", got "\\u{1b}"'],
    ['{"a": 1, "b": 2, "a": 3}', 'x.json: line 1 column 18: the field "a" stands here a second time'],
    ['{"a": 1, "\\u0061": 3}', 'x.json: line 1 column 10: the field "a" stands here a second time'],
  ])("says in one line what is wrong with %j", (text, error) => {
    expect(read(text)).toBe(error);
  });

  it("refuses deep nesting before it takes memory", () => {
    const error = `x.json: line 1 column ${maxDepth + 1}: nested deeper than ${maxDepth} levels`;

    expect(read("[".repeat(10_000_000))).toBe(error);
    expect(read("[".repeat(maxDepth) + "]".repeat(maxDepth))).toMatch(/^\[/);
  });

  it("refuses an object of very many fields", () => {
    const fields = Array.from({ length: maxFields + 1 }, (_, index) => `"f${index}":0`);

    expect(read(`{${fields.join(",")}}`)).toMatch(/^x\.json: line 1 column \d+: an object of more than 64 fields$/);
    expect(read(`{${fields.slice(1).join(",")}}`)).not.toMatch(/^x\.json/);
  });

  it("skips a UTF-8 byte order mark", () => {
    expect(read("\u{feff}[1]")).toBe("[1]");
  });

  it("refuses other encodings, with the place", () => {
    expect(refuse(0xff, 0xfe, 0x5b, 0)).toEqual({ ok: false, error: "x.json: the text is UTF-16, expected UTF-8" });
    expect(refuse(0xfe, 0xff, 0, 0x5b)).toEqual({ ok: false, error: "x.json: the text is UTF-16, expected UTF-8" });
    expect(refuse(0x5b, 0x22, 0xe4, 0x22, 0x5d)).toEqual({ ok: false, error: "x.json: byte 3 is not UTF-8, expected a JSON text in UTF-8" });
    expect(refuse(0x5b, 0xc0, 0x80, 0x5d)).toEqual({ ok: false, error: "x.json: byte 1 is not UTF-8, expected a JSON text in UTF-8" });
    expect(refuse(0x22, 0xe2, 0x82)).toEqual({ ok: false, error: "x.json: the text ends inside a character, expected a JSON text in UTF-8" });
  });

  it("refuses more bytes than it takes, before it looks at them", () => {
    expect(parseJson({ name: "x.json", bytes: new Uint8Array(maxFileBytes + 1) })).toEqual({ ok: false, error: "x.json: 67108865 bytes, expected at most 67108864" });
  });

  it("keeps the name of the file from acting on the terminal", () => {
    expect(parseJson({ name: "a\u001b[2J\n.json", bytes: bytes("") })).toEqual({ ok: false, error: "a\\u{1b}[2J\\u{a}.json: the file is empty, expected a JSON text" });
  });
});

describe("scanJson", () => {
  it("counts objects and lists", () => {
    expect(scanJson("[{},[],{}]", 4)).toBeUndefined();
    expect(scanJson("[{},[],{}]", 3)).toEqual({ offset: 7, what: "more than 3 objects and lists" });
  });

  it("takes every JSON text that is not too large or deep", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom(0, 2), (value, indent) => {
        expect(scanJson(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });

  it("refuses exactly what JSON.parse refuses, repeated fields aside", () => {
    const damage = fc.record({ value: fc.jsonValue({ maxDepth: 3 }), at: fc.nat(), remove: fc.nat(2), insert: fc.string({ unit: fc.constantFrom("{", "}", "[", "]", ",", ":", '"', "\\", "1", "-", ".", "e", "t", "u", " ", "\n"), maxLength: 2 }) });
    fc.assert(
      fc.property(damage, ({ value, at, remove, insert }) => {
        const text = JSON.stringify(value);
        const place = at % (text.length + 1);
        const damaged = text.slice(0, place) + insert + text.slice(place + remove);
        const fault = scanJson(damaged);
        fc.pre(fault === undefined || !fault.what.includes("a second time"));

        expect(fault === undefined).toBe(parses(damaged));
        if (fault !== undefined) expect(fault.offset).toBeLessThanOrEqual(damaged.length);
      }),
      { numRuns: 2000 },
    );
  });
});
