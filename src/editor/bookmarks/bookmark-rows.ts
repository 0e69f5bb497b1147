/** Bookmarks and structures as rows of the view of bookmarks; of structures each field with its value. */
import { formatTile, type MemoryType } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { hexNumber } from '../../model/numbers.ts';
import type { BookmarkColour } from '../../model/placed-mark.ts';
import { endOf } from '../../model/ranges.ts';
import { canType, type Field, partsOf } from '../../model/structures/fields.ts';
import { fieldText, type LaidBytes } from '../../model/structures/values.ts';
import { rowsOf } from '../row-groups.ts';
import type { TreeRow } from '../row-tree.ts';
import { colourText, layRefusalText } from './bookmark-sentences.ts';
import {
  fieldTypeText,
  type KeptPlace,
  type KeptPlaces,
  type LaidStructure,
  placeOfField,
} from './kept-places.ts';

/** Bytes that are looked at for the text of one field. */
const mostBytesOfText = 4096;

/** A row of the view. */
export interface BookmarkRow extends TreeRow<BookmarkRow> {
  /** `value`: a field that can be typed, in a memory that is open. */
  readonly kind: 'bookmark' | 'structure' | 'field' | 'value' | 'group';
  /** Where it leads; the bytes of a field. */
  readonly place: KeptPlace;
  readonly colour?: BookmarkColour;
  readonly field?: Field;
}

/** What the rows are made of. */
export interface RowSources {
  readonly places: KeptPlaces;
  /** Bytes of an open memory; undefined where none with the tile is open. */
  bytes(place: KeptPlace): LaidBytes | undefined;
  /** Bytes of a tile of that memory; undefined where none is open. */
  bytesPerTile(place: KeptPlace): number | undefined;
  /** What a memory type is called. */
  memoryName(memory: MemoryType): string;
}

/** The rows at the top, in the order of their places. */
export function bookmarkRows(sources: RowSources, l10n: Localiser): BookmarkRow[] {
  const structures = new Map(sources.places.structures.map((one) => [one.kept.id, one]));
  return sources.places.all.map((place) => {
    const { kept } = place;
    const laid = structures.get(kept.id);
    const where = placeText(place, sources);
    if ('colour' in kept) {
      const facts = [where, colourText(kept.colour, l10n), sizeText(place, l10n)];
      return {
        ...{ kind: 'bookmark', key: kept.id, label: kept.name, description: facts.join(' · '), place },
        ...{ icon: 'bookmark', colour: kept.colour },
      };
    }
    const row = {
      kind: 'structure',
      key: kept.id,
      label: kept.name,
      icon: 'symbol-structure',
      place,
    } as const;
    if (laid === undefined) return { ...row, description: [kept.type, where].join(' · ') };
    const { laid: laidOut } = laid;
    if ('refusal' in laidOut) {
      const reason = laidOut.refusal;
      return { ...row, description: ['??', layRefusalText(reason, l10n), kept.type, where].join(' · ') };
    }
    const { whole } = laidOut;
    const facts = [whole.type.name, where, sizeText(place, l10n)];
    if (isPastTile(place, sources)) facts.unshift(layRefusalText('room', l10n));
    return {
      ...row,
      description: facts.join(' · '),
      below: () => fieldRows(whole, laid, sources, l10n),
    };
  });
}

function sizeText({ length }: KeptPlace, l10n: Localiser): string {
  return length === 1 ? l10n.t('1 byte') : l10n.t('{0} bytes', length);
}

/** Whether a place does not end in its tile, as tiles of the open memory are. */
function isPastTile(place: KeptPlace, sources: RowSources): boolean {
  const bytesPerTile = sources.bytesPerTile(place);
  return bytesPerTile !== undefined && endOf(place) > bytesPerTile;
}

function placeText({ memory, tile, offset }: KeptPlace, { memoryName }: RowSources): string {
  const where = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
  return memory === 'data' ? where : `${memoryName(memory)} ${where}`;
}

function fieldRows(field: Field, laid: LaidStructure, sources: RowSources, l10n: Localiser): BookmarkRow[] {
  const parts = partsOf(field);
  if (parts === undefined) return [];
  const place = placeOfField(field, laid);
  return rowsOf<BookmarkRow>(
    { first: 0, count: parts.count },
    (index) => fieldRow(parts.at(index), index, laid, sources, l10n),
    ({ first, count }, below) => ({
      ...{ kind: 'group', key: `${laid.kept.id}${field.path}[${first}+${count}]`, description: '' },
      ...{ label: `[${first}..${first + count - 1}]`, place, below },
    }),
  );
}

function fieldRow(
  field: Field,
  index: number,
  laid: LaidStructure,
  sources: RowSources,
  l10n: Localiser,
): BookmarkRow {
  const place = placeOfField(field, laid);
  const parts = partsOf(field);
  const isPast = isPastTile(place, sources);
  const value = isPast
    ? ['??', layRefusalText('room', l10n)].join(' · ')
    : fieldText({ ...field, offset: 0 }, shortBytes(place, sources));
  const canSet = canType(field) && !isPast && sources.bytesPerTile(place) !== undefined;
  const [, last = field.path] = /([^.[\]]+|\[\d+\])$/.exec(field.path) ?? [];
  const isRecord = field.type.kind === 'struct' || field.type.kind === 'union';
  return {
    kind: canSet ? 'value' : 'field',
    // Unnamed parts have the path of what they lie in.
    key: `${laid.kept.id}${field.path}#${index}@${field.offset}`,
    label: last,
    description: [value, fieldTypeText(field), `+${hexNumber(field.offset, 2)}`].join(' · '),
    icon: isRecord ? 'symbol-structure' : parts === undefined ? 'symbol-field' : 'symbol-array',
    place,
    field,
    ...(parts === undefined ? {} : { below: () => fieldRows(field, laid, sources, l10n) }),
  };
}

/** The first bytes of a place; none that are known where no memory is open. */
function shortBytes(place: KeptPlace, sources: RowSources): LaidBytes {
  const length = Math.min(place.length, mostBytesOfText);
  const none = { bytes: new Uint8Array(length), known: new Uint8Array(length) };
  return sources.bytes({ ...place, length }) ?? none;
}
