import { describe, expect, test } from 'vitest';
import { stateBits, unreadableState } from '../model/byte-state.ts';
import { hexBytes } from '../model/cells/choices.ts';
import { firstSight, usualRowsPlace } from './first-sight.ts';
import type { EditorSettings, EditorState } from './messages.ts';
import type { Opening } from './opening.ts';
import { webviewStrings } from './webview-strings.ts';

const geometry = {
  type: 'data',
  ...{ startCol: 6, numCols: 1, startRow: 1, numRows: 2, bytesPerTile: 0x100, tileBase: 0 },
} as const;

const settings: EditorSettings = {
  ...{ bytesPerRow: 16, upperCase: true, cells: hexBytes, colours: false, addresses: 'tile', decimal: false },
  ...{ inspector: false, liveHertz: 0, fontFamily: '', fontSize: 0, density: 'comfortable' },
};

const state: EditorState = {
  ...{ title: 'Data memory', policy: 'staged', connected: true, lastKnown: false, moving: false, readAt: '' },
  ...{ stagedBytes: 0, conflictBytes: 0 },
};

interface Given {
  readonly range?: { readonly offset: number; readonly length: number };
  readonly settings?: Partial<EditorSettings>;
  readonly state?: Partial<EditorState>;
  /** Where not all bytes are known: states of some, by their index. */
  readonly states?: Readonly<Record<number, number>>;
  readonly bytes?: Uint8Array;
}

function openingOf(given: Given): Opening {
  const range = given.range ?? { offset: 0x100, length: 0x100 };
  const bytes = given.bytes ?? Uint8Array.from({ length: 64 }, (_, i) => i);
  const flags = bytes.map((_, i) => given.states?.[i] ?? stateBits.known);
  return {
    init: {
      type: 'init',
      document: { geometry, range },
      settings: { ...settings, ...given.settings },
      strings: webviewStrings({ t: (text) => text }),
      state: { ...state, ...given.state },
    },
    bytes: { offset: range.offset, bytes, base: bytes, flags },
  };
}

/** The texts of the columns, line by line. */
function columnsOf(markup: string | undefined): string[][] | undefined {
  const found = markup?.matchAll(/<pre>([^<]*)<\/pre>/g);
  return found && [...found].map(([, text = '']) => text.split('\n'));
}

const sightOf = (given: Given) => firstSight(openingOf(given), usualRowsPlace);

describe('[shape-7] the rows that a page shows before its script', () => {
  test('address, cells and characters, as far as bytes are there', () => {
    expect(
      columnsOf(sightOf({ bytes: new TextEncoder().encode('Hello, tile (6,2)!'.padEnd(40)) })?.markup),
    ).toEqual([
      ['0000', '0010'],
      [
        '48 65 6C 6C  6F 2C 20 74   69 6C 65 20  28 36 2C 32',
        '29 21 20 20  20 20 20 20   20 20 20 20  20 20 20 20',
      ],
      ['Hello, tile (6,2', ')!              '],
    ]);
  });

  test('no byte of a board is markup', () => {
    const { markup } = sightOf({ bytes: new TextEncoder().encode('</pre><script>&a') }) ?? {};
    expect(markup).toContain('&#60;/pre&#62;&#60;script&#62;&#38;a');
    expect(markup?.match(/<[^>]*>/g)).toHaveLength(8);
  });

  test('rows as long as chosen, else as those of the last page were', () => {
    const lengthOf = (bytesPerRow: number, last: number) =>
      columnsOf(
        firstSight(openingOf({ settings: { bytesPerRow } }), { top: 90, bytesPerRow: last })?.markup,
      )?.[2]?.[0]?.length;
    expect([lengthOf(8, 24), lengthOf(0, 24), lengthOf(32, 24)]).toEqual([8, 24, 32]);
  });

  test('end at the first byte that is marked, or that nobody read', () => {
    for (const state of [
      0,
      stateBits.known | stateBits.staged,
      unreadableState('gated'),
      stateBits.known | stateBits.stale,
    ]) {
      expect(columnsOf(sightOf({ states: { 20: state } })?.markup)?.[0]).toEqual(['0000']);
      expect(sightOf({ states: { 3: state } })).toBeUndefined();
    }
  });

  test.each<[string, Given]>([
    ['memory of more than one tile, which has headings', { range: { offset: 0, length: 0x200 } }],
    ['a font of the settings', { settings: { fontFamily: 'x; } body { display: none' } }],
    ['a size of the settings', { settings: { fontSize: 30 } }],
    ['a board that is not connected', { state: { connected: false } }],
    ['what an application left', { state: { lastKnown: true } }],
    ['rows below a message', { state: { banner: { kind: 'info', text: 'Held', actions: [] } } }],
  ])('not for %s', (_, given) => {
    expect(sightOf(given)).toBeUndefined();
  });

  test('nothing but numbers stands in the style', () => {
    expect(sightOf({})?.style).toBe(
      '.sight { --sight-top: 101px; --sight-offset: 5ch; --sight-bytes: 51ch; --sight-row: round(1.5em, 1px); }',
    );
  });
});
