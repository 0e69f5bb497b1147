/** A recording of the simulated board: looks by a timer, as the native core does, and keeps what changed. */

import { unreadableReasons } from '../../model/byte-state.ts';
import { type ByteRange, wordBytes } from '../../model/geometry.ts';
import { intersectRanges } from '../../model/ranges.ts';
import { type RecordedWords, Recording } from '../../model/recording.ts';
import { BoardError, toBoardError } from '../errors.ts';
import type { CoreReadAnswer, CoreRecordingPart, CoreRecordRequest } from '../protocol/core-client.ts';

export class SimulatedRecording {
  readonly #read: (request: CoreRecordRequest) => Promise<CoreReadAnswer>;
  readonly #ring: Recording;
  #request: CoreRecordRequest;
  #last: RecordedWords | undefined;
  #epoch = '';
  /** By the machine's steady clock: when the first look ended, and the last one began. */
  #began = 0;
  #roundBegan = 0;
  #beganAt = 0;
  #made = 0;
  #words = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended: BoardError | undefined;

  /** @param read one look for nobody; its failure ends the recording */
  constructor(request: CoreRecordRequest, read: (request: CoreRecordRequest) => Promise<CoreReadAnswer>) {
    this.#request = request;
    this.#read = read;
    this.#ring = new Recording(request.ranges, request.ringBytes);
    this.#timer = setTimeout(() => void this.#look(), 0);
  }

  /** Another pace from now on. Throws `protocol` for other memory. */
  change(request: CoreRecordRequest): void {
    const place = ({ partition, memory, ranges }: CoreRecordRequest): string =>
      JSON.stringify({ partition, memory, ranges });
    if (place(request) !== place(this.#request)) {
      throw new BoardError('protocol', 'a recording of this name is of other memory');
    }
    this.#request = request;
  }

  part(from: number): CoreRecordingPart {
    const ended = this.#ended === undefined ? {} : { ended: this.#ended };
    const age = this.#made === 0 ? 0 : Math.floor(performance.now() - this.#began);
    return { ...this.#ring.part(from), age, ...ended };
  }

  end(error: BoardError): void {
    this.#ended ??= error;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { periodMs, wordsPerSecond, ranges } = this.#request;
    const began = performance.now();
    try {
      const answer = await this.#read(this.#request);
      if (this.#ended !== undefined) return;
      if (this.#made > 0 && answer.epoch !== this.#epoch) {
        throw new BoardError('epoch', 'the contents started a new epoch');
      }
      this.#found(wordsOf(ranges, answer), answer.epoch, began);
    } catch (error) {
      this.end(toBoardError(error));
      return;
    }
    const cost = wordsPerSecond === 0 ? 0 : (this.#ring.size * 1000) / wordsPerSecond;
    const wait = Math.max(periodMs, cost) - (performance.now() - began);
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, wait));
  }

  #found(now: RecordedWords, epoch: string, began: number): void {
    const last = this.#last;
    const ended = performance.now();
    const before = this.#roundBegan;
    this.#last = now;
    this.#roundBegan = began;
    this.#epoch = epoch;
    this.#made++;
    this.#words += this.#ring.size;
    const known = {
      epoch,
      made: this.#made,
      read: this.#words,
      lostMoments: 0,
      lostChanges: 0,
      hasMore: false,
    };
    if (last === undefined) {
      this.#began = ended;
      this.#beganAt = Date.now();
      this.#ring.take({ ...known, beganAt: this.#beganAt, at: 0, base: now, first: 1, moments: [] });
      return;
    }
    const at = Math.floor(ended - this.#began);
    const changes = differences(last, now);
    const moments =
      changes.length === 0 ? [] : [{ at, after: Math.max(0, Math.floor(before - this.#began)), changes }];
    this.#ring.take({ ...known, beganAt: this.#beganAt, at, first: this.#ring.next, moments });
  }
}

function wordsOf(ranges: readonly ByteRange[], { bytes, unreadable }: CoreReadAnswer): RecordedWords {
  const size = ranges.reduce((sum, { length }) => sum + length / wordBytes, 0);
  const words = new Uint32Array(size);
  const states = new Uint8Array(size);
  let first = 0;
  ranges.forEach((range, i) => {
    const piece = bytes[i] ?? new Uint8Array(range.length);
    const view = new DataView(piece.buffer, piece.byteOffset, piece.length);
    for (let at = 0; at < range.length; at += wordBytes)
      words[first + at / wordBytes] = view.getUint32(at, true);
    for (const span of unreadable) {
      const shared = intersectRanges(span, range);
      if (shared === undefined) continue;
      const from = first + Math.floor((shared.offset - range.offset) / wordBytes);
      states.fill(unreadableReasons.indexOf(span.reason), from, from + Math.ceil(shared.length / wordBytes));
    }
    first += range.length / wordBytes;
  });
  return { words, states };
}

function differences(last: RecordedWords, now: RecordedWords): Uint32Array {
  const found: number[] = [];
  now.words.forEach((word, i) => {
    const [oldState = 0, newState = 0] = [last.states[i], now.states[i]];
    if (word === last.words[i] && oldState === newState) return;
    found.push(i | (oldState << 16) | (newState << 24), last.words[i] ?? 0, word);
  });
  return Uint32Array.from(found, (word) => word >>> 0);
}
