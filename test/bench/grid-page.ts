/**
 * What runs in the page of the grid's benchmark, before the editor: the way to a host in another process, the peers over the
 * same number of bytes, and what is noted of drawing. One contender is in the page at a time.
 */
import { packMessage, unpackMessage } from './packed-message.ts';
import { canvasGrid } from './peers/canvas-grid.ts';
import { elementGrid } from './peers/element-grid.ts';
import type { PeerGrid } from './peers/peer-grid.ts';

/** What is measured: ours and the peers. `allElements` shows one tile, all others the whole memory. */
export type Contender = 'ours' | 'canvas' | 'elements' | 'allElements';

/** What was noted while a contender moved. */
export interface Drawing {
  /** Milliseconds between animation frames, in their order. */
  readonly intervals: readonly number[];
  /** In how many of them the row on top was another one than in the one before. */
  readonly moved: number;
}

/** Changes of the document. */
export interface Changes {
  /** Elements and texts put in or taken out. */
  readonly nodes: number;
  readonly attributes: number;
  readonly texts: number;
  /** Elements in the document. */
  readonly elements: number;
}

/** Bytes that are not there yet, in our grid. */
const missing = '··';

/** Nodes, with the elements in them. */
function within(nodes: NodeList): number {
  let count = nodes.length;
  for (const node of nodes) if (node instanceof Element) count += node.querySelectorAll('*').length;
  return count;
}

class GridBench {
  readonly #queue: unknown[] = [];
  #tell: ((text: string) => void) | undefined;
  #main: Element | undefined;
  #contender: Contender = 'ours';
  #peer: PeerGrid | undefined;
  #noted: { intervals: number[]; moved: number; isOver: boolean } | undefined;
  /** Who waits for the next press to be answered, and how long that took. */
  #landed: ((milliseconds: number) => void) | undefined;
  #landing: Promise<number> | undefined;

  constructor() {
    window.addEventListener('pointerdown', ({ timeStamp }) => this.#press(timeStamp), true);
  }

  /** What the page says goes through here from now on, also what it said before. */
  connect(tell: (text: string) => void): void {
    this.#tell = tell;
    for (const message of this.#queue.splice(0)) tell(packMessage(message));
  }

  post(message: unknown): void {
    if (this.#tell === undefined) this.#queue.push(structuredClone(message));
    else this.#tell(packMessage(message));
  }

  /** A message of the host arrives, as a task of its own. */
  hear(text: string): void {
    window.postMessage(unpackMessage(text), '*');
  }

  /** Puts one contender into the page, alone. `bytes` and `tileBytes`: how many the peers show. */
  show(contender: Contender, bytes: number, tileBytes: number): void {
    this.#main ??= document.querySelector('main') ?? undefined;
    this.#contender = contender;
    this.#peer = undefined;
    if (contender === 'ours') {
      if (this.#main !== undefined) document.body.replaceChildren(this.#main);
      return;
    }
    const memory = new Uint8Array(contender === 'allElements' ? tileBytes : bytes);
    for (let i = 0; i < memory.length; i++) memory[i] = (i * 7 + (i >> 8)) & 0xff;
    this.#peer = contender === 'canvas' ? canvasGrid(memory) : elementGrid(memory, contender === 'elements');
    document.body.replaceChildren(this.#peer.element);
  }

  /** Ours goes to its first row, where the thumb of its scrollbar is at the upper end: the peers begin there. */
  toTop(): void {
    if (this.#contender === 'ours') window.postMessage({ type: 'scroll', offset: 0 }, '*');
  }

  /** Middle of the rows, and the scrollbar, client pixels. */
  places(): { readonly rows: { x: number; y: number }; readonly track: DOMRect } {
    const track = this.#peer?.track ?? document.querySelector('.track');
    const rows = this.#peer?.element ?? document.querySelector('.viewport');
    if (track === null || rows === null) throw new Error('there is no grid in the page');
    const { left, top, height } = rows.getBoundingClientRect();
    return { rows: { x: left + 200, y: top + height / 2 }, track: track.getBoundingClientRect() };
  }

  /** The row on top, as it was drawn last. */
  get #top(): number {
    if (this.#peer !== undefined) return this.#peer.drawnTop;
    return Number(document.querySelector('.layer .row')?.getAttribute('aria-rowindex'));
  }

  get #isComplete(): boolean {
    if (this.#peer !== undefined) return true;
    const cells = [...document.querySelectorAll('.layer .row .bytes')];
    return cells.length > 0 && cells.every(({ textContent }) => !textContent.includes(missing));
  }

  /** Notes every animation frame until `end`. */
  begin(): void {
    const noted: { intervals: number[]; moved: number; isOver: boolean } = {
      intervals: [],
      moved: 0,
      isOver: false,
    };
    this.#noted = noted;
    let last: number | undefined;
    let top = this.#top;
    const note = (now: number): void => {
      if (noted.isOver) return;
      if (last !== undefined) noted.intervals.push(now - last);
      last = now;
      if (this.#top !== top) noted.moved++;
      top = this.#top;
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  }

  end(): Drawing {
    const noted = this.#noted ?? { intervals: [], moved: 0, isOver: true };
    noted.isOver = true;
    return noted;
  }

  #press(at: number): void {
    const landed = this.#landed;
    if (landed === undefined) return;
    this.#landed = undefined;
    const before = this.#top;
    let isThere = false;
    const { port1, port2 } = new MessageChannel();
    // After a frame was drawn: within it, it depends on who asked first for it whether the rows are there.
    port1.onmessage = () => {
      isThere ||= this.#top !== before && this.#isComplete;
    };
    const look = (now: number): void => {
      if (isThere) {
        port1.close();
        landed(now - at);
        return;
      }
      port2.postMessage(undefined);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }

  /** From here on a press is a jump: input overtakes what a script asks of a busy page, so this is waited for. */
  aim(): void {
    this.#landing = new Promise((done) => {
      this.#landed = done;
    });
  }

  /** Milliseconds from the press after `aim` until other rows are in the page, with all their bytes, and were presented. */
  landing(): Promise<number> {
    if (this.#landing === undefined) throw new Error('no press is waited for');
    return this.#landing;
  }

  /** What scrolls: the browser scrolls an element by itself, but not for a wheel that a script imitates. */
  get #scrolled(): { readonly scroller?: Element; readonly wheel?: Element } {
    const wheel = this.#peer?.element.firstElementChild ?? document.querySelector('.scroller');
    if (wheel === null) throw new Error('there is no grid in the page');
    return this.#contender === 'ours' || this.#contender === 'canvas' ? { wheel } : { scroller: wheel };
  }

  /** Turns the wheel by script, a step in each animation frame, and counts what became another in the document. */
  async count(steps: number, pixels: number): Promise<Changes> {
    const { scroller, wheel } = this.#scrolled;
    let nodes = 0;
    let attributes = 0;
    let texts = 0;
    const take = (records: readonly MutationRecord[]): void => {
      for (const { type, addedNodes, removedNodes } of records) {
        if (type === 'childList') nodes += within(addedNodes) + within(removedNodes);
        else if (type === 'attributes') attributes++;
        else texts++;
      }
    };
    const observer = new MutationObserver(take);
    observer.observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    for (let i = 0; i < steps; i++) {
      if (scroller !== undefined) scroller.scrollTop += pixels;
      else wheel?.dispatchEvent(new WheelEvent('wheel', { deltaY: pixels, cancelable: true, bubbles: true }));
      await new Promise((done) => requestAnimationFrame(done));
      await new Promise((done) => requestAnimationFrame(done));
    }
    take(observer.takeRecords());
    observer.disconnect();
    return { nodes, attributes, texts, elements: document.querySelectorAll('*').length };
  }
}

declare global {
  interface Window {
    gridBench: GridBench;
  }
}

const bench = new GridBench();
window.gridBench = bench;
let kept: unknown;
Object.assign(window, {
  acquireVsCodeApi: () => ({
    postMessage: (message: unknown) => bench.post(message),
    getState: () => kept,
    setState: (state: unknown) => {
      kept = state;
    },
  }),
});
