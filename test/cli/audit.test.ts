import { describe, expect, it } from "vitest";
import { captureFolder } from "../audit/captures.ts";
import { expectNarrow, framecheck } from "./cli.ts";

describe.concurrent("framecheck audit", () => {
  it("draws the saved files of a machine", async () => {
    const { code, out, err } = await framecheck(["audit", "--sysroot", captureFolder("dimm-mixed")]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("8 memory blocks of 128 MiB");
    expectNarrow(out);
  });

  it("has them as one JSON object", async () => {
    const { code, out, err } = await framecheck(["audit", "--sysroot", captureFolder("virtio-mem"), "--json"]);

    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.trimEnd()).not.toContain("\n");
    expect(JSON.parse(out)).toMatchObject({ framecheck: "audit", version: 1, verdict: "holds", broken: [] });
  });
});
