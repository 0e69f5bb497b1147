/** Comparisons in words: how many values differ, what they have in common. Knows no VS Code. */

import type { Outcome } from '../../model/compare/compare.ts';
import type { Tolerance } from '../../model/compare/element.ts';
import type { PlacePattern, ValuePattern } from '../../model/compare/likeliest.ts';
import type { Localiser } from '../../model/localiser.ts';

/** How many of `size` values differ, and how many of them could not be compared. */
export function countText({ mismatches, uncompared }: Outcome, size: number, l10n: Localiser): string {
  if (size === 0) return l10n.t('nothing to compare');
  const unknown = uncompared.count;
  if (unknown === size) return l10n.t('none of {0} values could be compared', size);
  if (mismatches.count > 0) {
    const differ = l10n.t('{0} of {1} values differ', mismatches.count, size - unknown);
    return unknown === 0 ? differ : l10n.t('{0}, {1} were not compared', differ, unknown);
  }
  if (unknown === 0) return l10n.t('all {0} values are as expected', size);
  return l10n.t('{0} values are as expected, {1} were not compared', size - unknown, unknown);
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
