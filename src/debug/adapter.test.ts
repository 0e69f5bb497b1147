import { createServer, type Server } from 'node:net';
import { PassThrough } from 'node:stream';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { messagesIn, protocolFaults } from '../../test/debug/protocol.ts';
import { DwarfWriter, type MadeType, type MadeUnit } from '../../test/program/dwarf.ts';
import type { CoreState, Partition } from '../board/board.ts';
import { BoardError, toBoardError } from '../board/errors.ts';
import {
  freeColumns,
  ownedColumns,
  SimulatedArray,
  type SimulatedArrayOptions,
} from '../board/simulated/array.ts';
import { createSimulatedConnector } from '../board/simulated/connector.ts';
import { layout } from '../board/simulated/contents.ts';
import { Emitter } from '../model/event.ts';
import type { Tile } from '../model/geometry.ts';
import type { ElfFile } from '../model/program/elf.ts';
import { BoardLink } from '../session/link.ts';
import { ManualTime, settle } from '../session/scripted-board.ts';
import { type AdapterServices, ObservingAdapter, type ThreadOrder } from './adapter.ts';
import { CoreMemory } from './core-memory.ts';
import { Cores } from './cores.ts';
import { Halting } from './halting.ts';
import { CoreProgram } from './programs.ts';
import { Refused } from './refused.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]): string =>
    message.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
};

const int: MadeType = { kind: 'base', name: 'int', size: 4, encoding: 5 };

/** The graph's cores loop from 0x200 on, and wait in 0x3D0 or 0x4A0; they were called from before 0x1C0. */
const unit: MadeUnit = {
  version: 4,
  folder: '/work',
  files: ['src/fir.cc', 'src/main.cc'],
  functions: [
    {
      name: 'main',
      linkageName: 'main',
      ranges: [{ low: 0x100, high: 0x200 }],
      file: 1,
      line: 5,
      inlined: [],
    },
    {
      name: 'fir',
      linkageName: '_Z3firv',
      ranges: [{ low: 0x200, high: 0xa00 }],
      file: 0,
      line: 10,
      inlined: [
        { name: 'acquire', ranges: [{ low: 0x3c0, high: 0x3f0 }], file: 0, line: 16, column: 7, inlined: [] },
      ],
    },
  ],
  globals: [
    { name: 'counters', address: 0x38000 + layout.counters, type: { kind: 'array', of: int, counts: [4] } },
    { name: 'neighbour', address: 0x30000, type: int },
    { name: 'outside', address: 0x10, type: int },
  ],
  sequences: [
    { rows: [{ address: 0x100, file: 1, line: 6, column: 2 }], end: 0x200 },
    { rows: [{ address: 0x200, file: 0, line: 12, column: 3 }], end: 0xa00 },
  ],
};

/**
 * The same program with a line more for each of these addresses, from line 12 on, and with what it says of program memory.
 * `spellings`: of the path of these lines, in turn.
 */
function program(
  lines: readonly number[] = [0x200],
  segments: ElfFile['segments'] = [],
  { spellings = ['src/fir.cc'] } = {},
): CoreProgram {
  const files = [...unit.files, ...spellings.slice(1)];
  const rows = lines.map((address, i) => {
    const spelling = i % spellings.length;
    return { address, file: spelling === 0 ? 0 : unit.files.length + spelling - 1, line: 12 + i, column: 3 };
  });
  const [main, fir] = unit.sequences;
  const made = { ...unit, files, sequences: [main, { ...fir, rows }] as MadeUnit['sequences'] };
  const sections = new DwarfWriter(new Random(5)).write([made]).map(({ name, bytes }) => ({
    name,
    bytes,
    type: 1,
    flags: 0,
    address: 0,
    size: bytes.length,
    offset: 0,
  }));
  const symbols = [
    { name: 'ping', value: 0x38000 + layout.ping, size: 0x1000 },
    { name: 'counters', value: 0x38000 + layout.counters, size: 16 },
    { name: '_sp_start_value_DM_stack', value: 0x38000 + layout.stack, size: 0 },
    { name: '_sp_end_value_DM_stack', value: 0x38000 + layout.stack + layout.stackBytes, size: 0 },
  ].map((one) => ({ ...one, type: 'object', section: 0xfff1 }));
  return new CoreProgram({ machine: 264, flags: 1, sections, segments, symbols } as unknown as ElfFile);
}

/** What the adapters of all tests sent. */
const sessions: ReturnType<typeof messagesIn>[] = [];
afterAll(async () => expect(await protocolFaults(sessions)).toEqual([]));

class Bench {
  readonly time = new ManualTime();
  readonly array: SimulatedArray;
  readonly link: BoardLink;
  readonly client = new DebugClient('node', '', 'aie');
  readonly noted: unknown[] = [];
  /** What was said outside of the debug console. */
  readonly warned: string[] = [];
  /** What the adapter sent. */
  readonly sent: Buffer[] = [];
  core = program();
  readonly programsRead = new Emitter<void>();
  readonly dropChanged = vi.fn(async (): Promise<void> => undefined);
  order: ThreadOrder = 'place';
  columns = ownedColumns;
  adapter: ObservingAdapter | undefined;
  #server: Server | undefined;

  readonly services: AdapterServices = {
    attach: async (_configuration, signal) => {
      const note = (thrown: unknown) => this.noted.push(thrown);
      const info = this.link.partitions.find(({ columns }) => columns.startCol === this.columns.startCol);
      if (info === undefined) throw new Error('no such partition');
      const cores = new Cores(this.link, info, {
        after: (ms, act) => this.time.after(ms, act),
        note,
      });
      await cores.start(signal);
      const at = ({ col }: Tile) => (col === 8 ? undefined : this.core);
      // Each core has a program of its own: the same addresses have other instructions.
      const listing = async ({ col, row }: Tile) =>
        col === 8
          ? undefined
          : [0x1f8, 0x200, 0x204, 0x3c0, 0x3d0].map((address) => ({
              address,
              text: `op ${col}.${row} ${address}`,
            }));
      const { dropChanged } = this;
      const onDidChange = this.programsRead.event;
      const programs = { at, listing, dropChanged, onDidChange, dispose: () => undefined };
      const halting = new Halting(this.link, info, cores, this.time);
      return { cores, programs, memory: new CoreMemory(this.link, info), halting, order: this.order };
    },
    sourcePath: async (path) => (path.endsWith('fir.cc') ? `/home/me${path}` : undefined),
    errorText: (thrown) =>
      thrown instanceof Refused ? thrown.message : `${toBoardError(thrown).code}. Do this next.`,
    warn: (text) => this.warned.push(text),
    after: (ms, act) => this.time.after(ms, act),
    clock: () => '15:11:52',
    l10n,
  };

  constructor(options: SimulatedArrayOptions = {}) {
    this.array = new SimulatedArray({ now: () => this.time.now(), ...options });
    this.link = new BoardLink('desk', 'Desk', createSimulatedConnector({ array: this.array }), this.time);
  }

  async start(): Promise<void> {
    await this.link.connect();
    const server = createServer((socket) => {
      const adapter = new ObservingAdapter(this.services);
      adapter.setRunAsServer(true);
      const out = new PassThrough();
      out.on('data', (part: Buffer) => this.sent.push(part));
      out.pipe(socket);
      adapter.start(socket, out);
      this.adapter = adapter;
    });
    this.#server = server;
    const port = await new Promise<number>((done) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await this.client.start(port);
  }

  async attach(): Promise<void> {
    const { client } = this;
    await client.initializeRequest();
    await Promise.all([
      client.waitForEvent('initialized').then(() => client.configurationDoneRequest()),
      client.attachRequest({} as DebugProtocol.AttachRequestArguments),
    ]);
  }

  async threads(): Promise<{ id: number; name: string }[]> {
    return (await this.client.threadsRequest()).body.threads;
  }

  async threadOf(place: string): Promise<number> {
    return (await this.threads()).find(({ name }) => name.startsWith(place))?.id ?? 0;
  }

  /** All messages that the adapter sent. */
  get messages(): ReturnType<typeof messagesIn> {
    return messagesIn(Buffer.concat(this.sent));
  }

  /** Opens everything that can be opened of a core. */
  async openAll(threadId: number): Promise<void> {
    const { client } = this;
    await client.pauseRequest({ threadId });
    for (const frame of (await client.stackTraceRequest({ threadId })).body.stackFrames) {
      for (const scope of (await client.scopesRequest({ frameId: frame.id })).body.scopes) {
        const { variablesReference } = scope;
        const { variables } = (await client.variablesRequest({ variablesReference })).body;
        for (const one of variables.filter((inner) => inner.variablesReference > 0)) {
          await client.variablesRequest({ variablesReference: one.variablesReference });
        }
      }
    }
  }

  async dispose(): Promise<void> {
    await this.client.stop();
    sessions.push(this.messages);
    this.#server?.close();
    await this.link.disconnect();
  }
}

describe('a session that observes', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = new Bench();
    await bench.start();
  });
  afterEach(async () => bench.dispose());

  test('[debug-1] threads are the cores, named by place, state, function and line', async () => {
    await bench.attach();
    const names = (await bench.threads()).map(({ name }) => name);
    expect(names).toHaveLength(4 * 8);
    expect(names.slice(0, 2)).toEqual(['(6,1) runs · fir:12', '(6,2) runs · fir:12']);
    expect(names.filter((name) => name.startsWith('(7,2)'))).toEqual(['(7,2) lock north · fir:16']);
    expect(names.filter((name) => name.startsWith('(8,1)'))[0]).toMatch(/^\(8,1\) runs · 0x[0-9A-F]+$/);
    expect(names.at(-1)).toBe('(9,8) clock off');
    expect(bench.array.count('status')).toBe(1);
  });

  test('[debug-1] names follow the status: one read of all cores a second, one event, and none where nothing changed', async () => {
    await bench.attach();
    const thread = await bench.threadOf('(7,2)');
    const told = bench.client.waitForEvent('thread');
    bench.array.setActivity({ col: 7, row: 2 }, 'done');
    bench.time.advance(1000);
    expect((await told).body).toMatchObject({ reason: 'started' });
    expect((await bench.threads()).find(({ id }) => id === thread)?.name).toMatch(/^\(7,2\) done/);
    expect(bench.array.count('status')).toBe(2);
  });

  test('[shape-6] where the board would keep a look waiting, the next one comes later, and none waits there', async () => {
    // The board's wait stands still, however long a step of the test takes.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    bench.array.unaskedWaitMs = 4200;
    await bench.attach();
    expect(bench.array.count('status')).toBe(1);
    bench.time.advance(3000);
    await settle();
    expect(bench.array.count('status')).toBe(1);
    bench.array.unaskedWaitMs = 0;
    const told = bench.client.waitForEvent('thread');
    bench.array.setActivity({ col: 7, row: 2 }, 'done');
    bench.time.advance(1200);
    await told;
    expect(bench.array.count('status')).toBe(2);
  });

  test('programs that changed are dropped once an epoch begins, and not between', async () => {
    await bench.attach();
    const { array, time, dropChanged } = bench;
    const look = async (): Promise<void> => {
      const before = array.count('status');
      time.advance(1000);
      await vi.waitFor(() => expect(array.count('status')).toBeGreaterThan(before));
      await settle();
    };
    await look();
    expect(dropChanged).not.toHaveBeenCalled();
    array.reset(ownedColumns);
    await look();
    await look();
    expect(dropChanged).toHaveBeenCalledTimes(1);
  });

  test('[debug-1] ordered by state, those that hang come first', async () => {
    bench.order = 'state';
    await bench.attach();
    const names = (await bench.threads()).map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual([
      expect.stringMatching(/^\(7,2\) lock north/),
      expect.stringMatching(/^\(7,3\) lock south/),
    ]);
  });

  test('[debug-2] a pause takes a dated sample of one core and stops nothing', async () => {
    await bench.attach();
    const threadId = await bench.threadOf('(7,2)');
    const stopped = bench.client.waitForEvent('stopped');
    await bench.client.pauseRequest({ threadId });
    expect((await stopped).body).toMatchObject({
      reason: 'pause',
      description: 'Sample 15:11:52',
      threadId,
      allThreadsStopped: false,
    });
    // What the core does later does not change what was sampled.
    bench.array.setActivity({ col: 7, row: 2 }, 'running');
    bench.time.advance(1000);
    await bench.client.waitForEvent('thread');
    const { stackFrames } = (await bench.client.stackTraceRequest({ threadId })).body;
    expect(stackFrames.map(({ name, line, source }) => [name, line, source?.path])).toEqual([
      ['acquire', 12, '/home/me/work/src/fir.cc'],
      ['fir', 16, '/home/me/work/src/fir.cc'],
      // The link register points out of the function.
      ['main', 6, undefined],
    ]);
    const { scopes } = (await bench.client.scopesRequest({ frameId: stackFrames[0]?.id ?? 0 })).body;
    expect(scopes.map(({ name, expensive }) => [name, expensive])).toEqual([
      ['Core', false],
      ['Locks', false],
      ['DMA channels', false],
      ['Globals', true],
      ['Buffers', true],
      ['Stack', true],
    ]);
    const shown = await Promise.all(
      scopes.map(async ({ variablesReference }) =>
        (await bench.client.variablesRequest({ variablesReference })).body.variables.map(
          ({ name, value }) => `${name} ${value}`,
        ),
      ),
    );
    expect(shown[0]).toEqual([
      'Tile (7,2)',
      'State waits for a lock in the north',
      'PC 0x003D0',
      expect.stringMatching(/^SP 0x2[0-9A-F]{4}$/),
      'LR 0x001C0',
      'Read at 15:11:52',
    ]);
    expect(shown[1]).toHaveLength(16);
    expect(shown[2]?.length).toBeGreaterThan(1);
    const { allThreadsContinued } = (await bench.client.continueRequest({ threadId })).body;
    expect(allThreadsContinued).toBe(true);
    const [now] = (await bench.client.stackTraceRequest({ threadId })).body.stackFrames;
    expect(now?.name).toBe('fir');
  });

  test('[debug-2] the globals of a program have the bytes of its core, also those in a neighbour; only a person reads them', async () => {
    await bench.attach();
    const threadId = await bench.threadOf('(7,3)');
    const { client, array } = bench;
    array.poke('data', { col: 7, row: 3 }, layout.counters, [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    array.poke('data', { col: 7, row: 4 }, 0, [42, 0, 0, 0]);
    await client.pauseRequest({ threadId });
    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
    const globals = scopes.find(({ name }) => name === 'Globals');
    expect(globals?.expensive).toBe(true);
    expect(array.count('read')).toBe(0);
    const inScope = async (variablesReference: number, more = {}) =>
      (await client.variablesRequest({ variablesReference, ...more })).body.variables;
    const list = await inScope(globals?.variablesReference ?? 0);
    expect(array.count('read')).toBe(1);
    expect(list.map(({ name, type, value }) => [name, type, value])).toEqual([
      ['outside', 'int @ 0x00010', '?? (not in the data memory of this partition)'],
      ['neighbour', 'int @ 0x30000', '42'],
      [
        'counters',
        `int[4] @ 0x${(0x38000 + layout.counters).toString(16).toUpperCase()}`,
        expect.stringMatching(/^\{1, -1, /),
      ],
    ]);
    const [, , counters] = list;
    expect(counters?.indexedVariables).toBe(4);
    const elements = await inScope(counters?.variablesReference ?? 0, { start: 1, count: 2 });
    expect(elements.map(({ name, value }) => [name, value])).toEqual([
      ['[1]', '-1'],
      ['[2]', expect.any(String)],
    ]);
  });

  test('[debug-2] variables have references that name a place in the partition: of memory, of a neighbour, of the program', async () => {
    await bench.attach();
    const { client } = bench;
    const threadId = await bench.threadOf('(7,3)');
    await client.pauseRequest({ threadId });
    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
    const all = await Promise.all(
      scopes.map(
        async ({ variablesReference }) =>
          (await client.variablesRequest({ variablesReference })).body.variables,
      ),
    );
    const named = (name: string) => all.flat().find((one) => one.name === name);
    // Column 7 is the partition's second one, of 2^23 bytes; a row has 2^18.
    const inTile = (row: number, offset: number) => 2 ** 23 + row * 2 ** 18 + offset;
    const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
    const pc = Number(named('PC')?.value);
    expect(named('PC')?.memoryReference).toBe(hex(inTile(3, 0x20000 + pc)));
    expect(named('counters')?.memoryReference).toBe(hex(inTile(3, layout.counters)));
    expect(named('neighbour')?.memoryReference).toBe(hex(inTile(4, 0)));
    expect(named('outside')?.memoryReference).toBeUndefined();
    const { variablesReference = 0 } = named('counters') ?? {};
    const [, second] = (await client.variablesRequest({ variablesReference })).body.variables;
    expect(second?.memoryReference).toBe(hex(inTile(3, layout.counters + 4)));
    const place = (reference: string | undefined) => bench.adapter?.placeOf(reference ?? '');
    expect(place(second?.memoryReference)).toEqual({
      memory: 'data',
      tile: { col: 7, row: 3 },
      offset: layout.counters + 4,
    });
    expect(place(named('PC')?.memoryReference)).toEqual({
      memory: 'program',
      tile: { col: 7, row: 3 },
      offset: pc,
    });
    for (const none of ['', '0x', 'pc', '-12', '0x123456789']) expect(place(none)).toBeUndefined();
  });

  test('[debug-2] buffers that only symbols name, and the stack to its pointer, have the bytes of the core', async () => {
    await bench.attach();
    const { client, array } = bench;
    const tile = { col: 7, row: 3 };
    const threadId = await bench.threadOf('(7,3)');
    array.poke('data', tile, layout.ping, [0xab, 0xcd]);
    array.poke('data', tile, layout.stack + 0xf8, [0xc0, 0x01, 0, 0, 0x78, 0x56, 0x34, 0x12]);
    await client.pauseRequest({ threadId });
    const inScope = async (scope: string): Promise<DebugProtocol.Variable[]> => {
      const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
      const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
      const { variablesReference = 0 } = scopes.find(({ name }) => name === scope) ?? {};
      return (await client.variablesRequest({ variablesReference })).body.variables;
    };
    // The counters are a variable with a type.
    expect((await inScope('Buffers')).map(({ name, type, value }) => [name, type, value])).toEqual([
      ['ping', '4096 bytes @ 0x3A000', expect.stringMatching(/^AB CD( [0-9A-F]{2}){14} \.\.\.$/)],
    ]);
    const stack = (await inScope('Stack')).map(({ name, value }) => `${name} ${value}`);
    expect(stack.slice(0, 4)).toEqual([
      'Region 0x38000 to 0x383FF',
      'Used 256 of 1024 bytes',
      '0x380FC 0x12345678',
      '0x380F8 0x000001C0',
    ]);
    expect(stack).toHaveLength(2 + 0x100 / 4);
  });

  const readMemoryOf = async (
    args: DebugProtocol.ReadMemoryArguments,
  ): Promise<Pick<DebugProtocol.ReadMemoryResponse, 'body'>> =>
    bench.client.customRequest('readMemory', args);

  /** The references of a core's variables, by name; those of its first frame's instruction as `frame`. */
  const references = async (core: string): Promise<Map<string, string>> => {
    const { client } = bench;
    const threadId = await bench.threadOf(core);
    await client.pauseRequest({ threadId });
    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    const found = new Map([['frame', frame?.instructionPointerReference ?? '']]);
    const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
    for (const { variablesReference } of scopes) {
      for (const { name, memoryReference } of (await client.variablesRequest({ variablesReference })).body
        .variables) {
        if (memoryReference !== undefined) found.set(name, memoryReference);
      }
    }
    return found;
  };

  test('[debug-4] memory is read by reference, in one read, up to the first byte that cannot be read; it is not written', async () => {
    await bench.attach();
    const { array } = bench;
    const tile = { col: 7, row: 3 };
    array.poke('data', tile, layout.counters, [1, 2, 3, 4, 5, 6, 7, 8]);
    array.poke('data', tile, 0x7ffe, [0xaa, 0xbb]);
    const counters = (await references('(7,3)')).get('counters') ?? '';
    const readMemory = async (memoryReference: string, offset: number, count: number) => {
      const { body } = await readMemoryOf({ memoryReference, offset, count });
      const bytes = [...Buffer.from(body?.data ?? '', 'base64')];
      return { address: body?.address, bytes, unreadable: body?.unreadableBytes };
    };
    const reads = array.count('read');
    expect(await readMemory(counters, 0, 4)).toEqual({
      address: counters,
      bytes: [1, 2, 3, 4],
      unreadable: 0,
    });
    expect(array.count('read')).toBe(reads + 1);
    expect((await readMemory(counters, 4, 2)).bytes).toEqual([5, 6]);
    // A tile has 32 KiB; behind them there is nothing.
    const end = await readMemory(counters, 0x7ffe - layout.counters, 6);
    expect([end.bytes, end.unreadable]).toEqual([[0xaa, 0xbb], 4]);
    const behind = await readMemory(counters, 0x8000 - layout.counters, 16);
    expect([behind.bytes, behind.unreadable]).toEqual([[], 16]);
    expect((await readMemory(counters, -layout.counters, 1)).bytes).toHaveLength(1);
    expect((await readMemory(counters, -0x7fffffff, 8)).unreadable).toBe(8);
    // What VS Code asks for at a time.
    expect((await readMemory(counters, -layout.counters, 131_072)).bytes).toHaveLength(0x8000);
    await expect(readMemoryOf({ memoryReference: 'counters', count: 4 })).rejects.toThrow(
      /no place in the memory/,
    );
    array.failNext('read', toBoardError(new Error('broken')));
    await expect(readMemoryOf({ memoryReference: counters, count: 4 })).rejects.toThrow(/Do this next/);
  });

  test('[debug-4] memory of a tile whose clock is off is told as unreadable', async () => {
    await bench.attach();
    const counters = Number((await references('(7,3)')).get('counters'));
    // The last core of the last column: two columns and five rows on.
    const gated = counters + 2 * 2 ** 23 + 5 * 2 ** 18;
    const { body } = await readMemoryOf({ memoryReference: `${gated}`, count: 32 });
    expect([body?.data, body?.unreadableBytes]).toEqual(['', 32]);
  });

  test('[debug-4] works as the Memory Inspector has it: it follows capabilities, and asks by numbers of its own', async () => {
    const { client, array } = bench;
    const { body: capabilities } = await client.initializeRequest();
    // Its commands are there for sessions that can read; it offers no change without the other one.
    expect(capabilities?.supportsReadMemoryRequest).toBe(true);
    expect(capabilities?.supportsWriteMemoryRequest).toBeUndefined();
    await bench.attach();
    array.poke('data', { col: 7, row: 3 }, layout.counters, [1, 2, 3, 4]);
    const shown = BigInt((await references('(7,3)')).get('counters') ?? '');
    // It pads what it shows to whole rows and pages on, in lower case or decimal as a person typed.
    for (const typed of [`0x${(shown - 16n).toString(16)}`, (shown - 16n).toString()]) {
      const { body } = await readMemoryOf({ memoryReference: typed, offset: 0, count: 64 });
      expect(BigInt(body?.address ?? '')).toBe(shown - 16n);
      const bytes = Buffer.from(body?.data ?? '', 'base64');
      expect([...bytes.subarray(16, 20)]).toEqual([1, 2, 3, 4]);
      expect(bytes.length + (body?.unreadableBytes ?? 0)).toBe(64);
    }
  });

  test('[debug-4] instructions of two tiles with equal addresses are their own; as many come as were asked for', async () => {
    await bench.attach();
    const { client } = bench;
    const ask = async (memoryReference: string, instructionOffset: number, instructionCount: number) =>
      (await client.customRequest('disassemble', { memoryReference, instructionOffset, instructionCount }))
        .body.instructions as DebugProtocol.DisassembledInstruction[];
    const [here, there] = await Promise.all([references('(7,2)'), references('(7,3)')]);
    const all = new Set<string>();
    for (const [row, found] of [
      [2, here],
      [3, there],
    ] as const) {
      const list = await ask(found.get('frame') ?? '', -6, 10);
      expect(list.map(({ instruction, symbol, line }) => [instruction, symbol, line])).toEqual(
        row === 2
          ? [
              ['', undefined, undefined],
              ['', undefined, undefined],
              [`op 7.2 ${0x1f8}`, undefined, 6],
              [`op 7.2 ${0x200}`, 'fir', 12],
              [`op 7.2 ${0x204}`, undefined, undefined],
              [`op 7.2 ${0x3c0}`, undefined, undefined],
              [`op 7.2 ${0x3d0}`, undefined, undefined],
              ['', undefined, undefined],
              ['', undefined, undefined],
              ['', undefined, undefined],
            ]
          : expect.arrayContaining([[`op 7.3 ${0x200}`, 'fir', 12]]),
      );
      const addresses = list.map(({ address }) => Number(address));
      expect(addresses).toEqual([...addresses].sort((a, b) => a - b));
      for (const { address } of list) all.add(address);
    }
    expect(all.size).toBe(20);
    const [pc] = await ask(here.get('frame') ?? '', 0, 1);
    expect(pc?.address).toBe(here.get('frame'));
    await expect(ask(here.get('counters') ?? '', 0, 1)).rejects.toThrow(/no place/);
    const none = await references('(8,1)');
    await expect(ask(none.get('frame') ?? '', 0, 1)).rejects.toThrow(/"tilescope\.disassembler"/);
  });

  test('when another session stops its samples are dropped', async () => {
    await bench.attach();
    const threadId = await bench.threadOf('(7,2)');
    const stopped = bench.client.waitForEvent('stopped');
    await bench.client.pauseRequest({ threadId });
    await stopped;
    const continued = bench.client.waitForEvent('continued');
    bench.adapter?.dropSamples();
    expect((await continued).body).toMatchObject({ threadId, allThreadsContinued: true });
  });

  test('[debug-3] nothing is written, whatever the editor asks for; steps and breakpoints are refused in words', async () => {
    await bench.attach();
    const threadId = await bench.threadOf('(6,1)');
    const { client } = bench;
    const { body } = await client.initializeRequest();
    const capabilities = Object.keys(body ?? {});
    expect(capabilities.filter((one) => /write|set|step|breakpoint|terminate|restart/i.test(one))).toEqual(
      [],
    );
    const refused = async (command: string, args: object): Promise<string> => {
      const said: unknown = await client.customRequest(command, args).then(
        () => 'done',
        (error: unknown) => error,
      );
      return said instanceof Error ? said.message : String(said);
    };
    for (const command of ['next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue']) {
      expect(await refused(command, { threadId })).toMatch(/^The core is not stopped/);
    }
    for (const command of ['writeMemory', 'setVariable', 'setExpression']) {
      expect(await refused(command, { memoryReference: '0', data: 'AAAA', name: 'PC', value: '1' })).toMatch(
        /writes nothing/,
      );
    }
    for (const command of ['setInstructionBreakpoints', 'setFunctionBreakpoints', 'setDataBreakpoints']) {
      expect(await refused(command, { breakpoints: [{}] })).toMatch(/^Not set: /);
    }
    for (const command of ['launch', 'restart', 'terminate', 'goto', 'evaluate', 'source', 'no such thing']) {
      expect(await refused(command, { threadId })).not.toBe('done');
    }
    const { breakpoints } = (
      await client.setBreakpointsRequest({ source: { path: '/src/fir.cc' }, breakpoints: [{ line: 3 }] })
    ).body;
    expect(breakpoints).toEqual([
      { id: 1, verified: false, line: 3, message: expect.stringMatching(/only observes/) as string },
    ]);
    for (const { id } of await bench.threads()) await bench.openAll(id);
    await client.continueRequest({ threadId });
    expect(bench.array.count('read')).toBeGreaterThan(0);
    expect(bench.array.count('write')).toBe(0);
    expect(bench.array.count('kernel-descriptor')).toBe(0);
    expect(bench.array.count('clocks') + bench.array.count('hold')).toBe(0);
  });

  test('a refusal is shown to a person, but not that of a watch expression, which is evaluated at each stop', async () => {
    await bench.attach();
    for (const command of ['evaluate', 'goto']) {
      await expect(bench.client.customRequest(command, { expression: 'sum' })).rejects.toThrow();
    }
    const shown = bench.messages.flatMap(({ command, body }) => {
      const { error } = (body ?? {}) as { readonly error?: { readonly showUser?: boolean } };
      return error === undefined ? [] : [[command, error.showUser]];
    });
    expect(shown).toEqual([
      ['evaluate', false],
      ['goto', true],
    ]);
  });

  test('every kind of message that the adapter sends fits the protocol, whatever it is asked', async () => {
    await bench.attach();
    const { client } = bench;
    const threadId = await bench.threadOf('(7,3)');
    await bench.openAll(threadId);
    const found = await references('(7,3)');
    await client.customRequest('readMemory', { memoryReference: found.get('counters') ?? '', count: 64 });
    const memoryReference = found.get('frame') ?? '';
    await client.customRequest('disassemble', {
      memoryReference,
      instructionOffset: -6,
      instructionCount: 10,
    });
    await client.setBreakpointsRequest({ source: { path: '/src/fir.cc' }, breakpoints: [{ line: 3 }] });
    await client.setExceptionBreakpointsRequest({ filters: [] });
    await expect(client.nextRequest({ threadId })).rejects.toThrow(/not stopped/);
    const heard = ['thread', 'output', 'continued'].map((name) => client.waitForEvent(name));
    bench.array.setActivity({ col: 7, row: 2 }, 'done');
    bench.time.advance(1000);
    bench.adapter?.say('said');
    bench.adapter?.dropSamples();
    await Promise.all(heard);
    await client.continueRequest({ threadId });
    await client.disconnectRequest();
    const kinds = bench.messages.map(({ type, event, command }) => (type === 'event' ? event : command));
    expect([...new Set(kinds)].sort()).toEqual([
      'attach',
      'configurationDone',
      'continue',
      'continued',
      'disassemble',
      'disconnect',
      'initialize',
      'initialized',
      'next',
      'output',
      'pause',
      'readMemory',
      'scopes',
      'setBreakpoints',
      'setExceptionBreakpoints',
      'stackTrace',
      'stopped',
      'thread',
      'threads',
      'variables',
    ]);
    expect(await protocolFaults([bench.messages])).toEqual([]);
    // What does not fit is found.
    const [first, , third] = bench.messages;
    const wrong = [{ ...first, body: { supportsMagic: true } }, third] as typeof bench.messages;
    expect((await protocolFaults([wrong])).join('\n')).toMatch(/^its number is not 2: .*\n.*supportsMagic/);
  });

  test('a partition that nobody uses is looked at once, and not taken again by itself', async () => {
    bench.columns = freeColumns;
    await bench.attach();
    bench.time.advance(1000);
    await bench.threads();
    expect(bench.noted).toEqual([]);
  });

  test('what fails is said with its next step: at the start, in a pause, and while it follows', async () => {
    bench.array.failNext('status', toBoardError(new Error('broken')));
    await bench.client.initializeRequest();
    await expect(bench.client.attachRequest({} as never)).rejects.toThrow(/Do this next\./);
    await bench.attach();
    await expect(bench.client.pauseRequest({ threadId: 1 })).rejects.toThrow(/no core in tile \(-1,1\)/);
    const said = bench.client.waitForEvent('output');
    bench.array.failNext('status', toBoardError(new Error('broken')));
    bench.time.advance(1000);
    expect((await said).body).toMatchObject({
      category: 'important',
      output: expect.stringContaining('next'),
    });
  });
});

test('[debug-1] 400 cores cost one request each for threads and status, and no delay', async () => {
  const bench = new Bench({ dynamic: true });
  const columns = { startCol: 0, numCols: 50 };
  bench.array.exitOwner();
  bench.array.own(columns);
  bench.columns = columns;
  for (let col = 0; col < 50; col++) {
    for (let row = 1; row <= 8; row++) {
      bench.array.gate({ col, row }, false);
      bench.array.setActivity({ col, row }, 'running');
    }
  }
  await bench.start();
  await bench.attach();
  const before = process.cpuUsage();
  const names = (await bench.threads()).map(({ name }) => name);
  const spent = process.cpuUsage(before).user / 1000;
  expect(names).toHaveLength(400);
  expect(names.filter((name) => / · fir:12$/.test(name))).toHaveLength(392);
  expect(bench.array.count('status')).toBe(1);
  expect(spent).toBeLessThan(500);
  await bench.dispose();
});

describe('[debug-6] a session that may halt', () => {
  const tile: Tile = { col: 6, row: 1 };
  let bench: Bench;
  let threadId: number;
  beforeEach(async () => {
    bench = new Bench();
    await bench.start();
    await bench.attach();
    threadId = await bench.threadOf('(6,1)');
  });
  afterEach(async () => bench.dispose());

  const allow = (): Promise<void> | undefined =>
    bench.adapter?.halting?.allow(bench.array.epoch(ownedColumns));
  const debugStatus = (of = tile): number => bench.array.core(of).at(bench.time.now()).debugStatus;
  const stoppedBy = async (ask: () => Promise<unknown>): Promise<unknown> => {
    const told = bench.client.waitForEvent('stopped');
    await ask();
    return (await told).body;
  };
  const source = { path: '/home/me/work/src/fir.cc' };
  /** Where cores are, as offsets in the partition say it: `(6,1)` begins at 0x40000, program memory 0x20000 behind that. */
  const reference = (address: number): string => `0x${(0x60000 + address).toString(16)}`;
  const pc = async (): Promise<string | undefined> =>
    (await bench.client.stackTraceRequest({ threadId })).body.stackFrames[0]?.instructionPointerReference;

  test('halts by Pause only once a person allowed it, steps one instruction, and lets go by Continue', async () => {
    const { client } = bench;
    expect(await stoppedBy(() => client.pauseRequest({ threadId }))).toMatchObject({
      description: 'Sample 15:11:52',
    });
    expect(bench.array.core(tile).isUntouched).toBe(true);
    await client.continueRequest({ threadId });
    await allow();
    expect(await stoppedBy(() => client.pauseRequest({ threadId }))).toEqual({
      ...{ reason: 'pause', description: 'Halted', threadId, allThreadsStopped: false },
    });
    expect(debugStatus()).toBe(1);
    const before = await pc();
    bench.time.advance(5000);
    expect(await pc()).toBe(before);
    for (const ask of [
      () => client.stepInRequest({ threadId }),
      () => client.nextRequest({ threadId, granularity: 'instruction' }),
    ]) {
      expect(await stoppedBy(ask)).toMatchObject({ reason: 'step', description: 'Halted' });
    }
    expect(Number(await pc()) - Number(before)).toBe(32);
    expect((await client.continueRequest({ threadId })).body.allThreadsContinued).toBe(true);
    expect(bench.array.core(tile).isUntouched).toBe(true);
    await expect(client.nextRequest({ threadId })).rejects.toThrow(/not stopped/);
  });

  test('a core that stands has its registers in a list of their own, a sample has none', async () => {
    const { client } = bench;
    const registers = async (): Promise<DebugProtocol.Variable[]> => {
      const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
      const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
      const list = scopes.find(({ name }) => name === 'Registers');
      return list === undefined ? [] : (await client.variablesRequest(list)).body.variables;
    };
    const lists = async (): Promise<string[]> =>
      (await registers()).map(({ name, value }) => `${name} ${value}`);
    const references = async (): Promise<string[]> =>
      (await registers()).flatMap(({ name, memoryReference }) => (memoryReference ? [name] : []));
    await stoppedBy(() => client.pauseRequest({ threadId }));
    expect(await lists()).toEqual([]);
    await client.continueRequest({ threadId });
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const found = await lists();
    const { counter } = bench.array.core(tile).at(bench.time.now());
    const hex = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
    const numbered = (name: string, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${name}${i}`);
    expect(found.map((one) => one.split(' ')[0])).toEqual([
      ...['PC', 'SP', 'LR', 'FC'],
      ...numbered('r', 16),
      ...numbered('p', 8),
      ...numbered('m', 8),
      ...['LS', 'LE', 'LC'],
    ]);
    expect(found[0]).toBe(`PC ${hex(counter)}`);
    expect(found).toContain(`r3 ${hex(counter * 0x101 + 0x3000000)}`);
    // A step has other words, a pointer leads to its bytes.
    await stoppedBy(() => client.stepInRequest({ threadId }));
    expect(await lists()).toContain(`r3 ${hex((counter + 16) * 0x101 + 0x3000000)}`);
    expect(await references()).toEqual(['SP', ...numbered('p', 8)]);
    // It goes on behind our back: no half of it is told.
    bench.array.core(tile).resume(bench.time.now());
    expect(await lists()).toEqual([expect.stringMatching(/^Registers \?\? /)]);
  });

  test('lets one core go while another stands, and drops samples beside them', async () => {
    const { client } = bench;
    const other = await bench.threadOf('(6,2)');
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    await stoppedBy(() => client.pauseRequest({ threadId: other }));
    bench.adapter?.dropSamples();
    expect((await client.continueRequest({ threadId })).body.allThreadsContinued).toBe(false);
    expect([debugStatus(), debugStatus({ col: 6, row: 2 })]).toEqual([0, 1]);
    await client.disconnectRequest();
    expect(bench.array.core({ col: 6, row: 2 }).isUntouched).toBe(true);
  });

  /** The stopped threads, as events alone tell them. */
  const stoppedThreads = (): Set<number> => {
    const stopped = new Set<number>();
    const { client } = bench;
    client.on('stopped', ({ body }: DebugProtocol.StoppedEvent) => stopped.add(body.threadId ?? 0));
    client.on('continued', ({ body }: DebugProtocol.ContinuedEvent) => {
      if (body.allThreadsContinued === true) stopped.clear();
      else stopped.delete(body.threadId);
    });
    return stopped;
  };

  test('each core that goes on, and each sample that is let go beside one that stands, is told; one that stands without a sample stays', async () => {
    const { client } = bench;
    const [second, third, fourth] = await Promise.all(
      ['(6,2)', '(7,2)', '(7,3)'].map((one) => bench.threadOf(one)),
    );
    const stopped = stoppedThreads();
    const pause = (thread = 0): Promise<unknown> =>
      stoppedBy(() => client.pauseRequest({ threadId: thread }));
    await allow();
    await pause(threadId);
    bench.array.failNext('status', lost());
    await pause(second);
    // A core that does not stand has a sample.
    for (const one of [third, fourth]) {
      await nextActIsNotDone();
      await pause(one);
    }
    expect([...stopped]).toEqual([threadId, second, third, fourth]);
    // Of a halted core alone, with all others as they are.
    expect((await client.continueRequest({ threadId })).body.allThreadsContinued).toBe(false);
    await vi.waitFor(() => expect([...stopped]).toEqual([second, third, fourth]));
    expect((await client.continueRequest({ threadId: third ?? 0 })).body.allThreadsContinued).toBe(false);
    await vi.waitFor(() => expect([...stopped]).toEqual([second]));

    await nextActIsNotDone();
    await pause(third);
    bench.adapter?.dropSamples();
    await vi.waitFor(() => expect([...stopped]).toEqual([second]));
    expect((await client.continueRequest({ threadId: second ?? 0 })).body.allThreadsContinued).toBe(true);
    await vi.waitFor(() => expect(stopped.size).toBe(0));
  });

  test('a step that waits for a lock stops the thread when it is over', async () => {
    const { client } = bench;
    const waiting = { col: 7, row: 2 };
    const thread = await bench.threadOf('(7,2)');
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId: thread }));
    await client.stepInRequest({ threadId: thread });
    expect(debugStatus(waiting)).toBe(0);
    const told = client.waitForEvent('stopped');
    bench.array.setActivity(waiting, 'running');
    bench.time.advance(1000);
    expect((await told).body).toMatchObject({ reason: 'step', threadId: thread, description: 'Halted' });
  });

  test.each([
    ['the partition changes hands', () => bench.array.reset(ownedColumns)],
    ['the connection breaks', () => bench.array.drop()],
  ])('ends with words when %s, and the cores go on', async (_, change) => {
    const { client } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const said = client.waitForEvent('output');
    const continued = client.waitForEvent('continued');
    change();
    expect((await said).body.output).toMatch(/^Halting has ended/);
    expect((await continued).body).toMatchObject({ threadId });
    expect(debugStatus()).toBe(0);
    expect(bench.adapter?.halting?.isAllowed).toBe(false);
  });

  test('leaves alone what another debugger uses, and says what was found', async () => {
    await allow();
    bench.array.core(tile).halt(bench.time.now());
    const said = bench.client.waitForEvent('output');
    expect(await stoppedBy(() => bench.client.pauseRequest({ threadId }))).toMatchObject({
      description: 'Sample 15:11:52',
    });
    expect((await said).body.output).toMatch(/debug-in-use/);
    await bench.client.continueRequest({ threadId });
    expect(debugStatus()).toBe(1);
  });

  /** The next act is done, but the core says so much of it. */
  const nextAct = async (answer: (done: CoreState) => CoreState): Promise<void> => {
    const opened = await partition();
    const act = opened.actOnCore.bind(opened);
    vi.spyOn(opened, 'actOnCore').mockImplementationOnce(async (...given) => answer(await act(...given)));
  };
  const partition = (): Promise<Partition> =>
    bench.link.open(bench.array.keyOf(ownedColumns), new AbortController().signal);
  /** The next act is not done: the core's clock is off for a moment. */
  const nextActIsNotDone = async (): Promise<void> => {
    const notDone: CoreState = { reason: 'gated', status: 0, debugStatus: 0, counter: 0 };
    vi.spyOn(await partition(), 'actOnCore').mockResolvedValueOnce(notDone);
  };

  test('a core that does not stand is let go on, and a sample is taken of it; the reason is named', async () => {
    const { client } = bench;
    await allow();
    const said = client.waitForEvent('output');
    await nextAct((done) => ({ ...done, status: 1 }));
    expect(await stoppedBy(() => client.pauseRequest({ threadId }))).toMatchObject({
      description: 'Sample 15:11:52',
    });
    expect((await said).body.output).toMatch(/^Core \(6,1\) did not halt: Its registers .* try again\.\n$/);
    expect(bench.array.core(tile).isUntouched).toBe(true);
    await client.continueRequest({ threadId });

    const other = { col: 6, row: 2 };
    const thread = await bench.threadOf('(6,2)');
    const gated = client.waitForEvent('output');
    bench.array.gate(other, true);
    await stoppedBy(() => client.pauseRequest({ threadId: thread }));
    expect((await gated).body.output).toMatch(/^Core \(6,2\) did not halt: The clock of this tile is off\./);
    // The sample can be dropped all the same.
    await client.continueRequest({ threadId: thread });
    bench.array.gate(other, false);
    expect(bench.array.core(other).isUntouched).toBe(true);
  });

  test('a halt whose answer is lost is taken back; where that fails too, Continue does it', async () => {
    const { client, array } = bench;
    await allow();
    const pause = async (): Promise<void> =>
      expect(await stoppedBy(() => client.pauseRequest({ threadId }))).toMatchObject({
        description: 'Sample 15:11:52',
      });
    array.failNext('halt', new BoardError('timeout', 'no answer'), 'after');
    await pause();
    expect(array.core(tile).isUntouched).toBe(true);
    await client.continueRequest({ threadId });
    array.failNext('halt', new BoardError('timeout', 'no answer'), 'after');
    array.failNext('halt', new BoardError('timeout', 'not sent'), 'before');
    await pause();
    expect(debugStatus()).toBe(1);
    await client.continueRequest({ threadId });
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('a core that was halted is told to stand, although its sample failed', async () => {
    await allow();
    bench.array.failNext('status', new BoardError('timeout', 'no answer'));
    expect(await stoppedBy(() => bench.client.pauseRequest({ threadId }))).toMatchObject({
      description: 'Halted',
    });
  });

  test('a core that could not be told to go on, or to step, still stands; that is said with the reason', async () => {
    const { client } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    await nextActIsNotDone();
    await expect(client.stepInRequest({ threadId })).rejects.toThrow(/could not be stepped: The clock/);
    await nextActIsNotDone();
    await expect(client.continueRequest({ threadId })).rejects.toThrow(/told to go on: The clock .* again/);
    bench.array.failNext('halt', new BoardError('timeout', 'not sent'));
    await expect(client.stepInRequest({ threadId })).rejects.toThrow(/timeout/);
    expect(await stoppedBy(() => client.stepInRequest({ threadId }))).toMatchObject({ reason: 'step' });
    await client.continueRequest({ threadId });
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('a core that somebody let go on is not stepped, and the editor hears that it runs', async () => {
    const { client } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    bench.array.core(tile).resume(bench.time.now());
    const continued = client.waitForEvent('continued');
    await expect(client.stepInRequest({ threadId })).rejects.toThrow(/not halted any more/);
    expect((await continued).body).toMatchObject({ threadId });
  });

  test('only a look that began behind a step, and none behind Continue, says that it has ended', async () => {
    const { client, array } = bench;
    const waiting = { col: 7, row: 2 };
    const thread = await bench.threadOf('(7,2)');
    const stops: unknown[] = [];
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId: thread }));
    // What is known of it from before the step: it stands.
    const look = async (): Promise<void> => {
      const before = array.count('status');
      bench.time.advance(1000);
      await vi.waitFor(() => expect(array.count('status')).toBe(before + 1));
      await settle();
    };
    await look();
    const { halting } = bench.adapter ?? {};
    halting?.onDidStop((one) => stops.push(one));
    await client.stepInRequest({ threadId: thread });
    array.failNext('status', new BoardError('timeout', 'no answer'));
    await look();
    expect(stops).toEqual([]);
    expect(halting?.isHalted(waiting)).toBe(false);
    await client.continueRequest({ threadId: thread });
    array.core(waiting).halt(bench.time.now());
    await look();
    expect(stops).toEqual([]);
  });

  test('an end that the board did not hear is told, and asked for again while it is connected', async () => {
    const { client, array, time } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    for (let i = 0; i < 2; i++) array.failNext('halt', new BoardError('timeout', 'not sent'));
    await expect(client.disconnectRequest()).rejects.toThrow(/did not say that .* asked again by itself/);
    expect(bench.warned).toEqual([]);
    expect(debugStatus()).toBe(1);
    await time.pass(1000);
    expect(debugStatus()).toBe(1);
    await time.pass(2000);
    expect(array.core(tile).isUntouched).toBe(true);
    expect(time.planned).toEqual([]);
  });

  test('cores that could not be reached at the end are counted', async () => {
    const { client } = bench;
    await allow();
    vi.spyOn(await partition(), 'endHalting').mockResolvedValueOnce(2);
    const said = client.waitForEvent('output');
    await client.disconnectRequest();
    expect((await said).body.output).toMatch(/^2 cores could not be let go on yet/);
    expect(bench.warned).toEqual([]);
  });

  test.each([
    ['an end that the board did not hear', /^The board did not say/, () => Promise.reject(lost())],
    ['cores that could not be reached', /^2 cores could not be let go on yet/, () => Promise.resolve(2)],
  ])(
    '%s: told outside of the session, where an editor does not wait for it any more',
    async (_, said, come) => {
      const { client, time, warned } = bench;
      await allow();
      await stoppedBy(() => client.pauseRequest({ threadId }));
      let answer = (): void => undefined;
      const late = new Promise<void>((done) => {
        answer = done;
      });
      const end = vi.spyOn(await partition(), 'endHalting').mockImplementationOnce(() => late.then(come));
      const ended = client.disconnectRequest().catch(() => undefined);
      await vi.waitFor(() => expect(end).toHaveBeenCalled());
      time.advance(2000);
      expect(warned).toEqual([]);
      answer();
      await ended;
      expect(warned).toEqual([expect.stringMatching(said)]);
      expect(bench.messages.filter(({ event }) => event === 'output')).toEqual([]);
    },
  );

  test('a session that ends while it is being allowed ends that too', async () => {
    const { client, array } = bench;
    const resume = array.pause();
    const allowed = expect(allow()).rejects.toMatchObject({ code: 'cancelled' });
    await vi.waitFor(() => expect(array.count('halt')).toBe(1));
    const ended = client.disconnectRequest();
    await vi.waitFor(() => expect(array.count('halt')).toBe(2));
    resume();
    await Promise.all([allowed, ended]);
  });

  test('a partition is allowed to one session at a time: the end of one would let the cores of the other go', async () => {
    const { array, link } = bench;
    const info = link.partitions.find(({ columns }) => columns.startCol === ownedColumns.startCol);
    if (info === undefined) throw new Error('no such partition');
    const cores = new Cores(link, info, { after: (ms, act) => bench.time.after(ms, act), note: () => 0 });
    const other = new Halting(link, info, cores, bench.time);
    onTestFinished(() => {
      other.dispose();
      cores.dispose();
    });
    const epoch = array.epoch(ownedColumns);
    await allow();
    await stoppedBy(() => bench.client.pauseRequest({ threadId }));
    await expect(other.allow(epoch)).rejects.toMatchObject({
      code: 'no-halting',
      facts: { why: 'other-session' },
    });
    expect(await other.end()).toBe(0);
    // Allowed once more, the cores that stand go on standing.
    await allow();
    expect(debugStatus()).toBe(1);
    await bench.client.disconnectRequest();
    const third = new Halting(link, info, cores, bench.time);
    await third.allow(epoch);
    expect(third.isAllowed).toBe(true);
    await third.end();
  });

  const setLines = async (...lines: number[]): Promise<DebugProtocol.Breakpoint[]> =>
    (await bench.client.setBreakpointsRequest({ source, breakpoints: lines.map((line) => ({ line })) })).body
      .breakpoints;
  const lines = [0x200, 0x240, 0x280, 0x300, 0x400];
  /** A whole round of the cores' loop, with a look at all cores after each second. */
  const pass = async (): Promise<void> => {
    for (let second = 0; second < 2; second++) {
      const before = bench.array.count('status');
      bench.time.advance(1000);
      await vi.waitFor(() => expect(bench.array.count('status')).toBeGreaterThan(before));
      await settle();
    }
  };

  test('breakpoints are not set before a person allowed it; then they are, in each core whose program has the line', async () => {
    bench.core = program(lines);
    const [before] = await setLines(14);
    expect(before).toMatchObject({ verified: false, message: expect.stringMatching(/only observes/) });
    expect(bench.array.core(tile).isUntouched).toBe(true);
    await expect(
      bench.client.customRequest('setInstructionBreakpoints', { breakpoints: [] }),
    ).rejects.toThrow(/only observes/);
    const changed = bench.client.waitForEvent('breakpoint');
    const may = bench.client.waitForEvent('capabilities');
    await allow();
    expect((await may).body.capabilities).toEqual({
      supportsInstructionBreakpoints: true,
      supportsSteppingGranularity: true,
    });
    expect((await changed).body).toMatchObject({
      reason: 'changed',
      breakpoint: { id: before?.id, verified: true, line: 14 },
    });
    expect(bench.adapter?.halting?.breakpointsOf(tile)).toEqual([0x280]);
    expect(bench.adapter?.halting?.breakpointsOf({ col: 8, row: 1 })).toEqual([]);
    expect(await stoppedBy(pass)).toMatchObject({ reason: 'breakpoint', description: 'Halted' });
  });

  const setInstructions = async (...wanted: DebugProtocol.InstructionBreakpoint[]) =>
    (await bench.client.customRequest('setInstructionBreakpoints', { breakpoints: wanted })).body
      .breakpoints as DebugProtocol.Breakpoint[];
  const breakpointsOf = (of = tile): readonly number[] | undefined =>
    bench.adapter?.halting?.breakpointsOf(of);

  test('an instruction breakpoint is one of its core only; a third address of a core is refused, and fits once another is gone', async () => {
    bench.core = program(lines);
    await allow();
    const [at, other] = [
      { instructionReference: reference(0x240) },
      { instructionReference: reference(0x280) },
    ];
    expect(await setInstructions(at, { ...at, offset: 0x40 })).toMatchObject([
      { verified: true, instructionReference: at.instructionReference },
      { verified: true },
    ]);
    expect([breakpointsOf(), breakpointsOf({ col: 6, row: 2 })]).toEqual([[0x240, 0x280], []]);
    const [third] = await setLines(15);
    // The other cores have it.
    expect(third).toMatchObject({ verified: true, message: expect.stringMatching(/core \(6,1\).* two /) });
    expect(breakpointsOf({ col: 6, row: 2 })).toEqual([0x300]);
    await setInstructions(other);
    expect(new Set(breakpointsOf())).toEqual(new Set([0x280, 0x300]));
    await expect(setInstructions({ instructionReference: '0x10' })).rejects.toThrow(/no place/);
    await setInstructions();
    await setLines();
    expect(bench.array.core(tile).isUntouched).toBe(true);
    await expect(bench.client.customRequest('setFunctionBreakpoints', { breakpoints: [] })).rejects.toThrow(
      /lines and instructions only/,
    );
  });

  test('an instruction breakpoint that was removed behind the end of halting is not there when it is allowed again', async () => {
    const { client, array } = bench;
    bench.core = program(lines);
    await allow();
    expect(await setInstructions(at(0x240))).toMatchObject([{ verified: true }]);
    const told = client.waitForEvent('capabilities');
    array.reset(ownedColumns);
    // The editor goes on telling of them.
    expect((await told).body.capabilities).toEqual({ supportsSteppingGranularity: false });
    expect(await setInstructions(at(0x280))).toMatchObject([
      { verified: false, message: expect.stringMatching(/only observes/) },
    ]);
    expect(await setInstructions()).toEqual([]);
    await allow();
    await setLines(15);
    expect(breakpointsOf()).toEqual([0x300]);
  });

  test('a file that a program spells in several ways is one file, by whichever of them it is named', async () => {
    bench.core = program(lines, [], { spellings: ['src/fir.cc', 'build/../src/fir.cc'] });
    await allow();
    // The first two lines are in different spellings of it.
    const [first, second] = await setLines(12, 13);
    expect([first, second]).toMatchObject([
      { verified: true, line: 12 },
      { verified: true, line: 13 },
    ]);
    expect(breakpointsOf()).toEqual([0x200, 0x240]);
    const removed = await bench.client.setBreakpointsRequest({
      source: { path: '/home/me/work/build/../src/fir.cc' },
      breakpoints: [{ line: 14 }],
    });
    expect(removed.body.breakpoints).toMatchObject([{ verified: true, line: 14 }]);
    expect(breakpointsOf()).toEqual([0x280]);
    await setLines();
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('a breakpoint with a condition, a hit count or a log message halts no core; its neighbours do', async () => {
    bench.core = program(lines);
    await allow();
    const { breakpoints } = (
      await bench.client.setBreakpointsRequest({
        source,
        breakpoints: [
          { line: 12, condition: 'i == 3' },
          { line: 13, condition: '', hitCondition: '', logMessage: '' },
          { line: 14, hitCondition: '5' },
          { line: 15, logMessage: 'i is {i}' },
        ],
      })
    ).body;
    const refused = { verified: false, message: expect.stringMatching(/^Not set: .*without them/) as string };
    expect(breakpoints).toMatchObject([refused, { verified: true, line: 13 }, refused, refused]);
    expect(breakpointsOf()).toEqual([0x240]);
    const wanted = { ...at(0x300), condition: 'r0 == 1' };
    expect(await setInstructions(wanted, at(0x280))).toMatchObject([
      { ...refused, instructionReference: wanted.instructionReference },
      { verified: true },
    ]);
    expect(breakpointsOf()).toEqual([0x240, 0x280]);
  });

  test('a line without code becomes the next one that has some, and one behind all code is refused', async () => {
    await allow();
    expect(await setLines(3)).toMatchObject([{ verified: true, line: 12 }]);
    expect(await setLines(13)).toMatchObject([
      { verified: false, message: expect.stringMatching(/^Not set: no program .* code of this line/) },
    ]);
    expect(breakpointsOf()).toEqual([]);
  });

  test('a core whose program memory is not what its ELF says gets no breakpoint, and goes on', async () => {
    const there = bench.array.tileBytes('program', tile).slice(0x200, 0x400);
    const segment = { type: 1, flags: 5, address: 0x200, size: there.length, bytes: there };
    bench.core = program(lines, [segment]);
    await allow();
    const at = { instructionReference: reference(0x240) };
    expect(await setInstructions(at)).toMatchObject([{ verified: true }]);
    await setInstructions();
    await bench.client.disconnectRequest();
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test.each([
    ['differs', /does not run the program that was found: 2 bytes differ, the first at 0x00210/],
    ['cannot be read', /Not set in core \(6,1\): The clock of this tile is off/],
  ] as const)('where its program memory %s a core has no breakpoint, and goes on', async (what, why) => {
    const there = bench.array.tileBytes('program', tile).slice(0x200, 0x400);
    if (what === 'differs') for (const at of [0x10, 0x21]) there[at] = (there[at] ?? 0) ^ 0xff;
    else bench.array.gate(tile, true);
    bench.core = program(lines, [{ type: 1, flags: 5, address: 0x200, size: there.length, bytes: there }]);
    await allow();
    expect(await setInstructions({ instructionReference: reference(0x240) })).toMatchObject([
      { verified: false, message: expect.stringMatching(why) },
    ]);
    bench.array.gate(tile, false);
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('a step over goes to the next line, one out to the caller; what it set is gone then, and a breakpoint stays', async () => {
    const { client } = bench;
    bench.core = program(lines);
    await allow();
    await setInstructions({ instructionReference: reference(0x200) });
    expect(await stoppedBy(pass)).toMatchObject({ reason: 'breakpoint' });
    expect(Number(await pc())).toBe(Number(reference(0x200)));
    await setInstructions({ instructionReference: reference(0x240) });
    // It comes to the breakpoint first, which is where the next line begins.
    for (const address of [0x240, 0x280, 0x300]) {
      const reason = address === 0x240 ? 'breakpoint' : 'step';
      const step = async (): Promise<void> => {
        await client.nextRequest({ threadId });
        await pass();
      };
      expect(await stoppedBy(step)).toMatchObject({ threadId, reason, description: 'Halted' });
      expect(Number(await pc())).toBe(Number(reference(address)));
    }
    expect(breakpointsOf()).toEqual([0x240]);
    // It never comes to its caller; Pause ends that step.
    const act = vi.spyOn(await partition(), 'actOnCore');
    const set = (): unknown[] =>
      act.mock.calls.flatMap(([, one]) => ('counters' in one ? [one.counters] : []));
    await setInstructions();
    await client.stepOutRequest({ threadId });
    expect(set()).toEqual([[], [0x1c0]]);
    await stoppedBy(() => client.pauseRequest({ threadId }));
    expect(set()).toEqual([[], [0x1c0], []]);
    // A breakpoint ends it, too.
    await client.stepOutRequest({ threadId });
    await setInstructions({ instructionReference: reference(0x300) });
    expect(set().at(-1)).toEqual([0x300, 0x1c0]);
    expect(await stoppedBy(pass)).toMatchObject({ reason: 'breakpoint' });
    expect(set().at(-1)).toEqual([0x300]);
    await setInstructions(
      { instructionReference: reference(0x300) },
      { instructionReference: reference(0x400) },
    );
    await expect(client.stepOutRequest({ threadId })).rejects.toThrow(/halts at two addresses at most/);
    expect(set().at(-1)).toEqual([0x300, 0x400]);
    await client.disconnectRequest();
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('only a core that stands is told to run to an address: one that was let go on before it has no address set', async () => {
    const { client, array } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const { halting } = bench.adapter ?? {};
    const [continued, ran] = [halting?.resume(tile), halting?.runTo(tile, [0x240])];
    expect([await continued, await ran]).toEqual([undefined, 'core-running']);
    expect(array.core(tile).isUntouched).toBe(true);
  });

  const lost = (): BoardError => new BoardError('timeout', 'no answer');
  const at = (address: number) => ({ instructionReference: reference(address) });
  /** All acts on cores of the partition, in their order. */
  const acts = async (): Promise<() => readonly string[]> => {
    const spy = vi.spyOn(await partition(), 'actOnCore');
    return () => spy.mock.calls.map(([, { act }]) => act);
  };
  /** Comparisons wait until they are let go. */
  const holdComparison = (): { begun: Promise<void>; end: () => void } => {
    let end = (): void => undefined;
    const held = new Promise<undefined>((done) => {
      end = () => done(undefined);
    });
    const compare = vi.spyOn(CoreMemory.prototype, 'programDifference').mockReturnValue(held);
    onTestFinished(() => compare.mockRestore());
    const begun = vi.waitFor(() => expect(compare).toHaveBeenCalled());
    return { begun: begun.then(() => undefined), end };
  };

  test('a Pause during a comparison counts: the core stands behind it', async () => {
    const { client } = bench;
    await allow();
    const { begun, end } = holdComparison();
    const set = setInstructions(at(0x240));
    await begun;
    const { halting } = bench.adapter ?? {};
    // It is halted for the comparison, not for a person.
    expect([debugStatus(), halting?.isHalted(tile)]).toEqual([1, false]);
    const told = client.waitForEvent('stopped');
    const paused = client.pauseRequest({ threadId });
    await vi.waitFor(() => expect(halting?.isHalted(tile)).toBe(true));
    end();
    await Promise.all([set, paused]);
    expect((await told).body).toMatchObject({ threadId, reason: 'pause', description: 'Halted' });
    expect(debugStatus()).toBe(1);
    await client.continueRequest({ threadId });
    expect(debugStatus()).toBe(0);
  });

  test('a Continue during a comparison waits for its end: program memory is read of a core that stands', async () => {
    const { client } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const { begun, end } = holdComparison();
    const set = setInstructions(at(0x240));
    await begun;
    const done = await acts();
    const continued = client.continueRequest({ threadId });
    await client.threadsRequest();
    await settle();
    expect([debugStatus(), done()]).toEqual([1, []]);
    end();
    await Promise.all([set, continued]);
    expect(debugStatus()).toBe(0);
  });

  test('a session that ends during a comparison ends that, too', async () => {
    const { client } = bench;
    await allow();
    let ended: AbortSignal | undefined;
    const compare = vi
      .spyOn(CoreMemory.prototype, 'programDifference')
      .mockImplementation((_tile, _image, _stands, signal) => {
        ended = signal;
        return new Promise((_, fail) => signal.addEventListener('abort', () => fail(lost())));
      });
    onTestFinished(() => compare.mockRestore());
    const set = setInstructions(at(0x240));
    await vi.waitFor(() => expect(ended).toBeDefined());
    await client.disconnectRequest();
    expect(await set).toMatchObject([{ verified: false }]);
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('a core that is not let go on behind a comparison is told once more; where that fails it is a stop', async () => {
    const { client, array } = bench;
    await allow();
    const opened = await partition();
    const act = opened.actOnCore.bind(opened);
    /** So many acts to resume fail, the last one with a reason. */
    let left = 1;
    vi.spyOn(opened, 'actOnCore').mockImplementation((of, what, signal) => {
      if (what.act !== 'resume' || left === 0) return act(of, what, signal);
      left--;
      return left > 0
        ? Promise.reject(lost())
        : Promise.resolve({ reason: 'gated', status: 0, debugStatus: 0, counter: 0 });
    });
    expect(await setInstructions(at(0x240))).toMatchObject([{ verified: true }]);
    expect(debugStatus()).toBe(0);
    await setInstructions();

    left = 2;
    const said = client.waitForEvent('output');
    expect(
      await stoppedBy(async () =>
        expect(await setInstructions(at(0x240))).toMatchObject([{ verified: true }]),
      ),
    ).toMatchObject({ threadId, description: 'Halted' });
    expect((await said).body.output).toMatch(/^Core \(6,1\) could not be told to go on: The clock .*again/);
    expect(debugStatus()).toBe(1);
    await setInstructions();
    await client.continueRequest({ threadId });
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('a core whose halt for a comparison was lost and not taken back is found standing', async () => {
    const { client, array } = bench;
    await allow();
    array.failNext('halt', lost(), 'after');
    array.failNext('halt', lost());
    expect(await setInstructions(at(0x110))).toMatchObject([{ verified: false }]);
    expect(debugStatus()).toBe(1);
    expect(await stoppedBy(pass)).toMatchObject({ threadId, reason: 'pause', description: 'Halted' });
    await client.continueRequest({ threadId });
    expect(debugStatus()).toBe(0);
  });

  test('breakpoints whose answer is lost are not set for a person, stop the core where the board has them, and are written anew', async () => {
    const { array } = bench;
    bench.core = program(lines);
    await allow();
    await setInstructions(at(0x240));
    const lose = async (): Promise<void> => {
      const opened = await partition();
      const act = opened.actOnCore.bind(opened);
      vi.spyOn(opened, 'actOnCore').mockImplementationOnce(async (...given) => {
        await act(...given);
        throw lost();
      });
    };
    await lose();
    expect(await setInstructions(at(0x240), at(0x280))).toMatchObject([
      { verified: false, message: expect.stringMatching(/timeout/) },
      { verified: false },
    ]);
    // The board has both: the core is found, and has none of them any more.
    expect(await stoppedBy(pass)).toMatchObject({ threadId, reason: 'breakpoint', description: 'Halted' });
    await bench.client.continueRequest({ threadId });
    expect(array.core(tile).isUntouched).toBe(true);

    // What was taken back without an answer is written again.
    await setInstructions(at(0x280));
    const opened = await partition();
    vi.spyOn(opened, 'actOnCore').mockRejectedValueOnce(lost());
    await setInstructions();
    expect(array.core(tile).isUntouched).toBe(false);
    await setInstructions();
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('breakpoints that were cleared halfway to others are written again, although they are the same', async () => {
    const { array } = bench;
    await allow();
    await setInstructions(at(0x240));
    await nextAct((done) => {
      array.core(tile).setBreakpoints(bench.time.now(), []);
      return { ...done, reason: 'gated' };
    });
    await setInstructions(at(0x240), at(0x280));
    expect(await setInstructions(at(0x240))).toMatchObject([{ verified: true }]);
    expect(array.core(tile).isUntouched).toBe(false);
    await setInstructions();
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('a step whose addresses were set without an answer leaves none of them behind', async () => {
    const { client, array } = bench;
    bench.core = program(lines);
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    array.failNext('halt', lost(), 'after');
    await expect(client.stepOutRequest({ threadId })).rejects.toThrow(/timeout/);
    await client.continueRequest({ threadId });
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('what somebody else halts is not taken for ours, although breakpoints were asked for there', async () => {
    const { array } = bench;
    await allow();
    await setInstructions(at(0x240));
    await setInstructions();
    const stops: unknown[] = [];
    bench.adapter?.halting?.onDidStop((one) => stops.push(one));
    const opened = await partition();
    const act = opened.actOnCore.bind(opened);
    vi.spyOn(opened, 'actOnCore').mockImplementation((of, what, signal) =>
      what.act === 'breakpoints'
        ? Promise.reject(new BoardError('debug-in-use', 'somebody else halts it'))
        : act(of, what, signal),
    );
    expect(await setInstructions(at(0x240))).toMatchObject([{ verified: false }]);
    array.core(tile).halt(bench.time.now());
    await pass();
    expect(stops).toEqual([]);
  });

  test('a step whose answer is lost: a look tells where the core stands, or that it waits', async () => {
    const { client, array } = bench;
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const before = Number(await pc());
    array.failNext('halt', lost(), 'after');
    const step = (): Promise<unknown> =>
      expect(client.stepInRequest({ threadId })).rejects.toThrow(/timeout/);
    expect(await stoppedBy(step)).toMatchObject({ threadId, reason: 'step', description: 'Halted' });
    expect(Number(await pc()) - before).toBe(16);

    const waiting = await bench.threadOf('(7,2)');
    await stoppedBy(() => client.pauseRequest({ threadId: waiting }));
    array.failNext('halt', lost(), 'after');
    const continued = client.waitForEvent('continued');
    await expect(client.stepInRequest({ threadId: waiting })).rejects.toThrow(/timeout/);
    expect((await continued).body).toMatchObject({ threadId: waiting });
    const told = client.waitForEvent('stopped');
    array.setActivity({ col: 7, row: 2 }, 'running');
    bench.time.advance(1000);
    expect((await told).body).toMatchObject({ reason: 'step', threadId: waiting });
  });

  /** What the editor hears of this thread, in its order. */
  const heard = (): string[] => {
    const list: string[] = [];
    for (const event of ['stopped', 'continued']) {
      bench.client.on(event, ({ body }: DebugProtocol.Event) => {
        const said: string = body.reason ?? event;
        // That it goes on may be told by a look, and behind the response.
        if (body.threadId === threadId && (said !== 'continued' || list.at(-1) !== said)) list.push(said);
      });
    }
    return list;
  };

  test('Run to Cursor: a breakpoint for a moment, Continue, the stop there, and the breakpoints as they were', async () => {
    const { client } = bench;
    bench.core = program(lines);
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    /** As VS Code sends all breakpoints of a file: with those of its model, the last one for the moment. */
    const send = async (...wanted: number[]): Promise<DebugProtocol.Breakpoint[]> => {
      const breakpoints = wanted.map((line) => ({ line }));
      const given = { ...source, name: 'fir.cc' };
      const all = { source: given, lines: wanted, breakpoints, sourceModified: false };
      return (await client.setBreakpointsRequest(all)).body.breakpoints;
    };
    /** It continues as soon as the breakpoint is verified, and takes it back at the stop. */
    const runTo = async (line: number, others: number[] = []): Promise<void> => {
      expect((await send(...others, line)).at(-1)).toMatchObject({ verified: true, line });
      const list = heard();
      await client.continueRequest({ threadId });
      await pass();
      await vi.waitFor(() => expect(list).toEqual(['continued', 'breakpoint']));
      await client.threadsRequest();
      await client.stackTraceRequest({ threadId, startFrame: 0, levels: 1 });
      await client.stackTraceRequest({ threadId, startFrame: 1, levels: 19 });
      await send(...others);
    };
    await runTo(14);
    expect([Number(await pc()), breakpointsOf(), debugStatus() & 1]).toEqual([
      ...[Number(reference(0x280)), [], 1],
    ]);
    // To a line with a breakpoint VS Code only continues; others stay, and count.
    await send(13);
    await runTo(15, [13]);
    expect([Number(await pc()), breakpointsOf()]).toEqual([Number(reference(0x300)), [0x240]]);
    // A core halts at two addresses: a third one is refused in words, and Continue runs to the others.
    await send(13, 14);
    const [, , third] = await send(13, 14, 16);
    expect(third?.message).toMatch(/core \(6,1\).* two breakpoints/);
    await send();
    await client.continueRequest({ threadId });
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('a step over a line that jumps back ends where it jumps to, also when it has to wait, or a person pauses it', async () => {
    const { client } = bench;
    bench.core = program([0x200, 0x240, 0x9a0]);
    await allow();
    await setInstructions(at(0x9a0));
    expect(await stoppedBy(pass)).toMatchObject({ threadId, reason: 'breakpoint' });
    expect(await stoppedBy(() => client.nextRequest({ threadId }))).toMatchObject({
      threadId,
      reason: 'step',
    });
    expect(Number(await pc())).toBe(Number(reference(0x200)));
    await setInstructions();
    expect(bench.array.core(tile).at(bench.time.now()).debugStatus).toBe(1);

    // A lock keeps it: it goes on by itself once that is there.
    await stoppedBy(() => client.nextRequest({ threadId }));
    const list = heard();
    bench.array.setActivity(tile, 'lock-stall-north');
    await client.nextRequest({ threadId });
    await pass();
    expect(list).toEqual(['continued']);
    bench.array.setActivity(tile, 'running');
    // A line of many instructions: it goes on in parts.
    for (let i = 0; i < 5 && list.length === 1; i++) await pass();
    expect(list).toEqual(['continued', 'step']);
    expect(Number(await pc())).toBe(Number(reference(0x9a0)));

    bench.array.setActivity(tile, 'lock-stall-north');
    await client.nextRequest({ threadId });
    await client.pauseRequest({ threadId });
    const all = ['continued', 'step', 'continued', 'pause'];
    await vi.waitFor(() => expect(list).toEqual(all));
    bench.array.setActivity(tile, 'running');
    await pass();
    expect(list).toEqual(all);
    expect(debugStatus()).toBe(1);
  });

  test('a Continue whose answer is lost: a look tells whether the core goes on; until then it counts as halted', async () => {
    const { client, array } = bench;
    bench.core = program(lines);
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId }));
    const list = heard();
    // It was done: the editor hears so at once.
    array.failNext('halt', lost(), 'after');
    await client.continueRequest({ threadId });
    expect(debugStatus()).toBe(0);
    await vi.waitFor(() => expect(list).toEqual(['continued']));
    // It was not: the core stands, and that is said.
    await stoppedBy(() => client.pauseRequest({ threadId }));
    array.failNext('halt', lost());
    await expect(client.continueRequest({ threadId })).rejects.toThrow(/timeout/);
    expect(bench.adapter?.halting?.isHalted(tile)).toBe(true);
    await pass();
    expect(list).toEqual(['continued', 'pause']);
    // Nothing is known until the next look.
    array.failNext('halt', lost(), 'after');
    array.failNext('status', lost());
    await expect(client.continueRequest({ threadId })).rejects.toThrow(
      /It is not known whether core \(6,1\) goes on: timeout.* counts as halted/,
    );
    expect([debugStatus(), bench.adapter?.halting?.isHalted(tile)]).toEqual([0, true]);
    await pass();
    await vi.waitFor(() => expect(list).toEqual(['continued', 'pause', 'continued']));
    expect(array.core(tile).isUntouched).toBe(true);
  });

  test('a core that met its next breakpoint behind a Continue without an answer is a stop of its own', async () => {
    const { client, array } = bench;
    bench.core = program(lines);
    await allow();
    await setInstructions(at(0x240), at(0x280));
    expect(await stoppedBy(pass)).toMatchObject({ threadId, reason: 'breakpoint' });
    const before = await pc();
    const list = heard();
    array.failNext('halt', lost(), 'after');
    array.failNext('status', lost());
    await expect(client.continueRequest({ threadId })).rejects.toThrow(/not known/);
    await pass();
    await vi.waitFor(() => expect(list).toEqual(['continued', 'breakpoint']));
    expect(await pc()).not.toBe(before);
  });

  test('a step that waits for a lock stops behind a comparison, which cuts it short', async () => {
    const { client } = bench;
    const thread = await bench.threadOf('(7,2)');
    await allow();
    await stoppedBy(() => client.pauseRequest({ threadId: thread }));
    await client.stepInRequest({ threadId: thread });
    expect(await stoppedBy(() => setLines(12))).toMatchObject({ threadId: thread, reason: 'step' });
    expect(debugStatus({ col: 7, row: 2 })).toBe(1);
  });

  /** As `pass`, without an answer to a look. */
  const passUnseen = async (): Promise<void> => {
    const { array, time } = bench;
    for (let second = 0; second < 2; second++) {
      const before = array.count('status');
      array.failNext('status', lost());
      time.advance(1000);
      await vi.waitFor(() => expect(array.count('status')).toBe(before + 1));
      await settle();
    }
  };

  test('a core that met a breakpoint before a comparison, and was not looked at since, stays there', async () => {
    const { array } = bench;
    bench.core = program(lines);
    await allow();
    await setInstructions(at(0x240));
    array.setActivity(tile, 'disabled');
    await pass();
    array.setActivity(tile, 'running');
    await passUnseen();
    expect(await stoppedBy(() => setInstructions(at(0x240), at(0x280)))).toMatchObject({
      threadId,
      reason: 'breakpoint',
    });
    expect(Number(await pc())).toBe(Number(reference(0x240)));
  });

  test('a core that met its last breakpoint just before it was taken back is a stop; one that did not is left alone', async () => {
    const { array, client, time } = bench;
    bench.core = program(lines);
    await allow();
    await setInstructions(at(0x240));
    await passUnseen();
    expect(debugStatus() & 1).toBe(1);
    expect(await stoppedBy(() => setInstructions())).toMatchObject({
      threadId,
      reason: 'breakpoint',
      description: 'Halted',
    });
    await client.continueRequest({ threadId });
    expect(debugStatus() & 1).toBe(0);
    await pass();
    const list = heard();
    array.core(tile).halt(time.now());
    await pass();
    expect(list).toEqual([]);
  });

  test('a program is compared again behind the last breakpoint, and behind a core in reset or disabled', async () => {
    const compare = vi.spyOn(CoreMemory.prototype, 'programDifference');
    onTestFinished(() => compare.mockRestore());
    await allow();
    // The core does not come there.
    await setInstructions(at(0x110));
    await setInstructions(at(0x120));
    expect(compare).toHaveBeenCalledTimes(1);
    await setInstructions();
    await setInstructions(at(0x120));
    expect(compare).toHaveBeenCalledTimes(2);
    bench.array.setActivity(tile, 'disabled');
    await pass();
    bench.array.setActivity(tile, 'running');
    await pass();
    compare.mockResolvedValueOnce({ count: 2, first: 0x210 });
    expect(await setInstructions(at(0x110))).toMatchObject([
      { verified: false, message: expect.stringMatching(/does not run the program/) },
    ]);
    expect(bench.array.core(tile).isUntouched).toBe(true);
  });

  test('breakpoints that were replaced while others are being set do not come back', async () => {
    await allow();
    bench.core = program(lines);
    const { begun, end } = holdComparison();
    const first = setInstructions(at(0x240), at(0x280));
    await begun;
    const second = setInstructions(at(0x300));
    await bench.client.threadsRequest();
    end();
    expect(await first).toHaveLength(2);
    expect(await second).toMatchObject([{ verified: true }]);
    expect(breakpointsOf()).toEqual([0x300]);
  });
});
