/**
 * Which names the tiles of each board have: of the builds that count, placed on what is known of the board. Knows neither
 * files nor VS Code.
 */
import { actionNames } from '../model/action-names.ts';
import { type ColumnRange, formatTile, type MemoryType, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import {
  type Build,
  type CoreProgram,
  columnsOf,
  contentOf,
  deviceOf,
  kernelsOf,
  type PlacedName,
  placedNames,
  programOf,
  shapeOf,
} from '../model/program/build.ts';
import type { KernelPlace } from '../model/program/control-config.ts';
import { faultText } from '../model/program/fault-texts.ts';
import { FileFault } from '../model/program/faults.ts';
import { type PlacedParameter, placedParameters } from '../model/program/parameters.ts';
import {
  type BoardShape,
  type Placement,
  placeBuild,
  placementText,
  tileOf,
} from '../model/program/placement.ts';

/** A build as last read. */
export interface FoundBuild {
  /** Its address, which it keeps. */
  readonly id: string;
  /** What people call it: its path in the workspace, or whole. */
  readonly label: string;
  /** A person added it; the others were found in the workspace. */
  readonly isAdded: boolean;
  /** Equal for copies of the same build; its own for builds that cannot be compared. */
  readonly sameAs: string;
  readonly build: Build;
}

/** What the names need to know of the boards. */
export interface NameServices {
  /** What a board says of its array; `undefined` while nothing is known of it. */
  board(id: string): BoardShape | undefined;
  /** The first column of a build on a board that a person chose; `undefined` if none was. */
  chosenStart(build: string, board: string): number | undefined;
  readonly l10n: Localiser;
}

/** What the tiles of one board are called. */
interface BoardNames {
  readonly kernels: ReadonlyMap<string, readonly KernelPlace[]>;
  /** By memory and tile. */
  readonly names: ReadonlyMap<string, readonly PlacedName[]>;
}

/** Broken files that are named; the others are counted. */
const mostFaults = 3;

function tileKey({ col, row }: Tile): string {
  return `${col},${row}`;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

export class NameModel {
  readonly #services: NameServices;
  #builds: readonly FoundBuild[] = [];
  readonly #boards = new Map<string, BoardNames>();

  constructor(services: NameServices) {
    this.#services = services;
  }

  /** All builds that are there, by their labels. */
  get builds(): readonly FoundBuild[] {
    return this.#builds;
  }

  set builds(builds: readonly FoundBuild[]) {
    this.#builds = [...builds].sort((a, b) => (a.label < b.label ? -1 : 1));
    this.forget();
  }

  /** What was placed is placed anew: boards or choices changed. */
  forget(): void {
    this.#boards.clear();
  }

  /** The builds that count: those that a person added; else the one that was found, copies of it aside. */
  get inUse(): readonly FoundBuild[] {
    const added = this.#builds.filter(({ isAdded }) => isAdded);
    if (added.length > 0) return added;
    const [first, ...others] = this.#builds;
    return first !== undefined && others.every(({ sameAs }) => sameAs === first.sameAs) ? [first] : [];
  }

  /** Where a build lies on a board; `undefined` where nothing is known of the board. */
  place({ id, build }: FoundBuild, board: string): Placement | undefined {
    const shape = this.#services.board(board);
    if (shape === undefined) return undefined;
    return placeBuild(shapeOf(build), columnsOf(build), shape, this.#services.chosenStart(id, board));
  }

  /**
   * The first column that a build has on a partition which a person chose for it: where the build names one in it, that one;
   * else the partition's.
   */
  startIn({ build }: FoundBuild, columns: ColumnRange): number {
    const end = columns.startCol + columns.numCols;
    const named = shapeOf(build).startCols.filter((one) => one >= columns.startCol && one < end);
    const [start, ...others] = named;
    return start === undefined || others.length > 0 ? columns.startCol : start;
  }

  /** Whether a build says anything about tiles. */
  saysNames({ build }: FoundBuild): boolean {
    const { cores, modules } = build;
    return (
      kernelsOf(build).length > 0 ||
      (contentOf(build.config)?.parameters.length ?? 0) > 0 ||
      cores.some((one) => contentOf(one) !== undefined) ||
      modules.some((one) => deviceOf(contentOf(one) ?? []) !== undefined)
    );
  }

  /** The names in a memory of a tile, by their offsets. */
  names(board: string, memory: MemoryType, tile: Tile): readonly PlacedName[] {
    return this.#namesOf(board).names.get(`${memory} ${tileKey(tile)}`) ?? [];
  }

  /** The kernels of a tile. */
  kernels(board: string, tile: Tile): readonly KernelPlace[] {
    return this.#namesOf(board).kernels.get(tileKey(tile)) ?? [];
  }

  /** The program of a tile's core; undefined where no build has one, or several have. */
  program(board: string, tile: Tile): CoreProgram | undefined {
    const [only, ...others] = this.inUse.flatMap((found) => {
      const placement = this.place(found, board);
      return placement?.kind === 'placed' ? (programOf(found.build, placement, tile) ?? []) : [];
    });
    return others.length === 0 ? only : undefined;
  }

  /** The run-time parameters of the builds that count. */
  parameters(board: string): readonly PlacedParameter[] {
    const shape = this.#services.board(board);
    return this.inUse.flatMap((found) => {
      const placement = this.place(found, board);
      if (shape === undefined || placement?.kind !== 'placed') return [];
      return placedParameters(found.build, placement, placedNames(found.build, placement, shape));
    });
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
  buildText(found: FoundBuild, board: string, { nextStep }: { nextStep: boolean }): string {
    const { l10n } = this.#services;
    const faults = this.#faultTexts(found);
    if (!this.saysNames(found)) {
      return faults.length > 0
        ? faults.join(' ')
        : l10n.t('no kernel is named with its tile, and no core is there.');
    }
    const placement = this.place(found, board);
    if (placement === undefined) return l10n.t('the board is not connected.');
    if (placement.kind === 'unplaced') {
      const why = placementText(placement.problem, l10n);
      const { kind } = placement.problem;
      const canChoose = ['several-partitions', 'several-starts', 'not-there', 'no-partition'].includes(kind);
      return nextStep && canChoose
        ? `${why} ${l10n.t('Choose the partition with "{0}".', actionNames(l10n).addNames)}`
        : why;
    }
    const kernels = kernelsOf(found.build);
    const tiles = new Set(kernels.map((kernel) => tileKey(tileOf(kernel, placement))));
    const [first] = kernels;
    const parts: string[] = [];
    if (kernels.length === 1 && first !== undefined) {
      parts.push(l10n.t('1 kernel, in tile {0}.', formatTile(tileOf(first, placement))));
    } else if (kernels.length > 1)
      parts.push(l10n.t('{0} kernels in {1} tiles.', kernels.length, tiles.size));
    const shape = this.#services.board(board);
    const names = shape === undefined ? [] : placedNames(found.build, placement, shape);
    const count = (kind: PlacedName['kind']) => names.filter((one) => one.kind === kind).length;
    if (names.length > 0) {
      parts.push(
        l10n.t(
          'Buffers: {0}. Functions: {1}. Stacks: {2}. Run-time parameters: {3}.',
          count('buffer'),
          count('function'),
          count('stack'),
          count('parameter') / 3,
        ),
      );
    }
    if (kernels.length > 0 && shapeOf(found.build).coreStart === undefined) {
      parts.push(
        l10n.t(
          "The file has no driver_config: its rows are counted from this board's first row of cores, {0}.",
          placement.coreStart,
        ),
      );
    }
    return [...parts, ...faults].join(' ');
  }

  /** What of a build cannot be read or used, in words. */
  #faultTexts({ build }: FoundBuild): string[] {
    const { l10n } = this.#services;
    const { config, cores, modules } = build;
    const files = [...(config === undefined ? [] : [config]), ...cores, ...modules];
    const texts = files.flatMap(({ label, content }) =>
      content instanceof FileFault ? [l10n.t('{0}: {1}', label, faultText(content, l10n))] : [],
    );
    const leftOut = contentOf(config)?.faults ?? [];
    const [first] = leftOut;
    if (first !== undefined) {
      const label = config?.label ?? '';
      const count = leftOut.length;
      texts.push(
        l10n.t('{0}: entries that do not fit are left out: {1}. {2}', label, count, faultText(first, l10n)),
      );
    }
    if (contentOf(config)?.kernels.length === 0) {
      texts.push(l10n.t('{0} has no TileMapping: it names no kernel with its tile.', config?.label ?? ''));
    }
    for (const { label, content } of modules) {
      if (content instanceof FileFault || deviceOf(content) !== undefined) continue;
      const withBuffers = content.filter(({ buffers }) => buffers.length > 0);
      const names = withBuffers.map(({ name, target }) => (name === '' ? target : name)).join(', ');
      texts.push(
        withBuffers.length === 0
          ? l10n.t('{0} names no buffer with an address.', label)
          : l10n.t(
              '{0} has several devices with buffers ({1}): which of them runs is not known.',
              label,
              names,
            ),
      );
    }
    const more = texts.length - mostFaults;
    return more <= 0 ? texts : [...texts.slice(0, mostFaults), l10n.t('{0} more files.', more)];
  }

  #namesOf(board: string): BoardNames {
    let known = this.#boards.get(board);
    if (known === undefined) {
      known = this.#placeAll(board);
      this.#boards.set(board, known);
    }
    return known;
  }

  #placeAll(board: string): BoardNames {
    const shape = this.#services.board(board);
    const kernels: { readonly key: string; readonly kernel: KernelPlace }[] = [];
    const names: PlacedName[] = [];
    for (const found of this.inUse) {
      const placement = this.place(found, board);
      if (shape === undefined || placement?.kind !== 'placed') continue;
      for (const kernel of kernelsOf(found.build))
        kernels.push({ key: tileKey(tileOf(kernel, placement)), kernel });
      for (const name of placedNames(found.build, placement, shape)) names.push(name);
    }
    const byTile = grouped(kernels, ({ key }) => key);
    return {
      kernels: new Map([...byTile].map(([key, there]) => [key, there.map(({ kernel }) => kernel)])),
      names: grouped(names, ({ memory, tile }) => `${memory} ${tileKey(tile)}`),
    };
  }
}
