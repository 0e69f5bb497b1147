import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tile } from '../../src/model/geometry.ts';
import { decodeTileStatus } from '../../src/model/status/decode.ts';
import type { RawTileStatus, TileKind } from '../../src/model/status/status.ts';
import { waitCycles, waitEdges } from '../../src/model/status/waits.ts';
import { type Family, families, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { stageHang } from './hang.ts';

const CLASS = '/sys/class/aie';
const LOCKS = 16;

let board: VirtualBoard;
let loaded: Family | undefined;
const witnesses: Witness[] = [];

beforeAll(async () => {
  board = await startBoard();
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

afterEach(async () => {
  await board.control('reset all');
  for (const witness of witnesses.splice(0)) await witness.exit();
});

/** The board as this family, with its partition requested by a witness and all clocks on. */
async function requested(family: Family): Promise<Witness> {
  if (loaded !== family) {
    for (const witness of witnesses.splice(0)) await witness.exit();
    await board.reloadModule(family.module);
  }
  loaded = family;
  await board.control('reset all');
  const witness = await board.witness(`request ${family.partition.id} keep noget`);
  witnesses.push(witness);
  return witness;
}

async function reload(parameters: Readonly<Record<string, string | number>>): Promise<void> {
  loaded = undefined;
  await board.reloadModule(parameters);
}

async function text(command: string): Promise<string> {
  const { code, stdout, stderr } = await board.exec(command);
  if (code !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout.toString();
}

function folder({ partition }: Family): string {
  return `${CLASS}/aiepart_${partition.startCol}_${partition.numCols}`;
}

function tileFile(family: Family, { col, row }: Tile, name: string): Promise<string> {
  return text(`cat ${folder(family)}/${col}_${row}/${name}`);
}

async function lines(family: Family, name: string): Promise<string[]> {
  return (await text(`cat ${folder(family)}/${name}`)).split('\n').filter((line) => line !== '');
}

function register({ col, row }: Tile, offset: number, value: number): string {
  return `reg ${col} ${row} ${offset} ${value | 0}`;
}

const AIE = families['aperture24/aie'];
const AIEML = families['aperture40/aieml'];
const AIE2PS = families['aperture40/aie2ps'];
const STATIC = families['static/aie'];

describe('which files there are [attach-1]', () => {
  it('none of the 2020 series beyond the bare devices', async () => {
    await reload(families['2020/aie'].module);
    expect((await text(`ls ${CLASS}`)).split('\n').slice(0, -1)).toEqual([
      'aie0',
      'aiepart_20_2',
      'aiepart_30_3',
      'aiepart_6_4',
    ]);
    expect(await text(`ls ${CLASS}/aiepart_6_4`)).toBe('power\nsubsystem\nuevent\n');
  });

  it('of static partitions at any time', async () => {
    await reload(STATIC.module);
    expect(await text(`ls ${CLASS}`)).not.toContain('aieaperture');
    expect(await tileFile(STATIC, { col: 6, row: 1 }, 'core')).toContain('status: disabled');
  });

  it('of dynamic partitions while they are requested', async () => {
    const witness = await requested(AIE);
    expect(await text(`ls ${CLASS}`)).toBe('aie0\naieaperture_0_50\naiepart_6_4\n');
    await witness.release();
    expect(await text(`ls ${CLASS}`)).toBe('aie0\naieaperture_0_50\n');
  });

  it('of a partition and of each of its tiles, named by absolute column and row, readable by everybody', async () => {
    await requested(AIEML);
    const names = (await text(`ls ${folder(AIEML)}`)).split('\n');
    expect(names).toEqual(
      expect.arrayContaining(['core', 'current_freq', 'dma', 'error', 'error_stat', 'lock', 'status']),
    );
    expect(names.filter((name) => /^\d+_\d+$/.test(name))).toHaveLength(4 * 11);
    expect(names).toEqual(expect.arrayContaining(['6_0', '9_10']));
    expect(
      await text(`find ${folder(AIEML)}/ -type f ! -name uevent ! -path '*/power/*' ! -perm 444 | wc -l`),
    ).toBe('0\n');
    const { code } = await board.exec(`cat ${folder(AIEML)}/6_3/core`, { user: 'dev' });
    expect(code).toBe(0);
  });

  it('core files in core tiles alone, and none about DMA in shim tiles without a way to the network', async () => {
    await requested(AIEML);
    expect(await text(`cd ${folder(AIEML)} && ls 6_3`)).toBe('bd\ncore\ndma\nerror\nevent\nlock\n');
    expect(await text(`cd ${folder(AIEML)} && ls 6_1`)).toBe('bd\ndma\nerror\nevent\nlock\n');
    expect(await text(`cd ${folder(AIEML)} && ls 6_0`)).toBe('bd\ndma\nerror\nevent\nlock\n');
    expect(await text(`cd ${folder(AIEML)} && ls 8_0`)).toBe('error\nevent\n');
  });

  it('none when the module is told so', async () => {
    await reload({ ...AIE.module, attrs: 0, hwinfo: 0 });
    witnesses.push(await board.witness(`request ${AIE.partition.id} keep noget`));
    expect(await text(`ls ${folder(AIE)} ${CLASS}/aieaperture_0_50`)).not.toMatch(/core|hardware_info|6_0/);
  });
});

describe('hardware_info [attach-1]', () => {
  it('says the generation and what stands in which row', async () => {
    await reload(AIEML.module);
    expect(await text(`cat ${CLASS}/aieaperture_0_38/hardware_info`)).toBe(
      'generation: aieml\ntotal_cols: 38\ntotal_rows: 11\nshim_tile: start row: 0, num_rows: 1\n' +
        'memory_tile: start row: 1, num_rows: 2\naie_tile: start row: 3, num_rows: 8\n',
    );
    await reload(AIE.module);
    expect(await text(`cat ${CLASS}/aieaperture_0_50/hardware_info`)).toBe(
      'generation: aie\ntotal_cols: 50\ntotal_rows: 9\nshim_tile: start row: 0, num_rows: 1\n' +
        'memory_tile: start row: 0, num_rows: 0\naie_tile: start row: 1, num_rows: 8\n',
    );
    await reload(AIE2PS.module);
    expect(await text(`cat ${CLASS}/aieaperture_0_36/hardware_info`)).toMatch(
      /^generation: aie2ps\ntotal_cols: 36\ntotal_rows: 6\n/,
    );
  });

  it('says names that nobody knows yet, and other shapes', async () => {
    await reload({ family: 'aperture', generation: 'aie9', shape: '8:1:1:4' });
    expect(await text(`cat ${CLASS}/aieaperture_0_8/hardware_info`)).toMatch(
      /^generation: aie9\ntotal_cols: 8\ntotal_rows: 6\n/,
    );
  });
});

describe('the core of a tile [attach-1]', () => {
  const tile = { col: 7, row: 3 };

  it('in the words of the first generation', async () => {
    await requested(AIE);
    await board.control(
      'core 7 3 on',
      register(tile, 0x32004, 1 | (1 << 9)),
      register(tile, 0x30280, 0x1ca),
      register(tile, 0x302b0, 0xb0),
      register(tile, 0x302a0, 0x3a0c0),
    );
    expect(await tileFile(AIE, tile, 'core')).toBe(
      'status: enabled|east_lock_stall\npc: 0x000001ca\nlr: 0x000000b0\nsp: 0x0003a0c0\n',
    );
    await board.control(register(tile, 0x32004, 1 | (1 << 11) | (1 << 19)));
    expect(await tileFile(AIE, tile, 'core')).toContain('status: enabled|stream_stall_ss1|error_halt\n');
  });

  it('in those of the later ones, which say "enable"', async () => {
    await requested(AIE2PS);
    const low = { col: 7, row: 2 };
    await board.control(
      'core 7 2 on',
      register(low, 0x38004, 1 | (1 << 6) | (1 << 21)),
      register(low, 0x32d00, 0xfff00010),
    );
    expect(await tileFile(AIE2PS, low, 'core')).toContain(
      'status: enable|south_lock_stall|core_processor_bus_stall\npc: 0x00000010\n',
    );
  });

  it('disabled, done, and without a clock', async () => {
    await requested(AIE);
    expect(await tileFile(AIE, tile, 'core')).toMatch(/^status: disabled\n/);
    await board.control('core 7 3 on', register(tile, 0x32004, 1), register(tile, 0x32008, 1 << 15));
    expect(await tileFile(AIE, tile, 'core')).toMatch(/^status: enabled\|core_done\n/);
    await board.control('gate 7 3');
    expect(await tileFile(AIE, tile, 'core')).toMatch(/^status: clock_gated\npc: 0x00000000\n/);
    expect(await tileFile(AIE, { col: 7, row: 2 }, 'core')).toMatch(/^status: disabled\n/);
  });
});

describe('the locks of a tile [attach-1]', () => {
  it('in the words of the first generation', async () => {
    await requested(AIE);
    const tile = { col: 7, row: 3 };
    await board.control(register(tile, 0x1ef00, 1 | (2 << 2) | (3 << 30)));
    const got = (await tileFile(AIE, tile, 'lock')).split('\n');
    expect(got.slice(0, 3)).toEqual([
      '0: acquired_for_write',
      '1: released_for_read',
      '2: released_for_write',
    ]);
    expect(got[15]).toBe('15: acquired_for_read');
    await board.control(register({ col: 7, row: 0 }, 0x14f00, 2));
    expect(await tileFile(AIE, { col: 7, row: 0 }, 'lock')).toMatch(/^0: released_for_read\n1: released/);
    await board.control('gate 7 3');
    expect(await tileFile(AIE, tile, 'lock')).toMatch(/^0: clock_gated\n1: clock_gated\n/);
  });

  it('as counts later, 64 of them in memory tiles', async () => {
    await requested(AIEML);
    await board.control(
      register({ col: 7, row: 3 }, 0x1f000 + 0x10 * 5, 0xffffff41),
      register({ col: 7, row: 1 }, 0xc0000 + 0x10 * 63, 7),
    );
    expect((await tileFile(AIEML, { col: 7, row: 3 }, 'lock')).split('\n')[5]).toBe('5: 1');
    const memory = (await tileFile(AIEML, { col: 7, row: 1 }, 'lock')).split('\n');
    expect(memory).toHaveLength(65);
    expect(memory[63]).toBe('63: 7');
  });

  it('never with their overflow, because the driver looks at a wrong bit', async () => {
    await requested(AIEML);
    const tile = { col: 7, row: 3 };
    await board.control(register(tile, 0x1f120, 0xffff), register(tile, 0x1f128, 0xffff));
    expect(await tileFile(AIEML, tile, 'lock')).not.toMatch(/flow/);
  });
});

describe('the DMA of a tile [attach-1]', () => {
  it('channels of the first generation, from one word for both', async () => {
    await requested(AIE);
    const tile = { col: 7, row: 3 };
    await board.control(
      // Channel 0 runs descriptor 3 and has two waiting; channel 1 is stalled on a lock with descriptor 9, its queue full.
      register(
        tile,
        0x1df00,
        2 | (2 << 2) | (1 << 5) | (2 << 6) | (4 << 9) | (3 << 16) | (9 << 20) | (1 << 29),
      ),
      register(tile, 0x1df10, 1),
    );
    expect(await tileFile(AIE, tile, 'dma')).toBe(
      'channel_status: mm2s: starting|idle, s2mm: running|stalled_on_requesting_lock\n' +
        'queue_size: mm2s: 0|0, s2mm: 2|4\n' +
        'queue_status: mm2s: okay|okay, s2mm: okay|overflow\n' +
        'current_bd: mm2s: 0|0, s2mm: 3|9\n' +
        'fifo_len: 0|0\n',
    );
    await board.control('gate 7 3');
    expect(await tileFile(AIE, tile, 'dma')).toBe(
      `${['channel_status', 'queue_size', 'queue_status', 'current_bd']
        .map((name) => `${name}: mm2s: clock_gated, s2mm: clock_gated\n`)
        .join('')}fifo_len: clock_gated\n`,
    );
  });

  it('channels of the later ones, six in memory tiles', async () => {
    await requested(AIEML);
    const tile = { col: 7, row: 1 };
    await board.control(register(tile, 0xa0680 + 4 * 5, (1 << 19) | (3 << 20) | (1 << 18) | (47 << 24)));
    expect(await tileFile(AIEML, tile, 'dma')).toBe(
      'channel_status: mm2s: idle|idle|idle|idle|idle|running, s2mm: idle|idle|idle|idle|idle|idle\n' +
        'queue_size: mm2s: 0|0|0|0|0|3, s2mm: 0|0|0|0|0|0\n' +
        'queue_status: mm2s: okay|okay|okay|okay|okay|overflow, s2mm: okay|okay|okay|okay|okay|okay\n' +
        'current_bd: mm2s: 0|0|0|0|0|47, s2mm: 0|0|0|0|0|0\n',
    );
  });

  it('descriptors, field by field in the order of each generation and kind of tile', async () => {
    await requested(AIE);
    const core = { col: 7, row: 3 };
    const bd = 0x1d000 + 2 * 0x20;
    await board.control(
      register(core, bd, 0x123 | (5 << 22) | (1 << 18) | (1 << 16)),
      register(core, bd + 4, 0x456 | (6 << 22) | (1 << 21)),
      register(core, bd + 0x18, (1 << 31) | (1 << 17) | (3 << 13) | 255),
    );
    expect((await tileFile(AIE, core, 'bd')).split('\n')[2]).toBe(
      '2: 123|456|255|5|0|1|1|0|0|0|6|0|0|0|0|1|0|0|0|0|1|1|3|0|0|0|0|0|0|0|0|0|0|0|0',
    );
    const shim = { col: 6, row: 0 };
    await board.control(
      register(shim, 0x1d000 + 0x14, 0x89abcdef),
      register(shim, 0x1d000 + 0x14 + 4, 4096),
      register(shim, 0x1d000 + 0x14 + 8, (0x12 << 16) | (7 << 7) | (1 << 3) | 1),
    );
    expect((await tileFile(AIE, shim, 'bd')).split('\n')[1]).toBe(
      '1: 1289abcdef|4096|7|0|1|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0',
    );
    await requested(AIEML);
    await board.control(
      register(core, bd, (0x400 << 14) | 64),
      register(core, bd + 0x14, 5 | (0x7f << 5) | (1 << 12) | (6 << 13) | (1 << 18) | (1 << 25)),
      register({ col: 7, row: 1 }, 0xa0000 + 47 * 0x20 + 4, 0x20000),
      register({ col: 7, row: 1 }, 0xa0000 + 47 * 0x20 + 0x1c, 73 | (1 << 31)),
    );
    expect((await tileFile(AIEML, core, 'bd')).split('\n')[2]).toBe(
      '2: 400|64|5|127|1|6|1|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0',
    );
    expect((await tileFile(AIEML, { col: 7, row: 1 }, 'bd')).split('\n')[47]).toBe(
      '47: 20000|0|73|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0',
    );
    await board.control('gate 7 3');
    expect(await tileFile(AIEML, core, 'bd')).toMatch(/^0: clock_gated\n1: clock_gated\n/);
  });
});

describe('shim descriptors of AIE2PS [attach-1]', () => {
  it('reads shim descriptors of AIE2PS from the wrong place, as the driver does', async () => {
    await requested(AIE2PS);
    const shim = { col: 6, row: 0 };
    // Lengths of the first two descriptors, which stand 0x30 bytes apart.
    await board.control(register(shim, 0x9000, 111), register(shim, 0x9030, 222));
    const got = (await tileFile(AIE2PS, shim, 'bd')).split('\n');
    expect(got[0]).toMatch(/^0: 0\|111\|/);
    expect(got[1]).toMatch(/^1: 0\|0\|/);
  });
});

describe('events and errors of a tile [attach-1]', () => {
  it('events by their numbers, for each module', async () => {
    await requested(AIE);
    const tile = { col: 7, row: 3 };
    await board.control(
      register(tile, 0x34200, (1 << 1) | (1 << 28) | (1 << 29)),
      register(tile, 0x14200 + 4, 1 << 11),
      register(tile, 0x14200 + 8, 1 << 13),
      register({ col: 7, row: 0 }, 0x34200 + 12, 1 << 31),
    );
    expect(await tileFile(AIE, tile, 'event')).toBe('core: 1|28|29\nmemory: 43|77\n');
    expect(await tileFile(AIE, { col: 7, row: 0 }, 'event')).toBe('pl: 127\n');
    await board.control('gate 7 3');
    expect(await tileFile(AIE, tile, 'event')).toBe('core: clock_gated\nmemory: clock_gated\n');
  });

  it('errors by name, and counted for the partition', async () => {
    await requested(AIE);
    const tile = { col: 7, row: 3 };
    expect(await tileFile(AIE, tile, 'error')).toBe('');
    expect(await text(`cat ${folder(AIE)}/error`)).toBe('');
    await board.control(
      register(tile, 0x34200 + 4, 1 << 28),
      register(tile, 0x34200 + 8, 1 << 1),
      register(tile, 0x14200 + 12, 1 << 1),
    );
    expect(await tileFile(AIE, tile, 'error')).toBe(
      'core: access: pm_address_out_of_range|dm_address_out_of_range\nmemory: dma: dma_s2mm_0_error\n',
    );
    expect(await text(`cat ${folder(AIE)}/error`)).toBe('7_3: core: access, memory: dma\n');
    expect(await text(`cat ${folder(AIE)}/error_stat`)).toBe('core: 2\nmemory: 1\nmemory_tile: 0\npl: 0\n');
  });

  it('those of memory tiles in the words of a memory, while their event file shows the wrong words', async () => {
    await requested(AIEML);
    const tile = { col: 7, row: 1 };
    await board.control(register(tile, 0x94200 + 16, 1 << 5), register(tile, 0x34200, 1 << 7));
    expect(await tileFile(AIEML, tile, 'error')).toBe('memory: dma: dma_s2mm_error\n');
    expect(await text(`cat ${folder(AIEML)}/error_stat`)).toContain('memory_tile: 1\n');
    // A word of its data, where a shim tile has its events.
    expect(await tileFile(AIEML, tile, 'event')).toBe('pl: 7\n');
  });
});

describe('the files of a partition [attach-1]', () => {
  it('a line for each tile, columns first', async () => {
    await requested(AIE);
    await board.control('core 6 2 on', register({ col: 6, row: 2 }, 0x1df00, 2), 'gate 9 8');
    const cores = await lines(AIE, 'core');
    expect(cores).toHaveLength(32);
    expect(cores.slice(0, 2)).toEqual(['6_1: disabled', '6_2: enabled']);
    expect(cores[31]).toBe('9_8: clock_gated');
    const dma = await lines(AIE, 'dma');
    // Two of the four shim tiles have a DMA.
    expect(dma).toHaveLength(34);
    expect(dma[2]).toBe('6_2: mm2s: idle|idle, s2mm: running|idle');
    expect((await lines(AIE, 'lock'))[0]).toBe(`6_0: ${Array(LOCKS).fill('released_for_write').join('|')}`);
    expect(Number(await text(`cat ${folder(AIE)}/current_freq`))).toBeGreaterThan(0);
  });

  it('all of it in "status", without the memory tiles', async () => {
    await requested(AIEML);
    await board.control('core 6 3 on', register({ col: 6, row: 3 }, 0x34200 + 4, 1 << 28));
    const status = await lines(AIEML, 'status');
    const locks = Array(LOCKS).fill('0').join('|');
    expect(status.some((line) => line.startsWith('6_1:'))).toBe(false);
    expect(status).toContain(`6_0: ds: mm2s: idle|idle, s2mm: idle|idle; ls: ${locks}`);
    expect(status).toContain(`7_3: cs: disabled; ds: mm2s: idle|idle, s2mm: idle|idle; ls: ${locks}`);
    expect(status).toContain(
      `6_3: cs: enable; ds: mm2s: idle|idle, s2mm: idle|idle; ls: ${locks}; es: 6_3: core: access`,
    );
  });

  it('can be read while their partition comes and goes', async () => {
    await requested(AIEML).then((witness) => witness.release());
    const reader = board.exec(
      'for i in $(seq 1 200); do cat /sys/class/aie/aiepart_*/status /sys/class/aie/aiepart_*/*_*/dma; done >/dev/null 2>&1; true',
    );
    const witness = await board.witness();
    witnesses.push(witness);
    const { cycles, failures } = await witness.cycles(AIEML.partition.id, 40);
    await reader;
    expect({ cycles, failures }).toEqual({ cycles: 40, failures: 0 });
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });
});

describe('a staged hang [attach-10]', () => {
  async function statuses(family: Family, tiles: readonly Tile[]) {
    const { shape, generation } = family;
    const raw = await Promise.all(
      tiles.map(async (tile): Promise<RawTileStatus> => {
        const kind: TileKind = tile.row === 0 ? 'shim' : tile.row < shape.core.start ? 'memory' : 'core';
        const names = kind === 'core' ? ['core', 'lock', 'dma', 'bd'] : ['lock', 'dma', 'bd'];
        const files = await Promise.all(
          names.map(async (name) => [name, await tileFile(family, tile, name)] as const),
        );
        return { tile, kind, source: 'sysfs', registers: new Map(), files: new Map(files) };
      }),
    );
    return raw.map((one) => decodeTileStatus(one, generation));
  }

  for (const family of [AIE, AIEML, AIE2PS])
    it(`is two tiles that wait for each other, and other tiles in other states, on ${family.generation}`, async () => {
      await requested(family);
      const hang = await stageHang(board, {
        generation: family.generation,
        col: family.partition.startCol,
        row: family.shape.core.start,
      });
      const tiles = [
        hang.south.tile,
        hang.north.tile,
        hang.running,
        hang.done,
        hang.disabled,
        hang.transfer.tile,
      ];
      const decoded = await statuses(family, tiles);
      expect(decoded.map(({ core }) => core?.state)).toEqual([
        'lock-stall',
        'lock-stall',
        'running',
        'done',
        'disabled',
        'disabled',
      ]);
      expect(decoded[0]?.core).toMatchObject(hang.registers);
      expect(decoded.flatMap(({ unparsed }) => unparsed)).toEqual([]);
      const edges = waitEdges(decoded, family.shape, family.generation);
      expect(waitCycles(edges)).toEqual([[hang.south.tile, hang.north.tile]]);
      const descriptor = decoded[5]?.descriptors.find(({ index }) => index === hang.transfer.descriptor);
      expect(descriptor).toMatchObject({ valid: true, acquire: { lock: hang.transfer.lock } });
    });
});

describe('the device tree [attach-2]', () => {
  it('shows the array that a test says, and the board its own again', async () => {
    const node = '/proc/device-tree/ai-engine@20000000000';
    await board.deviceTree({
      compatible: 'xlnx,ai-engine-v2.0',
      aieGen: 2,
      shimRows: [0, 1],
      memRows: [1, 2],
      coreRows: [3, 8],
    });
    expect(await text(`cat ${node}/compatible | tr '\\0' .`)).toBe('xlnx,ai-engine-v2.0.');
    expect(await text(`od -An -tu1 ${node}/xlnx,aie-gen`)).toMatch(/^ +2\n$/);
    expect(await text(`od -An -tu1 ${node}/xlnx,core-rows`)).toMatch(/^ +3 +8\n$/);
    // Another one replaces it; without a generation, as in older trees.
    await board.deviceTree({
      compatible: 'xlnx,ai-engine-v1.0',
      shimRows: [0, 1],
      memRows: [0, 0],
      coreRows: [1, 8],
    });
    expect((await board.exec(`ls '${node}/xlnx,aie-gen'`)).code).not.toBe(0);
    await board.deviceTree();
    expect((await board.exec(`ls ${node}`)).code).not.toBe(0);
    expect(await text('ls /proc/device-tree/')).toContain('compatible');
  });
});
