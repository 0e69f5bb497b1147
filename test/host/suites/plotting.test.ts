import * as assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LoadedFiles } from '../../../src/editor/compare/loaded.ts';
import type { TileDocument } from '../../../src/editor/document.ts';
import type { PlotPanel } from '../../../src/editor/plot/plot-panel.ts';
import { Bench, nameTile, owned, until, untilTrue } from './support.ts';

const tile = { col: 6, row: 2 };
const bytes = 4 * 64;

describe('plotting', () => {
  let bench: Bench;
  let files: LoadedFiles;
  let folder: string;
  const set = (key: string, value: unknown) =>
    vscode.workspace.getConfiguration('tilescope').update(key, value, vscode.ConfigurationTarget.Global);
  const poke = (first: number, ...values: number[]): void =>
    bench.array.poke('data', tile, 4 * first, [...new Uint8Array(Float32Array.from(values).buffer)]);
  const summary = () => files.plots.all[0]?.drawn.summary;
  /** What was under way ends; then the board counts no read in the time of some looks. */
  const untilRest = () =>
    until('nothing is read', async () => {
      const from = bench.array.count('read');
      await new Promise((resolve) => setTimeout(resolve, 400));
      return bench.array.count('read') === from ? true : undefined;
    });

  beforeEach(async () => {
    bench = await Bench.make();
    files = await bench.api.files.load();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-plot-'));
    await set('cells', 'float32');
    await set('liveRate', 10);
  });
  afterEach(async () => {
    files.plots.dispose();
    // What stands beside the editor would be where it is shown next.
    await vscode.commands.executeCommand('workbench.action.focusFirstEditorGroup');
    await vscode.commands.executeCommand('workbench.action.closeEditorsInOtherGroups');
    await set('cells', undefined);
    await set('liveRate', 0);
    await bench.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Plots the first values of the tile, selected in its editor. */
  async function plot(): Promise<{ readonly document: TileDocument; readonly plot: PlotPanel }> {
    const document = await bench.open('data', tile, owned);
    const [panel] = document.panels;
    const start = document.shown?.range.offset ?? 0;
    await until('it is live', () => (panel?.liveHertz === 10 ? true : undefined));
    panel?.reveal(start, bytes);
    await untilTrue('the values are selected', () => panel?.selection?.selected === bytes);
    await vscode.commands.executeCommand('tilescope.plot', document.uri);
    const [made] = files.plots.all;
    assert.ok(made);
    await untilTrue('the plot is drawn', () => made.drawn.number > 0);
    return { document, plot: made };
  }

  it('[names-7] what is selected is plotted beside the editor, follows the memory by itself, costs nothing while hidden, and becomes PNG, SVG and CSV', async () => {
    poke(0, ...Array.from({ length: 64 }, (_, i) => i - 32));
    const { plot: made, document } = await plot();
    assert.equal(summary(), '64 values. Lowest -32 (value 0), highest 31 (value 63), mean -0.5. No gaps.');
    const { number } = made.drawn;
    poke(5, 1000, Number.NaN, Number.POSITIVE_INFINITY);
    await untilTrue(
      'what changed comes by itself',
      () => summary()?.includes('highest 1000 (value 5)') === true && made.drawn.number > number,
    );
    assert.match(summary() ?? '', /Gaps: 1 NaN, 1 infinite\.$/);

    for (const name of ['plot.png', 'plot.svg', 'plot.csv']) {
      const path = join(folder, name);
      files.plots.askTarget = async () => vscode.Uri.file(path);
      await made.export();
      const text = await readFile(path, 'latin1');
      if (name.endsWith('png')) assert.equal(text.slice(1, 4), 'PNG');
      if (name.endsWith('svg')) assert.match(text, /^<svg .*[\s\S]*highest 1000 \(value 5\)/);
      if (name.endsWith('csv')) {
        const lines = text.trim().split('\n');
        assert.equal(lines.length, 65);
        assert.deepEqual(lines.slice(0, 2), ['row,column,offset,float32,outdated', '0,0,0x0000,-32,']);
        assert.deepEqual(lines.slice(6, 9), ['5,0,0x0014,1000,', '6,0,0x0018,NaN,', '7,0,0x001C,Infinity,']);
      }
    }

    // Both tabs are hidden: nothing is read, and what changed meanwhile is there once the plot is shown.
    await set('liveRate', 0);
    await untilTrue('the editor is not live', () => [...document.panels][0]?.state.live === undefined);
    made.view.reveal(undefined, false);
    await vscode.commands.executeCommand('workbench.action.files.newUntitledFile');
    await untilTrue('the plot is hidden', () => !made.view.visible);
    await untilRest();
    poke(9, 2000);
    made.view.reveal(undefined, false);
    await untilTrue('it is drawn anew', () => summary()?.includes('highest 2000 (value 9)') === true);
    made.view.dispose();
    assert.deepEqual(files.plots.all, []);
    await untilRest();
  });

  it('[names-7] a picture that its page cannot draw is told, and what comes after it is drawn', async () => {
    poke(0, ...Array.from({ length: 64 }, (_, i) => i));
    const { plot: made } = await plot();
    assert.equal(made.drawn.problem, undefined);
    const picture = { layout: {}, numbers: { kind: 'line', lines: [undefined] } };
    // A real picture may still be on its way behind it, and be drawn.
    await until('it is told', async () => {
      if (/could not be drawn/.test(made.drawn.problem ?? '')) return true;
      await made.view.webview.postMessage({ type: 'picture', number: 1, choice: made.drawn.choice, picture });
      return undefined;
    });
    poke(5, 1000);
    await untilTrue('the next one is drawn', () => summary()?.includes('highest 1000 (value 5)') === true);
    await untilTrue('the problem is gone', () => made.drawn.problem === undefined);
  });

  it('[names-7] a plot is back in a window that was loaded anew, and reads nothing until its memory is open', async () => {
    poke(0, ...Array.from({ length: 64 }, (_, i) => i));
    const { plot: made, document } = await plot();
    const kept = { ...made.kept, choice: { ...made.drawn.choice, kind: 'heat', columns: 8 } };
    const { uri } = document;
    files.plots.dispose();
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await untilTrue('the editor is closed', () => bench.api.editor.document(uri) === undefined);
    await untilRest();
    const reads = bench.array.count('read');
    const view = () => vscode.window.createWebviewPanel('tilescope.plot', '', vscode.ViewColumn.Beside, {});
    await files.plots.restore(view(), kept);
    const [back] = files.plots.all;
    assert.ok(back);
    await untilTrue(
      'it waits',
      () => /^64 values\. .*64 not read\.$/.test(summary() ?? '') && back.drawn.number > 0,
    );
    assert.match(back.drawn.problem ?? '', /once its memory is open/);
    assert.equal(bench.array.count('read'), reads);

    await bench.open('data', tile, owned);
    back.view.reveal();
    await untilTrue('it is drawn', () => summary()?.includes('highest 63 (value 63)') === true);
    assert.deepEqual([back.drawn.problem, back.drawn.choice.kind], [undefined, 'heat']);

    for (const hostile of [
      undefined,
      { ...kept, range: { offset: 0, length: 1e12 } },
      { ...kept, board: 'none' },
    ]) {
      const other = view();
      let isClosed = false;
      other.onDidDispose(() => {
        isClosed = true;
      });
      await files.plots.restore(other, hostile);
      await untilTrue('it is closed', () => isClosed);
    }
    assert.equal(files.plots.all.length, 1);
  });

  it('[names-7] without a selection a buffer is plotted by the name that a build gives it', async () => {
    const named = { col: 1, row: 2 };
    bench.array.poke('data', named, 0x100, [...new Uint8Array(Float32Array.from([3, 4, 5]).buffer)]);
    const document = await bench.open('data', named);
    await nameTile(bench, folder, named);
    const offered: string[] = [];
    files.plots.askScope = async (scopes) => {
      offered.push(...scopes.map(({ label, description }) => `${label}: ${description}`));
      return scopes.find(({ label }) => label === 'gain (ping)');
    };
    await vscode.commands.executeCommand('tilescope.plot', document.uri);
    await untilTrue('the plot is drawn', () => (files.plots.all[0]?.drawn.number ?? 0) > 0);
    assert.deepEqual(offered, [
      'Tile (1,2): 32768 bytes',
      'selector of gain: (1,2)+0x00F0, 4 bytes',
      'gain (ping): (1,2)+0x0100, 64 bytes',
      'gain (pong): (1,2)+0x0140, 64 bytes',
    ]);
    assert.match(files.plots.all[0]?.view.title ?? '', /^Plot of gain/);
    assert.match(summary() ?? '', /^16 values\. .*highest 5 \(value 2\)/);
  });

  it('[names-7] a frozen tab is plotted as it is; bytes of a gated tile are gaps, not zeros', async () => {
    poke(0, ...Array.from({ length: 64 }, () => 7));
    const document = await bench.open('data', tile, owned);
    const [panel] = document.panels;
    const start = document.shown?.range.offset ?? 0;
    panel?.reveal(start, bytes);
    await untilTrue('the values are selected', () => panel?.selection?.selected === bytes);
    await untilTrue(
      'they are read',
      () => document.session.bytes({ offset: start, length: 1 }).flags[0] === 1,
    );
    await vscode.commands.executeCommand('tilescope.freeze');
    await untilTrue('it is frozen', () => panel?.isFrozen === true);
    await vscode.commands.executeCommand('tilescope.plot', document.uri);
    poke(0, 9);
    await untilTrue('the plot is drawn', () => (files.plots.all[0]?.drawn.number ?? 0) > 0);
    assert.match(summary() ?? '', /^64 values\. Lowest 7 \(value 0\), highest 7 \(value 0\), mean 7\./);

    files.plots.dispose();
    await vscode.commands.executeCommand('tilescope.freeze', document.uri);
    await untilTrue('it goes on', () => panel?.isFrozen === false);
    bench.array.gate(tile, true);
    await vscode.commands.executeCommand('tilescope.refresh', document.uri);
    await vscode.commands.executeCommand('tilescope.plot', document.uri);
    await untilTrue(
      'there is nothing to draw',
      () => summary() === '64 values. No number to draw. Gaps: 64 could not be read.',
    );
  });
});
