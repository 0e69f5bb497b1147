/** Columns that a person picked on drivers whose partitions are dynamic: what is remembered. */
import * as v from 'valibot';
import type { PartitionInfo } from '../board/board.ts';
import { Emitter } from '../model/event.ts';
import { type ColumnRange, mostColumns } from '../model/geometry.ts';
import { fitting, fittingItems, whole } from '../model/shapes.ts';
import type { BoardStore } from './boards.ts';

const picksKey = 'tilescope.pickedColumns';
/** More than anyone picks by hand, per board. */
const mostPicks = 64;
/** A pick as it is stored: first column and number of columns. */
const pickShape = v.strictTuple([whole(0, mostColumns), whole(1, mostColumns)]);

export function sameColumns(a: ColumnRange, b: ColumnRange): boolean {
  return a.startCol === b.startCol && a.numCols === b.numCols;
}

/** The picks of every board, kept in the workspace's state. What is stored may be anything. */
export class PickedColumns {
  readonly #store: BoardStore;
  /** Picks that a person forgot. The board's list may still have them until the next connection. */
  readonly #hidden = new Set<string>();
  readonly #changed = new Emitter<void>();

  /** Fires when columns were forgotten. */
  readonly onDidForget = this.#changed.event;

  constructor(store: BoardStore) {
    this.#store = store;
  }

  /** The picks of a board, by their first column. */
  of(board: string): readonly ColumnRange[] {
    return fittingItems(pickShape, this.#read()[board])
      .slice(0, mostPicks)
      .map(([startCol, numCols]) => ({ startCol, numCols }))
      .sort((a, b) => a.startCol - b.startCol || a.numCols - b.numCols);
  }

  /** The listed partitions without the picks that a person forgot; those in use stay. */
  shown(board: string, partitions: readonly PartitionInfo[]): readonly PartitionInfo[] {
    return partitions.filter(
      ({ columns, inUse, picked }) => inUse || !picked || !this.#hidden.has(name(board, columns)),
    );
  }

  async add(board: string, columns: ColumnRange): Promise<void> {
    this.#hidden.delete(name(board, columns));
    const others = this.of(board).filter((pick) => !sameColumns(pick, columns));
    await this.#write(board, [...others, columns]);
  }

  async forget(board: string, columns: ColumnRange): Promise<void> {
    this.#hidden.add(name(board, columns));
    await this.#write(
      board,
      this.of(board).filter((pick) => !sameColumns(pick, columns)),
    );
    this.#changed.fire();
  }

  /** A connection began: what the board lists now was asked for anew. */
  connectionBegan(board: string): void {
    for (const hidden of this.#hidden) {
      if (hidden.startsWith(`${board}/`)) this.#hidden.delete(hidden);
    }
  }

  #read(): Record<string, unknown> {
    return { ...fitting(v.record(v.string(), v.unknown()), this.#store.get(picksKey)) };
  }

  async #write(board: string, picks: readonly ColumnRange[]): Promise<void> {
    const all = this.#read();
    if (picks.length === 0) delete all[board];
    else all[board] = picks.map(({ startCol, numCols }) => [startCol, numCols]);
    await this.#store.update(picksKey, all);
  }
}

function name(board: string, { startCol, numCols }: ColumnRange): string {
  return `${board}/${startCol}_${numCols}`;
}
