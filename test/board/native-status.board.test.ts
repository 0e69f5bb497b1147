import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeTileStatus } from '../../src/model/status/decode.ts';
import { registerMap } from '../../src/model/status/layout.ts';
import type { RawTileStatus, TileKind, TileStatus } from '../../src/model/status/status.ts';
import { startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { dynamicId, type Family, type FamilyName, families } from './families.ts';
import { Agent, agentPath, buildForBoard, type SeenTile } from './native-agent.ts';

/** Reasons by their number (docs/wire.md). */
const gated = 1;
const clocksUnknown = 7;

let board: VirtualBoard;
let agent: Agent | undefined;
const witnesses: Witness[] = [];

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
});

afterAll(() => board?.stop());

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
  await agent?.end();
  agent = undefined;
});

useCleanLog(() => board);

/** The board as one of the families, with every clock running, and an agent that has looked at it. */
async function become(name: FamilyName): Promise<Family> {
  const family = families[name];
  await board.reloadModule(family.module);
  // This client never pings: on a busy machine, 15 s of silence would be over before an answer.
  agent = await Agent.start(board, { heartbeatMs: 120_000, exitMs: 240_000 });
  await agent.request({ op: 'describe' });
  return family;
}

/** An application that holds the family's partition, with every tile clocked. */
async function attach(family: Family): Promise<Witness> {
  const witness = await board.witness();
  witnesses.push(witness);
  await witness.request(family.partition.id, { keep: true });
  await board.control('ungate all');
  return witness;
}

const columns = ({ partition }: Family) => [partition.startCol, partition.numCols] as const;

async function look(family: Family, tiles: readonly (readonly [number, number])[], detail = false) {
  if (agent === undefined) throw new Error('no agent');
  return agent.status(columns(family), tiles, detail);
}

/** Where a generation has what, as `board.control('reg ...')` takes it. */
const core = {
  aie: { status: 0x32004, pc: 0x30280, lr: 0x302b0, sp: 0x302a0, s2mm: 0x1df00, locks: [[0x1ef00, 0x2c]] },
  aieml: {
    status: 0x32004,
    pc: 0x31100,
    lr: 0x31130,
    sp: 0x31120,
    s2mm: 0x1df00,
    locks: [
      [0x1f010, 5],
      [0x1f030, 0x3f],
    ],
  },
  aie2ps: { status: 0x38004, pc: 0x32d00, lr: 0x32d30, sp: 0x32d20, s2mm: 0x1df00, locks: [[0x1f020, 7]] },
} as const;

/** Stages a core tile: running, stalled on a lock of its eastern neighbour. Answers what was written, by offset. */
async function stage(family: Family, col: number, row: number): Promise<Map<number, number>> {
  const map = core[family.generation];
  const words = new Map<number, number>([
    [map.status, 0x201],
    [map.pc, 0x1ca],
    [map.lr, 0xb0],
    [map.sp, 0x3a0c0],
    [map.s2mm, family.generation === 'aie' ? 0x1 : 0x0308_0002],
    ...map.locks,
    [0x1d020, 0x1234],
    [0x34204, 0x80],
  ]);
  await board.control(`core ${col} ${row} on`);
  for (const [offset, value] of words) await board.control(`reg ${col} ${row} ${offset} ${value}`);
  return words;
}

function decoded(family: Family, seen: SeenTile | undefined): TileStatus {
  if (seen === undefined) throw new Error('no such tile in the answer');
  const { col, row, kind, source, files } = seen.header;
  const raw: RawTileStatus = {
    tile: { col: Number(col), row: Number(row) },
    kind: kind as TileKind,
    source: source as 'sysfs' | 'registers',
    registers: seen.registers,
    files: new Map(Object.entries((files ?? {}) as Record<string, string>)),
  };
  return decodeTileStatus(raw, family.generation);
}

describe('the status of a tile', () => {
  it('is what its registers hold, where the driver tells nothing, for an owner and for a free partition [attach-10]', async () => {
    const family = await become('2020/aie');
    const witness = await attach(family);
    const staged = await stage(family, 7, 3);
    for (const whose of ['owned', 'free']) {
      const { tiles } = await look(family, [[7, 3]], true);
      expect(tiles[0]?.header, whose).toMatchObject({
        col: 7,
        row: 3,
        kind: 'core',
        reason: 0,
        source: 'registers',
      });
      expect(tiles[0]?.header).not.toHaveProperty('files');
      const { registers } = tiles[0] as SeenTile;
      for (const [offset, value] of staged) expect(registers.get(offset), offset.toString(16)).toBe(value);
      expect([...registers.keys()]).toEqual([...registers.keys()].sort((a, b) => a - b));
      if (whose === 'owned') await witness.release();
    }
    expect(await board.counters()).toMatchObject({ open: 0, mappings: 0 });
  });

  it.each(['static/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const)(
    'is the same beside an owner and of a free partition, both by registers: %s [attach-10] [truth-4]',
    async (name) => {
      const family = await become(name);
      const witness = await attach(family);
      const { start } = family.shape.core;
      const place = [7, start + 1] as const;
      await stage(family, ...place);
      const told = (await look(family, [place])).tiles[0];
      // No attribute is read beside an owner: a reader of one can leave the driver locked when the owner is killed.
      expect(told?.header).toMatchObject({ source: 'registers', reason: 0, kind: 'core' });
      // The same tile, once nobody owns it: a lease of ours, and its registers.
      await witness.release();
      await stage(family, ...place);
      const open = agent?.request({ op: 'open', partition: '6_4', allowUnknown: false });
      await open;
      const read = (await look(family, [place])).tiles[0];
      expect(read?.header).toMatchObject({ source: 'registers', reason: 0, kind: 'core' });
      const facts = ({ core: state, locks, channels }: TileStatus) => ({
        core: { state: state?.state, stalls: state?.stalls, pc: state?.pc, sp: state?.sp, lr: state?.lr },
        locks: locks.map((one) => [one.index, one.value]),
        channels: channels.map((one) => [
          one.direction,
          one.channel,
          one.stalledOnLock,
          one.currentDescriptor,
        ]),
      });
      expect(facts(decoded(family, told))).toEqual(facts(decoded(family, read)));
      expect(decoded(family, told).core).toMatchObject({ pc: 0x1ca, sp: 0x3a0c0, lr: 0xb0 });
    },
  );

  it.each(['2020/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const)(
    'has every word that decoding wants, for each kind of tile: %s [attach-10]',
    async (name) => {
      const family = await become(name);
      const { memory, core: cores } = family.shape;
      await board.control('ungate all');
      await agent?.request({ op: 'open', partition: '6_4', allowUnknown: false });
      const places = [
        [6, 0, 'shim'],
        [6, cores.start, 'core'],
      ] as [number, number, TileKind][];
      if (memory.count > 0) places.push([6, memory.start, 'memory']);
      for (const detail of [false, true]) {
        const { tiles } = await look(
          family,
          places.map(([col, row]) => [col, row]),
          detail,
        );
        places.forEach(([, , kind], i) => {
          expect(tiles[i]?.header).toMatchObject({ kind, reason: 0 });
          const missing = [...registerMap(family.generation, kind, detail).keys()].filter(
            (offset) => tiles[i]?.registers.has(offset) !== true,
          );
          expect(missing, kind).toEqual([]);
        });
      }
    },
  );

  it.each(['2020/aie', 'static/aie', 'aperture40/aieml'] as const)(
    'of a gated tile is not looked for: %s [attach-10]',
    async (name) => {
      const family = await become(name);
      await attach(family);
      const top = family.partition.numRows - 1;
      await board.control(`gate 7 ${top}`);
      const { tiles } = await look(
        family,
        [
          [7, top],
          [8, top],
        ],
        true,
      );
      expect(tiles.map((one) => one.header['reason'])).toEqual([1, 0]);
      expect(tiles[0]?.registers.size).toBe(0);
      expect(tiles[0]?.header).not.toHaveProperty('files');
    },
  );

  it('of a tile is not looked for where only its text could tell, and making that could touch it without a clock [truth-2]', async () => {
    await become('aperture24/aie');
    const held = async (start: number, tiles: readonly (readonly [number, number])[]) => {
      await board.control('ungate all', 'gate 1 1', 'gate 4 1', 'gate 5 1');
      await board.control(`debugfs hold ${dynamicId(start, 4)}`);
      const answer = await agent?.status([start, 4], tiles, false);
      await board.control('debugfs release');
      return answer?.tiles.map(({ header }) => [header['reason'], header['source']]);
    };
    // No descriptor can be had. The driver takes columns 4 and 5 for clocked, because 2 and 3 are.
    expect(
      await held(2, [
        [2, 0],
        [2, 3],
        [4, 3],
      ]),
    ).toEqual([
      [0, 'sysfs'],
      [clocksUnknown, 'sysfs'],
      [clocksUnknown, 'sysfs'],
    ]);
    // From column 0 on its notes are right.
    expect(
      await held(0, [
        [0, 3],
        [1, 3],
      ]),
    ).toEqual([
      [0, 'sysfs'],
      [gated, 'sysfs'],
    ]);
  });

  it('of shim tiles: those with a DMA have locks and channels, the others only events [attach-10]', async () => {
    const family = await become('2020/aie');
    await attach(family);
    const { tiles } = await look(
      family,
      [
        [6, 0],
        [8, 0],
      ],
      true,
    );
    expect(
      tiles.map((one) => [one.header['kind'], one.registers.has(0x14f00), one.registers.has(0x34200)]),
    ).toEqual([
      ['shim', true, true],
      ['shim', false, true],
    ]);
  });

  it('tells overflowed locks and stalled channels, of which the attributes tell nothing [attach-10]', async () => {
    const family = await become('aperture40/aieml');
    await attach(family);
    const row = family.shape.core.start;
    const stalledOnLock = (1 << 19) | (1 << 2);
    await board.control(`reg 7 ${row} ${0x1f120} ${1 << 3}`, `reg 7 ${row} ${0x1df14} ${stalledOnLock}`);
    const tile = (await look(family, [[7, row]], true)).tiles[0];
    expect(tile?.header['source']).toBe('registers');
    const { registers } = tile as SeenTile;
    expect([0x1df00, 0x1df04, 0x1df10, 0x1df14, 0x1f120, 0x1f128].map((at) => registers.get(at))).toEqual([
      0,
      0,
      0,
      stalledOnLock,
      8,
      0,
    ]);
    expect(decoded(family, tile).channels.map(({ state }) => state)).toEqual([
      'idle',
      'idle',
      'idle',
      'stalled_lock_acq',
    ]);
  });

  it('comes for every tile of a partition in the order asked, and a few tiles overtake a long read [attach-10]', async () => {
    const family = await become('2020/aie');
    await attach(family);
    const all = Array.from({ length: 36 }, (_, i) => [6 + (i % 4), 8 - Math.floor(i / 4)] as const);
    const { tiles } = await look(family, all);
    expect(tiles.map((one) => [one.header['col'], one.header['row']])).toEqual(all);
    let over = false;
    const long = agent?.read([6, 4], 'data', [[0, 32_768 * 32]]).then(() => {
      over = true;
    });
    await look(family, [[7, 3]]);
    expect(over).toBe(false);
    await long;
  });

  it('is refused for tiles that are not of the partition, and for none [attach-10]', async () => {
    const family = await become('2020/aie');
    for (const tiles of [[], [[5, 1]], [[10, 1]], [[6, 9]]] as [number, number][][])
      await expect(look(family, tiles)).rejects.toMatchObject({ code: 'out-of-range' });
    await expect(agent?.request({ op: 'status', partition: '6_4', tiles: [[6]] })).rejects.toMatchObject({
      code: 'protocol',
    });
  });
});
