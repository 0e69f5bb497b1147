/**
 * A host in the browser for the hex editor's page: an in-memory document, with switches for everything that a board can
 * do to it. It takes undo keys from the page as VS Code does.
 */
import { Feed } from '../../src/editor/feed.ts';
import { firstSight, type RowsPlace } from '../../src/editor/first-sight.ts';
import type {
  EditorSettings,
  EditorState,
  FromWebview,
  PageParts,
  PagePlace,
  PageWindow,
  ShownBytes,
  ToWebview,
} from '../../src/editor/messages.ts';
import { type Opening, openingId, openingText } from '../../src/editor/opening.ts';
import { webviewStrings } from '../../src/editor/webview-strings.ts';
import { reasonShift, stateBits } from '../../src/model/byte-state.ts';
import { hexBytes } from '../../src/model/cells/choices.ts';
import type { ByteRange, MemoryGeometry } from '../../src/model/geometry.ts';
import { withoutRanges } from '../../webview/grid/edits.ts';
import { deviceByte } from './device.ts';
import { partIds } from './part-ids.ts';

/** How the page starts; every field has a default. */
export interface FakeConfig {
  readonly geometry?: Partial<MemoryGeometry>;
  /** Defaults to the whole memory. */
  readonly range?: ByteRange;
  readonly settings?: Partial<EditorSettings>;
  readonly state?: Partial<EditorState>;
  /** Runs that cannot be read; `reason` is a code of `unreadableReasons`. */
  readonly unreadable?: readonly (ByteRange & { readonly reason: number })[];
  /** Runs that were never read. */
  readonly unknown?: readonly ByteRange[];
  /** Takes the Custom Highlight API away, as in engines that lack it. */
  readonly withoutHighlights?: boolean;
  /** The page is told no bytes until `answerAll`. */
  readonly hold?: boolean;
  /** Reads for a gesture stay under way until `finishRead`. */
  readonly holdReads?: boolean;
  /** Every byte of the device holds this. */
  readonly fill?: number;
  /** Where another tab is. */
  readonly place?: PagePlace;
  /** What `init` says, and bytes of this range, stand in the page's own text. */
  readonly opening?: ByteRange;
  /** It begins as a short page, with its first rows there. */
  readonly sight?: RowsPlace;
  /** What an earlier life of the page kept. */
  readonly kept?: unknown;
}

interface Gesture {
  readonly before: readonly (readonly [number, number | undefined])[];
  readonly after: readonly (readonly [number, number])[];
}

/** Text and the place of its first character, client pixels. */
interface Placed {
  readonly text: string;
  readonly left: number;
  readonly top: number;
}

/** Where the first two characters of an element's text are. */
function placedAt(node: Node | null): Placed {
  const range = document.createRange();
  if (node === null) throw new Error('no text');
  range.setStart(node, 0);
  range.setEnd(node, 1);
  const { left, top } = range.getBoundingClientRect();
  return { text: node.textContent ?? '', left, top };
}

/** What makes a short page the whole one: script and style as the harness put them into the page. */
function parts(opening: string | undefined): PageParts {
  const text = (part: 'style' | 'script') => document.getElementById(partIds[part])?.textContent ?? '';
  const shown = opening === undefined ? {} : { opening };
  return { type: 'parts', style: text('style'), script: text('script'), ...shown };
}

/** The fake; tests reach it as `window.fake`. */
export class FakeHost {
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
  /** Everything that the page said, oldest first. */
  readonly said: FromWebview[] = [];
  /** What a short page is told with its parts. */
  opening: string | undefined;
  /** Where the first characters were that the page showed before its script: address, cells, characters. */
  readonly sighted: Placed[] = [];
  /** Sizes of the deltas that were sent, oldest first. */
  readonly sent: number[] = [];
  /** Bytes cannot be had, with this sentence, while it is set. */
  failBytes: string | undefined;
  failEdits: string | undefined;
  /** The clipboard fails with this sentence while it is set. */
  failCopies: string | undefined;
  /** Reads for a gesture fail with this sentence while it is set. */
  failReads: string | undefined;
  /** What `setState` kept. */
  kept: unknown;
  settings: EditorSettings;
  state: EditorState;
  readonly #config: FakeConfig;
  readonly #device = new Map<number, number>();
  /** When bytes changed, and the last such moment; what did is marked from then on. */
  readonly #changed = new Map<number, number>();
  #tick = 0;
  readonly #staged = new Map<number, { value: number; seen: number }>();
  readonly #undo: Gesture[] = [];
  readonly #redo: Gesture[] = [];
  readonly #feed: Feed;
  /** The page's last window, and deltas that wait for `play`. */
  #window: PageWindow | undefined;
  #prepared: Uint8Array[] | undefined;
  /** Runs that nobody read yet. */
  #unread: readonly ByteRange[];
  /** The read that is under way. */
  #reading: { readonly id: number; readonly range: ByteRange } | undefined;

  constructor(config: FakeConfig) {
    this.#config = config;
    this.#unread = config.unknown ?? [];
    this.geometry = {
      type: 'data',
      startCol: 6,
      numCols: 4,
      startRow: 1,
      numRows: 8,
      bytesPerTile: 0x8000,
      tileBase: 0,
      ...config.geometry,
    };
    const total = this.geometry.numCols * this.geometry.numRows * this.geometry.bytesPerTile;
    this.range = config.range ?? { offset: 0, length: total };
    this.settings = {
      bytesPerRow: 16,
      upperCase: true,
      cells: hexBytes,
      colours: false,
      addresses: 'tile',
      decimal: false,
      inspector: false,
      liveHertz: 0,
      fontFamily: '',
      fontSize: 0,
      density: 'comfortable',
      ...config.settings,
    };
    this.state = {
      title: 'vck190-lab · columns 6 to 9 · data memory',
      policy: 'staged',
      connected: true,
      lastKnown: false,
      moving: false,
      readAt: 'Read at 14:03:27',
      stagedBytes: 0,
      conflictBytes: 0,
      ...config.state,
    };
    this.#feed = new Feed(
      {
        bytes: (range) => {
          if (this.failBytes !== undefined) throw new Error(this.failBytes);
          return this.shown(range);
        },
        changes: ({ offset, length }) => ({
          ticks: Uint32Array.from({ length }, (_, i) => this.#changed.get(offset + i) ?? 0),
          since: 0,
        }),
        tick: () => this.#tick,
        send: (packed) => {
          this.sent.push(packed.length);
          if (this.#prepared === undefined) this.send({ type: 'delta', packed });
          else this.#prepared.push(packed);
        },
        soon: (run) => queueMicrotask(run),
        behind: () => undefined,
        failed: () => this.send({ type: 'unavailable', message: this.failBytes ?? '' }),
      },
      this.range,
    );
    if (config.hold === true) this.#feed.visible = false;
    this.kept = config.kept;
  }

  /** What a page shows. */
  init(): Opening['init'] {
    return {
      type: 'init',
      document: { geometry: this.geometry, range: this.range },
      settings: this.settings,
      strings: webviewStrings({ t: (text) => text }),
      state: this.state,
      ...(this.#config.place === undefined ? {} : { place: this.#config.place }),
    };
  }

  /** Takes a message of the page. */
  receive(message: FromWebview): void {
    this.said.push(message);
    if (message.type === 'begin') {
      window.postMessage(parts(this.opening), '*');
    } else if (message.type === 'ready') {
      if (message.isOpen !== true) this.send(this.init());
    } else if (message.type === 'window') {
      this.#window = message.window;
      this.#feed.window(message.window);
    } else if (message.type === 'drawn') {
      this.#feed.shown(message.number);
    } else if (message.type === 'request' && message.name === 'read') {
      this.#reading = { id: message.id, range: message.params };
      if (this.#config.holdReads !== true) this.finishRead();
    } else if (message.type === 'request' && message.name === 'copy') {
      const { id } = message;
      if (this.failCopies === undefined) this.send({ type: 'answer', id, result: null });
      else this.send({ type: 'failed', id, message: this.failCopies });
    } else if (message.type === 'request') {
      const { id, params } = message;
      if (this.failEdits !== undefined || this.state.policy === 'locked') {
        this.send({ type: 'failed', id, message: this.failEdits ?? 'The memory is locked.' });
        this.#feed.edited(id);
        return;
      }
      const after = params.edits.flatMap((edit) =>
        [...edit.bytes].map((value, i) => [edit.offset + i, value] as const),
      );
      const seen = params.edits.flatMap((edit) =>
        [...edit.seen.base].map((base, i) => [edit.offset + i, base, edit.seen.shown[i]] as const),
      );
      this.#apply({ before: after.map(([at]) => [at, this.#staged.get(at)?.value]), after });
      for (const [at, base, shown] of seen) {
        const staged = this.#staged.get(at);
        const device = this.#deviceAt(at);
        if (staged !== undefined) staged.seen = device === shown ? device : base;
      }
      this.#announce([]);
      this.send({ type: 'answer', id, result: null });
      this.#feed.edited(id);
    } else if (message.type === 'command') {
      if (message.command === 'unlock') this.setState({ policy: 'staged' });
      if (message.command === 'lock') this.setState({ policy: 'locked' });
      if (message.command === 'discard') this.#revert();
    }
  }

  send(message: ToWebview): void {
    window.postMessage(message, '*');
  }

  /** How far the read is that is under way. */
  progress(percent: number): void {
    if (this.#reading !== undefined) this.send({ type: 'progress', id: this.#reading.id, percent });
  }

  /** The read that is under way ends. */
  finishRead(): void {
    const reading = this.#reading;
    this.#reading = undefined;
    if (reading === undefined) return;
    const { id, range } = reading;
    if (this.failReads !== undefined) {
      this.send({ type: 'failed', id, message: this.failReads });
      return;
    }
    this.#unread = withoutRanges(
      this.#unread.map(({ offset, length }) => ({ offset, bytes: new Uint8Array(length) })),
      [range],
    ).map(({ offset, bytes }) => ({ offset, length: bytes.length }));
    this.#announce([range]);
    this.send({ type: 'answer', id, result: this.shown(range) });
  }

  /** Answers what was held back. */
  answerAll(): void {
    this.#feed.visible = true;
  }

  setState(change: Partial<EditorState>): void {
    this.state = { ...this.state, ...change };
    this.send({ type: 'state', state: this.state });
  }

  /** A kernel writes to the device and the board is read again. */
  deviceWrite(offset: number, ...values: number[]): void {
    this.deviceWriteUnseen(offset, ...values);
    this.#announce([{ offset, length: values.length }]);
  }

  /** As `deviceWrite`, but the page does not hear of it: as if it were late. */
  deviceWriteUnseen(offset: number, ...values: number[]): void {
    this.#tick++;
    for (const [i, value] of values.entries()) {
      this.#device.set(offset + i, value);
      this.#changed.set(offset + i, this.#tick);
    }
  }

  /**
   * Makes the deltas of `count` times that these bytes of the device change; of `whole` pages if the page is to be told
   * everything each time. Answers the mean size.
   */
  async prepare(offsets: readonly number[], count: number, whole: boolean): Promise<number> {
    const prepared: Uint8Array[] = [];
    this.#prepared = prepared;
    for (let i = 1; i <= count; i++) {
      this.#tick++;
      for (const at of offsets) {
        this.#device.set(at, (this.#deviceAt(at) + 1) & 0xff);
        this.#changed.set(at, this.#tick);
      }
      const { wanted = [], number = 0 } = this.#window ?? {};
      if (whole) this.#feed.window({ number, wanted, missing: wanted, anew: false });
      this.#feed.changed(wanted);
      // Made after this turn; as if it had been drawn.
      await Promise.resolve();
      this.#feed.shown(this.sent.length);
    }
    return prepared.reduce((sum, packed) => sum + packed.length, 0) / count;
  }

  /** Sends what was prepared, a delta every second frame. */
  async play(): Promise<void> {
    const prepared = this.#prepared ?? [];
    this.#prepared = undefined;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    for (const packed of prepared) {
      this.send({ type: 'delta', packed });
      await frame();
      await frame();
    }
  }

  #deviceAt(at: number): number {
    return this.#device.get(at) ?? this.#config.fill ?? deviceByte(at);
  }

  /** Staged bytes as `offset: value`, for assertions. */
  stagedBytes(): Record<number, number> {
    return Object.fromEntries([...this.#staged].map(([at, { value }]) => [at, value]));
  }

  undo(): void {
    const gesture = this.#undo.pop();
    if (gesture === undefined) return;
    for (const [at, value] of gesture.before) {
      if (value === undefined) this.#staged.delete(at);
      else this.#stage(at, value);
    }
    this.#redo.push(gesture);
    this.#announce(gesture.after.map(([offset]) => ({ offset, length: 1 })));
  }

  redo(): void {
    const gesture = this.#redo.pop();
    if (gesture !== undefined) this.#apply(gesture, false);
  }

  shown({ offset, length }: ByteRange): ShownBytes {
    const bytes = new Uint8Array(length);
    const flags = new Uint8Array(length);
    const base = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const at = offset + i;
      const inside = (run: ByteRange) => at >= run.offset && at < run.offset + run.length;
      const bad = this.#config.unreadable?.find(inside);
      const device = this.#deviceAt(at);
      let flag: number = stateBits.known;
      if (bad !== undefined) flag = bad.reason << reasonShift;
      else if (this.#unread.some(inside)) flag = 0;
      if (this.#changed.has(at)) flag |= stateBits.changed;
      const staged = this.#staged.get(at);
      if (staged !== undefined) flag |= stateBits.staged;
      if (staged !== undefined && staged.seen !== device) flag |= stateBits.conflict;
      base[i] = (flag & stateBits.known) === 0 ? 0 : device;
      bytes[i] = staged?.value ?? base[i] ?? 0;
      flags[i] = flag;
    }
    return { offset, bytes, flags, base };
  }

  #stage(at: number, value: number): void {
    const seen = this.#staged.get(at)?.seen ?? this.#deviceAt(at);
    this.#staged.set(at, { value, seen });
  }

  #apply(gesture: Gesture, fresh = true): void {
    for (const [at, value] of gesture.after) this.#stage(at, value);
    this.#undo.push(gesture);
    if (fresh) this.#redo.length = 0;
    this.#announce(gesture.after.map(([offset]) => ({ offset, length: 1 })));
  }

  #revert(): void {
    const ranges = [...this.#staged.keys()].map((offset) => ({ offset, length: 1 }));
    this.#staged.clear();
    this.#announce(ranges);
  }

  #announce(ranges: readonly ByteRange[]): void {
    this.#feed.changed(ranges.length > 64 ? [this.range] : ranges);
    const conflicts = [...this.#staged].filter(([at, { seen }]) => seen !== this.#deviceAt(at));
    this.setState({ stagedBytes: this.#staged.size, conflictBytes: conflicts.length });
  }
}

declare global {
  interface Window {
    fake: FakeHost;
    acquireVsCodeApi: () => {
      postMessage(message: FromWebview): void;
      getState(): unknown;
      setState(state: unknown): void;
    };
  }
}

const config: FakeConfig = JSON.parse(new URLSearchParams(location.search).get('config') ?? '{}');
if (config.withoutHighlights === true) Reflect.deleteProperty(window, 'Highlight');
const fake = new FakeHost(config);
window.fake = fake;
if (config.opening !== undefined) {
  const opening = { init: fake.init(), bytes: fake.shown(config.opening) };
  const sight = config.sight && firstSight(opening, config.sight);
  if (sight === undefined) {
    const text = document.createElement('script');
    text.type = 'application/json';
    text.id = openingId;
    text.textContent = openingText(opening);
    document.body.append(text);
  } else {
    fake.opening = openingText(opening);
    const style = new CSSStyleSheet();
    style.replaceSync(sight.style);
    document.adoptedStyleSheets = [style];
    document.body.insertAdjacentHTML('afterbegin', sight.markup);
    for (const column of document.querySelectorAll('.sight pre'))
      fake.sighted.push(placedAt(column.firstChild));
  }
}
window.acquireVsCodeApi = () => ({
  // A real host is in another process: what it hears is a copy, and later.
  postMessage: (message) => {
    const copy = structuredClone(message);
    queueMicrotask(() => fake.receive(copy));
  },
  getState: () => fake.kept,
  setState: (state) => {
    fake.kept = state;
  },
});
window.addEventListener('keydown', (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  const key = event.key.toLowerCase();
  if (key === 'z' && !event.shiftKey) fake.undo();
  else if (key === 'y' || key === 'z') fake.redo();
  else return;
  event.preventDefault();
});
