import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { Bench, free, owned, show, tabOf, until, untilDirty, untilTrue } from './support.ts';

const tile = { col: 1, row: 2 };

describe('docked view', () => {
  let bench: Bench;

  /** The docked panel, once its page shows bytes. */
  const docked = () =>
    until('the panel shows bytes', () => {
      const { panel } = bench.api.docked;
      const { visible } = panel ?? {};
      return visible !== undefined && visible.length > 0 ? panel : undefined;
    });

  beforeEach(async () => {
    bench = await Bench.make();
  });
  afterEach(async () => {
    await vscode.commands.executeCommand('tilescope.undock');
    await vscode.commands.executeCommand('workbench.action.closePanel');
    await bench.dispose();
  });

  it('[hex-9] shows the memory of the editor at its place, also once that is closed; hidden it reads nothing', async () => {
    const document = await bench.open('data', tile);
    const start = document.shown?.range.offset ?? 0;
    const [panel] = document.panels;
    panel?.reveal(start + 0x1234, 1);
    await untilTrue('the cursor is there', () => panel?.selection?.cursor === start + 0x1234);
    await vscode.commands.executeCommand('tilescope.dock');
    const view = await docked();
    await untilTrue('it begins there', () => view.selection?.cursor === start + 0x1234);
    assert.equal(view.document.session, document.session);

    await show(document.uri);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    await untilTrue('the tab is closed', () => tabOf(document.uri) === undefined);
    const offset = view.visible?.offset ?? 0;
    bench.array.poke('data', tile, offset - start, [0x5a]);
    await view.document.session.refresh({ offset, length: 4 }, AbortSignal.timeout(10_000));
    assert.equal(view.bytes({ offset, length: 1 }).bytes[0], 0x5a);

    await vscode.commands.executeCommand('workbench.action.closePanel');
    await untilTrue('it is hidden', () => !view.view.visible);
    const reads = bench.array.count('read');
    view.reveal(start + 0x7000, 1);
    await vscode.commands.executeCommand('tilescope.docked.focus');
    await untilTrue('it shows what it went to meanwhile', () => (view.visible?.offset ?? 0) > start + 0x6000);
    await until('that is read', () =>
      bench.array.count('read') > reads && view.visible && view.document.session.readAt(view.visible)
        ? true
        : undefined,
    );
  });

  it('[hex-9] edits nothing, shows what was staged elsewhere, and leads to an editor at the same place', async () => {
    const document = await bench.open('data', tile);
    const start = document.shown?.range.offset ?? 0;
    await vscode.commands.executeCommand('tilescope.dock');
    const view = await docked();
    bench.type(document, 0x20, [0xca, 0xfe]);
    await untilDirty(document.uri, true);
    const { policy, isDocked, stagedBytes, lockedFor } = view.state;
    assert.deepEqual([policy, isDocked, stagedBytes], ['locked', true, 2]);
    assert.match(lockedFor ?? '', /Open it in an editor/);
    assert.deepEqual([...view.bytes({ offset: start + 0x20, length: 2 }).bytes], [0xca, 0xfe]);

    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await untilTrue('the tab is closed', () => tabOf(document.uri) === undefined);
    await untilTrue('the edits are gone', () => view.state.stagedBytes === 0);
    view.reveal(start + 0x400, 1);
    await untilTrue('the cursor is there', () => view.selection?.cursor === start + 0x400);
    bench.api.editor.run('openInEditor', view.document);
    const opened = await until('the editor is open', () => bench.api.editor.document(document.uri));
    await untilTrue('it is at the same place', () =>
      [...opened.panels].some(({ selection }) => selection?.cursor === start + 0x400),
    );
  });

  it('[hex-9] another memory takes the place of the first; a whole memory follows the selected core', async () => {
    await bench.open('data', tile);
    await vscode.commands.executeCommand('tilescope.dock');
    await docked();
    const whole = await bench.open('data', undefined, owned);
    await vscode.commands.executeCommand('tilescope.dock');
    await untilTrue('the other one is there', () => bench.api.docked.panel?.document.key === whole.key);
    const view = await docked();
    const { board, partition } = view.document.resource;
    await untilTrue('it has a cursor', () => view.selection !== undefined);
    bench.api.docked.follow({ board, partition, tile: { col: 8, row: 3 } });
    const { geometry } = view.document.shown ?? {};
    assert.ok(geometry);
    const first = ((8 - owned.startCol) * geometry.numRows + 3 - geometry.startRow) * geometry.bytesPerTile;
    await untilTrue('it shows the tile', () => {
      const cursor = view.selection?.cursor ?? -1;
      return cursor >= first && cursor < first + geometry.bytesPerTile;
    });
  });

  it('Undock ends it', async () => {
    await bench.open('data', tile, free);
    await vscode.commands.executeCommand('tilescope.dock');
    const { document } = await docked();
    await vscode.commands.executeCommand('tilescope.undock');
    assert.equal(bench.api.docked.panel, undefined);
    assert.equal(document.panels.size, 0);
  });
});

describe('side by side', () => {
  it('[hex-9] two editors of one memory scroll together on wish, and apart', async () => {
    const bench = await Bench.make();
    try {
      const document = await bench.open('data');
      await vscode.commands.executeCommand('workbench.action.splitEditor');
      const [one, other] = await until('both show bytes', () => {
        const panels = [...document.panels];
        return panels.length === 2 && panels.every(({ visible }) => visible !== undefined)
          ? panels
          : undefined;
      });
      assert.ok(one !== undefined && other !== undefined);
      const goesTo = async (offset: number): Promise<void> => {
        one.reveal(offset, 1);
        await untilTrue('it is there', () => one.selection?.cursor === offset);
      };
      await vscode.commands.executeCommand('tilescope.scrollTogether');
      await goesTo(0x5000);
      await untilTrue('the other one follows', () => {
        const at = one.visible?.offset;
        return at !== undefined && at > 0x4000 && other.visible?.offset === at;
      });
      await vscode.commands.executeCommand('tilescope.scrollApart');
      const before = other.visible?.offset;
      await goesTo(0x10000);
      await untilTrue('it went on alone', () => (one.visible?.offset ?? 0) > 0xf000);
      assert.equal(other.visible?.offset, before);
      assert.equal(other.selection?.cursor, 0);
    } finally {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await bench.dispose();
    }
  });
});
