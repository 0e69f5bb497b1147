import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TileDocument } from '../../../src/editor/document.ts';
import type { EditRow } from '../../../src/editor/edits/edit-rows.ts';
import { tileStart } from '../../../src/model/geometry.ts';
import { Bench, free, hexOf, owned, show, tabOf, until, untilDirty, untilTrue } from './support.ts';

const tile = { col: 0, row: 2 };
const panelOf = (document: TileDocument) => [...document.panels][0];
/** A place in the same row of another column. */
const hitIn = ({ shown }: TileDocument, col: number) =>
  shown === undefined ? 0 : tileStart(shown.geometry, { ...tile, col });

describe('editing', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await bench.dispose();
  });

  it('[main-19] [hex-13] two tabs on the same bytes: one staged value, undo in each, apply from one makes both clean', async () => {
    const whole = await bench.open('data');
    const one = await bench.open('data', tile);
    const start = one.shown?.range.offset ?? 0;
    bench.type(one, 0, [0x11]);
    await show(whole.uri);
    bench.type(whole, start, [0x22]);
    bench.type(whole, start + 1, [0x33]);
    const shown = (length: number) => hexOf(one.session.bytes({ offset: start, length }).bytes);
    assert.equal(shown(2), '2233');
    assert.equal(one.session.counts().staged, 2);

    await untilDirty(whole.uri, true);
    await vscode.commands.executeCommand('undo');
    await untilTrue('the last byte of this tab is undone', () => one.session.counts().staged === 1);
    await vscode.commands.executeCommand('undo');
    await untilTrue("the other tab's value is back", () => shown(1) === '11');
    await vscode.commands.executeCommand('redo');
    await untilTrue('redone', () => shown(1) === '22');

    await show(one.uri);
    await vscode.commands.executeCommand('tilescope.apply');
    await untilDirty(one.uri, false);
    await untilDirty(whole.uri, false);
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 1)), '22');
  });

  it('[main-19] a byte that the board changes under a staged edit is a conflict, and a person decides', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x11]);
    bench.type(document, 4, [0x12]);
    await untilDirty(document.uri, true);
    bench.array.poke('data', tile, 0, [0xe0]);
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('the conflict is marked', () => document.session.counts().conflicts === 1);
    const state = [...document.panels][0]?.state;
    assert.deepEqual(
      state?.banner?.actions.map((action) => action.command),
      ['keepMine', 'takeTheirs'],
    );
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 1)), 'e0', 'only what was seen is overwritten');
    assert.equal(hexOf(bench.array.peek('data', tile, 4, 1)), '12');
    await vscode.commands.executeCommand('tilescope.keepMine');
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 1)), '11');
    await untilDirty(document.uri, false);
  });

  it('[live-8] an editor that writes at once: typed, undone and redone bytes reach the board, and its tab stays clean', async () => {
    const document = await bench.open('data', tile);
    const [panel] = document.panels;
    assert.ok(panel);
    const start = document.shown?.range.offset ?? 0;
    const held = () => hexOf(bench.array.peek('data', tile, 0, 1));
    const old = held();
    bench.api.editor.confirmImmediate = () => Promise.resolve(true);
    await vscode.commands.executeCommand('tilescope.immediate');
    await untilTrue('the status bar says it', () =>
      bench.api.statusBar.texts.join(' ').includes('Immediate: each edit is written'),
    );
    const edit = { offset: start, bytes: Uint8Array.of(Number.parseInt(old, 16) ^ 0xff) };
    bench.api.editor.edit(document, 'Type', [edit], panel);
    await untilTrue('it is written', () => held() === hexOf(edit.bytes));
    await untilDirty(document.uri, false);
    await vscode.commands.executeCommand('undo');
    await untilTrue('the old byte is back', () => held() === old);
    await vscode.commands.executeCommand('redo');
    await untilTrue('it is written again', () => held() === hexOf(edit.bytes));
    await untilDirty(document.uri, false);
    await vscode.commands.executeCommand('tilescope.stageEdits');
    await vscode.commands.executeCommand('undo');
    await untilDirty(document.uri, true);
    assert.equal(held(), hexOf(edit.bytes), 'undo stages from now on');
  });

  it('[main-19] after a reboot apply is refused in words; re-basing shows what is in conflict', async () => {
    const document = await bench.open('data', tile);
    const old = bench.array.peek('data', tile, 0, 1)[0] ?? 0;
    bench.type(document, 0, [old ^ 0xff]);
    await untilDirty(document.uri, true);
    bench.array.reboot();
    bench.array.poke('data', tile, 0, [old ^ 0x0f]);
    await untilTrue('the board is back', () => bench.entry.link.state.kind === 'connected');
    await untilTrue('the new life was noticed', () => document.session.state.epochChanged);
    const writes = bench.array.count('write');
    const banner = [...document.panels][0]?.state.banner;
    assert.deepEqual(
      banner?.actions.map((action) => action.command),
      ['rebase', 'discard'],
    );
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(bench.array.count('write'), writes);
    assert.equal(tabOf(document.uri)?.isDirty, true);
    await vscode.commands.executeCommand('tilescope.rebase');
    await untilTrue('the conflict is marked', () => document.session.counts().conflicts === 1);
    assert.equal(document.session.state.epochChanged, false);
    await vscode.commands.executeCommand('tilescope.takeTheirs');
    await untilDirty(document.uri, false);
    assert.equal(bench.array.peek('data', tile, 0, 1)[0], old ^ 0x0f);
  });

  it('[main-20] many scattered edits are one request, and partial failures keep what was not written', async () => {
    const whole = await bench.open('data');
    const start = whole.shown?.range.offset ?? 0;
    await whole.session.read(whole.shown?.range ?? { offset: 0, length: 0 }, new AbortController().signal);
    const offsets = Array.from({ length: 200 }, (_, index) => index * 163);
    for (const offset of offsets) bench.type(whole, offset, [0x42]);
    const other = { col: 0, row: 3 };
    const otherStart = 2 * 32 * 1024;
    bench.type(whole, otherStart, [0x43]);
    await untilDirty(whole.uri, true);
    const before = bench.array.count('write');
    bench.array.gate(other, true);
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(bench.array.count('write'), before + 1);
    assert.equal(whole.session.counts().staged, 1, 'the gated byte stays staged');
    assert.equal(whole.session.staged()[0]?.offset, start + otherStart);
    for (const offset of offsets) {
      const place = { col: 0, row: 1 + Math.floor(offset / 0x8000) };
      assert.equal(bench.array.peek('data', place, offset % 0x8000, 1)[0], 0x42);
    }
    assert.equal(tabOf(whole.uri)?.isDirty, true);
  });

  it('[main-20] the status bar says policy, staged bytes, selection and read time', async () => {
    const mine = await bench.open('data', tile);
    const texts = () => bench.api.statusBar.texts.join(' | ');
    await untilTrue('nothing is staged', () => texts().includes('Staged: nothing'));
    bench.type(
      mine,
      0,
      [...bench.array.peek('data', tile, 0, 3)].map((byte) => byte ^ 0xff),
    );
    await untilTrue('three bytes are staged', () => texts().includes('Staged: 3 bytes'));
    assert.match(texts(), /Read at /);
    const theirs = await bench.open('data', { col: 6, row: 1 }, owned);
    await untilTrue("another owner's memory is locked", () => texts().includes('Locked'));
    assert.throws(() => bench.type(theirs, 0, [1]));
    await vscode.commands.executeCommand('tilescope.unlock');
    assert.match(texts(), /Locked/, 'there is no way to write beside this owner');
    await show(mine.uri);
    await untilTrue('the status bar follows the tab', () => texts().includes('Staged: 3 bytes'));
    await vscode.commands.executeCommand('tilescope.lock');
    await untilTrue('locked', () => texts().includes('Locked'));
    assert.throws(() => bench.type(mine, 0, [1]));
    await vscode.commands.executeCommand('tilescope.unlock');
    await untilTrue('unlocked, and nothing is lost', () => texts().includes('Staged: 3 bytes'));
  });

  it('[shape-9] [hex-2] [hex-13] next and previous tile at the same offset, in the whole memory and from tile to tile; Copy Address', async () => {
    const go = (command: string) => vscode.commands.executeCommand(`tilescope.${command}`);
    const whole = await bench.open('data');
    panelOf(whole)?.reveal(0x1c0, 1);
    await untilTrue('at the place', () => panelOf(whole)?.selection?.cursor === 0x1c0);
    await go('nextTile');
    await untilTrue('in the next tile', () => panelOf(whole)?.selection?.cursor === 0x81c0);
    await go('copyAddress');
    assert.equal(await vscode.env.clipboard.readText(), '(0,2)+0x1C0');
    await go('previousTile');
    await go('previousTile');
    await untilTrue('not before the first', () => panelOf(whole)?.selection?.cursor === 0x1c0);
    await vscode.commands.executeCommand('workbench.action.splitEditor');
    await untilTrue('[hex-4] the other half begins at the same place', () => {
      const [, other] = [...whole.panels];
      return other?.selection?.cursor === 0x1c0;
    });
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await untilTrue('it is closed', () => whole.panels.size === 1);

    const one = await bench.open('data', tile);
    const start = one.shown?.range.offset ?? 0;
    panelOf(one)?.reveal(start + 0x40, 1);
    await untilTrue('at the place', () => panelOf(one)?.selection?.cursor === start + 0x40);
    await go('nextTile');
    const next = one.uri.with({ path: one.uri.path.replace('0_2', '0_3') });
    assert.notEqual(next.path, one.uri.path);
    await untilTrue('the editor of the next tile is there', () => {
      const other = bench.api.editor.document(next);
      return other !== undefined && panelOf(other)?.selection?.cursor === start + 0x8040;
    });
    // The same offset in any tile of the memory; a tile of another one from its beginning.
    const tileAt = (path: string) => bench.api.editor.document(one.uri.with({ path }));
    await vscode.commands.executeCommand('tilescope.openTile', '(1,4)');
    await untilTrue('any tile, at the same offset', () => {
      const other = tileAt(one.uri.path.replace('0_2', '1_4'));
      return (
        other !== undefined && panelOf(other)?.selection?.cursor === (other.shown?.range.offset ?? 0) + 0x40
      );
    });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('tilescope.openTile', '2,3');
    await untilTrue('from anywhere', () => bench.api.editor.activePanel?.document.resource.tile?.col === 2);
  });

  it('a tab that searches all tiles stays when a hit opens the tab of another one in the place of the last', async () => {
    const tabs = () =>
      vscode.window.tabGroups.all.flatMap((group) =>
        group.tabs.map(({ input, isPreview }) => {
          const uri = input instanceof vscode.TabInputCustom ? input.uri.path : '';
          return `${/\d_\d(?=\.aiemem)/.exec(uri)?.[0]}${isPreview ? ' preview' : ''}`;
        }),
      );
    const uri = bench.uri('data', tile);
    await vscode.commands.executeCommand('vscode.openWith', uri, 'tilescope.hex', { preview: true });
    const document = await until('it is open', () => bench.api.editor.document(uri));
    await untilTrue('its layout is known', () => document.shown !== undefined);
    const panel = await until('it has a page', () => panelOf(document));
    await untilTrue('it is the preview', () => tabs().join() === '0_2 preview');
    await bench.api.editor.keepTab(panel);
    await untilTrue('it stays', () => tabs().join() === '0_2');
    for (const col of [1, 2]) await bench.api.editor.openPlace(document, hitIn(document, col), 1);
    await untilTrue('the tabs of hits follow each other', () => tabs().join() === '0_2,2_2 preview');
    assert.equal(document.panels.has(panel), true);
    // What it kept already stays as it is, and the keys stay where they are.
    await bench.api.editor.keepTab(panel);
    assert.equal(bench.api.editor.activePanel?.document.resource.tile?.col, 2);
  });

  it('[hex-7] what is selected is copied in a form, filled and pasted over, through their boxes', async () => {
    bench.array.poke('data', tile, 0, [0x42]);
    const document = await bench.open('data', tile);
    const start = document.shown?.range.offset ?? 0;
    await untilTrue('the page told its cursor', () => panelOf(document)?.selection?.cursor === start);
    /** Takes the first line of each box, and what stands in a field, until it is done. */
    const through = async (command: string, isDone: () => Promise<boolean>) => {
      const asked = vscode.commands.executeCommand(`tilescope.${command}`);
      await until(command, async () => {
        if (await isDone()) return true;
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        return undefined;
      });
      await asked;
    };
    await vscode.env.clipboard.writeText('');
    await through('copyAs', async () => (await vscode.env.clipboard.readText()) === '42');
    await through('fill', () => Promise.resolve(document.session.counts().staged === 1));
    assert.equal(hexOf(document.session.bytes({ offset: start, length: 1 }).bytes), '00');
    // A list of numbers in the clipboard, as what stands first in the box.
    await vscode.env.clipboard.writeText('const uint16_t data[2] = {0x1234, 0xABCD};');
    await through('pasteAs', () => Promise.resolve(document.session.counts().staged === 4));
    assert.equal(hexOf(document.session.bytes({ offset: start, length: 4 }).bytes), '3412cdab');
  });

  it('[hex-8] the list of edits: what an apply left is resolved there, one is discarded, gone to', async () => {
    const document = await bench.open('data', tile);
    const { session } = document;
    const start = document.shown?.range.offset ?? 0;
    const held = bench.array.peek('data', tile, 0, 16);
    const other = (at: number) => (held[at] ?? 0) ^ 0xff;
    for (const at of [0, 4]) bench.type(document, at, [other(at)]);
    await untilDirty(document.uri, true);
    bench.array.poke('data', tile, 0, [other(0) ^ 0x0f]);
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(session.counts().conflicts, 1);
    await vscode.commands.executeCommand('tilescope.showEdits');
    const list = await bench.api.edits.load();
    const rowAt = (at: number, isAfter = false) => {
      const below = (row?: EditRow): EditRow[] =>
        list.getChildren(row).flatMap((one) => [one, ...below(one)]);
      const isIn = ({ label }: EditRow) => label.startsWith('Last apply') === isAfter;
      const [root] = list.getChildren();
      const rows = list.getChildren(root).filter(isIn).flatMap(below);
      const found = rows.find(({ place }) => place?.offset === start + at);
      assert.ok(found, `no row for byte ${at}`);
      return found;
    };
    assert.equal(rowAt(0, true).kind, 'conflict');
    await vscode.commands.executeCommand('tilescope.takeEdit', rowAt(0, true));
    await untilDirty(document.uri, false);
    assert.equal(session.counts().staged, 0);

    for (const at of [8, 12]) bench.type(document, at, [other(at)]);
    await vscode.commands.executeCommand('tilescope.discardEdit', rowAt(8));
    assert.deepEqual(session.staged(), [{ offset: start + 12, length: 1 }]);
    await untilDirty(document.uri, true);
    await vscode.commands.executeCommand('tilescope.showEdit', rowAt(12));
    await untilTrue('it is gone to', () => panelOf(document)?.selection?.cursor === start + 12);
    await vscode.commands.executeCommand('undo');
    await untilTrue('undo brings it back', () => session.counts().staged === 2);
    bench.array.poke('data', tile, 8, [other(8) ^ 0x0f]);
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('a conflict', () => session.counts().conflicts === 1);
    await vscode.commands.executeCommand('tilescope.keepEdit', rowAt(8));
    await vscode.commands.executeCommand('tilescope.apply');
    await untilDirty(document.uri, false);
    assert.equal(bench.array.peek('data', tile, 8, 1)[0], other(8));
  });

  it('[shape-9] the write log of a memory opens beside it and follows', async () => {
    const mine = await bench.open('data', tile);
    await vscode.commands.executeCommand('tilescope.showWrites');
    // Its tab is not called as the memory's.
    const log = mine.uri.with({ scheme: 'aie-writes', path: `${mine.uri.path} (write log)` });
    const text = () =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === log.toString())?.getText() ?? '';
    await untilTrue('it is there', () => text() !== '');
    await show(mine.uri);
    const [old = 0] = bench.array.peek('data', tile, 0x20, 1);
    bench.type(mine, 0x20, [old ^ 0xff]);
    await vscode.commands.executeCommand('tilescope.apply', mine.uri);
    await untilTrue('the write is told', () => text().includes('(0,2)+0x0020  written and verified'));
  });

  it('[shape-9] a setting locks the memory of partitions that nobody uses until a person unlocks it', async () => {
    const settings = vscode.workspace.getConfiguration('tilescope');
    await settings.update('defaultPolicy', 'locked', vscode.ConfigurationTarget.Global);
    try {
      const document = await bench.open('data', { col: 1, row: 4 });
      assert.throws(() => bench.type(document, 0, [1]));
      await vscode.commands.executeCommand('tilescope.unlock', document.uri);
      bench.type(document, 0, [1]);
    } finally {
      await settings.update('defaultPolicy', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('[main-22] what cannot be read is marked with the reason', async () => {
    const document = await bench.open('data', { col: 3, row: 7 });
    const offset = document.shown?.range.offset ?? 0;
    const flags = document.session.bytes({ offset, length: 1 }).flags[0] ?? 0;
    assert.equal(flags >> 5, 1, 'because the tile is gated');
    assert.throws(() => bench.type(document, 0, [1]), /./);
  });

  it('[main-9] program memory of a running core is read only where a person asks for it: one tile, until its editor closes', async () => {
    const running = { col: 6, row: 1 };
    const neighbour = await bench.open('program', { col: 6, row: 2 }, owned);
    const document = await bench.open('program', running, owned);
    const reason = (of: TileDocument) =>
      of.session.bytes({ offset: of.shown?.range.offset ?? 0, length: 1 }).flags[0] ?? 0;
    const leftAlone = 2 << 5;
    assert.equal(reason(document), leftAlone, 'by default it is left alone');
    const actions = [...document.panels][0]?.state.banner?.actions.map((action) => action.command);
    assert.ok(actions?.includes('readRunning'), 'the banner offers it');

    const asked: string[] = [];
    let answer = false;
    const before = bench.api.editor.confirmRunning;
    bench.api.editor.confirmRunning = async (title) => {
      asked.push(/\(\d+,\d+\)/.exec(title)?.[0] ?? title);
      return answer;
    };
    try {
      await vscode.commands.executeCommand('tilescope.readRunning');
      assert.equal(reason(document), leftAlone, 'declined');
      answer = true;
      await vscode.commands.executeCommand('tilescope.readRunning');
    } finally {
      bench.api.editor.confirmRunning = before;
    }
    assert.deepEqual(asked, ['(6,1)', '(6,1)']);
    const offset = document.shown?.range.offset ?? 0;
    await untilTrue('its bytes are there', () => reason(document) === 1);
    assert.equal(
      hexOf(document.session.bytes({ offset, length: 16 }).bytes),
      hexOf(bench.array.peek('program', running, 0, 16)),
    );
    await show(neighbour.uri);
    await vscode.commands.executeCommand('tilescope.refresh');
    assert.equal(reason(neighbour), leftAlone, 'no other tile is touched');

    await show(document.uri);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await untilTrue('the tab is closed', () => bench.api.editor.document(document.uri) === undefined);
    const again = await bench.open('program', running, owned);
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('it is left alone again', () => reason(again) === leftAlone);
  });

  it('[truth-7] the question says that reading may halt the core, and a core that was halted by it is named at once', async () => {
    const running = { col: 6, row: 1 };
    bench.array.programAccessHalts = true;
    const document = await bench.open('program', running, owned);
    const said = () => [...document.panels][0]?.state.banner?.text ?? '';
    assert.equal(bench.array.activity(running), 'running');
    const offered = [...document.panels][0]?.state.banner?.actions.map((action) => action.command);
    assert.ok(offered?.includes('readRunning'), 'it is left alone, and reading is offered');
    let question = '';
    const before = bench.api.editor.confirmRunning;
    bench.api.editor.confirmRunning = async (title, detail) => {
      question = `${title} ${detail}`;
      return true;
    };
    try {
      await vscode.commands.executeCommand('tilescope.readRunning');
    } finally {
      bench.api.editor.confirmRunning = before;
      bench.array.programAccessHalts = false;
    }
    assert.match(question, /tile \(6,1\) of .* while its core is running\?.* halts the core/);
    await until('the banner says what happened', () =>
      said().startsWith('Reading program memory halted the core of (6,1), which ran before.')
        ? true
        : undefined,
    );
    assert.equal(bench.array.activity(running), 'error');

    bench.array.setActivity(running, 'running');
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('it runs again', () => !said().includes('halted'));
  });

  it('[main-22] a lost board: banner, staged edits stay, it reconnects by itself', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x55]);
    await untilDirty(document.uri, true);
    const resume = bench.array.pause();
    bench.array.drop();
    const banner = () => [...document.panels][0]?.state.banner;
    await untilTrue(
      'the banner says offline',
      () => banner()?.actions[0]?.command === 'connect' || bench.entry.link.state.kind === 'connecting',
    );
    assert.equal(document.session.counts().staged, 1);
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(document.session.counts().staged, 1);
    assert.equal(tabOf(document.uri)?.isDirty, true);
    resume();
    await untilTrue('it is back', () => bench.entry.link.state.kind === 'connected');
    await untilTrue('the banner is gone', () => banner() === undefined);
    await vscode.commands.executeCommand('tilescope.apply');
    await untilDirty(document.uri, false);
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 1)), '55');
  });

  it('[main-22] a tile opened while its board cannot be reached says so, and shows bytes once it can', async () => {
    await bench.entry.link.disconnect();
    const resume = bench.array.pause();
    await show(bench.uri('data', tile));
    const document = await until('the document is open', () =>
      bench.api.editor.document(bench.uri('data', tile)),
    );
    assert.equal(document.session.geometry, undefined);
    assert.ok([...document.panels][0]?.state.banner, 'a sentence stands in place of the bytes');
    resume();
    await untilTrue('the page shows bytes', () => {
      const visible = [...document.panels][0]?.visible;
      return visible !== undefined && document.session.readAt(visible) !== undefined;
    });
  });

  it('[main-22] the tab follows free, owned, free by itself, and holds nothing meanwhile', async () => {
    const document = await bench.open('data', tile);
    const policy = () => [...document.panels][0]?.state.policy;
    for (let round = 0; round < 3; round++) {
      bench.array.own(free, { kind: 'process', pid: 500 + round, command: 'run', startedAt: 0 });
      await untilTrue('locked', () => policy() === 'locked');
      assert.match([...document.panels][0]?.state.banner?.text ?? '', /./);
      await vscode.commands.executeCommand('tilescope.refresh');
      bench.array.release(free, { keep: true });
      await untilTrue('open for staging', () => policy() === 'staged');
    }
  });
});
