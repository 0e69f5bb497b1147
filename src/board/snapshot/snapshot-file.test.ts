import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { FileError } from '../../model/files/file-error.ts';
import type { MemoryGeometry } from '../../model/geometry.ts';
import { isZip, readSnapshot, type SavedSnapshot, snapshotParts } from './snapshot-file.ts';

const data: MemoryGeometry = {
  type: 'data',
  startCol: 2,
  numCols: 2,
  startRow: 1,
  numRows: 3,
  bytesPerTile: 0x800,
  tileBase: 0,
};
const program: MemoryGeometry = { ...data, type: 'program', bytesPerTile: 0x400, tileBase: 0x20000 };

function snapshot(seed: number): SavedSnapshot {
  const random = new Random(seed);
  const bytes = random.bytes(6 * 0x800);
  bytes.fill(0, 0x100, 0x200);
  return {
    at: 1_700_000_000_000,
    label: 'lab',
    board: {
      device: '/dev/aie0',
      family: 'simulated',
      generation: 'aie',
      hostName: 'h',
      kernel: 'Linux 5.15',
      machine: 'aarch64',
      array: {
        numCols: 38,
        shim: { start: 0, count: 1 },
        memory: { start: 0, count: 0 },
        core: { start: 1, count: 8 },
      },
    },
    partition: { key: '2_2', columns: { startCol: 2, numCols: 2 }, startRow: 0, numRows: 4 },
    epoch: 'boot/7',
    owner: 'graph',
    memories: [
      {
        geometry: data,
        bytes,
        missing: [
          { offset: 0x100, length: 0x100, reason: 'gated' },
          { offset: 0x800, length: 4 },
        ],
      },
      { geometry: program, bytes: random.bytes(6 * 0x400), missing: [] },
    ],
    names: [
      {
        kind: 'buffer',
        name: 'out',
        tile: { col: 2, row: 1 },
        memory: 'data',
        offset: 64,
        size: 32,
        sizeFrom: 'debug',
        type: 'v4int32[2]',
        cells: 'int32',
      },
      {
        ...{ kind: 'parameter', name: 'gain', part: 'ping', tile: { col: 3, row: 1 }, memory: 'data' },
        ...{ offset: 0, size: 4, sizeFrom: 'config', type: 'int32', of: { col: 2, row: 1 } },
      },
    ],
    kernels: [{ tile: { col: 2, row: 1 }, name: 'scale' }],
  };
}

const fileOf = (one: SavedSnapshot) => Buffer.concat([...snapshotParts(one)]);

function fault(zip: Uint8Array): unknown {
  try {
    return readSnapshot(zip);
  } catch (error) {
    if (error instanceof FileError) return [error.code, error.facts['text']];
    throw error;
  }
}

describe('a snapshot as a file', () => {
  test('[names-5] comes back as it was', () => {
    for (let seed = 1; seed < 4; seed++) {
      const kept = snapshot(seed);
      const parts = [...snapshotParts(kept)];
      expect(parts.length).toBeGreaterThan(2);
      const file = Buffer.concat(parts);
      expect(isZip(file)).toBe(true);
      expect(readSnapshot(file)).toEqual(kept);
    }
  });

  test('[names-5] is a zip that other tools open', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-snap-'));
    try {
      const kept = snapshot(1);
      const path = join(folder, 'a.aiesnap');
      writeFileSync(path, fileOf(kept));
      const program =
        'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; sys.stdout.buffer.write(z.read("data.bin"))';
      const read = execFileSync('python3', ['-c', program, path], { maxBuffer: 1 << 24 });
      expect(Buffer.compare(read, kept.memories[0]?.bytes ?? Buffer.alloc(0))).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what is wrong is named; sizes are not believed', () => {
    const kept = snapshot(1);
    const [memory] = kept.memories;
    if (memory === undefined) throw new TypeError('no memory');
    const manifest = (change: object): Uint8Array => {
      const zip = readManifest(fileOf(kept));
      return Buffer.from(JSON.stringify({ ...zip, ...change }));
    };
    const withManifest = (change: object, bytes = memory.bytes) =>
      fault(
        zipSync({
          'snapshot.json': manifest(change),
          'data.bin': bytes,
          'program.bin': kept.memories[1]?.bytes ?? bytes,
        }),
      );
    expect(withManifest({})).toMatchObject({ label: 'lab' });
    expect(fault(new Uint8Array(40))).toEqual(['snapshot', 'zip']);
    expect(fault(zipSync({ other: new Uint8Array(4) }))).toEqual(['snapshot', 'snapshot.json']);
    expect(fault(zipSync({ 'snapshot.json': Buffer.from('{') }))).toEqual(['snapshot', 'snapshot.json']);
    for (const change of [{ version: 2 }, { format: 'x' }, { memories: [] }, { at: -1 }, { partition: {} }])
      expect(withManifest(change), JSON.stringify(change)).toEqual(['snapshot', 'snapshot.json']);
    const { memories } = readManifest(fileOf(kept)) as {
      memories: { geometry: object; missing: object[] }[];
    };
    const [first, second] = memories;
    const wrong = (geometry: object) =>
      withManifest({ memories: [{ ...first, geometry: { ...data, ...geometry } }, second] });
    for (const geometry of [
      { numCols: 1e9 },
      { bytesPerTile: 2 ** 40 },
      { startCol: 9 },
      { numRows: -1 },
      { bytesPerTile: 0.5 },
      { numRows: 2 },
    ])
      expect(wrong(geometry), JSON.stringify(geometry)).toEqual([
        'snapshot',
        expect.stringMatching(/geometry|data\.bin/),
      ]);
    expect(withManifest({ memories: [first, first] })).toEqual(['snapshot', 'geometry']);
    expect(
      withManifest({ memories: [{ ...first, missing: [{ offset: 0x3000, length: 1 }] }, second] }),
    ).toEqual(['snapshot', 'missing']);
    const other = memory.bytes.slice();
    other[0] = (other[0] ?? 0) ^ 1;
    expect(withManifest({}, other)).toEqual(['snapshot', 'data.bin']);
    expect(withManifest({}, other.subarray(1))).toEqual(['snapshot', 'data.bin']);
  });

  test('[names-5] what inflates beyond its size, or is in the directory again and again, is refused at once', () => {
    const before = process.cpuUsage();
    // A zip of 40 KB whose files would be 40 MB each: as often as its directory says, and so for each name.
    const zip = zipSync({ 'snapshot.json': new Uint8Array(40 << 20) }, { level: 9 });
    const end = zip.length - 22;
    const directory = zip.subarray(new DataView(zip.buffer).getUint32(end + 16, true), end).slice();
    new DataView(directory.buffer).setUint32(24, 1000, true);
    const many = Buffer.concat([
      zip.subarray(0, end - directory.length),
      ...Array.from({ length: 60_000 }, () => directory),
      zip.subarray(end),
    ]);
    many.writeUInt16LE(60_000, many.length - 12);
    expect(fault(many)).toEqual(['snapshot', 'snapshot.json']);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(10_000);
  });

  test('damaged files end in a named error', () => {
    const whole = fileOf(snapshot(2));
    const random = new Random(7);
    for (let round = 0; round < 150; round++) {
      const bytes = Buffer.from(whole);
      for (let i = random.below(4); i >= 0; i--) {
        const end = random.below(2) === 0 ? 2000 : bytes.length;
        bytes[random.below(2) === 0 ? random.below(end) : bytes.length - 1 - random.below(400)] =
          random.below(256);
      }
      const result = fault(random.below(5) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      if (Array.isArray(result)) expect(result[0]).toBe('snapshot');
      else expect(result).toMatchObject({ memories: [{}, {}] });
    }
  });
});

/** The manifest of a snapshot's file. */
function readManifest(file: Buffer): Record<string, unknown> {
  const raw = unzipSync(file)['snapshot.json'];
  return JSON.parse(Buffer.from(raw ?? []).toString()) as Record<string, unknown>;
}
