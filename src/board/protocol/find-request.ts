/** A search as it travels, and its answer put together and checked. Knows no carrier. */
import { type BoardPattern, lengthOf } from '../../model/find/board-pattern.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { hexDigits } from '../../model/numbers.ts';
import { bytesIn, endOf } from '../../model/ranges.ts';
import type { UnreadableSpan } from '../board.ts';
import { BoardError } from '../errors.ts';
import type { CoreFindAnswer, CoreFindRequest, FindEvents } from './core-client.ts';
import type { Header } from './frames.ts';
import { bad, checkEpoch, fitSpans } from './validate.ts';

/** Most ranges of one request: with the largest pattern they fit into a header. */
const maxRanges = 1024;

/** The keys of a request beside `op` and `id`. */
export function findHeader(request: CoreFindRequest): Header {
  const { partition, memory, ranges, openTiles, asking, most, pattern } = request;
  const pairs = ranges.map(({ offset, length }) => [offset, length]);
  return { partition, memory, ranges: pairs, openTiles, asking, most, ...patternHeader(pattern) };
}

function patternHeader(pattern: BoardPattern): Header {
  if (pattern.kind === 'bytes') return { values: hexOf(pattern.values), masks: hexOf(pattern.masks) };
  const { numberBytes, order, align, tests } = pattern;
  return {
    numberBytes,
    bigEndian: order === 'big',
    align,
    tests: tests.map(({ any, sets }) => [
      any,
      ...sets.map((set) => set.flatMap(({ least, most }) => [...wordsOf(least), ...wordsOf(most)])),
    ]),
  };
}

/** The upper word first. */
function wordsOf(bits: bigint): [number, number] {
  return [Number(bits >> 32n), Number(bits & 0xffff_ffffn)];
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hexDigits(byte, 2, false)).join('');
}

/** Collects what one request finds. All of it throws `protocol` for what nobody can have found. */
export class FindCollector {
  readonly #ranges: readonly ByteRange[];
  readonly #length: number;
  readonly #most: number;
  readonly #offsets: number[] = [];
  #range = 0;
  #least = 0;

  constructor({ ranges, pattern, most }: CoreFindRequest) {
    this.#ranges = ranges;
    this.#length = lengthOf(pattern);
    this.#most = most;
  }

  /** Takes hits; answers those. */
  push(offsets: Uint32Array): readonly number[] {
    const taken = [...offsets];
    for (const offset of taken) {
      let range = this.#ranges[this.#range];
      while (range !== undefined && offset >= endOf(range)) range = this.#ranges[++this.#range];
      const isInside = range !== undefined && offset >= range.offset && offset + this.#length <= endOf(range);
      if (!isInside || offset < this.#least) bad(`a hit at buffer offset ${offset}`);
      this.#least = offset + this.#length;
      this.#offsets.push(offset);
    }
    if (this.#offsets.length > this.#most) bad(`${this.#offsets.length} of ${this.#most} hits`);
    return taken;
  }

  /** @param spans as they came */
  finish(answer: Header, spans: UnreadableSpan[]): CoreFindAnswer {
    return {
      offsets: this.#offsets,
      unreadable: fitSpans(spans, this.#ranges),
      epoch: checkEpoch(answer),
      ...(answer['gaveWay'] === true ? { gaveWay: true } : {}),
      isFull: answer['full'] === true,
    };
  }
}

/**
 * Asks for as many ranges at a time as a request holds, and joins the answers. Rejects with `epoch` if a new epoch began in between.
 * @param ask one request; its progress counts from 0
 */
export async function findInGroups(
  request: CoreFindRequest,
  { onHits, onProgress }: FindEvents,
  ask: (request: CoreFindRequest, events: FindEvents) => Promise<CoreFindAnswer>,
): Promise<CoreFindAnswer> {
  const offsets: number[] = [];
  const unreadable: UnreadableSpan[] = [];
  let epoch: string | undefined;
  let done = 0;
  for (let first = 0; first < request.ranges.length; first += maxRanges) {
    const ranges = request.ranges.slice(first, first + maxRanges);
    const most = request.most - offsets.length;
    const before = done;
    const answer = await ask(
      { ...request, ranges, most },
      { onHits, onProgress: (bytes) => onProgress?.(before + bytes) },
    );
    if (epoch !== undefined && answer.epoch !== epoch) {
      throw new BoardError('epoch', 'a new epoch began during the search', { epoch: answer.epoch });
    }
    epoch = answer.epoch;
    done += bytesIn(ranges);
    for (const offset of answer.offsets) offsets.push(offset);
    unreadable.push(...answer.unreadable);
    if (answer.isFull || answer.gaveWay === true) {
      // Nobody searched what was not asked for any more.
      for (const range of request.ranges.slice(first + maxRanges)) {
        unreadable.push({ ...range, reason: 'not-read' });
      }
      return { ...answer, offsets, unreadable };
    }
  }
  return { offsets, unreadable, epoch: epoch ?? '', isFull: false };
}
