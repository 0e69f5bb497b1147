import {
  type ByteRange,
  type MemoryGeometry,
  type MemoryType,
  memoryTypes,
  type Tile,
  tileRange,
  totalBytes,
} from './geometry.ts';
import { isPartitionKey, type PartitionKey } from './partition-key.ts';

/** The URI scheme of tile memory. */
export const scheme = 'aie';

/** The file extension that ties a resource to the editor. */
const extension = '.aiemem';

/**
 * What an `aie:` resource names: one memory type of one partition of one board, or one tile of it.
 * `aie://<board>/<partition>/<memory>[/<col>_<row>].aiemem`. A public contract: it stands in notes and scripts.
 */
export interface MemoryResource {
  /** Board id: lower-case letters, digits, `-` and `.`; it is the URI's authority. */
  readonly board: string;
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  readonly tile?: Tile;
}

const boardPattern = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/;

/** Whether the text can be a board id. */
export function isBoardId(text: string): boolean {
  return boardPattern.test(text);
}

/** The path part of the resource's URI, with its leading slash. */
export function resourcePath(resource: MemoryResource): string {
  const { partition, memory, tile } = resource;
  const base = `/${partition}/${memory}`;
  return tile === undefined ? `${base}${extension}` : `${base}/${tile.col}_${tile.row}${extension}`;
}

/** Reads authority and path of an `aie:` URI; `undefined` if they do not name tile memory. */
export function parseResource(authority: string, path: string): MemoryResource | undefined {
  const match = /^\/([^/]+)\/([a-z-]+)(?:\/(\d{1,4})_(\d{1,4}))?\.aiemem$/.exec(path);
  if (match === null || !isBoardId(authority)) return undefined;
  const [, partition, memory, col, row] = match;
  const type = memoryTypes.find((candidate) => candidate === memory);
  if (type === undefined || !isPartitionKey(partition)) return undefined;
  const whole = { board: authority, partition, memory: type };
  return col === undefined ? whole : { ...whole, tile: { col: Number(col), row: Number(row) } };
}

/** The buffer offsets that the resource shows. Throws RangeError for a tile that the memory does not have. */
export function resourceRange(resource: MemoryResource, geometry: MemoryGeometry): ByteRange {
  if (resource.tile === undefined) return { offset: 0, length: totalBytes(geometry) };
  return tileRange(geometry, resource.tile);
}
