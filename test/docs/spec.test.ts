import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandCatalogue, switchIds } from "../../models/index.ts";
import { goals, invariants, laws } from "../../properties/index.ts";
import { withSections } from "../../src/docs/marked.ts";
import { specPage } from "../../src/docs/spec-page.ts";
import { program } from "../cli/cli.ts";
import { anchorsOf, root } from "./pages.ts";

describe("the printed pages", () => {
  // In a process of its own: records of a real kernel are played for them, which takes longer in here.
  it("are what the code prints", async () => {
    const { code, out, err } = await program([join(root, "dist/src/docs/write.js"), "--check"], { cwd: root });

    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "" });
  });
});

describe("docs/spec.md", () => {
  const page = specPage();
  const anchors = anchorsOf(page);

  it("has a section for every command", () => {
    expect(Object.keys(commandCatalogue).filter((op) => !anchors.has(op))).toEqual([]);
  });

  it("has every rule once, with its sentence, and every goal", () => {
    for (const { id, title } of [...invariants, ...laws]) expect(page.split(`<a id="${id.toLowerCase()}"></a>${id} | **${title}**`).length, id).toBe(2);
    expect(goals.filter(({ id }) => !page.includes(`| \`${id}\` |`))).toEqual([]);
  });

  it("links every switch", () => {
    expect(switchIds.filter((id) => !page.includes(`[${id}]: fidelity.md#${id.toLowerCase()}`))).toEqual([]);
  });

  it("has no line that wrapping has made a list, a heading or a quotation", () => {
    const lines = page.split("\n");
    const marks = lines.filter((line) => /^\s*(?:[+*>]|\d+\)) /.test(line));
    // A list begins behind an empty line, and its items follow one another.
    const strayItems = lines.filter((line, index) => line.startsWith("- ") && !/^(?:$|- | {2})/.test(lines[index - 1] ?? ""));

    expect([...marks, ...strayItems]).toEqual([]);
  });
});

describe("marked sections", () => {
  const page = "before\n<!-- one:begin -->\nold\n<!-- one:end -->\nbetween\n<!-- two:begin -->\n<!-- two:end -->\nbehind\n";

  it("are replaced, and nothing else is", () => {
    expect(withSections(page, { one: "1", two: "2" })).toBe("before\n<!-- one:begin -->\n\n1\n\n<!-- one:end -->\nbetween\n<!-- two:begin -->\n\n2\n\n<!-- two:end -->\nbehind\n");
  });

  it("stay as they are when they are printed again", () => {
    const once = withSections(page, { one: "1", two: "2" });

    expect(withSections(once, { one: "1", two: "2" })).toBe(once);
  });

  it("have to be marked once and printed by somebody", () => {
    expect(() => withSections(page, { one: "1" })).toThrow("two");
    expect(() => withSections(page, { one: "1", two: "2", three: "3" })).toThrow("three");
    expect(() => withSections(page + page, { one: "1", two: "2" })).toThrow("one");
    expect(() => withSections("<!-- one:begin -->\n", { one: "1" })).toThrow("has no end");
  });
});
