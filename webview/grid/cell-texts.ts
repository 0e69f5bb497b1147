/** A cell in words: for the line at the bottom, the hover, and the screen reader. */
import type { ShownBytes } from '../../src/editor/messages.ts';
import { type AddressNotation, addressNumber, addressOf, shownKind } from '../../src/model/addresses.ts';
import {
  isUnreadable,
  reasonShift,
  stateBits,
  unreadableReasons,
  unrecordedState,
} from '../../src/model/byte-state.ts';
import type { CellChoice } from '../../src/model/cells/choices.ts';
import type { CellFormat, CellRefusal } from '../../src/model/cells/format.ts';
import { computeRow, formatTile, locate, totalBytes } from '../../src/model/geometry.ts';
import { hexPairs } from '../../src/model/numbers.ts';
import { type Layout, offsetDigits } from '../../src/model/rows/layout.ts';
import type { StringKey, Translate } from '../strings.ts';

/** The words for what is shown: its format, the choice that it came from, and how hexadecimal digits are written. */
export interface Notation {
  readonly choice: CellChoice;
  readonly format: CellFormat;
  readonly upperCase: boolean;
}

const reasonKeys: Readonly<Record<string, StringKey>> = {
  gated: 'reasonGated',
  'driver-gated': 'reasonDriverGated',
  'clocks-unknown': 'reasonClocksUnknown',
  'core-running': 'reasonCoreRunning',
  'bus-error': 'reasonBusError',
  'no-way': 'reasonNoWay',
  'not-read': 'reasonNotRead',
};

/** Why a byte could not be read, as a clause without a full stop. */
export function reasonText(t: Translate, flags: number): string {
  return t(reasonKeys[unreadableReasons[flags >> reasonShift] ?? ''] ?? 'reasonUnknown');
}

/**
 * Where a byte is: its tile, its row as graph tools count it, then the offset in the tile, that in the buffer, and the address
 * that is shown before the rows.
 */
export function placeTexts(
  t: Translate,
  layout: Layout,
  offset: number,
  notation: AddressNotation,
): string[] {
  const place = locate(layout.geometry, offset);
  const counted = computeRow(notation.space.array, place.tile.row);
  const { bytesPerTile } = layout.geometry;
  const kind = shownKind(notation);
  const address = addressOf(notation.space, kind, offset);
  return [
    t('cursorTile', formatTile(place.tile)),
    ...(counted === undefined ? [] : [t('computeRow', counted)]),
    t('cursorTileOffset', addressNumber(notation, place.offset, offsetDigits(bytesPerTile))),
    t('cursorBufferOffset', addressNumber(notation, offset, offsetDigits(totalBytes(layout.geometry)))),
    ...(address !== undefined && kind === 'core'
      ? [t('cursorCoreAddress', addressNumber(notation, address, 1))]
      : []),
    ...(address !== undefined && kind === 'axi'
      ? [t('cursorAxiAddress', addressNumber(notation, address, 1))]
      : []),
  ];
}

/** Where a row of bytes begins, for screen readers: its tile, the offset there, and that in the buffer where it is shown. */
export function rowText(t: Translate, layout: Layout, offset: number, notation: AddressNotation): string {
  const place = locate(layout.geometry, offset);
  const { bytesPerTile } = layout.geometry;
  return [
    t('cursorTile', formatTile(place.tile)),
    t('cursorTileOffset', addressNumber(notation, place.offset, offsetDigits(bytesPerTile))),
    ...(layout.headings
      ? [t('cursorBufferOffset', addressNumber(notation, offset, offsetDigits(totalBytes(layout.geometry))))]
      : []),
  ].join(', ');
}

/** The name of a format; which byte comes first is said where it is the unusual one. */
export function cellName(t: Translate, { name, order }: CellChoice, bytes: number): string {
  return order === 'big' && bytes > 1 ? t('bigEndianName', name) : name;
}

/** Flags of all bytes together: what is true of one of them is said of the cell, but it is known only as a whole. */
interface CellState {
  readonly staged: boolean;
  readonly conflict: boolean;
  readonly changed: boolean;
  /** The base below can be read and was. */
  readonly isBaseKnown: boolean;
  /** Flags of the first byte that cannot be read. */
  readonly unreadable: number | undefined;
  /** A byte that cannot be read has no edit over it. */
  readonly hidden: boolean;
}

function stateOf({ flags }: ShownBytes): CellState {
  const some = (flag: number) => flags.some((each) => (each & flag) !== 0);
  return {
    staged: some(stateBits.staged),
    conflict: some(stateBits.conflict),
    changed: some(stateBits.changed),
    isBaseKnown: flags.every((each) => (each & stateBits.known) !== 0 && !isUnreadable(each)),
    unreadable: flags.find(isUnreadable),
    hidden: flags.some((each) => isUnreadable(each) && (each & stateBits.staged) === 0),
  };
}

function hexText(bytes: Uint8Array, upperCase: boolean): string {
  return hexPairs(bytes, upperCase);
}

/** Whether the cell has a value: all of its bytes are there, each read or typed. */
function hasValue(format: CellFormat, { flags }: ShownBytes): boolean {
  const held = stateBits.known | stateBits.staged;
  return flags.length === format.bytes && flags.every((each) => (each & held) !== 0);
}

/** The value in the format's and in other notations, or that there is none. */
export function valueText(t: Translate, { choice, format, upperCase }: Notation, cell: ShownBytes): string {
  const { hidden, unreadable } = stateOf(cell);
  if (hidden && unreadable !== undefined) return t('unreadable', reasonText(t, unreadable));
  if (cell.flags.length < format.bytes) return t('valueCut');
  if (cell.flags.includes(unrecordedState)) return t('valueUnrecorded');
  if (!hasValue(format, cell)) return t('valueUnknown');
  const text = format.format(cell.bytes, 0);
  const [byte = 0] = cell.bytes;
  if (choice.name !== 'hex8') {
    return t('valueCell', cellName(t, choice, format.bytes), text, hexText(cell.bytes, upperCase));
  }
  const character = byte >= 0x20 && byte < 0x7f ? ` '${String.fromCharCode(byte)}'` : '';
  return `${t('valueHex', text)} = ${byte}${character}`;
}

/**
 * What is special about the cell: differing from what is expected, staged, in conflict, changed, unreadable below an edit.
 * Empty for an ordinary one.
 *
 * @param expected in place of a cell that differs
 * @param old what a changed cell held before
 */
export function stateTexts(
  t: Translate,
  { format }: Notation,
  cell: ShownBytes,
  expected?: Uint8Array,
  old?: Uint8Array,
): string[] {
  const { staged, conflict, changed, isBaseKnown, unreadable } = stateOf(cell);
  const isWhole = cell.flags.length === format.bytes;
  const text = (bytes: Uint8Array) => format.format(bytes, 0);
  const texts: string[] = [];
  if (expected?.length === format.bytes) texts.push(t('expectedValue', text(expected)));
  if (conflict && isWhole) {
    texts.push(t('conflictDevice', text(cell.bytes), text(cell.base)));
  } else if (staged) {
    texts.push(isBaseKnown && isWhole ? t('stagedWas', text(cell.base)) : t('stagedOverUnknown'));
  }
  if (staged && unreadable !== undefined) texts.push(t('unreadable', reasonText(t, unreadable)));
  if (changed) texts.push(old?.length === format.bytes ? t('changedWas', text(old)) : t('changed'));
  return texts;
}

/** What the hover says, or `undefined` where the cell speaks for itself. */
export function hoverText(
  t: Translate,
  notation: Notation,
  cell: ShownBytes,
  expected?: Uint8Array,
  old?: Uint8Array,
): string | undefined {
  const states = stateTexts(t, notation, cell, expected, old);
  if (!hasValue(notation.format, cell) || stateOf(cell).hidden) states.unshift(valueText(t, notation, cell));
  return states.length === 0 ? undefined : states.join(', ');
}

/** Why a typed text is not taken, as a sentence. */
export function refusalText(t: Translate, name: string, refusal: CellRefusal): string {
  return refusal.kind === 'unclear'
    ? t('valueUnclear', name)
    : t('valueOutside', name, refusal.least, refusal.most);
}
