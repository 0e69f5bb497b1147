/** What the line above the grid says is the matter, with the ways out. Needed by pages only. */
import type { PartitionInfo } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import { ownerName, processName } from '../board/owner-name.ts';
import { actionNames } from '../model/action-names.ts';
import { formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import type { ProgramDifference } from '../model/program/program-image.ts';
import type { HaltedCore, SessionState } from '../session/types.ts';
import type { Banner, HostCommand } from './messages.ts';
import type { ErrorText } from './sentences.ts';

/** What the banner is chosen from. */
export interface BannerFacts {
  readonly state: SessionState;
  readonly boardLabel: string;
  readonly stagedBytes: number;
  readonly conflictBytes: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** When the oldest byte on screen was read, ms since 1970; undefined if none was. */
  readonly readAt?: number;
  /** A moment as text: hours and minutes, and with seconds. */
  readonly clock: (at: number) => string;
  readonly clockSeconds: (at: number) => string;
}

/** The line above the grid that matters most; `undefined` when all is well. */
export function bannerFor(facts: BannerFacts, errorText: ErrorText, l10n: Localiser): Banner | undefined {
  const { state } = facts;
  const connect = offer('connect', l10n);
  const refresh = offer('refresh', l10n);
  const sudo = (error: BoardError) => sudoActions(error, l10n);
  switch (state.link.kind) {
    case 'disconnected':
      return {
        kind: 'info',
        text: l10n.t('{0} is not connected. Staged edits stay here.', facts.boardLabel),
        actions: [offer('connect', l10n)],
      };
    case 'connecting':
      // Attempts that follow a loss are shown as what they are part of.
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
        text: `${l10n.t('Offline.')} ${errorText(state.link.error)}${wait}`,
        actions: [connect, ...sudo(state.link.error), offer('showLog', l10n)],
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
      actions: [offer('rebase', l10n), offer('discard', l10n)],
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
      actions: [offer('keepMine', l10n), offer('takeTheirs', l10n)],
    };
  }
  const error = state.lastError;
  if (error?.code === 'kernel-held') {
    return {
      kind: 'warning',
      text: errorText(error),
      actions: [offer('reachKernel', l10n), refresh],
    };
  }
  if (error?.code === 'unknown-driver') {
    return {
      kind: 'warning',
      text: errorText(error),
      actions: [offer('allowDriver', l10n)],
    };
  }
  if (error?.code === 'no-partition' && error.facts['layout'] !== undefined) {
    return {
      kind: 'error',
      text: errorText(error),
      actions: [offer('discard', l10n)],
    };
  }
  const onlyWriting = error?.code === 'no-match' && state.lockedBecause?.code === 'no-match';
  if (error !== undefined && error.code !== 'cancelled' && !onlyWriting) {
    return {
      kind: 'error',
      text: errorText(error),
      actions: [refresh, ...sudo(error), offer('showLog', l10n)],
    };
  }
  const epochEnd = epochEndText(facts, l10n);
  if (epochEnd !== undefined) {
    return {
      kind: 'warning',
      text: epochEnd,
      actions: [offer('refresh', l10n)],
    };
  }
  const partition = state.partition;
  if (partition?.ownerGone === true) return heldBanner(facts, partition, l10n);
  if (state.stale) {
    return {
      kind: 'warning',
      text:
        partition?.inUse === true
          ? `${inUseText(partition, facts, l10n)} ${l10n.t('These bytes were read before.')}`
          : l10n.t(
              'These bytes may be outdated: since they were read, the partition changed hands, was reset, or was out of sight.',
            ),
      actions: [refresh],
    };
  }
  if (partition?.inUse === true && state.policy === 'locked') {
    return besideBanner(facts, partition, errorText, l10n);
  }
  return undefined;
}

/** A button of the banner, by the name that its action has everywhere. */
function offer<C extends HostCommand & keyof ReturnType<typeof actionNames>>(
  command: C,
  l10n: Localiser,
): { readonly command: C; readonly label: string } {
  return { command, label: actionNames(l10n)[command] };
}

/** The button of failures whose next step is to turn on sudo. */
function sudoActions({ code }: BoardError, l10n: Localiser): Banner['actions'] {
  return code === 'permission' || code === 'owner-hidden' ? [offer('turnOnSudo', l10n)] : [];
}

/** Who has the partition, as a sentence. */
function inUseText(partition: PartitionInfo, facts: BannerFacts, l10n: Localiser): string {
  const { hold, owner } = partition;
  if (owner?.kind === 'kernel') return l10n.t('Held by the kernel (XRT).');
  const name = ownerName(partition.owner, l10n);
  return hold === undefined
    ? l10n.t('In use by {0}.', name)
    : l10n.t('In use by {0}, held for post-mortem until {1}.', name, facts.clock(hold.until));
}

/** Somebody has the partition, and editing is locked. */
function besideBanner(
  facts: BannerFacts,
  partition: PartitionInfo,
  errorText: ErrorText,
  l10n: Localiser,
): Banner {
  const inUse = inUseText(partition, facts, l10n);
  const reason = facts.state.lockedBecause;
  const canHold = partition.hold === undefined && partition.owner?.kind !== 'kernel';
  const hold = canHold ? [offer('hold', l10n)] : [];
  if (reason?.code === 'no-match') {
    return {
      kind: 'warning',
      text: `${inUse} ${errorText(reason)}`,
      actions: [offer('unlock', l10n), ...hold],
    };
  }
  if (reason !== undefined && reason.code !== 'locked') {
    return {
      kind: 'info',
      text: `${inUse} ${errorText(reason)}`,
      actions: [...sudoActions(reason, l10n), ...hold],
    };
  }
  if (reason !== undefined) {
    const text = l10n.t('It is read beside its owner, and cannot be written before it is free.');
    return { kind: 'info', text: `${inUse} ${text}`, actions: hold };
  }
  return {
    kind: 'info',
    text: `${inUse} ${l10n.t('It is read beside its owner and locked against editing.')}`,
    actions: hold,
  };
}

/** What a gone owner left, as long as it is held. */
function heldBanner(facts: BannerFacts, partition: PartitionInfo, l10n: Localiser): Banner {
  const { snapshot } = facts.state;
  const until = partition.hold?.until;
  const held =
    until === undefined
      ? l10n.t('The application ended, its memory is held.')
      : l10n.t('The application ended, its memory is held until {0}.', facts.clock(until));
  const parts = [held];
  if (snapshot?.done === true) {
    parts.push(l10n.t('All that is readable was read at {0}.', facts.clockSeconds(snapshot.at)));
  } else if (facts.state.reading) parts.push(l10n.t('Reading all of it...'));
  parts.push(l10n.t('The application cannot start until you release it.'));
  return {
    kind: 'info',
    text: parts.join(' '),
    actions: [offer('releaseHold', l10n)],
  };
}

/** What is shown after those who had the partition left it; undefined once it was read again. */
function epochEndText(facts: BannerFacts, l10n: Localiser): string | undefined {
  const { epochEnd, stale, snapshot } = facts.state;
  const unread = epochEnd?.asked === false && facts.readAt === undefined;
  // Bytes that were read after the end are current and need no banner.
  if (epochEnd === undefined || !(stale || unread)) return undefined;
  const { at } = epochEnd;
  const name =
    epochEnd.pid === 0
      ? l10n.t('The application')
      : epochEnd.command === ''
        ? l10n.t('Process {0}', epochEnd.pid)
        : processName(epochEnd, l10n);
  const ended =
    epochEnd.of === 'hold'
      ? at === undefined
        ? l10n.t('The hold ended while the board was out of sight; the driver has reset the partition.')
        : l10n.t('The hold ended at {0}; the driver has reset the partition.', facts.clock(at))
      : at === undefined
        ? l10n.t('{0} ended while the board was out of sight.', name)
        : l10n.t('{0} ended at {1}.', name, facts.clock(at));
  const readAt = facts.readAt;
  if (readAt === undefined) return `${ended} ${l10n.t('Nothing here was read before.')}`;
  const as = l10n.t('Bytes as read at {0}.', facts.clockSeconds(readAt));
  const all = epochEnd.of === 'hold' && snapshot?.done === true;
  return all ? `${ended} ${as} ${l10n.t('They are what the application left.')}` : `${ended} ${as}`;
}

/**
 * The banner while a tile of a free partition is on screen whose clock is off. Offers the way out, unless a banner that
 * matters more is shown.
 */
export function withGatedTile(
  banner: Banner | undefined,
  tile: Tile | undefined,
  partition: PartitionInfo | undefined,
  l10n: Localiser,
): Banner | undefined {
  if (tile === undefined || partition === undefined || partition.inUse || banner !== undefined) return banner;
  const name = formatTile(tile);
  if (partition.clocksOn) {
    return {
      kind: 'info',
      text: l10n.t(
        'The clock of tile {0} was off when it was read. Clocks are enabled during access now: refresh. If it stays off, the driver ignores the request.',
        name,
      ),
      actions: [offer('refresh', l10n)],
    };
  }
  return {
    kind: 'info',
    text: l10n.t('The clock of tile {0} is off, so its memory is left alone.', name),
    actions: [offer('enableClocks', l10n)],
  };
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
  const action = offer('readRunning', l10n);
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

/** What is said of program memory that is not what the build has for its core. */
export function otherProgramBanner(
  tile: Tile,
  file: string,
  { count, first }: ProgramDifference,
  l10n: Localiser,
): Banner {
  const text = l10n.t(
    'The program memory of tile {0} is not that of {1}: bytes that differ: {2}, the first at {3}. Names of functions may be wrong here.',
    formatTile(tile),
    file,
    count,
    hexNumber(first, 4),
  );
  return { kind: 'warning', text, actions: [] };
}

/**
 * The banner after program memory of enabled cores was touched and an error halts one of them: said before everything but an
 * error.
 */
export function withHaltedCore(
  banner: Banner | undefined,
  cores: readonly HaltedCore[] | undefined,
  l10n: Localiser,
): Banner | undefined {
  if (cores === undefined || cores.length === 0 || banner?.kind === 'error') return banner;
  const sinces = (['read', 'write', 'unknown', 'before'] as const).filter((since) =>
    cores.some((core) => core.since === since),
  );
  const text = sinces.map((since) => {
    const tiles = cores.filter((core) => core.since === since).map(({ tile }) => formatTile(tile));
    return haltText(since, tiles.join(', '), l10n);
  });
  return {
    kind: 'warning',
    text: `${text.join(' ')} ${l10n.t('Start its application again to let it go on.')}`,
    actions: banner?.actions ?? [],
  };
}

function haltText(since: HaltedCore['since'], tiles: string, l10n: Localiser): string {
  switch (since) {
    case 'read':
      return l10n.t('Reading program memory halted the core of {0}, which ran before.', tiles);
    case 'write':
      return l10n.t('Writing program memory halted the core of {0}, which ran before.', tiles);
    case 'before':
      return l10n.t(
        'An error had already halted the core of {0} before its program memory was accessed here.',
        tiles,
      );
    case 'unknown':
      return l10n.t(
        'An error halted the core of {0}. It is not known whether access to its program memory caused that.',
        tiles,
      );
  }
}

function waitText(retryAt: number | undefined, now: number, l10n: Localiser): string {
  if (retryAt === undefined) return '';
  const seconds = Math.max(0, Math.ceil((retryAt - now) / 1000));
  return ` ${l10n.t('Reconnecting in {0} s.', seconds)}`;
}
