/** Bytes that no file holds, shown as a snapshot is: entries for this window only. Knows no editor. */
import { patience } from '../board/board.ts';
import type { SavedSnapshot } from '../board/snapshot/snapshot-file.ts';
import type { MemoryResource } from '../model/resource.ts';
import { newBoardId } from './board-config.ts';
import type { BoardCollection } from './boards.ts';
import type { Connectors } from './connectors.ts';

export class KeptBoards {
  readonly #boards: BoardCollection;
  readonly #connectors: Pick<Connectors, 'keep' | 'forget'>;

  constructor(boards: BoardCollection, connectors: Pick<Connectors, 'keep' | 'forget'>) {
    this.#boards = boards;
    this.#connectors = connectors;
  }

  /** Makes an entry of a snapshot of one memory; answers that memory. Rejects with BoardError. */
  async show(kept: SavedSnapshot, { geometry }: SavedSnapshot['memories'][number]): Promise<MemoryResource> {
    const { label, partition } = kept;
    const id = newBoardId(label, this.#boards.ids);
    this.#connectors.keep(id, kept);
    const entry = this.#boards.addForNow({ kind: 'snapshot', id, label, path: label });
    await entry.link.connect(AbortSignal.timeout(patience));
    return { board: id, partition: partition.key, memory: geometry.type };
  }

  /** Takes such an entry away. */
  async forget(id: string): Promise<void> {
    await this.#boards.remove(id);
    this.#connectors.forget(id);
  }
}
