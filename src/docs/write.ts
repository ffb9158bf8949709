/** `npm run docs`: writes the pages that are printed from the code. With `--check` it only names those that are not what the code prints. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeFileAtomically } from "../formats/write-file.ts";
import { pages } from "./pages.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const checking = process.argv.includes("--check");

for (const { file, print } of pages) {
  const page = existsSync(`${root}${file}`) ? readFileSync(`${root}${file}`, "utf8") : "";
  const printed = await print(page);
  if (printed === page) continue;
  if (checking) {
    process.stdout.write(`${file} is not what the code prints: npm run docs\n`);
    process.exitCode = 1;
    continue;
  }
  const written = writeFileAtomically(`${root}${file}`, printed);
  if (!written.ok) throw new Error(written.error);
  process.stdout.write(`wrote ${file}\n`);
}
