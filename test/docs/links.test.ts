import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, pageFiles, pageText, root, withoutCode } from "./pages.ts";

interface Link {
  readonly from: string;
  readonly page: string;
  readonly anchor: string | undefined;
}

const anchors = new Map(pageFiles.map((file) => [file, anchorsOf(pageText(file))]));

/** A link that leads nowhere, in words. */
function fault({ from, page, anchor }: Link): string | undefined {
  const known = anchors.get(page);
  if (known === undefined) return `${from}: there is no docs/${page}`;
  return anchor === undefined || known.has(anchor) ? undefined : `${from}: docs/${page} has no #${anchor}`;
}

function faults(links: readonly Link[]): readonly string[] {
  return links.flatMap((link) => fault(link) ?? []);
}

describe("the comments of the code", () => {
  const links = ["models", "properties", "src", "test"].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !(room === "test" && file.startsWith("docs")))
      .flatMap((file): Link[] =>
        // Pages of the kernel are under Documentation/, and have other names.
        [...readFileSync(join(root, room, file), "utf8").matchAll(/\bdocs\/([a-z-]+\.md)(?:#([a-z0-9-]+))?/g)].map(([, page = "", anchor]) => ({ from: `${room}/${file}`, page, anchor })),
      ),
  );

  it("are found at all", () => {
    expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(5);
  });

  it("name pages and headings that exist", () => {
    expect(faults(links)).toEqual([]);
  });
});

describe.each(pageFiles)("docs/%s", (file) => {
  const page = withoutCode(pageText(file));
  const targets = [...page.matchAll(/\]\(([^)\s]+)\)/g), ...page.matchAll(/^\[[^\]]+\]: (\S+)$/gm)].map(([, target = ""]) => target);

  it("links headings that exist", () => {
    const own = targets.filter((target) => target.startsWith("#")).map((target): Link => ({ from: file, page: file, anchor: target.slice(1) }));
    const others = targets.filter((target) => /^[a-z-]+\.md/.test(target)).map((target): Link => {
      const [other = "", anchor] = target.split("#");
      return { from: file, page: other, anchor };
    });

    expect(targets.length).toBe(own.length + others.length);
    expect(faults([...own, ...others])).toEqual([]);
  });

  it("names files of the repository that exist", () => {
    const files = [...page.matchAll(/`((?:models|properties|src|test)\/[a-z/-]+\.ts)`/g)].map(([, path = ""]) => path);

    expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});
