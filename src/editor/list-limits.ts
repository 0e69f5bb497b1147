/** Lists beside the editor whose values change are shown at most this often, milliseconds. */
export const refreshPeriod = 250;

/** Bytes that are no whole values, or not read as some, that a row spells out. */
export const mostBytesOfRow = 16;

/** Rows below one row; more are put into groups. */
export const mostRows = 500;
