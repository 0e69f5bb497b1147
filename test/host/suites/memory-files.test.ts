import * as assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import { scheme } from '../../../src/model/resource.ts';
import { Bench, free, hexOf, owned, until, untilTrue } from './support.ts';

/** A tile of the partition in use on which no core writes. */
const still = { col: 9, row: 1 };
const beside = { col: 9, row: 2 };
const tileBytes = 32 * 1024;
/** What a board may be asked. */
const asks = ['open', 'read', 'write', 'status', 'survey', 'hold', 'halt'] as const;

const { fs } = vscode.workspace;

/** The message with which something is refused. */
async function refusal(asked: Thenable<unknown>): Promise<string> {
  try {
    await asked;
  } catch (error) {
    return String(error);
  }
  return assert.fail('it was not refused');
}

describe('memory as files', () => {
  let bench: Bench;
  let folder: string;
  const asked = () => asks.map((ask) => bench.array.count(ask));
  const at = (path: string) => vscode.Uri.from({ scheme, authority: bench.entry.id, path });
  const key = () => simulatedKey(owned);
  const set = (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('tilescope').update(name, value, vscode.ConfigurationTarget.Global);
  /** Fills a tile with text, and puts a word somewhere into it. */
  const fill = (tile: typeof still, word: string, offset: number): void => {
    const bytes = Buffer.alloc(tileBytes, 'abcdefgh 1234567\n');
    bytes.write(word, offset);
    bench.array.poke('data', tile, 0, bytes);
  };

  beforeEach(async () => {
    bench = await Bench.make();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-files-'));
    // Tests do not wait until the budget has paid for what they read, and nobody else asks the board: the sidebar would look
    // where memory changes.
    await set('liveBudget', 1_000_000);
    await set('heat', false);
  });

  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await bench.dispose();
    await set('liveBudget', undefined);
    await set('heat', undefined);
    await rm(folder, { recursive: true, force: true });
  });

  it('[hex-9] a listing of all folders and files asks nothing of the board', async () => {
    const before = asked();
    const found: string[] = [];
    const walk = async (path: string): Promise<void> => {
      for (const [name, type] of await fs.readDirectory(at(path))) {
        const uri = at(`${path}/${name}`);
        const { size, type: known, permissions } = await fs.stat(uri);
        assert.equal(known, type);
        found.push(uri.path);
        if (type === vscode.FileType.Directory) await walk(uri.path);
        else {
          assert.equal(permissions, vscode.FilePermission.Readonly);
          assert.equal(size, /\/data\//.test(uri.path) ? tileBytes : 32 * tileBytes);
        }
      }
    };
    await walk('');
    assert.deepEqual(asked(), before);
    for (const columns of [free, owned]) {
      const part = `/${simulatedKey(columns)}`;
      assert.equal(found.filter((path) => path.startsWith(`${part}/data/`)).length, 32);
      assert.ok(found.includes(`${part}/data.aiemem`));
    }
    assert.ok(found.every((path) => !path.includes('program')));
    await refusal(fs.stat(at(`/${key()}/program.aiemem`)));
    await refusal(fs.readFile(at(`/${key()}/program/${still.col}_${still.row}.aiemem`)));
    await refusal(fs.readDirectory(vscode.Uri.from({ scheme, authority: 'nobody', path: '/' })));
    assert.deepEqual(asked(), before);
  });

  it('[hex-9] without a connection folders are empty and files say why; nothing connects', async () => {
    await bench.entry.link.disconnect();
    const connects = bench.array.count('connect');
    assert.deepEqual(await fs.readDirectory(at('/')), []);
    assert.deepEqual(await fs.readDirectory(at(`/${key()}`)), []);
    assert.match(await refusal(fs.readFile(bench.uri('data', still, owned))), /is not connected/);
    assert.equal(bench.array.count('connect'), connects);
  });

  it('[hex-9] another extension reads what the device holds, and writes nothing', async () => {
    const uri = bench.uri('data', still, owned);
    assert.equal(
      hexOf(await fs.readFile(uri)),
      hexOf(bench.array.peek('data', still, 0, tileBytes)),
      'the bytes of the device',
    );
    assert.equal(fs.isWritableFileSystem(scheme), false);
    const before = bench.array.count('write');
    const folderUri = at(`/${key()}/new`);
    await refusal(fs.writeFile(uri, new Uint8Array(tileBytes)));
    await refusal(fs.delete(uri));
    await refusal(fs.rename(uri, folderUri));
    await refusal(fs.createDirectory(folderUri));
    const copy = vscode.Uri.file(join(folder, 'tile.bin'));
    await fs.copy(uri, copy);
    await refusal(fs.copy(copy, uri, { overwrite: true }));
    const edit = new vscode.WorkspaceEdit();
    edit.deleteFile(uri);
    assert.equal(await vscode.workspace.applyEdit(edit), false);
    assert.equal(bench.array.count('write'), before);
    assert.equal(hexOf(await fs.readFile(copy)), hexOf(bench.array.peek('data', still, 0, tileBytes)));
  });

  it('[hex-9] a file has no staged edits, and the same bytes as the editor of the memory', async () => {
    const document = await bench.open('data', still, owned);
    document.session.agreeBeside(document.session.occupant);
    const shown = hexOf(
      document.session.bytes({ offset: document.shown?.range.offset ?? 0, length: 16 }).base,
    );
    bench.type(document, 0, [0xee, 0xdd]);
    bench.array.poke('data', still, 0, [1, 2, 3, 4]);
    assert.equal(hexOf((await fs.readFile(document.uri)).slice(0, 16)), shown);
    assert.equal(document.session.counts().staged, 2);
  });

  it('[hex-9] memory tiles are files, too', async () => {
    const memoryTiles = await Bench.make({ generation: 'aieml' });
    try {
      const one = { col: 7, row: 1 };
      const bytes = await fs.readFile(memoryTiles.uri('memory-tile', one, owned));
      assert.equal(hexOf(bytes), hexOf(memoryTiles.array.peek('memory-tile', one, 0, 512 * 1024)));
    } finally {
      await memoryTiles.dispose();
    }
  });

  it('[hex-9] another extension searches all tiles and finds the one with a word', async () => {
    fill(beside, 'needle', 0x4abc);
    const tiles = await fs.readDirectory(at(`/${key()}/data`));
    const hits: string[] = [];
    for (const [name] of tiles.filter(([one]) => one.startsWith('9_'))) {
      const bytes = await fs.readFile(at(`/${key()}/data/${name}`)).then(undefined, () => undefined);
      const offset = bytes === undefined ? -1 : Buffer.from(bytes).indexOf('needle');
      if (offset >= 0) hits.push(`${name}+${offset}`);
    }
    assert.deepEqual(hits, [`${beside.col}_${beside.row}.aiemem+${0x4abc}`]);
  });

  it('[hex-9] a tile that cannot be read fails its file with the reason', async () => {
    bench.array.gate(still, true);
    assert.match(
      await refusal(fs.readFile(bench.uri('data', still, owned))),
      /The clock of this tile is off/,
    );
  });

  it('[hex-9] no file takes a free partition', async () => {
    const before = bench.array.count('read');
    const uri = bench.uri('data', { col: 0, row: 2 }, free);
    assert.match(await refusal(fs.readFile(uri)), /No application uses this partition/);
    assert.equal(bench.array.count('read'), before);
  });

  it('[hex-9] opens as text, and follows what is refreshed in the editor', async () => {
    fill(still, 'first', 0x10);
    const uri = bench.uri('data', still, owned);
    const text = await vscode.workspace.openTextDocument(uri);
    assert.equal(text.getText().indexOf('first'), 0x10);
    await vscode.window.showTextDocument(text, { viewColumn: vscode.ViewColumn.Beside });
    const document = await bench.open('data', still, owned);
    await untilTrue('the page is there', () => [...document.panels][0]?.visible !== undefined);
    fill(still, 'other', 0x10);
    await until('the text follows', async () => {
      await vscode.commands.executeCommand('tilescope.refresh', document.uri);
      return text.getText().includes('other') ? true : undefined;
    });
    assert.equal(text.isDirty, false);
  });

  it('[hex-9] is compared with a file and with another tile in the diff editor', async () => {
    fill(still, 'first', 0x10);
    fill(beside, 'other', 0x10);
    const golden = vscode.Uri.file(join(folder, 'golden.txt'));
    await writeFile(golden.fsPath, bench.array.peek('data', still, 0, tileBytes));
    for (const [left, right] of [
      [golden, bench.uri('data', beside, owned)],
      [bench.uri('data', still, owned), bench.uri('data', beside, owned)],
    ] as const) {
      await vscode.commands.executeCommand('vscode.diff', left, right, 'Compared', { preview: false });
      await untilTrue('the diff editor is there', () => {
        const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
        return input instanceof vscode.TabInputTextDiff && input.modified.toString() === right.toString();
      });
    }
  });
});
