/** The watches of a workspace, as they are kept. What is stored may be anything. */
import * as v from 'valibot';
import type { BoardStore } from '../../boards/boards.ts';
import { memoryTypes } from '../../model/geometry.ts';
import { isPartitionKey } from '../../model/partition-key.ts';
import { isBoardId } from '../../model/resource.ts';
import { cellChoiceShape, countShape, fittingItems, textUpTo, whole } from '../../model/shapes.ts';

const storeKey = 'tilescope.watches';
/** More than anyone looks at; each costs reads. */
export const mostWatches = 64;

/** What is done when a condition becomes true; a line of the log is written in any case. */
export const watchActions = ['notify', 'log', 'snapshot', 'freeze'] as const;

const watchShape = v.strictObject({
  id: textUpTo(40),
  resource: v.strictObject({
    board: v.pipe(v.string(), v.check(isBoardId)),
    partition: v.custom<string>((text) => typeof text === 'string' && isPartitionKey(text)),
    memory: v.picklist(memoryTypes),
  }),
  tile: v.strictObject({ col: whole(0, 9999), row: whole(0, 9999) }),
  /** Tile offset, bytes; of a watch with a name where that stood when it was pinned. */
  offset: countShape,
  /** Of the build; empty: the address counts. */
  name: textUpTo(300),
  cells: cellChoiceShape,
  /** As typed; empty for none. */
  condition: textUpTo(100),
  action: v.picklist(watchActions),
});

export type KeptWatch = Readonly<v.InferOutput<typeof watchShape>>;

export class WatchStore {
  readonly #store: BoardStore;

  constructor(store: BoardStore) {
    this.#store = store;
  }

  get all(): readonly KeptWatch[] {
    return fittingItems(watchShape, this.#store.get(storeKey)).slice(0, mostWatches);
  }

  async set(watches: readonly KeptWatch[]): Promise<void> {
    await this.#store.update(storeKey, watches.length === 0 ? undefined : watches.slice(-mostWatches));
  }
}
