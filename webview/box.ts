/** Places in pixels; of what, and counted from where, its user says. */

/** A rectangle, pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}
