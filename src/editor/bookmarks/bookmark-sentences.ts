/** Bookmarks, structures and their files in words. */
import type { Localiser } from '../../model/localiser.ts';
import type { BookmarkColour } from '../../model/placed-mark.ts';
import type { FileRefusal, LayRefusal, LeftOut, Merged, ReadMarks } from './bookmark-file.ts';
import { mostDefinitionCharacters } from './structure-types.ts';

/** What a colour is called. */
export function colourText(colour: BookmarkColour, l10n: Localiser): string {
  switch (colour) {
    case 'blue':
      return l10n.t('blue');
    case 'green':
      return l10n.t('green');
    case 'orange':
      return l10n.t('orange');
    case 'purple':
      return l10n.t('purple');
    case 'red':
      return l10n.t('red');
    case 'yellow':
      return l10n.t('yellow');
  }
}

/** Why a structure, or a field of it, has no value. */
export function layRefusalText(refusal: LayRefusal, l10n: Localiser): string {
  switch (refusal) {
    case 'definition':
      return l10n.t('definition cannot be read');
    case 'size':
      return l10n.t('no bytes, or too many');
    case 'room':
      return l10n.t('does not end in the tile');
  }
}

/** The definitions of all structures have too many characters. */
export function fullOfDefinitionsText(l10n: Localiser): string {
  return l10n.t(
    'The definitions of all structures may have {0} characters. Remove a structure first.',
    mostDefinitionCharacters,
  );
}

/** Why a file is not taken at all. */
export function fileRefusalText(refusal: FileRefusal, name: string, l10n: Localiser): string {
  switch (refusal) {
    case 'not-json':
      return l10n.t('{0} is not JSON. Choose a file that Export Bookmarks wrote.', name);
    case 'not-bookmarks':
      return l10n.t('{0} has no bookmarks. Choose a file that Export Bookmarks wrote.', name);
    case 'newer':
      return l10n.t(
        '{0} was written by a newer version of Tilescope. Update the extension to read it.',
        name,
      );
  }
}

function leftOutText({ list, entry, field }: LeftOut, l10n: Localiser): string {
  const place = list === 'bookmarks' ? l10n.t('bookmark {0}', entry) : l10n.t('structure {0}', entry);
  return field === '' ? place : l10n.t('{0} ("{1}")', place, field);
}

/** Entries that are named in one message. */
const mostNamed = 3;

/** What importing a file brought. */
export function importedText(
  { taken, known, surplus }: Omit<Merged, 'kept'>,
  { leftOut, beyond }: Pick<ReadMarks, 'leftOut' | 'beyond'>,
  l10n: Localiser,
): string {
  const said = [l10n.t('Taken: {0} bookmarks, {1} structures.', taken.bookmarks, taken.structures)];
  if (known > 0) said.push(l10n.t('{0} were there already.', known));
  if (surplus > 0) said.push(l10n.t('For {0} there is no room: remove some first.', surplus));
  if (beyond > 0) {
    const text = l10n.t(
      'The definitions of a file may have {0} characters: {1} structures are beyond that.',
      mostDefinitionCharacters,
      beyond,
    );
    said.push(text);
  }
  if (leftOut.length > 0) {
    const named = leftOut.slice(0, mostNamed).map((one) => leftOutText(one, l10n));
    const more = leftOut.length > named.length ? ', ...' : '';
    said.push(l10n.t('{0} do not fit the format: {1}{2}.', leftOut.length, named.join(', '), more));
  }
  return said.join(' ');
}
