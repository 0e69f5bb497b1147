/** A watch of the simulated board: reads again and again by a timer and tells what differs, as the native core does. */
import { type ByteRange, wordBytes } from '../../model/geometry.ts';
import { intersectRanges } from '../../model/ranges.ts';
import type { UnreadableSpan, Watch } from '../board.ts';
import { BoardError, toBoardError } from '../errors.ts';
import type { ChangedSpan, CoreReadAnswer, CoreUpdate, CoreWatchRequest } from '../protocol/core-client.ts';

/** A look that found nothing is told this often, milliseconds. */
const quietMs = 1000;

/** What was told of one range: per word its bytes, or why there are none. */
interface Told {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  /** Per word: undefined until it was told. */
  readonly states: (UnreadableSpan['reason'] | 'read' | undefined)[];
}

/** @param read one look for nobody; its failure ends the watch */
export function watchByReading(
  request: CoreWatchRequest,
  read: (request: CoreWatchRequest) => Promise<CoreReadAnswer>,
  onUpdate: (update: CoreUpdate) => void,
): Watch<CoreWatchRequest> {
  let now = request;
  let told: Told[] = lay(request.ranges, []);
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
  const look = async (): Promise<void> => {
    const asked = now;
    const began = Date.now();
    try {
      const answer = await read(asked);
      if (isOver) return;
      if (epoch !== undefined && answer.epoch !== epoch) {
        throw new BoardError('epoch', 'the contents started a new epoch');
      }
      epoch = answer.epoch;
      // Other ranges were asked for meanwhile: they are looked at next.
      words += asked.ranges.reduce((sum, { length }) => sum + length / wordBytes, 0);
      const spans = asked === now ? told.flatMap((one, i) => differences(one, answer, i)) : [];
      if (spans.length > 0 || began - toldAt >= quietMs) {
        toldAt = began;
        const seen = new Promise<void>((resolve) => {
          next = resolve;
        });
        onUpdate({ spans, epoch, words, wireBytes: 0 });
        await seen;
      }
    } catch (error) {
      end(toBoardError(error));
      return;
    }
    const each = asked.ranges.reduce((sum, { length }) => sum + length / wordBytes, 0);
    const cost = (each * 1000) / asked.wordsPerSecond;
    const wait = asked === now ? Math.max(asked.periodMs, cost) - (Date.now() - began) : 0;
    if (!isOver) timer = setTimeout(() => void look(), Math.max(0, wait));
  };
  timer = setTimeout(() => void look(), 0);
  return {
    seen: () => next?.(),
    change: (asked) => {
      now = asked;
      told = lay(asked.ranges, told);
    },
    ended,
    dispose: () => end(new BoardError('cancelled', 'the watch was ended')),
  };
}

/** Places for the ranges, with what was told of them before. */
function lay(ranges: readonly ByteRange[], before: readonly Told[]): Told[] {
  return ranges.map((range) => {
    const now: Told = {
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
function differences(told: Told, answer: CoreReadAnswer, index: number): ChangedSpan[] {
  const { range } = told;
  const bytes = answer.bytes[index];
  if (bytes === undefined) throw new BoardError('internal', 'a look without bytes');
  const states: Told['states'] = new Array(told.states.length).fill('read');
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

function isSame(told: Told, states: Told['states'], bytes: Uint8Array, word: number): boolean {
  if (told.states[word] !== states[word]) return false;
  for (let i = word * wordBytes; i < (word + 1) * wordBytes; i++)
    if (told.bytes[i] !== bytes[i]) return false;
  return true;
}
