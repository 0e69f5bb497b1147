import { beforeEach, expect, test, vi } from 'vitest';
import { freeColumns } from '../board/simulated/array.ts';
import { Emitter } from '../model/event.ts';
import { settle } from '../session/scripted-board.ts';
import { ViewBench } from './test-bench.ts';

/** A tree view as an editor hands it out. */
class FakeTreeView {
  visible = false;
  disposed = false;
  description: string | undefined;
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

const first = { board: 'desk', columns: freeColumns, tile: { col: freeColumns.startCol, row: 1 } };
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

test('[attach-10] a view that nobody asks for its items is registered again for another tile, until it is asked', async () => {
  const { bench, view } = await make();
  expect(views).toHaveLength(1);
  bench.boardsChanged.fire();
  expect(views, 'without a tile there is nothing to ask for').toHaveLength(1);
  bench.tile.show(first);
  expect(views.map(({ disposed }) => disposed)).toEqual([true, false]);
  expect(views[1]?.description).toContain('of Desk');
  bench.tile.show(first);
  bench.boardsChanged.fire();
  expect(views, 'the same tile').toHaveLength(2);
  view.registerUntilAsked();
  expect(views, 'a person asked').toHaveLength(3);
  expect(views[2]?.description).toContain('of Desk');
  view.getChildren();
  bench.tile.show(second);
  view.registerUntilAsked();
  expect(views).toHaveLength(3);
  expect(views[2]?.description).toContain('(0,2)');
  view.dispose();
  expect(views.every(({ disposed }) => disposed)).toBe(true);
});

test('[attach-10] the view that was registered last is the one that tells whether somebody looks', async () => {
  const { bench } = await make();
  bench.tile.show(first);
  expect(bench.tile.isVisible).toBe(false);
  views.at(-1)?.show();
  expect(bench.tile.isVisible).toBe(true);
  bench.time.advance(300);
  await expect.poll(() => bench.tile.known?.report?.tiles.length).toBe(1);
  await settle();
});
