/**
 * Whole partitions read beside a running witness while tiles are gated and run again at random from outside: every byte
 * that comes is the witness's, every other one is said to be gated. Where the driver has `pread` the kernel checks the
 * clock, and nothing forbidden may happen; through a mapping a tile can be gated between the look at its clock and the
 * load, which is counted, and must do no harm. `SEED` repeats the order of gates, not their time.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ONCE } from '../../scripts/results.ts';
import type { PartitionMemory, ReadResult } from '../../src/board/board.ts';
import { formatTile, type MemoryGeometry, tiles, totalBytes } from '../../src/model/geometry.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { Random, runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { patternBytes, startBoard, type VirtualBoard } from './board.ts';
import { type Family, type FamilyName, families } from './families.ts';

const never = new AbortController().signal;
const seed = runSeed();
/** One of each way to the bytes and each kind of clocks: a chain of tiles, and one clock for a column. */
const names: readonly FamilyName[] = ['2020/aie', 'static/aie', 'aperture40/aieml', 'aperture40/aie2ps'];
/** Reads of one partition, and switched tiles that they go on for at the least. */
const fewestReads = 5;
const fewestSwitches = 40;

let board: VirtualBoard;
let way: SshWay;

beforeAll(async () => {
  const agent = buildForArm('agent');
  board = await startBoard();
  way = new SshWay(board, agent);
});
afterAll(async () => {
  way?.dispose();
  await board?.stop();
});
afterEach(() => board.assertClean());

/** What the reads of one family gave: tiles by how much of them came. */
interface Tally {
  reads: number;
  switches: number;
  whole: number;
  partly: number;
  gated: number;
}

/** Counts a read's tiles. @throws Error for a wrong byte, and for a reason other than the gate */
function tally(memory: MemoryGeometry, result: ReadResult, expected: readonly Buffer[], count: Tally): void {
  const bytes = result.pieces[0]?.bytes ?? new Uint8Array(0);
  expect(bytes).toHaveLength(totalBytes(memory));
  for (const [i, tile] of tiles(memory).entries()) {
    const start = i * memory.bytesPerTile;
    const end = start + memory.bytesPerTile;
    let at = start;
    let came = 0;
    const isPattern = (to: number): void => {
      const found = Buffer.from(bytes.buffer, bytes.byteOffset + at, to - at);
      if (!expected[i]?.subarray(at - start, to - start).equals(found))
        throw new Error(`other bytes than the witness's in ${formatTile(tile)}, from offset ${at - start}`);
      came += to - at;
    };
    for (const span of result.unreadable) {
      if (span.offset + span.length <= start || span.offset >= end) continue;
      if (span.reason !== 'gated') throw new Error(`${formatTile(tile)}: ${span.reason}`);
      isPattern(Math.max(at, span.offset));
      at = Math.min(end, span.offset + span.length);
    }
    isPattern(end);
    if (came === memory.bytesPerTile) count.whole++;
    else if (came > 0) count.partly++;
    else count.gated++;
  }
}

/** Switches clocks until told to stop; a few tiles at a time, so that most are there. */
async function switchClocks(
  family: Family,
  random: Random,
  count: Tally,
  over: () => boolean,
): Promise<void> {
  const { startCol, numCols, numRows } = family.partition;
  while (!over()) {
    const commands = Array.from({ length: 6 }, () => {
      const col = startCol + random.below(numCols);
      const on = random.below(3) > 0;
      return on ? `ungate ${col} ${numRows - 1}` : `gate ${col} ${1 + random.below(numRows - 1)}`;
    });
    await board.control(...commands);
    count.switches += commands.length;
  }
}

async function readWhileSwitched(family: Family, memory: PartitionMemory): Promise<Tally> {
  const { geometry } = memory;
  const expected = tiles(geometry).map((tile) =>
    patternBytes(geometry.type, tile.col, tile.row, 0, geometry.bytesPerTile, seed),
  );
  const count: Tally = { reads: 0, switches: 0, whole: 0, partly: 0, gated: 0 };
  let over = false;
  const switching = switchClocks(family, new Random(seed), count, () => over);
  try {
    while (count.reads < fewestReads || count.switches < fewestSwitches || count.gated + count.partly === 0) {
      const result = await memory.read(
        [{ offset: 0, length: totalBytes(geometry) }],
        { asking: 'fast' },
        never,
      );
      count.reads++;
      tally(geometry, result, expected, count);
    }
  } finally {
    over = true;
    await switching;
  }
  return count;
}

describe(`[attach-12] clocks that change while a whole partition is read (seed ${seed})`, () => {
  for (const name of names) {
    const family = families[name];
    const rule = family.readWrite ? 'nothing is forbidden' : 'what the race forbids is counted, and survived';
    it(`${name}: right bytes or the gate's mark, never zeros for bytes; ${rule}`, {
      tags: ONCE,
    }, async () => {
      await board.reloadModule(family.module);
      const witness = await board.witness();
      const ours = await way.connect();
      try {
        const { id, startCol, numCols } = family.partition;
        const { pid } = await witness.request(id, { clocks: true });
        await board.control('ungate all');
        await witness.fill(seed, 'data');
        const memory = (await ours.open(keyOf({ startCol, numCols }), {}, never)).memory('data');
        if (memory === undefined) throw new Error('no data memory');
        const { requests } = await board.counters();
        const count = await readWhileSwitched(family, memory);
        const forbidden = family.readWrite ? [] : await board.takeForbidden();
        console.info(`${name}: ${JSON.stringify(count)}, ${forbidden.length} forbidden`);
        expect(count.whole).toBeGreaterThan(0);
        // All of it was read beside the witness, by the process that began.
        expect((await board.counters())['requests']).toBe(requests);
        await board.control('ungate all');
        const last = await memory.read(
          [{ offset: 0, length: totalBytes(memory.geometry) }],
          { asking: 'fast' },
          never,
        );
        expect(last.unreadable).toEqual([]);
        const [info] = (await ours.partitions(never)).filter((one) => one.inUse);
        expect(info?.owner?.pid).toBe(pid);
      } finally {
        await ours.dispose();
        await witness.exit();
      }
    });
  }
});
