import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import type { ArrayShape, Generation, Tile } from '../geometry.ts';
import type { DescriptorStatus, DmaChannelStatus, Stall, TileStatus, WaitEdge } from './status.ts';
import { waitCycles, waitEdges } from './waits.ts';

const vc1902: ArrayShape = {
  numCols: 50,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 0 },
  core: { start: 1, count: 8 },
};
const ve2802: ArrayShape = {
  numCols: 38,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 2 },
  core: { start: 3, count: 8 },
};

function at(col: number, row: number): Tile {
  return { col, row };
}

/** A tile of which only the named parts are told. */
function status(tile: Tile, kind: TileStatus['kind'], parts: Partial<TileStatus> = {}): TileStatus {
  return {
    tile,
    kind,
    source: 'registers',
    locks: [],
    channels: [],
    descriptors: [],
    events: [],
    errors: [],
    unparsed: [],
    ...parts,
  };
}

/** A core that is stalled on locks in these directions. */
function stalled(tile: Tile, ...directions: string[]): TileStatus {
  const stalls: Stall[] = directions.map((on) => ({ kind: 'lock', on }));
  return status(tile, 'core', {
    core: { state: 'lock-stall', enabled: true, stalls, flags: [], unknownBits: 0 },
  });
}

function channel(state: string, currentDescriptor?: number): DmaChannelStatus {
  return {
    direction: 's2mm',
    channel: 1,
    state,
    stalledOnLock: state.includes('lock'),
    ...(currentDescriptor === undefined ? {} : { currentDescriptor }),
  };
}

function descriptor(index: number, parts: Partial<DescriptorStatus>): DescriptorStatus {
  return { index, valid: true, address: 0, length: 4, fields: [], raw: [], ...parts };
}

function target(tile: Tile, on: string, shape: ArrayShape | undefined, generation: Generation | 'unknown') {
  return waitEdges([stalled(tile, on)], shape, generation)[0]?.to;
}

describe('[attach-10] a core that is stalled on a lock waits for the tile whose memory lies there', () => {
  test('first generation: the own memory lies in the east in the first row of cores, in the west in the next', () => {
    expect(target(at(7, 1), 'east', vc1902, 'aie')).toEqual(at(7, 1));
    expect(target(at(7, 1), 'west', vc1902, 'aie')).toEqual(at(6, 1));
    expect(target(at(7, 2), 'west', vc1902, 'aie')).toEqual(at(7, 2));
    expect(target(at(7, 2), 'east', vc1902, 'aie')).toEqual(at(8, 2));
    expect(target(at(7, 7), 'east', vc1902, 'aie')).toEqual(at(7, 7));
    expect(target(at(7, 8), 'east', vc1902, 'aie')).toEqual(at(8, 8));
  });

  test('rows are counted from the first row of cores, wherever that is', () => {
    const higher = { ...vc1902, core: { start: 2, count: 8 } };
    expect(target(at(7, 2), 'east', higher, 'aie')).toEqual(at(7, 2));
    expect(target(at(7, 3), 'east', higher, 'aie')).toEqual(at(8, 3));
  });

  test.each(['aieml', 'aie2ps'] as const)(
    '%s: the own memory lies in the east in every row',
    (generation) => {
      for (const row of [3, 4]) {
        expect(target(at(7, row), 'east', ve2802, generation)).toEqual(at(7, row));
        expect(target(at(7, row), 'west', ve2802, generation)).toEqual(at(6, row));
      }
    },
  );

  test('north and south are the same in all', () => {
    expect(target(at(7, 4), 'north', ve2802, 'aieml')).toEqual(at(7, 5));
    expect(target(at(7, 4), 'south', vc1902, 'aie')).toEqual(at(7, 3));
  });

  test('where no core stands, nothing is said', () => {
    expect(target(at(7, 1), 'south', vc1902, 'aie')).toBeUndefined();
    expect(target(at(7, 3), 'south', ve2802, 'aieml')).toBeUndefined();
    expect(target(at(7, 8), 'north', vc1902, 'aie')).toBeUndefined();
    expect(target(at(0, 1), 'west', vc1902, 'aie')).toBeUndefined();
    expect(target(at(49, 2), 'east', vc1902, 'aie')).toBeUndefined();
    expect(target(at(49, 2), 'east', { ...vc1902, numCols: 0 }, 'aie')).toEqual(at(50, 2));
    expect(target(at(7, 4), 'upwards', vc1902, 'aie')).toBeUndefined();
  });

  test('without a shape or a generation nothing is guessed', () => {
    const tiles = [stalled(at(7, 3), 'north', 'east'), stalled(at(7, 4), 'north')];
    const northOnly = [{ from: at(7, 3), to: at(7, 4), what: 'core' }];
    expect(waitEdges(tiles, undefined, 'aie')).toEqual(northOnly);
    expect(waitEdges(tiles, undefined, 'unknown')).toEqual(northOnly);
    expect(waitEdges(tiles, ve2802, 'unknown').map(({ to }) => to)).toEqual([at(7, 4), at(7, 5)]);
    expect(waitEdges(tiles, undefined, 'aieml').map(({ to }) => to)).toEqual([at(7, 4), at(7, 3)]);
  });

  test('other stalls are no waits for a lock', () => {
    const core = { state: 'stream-stall', enabled: true, flags: [], unknownBits: 0 } as const;
    const stalls: Stall[] = [
      { kind: 'stream', on: 'ss0' },
      { kind: 'memory', on: 'north' },
    ];
    expect(waitEdges([status(at(7, 3), 'core', { core: { ...core, stalls } })], vc1902, 'aie')).toEqual([]);
  });
});

describe('[attach-10] a channel that is stalled on a lock waits for the lock that its descriptor names', () => {
  const wait = (kind: TileStatus['kind'], state: string, descriptors: readonly DescriptorStatus[], col = 7) =>
    waitEdges(
      [
        status(at(col, kind === 'shim' ? 0 : kind === 'memory' ? 1 : 4), kind, {
          channels: [channel(state, 5)],
          descriptors,
        }),
      ],
      ve2802,
      'aieml',
    );
  const own = [
    descriptor(4, { acquire: { lock: 1, value: 1 } }),
    descriptor(5, { acquire: { lock: 9, value: -1 }, release: { lock: 3, value: 1 } }),
  ];

  test('in core and shim tiles a lock of its own', () => {
    const edge = { what: 's2mm', channel: 1, lock: 9 };
    expect(wait('core', 'stalled_lock_acq', own)).toEqual([{ ...edge, from: at(7, 4), to: at(7, 4) }]);
    expect(wait('shim', 'stalled_on_requesting_lock', own)).toEqual([
      { ...edge, from: at(7, 0), to: at(7, 0) },
    ]);
    expect(wait('core', 'stalled_lock_rel', own)).toMatchObject([{ lock: 3 }]);
  });

  test('which lock is not known without the descriptor, and with two buffers that have different ones', () => {
    const edge = { what: 's2mm', channel: 1, from: at(7, 4), to: at(7, 4) };
    expect(wait('core', 'stalled_lock_acq', [])).toEqual([edge]);
    const second = (lock: number) => [
      descriptor(5, { acquire: { lock: 9, value: 1 }, second: { address: 64, acquire: { lock, value: 1 } } }),
    ];
    expect(wait('core', 'stalled_on_requesting_lock', second(10))).toEqual([edge]);
    expect(wait('core', 'stalled_on_requesting_lock', second(9))).toEqual([{ ...edge, lock: 9 }]);
  });

  test('in memory tiles the number says whose: the western, the own, the eastern one', () => {
    const on = (lock: number, col = 7) =>
      wait('memory', 'stalled_lock_acq', [descriptor(5, { acquire: { lock, value: 1 } })], col)[0];
    expect(on(63)).toMatchObject({ from: at(7, 1), to: at(6, 1), lock: 63 });
    expect(on(64)).toMatchObject({ to: at(7, 1), lock: 0 });
    expect(on(191)).toMatchObject({ to: at(8, 1), lock: 63 });
    expect(on(192)).toBeUndefined();
    expect(on(0, 0)).toBeUndefined();
    expect(on(128, 37)).toBeUndefined();
    expect(wait('memory', 'stalled_lock_acq', [])).toEqual([]);
  });

  test('a channel that waits for a stream waits for no lock', () => {
    expect(wait('core', 'stalled_stream_starvation', own)).toEqual([]);
  });
});

describe('[attach-11] tiles that wait in a circle', () => {
  const edge = (from: Tile, to: Tile): WaitEdge => ({ from, to, what: 'core' });

  test('two that wait for each other hang, one that waits for them does not', () => {
    const tiles = [stalled(at(6, 3), 'north'), stalled(at(6, 4), 'south'), stalled(at(6, 5), 'south')];
    const edges = waitEdges(tiles, vc1902, 'aie');
    expect(edges).toHaveLength(3);
    expect(waitCycles(edges)).toEqual([[at(6, 3), at(6, 4)]]);
  });

  test('a circle of four lists its tiles in the order of the waits', () => {
    const circle = [at(6, 3), at(6, 4), at(7, 4), at(7, 3)];
    const edges = circle.map((from, i) => edge(from, circle[(i + 1) % 4] ?? from));
    expect(waitCycles([...edges].reverse())).toEqual([circle]);
  });

  test('a tile that waits for itself, and waits that end, are no circle', () => {
    expect(
      waitCycles([edge(at(6, 3), at(6, 3)), edge(at(6, 3), at(6, 4)), edge(at(6, 4), at(6, 5))]),
    ).toEqual([]);
    expect(waitCycles([])).toEqual([]);
  });

  test('two circles through one tile are two', () => {
    const edges = [
      edge(at(6, 3), at(6, 4)),
      edge(at(6, 4), at(6, 3)),
      edge(at(6, 4), at(6, 5)),
      edge(at(6, 5), at(6, 4)),
    ];
    expect(waitCycles(edges)).toEqual([
      [at(6, 3), at(6, 4)],
      [at(6, 4), at(6, 5)],
    ]);
  });

  test('random waits against a naive model: a wait is part of a circle if one can come back', () => {
    const seed = runSeed();
    for (let round = 0; round < 300; round++) {
      const below = dice(seed + round);
      const size = 2 + below(7);
      const places = Array.from({ length: size }, (_, i) => at(i % 3, 1 + Math.floor(i / 3)));
      const place = () => places[below(size)] ?? at(0, 1);
      const edges = Array.from({ length: below(2 * size) }, () => edge(place(), place()));
      const name = ({ col, row }: Tile) => `${col},${row}`;
      const pair = (from: Tile, to: Tile) => `${name(from)}>${name(to)}`;
      const reach = new Set(edges.map(({ from, to }) => pair(from, to)));
      for (const via of places) {
        for (const from of places) {
          for (const to of places) {
            if (reach.has(pair(from, via)) && reach.has(pair(via, to))) reach.add(pair(from, to));
          }
        }
      }
      const between = edges.filter(({ from, to }) => name(from) !== name(to));
      const expected = new Set(
        between.filter(({ from, to }) => reach.has(pair(to, from))).map(({ from, to }) => pair(from, to)),
      );
      const cycles = waitCycles(edges);
      const found = cycles.flatMap((cycle) =>
        cycle.map((tile, i) => pair(tile, cycle[(i + 1) % cycle.length] ?? tile)),
      );
      const all = new Set(between.map(({ from, to }) => pair(from, to)));
      const because = `SEED=${seed + round}`;
      expect(new Set(found), because).toEqual(expected);
      expect(
        found.every((one) => all.has(one)),
        because,
      ).toBe(true);
      for (const cycle of cycles) {
        expect(new Set(cycle.map(name)).size, because).toBe(cycle.length);
        expect(cycle.length, because).toBeGreaterThan(1);
      }
      expect(new Set(cycles.map((cycle) => cycle.map(name).join(' '))).size, because).toBe(cycles.length);
    }
  });
});

describe('[attach-10] every core in every direction, against a naive model of who has whose memory', () => {
  const shapes: readonly (readonly [Generation, ArrayShape])[] = [
    ['aie', vc1902],
    ['aieml', ve2802],
    ['aie2ps', { ...ve2802, numCols: 12, memory: { start: 1, count: 1 }, core: { start: 2, count: 4 } }],
  ];

  /**
   * Every core's window by its address as its program counts it: 4 south, 5 west, 6 north, 7 east (aie-rt, ELF loader). The
   * own memory is at 7, save in odd rows (counted from the first) of the first generation, where it is at 5.
   */
  function naive(generation: Generation, shape: ArrayShape, tile: Tile, on: string): Tile | undefined {
    const window = ['south', 'west', 'north', 'east'].indexOf(on) + 4;
    const flipped = generation === 'aie' && (tile.row - shape.core.start) % 2 === 1;
    const places: Record<number, Tile> = {
      4: at(tile.col, tile.row - 1),
      5: flipped ? tile : at(tile.col - 1, tile.row),
      6: at(tile.col, tile.row + 1),
      7: flipped ? at(tile.col + 1, tile.row) : tile,
    };
    const to = places[window];
    const lastRow = shape.core.start + shape.core.count - 1;
    if (to === undefined || to.row < shape.core.start || to.row > lastRow) return undefined;
    return to.col < 0 || to.col >= shape.numCols ? undefined : to;
  }

  test.each(shapes)('%s', (generation, shape) => {
    for (let col = 0; col < shape.numCols; col++) {
      for (let row = shape.core.start; row < shape.core.start + shape.core.count; row++) {
        for (const on of ['south', 'west', 'north', 'east']) {
          const from = at(col, row);
          const to = naive(generation, shape, from, on);
          expect(waitEdges([stalled(from, on)], shape, generation), `(${col},${row}) ${on}`).toEqual(
            to === undefined ? [] : [{ from, to, what: 'core' }],
          );
        }
      }
    }
  });
});
