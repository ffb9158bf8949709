/** Links inside docs/spec.md: commands, and the general rules that other sentences name. */
import { commandCatalogue } from "../../models/index.ts";
import { anchorOf } from "./markdown.ts";

/** Phrases of the catalogue, and the headings that explain them. */
const phrases: readonly (readonly [phrase: string, heading: string])[] = [
  ["general rules", "General rules"],
  ["zone choice", "Zone choice"],
  ["watermark test", "The watermark test"],
  ["unmovable-page check", "The unmovable-page check"],
];

/** The text with links to other headings of the page. `self`: the command whose section it stands in. */
export function linked(text: string, self?: string): string {
  const withCommands = text.replaceAll(/`([a-z-]+)`/g, (code, name: string) => (Object.hasOwn(commandCatalogue, name) && name !== self ? `[${code}](#${anchorOf(name)})` : code));
  return phrases.reduce((linkedSoFar, [phrase, heading]) => linkedSoFar.replaceAll(phrase, `[${phrase}](#${anchorOf(heading)})`), withCommands);
}
