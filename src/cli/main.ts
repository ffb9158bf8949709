#!/usr/bin/env node
/** The program: the command line in a process of its own. */
import { runCommandLine } from "./command-line.ts";
import { processTerminal } from "./terminal.ts";

// A reader that goes away (`| head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));
process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
