import { describe, expect, test } from 'vitest';
import { decodeTileStatus } from './decode.ts';
import type { RawTileStatus, TileKind } from './status.ts';

function fromFiles(kind: TileKind, files: Record<string, string>): RawTileStatus {
  const tile = { col: 7, row: 3 };
  return { tile, kind, source: 'sysfs', registers: new Map(), files: new Map(Object.entries(files)) };
}

function fromWords(kind: TileKind, words: readonly (readonly [number, number])[]): RawTileStatus {
  const tile = { col: 7, row: 3 };
  return { tile, kind, source: 'registers', registers: new Map(words), files: new Map() };
}

describe('[attach-10] a core', () => {
  test('from sysfs: state, stalls, pointers; zero is printed without 0x', () => {
    const status = decodeTileStatus(
      fromFiles('core', {
        core: 'status: enabled|east_lock_stall\npc: 0x000001ca\nlr: 00000000\nsp: 0x0003a0c0\n',
      }),
      'aie',
    );
    expect(status.core).toEqual({
      state: 'lock-stall',
      enabled: true,
      stalls: [{ kind: 'lock', on: 'east' }],
      flags: [],
      unknownBits: 0,
      pc: 0x1ca,
      lr: 0,
      sp: 0x3a0c0,
    });
    expect(status.unparsed).toEqual([]);
  });

  test('from registers of the first generation', () => {
    const status = decodeTileStatus(
      fromWords('core', [
        [0x32004, 0x201],
        [0x30280, 0x1ca],
        [0x302a0, 0x3a0c0],
        [0x302b0, 0xb0],
      ]),
      'aie',
    );
    expect(status.core).toEqual({
      state: 'lock-stall',
      enabled: true,
      stalls: [{ kind: 'lock', on: 'east' }],
      flags: [],
      unknownBits: 0,
      pc: 0x1ca,
      sp: 0x3a0c0,
      lr: 0xb0,
    });
  });
});
