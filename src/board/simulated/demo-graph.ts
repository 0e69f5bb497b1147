/**
 * `demo_graph`, which the simulated array runs: which tile has which kernel, and what a kernel's program counter goes
 * through. Its sources are made from the same (`demo-build.ts`). Pure.
 */
import type { Generation, Tile } from '../../model/geometry.ts';

/** Columns whose cores are enabled, and how many rows of them. */
export const graphColumns = [6, 7, 8] as const;
export const graphRows = 6;

/** Bytes of an instruction. */
export const instructionBytes = 16;
/** Where the program ends, offset in program memory. */
export const codeEnd = 0xa00;
/** Where the code of parts begins, offsets in program memory. The kernel's code goes up to `codeEnd`. */
export const code = { finish: 0x80, main: 0x100, kernel: 0x200, first: 0x240, second: 0x4c0 } as const;
/** Where the two loops end, offsets in program memory. */
const loopEnds = { first: 0x380, second: 0x600 } as const;

type Body = readonly [string, string, string];

/** A kernel: its function, what it is for, and the bodies of its two loops as the source has them. */
export interface DemoKernel {
  readonly name: string;
  readonly about: string;
  readonly first: Body;
  readonly second: Body;
  /** How often each loop is gone through. */
  readonly times: readonly [first: number, second: number];
}

/** A whole round must be short enough for a person who waits for a breakpoint. */
const kernels: readonly [DemoKernel, ...DemoKernel[]] = [
  {
    name: 'fir_hb_decim',
    about: 'Half-band filter: keeps every second sample.',
    first: [
      'const cint16 even = ping[2 * i];',
      'const cint16 odd = ping[2 * i + 1];',
      'pong[i] = even.real * 9830 + odd.real * 6554;',
    ],
    second: [
      'const int32_t scaled = (pong[i] + 0x4000) >> 15;',
      'peak = scaled > peak ? scaled : peak;',
      'pong[i] = scaled;',
    ],
    times: [2, 3],
  },
  {
    name: 'fft_stage_0',
    about: 'First stage of a Fourier transform: butterflies over half a frame.',
    first: [
      'const cint16 low = ping[i];',
      'const cint16 high = ping[i + 512];',
      'ping[i].real = low.real + high.real;',
    ],
    second: [
      'const float turn = table[i & 255];',
      'const int32_t turned = int32_t(turn * ping[i].imag);',
      'pong[i] = turned;',
    ],
    times: [3, 2],
  },
  {
    name: 'gain_ctrl',
    about: 'Automatic gain: follows the level of the samples.',
    first: [
      'const int32_t real = ping[i].real;',
      'const int32_t power = real * real;',
      'peak += (power - peak) >> 8;',
    ],
    second: [
      'const float gain = table[255] / (1.0f + peak);',
      'ping[i].real = int16_t(ping[i].real * gain);',
      'ping[i].imag = int16_t(ping[i].imag * gain);',
    ],
    times: [2, 2],
  },
  {
    name: 'mixer_iq',
    about: 'Mixes samples down to the base band.',
    first: [
      'const float wave = table[i & 255];',
      'const int16_t mixed = int16_t(ping[i].real * wave);',
      'ping[i].real = mixed;',
    ],
    second: [
      'const int32_t sum = ping[i].real + ping[i].imag;',
      'const int32_t before = pong[i];',
      'pong[i] = before + ((sum - before) >> 4);',
    ],
    times: [1, 3],
  },
  {
    name: 'cfar_window',
    about: 'Finds samples that stand out of the noise around them.',
    first: [
      'const int32_t left = pong[i];',
      'const int32_t right = pong[i + 8];',
      'pong[i] = (left + right) >> 1;',
    ],
    second: [
      'const int32_t noise = pong[i] + 1;',
      'const int32_t power = ping[i].real * ping[i].real;',
      'table[i & 255] = float(power) / float(noise);',
    ],
    times: [4, 1],
  },
  {
    name: 'matmul_4x16x8',
    about: 'Multiplies a 4 by 16 matrix with one of 16 by 8.',
    first: [
      'const int16_t left = ping[i & 63].real;',
      'const int16_t right = ping[64 + (i & 127)].real;',
      'pong[i & 31] += left * right;',
    ],
    second: [
      'const int32_t sum = pong[i & 31];',
      'const int32_t rounded = (sum + 0x80) >> 8;',
      'pong[512 + (i & 31)] = rounded;',
    ],
    times: [1, 2],
  },
];

/** The kernel of a tile, also of one whose core is not enabled. */
export function kernelOf({ col, row }: Tile): DemoKernel {
  return kernels[(col * 8 + row) % kernels.length] ?? kernels[0];
}

/** The program counters of one round of a kernel, in their order; the first one follows the last. */
export function roundOf({ times: [first, second] }: DemoKernel): readonly number[] {
  return [
    ...counters(code.kernel, code.first),
    ...repeated(counters(code.first, loopEnds.first), first),
    ...counters(loopEnds.first, code.second),
    ...repeated(counters(code.second, loopEnds.second), second),
    ...counters(loopEnds.second, codeEnd),
  ];
}

/** Where the core of a tile finds the first byte of its own data memory: a core address. */
export function ownWindow(generation: Generation, { row }: Tile): number {
  if (generation !== 'aie') return 0x70000;
  // The first generation has a checkerboard.
  return row % 2 === 1 ? 0x38000 : 0x28000;
}

function counters(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / instructionBytes }, (_, i) => from + i * instructionBytes);
}

function repeated(counters: readonly number[], times: number): number[] {
  return Array.from({ length: times }, () => counters).flat();
}
