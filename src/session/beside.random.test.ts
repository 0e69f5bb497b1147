/** Any sequence of owners, holds, lost connections, reads and edits against what must be true, whatever happens. */
import { expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { toBoardError } from '../board/errors.ts';
import type { ByteRange } from '../model/geometry.ts';
import { BoardLink, occupantOf } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice, settle } from './scripted-board.ts';

const never = new AbortController().signal;
const first = runSeed();
const runs = process.env['SEED'] === undefined ? 30 : 1;
const steps = 80;
const bytesPerTile = 4096;
const shownRange: ByteRange = { offset: 0, length: 256 };

async function run(seed: number): Promise<void> {
  const pick = dice(seed);
  const time = new ManualTime();
  const device = new ScriptedDevice(time, bytesPerTile);
  const dynamic = pick(2) === 1;
  device.listed = !dynamic;
  device.freeColumns = dynamic ? [{ startCol: 0, numCols: 50 }] : [];
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  const trace: string[] = [];
  let pid = 100;
  let agreedTo: string | undefined;
  /** What an application left on screen, while nobody asked for anything newer. */
  let left: Uint8Array | undefined;
  let reads = 0;
  let asked = false;

  const quietly = async (what: Promise<unknown>): Promise<boolean> => {
    try {
      await what;
      return true;
    } catch (error) {
      // Refusals are answers. Anything that is none would be a fault of the session.
      expect(toBoardError(error).code, `${seed}: ${trace.join(', ')}`).not.toBe('internal');
      return false;
    }
  };
  const fill = () => {
    for (let i = 0; i < device.bytes.length; i++) device.bytes[i] = 1 + pick(255);
  };
  const actions: Record<string, () => Promise<unknown> | unknown> = {
    starts: () => {
      if (device.owner !== undefined || device.holder !== undefined) return;
      device.owner = { kind: 'process', pid: ++pid, command: 'graph', startedAt: time.now() };
      device.picked = false;
      device.epoch = `run-${pid}`;
      fill();
      device.announce();
    },
    ends: () => device.owner !== undefined && device.ownerExits(),
    holds: () => device.owner !== undefined && quietly(link.hold(device.key, true, never)),
    releases: () => device.holder !== undefined && quietly(link.hold(device.key, false, never)),
    'holder dies': () => device.holder !== undefined && device.holderEnds(),
    'is cut': () => device.lose(),
    waits: () => time.advance(40_000),
    looks: () => session.look('view', { offset: 256 * pick(60), length: 256 }),
    refreshes: () => {
      asked = true;
      return quietly(session.refresh(shownRange, never));
    },
    agrees: () => {
      const { occupant } = session;
      try {
        session.agreeBeside(occupant);
        agreedTo = occupant;
      } catch (error) {
        expect(toBoardError(error).code).toBe('locked');
      }
    },
    types: () => {
      try {
        session.stage('a', 'type', [{ offset: pick(256), bytes: Uint8Array.of(pick(256)) }]);
      } catch {
        // Locked, or not read: nothing is staged.
      }
    },
    applies: () => session.geometry !== undefined && quietly(session.apply(shownRange, never)),
    rebases: () => {
      asked = true;
      return quietly(session.rebase(never));
    },
  };
  const names = Object.keys(actions);

  await link.connect();
  await session.open(never);
  // Looked from the beginning: only an editor that is opened later is read for unasked.
  session.look('view', shownRange);
  await settle();
  for (let step = 0; step < steps; step++) {
    const name = names[pick(names.length)] ?? 'waits';
    trace.push(name);
    const story = `seed ${seed}: ${trace.join(', ')}`;
    const writes = device.writes.length;
    const occupant = occupantOf(device.partitions[0]);
    const before = session.geometry === undefined ? undefined : session.bytes(shownRange);
    asked = false;
    await actions[name]?.();
    await settle();

    // Nothing was written that a person did not apply, and beside a occupant only if one agreed to this occupant.
    if (name !== 'applies') expect(device.writes, story).toHaveLength(writes);
    else if (device.writes.length > writes && occupant !== 'free' && occupant !== 'none') {
      expect(agreedTo, story).toBe(occupant);
    }
    const { epochEnd, partition, policy, snapshot } = session.state;
    const inUse = partition?.inUse === true;
    if (inUse && policy === 'staged') expect(agreedTo, story).toBe(session.occupant);
    if (inUse) expect(epochEnd, story).toBeUndefined();

    // What was left stays on screen byte by byte until a person asks, and nothing is read for it.
    if (left !== undefined && epochEnd?.asked === false && !asked) {
      expect(session.bytes(shownRange).base, story).toEqual(left);
      expect(device.reads.length, story).toBe(reads);
    }
    left = epochEnd?.asked === false && before !== undefined ? session.bytes(shownRange).base : undefined;
    reads = device.reads.length;

    // Held, its owner gone, connected: all of it was read, and is what the device holds.
    if (partition?.ownerGone === true && session.state.link.kind === 'connected' && snapshot?.done === true) {
      const all = { offset: 0, length: device.bytes.length };
      if (name === 'ends') expect(session.bytes(all).base, story).toEqual(device.bytes);
    }
    if (name === 'ends' && session.state.link.kind === 'connected' && partition?.ownerGone === true) {
      expect(snapshot?.done, story).toBe(true);
    }
  }
  // Holds and clocks come from a person only: as many as were asked for here.
  const holds = device.acts.filter((act) => act.startsWith('hold')).length;
  expect(holds).toBeLessThanOrEqual(trace.filter((name) => name === 'holds' || name === 'releases').length);
  expect(device.acts.filter((act) => !act.startsWith('hold'))).toEqual([]);
  session.dispose();
  link.dispose();
}

test('[attach-14] [attach-6] [attach-8] owners, holds, lost connections and edits, in any order', async () => {
  console.log(`seeds ${first} to ${first + runs - 1}`);
  for (let i = 0; i < runs; i++) await run(first + i);
});
