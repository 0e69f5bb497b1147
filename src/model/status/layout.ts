/**
 * Where the status registers of each generation and kind of tile stand, and what their words hold. Facts only, no
 * decoding. Offsets are bytes in the tile's own address space. None of these registers acts when it is read; the request
 * registers of the locks (0x1E000 and 0x40000 of core tiles, 0xD0000 of memory tiles, 0x14000 of first-generation shim
 * tiles) are deliberately unknown here.
 *
 * Sources: linux-xlnx `ai-engine-aie.c`, `ai-engine-aieml.c`, `ai-engine-aie2ps.c` (offsets, descriptor fields and the
 * order in which sysfs prints them); aie-rt `xaie_util_status.h`, `*gbl_reginit.c` and AMD's register reference AM025
 * (units, bits of the DMA status words). Where the driver and aie-rt differ, a comment says so.
 */
import type { Generation } from '../geometry.ts';
import type { TileKind } from './status.ts';

/** Core registers of a core tile. */
export interface CoreLayout {
  readonly status: number;
  readonly pc: number;
  readonly sp: number;
  readonly lr: number;
  /** First generation: bit 15 says that the core ended, also where Core_Status does not (the driver's workaround). */
  readonly enableEvents?: number;
}

/** Locks. First generation: one word with two bits a lock. Later: one word of six bits each, 16 bytes apart. */
export interface LockLayout {
  readonly base: number;
  readonly count: number;
  readonly packed: boolean;
  /** Words with one bit a lock, 32 to a word. */
  readonly overflow?: number;
  readonly underflow?: number;
}

/** DMA status. First generation: one word for all channels of a direction. Later: one word a channel. */
export interface DmaLayout {
  readonly s2mm: number;
  readonly mm2s: number;
  /** Channels of each direction. */
  readonly channels: number;
  readonly packed: boolean;
  /** Bits of the current descriptor's number. */
  readonly currentBits: number;
}

/** A run of bits in one word of a descriptor. */
interface DescriptorField {
  /** The manual's name. */
  readonly name: string;
  readonly word: number;
  readonly lsb: number;
  readonly width: number;
  readonly signed?: true;
}

/**
 * Buffer descriptors. These names have a meaning of their own: `Base_Address`, `Base_Address_High` (32 bits up),
 * `Base_Address_B`, `Buffer_Length`, `Valid_BD`, `Use_Next_BD`, `Next_BD`, and the `Lock_` fields.
 */
export interface DescriptorLayout {
  readonly base: number;
  /** Bytes from one descriptor to the next. */
  readonly stride: number;
  /** 32-bit words of one descriptor. */
  readonly words: number;
  readonly count: number;
  /** Bytes that one unit of the address is. */
  readonly addressUnit: 1 | 4;
  /** Length in bytes = (Buffer_Length + this) * 4. */
  readonly lengthBias: 0 | 1;
  readonly fields: readonly DescriptorField[];
  /** Names in the order in which sysfs prints them. */
  readonly columns: readonly string[];
  /** How many descriptors sysfs prints correctly; the rest are read from the wrong place. */
  readonly trustedInSysfs: number;
}

/** Event status words: event `n` is bit `n % 32` of word `n / 32`. */
export interface EventLayout {
  readonly module: string;
  readonly base: number;
  readonly words: number;
}

/** All status registers of one kind of tile. */
export interface TileLayout {
  readonly core?: CoreLayout;
  readonly locks: LockLayout;
  readonly dma: DmaLayout;
  readonly descriptors: DescriptorLayout;
  readonly events: readonly EventLayout[];
}

/** `name word msb lsb`, the way manuals write it; `s` behind it: signed. */
function fields(table: readonly (readonly [string, number, number, number, 's'?])[]): DescriptorField[] {
  return table.map(([name, word, msb, lsb, signed]) => {
    const field = { name, word, lsb, width: msb - lsb + 1 };
    return signed === 's' ? { ...field, signed: true } : field;
  });
}

const aieLockFields = ['Lock_ID', 'Lock_Acq_Value', 'Lock_Acq_Enable', 'Lock_Acq_Value_Enable'];
const aieReleaseFields = ['Lock_Rel_Value', 'Lock_Rel_Enable', 'Lock_Rel_Value_Enable'];
const packetAndChain = [
  'Enable_Packet',
  'Packet_ID',
  'Packet_Type',
  'Valid_BD',
  'Use_Next_BD',
  'Next_BD',
] as const;
const axiColumns = ['SMID', 'AxCache', 'AxQoS', 'Secure_Access', 'Burst_Length'] as const;

/** First generation, core tile. Two buffers, A and B, each with a lock; B counts when Enable_A_B is set. */
const aieCoreDescriptors: DescriptorLayout = {
  base: 0x1d000,
  stride: 0x20,
  words: 7,
  count: 16,
  addressUnit: 4,
  // aie-rt stores the length less one ("LenActualOffset").
  lengthBias: 1,
  trustedInSysfs: 16,
  fields: fields([
    ['Base_Address', 0, 12, 0],
    ['Lock_ID', 0, 25, 22],
    ['Lock_Rel_Enable', 0, 21, 21],
    ['Lock_Rel_Value', 0, 20, 20],
    ['Lock_Rel_Value_Enable', 0, 19, 19],
    ['Lock_Acq_Enable', 0, 18, 18],
    ['Lock_Acq_Value', 0, 17, 17],
    ['Lock_Acq_Value_Enable', 0, 16, 16],
    ['Base_Address_B', 1, 12, 0],
    ['Lock_ID_B', 1, 25, 22],
    ['Lock_Rel_Enable_B', 1, 21, 21],
    ['Lock_Rel_Value_B', 1, 20, 20],
    ['Lock_Rel_Value_Enable_B', 1, 19, 19],
    ['Lock_Acq_Enable_B', 1, 18, 18],
    ['Lock_Acq_Value_B', 1, 17, 17],
    ['Lock_Acq_Value_Enable_B', 1, 16, 16],
    ['X_Increment', 2, 31, 24],
    ['X_Wrap', 2, 23, 16],
    ['X_Offset', 2, 12, 0],
    ['Y_Increment', 3, 31, 24],
    ['Y_Wrap', 3, 23, 16],
    ['Y_Offset', 3, 12, 0],
    ['Packet_Type', 4, 14, 12],
    ['Packet_ID', 4, 4, 0],
    ['Buffer_Select', 5, 16, 16],
    ['Current_Pointer', 5, 12, 0],
    ['Valid_BD', 6, 31, 31],
    ['Enable_A_B', 6, 30, 30],
    ['FIFO_Mode', 6, 29, 28],
    ['Enable_Packet', 6, 27, 27],
    ['Enable_Interleaved', 6, 26, 26],
    ['Interleaved_Count', 6, 25, 18],
    ['Use_Next_BD', 6, 17, 17],
    ['Next_BD', 6, 16, 13],
    ['Buffer_Length', 6, 12, 0],
  ]),
  columns: [
    'Base_Address',
    'Base_Address_B',
    'Buffer_Length',
    ...aieLockFields,
    ...aieReleaseFields,
    ...aieLockFields.map((name) => `${name}_B`),
    ...aieReleaseFields.map((name) => `${name}_B`),
    ...packetAndChain,
    'Buffer_Select',
    'Current_Pointer',
    'Enable_A_B',
    'Enable_Interleaved',
    'Interleaved_Count',
    'FIFO_Mode',
    'X_Increment',
    'X_Wrap',
    'X_Offset',
    'Y_Increment',
    'Y_Wrap',
    'Y_Offset',
  ],
};

/** First generation, shim tile with a NoC connection: addresses of 48 bits, in bytes. */
const aieShimDescriptors: DescriptorLayout = {
  base: 0x1d000,
  stride: 0x14,
  words: 5,
  count: 16,
  addressUnit: 1,
  lengthBias: 0,
  trustedInSysfs: 16,
  fields: fields([
    ['Base_Address', 0, 31, 0],
    ['Buffer_Length', 1, 31, 0],
    ['Base_Address_High', 2, 31, 16],
    ['Use_Next_BD', 2, 15, 15],
    ['Next_BD', 2, 14, 11],
    ['Lock_ID', 2, 10, 7],
    ['Lock_Rel_Enable', 2, 6, 6],
    ['Lock_Rel_Value', 2, 5, 5],
    ['Lock_Rel_Value_Enable', 2, 4, 4],
    ['Lock_Acq_Enable', 2, 3, 3],
    ['Lock_Acq_Value', 2, 2, 2],
    ['Lock_Acq_Value_Enable', 2, 1, 1],
    ['Valid_BD', 2, 0, 0],
    ['SMID', 3, 31, 28],
    ['Burst_Length', 3, 10, 9],
    ['AxQoS', 3, 8, 5],
    ['Secure_Access', 3, 4, 4],
    ['AxCache', 3, 3, 0],
    ['Enable_Packet', 4, 31, 31],
    ['Packet_Type', 4, 14, 12],
    ['Packet_ID', 4, 4, 0],
  ]),
  columns: [
    'Base_Address',
    'Buffer_Length',
    ...aieLockFields,
    ...aieReleaseFields,
    ...packetAndChain,
    ...axiColumns,
  ],
};

const mlHead = [
  'Base_Address',
  'Buffer_Length',
  'Lock_Acq_ID',
  'Lock_Acq_Value',
  'Lock_Acq_Enable',
  'Lock_Rel_ID',
  'Lock_Rel_Value',
  ...packetAndChain,
  'TLAST_Suppress',
  'Out_Of_Order_BD_ID',
] as const;
const mlIteration = ['Iteration_Current', 'Iteration_Stepsize', 'Iteration_Wrap'] as const;

/** AIE-ML and AIE2PS, core tile. Step sizes and wraps are as stored: the hardware's step is one more. */
const mlCoreDescriptors: DescriptorLayout = {
  base: 0x1d000,
  stride: 0x20,
  words: 6,
  count: 16,
  addressUnit: 4,
  lengthBias: 0,
  trustedInSysfs: 16,
  fields: fields([
    ['Base_Address', 0, 27, 14],
    ['Buffer_Length', 0, 13, 0],
    ['Enable_Compression', 1, 31, 31],
    ['Enable_Packet', 1, 30, 30],
    ['Out_Of_Order_BD_ID', 1, 29, 24],
    ['Packet_ID', 1, 23, 19],
    ['Packet_Type', 1, 18, 16],
    ['D1_Stepsize', 2, 25, 13],
    ['D0_Stepsize', 2, 12, 0],
    ['D1_Wrap', 3, 28, 21],
    ['D0_Wrap', 3, 20, 13],
    ['D2_Stepsize', 3, 12, 0],
    ['Iteration_Current', 4, 24, 19],
    ['Iteration_Wrap', 4, 18, 13],
    ['Iteration_Stepsize', 4, 12, 0],
    ['TLAST_Suppress', 5, 31, 31],
    ['Next_BD', 5, 30, 27],
    ['Use_Next_BD', 5, 26, 26],
    ['Valid_BD', 5, 25, 25],
    ['Lock_Rel_Value', 5, 24, 18, 's'],
    ['Lock_Rel_ID', 5, 16, 13],
    ['Lock_Acq_Enable', 5, 12, 12],
    ['Lock_Acq_Value', 5, 11, 5, 's'],
    ['Lock_Acq_ID', 5, 3, 0],
  ]),
  columns: [
    ...mlHead,
    'Enable_Compression',
    ...mlIteration,
    'D0_Stepsize',
    'D0_Wrap',
    'D1_Stepsize',
    'D1_Wrap',
    'D2_Stepsize',
  ],
};

/**
 * AIE-ML and AIE2PS, memory tile. Addresses reach three memories of 512 KiB, locks three times 64: those of the memory
 * tile in the west, the own ones, those of the one in the east.
 */
const memoryTileDescriptors: DescriptorLayout = {
  base: 0xa0000,
  stride: 0x20,
  words: 8,
  count: 48,
  addressUnit: 4,
  lengthBias: 0,
  trustedInSysfs: 48,
  fields: fields([
    ['Enable_Packet', 0, 31, 31],
    ['Packet_Type', 0, 30, 28],
    ['Packet_ID', 0, 27, 23],
    ['Out_Of_Order_BD_ID', 0, 22, 17],
    ['Buffer_Length', 0, 16, 0],
    ['D0_Zero_Before', 1, 31, 26],
    ['Next_BD', 1, 25, 20],
    ['Use_Next_BD', 1, 19, 19],
    ['Base_Address', 1, 18, 0],
    ['TLAST_Suppress', 2, 31, 31],
    ['D0_Wrap', 2, 26, 17],
    ['D0_Stepsize', 2, 16, 0],
    ['D1_Zero_Before', 3, 31, 27],
    ['D1_Wrap', 3, 26, 17],
    ['D1_Stepsize', 3, 16, 0],
    ['Enable_Compression', 4, 31, 31],
    ['D2_Zero_Before', 4, 30, 27],
    ['D2_Wrap', 4, 26, 17],
    ['D2_Stepsize', 4, 16, 0],
    ['D2_Zero_After', 5, 31, 28],
    ['D1_Zero_After', 5, 27, 23],
    ['D0_Zero_After', 5, 22, 17],
    ['D3_Stepsize', 5, 16, 0],
    ['Iteration_Current', 6, 28, 23],
    ['Iteration_Wrap', 6, 22, 17],
    ['Iteration_Stepsize', 6, 16, 0],
    ['Valid_BD', 7, 31, 31],
    ['Lock_Rel_Value', 7, 30, 24, 's'],
    ['Lock_Rel_ID', 7, 23, 16],
    ['Lock_Acq_Enable', 7, 15, 15],
    ['Lock_Acq_Value', 7, 14, 8, 's'],
    ['Lock_Acq_ID', 7, 7, 0],
  ]),
  columns: [
    ...mlHead,
    'Enable_Compression',
    ...mlIteration,
    ...[0, 1, 2].flatMap((d) => [`D${d}_Stepsize`, `D${d}_Wrap`, `D${d}_Zero_Before`, `D${d}_Zero_After`]),
    'D3_Stepsize',
  ],
};

/** AIE-ML, shim tile with a NoC connection. */
const mlShimDescriptors: DescriptorLayout = {
  base: 0x1d000,
  stride: 0x20,
  words: 8,
  count: 16,
  addressUnit: 1,
  lengthBias: 0,
  trustedInSysfs: 16,
  fields: fields([
    ['Buffer_Length', 0, 31, 0],
    ['Base_Address', 1, 31, 0],
    ['Enable_Packet', 2, 30, 30],
    ['Out_Of_Order_BD_ID', 2, 29, 24],
    ['Packet_ID', 2, 23, 19],
    ['Packet_Type', 2, 18, 16],
    ['Base_Address_High', 2, 15, 0],
    ['Secure_Access', 3, 30, 30],
    ['D0_Wrap', 3, 29, 20],
    ['D0_Stepsize', 3, 19, 0],
    ['Burst_Length', 4, 31, 30],
    ['D1_Wrap', 4, 29, 20],
    ['D1_Stepsize', 4, 19, 0],
    ['SMID', 5, 31, 28],
    ['AxCache', 5, 27, 24],
    ['AxQoS', 5, 23, 20],
    ['D2_Stepsize', 5, 19, 0],
    ['Iteration_Current', 6, 31, 26],
    ['Iteration_Wrap', 6, 25, 20],
    ['Iteration_Stepsize', 6, 19, 0],
    ['TLAST_Suppress', 7, 31, 31],
    ['Next_BD', 7, 30, 27],
    ['Use_Next_BD', 7, 26, 26],
    ['Valid_BD', 7, 25, 25],
    ['Lock_Rel_Value', 7, 24, 18, 's'],
    ['Lock_Rel_ID', 7, 16, 13],
    ['Lock_Acq_Enable', 7, 12, 12],
    ['Lock_Acq_Value', 7, 11, 5, 's'],
    ['Lock_Acq_ID', 7, 3, 0],
  ]),
  columns: [
    ...mlHead,
    ...mlIteration,
    'D0_Stepsize',
    'D0_Wrap',
    'D1_Stepsize',
    'D1_Wrap',
    'D2_Stepsize',
    ...axiColumns,
  ],
};

/**
 * AIE2PS, shim tile: as AIE-ML in the first eight words; what the last four hold was not found, and they are not read. They
 * are 48 bytes apart (aie-rt; the driver's own register range agrees), but the driver's sysfs text reads them 32 bytes apart.
 */
const aie2psShimDescriptors: DescriptorLayout = {
  ...mlShimDescriptors,
  base: 0x9000,
  stride: 0x30,
  trustedInSysfs: 1,
};

const coreModuleEvents: readonly EventLayout[] = [
  { module: 'core', base: 0x34200, words: 4 },
  { module: 'memory', base: 0x14200, words: 4 },
];
const mlCoreLocks: LockLayout = {
  base: 0x1f000,
  count: 16,
  packed: false,
  overflow: 0x1f120,
  underflow: 0x1f128,
};
const mlCoreDma: DmaLayout = { s2mm: 0x1df00, mm2s: 0x1df10, channels: 2, packed: false, currentBits: 4 };

const memoryTile: TileLayout = {
  locks: { base: 0xc0000, count: 64, packed: false, overflow: 0xc0420, underflow: 0xc0428 },
  dma: { s2mm: 0xa0660, mm2s: 0xa0680, channels: 6, packed: false, currentBits: 6 },
  descriptors: memoryTileDescriptors,
  events: [{ module: 'memory', base: 0x94200, words: 6 }],
};

const layouts: Readonly<Record<Generation, Readonly<Partial<Record<TileKind, TileLayout>>>>> = {
  aie: {
    core: {
      core: {
        status: 0x32004,
        enableEvents: 0x32008,
        pc: 0x30280,
        sp: 0x302a0,
        lr: 0x302b0,
      },
      locks: { base: 0x1ef00, count: 16, packed: true },
      dma: { s2mm: 0x1df00, mm2s: 0x1df10, channels: 2, packed: true, currentBits: 4 },
      descriptors: aieCoreDescriptors,
      events: coreModuleEvents,
    },
    shim: {
      locks: { base: 0x14f00, count: 16, packed: true },
      dma: { s2mm: 0x1d160, mm2s: 0x1d164, channels: 2, packed: true, currentBits: 4 },
      descriptors: aieShimDescriptors,
      events: [{ module: 'pl', base: 0x34200, words: 4 }],
    },
  },
  aieml: {
    core: {
      core: { status: 0x32004, pc: 0x31100, sp: 0x31120, lr: 0x31130 },
      locks: mlCoreLocks,
      dma: mlCoreDma,
      descriptors: mlCoreDescriptors,
      events: coreModuleEvents,
    },
    memory: memoryTile,
    shim: {
      locks: { base: 0x14000, count: 16, packed: false, overflow: 0x14120, underflow: 0x14128 },
      dma: { s2mm: 0x1d220, mm2s: 0x1d228, channels: 2, packed: false, currentBits: 4 },
      descriptors: mlShimDescriptors,
      events: [{ module: 'pl', base: 0x34200, words: 4 }],
    },
  },
  aie2ps: {
    core: {
      core: { status: 0x38004, pc: 0x32d00, sp: 0x32d20, lr: 0x32d30 },
      locks: mlCoreLocks,
      dma: mlCoreDma,
      descriptors: mlCoreDescriptors,
      events: coreModuleEvents,
    },
    memory: memoryTile,
    shim: {
      locks: { base: 0x0, count: 16, packed: false, overflow: 0x120, underflow: 0x128 },
      dma: { s2mm: 0x9320, mm2s: 0x9328, channels: 2, packed: false, currentBits: 4 },
      descriptors: aie2psShimDescriptors,
      events: [{ module: 'pl', base: 0x34200, words: 8 }],
    },
  },
};

/** The layout; undefined for memory tiles of the first generation (there are none) and an unknown generation. */
export function tileLayout(generation: Generation | 'unknown', kind: TileKind): TileLayout | undefined {
  return generation === 'unknown' ? undefined : layouts[generation][kind];
}

/** Words that hold the overflow (or underflow) bits of all locks. */
function lockFlagWords(locks: LockLayout): number {
  return Math.ceil(locks.count / 32);
}

/**
 * Every register that decoding reads, by its offset, with a name for people, in ascending order. `detail`: descriptors
 * and events too. Empty where the layout is unknown.
 */
export function registerMap(
  generation: Generation | 'unknown',
  kind: TileKind,
  detail: boolean,
): ReadonlyMap<number, string> {
  const layout = tileLayout(generation, kind);
  const names: [number, string][] = [];
  if (layout === undefined) return new Map(names);
  const { core, locks, dma, descriptors, events } = layout;
  if (core !== undefined) {
    names.push(
      [core.status, 'Core_Status'],
      [core.pc, 'Core_PC'],
      [core.sp, 'Core_SP'],
      [core.lr, 'Core_LR'],
    );
    if (core.enableEvents !== undefined) names.push([core.enableEvents, 'Enable_Events']);
  }
  if (locks.packed) names.push([locks.base, 'All_Locks_State_Value']);
  else for (let i = 0; i < locks.count; i++) names.push([locks.base + i * 16, `Lock${i}_Value`]);
  for (let i = 0; i < lockFlagWords(locks); i++) {
    if (locks.overflow !== undefined) names.push([locks.overflow + i * 4, `Locks_Overflow_${i}`]);
    if (locks.underflow !== undefined) names.push([locks.underflow + i * 4, `Locks_Underflow_${i}`]);
  }
  for (let i = 0; i < (dma.packed ? 1 : dma.channels); i++) {
    const suffix = dma.packed ? '' : `_${i}`;
    names.push(
      [dma.s2mm + i * 4, `DMA_S2MM_Status${suffix}`],
      [dma.mm2s + i * 4, `DMA_MM2S_Status${suffix}`],
    );
  }
  if (detail) {
    for (let bd = 0; bd < descriptors.count; bd++) {
      for (let word = 0; word < descriptors.words; word++) {
        names.push([descriptors.base + bd * descriptors.stride + word * 4, `DMA_BD${bd}_${word}`]);
      }
    }
    for (const { module, base, words } of events) {
      for (let i = 0; i < words; i++) names.push([base + i * 4, `Event_Status${i}_${module}`]);
    }
  }
  return new Map(names.sort(([a], [b]) => a - b));
}
