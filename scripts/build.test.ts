import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bundle, buildAll } from './build.ts';
import { startProblems } from './check-package.ts';
import { capture, root } from './common.ts';

const types = join(root, 'node_modules', '@types', 'vscode', 'index.d.ts');

describe('the extension in parts', () => {
  let folder = '';
  let bundles: readonly Bundle[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tilescope-build-'));
    bundles = await buildAll({ production: true, outFolder: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('[shape-7] what is loaded at start is below 240 KB, and neither SSH nor a way to a board is in it', () => {
    expect(startProblems(bundles)).toEqual([]);
    const atStart = bundles.filter((one) => one.atStart).map((one) => basename(one.file));
    expect(atStart).toContain('extension.cjs');
    for (const part of [
      'ssh.cjs',
      'local.cjs',
      'simulated.cjs',
      'hosts.cjs',
      'questions.cjs',
      'session.cjs',
      'editor.cjs',
      'commands.cjs',
      'debug.cjs',
    ]) {
      expect(bundles.map((one) => basename(one.file))).toContain(part);
      expect(atStart).not.toContain(part);
    }
    const code = bundles.filter((one) => one.atStart).map((one) => readFileSync(one.file, 'utf8'));
    // The name of a service in every SSH handshake; and what an agent answers to.
    for (const mark of ['ssh-userauth', 'TILESCP']) expect(code.join('\n')).not.toContain(mark);
  });

  test('[shape-7] a start that loads more is named', () => {
    const large = { file: join(folder, 'extension.cjs'), bytes: 240_001, atStart: true };
    expect(startProblems([large])).toEqual([expect.stringContaining('240001 bytes at start')]);
    expect(startProblems([{ ...large, atStart: false }])).toEqual([]);
  });

  test('[shape-7] what is loaded at start is one file; a part fetches from it what both need, once', async () => {
    expect(bundles.filter((one) => one.atStart)).toHaveLength(1);
    const script = `
      const { readFileSync } = require('node:fs');
      const Module = require('node:module');
      const declared = readFileSync(${JSON.stringify(types)}, 'utf8').matchAll(/^\\s*export (?:class|enum|namespace) (\\w+)/gm);
      const make = () => {
        const part = new Proxy(class {}, { get: (of, name) => name in of ? of[name] : name === Symbol.toPrimitive ? () => '' : make(), apply: () => '' });
        return part;
      };
      const editor = Object.fromEntries([...declared].map(([, name]) => [name, make()]));
      editor.env = { language: 'en' };
      const load = Module._load;
      Module._load = (name, ...rest) => (name === 'vscode' ? editor : load(name, ...rest));
      const folder = ${JSON.stringify(folder)};
      const files = () => Object.keys(require.cache).map((path) => path.slice(path.lastIndexOf('/') + 1));
      require(folder + '/extension.cjs');
      const atStart = files();
      const makers = [['ssh', 'createSshConnector'], ['local', 'createLocalConnector']];
      const made = makers.map(([part, name]) => typeof require(folder + '/parts/' + part + '.cjs')[name]);
      console.log(JSON.stringify({ atStart, made, shares: files().some((name) => name.startsWith('shared-')) }));`;
    const { stdout, stderr } = await capture(process.execPath, ['-e', script]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      atStart: ['extension.cjs'],
      made: ['function', 'function'],
      shares: true,
    });
  });

  test('[shape-7] the script of a thread needs no other file', () => {
    const code = readFileSync(join(folder, 'parts', 'reader.cjs'), 'utf8');
    expect(
      [...code.matchAll(/require\("([^"]+)"\)/g)].filter(([, name]) => !name?.startsWith('node:')),
    ).toEqual([]);
  });
});
