import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';

/** What VS Code shows words by; `say/` makes them plain. */
const showing =
  /\b(?:show(?:Error|Warning|Information)Message|MarkdownString|(?:show|create)QuickPick|(?:show|create)InputBox|createStatusBarItem|setStatusBarMessage|window\.withProgress|createTerminal|createHoverProvider|registerHoverProvider)\b/;
/** What puts text into a page as markup. */
const markup =
  /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|unsafeStatic|createContextualFragment)\b/;

/** The sources of a folder, without tests, as [path, text]. */
function sources(pattern: string): [string, string][] {
  return globSync(pattern, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]);
}

describe('[truth-11] text is made plain in one place', () => {
  test('nothing outside say/ has VS Code show words', () => {
    const found = sources('src/**/*.ts').filter(
      ([path, text]) => !path.startsWith('src/say/') && showing.test(text),
    );
    expect(found.map(([path]) => path)).toEqual([]);
  });

  test('every tree gives its rows through say/', () => {
    const trees = sources('src/**/*.ts').filter(([, text]) => /\bgetTreeItem\(/.test(text));
    expect(trees.length).toBeGreaterThan(1);
    for (const [path, text] of trees)
      expect(text, path).toMatch(/getTreeItem\([\s\S]{0,1200}?return plainRow\(/);
  });

  test('what stands around every page is written in one place, and text becomes markup in one', () => {
    const found = (wanted: RegExp): string[] =>
      sources('{src,webview}/**/*.ts')
        .filter(([, text]) => wanted.test(text))
        .map(([path]) => path);
    expect(found(/<!DOCTYPE|default-src/)).toEqual(['src/say/page-html.ts']);
    expect(found(/&#\$\{/)).toEqual(['src/model/plain.ts']);
  });

  test('what VS Code shows of an error that a face throws is plain', () => {
    const thrown = sources('src/{array,editor,explorer}/*.ts').filter(([, text]) =>
      /\bnew Error\(/.test(text),
    );
    expect(thrown.map(([path]) => path)).toEqual([]);
  });

  test('no page takes text for markup', () => {
    const found = sources('{src,webview}/**/*.ts').filter(([, text]) => markup.test(text));
    expect(found.map(([path]) => path)).toEqual([]);
  });
});
