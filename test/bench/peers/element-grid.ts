/**
 * A naive grid of elements: each cell is one, and the browser scrolls. With `inSight` only the rows on screen exist, made anew
 * whenever the browser tells that it scrolled; without it all rows do.
 */
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

function cell(text: string, width: string): HTMLElement {
  const element = document.createElement('span');
  element.textContent = text;
  Object.assign(element.style, { display: 'inline-block', width });
  return element;
}

function rowElement(bytes: Uint8Array, row: number): HTMLElement {
  const element = document.createElement('div');
  Object.assign(element.style, { position: 'absolute', top: `${row * peerRowHeight}px`, height: '20px' });
  const values = [...bytes.subarray(row * peerRowBytes, (row + 1) * peerRowBytes)];
  element.append(
    cell(offsetOf(row), '10ch'),
    ...values.map((value) => cell(digitsOf(value), '3ch')),
    ...values.map((value) => cell(characterOf(value), '1ch')),
  );
  return element;
}

/** Makes the grid over bytes; it draws once it is in the page. */
export function elementGrid(bytes: Uint8Array, inSight: boolean): PeerGrid {
  const scroller = document.createElement('div');
  const sheet = document.createElement('div');
  Object.assign(scroller.style, { flex: '1', overflow: 'auto', position: 'relative' });
  const rowCount = Math.ceil(bytes.length / peerRowBytes);
  Object.assign(sheet.style, { position: 'relative', height: `${rowCount * peerRowHeight}px` });
  scroller.append(sheet);
  let drawnTop = -1;
  const rowsFrom = (first: number, count: number): HTMLElement[] =>
    Array.from({ length: Math.min(count, rowCount - first) }, (_, i) => rowElement(bytes, first + i));
  const draw = (): void => {
    const top = Math.floor(scroller.scrollTop / peerRowHeight);
    if (inSight)
      sheet.replaceChildren(...rowsFrom(top, Math.ceil(scroller.clientHeight / peerRowHeight) + 1));
    drawnTop = top;
  };
  if (!inSight) sheet.append(...rowsFrom(0, rowCount));
  scroller.addEventListener('scroll', draw);
  new ResizeObserver(draw).observe(scroller);
  const track = makeTrack((share) => {
    scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
  });
  return {
    element: makeBox(scroller, track),
    track,
    get drawnTop() {
      return drawnTop;
    },
  };
}
