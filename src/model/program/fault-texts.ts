/** What is wrong with a file of a build, in words. */
import type { Localiser } from '../localiser.ts';
import { hexNumber } from '../numbers.ts';
import type { FaultFacts, FilePart } from './faults.ts';

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

function sentence({ kind, part, found }: FaultFacts, l10n: Localiser): string {
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
    case 'no-file':
      return l10n.t('This is neither a file nor a folder.');
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
    case 'no-device':
      return l10n.t('This module has no aie.device.');
    case 'no-tile':
      return l10n.t('The module has no tile {0}.', found);
    case 'not-container':
      return l10n.t('This is no xclbin.');
    case 'no-metadata':
      return l10n.t('This xclbin has no AIE_METADATA section (mlir-aie writes none): it names nothing.');
  }
}

/** The fault in a sentence, with its place. */
export function faultText(fault: FaultFacts, l10n: Localiser): string {
  const { byte, line, path } = fault.place;
  const what = sentence(fault, l10n);
  if (byte !== undefined) return l10n.t('{0} (byte {1})', what, hexNumber(byte));
  if (line !== undefined) return l10n.t('{0} (line {1})', what, line);
  return path === undefined || path === '' ? what : l10n.t('{0} (at {1})', what, path);
}
