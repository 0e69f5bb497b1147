/**
 * Numbers about the selection: statistics of its values, CRC-32 and SHA-256 of its bytes. What the page holds is measured by
 * itself, in slices between which the page can draw; what has to be read first, only when a person asks.
 */
import type { ShownBytes } from '../src/editor/messages.ts';
import { stateBits } from '../src/model/byte-state.ts';
import type { CellFormat } from '../src/model/cells/format.ts';
import { crc32, type Statistics, StatisticsCollector } from '../src/model/cells/statistics.ts';
import type { ByteRange } from '../src/model/geometry.ts';
import { hexPairs } from '../src/model/numbers.ts';
import { bytesIn } from '../src/model/ranges.ts';
import type { Layout } from '../src/model/rows/layout.ts';
import { hasValueAt } from '../src/model/rows/text.ts';
import { together } from './grid/copy.ts';

/** What is measured: bytes, and what they are taken for. */
export interface Measured {
  /** Ascending and apart from each other; checksums are of them one after the other. */
  readonly ranges: readonly ByteRange[];
  readonly format: CellFormat;
  /** The cell that a byte is in. */
  readonly cell: Layout['cell'];
}

/** What was found. */
export interface SelectionNumbers {
  readonly statistics: Statistics;
  /** Cells that have no value: not read, unreadable, cut by an edge. They are left out. */
  readonly withoutValue: number;
  /** Of all bytes; `undefined` where one of them is not there. */
  readonly crc32: number | undefined;
  /** The same, 64 hexadecimal digits; also `undefined` where the browser has no cryptography. */
  readonly sha256: string | undefined;
}

/** Where a measurement is. */
export type Meter =
  /** Nothing is selected but the cursor's cell. */
  | { readonly kind: 'none' }
  | { readonly kind: 'measuring' }
  /** Bytes have to be read first, or there are many of them: a person decides. */
  | { readonly kind: 'offered' }
  | { readonly kind: 'done'; readonly numbers: SelectionNumbers }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Bytes that are measured without being asked for. */
const automaticBytes = 1 << 20;
/** Cells between two checks whether the page has something else to do. */
const sliceCells = 2048;
/** A selection that still moves is not measured, milliseconds. */
const restBefore = 150;

function isThere(flags: number): boolean {
  return (flags & (stateBits.known | stateBits.staged)) !== 0;
}

/** Measures bytes, `shown` being those of each range; `pause` is awaited between slices. Rejects when aborted. */
export async function measure(
  { format, cell }: Pick<Measured, 'format' | 'cell'>,
  shown: readonly ShownBytes[],
  pause: () => Promise<void>,
  signal: AbortSignal,
): Promise<SelectionNumbers> {
  const collector = new StatisticsCollector(format);
  let withoutValue = 0;
  let checksum = 0;
  let isWhole = true;
  let count = 0;
  const rest = async () => {
    count = 0;
    await pause();
    signal.throwIfAborted();
  };
  for (const run of shown) {
    const { offset: start, bytes, flags } = run;
    for (let at = 0; at < bytes.length; ) {
      const from = at;
      for (; count < sliceCells && at < bytes.length; count++) {
        const { offset, length } = cell(start + at);
        const end = Math.min(offset + length - start, bytes.length);
        if (offset >= start && hasValueAt(format, run, at, end - at)) collector.add(bytes, at);
        else withoutValue++;
        at = end;
      }
      for (let i = from; i < at && isWhole; i++) isWhole = isThere(flags[i] ?? 0);
      if (isWhole) checksum = crc32(bytes.subarray(from, at), checksum);
      if (count >= sliceCells) await rest();
    }
  }
  if (count > 0) await rest();
  const all = isWhole ? together(shown) : undefined;
  const digest = all && (await globalThis.crypto?.subtle?.digest('SHA-256', all));
  signal.throwIfAborted();
  return {
    statistics: collector.result,
    withoutValue,
    crc32: isWhole ? checksum : undefined,
    sha256: digest && hexPairs(new Uint8Array(digest), false).replaceAll(' ', ''),
  };
}

/** What the meter works with. */
export interface MeterParts {
  /** What the page holds of a range. */
  bytes(range: ByteRange): ShownBytes;
  /** Changes with what is held of a range. */
  version(range: ByteRange): number;
  /** All of a range, read first where it has to be. */
  read(range: ByteRange, signal: AbortSignal): Promise<ShownBytes>;
  onChange(): void;
}

/** Measures one selection at a time. */
export class SelectionMeter {
  readonly #parts: MeterParts;
  #measured: Measured | undefined;
  #version = -1;
  #state: Meter = { kind: 'none' };
  #abort = new AbortController();
  /** A measurement is under way, or will be. */
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  get state(): Meter {
    return this.#state;
  }

  /** Says what is selected; `undefined`: nothing that is worth it. Cheap when nothing changed. */
  select(measured: Measured | undefined): void {
    const before = this.#measured;
    if (measured === undefined) {
      if (before !== undefined) this.#leave({ kind: 'none' });
      this.#measured = undefined;
      return;
    }
    const isSame =
      before?.format === measured.format &&
      before.ranges.length === measured.ranges.length &&
      before.ranges.every(({ offset, length }, i) => {
        const now = measured.ranges[i];
        return now?.offset === offset && now.length === length;
      });
    const version = measured.ranges.reduce((sum, range) => sum + this.#parts.version(range), 0);
    // Bytes that change all the time are measured as often as that ends, not never.
    if (isSame && (this.#isBusy || version === this.#version || this.#state.kind === 'offered')) return;
    this.#measured = measured;
    this.#version = version;
    // Numbers of other bytes would be wrong; those of bytes that changed stay until the new ones are there.
    this.#leave(isSame ? this.#state : { kind: 'measuring' });
    this.#isBusy = true;
    this.#timer = setTimeout(() => this.#begin(measured), restBefore);
  }

  /** Reads what has to be read, and measures. */
  readAndMeasure(): void {
    const measured = this.#measured;
    if (measured === undefined) return;
    this.#leave({ kind: 'measuring' });
    this.#isBusy = true;
    const { signal } = this.#abort;
    const read = async () => {
      const shown: ShownBytes[] = [];
      for (const range of measured.ranges) shown.push(await this.#parts.read(range, signal));
      return shown;
    };
    void this.#run(measured, read(), signal);
  }

  #begin(measured: Measured): void {
    const { ranges } = measured;
    const held =
      bytesIn(ranges) <= automaticBytes ? ranges.map((range) => this.#parts.bytes(range)) : undefined;
    if (held === undefined || held.some(({ flags }) => flags.includes(0))) {
      this.#leave({ kind: 'offered' });
      return;
    }
    void this.#run(measured, Promise.resolve(held), this.#abort.signal);
  }

  async #run(measured: Measured, shown: Promise<readonly ShownBytes[]>, signal: AbortSignal): Promise<void> {
    const pause = () => new Promise<void>((done) => setTimeout(done, 0));
    let state: Meter;
    try {
      state = { kind: 'done', numbers: await measure(measured, await shown, pause, signal) };
    } catch (error) {
      state = { kind: 'failed', error };
    }
    if (signal.aborted) return;
    this.#isBusy = false;
    this.#state = state;
    this.#parts.onChange();
  }

  #leave(state: Meter): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#isBusy = false;
    this.#state = state;
    this.#parts.onChange();
  }
}
