import * as assert from 'node:assert/strict';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TileDocument } from '../../../src/editor/document.ts';
import { Bench, debugProgram, owned, show, until, untilTrue } from './support.ts';

const tile = { col: 6, row: 2 };
const other = { col: 7, row: 2 };

const isText = ({ input }: vscode.Tab): boolean => input instanceof vscode.TabInputText;

describe('live', () => {
  let bench: Bench;
  const settings = () => vscode.workspace.getConfiguration('tilescope');
  const set = (rate: number | undefined) =>
    settings().update('liveRate', rate, vscode.ConfigurationTarget.Global);
  const stateOf = (document: TileDocument) => [...document.panels][0]?.state.live;
  /** Changes the first byte of the tile's data memory. */
  const poke = (value: number, at = tile): void => bench.array.poke('data', at, 0, [value]);
  /** What was under way ends; then the board counts no read in the time of some looks. */
  const untilRest = () =>
    until('nothing is read', async () => {
      const from = bench.array.count('read');
      await new Promise((resolve) => setTimeout(resolve, 400));
      return bench.array.count('read') === from ? true : undefined;
    });

  beforeEach(async () => {
    bench = await Bench.make();
    await set(10);
  });
  afterEach(async () => {
    await vscode.debug.stopDebugging();
    await set(0);
    await bench.dispose();
  });

  it('[live-1] [live-2] [live-5] a memory in use is followed by itself, and its cost stands in the status bar; hidden, off or free it is not read', async () => {
    assert.equal(settings().inspect('liveRate')?.defaultValue, 10);
    const document = await bench.open('data', tile, owned);
    const start = document.shown?.range.offset ?? 0;
    const shown = () => document.session.bytes({ offset: start, length: 1 }).bytes[0];
    await until('it is live', () => (stateOf(document)?.hertz === 10 ? true : undefined));
    for (const value of [0x5a, 0xa5]) {
      poke(value);
      await untilTrue('the byte comes by itself', () => shown() === value);
    }
    await untilTrue('its figures are told', () =>
      /Live 10 Hz: [1-9]\d* words\/s, 0\.0 kB\/s, \d+\.\d s old/.test(bench.api.statusBar.texts.join(' ')),
    );

    const next = await bench.open('data', other, owned);
    await set(0);
    await untilTrue('the other tab is not live', () => stateOf(next) === undefined);
    await untilRest();
    poke(0x11);
    await show(document.uri);
    await set(10);
    await untilTrue('what changed meanwhile comes', () => shown() === 0x11);

    // A frozen tab costs nothing, and marks what changed meanwhile when it goes on.
    await vscode.commands.executeCommand('tilescope.freeze');
    await untilTrue('it is frozen', () => [...document.panels][0]?.state.frozen !== undefined);
    assert.equal([...document.panels][0]?.state.policy, 'locked');
    assert.equal(stateOf(document), undefined);
    await untilRest();
    poke(0x22);
    await vscode.commands.executeCommand('tilescope.freeze');
    await untilTrue('it goes on', () => shown() === 0x22);
    const [panel] = document.panels;
    assert.match(panel?.state.marks?.text ?? '', /^Marked: changed since \d/);
    panel?.reveal(start + 0x100, 1);
    await untilTrue('the cursor is there', () => panel?.selection?.cursor === start + 0x100);
    await vscode.commands.executeCommand('tilescope.previousChange');
    await untilTrue('the change is found', () => panel?.selection?.cursor === start);

    bench.array.exitOwner(owned);
    await untilTrue('it says why it is paused', () =>
      /does not change by itself/.test(stateOf(document)?.paused ?? ''),
    );
    await untilTrue('the status bar says so, too', () =>
      bench.api.statusBar.texts.join(' ').includes('Live paused: partition is free'),
    );
    await untilRest();
  });

  it('[live-9] a pinned watch shows its value without an editor; its condition freezes all views, or keeps the tile in a file, of which a few are kept', async () => {
    const document = await bench.open('data', tile, owned);
    const list = await bench.api.watches.load();
    const pinned = () => list.all.map(({ label, value }) => `${label} = ${value}`);
    try {
      poke(1);
      // The place of the cursor, the type that the editor shows, no condition.
      const asked = vscode.commands.executeCommand('tilescope.addWatch');
      await until('it is pinned', async () => {
        if (list.all.length === 1) return true;
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        return undefined;
      });
      await asked;
      await untilTrue('its value is shown', () => pinned()[0] === '(6,2)+0x0000 = 01');
      const [first] = list.all;
      assert.ok(first);
      const freeze = { ...first.kept, id: 'freeze', condition: '= 77', action: 'freeze' as const };
      await list.pin(freeze);
      await untilTrue('the second is read', () => pinned()[1] === '(6,2)+0x0000 = 01');
      poke(0x77);
      await untilTrue('the view is frozen', () => [...document.panels][0]?.isFrozen === true);
      await list.remove(list.all[1]);
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      // One file of a watch is kept; what is there already is older. A file of a person stays.
      await settings().update('watchSnapshots', 1, vscode.ConfigurationTarget.Global);
      const folder = bench.api.watches.folder;
      const old = 'watch-7-1-2020-01-02-03-04-05-678.aiesnap';
      for (const name of [old, 'mine.aiesnap']) {
        await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(folder, name), new Uint8Array(1));
      }
      const then = new Date('2020-01-02T03:04:05.678Z');
      await utimes(vscode.Uri.joinPath(folder, old).fsPath, then, then);
      await list.pin({ ...freeze, id: 'keep', condition: '= 78', action: 'snapshot' });
      await untilTrue('it is read without an editor', () => pinned()[1] === '(6,2)+0x0000 = 77');
      poke(0x78);
      const names = async () => (await vscode.workspace.fs.readDirectory(folder)).map(([name]) => name);
      const isNew = (name: string) => name.startsWith('watch-6-2-') && name.endsWith('.aiesnap');
      await until('the tile is kept, in place of the older one', async () => {
        const there = await names();
        return there.some(isNew) && !there.includes(old) ? true : undefined;
      });
      assert.ok((await names()).includes('mine.aiesnap'));
    } finally {
      await settings().update('watchSnapshots', undefined, vscode.ConfigurationTarget.Global);
      for (const watch of [...list.all]) await list.remove(watch);
      await vscode.workspace.fs
        .delete(bench.api.watches.folder, { recursive: true })
        .then(undefined, () => undefined);
    }
    assert.deepEqual(list.all, []);
  });

  it('[live-10] a debug session that stops has it read at once, and nothing more until it continues', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tilescope-debug-'));
    let program: vscode.Disposable | undefined;
    try {
      const document = await bench.open('data', tile, owned);
      const start = document.shown?.range.offset ?? 0;
      const shown = () => document.session.bytes({ offset: start, length: 1 }).bytes[0];
      program = await debugProgram(folder);
      await untilTrue('it is paused with the session', () =>
        /debug session is stopped/.test(stateOf(document)?.paused ?? ''),
      );
      await untilRest();
      const value = (shown() ?? 0) ^ 0xff;
      poke(value);
      // It continues, and stops again: each stop is a look.
      const session = vscode.debug.activeDebugSession;
      assert.ok(session, 'no session is active');
      const { threads } = await session.customRequest('threads');
      await session.customRequest('continue', { threadId: threads[0].id });
      await untilTrue('the stop has it read', () => shown() === value);
    } finally {
      program?.dispose();
      await vscode.debug.stopDebugging();
      const texts = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).filter(isText);
      await vscode.window.tabGroups.close(texts);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
