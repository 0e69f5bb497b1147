import { describe, expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { configSample } from '../../../test/program/samples.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { MemoryGeometry } from '../geometry.ts';
import type { PlacedName } from './build.ts';
import { readControlConfig } from './control-config.ts';
import {
  currentBuffer,
  parameterCells,
  parameterEdits,
  parameterTexts,
  parseParameter,
  placedParameters,
} from './parameters.ts';

const build = {
  config: { label: 'aie_control_config.json', content: readControlConfig(configSample) },
  cores: [],
  modules: [],
};
const placed = { kind: 'placed', startCol: 10, coreStart: 3 } as const;
const at = (col: number, row: number, offset: number) => ({ tile: { col, row }, offset });
const named = (cells: PlacedName['cells'], offset = 8224): PlacedName => ({
  kind: 'buffer',
  name: 'in_1',
  memory: 'data',
  size: 64,
  sizeFrom: 'elf',
  ...at(12, 3, offset),
  type: 'v4int32[4]',
  ...(cells === undefined ? {} : { cells }),
});

describe('[names-1] run-time parameters', () => {
  test('their places on a board, their locks, and the type of what has a name at one of their buffers', () => {
    const places = {
      port: 'mygraph.k.in[1]',
      bytes: 64,
      locks: { selector: 3, ping: 4, pong: 5 },
      selector: at(12, 3, 8192),
      ping: at(12, 3, 8224),
      pong: at(12, 4, 0),
    };
    expect(placedParameters(build, placed, [])).toEqual([places]);
    const typed = [{ ...places, type: 'v4int32[4]', cells: 'int32' }];
    expect(placedParameters(build, placed, [named('int32')])).toEqual(typed);
    const inPong = { ...named('int32'), ...at(12, 4, 0) };
    expect(placedParameters(build, placed, [inPong])).toEqual(typed);
    // Neither of another place, nor of cells that the value is not made of.
    for (const other of [named('int32', 8228), named(undefined), named('hex24')]) {
      expect(placedParameters(build, placed, [other])).toEqual([places]);
    }
    expect(placedParameters({ cores: [], modules: [] }, placed, [])).toEqual([]);
  });

  test('an update goes to the buffer that is not current, then the selector; 64 updates end where they began', () => {
    const random = new Random(runSeed());
    const geometry: MemoryGeometry = {
      type: 'data',
      startCol: 10,
      numCols: 4,
      startRow: 3,
      numRows: 4,
      bytesPerTile: 0x10000,
      tileBase: 0,
    };
    const memory = new Uint8Array(16 * 0x10000);
    const parameter = {
      port: 'p',
      bytes: 8,
      selector: at(12, 3, 0x40),
      ping: at(12, 3, 0x60),
      pong: at(11, 4, 0x20),
    };
    const start = ({ tile, offset }: typeof parameter.ping) =>
      ((tile.col - 10) * 4 + tile.row - 3) * 0x10000 + offset;
    let current: 'ping' | 'pong' | undefined = 'ping';
    for (let round = 0; round < 64; round++) {
      const selector = memory.slice(start(parameter.selector), start(parameter.selector) + 4);
      expect(currentBuffer(selector)).toBe(current);
      if (current === undefined) throw new Error('no current buffer');
      const before = memory.slice(start(parameter[current]), start(parameter[current]) + 8);
      const value = random.bytes(8);
      const edits = parameterEdits(parameter, geometry, current, value);
      expect(edits.map(({ bytes }) => bytes.length)).toEqual([8, 4]);
      for (const { offset, bytes } of edits) memory.set(bytes, offset);
      expect(memory.slice(start(parameter[current]), start(parameter[current]) + 8)).toEqual(before);
      current = current === 'ping' ? 'pong' : 'ping';
      expect(memory.slice(start(parameter[current]), start(parameter[current]) + 8)).toEqual(value);
    }
    expect(current).toBe('ping');
  });

  test('a word that no update writes is no selector', () => {
    const of = (...bytes: number[]) => currentBuffer(Uint8Array.from(bytes));
    expect([of(0, 0, 0, 0), of(1, 0, 0, 0)]).toEqual(['ping', 'pong']);
    for (const bytes of [[2, 0, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0], [1], []])
      expect(of(...bytes)).toBeUndefined();
  });

  test('values as texts and back; what is no value, or not as many, is refused', () => {
    const float = cellFormat({ name: 'float32', order: 'little' }, true);
    const bytes = parseParameter(float, 12, ' 1.5,  -2\t0.25 ');
    if (!(bytes instanceof Uint8Array)) throw new Error('refused');
    expect(parameterTexts(float, bytes)).toEqual(['1.5', '-2', '0.25']);
    expect(parseParameter(float, 12, parameterTexts(float, bytes).join(' '))).toEqual(bytes);
    expect(parseParameter(float, 12, '1 2')).toEqual({ kind: 'count', count: 3 });
    expect(parseParameter(float, 4, 'one')).toMatchObject({ kind: 'unclear' });
    const small = cellFormat({ name: 'int8', order: 'little' }, true);
    expect(parseParameter(small, 1, '200')).toMatchObject({ kind: 'outside' });
    expect([4, 6, 7].map((size) => parameterCells({ bytes: size }))).toEqual(['hex32', 'hex16', 'hex8']);
    expect(parameterCells({ bytes: 4, cells: 'float32' })).toBe('float32');
  });
});
