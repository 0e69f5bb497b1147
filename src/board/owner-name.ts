/** What the processes that have a partition are called, wherever they are named. */
import type { Localiser } from '../model/localiser.ts';
import type { Owner } from './board.ts';

/** A process as people know it: `graph.elf (1234)`; as much of that as is known. */
export function processName(
  { pid = 0, command = '' }: { readonly pid?: number | undefined; readonly command?: string | undefined },
  l10n: Localiser,
): string {
  if (command === '') return pid > 0 ? l10n.t('process {0}', String(pid)) : l10n.t('an application');
  return pid > 0 ? l10n.t('{0} ({1})', command, String(pid)) : command;
}

/** An owner as a part of a sentence. */
export function ownerName(owner: Owner | undefined, l10n: Localiser): string {
  switch (owner?.kind) {
    case 'kernel':
      return l10n.t('the kernel (XRT)');
    case 'hidden':
      return l10n.t('an owner that cannot be seen');
    default:
      return processName(owner ?? {}, l10n);
  }
}
