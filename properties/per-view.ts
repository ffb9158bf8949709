/**
 * What is computed of a view is computed once.
 *
 * A view is a value: who gives one away never changes it afterwards. So what was computed may be kept as long as its view.
 */
import { NONE } from "../models/index.ts";
import type { View } from "../models/index.ts";

/** What has been computed of each view, one place for each index. */
const known = new WeakMap<View, unknown[]>();
let nrIndexes = 0;

// Rules ask for the same view many times in a row, laws for two in turn.
let last: { readonly view: View; readonly places: unknown[] } | undefined;
let lastButOne: typeof last;

function placesOf(view: View): unknown[] {
  if (last?.view === view) return last.places;
  if (lastButOne?.view === view) {
    [last, lastButOne] = [lastButOne, last];
    return last.places;
  }
  const places = known.get(view) ?? [];
  known.set(view, places);
  lastButOne = last;
  last = { view, places };
  return places;
}

/** Computes something of a view once, and remembers it as long as the view lives. */
export function perView<T extends object>(compute: (view: View) => T): (view: View) => T {
  const place = nrIndexes++;
  return (view) => {
    const places = placesOf(view);
    const before = places[place] as T | undefined;
    if (before !== undefined) return before;
    const computed = compute(view);
    places[place] = computed;
    return computed;
  };
}

/** A fact that the rule's needs promise. */
export function given<T>(fact: T | undefined): T {
  if (fact === undefined) throw new TypeError("a rule reads a fact that its needs do not name");
  return fact;
}

const zeros: number[] = [];
const nones: number[] = [];

/** A list of that length in which every value is the same. Plain: a typed array as short as these costs more to make and to free than to fill. */
export function filled(length: number, value: 0 | typeof NONE): number[] {
  const pattern = value === 0 ? zeros : nones;
  while (pattern.length < length) pattern.push(value);
  return pattern.slice(0, length);
}
