import { expect, test, vi } from 'vitest';
import { makeElf } from '../../test/program/elf.ts';
import { Emitter } from '../model/event.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { ManualTime } from '../session/scripted-board.ts';

const window = vi.hoisted(() => ({
  files: new Map<string, Uint8Array>(),
  said: [] as string[],
  /** Lines that are marked, by the kind of mark; and those that were brought into sight. */
  marks: new Map<unknown, number[]>(),
  revealed: [] as number[],
  editors: [] as unknown[],
}));

vi.mock('vscode', () => {
  const nothing = { dispose: () => undefined };
  const uri = (path: string) => ({
    path,
    fsPath: path,
    toString: () => path,
    with: (to: { path: string }) => uri(to.path),
  });
  return {
    EventEmitter: Emitter,
    Disposable: { from: () => nothing },
    ThemeColor: class {},
    Range: class {
      readonly line: number;
      constructor(line: number) {
        this.line = line;
      }
    },
    ViewColumn: { Beside: -2 },
    TextEditorRevealType: { InCenterIfOutsideViewport: 2 },
    Uri: {
      parse: uri,
      file: uri,
      from: ({ scheme, path }: { scheme: string; path: string }) => uri(`${scheme}:${path}`),
    },
    l10n: {
      t: (text: string, ...args: unknown[]) => text.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
    },
    window: {
      get visibleTextEditors() {
        return window.editors;
      },
      createTextEditorDecorationType: () => ({ ...nothing }),
      onDidChangeVisibleTextEditors: () => nothing,
      onDidChangeTextEditorSelection: () => nothing,
      showInformationMessage: async (text: string) => void window.said.push(text),
      showTextDocument: async (shown: unknown) => {
        window.editors = [
          {
            document: { uri: shown },
            setDecorations: (kind: unknown, ranges: { line: number }[]) =>
              window.marks.set(
                kind,
                ranges.map(({ line }) => line),
              ),
            revealRange: ({ line }: { line: number }) => window.revealed.push(line),
          },
        ];
      },
    },
    workspace: {
      isTrusted: true,
      getConfiguration: () => ({ get: () => '' }),
      registerTextDocumentContentProvider: () => nothing,
      onDidCloseTextDocument: () => nothing,
      fs: {
        stat: async ({ path }: { path: string }) => {
          const bytes = window.files.get(path);
          if (bytes === undefined) throw new Error('no such file');
          return { size: bytes.length };
        },
        readFile: async ({ path }: { path: string }) => window.files.get(path),
      },
    },
  };
});

const { DisassemblyView } = await import('./disassembly-view.ts');

const place = { board: 'b', partition: '0_4' as PartitionKey, tile: { col: 1, row: 3 } };

test('[names-4] the core and the caret are marked in the page and followed; bytes that change are shown, at a pace', async () => {
  const time = new ManualTime();
  const changed = new Emitter<void>();
  const now = { offset: 0, pc: 0 as number | undefined, byte: 1, elf: undefined as string | undefined };
  const view = new DisassemblyView(
    {
      atCaret: () => ({ ...place, offset: now.offset }),
      bytes: (_, __, length) => new Uint8Array(length).fill(now.byte),
      pc: () => now.pc,
      elf: () => now.elf,
      reveal: () => undefined,
      onDidChange: (listener) => changed.event(listener),
    },
    (milliseconds, action) => time.after(milliseconds, action),
  );
  await view.show();
  expect(window.said.pop()).toBe('No build has a program for the core of (1,3), or several have.');
  now.elf = '/Release/1_2';
  const bytes = new Uint8Array(64);
  const section = { name: '.text', flags: 6, address: 0, bytes, isLoaded: true };
  window.files.set('/Release/1_2', makeElf({ flags: 1, sections: [section] }));
  await view.show();
  expect(window.said.pop()).toMatch(/^There is no disassembly of the program in tile \(1,3\)/);
  const listing = '       0    NOPA\n      16    NOPB\n      32    DONE\n';
  window.files.set('/Release/1_2.lst', new TextEncoder().encode(listing));
  await view.show();
  expect(window.said).toEqual([]);
  const marked = () => [...window.marks.values()].flat();
  expect(marked(), 'both at the first instruction').toEqual([0, 0]);
  now.pc = 20;
  changed.fire();
  expect(marked()).toEqual([1, 0]);
  expect(window.revealed.at(-1)).toBe(1);
  now.offset = 33;
  changed.fire();
  expect(marked()).toEqual([1, 2]);
  expect(window.revealed.at(-1)).toBe(2);
  const seen = window.revealed.length;
  changed.fire();
  expect(window.revealed, 'nothing moved').toHaveLength(seen);
  now.pc = undefined;
  changed.fire();
  expect(marked()).toEqual([2]);
  let fresh = 0;
  view.onDidChange(() => fresh++);
  now.byte = 2;
  for (let i = 0; i < 5; i++) changed.fire();
  expect(fresh).toBe(0);
  time.advance(1000);
  expect(fresh).toBe(1);
  view.dispose();
});
