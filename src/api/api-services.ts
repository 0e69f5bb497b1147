/** What the API needs from the rest of the extension; given by `extension.ts`. */
import type * as vscode from 'vscode';
import type { PartitionInfo } from '../board/board.ts';
import type { Disposable } from '../model/event.ts';
import type { After } from '../model/later.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { ModalQuestion, UnaskedAnswer } from '../say/say.ts';
import type { BoardLink } from '../session/link.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { SessionReference } from '../session/pool.ts';
import type { ByteEdit } from '../session/types.ts';

/** A board of the sidebar. */
export interface ApiBoard {
  readonly id: string;
  readonly label: string;
  readonly link: BoardLink;
}

/** A tile of a partition. */
type ExplainedTile = Required<Omit<MemoryResource, 'memory'>>;

export interface ApiServices {
  boards(): readonly ApiBoard[];
  /** Fires when boards come or go, and when state or partitions of one change. */
  readonly onDidChangeBoards: (listener: () => void) => Disposable;
  /** The partitions of a board that are shown. */
  partitions(board: ApiBoard): readonly PartitionInfo[];
  /** The session of a memory; `undefined` when its board is not in the sidebar. */
  acquire(resource: MemoryResource): Promise<SessionReference | undefined>;
  /** Opens an editor of the resource without the focus, and stages edits in it as one gesture. Rejects as the session does. */
  stage(resource: MemoryResource, label: string, edits: readonly ByteEdit[]): Promise<void>;
  /** Writes what the session knows of a tile, or of all its memory, to a snapshot. Rejects with FileError. */
  keep(
    session: MemorySession,
    resource: MemoryResource,
    file: vscode.Uri,
    signal: AbortSignal,
  ): Promise<void>;
  /** One page of Markdown about a tile, read for nobody. Rejects with BoardError. */
  explain(place: ExplainedTile, signal: AbortSignal): Promise<string>;
  /** The board's name in the sidebar. */
  boardLabel(id: string): string;
  /** The name of a memory type, for people. */
  memoryName(resource: MemoryResource): string;
  /** Who uses a partition, in words. */
  ownerText(info: PartitionInfo): string;
  /** Asks a person who did nothing for it. */
  confirm(question: ModalQuestion): Promise<UnaskedAnswer>;
  /** The columns of a partition, for people. */
  columnsText(info: PartitionInfo): string;
  /** The living sessions of this window. */
  sessions(): readonly MemorySession[];
  /** What board or session threw, as one text: the sentence and the next step. */
  sentence(thrown: unknown): string;
  /** Logs a failure. */
  note(thrown: unknown): unknown;
  /** Milliseconds since 1970. */
  now(): number;
  readonly after: After;
}
