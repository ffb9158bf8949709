/**
 * The tests as units that can be run again and again in one process: what stands in for vitest in the mutated tree.
 *
 * A unit is a `describe` or `it` of a test file. Its body is run again each time, so that what it computes before its
 * tests is computed with the mutant that is active.
 */
import { ASYMMETRIC_MATCHERS_OBJECT, GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, chai, setState } from "@vitest/expect";

type Body = (...args: readonly never[]) => unknown;

export interface Unit {
  readonly file: string;
  readonly name: string;
  readonly body: () => unknown;
  readonly isTest: boolean;
}

interface Test {
  readonly name: string;
  readonly body: () => unknown;
}

export const units: Unit[] = [];

/** The file that is being loaded; its top level makes units. */
let loading = "";
/** Tests of the unit whose body runs; null: a file is being loaded. */
let collecting: { readonly path: string; readonly tests: Test[] } | null = null;

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

const asymmetric = (globalThis as Record<symbol, Record<string, unknown>>)[ASYMMETRIC_MATCHERS_OBJECT] ?? {};
const plainExpect = (value: unknown, message?: string): unknown => chai.expect(value, message);
(globalThis as Record<symbol, unknown>)[GLOBAL_EXPECT] = plainExpect;
setState({ assertionCalls: 0, isExpectingAssertions: false, isExpectingAssertionsError: null, expectedAssertionsNumber: null, expectedAssertionsNumberErrorGen: null } as never, plainExpect as never);

export const expect: unknown = Object.assign(plainExpect, chai.expect, asymmetric);

export function startFile(file: string): void {
  loading = file;
  collecting = null;
}

function register(name: string, body: () => unknown, isTest: boolean): void {
  if (collecting === null) {
    units.push({ file: loading, name, body, isTest });
    return;
  }
  if (isTest) {
    collecting.tests.push({ name: `${collecting.path} ${name}`, body });
    return;
  }
  const outer = collecting;
  collecting = { path: `${outer.path} ${name}`, tests: outer.tests };
  body();
  collecting = outer;
}

/** The tests of a unit, its body run anew. */
export function testsOf({ name, body, isTest }: Unit): readonly Test[] {
  if (isTest) return [{ name, body }];
  const tests: Test[] = [];
  collecting = { path: name, tests };
  try {
    body();
  } finally {
    collecting = null;
  }
  return tests;
}

function formatted(name: string, row: readonly unknown[], index: number): string {
  let at = 0;
  return name.replaceAll("%#", String(index)).replace(/%[sdij]/gu, () => String(row[at++])).replace(/\$([\w.]+)/gu, (_, path: string) => String(path.split(".").reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], row[0])));
}

function maker(isTest: boolean): unknown {
  return Object.assign(
    (name: string, body: () => unknown): void => {
      register(name, body, isTest);
    },
    {
      each: (rows: readonly unknown[]) => (name: string, body: Body): void => {
        for (const [index, row] of rows.entries()) {
          const args = (Array.isArray(row) ? (row as readonly unknown[]) : [row]) as readonly never[];
          register(formatted(name, args, index), () => body(...args), isTest);
        }
      },
    },
  );
}

export const describe: unknown = maker(false);
export const it: unknown = maker(true);
export const test: unknown = it;

function notHere(): never {
  throw new Error("not offered to tests that are run again and again");
}

export const beforeAll: () => void = notHere;
export const afterAll: () => void = notHere;
export const beforeEach: () => void = notHere;
export const afterEach: () => void = notHere;
