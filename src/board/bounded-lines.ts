/** Text of another side as lines for the log: plain, cut, and a limited number each minute. */
import { clean } from '../model/plain.ts';

const minute = 60_000;
const maxLine = 1000;
/** Lines a minute that are enough to understand what a program does. */
export const linesPerMinute = 1000;

export class BoundedLines {
  readonly #perMinute: number;
  readonly #say: (line: string) => void;
  readonly #now: () => number;
  #since: number;
  #count = 0;
  #rest = '';

  /** @param now milliseconds */
  constructor(perMinute: number, say: (line: string) => void, now: () => number = Date.now) {
    this.#perMinute = perMinute;
    this.#say = say;
    this.#now = now;
    this.#since = now();
  }

  /** A piece of text; its last line waits for its end. */
  text(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, maxLine);
    for (const line of lines) this.line(line);
  }

  /** One whole line. Empty ones are left out. */
  line(line: string): void {
    const text = clean(line.slice(0, maxLine).trimEnd());
    if (text === '') return;
    if (this.#now() - this.#since >= minute) this.#turn();
    this.#count++;
    if (this.#count <= this.#perMinute) this.#say(text);
  }

  /** Nothing more comes. */
  end(): void {
    this.line(this.#rest);
    this.#rest = '';
    this.#turn();
  }

  #turn(): void {
    if (this.#count > this.#perMinute) this.#say(`(${this.#count - this.#perMinute} more lines left out)`);
    this.#since = this.#now();
    this.#count = 0;
  }
}
