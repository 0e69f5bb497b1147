/** Watches in words. */
import type { Localiser } from '../../model/localiser.ts';
import type { WatchAbsence, WatchHistory, WatchHit, WatchNow } from './watch-model.ts';
import type { KeptWatch } from './watch-store.ts';

/** What stands behind the label of a watch: its value, or why there is none, and its condition. */
export function valueText({ value, absence, isFree, condition, isTrue }: WatchNow, l10n: Localiser): string {
  const old = value === undefined ? '' : l10n.t('last {0}: ', value);
  const now = absence === undefined ? `= ${value ?? ''}` : `${old}${absenceText(absence, isFree, l10n)}`;
  const free = absence === undefined && isFree ? ` · ${l10n.t('partition is free')}` : '';
  if (condition === undefined) return `${now}${free}`;
  return `${now} · ${isTrue ? l10n.t('{0} is true', condition) : l10n.t('when {0}', condition)}${free}`;
}

/** What stands behind the label of a watch, with the ends of a value that moves: VS Code closes the tooltip of such a row. */
export function rowText(watch: WatchNow, l10n: Localiser): string {
  const text = valueText(watch, l10n);
  const history = watch.absence === undefined ? watch.history() : undefined;
  if (history === undefined || history.lowest === history.highest) return text;
  return `${text} · ${l10n.t('{0} to {1}', history.lowest, history.highest)}`;
}

/** How a value changed. */
export function historyText({ line, lowest, highest }: WatchHistory, l10n: Localiser): string {
  const seconds = (milliseconds: number): string => l10n.t('{0} s', Math.floor(milliseconds / 1000));
  const range = l10n.t('In the last {0}: lowest {1}, highest {2}.', seconds(line.lasts), lowest, highest);
  return line.unseen < 1000
    ? range
    : `${range} ${l10n.t('Not followed for {0} of it.', seconds(line.unseen))}`;
}

/** Why there is no value of now. */
function absenceText(absence: WatchAbsence, isFree: boolean, l10n: Localiser): string {
  switch (absence) {
    case 'no-board':
      return l10n.t('its board is not in the sidebar');
    case 'disconnected':
      return l10n.t('not connected');
    case 'outside':
      return l10n.t('not part of this memory');
    case 'unreadable':
      return l10n.t('cannot be read');
    case 'unknown':
      return isFree ? l10n.t('partition is free') : l10n.t('not read yet');
  }
}

/** What is done when a condition becomes true. */
export function actionText(action: KeptWatch['action'], l10n: Localiser): string {
  switch (action) {
    case 'notify':
      return l10n.t('Notify');
    case 'log':
      return l10n.t('Write a line to the log');
    case 'snapshot':
      return l10n.t('Save a snapshot of the tile');
    case 'freeze':
      return l10n.t('Freeze all views');
  }
}

/** What became true. */
export function hitText({ watch, more }: WatchHit, l10n: Localiser): string {
  const { label, condition = '', value = '' } = watch;
  const text = l10n.t('{0}: {1} became true, the value is {2}.', label, condition, value);
  return more === 0 ? text : `${text} ${l10n.t('And {0} more times since the last message.', more)}`;
}
