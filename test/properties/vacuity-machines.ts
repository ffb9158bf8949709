/** Machines for tests that walk them, by name: the named ones, and one that has what none of those has. */
import { namedMachines, toPfn } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";

export function machineNamed(name: string): MachineDescription {
  if (name === "two-areas") return twoAreas();
  const found = namedMachines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`there is no machine ${name}`);
  return found;
}

/** `tiny` with a second CMA area, so that an allocation of one can be given back to the other. */
function twoAreas(): MachineDescription {
  const tiny = machineNamed("tiny");
  return { ...tiny, name: "two-areas", cma: [...tiny.cma, { base: toPfn(0x60), nrPages: 8, orderPerBit: 0 }] };
}
