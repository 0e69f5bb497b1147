/** The map of the memory's tiles beside the scrollbar. It knows tiles and their marks; not what a click on one does. */
import { html, render, svg } from 'lit';
import { tileMarks } from '../src/editor/messages.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry, tileCount } from '../src/model/geometry.ts';
import { endOf } from '../src/model/ranges.ts';
import type { Box } from './box.ts';
import { boxPath, type MapShape, mapShape } from './grid/map-shape.ts';
import type { StringKey, Translate } from './strings.ts';

/** What the map tells. */
export interface TileMapEvents {
  /** A person chose a tile, by its index in buffer order. */
  choose(tile: number): void;
  /** The words for the tile under the pointer, and the point in client pixels; without one, none. */
  point(text: string | undefined, x: number, y: number): void;
}

/** What stands on the map whatever is on screen. */
interface MapPaths {
  readonly all: string;
  readonly marks: readonly { readonly mark: keyof typeof tileMarks; readonly path: string }[];
  /** How many tiles have each mark, in words. */
  readonly counts: readonly string[];
}

/** What is marked how: the part of its cell that the mark takes. */
const parts: Readonly<Record<keyof typeof tileMarks, (box: Box) => Box>> = {
  conflict: (box) => box,
  staged: (box) => ({ ...box, top: box.top + Math.ceil((box.height * 2) / 3), height: third(box.height) }),
  changed: (box) => ({ ...box, width: third(box.width), height: third(box.height) }),
  hit: (box) => ({
    ...box,
    left: box.left + box.width - third(box.width),
    width: third(box.width),
    height: Math.ceil((box.height * 2) / 3),
  }),
  // In the middle at the top, between the corner and the hits.
  bookmark: (box) => ({
    ...box,
    left: box.left + third(box.width),
    width: Math.max(1, box.width - 2 * third(box.width)),
    height: third(box.height),
  }),
  // A line through the middle.
  unreadable: (box) => ({ ...box, top: box.top + Math.floor(box.height / 2), height: 1 }),
};
const markNames = Object.keys(parts) as (keyof typeof tileMarks)[];

const markKeys: Readonly<Record<keyof typeof tileMarks, StringKey>> = {
  staged: 'mapStaged',
  conflict: 'mapConflict',
  changed: 'mapChanged',
  hit: 'mapHit',
  bookmark: 'mapBookmark',
  unreadable: 'mapUnreadable',
};

function third(length: number): number {
  return Math.max(1, Math.floor(length / 3));
}

export class TileMap {
  readonly element = document.createElement('div');
  readonly #geometry: MemoryGeometry;
  readonly #t: Translate;
  #marks = new Uint8Array();
  #cursor = 0;
  #visible: ByteRange = { offset: 0, length: 0 };
  #room = 0;
  #shape: MapShape;
  /** Made anew only with shape or marks: they are many tiles. */
  #paths: MapPaths;
  /** What was drawn last: the tile of the cursor, and the first and the last one on screen. */
  #drawn = '';

  constructor(geometry: MemoryGeometry, t: Translate, events: TileMapEvents) {
    this.#geometry = geometry;
    this.#t = t;
    this.#shape = mapShape(geometry, 0);
    this.#paths = this.#fixedPaths();
    this.element.className = 'tile-map';
    // One tile needs no map.
    this.element.hidden = tileCount(geometry) < 2;
    new ResizeObserver(() => {
      const { clientHeight } = this.element;
      if (clientHeight === this.#room) return;
      this.#room = clientHeight;
      this.#shape = mapShape(geometry, clientHeight);
      this.#drawAnew();
    }).observe(this.element);
    const tileAt = (event: PointerEvent | MouseEvent): number | undefined => {
      const drawing = this.element.querySelector('svg')?.getBoundingClientRect();
      return drawing && this.#shape.tileAt(event.clientX - drawing.left, event.clientY - drawing.top);
    };
    this.element.addEventListener('click', (event) => {
      const tile = tileAt(event);
      if (tile !== undefined) events.choose(tile);
    });
    this.element.addEventListener('pointermove', (event) => {
      const tile = tileAt(event);
      events.point(tile === undefined ? undefined : this.#words(tile), event.clientX, event.clientY);
    });
    this.element.addEventListener('pointerleave', (event) =>
      events.point(undefined, event.clientX, event.clientY),
    );
    this.#draw();
  }

  /** A byte of `tileMarks` for each tile, in buffer order. */
  set marks(marks: Uint8Array) {
    this.#marks = Uint8Array.from(marks);
    this.#drawAnew();
  }

  /** Where the cursor is, and which bytes are on screen; buffer offsets. */
  show(cursor: number, visible: ByteRange): void {
    this.#visible = visible;
    this.#cursor = cursor;
    this.#draw();
  }

  #has(tile: number, mark: keyof typeof tileMarks): boolean {
    return ((this.#marks[tile] ?? 0) & tileMarks[mark]) !== 0;
  }

  /** A tile and its marks in words. */
  #words(tile: number): string {
    const place = locate(this.#geometry, tile * this.#geometry.bytesPerTile).tile;
    const marks = markNames.filter((mark) => this.#has(tile, mark)).map((mark) => this.#t(markKeys[mark]));
    return [formatTile(place), ...marks].join(', ');
  }

  #path(tiles: readonly number[], part: (box: Box) => Box = (box) => box): string {
    return boxPath(tiles.map((tile) => part(this.#shape.box(tile))));
  }

  #fixedPaths(): MapPaths {
    const all = Array.from({ length: tileCount(this.#geometry) }, (_, tile) => tile);
    const marked = markNames
      .map((mark) => ({ mark, tiles: all.filter((tile) => this.#has(tile, mark)) }))
      .filter(({ tiles }) => tiles.length > 0);
    return {
      all: this.#path(all),
      marks: marked.map(({ mark, tiles }) => ({ mark, path: this.#path(tiles, parts[mark]) })),
      counts: marked.map(({ mark, tiles }) => this.#t('mapCount', this.#t(markKeys[mark]), tiles.length)),
    };
  }

  #drawAnew(): void {
    this.#paths = this.#fixedPaths();
    this.#drawn = '';
    this.#draw();
  }

  #draw(): void {
    const { bytesPerTile } = this.#geometry;
    const here = Math.floor(this.#cursor / bytesPerTile);
    const first = Math.floor(this.#visible.offset / bytesPerTile);
    const last = Math.ceil(endOf(this.#visible) / bytesPerTile) - 1;
    const drawn = `${here} ${first} ${last}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const seen = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
    const { all, marks, counts } = this.#paths;
    const label = [this.#t('mapName', this.#words(here)), ...counts].join(', ');
    const { width, height } = this.#shape;
    render(
      html`<svg
        role="img"
        aria-label=${label}
        width=${width + 2}
        height=${height + 2}
        viewBox="-1 -1 ${width + 2} ${height + 2}"
      >
        ${svg`<path class="all" d=${all}></path>
        <path class="seen" d=${this.#path(seen)}></path>
        ${marks.map(({ mark, path }) => svg`<path class=${mark} d=${path}></path>`)}
        <path class="here" d=${this.#path([here])}></path>`}
      </svg>`,
      this.element,
    );
  }
}
