/** Pages that people write, with sections that are printed from the code: each between two comments. */

/** The page with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced, for each of the sections. */
export function withSections(page: string, sections: Readonly<Record<string, string>>): string {
  const marked = [...page.matchAll(/^<!-- ([a-z-]+):begin -->$/gm)].map(([, name = ""]) => name);
  const odd = [...marked.filter((name, index) => sections[name] === undefined || marked.indexOf(name) !== index), ...Object.keys(sections).filter((name) => !marked.includes(name))];
  if (odd.length > 0) throw new Error(`sections that are not marked once, or that nobody prints: ${odd.join(", ")}`);
  return marked.reduce((text, name) => {
    const from = text.indexOf(beginOf(name)) + beginOf(name).length;
    const to = text.indexOf(endOf(name), from);
    if (to < 0) throw new Error(`section ${name} has no end`);
    return `${text.slice(0, from)}\n\n${sections[name] ?? ""}\n\n${text.slice(to)}`;
  }, page);
}

function beginOf(name: string): string {
  return `<!-- ${name}:begin -->`;
}

function endOf(name: string): string {
  return `<!-- ${name}:end -->`;
}
