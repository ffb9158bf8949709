import { describe, expect, it } from "vitest";
import { showShapeError } from "../../src/formats/shape.ts";
import { parseZoneinfo } from "../../src/formats/zoneinfo.ts";
import type { ZoneInfo } from "../../src/formats/zoneinfo.ts";

/** A populated zone as v6.12 prints it. */
const populated = `Node 0, zone   Normal
  per-node stats
      nr_inactive_anon 0
      nr_mapped    400
  pages free     32672
        boost    0
        min      177
        low      221
        high     265
        promo    309
        spanned  40000
        present  32768
        managed  32760
        cma      0
        protection: (0, 0, 0, 2048, 2048)
      nr_free_pages 32670
      nr_mlock     0
      nr_free_cma  0
      numa_hit     118446744073709551615
  pagesets
    cpu: 0
              count: 29
              high:  246
              batch: 7
  vm stats threshold: 4
    cpu: 1
              count: 11
              high:  246
              batch: 7
  vm stats threshold: 6
  node_unreclaimable:  0
  start_pfn:           1048576
`;

const empty = `Node 0, zone  Movable
  pages free     0
        boost    0
        min      32
        low      32
        high     32
        promo    32
        spanned  0
        present  0
        managed  0
        cma      0
        protection: (0, 0, 0, 0, 0)
`;

const normal: ZoneInfo = {
  node: 0, type: "Normal", free: 32672, spanned: 40000, present: 32768, managed: 32760, cma: 0,
  populated: { start: 1048576, nrFreePages: 32670, nrFreeCma: 0, pcp: 40, nrCpus: 2, threshold: 6 },
};

describe("zoneinfo", () => {
  it("gives each zone with its counters", () => {
    expect(parseZoneinfo(populated + empty)).toEqual({
      ok: true,
      value: [normal, { node: 0, type: "Movable", free: 0, spanned: 0, present: 0, managed: 0, cma: 0, populated: null }],
    });
  });

  it("takes counters that some versions do not have, and columns of any width", () => {
    const text = populated
      .replaceAll(/^ {8}(?:boost|promo|cma) .*\n/gmu, "")
      .replaceAll(/^ {2}vm stats threshold.*\n/gmu, "")
      .replaceAll("count: ", "count:    ")
      .replaceAll("batch: 7\n", "batch:    7\n              high_min: 41\n              high_max: 240\n");

    expect(parseZoneinfo(text)).toEqual({ ok: true, value: [{ ...normal, cma: null, populated: { ...normal.populated, threshold: 0 } }] });
  });

  it("takes several nodes", () => {
    const zones = parseZoneinfo(populated + populated.replace("Node 0", "Node 2"));

    expect(zones.ok ? zones.value.map(({ node }) => node) : []).toEqual([0, 2]);
  });

  it.each([
    ["", "proc/zoneinfo: found an empty file, expected text"],
    [populated.replaceAll("\n", "\r\n"), "proc/zoneinfo line 1: found a carriage return, expected a line that ends in a newline alone"],
    [`\u0000\u0001\u0002${populated}`, 'proc/zoneinfo line 1: found "\\x00\\x01\\x02Node 0, zone   Normal", expected printable text'],
    [populated.slice(0, -3), 'proc/zoneinfo line 32: found "  start_pfn:           10485" and the end of the file, expected a newline at the end: the file is cut off'],
    [populated.split("\n").slice(0, 9).join("\n") + "\n", "proc/zoneinfo line 9: found the end of the file, expected `spanned` and a count of pages"],
    [populated.split("\n").slice(0, 10).join("\n") + "\n", "proc/zoneinfo line 10: found the end of the file, expected `spanned` and a count of pages"],
    [populated.split("\n").slice(0, 17).join("\n") + "\n", "proc/zoneinfo line 17: found the end of the file, expected `pagesets`"],
    [populated.split("\n").slice(0, 30).join("\n") + "\n", "proc/zoneinfo line 30: found the end of the file, expected `node_unreclaimable:`"],
    [populated.split("\n").slice(0, 31).join("\n") + "\n", "proc/zoneinfo line 31: found the end of the file, expected `start_pfn:`"],
    [populated.replace("spanned  40000", "spanned  -3"), 'proc/zoneinfo line 11: found "-3", expected a whole number from 0 to 2^53 - 1 for `spanned`'],
    [populated.replace("managed  32760", "managed  99999999999999999999"), 'proc/zoneinfo line 13: found "99999999999999999999", expected a whole number from 0 to 2^53 - 1 for `managed`'],
    [populated.replace("present  32768", "present  128 MB"), 'proc/zoneinfo line 12: found "        present  128 MB", expected `present` and a count of pages'],
    [populated.replace("        spanned  40000\n", ""), 'proc/zoneinfo line 11: found "        present  32768", expected `spanned` and a count of pages'],
    [populated.replace("zone   Normal", "zone  HighMem"), 'proc/zoneinfo line 1: found "HighMem", expected the zone name DMA, DMA32, Normal, Movable or Device'],
    [populated.replace("Node 0", "Node 5000"), 'proc/zoneinfo line 1: found "Node 5000, zone   Normal", expected `Node N, zone NAME` with a node from 0 to 1023'],
    [populated + populated, 'proc/zoneinfo line 33: found "Node 0, zone   Normal", expected a zone after Normal of node 0'],
    [populated.replace("      nr_mlock     0\n", "      nr_free_pages 32670\n"), 'proc/zoneinfo line 17: found "nr_free_pages", expected each counter of a zone once'],
    [populated.replace("    cpu: 1\n", "    cpu: 0\n"), "proc/zoneinfo line 26: found cpu 0, expected a CPU after 0"],
    [populated.replace("count: 11\n", "count: 11\n              count: 11\n"), 'proc/zoneinfo line 28: found "count", expected each number of a CPU once'],
    [populated.replace("      nr_free_pages 32670\n", ""), 'proc/zoneinfo line 16: found "      nr_mlock     0", expected the zone\'s counters with `nr_free_pages`'],
    [populated.replace("nr_mlock     0", "nr_mlock     x"), 'proc/zoneinfo line 17: found "      nr_mlock     x", expected a counter of the zone or `pagesets`'],
    [populated.replace("protection: (0, 0, 0, 2048, 2048)", "protection: none"), 'proc/zoneinfo line 15: found "        protection: none", expected `protection: (N, ...)`'],
    [populated.replace("count: 29", "count: 2.9"), 'proc/zoneinfo line 22: found "2.9", expected a whole number from 0 to 2^53 - 1 for `count`'],
    [`${empty}something else\n`, 'proc/zoneinfo line 13: found "something else", expected the next zone: this one has no present pages'],
    [`${populated}something else\n`, 'proc/zoneinfo line 33: found "something else", expected the next zone'],
    ["MemTotal: 4 kB\n", 'proc/zoneinfo line 1: found "MemTotal: 4 kB", expected `Node N, zone NAME`'],
  ])("says in one line what is wrong (%#)", (text, message) => {
    const zones = parseZoneinfo(text);

    expect(zones.ok ? "no error" : showShapeError(zones.error)).toBe(message);
  });
});
