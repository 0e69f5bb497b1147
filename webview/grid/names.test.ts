import { expect, test } from 'vitest';
import type { PageName } from '../../src/editor/messages.ts';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { NameTable } from './names.ts';

const named = (
  text: string,
  offset: number,
  length: number,
  kind: PageName['kind'] = 'buffer',
): PageName => ({
  kind,
  text,
  detail: '',
  offset,
  length,
});

test('[names-2] a byte belongs to the smallest name over it, whatever the order in which they are told', () => {
  const random = new Random(runSeed());
  for (let round = 0; round < 200; round++) {
    const names = Array.from({ length: random.below(12) }, (_, i) =>
      named(`n${i}`, random.below(64), random.below(24)),
    );
    const table = new NameTable(names);
    const row = { offset: random.below(64), length: 1 + random.below(16) };
    const covers = (name: PageName, at: number) => name.offset <= at && at < name.offset + (name.length || 1);
    const smallestAt = (at: number) =>
      Math.min(...names.filter((name) => covers(name, at)).map(({ length }) => length || 1));
    const bytes = new Map<number, { size: number; begins: boolean }>();
    for (const { name, from, to, begins } of table.runs(row)) {
      for (let i = from; i <= to; i++) {
        expect(covers(name, row.offset + i)).toBe(true);
        bytes.set(row.offset + i, { size: name.length || 1, begins: begins && i === from });
        expect(begins && i === from).toBe(name.offset === row.offset + i);
      }
    }
    for (let at = row.offset; at < row.offset + row.length; at++) {
      expect(bytes.get(at)?.size ?? Number.POSITIVE_INFINITY).toBe(smallestAt(at));
    }
    expect(new Set(table.beginningIn(row))).toEqual(
      new Set(names.filter(({ offset }) => offset >= row.offset && offset < row.offset + row.length)),
    );
    const goesOn = names.filter((name) => name.offset < row.offset && covers(name, row.offset));
    expect(table.goingOnIn(row) === undefined).toBe(goesOn.length === 0);
  }
});

test('[names-2] what a byte is called says how far it is inside, and which registers point to it', () => {
  const table = new NameTable([
    named('main', 0x100, 0x80, 'function'),
    named('PC', 0x11c, 1, 'pc'),
    named('text', 0, 0x400),
  ]);
  expect(table.textsAt(0x11c, true)).toEqual(['main+0x1C', 'PC']);
  expect(table.textsAt(0x100, true)).toEqual(['main']);
  expect(table.textsAt(0x180, false)).toEqual(['text+0x180']);
  expect(table.textsAt(0x400, true)).toEqual([]);
  expect(table.beginningIn({ offset: 0x110, length: 16 }).map(({ text }) => text)).toEqual(['PC']);
  expect(table.goingOnIn({ offset: 0x110, length: 16 })?.text).toBe('main');
});
