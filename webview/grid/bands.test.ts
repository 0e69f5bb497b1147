import { expect, test } from 'vitest';
import type { PageName } from '../../src/editor/messages.ts';
import { bandLayers } from './bands.ts';

const name = (kind: PageName['kind'], more: Partial<PageName> = {}): PageName => ({
  ...{ kind, text: 'taps', detail: '8 bytes', offset: 0, length: 8 },
  ...more,
});
const layers = (one: PageName, begins: boolean) =>
  bandLayers({ start: 3, width: 23 }, { name: one, from: 1, to: 8, begins });

test('a name is a line below its bytes, with a flag where it begins', () => {
  expect(layers(name('buffer'), false)).toEqual([
    'linear-gradient(var(--band-buffer, var(--band-buffer)), var(--band-buffer, var(--band-buffer))) calc(12px + 3ch) calc(100% - 1px) / 23ch 1px no-repeat',
  ]);
  const [flag, line, ...more] = layers(name('buffer'), true);
  expect(flag).toMatch(/calc\(12px \+ 3ch\) calc\(100% - 1px\) \/ 2px 6px no-repeat$/);
  expect([line]).toEqual(layers(name('buffer'), false));
  expect(more).toEqual([]);
});

test('kinds differ in line as well as in colour', () => {
  const kinds = ['buffer', 'function', 'parameter', 'stack', 'field'] as const;
  expect(new Set(kinds.map((kind) => layers(name(kind), false).join())).size).toBe(kinds.length);
  for (const kind of ['parameter', 'stack'] as const)
    expect(layers(name(kind), false)[0]).toMatch(/^repeating-linear-gradient\(90deg/);
});

test('bookmarks stand above, in their colour; the byte of a register has a box', () => {
  const red = layers(name('bookmark', { colour: 'red' }), true);
  expect(red).toHaveLength(2);
  for (const layer of red) expect(layer).toMatch(/--band-red.* 0 \/ /);
  expect(layers(name('pc'), true)).toHaveLength(4);
});
