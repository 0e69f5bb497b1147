/** The bookmarks and structures of a workspace by their places: what lies where, and what comes next. Knows no boards. */
import type { MemoryType, Tile } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import type { PlacedMark } from '../../model/placed-mark.ts';
import { bytesOfField, type Field, fieldsIn, partsOf } from '../../model/structures/fields.ts';
import { arrayType, type StructureType } from '../../model/structures/types.ts';
import {
  type KeptBookmark,
  type KeptMarks,
  type KeptStructure,
  type LayRefusal,
  layRefusal,
} from './bookmark-file.ts';
import { colourText } from './bookmark-sentences.ts';
import { StructureTypes } from './structure-types.ts';

/** Fields of one structure that are told of one part of a memory. */
const mostFields = 500;

/** A structure with its type, read when it is first asked for. */
export class LaidStructure {
  readonly kept: KeptStructure;
  readonly #types: StructureTypes;
  #read: { readonly whole: Field } | { readonly refusal: LayRefusal } | undefined;

  constructor(kept: KeptStructure, types: StructureTypes) {
    this.kept = kept;
    this.#types = types;
  }

  /** All of it, an array where several lie one after the other; or why it cannot be laid in any memory. */
  get laid(): { readonly whole: Field } | { readonly refusal: LayRefusal } {
    this.#read ??= this.#layOut();
    return this.#read;
  }

  get whole(): Field | undefined {
    return 'whole' in this.laid ? this.laid.whole : undefined;
  }

  #layOut(): { readonly whole: Field } | { readonly refusal: LayRefusal } {
    const type = this.#types.of(this.kept);
    const refusal = layRefusal(this.kept, type);
    if (refusal !== undefined || type === undefined) return { refusal: refusal ?? 'definition' };
    return { whole: wholeOf(this.kept, type) };
  }
}

/** A bookmark or a structure, with its bytes in its tile. */
export interface KeptPlace {
  readonly kept: KeptBookmark | KeptStructure;
  readonly memory: MemoryType;
  readonly tile: Tile;
  /** Tile offset. */
  readonly offset: number;
  /** 1 for a structure that cannot be laid. */
  readonly length: number;
}

export class KeptPlaces {
  readonly #l10n: Localiser;
  readonly types = new StructureTypes();
  #marks: KeptMarks = { bookmarks: [], structures: [] };
  #laid: readonly LaidStructure[] = [];
  /** By memory and tile. */
  readonly #bookmarks = new Map<string, KeptBookmark[]>();
  readonly #structures = new Map<string, LaidStructure[]>();

  constructor(l10n: Localiser) {
    this.#l10n = l10n;
  }

  get marks(): KeptMarks {
    return this.#marks;
  }

  set marks(marks: KeptMarks) {
    this.#marks = marks;
    this.types.keepOnly(marks.structures);
    this.#laid = marks.structures.map((kept) => new LaidStructure(kept, this.types));
    this.#bookmarks.clear();
    this.#structures.clear();
    for (const one of marks.bookmarks) add(this.#bookmarks, keyOf(one), one);
    for (const one of this.#laid) add(this.#structures, keyOf(one.kept), one);
  }

  /** The structures, in the order in which they were laid. */
  get structures(): readonly LaidStructure[] {
    return this.#laid;
  }

  /** What has bytes in a part of a tile's memory. */
  in(memory: MemoryType, tile: Tile, from: number, to: number): PlacedMark[] {
    const key = keyOf({ memory, tile });
    const l10n = this.#l10n;
    const bookmarks = (this.#bookmarks.get(key) ?? [])
      .filter(({ offset, length }) => offset < to && offset + length > from)
      .map(
        ({ name, colour, offset, length }): PlacedMark => ({
          ...{ kind: 'bookmark', text: name, offset, length, colour },
          detail: l10n.t('bookmark, {0}', colourText(colour, l10n)),
        }),
      );
    const fields = (this.#structures.get(key) ?? []).flatMap((laid) => {
      const { kept } = laid;
      // What begins later has no field there: its definition is not read for that.
      const whole = kept.offset < to ? laid.whole : undefined;
      if (whole === undefined) return [];
      return fieldsIn(whole, from - kept.offset, to - kept.offset, mostFields).map(
        (field): PlacedMark => ({
          kind: 'field',
          text: `${kept.name}${field.path}`,
          detail: l10n.t('{0} of {1}', fieldTypeText(field), kept.type),
          offset: kept.offset + field.offset,
          length: bytesOfField(field),
        }),
      );
    });
    return [...bookmarks, ...fields];
  }

  /** Bookmarks and structures in the order of their places: by memory, column, row, offset. */
  get all(): KeptPlace[] {
    const places = [
      ...this.#marks.bookmarks.map((kept): KeptPlace => ({ ...placeOf(kept), length: kept.length })),
      ...this.#laid.map(
        (laid): KeptPlace => ({
          ...placeOf(laid.kept),
          get length() {
            return laid.whole?.type.size ?? 1;
          },
        }),
      ),
    ];
    return places.sort(
      (a, b) =>
        a.memory.localeCompare(b.memory) ||
        a.tile.col - b.tile.col ||
        a.tile.row - b.tile.row ||
        a.offset - b.offset ||
        b.length - a.length,
    );
  }
}

/** The type of a field, as C writes it. */
export function fieldTypeText({ type, bits }: Field): string {
  return bits === undefined ? type.name : `${type.name} : ${bits.count}`;
}

/** The bytes of a field of a structure. */
export function placeOfField(field: Field, { kept }: Pick<LaidStructure, 'kept'>): KeptPlace {
  const { memory, tile } = kept;
  const length = Math.max(1, bytesOfField(field));
  return { kept, memory, tile, offset: kept.offset + field.offset, length };
}

/** The part of a structure that is at the place of a field, with its path, type and bits; undefined where there is none. */
export function fieldLike(whole: Field, field: Field): Field | undefined {
  const { path, offset, type, bits } = whole;
  if (
    path === field.path &&
    offset === field.offset &&
    type.name === field.type.name &&
    type.size === field.type.size &&
    bits?.first === field.bits?.first &&
    bits?.count === field.bits?.count
  )
    return whole;
  const parts = partsOf(whole);
  const isBelow = field.path.startsWith(path) && field.offset >= offset && field.offset < offset + type.size;
  if (parts === undefined || !isBelow) return undefined;
  const step = type.kind === 'array' ? type.of.size : 0;
  const first = step > 0 ? Math.floor((field.offset - offset) / step) : 0;
  const last = step > 0 ? Math.min(first + 1, parts.count) : type.kind === 'array' ? 0 : parts.count;
  for (let i = first; i < last; i++) {
    const found = fieldLike(parts.at(i), field);
    if (found !== undefined) return found;
  }
  return undefined;
}

function wholeOf({ count }: KeptStructure, type: StructureType): Field {
  return { path: '', type: count === 1 ? type : arrayType(type, count), offset: 0 };
}

function placeOf(kept: KeptBookmark | KeptStructure): Omit<KeptPlace, 'length'> {
  const { memory, tile, offset } = kept;
  return { kept, memory, tile, offset };
}

function keyOf({ memory, tile }: { readonly memory: MemoryType; readonly tile: Tile }): string {
  return `${memory} ${tile.col},${tile.row}`;
}

function add<T>(lists: Map<string, T[]>, key: string, one: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [one]);
  else list.push(one);
}
