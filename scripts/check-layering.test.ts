import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layeringProblems } from './check-layering.ts';
import { root } from './common.ts';

let tree = '';
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tilescope-layers-'));
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(file: string, source: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), source);
}

describe('[main-1] layering', () => {
  test('[main-1] a tree that follows the arrows has no problems', () => {
    plant('src/model/a.ts', "import type { B } from './b.ts';");
    plant('src/model/a.test.ts', "import { test } from 'vitest'; import { a } from './a.ts';");
    plant('src/model/shapes.ts', "import * as v from 'valibot';");
    plant('src/board/b.ts', "import { a } from '../model/a.ts'; import net from 'node:net';");
    plant('src/session/s.ts', "import { b } from '../board/b.ts'; import { a } from '../model/a.ts';");
    plant('src/explorer/e.ts', "import * as vscode from 'vscode'; import { s } from '../session/s.ts';");
    plant('src/boards/c.ts', "import { s } from '../session/s.ts'; import * as vscode from 'vscode';");
    plant('src/explorer/t.ts', "import { c } from '../boards/c.ts';");
    plant('src/editor/d.ts', "import { c } from '../boards/c.ts';");
    plant('src/editor/messages.ts', "import type { a } from '../model/a.ts';");
    plant('src/extension.ts', "import { e } from './explorer/e.ts'; import * as vscode from 'vscode';");
    plant('webview/main.ts', "import type { M } from '../src/editor/messages.ts'; import 'lit';");
    plant('webview/controls.ts', "import '@vscode-elements/elements/dist/vscode-button';");
    expect(layeringProblems(tree)).toEqual([]);
  });

  const violations: ReadonlyArray<readonly [why: string, file: string, source: string]> = [
    ['the model reaches for a board', 'src/model/a.ts', "import { b } from '../board/b.ts';"],
    ['the model reaches for Node', 'src/model/a.ts', "import { join } from 'node:path';"],
    ['shapes stand in shapes.ts', 'src/model/a.ts', "import * as v from 'valibot';"],
    ['a type counts as an import', 'src/model/a.ts', "import type * as vscode from 'vscode';"],
    ['a type written as import() counts', 'src/model/a.ts', "let b: import('../board/b.ts').B;"],
    ['a dynamic import counts', 'src/board/b.ts', "const s = import('../session/s.ts');"],
    ['a re-export counts', 'src/board/b.ts', "export * from '../session/s.ts';"],
    ['a board knows no vscode', 'src/board/ssh/x.ts', "import * as vscode from 'vscode';"],
    ['a session does no I/O', 'src/session/s.ts', "import fs from 'node:fs';"],
    ['an image knows no edits', 'src/session/image.ts', "import type { E } from './edit-stack.ts';"],
    ['an edit stack knows no board', 'src/session/edit-stack.ts', "import { l } from './link.ts';"],
    ['a follower knows no bytes', 'src/session/follower.ts', "import { i } from './image.ts';"],
    ['reads know no edits', 'src/session/read-scheduler.ts', "import { a } from './applier.ts';"],
    ['a session knows no face', 'src/session/s.ts', "import { e } from '../editor/e.ts';"],
    ['a session knows no entries', 'src/session/s.ts', "import { c } from '../boards/c.ts';"],
    ['entries know no editor', 'src/boards/c.ts', "import { d } from '../editor/d.ts';"],
    ['faces do not know each other', 'src/explorer/e.ts', "import { d } from '../editor/d.ts';"],
    ['nothing imports extension.ts', 'src/editor/d.ts', "import { x } from '../extension.ts';"],
    ['a webview sees model and messages only', 'webview/main.ts', "import { s } from '../src/session/s.ts';"],
    ['controls come through controls.ts', 'webview/main.ts', "import '@vscode-elements/elements';"],
    ['tests obey the arrows too', 'src/model/a.test.ts', "import { b } from '../board/b.ts';"],
    [
      'what is shipped uses no test machinery',
      'src/board/b.ts',
      "import { w } from '../../test/board/w.ts';",
    ],
  ];
  test.each(violations)('[main-1] [shape-1] a planted violation fails: %s', (_why, file, source) => {
    plant(file, `// first line\n${source}\n`);
    const problems = layeringProblems(tree);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${file}:2: `);
  });

  test.each([
    "const box = document.createElement('div');",
    'const page = html`<button type="button">x</button>`;',
    'list.innerHTML = text;',
  ])('[shape-5] the Array page is built with Lit and the controls of one file: %s', (source) => {
    plant('webview/array/grid.ts', `// first line\n${source}\n`);
    plant('webview/controls.ts', source);
    expect(layeringProblems(tree)).toEqual([
      expect.stringContaining('webview/array/grid.ts:2: markup by hand'),
    ]);
  });

  test('[shape-5] src/boards knows no tree', () => {
    plant('src/boards/c.ts', "import type { N } from '../explorer/nodes.ts';");
    expect(layeringProblems(tree)).toEqual([expect.stringContaining('src/boards/c.ts:1: ')]);
    const sources = globSync('src/boards/*.ts', { cwd: root });
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      expect(readFileSync(join(root, source), 'utf8'), source).not.toMatch(
        /TreeItem|TreeDataProvider|TreeView/,
      );
    }
  });

  test('[main-1] this checkout follows the arrows', () => {
    expect(layeringProblems(root)).toEqual([]);
  });
});
