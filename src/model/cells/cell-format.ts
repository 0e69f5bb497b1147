/** The format of a choice: how values are read, written and parsed. */
import { blockFormat } from './blocks.ts';
import { type CellChoice, formOf, isFixed, isSized, type SizedKind, type WholeKind } from './choices.ts';
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
} as const satisfies Readonly<Record<WholeKind, Make>>;

/** Formats of any number of bytes up to `mostBytes`. */
const sized = {
  hex: (size, order, upperCase) => bitsFormat(size, 16, order, upperCase),
  uint: (size, order) => integerFormat(size, false, order),
  int: (size, order) => integerFormat(size, true, order),
  bin: (size, order, upperCase) => bitsFormat(size, 2, order, upperCase),
  oct: (size, order, upperCase) => bitsFormat(size, 8, order, upperCase),
} as const satisfies Readonly<
  Record<SizedKind, (size: number, order: ByteOrder, upperCase: boolean) => CellFormat>
>;

/** The format of a choice. `upperCase` is of hexadecimal digits. Throws RangeError for a name that is none. */
export function cellFormat({ name, order }: CellChoice, upperCase: boolean): CellFormat {
  const form = formOf(name);
  if (form === undefined) throw new RangeError(`no format is called ${name}`);
  const { kind, bytes, fraction } = form;
  if (isFixed(kind)) return fixedFormat({ bytes, fraction, signed: kind === 'fix' }, order);
  return isSized(kind) ? sized[kind](bytes, order, upperCase) : whole[kind](order, upperCase);
}
