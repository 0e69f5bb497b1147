/**
 * Which cores an error halts, and whether an access of ours did it: an access to program memory that loses against a
 * running core may halt it. Knows what was seen before and after the access, not how it is read.
 */
import type { Tile } from '../model/geometry.ts';
import { formatTile } from '../model/geometry.ts';
import type { TileStatus } from '../model/status/status.ts';
import type { HaltedCore } from './types.ts';

export class HaltedCores {
  #halted = new Map<string, HaltedCore>();

  get list(): readonly HaltedCore[] {
    return [...this.#halted.values()];
  }

  clear(): void {
    this.#halted.clear();
  }

  /**
   * Takes over what was seen around one access of these tiles. What is known of a core that is still halted stays.
   * @returns whether the list changed
   */
  seen(access: 'read' | 'write', before: readonly TileStatus[], after: readonly TileStatus[]): boolean {
    const old = this.#halted;
    const halted = new Map(old);
    for (const { tile, core } of after) {
      const name = formatTile(tile);
      if (core?.state !== 'error') halted.delete(name);
      else halted.set(name, old.get(name) ?? { tile, since: since(access, coreOf(tile, before)) });
    }
    this.#halted = halted;
    return halted.size !== old.size || [...halted.keys()].some((name) => !old.has(name));
  }
}

function coreOf(tile: Tile, seen: readonly TileStatus[]): TileStatus['core'] {
  return seen.find((one) => one.tile.col === tile.col && one.tile.row === tile.row)?.core;
}

function since(access: 'read' | 'write', core: TileStatus['core']): HaltedCore['since'] {
  if (core === undefined) return 'unknown';
  if (core.state === 'error') return 'before';
  return core.enabled ? access : 'unknown';
}
