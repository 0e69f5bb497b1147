import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { damaged } from '../../../test/program/damage.ts';
import { randomDefinitions } from '../../../test/program/structures.ts';
import { type MemoryType, memoryTypes } from '../../model/geometry.ts';
import { bookmarkColours } from '../../model/placed-mark.ts';
import * as definitions from '../../model/structures/definitions.ts';
import { type Field, partsOf } from '../../model/structures/fields.ts';
import { longestDefinition } from '../../model/structures/tokens.ts';
import {
  type Bookmark,
  bookmarkFile,
  type KeptMarks,
  layRefusal,
  longestName,
  marksToStore,
  mergedMarks,
  mostBookmarks,
  readBookmarkFile,
  type Structure,
  storedMarks,
} from './bookmark-file.ts';
import { bookmarkRows } from './bookmark-rows.ts';
import { fileRefusalText, importedText } from './bookmark-sentences.ts';
import { fieldLike, KeptPlaces } from './kept-places.ts';
import { mostDefinitionCharacters, StructureTypes } from './structure-types.ts';

vi.mock('../../model/structures/definitions.ts', { spy: true });

const l10n = {
  t: (text: string, ...args: (string | number)[]) =>
    text.replace(/\{(\d)\}/g, (_, i: string) => String(args[Number(i)])),
};
const tile = { col: 7, row: 3 };
const mark: Bookmark = { name: 'bad tap', colour: 'red', memory: 'data', tile, offset: 0x100, length: 8 };
const laid: Structure = {
  ...{ name: 'state', memory: 'data', tile, offset: 0x200, count: 2, type: 'struct state' },
  definition:
    'struct state { float gain; struct { int16_t re, im; } taps[600]; unsigned low : 4, high : 4; };',
};
const none: KeptMarks = { bookmarks: [], structures: [] };
const ids = () => {
  let count = 0;
  return () => `id${++count}`;
};

function randomMarks(random: Random): KeptMarks {
  const place = () => ({
    name: `n${random.below(1000)} ${'x'.repeat(random.below(longestName - 6))}`.trim(),
    memory: random.pick(memoryTypes as readonly [MemoryType, ...MemoryType[]]),
    tile: { col: random.below(60), row: random.below(12) },
    offset: random.below(0x10000),
  });
  const bookmarks = Array.from({ length: random.below(6) }, (_, i) => ({
    ...{ id: `b${i}`, ...place(), colour: random.pick(bookmarkColours), length: 1 + random.below(4096) },
    ...(random.below(2) === 0 ? {} : { home: { board: 'vck190', partition: 'columns-0-4' } }),
  }));
  const structures = Array.from({ length: random.below(3) }, (_, i) => {
    const definition = `${randomDefinitions(random, 2, { wide: true, unnamedBits: false, packedBits: true })}\nstruct last { int x; };`;
    const { name } = definitions.readDefinitions(definition).at(-1) ?? { name: '' };
    return { id: `s${i}`, ...place(), count: 1 + random.below(9), type: name, definition };
  });
  return { bookmarks, structures };
}

describe('[names-8] the file of bookmarks', () => {
  test('gives back what was written, without where it was set', () => {
    const seed = runSeed();
    for (let round = 0; round < 200; round++) {
      const marks = randomMarks(new Random(seed + round));
      const read = readBookmarkFile(bookmarkFile(marks));
      const plain = (list: readonly object[]) =>
        list.map((one) => ({ ...one, id: undefined, home: undefined }));
      if (typeof read === 'string') throw new Error(`SEED=${seed + round} ${read}`);
      expect(read.leftOut, `SEED=${seed + round}`).toEqual([]);
      expect(plain(read.bookmarks)).toEqual(plain(marks.bookmarks));
      expect(plain(read.structures)).toEqual(plain(marks.structures));
      expect(storedMarks(JSON.parse(JSON.stringify(marks)))).toEqual({ marks, unread: [], untold: 0 });
      // What is written of what was read is the same file.
      expect(bookmarkFile(mergedMarks(none, read, ids()).kept)).toBe(bookmarkFile(marks));
    }
  });

  test('that is damaged is refused or read in part; nothing of it is outside of the limits', () => {
    const seed = runSeed();
    for (let round = 0; round < 1500; round++) {
      const random = new Random(seed + round);
      const text = bookmarkFile({ bookmarks: [{ ...mark, id: 'a' }], structures: [{ ...laid, id: 'b' }] });
      const broken = new TextDecoder().decode(damaged(new TextEncoder().encode(text), random));
      const read = readBookmarkFile(broken);
      if (typeof read === 'string') continue;
      const { kept } = mergedMarks(none, read, ids());
      expect(storedMarks(kept).marks, `SEED=${seed + round}`).toEqual(kept);
      const places = new KeptPlaces(l10n);
      places.marks = kept;
      places.in('data', tile, 0, 0x10000);
    }
  });

  test.each<[string, string]>([
    ['{', 'not-json'],
    ['[]', 'not-bookmarks'],
    ['{"format": "other", "version": 1}', 'not-bookmarks'],
    ['{"format": "tilescope-bookmarks", "version": 2}', 'newer'],
    ['{"format": "tilescope-bookmarks", "version": 1, "bookmarks": {}}', 'not-bookmarks'],
  ])('%s is refused: %s', (text, refusal) => {
    expect(readBookmarkFile(text)).toBe(refusal);
    expect(fileRefusalText(readBookmarkFile(text) as never, 'a.json', l10n)).toMatch(/^a\.json .*\. .*\.$/);
  });

  test('says of each entry that does not fit which one it is, and takes the others', () => {
    const file = {
      ...{ format: 'tilescope-bookmarks', version: 1, more: 'later' },
      bookmarks: [
        { ...mark, more: 1 },
        { ...mark, colour: 'pink' },
        { ...mark, offset: -1 },
        { ...mark, name: ' ' },
        { ...mark, tile: { col: 1e9, row: 0 } },
        7,
      ],
      structures: [
        laid,
        { ...laid, type: 'struct other' },
        { ...laid, definition: 'struct state { foo x; };' },
      ],
    };
    const read = readBookmarkFile(JSON.stringify(file));
    expect(read).toEqual({
      bookmarks: [mark],
      structures: [laid],
      beyond: 0,
      leftOut: [
        ...['colour', 'offset', 'name', 'tile', ''].map((field, i) => ({
          list: 'bookmarks',
          entry: i + 2,
          field,
        })),
        ...[2, 3].map((entry) => ({ list: 'structures', entry, field: 'definition' })),
      ],
    });
    if (typeof read === 'string') return;
    const merged = mergedMarks({ ...none, bookmarks: [{ ...mark, id: 'mine' }] }, read, ids());
    expect(merged).toEqual({
      kept: { bookmarks: [{ ...mark, id: 'mine' }], structures: [{ ...laid, id: 'id1' }] },
      taken: { bookmarks: 0, structures: 1 },
      known: 1,
      surplus: 0,
    });
    expect(importedText(merged, read, l10n)).toBe(
      'Taken: 0 bookmarks, 1 structures. 1 were there already. 7 do not fit the format: bookmark 2 ("colour"), bookmark 3 ("offset"), bookmark 4 ("name"), ....',
    );
  });

  test('brings no more than there is room for', () => {
    const bookmarks = Array.from({ length: mostBookmarks + 5 }, (_, i) => ({ ...mark, offset: i }));
    const merged = mergedMarks(none, { bookmarks, structures: [], leftOut: [], beyond: 0 }, ids());
    expect([merged.kept.bookmarks.length, merged.surplus]).toEqual([mostBookmarks, 5]);
    expect(importedText(merged, { leftOut: [], beyond: 0 }, l10n)).toContain(
      'For 5 there is no room: remove some first.',
    );
  });

  test('what a workspace kept may be anything; what cannot be used stays in the store, and is told of once', () => {
    expect(storedMarks(undefined)).toEqual({ marks: none, unread: [], untold: 0 });
    for (const [stored, unread] of [
      [7, [7]],
      [{}, [{}]],
      [{ bookmarks: [], structures: 3 }, [{ bookmarks: [], structures: 3 }]],
      [{ bookmarks: [null], structures: [{}] }, [null, {}]],
    ] as const) {
      const read = storedMarks(stored);
      expect(read).toEqual({ marks: none, unread, untold: unread.length });
      expect(storedMarks(marksToStore(read))).toEqual({ marks: none, unread, untold: 0 });
    }
    // A version that can use it does so.
    const marks: KeptMarks = { bookmarks: [{ ...mark, id: 'a' }], structures: [{ ...laid, id: 'b' }] };
    const later = { bookmarks: [], structures: [], unread: [marks.structures[0], 7, marks.bookmarks[0]] };
    expect(storedMarks(later)).toEqual({ marks, unread: [7], untold: 0 });
    expect(marksToStore({ marks: none, unread: [] })).toBeUndefined();
  });

  test('a structure that became too large, or cannot be read, is kept over the next start', () => {
    const structures = [
      { ...laid, id: 'large', count: 1 << 20 },
      { ...laid, id: 'unread', definition: 'struct state { foo x; };' },
    ];
    const read = storedMarks({ bookmarks: [], structures });
    expect(read).toEqual({ marks: { bookmarks: [], structures }, unread: [], untold: 0 });
    expect(marksToStore(read)).toEqual({ bookmarks: [], structures });
  });

  test('says whether a structure can be laid in a tile', () => {
    const at = (offset: number, count = 1) => ({ ...laid, offset, count });
    const types = new StructureTypes();
    const type = types.of(laid);
    expect(type?.size).toBe(2408);
    expect(layRefusal(at(0x8000 - 2408), type, 0x8000)).toBeUndefined();
    expect(layRefusal(at(0x8000 - 2407), type, 0x8000)).toBe('room');
    expect(layRefusal(at(0x8000 - 2407), type)).toBeUndefined();
    expect(layRefusal(at((1 << 20) - 2407), type)).toBe('room');
    expect(layRefusal(at(0, 1 << 20), type)).toBe('size');
    expect(layRefusal(at(0), types.of({ ...laid, type: 'struct other' }))).toBe('definition');
    const read = readBookmarkFile(
      JSON.stringify({ format: 'tilescope-bookmarks', version: 1, structures: [at((1 << 20) - 2407)] }),
    );
    expect(read).toMatchObject({ structures: [], leftOut: [{ entry: 1, field: 'offset' }] });
  });

  describe('definitions', () => {
    /** Definitions as long as they may be, each another one. */
    const long = Array.from({ length: 12 }, (_, i) => {
      const text = `struct state { int m${i}; };`;
      return `${text}//${'x'.repeat(longestDefinition - text.length - 2)}`;
    });
    const structures = long.flatMap((definition, i) => [
      { ...laid, definition, offset: 8 * i },
      { ...laid, definition, offset: 8 * i + 4 },
    ]);
    const fits = 2 * (mostDefinitionCharacters / longestDefinition);
    const reads = vi.spyOn(definitions, 'readDefinitions');
    beforeEach(() => {
      reads.mockClear();
    });

    test('of a file are read once each, and only as many as there is room for', () => {
      const read = readBookmarkFile(
        JSON.stringify({ format: 'tilescope-bookmarks', version: 1, structures }),
      );
      if (typeof read === 'string') throw new Error(read);
      expect(reads).toHaveBeenCalledTimes(fits / 2);
      expect([read.structures.length, read.beyond, read.leftOut]).toEqual([
        fits,
        structures.length - fits,
        [],
      ]);
      const kept = { bookmarks: [], structures: [{ ...laid, id: 'mine' }] };
      const merged = mergedMarks(kept, read, ids());
      expect([merged.taken.structures, merged.surplus]).toEqual([fits - 2, 2]);
      expect(importedText(merged, read, l10n)).toBe(
        `Taken: 0 bookmarks, ${fits - 2} structures. For 2 there is no room: remove some first. The definitions of a file may have ${mostDefinitionCharacters} characters: ${structures.length - fits} structures are beyond that.`,
      );
    });

    test('are read when a structure is shown, not at the start, and not again when something else changes', () => {
      const some = structures.slice(0, 6).map((one, i) => ({ ...one, id: `${i}` }));
      const { marks } = storedMarks({ bookmarks: [], structures: some });
      const places = new KeptPlaces(l10n);
      places.marks = marks;
      places.in('program', tile, 0, 0x4000);
      places.in('data', tile, 0, 0);
      expect(places.all.length).toBe(6);
      expect(reads).not.toHaveBeenCalled();
      expect(places.in('data', tile, 0, 2).map(({ text }) => text)).toEqual(['state[0].m0']);
      expect(reads).toHaveBeenCalledTimes(1);
      places.in('data', tile, 0, 0x8000);
      expect(reads).toHaveBeenCalledTimes(3);
      places.marks = { bookmarks: [{ ...mark, id: 'new' }], structures: marks.structures.slice(1) };
      places.in('data', tile, 0, 0x8000);
      expect(reads).toHaveBeenCalledTimes(3);
      // What nothing is laid by any more is forgotten.
      places.marks = none;
      places.marks = marks;
      places.in('data', tile, 0, 0x8000);
      expect(reads).toHaveBeenCalledTimes(6);
    });
  });
});

describe('[names-8] places of bookmarks and structures', () => {
  const marks: KeptMarks = { bookmarks: [{ ...mark, id: 'a' }], structures: [{ ...laid, id: 'b' }] };
  const places = new KeptPlaces(l10n);
  places.marks = marks;

  test('are told of a part of a tile, with what they are', () => {
    expect(places.in('data', tile, 0x107, 0x204)).toEqual([
      ...[
        {
          kind: 'bookmark',
          text: 'bad tap',
          detail: 'bookmark, red',
          offset: 0x100,
          length: 8,
          colour: 'red',
        },
      ],
      ...[
        { kind: 'field', text: 'state[0].gain', detail: 'float of struct state', offset: 0x200, length: 4 },
      ],
    ]);
    expect(places.in('data', tile, 0x108, 0x200)).toEqual([]);
    expect(places.in('program', tile, 0, 0x4000)).toEqual([]);
    expect(places.in('data', { col: 7, row: 4 }, 0, 0x8000)).toEqual([]);
    const last = 0x200 + 2 * 2408 - 4;
    expect(places.in('data', tile, last, last + 1).map(({ text, detail }) => `${text} ${detail}`)).toEqual([
      ...['state[1].low unsigned : 4 of struct state', 'state[1].high unsigned : 4 of struct state'],
    ]);
  });

  test('as rows, in the order of their places; values are those of an open memory, and open where none is', () => {
    const bytes = new Uint8Array(0x2000);
    new DataView(bytes.buffer).setFloat32(0x200, 12.5, true);
    const open = {
      places,
      memoryName: () => 'data memory',
      bytesPerTile: () => 0x8000,
      bytes: ({ offset, length }: { offset: number; length: number }) => ({
        bytes: bytes.subarray(offset, offset + length),
        known: new Uint8Array(length).fill(1),
      }),
    };
    const [first, second] = bookmarkRows(open, l10n);
    expect(first).toMatchObject({
      label: 'bad tap',
      description: '(7,3)+0x0100 · red · 8 bytes',
      colour: 'red',
    });
    expect(second?.description).toBe('struct state[2] · (7,3)+0x0200 · 4816 bytes');
    const [element] = second?.below?.() ?? [];
    const [gain, taps, low] = element?.below?.() ?? [];
    expect([gain?.label, gain?.description, gain?.kind]).toEqual(['gain', '12.5 · float · +0x00', 'value']);
    expect([low?.label, low?.description]).toEqual(['low', '0 · unsigned : 4 · +0x964']);
    // Many parts are groups.
    const groups = taps?.below?.() ?? [];
    expect(groups.map(({ label }) => label)).toEqual(['[0..499]', '[500..599]']);
    expect(
      groups[1]
        ?.below?.()
        .map(({ label }) => label)
        .at(-1),
    ).toBe('[599]');
    const keys = new Set(groups.flatMap((group) => group.below?.() ?? []).map(({ key }) => key));
    expect(keys.size).toBe(600);
    const closed = bookmarkRows({ ...open, bytes: () => undefined, bytesPerTile: () => undefined }, l10n)[1];
    // No pencil where there is nothing to change.
    const [shut] = closed?.below?.()[0]?.below?.() ?? [];
    expect([shut?.description, shut?.kind]).toEqual(['?? · float · +0x00', 'field']);
  });

  test('a structure that does not end in its tile says so, field by field, and those fields cannot be set', () => {
    const past = new KeptPlaces(l10n);
    past.marks = {
      bookmarks: [],
      structures: [
        {
          ...laid,
          id: 'a',
          count: 1,
          offset: 0x7ffa,
          type: 'struct s',
          definition: 'struct s { int a; int b; };',
        },
        { ...laid, id: 'b', offset: 0, type: 'struct s', definition: 'struct s { foo x; };' },
        { ...laid, id: 'c', offset: 4, count: 1 << 20 },
      ],
    };
    const rows = bookmarkRows(
      {
        places: past,
        memoryName: () => 'data memory',
        bytesPerTile: () => 0x8000,
        bytes: ({ offset, length }) => {
          const there = Math.min(length, 0x8000 - offset);
          return there < 1
            ? undefined
            : { bytes: new Uint8Array(there), known: new Uint8Array(there).fill(1) };
        },
      },
      l10n,
    );
    expect(rows.map(({ description }) => description)).toEqual([
      '?? · definition cannot be read · struct s · (7,3)+0x0000',
      '?? · no bytes, or too many · struct state · (7,3)+0x0004',
      'does not end in the tile · struct s · (7,3)+0x7FFA · 8 bytes',
    ]);
    expect(rows.map(({ below }) => below === undefined)).toEqual([true, true, false]);
    expect(rows[2]?.below?.().map(({ description, kind }) => [description, kind])).toEqual([
      ['0 · int · +0x00', 'value'],
      ['?? · does not end in the tile · int · +0x04', 'field'],
    ]);
  });

  test('a field is found again where it is the same; not in another definition', () => {
    const whole = (definition: string, count = 2) => {
      const found = new KeptPlaces(l10n);
      found.marks = { bookmarks: [], structures: [{ ...laid, id: 'a', count, definition }] };
      return found.structures[0]?.whole as Field;
    };
    const text =
      'struct state { int a; union { struct { int16_t re, im; } taps[3]; unsigned low : 4, high : 4; }; };';
    const all = (field: Field): Field[] => {
      const parts = partsOf(field);
      const below = Array.from({ length: parts?.count ?? 0 }, (_, i) => parts?.at(i) as Field);
      return parts === undefined ? [field] : below.flatMap(all);
    };
    const fields = all(whole(text));
    expect(fields.length).toBe(2 * 9);
    for (const field of fields) {
      expect(fieldLike(whole(text), field)).toEqual(field);
      expect(fieldLike(whole(text.replace('int a', 'int a0, a')), field)).toBeUndefined();
    }
    const high = fields.find(({ path }) => path === '[1].high') as Field;
    expect(fieldLike(whole(text.replace('high : 4', 'high : 5')), high)).toBeUndefined();
    expect(fieldLike(whole(text, 1), high)).toBeUndefined();
  });
});
