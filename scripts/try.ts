/**
 * `npm run try -- FOLDER`: gives every file below a folder to the readers of what builds leave, of snapshots and of numbers,
 * and prints a table of what was found in each. Changes nothing.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { readKept, saysItIsKept } from '../src/board/snapshot/kept-file.ts';
import { fileSentence } from '../src/editor/compare/file-sentences.ts';
import { FileError } from '../src/model/files/file-error.ts';
import { readGoldenFile } from '../src/model/files/golden-file.ts';
import { hexNumber } from '../src/model/numbers.ts';
import { readAieMetadata } from '../src/model/program/container.ts';
import { type ControlConfig, readControlConfig } from '../src/model/program/control-config.ts';
import { corePath, linkerPaths } from '../src/model/program/core-files.ts';
import { DebugInfo } from '../src/model/program/dwarf/debug-info.ts';
import { debugFaultText } from '../src/model/program/dwarf/faults.ts';
import { type ElfFile, readElf } from '../src/model/program/elf.ts';
import { faultText } from '../src/model/program/fault-texts.ts';
import { FileFault } from '../src/model/program/faults.ts';
import { type LinkerFile, linkerReaders, type NamedRange } from '../src/model/program/linker-files.ts';
import { type ModuleDevice, readModule } from '../src/model/program/mlir.ts';
import { coreSymbols } from '../src/model/program/symbols.ts';
import { textOf } from '../src/model/text-of.ts';
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

function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** The first few of a list, and how many more there are. */
function some(texts: readonly string[]): string {
  const shown = texts.slice(0, 4).join(', ');
  return texts.length > 4 ? `${shown}, ${texts.length - 4} more` : shown;
}

function rangeText({ name, address, size }: NamedRange): string {
  return `${name} ${hexNumber(address)}+${size}`;
}

function stackText(stack: { address: number; size: number } | undefined): string {
  if (stack === undefined) return 'no stack';
  return `stack ${hexNumber(stack.address)}+${stack.size === 0 ? '?' : stack.size}`;
}

/** What was read of the linker files that lie beside an ELF. */
async function linkerFilesOf(name: string): Promise<LinkerFile[]> {
  const files: LinkerFile[] = [];
  for (const { path, source } of linkerPaths(name.replaceAll('\\', '/'))) {
    if (existsSync(path)) files.push(linkerReaders[source](await readFile(path, 'utf8')));
  }
  return files;
}

async function elfText(name: string, bytes: Uint8Array): Promise<string> {
  const elf = readElf(bytes);
  const linkerFiles = await linkerFilesOf(name);
  const { buffers, functions, stack, generation } = coreSymbols(elf, linkerFiles);
  const at = corePath(name.replaceAll('\\', '/'));
  const place =
    at === undefined
      ? 'core not in its name'
      : `core ${at.column}_${at.row}${at.isComputeRow ? ' (compute row)' : ''}`;
  const beside =
    linkerFiles.length === 0 ? '' : `, with ${linkerFiles.map(({ source }) => source).join(' and ')}`;
  const named = buffers.map((one) => `${rangeText(one)} (${one.sizeFrom})`);
  return (
    `${place}${beside}: ${generation ?? 'generation not known'}, ${counted(elf.symbols.length, 'symbol')}; ` +
    `${counted(buffers.length, 'buffer')}: ${some(named)}; ` +
    `${counted(functions.length, 'function')}; ${stackText(stack)}${stack === undefined ? '' : ` (${stack.sizeFrom})`}${debugText(elf)}`
  );
}

/** What the debug information tells; empty if there is none. */
function debugText(elf: ElfFile): string {
  const info = new DebugInfo(elf);
  const { versions, producers, functions, globals, types, faults } = info;
  if (versions.length === 0 && faults.length === 0) return '';
  const producer = producers.map((text) => text.slice(0, 40)).join('; ');
  const typed = globals.slice(0, 4).map(({ name, type }) => `${name}: ${types.text(type)}`);
  return (
    `; DWARF ${versions.join(', ')} (${producer}): ${functions.length} functions, ${globals.length} globals (${typed.join('; ')}), ` +
    `${info.sourceFiles().length} source files${faults.map((fault) => `; ${debugFaultText(fault, l10n)}`).join('')}`
  );
}

function controlText({ graphs, kernels, parameters, shape, faults }: ControlConfig): string {
  const leftOut = faults
    .map((fault) => `; left out: ${faultText(fault, l10n)}`)
    .slice(0, 4)
    .join('');
  const start = shape.startCols.length === 0 ? 'not said' : shape.startCols.join(', ');
  const named = kernels.map(({ name, column, row }) => `${name} in ${column}_${row}`);
  return (
    `${counted(graphs.length, 'graph')}, ${counted(kernels.length, 'kernel')}${named.length === 0 ? '' : `: ${some(named)}`}; ` +
    `${counted(parameters.length, 'run-time parameter')}; cores from row ${shape.coreStart ?? 'not said'}, start column ${start}${leftOut}`
  );
}

function moduleText(devices: readonly ModuleDevice[]): string {
  return devices
    .map(({ name, target, cores, buffers, unplaced }) => {
      const named = buffers.map(
        (one) => `${one.name} (${one.column},${one.row})+${hexNumber(one.offset)} ${one.size ?? '?'} bytes`,
      );
      const rest = unplaced === 0 ? '' : `, ${unplaced} without address`;
      return (
        `device ${name === '' ? target : `${name} (${target})`}: ${counted(cores.length, 'core')}, ` +
        `${counted(buffers.length, 'buffer')}${rest}${named.length === 0 ? '' : `: ${some(named)}`}`
      );
    })
    .join('; ');
}

function linkerText({ buffers, stack }: LinkerFile): string {
  return `${counted(buffers.length, 'buffer')}: ${some(buffers.map(rangeText))}; ${stackText(stack)}`;
}

/** Snapshots, and core dumps with a header. */
function keptText(bytes: Uint8Array): string {
  const { memories, names } = readKept(bytes, '', 0);
  const said = memories.map(({ geometry }) => `${geometry.type} of ${geometry.numCols} columns`);
  return `${counted(memories.length, 'memory type')}: ${some(said)}; ${counted(names.length, 'name')}`;
}

/** Numbers and bytes that memory can be compared with. */
function goldenText(name: string, bytes: Uint8Array): string {
  const golden = readGoldenFile(name, bytes);
  switch (golden.kind) {
    case 'raw':
      return `${golden.bytes.length} bytes`;
    case 'placed':
      return counted(golden.placed.runs.length, 'run');
    case 'numbers': {
      const { values, name: type } = golden.numbers;
      const first = Array.from({ length: Math.min(4, values.length) }, (_, i) => String(values[i]));
      const more = values.length > 4 ? ', ...' : '';
      return `${counted(values.length, 'number')}${type === undefined ? '' : ` (${type})`}: ${first.join(', ')}${more}`;
    }
  }
}

/** The readers by what they take. */
const readers: readonly {
  readonly kind: string;
  readonly takes: (name: string, bytes: Uint8Array) => boolean;
  readonly read: (bytes: Uint8Array, name: string) => string | Promise<string>;
}[] = [
  {
    kind: 'core ELF',
    takes: (_, bytes) => bytes[0] === 0x7f && bytes[1] === 0x45,
    read: (bytes, name) => elfText(name, bytes),
  },
  {
    kind: 'control config',
    takes: (name) => name.endsWith('aie_control_config.json'),
    read: (bytes) => controlText(readControlConfig(textOf(bytes))),
  },
  {
    kind: 'xclbin',
    takes: (name) => name.endsWith('.xclbin'),
    read: (bytes) => controlText(readControlConfig(readAieMetadata(bytes))),
  },
  {
    kind: 'MLIR',
    takes: (name) => name.endsWith('.mlir'),
    read: (bytes) => moduleText(readModule(textOf(bytes))),
  },
  {
    kind: '.bcf',
    takes: (name) => name.endsWith('.bcf'),
    read: (bytes) => linkerText(linkerReaders.bcf(textOf(bytes))),
  },
  {
    kind: 'ld.script',
    takes: (name) => name.endsWith('ld.script'),
    read: (bytes) => linkerText(linkerReaders['ld.script'](textOf(bytes))),
  },
  {
    kind: '.map',
    takes: (name) => name.endsWith('.map'),
    read: (bytes) => linkerText(linkerReaders.map(textOf(bytes))),
  },
  {
    kind: 'snapshot or core dump',
    takes: (_, bytes) => saysItIsKept(bytes),
    read: (bytes) => keptText(bytes),
  },
  {
    kind: 'numbers',
    takes: (name) => /\.(?:npy|txt|csv|hex|ihex)$/i.test(name),
    read: (bytes, name) => goldenText(name, bytes),
  },
];

async function foundIn(name: string, bytes: Uint8Array): Promise<Found | undefined> {
  const reader = readers.find(({ takes }) => takes(name, bytes));
  if (reader === undefined) return undefined;
  try {
    return { kind: reader.kind, what: await reader.read(bytes, name) };
  } catch (error) {
    const kind = `${reader.kind}, refused`;
    if (error instanceof FileError) return { kind, what: fileSentence(error, l10n) };
    if (!(error instanceof FileFault)) throw error;
    return { kind, what: faultText(error, l10n) };
  }
}

/** One row of the table: file, reader, bytes, milliseconds, what was found. */
export type TriedFile = readonly [file: string, kind: string, bytes: string, took: string, found: string];

/** Gives every file below a folder to its reader; `passedOver` counts those that none takes. */
export async function tryFolder(folder: string): Promise<{ rows: TriedFile[]; passedOver: number }> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const rows: TriedFile[] = [];
  let passedOver = 0;
  for (const name of names) {
    const { size } = await stat(name);
    const start = performance.now();
    const found = size > mostBytes ? undefined : await foundIn(name, await readFile(name));
    const took = performance.now() - start;
    if (found === undefined) passedOver++;
    else rows.push([relative(folder, name), found.kind, `${size}`, took.toFixed(1), found.what]);
  }
  return { rows, passedOver };
}

async function main(args: readonly string[]): Promise<number> {
  const [folder, ...others] = args;
  if (folder === undefined || others.length > 0) throw new ScriptError('Which folder? npm run try -- FOLDER');
  const { rows, passedOver } = await tryFolder(folder);
  console.log('| file | kind | bytes | ms | found |\n|---|---|---|---|---|');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log(`\n${rows.length} files read, ${passedOver} of other kinds.`);
  return 0;
}

if (isMain(import.meta.url)) runMain(async () => main(process.argv.slice(2)));
