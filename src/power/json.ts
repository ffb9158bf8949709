/** A measurement as one JSON object. Same options, same bytes, but for the times. */
import { interleavings, notModelled } from "./not-modelled.ts";
import type { Measurement } from "./measure.ts";
import { baselineRows, rowsOf } from "./rows.ts";

/** The text, on one line, with a line end. */
export function powerJson(measurement: Measurement): string {
  const { seeds, limits, seconds, interrupted } = measurement;
  return `${JSON.stringify({
    framecheck: "power",
    version: 1,
    seeds,
    limits: { ...limits, seconds },
    ...(interrupted ? { interrupted } : {}),
    mutants: rowsOf(measurement),
    notModelled: [...notModelled, ...interleavings.map(({ id, why }) => ({ id, why: `an interleaving: ${why}` }))].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    baseline: baselineRows(measurement),
  })}\n`;
}
