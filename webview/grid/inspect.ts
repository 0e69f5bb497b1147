/** What the inspector shows of the bytes at the cursor: which values, in which formats. Pure: no bytes, no DOM. */
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import type { CellName } from '../../src/model/cells/choices.ts';
import type { ByteOrder, CellFormat } from '../../src/model/cells/format.ts';
import { lanesFormat } from '../../src/model/cells/lanes.ts';

/** Values that are shown in both orders of bytes; one byte has no order. */
export const inspected = [
  'uint8',
  'int8',
  'bin8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'bfloat16',
  'float16',
  'float32',
  'float64',
  'cint16',
  'cint32',
  'cfloat',
] as const satisfies readonly CellName[];

/** Vectors to choose from: lanes and their format, called as AI Engine source code does. */
const lanes = {
  v16int8: [16, 'int8'],
  v32int8: [32, 'int8'],
  v8int16: [8, 'int16'],
  v16int16: [16, 'int16'],
  v4int32: [4, 'int32'],
  v8int32: [8, 'int32'],
  v8bfloat16: [8, 'bfloat16'],
  v16bfloat16: [16, 'bfloat16'],
  v4float: [4, 'float32'],
  v8float: [8, 'float32'],
  v4cint16: [4, 'cint16'],
  v2cint32: [2, 'cint32'],
  v2cfloat: [2, 'cfloat'],
} as const satisfies Readonly<Record<string, readonly [number, CellName]>>;

/** Names a vector. */
export type VectorName = keyof typeof lanes;

/** Every vector, in the order in which they are offered. */
export const vectorNames = Object.keys(lanes) as readonly VectorName[];

/** What can be inspected. */
export type InspectedName = (typeof inspected)[number] | VectorName;

/** The format of a value or of a vector. */
export function inspectedFormat(name: InspectedName, order: ByteOrder, upperCase: boolean): CellFormat {
  if (!(name in lanes)) return cellFormat({ name: name as CellName, order }, upperCase);
  const [count, lane] = lanes[name as VectorName];
  return lanesFormat(cellFormat({ name: lane, order }, upperCase), count);
}
