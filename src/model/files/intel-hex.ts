/** Intel HEX, record types 00 to 05. Addresses count from wherever the file's maker says; pieces are not joined to a memory here. */
import { hexDigits, parseHex } from '../numbers.ts';
import { FileError } from './file-error.ts';

/** Bytes at an address. */
export interface AddressedBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Whether a text begins as an Intel HEX file does. */
export function isIntelHex(text: string): boolean {
  return /^\s*:[0-9a-f]{10}/i.test(text);
}

/** Bytes of one line; the checksum is right. */
function recordOf(row: string, line: number): Uint8Array {
  const digits = row.slice(1);
  if (!row.startsWith(':') || !/^(?:[0-9a-f]{2}){5,260}$/i.test(digits)) {
    throw new FileError('hex-record', { line, text: row.slice(0, 40) });
  }
  const pairs = Array.from({ length: digits.length / 2 }, (_, i) => digits.slice(2 * i, 2 * i + 2));
  const bytes = Uint8Array.from(pairs, (pair) => parseHex(pair) ?? 0);
  if (bytes[0] !== bytes.length - 5) throw new FileError('hex-record', { line, text: row.slice(0, 40) });
  if ((bytes.reduce((sum, byte) => sum + byte, 0) & 0xff) !== 0)
    throw new FileError('hex-checksum', { line });
  return bytes;
}

/** The file's bytes as runs, ascending and joined where they touch. Throws FileError. */
export function readIntelHex(text: string): readonly AddressedBytes[] {
  const records: { address: number; bytes: Uint8Array; line: number }[] = [];
  let base = 0;
  // In segments addresses turn over at 64 KiB.
  let isSegment = false;
  let isOver = false;
  for (const [i, raw] of text.split('\n').entries()) {
    const row = raw.trim();
    if (row === '') continue;
    const line = i + 1;
    if (isOver) throw new FileError('hex-record', { line, text: row.slice(0, 40) });
    const record = recordOf(row, line);
    const [length = 0, high = 0, low = 0, type = 0] = record;
    const data = record.subarray(4, 4 + length);
    const address = 256 * high + low;
    const value = data.reduce((sum, byte) => 256 * sum + byte, 0);
    if (type === 0) {
      const fits = isSegment ? Math.min(length, 0x1_0000 - address) : length;
      if (fits > 0) records.push({ address: base + address, bytes: data.subarray(0, fits), line });
      if (fits < length) records.push({ address: base, bytes: data.subarray(fits), line });
    } else if (type === 1 && length === 0) isOver = true;
    else if (type === 2 && length === 2) {
      base = 16 * value;
      isSegment = true;
    } else if (type === 4 && length === 2) {
      base = 0x1_0000 * value;
      isSegment = false;
    } else if (!((type === 3 || type === 5) && length === 4)) {
      throw new FileError('hex-record', { line, text: row.slice(0, 40) });
    }
  }
  if (!isOver) throw new FileError('file-cut', { bytes: 1 });
  return joined(records);
}

function joined(records: readonly { address: number; bytes: Uint8Array; line: number }[]): AddressedBytes[] {
  const sorted = records.toSorted((a, b) => a.address - b.address);
  const runs: { address: number; parts: Uint8Array[]; end: number }[] = [];
  for (const { address, bytes, line } of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && address < last.end) throw new FileError('hex-overlap', { line });
    if (last?.end === address) {
      last.parts.push(bytes);
      last.end += bytes.length;
    } else runs.push({ address, parts: [bytes], end: address + bytes.length });
  }
  if (runs.length === 0) throw new FileError('file-empty');
  return runs.map(({ address, parts, end }) => {
    const bytes = new Uint8Array(end - address);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { address, bytes };
  });
}

function recordText(type: number, address: number, data: Uint8Array): string {
  const bytes = [data.length, (address >> 8) & 0xff, address & 0xff, type, ...data];
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  return `:${[...bytes, -sum & 0xff].map((byte) => hexDigits(byte, 2)).join('')}\n`;
}

/** Bytes of one line. */
const perLine = 16;

/** Writes runs of bytes as text, a few thousand lines at a time; addresses are below 2^32. */
export function* intelHexText(runs: Iterable<AddressedBytes>): Generator<string> {
  let upper = 0;
  let text = '';
  for (const { address, bytes } of runs) {
    for (let at = 0; at < bytes.length; ) {
      const here = address + at;
      const high = Math.floor(here / 0x1_0000);
      if (high !== upper) {
        text += recordText(4, 0, Uint8Array.of(high >> 8, high & 0xff));
        upper = high;
      }
      const length = Math.min(perLine, bytes.length - at, 0x1_0000 - (here % 0x1_0000));
      text += recordText(0, here % 0x1_0000, bytes.subarray(at, at + length));
      at += length;
      if (text.length > 100_000) {
        yield text;
        text = '';
      }
    }
  }
  yield text + recordText(1, 0, new Uint8Array());
}
