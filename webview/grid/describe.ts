/** A byte in words: for the line at the bottom, the hover, and the screen reader. */
import { isUnreadable, reasonShift, stateBits, unreadableReasons } from '../../src/model/byte-state.ts';
import { type ArrayShape, computeRow, formatTile, locate, totalBytes } from '../../src/model/geometry.ts';
import type { StringKey, Translate } from '../strings.ts';
import { type Layout, offsetDigits } from './layout.ts';
import { hexByte, hexCell, hexOffset } from './text.ts';

/** One shown byte with everything that is known of it. */
export interface ByteFacts {
  readonly offset: number;
  readonly byte: number;
  readonly flags: number;
  readonly base: number;
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

/** Where a byte is: its tile, its row as graph tools count it, then the offset in the tile, then that in the buffer. */
export function placeTexts(
  t: Translate,
  layout: Layout,
  offset: number,
  upperCase: boolean,
  array?: ArrayShape,
): string[] {
  const place = locate(layout.geometry, offset);
  const counted = computeRow(array, place.tile.row);
  const { bytesPerTile } = layout.geometry;
  return [
    t('cursorTile', formatTile(place.tile)),
    ...(counted === undefined ? [] : [t('computeRow', counted)]),
    t('cursorTileOffset', hexOffset(place.offset, offsetDigits(bytesPerTile), upperCase)),
    t('cursorBufferOffset', hexOffset(offset, offsetDigits(totalBytes(layout.geometry)), upperCase)),
  ];
}

/** The value in three notations, or that there is none. */
export function valueText(t: Translate, facts: ByteFacts, upperCase: boolean): string {
  const { byte, flags } = facts;
  const held = (flags & (stateBits.staged | stateBits.known)) !== 0;
  if (isUnreadable(flags) && (flags & stateBits.staged) === 0) {
    return t('unreadable', reasonText(t, flags));
  }
  if (!held) return t('valueUnknown');
  const character = byte >= 0x20 && byte < 0x7f ? ` '${String.fromCharCode(byte)}'` : '';
  return `${t('valueHex', hexCell(byte, flags, upperCase))} = ${byte}${character}`;
}

/** What is special about the byte: staged, in conflict, changed, unreadable below an edit. Empty for an ordinary one. */
export function stateTexts(t: Translate, facts: ByteFacts, upperCase: boolean): string[] {
  const { byte, flags, base } = facts;
  const texts: string[] = [];
  if ((flags & stateBits.conflict) !== 0) {
    texts.push(t('conflictDevice', hexByte(byte, upperCase), hexByte(base, upperCase)));
  } else if ((flags & stateBits.staged) !== 0) {
    const known = (flags & stateBits.known) !== 0 && !isUnreadable(flags);
    texts.push(known ? t('stagedWas', hexByte(base, upperCase)) : t('stagedOverUnknown'));
  }
  if ((flags & stateBits.staged) !== 0 && isUnreadable(flags)) {
    texts.push(t('unreadable', reasonText(t, flags)));
  }
  if ((flags & stateBits.changed) !== 0) texts.push(t('changed'));
  return texts;
}

/** What the hover says, or `undefined` where the byte speaks for itself. */
export function hoverText(t: Translate, facts: ByteFacts, upperCase: boolean): string | undefined {
  const states = stateTexts(t, facts, upperCase);
  const held = (facts.flags & (stateBits.known | stateBits.staged)) !== 0;
  if (!held || (isUnreadable(facts.flags) && (facts.flags & stateBits.staged) === 0)) {
    states.unshift(valueText(t, facts, upperCase));
  }
  return states.length === 0 ? undefined : states.join(', ');
}
