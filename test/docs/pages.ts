/** The pages of docs/, read from the repository. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { anchorOf } from "../../src/docs/markdown.ts";

export const root: string = resolve(import.meta.dirname, "../..");

/** The text of a page, by its file in docs/. */
export function pageText(file: string): string {
  return readFileSync(join(root, "docs", file), "utf8");
}

export const pageFiles: readonly string[] = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));

/** Every anchor of a page: its headings, and its own marks. A heading that stands again has a number behind it. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...withoutCode(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) => anchorOf(title));
  const marks = [...page.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id);
  return new Set([...headings.map((anchor, index) => numbered(anchor, headings.slice(0, index))), ...marks]);
}

function numbered(anchor: string, before: readonly string[]): string {
  const times = before.filter((other) => other === anchor).length;
  return times === 0 ? anchor : `${anchor}-${times}`;
}

/** The page without its fenced blocks. */
export function withoutCode(page: string): string {
  return page.replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** The fenced blocks of a language between the comments of a section, or of the whole page. */
export function blocksOf(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, of]) => of === language).map(([, , text = ""]) => text);
}
