/** Everything around the bytes in words: title, read time, banner, what became of an apply, refusals of the session. */
import type { PartitionInfo, WriteOutcome } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { ownerName, processName } from '../board/owner-name.ts';
import { actionNames } from '../model/action-names.ts';
import { FileError } from '../model/files/file-error.ts';
import { type ColumnRange, formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import type { ProgramDifference } from '../model/program/program-image.ts';
import type { MemoryResource } from '../model/resource.ts';
import { SessionError } from '../session/errors.ts';
import type { ApplyReport, HaltedCore, LiveState, SessionState } from '../session/types.ts';
import { fileSentence } from './compare/file-sentences.ts';
import type { Banner, HostCommand } from './messages.ts';
import type { EditorServices } from './services.ts';

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

/** A failure of board or session as one text: the sentence and the next step. */
export type ErrorText = (error: BoardError) => string;

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

/** The question before editing beside an owner is unlocked: title and detail. */
export function besideQuestion(
  partition: PartitionInfo,
  l10n: Localiser,
): { readonly title: string; readonly detail: string } {
  if (partition.ownerGone) {
    return {
      title: l10n.t('Unlock editing of what the application left?'),
      detail: l10n.t('This memory is held for post-mortem: what you write replaces what was left behind.'),
    };
  }
  const { owner } = partition;
  const who =
    owner?.kind === 'kernel'
      ? l10n.t('The kernel (XRT) holds this partition')
      : owner?.kind === 'process'
        ? l10n.t('{0} is running', ownerName(partition.owner, l10n))
        : l10n.t('An application that cannot be seen is running');
  return {
    title: l10n.t('Unlock editing beside the owner?'),
    detail: l10n.t(
      '{0}: what you write may be changed or used by it at once. This ends when the partition changes hands.',
      who,
    ),
  };
}

/** The name of the owner beside whom a person agreed to write, if any. */
export function besideText(state: SessionState, l10n: Localiser): string | undefined {
  const { partition } = state;
  if (partition?.inUse !== true || !state.agreedBeside || state.policy === 'locked') return undefined;
  if (partition.ownerGone) return l10n.t('what was left');
  const { owner } = partition;
  if (owner?.kind === 'kernel') return l10n.t('the kernel (XRT)');
  return owner?.kind === 'process' && owner.command !== '' ? owner.command : l10n.t('its owner');
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

/** The question before program memory of a running core is touched. */
export function runningQuestion(
  board: string,
  tile: Tile,
  l10n: Localiser,
): { readonly title: string; readonly detail: string } {
  return {
    title: l10n.t(
      'Read the program memory of tile {0} of {1} while its core is running?',
      formatTile(tile),
      board,
    ),
    detail: l10n.t(
      'The core fetches its instructions from here. A read or write that meets such a fetch fails on the bus, and most programs are built so that this halts the core: then only starting the application again helps. The permission is for this tile, also for applying staged edits, and ends when the editor is closed.',
    ),
  };
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

/** Board, memory, and tile or columns of an editor, in words. @param columns of its partition, where they are known */
export function titleOf(
  resource: MemoryResource,
  columns: ColumnRange | undefined,
  names: Pick<EditorServices, 'boardLabel' | 'memoryName' | 'tileName'>,
  l10n: Localiser,
): string {
  const { board, partition, tile } = resource;
  const place = (): string => {
    if (tile !== undefined) return l10n.t('tile {0}', formatTile(tile));
    if (columns === undefined) return l10n.t('partition {0}', partition);
    return l10n.t('columns {0} to {1}', columns.startCol, columns.startCol + columns.numCols - 1);
  };
  const kernels = tile === undefined ? '' : names.tileName(board, tile);
  return [names.boardLabel(board), names.memoryName(resource), place(), kernels]
    .filter((text) => text !== '')
    .join(' \u00b7 ');
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

/** Why a tab that follows the memory by itself does not at present; undefined while it does. */
export function livePausedText(state: LiveState, errorText: ErrorText, l10n: Localiser): string | undefined {
  const { paused, error } = state;
  if (paused === undefined) return undefined;
  if (paused === 'disconnected') return l10n.t('The board is not connected.');
  if (paused === 'stopped')
    return l10n.t('A debug session is stopped. It goes on when the session continues.');
  if (paused === 'free' || error === undefined) {
    return l10n.t('Nobody uses the partition: its memory does not change by itself.');
  }
  return errorText(error);
}

/** What is asked before each edit of an editor is written at once. */
export function immediateQuestion(
  board: string,
  l10n: Localiser,
): { readonly title: string; readonly detail: string } {
  return {
    title: l10n.t('Write each edit to {0} at once?', board),
    detail: l10n.t(
      'What you type, paste or set to zero in this editor is written without Apply. A byte that the board changed since you saw it is left alone. Undo puts the old byte back where the device still holds yours. This ends with the editor, with Stage Edits, when the partition changes hands, and when the connection is lost.',
    ),
  };
}

/** Since when a tab marks changes. @param at what the clock said, of a moment that was chosen */
export function momentText({ kind, at }: { kind: string; at?: string }, l10n: Localiser): string {
  if (kind === 'snapshot') return l10n.t('Marked: changed since the snapshot');
  return kind === 'stop'
    ? l10n.t('Marked: changed since the last stop')
    : l10n.t('Marked: changed since {0}', at ?? '');
}

/** How a tab follows the memory, in few words: how often, what it costs, how old what is shown is. */
export function liveText(state: LiveState, now: number, l10n: Localiser): string {
  const { periodMs, paused, readAt, wordsPerSecond = 0, bytesPerSecond = 0 } = state;
  if (paused === 'free') return l10n.t('Live paused: partition is free');
  if (paused === 'disconnected') return l10n.t('Live paused: not connected');
  if (paused === 'stopped') return l10n.t('Live paused: debug session stopped');
  if (paused !== undefined) return l10n.t('Live paused');
  if (!Number.isFinite(periodMs)) return l10n.t('Live at stops');
  const hertz = Math.round(1000 / periodMs);
  // Over less than half a second there are no figures yet.
  if (readAt === undefined || wordsPerSecond === 0) return l10n.t('Live {0} Hz', hertz);
  const age = (Math.max(0, now - readAt) / 1000).toFixed(1);
  const kilobytes = (bytesPerSecond / 1000).toFixed(1);
  return l10n.t('Live {0} Hz: {1} words/s, {2} kB/s, {3} s old', hertz, wordsPerSecond, kilobytes, age);
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
  const isDriverGated = ({ outcome, reason }: ApplyReport['spans'][number]): boolean =>
    outcome === 'refused' && reason === 'driver-gated';
  const driverGated = report.spans.filter(isDriverGated).reduce((sum, span) => sum + span.length, 0);
  if (driverGated > 0) {
    parts.push(
      l10n.t(
        '{0} were refused: the driver treats their tile as gated although its clock is on. An application that asks the driver for its tiles puts that right.',
        driverGated,
      ),
    );
  }
  const refused = bytes('refused') - driverGated;
  if (refused > 0) {
    parts.push(
      l10n.t('{0} were refused: their tile is off, its core is running, or its owner prevents it.', refused),
    );
  }
  const unreadable = bytes('unreadable');
  if (unreadable > 0) parts.push(l10n.t('{0} could not be accessed.', unreadable));
  parts.push(l10n.t('What was not written stays staged.'));
  return parts.join(' ');
}

/** Anything thrown by board or session, as a sentence. */
export function sentenceOf(thrown: unknown, errorText: ErrorText, l10n: Localiser): string {
  if (thrown instanceof BoardError) return errorText(thrown);
  if (thrown instanceof FileError) return fileSentence(thrown, l10n);
  if (!(thrown instanceof SessionError)) {
    return errorText(new BoardError('internal', thrown instanceof Error ? thrown.message : String(thrown)));
  }
  switch (thrown.code) {
    case 'bytes-unknown':
      return l10n.t('These bytes were not read yet. Read them, then edit.');
    case 'bytes-unreadable':
      return l10n.t('These bytes cannot be read, so they cannot be edited.');
    case 'bytes-left':
      return l10n.t(
        'Not all of these bytes were read before the application ended. Select those that were, or refresh to read what is there now.',
      );
    case 'bytes-changed-hands':
      return l10n.t('The partition changed hands while these bytes were read. Try again.');
    case 'journal-version':
      return l10n.t('The kept edits were made by another version of Tilescope and cannot be restored here.');
    case 'journal-damaged':
      return l10n.t('The kept edits are damaged and cannot be restored.');
    case 'journal-unreadable':
      return l10n.t('The kept edits cannot be read from the disk and were not restored.');
    case 'journal-mismatch':
      return l10n.t('The kept edits belong to another memory layout and cannot be restored.');
  }
}
