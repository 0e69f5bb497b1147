import * as assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { MemoryNode, PartitionNode } from '../../../src/explorer/nodes.ts';
import { Bench } from './support.ts';

const tile = { col: 7, row: 3 };

/** What aiecompiler leaves of a graph with one kernel, two columns and rows from its first core on. */
function controlConfig(startCols: readonly number[], column = 1): Uint8Array {
  const config = {
    schema_version: { major: '1', minor: '0', patch: '0' },
    aie_metadata: {
      driver_config: { hw_gen: 1, aie_tile_row_start: 1, partition_overlay_start_cols: startCols },
      graphs: { graph0: { id: 0, name: 'mygraph' } },
      TileMapping: {
        AIEKernelToTileMapping: [{ graph: 'mygraph', column, row: 2, schedule: 0, function: 'scale.k[0]' }],
      },
    },
  };
  return new TextEncoder().encode(JSON.stringify(config));
}

describe('names', () => {
  let bench: Bench;

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await bench.dispose();
  });

  /** What stands beside the tile in the sidebar. */
  const beside = async (): Promise<string> => {
    const { tree } = bench.api;
    const board = (await tree.getChildren()).find((node) => node.key === `board:${bench.entry.id}`);
    const [, partition] = (await tree.getChildren(board)) as PartitionNode[];
    const [data] = (await tree.getChildren(partition)) as MemoryNode[];
    const nodes = await tree.getChildren(data);
    const node = nodes.find((one) => one.item(false).label === `(${tile.col},${tile.row})`);
    assert.ok(node, 'the tile is not in the tree');
    return String(tree.getTreeItem(node).description);
  };

  it('a build from elsewhere that does not say where it starts is named on the partition it is added to', async () => {
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
    await vscode.commands.executeCommand('tilescope.removeNames');
    assert.deepEqual(names.model?.boardLines(bench.entry.id), []);
    assert.equal(await beside(), 'compute row 2');
    await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: false });
  });
});
