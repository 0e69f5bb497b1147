import { expect, test, vi } from 'vitest';
import { Emitter } from '../model/event.ts';
import type { MemoryGeometry } from '../model/geometry.ts';
import type { WriteLogEntry } from '../session/types.ts';

vi.mock('vscode', () => ({
  EventEmitter: Emitter,
  ViewColumn: {},
  env: { language: 'en' },
  l10n: { t: (message: string) => message },
  window: { showTextDocument: async () => undefined },
  workspace: { onDidCloseTextDocument: () => ({ dispose: () => undefined }) },
}));
const { WrittenBytes } = await import('./written-bytes.ts');
const { writesText } = await import('./writes-text.ts');

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 6,
  numCols: 2,
  startRow: 1,
  numRows: 8,
  bytesPerTile: 0x8000,
} as unknown as MemoryGeometry;
const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const clock = (at: number) => `at ${at}`;

test('[shape-9] the write log says when, where, what became of it, old and new bytes', () => {
  const entry = { at: 1, offset: 0x1c0, before: Uint8Array.of(1, 2), after: Uint8Array.of(0xab, 0) };
  const text = writesText([{ ...entry, outcome: 'verified' }], geometry, clock, l10n);
  expect(text).toBe('at 1  (6,1)+0x01C0  written and verified\n    01 02\n  > AB 00\n');
  for (const outcome of ['changed-after', 'conflict', 'refused', 'unreadable', 'unknown'] as const)
    expect(writesText([{ ...entry, outcome }], geometry, clock, l10n)).not.toContain(outcome);
});

test('[shape-9] a long write is cut short, with its length; an empty log says so', () => {
  const bytes = new Uint8Array(1000);
  const entry = { at: 1, offset: 0, before: bytes, after: bytes, outcome: 'verified' } as const;
  expect(writesText([entry], geometry, clock, l10n)).toContain('00 ... (1000)');
  expect(writesText([], geometry, clock, l10n)).toBe('Nothing was written to this memory in this window.\n');
});

test('[shape-9] a log that stayed open when its editor was closed follows the editor that is opened next', async () => {
  const asked = vi.fn();
  const log = { toString: () => 'the log' };
  const uri = { path: '/data 1_2', with: (change: unknown) => (asked(change), log) };
  const session = () => {
    const written = new Emitter<void>();
    const writeLog: WriteLogEntry[] = [];
    return { geometry, writeLog, onDidWrite: written.event, written };
  };
  const writes = new WrittenBytes();
  const told: unknown[] = [];
  writes.onDidChange((changed) => told.push(changed));
  const [before, after] = [session(), session()];
  for (const one of [before, after]) await writes.show({ uri, session: one } as never);
  // The tab is named by the last part of the path: not as the memory's own.
  expect(asked).toHaveBeenLastCalledWith({ scheme: 'aie-writes', path: '/data 1_2 (write log)' });
  after.writeLog.push({
    at: 1,
    offset: 0,
    before: Uint8Array.of(1),
    after: Uint8Array.of(2),
    outcome: 'verified',
  });
  told.length = 0;
  before.written.fire();
  expect(told).toEqual([]);
  after.written.fire();
  expect(told).toHaveLength(1);
  expect(writes.provideTextDocumentContent(log as never)).toContain('> 02');
  writes.dispose();
});
