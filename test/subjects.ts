/**
 * Everyone who takes the worked examples: the specification, and the fast implementation that is held to it.
 */
import { createReference } from "../models/index.ts";
import type { CreateSubject } from "../models/index.ts";
import { createEngine } from "../src/engine/engine.ts";

export const subjects: readonly { readonly name: string; readonly create: CreateSubject }[] = [
  { name: "reference", create: createReference },
  { name: "engine", create: createEngine },
];
