/** A search as it travels, and its answer put together and checked. Knows no carrier. */
import type { Program, Programs } from '../../model/find/automaton.ts';
import { type BoardPattern, lengthOf } from '../../model/find/board-pattern.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { hexDigits } from '../../model/numbers.ts';
import { bytesIn, endOf } from '../../model/ranges.ts';
import type { UnreadableSpan } from '../board.ts';
import { BoardError } from '../errors.ts';
import { notSearchedFrom } from '../find-by-reading.ts';
import type { CoreFindAnswer, CoreFindRequest, FindEvents } from './core-client.ts';
import type { Header } from './frames.ts';
import { bad, checkEpoch, fitSpans, integer } from './validate.ts';

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
  if (pattern.kind === 'expression') return programsHeader(pattern);
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

/** Programs with the classes of their bytes, each of which is there once. */
function programsHeader({ forwards, backwards }: Programs): Header {
  const classes = new Map<string, number>();
  const classOf = (bytes: Uint8Array): number => {
    const bits = Uint8Array.from({ length: 32 }, (_, i) =>
      bytes.subarray(8 * i, 8 * i + 8).reduce((sum, one, bit) => sum | (one << bit), 0),
    );
    const text = hexOf(bits);
    const known = classes.get(text) ?? classes.size;
    classes.set(text, known);
    return known;
  };
  const wordsOfProgram = ({ steps, start }: Program): number[] => [
    start,
    ...steps.flatMap((step) => {
      if (step === 'end') return [0, 0, 0];
      return 'bytes' in step ? [1, classOf(step.bytes), step.next] : [2, step.first, step.second];
    }),
  ];
  const programs = { forwards: wordsOfProgram(forwards), backwards: wordsOfProgram(backwards) };
  return { classes: [...classes.keys()], ...programs };
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
  /** Undefined: each hit says it. */
  readonly #length: number | undefined;
  readonly #most: number;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  #range = 0;
  #least = 0;

  constructor({ ranges, pattern, most }: CoreFindRequest) {
    this.#ranges = ranges;
    this.#length = lengthOf(pattern);
    this.#most = most;
  }

  /** Words of one hit. */
  get hitWords(): number {
    return this.#length === undefined ? 2 : 1;
  }

  /** Takes hits as they came; answers those. */
  push(words: Uint32Array): {
    readonly offsets: readonly number[];
    readonly lengths: readonly number[] | undefined;
  } {
    const { hitWords } = this;
    if (words.length % hitWords !== 0) bad(`${words.length} words of hits`);
    const first = this.#offsets.length;
    for (let i = 0; i < words.length; i += hitWords) {
      const offset = words[i] ?? 0;
      const length = this.#length ?? words[i + 1] ?? 0;
      let range = this.#ranges[this.#range];
      while (range !== undefined && offset >= endOf(range)) range = this.#ranges[++this.#range];
      const isInside = range !== undefined && offset >= range.offset && offset + length <= endOf(range);
      if (!isInside || offset < this.#least || length === 0) bad(`a hit at buffer offset ${offset}`);
      this.#least = offset + length;
      this.#offsets.push(offset);
      if (this.#length === undefined) this.#lengths.push(length);
    }
    if (this.#offsets.length > this.#most) bad(`${this.#offsets.length} of ${this.#most} hits`);
    const lengths = this.#length === undefined ? this.#lengths.slice(first) : undefined;
    return { offsets: this.#offsets.slice(first), lengths };
  }

  /** @param spans as they came */
  finish(answer: Header, spans: UnreadableSpan[]): CoreFindAnswer {
    const unreadable = fitSpans(spans, this.#ranges);
    const at = answer['gaveUpAt'] === undefined ? undefined : integer(answer, 'gaveUpAt', 0, 0xffff_ffff);
    return {
      offsets: this.#offsets,
      ...(this.#length === undefined ? { lengths: this.#lengths } : {}),
      unreadable: at === undefined ? unreadable : notSearchedFrom(at, this.#ranges, unreadable),
      ...(at === undefined ? {} : { isGivenUp: true }),
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
  const lengths: number[] = [];
  const hits = () => ({ offsets, ...(lengthOf(request.pattern) === undefined ? { lengths } : {}) });
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
    for (const length of answer.lengths ?? []) lengths.push(length);
    unreadable.push(...answer.unreadable);
    if (answer.isFull || answer.gaveWay === true || answer.isGivenUp === true) {
      // Nobody searched what was not asked for any more.
      for (const range of request.ranges.slice(first + maxRanges)) {
        unreadable.push({ ...range, reason: 'not-read' });
      }
      return { ...answer, ...hits(), unreadable };
    }
  }
  return { ...hits(), unreadable, epoch: epoch ?? '', isFull: false };
}
