/**
 * Staged edits on this machine's disk, one file per document and window, so that a reload or a crash loses none. Files are
 * written beside their place, brought to the disk and renamed: a reader sees the old or the new text, never half of one,
 * also after a power loss. A file's name says which window keeps it (`journal-owner.ts`); another takes it over once that
 * window has ended.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SessionError } from '../session/errors.ts';
import { isAlive, newOwner } from './journal-owner.ts';

/** What a file holds: whose edits they are, and the session's journal data (JSON). */
interface JournalFile {
  readonly uri: string;
  readonly data: unknown;
}

/** More than the largest journal that the session accepts. */
const mostCharacters = 256 * 1024 * 1024;
/** A window that is reloaded may find its former self still ending: it is waited for this long, milliseconds. */
const patience = 6000;
const pause = 50;

/** A file of kept edits. */
interface Kept {
  readonly path: string;
  /** When it was written last, milliseconds since 1970. */
  readonly at: number;
}

/** A document in the names of its files. */
function nameOf(uri: string): string {
  return createHash('sha256').update(uri).digest('hex').slice(0, 32);
}

export class JournalStore {
  readonly #folder: string;
  readonly #onFailure: (error: unknown) => void;
  /** This window, in the names of its files. */
  readonly #owner = newOwner();
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

  /** Where this window keeps a document's edits. */
  path(uri: string): string {
    return join(this.#folder, `${nameOf(uri)}.${this.#owner}.json`);
  }

  /**
   * Makes the edits of a document this window's that an ended one left, unless it keeps some already; those of a window
   * that lives stay with it. Of several the newest: the others wait for the next editor of the document. Rejects with what
   * the file system said.
   *
   * @param wait how long a window that lives is waited for, milliseconds
   */
  async takeOver(uri: string, wait = patience): Promise<void> {
    await this.flush();
    const until = Date.now() + wait;
    for (;;) {
      const names = await this.#names();
      if (names.includes(basename(this.path(uri)))) return;
      const { left, lives } = await this.#others(uri, names);
      const [newest] = left.sort((a, b) => b.at - a.at);
      if (newest !== undefined) {
        try {
          await rename(newest.path, this.path(uri));
          return;
        } catch (error) {
          // Another window was faster; the next look shows what is there then.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          continue;
        }
      }
      if (!lives || Date.now() >= until) return;
      await delay(pause);
    }
  }

  /** Writes what is pending, and leaves this window's files to whoever opens their documents next. */
  async close(): Promise<void> {
    await this.flush();
    const end = `.${this.#owner}.json`;
    for (const name of await this.#names()) {
      if (!name.endsWith(end)) continue;
      const path = join(this.#folder, name);
      await rename(path, path.replace(/json$/, 'left')).catch((error: unknown) => this.#onFailure(error));
    }
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

  /** What ended windows left of a document among the names, and whether a living one keeps some. */
  async #others(
    uri: string,
    names: readonly string[],
  ): Promise<{ readonly left: Kept[]; readonly lives: boolean }> {
    const left: Kept[] = [];
    let lives = false;
    const start = nameOf(uri);
    for (const name of names) {
      // `document.json` is an earlier version's, `document.window.json` a window's, `document.window.left` an ended one's.
      const [hash, owner = '', end = owner, more] = name.split('.');
      if (hash !== start || (end !== 'json' && end !== 'left')) continue;
      if (more !== undefined) {
        // A write that a crash cut short: the file that it was to replace is whole.
        if (more === 'part' && !(await isAlive(owner))) await rm(join(this.#folder, name), { force: true });
        continue;
      }
      if (end === 'json' && owner !== end && (await isAlive(owner))) {
        lives = true;
        continue;
      }
      const path = join(this.#folder, name);
      // It may have been taken in the meantime.
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined) left.push({ path, at: facts.mtimeMs });
    }
    return { left, lives };
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
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
