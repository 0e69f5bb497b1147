/**
 * The rows that a new page shows before its script has run, as markup: the script draws the same ones in the same place. Knows how
 * a row is written; must not know VS Code, nor what the page makes of its bytes.
 */

import type { AddressNotation } from '../model/addresses.ts';
import { stateBits } from '../model/byte-state.ts';
import { cellFormat } from '../model/cells/cell-format.ts';
import { escapeMarkup } from '../model/plain.ts';
import { addressWidth, rowAddress } from '../model/rows/address-texts.ts';
import { columnWidths, rowHeights } from '../model/rows/columns.ts';
import { type ByteRow, createLayout, offsetDigits } from '../model/rows/layout.ts';
import { cellMap, cellsText, characterText } from '../model/rows/text.ts';
import type { Opening } from './opening.ts';

/** Where the rows of the last page were. */
export interface RowsPlace {
  /** Pixels of the page above the first row. */
  readonly top: number;
  readonly bytesPerRow: number;
}

/** Where they are in a window of usual fonts. */
export const usualRowsPlace: RowsPlace = { top: 101, bytesPerRow: 16 };

/** What stands in the page first of all. Each part is a text of its own: `style` holds nothing but numbers. */
export interface FirstSight {
  readonly style: string;
  readonly markup: string;
}

/**
 * The rows of one tile whose bytes are all known; none where they would be written in another way than usual, or where marks
 * tell them apart, which only the script draws.
 */
export function firstSight({ init, bytes }: Opening, place: RowsPlace): FirstSight | undefined {
  const { settings, state, strings } = init;
  const { geometry, range } = init.document;
  if (bytes === undefined || settings.fontFamily !== '' || settings.fontSize !== 0) return undefined;
  if (!state.connected || state.lastKnown || state.banner !== undefined) return undefined;
  const { upperCase } = settings;
  const format = cellFormat(settings.cells, upperCase);
  const length = settings.bytesPerRow > 0 ? settings.bytesPerRow : place.bytesPerRow;
  const layout = createLayout(geometry, range, length, format.bytes);
  if (layout.headings || layout.rowCount === 0) return undefined;
  const map = cellMap(layout.bytesPerRow, format);
  const notation: AddressNotation = {
    space: { geometry, generation: state.generation ?? 'unknown', array: state.array },
    kind: settings.addresses,
    decimal: settings.decimal,
    upperCase,
  };
  const width = addressWidth(notation, range);
  const lines: [address: string, cells: string, characters: string][] = [];
  for (let index = layout.place(bytes.offset).row; index < layout.rowCount; index++) {
    const row = layout.row(index) as ByteRow;
    const from = row.offset - bytes.offset;
    if (from < 0 || from + row.length > bytes.flags.length) break;
    const flags = bytes.flags.subarray(from, from + row.length);
    if (!flags.every(isPlain)) break;
    const shown = { flags, bytes: bytes.bytes.subarray(from, from + row.length) };
    lines.push([
      rowAddress(notation, width, row.offset - row.skip),
      cellsText(map, format, row.skip, shown),
      characterText(row.skip, shown),
    ]);
  }
  if (lines.length === 0) return undefined;
  const widths = columnWidths(
    {
      geometry,
      range,
      bufferDigits: offsetDigits(range.offset + range.length),
      addressWidth: width,
      cellsWidth: map.width,
      bytesPerRow: layout.bytesPerRow,
    },
    {
      buffer: strings.bufferOffset,
      offset: strings.tileOffset,
      characters: strings.characters,
    },
  );
  const column = (part: 0 | 1 | 2): string =>
    `<pre>${escapeMarkup(lines.map((line) => line[part]).join('\n'))}</pre>`;
  const values = {
    top: `${place.top}px`,
    offset: `${widths.offset}ch`,
    bytes: `${widths.bytes}ch`,
    row: `round(${rowHeights[settings.density]}em, 1px)`,
  };
  const style = Object.entries(values).map(([name, value]) => `--sight-${name}: ${value};`);
  return {
    style: `.sight { ${style.join(' ')} }`,
    markup: `<div class="sight" aria-hidden="true">${column(0)}${column(1)}${column(2)}</div>`,
  };
}

/** Known, as read, and nothing else. */
function isPlain(flags: number): boolean {
  return (flags & ~stateBits.changed) === stateBits.known;
}
