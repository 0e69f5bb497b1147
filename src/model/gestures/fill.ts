/** What selected bytes are filled with. Knows no selection, no page: it is given ranges and the cells that are shown. */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, formOf, hexBytes } from '../cells/choices.ts';
import { type CellFormat, writeInteger } from '../cells/format.ts';
import { type ByteRange, locate, type MemoryGeometry } from '../geometry.ts';
import { type ExpressionValue, parseExpression } from './expression.ts';

/** The kinds of fills in the order in which they are offered. */
export const fillKinds = ['byte', 'pattern', 'counter', 'random', 'value', 'expression'] as const;
type FillKind = (typeof fillKinds)[number];

/** A fill as it was asked for. */
export interface Fill {
  readonly kind: FillKind;
  /** A byte, bytes, first value and step, a seed, a value of the cells, an expression. */
  readonly text: string;
}

/** A run of bytes that a fill sets. */
interface FilledRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a fill puts where: each byte, or each cell. */
type Filler =
  | { readonly of: 'bytes'; byte(index: number): number }
  | { readonly of: 'cells'; cell(index: number, offset: number): Uint8Array | undefined };

/** Cells between two pauses. */
const sliceCells = 16_384;
/** Bytes of the longest pattern. */
const mostPatternBytes = 1024;

/** Whether a fill can be made of what was typed. */
export function isFill(fill: Fill, choice: CellChoice, geometry: MemoryGeometry): boolean {
  return fillerOf(fill, choice, geometry) !== undefined;
}

/**
 * The runs of a fill, ascending; stops now and then, so that others get their turn. Cells that the end of a tile cuts keep
 * their bytes, where values are filled in. Undefined for a text that is no fill, or a value that the cells do not have.
 */
export function* fillRuns(
  fill: Fill,
  choice: CellChoice,
  geometry: MemoryGeometry,
  ranges: readonly ByteRange[],
): Generator<void, readonly FilledRun[] | undefined> {
  const filler = fillerOf(fill, choice, geometry);
  if (filler === undefined) return undefined;
  const size = filler.of === 'bytes' ? 1 : cellFormat(choice, true).bytes;
  const runs: FilledRun[] = [];
  let index = 0;
  for (const { offset, length } of ranges) {
    const bytes = new Uint8Array(length);
    let from = 0;
    for (let at = 0; at < length; ) {
      const left = geometry.bytesPerTile - ((offset + at) % geometry.bytesPerTile);
      const room = Math.min(size, left, length - at);
      if (room < size) {
        if (at > from) runs.push({ offset: offset + from, bytes: bytes.subarray(from, at) });
        at += room;
        from = at;
        continue;
      }
      if (filler.of === 'bytes') bytes[at] = filler.byte(index);
      else {
        const cell = filler.cell(index, offset + at);
        if (cell === undefined) return undefined;
        bytes.set(cell, at);
      }
      at += size;
      index++;
      if (index % sliceCells === 0) yield;
    }
    if (length > from) runs.push({ offset: offset + from, bytes: bytes.subarray(from) });
  }
  return runs;
}

function fillerOf({ kind, text }: Fill, choice: CellChoice, geometry: MemoryGeometry): Filler | undefined {
  const format = cellFormat(choice, true);
  switch (kind) {
    case 'byte':
    case 'pattern': {
      const pattern = patternOf(text);
      if (pattern === undefined || (kind === 'byte' && pattern.length !== 1)) return undefined;
      return { of: 'bytes', byte: (index) => pattern[index % pattern.length] ?? 0 };
    }
    case 'random': {
      const seed = /^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text.trim()) ? Number(text) : Number.NaN;
      if (!(seed < 2 ** 32)) return undefined;
      const roll = randomBytes(seed);
      return { of: 'bytes', byte: roll };
    }
    case 'value': {
      const value = format.parse(text);
      return value instanceof Uint8Array ? { of: 'cells', cell: () => value } : undefined;
    }
    case 'counter': {
      const [first, step = '1', ...more] = text.trim().split(/[\s,;]+/);
      const isNumber = (word: string | undefined) => /^[-+]?(?:\d+(?:\.\d+)?|0x[0-9a-f]+)$/i.test(word ?? '');
      if (!isNumber(first) || !isNumber(step) || more.length > 0) return undefined;
      return expressionFiller(`${first} + i * (${step})`, choice, format, geometry);
    }
    case 'expression':
      return expressionFiller(text, choice, format, geometry);
  }
}

function expressionFiller(
  text: string,
  choice: CellChoice,
  format: CellFormat,
  geometry: MemoryGeometry,
): Filler | undefined {
  const expression = parseExpression(text);
  if (expression === undefined) return undefined;
  const encode = encoder(choice, format);
  return {
    of: 'cells',
    cell: (i, b) => {
      const { tile, offset: o } = locate(geometry, b);
      return encode(expression({ i, o, b, col: tile.col, row: tile.row }));
    },
  };
}

/** Values as cells: integers wrap at their bits and are rounded, ties to even; others become the nearest value. */
function encoder(choice: CellChoice, format: CellFormat): (value: ExpressionValue) => Uint8Array | undefined {
  const kind = formOf(choice.name)?.kind;
  if (kind === 'hex' || kind === 'uint' || kind === 'int' || kind === 'bin' || kind === 'oct') {
    return (value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) return undefined;
      const whole = typeof value === 'bigint' ? value : BigInt(toEven(value));
      return writeInteger(whole, format.bytes, choice.order);
    };
  }
  return (value) => {
    const parsed = format.parse(String(value));
    return parsed instanceof Uint8Array ? parsed : undefined;
  };
}

function toEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return rest < 0.5 ? down : down + 1;
  return down % 2 === 0 ? down : down + 1;
}

/** Pairs of hexadecimal digits, or characters in quotation marks. */
function patternOf(text: string): Uint8Array | undefined {
  const quoted = /^"(.*)"$/s.exec(text.trim())?.[1];
  const bytes =
    quoted === undefined
      ? cellFormat(hexBytes, true).parsePasted(text.replace(/0x|[\s,;]/gi, ''))
      : new TextEncoder().encode(quoted);
  return bytes === undefined || bytes.length === 0 || bytes.length > mostPatternBytes ? undefined : bytes;
}

/** Bytes from a seed (splitmix32): the same for the same seed, whoever fills. */
function randomBytes(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) & 0xff;
  };
}
