/** The folder that `--out` names. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemError } from "../formats/read-file.ts";
import { BadInput } from "./arguments.ts";

/** Makes the folder of `--out`, before what takes long, so that its findings have a place to go. */
export function makeFolder(folder: string): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new BadInput(`--out: expected a folder, got the file ${folder}`);
  try {
    // One by one: the recursive form of Node 20 never ends below a directory that takes no new entries, as /proc.
    for (const missing of missingFolders(folder)) mkdirSync(missing);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new BadInput(`--out: ${folder} can not be made or written to: ${systemError(error)}`);
  }
}

/** The folder and those above it that are not there, the topmost first. */
function missingFolders(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [...missingFolders(dirname(resolve(folder))), folder];
}
