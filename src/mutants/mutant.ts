/**
 * A mutant: the engine with one small fault planted, as Linux once had it.
 *
 * The fault is a subclass of one part of the engine that overrides one decision. The shipped engine knows nothing of it.
 */
import type { EngineParts } from "../engine/parts.ts";

export interface Mutant {
  /** As in the catalogue of historic bugs: B01 to B92; CANARY is not historic. */
  readonly id: string;
  /** Title of the upstream change that fixed it. */
  readonly title: string;
  /** What went wrong, one sentence. */
  readonly effect: string;
  /** The named machine on which it shows soonest. */
  readonly machine: string;
  readonly parts: EngineParts;
}
