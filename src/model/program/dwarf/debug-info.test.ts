import { describe, expect, test } from 'vitest';
import { Random, runSeed } from '../../../../test/conformance/random.ts';
import { damaged } from '../../../../test/program/damage.ts';
import {
  DwarfWriter,
  type MadeCall,
  type MadeFunction,
  type MadeUnit,
  randomProgram,
  sizeOfType,
  textOfType,
} from '../../../../test/program/dwarf.ts';
import { swollen } from '../../../../test/program/swollen.ts';
import { DebugInfo } from './debug-info.ts';
import { debugFaultText } from './faults.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]): string =>
    message.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
};

type Sections = { name: string; bytes: Uint8Array }[];

function read(sections: Sections): DebugInfo {
  const all = sections.map(({ name, bytes }) => ({
    name,
    bytes,
    type: 1,
    flags: 0,
    address: 0,
    size: bytes.length,
    offset: 0,
  }));
  return new DebugInfo({ sections: all, symbols: [] });
}

function made(seed: number): { units: MadeUnit[]; sections: Sections } {
  const random = new Random(seed);
  const units = randomProgram(random);
  return { units, sections: new DwarfWriter(random).write(units) };
}

const covers = (of: { ranges: MadeFunction['ranges'] }, at: number): boolean =>
  of.ranges.some(({ low, high }) => low <= at && at < high);

/** What must be found at the address. */
function expectedCalls(units: readonly MadeUnit[], at: number): string[] {
  for (const unit of units) {
    const path = (file: number): string => `${unit.folder}/${unit.files[file]}`;
    const of = unit.functions.find((one) => covers(one, at));
    if (of === undefined) continue;
    const sequence = unit.sequences.find(({ rows, end }) => (rows[0]?.address ?? 0) <= at && at < end);
    const row = sequence?.rows.findLast(({ address }) => address <= at);
    let place = row === undefined ? 'none' : `${path(row.file)}:${row.line}:${row.column}`;
    const calls: MadeCall[] = [];
    for (let inner = of.inlined.findLast((one) => covers(one, at)); inner !== undefined; ) {
      calls.unshift(inner);
      inner = inner.inlined.findLast((one) => covers(one, at));
    }
    const texts: string[] = [];
    for (const { name, file, line, column } of calls) {
      texts.push(`${name} ${place}`);
      place = `${path(file)}:${line}:${column}`;
    }
    return [...texts, `${of.linkageName} ${place}`];
  }
  return [];
}

function calls(info: DebugInfo, at: number): string[] {
  return info.callsAt(at).map(({ linkageName, place }) => {
    return `${linkageName} ${place === undefined ? 'none' : `${place.file}:${place.line}:${place.column}`}`;
  });
}

/** A unit whose entries number files from `shift` on. */
function chessLike(shift: number): MadeUnit {
  const range = [{ low: 0x100, high: 0x140 }];
  const row = (address: number, file: number, line: number) => ({ address, file, line, column: 1 });
  const call = {
    name: 'add',
    ranges: [{ low: 0x110, high: 0x118 }],
    file: 0,
    line: 31,
    column: 5,
    inlined: [],
  };
  const inner = { ...call, name: 'mul', file: 1, line: 77, inlined: [call] };
  return {
    version: 4,
    folder: '/src',
    files: ['k/kernel.cc', 'k/add.h'],
    functions: [
      {
        name: 'kernel',
        linkageName: 'kernel',
        ranges: range,
        file: 0,
        line: 20,
        inlined: [{ ...call, inlined: [inner] }],
      },
    ],
    globals: [],
    sequences: [{ rows: [row(0x100, 0, 30), row(0x108, 0, 31), row(0x110, 1, 7)], end: 0x140 }],
    shift,
  };
}

/** Asks everything that can be asked. */
function askAll(info: DebugInfo): void {
  for (const one of info.functions) {
    info.declarationOf(one);
    for (const { low, high } of one.ranges) {
      for (const at of [low, (low + high) >>> 1, high - 1]) {
        info.callsAt(at);
        info.unwindAt(at);
      }
    }
  }
  for (const { type } of info.globals) {
    info.types.text(type);
    info.types.sizeOf(type);
  }
  info.sourceFiles();
}

describe('[debug-10] debug information of all versions and forms', () => {
  test('random programs are read as they were written', () => {
    const seed = runSeed();
    for (let round = 0; round < 60; round++) {
      const { units, sections } = made(seed + round);
      const info = read(sections);
      const label = `SEED=${seed + round}`;
      expect(info.faults, label).toEqual([]);
      const functions = units.flatMap((unit) => unit.functions.map((one) => ({ unit, one })));
      expect(new Set(info.functions.map(({ name }) => name)), label).toEqual(
        new Set(functions.map(({ one }) => one.name)),
      );
      for (const { unit, one } of functions) {
        const found = info.functions.find(({ name }) => name === one.name);
        expect(found, label).toMatchObject({ linkageName: one.linkageName, ranges: one.ranges });
        expect(found && info.declarationOf(found), label).toEqual({
          file: `${unit.folder}/${unit.files[one.file]}`,
          line: one.line,
          column: 0,
        });
        const addresses = one.ranges.flatMap(({ low, high }) =>
          Array.from({ length: high - low }, (_, i) => low + i),
        );
        const right = addresses.map((at) => expectedCalls(units, at));
        expect(
          addresses.map((at) => calls(info, at)),
          label,
        ).toEqual(right);
      }
      for (const { name, address, type } of units.flatMap(({ globals }) => globals)) {
        const found = info.globals.find((one) => one.name === name);
        expect(found, label).toMatchObject({ address, size: sizeOfType(type) });
        expect(found && info.types.text(found.type), label).toBe(textOfType(type));
      }
      expect(info.sourceFiles(), label).toEqual(
        [...new Set(units.flatMap(({ folder, files }) => files.map((file) => `${folder}/${file}`)))].sort(),
      );
    }
  });

  test('the code of random lines, and where the next line begins, are as they were written', () => {
    const seed = runSeed();
    for (let round = 0; round < 40; round++) {
      const { units, sections } = made(seed + round);
      const info = read(sections);
      const random = new Random(seed + round);
      const label = `SEED=${seed + round}`;
      // By the innermost place at each address, without the table's rows.
      const placed = units.flatMap((unit) =>
        unit.functions.flatMap((of) =>
          of.ranges.flatMap(({ low, high }) => {
            let before = '';
            return Array.from({ length: high - low }, (_, i) => {
              const there = expectedCalls(units, low + i);
              const [, file = '', line = '0'] = / (.*):(\d+):\d+$/.exec(there[0] ?? '') ?? [];
              const isFirst = `${file}:${line}` !== before;
              before = `${file}:${line}`;
              return { of, at: low + i, file, line: Number(line), depth: there.length, isFirst };
            });
          }),
        ),
      );
      const starts = placed.filter(({ isFirst, line }) => isFirst && line > 0).sort((a, b) => a.at - b.at);
      for (let i = 0; i < 40 && placed.length > 0; i++) {
        const one = placed[random.below(placed.length)];
        if (one === undefined) continue;
        const { of, at, file, line, depth } = one;
        const next = starts.find(
          (other) =>
            other.of === of &&
            other.at > at &&
            (other.line !== line || other.file !== file) &&
            other.depth <= depth,
        );
        expect(info.nextLineAfter(at), `${label} ${at}`).toBe(next?.at);
        const wanted = random.below(2) === 0 ? line : random.below(200);
        const behind = starts.filter((other) => other.file === file && other.line >= wanted);
        const found = Math.min(...behind.map((other) => other.line));
        const there = behind.filter((other) => other.line === found);
        const addresses = [...new Set(there.map((other) => other.of))].map(
          (each) => there.find((other) => other.of === each)?.at,
        );
        expect(info.codeOf([file], wanted), `${label} ${file}:${wanted}`).toEqual(
          there.length === 0 ? undefined : { line: found, addresses },
        );
      }
    }
  });

  test('where entries number files by another table, as in Chess, only the own source is known', () => {
    const of = (shift: number): string[] =>
      calls(read(new DwarfWriter(new Random(1)).write([chessLike(shift)])), 0x110);
    const kernel = 'kernel /src/k/kernel.cc:31:5';
    expect(of(0)).toEqual([
      'add /src/k/add.h:7:1',
      'mul /src/k/kernel.cc:31:5',
      'add /src/k/add.h:77:5',
      kernel,
    ]);
    expect(of(30)).toEqual(['add /src/k/add.h:7:1', 'mul /src/k/kernel.cc:31:5', 'add :77:5', kernel]);
  });

  test('what cannot be read is said in words with its place', () => {
    const faults = (name: string, bytes: number[], flags = 0): string[] => {
      const data = Uint8Array.from(bytes);
      const section = { name, bytes: data, type: 1, flags, address: 0, size: data.length, offset: 0 };
      return new DebugInfo({ sections: [section], symbols: [] }).faults.map((one) =>
        debugFaultText(one, l10n),
      );
    };
    const end = 'The debug information ends in the middle of an entry.';
    expect(faults('.debug_info', [9])).toEqual([`${end} (.debug_info, byte 0x0)`]);
    expect(faults('.debug_info', [9, 0, 0, 0])).toEqual([`${end} (.debug_info, byte 0x4)`]);
    expect(faults('.debug_info', [2, 0, 0, 0, 9, 0])).toEqual([
      'The debug information has DWARF version 9. Build with version 2, 3, 4 or 5. (.debug_info, byte 0x6)',
    ]);
    expect(faults('.debug_info', [7, 0, 0, 0, 4, 0, 0, 0, 0, 0, 8])).toEqual([
      'The debug information has addresses of 8 bytes, not of 4 as cores have. (.debug_info, byte 0xB)',
    ]);
    expect(faults('.debug_info', [255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0])).toEqual([
      'The debug information is in the 64-bit format of DWARF. Build with the 32-bit format. (.debug_info, byte 0x4)',
    ]);
    expect(faults('.debug_info', [1], 0x800)).toEqual([
      'The debug information is compressed. Build without compressed debug sections. (.debug_info, byte 0x0)',
    ]);
    expect(faults('.text', [1])).toEqual([]);
  });

  test('asking often costs nothing of what a file may cost', () => {
    const info = read(new DwarfWriter(new Random(3)).write([chessLike(0)]));
    for (let i = 0; i < 40_000; i++) {
      info.callsAt(0x100 + (i & 63));
    }
    expect(info.callsAt(0x110)).toHaveLength(4);
    expect(info.faults).toEqual([]);
  });

  test('damaged sections are read as far as they go, in bounded time, and never fail', () => {
    const seed = runSeed();
    for (let round = 0; round < 300; round++) {
      const random = new Random(seed + round);
      const { sections } = made(seed + (round % 40));
      const hit = random.below(sections.length);
      const some = sections.map((one, i) =>
        i === hit ? { ...one, bytes: damaged(one.bytes, random) } : one,
      );
      try {
        askAll(read(some));
      } catch (error) {
        throw new Error(`SEED=${seed + round}`, { cause: error });
      }
    }
  });

  test('of functions that share a list of ranges only so many are kept as no honest program has', () => {
    const info = read(swollen({ functions: 6000, ranges: 60 }));
    expect(info.faults).toContainEqual(
      expect.objectContaining({ kind: 'too-much', section: '.debug_info' }) as unknown,
    );
    const kept = info.functions.flatMap(({ ranges }) => ranges).length;
    expect(kept).toBeGreaterThan(2 ** 18 - 60);
    expect(kept).toBeLessThanOrEqual(2 ** 18);
    expect(info.functionAt(0)).toBeDefined();
    // A tenth of it is read whole.
    const some = read(swollen({ functions: 600, ranges: 60 }));
    expect(some.faults).toEqual([]);
    expect(some.functions).toHaveLength(600);
  });

  test('of sequences of lines only so many are kept, and each address is found among them', () => {
    const many = read(swollen({ functions: 1, ranges: 1, sequences: 70_000 }));
    expect(many.codeOf(['/src/k.cc'], 1)).toEqual({ line: 1, addresses: [0] });
    expect(many.nextLineAfter(0)).toBeUndefined();
    expect(many.faults).toEqual([expect.objectContaining({ kind: 'too-much', section: '.debug_line' })]);
    const some = read(swollen({ functions: 1, ranges: 1, sequences: 60_000 }));
    expect(some.codeOf(['/src/k.cc'], 1)).toEqual({ line: 1, addresses: [0] });
    expect(some.faults).toEqual([]);
  });

  test('of rows of lines only so many are kept', () => {
    const info = read(swollen({ functions: 1, ranges: 1, sequences: 2, rows: 600_000 }));
    expect(info.placeAt(0)).toEqual({ file: '/src/k.cc', line: 1, column: 0 });
    expect(info.faults).toEqual([expect.objectContaining({ kind: 'too-much', section: '.debug_line' })]);
  });

  test('entries lie in each other only as deep as in honest programs', () => {
    expect(read(swollen({ functions: 1, ranges: 1, depth: 500 })).faults).toEqual([]);
    const deep = read(swollen({ functions: 1, ranges: 1, depth: 5000 }));
    expect(deep.faults).toEqual([expect.objectContaining({ kind: 'too-much', section: '.debug_info' })]);
    expect(deep.callsAt(0)).toHaveLength(1);
  });

  test('of a long name that many functions share only so much is read', () => {
    const info = read(swollen({ functions: 70_000, ranges: 1, nameLength: 1000 }));
    expect(info.faults).toContainEqual(
      expect.objectContaining({ kind: 'too-much', section: '.debug_info' }) as unknown,
    );
    const length = info.functions.reduce((sum, { name }) => sum + name.length, 0);
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(2 ** 26);
  });

  test('of files only so many are kept, and a text in an entry is followed only so far', () => {
    const files = read(swollen({ functions: 1, ranges: 1, files: 300_000 }));
    expect(files.placeAt(0)).toBeUndefined();
    expect(files.faults).toEqual([expect.objectContaining({ kind: 'too-much', section: '.debug_line' })]);
    const text = read(swollen({ functions: 1, ranges: 1, folderLength: 90_000 }));
    expect(text.faults).toContainEqual(
      expect.objectContaining({ kind: 'too-much', section: '.debug_info' }) as unknown,
    );
    expect(read(swollen({ functions: 1, ranges: 1, files: 3000, folderLength: 9000 })).faults).toEqual([]);
  });

  test('400 KB are read within 100 ms of processor time', () => {
    const random = new Random(11);
    const sections = new DwarfWriter(random).write(randomProgram(random, 280));
    expect(sections.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(400_000);
    const times = Array.from({ length: 4 }, () => {
      const before = process.cpuUsage();
      const info = read(sections);
      expect(info.callsAt(info.functions[50]?.ranges[0]?.low ?? 0)).not.toEqual([]);
      return process.cpuUsage(before).user / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
