/**
 * The formats that a person can choose, by name. The names are those of the settings and of AI Engine source code; those of
 * digits, integers and fixed point say their bits: `hex24`, `int16`, `fix16.15`.
 */
import { blockFormat } from './blocks.ts';
import { complexFormat } from './complex.ts';
import { fixedFormat } from './fixed.ts';
import { floatFormat, floatShapes } from './floats.ts';
import type { ByteOrder, CellFormat } from './format.ts';
import { bitsFormat, integerFormat } from './integers.ts';

type Make = (order: ByteOrder, upperCase: boolean) => CellFormat;

const float =
  (shape: keyof typeof floatShapes): Make =>
  (order, upperCase) =>
    floatFormat(floatShapes[shape], order, upperCase);
const complex =
  (of: Make): Make =>
  (order, upperCase) =>
    complexFormat(of(order, upperCase));
const integer =
  (size: number): Make =>
  (order) =>
    integerFormat(size, true, order);

/** Formats of one size. */
const whole = {
  float16: float('float16'),
  bfloat16: float('bfloat16'),
  float32: float('float32'),
  float64: float('float64'),
  cint16: complex(integer(2)),
  cint32: complex(integer(4)),
  cfloat: complex(float('float32')),
  bfp16ebs8: () => blockFormat(8),
  bfp16ebs16: () => blockFormat(16),
} as const satisfies Readonly<Record<string, Make>>;

/** Formats of any number of bytes up to `mostBytes`. */
const sized = {
  hex: (size, order, upperCase) => bitsFormat(size, 16, order, upperCase),
  uint: (size, order) => integerFormat(size, false, order),
  int: (size, order) => integerFormat(size, true, order),
  bin: (size, order, upperCase) => bitsFormat(size, 2, order, upperCase),
  oct: (size, order, upperCase) => bitsFormat(size, 8, order, upperCase),
} as const satisfies Readonly<
  Record<string, (size: number, order: ByteOrder, upperCase: boolean) => CellFormat>
>;

type SizedKind = keyof typeof sized;
type FixedKind = 'fix' | 'ufix';

/** A family of formats, whatever their size. */
export type CellKind = SizedKind | FixedKind | keyof typeof whole;

/** Names one format. */
export type CellName = `${SizedKind}${number}` | `${FixedKind}${number}.${number}` | keyof typeof whole;

/** The largest group of bytes that is shown as one value; fixed point has at most 8. */
export const mostBytes = (kind: CellKind): number => (kind === 'fix' || kind === 'ufix' ? 8 : 32);

/** The families in the order in which they are offered. */
export const cellKinds: readonly CellKind[] = [
  'hex',
  'uint',
  'int',
  ...(Object.keys(whole) as (keyof typeof whole)[]),
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
  return kind in sized || isFixed(kind);
}

/** Whether a kind has a point that can be moved. */
export function isFixed(kind: CellKind): kind is FixedKind {
  return kind === 'fix' || kind === 'ufix';
}

/** What a name means, or `undefined` if it is none. Each format has one name. */
export function formOf(name: string): CellForm | undefined {
  if (Object.hasOwn(whole, name)) {
    const kind = name as keyof typeof whole;
    return { kind, bytes: whole[kind]('little', true).bytes, fraction: 0 };
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

/** The format of a choice. `upperCase` is of hexadecimal digits. Throws RangeError for a name that is none. */
export function cellFormat({ name, order }: CellChoice, upperCase: boolean): CellFormat {
  const form = formOf(name);
  if (form === undefined) throw new RangeError(`no format is called ${name}`);
  const { kind, bytes, fraction } = form;
  if (isFixed(kind)) return fixedFormat({ bytes, fraction, signed: kind === 'fix' }, order);
  return isSized(kind) ? sized[kind](bytes, order, upperCase) : whole[kind](order, upperCase);
}
