/**
 * The driver's texts and the register words behind them, decoded both and compared: random words are laid on tiles of every
 * kind of every generation, the board's kernel makes its texts of them, and what these say must be what the words say.
 * `SEED=<number>` repeats a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tile } from '../../src/model/geometry.ts';
import { decodeTileStatus } from '../../src/model/status/decode.ts';
import { registerMap } from '../../src/model/status/layout.ts';
import type { DescriptorStatus, RawTileStatus, TileKind, TileStatus } from '../../src/model/status/status.ts';
import { tileActivity } from '../../src/model/status/summary.ts';
import { waitCycles, waitEdges } from '../../src/model/status/waits.ts';
import { dice, runSeed } from '../conformance/random.ts';
import { startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { type Family, type FamilyName, families } from './families.ts';
import { stageHang } from './hang.ts';
import { Agent, agentPath, buildForBoard } from './native-agent.ts';

let board: VirtualBoard;
let witness: Witness | undefined;
let agent: Agent | undefined;

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
});

afterAll(() => board?.stop());

afterEach(async () => {
  await agent?.end();
  await witness?.exit();
  agent = undefined;
  witness = undefined;
});

useCleanLog(() => board);

/** The board as one of the families, its partition held by an application, every clock running. */
async function attach(name: FamilyName): Promise<Family> {
  const family = families[name];
  await board.reloadModule(family.module);
  witness = await board.witness();
  await witness.request(family.partition.id, { keep: true });
  await board.control('ungate all');
  return family;
}

/** Lays words on registers of a tile, as hardware would show them. */
async function lay(tile: Tile, words: ReadonlyMap<number, number>): Promise<void> {
  const lines = [...words].map(([offset, word]) => `reg ${tile.col} ${tile.row} ${offset} ${word | 0}`);
  // No longer than one command of a small ssh server may be.
  while (lines.length > 0) await board.control(...lines.splice(0, 100));
}

/** All attributes of a tile, as any user reads them. */
async function attributes({ partition }: Family, { col, row }: Tile): Promise<Map<string, string>> {
  const folder = `/sys/class/aie/aiepart_${partition.startCol}_${partition.numCols}/${col}_${row}`;
  const { stdout } = await board.exec(
    `cd ${folder} && for name in *; do printf '\\036%s\\037' "$name"; cat "$name"; done`,
  );
  return new Map(
    stdout
      .toString()
      .split('\u001e')
      .slice(1)
      .map((part): [string, string] => {
        const [name = '', text = ''] = part.split('\u001f');
        return [name, text];
      }),
  );
}

function decoded(family: Family, tile: Tile, kind: TileKind, read: Partial<RawTileStatus>): TileStatus {
  const raw: RawTileStatus = { tile, kind, source: 'sysfs', registers: new Map(), files: new Map(), ...read };
  return decodeTileStatus(raw, family.generation);
}

/** What the texts can tell, without what only words do. */
function comparable({ index, fields, raw: _raw, ...rest }: DescriptorStatus): [number, unknown] {
  return [index, { ...rest, fields: Object.fromEntries(fields) }];
}

/** A word for a register, by its name: anything that the hardware may show and the driver has words for. */
function anyWord(name: string, first: boolean, below: (n: number) => number): number {
  const word = below(2 ** 32);
  if (name === 'Core_Status') return (word & (first ? 0x1f_ffff : 0x3f_d7ff)) >>> 0;
  // The driver looks at this register too; here it says that no core ended.
  if (name === 'Enable_Events') return 0;
  if (name.startsWith('Core_')) return word % 2 ** 20;
  if (name.startsWith('Event_Status')) return (1 << below(32)) >>> 0;
  if (!name.startsWith('DMA_S2MM_Status') && !name.startsWith('DMA_MM2S_Status')) return word;
  if (!first) return (word & 0x7ffc_0000) >>> 0;
  const states = [below(4), below(4)].map((state) => (state === 3 ? 0x12 : state));
  const stateBits = states.reduce((all, state, i) => all | ((state & 3) << (2 * i)) | ((state & 16) << i), 0);
  return ((word & 0x30ff_0fc0) | stateBits) >>> 0;
}

const seed = runSeed();

describe('[attach-10] the texts of the driver say what the words of the hardware say', () => {
  it.each(['static/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const)('%s', async (name) => {
    console.info(`SEED=${seed}`);
    const below = dice(seed);
    const family = await attach(name);
    const first = family.generation === 'aie';
    const { core, memory } = family.shape;
    const places: (readonly [Tile, TileKind])[] = [
      [{ col: 6, row: 0 }, 'shim'],
      [{ col: 7, row: core.start + 1 }, 'core'],
    ];
    if (memory.count > 0) places.push([{ col: 7, row: memory.start }, 'memory']);
    for (const [tile, kind] of places) {
      const words = new Map<number, number>();
      for (const [offset, register] of registerMap(family.generation, kind, true)) {
        // The kernel's page does not hold the text of more than these.
        if (Number(/^DMA_BD(\d+)/.exec(register)?.[1] ?? 0) < 26) {
          words.set(offset, anyWord(register, first, below));
        }
      }
      await lay(tile, words);
      const text = decoded(family, tile, kind, { files: await attributes(family, tile) });
      const hardware = decoded(family, tile, kind, { source: 'registers', registers: words });

      expect(text.core).toEqual(hardware.core);
      expect(text.locks.map(({ index, value, acquired }) => ({ index, value, acquired }))).toEqual(
        hardware.locks.map(({ index, value, acquired }) => ({ index, value, acquired })),
      );
      // The texts of AIE-ML and later say that they may hide a stall; the words that are laid here hold none.
      expect(text.channels.map(({ mayBeStalled: _, ...rest }) => rest)).toEqual(
        hardware.channels.map(({ raw: _raw, ...rest }) => rest),
      );

      // Of AIE2PS's shim tiles only the first descriptor is read from the right place.
      const told = text.descriptors.map(comparable);
      const behind = hardware.descriptors.map(comparable).slice(0, told.length);
      expect(told.slice(0, behind.length)).toEqual(behind);
      const least = kind === 'memory' ? 20 : kind === 'shim' && family.generation === 'aie2ps' ? 1 : 16;
      expect(told.length).toBeGreaterThanOrEqual(least);

      if (kind !== 'memory') {
        const within = hardware.events.map(({ module, numbers }) => ({
          module,
          numbers: numbers.filter((event) => event < 128),
        }));
        expect(text.events).toEqual(within);
      }
      if (kind !== 'shim' || family.generation !== 'aie2ps') {
        expect([...text.errors].sort()).toEqual([...hardware.errors].sort());
      }
      expect(hardware.unparsed).toEqual([]);
      const wrongInDriver = kind === 'memory' ? /^(event: pl: |bd: )/ : /^bd: /;
      const strange = text.unparsed.filter((entry) => !wrongInDriver.test(entry));
      expect(strange).toEqual([]);
      expect(kind === 'core' ? text.unparsed : []).toEqual([]);
    }
  });

  it('a gated tile is recognised by each of its texts', async () => {
    const family = await attach('static/aie');
    const tile = { col: 7, row: family.shape.core.start + family.shape.core.count - 1 };
    await board.control(`gate ${tile.col} ${tile.row}`);
    const files = await attributes(family, tile);
    expect([...files.keys()].sort()).toEqual(['bd', 'core', 'dma', 'error', 'event', 'lock']);
    for (const name of ['bd', 'core', 'dma', 'event', 'lock']) {
      const one = new Map([[name, files.get(name) ?? '']]);
      expect(decoded(family, tile, 'core', { files: one }).reason, name).toBe('gated');
    }
  });
});

describe('[attach-10] [attach-11] a graph that hangs, looked at beside its owner', () => {
  it.each(['2020/aie', 'static/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const)(
    '%s: who waits for which lock, and what the others do',
    async (name) => {
      const family = await attach(name);
      const { generation, shape, partition } = family;
      const hang = await stageHang(board, { generation, col: 6, row: shape.core.start });
      const { south, north, transfer, memory, running, done, disabled } = hang;
      agent = await Agent.start(board);
      await agent.request({ op: 'describe' });
      const asked: (readonly [Tile, TileKind])[] = [south, north, transfer].map(({ tile }) => [tile, 'core']);
      for (const tile of [running, done, disabled]) asked.push([tile, 'core']);
      if (memory !== undefined) asked.push([memory.tile, 'memory']);
      const answer = await agent.status(
        [partition.startCol, partition.numCols],
        asked.map(([{ col, row }]) => [col, row]),
        true,
      );
      const statuses = asked.map(([tile, kind], i) => {
        const files = new Map(
          Object.entries((answer.tiles[i]?.header['files'] ?? {}) as Record<string, string>),
        );
        return decoded(family, tile, kind, { files, registers: answer.tiles[i]?.registers ?? new Map() });
      });

      const edges = waitEdges(statuses, shape, generation);
      const s2mm = { what: 's2mm', channel: transfer.channel, lock: transfer.lock };
      const expected: object[] = [
        { from: south.tile, to: north.tile, what: 'core' },
        { from: north.tile, to: south.tile, what: 'core' },
        { ...s2mm, from: transfer.tile, to: transfer.tile },
      ];
      if (memory !== undefined) {
        const mm2s = { what: 'mm2s', channel: memory.channel, lock: memory.lock };
        expected.push({ ...mm2s, from: memory.tile, to: memory.tile });
      }
      expect(edges).toEqual(expected);
      expect(waitCycles(edges)).toEqual([[south.tile, north.tile]]);

      expect(statuses.slice(0, 6).map(tileActivity)).toEqual([
        ...['stalled', 'stalled', 'stalled'],
        ...['running', 'done', 'idle'],
      ]);
      const { pc, sp, lr } = hang.registers;
      expect(statuses[0]?.core).toMatchObject({ state: 'lock-stall', pc, sp, lr });
      expect(statuses[2]?.descriptors[transfer.descriptor]).toMatchObject({
        valid: true,
        address: 0x1000,
        length: 256,
        acquire: { lock: transfer.lock },
      });
    },
  );
});
