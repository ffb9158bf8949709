/** The machine file of docs/reports.md, and what the fields are that it leaves out. */
import { machineFields, parseMachine } from "../formats/machine.ts";

/** 1 GiB on two nodes, in blocks of 128 MiB; up to 4 GiB can be added. */
export const machineExample = `{
  "framecheck": "machine",
  "version": 1,
  "machine": {
    "name": "two-nodes",
    "geometry": {
      "pageBytes": 4096, "structPageBytes": 64,
      "pageblockOrder": 9, "maxPageOrder": 10,
      "subsectionPages": 512, "sectionPages": 32768, "blockSections": 1, "pmdPages": 512
    },
    "dma32End": "0x20000",
    "nodes": [
      { "memory": [{ "start": "0x100", "nrPages": 130816 }] },
      { "memory": [{ "start": "0x20000", "nrPages": 131072 }], "movableStart": "0x30000", "cpus": false }
    ],
    "reserved": [{ "start": "0x1000", "nrPages": 8192 }],
    "cma": [{ "base": "0x10000", "nrPages": 4096 }],
    "hotplugEnd": "0x100000"
  }
}
`;

const least = {
  name: "least",
  geometry: { pageBytes: 256, structPageBytes: 64, pageblockOrder: 2, maxPageOrder: 4, subsectionPages: 4, sectionPages: 16, blockSections: 1, pmdPages: 4 },
  nodes: [{ memory: [{ start: 16, nrPages: 16 }] }],
  cma: [{ base: 16, nrPages: 4 }],
  hotplugEnd: 64,
};

/** What a reader takes for a field of the machine, a node or a CMA area that is left out: JSON, or "required". */
export function defaultOf(part: "machine" | "node" | "cma", field: string): string {
  const given = { machine: least, node: least.nodes[0], cma: least.cma[0] }[part];
  // Given here so that there is an area to look at.
  if (part === "machine" && field === "cma") return "[]";
  if (given !== undefined && field in given) return "required";
  const read = parseMachine({ name: "least", bytes: new TextEncoder().encode(JSON.stringify({ framecheck: "machine", version: 1, machine: least })) });
  if (!read.ok) throw new Error(read.error);
  const machine = machineFields(read.value);
  // Left out they are not written either.
  if (part === "cma" && field === "reservePagesOnError") return "false";
  const whole: object | undefined = { machine, node: machine.nodes[0], cma: machine.cma[0] }[part];
  // What a machine need not have is not there.
  const value: unknown = whole === undefined ? undefined : Reflect.get(whole, field);
  return value === undefined ? "none" : JSON.stringify(value);
}
