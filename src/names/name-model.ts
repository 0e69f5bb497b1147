/**
 * Which names the tiles of each board have: of the builds that count, placed on what is known of the board. Knows neither
 * files nor VS Code.
 */
import { actionNames } from '../model/action-names.ts';
import { type ColumnRange, formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { ControlConfig, KernelPlace } from '../model/program/control-config.ts';
import { FileFault, faultText } from '../model/program/faults.ts';
import {
  type BoardShape,
  type Placement,
  placeBuild,
  placementText,
  tileOf,
} from '../model/program/placement.ts';

/** A build's file, as last read. */
export interface BuildFile {
  /** Its address, which it keeps. */
  readonly id: string;
  /** What people call it: its path in the workspace, or whole. */
  readonly label: string;
  /** A person added it; the others were found in the workspace. */
  readonly isAdded: boolean;
  /** Its text, to see whether two are the same. */
  readonly text: string;
  readonly content: ControlConfig | FileFault;
}

/** What the names need to know of the boards. */
export interface NameServices {
  /** What a board says of its array; `undefined` while nothing is known of it. */
  board(id: string): BoardShape | undefined;
  /** The first column of a build on a board that a person chose; `undefined` if none was. */
  chosenStart(build: string, board: string): number | undefined;
  readonly l10n: Localiser;
}

/** How many columns a build's kernels need, counted from its first column. */
function columnsOf({ kernels, shape }: ControlConfig): number {
  return Math.max(1, shape.numCols ?? 0, ...kernels.map(({ column }) => column + 1));
}

function tileKey({ col, row }: Tile): string {
  return `${col},${row}`;
}

export class NameModel {
  readonly #services: NameServices;
  #builds: readonly BuildFile[] = [];
  /** By board: the kernels of each tile. */
  readonly #placed = new Map<string, ReadonlyMap<string, readonly KernelPlace[]>>();

  constructor(services: NameServices) {
    this.#services = services;
  }

  /** All builds that are there, by their labels. */
  get builds(): readonly BuildFile[] {
    return this.#builds;
  }

  set builds(builds: readonly BuildFile[]) {
    this.#builds = [...builds].sort((a, b) => (a.label < b.label ? -1 : 1));
    this.forget();
  }

  /** What was placed is placed anew: boards or choices changed. */
  forget(): void {
    this.#placed.clear();
  }

  /** The builds that count: those that a person added; else the one that was found, copies of it aside. */
  get inUse(): readonly BuildFile[] {
    const added = this.#builds.filter(({ isAdded }) => isAdded);
    if (added.length > 0) return added;
    const [first, ...others] = this.#builds;
    return first !== undefined && others.every(({ text }) => text === first.text) ? [first] : [];
  }

  /** Where a build lies on a board; `undefined` where its file is broken or nothing is known of the board. */
  place({ id, content }: BuildFile, board: string): Placement | undefined {
    const shape = this.#services.board(board);
    if (content instanceof FileFault || shape === undefined) return undefined;
    const chosen = this.#services.chosenStart(id, board);
    return placeBuild(content.shape, columnsOf(content), shape, chosen);
  }

  /**
   * The first column that a build has on a partition which a person chose for it: where the build names one in it, that one;
   * else the partition's.
   */
  startIn({ content }: BuildFile, columns: ColumnRange): number {
    const named = content instanceof FileFault ? [] : content.shape.startCols;
    const end = columns.startCol + columns.numCols;
    const [start, ...others] = named.filter((one) => one >= columns.startCol && one < end);
    return start === undefined || others.length > 0 ? columns.startCol : start;
  }

  /** The kernels of a tile. */
  kernels(board: string, tile: Tile): readonly KernelPlace[] {
    let placed = this.#placed.get(board);
    if (placed === undefined) {
      placed = this.#placeAll(board);
      this.#placed.set(board, placed);
    }
    return placed.get(tileKey(tile)) ?? [];
  }

  /** The kernels of a tile in one short text; empty without any. */
  tileName(board: string, tile: Tile): string {
    return this.kernels(board, tile)
      .map(({ name }) => name)
      .join(', ');
  }

  /** The kernels of a tile, a line each. */
  tileLines(board: string, tile: Tile): string[] {
    const { l10n } = this.#services;
    return this.kernels(board, tile).map(({ name, graph }) =>
      graph === '' ? l10n.t('Kernel {0}', name) : l10n.t('Kernel {0} of graph {1}', name, graph),
    );
  }

  /** What the builds say of a board, and why they do not, a line each. */
  boardLines(board: string): string[] {
    const { l10n } = this.#services;
    const inUse = this.inUse;
    if (inUse.length === 0 && this.#builds.length > 0) {
      return [
        l10n.t(
          'Names: {0} builds were found. Choose one with "{1}".',
          this.#builds.length,
          actionNames(l10n).addNames,
        ),
      ];
    }
    return inUse.map((build) =>
      l10n.t('Names from {0}: {1}', build.label, this.buildText(build, board, { nextStep: true })),
    );
  }

  /** What one build says of a board, or why it does not, in words. */
  buildText(build: BuildFile, board: string, { nextStep }: { nextStep: boolean }): string {
    const { l10n } = this.#services;
    const { content } = build;
    if (content instanceof FileFault) return faultText(content, l10n);
    if (content.kernels.length === 0) {
      return l10n.t('no kernel is named with its tile. The file has no TileMapping.');
    }
    const placement = this.place(build, board);
    if (placement === undefined) return l10n.t('the board is not connected.');
    if (placement.kind === 'unplaced') {
      const why = placementText(placement.problem, l10n);
      const { kind } = placement.problem;
      const canChoose =
        kind === 'several-partitions' ||
        kind === 'several-starts' ||
        kind === 'not-there' ||
        kind === 'no-partition';
      return nextStep && canChoose
        ? `${why} ${l10n.t('Choose the partition with "{0}".', actionNames(l10n).addNames)}`
        : why;
    }
    const tiles = content.kernels.map((kernel) => formatTile(tileOf(kernel, placement)));
    const counted =
      content.kernels.length === 1
        ? l10n.t('1 kernel, in tile {0}.', tiles[0] ?? '')
        : l10n.t('{0} kernels in {1} tiles.', tiles.length, new Set(tiles).size);
    return content.shape.coreStart === undefined
      ? `${counted} ${l10n.t(
          "The file has no driver_config: its rows are counted from this board's first row of cores, {0}.",
          placement.coreStart,
        )}`
      : counted;
  }

  #placeAll(board: string): ReadonlyMap<string, readonly KernelPlace[]> {
    const all = new Map<string, KernelPlace[]>();
    for (const build of this.inUse) {
      const placement = this.place(build, board);
      if (build.content instanceof FileFault || placement?.kind !== 'placed') continue;
      for (const kernel of build.content.kernels) {
        const key = tileKey(tileOf(kernel, placement));
        const there = all.get(key);
        if (there === undefined) all.set(key, [kernel]);
        else there.push(kernel);
      }
    }
    return all;
  }
}
