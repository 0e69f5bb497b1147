import { describe, expect, test } from 'vitest';
import { HitList } from '../../model/find/hit-list.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { BoardLink } from '../../session/link.ts';
import { MemorySession } from '../../session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../session/scripted-board.ts';
import { boardRow, foundRow, type HitRow } from './hit-rows.ts';

const never = new AbortController().signal;
const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};

/** The rows of hits in a memory of the scripted board, whose first 4 KiB were read. */
async function setup(...offsets: number[]) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.bytes.fill(0x3d);
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  const geometry = await session.open(never);
  await session.read({ offset: 0, length: 4096 }, never);
  const hits = new HitList();
  for (const offset of offsets) hits.add(offset, 2);
  const bytes = session.bytes.bind(session);
  const shown: number[] = [];
  const show = ({ offset }: ByteRange) => void shown.push(offset);
  const of = { tab: 'tab 1', title: 'Data memory', bytes, geometry, hits, isFull: false, show };
  return { session, geometry, of, shown, root: () => foundRow(of, l10n) };
}

const texts = (rows: readonly HitRow[] | undefined) => rows?.map((row) => [row.label, row.description]);

describe('what was found, as rows', () => {
  test('[hex-6] stands below its tile, with its bytes as the editor shows them', async () => {
    const { bytesPerTile } = (await setup()).geometry;
    const { session, root } = await setup(0x10, 0x40, bytesPerTile - 1, 3 * bytesPerTile + 0x123);
    session.stage('doc', 'Type', [{ offset: 0x41, bytes: Uint8Array.of(0xa7) }]);
    const row = root();
    expect([row.label, row.description]).toEqual(['Data memory', '4 hits']);
    const tiles = row.below?.();
    expect(tiles?.map(({ description, open }) => [description, open])).toEqual([
      ['3 hits', true],
      ['1 hit', false],
    ]);
    const last = `0x${(bytesPerTile - 1).toString(16).toUpperCase().padStart(4, '0')}`;
    // What was not read yet has no bytes; a staged byte counts.
    expect(texts(tiles?.[0]?.below?.())).toEqual([
      ['0x0010', '3D 3D'],
      ['0x0040', '3D A7'],
      [last, expect.stringMatching(/^(3D|··) (3D|··)$/)],
    ]);
    const [far] = tiles?.[1]?.below?.() ?? [];
    expect(far).toMatchObject({ label: '0x0123', description: '·· ··', isPlace: true });
    expect(far?.place).toEqual({ offset: 3 * bytesPerTile + 0x123, length: 2 });
  });

  test('is in groups where it is much, each hit once', async () => {
    const { root } = await setup(...Array.from({ length: 1203 }, (_, i) => 2 * i));
    const [tile] = root().below?.() ?? [];
    const groups = tile?.below?.() ?? [];
    expect(texts(groups)).toEqual([
      ['1 - 500', 'from 0x0000 on'],
      ['501 - 1000', 'from 0x03E8 on'],
      ['1001 - 1203', 'from 0x07D0 on'],
    ]);
    const places = groups.flatMap((group) => group.below?.().map(({ place }) => place?.offset) ?? []);
    expect(places).toEqual(Array.from({ length: 1203 }, (_, i) => 2 * i));
    expect(new Set(groups.flatMap((group) => group.below?.().map(({ key }) => key) ?? [])).size).toBe(1203);
  });

  test('says that there may be more', async () => {
    const { of } = await setup(2);
    expect(foundRow({ ...of, isFull: true }, l10n).description).toBe('1 or more hits');
  });

  test('[hex-6] in all memories of a board are below its row, with what could not be searched; a click shows the hit', async () => {
    const { of, shown } = await setup(0x40);
    const row = boardRow(
      {
        key: 'board/lab',
        title: 'Lab',
        hits: 1,
        isFull: false,
        notes: ['cancelled'],
        memories: [
          { ...of, tab: 'board/lab/0', bytes: () => undefined, notes: ['64 bytes cannot be read'] },
          { title: 'Columns 4 to 7', notes: ['no answer'] },
        ],
      },
      l10n,
    );
    expect([row.label, row.description]).toEqual(['Lab', '1 hit · all memories · cancelled']);
    const memories = row.below?.() ?? [];
    expect(texts(memories)).toEqual([
      ['Data memory', '1 hit · 64 bytes cannot be read'],
      ['Columns 4 to 7', 'no answer'],
    ]);
    expect(memories[1]?.below).toBeUndefined();
    // No editor has these bytes.
    const [hit] = memories[0]?.below?.()[0]?.below?.() ?? [];
    expect([hit?.label, hit?.description]).toEqual(['0x0040', '']);
    await hit?.show?.();
    expect(shown).toEqual([0x40]);
  });

  test('of two tabs on one memory are rows of their own', async () => {
    const { of } = await setup(2);
    const keys = (row: HitRow): string[] => [row.key, ...(row.below?.().flatMap(keys) ?? [])];
    const both = ['tab 1', 'tab 2'].flatMap((tab) => keys(foundRow({ ...of, tab }, l10n)));
    expect(both).toHaveLength(6);
    expect(new Set(both).size).toBe(6);
  });
});
