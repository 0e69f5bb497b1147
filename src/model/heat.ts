/**
 * How warm tiles are: how much of a tile changed, and how long ago. Cools a step at a time. Pure: told the time; knows no boards
 * and no views.
 */

/** Warm tiles have one of these steps, 1 to `hottest`; 0 is cold. */
export const hottest = 4;

/** Milliseconds without a change after which a tile is a step colder. */
export const coolingMs = 4000;

/** From which share of the compared words on a tile has the steps 2, 3 and 4. Any change makes it 1. */
const shares = [1 / 32, 1 / 8, 1 / 2] as const;

/** The tiles of one memory, by their index in buffer order. */
export class Heat {
  readonly #tiles = new Map<number, { readonly step: number; readonly at: number }>();

  /** @param share of the words of the tile that were compared, which of them changed: 0 to 1 */
  changed(tile: number, share: number, at: number): void {
    if (share <= 0) return;
    const step = 1 + shares.filter((least) => share >= least).length;
    if (step >= this.step(tile, at)) this.#tiles.set(tile, { step, at });
  }

  /** 0 to `hottest`. */
  step(tile: number, at: number): number {
    const known = this.#tiles.get(tile);
    if (known === undefined) return 0;
    return Math.max(0, known.step - Math.floor(Math.max(0, at - known.at) / coolingMs));
  }

  /** Tiles that are warm, with their steps. Forgets those that are not. */
  warm(at: number): Map<number, number> {
    const warm = new Map<number, number>();
    for (const tile of [...this.#tiles.keys()]) {
      const step = this.step(tile, at);
      if (step > 0) warm.set(tile, step);
      else this.#tiles.delete(tile);
    }
    return warm;
  }
}
