/** Reads what a person types to go to a place, and what *Copy Address* wrote; says how it was read. */
import { type AddressSpace, axiPlace, corePlace } from '../model/addresses.ts';
import {
  type ByteRange,
  containsTile,
  formatTile,
  locate,
  type MemoryGeometry,
  type Tile,
  tileStart,
} from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import { nameText } from '../model/program/name-texts.ts';
import { endOf } from '../model/ranges.ts';
import type { KernelSpot, MarkSpot, NamedPlace } from './named-places.ts';

/** What is shown and where the cursor is, both as buffer offsets. */
export interface Standpoint {
  readonly space: AddressSpace;
  readonly shown: ByteRange;
  readonly cursor: number;
}

/** How a text was read. */
type Reading =
  | { readonly kind: 'offset' | 'cursor' | 'tile' | 'buffer' | 'axi' }
  /** As an address of this core. */
  | { readonly kind: 'core'; readonly core: Tile };

/** A place that was read. */
interface ReadPlace {
  /** Buffer offset, if it is among the shown bytes. */
  readonly offset: number | undefined;
  readonly reading: Reading;
}

const number = String.raw`(0x[0-9a-f]{1,13}|\d{1,15})`;
const tilePattern = new RegExp(
  String.raw`^\(?\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)?\s*(?:([+:])\s*${number})?$`,
  'i',
);
const plainPattern = new RegExp(String.raw`^([+-]|buffer\s*\+)?\s*${number}$`, 'i');

/** A tile and an offset in it as a buffer offset. */
function inTile(geometry: MemoryGeometry, tile: Tile, offset: number): number | undefined {
  return containsTile(geometry, tile) && offset < geometry.bytesPerTile
    ? tileStart(geometry, tile) + offset
    : undefined;
}

/**
 * Reads a place in every way that it has, the likeliest first; none if it reads as no place. `0x1f0` and `496` count from the first shown byte; `+64` and `-0x20` from the
 * cursor; `(2,3)+0x10` is a tile offset, `(2,3):0x70010` what the core of that tile calls so, `buffer+0x10` a buffer offset.
 * A number is also what the core at the cursor calls so, and an AXI address beyond what is shown.
 */
export function parsePlaces(typed: string, { space, shown, cursor }: Standpoint): readonly ReadPlace[] {
  const { geometry } = space;
  const read = (offset: number | undefined, reading: Reading): ReadPlace => {
    const isShown = offset !== undefined && offset >= shown.offset && offset < endOf(shown);
    return { offset: isShown ? offset : undefined, reading };
  };
  const byCore = (core: Tile, address: number): number | undefined => {
    const place = corePlace(space, core, address);
    return place && inTile(geometry, place, place.offset);
  };
  const text = typed.trim();
  const [isTile, col, row, sign, behind = '0'] = tilePattern.exec(text) ?? [];
  if (isTile !== undefined) {
    const tile = { col: Number(col), row: Number(row) };
    return [
      sign === ':'
        ? read(byCore(tile, Number(behind)), { kind: 'core', core: tile })
        : read(inTile(geometry, tile, Number(behind)), { kind: 'tile' }),
    ];
  }
  const [isPlain, before = '', digits = ''] = plainPattern.exec(text) ?? [];
  if (isPlain === undefined) return [];
  const value = Number(digits);
  if (before === '+') return [read(cursor + value, { kind: 'cursor' })];
  if (before === '-') return [read(cursor - value, { kind: 'cursor' })];
  if (before !== '') return [read(value, { kind: 'buffer' })];
  const core = locate(geometry, cursor).tile;
  const place = byCore(core, value);
  const asCore = place === undefined ? [] : [read(place, { kind: 'core', core })];
  if (value < shown.length) {
    // What has two readings is offered as both, unless one leads nowhere.
    const others = asCore.filter(({ offset }) => offset !== undefined);
    return [read(shown.offset + value, { kind: 'offset' }), ...others];
  }
  return asCore.length > 0 ? asCore : [read(axiPlace(space, value), { kind: 'axi' })];
}

function readingText(reading: Reading, shown: ByteRange, l10n: Localiser): string {
  switch (reading.kind) {
    case 'offset':
      return shown.offset === 0 ? l10n.t('buffer offset') : l10n.t('counted from the first shown byte');
    case 'cursor':
      return l10n.t('counted from the cursor');
    case 'tile':
      return l10n.t('tile offset');
    case 'buffer':
      return l10n.t('buffer offset');
    case 'axi':
      return l10n.t('AXI address');
    case 'core':
      return l10n.t('address of the core of tile {0}', formatTile(reading.core));
  }
}

/** A line of the box: where it leads, and what it says. */
export interface GoToLine {
  readonly label: string;
  readonly description: string;
  /** Where it leads; a line without says why nothing is found. */
  readonly range?: ByteRange;
  /** What has to be typed to get it. */
  readonly typed: string;
}

/** Names are shown up to this number: more are found by typing more. */
const mostNames = 100;

/** What a build or a person calls places of the memory. */
export interface KnownNames {
  readonly names: readonly NamedPlace[];
  readonly kernels: readonly KernelSpot[];
  /** Bookmarks and fields of structures. */
  readonly marks: readonly MarkSpot[];
}

/**
 * What the box offers for a text: the place that it reads as, names and kernels that contain it; without a text what was gone
 * to before. A kernel leads to the first byte of its tile.
 */
export function goToLines(
  typed: string,
  standpoint: Standpoint,
  known: KnownNames,
  before: readonly string[],
  l10n: Localiser,
): GoToLine[] {
  const { shown, space } = standpoint;
  const placeText = (at: number): string => {
    const { tile, offset } = locate(space.geometry, at);
    return `${formatTile(tile)}+${hexNumber(offset, 4)}`;
  };
  const text = typed.trim();
  if (text === '') {
    return before.flatMap((one) => {
      const [line] = goToLines(one, standpoint, known, [], l10n);
      return line?.range === undefined
        ? []
        : [{ ...line, label: one, description: `${line.label} · ${line.description}` }];
    });
  }
  const lines = parsePlaces(text, standpoint).map(({ offset, reading }): GoToLine => {
    const description = readingText(reading, shown, l10n);
    return offset === undefined
      ? { label: l10n.t('This is not part of what the editor shows.'), description, typed: text }
      : { label: placeText(offset), description, range: { offset, length: 1 }, typed: text };
  });
  const wanted = text.toLowerCase();
  const called = [
    ...known.kernels.map(({ name, graph, offset }) => ({
      label: name,
      description: `${graph === '' ? l10n.t('kernel') : l10n.t('kernel of graph {0}', graph)} · ${placeText(offset)}`,
      range: { offset, length: 1 },
    })),
    ...known.marks.map(({ mark, offset }) => ({
      label: mark.text,
      description: `${mark.detail} · ${placeText(offset)}`,
      range: { offset, length: Math.min(mark.length, endOf(shown) - offset) },
    })),
    ...known.names.map(({ name, offset }) => ({
      label: nameText(name, l10n),
      description: placeText(offset),
      range: { offset, length: Math.min(Math.max(1, name.size), endOf(shown) - offset) },
    })),
  ];
  const found = called.filter(({ label }) => label.toLowerCase().includes(wanted));
  // What is called exactly so comes first.
  const rank = ({ label }: { label: string }) =>
    label === text ? 0 : label.toLowerCase().startsWith(wanted) ? 1 : 2;
  found.sort((a, b) => rank(a) - rank(b));
  lines.push(...found.slice(0, mostNames).map((line) => ({ ...line, typed: line.label })));
  if (lines.length > 0) return lines;
  const label = l10n.t('Type an offset such as 0x1F0, +64 or (2,3)+0x10, an address, or a name.');
  return [{ label, description: '', typed: text }];
}
