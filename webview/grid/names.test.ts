import { expect, test } from 'vitest';
import type { PageName } from '../../src/editor/messages.ts';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { labelOf, labelsOf, NameTable } from './names.ts';

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

test('[names-8] a bookmark stands beside what its bytes are called, and hides nothing of it', () => {
  const mark = { ...named('bad tap', 0x104, 8, 'bookmark'), colour: 'red' } as const;
  const gain = named('state.gain', 0x104, 4, 'field');
  const table = new NameTable([named('taps', 0x100, 0x40), mark, gain]);
  const row = { offset: 0x100, length: 16 };
  expect(table.runs(row).map(({ name, from, to }) => [name.text, from, to])).toEqual([
    ['taps', 0, 3],
    ['state.gain', 4, 7],
    ['taps', 8, 15],
  ]);
  expect(table.bookmarked(row)).toEqual([{ name: mark, from: 4, to: 11, begins: true }]);
  expect(table.beginningIn(row).map(labelOf)).toEqual(['taps', '◆ bad tap', 'state.gain']);
  expect(labelsOf([gain, mark, named('state.taps', 0, 4, 'field'), named('t.x', 0, 4, 'field')])).toEqual([
    ...['state.gain', '◆ bad tap', '.taps', 't.x'],
  ]);
  expect(table.textsAt(0x106, true)).toEqual(['state.gain+0x2', '◆ bad tap']);
  expect(table.textsAt(0x10a, true)).toEqual(['taps+0xA', '◆ bad tap']);
  expect(new NameTable([mark]).textsAt(0x106, true)).toEqual(['◆ bad tap']);
  expect(table.goingOnIn({ offset: 0x108, length: 16 })?.text).toBe('taps');
  expect(new NameTable([mark]).goingOnIn({ offset: 0x108, length: 16 })).toBeUndefined();
});
