/** The switches of the profile, and how often each has made a difference. */
import type { Profile, SwitchId } from "../../models/index.ts";

export class Quirks {
  readonly #on: ReadonlySet<SwitchId>;
  readonly #used: Map<SwitchId, number> = new Map();

  constructor(profile: Profile) {
    this.#on = new Set(profile.on);
  }

  /** Whether the switch is on, where nothing depends on the answer yet. */
  isOn(id: SwitchId): boolean {
    return this.#on.has(id);
  }

  /** Whether the switch is on, asked where it makes a difference. */
  applies(id: SwitchId): boolean {
    if (!this.#on.has(id)) return false;
    this.#used.set(id, (this.#used.get(id) ?? 0) + 1);
    return true;
  }

  used(): Readonly<Partial<Record<SwitchId, number>>> {
    return Object.fromEntries([...this.#used].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}
