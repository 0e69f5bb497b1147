/**
 * `aie_control_config.json`, which aiecompiler writes into `Work/ps/c_rts` and puts into an xclbin: graphs, and which kernel
 * runs in which tile. Layout as XRT reads it (`aie_parser`); numbers are decimal, rows counted from the first row of cores,
 * columns from the first column of the partition.
 */
import { mostColumns, mostRows } from '../geometry.ts';
import { type FaultFacts, FileFault } from './faults.ts';
import { type JsonValue, readJson } from './json.ts';

/** No tile has more data memory, bytes. */
const mostOffset = 2 ** 20;
/** No tile has more locks. */
const mostLock = 255;

/** A kernel in its tile, as the build counts tiles. */
export interface KernelPlace {
  /** The function, and behind a dot the instance. */
  readonly name: string;
  readonly graph: string;
  /** From the build's first column. */
  readonly column: number;
  /** From the first row of cores. */
  readonly row: number;
}

/** A place in a tile's data memory, as the build counts tiles. */
interface ConfigPlace {
  /** From the build's first column. */
  readonly column: number;
  /** From the first row of cores. */
  readonly row: number;
  /** Tile offset, bytes. */
  readonly offset: number;
}

/**
 * A run-time parameter. It has two buffers; the word at the selector says which is the current one: 0 ping, 1 pong. An
 * update writes the other buffer, then the selector.
 */
export interface RunTimeParameter {
  /** The port, as the graph calls it. */
  readonly port: string;
  /** Bytes of its value. */
  readonly bytes: number;
  /** The graph sets it; others only look. Unknown where the file does not say. */
  readonly isOutput?: boolean;
  /** Locks that an update takes, by their numbers in the tiles of the places; none where it takes none or the file is silent. */
  readonly locks?: Readonly<Record<'selector' | 'ping' | 'pong', number>>;
  readonly selector: ConfigPlace;
  readonly ping: ConfigPlace;
  readonly pong: ConfigPlace;
}

/** What a build says about the array that it was made for. */
export interface BuildShape {
  /** `hw_gen` as aie-rt counts: 1 AIE, 2 AIE-ML. Unknown without a `driver_config`. */
  readonly generation?: number;
  /** Absolute row of the first core. Unknown without a `driver_config`. */
  readonly coreStart?: number;
  /** Columns of the partition that it needs, where it says so. */
  readonly numCols?: number;
  /** Absolute first columns that the partition may have; none where the build does not say. */
  readonly startCols: readonly number[];
}

/** What was read of the file. */
export interface ControlConfig {
  readonly graphs: readonly string[];
  /** In the order of their schedule; none where the file has no `TileMapping`. */
  readonly kernels: readonly KernelPlace[];
  /** Those that a processor sets; parameters of other logic have no buffers. */
  readonly parameters: readonly RunTimeParameter[];
  readonly shape: BuildShape;
  /** Kernels and parameters that do not fit, each with its place: they are left out, all others are there. */
  readonly faults: readonly FaultFacts[];
}

/** Reads the file's text. Throws `FileFault` with the place of what does not fit. */
export function readControlConfig(text: string): ControlConfig {
  const metadata = metadataOf(readJson(text));
  const graphs = metadata.at('graphs')?.values() ?? [];
  const faults: FaultFacts[] = [];
  return {
    graphs: graphs.flatMap((graph) => graph.at('name')?.text() ?? []),
    kernels: readKernels(metadata, faults),
    parameters: readParameters(metadata, faults),
    shape: readShape(metadata),
    faults,
  };
}

/** What is read of each; those that do not fit become faults. */
function each<T>(items: readonly JsonValue[], faults: FaultFacts[], read: (one: JsonValue) => T): T[] {
  return items.flatMap((one) => {
    try {
      return [read(one)];
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      const { kind, place, part, found } = error;
      faults.push({ kind, place, part, found });
      return [];
    }
  });
}

function metadataOf(top: JsonValue): JsonValue {
  const metadata = top.at('aie_metadata');
  if (metadata === undefined) throw new FileFault('not-config', {});
  return metadata;
}

/** The value under a key that has to be there. */
function required(value: JsonValue, key: string): JsonValue {
  const found = value.at(key);
  if (found === undefined) throw new FileFault('missing', { path: value.path }, undefined, key);
  return found;
}

function readKernels(metadata: JsonValue, faults: FaultFacts[]): KernelPlace[] {
  const mapping = metadata.at('TileMapping')?.at('AIEKernelToTileMapping')?.items() ?? [];
  return each(mapping, faults, (one) => ({
    schedule: one.at('schedule')?.whole(Number.MAX_SAFE_INTEGER) ?? 0,
    kernel: {
      name: required(one, 'function').text(),
      graph: one.at('graph')?.text() ?? '',
      column: required(one, 'column').whole(mostColumns - 1),
      row: required(one, 'row').whole(mostRows - 1),
    },
  }))
    .sort((a, b) => a.schedule - b.schedule)
    .map(({ kernel }) => kernel);
}

function readParameters(metadata: JsonValue, faults: FaultFacts[]): RunTimeParameter[] {
  const all = metadata.at('RTPs')?.values() ?? [];
  return each(all, faults, (one) => {
    if (one.at('selector_address') === undefined) return [];
    const isInput = one.at('is_input')?.isTrue;
    const lock = (key: string) => one.at(`${key}_lock_id`)?.whole(mostLock);
    const [selector, ping, pong] = [lock('selector'), lock('ping_buffer'), lock('pong_buffer')];
    const areThere = selector !== undefined && ping !== undefined && pong !== undefined;
    const takesLocks = areThere && one.at('requires_lock')?.isTrue !== false;
    return [
      {
        port: required(one, 'port_name').text(),
        bytes: required(one, 'number_of_bytes').whole(mostOffset),
        ...(isInput === undefined ? {} : { isOutput: !isInput }),
        ...(takesLocks ? { locks: { selector, ping, pong } } : {}),
        selector: placeIn(one, 'selector'),
        ping: placeIn(one, 'ping_buffer'),
        pong: placeIn(one, 'pong_buffer'),
      },
    ];
  }).flat();
}

/** The three values under keys that begin alike. */
function placeIn(parameter: JsonValue, key: string): ConfigPlace {
  return {
    column: required(parameter, `${key}_column`).whole(mostColumns - 1),
    row: required(parameter, `${key}_row`).whole(mostRows - 1),
    offset: required(parameter, `${key}_address`).whole(mostOffset),
  };
}

function readShape(metadata: JsonValue): BuildShape {
  const driver = metadata.at('driver_config');
  if (driver === undefined) return { startCols: [] };
  const number = (key: string, most: number) => driver.at(key)?.whole(most);
  const generation = number('hw_gen', 255);
  const coreStart = number('aie_tile_row_start', mostRows - 1);
  const numCols = number('partition_num_cols', mostColumns);
  const startCols = driver.at('partition_overlay_start_cols')?.items() ?? [];
  return {
    ...(generation === undefined ? {} : { generation }),
    ...(coreStart === undefined ? {} : { coreStart }),
    ...(numCols === undefined ? {} : { numCols }),
    startCols: [...new Set(startCols.map((one) => one.whole(mostColumns - 1)))],
  };
}
