/** What the clipboard gets: what is shown, not what was last read or last written. */
import type { Layout } from './layout.ts';
import type { Pane } from './selection.ts';
import { characterCell, hexCell, type RowBytes } from './text.ts';

/** The largest selection that is copied as text, in bytes: a megabyte of bytes is three of text. */
export const copyLimit = 1024 * 1024;

/**
 * The text of a run of bytes that starts at buffer offset `offset`. Hex: two digits a byte (`??` where it could not be
 * read, `··` where it is not here yet), a blank between bytes, a new line where the grid has one. Characters: as shown,
 * without line breaks, so that a string that runs over rows stays one.
 */
export function copyText(
  layout: Layout,
  pane: Pane,
  offset: number,
  shown: RowBytes,
  upperCase: boolean,
): string {
  const { bytes, flags } = shown;
  const parts: string[] = [];
  if (pane === 'characters') {
    for (let i = 0; i < bytes.length; i++) parts.push(characterCell(bytes[i] ?? 0, flags[i] ?? 0));
    return parts.join('');
  }
  let rowEnd = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (offset + i >= rowEnd) {
      const row = layout.row(layout.cell(offset + i).row);
      rowEnd = row.offset + (row.kind === 'bytes' ? row.length : 0);
      if (i > 0) parts.push('\n');
    } else {
      parts.push(' ');
    }
    parts.push(hexCell(bytes[i] ?? 0, flags[i] ?? 0, upperCase));
  }
  return parts.join('');
}
