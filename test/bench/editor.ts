/** What a person waits for in the editor, and the sizes of what they download. */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Locator } from 'playwright-core';
import { buildAll } from '../../scripts/build.ts';
import { MOST_AT_START } from '../../scripts/check-package.ts';
import { root } from '../../scripts/common.ts';
import { startCodeServer } from '../../scripts/hosts.ts';
import { packageFor, TARGETS } from '../../scripts/package.ts';
import { Workbench } from '../e2e/driver.ts';
import { interleave, type Measure, median, spread, warmUps } from './measure.ts';

const columnsRow = /Columns 0 to 3/;

/** Activation as VS Code measured it, from its own list of running extensions. */
async function activation(workbench: Workbench): Promise<Measure> {
  // The list makes rows only for what is in sight, and is ordered by time.
  await workbench.page.setViewportSize({ width: 1400, height: 6000 });
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

/** A file of a tile's size, and the byte that fills it. */
const FILE_BYTES = 32 * 1024;
const FILLED_WITH = 0xb7;

/** What a person opens beside a tile, to compare with. */
interface Peer {
  readonly name: string;
  /** Files of the explorer, one for each tab. */
  readonly rows: readonly [string, string];
  /** In a page, whether bytes are there. */
  readonly isPainted: () => boolean;
  /** The peer's time over ours, of the first and the second tab: at least. */
  readonly goals?: readonly [number, number];
}

/** Ours shows its first rows before its script does. */
const hasGrid = (): boolean => {
  const text = document.querySelector('#grid .cell.bytes, .sight pre:nth-child(2)')?.textContent ?? '';
  return /[0-9A-F]{2}/.test(text);
};

const LEAST_PAGE: Peer = {
  name: 'the least page that VS Code can show for a file',
  rows: ['one.bare', 'two.bare'],
  isPainted: hasGrid,
};

/** The hex editor that VS Code recommends. Its page says nothing of its parts, so its text is searched for the byte. */
const HEX_EDITOR: Peer = {
  name: 'vscode-hexeditor with a file of 32 KiB',
  rows: ['one.tile', 'two.tile'],
  isPainted: () => /\bB7\b/i.test(document.body.innerText),
  goals: [1 / 0.5, 1 / 0.3],
};

/** An editor may take this long on a busy machine, milliseconds. */
const MOST_MS = 60_000;

/**
 * Milliseconds from a click on a row of the side bar to bytes in a page that was not there before, by the window's clock. The click
 * counts from when the window got it: what the automation checks before it clicks is nothing that a person waits for.
 */
async function untilBytes(workbench: Workbench, row: Locator, isPainted: () => boolean): Promise<number> {
  const { page } = workbench;
  const before = new Set(page.frames());
  const clicked = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        addEventListener('click', ({ timeStamp }) => resolve(timeStamp), { capture: true, once: true });
      }),
  );
  await row.click();
  for (const end = Date.now() + MOST_MS; Date.now() < end; ) {
    for (const frame of page.frames()) {
      if (before.has(frame)) continue;
      if (await frame.evaluate(isPainted).catch(() => false))
        return (await page.evaluate(() => performance.now())) - (await clicked);
    }
    await page.waitForTimeout(5);
  }
  throw new Error('No page showed bytes.');
}

/** Milliseconds to the bytes of the first and of the second tab, of each round. */
interface Tabs {
  readonly name: string;
  readonly first: number[];
  readonly second: number[];
}

/** First and second tab of tiles, of the least page and of other peers, in turn. */
async function opening(workbench: Workbench, peers: readonly Peer[], rounds: number): Promise<Measure[]> {
  const { page } = workbench;
  const close = async (): Promise<void> => {
    await workbench.runCommand('View: Close All Editors');
    await page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  };
  const seconds: number[][] = [];
  const twoTabs = async (
    contender: number,
    rows: readonly string[],
    isPainted: () => boolean,
  ): Promise<number> => {
    const times: number[] = [];
    for (const name of rows) {
      times.push(await untilBytes(workbench, await workbench.waitForRow(name), isPainted));
      await workbench.runCommand('View: Keep Editor');
    }
    await close();
    const [first, next] = times;
    if (first === undefined || next === undefined) throw new Error('two tabs are opened');
    seconds[contender] = [...(seconds[contender] ?? []), next];
    return first;
  };
  const firsts = await interleave(
    rounds,
    async () => {
      await workbench.showView('Tilescope');
      await workbench.expand('Simulated board');
      await workbench.expand(columnsRow);
      await workbench.expand('Data memory');
      return twoTabs(0, ['(1,2)', '(1,3)'], hasGrid);
    },
    ...[LEAST_PAGE, ...peers].map(({ rows, isPainted }, index) => async () => {
      await workbench.showView('Explorer');
      return twoTabs(index + 1, rows, isPainted);
    }),
  );
  const tabsOf = (contender: number, name: string): Tabs => ({
    name,
    first: firsts[contender] ?? [],
    // A round that is not counted fills the second tabs too.
    second: (seconds[contender] ?? []).slice(warmUps(rounds)),
  });
  const compare = (us: Tabs, them: Tabs, goals?: Peer['goals']): Measure[] =>
    (['first', 'second'] as const).map((tab, index) => ({
      name: `${us.name}, ${tab} tab`,
      value: median(us[tab]),
      unit: 'ms',
      peer: { name: them.name, value: median(them[tab]) },
      ratio: median(them[tab]) / median(us[tab]),
      ...(goals === undefined ? {} : { goal: { at: 'least', value: goals[index] ?? 0 } }),
      note: `median of ${rounds}, interleaved; ms: ${spread(us[tab], 0)}, peer ${spread(them[tab], 0)}`,
    }));
  const ours = tabsOf(0, 'open a tile to first painted bytes (simulated board)');
  const least = tabsOf(1, LEAST_PAGE.name);
  return [
    ...compare(ours, least),
    // Beside the goal stands how near to it an editor comes that does nothing at all.
    ...peers.flatMap(({ name, goals }, index) => {
      const theirs = tabsOf(index + 2, name);
      return [...compare(ours, theirs, goals), ...compare(least, theirs)];
    }),
  ];
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

/**
 * Starts VS Code in the browser with the simulated board and measures; medians of `rounds`.
 *
 * @param hexEditor the folder of an unpacked vscode-hexeditor, which no package registry has; without it those rows are
 * left out
 */
export async function measureEditor(
  rounds: number,
  hexEditor = process.env['HEX_EDITOR'],
): Promise<Measure[]> {
  const measures = await sizes();
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  for (const name of LEAST_PAGE.rows) await writeFile(join(folder, name), '');
  const filled = new Uint8Array(FILE_BYTES).fill(FILLED_WITH);
  for (const name of HEX_EDITOR.rows) await writeFile(join(folder, name), filled);
  const dataFolder = await mkdtemp(join(tmpdir(), 'tilescope-bench-profile-'));
  const bare = join(dataFolder, 'extensions', 'bench.bare-0.0.1');
  await mkdir(bare, { recursive: true });
  await writeFile(join(bare, 'package.json'), JSON.stringify(BARE.manifest));
  await writeFile(join(bare, 'bare.js'), BARE.code);
  if (hexEditor !== undefined)
    await cp(hexEditor, join(dataFolder, 'extensions', 'ms-vscode.hexeditor-0.0.1'), { recursive: true });
  const host = await startCodeServer({
    folder,
    dataFolder,
    extensionDevelopmentPath: root,
    settings: { 'workbench.editorAssociations': { '*.tile': 'hexEditor.hexedit' } },
    env: {
      HOME: folder,
      TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]),
    },
  });
  try {
    const workbench = await Workbench.open(host);
    try {
      measures.push(...(await opening(workbench, hexEditor === undefined ? [] : [HEX_EDITOR], rounds)));
      measures.push(await activation(workbench));
    } finally {
      await workbench.close();
    }
  } finally {
    await host.stop();
    for (const one of [folder, dataFolder]) await rm(one, { recursive: true, force: true, maxRetries: 5 });
  }
  return measures;
}
