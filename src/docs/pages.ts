/** The pages that are printed from the code, as a whole or in part. */
import { fileURLToPath } from "node:url";
import { recordSections } from "./fidelity-records.ts";
import { withSections } from "./marked.ts";
import { readmePage } from "./readme-page.ts";
import { reportSections } from "./report-sections.ts";
import { specPage } from "./spec-page.ts";
import { switchTable } from "./switch-table.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Page {
  /** From the root of the repository. */
  readonly file: string;
  /** The page as it should be, from the page as it is. */
  readonly print: (page: string) => string | Promise<string>;
}

export const pages: readonly Page[] = [
  { file: "README.md", print: readmePage },
  { file: "docs/spec.md", print: () => specPage() },
  { file: "docs/fidelity.md", print: (page) => withSections(page, { switches: switchTable(), ...recordSections(root) }) },
  { file: "docs/reports.md", print: (page) => withSections(page, reportSections()) },
];
