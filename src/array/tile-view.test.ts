import { beforeEach, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { freeColumns, ownedColumns, simulatedKey } from '../board/simulated/array.ts';
import { Emitter } from '../model/event.ts';
import { settle } from '../session/scripted-board.ts';
import { ViewBench } from './test-bench.ts';

/** A tree view as an editor hands it out. */
class FakeTreeView {
  visible = false;
  disposed = false;
  description: string | undefined;
  message: string | undefined;
  readonly visibility = new Emitter<{ visible: boolean }>();
  readonly onDidChangeVisibility = this.visibility.event;

  show(): void {
    this.visible = true;
    this.visibility.fire({ visible: true });
  }

  dispose(): void {
    this.disposed = true;
    this.visibility.dispose();
  }
}

let views: FakeTreeView[] = [];

vi.mock('vscode', () => ({
  EventEmitter: Emitter,
  window: {
    createTreeView: () => {
      const view = new FakeTreeView();
      views.push(view);
      return view;
    },
  },
}));

const { TileView } = await import('./tile-view.ts');

const first = {
  board: 'desk',
  partition: simulatedKey(freeColumns),
  tile: { col: freeColumns.startCol, row: 1 },
};
const second = { ...first, tile: { ...first.tile, row: 2 } };

async function make() {
  const bench = new ViewBench();
  await bench.link.connect();
  const view = new TileView(bench.tile, bench.services);
  return { bench, view };
}

beforeEach(() => {
  views = [];
});

test('[attach-10] says in a message what to do while no tile is chosen: Theia never asks a view with a welcome text', async () => {
  const { bench, view } = await make();
  expect(views).toHaveLength(1);
  expect(views[0]?.message).toMatch(/^No tile has been chosen yet/);
  expect(view.getChildren()).toEqual([]);
  bench.tile.show(first);
  expect(views[0]?.message).toBe('');
  expect(views[0]?.description).toContain('(0,1) of Desk');
  bench.tile.show(second);
  expect(views[0]?.description).toContain('(0,2) of Desk');
  expect(manifest.contributes.viewsWelcome.map((welcome) => welcome.view)).not.toContain('tilescope.tile');
  view.dispose();
  expect(views[0]?.disposed).toBe(true);
});

test('[attach-10] reads its tile once somebody looks', async () => {
  const { bench, view } = await make();
  bench.tile.show(first);
  expect(bench.tile.isVisible).toBe(false);
  views[0]?.show();
  expect(bench.tile.isVisible).toBe(true);
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.report?.tiles.length).toBe(1);
  await settle();
  expect(view.getChildren().length).toBeGreaterThan(0);
});

test('[names-2] reads its tile also for an editor that shows where the core is, while that one does', async () => {
  const { bench } = await make();
  bench.tile.show(first);
  bench.time.advance(300);
  await settle();
  expect(bench.tile.known?.reading).toBe(false);
  bench.tile.followed = first;
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.report?.tiles.length).toBe(1);
  bench.tile.followed = undefined;
  bench.tile.show(second);
  bench.time.advance(300);
  await settle();
  expect(bench.tile.known).toEqual({ place: second, reading: false });
});

test('[truth-21] an editor has no tile read but the one at its caret, and for nobody one where nobody led there', async () => {
  const { bench } = await make();
  bench.tile.show(first);
  bench.tile.followed = second;
  bench.time.advance(300);
  await settle();
  expect(bench.array.count('open')).toBe(0);
  bench.tile.show(second, 'nobody');
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.error?.code).toBe('not-asked');
  // Who goes there looks, and so does who opens the view.
  bench.tile.show(second);
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.report?.tiles.length).toBe(1);
  bench.tile.show(first, 'nobody');
  bench.tile.followed = first;
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.error?.code).toBe('not-asked');
  views[0]?.show();
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.report?.tiles.length).toBe(1);
});

test('[names-3] the details say how deep the stack of the core is, where it met a buffer, and lead to its bytes in a neighbour', async () => {
  const { bench, view } = await make();
  const tile = { col: 7, row: 2 };
  const place = { board: 'desk', partition: simulatedKey(ownedColumns), tile };
  // In the first generation a core of an even row has its own memory to the west, so this one is a neighbour's.
  const below = { col: 7, row: 1 };
  const at = { tile: below, memory: 'data', sizeFrom: 'bcf' } as const;
  bench.places.set('data 7,1', [
    { ...at, kind: 'stack', name: '', offset: 0x40, size: 64, of: tile },
    { ...at, kind: 'buffer', name: 'ping', offset: 0x60, size: 64 },
  ]);
  bench.tile.show(place);
  const stack = view.getChildren().find(({ key }) => key === 'stack');
  expect(stack).toMatchObject({
    description: 'depth unknown: its bytes were not read',
    icon: 'warning',
    tooltip: ['(7,1)+0x0040: 64 bytes (bcf), grows upwards'],
  });
  expect(stack?.children.map(({ label }) => label)).toEqual([
    'The stack of (7,2) and ping at (7,1)+0x0060 share 32 bytes.',
  ]);
  await view.open(stack?.opens ?? { memory: 'program', range: { offset: 0, length: 0 } });
  expect(bench.opened).toEqual([
    [
      { ...place, tile: below, memory: 'data' },
      { offset: 0x40, length: 64 },
    ],
  ]);
});
