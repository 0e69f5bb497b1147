/** What is wrong with a file of a build, and where in it. Every reader of this folder throws these and nothing else. */

/** More items of a kind no file of a build has: a reader refuses them as `too-many`. */
export const mostItems = 100_000;

/** What is wrong. `fault-texts.ts` has the sentence of each. */
export type FaultKind =
  | 'not-elf'
  | 'not-elf32'
  | 'not-linked'
  | 'machine'
  | 'outside-file'
  | 'entry-size'
  | 'too-many'
  | 'no-end'
  | 'empty'
  | 'too-large'
  | 'no-file'
  | 'unreadable'
  | 'not-json'
  | 'not-config'
  | 'not-number'
  | 'not-text'
  | 'not-list'
  | 'not-object'
  | 'missing'
  | 'no-device'
  | 'no-tile'
  | 'not-container'
  | 'no-metadata';

/**
 * Where in the file: a byte, counted from 0; a line, counted from 1; or the keys down to a value. Nothing of it where the
 * whole file is meant.
 */
export interface FaultPlace {
  readonly byte?: number;
  readonly line?: number;
  readonly path?: string;
}

/** A part of a file; `index` counts where there are several of the kind. */
export interface FilePart {
  readonly kind: 'header' | 'sections' | 'section' | 'segments' | 'segment' | 'names' | 'file';
  readonly index?: number;
}

/** What is wrong, as plain data: it survives a message channel, which classes do not. */
export type FaultFacts = Pick<FileFault, 'kind' | 'place' | 'part' | 'found'>;

/** A file that cannot be read as what it should be. */
export class FileFault extends Error {
  readonly kind: FaultKind;
  readonly place: FaultPlace;
  /** What stands there instead; foreign text. */
  readonly found: string;
  readonly part: FilePart;

  constructor(kind: FaultKind, place: FaultPlace, part: FilePart = { kind: 'file' }, found = '') {
    super(`${kind} at ${JSON.stringify(place)}`);
    this.name = 'FileFault';
    this.kind = kind;
    this.place = place;
    this.part = part;
    this.found = found;
  }
}
