/** What the editor needs from the rest of the extension; given by `extension.ts`. */
import type { BoardError } from '../board/errors.ts';
import type { MemoryResource } from '../model/resource.ts';
import type { SessionReference } from '../session/pool.ts';

export interface EditorServices {
  /** The session of a resource; `undefined` when its board is not in the sidebar. */
  acquire(resource: MemoryResource): SessionReference | undefined;
  /** The board's name in the sidebar. */
  boardLabel(id: string): string;
  /** The name of a memory type, for people. */
  memoryName(resource: MemoryResource): string;
  /** Connects with progress and shows failures. */
  connect(board: string): Promise<boolean>;
  /** Shows what an unknown driver's board looks like and asks for consent. */
  allowDriver(board: string): Promise<boolean>;
  /** The sentence and next step of a failure. */
  describe(error: BoardError): string;
  /** Logs a failure. */
  note(thrown: unknown): BoardError;
  showLog(): void;
}
