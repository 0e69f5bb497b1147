/** Why other programs do not get what they ask for, in words. */
import type { Localiser } from '../model/localiser.ts';
import { ApiError } from './api-error.ts';

export function noMemory(l10n: Localiser): ApiError {
  return new ApiError('no-memory', l10n.t('The partition has no such memory.'));
}

export function freePartition(l10n: Localiser): ApiError {
  return new ApiError(
    'free-partition',
    l10n.t(
      'Nobody uses this partition, so other programs may not read it: an application that starts meanwhile would be refused. Open these bytes in an editor of Tilescope first: what a person has read there is given to them.',
    ),
  );
}

export function programMemory(l10n: Localiser): ApiError {
  return new ApiError(
    'locked',
    l10n.t(
      'Program memory is for people: other programs only read it, in parts, while its core is not running.',
    ),
  );
}

export function changedHands(l10n: Localiser): ApiError {
  return new ApiError('failed', l10n.t('The partition changed hands meanwhile. Try again.'));
}
