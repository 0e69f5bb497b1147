import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  patternBytes,
  patternWord,
  startBoard,
  USER_PASSWORD,
  type VirtualBoard,
  type Witness,
  WitnessError,
} from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { sshOnce } from './ssh-once.ts';

// Partition 1: columns 6 to 9, rows 0 to 8. Partition 2: columns 20 and 21. Partition 3: shim tiles of columns 30 to 32.
const DATA_SIZE = 0x8000;
const PROGRAM_SIZE = 0x4000;
const CLOCK_CONTROL = 0x36040;
const CORE_CONTROL = 0x32000;
const CORE_STATUS = 0x32004;
const COLUMN_SPAN = 1 << 23;
const ROW_SPAN = 1 << 18;

let board: VirtualBoard;
const witnesses: Witness[] = [];

beforeAll(async () => {
  board = await startBoard();
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
  // Every test starts with fresh partitions.
  await board.control('reset all');
});

async function start(...commands: string[]): Promise<Witness> {
  const witness = await board.witness(...commands);
  witnesses.push(witness);
  return witness;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof WitnessError) return error.code;
    throw error;
  }
  return 'done';
}

async function parameter(name: string, value: string | number): Promise<void> {
  const { code } = await board.exec(`echo ${value} > /sys/module/aievirt/parameters/${name}`);
  expect(code).toBe(0);
}

describe('the device [main-4]', () => {
  it('is a root-only character device with the names of the 2020 driver', async () => {
    const { stdout } = await board.exec('stat -c "%F %a %U" /dev/aie0; ls /sys/class/aie');
    expect(stdout.toString().trim().split('\n')).toEqual([
      'character special file 600 root',
      'aie0',
      'aiepart_20_2',
      'aiepart_30_3',
      'aiepart_6_4',
    ]);
  });

  it('counts, lists and limits its static partitions', async () => {
    const witness = await start();
    const all = '1:6:0:4:9:uid=0:status=0 2:20:0:2:9:uid=0:status=0 3:30:0:3:1:uid=0:status=0';
    expect(await witness.command('enquire count')).toBe('count=3');
    expect(await witness.command('enquire')).toBe(`count=3 ${all}`);
    expect(await witness.command('enquire 2')).toBe(`count=2 ${all.split(' ').slice(0, 2).join(' ')}`);
    await start('request 2 keep');
    expect(await witness.command('enquire')).toContain('2:20:0:2:9:uid=0:status=1');
  });

  it('gives a partition to one opener at a time, and refuses others and unknown ids', async () => {
    await start('request 1 keep');
    const other = await start();
    const { length } = await board.kernelLog();
    expect(await refusal(other.request(1))).toBe('EBUSY');
    expect((await board.kernelLog()).slice(length)).toContain(
      'aie0: request partition 1 failed, partition in use.',
    );
    expect(await refusal(other.request(99))).toBe('EINVAL');
    expect(await refusal(other.request(2, { keep: true }))).toBe('done');
  });

  it('names the partition file after its device, close-on-exec, and the buffers as DMA-bufs', async () => {
    const witness = await start('request 1 keep');
    expect(await witness.command('links')).toBe(
      `anon_inode:aiepart_6_4 cloexec=1 size=0 /dmabuf: cloexec=1 size=${32 * DATA_SIZE} /dmabuf: cloexec=1 size=${32 * PROGRAM_SIZE}`,
    );
  });

  it('gives partition files inodes of their own, so that gating one leaves strangers alone', async () => {
    const inodes = new Set<string>();
    for (const id of [1, 2]) {
      const { pid, part } = await (await start()).request(id, { keep: true });
      inodes.add((await board.exec(`stat -L -c %i /proc/${pid}/fd/${part}`)).stdout.toString());
    }
    expect(inodes.size).toBe(2);
  });

  it('keeps the partition taken until the last duplicate of its file is closed', async () => {
    const witness = await start('request 1 keep', 'hold-decoys over');
    const other = await start();
    expect(await refusal(other.request(1, { keep: true }))).toBe('EBUSY');
    await witness.release();
    await other.request(1, { keep: true });
  });

  it('understands the documented ioctl numbers and structure sizes, and refuses all others with EINVAL and a log line', async () => {
    const witness = await start('request 1 keep bare');
    // The 40-byte request of later drivers, GET_FD_LIST, and a number nobody uses.
    for (const number of ['0x80284102', '0xC0104103', '0xC0104155'])
      expect(await refusal(witness.command(`ioctl device ${number}`))).toBe('EINVAL');
    for (const number of ['0xC0284108', '0xC0104155', '0x8004410A', '0x8004410B', '0x40184110'])
      expect(await refusal(witness.command(`ioctl part ${number}`))).toBe('EINVAL');
    const log = await board.kernelLog();
    expect(log).toContain(`aievirt: aie0: Invalid ioctl command ${0x80284102}.`);
    expect(log).toContain(`aievirt: aiepart_6_4: Invalid ioctl command ${0xc0284108}.`);
    // The right numbers got through: request and register view by now, then these.
    expect(await witness.command('getmem 0')).toBe('count=2');
    await witness.command('reg 6 1 0x1d000 1');
    await witness.gate({ column: 6, row: 1 }, false);
  });

  it('calls the resetting ioctls of later drivers forbidden', async () => {
    const witness = await start('request 1 keep');
    for (const number of ['0x40104103', '0x40284103', '0x40204103', '0x4104', '0x4105'])
      expect(await refusal(witness.command(`ioctl part ${number}`))).toBe('EINVAL');
    expect(await board.takeForbidden()).toHaveLength(5);
  });

  it('hands out a writable partition whatever the open mode of the device node', async () => {
    const witness = await start('request 1 keep readonly');
    await witness.write('data', 6, 1, 0, Buffer.of(1, 2, 3, 4));
    expect(await witness.read('data', 6, 1, 0, 4)).toEqual(Buffer.of(1, 2, 3, 4));
  });
});

describe('request and release [main-4]', () => {
  it('keeps contents, clocks and core states when the keep flag was given', async () => {
    const first = await start('request 1 keep', 'fill 7', 'core 7 3 on', 'gate 8 8 on');
    await first.release();
    const second = await start('request 1 keep');
    expect(await second.read('data', 9, 8, DATA_SIZE - 16, 16)).toEqual(
      patternBytes('data', 9, 8, DATA_SIZE - 16, 16, 7),
    );
    expect(await second.peek(7, 3, CORE_STATUS)).toBe(1);
    const gated = (await second.tiles()).filter((tile) => tile.state === 'gated');
    expect(gated).toEqual([{ column: 8, row: 8, state: 'gated' }]);
  });

  it('resets, zeroes and gates the partition at release when the keep flag was missing', async () => {
    await (await start('request 1', 'fill 7', 'core 7 3 on')).release();
    const second = await start('request 1 keep');
    expect((await second.tiles()).every((tile) => tile.state === 'gated')).toBe(true);
    expect(await second.peek(7, 0, CLOCK_CONTROL)).toBe(0);
    await second.gate('all', false);
    expect(await second.peek(7, 3, CORE_STATUS)).toBe(0);
    for (const [column, row] of [
      [6, 1],
      [7, 3],
      [9, 8],
    ] as const) {
      expect((await second.read('data', column, row, 0, DATA_SIZE)).every((byte) => byte === 0)).toBe(true);
      expect((await second.read('program', column, row, 0, PROGRAM_SIZE)).every((byte) => byte === 0)).toBe(
        true,
      );
    }
  });

  it('resets only the partition that was released', async () => {
    const other = await start('request 2 keep', 'fill 1');
    await (await start('request 1')).release();
    expect(await other.read('data', 21, 8, 0, 64)).toEqual(patternBytes('data', 21, 8, 0, 64, 1));
  });

  it('is released when the owner is killed', async () => {
    const owner = await start('request 1', 'fill 7');
    await board.exec(`kill -9 ${(await owner.status()).pid}`);
    await owner.ended();
    const next = await start('request 1 keep');
    expect((await next.tiles()).every((tile) => tile.state === 'gated')).toBe(true);
  });

  it('leaves nothing open behind', async () => {
    await (await start('request 1 keep', 'fill 1')).release();
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });
});

describe('AIE_GET_MEM [main-4]', () => {
  it('tells the count first, then the memories: data and program, absolute ranges without the shim', async () => {
    const witness = await start('request 1 keep bare');
    expect(await witness.command('getmem 0')).toBe('count=2');
    expect(await witness.command('getmem 2')).toBe(
      `count=2 6:1:4:8:offset=0:size=${DATA_SIZE} 6:1:4:8:offset=0x20000:size=${PROGRAM_SIZE}`.replace(
        'offset=0:',
        'offset=0:',
      ),
    );
  });

  it('refuses any other count, and a bad pointer', async () => {
    const witness = await start('request 1 keep bare');
    for (const count of [1, 3, 8]) expect(await refusal(witness.command(`getmem ${count}`))).toBe('EINVAL');
    expect(await refusal(witness.command('getmem 2 null'))).toBe('EFAULT');
    expect(await board.counters()).toMatchObject({ dmabufs: 0 });
  });

  it('refuses a shim-only partition, whose registers can still be read', async () => {
    const witness = await start('request 3 keep');
    expect(await refusal(witness.command('getmem 0'))).toBe('EINVAL');
    expect(await refusal(witness.command('getmem 2'))).toBe('EINVAL');
    expect(await witness.peek(31, 0, CLOCK_CONTROL)).toBe(3);
  });

  it('refuses and reports a second call while the buffers of the first live', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command('getmem 2'))).toBe('EBUSY');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('second AIE_GET_MEM')]);
    await witness.release();
    await witness.request(1, { keep: true });
  });

  it('hands out DMA-bufs with their size and exporter', async () => {
    const witness = await start('request 1 keep');
    const { pid, data, program } = await witness.status();
    const info = (
      await board.exec(`cat /proc/${pid}/fdinfo/${data} /proc/${pid}/fdinfo/${program}`)
    ).stdout.toString();
    expect([...info.matchAll(/^(size|exp_name):\s*(\S+)/gm)].map((match) => match[2])).toEqual([
      String(32 * DATA_SIZE),
      'xilinx_aie',
      String(32 * PROGRAM_SIZE),
      'xilinx_aie',
    ]);
  });

  it('fails as on kernels with 64 KiB pages when told so', async () => {
    await parameter('page_check', 65536);
    try {
      const witness = await start('request 1 keep bare');
      expect(await witness.command('getmem 0')).toBe('count=2');
      expect(await refusal(witness.command('getmem 2'))).toBe('EINVAL');
      expect(await witness.peek(6, 0, CLOCK_CONTROL)).toBe(3);
    } finally {
      await parameter('page_check', 4096);
    }
  });

  it('lays tiles out column by column, each at its index times the tile size', async () => {
    const owner = await start('request 1 keep', 'fill 3');
    const { pid, data } = await owner.status();
    const reader = await start(`borrow ${pid} ${data}`);
    for (const [column, row] of [
      [6, 1],
      [6, 2],
      [7, 1],
      [9, 8],
    ] as const) {
      const bufferOffset = ((column - 6) * 8 + (row - 1)) * DATA_SIZE + 0x10;
      expect(Number(await reader.command(`borrowed ${bufferOffset}`))).toBe(
        patternWord('data', column, row, 0x10, 3),
      );
    }
  });
});

describe('mappings of a DMA-buf [main-4]', () => {
  it('refuses and reports an offset at a tile boundary', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command(`mmap data ${DATA_SIZE} ${DATA_SIZE} write`))).toBe('EINVAL');
    expect(await refusal(witness.command(`mmap program ${3 * PROGRAM_SIZE} 4096`))).toBe('EINVAL');
    expect(await board.takeForbidden()).toHaveLength(2);
  });

  it('allows page offsets inside a tile', async () => {
    const witness = await start('request 1 keep', 'fill');
    expect(Number(await witness.command('mmap data 0x9000 4096 write touch'))).toBe(
      patternWord('data', 6, 2, 0x1000),
    );
  });

  it('refuses private mappings and mappings past the end', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command(`mmap data 0 ${2 * DATA_SIZE} write private`))).toBe('EINVAL');
    expect(await refusal(witness.command(`mmap data 0 ${33 * DATA_SIZE} write`))).toBe('EINVAL');
    expect(await refusal(witness.command(`mmap data 0x1000 ${32 * DATA_SIZE} write`))).toBe('EINVAL');
  });

  it('answers an unaligned load with an alignment fault, as device memory does [main-10]', async () => {
    const witness = await start('request 1 keep');
    await expect(witness.command('unaligned')).rejects.toThrow(/SIGBUS.*code 1/);
  });

  it('is gated under whoever still maps it after the owner left', async () => {
    const owner = await start('request 1', 'fill 3');
    const { pid, data } = await owner.status();
    const reader = await start(`borrow ${pid} ${data}`);
    await owner.release();
    expect(await refusal(reader.command('borrowed 0'))).toBe('SIGBUS');
    // The next owner is harmed too: the buffers of the last one still live.
    expect(await refusal(owner.request(1, { keep: true }))).toBe('EBUSY');
    const lines = await board.takeForbidden();
    expect(lines).toEqual([
      expect.stringContaining('gated access 6,1 offset 0'),
      expect.stringContaining('second AIE_GET_MEM'),
    ]);
    await reader.command('give-back');
    await owner.request(1, { keep: true });
  });
});

describe('the register view [main-4]', () => {
  it('holds the same words as the DMA-bufs', async () => {
    const witness = await start('request 1 keep', 'fill 5');
    expect(await witness.command('compare')).toBe(
      `words=${(32 * (DATA_SIZE + PROGRAM_SIZE)) / 4} different=0`,
    );
  });

  it('is read-only, and ends with the partition', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command('mmap part 0 4096 write'))).toBe('EINVAL');
    expect(await refusal(witness.command(`mmap part ${3 * COLUMN_SPAN} ${2 * COLUMN_SPAN}`))).toBe('EINVAL');
    expect(await refusal(witness.command(`mmap part ${4 * COLUMN_SPAN} 4096`))).toBe('EINVAL');
  });

  it('is the only way besides ioctls: the partition file cannot be read', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command('pread'))).toBe('EINVAL');
  });

  it('maps a single tile at any offset', async () => {
    const witness = await start('request 1 keep', 'fill 5');
    const at = COLUMN_SPAN + 3 * ROW_SPAN;
    expect(Number(await witness.command(`mmap part ${at} ${ROW_SPAN} touch`))).toBe(
      patternWord('data', 7, 3, 0, 5),
    );
    expect(Number(await witness.command(`mmap part ${at + 0x20000} ${PROGRAM_SIZE} touch`))).toBe(
      patternWord('program', 7, 3, 0, 5),
    );
  });

  it('shows live clock control, core control and core status', async () => {
    const witness = await start('request 1 keep');
    expect(await witness.peek(7, 0, CLOCK_CONTROL)).toBe(3);
    expect(await witness.peek(7, 2, CLOCK_CONTROL)).toBe(2);
    await witness.core(7, 3, true);
    expect([await witness.peek(7, 3, CORE_CONTROL), await witness.peek(7, 3, CORE_STATUS)]).toEqual([1, 1]);
    await witness.core(7, 3, false);
    expect(await witness.peek(7, 3, CORE_STATUS)).toBe(0);
    await board.control('gate 7 3');
    expect(await witness.peek(7, 2, CLOCK_CONTROL)).toBe(0);
    await board.control('gate 8 1');
    expect(await witness.peek(8, 0, CLOCK_CONTROL)).toBe(0);
  });

  it('has program counter, stack pointer, locks and DMA words as plain registers', async () => {
    const witness = await start('request 1 keep');
    for (const [at, offset] of [0x30280, 0x302a0, 0x302b0, 0x1ef00, 0x1df00, 0x1df10, 0x1d000].entries()) {
      await board.control(`reg 7 3 ${offset} ${0x1000 + at}`);
      expect(await witness.peek(7, 3, offset)).toBe(0x1000 + at);
    }
  });

  it('reports an access where no tile is', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.peek(7, 9, 0))).toBe('SIGBUS');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('no tile at 7,9')]);
  });
});

describe('AIE_REG [main-4]', () => {
  it('writes words, whole or under a mask, memory words too', async () => {
    const witness = await start('request 1 keep');
    await witness.command('reg 7 3 0x1d000 0x11223344');
    await witness.command('reg 7 3 0x1d000 0xaabbccdd 0x00ff0000');
    expect(await witness.peek(7, 3, 0x1d000)).toBe(0x11bb3344);
    await witness.command('reg 9 8 0x7ffc 0xcafef00d');
    expect(await witness.read('data', 9, 8, 0x7ffc, 4)).toEqual(Buffer.from('0df0feca', 'hex'));
  });

  it('refuses registers that only the kernel may write', async () => {
    const witness = await start('request 1 keep');
    for (const offset of [
      0x15000, 0x15010, 0x1d000, 0x1d13c, 0x1e020, 0x35000, 0x35050, 0x36040, 0x36048, 0x3604c,
    ])
      expect(await refusal(witness.command(`reg 7 0 ${offset} 1`))).toBe('EINVAL');
    expect(await refusal(witness.command('reg 7 0 0x14000 1'))).toBe('done');
  });

  it('refuses other operations, unaligned offsets and offsets outside', async () => {
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command('regop 1 0x41d000'))).toBe('EINVAL');
    expect(await refusal(witness.command('regop 0 0x41d002'))).toBe('EINVAL');
    expect(await refusal(witness.command(`regop 0 ${4 * COLUMN_SPAN}`))).toBe('EINVAL');
    expect(await refusal(witness.command(`regop 0 ${9 * ROW_SPAN}`))).toBe('EINVAL');
  });

  it('refuses gated tiles, without touching them', async () => {
    const witness = await start('request 1 keep', 'gate 7 8 on');
    expect(await refusal(witness.command('reg 7 8 0 1'))).toBe('EINVAL');
  });
});

describe('clocks [main-4]', () => {
  it('reads the clocks when a partition is requested', async () => {
    await board.control('gate 7 5');
    const witness = await start('request 1 keep');
    expect(await refusal(witness.command('reg 7 5 0 1'))).toBe('EINVAL');
    expect(await refusal(witness.command('reg 7 4 0 1'))).toBe('done');
  });

  it('switches tiles by partition-relative location, all of them for none', async () => {
    const witness = await start('request 1 keep', 'gate all on');
    const clocked = async (): Promise<string[]> =>
      (await witness.tiles())
        .filter((tile) => tile.state !== 'gated')
        .map((tile) => `${tile.column},${tile.row}`);
    expect(await clocked()).toEqual([]);
    await witness.command('tileat 1 2');
    expect(await clocked()).toEqual(['7,1', '7,2']);
    await witness.gate('all', false);
    expect(await clocked()).toHaveLength(32);
    expect(await refusal(witness.command('tileat 4 1'))).toBe('EINVAL');
    expect(await refusal(witness.command('tileat 0 9'))).toBe('EINVAL');
  });

  it('gates what lies above a gated tile, and never the shim', async () => {
    const witness = await start('request 1 keep', 'fill');
    await board.control('gate 7 3');
    expect((await witness.tiles()).filter((tile) => tile.state === 'gated').map((tile) => tile.row)).toEqual([
      3, 4, 5, 6, 7, 8,
    ]);
    await board.control('gate all');
    expect(await witness.peek(7, 0, 0x1d000)).toBe(0);
  });

  it('answers a touch of a gated tile with a bus error through every mapping, and reports it', async () => {
    const witness = await start('request 1 keep', 'fill');
    await board.control('gate 7 3');
    expect(await refusal(witness.read('data', 7, 3, 0, 4))).toBe('SIGBUS');
    expect(await refusal(witness.write('program', 7, 4, 16, Buffer.of(1)))).toBe('SIGBUS');
    expect(await refusal(witness.peek(7, 3, CORE_STATUS))).toBe('SIGBUS');
    expect(await board.takeForbidden()).toEqual([
      expect.stringContaining('FORBIDDEN gated access 7,3 offset 0'),
      expect.stringContaining('FORBIDDEN gated access 7,4 offset 0x20000'),
      expect.stringContaining('FORBIDDEN gated access 7,3 offset 0x32000'),
    ]);
  });

  it('takes live mappings away when a tile is gated, and gives the same bytes back afterwards', async () => {
    const witness = await start('request 1 keep', 'fill');
    expect(await witness.read('data', 7, 3, 0, 8)).toEqual(patternBytes('data', 7, 3, 0, 8));
    await board.control('gate 7 3');
    expect(await refusal(witness.read('data', 7, 3, 0, 8))).toBe('SIGBUS');
    expect(await witness.read('data', 7, 2, 0, 8)).toEqual(patternBytes('data', 7, 2, 0, 8));
    await board.control('ungate 7 3');
    expect(await witness.read('data', 7, 3, 0, 8)).toEqual(patternBytes('data', 7, 3, 0, 8));
    expect(await board.takeForbidden()).toHaveLength(1);
  });

  it('has all pages of tiles that run from mmap on, and keeps those of all but the tiles that are gated', async () => {
    const faults = async (): Promise<number> => (await board.counters())['faults'] ?? Number.NaN;
    const witness = await start('request 1 keep');
    const before = await faults();
    await witness.fill();
    for (let row = 1; row <= 8; row++) await witness.peek(7, row, CORE_STATUS);
    expect(await faults()).toBe(before);
    await board.control('gate 7 8');
    expect(await witness.read('data', 7, 7, 0, DATA_SIZE)).toEqual(patternBytes('data', 7, 7, 0, DATA_SIZE));
    expect(await witness.read('data', 8, 8, 0, DATA_SIZE)).toEqual(patternBytes('data', 8, 8, 0, DATA_SIZE));
    expect(await faults()).toBe(before);
    expect(await refusal(witness.read('data', 7, 8, 0, 4))).toBe('SIGBUS');
    expect(await faults()).toBe(before + 1);
    expect(await board.takeForbidden()).toHaveLength(1);
  });
});

describe('program memory of an enabled core [main-4]', () => {
  it('answers with a bus error through every way, and reports it, while data memory stays readable', async () => {
    const witness = await start('request 1 keep', 'fill');
    await witness.read('program', 7, 3, 0, 16);
    await witness.core(7, 3, true);
    expect(await refusal(witness.read('program', 7, 3, 0, 16))).toBe('SIGBUS');
    expect(await refusal(witness.peek(7, 3, 0x20000))).toBe('SIGBUS');
    expect(await refusal(witness.command('reg 7 3 0x20000 1'))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(3);
    expect(await witness.read('data', 7, 3, 0, 16)).toEqual(patternBytes('data', 7, 3, 0, 16));
    await witness.core(7, 3, false);
    expect(await witness.read('program', 7, 3, 0, 16)).toEqual(patternBytes('program', 7, 3, 0, 16));
  });

  it('can be told to be harmless', async () => {
    await parameter('pm_fault', 0);
    try {
      const witness = await start('request 1 keep', 'fill', 'core 7 3 on');
      expect(await witness.read('program', 7, 3, 4, 4)).toEqual(patternBytes('program', 7, 3, 4, 4));
    } finally {
      await parameter('pm_fault', 1);
    }
  });
});

describe('the witness [main-7]', () => {
  it('reads and writes any bytes of any tile and nothing beside them', async () => {
    const witness = await start('request 1 keep', 'fill 9');
    await witness.write('data', 7, 3, 0x101, Buffer.from('abcdef', 'hex'));
    const wanted = patternBytes('data', 7, 3, 0, DATA_SIZE, 9);
    wanted.set(Buffer.from('abcdef', 'hex'), 0x101);
    expect(await witness.read('data', 7, 3, 0, DATA_SIZE)).toEqual(wanted);
    expect(await witness.read('data', 7, 4, 0, DATA_SIZE)).toEqual(
      patternBytes('data', 7, 4, 0, DATA_SIZE, 9),
    );
    expect(await witness.read('program', 9, 8, PROGRAM_SIZE - 3, 3)).toEqual(
      patternBytes('program', 9, 8, PROGRAM_SIZE - 3, 3, 9),
    );
  });

  it('fills memory so that no two words are equal', async () => {
    const witness = await start('request 1 keep', 'fill');
    const words = new Set<number>();
    for (const column of [6, 9])
      for (const row of [1, 8])
        for (const memory of ['data', 'program'] as const) {
          const size = memory === 'data' ? DATA_SIZE : PROGRAM_SIZE;
          const bytes = await witness.read(memory, column, row, 0, size);
          for (let at = 0; at < size; at += 4) words.add(bytes.readUInt32LE(at));
        }
    expect(words.size).toBe((4 * (DATA_SIZE + PROGRAM_SIZE)) / 4);
  });

  it('changes memory as kernels do until it is stopped', async () => {
    const witness = await start('request 1 keep', 'fill', 'run 7 3 0x40 16 200');
    await expect.poll(async () => (await witness.status()).steps).toBeGreaterThan(3);
    const steps = await witness.stop();
    const word = (await witness.read('data', 7, 3, 0x40, 4)).readUInt32LE();
    expect(word).toBe((patternWord('data', 7, 3, 0x40) + steps) >>> 0);
    expect(await witness.read('data', 7, 3, 0x50, 4)).toEqual(patternBytes('data', 7, 3, 0x50, 4));
  });

  it('holds decoys that look like a partition, also under its old fd number', async () => {
    const witness = await start('request 1 keep');
    const before = await witness.status();
    await witness.holdDecoys(true);
    const after = await witness.status();
    expect(after.part).not.toBe(before.part);
    const links = (await board.exec(`ls -l /proc/${after.pid}/fd`)).stdout.toString();
    expect(links).toMatch(new RegExp(` ${before.part} -> /tmp/aiepart_6_4$`, 'm'));
    expect(links).toMatch(new RegExp(` ${after.part} -> anon_inode:aiepart_6_4$`, 'm'));
    expect(links).toMatch(/-> \/memfd:aiepart_6_4/);
    // The other partition and its DMA-bufs: one of them is as large as the first one's program memory.
    expect(links).toMatch(/-> anon_inode:aiepart_20_2$/m);
    expect(links.match(/-> \/dmabuf:/g)).toHaveLength(4);
  });

  it('works in one shot, logs what it did, and says what failed', async () => {
    const { code, stdout, stderr } = await board.exec(
      'witness once request 1 keep -- fill 2 -- read data 7 3 4 4 -- read data 5 3 0 4',
    );
    const lines = stdout.toString().trim().split('\n');
    expect(code).toBe(1);
    expect(lines[2]).toBe(`ok ${patternBytes('data', 7, 3, 4, 4, 2).toString('hex')}`);
    expect(lines[3]).toMatch(/^error NOTHELD/);
    expect(stderr).toMatch(/^\[\d+\.\d{3}\] witness \d+: read 4 bytes of data 7,3 at 0x4$/m);
  });
});

describe('the log [main-5]', () => {
  it('fails the check after a forbidden access and after a warning of the kernel, once each, and the stop', async () => {
    const own = await startBoard();
    try {
      const witness = await own.witness('request 1 keep');
      await own.control('gate 7 3');
      expect(await refusal(witness.peek(7, 3, 0))).toBe('SIGBUS');
      await expect(own.assertClean()).rejects.toThrow(/FORBIDDEN gated access 7,3/);
      await own.assertClean();
      expect(await refusal(witness.peek(7, 3, 0))).toBe('SIGBUS');
      await own.exec('echo "WARNING: CPU: 0 at nothing" > /dev/kmsg');
      // A test that means to do something forbidden takes those lines, and nothing else.
      expect(await own.takeForbidden()).toHaveLength(1);
      await expect(own.assertClean()).rejects.toThrow(/trouble [^\n]*:\n[^\n]*WARNING: CPU[^\n]*$/);
    } finally {
      await expect(own.stop()).rejects.toThrow(
        /had trouble.*\n.*FORBIDDEN gated access 7,3.*\n.*WARNING: CPU/,
      );
    }
  });
});

describe('the dropbear image [main-6]', () => {
  it('has no SFTP', async () => {
    expect((await board.exec('find / -xdev -name "sftp*"')).stdout.toString()).toBe('');
  });

  it('lets users in by password, and without any', async () => {
    const password = [
      'PubkeyAuthentication=no',
      'PreferredAuthentications=password',
      'NumberOfPasswordPrompts=1',
    ];
    expect(await sshOnce(board, 'dev', password, 'id -un', USER_PASSWORD)).toBe('dev');
    expect(await sshOnce(board, 'dev', password, 'id -un', 'wrong')).toContain('Permission denied');
    expect(await sshOnce(board, 'empty', ['PubkeyAuthentication=no', 'BatchMode=yes'], 'id -un')).toBe(
      'empty',
    );
  });

  it('runs many commands at once over one connection', async () => {
    const results = await Promise.all(Array.from({ length: 30 }, (_, i) => board.exec(`echo ${i}`)));
    expect(results.map(({ stdout }) => stdout.toString().trim())).toEqual(results.map((_, i) => String(i)));
  });
});

describe('module parameters [main-4]', () => {
  afterAll(async () => {
    await board?.reloadModule();
  });

  it('let the 2020 driver take clocked tiles for gated, and their owner put it right [truth-2] [truth-8]', async () => {
    await board.reloadModule();
    const witness = await start('request 1 keep blind');
    expect(await witness.peek(7, 0, CLOCK_CONTROL)).toBe(3);
    expect(await refusal(witness.command('reg 7 3 0 1'))).toBe('EINVAL');
    // Block writes go through the buffers, which nobody checks.
    await witness.write('data', 7, 3, 0, Buffer.from('live'));
    expect((await witness.read('data', 7, 3, 0, 4)).toString()).toBe('live');
    await witness.gate('all', false);
    expect(await refusal(witness.command('reg 7 3 0 1'))).toBe('done');
  });

  it('start with all tiles gated', async () => {
    await board.reloadModule({ gated: 1 });
    const witness = await start('request 1 keep');
    expect((await witness.tiles()).every((tile) => tile.state === 'gated')).toBe(true);
  });

  it('hide the class, or show an aperture with its hardware_info as newer drivers do', async () => {
    await board.reloadModule({ sysfs: 0 });
    expect((await board.exec('ls /sys/class/aie /dev/aie0')).stdout.toString().trim()).toBe('/dev/aie0');
    await board.reloadModule({ family: 'aperture' });
    const info = await board.exec('cat /sys/class/aie/aieaperture_0_50/hardware_info');
    expect(info.stdout.toString()).toContain('generation: aie\ntotal_cols: 50\n');
  });

  it('delay each request', async () => {
    await parameter('open_delay', 300);
    const begin = Date.now();
    await start('request 2 keep');
    expect(Date.now() - begin).toBeGreaterThanOrEqual(300);
  });

  it('make an array of 50 columns, every word of it in its place', async () => {
    await board.reloadModule({ parts: '1:0:0:50:9' });
    const witness = await start('request 1 keep', 'fill');
    expect(await witness.command('links')).toContain(
      `size=${50 * 8 * DATA_SIZE} /dmabuf: cloexec=1 size=${50 * 8 * PROGRAM_SIZE}`,
    );
    expect(await witness.command('compare')).toBe(
      `words=${(400 * (DATA_SIZE + PROGRAM_SIZE)) / 4} different=0`,
    );
    expect(await witness.read('data', 49, 8, 0x7ff0, 16)).toEqual(patternBytes('data', 49, 8, 0x7ff0, 16));
  });

  it('are refused when partitions overlap or make no sense', async () => {
    for (const parts of ['1:0:0:4:9,2:3:0:2:9', '1:0:0:0:9', '1:0:1:2:8', '1:0:0:200:9', 'nonsense']) {
      await expect(board.reloadModule({ parts })).rejects.toThrow(/insmod/);
      await board.exec('insmod /lib/board/aievirt.ko');
    }
  });
});
