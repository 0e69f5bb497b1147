import { describe, expect, it, vi } from 'vitest';
import { recordingOut } from '../../../test/conformance/recording-out.ts';
import { unreadableReasons } from '../../model/byte-state.ts';
import { Recording } from '../../model/recording.ts';
import type { Asking } from '../board.ts';
import { BoardError, toBoardError } from '../errors.ts';
import { type CoreRecordRequest, type CoreStatusRequest, protocolVersion } from '../protocol/core-client.ts';
import { freeColumns, ownedColumns, SimulatedArray, simulatedKey } from '../simulated/array.ts';
import { SimulatedClient } from '../simulated/client.ts';
import { type Addon, AddonClient, type AddonCore } from './addon-client.ts';

const never = new AbortController().signal;
const quiet = () => undefined;

/** An addon whose bytes come from a simulated array; `changes` replaces methods. */
function fakeAddon(array: SimulatedArray, changes: Partial<AddonCore> = {}) {
  const core = new SimulatedClient(array, quiet);
  const list = async () => {
    const { partitions, free } = await core.partitions(never);
    return {
      partitions: partitions.map(({ columns: place, ...rest }) => ({ ...rest, ...place })),
      free: free.map(({ startCol, numCols }) => [startCol, numCols]),
    };
  };
  let told: ((partitions: unknown) => void) | undefined;
  const addon: Addon = {
    create: (options) => {
      told = options.onPartitions;
      options.onTrace('open /dev/aie0');
      return {
        hello: async () => ({ ...core.hello, protocol: protocolVersion, core: '0.1.0', uid: 0 }),
        describe: async () => {
          const { array, list: _, ...found } = await core.describe(never);
          const shape = array && {
            numCols: array.numCols,
            shim: [array.shim.start, array.shim.count],
            memory: [array.memory.start, array.memory.count],
            core: [array.core.start, array.core.count],
          };
          return { ...found, family: 'linux-2020', array: shape, ...(await list()) };
        },
        partitions: list,
        pick: async (startCol, numCols) => ({ partition: await core.pick({ startCol, numCols }, never) }),
        open: async (partition, allow) => {
          const { columns, memories } = await core.open(partition, allow, never);
          return { ...columns, memories };
        },
        find: async () => ({}),
        async read(request) {
          const asked = request as {
            partition: string;
            memory: 'data';
            ranges: [number, number][];
            openTiles: number[];
            asking: Asking;
          };
          const ranges = asked.ranges.map(([offset, length]) => ({ offset, length }));
          const answer = await core.read({ ...asked, ranges }, undefined, never);
          const spans = answer.unreadable.flatMap((span) => [
            span.offset,
            span.length,
            unreadableReasons.indexOf(span.reason),
          ]);
          return { bytes: answer.bytes, spans: Uint32Array.from(spans), epoch: answer.epoch, at: 0 };
        },
        async write(request) {
          const asked = request as Parameters<typeof core.write>[0];
          return core.write(asked, never);
        },
        async status(request) {
          const asked = request as Omit<CoreStatusRequest, 'tiles'> & { tiles: [number, number][] };
          const tiles = asked.tiles.map(([col, row]) => ({ col, row }));
          const answer = await core.status({ ...asked, tiles }, never);
          return {
            tiles: answer.tiles.map((one) => ({
              ...one.tile,
              kind: one.kind,
              reason: unreadableReasons.indexOf(one.reason),
              source: one.source,
              registers: Uint32Array.from([...one.registers].flat()),
            })),
            epoch: answer.epoch,
            waitMs: answer.waitMs,
          };
        },
        clocks: async (partition, on) => ({ on: await core.setClocks(partition, on, never) }),
        hold: async (partition, on) => core.hold(partition, on, never),
        kernelDescriptor: async (partition) => core.takeKernelDescriptor(partition, never),
        stuck: () => '',
        watch: async () => undefined,
        record: async (request) => {
          const asked = request as Omit<CoreRecordRequest, 'ranges'> & { ranges: [number, number][] };
          const ranges = asked.ranges.map(([offset, length]) => ({ offset, length }));
          await core.record({ ...asked, ranges }, never);
        },
        recording: async (request) => {
          const { recording, from } = request as { recording: string; from: number };
          const { header, entries } = recordingOut(await core.recording(recording, 0, from, never));
          return { ...header, entries };
        },
        endRecording: (recording, forget) => core.endRecording(recording, forget, never),
        changeWatch: quiet,
        seen: quiet,
        cancel: quiet,
        close: async () => undefined,
        ...changes,
      };
    },
  };
  return { addon, core, tell: (list: unknown) => told?.(list) };
}

const request = {
  partition: simulatedKey(freeColumns),
  memory: 'data' as const,
  openTiles: [],
  asking: 'person' as const,
};

describe('the addon in this process', () => {
  it('records: what follows a look, checked like what an agent sends', async () => {
    const array = new SimulatedArray();
    const { addon } = fakeAddon(array);
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const ranges = [{ offset: 0, length: 16 }];
    const pace = { periodMs: 20, wordsPerSecond: 100_000 };
    const place = { partition: simulatedKey(ownedColumns), memory: 'data' as const };
    await client.record({ ...place, ranges, ...pace, recording: 'one', ringBytes: 2 ** 18 }, never);
    const recording = new Recording(ranges, 2 ** 18);
    await vi.waitFor(async () => {
      recording.take(await client.recording('one', 4, recording.next, never));
      expect(recording.hasBegun).toBe(true);
    });
    await expect(client.recording('one', 5, 0, never)).rejects.toMatchObject({ code: 'protocol' });
    await client.endRecording('one', true, never);
    await expect(client.recording('one', 4, 0, never)).rejects.toMatchObject({ code: 'no-recording' });
  });

  it('answers what the core holds, with gated spans', async () => {
    const array = new SimulatedArray();
    const { addon, core } = fakeAddon(array);
    const lines: string[] = [];
    const client = await AddonClient.start(addon, '/dev/aie0', (line) => lines.push(line));
    expect(lines).toEqual(['open /dev/aie0']);
    expect((await client.describe(never)).list.partitions).toEqual(array.partitions());
    expect(await client.open(simulatedKey(freeColumns), false, never)).toEqual(
      await core.open(simulatedKey(freeColumns), false, never),
    );
    const ranges = [
      { offset: 3, length: 5 },
      { offset: 0xf0000 - 4, length: 16 },
    ];
    expect(await client.read({ ...request, ranges }, undefined, never)).toEqual(
      await core.read({ ...request, ranges }, undefined, never),
    );
    const epoch = array.partition(freeColumns)?.epoch ?? '';
    const words = Uint32Array.of(8, 0, 0xff, 5, 12, 0, 0xff00, 0x600);
    const write = await client.write({ ...request, epoch, force: true, besideOwner: false, words }, never);
    expect([...write.outcomes].filter((_, i) => i % 3 === 1)).toEqual([0, 0]);
    expect(array.peek('data', { col: 0, row: 1 }, 8, 1)).toEqual(Uint8Array.of(5));
  });

  it('splits reads that one request cannot hold', async () => {
    const { addon, core } = fakeAddon(new SimulatedArray());
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const ranges = Array.from({ length: 5000 }, (_, i) => ({ offset: 8 * i, length: 4 }));
    const progress: number[] = [];
    const answer = await client.read({ ...request, ranges }, (bytes) => progress.push(bytes), never);
    expect(answer).toEqual(await core.read({ ...request, ranges }, undefined, never));
    expect(progress).toEqual([16_384, 20_000]);
  });

  it('turns rejections into the errors they stand for', async () => {
    const busy = Object.assign(new Error('AIE_REQUEST_PART: EBUSY'), {
      code: 'busy',
      errno: 16,
      facts: { pid: 5, command: 'app' },
    });
    const { addon } = fakeAddon(new SimulatedArray(), {
      open: () => Promise.reject(busy),
      partitions: () => {
        throw busy;
      },
      describe: () => Promise.reject(new TypeError('device is not text')),
    });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const expected = { code: 'busy', message: busy.message, facts: { pid: 5, command: 'app', errno: 16 } };
    await expect(client.open(simulatedKey(freeColumns), false, never)).rejects.toMatchObject(expected);
    await expect(client.partitions(never)).rejects.toMatchObject(expected);
    await expect(client.describe(never)).rejects.toMatchObject({ code: 'internal' });
  });

  it('is cancelled at once and tells the core which request', async () => {
    const cancel = vi.fn();
    const { addon } = fakeAddon(new SimulatedArray(), { cancel, read: () => new Promise(quiet) });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const stop = new AbortController();
    const reading = client.read({ ...request, ranges: [{ offset: 0, length: 4 }] }, undefined, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    expect(cancel).toHaveBeenCalledExactlyOnceWith(1);
  });

  it('ends with timeout when a limit of ours ran out, and tells the core', async () => {
    const cancel = vi.fn();
    const { addon } = fakeAddon(new SimulatedArray(), { cancel, read: () => new Promise(quiet) });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const limit = new AbortController();
    const asked = { ...request, ranges: [{ offset: 0, length: 4 }] };
    const reading = client.read(asked, undefined, limit.signal);
    limit.abort(new DOMException('too late', 'TimeoutError'));
    await expect(reading).rejects.toMatchObject({ code: 'timeout' });
    expect(cancel).toHaveBeenCalledExactlyOnceWith(1);
    await expect(client.read(asked, undefined, limit.signal)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('passes on partition lists that are right and drops others', async () => {
    const array = new SimulatedArray();
    const { addon, tell } = fakeAddon(array);
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const heard = vi.fn();
    client.onPartitions(heard);
    tell({ partitions: [{ id: 'x' }], free: [] });
    tell(7);
    expect(heard).not.toHaveBeenCalled();
    const partitions = array.partitions().map(({ columns, ...rest }) => ({ ...rest, ...columns }));
    tell({ partitions, free: [[20, 4]] });
    const free = [{ startCol: 20, numCols: 4 }];
    expect(heard).toHaveBeenCalledExactlyOnceWith({ partitions: array.partitions(), free });
  });

  it.each([
    ['no arrays', { bytes: [], spans: new Uint32Array(0), epoch: 'e' }],
    ['a short array', { bytes: [new Uint8Array(3)], spans: new Uint32Array(0), epoch: 'e' }],
    ['no spans', { bytes: [new Uint8Array(4)], epoch: 'e' }],
    ['half a span', { bytes: [new Uint8Array(4)], spans: new Uint32Array(2), epoch: 'e' }],
    ['a strange span', { bytes: [new Uint8Array(4)], spans: Uint32Array.of(400, 4, 1), epoch: 'e' }],
    ['no epoch', { bytes: [new Uint8Array(4)], spans: new Uint32Array(0) }],
    ['nothing', undefined],
  ])('that answers a read with %s is not believed', async (_, answer) => {
    const { addon } = fakeAddon(new SimulatedArray(), { read: async () => answer });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const reading = client.read({ ...request, ranges: [{ offset: 0, length: 4 }] }, undefined, never);
    await expect(reading).rejects.toMatchObject({ code: 'protocol' });
  });

  it('answers status, clocks and holds as the core does, and is told where the holder is', async () => {
    const array = new SimulatedArray({ now: () => 1000 });
    const { addon, core } = fakeAddon(array);
    const create = vi.spyOn(addon, 'create');
    const client = await AddonClient.start(addon, '/dev/aie0', quiet, '/opt/agent');
    expect(create.mock.calls[0]?.[0].holder).toBe('/opt/agent');
    const tiles = [
      { col: 6, row: 1 },
      { col: 9, row: 8 },
      { col: 7, row: 0 },
    ];
    const asked = { partition: simulatedKey(ownedColumns), tiles, detail: true };
    expect(await client.status(asked, never)).toEqual(await core.status(asked, never));
    expect(await client.setClocks(simulatedKey(freeColumns), true, never)).toBe(true);
    await expect(client.setClocks(simulatedKey(ownedColumns), true, never)).rejects.toMatchObject({
      code: 'locked',
    });
    await client.hold(simulatedKey(ownedColumns), true, never);
    expect(array.partition(ownedColumns)?.hold).toBeDefined();
    await client.hold(simulatedKey(ownedColumns), false, never);
    expect(array.partition(ownedColumns)?.hold).toBeUndefined();
    // Nobody would let cores go on if this process were killed.
    await expect(client.allowHalting(simulatedKey(ownedColumns), 'e', never)).rejects.toMatchObject({
      code: 'no-halting',
    });
  });

  const quietTile = {
    ...{ col: 6, row: 1, kind: 'core', reason: 0, source: 'registers' },
    registers: new Uint32Array(0),
  };
  it.each([
    ['no list', {}],
    ['too few tiles', { tiles: [], epoch: 'e', waitMs: 0 }],
    ['no time of the next look', { tiles: [quietTile], epoch: 'e' }],
    ['a time of the next look that is past', { tiles: [quietTile], epoch: 'e', waitMs: -1 }],
    ['no registers', { tiles: [{ col: 6, row: 1, kind: 'core', reason: 0, source: 'registers' }] }],
    [
      'half a record',
      {
        tiles: [
          { col: 6, row: 1, kind: 'core', reason: 0, source: 'registers', registers: new Uint32Array(1) },
        ],
      },
    ],
  ])('that answers a status with %s is not believed', async (_, answer) => {
    const { addon } = fakeAddon(new SimulatedArray(), { status: async () => answer });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const asked = client.status(
      { partition: simulatedKey(ownedColumns), tiles: [{ col: 6, row: 1 }], detail: false },
      never,
    );
    await expect(asked).rejects.toMatchObject({ code: 'protocol' });
  });

  it('of another protocol is let go', async () => {
    const close = vi.fn(async () => undefined);
    const hello = async () => ({ protocol: protocolVersion + 1, core: '9' });
    const { addon } = fakeAddon(new SimulatedArray(), { hello, close });
    await expect(AddonClient.start(addon, '/dev/aie0', quiet)).rejects.toMatchObject({
      code: 'agent-version',
    });
    expect(close).toHaveBeenCalledOnce();
  });

  it('closed: later calls say so, running ones too', async () => {
    let fail: ((error: unknown) => void) | undefined;
    const { addon } = fakeAddon(new SimulatedArray(), {
      partitions: () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
      close: async () => fail?.(Object.assign(new Error('cancelled'), { code: 'cancelled' })),
    });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const running = client.partitions(never).catch((error: unknown) => toBoardError(error).code);
    await client.dispose();
    expect(await running).toBe('connection-lost');
    await expect(client.describe(never)).rejects.toBeInstanceOf(BoardError);
  });

  it('is closed within a second though the driver hangs, and leaves nobody waiting', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const hangs = () => new Promise<never>(() => undefined);
      const { addon } = fakeAddon(new SimulatedArray(), { partitions: hangs, close: hangs });
      const client = await AddonClient.start(addon, '/dev/aie0', quiet);
      const running = client.partitions(never).catch((error: unknown) => toBoardError(error).code);
      const closed = client.dispose();
      await vi.advanceTimersByTimeAsync(1000);
      await closed;
      expect(await running).toBe('connection-lost');
    } finally {
      vi.useRealTimers();
    }
  });

  it('[live-3] a survey asks for words of each tile, and is asked on and ended like a watch', async () => {
    let tell: (update: unknown) => void = quiet;
    const seen = vi.fn();
    const asked: unknown[] = [];
    const { addon } = fakeAddon(new SimulatedArray(), {
      watch: (request, _token, onUpdate) => {
        asked.push(request);
        tell = onUpdate;
        return new Promise(() => undefined);
      },
      seen,
    });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const request = {
      partition: simulatedKey(ownedColumns),
      memory: 'data',
      periodMs: 1000,
      wordsPerSecond: 5000,
    } as const;
    const updates: unknown[] = [];
    const survey = client.survey({ ...request, wordsPerTile: 64 }, (update) => updates.push(update));
    expect(asked).toEqual([{ ...request, survey: 64 }]);
    tell({ blocks: [Uint8Array.of(5, 0, 0, 0, 2, 0, 0, 0)], epoch: 'life', words: 128 });
    expect(updates).toEqual([{ epoch: 'life', words: 128, wireBytes: 0, tiles: [{ tile: 5, changed: 2 }] }]);
    survey.seen();
    expect(seen).toHaveBeenCalledTimes(1);
    tell({ blocks: [Uint8Array.of(5, 0, 0, 0, 65, 0, 0, 0)], words: 256 });
    expect((await survey.ended).code).toBe('protocol');
  });

  it('[live-1] a watch asks for the next update once it is told to, and ends at what is not allowed', async () => {
    let tell: (update: unknown) => void = quiet;
    const seen = vi.fn();
    const asked: unknown[] = [];
    const cancelled = vi.fn();
    const { addon } = fakeAddon(new SimulatedArray(), {
      watch: (request, _token, onUpdate) => {
        asked.push(request);
        tell = onUpdate;
        return new Promise(() => undefined);
      },
      changeWatch: (request) => asked.push(request),
      seen,
      cancel: cancelled,
    });
    const client = await AddonClient.start(addon, '/dev/aie0', quiet);
    const request = {
      partition: simulatedKey(ownedColumns),
      memory: 'data',
      periodMs: 100,
      wordsPerSecond: 5000,
    } as const;
    const updates: unknown[] = [];
    const watch = client.watch({ ...request, ranges: [{ offset: 16, length: 8 }] }, (update) =>
      updates.push(update),
    );
    const block = Uint8Array.of(16, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4);
    tell({ blocks: [block], epoch: 'life', words: 2 });
    const spans = [{ offset: 16, bytes: Uint8Array.of(1, 2, 3, 4) }];
    expect(updates).toEqual([{ epoch: 'life', words: 2, wireBytes: 0, spans }]);
    expect(seen).not.toHaveBeenCalled();
    watch.seen();
    expect(seen).toHaveBeenCalledTimes(1);
    watch.change({ ...request, ranges: [{ offset: 64, length: 4 }] });
    expect(asked).toEqual([
      {
        partition: simulatedKey(ownedColumns),
        memory: 'data',
        ranges: [[16, 8]],
        periodMs: 100,
        wordsPerSecond: 5000,
      },
      {
        partition: simulatedKey(ownedColumns),
        memory: 'data',
        ranges: [[64, 4]],
        periodMs: 100,
        wordsPerSecond: 5000,
      },
    ]);
    tell({ blocks: [Uint8Array.of(1)], words: 4 });
    expect((await watch.ended).code).toBe('protocol');
    expect(seen).toHaveBeenCalledTimes(1);
    expect(cancelled).toHaveBeenCalledTimes(1);
  });
});
