import { expect, test } from 'vitest';
import { stateBits } from '../../src/model/byte-state.ts';
import { CursorHistory } from './cursor-history.ts';

const shown = (value: number, flag: number = stateBits.known, offset = 8) => ({
  offset,
  base: Uint8Array.of(value),
  bytes: Uint8Array.of(value),
  flags: Uint8Array.of(flag),
});

/** Times and values, `-` where nobody looked. */
function told(history: CursorHistory, now: number): string {
  return history
    .stretches(now)
    .map(({ from, to, bytes }) => `${from}-${to}:${bytes?.[0] ?? '-'}`)
    .join(' ');
}

test('[live-7] the history at the cursor is of what the device held, and has gaps where it was not told', () => {
  const history = new CursorHistory();
  history.take(shown(1), true, 0);
  history.take(shown(1, stateBits.known | stateBits.staged), true, 1000);
  history.take(shown(2), true, 2000);
  expect(told(history, 2500)).toBe('0-2000:1 2000-2500:2');
  // Paused: the same value again is no look.
  history.take(shown(2), false, 3000);
  history.take(shown(2), false, 4000);
  history.take(shown(3), false, 4500);
  history.take(shown(3), true, 5000);
  expect(told(history, 6000)).toBe('0-2000:1 2000-3000:2 3000-4500:- 4500-4500:3 4500-5000:- 5000-6000:3');
  // Of another epoch, unreadable, unknown.
  for (const [i, flag] of [stateBits.known | stateBits.stale, 1 << 5, 0].entries()) {
    history.take(shown(3, flag), true, 6000 + i);
  }
  expect(told(history, 7000)).toMatch(/5000-6000:3 6000-7000:-$/);
});

test('[live-7] a page that was not drawn saw nothing; another cell begins anew', () => {
  const history = new CursorHistory();
  history.take(shown(1), true, 0);
  history.take(shown(1), true, 1000);
  history.take(shown(1), true, 60_000);
  expect(told(history, 60_500)).toBe('500-1000:1 1000-60000:- 60000-60500:1');
  history.take(shown(1, stateBits.known, 9), true, 61_000);
  expect(told(history, 61_500)).toBe('61000-61500:1');
});
