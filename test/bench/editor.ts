/** What a person waits for in the editor, and the sizes of what they download. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Locator } from 'playwright-core';
import { buildAll } from '../../scripts/build.ts';
import { MOST_AT_START } from '../../scripts/check-package.ts';
import { root } from '../../scripts/common.ts';
import { startCodeServer } from '../../scripts/hosts.ts';
import { packageFor, TARGETS } from '../../scripts/package.ts';
import { Workbench } from '../e2e/driver.ts';
import { interleave, type Measure, median, spread } from './measure.ts';

const columnsRow = /Columns 0 to 3/;

/** Milliseconds from a click until `painted` finds something, seen from outside the page. */
async function untilPainted(click: () => Promise<void>, painted: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await click();
  await painted();
  return performance.now() - begin;
}

/** Activation as VS Code measured it, from its own list of running extensions. */
async function activation(workbench: Workbench): Promise<Measure> {
  await workbench.runCommand('Developer: Show Running Extensions');
  const row = (name: string) =>
    workbench.page.locator('.runtime-extensions-editor .extension', { hasText: name }).first();
  const milliseconds = async (name: string): Promise<number> => {
    const text = (await row(name).textContent()) ?? '';
    const found = /(\d+)\s*ms/.exec(text)?.[1];
    if (found === undefined) throw new Error(`no activation time in "${text}"`);
    return Number(found);
  };
  await row('Tilescope').waitFor();
  const ours = await milliseconds('Tilescope');
  const git = await milliseconds('Git');
  return {
    name: 'activation',
    value: ours,
    unit: 'ms',
    peer: { name: "VS Code's own Git extension in the same window", value: git },
    ratio: git / ours,
    goal: { at: 'least', value: 1 },
    note: 'one start; as "Developer: Show Running Extensions" says it',
  };
}

/** The least that an editor with a page of its own can be: it shows one line that it brings along. */
const BARE = {
  manifest: {
    name: 'bare',
    publisher: 'bench',
    version: '0.0.1',
    engines: { vscode: '^1.100.0' },
    main: './bare.js',
    contributes: {
      customEditors: [
        {
          viewType: 'bare',
          displayName: 'Bare',
          selector: [{ filenamePattern: '*.bare' }],
          priority: 'default',
        },
      ],
    },
  },
  code: `exports.activate = ({ subscriptions }) => {
  const page = '<!DOCTYPE html><html><body><div id="grid"><span class="cell bytes">AB</span></div></body></html>';
  const provider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    resolveCustomEditor: (document, panel) => { panel.webview.html = page; },
  };
  subscriptions.push(require('vscode').window.registerCustomEditorProvider('bare', provider));
};`,
} as const;

/** An editor may take this long on a busy machine, milliseconds. */
const MOST_MS = 60_000;

/** Milliseconds from a click on a row of the side bar to bytes in a page that was not there before. */
async function untilBytes(workbench: Workbench, row: Locator): Promise<number> {
  const { page } = workbench;
  const before = new Set(page.frames());
  const look = async (): Promise<void> => {
    for (const end = Date.now() + MOST_MS; Date.now() < end; ) {
      for (const frame of page.frames()) {
        if (before.has(frame)) continue;
        const text = await frame
          .evaluate(() => document.querySelector('#grid .cell.bytes')?.textContent ?? '')
          .catch(() => '');
        if (/[0-9A-F]{2}/.test(text)) return;
      }
      await page.waitForTimeout(5);
    }
    throw new Error('No page showed bytes.');
  };
  return untilPainted(() => row.click(), look);
}

/** First and second tab of tiles, and of the bare editor, in turn. */
async function opening(workbench: Workbench, rounds: number): Promise<Measure[]> {
  const { page } = workbench;
  const close = async (): Promise<void> => {
    await workbench.runCommand('View: Close All Editors');
    await page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  };
  const second: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
  const twoTabs = async (rows: readonly string[], seconds: number[]): Promise<number> => {
    const times: number[] = [];
    for (const name of rows) {
      times.push(await untilBytes(workbench, await workbench.waitForRow(name)));
      await workbench.runCommand('View: Keep Editor');
    }
    await close();
    const [first, next] = times;
    if (first === undefined || next === undefined) throw new Error('two tabs are opened');
    seconds.push(next);
    return first;
  };
  const [ours = [], bare = []] = await interleave(
    rounds,
    async () => {
      await workbench.showView('Tilescope');
      await workbench.expand('Simulated board');
      await workbench.expand(columnsRow);
      await workbench.expand('Data memory');
      return twoTabs(['(1,2)', '(1,3)'], second.ours);
    },
    async () => {
      await workbench.showView('Explorer');
      return twoTabs(['one.bare', 'two.bare'], second.bare);
    },
  );
  // The round that is not counted fills the second tabs too.
  const row = (tab: string, us: readonly number[], them: readonly number[]): Measure => ({
    name: `open a tile to first painted bytes, ${tab} tab (simulated board)`,
    value: median(us),
    unit: 'ms',
    peer: { name: 'the least page that VS Code can show for a file', value: median(them) },
    ratio: median(them) / median(us),
    note: `median of ${rounds}, interleaved; ms: ours ${spread(us, 0)}, least page ${spread(them, 0)}`,
  });
  return [row('first', ours, bare), row('second', second.ours.slice(1), second.bare.slice(1))];
}

async function sizes(): Promise<Measure[]> {
  const kib = (bytes: number): number => Math.round(bytes / 102.4) / 10;
  const measures: Measure[] = [];
  const bundles = await buildAll({ production: true });
  const bytesOf = new Map<string, number>();
  for (const { file, bytes } of bundles) {
    // Pieces that several parts share are named by their contents, and some hold a line or two: they count as one.
    const name = relative(root, file).replace(/\/shared-\w+\./, '/shared-*.');
    bytesOf.set(name, (bytesOf.get(name) ?? 0) + bytes);
  }
  for (const [name, bytes] of bytesOf)
    measures.push({ name: `bundle ${name}`, value: kib(bytes), unit: 'KiB' });
  const atStart = bundles.filter((one) => one.atStart).reduce((sum, one) => sum + one.bytes, 0);
  measures.push({
    name: 'loaded when the extension starts',
    value: kib(atStart),
    unit: 'KiB',
    goal: { at: 'most', value: kib(MOST_AT_START) },
  });
  for (const target of TARGETS) {
    const { size } = await stat(await packageFor(target));
    measures.push({ name: `VSIX ${target}`, value: kib(size), unit: 'KiB' });
  }
  return measures;
}

/** Starts VS Code in the browser with the simulated board and measures; medians of `rounds`. */
export async function measureEditor(rounds: number): Promise<Measure[]> {
  const measures = await sizes();
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  for (const name of ['one.bare', 'two.bare']) await writeFile(join(folder, name), '');
  const dataFolder = await mkdtemp(join(tmpdir(), 'tilescope-bench-profile-'));
  const bare = join(dataFolder, 'extensions', 'bench.bare-0.0.1');
  await mkdir(bare, { recursive: true });
  await writeFile(join(bare, 'package.json'), JSON.stringify(BARE.manifest));
  await writeFile(join(bare, 'bare.js'), BARE.code);
  const host = await startCodeServer({
    folder,
    dataFolder,
    extensionDevelopmentPath: root,
    env: {
      HOME: folder,
      TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]),
    },
  });
  try {
    const workbench = await Workbench.open(host);
    try {
      measures.push(...(await opening(workbench, rounds)), await activation(workbench));
    } finally {
      await workbench.close();
    }
  } finally {
    await host.stop();
    for (const one of [folder, dataFolder]) await rm(one, { recursive: true, force: true, maxRetries: 5 });
  }
  return measures;
}
