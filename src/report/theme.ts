/** How reports look: the only place that knows colours and characters beyond ASCII. */
import { styleText } from "node:util";

/** What a piece of text is, for its colour. */
export type Role = "broken" | "holds" | "doubt" | "label" | "faint" | "changed" | "named" | "plain";

export interface Theme {
  /** The text in the colour of its role; the text itself where no colour is wanted. Never changes its width. */
  readonly paint: (role: Role, text: string) => string;
  readonly glyphs: Glyphs;
  /** Colours tell changed cells from others, so that no line of marks is needed under them. */
  readonly colour: boolean;
}

export interface Glyphs {
  /** In front of the breaking command. */
  readonly breaking: string;
  readonly arrow: string;
  readonly ellipsis: string;
  /** Between cells of different zones. */
  readonly border: string;
  /** Under a cell that changed. */
  readonly changed: string;
  /** Under a cell that the evidence names. */
  readonly named: string;
}

export interface ThemeOptions {
  readonly colour?: boolean;
  readonly unicode?: boolean;
}

const formats: Readonly<Record<Role, Parameters<typeof styleText>[0]>> = {
  broken: ["bold", "red"],
  holds: ["bold", "green"],
  doubt: ["bold", "yellow"],
  label: "bold",
  faint: "dim",
  changed: ["bold", "yellow"],
  named: ["bold", "inverse", "red"],
  plain: "reset",
};

const ascii: Glyphs = { breaking: ">", arrow: "->", ellipsis: "...", border: "|", changed: "^", named: "*" };
const unicode: Glyphs = { breaking: "▶", arrow: "→", ellipsis: "…", border: "│", changed: "▲", named: "●" };

export function createTheme(options: ThemeOptions = {}): Theme {
  const colour = options.colour === true;
  // Whether colour is wanted was decided by the caller; Node shall not look at the environment again.
  const paint = (role: Role, text: string): string => (colour && text !== "" && role !== "plain" ? styleText(formats[role], text, { validateStream: false }) : text);
  return { paint, colour, glyphs: options.unicode === true ? unicode : ascii };
}
