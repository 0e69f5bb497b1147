/** What the benchmark measures in the editor, one round: that each figure is there. */
import { expect, test } from 'vitest';
import { measureEditor } from '../bench/editor.ts';

test('[main-24] [shape-7] sizes of bundles and packages, opening a tile to first painted bytes, activation', async () => {
  const measures = await measureEditor(1);
  const names = measures.map((measure) => measure.name);
  for (const part of [
    /^bundle .*extension\.cjs$/,
    /^bundle .*main\.js$/,
    /^loaded when the extension starts$/,
    /^VSIX linux-arm64$/,
    /^VSIX universal$/,
    /^open a tile to first painted bytes, first tab/,
    /^open a tile to first painted bytes, second tab/,
    /^activation$/,
  ]) {
    expect(
      names.some((name) => part.test(name)),
      String(part),
    ).toBe(true);
  }
  expect(measures.filter((measure) => !(measure.value > 0))).toEqual([]);
});
