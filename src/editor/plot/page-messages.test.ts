import { describe, expect, test } from 'vitest';
import { firstChoice } from '../../model/plot/choice.ts';
import { readFromPlotPage } from './page-messages.ts';

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
