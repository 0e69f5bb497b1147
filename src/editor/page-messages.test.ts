import { describe, expect, test } from 'vitest';
import { mostRuns } from './messages.ts';
import { readFromPage, requestNumber } from './page-messages.ts';

describe('messages of the page', () => {
  const edit = {
    type: 'request',
    id: 1,
    name: 'edit',
    params: {
      label: 'Type',
      immediate: false,
      edits: [
        {
          offset: 4,
          bytes: new Uint8Array([1]),
          seen: { base: new Uint8Array([7]), shown: new Uint8Array([8]) },
        },
      ],
    },
  };

  test.each([
    [{ type: 'ready' }],
    [
      {
        type: 'window',
        window: { number: 1, wanted: [{ offset: 0, length: 16 }], missing: [], anew: false },
      },
    ],
    [{ type: 'drawn', number: 7 }],
    [edit],
    [{ type: 'request', id: 2, name: 'read', params: { offset: 0, length: 1 << 20 } }],
    [{ type: 'cancel', id: 3 }],
    [{ type: 'command', command: 'apply' }],
    [{ type: 'selection', cursor: 1, start: 0, length: 4, selected: 4, address: '(6,2)+0x1' }],
    [{ type: 'visible', range: { offset: 0, length: 512 } }],
    [{ type: 'begin' }],
    [{ type: 'rowsPlace', top: 101.5, bytesPerRow: 16 }],
    [{ type: 'scrolled', offset: 512 }],
    [
      {
        type: 'view',
        view: {
          cells: { name: 'bfloat16', order: 'big' },
          bytesPerRow: 0,
          colours: true,
          addresses: 'axi',
          decimal: true,
          inspector: false,
        },
      },
    ],
    [{ type: 'live', hertz: 30 }],
    [{ type: 'openPlace', offset: 0x81c0 }],
    [{ type: 'find' }],
    [{ type: 'runs', number: 1, count: 1, runs: [{ offset: 0, length: 4 }] }],
    [{ type: 'runs', number: 1, count: mostRuns + 1, runs: [] }],
    [
      {
        type: 'find',
        asked: {
          query: {
            kind: 'value',
            text: '1..2',
            matchCase: false,
            cells: { name: 'float32', order: 'little' },
            align: 4,
          },
          range: { offset: 0, length: 1 << 20 },
          beyond: false,
          read: 'little',
        },
      },
    ],
    [{ type: 'cancelFind' }],
    [{ type: 'toHit', step: -1 }],
    [{ type: 'replaceHits', text: '00', all: true }],
    [{ type: 'unfreeze' }],
    [{ type: 'failure', message: 'x' }],
  ])('%j is taken as it is', (message) => {
    expect(readFromPage(message)).toEqual(message);
  });

  test.each([
    [undefined],
    [{ type: 'toHit', step: 2 }],
    [{ type: 'replaceHits', text: 'x'.repeat(1 << 17), all: false }],
    [{ type: 'find', asked: { query: { kind: 'any' }, range: { offset: 0, length: 1 }, read: 'little' } }],
    ['ready'],
    [{ type: 'toString' }],
    [{ type: 'command', command: 'constructor' }],
    [{ type: 'command', command: 'workbench.action.quit' }],
    [{ type: 'request', id: -1, name: 'read', params: { offset: 0, length: 1 } }],
    [{ type: 'request', id: 1, name: 'read', params: { offset: 0.5, length: 1 } }],
    [{ type: 'window', window: { number: 1, wanted: [{ offset: 0, length: 2 ** 40 }], missing: [] } }],
    [{ type: 'window', window: { number: 1, wanted: [{ offset: 0, length: 1 }] } }],
    [{ type: 'window', window: { number: 2 ** 32, wanted: [], missing: [] } }],
    [
      {
        type: 'window',
        window: { number: 1, wanted: Array(1000).fill({ offset: 0, length: 1 }), missing: [] },
      },
    ],
    [{ type: 'drawn', number: -1 }],
    [{ type: 'request', id: 1, name: 'write', params: edit.params }],
    [{ ...edit, params: { ...edit.params, label: 'x', edits: [{ offset: 0, bytes: [1] }] } }],
    [{ ...edit, params: { ...edit.params, label: undefined } }],
    [{ ...edit, params: { ...edit.params, edits: [] } }],
    [
      {
        ...edit,
        params: { ...edit.params, edits: [...edit.params.edits, { offset: 8, bytes: new Uint8Array() }] },
      },
    ],
    [{ ...edit, params: { ...edit.params, immediate: undefined } }],
    [{ type: 'request', id: 1, name: 'read', params: { offset: 0, length: 2 ** 40 } }],
    [{ ...edit, params: { ...edit.params, edits: [{ offset: 4, bytes: new Uint8Array([1]) }] } }],
    [
      {
        ...edit,
        params: { ...edit.params, edits: [{ ...edit.params.edits[0], bytes: new Uint8Array([1, 2]) }] },
      },
    ],
    [{ type: 'visible', range: { offset: 0 } }],
    [{ type: 'rowsPlace', top: '1px; background: red', bytesPerRow: 16 }],
    [{ type: 'rowsPlace', top: 1e9, bytesPerRow: 16 }],
    [{ type: 'rowsPlace', top: 101, bytesPerRow: 0 }],
    [{ type: 'scrolled', offset: -1 }],
    [{ type: 'selection', cursor: '1', start: 0, length: 4, selected: 4, address: '(6,2)+0x1' }],
    [
      {
        type: 'view',
        view: {
          cells: { name: 'toString', order: 'big' },
          bytesPerRow: 16,
          colours: true,
          addresses: 'axi',
          decimal: true,
          inspector: false,
        },
      },
    ],
    [
      {
        type: 'view',
        view: {
          cells: { name: 'hex8', order: 'middle' },
          bytesPerRow: 16,
          colours: true,
          addresses: 'axi',
          decimal: true,
          inspector: false,
        },
      },
    ],
    [
      {
        type: 'view',
        view: {
          cells: { name: 'hex8', order: 'big' },
          bytesPerRow: 17,
          colours: true,
          addresses: 'axi',
          decimal: true,
          inspector: false,
        },
      },
    ],
  ])('%j is not taken', (message) => {
    expect(readFromPage(message)).toBeUndefined();
  });
});

test('the number of a request is known also where it is not in the contract', () => {
  expect(requestNumber({ type: 'request', id: 7, name: 'read', params: { offset: -1 } })).toBe(7);
  for (const raw of [{ type: 'request', id: -1 }, { type: 'request' }, { type: 'cancel', id: 7 }, null])
    expect(requestNumber(raw)).toBeUndefined();
});
