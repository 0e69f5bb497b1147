/** The files of builds: found in the workspace or added, read, and read anew when they change. */
import * as vscode from 'vscode';
import type { After } from '../model/later.ts';
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
import type { ReadsFiles } from './file-reader.ts';
import type { FoundBuild } from './name-model.ts';
import { SearchTimes } from './search-times.ts';

/** What is searched for below a folder, without braces: watchers see nothing then. aiecompiler's ELFs have no suffix. */
const patterns = [
  '**/aie_control_config.json',
  '**/*core_*_*.elf',
  '**/*_with_addresses.mlir',
  '**/aie/*_*/Release/*_*',
] as const;
const configName = 'aie_control_config.json';
const moduleName = /_with_addresses\.mlir$/;
const containerName = /\.xclbin$/;
/** The largest container that is read, bytes: it holds the programmable logic, too. */
const mostBytesOfContainer = 512 * 1024 * 1024;
/** Nothing of a build lies below these. */
const elsewhere = /\/(?:node_modules|\.git)\//;
/** A file that was written less than this before it was read may have changed since in the same moment, milliseconds. */
const fresh = 1000;

/** A file that was read: how it was then, and what it says. */
interface Read {
  readonly version: string;
  readonly content: unknown;
  /** Written just before it was read: what is written in the same moment has the same version. */
  readonly isFresh: boolean;
}

export class BuildFiles implements vscode.Disposable {
  readonly #added: () => readonly string[];
  readonly #reader: ReadsFiles;
  readonly #times: SearchTimes;
  readonly #take: (builds: readonly FoundBuild[]) => Promise<void>;
  readonly #watchers = new Map<string, vscode.Disposable>();
  readonly #subscriptions: vscode.Disposable[];
  /** Files as last read, so that only what changed is read anew. */
  #cache = new Map<string, Read>();
  /** Files and their folders as they were when they were last read. */
  #versions = new Map<string, string>();
  /** All is read anew, whether it changed or not. */
  #isAnew = false;
  #isDisposed = false;
  /** The last reading that was begun, and the one that follows it. */
  #reading: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /**
   * @param added the addresses of the builds that a person added: folders and containers
   * @param take called with all builds whenever they were read
   * @param note logs a failure of what happens by itself
   */
  constructor(
    added: () => readonly string[],
    reader: ReadsFiles,
    take: (builds: readonly FoundBuild[]) => Promise<void>,
    after: After,
    note: (thrown: unknown) => unknown,
  ) {
    this.#added = added;
    this.#reader = reader;
    this.#take = take;
    this.#times = new SearchTimes(after, {
      search: () => this.read(),
      hasChanged: () => this.#hasChanged(),
      note,
    });
    this.#subscriptions = [
      ...patterns.map((pattern) => this.#watch(vscode.workspace.createFileSystemWatcher(pattern))),
      this.#watchFolders(vscode.workspace.createFileSystemWatcher('**/*', false, true)),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.#times.unsure()),
    ];
  }

  /** The address of the build that a file belongs to. */
  static addressOf(file: vscode.Uri): string {
    return (isWhole(file) ? file : file.with({ path: buildFolder(file.path) })).toString();
  }

  /** Whether a file with this name can say something of a build. */
  static canBeRead(file: vscode.Uri): boolean {
    const { path } = file;
    const isNamed = path.endsWith(`/${configName}`) || moduleName.test(path);
    return isNamed || isWhole(file) || corePath(path) !== undefined;
  }

  /**
   * Searches for the builds and reads what changed of their files. Ends when the builds as they are now were taken: a reading
   * under way may have passed what changed since, so another one follows it.
   */
  read(): Promise<void> {
    const begin = () => {
      this.#next = undefined;
      this.#reading = this.#readAll();
      return this.#reading;
    };
    // How a reading ended was told to those who asked for it.
    this.#next ??= this.#reading.then(begin, begin);
    return this.#next;
  }

  /** Reads all files anew. */
  refresh(): Promise<void> {
    this.#isAnew = true;
    return this.read();
  }

  /** A person may want to see names now: searches for what watchers of files did not tell. */
  searchSoon(): void {
    this.#times.asked();
  }

  async #readAll(): Promise<void> {
    if (this.#isDisposed) return;
    if (this.#isAnew) this.#cache.clear();
    this.#isAnew = false;
    const cache = new Map<string, Read>();
    const added = this.#added();
    const files = await this.#list(added);
    await this.#noteVersions(files);
    const builds = new Map<string, vscode.Uri[]>();
    for (const file of files) {
      const id = BuildFiles.addressOf(file);
      builds.set(id, [...(builds.get(id) ?? []), file]);
    }
    const found: FoundBuild[] = [];
    for (const [id, uris] of builds) {
      if (!this.#isDisposed) found.push(await this.#readBuild(id, uris, added.includes(id), cache));
    }
    this.#reader.rest();
    if (this.#isDisposed) return;
    this.#cache = cache;
    this.#watchAdded(added);
    await this.#take(found);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#times.dispose();
    for (const one of [...this.#subscriptions, ...this.#watchers.values()]) one.dispose();
  }

  /** Keeps how the files are, and the folders from each up to its build's: a folder changes as files come and go. */
  async #noteVersions(files: readonly vscode.Uri[]): Promise<void> {
    const versions = new Map<string, string>();
    for (const file of files) {
      const top = BuildFiles.addressOf(file);
      for (let at = file; !versions.has(at.toString()); at = vscode.Uri.joinPath(at, '..')) {
        versions.set(at.toString(), await this.#versionText(at));
        if (at.toString() === top) break;
      }
    }
    this.#versions = versions;
  }

  async #hasChanged(): Promise<boolean> {
    for (const [id, version] of [...this.#versions]) {
      if ((await this.#versionText(vscode.Uri.parse(id, true))) !== version) return true;
    }
    return false;
  }

  async #versionText(file: vscode.Uri): Promise<string> {
    const version = await versionOf(file);
    return version instanceof FileFault ? version.kind : version.text;
  }

  async #list(added: readonly string[]): Promise<vscode.Uri[]> {
    const exclude = '**/node_modules/**';
    const searches = patterns.map((pattern) => vscode.workspace.findFiles(pattern, exclude, mostFilesOfKind));
    const whole: vscode.Uri[] = [];
    for (const id of added) {
      const uri = vscode.Uri.parse(id, true);
      if (isWhole(uri)) whole.push(uri);
      else if (vscode.workspace.getWorkspaceFolder(uri) === undefined) {
        for (const pattern of patterns) {
          const inFolder = new vscode.RelativePattern(uri, pattern);
          searches.push(vscode.workspace.findFiles(inFolder, exclude, mostFilesOfKind));
        }
      }
    }
    const all = [...(await Promise.all(searches)).flat(), ...whole];
    const ours = all.filter((file) => BuildFiles.canBeRead(file));
    const unique = new Map(ours.map((uri) => [uri.toString(), uri] as const));
    return [...unique.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #readBuild(
    id: string,
    uris: readonly vscode.Uri[],
    isAdded: boolean,
    cache: Map<string, Read>,
  ): Promise<FoundBuild> {
    let config: FileOf<ControlConfig> | undefined;
    let sameAs = id;
    const cores: CoreFile[] = [];
    const modules: FileOf<readonly ModuleDevice[]>[] = [];
    for (const uri of uris) {
      const label = vscode.workspace.asRelativePath(uri);
      const core = corePath(uri.path);
      if (core !== undefined) {
        const address = uri.toString();
        cores.push({ label, core, address, content: await this.#readCore(uri, cache) });
      } else if (moduleName.test(uri.path)) {
        modules.push({
          label,
          content: await this.#readOne(uri, cache, (bytes) => this.#reader.read('module', { bytes })),
        });
      } else {
        const isContainer = containerName.test(uri.path);
        const content = await this.#readOne(uri, cache, (bytes) =>
          this.#reader.read('config', { bytes, isContainer }),
        );
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
      if (!(version instanceof FileFault)) beside.push({ uri: at, version: version.text, source });
    }
    const versions = beside.map(({ version }) => version).join();
    return this.#readOne(
      uri,
      cache,
      async (bytes) => {
        const read: { source: LinkerSource; bytes: Uint8Array }[] = [];
        for (const { uri: at, source } of beside) {
          read.push({ source, bytes: await vscode.workspace.fs.readFile(at) });
        }
        return this.#reader.read('core', { bytes, beside: read });
      },
      versions,
    );
  }

  /** Reads a file unless it is as it was. */
  async #readOne<T>(
    uri: vscode.Uri,
    cache: Map<string, Read>,
    read: (bytes: Uint8Array) => Promise<T>,
    beside = '',
  ): Promise<T | FileFault> {
    const id = uri.toString();
    const stat = await versionOf(uri);
    if (stat instanceof FileFault) return stat;
    const version = `${stat.text};${beside}`;
    const known = this.#cache.get(id);
    if (known?.version === version && !known.isFresh) {
      cache.set(id, known);
      return known.content as T | FileFault;
    }
    const isFresh = Math.abs(Date.now() - stat.time) < fresh;
    let content: T | FileFault;
    try {
      content = await read(await vscode.workspace.fs.readFile(uri));
    } catch (error) {
      if (!(error instanceof FileFault)) return unreadable(error);
      content = error;
    }
    cache.set(id, { version, content, isFresh });
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
      const watched = isWhole(uri)
        ? [new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), name)]
        : patterns.map((pattern) => new vscode.RelativePattern(uri, pattern));
      const watchers = watched.map((pattern) =>
        this.#watch(vscode.workspace.createFileSystemWatcher(pattern)),
      );
      this.#watchers.set(id, vscode.Disposable.from(...watchers));
    }
  }

  #watch(watcher: vscode.FileSystemWatcher): vscode.Disposable {
    const told = () => this.#times.told();
    // It is not up yet.
    this.#times.unsure();
    watcher.onDidCreate(told);
    watcher.onDidChange(told);
    watcher.onDidDelete(told);
    return watcher;
  }

  /** Of files that come or go with their folder only the folder is told. */
  #watchFolders(watcher: vscode.FileSystemWatcher): vscode.Disposable {
    watcher.onDidDelete((folder) => {
      const below = `${folder.toString()}/`;
      if ([...this.#cache.keys()].some((file) => file.startsWith(below))) this.#times.told();
    });
    watcher.onDidCreate(async (file) => {
      if (elsewhere.test(file.path)) return;
      if (this.#times.isUnsure || (await isFolder(file))) this.#times.unsure();
    });
    return watcher;
  }
}

/** Whether a folder is there now. */
async function isFolder(file: vscode.Uri): Promise<boolean> {
  try {
    return ((await vscode.workspace.fs.stat(file)).type & vscode.FileType.Directory) !== 0;
  } catch {
    // It is gone again.
    return false;
  }
}

/** Whether a file is a build by itself: a container, or a control file that was given another name. */
function isWhole({ path }: vscode.Uri): boolean {
  return containerName.test(path) || (path.endsWith('.json') && !path.endsWith(`/${configName}`));
}

function unreadable(error: unknown): FileFault {
  const found = error instanceof Error ? error.message : String(error);
  return new FileFault('unreadable', {}, undefined, found);
}

/** A file's version: another one after each change; when it was written, milliseconds. */
interface Version {
  readonly text: string;
  readonly time: number;
}

/** How a file is now; a fault where it cannot be read or is too large. */
async function versionOf(uri: vscode.Uri): Promise<Version | FileFault> {
  try {
    const { size, mtime, type } = await vscode.workspace.fs.stat(uri);
    // Pipes and devices have no end.
    if ((type & (vscode.FileType.File | vscode.FileType.Directory)) === 0)
      return new FileFault('no-file', {});
    const most = containerName.test(uri.path) ? mostBytesOfContainer : mostBytesOfFile;
    if (size > most) return new FileFault('too-large', {});
    return { text: `${size} ${mtime}`, time: mtime };
  } catch (error) {
    return unreadable(error);
  }
}
