import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { makeElf } from '../test/program/elf.ts';
import {
  bcfSample,
  configSample,
  elfSample,
  makeContainer,
  mapSample,
  moduleSample,
  scriptSample,
} from '../test/program/samples.ts';
import { tryFolder } from './try.ts';

test('[names-11] every file of a folder is given to its reader; broken ones and those of others are said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-try-'));
  const files: Record<string, string | Uint8Array> = {
    'a.prj/main_core_0_2.elf': elfSample,
    'a.prj/main_core_0_2.bcf': bcfSample,
    'a.prj/main_core_0_2.elf.map': mapSample,
    'a.prj/core_0_3.ld.script': scriptSample,
    'a.prj/input_with_addresses.mlir': moduleSample,
    'Work/aie/24_0/Release/24_0': makeElf({
      machine: 0,
      flags: 0,
      symbols: [{ name: 'sync', value: 0x38000, size: 32 }],
    }),
    'Work/ps/c_rts/aie_control_config.json': configSample,
    'broken/aie_control_config.json': '',
    'other.elf': makeElf({ machine: 62 }),
    'design.xclbin': makeContainer([[25, configSample]]),
    'mlir.xclbin': makeContainer([[32, '']]),
    'readme.md': 'nothing of ours',
    'data/output0.txt': 'T 998 ps\n-15 -2\nTLAST\n',
    'data/bits.hex': 'deadbeef\n00000010\n',
    'data/prose.txt': 'one 2',
    'broken.zip': 'PK\x03\x04 no snapshot',
    'core.dump': Uint8Array.of(0x4e, 0x50, 0x55, 0, 1, 2, 3),
  };
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    const { rows, passedOver } = await tryFolder(folder);
    expect(passedOver).toBe(1);
    const kernels =
      '1 graph, 2 kernels: a.k in 2_0, b.k in 3_1; 1 run-time parameter; cores from row 3, start column 10';
    expect(Object.fromEntries(rows.map(([file, kind, , , what]) => [file, `${kind}: ${what}`]))).toEqual({
      'Work/aie/24_0/Release/24_0':
        'core ELF: core 24_0 (compute row): aie, 1 symbol; 1 buffer: sync 0x38000+32 (elf); 0 functions; no stack',
      'Work/ps/c_rts/aie_control_config.json': `control config: ${kernels}`,
      'a.prj/core_0_3.ld.script':
        'ld.script: 3 buffers: in_buff 0x74000+4608, alias 0x74000+4608, after 0x75200+16; stack 0x70000+3328',
      'a.prj/input_with_addresses.mlir':
        'MLIR: device main (npu1_1col): 1 core, 3 buffers, 2 without address: ' +
        'in_buff_0 (0,2)+0x400 256 bytes, out (0,1)+0x10000 16 bytes, 12 (0,2)+0x800 64 bytes',
      'a.prj/main_core_0_2.bcf':
        '.bcf: 2 buffers: in_buff 0x70500+68, out_buff 0x78000+64; stack 0x70000+1024',
      'a.prj/main_core_0_2.elf':
        'core ELF: core 0_2, with bcf and map: aieml, 5 symbols; 3 buffers: with_size 0x70400+64 (elf), ' +
        'without_size 0x70440+64 (next), of_no_type 0x70480+64384 (next); 1 function; stack 0x70000+1024 (bcf)',
      'a.prj/main_core_0_2.elf.map': '.map: 1 buffer: ZERO 0x71020+32; stack 0x70020+4096',
      'broken/aie_control_config.json': 'control config, refused: This file is empty.',
      'broken.zip': expect.stringMatching(/^snapshot or core dump, refused: [A-Z]/),
      'core.dump': expect.stringMatching(/^snapshot or core dump, refused: [A-Z]/),
      'data/bits.hex': 'numbers: 2 numbers: 0xdeadbeef, 0x00000010',
      'data/output0.txt': 'numbers: 2 numbers: -15, -2',
      'data/prose.txt': 'numbers, refused: The file holds nothing to compare with. Choose another one.',
      'design.xclbin': `xclbin: ${kernels}`,
      'mlir.xclbin':
        'xclbin, refused: This xclbin has no AIE_METADATA section (mlir-aie writes none): it names nothing.',
      'other.elf':
        'core ELF, refused: This ELF file is for another processor (machine 62), not for an AI Engine core. (byte 0x12)',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
