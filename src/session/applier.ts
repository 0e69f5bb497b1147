/**
 * Writes staged edits and takes over the outcome that the board reports, or that no report came. Knows what is to be written
 * and what was. Does not know who typed it, nor who may write (the follower does).
 */
import type { PartitionMemory, WriteOutcome, WriteReport } from '../board/board.ts';
import { BoardError, nothingWritten, throwIfCancelled } from '../board/errors.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { hexNumber, hexPairs } from '../model/numbers.ts';
import { endOf, mergeRanges } from '../model/ranges.ts';
import { Serial } from './async.ts';
import type { EditedBytes, EditStack, WriteRun } from './edit-stack.ts';
import type { Follower } from './follower.ts';
import { type Image, readGap } from './image.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import type { SessionServices } from './services.ts';
import type { SessionEvents } from './session-events.ts';
import type { ApplyReport, LastApply, MemoryKey, WriteLogEntry } from './types.ts';
import { WriteLog } from './write-log.ts';

/** The pieces that the applier works on. */
export interface Applied {
  readonly image: Image;
  readonly edits: EditStack;
  readonly follower: Follower;
  readonly reads: ReadScheduler;
  readonly events: SessionEvents;
}

export class Applier {
  readonly #pieces: Applied;
  readonly #key: MemoryKey;
  readonly #label: string;
  readonly #services: SessionServices;
  readonly #log = new WriteLog();
  readonly #applies = new Serial();
  #last: LastApply | undefined;

  /** @param label the board's, for the log */
  constructor(pieces: Applied, key: MemoryKey, label: string, services: SessionServices) {
    this.#pieces = pieces;
    this.#key = key;
    this.#label = label;
    this.#services = services;
  }

  /** The last 1,000 runs that were written or may have been, oldest first. */
  get log(): readonly WriteLogEntry[] {
    return this.#log.entries;
  }

  /** The last apply that the board answered; undefined before the first. */
  get last(): LastApply | undefined {
    return this.#last;
  }

  /**
   * Writes what is staged of the runs, which ascend and do not overlap.
   * @param mayWrite asked right before the write; where it says no, nothing is done
   */
  apply(
    runs: readonly WriteRun[],
    signal: AbortSignal,
    mayWrite = (): boolean => true,
  ): Promise<ApplyReport> {
    return this.#applies.run(() => this.#apply(runs, signal, mayWrite));
  }

  /** Reads the bytes under all staged edits again and takes over the new epoch. Rejects with BoardError. */
  async rebase(signal: AbortSignal): Promise<void> {
    const { image, edits, follower, reads, events } = this.#pieces;
    await reads.open(signal, 'person');
    const pending = (): readonly ByteRange[] => edits.runs(image.whole, 'pending');
    let serial: number;
    do {
      serial = follower.serial;
      await reads.read(mergeRanges(pending(), readGap), 'person', signal);
    } while (serial !== follower.serial);
    const { epoch } = follower;
    if (epoch === undefined) throw new BoardError('no-partition', 'the board does not list the partition');
    if (pending().some((run) => image.plane.hasStaleIn(run))) {
      const problem = new BoardError('epoch', 'not all bytes under the staged edits were read again');
      throw follower.failed(problem);
    }
    follower.acceptEpoch();
    edits.setEpoch(epoch);
    events.bytes(pending());
  }

  /** The base changed: updates the staged edits over it, and settles writes of unknown outcome. */
  baseChanged(ranges: readonly ByteRange[]): void {
    const { edits } = this.#pieces;
    const at = this.#services.now();
    for (const range of ranges) {
      const found = edits.baseChanged(range);
      const runs: { offset: number; start: number; length: number }[] = [];
      found.forEach(({ offset }, start) => {
        extend(runs, { offset, start, length: 1 }, () => true);
      });
      this.#logWrites(
        runs.map(({ offset, start, length }) => {
          const bytes = found.slice(start, start + length);
          const before = Uint8Array.from(bytes, (byte) => byte.before);
          const after = Uint8Array.from(bytes, (byte) => byte.after);
          return { at, offset, before, after, outcome: 'verified' };
        }),
      );
    }
  }

  async #apply(
    runs: readonly WriteRun[],
    signal: AbortSignal,
    mayWrite: () => boolean,
  ): Promise<ApplyReport> {
    const { image, edits, follower, reads, events } = this.#pieces;
    throwIfCancelled(signal);
    for (const run of runs) image.checkRange(run);
    follower.checkUnlocked();
    const memory = await reads.open(signal, 'person');
    const touched = reads.openTilesIn(runs.flatMap((run) => edits.runs(run, 'pending')));
    const before = await reads.readCores(touched, 'person', signal).catch((error: unknown) => {
      throw follower.failed(error);
    });
    follower.checkUnlocked();
    const epoch = follower.epoch;
    if (epoch === undefined) throw new BoardError('no-partition', 'the board does not list the partition');
    if (follower.epochChanged) {
      throw new BoardError('epoch', 'a new epoch began since the edits were staged');
    }
    if (!mayWrite()) return { spans: [], applied: 0, kept: 0 };
    const serial = follower.serial;
    const already = edits.bytesToWrite(runs, false);
    const edited = edits.bytesToWrite(runs, true);
    edits.beginWrite();
    try {
      let result: ApplyReport = { spans: [], applied: 0, kept: 0 };
      if (edited.length > 0) {
        const report = await this.#write(memory, edited, epoch, signal);
        const fresh = serial === follower.serial || report.epoch === follower.epoch;
        events.settling(() => {
          result = this.#takeOver(edited, report, fresh);
          this.#last = { at: report.at, report: result };
        });
      }
      // What was on the device anyway is as good as written.
      events.settling(() => {
        for (let i = 0; i < already.length; i++)
          edits.settle(already.offsets[i] ?? 0, already.wanted[i] ?? 0);
        events.bytes(runsOf(already).map(({ offset, length }) => ({ offset, length })));
      });
      follower.wroteWell();
      // What was written is written, whether the state of the cores can be read or not.
      await reads.readCores(touched, 'person', signal).then(
        (after) => reads.haltedCores.seen('write', before, after),
        (error: unknown) => follower.failed(error),
      );
      return result;
    } finally {
      edits.endWrite();
      events.state();
      void reads.pump();
    }
  }

  async #write(
    memory: PartitionMemory,
    edited: EditedBytes,
    epoch: string,
    signal: AbortSignal,
  ): Promise<WriteReport> {
    const { follower, reads } = this.#pieces;
    const runs = runsOf(edited);
    const written = runs.map(({ offset, length, start }) => ({
      offset,
      seen: edited.seen.slice(start, start + length),
      bytes: edited.wanted.slice(start, start + length),
    }));
    let sent = false;
    try {
      const besideOwner = follower.isInUse;
      const options = { epoch, openTiles: reads.openTiles, ...(besideOwner ? { besideOwner } : {}) };
      const writing = memory.write(written, options, signal);
      sent = true;
      const report = await writing;
      checkReport(report, runs);
      return report;
    } catch (thrown) {
      const error = follower.failed(thrown);
      if (error.code === 'epoch') follower.refuseEpoch();
      else if (sent && !nothingWritten.has(error.code)) this.#loseTrack(edited);
      throw error;
    } finally {
      reads.wrote(runs);
    }
  }

  /** What the board says became of the written bytes. */
  #takeOver(edited: EditedBytes, report: WriteReport, fresh: boolean): ApplyReport {
    const { image, edits, events } = this.#pieces;
    const spans: { offset: number; length: number; outcome: WriteOutcome; reason?: UnreadableReason }[] = [];
    const logged: { offset: number; start: number; length: number; outcome: WriteLogEntry['outcome'] }[] = [];
    let applied = 0;
    let at = 0;
    for (const span of report.spans) {
      for (let i = 0; i < span.length; i++, at++) {
        const offset = span.offset + i;
        const now = span.now[i] ?? 0;
        const written = span.outcome === 'verified' || span.outcome === 'changed-after';
        // The device holds what was wanted: perhaps our own earlier write, whose answer was lost.
        const there = span.outcome === 'conflict' && now === edited.wanted[at];
        if (written || there || span.outcome === 'conflict') image.plane.wrote(offset, now, fresh);
        else {
          // The access that faulted may have been the read-back.
          if (span.outcome === 'unreadable') {
            image.plane.forget(offset);
            edits.markUncertain(offset, edited.wanted[at] ?? 0);
          }
          if (span.reason !== undefined) image.plane.markUnreadable(offset, span.reason, fresh);
        }
        if (written || there) {
          edits.settle(offset, now);
          applied++;
        } else this.baseChanged([{ offset, length: 1 }]);
        if (written || span.outcome === 'unreadable') {
          const outcome = written ? span.outcome : 'unknown';
          extend(logged, { offset, start: at, length: 1, outcome }, (a, b) => a.outcome === b.outcome);
        }
        const outcome = there ? 'verified' : span.outcome;
        const entry = {
          offset,
          length: 1,
          outcome,
          ...(span.reason === undefined ? {} : { reason: span.reason }),
        };
        extend(spans, entry, (a, b) => a.outcome === b.outcome && a.reason === b.reason);
      }
    }
    this.#logWrites(
      logged.map(({ offset, start, length, outcome }) => ({
        at: report.at,
        offset,
        before: edited.seen.slice(start, start + length),
        after: edited.wanted.slice(start, start + length),
        outcome,
      })),
    );
    events.bytes(spans.map(({ offset, length }) => ({ offset, length })));
    return { spans, applied, kept: edited.length - applied };
  }

  /** The answer to a write is missing: the base of its bytes is not known until it is read again. */
  #loseTrack(edited: EditedBytes): void {
    const { image, edits, events } = this.#pieces;
    const runs = runsOf(edited);
    for (let i = 0; i < edited.length; i++) {
      const offset = edited.offsets[i] ?? 0;
      image.plane.forget(offset);
      edits.markUncertain(offset, edited.wanted[i] ?? 0);
    }
    for (const run of runs) edits.baseChanged(run);
    this.#logWrites(
      runs.map(({ offset, length, start }) => ({
        at: this.#services.now(),
        offset,
        before: edited.seen.slice(start, start + length),
        after: edited.wanted.slice(start, start + length),
        outcome: 'unknown',
      })),
    );
    events.bytes(runs);
  }

  #logWrites(entries: readonly WriteLogEntry[]): void {
    const { events } = this.#pieces;
    for (const [i, entry] of entries.entries()) {
      this.#log.add(entry);
      if (i < spelledWrites) this.#services.log.info(`${this.#label}: ${writeText(this.#key, entry)}`);
      events.wrote(entry);
    }
    const rest = entries.length - spelledWrites;
    if (rest > 0) this.#services.log.info(`${this.#label}: write: ${rest} more runs`);
  }
}

/** Runs of one apply, and bytes of a run, that the log spells out. */
const spelledWrites = 100;
const spelledBytes = 16;

/** A write in one line: where, what became of it, old and new bytes. */
function writeText(
  { partition, memory }: MemoryKey,
  { offset, before, after, outcome }: WriteLogEntry,
): string {
  const where = `${memory} memory of partition ${partition}, buffer offset ${hexNumber(offset)}`;
  return `write: ${where}, ${after.length} bytes, ${outcome}: ${bytesText(before)} -> ${bytesText(after)}`;
}

function bytesText(bytes: Uint8Array): string {
  const pairs = hexPairs(bytes.subarray(0, spelledBytes));
  return bytes.length > spelledBytes ? `${pairs} ...` : pairs;
}

/** Runs of adjacent bytes; `start` is the index of the first. */
function runsOf(edited: EditedBytes): { offset: number; length: number; start: number }[] {
  const runs: { offset: number; length: number; start: number }[] = [];
  for (let i = 0; i < edited.length; i++) {
    extend(runs, { offset: edited.offsets[i] ?? 0, length: 1, start: i }, () => true);
  }
  return runs;
}

/** Appends a run, or lengthens the last one if it ends there and is of the same kind. */
function extend<T extends { readonly offset: number; length: number }>(
  runs: T[],
  next: T,
  same: (a: T, b: T) => boolean,
): void {
  const last = runs.at(-1);
  if (last !== undefined && last.offset + last.length === next.offset && same(last, next))
    last.length += next.length;
  else runs.push(next);
}

/** Throws `protocol` unless the report covers exactly the written runs. */
function checkReport(report: WriteReport, runs: readonly ByteRange[]): void {
  const covered = mergeRanges(report.spans);
  const sound =
    report.spans.every(
      (span, i) => span.now.length === span.length && span.offset >= endOf(report.spans[i - 1]),
    ) &&
    covered.length === runs.length &&
    covered.every((range, i) => range.offset === runs[i]?.offset && range.length === runs[i]?.length);
  if (!sound) throw new BoardError('protocol', 'the write report does not cover the written bytes');
}
