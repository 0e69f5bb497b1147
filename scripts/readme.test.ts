/** What the README promises is there: commands, files, pictures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capture, root } from './common.ts';
import { blockCommands, readme, textCommands } from './readme.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

describe('README', () => {
  it('[main-25] names one command that starts the main job and one that runs all tests', () => {
    expect(blockCommands()).toContain('npm start');
    expect(blockCommands()).toContain('npm test');
  });

  it('[main-25] every command is a script of the manifest, run by a runner that the machine’s own Node can read', async () => {
    for (const command of [...blockCommands(), ...textCommands()]) {
      const script = /^npm (?:run )?([a-z:]+)(?: -- .*)?$/.exec(command)?.[1] ?? command;
      expect(Object.keys(manifest.scripts), command).toContain(script);
      expect(manifest.scripts[script], command).toMatch(/^node scripts\/run\.mjs /);
    }
    // The runner comes before any installed package: it may import nothing but Node's own modules.
    const runner = readFileSync(join(root, 'scripts', 'run.mjs'), 'utf8');
    const imports = [...runner.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
    expect(imports.length).toBeGreaterThan(0);
    expect(imports.filter((name) => !name.startsWith('node:'))).toEqual([]);
    const checked = await capture(process.execPath, ['--check', join(root, 'scripts', 'run.mjs')]);
    expect(checked.code, checked.stderr).toBe(0);
  });

  it("[main-2] shows a real screenshot, how to connect one's own board, one picture of how it works, and what was proven on emulation only", () => {
    const picture = /!\[[^\]]+\]\(([^)]+\.png)\)/.exec(readme)?.[1] ?? '';
    const bytes = readFileSync(join(root, picture));
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    const [, ownBoard = ''] = /^## Connect your own board\n([\s\S]*?)^## /m.exec(readme) ?? [];
    for (const step of ['Add board over SSH', 'Use sudo', 'Use this machine']) {
      expect(ownBoard).toContain(step);
    }
    expect(readme).toContain('## How it works');
    expect(readme).toMatch(/Not yet proven on a physical Versal board/);
  });

  it('[main-2] names only files that exist', () => {
    const files = [...readme.matchAll(/`((?:docs|test|scripts|src|native)\/[\w./-]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe('the page about debug sessions', () => {
  const page = readFileSync(join(root, 'docs', 'debug.md'), 'utf8');

  it('[debug-12] has pictures of a sample, of instructions and of a halted core', () => {
    const pictures = [...page.matchAll(/^!\[[^\]]+\]\((images\/debug-[^)]+\.png)\)$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(pictures).toHaveLength(3);
    for (const picture of pictures) {
      expect(
        readFileSync(join(root, 'docs', picture))
          .subarray(1, 4)
          .toString(),
      ).toBe('PNG');
    }
  });

  it('[debug-12] says what was proven where, and that resume and step were never seen on silicon', () => {
    const [, proven = ''] = /^## What was proven, and where\n([\s\S]*?)^## /m.exec(page) ?? [];
    expect(proven).toMatch(/resume and step\*\* \| \*\*never seen on silicon by us/);
    for (const place of ['testsupport', 'Theia', 'emulated', 'llvm-dwarfdump'])
      expect(proven).toContain(place);
  });
});
