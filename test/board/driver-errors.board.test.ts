/** What the driver and the kernel refuse, as a person reads it: over SSH, with the real agent. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { BoardError } from '../../src/board/errors.ts';
import { explain } from '../../src/board/explain.ts';
import type { SshTarget } from '../../src/board/ssh/connector.ts';
import { shellQuoted } from '../../src/board/ssh/shell.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

const never = new AbortController().signal;
const columns = { startCol: 6, numCols: 4 };
const boards: Board[] = [];
let board: VirtualBoard;
let way: SshWay;

beforeAll(async () => {
  const agent = buildForArm('agent');
  board = await startBoard();
  way = new SshWay(board, agent);
});

afterEach(async () => {
  await Promise.all(boards.splice(0).map((one) => one.dispose()));
});

afterAll(async () => {
  way?.dispose();
  await board?.stop();
});

useCleanLog(() => board);

async function connect(changes: Partial<SshTarget> = {}): Promise<Board> {
  const live = await way.connect(changes);
  boards.push(live);
  return live;
}

/** The error of a call, with what a person reads. */
async function failure(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    const l10n = {
      t: (message: string, ...args: (string | number)[]) =>
        message.replace(/\{(\d+)\}/g, (_, index) => String(args[Number(index)])),
    };
    return { code: error.code, detail: error.message, ...explain(error, l10n) };
  }
  throw new Error('the call did not fail');
}

describe('[main-16] the driver refuses in words', () => {
  it('no device node', async () => {
    const { code, message } = await failure(connect({ device: '/dev/aie7' }));
    expect(code).toBe('no-device');
    expect(message).toContain('/dev/aie7');
  });

  it('[truth-18] no device: the driver is loaded, or the entry names another node', async () => {
    await board.exec('rmmod aievirt');
    try {
      expect((await failure(connect())).code).toBe('no-device');
    } finally {
      await board.exec('insmod /lib/board/aievirt.ko');
    }
    expect(await (await connect()).partitions(never)).not.toHaveLength(0);
    expect((await failure(connect({ device: '/dev/aie7' }))).nextStep).toContain('another device');
    expect(await (await connect({ device: '/dev/aie0' })).partitions(never)).not.toHaveLength(0);
  });

  it('[truth-12] what is no node of the driver is not opened, whoever may open it', async () => {
    await board.exec('rm -f /tmp/pipe; mkfifo /tmp/pipe');
    for (const device of ['/tmp/pipe', '/dev/null', '/dev/ttyAMA0', '/root']) {
      const { code, message, nextStep } = await failure(connect({ device }));
      expect(code, device).toBe('other-device');
      expect(message).toContain(device);
      expect(nextStep).toContain('/dev/aie0');
    }
  });

  it('EACCES: the device node is not ours', async () => {
    const { code, message, nextStep } = await failure(connect({ user: 'dev', sudo: 'no' }));
    expect(code).toBe('permission');
    expect(message).toContain('/dev/aie0');
    expect(nextStep).toContain('sudo');
  });

  it('in use: writing names the owner', async () => {
    const live = await connect();
    const witness = await board.witness('request 1 keep');
    const { pid } = await witness.status();
    const memory = (await live.open(keyOf(columns), {}, never)).memory('data');
    const read = await memory?.read([{ offset: 0, length: 4 }], { asking: 'fast' }, never);
    const seen = read?.pieces[0]?.bytes ?? new Uint8Array(4);
    const writing = memory?.write([{ offset: 0, seen, bytes: seen }], { epoch: read?.epoch ?? '' }, never);
    const { code, message } = await failure(Promise.resolve(writing));
    expect(code).toBe('locked');
    expect(message).toContain(`witness (${pid})`);
    await witness.exit();
  });

  it('in use by another user, whose process we may not look into', async () => {
    const witness = await board.witness('request 1 keep');
    await board.exec('chmod 666 /dev/aie0');
    try {
      const live = await connect({ user: 'dev', sudo: 'no' });
      const { code, message } = await failure(live.open(keyOf(columns), {}, never));
      expect(['permission', 'owner-hidden']).toContain(code);
      expect(message).toMatch(/use/);
    } finally {
      await board.exec('chmod 600 /dev/aie0');
      await witness.exit();
    }
  });

  it('[truth-18] the ways out that are named lead there: the command for the node, then sudo for the owner', async () => {
    const { nextStep } = await failure(connect({ user: 'ops', sudo: 'no' }));
    const command = /run there once: (.*)\.$/.exec(nextStep)?.[1] ?? '';
    expect(command).toContain('/dev/aie0');
    const witness = await board.witness('request 1 keep');
    try {
      const done = await board.exec(`su ops -c ${shellQuoted(command)}`);
      expect(done.code, done.stderr).toBe(0);
      const live = await connect({ user: 'ops', sudo: 'no' });
      const beside = await failure(live.open(keyOf(columns), {}, never));
      expect(['permission', 'owner-hidden']).toContain(beside.code);
      expect(beside.nextStep).toContain('Turn on sudo');
      const through = await connect({ user: 'ops', sudo: 'yes' });
      expect((await through.open(keyOf(columns), {}, never)).memories).not.toHaveLength(0);
    } finally {
      await board.exec('chown root /dev/aie0');
      await witness.exit();
    }
  });

  it('[truth-18] an own process that the kernel protects: the command that is named lets us look into it', async () => {
    await board.exec('chown ops /dev/aie0; echo 1 > /proc/sys/kernel/yama/ptrace_scope');
    const witness = await board.witnessAs('ops', 'request 1 keep');
    try {
      const live = await connect({ user: 'ops', sudo: 'no' });
      const { code, nextStep } = await failure(live.open(keyOf(columns), {}, never));
      expect(code).toBe('permission');
      const command = /where the process is yours, this helps too: (.*)\.$/.exec(nextStep)?.[1] ?? '';
      const done = await board.exec(`su ops -c ${shellQuoted(command)}`);
      expect(done.code, done.stderr).toBe(0);
      expect((await live.open(keyOf(columns), {}, never)).memories).not.toHaveLength(0);
    } finally {
      await board.exec('chown root /dev/aie0; echo 1 > /proc/sys/kernel/yama/ptrace_scope');
      await witness.exit();
    }
  });

  it("[truth-6] the array's node in the device tree is found by what it says it is, whatever it is called", async () => {
    const rows = { shimRows: [0, 1], memRows: [0, 0], coreRows: [1, 8] } as const;
    await board.deviceTree({ name: 'ai_engine', compatible: 'xlnx,ai-engine-v1.0', ...rows });
    try {
      const { generation, findings } = (await connect()).info;
      expect(generation).toBe('aie');
      expect(findings.join('\n')).toMatch(
        /device tree: .*ai_engine@20000000000 compatible xlnx,ai-engine-v1\.0/,
      );
    } finally {
      await board.deviceTree();
    }
  });

  it('shim tiles only, and columns that are no partition', async () => {
    const live = await connect();
    expect((await failure(live.open(keyOf({ startCol: 30, numCols: 3 }), {}, never))).code).toBe(
      'no-memory-types',
    );
    expect((await failure(live.open(keyOf({ startCol: 1, numCols: 1 }), {}, never))).code).toBe(
      'no-partition',
    );
  });

  it('an errno that nobody expects: the detail names ioctl and errno, the sentence does not', async () => {
    // GET_MEM refuses as on 64 KiB pages, but the pages have 4 KiB.
    await board.reloadModule({ page_check: 65_536 });
    try {
      const live = await connect();
      const memory = (await live.open(keyOf(columns), {}, never)).memory('data');
      const read = memory?.read([{ offset: 0, length: 4 }], {}, never) ?? Promise.resolve();
      const { code, detail, message, nextStep } = await failure(read);
      expect(code).toBe('driver');
      expect(detail).toBe('AIE_GET_MEM 0xC0104109: EINVAL');
      expect(message + nextStep).not.toMatch(/EINVAL|0x/);
      await live.dispose();
    } finally {
      await board.reloadModule();
    }
  });

  it('a driver of another family: what was found is told, nothing is mapped before the person agrees', async () => {
    await board.reloadModule({ family: 'aperture', generation: 'aie9' });
    try {
      const live = await connect();
      expect(live.info.family).toBe('unknown');
      expect(live.info.findings.join('\n')).toContain('aieaperture');
      expect((await failure(live.open(keyOf(columns), {}, never))).code).toBe('unknown-driver');
      const { requests } = await board.counters();
      expect(requests).toBe(0);
      const partition = await live.open(keyOf(columns), { allowUnknownDriver: true }, never);
      expect(partition.memories).toHaveLength(3);
      await live.dispose();
    } finally {
      await board.reloadModule();
    }
  });

  it('the agent is killed: the connection says so, and every later call', async () => {
    const live = await connect();
    const closed = new Promise<BoardError>((resolve) => live.onDidClose(resolve));
    const kill = 'case $(readlink $p/exe) in *tilescope-agent*) kill -9 $(basename $p);; esac';
    await board.exec(`for p in /proc/[0-9]*; do ${kill}; done`);
    expect(['agent-failed', 'connection-lost']).toContain((await closed).code);
    expect((await failure(live.partitions(never))).code).toBe((await closed).code);
  });
});

describe('[main-17] the trace', () => {
  it('names each ioctl with number, size and result', async () => {
    const live = await connect();
    way.log.lines.length = 0;
    const memory = (await live.open(keyOf(columns), {}, never)).memory('data');
    await memory?.read([{ offset: 0, length: 64 }], { asking: 'fast' }, never);
    await expect
      .poll(() => way.log.lines.join('\n'))
      .toMatch(/AIE_REQUEST_PART 0x80184102 size 24 -> \d+[\s\S]*AIE_GET_MEM 0xC0104109 size 16/i);
  });
});
