/**
 * The bytes that the page holds: pages of what the host last said, a bounded number of them. Old bytes stay on screen
 * until newer ones arrive, and a page that could not be had says so instead of being asked for for ever.
 */

import type { ShownBytes } from '../../src/editor/messages.ts';
import { stateBits } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { endOf } from '../../src/model/ranges.ts';

/** Bytes of a page; pages start at multiples of it, counted in buffer offsets. */
export const pageBytes = 4096;

/** Pages kept: 2 MiB of memory, three arrays each. */
export const keptPages = 512;

/** Pages asked for in one request. */
const batchPages = 16;

/** Where bytes come from. Rejects when they cannot be had; an abort rejects as well. */
export interface ByteSource {
  bytes(range: ByteRange, signal: AbortSignal): Promise<ShownBytes>;
}

/** The three arrays of a page. */
interface Content {
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  readonly base: Uint8Array;
}

interface Page extends Content {
  readonly range: ByteRange;
  /** What is still on screen, while the next frame has not been drawn since an answer. */
  onScreen: Content | undefined;
  /** An answer has been painted into it. */
  filled: boolean;
  /** Something changed since the answer: ask again. */
  stale: boolean;
  /** The error of the last try; not asked again until `retry`. */
  failure: unknown;
  /** Counts announced changes: an answer from before is painted, and asked for again. */
  announced: number;
  /** Counts typed runs: an answer from before would take them off the screen, so it is dropped. */
  typed: number;
}

interface Asked {
  readonly pages: readonly Page[];
  /** The pages' counters when they were asked for. */
  readonly before: readonly { readonly announced: number; readonly typed: number }[];
  readonly controller: AbortController;
}

/** A cache of shown bytes over one range. Single-threaded; `onChange` is called after every change of content. */
export class ByteStore {
  readonly #source: ByteSource;
  readonly #range: ByteRange;
  readonly #onChange: () => void;
  readonly #pages = new Map<number, Page>();
  readonly #asked = new Set<Asked>();
  /** Pages whose `onScreen` is set. */
  readonly #undrawn = new Set<Page>();
  #wanted: ByteRange = { offset: 0, length: 0 };
  /** The byte at the cursor: it is told about in words, wherever the rows are. */
  #cursor: ByteRange = { offset: 0, length: 0 };
  #version = 0;

  constructor(source: ByteSource, range: ByteRange, onChange: () => void) {
    this.#source = source;
    this.#range = range;
    this.#onChange = onChange;
  }

  /** Grows with every change of content or failure. */
  get version(): number {
    return this.#version;
  }

  /** Number of pages held. */
  get pageCount(): number {
    return this.#pages.size;
  }

  /** The first failure among the wanted pages, if any. */
  get failure(): unknown {
    for (const index of this.#indexes(this.#wanted)) {
      const failure = this.#pages.get(index)?.failure;
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** A copy of what is held of a range. Bytes that are not here have flags 0. */
  read(range: ByteRange): ShownBytes {
    return this.#copy(range, (page) => page);
  }

  /** As `read`, but as the last frame showed it: what a person can have seen. */
  seen(range: ByteRange): ShownBytes {
    return this.#copy(range, (page) => page.onScreen ?? page);
  }

  /** A frame was drawn: all that is held counts as seen. */
  drawn(): void {
    for (const page of this.#undrawn) page.onScreen = undefined;
    this.#undrawn.clear();
  }

  #copy(range: ByteRange, content: (page: Page) => Content): ShownBytes {
    const bytes = new Uint8Array(range.length);
    const flags = new Uint8Array(range.length);
    const base = new Uint8Array(range.length);
    for (const index of this.#indexes(range)) {
      const page = this.#pages.get(index);
      if (page === undefined) continue;
      const from = Math.max(range.offset, page.range.offset);
      const to = Math.min(range.offset + range.length, page.range.offset + page.range.length);
      const cut = [from - page.range.offset, to - page.range.offset] as const;
      const held = content(page);
      bytes.set(held.bytes.subarray(...cut), from - range.offset);
      flags.set(held.flags.subarray(...cut), from - range.offset);
      base.set(held.base.subarray(...cut), from - range.offset);
    }
    return { offset: range.offset, bytes, flags, base };
  }

  /** True when every byte of the range has been answered, whatever the answer. */
  has(range: ByteRange): boolean {
    return this.#indexes(range).every((index) => this.#pages.get(index)?.filled === true);
  }

  /**
   * Says what is looked at, and where the cursor is: missing pages of both are asked for, requests for anything else are
   * given up.
   */
  want(range: ByteRange, cursor?: number): void {
    this.#wanted = range;
    this.#cursor = { offset: cursor ?? 0, length: cursor === undefined ? 0 : 1 };
    this.#ask();
  }

  /** What the host announced: these bytes may differ now. A failed page gets another chance. */
  invalidate(ranges: readonly ByteRange[]): void {
    for (const page of this.#pages.values()) {
      if (ranges.some((range) => overlaps(range, page.range))) {
        page.stale = true;
        page.failure = undefined;
        page.announced++;
      }
    }
    this.#ask();
  }

  /** Tries failed pages again. */
  retry(): void {
    for (const page of this.#pages.values()) page.failure = undefined;
    this.#changed();
    this.#ask();
  }

  /** Shows typed bytes at once; the host's `changed` brings its own view of them soon after. */
  stage(offset: number, typed: Uint8Array): void {
    for (const [i, value] of typed.entries()) {
      const page = this.#pages.get(Math.floor((offset + i) / pageBytes));
      const at = offset + i - (page?.range.offset ?? 0);
      if (page === undefined || at >= page.range.length) continue;
      for (const held of page.onScreen === undefined ? [page] : [page, page.onScreen]) {
        const flags = held.flags[at] ?? 0;
        const isBase = (flags & stateBits.known) !== 0 && held.base[at] === value;
        held.bytes[at] = value;
        held.flags[at] = isBase ? flags & ~stateBits.staged : flags | stateBits.staged;
      }
      page.typed++;
      page.stale = true;
    }
    this.#changed();
  }

  #indexes(range: ByteRange): number[] {
    const from = Math.max(range.offset, this.#range.offset);
    const to = Math.min(range.offset + range.length, this.#range.offset + this.#range.length);
    const indexes: number[] = [];
    for (let index = Math.floor(from / pageBytes); index * pageBytes < to; index++) indexes.push(index);
    return indexes;
  }

  #page(index: number): Page {
    let page = this.#pages.get(index);
    if (page === undefined) {
      const offset = Math.max(index * pageBytes, this.#range.offset);
      const end = Math.min((index + 1) * pageBytes, this.#range.offset + this.#range.length);
      const length = end - offset;
      page = {
        range: { offset, length },
        bytes: new Uint8Array(length),
        flags: new Uint8Array(length),
        base: new Uint8Array(length),
        onScreen: undefined,
        filled: false,
        stale: true,
        failure: undefined,
        announced: 0,
        typed: 0,
      };
    }
    // Insertion order is the order of last use: the oldest are dropped first.
    this.#pages.delete(index);
    this.#pages.set(index, page);
    return page;
  }

  #ask(): void {
    const indexes = new Set([...this.#indexes(this.#wanted), ...this.#indexes(this.#cursor)]);
    const wanted = [...indexes].sort((a, b) => a - b).map((index) => this.#page(index));
    for (const asked of [...this.#asked]) {
      if (asked.pages.some((page) => wanted.includes(page))) continue;
      this.#asked.delete(asked);
      asked.controller.abort();
    }
    const underWay = new Set([...this.#asked].flatMap((asked) => asked.pages));
    let run: Page[] = [];
    const flush = () => {
      if (run.length > 0) this.#request(run);
      run = [];
    };
    for (const page of wanted) {
      const isNext = endOf(run.at(-1)?.range) === page.range.offset;
      if (run.length > 0 && !isNext) flush();
      if (!page.stale || page.failure !== undefined || underWay.has(page)) flush();
      else if (run.push(page) === batchPages) flush();
    }
    flush();
    for (const index of this.#pages.keys()) {
      if (this.#pages.size <= keptPages) break;
      this.#pages.delete(index);
    }
  }

  #request(pages: readonly Page[]): void {
    const first = pages[0];
    const last = pages.at(-1);
    if (first === undefined || last === undefined) return;
    const offset = first.range.offset;
    const asked: Asked = {
      pages,
      before: pages.map(({ announced, typed }) => ({ announced, typed })),
      controller: new AbortController(),
    };
    this.#asked.add(asked);
    const range = { offset, length: last.range.offset + last.range.length - offset };
    this.#source.bytes(range, asked.controller.signal).then(
      (shown) => {
        if (!this.#asked.delete(asked)) return;
        for (const [i, page] of pages.entries()) {
          const before = asked.before[i];
          if (before === undefined || (page.typed !== before.typed && page.filled)) continue;
          const start = page.range.offset - offset;
          const cut = [start, start + page.range.length] as const;
          page.onScreen ??= { bytes: page.bytes.slice(), flags: page.flags.slice(), base: page.base.slice() };
          this.#undrawn.add(page);
          page.bytes.set(shown.bytes.subarray(...cut));
          page.flags.set(shown.flags.subarray(...cut));
          page.base.set(shown.base.subarray(...cut));
          page.filled = true;
          page.stale = page.announced !== before.announced || page.typed !== before.typed;
        }
        this.#changed();
        this.#ask();
      },
      (error: unknown) => {
        if (!this.#asked.delete(asked)) return;
        for (const page of pages) page.failure = error;
        this.#changed();
        this.#ask();
      },
    );
  }

  #changed(): void {
    this.#version++;
    this.#onChange();
  }
}

function overlaps(a: ByteRange, b: ByteRange): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}
