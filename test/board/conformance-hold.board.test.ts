/**
 * A hold over SSH outlives what started it: the connection, the agent, and the agent's file, which another version of the
 * tool removes when it brings its own. As root over dropbear, and through sudo over OpenSSH.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Board, PartitionInfo } from '../../src/board/board.ts';
import type { SshTarget } from '../../src/board/ssh/target.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type Image, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { families } from './families.ts';

const never = new AbortController().signal;
const { id, startCol, numCols } = families['2020/aie'].partition;
const columns = { startCol, numCols };

describe.each<[string, Image, Partial<SshTarget>]>([
  ['root over dropbear', 'dropbear', {}],
  ['ops through sudo over OpenSSH', 'openssh', { user: 'ops', sudo: 'yes' }],
])('[attach-8] a hold, %s', (_, image, target) => {
  let board: VirtualBoard;
  let ways: readonly [SshWay, SshWay];
  let witness: Witness;

  beforeAll(async () => {
    const agent = buildForArm('agent');
    board = await startBoard({ image });
    ways = [new SshWay(board, agent, '0.1.0'), new SshWay(board, agent, '0.2.0')];
  });
  afterAll(async () => {
    for (const way of ways ?? []) way.dispose();
    await board?.stop();
  });

  async function partition(from: Board): Promise<PartitionInfo> {
    const found = (await from.partitions(never)).find((one) => one.columns.startCol === startCol);
    if (found === undefined) throw new Error('the partition is not listed');
    return found;
  }

  it('outlives the connection, the agent and its file; another version reads, writes post-mortem [truth-6] and releases it', async () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    witness = await board.witness();
    const { pid } = await witness.request(id, {});
    await witness.write('data', startCol + 1, 2, 0x100, bytes);
    const first = await ways[0].connect(target);
    await (await first.open(keyOf(columns), {}, never)).hold(true, never);
    const before = await partition(first);
    await first.dispose();
    await board.exec(`kill -9 ${pid}`);
    await witness.ended();

    const second = await ways[1].connect(target);
    const kept = await partition(second);
    expect(kept).toMatchObject({ inUse: true, ownerGone: true, epoch: before.epoch, hold: before.hold });
    const program = await board.exec(`readlink /proc/${kept.hold?.pid}/exe`);
    expect(program.stdout.toString()).toMatch(/tilescope-agent-0\.1\.0-\S+ \(deleted\)/);
    const opened = await second.open(keyOf(columns), {}, never);
    const memory = opened.memory('data');
    const read = await memory?.read(
      [{ offset: (8 + 1) * 0x8000 + 0x100, length: 8 }],
      { asking: 'fast' },
      never,
    );
    expect([read?.pieces[0]?.bytes, read?.epoch]).toEqual([bytes, before.epoch]);
    const edit = {
      offset: (8 + 1) * 0x8000 + 0x102,
      seen: bytes.slice(2, 4),
      bytes: Uint8Array.of(0xca, 0xfe),
    };
    const written = await memory?.write([edit], { epoch: before.epoch, besideOwner: true }, never);
    expect(written?.spans.map(({ outcome }) => outcome)).toEqual(['verified']);
    const again = await memory?.read(
      [{ offset: (8 + 1) * 0x8000 + 0x100, length: 8 }],
      { asking: 'fast' },
      never,
    );
    expect([...(again?.pieces[0]?.bytes ?? [])]).toEqual([1, 2, 0xca, 0xfe, 5, 6, 7, 8]);
    await opened.hold(false, never);
    expect(await partition(second)).toMatchObject({ inUse: false, ownerGone: false });
    await second.dispose();
    const { open, dmabufs, mappings } = await board.counters();
    expect({ open, dmabufs, mappings }).toEqual({ open: 0, dmabufs: 0, mappings: 0 });
    await board.assertClean();
  });
});
