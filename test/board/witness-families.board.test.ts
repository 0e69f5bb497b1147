import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  families,
  familyNames,
  patternBytes,
  startBoard,
  type VirtualBoard,
  type Witness,
  WitnessError,
} from './board.ts';
import { useCleanLog } from './clean-log.ts';

let board: VirtualBoard;
const witnesses: Witness[] = [];

beforeAll(async () => {
  board = await startBoard();
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
});

async function start(...commands: string[]): Promise<Witness> {
  const witness = await board.witness(...commands);
  witnesses.push(witness);
  return witness;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WitnessError) return error.code;
    throw error;
  }
  return 'done';
}

describe.each(familyNames)('the witness on %s [attach-1]', (name) => {
  const family = families[name];
  const { partition, memories, shape } = family;
  const lastCol = partition.startCol + partition.numCols - 1;

  beforeAll(async () => {
    await board.reloadModule(family.module);
  });

  it('finds the memories that the table of families has, each word in its place', async () => {
    const witness = await start();
    const { buffers } = await witness.request(partition.id, { keep: true });
    expect([...buffers].filter(([, descriptor]) => descriptor >= 0).map(([type]) => type)).toEqual(
      memories.map(({ type }) => type),
    );
    await witness.fill(5);
    for (const { type, startRow, numRows, bytesPerTile } of memories) {
      const lastRow = startRow + numRows - 1;
      expect(await witness.read(type, lastCol, lastRow, bytesPerTile - 16, 16)).toEqual(
        patternBytes(type, lastCol, lastRow, bytesPerTile - 16, 16, 5),
      );
    }
    const words = memories.reduce((sum, m) => sum + m.numCols * m.numRows * (m.bytesPerTile / 4), 0);
    // The register view and the DMA-bufs hold the same words.
    expect(await witness.command('compare')).toBe(`words=${words} different=0`);
  });

  it('sees tiles, cores and clocks where this generation has them', async () => {
    const witness = await start(`request ${partition.id} keep`);
    const core = { column: 7, row: shape.core.start };
    await witness.core(core.column, core.row, true);
    expect(await witness.tiles()).toContainEqual({ ...core, state: 'enabled' });
    await witness.gate(core, false);
    await board.control(`gate 7 ${shape.core.start}`);
    expect(await witness.tiles()).toContainEqual({ ...core, state: 'gated' });
    expect(await witness.tiles()).toContainEqual({ ...core, column: 8, state: 'clocked' });
    await board.control('reset all');
  });

  it('is refused what another one has, and lives after it', async () => {
    const witness = await start(`request ${partition.id}`);
    const other = await start();
    expect(await refusal(other.request(partition.id))).toBe(family.busy);
    await other.request(family.other.id, { keep: true });
    await other.release();
    await witness.release();
    expect(await other.cycles(partition.id, 5, { reset: family.ownReset })).toMatchObject({
      cycles: 5,
      retries: 0,
      failures: 0,
      resets: family.ownReset ? 5 : 0,
      resetFailures: 0,
      wrong: 0,
    });
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  if (family.ownReset) {
    it('resets its own partition while all of it is mapped, and the memories only when told so [truth-8]', async () => {
      const witness = await start(`request ${partition.id} clocks`);
      const { startCol } = partition;
      const row = family.shape.core.start;
      await witness.write('data', startCol, row, 0, Buffer.from('stay'));
      await witness.core(startCol, row, true);
      await witness.reset();
      expect((await witness.read('data', startCol, row, 0, 4)).toString()).toBe('stay');
      expect(await witness.tiles()).toContainEqual({ column: startCol, row, state: 'clocked' });
      await witness.reset(true);
      expect(await witness.read('data', startCol, row, 0, 4)).toEqual(Buffer.alloc(4));
      await witness.command('tear');
      expect(await witness.tiles()).toContainEqual({ column: startCol, row, state: 'gated' });
    });
  }

  it('can keep decoys: files that look like its own, and a partition of its own kind', async () => {
    const witness = await start(`request ${partition.id} keep`);
    const answer = await witness.command('hold-decoys');
    expect(Number(/other=(-?\d+)/.exec(answer)?.[1])).toBeGreaterThan(0);
    expect(await board.counters()).toMatchObject({ open: 2, dmabufs: 2 * memories.length });
  });
});
