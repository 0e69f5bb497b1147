/**
 * What is staged in a memory, what its last apply left, and what was written to it, as rows of a tree that are made when they
 * are shown. Knows no VS Code.
 */
import { isUnreadable, stateBits } from '../../model/byte-state.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice } from '../../model/cells/choices.ts';
import type { CellFormat } from '../../model/cells/format.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { hexNumber, hexPairs } from '../../model/numbers.ts';
import { endOf, intersectRanges } from '../../model/ranges.ts';
import type { MemorySession } from '../../session/memory-session.ts';
import type { WriteLogEntry } from '../../session/types.ts';
import { mostBytesOfRow } from '../list-limits.ts';
import { rowsOf } from '../row-groups.ts';
import { outcomeText } from '../sentences.ts';

/** Values that a row spells out. */
const mostValues = 4;

/** What the rows of one memory are made of. */
export interface EditedMemory {
  readonly title: string;
  readonly session: Pick<
    MemorySession,
    'bytes' | 'counts' | 'staged' | 'conflicts' | 'writeLog' | 'lastApply' | 'key'
  >;
  readonly geometry: MemoryGeometry;
  /** How the editor in front shows its values. */
  readonly cells: CellChoice;
}

/** What a row can be asked for. `staged`, `conflict`: its bytes can be discarded; of a conflict also kept. */
type EditRowKind = 'staged' | 'conflict' | 'write' | 'group';

/** One row. */
export interface EditRow {
  /** The same as long as it is about the same. */
  readonly key: string;
  readonly label: string;
  readonly description: string;
  readonly icon?: string;
  readonly kind: EditRowKind;
  readonly of: EditedMemory;
  /** Buffer offsets of what it is about. */
  readonly place?: ByteRange;
  /** It is one place in the memory, which can be gone to. */
  readonly isPlace?: boolean;
  readonly open?: boolean;
  readonly below?: () => readonly EditRow[];
}

/** Words and times. */
export interface EditTexts {
  readonly l10n: Localiser;
  /** A moment (ms since 1970) with seconds. */
  readonly clock: (at: number) => string;
}

/** The row of a memory, with all below it. */
export function memoryRow(of: EditedMemory, texts: EditTexts): EditRow {
  const { session, title, geometry } = of;
  const { partition, memory } = session.key;
  const key = `${partition}/${memory}/${title}`;
  const place = { offset: 0, length: geometry.numCols * geometry.numRows * geometry.bytesPerTile };
  return {
    key,
    label: title,
    ...stagedFacts(of, place, texts.l10n),
    of,
    place,
    open: true,
    below: () => [...tileRows(of, key, texts), ...applyRow(of, key, texts), ...logRow(of, key, texts)],
  };
}

/** How much is staged of some bytes, and what can be done with it. */
function stagedFacts(
  { session }: EditedMemory,
  place: ByteRange,
  l10n: Localiser,
): Pick<EditRow, 'kind' | 'description' | 'icon'> {
  const { staged, conflicts } = session.counts(place);
  const description =
    conflicts > 0
      ? l10n.t('{0} bytes staged, {1} in conflict', staged, conflicts)
      : staged === 1
        ? l10n.t('1 byte staged')
        : staged > 0
          ? l10n.t('{0} bytes staged', staged)
          : l10n.t('nothing staged');
  const kind = conflicts > 0 ? 'conflict' : staged > 0 ? 'staged' : 'group';
  return { kind, description, icon: conflicts > 0 ? 'warning' : 'chip' };
}

/** A row for each tile with staged bytes. */
function tileRows(of: EditedMemory, key: string, texts: EditTexts): EditRow[] {
  const { bytesPerTile } = of.geometry;
  const tiles = new Set<number>();
  for (const run of of.session.staged()) {
    const last = Math.floor((endOf(run) - 1) / bytesPerTile);
    for (let tile = Math.floor(run.offset / bytesPerTile); tile <= last; tile++) tiles.add(tile);
  }
  return [...tiles].map((tile, index): EditRow => {
    const place = { offset: tile * bytesPerTile, length: bytesPerTile };
    const row = `${key}/${tile}`;
    return {
      key: row,
      label: formatTile(locate(of.geometry, place.offset).tile),
      ...stagedFacts(of, place, texts.l10n),
      of,
      place,
      open: index === 0,
      below: () => inGroups(of, row, stagedCells(of, place), (cell) => cellRow(of, row, cell, texts), texts),
    };
  });
}

/** The cells of a tile that have a staged byte, ascending; those at its end may be cut. */
export function stagedCells({ session, cells }: EditedMemory, tile: ByteRange): ByteRange[] {
  const size = cellFormat(cells, true).bytes;
  const found: ByteRange[] = [];
  for (const run of session.staged(tile)) {
    const first = run.offset - ((run.offset - tile.offset) % size);
    for (let offset = Math.max(first, endOf(found.at(-1))); offset < endOf(run); offset += size) {
      found.push({ offset, length: Math.min(size, endOf(tile) - offset) });
    }
  }
  return found;
}

/** Rows for all of a list; where they are many, of groups of them. */
function inGroups<T extends ByteRange>(
  of: EditedMemory,
  key: string,
  list: readonly T[],
  row: (item: T, index: number) => EditRow,
  texts: EditTexts,
): EditRow[] {
  const itemRow = (index: number): EditRow[] => {
    const item = list[index];
    return item === undefined ? [] : [row(item, index)];
  };
  return rowsOf<EditRow[]>(
    { first: 0, count: list.length },
    (index) => itemRow(index),
    ({ first, count }, below) => [
      {
        key: `${key}/${first}+${count}`,
        label: `${first + 1} - ${first + count}`,
        description: texts.l10n.t('from {0} on', placeText(of.geometry, list[first]?.offset ?? 0)),
        kind: 'group',
        of,
        below: () => below().flat(),
      },
    ],
  ).flat();
}

/** A staged value: what the board holds, as far as it is known, and what will be there. */
function cellRow(of: EditedMemory, key: string, cell: ByteRange, { l10n }: EditTexts): EditRow {
  const { session, geometry } = of;
  const { bytes, base, flags } = session.bytes(cell);
  const isKnown = flags.every((flag) => (flag & stateBits.known) !== 0);
  const missing = flags.some((flag) => isUnreadable(flag)) ? '??' : '··';
  const old = isKnown ? valueText(of, cell.offset, base) : missing;
  const isThere = flags.every((flag) => (flag & (stateBits.known | stateBits.staged)) !== 0);
  const now = isThere ? valueText(of, cell.offset, bytes) : missing;
  const isConflict = flags.some((flag) => (flag & stateBits.conflict) !== 0);
  return {
    key: `${key}+${cell.offset}`,
    label: hexNumber(locate(geometry, cell.offset).offset, 4),
    description: isConflict ? l10n.t('{0} → {1}, changed on the board', old, now) : `${old} → ${now}`,
    icon: isConflict ? 'warning' : 'edit',
    kind: isConflict ? 'conflict' : 'staged',
    of,
    place: cell,
    isPlace: true,
  };
}

/** What the last apply wrote and left, once there was one. */
function applyRow(of: EditedMemory, key: string, texts: EditTexts): EditRow[] {
  const last = of.session.lastApply;
  if (last === undefined) return [];
  const { l10n, clock } = texts;
  const { applied, kept, spans } = last.report;
  const left = spans.filter(({ outcome }) => outcome !== 'verified' && outcome !== 'changed-after');
  const row = `${key}/apply`;
  return [
    {
      key: row,
      label: l10n.t('Last apply, {0}', clock(last.at)),
      description:
        kept === 0
          ? l10n.t('bytes written: {0}', applied)
          : l10n.t('bytes written: {0}, not written: {1}', applied, kept),
      icon: kept === 0 ? 'pass' : 'warning',
      kind: 'group',
      of,
      open: kept > 0,
      ...(left.length === 0
        ? {}
        : { below: () => inGroups(of, row, left, (span) => spanRow(of, row, span, l10n), texts) }),
    },
  ];
}

/** Bytes that the last apply did not write. What is still staged of them can be resolved here. */
function spanRow(
  of: EditedMemory,
  key: string,
  { offset, length, outcome }: ByteRange & { readonly outcome: WriteLogEntry['outcome'] },
  l10n: Localiser,
): EditRow {
  const place = { offset, length };
  const { staged, conflicts } = of.session.counts(place);
  const bytes = length === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', length);
  return {
    key: `${key}+${offset}`,
    label: placeText(of.geometry, offset),
    description: `${bytes}: ${outcomeText(outcome, l10n)}${staged === 0 ? l10n.t('; no longer staged') : ''}`,
    icon: staged === 0 ? 'pass' : 'warning',
    kind: conflicts > 0 ? 'conflict' : staged > 0 ? 'staged' : 'write',
    of,
    place,
    isPlace: true,
  };
}

/** The write log, the newest first. */
function logRow(of: EditedMemory, key: string, texts: EditTexts): EditRow[] {
  const { writeLog } = of.session;
  if (writeLog.length === 0) return [];
  const { l10n } = texts;
  const row = `${key}/log`;
  // Rows keep their keys when newer ones come.
  const list = writeLog
    .map((entry, number) => ({ entry, number, offset: entry.offset, length: 1 }))
    .reverse();
  return [
    {
      key: row,
      label: l10n.t('Write log'),
      description: writeLog.length === 1 ? l10n.t('1 write') : l10n.t('{0} writes', writeLog.length),
      icon: 'history',
      kind: 'group',
      of,
      below: () =>
        inGroups(of, row, list, ({ entry, number }) => writeRow(of, `${row}/${number}`, entry, texts), texts),
    },
  ];
}

function writeRow(of: EditedMemory, key: string, entry: WriteLogEntry, { l10n, clock }: EditTexts): EditRow {
  const { at, offset, before, after, outcome } = entry;
  const [old, now] = [before, after].map((bytes) => valueText(of, offset, bytes));
  return {
    key,
    label: placeText(of.geometry, offset),
    description: `${old} → ${now} · ${outcomeText(outcome, l10n)} · ${clock(at)}`,
    icon: outcome === 'verified' ? 'pass' : outcome === 'unknown' ? 'question' : 'info',
    kind: 'write',
    of,
    place: { offset, length: after.length },
    isPlace: true,
  };
}

function placeText(geometry: MemoryGeometry, bufferOffset: number): string {
  const { tile, offset } = locate(geometry, bufferOffset);
  return `${formatTile(tile)}+${hexNumber(offset, 4)}`;
}

/** Bytes as the editor shows them; those that are not whole values of it as hexadecimal bytes. */
function valueText({ cells, geometry }: EditedMemory, offset: number, bytes: Uint8Array): string {
  const format: CellFormat = cellFormat(cells, true);
  const { bytesPerTile } = geometry;
  const inTile = offset % bytesPerTile;
  const isWhole =
    inTile % format.bytes === 0 &&
    bytes.length % format.bytes === 0 &&
    intersectRanges({ offset: 0, length: bytesPerTile }, { offset: inTile, length: bytes.length })?.length ===
      bytes.length;
  if (format.bytes === 1 && format.radix === 16) return cutPairs(bytes);
  if (!isWhole) return cutPairs(bytes);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length && texts.length < mostValues; at += format.bytes) {
    texts.push(format.format(bytes, at));
  }
  return `${texts.join(' ')}${bytes.length > mostValues * format.bytes ? ' ...' : ''}`;
}

function cutPairs(bytes: Uint8Array): string {
  const pairs = hexPairs(bytes.subarray(0, mostBytesOfRow));
  return bytes.length > mostBytesOfRow ? `${pairs} ...` : pairs;
}
