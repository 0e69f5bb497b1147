/** A part of a memory as a tab showed it at one moment, for a tab that is frozen. Knows bytes; not why, nor what came later. */
import { type ByteChanges, type BytesView, pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import type { ShownBytes } from './messages.ts';

/** Where bytes come from; as a feed asks for them. */
export interface ByteSource {
  bytes(range: ByteRange): ShownBytes;
  /** As `bytes` of the first part of the range: as many as can be had at once. */
  view(range: ByteRange): BytesView;
  /** When the bytes of a range that lies in one page last changed. */
  changes(range: ByteRange): ByteChanges;
  readonly tick: number;
}

export class FrozenBytes implements ByteSource {
  readonly tick: number;
  readonly #pages = new Map<number, { readonly shown: ShownBytes; readonly changes: ByteChanges }>();

  /** Copies what is known of the range. */
  constructor(source: Omit<ByteSource, 'view'>, range: ByteRange) {
    this.tick = source.tick;
    for (const page of pagesOf(range)) {
      const part = within(page, range);
      const shown = source.bytes(part);
      if (shown.flags.every((flag) => flag === 0)) continue;
      const { ticks, since } = source.changes(part);
      this.#pages.set(page, { shown, changes: { ticks: ticks?.slice(), since } });
    }
  }

  bytes(range: ByteRange): ShownBytes {
    const { offset, length } = range;
    const plane = (): Uint8Array => new Uint8Array(length);
    const all = { offset, bytes: plane(), base: plane(), flags: plane() };
    for (const page of pagesOf(range)) {
      const shown = this.#pages.get(page)?.shown;
      if (shown === undefined) continue;
      const part = within(page, range);
      const from = part.offset - shown.offset;
      for (const name of ['bytes', 'base', 'flags'] as const) {
        all[name].set(shown[name].subarray(from, from + part.length), part.offset - offset);
      }
    }
    return all;
  }

  view({ offset, length }: ByteRange): BytesView {
    const some = Math.min(length, pageBytes - (offset % pageBytes));
    const { bytes, flags } = this.bytes({ offset, length: some });
    return { length: some, bytes, flags };
  }

  changes({ offset, length }: ByteRange): ByteChanges {
    const page = this.#pages.get(Math.floor(offset / pageBytes));
    if (page === undefined) return { ticks: undefined, since: 0 };
    const from = offset - page.shown.offset;
    return { ticks: page.changes.ticks?.subarray(from, from + length), since: page.changes.since };
  }
}

function pagesOf({ offset, length }: ByteRange): number[] {
  const first = Math.floor(offset / pageBytes);
  const count = length === 0 ? 0 : Math.floor((offset + length - 1) / pageBytes) - first + 1;
  return Array.from({ length: count }, (_, i) => first + i);
}

/** The part of a page that lies in a range which touches it. */
function within(page: number, range: ByteRange): ByteRange {
  const from = Math.max(range.offset, page * pageBytes);
  const to = Math.min(range.offset + range.length, (page + 1) * pageBytes);
  return { offset: from, length: to - from };
}
