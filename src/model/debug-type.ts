/** The type of Tilescope's own debug sessions. */
export const debugType = 'aie';
