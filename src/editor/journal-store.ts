/**
 * Staged edits on this machine's disk, one file per document and window, so that a reload or a crash loses none. A file is
 * lines of JSON: whose edits they are, then one record each of what became of them. Records are added at the end; one that a
 * crash cut short is left out when the file is read. Whole files, as for the first edit and when old records pile up, are
 * written beside their place, brought to the disk and renamed: a reader sees the old or the new file, never half of one,
 * also after a power loss. A file's name says which window keeps it (`journal-owner.ts`); another takes it over once that
 * window has ended.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { replaceFile } from '../board/replace-file.ts';
import { fitting } from '../model/shapes.ts';
import { SessionError } from '../session/errors.ts';
import type { JournalRecord, JournalStep } from '../session/journal.ts';
import { isAlive, newOwner } from './journal-owner.ts';

/** The first line of a file: whose edits they are, and the session's journal data (JSON). */
const fileShape = v.object({ uri: v.string(), data: v.nullable(v.record(v.string(), v.unknown())) });

/** More than the largest journal that the session accepts, less than the longest text. */
const mostCharacters = 384 * 1024 * 1024;
/** After a reload the old window may still be ending. It is waited for this long, milliseconds. */
const patience = 6000;
const pause = 50;

/** Records, and characters of them, that are made and written at a time: about two milliseconds of this thread. */
const atATime: Size = { records: 500, characters: 1024 * 1024 };
/** A file is rewritten only when more than this was added. */
const few: Size = { records: 1000, characters: 1024 * 1024 };

/** How long a part of a file is. */
interface Size {
  readonly records: number;
  readonly characters: number;
}

/** What this window wrote into a file that is sound: the whole file, and what was added since. */
interface Written {
  readonly whole: Size;
  added: Size;
}

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
  readonly #pending = new Map<string, (whole: boolean) => JournalStep>();
  readonly #written = new Map<string, Written>();
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
   * @param take says at the moment of writing what the file has to become; all of it if it is asked for the `whole`
   */
  put(uri: string, take: (whole: boolean) => JournalStep): void {
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
   * that is still running stay with it. Of several the newest: the others wait for the next editor of the document. Rejects with what
   * the file system said.
   *
   * @param wait how long a running window is waited for, milliseconds
   */
  async takeOver(uri: string, wait = patience): Promise<void> {
    await this.flush();
    const until = Date.now() + wait;
    for (;;) {
      const names = await this.#names();
      if (names.includes(basename(this.path(uri)))) return;
      const { left, inUse } = await this.#others(uri, names);
      const [newest] = left.sort((a, b) => b.at - a.at);
      if (newest !== undefined) {
        try {
          await rename(newest.path, this.path(uri));
          return;
        } catch (error) {
          // Another window was faster: list the files again.
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          continue;
        }
      }
      if (!inUse || Date.now() >= until) return;
      await delay(pause);
    }
  }

  /** Writes what is pending, and marks this window's files as left: the next editor of a document takes its file over. */
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
   * Writes a document's edits into another file too: a copy of its journal where there is one, else what `take` gives.
   * Rejects with what the file system said.
   */
  async backUp(uri: string, path: string, take: () => JournalStep): Promise<void> {
    await this.flush();
    if (this.#written.has(uri)) {
      try {
        await copyFile(this.path(uri), path);
        return;
      } catch {
        // The file is gone or cannot be read: it is made anew with the next change, the backup now.
        this.#written.delete(uri);
      }
    }
    await replaceWhole(path, uri, take());
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

  /** What ended windows left of a document among the names, and whether a running one keeps some. */
  async #others(
    uri: string,
    names: readonly string[],
  ): Promise<{ readonly left: Kept[]; readonly inUse: boolean }> {
    const left: Kept[] = [];
    let inUse = false;
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
        inUse = true;
        continue;
      }
      const path = join(this.#folder, name);
      // It may have been taken in the meantime.
      const facts = await stat(path).catch(() => undefined);
      if (facts !== undefined) left.push({ path, at: facts.mtimeMs });
    }
    return { left, inUse };
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
        await this.#write(uri, take);
      } catch (error) {
        // What is in the file now is not known.
        this.#written.delete(uri);
        this.#onFailure(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(uri: string, take: (whole: boolean) => JournalStep): Promise<void> {
    const path = this.path(uri);
    const written = this.#written.get(uri);
    const isLong = written !== undefined && isMostlyAdded(written);
    let step = take(written === undefined || isLong);
    if (step.kind === 'more' && written !== undefined) {
      if (await append(path, step.records, written)) return;
      step = take(true);
    }
    this.#written.delete(uri);
    if (step.kind === 'empty') {
      await rm(path, { force: true });
      return;
    }
    await mkdir(this.#folder, { recursive: true });
    const whole = await replaceWhole(path, uri, step);
    this.#written.set(uri, { whole, added: { records: 0, characters: 0 } });
  }
}

/** Whether most of a file is what was added to it: of that, much was undone again. */
function isMostlyAdded({ whole, added }: Written): boolean {
  return (
    added.records > few.records + 2 * whole.records ||
    added.characters > few.characters + 2 * whole.characters
  );
}

/** Adds records at the end of a file. False if there is no such file, or it would be longer than one may be. */
async function append(path: string, records: Iterable<JournalRecord>, written: Written): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_WRONLY | constants.O_APPEND);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const { whole, added } = written;
    const room = mostCharacters - whole.characters - added.characters;
    const more = await writeRecords(file, records, room);
    if (more.characters > room) return false;
    written.added = {
      records: added.records + more.records,
      characters: added.characters + more.characters,
    };
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

/** Writes a file anew. Resolves with how long its records are. */
function replaceWhole(path: string, uri: string, step: JournalStep): Promise<Size> {
  return replaceFile(path, { part: `${path}.part`, mode: 0o600 }, async (file) => {
    await file.writeFile(`${journalFileText(uri, step.kind === 'whole' ? step.data : undefined)}\n`);
    return await writeRecords(file, step.kind === 'whole' ? step.records : []);
  });
}

/**
 * Writes records in pieces, each made after the one before is written, so that other work is not held up. Ends once they are
 * longer than `most` characters. Resolves with how long they are.
 */
async function writeRecords(
  file: FileHandle,
  records: Iterable<JournalRecord>,
  most = Number.POSITIVE_INFINITY,
): Promise<Size> {
  const size = { records: 0, characters: 0 };
  let lines: string[] = [];
  let length = 0;
  const write = async (): Promise<void> => {
    size.records += lines.length;
    size.characters += length;
    await file.writeFile(lines.join(''));
    lines = [];
    length = 0;
  };
  for (const record of records) {
    const line = `${JSON.stringify(record)}\n`;
    lines.push(line);
    length += line.length;
    if (lines.length < atATime.records && length < atATime.characters) continue;
    await write();
    if (size.characters > most) return size;
  }
  await write();
  return size;
}

function parseJournalFile(text: string, uri: string): unknown {
  if (text.length > mostCharacters) throw damaged('size');
  const [first = '', ...lines] = text.split('\n');
  let parsed: unknown;
  try {
    parsed = JSON.parse(first);
  } catch {
    throw damaged('JSON');
  }
  const file = fitting(fileShape, parsed);
  if (file === undefined) throw damaged('file');
  if (file.uri !== uri) throw damaged('uri');
  const records = parseRecords(lines);
  if (records.length === 0) return file.data ?? undefined;
  if (file.data === null) throw damaged('records');
  return { ...file.data, records };
}

/** The records of the lines. The last one may have been cut short: what it said was not kept yet. */
function parseRecords(lines: readonly string[]): unknown[] {
  const last = lines.findLastIndex((line) => line !== '');
  const records: unknown[] = [];
  for (const [i, line] of lines.slice(0, last + 1).entries()) {
    try {
      records.push(JSON.parse(line));
    } catch {
      if (i < last) throw damaged('record');
    }
  }
  return records;
}

function damaged(part: string): SessionError {
  return new SessionError('journal-damaged', `kept staged edits are damaged: ${part}`, { part });
}

/** The first line of a file of kept edits. */
export function journalFileText(uri: string, data: unknown): string {
  return JSON.stringify({ uri, data: data ?? null });
}
