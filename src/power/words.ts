/** Words that the text and the page share. */
import { counted, grouped } from "../report/lines.ts";
import type { Measurement } from "./measure.ts";
import type { Row } from "./rows.ts";

/** A number, or a dash where there is none. */
export function number(value: number | null): string {
  return value === null ? "-" : grouped(value);
}

/** `1.2, at most 3.4`; a dash where no times were measured. */
export function secondsWords({ medianSeconds, maxSeconds }: Pick<Row, "medianSeconds" | "maxSeconds">): string {
  return medianSeconds === null || maxSeconds === null ? "-" : `${medianSeconds.toFixed(1)} (${maxSeconds.toFixed(1)})`;
}

/** `2`, or `2 3 5`: the smallest, the median, the largest. */
export function sizeWords({ sizes: { min, median, max } }: Pick<Row, "sizes">): string {
  return min === max ? number(min) : `${number(min)} ${number(median)} ${number(max)}`;
}

/** The smallest size, and how sure it is: `2 proved`; `2, not 0` where only that was ruled out. */
export function shortestWords({ shortest, shortestBy, exhaustive }: Pick<Row, "shortest" | "shortestBy" | "exhaustive">): string {
  if (shortestBy === "exhaustive") return `${number(shortest)} proved`;
  const upTo = exhaustive?.upTo ?? -1;
  return `${number(shortest)}${upTo < 0 ? "" : upTo === 0 ? ", not 0" : `, not 0 to ${upTo}`}`;
}

/** What bounded the measurement. */
export function limitWords({ limits, seconds }: Pick<Measurement, "limits" | "seconds">): string {
  const time = seconds === null ? "" : ` or ${counted(seconds, "second")}`;
  return `Limits: a search ends after ${counted(limits.runs, "run")}${time} without a finding, a reduction after ${counted(limits.reductions, "execution")}, the enumeration of short scenarios after ${counted(limits.executions, "execution")} a mutant, a baseline (from at most ${counted(limits.baselineSeeds, "seed")}) after ${counted(limits.baselineCommands, "command")} or as many as the search walked, if that is more.`;
}
