/** Files that say themselves where their bytes are: as *Export...* writes them, CSV and JSON. Knows no memory. */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, formOf } from '../cells/choices.ts';
import type { Tile } from '../geometry.ts';
import { FileError } from './file-error.ts';
import { bytesOf, type FileNumbers, mostNumbers } from './file-numbers.ts';

/** Bytes of a place: of a tile, or of an address that counts from wherever the file's maker says. */
export interface PlacedRun {
  readonly tile?: Tile;
  /** Offset in the tile, or the address. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Runs of bytes with their places, and as which values they were written. */
export interface PlacedBytes {
  readonly runs: readonly PlacedRun[];
  readonly choice?: CellChoice;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isChoice(name: unknown, order: unknown): boolean {
  return typeof name === 'string' && formOf(name) !== undefined && (order === 'little' || order === 'big');
}

/** Complex values as written are two numbers. */
function partsOf(text: string): readonly string[] {
  const [, real, imaginary] = /^(.+?(?<!e))([+-][^+-]*(?:e[+-]?\d+)?)j$/i.exec(text) ?? [];
  return real === undefined || imaginary === undefined ? [text] : [real, imaginary];
}

function jsonFault(text: string): FileError {
  return new FileError('json', { text });
}

/** Numbers of nested lists, in their order. Throws FileError `json`. */
function flattened(value: unknown, into: string[], depth = 0): string[] {
  if (Array.isArray(value) && depth < 32) for (const one of value) flattened(one, into, depth + 1);
  else if (typeof value === 'number') into.push(String(value));
  else if (typeof value === 'string' && value.length <= 200) into.push(...partsOf(value));
  else throw jsonFault(value === null ? 'null' : typeof value);
  if (into.length > mostNumbers) throw new FileError('file-too-large', { most: mostNumbers });
  return into;
}

/** Reads JSON: a list of numbers, or what *Export...* wrote. Throws FileError. */
export function readJson(text: string): FileNumbers | PlacedBytes {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw jsonFault('damaged');
  }
  if (Array.isArray(parsed)) {
    const values = flattened(parsed, []);
    if (values.length === 0) throw new FileError('file-empty');
    return { values };
  }
  const { format, version, type, order, pieces } = (parsed ?? {}) as Record<string, unknown>;
  if (format !== 'tilescope-memory' || version !== 1) throw jsonFault('another format');
  if (!isChoice(type, order) || !Array.isArray(pieces)) throw jsonFault('type');
  const choice = { name: type, order } as CellChoice;
  const runs = pieces.map((piece: unknown): PlacedRun => {
    const { tile, offset, values } = (piece ?? {}) as Record<string, unknown>;
    if (!Array.isArray(tile) || !isCount(tile[0]) || !isCount(tile[1]) || !isCount(offset))
      throw jsonFault('tile');
    const bytes = bytesOf({ values: flattened(values, []) }, choice.name, choice.order);
    return { tile: { col: tile[0], row: tile[1] }, offset, bytes };
  });
  if (runs.length === 0) throw new FileError('file-empty');
  return { runs, choice };
}

const csvHeader = /^\ufeff?col,row,offset,([a-z]+[\d.]*)( big-endian)?\r?$/;

/** Whether a text begins as the CSV that *Export...* writes. */
export function isMemoryCsv(text: string): boolean {
  return csvHeader.test(text.slice(0, text.indexOf('\n')));
}

/** Reads the CSV that *Export...* writes. Throws FileError. */
export function readMemoryCsv(text: string): PlacedBytes {
  const rows = text.split('\n');
  const [, type, big] = csvHeader.exec(rows[0] ?? '') ?? [];
  const order = big === undefined ? 'little' : 'big';
  if (!isChoice(type, order)) throw new FileError('csv-row', { line: 1, text: (rows[0] ?? '').slice(0, 40) });
  const choice = { name: type, order } as CellChoice;
  const size = cellFormat(choice, true).bytes;
  const runs: { tile: Tile; offset: number; values: string[]; lines: number[]; end: number }[] = [];
  for (const [i, raw] of rows.entries()) {
    const row = raw.trim();
    if (i === 0 || row === '') continue;
    const [, col, line, at, value = ''] = /^(\d{1,4}),(\d{1,4}),(\d{1,10}),(\S{1,200})$/.exec(row) ?? [];
    if (col === undefined) throw new FileError('csv-row', { line: i + 1, text: row.slice(0, 40) });
    const tile = { col: Number(col), row: Number(line) };
    const offset = Number(at);
    let last = runs.at(-1);
    if (last?.tile.col !== tile.col || last.tile.row !== tile.row || last.end !== offset) {
      last = { tile, offset, values: [], lines: [], end: offset };
      runs.push(last);
    }
    for (const part of partsOf(value)) {
      last.values.push(part);
      last.lines.push(i + 1);
    }
    last.end += size;
  }
  if (runs.length === 0) throw new FileError('file-empty');
  return {
    choice,
    runs: runs.map(({ tile, offset, values, lines }) => ({
      tile,
      offset,
      bytes: bytesOf({ values, lines }, choice.name, choice.order),
    })),
  };
}
