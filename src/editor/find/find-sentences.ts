/** What is wrong with a pattern, and what a replacement did, in words. Knows nothing of VS Code. */
import type { FindProblem } from '../../model/find/query.ts';
import type { Localiser } from '../../model/localiser.ts';

/** One sentence with what helps; empty for a text that nobody typed yet. */
export function problemText(problem: FindProblem, l10n: Localiser): string {
  switch (problem.kind) {
    case 'empty':
      return '';
    case 'too-long':
      return l10n.t('The text is too long to be searched for.');
    case 'no-digit':
      return l10n.t('Character {0} is no hexadecimal digit and no ?.', problem.at + 1);
    case 'half-byte':
      return l10n.t('The byte at character {0} has one digit only. Type two, or ? for any.', problem.at + 1);
    case 'no-value':
      return problem.refusal.kind === 'outside'
        ? l10n.t(
            '{0} does not fit: values are from {1} to {2}.',
            problem.value,
            problem.refusal.least,
            problem.refusal.most,
          )
        : l10n.t('{0} is no value of this type.', problem.value);
    case 'empty-range':
      return l10n.t('{0} has no values: type the lower end first.', problem.value);
    case 'no-tolerance':
      return l10n.t('{0} has no tolerance: type a number from 0 on behind ~.', problem.value);
    case 'unpaired':
      return l10n.t(
        'Character {0} has no partner. Type \\ before it if it stands for itself.',
        problem.at + 1,
      );
    case 'nothing-repeated':
      return l10n.t('Nothing is repeated at character {0}.', problem.at + 1);
    case 'unclear':
      return l10n.t(
        'What begins at character {0} cannot be read: check the numbers in braces, the range in brackets, or what stands behind \\.',
        problem.at + 1,
      );
    case 'unsupported':
      return l10n.t(
        'Character {0} begins an anchor, a look-around or a reference: expressions over bytes have none.',
        problem.at + 1,
      );
    case 'fits-nothing':
      return l10n.t(
        'The expression needs no byte, so that it would be found everywhere. Type + instead of * where one byte is needed.',
      );
    case 'too-large':
      return l10n.t('The expression is too large. Repeat less.');
  }
}

/** What a replacement left. */
interface Left {
  /** Hits that have another length, or are not what was found any more. */
  readonly hits: number;
  /** Bytes that were not searched: they were not read, or cannot be. */
  readonly unseen: number;
  /** How much was searched, percent, where the search ended before its end. */
  readonly searched?: number;
}

/** What a replacement did, and what it left. */
export function replacedText(count: number, { hits, unseen, searched }: Left, l10n: Localiser): string {
  return [
    count === 1
      ? l10n.t('1 hit replaced. It is staged until you apply it.')
      : l10n.t('{0} hits replaced. They are staged until you apply them.', count),
    ...(hits === 0 ? [] : [l10n.t('{0} hits were left as they are.', hits)]),
    ...(searched === undefined ? [] : [l10n.t('Hits behind the first {0} % were not looked for.', searched)]),
    ...(unseen === 0
      ? []
      : [l10n.t('{0} bytes were not searched: they were not read, or cannot be.', unseen)]),
  ].join(' ');
}
