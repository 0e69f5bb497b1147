import { describe, expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { makeElf } from '../../../test/program/elf.ts';
import type { ArrayShape, Tile } from '../geometry.ts';
import { type Build, type PlacedName, placedNames } from './build.ts';
import { readElf } from './elf.ts';
import { nameSizeText } from './name-texts.ts';
import { notPaintedText, stackMeetingText, stackUseText } from './stack-texts.ts';
import { paint, paintedPart, type StackUse, stackMeetings, stackOf, stackUse } from './stack-use.ts';
import { StackUses, stackFacts } from './stack-uses.ts';
import { coreSymbols } from './symbols.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};
const clock = (at: number) => `14:0${at}`;
const core: Tile = { col: 6, row: 4 };
const north: Tile = { col: 6, row: 5 };
const array: ArrayShape = {
  numCols: 50,
  shim: { start: 0, count: 1 },
  memory: { start: 0, count: 0 },
  core: { start: 1, count: 8 },
};
const named = (
  kind: PlacedName['kind'],
  name: string,
  offset: number,
  size: number,
  more = {},
): PlacedName => ({
  kind,
  name,
  tile: core,
  memory: 'data',
  offset,
  size,
  sizeFrom: 'bcf',
  ...more,
});
const stack = named('stack', '', 0x20, 64);
/** A stack that was written up to `depth`, over zeros. */
const written = (depth: number) => Uint8Array.from({ length: 64 }, (_, i) => (i < depth ? 7 : 0));

describe('[names-3] how deep a stack was written', () => {
  test('is told against zeros that were seen, or that the loader wrote; else it is unknown', () => {
    const unknown = stackUse(written(12), stack, 1, undefined);
    expect(unknown).toEqual({ at: 1 });
    expect(stackUseText({ stack, use: unknown, meetings: [] }, l10n, clock)).toBe(
      'depth unknown: what stood there before is not known',
    );
    expect(stackUseText({ stack, meetings: [] }, l10n, clock)).toBe('depth unknown: its bytes were not read');
    const clean = stackUse(written(0), stack, 1, unknown);
    expect(stackUseText({ stack, use: clean, meetings: [], pointer: 8 }, l10n, clock)).toBe(
      'no sign of use (all zero at 14:01), SP 8 bytes above its start',
    );
    const later = stackUse(written(12), stack, 3, clean);
    expect(later).toEqual({ baseline: 'zero', since: 1, depth: 12, at: 3 });
    expect(stackUseText({ stack, use: later, meetings: [] }, l10n, clock)).toBe(
      'at least 12 of 64 bytes deep (all zero at 14:01, read at 14:03)',
    );
    const loaded = stackUse(written(12), { ...stack, isZeroed: true }, 3, undefined);
    expect(stackUseText({ stack, use: loaded, meetings: [] }, l10n, clock)).toBe(
      'at least 12 of 64 bytes deep (zeroed at load)',
    );
  });

  test('is told against a painted pattern, also of a window that did not paint it; nothing of that is left where all of it was overwritten', () => {
    const over = (depth: number) => {
      const bytes = paint(stack.offset, 64);
      bytes.fill(0, 0, depth);
      return bytes;
    };
    const first = stackUse(over(32), stack, 1, undefined);
    expect(first).toEqual({ baseline: 'painted', since: 1, depth: 32, at: 1 });
    expect(stackUseText({ stack, use: first, meetings: [] }, l10n, clock)).toBe(
      'at least 32 of 64 bytes deep (painted, read at 14:01)',
    );
    const full = stackUse(over(64).fill(9), stack, 2, first);
    expect(full).toEqual({ baseline: 'painted', since: 1, depth: 64, at: 2 });
    expect(stackUse(over(64).fill(9), stack, 2, undefined)).toEqual({ at: 2 });
    // Four bytes that look like it are no proof.
    expect(stackUse(over(60), stack, 2, undefined)).toEqual({ at: 2 });
  });

  test('of random writes is never more than was written, and all of it where no byte is like the one before', () => {
    const random = new Random(runSeed());
    for (let round = 0; round < 300; round++) {
      const offset = random.below(256);
      const length = 16 + random.below(200);
      const place = { offset };
      const isPainted = random.below(2) === 0;
      const bytes = isPainted ? paint(offset, length) : new Uint8Array(length);
      const before = stackUse(bytes, place, 1, undefined);
      expect(before.depth, `seed ${random.seed}`).toBe(0);
      let reached = 0;
      let differing = 0;
      for (let write = random.below(6); write > 0; write--) {
        const at = random.below(length);
        const value = random.below(256);
        if (value !== bytes[at]) differing = Math.max(differing, at + 1);
        reached = Math.max(reached, at + 1);
        if (differing < at + 1 || value !== bytes[at]) bytes[at] = value;
      }
      const { depth = 0 } = stackUse(bytes, place, 2, before);
      expect(depth, `seed ${random.seed}`).toBeLessThanOrEqual(reached);
      const clean = isPainted ? paint(offset, length) : new Uint8Array(length);
      expect(depth, `seed ${random.seed}`).toBe(bytes.findLastIndex((byte, i) => byte !== clean[i]) + 1);
    }
  });

  test('counts within one epoch: what was seen of an earlier one says nothing', () => {
    const uses = new StackUses();
    let told = 0;
    uses.onDidChange(() => told++);
    const at = (epoch: string) => ({ board: 'b', partition: 'p' as never, epoch });
    uses.note(at('1'), stack, written(0), 1);
    uses.note(at('1'), stack, written(0), 2);
    expect(told, 'nothing else is known').toBe(1);
    expect(uses.note(at('1'), stack, written(4), 3).depth).toBe(4);
    expect(uses.of(at('1'), { ...stack, size: 32 }), 'a rebuilt program has another').toBeUndefined();
    expect(uses.of(at('2'), stack)).toBeUndefined();
    expect(uses.note(at('2'), stack, written(4), 4)).toEqual({ at: 4 });
    expect(uses.of(at('1'), stack)).toBeUndefined();
  });
});

describe('[names-3] painting', () => {
  const off = { enabled: false, state: 'disabled' } as const;
  const halted = { enabled: true, state: 'debug-halted' } as const;

  test('leaves what is in use: below the stack pointer, and all of it where that is elsewhere and the core goes on', () => {
    expect(paintedPart({ stack, pointer: 10 }, halted, [stack])).toEqual({
      part: { offset: 0x2c, length: 0x60 - 0x2c },
    });
    expect(paintedPart({ stack }, off, [stack])).toEqual({ part: { offset: 0x20, length: 64 } });
  });

  test('is refused with a reason of its own for each case', () => {
    const refusal = (pointer: number | undefined, one: Parameters<typeof paintedPart>[1]) => {
      const painting = paintedPart({ stack, ...(pointer === undefined ? {} : { pointer }) }, one, [stack]);
      return 'why' in painting ? notPaintedText(painting, l10n) : undefined;
    };
    expect(refusal(0, undefined)).toBe('Its core could not be looked at.');
    expect(refusal(0, { enabled: true, state: 'running' })).toBe(
      'It can be painted only while its core is stopped: now running.',
    );
    expect(refusal(undefined, halted)).toBe(
      'Its core is to go on with a stack pointer that is not in it: what is in use is not known.',
    );
    expect(refusal(64, halted)).toBe('No part of it is free above the stack pointer.');
    expect(refusal(80, off)).toBe('No part of it is free above the stack pointer.');
  });

  test("is refused where the build has a buffer or another core's stack in the part; others may use that", () => {
    const names = [stack, named('function', 'main', 0x40, 8), named('buffer', 'behind', 0x60, 32)];
    const painting = (pointer: number, ...more: PlacedName[]) =>
      paintedPart({ stack, pointer }, halted, [...names, ...more]);
    const ping = named('buffer', 'ping', 0x20, 16);
    const refused = painting(8, ping);
    expect('why' in refused && notPaintedText(refused, l10n)).toBe(
      'The build has ping at (6,4)+0x0020 in the part that would be painted.',
    );
    expect(painting(16, ping), 'what lies below the part is left alone').toHaveProperty('part');
    const other = named('stack', '', 0x5c, 64, { of: north });
    expect(painting(8, other)).toEqual({ why: 'shared', name: other });
    // Nobody says where it ends.
    const open = named('buffer', 'open', 0x24, 4, { sizeFrom: 'next' });
    expect(painting(16, open)).toEqual({ why: 'shared', name: open });
  });
});

describe('[names-3] the stack of a core', () => {
  const sizes = ['elf', 'bcf', 'ld.script', 'map'] as const;

  test.each(sizes)('says who says how large it is: %s', (sizeFrom) => {
    const text = nameSizeText({ ...stack, sizeFrom }, l10n);
    expect(text).toBe(`64 bytes (${sizeFrom === 'elf' ? 'ELF symbols' : sizeFrom}), grows upwards`);
  });

  test("is found in a neighbour's memory, where its pointer points, and where it is not the only one", () => {
    const elf = makeElf({
      flags: 1,
      symbols: [
        { name: '_sp_start_DM_stack', value: 0x37000 },
        { name: '_sp_end_DM_stack', value: 0x37400 },
      ],
    });
    const build = (...rows: number[]): Build => ({
      cores: rows.map((row) => ({
        label: `${row}`,
        core: { column: 0, row, isComputeRow: false },
        content: coreSymbols(readElf(elf)),
      })),
      modules: [],
    });
    const board = { generation: 'aie', array, partitions: [] };
    const placed = { kind: 'placed', startCol: 6, coreStart: 1 } as const;
    const at = (tile: Tile, ...rows: number[]) =>
      placedNames(build(...rows), placed, board).filter(
        (name) => name.tile.col === tile.col && name.tile.row === tile.row,
      );
    const facts = stackFacts(core, {
      generation: 'aie',
      array,
      sp: 0x37100,
      names: (tile) => at(tile, 4),
      use: () => undefined,
    });
    expect(facts).toMatchObject({
      stack: { tile: north, offset: 0x7000, of: core },
      pointer: 0x100,
      meetings: [],
    });
    expect(stackOf(north, (tile) => at(tile, 4))).toBeUndefined();
    const twice = (tile: Tile) => [...at(tile, 4), ...at(tile, 4).map((one) => ({ ...one, offset: 0 }))];
    expect(stackOf(core, twice)).toBeUndefined();
    const agreed = (tile: Tile) => [...at(tile, 4), ...at(tile, 4)];
    expect(stackOf(core, agreed), 'two builds that agree').toEqual(at(north, 4)[0]);
  });

  test('two cores with stacks at the same bytes are two stacks that met', () => {
    const mine = named('stack', '', 0, 64);
    const other = named('stack', '', 0, 64, { of: { col: 6, row: 3 } });
    const [met] = stackMeetings(mine, [mine, other]);
    expect(met).toMatchObject({ how: 'shares', bytes: 64 });
    expect(met && stackMeetingText({ stack: mine }, met, l10n)).toBe(
      'The stack of (6,4) and stack of (6,3) at (6,4)+0x0000 share 64 bytes.',
    );
    const elf = (address: number) =>
      coreSymbols(
        readElf(
          makeElf({
            symbols: [
              { name: '_sp_start_DM_stack', value: address },
              { name: '_sp_end_DM_stack', value: address + 64 },
              { name: 'b', value: address + 64, size: 4 },
            ],
          }),
        ),
      );
    const build: Build = {
      cores: [0x70000, 0x60000].map((address, i) => ({
        label: `${i}`,
        core: { column: 0, row: i === 0 ? 4 : 3, isComputeRow: false },
        content: elf(address),
      })),
      modules: [],
    };
    const board = { generation: 'aieml', array, partitions: [] };
    const names = placedNames(build, { kind: 'placed', startCol: 6, coreStart: 1 }, board);
    expect(names.filter(({ kind }) => kind === 'stack')).toHaveLength(2);
  });
});

describe('[names-3] where a stack met a buffer', () => {
  const behind = named('buffer', 'ping', 0x60, 32);
  const far = named('buffer', 'far', 0x1000, 32);
  const names = [stack, behind, far];
  const texts = (sp: number | undefined, use?: Pick<StackUse, 'depth'>, there = names) =>
    stackMeetings(stack, there, sp === undefined ? undefined : { tile: core, offset: sp }, use?.depth).map(
      (met) => stackMeetingText({ stack }, met, l10n),
    );

  test('is said where the stack pointer stands above its end, and where it was written to its end', () => {
    expect(texts(0x60, { depth: 63 })).toEqual([]);
    expect(texts(0x64)).toEqual([
      'The stack pointer of (6,4) stands 4 bytes above the end of its stack: ping at (6,4)+0x0060 is overwritten.',
    ]);
    expect(texts(0x64, { depth: 64 })).toHaveLength(1);
    expect(texts(0x40, { depth: 64 })).toEqual([
      'The stack of (6,4) was written up to its last byte: ping at (6,4)+0x0060, which follows, may be overwritten.',
    ]);
    expect(texts(0x64, undefined, [stack, far])).toEqual([
      'The stack pointer of (6,4) stands 4 bytes above the end of its stack.',
    ]);
    expect(texts(undefined, { depth: 64 }, [stack, far])).toEqual([
      'The stack of (6,4) was written up to its last byte: what follows may be overwritten.',
    ]);
    expect(stackMeetings(stack, names, { tile: north, offset: 0x64 })).toEqual([]);
  });

  test('is said where the build has both at the same bytes; where no size is known only the beginning counts', () => {
    const inside = named('buffer', 'in', 0x50, 32);
    expect(texts(undefined, undefined, [stack, inside])).toEqual([
      'The stack of (6,4) and in at (6,4)+0x0050 share 16 bytes.',
    ]);
    const open = named('buffer', 'open', 0, 0x100, { sizeFrom: 'next' });
    expect(texts(undefined, undefined, [stack, open, named('function', 'f', 0x20, 8)])).toEqual([]);
    expect(stackMeetings({ ...stack, size: 0 }, [inside])).toEqual([]);
  });

  test('is told of a few of the names at its bytes; all others are counted, as a file can have any number of them', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => named('buffer', `b${i}`, 0x30, 4));
    expect(texts(0x64, undefined, [stack, ...many])).toEqual([
      ...[0, 1, 2, 3].map((i) => `The stack of (6,4) and b${i} at (6,4)+0x0030 share 4 bytes.`),
      'The build has 9996 more names at the bytes of the stack of (6,4).',
      'The stack pointer of (6,4) stands 4 bytes above the end of its stack.',
    ]);
  });
});

test('[names-3] an ELF that has its stack filled with zeros says so; one that has bytes there, or a part of it, does not', () => {
  const zeroed = (size: number, bytes?: Uint8Array) =>
    coreSymbols(
      readElf(
        makeElf({
          sections: [{ name: '.stack', address: 0x70000, ...(bytes ? { bytes } : { size }), isLoaded: true }],
          symbols: [
            { name: '_sp_start_DM_stack', value: 0x70000 },
            { name: '_sp_end_DM_stack', value: 0x70400 },
          ],
        }),
      ),
    ).stack?.isZeroed;
  expect(zeroed(0x400)).toBe(true);
  expect(zeroed(0x3ff)).toBeUndefined();
  expect(zeroed(0, new Uint8Array(0x400))).toBeUndefined();
});
