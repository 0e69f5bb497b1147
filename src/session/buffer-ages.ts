/** When the bytes of buffers last changed, as far as it was seen. */
import { pageBytes } from '../model/byte-state.ts';
import { type ByteRange, containsTile, tileStart } from '../model/geometry.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { BufferAge } from '../model/program/explain.ts';
import type { MemorySession } from './memory-session.ts';

export class BufferAges {
  readonly #session: MemorySession;
  readonly #buffers: readonly PlacedName[];
  /** When the bytes were first read for this. */
  #since: number | undefined;

  /** @param buffers in data memory */
  constructor(session: MemorySession, buffers: readonly PlacedName[]) {
    this.#session = session;
    this.#buffers = buffers;
  }

  /** Reads the buffers, all at once. Rejects with BoardError. */
  async read(signal: AbortSignal): Promise<void> {
    await this.#session.open(signal);
    const ranges = this.#buffers.flatMap((one) => this.#rangeOf(one) ?? []);
    this.#since ??= Date.now();
    await Promise.all(ranges.map((range) => this.#session.refresh(range, signal)));
  }

  /** What was seen of a buffer; undefined where its bytes were not read. */
  of(buffer: PlacedName): BufferAge | undefined {
    const session = this.#session;
    const range = this.#rangeOf(buffer);
    if (range === undefined || session.readAt(range) === undefined || session.isStale(range))
      return undefined;
    const tick = newestTick(session, range);
    if (tick === 0) return this.#since === undefined ? undefined : { sameSince: this.#since };
    const changedAt = session.updatedAt(tick);
    return changedAt === undefined ? undefined : { changedAt };
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
