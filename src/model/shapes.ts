/**
 * The shapes of the model's things where they come from outside: stored, sent by a page or by a board. Made of valibot, so
 * that what is checked and the type that comes out are written once.
 */
import * as v from 'valibot';
import { addressKinds } from './address-kinds.ts';
import { type CellName, formOf } from './cells/choices.ts';
import { memoryTypes } from './geometry.ts';

/** A whole number between two, both included. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));
}

/** A text of limited length. */
export function textUpTo(most: number) {
  return v.pipe(v.string(), v.maxLength(most));
}

/** A text that is cut where it is too long. */
export function cutText(most: number) {
  return v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, most)),
  );
}

/** A place or a number of things. */
export const countShape = whole(0);

/** The name of a cell format. */
export const cellNameShape = v.custom<CellName>(
  (name) => typeof name === 'string' && formOf(name) !== undefined,
);

/** What the cells of an editor show. */
export const cellChoiceShape = v.object({
  name: cellNameShape,
  order: v.picklist(['little', 'big']),
});

/** Bytes per row that a person can choose; 0: as many as there is room for. */
export const rowLengths = [0, 8, 16, 32, 64] as const;

/** How a tab shows its bytes. */
export const viewChoiceShape = v.object({
  cells: cellChoiceShape,
  bytesPerRow: v.picklist(rowLengths),
  colours: v.boolean(),
  addresses: v.picklist(addressKinds),
  decimal: v.boolean(),
  inspector: v.boolean(),
});

/** The layout of one memory; whether it can be worked with is another question. */
export const geometryShape = v.object({
  type: v.picklist(memoryTypes),
  startCol: v.number(),
  numCols: v.number(),
  startRow: v.number(),
  numRows: v.number(),
  bytesPerTile: v.number(),
  tileBase: v.number(),
});

/** What fits a shape, or `undefined`. */
export function fitting<S extends v.GenericSchema>(shape: S, value: unknown): v.InferOutput<S> | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true });
  return result.success ? result.output : undefined;
}

/** The items of a list that fit a shape; none where there is no list. */
export function fittingItems<S extends v.GenericSchema>(item: S, list: unknown): v.InferOutput<S>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) => {
    const result = v.safeParse(item, one, { abortEarly: true });
    return result.success ? [result.output] : [];
  });
}
