/**
 * The corpus: small scenarios that hold (`good_`), and the smallest known ones that break a rule (`bad_`). The name is the
 * verdict and the reason. A file `good_REASON_with_SWITCH.json` is the twin of `bad_REASON.json`, judged by a profile that
 * permits what Linux does there.
 */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { switchIds } from "../../models/index.ts";
import type { Outcome, SwitchId } from "../../models/index.ts";
import type { SubjectName } from "../../src/check/counterexample.ts";
import { replayCounterexample, replayScenario } from "../../src/check/replay.ts";
import type { ReplayableScenario } from "../../src/check/replay.ts";
import { judgedOn } from "../../src/check/subjects.ts";
import { parseAny } from "../../src/formats/any-file.ts";
import type { Replayable } from "../../src/formats/any-file.ts";
import { counterexampleText } from "../../src/formats/counterexample.ts";
import { scenarioText } from "../../src/formats/scenario.ts";
import { profileNamed } from "../check/searching.ts";

/** What the commands of the stories are answered, one word each. */
const stories: Readonly<Record<string, string>> = {
  cma_goes_on_behind_a_pinned_page: "ok ok ok ok ok ok",
  contig_search_passes_over_hugetlb: "ok ok ok ok",
  devices_share_sections: "ok ok ok EEXIST ok ok ok",
  driver_lets_go_of_its_frames: "ok EBUSY ok ok ok",
  failed_add_leaves_nothing: "ok ENOMEM ok ok",
  group_holds_on_to_its_block: "ok ok ok ok EBUSY ok ok",
  long_term_pin_moves_the_page_first: "ok ok ok ok",
  memmap_on_memory_comes_and_goes: "ok ok ok ok ok",
  node_comes_and_goes: "ok ok ok ok EBUSY ok ok",
  notifiers_refuse_once: "ok EBUSY ok ok ENOMEM ok ok ok ENOMEM ok",
  offline_moves_the_pages_away: "ok ok ok ok ok ok",
  offline_stops_where_lists_are_astray: "ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok EINTR",
  online_in_the_middle_of_a_contig: "ok running running running ok ok",
  per_cpu_pages_leave_with_the_block: "ok ok ok ok ok ok ok",
  poisoned_frames_stay_away: "ok ok ok ok ok ok EHWPOISON",
  refused_contig_undoes_its_isolation: "ok EBUSY ok ok EBUSY ok",
  signal_aborts_an_offline: "ok ok running running running EINTR ok",
  tasks_take_turns: "ok ok running running ok running running ok running ok ok",
  undo_leaves_a_reserve_movable: "ok ok ok EBUSY",
};

const folder = new URL("./", import.meta.url);
const entries = readdirSync(folder).toSorted();
const files = entries.filter((name) => name.endsWith(".json")).map((name) => ({ name, bytes: readFileSync(new URL(name, folder)) }));

function read(name: string): Replayable {
  const file = files.find((one) => one.name === name);
  const parsed = file === undefined ? undefined : parseAny(file);
  if (parsed === undefined || !parsed.ok) throw new Error(parsed?.error ?? `there is no file ${name}`);
  return parsed.value;
}

const good = files.map(({ name }) => name).filter((name) => name.startsWith("good_"));
const bad = files.map(({ name }) => name).filter((name) => name.startsWith("bad_"));

/** The same on the other implementation. A planted fault is the engine's alone. */
function subjectsOf(subject: SubjectName): readonly SubjectName[] {
  return subject.mutant === null ? [subject, { ...subject, subject: subject.subject === "engine" ? "reference" : "engine" }] : [subject];
}

const engineUnder = (profile: string): SubjectName => ({ subject: "engine", profile, mutant: null });

const answer = ({ result, errno }: Outcome): string => errno ?? result;

function answers({ machine, profile, commands }: ReplayableScenario, subject: SubjectName): readonly string[] {
  const { create } = judgedOn(subject, machine, profileNamed(profile)).setup;
  const judged = create();
  return commands.map((command) => answer(judged.apply(command)));
}

describe("the corpus", () => {
  it("has files of these names and no others", () => {
    expect(entries.filter((name) => name !== "corpus.test.ts" && !/^(?:good|bad)_[a-z0-9]+(?:_[a-z0-9]+)*\.json$/u.test(name))).toEqual([]);
  });

  it("has what a good file says for each story, and a story for each good file that is no twin", () => {
    const twins = new Set(bad.flatMap((name) => (read(name).counterexample?.explainedBy ?? []).map((id) => twinOf(name, id))));

    expect(good.filter((name) => !twins.has(name))).toEqual(Object.keys(stories).map((stem) => `good_${stem}.json`));
  });

  it.each(files.map(({ name }) => name))("%s is as it would be written", (name) => {
    const { scenario, counterexample } = read(name);

    expect(new TextDecoder().decode(files.find((file) => file.name === name)?.bytes)).toBe(counterexample === null ? scenarioText(scenario) : counterexampleText(counterexample));
  });
});

describe.each(good)("%s", (name) => {
  const { scenario, counterexample } = read(name);
  const subject = scenario.subject ?? engineUnder(scenario.profile);

  it("is a scenario that tells what it shows", () => {
    expect(counterexample).toBeNull();
    expect(scenario.title).toMatch(/\w/u);
  });

  it.each(subjectsOf(subject))("holds for the $subject", (other) => {
    expect(replayScenario(scenario, { subject: other })).toEqual({ verdict: "holds" });
  });

  it("has no command that is skipped", () => {
    expect(answers(scenario, subject)).not.toContain("skipped");
  });
});

describe.each(Object.entries(stories))("the story good_%s.json", (stem, told) => {
  const { scenario } = read(`good_${stem}.json`);

  it("is answered in these words", () => {
    expect(answers(scenario, engineUnder(scenario.profile)).join(" ")).toBe(told);
  });
});

describe.each(bad)("%s", (name) => {
  const { scenario, counterexample: saved } = read(name);
  if (saved === null) throw new Error(`${name} is no counterexample`);
  const about = { seed: saved.seed, run: saved.run, reduction: saved.reduction };

  it.each(subjectsOf(saved.subject))("breaks the rule that it names, of the $subject, in its last command", (subject) => {
    const found = replayCounterexample(scenario, subject, about);

    expect(found?.finding.rule).toBe(saved.finding.rule);
    expect(found?.breaking).toBe(scenario.commands.length - 1);
    expect(found?.signature).toBe(saved.signature);
    expect(found?.explainedBy).toEqual(saved.explainedBy);
    expect(found?.outcomes.map(answer)).toEqual(saved.outcomes.map(answer));
  });

  it("holds without the fault", () => {
    expect(replayScenario(scenario, { subject: engineUnder(scenario.profile) })).toEqual({ verdict: "holds" });
  });

  it("holds where any one command is left out", () => {
    const shorter = scenario.commands.map((_, index) => scenario.commands.toSpliced(index, 1));

    expect(shorter.map((commands) => replayScenario({ ...scenario, commands }, { subject: saved.subject }).verdict)).toEqual(shorter.map(() => "holds"));
  });
});

function twinOf(name: string, id: SwitchId): string {
  return name.replace("bad_", "good_").replace(".json", `_with_${id.toLowerCase().replace("-", "_")}.json`);
}

describe.each(switchIds)("the known difference %s", (id) => {
  const shown = bad.filter((name) => read(name).counterexample?.explainedBy.join() === id);

  it("is shown by a file, of a subject that differs in it alone", () => {
    expect(shown.map((name) => read(name).counterexample?.subject.profile)).toContain(`strict+${id}`);
  });

  it("has a twin that permits it, for each file that shows it", () => {
    const twins = shown.map((name) => read(twinOf(name, id)).scenario);

    expect(twins.map(({ machine, profile, commands }) => ({ machine, profile, commands }))).toEqual(shown.map((name) => ({ machine: read(name).scenario.machine, profile: `strict+${id}`, commands: read(name).scenario.commands })));
  });
});
