import { PassThrough, Writable } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KeptLog } from '../../../test/conformance/log.ts';
import { LoopbackAgent, type LoopbackOptions } from '../../../test/conformance/loopback-agent.ts';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { boardPatternOf } from '../../model/find/board-pattern.ts';
import type { CoreAct, CoreState } from '../board.ts';
import { BoardError, toBoardError } from '../errors.ts';
import { freeColumns, ownedColumns, SimulatedArray, simulatedKey } from '../simulated/array.ts';
import { SimulatedClient } from '../simulated/client.ts';
import { type CoreClient, protocolVersion } from './core-client.ts';
import { encodeFrame, type Header } from './frames.ts';
import { Outbox } from './outbox.ts';
import { WireClient, type WireOptions, type WireStream } from './wire-client.ts';

const seed = runSeed();
const never = new AbortController().signal;
const clients: CoreClient[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(clients.splice(0).map((client) => client.dispose()));
});

function fakeTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
}

async function connect(options: LoopbackOptions = {}, wire: Partial<WireOptions> = {}) {
  const array = new SimulatedArray();
  const core = new SimulatedClient(array, () => undefined);
  const agent = new LoopbackAgent(core, options);
  const log = new KeptLog();
  const client = await WireClient.start(agent.stream, { log, facts: { host: 'loop' }, ...wire }, never);
  clients.push(client);
  return { array, core, agent, log, client };
}

function request(ranges: readonly { offset: number; length: number }[]) {
  return {
    partition: simulatedKey(freeColumns),
    memory: 'data' as const,
    ranges,
    openTiles: [],
    asking: 'person' as const,
  };
}

function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => toBoardError(error).code,
  );
}

/** The reason of a signal whose time ran out. */
function outOfTime(): DOMException {
  return new DOMException('too late', 'TimeoutError');
}

/** A stream on which only the agent's side is prepared. */
function bare(): { stream: WireStream; output: PassThrough; end: (error: BoardError) => void } {
  const output = new PassThrough();
  let end: (error: BoardError) => void = () => undefined;
  const closed = new Promise<BoardError>((resolve) => {
    end = resolve;
  });
  const stream = {
    input: new PassThrough().resume(),
    output,
    closed,
    close: () => end(new BoardError('connection-lost', 'closed')),
  };
  return { stream, output, end };
}

describe('what the core says unasked', () => {
  it('[truth-5] a call of the driver that hangs ends what waits for it by its name, and is no lost connection', async () => {
    const { client, agent } = await connect({ intercept: ({ header }) => header['op'] === 'read' });
    const notices: unknown[] = [];
    const closed = vi.fn();
    client.onNotice((notice) => notices.push(notice.kind === 'hung' ? notice.error?.facts['call'] : notice));
    client.onClose(closed);
    const waiting = client.read(request([{ offset: 0, length: 4 }]), undefined, never);
    const stuck = { id: 0, t: 'stuck', call: 'AIE_ENQUIRE_PART' };
    agent.send(stuck);
    agent.send(stuck);
    await expect(waiting).rejects.toMatchObject({ code: 'driver-hung', facts: { call: 'AIE_ENQUIRE_PART' } });
    expect(await code(client.partitions(never))).toBe('driver-hung');
    expect(notices).toEqual(['AIE_ENQUIRE_PART']);
    agent.send({ id: 0, t: 'stuck', call: '' });
    await expect.poll(() => notices).toEqual(['AIE_ENQUIRE_PART', undefined]);
    expect((await client.partitions(never)).partitions).not.toHaveLength(0);
    expect(closed).not.toHaveBeenCalled();
  });

  it('[truth-21] a start that was refused because of us is told, with the name made plain', async () => {
    const { client, agent } = await connect();
    const told = new Promise((resolve) => client.onNotice(resolve));
    agent.send({ id: 0, t: 'start-refused', startCol: 6, numCols: 4, pid: 77, command: 'my\u001b[31mapp' });
    expect(await told).toEqual({
      kind: 'start-refused',
      columns: { startCol: 6, numCols: 4 },
      pid: 77,
      command: expect.stringMatching(/^my.*app$/),
    });
  });
});

describe('marks [shape-6]', () => {
  const received = (agent: LoopbackAgent) =>
    agent.requests.filter(({ op }) => op === 'received').map(({ mark }) => mark);

  it('are reported when they come, also while nobody waits for what they stand behind', async () => {
    const { agent, client } = await connect();
    expect(agent.requests[0]).toMatchObject({ op: 'hello', marks: true });
    for (const mark of [1, 2, 9]) agent.send({ id: 0, t: 'mark', mark });
    await expect.poll(() => received(agent).at(-1)).toBe(9);
    expect((await client.partitions(never)).partitions).not.toHaveLength(0);
  });

  it('of which one waits to be reported at most, before all else, whatever the agent sends', () => {
    const sent: number[] = [];
    let taken: () => void = () => undefined;
    const stream = new Writable({
      highWaterMark: 1,
      write: (chunk: Uint8Array, _encoding, done) => {
        sent.push(chunk[0] ?? 0);
        taken = () => done();
      },
    });
    const outbox = new Outbox(stream, () => undefined);
    outbox.sendUrgent(Uint8Array.of(1));
    outbox.sendUrgent(Uint8Array.of(2));
    for (const receipt of [10, 11, 12]) outbox.sendReceipt(Uint8Array.of(receipt));
    taken();
    const after = () => {
      taken();
      return sent;
    };
    return expect.poll(after).toEqual([1, 12, 2]);
  });

  it.each([0, -1, 1.5, '1', 2 ** 53])('of number %j end the connection', async (mark) => {
    const { agent, client } = await connect();
    const closed = new Promise<BoardError>((resolve) => client.onClose(resolve));
    agent.send({ id: 0, t: 'mark', mark });
    expect((await closed).code).toBe('protocol');
  });
});

describe('[live-4] deflated payloads', () => {
  it('are asked for unless they are not wanted, and inflated', async () => {
    const bytes = new Uint8Array(4096).fill(7);
    const { agent, client } = await connect({
      intercept: ({ header: { op, id } }, loopback) => {
        if (op !== 'read') return false;
        loopback.send({ id, t: 'data', offset: 0, inflated: bytes.length }, deflateRawSync(bytes));
        loopback.send({ id, t: 'ok', epoch: 'e', at: 1 });
        return true;
      },
    });
    expect(agent.requests[0]).toMatchObject({ op: 'hello', deflate: true });
    const answer = await client.read(request([{ offset: 0, length: bytes.length }]), undefined, never);
    expect(answer.bytes).toEqual([bytes]);
    const other = await connect({}, { deflate: false });
    expect(other.agent.requests[0]).toMatchObject({ op: 'hello', deflate: false });
  });

  it('that are no such end the connection', async () => {
    const { agent, client } = await connect();
    const closed = new Promise<BoardError>((resolve) => client.onClose(resolve));
    agent.send({ id: 0, t: 'mark', mark: 1, inflated: 9 }, Uint8Array.of(1, 2, 3));
    expect((await closed).code).toBe('protocol');
  });
});

describe('starting', () => {
  it('skips what a login shell printed and logs it', async () => {
    const { client, log } = await connect({ banner: 'Welcome to the lab\nTILESC\n', chunk: 3 });
    expect(client.hello).toMatchObject({ core: '0.0.0 loopback', hostName: 'simulated' });
    expect(log.lines.join('\n')).toContain('Welcome to the lab');
  });

  it('says shell-banner when only text comes', async () => {
    fakeTimers();
    const { stream, output } = bare();
    const started = code(WireClient.start(stream, { log: new KeptLog() }, never));
    output.write('This account is currently not available.\n');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await started).toBe('shell-banner');
  });

  it('says shell-banner when text came and the stream ended', async () => {
    const { stream, output, end } = bare();
    const started = WireClient.start(stream, { log: new KeptLog() }, never);
    output.write('This account is currently not available.\n');
    await new Promise((resolve) => setImmediate(resolve));
    end(new BoardError('agent-failed', 'exit code 1'));
    await expect(started).rejects.toMatchObject({
      code: 'shell-banner',
      facts: { text: expect.stringContaining('not available') },
    });
  });

  it('says what closed the stream when nothing came', async () => {
    const { stream, end } = bare();
    const started = WireClient.start(stream, { log: new KeptLog() }, never);
    end(new BoardError('agent-failed', 'exit code 126'));
    await expect(started).rejects.toMatchObject({ code: 'agent-failed', message: 'exit code 126' });
  });

  it('says timeout when nothing comes at all', async () => {
    fakeTimers();
    const started = code(WireClient.start(bare().stream, { log: new KeptLog() }, never));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await started).toBe('timeout');
  });

  it('says agent-version when the agent speaks another protocol', async () => {
    const started = connect({
      intercept: ({ header }, agent) => {
        agent.send({ id: Number(header['id']), t: 'ok', protocol: protocolVersion + 1, core: '9.9' });
        return true;
      },
    });
    await expect(started).rejects.toMatchObject({
      code: 'agent-version',
      facts: { have: protocolVersion + 1, want: protocolVersion },
    });
  });

  it('is cancelled at once', async () => {
    const stop = new AbortController();
    const started = WireClient.start(bare().stream, { log: new KeptLog() }, stop.signal);
    stop.abort();
    await expect(started).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('says timeout when a limit of ours ran out', async () => {
    const limit = new AbortController();
    const started = WireClient.start(bare().stream, { log: new KeptLog() }, limit.signal);
    limit.abort(outOfTime());
    await expect(started).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('requests', () => {
  it(`read what the core holds, in any chunking (seed ${seed})`, async () => {
    const random = new Random(seed);
    for (const chunk of [1, 13, 4096, 1_000_000]) {
      const { client, core } = await connect({ chunk });
      for (let run = 0; run < (chunk < 100 ? 1 : 5); run++) {
        const ranges: { offset: number; length: number }[] = [];
        for (let at = random.below(1000); ranges.length < 20; ) {
          const length = 1 + random.below(chunk < 100 ? 200 : 60_000);
          ranges.push({ offset: at, length });
          at += length + random.below(1000);
        }
        if (chunk >= 100) ranges.push({ offset: 0xf0000 - 10, length: 20 }, { offset: 0xffff0, length: 16 });
        const usable = ranges.filter(
          (range, i) =>
            i === 0 || range.offset >= (ranges[i - 1]?.offset ?? 0) + (ranges[i - 1]?.length ?? 0),
        );
        const seen: number[] = [];
        const over = await client.read(request(usable), (bytes) => seen.push(bytes), never);
        const direct = await core.read(request(usable), undefined, never);
        expect(over).toEqual(direct);
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
      }
    }
  });

  it('of more than 4096 ranges are split and joined', async () => {
    const { client, core, agent } = await connect();
    const ranges = Array.from({ length: 9000 }, (_, i) => ({ offset: i * 100, length: 1 + (i % 90) }));
    const over = await client.read(request(ranges), undefined, never);
    expect(over).toEqual(await core.read(request(ranges), undefined, never));
    const reads = agent.requests.filter((one) => one['op'] === 'read');
    expect(reads.map((one) => (one['ranges'] as unknown[]).length)).toEqual([4096, 4096, 808]);
  });

  it(`search as the core does, and bring hits as they come (seed ${seed})`, async () => {
    const random = new Random(seed + 3);
    const { client, core } = await connect({ chunk: 100 });
    const query = {
      matchCase: true,
      align: 0,
      cells: { name: 'int16', order: random.pick(['little', 'big'] as const) },
    } as const;
    const texts = [
      ['hex', '0?'],
      ['hex', '?? 00 ??'],
      ['value', '..100'],
      ['value', '-5..5 7~3'],
      ['value', '0'],
    ] as const;
    for (const [kind, text] of texts) {
      const pattern = boardPatternOf({ ...query, kind, text });
      if (pattern === undefined) throw new Error(text);
      const ranges = [
        { offset: random.below(50), length: 3000 },
        { offset: 0xf0000 - 40, length: 100 },
      ];
      const asked = { ...request(ranges), pattern, most: random.pick([10, 1_000_000]) };
      const seen: number[] = [];
      const bytes: number[] = [];
      const events = {
        onHits: (offsets: readonly number[]) => seen.push(...offsets),
        onProgress: (done: number) => bytes.push(done),
      };
      const over = await client.find(asked, events, never);
      const direct = await core.find(asked, {}, never);
      expect(over).toEqual(direct);
      expect(seen).toEqual(over.offsets);
      expect(bytes).toEqual([1024]);
      expect(over.unreadable).toHaveLength(1);
    }
  });

  it('to search more than 1024 ranges are split and joined, and end once they have as many hits as asked for', async () => {
    const { client, core, agent } = await connect();
    const pattern = { kind: 'bytes', values: Uint8Array.of(0), masks: Uint8Array.of(0) } as const;
    const ranges = Array.from({ length: 3000 }, (_, i) => ({ offset: i * 100, length: 2 }));
    const all = { ...request(ranges), pattern, most: 1_000_000 };
    expect(await client.find(all, {}, never)).toEqual(await core.find(all, {}, never));
    const counts = () =>
      agent.requests.flatMap(({ op, ranges: asked }) => (op === 'find' ? [(asked as unknown[]).length] : []));
    expect(counts()).toEqual([1024, 1024, 952]);
    const some = await client.find({ ...all, most: 2100 }, {}, never);
    expect([some.offsets.length, some.isFull]).toEqual([2100, true]);
    expect(counts()).toHaveLength(5);
  });

  it('to search can be cancelled: the core is told', async () => {
    const { client, agent, array } = await connect();
    array.pause();
    const stop = new AbortController();
    const pattern = { kind: 'bytes', values: Uint8Array.of(0), masks: Uint8Array.of(0) } as const;
    const ranges = [{ offset: 0, length: 64 }];
    const finding = code(client.find({ ...request(ranges), pattern, most: 9 }, {}, stop.signal));
    await expect.poll(() => agent.requests.some(({ op }) => op === 'find')).toBe(true);
    stop.abort();
    expect(await finding).toBe('cancelled');
    await expect.poll(() => agent.requests.some(({ op }) => op === 'cancel')).toBe(true);
  });

  it('write more than 4096 words in one round trip', async () => {
    const { client, agent, array } = await connect();
    const epoch = array.partition(freeColumns)?.epoch ?? '';
    const words = new Uint32Array(10_000 * 4);
    for (let i = 0; i < 10_000; i++) words.set([i * 8, 0, 0xffff_ffff, i], i * 4);
    const answer = await client.write(
      {
        partition: simulatedKey(freeColumns),
        memory: 'data',
        epoch,
        force: true,
        besideOwner: false,
        openTiles: [],
        words,
      },
      never,
    );
    expect(answer.outcomes.length).toBe(30_000);
    expect(answer.outcomes.filter((_, i) => i % 3 === 1).every((one) => one === 0)).toBe(true);
    const writes = agent.requests.filter((one) => one['op'] === 'write');
    expect(writes.map((one) => one['more'])).toEqual([true, true, false]);
    expect(new Set(writes.map((one) => one['id'])).size).toBe(1);
    expect(array.count('write')).toBe(1);
  });

  it('write that is cancelled while its frames go out is never completed', async () => {
    const { client, agent, array } = await connect();
    const epoch = array.partition(freeColumns)?.epoch ?? '';
    const before = array.peek('data', { col: 0, row: 1 }, 0, 64);
    const words = new Uint32Array(20_000 * 4);
    for (let i = 0; i < 20_000; i++) words.set([i * 4, 0, 0xffff_ffff, 1], i * 4);
    const stop = new AbortController();
    const writing = code(
      client.write({ ...request([]), epoch, force: true, besideOwner: false, words }, stop.signal),
    );
    stop.abort();
    expect(await writing).toBe('cancelled');
    await client.partitions(never);
    expect(agent.requests.map((one) => [one['op'], one['more']])).toEqual([
      ['hello', undefined],
      ['write', true],
      ['cancel', undefined],
      ['partitions', undefined],
    ]);
    expect(array.count('write')).toBe(0);
    expect(array.peek('data', { col: 0, row: 1 }, 0, 64)).toEqual(before);
  });

  it('of the status of 4096 tiles are one round trip, answered in the order asked', async () => {
    const { client, core, agent } = await connect();
    const tiles = Array.from({ length: 4096 }, (_, i) => ({ col: i % 4, row: (i * 7) % 9 }));
    const over = await client.status(
      { partition: simulatedKey(freeColumns), tiles, detail: true, asking: 'person' },
      never,
    );
    expect(over).toEqual(
      await core.status(
        { partition: simulatedKey(freeColumns), tiles, detail: true, asking: 'person' },
        never,
      ),
    );
    expect(over.tiles.map((one) => one.tile)).toEqual(tiles);
    expect(agent.requests.filter((one) => one['op'] === 'status')).toHaveLength(1);
  });

  it("[shape-6] of status say whether they go on with the look before, and are told when nobody's next look may begin", async () => {
    const { client, core, agent } = await connect();
    vi.spyOn(core, 'status').mockImplementation(async ({ tiles }) => ({
      tiles: tiles.map((one) => ({
        tile: one,
        kind: 'core',
        source: 'registers',
        registers: new Map(),
        files: new Map(),
      })),
      epoch: 'e',
      waitMs: 2900,
    }));
    const asked = { partition: simulatedKey(ownedColumns), tiles: [{ col: 6, row: 1 }], detail: true };
    expect((await client.status({ ...asked, goesOn: true }, never)).waitMs).toBe(2900);
    await client.status(asked, never);
    const told = agent.requests.filter(({ op }) => op === 'status');
    expect(told.map(({ asking, goesOn }) => [asking, goesOn])).toEqual([
      ['nobody', true],
      ['nobody', false],
    ]);
  });

  it('[shape-4] about clocks, holds and the kernel name the partition by its key, and what is wanted', async () => {
    const { client, agent, array } = await connect();
    expect(await client.setClocks(simulatedKey(freeColumns), true, never)).toBe(true);
    await client.hold(simulatedKey(ownedColumns), true, never);
    array.own(freeColumns, { kind: 'kernel', pid: 0, command: '', startedAt: 0 });
    await client.takeKernelDescriptor(simulatedKey(freeColumns), never);
    expect(agent.requests.slice(1)).toMatchObject([
      { op: 'clocks', partition: '0_4', on: true },
      { op: 'hold', partition: '6_4', on: true, hours: 8 },
      { op: 'kernel-descriptor', partition: '0_4' },
    ]);
    for (const request of agent.requests.slice(1)) expect(request).not.toHaveProperty('startCol');
  });

  it('[debug-7] about halting cross over as they are meant, and so do their answers', async () => {
    const { client, agent, array } = await connect();
    const key = simulatedKey(ownedColumns);
    const tile = { col: 6, row: 1 };
    const act = (what: CoreAct): Promise<CoreState> => client.actOnCore(key, tile, what, never);
    await expect(act({ act: 'halt' })).rejects.toMatchObject({ code: 'no-halting' });
    await expect(client.allowHalting(key, 'another', never)).rejects.toMatchObject({ code: 'epoch' });
    await client.allowHalting(key, array.epoch(ownedColumns), never);
    const halted = await act({ act: 'halt' });
    const { reason, words } = await client.readCore(key, tile, never);
    expect([reason, words.get('pc'), words.get('r')?.length]).toEqual([undefined, [halted.counter], 16]);
    expect(halted).toMatchObject({ reason: undefined, status: 0x10001, debugStatus: 1 });
    const { counter } = await act({ act: 'step', count: 1 });
    expect(counter).not.toBe(halted.counter); // the next instruction, or the first of its loop
    expect((await client.readCore(key, tile, never)).words.get('pc')).toEqual([counter]);
    await act({ act: 'breakpoints', counters: [0x200, 0x240] });
    await act({ act: 'resume' });
    expect(await act({ act: 'step', count: 1 })).toMatchObject({ reason: 'core-running', status: 0 });
    expect(await client.endHalting(key, never)).toBe(0);
    expect(array.core(tile).isUntouched).toBe(true);
    const told = agent.requests.filter(({ op }) => op === 'halt').slice(3);
    expect(told).toMatchObject([
      { act: 'halt', partition: '6_4', tile: [6, 1] },
      { act: 'step', count: 1 },
      { act: 'breakpoints', counters: [0x200, 0x240] },
      { act: 'resume' },
      { act: 'step' },
      { act: 'end', partition: '6_4' },
    ]);
  });

  it('beyond what a core takes wait here and are all answered', async () => {
    const { client, agent, array } = await connect();
    const resume = array.pause();
    const asked = Array.from({ length: 300 }, (_, i) =>
      client.read(request([{ offset: i, length: 1 }]), undefined, never),
    );
    await expect.poll(() => agent.requests.length).toBeGreaterThanOrEqual(128);
    expect(agent.requests.length).toBeLessThan(140);
    resume();
    expect((await Promise.all(asked)).length).toBe(300);
  });

  it('cancelled: reject at once, tell the core, drop what still comes', async () => {
    const { client, agent, array } = await connect();
    const resume = array.pause();
    const stop = new AbortController();
    const read = code(client.read(request([{ offset: 0, length: 4 }]), undefined, stop.signal));
    await expect.poll(() => agent.requests.at(-1)?.['op']).toBe('read');
    const target = agent.requests.at(-1)?.['id'];
    stop.abort();
    agent.send({ id: Number(target), t: 'data', offset: 0 }, new Uint8Array(4));
    expect(await read).toBe('cancelled');
    await expect.poll(() => agent.requests.at(-1)).toMatchObject({ op: 'cancel', target });
    resume();
    expect((await client.partitions(never)).partitions).toHaveLength(3);
  });

  it('end with timeout when a limit of ours ran out, before they were sent and after', async () => {
    const { client, agent, array } = await connect();
    array.pause();
    const limit = new AbortController();
    const asked = [
      code(client.read(request([{ offset: 0, length: 4 }]), undefined, limit.signal)),
      code(client.open(simulatedKey(freeColumns), false, limit.signal)),
    ];
    await expect.poll(() => agent.requests.at(-1)?.['op']).toBe('open');
    limit.abort(outOfTime());
    expect(await Promise.all(asked)).toEqual(['timeout', 'timeout']);
    expect(await code(client.partitions(limit.signal))).toBe('timeout');
    expect(await code(client.read(request([{ offset: 0, length: 4 }]), undefined, limit.signal))).toBe(
      'timeout',
    );
  });

  it('cancelled before they were sent never reach the core', async () => {
    const { client, agent } = await connect();
    const stop = new AbortController();
    stop.abort();
    expect(await code(client.read(request([{ offset: 0, length: 4 }]), undefined, stop.signal))).toBe(
      'cancelled',
    );
    await client.partitions(never);
    expect(agent.requests.map((one) => one['op'])).toEqual(['hello', 'partitions']);
  });

  it('cancelled before they were sent make room for those that wait', async () => {
    const { client, agent, array } = await connect();
    const resume = array.pause();
    const { input } = agent.stream;
    const write = input.write.bind(input);
    const full = vi.spyOn(input, 'write').mockImplementation((...sent: unknown[]) => {
      Reflect.apply(write, input, sent);
      return false;
    });
    const stop = new AbortController();
    const ask = (signal: AbortSignal) => client.read(request([{ offset: 0, length: 4 }]), undefined, signal);
    const first = ask(never);
    const dropped = Array.from({ length: 127 }, () => code(ask(stop.signal)));
    const last = client.partitions(never);
    stop.abort();
    expect(new Set(await Promise.all(dropped))).toEqual(new Set(['cancelled']));
    full.mockRestore();
    input.emit('drain');
    await expect.poll(() => agent.requests.at(-1)?.['op']).toBe('partitions');
    resume();
    await Promise.all([first, last]);
  });

  it('that are too large for a frame fail alone', async () => {
    const { client } = await connect();
    const words = Uint32Array.of(4, 0, 1, 1);
    const write = client.write(
      { ...request([]), epoch: 'e'.repeat(70_000), force: false, besideOwner: false, words },
      never,
    );
    await expect(write).rejects.toMatchObject({ code: 'internal' });
    expect((await client.partitions(never)).partitions).toHaveLength(3);
  });

  it('carry the code, detail and facts of the core', async () => {
    const { client, array } = await connect();
    array.failNext(
      'open',
      new BoardError('busy', 'AIE_REQUEST_PART: EBUSY', { pid: 7, command: 'app', host: 'another' }),
    );
    await expect(client.open(simulatedKey(freeColumns), false, never)).rejects.toMatchObject({
      code: 'busy',
      message: 'AIE_REQUEST_PART: EBUSY',
      facts: { pid: 7, command: 'app', host: 'loop' },
    });
  });

  it('that the core dropped by itself are no cancellation of the person', async () => {
    const { client, array } = await connect();
    array.failNext('read', new BoardError('cancelled', 'queue dropped'));
    expect(await code(client.read(request([{ offset: 0, length: 4 }]), undefined, never))).toBe('timeout');
  });
});

describe('time', () => {
  it('without progress a request times out, the connection lives', async () => {
    fakeTimers();
    const { client, array, agent } = await connect();
    array.pause();
    const read = code(client.read(request([{ offset: 0, length: 4 }]), undefined, never));
    await vi.advanceTimersByTimeAsync(34_000);
    expect(agent.requests.some((one) => one['op'] === 'cancel')).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await read).toBe('timeout');
    expect(agent.requests.filter((one) => one['op'] === 'ping').length).toBeGreaterThanOrEqual(6);
    expect(agent.requests.some((one) => one['op'] === 'cancel')).toBe(true);
  });

  it('[truth-5] a driver that hangs for ten minutes fills no queue of the core, which still hears of the client', async () => {
    fakeTimers();
    let hangs = false;
    const open = new Set<unknown>();
    let most = 0;
    const heard: number[] = [];
    let now = 0;
    const { client, agent } = await connect({
      intercept: ({ header: { op, id } }) => {
        if (!hangs) return false;
        heard.push(now);
        if (op !== 'received') open.add(id);
        most = Math.max(most, open.size);
        return true;
      },
    });
    const closed = vi.fn();
    client.onClose(closed);
    agent.send({ id: 0, t: 'mark', mark: 3 });
    hangs = true;
    const asked = Array.from({ length: 300 }, (_, i) =>
      code(client.read(request([{ offset: i, length: 1 }]), undefined, never)),
    );
    await expect.poll(() => open.size).toBeGreaterThan(100);
    for (; now < 600; now += 2.5) {
      agent.send({ id: 0, t: 'stuck', call: 'AIE_ENQUIRE_PART' });
      await vi.advanceTimersByTimeAsync(2500);
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['driver-hung']));
    // `bye` has room, too.
    expect(most).toBeLessThan(256);
    const silences = heard.slice(1).map((at, i) => at - (heard[i] ?? 0));
    expect(Math.max(...silences, now - (heard.at(-1) ?? 0))).toBeLessThanOrEqual(7.5);
    expect(agent.requests.filter(({ op }) => op === 'ping')).toHaveLength(1);
    expect(agent.requests.at(-1)).toMatchObject({ op: 'received', mark: 3 });
    expect(closed).not.toHaveBeenCalled();
    hangs = false;
    for (const id of open) agent.send({ id: Number(id), t: 'ok' });
    agent.send({ id: 0, t: 'stuck', call: '' });
    await vi.advanceTimersByTimeAsync(5000);
    expect(agent.requests.at(-1)?.['op']).toBe('ping');
    expect((await client.partitions(never)).partitions).not.toHaveLength(0);
  });

  it('with progress a request may take as long as it takes', async () => {
    fakeTimers();
    let send: (() => void) | undefined;
    const { client } = await connect({
      intercept: ({ header }, agent) => {
        if (header['op'] !== 'read') return false;
        let at = 0;
        send = () => {
          agent.send({ id: Number(header['id']), t: 'data', offset: at }, new Uint8Array(1));
          at++;
          if (at === 10) agent.send({ id: Number(header['id']), t: 'ok', epoch: 'e', at: 0 });
        };
        return true;
      },
    });
    const read = client.read(request([{ offset: 0, length: 10 }]), undefined, never);
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(20_000);
      send?.();
    }
    expect((await read).bytes[0]?.length).toBe(10);
  });

  it('offline after 15 s in which nothing came', async () => {
    fakeTimers();
    const { client } = await connect({ intercept: ({ header }) => header['op'] !== 'hello' });
    const closed: BoardError[] = [];
    client.onClose((error) => closed.push(error));
    const waiting = code(client.partitions(never));
    await vi.advanceTimersByTimeAsync(14_900);
    expect(closed).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_200);
    expect(closed).toMatchObject([{ code: 'connection-lost', facts: { host: 'loop' } }]);
    expect(await waiting).toBe('connection-lost');
    expect(await code(client.partitions(never))).toBe('connection-lost');
  });
});

describe('the end', () => {
  it('says bye, fails what runs, and is no loss', async () => {
    const { client, agent, array } = await connect();
    array.pause();
    const closed = vi.fn();
    client.onClose(closed);
    const waiting = code(client.read(request([{ offset: 0, length: 4 }]), undefined, never));
    await expect.poll(() => agent.requests.at(-1)?.['op']).toBe('read');
    await client.dispose();
    expect(await waiting).toBe('connection-lost');
    expect(agent.requests.at(-1)?.['op']).toBe('bye');
    expect(closed).not.toHaveBeenCalled();
    expect(await code(client.partitions(never))).toBe('connection-lost');
  });

  it('of the agent fails everything with its reason', async () => {
    const { client, agent, array } = await connect();
    array.pause();
    const closed = vi.fn();
    client.onClose(closed);
    const waiting = code(client.partitions(never));
    agent.die(new BoardError('agent-failed', 'signal 9'));
    expect(await waiting).toBe('agent-failed');
    expect(closed).toHaveBeenCalledOnce();
  });

  it("writes the agent's last words into the log, bounded and on one line each", async () => {
    const { agent, log } = await connect();
    agent.stderr.write('first\u001b[31m\nsecond');
    agent.stderr.end();
    await expect.poll(() => log.lines).toContain('warn agent: second');
    expect(log.lines).toContain('warn agent: first\ufffd[31m');
    const flood = await connect();
    flood.agent.stderr.write('x\n'.repeat(5000));
    await flood.client.partitions(never);
    expect(flood.log.lines.length).toBeLessThanOrEqual(1001);
  });
});

/** Answers of a hostile agent to one request of an operation. */
const hostile: [string, string, (id: number) => [Header, Uint8Array?][]][] = [
  ['data before the range', 'read', (id) => [[{ id, t: 'data', offset: 99 }, new Uint8Array(4)]]],
  ['data beyond the range', 'read', (id) => [[{ id, t: 'data', offset: 100 }, new Uint8Array(65)]]],
  [
    'data twice',
    'read',
    (id) => [
      [{ id, t: 'data', offset: 100 }, new Uint8Array(4)],
      [{ id, t: 'data', offset: 100 }, new Uint8Array(4)],
    ],
  ],
  ['data at no offset', 'read', (id) => [[{ id, t: 'data' }, new Uint8Array(4)]]],
  ['data at a fraction', 'read', (id) => [[{ id, t: 'data', offset: 100.5 }, new Uint8Array(4)]]],
  ['empty data', 'read', (id) => [[{ id, t: 'data', offset: 100 }]]],
  [
    'too few data',
    'read',
    (id) => [[{ id, t: 'data', offset: 100 }, new Uint8Array(63)], [{ id, t: 'ok', epoch: 'e' }]],
  ],
  ['half a span record', 'read', (id) => [[{ id, t: 'spans' }, new Uint8Array(11)]]],
  ['a span for no reason', 'read', (id) => [[{ id, t: 'spans' }, records(100, 64, 0)]]],
  ['a span for an unknown reason', 'read', (id) => [[{ id, t: 'spans' }, records(100, 64, 8)]]],
  ['an empty span', 'read', (id) => [[{ id, t: 'spans' }, records(100, 0, 1)]]],
  [
    'a span elsewhere',
    'read',
    (id) => [[{ id, t: 'spans' }, records(100, 64, 1, 300, 4, 1)], [{ id, t: 'ok', epoch: 'e' }]],
  ],
  ['no epoch', 'read', (id) => [[{ id, t: 'data', offset: 100 }, new Uint8Array(64)], [{ id, t: 'ok' }]]],
  [
    'a long epoch',
    'read',
    (id) => [[{ id, t: 'spans' }, records(100, 64, 1)], [{ id, t: 'ok', epoch: 'e'.repeat(600) }]],
  ],
  ['no hit at all', 'find', (id) => [[{ id, t: 'hits' }]]],
  ['half a hit', 'find', (id) => [[{ id, t: 'hits' }, new Uint8Array(3)]]],
  ['a hit before the range', 'find', (id) => [[{ id, t: 'hits' }, records(99)]]],
  ['a hit that ends behind the range', 'find', (id) => [[{ id, t: 'hits' }, records(161)]]],
  ['hits that overlap', 'find', (id) => [[{ id, t: 'hits' }, records(100, 103)]]],
  ['hits in the wrong order', 'find', (id) => [[{ id, t: 'hits' }, records(120, 100)]]],
  ['more hits than asked for', 'find', (id) => [[{ id, t: 'hits' }, records(100, 104, 108, 112)]]],
  ['progress of nothing', 'find', (id) => [[{ id, t: 'progress' }]]],
  ['data for a search', 'find', (id) => [[{ id, t: 'data', offset: 100 }, new Uint8Array(4)]]],
  ['a search of no epoch', 'find', (id) => [[{ id, t: 'ok' }]]],
  ['outcomes for a read', 'read', (id) => [[{ id, t: 'outcomes' }, records(100, 0, 0)]]],
  ['a frame without a kind', 'read', (id) => [[{ id }]]],
  ['a frame of no request', 'read', () => [[{ t: 'ok' }]]],
  ['a frame of a request never made', 'read', () => [[{ id: 4711, t: 'ok' }]]],
  ['an unknown unasked frame', 'read', () => [[{ id: 0, t: 'data', offset: 0 }]]],
  ['trace lines that are no text', 'read', () => [[{ id: 0, t: 'trace', lines: [1] }]]],
  ['a call that is no text', 'read', () => [[{ id: 0, t: 'stuck', call: 7 }]]],
  ['a refused start of no columns', 'read', () => [[{ id: 0, t: 'start-refused', startCol: 1, numCols: 0 }]]],
  ['an outcome for another word', 'write', (id) => [[{ id, t: 'outcomes' }, records(8, 0, 0)]]],
  ['an unknown outcome', 'write', (id) => [[{ id, t: 'outcomes' }, records(4, 5, 0)]]],
  ['a refusal without a reason', 'write', (id) => [[{ id, t: 'outcomes' }, records(4, 3, 0)]]],
  ['too many outcomes', 'write', (id) => [[{ id, t: 'outcomes' }, records(4, 0, 0, 8, 0, 0)]]],
  ['too few outcomes', 'write', (id) => [[{ id, t: 'ok', epoch: 'e' }]]],
  ['partitions that are no list', 'partitions', (id) => [[{ id, t: 'ok', free: [], partitions: 7 }]]],
  [
    'a partition of no columns',
    'partitions',
    (id) => [[{ id, t: 'ok', free: [], partitions: [partition({ numCols: 0 })] }]],
  ],
  [
    'a partition with a negative id',
    'partitions',
    (id) => [[{ id, t: 'ok', free: [], partitions: [partition({ id: -1 })] }]],
  ],
  [
    'an owner without a number',
    'partitions',
    (id) => [[{ id, t: 'ok', free: [], partitions: [partition({ inUse: true, owner: {} })] }]],
  ],
  [
    '300 partitions',
    'partitions',
    (id) => [[{ id, t: 'ok', free: [], partitions: Array(300).fill(partition({})) }]],
  ],
  ['a memory outside the columns', 'open', (id) => [[opened(id, memory({ startCol: 40 }))]]],
  ['a memory of 2 GiB', 'open', (id) => [[opened(id, memory({ bytesPerTile: 2 ** 24, numRows: 200 }))]]],
  ['a memory of odd size', 'open', (id) => [[opened(id, memory({ bytesPerTile: 1001 }))]]],
  ['a memory of unknown type', 'open', (id) => [[opened(id, memory({ type: 'cache' }))]]],
  ['no columns of what was opened', 'open', (id) => [[{ id, t: 'ok', memories: [memory({})] }]]],
  [
    '[shape-4] a partition without a key',
    'partitions',
    (id) => [[listed(id, [partition({ key: undefined })])]],
  ],
  ['[shape-4] a key of upper case', 'partitions', (id) => [[listed(id, [partition({ key: 'Ctx' })])]]],
  [
    '[shape-4] a key that leads elsewhere',
    'partitions',
    (id) => [[listed(id, [partition({ key: '../6_4' })])]],
  ],
  [
    '[shape-4] a key of 65 characters',
    'partitions',
    (id) => [[listed(id, [partition({ key: 'k'.repeat(65) })])]],
  ],
  [
    '[shape-4] two partitions of one key',
    'partitions',
    (id) => [[listed(id, [partition({}), partition({ startCol: 6 })])]],
  ],
  ['a memory twice', 'open', (id) => [[opened(id, memory({}), memory({}))]]],
  ['a gone owner that nobody held', 'partitions', (id) => [[listed(id, [partition({ ownerGone: true })])]]],
  [
    'a holder without a process',
    'partitions',
    (id) => [[listed(id, [partition({ inUse: true, hold: { pid: 0, since: 1, until: 2 } })])]],
  ],
  [
    'an owner of an unknown kind',
    'partitions',
    (id) => {
      const owner = { kind: 'ghost', pid: 1, command: 'a', startedAt: 0 };
      return [[listed(id, [partition({ inUse: true, owner })])]];
    },
  ],
  ['a picked that is no flag', 'partitions', (id) => [[listed(id, [partition({ picked: 1 })])]]],
  ['free columns that are no pairs', 'partitions', (id) => [[listed(id, [], [[4]])]]],
  [
    'free columns that overlap',
    'partitions',
    (id) => [
      [
        listed(
          id,
          [],
          [
            [0, 4],
            [3, 2],
          ],
        ),
      ],
    ],
  ],
  ['no free columns in a run', 'partitions', (id) => [[listed(id, [], [[0, 0]])]]],
  ['free columns at a fraction', 'partitions', (id) => [[listed(id, [], [[0.5, 1]])]]],
  ['free columns beyond any array', 'partitions', (id) => [[listed(id, [], [[5000, 1]])]]],
  ['an unknown family', 'describe', (id) => [[described(id, { family: 'x' })]]],
  ['findings that are no text', 'describe', (id) => [[described(id, { findings: [{}] })]]],
  ['an array that is no map', 'describe', (id) => [[described(id, { array: 'wide' })]]],
  ['an array of 5000 columns', 'describe', (id) => [[described(id, { array: shape({ numCols: 5000 }) })]]],
  ['rows that are no pair', 'describe', (id) => [[described(id, { array: shape({ core: [1] }) })]]],
  ['a row of two kinds', 'describe', (id) => [[described(id, { array: shape({ core: [0, 8] }) })]]],
  ['a negative row', 'describe', (id) => [[described(id, { array: shape({ core: [-1, 8] }) })]]],
  ['another tile than was asked for', 'status', (id) => [[tile(id, { col: 1 })]]],
  ['a tile of an unknown kind', 'status', (id) => [[tile(id, { kind: 'dsp' })]]],
  ['a tile for an unknown reason', 'status', (id) => [[tile(id, { reason: 8 })]]],
  ['a tile from nowhere', 'status', (id) => [[tile(id, { source: 'jtag' })]]],
  ['attributes of read registers', 'status', (id) => [[tile(id, { files: { core: 'status: enabled' } })]]],
  ['an attribute that is no text', 'status', (id) => [[tile(id, { source: 'sysfs', files: { core: 7 } })]]],
  [
    'an attribute of 17 KiB',
    'status',
    (id) => [[tile(id, { source: 'sysfs', files: { core: 'x'.repeat(17_000) } })]],
  ],
  ['an attribute with a path', 'status', (id) => [[tile(id, { source: 'sysfs', files: { '../mem': 'x' } })]]],
  [
    'a hundred attributes',
    'status',
    (id) => {
      const names = Array.from({ length: 100 }, (_, i) => `a${'b'.repeat(i % 30)}${'_'.repeat(i / 30)}`);
      return [[tile(id, { source: 'sysfs', files: Object.fromEntries(names.map((name) => [name, ''])) })]];
    },
  ],
  ['half a register', 'status', (id) => [[tile(id, {}), new Uint8Array(12)]]],
  ['a register at an odd offset', 'status', (id) => [[tile(id, {}), records(0x32002, 1)]]],
  ['a register outside the tile', 'status', (id) => [[tile(id, {}), records(0x100000, 1)]]],
  ['a register twice', 'status', (id) => [[tile(id, {}), records(0x32000, 1, 0x32000, 1)]]],
  ['a tile twice', 'status', (id) => [[tile(id, {})], [tile(id, {})]]],
  ['no tile', 'status', (id) => [[{ id, t: 'ok', epoch: 'e', waitMs: 0 }]]],
  ['a status without an epoch', 'status', (id) => [[tile(id, {})], [{ id, t: 'ok', waitMs: 0 }]]],
  [
    'a status whose next look comes in a year',
    'status',
    (id) => [[tile(id, {})], [{ id, t: 'ok', epoch: 'e', waitMs: 3e10 }]],
  ],
  ['data for a status', 'status', (id) => [[{ id, t: 'data', offset: 0 }, new Uint8Array(4)]]],
  ['clocks that are neither on nor off', 'clocks', (id) => [[{ id, t: 'ok', on: 'yes' }]]],
  ['clocks without an answer', 'clocks', (id) => [[{ id, t: 'ok' }]]],
];

function listed(id: number, partitions: readonly Header[], free: readonly unknown[] = []): Header {
  return { id, t: 'ok', partitions, free };
}

function opened(id: number, ...memories: readonly Header[]): Header {
  return { id, t: 'ok', startCol: 0, numCols: 4, memories };
}

function described(id: number, changes: Header): Header {
  const known = { device: 'd', family: 'unknown', generation: 'aie', findings: [] };
  return { ...listed(id, []), ...known, ...changes };
}

function shape(changes: Header): Header {
  return { numCols: 50, shim: [0, 1], memory: [1, 0], core: [1, 8], ...changes };
}

function tile(id: number, changes: Header): Header {
  return { id, t: 'tile', col: 0, row: 1, kind: 'core', reason: 0, source: 'registers', ...changes };
}

function records(...words: number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  words.forEach((one, i) => {
    new DataView(bytes.buffer).setUint32(4 * i, one, true);
  });
  return bytes;
}

function partition(changes: Header): Header {
  const place = { key: '0_4', id: 1, startCol: 0, numCols: 4, startRow: 0, numRows: 9 };
  const state = { inUse: false, ownerGone: false, picked: false, clocksOn: false, epoch: 'e' };
  return { ...place, ...state, ...changes };
}

function memory(changes: Header): Header {
  const place = { startCol: 0, numCols: 4, startRow: 1, numRows: 8 };
  return { type: 'data', ...place, bytesPerTile: 0x8000, tileBase: 0, writable: true, ...changes };
}

function call(client: CoreClient, op: string): Promise<unknown> {
  const { partition, memory: type, openTiles } = request([]);
  if (op === 'read') return client.read(request([{ offset: 100, length: 64 }]), undefined, never);
  if (op === 'find') {
    const pattern = { kind: 'bytes', values: new Uint8Array(4), masks: new Uint8Array(4) } as const;
    const ranges = [{ offset: 100, length: 64 }];
    return client.find({ ...request(ranges), pattern, most: 3 }, {}, never);
  }
  if (op === 'partitions') return client.partitions(never);
  if (op === 'open') return client.open(partition, false, never);
  if (op === 'describe') return client.describe(never);
  if (op === 'status') {
    return client.status({ partition, tiles: [{ col: 0, row: 1 }], detail: false }, never);
  }
  if (op === 'clocks') return client.setClocks(partition, true, never);
  const words = Uint32Array.of(4, 0, 1, 1);
  return client.write(
    { partition, memory: type, openTiles, epoch: 'e', force: false, besideOwner: false, words },
    never,
  );
}

describe('[main-10] a hostile agent', () => {
  it.each(hostile)('that sends %s (%s) ends the connection with protocol', async (_, op, frames) => {
    const { client } = await connect({
      intercept: ({ header }, agent) => {
        if (header['op'] !== op) return false;
        for (const [head, payload] of frames(Number(header['id']))) agent.send(head, payload);
        return true;
      },
    });
    const closed = vi.fn();
    client.onClose(closed);
    expect(await code(call(client, op))).toBe('protocol');
    expect(closed).toHaveBeenCalledOnce();
    expect(await code(client.partitions(never))).toBe('protocol');
  });

  it('that sends text with control characters has them shown harmlessly', async () => {
    const { client } = await connect({
      intercept: ({ header }, agent) => {
        if (header['op'] !== 'partitions') return false;
        const owner = { kind: 'process', pid: 1, command: 'a\n\u202eb\u001b[2J', startedAt: 0 };
        agent.send({
          id: Number(header['id']),
          t: 'ok',
          free: [],
          partitions: [partition({ inUse: true, owner })],
        });
        return true;
      },
    });
    const [one] = (await client.partitions(never)).partitions;
    expect(one?.owner?.command).toBe('a\ufffd\ufffdb\ufffd[2J');
  });

  it('cannot make up errors of the way to the host', async () => {
    const { client } = await connect({
      intercept: ({ header }, agent) => {
        if (header['op'] !== 'partitions') return false;
        agent.send({ id: Number(header['id']), t: 'error', code: 'host-key-changed', detail: 'x' });
        return true;
      },
    });
    expect(await code(client.partitions(never))).toBe('internal');
  });

  it(`whose frames are flipped anywhere gives right bytes or a typed error (seed ${seed})`, async () => {
    const random = new Random(seed + 7);
    const good = await connect();
    const expected = (await good.core.read(request([{ offset: 100, length: 64 }]), undefined, never))
      .bytes[0];
    const ends = new Map<string, number>();
    for (let run = 0; run < 120; run++) {
      const { client } = await connect({
        intercept: ({ header }, agent) => {
          if (header['op'] !== 'read') return false;
          const id = Number(header['id']);
          const all = Buffer.concat([
            encodeFrame({ id, t: 'data', offset: 100 }, expected),
            encodeFrame({ id, t: 'spans' }, records(132, 4, 1)),
            encodeFrame({ id, t: 'ok', epoch: '1.0', at: 5 }),
          ]);
          const bytes = Uint8Array.from(all);
          for (let i = 0; i <= random.below(3); i++) bytes[random.below(bytes.length)] = random.below(256);
          agent.raw(bytes);
          // What follows ends a request that still waits for a longer frame.
          agent.die(new BoardError('connection-lost', 'gone'));
          return true;
        },
      });
      const end = await client.read(request([{ offset: 100, length: 64 }]), undefined, never).then(
        (answer) => {
          expect(answer.bytes[0]?.length).toBe(64);
          return 'answered';
        },
        (error: unknown) => {
          expect(error).toBeInstanceOf(BoardError);
          return toBoardError(error).code;
        },
      );
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    expect(
      [...ends.keys()].filter(
        (end) => !['answered', 'protocol', 'connection-lost', 'internal', 'timeout'].includes(end),
      ),
    ).toEqual([]);
  });
});

describe('[attach-10] a hostile status', () => {
  it(`flipped anywhere gives the tiles that were asked or a typed error (seed ${seed})`, async () => {
    const random = new Random(seed + 8);
    const tiles = [
      { col: 0, row: 1 },
      { col: 3, row: 8 },
    ];
    for (let run = 0; run < 120; run++) {
      const { client } = await connect({
        intercept: ({ header }, agent) => {
          if (header['op'] !== 'status') return false;
          const id = Number(header['id']);
          const files = { core: 'status: enabled\npc: 0x000001ca\n', lock: '0: 1\n' };
          const all = Buffer.concat([
            encodeFrame(tile(id, {}), records(0x31100, 5, 0x32004, 1)),
            encodeFrame(tile(id, { col: 3, row: 8, source: 'sysfs', files }), records(0x1f120, 0)),
            encodeFrame({ id, t: 'ok', epoch: '1.0', at: 5 }),
          ]);
          const bytes = Uint8Array.from(all);
          for (let i = 0; i <= random.below(3); i++) bytes[random.below(bytes.length)] = random.below(256);
          agent.raw(bytes);
          agent.die(new BoardError('connection-lost', 'gone'));
          return true;
        },
      });
      const asked = client.status(
        { partition: simulatedKey(freeColumns), tiles, detail: false, asking: 'person' },
        never,
      );
      const end = await asked.then(
        (answer) => {
          expect(answer.tiles.map((one) => one.tile)).toEqual(tiles);
          for (const one of answer.tiles) {
            const texts = [...one.files.values()].join('');
            expect(texts.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
          }
          return 'answered';
        },
        (error: unknown) => toBoardError(error).code,
      );
      expect(['answered', 'protocol', 'connection-lost', 'internal', 'timeout']).toContain(end);
    }
  });
});

describe('the outbox', () => {
  it('stops at a full stream and lets urgent frames pass what waits', async () => {
    const taken: number[] = [];
    let release: (() => void) | undefined;
    const slow = new Writable({
      highWaterMark: 1,
      write: (chunk: Uint8Array, _, done) => {
        taken.push(chunk[0] ?? 0);
        release = done;
      },
    });
    const outbox = new Outbox(slow, () => undefined);
    let made = 0;
    outbox.send(
      (function* () {
        for (let i = 1; i <= 100; i++) {
          made++;
          yield Uint8Array.of(i);
        }
      })(),
      () => expect.fail('every frame can be made'),
    );
    expect(made).toBe(1);
    outbox.sendUrgent(Uint8Array.of(200));
    const step = async () => {
      release?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await step();
    await step();
    expect(taken.slice(0, 3)).toEqual([1, 200, 2]);
    expect(made).toBeLessThanOrEqual(3);
  });
});
