/** What a file for a memory is, by its content: bytes as they are, numbers, or bytes with their places. */
import { isWideText, textOf } from '../text-of.ts';
import type { FileNumbers } from './file-numbers.ts';
import { isIntelHex, readIntelHex } from './intel-hex.ts';
import { isNpy, readNpy } from './npy.ts';
import { readNumberText } from './number-text.ts';
import { isMemoryCsv, type PlacedBytes, readJson, readMemoryCsv } from './placed-bytes.ts';

/** What was found in a file. */
export type GoldenFile =
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'numbers'; readonly numbers: FileNumbers }
  | { readonly kind: 'placed'; readonly placed: PlacedBytes };

/** Bytes of a text that say what it is. */
const sample = 64 * 1024;

/** Whether bytes can be text: no control characters but those between lines and words. */
function isText(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  return bytes.subarray(0, sample).every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

/**
 * Reads a file. Text that holds no numbers is taken for raw bytes only if its name says so.
 *
 * @param name of the file: `.bin` and the like are bytes whatever stands in them
 * Throws FileError.
 */
export function readGoldenFile(name: string, bytes: Uint8Array): GoldenFile {
  if (isNpy(bytes)) return { kind: 'numbers', numbers: readNpy(bytes) };
  const isBinary = /\.(?:bin|raw|dump|img)$/i.test(name);
  // Two bytes of a memory may be a byte order mark: the name has to say that it is text.
  const isNamedText = /\.(?:txt|csv|tsv|json|hex|ihex)$/i.test(name);
  const isWide = isNamedText && isWideText(bytes);
  if (isBinary || !(isWide || isText(bytes))) return { kind: 'raw', bytes };
  const text = textOf(bytes);
  if (isIntelHex(text)) {
    const runs = readIntelHex(text).map((run) => ({ offset: run.address, bytes: run.bytes }));
    return { kind: 'placed', placed: { runs } };
  }
  if (isMemoryCsv(text)) return { kind: 'placed', placed: readMemoryCsv(text) };
  if (!/^\s*[[{]/.test(text)) return { kind: 'numbers', numbers: readNumberText(text) };
  const json = readJson(text);
  return 'runs' in json ? { kind: 'placed', placed: json } : { kind: 'numbers', numbers: json };
}

/** Whether all numbers of a file are whole. */
export function areWhole({ values }: FileNumbers): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (
      typeof value === 'string'
        ? !/^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(value)
        : typeof value === 'number' && !Number.isInteger(value)
    )
      return false;
  }
  return true;
}
