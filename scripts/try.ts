/**
 * `npm run try -- FOLDER`: gives every file below a folder to the readers of what builds leave, and prints a table of what
 * was found in each. Changes nothing.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type ControlConfig, readControlConfig } from '../src/model/program/control-config.ts';
import { DebugInfo } from '../src/model/program/dwarf/debug-info.ts';
import { debugFaultText } from '../src/model/program/dwarf/faults.ts';
import { type ElfFile, readElf } from '../src/model/program/elf.ts';
import { FileFault, faultText } from '../src/model/program/faults.ts';
import { isMain, runMain, ScriptError } from './common.ts';

/** A larger file is no part of a build that the readers know. */
const mostBytes = 256 * 1024 * 1024;

const l10n = {
  t: (message: string, ...args: (string | number)[]): string =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};

/** What was found in one file; `undefined` where no reader takes it. */
interface Found {
  readonly kind: string;
  readonly what: string;
}

function elfText({ machine, flags, sections, segments, symbols }: ElfFile): string {
  const count = (wanted: string) => symbols.filter(({ type }) => type === wanted).length;
  return (
    `machine ${machine}, flags ${flags}, ${sections.length} sections, ${segments.length} segments, ` +
    `${symbols.length} symbols (${count('object')} objects, ${count('function')} functions, ${count('none')} untyped)`
  );
}

/** What the debug information tells; empty if there is none. */
function debugText(elf: ElfFile): string {
  const info = new DebugInfo(elf);
  const { versions, producers, functions, globals, types, faults } = info;
  if (versions.length === 0 && faults.length === 0) return '';
  const producer = producers.map((text) => text.slice(0, 40)).join('; ');
  const some = globals.slice(0, 4).map(({ name, type }) => `${name}: ${types.text(type)}`);
  return (
    `; DWARF ${versions.join(', ')} (${producer}): ${functions.length} functions, ${globals.length} globals (${some.join('; ')}), ` +
    `${info.sourceFiles().length} source files${faults.map((fault) => `; ${debugFaultText(fault, l10n)}`).join('')}`
  );
}

function controlText({ graphs, kernels, shape }: ControlConfig): string {
  const start = shape.startCols.length === 0 ? 'not said' : shape.startCols.join(', ');
  const named = kernels.map(({ name, column, row }) => `${name} in ${column}_${row}`);
  return (
    `${graphs.length} graphs, ${kernels.length} kernels${named.length === 0 ? '' : `: ${named.slice(0, 4).join('; ')}`}; ` +
    `cores from row ${shape.coreStart ?? 'not said'}, starts at column ${start}`
  );
}

/** The readers by what they take. */
const readers: readonly {
  readonly kind: string;
  readonly takes: (name: string, bytes: Uint8Array) => boolean;
  readonly read: (bytes: Uint8Array) => string;
}[] = [
  {
    kind: 'core ELF',
    takes: (_, bytes) => bytes[0] === 0x7f && bytes[1] === 0x45,
    read: (bytes) => {
      const elf = readElf(bytes);
      return elfText(elf) + debugText(elf);
    },
  },
  {
    kind: 'control config',
    takes: (name) => name.endsWith('aie_control_config.json'),
    read: (bytes) => controlText(readControlConfig(new TextDecoder().decode(bytes))),
  },
];

function foundIn(name: string, bytes: Uint8Array): Found | undefined {
  const reader = readers.find(({ takes }) => takes(name, bytes));
  if (reader === undefined) return undefined;
  try {
    return { kind: reader.kind, what: reader.read(bytes) };
  } catch (error) {
    if (!(error instanceof FileFault)) throw error;
    return { kind: `${reader.kind}, refused`, what: faultText(error, l10n) };
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [folder, ...others] = args;
  if (folder === undefined || others.length > 0) throw new ScriptError('Which folder? npm run try -- FOLDER');
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const rows: string[][] = [];
  let passedOver = 0;
  for (const name of names) {
    const { size } = await stat(name);
    const start = performance.now();
    const found = size > mostBytes ? undefined : foundIn(name, await readFile(name));
    const took = performance.now() - start;
    if (found === undefined) passedOver++;
    else rows.push([relative(folder, name), found.kind, `${size}`, took.toFixed(1), found.what]);
  }
  console.log('| file | kind | bytes | ms | found |\n|---|---|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log(`\n${rows.length} files read, ${passedOver} of other kinds.`);
  return 0;
}

if (isMain(import.meta.url)) runMain(async () => main(process.argv.slice(2)));
