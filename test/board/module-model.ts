/**
 * What the aperture driver must answer, said naively: words in a map, clocks as lists of bits, partitions with a count of
 * descriptors. Columns are absolute except where a name says otherwise; rows count the shim as 0.
 */

/** One partition that is in use. */
export interface ModelPart {
  readonly start: number;
  readonly cols: number;
  readonly keep: boolean;
  readonly owner: string;
  /** Tiles the owner asked for, as `col,row`. */
  readonly inUse: Set<string>;
  /** Tiles that the driver takes for clocked, as `col,row`. */
  readonly believed: Set<string>;
  descriptors: number;
}

export class ModelArray {
  readonly cols: number;
  readonly rows: number;
  readonly parts: ModelPart[] = [];
  readonly #columnClock: boolean;
  readonly #scanAbsolute: boolean;
  readonly #words = new Map<string, number>();
  /** With one clock per column only row 0 counts; else row r says whether the tile above runs. */
  readonly #next: boolean[][];

  /** `scanAbsolute`: a request takes the array's columns, counted from 0, for the partition's. */
  constructor(cols: number, rows: number, columnClock: boolean, scanAbsolute = false) {
    this.cols = cols;
    this.rows = rows;
    this.#columnClock = columnClock;
    this.#scanAbsolute = scanAbsolute;
    this.#next = Array.from({ length: cols }, () => Array.from({ length: rows }, () => true));
  }

  runs(col: number, row: number): boolean {
    const next = this.#next[col] ?? [];
    return this.#columnClock ? row === 0 || next[0] === true : next.slice(0, row).every(Boolean);
  }

  word(col: number, row: number, offset: number): number {
    return this.#words.get(`${col},${row},${offset}`) ?? 0;
  }

  setWord(col: number, row: number, offset: number, value: number): void {
    this.#words.set(`${col},${row},${offset}`, value);
  }

  /** What a word's access answers: the driver goes by its belief, and where that is wrong touches a gated tile. */
  access(part: ModelPart, col: number, row: number): 'done' | 'EINVAL' | 'EIO' {
    if (!part.believed.has(`${col},${row}`)) return 'EINVAL';
    return this.runs(col, row) ? 'done' : 'EIO';
  }

  gate(col: number, row: number): void {
    this.#behind(col, () => {
      this.#set(col, this.#columnClock ? 0 : row - 1, false);
    });
  }

  ungate(col: number, row: number): void {
    this.#behind(col, () => {
      for (let r = 0; r < row; r++) this.#set(col, r, true);
    });
  }

  /** The partition, or undefined where the driver refuses. */
  request(start: number, cols: number, keep: boolean, owner: string): ModelPart | undefined {
    if (start + cols > this.cols || cols < 1) return undefined;
    if (this.parts.some((p) => start < p.start + p.cols && p.start < start + cols)) return undefined;
    const part: ModelPart = {
      start,
      cols,
      keep,
      owner,
      inUse: new Set(),
      believed: new Set(),
      descriptors: 1,
    };
    for (const [col, row] of this.#tiles(part)) {
      const taken = this.#scanAbsolute ? col + start : col;
      if (!this.runs(col, row) || taken >= start + cols) continue;
      part.inUse.add(`${taken},${row}`);
      part.believed.add(`${taken},${row}`);
    }
    this.parts.push(part);
    return part;
  }

  close(part: ModelPart): void {
    part.descriptors--;
    if (part.descriptors > 0) return;
    this.parts.splice(this.parts.indexOf(part), 1);
    if (!part.keep) this.reset(part, false);
  }

  /** INIT (clocks on) or TEAR; `zero`: the memories too, and words are only of memories. */
  reset(part: ModelPart, clocksOn: boolean, zero = true): void {
    for (const key of zero ? [...this.#words.keys()] : []) {
      const col = Number(key.split(',')[0]);
      if (col >= part.start && col < part.start + part.cols) this.#words.delete(key);
    }
    part.inUse.clear();
    part.believed.clear();
    for (let col = part.start; col < part.start + part.cols; col++)
      this.#next[col] = Array.from({ length: this.rows }, (_, row) => row > 0 || clocksOn);
    for (const [col, row] of this.#tiles(part))
      if (this.runs(col, row)) {
        part.inUse.add(`${col},${row}`);
        part.believed.add(`${col},${row}`);
      }
  }

  /** REQUEST_TILES and RELEASE_TILES; no places means all. */
  tiles(part: ModelPart, on: boolean, places: readonly (readonly [col: number, row: number])[]): void {
    for (const [col, row] of places.length === 0 ? this.#tiles(part) : places) {
      if (row === 0) continue;
      if (on) part.inUse.add(`${col},${row}`);
      else part.inUse.delete(`${col},${row}`);
    }
    for (let col = part.start; col < part.start + part.cols; col++) this.#clockColumn(part, col);
  }

  /** What ENQUIRE lists: id, first column, columns, status. */
  enquire(): number[][] {
    const used = this.parts.map(({ start, cols }) => [start | (cols << 8), start, cols, 1]);
    const free: number[][] = [];
    const taken = (col: number): boolean => this.parts.some((p) => col >= p.start && col < p.start + p.cols);
    for (let col = 0; col < this.cols; col++) {
      if (taken(col) || (col > 0 && !taken(col - 1))) continue;
      let end = col;
      while (end < this.cols && !taken(end)) end++;
      const reachesEnd = end === this.cols;
      if (reachesEnd && end - col === 1) continue;
      free.push([col, col, end - col + (reachesEnd ? 0 : 1), 0]);
    }
    return [...used, ...free];
  }

  /** Clocks of a column by the tiles in use; in a chain, only where they differ from what the driver believes. */
  #clockColumn(part: ModelPart, col: number): void {
    const used = topRow(part.inUse, col);
    const believed = topRow(part.believed, col);
    if (this.#columnClock) this.#set(col, 0, used > 0);
    else if (used !== believed) {
      for (let row = believed + 1; row <= used; row++) this.#set(col, row - 1, true);
      for (let row = used + 1; row < this.rows; row++) this.#set(col, row - 1, false);
    }
    for (let row = 1; row < this.rows; row++) {
      if (this.#columnClock ? used > 0 : row <= used) part.believed.add(`${col},${row}`);
      else part.believed.delete(`${col},${row}`);
    }
  }

  /** Switches clocks of a column from outside: where the driver was right about a tile, it is right again. */
  #behind(col: number, change: () => void): void {
    const part = this.parts.find(({ start, cols }) => col >= start && col < start + cols);
    const rows = Array.from({ length: this.rows - 1 }, (_, i) => i + 1);
    const right = rows.filter((row) => part?.believed.has(`${col},${row}`) === this.runs(col, row));
    change();
    for (const row of right) {
      if (this.runs(col, row)) part?.believed.add(`${col},${row}`);
      else part?.believed.delete(`${col},${row}`);
    }
  }

  #set(col: number, row: number, on: boolean): void {
    const next = this.#next[col];
    if (next !== undefined) next[row] = on;
  }

  #tiles(part: ModelPart): [col: number, row: number][] {
    const tiles: [number, number][] = [];
    for (let col = part.start; col < part.start + part.cols; col++)
      for (let row = 1; row < this.rows; row++) tiles.push([col, row]);
    return tiles;
  }
}

/** The highest row of a column in a set of `col,row`; 0 for none. */
function topRow(tiles: ReadonlySet<string>, col: number): number {
  const rows = [...tiles].map((key) => key.split(',').map(Number)).filter(([c]) => c === col);
  return Math.max(0, ...rows.map(([, row = 0]) => row));
}
