import * as assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { readSnapshot } from '../../../src/board/snapshot/snapshot-file.ts';
import type { ComparisonRow } from '../../../src/editor/compare/comparison-rows.ts';
import type { LoadedFiles } from '../../../src/editor/compare/loaded.ts';
import type { CellChoice } from '../../../src/model/cells/choices.ts';
import { tileStart } from '../../../src/model/geometry.ts';
import { resourcePath, scheme } from '../../../src/model/resource.ts';
import { Bench, free, hexOf, nameTile, show, tabOf, until, untilTrue } from './support.ts';

const tile = { col: 1, row: 2 };
const line = ({ label, description }: ComparisonRow) => `${label}: ${description}`;

describe('comparing', () => {
  let bench: Bench;
  let folder: string;
  let files: LoadedFiles;

  beforeEach(async () => {
    bench = await Bench.make();
    files = await bench.api.files.load();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-golden-'));
  });
  afterEach(async () => {
    await vscode.commands.executeCommand('tilescope.closeComparison');
    await bench.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Answers the questions of *Compare with File...*. */
  async function expects(name: string, content: string | Uint8Array, type?: CellChoice): Promise<void> {
    const path = join(folder, name);
    await writeFile(path, content);
    files.comparisons.askFile = async () => vscode.Uri.file(path);
    files.comparisons.askType = async (types) => type ?? types[0];
  }

  const rows = (row?: ComparisonRow) => files.comparisons.view.getChildren(row);

  it('[names-6] memory with text of a simulator: how many differ, which, what they have in common; next and previous', async () => {
    const values = Int16Array.from({ length: 1024 }, (_, i) => 31 * i - 9000);
    const held = values.map((value, i) => (i % 8 === 0 ? value ^ (1 + (i % 50)) : value));
    bench.array.poke('data', tile, 0, [...new Uint8Array(held.buffer)]);
    const document = await bench.open('data', tile);
    const text = [...values]
      .map((value, i) => `T ${i} ns\n${i === 1023 ? 'TLAST\n' : ''}${value} `)
      .join('\n');
    await expects('golden.txt', text, { name: 'int16', order: 'little' });
    await vscode.commands.executeCommand('tilescope.compareFile');
    const [root] = rows();
    assert.ok(root);
    assert.equal(line(root), 'golden.txt: 128 of 1024 values differ');
    assert.deepEqual(rows(root).map(line), [
      'Every 8th value differs, from value 0, (1,2)+0x0 on: stride 8; 128 of the 128 values there',
      'Compared as int16: tolerance 0',
      '(1,2): 128 mismatches',
    ]);
    const start = document.shown?.range.offset ?? 0;
    const marks = bench.api.editor.expected(document, { offset: start + 14, length: 4 });
    assert.deepEqual([marks?.offset, hexOf(marks?.wrong ?? new Uint8Array())], [start + 14, '00000101']);
    const panel = [...document.panels][0];
    const at = (offset: number) => () => panel?.selection?.start === start + offset;
    await vscode.commands.executeCommand('tilescope.nextMismatch');
    await untilTrue('the second mismatch is selected', at(16));
    await vscode.commands.executeCommand('tilescope.previousMismatch');
    await untilTrue('the first one is', at(0));
    await vscode.commands.executeCommand('tilescope.previousMismatch');
    await untilTrue('and from there the last one', at(2 * 1016));
    const [mismatch] = rows(rows(root)[2]).slice(3);
    assert.ok(mismatch);
    await vscode.commands.executeCommand('tilescope.showMismatch', mismatch);
    await untilTrue('a row goes to its bytes', at(48));

    files.comparisons.askTolerance = async () => ({ absolute: 64, relative: 0 });
    await vscode.commands.executeCommand('tilescope.setTolerance', root);
    assert.match(line(rows()[0] ?? root), /all 1024 values are as expected/);
  });

  it('[names-6] a tile with another one, both live, side by side and scrolled together; all mismatches as a file', async () => {
    const document = await bench.open('data', tile);
    const other = { col: 2, row: 3 };
    const bytes = bench.array.peek('data', tile, 0, 0x8000);
    bench.array.poke('data', other, 0, [...bytes]);
    files.comparisons.askTile = async (items) => items.find(({ label }) => label === '(2,3)');
    await vscode.commands.executeCommand('tilescope.compareTile');
    assert.equal(line(rows()[0] as ComparisonRow), '(2,3): all 8192 values are as expected');
    bench.array.poke('data', other, 0x40, [(bytes[0x40] ?? 0) ^ 1]);
    await vscode.commands.executeCommand('tilescope.showBeside', rows()[0]);
    const beside = await until('the other tile is beside', () =>
      bench.api.editor.document(bench.uri('data', other)),
    );
    const first = (one: typeof document) =>
      ([...one.panels][0]?.visible?.offset ?? Number.NaN) - (one.shown?.range.offset ?? 0);
    await untilTrue('its page shows bytes', () => first(beside) === 0);
    [...document.panels][0]?.reveal((document.shown?.range.offset ?? 0) + 0x4000, 1);
    await untilTrue(
      'it shows the same rows',
      () => first(document) > 0x3000 && first(beside) === first(document),
    );
    [...beside.panels][0]?.reveal((beside.shown?.range.offset ?? 0) + 0x1000, 1);
    await untilTrue(
      'and the other way round',
      () => first(beside) < 0x2000 && first(beside) === first(document),
    );
    await vscode.window.tabGroups.close(tabOf(beside.uri) ?? []);
    const whole = await bench.open('data');
    const geometry = whole.shown?.geometry;
    assert.ok(geometry);
    const signal = new AbortController().signal;
    await whole.session.refresh({ offset: tileStart(geometry, other) + 0x40, length: 4 }, signal);
    await untilTrue('the other side is followed', () => /^1 of 8192/.test(rows()[0]?.description ?? ''));
    const path = join(folder, 'mismatches.csv');
    files.comparisons.askTarget = async () => vscode.Uri.file(path);
    await vscode.commands.executeCommand('tilescope.exportMismatches', rows()[0]);
    const [, exported = ''] = (await readFile(path, 'utf8')).split('\n');
    assert.match(exported, /^1,2,64,16,[0-9A-F]{8},[0-9A-F]{8}$/);
    await show(document.uri);
    await vscode.commands.executeCommand('tilescope.nextMismatch');
    await untilTrue('it is selected', () => {
      const at = [...document.panels][0]?.selection?.start;
      return at === (document.shown?.range.offset ?? 0) + 0x40;
    });
  });

  it('[names-9] selection, symbol and tile as a file of every format, compared with itself, all tiles as bytes; importing one stages what differs after a preview, and writes nothing', async () => {
    await nameTile(bench, folder, tile);
    const document = await bench.open('data', tile);
    const { exports, imports, comparisons } = files;
    const [panel] = [...document.panels];
    const start = document.shown?.range.offset ?? 0;
    const select = async (offset: number, length: number): Promise<void> => {
      panel?.reveal(start + offset, length);
      await untilTrue(`${length} bytes from ${offset} on are selected`, () => {
        const at = panel?.selection;
        return at?.start === start + offset && at.length === length;
      });
    };
    const places = [
      { scope: 'The selection', cursor: [0x22, 0x30], bytes: [0x22, 0x30], words: 12 },
      { scope: 'The bytes of gain (ping)', cursor: [0x110, 1], bytes: [0x100, 64], words: 16 },
      { scope: 'Tile (1,2)', cursor: [0, 1], bytes: [0, 1], words: 8192 },
    ] as const;
    const endings = { 12: ['npy'], 16: ['json'], 8192: ['bin', 'hex', 'npy', 'csv', 'json'] };
    for (const { scope, cursor, bytes, words } of places) {
      exports.askScope = async (scopes) => scopes.find(({ label }) => label === scope);
      for (const ending of endings[words]) {
        await select(cursor[0], cursor[1]);
        const uri = vscode.Uri.file(join(folder, `tile.${ending}`));
        exports.askTarget = async () => uri;
        await vscode.commands.executeCommand('tilescope.export');
        comparisons.askFile = async () => uri;
        comparisons.askType = async (types) => types.find(({ name }) => name === 'uint8');
        await select(bytes[0], bytes[1]);
        await vscode.commands.executeCommand('tilescope.compareFile');
        const told = line(rows()[0] as ComparisonRow);
        assert.match(
          told,
          new RegExp(`^tile\\.${ending}: all (${words}|${4 * words}) values are as expected$`),
        );
      }
    }
    exports.askScope = async (scopes) => scopes.find(({ label }) => label === 'All tiles of the memory');
    // Gated tiles have no bytes.
    exports.confirmZeros = async () => true;
    const all = vscode.Uri.file(join(folder, 'all.bin'));
    exports.askTarget = async () => all;
    await vscode.commands.executeCommand('tilescope.export');
    const exported = await readFile(all.fsPath);
    assert.equal(exported.length, 32 * 0x8000);
    const kept = bench.array.peek('data', tile, 0, 0x8000);
    assert.equal(exported.subarray(start, start + 0x8000).equals(kept), true);
    const held = bench.array.peek('data', tile, 0x20, 4);
    bench.array.poke(
      'data',
      tile,
      0x20,
      [...held].map((byte) => byte ^ 0xff),
    );
    await vscode.commands.executeCommand('tilescope.refresh');
    imports.askFile = async () => vscode.Uri.file(join(folder, 'tile.hex'));
    const asked: string[] = [];
    imports.confirm = async (text) => {
      asked.push(`${text} ${rows()[0]?.description}`);
      return true;
    };
    const writes = bench.array.count('write');
    await vscode.commands.executeCommand('tilescope.import');
    assert.match(
      asked.join(),
      /tile\.hex would change 4 bytes from \(1,2\)\+0x0 on.*1 of 8192 values differ/,
    );
    assert.deepEqual(document.session.staged(), [
      { offset: (document.shown?.range.offset ?? 0) + 0x20, length: 4 },
    ]);
    assert.equal(bench.array.count('write'), writes, 'nothing is written');
    await vscode.commands.executeCommand('tilescope.apply');
    assert.equal(hexOf(bench.array.peek('data', tile, 0x20, 4)), hexOf(held));
    assert.match(line(rows()[0] as ComparisonRow), /all 8192/);
  });

  it('[names-5] [names-6] live memory with a snapshot of before: of a tile, a memory, all of the partition, with its names', async () => {
    await nameTile(bench, folder, tile);
    const document = await bench.open('data', tile);
    const uri = vscode.Uri.file(join(folder, 'before.aiesnap'));
    files.snapshots.askTarget = async () => uri;
    files.comparisons.askFile = async () => uri;
    for (const scope of ['tile', 'memory', 'partition'] as const) {
      files.snapshots.askScope = async (scopes) => scopes.find((one) => one.scope === scope);
      await vscode.commands.executeCommand('tilescope.saveSnapshot');
      const { memories, partition, label, epoch } = readSnapshot(await readFile(uri.fsPath));
      assert.equal(label, bench.entry.config.label);
      assert.equal(epoch, document.session.state.partition?.epoch);
      assert.deepEqual(partition.columns, free);
      assert.deepEqual(
        memories.map(({ geometry }) => `${geometry.type} ${geometry.numCols * geometry.numRows}`),
        { tile: ['data 1'], memory: ['data 32'], partition: ['data 32', 'program 32'] }[scope],
      );
      const at = { tile: 0x80, memory: 0x88, partition: 0x90 }[scope];
      const held = bench.array.peek('data', tile, at, 1)[0] ?? 0;
      bench.array.poke('data', tile, at, [held ^ 1]);
      await vscode.commands.executeCommand('tilescope.refresh');
      await vscode.commands.executeCommand('tilescope.compareFile');
      assert.equal(line(rows()[0] as ComparisonRow), 'before.aiesnap: 1 of 8192 values differ');
      const [place] = rows(rows(rows()[0]).at(-1));
      assert.equal(place?.label, `0x00${at.toString(16).toUpperCase()}`);
    }
    // The same file without its board and its build: in the same editor, and nothing can be typed.
    await vscode.commands.executeCommand('tilescope.removeNames');
    await bench.entry.link.disconnect();
    await vscode.commands.executeCommand('vscode.open', uri);
    const kept = await until('the snapshot is open', () => bench.api.editor.document(uri));
    const { session } = kept;
    await until('its bytes are shown', () => session.readAt({ offset: 0, length: 16 }));
    const range = { offset: tileStart(kept.shown?.geometry ?? assert.fail(), tile) + 0x90, length: 1 };
    await session.read(range, new AbortController().signal);
    const now = bench.array.peek('data', tile, 0x90, 1)[0] ?? 0;
    assert.equal(session.bytes(range).bytes[0], now ^ 1);
    assert.equal(session.state.policy, 'locked');
    assert.equal(
      [...kept.panels][0]?.nameAt(tileStart(kept.shown?.geometry ?? assert.fail(), tile) + 0x104),
      'gain (ping)+0x4',
    );
    await vscode.commands.executeCommand('tilescope.compareFile');
    assert.match(line(rows()[0] as ComparisonRow), /^before\.aiesnap: all 245760 values are as expected$/);
    await vscode.commands.executeCommand('tilescope.closeComparison');
    const entry = bench.api.boards.entries.find(({ config }) => config.kind === 'snapshot');
    assert.ok(entry);
    const program = { board: entry.id, partition: kept.resource.partition, memory: 'program' } as const;
    await show(vscode.Uri.from({ scheme, authority: program.board, path: resourcePath(program) }));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await bench.api.boards.remove(entry.id);
  });

  it('[names-6] a comparison follows its memory; a file stands beside it; bytes are shown also when their editor was closed', async () => {
    const golden = Float32Array.from({ length: 16 }, (_, i) => i / 4);
    bench.array.poke('data', tile, 0x100, [...new Uint8Array(golden.buffer)]);
    const document = await bench.open('data', tile);
    const start = document.shown?.range.offset ?? 0;
    [...document.panels][0]?.reveal(start + 0x100, 64);
    await untilTrue('the buffer is selected', () => [...document.panels][0]?.selection?.length === 64);
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (16,), }".padEnd(117);
    const npy = Buffer.concat([
      Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
      Buffer.from(`${header}\n`),
      Buffer.from(Float64Array.from(golden).buffer),
    ]);
    await expects('golden.npy', npy);
    await vscode.commands.executeCommand('tilescope.compareFile');
    assert.match(line(rows()[0] as ComparisonRow), /all 16 values are as expected/);
    bench.array.poke('data', tile, 0x108, [0, 0, 0, 0x40]);
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('the value that changed is a mismatch', () =>
      rows().some((row) => row.description === '1 of 16 values differ'),
    );
    await vscode.commands.executeCommand('tilescope.showBeside', rows()[0]);
    const entry = bench.api.boards.entries.find(({ config }) => config.label === 'golden.npy');
    const ofFile = () => bench.api.editor.documents.find(({ resource }) => resource.board === entry?.id);
    const side = await until('the file is beside', ofFile);
    const held = { offset: 0x108, length: 8 };
    await side.session.read(held, new AbortController().signal);
    assert.equal(hexOf(side.session.bytes(held).bytes), '0000003f0000403f');
    const marks = bench.api.editor.expected(side, held);
    assert.deepEqual(
      [marks?.wrong, marks?.expected].map((bytes) => hexOf(bytes ?? new Uint8Array())),
      ['0101010100000000', '000000400000403f'],
    );
    await vscode.window.tabGroups.close(tabOf(side.uri) ?? []);
    const tileRow = rows(rows()[0]).at(-1);
    const [mismatch] = rows(tileRow);
    assert.equal(mismatch && line(mismatch), '0x0108: 2, expected 0.5');
    await show(document.uri);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await untilTrue('the editor is closed', () => bench.api.editor.document(document.uri) === undefined);
    await vscode.commands.executeCommand('tilescope.showMismatch', mismatch);
    const again = await until('it is open', () => bench.api.editor.document(document.uri));
    await untilTrue('and selects the value', () => [...again.panels][0]?.selection?.start === start + 0x108);
    await vscode.commands.executeCommand('tilescope.showBeside', rows()[0]);
    const named = () => bench.api.boards.entries.find(({ config }) => config.label === 'golden.npy');
    const tabs = () => vscode.window.tabGroups.all.flatMap((group) => group.tabs).length;
    assert.deepEqual([named() !== undefined, tabs()], [true, 2]);
    await vscode.commands.executeCommand('tilescope.closeComparison', rows()[0]);
    assert.deepEqual([named(), tabs()], [undefined, 1]);
  });
});
