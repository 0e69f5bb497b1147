/**
 * The build of `demo_graph` as aiecompiler would have left it: its sources, and for each core an ELF with debug
 * information and a listing. The ELFs are what the simulated cores have in program memory. Pure.
 */
import type { Tile } from '../../model/geometry.ts';
import { layout, programContents } from './contents.ts';
import { type CoreUnit, type Global, writeCoreElf } from './core-elf.ts';
import {
  code,
  codeEnd,
  type DemoKernel,
  graphColumns,
  graphRows,
  instructionBytes,
  kernelOf,
  ownWindow,
} from './demo-graph.ts';

/** First column and first row of the cores that the build is for: those of the simulated board. */
const startCol = graphColumns[0];
const coreStart = 1;
/** Columns of its partition. */
const numCols = 4;

/** A line of a source; `address` where code of it begins, an offset in program memory. */
interface SourceLine {
  readonly text: string;
  readonly address?: number;
}

const header = `// What the cores of demo_graph share.
#pragma once
#include <cstdint>

struct cint16 {
  int16_t real, imag;
};

/** A lock by its number: of this tile, of the one in its north, of the one in its south. */
enum Lock { input = 2, output = 5, room_in_north = 16, edge_in_south = 32 };
/** Waits until it has the lock. */
void acquire(Lock lock);
void release(Lock lock);

/** Gives samples to whoever reads the output. */
void send(const int32_t *samples, int count);
/** Has the core say that it is done. */
void set_done();

extern float table[256];
extern uint32_t counters[8];
extern cint16 ping[1024];
extern int32_t pong[1024];
`;

/** The entry of each core; its compiler is told which kernel it calls. */
const entryLines: readonly SourceLine[] = [
  { text: '// One core of demo_graph: runs its kernel (-DKERNEL=...), which never ends by itself.' },
  { text: '#include "graph.h"' },
  { text: '' },
  { text: 'void KERNEL();' },
  { text: '' },
  { text: 'void finish() {' },
  { text: '  release(output);', address: code.finish },
  { text: '  set_done();', address: 0xa0 },
  { text: '}', address: 0xe0 },
  { text: '' },
  { text: 'int main() {' },
  { text: '  for (int i = 0; i < 8; i++) {', address: code.main },
  { text: '    counters[i] = 0;', address: 0x140 },
  { text: '  }' },
  { text: '  KERNEL();', address: 0x1a0 },
  { text: '  finish();', address: 0x1c0 },
  { text: '  return 0;', address: 0x1e0 },
  { text: '}' },
];

function kernelLines({ name, about, first, second }: DemoKernel): SourceLine[] {
  const bodyOf = (body: readonly string[], start: number): SourceLine[] => [
    { text: '    for (int i = 0; i < 512; i++) {', address: start },
    ...body.map((line, i) => ({ text: `      ${line}`, address: start + 0x40 * (i + 1) })),
    { text: '    }' },
  ];
  return [
    { text: `// ${about}` },
    { text: '#include "graph.h"' },
    { text: '' },
    { text: 'static int32_t peak;' },
    { text: '' },
    { text: `void ${name}() {` },
    { text: '  for (;;) {' },
    { text: '    acquire(input);', address: code.kernel },
    ...bodyOf(first, code.first),
    { text: '    release(input);', address: 0x380 },
    { text: '    acquire(room_in_north);', address: 0x3c0 },
    { text: '    peak = 0;', address: 0x400 },
    { text: '    acquire(edge_in_south);', address: 0x480 },
    ...bodyOf(second, code.second),
    { text: '    send(pong, 256);', address: 0x600 },
    { text: '    send(pong + 256, 256);', address: 0x780 },
    { text: '    release(room_in_north);', address: 0x900 },
    { text: '    release(edge_in_south);', address: 0x940 },
    { text: '    release(output);', address: 0x980 },
    { text: '  }' },
    { text: '}' },
  ];
}

function globalsOf(tile: Tile): Global[] {
  const own = ownWindow('aie', tile);
  const float = { name: 'float', size: 4, encoding: 4 };
  const unsigned = { name: 'uint32_t', size: 4, encoding: 7 };
  const signed = { name: 'int32_t', size: 4, encoding: 5 };
  const half = { name: 'int16_t', size: 2, encoding: 5 };
  const complex = { ...half, record: { name: 'cint16', members: ['real', 'imag'] } };
  return [
    { name: 'table', address: own + layout.table, type: float, count: 256 },
    { name: 'counters', address: own + layout.counters, type: unsigned, count: 8 },
    { name: 'ping', address: own + layout.ping, type: complex, count: 1024 },
    { name: 'pong', address: own + layout.pong, type: signed, count: 1024 },
  ];
}

const entryPath = 'src/main.cc';
const kernelPath = ({ name }: DemoKernel): string => `src/kernels/${name}.cc`;

/** Number of the line that begins a function. */
function lineOf(lines: readonly SourceLine[], start: string): number {
  return lines.findIndex(({ text }) => text.startsWith(start)) + 1;
}

function unitOf(
  source: string,
  lines: readonly SourceLine[],
  functions: CoreUnit['functions'],
  globals: readonly Global[],
): CoreUnit {
  const withCode = lines.flatMap(({ text, address }, i) => {
    const column = text.length - text.trimStart().length + 1;
    return address === undefined ? [] : [{ line: i + 1, column, address }];
  });
  return { source, functions, lines: withCode, globals };
}

function elfOf(tile: Tile, folder: string): Uint8Array {
  const kernel = kernelOf(tile);
  const lines = kernelLines(kernel);
  const stack = ownWindow('aie', tile) + layout.stack;
  const finish = {
    name: 'finish',
    line: lineOf(entryLines, 'void finish'),
    low: code.finish,
    high: code.main,
  };
  const main = { name: 'main', line: lineOf(entryLines, 'int main'), low: code.main, high: code.kernel };
  const own = { name: kernel.name, line: lineOf(lines, 'void '), low: code.kernel, high: codeEnd };
  return writeCoreElf({
    folder,
    program: programContents(tile, codeEnd),
    units: [
      unitOf(entryPath, entryLines, [finish, main], []),
      unitOf(kernelPath(kernel), lines, [own], globalsOf(tile)),
    ],
    stack: { start: stack, end: stack + layout.stackBytes },
  });
}

const operations = ['VLDA wl0, [p0], #32', 'VMAC bm0, wl0, wl1', 'VST wl2, [p1], #32', 'ADD r0, r0, #1'];

/** The instructions as aiecompiler lists them: a decimal address, and what is done. */
function listingOf(kernel: DemoKernel): string {
  const lines = [...entryLines, ...kernelLines(kernel)];
  const doneAt = (address: number): string => {
    const line = lines.findLast((one) => (one.address ?? codeEnd) <= address);
    const isFirst = line?.address === address;
    if (line?.text.includes('acquire(') === true) return isFirst ? 'ACQ r0, r1' : 'NOP';
    if (line?.text.includes('release(') === true) return isFirst ? 'REL r0, r1' : 'NOP';
    if (line?.text === '  KERNEL();' && isFirst) return `JL #${code.kernel}`;
    return operations[(address / instructionBytes) % operations.length] ?? 'NOP';
  };
  const addresses = Array.from({ length: codeEnd / instructionBytes }, (_, i) => i * instructionBytes);
  return addresses
    .map((address) => `${String(address).padStart(8)}    ${doneAt(address)};   NOPB\n`)
    .join('');
}

/** Which kernel runs where. */
function controlConfig(tiles: readonly Tile[]): string {
  const graph = 'demo_graph';
  const kernels = tiles.map((tile, schedule) => ({
    graph,
    tile: 'aie',
    column: tile.col - startCol,
    row: tile.row - coreStart,
    schedule,
    function: kernelOf(tile).name,
  }));
  const shape = {
    hw_gen: 1,
    aie_tile_row_start: coreStart,
    partition_num_cols: numCols,
    partition_overlay_start_cols: [String(startCol)],
  };
  const metadata = {
    driver_config: shape,
    graphs: { graph0: { id: 0, name: graph } },
    TileMapping: { AIEKernelToTileMapping: kernels },
  };
  return `${JSON.stringify({ schema_version: { major: '1' }, aie_metadata: metadata }, undefined, 2)}\n`;
}

/**
 * The files of the build by their paths below `folder`, which the ELFs name as the place of the sources.
 * @param folder absolute path
 */
export function demoBuild(folder: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const put = (path: string, text: string): unknown => files.set(path, new TextEncoder().encode(text));
  const tiles = graphColumns.flatMap((col) =>
    Array.from({ length: graphRows }, (_, i): Tile => ({ col, row: coreStart + i })),
  );
  const textOf = (lines: readonly SourceLine[]): string => lines.map(({ text }) => `${text}\n`).join('');
  put('src/graph.h', header);
  put(entryPath, textOf(entryLines));
  for (const tile of tiles) {
    const kernel = kernelOf(tile);
    const core = `${tile.col - startCol}_${tile.row - coreStart}`;
    put(kernelPath(kernel), textOf(kernelLines(kernel)));
    files.set(`Work/aie/${core}/Release/${core}`, elfOf(tile, folder));
    put(`Work/aie/${core}/Release/${core}.lst`, listingOf(kernel));
  }
  put('Work/ps/c_rts/aie_control_config.json', controlConfig(tiles));
  return files;
}
