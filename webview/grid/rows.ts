/** The elements of one visible row, and what its bytes mean as marks. */

import type { ShownBytes } from '../../src/editor/messages.ts';
import { isUnreadable, stateBits } from '../../src/model/byte-state.ts';
import type { ByteRow, GridRow, Layout } from './layout.ts';
import type { Mark, PaintRun, PaintSurface } from './painter.ts';
import { type Pane, type Selection, selectedRange } from './selection.ts';
import { type CellMap, characterText, hexOffset, hexText } from './text.ts';
import type { PendingDigit } from './typing.ts';

/** The look of offsets and digits, fixed for a layout. */
export interface RowStyle {
  readonly layout: Layout;
  readonly map: CellMap;
  readonly bufferDigits: number;
  readonly tileDigits: number;
  readonly upperCase: boolean;
  /** The words of a heading row. */
  readonly headingText: (row: Extract<GridRow, { kind: 'tile' }>) => string;
}

/** The bytes of a row that have one mark, as columns; both ends included. */
interface MarkedColumns {
  readonly mark: Mark;
  readonly from: number;
  readonly to: number;
}

/** The mark of a byte by its flags; `undefined` for an ordinary byte. */
function markOf(flags: number): Mark | undefined {
  if ((flags & stateBits.conflict) !== 0) return 'conflict';
  if ((flags & stateBits.staged) !== 0) return 'staged';
  if (isUnreadable(flags)) return 'unreadable';
  if ((flags & stateBits.known) === 0) return 'unknown';
  return (flags & stateBits.changed) !== 0 ? 'changed' : undefined;
}

/** Runs of equal marks in a row. */
function markedColumns(row: ByteRow, shown: ShownBytes): MarkedColumns[] {
  const found: { mark: Mark; from: number; to: number }[] = [];
  for (let i = 0; i < row.length; i++) {
    const mark = markOf(shown.flags[i] ?? 0);
    const column = row.skip + i;
    const last = found.at(-1);
    if (mark === undefined) continue;
    if (last !== undefined && last.mark === mark && last.to === column - 1) last.to = column;
    else found.push({ mark, from: column, to: column });
  }
  return found;
}

/** One visible row. Its elements live as long as the grid and show one row after another. */
export class RowElement implements PaintSurface {
  readonly element = document.createElement('div');
  readonly text: Readonly<Record<Pane, Text>>;
  readonly #buffer = cell('buffer', 'rowheader');
  readonly #offset = cell('offset', 'rowheader');
  readonly #heading = cell('heading', 'rowheader');
  readonly #bytes = cell('bytes', 'gridcell');
  readonly #characters = cell('characters', 'gridcell');
  /** Index of the row that is shown; -1 before the first. */
  index = -1;
  /** Version of the store that the text was made from; -1 when it has to be made again. */
  version = -1;
  #row: GridRow | undefined;
  #marked: MarkedColumns[] = [];
  #painted = '';

  constructor() {
    this.text = { hex: this.#bytes.text, characters: this.#characters.text };
    this.element.className = 'row';
    this.element.setAttribute('role', 'row');
    this.element.append(
      this.#buffer.element,
      this.#offset.element,
      this.#heading.element,
      this.#bytes.element,
      this.#characters.element,
    );
  }

  /** Shows a row; `read` is called for rows of bytes only. Returns true if the text changed. */
  show(
    style: RowStyle,
    index: number,
    version: number,
    read: (row: ByteRow) => ShownBytes,
    pending: PendingDigit | undefined,
  ): boolean {
    if (this.index === index && this.version === version) return false;
    const moved = this.index !== index || this.version === -1;
    this.index = index;
    this.version = version;
    const { layout, map, upperCase } = style;
    if (moved) {
      const row = layout.row(index);
      const bytes = row.kind === 'bytes';
      this.#row = row;
      this.element.className = bytes ? 'row' : 'row tile';
      // The headings of the columns are row 1.
      this.element.setAttribute('aria-rowindex', String(index + 2));
      for (const { element } of [this.#offset, this.#bytes, this.#characters]) element.hidden = !bytes;
      this.#heading.element.hidden = bytes;
      this.#buffer.element.hidden = !layout.headings;
      set(this.#buffer.text, hexOffset(row.offset - (bytes ? row.skip : 0), style.bufferDigits, upperCase));
      if (bytes) set(this.#offset.text, hexOffset(row.tileOffset, style.tileDigits, upperCase));
      else set(this.#heading.text, style.headingText(row));
    }
    if (this.#row?.kind !== 'bytes') {
      this.#marked = [];
      return moved;
    }
    const row = this.#row;
    const shown = read(row);
    const waiting = pending === undefined ? -1 : pending.offset - row.offset;
    const replace =
      pending !== undefined && waiting >= 0 && waiting < row.length
        ? { column: row.skip + waiting, text: `${pending.high.toString(16)}_` }
        : undefined;
    if (replace !== undefined && upperCase) replace.text = replace.text.toUpperCase();
    const changed = [
      set(this.text.hex, hexText(map, row.skip, shown, upperCase, replace)),
      set(this.text.characters, characterText(row.skip, shown)),
    ];
    this.#marked = markedColumns(row, shown);
    if (replace !== undefined) {
      this.#marked.push({ mark: 'pending', from: replace.column, to: replace.column });
    }
    return moved || changed.includes(true);
  }

  /** The marks of the row with cursor and selection, or `undefined` if they are what was painted last. */
  runs(style: RowStyle, selection: Selection, focused: boolean, again: boolean): PaintRun[] | undefined {
    const row = this.#row;
    const columns: (MarkedColumns & { readonly pane?: Pane })[] = [...this.#marked];
    if (row?.kind === 'bytes') {
      const selected = selectedRange(selection);
      const from = Math.max(selected.offset, row.offset) - row.offset + row.skip;
      const to =
        Math.min(selected.offset + selected.length, row.offset + row.length) - 1 - row.offset + row.skip;
      if (selected.length > 1 && from <= to) columns.push({ mark: 'selection', from, to });
      const cursor = selection.cursor - row.offset;
      if (cursor >= 0 && cursor < row.length) {
        const column = cursor + row.skip;
        for (const pane of ['hex', 'characters'] as const) {
          const mark = focused && selection.pane === pane ? 'cursor' : 'cursor-idle';
          columns.push({ mark, from: column, to: column, pane });
        }
      }
    }
    const key = columns.map(({ mark, from, to, pane }) => `${mark} ${from} ${to} ${pane ?? ''}`).join();
    if (key === this.#painted && !again) return undefined;
    this.#painted = key;
    const { starts } = style.map;
    return columns.flatMap(({ mark, from, to, pane }): PaintRun[] => {
      const hex: PaintRun = { mark, pane: 'hex', start: starts[from] ?? 0, end: (starts[to] ?? 0) + 2 };
      const characters: PaintRun = { mark, pane: 'characters', start: from, end: to + 1 };
      return [hex, characters].filter((run) => pane === undefined || run.pane === pane);
    });
  }

  /** Makes the next `show` write everything again. */
  forget(): void {
    this.version = -1;
  }
}

/** A cell with its one text node. */
function cell(name: string, role: string): { readonly element: HTMLElement; readonly text: Text } {
  const element = document.createElement('span');
  const text = document.createTextNode('');
  element.className = `cell ${name}`;
  element.setAttribute('role', role);
  element.append(text);
  return { element, text };
}

/** Writes only what differs: an untouched text node costs no layout. */
function set(node: Text, text: string): boolean {
  if (node.data === text) return false;
  node.data = text;
  return true;
}
