/** The bookmarks and structures of a workspace by their places: what lies where, and what comes next. Knows no boards. */
import type { MemoryType, Tile } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import type { PlacedMark } from '../../model/placed-mark.ts';
import { bytesOfField, type Field, fieldsIn } from '../../model/structures/fields.ts';
import { arrayType, type StructureType } from '../../model/structures/types.ts';
import { type KeptBookmark, type KeptMarks, type KeptStructure, typeOfStructure } from './bookmark-file.ts';
import { colourText } from './bookmark-sentences.ts';

/** Fields of one structure that are told of one part of a memory. */
const mostFields = 500;

/** A structure with its type: an array of it where several lie one after the other. */
export interface LaidStructure {
  readonly kept: KeptStructure;
  readonly whole: Field;
}

/** A bookmark or a structure, with its bytes in its tile. */
export interface KeptPlace {
  readonly kept: KeptBookmark | KeptStructure;
  readonly memory: MemoryType;
  readonly tile: Tile;
  /** Tile offset. */
  readonly offset: number;
  readonly length: number;
}

export class KeptPlaces {
  readonly #l10n: Localiser;
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
    this.#laid = marks.structures.flatMap((kept) => {
      const type = typeOfStructure(kept);
      return type === undefined ? [] : [{ kept, whole: wholeOf(kept, type) }];
    });
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
    const fields = (this.#structures.get(key) ?? []).flatMap(({ kept, whole }) =>
      fieldsIn(whole, from - kept.offset, to - kept.offset, mostFields).map(
        (field): PlacedMark => ({
          kind: 'field',
          text: `${kept.name}${field.path}`,
          detail: l10n.t('{0} of {1}', fieldTypeText(field), kept.type),
          offset: kept.offset + field.offset,
          length: bytesOfField(field),
        }),
      ),
    );
    return [...bookmarks, ...fields];
  }

  /** Bookmarks and structures in the order of their places: by memory, column, row, offset. */
  get all(): KeptPlace[] {
    const places = [
      ...this.#marks.bookmarks.map((kept): KeptPlace => ({ ...placeOf(kept), length: kept.length })),
      ...this.#laid.map(({ kept, whole }): KeptPlace => ({ ...placeOf(kept), length: whole.type.size })),
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
