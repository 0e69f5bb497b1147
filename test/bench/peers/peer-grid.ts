/** What the peers of the grid have in common: bytes that lie in the page, rows of one height, a scrollbar to drag. */

/** Bytes of a row, as in ours. */
export const peerRowBytes = 16;

/** Height of a row, pixels: 25 MiB of such rows are just as high as a browser lets an element be. */
export const peerRowHeight = 20;

/** A grid that is measured beside ours. */
export interface PeerGrid {
  readonly element: HTMLElement;
  /** The scrollbar: pressed and dragged in the same way as ours. */
  readonly track: HTMLElement;
  /** The row on top that was drawn last. */
  readonly drawnTop: number;
}

/** `00` to `FF`. */
const hexTexts = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** A byte as digits. */
export function digitsOf(byte: number): string {
  return hexTexts[byte] ?? '';
}

/** A byte as a character. */
export function characterOf(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

/** The offset before a row. */
export function offsetOf(row: number): string {
  return (row * peerRowBytes).toString(16).toUpperCase().padStart(8, '0');
}

/** A scrollbar without a thumb, which tells where it is pressed and dragged: 0 is its upper end, 1 its lower one. */
export function makeTrack(moveTo: (share: number) => void): HTMLElement {
  const track = document.createElement('div');
  Object.assign(track.style, { flex: 'none', width: '14px', background: 'gray' });
  const follow = (event: PointerEvent): void => {
    const { top, height } = track.getBoundingClientRect();
    moveTo(Math.min(1, Math.max(0, (event.clientY - top) / height)));
  };
  // A press would extend a selection of text, and the next one drag what is selected instead of the thumb.
  track.addEventListener('mousedown', (event) => event.preventDefault());
  track.addEventListener('pointerdown', (event) => {
    track.setPointerCapture(event.pointerId);
    follow(event);
  });
  track.addEventListener('pointermove', (event) => {
    if (track.hasPointerCapture(event.pointerId)) follow(event);
  });
  return track;
}

/** The box around a peer: as large as the window, the scrollbar at the right. */
export function makeBox(...parts: readonly HTMLElement[]): HTMLElement {
  const box = document.createElement('div');
  Object.assign(box.style, { display: 'flex', height: '100vh', font: '14px monospace', whiteSpace: 'pre' });
  box.append(...parts);
  return box;
}
