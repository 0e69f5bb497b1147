/**
 * A debug session that halts cores of the virtual board over SSH: the adapter as an editor asks it, against the cores of the
 * module. Breakpoints of lines and instructions, steps, registers, and that nothing of it stays.
 */
import { createServer, type Server } from 'node:net';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBoardError } from '../../src/board/errors.ts';
import { ObservingAdapter } from '../../src/debug/adapter.ts';
import { CoreMemory } from '../../src/debug/core-memory.ts';
import { Cores } from '../../src/debug/cores.ts';
import { Halting } from '../../src/debug/halting.ts';
import { CoreProgram } from '../../src/debug/programs.ts';
import { Refused } from '../../src/debug/refused.ts';
import { Emitter } from '../../src/model/event.ts';
import type { Tile } from '../../src/model/geometry.ts';
import { readElf } from '../../src/model/program/elf.ts';
import { BoardLink } from '../../src/session/link.ts';
import { machineServices } from '../../src/session/services.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { Random } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { DwarfWriter } from '../program/dwarf.ts';
import { makeElf } from '../program/elf.ts';
import { startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { type Family, families } from './families.ts';

const startCol = 6;
const path = '/built/src/fir.cc';

/** `main` runs from 0x100 to 0x130, calls `fir`, which goes ten times from 0x200 to 0x210, and begins anew. */
const loops = '0x100 0x130 1 0x200 0x210 10';
/** The line of each instruction. */
const lines = new Map([
  [0x0f0, 9],
  [0x100, 10],
  [0x110, 11],
  [0x120, 12],
  [0x130, 13],
  [0x200, 20],
  [0x210, 21],
]);

/** That program with its code, all of whose bytes are this one. */
function program(byte: number): CoreProgram {
  const rows = (low: number, high: number) =>
    [...lines]
      .filter(([address]) => low <= address && address < high)
      .map(([address, line]) => ({ address, file: 0, line, column: 1 }));
  const made = (name: string, low: number, high: number) => ({
    ...{ name, linkageName: name, ranges: [{ low, high }], file: 0, line: 1, inlined: [] },
  });
  const unit = {
    version: 4,
    folder: '/built',
    files: ['src/fir.cc'],
    functions: [made('main', 0xf0, 0x140), made('fir', 0x200, 0x220)],
    globals: [],
    sequences: [
      { rows: rows(0xf0, 0x140), end: 0x140 },
      { rows: rows(0x200, 0x220), end: 0x220 },
    ],
  };
  const code = { name: '.text', type: 1, flags: 6, address: 0xf0, isLoaded: true };
  const sections = [
    { ...code, bytes: new Uint8Array(0x130).fill(byte) },
    ...new DwarfWriter(new Random(7)).write([unit]),
  ];
  return new CoreProgram(readElf(makeElf({ flags: 1, sections })));
}

const loaded = ['2020/aie', 'aperture40/aieml'] as const;

describe.each(loaded)('[debug-6] a session that halts cores on %s', (name) => {
  const family: Family = families[name];
  const tile: Tile = { col: startCol, row: family.shape.core.start };
  /** Runs another program than its ELF says. */
  const other: Tile = { col: startCol, row: tile.row + 1 };
  const linkRegister = { aie: 0x302b0, aieml: 0x31130, aie2ps: 0x32d30, unknown: 0 }[family.generation];
  let board: VirtualBoard;
  let way: SshWay;
  let link: BoardLink;
  let application: Witness;
  let client: DebugClient;
  let server: Server;
  let adapter: ObservingAdapter | undefined;
  const stops: DebugProtocol.StoppedEvent['body'][] = [];

  beforeAll(async () => {
    const agent = buildForArm('agent');
    board = await startBoard({ module: family.module });
    way = new SshWay(board, agent);
  });
  afterAll(async () => {
    way?.dispose();
    await board?.stop();
  });
  useCleanLog(() => board);

  const parameter = async (of: string): Promise<string> =>
    (await board.exec(`cat /sys/module/aievirt/parameters/${of}`)).stdout.toString();
  const partition = () => link.partitions.find(({ columns }) => columns.startCol === startCol);

  beforeEach(async () => {
    application = await board.witness();
    await application.request(family.partition.id, { keep: true });
    // The link register is that of the call in line 13.
    await board.control(
      ...[tile, other].flatMap(({ col, row }) => [
        `program ${col} ${row} 16 ${loops}`,
        `reg ${col} ${row} ${linkRegister} ${0x100}`,
        `core ${col} ${row} on`,
      ]),
    );
    const services = machineServices(way.log);
    link = new BoardLink('virtual', 'Virtual board', { connect: () => way.connect() }, services);
    await link.connect();
    await expect.poll(() => partition()?.inUse).toBe(true);
    await startAdapter(services.after);
  });
  afterEach(async () => {
    await client.stop();
    server.close();
    link.dispose();
    await application.exit();
    await board.control('reset all');
  });

  /** The adapter behind a socket, as the editor has it, and attached. */
  async function startAdapter(after: (ms: number, act: () => void) => { dispose(): void }): Promise<void> {
    const programs = new Map([
      [tile.row, program(0)],
      [other.row, program(1)],
    ]);
    const services = { after, note: (thrown: unknown) => thrown };
    server = createServer((socket) => {
      adapter = new ObservingAdapter({
        attach: async (_, signal) => {
          const info = partition();
          if (info === undefined) throw new Error('the partition is gone');
          const cores = new Cores(link, info, services);
          await cores.start(signal);
          const halting = new Halting(link, info, cores, services);
          return {
            ...{ cores, halting, memory: new CoreMemory(link, info), order: 'place' },
            programs: {
              at: ({ col, row }) => (col === startCol ? programs.get(row) : undefined),
              listing: async () => undefined,
              dropChanged: async () => undefined,
              onDidChange: new Emitter<void>().event,
              dispose: () => undefined,
            },
          };
        },
        sourcePath: async (file) => file,
        errorText: (thrown) => (thrown instanceof Refused ? thrown.message : toBoardError(thrown).message),
        warn: () => undefined,
        after,
        clock: String,
        l10n: {
          t: (message, ...given) =>
            message.replace(/\{(\d)\}/g, (_, index: string) => String(given[Number(index)])),
        },
      });
      adapter.setRunAsServer(true);
      adapter.start(socket, socket);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    client = new DebugClient('node', '', 'aie');
    stops.length = 0;
    client.on('stopped', ({ body }: DebugProtocol.StoppedEvent) => stops.push(body));
    await client.start(typeof address === 'object' && address !== null ? address.port : 0);
    const ready = new Promise((done) => client.once('initialized', done));
    await client.initializeRequest();
    await client.attachRequest({} as DebugProtocol.AttachRequestArguments);
    await ready;
    await client.configurationDoneRequest();
  }

  const threadOf = async ({ col, row }: Tile): Promise<number> =>
    (await client.threadsRequest()).body.threads.find((one) => one.name.startsWith(`(${col},${row})`))?.id ??
    0;
  /** Asks for something; the answer: why the core stopped then, and in which function and line it stands. */
  const stoppedBy = async (threadId: number, ask: () => Promise<unknown>): Promise<string> => {
    const before = stops.length;
    await ask();
    await expect.poll(() => stops.slice(before).map((one) => one.threadId)).toContain(threadId);
    const { reason } = stops.slice(before).find((one) => one.threadId === threadId) ?? {};
    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    return `${reason} ${frame?.name}:${frame?.line}`;
  };
  const setLines = async (...wanted: number[]): Promise<DebugProtocol.Breakpoint[]> => {
    const breakpoints = wanted.map((line) => ({ line }));
    return (await client.setBreakpointsRequest({ source: { path }, breakpoints })).body.breakpoints;
  };
  const setInstructions = async (...wanted: number[]): Promise<DebugProtocol.Breakpoint[]> => {
    const info = partition();
    const memory = info === undefined ? undefined : new CoreMemory(link, info);
    const breakpoints = wanted.map((address) => ({
      instructionReference: memory?.reference(tile, 'program', address) ?? '',
    }));
    return (await client.customRequest('setInstructionBreakpoints', { breakpoints })).body.breakpoints;
  };
  const allow = (): Promise<void> | undefined => adapter?.halting?.allow(partition()?.epoch ?? '');

  it('meets breakpoints, steps over lines and calls, and out, runs to a line, tells registers, and leaves nothing', async () => {
    const threadId = await threadOf(tile);
    await allow();
    expect(await parameter('debug_registers')).toBe('');
    expect(
      await stoppedBy(threadId, async () =>
        expect(await setLines(12)).toMatchObject([{ verified: true, line: 12 }]),
      ),
    ).toBe('breakpoint main:12');
    expect(await setLines()).toEqual([]);

    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
    const registers = scopes.find((one) => one.name === 'Registers');
    const { variables } = (
      await client.variablesRequest({ variablesReference: registers?.variablesReference ?? 0 })
    ).body;
    const shown = new Map(variables.map((one) => [one.name, one.value]));
    expect([shown.get('PC'), shown.get('LR')]).toEqual(['0x00000120', '0x00000100']);
    // The program counts its instructions in each of them, behind the register's number.
    expect(shown.get('r5')).toBe(shown.get('r0')?.replace(/^0x00/, '0x05'));

    const over = () => client.nextRequest({ threadId });
    expect(await stoppedBy(threadId, over)).toBe('step main:13');
    // The line calls `fir`, and jumps to the first line behind that.
    expect(await stoppedBy(threadId, over)).toBe('step main:10');
    expect(
      await stoppedBy(threadId, async () => {
        expect(await setInstructions(0x210)).toMatchObject([{ verified: true }]);
        await client.continueRequest({ threadId });
      }),
    ).toBe('breakpoint fir:21');
    await setInstructions();
    // The line jumps back.
    expect(await stoppedBy(threadId, over)).toBe('step fir:20');
    expect(await stoppedBy(threadId, () => client.stepInRequest({ threadId }))).toBe('step fir:21');
    expect(await stoppedBy(threadId, () => client.stepOutRequest({ threadId }))).toBe('step main:10');
    // As Run to Cursor does it.
    expect(
      await stoppedBy(threadId, async () => {
        await setLines(11);
        await client.continueRequest({ threadId });
      }),
    ).toBe('breakpoint main:11');
    // Two addresses, no third one.
    const [first, second, third] = await setLines(11, 13, 20);
    expect([first?.verified, second?.verified, third?.verified]).toEqual([true, true, false]);
    expect(third?.message).toContain('two breakpoints');

    await client.disconnectRequest();
    expect(await parameter('debug_registers')).toBe('');
    expect(new Set((await parameter('debug_writers')).match(/\S+$/gm))).toEqual(new Set(['tilescope-agent']));
  });

  it('sets nothing in a core that runs another program than its ELF says, and that core goes on', async () => {
    const threadId = await threadOf(other);
    await allow();
    // Both cores have the line.
    const [set] = await setLines(12);
    expect(set).toMatchObject({ verified: true });
    expect(set?.message).toMatch(/core \(6,\d\) does not run the program that was found/);
    expect(adapter?.halting?.breakpointsOf(other)).toEqual([]);
    await setLines();
    expect(stops.map((one) => one.threadId)).not.toContain(threadId);
    await client.disconnectRequest();
    expect(await parameter('debug_registers')).toBe('');
  });
});
