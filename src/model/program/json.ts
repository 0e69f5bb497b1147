/** JSON of a file, read value by value: each knows its keys from the top, so that a fault has its place. */
import { clean } from '../plain.ts';
import { FileFault, mostItems } from './faults.ts';

export class JsonValue {
  readonly #value: unknown;
  /** The keys from the top, such as `graphs.graph0.core_columns[3]`. */
  readonly path: string;

  constructor(value: unknown, path = '') {
    this.#value = value;
    this.path = path;
  }

  /** The value under a key of this object; `undefined` where there is none. Throws `FileFault` if this is no object. */
  at(key: string): JsonValue | undefined {
    const members = this.#members();
    const value = Object.hasOwn(members, key) ? members[key] : undefined;
    return value === undefined || value === null ? undefined : this.#below(key, value);
  }

  /** The values of this object, in their order. Throws `FileFault` if this is none, and for more than any build has. */
  values(): JsonValue[] {
    const members = Object.entries(this.#members());
    this.#checkCount(members.length);
    return members.map(([key, value]) => this.#below(key, value));
  }

  /** The items of this list. Throws `FileFault` if this is none, and for more than any build has. */
  items(): JsonValue[] {
    if (!Array.isArray(this.#value)) throw new FileFault('not-list', { path: this.path });
    this.#checkCount(this.#value.length);
    return this.#value.map((item: unknown, i) => new JsonValue(item, `${this.path}[${i}]`));
  }

  /** A whole number from 0 to `most`; writers put some of them between quotes. Throws `FileFault` for anything else. */
  whole(most: number): number {
    const value = this.#value;
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= most)
      return number;
    throw new FileFault('not-number', { path: this.path });
  }

  /** Whether it says yes: true, 1, or one of them between quotes. What is nested says nothing, however deep. */
  get isTrue(): boolean {
    return [true, 1, 'true', '1'].some((one) => one === this.#value);
  }

  /** One line of text, cut where it is longer than anything sensible. Throws `FileFault` for anything else. */
  text(): string {
    if (typeof this.#value === 'string') return clean(this.#value);
    throw new FileFault('not-text', { path: this.path });
  }

  #checkCount(count: number): void {
    if (count > mostItems) throw new FileFault('too-many', { path: this.path });
  }

  #members(): Readonly<Record<string, unknown>> {
    const value = this.#value;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    throw new FileFault('not-object', { path: this.path });
  }

  #below(key: string, value: unknown): JsonValue {
    return new JsonValue(value, this.path === '' ? clean(key) : `${this.path}.${clean(key)}`);
  }
}

/** The top of a JSON file. Throws `FileFault` for an empty one and for what is no JSON, with the line. */
export function readJson(text: string): JsonValue {
  if (text.trim() === '') throw new FileFault('empty', {});
  try {
    return new JsonValue(JSON.parse(text.replace(/^\ufeff/, '')));
  } catch (error) {
    throw new FileFault('not-json', lineOf(text, String(error)));
  }
}

/** The line that the engine's message names, by itself or by a position; the last one where the text ends too early. */
function lineOf(text: string, message: string): { line?: number } {
  const position = /position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return { line: text.slice(0, Number(position)).split('\n').length };
  return /end of JSON/.test(message) ? { line: text.split('\n').length } : {};
}
