/** Which tile is read when editors and debug sessions lead somewhere. */
import { expect, test, vi } from 'vitest';
import { freeColumns, ownedColumns, simulatedKey } from '../board/simulated/array.ts';
import { Emitter } from '../model/event.ts';
import { settle } from '../session/scripted-board.ts';
import { ViewBench } from './test-bench.ts';

const nothing = { dispose: () => undefined };

vi.mock('vscode', () => ({
  EventEmitter: Emitter,
  commands: { registerCommand: () => nothing, executeCommand: async () => undefined },
  window: {
    registerWebviewViewProvider: () => nothing,
    createTreeView: () => ({ visible: false, onDidChangeVisibility: () => nothing, ...nothing }),
  },
  workspace: {
    getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
    onDidChangeConfiguration: () => nothing,
  },
}));

const { ArrayFace } = await import('./array-face.ts');

const free = { board: 'desk', partition: simulatedKey(freeColumns), tile: { col: 0, row: 3 } };
const owned = { board: 'desk', partition: simulatedKey(ownedColumns), tile: { col: 7, row: 3 } };

async function make() {
  const bench = new ViewBench();
  await bench.link.connect();
  const face = new ArrayFace(bench.services, undefined as never, undefined as never);
  const passed = async () => {
    bench.time.advance(300);
    await expect.poll(() => face.tile.known?.reading).toBe(false);
    await settle();
  };
  return { bench, face, passed };
}

test('[truth-21] before a page has said where its caret is, the tile that is still shown is not read for it', async () => {
  const { bench, face, passed } = await make();
  face.follow(free);
  await passed();
  face.follow(undefined, true);
  await passed();
  expect(bench.array.count('open') + bench.array.count('status')).toBe(0);
  face.follow(owned, true);
  await passed();
  expect(face.tile.known?.report?.tiles[0]?.tile).toEqual(owned.tile);
});

test('[truth-21] [debug-2] the views follow a core that is selected, which takes no free partition, until the caret moves', async () => {
  const { bench, face, passed } = await make();
  face.follow(owned, true);
  face.followSelected(free);
  expect(face.tile.known?.place).toEqual(free);
  expect(face.array.shown?.info.key).toBe(free.partition);
  // The editor says again what it had said before.
  face.follow(owned, true);
  expect(face.tile.known?.place).toEqual(free);
  face.tile.visible = true;
  face.follow(undefined);
  face.follow(owned, true);
  await passed();
  face.followSelected(free);
  await passed();
  expect(face.tile.known?.error?.code).toBe('not-asked');
  expect(bench.noted).toHaveLength(1);
  face.follow(free);
  await passed();
  expect(face.tile.known?.report?.tiles).toHaveLength(1);
});
