/** What is wrong with a definition, and where. */

/** What is wrong. `fault-texts.ts` has the sentence of each. */
export type StructureFaultKind =
  | 'unexpected'
  | 'no-end'
  | 'unknown-type'
  | 'incomplete'
  | 'twice'
  | 'not-supported'
  | 'may-change-layout'
  | 'not-number'
  | 'divided-by-zero'
  | 'bad-alignment'
  | 'bad-bits'
  | 'bad-count'
  | 'no-type'
  | 'too-large'
  | 'too-deep'
  | 'too-long';

/** Where in a text: both count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** A definition cannot be used. */
export class StructureFault extends Error {
  override readonly name = 'StructureFault';
  readonly kind: StructureFaultKind;
  readonly place: TextPlace;
  /** What stands there, as far as that helps; at most 40 characters. */
  readonly found: string;

  constructor(kind: StructureFaultKind, place: TextPlace, found = '') {
    super(`${kind} at ${place.line}:${place.column}`);
    this.kind = kind;
    this.place = place;
    this.found = found.length > 40 ? `${found.slice(0, 37)}...` : found;
  }
}
