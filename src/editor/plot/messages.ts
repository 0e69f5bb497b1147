/** The whole contract between the extension host and the page of a plot. Numbers travel as arrays, words are localised already. */
import type { ByteRange, MemoryGeometry } from '../../model/geometry.ts';
import type { PlotChoice } from '../../model/plot/choice.ts';
import type { PlotPicture, PlotView } from '../../model/plot/picture.ts';
import type { plotStrings } from './page-strings.ts';

/** Localised strings of the page itself: the host sends `plotStrings(vscode.l10n)`. */
export type PlotStrings = Readonly<ReturnType<typeof plotStrings>>;

/** What VS Code calls the pages of plots. */
export const plotViewType = 'tilescope.plot';

/** Files that the page makes itself. */
export const drawnFormats = ['png', 'svg'] as const;

/** One of `drawnFormats`. */
export type DrawnFormat = (typeof drawnFormats)[number];

/** Everything around the numbers. */
export interface PlotState {
  /** Localised: when the bytes were read, or since when they stand still. */
  readonly readAt: string;
  /** Whether the memory is followed, and why nothing comes; undefined where that cannot be. */
  readonly live?: { readonly on: boolean; readonly paused?: string };
  /** Localised: why nothing new is drawn. */
  readonly problem?: string;
}

/** Page to host. */
export type FromPlotPage =
  | { readonly type: 'ready' }
  /** The picture with this number was drawn. */
  | { readonly type: 'drawn'; readonly number: number }
  | { readonly type: 'choose'; readonly choice: PlotChoice }
  /** What the page shows, and how many pixels it has. */
  | { readonly type: 'view'; readonly view: PlotView }
  | { readonly type: 'live'; readonly on: boolean }
  /** A person wants a file. */
  | { readonly type: 'export' }
  /** The file that `make` asked for. */
  | { readonly type: 'made'; readonly id: number; readonly bytes: Uint8Array }
  /** Something threw in the page, also instead of `drawn`; the text is for the log. */
  | { readonly type: 'failure'; readonly message: string };

/** What a page keeps of a plot over a reload of its window: what is plotted of which memory. */
export interface KeptPlace {
  /** Board and path of the memory's resource. */
  readonly board: string;
  readonly path: string;
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
  /** Localised. */
  readonly title: string;
  /** How many times a second the memory is followed. */
  readonly hertz: number;
}

/** The same with how it is drawn. */
export interface KeptPlot extends KeptPlace {
  readonly choice: PlotChoice;
}

/** Host to page. */
export type ToPlotPage =
  | {
      readonly type: 'init';
      readonly strings: PlotStrings;
      /** Localised: what is plotted. */
      readonly title: string;
      readonly geometry: MemoryGeometry;
      readonly range: ByteRange;
      readonly choice: PlotChoice;
      /** Undefined for a plot that cannot be there after a reload of the window. */
      readonly kept?: KeptPlace;
      /** What it showed when it was last seen. */
      readonly view?: Pick<PlotView, 'x' | 'y'>;
    }
  | { readonly type: 'state'; readonly state: PlotState }
  /** What is drawn; `choice` is what it was made by. `summary` is localised: what is true of all values. */
  | {
      readonly type: 'picture';
      readonly number: number;
      readonly choice: PlotChoice;
      readonly picture: PlotPicture;
      readonly summary: string;
    }
  | { readonly type: 'make'; readonly id: number; readonly format: DrawnFormat };
