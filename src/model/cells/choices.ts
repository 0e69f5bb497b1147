/**
 * The formats that a person can choose, by name. The names are those of the settings and of AI Engine source code; those of
 * digits, integers and fixed point say their bits: `hex24`, `int16`, `fix16.15`. Knows no values: `cell-format.ts` does.
 */
import type { ByteOrder } from './format.ts';

/** Formats of one size, and their bytes. */
const whole = {
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
  cint16: 4,
  cint32: 8,
  cfloat: 8,
  bfp16ebs8: 9,
  bfp16ebs16: 17,
} as const;

/** Formats of any number of bytes up to `mostBytes`, in the order in which they are offered. */
const sized = ['hex', 'uint', 'int', 'bin', 'oct'] as const;

/** A kind of format that has one size. */
export type WholeKind = keyof typeof whole;

/** A kind of digits or integers. */
export type SizedKind = (typeof sized)[number];

type FixedKind = 'fix' | 'ufix';

/** A family of formats, whatever their size. */
export type CellKind = SizedKind | FixedKind | WholeKind;

/** Names one format. */
export type CellName = `${SizedKind}${number}` | `${FixedKind}${number}.${number}` | WholeKind;

/** The largest group of bytes that is shown as one value; fixed point has at most 8. */
export const mostBytes = (kind: CellKind): number => (kind === 'fix' || kind === 'ufix' ? 8 : 32);

/** The families in the order in which they are offered. */
export const cellKinds: readonly CellKind[] = [
  'hex',
  'uint',
  'int',
  ...(Object.keys(whole) as WholeKind[]),
  'fix',
  'ufix',
  'bin',
  'oct',
];

/** A name taken apart. */
export interface CellForm {
  readonly kind: CellKind;
  /** Bytes of a cell. */
  readonly bytes: number;
  /** Bits behind the point; 0 where the kind is no fixed point. */
  readonly fraction: number;
}

/** What a person chose for the cells of a grid. */
export interface CellChoice {
  readonly name: CellName;
  readonly order: ByteOrder;
}

/** Hexadecimal bytes: what is shown until a person chooses. */
export const hexBytes: CellChoice = { name: 'hex8', order: 'little' };

/** Whether the cells of a kind can have another number of bytes. */
export function isSized(kind: CellKind): kind is SizedKind | FixedKind {
  return sized.some((one) => one === kind) || isFixed(kind);
}

/** Whether a kind has a point that can be moved. */
export function isFixed(kind: CellKind): kind is FixedKind {
  return kind === 'fix' || kind === 'ufix';
}

/** What a name means, or `undefined` if it is none. Each format has one name. */
export function formOf(name: string): CellForm | undefined {
  if (Object.hasOwn(whole, name)) {
    const kind = name as WholeKind;
    return { kind, bytes: whole[kind], fraction: 0 };
  }
  const [, kind, bits, point] = /^([a-z]+)([1-9]\d{0,2})(?:\.(0|[1-9]\d?))?$/.exec(name) ?? [];
  const found = cellKinds.find((one) => one === kind);
  if (found === undefined || !isSized(found) || (point !== undefined) !== isFixed(found)) return undefined;
  const bytes = Number(bits) / 8;
  const fraction = Number(point ?? 0);
  const fits = Number.isInteger(bytes) && bytes <= mostBytes(found) && fraction <= 8 * bytes;
  return fits ? { kind: found, bytes, fraction } : undefined;
}

/** The name of a form. Bytes and point are moved into what the kind can have. */
export function nameOf({ kind, bytes, fraction }: CellForm): CellName {
  if (!isSized(kind)) return kind;
  const bits = 8 * Math.min(Math.max(1, bytes), mostBytes(kind));
  return isFixed(kind) ? `${kind}${bits}.${Math.min(fraction, bits)}` : `${kind}${bits}`;
}
