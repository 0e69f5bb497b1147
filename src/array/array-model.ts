/**
 * The partition of the Array view: which one, what was read of it, when it is read again. Knows boards and words, not
 * VS Code. It reads only while a view is visible, and a free partition only when it is first shown or a person asks.
 */
import {
  type Asking,
  type Board,
  type BoardInfo,
  type Partition,
  type PartitionInfo,
  patience,
  type StatusReport,
} from '../board/board.ts';
import { type BoardError, toBoardError } from '../board/errors.ts';
import { actionNames } from '../model/action-names.ts';
import { type Disposable, Emitter, type Event } from '../model/event.ts';
import type { ByteRange, MemoryType, Tile } from '../model/geometry.ts';
import type { After } from '../model/later.ts';
import type { Localiser } from '../model/localiser.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { PlacedName } from '../model/program/build.ts';
import { stackMeetingText, stackUseText } from '../model/program/stack-texts.ts';
import type { StackUse } from '../model/program/stack-use.ts';
import type { StackEpoch } from '../model/program/stack-uses.ts';
import type { MemoryResource } from '../model/resource.ts';
import { leavesOpen, withSecondRead } from '../model/status/open-questions.ts';
import type { TileStatus } from '../model/status/status.ts';
import { tileActivity } from '../model/status/summary.ts';
import { waitCycles, waitEdges } from '../model/status/waits.ts';
import type { BoardLink } from '../session/link.ts';
import type { PartitionHeat } from '../session/partition-heat.ts';
import type { SessionReference } from '../session/pool.ts';
import type { ArrayChoice, ArrayPicture, ArrayProblem } from './messages.ts';
import { drawPicture, partitionTiles, tileKey } from './picture.ts';
import { ReadUnderWay } from './read-under-way.ts';
import { stackOfCore } from './stack-of.ts';

/** A board of the sidebar, as the views need it. */
export interface ArrayBoard {
  readonly id: string;
  readonly label: string;
  readonly link: BoardLink;
}

/** What the views need from the rest of the extension; given by `extension.ts`. */
export interface ArrayServices {
  boards(): readonly ArrayBoard[];
  /** Fires when boards come or go, and when state or partitions of one change. */
  readonly onDidChangeBoards: (listener: () => void) => Disposable;
  /** The partitions of a board that are shown, in any order. */
  partitions(board: ArrayBoard): readonly PartitionInfo[];
  /** The columns of a partition, for people. */
  columnsText(info: PartitionInfo): string;
  /** Who uses a partition, in words. */
  ownerText(info: PartitionInfo): string;
  /** The sentence and next step of a failure. */
  errorText(error: BoardError): string;
  /** Shows a failure to a person, and logs it. */
  showFailure(thrown: unknown): unknown;
  /** Logs a failure. */
  note(thrown: unknown): BoardError;
  /** The kernels of a tile, a line each. */
  tileNames(board: string, tile: Tile): readonly string[];
  /** The kernels of a tile, each by its name. */
  kernels(board: string, tile: Tile): readonly string[];
  /** The session of a memory; `undefined` when its board is not in the sidebar. */
  acquire(resource: MemoryResource): Promise<SessionReference | undefined>;
  /** What has a name in a memory of a tile, by its offset. */
  names(board: string, memory: MemoryType, tile: Tile): readonly PlacedName[];
  /** What was seen of a core's stack. */
  stackUse(place: StackEpoch, stack: PlacedName): StackUse | undefined;
  /** Reads the files that give names to tiles anew. */
  refreshNames(): void;
  /** Opens the memory of a tile with the cursor at a range of tile offsets. */
  openPlace(resource: MemoryResource, range: ByteRange): Promise<void>;
  /** Fires when tiles may have other names, and when something else is known of stacks. */
  readonly onDidChangeNames: (listener: () => void) => Disposable;
  /** Where a partition's memory changes; `undefined` where a person does not want to know. */
  heat(board: ArrayBoard, partition: PartitionKey): PartitionHeat | undefined;
  /** Fires when a person wants to know where memory changes, or does not any more. */
  readonly onDidWantHeat: (listener: () => void) => Disposable;
  /** A time of day in words; `at` in milliseconds since 1970. */
  clock(at: number): string;
  readonly after: After;
  readonly l10n: Localiser;
}

/** A tile with the partition through which it is looked at. */
export interface TilePlace {
  readonly board: string;
  readonly partition: PartitionKey;
  readonly tile: Tile;
}

/** The state of a tile and when it was read, milliseconds since 1970. */
interface KnownTile {
  readonly status: TileStatus;
  readonly at: number;
}

/** A state that was read within this time is good enough for a glance, milliseconds. */
const fresh = 3000;
/** A glance waits this long for the board, milliseconds. */
const glancePatience = 5000;
/** Where the board would keep it waiting for more than this, milliseconds, it does not ask: the answer has to come, too. */
const glanceWait = 2500;
/** Waits this long for another choice before it reads, milliseconds: a person may only be passing by. */
const settling = 150;

/** What a person chose. Without a partition: the one of the board that shows most. */
interface Target {
  readonly board: string;
  readonly partition?: PartitionKey;
}

interface Known {
  report?: StatusReport;
  error?: BoardError;
  reading: boolean;
  underWay?: ReadUnderWay;
}

/** Names a partition among those of all boards. */
function nameOf({ board, partition }: Omit<TilePlace, 'tile'>): string {
  return `${board}/${partition}`;
}

export class ArrayModel implements Disposable {
  readonly #services: ArrayServices;
  readonly #changed = new Emitter<void>();
  readonly #focusChanged = new Emitter<TilePlace>();
  readonly #known = new Map<string, Known>();
  /** Partitions that were read, or could not be, in a connection: not tried again by itself. */
  readonly #tried = new WeakMap<Board, Set<string>>();
  /** Partitions that were read before, in any connection. */
  readonly #wasRead = new Set<string>();
  /** What glances read, by tile: a pointer comes back to where it was. */
  readonly #glanced = new Map<string, KnownTile>();
  readonly #infos = new WeakMap<BoardLink, BoardInfo>();
  readonly #following: readonly Disposable[];
  #target: Target | undefined;
  /** Who had the partition shown. */
  #shownFor: 'look' | 'nobody' = 'look';
  #focused: TilePlace | undefined;
  #visible = false;
  #refreshSeconds = 0;
  #settle: Disposable | undefined;
  #next: Disposable | undefined;
  #disposed = false;
  /** The heat that is followed while the view is visible. */
  #heat: { readonly known: PartitionHeat; readonly ends: Disposable } | undefined;

  constructor(services: ArrayServices) {
    this.#services = services;
    this.#following = [
      services.onDidChangeBoards(() => {
        this.#forgetGone();
        this.#want();
        this.#changed.fire();
      }),
      services.onDidWantHeat(() => this.#followHeat()),
      services.onDidChangeNames(() => this.#changed.fire()),
    ];
  }

  /** Fires when the picture is another. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Fires when a person chose a tile. */
  get onDidFocus(): Event<TilePlace> {
    return this.#focusChanged.event;
  }

  /** Whether the view is visible; reading begins with it. */
  set visible(visible: boolean) {
    if (this.#visible === visible) return;
    this.#visible = visible;
    if (visible) {
      this.#lookedAt();
      this.#want();
    } else {
      this.#stopWaiting();
      this.#dropReads();
      this.#followHeat();
    }
  }

  get isVisible(): boolean {
    return this.#visible;
  }

  /** Seconds between automatic reads of a partition in use; 0 for none. */
  set refreshSeconds(seconds: number) {
    this.#refreshSeconds = seconds;
    this.#schedule();
  }

  /** The shown partition; `undefined` while there is none to show. */
  get shown(): { readonly board: ArrayBoard; readonly info: PartitionInfo } | undefined {
    const boards = this.#services.boards();
    const target = this.#target;
    if (target?.partition !== undefined) {
      const board = boards.find(({ id }) => id === target.board);
      const info = board && this.#partitions(board).find(({ key }) => key === target.partition);
      if (board !== undefined && info !== undefined) return { board, info };
    }
    const preferred = boards.filter(({ id }) => id === target?.board);
    for (const board of [...preferred, ...boards.filter(({ link }) => link.state.kind === 'connected')]) {
      const partitions = this.#partitions(board);
      const info = partitions.find(({ inUse }) => inUse) ?? partitions[0];
      if (info !== undefined) return { board, info };
    }
    return undefined;
  }

  /**
   * Shows a partition, or the most telling one of a board.
   * @param asking `nobody` where no person chose it: it is not taken then if nobody uses it
   */
  show(board: string, partition?: PartitionKey, asking: 'look' | 'nobody' = 'look'): void {
    const now = this.shown;
    const stays = partition === undefined && now?.board.id === board;
    if (stays) return;
    const isShown = now?.board.id === board && now.info.key === partition;
    this.#target = { board, ...(partition === undefined ? {} : { partition }) };
    if (asking === 'look') this.#lookedAt();
    else if (!isShown) this.#shownFor = asking;
    this.#want();
    this.#changed.fire();
  }

  /** Shows the partition with this key of `choices`. */
  choose(choice: string): void {
    for (const board of this.#services.boards()) {
      const info = this.#partitions(board).find(
        ({ key }) => nameOf({ board: board.id, partition: key }) === choice,
      );
      if (info !== undefined) this.show(board.id, info.key);
    }
  }

  /** Marks a tile, as the editor's caret moves; the details view follows by itself. */
  mark(place: TilePlace | undefined): void {
    this.#focused = place;
    this.#changed.fire();
  }

  /** A person chose a tile of the picture. */
  focus(tile: Tile): void {
    const place = this.#placeOf(tile);
    if (place === undefined) return;
    this.#focused = place;
    this.#focusChanged.fire(place);
    this.#changed.fire();
  }

  /** Where a tile of the picture is: in the shown partition or in another of its board. */
  #placeOf(tile: Tile): TilePlace | undefined {
    const now = this.shown;
    if (now === undefined) return undefined;
    // Where two partitions share columns, the shown one is meant.
    const info = [now.info, ...this.#partitions(now.board)].find(
      ({ columns }) => tile.col >= columns.startCol && tile.col < columns.startCol + columns.numCols,
    );
    return info && { board: now.board.id, partition: info.key, tile };
  }

  /** The place of a tile of the shown partition; another partition's tile shows that partition instead. */
  open(tile: Tile): TilePlace | undefined {
    const place = this.#placeOf(tile);
    if (place === undefined) return undefined;
    if (place.partition === this.shown?.info.key) return place;
    this.show(place.board, place.partition);
    return undefined;
  }

  /**
   * Reads the shown partition now; joins a read that is under way, but a person's ends one that nobody asked for.
   * Failures are shown in the picture.
   * @param asking who wants it: what happens by itself takes no partition that nobody uses
   */
  async refresh(asking: Asking = 'person'): Promise<void> {
    this.#settle?.dispose();
    this.#settle = undefined;
    const now = this.shown;
    if (now !== undefined && now.board.link.state.kind === 'connected')
      await this.#read(now.board, now.info, asking);
  }

  /** What was last read of a partition. */
  report({ board, partition }: Omit<TilePlace, 'tile'>): StatusReport | undefined {
    return this.#known.get(nameOf({ board, partition }))?.report;
  }

  /**
   * The state of a tile for a pointer that passes by: as last read, or read now where another process uses the partition.
   * A free one is not taken for it, and where the board would keep the look waiting, what is known is good enough.
   */
  async glance(place: TilePlace): Promise<KnownTile | undefined> {
    const last = this.last(place);
    const board = this.#services.boards().find(({ id }) => id === place.board);
    const info = board?.link.partitions.find(({ key }) => key === place.partition);
    if (board?.link.state.kind !== 'connected' || info?.inUse !== true) return last;
    const nameIn = (epoch: string) => `${nameOf(place)} ${tileKey(place.tile)} ${epoch}`;
    const glanced = this.#glanced.get(nameIn(info.epoch));
    const known = glanced !== undefined && glanced.at > (last?.at ?? 0) ? glanced : last;
    const { unaskedWaitMs } = board.link;
    if (unaskedWaitMs > glanceWait) return known;
    if (known !== undefined && (Date.now() - known.at < fresh || unaskedWaitMs > 0)) return known;
    try {
      const signal = AbortSignal.timeout(glancePatience);
      const partition = await board.link.open(place.partition, signal, 'nobody');
      const report = await partition.status([place.tile], { asking: 'nobody' }, signal);
      const [status] = report.tiles;
      if (status === undefined) return known;
      for (const [name, { at }] of this.#glanced) if (Date.now() - at >= fresh) this.#glanced.delete(name);
      this.#glanced.set(nameIn(report.epoch), { status, at: report.at });
      return { status, at: report.at };
    } catch (error) {
      // A tooltip is no place for a failure; the views say it.
      this.#services.note(error);
      return known;
    }
  }

  /** The state of a tile as last read. */
  last({ board, partition, tile }: TilePlace): KnownTile | undefined {
    const report = this.report({ board, partition });
    const status = report?.tiles.find((one) => tileKey(one.tile) === tileKey(tile));
    return report && status && { status, at: report.at };
  }

  /** Id of the board that the picture's problem is about. */
  get boardToConnect(): string | undefined {
    const boards = this.#services.boards();
    return (this.shown?.board ?? boards.find(({ id }) => id === this.#target?.board) ?? boards[0])?.id;
  }

  get picture(): ArrayPicture {
    const { l10n } = this.#services;
    const now = this.shown;
    const problem = this.#problem(now);
    const around = {
      choices: this.#choices(now),
      chosen: now === undefined ? '' : nameOf({ board: now.board.id, partition: now.info.key }),
      activity: tileActivity,
      ...(problem === undefined ? {} : { problem }),
    };
    if (now === undefined) {
      const nothing = {
        title: '',
        statuses: [],
        names: () => [],
        edges: [],
        cycles: [],
        warnings: [],
        readAt: '',
        reading: false,
        heat: () => undefined,
      };
      return drawPicture({ ...around, ...nothing }, l10n);
    }
    const { board, info } = now;
    const known = this.#known.get(nameOf({ board: board.id, partition: info.key }));
    const statuses = known?.report?.tiles ?? [];
    const { array, generation } = this.#boardFacts(board);
    const stacks = this.#stacks(board, info);
    const edges = waitEdges(statuses, array, generation);
    const focused = this.#focused;
    const heatText = this.#heat?.known.summary(l10n);
    return drawPicture(
      {
        ...around,
        title: l10n.t('{0}, {1}', board.label, this.#services.columnsText(info)),
        board: {
          ...(array === undefined ? {} : { shape: array }),
          partitions: this.#partitions(board),
          columns: info.columns,
        },
        statuses,
        names: (tile) => [
          ...this.#services.tileNames(board.id, tile),
          ...(stacks.get(tileKey(tile))?.lines ?? []),
        ],
        edges,
        cycles: waitCycles(edges),
        warnings: [...stacks.values()].flatMap(({ warnings }) => warnings),
        readAt: this.#readAt(known, board, info),
        reading: known?.reading === true,
        heat: (tile) => this.#heat?.known.ofTile(tile, l10n),
        ...(heatText && { heatText }),
        ...(focused?.board === board.id ? { focused: focused.tile } : {}),
      },
      l10n,
    );
  }

  /** What the picture says of the stacks of a partition's cores, by tile. */
  #stacks(board: ArrayBoard, info: PartitionInfo) {
    const { l10n, clock } = this.#services;
    const shape = this.#boardFacts(board);
    const report = this.report({ board: board.id, partition: info.key });
    const current = report?.epoch === info.epoch ? report.tiles : [];
    const statuses = new Map(current.map((status) => [tileKey(status.tile), status] as const));
    const said = new Map<string, { lines: string[]; warnings: { tile: Tile; text: string }[] }>();
    for (const tile of partitionTiles(info)) {
      const status = statuses.get(tileKey(tile));
      const facts = stackOfCore(this.#services, board.id, info, tile, shape, status);
      if (facts === undefined) continue;
      const met = facts.meetings.map((one) => stackMeetingText(facts, one, l10n));
      const lines = [l10n.t('Stack: {0}', stackUseText(facts, l10n, clock)), ...met];
      said.set(tileKey(tile), { lines, warnings: met.map((text) => ({ tile, text })) });
    }
    return said;
  }

  dispose(): void {
    this.#disposed = true;
    for (const one of this.#following) one.dispose();
    this.#stopWaiting();
    this.#heat?.ends.dispose();
    this.#changed.dispose();
    this.#focusChanged.dispose();
  }

  /** Follows the heat of the partition that is shown, while it can be seen. */
  #followHeat(): void {
    const now = this.#visible && !this.#disposed ? this.shown : undefined;
    const known = now && this.#services.heat(now.board, now.info.key);
    if (known === this.#heat?.known) return;
    const isOther = this.#heat !== undefined || known !== undefined;
    const before = this.#heat;
    this.#heat = undefined;
    before?.ends.dispose();
    if (known !== undefined) {
      const listening = known.onDidChange(() => this.#changed.fire());
      const shown = known.show();
      const dispose = (): void => {
        listening.dispose();
        shown.dispose();
      };
      this.#heat = { known, ends: { dispose } };
    }
    if (isOther && !this.#disposed) this.#changed.fire();
  }

  /** What the board said of itself, also while the connection is lost. */
  #boardFacts({ link }: ArrayBoard): Pick<BoardInfo, 'array' | 'generation'> {
    const { state } = link;
    if (state.kind === 'connected') this.#infos.set(link, state.board.info);
    return this.#infos.get(link) ?? { generation: 'unknown' };
  }

  /** The shown partitions of a board by their columns. */
  #partitions(board: ArrayBoard): PartitionInfo[] {
    return [...this.#services.partitions(board)].sort((a, b) => a.columns.startCol - b.columns.startCol);
  }

  #choices(now: { board: ArrayBoard; info: PartitionInfo } | undefined): ArrayChoice[] {
    const boards = this.#services
      .boards()
      .filter(({ id, link }) => link.state.kind === 'connected' || id === now?.board.id);
    return boards.flatMap((board) =>
      this.#partitions(board).map((info, _, all) => {
        const isOther = ({ key, columns }: PartitionInfo) =>
          key !== info.key &&
          columns.startCol === info.columns.startCol &&
          columns.numCols === info.columns.numCols;
        // The columns alone do not say which of two is meant.
        const key = all.some(isOther) ? [info.key] : [];
        const parts = [this.#services.columnsText(info), ...key, this.#services.ownerText(info)];
        if (boards.length > 1) parts.unshift(board.label);
        return { key: nameOf({ board: board.id, partition: info.key }), label: parts.join(' · ') };
      }),
    );
  }

  #readAt(known: Known | undefined, board: ArrayBoard, info: PartitionInfo): string {
    const { l10n } = this.#services;
    if (known?.report === undefined) return l10n.t('Not read yet');
    const time = this.#services.clock(known.report.at);
    if (board.link.state.kind !== 'connected') return l10n.t('Last known, read at {0}', time);
    const unsure = known.report.tiles.filter(({ channels }) =>
      channels.some(({ mayBeStalled }) => mayBeStalled === true),
    ).length;
    const read =
      unsure === 0
        ? l10n.t('Read at {0}', time)
        : l10n.t(
            'Read at {0}. Tiles whose DMA runs or waits (the driver does not tell which of the two): {1}',
            time,
            unsure,
          );
    if (known.report.epoch !== info.epoch)
      return l10n.t('Read at {0}, before the partition changed hands or was reset', time);
    const { waitMs } = known.report;
    const isSlowed = this.#refreshSeconds > 0 && info.inUse && waitMs > this.#refreshSeconds * 1000;
    if (!isSlowed) return read;
    const seconds = Math.ceil(waitMs / 1000);
    return l10n.t('{0}; refreshed after {1} s, so that the application keeps its pace', read, seconds);
  }

  #problem(now: { board: ArrayBoard; info: PartitionInfo } | undefined): ArrayProblem | undefined {
    const { l10n } = this.#services;
    const boards = this.#services.boards();
    const board = now?.board ?? boards.find(({ id }) => id === this.#target?.board) ?? boards[0];
    if (board === undefined) {
      return {
        kind: 'info',
        text: l10n.t('No board has been added yet.'),
        actions: [{ command: 'addBoard', label: actionNames(l10n).addBoard }],
      };
    }
    const { state } = board.link;
    switch (state.kind) {
      case 'disconnected':
        return {
          kind: 'info',
          text: l10n.t('{0} is not connected.', board.label),
          actions: [{ command: 'connect', label: actionNames(l10n).connect }],
        };
      case 'connecting':
        return { kind: 'info', text: l10n.t('Connecting to {0}...', board.label), actions: [] };
      case 'offline':
        return {
          kind: 'error',
          text: l10n.t('{0} is offline. {1}', board.label, this.#services.errorText(state.error)),
          actions: [
            { command: 'connect', label: actionNames(l10n).connect },
            { command: 'showLog', label: actionNames(l10n).showLog },
          ],
        };
      case 'connected':
        break;
    }
    if (now === undefined) {
      return {
        kind: 'info',
        text: l10n.t('The driver of {0} lists no partition.', board.label),
        actions: [],
      };
    }
    const known = this.#known.get(nameOf({ board: board.id, partition: now.info.key }));
    if (known?.error === undefined || known.reading) return undefined;
    return {
      kind: 'error',
      text: this.#services.errorText(known.error),
      actions: [
        known.error.code === 'unknown-driver'
          ? { command: 'allowDriver', label: actionNames(l10n).allowDriver }
          : { command: 'refresh', label: actionNames(l10n).refresh },
        { command: 'showLog', label: actionNames(l10n).showLog },
      ],
    };
  }

  /** A person looks at what is shown: what was refused to nobody is read. */
  #lookedAt(): void {
    this.#shownFor = 'look';
    const now = this.shown;
    if (now?.board.link.state.kind !== 'connected') return;
    const key = nameOf({ board: now.board.id, partition: now.info.key });
    if (this.#known.get(key)?.error?.code !== 'not-asked') return;
    this.#tried.get(now.board.link.state.board)?.delete(key);
    this.#wasRead.delete(key);
  }

  /** Reads what is looked at, if it was not tried yet in this connection. */
  #want(): void {
    this.#followHeat();
    this.#settle?.dispose();
    this.#settle = undefined;
    const now = this.shown;
    if (!this.#visible || this.#disposed || now === undefined) return;
    const key = nameOf({ board: now.board.id, partition: now.info.key });
    this.#dropReads(key);
    const { state } = now.board.link;
    if (state.kind !== 'connected') return;
    if (this.#tried.get(state.board)?.has(key) === true) {
      this.#schedule();
      return;
    }
    // It was read in an earlier connection: this read is not a person's.
    const asking = this.#wasRead.has(key) ? 'nobody' : this.#shownFor;
    this.#settle = this.#services.after(settling, () => {
      this.#settle = undefined;
      void this.refresh(asking);
    });
  }

  async #read(board: ArrayBoard, info: PartitionInfo, asking: Asking): Promise<void> {
    const key = nameOf({ board: board.id, partition: info.key });
    const known: Known = this.#known.get(key) ?? { reading: false };
    await known.underWay?.makeWayFor(asking);
    if (known.reading || board.link.state.kind !== 'connected') return;
    this.#known.set(key, known);
    // What was once shown stays, also while its board is away.
    if (this.#target?.partition === undefined) this.#target = { board: board.id, partition: info.key };
    const connection = board.link.state.board;
    const tried = this.#tried.get(connection) ?? new Set();
    this.#tried.set(connection, tried.add(key));
    this.#wasRead.add(key);
    known.reading = true;
    const read = new ReadUnderWay(asking);
    known.underWay = read;
    this.#changed.fire();
    try {
      const signal = read.signal(patience);
      const partition = await board.link.open(info.key, signal, asking);
      known.report = await this.#readStatus(partition, info, connection.info.generation, asking, signal);
      delete known.error;
    } catch (thrown) {
      if (read.gaveWay) tried.delete(key);
      else {
        known.error = toBoardError(thrown);
        this.#services.note(thrown);
      }
    } finally {
      known.reading = false;
      delete known.underWay;
      read.end();
      if (!this.#disposed) {
        this.#schedule();
        this.#changed.fire();
      }
    }
  }

  /**
   * All tiles without details, then those with details of which that left something open. The second read costs a
   * descriptor of the partition beside its owner, so it is taken of no others; if it fails, the first one counts.
   */
  async #readStatus(
    partition: Partition,
    info: PartitionInfo,
    generation: BoardInfo['generation'],
    asking: Asking,
    signal: AbortSignal,
  ): Promise<StatusReport> {
    const first = await partition.status(partitionTiles(info), { asking }, signal);
    const open = first.tiles.filter((status) => leavesOpen(status, generation)).map(({ tile }) => tile);
    if (open.length === 0) return first;
    try {
      const second = await partition.status(open, { detail: true, asking, goesOn: true }, signal);
      if (second.epoch !== first.epoch) return first;
      // Both are as old as the first.
      return { ...second, at: first.at, tiles: withSecondRead(first.tiles, second.tiles) };
    } catch (thrown) {
      this.#services.note(thrown);
      return first;
    }
  }

  /**
   * Plans the next automatic read, if a person wants them, the view is visible, and the partition is in use: not before
   * the board would let it begin, so that no request waits there.
   */
  #schedule(): void {
    this.#next?.dispose();
    this.#next = undefined;
    const now = this.shown;
    if (this.#refreshSeconds <= 0 || !this.#visible || this.#disposed || now?.info.inUse !== true) return;
    const pauseMs = Math.max(this.#refreshSeconds * 1000, now.board.link.unaskedWaitMs);
    this.#next = this.#services.after(pauseMs, () => {
      this.#next = undefined;
      void this.refresh('nobody');
    });
  }

  #stopWaiting(): void {
    this.#settle?.dispose();
    this.#settle = undefined;
    this.#next?.dispose();
    this.#next = undefined;
  }

  /** Ends reads that nobody asked for, but that of one partition. */
  #dropReads(but?: string): void {
    for (const [key, { underWay }] of this.#known) {
      if (key !== but) underWay?.drop();
    }
  }

  #forgetGone(): void {
    const ids = new Set(this.#services.boards().map(({ id }) => id));
    for (const key of this.#known.keys()) {
      if (!ids.has(key.slice(0, key.lastIndexOf('/')))) this.#known.delete(key);
    }
  }
}
