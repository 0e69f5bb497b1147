/** Lists beside the editor whose values change are shown at most this often, milliseconds. */
export const refreshPeriod = 250;

/** Rows below one row; more are put into groups. */
export const mostRows = 500;
