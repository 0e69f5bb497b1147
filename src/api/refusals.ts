/** Why other programs do not get what they ask for, in words. */
import type { TilescopeErrorCode } from '../../api/tilescope.d.ts';
import { type BoardErrorCode, toBoardError } from '../board/errors.ts';
import type { Localiser } from '../model/localiser.ts';
import { ApiError } from './api-error.ts';
import type { ApiServices } from './api-services.ts';

/** What other programs are told of failures of a board; of all others `failed`. */
const codes: Partial<Record<BoardErrorCode, TilescopeErrorCode>> = {
  cancelled: 'cancelled',
  'not-asked': 'free-partition',
  locked: 'locked',
  'no-memory-types': 'no-memory',
  'no-partition': 'no-partition',
  'out-of-range': 'outside',
  'connection-lost': 'no-board',
  timeout: 'timeout',
};

/** Anything thrown, as other programs get it; notes what is none of their doing. */
export function apiErrorOf(
  thrown: unknown,
  { note, sentence }: Pick<ApiServices, 'note' | 'sentence'>,
): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const { code } = toBoardError(thrown);
  if (code !== 'cancelled') note(thrown);
  return new ApiError(codes[code] ?? 'failed', sentence(thrown));
}

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

export function outside(l10n: Localiser): ApiError {
  return new ApiError('outside', l10n.t('These bytes are not all within the memory.'));
}

export function noBoard(l10n: Localiser): ApiError {
  return new ApiError('no-board', l10n.t('The board is not connected. Connect it in the sidebar first.'));
}
