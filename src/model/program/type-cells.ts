/** Which cells of the editor show the values of a type. */
import { type CellName, formOf } from '../cells/choices.ts';
import { mostTypeDepth, type ProgramType, type TypeId, type TypeTable } from './dwarf/types.ts';

/** Cells of a type: `v4int32` has four of `int32`. */
export interface TypeCells {
  readonly name: CellName;
  readonly count: number;
}

/** Numbers of AI Engine sources by name that are no format's name. */
const otherNames: Readonly<Record<string, CellName>> = {
  float: 'float32',
  double: 'float64',
  half: 'float16',
};
const vector = /^v([1-9]\d{0,3})(\w+)$/;
/** Base types of more bytes are vectors or accumulators, not one number. */
const mostNumberBytes = 8;

/** The format of a number that AI Engine sources call so: `cint16`, `uint8`, `bfloat16`. */
function cellNamed(name: string): CellName | undefined {
  if (Object.hasOwn(otherNames, name)) return otherNames[name];
  const isNumber = /^(?:u?int\d+|c?float|cint\d+|bfloat16)$/.test(name) && formOf(name) !== undefined;
  return isNumber ? (name as CellName) : undefined;
}

/** What a name of AI Engine sources says by itself: a number, or a vector of them. */
export function cellsNamed(name: string): TypeCells | undefined {
  const own = cellNamed(name);
  if (own !== undefined) return { name: own, count: 1 };
  const [, count = '', of = ''] = vector.exec(name) ?? [];
  const lane = cellNamed(of);
  return lane === undefined ? undefined : { name: lane, count: Number(count) };
}

function ofBase({ name, size, encoding }: ProgramType & { kind: 'base' }): TypeCells | undefined {
  if (size === undefined || size === 0) return undefined;
  const kind = encoding === 'float' ? 'float' : encoding === 'signed' ? 'int' : 'uint';
  // Compilers say that vectors are numbers of as many bytes: then the name counts.
  const named = cellsNamed(name);
  if (named !== undefined && (formOf(named.name)?.bytes ?? 0) * named.count === size) return named;
  const text = encoding === 'character' ? `int${8 * size}` : `${kind}${8 * size}`;
  return size <= mostNumberBytes && formOf(text)?.bytes === size
    ? { name: text as CellName, count: 1 }
    : undefined;
}

/** The cells of a value of the type; `undefined` for structs, unions, and what is not known. */
export function cellsOfType(types: TypeTable, id: TypeId, depth = 0): TypeCells | undefined {
  if (depth > mostTypeDepth) return undefined;
  const type = types.type(id);
  switch (type.kind) {
    case 'typedef':
      return sizedAs(cellsNamed(type.name), types.sizeOf(id)) ?? cellsOfType(types, type.of, depth + 1);
    case 'qualified':
      return cellsOfType(types, type.of, depth + 1);
    case 'base':
      return ofBase(type);
    case 'pointer':
      return type.size === 4 ? { name: 'hex32', count: 1 } : undefined;
    case 'enum':
      return ofBase({ kind: 'base', name: '', size: type.size, encoding: 'signed' });
    case 'array': {
      const of = cellsOfType(types, type.of, depth + 1);
      let count = of?.count;
      for (const one of type.counts)
        count = count === undefined || one === undefined ? undefined : count * one;
      return of === undefined || count === undefined ? undefined : { name: of.name, count };
    }
    default:
      return undefined;
  }
}

/** The cells, if they have as many bytes as the type. */
function sizedAs(cells: TypeCells | undefined, size: number | undefined): TypeCells | undefined {
  return cells !== undefined && (formOf(cells.name)?.bytes ?? 0) * cells.count === size ? cells : undefined;
}
