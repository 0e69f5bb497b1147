import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBoard, type VirtualBoard, type Witness, WitnessError } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { dynamicId, families } from './families.ts';

const FAMILY = families['aperture24/aie'];
const { partition, shape } = FAMILY;
const LOAD = `zocl load ${partition.startCol} ${partition.numCols}`;

let board: VirtualBoard;
const witnesses: Witness[] = [];

beforeAll(async () => {
  board = await startBoard({ module: { ...FAMILY.module, zocl: 1 } });
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
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

describe('a partition that the kernel holds for XRT [attach-9]', () => {
  it('is in use, and no process has a file of it', async () => {
    await board.control(LOAD);
    const witness = await start();
    expect(await witness.command('enquire')).toContain(
      ` ${partition.id}:${partition.startCol}:0:${partition.numCols}:${partition.numRows}:`,
    );
    const { stdout } = await board.exec('ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c aiepart');
    expect(stdout.toString().trim()).toBe('0');
    expect(await refusal(witness.request(partition.id))).toBe('EINVAL');
    await board.control('zocl reset');
    await witness.request(partition.id, { keep: true });
  });

  it('can be asked for at the render node, by anybody, and keeps its contents', async () => {
    await board.control(LOAD);
    await board.control('reg 7 3 0x10 0xc0ffee');
    expect((await board.exec('stat -c %a /dev/dri/renderD128')).stdout.toString().trim()).toBe('666');
    const { stdout } = await board.exec(`witness once zocl 1 ${partition.id}`, { user: 'dev' });
    expect(stdout.toString()).toContain(`anon_inode:aiepart_${partition.startCol}_${partition.numCols}`);
    expect(await board.counters()).toMatchObject({ open: 1 });
    await board.control('zocl unload');
    expect(await board.counters()).toMatchObject({ open: 0 });
  });

  it('outlives whoever asked for it, and ends with the last file', async () => {
    await board.control(LOAD);
    const witness = await start(`zocl 1 ${partition.id} keep`);
    await board.control('zocl unload');
    expect(await board.counters()).toMatchObject({ open: 1 });
    await witness.exit();
    expect(await board.counters()).toMatchObject({ open: 0 });
  });

  it('is called forbidden when XRT resets the array after files were handed out', async () => {
    await board.control(LOAD);
    await start(`zocl 1 ${partition.id}`, `zocl 1 ${partition.id}`);
    await board.control('zocl reset');
    expect(await board.takeForbidden()).toEqual([
      expect.stringContaining(`zocl reference underflow: 2 more than there are of partition ${partition.id}`),
    ]);
    // What is loaded anew counts from the beginning.
    await board.control(LOAD);
    await board.control('zocl reset');
  });

  it('has the id of the whole array when it is all columns, and no other', async () => {
    await board.control(`zocl load 0 ${shape.numCols}`);
    const witness = await start();
    expect(await refusal(witness.command(`zocl 1 ${dynamicId(0, shape.numCols)}`))).toBe('ENODEV');
    expect(await witness.command('zocl 1 1')).toContain(`anon_inode:aiepart_0_${shape.numCols}`);
    await board.control('zocl unload');
    expect(await refusal(witness.command('zocl 1 1'))).toBe('ENODEV');
  });

  it('is loaded once, and not over an application', async () => {
    await board.control(LOAD);
    await expect(board.control(LOAD)).rejects.toThrow();
    await board.control('zocl unload');
    await start(`request ${partition.id} keep`);
    await expect(board.control(LOAD)).rejects.toThrow();
    await expect(board.control('zocl reset')).rejects.toThrow();
  });
});

describe('the render node [attach-9]', () => {
  it('knows one form of the request, that of its release', async () => {
    await board.control(LOAD);
    const witness = await start();
    expect(await refusal(witness.command(`zocl 2 ${partition.id}`))).toBe('EINVAL');
    await board.reloadModule({ ...FAMILY.module, zocl: 2 });
    await board.control(LOAD);
    expect(await refusal(witness.command('zocl 2 1'))).toBe('ENODEV');
    expect(await witness.command(`zocl 2 ${partition.id}`)).toContain('anon_inode:aiepart_6_4');
  });

  it('calls it forbidden when the short form is sent to a release that has another request there', async () => {
    await board.reloadModule({ ...FAMILY.module, zocl: 2 });
    await board.control(LOAD);
    const witness = await start();
    expect(await refusal(witness.command(`zocl 1 ${partition.id}`))).toBe('EINVAL');
    expect(await board.takeForbidden()).toEqual([expect.stringContaining('zocl ioctl 0xc00c6450')]);
  });

  it('tells that it is zocl', async () => {
    const witness = await start();
    expect(await witness.command('drmversion')).toBe('zocl 20180313 Zynq BO manager');
  });

  it('shows the version of its module where it has one', async () => {
    const version = async () => (await board.exec('cat /sys/module/zocl/version')).stdout.toString();
    expect(await version()).toBe('');
    await board.reloadModule({ ...FAMILY.module, zocl: 1, zocl_version: '2.17.319,a0b1c2' });
    expect(await version()).toBe('2.17.319,a0b1c2\n');
  });

  it('is not needed where the driver has a descriptor list', async () => {
    await board.reloadModule({ ...families['aperture40/aie'].module, zocl: 2 });
    await board.control(LOAD);
    const witness = await start();
    expect(await witness.command('fdlist 16')).toMatch(
      /entries=16 6:4:id=\d+:anon_inode:aiepart_6_4 leaked=0$/,
    );
    // Nothing was handed out by zocl, so nothing goes wrong.
    await board.control('zocl reset');
  });

  it('is not there without zocl, and works with the static families too', async () => {
    await board.reloadModule(FAMILY.module);
    expect((await board.exec('ls /dev/dri/renderD128')).code).not.toBe(0);
    await expect(board.control(LOAD)).rejects.toThrow();
    await board.reloadModule({ ...families['static/aie'].module, zocl: 1 });
    await board.control('zocl load 6 4');
    const witness = await start();
    expect(await refusal(witness.request(1))).toBe('EBUSY');
    expect(await witness.command('zocl 1 1')).toContain('anon_inode:aiepart_6_4');
    await expect(board.control('zocl load 7 2')).rejects.toThrow();
  });
});
