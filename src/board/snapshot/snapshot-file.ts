/**
 * Snapshots as files: a zip with `snapshot.json` and the bytes of each memory (`docs/snapshots.md`). Knows the format; not
 * how bytes are read from a board, nor how a snapshot is shown.
 */
import { createHash } from 'node:crypto';
import { strFromU8, strToU8, Zip, ZipDeflate } from 'fflate';
import * as v from 'valibot';
import { type UnreadableReason, unreadableReasons } from '../../model/byte-state.ts';
import { FileError } from '../../model/files/file-error.ts';
import {
  type ArrayShape,
  type ByteRange,
  type ColumnRange,
  type MemoryGeometry,
  memoryTypes,
  mostColumns,
  mostMemoryBytes,
  mostRows,
  type Tile,
  totalBytes,
} from '../../model/geometry.ts';
import { isPartitionKey } from '../../model/partition-key.ts';
import { type PlacedName, sizeSources } from '../../model/program/build.ts';
import { cellNameShape, countShape, cutText, fitting, geometryShape, whole } from '../../model/shapes.ts';
import type { BoardInfo } from '../board.ts';
import { ZipFiles } from './zip-files.ts';

/** A run of bytes that is not in the snapshot; without a reason nobody had read it. */
export interface MissingRun extends ByteRange {
  readonly reason?: UnreadableReason;
}

/** One memory type of a snapshot. A tile alone is a memory of one column and one row. */
export interface SavedMemory {
  readonly geometry: MemoryGeometry;
  /** All bytes of the geometry; those that are missing are zero. */
  readonly bytes: Uint8Array;
  readonly missing: readonly MissingRun[];
}

/** Where and when bytes were read. */
export interface SnapshotOrigin {
  /** Milliseconds since 1970, this machine's clock: when the oldest byte was read. */
  readonly at: number;
  /** The board's name in the sidebar. */
  readonly label: string;
  readonly board: Pick<BoardInfo, 'device' | 'generation' | 'hostName' | 'kernel' | 'machine'> & {
    readonly family: string;
    readonly array?: ArrayShape | undefined;
  };
  readonly partition: {
    readonly key: string;
    readonly columns: ColumnRange;
    readonly startRow: number;
    readonly numRows: number;
  };
  readonly epoch: string;
  /** Command name of the process that had the partition; empty for none. */
  readonly owner: string;
}

/** What a tile's kernels were called. */
interface KernelsOfTile {
  readonly tile: Tile;
  readonly name: string;
}

/** A snapshot as it is kept in a file. */
export interface SavedSnapshot extends SnapshotOrigin {
  readonly memories: readonly SavedMemory[];
  /** What a build called the places of these memories. */
  readonly names: readonly PlacedName[];
  readonly kernels: readonly KernelsOfTile[];
}

const format = 'tilescope-snapshot';
const manifestName = 'snapshot.json';
/** A larger manifest is none. */
const mostManifest = 32 << 20;
/** Bytes of all memories together at most. */
const mostBytes = 512 << 20;
/** Bytes that are compressed at a time. */
const pieceBytes = 256 << 10;

const rows = v.object({ start: whole(0, mostRows), count: whole(0, mostRows) });
const text = cutText(1024);
const missingShape = v.object({
  offset: countShape,
  length: whole(1),
  reason: v.optional(
    v.fallback(v.optional(v.picklist(unreadableReasons.filter((one) => one !== undefined))), undefined),
  ),
});
const tileShape = v.object({ col: whole(0, mostColumns), row: whole(0, mostRows) });
const nameShape = v.object({
  kind: v.picklist(['buffer', 'stack', 'function', 'parameter']),
  name: text,
  part: v.optional(v.picklist(['selector', 'ping', 'pong'])),
  tile: tileShape,
  memory: v.picklist(memoryTypes),
  offset: whole(0, mostMemoryBytes),
  size: whole(0, mostMemoryBytes),
  sizeFrom: v.picklist(sizeSources),
  type: v.optional(text),
  cells: v.optional(cellNameShape),
  of: v.optional(tileShape),
});
const mostNames = 1 << 18;
const manifestShape = v.object({
  format: v.literal(format),
  version: v.literal(1),
  at: countShape,
  label: text,
  board: v.object({
    device: text,
    family: text,
    generation: v.picklist(['aie', 'aieml', 'aie2ps', 'unknown']),
    hostName: text,
    kernel: text,
    machine: text,
    array: v.optional(v.object({ numCols: whole(0, mostColumns), shim: rows, memory: rows, core: rows })),
  }),
  partition: v.object({
    key: v.custom<string>(isPartitionKey),
    columns: v.object({ startCol: whole(0, mostColumns), numCols: whole(1, mostColumns) }),
    startRow: whole(0, mostRows),
    numRows: whole(1, mostRows),
  }),
  epoch: text,
  owner: text,
  memories: v.pipe(
    v.array(
      v.object({
        file: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,40}\.bin$/)),
        sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
        geometry: geometryShape,
        missing: v.pipe(v.array(missingShape), v.maxLength(1 << 20)),
      }),
    ),
    v.minLength(1),
    v.maxLength(memoryTypes.length),
  ),
  names: v.pipe(v.array(nameShape), v.maxLength(mostNames)),
  kernels: v.pipe(v.array(v.object({ tile: tileShape, name: text })), v.maxLength(mostNames)),
});

/** Whether bytes begin as a zip does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The file of a snapshot, in parts. */
export function* snapshotParts({ memories, ...origin }: SavedSnapshot): Generator<Uint8Array> {
  const made: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error !== null) throw error;
    made.push(chunk);
  });
  const take = (): Uint8Array[] => made.splice(0);
  const files = memories.map((memory) => ({ ...memory, file: `${memory.geometry.type}.bin` }));
  const described = files.map(({ geometry, bytes, missing, file }) => {
    return { file, sha256: createHash('sha256').update(bytes).digest('hex'), geometry, missing };
  });
  const manifest = new ZipDeflate(manifestName, { level: 6 });
  zip.add(manifest);
  manifest.push(
    strToU8(`${JSON.stringify({ format, version: 1, ...origin, memories: described }, undefined, 1)}\n`),
    true,
  );
  yield* take();
  for (const { file, bytes } of files) {
    const entry = new ZipDeflate(file, { level: 1 });
    zip.add(entry);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      entry.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length);
      yield* take();
    }
  }
  zip.end();
  yield* take();
}

/** What is done with a zip, which may be damaged. Throws FileError `snapshot`. */
function orFault<T>(text: string, take: () => T): T {
  try {
    return take();
  } catch {
    throw new FileError('snapshot', { text });
  }
}

/** Whether a layout can be worked with, and belongs to the columns. */
function isUsable(geometry: MemoryGeometry, { startCol, numCols }: ColumnRange): boolean {
  const { bytesPerTile } = geometry;
  const counts = [
    geometry.startCol,
    geometry.numCols,
    geometry.startRow,
    geometry.numRows,
    bytesPerTile,
    geometry.tileBase,
  ];
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return false;
  const fits = geometry.startCol >= startCol && geometry.startCol + geometry.numCols <= startCol + numCols;
  const isSmall =
    geometry.startRow + geometry.numRows <= mostRows && bytesPerTile <= mostBytes && bytesPerTile % 4 === 0;
  return fits && isSmall && totalBytes(geometry) > 0 && totalBytes(geometry) <= mostBytes;
}

/** Reads a snapshot's file. Throws FileError `snapshot` with the part that is wrong. */
export function readSnapshot(zip: Uint8Array): SavedSnapshot {
  const zipped = orFault('zip', () => new ZipFiles(zip));
  if ((zipped.size(manifestName) ?? mostManifest + 1) > mostManifest)
    throw new FileError('snapshot', { text: manifestName });
  const parsed: unknown = orFault(manifestName, () => JSON.parse(strFromU8(zipped.read(manifestName))));
  const manifest = fitting(manifestShape, parsed);
  if (manifest === undefined) throw new FileError('snapshot', { text: manifestName });
  const { memories, format: _format, version: _version, names, ...origin } = manifest;
  const sizes = new Map(
    memories.map(({ file, geometry }) => [
      file,
      isUsable(geometry, origin.partition.columns) ? totalBytes(geometry) : 0,
    ]),
  );
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (sizes.size !== memories.length || all > mostBytes)
    throw new FileError('snapshot', { text: 'geometry' });
  return {
    ...origin,
    names: names.map(({ part, type, cells, of, ...name }) => ({
      ...name,
      ...(part === undefined ? {} : { part }),
      ...(type === undefined ? {} : { type }),
      ...(cells === undefined ? {} : { cells }),
      ...(of === undefined ? {} : { of }),
    })),
    memories: memories.map(({ file, sha256, geometry, missing }): SavedMemory => {
      // Sizes that a zip claims are taken only where they are those of the layout.
      if (zipped.size(file) !== sizes.get(file)) throw new FileError('snapshot', { text: file });
      const bytes = orFault(file, () => zipped.read(file));
      if (createHash('sha256').update(bytes).digest('hex') !== sha256)
        throw new FileError('snapshot', { text: file });
      if (missing.some(({ offset, length }) => offset + length > bytes.length))
        throw new FileError('snapshot', { text: 'missing' });
      return { geometry, bytes, missing: missing.map(withoutAbsent) };
    }),
  };
}

function withoutAbsent({
  offset,
  length,
  reason,
}: {
  offset: number;
  length: number;
  reason?: UnreadableReason | undefined;
}): MissingRun {
  return { offset, length, ...(reason === undefined ? {} : { reason }) };
}
