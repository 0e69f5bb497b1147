/** The lines of *Open Tile...*: which memories of which tiles a text names. Pure: knows partitions, opens nothing. */
import type { PartitionInfo } from '../board/board.ts';
import {
  type ArrayShape,
  formatTile,
  type MemoryType,
  parseTile,
  type Tile,
  type TileKind,
  tileKind,
} from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { MemoryResource } from '../model/resource.ts';

/** A connected board as the sidebar shows it. */
export interface TileBoard {
  readonly id: string;
  readonly label: string;
  readonly array: ArrayShape | undefined;
  readonly partitions: readonly Pick<PartitionInfo, 'key' | 'columns'>[];
}

/** A line of the box; one without a resource says why there is none. */
export interface TileLine {
  readonly label: string;
  readonly description: string;
  readonly resource?: MemoryResource & { readonly tile: Tile };
}

/** The memories of each kind of tile, the usual one first. */
const memoriesOf: Readonly<Record<TileKind, readonly MemoryType[]>> = {
  core: ['data', 'program'],
  memory: ['memory-tile'],
  shim: [],
};

/** What the words on a line are made with. */
export interface TileTexts {
  memoryName(type: MemoryType): string;
  columnsText(partition: Pick<PartitionInfo, 'columns'>): string;
  readonly l10n: Localiser;
}

/** The lines for a text; the memory that a person is in comes first. */
export function openTileLines(
  typed: string,
  boards: readonly TileBoard[],
  active: Pick<MemoryResource, 'board' | 'partition' | 'memory'> | undefined,
  { memoryName, columnsText, l10n }: TileTexts,
): readonly TileLine[] {
  const tile = parseTile(typed);
  if (tile === undefined) {
    return [{ label: l10n.t('Type a tile such as (3,2): column, row.'), description: '' }];
  }
  const lines = boards.flatMap(({ id, label, array, partitions }) =>
    partitions
      .filter(({ columns }) => isIn(tile, columns))
      .flatMap((partition) =>
        memoriesOf[tileKind(array, tile.row)].map((memory) => ({
          label: formatTile(tile),
          description: [memoryName(memory), columnsText(partition), label].join(' · '),
          resource: { board: id, partition: partition.key, memory, tile },
        })),
      ),
  );
  if (lines.length === 0) {
    return [
      { label: l10n.t('No connected board has memory in tile {0}.', formatTile(tile)), description: '' },
    ];
  }
  const rank = ({ resource }: (typeof lines)[number]) =>
    resource.board === active?.board && resource.partition === active.partition
      ? Number(resource.memory !== active.memory)
      : 2;
  return lines.sort((a, b) => rank(a) - rank(b));
}

function isIn({ col }: Tile, { startCol, numCols }: PartitionInfo['columns']): boolean {
  return col >= startCol && col < startCol + numCols;
}
