/** Array view and details view in a real extension host: the simulated graph hangs in (7,2) and (7,3). */
import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { ArrayFace } from '../../../src/array/array-face.ts';
import type { DetailItem } from '../../../src/array/tile-items.ts';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import type { TreeNode } from '../../../src/explorer/nodes.ts';
import { keyOf } from '../../conformance/keys.ts';
import { Bench, owned, tabOf, until, untilTrue } from './support.ts';

describe('Array view and details view', () => {
  let bench: Bench;
  let views: ArrayFace;

  beforeEach(async () => {
    bench = await Bench.make();
    views = bench.api.array;
  });
  afterEach(async () => {
    await bench.dispose();
  });
  // The other suites are about other views: nothing reads beside them.
  after(async () => {
    await vscode.commands.executeCommand('tilescope.array.removeView');
    await vscode.commands.executeCommand('tilescope.tile.removeView');
    await untilTrue('the views are gone', () => !views.array.isVisible && !views.tile.isVisible);
  });

  const look = async (): Promise<void> => {
    await vscode.commands.executeCommand('tilescope.array.focus');
    views.select(bench.entry.id, keyOf(owned));
    await untilTrue('the array was read', () => views.array.picture.hangs.length > 0);
  };
  const details = (): DetailItem[] => views.tileView.getChildren();
  const detail = (key: string): DetailItem | undefined => details().find((item) => item.key === key);

  it('[attach-11] the Array view shows the hang of the partition that is selected', async () => {
    await look();
    const { picture } = views.array;
    assert.deepEqual(
      picture.hangs.map(({ text }) => text),
      ["Tiles (7,2) and (7,3) wait for each other's locks."],
    );
    assert.equal(picture.arrows.filter(({ hangs }) => hangs).length, 2);
    assert.match(picture.readAt, /^Read at /);
    assert.equal(bench.array.count('status'), 1);
  });

  it('[attach-11] a chosen tile opens its data memory, and the details follow', async () => {
    await look();
    await vscode.commands.executeCommand('tilescope.tile.focus');
    const place = views.array.open({ col: 7, row: 2 });
    assert.ok(place);
    views.array.focus(place.tile);
    await views.arrayView.open(place);
    const uri = bench.uri('data', place.tile, owned);
    await untilTrue('the tab is open', () => tabOf(uri) !== undefined);
    await untilTrue('the details are there', () => detail('core') !== undefined);
    assert.match(detail('core')?.description ?? '', /waits for a lock in the north/);
    assert.deepEqual(
      details().map(({ key }) => key),
      ['core', 'locks', 'dma', 'bd', 'events', 'read'],
    );
    assert.match(detail('bd')?.children[0]?.tooltip[0] ?? '', /^Words 0x[0-9A-F]{8} /);
  });

  it('[attach-10] the details follow the caret, and are read again with the editor', async () => {
    await vscode.commands.executeCommand('tilescope.tile.focus');
    await bench.open('data', { col: 8, row: 6 }, owned);
    await untilTrue('the details are there', () => detail('core')?.description === 'done');
    bench.array.setActivity({ col: 8, row: 6 }, 'running');
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('the details are read again', () => detail('core')?.description === 'running');
    await bench.open('data', { col: 7, row: 3 }, owned);
    await untilTrue('the details are those of the other tile', () =>
      (detail('core')?.description ?? '').includes('waits for a lock'),
    );
  });

  it('[attach-11] the array is read again with the editor, and by its own command', async () => {
    await look();
    await bench.open('data', { col: 7, row: 2 }, owned);
    for (const row of [2, 3]) bench.array.setActivity({ col: 7, row }, 'running');
    await vscode.commands.executeCommand('tilescope.refresh');
    await untilTrue('the hang is gone', () => views.array.picture.hangs.length === 0);
    bench.array.setActivity({ col: 7, row: 2 }, 'lock-stall-north');
    bench.array.setActivity({ col: 7, row: 3 }, 'lock-stall-south');
    await vscode.commands.executeCommand('tilescope.refreshArray');
    await untilTrue('the hang is back', () => views.array.picture.hangs.length === 1);
  });

  it('[live-3] the Array view shows where memory changes; it cools, and a free partition is left alone', async () => {
    await look();
    const tile = { col: 8, row: 5 };
    const cell = () =>
      views.array.picture.rows
        .flatMap(({ cells }) => cells)
        .find((one) => one.tile.col === tile.col && one.tile.row === tile.row);
    let value = 0;
    await untilTrue('the tile is warm', () => {
      value = (value + 1) % 256;
      bench.array.poke('data', tile, 0x1000, new Array(2048).fill(value));
      return cell()?.heat !== undefined;
    });
    assert.match(cell()?.lines.at(-1) ?? '', /^Memory: (some|much) of it changes$/);
    assert.match(views.array.picture.heat?.text ?? '', /something small may change unseen/);
    await untilTrue('it is cold', () => cell()?.heat === undefined);
    bench.array.exitOwner(owned);
    await untilTrue('nobody uses it', () => views.array.picture.heat?.isKnown === false);
    const looks = bench.array.count('survey');
    const reads = bench.array.count('status');
    await vscode.commands.executeCommand('tilescope.refreshArray');
    await untilTrue('a person has it read', () => bench.array.count('status') > reads);
    assert.equal(bench.array.count('survey'), looks);
  });

  it('[attach-10] one line, or the whole tile, is copied', async () => {
    await vscode.commands.executeCommand('tilescope.tile.focus');
    views.tile.show({ board: bench.entry.id, partition: simulatedKey(owned), tile: { col: 7, row: 2 } });
    await untilTrue('the details are there', () => detail('core') !== undefined);
    await vscode.commands.executeCommand('tilescope.copyDetail', detail('locks')?.children[2]);
    assert.match(await vscode.env.clipboard.readText(), /^Lock 2: /);
    await vscode.commands.executeCommand('tilescope.copyDetail');
    const all = await vscode.env.clipboard.readText();
    assert.match(all, /^Tile \(7,2\) of Bench/);
    assert.match(all, /\n {2}Program counter: 0x/);
  });

  it('[attach-10] the tooltip of a tile in the sidebar says what it does', async () => {
    const nodes = await bench.api.tree.getChildren();
    const find = async (within: readonly TreeNode[], test: (node: TreeNode) => boolean): Promise<TreeNode> =>
      until('the node is listed', () => within.find(test));
    const board = await find(nodes, (node) => node.item(false).label === bench.entry.config.label);
    const partition = await find(
      await bench.api.tree.getChildren(board),
      (node) => node.key.startsWith('partition:') && node.key.endsWith('/6_4'),
    );
    const [data] = await bench.api.tree.getChildren(partition);
    assert.ok(data);
    const tile = await find(
      await bench.api.tree.getChildren(data),
      (node) => node.item(false).label === '(7,2)',
    );
    const resolved = await bench.api.tree.resolveTreeItem(bench.api.tree.getTreeItem(tile), tile);
    const { tooltip } = resolved;
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.match(tooltip.value.replace(/&nbsp;/g, ' '), /waits for a lock in the north/);
  });
});
