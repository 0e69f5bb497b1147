/** A comparison as rows of a tree, made when they are shown: however many mismatches there are. Knows no VS Code. */

import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellFormat } from '../../model/cells/format.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { hexNumber } from '../../model/numbers.ts';
import { endOf } from '../../model/ranges.ts';
import type { Comparison } from '../../session/comparison.ts';
import { mostRows } from '../list-limits.ts';
import { countText, placePatternText, toleranceInput, valuePatternText } from './comparison-sentences.ts';
import { arrayThumbnail, type Thumbnail, tileThumbnail } from './thumbnail.ts';

/** What the rows of one comparison are made of. */
export interface ComparedMemory {
  readonly id: string;
  /** What the memory is compared with. */
  readonly name: string;
  /** Which memory. */
  readonly title: string;
  readonly geometry: MemoryGeometry;
  /** Buffer offsets of the compared bytes. */
  readonly range: ByteRange;
  readonly comparison: Comparison;
  /** Sentences on what was left out. */
  readonly notes: readonly string[];
}

/** One row. */
export interface ComparisonRow {
  readonly key: string;
  readonly label: string;
  readonly description: string;
  readonly icon?: string;
  /** A picture of where values differ, in place of the icon. */
  readonly thumbnail?: () => Thumbnail;
  readonly open?: boolean;
  /** The comparison itself: it can be closed, its tolerance set. */
  readonly isRoot?: boolean;
  /** Buffer offsets to go to. */
  readonly place?: ByteRange;
  readonly of: ComparedMemory;
  readonly below?: () => readonly ComparisonRow[];
}

/** Buffer offsets of an element. */
export function elementRange({ range, comparison }: ComparedMemory, element: number): ByteRange {
  const { offset, length } = comparison.rangeOf(element);
  return { offset: range.offset + offset, length };
}

/** How many of the values that lie in some bytes differ, 0 to 1. Buffer offsets, the last one excluded. */
function shareIn({ range, comparison }: ComparedMemory, from: number, to: number): number {
  const { bytes } = comparison.measure.type;
  const within = (offset: number): number => {
    return Math.min(comparison.size, Math.max(0, Math.ceil((offset - range.offset) / bytes)));
  };
  const count = within(to) - within(from);
  return count === 0 ? 0 : comparison.outcome.mismatches.countIn(within(from), within(to)) / count;
}

/** The row of a comparison, with all below it. */
export function comparisonRow(of: ComparedMemory, l10n: Localiser): ComparisonRow {
  const { mismatches } = of.comparison.outcome;
  return {
    key: of.id,
    of,
    label: of.name,
    description: countText(of.comparison.outcome, of.comparison.size, l10n),
    icon: mismatches.count > 0 ? 'diff' : of.comparison.outcome.uncompared.count > 0 ? 'question' : 'pass',
    ...(mismatches.count === 0
      ? {}
      : { thumbnail: () => arrayThumbnail(of.geometry, (from, to) => shareIn(of, from, to)) }),
    open: true,
    isRoot: true,
    below: () => [...facts(of, l10n), ...tileRows(of, l10n)],
  };
}

/** What is known of all mismatches together. */
function facts(of: ComparedMemory, l10n: Localiser): ComparisonRow[] {
  const { comparison, geometry } = of;
  const { choice } = comparison.measure.type;
  const rows: ComparisonRow[] = [];
  const say = (key: string, label: string, description: string, icon: string, place?: ByteRange): void => {
    rows.push({
      key: `${of.id}/${key}`,
      of,
      label,
      description,
      icon,
      ...(place === undefined ? {} : { place }),
    });
  };
  const format = cellFormat(choice, true);
  const { place, value } = comparison.explain();
  const placeText = (element: number): string => {
    const at = locate(geometry, elementRange(of, element).offset);
    return l10n.t('value {0}, {1}', element, `${formatTile(at.tile)}+${hexNumber(at.offset)}`);
  };
  if (place !== undefined) {
    const { label, evidence } = placePatternText(place, placeText, l10n);
    say('place', label, evidence, 'lightbulb', elementRange(of, place.first));
  }
  if (value !== undefined) {
    const held = (element: number) =>
      format.format(comparison.actual.bytes(comparison.rangeOf(element)).bytes, 0);
    const { label, evidence } = valuePatternText(value, held, l10n);
    say('value', label, evidence, 'lightbulb');
  }
  const { uncompared } = comparison.outcome;
  if (uncompared.count > 0) {
    const first = uncompared.next(0) ?? 0;
    say(
      'uncompared',
      l10n.t('{0} values were not compared', uncompared.count),
      l10n.t('their bytes are not known'),
      'question',
      elementRange(of, first),
    );
  }
  for (const [i, note] of of.notes.entries()) say(`note${i}`, note, '', 'info');
  const order = choice.order === 'big' ? l10n.t('{0} big-endian', choice.name) : choice.name;
  say(
    'measure',
    l10n.t('Compared as {0}', order),
    l10n.t('tolerance {0}', toleranceInput(comparison.measure.tolerance)),
    'symbol-numeric',
  );
  return rows;
}

/** A row for each tile with mismatches. */
function tileRows(of: ComparedMemory, l10n: Localiser): ComparisonRow[] {
  const { comparison, geometry, range } = of;
  const { mismatches } = comparison.outcome;
  const size = comparison.measure.type.bytes;
  const { bytesPerTile } = geometry;
  const rows: ComparisonRow[] = [];
  for (let at = mismatches.next(0); at !== undefined; ) {
    const begin = elementRange(of, at).offset;
    const { tile } = locate(geometry, begin);
    const end = Math.min(endOf(range), (Math.floor(begin / bytesPerTile) + 1) * bytesPerTile);
    const after = Math.ceil((end - range.offset) / size);
    const rank = mismatches.countIn(0, at);
    const count = mismatches.countIn(at, after);
    rows.push({
      key: `${of.id}/${tile.col},${tile.row}`,
      of,
      label: formatTile(tile),
      description: count === 1 ? l10n.t('1 mismatch') : l10n.t('{0} mismatches', count),
      icon: 'chip',
      thumbnail: () => {
        const start = begin - (begin % bytesPerTile);
        return tileThumbnail(bytesPerTile, (from, to) => shareIn(of, start + from, start + to));
      },
      open: rows.length === 0,
      place: elementRange(of, at),
      below: () => mismatchRows(of, rank, rank + count, l10n),
    });
    at = mismatches.next(after);
  }
  return rows;
}

/** Rows for the mismatches of these ranks, in groups where they are many. */
function mismatchRows(of: ComparedMemory, from: number, to: number, l10n: Localiser): ComparisonRow[] {
  const { mismatches } = of.comparison.outcome;
  let group = 1;
  while ((to - from) / group > mostRows) group *= mostRows;
  const format = cellFormat(of.comparison.measure.type.choice, true);
  const rows: ComparisonRow[] = [];
  for (let rank = from; rank < Math.min(to, mismatches.count); rank += group) {
    const element = mismatches.nth(rank);
    if (element === undefined) break;
    if (group === 1) {
      rows.push(mismatchRow(of, element, format, l10n));
      continue;
    }
    const last = Math.min(to, rank + group);
    const { offset } = locate(of.geometry, elementRange(of, element).offset);
    rows.push({
      key: `${of.id}/${rank}+${group}`,
      of,
      label: `${rank - from + 1} - ${last - from}`,
      description: l10n.t('from {0} on', hexNumber(offset, 4)),
      place: elementRange(of, element),
      below: () => mismatchRows(of, rank, last, l10n),
    });
  }
  return rows;
}

function mismatchRow(
  of: ComparedMemory,
  element: number,
  format: CellFormat,
  l10n: Localiser,
): ComparisonRow {
  const { comparison, geometry } = of;
  const bytes = comparison.rangeOf(element);
  const place = elementRange(of, element);
  const held = format.format(comparison.actual.bytes(bytes).bytes, 0);
  const expected = format.format(comparison.expected.bytes(bytes).bytes, 0);
  return {
    key: `${of.id}/at${element}`,
    of,
    label: hexNumber(locate(geometry, place.offset).offset, 4),
    description: l10n.t('{0}, expected {1}', held, expected),
    place,
  };
}

/** Characters of lines that are handed on at a time. */
const linesAtOnce = 64 * 1024;

/** All mismatches as lines of CSV, some at a time: tile, offset, number of the value, both values. */
export function* mismatchLines(of: ComparedMemory): Generator<string> {
  const { comparison, geometry } = of;
  const { choice } = comparison.measure.type;
  const format = cellFormat(choice, true);
  let lines = `col,row,offset,index,actual,expected\n`;
  for (const element of comparison.outcome.mismatches) {
    const bytes = comparison.rangeOf(element);
    const { tile, offset } = locate(geometry, elementRange(of, element).offset);
    const [held, expected] = [comparison.actual, comparison.expected].map((side) =>
      format.format(side.bytes(bytes).bytes, 0),
    );
    lines += `${tile.col},${tile.row},${offset},${element},${held},${expected}\n`;
    if (lines.length < linesAtOnce) continue;
    yield lines;
    lines = '';
  }
  yield lines;
}
