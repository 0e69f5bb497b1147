import { expect, test } from 'vitest';
import { measureFind } from './find.ts';

test('[hex-6] a search through 25 MiB is measured beside Buffer.indexOf, with its goal', async () => {
  const measures = await measureFind(1);
  expect(measures).toHaveLength(3);
  for (const { name, value, peer, ratio, goal } of measures) {
    expect(
      [value, peer?.value, ratio].every(
        (figure) => figure !== undefined && figure > 0 && Number.isFinite(figure),
      ),
      name,
    ).toBe(true);
    expect(goal).toEqual({ at: 'most', value: 3 });
  }
});
