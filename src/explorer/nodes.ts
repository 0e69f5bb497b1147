/** The tree's nodes: small classes that know their place, their icon and their children's source. */
import * as vscode from 'vscode';
import type { BoardInfo, Partition, PartitionInfo } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import { ownerName } from '../board/owner-name.ts';
import type { BoardEntry } from '../boards/boards.ts';
import { actionNames } from '../model/action-names.ts';
import {
  type ArrayShape,
  type ColumnRange,
  computeRow,
  formatTile,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  tileCount,
  tileStart,
  tiles,
  totalBytes,
} from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import { type MemoryResource, resourcePath, scheme } from '../model/resource.ts';
import { tableTooltip } from '../say/say.ts';
import { errorText } from './failures.ts';
import { type Clock, clockOf, ownerText as ownerSentence, partitionContext } from './owner-sentences.ts';

/** Up to this many tiles are listed directly under their memory type, more are grouped by column. */
const mostUngroupedTiles = 64;

/** A node of the tree. `key` is unique and stable: expansion and selection are remembered by it. */
export interface TreeNode {
  readonly key: string;
  item(expanded: boolean): vscode.TreeItem;
}

function makeItem(
  node: TreeNode,
  label: string,
  expanded: boolean | undefined,
  icon: vscode.ThemeIcon,
  context: string,
): vscode.TreeItem {
  const state = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(
    label,
    expanded === undefined ? state.None : expanded ? state.Expanded : state.Collapsed,
  );
  item.id = node.key;
  item.iconPath = icon;
  item.contextValue = context;
  return item;
}

/** The name of a memory type, for people. */
export function memoryName(type: MemoryType): string {
  switch (type) {
    case 'data':
      return vscode.l10n.t('Data memory');
    case 'program':
      return vscode.l10n.t('Program memory');
    case 'memory-tile':
      return vscode.l10n.t('Memory tiles');
    case 'uc-program':
      return vscode.l10n.t('Microcontroller program memory');
    case 'uc-private-data':
      return vscode.l10n.t('Microcontroller private data memory');
    case 'uc-shared-data':
      return vscode.l10n.t('Microcontroller shared data memory');
  }
}

/** A size in the largest binary unit that keeps it exact. */
export function sizeText(bytes: number): string {
  if (bytes >= 1 << 20 && bytes % (1 << 18) === 0) return vscode.l10n.t('{0} MiB', bytes / (1 << 20));
  if (bytes >= 1 << 10 && bytes % (1 << 10) === 0) return vscode.l10n.t('{0} KiB', bytes / (1 << 10));
  return vscode.l10n.t('{0} bytes', bytes);
}

/** The columns of a partition, for people. */
export function columnsText(info: Pick<PartitionInfo, 'columns'>): string {
  const { startCol, numCols } = info.columns;
  return numCols === 1
    ? vscode.l10n.t('Column {0}', startCol)
    : vscode.l10n.t('Columns {0} to {1}', startCol, startCol + numCols - 1);
}

/** Moments on the board's clock, as people say them here. */
const clock: Clock = clockOf(vscode.env.language, Date.now);

/** How a partition stands, in words. */
export function ownerText(info: PartitionInfo): string {
  return ownerSentence(info, clock, vscode.l10n);
}

/** The array's shape, while the board is connected and knows it. */
/** The shape of a connected board's array. */
export function arrayOf(entry: BoardEntry): ArrayShape | undefined {
  const { state } = entry.link;
  return state.kind === 'connected' ? state.board.info.array : undefined;
}

/** A row in the graph tools' numbering, if it is a row of cores. */
function computeRowText(array: ArrayShape | undefined, row: number): string | undefined {
  const counted = computeRow(array, row);
  return counted === undefined ? undefined : vscode.l10n.t('compute row {0}', counted);
}

/** The key of a board's row; a board that is not there yet has it already. */
export function boardKey(id: string): string {
  return `board:${id}`;
}

export class BoardNode implements TreeNode {
  readonly key: string;
  readonly entry: BoardEntry;

  constructor(entry: BoardEntry) {
    this.entry = entry;
    this.key = boardKey(entry.id);
  }

  item(expanded: boolean): vscode.TreeItem {
    const { config, link, kept } = this.entry;
    const state = link.state;
    const editable = kept && config.kind === 'ssh' ? '.editable' : '';
    const icons: Record<typeof state.kind, vscode.ThemeIcon> = {
      disconnected: new vscode.ThemeIcon('circuit-board', new vscode.ThemeColor('disabledForeground')),
      connecting: new vscode.ThemeIcon('loading~spin'),
      connected: new vscode.ThemeIcon('circuit-board', new vscode.ThemeColor('charts.green')),
      offline: new vscode.ThemeIcon('circuit-board', new vscode.ThemeColor('charts.orange')),
    };
    const item = makeItem(
      this,
      config.label,
      expanded,
      icons[state.kind],
      `board.${state.kind}.${config.kind}${editable}`,
    );
    switch (state.kind) {
      case 'disconnected':
        item.description = vscode.l10n.t('not connected');
        break;
      case 'connecting':
        item.description = vscode.l10n.t('connecting');
        break;
      case 'connected':
        if (link.hung !== undefined) {
          item.description = vscode.l10n.t('driver hangs');
          item.iconPath = new vscode.ThemeIcon('circuit-board', new vscode.ThemeColor('charts.orange'));
        } else if (placeText(this.entry) !== config.label) item.description = placeText(this.entry);
        break;
      case 'offline':
        item.description = vscode.l10n.t('offline');
        break;
    }
    item.tooltip = state.kind === 'connected' ? boardTooltip(this.entry, state.board.info) : this.#tooltip();
    return item;
  }

  #tooltip(): vscode.TreeItem['tooltip'] {
    const state = this.entry.link.state;
    const rows: [string, string][] = [[vscode.l10n.t('Reached by'), placeText(this.entry)]];
    if (state.kind === 'offline') rows.push([vscode.l10n.t('Offline'), errorText(state.error)]);
    return tableTooltip(this.entry.config.label, rows);
  }
}

function placeText(entry: BoardEntry): string {
  const config = entry.config;
  if (config.kind === 'simulated') return vscode.l10n.t('simulated');
  if (config.kind === 'local') return vscode.l10n.t('this machine');
  if (config.kind === 'snapshot') return vscode.l10n.t('snapshot {0}', config.path);
  const host = config.user === undefined ? config.host : `${config.user}@${config.host}`;
  return config.port === undefined ? host : `${host}:${config.port}`;
}

function boardTooltip(entry: BoardEntry, info: BoardInfo): vscode.TreeItem['tooltip'] {
  const { hung } = entry.link;
  const rows: [string, string][] = [
    ...(hung === undefined ? [] : [[vscode.l10n.t('Driver'), errorText(hung)] satisfies [string, string]]),
    [vscode.l10n.t('Reached by'), placeText(entry)],
    [vscode.l10n.t('Host'), info.hostName],
    [vscode.l10n.t('Device'), info.device],
    [vscode.l10n.t('Driver family'), info.family],
    [vscode.l10n.t('Generation'), info.generation],
    [vscode.l10n.t('Kernel'), `${info.kernel} (${info.machine})`],
    [vscode.l10n.t('Kernel page'), sizeText(info.pageSize)],
  ];
  if (info.coreVersion !== '') rows.push([vscode.l10n.t('Helper version'), info.coreVersion]);
  return tableTooltip(entry.config.label, rows, info.findings.slice(0, 20));
}

/** A partition of a connected board, as last listed. */
export class PartitionNode implements TreeNode {
  readonly key: string;
  readonly entry: BoardEntry;
  readonly info: PartitionInfo;

  constructor(entry: BoardEntry, info: PartitionInfo) {
    this.entry = entry;
    this.info = info;
    this.key = `partition:${entry.id}/${info.key}`;
  }

  item(expanded: boolean): vscode.TreeItem {
    const { entry, info } = this;
    const item = makeItem(this, columnsText(info), expanded, partitionIcon(info), partitionContext(info));
    item.description = [...keyIfShared(entry, info), ownerText(info)].join(' · ');
    const rows: [string, string][] = [
      [vscode.l10n.t('Columns'), `${info.columns.numCols}`],
      [
        vscode.l10n.t('Rows'),
        vscode.l10n.t(
          '{0} to {1}, row {2} is the shim row',
          info.startRow,
          info.startRow + info.numRows - 1,
          info.startRow,
        ),
      ],
      [vscode.l10n.t('Driver id'), `${info.id}`],
      [vscode.l10n.t('Name in addresses'), info.key],
      [vscode.l10n.t('State'), ownerText(info)],
    ];
    const { hold, owner } = info;
    if (owner !== undefined) rows.push([vscode.l10n.t('Owner'), ownerName(owner, vscode.l10n)]);
    const since = owner?.startedAt ?? 0;
    if (since > 0) {
      rows.push([vscode.l10n.t('Owner runs since'), new Date(since).toLocaleString(vscode.env.language)]);
    }
    if (hold !== undefined) {
      rows.push([
        vscode.l10n.t('Held'),
        vscode.l10n.t('since {0}, until {1}', clock(hold.since), clock(hold.until)),
      ]);
    }
    if (info.ownerGone) {
      rows.push([
        vscode.l10n.t('Release'),
        vscode.l10n.t('resets the columns and zeroes their memory; then the application can start'),
      ]);
    }
    item.tooltip = tableTooltip(columnsText(info), rows);
    return item;
  }
}

/** What tells a partition from another one of the same columns; nothing where there is none. */
export function keyIfShared({ link }: Pick<BoardEntry, 'link'>, { key, columns }: PartitionInfo): string[] {
  const isSame = (other: PartitionInfo) =>
    other.columns.startCol === columns.startCol && other.columns.numCols === columns.numCols;
  return link.partitions.some((other) => other.key !== key && isSame(other)) ? [key] : [];
}

function partitionIcon(info: PartitionInfo): vscode.ThemeIcon {
  if (info.ownerGone) return new vscode.ThemeIcon('archive', new vscode.ThemeColor('charts.orange'));
  if (info.hold !== undefined) return new vscode.ThemeIcon('pinned', new vscode.ThemeColor('charts.blue'));
  return info.inUse
    ? new vscode.ThemeIcon('symbol-array', new vscode.ThemeColor('charts.blue'))
    : new vscode.ThemeIcon('symbol-array');
}

/** A run of free columns, on a driver with dynamic partitions. */
export class FreeColumnsNode implements TreeNode {
  readonly key: string;
  readonly entry: BoardEntry;
  readonly columns: ColumnRange;

  constructor(entry: BoardEntry, columns: ColumnRange) {
    this.entry = entry;
    this.columns = columns;
    this.key = `free:${entry.id}/${columns.startCol}_${columns.numCols}`;
  }

  item(): vscode.TreeItem {
    const columns = columnsText(this);
    const label = vscode.l10n.t('{0}, free', columns);
    const item = makeItem(
      this,
      label,
      undefined,
      new vscode.ThemeIcon('symbol-array', new vscode.ThemeColor('disabledForeground')),
      'freeColumns',
    );
    item.tooltip = vscode.l10n.t(
      'This driver makes a partition of the columns that it is asked for. Pick some of these to see their memory.',
    );
    item.command = {
      command: 'tilescope.pickColumns',
      title: vscode.l10n.t('Pick Columns...'),
      arguments: [this],
    };
    return item;
  }
}

/** Picked columns that the board does not list: an application took some of them, and may have given them back. */
export class PickedNode implements TreeNode {
  readonly key: string;
  readonly entry: BoardEntry;
  readonly columns: ColumnRange;
  readonly #free: boolean;

  constructor(entry: BoardEntry, columns: ColumnRange) {
    this.entry = entry;
    this.columns = columns;
    this.#free = entry.link.freeColumns.some(
      (run) =>
        columns.startCol >= run.startCol && columns.startCol + columns.numCols <= run.startCol + run.numCols,
    );
    this.key = `picked:${entry.id}/${columns.startCol}_${columns.numCols}`;
  }

  item(expanded: boolean): vscode.TreeItem {
    const icon = new vscode.ThemeIcon('symbol-array', new vscode.ThemeColor('disabledForeground'));
    const item = makeItem(this, columnsText(this), expanded, icon, 'partition.lost.picked');
    item.description = this.#free ? vscode.l10n.t('picked, free again') : vscode.l10n.t('picked, taken');
    item.tooltip = vscode.l10n.t('You picked these columns. Expand to ask the driver for them again.');
    return item;
  }
}

/** A memory type of a partition. */
export class MemoryNode implements TreeNode {
  readonly key: string;
  readonly entry: BoardEntry;
  readonly partition: Pick<PartitionInfo, 'key' | 'columns'>;
  readonly geometry: MemoryGeometry;

  constructor(
    entry: BoardEntry,
    partition: Pick<PartitionInfo, 'key' | 'columns'>,
    geometry: MemoryGeometry,
  ) {
    this.entry = entry;
    this.partition = partition;
    this.geometry = geometry;
    this.key = `memory:${entry.id}/${partition.key}/${geometry.type}`;
  }

  get resource(): MemoryResource {
    return { board: this.entry.id, partition: this.partition.key, memory: this.geometry.type };
  }

  item(expanded: boolean): vscode.TreeItem {
    const { geometry } = this;
    const icon = geometry.type.includes('program') ? 'file-binary' : 'database';
    const item = makeItem(this, memoryName(geometry.type), expanded, new vscode.ThemeIcon(icon), 'memory');
    item.description = sizeText(totalBytes(geometry));
    item.tooltip = tableTooltip(memoryName(geometry.type), [
      [vscode.l10n.t('Tiles'), `${tileCount(geometry)}`],
      [vscode.l10n.t('Columns'), `${geometry.startCol} - ${geometry.startCol + geometry.numCols - 1}`],
      [vscode.l10n.t('Rows'), rowsText(geometry, arrayOf(this.entry))],
      [vscode.l10n.t('In each tile'), sizeText(geometry.bytesPerTile)],
      [vscode.l10n.t('Together'), sizeText(totalBytes(geometry))],
      [vscode.l10n.t('Offset in the tile'), hexNumber(geometry.tileBase, 4)],
    ]);
    return item;
  }

  /** Tiles, or columns where there are many. */
  children(): TreeNode[] {
    if (tileCount(this.geometry) <= mostUngroupedTiles) {
      return tiles(this.geometry).map((tile) => new TileNode(this, tile));
    }
    const columns: TreeNode[] = [];
    for (let index = 0; index < this.geometry.numCols; index++) {
      columns.push(new ColumnNode(this, this.geometry.startCol + index));
    }
    return columns;
  }
}

/** The tiles of one column of a large memory. */
export class ColumnNode implements TreeNode {
  readonly key: string;
  readonly memory: MemoryNode;
  readonly col: number;

  constructor(memory: MemoryNode, col: number) {
    this.memory = memory;
    this.col = col;
    this.key = `column:${memory.key}/${col}`;
  }

  item(expanded: boolean): vscode.TreeItem {
    const { startRow, numRows } = this.memory.geometry;
    const item = makeItem(
      this,
      vscode.l10n.t('Column {0}', this.col),
      expanded,
      new vscode.ThemeIcon('split-horizontal'),
      'column',
    );
    item.description = vscode.l10n.t('rows {0} to {1}', startRow, startRow + numRows - 1);
    item.tooltip = tableTooltip(vscode.l10n.t('Column {0}', this.col), [
      [vscode.l10n.t('Rows'), rowsText(this.memory.geometry, arrayOf(this.memory.entry))],
    ]);
    return item;
  }

  children(): TileNode[] {
    return tiles(this.memory.geometry)
      .filter((tile) => tile.col === this.col)
      .map((tile) => new TileNode(this.memory, tile));
  }
}

/** The memory of one type in one tile. */
export class TileNode implements TreeNode {
  readonly key: string;
  readonly memory: MemoryNode;
  readonly tile: Tile;

  constructor(memory: MemoryNode, tile: Tile) {
    this.memory = memory;
    this.tile = tile;
    this.key = `tile:${memory.key}/${tile.col}_${tile.row}`;
  }

  get resource(): MemoryResource {
    return { ...this.memory.resource, tile: this.tile };
  }

  item(): vscode.TreeItem {
    const { geometry } = this.memory;
    const item = makeItem(
      this,
      formatTile(this.tile),
      undefined,
      new vscode.ThemeIcon('symbol-field'),
      'tile',
    );
    const start = tileStart(geometry, this.tile);
    const array = arrayOf(this.memory.entry);
    const counted = computeRow(array, this.tile.row);
    const beside = computeRowText(array, this.tile.row);
    if (beside !== undefined) item.description = beside;
    item.tooltip = tableTooltip(vscode.l10n.t('Tile {0}', formatTile(this.tile)), [
      [memoryName(geometry.type), sizeText(geometry.bytesPerTile)],
      [
        vscode.l10n.t('Buffer offset'),
        `${hexNumber(start, 4)} - ${hexNumber(start + geometry.bytesPerTile - 1, 4)}`,
      ],
      counted === undefined
        ? [
            vscode.l10n.t('Row counted from the first row of this memory'),
            `${this.tile.row - geometry.startRow}`,
          ]
        : [vscode.l10n.t('Row counted from the first compute row'), `${counted}`],
    ]);
    // VS Code's own command: a click that had to ask the extension's side first would show the tile that much later.
    item.command = {
      command: 'vscode.openWith',
      title: vscode.l10n.t('Open'),
      arguments: [uriOf(this.resource), 'tilescope.hex'],
    };
    return item;
  }
}

/** Rows of a memory, in both numberings where it has compute rows. */
function rowsText({ startRow, numRows }: MemoryGeometry, array: ArrayShape | undefined): string {
  const rows = `${startRow} - ${startRow + numRows - 1}`;
  const first = computeRow(array, startRow);
  const last = computeRow(array, startRow + numRows - 1);
  return first === undefined || last === undefined
    ? rows
    : vscode.l10n.t('{0} (compute rows {1} - {2})', rows, first, last);
}

/** A sentence in place of children: not connected, nothing here, or why they cannot be listed. */
export class MessageNode implements TreeNode {
  readonly key: string;
  readonly #label: string;
  readonly #icon: string;
  readonly #command: vscode.Command | undefined;

  constructor(parent: string, label: string, icon: string, command?: vscode.Command) {
    this.key = `message:${parent}`;
    this.#label = label;
    this.#icon = icon;
    this.#command = command;
  }

  item(): vscode.TreeItem {
    const item = makeItem(this, this.#label, undefined, new vscode.ThemeIcon(this.#icon), 'message');
    item.tooltip = this.#label;
    if (this.#command !== undefined) item.command = this.#command;
    return item;
  }
}

/** A message node for a failure; a click runs the command, or shows the log. */
export function failureNode(parent: string, error: BoardError, command?: vscode.Command): MessageNode {
  return new MessageNode(
    parent,
    errorText(error),
    'warning',
    command ?? { command: 'tilescope.showLog', title: actionNames(vscode.l10n).showLog },
  );
}

/** The memory nodes of an opened partition. */
export function memoryNodes(entry: BoardEntry, partition: Partition): TreeNode[] {
  const { key, columns } = partition;
  return partition.memories.map(({ geometry }) => new MemoryNode(entry, { key, columns }, geometry));
}

/** The URI under which VS Code opens a resource. */
export function uriOf(resource: MemoryResource): vscode.Uri {
  return vscode.Uri.from({ scheme, authority: resource.board, path: resourcePath(resource) });
}
