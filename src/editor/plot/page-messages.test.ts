import { describe, expect, test } from 'vitest';
import { firstChoice } from '../../model/plot/choice.ts';
import { readFromPlotPage, readKeptPlot } from './page-messages.ts';

const choice = firstChoice({ name: 'float32', order: 'little' });

describe("messages of a plot's page", () => {
  test.each([
    { type: 'ready' },
    { type: 'drawn', number: 3 },
    { type: 'choose', choice },
    { type: 'view', view: { x: [0.5, 3], width: 800, height: 400 } },
    { type: 'live', on: true },
    { type: 'export' },
    { type: 'made', id: 1, bytes: new Uint8Array([1, 2]) },
    { type: 'failure', message: 'x' },
  ])('$type is taken', (message) => {
    expect(readFromPlotPage(message)).toEqual(message);
  });

  test('a file may come as a buffer', () => {
    expect(readFromPlotPage({ type: 'made', id: 1, bytes: new Uint8Array([7]).buffer })).toEqual({
      type: 'made',
      id: 1,
      bytes: new Uint8Array([7]),
    });
  });

  test.each([
    { type: 'choose', choice: { ...choice, columns: 0 } },
    { type: 'choose', choice: { ...choice, stride: -1 } },
    { type: 'choose', choice: { ...choice, cells: { name: 'int7', order: 'little' } } },
    { type: 'view', view: { x: [3, 3], width: 800, height: 400 } },
    { type: 'view', view: { x: [Number.NaN, 3], width: 800, height: 400 } },
    { type: 'view', view: { width: 1e9, height: 400 } },
    { type: 'made', id: 1, bytes: 'text' },
    { type: 'other' },
    'ready',
  ])('%j is refused', (message) => {
    expect(readFromPlotPage(message)).toBeUndefined();
  });
});

describe('[names-7] what was kept of a plot', () => {
  const kept = {
    board: 'board',
    path: '/7/data.aiemem',
    geometry: {
      type: 'data',
      startCol: 0,
      numCols: 1,
      startRow: 2,
      numRows: 1,
      bytesPerTile: 4096,
      tileBase: 0,
    },
    range: { offset: 4000, length: 96 },
    title: 'buffer',
    hertz: 10,
    choice,
  };

  test('is taken', () => {
    expect(readKeptPlot(kept)).toEqual(kept);
  });

  test.each([
    undefined,
    { ...kept, range: { offset: 4000, length: 97 } },
    { ...kept, range: { offset: -4, length: 8 } },
    { ...kept, geometry: { ...kept.geometry, numCols: 1e9 } },
    { ...kept, hertz: 1000 },
    { ...kept, board: 7 },
    { ...kept, choice: { ...choice, rows: 0.5 } },
  ])('%j is refused', (raw) => {
    expect(readKeptPlot(raw)).toBeUndefined();
  });
});
