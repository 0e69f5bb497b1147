/** Values of fields as text and back. Numbers look as in the editor's cells. */
import { cellFormat } from '../cells/cell-format.ts';
import {
  type CellFormat,
  type CellRefusal,
  readInteger,
  readUnsigned,
  unclear,
  writeInteger,
} from '../cells/format.ts';
import { lanesFormat } from '../cells/lanes.ts';
import { bytesOfField, type Field, isPlain } from './fields.ts';
import { type NumberType, type StructureType, signOf } from './types.ts';

/** Numbers of an array that a text has. */
const mostNumbersOfText = 8;
const mostCharacters = 40;

/** Bytes from the beginning of what is laid on; `known` is 0 for those that have no value. */
export interface LaidBytes {
  readonly bytes: Uint8Array;
  readonly known: Uint8Array;
}

/** What a value is read and written by. */
function formatOf({ cells, count }: NumberType): CellFormat {
  const format = cellFormat({ name: cells, order: 'little' }, true);
  return count === 1 ? format : lanesFormat(format, count);
}

function isKnown({ known }: LaidBytes, at: number, size: number): boolean {
  return at + size <= known.length && known.subarray(at, at + size).every((one) => one !== 0);
}

/** A field's value; `??` where a byte of it has none. Structs have `{...}`, arrays their first numbers. */
export function fieldText(field: Field, laid: LaidBytes): string {
  const { type, offset } = field;
  if (!isPlain(type)) return type.kind === 'array' ? `{...} x ${type.count}` : '{...}';
  if (type.kind === 'number') {
    if (!isKnown(laid, offset, bytesOfField(field))) return '??';
    if (field.bits === undefined) return numberText(type, laid.bytes, offset);
    return bitsText(type, bitsOf(field, laid.bytes));
  }
  let of: StructureType = type;
  while (of.kind === 'array') of = of.of;
  if (of.kind !== 'number') return '{...}';
  const count = of.size === 0 ? 0 : type.size / of.size;
  if (of.as === 'character') return charactersText(laid, offset, count);
  const texts: string[] = [];
  for (let i = 0; i < Math.min(count, mostNumbersOfText); i++) {
    const at = offset + i * of.size;
    texts.push(isKnown(laid, at, of.size) ? numberText(of, laid.bytes, at) : '??');
  }
  return `{${texts.join(', ')}${count > texts.length ? ', ...' : ''}}`;
}

function numberText(type: NumberType, bytes: Uint8Array, at: number): string {
  const text = formatOf(type).format(bytes, at).trim();
  if (type.count > 1) return text;
  switch (type.as) {
    case 'boolean':
      return text === '0' ? 'false' : text === '1' ? 'true' : text;
    case 'character': {
      const code = bytes[at] ?? 0;
      return isPrintable(code) ? `${text} '${String.fromCharCode(code)}'` : text;
    }
    case 'pointer':
      return `0x${text}`;
    case 'enum':
      return enumText(type, BigInt(readInteger(bytes, at, type.size, signOf(type) === 'signed', 'little')));
    default:
      return text;
  }
}

function enumText({ values = [] }: NumberType, value: bigint): string {
  const found = values.find((one) => one.value === value);
  return found === undefined ? `${value}` : `${found.name} (${value})`;
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code < 0x7f;
}

function charactersText(laid: LaidBytes, offset: number, count: number): string {
  let text = '';
  for (let i = 0; i < Math.min(count, mostCharacters); i++) {
    if (!isKnown(laid, offset + i, 1)) return '??';
    const code = laid.bytes[offset + i] ?? 0;
    if (code === 0) return `"${text}"`;
    text += isPrintable(code) ? String.fromCharCode(code) : '.';
  }
  return `"${text}"${count > mostCharacters ? '...' : ''}`;
}

function bitsOf({ type, offset, bits = { first: 0, count: 0 } }: Field, bytes: Uint8Array): bigint {
  const size = Math.ceil((bits.first + bits.count) / 8);
  const value = BigInt(readUnsigned(bytes, offset, size, 'little')) >> BigInt(bits.first);
  const isSigned = type.kind === 'number' && signOf(type) === 'signed';
  return isSigned ? BigInt.asIntN(bits.count, value) : BigInt.asUintN(bits.count, value);
}

function bitsText(type: NumberType, value: bigint): string {
  if (type.as === 'boolean') return value === 0n ? 'false' : 'true';
  return type.as === 'enum' ? enumText(type, value) : `${value}`;
}

/** A value as it is typed to get the same bytes. */
export function typedText(field: Field, { bytes }: LaidBytes): string {
  const { type, offset } = field;
  if (type.kind !== 'number') return '';
  return field.bits === undefined ? formatOf(type).format(bytes, offset).trim() : `${bitsOf(field, bytes)}`;
}

/**
 * The bytes of a typed value. Names of an enumeration, `true` and `'A'` are numbers, too.
 *
 * @param present the bytes of the whole: of a bit-field the other bits stay
 */
export function parseField(field: Field, text: string, present: Uint8Array): Uint8Array | CellRefusal {
  const { type, offset, bits } = field;
  if (type.kind !== 'number') return unclear;
  const number = numberNamed(type, text.trim());
  if (bits === undefined) return formatOf(type).parse(number ?? text.trim());
  const digits = number ?? text.trim();
  if (!/^[-+]?(?:0x[\da-f]{1,16}|\d{1,20})$/i.test(digits)) return unclear;
  const magnitude = BigInt(digits.replace(/^[-+]/, ''));
  const value = digits.startsWith('-') ? -magnitude : magnitude;
  const isSigned = signOf(type) === 'signed';
  const whole = 1n << BigInt(bits.count);
  const [least, most] = isSigned ? [-whole / 2n, whole / 2n - 1n] : [0n, whole - 1n];
  if (value < least || value > most) return { kind: 'outside', least: `${least}`, most: `${most}` };
  const size = bytesOfField(field);
  const before = BigInt(readUnsigned(present, offset, size, 'little'));
  const mask = (whole - 1n) << BigInt(bits.first);
  const after = (before & ~mask) | (BigInt.asUintN(bits.count, value) << BigInt(bits.first));
  return writeInteger(after, size, 'little');
}

/** What a word stands for, in digits. */
function numberNamed({ as, values = [], cells }: NumberType, text: string): string | undefined {
  if (as === 'boolean') return text === 'true' ? '1' : text === 'false' ? '0' : undefined;
  if (as === 'character') return /^'[ -~]'$/.test(text) ? `${text.charCodeAt(1)}` : undefined;
  if (as === 'pointer') return text.replace(/^0x/i, '');
  if (as !== 'enum') return undefined;
  const found = values.find(({ name }) => name === text);
  if (found === undefined) return undefined;
  return /^u?int/.test(cells) ? `${found.value}` : undefined;
}
