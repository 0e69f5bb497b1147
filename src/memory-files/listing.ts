/** Boards as folders and files of tile memory: names, kinds and sizes, made of what a connection told. Pure. */
import type { PartitionInfo } from '../board/board.ts';
import {
  type ArrayShape,
  type Generation,
  type MemoryGeometry,
  type MemoryType,
  tiles,
  totalBytes,
} from '../model/geometry.ts';
import { memoriesOf } from '../model/memory-places.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { type MemoryResource, parseResource, resourcePath, resourceRange } from '../model/resource.ts';

/** What a connected board told of itself. */
export interface ToldBoard {
  /** Absent where the driver did not tell: then no partition has files. */
  readonly generation?: Generation;
  readonly array?: ArrayShape;
  readonly partitions: readonly Pick<PartitionInfo, 'key' | 'columns' | 'startRow' | 'numRows'>[];
}

/** One name in a folder. */
interface ListedName {
  readonly name: string;
  readonly kind: 'folder' | 'file';
}

/** What stands at a path. */
export type Listed =
  | { readonly kind: 'folder'; readonly names: readonly ListedName[] }
  | {
      readonly kind: 'file';
      readonly resource: MemoryResource;
      /** Bytes of the file. */
      readonly length: number;
    };

/** Memory types that are files. Reading program memory can halt a running core, so it is none. */
const listedTypes: readonly MemoryType[] = ['data', 'memory-tile'];

function isListed(type: MemoryType): boolean {
  return listedTypes.includes(type);
}

/** The layouts of a partition's memories that are files; none where the partition or the array's shape is not known. */
function layouts({ generation, array, partitions }: ToldBoard, key: PartitionKey): readonly MemoryGeometry[] {
  const partition = partitions.find((one) => one.key === key);
  if (generation === undefined || array === undefined || partition === undefined) return [];
  const end = partition.startRow + partition.numRows;
  return memoriesOf(generation, array, partition.columns).filter(
    (layout) => isListed(layout.type) && totalBytes(layout) > 0 && layout.startRow + layout.numRows <= end,
  );
}

/** The memory that a path names, if it can be a file. */
export function fileResource(board: string, path: string): MemoryResource | undefined {
  const resource = parseResource(board, path);
  return resource !== undefined && isListed(resource.memory) ? resource : undefined;
}

/** The last step of the path of a resource. */
function nameOf(resource: MemoryResource): string {
  return resourcePath(resource).split('/').at(-1) ?? '';
}

function fileAt(told: ToldBoard, resource: MemoryResource): Listed | undefined {
  const layout = layouts(told, resource.partition).find(({ type }) => type === resource.memory);
  if (layout === undefined) return undefined;
  try {
    return { kind: 'file', resource, length: resourceRange(resource, layout).length };
  } catch (error) {
    // The partition has no such tile.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What stands at a path of a board's files; undefined where nothing does. */
export function listedAt(board: string, path: string, told: ToldBoard): Listed | undefined {
  const resource = fileResource(board, path);
  if (resource !== undefined) return fileAt(told, resource);
  const [partition, memory, ...more] = path.split('/').filter((step) => step !== '');
  if (partition === undefined) {
    return { kind: 'folder', names: told.partitions.map(({ key }) => ({ name: key, kind: 'folder' })) };
  }
  if (more.length > 0 || !told.partitions.some(({ key }) => key === partition)) return undefined;
  const all = layouts(told, partition);
  if (memory === undefined) {
    const names = all.flatMap(({ type }): ListedName[] => [
      { name: type, kind: 'folder' },
      { name: nameOf({ board, partition, memory: type }), kind: 'file' },
    ]);
    return { kind: 'folder', names };
  }
  const layout = all.find(({ type }) => type === memory);
  if (layout === undefined) return undefined;
  const names = tiles(layout).map((tile): ListedName => {
    return { name: nameOf({ board, partition, memory: layout.type, tile }), kind: 'file' };
  });
  return { kind: 'folder', names };
}
