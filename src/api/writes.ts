/**
 * What other programs write: checked, asked about, then staged in an editor or written at once. Knows that each write needs a
 * person's consent, and by which rules; not how bytes get to a board.
 */
import * as v from 'valibot';
import type { WriteResult } from '../../api/tilescope.d.ts';
import type { PartitionInfo } from '../board/board.ts';
import { BoardError, throwIfCancelled } from '../board/errors.ts';
import { formatTile, locate, type MemoryGeometry } from '../model/geometry.ts';
import { hexNumber, hexPairs } from '../model/numbers.ts';
import { fitting } from '../model/shapes.ts';
import type { ModalQuestion } from '../say/say.ts';
import { SessionError } from '../session/errors.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { ApplyReport } from '../session/types.ts';
import { ApiError } from './api-error.ts';
import { type ApiParts, JoinedMemory } from './joined-memory.ts';
import { knownBytes } from './known-bytes.ts';
import { type AskedPlace, askedPlace, rangeIn } from './places.ts';
import { changedHands, freePartition } from './refusals.ts';

/** Bytes of one write. */
const mostWritten = 4096;
/** Lines of changes that a question shows, and bytes of one. */
const mostLines = 16;
const bytesOfLine = 8;
/** How long a caller waits after it was refused, milliseconds: doubled each time up to the longest. */
const firstPause = 2000;
const longestPause = 600_000;

const optionsShape = v.object({
  how: v.optional(v.picklist(['staged', 'immediate']), 'staged'),
  seen: v.optional(v.instance(Uint8Array)),
});

/** Who asks, as a person reads it, and a text that is the same for the same one. */
export interface Caller {
  readonly id: string;
  readonly name: string;
}

/** What is to be written, checked. */
interface Wanted {
  readonly caller: Caller;
  readonly place: AskedPlace;
  readonly bytes: Uint8Array;
  readonly how: 'staged' | 'immediate';
}

export class ProgramWrites {
  readonly #parts: ApiParts;
  #count = 0;
  #isAsking = false;
  /** Callers that were refused: how often since the last yes, and until when they may not ask. */
  readonly #refused = new Map<string, { readonly times: number; readonly until: number }>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Rejects with ApiError, BoardError, SessionError. */
  async write(
    caller: Caller,
    asked: unknown,
    given: unknown,
    options: unknown,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { l10n } = this.#parts;
    const how = fitting(optionsShape, options ?? {});
    const length = given instanceof Uint8Array ? given.length : 0;
    if (how === undefined || !(given instanceof Uint8Array) || (how.seen?.length ?? length) !== length) {
      throw new ApiError(
        'bad-request',
        l10n.t('This is not what a write takes: bytes, and options for them.'),
      );
    }
    // What the caller does with its arrays later changes nothing; `slice` of a Node Buffer would be a view.
    const bytes = Uint8Array.from(given);
    const seen = how.seen && Uint8Array.from(how.seen);
    const place = askedPlace({ ...Object(asked), length }, mostWritten, l10n);
    return await JoinedMemory.with(this.#parts, place, signal, (memory) =>
      this.#write(memory, { caller, place, bytes, how: how.how }, seen, signal),
    );
  }

  async #write(
    memory: JoinedMemory,
    wanted: Wanted,
    seen: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { services, l10n } = this.#parts;
    const { session, epoch } = memory;
    const { bytes, place, caller } = wanted;
    const range = rangeIn(memory.geometry, place, l10n);
    await memory.refresh(range, signal);
    const now = knownBytes(session, range);
    if (now === undefined) throw freePartition(l10n);
    if (now.unreadable.length > 0) {
      throw new SessionError('bytes-unreadable', 'another program wants to write what cannot be read');
    }
    if (seen !== undefined && !isSame(seen, now.bytes))
      return { outcome: 'left', left: differing(seen, now.bytes) };
    const changes = differences(now.bytes, bytes);
    if (changes.length === 0) return { outcome: 'written', left: [] };
    this.#checkUnlocked(session, wanted.how);
    this.#checkUnstaged(session, range);
    const lines = changeLines(memory.geometry, range.offset, changes);
    if (wanted.how === 'immediate' && lines.length > mostLines) {
      throw new ApiError(
        'bad-request',
        l10n.t(
          'So many changes cannot be shown to the person who is asked. Write fewer at once, or stage them.',
        ),
      );
    }
    const { partition, inUse } = session.state;
    if (partition === undefined) throw new BoardError('no-partition', 'the partition is not listed');
    const { occupant } = session;
    await this.#consent(caller, this.#question(wanted, changes, lines, partition));
    throwIfCancelled(signal);
    // The question may have outlived what it was about.
    if (session.state.partition?.epoch !== epoch || session.occupant !== occupant) throw changedHands(l10n);
    this.#checkUnlocked(session, wanted.how);
    this.#checkUnstaged(session, range);
    if (inUse) await memory.refresh(range, signal);
    const then = knownBytes(session, range);
    if (then === undefined) throw changedHands(l10n);
    // A byte that stays as it is was shown, too.
    if (!isSame(now.bytes, then.bytes)) return { outcome: 'left', left: differing(now.bytes, then.bytes) };
    const label = l10n.t('Write by {0}', caller.name);
    const edit = { offset: range.offset, bytes, seen: { base: now.bytes, shown: now.bytes } };
    if (wanted.how === 'staged') {
      const { offset: _, length: __, ...resource } = place;
      await services.stage(resource, label, [edit]);
      return { outcome: 'staged', left: [] };
    }
    const document = `api:${caller.id}:${this.#count++}`;
    const report = await session.writeOnce(document, label, [edit], occupant, signal);
    return resultOf(report, range.offset);
  }

  /** @throws ApiError `locked`: only a write at once goes beside an owner without *Unlock Editing*, and none where a person locked. */
  #checkUnlocked(session: MemorySession, how: Wanted['how']): void {
    const { services, l10n } = this.#parts;
    const { lockedBecause, policy, inUse } = session.state;
    if (lockedBecause !== undefined) throw new ApiError('locked', services.sentence(lockedBecause));
    if (policy === 'staged') return;
    if (how === 'immediate' && inUse && !session.isLockedByPerson) return;
    throw new ApiError('locked', l10n.t('Editing of this memory is locked. Unlock it in its editor first.'));
  }

  /**
   * Asks a person, one question at a time; who was refused waits before the next one, longer each time, so that no row of
   * questions tires a person into a yes. @throws ApiError `declined`, `too-many`
   */
  async #consent({ id }: Caller, question: ModalQuestion): Promise<void> {
    const { services, l10n } = this.#parts;
    const refused = this.#refused.get(id);
    if (refused?.until === Number.POSITIVE_INFINITY) {
      throw new ApiError('declined', l10n.t('A person does not want to be asked by this program any more.'));
    }
    if (refused !== undefined && performance.now() < refused.until) {
      throw new ApiError('too-many', l10n.t('A person did not agree a moment ago. Ask later.'));
    }
    if (this.#isAsking) {
      throw new ApiError('too-many', l10n.t('A person is asked about another write. Try again after that.'));
    }
    this.#isAsking = true;
    try {
      const answer = await services.confirm(question);
      if (answer === 'yes') {
        this.#refused.delete(id);
        return;
      }
      const times = (refused?.times ?? 0) + 1;
      const pause = Math.min(longestPause, firstPause * 2 ** (times - 1));
      const until = answer === 'never' ? Number.POSITIVE_INFINITY : performance.now() + pause;
      this.#refused.set(id, { times, until });
    } finally {
      this.#isAsking = false;
    }
    throw new ApiError('declined', l10n.t('The person who was asked did not agree to this write.'));
  }

  #checkUnstaged(session: MemorySession, range: { readonly offset: number; readonly length: number }): void {
    if (session.counts(range).staged === 0) return;
    throw new ApiError(
      'edits-staged',
      this.#parts.l10n.t(
        'Somebody has staged edits on these bytes. They have to be applied or discarded first.',
      ),
    );
  }

  #question(
    { caller, place, how }: Wanted,
    changes: readonly Change[],
    lines: readonly string[],
    partition: PartitionInfo,
  ): ModalQuestion {
    const { services, l10n } = this.#parts;
    const shown = lines.slice(0, mostLines);
    const count = changes.reduce((sum, { before }) => sum + before.length, 0);
    const texts = [
      `${services.memoryName(place)}, ${services.columnsText(partition)}`,
      ...shown,
      ...(lines.length > shown.length ? [l10n.t('and {0} more lines', lines.length - shown.length)] : []),
      '',
      ...(partition.inUse
        ? [
            l10n.t(
              'The partition is {0}: what is written may be used or changed at once.',
              services.ownerText(partition),
            ),
          ]
        : []),
      how === 'staged'
        ? l10n.t('They are staged in an editor. Nothing reaches the board before you choose Apply.')
        : l10n.t('They are written at once, unless the board changes them meanwhile.'),
      '',
      l10n.t('Who asks is what the other program says of itself.'),
    ];
    const board = services.boardLabel(place.board);
    return {
      title:
        how === 'staged'
          ? l10n.t('Stage changes of {0} bytes of {1} for {2}?', count, board, caller.name)
          : l10n.t('Change {0} bytes of {1} for {2}?', count, board, caller.name),
      detail: texts.join('\n'),
      agree: how === 'staged' ? l10n.t('Stage') : l10n.t('Write to Device'),
    };
  }
}

/** Bytes that become others. */
interface Change {
  /** Counts in the bytes of the write. */
  readonly offset: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** The runs that differ, each short enough for a line. */
function differences(now: Uint8Array, bytes: Uint8Array): readonly Change[] {
  const found: Change[] = [];
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && end - at < bytesOfLine && now[end] !== bytes[end]) end++;
    if (end > at) found.push({ offset: at, before: now.slice(at, end), after: bytes.slice(at, end) });
    at = Math.max(end, at + 1);
  }
  return found;
}

/** Each change as a line: the tile, its offset there, old and new bytes. @param start buffer offset of the first byte */
function changeLines(geometry: MemoryGeometry, start: number, changes: readonly Change[]): string[] {
  return changes.map(({ offset, before, after }) => {
    const place = locate(geometry, start + offset);
    const address = `${formatTile(place.tile)}+${hexNumber(place.offset, 4)}`;
    return `${address}: ${hexPairs(before, false)} \u2192 ${hexPairs(after, false)}`;
  });
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

type Left = { -readonly [K in keyof WriteResult['left'][number]]: WriteResult['left'][number][K] };

/** The bytes that are not as they were seen. */
function differing(seen: Uint8Array, now: Uint8Array): readonly Left[] {
  const left: Left[] = [];
  for (const [offset, byte] of seen.entries()) {
    const last = left.at(-1);
    if (byte === now[offset]) continue;
    if (last !== undefined && last.offset + last.length === offset) last.length++;
    else left.push({ offset, length: 1, why: 'conflict' });
  }
  return left;
}

function resultOf(report: ApplyReport, start: number): WriteResult {
  const left = report.spans.flatMap(({ offset, length, outcome }): Left[] =>
    outcome === 'verified' || outcome === 'changed-after'
      ? []
      : [{ offset: offset - start, length, why: outcome }],
  );
  return { outcome: left.length === 0 ? 'written' : 'left', left };
}
