/** What is wrong with a definition, in words. */
import type { Localiser } from '../localiser.ts';
import type { StructureFault } from './faults.ts';

function problemText({ kind, found }: StructureFault, l10n: Localiser): string {
  switch (kind) {
    case 'unexpected':
      return found === ''
        ? l10n.t('Something is missing at the end of the text.')
        : l10n.t('"{0}" is not expected here.', found);
    case 'no-end':
      return l10n.t('A comment or a character that begins here has no end.');
    case 'unknown-type':
      return l10n.t('The type "{0}" is not known. Put its definition above.', found);
    case 'incomplete':
      return l10n.t('"{0}" has no members here. Put its definition above.', found);
    case 'twice':
      return l10n.t('"{0}" is defined twice.', found);
    case 'not-supported':
      return l10n.t('"{0}" is not supported here. Leave it out.', found);
    case 'may-change-layout':
      return l10n.t(
        '"{0}" may change where members lie. Write what it stands for, such as __attribute__((packed)).',
        found,
      );
    case 'not-number':
      return l10n.t('"{0}" is no whole number that is known here.', found);
    case 'divided-by-zero':
      return l10n.t('This divides by zero.');
    case 'bad-alignment':
      return l10n.t('"{0}" is no alignment: write a power of two up to 4096.', found);
    case 'bad-bits':
      return l10n.t('"{0}" is no width of a bit-field of this type.', found);
    case 'bad-count':
      return l10n.t('"{0}" is no number of elements.', found);
    case 'no-type':
      return l10n.t('The text defines no struct, no union and no typedef.');
    case 'too-large':
      return l10n.t('"{0}" is larger than any memory of a tile.', found);
    case 'too-deep':
      return l10n.t('This is nested too deeply.');
    case 'too-long':
      return l10n.t('The text is too long, or defines too much. Keep what is needed.');
  }
}

/** The sentence of a fault, with its line and column. */
export function structureFaultText(fault: StructureFault, l10n: Localiser): string {
  const { line, column } = fault.place;
  return l10n.t('Line {0}, column {1}: {2}', line, column, problemText(fault, l10n));
}
