/**
 * Memory of boards as VS Code's files, for other extensions: always read-only, whatever an editor may do. What is answered is
 * loaded with the first question.
 */
import * as vscode from 'vscode';
import type { BoardEntry } from '../boards/boards.ts';
import type { Disposable, Event } from '../model/event.ts';
import type { After } from '../model/later.ts';
import { LazyPart } from '../model/lazy-part.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import type { ToldBoard } from './listing.ts';
import type { ServedFiles } from './served-files.ts';

/** What the files need from the rest of the extension. */
export interface MemoryFilesServices {
  /** The board with this id; undefined where the sidebar has none. */
  entry(id: string): BoardEntry | undefined;
  /** The partitions of it that the sidebar shows. */
  partitions(entry: BoardEntry): ToldBoard['partitions'];
  /** The session of a memory; undefined where its board is not in the sidebar. */
  acquire(resource: MemoryResource): Promise<SessionReference | undefined>;
  /** The living sessions. */
  sessions(): readonly MemorySession[];
  /** Fires with each session that begins. */
  readonly onDidMakeSession: Event<MemorySession>;
  /** The sentence of a failure. */
  sentence(thrown: unknown): string;
  now(): number;
  readonly after: After;
}

export class MemoryFiles implements vscode.FileSystemProvider, Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #served: LazyPart<ServedFiles>;

  readonly onDidChangeFile = this.#changed.event;

  constructor(services: MemoryFilesServices) {
    const changed = (uri: vscode.Uri): void =>
      this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    this.#served = new LazyPart(
      async () => new (await import('./served-files.ts')).ServedFiles(services, changed),
      (served) => served.dispose(),
    );
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    return (await this.#served.load()).stat(uri);
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    return (await this.#served.load()).readDirectory(uri);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#served.load()).readFile(uri);
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    // Where the part cannot be loaded there is nothing to end.
    const none = new vscode.Disposable(() => undefined);
    const watching = this.#served.load().then(
      (served) => served.watch(uri),
      () => none,
    );
    return new vscode.Disposable(() => void watching.then((one) => one.dispose()));
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    this.#served.dispose();
    this.#changed.dispose();
  }
}
