/**
 * What every board does, whatever its way to the bytes. Runner-neutral: vitest on a host, `node --test` on a board.
 * Titles carry [main-12].
 */
import type {
  Board,
  PartitionInfo,
  PartitionMemory,
  ReadResult,
  RecordingHandle,
  WriteEdit,
  WriteReport,
} from '../../src/board/board.ts';
import { BoardError } from '../../src/board/errors.ts';
import { stateBits } from '../../src/model/byte-state.ts';
import type { CellName } from '../../src/model/cells/choices.ts';
import type { ByteOrder } from '../../src/model/cells/format.ts';
import { boardPatternOf } from '../../src/model/find/board-pattern.ts';
import { Finder } from '../../src/model/find/finder.ts';
import { patternOf } from '../../src/model/find/pattern.ts';
import type { FindQuery } from '../../src/model/find/query.ts';
import {
  type ByteRange,
  type ColumnRange,
  locate,
  type Tile,
  tileStart,
  totalBytes,
} from '../../src/model/geometry.ts';
import { endOf } from '../../src/model/ranges.ts';
import { type RecordedChange, Recording } from '../../src/model/recording.ts';
import type { Bench, BenchMemory } from './bench.ts';
import { keyOf } from './keys.ts';
import { Random, runSeed } from './random.ts';

/** What the suite needs of a test runner; `node:test` and vitest have it, `node:assert/strict` is the rest. */
export interface ConformanceApi {
  describe(name: string, define: () => void): void;
  it(name: string, run: () => Promise<void>): void;
  before(run: () => Promise<void>): void;
  after(run: () => Promise<void>): void;
  readonly assert: {
    ok(value: unknown, message?: string): void;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
  };
}

/** How one case ended on one board. */
export interface CaseResult {
  readonly title: string;
  readonly passed: boolean;
}

/**
 * Defines the suite for one board.
 * @param makeBench called once, before the first case
 * @param onResults called once, after the last case
 */
export function defineConformance(
  api: ConformanceApi,
  board: string,
  makeBench: () => Promise<Bench>,
  onResults: (results: readonly CaseResult[]) => void = () => undefined,
): void {
  const { assert } = api;
  const results: CaseResult[] = [];
  const seed = runSeed();

  api.describe(`[main-12] the ${board} board (seed ${seed})`, () => {
    let bench: Bench;
    let live: Board;
    const never = new AbortController().signal;

    api.before(async () => {
      bench = await makeBench();
      live = await bench.connect();
    });
    api.after(async () => {
      onResults(results);
      await bench?.dispose();
    });

    function it(title: string, run: () => Promise<void>): void {
      api.it(`[main-12] ${title}`, async () => {
        let passed = false;
        try {
          await run();
          passed = true;
        } finally {
          results.push({ title, passed });
        }
      });
    }

    /** The code of the BoardError that a call must end with. */
    async function codeOf(promise: Promise<unknown>): Promise<string> {
      try {
        await promise;
      } catch (error) {
        assert.ok(error instanceof BoardError, `not a BoardError: ${String(error)}`);
        return error instanceof BoardError ? error.code : '';
      }
      return 'no error';
    }

    async function memory(columns: ColumnRange, type: BenchMemory, on = live): Promise<PartitionMemory> {
      const partition = await on.open(keyOf(columns), {}, never);
      const found = partition.memory(type);
      if (found === undefined) throw new Error(`no ${type} memory`);
      return found;
    }

    function read(from: PartitionMemory, ...ranges: ByteRange[]): Promise<ReadResult> {
      return from.read(ranges, { asking: 'fast' }, never);
    }

    /** Reads what the edits are to replace, then writes them in the epoch just read. */
    async function write(
      to: PartitionMemory,
      edits: readonly { offset: number; bytes: Uint8Array }[],
      force = false,
    ): Promise<WriteReport> {
      const seen = await read(to, ...edits.map(({ offset, bytes }) => ({ offset, length: bytes.length })));
      const full: WriteEdit[] = edits.map((edit, i) => ({
        ...edit,
        seen: seen.pieces[i]?.bytes ?? new Uint8Array(0),
      }));
      return to.write(full, { epoch: seen.epoch, force }, never);
    }

    /** What the bench's own hand sees at a buffer offset; the range must lie in one tile. */
    function peek(from: PartitionMemory, range: ByteRange): Promise<Uint8Array> {
      const place = locate(from.geometry, range.offset);
      return bench.peek(from.geometry.type as BenchMemory, place.tile, place.offset, range.length);
    }

    async function listed(columns: ColumnRange): Promise<PartitionInfo> {
      const list = await live.partitions(never);
      const found = list.find((one) => one.columns.startCol === columns.startCol);
      if (found === undefined) throw new Error(`no partition at column ${columns.startCol}`);
      return found;
    }

    /** The partition as soon as it is listed like this, by the board's own event. */
    async function listedWhen(
      columns: ColumnRange,
      wanted: boolean | ((info: PartitionInfo) => boolean),
      on = live,
    ): Promise<PartitionInfo> {
      const fits = typeof wanted === 'boolean' ? (info: PartitionInfo) => info.inUse === wanted : wanted;
      const found = new Promise<PartitionInfo>((resolve) => {
        const subscription = on.onDidChangePartitions((list) => {
          const one = list.find((info) => info.columns.startCol === columns.startCol);
          if (one === undefined || !fits(one)) return;
          subscription.dispose();
          resolve(one);
        });
      });
      const list = await on.partitions(never);
      const now = list.find((one) => one.columns.startCol === columns.startCol);
      return now !== undefined && fits(now) ? now : found;
    }

    function tileOf(columns: ColumnRange, col: number, row: number): Tile {
      return { col: columns.startCol + col, row };
    }

    it('says what it is before anything is mapped', async () => {
      const { info } = live;
      assert.ok(info.device !== '' && info.hostName !== '' && info.kernel !== '' && info.bootId !== '');
      assert.ok(info.findings.length > 0, 'no findings');
      assert.ok(info.pageSize >= 4096 && info.family !== 'unknown');
      assert.equal(await bench.held(), 0);
    });

    it('lists partitions with columns, rows and use', async () => {
      const list = await live.partitions(never);
      assert.deepEqual(
        [bench.free, bench.other, bench.shim].map((columns) => {
          const one = list.find((info) => info.columns.startCol === columns.startCol);
          return [one?.columns, one?.startRow, one?.numRows, one?.inUse];
        }),
        [
          [bench.free, 0, 9, false],
          [bench.other, 0, 9, false],
          [bench.shim, 0, 1, false],
        ],
      );
    });

    it('opens a free partition: data and program memory of 8 rows', async () => {
      const partition = await live.open(keyOf(bench.free), {}, never);
      assert.deepEqual(
        partition.memories.map((one) => [one.geometry, one.writable]),
        [
          [{ type: 'data', ...bench.free, startRow: 1, numRows: 8, bytesPerTile: 0x8000, tileBase: 0 }, true],
          [
            {
              type: 'program',
              ...bench.free,
              startRow: 1,
              numRows: 8,
              bytesPerTile: 0x4000,
              tileBase: 0x20000,
            },
            true,
          ],
        ],
      );
      assert.equal(partition.memory('memory-tile'), undefined);
    });

    it('opening twice gives the same partition', async () => {
      const [a, b] = await Promise.all([
        live.open(keyOf(bench.free), {}, never),
        live.open(keyOf(bench.free), {}, never),
      ]);
      assert.ok(a === b && a === (await live.open(keyOf(bench.free), {}, never)));
    });

    it('refuses what cannot be opened in words of its own', async () => {
      assert.equal(await codeOf(live.open(keyOf(bench.shim), {}, never)), 'no-memory-types');
      assert.equal(await codeOf(live.open(keyOf({ startCol: 40, numCols: 3 }), {}, never)), 'no-partition');
    });

    it('reads anywhere: unaligned, scattered, overlapping, empty, in the order asked', async () => {
      const random = new Random(seed);
      for (const type of ['data', 'program'] as const) {
        const from = await memory(bench.free, type);
        const size = from.geometry.bytesPerTile;
        const tile = tileOf(bench.free, 2, 5);
        const marks = random.bytes(256);
        await bench.poke(type, tile, 0x100, marks);
        const start = tileStart(from.geometry, tile);
        const ranges = Array.from({ length: 30 }, () => {
          const offset = random.below(size - 300);
          return { offset: start + offset, length: random.below(300) };
        });
        ranges.push({ offset: start + 0x101, length: 99 }, { offset: start + size - 1, length: 1 });
        const tileBytes = await bench.peek(type, tile, 0, size);
        const result = await read(from, ...ranges);
        assert.deepEqual(result.unreadable, []);
        for (const [i, range] of ranges.entries()) {
          const expected = tileBytes.slice(range.offset - start, range.offset - start + range.length);
          assert.deepEqual(result.pieces[i], { range, bytes: Uint8Array.from(expected) });
        }
      }
    });

    it('reads a whole memory type, tile by tile at its place', async () => {
      const from = await memory(bench.free, 'data');
      const random = new Random(seed + 1);
      const marked: { range: ByteRange; bytes: Uint8Array }[] = [];
      for (const [col, row] of [
        [0, 1],
        [0, 8],
        [1, 1],
        [3, 8],
      ] as const) {
        const tile = tileOf(bench.free, col, row);
        const bytes = random.bytes(32);
        await bench.poke('data', tile, 0x8000 - 32, bytes);
        marked.push({ range: { offset: tileStart(from.geometry, tile) + 0x8000 - 32, length: 32 }, bytes });
      }
      const total = totalBytes(from.geometry);
      const done: number[] = [];
      const options = { asking: 'fast' as const, onProgress: (bytes: number) => done.push(bytes) };
      const result = await from.read([{ offset: 0, length: total }], options, never);
      const whole = result.pieces[0]?.bytes ?? new Uint8Array(0);
      assert.equal(whole.length, total);
      for (const { range, bytes } of marked) {
        assert.deepEqual(whole.slice(range.offset, range.offset + range.length), bytes);
      }
      assert.equal(done.at(-1), total);
      assert.deepEqual(
        done,
        [...done].sort((a, b) => a - b),
      );
    });

    it('marks what cannot be read and reads what stands beside it', async () => {
      const from = await memory(bench.free, 'data');
      const tile = tileOf(bench.free, 1, 8);
      const start = tileStart(from.geometry, tile);
      const before = await peek(from, { offset: start - 16, length: 16 });
      const after = await peek(from, { offset: start + 0x8000, length: 16 });
      await bench.setGated(tile, true);
      try {
        const result = await read(from, { offset: start - 16, length: 0x8000 + 32 });
        assert.deepEqual(result.unreadable, [{ offset: start, length: 0x8000, reason: 'gated' }]);
        const bytes = result.pieces[0]?.bytes ?? new Uint8Array(0);
        assert.deepEqual(bytes.slice(0, 16), before);
        assert.ok(
          bytes.slice(16, 16 + 0x8000).every((byte) => byte === 0),
          'gated bytes are not zero',
        );
        assert.deepEqual(bytes.slice(-16), after);
      } finally {
        await bench.setGated(tile, false);
      }
      assert.deepEqual((await read(from, { offset: start, length: 64 })).unreadable, []);
    });

    it('[hex-6] finds what the page finds in the same bytes: across tiles, beside gated ones, and no more than asked for', async () => {
      const from = await memory(bench.free, 'data');
      const random = new Random(seed + 11);
      const { bytesPerTile } = from.geometry;
      const gated = tileOf(bench.free, 1, 8);
      const first = tileStart(from.geometry, tileOf(bench.free, 0, 1));
      const second = first + bytesPerTile;
      for (const offset of [0, 0x3ffe, 0x4000, bytesPerTile - 62]) {
        const text = random.pick(['needle', 'Needle', 'nee', 'needleneedle']);
        const small = Uint8Array.from({ length: 50 }, () => random.below(3));
        await bench.poke('data', tileOf(bench.free, 0, 1), offset, new TextEncoder().encode(text));
        await bench.poke('data', tileOf(bench.free, 0, 2), offset, small);
      }
      // Over the border of two tiles.
      await bench.poke(
        'data',
        tileOf(bench.free, 0, 1),
        bytesPerTile - 4,
        Uint8Array.of(0xa4, 0x70, 0x45, 0x41),
      );
      await bench.poke('data', tileOf(bench.free, 0, 2), 0, Uint8Array.of(0xa4, 0x70));
      await bench.setGated(gated, true);
      try {
        const cells = (name: CellName, order: ByteOrder = 'little') => ({ cells: { name, order } });
        const asked: readonly (Partial<FindQuery> & Pick<FindQuery, 'kind' | 'text'>)[] = [
          { kind: 'text', text: 'needle' },
          { kind: 'text', text: 'Needle', matchCase: true },
          { kind: 'hex', text: '45 41 A4 70' },
          { kind: 'hex', text: '0? 0? 01' },
          { kind: 'value', text: '12.34~0.01', ...cells('float32') },
          { kind: 'value', text: '1..2', ...cells('int8') },
          { kind: 'value', text: '..-1 1', ...cells('int16', 'big'), align: 1 },
          { kind: 'value', text: 'NaN', ...cells('cfloat') },
          // Two hits could overlap: the first one counts, from the first byte on that was asked for.
          { kind: 'hex', text: '01 ?? ??' },
          { kind: 'value', text: '1..2 0..2', ...cells('int8'), align: 1 },
          { kind: 'expression', text: '(nee){1,2}dle|Needle', matchCase: true },
          { kind: 'expression', text: String.raw`[\x01\x02]+\x00?` },
          { kind: 'expression', text: String.raw`\x01.{0,40}?\x02` },
        ];
        const ranges = [
          { offset: first + random.below(20), length: 2 * bytesPerTile + random.below(100) },
          { offset: tileStart(from.geometry, gated) - 1000, length: bytesPerTile + 2000 },
        ];
        const { pieces, unreadable } = await read(from, ...ranges);
        assert.equal(unreadable.length, 1);
        for (const one of asked) {
          const query: FindQuery = { matchCase: false, align: 0, ...cells('int32'), ...one };
          const pattern = boardPatternOf(query);
          if (pattern === undefined) throw new Error(`no pattern: ${query.text}`);
          const expected: number[] = [];
          const lengths: number[] = [];
          for (const { range, bytes } of pieces) {
            const here = patternOf(query, (among, wanted, at) => Buffer.from(among).indexOf(wanted, at));
            if (here.kind === 'none') throw new Error(`no pattern: ${query.text}`);
            const take = ({ offset, length }: ByteRange) => {
              const flags = Uint8Array.from({ length }, (_, i) => {
                const isOut = unreadable.some(
                  (span) => offset + i >= span.offset && offset + i < endOf(span),
                );
                return isOut ? 0 : stateBits.known;
              });
              const at = offset - range.offset;
              return { length, bytes: bytes.slice(at, at + length), flags };
            };
            const finder = new Finder({ bytes: take, view: take }, here, [range], bytesPerTile);
            while (!finder.isOver) finder.step(1 << 20);
            for (let i = 0; i < finder.hits.count; i++) {
              const hit = finder.hits.at(i);
              expected.push(hit?.offset ?? -1);
              lengths.push(hit?.length ?? -1);
            }
          }
          const found = await from.find(ranges, pattern, { asking: 'fast' }, never);
          assert.deepEqual(found.offsets, expected, query.text);
          assert.deepEqual(found.lengths, query.kind === 'expression' ? lengths : undefined, query.text);
          assert.deepEqual(found.unreadable, unreadable);
          if (expected.length < 2) continue;
          const some = await from.find(ranges, pattern, { asking: 'fast', most: 1 }, never);
          assert.deepEqual([some.offsets, some.isFull], [expected.slice(0, 1), true]);
        }
        const over = boardPatternOf({
          kind: 'hex',
          text: 'A4 70 45 41 A4 70',
          matchCase: true,
          align: 0,
          ...cells('int8'),
        });
        if (over === undefined) throw new Error('no pattern');
        const { offsets } = await from.find(ranges, over, { asking: 'fast' }, never);
        assert.deepEqual(offsets, [second - 4]);
      } finally {
        await bench.setGated(gated, false);
      }
    });

    it('does not touch program memory of an enabled core unless a person opened the tile', async () => {
      const from = await memory(bench.free, 'program');
      const tile = tileOf(bench.free, 0, 3);
      const range = { offset: tileStart(from.geometry, tile) + 3, length: 50 };
      const expected = await peek(from, range);
      const openTiles = new Set([2]);
      await bench.setCore(tile, true);
      try {
        assert.deepEqual((await read(from, range)).unreadable, [{ ...range, reason: 'core-running' }]);
        if (!bench.runningCoreFaults) {
          const opened = await from.read([range], { openTiles, asking: 'fast' }, never);
          assert.deepEqual([opened.unreadable, opened.pieces[0]?.bytes], [[], expected]);
        }
        assert.deepEqual((await read(await memory(bench.free, 'data'), range)).unreadable, []);
      } finally {
        await bench.setCore(tile, false);
      }
      assert.deepEqual(
        (await from.read([range], { openTiles, asking: 'fast' }, never)).pieces[0]?.bytes,
        expected,
      );
    });

    it('writes exactly the edited bytes, at any alignment, and no neighbour', async () => {
      const random = new Random(seed + 2);
      const to = await memory(bench.free, 'data');
      const tile = tileOf(bench.free, 3, 8);
      const start = tileStart(to.geometry, tile) + 0x7fc0;
      const before = await peek(to, { offset: start, length: 64 });
      const edits = [
        { offset: start + 1, bytes: random.bytes(1) },
        { offset: start + 6, bytes: random.bytes(7) },
        { offset: start + 14, bytes: random.bytes(1) },
        { offset: start + 61, bytes: random.bytes(3) },
      ];
      const report = await write(to, edits);
      assert.deepEqual(
        report.spans,
        edits.map(({ offset, bytes }) => ({ offset, length: bytes.length, outcome: 'verified', now: bytes })),
      );
      const expected = before.slice();
      for (const { offset, bytes } of edits) expected.set(bytes, offset - start);
      assert.deepEqual(await peek(to, { offset: start, length: 64 }), expected);
    });

    it('writes program memory by whole lines and keeps the rest of each line', async () => {
      const random = new Random(seed + 3);
      const to = await memory(bench.free, 'program');
      const start = tileStart(to.geometry, tileOf(bench.free, 1, 2)) + 0x200;
      const before = await peek(to, { offset: start, length: 48 });
      const edits = [
        { offset: start + 5, bytes: random.bytes(3) },
        { offset: start + 13, bytes: random.bytes(9) },
      ];
      const report = await write(to, edits);
      assert.deepEqual(
        report.spans.map((span) => [span.offset, span.length, span.outcome]),
        [
          [start + 5, 3, 'verified'],
          [start + 13, 9, 'verified'],
        ],
      );
      const expected = before.slice();
      for (const { offset, bytes } of edits) expected.set(bytes, offset - start);
      assert.deepEqual(await peek(to, { offset: start, length: 48 }), expected);
    });

    it('writes a thousand scattered edits in one call', async () => {
      const random = new Random(seed + 4);
      const to = await memory(bench.free, 'data');
      const edits = Array.from({ length: 1000 }, (_, i) => ({
        offset: i * 1000 + random.below(900),
        bytes: random.bytes(1 + random.below(40)),
      }));
      const report = await write(to, edits);
      assert.deepEqual(
        report.spans,
        edits.map(({ offset, bytes }) => ({ offset, length: bytes.length, outcome: 'verified', now: bytes })),
      );
      const back = await read(to, ...edits.map(({ offset, bytes }) => ({ offset, length: bytes.length })));
      assert.deepEqual(
        back.pieces.map((piece) => piece.bytes),
        edits.map((edit) => edit.bytes),
      );
      const one = edits[500];
      if (one !== undefined && locate(to.geometry, one.offset).offset < 0x7f00) {
        assert.deepEqual(await peek(to, { offset: one.offset, length: one.bytes.length }), one.bytes);
      }
    });

    it('keeps a byte that changed since it was seen, says so, and writes it when forced', async () => {
      const to = await memory(bench.free, 'data');
      const offset = tileStart(to.geometry, tileOf(bench.free, 0, 4)) + 0x40;
      await bench.poke('data', tileOf(bench.free, 0, 4), 0x40, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      const { epoch } = await read(to, { offset, length: 8 });
      const edits = [
        { offset: offset + 1, seen: Uint8Array.of(99), bytes: Uint8Array.of(0xaa) },
        { offset: offset + 5, seen: Uint8Array.of(6), bytes: Uint8Array.of(0xbb) },
      ];
      const report = await to.write(edits, { epoch }, never);
      assert.deepEqual(report.spans, [
        { offset: offset + 1, length: 1, outcome: 'conflict', now: Uint8Array.of(2) },
        { offset: offset + 5, length: 1, outcome: 'verified', now: Uint8Array.of(0xbb) },
      ]);
      const kept = (await read(to, { offset, length: 8 })).pieces[0]?.bytes;
      assert.deepEqual(kept, Uint8Array.of(1, 2, 3, 4, 5, 0xbb, 7, 8));
      const forced = await to.write(edits.slice(0, 1), { epoch, force: true }, never);
      assert.deepEqual(
        forced.spans.map((span) => span.outcome),
        ['verified'],
      );
      const now = (await read(to, { offset, length: 8 })).pieces[0]?.bytes;
      assert.deepEqual(now, Uint8Array.of(1, 0xaa, 3, 4, 5, 0xbb, 7, 8));
    });

    it('refuses to write to gated tiles and running cores, and writes the rest', async () => {
      const to = await memory(bench.free, 'data');
      const tile = tileOf(bench.free, 2, 8);
      const start = tileStart(to.geometry, tile);
      await bench.setGated(tile, true);
      try {
        const report = await write(to, [
          { offset: start - 4, bytes: Uint8Array.of(1, 1, 2, 3) },
          { offset: start, bytes: Uint8Array.of(5, 8) },
        ]);
        assert.deepEqual(report.spans, [
          { offset: start - 4, length: 4, outcome: 'verified', now: Uint8Array.of(1, 1, 2, 3) },
          { offset: start, length: 2, outcome: 'refused', reason: 'gated', now: Uint8Array.of(0, 0) },
        ]);
      } finally {
        await bench.setGated(tile, false);
      }
      const program = await memory(bench.free, 'program');
      const core = tileOf(bench.free, 2, 1);
      await bench.setCore(core, true);
      try {
        const report = await write(program, [
          { offset: tileStart(program.geometry, core), bytes: Uint8Array.of(1) },
        ]);
        assert.deepEqual(
          report.spans.map((span) => [span.outcome, span.reason]),
          [['refused', 'core-running']],
        );
      } finally {
        await bench.setCore(core, false);
      }
    });

    it('refuses a write whose epoch is over, as a whole', async () => {
      const to = await memory(bench.free, 'data');
      const range = { offset: 0x300, length: 4 };
      const { pieces } = await read(to, range);
      const seen = pieces[0]?.bytes ?? new Uint8Array(4);
      const edit = { offset: range.offset, seen, bytes: seen.map((byte) => byte ^ 0xff) };
      assert.equal(await codeOf(to.write([edit], { epoch: 'yesterday' }, never)), 'epoch');
      assert.equal(await codeOf(to.write([edit], { epoch: 'yesterday', force: true }, never)), 'epoch');
      assert.deepEqual((await read(to, range)).pieces[0]?.bytes, seen);
    });

    it('refuses addresses outside the memory and edits that overlap', async () => {
      const to = await memory(bench.free, 'data');
      const total = totalBytes(to.geometry);
      const { epoch } = await read(to, { offset: 0, length: 4 });
      const bad = [
        [-1, 4],
        [total - 3, 4],
        [total, 1],
        [0, total + 1],
        [0.5, 4],
        [0, Number.NaN],
      ] as const;
      for (const [offset, length] of bad) {
        assert.equal(await codeOf(read(to, { offset, length })), 'out-of-range', `${offset}+${length}`);
      }
      const edit = (offset: number, length: number) => ({
        offset,
        seen: new Uint8Array(length),
        bytes: new Uint8Array(length),
      });
      assert.equal(await codeOf(to.write([edit(total - 1, 2)], { epoch }, never)), 'out-of-range');
      assert.equal(await codeOf(to.write([edit(8, 4), edit(11, 4)], { epoch }, never)), 'internal');
      const uneven = { offset: 0, seen: new Uint8Array(3), bytes: new Uint8Array(4) };
      assert.equal(await codeOf(to.write([uneven], { epoch }, never)), 'internal');
    });

    it('names the owner of a partition in use, reads beside it, and writes there for nobody who did not unlock it', async () => {
      const freeBefore = await listed(bench.other);
      const other = await memory(bench.other, 'data');
      const owner = await bench.own(bench.other);
      try {
        const info = await listedWhen(bench.other, true);
        assert.deepEqual(
          [info.owner?.kind, info.owner?.pid, info.owner?.command],
          ['process', owner.pid, owner.command],
        );
        assert.ok(info.epoch !== freeBefore.epoch, 'the epoch is still that of the free partition');
        const tile = tileOf(bench.other, 1, 8);
        const bytes = new Random(seed + 5).bytes(33);
        await bench.poke('data', tile, 0x101, bytes);
        const range = { offset: tileStart(other.geometry, tile) + 0x101, length: 33 };
        const result = await read(other, range);
        assert.deepEqual([result.pieces[0]?.bytes, result.unreadable], [bytes, []]);
        const edit = { offset: range.offset, seen: bytes, bytes: new Uint8Array(33) };
        assert.equal(await codeOf(other.write([edit], { epoch: result.epoch }, never)), 'locked');
        assert.deepEqual(await peek(other, range), bytes);
        if (bench.writesBesideOwner) {
          assert.ok(other.writable, 'no way to write beside the owner');
          const options = { epoch: result.epoch, besideOwner: true };
          const report = await other.write([edit], options, never);
          assert.deepEqual(report.spans, [{ ...range, outcome: 'verified', now: edit.bytes }]);
          assert.deepEqual(await peek(other, range), edit.bytes);
        }
      } finally {
        await bench.release(bench.other);
      }
      const info = await listedWhen(bench.other, false);
      assert.equal(info.owner, undefined);
      assert.equal(other.writable, true);
    });

    it('[live-3][truth-21] surveys beside an owner: in which tiles words change; a free partition never', async () => {
      const from = await memory(bench.other, 'data');
      const tile = tileOf(bench.other, 0, 2);
      const { bytesPerTile } = from.geometry;
      const index = tileStart(from.geometry, tile) / bytesPerTile;
      const options = { periodMs: 20, wordsPerSecond: 1_000_000, wordsPerTile: 64 };
      const refused = from.survey(options, () => undefined);
      assert.equal((await refused.ended).code, 'not-asked');

      await bench.own(bench.other);
      try {
        const { epoch } = await listedWhen(bench.other, true);
        let looks = 0;
        let changed = 0;
        let came: (error?: Error) => void = () => undefined;
        const survey = from.survey(options, (update) => {
          assert.equal(update.epoch, epoch);
          looks++;
          changed += update.tiles.find((one) => one.tile === index)?.changed ?? 0;
          survey.seen();
          came();
        });
        void survey.ended.then((error) => came(error));
        const until = async (isThere: () => boolean): Promise<void> => {
          while (!isThere()) {
            const error = await new Promise<Error | undefined>((resolve) => {
              came = resolve;
            });
            if (error !== undefined) throw error;
          }
        };
        await until(() => looks === 1);
        assert.equal(changed, 0);
        // As long as the distance of the words: one of them lies in it, whichever has its turn.
        const range = { offset: index * bytesPerTile + 1000, length: bytesPerTile / options.wordsPerTile };
        const fresh = (await peek(from, range)).map((byte) => byte ^ 0xff);
        await bench.poke('data', tile, 1000, fresh);
        await until(() => changed > 0);
        survey.dispose();
        assert.equal((await survey.ended).code, 'cancelled');
      } finally {
        await bench.release(bench.other);
      }
      await listedWhen(bench.other, false);
    });

    it('[live-1] watches beside an owner: first everything, then what changed and nothing else; a free partition never', async () => {
      const from = await memory(bench.other, 'data');
      const tile = tileOf(bench.other, 0, 2);
      const start = tileStart(from.geometry, tile);
      const pace = { periodMs: 20, wordsPerSecond: 100_000 };
      const one = { offset: start + 0x100, length: 0x80 };
      const two = { offset: start + 0x400, length: 0x40 };
      const moved = { offset: start + 0x140, length: 0x80 };
      const refused = from.watch({ ranges: [one], ...pace }, () => undefined);
      assert.equal((await refused.ended).code, 'not-asked');

      await bench.own(bench.other);
      try {
        const { epoch } = await listedWhen(bench.other, true);
        const updates: ReadResult[] = [];
        let came: () => void = () => undefined;
        const watch = from.watch({ ranges: [one, two], ...pace }, (update) => {
          updates.push(update);
          watch.seen();
          came();
        });
        let over: string | undefined;
        void watch.ended.then((error) => {
          over = `${error.code}: ${error.message}`;
          came();
        });
        /** The next update that tells of anything. */
        const next = async (): Promise<ReadResult> => {
          for (;;) {
            const update = updates.shift();
            if (update !== undefined && update.pieces.length > 0) return update;
            if (over !== undefined) throw new Error(over);
            if (update === undefined) {
              await new Promise<void>((resolve) => {
                came = resolve;
              });
            }
          }
        };
        const first = await next();
        assert.equal(first.epoch, epoch);
        assert.deepEqual(
          first.pieces.map(({ range }) => range),
          [one, two],
        );
        for (const { range, bytes } of first.pieces) assert.deepEqual(bytes, await peek(from, range));

        const bytes = new Random(seed + 2).bytes(4);
        const before = await peek(from, { offset: start + 0x140, length: 4 });
        const fresh = bytes.map((byte, i) => (byte === before[i] ? byte ^ 1 : byte));
        await bench.poke('data', tile, 0x140, fresh);
        const changed = await next();
        assert.deepEqual(changed.pieces, [{ range: { offset: start + 0x140, length: 4 }, bytes: fresh }]);

        watch.change({ ranges: [moved], ...pace });
        const added = await next();
        assert.deepEqual(
          added.pieces.map(({ range }) => range),
          [{ offset: start + 0x180, length: 0x40 }],
        );
        // What is not watched any more is not told.
        await bench.poke('data', tile, 0x100, Uint8Array.of((first.pieces[0]?.bytes[0] ?? 0) ^ 1));
        await bench.poke('data', tile, 0x1b0, fresh);
        const last = await next();
        assert.ok(
          last.pieces.every(({ range }) => range.offset >= start + 0x1b0 && range.offset < start + 0x1b4),
        );
        await bench.release(bench.other);
        while (over === undefined) {
          await new Promise<void>((resolve) => {
            came = resolve;
          });
        }
        assert.ok(/^(not-asked|epoch|no-descriptor):/.test(over), over);
      } finally {
        await bench.release(bench.other);
      }
    });

    it('records beside an owner: what changed, when, from what to what, and waits for nobody; a free partition never', async () => {
      const from = await memory(bench.other, 'data');
      const tile = tileOf(bench.other, 0, 2);
      const start = tileStart(from.geometry, tile);
      const options = { periodMs: 20, wordsPerSecond: 100_000, ringBytes: 2 ** 18 };
      const one = { offset: start + 0x100, length: 0x80 };
      const two = { offset: start + 0x400, length: 0x40 };
      /** What is fetched until it is as wanted. */
      const until = async (
        handle: RecordingHandle,
        into: Recording,
        wanted: (ended: string | undefined) => boolean,
      ): Promise<string | undefined> => {
        for (;;) {
          const part = await handle.part(into.next, never);
          into.take(part);
          if (wanted(part.ended?.code)) return part.ended?.code;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      const refused = from.recording('free', { ranges: [one], ...options });
      await refused.arm(never);
      const nothing = new Recording([one], options.ringBytes);
      assert.equal(await until(refused, nothing, (code) => code !== undefined), 'not-asked');
      assert.equal(nothing.hasBegun, false);
      await refused.end(true, never);
      assert.equal(await codeOf(refused.part(0, never)), 'no-recording');

      await bench.own(bench.other);
      try {
        const { epoch } = await listedWhen(bench.other, true);
        const ranges = [one, two];
        const handle = from.recording('both', { ranges, ...options });
        await handle.arm(never);
        const recording = new Recording(ranges, options.ringBytes);
        await until(handle, recording, () => recording.hasBegun);
        assert.equal(recording.about.epoch, epoch);
        for (const range of ranges) {
          assert.deepEqual(recording.bytesAfter(recording.last, range).bytes, await peek(from, range));
        }
        // Nobody fetches meanwhile.
        const word = { offset: start + 0x140, length: 4 };
        const values = [1, 2, 3, 4, 5].map((value) => Uint8Array.of(value, 0, 0, value));
        for (const value of values) {
          const { made } = (await handle.part(recording.next, never)) ?? { made: 0 };
          await bench.poke('data', tile, 0x140, value);
          // Until a look began after it, and ended.
          while ((await handle.part(recording.next, never)).made < made + 3) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
        await until(handle, recording, () => recording.last >= values.length);
        const changes: RecordedChange[] = [];
        for (let look = recording.last; ; ) {
          const change = recording.lastChange(word, look);
          if (change === undefined) break;
          changes.unshift(change);
          look = change.moment - 1;
        }
        const found = changes.map(({ now }) => now.bytes);
        assert.deepEqual(found.slice(-values.length), values);
        changes.slice(1).forEach((change, i) => {
          assert.deepEqual(change.old.bytes, changes[i]?.now.bytes);
          assert.ok(change.after <= change.at && change.after >= (changes[i]?.at ?? 0) - 1000);
        });
        // The same from the beginning, for somebody who comes late.
        const late = new Recording(ranges, options.ringBytes);
        await until(handle, late, () => late.last >= recording.last);
        assert.deepEqual(late.bytesAfter(recording.last, word), recording.bytesAfter(recording.last, word));
        const { last } = recording;
        await handle.setPace({ periodMs: 1000, wordsPerSecond: 100 }, never);
        await bench.release(bench.other);
        const over = await until(handle, recording, (code) => code !== undefined);
        assert.ok(/^(not-asked|epoch|no-descriptor)$/.test(over ?? ''), over);
        assert.deepEqual(recording.bytesAfter(last, word).bytes, values.at(-1));
        await handle.end(true, never);
      } finally {
        await bench.release(bench.other);
      }
    });

    it('starts a new epoch when a partition changed hands', async () => {
      const to = await memory(bench.other, 'data');
      const seen = await read(to, { offset: 0, length: 4 });
      await bench.own(bench.other);
      await listedWhen(bench.other, true);
      await bench.release(bench.other);
      await listedWhen(bench.other, false);
      const again = await read(to, { offset: 0, length: 4 });
      assert.ok(again.epoch !== seen.epoch, 'same epoch');
      const edit = { offset: 0, seen: new Uint8Array(4), bytes: new Uint8Array(4) };
      assert.equal(await codeOf(to.write([edit], { epoch: seen.epoch, force: true }, never)), 'epoch');
    });

    it('holds nothing between calls: another process takes the partition at any moment', async () => {
      const from = await memory(bench.other, 'data');
      for (let i = 0; i < 3; i++) {
        await read(from, { offset: 0, length: totalBytes(from.geometry) });
        assert.equal(await bench.held(), 0);
        await bench.own(bench.other);
        await bench.release(bench.other);
      }
    });

    it('ends at once when cancelled, and goes on with the next call', async () => {
      const from = await memory(bench.free, 'data');
      const whole = { offset: 0, length: totalBytes(from.geometry) };
      const stop = new AbortController();
      const running = codeOf(from.read([whole], { asking: 'fast' }, stop.signal));
      stop.abort();
      assert.equal(await running, 'cancelled');
      assert.equal(await codeOf(from.read([whole], { asking: 'fast' }, stop.signal)), 'cancelled');
      assert.equal(await codeOf(live.partitions(stop.signal)), 'cancelled');
      assert.equal(await codeOf(live.open(keyOf(bench.free), {}, stop.signal)), 'cancelled');
      assert.equal((await read(from, { offset: 0, length: 16 })).pieces[0]?.bytes.length, 16);
    });

    it('answers calls that are made at the same time', async () => {
      const from = await memory(bench.free, 'data');
      const ranges = Array.from({ length: 40 }, (_, i) => ({ offset: i * 5000 + i, length: 3000 + i }));
      const together = await Promise.all(ranges.map((range) => read(from, range)));
      const alone = await read(from, ...ranges);
      assert.deepEqual(
        together.map((one) => one.pieces[0]),
        alone.pieces,
      );
    });

    it('[attach-10] says what tiles do, in the order asked, and which cannot be looked at', async () => {
      const partition = await live.open(keyOf(bench.free), {}, never);
      const enabled = tileOf(bench.free, 1, 4);
      const gated = tileOf(bench.free, 0, 8);
      await bench.setCore(enabled, true);
      await bench.setGated(gated, true);
      try {
        const tiles = [tileOf(bench.free, 3, 2), gated, enabled, tileOf(bench.free, 2, 0)];
        const report = await partition.status(tiles, { detail: true, asking: 'fast' }, never);
        assert.deepEqual(
          report.tiles.map((one) => [one.tile, one.kind, one.reason, one.core?.state]),
          [
            [tiles[0], 'core', undefined, 'disabled'],
            [gated, 'core', 'gated', undefined],
            [enabled, 'core', undefined, 'running'],
            [tiles[3], 'shim', undefined, undefined],
          ],
        );
        assert.equal(report.tiles[0]?.locks.length, 16);
        assert.equal(report.tiles[0]?.descriptors.length, 16);
        const data = await memory(bench.free, 'data');
        assert.equal(report.epoch, (await read(data, { offset: 0, length: 4 })).epoch);
        const outside = partition.status([tileOf(bench.free, 0, 9)], {}, never);
        assert.equal(await codeOf(outside), 'out-of-range');
      } finally {
        await bench.setGated(gated, false);
        await bench.setCore(enabled, false);
      }
      assert.equal(await bench.held(), 0);
    });

    it('[attach-4] enables clocks of gated tiles for its own accesses only, never beside an owner', async () => {
      const partition = await live.open(keyOf(bench.free), {}, never);
      const from = await memory(bench.free, 'data');
      const tile = tileOf(bench.free, 2, 8);
      const range = { offset: tileStart(from.geometry, tile), length: 32 };
      const reasons = async () => (await read(from, range)).unreadable.map((span) => span.reason);
      await bench.setGated(tile, true);
      try {
        assert.deepEqual(await reasons(), ['gated']);
        const runs = await partition.enableClocks(true, never);
        assert.equal((await listed(bench.free)).clocksOn, runs);
        assert.deepEqual(await reasons(), runs ? [] : ['gated']);
        assert.equal(await partition.enableClocks(false, never), false);
        assert.equal((await listed(bench.free)).clocksOn, false);
        assert.deepEqual(await reasons(), ['gated']);
      } finally {
        await bench.setGated(tile, false);
      }
      const taken = await live.open(keyOf(bench.other), {}, never);
      await bench.own(bench.other);
      try {
        await listedWhen(bench.other, true);
        assert.equal(await codeOf(taken.enableClocks(true, never)), 'locked');
      } finally {
        await bench.release(bench.other);
        await listedWhen(bench.other, false);
      }
    });

    it('[attach-8] holds what a crashed owner left, for every connection and after the one that asked, until let go', async () => {
      const from = await memory(bench.other, 'data');
      const tile = tileOf(bench.other, 1, 3);
      const range = { offset: tileStart(from.geometry, tile) + 0x200, length: 48 };
      const bytes = new Random(seed + 9).bytes(48);
      const owner = await bench.own(bench.other, 'reset');
      const partition = await live.open(keyOf(bench.other), {}, never);
      try {
        await listedWhen(bench.other, true);
        await bench.poke('data', tile, 0x200, bytes);
        const asking = await bench.connect();
        const asked = await asking.open(keyOf(bench.other), {}, never);
        await asked.hold(true, never);
        const held = await listedWhen(bench.other, (info) => info.hold !== undefined, asking);
        await partition.hold(true, never);
        const holding = await listedWhen(bench.other, (info) => info.hold !== undefined);
        assert.deepEqual([holding.hold, holding.ownerGone], [held.hold, false]);
        assert.equal(holding.owner?.pid, owner.pid);
        await asking.dispose();
        await bench.crash(bench.other);
        const kept = await listedWhen(bench.other, (info) => info.ownerGone);
        assert.deepEqual([kept.inUse, kept.owner, kept.epoch], [true, undefined, holding.epoch]);
        const again = await read(from, range);
        assert.deepEqual([again.pieces[0]?.bytes, again.epoch], [bytes, kept.epoch]);
        const late = await bench.connect();
        const seen = await listedWhen(bench.other, true, late);
        assert.deepEqual([seen.hold, seen.ownerGone, seen.epoch], [kept.hold, true, kept.epoch]);
        await late.dispose();
      } finally {
        await bench.crash(bench.other);
        await partition.hold(false, never);
      }
      const free = await listedWhen(bench.other, false);
      assert.deepEqual([free.hold, free.ownerGone], [undefined, false]);
      await bench.ungateAll();
      assert.deepEqual((await read(from, range)).pieces[0]?.bytes, new Uint8Array(48));
      assert.equal(await bench.held(), 0);
    });

    it('[attach-3] has no free columns beside partitions that are fixed', async () => {
      assert.deepEqual(live.freeColumns, []);
      assert.ok((await live.partitions(never)).every((one) => !one.picked));
    });

    it('reports what a bug report needs', async () => {
      await live.open(keyOf(bench.free), {}, never);
      const report = await live.report(never);
      const { info } = live;
      for (const text of [
        info.kernel,
        info.device,
        info.hostName,
        'program',
        String(0x4000 * 8 * bench.free.numCols),
      ]) {
        assert.ok(report.includes(text), `no ${text} in the report`);
      }
    });

    it('is over after dispose and leaves nothing behind', async () => {
      const board = await bench.connect();
      const from = await memory(bench.free, 'data', board);
      let closed = false;
      board.onDidClose(() => {
        closed = true;
      });
      await read(from, { offset: 0, length: 64 });
      await board.dispose();
      await board.dispose();
      assert.equal(await codeOf(read(from, { offset: 0, length: 64 })), 'connection-lost');
      assert.equal(await codeOf(board.partitions(never)), 'connection-lost');
      assert.ok(!closed, 'dispose is no loss');
      assert.equal(await bench.held(), 0);
    });
  });
}
