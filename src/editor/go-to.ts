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
import type { NamedPlace } from './named-places.ts';

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
 * Reads a place; `undefined` if it reads as none. `0x1f0` and `496` count from the first shown byte; `+64` and `-0x20` from the
 * cursor; `(2,3)+0x10` is a tile offset, `(2,3):0x70010` what the core of that tile calls so, `buffer+0x10` a buffer offset.
 * A number beyond what is shown is what the core at the cursor calls so, else an AXI address.
 */
export function parsePlace(typed: string, { space, shown, cursor }: Standpoint): ReadPlace | undefined {
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
    return sign === ':'
      ? read(byCore(tile, Number(behind)), { kind: 'core', core: tile })
      : read(inTile(geometry, tile, Number(behind)), { kind: 'tile' });
  }
  const [isPlain, before = '', digits = ''] = plainPattern.exec(text) ?? [];
  if (isPlain === undefined) return undefined;
  const value = Number(digits);
  if (before === '+') return read(cursor + value, { kind: 'cursor' });
  if (before === '-') return read(cursor - value, { kind: 'cursor' });
  if (before !== '') return read(value, { kind: 'buffer' });
  if (value < shown.length) return read(shown.offset + value, { kind: 'offset' });
  const core = locate(geometry, cursor).tile;
  const place = byCore(core, value);
  return place === undefined
    ? read(axiPlace(space, value), { kind: 'axi' })
    : read(place, { kind: 'core', core });
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

/** What the box offers for a text: the place that it reads as, names that contain it; without a text what was gone to before. */
export function goToLines(
  typed: string,
  standpoint: Standpoint,
  names: readonly NamedPlace[],
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
      const [line] = goToLines(one, standpoint, names, [], l10n);
      return line?.range === undefined
        ? []
        : [{ ...line, label: one, description: `${line.label} · ${line.description}` }];
    });
  }
  const read = parsePlace(text, standpoint);
  const lines: GoToLine[] = [];
  if (read !== undefined) {
    const reading = readingText(read.reading, shown, l10n);
    lines.push(
      read.offset === undefined
        ? { label: l10n.t('This is not part of what the editor shows.'), description: reading, typed: text }
        : {
            label: placeText(read.offset),
            description: reading,
            range: { offset: read.offset, length: 1 },
            typed: text,
          },
    );
  }
  const wanted = text.toLowerCase();
  const found = names.filter(({ name }) => name.name.toLowerCase().includes(wanted));
  // What is called exactly so comes first.
  const rank = ({ name }: NamedPlace) =>
    name.name === text ? 0 : name.name.toLowerCase().startsWith(wanted) ? 1 : 2;
  for (const { name, offset } of found.sort((a, b) => rank(a) - rank(b)).slice(0, mostNames)) {
    const length = Math.min(Math.max(1, name.size), endOf(shown) - offset);
    lines.push({
      label: nameText(name, l10n),
      description: placeText(offset),
      range: { offset, length },
      typed: name.name,
    });
  }
  if (lines.length > 0) return lines;
  const label = l10n.t('Type an offset such as 0x1F0, +64 or (2,3)+0x10, an address, or a name.');
  return [{ label, description: '', typed: text }];
}
