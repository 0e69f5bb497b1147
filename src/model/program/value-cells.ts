/** The cell format that shows the values of a type: of an array or a vector that of its elements. */
import { type CellName, formOf } from '../cells/choices.ts';
import type { TypeId, TypeTable } from './dwarf/types.ts';

/** Names of one value in AI Engine sources and modules that are not those of the formats. */
const others: ReadonlyMap<string, CellName> = new Map<string, CellName>([
  ['float', 'float32'],
  ['double', 'float64'],
  ['f16', 'float16'],
  ['bf16', 'bfloat16'],
  ['f32', 'float32'],
  ['f64', 'float64'],
]);
const mostDepth = 24;

/**
 * The format of a name: `int16`, `cint32`, `bfloat16`; of vectors as compilers of AI Engine cores call them (`v8cint16`) that of
 * a lane; of MLIR's names (`i32`, `ui8`, `bf16`). Undefined where it is none of these.
 */
export function cellsOfName(name: string): CellName | undefined {
  const lane = name.replace(/^v\d+(?=[a-z])/, '').replace(/_t$/, '');
  const other = others.get(lane);
  if (other !== undefined) return other;
  const [, sign, bits] = /^(si|ui|i)(\d+)$/.exec(lane) ?? [];
  const called = sign === undefined ? lane : `${sign === 'ui' ? 'uint' : 'int'}${bits}`;
  const form = formOf(called);
  const isValue = form !== undefined && /^(u?int|c|b?float)/.test(called);
  return isValue ? (called as CellName) : undefined;
}

/** The format of a `memref`'s shape and element, as modules write it: `16x4xi32`. */
export function cellsOfMemref(type: string): CellName | undefined {
  const [element = ''] = type.split(',');
  return cellsOfName(element.slice(element.lastIndexOf('x') + 1).trim());
}

/** The format of a type of a program; undefined for structs, which no cell shows. */
export function cellsOfType(types: TypeTable, id: TypeId): CellName | undefined {
  let at = id;
  for (let depth = 0; depth < mostDepth; depth++) {
    const type = types.type(at);
    switch (type.kind) {
      case 'typedef': {
        const named = cellsOfName(type.name);
        if (named !== undefined) return named;
        at = type.of;
        break;
      }
      case 'qualified':
      case 'array':
        at = type.of;
        break;
      case 'pointer':
        return sized('hex', type.size);
      case 'enum':
        return sized('int', type.size);
      case 'base':
        return cellsOfName(type.name) ?? cellsOfBase(type);
      case 'struct':
        // `cint16` and its kin are structs for some compilers.
        return cellsOfName(type.name);
      default:
        return undefined;
    }
  }
  return undefined;
}

function cellsOfBase({
  name,
  size,
  encoding,
}: {
  readonly name: string;
  readonly size: number | undefined;
  readonly encoding: string;
}): CellName | undefined {
  switch (encoding) {
    case 'signed':
      return sized('int', size);
    case 'unsigned':
    case 'boolean':
      return sized('uint', size);
    case 'character':
      return sized(/unsigned|char\d/.test(name) ? 'uint' : 'int', size);
    case 'float':
      return size === 2 || size === 4 || size === 8 ? `float${(8 * size) as 16 | 32 | 64}` : undefined;
    default:
      return undefined;
  }
}

/** Larger values are vectors that no name tells apart. */
function sized(kind: 'int' | 'uint' | 'hex', bytes: number | undefined): CellName | undefined {
  return bytes !== undefined && bytes > 0 && bytes <= 8 ? `${kind}${8 * bytes}` : undefined;
}
