/** What a person chose for a plot, and which bytes are its values by that. Knows no values. */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, formOf, nameOf } from '../cells/choices.ts';

export const plotKinds = ['line', 'scatter', 'heat'] as const;

/** How values are drawn: one after the other, pairs of them against each other, a table of them as colours. */
export type PlotKind = (typeof plotKinds)[number];

export const complexParts = ['both', 're', 'im', 'magnitude', 'phase'] as const;

/** What of a complex number is drawn; `both`: real and imaginary part. The phase is in radians. */
type ComplexPart = (typeof complexParts)[number];

/** How a run of bytes is drawn. */
export interface PlotChoice {
  readonly kind: PlotKind;
  readonly cells: CellChoice;
  /** Bytes of the run before the first cell. */
  readonly offset: number;
  /** Bytes from the beginning of a cell to that of the next one, at least 1; 0: the cells stand close together. */
  readonly stride: number;
  /** Values of a row, at least 1. */
  readonly columns: number;
  /** Rows that are drawn at most; 0: all. */
  readonly rows: number;
  /** Of complex values in lines and heat maps; the latter have the magnitude for `both`. */
  readonly part: ComplexPart;
  /** The columns of a scatter plot of real values. */
  readonly x: number;
  readonly y: number;
}

/** The values of a run of bytes. */
export interface PlotLayout {
  readonly cellBytes: number;
  readonly stride: number;
  readonly offset: number;
  /** Values of a cell: one, and in blocks several. */
  readonly perCell: number;
  readonly isComplex: boolean;
  /** Values that are drawn: no more than `mostValues`, where nothing else is asked for. */
  readonly count: number;
  /** Values that are not, because they are too many. */
  readonly left: number;
  readonly columns: number;
  /** The last one may be shorter. */
  readonly rows: number;
}

/** More values than these are not drawn at once: 16 MiB of float32. */
const mostValues = 4 * 1024 * 1024;

/** More columns than these are not drawn as lines at once. */
export const mostLines = 8;

/** Whether values of a type have a real and an imaginary part. */
export function isComplex({ name }: CellChoice): boolean {
  return name === 'cint16' || name === 'cint32' || name === 'cfloat';
}

/** The type in which cells are drawn: digits are unsigned numbers. */
function plottedCells({ name, order }: CellChoice): CellChoice {
  const form = formOf(name);
  if (form === undefined || !['hex', 'bin', 'oct'].includes(form.kind)) return { name, order };
  return { name: nameOf({ ...form, kind: 'uint' }), order };
}

/** A line of all values in the type of the cells. */
export function firstChoice(cells: CellChoice): PlotChoice {
  return {
    kind: 'line',
    cells: plottedCells(cells),
    offset: 0,
    stride: 0,
    columns: 1,
    rows: 0,
    part: 'both',
    x: 0,
    y: 1,
  };
}

/** Which bytes of a run of `length` bytes are values: no more than `most` of these. */
export function plotLayout(choice: PlotChoice, length: number, most = mostValues): PlotLayout {
  const format = cellFormat(choice.cells, true);
  const cellBytes = format.bytes;
  const stride = choice.stride === 0 ? cellBytes : choice.stride;
  const complex = isComplex(choice.cells);
  const perCell = complex ? 1 : format.numbers(new Uint8Array(cellBytes), 0).length;
  const room = length - choice.offset - cellBytes;
  const there = room < 0 ? 0 : (Math.floor(room / stride) + 1) * perCell;
  const wanted = choice.rows === 0 ? there : Math.min(there, choice.rows * choice.columns);
  const count = Math.min(wanted, most);
  return {
    cellBytes,
    stride,
    offset: choice.offset,
    perCell,
    isComplex: complex,
    count,
    left: wanted - count,
    columns: choice.columns,
    rows: Math.ceil(count / choice.columns),
  };
}

/** Where in the run the cell of a value begins. */
export function offsetOfValue({ offset, stride, perCell }: PlotLayout, value: number): number {
  return offset + Math.floor(value / perCell) * stride;
}

/** Columns with which a table of so many values is nearly a square: a power of two where that divides them. */
export function squareColumns(count: number): number {
  const side = Math.max(1, Math.round(Math.sqrt(count)));
  const power = 2 ** Math.round(Math.log2(side));
  return count % power === 0 ? power : side;
}
