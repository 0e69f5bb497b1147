/** A host in the browser for the Array view's page: shows the pictures that a test draws, and keeps what both sides say. */
import type { ArrayPicture, FromArrayPage, ToArrayPage } from '../../src/array/messages.ts';
import { arrayStrings } from '../../src/array/page-strings.ts';
import { PictureFeed } from '../../src/array/picture-feed.ts';

/** The fake; tests reach it as `window.array`. */
export class FakeArrayHost {
  /** Everything that the page said, oldest first. */
  readonly said: FromArrayPage[] = [];
  /** What was sent so far, oldest first. */
  readonly sent: ToArrayPage[] = [];
  picture: ArrayPicture;
  readonly #feed = new PictureFeed({
    picture: () => this.picture,
    send: (message) => this.#send(message),
  });

  constructor(picture: ArrayPicture) {
    this.picture = picture;
  }

  receive(message: FromArrayPage): void {
    this.said.push(message);
    if (message.type === 'drawn') this.#feed.drawn(message.number);
    if (message.type !== 'ready') return;
    this.#send({ type: 'init', strings: arrayStrings({ t: (text) => text }) });
    this.#feed.show();
  }

  /** Shows another picture. */
  show(picture: ArrayPicture): void {
    this.picture = picture;
    this.#feed.show();
  }

  #send(message: ToArrayPage): void {
    this.sent.push(message);
    window.postMessage(message, '*');
  }
}

declare global {
  interface Window {
    array: FakeArrayHost;
  }
}

const empty: ArrayPicture = {
  choices: [],
  chosen: '',
  title: '',
  firstColumn: 0,
  rows: [],
  arrows: [],
  hangs: [],
  warnings: [],
  legend: [],
  readAt: '',
  reading: false,
};
const fake = new FakeArrayHost(empty);
window.array = fake;
Reflect.set(window, 'acquireVsCodeApi', () => ({
  // A real host is in another process: what it hears is a copy, and later.
  postMessage: (message: FromArrayPage) => {
    const copy = structuredClone(message);
    queueMicrotask(() => fake.receive(copy));
  },
}));
