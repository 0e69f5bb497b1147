/** The files of builds: found in the workspace or added, read, and read anew when they change. */
import * as vscode from 'vscode';
import type { Build, CoreFile, FileOf } from '../model/program/build.ts';
import type { ControlConfig } from '../model/program/control-config.ts';
import {
  buildFolder,
  corePath,
  linkerPaths,
  mostBytesOfFile,
  mostFilesOfKind,
} from '../model/program/core-files.ts';
import { FileFault } from '../model/program/faults.ts';
import type { LinkerSource } from '../model/program/linker-files.ts';
import type { ModuleDevice } from '../model/program/mlir.ts';
import type { CoreSymbols } from '../model/program/symbols.ts';
import type { FoundBuild } from './name-model.ts';

/** What is looked for below a folder, without braces: watchers see nothing then. aiecompiler's ELFs have no suffix. */
const patterns = [
  '**/aie_control_config.json',
  '**/*core_*_*.elf',
  '**/*_with_addresses.mlir',
  '**/aie/*_*/Release/*_*',
] as const;
const configName = 'aie_control_config.json';
const moduleName = /_with_addresses\.mlir$/;
const containerName = /\.xclbin$/;
/** A build writes many files: they are read this long after the first one, milliseconds. */
const settling = 300;
/** Watchers are up by then, milliseconds after the start: what changed before is read. */
const watching = 8000;

/** Timers of the extension. */
export type After = (milliseconds: number, action: () => void) => { dispose(): void };

/** A file that was read: how it was then, and what it says. */
interface Read {
  readonly version: string;
  readonly content: unknown;
}

export class BuildFiles implements vscode.Disposable {
  readonly #added: () => readonly string[];
  readonly #after: After;
  readonly #note: (thrown: unknown) => unknown;
  readonly #take: (builds: readonly FoundBuild[]) => Promise<void>;
  readonly #watchers = new Map<string, vscode.Disposable>();
  readonly #subscriptions: vscode.Disposable[];
  /** Files as last read, so that only what changed is read anew. */
  #cache = new Map<string, Read>();
  #wait: { dispose(): void } | undefined;
  /** Counts the readings: only the last one tells. */
  #round = 0;

  /**
   * @param added the addresses of the builds that a person added: folders and containers
   * @param take called with all builds whenever they were read
   * @param note logs a failure of what happens by itself
   */
  constructor(
    added: () => readonly string[],
    take: (builds: readonly FoundBuild[]) => Promise<void>,
    after: After,
    note: (thrown: unknown) => unknown,
  ) {
    this.#added = added;
    this.#take = take;
    this.#after = after;
    this.#note = note;
    this.#subscriptions = [
      after(watching, () => this.#readSoon()),
      ...patterns.map((pattern) => this.#watch(vscode.workspace.createFileSystemWatcher(pattern))),
      this.#watchFolders(vscode.workspace.createFileSystemWatcher('**/*', true, true)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#readSoon()),
    ];
  }

  /** The address of the build that a file belongs to. */
  static addressOf(file: vscode.Uri): string {
    const isContainer = containerName.test(file.path);
    return (isContainer ? file : file.with({ path: buildFolder(file.path) })).toString();
  }

  /** Looks for the builds and reads what changed of their files. */
  async read(): Promise<void> {
    const round = ++this.#round;
    const cache = new Map<string, Read>();
    const added = this.#added();
    const files = await this.#list(added);
    const builds = new Map<string, vscode.Uri[]>();
    for (const file of files) {
      const id = BuildFiles.addressOf(file);
      builds.set(id, [...(builds.get(id) ?? []), file]);
    }
    const found: FoundBuild[] = [];
    for (const [id, uris] of builds) {
      found.push(await this.#readBuild(id, uris, added.includes(id), cache));
      if (round !== this.#round) return;
    }
    this.#cache = cache;
    this.#watchAdded(added);
    await this.#take(found);
  }

  dispose(): void {
    this.#round++;
    this.#wait?.dispose();
    for (const one of [...this.#subscriptions, ...this.#watchers.values()]) one.dispose();
  }

  async #list(added: readonly string[]): Promise<vscode.Uri[]> {
    const exclude = '**/node_modules/**';
    const searches = patterns.map((pattern) => vscode.workspace.findFiles(pattern, exclude, mostFilesOfKind));
    const containers: vscode.Uri[] = [];
    for (const id of added) {
      const uri = vscode.Uri.parse(id, true);
      if (containerName.test(uri.path)) containers.push(uri);
      else if (vscode.workspace.getWorkspaceFolder(uri) === undefined) {
        for (const pattern of patterns) {
          const inFolder = new vscode.RelativePattern(uri, pattern);
          searches.push(vscode.workspace.findFiles(inFolder, exclude, mostFilesOfKind));
        }
      }
    }
    const all = [...(await Promise.all(searches)).flat(), ...containers];
    const isOurs = ({ path }: vscode.Uri) =>
      path.endsWith(`/${configName}`) ||
      moduleName.test(path) ||
      containerName.test(path) ||
      corePath(path) !== undefined;
    const unique = new Map(all.filter(isOurs).map((uri) => [uri.toString(), uri] as const));
    return [...unique.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #readBuild(
    id: string,
    uris: readonly vscode.Uri[],
    isAdded: boolean,
    cache: Map<string, Read>,
  ): Promise<FoundBuild> {
    const { readConfig, readModuleFile } = await import('./read-files.ts');
    let config: FileOf<ControlConfig> | undefined;
    let sameAs = id;
    const cores: CoreFile[] = [];
    const modules: FileOf<readonly ModuleDevice[]>[] = [];
    for (const uri of uris) {
      const label = vscode.workspace.asRelativePath(uri);
      const core = corePath(uri.path);
      if (core !== undefined) cores.push({ label, core, content: await this.#readCore(uri, cache) });
      else if (moduleName.test(uri.path)) {
        modules.push({
          label,
          content: await this.#readOne(uri, cache, readModuleFile),
        });
      } else {
        const isContainer = containerName.test(uri.path);
        const content = await this.#readOne(uri, cache, (bytes) => readConfig(bytes, isContainer));
        config = { label, content: content instanceof FileFault ? content : content.config };
        if (uris.length === 1 && !(content instanceof FileFault)) sameAs = content.text;
      }
    }
    const build: Build = { ...(config === undefined ? {} : { config }), cores, modules };
    return { id, label: vscode.workspace.asRelativePath(vscode.Uri.parse(id, true)), isAdded, sameAs, build };
  }

  /** A core's symbols, with the linker files that lie beside its ELF. */
  async #readCore(uri: vscode.Uri, cache: Map<string, Read>): Promise<CoreSymbols | FileFault> {
    const beside: { uri: vscode.Uri; version: string; source: LinkerSource }[] = [];
    for (const { path, source } of linkerPaths(uri.path)) {
      const at = uri.with({ path });
      const version = await versionOf(at);
      if (typeof version === 'string') beside.push({ uri: at, version, source });
    }
    const versions = beside.map(({ version }) => version).join();
    const { readCore } = await import('./read-files.ts');
    return this.#readOne(
      uri,
      cache,
      async (elf) => {
        const files: { source: LinkerSource; bytes: Uint8Array }[] = [];
        for (const { uri: at, source } of beside) {
          files.push({ source, bytes: await vscode.workspace.fs.readFile(at) });
        }
        return readCore(elf, files);
      },
      versions,
    );
  }

  /** Reads a file unless it is as it was. One at a time, with a pause before each: other work goes on in between. */
  async #readOne<T>(
    uri: vscode.Uri,
    cache: Map<string, Read>,
    read: (bytes: Uint8Array) => T | Promise<T>,
    beside = '',
  ): Promise<T | FileFault> {
    const id = uri.toString();
    const stat = await versionOf(uri);
    if (stat instanceof FileFault) return stat;
    const version = `${stat};${beside}`;
    const known = this.#cache.get(id);
    if (known?.version === version) {
      cache.set(id, known);
      return known.content as T | FileFault;
    }
    await new Promise((resolve) => setImmediate(resolve));
    let content: T | FileFault;
    try {
      content = await read(await vscode.workspace.fs.readFile(uri));
    } catch (error) {
      if (!(error instanceof FileFault)) return unreadable(error);
      content = error;
    }
    cache.set(id, { version, content });
    return content;
  }

  /** Builds outside the workspace have watchers of their own. */
  #watchAdded(added: readonly string[]): void {
    for (const [id, watcher] of this.#watchers) {
      if (added.includes(id)) continue;
      watcher.dispose();
      this.#watchers.delete(id);
    }
    for (const id of added) {
      if (this.#watchers.has(id)) continue;
      const uri = vscode.Uri.parse(id, true);
      const name = uri.path.slice(uri.path.lastIndexOf('/') + 1);
      const watched = containerName.test(uri.path)
        ? [new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), name)]
        : patterns.map((pattern) => new vscode.RelativePattern(uri, pattern));
      const watchers = watched.map((pattern) =>
        this.#watch(vscode.workspace.createFileSystemWatcher(pattern)),
      );
      this.#watchers.set(id, vscode.Disposable.from(...watchers));
    }
  }

  #watch(watcher: vscode.FileSystemWatcher): vscode.Disposable {
    const soon = () => this.#readSoon();
    watcher.onDidCreate(soon);
    watcher.onDidChange(soon);
    watcher.onDidDelete(soon);
    return watcher;
  }

  /** Of files that go with their folder only the folder is told. */
  #watchFolders(watcher: vscode.FileSystemWatcher): vscode.Disposable {
    watcher.onDidDelete((folder) => {
      const below = `${folder.toString()}/`;
      if ([...this.#cache.keys()].some((file) => file.startsWith(below))) this.#readSoon();
    });
    return watcher;
  }

  #readSoon(): void {
    this.#wait ??= this.#after(settling, () => {
      this.#wait = undefined;
      this.read().catch((error) => this.#note(error));
    });
  }
}

function unreadable(error: unknown): FileFault {
  const found = error instanceof Error ? error.message : String(error);
  return new FileFault('unreadable', {}, undefined, found);
}

/** How a file is now: its size and time; a fault where it cannot be read or is too large. */
async function versionOf(uri: vscode.Uri): Promise<string | FileFault> {
  try {
    const { size, mtime } = await vscode.workspace.fs.stat(uri);
    return size > mostBytesOfFile ? new FileFault('too-large', {}) : `${size} ${mtime}`;
  } catch (error) {
    return unreadable(error);
  }
}
