import { describe, expect, test } from 'vitest';
import type { Owner } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { unreadableState } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import type { JournalData } from './journal.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice, settle } from './scripted-board.ts';
import type { ByteEdit } from './types.ts';

const never = new AbortController().signal;
const known = 1;
const graph: Owner = { kind: 'process', pid: 1234, command: 'graph.elf', startedAt: 5 };

function range(offset: number, length: number): ByteRange {
  return { offset, length };
}

function put(offset: number, ...bytes: number[]): ByteEdit {
  return { offset, bytes: Uint8Array.from(bytes) };
}

/** A session whose partition `owner` has, connected, with its first 64 bytes read. */
async function besideOwner(owner: Owner = graph) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.owner = owner;
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  await session.read(range(0, 64), never);
  device.reads.length = 0;
  return { time, device, link, session };
}

/** As above, held for post-mortem. */
async function held() {
  const all = await besideOwner();
  await all.link.hold(all.device.key, true, never);
  return all;
}

describe('[attach-6] writing beside the owner', () => {
  test('is locked until a person agreed, and every write says that one did', async () => {
    const { device, session } = await besideOwner();
    expect(session.state).toMatchObject({ policy: 'locked', inUse: true, agreedBeside: false });
    expect(() => session.setPolicy('staged')).toThrow(expect.objectContaining({ code: 'locked' }));
    expect(() => session.stage('a', 'type', [put(0, 1)])).toThrow(
      expect.objectContaining({ code: 'locked' }),
    );
    session.agreeBeside(session.occupant);
    expect(session.state).toMatchObject({ policy: 'staged', agreedBeside: true });
    session.stage('a', 'type', [put(0, 0xaa)]);
    expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
    expect(device.writeOptions).toEqual([expect.objectContaining({ besideOwner: true })]);
  });

  test('on a free partition nothing claims to be beside anybody', async () => {
    const { device, session } = await besideOwner();
    device.ownerExits();
    await session.refresh(range(0, 64), never);
    expect(session.state).toMatchObject({ policy: 'staged', inUse: false });
    session.stage('a', 'type', [put(0, 0xaa)]);
    await session.apply(range(0, 64), never);
    expect(device.writeOptions.map((options) => options.besideOwner)).toEqual([undefined]);
  });

  test('one agreement counts for every memory of the partition, and survives a lost connection', async () => {
    const { time, device, link, session } = await besideOwner();
    const other = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    session.agreeBeside(session.occupant);
    expect(other.state.policy).toBe('locked');
    other.setPolicy('staged');
    expect(other.state.policy).toBe('staged');
    device.lose();
    time.advance(1000);
    await settle();
    expect(link.state.kind).toBe('connected');
    expect(session.state).toMatchObject({ policy: 'staged', agreedBeside: true });
  });

  test.each<[string, Partial<Owner>]>([
    ['another process', { pid: 4321 }],
    ['the same number, started later', { startedAt: 9 }],
  ])('it ends when the partition changes hands: %s', async (_, change) => {
    const { device, session } = await besideOwner();
    session.agreeBeside(session.occupant);
    device.owner = { ...graph, ...change };
    device.announce();
    expect(session.state).toMatchObject({ policy: 'locked', agreedBeside: false });
    // Not even when the first one is back under its name.
    device.owner = graph;
    device.announce();
    expect(session.state.agreedBeside).toBe(false);
  });

  const unnamed = { pid: 0, command: '', startedAt: 0 };
  test.each<[string, Owner]>([
    ['a hidden owner', { kind: 'hidden', ...unnamed }],
    ['the kernel', { kind: 'kernel', ...unnamed }],
    ['an owner that every boot starts in the same way', graph],
  ])('[truth-9] beside %s it ends with the epoch', async (_, owner) => {
    const { time, device, session } = await besideOwner(owner);
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(0, 0xaa)]);
    device.epoch = 'epoch-2';
    device.announce();
    expect(session.state).toMatchObject({ policy: 'locked', agreedBeside: false });
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'locked' });

    // Nor does it survive a reboot that nobody saw from here.
    session.agreeBeside(session.occupant);
    device.lose();
    device.epoch = 'epoch-3';
    time.advance(1000);
    await settle();
    expect(session.state).toMatchObject({
      link: { kind: 'connected' },
      policy: 'locked',
      agreedBeside: false,
    });
    expect(device.writes).toEqual([]);
  });

  test('[truth-9] a question that another epoch began under unlocks nothing', async () => {
    const { device, session } = await besideOwner({ kind: 'hidden', ...unnamed });
    const asked = session.occupant;
    device.epoch = 'epoch-2';
    device.announce();
    expect(() => session.agreeBeside(asked)).toThrow(expect.objectContaining({ code: 'locked' }));
  });

  test('[truth-9] what an owner left under a hold is another question than what the next one leaves', async () => {
    const { device, link, session } = await held();
    device.ownerExits();
    session.agreeBeside(session.occupant);
    expect(session.state.policy).toBe('staged');
    device.epoch = 'epoch-2';
    device.announce();
    expect(link.partitions[0]?.ownerGone).toBe(true);
    expect(session.state).toMatchObject({ policy: 'locked', agreedBeside: false });
  });

  test("[truth-9] so does a running core's program memory that a person opened", async () => {
    const { device, session } = await besideOwner();
    const apply = async (value: number) => {
      session.agreeBeside(session.occupant);
      session.stage('a', 'type', [put(0, value)]);
      await session.apply(range(0, 64), never);
      return [...(device.writeOptions.at(-1)?.openTiles ?? [])];
    };
    session.setTileOpen(1, true);
    expect(await apply(0xaa)).toEqual([1]);
    device.epoch = 'epoch-2';
    device.announce();
    await session.refresh(range(0, 64), never);
    expect(await apply(0xbb)).toEqual([]);
  });

  describe('[truth-7] a core is looked at around an access to its program memory', () => {
    const opened = async () => {
      const bench = await besideOwner();
      bench.session.setTileOpen(0, true);
      return bench;
    };
    /** From the next access of this kind on, an error halts the core. */
    const halts = (device: ScriptedDevice, at: 'read' | 'write') => {
      device.hook = (point) => {
        if (point === at) device.haltedByError = true;
      };
    };

    test('only where it may run', async () => {
      const { device, session } = await besideOwner();
      await session.refresh(range(0, 64), never);
      expect(device.statusAsked).toEqual([]);
      session.setTileOpen(0, true);
      await session.refresh(range(0, 64), never);
      expect(device.statusAsked).toHaveLength(2);
      expect(session.state.haltedCores).toBeUndefined();
    });

    test('a read that halts it is told at once, until it runs again', async () => {
      const { device, session } = await opened();
      halts(device, 'read');
      await session.refresh(range(0, 64), never);
      const [tile] = device.statusAsked;
      expect(session.state.haltedCores).toEqual([{ tile, since: 'read' }]);
      await session.refresh(range(0, 64), never);
      expect(session.state.haltedCores).toEqual([{ tile, since: 'read' }]);
      device.hook = () => undefined;
      device.haltedByError = false;
      await session.refresh(range(0, 64), never);
      expect(session.state.haltedCores).toBeUndefined();
    });

    test('so is a write, though what was written counts', async () => {
      const { device, session } = await opened();
      await session.refresh(range(0, 64), never);
      session.agreeBeside(session.occupant);
      session.stage('a', 'type', [put(0, 0xaa)]);
      halts(device, 'write');
      expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
      expect(session.state.haltedCores).toMatchObject([{ since: 'write' }]);
    });

    test('one that was halted before is not our doing', async () => {
      const { device, session } = await opened();
      device.haltedByError = true;
      await session.refresh(range(0, 64), never);
      expect(session.state.haltedCores).toMatchObject([{ since: 'before' }]);
    });
  });

  test('an answer about an owner that went meanwhile unlocks nothing', async () => {
    const { device, session } = await besideOwner();
    const asked = session.occupant;
    device.owner = { ...graph, pid: 4321, command: 'other' };
    device.announce();
    expect(() => session.agreeBeside(asked)).toThrow(
      expect.objectContaining({ code: 'locked', facts: { pid: 4321, command: 'other' } }),
    );
    expect(session.state.policy).toBe('locked');
  });

  test.each(['no-match', 'permission', 'kernel-held', 'no-pidfd', 'owner-hidden'] as const)(
    '%s makes it read-only with that reason; what was staged stays',
    async (code) => {
      const { device, session } = await besideOwner();
      session.agreeBeside(session.occupant);
      session.stage('a', 'type', [put(0, 0xaa)]);
      device.hook = (point) => {
        if (point === 'write') throw new BoardError(code, 'as told');
      };
      await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code });
      expect(session.state).toMatchObject({ policy: 'locked', lockedBecause: { code } });
      expect(session.counts().staged).toBe(1);
      // Nothing was written: what was read is still known.
      expect(session.bytes(range(0, 1)).flags[0]).toBe(known | 4);
      // A person tries again.
      device.hook = () => undefined;
      session.agreeBeside(session.occupant);
      await session.refresh(range(0, 64), never);
      expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
    },
  );

  test('the reason ends with the owner', async () => {
    const { device, session } = await besideOwner();
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(0, 0xaa)]);
    device.hook = (point) => {
      if (point === 'write') throw new BoardError('no-match', 'as told');
    };
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'no-match' });
    await session.refresh(range(0, 64), never);
    expect(session.state.lockedBecause?.code).toBe('no-match');
    device.ownerExits();
    expect(session.state.lockedBecause).toBeUndefined();
  });
});

describe('[attach-8] when the owner ends', () => {
  test('without a hold its bytes stay as last read, and nothing is read before a person asks', async () => {
    const { time, device, session } = await besideOwner();
    const before = session.bytes(range(0, 64)).bytes;
    const readAt = session.readAt(range(0, 64));
    time.advance(5000);
    session.look('view', range(0, 64));
    device.ownerExits();
    session.look('view', range(4096, 64));
    await settle();
    expect(device.reads).toEqual([]);
    expect(session.bytes(range(0, 64)).bytes).toEqual(before);
    expect(session.readAt(range(0, 64))).toBe(readAt);
    expect(session.isStale(range(0, 64))).toBe(true);
    expect(session.state.epochEnd).toEqual({
      of: 'owner',
      command: 'graph.elf',
      pid: 1234,
      at: time.now(),
      asked: false,
    });
    await session.refresh(range(4096, 64), never);
    expect(device.reads).toEqual([[range(4096, 64)]]);
    expect(session.state.epochEnd?.asked).toBe(true);
    expect(session.bytes(range(0, 64)).bytes).toEqual(before);
  });

  test('opening another editor is asking, for what that one shows', async () => {
    const { device, session } = await besideOwner();
    const before = session.bytes(range(0, 64)).bytes;
    session.look('view', range(0, 64));
    await settle();
    device.ownerExits();
    session.look('view', undefined);
    session.look('view', range(0, 128));
    await settle();
    expect(device.reads).toEqual([]);
    session.look('another view', range(4096, 64));
    await settle();
    expect(device.reads).toEqual([[range(4096, 64)]]);
    expect(session.bytes(range(0, 64)).bytes).toEqual(before);
    expect(session.isStale(range(4096, 64))).toBe(false);
  });

  test('on a driver whose partitions go with their owner, too', async () => {
    const { device, session } = await besideOwner();
    const before = session.bytes(range(0, 64)).bytes;
    session.look('view', range(0, 64));
    device.listed = false;
    device.freeColumns = [{ startCol: 0, numCols: 50 }];
    device.ownerExits();
    session.look('view', range(4096, 64));
    await settle();
    expect(device.reads).toEqual([]);
    expect(session.bytes(range(0, 64)).bytes).toEqual(before);
    expect(session.isStale(range(0, 64))).toBe(true);
    expect(session.state.epochEnd).toMatchObject({ of: 'owner', pid: 1234 });
    // Asked for, the columns are picked and read.
    await session.refresh(range(0, 64), never);
    expect(device.picked).toBe(true);
    expect(session.bytes(range(0, 64)).bytes).toEqual(new Uint8Array(64));
    expect(session.isStale(range(0, 64))).toBe(false);
  });

  test('edits staged for it are refused until they are re-based', async () => {
    const { device, session } = await besideOwner();
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(0, 0xaa)]);
    device.listed = false;
    device.freeColumns = [{ startCol: 0, numCols: 50 }];
    device.ownerExits();
    expect(session.state.epochChanged).toBe(true);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    await session.rebase(never);
    expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
  });

  test('its name comes back with another core: edits of the epoch before are refused until they are re-based', async () => {
    const { time, device, session } = await besideOwner();
    device.epoch = '1234@5.0';
    device.announce();
    await session.refresh(range(0, 64), never);
    session.agreeBeside(session.occupant);
    const gesture = session.stage('a', 'type', [put(0, 0xaa)]);
    session.stage('a', 'type', [put(1, 0xbb)]);
    // Released and taken again, which only the core that saw it can tell.
    device.epoch = '1234@5.1';
    device.announce();
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(2, 0xcc)]);
    gesture.undo();
    device.lose();
    device.epoch = '1234@5.0';
    time.advance(1000);
    await settle();
    expect(session.state).toMatchObject({ link: { kind: 'connected' }, epochChanged: true });
    session.agreeBeside(session.occupant);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    gesture.redo();
    session.discard('a', 'discard', range(1, 63));
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    expect(device.writes).toEqual([]);
    await session.rebase(never);
    expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
  });

  test('its name comes back: what was applied in the epoch before is not undone into this one', async () => {
    const { time, device, session } = await besideOwner();
    session.agreeBeside(session.occupant);
    const gesture = session.stage('a', 'type', [put(0, 0xaa)]);
    await session.apply(range(0, 64), never);
    const { epoch } = device;
    device.epoch = 'another';
    device.announce();
    device.lose();
    device.epoch = epoch;
    time.advance(1000);
    await settle();
    gesture.undo();
    expect(session.state.epochChanged).toBe(true);
    session.agreeBeside(session.occupant);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
  });

  test('its name comes back: edits that were kept from the epoch before stay those of another', async () => {
    const { time, device, session } = await besideOwner();
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(0, 0xaa)]);
    const keep = () => {
      const step = session.journal('a', true);
      return step.kind === 'whole'
        ? { ...(step.data as JournalData), records: [...step.records] }
        : undefined;
    };
    const early = keep();
    const { epoch } = device;
    device.epoch = 'another';
    device.announce();
    const late = keep();
    device.lose();
    device.epoch = epoch;
    time.advance(1000);
    await settle();
    for (const journal of [early, late]) {
      session.closeDocument('a');
      expect(session.state.epochChanged).toBe(false);
      session.replay('a', journal);
      expect(session.state.epochChanged).toBe(true);
    }
    // A window that was loaded anew has seen nothing: what is kept tells it.
    const fresh = new MemorySession(session.link, session.key, time);
    fresh.replay('a', late);
    expect(fresh.state.epochChanged).toBe(true);
  });

  test('behind a lost connection: no time is claimed', async () => {
    const { time, device, session } = await besideOwner();
    device.lose();
    device.ownerExits();
    time.advance(1000);
    await settle();
    expect(session.state.epochEnd).toEqual({ of: 'owner', command: 'graph.elf', pid: 1234, asked: false });
    expect(device.reads).toEqual([]);
  });

  test('a reset that is seen after a person asked does not count as left behind any more', async () => {
    const { device, session } = await besideOwner();
    device.ownerExits();
    await session.refresh(range(0, 64), never);
    device.epoch = 'reset';
    device.announce();
    expect(session.state.epochEnd).toBeUndefined();
    expect(session.isStale(range(0, 64))).toBe(true);
  });

  test('what was scrolled to meanwhile is read when the next owner comes', async () => {
    const { device, session } = await besideOwner();
    session.look('view', range(0, 64));
    await settle();
    device.ownerExits();
    session.look('view', range(4096, 64));
    await settle();
    expect(device.reads).toEqual([]);
    device.owner = { ...graph, pid: 2000 };
    device.epoch = 'next';
    device.bytes[4096] = 0x5a;
    device.announce();
    await settle();
    expect(device.reads).toEqual([[range(4096, 64)]]);
    expect(session.bytes(range(4096, 1))).toMatchObject({ bytes: Uint8Array.of(0x5a) });
    expect(session.isStale(range(4096, 64))).toBe(false);
  });

  test('the next owner clears what is known of the last end', async () => {
    const { device, session } = await besideOwner();
    device.ownerExits();
    device.owner = { ...graph, pid: 2000 };
    device.epoch = 'next';
    device.announce();
    expect(session.state.epochEnd).toBeUndefined();
    expect(session.isStale(range(0, 64))).toBe(true);
  });
});

describe('[attach-8] held for post-mortem', () => {
  test('when the owner goes everything is read at once, and stays after the release', async () => {
    const { time, device, session } = await held();
    await settle();
    expect(device.reads).toEqual([]);
    device.bytes[20_000] = 0x5a;
    const left = device.bytes.slice();
    time.advance(1000);
    device.ownerExits();
    await settle();
    expect(session.state.snapshot).toEqual({ done: true, at: time.now() });
    expect(session.state.epochEnd).toBeUndefined();
    const all = range(0, left.length);
    expect(session.bytes(all).bytes).toEqual(left);
    expect(session.isStale(all)).toBe(false);
    // Once: a list that only repeats itself reads nothing.
    const reads = device.reads.length;
    device.announce();
    await settle();
    expect(device.reads).toHaveLength(reads);

    time.advance(1000);
    await session.link.hold(device.key, false, never);
    await settle();
    expect(device.bytes.every((byte) => byte === 0)).toBe(true);
    expect(session.bytes(all).bytes).toEqual(left);
    expect(session.isStale(all)).toBe(true);
    expect(session.state.epochEnd).toMatchObject({ of: 'hold', asked: false });
  });

  test('what cannot be read is left out with its reason', async () => {
    const { device, session } = await held();
    device.unreadable = [{ ...range(8192, 8192), reason: 'gated' }];
    device.ownerExits();
    await settle();
    expect(session.state.snapshot?.done).toBe(true);
    expect(session.bytes(range(8192, 1)).flags[0]).toBe(unreadableState('gated'));
    expect(session.bytes(range(16_384, 1)).flags[0]).toBe(known);
  });

  test('a session that is new, as after a reload of the window, takes it too', async () => {
    const { time, device } = await held();
    device.ownerExits();
    await settle();
    const link = new BoardLink('again', 'Again', device, time);
    const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    await link.connect();
    await settle();
    expect(session.state.snapshot?.done).toBe(true);
    expect(session.bytes(range(0, 64)).bytes).toEqual(device.bytes.slice(0, 64));
  });

  test('two windows show the same hold, keep what it kept, and hear of its end', async () => {
    const { time, device, session, link } = await held();
    const otherLink = new BoardLink('other', 'Other', device, time);
    const other = new MemorySession(otherLink, { partition: device.key, memory: 'data' }, time);
    await otherLink.connect();
    // Asking for it a second time makes no second one.
    const { hold } = link.partitions[0] ?? {};
    time.advance(1000);
    await otherLink.hold(device.key, true, never);
    expect(otherLink.partitions[0]?.hold).toEqual(hold);
    device.ownerExits();
    await settle();
    for (const one of [session, other]) expect(one.state.snapshot?.done).toBe(true);
    const left = device.bytes.slice();
    await otherLink.hold(device.key, false, never);
    await settle();
    for (const one of [session, other]) {
      expect(one.state.epochEnd).toMatchObject({ of: 'hold' });
      expect(one.bytes(range(0, left.length)).bytes).toEqual(left);
    }
  });

  test('a connection that is cut while the owner goes: taken when it is back', async () => {
    const { time, device, session } = await held();
    device.lose();
    device.ownerExits();
    time.advance(1000);
    await settle();
    expect(session.state.link.kind).toBe('connected');
    expect(session.state.snapshot?.done).toBe(true);
  });

  test('a connection that is cut in the middle of it: taken anew when it is back', async () => {
    const { time, device, session } = await held();
    device.hook = (point) => {
      if (point === 'read') device.lose();
    };
    device.ownerExits();
    await settle();
    expect(session.state.snapshot?.done).toBe(false);
    device.hook = () => undefined;
    time.advance(1000);
    await settle();
    expect(session.state.snapshot?.done).toBe(true);
  });

  test.each(['said before the bytes come', 'said later'])(
    'a hold that ends during the snapshot: zeros of the next epoch are not taken for what was left; %s',
    async (when) => {
      const { device, session } = await held();
      const before = session.bytes(range(0, 64)).bytes;
      device.hook = (point) => {
        if (point !== 'read') return;
        device.hook = () => undefined;
        if (when === 'said later') device.announcing = false;
        device.holderEnds();
      };
      const announce = () => {
        device.announcing = true;
        device.announce();
      };
      device.ownerExits();
      await settle();
      announce();
      await settle();
      expect(session.bytes(range(0, 64)).bytes).toEqual(before);
      expect(session.state.epochEnd).toMatchObject({ of: 'hold' });
      expect(session.state.snapshot?.done).toBe(false);
    },
  );

  test('it is locked; a person may write into what was left, once asked anew', async () => {
    const { device, session } = await held();
    session.agreeBeside(session.occupant);
    device.ownerExits();
    await settle();
    expect(session.state.policy).toBe('locked');
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(0, 0xaa)]);
    expect(await session.apply(range(0, 64), never)).toMatchObject({ applied: 1 });
  });
});

describe('what only a person may cause', () => {
  test('[attach-4] [attach-8] [attach-9] holds, clocks and the kernel descriptor come from calls of their own only', async () => {
    const { device, link, session } = await besideOwner();
    session.look('view', range(0, 64));
    device.ownerExits();
    device.owner = { kind: 'kernel', pid: 0, command: '', startedAt: 0 };
    device.announce();
    await session.refresh(range(0, 64), never);
    await settle();
    expect(device.acts).toEqual([]);
    await link.hold(device.key, true, never);
    await link.takeKernelDescriptor(device.key, never);
    expect(await link.enableClocks(device.key, true, never)).toBe(true);
    device.clocksObey = false;
    expect(await link.enableClocks(device.key, true, never)).toBe(false);
    expect(device.acts).toEqual(['hold true', 'kernel descriptor', 'clocks true', 'clocks true']);
  });
});
