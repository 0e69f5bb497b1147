/** A small sample of each kind of file that a build leaves, and who reads it: what seeded tests damage. */
import { readCoreDump } from '../../src/board/snapshot/core-dump.ts';
import { readSnapshot, snapshotParts } from '../../src/board/snapshot/snapshot-file.ts';
import { bookmarkFile, readBookmarkFile } from '../../src/editor/bookmarks/bookmark-file.ts';
import { FileError } from '../../src/model/files/file-error.ts';
import { readAieMetadata } from '../../src/model/program/container.ts';
import { readControlConfig } from '../../src/model/program/control-config.ts';
import { readElf } from '../../src/model/program/elf.ts';
import { linkerReaders } from '../../src/model/program/linker-files.ts';
import { readListing } from '../../src/model/program/listing.ts';
import { readModule } from '../../src/model/program/mlir.ts';
import { coreSymbols } from '../../src/model/program/symbols.ts';
import { readDefinitions } from '../../src/model/structures/definitions.ts';
import { StructureFault } from '../../src/model/structures/faults.ts';
import { makeElf } from './elf.ts';

/** A reader with files that it reads. */
export interface SampleReader {
  readonly name: string;
  readonly samples: readonly [Uint8Array, ...Uint8Array[]];
  readonly read: (bytes: Uint8Array) => unknown;
  /** What says that a file cannot be read; without, a FileFault. */
  readonly fault?: abstract new (
    ...args: never[]
  ) => Error;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A core's ELF with all three styles of buffers. */
export const elfSample = makeElf({
  flags: 2,
  sections: [
    {
      name: '.text',
      flags: 6,
      address: 0,
      bytes: Uint8Array.from({ length: 32 }, (_, i) => i),
      isLoaded: true,
    },
    { name: '.bss.DMb', flags: 3, address: 0x70400, size: 64, isLoaded: true },
    { name: '.stack_sizes', bytes: Uint8Array.of(0, 0, 0, 0, 16) },
  ],
  symbols: [
    { name: 'main', value: 0, size: 32, type: 2, section: '.text' },
    { name: 'with_size', value: 0x70400, size: 64, type: 1, section: '.bss.DMb' },
    { name: 'without_size', value: 0x70440, type: 1 },
    { name: 'of_no_type', value: 0x70480, type: 0, section: '.stack_sizes' },
    { name: 'core.o', value: 0, type: 4 },
  ],
});

const kernel = (column: number, row: number, name: string, schedule: number) => ({
  graph: 'mygraph',
  tile: 'aie',
  column,
  row,
  schedule,
  function: name,
});

/** A control file whose partition begins at column 10, cores at row 3. */
export const configSample = JSON.stringify({
  schema_version: { major: '1' },
  aie_metadata: {
    driver_config: {
      hw_gen: 2,
      base_address: 2199023255552,
      mem_tile_row_start: 1,
      aie_tile_row_start: 3,
      partition_num_cols: 8,
      partition_overlay_start_cols: ['10'],
    },
    graphs: { graph0: { id: 0, name: 'mygraph', core_columns: [2] } },
    RTPs: {
      rtp0: {
        port_id: 1,
        port_name: 'mygraph.k.in[1]',
        graph_id: 0,
        number_of_bytes: 64,
        selector_row: 0,
        selector_column: 2,
        selector_lock_id: 3,
        selector_address: 8192,
        ping_buffer_row: 0,
        ping_buffer_column: 2,
        ping_buffer_lock_id: 4,
        ping_buffer_address: 8224,
        pong_buffer_row: 1,
        pong_buffer_column: 2,
        pong_buffer_lock_id: 5,
        pong_buffer_address: 0,
        is_PL_RTP: false,
        is_asynchronous: true,
      },
      rtp1: { port_name: 'of_other_logic', is_PL_RTP: true },
    },
    TileMapping: { AIEKernelToTileMapping: [kernel(3, 1, 'b.k', 1), kernel(2, 0, 'a.k', 0)] },
  },
});

/** A module with buffers in a core's and a memory tile's memory, two of them without an address. */
export const moduleSample = `module {
  aie.device(npu1_1col) @main {
    %shim_noc_tile_0_0 = aie.tile(0, 0) {controller_id = #aie.packet_info<pkt_type = 0, pkt_id = 15>}
    %mem_tile_0_1 = aie.tile(0, 1)
    %tile_0_2 = aie.tile(0, 2)
    %in_buff_0 = aie.buffer(%tile_0_2) {address = 1024 : i32, mem_bank = 0 : i32, sym_name = "in_buff_0"} : memref<16x4xi32>
    %out = aie.buffer(%mem_tile_0_1) {sym_name = "out", address = 0x10000 : i32} : memref<8xbf16, 1> = dense<0.0>
    %12 = aie.buffer(%tile_0_2) {address = 2048 : i32} : memref<4xvector<16xi8>>
    %later = aie.buffer(%tile_0_2) {sym_name = "later"} : memref<16xi32>
    %bare = aie.buffer(%tile_0_2) : memref<16xi32>
    %core_0_2 = aie.core(%tile_0_2) {
      %c0 = arith.constant 0 : index
      // aie.core(%nothing) in a comment
      aie.end
    } {elf_file = "main_core_0_2.elf"}
  }
}
`;

/** What Chess's linker is told. */
export const bcfSample = `_entry_point _main_init
_symbol core_0_2 _after _main_init
_symbol _main_init 0
_reserved DMb 0x00000 0x40000 // Don't put data in code memory
_stack DM_stack 0x70000 0x400 // stack for core
_symbol in_buff 0x70500 68
_extern in_buff
_reserved DMb 0x70500 68
_symbol out_buff  0x78000  //no size of its own
_reserved DMb 0x78000 0x40
`;

/** What Peano's linker is told. */
export const scriptSample = `MEMORY
{
   program (RX) : ORIGIN = 0, LENGTH = 0x0020000
}
SECTIONS
{
  . = 0x0;
  .text : {
     _ctors_start = .;
     *(.text*)
  } > program
. = 0x70000;
_sp_start_value_DM_stack = .;
. += 0xD00; /* stack */
/* No tile with memory exists to the west. */
. = 0x50000;
. += 0x10000;
. = 0x74000;
in_buff = .;
alias = .;
. += 0x1200;
after = .;
. += 16;
}
`;

/** What Chess's linker tells. */
export const mapSample = `Memory map for memory 'DMb':
    Used   = 1060
    0x00000000..0x0006ffff (    458752 items) : Reserved
    0x00070020..0x0007101f (      4096 items) : Stack
    0x00071020..0x0007103f (        32 items) : libs/libme.a)::ZERO (Data, Global, .rodata.DMb.32)
    0x00071040..0x0007105f : Occupied in alias or record memory 'DM_bankA' by symbol '_ZL7atexits'
Memory map for memory 'PM':
    0x00000000..0x000000df (       224 items) : me.o::_main_init (Function, Global, .text) (stack frame size = 0)
`;

/** An xclbin with sections of the given kinds. */
export function makeContainer(sections: readonly (readonly [kind: number, text: string])[]): Uint8Array {
  const texts = sections.map(([, text]) => bytesOf(text));
  const headers = 0x1c8 + 40 * sections.length;
  const bytes = new Uint8Array(headers + texts.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  bytes.set(bytesOf('xclbin2\0'));
  view.setUint32(0x130, bytes.length, true);
  view.setUint32(0x1c0, sections.length, true);
  let at = headers;
  sections.forEach(([kind], i) => {
    const text = texts[i] ?? new Uint8Array();
    view.setUint32(0x1c8 + 40 * i, kind, true);
    view.setUint32(0x1c8 + 40 * i + 24, at, true);
    view.setUint32(0x1c8 + 40 * i + 32, text.length, true);
    bytes.set(text, at);
    at += text.length;
  });
  return bytes;
}

const linkerSamples = { bcf: bcfSample, 'ld.script': scriptSample, map: mapSample } as const;
const linkerFiles = (['bcf', 'ld.script', 'map'] as const).map((source) =>
  linkerReaders[source](linkerSamples[source]),
);

const listingSample = `00000000 <main>:
       0: 15 01 40 00  \tmova r0, #5
       4: c0 03 00 19  \tnop ; ret lr
      16    VLDA wl0, [p1], #128;   NOPB
      32  0x1540  RET lr
`;

const structureSample = `#define COUNT (4 + 4)
typedef unsigned int uint32_t;
enum mode { OFF, ON = 3 };
struct inner { short re; short im; } __attribute__((packed));
struct frame { uint32_t head : 4; enum mode mode; struct inner samples[COUNT]; float gain; struct inner *next; };
`;

const place = { memory: 'data', tile: { col: 1, row: 2 } } as const;
const bookmarkSample = bookmarkFile({
  bookmarks: [{ id: 'a', name: 'here', colour: 'blue', ...place, offset: 64, length: 8 }],
  structures: [
    { id: 'b', name: '', ...place, offset: 128, count: 2, type: 'struct frame', definition: structureSample },
  ],
});

/** A snapshot of one tile, some of its bytes missing. */
function makeSnapshot(): Uint8Array {
  const geometry = {
    type: 'data',
    startCol: 1,
    numCols: 1,
    startRow: 2,
    numRows: 1,
    bytesPerTile: 256,
    tileBase: 0,
  } as const;
  const parts = snapshotParts({
    at: 1_700_000_000_000,
    label: 'lab',
    board: {
      device: '/dev/aie0',
      family: 'simulated',
      generation: 'aie',
      hostName: 'h',
      kernel: 'Linux',
      machine: 'aarch64',
    },
    partition: { key: '1_1', columns: { startCol: 1, numCols: 1 }, startRow: 0, numRows: 9 },
    epoch: 'boot/7',
    owner: 'graph',
    memories: [
      {
        geometry,
        bytes: Uint8Array.from({ length: 256 }, (_, i) => i),
        missing: [{ offset: 16, length: 16, reason: 'gated' }],
      },
    ],
    names: [],
    kernels: [],
  });
  return Uint8Array.from([...parts].flatMap((part) => [...part]));
}

/** A core dump of one column with one core tile: a header, and a block for each tile. */
function makeCoreDump(): Uint8Array {
  const header = 32;
  const rows = 3;
  const bytes = new Uint8Array(header + rows * (1 << 20));
  bytes.set([0x4e, 0x50, 0x55, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, 1, true);
  view.setUint32(8, header, true);
  bytes.set([2, 2, 1, 1, rows, 1], 12);
  return bytes;
}

/** All readers. */
export const sampleReaders: readonly SampleReader[] = [
  { name: 'core ELF', samples: [elfSample], read: (bytes) => coreSymbols(readElf(bytes), linkerFiles) },
  {
    name: 'control file',
    samples: [bytesOf(configSample)],
    read: (bytes) => readControlConfig(textOf(bytes)),
  },
  { name: 'module', samples: [bytesOf(moduleSample)], read: (bytes) => readModule(textOf(bytes)) },
  {
    name: 'container',
    samples: [
      makeContainer([
        [6, 'memory'],
        [25, configSample],
        [32, 'partition'],
      ]),
    ],
    read: (bytes) => readControlConfig(readAieMetadata(bytes)),
  },
  ...(['bcf', 'ld.script', 'map'] as const).map(
    (source): SampleReader => ({
      name: source,
      samples: [bytesOf(linkerSamples[source])],
      read: (bytes) => linkerReaders[source](textOf(bytes)),
    }),
  ),
  ...(['objdump', 'lst'] as const).map(
    (source): SampleReader => ({
      name: `listing of ${source}`,
      samples: [bytesOf(listingSample)],
      read: (bytes) => readListing(textOf(bytes), source),
    }),
  ),
  {
    name: 'text of C structures',
    samples: [bytesOf(structureSample)],
    read: (bytes) => readDefinitions(textOf(bytes)),
    fault: StructureFault,
  },
  {
    name: 'file of bookmarks',
    samples: [bytesOf(bookmarkSample)],
    read: (bytes) => readBookmarkFile(textOf(bytes)),
  },
  {
    name: 'snapshot',
    samples: [makeSnapshot()],
    read: readSnapshot,
    fault: FileError,
  },
  {
    name: 'core dump',
    samples: [makeCoreDump()],
    read: (bytes) => readCoreDump(bytes, 'dump', 1),
    fault: FileError,
  },
];
