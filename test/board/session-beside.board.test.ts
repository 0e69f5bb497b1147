/**
 * Sessions over SSH on a driver with dynamic partitions and XRT's kernel driver: partitions that come and go with their
 * owner, gated tiles of free columns, a hold, what the kernel holds.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { plain } from '../../src/array/test-bench.ts';
import type { SurveyUpdate } from '../../src/board/board.ts';
import type { ByteRange, Tile } from '../../src/model/geometry.ts';
import { hottest } from '../../src/model/heat.ts';
import { BoardLink } from '../../src/session/link.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { HeatPool } from '../../src/session/partition-heat.ts';
import { machineServices } from '../../src/session/services.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { patternBytes, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { families } from './families.ts';

const FAMILY = families['aperture24/aie'];
const { id, startCol, numCols } = FAMILY.partition;
const columns = { startCol, numCols };
const SEED = 31;
const never = new AbortController().signal;
/** The first bytes of the partition's first tile. */
const shown: ByteRange = { offset: 0, length: 64 };
const pattern = Uint8Array.from(patternBytes('data', startCol, 1, 0, shown.length, SEED));
const known = 1;

describe('a session beside what comes and goes', () => {
  let board: VirtualBoard;
  let way: SshWay;
  let link: BoardLink;
  let session: MemorySession;
  let witness: Witness | undefined;

  beforeAll(async () => {
    const agent = buildForArm('agent');
    board = await startBoard({ module: { ...FAMILY.module, zocl: 2 } });
    way = new SshWay(board, agent);
    const services = machineServices(way.log);
    link = new BoardLink('virtual', 'Virtual board', { connect: () => way.connect() }, services);
    session = new MemorySession(link, { partition: keyOf(columns), memory: 'data' }, services);
    await link.connect();
  });
  afterEach(async () => {
    await witness?.exit();
    witness = undefined;
    await board.assertClean();
  });
  afterAll(async () => {
    session?.dispose();
    link?.dispose();
    way?.dispose();
    await board?.stop();
  });

  const info = () => link.partitions.find((one) => one.columns.startCol === startCol);
  const until = (what: () => unknown) => expect.poll(() => Boolean(what()), { interval: 20 }).toBe(true);

  /** An application that has the columns, with a pattern in its memories. */
  async function application(): Promise<Witness> {
    const started = await board.witness();
    await started.request(id, { clocks: true });
    await started.fill(SEED);
    await until(() => info()?.owner?.kind === 'process');
    return started;
  }

  it('[attach-3] [attach-4] [attach-8] the owner ends and its partition with it: the bytes stay; asked for, its columns are picked, and their clocks enabled', async () => {
    expect(info()).toBeUndefined();
    expect(
      link.freeColumns.some(
        (run) => run.startCol <= startCol && run.startCol + run.numCols >= startCol + numCols,
      ),
    ).toBe(true);
    witness = await application();
    await session.refresh(shown, never);
    expect(session.bytes(shown).base).toEqual(pattern);
    session.look('view', shown);

    await witness.exit();
    await until(() => session.state.epochEnd);
    expect(session.state.epochEnd).toMatchObject({ of: 'owner', asked: false });
    const { words_read: before } = await board.counters();
    session.look('view', { offset: 0x4000, length: 64 });
    expect(session.bytes(shown).base).toEqual(pattern);
    expect((await board.counters())['words_read']).toBe(before);

    await session.refresh(shown, never);
    expect(info()).toMatchObject({ picked: true, inUse: false });
    // The driver has turned all clocks off.
    expect((session.bytes(shown).flags[0] ?? 0) & known).toBe(0);
    expect(await link.enableClocks(keyOf(columns), true, never)).toBe(true);
    await session.refresh(shown, never);
    expect(session.bytes(shown).base).toEqual(new Uint8Array(shown.length));
    expect(session.isStale(shown)).toBe(false);
    expect(session.state.policy).toBe('staged');
  });

  it('[attach-6] [attach-8] one word beside the owner; held, killed, released: what it left is still here', async () => {
    witness = await application();
    const { pid } = await witness.status();
    await session.refresh(shown, never);
    session.agreeBeside(session.occupant);
    session.stage('test', 'type', [{ offset: 4, bytes: Uint8Array.of(1, 2, 3, 4) }]);
    expect(await session.apply(shown, never)).toMatchObject({ applied: 4, kept: 0 });
    expect(Uint8Array.from(await witness.read('data', startCol, 1, 4, 4))).toEqual(Uint8Array.of(1, 2, 3, 4));

    await link.hold(keyOf(columns), true, never);
    await board.exec(`kill -9 ${pid}`);
    await witness.ended();
    await until(() => session.state.snapshot?.done === true);
    const far: ByteRange = { offset: (3 * 8 + 7) * 0x8000 + 0x100, length: 16 };
    const left = Uint8Array.from(patternBytes('data', startCol + 3, 8, 0x100, 16, SEED));
    expect(session.bytes(far).base).toEqual(left);

    await link.hold(keyOf(columns), false, never);
    await until(() => session.state.epochEnd);
    expect(session.state.epochEnd).toMatchObject({ of: 'hold' });
    expect(session.bytes(far).base).toEqual(left);
    expect(session.isStale(far)).toBe(true);
    expect(await board.counters()).toMatchObject({ open: 0, mappings: 0 });
  });

  it('[live-1] [live-2] follows the memory under its owner; hidden, held back by its page, paused or free, nothing is read', async () => {
    witness = await application();
    const moving = { column: startCol, row: 1, offset: 0, length: shown.length, rate: 200 };
    let updates = 0;
    const listening = session.onBytes(() => updates++);
    const more = async (count = 3) => {
      const from = updates;
      await until(() => updates >= from + count);
    };
    await witness.run(moving);
    session.look('view', shown);
    session.follow('view', 100);
    await more();
    expect(session.liveState('view')).toMatchObject({ periodMs: 100 });
    expect(session.liveState('view')?.paused).toBeUndefined();
    await until(() => (session.liveState('view')?.wordsPerSecond ?? 0) > 0);
    expect(session.liveState('view')?.wordsPerSecond).toBeLessThan(20 * (shown.length / 4));
    const looks = async (): Promise<number> => (await board.counters())['words_read'] ?? 0;
    /** What was under way ends; then the driver counts no look in the time of some of them. */
    const atRest = async (): Promise<void> => {
      const rests = async (): Promise<boolean> => {
        const [from, since] = [await looks(), Date.now()];
        while (Date.now() < since + 500) if ((await looks()) !== from) return false;
        return true;
      };
      await expect.poll(rests).toBe(true);
    };
    const before = await looks();
    await more();
    // Each look asks whether the tile has a clock.
    expect(await looks()).toBeGreaterThan(before);
    session.look('view', undefined);
    await atRest();
    session.look('view', shown);
    await more();
    session.setBehind('view', true);
    await atRest();
    session.setBehind('view', false);
    await more();
    session.follow('view', undefined);
    await atRest();
    session.follow('view', 100);
    await more();
    expect(await witness.stop()).toBeGreaterThan(0);
    await witness.exit();
    await until(() => session.liveState('view')?.paused === 'free');
    await atRest();
    session.follow('view', undefined);
    session.look('view', undefined);
    listening.dispose();
  });

  it('[live-3] a survey finds a buffer of 512 bytes that was rewritten at each look, for a few bytes on the wire; its owner gone, nothing is taken', async () => {
    witness = await application();
    const [column, row, wordsPerTile] = [startCol + 1, 3, 64];
    const partition = await link.open(keyOf(columns), never, 'nobody');
    const memory = partition.memories.find(({ geometry }) => geometry.type === 'data');
    if (memory === undefined) throw new Error('no data memory');
    const { numRows, startRow } = memory.geometry;
    const index = (column - startCol) * numRows + row - startRow;
    const wordsRead = async () => (await board.counters())['memory_words_read'] ?? 0;
    const before = await wordsRead();
    const updates: SurveyUpdate[] = [];
    let came: () => void = () => undefined;
    const survey = memory.survey({ periodMs: 20, wordsPerSecond: 1_000_000, wordsPerTile }, (update) => {
      updates.push(update);
      came();
    });
    const next = () =>
      new Promise<void>((resolve, reject) => {
        came = resolve;
        void survey.ended.then(reject);
      });
    await next();
    for (let look = 1; look <= 12; look++) {
      await witness.write('data', column, row, 1000, new Uint8Array(512).fill(look));
      const told = next();
      survey.seen();
      await told;
      expect(updates.at(-1)?.tiles).toEqual([{ tile: index, changed: 1 }]);
    }
    const words = 2 * wordsPerTile * numCols * numRows;
    expect(updates.map((update) => update.words)).toEqual(updates.map((_, i) => (i + 1) * words));
    expect((await wordsRead()) - before).toBe(updates.length * words);
    // The first says the epoch.
    for (const { wireBytes } of updates.slice(1)) expect(wireBytes).toBeLessThanOrEqual(64);
    survey.seen();
    await witness.exit();
    await until(() => info()?.inUse !== true);
    const { requests } = await board.counters();
    expect(['not-asked', 'no-partition', 'epoch']).toContain((await survey.ended).code);
    const again = memory.survey({ periodMs: 20, wordsPerSecond: 1000, wordsPerTile }, () => undefined);
    expect(['not-asked', 'no-partition']).toContain((await again.ended).code);
    expect((await board.counters())['requests']).toBe(requests);
  });

  it('[live-3] the heat of a partition follows what its owner does, and ends with it', async () => {
    witness = await application();
    const heat = new HeatPool(machineServices(way.log)).of(link, keyOf(columns));
    const shows = heat.show();
    const stepOf = (one: Tile) => heat.ofTile(one, plain)?.step ?? 0;
    const tile = { col: startCol + 2, row: 4 };
    await witness.run({ column: tile.col, row: tile.row, offset: 0x1000, length: 0x4000, rate: 20 });
    await until(() => stepOf(tile) === hottest);
    expect(stepOf({ col: startCol, row: 1 })).toBe(0);
    await witness.stop();
    await until(() => stepOf(tile) < hottest);
    await witness.exit();
    await until(() => heat.pause === 'free');
    expect(stepOf(tile)).toBe(0);
    const { requests } = await board.counters();
    witness = await application();
    await until(() => heat.pause === undefined);
    // Only the application asked for it.
    expect((await board.counters())['requests']).toBe((requests ?? 0) + 1);
    expect(stepOf(tile)).toBe(0);
    shows.dispose();
  });

  it('[attach-9] what the kernel holds is read once a person has chosen the way through its driver', async () => {
    await board.control(`zocl load ${startCol} ${numCols}`);
    await until(() => info()?.owner?.kind === 'kernel');
    await expect(session.refresh(shown, never)).rejects.toMatchObject({ code: 'kernel-held' });
    expect(session.state.lockedBecause?.code).toBe('kernel-held');
    await link.takeKernelDescriptor(keyOf(columns), never);
    await session.refresh(shown, never);
    expect(session.state.lockedBecause).toBeUndefined();
    expect(session.isStale(shown)).toBe(false);
    // The descriptor is kept as long as the connection lives, and so is the partition.
    await board.control('zocl unload');
    expect(await board.counters()).toMatchObject({ open: 1 });
    await link.disconnect();
    await expect.poll(async () => (await board.counters())['open']).toBe(0);
  });
});
