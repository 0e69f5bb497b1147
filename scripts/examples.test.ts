/** Examples build with the plain compiler, by the file that other extensions take. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capture, localBin, root } from './common.ts';

test('[live-11] every example is right by the types of api/tilescope.d.ts, which is right by itself', async () => {
  const examples = globSync('examples/*/tsconfig.json', { cwd: root });
  expect(examples.length).toBeGreaterThan(0);
  for (const project of examples) {
    const checked = await capture(localBin('tsc'), ['-p', join(root, project)]);
    expect(`${checked.stdout}${checked.stderr}`, project).toBe('');
  }
});
