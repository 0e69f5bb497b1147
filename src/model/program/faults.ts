/** What is wrong with a file of a build, and where in it. Every reader of this folder throws these and nothing else. */
import type { Localiser } from '../localiser.ts';
import { hexNumber } from '../numbers.ts';

/** What is wrong. `faultText` has the sentence of each. */
export type FaultKind =
  | 'not-elf'
  | 'not-elf32'
  | 'not-linked'
  | 'machine'
  | 'outside-file'
  | 'entry-size'
  | 'too-many'
  | 'no-end';

/** Where in the file: a byte, counted from 0. */
export interface FaultPlace {
  readonly byte: number;
}

/** A part of a file; `index` counts where there are several of the kind. */
export interface FilePart {
  readonly kind: 'header' | 'sections' | 'section' | 'segments' | 'segment' | 'names';
  readonly index?: number;
}

/** A file that cannot be read as what it should be. */
export class FileFault extends Error {
  readonly kind: FaultKind;
  readonly place: FaultPlace;
  /** What stands there instead; foreign text. */
  readonly found: string;
  readonly part: FilePart;

  constructor(kind: FaultKind, place: FaultPlace, part: FilePart, found = '') {
    super(`${kind} at byte ${place.byte}`);
    this.name = 'FileFault';
    this.kind = kind;
    this.place = place;
    this.part = part;
    this.found = found;
  }
}

function partText({ kind, index = 0 }: FilePart, l10n: Localiser): string {
  switch (kind) {
    case 'header':
      return l10n.t('the header');
    case 'sections':
      return l10n.t('the table of sections');
    case 'section':
      return l10n.t('section {0}', index);
    case 'segments':
      return l10n.t('the table of segments');
    case 'segment':
      return l10n.t('segment {0}', index);
    case 'names':
      return l10n.t('the names');
  }
}

function sentence({ kind, part, found }: FileFault, l10n: Localiser): string {
  switch (kind) {
    case 'not-elf':
      return l10n.t('This is no ELF file.');
    case 'not-elf32':
      return l10n.t(
        'This ELF file is not of 32 bits in little-endian order, as those of AI Engine cores are.',
      );
    case 'not-linked':
      return l10n.t('This ELF file is not a linked program. Choose the one that the core loads.');
    case 'machine':
      return l10n.t(
        'This ELF file is for another processor (machine {0}), not for an AI Engine core.',
        found,
      );
    case 'outside-file':
      return l10n.t('The file ends before {0} does.', partText(part, l10n));
    case 'entry-size':
      return l10n.t('The entries of {0} have the wrong size.', partText(part, l10n));
    case 'too-many':
      return l10n.t('There is more in {0} than any build makes.', partText(part, l10n));
    case 'no-end':
      return l10n.t('A text in {0} has no end.', partText(part, l10n));
  }
}

/** The fault in a sentence, with its place. */
export function faultText(fault: FileFault, l10n: Localiser): string {
  return l10n.t('{0} (byte {1})', sentence(fault, l10n), hexNumber(fault.place.byte));
}
