import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readInputFile } from "../../src/formats/read-file.ts";
import { writeFileAtomically } from "../../src/formats/write-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "framecheck-files-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("writeFileAtomically", () => {
  it("writes a new file and leaves nothing else behind", () => {
    const name = join(folder, "a.json");

    expect(writeFileAtomically(name, "text\n")).toEqual({ ok: true, value: name });
    expect(readFileSync(name, "utf8")).toBe("text\n");
    expect(readdirSync(folder)).toEqual(["a.json"]);
  });

  it("replaces an old file in one step and keeps its permissions", () => {
    const name = join(folder, "a.json");
    writeFileSync(name, "old and much longer\n");
    chmodSync(name, 0o640);
    const old = statSync(name).ino;

    writeFileAtomically(name, "new\n");

    expect(readFileSync(name, "utf8")).toBe("new\n");
    expect(statSync(name).mode % 0o1000).toBe(0o640);
    expect(statSync(name).ino).not.toBe(old);
  });

  it("writes through a symbolic link", () => {
    const [target, link] = [join(folder, "target.json"), join(folder, "link.json")];
    writeFileSync(target, "old\n");
    symlinkSync(target, link);

    writeFileAtomically(link, "new\n");

    expect(readFileSync(target, "utf8")).toBe("new\n");
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it("does not mind a temporary file that a killed process left", () => {
    const name = join(folder, "a.json");
    writeFileSync(join(folder, `.a.json.${process.pid}.0.tmp`), "half a te");

    expect(writeFileAtomically(name, "text\n").ok).toBe(true);
    expect(readFileSync(name, "utf8")).toBe("text\n");
    expect(readdirSync(folder).toSorted()).toEqual([`.a.json.${process.pid}.0.tmp`, "a.json"]);
  });

  it("says why not, and leaves the old content and no other file", () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "file"), "old\n");
    const [inside, missing] = [join(folder, "file", "x.json"), join(folder, "none", "x.json")];

    expect(writeFileAtomically(join(folder, "sub"), "x")).toEqual({ ok: false, error: `${folder}/sub: can not be written: expected a file or a new name, got something else of that name` });
    expect(writeFileAtomically("/dev/null", "x")).toEqual({ ok: false, error: "/dev/null: can not be written: expected a file or a new name, got something else of that name" });
    expect(writeFileAtomically(missing, "x")).toEqual({ ok: false, error: `${missing}: can not be written: ENOENT, there is no such file or directory` });
    expect(writeFileAtomically(inside, "x")).toEqual({ ok: false, error: `${inside}: can not be written: ENOTDIR, a part of the path is not a directory` });
    expect(readdirSync(folder).toSorted()).toEqual(["file", "sub"]);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("old\n");
  });
});

describe("writeFileAtomically, when the last step fails", () => {
  it("takes away what it had written", () => {
    const name = join(folder, "x".repeat(300));

    expect(writeFileAtomically(name, "text")).toEqual({ ok: false, error: `${name}: can not be written: ENAMETOOLONG, the name is too long` });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("readInputFile", () => {
  it("gives the bytes under the name it was asked for", () => {
    const name = join(folder, "a.json");
    writeFileSync(name, "{}\n");

    const result = readInputFile(name);

    expect(result.ok && [result.value.name, new TextDecoder().decode(result.value.bytes)]).toEqual([name, "{}\n"]);
  });

  it("says in one line why a file can not be read", () => {
    expect(readInputFile(folder)).toEqual({ ok: false, error: `${folder}: expected a file, got a directory` });
    expect(readInputFile(join(folder, "none"))).toEqual({ ok: false, error: `${folder}/none: can not be read: ENOENT, there is no such file or directory` });
  });

  it("takes no more than it may, of files and of what has no end", () => {
    const name = join(folder, "a.json");
    writeFileSync(name, "x".repeat(11));

    expect(readInputFile(name, 11).ok).toBe(true);
    expect(readInputFile(name, 10)).toEqual({ ok: false, error: `${name}: 11 bytes, expected at most 10` });
    expect(readInputFile("/dev/zero", 10)).toEqual({ ok: false, error: "/dev/zero: more than 10 bytes, expected at most that" });
  });
});
