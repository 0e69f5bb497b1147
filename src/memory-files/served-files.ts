/**
 * What VS Code and other extensions are answered about files. Folders and sizes are made of what the connection told; only
 * the bytes of a file are read.
 */
import * as vscode from 'vscode';
import { BoardError } from '../board/errors.ts';
import { pageBytes } from '../model/byte-state.ts';
import type { Disposable } from '../model/event.ts';
import { type ByteRange, containsTile, formatTile } from '../model/geometry.ts';
import { Soon } from '../model/later.ts';
import { hexNumber } from '../model/numbers.ts';
import { endOf, intersectRanges } from '../model/ranges.ts';
import { type MemoryResource, resourceRange } from '../model/resource.ts';
import { reasonText } from '../model/status/sentences.ts';
import type { MemorySession } from '../session/memory-session.ts';
import { UnreadableByte } from './errors.ts';
import { FileReads } from './file-reads.ts';
import { fileResource, type Listed, listedAt, type ToldBoard } from './listing.ts';
import type { MemoryFilesServices } from './memory-files.ts';

/** Changes are told this long after the first one, milliseconds. */
const changePause = 1000;

/** A file that VS Code watches. */
interface Watched {
  readonly resource: MemoryResource;
  readonly changed: Soon;
  watchers: number;
}

export class ServedFiles implements Disposable {
  readonly #services: MemoryFilesServices;
  readonly #changed: (uri: vscode.Uri) => void;
  readonly #reads: FileReads;
  readonly #watched = new Map<string, Watched>();
  readonly #following: Disposable;
  /** When the bytes of a memory were last updated, also after its session has ended: milliseconds since 1970. */
  readonly #updatedAt = new Map<string, number>();

  /** @param changed is told the watched files of which bytes are others now */
  constructor(services: MemoryFilesServices, changed: (uri: vscode.Uri) => void) {
    this.#services = services;
    this.#changed = changed;
    this.#reads = new FileReads(services);
    for (const session of services.sessions()) this.#follow(session);
    this.#following = services.onDidMakeSession((session) => this.#follow(session));
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const listed = this.#listed(uri);
    if (listed.kind === 'folder') return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    return {
      type: vscode.FileType.File,
      ctime: 0,
      mtime: this.#updatedAt.get(memoryOf(listed.resource)) ?? 0,
      size: listed.length,
      permissions: vscode.FilePermission.Readonly,
    };
  }

  readDirectory(uri: vscode.Uri): [string, vscode.FileType][] {
    const listed = this.#listed(uri);
    if (listed.kind === 'file') throw vscode.FileSystemError.FileNotADirectory(uri);
    return listed.names.map(({ name, kind }) => [
      name,
      kind === 'folder' ? vscode.FileType.Directory : vscode.FileType.File,
    ]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const listed = this.#listed(uri);
    if (listed.kind === 'folder') throw vscode.FileSystemError.FileIsADirectory(uri);
    const { resource } = listed;
    const reference = await this.#services.acquire(resource);
    if (reference === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    const { session } = reference;
    try {
      const bytes = await this.#reads.bytes(session, resource);
      this.#updated(session, memoryOf(resource));
      return bytes;
    } catch (error) {
      // The memory has another layout than the listing knows.
      if (error instanceof RangeError) throw vscode.FileSystemError.FileNotFound(uri);
      throw this.#refusal(error);
    } finally {
      reference.dispose();
    }
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    const resource = fileResource(uri.authority, uri.path);
    // Folders change with connections only.
    if (resource === undefined) return new vscode.Disposable(() => undefined);
    const key = uri.toString();
    const watched = this.#watched.get(key) ?? {
      resource,
      changed: new Soon(() => this.#changed(uri)),
      watchers: 0,
    };
    watched.watchers++;
    this.#watched.set(key, watched);
    let isOver = false;
    return new vscode.Disposable(() => {
      if (isOver) return;
      isOver = true;
      watched.watchers--;
      if (watched.watchers > 0) return;
      watched.changed.cancel();
      this.#watched.delete(key);
    });
  }

  dispose(): void {
    for (const { changed } of this.#watched.values()) changed.cancel();
    this.#watched.clear();
    this.#following.dispose();
    this.#reads.dispose();
  }

  /** What stands at a place. Without a connection folders are empty, and files fail with the reason why there is none. */
  #listed(uri: vscode.Uri): Listed {
    const entry = this.#services.entry(uri.authority);
    if (entry === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    const { state } = entry.link;
    if (state.kind !== 'connected') {
      if (fileResource(entry.id, uri.path) === undefined) return { kind: 'folder', names: [] };
      if (state.kind === 'offline') throw this.#refusal(state.error);
      throw vscode.FileSystemError.Unavailable(
        vscode.l10n.t('{0} is not connected. Connect it, then try again.', entry.config.label),
      );
    }
    const { generation, array } = state.board.info;
    const told: ToldBoard = {
      ...(generation === 'unknown' ? {} : { generation }),
      ...(array === undefined ? {} : { array }),
      partitions: this.#services.partitions(entry),
    };
    const listed = listedAt(entry.id, uri.path, told);
    if (listed === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return listed;
  }

  #refusal(error: unknown): vscode.FileSystemError {
    if (error instanceof UnreadableByte) {
      const { tile, offset, reason } = error;
      return vscode.FileSystemError.Unavailable(
        vscode.l10n.t(
          '{0}+{1} cannot be read. {2}',
          formatTile(tile),
          hexNumber(offset),
          reasonText(reason, vscode.l10n),
        ),
      );
    }
    const isFree = error instanceof BoardError && error.code === 'not-asked';
    return vscode.FileSystemError.Unavailable(
      isFree
        ? vscode.l10n.t(
            'No application uses this partition, so no file of it is read. Use Export, or have an editor read the bytes first.',
          )
        : this.#services.sentence(error),
    );
  }

  #follow(session: MemorySession): void {
    const memory = memoryOf({ board: session.link.id, ...session.key });
    let last = session.tick;
    this.#updated(session, memory);
    // A session that ends forgets its listeners.
    session.onBytes(({ tick, ranges }) => {
      // Staged edits are no bytes of a file.
      if (tick === last) return;
      last = tick;
      this.#updated(session, memory);
      this.#tell(session, memory, (range) => ranges.some((one) => hasChanged(session, tick, one, range)));
    });
    session.onDidWrite(({ at, offset, after }) => {
      this.#updatedAt.set(memory, at);
      const written = { offset, length: after.length };
      this.#tell(session, memory, (range) => intersectRanges(written, range) !== undefined);
    });
  }

  #updated(session: MemorySession, memory: string): void {
    const at = session.updateOf(session.tick)?.at;
    if (at !== undefined) this.#updatedAt.set(memory, at);
  }

  /** Tells the watched files of a memory, of whose bytes some are others now. */
  #tell({ geometry }: MemorySession, memory: string, isOther: (range: ByteRange) => boolean): void {
    if (geometry === undefined) return;
    for (const { resource, changed } of this.#watched.values()) {
      if (changed.isAsked || memoryOf(resource) !== memory) continue;
      const isThere = resource.tile === undefined || containsTile(geometry, resource.tile);
      if (isThere && isOther(resourceRange(resource, geometry))) changed.ask(changePause);
    }
  }
}

/** The name of a memory, the same for all files of it. */
function memoryOf({ board, partition, memory }: MemoryResource): string {
  return `${board}/${partition}/${memory}`;
}

/** Whether an update found a byte changed in what two ranges share. Bytes that it read for the first time are no change. */
function hasChanged(session: MemorySession, tick: number, a: ByteRange, b: ByteRange): boolean {
  const shared = intersectRanges(a, b);
  for (let at = shared?.offset ?? 0; at < endOf(shared); ) {
    const stop = Math.min(endOf(shared), at - (at % pageBytes) + pageBytes);
    if (session.changes({ offset: at, length: stop - at }).ticks?.includes(tick) === true) return true;
    at = stop;
  }
  return false;
}
