/** A folder that an option names. */
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemError } from "../formats/read-file.ts";
import { BadInput } from "./arguments.ts";

/** Makes the folder of `--out` or another option, before what takes long, so that its findings have a place to go. */
export function makeFolder(folder: string, option: string = "--out"): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new BadInput(`${option}: expected a folder, got the file ${folder}`);
  try {
    // One by one: the recursive form of Node 20 never ends below a directory that takes no new entries, as /proc.
    for (const missing of missingFolders(folder)) mkdirSync(missing);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new BadInput(`${option}: ${folder} can not be made or written to: ${systemError(error)}`);
  }
}

/** The folder and those above it that are not there, the topmost first. */
function missingFolders(folder: string): readonly string[] {
  return existsSync(folder) ? [] : [...missingFolders(dirname(resolve(folder))), folder];
}
