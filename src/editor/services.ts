/** What the editor needs from the rest of the extension; given by `extension.ts`. */
import type { StatusReport } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import type { SavedMemory, SavedSnapshot } from '../board/snapshot/snapshot-file.ts';
import type { MemoryType, Tile } from '../model/geometry.ts';
import type { PlacedMarks } from '../model/placed-mark.ts';
import type { CoreProgram, PlacedName } from '../model/program/build.ts';
import type { KernelPlace } from '../model/program/control-config.ts';
import type { PlacedParameter } from '../model/program/parameters.ts';
import type { StackUses } from '../model/program/stack-uses.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { SessionReference } from '../session/pool.ts';
import type { KeptViews } from './kept-views.ts';
import type { PlaceHistory } from './place-history.ts';

/** A partition of a board. */
export type PartitionPlace = Pick<MemoryResource, 'board' | 'partition'>;

export interface EditorServices {
  /** The session of a resource; `undefined` when its board is not in the sidebar. */
  acquire(resource: MemoryResource): Promise<SessionReference | undefined>;
  /** The board's name in the sidebar. */
  boardLabel(id: string): string;
  /** The name of a memory type, for people. */
  memoryName(resource: MemoryResource): string;
  /** What the kernels of a tile are called, in one short text; empty without any. */
  tileName(board: string, tile: Tile): string;
  /** The kernels of a tile. */
  kernels(board: string, tile: Tile): readonly Pick<KernelPlace, 'name' | 'graph'>[];
  /** What has a name in a memory of a tile, by its offset. */
  names(board: string, memory: MemoryType, tile: Tile): readonly PlacedName[];
  /** What a person laid over bytes: bookmarks and fields of structures. */
  readonly bookmarks: PlacedMarks;
  /** The program that a build has for a tile's core. */
  program(board: string, tile: Tile): CoreProgram | undefined;
  /** What was seen of stacks. */
  readonly stacks: StackUses;
  /** The run-time parameters that builds have on a board. */
  parameters(board: string): readonly PlacedParameter[];
  /** What was read of the tiles of a partition in its present epoch: of some perhaps several times. */
  reports(place: PartitionPlace): readonly StatusReport[];
  /** Fires when something else was read of tiles. */
  readonly onDidReadTiles: (listener: () => void) => { dispose(): void };
  /** Fires when tiles may have other names. */
  readonly onDidChangeNames: (listener: () => void) => { dispose(): void };
  /** Shows a snapshot's file among the boards; answers the memory that its editor shows. Rejects with BoardError. */
  openSnapshot(path: string): Promise<MemoryResource>;
  /** Shows bytes that no file holds as a snapshot; answers the memory. Rejects with BoardError. */
  showKept(kept: SavedSnapshot, memory: SavedMemory): Promise<MemoryResource>;
  /** Takes away what `showKept` shows. */
  forgetKept(board: string): Promise<void>;
  /** Connects with progress and shows failures. */
  connect(board: string): Promise<boolean>;
  /** Shows what is known of an unknown driver's board and asks for consent. */
  allowDriver(board: string): Promise<boolean>;
  /** Asks, then has the clocks of a free partition's gated tiles run during each access. True if they do. */
  enableClocks(place: PartitionPlace): Promise<boolean>;
  /** Lets the board be reached through sudo, and connects anew. True once connected. */
  turnOnSudo(board: string): Promise<boolean>;
  /** Asks, then keeps what the partition's owner leaves behind. */
  hold(place: PartitionPlace): Promise<unknown>;
  /** Asks where that destroys something, then ends the hold. */
  releaseHold(place: PartitionPlace): Promise<unknown>;
  /** Asks, then takes a descriptor of a partition that the kernel holds. True if it was taken. */
  reachKernel(place: PartitionPlace): Promise<boolean>;
  /** Where a person went. */
  readonly places: Pick<PlaceHistory, 'all' | 'add'>;
  /** How memories were last shown. */
  readonly views: Pick<KeptViews, 'of' | 'keep'>;
  /** The sentence and next step of a failure. */
  errorText(error: BoardError): string;
  /** Logs a failure. */
  note(thrown: unknown): BoardError;
  showLog(): void;
}
