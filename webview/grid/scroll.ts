/**
 * Arithmetic of the grid's own scrollbar. Positions are rows (fractions allowed), the track is pixels. A browser stops
 * at some 33 million pixels of scroll height, which 25 MiB of rows exceed; rows as plain numbers are exact to 2^53.
 */

/** What the scrollbar needs to know. */
export interface ScrollMetrics {
  /** Rows there are. */
  readonly rows: number;
  /** Rows that fit, with a fraction. */
  readonly page: number;
  /** Length of the track in pixels. */
  readonly track: number;
}

/** The thumb's place on the track, in pixels. */
export interface Thumb {
  readonly start: number;
  readonly size: number;
}

/** A thumb is never shorter than this, in pixels, so that it can be grabbed. */
export const minimumThumb = 24;

/** The largest first row: the one with which the last row is just wholly visible. */
export function maximumTop(metrics: ScrollMetrics): number {
  return Math.max(0, metrics.rows - metrics.page);
}

/** The nearest position that exists. */
export function clampTop(metrics: ScrollMetrics, top: number): number {
  if (Number.isNaN(top)) return 0;
  return Math.min(Math.max(0, top), maximumTop(metrics));
}

/** The thumb for a position; `undefined` when everything fits. */
export function thumbAt(metrics: ScrollMetrics, top: number): Thumb | undefined {
  const most = maximumTop(metrics);
  if (most === 0 || metrics.track <= 0) return undefined;
  const size = Math.min(metrics.track, Math.max(minimumThumb, (metrics.track * metrics.page) / metrics.rows));
  return { size, start: (clampTop(metrics, top) / most) * (metrics.track - size) };
}

/** The position that puts the thumb's start at a pixel of the track. */
export function topFromThumb(metrics: ScrollMetrics, start: number): number {
  const thumb = thumbAt(metrics, 0);
  if (thumb === undefined) return 0;
  const room = metrics.track - thumb.size;
  return room <= 0 ? 0 : clampTop(metrics, (start / room) * maximumTop(metrics));
}

/**
 * The position nearest to `top` at which a row is wholly visible, with `margin` rows around it where there is room.
 * With `centre`, a row that is not visible is brought to the middle.
 */
export function revealRow(
  metrics: ScrollMetrics,
  top: number,
  row: number,
  options: { readonly margin?: number; readonly centre?: boolean } = {},
): number {
  const margin = Math.max(0, Math.min(options.margin ?? 0, (metrics.page - 1) / 2));
  if (row - margin >= top && row + 1 + margin <= top + metrics.page) return clampTop(metrics, top);
  if (options.centre === true) return clampTop(metrics, Math.round(row + 0.5 - metrics.page / 2));
  if (row - margin < top) return clampTop(metrics, row - margin);
  return clampTop(metrics, row + 1 + margin - metrics.page);
}
