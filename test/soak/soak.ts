/**
 * A long search for false alarms: the engine as shipped, on every small named machine and on drawn ones, under both profiles,
 * until the time is up. Run it with `npm run soak -- SECONDS [FIRST_SEED]`.
 */
import { linux612, namedMachines, strict } from "../../models/index.ts";
import type { MachineDescription, Profile } from "../../models/index.ts";
import { search, usualAudits } from "../../src/check/search.ts";
import { createSubject } from "../../src/check/subjects.ts";
import { textReport } from "../../src/report/text.ts";

interface Lane {
  readonly machine: MachineDescription | "drawn";
  readonly profile: Profile;
  commands: number;
}

/** Machines of fewer frames than this are small. */
const smallEnd = 4096;

const lanes: readonly Lane[] = [...namedMachines.filter(({ hotplugEnd }) => hotplugEnd < smallEnd), "drawn" as const].flatMap((machine) => [strict, linux612].map((profile) => ({ machine, profile, commands: 0 })));
const runsEach = 4;
const [seconds, firstSeed] = [argument(2, "seconds", 1, 120), argument(3, "a first seed", 0, 1000)];

function argument(at: number, what: string, least: number, otherwise: number): number {
  const word = process.argv[at] ?? String(otherwise);
  if (/^\d{1,6}$/u.test(word) && Number(word) >= least) return Number(word);
  process.stderr.write(`soak: expected ${what} from ${least} to 999999, got "${word}"\n`);
  process.exit(2);
}

const end = performance.now() + 1000 * seconds;
let broken = false;
for (let seed = firstSeed; performance.now() < end && !broken; seed++) {
  for (const lane of lanes) {
    const { machine, profile } = lane;
    const subject = { subject: "engine", profile: profile.name, mutant: null } as const;
    const result = await search({ machine, profile, subject, subjectProfile: profile, create: (description, as) => createSubject(subject, description, as), seed, runs: runsEach, auditEvery: usualAudits, counting: false, maxReductions: 5000, pulse: () => Promise.resolve(performance.now() < end) });
    lane.commands += result.commands;
    // A search that had no time for a run says nothing, and is not counted.
    if (result.verdict === "holds" || result.runs === 0) continue;
    broken = true;
    for (const finding of result.findings) process.stdout.write(`${textReport(finding)}\n`);
    if (result.because !== null) process.stdout.write(`${result.verdict}: ${result.because}\n`);
    break;
  }
}

for (const { machine, profile, commands } of lanes) process.stdout.write(`  ${(machine === "drawn" ? machine : machine.name).padEnd(12)} ${profile.name.padEnd(10)} ${String(commands).padStart(9)} commands\n`);
const total = lanes.reduce((sum, { commands }) => sum + commands, 0);
const missed = lanes.filter(({ commands }) => commands === 0).length;
process.stdout.write(broken ? `soak: an alarm after ${total} commands\n` : missed > 0 ? `soak: inconclusive, ${missed} of ${lanes.length} lanes were not reached in ${seconds} s\n` : `soak: ${total} commands in ${seconds} s, no alarm\n`);
process.exitCode = broken ? 1 : missed > 0 ? 2 : 0;
