/** What is true of the values of a plot, in words. */
import type { Localiser } from '../../model/localiser.ts';
import { mostLines } from '../../model/plot/choice.ts';
import type { Plot } from '../../model/plot/picture.ts';
import type { LineFacts } from '../../model/plot/series.ts';
import { shortNumber } from '../../model/plot/ticks.ts';

/** The text that stands for the picture. */
export function plotSummary(plot: Plot, l10n: Localiser): string {
  const { facts, layout, choice, lineCount } = plot;
  const { count, unread, unreadable, stale, nans, infinities, lines } = facts;
  const texts: string[] = [count === 1 ? l10n.t('1 value.') : l10n.t('{0} values.', count)];
  const [first, second] = lines;
  if (first !== undefined && second !== undefined) {
    texts.push(lineText(first, l10n.t('Real part'), l10n));
    texts.push(lineText(second, l10n.t('Imaginary part'), l10n));
  } else if (first !== undefined) texts.push(lineText(first, undefined, l10n));
  const gaps = [
    unread > 0 && l10n.t('{0} not read', unread),
    unreadable > 0 && l10n.t('{0} could not be read', unreadable),
    nans > 0 && l10n.t('{0} NaN', nans),
    infinities > 0 && l10n.t('{0} infinite', infinities),
  ].filter((text) => text !== false);
  texts.push(gaps.length === 0 ? l10n.t('No gaps.') : l10n.t('Gaps: {0}.', gaps.join(', ')));
  if (stale > 0) texts.push(l10n.t('{0} are outdated: they were read before the present epoch.', stale));
  if (layout.left > 0)
    texts.push(l10n.t('{0} more are not drawn: choose an offset, a stride or rows.', layout.left));
  if (choice.kind === 'line' && lineCount > mostLines)
    texts.push(l10n.t('The first {0} of {1} lines are drawn.', mostLines, lineCount));
  return texts.join(' ');
}

function lineText(facts: LineFacts, name: string | undefined, l10n: Localiser): string {
  const { finite, least, leastAt, most, mostAt, mean } = facts;
  if (finite === 0)
    return name === undefined ? l10n.t('No number to draw.') : l10n.t('{0}: no number to draw.', name);
  const [low, high, middle] = [shortNumber(least), shortNumber(most), shortNumber(mean)];
  return name === undefined
    ? l10n.t('Lowest {0} (value {1}), highest {2} (value {3}), mean {4}.', low, leastAt, high, mostAt, middle)
    : l10n.t(
        '{0}: lowest {1} (value {2}), highest {3} (value {4}), mean {5}.',
        name,
        low,
        leastAt,
        high,
        mostAt,
        middle,
      );
}
