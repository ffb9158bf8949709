import { beforeAll, describe, expect, it } from "vitest";
import { put, temporaryFolder } from "../cli/cli.ts";
import { elsewhere, found, notPredicted, open } from "./edits.ts";
import type { Edited } from "./edits.ts";
import { edited, lineOf, play, playFile, recordNamed } from "./fixture.ts";
import type { Told } from "./fixture.ts";

const told = new Map<Edited, Told>();

// All are played by one run of the built program, each under its number.
beforeAll(async () => {
  const edits: readonly Edited[] = [...Object.values(found).flat(), ...elsewhere, ...notPredicted];
  const lines = edits.map(({ record, step, edit }, index) => lineOf({ ...edited(recordNamed(record), step, edit), id: String(index) }));
  const results = await playFile(put(temporaryFolder(), "edited.jsonl", lines.join("\n")), []);
  for (const [index, edit] of edits.entries()) told.set(edit, results[index] ?? { id: "none", verdict: "none", compared: 0 });
}, 120_000);

describe.each(Object.entries(found))("one value of a record that agrees: %s", (_, edits) => {
  it.each(edits)("$of ($record, step $step)", (edit) => {
    const { step, predicted, observed } = edit;

    expect(told.get(edit)).toMatchObject({ verdict: "differs", step, predicted, observed });
  });
});

describe("one value of a record, found at another step", () => {
  it.each(elsewhere)("$of ($record, step $step): at step $at", (edit) => {
    const { at, predicted, observed } = edit;

    expect(told.get(edit)).toMatchObject({ verdict: "differs", step: at, predicted, observed });
  });
});

describe("one value of a record, left open by a relation", () => {
  it.each(open)("$relation: $of ($record, step $step)", ({ record, step, edit, relation }) => {
    const { verdict, relations } = play(edited(recordNamed(record), step, edit));

    expect({ verdict, relations }).toEqual({ verdict: "agrees", relations: expect.arrayContaining([relation]) });
  });
});

describe("one value of a record that nobody predicts", () => {
  it.each(notPredicted)("$of ($record, step $step)", (edit) => {
    expect(told.get(edit)).toMatchObject({ verdict: "agrees" });
  });
});
