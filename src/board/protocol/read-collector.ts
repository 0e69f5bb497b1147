import type { ByteRange } from '../../model/geometry.ts';
import type { UnreadableSpan } from '../board.ts';
import { bad, blank, fitSpans, readSpanRecords } from './validate.ts';

/**
 * Puts the `data` and `spans` frames of one read request together and checks that they cover exactly what was asked.
 * Ranges: ascending, none empty, not overlapping.
 */
export class ReadCollector {
  readonly bytes: readonly Uint8Array[];
  readonly #ranges: readonly ByteRange[];
  readonly #spans: UnreadableSpan[] = [];
  /** What no data frame has brought. */
  readonly #gaps: ByteRange[] = [];
  #index = 0;
  #at: number;

  constructor(ranges: readonly ByteRange[]) {
    this.#ranges = ranges;
    this.bytes = ranges.map((range) => new Uint8Array(range.length));
    this.#at = ranges[0]?.offset ?? 0;
  }

  /** A data frame. Returns how many of the asked bytes are behind it now. */
  data(offset: unknown, payload: Uint8Array): number {
    if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || payload.length === 0)
      bad('a data frame');
    let range = this.#ranges[this.#index];
    while (range !== undefined && offset >= range.offset + range.length) range = this.#advance(range);
    if (range === undefined || offset < this.#at || offset + payload.length > range.offset + range.length) {
      return bad(`${payload.length} bytes at buffer offset ${offset} that nobody asked for at this place`);
    }
    this.#gap(this.#at, offset);
    this.bytes[this.#index]?.set(payload, offset - range.offset);
    this.#at = offset + payload.length;
    return payload.length;
  }

  spans(payload: Uint8Array): void {
    readSpanRecords(payload, this.#spans);
  }

  /** The unreadable spans. Throws `protocol` if bytes came neither as data nor as unreadable. */
  finish(): UnreadableSpan[] {
    let range = this.#ranges[this.#index];
    while (range !== undefined) range = this.#advance(range);
    const fitted = fitSpans(this.#spans, this.#ranges);
    let index = 0;
    for (const gap of this.#gaps) {
      let at = gap.offset;
      const end = gap.offset + gap.length;
      while (at < end) {
        const span = fitted[index];
        if (span === undefined || span.offset > at) bad(`nothing for buffer offset ${at}`);
        else if (span.offset + span.length <= at) index++;
        else at = span.offset + span.length;
      }
    }
    blank(this.bytes, this.#ranges, fitted);
    return fitted;
  }

  #advance(range: ByteRange): ByteRange | undefined {
    this.#gap(this.#at, range.offset + range.length);
    this.#index++;
    const next = this.#ranges[this.#index];
    this.#at = next?.offset ?? 0;
    return next;
  }

  #gap(from: number, to: number): void {
    if (to > from) this.#gaps.push({ offset: from, length: to - from });
  }
}
