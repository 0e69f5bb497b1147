/**
 * Patterns as a board's side takes them: bytes with masks, cells whose numbers lie in sets of bits, so that it has to know
 * neither types nor tolerances, and expressions as programs. It finds what `pattern.ts` finds for the same query. Knows no memory.
 */
import { formOf } from '../cells/choices.ts';
import { floatShapes } from '../cells/floats.ts';
import { type ByteOrder, readUnsigned, writeInteger } from '../cells/format.ts';
import { type ElementType, numberBytes } from '../compare/element.ts';
import { automataOf, type Programs } from './automaton.ts';
import { byteMatcher, type IndexOf, type MaskedBytes } from './byte-matcher.ts';
import { hexBytesOf, textBytesOf } from './byte-texts.ts';
import { programsOfText } from './expression-programs.ts';
import type { Pattern } from './pattern.ts';
import { type FindQuery, longestPattern, NoPattern } from './query.ts';
import { fitsNumber, type NumberTest, typedValues } from './value-matcher.ts';

/** Numbers by their bits, both ends included. */
interface BitInterval {
  readonly least: bigint;
  readonly most: bigint;
}

/** Cells one after the other that do not leave their tile. */
interface BoardCells {
  readonly kind: 'cells';
  /** Bytes of one number, 1 to 8. */
  readonly numberBytes: number;
  readonly order: ByteOrder;
  /** They begin at multiples of so many bytes, counted from the first byte of their tile. */
  readonly align: number;
  readonly tests: readonly {
    /** One number in its set is enough; else all have to be. */
    readonly any: boolean;
    /** For each number of a cell. */
    readonly sets: readonly (readonly BitInterval[])[];
  }[];
}

/** Hits of one length. */
type FixedPattern = ({ readonly kind: 'bytes' } & MaskedBytes) | BoardCells;

/** What a board's side can search for. */
export type BoardPattern = FixedPattern | ({ readonly kind: 'expression' } & Programs);

/** A board takes no pattern of more bytes or intervals, and no program of more steps. */
const mostBytes = 4096;
const mostIntervals = 1024;
const mostSteps = 1024;
/** Different sets of bytes in a program: both have the same, and one of all bytes. */
const mostClasses = 256;

/** The query as a board takes it; undefined where it is no pattern, or one that a board cannot search for. */
export function boardPatternOf({ kind, text, matchCase, cells, align }: FindQuery): BoardPattern | undefined {
  if (text.length > longestPattern) return undefined;
  try {
    if (kind === 'expression') {
      const programs = programsOfText(text, matchCase);
      return isSmall(programs) ? { kind, ...programs } : undefined;
    }
    if (kind !== 'value') {
      const bytes = kind === 'hex' ? hexBytesOf(text) : textBytesOf(text, matchCase);
      return bytes.values.length > mostBytes ? undefined : { kind: 'bytes', ...bytes };
    }
    const typed = typedValues(text, cells, align);
    const numbers = numbersOf(typed.type);
    if (numbers === undefined) return undefined;
    const tests = typed.tests.map(({ any, parts }) => ({
      any,
      sets: parts.map((test) => setOf(test, numbers)),
    }));
    const count = tests.reduce((sum, { sets }) => sum + sets.reduce((all, set) => all + set.length, 0), 0);
    if (count > mostIntervals || tests.length > mostIntervals) return undefined;
    return { kind: 'cells', numberBytes: numbers.bytes, order: cells.order, align: typed.align, tests };
  } catch (error) {
    if (error instanceof NoPattern) return undefined;
    throw error;
  }
}

/** Whether a board takes the programs. */
function isSmall({ forwards, backwards }: Programs): boolean {
  if (forwards.steps.length > mostSteps || backwards.steps.length > mostSteps) return false;
  const classes = forwards.steps.flatMap((step) =>
    step !== 'end' && 'bytes' in step ? [step.bytes.join('')] : [],
  );
  return new Set(classes).size <= mostClasses;
}

/** Bytes of each hit; undefined where the pattern does not say how many. */
export function lengthOf(pattern: BoardPattern): number | undefined {
  return pattern.kind === 'expression' ? undefined : fixedLength(pattern);
}

function fixedLength(pattern: FixedPattern): number {
  if (pattern.kind === 'bytes') return pattern.values.length;
  return pattern.tests.length * (pattern.tests[0]?.sets.length ?? 0) * pattern.numberBytes;
}

/**
 * Whether the bytes of a hit can still be one, as far as they are here; each of them is one of the memory.
 * @param isHere whether the byte with an index is known
 */
export function couldBeHit(
  pattern: BoardPattern,
  bytes: Uint8Array,
  isHere: (index: number) => boolean,
): boolean {
  if (pattern.kind === 'expression') return true;
  if (pattern.kind === 'bytes') {
    return bytes.every((byte, i) => !isHere(i) || (byte & (pattern.masks[i] ?? 0)) === pattern.values[i]);
  }
  const cellBytes = fixedLength(pattern) / pattern.tests.length;
  return pattern.tests.every((test, cell) => {
    const at = cell * cellBytes;
    const isWhole = Array.from({ length: cellBytes }, (_, i) => at + i).every(isHere);
    return !isWhole || fitsCell(pattern, test, bytes, at);
  });
}

/** Whether two of its hits could overlap; also true where that is not known. Then it counts where a search begins. */
export function overlapsItself(pattern: BoardPattern): boolean {
  if (pattern.kind === 'expression') return true;
  const length = fixedLength(pattern);
  if (pattern.kind === 'cells') return pattern.align < length;
  const { values, masks } = pattern;
  const fits = (shift: number): boolean => {
    for (let at = shift; at < length; at++) {
      const mask = (masks[at] ?? 0) & (masks[at - shift] ?? 0);
      if ((((values[at] ?? 0) ^ (values[at - shift] ?? 0)) & mask) !== 0) return false;
    }
    return true;
  };
  for (let shift = 1; shift < length; shift++) if (fits(shift)) return true;
  return false;
}

/** Searches for it here, as a board does. */
export function searchPattern(pattern: BoardPattern, indexOf: IndexOf): Pattern {
  if (pattern.kind === 'expression') return { kind: 'expression', ...automataOf(pattern) };
  if (pattern.kind === 'bytes') return { kind: 'bytes', matcher: byteMatcher(pattern, indexOf) };
  const { align, tests } = pattern;
  const length = fixedLength(pattern);
  const cellBytes = length / tests.length;
  return {
    kind: 'values',
    matcher: {
      length,
      align,
      find(bytes, from, to, budget) {
        let at = from;
        for (; at <= to - length && budget.left > 0; at += align) {
          if (tests.every((test, i) => fitsCell(pattern, test, bytes, at + i * cellBytes)))
            return { at, isHit: true };
          budget.left -= cellBytes;
        }
        return { at, isHit: false };
      },
    },
  };
}

/** Whether the cell at an index of the bytes is in its set. */
function fitsCell(
  { numberBytes: size, order }: BoardCells,
  { any, sets }: BoardCells['tests'][number],
  bytes: Uint8Array,
  at: number,
): boolean {
  const isIn = (set: readonly BitInterval[], i: number): boolean => {
    const bits = BigInt(readUnsigned(bytes, at + i * size, size, order));
    return set.some(({ least, most }) => bits >= least && bits <= most);
  };
  return any ? sets.some(isIn) : sets.every(isIn);
}

/** The numbers of a type in the order of their values: ranks from 0 on. What is no number (NaN) stands at both ends. */
interface RankedNumbers {
  /** Bytes of one number. */
  readonly bytes: number;
  /** The ranks of the first and the last that is a number. */
  readonly first: bigint;
  readonly last: bigint;
  valueAt(rank: bigint): number | bigint;
  /** The bits of the numbers from one rank to another. */
  bits(from: bigint, to: bigint): BitInterval[];
}

/** The numbers of a type; undefined where a board cannot take them apart. */
function numbersOf(type: ElementType): RankedNumbers | undefined {
  const bytes = type.bytes / type.parts;
  const { name, order } = type.choice;
  if (!Number.isInteger(bytes) || bytes > 8 || name.startsWith('bfp')) return undefined;
  const count = 1n << BigInt(8 * bytes);
  const half = count / 2n;
  const form = formOf(name);
  const isFloat = name.includes('float');
  const isSigned = form?.kind === 'int' || form?.kind === 'fix' || name.startsWith('cint');
  const valueOfBits = (bits: bigint): number | bigint => {
    const cell = new Uint8Array(type.bytes);
    cell.set(writeInteger(bits, bytes, order));
    return type.numbers(numberBytes(cell), 0)[0] ?? Number.NaN;
  };
  const bitsAt = (rank: bigint): bigint => {
    if (isSigned) return rank ^ half;
    if (!isFloat) return rank;
    return rank >= half ? rank - half : count - 1n - rank;
  };
  const shape = floatShapes[name === 'cfloat' ? 'float32' : (name as keyof typeof floatShapes)];
  // Above the bits of infinity, whose sign is none, stand those of NaN.
  const notNumbers = isFloat
    ? half - 1n - (((1n << BigInt(shape.exponentBits)) - 1n) << BigInt(shape.fractionBits))
    : 0n;
  return {
    bytes,
    first: notNumbers,
    last: count - 1n - notNumbers,
    valueAt: (rank) => valueOfBits(bitsAt(rank)),
    bits(from, to) {
      if (!isSigned && !isFloat) return [{ least: from, most: to }];
      const parts: BitInterval[] = [];
      for (const [least, most] of [
        [from, to < half ? to : half - 1n],
        [from < half ? half : from, to],
      ] as const) {
        if (least > most) continue;
        const ends = [bitsAt(least), bitsAt(most)] as const;
        parts.push(
          ends[0] <= ends[1] ? { least: ends[0], most: ends[1] } : { least: ends[1], most: ends[0] },
        );
      }
      return parts;
    },
  };
}

/** The bits of all numbers that fit: those between two ranks, found by halving, because the order is that of the values. */
function setOf(test: NumberTest, numbers: RankedNumbers): BitInterval[] {
  const { first, last, valueAt, bits } = numbers;
  if (test.kind === 'nan') {
    return first === 0n ? [] : [...bits(0n, first - 1n), ...bits(last + 1n, last + first)];
  }
  // Nothing is in a range with an end that is NaN.
  const isBelow = (value: number | bigint): boolean => {
    if (test.kind === 'range') return test.least !== undefined && !(value >= test.least);
    return value < test.wanted && !fitsNumber(test, value);
  };
  const isAbove = (value: number | bigint): boolean => {
    if (test.kind === 'range') return test.most !== undefined && !(value <= test.most);
    return value > test.wanted && !fitsNumber(test, value);
  };
  const from = firstRank(first, last + 1n, (rank) => !isBelow(valueAt(rank)));
  const end = firstRank(from, last + 1n, (rank) => isAbove(valueAt(rank)));
  return from < end ? bits(from, end - 1n) : [];
}

/** The first rank from `low` on and before `high` of which it is true; it stays true behind it. `high` for none. */
function firstRank(low: bigint, high: bigint, isTrue: (rank: bigint) => boolean): bigint {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) / 2n;
    if (isTrue(middle)) to = middle;
    else from = middle + 1n;
  }
  return from;
}
