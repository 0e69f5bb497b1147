import * as assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Bench, hexOf, show, tabOf, until, untilDirty, untilTrue } from './support.ts';

const tile = { col: 0, row: 2 };
const tileBytes = 32 * 1024;
const modes = ['off', 'afterDelay', 'onFocusChange', 'onWindowChange'] as const;

/** Sets `files.autoSave` for the user. */
async function setAutoSave(mode: string | undefined): Promise<void> {
  const files = vscode.workspace.getConfiguration('files');
  await files.update('autoSave', mode, vscode.ConfigurationTarget.Global);
  await files.update(
    'autoSaveDelay',
    mode === undefined ? undefined : 100,
    vscode.ConfigurationTarget.Global,
  );
}

/** Waits for a save that our document refuses; some ways of saving pass the refusal on, others swallow it. */
async function refused(save: Thenable<unknown>): Promise<void> {
  try {
    await save;
  } catch (error) {
    assert.match(String(error), /Cancel/);
  }
}

describe('saving', () => {
  let bench: Bench;
  let folder: string;
  let writesBefore: number;
  let bytesBefore: string;
  const asked: number[] = [];

  /** What proves that nothing reached the board. */
  const untouched = (): void => {
    assert.equal(bench.array.count('write'), writesBefore, 'the board was asked to write');
    assert.equal(hexOf(bench.array.peek('data', tile, 0, tileBytes)), bytesBefore);
  };

  beforeEach(async () => {
    bench = await Bench.make();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-saving-'));
    writesBefore = bench.array.count('write');
    bytesBefore = hexOf(bench.array.peek('data', tile, 0, tileBytes));
    asked.length = 0;
    bench.api.editor.confirmWrite = async (_, bytes) => {
      asked.push(bytes);
      return false;
    };
  });

  afterEach(async () => {
    await bench.dispose();
    await setAutoSave(undefined);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rm(folder, { recursive: true, force: true });
  });

  /** A text file with unsaved text, to see auto-save at work. */
  async function unsavedText(): Promise<vscode.TextDocument> {
    const path = join(folder, 'beside.txt');
    await writeFile(path, '');
    const text = await vscode.workspace.openTextDocument(path);
    const editor = await vscode.window.showTextDocument(text, { preview: false });
    await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'typed'));
    return text;
  }

  for (const mode of modes) {
    it(`[main-21] auto-save ${mode}: typing, waiting, focus changes, Save All and other extensions write nothing`, async () => {
      await setAutoSave(mode);
      const document = await bench.open('data', tile);
      bench.type(document, 0x10, [0xab, 0xcd]);
      await untilDirty(document.uri, true);

      const text = await unsavedText();
      await show(document.uri);
      if (mode === 'afterDelay' || mode === 'onFocusChange') {
        await untilTrue('auto-save has saved the text file beside it', () => !text.isDirty);
      }
      untouched();

      await refused(vscode.commands.executeCommand('workbench.action.files.saveAll'));
      await untilTrue('the text file is saved', () => !text.isDirty);
      await refused(vscode.workspace.saveAll());
      await refused(vscode.workspace.save(document.uri));
      untouched();
      assert.equal(tabOf(document.uri)?.isDirty, true);
      assert.equal(document.session.counts().staged, 2);
      assert.equal(
        asked.length > 0,
        mode === 'off',
        'a person is asked exactly where auto-save cannot be the caller',
      );

      await vscode.commands.executeCommand('tilescope.apply');
      await untilDirty(document.uri, false);
      assert.equal(bench.array.count('write'), writesBefore + 1);
      const expected = Buffer.from(bytesBefore, 'hex');
      expected.set([0xab, 0xcd], 0x10);
      assert.equal(hexOf(bench.array.peek('data', tile, 0, tileBytes)), hexOf(expected));
    });
  }

  it('[main-21] "Write to Device" in the question writes, and makes the tab clean', async () => {
    await setAutoSave('off');
    const document = await bench.open('data', tile);
    bench.type(document, 0, [1, 2, 3]);
    await untilDirty(document.uri, true);
    bench.api.editor.confirmWrite = async () => true;
    await vscode.workspace.save(document.uri);
    await untilDirty(document.uri, false);
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 3)), '010203');
  });

  it('[main-21] a device that refuses leaves the tab dirty and the edits staged', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x5a]);
    await untilDirty(document.uri, true);
    bench.array.gate(tile, true);
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(tabOf(document.uri)?.isDirty, true);
    assert.equal(document.session.counts().staged, 1);
    assert.equal(hexOf(bench.array.peek('data', tile, 0, tileBytes)), bytesBefore);
    bench.array.gate(tile, false);
    await vscode.commands.executeCommand('tilescope.apply');
    await untilDirty(document.uri, false);
    assert.equal(hexOf(bench.array.peek('data', tile, 0, 1)), '5a');
  });

  it('[main-21] undo and redo after an apply stage, and never write', async () => {
    const document = await bench.open('data', tile);
    const old = bench.array.peek('data', tile, 4, 1)[0] ?? 0;
    bench.type(document, 4, [old ^ 0xff]);
    await untilDirty(document.uri, true);
    await vscode.commands.executeCommand('tilescope.apply');
    await untilDirty(document.uri, false);
    const written = bench.array.count('write');
    await vscode.commands.executeCommand('undo');
    await untilDirty(document.uri, true);
    const offset = (document.shown?.range.offset ?? 0) + 4;
    await untilTrue(
      'the old byte is staged',
      () => document.session.bytes({ offset, length: 1 }).bytes[0] === old,
    );
    await vscode.commands.executeCommand('redo');
    await untilDirty(document.uri, false);
    assert.equal(bench.array.count('write'), written);
    assert.equal(bench.array.peek('data', tile, 4, 1)[0], old ^ 0xff);
  });

  it('[main-21] an edit that made no difference does when the byte changes under it: the tab is dirty again', async () => {
    const document = await bench.open('data', tile);
    const there = bench.array.peek('data', tile, 8, 1)[0] ?? 0;
    bench.type(document, 8, [there]);
    await vscode.workspace.save(document.uri);
    await untilDirty(document.uri, false);
    bench.array.poke('data', tile, 8, Uint8Array.of(there ^ 0xff));
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilDirty(document.uri, true);
    assert.equal(document.session.counts().staged, 1);
    await vscode.commands.executeCommand('tilescope.discard');
    await untilDirty(document.uri, false);
  });

  it('[main-21] staged edits are on disk at once, come back as edits, and can be undone', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x11]);
    bench.type(document, 1, [0x22]);
    await untilDirty(document.uri, true);
    const kept = await until('the journal holds both bytes', () => journalOf(bench, document.key, 2));

    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await untilTrue('the tab is closed', () => tabOf(document.uri) === undefined);
    await until('closing without saving drops them', async () => {
      const text = await readFile(kept.path, 'utf8').catch(() => undefined);
      return text === undefined ? true : undefined;
    });

    // As a window leaves them that ended without a word.
    await writeFile(kept.path, kept.text);
    const again = await bench.open('data', tile);
    await untilDirty(again.uri, true);
    const start = again.shown?.range.offset ?? 0;
    assert.equal(hexOf(again.session.bytes({ offset: start, length: 2 }).bytes), '1122');
    await vscode.commands.executeCommand('undo');
    await untilTrue('one byte is left', () => again.session.counts().staged === 1);
    await vscode.commands.executeCommand('undo');
    await untilTrue('none is left', () => again.session.counts().staged === 0);
    await untilDirty(again.uri, false);
    untouched();
  });

  it('[main-21] staged edits open without their board, and wait for it', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x77]);
    await untilDirty(document.uri, true);
    const kept = await until('the journal holds the byte', () => journalOf(bench, document.key, 1));
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await untilTrue('the tab is closed', () => tabOf(document.uri) === undefined);
    await bench.entry.link.disconnect();
    await until('the journal is gone', async () =>
      (await readFile(kept.path).catch(() => undefined)) === undefined ? true : undefined,
    );
    await writeFile(kept.path, kept.text);
    const resume = bench.array.pause();
    await show(document.uri);
    const again = await until('the document is open', () => bench.api.editor.document(document.uri));
    await untilTrue(
      'the edit is there',
      () => again.session.geometry !== undefined && again.session.counts().staged === 1,
    );
    await untilDirty(document.uri, true);
    resume();
    await untilTrue('the board is back', () => bench.entry.link.state.kind === 'connected');
    untouched();
  });

  it('[main-21] Revert drops the edits and what was kept of them', async () => {
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x99]);
    await untilDirty(document.uri, true);
    await until('the journal holds the byte', () => journalOf(bench, document.key, 1));
    await vscode.commands.executeCommand('tilescope.discard');
    await untilDirty(document.uri, false);
    assert.equal(document.session.counts().staged, 0);
    await until('the journal is empty', async () =>
      (await readdir(bench.api.journalFolder)).some((name) => name.endsWith('.json')) ? undefined : true,
    );
    untouched();
  });

  it('[main-21] [truth-15] Discard drops the edits of its own tab, whichever editor is in front; one undo brings all back', async () => {
    await setAutoSave('off');
    const document = await bench.open('data', tile);
    bench.type(document, 0, [0x99]);
    bench.type(document, 1, [0x98]);
    await untilDirty(document.uri, true);
    const text = await unsavedText();
    await vscode.commands.executeCommand('tilescope.discard', document.uri);
    await untilDirty(document.uri, false);
    assert.equal(document.session.counts().staged, 0);
    assert.equal(vscode.window.activeTextEditor?.document, text, 'the editor in front stays there');
    assert.equal(text.isDirty, true);
    assert.equal(text.getText(), 'typed');

    await show(document.uri);
    await vscode.commands.executeCommand('undo');
    await untilDirty(document.uri, true);
    assert.equal(document.session.counts().staged, 2);
    await until('they are kept again', () => journalOf(bench, document.key, 2));
    await vscode.commands.executeCommand('undo');
    await untilTrue('each can be undone again', () => document.session.counts().staged === 1);
    await vscode.commands.executeCommand('redo');
    await vscode.commands.executeCommand('redo');
    await untilDirty(document.uri, false);
    assert.equal(document.session.counts().staged, 0);
    bench.type(document, 2, [0x97]);
    await untilDirty(document.uri, true);
    assert.equal(document.session.counts().staged, 1);
    untouched();
  });

  it('[truth-15] Discard asks before it drops what was staged in another tab, and its undo brings that back too', async () => {
    await setAutoSave('off');
    const asked: string[] = [];
    let answer = false;
    bench.api.editor.confirmDiscard = async (_, detail) => {
      asked.push(detail);
      return answer;
    };
    const whole = await bench.open('data');
    const one = await bench.open('data', tile);
    const start = one.shown?.range.offset ?? 0;
    bench.type(one, 0, [0x99]);
    bench.type(whole, start + 1, [0x98]);
    bench.type(whole, 0, [0x97]);
    await untilDirty(whole.uri, true);
    await untilDirty(one.uri, true);
    await vscode.commands.executeCommand('tilescope.discard', one.uri);
    assert.equal(one.session.counts().staged, 3, 'nothing without a yes');
    assert.match(asked[0] ?? '', /1 bytes in ".*data memory.*columns/i);
    answer = true;
    await vscode.commands.executeCommand('tilescope.discard', one.uri);
    await untilDirty(one.uri, false);
    assert.equal(one.session.counts().staged, 1, 'what the other tab shows elsewhere stays');
    assert.equal(tabOf(whole.uri)?.isDirty, true);
    await show(one.uri);
    await vscode.commands.executeCommand('undo');
    await untilDirty(one.uri, true);
    assert.equal(one.session.counts().staged, 3);
    answer = false;
    asked.length = 0;
    await vscode.commands.executeCommand('tilescope.discard', whole.uri);
    assert.equal(asked.length, 1);
    untouched();
  });
});

/** The journal file of a document once it holds that many gestures. */
async function journalOf(
  bench: Bench,
  key: string,
  gestures: number,
): Promise<{ path: string; text: string } | undefined> {
  const names = await readdir(bench.api.journalFolder).catch(() => []);
  for (const name of names) {
    if (!name.endsWith('.json')) continue;
    const path = join(bench.api.journalFolder, name);
    const text = await readFile(path, 'utf8').catch(() => '');
    if (!text.includes(JSON.stringify(key))) continue;
    const kept = new Set<unknown>();
    for (const line of text.trimEnd().split('\n').slice(1)) {
      const record = JSON.parse(line) as { readonly id?: number; readonly undo?: number };
      if (record.id !== undefined) kept.add(record.id);
      else kept.delete(record.undo);
    }
    if (kept.size === gestures) return { path, text };
  }
  return undefined;
}
