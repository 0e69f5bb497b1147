/**
 * How much of its stack a core has used, and where it met something else. A stack grows upwards, and nothing on the device
 * keeps its depth: it is seen only where bytes differ from what is known to have stood there before.
 */
import type { ByteRange, Tile, TileOffset } from '../geometry.ts';
import type { CoreStatus } from '../status/status.ts';
import type { PlacedName } from './build.ts';

/** What stood in a stack before its core wrote there: zeros, or the bytes of `paint`. */
type StackBaseline = 'zero' | 'painted';

/** How deep a stack was written. */
export interface StackUse {
  /** Absent where nothing is known of what stood there before: the depth is unknown then. */
  readonly baseline?: StackBaseline;
  /** When the baseline was seen there, milliseconds since 1970; absent where the core's ELF has it filled with zeros. */
  readonly since?: number;
  /** Bytes, at least; a core may have written what stood there before. */
  readonly depth?: number;
  /** When its bytes were read, milliseconds since 1970. */
  readonly at: number;
}

/** Where a stack and something else met. */
export interface StackMeeting {
  /**
   * `shares`: the build has both at the same bytes. `beyond`: the stack pointer stands above the stack's end. `full`: the
   * stack was written up to its last byte. `more`: the build has so many others at its bytes that they are only counted.
   */
  readonly how: 'shares' | 'more' | 'beyond' | 'full';
  /** Bytes of both, or of the stack pointer behind the end; of `more` how many names; 0 for `full`. */
  readonly bytes: number;
  /** What it met. Of a full stack, what follows it. */
  readonly name?: PlacedName;
}

const pattern = [0xc7, 0x5a, 0x39, 0xe4] as const;
/** So many bytes of the pattern at a stack's end are no chance. */
const leastPainted = 16;
/** What begins no more than this after a stack follows it; linkers align buffers to 32 bytes. */
const mostBetween = 32;
/** A file can put any number of names at the bytes of a stack: so many are told, all others are counted. */
const mostShared = 4;

/** Why no part of a stack can be painted. */
export type NotPainted =
  /** What its core does is not known. */
  | { readonly why: 'unseen' }
  | { readonly why: 'running'; readonly state: CoreStatus['state'] }
  /** The core is to go on, and its stack pointer is not in this stack. */
  | { readonly why: 'elsewhere' }
  /** Nothing is free above the stack pointer. */
  | { readonly why: 'full' }
  /** The build has something else at the bytes, which others may use while this core is stopped. */
  | { readonly why: 'shared'; readonly name: PlacedName };

/** What is painted on a range of tile offsets. */
export function paint(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => pattern[(offset + i) % 4] ?? 0);
}

/** The core does nothing until somebody has it go on. */
function isStopped({ enabled, state }: Pick<CoreStatus, 'enabled' | 'state'>): boolean {
  return !enabled || state === 'debug-halted' || state === 'error' || state === 'done';
}

/**
 * The tile offsets of a stack that may be painted: while its core is stopped, above the stack pointer, as what lies below is
 * in use, and only where nothing else lies.
 * @param pointer bytes between the stack's start and the stack pointer, where it points into the stack
 * @param core as it was read just now; undefined where it could not be
 * @param names what has a name in the tile that holds the stack
 */
export function paintedPart(
  { stack, pointer }: { readonly stack: PlacedName; readonly pointer?: number },
  core: Pick<CoreStatus, 'enabled' | 'state'> | undefined,
  names: readonly PlacedName[],
): { readonly part: ByteRange } | NotPainted {
  if (core === undefined) return { why: 'unseen' };
  if (!isStopped(core)) return { why: 'running', state: core.state };
  if (pointer === undefined && core.enabled) return { why: 'elsewhere' };
  const end = stack.offset + stack.size;
  const offset = Math.ceil((stack.offset + (pointer ?? 0)) / 4) * 4;
  if (offset >= end) return { why: 'full' };
  const met = sharing(stack, names).find(({ name, bytes }) => {
    // What begins in the stack, and nobody says how large it is, may reach up to the end.
    const reach = isOpen(name) ? end : Math.max(stack.offset, name.offset) + bytes;
    return reach > offset;
  });
  return met === undefined ? { part: { offset, length: end - offset } } : { why: 'shared', name: met.name };
}

/** What the bytes of a stack show by themselves. `offset` is the tile offset of the first. */
function baselineOf(bytes: Uint8Array, offset: number): StackBaseline | undefined {
  if (bytes.every((byte) => byte === 0)) return 'zero';
  const painted = bytes.length - writtenDepth(bytes, offset, 'painted');
  return painted >= Math.min(leastPainted, bytes.length) ? 'painted' : undefined;
}

/** Bytes up to the last one that is not the baseline's. */
function writtenDepth(bytes: Uint8Array, offset: number, baseline: StackBaseline): number {
  const expected = baseline === 'zero' ? new Uint8Array(bytes.length) : paint(offset, bytes.length);
  return bytes.findLastIndex((byte, i) => byte !== expected[i]) + 1;
}

/**
 * The use of a stack, from its bytes and from what was known of it in the same epoch.
 * @param offset tile offset of the first byte
 * @param at when they were read
 */
export function stackUse(
  bytes: Uint8Array,
  { offset, isZeroed }: Pick<PlacedName, 'offset' | 'isZeroed'>,
  at: number,
  before: StackUse | undefined,
): StackUse {
  const shown = baselineOf(bytes, offset);
  if (shown !== undefined) {
    const isSame = before?.baseline === shown;
    const since = isSame ? before.since : at;
    const depth = writtenDepth(bytes, offset, shown);
    return { baseline: shown, depth, at, ...(since === undefined ? {} : { since }) };
  }
  const { baseline = isZeroed === true ? 'zero' : undefined, since } = before ?? {};
  if (baseline === undefined) return { at };
  const depth = writtenDepth(bytes, offset, baseline);
  return { baseline, depth, at, ...(since === undefined ? {} : { since }) };
}

/** The core that a stack belongs to. */
export function coreOf({ of, tile }: Pick<PlacedName, 'of' | 'tile'>): Tile {
  return of ?? tile;
}

function same(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}

/**
 * The stack of a core: in its own data memory or in that of one of its neighbours. Undefined where no file says it, or files
 * do not agree.
 */
export function stackOf(core: Tile, namesIn: (tile: Tile) => readonly PlacedName[]): PlacedName | undefined {
  const { col, row } = core;
  const reachable = [
    core,
    { col, row: row - 1 },
    { col: col - 1, row },
    { col, row: row + 1 },
    { col: col + 1, row },
  ];
  const [only, ...others] = reachable.flatMap((tile) =>
    namesIn(tile).filter((name) => name.kind === 'stack' && same(coreOf(name), core)),
  );
  const isOne = others.every(
    ({ tile, offset, size }) =>
      only !== undefined && same(tile, only.tile) && offset === only.offset && size === only.size,
  );
  return isOne ? only : undefined;
}

/**
 * Where a stack met something.
 * @param names what has a name in the tile that holds it
 * @param pointer where the core's stack pointer points to
 */
export function stackMeetings(
  stack: PlacedName,
  names: readonly PlacedName[],
  pointer?: TileOffset,
  depth?: number,
): StackMeeting[] {
  const { offset, size } = stack;
  if (size === 0) return [];
  const end = offset + size;
  const others = besides(stack, names);
  const all = sharing(stack, names);
  const shared: StackMeeting[] = all.slice(0, mostShared).map((one) => ({ how: 'shares', ...one }));
  if (all.length > mostShared) shared.push({ how: 'more', bytes: all.length - mostShared });
  const isHere = pointer !== undefined && same(pointer.tile, stack.tile);
  if (isHere && pointer.offset > end) {
    const met = others.findLast((name) => name.offset >= end && name.offset < pointer.offset);
    const bytes = pointer.offset - end;
    return [...shared, { how: 'beyond', bytes, ...(met === undefined ? {} : { name: met }) }];
  }
  if (depth !== undefined && depth >= size) {
    const next = others.find((name) => name.offset >= end && name.offset - end < mostBetween);
    return [...shared, { how: 'full', bytes: 0, ...(next === undefined ? {} : { name: next }) }];
  }
  return shared;
}

/** What is neither code nor the stack itself. */
function besides(stack: PlacedName, names: readonly PlacedName[]): PlacedName[] {
  return names.filter((one) => one.kind !== 'function' && one !== stack && !isSameStack(one, stack));
}

/** Nobody says how large it is: only its beginning is known. */
function isOpen({ sizeFrom, size }: PlacedName): boolean {
  return sizeFrom === 'next' || size === 0;
}

/** What the build has at bytes of a stack, with how many of them. */
function sharing(stack: PlacedName, names: readonly PlacedName[]): { name: PlacedName; bytes: number }[] {
  const end = stack.offset + stack.size;
  return besides(stack, names).flatMap((name) => {
    const length = isOpen(name) ? 1 : name.size;
    const bytes = Math.min(end, name.offset + length) - Math.max(stack.offset, name.offset);
    return bytes > 0 ? [{ name, bytes }] : [];
  });
}

/** Two builds, or two files of one, may say where the same stack lies. */
function isSameStack(one: PlacedName, stack: PlacedName): boolean {
  return one.kind === 'stack' && same(coreOf(one), coreOf(stack));
}
