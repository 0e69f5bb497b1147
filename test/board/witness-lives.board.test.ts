import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';

const { partition } = families['2020/aie'];
const LIVES = 100;
const GUEST_LIVES = 40;

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
  await board.control('reset all');
});

async function start(...commands: string[]): Promise<Witness> {
  const witness = await board.witness(...commands);
  witnesses.push(witness);
  return witness;
}

describe('lives of an application, one after the other [attach-7]', () => {
  it('are processes that request, work, and end with everything open, a few milliseconds each', async () => {
    const witness = await start();
    const before = await board.counters();
    const lives = await witness.cycles(partition.id, LIVES);
    const after = await board.counters();
    console.info(`${LIVES} lives in ${lives.ms} ms`);
    expect(lives).toMatchObject({ cycles: LIVES, retries: 0, failures: 0, wrong: 0, error: 'none' });
    expect((after['requests'] ?? 0) - (before['requests'] ?? 0)).toBe(LIVES);
    expect(after).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  it('ask once more after 50 ms when somebody has the partition, and say so', async () => {
    const witness = await start();
    const other = await start(`request ${partition.id} keep`);
    const lives = witness.cycles(partition.id, 3);
    // The first life meets the other owner; how soon that one lets go decides between a retry and a failure.
    await expect.poll(async () => (await board.counters())['busy'], { interval: 5 }).toBeGreaterThan(0);
    await other.release();
    const { cycles, retries, failures, error } = await lives;
    expect(cycles).toBe(3);
    expect(retries + failures).toBeGreaterThan(0);
    expect(error).toBe(failures > 0 ? 'EBUSY' : 'none');
  });

  it('leave the contents as they are when they ask for that', async () => {
    const witness = await start();
    await witness.cycles(partition.id, 2, { keep: true, release: true });
    await witness.request(partition.id, { keep: true });
    const first = await witness.read('data', 6, 1, 0, 8);
    await witness.release();
    await witness.cycles(partition.id, 2);
    await witness.request(partition.id, { keep: true, clocks: true });
    expect(first).not.toEqual(Buffer.alloc(8));
    expect(await witness.read('data', 6, 1, 0, 8)).toEqual(Buffer.alloc(8));
  });

  it('come no faster than they are told', async () => {
    const witness = await start();
    const { ms } = await witness.cycles(partition.id, 10, { rate: 20 });
    expect(ms).toBeGreaterThanOrEqual(450);
  });
});

describe('lives of an application beside a guest [attach-7]', () => {
  const family = families['aperture40/aieml'];

  // The guest asks for the list while they end, which crashes real drivers: what becomes of the file is looked at here.
  beforeAll(() => board.reloadModule({ ...family.module, list_race: 0 }));
  afterAll(() => board.reloadModule());

  it('all work beside somebody who takes their file and gives it back at once, over and over', async () => {
    const guest = await start();
    const witness = await start();
    let over = false;
    const asked = (async () => {
      let files = 0;
      while (!over) files += (await guest.command('fdlist 16')).includes('aiepart_6_4') ? 1 : 0;
      return files;
    })();
    const lives = await witness.cycles(family.partition.id, GUEST_LIVES, { reset: true });
    over = true;
    const files = await asked;
    console.info(`${GUEST_LIVES} lives in ${lives.ms} ms, ${files} files taken, ${lives.retries} retries`);
    expect(files).toBeGreaterThan(0);
    expect(lives).toMatchObject({
      cycles: GUEST_LIVES,
      failures: 0,
      resets: GUEST_LIVES,
      resetRetries: 0,
      resetFailures: 0,
      wrong: 0,
    });
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });
});

describe('starts as the vendor library makes them [truth-4] [truth-8] [truth-21]', () => {
  const family = families['aperture40/aieml'];
  const { id } = family.partition;

  beforeAll(() => board.reloadModule(family.module));
  afterAll(() => board.reloadModule());

  it('ask once, map, reset, load, run and start again at once', async () => {
    const witness = await start();
    const { starts, refused, failures, wrong, ms } = await witness.starts(id, 30, { init: true });
    console.info(`30 starts in ${ms} ms`);
    expect({ starts, refused, failures, wrong }).toEqual({ starts: 30, refused: 0, failures: 0, wrong: 0 });
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  it('are counted when somebody has the partition, and never ask again', async () => {
    const other = await start(`request ${id} keep`);
    const { requests_failed: before = 0 } = await board.counters();
    const witness = await start();
    const { refused, failures, error } = await witness.starts(id, 3);
    expect({ refused, failures, error }).toEqual({ refused: 3, failures: 0, error: 'EINVAL' });
    expect((await board.counters())['requests_failed']).toBe(before + 3);
    await other.release();
  });

  it('are killed in the middle of their work, again and again', async () => {
    const witness = await start();
    const result = await witness.kills(id, 30, { live: [0, 3] });
    console.info(`30 kills in ${result.ms} ms`);
    expect(result).toMatchObject({ starts: 30, refused: 0, failures: 0, stuck: false });
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0, wedges: 0 });
  });

  it('wedge the driver when they are killed while somebody reads attributes, and the next one is stuck', async () => {
    await board.exec('echo 2000 > /sys/module/aievirt/parameters/lock_us');
    const witness = await start();
    const readers = board.exec(
      'while [ ! -e /tmp/stop ]; do cat /sys/class/aie/aiepart_6_4/status > /dev/null 2>&1; done',
    );
    const { stuck, starts } = await witness.kills(id, 1000);
    await board.exec('touch /tmp/stop');
    await readers;
    await board.exec('rm /tmp/stop; echo 200 > /sys/module/aievirt/parameters/lock_us');
    console.info(`wedged after ${starts} kills`);
    expect(stuck).toBe(true);
    expect((await board.counters())['wedges']).toBe(1);
    expect(await board.takeForbidden()).toHaveLength(1);
    await board.control('heal');
  });
});

describe('a list of descriptors that meets a last close [truth-4] [truth-8]', () => {
  const family = families['aperture40/aieml'];

  // With the driver's locks the list would hold one, and a kill beside it would wedge the driver before the list meets a close.
  beforeAll(() => board.reloadModule({ ...family.module, lock_us: 0 }));
  afterAll(() => board.reloadModule());

  it('is reported, because the real driver takes a dying file', async () => {
    const guest = await start();
    const witness = await start();
    let over = false;
    const asked = (async () => {
      while (!over) await guest.command('fdlist 16');
    })();
    let met = 0;
    for (let round = 0; met === 0 && round < 40; round++) {
      await witness.kills(family.partition.id, 20);
      met = (await board.takeForbidden()).length;
    }
    over = true;
    await asked;
    await board.takeForbidden();
    expect(met).toBeGreaterThan(0);
  });
});

describe('ways to hold a partition [attach-6]', () => {
  it('without buffers: AIE_GET_MEM is not called', async () => {
    const witness = await start();
    const { buffers } = await witness.request(partition.id, { noget: true });
    expect([...buffers.values()]).toEqual([-1, -1]);
    expect(await board.counters()).toMatchObject({ open: 1, dmabufs: 0 });
  });

  it('as another user, where the device node is open to everybody', async () => {
    await board.exec('chmod 666 /dev/aie0');
    const witness = await board.witnessAs('dev', `request ${partition.id}`);
    witnesses.push(witness);
    const { pid } = await witness.status();
    expect((await board.exec(`stat -c %U /proc/${pid}`)).stdout.toString()).toBe('dev\n');
    await board.exec('chmod 600 /dev/aie0');
  });

  it('with the buffers mapped and their file descriptors closed', async () => {
    const witness = await start(`request ${partition.id}`, 'fill 3');
    await witness.closeBuffers();
    const { pid, buffers } = await witness.status();
    expect([...buffers.values()]).toEqual([-1, -1]);
    expect(await witness.command('links')).not.toContain('dmabuf');
    expect((await board.exec(`ls -l /proc/${pid}/fd`)).stdout.toString()).not.toContain('dmabuf');
    await witness.write('data', 7, 3, 0, Buffer.from('live'));
    expect((await witness.read('data', 7, 3, 0, 4)).toString()).toBe('live');
  });
});

describe('the measured loop [attach-16]', () => {
  it('says how often it turned, while commands are answered', async () => {
    const witness = await start(`request ${partition.id}`);
    await witness.startRate();
    const words = [await witness.peek(6, 1, 0)];
    await expect
      .poll(async () => words.push(await witness.peek(6, 1, 0)) && new Set(words).size)
      .toBeGreaterThan(1);
    const { loops, ms, rate } = await witness.stopRate();
    expect(loops).toBeGreaterThan(0);
    expect(rate / ((loops / ms) * 1000)).toBeCloseTo(1, 1);
    // Each turn adds one to each of the words.
    expect(await witness.peek(6, 1, 0)).toBe(loops);
  });

  it('runs for a given time', async () => {
    const witness = await start(`request ${partition.id}`);
    const { loops, ms } = await witness.spin(100);
    expect(ms).toBeGreaterThanOrEqual(100);
    expect(await witness.peek(6, 1, 252)).toBe(loops);
  });
});
