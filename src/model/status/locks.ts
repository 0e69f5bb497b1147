/** The locks of a tile, from registers or from the driver's `lock` text. */
import { parseDecimal } from '../numbers.ts';
import type { LockLayout } from './layout.ts';
import type { LockStatus } from './status.ts';
import { isGated, textLines, type Unparsed } from './sysfs-text.ts';

/** First generation: the driver's words for the two bits of a lock; bit 0 acquired, bit 1 the value. */
const packedWords = ['released_for_write', 'acquired_for_write', 'released_for_read', 'acquired_for_read'];

function packed(index: number, bits: number, text: string): LockStatus {
  return { index, value: bits >> 1, acquired: (bits & 1) !== 0, text };
}

/** One bit a lock; undefined when the word was not read. */
function flag(
  registers: ReadonlyMap<number, number>,
  base: number | undefined,
  index: number,
): boolean | undefined {
  const word = base === undefined ? undefined : registers.get(base + (index >> 5) * 4);
  return word === undefined ? undefined : ((word >>> (index & 31)) & 1) !== 0;
}

function withFlags(lock: LockStatus, registers: ReadonlyMap<number, number>, layout: LockLayout): LockStatus {
  const overflow = flag(registers, layout.overflow, lock.index);
  const underflow = flag(registers, layout.underflow, lock.index);
  return {
    ...lock,
    ...(overflow === undefined ? {} : { overflow }),
    ...(underflow === undefined ? {} : { underflow }),
  };
}

/** From register words: those locks whose word was read. */
export function locksFromRegisters(registers: ReadonlyMap<number, number>, layout: LockLayout): LockStatus[] {
  const locks: LockStatus[] = [];
  for (let index = 0; index < layout.count; index++) {
    const word = registers.get(layout.packed ? layout.base : layout.base + index * 16);
    if (word === undefined) continue;
    if (layout.packed) locks.push(packed(index, (word >>> (index * 2)) & 3, ''));
    else locks.push(withFlags({ index, value: word & 0x3f, text: '' }, registers, layout));
  }
  return locks;
}

/**
 * From the driver's text, with overflow and underflow from register words where they were read: the driver itself tests the
 * wrong bit for them, so its words for that count for nothing. Works without a layout too. `gated`: the tile may not be
 * touched.
 */
export function locksFromText(
  text: string,
  registers: ReadonlyMap<number, number>,
  layout: LockLayout | undefined,
  unparsed: Unparsed,
): readonly LockStatus[] | 'gated' {
  const locks = new Map<number, LockStatus>();
  for (const { name, value, line } of textLines('lock', text, unparsed)) {
    if (isGated(value)) return 'gated';
    const index = parseDecimal(name);
    const bits = packedWords.indexOf(value);
    const count = /^(\d{1,10})((?:\|(?:overflow|underflow))*)$/.exec(value);
    if (index === undefined || index >= (layout?.count ?? 64) || locks.has(index)) unparsed.add(line);
    else if (bits >= 0) locks.set(index, packed(index, bits, value));
    else if (count?.[1] !== undefined) {
      const lock = { index, value: Number(count[1]), text: count[2] === '' ? '' : value };
      locks.set(index, layout === undefined ? lock : withFlags(lock, registers, layout));
    } else unparsed.add(line);
  }
  return [...locks.values()].sort((a, b) => a.index - b.index);
}
