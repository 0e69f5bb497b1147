/**
 * What linkers are told and tell of data: Chess's `.bcf`, Peano's `ld.script`, Chess's `.map`. They give buffers the sizes
 * that core ELFs lack, and say where the stack lies. Addresses are core addresses, sizes bytes. Lines of other kinds are
 * passed over: each file has many that say nothing about data.
 */
import { clean } from '../plain.ts';
import { mostLinesOfFile } from './core-files.ts';

/** A run of data addresses with a name. */
export interface NamedRange {
  readonly name: string;
  readonly address: number;
  readonly size: number;
}

/** Which kind of file said it. */
export type LinkerSource = 'bcf' | 'ld.script' | 'map';

/** What one file says. */
export interface LinkerFile {
  readonly source: LinkerSource;
  readonly buffers: readonly NamedRange[];
  readonly stack?: Omit<NamedRange, 'name'>;
}

/** Data addresses of every generation begin here or above. */
export const programEnd = 0x20000;
/** Longer lines are passed over. */
const longestLine = 16_384;

function linesOf(text: string): string[] {
  return text.split('\n', mostLinesOfFile).filter((line) => line.length <= longestLine);
}

/** A line without `/* ... *\/`. */
function withoutComments(line: string): string {
  let text = '';
  for (let at = 0; ; ) {
    const begin = line.indexOf('/*', at);
    const end = begin < 0 ? -1 : line.indexOf('*/', begin + 2);
    if (end < 0) return text + line.slice(at);
    text += line.slice(at, begin);
    at = end + 2;
  }
}

/** A number of at most 32 bits, decimal or behind `0x`. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}

/**
 * Reads a `.bcf`: `_symbol NAME ADDRESS [SIZE]`, `_stack DM_stack ADDRESS SIZE`, and behind a symbol without a size
 * `_reserved DMb ADDRESS SIZE` for the same address.
 */
function readBcf(text: string): LinkerFile {
  const buffers: NamedRange[] = [];
  let waiting: { readonly name: string; readonly address: number } | undefined;
  let stack: LinkerFile['stack'];
  for (const line of linesOf(text)) {
    const [kind, name = '', second, third] = line
      .replace(/\/\/.*/, '')
      .trim()
      .split(/\s+/);
    const address = numberOf(second);
    const size = numberOf(third);
    if (address === undefined) continue;
    if (kind === '_symbol') {
      waiting = size === undefined ? { name: clean(name), address } : undefined;
      if (size !== undefined) buffers.push({ name: clean(name), address, size });
    } else if (size === undefined) continue;
    else if (kind === '_stack') stack = { address, size };
    else if (kind === '_reserved' && waiting?.address === address) buffers.push({ ...waiting, size });
  }
  return { source: 'bcf', buffers: buffers.filter(isData), ...(stack === undefined ? {} : { stack }) };
}

/** Symbols of program memory have no names of buffers. */
function isData({ address }: NamedRange): boolean {
  return address >= programEnd;
}

/** Reads an `ld.script`: `. = ADDRESS;`, `NAME = .;`, `. += SIZE;`. */
function readLdScript(text: string): LinkerFile {
  const buffers: NamedRange[] = [];
  let stack: LinkerFile['stack'];
  let at = 0;
  let names: string[] = [];
  for (const line of linesOf(text)) {
    const statement = withoutComments(line).trim();
    const moved = numberOf(/^\.\s*=\s*(\w+)\s*;/.exec(statement)?.[1]);
    const size = numberOf(/^\.\s*\+=\s*(\w+)\s*;/.exec(statement)?.[1]);
    const name = /^([\w.$]+)\s*=\s*\.\s*;/.exec(statement)?.[1];
    if (moved !== undefined) {
      at = moved;
      names = [];
    } else if (size !== undefined) {
      for (const one of names) {
        if (one === stackStart) stack = { address: at, size };
        else buffers.push({ name: clean(one), address: at, size });
      }
      at += size;
      names = [];
    } else if (name !== undefined) names.push(name);
  }
  return { source: 'ld.script', buffers, ...(stack === undefined ? {} : { stack }) };
}

/** The name that a script gives to where the stack begins. */
const stackStart = '_sp_start_value_DM_stack';

/** Reads a `.map`: `0xFIRST..0xLAST ( N items) : FILE::NAME (Data, ...)`, and `: Stack`. */
function readLinkerMap(text: string): LinkerFile {
  const buffers: NamedRange[] = [];
  let stack: LinkerFile['stack'];
  for (const line of linesOf(text)) {
    const match = /^\s*(0x[0-9a-f]{1,8})\.\.(0x[0-9a-f]{1,8}) \(\s*\d+ items\) : (.*)$/i.exec(line);
    const first = numberOf(match?.[1]);
    const last = numberOf(match?.[2]);
    const what = match?.[3]?.trim() ?? '';
    if (first === undefined || last === undefined || last < first) continue;
    const range = { address: first, size: last - first + 1 };
    const name = dataName(what);
    if (name !== undefined) buffers.push({ name: clean(name), ...range });
    else if (what === 'Stack') stack = range;
  }
  return { source: 'map', buffers, ...(stack === undefined ? {} : { stack }) };
}

/** The name in `FILE::NAME (Data, ...)`; undefined for anything else. */
function dataName(text: string): string | undefined {
  const end = text.search(/ \(Data\b/);
  if (end < 0) return undefined;
  const before = text.slice(text.lastIndexOf(' ', end - 1) + 1, end);
  const from = before.indexOf('::');
  return from < 0 || from + 2 === before.length ? undefined : before.slice(from + 2);
}

/** The reader of each kind. */
export const linkerReaders: Readonly<Record<LinkerSource, (text: string) => LinkerFile>> = {
  bcf: readBcf,
  'ld.script': readLdScript,
  map: readLinkerMap,
};
