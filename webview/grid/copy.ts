/** What the clipboard gets: what is shown, not what was last read or last written. */
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { hexBytes } from '../../src/model/cells/choices.ts';
import type { CellFormat } from '../../src/model/cells/format.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { endOf } from '../../src/model/ranges.ts';
import type { Layout } from '../../src/model/rows/layout.ts';
import { cellText, characterCell, type RowBytes } from '../../src/model/rows/text.ts';
import type { Pane } from './selection.ts';

/** The largest selection that is copied or changed in one go, in bytes: of each a text has three characters and more. */
export const copyLimit = 4 * 1024 * 1024;

/** The text of some runs of bytes, each on lines of its own; of characters as well. */
export function copyText(
  layout: Layout,
  pane: Pane,
  format: CellFormat,
  runs: readonly (RowBytes & { readonly offset: number })[],
): string {
  return runs.map((run) => runText(layout, pane, format, run.offset, run)).join('\n');
}

/**
 * The text of a run of bytes that starts at buffer offset `offset`. Cells: as shown (`??` where a byte could not be read,
 * `··` where one is not here yet), without the blanks before short ones, a blank between cells, a new line where the grid
 * has one. Characters: as shown, without line breaks, so that a string that runs over rows stays one.
 */
function runText(layout: Layout, pane: Pane, format: CellFormat, offset: number, shown: RowBytes): string {
  const { bytes, flags } = shown;
  const parts: string[] = [];
  if (pane === 'characters') {
    for (let i = 0; i < bytes.length; i++) parts.push(characterCell(bytes[i] ?? 0, flags[i] ?? 0));
    return parts.join('');
  }
  let rowEnd = 0;
  for (let i = 0; i < bytes.length; ) {
    if (offset + i >= rowEnd) {
      const row = layout.row(layout.place(offset + i).row);
      rowEnd = row.offset + (row.kind === 'bytes' ? row.length : 0);
      if (i > 0) parts.push('\n');
    } else {
      parts.push(' ');
    }
    const { length } = layout.cell(offset + i);
    parts.push(cellText(format, shown, i, length));
    i += length;
  }
  return parts.join('');
}

/** Each byte as two digits, a run on a line of its own. */
export function hexText(runs: readonly RowBytes[]): string {
  const format = cellFormat(hexBytes, true);
  return runs
    .map((run) => Array.from(run.bytes, (_, at) => cellText(format, run, at, 1)).join(' '))
    .join('\n');
}

/** Ranges as pieces that lie in one tile each: a cell that the end of a tile cuts does not go on in the next one. */
export function cutAtTiles(bytesPerTile: number, ranges: readonly ByteRange[]): ByteRange[] {
  return ranges.flatMap((range) => {
    const pieces: ByteRange[] = [];
    for (let offset = range.offset; offset < endOf(range); ) {
      const end = Math.min(endOf(range), offset - (offset % bytesPerTile) + bytesPerTile);
      pieces.push({ offset, length: end - offset });
      offset = end;
    }
    return pieces;
  });
}

/** The bytes of runs one after the other. */
export function together(runs: readonly Pick<RowBytes, 'bytes'>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(runs.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of runs) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
}
