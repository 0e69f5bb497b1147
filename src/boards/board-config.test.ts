import { describe, expect, test } from 'vitest';
import { newBoardId, parseBoardConfigs, startBoards } from './board-config.ts';

describe('board entries [main-17]', () => {
  test('an id is made of the label, and never used twice', () => {
    expect(newBoardId('VCK190 at my desk', new Set())).toBe('vck190-at-my-desk');
    expect(newBoardId('VCK190', new Set(['vck190', 'vck190-2']))).toBe('vck190-3');
    expect(newBoardId('日本', new Set())).toBe('board');
    expect(newBoardId(`${'a'.repeat(55)}.b`, new Set())).toBe('a'.repeat(55));
  });

  test('entries survive a round trip through JSON, with the device node of a board over SSH [truth-18]', () => {
    const entries = [
      { id: 'a', label: 'A', kind: 'simulated' },
      { id: 'b', label: 'B', kind: 'local' },
      { id: 'c', label: 'C', kind: 'ssh', host: 'board', sudo: true, user: 'root', port: 2222 },
      { id: 'd', label: 'D', kind: 'ssh', host: 'board', sudo: false, device: '/dev/aie1' },
      { id: 'e', label: 'E', kind: 'ssh', host: 'board', sudo: false, connectSeconds: 5, autoConnect: true },
    ];
    expect(parseBoardConfigs(JSON.parse(JSON.stringify(entries)))).toMatchObject({
      configs: entries,
      refused: 0,
    });
  });

  test.each([
    [null],
    ['text'],
    [{ label: 'no kind' }],
    [{ kind: 'simulated' }],
    [{ kind: 'simulated', label: '' }],
    [{ kind: 'simulated', label: 'x', id: '../etc' }],
    [{ kind: 'ssh', label: 'x' }],
    [{ kind: 'ssh', label: 'x', host: 'h', port: 70000 }],
    [{ kind: 'ssh', label: 'x', host: 'h'.repeat(5000) }],
    [{ kind: 'ssh', label: 'x', host: 'h', device: 'aie1' }],
  ])('%j is refused, the others stay', (bad) => {
    const good = { id: 'a', label: 'A', kind: 'simulated' };
    expect(parseBoardConfigs([bad, good])).toMatchObject({ configs: [good], refused: 1 });
  });

  test.each([0, -1, 3601, 1.5, '5', null])('[shape-9] a time-out of %j counts as none', (connectSeconds) => {
    const entry = { id: 'a', label: 'A', kind: 'ssh', host: 'h', sudo: false };
    expect(parseBoardConfigs([{ ...entry, connectSeconds }]).configs).toEqual([entry]);
  });

  test('boards given by environment get ids of their own', () => {
    const json =
      '[{"kind":"simulated","label":"Simulated board"},{"kind":"simulated","label":"Simulated board"}]';
    expect(startBoards(json, new Set(['simulated-board'])).configs.map((c) => c.id)).toEqual([
      'simulated-board-2',
      'simulated-board-3',
    ]);
    expect(startBoards(undefined, new Set()).configs).toEqual([]);
  });
});
