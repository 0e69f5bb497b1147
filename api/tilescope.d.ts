/**
 * What Tilescope gives to other extensions: version 1. Take this file into your extension, or copy it from the installed one.
 *
 *     const tilescope = vscode.extensions.getExtension<TilescopeExports>('tilescope.tilescope');
 *     const api = (await tilescope?.activate())?.api(1, 'you.your-extension');
 *
 * A version is never taken away from: what stands here stays. New members may be added, so take those you do not know as if
 * they were not there.
 *
 * Sizes and offsets are bytes, columns and rows are absolute, row 0 is the shim row, times are milliseconds since 1970 on
 * this machine's clock. Names and owners are texts of a board or a file: show them as text, never as markup or instructions.
 * Every promise rejects with a `TilescopeError`.
 */
import type { CancellationToken, Disposable, Event, Uri } from 'vscode';

/** What `activate` returns; `undefined` where Tilescope could not start. */
export interface TilescopeExports {
  /** The versions that `api` answers, ascending. */
  readonly versions: readonly number[];
  /**
   * The API of one version.
   * @param caller the id of your extension, `publisher.name`: a person reads its name where Tilescope asks for consent
   * @throws TilescopeError `unknown-version`, `unknown-caller`
   */
  api(version: 1, caller: string): TilescopeApi;
}

/** Version 1. */
export interface TilescopeApi {
  readonly version: 1;
  /** Boards with their partitions, memories and tiles, as they are known. Reads no memory, takes no partition. */
  list(): Promise<readonly BoardFacts[]>;
  /** Fires when `list` may answer something else. */
  readonly onDidChange: Event<void>;
  /**
   * Bytes as the board holds them; staged edits are not part of them. At most 1 MiB, which counts against the
   * read budget of their board (`tilescope.liveBudget`), so a long read takes its time.
   *
   * A partition that nobody uses is not touched: while it is read an application that starts is refused. Of such a one you
   * get what a person has read in an editor, which is what it still holds, or the error `free-partition`. Program memory
   * of a running core is left out (`core-running`).
   */
  read(place: MemoryPlace, token?: CancellationToken): Promise<MemoryBytes>;
  /**
   * Changes bytes, at most 4 KiB, once a person has agreed: asked each time, with your extension's name, each change, and the
   * owner beside whom it would be made. `staged` (the default) stages them in an editor whose memory is unlocked, where the
   * person applies or discards them. `immediate` writes them at once, at most what a question can show. Nobody is asked where
   * the bytes are there already.
   *
   * If a byte changed while the person was asked, nothing is written; the board compares words of 32 bits in the moment of the
   * write. Refused are program memory, locked memory, bytes on which somebody has staged edits, a write while a person is asked about
   * another one, and for a while one of a caller that was refused.
   */
  write(
    place: Omit<MemoryPlace, 'length'>,
    bytes: Uint8Array,
    options?: WriteOptions,
    token?: CancellationToken,
  ): Promise<WriteResult>;
  /**
   * Tells the bytes, at most 64 KiB, at first and whenever some of them differ from what was told, as the board's side finds it
   * out: within the read budget, together with all editors of the memory. A partition that nobody uses is not looked at, and
   * that is told, as is every other pause; it goes on by itself. Program memory is refused.
   */
  watch(place: MemoryPlace, listener: (news: WatchNews) => void, options?: WatchOptions): Promise<Disposable>;
  /**
   * Reads a tile's memory, or that of all tiles, within the read budget, and writes it as a snapshot (`docs/snapshots.md`),
   * in place of a snapshot that is there; the name ends in `.aiesnap`. Of a partition that nobody uses it has what a person has read. Program memory is refused.
   */
  snapshot(place: SnapshotPlace, file: Uri, token?: CancellationToken): Promise<SnapshotResult>;
}

export type MemoryType =
  | 'data'
  | 'program'
  | 'memory-tile'
  | 'uc-program'
  | 'uc-private-data'
  | 'uc-shared-data';

/** A tile's absolute position. */
export interface Tile {
  readonly col: number;
  readonly row: number;
}

/** A board of the sidebar. */
export interface BoardFacts {
  readonly id: string;
  /** Its name in the sidebar. */
  readonly label: string;
  readonly state: 'disconnected' | 'connecting' | 'connected' | 'offline';
  /** While it is connected. */
  readonly generation?: 'aie' | 'aieml' | 'aie2ps' | 'unknown';
  /** While it is connected: the partitions that the sidebar shows. */
  readonly partitions: readonly PartitionFacts[];
}

export interface PartitionFacts {
  /** Names it in every call; opaque, the same after every reconnection. */
  readonly key: string;
  readonly startCol: number;
  readonly numCols: number;
  readonly inUse: boolean;
  /** The process that uses it, where it is known. */
  readonly owner?: { readonly pid: number; readonly command: string };
  /** Its application is gone, and a person keeps what that left. */
  readonly isLeftBehind: boolean;
  /** One epoch of its contents: equal text, equal epoch. Bytes of different epochs belong to different runs. */
  readonly epoch: string;
  /** Empty where only taking the partition would tell them: nobody uses it, and no person opened it yet. */
  readonly memories: readonly MemoryFacts[];
}

/** One memory type of a partition: the same number of bytes in each tile of a rectangle. */
export interface MemoryFacts {
  readonly memory: MemoryType;
  readonly bytesPerTile: number;
  /** Its tiles, column by column: the order in which a memory as a whole counts its bytes. */
  readonly tiles: readonly Tile[];
}

/** A run of bytes of one memory. */
export interface MemoryPlace {
  /** `BoardFacts.id`. */
  readonly board: string;
  /** `PartitionFacts.key`. */
  readonly partition: string;
  readonly memory: MemoryType;
  /** Without it `offset` counts through all tiles of the memory. */
  readonly tile?: Tile;
  readonly offset: number;
  readonly length: number;
}

export interface MemoryBytes {
  /** As many as were asked for; 0 where they could not be read. */
  readonly bytes: Uint8Array;
  /** What could not be read, ascending; `offset` counts in `bytes`. */
  readonly unreadable: readonly UnreadableRun[];
  /** When the oldest of them was read. */
  readonly at: number;
  readonly epoch: string;
}

export interface UnreadableRun {
  readonly offset: number;
  readonly length: number;
  /** `gated` (clock off), `core-running`, `bus-error`, ...: `docs/api.md`. */
  readonly reason: string;
}

export interface WriteOptions {
  /** `staged` unless told. */
  readonly how?: 'staged' | 'immediate';
  /** What you saw there, of the same length: if the board holds something else, nobody is asked and nothing is changed. */
  readonly seen?: Uint8Array;
}

export interface WriteResult {
  /** `staged`: in an editor. `written`: all of it. `left`: not all of it, see there. */
  readonly outcome: 'staged' | 'written' | 'left';
  /** Runs that were not written, ascending; `offset` counts in the bytes that were given. */
  readonly left: readonly {
    readonly offset: number;
    readonly length: number;
    /** `conflict`: the board holds something else than was seen. */
    readonly why: 'conflict' | 'refused' | 'unreadable';
  }[];
}

export interface WatchOptions {
  /** From look to look, milliseconds, 33 to 60,000; 100 unless told. Longer where board and budget allow no more. */
  readonly periodMs?: number;
}

export type WatchNews =
  | ({ readonly kind: 'bytes' } & MemoryBytes)
  /** Nothing comes at present. `free`: nobody uses the partition. `outside`: the memory has no such bytes. */
  | { readonly kind: 'paused'; readonly why: 'no-board' | 'free' | 'outside' | 'failed' };

export interface SnapshotPlace extends Pick<MemoryPlace, 'board' | 'partition' | 'memory'> {
  /** All tiles of the memory without it. */
  readonly tile?: Tile;
}

export interface SnapshotResult {
  /** Bytes that the file does not have: they could not be read. */
  readonly missing: number;
}

/** Why a call was refused or failed; `message` is a sentence for a person, with the next step. */
export interface TilescopeError extends Error {
  readonly name: 'TilescopeError';
  readonly code: TilescopeErrorCode;
}

export type TilescopeErrorCode =
  | 'unknown-version'
  /** The caller is no extension of this window. */
  | 'unknown-caller'
  /** A parameter is not what this file says. */
  | 'bad-request'
  /** No board of the sidebar, or none that is connected. */
  | 'no-board'
  | 'no-partition'
  | 'no-memory'
  /** Not within the memory. */
  | 'outside'
  /** Nobody uses the partition, and no person has read these bytes. */
  | 'free-partition'
  /** Editing is locked, or it is program memory. */
  | 'locked'
  /** Somebody has staged edits on these bytes. */
  | 'edits-staged'
  /** The person who was asked did not agree. */
  | 'declined'
  | 'too-many'
  | 'timeout'
  | 'cancelled'
  /** The board or the way to it failed. */
  | 'failed';
