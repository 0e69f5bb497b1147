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
