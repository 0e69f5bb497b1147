import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allNameProblems, headerProblems, nameProblems } from './check-names.ts';
import { root } from './common.ts';

test('[shape-5] names that others read keep to the glossary: exported things, public members, files', () => {
  const problems = (path: string, source: string) =>
    nameProblems(path, source).map((one) => one.split(' means')[0]);
  expect(problems('src/board/ssh/shell.ts', 'export class Frame {}')).toEqual([
    'src/board/ssh/shell.ts:1: Frame: "frame"',
  ]);
  expect(
    problems('webview/outline.ts', 'const a = 1;\nexport interface O {\n  readonly frameSize: number;\n}'),
  ).toEqual(['webview/outline.ts:3: frameSize: "frame"']);
  expect(problems('src/array/model.ts', 'export class M {\n  lookAgain(): void {}\n}')).toEqual([
    'src/array/model.ts:2: lookAgain: "look"',
  ]);
  expect(problems('src/array/words.ts', 'export const stateName = 1;')).toEqual([
    'src/array/words.ts: "words"',
  ]);
  expect(problems('src/model/plain.ts', 'export const { a } = b, entered = 1;')).toEqual([]);
});

test('[shape-5] where a word means what the glossary says it may stand; inside a file names are free', () => {
  expect(nameProblems('src/board/protocol/frames.ts', 'export class FrameDecoder {}')).toEqual([]);
  expect(nameProblems('src/session/link.ts', 'export class BoardLink { look(): void {} }')).toEqual([]);
  expect(nameProblems('src/array/model.ts', 'const frame = 1; class M { #again(): void {} }')).toEqual([]);
  expect(nameProblems('src/model/a.ts', 'export const threshold = 1, linkage = 2, centered = 3;')).toEqual(
    [],
  );
});

test('[shape-5] names in native headers keep to it, too; comments, texts and the standard library are free', () => {
  const problems = (source: string) =>
    headerProblems('native/core/some.h', source).map((one) => one.split(' means')[0]);
  expect(problems('struct Life {\n    Opened enter(int column);\n};')).toEqual([
    'native/core/some.h:1: Life: "epoch"',
    'native/core/some.h:2: enter: "enter"',
  ]);
  expect(problems('Reason look(Tile tile);')).toEqual(['native/core/some.h:1: look: "look"']);
  expect(problems('std::vector<Holder> processes;')).toEqual(['native/core/some.h:1: Holder: "hold"']);
  const free = [
    '// look again\n/* a life\n long */',
    '#include "hold.h"',
    'const char* text = "find";',
    'enum class Asking : uint8_t { nobody, look, person };\nAsking asking = Asking::look;',
    'const auto at = std::find(a.begin(), a.end(), 1); map.find(2);',
  ];
  for (const source of free) expect(problems(source)).toEqual([]);
  expect(headerProblems('native/core/hold_job.h', 'std::vector<HolderInfo> holds;')).toEqual([]);
});

test('[shape-5] this checkout keeps to its glossary', async () => {
  expect(await allNameProblems()).toEqual([]);
});

test('[shape-5] CONTRIBUTING.md shows the style of comments by before and after', async () => {
  const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
  const pairs = text.slice(text.indexOf('| before | after |')).matchAll(/^\| [^|-][^|]* \| [^|]+ \|$/gm);
  expect([...pairs].length - 1).toBeGreaterThanOrEqual(5);
});
