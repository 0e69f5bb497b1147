/** Bytes of a memory as a file: raw, Intel HEX, NumPy, CSV, JSON. Made in parts, so that no file has to be there as a whole. */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, hexBytes } from '../cells/choices.ts';
import { elementType } from '../compare/element.ts';
import type { Tile } from '../geometry.ts';
import { intelHexText } from './intel-hex.ts';

/** A run of bytes that were read, within one tile. */
export interface OutPiece {
  readonly tile: Tile;
  /** Offset in the tile. */
  readonly offset: number;
  /** The address in formats that have one. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Formats, by the ending of their files. */
export const outFormats = ['bin', 'hex', 'npy', 'csv', 'json'] as const;

export type OutFormat = (typeof outFormats)[number];

/** Whether a format can leave out bytes that could not be read. */
export function mayLeaveOut(format: OutFormat): boolean {
  return format === 'hex' || format === 'csv' || format === 'json';
}

/** How values are written in NumPy's files; values that it does not know are written as bytes. */
export function npyType({ name, order }: CellChoice): { readonly descr: string; readonly bytes: number } {
  const sign = order === 'big' ? '>' : '<';
  const [, kind, bits] = /^(uint|int|hex|float|cfloat|cint)(\d*)$/.exec(name) ?? [];
  const size = Number(bits) / 8;
  const plain = { descr: '|u1', bytes: 1 };
  if (kind === 'cfloat') return { descr: `${sign}c8`, bytes: 8 };
  if (kind === 'cint') return { descr: `${sign}i${size}`, bytes: size };
  if (kind === undefined || ![1, 2, 4, 8].includes(size)) return plain;
  const code = kind === 'int' ? 'i' : kind === 'float' ? 'f' : 'u';
  return { descr: size === 1 ? `|${code}1` : `${sign}${code}${size}`, bytes: size };
}

/** The header of a NumPy file of so many bytes. */
function npyHeader(choice: CellChoice, length: number): Uint8Array {
  const type = npyType(choice);
  const { descr, bytes: size } = length % type.bytes === 0 ? type : { descr: '|u1', bytes: 1 };
  return npyPreamble(`'${descr}'`, length / size);
}

/** What stands before the values of a NumPy file. @param descr the type, as Python writes it */
export function npyPreamble(descr: string, count: number): Uint8Array {
  const dictionary = `{'descr': ${descr}, 'fortran_order': False, 'shape': (${count},), }`;
  // Data begin at a multiple of 64.
  const padded = `${dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11)}\n`;
  const text = new TextEncoder().encode(padded);
  const bytes = new Uint8Array(10 + text.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 0xff, text.length >> 8]);
  bytes.set(text, 10);
  return bytes;
}

/** How the digits of a format are told apart from decimal ones. */
const prefixes: Readonly<Record<string, string>> = { hex: '0x', bin: '0b', oct: '0o' };

/** The format in which values are written: blocks, which hold several numbers, as bytes. */
function writable(choice: CellChoice): CellChoice {
  return elementType(choice).parts > 2 ? hexBytes : choice;
}

/** The values of a piece as texts. Throws RangeError unless it holds whole values. */
function* valuesOf({ bytes }: OutPiece, choice: CellChoice): Generator<{ at: number; text: string }> {
  const format = cellFormat(choice, true);
  if (bytes.length % format.bytes !== 0) throw new RangeError('a piece ends within a value');
  const prefix = prefixes[choice.name.slice(0, 3)] ?? '';
  for (let at = 0; at < bytes.length; at += format.bytes) {
    const [number] = format.numbers(bytes, at);
    const isNone = Number.isNaN(number) && format.numbers(bytes, at).length === 1;
    yield { at, text: isNone ? 'nan' : prefix + format.format(bytes, at) };
  }
}

function* csvText(pieces: Iterable<OutPiece>, choice: CellChoice): Generator<string> {
  const order = choice.order === 'big' ? ' big-endian' : '';
  let text = `col,row,offset,${choice.name}${order}\n`;
  for (const piece of pieces) {
    for (const { at, text: value } of valuesOf(piece, choice)) {
      const { col, row } = piece.tile;
      text += `${col},${row},${piece.offset + at},${value}\n`;
      if (text.length < 100_000) continue;
      yield text;
      text = '';
    }
  }
  yield text;
}

function* jsonText(pieces: Iterable<OutPiece>, choice: CellChoice): Generator<string> {
  yield `{"format":"tilescope-memory","version":1,"type":"${choice.name}","order":"${choice.order}","pieces":[`;
  let isFirst = true;
  for (const piece of pieces) {
    const { tile, offset } = piece;
    yield `${isFirst ? '' : ','}\n{"tile":[${tile.col},${tile.row}],"offset":${offset},"values":[`;
    isFirst = false;
    let text = '';
    for (const { at, text: value } of valuesOf(piece, choice)) {
      // What JSON has no number for, or might round, is a text.
      const isNumber = /^-?(?:0|[1-9]\d{0,14}(?:\.\d{1,9})?)$/.test(value);
      text += `${at === 0 ? '' : ','}${isNumber ? value : JSON.stringify(value)}`;
      if (text.length < 100_000) continue;
      yield text;
      text = '';
    }
    yield `${text}]}`;
  }
  yield '\n]}\n';
}

/**
 * A file of the pieces, in parts.
 *
 * @param choice as which values bytes are written, where the format has values
 * @param length bytes of all pieces together
 */
export function* fileParts(
  format: OutFormat,
  pieces: Iterable<OutPiece>,
  choice: CellChoice,
  length: number,
): Generator<Uint8Array | string> {
  switch (format) {
    case 'bin':
      for (const { bytes } of pieces) yield bytes;
      return;
    case 'npy':
      yield npyHeader(choice, length);
      for (const { bytes } of pieces) yield bytes;
      return;
    case 'hex':
      yield* intelHexText(pieces);
      return;
    case 'csv':
      yield* csvText(pieces, writable(choice));
      return;
    case 'json':
      yield* jsonText(pieces, writable(choice));
  }
}
