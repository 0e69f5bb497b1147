/** Everything around the bytes in words: title, read time, banner, what became of an apply, refusals of the session. */
import type { PartitionInfo, WriteOutcome } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { formatTile, type Tile } from '../model/geometry.ts';
import type { MemoryResource } from '../model/resource.ts';
import { SessionError } from '../session/errors.ts';
import type { ApplyReport, SessionState } from '../session/types.ts';
import type { Banner } from './messages.ts';
import type { Localiser } from './webview-strings.ts';

/** What the banner is chosen from. */
export interface BannerFacts {
  readonly state: SessionState;
  readonly boardLabel: string;
  readonly stagedBytes: number;
  readonly conflictBytes: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A failure of board or session as one text: the sentence and the next step. */
export type Describe = (error: BoardError) => string;

/** The line above the grid that matters most; `undefined` when all is well. */
export function bannerFor(facts: BannerFacts, describe: Describe, l10n: Localiser): Banner | undefined {
  const { state } = facts;
  const connect = { command: 'connect', label: l10n.t('Connect Now') } as const;
  const refresh = { command: 'refresh', label: l10n.t('Read Again') } as const;
  switch (state.link.kind) {
    case 'disconnected':
      return {
        kind: 'info',
        text: l10n.t('{0} is not connected. Staged edits stay here.', facts.boardLabel),
        actions: [{ command: 'connect', label: l10n.t('Connect') }],
      };
    case 'connecting':
      // Attempts that follow a loss look like what they are part of.
      return state.link.attempt > 1
        ? {
            kind: 'error',
            text: l10n.t('Offline. Connecting to {0} again. Staged edits stay here.', facts.boardLabel),
            actions: [],
          }
        : { kind: 'info', text: l10n.t('Connecting to {0}...', facts.boardLabel), actions: [] };
    case 'offline': {
      const wait = waitText(state.link.retryAt, facts.now, l10n);
      return {
        kind: 'error',
        text: `${l10n.t('Offline.')} ${describe(state.link.error)}${wait}`,
        actions: [connect, { command: 'show-log', label: l10n.t('Show Log') }],
      };
    }
    case 'connected':
      break;
  }
  if (state.epochChanged) {
    return {
      kind: 'warning',
      text: l10n.t(
        'Since these edits were staged, the partition changed hands, was reset, or was out of sight: other bytes may lie under them now. Apply is refused until the edits are re-based.',
      ),
      actions: [
        { command: 'rebase', label: l10n.t('Re-base') },
        { command: 'revert', label: l10n.t('Discard') },
      ],
    };
  }
  if (facts.conflictBytes > 0) {
    return {
      kind: 'warning',
      text:
        facts.conflictBytes === 1
          ? l10n.t(
              'A staged byte lies over one that the board has changed since. Apply leaves it alone until you decide.',
            )
          : l10n.t(
              '{0} staged bytes lie over bytes that the board has changed since. Apply leaves them alone until you decide.',
              facts.conflictBytes,
            ),
      actions: [
        { command: 'keep-mine', label: l10n.t('Keep Staged Bytes') },
        { command: 'discard-conflicts', label: l10n.t("Take the Board's Bytes") },
      ],
    };
  }
  const error = state.lastError;
  if (error?.code === 'unknown-driver') {
    return {
      kind: 'warning',
      text: describe(error),
      actions: [{ command: 'allow-driver', label: l10n.t('Show What Was Found') }],
    };
  }
  if (error !== undefined && error.code !== 'cancelled') {
    return {
      kind: 'error',
      text: describe(error),
      actions: [refresh, { command: 'show-log', label: l10n.t('Show Log') }],
    };
  }
  if (state.stale) {
    return {
      kind: 'warning',
      text:
        state.partition?.inUse === true
          ? l10n.t('In use by {0}. These bytes were read before.', ownerName(state.partition, l10n))
          : l10n.t(
              'These bytes may be outdated: since they were read, the partition changed hands, was reset, or was out of sight.',
            ),
      actions: [refresh],
    };
  }
  if (state.partition?.inUse === true && state.policy === 'locked') {
    const owner = ownerName(state.partition, l10n);
    if (state.lockedBecause?.code === 'locked') {
      return {
        kind: 'info',
        text: l10n.t(
          'In use by {0}. It is read beside its owner, and cannot be written before it is free.',
          owner,
        ),
        actions: [],
      };
    }
    if (state.lockedBecause !== undefined) {
      return {
        kind: 'info',
        text: `${l10n.t('In use by {0}.', owner)} ${describe(state.lockedBecause)}`,
        actions: [],
      };
    }
    return {
      kind: 'info',
      text: l10n.t('In use by {0}. It is read beside its owner and locked against editing.', owner),
      actions: [{ command: 'unlock', label: l10n.t('Unlock') }],
    };
  }
  return undefined;
}

/**
 * The banner while program memory of a running core is on screen: offers to read it anyway, unless something that matters
 * more is said.
 */
export function withRunningCore(
  banner: Banner | undefined,
  tile: Tile | undefined,
  l10n: Localiser,
): Banner | undefined {
  if (tile === undefined || (banner !== undefined && banner.kind !== 'info')) return banner;
  const action = { command: 'read-running', label: l10n.t('Read Anyway...') } as const;
  return banner === undefined
    ? {
        kind: 'info',
        text: l10n.t(
          'The core of tile {0} is running, so its program memory is left alone.',
          formatTile(tile),
        ),
        actions: [action],
      }
    : { ...banner, actions: [...banner.actions, action] };
}

function waitText(retryAt: number | undefined, now: number, l10n: Localiser): string {
  if (retryAt === undefined) return '';
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000));
  return ` ${l10n.t('Reconnecting in {0} s.', seconds)}`;
}

/** The process that holds a partition, as people call it. */
function ownerName(partition: PartitionInfo, l10n: Localiser): string {
  const owner = partition.owner;
  if (owner === undefined || owner.pid === 0) return l10n.t('another process');
  return owner.command === '' ? `${owner.pid}` : `${owner.command} (${owner.pid})`;
}

/** Board, columns, memory and tile of an editor, in words. */
export function titleOf(
  resource: MemoryResource,
  boardLabel: string,
  memory: string,
  l10n: Localiser,
): string {
  const { startCol, numCols } = resource.columns;
  const place =
    resource.tile === undefined
      ? l10n.t('columns {0} to {1}', startCol, startCol + numCols - 1)
      : l10n.t('tile {0}', formatTile(resource.tile));
  return `${boardLabel} \u00b7 ${memory} \u00b7 ${place}`;
}

/** When the shown bytes were read. */
export function readAtText(
  readAt: number | undefined,
  stale: boolean,
  locale: string,
  l10n: Localiser,
): string {
  if (readAt === undefined) return l10n.t('Not read yet');
  const time = new Date(readAt).toLocaleTimeString(locale);
  return stale ? l10n.t('Read at {0}, outdated', time) : l10n.t('Read at {0}', time);
}

/** What became of an apply that left something behind; `undefined` if every byte is on the device. */
export function applyProblem(report: ApplyReport, l10n: Localiser): string | undefined {
  if (report.kept === 0) return undefined;
  const bytes = (outcome: WriteOutcome): number =>
    report.spans.filter((span) => span.outcome === outcome).reduce((sum, span) => sum + span.length, 0);
  const parts = [l10n.t('{0} bytes were written and verified.', report.applied)];
  const conflicts = bytes('conflict');
  if (conflicts > 0) {
    parts.push(l10n.t('{0} were not, because the board had changed them meanwhile.', conflicts));
  }
  const refused = bytes('refused');
  if (refused > 0) {
    parts.push(
      l10n.t(
        '{0} were refused: their tile is off, its core is running, or its owner is in the way.',
        refused,
      ),
    );
  }
  const unreadable = bytes('unreadable');
  if (unreadable > 0) parts.push(l10n.t('{0} could not be accessed.', unreadable));
  parts.push(l10n.t('What was not written stays staged.'));
  return parts.join(' ');
}

/** Anything thrown by board or session, as a sentence. */
export function sentenceOf(thrown: unknown, describe: Describe, l10n: Localiser): string {
  if (thrown instanceof BoardError) return describe(thrown);
  if (!(thrown instanceof SessionError)) {
    return describe(new BoardError('internal', thrown instanceof Error ? thrown.message : String(thrown)));
  }
  switch (thrown.code) {
    case 'bytes-unknown':
      return l10n.t('These bytes were not read yet. Read them, then edit.');
    case 'bytes-unreadable':
      return l10n.t('These bytes cannot be read, so they cannot be edited.');
    case 'journal-version':
      return l10n.t('The kept edits were made by another version of Tilescope and cannot be restored here.');
    case 'journal-damaged':
      return l10n.t('The kept edits are damaged and cannot be restored.');
    case 'journal-mismatch':
      return l10n.t('The kept edits belong to another memory layout and cannot be restored.');
  }
}
