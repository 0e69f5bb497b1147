/**
 * Staged edits on this machine's disk, one file per document, so that a reload or a crash loses none. Files are written
 * beside their place, brought to the disk and renamed: a reader sees the old or the new text, never half of one, also
 * after a power loss.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SessionError } from '../session/errors.ts';

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

  /** Where a document's edits are kept. */
  path(uri: string): string {
    return join(this.#folder, `${createHash('sha256').update(uri).digest('hex').slice(0, 32)}.json`);
  }

  /**
   * The edits that a file holds for a document; `undefined` if there is no file, or none are in it. Rejects with
   * SessionError `journal-unreadable`, or `journal-damaged` if it is no such file of this document.
   *
   * @param path the document's journal, or a backup of it
   */
  async read(path: string, uri: string): Promise<unknown> {
    await this.flush();
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw new SessionError('journal-unreadable', `kept staged edits: ${message}`);
    }
    return parseJournalFile(text, uri);
  }

  /**
   * Moves a file of kept edits that cannot be used into the store's folder, under a name that nothing writes to or removes.
   *
   * @param path a journal's or a backup's
   * @param now milliseconds since 1970, for the name
   * @returns the new path; rejects with what the file system said
   */
  async setAside(path: string, now: number): Promise<string> {
    await this.flush();
    await mkdir(this.#folder, { recursive: true });
    const aside = join(this.#folder, `${basename(path, '.json')}.${now}.kept`);
    await rename(path, aside);
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
    const path = this.path(uri);
    if (data === undefined) {
      await rm(path, { force: true });
      return;
    }
    const file: JournalFile = { uri, data };
    await mkdir(this.#folder, { recursive: true });
    const part = await open(`${path}.part`, 'w', 0o600);
    try {
      await part.writeFile(JSON.stringify(file));
      await part.sync();
    } finally {
      await part.close();
    }
    await rename(`${path}.part`, path);
  }
}

function parseJournalFile(text: string, uri: string): unknown {
  if (text.length > mostCharacters) throw damaged('size');
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw damaged('JSON');
  }
  if (typeof file !== 'object' || file === null || !('uri' in file) || !('data' in file))
    throw damaged('file');
  if (file.uri !== uri) throw damaged('uri');
  return file.data ?? undefined;
}

function damaged(part: string): SessionError {
  return new SessionError('journal-damaged', `kept staged edits are damaged: ${part}`, { part });
}

/** The text of a backup file, in the journal's form. */
export function journalFileText(uri: string, data: unknown): string {
  const file: JournalFile = { uri, data: data ?? null };
  return JSON.stringify(file);
}
