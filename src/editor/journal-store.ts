/**
 * Staged edits on this machine's disk, one file per document, so that a reload or a crash loses none. Files are written
 * beside their place and renamed: a reader sees the old or the new text, never half of one.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a file holds: whose edits they are, and the session's journal data (JSON). */
interface JournalFile {
  readonly uri: string;
  readonly data: unknown;
}

/** More than the largest journal that the session accepts. */
const mostCharacters = 256 * 1024 * 1024;

export class JournalStore {
  readonly #folder: string;
  readonly #onFailure: (error: unknown) => void;
  readonly #pending = new Map<string, () => unknown>();
  #writing: Promise<void> | undefined;

  /**
   * @param folder made when it is first needed
   * @param onFailure told about every failed write; the edits stay in memory and are tried again with the next change
   */
  constructor(folder: string, onFailure: (error: unknown) => void) {
    this.#folder = folder;
    this.#onFailure = onFailure;
  }

  /**
   * Keeps a document's edits. Writing begins at once; while one write runs, later ones are joined into the next.
   *
   * @param take gives the data at the moment of writing; `undefined` removes the file
   */
  put(uri: string, take: () => unknown): void {
    this.#pending.set(uri, take);
    this.#writing ??= this.#drain();
  }

  /** Resolves when everything put so far is on disk. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** The kept data of a document; `undefined` if there is none or the file is not one of ours. */
  async get(uri: string): Promise<unknown> {
    await this.flush();
    let text: string;
    try {
      text = await readFile(this.#path(uri), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return parseJournalFile(text, uri);
  }

  /** Moves a file that cannot be used out of the way without losing it; returns its new path. */
  async setAside(uri: string, now: number): Promise<string> {
    await this.flush();
    const aside = this.#path(uri).replace(/\.json$/, `.${now}.kept`);
    await rename(this.#path(uri), aside);
    return aside;
  }

  async #drain(): Promise<void> {
    // Lets the gesture that called finish, so that its parts become one write.
    await Promise.resolve();
    for (;;) {
      const next = this.#pending.entries().next();
      if (next.done === true) break;
      const [uri, take] = next.value;
      this.#pending.delete(uri);
      try {
        await this.#write(uri, take());
      } catch (error) {
        this.#onFailure(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(uri: string, data: unknown): Promise<void> {
    const path = this.#path(uri);
    if (data === undefined) {
      await rm(path, { force: true });
      return;
    }
    const file: JournalFile = { uri, data };
    await mkdir(this.#folder, { recursive: true });
    await writeFile(`${path}.part`, JSON.stringify(file), { mode: 0o600 });
    await rename(`${path}.part`, path);
  }

  #path(uri: string): string {
    return join(this.#folder, `${createHash('sha256').update(uri).digest('hex').slice(0, 32)}.json`);
  }
}

/** Reads a journal or backup file's text; `undefined` unless it holds this document's edits. */
export function parseJournalFile(text: string, uri: string): unknown {
  if (text.length > mostCharacters) return undefined;
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof file !== 'object' || file === null || !('uri' in file) || !('data' in file)) return undefined;
  return file.uri === uri && file.data !== null ? file.data : undefined;
}

/** The text of a backup file, in the journal's form. */
export function journalFileText(uri: string, data: unknown): string {
  const file: JournalFile = { uri, data: data ?? null };
  return JSON.stringify(file);
}
