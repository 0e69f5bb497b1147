/** What a person waits for in the editor, and the sizes of what they download. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buildAll } from '../../scripts/build.ts';
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
    note: 'one start; as "Developer: Show Running Extensions" says it',
  };
}

async function opening(workbench: Workbench, textFile: string, rounds: number): Promise<Measure> {
  const { page } = workbench;
  const close = async (): Promise<void> => {
    await workbench.runCommand('View: Close All Editors');
    await page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  };
  await workbench.showView('Tilescope');
  await workbench.expand('Simulated board');
  await workbench.expand(columnsRow);
  await workbench.expand('Data memory');
  const tile = await workbench.waitForRow('(1,2)');
  const [ours = [], text = []] = await interleave(
    rounds,
    async () => {
      const ms = await untilPainted(
        () => tile.click(),
        async () => {
          const frame = await workbench.webview('#grid');
          await frame
            .locator('#grid .cell.bytes', { hasText: /[0-9A-F]{2}/ })
            .first()
            .waitFor();
        },
      );
      await close();
      return ms;
    },
    async () => {
      await page.keyboard.press('Control+p');
      await workbench.quickInput().fill(textFile);
      const entry = page.locator('.quick-input-list .monaco-list-row', { hasText: textFile }).first();
      await entry.waitFor();
      const ms = await untilPainted(
        () => entry.click(),
        () => page.locator('.editor-instance .view-line', { hasText: 'line' }).first().waitFor(),
      );
      await close();
      return ms;
    },
  );
  return {
    name: 'open a tile to first painted bytes (simulated board)',
    value: median(ours),
    unit: 'ms',
    peer: { name: "a 32 KiB file to first painted line in VS Code's text editor", value: median(text) },
    ratio: median(text) / median(ours),
    note: `median of ${rounds}, interleaved; ms: ours ${spread(ours, 0)}, text editor ${spread(text, 0)}; a webview must first load its frame`,
  };
}

async function sizes(): Promise<Measure[]> {
  const kib = (bytes: number): number => Math.round(bytes / 102.4) / 10;
  const measures: Measure[] = [];
  for (const bundle of await buildAll({ production: true })) {
    measures.push({ name: `bundle ${relative(root, bundle.file)}`, value: kib(bundle.bytes), unit: 'KiB' });
  }
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
  const textFile = 'plain.txt';
  await writeFile(join(folder, textFile), 'line of plain text, 32 b long..\n'.repeat(1024));
  const host = await startCodeServer({
    folder,
    extensionDevelopmentPath: root,
    env: {
      HOME: folder,
      TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]),
    },
  });
  try {
    const workbench = await Workbench.open(host);
    try {
      measures.push(await opening(workbench, textFile, rounds), await activation(workbench));
    } finally {
      await workbench.close();
    }
  } finally {
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return measures;
}
