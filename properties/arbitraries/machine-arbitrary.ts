/** Geometries and machines for `fc.assert`. */
import type { Arbitrary } from "fast-check";
import { brokenGeometryRule } from "../../models/index.ts";
import type { Geometry, MachineDescription } from "../../models/index.ts";
import { drawnArbitrary } from "./drawn-arbitrary.ts";
import { drawGeometry, drawMachine } from "./machine.ts";
import { isGeometry, isMachine } from "./scenario.ts";
import { simplerGeometries, simplerMachines } from "./simpler-machines.ts";

/** Valid geometries with blocks of at most 128 frames. */
export const geometryArbitrary: Arbitrary<Geometry> = drawnArbitrary<Geometry>({
  draw: drawGeometry,
  is: (value): value is Geometry => isGeometry(value) && brokenGeometryRule(value) === undefined,
  passes: [simplerGeometries],
});

/** Valid machines of at most 512 frames. */
export const machineArbitrary: Arbitrary<MachineDescription> = drawnArbitrary<MachineDescription>({ draw: drawMachine, is: isMachine, passes: [simplerMachines] });
