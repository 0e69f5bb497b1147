/**
 * How much of its stack a core has used, and where it met something else. A stack grows upwards, and nothing on the device
 * keeps its depth: it is seen only where bytes differ from what is known to have stood there before.
 */
import type { ByteRange, Tile, TileOffset } from '../geometry.ts';
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
   * stack was written up to its last byte.
   */
  readonly how: 'shares' | 'beyond' | 'full';
  /** Bytes of both, or of the stack pointer behind the end; 0 for `full`. */
  readonly bytes: number;
  /** What it met. Of a full stack, what follows it. */
  readonly name?: PlacedName;
}

const pattern = [0xc7, 0x5a, 0x39, 0xe4] as const;
/** So many bytes of the pattern at a stack's end are no chance. */
const leastPainted = 16;
/** What begins no more than this after a stack follows it; linkers align buffers to 32 bytes. */
const mostBetween = 32;

/** What is painted on a range of tile offsets. */
export function paint(offset: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => pattern[(offset + i) % 4] ?? 0);
}

/**
 * The tile offsets of a stack that may be painted while its core is stopped: above the stack pointer, as what lies below is
 * in use. Undefined where nothing is free, or a core that is to go on has its stack pointer elsewhere.
 * @param pointer bytes between the stack's start and the stack pointer, where it points into the stack
 * @param isEnabled the core goes on from where it is
 */
export function paintedPart(
  { stack, pointer }: { readonly stack: PlacedName; readonly pointer?: number },
  isEnabled: boolean,
): ByteRange | undefined {
  if (pointer === undefined && isEnabled) return undefined;
  const end = stack.offset + stack.size;
  const offset = Math.ceil((stack.offset + (pointer ?? 0)) / 4) * 4;
  return offset < end ? { offset, length: end - offset } : undefined;
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

/** The stack of a core: in its own data memory or in that of one of its neighbours. Undefined where no build says it, or several do. */
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
  return others.length === 0 ? only : undefined;
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
  const others = names.filter((one) => one.kind !== 'function' && one !== stack && !isSameStack(one, stack));
  const shared = others.flatMap((name): StackMeeting[] => {
    // Where nobody says how large something is, only its beginning counts.
    const length = name.sizeFrom === 'next' || name.size === 0 ? 1 : name.size;
    const bytes = Math.min(end, name.offset + length) - Math.max(offset, name.offset);
    return bytes > 0 ? [{ how: 'shares', bytes, name }] : [];
  });
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

/** Two builds, or two files of one, may say where the same stack lies. */
function isSameStack(one: PlacedName, stack: PlacedName): boolean {
  return one.kind === 'stack' && same(coreOf(one), coreOf(stack));
}
