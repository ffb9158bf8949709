/**
 * What every implementation offers: the reference, the engine, a mutant of it, a program behind the oracle protocol.
 */
import type { Command } from "./command.ts";
import type { MachineDescription } from "./description.ts";
import type { Outcome } from "./outcome.ts";
import type { Pfn } from "./pfn.ts";
import type { Profile, SwitchId } from "./profile.ts";
import type { Fact, View } from "./view.ts";

/** What someone else did was permitted; the follower is now in the state that it implies. */
export interface Admitted {
  readonly verdict: "admitted";
}

/** What someone else did was not permitted. The follower's state after this is not meaningful. */
export interface Breach {
  readonly verdict: "breach";
  /** The rule, one of `clauses` in models/catalogue.ts. */
  readonly clause: string;
  /** In words, with "because". */
  readonly because: string;
  /** What would have been permitted, in words; at least one. */
  readonly permitted: readonly string[];
  /** The frames concerned. */
  readonly frames: readonly Pfn[];
}

/** The follower can not decide within its bounds. Never counts as passed. */
export interface Inconclusive {
  readonly verdict: "inconclusive";
  readonly because: string;
}

/** The follower does not know this command. Never counts as passed. */
export interface Unsupported {
  readonly verdict: "unsupported";
  readonly because: string;
}

export type Verdict = Admitted | Breach | Inconclusive | Unsupported;

export interface Subject {
  /** Runs the command alone and tells what happened. Never throws for anything a command can say. */
  apply(command: Command): Outcome;
  /** Is told what someone else did and judges it. */
  follow(command: Command, outcome: Outcome): Verdict;
  /** What can be seen now; only these facts where some are named. */
  view(wanted?: readonly Fact[]): View;
  /** How often each switch of the profile has made a difference so far; switches never used are left out. */
  permissionsUsed(): Readonly<Partial<Record<SwitchId, number>>>;
}

/** A machine right after boot. Throws only for a description that `checkDescription` refuses. */
export type CreateSubject = (description: MachineDescription, profile: Profile) => Subject;
