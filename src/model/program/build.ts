/**
 * Everything that the files of one build say, and where it lies on a board: kernels, buffers, functions, stacks, each in the
 * tile whose memory holds it.
 */
import type { CellName } from '../cells/choices.ts';
import { type Generation, type MemoryType, type Tile, tileKind } from '../geometry.ts';
import type { BuildShape, ControlConfig, KernelPlace, RunTimeParameter } from './control-config.ts';
import type { CorePath } from './core-files.ts';
import { dataPlace, windowEnd } from './data-space.ts';
import { FileFault } from './faults.ts';
import type { ModuleBuffer, ModuleDevice } from './mlir.ts';
import { type BoardShape, type Placed, tileOf } from './placement.ts';
import type { ProgramImage } from './program-image.ts';
import type { CoreSymbols } from './symbols.ts';
import { cellsOfMemref } from './value-cells.ts';

/** A file of a build with what was read of it, or why it could not be. */
export interface FileOf<T> {
  /** Its path, for people. */
  readonly label: string;
  readonly content: T | FileFault;
}

/** The ELF of one core, with what the linker files beside it say. */
export interface CoreFile extends FileOf<CoreSymbols> {
  readonly core: CorePath;
  /** Its address, where it is a file that can be read again. */
  readonly address?: string;
}

/** The files of one build. */
export interface Build {
  readonly config?: FileOf<ControlConfig>;
  readonly cores: readonly CoreFile[];
  readonly modules: readonly FileOf<readonly ModuleDevice[]>[];
}

/** Who may say how large something with a name is. */
export const sizeSources = ['elf', 'bcf', 'ld.script', 'map', 'debug', 'next', 'mlir', 'config'] as const;

/** Something with a name in the memory of a tile. */
export interface PlacedName {
  readonly kind: 'buffer' | 'stack' | 'function' | 'parameter';
  /** Empty for a stack; of a run-time parameter its port. */
  readonly name: string;
  /** Which part of a run-time parameter it is. */
  readonly part?: 'selector' | 'ping' | 'pong';
  readonly tile: Tile;
  readonly memory: MemoryType;
  /** Tile offset within that memory, bytes. */
  readonly offset: number;
  /** Bytes; 0 where nobody says it. */
  readonly size: number;
  readonly sizeFrom: (typeof sizeSources)[number];
  /** Shape and element type, where the build says it. */
  readonly type?: string;
  /** What shows its values, where the type says it. */
  readonly cells?: CellName;
  /** The tile whose core has it, where that is another one. */
  readonly of?: Tile;
  /** Of a stack: whoever loads its core's ELF fills it with zeros. */
  readonly isZeroed?: true;
}

/** What was read of a file, unless it could not be. */
export function contentOf<T>(file: FileOf<T> | undefined): T | undefined {
  return file === undefined || file.content instanceof FileFault ? undefined : file.content;
}

/** The one device of a module that has buffers; none where several have, or none has. */
export function deviceOf(devices: readonly ModuleDevice[]): ModuleDevice | undefined {
  const [first, ...others] = devices.filter(({ buffers }) => buffers.length > 0);
  return others.length === 0 ? first : undefined;
}

function devicesOf({ modules }: Build): ModuleDevice[] {
  return modules.flatMap((one) => deviceOf(contentOf(one) ?? []) ?? []);
}

/** The kernels that the build names. */
export function kernelsOf(build: Build): readonly KernelPlace[] {
  return contentOf(build.config)?.kernels ?? [];
}

/** What the build says of the array that it is for. */
export function shapeOf(build: Build): BuildShape {
  const said = contentOf(build.config)?.shape ?? { startCols: [] };
  const isFirst = build.cores.some((one) => contentOf(one)?.generation === 'aie');
  return said.generation === undefined && isFirst ? { ...said, generation: 1 } : said;
}

/** How many columns the build uses, counted from its first one. */
export function columnsOf(build: Build): number {
  const used = [
    ...kernelsOf(build),
    ...(contentOf(build.config)?.parameters ?? []).flatMap(({ selector, ping, pong }) => [
      selector,
      ping,
      pong,
    ]),
    ...build.cores.map(({ core }) => core),
    ...devicesOf(build).flatMap(({ buffers }) => buffers),
  ];
  return used.reduce(
    (most, { column }) => Math.max(most, column + 1),
    Math.max(1, shapeOf(build).numCols ?? 0),
  );
}

/** Sizes that a build says, by how much they are worth. */
const ranks: Readonly<Record<PlacedName['sizeFrom'], number>> = {
  elf: 0,
  bcf: 1,
  'ld.script': 1,
  map: 1,
  config: 1,
  debug: 2,
  mlir: 2,
  next: 3,
};

/** All names of the build on a board, in the order of their places. Some places have several. */
export function placedNames(build: Build, placed: Placed, board: BoardShape): PlacedName[] {
  const names = [
    ...(contentOf(build.config)?.parameters ?? []).flatMap((one) => ofParameter(one, placed)),
    ...build.cores.flatMap((one) => namesOfCore(one, placed, board)),
    ...devicesOf(build).flatMap(({ buffers }) => buffers.flatMap((one) => ofModule(one, placed, board))),
  ];
  const merged = new Map<string, PlacedName>();
  for (const name of names) {
    // Stacks have no names: two of them at one place are those of two cores.
    const of = name.kind === 'stack' && name.of !== undefined ? `${name.of.col},${name.of.row}` : '';
    const key = `${name.kind} ${name.part ?? ''} ${name.memory} ${name.tile.col},${name.tile.row} ${name.offset} ${name.name}${of}`;
    const other = merged.get(key);
    merged.set(key, other === undefined ? name : mergeNames(other, name));
  }
  return [...merged.values()].sort(
    (a, b) => a.tile.col - b.tile.col || a.tile.row - b.tile.row || a.offset - b.offset || b.size - a.size,
  );
}

/** The same place as two files tell it: the size of the better one, the type of whoever has it. */
function mergeNames(a: PlacedName, b: PlacedName): PlacedName {
  const better = ranks[b.sizeFrom] < ranks[a.sizeFrom] ? b : a;
  const type = a.type ?? b.type;
  const cells = a.cells ?? b.cells;
  const { of: _, ...rest } = better;
  const of = a.of !== undefined && b.of !== undefined ? better.of : undefined;
  return {
    ...rest,
    ...(type === undefined ? {} : { type }),
    ...(cells === undefined ? {} : { cells }),
    ...(of === undefined ? {} : { of }),
  };
}

/** The two buffers of a run-time parameter, and the word that says which is current. */
function ofParameter(parameter: RunTimeParameter, placed: Placed): PlacedName[] {
  const { port, bytes } = parameter;
  return (['selector', 'ping', 'pong'] as const).map((part) => {
    const { offset, ...at } = parameter[part];
    const size = part === 'selector' ? 4 : bytes;
    const tile = tileOf(at, placed);
    return { kind: 'parameter', name: port, part, tile, memory: 'data', offset, size, sizeFrom: 'config' };
  });
}

/** The tile of a core's ELF. */
function tileOfCore(core: CorePath, placed: Placed): Tile {
  return core.isComputeRow ? tileOf(core, placed) : { col: placed.startCol + core.column, row: core.row };
}

/** The program of a core, and the file that it stands in. */
export interface CoreProgram {
  readonly label: string;
  /** The address of the file. */
  readonly address?: string;
  readonly image: ProgramImage;
}

/** The program that the build has for a tile's core; undefined where it has none, or several. */
export function programOf({ cores }: Build, placed: Placed, tile: Tile): CoreProgram | undefined {
  const [only, ...others] = cores.flatMap((one) => {
    const { col, row } = tileOfCore(one.core, placed);
    const content = contentOf(one);
    const isHere = col === tile.col && row === tile.row && content !== undefined;
    const address = one.address === undefined ? {} : { address: one.address };
    return isHere ? [{ label: one.label, ...address, image: content.program }] : [];
  });
  return others.length === 0 ? only : undefined;
}

function namesOfCore({ core, content }: CoreFile, placed: Placed, board: BoardShape): PlacedName[] {
  const { array } = board;
  if (content instanceof FileFault || array === undefined) return [];
  const generation = generationOf(board.generation) ?? content.generation;
  if (generation === undefined) return [];
  const tile = tileOfCore(core, placed);
  if (tileKind(array, tile.row) !== 'core') return [];
  const inData = (
    kind: PlacedName['kind'],
    { name, address, ...said }: CoreSymbols['buffers'][number],
  ): PlacedName[] => {
    const place = dataPlace(generation, array, tile, address);
    if (place === undefined) return [];
    const isOwn = place.tile.col === tile.col && place.tile.row === tile.row;
    const least = Math.min(said.size, windowEnd(generation, address) - address);
    const of = isOwn ? {} : { of: tile };
    return [{ kind, name, memory: 'data', ...said, ...place, size: least, ...of }];
  };
  const { buffers, functions, stack } = content;
  return [
    ...buffers.flatMap((one) => inData('buffer', one)),
    ...functions.map(({ address, ...one }): PlacedName => {
      return { kind: 'function', ...one, tile, memory: 'program', offset: address };
    }),
    ...(stack === undefined ? [] : inData('stack', { name: '', ...stack })),
  ];
}

function ofModule(
  { name, column, row, offset, size, type }: ModuleBuffer,
  { startCol }: Placed,
  { array }: BoardShape,
): PlacedName[] {
  const kind = tileKind(array, row);
  if (kind === 'shim') return [];
  const memory = kind === 'memory' ? 'memory-tile' : 'data';
  const tile = { col: startCol + column, row };
  const cells = cellsOfMemref(type);
  return [
    {
      kind: 'buffer',
      name,
      tile,
      memory,
      offset,
      size: size ?? 0,
      sizeFrom: size === undefined ? 'next' : 'mlir',
      type,
      ...(cells === undefined ? {} : { cells }),
    },
  ];
}

function generationOf(text: string): Generation | undefined {
  return text === 'aie' || text === 'aieml' || text === 'aie2ps' ? text : undefined;
}
