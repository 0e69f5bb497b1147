/**
 * mlir-aie's modules with addresses (`*_with_addresses.mlir`): devices, and in each the tiles, buffers and cores. Rows are
 * absolute, columns count from the partition's first, addresses are tile offsets. Only lines of these operations are looked
 * at; each stands on one line, as MLIR prints it.
 */
import { mostColumns, mostRows } from '../geometry.ts';
import { clean } from '../plain.ts';
import { mostLinesOfFile } from './core-files.ts';
import { FileFault, mostItems } from './faults.ts';

/** A tile as the module counts: columns from the partition's first, rows absolute. */
interface ModuleTile {
  readonly column: number;
  readonly row: number;
}

/** A buffer with its place. */
export interface ModuleBuffer extends ModuleTile {
  readonly name: string;
  /** Tile offset, bytes. */
  readonly offset: number;
  /** Bytes; undefined for an element type that is not known here. */
  readonly size?: number;
  /** The shape and element type between the brackets of its `memref`. */
  readonly type: string;
}

/** One `aie.device`. */
export interface ModuleDevice {
  /** Its symbol; empty without one. */
  readonly name: string;
  /** What it is for: `npu1_1col`, `xcvc1902`, ... */
  readonly target: string;
  readonly cores: readonly ModuleTile[];
  readonly buffers: readonly ModuleBuffer[];
  /** Buffers that have no address yet. */
  readonly unplaced: number;
}

/** Of a line, so much is read: what a buffer holds at first may follow for megabytes. */
const mostOfLine = 16_384;
const mostOffset = 2 ** 24;
const id = '(%[\\w$.-]+)';
const patterns = {
  device: /^\s*"?aie\.device"?\(([\w]+)\)(?:\s+@([\w$.-]+))?/i,
  tile: new RegExp(`^\\s*${id}\\s*=\\s*aie\\.tile\\((\\d{1,4}),\\s*(\\d{1,4})\\)`, 'i'),
  buffer: new RegExp(
    `^\\s*${id}\\s*=\\s*aie\\.buffer\\(${id}\\)\\s*(?:\\{((?:[^"}]|"[^"]*")*)\\}\\s*)?:\\s*memref<((?:[^<>]|<[^<>]*>)*)>`,
    'i',
  ),
  core: new RegExp(`^\\s*(?:${id}\\s*=\\s*)?aie\\.core\\(${id}\\)`, 'i'),
};

interface Opened {
  readonly name: string;
  readonly target: string;
  readonly tiles: Map<string, ModuleTile>;
  readonly cores: ModuleTile[];
  readonly buffers: ModuleBuffer[];
  unplaced: number;
}

/** Reads a module. Throws `FileFault`, with the line, where a buffer or a core names a tile that there is not. */
export function readModule(text: string): ModuleDevice[] {
  if (text.trim() === '') throw new FileFault('empty', {});
  const devices: Opened[] = [];
  let items = 0;
  text.split('\n', mostLinesOfFile).forEach((whole, i) => {
    const line = whole.slice(0, mostOfLine);
    const place = { line: i + 1 };
    const opened = patterns.device.exec(line);
    if (opened !== null) {
      const [, target = '', name = ''] = opened;
      devices.push({ name, target, tiles: new Map(), cores: [], buffers: [], unplaced: 0 });
    }
    // Modules of before 2023 are for one device and do not say so.
    const device = devices.at(-1) ?? {
      name: '',
      target: '',
      tiles: new Map(),
      cores: [],
      buffers: [],
      unplaced: 0,
    };
    if (!readLine(line, device, place)) return;
    if (devices.length === 0) devices.push(device);
    if (++items > mostItems) throw new FileFault('too-many', place);
  });
  if (devices.length === 0) throw new FileFault('no-device', {});
  return devices.map(({ tiles: _, ...device }) => device);
}

/** Takes a line's operation into the device; false for a line without any of ours. */
function readLine(line: string, device: Opened, place: { readonly line: number }): boolean {
  const tile = patterns.tile.exec(line);
  if (tile !== null) {
    const [, key = '', column, row] = tile;
    const at = { column: Number(column), row: Number(row) };
    if (at.column >= mostColumns || at.row >= mostRows) throw new FileFault('not-number', place);
    device.tiles.set(key, at);
    return true;
  }
  const core = patterns.core.exec(line);
  if (core !== null) {
    device.cores.push(tileIn(device, core[2], place));
    return true;
  }
  const buffer = patterns.buffer.exec(line);
  if (buffer === null) return false;
  const [, own = '', of, attributes = '', type = ''] = buffer;
  const address = /(?:^|[\s,])address\s*=\s*(0x[0-9a-f]{1,8}|\d{1,10})\b/i.exec(attributes)?.[1];
  const at = tileIn(device, of, place);
  if (address === undefined) device.unplaced++;
  else {
    const offset = Number(address);
    if (offset >= mostOffset) throw new FileFault('not-number', place);
    const name = /(?:^|[\s,])sym_name\s*=\s*"([^"]*)"/.exec(attributes)?.[1] ?? own.slice(1);
    const size = bytesOf(type);
    device.buffers.push({
      name: clean(name),
      ...at,
      offset,
      ...(size === undefined ? {} : { size }),
      type: clean(type),
    });
  }
  return true;
}

function tileIn({ tiles }: Opened, key: string | undefined, place: { readonly line: number }): ModuleTile {
  const tile = tiles.get(key ?? '');
  if (tile === undefined) throw new FileFault('no-tile', place, undefined, clean(key ?? ''));
  return tile;
}

/** Bytes of `16x8xi32`, `bf16`, `4xvector<16xi8>` and the like; layout and memory space behind a comma change nothing. */
function bytesOf(type: string): number | undefined {
  const flat = type.trim().replace(/vector<([\dx]{0,64}[a-z]{1,8}\d{1,4})>/, '$1');
  const match = /^((?:\d{1,9}x)*)(i|si|ui|f|bf)(\d{1,3})(?:\s*,.*)?$/.exec(flat);
  const bits = Number(match?.[3]);
  if (match === null || ![1, 8, 16, 32, 64].includes(bits)) return undefined;
  const count = (match[1] ?? '')
    .split('x')
    .filter((one) => one !== '')
    .reduce((product, one) => product * Number(one), 1);
  const bytes = count * Math.max(1, bits / 8);
  return bytes <= mostOffset ? bytes : undefined;
}
