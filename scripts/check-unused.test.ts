import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  unusedClasses,
  unusedContributions,
  unusedExports,
  unusedMembers,
  unusedMessages,
} from './check-unused.ts';
import { root } from './common.ts';

describe('[shape-5] what nobody uses is named', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tilescope-unused-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function plant(file: string, source: string): void {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), source);
  }

  test('[shape-5] no exported name is unused; one that tests alone import must be used in its own file', async () => {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    plant('package.json', '{ "name": "planted", "type": "module" }');
    plant(
      'knip.config.ts',
      `export default {
        entry: ['src/main.ts!', 'src/*.test.ts'],
        project: ['src/*.ts!', '!src/*.test.ts!'],
        ignoreExportsUsedInFile: process.argv.includes('--production'),
      };`,
    );
    plant('src/main.ts', "import { used } from './a.ts'; console.log(used);");
    plant('src/a.ts', 'export const used = 1; export const alone = 2; export const forTests = 3;');
    plant('src/a.test.ts', "import { forTests } from './a.ts'; console.log(forTests);");
    const [all] = await unusedExports(folder, false);
    expect(all).toContain('alone');
    expect(all).not.toMatch(/forTests|\bused\b/);
    const [withoutTests] = await unusedExports(folder, true);
    expect(withoutTests).toContain('forTests');
  });

  test('[shape-5] members, with their places', () => {
    const one = {
      path: 'src/a.ts',
      text: 'class A {\n  run() {}\n  left() {} // left\n}\ninterface B { size: number }',
    };
    const other = { path: 'test/b.ts', text: 'new A().run(); console.log(b.size);' };
    expect(unusedMembers([one], [one, other])).toEqual(['src/a.ts:3: nobody uses left']);
    const inherited = { path: 'src/c.ts', text: 'class C extends Base { override called() {} own() {} }' };
    expect(unusedMembers([inherited], [inherited])).toEqual(['src/c.ts:1: nobody uses own']);
  });

  test('[shape-5] classes of a style sheet; a page may write the end of one behind its beginning', () => {
    const sheet = { path: 'webview/a.css', text: '.row, .state-idle { width: 1.5em } .old {} /* .gone */' };
    const page = { path: 'webview/a.ts', text: 'element.className = `row state-$' + '{state}`; // old' };
    expect(unusedClasses([sheet], [page])).toEqual(['webview/a.css: no page has the class old']);
  });

  test('[shape-5] settings and commands of the manifest', () => {
    const manifest = {
      contributes: {
        commands: [{ command: 'tilescope.apply' }, { command: 'tilescope.gone' }],
        configuration: { properties: { 'tilescope.local.device': {}, 'tilescope.local.old': {} } },
      },
    };
    const source = {
      path: 'src/a.ts',
      text: "register({ apply: run }); getConfiguration('tilescope.local').get('device')",
    };
    expect(unusedContributions(manifest, [source])).toEqual([
      'package.json: nobody reads the setting tilescope.local.old',
      'package.json: nobody runs the command tilescope.gone',
    ]);
  });

  test('[shape-5] messages that one side does not know', () => {
    const contract = {
      path: 'src/array/messages.ts',
      text: "export type M = { readonly type: 'ready' } | { readonly type: 'old'; readonly kind: 'x' };",
    };
    const host = {
      path: 'src/array/view.ts',
      text: "if (message.type === 'ready' || message.type === 'old') run();",
    };
    const page = { path: 'webview/array/array.ts', text: "post({ type: 'ready' });" };
    expect(unusedMessages([contract, host, page])).toEqual([
      'src/array/messages.ts: the page does not know the message old',
    ]);
  });
});
