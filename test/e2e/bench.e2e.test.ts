/** What the benchmark measures in the editor, one round: that each figure is there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { measureEditor } from '../bench/editor.ts';
import { measureOnScreen } from '../bench/live.ts';
import { measurePage } from '../bench/page.ts';

/** How late the stand-in below shows bytes, milliseconds. */
const LATE_MS = 2000;

/** Stands in for vscode-hexeditor: an editor of its name whose page shows the bytes of the file late. */
const standIn = {
  manifest: {
    name: 'hexeditor',
    publisher: 'ms-vscode',
    version: '0.0.1',
    engines: { vscode: '^1.100.0' },
    main: './main.js',
    contributes: {
      customEditors: [
        {
          viewType: 'hexEditor.hexedit',
          displayName: 'Hex Editor',
          selector: [{ filenamePattern: '*' }],
          priority: 'option',
        },
      ],
    },
  },
  code: `const vscode = require('vscode');
exports.activate = ({ subscriptions }) => {
  const provider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    resolveCustomEditor: async ({ uri }, { webview }) => {
      webview.options = { enableScripts: true };
      const bytes = await vscode.workspace.fs.readFile(uri);
      const text = Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16)).join(' ');
      setTimeout(() => { webview.html = '<!DOCTYPE html><html><body>' + text + '</body></html>'; }, ${LATE_MS});
    },
  };
  subscriptions.push(vscode.window.registerCustomEditorProvider('hexEditor.hexedit', provider));
};`,
} as const;

let hexEditor = '';
beforeAll(async () => {
  hexEditor = await mkdtemp(join(tmpdir(), 'tilescope-bench-peer-'));
  await writeFile(join(hexEditor, 'package.json'), JSON.stringify(standIn.manifest));
  await writeFile(join(hexEditor, 'main.js'), standIn.code);
});
afterAll(() => rm(hexEditor, { recursive: true, force: true }));

test('[main-24] [shape-7] sizes of bundles and packages, opening a tile to first painted bytes, activation', async () => {
  const measures = await measureEditor(1, hexEditor);
  const names = measures.map((measure) => measure.name);
  for (const part of [
    /^bundle .*extension\.cjs$/,
    /^bundle .*main\.js$/,
    /^loaded when the extension starts$/,
    /^VSIX linux-arm64$/,
    /^VSIX universal$/,
    /^open a tile to first painted bytes .*, first tab$/,
    /^open a tile to first painted bytes .*, second tab$/,
    /^the least page .*, first tab$/,
    /^the least page .*, second tab$/,
    /^open a tile .*, from the same list, first tab$/,
    /^open a tile .*, from the same list, second tab$/,
    /^activation$/,
  ]) {
    expect(
      names.some((name) => part.test(name)),
      String(part),
    ).toBe(true);
  }
  expect(measures.filter((measure) => !(measure.value > 0))).toEqual([]);
  const goals = measures.filter(({ name, goal }) => name.startsWith('open a tile') && goal !== undefined);
  expect(goals.map(({ peer, goal }) => [peer?.name, goal?.value.toFixed(2)])).toEqual([
    ['vscode-hexeditor with a file of 32 KiB', '2.00'],
    ['vscode-hexeditor with a file of 32 KiB', '3.33'],
    ['vscode-hexeditor with a file of 32 KiB, from the same list', '2.00'],
    ['vscode-hexeditor with a file of 32 KiB, from the same list', '3.33'],
  ]);
  for (const { peer } of goals) expect(peer?.value).toBeGreaterThanOrEqual(LATE_MS);
});

test('[live-14] from a change on the board to its painted cell, in a real window', async () => {
  const measures = await measureOnScreen(1);
  const name = 'change on the board to painted cell at 10 Hz, without the link';
  expect(measures.map((measure) => measure.name)).toEqual([`${name}: median`, `${name}: p95`]);
  // On a busy machine a round trip alone may take longer than another change with all of its way.
  for (const { value, peer } of measures) {
    expect(value).not.toBeNaN();
    expect(peer?.value).toBeGreaterThan(0);
  }
  expect(measures[1]?.goal).toEqual({ at: 'most', value: 150 });
});

test("[live-14] what an update costs the page: bytes within their limit, the main thread's time, frames", async () => {
  const measures = await measurePage(1);
  const goalOf = (part: RegExp) =>
    measures.filter(({ name }) => part.test(name)).map(({ goal }) => goal?.value);
  expect(goalOf(/a usual window: main thread of the page$/)).toEqual([4, 4, 4, 4]);
  expect(goalOf(/: frames a second$/)).toEqual(Array.from({ length: 8 }, () => 59));
  const bytes = measures.filter(({ unit }) => unit === 'bytes');
  expect(bytes.map(({ name }) => name)).toEqual([
    'delta, one word: bytes',
    'delta, 64 scattered words: bytes',
    'delta, every second byte of 4 KiB: bytes',
    'delta, all of 4 KiB: bytes',
  ]);
  // Counted, whatever else the machine does.
  expect(bytes.filter(({ value, goal }) => value > (goal?.value ?? 0))).toEqual([]);
});
