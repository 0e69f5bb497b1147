/**
 * The whole contract between the extension host and the page of the Array view. Unions are named by direction. The host
 * sends the picture once, then what becomes different of it, in words that are localised already; the page decides nothing.
 */
import type { Tile } from '../model/geometry.ts';
import type { TileKind } from '../model/status/status.ts';
import type { arrayStrings } from './page-strings.ts';
import type { PicturePatch } from './patch.ts';

/**
 * What a cell shows. The first eight are what a tile does (`tileActivity`); `unknown` was not read yet; `other` belongs to
 * another partition of the board, `outside` to none.
 */
export const cellStates = [
  'error',
  'stalled',
  'halted',
  'running',
  'done',
  'idle',
  'gated',
  'unreadable',
  'unknown',
  'other',
  'outside',
] as const;

/** One of `cellStates`. */
export type CellState = (typeof cellStates)[number];

/** A tile as it is drawn. */
export interface ArrayCell {
  readonly tile: Tile;
  readonly state: CellState;
  /** Localised lines: the tooltip, and what a screen reader says. The first names the tile and its state. */
  readonly lines: readonly string[];
  /** Part of a cycle of waits. */
  readonly hangs: boolean;
  /** One of the picture's warnings is about it. */
  readonly warns: boolean;
  /** How warm the tile's memory is, 1 to `hottest`; absent while it is cold or nothing is known. */
  readonly heat?: number;
}

/** A row of the grid, from the top. `cells` holds one cell for each column, from the left. */
export interface ArrayRow {
  /** Absolute. */
  readonly row: number;
  readonly kind: TileKind;
  /** Counted from the first compute row; set for core rows only. */
  readonly computeRow?: number;
  readonly cells: readonly ArrayCell[];
}

/** An arrow from the tile that waits to the tile whose lock it wants. Never from a tile to itself. */
export interface ArrayArrow {
  readonly from: Tile;
  readonly to: Tile;
  /** Part of a cycle of waits. */
  readonly hangs: boolean;
}

/** One step of a circle of waits: `from` waits for a lock of `to`. */
export interface ArrayHangStep {
  readonly from: Tile;
  readonly to: Tile;
  /** What the waiting tile does; its sign is drawn. */
  readonly state: CellState;
  /** Localised, a few words: for which lock, where it is known. */
  readonly label: string;
}

/** Tiles that wait for each other. */
export interface ArrayHang {
  /** Localised: which tiles wait for each other. */
  readonly text: string;
  /** Once around the circle: each step begins where the one before it ends. */
  readonly steps: readonly ArrayHangStep[];
  /** Each wait in words, with the tile that a click shows. */
  readonly waits: readonly { readonly tile: Tile; readonly text: string }[];
}

/** A sentence about one tile that a person should know of; a click shows the tile. */
export interface ArrayWarning {
  readonly tile: Tile;
  /** Localised. */
  readonly text: string;
}

/** A line of the legend. */
export interface ArrayLegend {
  readonly state: CellState;
  /** Localised. */
  readonly label: string;
  readonly count: number;
}

/** A partition to choose. */
export interface ArrayChoice {
  /** Opaque. */
  readonly key: string;
  /** Localised. */
  readonly label: string;
}

/** What a button of the page asks the host to do. */
export type ArrayCommand = 'refresh' | 'connect' | 'allowDriver' | 'addBoard' | 'showLog';

/** One sentence with the way out, above the grid or in place of it. */
export interface ArrayProblem {
  readonly kind: 'info' | 'error';
  readonly text: string;
  readonly actions: readonly { readonly command: ArrayCommand; readonly label: string }[];
}

/** Everything that the page shows. */
export interface ArrayPicture {
  readonly choices: readonly ArrayChoice[];
  /** Key of the shown partition; empty if none is. */
  readonly chosen: string;
  /** Localised, for the accessible name of the grid. */
  readonly title: string;
  /** Absolute number of the first column. */
  readonly firstColumn: number;
  /** Empty while no partition is shown. */
  readonly rows: readonly ArrayRow[];
  readonly arrows: readonly ArrayArrow[];
  readonly hangs: readonly ArrayHang[];
  readonly warnings: readonly ArrayWarning[];
  readonly legend: readonly ArrayLegend[];
  /** Localised: when it was read, or that it was not. */
  readonly readAt: string;
  readonly reading: boolean;
  /** Localised: what the bars of warm cells say, or why there are none; absent where nobody wants to know. */
  readonly heat?: { readonly text: string; readonly isKnown: boolean };
  readonly problem?: ArrayProblem;
  /** The tile of the details view. */
  readonly focused?: Tile;
}

/** Localised strings of the page itself: the host sends `arrayStrings(vscode.l10n)`. */
export type ArrayStrings = Readonly<ReturnType<typeof arrayStrings>>;

/** Page to host. */
export type FromArrayPage =
  | { readonly type: 'ready' }
  /** The picture or patch with this number was drawn. */
  | { readonly type: 'drawn'; readonly number: number }
  /** A person moved to a tile: the details view follows. */
  | { readonly type: 'focus'; readonly tile: Tile }
  /** A person opened a tile: its memory, or another partition's picture. */
  | { readonly type: 'open'; readonly tile: Tile }
  | { readonly type: 'choose'; readonly key: string }
  | { readonly type: 'command'; readonly command: ArrayCommand }
  /** Something threw in the page; for the log. */
  | { readonly type: 'failure'; readonly message: string };

/** Host to page. */
export type ToArrayPage =
  | { readonly type: 'init'; readonly strings: ArrayStrings }
  /** The first one; numbers are counted from 1. */
  | { readonly type: 'picture'; readonly number: number; readonly picture: ArrayPicture }
  /** Follows when the page has drawn what it was sent before. */
  | { readonly type: 'patch'; readonly number: number; readonly patch: PicturePatch };
