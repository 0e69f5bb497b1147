import type { ArrayShape, Generation, MemoryGeometry, MemoryType } from '../../src/model/geometry.ts';

/** The driver families and generations that the virtual board imitates, as "family/generation". */
export const familyNames = [
  '2020/aie',
  'static/aie',
  'aperture24/aie',
  'aperture24/aieml',
  'aperture40/aie',
  'aperture40/aieml',
  'aperture40/aie2ps',
] as const;

export type FamilyName = (typeof familyNames)[number];

/** A partition that tests may use: what to request, and its columns; rows count from the shim row. */
export interface FamilyPartition {
  /** The driver's id, for the witness's `request`. */
  readonly id: number;
  readonly startCol: number;
  readonly numCols: number;
  readonly numRows: number;
}

/** One way that the virtual board can be, and what a test must find on it. */
export interface Family {
  readonly name: FamilyName;
  /** Parameters for `startBoard({ module })` and `board.reloadModule`. */
  readonly module: Readonly<Record<string, string | number>>;
  /** As the core names it (docs/wire.md). */
  readonly driver: 'linux-2020' | 'linux-xlnx-static' | 'linux-xlnx-aperture';
  readonly generation: Generation;
  readonly shape: ArrayShape;
  /** Any free columns can be requested, and the id says which; else the partitions are fixed. */
  readonly dynamic: boolean;
  /** Bytes of a request (`aie_partition_req`). */
  readonly requestBytes: 24 | 40;
  /** The device hands out duplicates of all partition files (AIE_GET_PARTITION_FD_LIST). */
  readonly fdList: boolean;
  /** A partition file can be read and written. */
  readonly readWrite: boolean;
  /** Partitions have attributes in sysfs. */
  readonly attributes: boolean;
  /** An owner can reset its own partition (INIT, TEAR). */
  readonly ownReset: boolean;
  /** The errno name of a request for columns in use. */
  readonly busy: 'EBUSY' | 'EINVAL';
  /** A partition of four columns. */
  readonly partition: FamilyPartition;
  /** Another one, free while the first is in use, of equal size on dynamic drivers. */
  readonly other: FamilyPartition;
  /** The first partition's memories, in the order of the driver's answer. */
  readonly memories: readonly MemoryGeometry[];
}

const shapes: Readonly<Record<Generation, ArrayShape>> = {
  aie: shape(50, 0, 8),
  aieml: shape(38, 2, 8),
  aie2ps: shape(36, 1, 4),
};

/** Everything that is known of the imitated families, by name. */
export const families: Readonly<Record<FamilyName, Family>> = {
  '2020/aie': fixed('2020/aie', 'linux-2020', '2020'),
  'static/aie': fixed('static/aie', 'linux-xlnx-static', 'static'),
  'aperture24/aie': aperture('aperture24/aie', 'aie', 24),
  'aperture24/aieml': aperture('aperture24/aieml', 'aieml', 24),
  'aperture40/aie': aperture('aperture40/aie', 'aie', 40),
  'aperture40/aieml': aperture('aperture40/aieml', 'aieml', 40),
  'aperture40/aie2ps': aperture('aperture40/aie2ps', 'aie2ps', 40),
};

/** The partition id of columns on a driver with dynamic partitions: start in bits 7:0, number in bits 15:8. */
export function dynamicId(startCol: number, numCols: number): number {
  return startCol | (numCols << 8);
}

function shape(numCols: number, memoryRows: number, coreRows: number): ArrayShape {
  return {
    numCols,
    shim: { start: 0, count: 1 },
    memory: { start: memoryRows === 0 ? 0 : 1, count: memoryRows },
    core: { start: 1 + memoryRows, count: coreRows },
  };
}

function fixed(name: FamilyName, driver: Family['driver'], family: '2020' | 'static'): Family {
  return {
    name,
    module: { family, generation: 'aie' },
    driver,
    generation: 'aie',
    shape: shapes.aie,
    dynamic: false,
    requestBytes: 24,
    fdList: false,
    readWrite: family === 'static',
    attributes: family === 'static',
    ownReset: false,
    busy: 'EBUSY',
    partition: { id: 1, startCol: 6, numCols: 4, numRows: 9 },
    other: { id: 2, startCol: 20, numCols: 2, numRows: 9 },
    memories: memoriesOf('aie'),
  };
}

function aperture(name: FamilyName, generation: Generation, requestBytes: 24 | 40): Family {
  const { core } = shapes[generation];
  const numRows = core.start + core.count;
  return {
    name,
    module: { family: 'aperture', generation, req: requestBytes },
    driver: 'linux-xlnx-aperture',
    generation,
    shape: shapes[generation],
    dynamic: true,
    requestBytes,
    fdList: requestBytes === 40,
    readWrite: true,
    attributes: true,
    ownReset: true,
    busy: 'EINVAL',
    partition: { id: dynamicId(6, 4), startCol: 6, numCols: 4, numRows },
    other: { id: dynamicId(20, 4), startCol: 20, numCols: 4, numRows },
    memories: memoriesOf(generation),
  };
}

function memoriesOf(generation: Generation): MemoryGeometry[] {
  const { shim, memory, core } = shapes[generation];
  const of = (type: MemoryType, rows: ArrayShape['core'], kib: number, tileBase: number): MemoryGeometry => ({
    type,
    startCol: 6,
    numCols: 4,
    startRow: rows.start,
    numRows: rows.count,
    bytesPerTile: kib * 1024,
    tileBase,
  });
  const all = [of('data', core, generation === 'aie' ? 32 : 64, 0), of('program', core, 16, 0x20000)];
  if (generation !== 'aie') all.push(of('memory-tile', memory, 512, 0));
  if (generation === 'aie2ps')
    all.push(
      of('uc-program', shim, 32, 0x80000),
      of('uc-private-data', shim, 16, 0x88000),
      of('uc-shared-data', shim, 32, 0xd0000),
    );
  return all;
}
