/**
 * The sidebar's commands for partitions in use, and for free columns: hold and release, clocks, the
 * kernel's descriptor, picking columns. Each asks first what it is about to do.
 */
import * as vscode from 'vscode';
import { type PartitionInfo, patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { processName } from '../board/owner-name.ts';
import type { BoardCollection, BoardEntry } from '../boards/boards.ts';
import { type PickedColumns, sameColumns } from '../boards/pick-columns.ts';
import { type ColumnRange, formatTile, type Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { agreesTo, pickFrom, sayInformation } from '../say/say.ts';
import type { RefusedStart } from '../session/link.ts';
import type { Failures } from './failures.ts';
import { columnsText, FreeColumnsNode, keyIfShared, ownerText, PartitionNode, PickedNode } from './nodes.ts';
import type { GuestQuestion } from './partition-questions.ts';
import type { BoardTree } from './tree.ts';

const questions = () => import('./partition-questions.ts');

/** A partition of a board that a command is about. */
export interface Place {
  readonly entry: BoardEntry;
  readonly partition: PartitionKey;
}

/** Columns of a board that a person picked, or may pick. */
interface Columns {
  readonly entry: BoardEntry;
  readonly columns: ColumnRange;
}

export interface GuestServices {
  readonly boards: BoardCollection;
  readonly tree: BoardTree;
  readonly picks: PickedColumns;
  readonly failures: Failures;
}

export class GuestCommands implements vscode.Disposable {
  readonly #services: GuestServices;
  readonly #refusedStarts: { dispose(): void };
  readonly #following: { dispose(): void };
  /** Connections that began, and whose picks were asked for. */
  readonly #reopened = new WeakSet<object>();
  /** The partitions as each board listed them last. */
  readonly #seen = new WeakMap<BoardEntry, readonly PartitionInfo[]>();
  /** Holds that are being released from here. */
  readonly #releasing = new Set<string>();
  /** Tiles whose clock was off when a person enabled the clocks, and in which epoch, by board and partition. */
  readonly #wereGated = new Map<string, { readonly epoch: string; readonly tiles: readonly Tile[] }>();
  readonly #endedHolds = new vscode.EventEmitter<Place>();

  /** How a person is asked; tests answer in their place. */
  confirm: (question: GuestQuestion) => Promise<boolean> = agreesTo;
  /** How a person is told that the driver did not do what was asked; tests listen in their place. */
  warn: (text: string) => void = (text) => void this.#services.failures.warn(text);
  /** How columns are typed; tests answer in their place. */
  askColumns: (run: ColumnRange) => Promise<ColumnRange | undefined> = async (run) =>
    (await questions()).askColumns(run);

  /** Fires when a hold ended that was not released from this window. */
  readonly onDidEndHold = this.#endedHolds.event;

  constructor(services: GuestServices) {
    this.#services = services;
    this.#following = services.boards.onDidChange((entry) => {
      if (entry === undefined) return;
      this.#reopenPicks(entry);
      this.#followHolds(entry);
    });
    this.#refusedStarts = services.boards.onDidRefuseStart(({ entry, start }) =>
      this.#sayRefusedStart(entry, start),
    );
  }

  dispose(): void {
    this.#following.dispose();
    this.#refusedStarts.dispose();
    this.#endedHolds.dispose();
  }

  /** Registers the commands; each takes a node, or asks which partition is meant. */
  register(): vscode.Disposable[] {
    const commands: Record<string, (argument?: unknown) => Promise<unknown>> = {
      hold: (argument) =>
        this.#withPartition(
          argument,
          (info) => canBeHeld(info),
          (place) => this.hold(place),
        ),
      releaseHold: (argument) =>
        this.#withPartition(
          argument,
          (info) => info.hold !== undefined,
          (place) => this.release(place),
        ),
      enableClocks: (argument) =>
        this.#withPartition(
          argument,
          (info) => !info.inUse && !info.clocksOn,
          (place) => this.enableClocks(place),
        ),
      disableClocks: (argument) =>
        this.#withPartition(
          argument,
          (info) => info.clocksOn,
          (place) => this.disableClocks(place),
        ),
      reachKernel: (argument) =>
        this.#withPartition(
          argument,
          (info) => info.owner?.kind === 'kernel',
          (place) => this.reachKernel(place),
        ),
      pickColumns: (argument) => this.#pick(argument),
      forgetColumns: (argument) => this.#forget(argument),
    };
    return Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (argument?: unknown) => {
        try {
          await run(argument);
        } catch (error) {
          await this.#services.failures.show(error);
        }
      }),
    );
  }

  /** Keeps what the partition's owner leaves behind, once a person agreed. True if it is held. Rejects with BoardError. */
  async hold({ entry, partition }: Place): Promise<boolean> {
    const info = this.#info(entry, partition);
    if (info === undefined || !canBeHeld(info)) {
      throw new BoardError('hold-failed', 'only a partition that a process has can be held');
    }
    const { holdQuestion } = await questions();
    if (!(await this.confirm(holdQuestion(info, entry.config.label)))) return false;
    await entry.link.hold(partition, true, AbortSignal.timeout(patience));
    return true;
  }

  /** Ends the hold. Asks where that resets and zeroes, or may, what an owner left. True if it ended. Rejects with BoardError. */
  async release({ entry, partition }: Place): Promise<boolean> {
    // The last list may be half a second old: an owner that crashed since would lose its memory without the question.
    await entry.link.refreshPartitions(AbortSignal.timeout(patience));
    const info = this.#info(entry, partition);
    const { releaseQuestion } = await questions();
    const question = info?.hold === undefined ? undefined : releaseQuestion(info, entry.config.label);
    if (question !== undefined && !(await this.confirm(question))) return false;
    const key = placeKey(entry, partition);
    this.#releasing.add(key);
    try {
      await entry.link.hold(partition, false, AbortSignal.timeout(patience));
    } finally {
      this.#releasing.delete(key);
    }
    return true;
  }

  /**
   * Has the clocks of a free partition's gated tiles run during each access, once a person agreed. True if they do.
   * Rejects with BoardError.
   */
  async enableClocks({ entry, partition }: Place): Promise<boolean> {
    const info = this.#info(entry, partition);
    if (info?.inUse === true) {
      throw new BoardError('locked', 'clocks are the business of the owner', ownerFacts(info));
    }
    const { clocksQuestion } = await questions();
    const question = clocksQuestion(this.#nameOf({ entry, partition }), entry.config.label);
    if (!(await this.confirm(question))) return false;
    const tiles = await this.#gatedTiles({ entry, partition });
    const running = await entry.link.enableClocks(partition, true, AbortSignal.timeout(patience));
    const epoch = this.#info(entry, partition)?.epoch;
    if (running && epoch !== undefined) this.#wereGated.set(placeKey(entry, partition), { epoch, tiles });
    if (!running) {
      this.warn(
        vscode.l10n.t(
          'The driver of {0} ignored the request: tiles whose clock is off stay off and unreadable. Let an application that uses them run, then read beside it.',
          entry.config.label,
        ),
      );
    }
    return running;
  }

  /** Gated tiles are left alone again; those that the driver leaves running are said. Rejects with BoardError. */
  async disableClocks({ entry, partition }: Place): Promise<void> {
    await entry.link.enableClocks(partition, false, AbortSignal.timeout(patience));
    const key = placeKey(entry, partition);
    const before = this.#wereGated.get(key);
    this.#wereGated.delete(key);
    if (before === undefined || before.epoch !== this.#info(entry, partition)?.epoch) return;
    const now = new Set((await this.#gatedTiles({ entry, partition })).map(formatTile));
    const left = new Set(before.tiles.filter((tile) => !now.has(formatTile(tile))).map(({ col }) => col));
    if (left.size === 0) return;
    this.warn(
      vscode.l10n.t(
        'The driver of {0} does not turn clocks off that are given back to it. Tiles whose clock was off still run, and can be read, in column: {1}.',
        entry.config.label,
        [...left].join(', '),
      ),
    );
  }

  /** The tiles of a free partition whose clock is off, by the registers. */
  async #gatedTiles({ entry, partition }: Place): Promise<Tile[]> {
    const info = this.#info(entry, partition);
    if (info === undefined) return [];
    const signal = AbortSignal.timeout(patience);
    const { columns } = info;
    const tiles = Array.from({ length: columns.numCols * (info.numRows - 1) }, (_, i) => ({
      col: columns.startCol + Math.floor(i / (info.numRows - 1)),
      row: info.startRow + 1 + (i % (info.numRows - 1)),
    }));
    const opened = await entry.link.open(partition, signal);
    const report = await opened.status(tiles, { asking: 'person' }, signal);
    return report.tiles.filter(({ reason }) => reason === 'gated').map(({ tile }) => tile);
  }

  /**
   * Takes a descriptor of a partition that XRT's kernel driver holds, once a person agreed; asks every time. True if it
   * was taken. Rejects with BoardError.
   */
  async reachKernel({ entry, partition }: Place): Promise<boolean> {
    const { kernelQuestion } = await questions();
    const question = kernelQuestion(this.#nameOf({ entry, partition }), entry.config.label);
    if (!(await this.confirm(question))) return false;
    await entry.link.takeKernelDescriptor(partition, AbortSignal.timeout(patience));
    this.#services.tree.refresh(entry);
    return true;
  }

  async #pick(argument: unknown): Promise<void> {
    const run = await this.#freeRun(argument);
    if (run === undefined) return;
    const { entry } = run;
    const columns = await this.askColumns(run.columns);
    if (columns === undefined) return;
    await entry.link.pick(columns, AbortSignal.timeout(patience));
    await this.#services.picks.add(entry.id, columns);
    this.#services.tree.refresh(entry);
  }

  async #freeRun(argument: unknown): Promise<Columns | undefined> {
    if (argument instanceof FreeColumnsNode) return argument;
    const runs = this.#services.boards.entries.flatMap((entry) =>
      entry.link.state.kind === 'connected'
        ? entry.link.freeColumns.map((columns) => ({ entry, columns }))
        : [],
    );
    if (runs.length === 0) {
      sayInformation(
        vscode.l10n.t('No connected board has columns to pick: its driver makes the partitions itself.'),
      );
      return undefined;
    }
    return this.#choose(runs, columnsText, () => vscode.l10n.t('free'));
  }

  async #forget(argument: unknown): Promise<void> {
    const { picks } = this.#services;
    const place =
      pickOf(argument) ??
      (await this.#choose(
        this.#services.boards.entries.flatMap((entry) =>
          picks.of(entry.id).map((columns) => ({ entry, columns })),
        ),
        columnsText,
        () => '',
      ));
    if (place === undefined) return;
    await picks.forget(place.entry.id, place.columns);
    this.#services.tree.refresh(place.entry);
  }

  async #withPartition(
    argument: unknown,
    fits: (info: PartitionInfo) => boolean,
    run: (place: Place) => Promise<unknown>,
  ): Promise<void> {
    const given = placeOf(argument);
    if (given !== undefined) {
      await run(given);
      return;
    }
    const places = this.#services.boards.entries.flatMap((entry) =>
      entry.link.state.kind === 'connected'
        ? this.#services.picks
            .shown(entry.id, entry.link.partitions)
            .filter(fits)
            .map((info) => ({ entry, partition: info.key }))
        : [],
    );
    const describe = ({ entry, partition }: Place): string => {
      const info = this.#info(entry, partition);
      return info === undefined ? '' : [...keyIfShared(entry, info), ownerText(info)].join(' · ');
    };
    const place = await this.#choose(places, (one) => this.#nameOf(one), describe);
    if (place !== undefined) await run(place);
  }

  async #choose<T extends Pick<Place, 'entry'>>(
    places: readonly T[],
    name: (place: T) => string,
    detailOf: (place: T) => string,
  ): Promise<T | undefined> {
    if (places.length === 0) {
      sayInformation(vscode.l10n.t('No connected board has a partition of this kind now.'));
      return undefined;
    }
    const chosen = await pickFrom(
      places.map((place) => ({
        label: name(place),
        description: `${place.entry.config.label}  ${detailOf(place)}`,
        place,
      })),
      { placeHolder: vscode.l10n.t('Which columns?') },
    );
    return chosen?.place;
  }

  #info(entry: BoardEntry, partition: PartitionKey): PartitionInfo | undefined {
    return entry.link.partitions.find(({ key }) => key === partition);
  }

  /** The columns of a partition for people; its key while the board does not list it. */
  #nameOf({ entry, partition }: Place): string {
    const info = this.#info(entry, partition);
    return info === undefined ? partition : columnsText(info);
  }

  /** Columns that were picked before are asked for again, once per connection; those that are taken say so in the tree. */
  #reopenPicks(entry: BoardEntry): void {
    const { state } = entry.link;
    if (state.kind !== 'connected' || this.#reopened.has(state.board)) return;
    this.#reopened.add(state.board);
    this.#services.picks.connectionBegan(entry.id);
    for (const columns of this.#services.picks.of(entry.id)) {
      if (entry.link.partitions.some((info) => sameColumns(info.columns, columns))) continue;
      entry.link
        .pick(columns, AbortSignal.timeout(patience))
        .catch((error: unknown) => this.#services.failures.note(error));
    }
  }

  /** The person is told at once, so that the application is started again. */
  #sayRefusedStart(entry: BoardEntry, { columns, command, pid }: RefusedStart): void {
    const place = columnsText({ columns });
    const board = entry.config.label;
    // What counts comes first: VS Code cuts a message that it shows among others.
    this.warn(
      pid === 0
        ? vscode.l10n.t(
            'An application was refused because Tilescope was reading: start it again. {0} of {1}.',
            place,
            board,
          )
        : vscode.l10n.t(
            '{2} was refused because Tilescope was reading: start it again. {0} of {1}.',
            place,
            board,
            processName({ command, pid }, vscode.l10n),
          ),
    );
  }

  /** A hold that ends without having been released here is said. */
  #followHolds(entry: BoardEntry): void {
    if (entry.link.state.kind !== 'connected') return;
    const before = this.#seen.get(entry) ?? [];
    this.#seen.set(entry, entry.link.partitions);
    for (const info of before) {
      if (info.hold === undefined || this.#releasing.has(placeKey(entry, info.key))) continue;
      if (this.#info(entry, info.key)?.hold !== undefined) continue;
      this.#endedHolds.fire({ entry, partition: info.key });
      this.warn(
        info.ownerGone
          ? vscode.l10n.t(
              '{0} of {1}: the hold ended. Its 8 hours were over, another window released it, or its process was ended. The driver has reset the columns; open editors keep the bytes as last read.',
              columnsText(info),
              entry.config.label,
            )
          : vscode.l10n.t(
              '{0} of {1}: the hold ended. Its 8 hours were over, another window released it, or its process was ended. Hold again to keep what the application leaves behind.',
              columnsText(info),
              entry.config.label,
            ),
      );
    }
  }
}

/** What a hold is for: a process has it, or somebody who cannot be seen. The kernel keeps what it has anyway. */
function canBeHeld(info: PartitionInfo): boolean {
  return info.inUse && info.hold === undefined && info.owner?.kind !== 'kernel';
}

function ownerFacts({ owner }: PartitionInfo): { pid?: number; command?: string } {
  return owner?.kind === 'process' ? { pid: owner.pid, command: owner.command } : {};
}

function placeOf(argument: unknown): Place | undefined {
  return argument instanceof PartitionNode
    ? { entry: argument.entry, partition: argument.info.key }
    : undefined;
}

function pickOf(argument: unknown): Columns | undefined {
  if (argument instanceof PartitionNode) return { entry: argument.entry, columns: argument.info.columns };
  return argument instanceof PickedNode ? argument : undefined;
}

function placeKey(entry: BoardEntry, partition: PartitionKey): string {
  return `${entry.id}/${partition}`;
}
