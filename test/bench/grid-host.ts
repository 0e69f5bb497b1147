/**
 * The host's side of the grid's benchmark: a session that has read 25 MiB, the feed of a tab, and messages that cross to the
 * page's process. It does what `HexPanel` does, without VS Code.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { Feed } from '../../src/editor/feed.ts';
import type { EditorSettings, EditorState, FromWebview, ToWebview } from '../../src/editor/messages.ts';
import { webviewStrings } from '../../src/editor/webview-strings.ts';
import { hexBytes } from '../../src/model/cells/choices.ts';
import { BoardLink } from '../../src/session/link.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../src/session/scripted-board.ts';
import type { Gesture } from '../../src/session/types.ts';
import { packMessage, unpackMessage } from './packed-message.ts';

/** Bytes of a tile of the memory that is shown. */
export const tileBytes = 0x10000;
const tab = 'aie://board/part/data';

const settings: EditorSettings = {
  bytesPerRow: 16,
  upperCase: true,
  cells: hexBytes,
  colours: false,
  addresses: 'tile',
  decimal: false,
  inspector: true,
  liveHertz: 0,
  fontFamily: '',
  fontSize: 0,
  density: 'comfortable',
};

const state: EditorState = {
  title: 'columns 2 to 51 · data memory',
  policy: 'staged',
  connected: true,
  lastKnown: false,
  moving: false,
  readAt: '',
  stagedBytes: 0,
  conflictBytes: 0,
};

/** A host of one page. */
export class GridHost {
  readonly session: MemorySession;
  /** All of the memory. */
  readonly range: { readonly offset: number; readonly length: number };
  readonly #page: Page;
  readonly #feed: Feed;
  readonly #gestures: Gesture[] = [];
  /** Called when the page has drawn all that it was told. */
  #rests: (() => void)[] = [];
  #sent = 0;
  #drawn = 0;
  #isOver = false;

  private constructor(page: Page, session: MemorySession, range: GridHost['range']) {
    this.#page = page;
    this.session = session;
    this.range = range;
    this.#feed = new Feed(
      {
        bytes: (asked) => session.bytes(asked),
        changes: (asked) => session.changes(asked),
        tick: () => session.tick,
        send: (packed) => {
          this.#sent++;
          this.#post({ type: 'delta', packed });
        },
        soon: (run) => setImmediate(run),
        behind: () => undefined,
        failed: (error) => {
          throw error;
        },
      },
      range,
    );
    session.onBytes(({ ranges }) => this.#feed.changed(ranges));
  }

  /** Reads all of a memory of 25 MiB and joins a page that waits for its host. */
  static async join(page: Page): Promise<GridHost> {
    const time = new ManualTime();
    const device = new ScriptedDevice(time, tileBytes, { numCols: 50, numRows: 8 });
    const link = new BoardLink('board', 'Board', device, time);
    await link.connect();
    const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    const range = { offset: 0, length: device.bytes.length };
    await session.refresh(range, new AbortController().signal);
    const host = new GridHost(page, session, range);
    await page.exposeFunction('tellBench', (text: string) => host.#hear(text, device));
    await page.evaluate(() => {
      const tell = Reflect.get(window, 'tellBench') as (text: string) => void;
      window.gridBench.connect(tell);
    });
    return host;
  }

  #post(message: ToWebview): void {
    // Not waited for: the next one may be on its way before this one has arrived, and arrives after it.
    this.#page
      .evaluate((text) => window.gridBench.hear(text), packMessage(message))
      .catch((error: unknown) => {
        if (!this.#isOver) throw error;
      });
  }

  #hear(text: string, { geometry }: ScriptedDevice): void {
    const message = unpackMessage(text) as FromWebview;
    if (message.type === 'ready') {
      this.#post({
        type: 'init',
        document: { geometry, range: this.range },
        settings,
        strings: webviewStrings({ t: (words) => words }),
        state,
      });
    } else if (message.type === 'window') this.#feed.window(message.window);
    else if (message.type === 'drawn') {
      this.#drawn = message.number;
      this.#feed.shown(message.number);
      if (this.#drawn >= this.#sent) for (const rest of this.#rests.splice(0)) rest();
    } else if (message.type === 'request' && message.name === 'edit') {
      this.#gestures.push(this.session.stage(tab, message.params.label, message.params.edits));
      this.#post({ type: 'answer', id: message.id, result: null });
      this.#feed.edited(message.id);
    }
  }

  /** The page goes away: what is still told to it is lost. */
  end(): void {
    this.#isOver = true;
  }

  /** Stages so many single bytes, each a gesture of its own: scattered, but half of them in the first tile. */
  stage(count: number): void {
    for (let i = 0; i < count; i++) {
      const offset = i % 2 === 0 ? (i >> 1) % tileBytes : (i * 2_654_435_761) % this.range.length;
      this.#gestures.push(this.session.stage(tab, 'Type', [{ offset, bytes: Uint8Array.of(i & 0xff) }]));
    }
  }

  /** Takes the last gesture back. Milliseconds until the page has drawn it; undefined if it shows nothing else then. */
  async undo(): Promise<number | undefined> {
    const begin = performance.now();
    const sent = this.#sent;
    this.#gestures.pop()?.undo();
    await turn();
    if (this.#sent === sent) return undefined;
    await new Promise<void>((done) => this.#rests.push(done));
    return performance.now() - begin;
  }
}
