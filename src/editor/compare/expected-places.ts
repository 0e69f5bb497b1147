/** Where in a memory the bytes of a file may be expected, and as which values. Knows no VS Code. */

import { stateBits } from '../../model/byte-state.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice, CellName } from '../../model/cells/choices.ts';
import type { SideBytes } from '../../model/compare/compare.ts';
import { FileError } from '../../model/files/file-error.ts';
import type { FileNumbers } from '../../model/files/file-numbers.ts';
import { areWhole } from '../../model/files/golden-file.ts';
import type { PlacedRun } from '../../model/files/placed-bytes.ts';
import {
  type ByteRange,
  containsTile,
  formatTile,
  locate,
  type MemoryGeometry,
  tileRange,
  totalBytes,
} from '../../model/geometry.ts';
import { hexNumber } from '../../model/numbers.ts';
import { endOf, intersectRanges } from '../../model/ranges.ts';

/** What a person looks at in an editor. Buffer offsets. */
export interface Shown {
  readonly geometry: MemoryGeometry;
  /** What the editor shows. */
  readonly range: ByteRange;
  readonly cursor: number;
  /** Without it nothing but the cursor's cell is selected. */
  readonly selected?: ByteRange;
  /** What a build names at the cursor. */
  readonly named?: { readonly name: string; readonly range: ByteRange };
}

/** A place where expected bytes may begin. */
export interface ExpectedPlace {
  readonly from: 'selection' | 'name' | 'cursor' | 'tile' | 'editor';
  /** As many bytes as are there, and as are expected. */
  readonly range: ByteRange;
}

/** Places for so many bytes, the likeliest first. A selection is meant. */
export function expectedPlaces(shown: Shown, bytes: number): readonly ExpectedPlace[] {
  const { geometry, range, cursor, selected } = shown;
  if (selected !== undefined) {
    const length = Math.min(selected.length, bytes);
    return [{ from: 'selection', range: { offset: selected.offset, length } }];
  }
  const tile = tileRange(geometry, locate(geometry, cursor).tile);
  const place = (from: ExpectedPlace['from'], offset: number): ExpectedPlace => ({
    from,
    range: { offset, length: Math.min(bytes, endOf(range) - offset) },
  });
  const named = shown.named && intersectRanges(shown.named.range, range);
  const places = [
    ...(named === undefined
      ? []
      : [{ from: 'name' as const, range: { ...named, length: Math.min(named.length, bytes) } }]),
    place('cursor', cursor),
    place('tile', Math.max(tile.offset, range.offset)),
    // What one tile holds is not expected to begin in another.
    ...(bytes > geometry.bytesPerTile ? [place('editor', range.offset)] : []),
  ];
  // What fits goes before what does not; a whole tile is expected from its beginning.
  const fits = ({ range: { length } }: ExpectedPlace) => Number(length === bytes);
  const sorted = places.toSorted((a, b) => fits(b) - fits(a));
  return sorted.filter(
    (one, i) => sorted.findIndex(({ range: { offset } }) => offset === one.range.offset) === i,
  );
}

/** Types that memory usually holds. */
const offered: readonly CellName[] = [
  ...(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const),
  ...(['float16', 'bfloat16', 'float32', 'float64', 'cint16', 'cint32', 'cfloat'] as const),
];

/** Whether a format shows single numbers rather than digits of bits or blocks. */
function isNumberFormat(name: CellName): boolean {
  return !/^(?:hex|bin|oct|bfp)/.test(name);
}

/** The values as which bytes without a type are compared: those of the tab if they are numbers, else words of 32 bits. */
export function rawChoice(cells: CellChoice, bytes: number): CellChoice {
  const choice: CellChoice = isNumberFormat(cells.name) ? cells : { name: 'hex32', order: 'little' };
  return bytes % cellFormat(choice, true).bytes === 0 ? choice : { name: 'hex8', order: 'little' };
}

/** The types that the numbers of a file can be in memory, the likeliest first. */
export function typesFor(numbers: FileNumbers, cells: CellChoice): readonly CellChoice[] {
  const whole = areWhole(numbers);
  const own = numbers.name;
  const fits = (name: CellName) => isNumberFormat(name) && (whole || /float|fix/.test(name));
  const guess: CellName = whole ? 'int32' : 'float32';
  // NumPy makes doubles of everything; a core rather has floats.
  const likeliest: readonly CellName[] = [
    cells.name,
    ...(own === undefined || own === 'float64' ? [guess] : [own]),
    ...offered,
  ];
  const names = [...new Set(likeliest)].filter(fits);
  return names.map((name) => ({ name, order: isNumberFormat(cells.name) ? cells.order : 'little' }));
}

/** Bytes that a file has places for, from the first to the last one; those between that it does not have are not known. */
export interface PlacedSide {
  /** Buffer offsets. */
  readonly range: ByteRange;
  readonly side: SideBytes;
}

/**
 * The bytes of a file at their places in a memory. Addresses count in the tile of the cursor where all of them fit into one,
 * else in the memory. Throws FileError `file-outside`.
 */
export function placedSide({ geometry, cursor }: Shown, runs: readonly PlacedRun[]): PlacedSide {
  const { bytesPerTile } = geometry;
  const own = tileRange(geometry, locate(geometry, cursor).tile);
  const isOneTile = runs.every(
    ({ tile, offset, bytes }) => tile !== undefined || offset + bytes.length <= bytesPerTile,
  );
  const placed = runs.map(({ tile, offset, bytes }) => {
    const place = tile === undefined ? hexNumber(offset) : `${formatTile(tile)}+${hexNumber(offset)}`;
    const bounds =
      tile === undefined
        ? isOneTile
          ? own
          : { offset: 0, length: totalBytes(geometry) }
        : containsTile(geometry, tile)
          ? tileRange(geometry, tile)
          : undefined;
    if (bounds === undefined || offset + bytes.length > bounds.length)
      throw new FileError('file-outside', { text: place });
    return { offset: bounds.offset + offset, bytes };
  });
  const start = placed.reduce((least, { offset }) => Math.min(least, offset), Number.POSITIVE_INFINITY);
  const end = placed.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes.length), 0);
  const bytes = new Uint8Array(end - start);
  const states = new Uint8Array(end - start);
  for (const run of placed) {
    bytes.set(run.bytes, run.offset - start);
    states.fill(stateBits.known, run.offset - start, run.offset - start + run.bytes.length);
  }
  return { range: { offset: start, length: end - start }, side: { bytes, states } };
}
