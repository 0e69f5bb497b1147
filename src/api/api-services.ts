/** What the API needs from the rest of the extension; given by `extension.ts`. */
import type { PartitionInfo } from '../board/board.ts';
import type { Disposable } from '../model/event.ts';
import type { After } from '../model/later.ts';
import type { BoardLink } from '../session/link.ts';
import type { MemorySession } from '../session/memory-session.ts';

/** A board of the sidebar. */
export interface ApiBoard {
  readonly id: string;
  readonly label: string;
  readonly link: BoardLink;
}

export interface ApiServices {
  boards(): readonly ApiBoard[];
  /** Fires when boards come or go, and when state or partitions of one change. */
  readonly onDidChangeBoards: (listener: () => void) => Disposable;
  /** The partitions of a board that are shown. */
  partitions(board: ApiBoard): readonly PartitionInfo[];
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
