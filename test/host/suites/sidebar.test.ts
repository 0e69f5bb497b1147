import * as assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { TreeNode } from '../../../src/explorer/nodes.ts';
import { Bench, free, owned, tabOf, tilescope, until, untilDirty, untilTrue } from './support.ts';

/** A node as a person sees it: label, then what stands beside it. */
function look(node: TreeNode): string {
  const item = node.item(false);
  const beside = typeof item.description === 'string' ? ` | ${item.description}` : '';
  return `${String(item.label)}${beside}`;
}

/** When the owner started is when the test did. */
function withoutTime(text: string): string {
  return text.replace(/ since .*/, ' since ...');
}

function tooltip(node: TreeNode | undefined): string {
  const shown = node?.item(false).tooltip;
  // Text in a tooltip is escaped for Markdown.
  return shown instanceof vscode.MarkdownString ? shown.value.replace(/&nbsp;/g, ' ').replace(/\\/g, '') : '';
}

describe('the sidebar', () => {
  let bench: Bench;

  const boardNode = async (): Promise<TreeNode> => {
    const label = bench.entry.config.label;
    const nodes = await bench.api.tree.getChildren();
    const found = nodes.find((node) => node.item(false).label === label);
    assert.ok(found, `${label} is not in the tree`);
    return found;
  };
  const child = async (node: TreeNode, label: string): Promise<TreeNode> => {
    const found = (await bench.api.tree.getChildren(node)).find((one) => one.item(false).label === label);
    assert.ok(found, `${label} is not below ${look(node)}`);
    return found;
  };

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await bench.dispose();
  });

  it('[main-17] lists boards, partitions with their users, memory types, and tiles', async () => {
    const board = await boardNode();
    const partitions = await bench.api.tree.getChildren(board);
    assert.deepEqual(partitions.map(look).map(withoutTime), [
      'Columns 0 to 3 | free',
      'Columns 6 to 9 | in use by demo_graph (1234) since ...',
      'Columns 12 to 13 | free',
    ]);
    const partition = await child(board, 'Columns 0 to 3');
    assert.deepEqual((await bench.api.tree.getChildren(partition)).map(look), [
      'Data memory | 1 MiB',
      'Program memory | 512 KiB',
    ]);
    const tiles = await bench.api.tree.getChildren(await child(partition, 'Data memory'));
    assert.equal(tiles.length, 32);
    assert.equal(tiles[0] && look(tiles[0]), '(0,1) | compute row 0');
    assert.equal(tiles[31] && look(tiles[31]), '(3,8) | compute row 7');
    const shimOnly = await bench.api.tree.getChildren(await child(board, 'Columns 12 to 13'));
    assert.deepEqual(shimOnly.map(look), ['Shim tiles only: no tile memory.']);
  });

  it('[main-17] [attach-2] every node has an icon, a stable id, and a tooltip with what it is', async () => {
    const board = await boardNode();
    for (const line of ['Driver family: simulated', 'Generation: aie', 'Kernel page: 4 KiB']) {
      assert.ok(tooltip(board).includes(line), `${line}: ${tooltip(board)}`);
    }
    assert.match(tooltip(board), /^- A simulated array of the generation aie: nothing here is hardware\.$/m);
    assert.match(tooltip(board), /^- Partitions are fixed\.$/m);
    const partition = await child(board, 'Columns 6 to 9');
    assert.match(tooltip(partition), /in use by demo_graph/);
    assert.match(tooltip(partition), /Owner runs since/);
    const memory = await child(partition, 'Program memory');
    assert.match(tooltip(memory), /In each tile: 16 KiB/);
    assert.match(tooltip(memory), /0x20000/);
    const tile = await child(memory, '(7,3)');
    assert.match(tooltip(tile), /Buffer offset: 0x28000 - 0x2BFFF/);
    for (const node of [board, partition, memory, tile]) {
      const item = node.item(false);
      assert.ok(item.iconPath, `${look(node)} has no icon`);
      assert.equal(item.id, node.key);
    }
    assert.equal((await boardNode()).key, board.key);
  });

  it('[main-17] [main-22] a partition changes hands in the tree by itself', async () => {
    const shown = async () => (await bench.api.tree.getChildren(await boardNode())).map(look)[0];
    let changes = 0;
    const following = bench.api.tree.onDidChangeTreeData(() => changes++);
    bench.array.own(free, { kind: 'process', pid: 77, command: 'my_graph', startedAt: 0 });
    await until('the tree names the owner', async () =>
      (await shown()) === 'Columns 0 to 3 | in use by my_graph (77)' ? true : undefined,
    );
    bench.array.release(free);
    await until('the tree says free', async () =>
      (await shown()) === 'Columns 0 to 3 | free' ? true : undefined,
    );
    assert.ok(changes >= 2);
    following.dispose();
  });

  it('[main-17] connect, disconnect and refresh: the node says how it stands and offers what fits', async () => {
    const context = async () => (await boardNode()).item(false).contextValue;
    assert.equal(await context(), 'board.connected.simulated');
    await vscode.commands.executeCommand('tilescope.disconnect', bench.entry.id);
    assert.equal(await context(), 'board.disconnected.simulated');
    assert.deepEqual((await bench.api.tree.getChildren(await boardNode())).map(look), [
      'Not connected. Click to connect.',
    ]);
    await vscode.commands.executeCommand('tilescope.connect', bench.entry.id);
    assert.equal(await context(), 'board.connected.simulated');
    const asked = bench.array.count('partitions');
    await vscode.commands.executeCommand('tilescope.refreshBoards', bench.entry.id);
    assert.ok(bench.array.count('partitions') > asked);
  });

  it('[main-17] an unknown driver is asked about before the first mapping, and the answer is kept', async () => {
    const strange = await Bench.make({ unknownDriver: true });
    try {
      const board = (await strange.api.tree.getChildren()).at(-1);
      assert.ok(board);
      const partition = (await strange.api.tree.getChildren(board))[0];
      assert.ok(partition);
      const refused = (await strange.api.tree.getChildren(partition))[0]?.item(false);
      assert.equal(refused?.command?.command, 'tilescope.allowDriver');

      const asked: (readonly string[])[] = [];
      let answer = false;
      strange.api.consent.confirm = async (_, findings) => {
        asked.push(findings);
        return answer;
      };
      await vscode.commands.executeCommand('tilescope.allowDriver', strange.entry.id);
      assert.ok((asked[0]?.length ?? 0) > 0, 'the question shows what was found');
      assert.equal(strange.entry.link.allowUnknownDriver, false);
      answer = true;
      await vscode.commands.executeCommand('tilescope.allowDriver', strange.entry.id);
      assert.equal((await strange.api.tree.getChildren(partition)).length, 2);

      await strange.entry.link.disconnect();
      await strange.entry.link.connect();
      assert.equal((await strange.api.tree.getChildren(partition)).length, 2);
      assert.equal(asked.length, 2, 'the answer is kept for the board and its kernel');
    } finally {
      await strange.dispose();
    }
  });

  it('[main-17] [attach-2] Copy Board Report gives everything that a bug report needs', async () => {
    await bench.api.tree.getChildren(await child(await boardNode(), 'Columns 0 to 3'));
    await vscode.commands.executeCommand('tilescope.copyReport', bench.entry.id);
    const report = await until('the report is in the clipboard', async () => {
      const text = await vscode.env.clipboard.readText();
      return text.includes('# Board report') ? text : undefined;
    });
    const state = bench.entry.link.state;
    assert.ok(state.kind === 'connected');
    const { info } = state.board;
    const version = vscode.extensions.getExtension('tilescope.tilescope')?.packageJSON.version;
    const facts: Readonly<Record<string, string>> = {
      Tilescope: String(version),
      core: info.coreVersion === '' ? 'none (simulated)' : info.coreVersion,
      device: info.device,
      'driver family': info.family,
      generation: info.generation,
      array: '50 columns; rows: shim 0 to 0, core 1 to 8',
      'host name': info.hostName,
      kernel: info.kernel,
      machine: info.machine,
      'page size': `${info.pageSize} bytes`,
      'boot id': info.bootId,
    };
    for (const [name, value] of Object.entries(facts)) {
      assert.ok(value !== '' && report.includes(`| ${name} | \`${value}\` |`), `${name} ${value}: ${report}`);
    }
    assert.match(report, /## Findings\n\n(?:none|- `)/);
    assert.match(report, /\| 1 \| 0 to 3 \| 0 to 8 \| `free` \|/);
    assert.match(report, /\| 2 \| 6 to 9 \| 0 to 8 \| `in use by demo_graph \(pid 1234\)` \|/);
    assert.match(report, /\| 3 \| 12 to 13 \| 0 to 0 \| `free` \|/);
    assert.match(report, /\| 0 to 3 \| data \| 1 to 8 \| 32768 \| 1048576 \| yes \|/);
    assert.match(report, /\| 0 to 3 \| program \| 1 to 8 \| 16384 \| 524288 \| yes \|/);
  });

  it('[main-17] boards are added and removed, and stay in the list for the next window', async () => {
    const before = bench.api.boards.entries.length;
    await vscode.commands.executeCommand('tilescope.addSimulatedBoard');
    const added = bench.api.boards.entries.at(-1);
    assert.equal(bench.api.boards.entries.length, before + 1);
    assert.equal(added?.config.label, 'Simulated board');
    await untilTrue('it is connected', () => added?.link.state.kind === 'connected');
    await bench.api.boards.remove(added?.id ?? '');
    assert.equal(bench.api.boards.entries.length, before);
  });

  it('[main-17] every command of the manifest exists, and menus name nothing else', async () => {
    assert.ok(await tilescope());
    const contributes: unknown =
      vscode.extensions.getExtension('tilescope.tilescope')?.packageJSON.contributes;
    const part = (value: unknown, name: string): unknown => Reflect.get(Object(value), name);
    const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
    const declared = list(part(contributes, 'commands'));
    const ids = declared.map((one) => String(part(one, 'command')));
    const known = new Set(await vscode.commands.getCommands(true));
    assert.deepEqual(
      ids.filter((id) => !known.has(id)),
      [],
    );
    for (const one of declared) {
      assert.equal(part(one, 'category'), 'Tilescope');
      assert.match(String(part(one, 'title')), /^[^%]+$/, 'the palette shows a title');
    }
    const menus = part(contributes, 'menus');
    // Commands of one name are offered as one; of the others only those of a row are hidden from the palette.
    const title = (id: unknown): string =>
      String(
        part(
          declared.find((one) => part(one, 'command') === id),
          'title',
        ),
      );
    const hidden = list(part(menus, 'commandPalette')).map((item) => title(part(item, 'command')));
    assert.deepEqual(
      [...new Set(hidden)],
      ['Refresh', 'Discard', 'Keep Staged Bytes', "Take the Board's Bytes", 'Set Value...'],
    );
    for (const [menu, place] of [
      ['view/title', /\bview == tilescope\.(boards|array|tile|bookmarks|docked|hits)\b/],
      [
        'view/item/context',
        /\bview == tilescope\.(boards|tile|comparison|edits|watches|bookmarks|hits) && viewItem =~ /,
      ],
      ['editor/title', /\bactiveCustomEditorId == 'tilescope\.hex'/],
      ['webview/context', /\bwebviewId == 'tilescope\.hex'/],
    ] as const) {
      const items = list(part(menus, menu));
      assert.ok(items.length > 0, menu);
      for (const item of items) {
        assert.ok(ids.includes(String(part(item, 'command'))), `${menu}: ${JSON.stringify(item)}`);
        assert.match(String(part(item, 'when')), place);
      }
    }
  });

  it('[main-17] [main-16] Use This Machine where there is no board: said in words, with what to do next', async () => {
    const settings = vscode.workspace.getConfiguration('tilescope.local');
    await settings.update('device', '/dev/tilescope-none', vscode.ConfigurationTarget.Global);
    await vscode.commands.executeCommand('tilescope.addLocalBoard');
    const added = bench.api.boards.entries.at(-1);
    assert.ok(added?.config.kind === 'local');
    try {
      const state = added.link.state;
      assert.ok(state.kind === 'offline', `${state.kind} instead of offline`);
      assert.equal(state.error.code, 'no-device');
      const node = (await bench.api.tree.getChildren()).at(-1);
      const shown = (await bench.api.tree.getChildren(node)).map(look).join();
      assert.match(shown, /\/dev\/tilescope-none/);
      assert.match(shown, /\. \S/, 'a sentence and the next step');
    } finally {
      await bench.api.boards.remove(added.id);
      await settings.update('device', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('[main-21] removing a board with staged edits asks first, and keeps them', async () => {
    const document = await bench.open('data', { col: 0, row: 2 });
    bench.type(
      document,
      0,
      [...bench.array.peek('data', { col: 0, row: 2 }, 0, 3)].map((byte) => byte ^ 0xff),
    );
    await untilDirty(document.uri, true);
    const asked: number[] = [];
    let answer = false;
    const before = bench.api.boardCommands.confirmRemoval;
    bench.api.boardCommands.confirmRemoval = async (_, staged) => {
      asked.push(staged);
      return answer;
    };
    try {
      await vscode.commands.executeCommand('tilescope.removeBoard', bench.entry.id);
      assert.equal(bench.api.boards.get(bench.entry.id), bench.entry);
      answer = true;
      await vscode.commands.executeCommand('tilescope.removeBoard', bench.entry.id);
    } finally {
      bench.api.boardCommands.confirmRemoval = before;
    }
    assert.deepEqual(asked, [3, 3], 'the question names the staged bytes');
    assert.equal(bench.api.boards.get(bench.entry.id), undefined);
    assert.equal(document.session.counts().staged, 3);
    assert.equal(tabOf(document.uri)?.isDirty, true);
    const kept = await readdir(bench.api.journalFolder);
    const texts = await Promise.all(
      kept.map((name) => readFile(join(bench.api.journalFolder, name), 'utf8')),
    );
    assert.ok(texts.some((text) => text.includes(document.key)));
    await vscode.commands.executeCommand('tilescope.apply', document.uri);
    assert.equal(document.session.counts().staged, 3, 'what cannot be applied stays');
  });

  it('[main-17] opening from the tree shows the tile', async () => {
    const partition = await child(await boardNode(), 'Columns 6 to 9');
    const tile = await child(await child(partition, 'Data memory'), '(6,1)');
    const command = tile.item(false).command;
    assert.ok(command);
    await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
    const document = await until('the document is open', () =>
      bench.api.editor.document(bench.uri('data', { col: 6, row: 1 }, owned)),
    );
    assert.deepEqual(document.shown?.range, { offset: 0, length: 32 * 1024 });
  });
});
