/** The formats that a person can choose, by name. The names are those of the settings and of AI Engine source code. */
import { complexFormat } from './complex.ts';
import { floatFormat, floatShapes } from './floats.ts';
import type { ByteOrder, CellFormat } from './format.ts';
import { bitsFormat, integerFormat } from './integers.ts';

/** What a person chose for the cells of a grid. */
export interface CellChoice {
  readonly name: CellName;
  readonly order: ByteOrder;
}

type Make = (order: ByteOrder, upperCase: boolean) => CellFormat;

const bits =
  (size: number, radix: 2 | 8 | 16): Make =>
  (order, upperCase) =>
    bitsFormat(size, radix, order, upperCase);
const integer =
  (size: number, signed: boolean): Make =>
  (order) =>
    integerFormat(size, signed, order);
const float =
  (shape: keyof typeof floatShapes): Make =>
  (order, upperCase) =>
    floatFormat(floatShapes[shape], order, upperCase);
const complex =
  (of: Make): Make =>
  (order, upperCase) =>
    complexFormat(of(order, upperCase));

const makers = {
  hex8: bits(1, 16),
  hex16: bits(2, 16),
  hex32: bits(4, 16),
  hex64: bits(8, 16),
  hex128: bits(16, 16),
  hex256: bits(32, 16),
  uint8: integer(1, false),
  uint16: integer(2, false),
  uint32: integer(4, false),
  uint64: integer(8, false),
  int8: integer(1, true),
  int16: integer(2, true),
  int32: integer(4, true),
  int64: integer(8, true),
  float16: float('float16'),
  bfloat16: float('bfloat16'),
  float32: float('float32'),
  float64: float('float64'),
  cint16: complex(integer(2, true)),
  cint32: complex(integer(4, true)),
  cfloat: complex(float('float32')),
  bin8: bits(1, 2),
  bin16: bits(2, 2),
  bin32: bits(4, 2),
  bin64: bits(8, 2),
  oct8: bits(1, 8),
  oct16: bits(2, 8),
  oct32: bits(4, 8),
  oct64: bits(8, 8),
} as const satisfies Readonly<Record<string, Make>>;

/** Names one format. */
export type CellName = keyof typeof makers;

/** Every format, in the order in which they are offered. */
export const cellNames = Object.keys(makers) as readonly CellName[];

/** Hexadecimal bytes: what is shown until a person chooses. */
export const hexBytes: CellChoice = { name: 'hex8', order: 'little' };

/** The format of a choice. `upperCase` is of hexadecimal digits. */
export function cellFormat({ name, order }: CellChoice, upperCase: boolean): CellFormat {
  return makers[name](order, upperCase);
}
