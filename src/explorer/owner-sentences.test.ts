import { describe, expect, test } from 'vitest';
import type { PartitionInfo } from '../board/board.ts';
import { clockOf, ownerText, partitionContext } from './owner-sentences.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const clock = (at: number) => `T${at}`;
const free: PartitionInfo = {
  key: '6_4',
  id: 1,
  columns: { startCol: 4, numCols: 2 },
  startRow: 0,
  numRows: 9,
  inUse: false,
  ownerGone: false,
  picked: false,
  clocksOn: false,
  epoch: '1',
};
const graph = { kind: 'process', pid: 1234, command: 'graph.elf', startedAt: 7 } as const;
const hold = { pid: 9, since: 10, until: 20 };

describe('how a partition stands, in words and for menus', () => {
  test.each<[string, Partial<PartitionInfo>, string, string]>([
    ['free', {}, 'free', 'partition.free'],
    ['[attach-3] picked', { picked: true }, 'free', 'partition.free.picked'],
    [
      '[attach-4] its clocks enabled',
      { picked: true, clocksOn: true },
      'free, clocks enabled',
      'partition.free.picked.clocks',
    ],
    [
      '[attach-6] a process',
      { inUse: true, owner: graph },
      'in use by graph.elf (1234) since T7',
      'partition.used.process',
    ],
    [
      '[attach-6] since nobody knows when',
      { inUse: true, owner: { ...graph, startedAt: 0 } },
      'in use by graph.elf (1234)',
      'partition.used.process',
    ],
    [
      '[attach-6] a process without a name',
      { inUse: true, owner: { ...graph, command: '' } },
      'in use by process 1234 since T7',
      'partition.used.process',
    ],
    [
      '[attach-9] the kernel',
      { inUse: true, owner: { kind: 'kernel', pid: 0, command: '', startedAt: 0 } },
      'held by the kernel (XRT)',
      'partition.used.kernel',
    ],
    [
      '[attach-6] somebody who cannot be seen',
      { inUse: true, owner: { kind: 'hidden', pid: 0, command: '', startedAt: 0 } },
      'in use, owner hidden',
      'partition.used.hidden',
    ],
    [
      '[attach-8] held while its owner lives',
      { inUse: true, owner: graph, hold },
      'in use by graph.elf (1234), held for post-mortem until T20',
      'partition.used.held',
    ],
    [
      '[attach-8] held after its owner went',
      { inUse: true, hold, ownerGone: true },
      'owner gone, held: the application cannot start until released',
      'partition.used.gone',
    ],
  ])('%s', (_, change, text, context) => {
    const info = { ...free, ...change };
    expect(ownerText(info, clock, l10n)).toBe(text);
    expect(partitionContext(info)).toBe(context);
  });

  test('a moment of today is its time, another one has its day too', () => {
    const at = new Date(2026, 4, 3, 18, 20).getTime();
    expect(clockOf('en-GB', () => at + 60_000)(at)).toBe('18:20');
    expect(clockOf('en-GB', () => at + 24 * 3_600_000)(at)).toBe('03/05/2026, 18:20');
  });
});
