import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { abortError, BoardError, throwIfCancelled, toBoardError } from './errors.ts';

const person = () => new AbortController();

describe('an aborted signal', () => {
  test('stands for a time-out when a limit of ours ran out, however it was combined', async () => {
    const limit = AbortSignal.timeout(1);
    const either = AbortSignal.any([person().signal, limit]);
    await once(either, 'abort');
    const passedOn = new AbortController();
    passedOn.abort(either.reason);
    for (const signal of [limit, either, passedOn.signal]) {
      expect(abortError(signal)).toMatchObject({ name: 'BoardError', code: 'timeout' });
      expect(() => throwIfCancelled(signal)).toThrow(expect.objectContaining({ code: 'timeout' }));
      expect(toBoardError(signal.reason).code).toBe('timeout');
    }
  });

  test('stands for a cancellation when a person was first', () => {
    const first = person();
    const limit = person();
    const either = AbortSignal.any([first.signal, limit.signal]);
    first.abort();
    limit.abort(new DOMException('late', 'TimeoutError'));
    expect(abortError(either).code).toBe('cancelled');
    expect(() => throwIfCancelled(either)).toThrow(expect.objectContaining({ code: 'cancelled' }));
    expect(toBoardError(either.reason).code).toBe('cancelled');
  });

  test('keeps what the work ended with', () => {
    const cause = new Error('socket closed');
    expect(abortError(AbortSignal.abort(), cause).cause).toBe(cause);
    expect(abortError(AbortSignal.abort(new DOMException('late', 'TimeoutError')), cause).cause).toBe(cause);
  });

  test('that is not aborted lets work go on; what is no abort is our own mistake', () => {
    expect(() => throwIfCancelled(person().signal)).not.toThrow();
    expect(toBoardError(new Error('TimeoutError'))).toMatchObject({ code: 'internal' });
    const refused = new BoardError('busy', 'taken');
    expect(toBoardError(refused)).toBe(refused);
  });
});

const tricks = 'a\u0000b\u001b[31m\r\n\u202ec\u2028\u0085\u200f\u2066';

test('[truth-11] every error carries foreign text as one plain bounded line, unescaped, whoever made it', () => {
  const link = '[More](command:workbench.action.quit)';
  const error = new BoardError('shell-ended', `${link}\n\u001b[2J${'y'.repeat(99_999)}`, {
    text: `${link}${tricks}${'x'.repeat(99_999)}`,
    line: 7,
  });
  expect(error.facts['text']).toMatch(/^\[More\]\(command:workbench\.action\.quit\)a/);
  for (const text of [String(error.facts['text']), error.message]) {
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(text).not.toMatch(/[\p{Cc}\u2028\u202e\u200f\u2066]/u);
  }
  expect(error.message).toMatch(/^\[More\]\(command:workbench\.action\.quit\) \| \ufffd\[2Jyyy/);
  expect(error.facts['line']).toBe(7);
});
