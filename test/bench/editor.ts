/** What a person waits for in the editor, and the sizes of what they download. */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Locator } from 'playwright-core';
import { buildAll } from '../../scripts/build.ts';
import { MOST_AT_START } from '../../scripts/check-package.ts';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { packageFor, TARGETS } from '../../scripts/package.ts';
import { Workbench } from '../e2e/driver.ts';
import { interleave, type Measure, median, spread, warmUps } from './measure.ts';

const columnsRow = /Columns 0 to 3/;

/** What the status bar says once all that starts with a window has started. */
const STARTED = 'Bench: started';

/** Milliseconds that VS Code counted for ours and for its Git extension, in a window that is opened for this. */
async function activationTimes(host: RunningHost): Promise<readonly [ours: number, git: number]> {
  const workbench = await Workbench.open(host);
  try {
    // What is asked for before is started with all others, and VS Code counts their time for each of them.
    await workbench.page.locator('.statusbar-item', { hasText: STARTED }).waitFor();
    await workbench.showView('Tilescope');
    await workbench.waitForRow('Simulated board');
    // The list makes rows only for what is in sight, and is ordered by time.
    await workbench.page.setViewportSize({ width: 1400, height: 6000 });
    await workbench.runCommand('Developer: Show Running Extensions');
    // A name and its version: there is more whose name begins alike.
    const milliseconds = async (name: string): Promise<number> => {
      const row = workbench.page.locator('.runtime-extensions-editor .extension', {
        hasText: new RegExp(`^${name}\\d.*\\d+ *ms`),
      });
      const text = (await row.first().textContent()) ?? '';
      return Number(/(\d+)\s*ms/.exec(text)?.[1]);
    };
    return [await milliseconds('Tilescope'), await milliseconds('Git')];
  } finally {
    await workbench.close();
  }
}

/** Activation as VS Code measured it, from its own list of running extensions: medians of `rounds` windows. */
async function activation(host: RunningHost, rounds: number): Promise<Measure> {
  const times: (readonly [number, number])[] = [];
  for (let round = -warmUps(rounds); round < rounds; round++) {
    const found = await activationTimes(host);
    if (round >= 0) times.push(found);
  }
  const ours = times.map(([time]) => time);
  const git = times.map(([, time]) => time);
  return {
    name: 'activation',
    value: median(ours),
    unit: 'ms',
    peer: { name: "VS Code's own Git extension in the same windows", value: median(git) },
    ratio: median(times.map(([time, peer]) => peer / time)),
    goal: { at: 'least', value: 1 },
    note: `as "Developer: Show Running Extensions" says it, ${rounds} windows: ours ${spread(ours, 0)} ms, Git ${spread(git, 0)} ms`,
  };
}

/** A list of its own that opens files, and the tabs that it was told to remember, all by the same command of VS Code. */
const ONE_LIST = 'Same list';
const REMEMBER = 'Bench: Remember This Tab';

/** The least that an editor with a page of its own can be: it shows one line that it brings along. */
const BARE = {
  manifest: {
    name: 'bare',
    publisher: 'bench',
    version: '0.0.1',
    engines: { vscode: '^1.100.0' },
    main: './bare.js',
    activationEvents: ['onStartupFinished'],
    contributes: {
      customEditors: [
        {
          viewType: 'bare',
          displayName: 'Bare',
          selector: [{ filenamePattern: '*.bare' }],
          priority: 'default',
        },
      ],
      commands: [{ command: 'bare.remember', title: REMEMBER }],
      viewsContainers: { activitybar: [{ id: 'bare', title: ONE_LIST, icon: '$(list-flat)' }] },
      views: { bare: [{ id: 'bare.list', name: ONE_LIST }] },
    },
  },
  code: `const { commands, EventEmitter, window, workspace } = require('vscode');
exports.activate = ({ subscriptions }) => {
  const started = window.createStatusBarItem();
  started.text = '${STARTED}';
  started.show();
  const page = '<!DOCTYPE html><html><body><div id="grid"><span class="cell bytes">AB</span></div></body></html>';
  const provider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    resolveCustomEditor: (document, { webview }) => {
      webview.options = { enableScripts: true };
      webview.html = page;
    },
  };
  subscriptions.push(started, window.registerCustomEditorProvider('bare', provider));
  const changed = new EventEmitter();
  const remembered = [];
  const remember = () => {
    const { label, input } = window.tabGroups.activeTabGroup.activeTab;
    remembered.push({ label, uri: input.uri, viewType: input.viewType });
    changed.fire();
  };
  const ofFile = (viewType) => (uri) => ({ label: 'file ' + uri.path.split('/').pop(), uri, viewType });
  const items = async () => [
    ...(await workspace.findFiles('*.bare')).map(ofFile('bare')),
    ...(await workspace.findFiles('*.tile')).map(ofFile('hexEditor.hexedit')),
    ...remembered,
  ];
  const toItem = ({ label, uri, viewType }) => ({
    label,
    command: { command: 'vscode.openWith', title: '', arguments: [uri, viewType] },
  });
  subscriptions.push(
    commands.registerCommand('bare.remember', remember),
    window.registerTreeDataProvider('bare.list', {
      onDidChangeTreeData: changed.event,
      getChildren: items,
      getTreeItem: toItem,
    }),
  );
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

/** A person holds a mouse's button down so long, milliseconds: what the window does about the press is done by then. */
const PRESS_MS = 80;

/** An editor may take this long on a busy machine, milliseconds. */
const MOST_MS = 60_000;

/** The name under which a page of the window tells us that its bytes were painted. */
const PAINTED = 'benchPainted';

/** Runs in each page of the window from its begin: what is asked from outside would take its time from what is measured. */
function watchPage(tell: string, predicates: readonly (() => boolean)[]): void {
  const look = (): void => {
    if (document.body === null || !predicates.some((isPainted) => isPainted())) {
      // VS Code writes the page into a document that is there already; that ends its animation frames.
      setTimeout(look, 4);
      return;
    }
    // The first task after the frame that has them.
    requestAnimationFrame(() =>
      setTimeout(() => {
        const told = (globalThis as unknown as Record<string, (at: number) => void>)[tell];
        told?.(performance.timeOrigin + performance.now());
      }),
    );
  };
  if (window !== window.top) look();
}

/** Tells when pages of a window painted bytes: milliseconds since the epoch, by the window's clock. */
class Paintings {
  #told: (at: number) => void = () => undefined;

  /** @param predicates in a page, whether bytes are there; each counts in any page */
  static async of({ page }: Workbench, predicates: readonly (() => boolean)[]): Promise<Paintings> {
    const paintings = new Paintings();
    await page.exposeBinding(PAINTED, (_, at: number) => paintings.#told(at));
    await page.addInitScript({ content: `(${watchPage})(${JSON.stringify(PAINTED)}, [${predicates}])` });
    return paintings;
  }

  /** When the next page that is not there yet has painted bytes. */
  next(): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = setTimeout(() => reject(new Error('No page showed bytes.')), MOST_MS);
      this.#told = (at) => {
        clearTimeout(end);
        resolve(at);
      };
    });
  }
}

/**
 * Milliseconds from a click on a row of the side bar to bytes in a page that was not there before, by the window's clock. The click
 * counts from when the window got it: what the automation checks before it clicks is nothing that a person waits for.
 */
async function untilBytes({ page }: Workbench, row: Locator, paintings: Paintings): Promise<number> {
  const clicked = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const tell = ({ timeStamp }: Event): void => resolve(performance.timeOrigin + timeStamp);
        addEventListener('click', tell, { capture: true, once: true });
      }),
  );
  const painted = paintings.next();
  await row.click({ delay: PRESS_MS });
  return (await painted) - (await clicked);
}

/** Milliseconds to the bytes of the first and of the second tab, of each round. */
interface Tabs {
  readonly name: string;
  readonly first: number[];
  readonly second: number[];
}

/** Tiles that are opened. */
const TILES = ['(1,2)', '(1,3)'] as const;

/** What is opened in turn, from a list that is in sight once `show` is done. */
interface Contender {
  readonly name: string;
  readonly rows: readonly [string | RegExp, string | RegExp];
  show(): Promise<void>;
}

/** First and second tab of each contender, in turn. */
async function tabsOf(
  workbench: Workbench,
  paintings: Paintings,
  contenders: readonly Contender[],
  rounds: number,
): Promise<readonly Tabs[]> {
  const seconds = contenders.map((): number[] => []);
  const firsts = await interleave(
    rounds,
    ...contenders.map(({ rows, show }, contender) => async () => {
      await show();
      const [first, second] = await inTurn(rows, async (row) => {
        const time = await untilBytes(workbench, await workbench.waitForRow(row), paintings);
        await workbench.runCommand('View: Keep Editor');
        return time;
      });
      await workbench.runCommand('View: Close All Editors');
      await workbench.page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
      seconds[contender]?.push(second);
      return first;
    }),
  );
  return contenders.map(({ name }, contender) => ({
    name,
    first: firsts[contender] ?? [],
    // A round that is not counted fills the second tabs too.
    second: (seconds[contender] ?? []).slice(warmUps(rounds)),
  }));
}

/** Does both, one after the other. */
async function inTurn<T, R>(both: readonly [T, T], act: (one: T) => Promise<R>): Promise<[R, R]> {
  const first = await act(both[0]);
  return [first, await act(both[1])];
}

/** Our times, and the least page's, beside those of all others. */
function compareTabs(
  [ours, least, ...others]: readonly Tabs[],
  rounds: number,
  goals: readonly Peer['goals'][],
): Measure[] {
  if (ours === undefined || least === undefined) throw new Error('a tile and the least page are opened');
  const compare = (us: Tabs, them: Tabs, goal?: Peer['goals']): Measure[] =>
    (['first', 'second'] as const).map((tab, index) => ({
      name: `${us.name}, ${tab} tab`,
      value: median(us[tab]),
      unit: 'ms',
      peer: { name: them.name, value: median(them[tab]) },
      ratio: median(them[tab]) / median(us[tab]),
      ...(goal === undefined ? {} : { goal: { at: 'least', value: goal[index] ?? 0 } }),
      note: `median of ${rounds}, interleaved; ms: ${spread(us[tab], 0)}, peer ${spread(them[tab], 0)}`,
    }));
  return [
    ...compare(ours, least),
    // Beside the goal stands how near to it an editor comes that does nothing at all.
    ...others.flatMap((them, index) => [...compare(ours, them, goals[index]), ...compare(least, them)]),
  ];
}

/** Tiles, the least page and other peers: each from the list that a person opens it from, then all from the same list. */
async function opening(workbench: Workbench, peers: readonly Peer[], rounds: number): Promise<Measure[]> {
  const ours = 'open a tile to first painted bytes (simulated board)';
  const showTiles = async (): Promise<void> => {
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.expand(columnsRow);
    await workbench.expand('Data memory');
  };
  const showFiles = () => workbench.showView('Explorer');
  const showOneList = () => workbench.showView(ONE_LIST);
  const files = [LEAST_PAGE, ...peers];
  const goals = peers.map((peer) => peer.goals);
  const paintings = await Paintings.of(
    workbench,
    files.map((file) => file.isPainted),
  );
  const fromTheirLists = await tabsOf(
    workbench,
    paintings,
    [
      { name: ours, rows: TILES, show: showTiles },
      ...files.map(({ name, rows }) => ({ name, rows, show: showFiles })),
    ],
    rounds,
  );
  await showTiles();
  for (const tile of TILES) {
    await untilBytes(workbench, await workbench.waitForRow(tile), paintings);
    await workbench.runCommand(REMEMBER);
  }
  await workbench.runCommand('View: Close All Editors');
  const together = ', from the same list';
  const fromOneList = await tabsOf(
    workbench,
    paintings,
    [
      { name: `${ours}${together}`, rows: [/1_2/, /1_3/], show: showOneList },
      ...files.map(({ name, rows: [first, second] }) => ({
        name: `${name}${together}`,
        rows: [`file ${first}`, `file ${second}`] as const,
        show: showOneList,
      })),
    ],
    rounds,
  );
  return [...compareTabs(fromTheirLists, rounds, goals), ...compareTabs(fromOneList, rounds, goals)];
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
    measures.push(await activation(host, rounds));
    const workbench = await Workbench.open(host);
    try {
      measures.push(...(await opening(workbench, hexEditor === undefined ? [] : [HEX_EDITOR], rounds)));
    } finally {
      await workbench.close();
    }
  } finally {
    await host.stop();
    for (const one of [folder, dataFolder]) await rm(one, { recursive: true, force: true, maxRetries: 5 });
  }
  return measures;
}
