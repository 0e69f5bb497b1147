/**
 * The families of the driver after the 2020 series, and the generations: requests, enquiries, registers, reads and writes
 * of the partition's descriptor, clocks, resets.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random, runSeed } from '../conformance/random.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { ModelArray, type ModelPart } from './module-model.ts';
import { IOCTL, Raw, RawError, type RawMemory, type RawProcess } from './raw.ts';

const PAGE = 4096;
let board: VirtualBoard;
let raw: Raw;
let owner: RawProcess;
let guest: RawProcess;

beforeAll(async () => {
  board = await startBoard();
  raw = await Raw.start(board);
  owner = raw.process('owner');
  guest = raw.process('guest');
});

afterAll(async () => {
  raw?.stop();
  await board?.stop();
});

useCleanLog(() => board);

afterEach(async () => {
  // A call that hangs would keep its process from ending.
  await board.control('heal');
  await raw.endAll();
  await board.control('reset all');
});

/** The errno name of a call, or `done`. */
async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RawError) return error.code;
    throw error;
  }
  return 'done';
}

/** The lines that the kernel logs while something is done. */
async function logged(action: () => Promise<unknown>): Promise<string> {
  const before = (await board.kernelLog()).length;
  await action();
  return (await board.kernelLog()).slice(before);
}

const info = async (): Promise<string> =>
  (await board.exec('cat /sys/class/aie/aieaperture_*/hardware_info')).stdout.toString();

const devices = async (): Promise<string[]> =>
  (await board.exec('ls /sys/class/aie')).stdout.toString().trim().split('\n');

const bytesOf = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value >>> 0, 4 * i);
  });
  return bytes;
};

/** Id of an aperture driver's partition. */
const dynamicId = (start: number, cols: number): number => start | (cols << 8);

/** Place of a tile in a partition's file: column relative to the partition. */
const aie = (col: number, row: number, offset = 0): number => col * 2 ** 23 + row * 2 ** 18 + offset;
const aieml = (col: number, row: number, offset = 0): number => col * 2 ** 25 + row * 2 ** 20 + offset;

/**
 * A partition as an application starts with it: requested, then all of its tiles. Before that the drivers' notes of
 * clocks are wrong where a partition does not start at column 0.
 */
async function started(dev: number, id: number, how?: Parameters<RawProcess['request']>[2]): Promise<number> {
  const part = await owner.request(dev, id, how);
  await owner.tiles(part, true);
  return part;
}

describe('linux-xlnx with static partitions [attach-1]', () => {
  beforeAll(() => board.reloadModule({ family: 'static' }));

  it('lists partitions as the 2020 series does, with a bit for the bridge in the status', async () => {
    const dev = await owner.open();
    await owner.request(dev, 2);
    expect(await owner.count(dev)).toBe(3);
    expect(
      (await owner.enquire(dev)).map(({ id, col, cols, rows, status }) => [id, col, cols, rows, status]),
    ).toEqual([
      [1, 6, 4, 9, 2],
      [2, 20, 2, 9, 3],
      [3, 30, 3, 1, 2],
    ]);
    expect(await devices()).toEqual(['aie0', 'aiepart_20_2', 'aiepart_30_3', 'aiepart_6_4']);
  });

  it('answers EBUSY for a busy partition, and takes requests of 24 bytes only', async () => {
    const dev = await owner.open();
    await owner.request(dev, 1);
    const other = await guest.open();
    const busy = await logged(async () => expect(await refusal(guest.request(other, 1))).toBe('EBUSY'));
    expect(busy).toContain('aiepart_6_4: request partition 1 failed, partition in use.');
    const log = await logged(async () =>
      expect(await refusal(guest.request(other, 2, { size: 40 }))).toBe('EINVAL'),
    );
    expect(log).toContain(`Invalid ioctl command ${IOCTL.request40}`);
    expect(await refusal(guest.fdList(other, 8))).toBe('EINVAL');
  });

  it('keeps no reference of what GET_MEM made, and a second call while that lives is reported [truth-3] [truth-8]', async () => {
    const part = await owner.request(await owner.open(), 1);
    await owner.getMem(part, 2);
    expect((await board.counters())['get_mem_leaks']).toBe(0);
    expect(await refusal(owner.getMem(part, 2))).toBe('EBUSY');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('second AIE_GET_MEM')]);
  });

  it('takes register writes of 40 bytes: a word under a mask, a block, one word many times', async () => {
    const part = await started(await owner.open(), 1);
    await owner.reg(part, aie(1, 3, 0x1d000), { value: 0x11223344 });
    await owner.reg(part, aie(1, 3, 0x1d000), { value: 0xaabbccdd, mask: 0x00ff0000 });
    expect(await owner.word(part, aie(1, 3, 0x1d000))).toBe(0x11bb3344);
    await owner.reg(part, aie(1, 3, 0x100), { op: 1, block: bytesOf(1, 2, 3) });
    await owner.reg(part, aie(1, 3, 0x108), { op: 2, value: 7, len: 2 });
    expect(await owner.pread(part, aie(1, 3, 0xfc), 24)).toEqual(bytesOf(0, 1, 2, 7, 7, 0));
    expect(await refusal(owner.reg(part, aie(1, 3, 0x3fffc), { op: 1, block: bytesOf(1, 2) }))).toBe(
      'EINVAL',
    );
    expect(await refusal(owner.reg(part, aie(1, 3), { op: 3 }))).toBe('EINVAL');
    const log = await logged(async () =>
      expect(await refusal(owner.ioctl(part, IOCTL.reg24, Buffer.alloc(24)))).toBe('EINVAL'),
    );
    expect(log).toContain(`aiepart_6_4: Invalid ioctl command ${IOCTL.reg24}`);
  });

  it('has no descriptor list and no reset: those numbers are reported on a partition', async () => {
    const dev = await owner.open();
    const part = await owner.request(dev, 1);
    expect(await refusal(owner.fdList(dev, 8))).toBe('EINVAL');
    for (const number of [IOCTL.init16, IOCTL.init32, IOCTL.tear, IOCTL.clearContext])
      expect(await refusal(owner.ioctl(part, number, Buffer.alloc(40)))).toBe('EINVAL');
    expect(await board.takeForbidden()).toHaveLength(4);
  });

  it('keeps contents and clocks in the array when told to keep them, else resets its own columns', async () => {
    const dev = await owner.open();
    const [first, second] = [await started(dev, 1), await started(dev, 2)];
    await owner.pwrite(first, aie(0, 1, 0), bytesOf(1));
    await owner.pwrite(second, aie(0, 1, 0), bytesOf(2));
    await owner.close(first);
    const again = await owner.request(dev, 1, { keep: false });
    const kept = await owner.map(again, aie(0, 1), PAGE);
    expect(await owner.load(kept)).toBe(1);
    await owner.unmap(kept, PAGE);
    await owner.close(again);
    const empty = await owner.request(dev, 1);
    expect(await refusal(owner.word(empty, aie(0, 1, 0)))).toBe('EINVAL');
    await owner.tiles(empty, true);
    expect(await owner.word(empty, aie(0, 1, 0))).toBe(0);
    expect(await owner.word(second, aie(0, 1, 0))).toBe(2);
  });
});

describe('reading and writing a partition file [attach-1]', () => {
  it('reads and writes words of one tile, memories and registers, and counts them', async () => {
    const part = await started(await owner.open(), 1);
    const before = await board.counters();
    expect(await owner.pwrite(part, aie(3, 8, 0x7ff8), bytesOf(0xcafef00d, 5))).toBe(8);
    expect(await owner.pread(part, aie(3, 8, 0x7ff0), 16)).toEqual(bytesOf(0, 0, 0xcafef00d, 5));
    expect(await owner.word(part, aie(3, 0, 0x36040))).toBe(3);
    const after = await board.counters();
    expect((after['words_written'] ?? 0) - (before['words_written'] ?? 0)).toBe(2);
    expect((after['words_read'] ?? 0) - (before['words_read'] ?? 0)).toBe(5);
    expect((after['preads'] ?? 0) - (before['preads'] ?? 0)).toBe(2);
    const at = await owner.map(part, aie(3, 8, 0x7000), PAGE);
    expect(await owner.load(at + 0xff8)).toBe(0xcafef00d);
  });

  it('refuses with EINVAL what is not whole words inside one tile', async () => {
    const part = await started(await owner.open(), 1);
    await owner.call('buf a 8192');
    for (const [offset, length] of [
      [2, 4],
      [0, 6],
      [aie(0, 1, 0x3fffc), 8],
      [aie(0, 9), 4],
      [aie(4, 0), 4],
      [2 ** 40, 4],
    ])
      for (const call of ['pread', 'pwrite'])
        expect([call, offset, await refusal(owner.call(`${call} ${part} ${offset} ${length} a`))]).toEqual([
          call,
          offset,
          'EINVAL',
        ]);
    expect(await owner.pread(part, aie(0, 1, 0x3f000), PAGE)).toHaveLength(PAGE);
  });

  it('refuses gated tiles by itself, which touches nothing', async () => {
    const part = await started(await owner.open(), 1);
    await board.control('gate 7 5');
    expect(await refusal(owner.word(part, aie(1, 5, 0)))).toBe('EINVAL');
    expect(await refusal(owner.pwrite(part, aie(1, 8, 0), bytesOf(1)))).toBe('EINVAL');
    expect(await owner.word(part, aie(1, 4, 0))).toBe(0);
    expect(await owner.word(part, aie(1, 0, 0x36040))).toBe(3);
  });

  it('refuses to write registers of the kernel, also as part of a block', async () => {
    const part = await owner.request(await owner.open(), 1);
    for (const offset of [0x15000, 0x1d13c, 0x1e020, 0x36040, 0x36048])
      expect(await refusal(owner.pwrite(part, aie(0, 0, offset), bytesOf(1)))).toBe('EINVAL');
    expect(await refusal(owner.pwrite(part, aie(0, 0, 0x14ffc), bytesOf(1, 1)))).toBe('EINVAL');
    expect(await refusal(owner.reg(part, aie(0, 0, 0x14ffc), { op: 1, block: bytesOf(1, 1) }))).toBe(
      'EINVAL',
    );
    expect(await owner.word(part, aie(0, 0, 0x14ffc))).toBe(0);
  });

  it('answers EIO for program memory of an enabled core, and reports it', async () => {
    const part = await started(await owner.open(), 1);
    await owner.pwrite(part, aie(1, 3, 0x32000), bytesOf(1));
    expect(await owner.word(part, aie(1, 3, 0x32004))).toBe(1);
    expect(await refusal(owner.pread(part, aie(1, 3, 0x1fffc), 8))).toBe('EIO');
    expect(await refusal(owner.pwrite(part, aie(1, 3, 0x23ffc), bytesOf(1)))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(2);
    expect(await owner.pread(part, aie(1, 3, 0x1fff8), 8)).toHaveLength(8);
    expect(await owner.word(part, aie(1, 3, 0x24000))).toBe(0);
  });

  it('reports a read of a register whose read takes a lock, and of no other on its page', async () => {
    const part = await started(await owner.open(), 1);
    expect(await refusal(owner.word(part, aie(1, 3, 0x1e7fc)))).toBe('EIO');
    expect(await refusal(owner.pread(part, aie(1, 3, 0x1dffc), 8))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(2);
    expect(await owner.word(part, aie(1, 3, 0x1ef00))).toBe(0);
    const at = await owner.map(part, aie(1, 3, 0x1e000), PAGE);
    expect(await owner.load(at + 0xf00)).toBe(0);
  });

  it('has no seek: lseek is reported [truth-8]', async () => {
    const part = await owner.request(await owner.open(), 1);
    expect(await refusal(owner.call(`seek ${part}`))).toBe('ESPIPE');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('lseek of partition 1')]);
  });

  it('can be switched off', async () => {
    await raw.endAll();
    await board.reloadModule({ family: 'static', rw: 0 });
    const part = await owner.request(await owner.open(), 1);
    expect(await refusal(owner.word(part, 0))).toBe('EINVAL');
  });
});

describe('linux-xlnx with an aperture [attach-1]', () => {
  beforeAll(() => board.reloadModule({ family: 'aperture', shape: '10:1:0:8' }));

  it('makes a partition when it is asked for, with the columns in its id, and forgets it at the last close', async () => {
    expect(await devices()).toEqual(['aie0', 'aieaperture_0_10']);
    expect(await info()).toBe(
      'generation: aie\ntotal_cols: 10\ntotal_rows: 9\nshim_tile: start row: 0, num_rows: 1\n' +
        'memory_tile: start row: 0, num_rows: 0\naie_tile: start row: 1, num_rows: 8\n',
    );
    const dev = await owner.open();
    const part = await owner.request(dev, dynamicId(3, 4), { size: 40 });
    expect(await devices()).toContain('aiepart_3_4');
    expect(await owner.call(`link ${part}`)).toBe('anon_inode:aiepart_3_4');
    const [only] = await owner.enquire(dev);
    expect(only).toMatchObject({ id: 0x403, col: 3, row: 0, cols: 4, rows: 9, status: 1 });
    await owner.close(part);
    expect(await devices()).toEqual(['aie0', 'aieaperture_0_10']);
    expect(await owner.count(dev)).toBe(0);
  });

  it('answers EINVAL for columns that are in use or outside, and says so in the log', async () => {
    const dev = await owner.open();
    await owner.request(dev, dynamicId(3, 4), { size: 40 });
    const failed = (await board.counters())['requests_failed'] ?? 0;
    for (const [start, cols] of [
      [3, 4],
      [0, 4],
      [6, 1],
      [0, 0],
    ] as const) {
      const log = await logged(async () =>
        expect(await refusal(owner.request(dev, dynamicId(start, cols), { size: 40 }))).toBe('EINVAL'),
      );
      expect(log).toContain('already requested');
    }
    for (const [start, cols] of [
      [8, 3],
      [10, 1],
      [0, 255],
    ] as const)
      expect(await refusal(owner.request(dev, dynamicId(start, cols), { size: 40 }))).toBe('EINVAL');
    expect((await board.counters())['requests_failed']).toBe(failed + 7);
    await owner.request(dev, dynamicId(7, 3), { size: 40 });
  });

  it('gives the whole aperture for no number of columns', async () => {
    const dev = await owner.open();
    await owner.request(dev, 1, { size: 40 });
    expect(await owner.enquire(dev)).toEqual([
      expect.objectContaining({ id: dynamicId(0, 10), col: 0, cols: 10, status: 1 }),
    ]);
  });

  it('counts partitions in use only, and lists free columns wrong in the documented ways', async () => {
    const dev = await owner.open();
    const free = async () =>
      (await owner.enquire(dev))
        .filter(({ status }) => status === 0)
        .map(({ id, col, cols, rows }) => [id, col, cols, rows]);
    // Nothing in use: the range reaches the last column, so its size is right.
    expect(await free()).toEqual([[0, 0, 10, 9]]);
    await owner.request(dev, dynamicId(2, 3), { size: 40 });
    // Columns 0 and 1 are free: one too many. Columns 5 to 9 are right. No id has a number of columns.
    expect(await free()).toEqual([
      [0, 0, 3, 9],
      [5, 5, 5, 9],
    ]);
    await owner.request(dev, dynamicId(8, 1), { size: 40 });
    // Column 9 is free alone: it is left out.
    expect(await free()).toEqual([
      [0, 0, 3, 9],
      [5, 5, 4, 9],
    ]);
    expect(await owner.count(dev)).toBe(2);
    const all = await owner.enquire(dev);
    expect(all.map(({ status }) => status)).toEqual([1, 1, 0, 0]);
    expect(await owner.enquire(dev, 3)).toHaveLength(3);
    // The user id is whatever was in the kernel's memory.
    expect(new Set([...all, ...(await owner.enquire(dev))].map(({ uid }) => uid)).size).toBeGreaterThan(1);
  });

  it('resets, zeroes and gates at the last close, unless told to keep', async () => {
    const dev = await owner.open();
    const first = await started(dev, dynamicId(2, 2), { size: 40 });
    await owner.pwrite(first, aie(0, 1, 0), bytesOf(0x1234));
    await owner.close(first);
    // Another partition over the same columns sees what was kept: contents belong to the array.
    const second = await started(dev, dynamicId(1, 2), { size: 40, keep: false });
    expect(await owner.word(second, aie(1, 1, 0))).toBe(0x1234);
    await owner.close(second);
    const third = await owner.request(dev, dynamicId(2, 2), { size: 40 });
    expect(await refusal(owner.word(third, aie(0, 1, 0)))).toBe('EINVAL');
    expect(await owner.word(third, aie(0, 0, 0x36040))).toBe(0);
    // The column beside was not reset, and still runs, though the driver's notes say otherwise.
    expect(await owner.word(third, aie(1, 0, 0x36040))).toBe(3);
    await owner.tiles(third, true);
    expect(await owner.word(third, aie(0, 1, 0))).toBe(0);
  });

  it('takes requests of 40 bytes, 24 are an unknown number', async () => {
    const dev = await owner.open();
    const log = await logged(async () =>
      expect(await refusal(owner.request(dev, dynamicId(0, 1)))).toBe('EINVAL'),
    );
    expect(log).toContain(`aie0: Invalid ioctl command ${IOCTL.request24}`);
    expect(log).not.toContain('FORBIDDEN');
  });

  it('answers the numbers that it does not imitate like any unknown number', async () => {
    const part = await owner.request(await owner.open(), dynamicId(2, 2), { size: 40 });
    const numbers = [
      0x8004410a, 0x8004410b, 0x4020410d, 0x40184110, 0xc0104111, 0x40084112, 0x80084113, 0x4010411b,
      0x4008411c, 0x4004411d, 0x4018411e,
    ];
    const log = await logged(async () => {
      for (const number of numbers)
        expect(await refusal(owner.ioctl(part, number, Buffer.alloc(64)))).toBe('EINVAL');
    });
    for (const number of numbers) expect(log).toContain(`aiepart_2_2: Invalid ioctl command ${number}`);
  });

  it('has the requests of the resource manager, which remembers what it handed out until the partition is given back [truth-8]', async () => {
    const take = () => owner.request(dev, dynamicId(2, 2), { size: 40 });
    const dev = await owner.open();
    const part = await take();
    // PC events of the core module of the tile in column 1 and row 2: location, module, type, number.
    const request = async (count: number) => {
      const { pointed } = await owner.ioctl(part, IOCTL.rscRequest, bytesOf(1, 2, 1, 3, count, 0, 0, 0), [
        { at: 24, bytes: Buffer.alloc(16 * count) },
      ]);
      return Array.from({ length: count }, (_, i) => pointed[0]?.readUInt32LE(16 * i + 12));
    };
    // Row and column as bytes, module, type, id.
    const one = (id: number) => bytesOf(0x102, 1, 3, id);
    const left = async (fd: number) =>
      (await owner.ioctl(fd, IOCTL.rscAvailable, bytesOf(1, 2, 1, 3, 0, 0))).structure.readUInt32LE(16);
    expect(await left(part)).toBe(4);
    expect(await request(2)).toEqual([0, 1]);
    expect(await refusal(request(3))).toBe('EINVAL');
    await owner.ioctl(part, IOCTL.rscRelease, one(0));
    expect(await refusal(owner.ioctl(part, IOCTL.rscRelease, one(0)))).toBe('EINVAL');
    await owner.ioctl(part, IOCTL.rscSpecific, one(2));
    expect(await refusal(owner.ioctl(part, IOCTL.rscSpecific, one(2)))).toBe('EINVAL');
    expect(await request(2)).toEqual([0, 3]);
    expect(await left(part)).toBe(0);
    await owner.ioctl(part, IOCTL.rscFree, one(2));
    const stat = Buffer.from([2, 1, 1, 3, 0, 0, 0, 0]);
    const { pointed } = await owner.ioctl(part, IOCTL.rscStats, bytesOf(0, 0, 1, 1), [
      { at: 0, bytes: stat },
    ]);
    expect(pointed[0]?.[4]).toBe(1);
    // No such module in a shim tile, no such kind in a memory module.
    expect(await refusal(owner.ioctl(part, IOCTL.rscAvailable, bytesOf(1, 0, 1, 3, 0, 0)))).toBe('EINVAL');
    expect(await refusal(owner.ioctl(part, IOCTL.rscAvailable, bytesOf(1, 2, 0, 3, 0, 0)))).toBe('EINVAL');
    await owner.close(part);
    expect(await left(await take())).toBe(4);
  });

  it('finds one broadcast channel for several modules, of clocked tiles alone [truth-8]', async () => {
    const part = await started(await owner.open(), dynamicId(2, 2), { size: 40 });
    // The core modules of rows 1 and 2 in column 0.
    const modules = Buffer.concat([bytesOf(0x001, 1, 5, 0), bytesOf(0x002, 1, 5, 0)]);
    const ANY = 0xffffffff;
    const channel = async (count: number, flag: number, id: number, list: Buffer) => {
      const { structure, pointed } = await owner.ioctl(
        part,
        IOCTL.rscBroadcast,
        bytesOf(0, 0, count, flag, id, 0),
        [{ at: 0, bytes: list }],
      );
      return [structure.readUInt32LE(8), pointed[0]?.readUInt32LE(12)];
    };
    await owner.ioctl(part, IOCTL.rscSpecific, bytesOf(0x002, 1, 5, 0));
    expect(await channel(2, 0, ANY, modules)).toEqual([2, 1]);
    expect(await refusal(channel(2, 0, 1, modules))).toBe('EBUSY');
    // Everywhere: two columns of a shim module and eight tiles of two.
    expect(await channel(40, 1, ANY, Buffer.alloc(16 * 40))).toEqual([34, 2]);
    await board.control('gate 2 2');
    expect(await refusal(channel(2, 0, ANY, modules))).toBe('EINVAL');
  });

  it('takes as long for a request as making the devices of all tiles does, when told so [truth-8]', async () => {
    await board.exec('echo 1 > /sys/module/aievirt/parameters/request_cost');
    const dev = await owner.open();
    const started = performance.now();
    await owner.request(dev, dynamicId(0, 10), { size: 40 });
    expect(performance.now() - started).toBeGreaterThan(26);
    await board.exec('echo 0 > /sys/module/aievirt/parameters/request_cost');
  });

  it('can have a partition that debugfs holds: no process has its file, and the list alone can give one [truth-8]', async () => {
    await board.control(`debugfs hold ${dynamicId(2, 3)}`);
    const dev = await owner.open();
    expect((await owner.enquire(dev))[0]).toMatchObject({ id: dynamicId(2, 3), status: 1 });
    expect(await refusal(owner.request(dev, dynamicId(2, 3), { size: 40 }))).toBe('EINVAL');
    expect((await board.exec('ls -l /proc/[0-9]*/fd 2>/dev/null | grep aiepart')).stdout.toString()).toBe('');
    expect(await devices()).toContain('aiepart_2_3');
    const part = (await owner.fdList(dev, 2)).list[0]?.fd ?? -1;
    expect(await owner.call(`link ${part}`)).toBe('anon_inode:aiepart_2_3');
    await owner.close(part);
    await board.control('debugfs release');
    expect(await devices()).not.toContain('aiepart_2_3');
    // Given back as any partition: reset and gated.
    const again = await owner.request(dev, dynamicId(2, 3), { size: 40 });
    expect(await owner.word(again, aie(0, 0, 0x36040))).toBe(0);
  });

  it('leaks a reference at each GET_MEM, which is counted [truth-3] [truth-8]', async () => {
    const part = await owner.request(await owner.open(), dynamicId(2, 3), { size: 40 });
    const { get_mem_leaks: before = 0 } = await board.counters();
    await owner.memories(part);
    await owner.getMem(part, 2);
    expect((await board.counters())['get_mem_leaks']).toBe(before + 1);
  });

  it('lets a DMA-buf that outlives its partition reach only gated tiles, and spares the next owner', async () => {
    const dev = await owner.open();
    const part = await owner.request(dev, dynamicId(2, 2), { size: 40, keep: false });
    const [data] = await owner.getMem(part, 2);
    const at = await owner.map(data?.fd ?? -1, 0, 2 * 8 * 0x8000, true);
    await owner.store(at, 77);
    await owner.close(part);
    expect(await refusal(owner.load(at))).toBe('SIGBUS');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('gated access 2,1')]);
    const other = await guest.request(await guest.open(), dynamicId(2, 2), { size: 40 });
    expect(await guest.getMem(other, 2)).toHaveLength(2);
  });
});

describe('the list of partition descriptors [attach-1]', () => {
  it('gives whoever opens the device a descriptor of every partition in use', async () => {
    const dev = await owner.open();
    const part = await started(dev, dynamicId(2, 3), { size: 40 });
    await owner.request(dev, dynamicId(6, 1), { size: 40 });
    await owner.pwrite(part, aie(1, 2, 0x40), bytesOf(99));
    const guestDev = await guest.open();
    const { list, entries } = await guest.fdList(guestDev, 4);
    expect(list.slice(0, 2).map(({ col, cols, id }) => [col, cols, id])).toEqual([
      [2, 3, dynamicId(2, 3)],
      [6, 1, dynamicId(6, 1)],
    ]);
    expect(list.slice(2).map(({ fd }) => fd)).toEqual([-1, -1]);
    expect(entries).toBe(4);
    expect(await guest.word(list[0]?.fd ?? -1, aie(1, 2, 0x40))).toBe(99);
    // The partition lives as long as anyone has it.
    await owner.end();
    expect(await guest.count(guestDev)).toBe(2);
    expect(await guest.word(list[0]?.fd ?? -1, aie(1, 2, 0x40))).toBe(99);
    await guest.close(list[0]?.fd ?? -1);
    await guest.close(list[1]?.fd ?? -1);
    expect(await guest.count(guestDev)).toBe(0);
  });

  it('leaks one descriptor into a caller whose list is too small', async () => {
    const dev = await owner.open();
    await owner.request(dev, dynamicId(2, 3), { size: 40 });
    await owner.request(dev, dynamicId(6, 1), { size: 40 });
    const guestDev = await guest.open();
    const before = await guest.fds();
    expect(await refusal(guest.fdList(guestDev, 1))).toBe('EINVAL');
    expect(await guest.fds()).toHaveLength(before.length + 2);
  });

  it('is empty when nothing is in use, and unknown to drivers with requests of 24 bytes', async () => {
    const dev = await owner.open();
    expect((await owner.fdList(dev, 2)).list.map(({ fd }) => fd)).toEqual([-1, -1]);
    await raw.endAll();
    await board.reloadModule({ family: 'aperture', shape: '10:1:0:8', req: 24 });
    const other = await owner.open();
    await owner.request(other, dynamicId(2, 3));
    expect(await refusal(owner.fdList(other, 4))).toBe('EINVAL');
    expect(await refusal(owner.request(other, dynamicId(6, 1), { size: 40 }))).toBe('EINVAL');
  });
});

describe('resets by the owner [attach-1]', () => {
  beforeAll(() => board.reloadModule({ family: 'aperture', shape: '10:1:0:8' }));

  /** With the options of a usual start, and the memories zeroed. */
  const init = (who: RawProcess, part: number, number: number = IOCTL.init32, options = 0x1f) =>
    who.ioctl(part, number, bytesOf(0, 0, 0, options, 0, 0, 0, 0, 0, 0));

  it('zero the tiles: INIT with clocks on, TEAR with clocks off, CLR_CONTEXT with clocks as they were', async () => {
    const part = await started(await owner.open(), dynamicId(2, 3), { size: 40 });
    const at = aie(1, 2, 0x40);
    await owner.pwrite(part, at, bytesOf(1));
    await board.control('gate 4 1');
    await init(owner, part);
    expect(await owner.word(part, at)).toBe(0);
    expect(await owner.word(part, aie(2, 1))).toBe(0);
    await owner.pwrite(part, at, bytesOf(2));
    await board.control('gate 4 1');
    await owner.ioctl(part, IOCTL.clearContext, Buffer.alloc(0));
    expect(await owner.word(part, at)).toBe(0);
    expect(await refusal(owner.word(part, aie(2, 1)))).toBe('EINVAL');
    await owner.ioctl(part, IOCTL.tear, Buffer.alloc(0));
    expect(await refusal(owner.word(part, at))).toBe('EINVAL');
    expect((await board.counters())['resets']).toBe(3);
  });

  it('do not look at mappings, whoever has them [truth-8]', async () => {
    const part = await started(await owner.open(), dynamicId(2, 3), { size: 40 });
    const at = await owner.map(part, aie(1, 2), PAGE);
    const { list } = await guest.fdList(await guest.open(), 4);
    await guest.map(list[0]?.fd ?? -1, aie(1, 1), PAGE);
    await owner.getMem(part, 2);
    await owner.pwrite(part, aie(1, 2), bytesOf(7));
    expect(await owner.load(at)).toBe(7);
    expect(await refusal(init(owner, part))).toBe('done');
    expect(await owner.load(at)).toBe(0);
    expect(await refusal(owner.ioctl(part, IOCTL.clearContext, Buffer.alloc(0)))).toBe('done');
    expect(await refusal(owner.ioctl(part, IOCTL.tear, Buffer.alloc(0)))).toBe('done');
    expect((await board.counters())['resets_refused']).toBe(0);
  });

  it('go by the options of INIT: the usual ones keep memory and reset registers, bit 4 alone zeroes [truth-8]', async () => {
    const part = await started(await owner.open(), dynamicId(2, 3), { size: 40 });
    const [memory, register, shim] = [aie(1, 2, 0x40), aie(1, 2, 0x1d000), aie(1, 0, 0x14000)];
    const words = async () => [
      await owner.word(part, memory),
      await owner.word(part, register),
      await owner.word(part, shim),
    ];
    const fill = async () => {
      for (const at of [memory, register, shim]) await owner.reg(part, at, { value: 5 });
    };
    await fill();
    await init(owner, part, IOCTL.init32, 0xf);
    expect(await words()).toEqual([5, 0, 0]);
    await fill();
    await init(owner, part, IOCTL.init32, 0x10);
    expect(await words()).toEqual([0, 5, 5]);
    await fill();
    await board.control('gate 3 1');
    await init(owner, part, IOCTL.init32, 0);
    expect(await words()).toEqual([5, 5, 5]);
  });

  it('by the kernel itself are refused while anything is mapped, and after a GET_MEM for good [truth-3] [truth-8]', async () => {
    await raw.endAll();
    await board.reloadModule({ family: 'aperture', shape: '10:1:0:8', zocl: 1 });
    await board.control('zocl load 2 3');
    const { list } = await guest.fdList(await guest.open(), 4);
    const part = list[0]?.fd ?? -1;
    const reset = () => board.control('zocl reset');
    const at = await guest.map(part, aie(1, 1), PAGE);
    const log = await logged(() => expect(reset()).rejects.toThrow('failed on the board'));
    expect(log).toContain('failed to reset, there are mmapped memories or registers');
    await guest.unmap(at, PAGE);
    await reset();
    await guest.end();
    await board.control('zocl load 2 3');
    const again = (await guest.fdList(await guest.open(), 4)).list[0]?.fd ?? -1;
    for (const { fd } of await guest.getMem(again, 2)) await guest.close(fd);
    await expect(reset()).rejects.toThrow('failed on the board');
    await board.control('zocl unload');
    await guest.end();
    await board.control('zocl load 2 3', 'zocl reset');
  });

  it('are forbidden to everybody else', async () => {
    await owner.request(await owner.open(), dynamicId(2, 3), { size: 40 });
    const { list } = await guest.fdList(await guest.open(), 4);
    const part = list[0]?.fd ?? -1;
    expect(await refusal(init(guest, part))).toBe('EPERM');
    expect(await refusal(guest.ioctl(part, IOCTL.tear, Buffer.alloc(0)))).toBe('EPERM');
    expect(await refusal(guest.ioctl(part, IOCTL.clearContext, Buffer.alloc(0)))).toBe('EPERM');
    expect(await board.takeForbidden()).toHaveLength(3);
  });

  it('have the size of one release: another size is unknown, and reported', async () => {
    const part = await owner.request(await owner.open(), dynamicId(2, 3), { size: 40 });
    expect(await refusal(init(owner, part, IOCTL.init16))).toBe('EINVAL');
    expect(await board.takeForbidden()).toHaveLength(1);
    for (const [parameters, number] of [
      [{ req: 24 }, IOCTL.init16],
      [{ init: 40 }, IOCTL.init40],
    ] as const) {
      await raw.endAll();
      await board.reloadModule({ family: 'aperture', shape: '10:1:0:8', ...parameters });
      const dev = await owner.open();
      const size = 'req' in parameters ? 24 : 40;
      expect(await refusal(init(owner, await owner.request(dev, dynamicId(2, 3), { size }), number))).toBe(
        'done',
      );
    }
  });
});

/** Ranges, offsets and sizes, without the descriptors. */
const shapes = (memories: readonly RawMemory[]): number[][] =>
  memories.map(({ col, cols, row, rows, offset, size }) => [col, cols, row, rows, offset, size]);

/** Writes a word of a tile by pwrite and finds it in the DMA-buf and in the register view. */
async function sameEverywhere(
  part: number,
  memory: RawMemory,
  col: number,
  row: number,
  offset: number,
  value: number,
): Promise<void> {
  await owner.pwrite(part, aieml(col - memory.col, row, memory.offset + offset), bytesOf(value));
  const total = memory.size * memory.rows * memory.cols;
  const buffer = await owner.map(memory.fd, 0, total, true);
  const index = (col - memory.col) * memory.rows + (row - memory.row);
  expect(await owner.load(buffer + index * memory.size + offset)).toBe(value);
  await owner.store(buffer + index * memory.size + offset, value + 1);
  const place = aieml(col - memory.col, row, memory.offset + offset);
  const page = await owner.map(part, place - (place % PAGE), PAGE);
  expect(await owner.load(page + (place % PAGE))).toBe(value + 1);
  expect(await owner.word(part, place)).toBe(value + 1);
  await owner.unmap(page, PAGE);
  await owner.unmap(buffer, total);
}

describe('AIE-ML [attach-1] [attach-5]', () => {
  beforeAll(() => board.reloadModule({ family: 'aperture', generation: 'aieml' }));

  it('tells its shape and its three memories, memory tiles with rows of their own', async () => {
    expect(await info()).toBe(
      'generation: aieml\ntotal_cols: 38\ntotal_rows: 11\nshim_tile: start row: 0, num_rows: 1\n' +
        'memory_tile: start row: 1, num_rows: 2\naie_tile: start row: 3, num_rows: 8\n',
    );
    const part = await owner.request(await owner.open(), dynamicId(6, 4), { size: 40 });
    expect(await owner.memories(part)).toBe(3);
    expect(await refusal(owner.getMem(part, 2))).toBe('EINVAL');
    expect(shapes(await owner.getMem(part, 3))).toEqual([
      [6, 4, 3, 8, 0, 0x10000],
      [6, 4, 3, 8, 0x20000, 0x4000],
      [6, 4, 1, 2, 0, 0x80000],
    ]);
  });

  it('shows the same words by DMA-buf, register view and read, in every memory', async () => {
    const part = await started(await owner.open(), dynamicId(6, 4), { size: 40 });
    const [data, program, tiles] = await owner.getMem(part, 3);
    if (!data || !program || !tiles) throw new Error('There are three memories.');
    await sameEverywhere(part, data, 9, 10, 0xfffc, 100);
    await sameEverywhere(part, program, 8, 3, 0x3ffc, 200);
    await sameEverywhere(part, tiles, 9, 2, 0x7fffc, 300);
    await sameEverywhere(part, tiles, 6, 1, 0, 400);
    expect(await owner.pread(part, aieml(0, 1), 0x8000)).toHaveLength(0x8000);
  });

  it('has one meaningful bit per column clock: 1, 2 and 3 are clocked, 0 is not [truth-1] [truth-8]', async () => {
    for (const value of [1, 2, 3]) {
      await board.exec(`echo ${value} > /sys/module/aievirt/parameters/clock_on`);
      const part = await owner.request(await owner.open(), dynamicId(6, 4), { size: 40 });
      await owner.tiles(part, false);
      expect(await owner.word(part, aieml(1, 0, 0xfff20))).toBe(0);
      expect(await refusal(owner.word(part, aieml(1, 3)))).toBe('EINVAL');
      await owner.tiles(part, true);
      expect(await owner.word(part, aieml(1, 0, 0xfff20))).toBe(value);
      expect(await owner.word(part, aieml(1, 3))).toBe(0);
      expect(await owner.load(await owner.map(part, aieml(1, 3), PAGE))).toBe(0);
      await owner.end();
    }
    await board.exec('echo 1 > /sys/module/aievirt/parameters/clock_on');
  });

  it('clocks whole columns', async () => {
    const part = await started(await owner.open(), dynamicId(6, 4), { size: 40 });
    expect(await owner.word(part, aieml(1, 0, 0xfff20))).toBe(1);
    await board.control('gate 7 5');
    expect(await owner.word(part, aieml(1, 0, 0xfff20))).toBe(0);
    for (const row of [1, 2, 3, 10]) expect(await refusal(owner.word(part, aieml(1, row)))).toBe('EINVAL');
    expect(await owner.word(part, aieml(0, 10))).toBe(0);
    expect(await refusal(owner.load(await owner.map(part, aieml(1, 1), PAGE)))).toBe('SIGBUS');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('gated access 7,1 ')]);
    await owner.tiles(part, true, [[1, 1]]);
    expect(await owner.word(part, aieml(1, 10))).toBe(0);
    await owner.tiles(part, false);
    expect(await refusal(owner.word(part, aieml(0, 1)))).toBe('EINVAL');
    await owner.tiles(part, true);
    expect(await owner.word(part, aieml(3, 10))).toBe(0);
    expect(await refusal(owner.pwrite(part, aieml(1, 0, 0xfff20), bytesOf(0)))).toBe('EINVAL');
  });

  it('reports reads of the lock requests of core and memory tiles, but not those of the owner through its mapping [truth-8]', async () => {
    const part = await started(await owner.open(), dynamicId(6, 4), { size: 40 });
    const { list } = await guest.fdList(await guest.open(), 4);
    const theirs = list[0]?.fd ?? -1;
    for (const [row, offset] of [
      [3, 0x40000],
      [3, 0x43ffc],
      [1, 0xd0000],
    ] as const) {
      expect(await refusal(owner.word(part, aieml(0, row, offset)))).toBe('EIO');
      const page = aieml(0, row, offset - (offset % PAGE));
      const at = await guest.map(theirs, page, PAGE);
      expect(await refusal(guest.load(at + (offset % PAGE)))).toBe('SIGBUS');
      const own = await owner.map(part, page, PAGE);
      expect(await owner.load(own + (offset % PAGE))).toBe(0);
    }
    expect(await board.takeForbidden()).toHaveLength(6);
    expect(await owner.word(part, aieml(0, 3, 0x3fffc))).toBe(0);
    expect(await owner.word(part, aieml(0, 1, 0x40000))).toBe(0);
  });

  it('keeps program memory of an enabled core from reads and leaves memory tiles alone', async () => {
    const part = await started(await owner.open(), dynamicId(6, 4), { size: 40 });
    await board.control('core 6 3 on');
    expect(await owner.word(part, aieml(0, 3, 0x32004))).toBe(1);
    expect(await refusal(owner.word(part, aieml(0, 3, 0x20000)))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(1);
    expect(await owner.word(part, aieml(0, 1, 0x20000))).toBe(0);
  });

  it('lets such a read halt the core, when told so: bit 19 of its status [truth-7] [truth-8]', async () => {
    await board.exec('cd /sys/module/aievirt/parameters && echo 1 > pm_halts && echo 0 > pm_fault');
    const part = await owner.request(await owner.open(), dynamicId(6, 4), { size: 40 });
    await owner.tiles(part, true);
    for (const [row, read] of [
      [3, () => owner.word(part, aieml(0, 3, 0x20000))],
      [4, async () => owner.load(await owner.map(part, aieml(0, 4, 0x20000), PAGE))],
    ] as const) {
      await board.control(`core 6 ${row} on`);
      await owner.word(part, aieml(0, row, 0));
      expect(await owner.word(part, aieml(0, row, 0x32004))).toBe(1);
      expect(await read()).toBe(0);
      expect(await owner.word(part, aieml(0, row, 0x32004))).toBe(0x80001);
      const core = await board.exec(`cat /sys/class/aie/aiepart_6_4/6_${row}/core`);
      expect(core.stdout.toString()).toContain('status: enable|error_halt\n');
    }
    await board.exec('cd /sys/module/aievirt/parameters && echo 0 > pm_halts && echo 1 > pm_fault');
  });
});

/** Debug registers, by their offset from Core_Control, of a core that an owner may write. */
class Core {
  readonly #part: number;
  readonly #tile: number;
  readonly #control: number;
  readonly #counter: number;

  /** @param tile the tile's place in the partition's file */
  constructor(part: number, tile: number, registers: { readonly control: number; readonly pc: number }) {
    this.#part = part;
    this.#tile = tile;
    this.#control = tile + registers.control;
    this.#counter = registers.pc;
  }

  pc(): Promise<number> {
    return owner.word(this.#part, this.#tile + this.#counter);
  }

  read(register: number): Promise<number> {
    return owner.word(this.#part, this.#control + register);
  }

  async write(register: number, value: number): Promise<void> {
    await owner.pwrite(this.#part, this.#control + register, bytesOf(value));
  }

  /** Bit 16 of Core_Status, and Debug_Status. */
  async halted(): Promise<[boolean, number]> {
    return [((await this.read(4)) & 0x10000) !== 0, await this.read(0x1c)];
  }
}

const controlled = async (name: string): Promise<string> =>
  (await board.exec(`cat /sys/module/aievirt/parameters/${name}`)).stdout.toString();

describe.each([
  { generation: 'aie', place: aie, row: 1, control: 0x32000, pc: 0x30280, general: 0x30000 },
  { generation: 'aieml', place: aieml, row: 3, control: 0x32000, pc: 0x31100, general: 0x30c00 },
  { generation: 'aie2ps', place: aieml, row: 2, control: 0x38000, pc: 0x32d00, general: 0x32800 },
])('a core of $generation', ({ generation, place, row, control, pc, general }) => {
  const tile = place(0, row);
  let part: number;
  let core: Core;

  beforeAll(() => board.reloadModule({ family: 'aperture', generation }));

  beforeEach(async () => {
    part = await started(await owner.open(), dynamicId(6, 2), { size: 40 });
    core = new Core(part, tile, { control, pc });
    // Four instructions once, then a loop of two, ten times.
    await board.control(`program 6 ${row} 16 0x100 0x130 1 0x200 0x210 10`, `core 6 ${row} on`);
  });

  it('[debug-9] stands while the halt bit is set, steps as many instructions as are counted, and goes on', async () => {
    await core.write(0x10, 1);
    expect(await core.halted()).toEqual([true, 1]);
    expect(await core.read(0)).toBe(1);
    const order = [0x100, 0x110, 0x120, 0x130, ...Array.from({ length: 10 }, () => [0x200, 0x210]).flat()];
    const at = await core.pc();
    // The loop is left after ten rounds: where it stands is known when it is back at the start.
    await core.write(0x20, 0x80000100);
    await core.write(0x14, 0x00100000);
    if (at !== 0x100) await core.write(0x10, 0);
    await expect.poll(() => core.pc()).toBe(0x100);
    await expect.poll(() => core.halted()).toEqual([true, at === 0x100 ? 1 : 0x21]);
    for (let done = 0; done < 30; ) {
      const count = 1 + ((done * 5) % 15);
      await core.write(0x10, 1 | (count << 2));
      // An event at the address halts before its instruction; one that begins a step does not.
      done = done + count > 24 && done < 24 ? 24 : done + count;
      expect(await core.pc()).toBe(order[done % 24]);
      expect(await core.read(0x10)).toBe(1);
      expect(await core.halted()).toEqual([true, done === 24 ? 0x21 : 1]);
    }
    await core.write(0x20, 0);
    await core.write(0x14, 0);
    const stood = await core.pc();
    await core.write(0x10, 0);
    expect(await core.halted()).toEqual([false, 0]);
    await expect.poll(() => core.pc()).not.toBe(stood);
  });

  it('has its program memory read while it is halted, and counts who wrote its debug registers', async () => {
    const before = (await controlled('debug_writers')).trimEnd().split('\n');
    await core.write(0x10, 1);
    await core.write(0x1c, 0);
    expect(await owner.word(part, tile + 0x20000)).toBe(0);
    expect(await core.halted()).toEqual([true, 1]);
    expect(await controlled('debug_registers')).toBe(
      `6 ${row} 0x${(control + 0x10).toString(16)} 0x1\n6 ${row} 0x${(control + 0x1c).toString(16)} 0x1\n`,
    );
    const writers = (await controlled('debug_writers')).trimEnd().split('\n');
    expect(writers.at(-1)).toMatch(/^\d+ 2 tilescope-raw/);
    expect(writers.filter((one) => !before.includes(one))).toHaveLength(1);
    await core.write(0x10, 0);
    expect(await controlled('debug_registers')).toBe('');
    expect(await refusal(owner.word(part, tile + 0x20000))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(1);
  });

  // The registers' places differ by generation, what they do does not.
  if (generation === 'aieml') {
    it('[debug-9] runs through its program, and its general registers with it', async () => {
      const seen = new Set<number>();
      await expect.poll(async () => seen.add(await core.pc()).size, { interval: 1 }).toBeGreaterThan(3);
      for (const at of seen) expect([0x100, 0x110, 0x120, 0x130, 0x200, 0x210]).toContain(at);
      const before = await owner.word(part, tile + general);
      await expect.poll(() => owner.word(part, tile + general)).not.toBe(before);
    });

    it('[debug-9] stands while it is not enabled, and does a step once it is', async () => {
      await board.control(`core 6 ${row} off`);
      const at = await core.pc();
      await core.write(0x10, 1 | (1 << 2));
      expect(await core.halted()).toEqual([false, 0]);
      expect(await core.pc()).toBe(at);
      await board.control(`core 6 ${row} on`);
      await expect.poll(() => core.halted()).toEqual([true, 1]);
      expect(await core.pc()).not.toBe(at);
    });

    it('[debug-9] halts before the instruction at a PC event that is named, once for each round', async () => {
      await core.write(0x20, 0x80000210); // an event that nobody named halts nothing
      await core.write(0x2c, 0x80000130);
      await core.write(0x14, 0x13000000);
      for (let round = 0; round < 2; round++) {
        await expect.poll(() => core.halted()).toEqual([true, 0x41]);
        expect(await core.pc()).toBe(0x130);
        await core.write(0x10, 0);
      }
      await core.write(0x14, 0);
      await core.write(0x18, 1);
      await expect.poll(() => core.halted()).toEqual([true, 3]);
      expect([0x130, 0x210]).toContain(await core.pc());
      expect((await owner.word(part, tile + 0x34200)) & 0x90000).toBe(0x90000);
      await core.write(0x18, 0);
    });

    it('[debug-9] stands in a stall, halted or not, and ends a step when that is over', async () => {
      const status = control + 4;
      await board.control(`reg 6 ${row} ${status} 0x41`);
      const at = await core.pc();
      await core.write(0x10, 1 | (1 << 2));
      expect(await core.halted()).toEqual([false, 0]);
      expect(await core.pc()).toBe(at);
      await board.control(`reg 6 ${row} ${status} 1`);
      await expect.poll(() => core.halted()).toEqual([true, 1]);
      expect(await core.pc()).not.toBe(at);
      await core.write(0x18, 1 << 2);
      await core.write(0x10, 0);
      await board.control(`reg 6 ${row} ${status} 0x41`);
      await expect.poll(() => core.halted()).toEqual([true, 9]);
    });
  }
});

describe('AIE2PS [attach-1] [attach-5]', () => {
  beforeAll(() => board.reloadModule({ family: 'aperture', generation: 'aie2ps' }));

  it('has six memories, three of them in the shim', async () => {
    expect(await info()).toContain('generation: aie2ps\ntotal_cols: 36\ntotal_rows: 6\n');
    const part = await owner.request(await owner.open(), dynamicId(4, 2), { size: 40 });
    expect(await owner.memories(part)).toBe(6);
    const memories = await owner.getMem(part, 6);
    expect(shapes(memories)).toEqual([
      [4, 2, 2, 4, 0, 0x10000],
      [4, 2, 2, 4, 0x20000, 0x4000],
      [4, 2, 1, 1, 0, 0x80000],
      [4, 2, 0, 1, 0x80000, 0x8000],
      [4, 2, 0, 1, 0x88000, 0x4000],
      [4, 2, 0, 1, 0xd0000, 0x8000],
    ]);
    for (const [i, memory] of memories.entries())
      await sameEverywhere(part, memory, 5, memory.row + memory.rows - 1, memory.size - 4, 1000 * i + 1);
  });

  it('clocks whole columns by its own register, and the shim memories always', async () => {
    const part = await owner.request(await owner.open(), dynamicId(4, 2), { size: 40 });
    await board.control('gate 5 2');
    expect(await owner.word(part, aieml(1, 0, 0x7ff20))).toBe(0);
    expect(await refusal(owner.word(part, aieml(1, 1)))).toBe('EINVAL');
    expect(await owner.word(part, aieml(1, 0, 0xd0000))).toBe(0);
    expect(await refusal(owner.pwrite(part, aieml(1, 0, 0x7ff20), bytesOf(3)))).toBe('EINVAL');
  });

  it('has no attributes of tiles with some drivers [truth-8]', async () => {
    await raw.endAll();
    await board.reloadModule({ family: 'aperture', generation: 'aie2ps', tile_attrs: 0 });
    await owner.request(await owner.open(), dynamicId(4, 2), { size: 40 });
    const names = (await board.exec('ls /sys/class/aie/aiepart_4_2')).stdout.toString().trim().split('\n');
    expect(names).toContain('status');
    expect(names.filter((name) => /^\d+_\d+$/.test(name))).toEqual([]);
    await raw.endAll();
    await board.reloadModule({ family: 'aperture', generation: 'aie2ps' });
  });

  it('has core control and status in places of its own', async () => {
    const part = await owner.request(await owner.open(), dynamicId(4, 2), { size: 40 });
    await owner.pwrite(part, aieml(0, 2, 0x32000), bytesOf(1));
    expect(await owner.word(part, aieml(0, 2, 0x20000))).toBe(0);
    await owner.reg(part, aieml(0, 2, 0x38000), { value: 1 });
    expect(await owner.word(part, aieml(0, 2, 0x38004))).toBe(1);
    expect(await refusal(owner.word(part, aieml(0, 2, 0x20000)))).toBe('EIO');
    expect(await board.takeForbidden()).toHaveLength(1);
  });
});

describe('shapes and names [attach-1] [attach-5]', () => {
  it('counts memories of a partition of shim tiles only on AIE2PS', async () => {
    for (const [generation, wanted] of [
      ['aieml', 'EINVAL'],
      ['aie2ps', 'done'],
    ] as const) {
      await raw.endAll();
      await board.reloadModule({ family: 'static', generation });
      const part = await owner.request(await owner.open(), 3);
      expect(await refusal(owner.memories(part))).toBe(wanted);
      if (wanted === 'EINVAL') continue;
      expect(await owner.memories(part)).toBe(6);
      expect((await owner.getMem(part, 6)).map(({ rows }) => rows)).toEqual([0, 0, 0, 1, 1, 1]);
    }
  });

  it('calls an unknown generation what it was told, with tiles like AIE-ML', async () => {
    await board.reloadModule({ family: 'aperture', generation: 'aie9', shape: '12:1:1:2' });
    expect(await info()).toContain('generation: aie9\ntotal_cols: 12\ntotal_rows: 4\n');
    expect(await devices()).toContain('aieaperture_0_12');
    const part = await owner.request(await owner.open(), 0, { size: 40 });
    expect(shapes(await owner.getMem(part, 3))[2]).toEqual([0, 12, 1, 1, 0, 0x80000]);
  });

  it('hides hardware_info when told so, and an aperture can be small', async () => {
    await board.reloadModule({ family: 'aperture', hwinfo: 0, shape: '1:1:0:1' });
    expect(await devices()).toEqual(['aie0', 'aieaperture_0_1']);
    expect(await info()).toBe('');
    const dev = await owner.open();
    // One column, free alone and last: left out.
    expect(await owner.enquire(dev)).toEqual([]);
    await owner.request(dev, dynamicId(0, 1), { size: 40 });
  });

  it('refuses parameters that make no sense', async () => {
    for (const parameters of [
      { family: 'mystery' },
      { req: 30 },
      { init: 20 },
      { generation: '' },
      { shape: '50:1:1:8' },
      { shape: '0:1:0:8' },
      { shape: '200:1:0:8' },
      { shape: '50:1:0:40' },
      { shape: '20:1:0:8', parts: '1:18:0:4:9' },
    ]) {
      await expect(board.reloadModule(parameters)).rejects.toThrow(/insmod/);
      await board.exec('insmod /lib/board/aievirt.ko');
    }
  });
});

/** A descriptor that some process has, and the partition behind it. */
interface Handle {
  readonly who: string;
  readonly fd: number;
  readonly part: ModelPart;
}

/** Random calls of three processes on a small array, each answer compared with the model's. */
class RandomCalls {
  readonly #random: Random;
  readonly #model: ModelArray;
  readonly #tile: (col: number, row: number, offset?: number) => number;
  readonly #devices = new Map<string, number>();
  readonly #handles: Handle[] = [];
  #control = -1;
  /** Accesses to gated tiles that the driver let through. */
  touches = 0;

  constructor(
    random: Random,
    model: ModelArray,
    tile: (col: number, row: number, offset?: number) => number,
  ) {
    this.#random = random;
    this.#model = model;
    this.#tile = tile;
  }

  async run(steps: number): Promise<void> {
    for (const who of ['one', 'two', 'three']) this.#devices.set(who, await raw.process(who).open());
    this.#control = await raw.process('control').open('/sys/module/aievirt/parameters/control', true);
    const calls = [
      () => this.#request(),
      () => this.#close(),
      () => this.#list(),
      () => this.#write(),
      () => this.#write(),
      () => this.#read(),
      () => this.#read(),
      () => this.#map(),
      () => this.#gate(),
      () => this.#tiles(),
      () => this.#reset(),
      () => this.#enquire(),
    ] as const;
    for (let step = 0; step < steps; step++) await this.#random.pick(calls)();
    while (this.#handles.length > 0) await this.#close();
  }

  #anyone(): [string, number] {
    const who = this.#random.pick(['one', 'two', 'three']);
    return [who, this.#devices.get(who) ?? -1];
  }

  #handle(): Handle | undefined {
    return this.#handles[this.#random.below(Math.max(1, this.#handles.length))];
  }

  #place(part: ModelPart): { col: number; row: number; offset: number; at: number } {
    const col = part.start + this.#random.below(part.cols);
    const row = 1 + this.#random.below(this.#model.rows - 1);
    const offset = 4 * this.#random.below(8);
    return { col, row, offset, at: this.#tile(col - part.start, row, offset) };
  }

  async #request(): Promise<void> {
    const [who, dev] = this.#anyone();
    const [start, cols, keep] = [
      this.#random.below(this.#model.cols + 1),
      1 + this.#random.below(3),
      this.#random.below(2) === 0,
    ];
    const part = this.#model.request(start, cols, keep, who);
    const call = raw.process(who).request(dev, dynamicId(start, cols), { size: 40, keep });
    if (part === undefined) expect(await refusal(call)).toBe('EINVAL');
    else this.#handles.push({ who, fd: await call, part });
  }

  async #close(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined) return;
    await raw.process(handle.who).close(handle.fd);
    this.#handles.splice(this.#handles.indexOf(handle), 1);
    this.#model.close(handle.part);
  }

  async #list(): Promise<void> {
    const [who, dev] = this.#anyone();
    const { list } = await raw.process(who).fdList(dev, this.#model.cols);
    const given = list.filter(({ fd }) => fd >= 0);
    expect(given.map(({ id }) => id)).toEqual(
      this.#model.parts.map(({ start, cols }) => dynamicId(start, cols)),
    );
    for (const [i, { fd }] of given.entries()) {
      const part = this.#model.parts[i];
      if (part === undefined) continue;
      part.descriptors++;
      // One is kept now and then; the others are closed at once, as a guest does.
      this.#handles.push({ who, fd, part });
      if (this.#random.below(4) === 0) continue;
      await raw.process(who).close(fd);
      this.#handles.pop();
      this.#model.close(part);
    }
  }

  async #write(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined) return;
    const { col, row, offset, at } = this.#place(handle.part);
    const value = this.#random.word();
    const who = raw.process(handle.who);
    const call =
      this.#random.below(2) === 0
        ? who.pwrite(handle.fd, at, bytesOf(value))
        : who.reg(handle.fd, at, { value });
    const answer = this.#model.access(handle.part, col, row);
    expect(await refusal(call)).toBe(answer);
    if (answer === 'done') this.#model.setWord(col, row, offset, value);
    if (answer === 'EIO') this.touches++;
  }

  async #read(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined) return;
    const { col, row, offset, at } = this.#place(handle.part);
    const call = raw.process(handle.who).word(handle.fd, at);
    const answer = this.#model.access(handle.part, col, row);
    if (answer === 'done') expect(await call).toBe(this.#model.word(col, row, offset));
    else expect(await refusal(call)).toBe(answer);
    if (answer === 'EIO') this.touches++;
  }

  async #map(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined) return;
    const { col, row, offset, at } = this.#place(handle.part);
    const who = raw.process(handle.who);
    const address = await who.map(handle.fd, at - offset, PAGE);
    if (this.#model.runs(col, row))
      expect(await who.load(address + offset)).toBe(this.#model.word(col, row, offset));
    await who.unmap(address, PAGE);
  }

  async #gate(): Promise<void> {
    const [col, row] = [this.#random.below(this.#model.cols), 1 + this.#random.below(this.#model.rows - 1)];
    const on = this.#random.below(2) === 0;
    const line = `${on ? 'ungate' : 'gate'} ${col} ${row}`;
    await raw.process('control').pwrite(this.#control, 0, Buffer.from(line));
    if (on) this.#model.ungate(col, row);
    else this.#model.gate(col, row);
  }

  async #tiles(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined) return;
    const on = this.#random.below(2) === 0;
    const places = Array.from({ length: this.#random.below(3) }, () => this.#place(handle.part));
    const relative = places.map(({ col, row }) => [col - handle.part.start, row] as const);
    await raw.process(handle.who).tiles(handle.fd, on, relative);
    this.#model.tiles(
      handle.part,
      on,
      places.map(({ col, row }) => [col, row] as const),
    );
  }

  async #reset(): Promise<void> {
    const handle = this.#handle();
    if (handle === undefined || handle.who !== handle.part.owner) return;
    const on = this.#random.below(2) === 0;
    const zero = !on || this.#random.below(2) === 0;
    const init = bytesOf(0, 0, 0, zero ? 0x1f : 0xf, 0, 0, 0, 0);
    await raw.process(handle.who).ioctl(handle.fd, on ? IOCTL.init32 : IOCTL.tear, init);
    this.#model.reset(handle.part, on, zero);
  }

  async #enquire(): Promise<void> {
    const [who, dev] = this.#anyone();
    const list = await raw.process(who).enquire(dev, 32);
    expect(list.map(({ id, col, cols, status }) => [id, col, cols, status])).toEqual(this.#model.enquire());
    expect(await raw.process(who).count(dev)).toBe(this.#model.parts.length);
  }
}

describe('the scan of the clocks at a request [truth-2] [truth-8]', () => {
  const load = (generation: string, parameters = {}) =>
    board.reloadModule({
      family: 'aperture',
      generation,
      shape: '10:1:0:8',
      ...parameters,
    });
  const word = (part: number, tile: typeof aie, col: number) => refusal(owner.word(part, tile(col, 3)));
  const whether = async (part: number, tile: typeof aie) => {
    const said: string[] = [];
    for (const col of [0, 1, 2, 3]) said.push(await word(part, tile, col));
    return said;
  };

  it('refuses clocked columns, and lets gated ones be read, where a partition does not start at column 0', async () => {
    await load('aie');
    await board.control('gate 4 1', 'gate 5 1');
    const part = await owner.request(await owner.open(), dynamicId(2, 4), { size: 40 });
    // Columns 2 and 3 run, 4 and 5 do not; the driver takes them for 4 and 5.
    expect(await whether(part, aie)).toEqual(['EINVAL', 'EINVAL', 'EIO', 'EIO']);
    expect(await board.takeForbidden()).toEqual([
      expect.stringContaining('gated access 4,3 offset 0x0, which the driver takes for clocked'),
      expect.stringContaining('gated access 5,3 offset 0x0, which the driver takes for clocked'),
    ]);
    for (const col of [0, 1, 2, 3])
      expect(await owner.word(part, aie(col, 0, 0x36040))).toBe(col < 2 ? 3 : 0);
    // In a chain only the difference to what is believed is written: nothing of columns 4 and 5.
    await owner.tiles(part, true);
    expect(await whether(part, aie)).toEqual(['done', 'done', 'EIO', 'EIO']);
    expect(await board.takeForbidden()).toHaveLength(2);
    await owner.ioctl(part, IOCTL.init32, Buffer.alloc(32));
    expect(await whether(part, aie)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('loses everything that lies beyond the bitmap, on AIE-ML too, until the owner asks for its tiles', async () => {
    await load('aieml', { shape: '10:1:1:8' });
    const part = await owner.request(await owner.open(), dynamicId(5, 4), { size: 40 });
    const before = await board.counters();
    const log = await logged(async () =>
      expect(await whether(part, aieml)).toEqual(['EINVAL', 'EINVAL', 'EINVAL', 'EINVAL']),
    );
    expect(log.match(/aiepart_5_4: /g)).toHaveLength(8);
    const after = await board.counters();
    expect((after['preads_refused'] ?? 0) - (before['preads_refused'] ?? 0)).toBe(4);
    expect((after['log_lines'] ?? 0) - (before['log_lines'] ?? 0)).toBe(8);
    expect((await board.exec('cat /sys/class/aie/aiepart_5_4/5_3/core')).stdout.toString()).toContain(
      'status: clock_gated',
    );
    await owner.tiles(part, true);
    expect(await whether(part, aieml)).toEqual(['done', 'done', 'done', 'done']);
    expect((await board.exec('cat /sys/class/aie/aiepart_5_4/5_3/core')).stdout.toString()).toContain(
      'status: disabled',
    );
  });

  it('is right on AIE2PS, and for partitions that start at column 0', async () => {
    await load('aie2ps', { shape: '10:1:1:8' });
    await board.control('gate 4 1');
    const part = await owner.request(await owner.open(), dynamicId(2, 4), { size: 40 });
    expect(await whether(part, aieml)).toEqual(['done', 'done', 'EINVAL', 'done']);
    await raw.endAll();
    await load('aie');
    await board.control('gate 1 1');
    const first = await owner.request(await owner.open(), dynamicId(0, 4), { size: 40 });
    expect(await whether(first, aie)).toEqual(['done', 'EINVAL', 'done', 'done']);
  });

  it('lets RELEASE_TILES gate a column that was clocked before, whose use it did not see', async () => {
    await load('aieml', { shape: '10:1:1:8' });
    const part = await owner.request(await owner.open(), dynamicId(5, 4), { size: 40 });
    await owner.tiles(part, true, [[1, 3]]);
    // One request brings the whole partition in line with what is believed to be in use.
    expect(await whether(part, aieml)).toEqual(['EINVAL', 'done', 'EINVAL', 'EINVAL']);
    expect(await owner.word(part, aieml(0, 0, 0xfff20))).toBe(0);
    await owner.tiles(part, false, [[1, 3]]);
    expect(await owner.word(part, aieml(1, 0, 0xfff20))).toBe(0);
  });

  it('goes with requests and releases that clock the whole partition, on some drivers', async () => {
    await load('aieml', { shape: '10:1:1:8', whole_tiles: 1 });
    const part = await owner.request(await owner.open(), dynamicId(5, 4), { size: 40 });
    await owner.tiles(part, true, [[1, 3]]);
    expect(await whether(part, aieml)).toEqual(['done', 'done', 'done', 'done']);
    await owner.tiles(part, false);
    expect(await whether(part, aieml)).toEqual(['done', 'done', 'done', 'done']);
  });
});

describe('calls that hang, and the locks of the driver [truth-4] [truth-5] [truth-8]', () => {
  beforeAll(() => board.reloadModule({ family: 'aperture', shape: '10:1:0:8' }));

  const hung = () => expect.poll(async () => (await board.counters())['hung']).toBe(1);

  it('do not come back until they are told to', async () => {
    const dev = await owner.open();
    for (const [call, action] of [
      ['enquire', () => owner.count(dev)],
      ['request', () => owner.request(dev, dynamicId(2, 2), { size: 40 })],
      ['fdlist', () => owner.fdList(dev, 4)],
    ] as const) {
      await board.control(`hang ${call}`);
      const answer = action();
      await hung();
      await board.control('heal');
      await answer;
    }
    const part = await guest.request(await guest.open(), dynamicId(6, 2), { size: 40 });
    await guest.tiles(part, true);
    for (const [call, action] of [
      ['pread', () => guest.word(part, 0)],
      ['pwrite', () => guest.pwrite(part, aie(0, 1), bytesOf(1))],
      ['reg', () => guest.reg(part, aie(0, 1), { value: 1 })],
      ['tiles', () => guest.tiles(part, true)],
      ['getmem', () => guest.memories(part)],
      ['mmap', async () => guest.unmap(await guest.map(part, 0, PAGE), PAGE)],
      ['attribute', () => board.exec('cat /sys/class/aie/aiepart_6_2/status')],
      ['close', () => guest.close(part)],
    ] as const) {
      await board.control(`hang ${call}`);
      const answer = action();
      await hung();
      await board.control('heal');
      await answer;
    }
    expect((await board.counters())['hung']).toBe(0);
  });

  it('stay taken when an owner ends by a signal while somebody reads an attribute; then ENQUIRE hangs', async () => {
    const dev = await guest.open();
    await board.exec('echo 300000 > /sys/module/aievirt/parameters/lock_us');
    const witness = await board.witness(`request ${dynamicId(6, 2)} noget noregs blind`);
    const { pid } = await witness.status();
    // A reader is inside for 300 ms; the owner is killed meanwhile.
    await board.exec(`cat /sys/class/aie/aiepart_6_2/6_1/core > /dev/null & sleep 0.1; kill -9 ${pid}; wait`);
    await witness.ended();
    expect(await board.takeForbidden()).toEqual([
      expect.stringContaining(`last close of partition ${dynamicId(6, 2)} met a reader`),
    ]);
    expect((await board.counters())['wedges']).toBe(1);
    const answer = guest.count(dev);
    await hung();
    await board.exec('echo 200 > /sys/module/aievirt/parameters/lock_us');
    await board.control('heal');
    expect(await answer).toBe(0);
  });

  it('do not care how an owner ends while nobody reads, nor when somebody else closes last', async () => {
    await board.exec('echo 300000 > /sys/module/aievirt/parameters/lock_us');
    const witness = await board.witness(`request ${dynamicId(6, 2)} noget noregs blind`);
    const { pid } = await witness.status();
    const { list } = await guest.fdList(await guest.open(), 4);
    await board.exec(`cat /sys/class/aie/aiepart_6_2/6_1/core > /dev/null & sleep 0.1; kill -9 ${pid}; wait`);
    await witness.ended();
    await guest.close(list[0]?.fd ?? -1);
    await board.exec('echo 200 > /sys/module/aievirt/parameters/lock_us');
    expect((await board.counters())['open']).toBe(0);
  });
});

describe('any sequence of calls [attach-1] [truth-8]', () => {
  for (const [generation, shape, rows, tile, absolute] of [
    ['aie', '7:1:0:4', 5, aie, true],
    ['aieml', '7:1:1:2', 4, aieml, true],
    ['aie2ps', '7:1:1:2', 4, aieml, false],
  ] as const)
    it(`answers as a naive model of the aperture driver does: ${generation}`, async () => {
      const seed = runSeed();
      console.log(`seed ${seed}`);
      await board.reloadModule({ family: 'aperture', generation, shape });
      const model = new ModelArray(7, rows, generation !== 'aie', absolute);
      const calls = new RandomCalls(new Random(seed), model, tile);
      await calls.run(Number(process.env['STEPS'] ?? 200));
      expect(await board.takeForbidden()).toHaveLength(calls.touches);
      const { open, mappings, requests, releases } = await board.counters();
      expect({ open, mappings, left: (requests ?? 0) - (releases ?? 0) }).toEqual({
        open: 0,
        mappings: 0,
        left: 0,
      });
    });
});
