import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, buildAll } from './build.ts';
import { startProblems } from './check-package.ts';
import { capture } from './common.ts';

describe('the extension in parts', () => {
  let folder = '';
  let bundles: readonly Bundle[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tilescope-build-'));
    bundles = await buildAll({ production: true, outFolder: folder });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('[shape-7] what is loaded at start is below 300 KB, and neither SSH nor a way to a board is in it', () => {
    expect(startProblems(bundles)).toEqual([]);
    const atStart = bundles.filter((one) => one.atStart).map((one) => basename(one.file));
    expect(atStart).toContain('extension.cjs');
    for (const part of ['ssh.cjs', 'local.cjs', 'simulated.cjs', 'hosts.cjs', 'questions.cjs']) {
      expect(bundles.map((one) => basename(one.file))).toContain(part);
      expect(atStart).not.toContain(part);
    }
    const code = bundles.filter((one) => one.atStart).map((one) => readFileSync(one.file, 'utf8'));
    // The name of a service in every SSH handshake; and what an agent answers to.
    for (const mark of ['ssh-userauth', 'TILESCP']) expect(code.join('\n')).not.toContain(mark);
  });

  test('[shape-7] a start that loads more is named', () => {
    const large = { file: join(folder, 'extension.cjs'), bytes: 300_001, atStart: true };
    expect(startProblems([large])).toEqual([expect.stringContaining('300001 bytes at start')]);
    expect(startProblems([{ ...large, atStart: false }])).toEqual([]);
  });

  test('[shape-7] a part is loaded by require, and what parts share comes in files of its own', async () => {
    const script = `
      const makers = [['ssh', 'createSshConnector'], ['local', 'createLocalConnector']];
      const made = makers.map(([part, name]) => typeof require(${JSON.stringify(folder)} + '/parts/' + part + '.cjs')[name]);
      console.log(JSON.stringify([...made, Object.keys(require.cache).some((path) => path.includes('/shared-'))]));`;
    const { stdout, stderr } = await capture(process.execPath, ['-e', script]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(['function', 'function', true]);
  });
});
