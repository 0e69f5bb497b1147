/** A watch of the simulated board: reads again and again by a timer and tells what differs, as the native core does. */

import type { UnreadableReason } from '../../model/byte-state.ts';
import { type ByteRange, wordBytes } from '../../model/geometry.ts';
import { intersectRanges } from '../../model/ranges.ts';
import type { Survey, TileChange, UnreadableSpan, Watch, WatchPace } from '../board.ts';
import { BoardError, toBoardError } from '../errors.ts';
import type {
  ChangedSpan,
  CoreReadAnswer,
  CoreSurveyRequest,
  CoreSurveyUpdate,
  CoreUpdate,
  CoreWatchRequest,
} from '../protocol/core-client.ts';

/** A look that found nothing is told this often, milliseconds. */
const quietMs = 1000;

/** What was told of one range: per word its bytes, or why there are none. */
interface ToldRange {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  /** Per word: undefined until it was told. */
  readonly states: (UnreadableSpan['reason'] | 'read' | undefined)[];
}

/** One look: of which epoch it is, what it cost, and what it found to tell, if anything. */
interface Look<Update> {
  readonly epoch: string;
  readonly words: number;
  /** Empty: it tells only that nothing changed. */
  readonly update: Update;
  readonly isEmpty: boolean;
  /** Something else was asked for meanwhile: the next look is made at once. */
  readonly isOutdated: boolean;
}

/** What every update says. */
type Told<Update> = Update & { readonly epoch: string; readonly words: number; readonly wireBytes: number };

/**
 * Looks again and again until it is ended or a look fails.
 * @param pace as it is now
 */
function keepLooking<Update extends object>(
  pace: () => WatchPace,
  look: () => Promise<Look<Update>>,
  onUpdate: (update: Told<Update>) => void,
): Survey {
  let epoch: string | undefined;
  let toldAt = 0;
  let words = 0;
  /** Looks on, once the last update was seen. */
  let next: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let end: (error: BoardError) => void = () => undefined;
  let isOver = false;
  const ended = new Promise<BoardError>((resolve) => {
    end = (error) => {
      isOver = true;
      clearTimeout(timer);
      resolve(error);
    };
  });
  const run = async (): Promise<void> => {
    const { periodMs, wordsPerSecond } = pace();
    const began = Date.now();
    let found: Look<Update>;
    try {
      found = await look();
      if (isOver) return;
      if (epoch !== undefined && found.epoch !== epoch) {
        throw new BoardError('epoch', 'the contents started a new epoch');
      }
      epoch = found.epoch;
      words += found.words;
      if (!found.isEmpty || began - toldAt >= quietMs) {
        toldAt = began;
        const seen = new Promise<void>((resolve) => {
          next = resolve;
        });
        onUpdate({ ...found.update, epoch, words, wireBytes: 0 });
        await seen;
      }
    } catch (error) {
      end(toBoardError(error));
      return;
    }
    const cost = (found.words * 1000) / wordsPerSecond;
    const wait = found.isOutdated ? 0 : Math.max(periodMs, cost) - (Date.now() - began);
    if (!isOver) timer = setTimeout(() => void run(), Math.max(0, wait));
  };
  timer = setTimeout(() => void run(), 0);
  return {
    seen: () => next?.(),
    ended,
    dispose: () => end(new BoardError('cancelled', 'the watch was ended')),
  };
}

/** @param read one look for nobody; its failure ends the watch */
export function watchByReading(
  request: CoreWatchRequest,
  read: (request: CoreWatchRequest) => Promise<CoreReadAnswer>,
  onUpdate: (update: CoreUpdate) => void,
): Watch<CoreWatchRequest> {
  let now = request;
  let told: ToldRange[] = lay(request.ranges, []);
  const look = async (): Promise<Look<Pick<CoreUpdate, 'spans'>>> => {
    const asked = now;
    const answer = await read(asked);
    const words = asked.ranges.reduce((sum, { length }) => sum + length / wordBytes, 0);
    // Where other ranges were asked for meanwhile, they are looked at next.
    const isOutdated = asked !== now;
    const spans = isOutdated ? [] : told.flatMap((one, i) => differences(one, answer, i));
    return { epoch: answer.epoch, words, update: { spans }, isEmpty: spans.length === 0, isOutdated };
  };
  return {
    ...keepLooking(() => now, look, onUpdate),
    change: (asked) => {
      now = asked;
      told = lay(asked.ranges, told);
    },
  };
}

/** The tiles of a memory, in buffer order: the bytes, or why they cannot be read. */
interface SurveyedMemory {
  readonly tiles: readonly (Uint8Array | UnreadableReason)[];
  readonly epoch: string;
}

/** @param read one look for nobody; its failure ends the survey */
export function surveyByReading(
  request: CoreSurveyRequest,
  read: () => Promise<SurveyedMemory>,
  onUpdate: (update: CoreSurveyUpdate) => void,
): Survey {
  const each = request.wordsPerTile;
  /** Which word of each distance is compared. */
  let turn = 0;
  /** By tile: the words of the next turn, or why there are none. */
  let last: (Uint32Array | UnreadableReason | undefined)[] = [];
  const look = async (): Promise<Look<Pick<CoreSurveyUpdate, 'tiles'>>> => {
    const { tiles, epoch } = await read();
    const found: TileChange[] = [];
    let words = 0;
    let after = turn;
    const next = tiles.map((bytes, tile) => {
      const before = last[tile];
      if (typeof bytes === 'string') {
        if (before !== bytes) found.push({ tile, changed: 0, reason: bytes });
        return bytes;
      }
      const distance = Math.floor(bytes.length / wordBytes / each);
      after = (turn + 1) % distance;
      words += 2 * each;
      const now = wordsAt(bytes, each, distance, turn);
      const changed = before instanceof Uint32Array ? now.filter((word, i) => word !== before[i]).length : 0;
      if (changed > 0 || typeof before === 'string') found.push({ tile, changed });
      return wordsAt(bytes, each, distance, after);
    });
    turn = after;
    last = next;
    return { epoch, words, update: { tiles: found }, isEmpty: found.length === 0, isOutdated: false };
  };
  return keepLooking(() => request, look, onUpdate);
}

/** One word of each distance. */
function wordsAt(bytes: Uint8Array, count: number, distance: number, turn: number): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: count }, (_, i) =>
    view.getUint32((i * distance + turn) * wordBytes, true),
  );
}

/** Places for the ranges, with what was told of them before. */
function lay(ranges: readonly ByteRange[], before: readonly ToldRange[]): ToldRange[] {
  return ranges.map((range) => {
    const now: ToldRange = {
      range,
      bytes: new Uint8Array(range.length),
      states: new Array(range.length / wordBytes).fill(undefined),
    };
    for (const old of before) {
      const shared = intersectRanges(old.range, range);
      if (shared === undefined) continue;
      const from = shared.offset - old.range.offset;
      const to = shared.offset - range.offset;
      now.bytes.set(old.bytes.subarray(from, from + shared.length), to);
      for (let i = 0; i < shared.length / wordBytes; i++) {
        now.states[to / wordBytes + i] = old.states[from / wordBytes + i];
      }
    }
    return now;
  });
}

/** What a look found different in one range; it counts as told from then on. */
function differences(told: ToldRange, answer: CoreReadAnswer, index: number): ChangedSpan[] {
  const { range } = told;
  const bytes = answer.bytes[index];
  if (bytes === undefined) throw new BoardError('internal', 'a look without bytes');
  const states: ToldRange['states'] = new Array(told.states.length).fill('read');
  for (const span of answer.unreadable) {
    const shared = intersectRanges(span, range);
    if (shared === undefined) continue;
    const first = (shared.offset - range.offset) / wordBytes;
    states.fill(span.reason, first, first + shared.length / wordBytes);
  }
  const spans: ChangedSpan[] = [];
  for (let i = 0; i < states.length; i++) {
    const first = i;
    const state = states[first];
    while (i < states.length && states[i] === state && !isSame(told, states, bytes, i)) i++;
    if (i === first) continue;
    const run = bytes.slice(first * wordBytes, i * wordBytes);
    const reason = state === 'read' ? undefined : state;
    spans.push({ offset: range.offset + first * wordBytes, bytes: run, ...(reason && { reason }) });
    i--;
  }
  told.bytes.set(bytes);
  for (const [i, state] of states.entries()) told.states[i] = state;
  return spans;
}

function isSame(told: ToldRange, states: ToldRange['states'], bytes: Uint8Array, word: number): boolean {
  if (told.states[word] !== states[word]) return false;
  for (let i = word * wordBytes; i < (word + 1) * wordBytes; i++)
    if (told.bytes[i] !== bytes[i]) return false;
  return true;
}
