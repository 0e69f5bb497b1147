/**
 * What a text of the clipboard may mean as bytes, and where these go. Each reading takes all of the text or is none: what it
 * says of bytes is shown before they are staged. Knows no page, no clipboard.
 */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, type CellName, formOf, hexBytes } from '../cells/choices.ts';
import { longestText } from '../cells/format.ts';
import type { ByteRange } from '../geometry.ts';
import { type Pasted, parseCells, parseCharacters } from './pasted.ts';

/** What a text can be taken for. `c`, `json`, `python`: lists of numbers, or what stands for bytes there. */
type PasteForm = 'c' | 'json' | 'python' | 'values' | 'hex' | 'base64' | 'text';

/** One way to take a text. */
export interface Reading {
  readonly form: PasteForm;
  /** Which values its numbers became; undefined where the text says bytes. */
  readonly cells?: CellChoice;
  /** The bytes of each run of the selection, or one for all of them. */
  readonly parts: readonly Pasted[];
}

/** A run of pasted bytes at its place. Buffer offset. */
export interface PlacedRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Longer texts are imported from a file: reading them in every way would take too long. Characters. */
export const longestPasted = 1024 * 1024;

/**
 * All ways to take a text, the likeliest first; of those that give the same bytes only the first.
 * @param cells how the editor shows its values
 * @param runs how many runs are selected: a text with as many lines has a line for each
 */
export function readingsOf(text: string, cells: CellChoice, runs: number): readonly Reading[] {
  if (text.length > longestPasted) return [];
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const areLines = runs > 1 && lines.length === runs;
  const byLine = (form: PasteForm, read: (line: string) => Pasted | undefined, choice?: CellChoice) => {
    const parts = (areLines ? lines : [text]).map(read);
    const isAll = parts.every((part) => part !== undefined);
    return isAll ? [{ form, parts, ...(choice === undefined ? {} : { cells: choice }) }] : [];
  };
  const values = cellFormat(cells, true);
  const hex = cellFormat(hexBytes, true);
  const characters = byLine('text', parseCharacters);
  const packed = bytesReading('base64', base64Bytes(text));
  const readings: readonly Reading[] = [
    ...cReading(text, cells),
    ...jsonReading(text, cells),
    ...pythonReading(text, cells),
    ...(cells.name === hexBytes.name ? [] : byLine('values', (line) => parseCells(values, line), cells)),
    ...byLine('hex', (line) => parseCells(hex, line.replace(/(?<=[0-9a-f]{2})[:-](?=[0-9a-f]{2})/gi, ' '))),
    // A short word is rather a word.
    ...(/[+/=]/.test(text) || text.length >= 16 ? [...packed, ...characters] : [...characters, ...packed]),
  ];
  return readings.filter((one, i) => readings.findIndex((other) => areSame(one.parts, other.parts)) === i);
}

function areSame(a: readonly Pasted[], b: readonly Pasted[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((part, i) => {
    const other = b[i];
    if (part.length !== other?.length || part.runs.length !== other.runs.length) return false;
    return part.runs.every(({ at, bytes }, k) => {
      const run = other.runs[k];
      return (
        run?.at === at && run.bytes.length === bytes.length && run.bytes.every((one, n) => one === bytes[n])
      );
    });
  });
}

function bytesReading(form: PasteForm, bytes: Uint8Array | undefined, cells?: CellChoice): Reading[] {
  if (bytes === undefined || bytes.length === 0) return [];
  const parts = [{ runs: [{ at: 0, bytes }], length: bytes.length }];
  return [{ form, parts, ...(cells === undefined ? {} : { cells }) }];
}

function base64Bytes(text: string): Uint8Array | undefined {
  const packed = text.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
  if (!/^[0-9a-z+/]+={0,2}$/i.test(packed) || packed.length % 4 === 1) return undefined;
  try {
    return Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Types of C with their sizes on the tiles. */
const cTypes: Readonly<Record<string, CellName>> = {
  char: 'int8',
  'signed char': 'int8',
  'unsigned char': 'uint8',
  short: 'int16',
  'unsigned short': 'uint16',
  int: 'int32',
  unsigned: 'uint32',
  'unsigned int': 'uint32',
  'long long': 'int64',
  'unsigned long long': 'uint64',
  float: 'float32',
  double: 'float64',
};

/** The values of an initialiser in braces, of the type that stands before it. */
function cReading(text: string, cells: CellChoice): Reading[] {
  const bare = withoutComments(text).trim();
  const [, before, body] = /^([^{}"]{0,300})\{([^"]*)\}\s*;?$/.exec(bare) ?? [];
  if (before === undefined || body === undefined) return [];
  const words = wordsOf(body.replace(/[{}]/g, ' ').replace(/\((-?\d{1,20}) - 1\)/g, oneLess));
  const type = typeBefore(before);
  const declared = cType(type) ?? knownCells(type);
  if (type !== '' && declared === undefined) return [];
  return numbersReading('c', words, cells, declared && { name: declared, order: cells.order });
}

/** The type that stands before an initialiser, or what else does where it is none; empty where only a name does, or nothing. */
function typeBefore(text: string): string {
  const bare = text
    .replace(/\b(?:static|const|constexpr|alignas\(\d+\)|std::)(?=[\s\w])/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const place = bare.replace(/(?: ?\[[^\]]*\])* ?=?$/, '');
  // A word right before the brace is a type: `float{1}`.
  const type = place === bare && !bare.includes(' ') ? bare : place.replace(/[\w.]+$/, '');
  return type.trim();
}

/** Without comments of C. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let start = text.indexOf('/*'); start >= 0; start = text.indexOf('/*', at)) {
    const end = text.indexOf('*/', start + 2);
    if (end < 0) break;
    parts.push(text.slice(at, start));
    at = end + 2;
  }
  return [...parts, text.slice(at)].join(' ').replace(/\/\/[^\n]*/g, ' ');
}

/** The least number of a type has no literal: it is written as another one less 1. */
function oneLess(_: string, number: string): string {
  return String(BigInt(number) - 1n);
}

function cType(name: string): CellName | undefined {
  const [, sign, bits] = /^(u?)int(8|16|32|64)(?:_t)?$/.exec(name) ?? [];
  if (bits !== undefined) return `${sign === 'u' ? 'uint' : 'int'}${Number(bits)}`;
  return Object.hasOwn(cTypes, name) ? cTypes[name] : undefined;
}

/** The cells of that name, in which the types of the tiles are called as in C and NumPy: `bfloat16`, `cint16`. */
function knownCells(name: string): CellName | undefined {
  return formOf(name) && (name as CellName);
}

function jsonReading(text: string, cells: CellChoice): Reading[] {
  if (!/^\s*\[/.test(text)) return [];
  try {
    JSON.parse(text);
  } catch {
    return [];
  }
  // Numbers are taken as they are written: a double would round them.
  if (/[{}:]|true|false|null|\\/.test(text)) return [];
  return numbersReading('json', wordsOf(text.replace(/["[\]]/g, ' ')), cells);
}

const numpyTypes: Readonly<Record<string, CellName>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'cfloat',
};

/** A list or an array of numbers, also as NumPy prints it; bytes of a list, or of `bytes.fromhex`. */
function pythonReading(text: string, cells: CellChoice): Reading[] {
  const bare = text.trim();
  const digits =
    /^(?:\w+\s*=\s*)?(?:(?:np|numpy)\.frombuffer\(\s*)?bytes\.fromhex\(\s*["']([0-9a-f\s]*)["']\s*\)(?:\s*,\s*dtype\s*=\s*(?:[\w.<>=|"']{1,40}|\[[^\]]{1,100}\]))?(?:\s*\))?(?:\s*\/\s*2\*\*\d{1,3})?$/i.exec(
      bare,
    )?.[1];
  if (digits !== undefined) return bytesReading('python', hexDigitsOf(digits));
  const [, maker, list, type = /^byte/.test(maker ?? '') ? 'u1' : undefined] =
    /^(?:\w+\s*=\s*)?(?:([\w.]*array|bytes)\(\s*)?([[(][^=]*[\])])(?:\s*,\s*dtype\s*=\s*([^()\s]{1,40}))?(?:\s*\))?$/.exec(
      bare,
    ) ?? [];
  if (list === undefined) return [];
  const [, order, name = ''] =
    /^(?:np\.|numpy\.|ml_dtypes\.)?["']?([<>|=]?)(\w+)["']?$/.exec(type ?? '') ?? [];
  const declared = numpyType(name) ?? cType(name) ?? shortType(name) ?? knownCells(name);
  if (type !== undefined && declared === undefined) return [];
  const words = wordsOf(list.replace(/float\(\s*["']([^"']*)["']\s*\)/g, '$1').replace(/[[\]()]/g, ' '));
  const byteOrder = order === '>' ? 'big' : order === '<' ? 'little' : cells.order;
  return numbersReading('python', words, cells, declared && { name: declared, order: byteOrder });
}

function numpyType(name: string): CellName | undefined {
  return Object.hasOwn(numpyTypes, name) ? numpyTypes[name] : undefined;
}

/** `i2`, `u4`: NumPy's short names. */
function shortType(name: string): CellName | undefined {
  const [, sign, size] = /^([iu])([1248])$/.exec(name) ?? [];
  return size === undefined ? undefined : `${sign === 'u' ? 'uint' : 'int'}${8 * Number(size)}`;
}

function hexDigitsOf(text: string): Uint8Array | undefined {
  const pasted = parseCells(cellFormat(hexBytes, true), text);
  return pasted?.runs[0]?.bytes;
}

function wordsOf(list: string): string[] {
  return list.split(/[\s,]+/).filter((word) => word !== '');
}

/** The values that numbers become: of the type that the text says, else of the shown cells, else of the first that holds all. */
function numbersReading(
  form: PasteForm,
  words: readonly string[],
  cells: CellChoice,
  declared?: CellChoice,
): Reading[] {
  const usual = (['int32', 'int64', 'float32'] as const).map((name) => ({ name, order: cells.order }));
  for (const choice of declared === undefined ? [cells, ...usual] : [declared]) {
    const bytes = numberBytes(words, choice);
    if (bytes !== undefined) return bytesReading(form, bytes, choice);
  }
  return [];
}

/** The bytes of numbers as values of a format; undefined where one is none, does not fit, or some are missing of the last value. */
function numberBytes(words: readonly string[], choice: CellChoice): Uint8Array | undefined {
  const numbers = words.map(numberText);
  const { kind = 'hex', bytes: size = 1 } = formOf(choice.name) ?? {};
  const isBits = kind === 'hex' || kind === 'bin' || kind === 'oct';
  const format = cellFormat(isBits ? { ...choice, name: `uint${8 * size}` } : choice, true);
  const each = format.numbers(new Uint8Array(format.bytes), 0).length;
  if (numbers.length === 0 || numbers.length % each !== 0) return undefined;
  const bytes = new Uint8Array((numbers.length / each) * format.bytes);
  for (let at = 0, cell = 0; at < numbers.length; at += each, cell++) {
    const own: string[] = [];
    for (const number of numbers.slice(at, at + each)) {
      if (number === undefined) return undefined;
      own.push(number);
    }
    const parsed = format.parse(kind.startsWith('c') ? complexText(own) : own.join('|'));
    if (!(parsed instanceof Uint8Array)) return undefined;
    bytes.set(parsed, cell * format.bytes);
  }
  return bytes;
}

function complexText([real = '', imaginary = '']: readonly string[]): string {
  return `${real}${/^[-+]/.test(imaginary) ? '' : '+'}${imaginary}j`;
}

/** A number as the formats read it: decimal, or `nan` and `inf`; undefined for anything else. */
function numberText(word: string): string | undefined {
  if (word.length > longestText) return undefined;
  const [, minus = '', whole] = /^([-+]?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+)[ul]*$/i.exec(word) ?? [];
  if (whole !== undefined && word.length <= 100) return `${minus}${BigInt(whole)}`;
  const [decimal] = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?=[ulf]*$)/i.exec(word) ?? [];
  if (decimal !== undefined) return decimal;
  const [, sign = '', special] = /^([-+]?)(nan|inf)(?:inity)?$/i.exec(word) ?? [];
  return special === undefined ? undefined : `${special.toLowerCase() === 'nan' ? '' : sign}${special}`;
}

/**
 * Where the bytes of a reading go, and how many do not fit. One run: from its begin on, up to `end`, as pasting does.
 * Several: the bytes of each line into its run, or all of them through the runs one after the other.
 */
export function placePasted(
  { parts }: Reading,
  ranges: readonly ByteRange[],
  end: number,
): { readonly runs: readonly PlacedRun[]; readonly left: number } {
  const [first] = ranges;
  const rooms =
    ranges.length === 1 && first !== undefined
      ? [{ offset: first.offset, length: end - first.offset }]
      : ranges;
  const runs: PlacedRun[] = [];
  let left = 0;
  for (const [i, part] of parts.entries()) {
    left += pour(part, parts.length === 1 ? rooms : rooms.slice(i, i + 1), runs);
  }
  return { runs, left };
}

/** Lays runs of bytes into rooms, as if these stood one behind the other; how many bytes do not fit. */
function pour({ runs }: Pasted, rooms: readonly ByteRange[], into: PlacedRun[]): number {
  let left = 0;
  let room = 0;
  /** Where the room begins, counted in pasted bytes. */
  let start = 0;
  for (const { at, bytes } of runs) {
    for (let done = 0; done < bytes.length; ) {
      const here = rooms[room];
      if (here === undefined) {
        left += bytes.length - done;
        break;
      }
      const from = at + done - start;
      if (from >= here.length) {
        start += here.length;
        room++;
        continue;
      }
      const length = Math.min(bytes.length - done, here.length - from);
      into.push({ offset: here.offset + from, bytes: bytes.slice(done, done + length) });
      done += length;
    }
  }
  return left;
}
