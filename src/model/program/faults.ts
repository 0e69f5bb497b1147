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
  | 'no-end'
  | 'empty'
  | 'too-large'
  | 'unreadable'
  | 'not-json'
  | 'not-config'
  | 'not-number'
  | 'not-text'
  | 'not-list'
  | 'not-object'
  | 'missing';

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
    case 'file':
      return l10n.t('the file');
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
    case 'empty':
      return l10n.t('This file is empty.');
    case 'too-large':
      return l10n.t('This file is larger than any that a build leaves.');
    case 'unreadable':
      return l10n.t('This file cannot be read: {0}', found);
    case 'not-json':
      return l10n.t('This is no JSON.');
    case 'not-config':
      return l10n.t('This is JSON, but not what aiecompiler writes: it has no aie_metadata.');
    case 'not-number':
      return l10n.t('A whole number of a sensible size should stand here.');
    case 'not-text':
      return l10n.t('A text should stand here.');
    case 'not-list':
      return l10n.t('A list should stand here.');
    case 'not-object':
      return l10n.t('An object should stand here.');
    case 'missing':
      return l10n.t('{0} is missing here.', found);
  }
}

/** The fault in a sentence, with its place. */
export function faultText(fault: FileFault, l10n: Localiser): string {
  const { byte, line, path } = fault.place;
  const what = sentence(fault, l10n);
  if (byte !== undefined) return l10n.t('{0} (byte {1})', what, hexNumber(byte));
  if (line !== undefined) return l10n.t('{0} (line {1})', what, line);
  return path === undefined || path === '' ? what : l10n.t('{0} (at {1})', what, path);
}
