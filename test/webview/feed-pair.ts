/** The host's feed and the page's store with a slow channel between them, and the memory of the host as plain arrays. */
import { pagesIn } from '../../src/editor/delta.ts';
import { Feed } from '../../src/editor/feed.ts';
import type { PageWindow, ShownBytes } from '../../src/editor/messages.ts';
import { pageBytes, stateBits } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { ByteStore } from '../../webview/grid/store.ts';

type ToHost =
  | { readonly type: 'window'; readonly window: PageWindow }
  | { readonly type: 'drawn'; readonly number: number }
  | { readonly type: 'edit'; readonly id: number; readonly offset: number; readonly bytes: Uint8Array };

export class FeedPair {
  readonly range: ByteRange;
  readonly base: Uint8Array;
  readonly flags: Uint8Array;
  readonly staged: Uint8Array;
  /** When each byte last changed, and per page the update before its last read. */
  readonly ticks: Uint32Array;
  readonly since: number[] = [];
  /** The last update. */
  tick = 0;
  readonly feed: Feed;
  /** What is on its way, oldest first. */
  readonly toHost: ToHost[] = [];
  /** What the feed said of the page. */
  behind = false;
  readonly toPage: Uint8Array[] = [];
  /** Deltas that were sent so far, with their sizes. */
  readonly sent: number[] = [];
  store: ByteStore;
  changes = 0;
  /** What the page's clock says. */
  time = 0;
  /** Edits of now on are refused. */
  refuses = false;
  /** What asking for bytes throws. */
  failure: Error | undefined;
  readonly #soon: (() => void)[] = [];
  #edit = 0;

  constructor(range: ByteRange) {
    this.range = range;
    const end = range.offset + range.length;
    this.base = new Uint8Array(end);
    this.flags = new Uint8Array(end);
    this.staged = new Uint8Array(end);
    this.ticks = new Uint32Array(end);
    this.feed = new Feed(
      {
        bytes: (asked) => this.#bytes(asked),
        changes: ({ offset, length }) => ({
          ticks: this.ticks.subarray(offset, offset + length),
          since: this.since[Math.floor(offset / pageBytes)] ?? 0,
        }),
        tick: () => this.tick,
        send: (packed) => {
          this.sent.push(packed.length);
          this.toPage.push(packed);
        },
        soon: (run) => this.#soon.push(run),
        behind: (isBehind) => {
          this.behind = isBehind;
        },
        failed: (error) => this.store.unavailable(String(error)),
      },
      range,
    );
    this.store = this.#newStore();
  }

  #newStore(): ByteStore {
    return new ByteStore(
      {
        window: (window) => this.toHost.push({ type: 'window', window }),
        drawn: (number) => this.toHost.push({ type: 'drawn', number }),
        now: () => this.time,
      },
      this.range,
      () => this.changes++,
    );
  }

  #bytes({ offset, length }: ByteRange): ShownBytes {
    if (this.failure !== undefined) throw this.failure;
    const cut = [offset, offset + length] as const;
    const [base, flags, staged] = [this.base, this.flags, this.staged].map((plane) => plane.slice(...cut));
    if (base === undefined || flags === undefined || staged === undefined) throw new Error('no bytes');
    const bytes = base.map((value, i) =>
      ((flags[i] ?? 0) & stateBits.staged) === 0 ? value : (staged[i] ?? 0),
    );
    return { offset, bytes, base, flags };
  }

  /** Bytes are read (or read again) by the host: an update. */
  read(offset: number, ...values: number[]): void {
    this.tick++;
    const range = { offset, length: values.length };
    for (const page of pagesIn(range, range)) this.since[page] = this.tick - 1;
    for (const [i, value] of values.entries()) {
      const at = offset + i;
      const isKnown = ((this.flags[at] ?? 0) & stateBits.known) !== 0;
      if (isKnown && this.base[at] !== value) this.ticks[at] = this.tick;
      this.base[at] = value;
      this.flags[at] = (this.flags[at] ?? 0) | stateBits.known;
    }
    this.feed.changed([range]);
  }

  /** Bytes that the host wrote: known, and not changed by somebody else. */
  wrote(offset: number, ...values: number[]): void {
    this.base.set(values, offset);
    this.ticks.fill(0, offset, offset + values.length);
    for (let i = 0; i < values.length; i++) this.flags[offset + i] = stateBits.known;
    this.feed.changed([{ offset, length: values.length }]);
  }

  /** A person types in the page. */
  type(offset: number, ...values: number[]): number {
    const id = ++this.#edit;
    const bytes = Uint8Array.from(values);
    this.store.type(id, [{ offset, bytes }]);
    this.toHost.push({ type: 'edit', id, offset, bytes });
    return id;
  }

  /** The next message to the host arrives, and the turn ends. */
  hear(): void {
    const message = this.toHost.shift();
    if (message?.type === 'window') this.feed.window(message.window);
    else if (message?.type === 'drawn') this.feed.shown(message.number);
    else if (message !== undefined) {
      const { id, offset, bytes } = message;
      if (this.refuses) this.store.untype(id);
      else {
        this.staged.set(bytes, offset);
        for (let i = 0; i < bytes.length; i++) {
          this.flags[offset + i] = (this.flags[offset + i] ?? 0) | stateBits.staged;
        }
        this.feed.changed([{ offset, length: bytes.length }]);
      }
      this.feed.edited(id);
    }
    this.endTurn();
  }

  /** What the host does after the present turn. */
  endTurn(): void {
    for (const run of this.#soon.splice(0)) run();
  }

  /** The next delta arrives in the page. */
  tell(): void {
    const packed = this.toPage.shift();
    if (packed !== undefined) this.store.take(packed);
  }

  /** Everything that is on its way arrives and is drawn, until nothing is. */
  rest(): void {
    this.endTurn();
    while (this.toHost.length > 0 || this.toPage.length > 0) {
      while (this.toHost.length > 0) this.hear();
      while (this.toPage.length > 0) this.tell();
      this.store.drawn();
    }
  }

  /** One byte as the page shows it. */
  at(offset: number): { readonly byte: number; readonly flags: number; readonly base: number } {
    const { bytes, flags, base } = this.store.read({ offset, length: 1 });
    return { byte: bytes[0] ?? 0, flags: flags[0] ?? 0, base: base[0] ?? 0 };
  }

  /** As `at`, of what a person can have seen. */
  seen(offset: number): { readonly byte: number; readonly flags: number; readonly base: number } {
    const { bytes, flags, base } = this.store.seen({ offset, length: 1 });
    return { byte: bytes[0] ?? 0, flags: flags[0] ?? 0, base: base[0] ?? 0 };
  }

  /** What the host has of a range; `changed` since a tick, or since the update before the last read of each page. */
  host(range: ByteRange, since?: number): ShownBytes {
    const shown = this.#bytes(range);
    const flags = shown.flags.map((flag, i) => {
      const at = range.offset + i;
      const after = since ?? this.since[Math.floor(at / pageBytes)] ?? 0;
      return (this.ticks[at] ?? 0) > after ? flag | stateBits.changed : flag;
    });
    return { ...shown, flags };
  }
}
