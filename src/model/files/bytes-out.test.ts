import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import type { CellChoice, CellName } from '../cells/choices.ts';
import { fileParts, mayLeaveOut, type OutFormat, type OutPiece, outFormats } from './bytes-out.ts';
import { FileError } from './file-error.ts';
import { bytesOf } from './file-numbers.ts';
import { readGoldenFile } from './golden-file.ts';
import { intelHexText, readIntelHex } from './intel-hex.ts';

function fault(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof FileError) return [error.code, error.facts];
    throw error;
  }
  return undefined;
}

function fileOf(format: OutFormat, pieces: readonly OutPiece[], choice: CellChoice): Buffer {
  const length = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return Buffer.concat([...fileParts(format, pieces, choice, length)].map((part) => Buffer.from(part)));
}

describe('bytes as files', () => {
  const names: readonly CellName[] = [
    ...(['hex8', 'hex32', 'hex24', 'bin8', 'oct16', 'uint8', 'int16', 'uint32', 'int64', 'int40'] as const),
    ...(['float16', 'bfloat16', 'float32', 'float64', 'cint16', 'cfloat', 'fix16.15', 'bfp16ebs8'] as const),
  ];

  test('[names-9] of any format and any type come back as the same bytes at the same places', () => {
    for (const name of names) {
      for (const order of ['little', 'big'] as const) {
        const random = new Random(name.length);
        const choice = { name, order };
        // Whole values of every type; NaNs keep their bits in files of bytes only.
        const bytes = () => random.bytes(720).map((byte) => (/float/.test(name) ? byte & 0x3b : byte));
        const pieces: OutPiece[] = [
          { tile: { col: 2, row: 3 }, offset: 0x40, address: 0x1_ff40, bytes: bytes() },
          { tile: { col: 2, row: 4 }, offset: 0, address: 0x3_0000, bytes: bytes() },
        ];
        for (const format of outFormats) {
          const told = `${name} ${order} ${format}`;
          const file = readGoldenFile(`a.${format}`, fileOf(format, pieces, choice));
          const whole = Buffer.concat(pieces.map((piece) => piece.bytes));
          if (format === 'bin') expect(file, told).toMatchObject({ kind: 'raw' });
          if (file.kind === 'raw') expect(Buffer.compare(whole, file.bytes), told).toBe(0);
          else if (file.kind === 'numbers') {
            expect(format).toBe('npy');
            const type = file.numbers.name ?? 'hex8';
            // What NumPy has no type for is bytes.
            expect(Buffer.compare(whole, bytesOf(file.numbers, type, order)), told).toBe(0);
          } else {
            const expected = pieces.map(({ tile, offset, address, bytes: held }) =>
              format === 'hex' ? { offset: address, bytes: held } : { tile, offset, bytes: held },
            );
            expect(file.placed.runs, told).toEqual(expected);
          }
        }
      }
    }
  });

  test('NaN is a value of CSV and JSON, whatever its bits', () => {
    const pieces = [
      { tile: { col: 0, row: 1 }, offset: 0, address: 0, bytes: Uint8Array.of(1, 0, 0xc0, 0x7f) },
    ];
    for (const format of ['csv', 'json'] as const) {
      const file = readGoldenFile(
        `a.${format}`,
        fileOf(format, pieces, { name: 'float32', order: 'little' }),
      );
      expect(file.kind === 'placed' && file.placed.runs[0]?.bytes).toEqual(Uint8Array.of(0, 0, 0xc0, 0x7f));
    }
    expect(outFormats.filter(mayLeaveOut)).toEqual(['hex', 'csv', 'json']);
  });

  test('CSV and JSON have a documented form', () => {
    const pieces = [
      { tile: { col: 6, row: 1 }, offset: 16, address: 16, bytes: Uint8Array.of(1, 0, 0xff, 0xff) },
    ];
    const int16 = { name: 'int16', order: 'little' } as const;
    expect(fileOf('csv', pieces, int16).toString()).toBe('col,row,offset,int16\n6,1,16,1\n6,1,18,-1\n');
    expect(JSON.parse(fileOf('json', pieces, int16).toString())).toEqual({
      ...{ format: 'tilescope-memory', version: 1, type: 'int16', order: 'little' },
      pieces: [{ tile: [6, 1], offset: 16, values: [1, -1] }],
    });
    const big = { name: 'uint64', order: 'big' } as const;
    const wide = [{ ...pieces[0], bytes: new Uint8Array(8).fill(0xff) } as OutPiece];
    expect(fileOf('json', wide, big).toString()).toContain('["18446744073709551615"]');
    expect(fileOf('csv', wide, big).toString()).toContain('uint64 big-endian\n');
  });

  test('[names-9] large files come in parts', () => {
    const bytes = new Uint8Array(64 * 1024);
    const pieces = Array.from({ length: 8 }, (_, i) => ({
      tile: { col: i, row: 1 },
      offset: 0,
      address: i * bytes.length,
      bytes,
    }));
    for (const format of outFormats) {
      const parts = [...fileParts(format, pieces, { name: 'int16', order: 'little' }, 8 * bytes.length)];
      expect(Math.max(...parts.map(({ length }) => length)), format).toBeLessThan(200_000);
    }
  });
});

describe('Intel HEX', () => {
  test('every record type is read; runs are joined', () => {
    const text = [
      ':0400000001020304F2',
      ':0200040400AABBCC',
      ':020000021200EA',
      ':02FFFF00AABB9B',
      ':0400000300003800C1',
      ':020000040001F9',
      ':01000000CC33',
      ':04000005000000CD2A',
      ':00000001FF',
    ];
    text.splice(1, 1, ':02000400AABB95');
    expect(readIntelHex(text.join('\r\n'))).toEqual([
      { address: 0, bytes: Uint8Array.of(1, 2, 3, 4, 0xaa, 0xbb) },
      // In a segment addresses turn over at 64 KiB.
      { address: 0x1_0000, bytes: Uint8Array.of(0xcc) },
      { address: 0x1_2000, bytes: Uint8Array.of(0xbb) },
      { address: 0x2_1fff, bytes: Uint8Array.of(0xaa) },
    ]);
  });

  test('random runs come back', () => {
    for (let seed = 1; seed < 30; seed++) {
      const random = new Random(seed);
      let address = random.below(0x2_0000);
      const runs = Array.from({ length: 1 + random.below(6) }, () => {
        const run = { address, bytes: random.bytes(1 + random.below(70_000 / seed)) };
        address += run.bytes.length + 1 + random.below(0x3_0000);
        return run;
      });
      expect(readIntelHex([...intelHexText(runs)].join('')), String(seed)).toEqual(runs);
    }
  });

  test('what is wrong is named with its line', () => {
    expect(fault(() => readIntelHex(':0400000001020304F3\n'))).toEqual(['hex-checksum', { line: 1 }]);
    expect(fault(() => readIntelHex(':00000001FF\n:00000001FF'))).toMatchObject(['hex-record', { line: 2 }]);
    expect(fault(() => readIntelHex(':05000000010203F5'))).toMatchObject(['hex-record', { line: 1 }]);
    expect(fault(() => readIntelHex(':0000000200FE'))).toMatchObject(['hex-record', {}]);
    expect(fault(() => readIntelHex(':00000006FA'))).toMatchObject(['hex-record', {}]);
    expect(fault(() => readIntelHex(':0400000001020304F2'))).toEqual(['file-cut', { bytes: 1 }]);
    expect(fault(() => readIntelHex(':00000001FF'))).toEqual(['file-empty', {}]);
    const twice = ':0400000001020304F2\n:0400020001020304F0\n:00000001FF';
    expect(fault(() => readIntelHex(twice))).toEqual(['hex-overlap', { line: 2 }]);
  });
});

describe('JSON and CSV with places', () => {
  const read = (text: string) => readGoldenFile('a', Buffer.from(text));

  test('JSON may be a list of numbers, nested, with texts for what it has no numbers for', () => {
    const file = read('[[1, "-inf"], ["nan", [2.5, "3-4j"]]]');
    expect(file).toMatchObject({
      kind: 'numbers',
      numbers: { values: ['1', '-inf', 'nan', '2.5', '3', '-4'] },
    });
  });

  test('what is wrong is named', () => {
    for (const text of [
      '[1,',
      '{}',
      '{"format":"tilescope-memory","version":2}',
      '[null]',
      '[{}]',
      '[true]',
      `${'['.repeat(50)}1${']'.repeat(50)}`,
    ])
      expect(
        fault(() => read(text)),
        text,
      ).toMatchObject(['json', {}]);
    const head = '{"format":"tilescope-memory","version":1,"type":"int16","order":"little","pieces":';
    for (const pieces of [
      '{}',
      '[null]',
      '[{"tile":[1],"offset":0,"values":[]}]',
      '[{"tile":[1,-1],"offset":0,"values":[]}]',
      '[{"tile":[1,1],"offset":1e99,"values":[]}]',
    ])
      expect(
        fault(() => read(`${head}${pieces}}`)),
        pieces,
      ).toMatchObject(['json', {}]);
    expect(fault(() => read(`${head}[{"tile":[1,1],"offset":0,"values":[70000]}]}`))).toMatchObject([
      'number-outside',
      {},
    ]);
    expect(fault(() => read(`${head}[]}`))).toMatchObject(['file-empty', {}]);
    expect(fault(() => read(head.replace('int16', 'int17') + '[]}'))).toMatchObject(['json', {}]);
    expect(fault(() => read('[]'))).toMatchObject(['file-empty', {}]);
    expect(fault(() => read('col,row,offset,int17\n1,1,0,5'))).toMatchObject(['csv-row', { line: 1 }]);
    expect(fault(() => read('col,row,offset,int16\n1,1,0,5\n1,1,five,6'))).toMatchObject([
      'csv-row',
      { line: 3 },
    ]);
    expect(fault(() => read('col,row,offset,int16\n1,1,0,x'))).toMatchObject(['number-outside', { line: 2 }]);
    expect(fault(() => read('col,row,offset,int16\n'))).toMatchObject(['file-empty', {}]);
  });

  test('CSV rows in any order are runs of their own', () => {
    const file = read('col,row,offset,uint8\n1,1,4,5\n1,1,5,6\n1,2,0,0x7\n1,1,0,1\n');
    expect(file.kind === 'placed' && file.placed.runs).toEqual([
      { tile: { col: 1, row: 1 }, offset: 4, bytes: Uint8Array.of(5, 6) },
      { tile: { col: 1, row: 2 }, offset: 0, bytes: Uint8Array.of(7) },
      { tile: { col: 1, row: 1 }, offset: 0, bytes: Uint8Array.of(1) },
    ]);
  });
});
