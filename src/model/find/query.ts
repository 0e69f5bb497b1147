/** What a person searches for, as typed and chosen, and what may be wrong with it. Knows no memory and no words. */
import type { CellChoice, CellName } from '../cells/choices.ts';
import type { CellRefusal } from '../cells/format.ts';

/** How a text is meant. */
export const findKinds = ['hex', 'text', 'value', 'expression'] as const;
export type FindKind = (typeof findKinds)[number];

/** The types of values that are offered. */
export const valueNames: readonly CellName[] = [
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'cint16',
  'cint32',
  'cfloat',
];

/** Where values may begin: at multiples of so many bytes; 0: of their own size. */
export const alignments = [0, 1, 2, 4, 8, 16, 32] as const;

/** Longer texts are no patterns. */
export const longestPattern = 4096;

/** What to search for. */
export interface FindQuery {
  readonly kind: FindKind;
  readonly text: string;
  /** Of text and expressions; without it the letters A to Z are found in both cases. */
  readonly matchCase: boolean;
  /** Of values: as what they are read. */
  readonly cells: CellChoice;
  /** Of values: they begin at multiples of so many bytes, counted from the first byte of their tile; 0: of their own size. */
  readonly align: number;
}

/** Why a text is no pattern. `at` is the index of the character that is wrong. */
export type FindProblem =
  | { readonly kind: 'empty' | 'too-long' }
  /** A character that is no hexadecimal digit and no `?`, or a byte with one digit. */
  | { readonly kind: 'no-digit' | 'half-byte'; readonly at: number }
  /** One of the values, as typed, is none of the type. */
  | { readonly kind: 'no-value'; readonly value: string; readonly refusal: CellRefusal }
  /** The first end of a range is above the second one. */
  | { readonly kind: 'empty-range'; readonly value: string }
  /** What stands behind `~` is no number from 0 on. */
  | { readonly kind: 'no-tolerance'; readonly value: string }
  /** Nothing opens what is closed, or the other way round. */
  | { readonly kind: 'unpaired'; readonly at: number }
  /** Nothing stands before `*`, `+`, `?` or `{`. */
  | { readonly kind: 'nothing-repeated'; readonly at: number }
  /** Numbers in `{}`, ranges in `[]`, or what stands behind `\`. */
  | { readonly kind: 'unclear'; readonly at: number }
  /** Anchors, look-around and references to groups. */
  | { readonly kind: 'unsupported'; readonly at: number }
  /** The expression fits an empty run of bytes, too: there would be a hit at every place. */
  | { readonly kind: 'fits-nothing' }
  /** Repetitions make it too large. */
  | { readonly kind: 'too-large' };

/** Ends the reading of a text that is no pattern; it does not leave this folder. */
export class NoPattern extends Error {
  override readonly name = 'NoPattern';
  readonly problem: FindProblem;

  constructor(problem: FindProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}
