/** Who has a partition, in words. */
import type { Owner, PartitionInfo } from '../board/board.ts';
import { ownerName } from '../board/owner-name.ts';
import type { Localiser } from '../model/localiser.ts';

/** A moment (ms since 1970) as people say it today. */
export type Clock = (at: number) => string;

/** A clock that says the time, and the day too if it is another one than that of `now`. */
export function clockOf(locale: string, now: () => number): Clock {
  return (at) => {
    const moment = new Date(at);
    const sameDay = moment.toDateString() === new Date(now()).toDateString();
    return sameDay
      ? moment.toLocaleTimeString(locale, { timeStyle: 'short' })
      : moment.toLocaleString(locale, { dateStyle: 'short', timeStyle: 'short' });
  };
}

/** How a partition stands, for the line beside its columns. */
export function ownerText(info: PartitionInfo, clock: Clock, l10n: Localiser): string {
  const { owner, hold } = info;
  if (!info.inUse) return info.clocksOn ? l10n.t('free, clocks enabled') : l10n.t('free');
  if (info.ownerGone) return l10n.t('owner gone, held: the application cannot start until released');
  if (hold !== undefined) {
    const until = l10n.t('held for post-mortem until {0}', clock(hold.until));
    return owner?.kind === 'process' ? `${inUseBy(owner, undefined, l10n)}, ${until}` : until;
  }
  if (owner === undefined) return l10n.t('in use');
  switch (owner.kind) {
    case 'kernel':
      return l10n.t('held by the kernel (XRT)');
    case 'hidden':
      return l10n.t('in use, owner hidden');
    case 'process':
      return inUseBy(owner, clock, l10n);
  }
}

function inUseBy(owner: Owner, clock: Clock | undefined, l10n: Localiser): string {
  const name = ownerName(owner, l10n);
  return clock === undefined || owner.startedAt <= 0
    ? l10n.t('in use by {0}', name)
    : l10n.t('in use by {0} since {1}', name, clock(owner.startedAt));
}

/** What menus go by: `partition.free`, then `.picked`, `.clocks`; `partition.used.` and who has it. */
export function partitionContext(info: PartitionInfo): string {
  if (!info.inUse) {
    return `partition.free${info.picked ? '.picked' : ''}${info.clocksOn ? '.clocks' : ''}`;
  }
  if (info.ownerGone) return 'partition.used.gone';
  if (info.hold !== undefined) return 'partition.used.held';
  return `partition.used.${info.owner?.kind ?? 'hidden'}`;
}
