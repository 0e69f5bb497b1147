/** Comparisons in words: how many values differ, what they have in common, what is wrong with a file. Knows no VS Code. */

import type { Tolerance } from '../../model/compare/element.ts';
import type { PlacePattern, ValuePattern } from '../../model/compare/likeliest.ts';
import type { FileError } from '../../model/files/file-error.ts';
import type { Localiser } from '../../model/localiser.ts';

/** How many values differ. */
export function countText(mismatches: number, size: number, l10n: Localiser): string {
  if (size === 0) return l10n.t('nothing to compare');
  if (mismatches === 0) return l10n.t('all {0} values are as expected', size);
  return l10n.t('{0} of {1} values differ', mismatches, size);
}

/** Where the mismatches lie, and the evidence. `place` names an element's place. */
export function placePatternText(
  pattern: PlacePattern,
  place: (element: number) => string,
  l10n: Localiser,
): { readonly label: string; readonly evidence: string } {
  const first = place(pattern.first);
  if (pattern.kind === 'stride') {
    const { step, length, hits, places } = pattern;
    const label =
      length === 1
        ? l10n.t('Every {0}th value differs, from {1} on', step, first)
        : l10n.t('{0} values of every {1} differ, from {2} on', length, step, first);
    return { label, evidence: l10n.t('stride {0}; {1} of the {2} values there', step, hits, places) };
  }
  const { length, hits, toEnd } = pattern;
  return {
    label: toEnd
      ? l10n.t('All differ from {0} on, to the end', first)
      : l10n.t('They lie together, from {0} on', first),
    evidence: l10n.t('{0} of the {1} values there, none elsewhere', hits, length),
  };
}

/** What became of the expected values, and the evidence. `value` gives the text of an element that the memory holds. */
export function valuePatternText(
  pattern: ValuePattern,
  value: (element: number) => string,
  l10n: Localiser,
): { readonly label: string; readonly evidence: string } {
  const { explained, of } = pattern;
  const evidence =
    pattern.kind === 'rounding'
      ? l10n.t('a tolerance of {0} would accept them all', number(pattern.most))
      : l10n.t('{0} of the {1} that were tried', explained, of);
  return { label: changeText(pattern, value, l10n), evidence };
}

function changeText(pattern: ValuePattern, value: (element: number) => string, l10n: Localiser): string {
  switch (pattern.kind) {
    case 'byte-order':
      return l10n.t('Their bytes are in the other order');
    case 'swapped-parts':
      return l10n.t('Real and imaginary part changed places');
    case 'shift':
      return pattern.bytes > 0
        ? l10n.t('They stand {0} bytes too far behind', pattern.bytes)
        : l10n.t('They stand {0} bytes too far in front', -pattern.bytes);
    case 'scale':
      return l10n.t('They are {0} times what is expected', number(pattern.factor));
    case 'added':
      return pattern.difference > 0
        ? l10n.t('They are {0} more than expected', number(pattern.difference))
        : l10n.t('They are {0} less than expected', number(-pattern.difference));
    case 'constant':
      return l10n.t('All of them are {0}', value(pattern.from));
    case 'rounding':
      return l10n.t('None is farther than {0} from what is expected', number(pattern.most));
  }
}

function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** A tolerance as it is typed. */
export function toleranceInput({ absolute, relative }: Tolerance): string {
  const part = `${number(100 * relative)} %`;
  return relative === 0 ? String(absolute) : absolute === 0 ? part : `${absolute} + ${part}`;
}

/** Reads a tolerance: `0.5`, `0.1 %`, or both with a plus between them; undefined if it is none. */
export function parseTolerance(typed: string): Tolerance | undefined {
  const part = String.raw`(\d*\.?\d+(?:e[+-]?\d+)?)`;
  const [whole, absolute, relative] =
    new RegExp(`^(?:${part}(?!\\s*%))?\\s*\\+?\\s*(?:${part}\\s*%)?$`, 'i').exec(typed.trim()) ?? [];
  if (whole === undefined || (absolute === undefined && relative === undefined)) return undefined;
  const tolerance = { absolute: Number(absolute ?? 0), relative: Number(relative ?? 0) / 100 };
  return Number.isFinite(tolerance.absolute) && Number.isFinite(tolerance.relative) ? tolerance : undefined;
}

/** What is wrong with a file, with the place, as a sentence with the next step. */
export function fileSentence({ code, facts }: FileError, l10n: Localiser): string {
  const fact = (key: string): string | number => facts[key] ?? '';
  switch (code) {
    case 'file-empty':
      return l10n.t('The file holds nothing to compare with. Choose another one.');
    case 'file-too-large':
      return l10n.t(
        'The file holds more than {0}, which is more than any memory. Choose another one.',
        fact('most'),
      );
    case 'file-cut':
      return l10n.t('The file ends too early: its header promises {0} bytes. Write it anew.', fact('bytes'));
    case 'npy-header':
      return l10n.t('The header of this NumPy file is damaged at byte {0}. Write it anew.', fact('offset'));
    case 'npy-version':
      return l10n.t(
        'This NumPy file has format version {0}; 1, 2 and 3 are known. Save it with numpy.save.',
        fact('text'),
      );
    case 'npy-type':
      return l10n.t(
        'This NumPy file holds "{0}", which are no numbers of 1 to 8 bytes. Convert it with astype.',
        fact('text'),
      );
    case 'no-number':
      return l10n.t(
        'Line {0} has "{1}", which is no number. If the file is not text, give it the ending .bin.',
        fact('line'),
        fact('text'),
      );
    case 'csv-row':
      return l10n.t(
        'Line {0} begins with "{1}"; DATA and STALL are known. Correct the file.',
        fact('line'),
        fact('text'),
      );
    case 'hex-record':
      return l10n.t(
        'Line {0} is no Intel HEX record: "{1}". Write the file anew.',
        fact('line'),
        fact('text'),
      );
    case 'hex-checksum':
      return l10n.t('The checksum of line {0} is wrong: the file is damaged. Write it anew.', fact('line'));
    case 'hex-overlap':
      return l10n.t(
        'Line {0} has bytes for an address that another line has, too. Correct the file.',
        fact('line'),
      );
    case 'json':
      return l10n.t('This JSON file holds no numbers of a memory ({0}). Choose another one.', fact('text'));
    case 'file-outside':
      return l10n.t(
        'The file has bytes for {0}, which this memory does not have. Open the memory it is of.',
        fact('text'),
      );
    case 'number-outside':
      return facts['line'] === undefined
        ? l10n.t(
            'The file has {0}, which does not fit into {1}. Choose another type.',
            fact('text'),
            fact('type'),
          )
        : l10n.t(
            'Line {0} has {1}, which does not fit into {2}. Choose another type.',
            fact('line'),
            fact('text'),
            fact('type'),
          );
  }
}
