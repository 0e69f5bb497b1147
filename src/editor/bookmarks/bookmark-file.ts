/**
 * Bookmarks and structures as they are kept and shared (docs/bookmarks.md). A file may hold anything: each entry is checked by
 * itself, and what does not fit is left out and told.
 */
import * as v from 'valibot';
import { memoryTypes } from '../../model/geometry.ts';
import { isPartitionKey } from '../../model/partition-key.ts';
import { bookmarkColours } from '../../model/placed-mark.ts';
import { isBoardId } from '../../model/resource.ts';
import { fitting, textUpTo, whole } from '../../model/shapes.ts';
import { longestDefinition } from '../../model/structures/tokens.ts';
import { mostStructureBytes, type StructureType } from '../../model/structures/types.ts';
import { DefinitionBudget, StructureTypes } from './structure-types.ts';

/** As many as a workspace keeps. */
export const mostBookmarks = 1000;
export const mostStructures = 200;
/** Characters of a name. */
export const longestName = 100;
/** Bytes of a file. */
export const mostFileBytes = 4 * 1024 * 1024;
const format = 'tilescope-bookmarks';
const version = 1;
/** Entries of a file that are looked at. */
const mostEntries = 10_000;

const coordinate = whole(0, 9999);
const place = {
  name: v.pipe(textUpTo(longestName), v.trim(), v.minLength(1)),
  memory: v.picklist(memoryTypes),
  tile: v.strictObject({ col: coordinate, row: coordinate }),
  /** Tile offset, bytes. */
  offset: whole(0, mostStructureBytes),
};

/** Fields that are not known are left out: a later version may have more. */
const bookmarkShape = v.object({
  ...place,
  length: whole(1, mostStructureBytes),
  colour: v.picklist(bookmarkColours),
});
const structureShape = v.object({
  ...place,
  /** How many lie one after the other. */
  count: whole(1, mostStructureBytes),
  /** Which type of the definition it is. */
  type: textUpTo(200),
  definition: textUpTo(longestDefinition),
});

export type Bookmark = Readonly<v.InferOutput<typeof bookmarkShape>>;
export type Structure = Readonly<v.InferOutput<typeof structureShape>>;

/** Where something was set: what it is opened in, until another memory with its tile is open. No file has it. */
const homeShape = v.object({
  board: v.pipe(v.string(), v.check(isBoardId)),
  partition: v.custom<string>(isPartitionKey),
});
type Home = Readonly<v.InferOutput<typeof homeShape>>;

/** What a workspace keeps of each. */
interface Kept {
  readonly id: string;
  readonly home?: Home;
}
export type KeptBookmark = Bookmark & Kept;
export type KeptStructure = Structure & Kept;
export interface KeptMarks {
  readonly bookmarks: readonly KeptBookmark[];
  readonly structures: readonly KeptStructure[];
}

const keptFields = { id: textUpTo(40), home: v.exactOptional(homeShape) };
const keptBookmark = v.object({ ...bookmarkShape.entries, ...keptFields });
const keptStructure = v.object({ ...structureShape.entries, ...keptFields });
const listsShape = v.object({
  bookmarks: v.array(v.unknown()),
  structures: v.array(v.unknown()),
  unread: v.optional(v.array(v.unknown()), []),
});
const fileShape = v.object({
  format: v.literal(format),
  version: v.pipe(v.number(), v.safeInteger()),
  bookmarks: v.optional(v.array(v.unknown()), []),
  structures: v.optional(v.array(v.unknown()), []),
});

/** Bytes of a whole structure. */
export function bytesOfStructure({ count }: Pick<Structure, 'count'>, type: StructureType): number {
  return count * type.size;
}

/** Why a structure cannot be laid: its definition cannot be read, it has no bytes or too many, it does not end in its tile. */
export type LayRefusal = 'definition' | 'size' | 'room';

/** @param bytesPerTile of the memory that it is laid in; without one it has what any tile may have at most */
export function layRefusal(
  structure: Structure,
  type: StructureType | undefined,
  bytesPerTile = mostStructureBytes,
): LayRefusal | undefined {
  if (type === undefined) return 'definition';
  const bytes = bytesOfStructure(structure, type);
  if (bytes < 1 || bytes > mostStructureBytes) return 'size';
  return structure.offset + bytes > bytesPerTile ? 'room' : undefined;
}

/** What a workspace has of bookmarks. */
export interface StoredMarks {
  readonly marks: KeptMarks;
  /** Entries that this version cannot use. They stay in the store as they are. */
  readonly unread: readonly unknown[];
  /** How many of these nobody was told of yet. */
  readonly untold: number;
}

/** What a workspace stored, which may be anything. No definition is read for it. */
export function storedMarks(stored: unknown): StoredMarks {
  const [bookmarks, structures, unread]: [KeptBookmark[], KeptStructure[], unknown[]] = [[], [], []];
  if (stored === undefined) return { marks: { bookmarks, structures }, unread, untold: 0 };
  const lists = fitting(listsShape, stored) ?? { bookmarks: [stored], structures: [], unread: [] };
  const budget = new DefinitionBudget();
  const takesBookmark = (one: unknown): boolean => {
    const bookmark = fitting(keptBookmark, one);
    if (bookmark === undefined || bookmarks.length >= mostBookmarks) return false;
    bookmarks.push(bookmark);
    return true;
  };
  const takesStructure = (one: unknown): boolean => {
    const structure = fitting(keptStructure, one);
    if (structure === undefined || structures.length >= mostStructures) return false;
    if (!budget.takes(structure)) return false;
    structures.push(structure);
    return true;
  };
  unread.push(...lists.bookmarks.filter((one) => !takesBookmark(one)));
  unread.push(...lists.structures.filter((one) => !takesStructure(one)));
  const untold = unread.length;
  unread.push(...lists.unread.filter((one) => !takesBookmark(one) && !takesStructure(one)));
  return { marks: { bookmarks, structures }, unread, untold };
}

/** What a workspace stores; undefined where there is nothing. */
export function marksToStore({ marks, unread }: Omit<StoredMarks, 'untold'>): unknown {
  const isEmpty = marks.bookmarks.length + marks.structures.length + unread.length === 0;
  return isEmpty ? undefined : { ...marks, ...(unread.length === 0 ? {} : { unread }) };
}

/** The file of all that is kept: text of JSON, the same for the same. */
export function bookmarkFile({ bookmarks, structures }: KeptMarks): string {
  const plain = {
    format,
    version,
    bookmarks: bookmarks.map(({ name, colour, memory, tile: { col, row }, offset, length }) => ({
      ...{ name, colour, memory, tile: { col, row }, offset, length },
    })),
    structures: structures.map(({ name, memory, tile: { col, row }, offset, count, type, definition }) => ({
      ...{ name, memory, tile: { col, row }, offset, count, type, definition },
    })),
  };
  return `${JSON.stringify(plain, undefined, 2)}\n`;
}

/** An entry of a file that cannot be taken: which, counted from 1, and the field that does not fit. */
export interface LeftOut {
  readonly list: 'bookmarks' | 'structures';
  readonly entry: number;
  /** Empty where the entry is no object. */
  readonly field: string;
}

/** What a file has. */
export interface ReadMarks {
  readonly bookmarks: readonly Bookmark[];
  readonly structures: readonly Structure[];
  readonly leftOut: readonly LeftOut[];
  /** Structures that were not looked at: the definitions before them have as many characters as a file may have. */
  readonly beyond: number;
}

/** Why a file is none of bookmarks. */
export type FileRefusal = 'not-json' | 'not-bookmarks' | 'newer';

/** Reads a file. */
export function readBookmarkFile(text: string, types = new StructureTypes()): ReadMarks | FileRefusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  const file = fitting(fileShape, value);
  if (file === undefined) return 'not-bookmarks';
  if (file.version !== version) return 'newer';
  const leftOut: LeftOut[] = [];
  const entries = <S extends v.GenericSchema>(
    list: LeftOut['list'],
    shape: S,
    wrongField: (one: v.InferOutput<S>) => string | undefined,
  ): v.InferOutput<S>[] =>
    file[list].slice(0, mostEntries).flatMap((one, i) => {
      const checked = v.safeParse(shape, one, { abortEarly: true });
      const field = checked.success
        ? wrongField(checked.output)
        : String(checked.issues[0].path?.[0]?.key ?? '');
      if (checked.success && field === undefined) return [checked.output];
      if (field === undefined) return [];
      leftOut.push({ list, entry: i + 1, field: field.slice(0, longestName) });
      return [];
    });
  const bookmarks = entries('bookmarks', bookmarkShape, () => undefined);
  const budget = new DefinitionBudget();
  let beyond = 0;
  const structures = entries('structures', structureShape, (one) => {
    // Only what is within the budget is read.
    const refusal = budget.takes(one) ? layRefusal(one, types.of(one)) : undefined;
    return refusal === undefined ? undefined : refusal === 'room' ? 'offset' : 'definition';
  }).filter((one) => {
    const isWithin = budget.takes(one);
    if (!isWithin) beyond++;
    return isWithin;
  });
  return { bookmarks, structures, leftOut, beyond };
}

/** What merging a file brought. */
export interface Merged {
  readonly kept: KeptMarks;
  readonly taken: { readonly bookmarks: number; readonly structures: number };
  /** Entries that were there already. */
  readonly known: number;
  /** Entries for which there is no room. */
  readonly surplus: number;
}

const sameFields = ['name', 'memory', 'offset', 'colour', 'length', 'count', 'type', 'definition'] as const;

/** Equal for entries that say the same. */
function keyOf(one: Bookmark | Structure): string {
  const fields: Partial<Bookmark & Structure> = one;
  return JSON.stringify([one.tile.col, one.tile.row, ...sameFields.map((name) => fields[name])]);
}

/** Adds what a file has to what is kept, which stays as it is. */
export function mergedMarks(kept: KeptMarks, read: ReadMarks, newId: () => string): Merged {
  let [known, surplus] = [0, 0];
  const add = <T extends Bookmark | Structure>(
    there: readonly (T & Kept)[],
    more: readonly T[],
    hasRoom: (one: T, count: number) => boolean,
  ) => {
    const all: (T & Kept)[] = [...there];
    const keys = new Set(there.map(keyOf));
    for (const one of more) {
      if (keys.has(keyOf(one))) known++;
      else if (!hasRoom(one, all.length)) surplus++;
      else {
        all.push({ ...one, id: newId() });
        keys.add(keyOf(one));
      }
    }
    return all;
  };
  const budget = new DefinitionBudget();
  for (const one of kept.structures) budget.takes(one);
  const bookmarks = add<Bookmark>(kept.bookmarks, read.bookmarks, (_, count) => count < mostBookmarks);
  const structures = add<Structure>(
    kept.structures,
    read.structures,
    (one, count) => count < mostStructures && budget.takes(one),
  );
  const taken = {
    bookmarks: bookmarks.length - kept.bookmarks.length,
    structures: structures.length - kept.structures.length,
  };
  return { kept: { bookmarks, structures }, taken, known, surplus };
}
