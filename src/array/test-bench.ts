/** Views on a simulated board, with time that stands still until a test moves it. For tests only. */

import { toBoardError } from '../board/errors.ts';
import { SimulatedArray, type SimulatedArrayOptions } from '../board/simulated/array.ts';
import { createSimulatedConnector } from '../board/simulated/connector.ts';
import { Emitter } from '../model/event.ts';
import type { PlacedName } from '../model/program/build.ts';
import { StackUses } from '../model/program/stack-uses.ts';
import { BoardLink } from '../session/link.ts';
import { HeatPool } from '../session/partition-heat.ts';
import { ManualTime } from '../session/scripted-board.ts';
import { type ArrayBoard, ArrayModel, type ArrayServices } from './array-model.ts';
import { TileModel } from './tile-model.ts';

export const plain = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (whole, index: string) => String(args[Number(index)] ?? whole)),
};

export class ViewBench {
  readonly time = new ManualTime();
  readonly array: SimulatedArray;
  readonly link: BoardLink;
  readonly boards: ArrayBoard[];
  readonly model: ArrayModel;
  readonly tile: TileModel;
  readonly boardsChanged = new Emitter<void>();
  readonly namesChanged = new Emitter<void>();
  /** Kernels by tile. */
  readonly names = new Map<string, readonly string[]>();
  /** What has a name, by memory and tile. */
  readonly places = new Map<string, readonly PlacedName[]>();
  readonly stacks = new StackUses();
  readonly heat = new HeatPool(this.time);
  readonly heatWanted = new Emitter<void>();
  wantsHeat = false;
  /** The places that were opened. */
  readonly opened: unknown[] = [];
  readonly noted: unknown[] = [];
  /** Whether picks are not shown. */
  withoutPicks = false;
  readonly services: ArrayServices;

  constructor(options: SimulatedArrayOptions = {}) {
    this.array = new SimulatedArray({ now: () => this.time.now(), ...options });
    this.link = new BoardLink('desk', 'Desk', createSimulatedConnector({ array: this.array }), this.time);
    this.boards = [{ id: 'desk', label: this.link.label, link: this.link }];
    this.link.onDidChangeState(() => this.boardsChanged.fire());
    this.link.onDidChangePartitions(() => this.boardsChanged.fire());
    this.services = {
      boards: () => this.boards,
      onDidChangeBoards: (listener) => this.boardsChanged.event(listener),
      partitions: ({ link }) => link.partitions.filter(({ picked }) => !(picked && this.withoutPicks)),
      columnsText: ({ columns }) =>
        `Columns ${columns.startCol} to ${columns.startCol + columns.numCols - 1}`,
      ownerText: ({ inUse }) => (inUse ? 'in use' : 'free'),
      errorText: (error) => `${error.code}.`,
      showFailure: (thrown) => this.noted.push(thrown),
      note: (thrown) => {
        this.noted.push(thrown);
        return toBoardError(thrown);
      },
      tileNames: (_, { col, row }) => this.names.get(`${col},${row}`) ?? [],
      kernels: (_, { col, row }) => this.names.get(`${col},${row}`) ?? [],
      acquire: async () => undefined,
      names: (_, memory, { col, row }) => this.places.get(`${memory} ${col},${row}`) ?? [],
      stackUse: (place, stack) => this.stacks.of(place, stack),
      refreshNames: () => undefined,
      openPlace: async (...place) => void this.opened.push(place),
      onDidChangeNames: (listener) => this.namesChanged.event(listener),
      heat: ({ link }, key) => (this.wantsHeat ? this.heat.of(link, key) : undefined),
      onDidWantHeat: (listener) => this.heatWanted.event(listener),
      clock: () => '14:03:27',
      after: (milliseconds, action) => this.time.after(milliseconds, action),
      l10n: plain,
    };
    this.model = new ArrayModel(this.services);
    this.tile = new TileModel(this.services);
  }
}
