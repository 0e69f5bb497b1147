/**
 * The page's end of the message contract: requests that are answered, refused, cancelled or timed out, and the host's
 * announcements. Everything that arrives is checked before it is used.
 */
import * as v from 'valibot';
import type {
  ExpectedBytes,
  FromWebview,
  HitBytes,
  HostCommand,
  PageNames,
  ShownBytes,
  TimelineState,
  ToWebview,
  WebviewRequestName,
  WebviewRequests,
} from '../src/editor/messages.ts';
import type { Opening } from '../src/editor/opening.ts';
import type { ByteRange } from '../src/model/geometry.ts';
import { bookmarkColours } from '../src/model/placed-mark.ts';
import { fitting } from '../src/model/shapes.ts';
import type { Run } from './grid/edits.ts';

/** The object that VS Code gives to a page. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** Why a request has no answer. `message` of `refused` is localised by the host; the others are put into words by the page. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly kind: 'refused' | 'timed-out' | 'cancelled' | 'bad-answer';

  constructor(kind: RequestError['kind'], message: string = kind) {
    super(message);
    this.kind = kind;
  }
}

/**
 * A request waits this long for a sign of the host, milliseconds. The host answers from memory, or says regularly that it
 * still reads, so this is a fault, not a slow board.
 */
export const requestTimeout = 15_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RequestError) => void;
  readonly progress: (percent: number) => void;
}

/** How a request ends early, and where its progress goes: percent. */
export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (percent: number) => void;
}

/** What the page listens to. */
export type Announcement = Exclude<ToWebview, { readonly type: 'answer' | 'failed' | 'progress' }>;

/** The connection to the extension host. */
export class HostClient {
  readonly #api: VsCodeApi;
  readonly #timeout: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<(message: Announcement) => void>();
  #lastId = 0;

  constructor(api: VsCodeApi, timeout = requestTimeout) {
    this.#api = api;
    this.#timeout = timeout;
  }

  /** Sends a message that has no answer. */
  post(message: FromWebview): void {
    this.#api.postMessage(message);
  }

  /** Asks the host to run a command on this editor. */
  command(command: HostCommand): void {
    this.post({ type: 'command', command });
  }

  /** Asks; rejects with a RequestError. Aborting tells the host to stop. */
  request<K extends WebviewRequestName>(
    name: K,
    params: WebviewRequests[K]['params'],
    { signal, onProgress }: RequestOptions = {},
  ): { readonly id: number; readonly answer: Promise<unknown> } {
    this.#lastId++;
    const id = this.#lastId;
    if (signal?.aborted === true) return { id, answer: Promise.reject(new RequestError('cancelled')) };
    const answer = new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(id);
      };
      const giveUp = (kind: 'cancelled' | 'timed-out') => {
        settle();
        this.post({ type: 'cancel', id });
        reject(new RequestError(kind));
      };
      const abort = () => giveUp('cancelled');
      const wait = () => setTimeout(() => giveUp('timed-out'), this.#timeout);
      let timer = wait();
      signal?.addEventListener('abort', abort);
      this.#waiting.set(id, {
        resolve: (result) => {
          settle();
          resolve(result);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        progress: (percent) => {
          clearTimeout(timer);
          timer = wait();
          onProgress?.(percent);
        },
      });
      // `name` and `params` belong together by the signature; the union cannot see that.
      this.post({ type: 'request', id, name, params } as FromWebview);
    });
    return { id, answer };
  }

  /** Asks for bytes that a gesture needs: those that were not read yet are read first, as long as that takes. */
  async read(range: ByteRange, options: RequestOptions): Promise<ShownBytes> {
    const shown = toShownBytes(await this.request('read', range, options).answer, range);
    if (shown === undefined) throw new RequestError('bad-answer');
    return shown;
  }

  /** Hands over one gesture; `id` is what deltas call it. */
  edit(params: WebviewRequests['edit']['params']): {
    readonly id: number;
    readonly answer: Promise<unknown>;
  } {
    return this.request('edit', params);
  }

  /** Puts text into the clipboard of the host; rejects where there is none. */
  async copy(text: string): Promise<void> {
    await this.request('copy', { text }).answer;
  }

  /** Listens to announcements, in the order in which they arrive. */
  listen(listener: (message: Announcement) => void): void {
    this.#listeners.add(listener);
  }

  /** Takes a message. Answers to requests that were given up are dropped. */
  receive(data: unknown): void {
    if (!isMessage(data)) return;
    if (data.type === 'answer') {
      this.#waiting.get(data.id)?.resolve(data.result);
    } else if (data.type === 'failed') {
      this.#waiting.get(data.id)?.reject(new RequestError('refused', String(data.message)));
    } else if (data.type === 'progress') {
      this.#waiting.get(data.id)?.progress(data.percent);
    } else {
      for (const listener of this.#listeners) listener(data);
    }
  }
}

/** Every kind of message: the types refuse one that is missing here. */
const announced: Readonly<Record<ToWebview['type'], true>> = {
  init: true,
  state: true,
  settings: true,
  chooseCells: true,
  selectTile: true,
  copyAs: true,
  pasteText: true,
  fill: true,
  paste: true,
  tellRuns: true,
  live: true,
  delta: true,
  unavailable: true,
  expected: true,
  openFind: true,
  found: true,
  hits: true,
  past: true,
  timeline: true,
  map: true,
  names: true,
  peek: true,
  reveal: true,
  scroll: true,
  progress: true,
  answer: true,
  failed: true,
};

const announcedShape = v.object({ type: v.picklist(Object.keys(announced)) });

function isMessage(data: unknown): data is ToWebview {
  return v.is(announcedShape, data);
}

/** Bytes as some hosts deliver them: a typed array of any kind, or its buffer. */
export function toBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

const delivered = v.pipe(v.unknown(), v.transform(toBytes), v.instance(Uint8Array));
const shownShape = v.object({ offset: v.number(), bytes: delivered, flags: delivered, base: delivered });

const expectedShape = v.object({ offset: v.number(), wrong: delivered, expected: delivered });

const namesShape = v.object({
  names: v.array(
    v.object({
      kind: v.picklist([
        ...(['buffer', 'stack', 'function', 'parameter'] as const),
        ...(['bookmark', 'field', 'pc', 'sp'] as const),
      ]),
      text: v.string(),
      detail: v.string(),
      offset: v.number(),
      length: v.number(),
      colour: v.exactOptional(v.picklist(bookmarkColours)),
    }),
  ),
  isNamed: v.boolean(),
});

/** Checks what the host says of names; `undefined` for anything else. */
export function toPageNames(told: unknown): PageNames | undefined {
  return fitting(namesShape, told);
}

/** Checks what the host says is expected; `undefined` for nothing, and for arrays that do not belong together. */
export function toExpectedBytes(told: unknown): ExpectedBytes | undefined {
  const expected = fitting(expectedShape, told);
  const { wrong, expected: bytes } = expected ?? {};
  return wrong === undefined || wrong.length === 0 || wrong.length !== bytes?.length ? undefined : expected;
}

const runsShape = v.array(v.object({ offset: v.number(), bytes: delivered }));

/** Checks bytes at their places that the host tells; `undefined` for anything else. */
export function toRuns(told: unknown): readonly Run[] | undefined {
  return fitting(runsShape, told);
}

const timelineShape = v.object({
  kind: v.picklist(['idle', 'arming', 'recording', 'away', 'ended']),
  about: v.string(),
  from: v.number(),
  to: v.number(),
  marks: delivered,
  at: v.exactOptional(v.number()),
  moment: v.string(),
  isPlaying: v.boolean(),
  canStep: v.object({ back: v.boolean(), on: v.boolean() }),
  here: v.exactOptional(v.string()),
});

/** Checks what the host says of a recording; `undefined` for none. */
export function toTimeline(told: unknown): TimelineState | undefined {
  return fitting(timelineShape, told);
}

const hitsShape = v.object({ offset: v.number(), marks: delivered });

/** Checks what the host says of hits; `undefined` for none. */
export function toHitBytes(told: unknown): HitBytes | undefined {
  const hits = fitting(hitsShape, told);
  return hits === undefined || hits.marks.length === 0 ? undefined : hits;
}

/** Checks an answer to `read`: three arrays of the asked length at the asked offset, else `undefined`. */
export function toShownBytes(answer: unknown, { offset, length }: ByteRange): ShownBytes | undefined {
  const shown = fitting(shownShape, answer);
  if (shown === undefined || shown.offset !== offset) return undefined;
  return [shown.bytes, shown.flags, shown.base].every((array) => array.length === length) ? shown : undefined;
}

const written = v.pipe(
  v.array(v.number()),
  v.transform((numbers) => Uint8Array.from(numbers)),
);

const openingShape = v.object({
  init: v.looseObject({ type: v.literal('init') }),
  bytes: v.exactOptional(
    v.pipe(
      v.object({ offset: v.number(), bytes: written, flags: written, base: written }),
      v.check(({ bytes, flags, base }) => [flags, base].every(({ length }) => length === bytes.length)),
    ),
  ),
});

/** Reads what stands in the page's own text; `undefined` for anything else, and for planes that do not belong together. */
export function toOpening(text: string): Opening | undefined {
  try {
    // What the host puts into `init` is typed there, as in the message.
    return fitting(openingShape, JSON.parse(text)) as unknown as Opening | undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
