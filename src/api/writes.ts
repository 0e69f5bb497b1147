/**
 * What other programs write: checked, asked about, then staged in an editor or written at once. Knows that each write needs a
 * person's consent, and by which rules; not how bytes get to a board.
 */
import * as v from 'valibot';
import type { WriteResult } from '../../api/tilescope.d.ts';
import type { PartitionInfo } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { formatTile } from '../model/geometry.ts';
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
/** Bytes that a question shows. */
const mostShown = 64;

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
    // What the caller does with its arrays later changes nothing.
    const bytes = given.slice();
    const seen = how.seen?.slice();
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
    const { state, occupant } = session;
    const { partition } = state;
    if (state.lockedBecause !== undefined) throw state.lockedBecause;
    if (partition === undefined) throw new BoardError('no-partition', 'the partition is not listed');
    const isLocked = state.policy === 'locked';
    if (isLocked && !state.inUse) {
      throw new ApiError(
        'locked',
        l10n.t('Editing of this memory is locked. Unlock it in its editor first.'),
      );
    }
    this.#checkUnstaged(session, range);
    const question = this.#question(wanted, now.bytes, partition, isLocked && state.inUse);
    if (!(await this.#agreed(question))) {
      throw new ApiError('declined', l10n.t('The person who was asked did not agree to this write.'));
    }
    // The question may have outlived what it was about.
    if (session.state.partition?.epoch !== epoch) throw changedHands(l10n);
    this.#checkUnstaged(session, range);
    if (isLocked) session.agreeBeside(occupant);
    const label = l10n.t('Write by {0}', caller.name);
    const edit = { offset: range.offset, bytes, seen: { base: now.bytes, shown: now.bytes } };
    if (wanted.how === 'staged') {
      const { offset: _, length: __, ...resource } = place;
      await services.stage(resource, label, [edit]);
      return { outcome: 'staged', left: [] };
    }
    const document = `api:${caller.id}:${this.#count++}`;
    try {
      const report = await session.stageImmediate(document, label, [edit]).write(signal);
      return resultOf(report, range.offset);
    } finally {
      session.closeDocument(document);
      // The consent was for this write.
      if (isLocked) session.setPolicy('locked');
    }
  }

  /** Asks a person, one question at a time: no pile of them can tire a person into a yes. */
  async #agreed(question: ModalQuestion): Promise<boolean> {
    const { services, l10n } = this.#parts;
    if (this.#isAsking) {
      throw new ApiError('too-many', l10n.t('A person is asked about another write. Try again after that.'));
    }
    this.#isAsking = true;
    try {
      return await services.confirm(question);
    } finally {
      this.#isAsking = false;
    }
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
    { caller, place, bytes, how }: Wanted,
    now: Uint8Array,
    partition: PartitionInfo,
    unlocks: boolean,
  ): ModalQuestion {
    const { services, l10n } = this.#parts;
    const { offset, tile } = place;
    const address = hexNumber(offset, 4);
    const lines = [
      tile === undefined
        ? l10n.t('{0}, from {1} on', services.memoryName(place), address)
        : l10n.t('{0} of tile {1}, from {2} on', services.memoryName(place), formatTile(tile), address),
      l10n.t('Now: {0}', this.#hex(now)),
      l10n.t('Then: {0}', this.#hex(bytes)),
      '',
      ...(partition.inUse
        ? [
            l10n.t(
              'The partition is {0}: what is written may be used or changed at once.',
              services.ownerText(partition),
            ),
          ]
        : []),
      ...(unlocks && how === 'staged' ? [l10n.t('This unlocks editing beside the owner.')] : []),
      how === 'staged'
        ? l10n.t('They are staged in an editor. Nothing reaches the board before you choose Apply.')
        : l10n.t('They are written at once. What the board changes meanwhile is left alone.'),
      '',
      l10n.t('Who asks is what the other program says of itself.'),
    ];
    const board = services.boardLabel(place.board);
    return {
      title:
        how === 'staged'
          ? l10n.t('Stage {0} bytes of {1} for {2}?', bytes.length, board, caller.name)
          : l10n.t('Write {0} bytes to {1} for {2}?', bytes.length, board, caller.name),
      detail: lines.join('\n'),
      agree: how === 'staged' ? l10n.t('Stage') : l10n.t('Write to Device'),
    };
  }

  #hex(bytes: Uint8Array): string {
    const text = hexPairs(bytes.subarray(0, mostShown), false);
    const more = bytes.length - mostShown;
    return more > 0 ? this.#parts.l10n.t('{0} and {1} more', text, more) : text;
  }
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
