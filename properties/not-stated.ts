/**
 * Properties of the kernel that no rule states, because nothing in a view or an outcome shows them.
 */

export interface NotStated {
  readonly id: string;
  readonly why: string;
}

export const notStated: readonly NotStated[] = [
  { id: "HP-53", why: "memblock is not part of a view: the model has no second list of memory beside the sections" },
];
