import * as assert from 'node:assert/strict';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import type { MemoryNode, PartitionNode } from '../../../src/explorer/nodes.ts';
import { hexPairs } from '../../../src/model/numbers.ts';
import { makeElf } from '../../program/elf.ts';
import { Bench, free, owned, show, until, untilDirty, untilTrue } from './support.ts';

const tile = { col: 7, row: 3 };
/** Buffer offset of a tile offset. */
const inTile = (offset: number): number => (8 + 2) * 0x8000 + offset;

/** A run-time parameter as aiecompiler writes it: its two buffers and the selector in one tile. */
const gain = {
  port_id: 1,
  port_name: 'mygraph.gain',
  number_of_bytes: 8,
  ...Object.fromEntries(
    Object.entries({ selector: 0x2000, ping_buffer: 0x2020, pong_buffer: 0x2040 }).flatMap(
      ([part, address], i) => [
        [`${part}_row`, 2],
        [`${part}_column`, 1],
        [`${part}_address`, address],
        [`${part}_lock_id`, i + 3],
      ],
    ),
  ),
  is_input: true,
};

/** What aiecompiler leaves of a graph with one kernel, two columns and rows from its first core on. */
function controlConfig(startCols: readonly number[], column = 1, parameters: object = {}): Uint8Array {
  const config = {
    schema_version: { major: '1', minor: '0', patch: '0' },
    aie_metadata: {
      driver_config: { hw_gen: 1, aie_tile_row_start: 1, partition_overlay_start_cols: startCols },
      graphs: { graph0: { id: 0, name: 'mygraph' } },
      RTPs: parameters,
      TileMapping: {
        AIEKernelToTileMapping: [{ graph: 'mygraph', column, row: 2, schedule: 0, function: 'scale.k[0]' }],
      },
    },
  };
  return new TextEncoder().encode(JSON.stringify(config));
}

/** Waits until a sentence stands above the bytes. */
async function untilBanner(
  panel: { readonly state: { readonly banner?: { readonly text: string } } },
  text: string,
) {
  await untilTrue(`above the bytes stands: ${text}`, () => panel.state.banner?.text === text);
}

describe('names', () => {
  let bench: Bench;
  let work: vscode.Uri;
  let file: vscode.Uri;

  beforeEach(async () => {
    bench = await Bench.make();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    assert.ok(folder, 'the window has no folder');
    work = vscode.Uri.joinPath(folder, 'Work');
    file = vscode.Uri.joinPath(work, 'ps', 'c_rts', 'aie_control_config.json');
  });
  afterEach(async () => {
    const gone = vscode.workspace.fs.delete(work, { recursive: true, useTrash: false });
    await gone.then(undefined, () => undefined);
    await bench.dispose();
  });

  /** What stands beside the tile in the sidebar, without its heat: the graph runs. */
  const beside = async (): Promise<string> => {
    const { tree } = bench.api;
    const board = (await tree.getChildren()).find((node) => node.key === `board:${bench.entry.id}`);
    const [, partition] = (await tree.getChildren(board)) as PartitionNode[];
    const [data] = (await tree.getChildren(partition)) as MemoryNode[];
    const nodes = await tree.getChildren(data);
    const node = nodes.find((one) => one.item(false).label === `(${tile.col},${tile.row})`);
    assert.ok(node, 'the tile is not in the tree');
    return String(tree.getTreeItem(node).description).replace(/^[a-z ]+ changes \u00b7 /, '');
  };

  it('[names-1] a build in the workspace names its kernel in the sidebar, the Array view and the editor', async () => {
    const document = await bench.open('data', tile, owned);
    const [panel] = document.panels;
    assert.ok(panel);
    const heading = panel.state.title;
    assert.equal(await beside(), 'compute row 2');
    // As builds do, and faster than watchers of files follow on Linux: of what is in these folders VS Code tells nothing.
    await mkdir(join(file.fsPath, '..'), { recursive: true });
    await writeFile(file.fsPath, controlConfig([6]));
    await until('the tile has a name', async () =>
      (await beside()) === 'scale.k[0] · compute row 2' ? true : undefined,
    );
    assert.equal(panel.state.title, `${heading} · scale.k[0]`);
    bench.api.array.select(bench.entry.id, simulatedKey(owned));
    const cells = bench.api.array.array.picture.rows.flatMap((row) => row.cells);
    const named = cells.filter(({ lines }) => lines.includes('Kernel scale.k[0] of graph mygraph'));
    assert.deepEqual(
      named.map((cell) => cell.tile),
      [tile],
    );
    // The core's ELF names what lies in its memory.
    const elf = makeElf({ flags: 1, symbols: [{ name: 'in_buff', value: 0x38400, size: 64 }] });
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(work, 'aie', '1_2', 'Release', '1_2'), elf);
    await untilTrue('the buffer has a name', () => panel.nameAt(inTile(0x43f)) === 'in_buff+0x3F');
    const view = bench.api.array.tileView;
    const outline = await until('the details list it', () =>
      view.getChildren().find(({ key }) => key === 'names'),
    );
    const [row] = outline.children;
    assert.equal(`${row?.label} ${row?.description}`, 'in_buff 0x0400, 64 bytes');
    await vscode.commands.executeCommand('tilescope.openPlace', row?.opens);
    await untilTrue('it is selected', () => panel.selection?.start === inTile(0x400));
    assert.equal(panel.selection?.length, 64);
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(work, 'aie'), { recursive: true, useTrash: false });
    // Built anew, for another column: the names follow.
    await writeFile(file.fsPath, controlConfig([6], 2));
    await vscode.commands.executeCommand('tilescope.refreshBoards');
    assert.equal(await beside(), 'compute row 2');
    assert.equal(panel.state.title, heading);
    assert.equal(bench.api.names.model?.tileName(bench.entry.id, { col: 8, row: 3 }), 'scale.k[0]');
  });

  it('[names-1] a build from elsewhere that does not say where it starts is named on the partition it is added to', async () => {
    const { names, tree } = bench.api;
    const folder = vscode.Uri.file(await mkdtemp(join(tmpdir(), 'tilescope-names-')));
    const elsewhere = vscode.Uri.joinPath(folder, 'aie_control_config.json');
    await vscode.workspace.fs.writeFile(elsewhere, controlConfig([]));
    names.askFile = async () => elsewhere;
    const board = (await tree.getChildren()).find((node) => node.key === `board:${bench.entry.id}`);
    const [, partition] = await tree.getChildren(board);
    await vscode.commands.executeCommand('tilescope.addNames', partition);
    assert.equal(await beside(), 'scale.k[0] · compute row 2');
    assert.deepEqual(names.model?.boardLines(bench.entry.id), [
      `Names from ${folder.fsPath}: 1 kernel, in tile (7,3).`,
    ]);
    await vscode.workspace.fs.writeFile(elsewhere, new Uint8Array());
    await untilTrue(
      'the empty file is said',
      () => names.model?.boardLines(bench.entry.id)[0]?.endsWith(': This file is empty.') === true,
    );
    assert.equal(await beside(), 'compute row 2');
    await vscode.commands.executeCommand('tilescope.removeNames');
    assert.deepEqual(names.model?.boardLines(bench.entry.id), []);
    await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: false });
  });

  it('[names-2] program memory that is not what the build has for its core is said above its bytes', async () => {
    const here = { col: 1, row: 3 };
    await vscode.workspace.fs.writeFile(file, controlConfig([free.startCol]));
    const document = await bench.open('program', here, free);
    const [panel] = document.panels;
    assert.ok(panel);
    const { range } = document.shown ?? assert.fail('nothing is shown');
    const loaded = Uint8Array.from(document.session.bytes({ offset: range.offset, length: 0x23 }).base);
    /** The core's program, built anew. */
    const build = (text: Uint8Array): Thenable<void> => {
      const elf = makeElf({
        flags: 1,
        sections: [{ name: '.text', flags: 6, address: 0, bytes: text, isLoaded: true }],
        symbols: [{ name: 'main', value: 0, size: text.length, type: 2, section: '.text' }],
      });
      return vscode.workspace.fs.writeFile(vscode.Uri.joinPath(work, 'aie', '1_2', 'Release', '1_2'), elf);
    };
    // Where the core is, is read for the editor alone: no view of it is open.
    const place = { board: bench.entry.id, partition: simulatedKey(free) };
    await until('the core is read', () => {
      const tiles = bench.api.array.reports(place).flatMap((report) => report.tiles);
      return tiles.find(({ tile: one }) => one.col === here.col && one.row === here.row)?.core?.pc;
    });
    await build(loaded);
    await untilTrue('the function has a name', () => panel.nameAt(range.offset) === 'main');
    assert.equal(panel.state.banner, undefined);
    const other = Uint8Array.from(loaded, (byte, at) => (at === 4 || at === 9 ? byte ^ 0xff : byte));
    await build(other);
    await untilBanner(
      panel,
      'The program memory of tile (1,3) is not that of Work/aie/1_2/Release/1_2: bytes that differ: 2, the first at 0x0004. Names of functions may be wrong here.',
    );
    await build(loaded);
    await untilTrue('nothing is said of the program that was loaded', () => panel.state.banner === undefined);
  });

  it('[names-1] run-time parameters are listed with current buffer and value; another value is staged in the other buffer, then the selector, as one step', async () => {
    const here = { col: 1, row: 3 };
    bench.array.poke('data', here, 0x2000, [1, 0, 0, 0]);
    bench.array.poke('data', here, 0x2040, [7, 0, 0, 0, 0xff, 0, 0, 0]);
    await vscode.workspace.fs.writeFile(file, controlConfig([free.startCol], 1, { rtp0: gain }));
    await bench.open('program', here, free);
    await until('the parameter has its place', () => bench.api.names.model?.parameters(bench.entry.id)[0]);
    const { parameters } = await bench.api.files.load();
    const { pick, ask } = parameters;
    const lists: string[][] = [];
    const prompts: string[] = [];
    parameters.pick = async (items) => {
      lists.push(items.map(({ label, description, detail }) => `${label}: ${description} (${detail})`));
      return items[0];
    };
    parameters.ask = async ({ prompt, value, refuse }) => {
      prompts.push(prompt, value ?? '', refuse?.('1') ?? '', refuse?.('zz 0') ?? '');
      return '9 100';
    };
    try {
      await vscode.commands.executeCommand('tilescope.parameters');
      const document = await until('its memory is open', () =>
        bench.api.editor.document(bench.uri('data', here, free)),
      );
      const { range } = document.shown ?? assert.fail('nothing is shown');
      await untilTrue('another value is staged', () => document.session.counts().staged > 0);
      const bytesAt = (offset: number, length: number) => [
        ...document.session.bytes({ offset: range.offset + offset, length }).bytes,
      ];
      assert.deepEqual(bytesAt(0x2000, 4), [0, 0, 0, 0]);
      assert.deepEqual(bytesAt(0x2020, 8), [9, 0, 0, 0, 0, 1, 0, 0]);
      assert.deepEqual(bytesAt(0x2040, 8), [7, 0, 0, 0, 0xff, 0, 0, 0]);
      const facts =
        'type not known, shown as hex32 · 8 bytes · ping (1,3)+0x2020, pong (1,3)+0x2040, selector (1,3)+0x2000 · locks: ping 4, pong 5, selector 3';
      const value = '00000007 000000FF · pong is current';
      assert.deepEqual(lists, [[`mygraph.gain: ${value} (${facts})`]]);
      assert.deepEqual(prompts, [
        'Stages the value in ping, the buffer that is not current, and then the selector, in one step. An application takes locks 3 and 4 for this; Apply takes none: a core that looks at that moment may see a part of it. The selector lies before the buffer, so Apply writes it first.',
        '00000007 000000FF',
        '2 values are needed, with blanks between.',
        'This is no value of type hex32.',
      ]);
      // One step takes back both.
      await untilDirty(document.uri, true);
      await show(document.uri);
      await vscode.commands.executeCommand('undo');
      await untilTrue('nothing is staged', () => document.session.counts().staged === 0);
    } finally {
      Object.assign(parameters, { pick, ask });
    }
  });

  it('[names-3] stacks are listed with their depths; painting one stages a pattern, and what differs from it later is the depth', async () => {
    const here = { col: 1, row: 3 };
    await vscode.workspace.fs.writeFile(file, controlConfig([free.startCol]));
    const elf = makeElf({
      flags: 1,
      symbols: [
        { name: '_sp_start_DM_stack', value: 0x38000 },
        { name: '_sp_end_DM_stack', value: 0x38040 },
        { name: 'ping', value: 0x38040, size: 64 },
      ],
    });
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(work, 'aie', '1_2', 'Release', '1_2'), elf);
    const document = await bench.open('data', here, free);
    const [panel] = document.panels;
    assert.ok(panel);
    const { range } = document.shown ?? assert.fail('nothing is shown');
    await untilTrue('the stack has a name', () => panel.nameAt(range.offset) === 'stack');
    const { stacks } = await bench.api.files.load();
    const { pick, act } = stacks;
    const lines: string[] = [];
    let actions: string[] = [];
    let wanted: 'show' | 'paint' = 'paint';
    let meanwhile = (): void => undefined;
    stacks.pick = async (items) => {
      lines.push(...items.map(({ label, description, detail }) => `${label}: ${description} (${detail})`));
      return items[0];
    };
    stacks.act = async (offered) => {
      actions = offered.map(({ label, detail }) => `${label}: ${detail ?? ''}`);
      meanwhile();
      return offered.find(({ action }) => action === wanted);
    };
    const list = () => vscode.commands.executeCommand('tilescope.stacks');
    try {
      // A running core is left alone.
      bench.array.setCore(here, true);
      await list();
      assert.equal(document.session.counts().staged, 0);
      assert.equal(actions.length, 1);
      assert.match(
        actions[0] ?? '',
        /^Show Its Bytes: It can be painted only while its core is stopped: now /,
      );
      // One that goes on while the question stands, too.
      bench.array.setCore(here, false);
      meanwhile = () => bench.array.setCore(here, true);
      await list();
      assert.match(actions[1] ?? '', /^Paint It: /);
      assert.equal(document.session.counts().staged, 0);
      meanwhile = () => undefined;
      bench.array.setCore(here, false);
      lines.splice(1);
      await list();
      assert.deepEqual(lines, [
        '(1,3): depth unknown: what stood there before is not known ((1,3)+0x0000: 64 bytes (ELF symbols), grows upwards)',
        '(1,3): depth unknown: what stood there before is not known ((1,3)+0x0000: 64 bytes (ELF symbols), grows upwards)',
      ]);
      assert.match(actions[1] ?? '', /^Paint It: Stages a pattern in 64 bytes/);
      await untilTrue('the pattern is staged', () => document.session.counts().staged > 0);
      assert.deepEqual(bench.array.count('write'), 0, 'nothing is written before Apply');
      await vscode.commands.executeCommand('tilescope.apply');
      await untilTrue('it is written', () => document.session.counts().staged === 0);
      wanted = 'show';
      lines.length = 0;
      bench.array.poke('data', here, 0, new Uint8Array(40).fill(1));
      await list();
      assert.match(lines[0] ?? '', /^\(1,3\): at least 40 of 64 bytes deep \(painted at .*, read at /);
      // All of it, and who knows what behind it: said in the editor, too.
      bench.array.poke('data', here, 0, new Uint8Array(64).fill(1));
      await list();
      await untilBanner(
        panel,
        'The stack of (1,3) was written up to its last byte: ping at (1,3)+0x0040, which follows, may be overwritten.',
      );
      // Another file of the build has it elsewhere: said in its line, and nothing is done with either.
      const elsewhere = makeElf({
        flags: 1,
        symbols: [
          { name: '_sp_start_DM_stack', value: 0x38100 },
          { name: '_sp_end_DM_stack', value: 0x38140 },
        ],
      });
      await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(work, 'core_1_3.elf'), elsewhere);
      await vscode.commands.executeCommand('tilescope.refreshBoards');
      await untilTrue('the other file has names', () => panel.nameAt(range.offset + 0x100) === 'stack');
      lines.length = 0;
      actions = [];
      await list();
      assert.deepEqual(
        lines.map((line) => line.replace(/ \(undefined\)$/, '')),
        ['(1,3): files of builds do not agree where it lies: (1,3)+0x0000, (1,3)+0x0100'],
      );
      assert.deepEqual(actions, []);
    } finally {
      Object.assign(stacks, { pick, act });
    }
  });

  it('[names-10] a tile and the hang of a partition are explained by kernel and buffer names, and copied as Markdown', async () => {
    const { array } = bench.api;
    await vscode.workspace.fs.writeFile(file, controlConfig([owned.startCol]));
    // The counters of the simulated graph; the core of this tile runs.
    const running = { col: 6, row: 3 };
    const elf = makeElf({ flags: 1, symbols: [{ name: 'counters', value: 0x39000, size: 32 }] });
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(work, 'aie', '0_2', 'Release', '0_2'), elf);
    await vscode.commands.executeCommand('tilescope.refreshBoards');
    await until('the buffer has a name', () => bench.api.names.names(bench.entry.id, 'data', running)[0]);
    const explanations = await array.explanations();
    const { offerCopy } = explanations;
    explanations.offerCopy = async () => true;
    const page = async (command: string): Promise<string> => {
      await vscode.env.clipboard.writeText('');
      await vscode.commands.executeCommand(`tilescope.${command}`);
      const text = vscode.window.activeTextEditor?.document;
      assert.equal(text?.languageId, 'markdown');
      // Each partition has pages of its own.
      assert.ok(text.uri.path.startsWith(`/${simulatedKey(owned)}/`), text.uri.path);
      const copied = await until(
        'it is copied',
        async () => (await vscode.env.clipboard.readText()) || undefined,
      );
      assert.equal(copied, text.getText());
      await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      return copied.replaceAll('\\', '');
    };
    try {
      array.select(bench.entry.id, simulatedKey(owned));
      const waits = await page('explainPartition');
      assert.match(waits, /^## A hang of 2 tiles$/m);
      assert.match(waits, /^1\. tile \(7,2\) waits for a lock of `scale\.k\[0\]` in \(7,3\)/m);
      array.tile.show({ board: bench.entry.id, partition: simulatedKey(owned), tile: running });
      const tile = await page('explainTile');
      assert.match(tile, /^In 16 samples within \d+ ms:$/m);
      assert.match(tile, /^- `counters` 0x1000, 32 bytes: last change seen at /m);
      const writes = bench.array.count('write');
      assert.equal(writes, 0);
    } finally {
      Object.assign(explanations, { offerCopy });
    }
  });

  it('[names-4] the disassembly stands beside the bytes of a program; who moves in it has the bytes selected', async () => {
    const here = { col: 1, row: 3 };
    await vscode.workspace.fs.writeFile(file, controlConfig([free.startCol]));
    const text = new Uint8Array(0x800);
    const elf = makeElf({
      flags: 1,
      sections: [{ name: '.text', flags: 6, address: 0, bytes: text, isLoaded: true }],
      symbols: [{ name: 'main', value: 0, size: text.length, type: 2, section: '.text' }],
    });
    const release = vscode.Uri.joinPath(work, 'aie', '1_2', 'Release');
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(release, '1_2'), elf);
    const document = await bench.open('program', here, free);
    const [panel] = document.panels;
    assert.ok(panel);
    const { range } = document.shown ?? assert.fail('nothing is shown');
    await untilTrue('the function has a name', () => panel.nameAt(range.offset) === 'main');
    const listed = '.label main\n       0    NOPA\n      16    MOVA r0, #5\n      32    DONE\n';
    await vscode.workspace.fs.writeFile(
      vscode.Uri.joinPath(release, '1_2.lst'),
      new TextEncoder().encode(listed),
    );
    await vscode.commands.executeCommand('tilescope.showDisassembly');
    const editor = await until('the page is there', () =>
      vscode.window.visibleTextEditors.find(({ document: { uri } }) => uri.scheme === 'aie-disassembly'),
    );
    const there = { offset: range.offset, length: 16 };
    const row = () => `    0000  ${hexPairs(document.session.bytes(there).base)}  NOPA`;
    assert.equal(editor.document.lineAt(0).text, 'main:');
    await untilTrue('the bytes stand beside', () => editor.document.lineAt(1).text === row());
    // A person who moves in the page has the bytes selected.
    await vscode.window.showTextDocument(editor.document, {
      viewColumn: editor.viewColumn ?? vscode.ViewColumn.Beside,
    });
    await vscode.commands.executeCommand('cursorTop');
    await vscode.commands.executeCommand('cursorDown');
    await vscode.commands.executeCommand('cursorDown');
    await untilTrue('the bytes are selected', () => panel.selection?.start === range.offset + 16);
    assert.equal(panel.selection?.length, 16);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });
});
