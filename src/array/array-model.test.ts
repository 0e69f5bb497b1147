import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BoardInfo, Partition, StatusReport } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { freeColumns, ownedColumns, simulatedKey } from '../board/simulated/array.ts';
import { SimulatedContexts } from '../board/simulated/contexts.ts';
import type { Tile } from '../model/geometry.ts';
import { BoardLink } from '../session/link.ts';
import { HeatPool } from '../session/partition-heat.ts';
import { ManualTime, ScriptedDevice, settle } from '../session/scripted-board.ts';
import type { ArrayCell } from './messages.ts';
import { patchBetween } from './patch.ts';
import { ViewBench } from './test-bench.ts';

/** A bench whose board is connected and whose Array view somebody looks at, read for the first time. */
async function looking(options = {}): Promise<ViewBench> {
  const bench = new ViewBench(options);
  await bench.link.connect();
  bench.model.visible = true;
  await passed(bench);
  return bench;
}

/** Lets planned reads begin and end. */
async function passed(bench: ViewBench, milliseconds = 300): Promise<void> {
  bench.time.advance(milliseconds);
  await expect.poll(() => bench.model.picture.reading).toBe(false);
  await settle();
}

function cellAt(bench: ViewBench, col: number, row: number): ArrayCell | undefined {
  return bench.model.picture.rows.find((one) => one.row === row)?.cells.find(({ tile }) => tile.col === col);
}

describe('[attach-11] the picture of the array', () => {
  test('shows the hang of the simulated graph: sentence, arrows both ways, marked cells', async () => {
    const { model } = await looking();
    const { hangs, arrows, chosen, rows } = model.picture;
    expect(chosen).toBe('desk/6_4');
    expect(hangs).toEqual([
      {
        text: "Tiles (7,2) and (7,3) wait for each other's locks.",
        steps: [
          {
            from: { col: 7, row: 2 },
            to: { col: 7, row: 3 },
            state: 'stalled',
            label: 'waits for a lock',
          },
          {
            from: { col: 7, row: 3 },
            to: { col: 7, row: 2 },
            state: 'stalled',
            label: 'waits for a lock',
          },
        ],
        waits: [
          { tile: { col: 7, row: 2 }, text: 'The core of (7,2) waits for a lock of (7,3)' },
          { tile: { col: 7, row: 3 }, text: 'The core of (7,3) waits for a lock of (7,2)' },
        ],
      },
    ]);
    expect(arrows).toEqual([
      { from: { col: 7, row: 2 }, to: { col: 7, row: 3 }, hangs: true },
      { from: { col: 7, row: 3 }, to: { col: 7, row: 2 }, hangs: true },
    ]);
    const hanging = rows.flatMap(({ cells }) => cells.filter((cell) => cell.hangs));
    expect(hanging.map(({ tile, state }) => ({ ...tile, state }))).toEqual([
      { col: 7, row: 3, state: 'stalled' },
      { col: 7, row: 2, state: 'stalled' },
    ]);
    expect(hanging[0]?.lines).toEqual([
      'Tile (7,3): waiting',
      'Core: waits for a lock in the south',
      expect.stringMatching(/^PC 0x[0-9A-F]{5}, SP /),
      expect.stringMatching(/^Locks /),
      expect.stringMatching(/^DMA /),
      'The core of (7,3) waits for a lock of (7,2)',
      expect.stringMatching(/^DMA MM2S 0 of \(7,3\) waits for a lock of \(7,3\)$/),
    ]);
  });

  test('one word per state, with how many of each', async () => {
    const bench = await looking();
    expect(cellAt(bench, 9, 8)?.state).toBe('gated');
    expect(cellAt(bench, 6, 1)?.state).toBe('running');
    expect(cellAt(bench, 8, 6)?.state).toBe('done');
    expect(cellAt(bench, 0, 4)?.state).toBe('other');
    expect(cellAt(bench, 4, 4)?.state).toBe('outside');
    const { legend, rows } = bench.model.picture;
    const counted = legend.reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBe(rows.length * (rows[0]?.cells.length ?? 0));
    expect(legend).toContainEqual({ state: 'gated', label: 'clock off', count: 3 });
    expect(legend).toContainEqual({ state: 'stalled', label: 'waiting', count: 2 });
  });

  test('rows from the top, numbered both ways; memory tiles stand where the array has them', async () => {
    const bench = await looking({ generation: 'aieml' });
    const rows = bench.model.picture.rows.map(({ row, kind, computeRow }) => [row, kind, computeRow]);
    expect(rows.at(-1)).toEqual([0, 'shim', undefined]);
    expect(rows.filter(([, kind]) => kind === 'memory').length).toBeGreaterThan(0);
    const [lowest] = rows.filter(([, kind]) => kind === 'core').slice(-1);
    expect(lowest?.[2]).toBe(0);
    expect(bench.model.picture.hangs).toHaveLength(1);
  });

  test('a graph that goes on again hangs no more after a refresh', async () => {
    const bench = await looking();
    for (const row of [2, 3]) bench.array.setActivity({ col: 7, row }, 'running');
    expect(bench.model.picture.hangs).toHaveLength(1);
    await bench.model.refresh();
    expect(bench.model.picture.hangs).toEqual([]);
    expect(cellAt(bench, 7, 2)?.state).toBe('running');
  });
});

describe('what is read, and when', () => {
  test('nothing while nobody looks, then the whole partition in one round trip', async () => {
    const bench = new ViewBench();
    await bench.link.connect();
    bench.model.show('desk', simulatedKey(ownedColumns));
    bench.time.advance(10_000);
    await settle();
    expect(bench.array.count('status')).toBe(0);
    bench.model.visible = true;
    await passed(bench);
    expect(bench.array.count('status')).toBe(1);
  });

  test('another partition only after the choice has settled, and once', async () => {
    const bench = await looking();
    bench.model.show('desk', simulatedKey(freeColumns));
    bench.time.advance(100);
    bench.model.show('desk', simulatedKey(ownedColumns));
    await passed(bench, 10_000);
    expect(bench.array.count('status')).toBe(1);
    bench.model.choose('desk/0_4');
    expect(bench.model.picture.readAt).toBe('Not read yet');
    await passed(bench);
    expect(bench.array.count('status')).toBe(2);
    expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
    expect(cellAt(bench, 3, 8)?.state).toBe('gated');
    await passed(bench, 100_000);
    expect(bench.array.count('status')).toBe(2);
  });

  test('[truth-21] a free partition that nobody chose is not taken; it is read when a person goes there', async () => {
    const bench = await looking();
    const free = simulatedKey(freeColumns);
    bench.model.show('desk', free, 'nobody');
    await passed(bench);
    expect(bench.model.picture.problem?.text).toBe('not-asked.');
    bench.boardsChanged.fire();
    await passed(bench);
    expect(bench.model.report({ board: 'desk', partition: free })).toBeUndefined();
    bench.model.show('desk', free);
    await passed(bench);
    expect(bench.model.picture.problem).toBeUndefined();
    expect(bench.model.report({ board: 'desk', partition: free })).toBeDefined();
  });

  test('by itself only when a person wants it, somebody looks, and the partition is in use', async () => {
    const bench = await looking();
    bench.model.refreshSeconds = 5;
    await passed(bench, 5000);
    await passed(bench, 5000);
    expect(bench.array.count('status')).toBe(3);
    bench.model.visible = false;
    await passed(bench, 60_000);
    expect(bench.array.count('status')).toBe(3);
    bench.model.visible = true;
    bench.model.show('desk', simulatedKey(freeColumns));
    await passed(bench);
    expect(bench.array.count('status')).toBe(4);
    await passed(bench, 60_000);
    expect(bench.array.count('status')).toBe(4);
    bench.model.show('desk', simulatedKey(ownedColumns));
    bench.model.refreshSeconds = 0;
    await passed(bench, 60_000);
    expect(bench.array.count('status')).toBe(4);
  });

  test('[shape-6] a person who refreshes does not wait for a read that nobody asked for, and sees no failure of it', async () => {
    const bench = await looking();
    bench.model.refreshSeconds = 5;
    const go = bench.array.pause(); // as a board that lets it wait
    const calls = () => bench.array.count('open') + bench.array.count('status');
    const before = calls();
    bench.time.advance(5000);
    await expect.poll(calls).toBe(before + 1);
    const mine = bench.model.refresh();
    await expect.poll(calls).toBe(before + 2);
    go();
    await mine;
    expect(bench.noted).toEqual([]);
    expect(bench.model.picture.reading).toBe(false);
    expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
  });

  describe('[shape-6] on a board that lets looks wait which nobody asked for', () => {
    // The waits of the board stand still: however long a step of a test takes, the next look is planned for the same moment.
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['performance'] });
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    /** A view that follows every second; `asked`: what each look at status was told. */
    async function following(waitMs: number) {
      const bench = await looking();
      bench.array.unaskedWaitMs = waitMs;
      const opened = await bench.link.open(simulatedKey(ownedColumns), AbortSignal.timeout(10_000));
      const asked: (string | undefined)[] = [];
      const status: Partition['status'] = async (tiles, options, signal) => {
        asked.push(options.asking);
        return opened.status(tiles, options, signal);
      };
      bench.link.open = async () => Object.create(opened, { status: { value: status } });
      await bench.model.refresh();
      bench.model.refreshSeconds = 1;
      return { bench, asked };
    }

    test('the view reads as often as the board allows, says how often that is, and a person reads at once', async () => {
      const { bench, asked } = await following(4200);
      expect(bench.model.picture.readAt).toBe(
        'Read at 14:03:27; refreshed after 5 s, so that the application keeps its pace',
      );
      await passed(bench, 4100);
      expect(asked).toEqual(['person']);
      await passed(bench, 100);
      expect(asked).toEqual(['person', 'nobody']);
      await bench.model.refresh();
      expect(asked).toEqual(['person', 'nobody', 'person']);
      bench.array.unaskedWaitMs = 300;
      await passed(bench, 4200);
      expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
      await passed(bench, 1000);
      expect(asked.slice(3)).toEqual(['nobody', 'nobody']);
      bench.model.refreshSeconds = 0;
      bench.array.unaskedWaitMs = 4200;
      await bench.model.refresh();
      expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
    });

    test('a pointer that passes by sees what is known where a look would wait, and has no free partition looked at', async () => {
      const { bench, asked } = await following(4200);
      const place = { board: 'desk', partition: simulatedKey(ownedColumns), tile: { col: 7, row: 2 } };
      const known = bench.model.last(place);
      vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() + 60_000 });
      expect(await bench.model.glance(place)).toEqual(known);
      expect(asked).toEqual(['person']);
      bench.array.unaskedWaitMs = 0;
      await bench.model.refresh();
      vi.setSystemTime(Date.now() + 60_000);
      expect(await bench.model.glance(place)).toMatchObject({ status: { tile: place.tile }, at: Date.now() });
      expect(asked).toEqual(['person', 'person', 'nobody']);
      // What it read is kept for as long as it is good enough; a tile of which nothing is known does not wait long either.
      vi.setSystemTime(Date.now() + 2000);
      expect(await bench.model.glance(place)).toMatchObject({ at: Date.now() - 2000 });
      expect(asked).toHaveLength(3);
      bench.array.unaskedWaitMs = 4200;
      await bench.model.refresh();
      const outside = { ...place, tile: { col: 7, row: 99 } };
      expect(await bench.model.glance(outside)).toBeUndefined();
      expect(asked.splice(3)).toEqual(['person']);
      const free = { ...place, partition: simulatedKey(freeColumns), tile: { col: 0, row: 1 } };
      expect(await bench.model.glance(free)).toBeUndefined();
      expect(asked).toHaveLength(3);
    });

    test('one request waits at most; one that nobody looks for any more ends, and is no failure', async () => {
      const bench = await looking();
      bench.model.refreshSeconds = 1;
      const calls = () => bench.array.count('open') + bench.array.count('status');
      const go = bench.array.pause();
      const before = calls();
      for (let seconds = 0; seconds < 20; seconds++) {
        bench.time.advance(1000);
        await settle();
      }
      expect(calls()).toBe(before + 1);
      bench.model.visible = false;
      await expect.poll(() => bench.model.picture.reading).toBe(false);
      bench.model.visible = true;
      bench.time.advance(300);
      await expect.poll(() => bench.model.picture.reading).toBe(true);
      bench.model.show('desk', simulatedKey(freeColumns));
      bench.time.advance(300);
      go();
      await passed(bench);
      expect(bench.model.picture.chosen).toBe('desk/0_4');
      expect(bench.model.picture.problem).toBeUndefined();
      expect(bench.noted).toEqual([]);
    });
  });

  test('columns that are not shown are not offered, though the board lists them', async () => {
    const bench = await looking({ dynamic: true });
    const picked = { startCol: 1, numCols: 3 };
    await bench.link.open(simulatedKey(picked), AbortSignal.timeout(10_000));
    const offered = () => bench.model.picture.choices.map(({ key }) => key);
    expect(offered()).toContain('desk/1_3');
    bench.model.choose('desk/1_3');
    expect(bench.model.picture.chosen).toBe('desk/1_3');
    bench.withoutPicks = true;
    expect(offered()).not.toContain('desk/1_3');
    expect(bench.model.picture.chosen).toBe('desk/6_4');
    expect(cellAt(bench, 1, 1)?.state).toBe('outside');
  });

  test('a tile of another partition shows that partition; one of this says where it is', async () => {
    const bench = await looking();
    expect(bench.model.open({ col: 7, row: 2 })).toEqual({
      board: 'desk',
      partition: simulatedKey(ownedColumns),
      tile: { col: 7, row: 2 },
    });
    expect(bench.model.open({ col: 1, row: 2 })).toBeUndefined();
    expect(bench.model.picture.chosen).toBe('desk/0_4');
    expect(bench.model.open({ col: 4, row: 2 })).toBeUndefined();
  });
});

describe('[attach-11] tiles whose first look leaves something open', () => {
  /** A partition of which the driver's text says `running` of a channel of (7,2), which `second` then looks at closely. */
  async function doubtful(
    second: (tiles: readonly Tile[], first: StatusReport) => Promise<StatusReport>,
    generation: BoardInfo['generation'] = 'aie',
  ) {
    const bench = new ViewBench();
    const board = await bench.link.connect();
    Object.defineProperty(board, 'info', { value: { ...board.info, generation } });
    const opened = await bench.link.open(simulatedKey(ownedColumns), AbortSignal.timeout(10_000));
    const asked: { readonly tiles: number; readonly detail: boolean; readonly goesOn: boolean }[] = [];
    let first: StatusReport | undefined;
    const status: Partition['status'] = async (tiles, { detail = false, goesOn = false }, signal) => {
      asked.push({ tiles: tiles.length, detail, goesOn });
      if (detail && first !== undefined) return second(tiles, first);
      const report = await opened.status(tiles, {}, signal);
      first = {
        ...report,
        tiles: report.tiles.map((one) => (isDoubted(one.tile) ? { ...one, channels: [running] } : one)),
      };
      return first;
    };
    bench.link.open = async () => Object.create(opened, { status: { value: status } });
    bench.model.visible = true;
    await passed(bench);
    return { bench, asked, firstAt: () => first?.at };
  }
  const isDoubted = ({ col, row }: Tile) => col === 8 && row === 1;
  const running = {
    direction: 's2mm',
    channel: 0,
    state: 'running',
    stalledOnLock: false,
    mayBeStalled: true,
  } as const;
  const stalled = {
    direction: 's2mm',
    channel: 0,
    state: 'stalled_lock_acq',
    stalledOnLock: true,
  } as const;

  test('[shape-6] are looked at once more with details, and no others; what is shown is as old as the first look', async () => {
    const { bench, asked, firstAt } = await doubtful(async (tiles, first) => ({
      ...first,
      at: first.at + 4000,
      tiles: first.tiles
        .filter(({ tile }) => tiles.some((one) => one.col === tile.col && one.row === tile.row))
        .map(({ core: _, ...one }) => ({ ...one, channels: [stalled] })),
    }));
    expect(asked).toEqual([
      { tiles: 4 * 9, detail: false, goesOn: false },
      { tiles: 1, detail: true, goesOn: true },
    ]);
    expect(
      bench.model.last({ board: 'desk', partition: simulatedKey(ownedColumns), tile: { col: 8, row: 1 } })
        ?.at,
    ).toBe(firstAt());
    expect(cellAt(bench, 8, 1)?.state).toBe('stalled');
    expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
  });

  test('are not looked at again on a board of which no register is known, and are said to be unsure', async () => {
    const { bench, asked } = await doubtful(async (_, first) => first, 'unknown');
    expect(asked).toEqual([{ tiles: 4 * 9, detail: false, goesOn: false }]);
    expect(bench.model.picture.readAt).toMatch(/the driver does not tell which of the two\): 1$/);
  });

  test('are said to be unsure where no second look can tell', async () => {
    const { bench } = await doubtful(async (_, first) => ({
      ...first,
      tiles: first.tiles.filter(({ tile }) => isDoubted(tile)),
    }));
    expect(bench.model.picture.readAt).toBe(
      'Read at 14:03:27. Tiles whose DMA runs or waits (the driver does not tell which of the two): 1',
    );
    expect(cellAt(bench, 8, 1)?.lines).toContainEqual('DMA S2MM 0: running or waiting');
  });

  test('keep what the first look told where the second fails or sees another epoch', async () => {
    const failed = await doubtful(async () => {
      throw new BoardError('kernel-held', 'refused');
    });
    expect(failed.bench.model.picture.problem).toBeUndefined();
    expect(failed.bench.noted).toHaveLength(1);
    expect(failed.bench.model.picture.hangs).toHaveLength(1);
    const later = await doubtful(async (_, first) => ({ ...first, epoch: 'another', tiles: [] }));
    expect(later.bench.model.picture.hangs).toHaveLength(1);
    expect(later.bench.model.picture.readAt).toMatch(/the driver does not tell which of the two\): 1$/);
  });
});

describe('what is wrong, with the way out', () => {
  test('no board, a board that is not connected, one that is offline', async () => {
    const bench = new ViewBench();
    const { model } = bench;
    expect(model.picture).toMatchObject({ rows: [], problem: { actions: [{ command: 'connect' }] } });
    expect(model.picture.problem?.text).toBe('Desk is not connected.');
    bench.boards.length = 0;
    expect(model.picture.problem).toMatchObject({
      text: 'No board has been added yet.',
      actions: [{ command: 'addBoard' }],
    });
  });

  test('a failed read is said in place and not repeated by itself; Refresh reads', async () => {
    const bench = new ViewBench();
    bench.array.failNext('status', new BoardError('permission', 'refused'));
    await bench.link.connect();
    bench.model.visible = true;
    await passed(bench);
    expect(bench.model.picture.problem).toMatchObject({
      kind: 'error',
      text: 'permission.',
      actions: [{ command: 'refresh', label: 'Refresh' }, { command: 'showLog' }],
    });
    expect(cellAt(bench, 6, 1)?.state).toBe('unknown');
    await passed(bench, 60_000);
    expect(bench.noted).toHaveLength(1);
    await bench.model.refresh();
    expect(bench.model.picture.problem).toBeUndefined();
    expect(cellAt(bench, 6, 1)?.state).toBe('running');
  });

  test('after the link is lost the last known state stays, and is said to be that', async () => {
    const bench = await looking();
    bench.array.drop();
    await settle();
    const { picture } = bench.model;
    expect(picture.problem?.kind).toBe('error');
    expect(picture.readAt).toBe('Last known, read at 14:03:27');
    expect(picture.hangs).toHaveLength(1);
    bench.time.advance(1000);
    await expect.poll(() => bench.link.state.kind).toBe('connected');
    await passed(bench);
    expect(bench.model.picture.readAt).toBe('Read at 14:03:27');
    expect(bench.array.count('status')).toBe(2);
  });

  test('a state from before the partition changed hands is marked', async () => {
    const bench = await looking();
    bench.array.exitOwner();
    bench.array.startOwner();
    await settle();
    expect(bench.model.picture.readAt).toMatch(/before the partition changed hands/);
  });
});

describe('[attach-10] the tile of the details view', () => {
  test('is read with descriptors when somebody looks, once per tile, and again on request', async () => {
    const bench = await looking();
    bench.model.onDidFocus((place) => bench.tile.show(place));
    bench.model.focus({ col: 7, row: 2 });
    bench.time.advance(1000);
    await settle();
    expect(bench.tile.known?.report).toBeUndefined();
    bench.tile.visible = true;
    bench.time.advance(1000);
    await expect.poll(() => bench.tile.known?.report?.tiles[0]?.core?.state).toBe('lock-stall');
    expect(bench.tile.known?.report?.tiles[0]?.descriptors.length).toBeGreaterThan(0);
    const before = bench.array.count('status');
    bench.time.advance(60_000);
    await settle();
    expect(bench.array.count('status')).toBe(before);
    bench.array.setActivity({ col: 7, row: 2 }, 'done');
    await bench.tile.refresh();
    expect(bench.tile.known?.report?.tiles[0]?.core?.state).toBe('done');
  });

  test('a failure stays beside what was known', async () => {
    const bench = await looking();
    bench.tile.visible = true;
    bench.tile.show({ board: 'desk', partition: simulatedKey(ownedColumns), tile: { col: 6, row: 0 } });
    expect(bench.tile.kind).toBe('shim');
    await bench.tile.refresh();
    bench.array.failNext('status', new BoardError('timeout', 'late'));
    await bench.tile.refresh();
    expect(bench.tile.known).toMatchObject({ error: { code: 'timeout' }, reading: false });
    expect(bench.tile.known?.report).toBeDefined();
  });
});

test('[shape-4] of two partitions of the same columns each is offered by its key, and its own state is shown', async () => {
  const time = new ManualTime();
  const device = new SimulatedContexts(() => time.now());
  const bench = new ViewBench();
  const link = new BoardLink('npu', 'NPU', device, time);
  bench.boards.splice(0, 1, { id: 'npu', label: 'NPU', link });
  await link.connect();
  const choices = bench.model.picture.choices.filter(({ key }) => key.endsWith('.6_4'));
  expect(choices).toEqual([
    { key: 'npu/ctx-a.6_4', label: 'Columns 6 to 9 · ctx-a.6_4 · in use' },
    { key: 'npu/ctx-b.6_4', label: 'Columns 6 to 9 · ctx-b.6_4 · in use' },
  ]);
  device.b.setActivity({ col: 6, row: 1 }, 'done');
  bench.model.visible = true;
  bench.model.choose('npu/ctx-b.6_4');
  await bench.model.refresh();
  const tile = { col: 6, row: 1 };
  const stateIn = (partition: string) =>
    bench.model.last({ board: 'npu', partition, tile })?.status.core?.state;
  expect([stateIn('ctx-a.6_4'), stateIn('ctx-b.6_4')]).toEqual([undefined, 'done']);
  expect(bench.model.open(tile)).toEqual({ board: 'npu', partition: 'ctx-b.6_4', tile });
  bench.model.choose('npu/ctx-a.6_4');
  await bench.model.refresh();
  expect([stateIn('ctx-a.6_4'), stateIn('ctx-b.6_4')]).toEqual(['running', 'done']);
});

test('[names-3] a stack whose pointer stands above its end is a warning in its cell and in the list; of an earlier epoch it is not', async () => {
  const bench = await looking();
  const tile = { col: 6, row: 3 };
  const place = { tile, memory: 'data', sizeFrom: 'elf' } as const;
  const ping = { ...place, kind: 'buffer', name: 'ping', offset: 0x80, size: 64 } as const;
  const name = (size: number) =>
    bench.places.set('data 6,3', [{ ...place, kind: 'stack', name: '', offset: 0, size }, ping]);
  const text =
    'The stack pointer of (6,3) stands 128 bytes above the end of its stack: ping at (6,3)+0x0080 is overwritten.';
  name(0x80);
  expect(bench.model.picture.warnings).toEqual([{ tile, text }]);
  expect(cellAt(bench, 6, 3)).toMatchObject({ warns: true });
  expect(cellAt(bench, 6, 3)?.lines).toEqual(expect.arrayContaining([text]));
  expect(cellAt(bench, 6, 5)).toMatchObject({ warns: false });
  bench.places.clear();
  const [stack] = name(0x100).get('data 6,3') ?? [];
  expect(bench.model.picture.warnings.map((one) => one.text)).toEqual([
    'The stack of (6,3) and ping at (6,3)+0x0080 share 64 bytes.',
  ]);
  bench.places.set('data 6,3', stack === undefined ? [] : [stack]);
  const line = () => cellAt(bench, 6, 3)?.lines.find((one) => one.startsWith('Stack: '));
  expect(line()).toBe('Stack: depth unknown: its bytes were not read, SP 256 bytes above its start');
  const { info } = bench.model.shown ?? {};
  if (stack === undefined || info === undefined) throw new Error('no stack');
  const epoch = { board: 'desk', partition: info.key, epoch: info.epoch };
  bench.stacks.note(epoch, stack, new Uint8Array(0x100), 1);
  bench.stacks.note(epoch, stack, new Uint8Array(0x100).fill(1, 0, 4), 2);
  expect(line()).toMatch(/^Stack: at least 4 of 256 bytes deep \(all zero at/);
  name(0x80);
  bench.array.exitOwner();
  bench.array.startOwner();
  await settle();
  expect(bench.model.picture.warnings).toEqual([]);
});

test('[live-3] the view follows where memory changes while it is visible, if a person wants that: only changed cells travel', async () => {
  const bench = await looking();
  // A board whose surveys find what they are told, in place of the simulated one.
  const device = new ScriptedDevice(bench.time);
  Object.assign(device.geometry, { startCol: 6 });
  device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
  const link = new BoardLink('other', 'Other', device, bench.time);
  await link.connect();
  const pool = new HeatPool(bench.time);
  const asked: string[] = [];
  Object.assign(bench.services, {
    heat: (_: unknown, key: string) => {
      asked.push(key);
      return bench.wantsHeat ? pool.of(link, device.key) : undefined;
    },
  });
  bench.heatWanted.fire();
  await settle();
  expect([device.surveys, bench.model.picture.heat]).toEqual([[], undefined]);
  bench.wantsHeat = true;
  bench.heatWanted.fire();
  await settle();
  expect(asked.at(-1)).toBe('6_4');
  expect(bench.model.picture.heat).toMatchObject({ isKnown: true });
  let changes = 0;
  bench.model.onDidChange(() => changes++);
  const before = bench.model.picture;
  device.surveys[0]?.look({ tile: 0, changed: 16 });
  expect(changes).toBe(1);
  const patch = patchBetween(before, bench.model.picture);
  expect(patch?.cells.map(({ tile, heat }) => ({ ...tile, heat }))).toEqual([{ col: 6, row: 1, heat: 4 }]);
  expect(patch).toMatchObject({ parts: {}, without: [], arrows: { set: [] }, legend: { set: [] } });
  expect(patch?.rows).toBeUndefined();
  device.surveys[0]?.look({ tile: 0, changed: 16 });
  expect(changes).toBe(1);
  device.surveys[0]?.look(
    { tile: 0, changed: 0, reason: 'bus-error' },
    { tile: 1, changed: 0, reason: 'bus-error' },
  );
  expect(bench.model.picture.heat?.text).toContain(
    'something small may change unseen. 2 tiles cannot be looked at.',
  );
  expect(cellAt(bench, 6, 1)?.lines).toContain('Memory: The access failed on the bus.');
  bench.model.visible = false;
  expect(device.surveys).toEqual([]);
  bench.model.visible = true;
  await settle();
  expect(device.surveys).toHaveLength(1);
  bench.wantsHeat = false;
  bench.heatWanted.fire();
  expect([device.surveys, bench.model.picture.heat, cellAt(bench, 6, 1)?.heat]).toEqual([
    [],
    undefined,
    undefined,
  ]);
});
