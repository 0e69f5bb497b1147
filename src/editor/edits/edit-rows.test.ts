import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice } from '../../model/cells/choices.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { BoardLink } from '../../session/link.ts';
import { MemorySession } from '../../session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../session/scripted-board.ts';
import { type EditedMemory, type EditRow, memoryRow, stagedCells } from './edit-rows.ts';

const never = new AbortController().signal;
const texts = {
  l10n: {
    t: (message: string, ...args: (string | number)[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  clock: (at: number) => `at ${at}`,
};
const bytes: CellChoice = { name: 'hex8', order: 'little' };

/** A memory of the scripted board that was read, with what is staged in it as rows. */
async function setup(cells: CellChoice = bytes) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  const geometry = await session.open(never);
  await session.read({ offset: 0, length: 2 * geometry.bytesPerTile }, never);
  const of: EditedMemory = { title: 'Board', session, geometry, cells };
  const type = (offset: number, ...values: number[]) =>
    session.stage('doc', 'Type', [{ offset, bytes: Uint8Array.from(values) }]);
  const root = () => memoryRow(of, texts);
  const whole: ByteRange = {
    offset: 0,
    length: geometry.numCols * geometry.numRows * geometry.bytesPerTile,
  };
  return { device, session, geometry, of, type, root, whole };
}

const below = (row: EditRow | undefined): readonly EditRow[] => row?.below?.() ?? [];
const lines = (rows: readonly EditRow[]) => rows.map(({ label, description }) => `${label}: ${description}`);
/** All rows below one, down to those that are places. */
const leaves = (row: EditRow): readonly EditRow[] =>
  row.below === undefined ? [row] : below(row).flatMap(leaves);

describe('[hex-8] what is staged, as rows', () => {
  test('is told by tile, with the old and the new value', async () => {
    const { geometry, type, root, device } = await setup();
    device.bytes.fill(0);
    const second = geometry.bytesPerTile;
    type(0x10, 0xab, 0xcd);
    type(second + 4, 0x7f);
    const row = root();
    expect(row.description).toBe('3 bytes staged');
    expect(lines(below(row))).toEqual([
      expect.stringMatching(/^\(\d+,\d+\): 2 bytes staged$/),
      expect.stringMatching(/^\(\d+,\d+\): 1 byte staged$/),
    ]);
    const [first, other] = below(row);
    expect(below(first).map(({ label }) => label)).toEqual(['0x0010', '0x0011']);
    expect(below(first).map(({ description }) => description.split(' → ')[1])).toEqual(['AB', 'CD']);
    expect(below(other).map(({ place }) => place)).toEqual([{ offset: second + 4, length: 1 }]);
  });

  test('is typed as the editor shows it: one row for a value, whichever of its bytes are staged', async () => {
    const { session, type, of, root } = await setup({ name: 'float32', order: 'little' });
    type(8, 0xa4, 0x70, 0x45, 0x41);
    type(17, 0);
    const format = cellFormat(of.cells, true);
    const held = session.bytes({ offset: 8, length: 4 }).base;
    const [first, second] = below(below(root())[0]);
    expect([first?.label, first?.description]).toEqual(['0x0008', `${format.format(held, 0)} → 12.34`]);
    expect(second?.place).toEqual({ offset: 16, length: 4 });
  });

  test('a conflict says so, and stops being one when it is kept or taken back', async () => {
    const { device, session, type, root, whole } = await setup();
    type(3, 0x55);
    device.bytes[3] = 0x66;
    await session.refresh({ offset: 0, length: 64 }, never);
    const conflict = () => below(below(root())[0])[0];
    expect(root().kind).toBe('conflict');
    expect(conflict()).toMatchObject({
      kind: 'conflict',
      description: '66 → 55, changed on the board',
    });
    session.keepMine(conflict()?.place ?? whole);
    expect(conflict()).toMatchObject({ kind: 'staged', description: '66 → 55' });
    session.discard('doc', 'Discard', conflict()?.place ?? whole);
    expect(root()).toMatchObject({ kind: 'group', description: 'nothing staged' });
  });

  test('one value is dropped without the others', async () => {
    const { session, type, root } = await setup({ name: 'hex32', order: 'little' });
    type(0, 1, 2, 3, 4, 5, 6, 7, 8);
    const [first] = below(below(root())[0]);
    session.discard('doc', 'Discard', first?.place ?? { offset: 0, length: 0 });
    expect(session.staged()).toEqual([{ offset: 4, length: 4 }]);
  });

  test('bytes that nobody read are not told as values', async () => {
    const { session, type, of, root } = await setup();
    type(9, 0x11);
    const unread = { ...of.session, ...viewOf(session) };
    const row = memoryRow({ ...of, session: unread }, texts);
    expect(below(below(row)[0])[0]?.description).toBe('·· → 11');
    expect(below(below(root())[0])[0]?.description).not.toContain('·');
  });
});

describe('[hex-8] what was written, as rows', () => {
  test('the write log says when, where, old, new, what became of it; the newest first', async () => {
    const { session, type, root, whole } = await setup();
    type(1, 0xaa);
    await session.apply(whole, never);
    type(2, 0xbb, 0xcc);
    await session.apply(whole, never);
    const [apply, log] = below(root());
    expect(apply).toMatchObject({ description: 'bytes written: 2', icon: 'pass' });
    expect(apply?.below).toBeUndefined();
    expect(log).toMatchObject({ label: 'Write log', description: '2 writes' });
    expect(lines(below(log))).toEqual([
      expect.stringMatching(/\+0x0002: .. .. → BB CC · written and verified · at \d+$/),
      expect.stringMatching(/\+0x0001: .. → AA · written and verified · at \d+$/),
    ]);
  });

  test('the last apply says what it left, and it is resolved there', async () => {
    const { device, session, type, root, whole } = await setup();
    type(1, 0xaa);
    type(5, 0xbb);
    device.bytes[5] = 0x12;
    await session.apply(whole, never);
    const report = () => below(root()).find(({ label }) => label.startsWith('Last apply'));
    expect(report()).toMatchObject({
      description: 'bytes written: 1, not written: 1',
      icon: 'warning',
      open: true,
    });
    const [left] = below(report());
    expect(left).toMatchObject({
      kind: 'conflict',
      description: '1 byte: not written: the board had changed it',
      place: { offset: 5, length: 1 },
    });
    session.takeTheirs('doc', "Take the Board's Bytes", left?.place ?? whole);
    expect(below(report())[0]).toMatchObject({ kind: 'write', icon: 'pass' });
    expect(below(report())[0]?.description).toContain('no longer staged');
  });
});

test('[hex-8] rows cover each staged byte once, whatever was staged, in groups where they are many', async () => {
  const seed = runSeed();
  const roll = dice(seed);
  const { session, geometry, of, whole } = await setup();
  for (let round = 0; round < 6; round++) {
    session.revert('doc');
    const naive = new Set<number>();
    const value = (offset: number) => (session.bytes({ offset, length: 1 }).base[0] ?? 0) ^ 0xff;
    const count = roll(4) === 0 ? 2000 : roll(40);
    const edits = Array.from({ length: count }, () => {
      const length = 1 + roll(9);
      const offset = roll(2 * geometry.bytesPerTile - length);
      for (let at = offset; at < offset + length; at++) naive.add(at);
      return { offset, bytes: Uint8Array.from({ length }, (_, i) => value(offset + i)) };
    });
    if (edits.length > 0) session.stage('doc', 'Type', edits);
    const names = ['hex8', 'int16', 'hex24', 'float64', 'cint32', 'hex256'] as const;
    const cells: CellChoice = { name: names[roll(names.length)] ?? 'hex8', order: 'little' };
    const { bytes: size } = cellFormat(cells, true);
    const rows = leaves(memoryRow({ ...of, cells }, texts)).filter(({ isPlace }) => isPlace);
    const expected = new Set([...naive].map((at) => at - ((at % geometry.bytesPerTile) % size)));
    expect(
      rows.map(({ place }) => place?.offset),
      `SEED=${seed}`,
    ).toEqual([...expected].sort((a, b) => a - b));
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    for (let tile = 0; tile < 2; tile++) {
      const range = { offset: tile * geometry.bytesPerTile, length: geometry.bytesPerTile };
      for (const cell of stagedCells({ ...of, cells }, range)) {
        expect(cell.offset + cell.length).toBeLessThanOrEqual(range.offset + range.length);
      }
    }
    const widest = (row: EditRow): number => Math.max(below(row).length, ...below(row).map(widest), 0);
    expect(widest(memoryRow({ ...of, cells }, texts))).toBeLessThanOrEqual(500);
    expect(session.counts(whole).staged).toBe(naive.size);
  }
});

/** The session as it is when nothing of the base was read. */
function viewOf(session: MemorySession): EditedMemory['session'] {
  return {
    key: session.key,
    writeLog: session.writeLog,
    lastApply: session.lastApply,
    counts: (range) => session.counts(range),
    staged: (range) => session.staged(range),
    conflicts: (range) => session.conflicts(range),
    bytes: (range) => {
      const shown = session.bytes(range);
      return { ...shown, base: new Uint8Array(range.length), flags: shown.flags.map((flag) => flag & ~1) };
    },
  };
}
