/** A grid on a canvas: a row is three texts, drawn anew in each animation frame in which it scrolled. */
import {
  characterOf,
  digitsOf,
  makeBox,
  makeTrack,
  offsetOf,
  type PeerGrid,
  peerRowBytes,
  peerRowHeight,
} from './peer-grid.ts';

/** Makes the grid over bytes; it draws once it is in the page. */
export function canvasGrid(bytes: Uint8Array): PeerGrid {
  const canvas = document.createElement('canvas');
  Object.assign(canvas.style, { flex: '1', minWidth: '0' });
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('the browser has no canvas');
  const rowCount = Math.ceil(bytes.length / peerRowBytes);
  let top = 0;
  let drawnTop = -1;
  let isAsked = false;
  const draw = (): void => {
    isAsked = false;
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.font = '14px monospace';
    context.fillStyle = 'gray';
    context.textBaseline = 'top';
    const first = Math.floor(top);
    const one = context.measureText('0').width;
    for (let row = first; row < rowCount; row++) {
      const y = (row - top) * peerRowHeight;
      if (y > height) break;
      const values = [...bytes.subarray(row * peerRowBytes, (row + 1) * peerRowBytes)];
      context.fillText(offsetOf(row), 0, y);
      context.fillText(values.map(digitsOf).join(' '), 10 * one, y);
      context.fillText(values.map(characterOf).join(''), 60 * one, y);
    }
    drawnTop = first;
  };
  const scrollTo = (wanted: number): void => {
    top = Math.min(Math.max(0, wanted), Math.max(0, rowCount - canvas.height / peerRowHeight));
    if (!isAsked) requestAnimationFrame(draw);
    isAsked = true;
  };
  new ResizeObserver(() => {
    canvas.width = canvas.clientWidth;
    canvas.height = canvas.clientHeight;
    scrollTo(top);
  }).observe(canvas);
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      scrollTo(top + event.deltaY / peerRowHeight);
    },
    { passive: false },
  );
  const track = makeTrack((share) => scrollTo(share * rowCount));
  return {
    element: makeBox(canvas, track),
    track,
    get drawnTop() {
      return drawnTop;
    },
  };
}
