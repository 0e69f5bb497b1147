/** A host in the browser for the Array view's page: shows the pictures that a test draws, and keeps what the page says. */
import type { ArrayPicture, FromArrayPage, ToArrayPage } from '../../src/array/messages.ts';
import { arrayStrings } from '../../src/array/page-strings.ts';

/** The fake; tests reach it as `window.array`. */
export class FakeArrayHost {
  /** Everything that the page said, oldest first. */
  readonly said: FromArrayPage[] = [];
  picture: ArrayPicture;

  constructor(picture: ArrayPicture) {
    this.picture = picture;
  }

  receive(message: FromArrayPage): void {
    this.said.push(message);
    if (message.type !== 'ready') return;
    this.#send({ type: 'init', strings: arrayStrings({ t: (text) => text }), picture: this.picture });
  }

  /** Shows another picture. */
  show(picture: ArrayPicture): void {
    this.picture = picture;
    this.#send({ type: 'picture', picture });
  }

  #send(message: ToArrayPage): void {
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
