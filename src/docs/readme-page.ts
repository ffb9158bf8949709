/** The parts of README.md that are printed from the code: a counterexample as `check` prints it, and the list of invariants. */
import { parseProfile, strict, tinyMachines } from "../../models/index.ts";
import { invariants } from "../../properties/index.ts";
import { aroundOf } from "../check/around.ts";
import { search } from "../check/search.ts";
import { createSubject } from "../check/subjects.ts";
import { textReport } from "../report/text.ts";
import { withSections } from "./marked.ts";

/** The README with its printed parts as they are now. */
export async function readmePage(readme: string): Promise<string> {
  return withSections(readme, { report: `\`\`\`\n${await report()}\`\`\``, invariants: invariantList() });
}

/** What `check --subject-profile strict+KD-2 --runs 5` finds. */
async function report(): Promise<string> {
  const [tiny] = tinyMachines;
  const subject = { subject: "engine", profile: "strict+KD-2", mutant: null } as const;
  const subjectProfile = parseProfile(subject.profile);
  if (tiny === undefined || "error" in subjectProfile) throw new Error("the machine or the profile of the README does not exist");
  const { findings } = await search({ machine: tiny, profile: strict, subject, subjectProfile, create: (description, as) => createSubject(subject, description, as), seed: 1, runs: 5, maxReductions: 20_000 });
  const [first] = findings;
  if (first === undefined) throw new Error("the search of the README finds nothing");
  const around = aroundOf(first);
  return textReport(first, around === undefined ? {} : { around });
}

function invariantList(): string {
  return invariants.map(({ id, title }) => `- ${id}: ${title}`).join("\n");
}
