import { expect, test } from 'vitest';
import { ownerName, processName } from './owner-name.ts';

const l10n = {
  t: (text: string, ...args: (string | number | boolean)[]) =>
    text.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
};

test('[shape-5] an owner has one name: its command and number, or as much as is known', () => {
  expect(processName({ command: 'graph.elf', pid: 1234 }, l10n)).toBe('graph.elf (1234)');
  expect(processName({ pid: 1234 }, l10n)).toBe('process 1234');
  expect(processName({ command: 'graph.elf' }, l10n)).toBe('graph.elf');
  expect(processName({ command: '', pid: 0 }, l10n)).toBe('an application');
  const owner = { pid: 7, command: 'graph.elf', startedAt: 0 };
  expect(ownerName({ ...owner, kind: 'process' }, l10n)).toBe('graph.elf (7)');
  expect(ownerName({ ...owner, kind: 'kernel' }, l10n)).toBe('the kernel (XRT)');
  expect(ownerName({ ...owner, kind: 'hidden', pid: 0, command: '' }, l10n)).toBe(
    'an owner that cannot be seen',
  );
  expect(ownerName(undefined, l10n)).toBe('an application');
});
