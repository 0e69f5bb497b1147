/** Damaged files for a memory: whatever stands in them, they are read, or refused with a named error. */
import { fileParts, outFormats } from '../../src/model/files/bytes-out.ts';
import { FileError } from '../../src/model/files/file-error.ts';
import { bytesOf } from '../../src/model/files/file-numbers.ts';
import { readGoldenFile } from '../../src/model/files/golden-file.ts';
import { Random } from '../conformance/random.ts';

const piece = {
  tile: { col: 6, row: 1 },
  offset: 16,
  address: 0xfff8,
  bytes: Uint8Array.from({ length: 48 }, (_, i) => 5 * i),
};

/** A file of every format. */
const samples: readonly Buffer[] = [
  ...outFormats.map((format) =>
    Buffer.concat(
      [...fileParts(format, [piece], { name: 'float32', order: 'little' }, 48)].map((part) =>
        Buffer.from(part),
      ),
    ),
  ),
  Buffer.from('T 10 ns\n1 2 \nT 1.5 us\nTLAST\n3.5e3 -4\n(1+2j) nan\n'),
  Buffer.from('CMD,D,D,TLAST,TKEEP\nDATA:3,1,2,1,-1\nSTALL:4\n'),
  Buffer.from(':020000021200EA\n:02FFFF00AABB9B\n:020000040001F9\n:01000000CC33\n:00000001FF\n'),
];
const texts = [
  '0',
  '-',
  '9999999999',
  '{',
  '[',
  ',',
  ':',
  '\n',
  "'",
  '(',
  '1e999',
  'nan',
  '\0',
  'DATA:4000000000,',
  '\ud800',
];

/** One damaged file: bytes changed, cut out, put in, or replaced by what numbers and brackets are made of. */
function damaged(random: Random): Uint8Array {
  let bytes = samples[random.below(samples.length)] ?? Buffer.alloc(0);
  for (let count = random.below(5); count >= 0; count--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + random.below(9));
    const inserted =
      random.below(2) === 0
        ? Buffer.from(texts[random.below(texts.length)] ?? '')
        : random.bytes(random.below(4));
    bytes = Buffer.concat([
      bytes.subarray(0, at),
      inserted,
      bytes.subarray(random.below(3) === 0 ? at : end),
    ]);
  }
  return random.below(10) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

/**
 * Reads damaged files as long as `goesOn` says. Throws what is no FileError, with the file.
 *
 * @returns how many were read, and how many refused
 */
export function fuzzFiles(
  seed: number,
  goesOn: (count: number) => boolean,
): { readonly read: number; readonly refused: number } {
  const random = new Random(seed);
  let read = 0;
  let refused = 0;
  while (goesOn(read + refused)) {
    const bytes = damaged(random);
    try {
      const file = readGoldenFile(random.below(2) === 0 ? 'a.txt' : 'a', bytes);
      if (file.kind === 'numbers') bytesOf(file.numbers, 'int16', 'big');
      read++;
    } catch (error) {
      if (!(error instanceof FileError)) {
        throw new Error(`file ${Buffer.from(bytes).toString('base64')}`, { cause: error });
      }
      refused++;
    }
  }
  return { read, refused };
}
