/**
 * What mismatches have in common: where they lie (a stride, one run) and what became of the values (moved, byte order,
 * scale ...), each with the numbers that speak for it. Knows bytes and mismatches; not words.
 */
import { type ElementType, numberBytes } from './element.ts';
import type { MismatchSet } from './mismatch-set.ts';

/** Where the mismatches lie. Elements count from the first one compared. */
export type PlacePattern =
  /** `length` elements from `first` on are wrong, and again every `step` elements: `hits` of the `places` there. */
  | {
      readonly kind: 'stride';
      readonly first: number;
      readonly step: number;
      readonly length: number;
      readonly hits: number;
      readonly places: number;
    }
  /** They lie together: `hits` of the `length` elements from `first` on, and none elsewhere. */
  | {
      readonly kind: 'run';
      readonly first: number;
      readonly length: number;
      readonly hits: number;
      readonly toEnd: boolean;
    };

/** What became of the expected values. */
type ValueChange =
  /** The bytes of each number are in the other order. */
  | { readonly kind: 'byte-order' }
  /** Real and imaginary part changed places. */
  | { readonly kind: 'swapped-parts' }
  /** Each value stands `bytes` bytes after the place where it is expected; before it, if negative. */
  | { readonly kind: 'shift'; readonly bytes: number }
  | { readonly kind: 'scale'; readonly factor: number }
  | { readonly kind: 'added'; readonly difference: number }
  /** All hold the same bytes; `from` is the place of one of them. */
  | { readonly kind: 'constant'; readonly from: number }
  /** No number is farther than `most` from the expected one, which is little for such numbers: rounding. */
  | { readonly kind: 'rounding'; readonly most: number };

/** A change with how many of the mismatches that were tried it explains. */
export type ValuePattern = ValueChange & { readonly explained: number; readonly of: number };

/** The likeliest explanations; none where nothing explains nearly all. */
export interface Likeliest {
  readonly place?: PlacePattern;
  readonly value?: ValuePattern;
}

/** Both sides, and where they differ. */
export interface Compared {
  readonly actual: Uint8Array;
  readonly expected: Uint8Array;
  readonly type: ElementType;
  readonly mismatches: MismatchSet;
}

/** Fewer mismatches have nothing in common. */
const fewest = 4;
/** Mismatches of which the values are tried, spread over all. */
const mostTried = 20_000;
/** Mismatches that say how far values moved. */
const mostWitnesses = 64;
/** Values are believed to have moved by this many bytes at most. */
const farthestShift = 4096;
/** Differences that are this many times smaller than the values are taken for rounding. */
const smallPart = 256;
/** An explanation holds for at least this part of the mismatches. */
const nearlyAll = 0.9;

/** What the mismatches have in common. */
export function likeliest(compared: Compared): Likeliest {
  if (compared.mismatches.count < fewest) return {};
  const place = placePattern(compared.mismatches);
  const value = valuePattern(compared);
  return { ...(place === undefined ? {} : { place }), ...(value === undefined ? {} : { value }) };
}

/** Runs of mismatches without a gap, as their begin and length; at most `most` of them, the first ones. */
function firstRuns(mismatches: MismatchSet, most: number): { first: number; length: number }[] {
  const runs: { first: number; length: number }[] = [];
  for (let at = mismatches.next(0); at !== undefined && runs.length < most; ) {
    let end = at + 1;
    while (mismatches.has(end)) end++;
    runs.push({ first: at, length: end - at });
    at = mismatches.next(end);
  }
  return runs;
}

/** What occurs most often; undefined for nothing. */
function commonest(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  let best: number | undefined;
  for (const value of values) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (best === undefined || count > (counts.get(best) ?? 0)) best = value;
  }
  return best;
}

function placePattern(mismatches: MismatchSet): PlacePattern | undefined {
  const { count, size } = mismatches;
  const first = mismatches.next(0) ?? 0;
  const last = mismatches.previous(size - 1) ?? 0;
  const span = last - first + 1;
  if (count >= nearlyAll * span && count < size) {
    return { kind: 'run', first, length: span, hits: count, toEnd: last === size - 1 };
  }
  const runs = firstRuns(mismatches, 4096);
  const step = commonest(runs.slice(1).map((run, i) => run.first - (runs[i]?.first ?? 0)));
  if (step === undefined || runs.length < 3) return undefined;
  const phase = commonest(runs.map((run) => run.first % step));
  const onGrid = runs.filter((run) => run.first % step === phase);
  const begin = onGrid[0];
  const length = commonest(onGrid.map((run) => run.length));
  if (begin === undefined || length === undefined) return undefined;
  let hits = 0;
  let places = 0;
  for (let at = begin.first; at <= last; at += step) {
    const end = Math.min(at + length, size);
    hits += mismatches.countIn(at, end);
    places += end - at;
  }
  const enough = hits >= nearlyAll * count && hits >= nearlyAll * places && hits < 0.95 * span;
  return enough ? { kind: 'stride', first: begin.first, step, length, hits, places } : undefined;
}

/** Mismatches to try, spread evenly over all. */
function tried(mismatches: MismatchSet): number[] {
  const { count } = mismatches;
  if (count <= mostTried) return [...mismatches];
  const step = count / mostTried;
  return Array.from({ length: mostTried }, (_, i) => mismatches.nth(Math.floor(i * step)) ?? 0);
}

function valuePattern(compared: Compared): ValuePattern | undefined {
  const places = tried(compared.mismatches);
  const candidates = [
    constant(compared, places),
    reordered(compared, places, 'byte-order'),
    reordered(compared, places, 'swapped-parts'),
    shift(compared, places),
    added(compared, places),
    scale(compared, places),
    rounding(compared, places),
  ];
  // The simplest ones come first: only one that explains more is taken instead.
  let best: ValuePattern | undefined;
  for (const candidate of candidates) {
    if (candidate === undefined || candidate.explained < nearlyAll * candidate.of) continue;
    if (best === undefined || candidate.explained > best.explained) best = candidate;
  }
  return best;
}

/** Whether both runs of bytes are equal; false where one of them is not all there. */
function areEqual(a: Uint8Array, from: number, b: Uint8Array, at: number, length: number): boolean {
  if (at < 0 || from < 0 || at + length > b.length || from + length > a.length) return false;
  for (let i = 0; i < length; i++) if (a[from + i] !== b[at + i]) return false;
  return true;
}

/** Whether at least three of the elements at these places differ from each other: equal ones would prove anything. */
function areVaried(bytes: Uint8Array, size: number, places: readonly number[]): boolean {
  const seen: number[] = [];
  for (const place of places) {
    if (seen.some((other) => areEqual(bytes, place * size, bytes, other * size, size))) continue;
    seen.push(place);
    if (seen.length === 3) return true;
  }
  return false;
}

function constant({ actual, expected, type }: Compared, places: readonly number[]): ValuePattern | undefined {
  const size = type.bytes;
  if (!areVaried(expected, size, places)) return undefined;
  const keys = places.map((place) => actual.subarray(place * size, (place + 1) * size).join());
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const [[key, explained] = ['', 0]] = [...counts].sort((a, b) => b[1] - a[1]);
  return { kind: 'constant', from: places[keys.indexOf(key)] ?? 0, explained, of: places.length };
}

/** Of each element the bytes in another order. */
function reordered(
  { actual, expected, type }: Compared,
  places: readonly number[],
  kind: 'byte-order' | 'swapped-parts',
): ValuePattern | undefined {
  const { bytes: size, parts } = type;
  const partBytes = size / parts;
  // A block is no row of numbers that have bytes of their own.
  if (parts > 2 || (kind === 'byte-order' ? partBytes === 1 : parts === 1)) return undefined;
  if (!areVaried(expected, size, places)) return undefined;
  const order = Array.from({ length: size }, (_, i) => {
    if (kind === 'swapped-parts') return (i + partBytes) % size;
    return i - (i % partBytes) + partBytes - 1 - (i % partBytes);
  });
  const isReordered = (place: number) =>
    order.every((from, to) => actual[place * size + to] === expected[place * size + from]);
  return { kind, explained: places.filter(isReordered).length, of: places.length };
}

/** How far the values moved that stand where others are expected. */
function shift({ actual, expected, type }: Compared, places: readonly number[]): ValuePattern | undefined {
  const size = type.bytes;
  if (!areVaried(expected, size, places) || !areVaried(actual, size, places)) return undefined;
  const step = Math.max(1, Math.floor(places.length / mostWitnesses));
  const votes = new Map<number, number>();
  for (let i = 0; i < places.length; i += step) {
    const at = (places[i] ?? 0) * size;
    // Longer than an element: a small number stands everywhere.
    const length = Math.min(Math.max(size, 8), actual.length - at);
    if (isUniform(actual, at, length)) continue;
    const from = Math.max(0, at - farthestShift);
    const to = Math.min(expected.length - length, at + farthestShift);
    for (let other = from; other <= to; other++) {
      if (expected[other] !== actual[at] || !areEqual(actual, at, expected, other, length)) continue;
      votes.set(at - other, (votes.get(at - other) ?? 0) + 1);
    }
  }
  const [[bytes] = [0]] = [...votes].sort((a, b) => b[1] - a[1] || Math.abs(a[0]) - Math.abs(b[0]));
  if (bytes === 0) return undefined;
  // Beyond the edge nothing is known of what was moved there: it speaks neither for it nor against it.
  const judged = places.filter((place) => {
    const from = place * size - bytes;
    return from >= 0 && from + size <= expected.length;
  });
  const explained = judged.filter((place) =>
    areEqual(actual, place * size, expected, place * size - bytes, size),
  );
  if (judged.length < places.length / 2) return undefined;
  return { kind: 'shift', bytes, explained: explained.length, of: judged.length };
}

function isUniform(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 1; i < length; i++) if (bytes[at + i] !== bytes[at]) return false;
  return true;
}

/** The numbers of the elements at these places, parts one after the other: of both sides. */
function numbersAt(
  { actual, expected, type }: Compared,
  places: readonly number[],
): (readonly [number, number])[] {
  const [a, e] = [numberBytes(actual), numberBytes(expected)];
  return places.flatMap((place) => {
    const wanted = type.numbers(e, place * type.bytes);
    return type
      .numbers(a, place * type.bytes)
      .map((number, part) => [Number(number), Number(wanted[part] ?? 0)] as const);
  });
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** How near a number has to be to count as computed from the expected one. */
function slack({ type: { precision } }: Compared, value: number): number {
  return precision.absolute + precision.relative * Math.abs(value);
}

/** Elements of which all numbers are what `from` makes of the expected ones. */
function explainedBy(
  compared: Compared,
  places: readonly number[],
  from: (expected: number) => number,
): number {
  const { parts } = compared.type;
  const pairs = numbersAt(compared, places);
  let count = 0;
  for (let at = 0; at < pairs.length; at += parts) {
    let holds = true;
    for (const [actual, expected] of pairs.slice(at, at + parts)) {
      const predicted = from(expected);
      if (!(Math.abs(actual - predicted) <= slack(compared, predicted))) holds = false;
    }
    if (holds) count++;
  }
  return count;
}

function added(compared: Compared, places: readonly number[]): ValuePattern | undefined {
  if (!areVaried(compared.expected, compared.type.bytes, places)) return undefined;
  const pairs = numbersAt(compared, places);
  const difference = middle(pairs.map(([actual, expected]) => actual - expected));
  // What is as small as the slack could be any noise.
  const isClear =
    Math.abs(difference) > 4 * slack(compared, middle(pairs.map(([, expected]) => Math.abs(expected))));
  if (!Number.isFinite(difference) || !isClear) return undefined;
  const explained = explainedBy(compared, places, (expected) => expected + difference);
  return { kind: 'added', difference, explained, of: places.length };
}

function scale(compared: Compared, places: readonly number[]): ValuePattern | undefined {
  if (!areVaried(compared.expected, compared.type.bytes, places)) return undefined;
  const pairs = numbersAt(compared, places).filter(
    ([, expected]) => Number.isFinite(expected) && expected !== 0,
  );
  if (pairs.length === 0) return undefined;
  // The largest values say it best.
  const large = pairs
    .toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    .slice(0, Math.ceil(pairs.length / 2));
  const factor = rounded(middle(large.map(([actual, expected]) => actual / expected)));
  if (!Number.isFinite(factor) || factor === 0) return undefined;
  const size = Math.abs(middle(large.map(([, expected]) => Math.abs(expected))));
  if (Math.abs(factor * size - size) <= 4 * slack(compared, size)) return undefined;
  if (Math.abs(factor * size) <= 4 * slack(compared, factor * size)) return undefined;
  const explained = explainedBy(compared, places, (expected) => factor * expected);
  return { kind: 'scale', factor, explained, of: places.length };
}

function rounding(compared: Compared, places: readonly number[]): ValuePattern | undefined {
  const pairs = numbersAt(compared, places);
  const most = pairs.reduce((sum, [actual, expected]) => Math.max(sum, Math.abs(actual - expected)), 0);
  const size = middle(pairs.map(([, expected]) => Math.abs(expected)));
  if (!(most * smallPart <= size)) return undefined;
  return { kind: 'rounding', most, explained: places.length, of: places.length };
}

/** A power of two that is near, else the number with six digits. */
function rounded(factor: number): number {
  const power = Math.sign(factor) * 2 ** Math.round(Math.log2(Math.abs(factor)));
  return Math.abs(factor - power) <= 0.002 * Math.abs(power) ? power : Number(factor.toPrecision(6));
}
