/** The tile of the details view: which one, what was read of it, when. Knows boards, not VS Code. */
import type { Asking, Board, StatusReport } from '../board/board.ts';
import { BoardError, toBoardError } from '../board/errors.ts';
import { type Disposable, Emitter, type Event } from '../model/event.ts';
import { type TileKind, tileKind } from '../model/geometry.ts';
import type { StackFacts } from '../model/program/stack-uses.ts';
import type { ArrayServices, TilePlace } from './array-model.ts';
import { ReadUnderWay } from './read-under-way.ts';
import { stackOfCore } from './stack-of.ts';

/** How long one read of a tile may take, milliseconds. */
const patience = 30_000;
/** Waits this long for another tile before it reads, milliseconds: a caret passes many. */
const settling = 250;

/** What is known of the tile. */
export interface TileKnowledge {
  readonly place: TilePlace;
  readonly report?: StatusReport;
  readonly error?: BoardError;
  readonly reading: boolean;
}

function isSame(a: TilePlace | undefined, b: TilePlace | undefined): boolean {
  return (
    a?.board === b?.board &&
    a?.partition === b?.partition &&
    a?.tile.col === b?.tile.col &&
    a?.tile.row === b?.tile.row
  );
}

export class TileModel implements Disposable {
  readonly #services: ArrayServices;
  readonly #changed = new Emitter<void>();
  readonly #following: readonly Disposable[];
  #known: TileKnowledge | undefined;
  /** The connection in which the tile was read, or could not be. */
  #readFrom: Board | undefined;
  #visible = false;
  /** The tile of which an editor shows where the core is. */
  #followed: TilePlace | undefined;
  /** Who had the tile shown. */
  #shownFor: 'look' | 'nobody' = 'look';
  #settle: Disposable | undefined;
  #disposed = false;
  #underWay: ReadUnderWay | undefined;

  constructor(services: ArrayServices) {
    this.#services = services;
    this.#following = [
      services.onDidChangeBoards(() => {
        if (this.#known !== undefined && this.#board() === undefined) this.#known = undefined;
        this.#want();
        this.#changed.fire();
      }),
      services.onDidChangeNames(() => this.#changed.fire()),
    ];
  }

  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** `undefined` while no tile was chosen. */
  get known(): TileKnowledge | undefined {
    return this.#known;
  }

  /** The board's name in the sidebar. */
  get boardLabel(): string {
    return this.#board()?.label ?? '';
  }

  /** What kind of tile it is, as far as the array's shape tells. */
  get kind(): TileKind {
    const [status] = this.#known?.report?.tiles ?? [];
    const state = this.#board()?.link.state;
    const shape = state?.kind === 'connected' ? state.board.info.array : undefined;
    return status?.kind ?? tileKind(shape, this.#known?.place.tile.row ?? 1);
  }

  /** What is known of the stack of its core; undefined where no build says it. */
  get stack(): StackFacts | undefined {
    const { place, report } = this.#known ?? {};
    const link = this.#board()?.link;
    const info = link?.partitions.find(({ key }) => key === place?.partition);
    if (place === undefined || info === undefined || link?.state.kind !== 'connected') return undefined;
    const status = report?.epoch === info.epoch ? report.tiles[0] : undefined;
    return stackOfCore(this.#services, place.board, info, place.tile, link.state.board.info, status);
  }

  /** Whether the view is visible; reading begins with it. */
  set visible(visible: boolean) {
    this.#visible = visible;
    if (visible) this.#lookedAt();
    if (this.#isWanted) this.#want();
    else this.#settle?.dispose();
  }

  get isVisible(): boolean {
    return this.#visible;
  }

  /** The tile of which an editor shows where the core is: while it is the one here, it is read for that, too. */
  set followed(place: TilePlace | undefined) {
    const wasWanted = this.#isWanted;
    this.#followed = place;
    if (!wasWanted && this.#isWanted) this.#want();
  }

  get #isWanted(): boolean {
    const place = this.#known?.place;
    return this.#visible || (place !== undefined && isSame(place, this.#followed));
  }

  /**
   * Shows another tile.
   * @param asking `nobody` where no person chose it: it takes no partition that nobody uses
   */
  show(place: TilePlace, asking: 'look' | 'nobody' = 'look'): void {
    if (isSame(this.#known?.place, place)) {
      if (asking === 'nobody') return;
      this.#lookedAt();
      this.#want();
      return;
    }
    this.#known = { place, reading: false };
    this.#shownFor = asking;
    this.#readFrom = undefined;
    this.#want();
    this.#changed.fire();
  }

  /**
   * Reads the tile now, if it is shown. Failures become part of what is known.
   * @param asking who wants it: what happens by itself takes no partition that nobody uses
   */
  async refresh(asking: Asking = 'person'): Promise<void> {
    this.#settle?.dispose();
    this.#settle = undefined;
    await this.#underWay?.makeWayFor(asking);
    const before = this.#known;
    const link = this.#board()?.link;
    if (!this.#isWanted || before === undefined || before.reading || link === undefined) return;
    const { place } = before;
    if (link.state.kind !== 'connected') return;
    this.#readFrom = link.state.board;
    this.#set({ ...before, reading: true });
    const read = new ReadUnderWay(asking);
    this.#underWay = read;
    try {
      const signal = read.signal(patience);
      const partition = await link.open(place.partition, signal, asking);
      const report = await partition.status([place.tile], { detail: true, asking }, signal);
      if (this.#known?.place === place) this.#set({ place, report, reading: false });
    } catch (thrown) {
      if (read.gaveWay && this.#known?.place === place) return this.#set({ ...before, reading: false });
      this.#services.note(thrown);
      if (this.#known?.place !== place) return;
      const { report } = before;
      const error = toBoardError(thrown);
      this.#set({ place, error, reading: false, ...(report === undefined ? {} : { report }) });
    } finally {
      read.end();
    }
  }

  /** Why the tile cannot be read now, if its board is not connected. */
  get offline(): BoardError | undefined {
    const state = this.#board()?.link.state;
    if (state === undefined || state.kind === 'connected') return undefined;
    return state.kind === 'offline' ? state.error : new BoardError('connection-lost', 'not connected');
  }

  dispose(): void {
    this.#disposed = true;
    this.#settle?.dispose();
    for (const one of this.#following) one.dispose();
    this.#changed.dispose();
  }

  #board() {
    const id = this.#known?.place.board;
    return this.#services.boards().find((board) => board.id === id);
  }

  #set(known: TileKnowledge): void {
    this.#known = known;
    if (!this.#disposed) this.#changed.fire();
  }

  /** A person looks at what is here: what was refused to nobody is read. */
  #lookedAt(): void {
    this.#shownFor = 'look';
    if (this.#known?.error?.code === 'not-asked') this.#readFrom = undefined;
  }

  #want(): void {
    this.#settle?.dispose();
    this.#settle = undefined;
    const state = this.#board()?.link.state;
    if (!this.#isWanted || this.#disposed || state?.kind !== 'connected') return;
    if (this.#readFrom === state.board) return;
    // The tile was shown in an earlier connection: this read is not a person's.
    const asking = this.#readFrom === undefined ? this.#shownFor : 'nobody';
    this.#settle = this.#services.after(settling, () => {
      this.#settle = undefined;
      void this.refresh(asking);
    });
  }
}
