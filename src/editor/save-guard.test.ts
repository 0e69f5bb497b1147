import { describe, expect, test } from 'vitest';
import { SaveGuard } from './save-guard.ts';

describe('what a save of VS Code may do [main-21]', () => {
  test('no decision writes: the most is a question, and only where auto-save cannot be the caller', () => {
    const guard = new SaveGuard();
    expect(guard.decide('a', true, ['off', 'off'])).toBe('ask');
    for (const mode of ['afterDelay', 'onFocusChange', 'onWindowChange', undefined]) {
      expect(guard.decide('a', true, ['off', mode])).toBe('warn');
      expect(guard.decide('a', true, [mode, 'off'])).toBe('warn');
    }
  });

  test('with nothing staged a save makes clean, whoever calls', () => {
    expect(new SaveGuard().decide('a', false, ['afterDelay'])).toBe('clean');
  });

  test('while a tab is made clean, what was staged meanwhile stays dirty without a question', async () => {
    const guard = new SaveGuard();
    await guard.markClean('a', async () => {
      expect(guard.decide('a', true, ['off'])).toBe('raced');
      expect(guard.decide('b', true, ['off'])).toBe('ask');
    });
    await expect(guard.markClean('a', () => Promise.reject(new Error('closed')))).rejects.toThrow('closed');
    expect(guard.decide('a', true, ['off'])).toBe('ask');
  });
});
