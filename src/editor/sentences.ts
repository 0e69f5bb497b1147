/** Everything around the bytes in words: title, read time, what became of an apply, refusals of the session. */
import type { PartitionInfo, WriteOutcome } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { ownerName } from '../board/owner-name.ts';
import { FileError } from '../model/files/file-error.ts';
import { type ColumnRange, formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { MemoryResource } from '../model/resource.ts';
import { SessionError } from '../session/errors.ts';
import type { ApplyReport, LiveState, SessionState, WriteLogEntry } from '../session/types.ts';
import { fileSentence } from './compare/file-sentences.ts';
import type { EditorServices } from './services.ts';

/** A failure of board or session as one text: the sentence and the next step. */
export type ErrorText = (error: BoardError) => string;

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

/** What became of a write, in words. */
export function outcomeText(outcome: WriteLogEntry['outcome'], l10n: Localiser): string {
  switch (outcome) {
    case 'verified':
      return l10n.t('written and verified');
    case 'changed-after':
      return l10n.t('written, and changed since by the board');
    case 'conflict':
      return l10n.t('not written: the board had changed it');
    case 'unknown':
      return l10n.t('nobody knows: no answer came');
    case 'refused':
      return l10n.t('not written: it may not be touched now');
    case 'unreadable':
      return l10n.t('not read back: the access failed');
  }
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
