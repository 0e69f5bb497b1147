/** Lists beside the editor whose values change are shown at most this often, milliseconds. */
export const refreshPeriod = 250;
