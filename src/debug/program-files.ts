/** The ELFs of a build's cores: each read when something asks for its core. */
import type * as vscode from 'vscode';
import { Emitter, type Event } from '../model/event.ts';
import type { Tile } from '../model/geometry.ts';
import { corePath, linkerPaths } from '../model/program/core-files.ts';
import type { DebugFault } from '../model/program/dwarf/faults.ts';
import { readElf } from '../model/program/elf.ts';
import type { FileFault } from '../model/program/faults.ts';
import { type LinkerFile, linkerReaders } from '../model/program/linker-files.ts';
import type { Instruction } from '../model/program/listing.ts';
import { textOf } from '../model/text-of.ts';
import { bytesOf, exists, faultOf, versionOf } from './build-file.ts';
import { listingOf, listingPlaces } from './listing-files.ts';
import { CoreProgram, type Programs } from './programs.ts';

/** Where a build lies: the partition's first column, and the first row of cores. */
export interface ProgramPlace {
  readonly startCol: number;
  readonly coreStart: number;
}

/** What was read of a core's files, with their versions before that. */
interface FromFiles<T> {
  readonly version: Promise<string>;
  readonly found: T;
}

const keyOf = ({ col, row }: Tile): string => `${col},${row}`;

export class ProgramFiles implements Programs {
  readonly #files = new Map<string, vscode.Uri>();
  /** Those that were read; `undefined` for one that cannot be. */
  readonly #programs = new Map<string, FromFiles<CoreProgram | undefined>>();
  readonly #listings = new Map<string, FromFiles<Promise<readonly Instruction[] | undefined>>>();
  readonly #changed = new Emitter<void>();
  readonly #onFault: (path: string, fault: FileFault | DebugFault) => void;
  readonly #waiting = new Set<string>();
  #reading = false;
  #disposed = false;

  /** `onFault` is told what cannot be read of which file. */
  constructor(
    files: Iterable<vscode.Uri>,
    { startCol, coreStart }: ProgramPlace,
    onFault: (path: string, fault: FileFault | DebugFault) => void,
  ) {
    this.#onFault = onFault;
    for (const uri of files) {
      const core = corePath(uri.path);
      if (core === undefined) continue;
      const row = core.isComputeRow ? coreStart + core.row : core.row;
      this.#files.set(keyOf({ col: startCol + core.column, row }), uri);
    }
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** How many cores have one. */
  get count(): number {
    return this.#files.size;
  }

  at(tile: Tile): CoreProgram | undefined {
    const key = keyOf(tile);
    if (!this.#programs.has(key) && this.#files.has(key)) {
      this.#waiting.add(key);
      void this.#readAll();
    }
    return this.#programs.get(key)?.found;
  }

  async listing(tile: Tile): Promise<readonly Instruction[] | undefined> {
    const key = keyOf(tile);
    const uri = this.#files.get(key);
    if (uri === undefined) return undefined;
    let listing = this.#listings.get(key);
    if (listing === undefined) {
      const version = listingVersionOf(uri);
      listing = { version, found: version.then(() => listingOf(uri)) };
      this.#listings.set(key, listing);
    }
    try {
      return await listing.found;
    } catch (error) {
      // The next one who asks tries again: the file may be there by then.
      if (this.#listings.get(key) === listing) this.#listings.delete(key);
      throw error;
    }
  }

  async dropChanged(): Promise<void> {
    const dropped = await Promise.all([
      this.#dropChangedIn(this.#programs, versionOf),
      this.#dropChangedIn(this.#listings, listingVersionOf),
    ]);
    if (dropped.includes(true) && !this.#disposed) this.#changed.fire();
  }

  dispose(): void {
    this.#disposed = true;
    this.#changed.dispose();
  }

  /** The answer: whether something was dropped. */
  async #dropChangedIn(
    kept: Map<string, FromFiles<unknown>>,
    now: (uri: vscode.Uri) => Promise<string>,
  ): Promise<boolean> {
    const dropped = await Promise.all(
      [...kept].map(async ([key, one]) => {
        const uri = this.#files.get(key);
        if (uri === undefined || (await now(uri)) === (await one.version)) return false;
        // It may have been read anew meanwhile.
        return kept.get(key) === one && kept.delete(key);
      }),
    );
    return dropped.includes(true);
  }

  /** Reads what is waited for, one after the other: a large one takes some 30 ms of the extension host. */
  async #readAll(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    for (const key of this.#waiting) {
      const uri = this.#files.get(key);
      if (uri !== undefined) {
        const version = versionOf(uri);
        await version;
        this.#programs.set(key, { version, found: await this.#read(uri) });
      }
      // Who asks while it is read does not have it read twice.
      this.#waiting.delete(key);
      if (this.#disposed) break;
      // Others have their turn.
      await new Promise((resume) => setImmediate(resume));
    }
    this.#reading = false;
    if (!this.#disposed) this.#changed.fire();
  }

  async #read(uri: vscode.Uri): Promise<CoreProgram | undefined> {
    try {
      const elf = readElf(await bytesOf(uri));
      const program = new CoreProgram(elf, await this.#linkerFiles(uri));
      for (const fault of program.info.faults) this.#tell(uri, fault);
      return program;
    } catch (error) {
      this.#tell(uri, faultOf(error));
      return undefined;
    }
  }

  /** Those that lie beside an ELF; most builds have one or two of the places where they may. */
  async #linkerFiles(elf: vscode.Uri): Promise<LinkerFile[]> {
    const files: LinkerFile[] = [];
    for (const { path, source } of linkerPaths(elf.path)) {
      const uri = elf.with({ path });
      if (!(await exists(uri))) continue;
      try {
        files.push(linkerReaders[source](textOf(await bytesOf(uri))));
      } catch (error) {
        this.#tell(uri, faultOf(error));
      }
    }
    return files;
  }

  #tell(uri: vscode.Uri, fault: FileFault | DebugFault): void {
    if (!this.#disposed) this.#onFault(uri.fsPath, fault);
  }
}

/** The version of an ELF and of the listings beside it. */
async function listingVersionOf(elf: vscode.Uri): Promise<string> {
  return (await Promise.all([elf, ...listingPlaces(elf)].map(versionOf))).join();
}
