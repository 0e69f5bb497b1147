/** What a byte of the fake device holds before anything happens: looks like memory, costs nothing to keep. */
export function deviceByte(offset: number): number {
  const word = Math.floor(offset / 4);
  if (word % 23 < 5) return 0;
  if (word % 61 === 7) return 'Tile'.charCodeAt(offset % 4);
  return Math.imul(offset ^ (offset >>> 7), 2654435761) >>> 24;
}
