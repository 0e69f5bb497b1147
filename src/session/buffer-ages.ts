/** When the bytes of buffers last changed, as far as it was seen. */
import { pageBytes, type Update } from '../model/byte-state.ts';
import { type ByteRange, containsTile, tileStart } from '../model/geometry.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { BufferAge } from '../model/program/explain.ts';
import { mergeRanges, pieceGap } from '../model/ranges.ts';
import type { MemorySession } from './memory-session.ts';

export class BufferAges {
  readonly #session: MemorySession;
  readonly #buffers: readonly PlacedName[];
  readonly #now: () => number;
  /** When the bytes were first read for this, and in which epoch. */
  #since: Update | undefined;

  /**
   * @param buffers in the memory of the session
   * @param now milliseconds since 1970
   */
  constructor(session: MemorySession, buffers: readonly PlacedName[], now: () => number = Date.now) {
    this.#session = session;
    this.#buffers = buffers;
    this.#now = now;
  }

  /** Reads the buffers, all at once, and what they share once. Rejects with BoardError. */
  async read(signal: AbortSignal): Promise<void> {
    await this.#session.open(signal);
    const ranges = this.#buffers.flatMap((one) => this.#rangeOf(one) ?? []);
    const epoch = this.#epoch;
    if (epoch !== undefined && this.#since?.epoch !== epoch) this.#since = { at: this.#now(), epoch };
    const pieces = mergeRanges(ranges, pieceGap);
    await Promise.all(pieces.map((range) => this.#session.refresh(range, signal)));
  }

  /** What was seen of a buffer; undefined where its bytes were not read. */
  of(buffer: PlacedName): BufferAge | undefined {
    const session = this.#session;
    const range = this.#rangeOf(buffer);
    if (range === undefined || session.readAt(range) === undefined || session.isStale(range))
      return undefined;
    const since = this.#since;
    if (since === undefined || since.epoch !== this.#epoch) return undefined;
    const tick = newestTick(session, range);
    const change = session.updateOf(tick);
    if (change?.epoch === since.epoch) return { changedAt: change.at };
    // A change in an earlier epoch was one of other contents; one that is long past came before all that is remembered.
    const isLongPast = tick > 0 && change === undefined;
    const oldest = isLongPast ? session.oldestUpdate?.at : undefined;
    return { sameSince: Math.max(since.at, oldest ?? 0) };
  }

  get #epoch(): string | undefined {
    return this.#session.state.partition?.epoch;
  }

  #rangeOf({ tile, offset, size }: PlacedName): ByteRange | undefined {
    const { geometry } = this.#session;
    if (geometry === undefined || size === 0 || !containsTile(geometry, tile)) return undefined;
    const length = Math.min(size, geometry.bytesPerTile - offset);
    return length > 0 ? { offset: tileStart(geometry, tile) + offset, length } : undefined;
  }
}

/** The tick at which a byte of the range last changed; 0 where no change was seen. */
function newestTick(session: MemorySession, { offset, length }: ByteRange): number {
  let newest = 0;
  for (let at = offset; at < offset + length; ) {
    const end = Math.min(offset + length, (Math.floor(at / pageBytes) + 1) * pageBytes);
    for (const tick of session.changes({ offset: at, length: end - at }).ticks ?? []) {
      newest = Math.max(newest, tick);
    }
    at = end;
  }
  return newest;
}
