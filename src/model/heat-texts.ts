/** What is said of heat. Pure; loaded with the first survey. */
import type { UnreadableReason } from './byte-state.ts';
import type { Localiser } from './localiser.ts';
import { reasonText } from './status/sentences.ts';

/** What heat does not tell. */
export function coldNote(l10n: Localiser): string {
  return l10n.t('A few words of each tile are compared: something small may change unseen.');
}

/** A step in a few words; empty for 0. */
function heatText(step: number, l10n: Localiser): string {
  switch (step) {
    case 0:
      return '';
    case 1:
      return l10n.t('little changes');
    case 2:
      return l10n.t('some of it changes');
    case 3:
      return l10n.t('much of it changes');
    default:
      return l10n.t('most of it changes');
  }
}

/** Beside a tile: its step, or in short why it cannot be looked at; empty for a cold one. */
export function besideTile(step: number, reason: UnreadableReason | undefined, l10n: Localiser): string {
  if (reason === 'gated') return l10n.t('clock off');
  return reason === undefined ? heatText(step, l10n) : l10n.t('cannot be looked at');
}

/** In the hover of a tile: its step, or why it cannot be looked at. */
export function ofTile(step: number, reason: UnreadableReason | undefined, l10n: Localiser): string {
  return l10n.t('Memory: {0}', reason === undefined ? heatText(step, l10n) : reasonText(reason, l10n));
}

/**
 * Below all tiles: what their bars mean.
 * @param unreadable how many tiles cannot be looked at
 * @param isPart one of the tiles' memories could not be looked at
 */
export function ofAllTiles(unreadable: number, isPart: boolean, l10n: Localiser): string {
  const sentences = [
    l10n.t('Memory that changed lately, by a few words of each tile: something small may change unseen.'),
  ];
  if (unreadable === 1) sentences.push(l10n.t('One tile cannot be looked at.'));
  if (unreadable > 1) sentences.push(l10n.t('{0} tiles cannot be looked at.', `${unreadable}`));
  if (isPart)
    sentences.push(l10n.t('One kind of memory could not be looked at. It is tried again by itself.'));
  return sentences.join(' ');
}

/** Why there are no bars. */
export function pauseText(pause: 'free' | 'failed', l10n: Localiser): string {
  return pause === 'free'
    ? l10n.t('Nobody uses the partition: where its memory changes is not looked at.')
    : l10n.t('Where memory changes could not be looked at. It is tried again by itself.');
}
