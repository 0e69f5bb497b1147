import { expect, test } from 'vitest';
import { type Opening, openingText } from '../src/editor/opening.ts';
import { webviewStrings } from '../src/editor/webview-strings.ts';
import { stateBits } from '../src/model/byte-state.ts';
import { hexBytes } from '../src/model/cells/choices.ts';
import { toOpening } from './host.ts';

const init: Opening['init'] = {
  type: 'init',
  document: {
    geometry: {
      type: 'data',
      startCol: 6,
      numCols: 1,
      startRow: 1,
      numRows: 1,
      bytesPerTile: 64,
      tileBase: 0,
    },
    range: { offset: 0, length: 64 },
  },
  settings: {
    bytesPerRow: 16,
    upperCase: true,
    cells: hexBytes,
    colours: false,
    addresses: 'tile',
    decimal: false,
    inspector: false,
    liveHertz: 0,
    fontFamily: '',
    fontSize: 0,
    density: 'comfortable',
  },
  strings: webviewStrings({ t: (text) => text }),
  state: {
    title: 'a board that calls itself </script><script>alert(1)</script><!--',
    policy: 'staged',
    connected: true,
    lastKnown: false,
    moving: false,
    readAt: '',
    stagedBytes: 0,
    conflictBytes: 0,
  },
};
const bytes = {
  offset: 16,
  bytes: Uint8Array.of(1, 2, 255),
  flags: Uint8Array.of(stateBits.known, 0, stateBits.known),
  base: Uint8Array.of(1, 0, 254),
};

test('what a page begins with is read as it was written, and no text of a board ends the element that holds it', () => {
  for (const opening of [{ init }, { init, bytes }]) {
    const text = openingText(opening);
    expect(text).not.toContain('<');
    expect(toOpening(text)).toEqual(opening);
  }
});

test.each([
  ['', 'no text'],
  ['{"init":', 'half of it'],
  ['{}', 'nothing'],
  ['{"init":{"type":"state"}}', 'another message'],
  [
    '{"init":{"type":"init"},"bytes":{"offset":0,"bytes":[1,2],"flags":[1],"base":[1,2]}}',
    'planes of other lengths',
  ],
])('%j, %s, is not one: the page asks', (text) => {
  expect(toOpening(text)).toBeUndefined();
});
