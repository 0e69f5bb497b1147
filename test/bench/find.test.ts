import { expect, test } from 'vitest';
import { measureFind } from './find.ts';

test('bytes are found in 25 MiB that were read in at most 3 times what Buffer.indexOf takes', {
  timeout: 60_000,
}, async () => {
  for (const { name, ratio = 0 } of await measureFind(3)) {
    // Both sides share a busy machine's caches: twice is let pass. A byte at a time takes 20 times as long.
    expect(ratio, name).toBeLessThan(2 * 3);
  }
});
