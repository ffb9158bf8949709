/** Markdown as the pages of docs/ have it: headings with anchors, lists, tables, lines of a readable length. */

/** Longest line, but for tables and words that are longer. */
const lineLength = 110;

/** The anchor that a heading gets, as GitHub makes it. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** `[text](#anchor)` of a heading on the same page. */
export function linkTo(title: string, text: string = title): string {
  return `[${text}](#${anchorOf(title)})`;
}

export function heading(level: 2 | 3 | 4, text: string): string {
  return `${"#".repeat(level)} ${text}`;
}

/** What a word at the start of a line would make of it: a list, a heading, a quotation, a rule. */
const meaningful = /^(?:[-+*>#=|]+|\d+[.)])$/;

/** A paragraph, broken at spaces outside of links; lines after the first are indented. */
export function paragraph(text: string, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of wordsOf(text)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || longer.length <= lineLength - indent.length || meaningful.test(word)) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map((each, index) => (index === 0 ? each : indent + each)).join("\n");
}

/** The words, a link being one. */
function wordsOf(text: string): readonly string[] {
  return text.match(/(?:\[[^\]]+\]\([^)]+\)|\S)+/g) ?? [];
}

export function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${paragraph(item, "  ")}`).join("\n");
}

export function numbered(items: readonly string[]): string {
  return items.map((item, index) => `${index + 1}. ${paragraph(item, "   ")}`).join("\n");
}

/** A table; a row is a line, however long. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}

/** Parts of a page with empty lines between them; empty parts are left out. */
export function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}
