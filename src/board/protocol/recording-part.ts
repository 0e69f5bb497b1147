/** Checks a part of a recording, whichever carrier brought it: `header`, and its entries as words (docs/wire.md). Throws `protocol`. */
import { unreadableReasons } from '../../model/byte-state.ts';
import { changeWords, type RecordedMoment, type RecordedWords } from '../../model/recording.ts';
import type { CoreRecordingPart } from './core-client.ts';
import { type Header, isMap } from './frames.ts';
import { bad, checkEpoch, checkFlag, errorFrom, integer } from './validate.ts';

/** Words of a look before its changes, and of a word of the copy at the old end. */
const momentHeadWords = 3;
const baseWords = 2;
/** Words of the largest part: a copy, and one look at which everything changed or several that are smaller. */
const mostEntries = 2 ** 18;

const most = Number.MAX_SAFE_INTEGER;

/** @param size words of all recorded ranges together */
export function checkRecordingPart(header: Header, entries: Uint32Array, size: number): CoreRecordingPart {
  const first = integer(header, 'first', 1, most);
  const next = integer(header, 'next', first, most);
  const hasBase = checkFlag(header, 'hasBase');
  const made = integer(header, 'looks', 0, most);
  const count = next - first;
  let at = 0;
  let base: RecordedWords | undefined;
  // Before the first look there is nothing to copy.
  if (hasBase && made > 0) {
    if (entries.length < size * baseWords) bad(`${entries.length} words of a recording of ${size}`);
    const words = new Uint32Array(size);
    const states = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      words[i] = entries[at++] ?? 0;
      states[i] = stateOf(entries[at++] ?? 0);
    }
    base = { words, states };
  }
  const moments: RecordedMoment[] = [];
  while (moments.length < count) {
    const [time = 0, after = 0, changes = 0] = entries.subarray(at, at + momentHeadWords);
    at += momentHeadWords;
    const end = at + changes * changeWords;
    if (changes === 0 || changes > size || end > entries.length) bad(`a look with ${changes} changes`);
    if (after > time || time < (moments.at(-1)?.at ?? 0)) bad(`a look at ${time} ms, after ${after} ms`);
    const found = entries.slice(at, end);
    let index = -1;
    for (let i = 0; i < found.length; i += changeWords) {
      const head = found[i] ?? 0;
      if ((head & 0xffff) <= index || (head & 0xffff) >= size)
        bad(`a change of word ${head & 0xffff} of ${size}`);
      index = head & 0xffff;
      stateOf((head >>> 16) & 0xff);
      stateOf(head >>> 24);
    }
    moments.push({ at: time, after, changes: found });
    at = end;
  }
  if (at !== entries.length) bad(`${entries.length - at} words behind the last look`);
  const { ended } = header;
  return {
    epoch: made === 0 ? '' : checkEpoch(header),
    beganAt: integer(header, 'beganAt', 0, most),
    at: integer(header, 'at', 0, 2 ** 32 - 1),
    age: integer(header, 'age', 0, 2 ** 32 - 1),
    made,
    read: integer(header, 'words', 0, most),
    lostMoments: integer(header, 'lostMoments', 0, most),
    lostChanges: integer(header, 'lostChanges', 0, most),
    ...(base === undefined ? {} : { base }),
    first,
    moments,
    hasMore: checkFlag(header, 'hasMore'),
    ...(isMap(ended) ? { ended: errorFrom(ended) } : {}),
  };
}

/** Collects the entries of one answer. */
export class EntryCollector {
  readonly #words: number[] = [];

  /** The payload of one frame. */
  push(payload: Uint8Array): void {
    if (payload.length % 4 !== 0) bad(`${payload.length} bytes of entries`);
    if (this.#words.length + payload.length / 4 > mostEntries) bad('too many entries of a recording');
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at < payload.length; at += 4) this.#words.push(view.getUint32(at, true));
  }

  get words(): Uint32Array {
    return Uint32Array.from(this.#words);
  }
}

function stateOf(number: number): number {
  return number < unreadableReasons.length ? number : bad(`a reason ${number}`);
}
