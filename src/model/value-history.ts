/**
 * What one value of memory held over a while: a ring of times and bytes, and when nobody looked. Knows no type, no memory, no
 * clock. Times are milliseconds, counted from whenever.
 */

/** A time in which the value was the same; or in which nobody looked, without bytes. A single look has no length. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Belongs to the history: to be used before the next look. */
  readonly bytes: Uint8Array | undefined;
}

/** How much is kept, unless told otherwise. */
const usual = { most: 1024, lastingMs: 60_000 };

export class ValueHistory {
  readonly #width: number;
  readonly #lastingMs: number;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #isGap: Uint8Array;
  /** Place of the oldest entry, and how many there are. */
  #first = 0;
  #count = 0;

  /**
   * @param width bytes of the value
   * @param most entries that are kept; a change is one, a time without looks another
   */
  constructor(width: number, { most, lastingMs } = usual) {
    this.#width = width;
    this.#lastingMs = lastingMs;
    this.#times = new Float64Array(most);
    this.#bytes = new Uint8Array(most * width);
    this.#isGap = new Uint8Array(most);
  }

  /**
   * The value was looked at.
   *
   * @param isFollowed looks go on by themselves, so it stays what it is until the next one tells something else; otherwise
   *   a value counts for the moment in which it was found to be another one
   */
  add(at: number, bytes: Uint8Array, isFollowed: boolean): void {
    const known = this.#lastValue;
    const isSame = known?.every((byte, i) => byte === bytes[i]) === true;
    if (isFollowed ? !isSame || this.#endsInGap : !isSame) this.#push(at, bytes);
    if (!isFollowed) this.gap(at);
  }

  /** From now on nobody looks. */
  gap(at: number): void {
    if (this.#count > 0 && !this.#endsInGap) this.#push(at, undefined);
  }

  /** What is kept until `now`, the oldest first; each begins where the one before ends. */
  stretches(now: number): Stretch[] {
    const since = now - this.#lastingMs;
    const all: Stretch[] = [];
    for (let i = 0; i < this.#count; i++) {
      const from = this.#timeAt(i);
      const to = i + 1 < this.#count ? this.#timeAt(i + 1) : Math.max(now, from);
      const bytes = this.#valueAt(i);
      if (to <= since || (bytes === undefined && (to === from || all.length === 0))) continue;
      all.push({ from: Math.max(from, since), to, bytes });
    }
    return all;
  }

  get #endsInGap(): boolean {
    return this.#count > 0 && this.#valueAt(this.#count - 1) === undefined;
  }

  /** Before a gap there is always a value. */
  get #lastValue(): Uint8Array | undefined {
    if (this.#count === 0) return undefined;
    return this.#valueAt(this.#count - 1) ?? (this.#count > 1 ? this.#valueAt(this.#count - 2) : undefined);
  }

  #placeOf(i: number): number {
    return (this.#first + i) % this.#times.length;
  }

  #timeAt(i: number): number {
    return this.#times[this.#placeOf(i)] ?? 0;
  }

  #valueAt(i: number): Uint8Array | undefined {
    const place = this.#placeOf(i);
    if (this.#isGap[place] === 1) return undefined;
    return this.#bytes.subarray(place * this.#width, (place + 1) * this.#width);
  }

  #push(at: number, bytes: Uint8Array | undefined): void {
    // A clock that is set back does not turn the history round.
    const time = this.#count === 0 ? at : Math.max(at, this.#timeAt(this.#count - 1));
    if (this.#count === this.#times.length) this.#first = this.#placeOf(1);
    else this.#count++;
    const place = this.#placeOf(this.#count - 1);
    this.#times[place] = time;
    this.#isGap[place] = bytes === undefined ? 1 : 0;
    if (bytes !== undefined) this.#bytes.set(bytes.subarray(0, this.#width), place * this.#width);
  }
}
