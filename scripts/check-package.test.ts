import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contentProblems } from './check-package.ts';
import { root } from './common.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tilescope-package-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content = ''): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

describe('[main-1] what a package contains', () => {
  test('[main-1] bundles, agents and texts are fine', async () => {
    for (const path of ['package.json', 'README.md', 'dist/extension.cjs', 'dist/webview/main.js']) put(path);
    put('dist/agents/tilescope-agent-aarch64');
    put('dist/addon/linux-x64/tilescope.node');
    expect(await contentProblems(folder)).toEqual([]);
  });

  test.each([
    'dist/extension.cjs.map',
    'dist/webview/main.js.map',
    'src/extension.ts',
    'test/host/index.ts',
    'node_modules/ssh2/lib/index.js',
    'dist/addon/win32-x64/tilescope.node',
  ])('[main-1] %s does not belong into it', async (path) => {
    put(path);
    expect(await contentProblems(folder)).toHaveLength(1);
  });

  test('[main-1] source map comments and paths of this machine are found', async () => {
    put('dist/extension.cjs', 'code();\n//# sourceMappingURL=extension.cjs.map\n');
    put('dist/webview/main.js', `const where = ${JSON.stringify(join(root, 'webview'))};`);
    expect(await contentProblems(folder)).toHaveLength(2);
  });
});
