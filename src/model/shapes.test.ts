import { globSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { fitting, fittingItems, textUpTo, whole } from './shapes.ts';

test('[shape-5] a whole number between two, and a text of limited length', () => {
  const port = whole(1, 65535);
  for (const good of [1, 22, 65535]) expect(fitting(port, good)).toBe(good);
  for (const bad of [0, 65536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '22', null, undefined]) {
    expect(fitting(port, bad)).toBeUndefined();
  }
  expect(fitting(textUpTo(3), 'abc')).toBe('abc');
  expect(fitting(textUpTo(3), 'abcd')).toBeUndefined();
});

test('[shape-5] of a list that was stored, the items that fit are taken; anything else is an empty list', () => {
  expect(fittingItems(v.string(), ['a', 1, null, 'b', ['c']])).toEqual(['a', 'b']);
  expect(fittingItems(v.unknown(), [undefined, 1])).toEqual([undefined, 1]);
  for (const stored of [undefined, null, 'a', 7, { length: 1, 0: 'a' }]) {
    expect(fittingItems(v.string(), stored)).toEqual([]);
  }
});

test('[shape-5] shapes are checked by valibot, nowhere by hand', () => {
  const sources = globSync('{src,webview}/**/*.ts').filter((path) => !path.endsWith('.test.ts'));
  expect(sources.length).toBeGreaterThan(100);
  // A map of MessagePack is an object of its own kind; a key of ssh2 is one of two classes; a fault in a build's file
  // has its place.
  const known = ['src/board/protocol/frames.ts', 'src/board/ssh/identities.ts', 'src/model/program/json.ts'];
  const byHand = sources
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /[!=]== 'object' (&&|\|\|)|Reflect\.get/.test(readFileSync(path, 'utf8')))
    .filter((path) => !known.includes(path));
  expect(byHand).toEqual([]);
});
