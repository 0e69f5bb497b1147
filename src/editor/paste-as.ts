/** Asks what the clipboard is taken for, and shows what that would change: loaded when it is first wanted. */
import * as vscode from 'vscode';
import { isUnreadable, stateBits } from '../model/byte-state.ts';
import { cellFormat } from '../model/cells/cell-format.ts';
import { formatTile, locate, type MemoryGeometry } from '../model/geometry.ts';
import {
  longestPasted,
  type PlacedRun,
  placePasted,
  type Reading,
  readingsOf,
} from '../model/gestures/paste-as.ts';
import { hexDigits, hexNumber } from '../model/numbers.ts';
import { endOf } from '../model/ranges.ts';
import { pickFrom, sayInformation } from '../say/say.ts';
import type { TileDocument } from './document.ts';
import type { ShownBytes } from './messages.ts';
import type { HexPanel } from './panel.ts';
import { askSelectedRuns } from './selected-runs.ts';

/** Old and new bytes that a line of the question shows. */
const shownBytes = 8;
/** Values that it shows. */
const shownValues = 4;

/** A line of the question: a reading, and what it would do. */
export interface PasteLine extends vscode.QuickPickItem {
  readonly runs: readonly PlacedRun[];
}

/** Has the page paste what the clipboard holds, taken for what a person chooses. Rejects with what the clipboard says. */
export async function askPasteAs(document: TileDocument, panel: HexPanel): Promise<void> {
  const { shown } = document;
  const asked = panel.toChange;
  if (shown === undefined || asked === undefined) return;
  const text = await vscode.env.clipboard.readText();
  const selected = await askSelectedRuns(panel);
  if (selected === undefined) return;
  const readings = readingsOf(text, asked.cells, selected.length);
  if (readings.length === 0) {
    sayInformation(
      text === ''
        ? vscode.l10n.t('The clipboard holds no text.')
        : vscode.l10n.t(
            'The clipboard holds {0} characters, at most {1} can be pasted so. Import a file instead.',
            text.length,
            longestPasted,
          ),
    );
    return;
  }
  const end = endOf(shown.range);
  const lines = readings.map((reading) => {
    const { runs, left } = placePasted(reading, selected, end);
    return pasteLine(reading, runs, left, shown.geometry, (range) => panel.bytes(range));
  });
  const chosen = await pickFrom(lines, {
    title: vscode.l10n.t('Paste As'),
    placeHolder: asked.immediate
      ? vscode.l10n.t('What the clipboard is taken for; the bytes are written at once')
      : vscode.l10n.t('What the clipboard is taken for; the bytes are staged'),
  });
  if (chosen === undefined) return;
  if (chosen.runs.length === 0) {
    sayInformation(vscode.l10n.t('Nothing was pasted: none of the bytes fits.'));
    return;
  }
  panel.paste(chosen.runs, asked);
}

/** What a reading is, where its bytes go, what they replace, and how many do not fit. */
export function pasteLine(
  { form, cells, parts }: Reading,
  runs: readonly PlacedRun[],
  left: number,
  geometry: MemoryGeometry,
  bytesOf: (range: { readonly offset: number; readonly length: number }) => ShownBytes,
): PasteLine {
  const label: Readonly<Record<Reading['form'], string>> = {
    c: vscode.l10n.t('C'),
    json: vscode.l10n.t('JSON'),
    python: vscode.l10n.t('Python'),
    values: vscode.l10n.t('Values'),
    hex: vscode.l10n.t('Hex'),
    base64: vscode.l10n.t('Base64'),
    text: vscode.l10n.t('Text'),
  };
  const description: string[] = [];
  if (cells !== undefined) {
    const format = cellFormat(cells, true);
    const texts: string[] = [];
    for (const { bytes } of parts.flatMap((part) => part.runs)) {
      for (let at = 0; at < bytes.length && texts.length <= shownValues; at += format.bytes)
        texts.push(format.format(bytes, at));
    }
    const values = texts.slice(0, shownValues).join(' ') + (texts.length > shownValues ? ' ...' : '');
    description.push(`${cells.name}: ${values}`);
  }
  const count = runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const [first] = runs;
  const last = runs.at(-1);
  if (first !== undefined && last !== undefined) {
    const places = [
      placeText(geometry, first.offset),
      placeText(geometry, last.offset + last.bytes.length - 1),
    ];
    description.push(
      count === 1
        ? vscode.l10n.t('1 byte, {0}', places[0] ?? '')
        : runs.length === 1
          ? vscode.l10n.t('{0} bytes, {1} to {2}', count, ...places)
          : vscode.l10n.t('{0} bytes in {1} runs, {2} to {3}', count, runs.length, ...places),
    );
  }
  const detail = first === undefined ? [] : [changeText(runs, bytesOf)];
  if (left > 0) {
    detail.push(
      left === 1 ? vscode.l10n.t('1 byte does not fit') : vscode.l10n.t('{0} bytes do not fit', left),
    );
  }
  return { label: label[form], description: description.join(', '), detail: detail.join('; '), runs };
}

/** The first old bytes and the new ones. */
function changeText(
  runs: readonly PlacedRun[],
  bytesOf: (range: { readonly offset: number; readonly length: number }) => ShownBytes,
): string {
  const before: string[] = [];
  const after: string[] = [];
  let left = 0;
  for (const { offset, bytes } of runs) {
    const length = Math.min(bytes.length, shownBytes - after.length);
    left += bytes.length - length;
    if (length === 0) continue;
    const shown = bytesOf({ offset, length });
    for (let at = 0; at < length; at++) {
      before.push(oldText(shown.bytes[at] ?? 0, shown.flags[at] ?? 0));
      after.push(hexDigits(bytes[at] ?? 0, 2));
    }
  }
  const more = left > 0 ? ' ...' : '';
  return `${before.join(' ')}${more} → ${after.join(' ')}${more}`;
}

/** A byte as it is shown: two digits, `??` where it cannot be read, `··` where it was not read yet. */
function oldText(byte: number, flags: number): string {
  if ((flags & (stateBits.known | stateBits.staged)) !== 0) return hexDigits(byte, 2);
  return isUnreadable(flags) ? '??' : '··';
}

function placeText(geometry: MemoryGeometry, bufferOffset: number): string {
  const { tile, offset } = locate(geometry, bufferOffset);
  return `${formatTile(tile)}+${hexNumber(offset, 4)}`;
}
