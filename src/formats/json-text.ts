/** Bytes from outside to a JSON value: size, encoding and syntax, before any schema is asked. */
import { isUtf8 } from "node:buffer";
import { lineAndColumn, scanJson } from "./json-scan.ts";
import { faulty, parsed } from "./parsed.ts";
import type { InputFile, Parsed } from "./parsed.ts";

/** The largest file that is read. */
export const maxFileBytes: number = 64 * 1024 * 1024;

/** The value of a JSON file. A UTF-8 byte order mark is skipped: editors of some systems write one. */
export function parseJson({ name, bytes }: InputFile): Parsed<unknown> {
  if (bytes.length > maxFileBytes) return faulty(name, "", `${bytes.length} bytes, expected at most ${maxFileBytes}`);
  if (isUtf16(bytes)) return faulty(name, "", "the text is UTF-16, expected UTF-8");
  if (!isUtf8(bytes)) return faulty(name, "", notUtf8(bytes));
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === "") return faulty(name, "", "the file is empty, expected a JSON text");
  const fault = scanJson(text);
  if (fault !== undefined) return faulty(name, lineAndColumn(text, fault.offset), fault.what);
  return parsed<unknown>(JSON.parse(text));
}

/** The text of a file that is to be written. Throws where it is larger than what is read back. */
export function readableText(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxFileBytes) throw new RangeError(`a file of ${bytes} bytes could not be read back, at most ${maxFileBytes} can`);
  return text;
}

function isUtf16(bytes: Uint8Array): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

function notUtf8(bytes: Uint8Array): string {
  const offset = firstBadByte(bytes);
  return offset === bytes.length ? "the text ends inside a character, expected a JSON text in UTF-8" : `byte ${offset} is not UTF-8, expected a JSON text in UTF-8`;
}

/** Offset of the first byte that no UTF-8 text has there. That a prefix is sound is monotone, so it is found by halving. */
function firstBadByte(bytes: Uint8Array): number {
  let sound = 0;
  let broken = bytes.length + 1;
  while (broken - sound > 1) {
    const middle = Math.floor((sound + broken) / 2);
    if (isSoundPrefix(bytes.subarray(0, middle))) sound = middle;
    else broken = middle;
  }
  return sound;
}

function isSoundPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
