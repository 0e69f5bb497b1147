/**
 * The driver's sysfs texts: lines of `name: value`, lists with `|`, then `, `. Pure and tolerant: what is not understood is
 * collected, nothing throws, and hostile text costs no more than its length.
 */

/** Keeps what was not understood, as it came, but bounded: a board may send anything. */
export class Unparsed {
  readonly #entries: string[] = [];
  #left = 0;

  add(entry: string): void {
    if (this.#entries.length >= 100) this.#left++;
    else this.#entries.push(entry.length > 200 ? `${entry.slice(0, 200)}…` : entry);
  }

  list(): readonly string[] {
    return this.#left > 0 ? [...this.#entries, `… +${this.#left}`] : this.#entries;
  }
}

/** One `name: value` line. `value` is trimmed and may hold further colons. */
export interface TextLine {
  readonly name: string;
  readonly value: string;
  /** The line as it came, for `Unparsed`. */
  readonly line: string;
}

/**
 * The lines of an attribute. A last line without its line feed in a text of a page or more is one that the kernel cut: it
 * goes to `unparsed`, because its last number may have lost digits.
 */
export function textLines(attribute: string, text: string, unparsed: Unparsed): TextLine[] {
  const lines: TextLine[] = [];
  const all = text.split('\n');
  const last = all.pop() ?? '';
  if (last !== '') {
    if (text.length >= 4095) unparsed.add(`${attribute}: ${last}`);
    else all.push(last);
  }
  for (const raw of all) {
    if (raw.trim() === '') continue;
    const colon = raw.indexOf(':');
    const line = `${attribute}: ${raw}`;
    if (colon < 0) unparsed.add(line);
    else lines.push({ name: raw.slice(0, colon).trim(), value: raw.slice(colon + 1).trim(), line });
  }
  return lines;
}

/** The items of a list with the driver's innermost delimiter; none for an empty text. */
export function listItems(value: string): string[] {
  return value === '' ? [] : value.split('|').map((item) => item.trim());
}

/** What the driver says of a tile that it may not touch. */
export function isGated(value: string): boolean {
  return /\bclock_gated\b/.test(value);
}
