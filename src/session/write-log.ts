import type { WriteLogEntry } from './types.ts';

const mostEntries = 1000;
const mostBytes = 4 << 20;

/** The latest writes, oldest first; bounded in entries and in bytes. */
export class WriteLog {
  #entries: WriteLogEntry[] = [];
  #bytes = 0;

  get entries(): readonly WriteLogEntry[] {
    return this.#entries;
  }

  add(entry: WriteLogEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.after.length;
    let drop = 0;
    while (
      this.#entries.length - drop > 1 &&
      (this.#entries.length - drop > mostEntries || this.#bytes > mostBytes)
    ) {
      this.#bytes -= this.#entries[drop]?.after.length ?? 0;
      drop++;
    }
    if (drop > 0) this.#entries = this.#entries.slice(drop);
  }
}
