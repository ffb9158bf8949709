/** Machines for tests that walk them, by name: the named ones, and one that has what none of those has. */
import { namedMachines, toPfn } from "../../models/index.ts";
import type { MachineDescription } from "../../models/index.ts";

export function machineNamed(name: string): MachineDescription {
  if (name === "two-areas") return twoAreas();
  if (name === "pc-virtio-mem") return pcVirtioMem();
  const found = namedMachines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`there is no machine ${name}`);
  return found;
}

/** A PC with a virtio-mem device of 2 GiB: more than its driver adds at a time. */
function pcVirtioMem(): MachineDescription {
  return { ...machineNamed("x86-64"), name: "pc-virtio-mem", virtioMem: { node: 0, region: { start: toPfn(0x100000), nrPages: 0x80000 } } };
}

/** `tiny` with a second CMA area, so that an allocation of one can be given back to the other. */
function twoAreas(): MachineDescription {
  const tiny = machineNamed("tiny");
  return { ...tiny, name: "two-areas", cma: [...tiny.cma, { base: toPfn(0x60), nrPages: 8, orderPerBit: 0 }] };
}
