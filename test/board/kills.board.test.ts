import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../../scripts/common.ts';
import { ONCE } from '../../scripts/results.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { BoardLink } from '../../src/session/link.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { machineServices } from '../../src/session/services.ts';
import { keyOf } from '../conformance/keys.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { PATIENCE_MS } from '../patience.ts';
import { patternBytes, startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';
import { expectNoWedge, killBeside, killsText } from './guest.ts';

/** Of each family; `npm run test:long` has a thousand of each. */
const KILLS = 150;
const CUT_MS = 60_000;
const FILLED = 91;
const seed = runSeed();
const agent = join(root, 'dist', 'agents', 'tilescope-agent-aarch64');
const columns = { startCol: 6, numCols: 4 };
const never = new AbortController().signal;

/** A board whose partition is held, behind a link that is cut while its owner is killed. */
class CutOff {
  readonly board: VirtualBoard;
  readonly link: BoardLink;
  readonly session: MemorySession;
  /** When the cable was pulled (performance.now). */
  readonly cutAt: number;
  readonly holder: string;
  readonly #proxy: LinkProxy;
  readonly #way: SshWay;
  readonly #folder: string;

  private constructor(
    board: VirtualBoard,
    reach: { proxy: LinkProxy; way: SshWay; folder: string; link: BoardLink; session: MemorySession },
    holder: string,
  ) {
    this.board = board;
    this.link = reach.link;
    this.session = reach.session;
    this.holder = holder;
    this.#proxy = reach.proxy;
    this.#way = reach.way;
    this.#folder = reach.folder;
    this.cutAt = performance.now();
  }

  /** Holds, pulls the cable (no byte passes, nobody is told), and kills the owner by another way to the board. */
  static async start(): Promise<CutOff> {
    const board = await startBoard();
    const proxy = await startProxy({ targetPort: board.port });
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-cut-'));
    const known = join(folder, 'known_hosts');
    writeFileSync(
      known,
      board.hostPublicKeys.map((key) => `[${board.host}]:${proxy.port} ${key}\n`).join(''),
    );
    const way = new SshWay(board, agent);
    const services = machineServices(way.log);
    const connect = () => way.connect({ port: proxy.port, knownHostsFiles: [known] });
    const link = new BoardLink('cut', 'Virtual board', { connect }, services);
    const session = new MemorySession(link, { partition: keyOf(columns), memory: 'data' }, services);
    const witness = await board.witness('request 1 clocks', `fill ${FILLED} data`);
    const { pid } = await witness.status();
    await link.connect();
    await vi.waitFor(() => expect(infoOf(link)?.owner?.pid).toBe(pid), { timeout: PATIENCE_MS });
    await session.refresh({ offset: 0, length: 64 }, never);
    await link.hold(keyOf(columns), true, never);
    const holder = await processes(board, 'tilescope-hold');
    proxy.blackHole(true);
    const cut = new CutOff(board, { proxy, way, folder, link, session }, holder);
    await board.exec(`kill -9 ${pid}`);
    await witness.ended();
    return cut;
  }

  /** The cable is back. What vanished stays lost, so half-open connections end. */
  mend(): void {
    this.#proxy.blackHole(false);
    this.#proxy.cut();
  }

  async stop(): Promise<void> {
    this.session.dispose();
    this.link.dispose();
    this.#way.dispose();
    await this.#proxy.close();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.board.stop();
  }
}

function infoOf(link: BoardLink) {
  return link.partitions.find((one) => one.columns.startCol === columns.startCol);
}

/** The processes with this name, by number; the name is cut as the kernel does it. */
async function processes(board: VirtualBoard, name: string): Promise<string> {
  const script = `for p in /proc/[0-9]*; do read -r c < $p/comm && [ "$c" = ${name} ] && echo \${p#/proc/}; done 2>/dev/null`;
  return (await board.exec(script)).stdout.toString().trim();
}

let board: VirtualBoard;
let way: SshWay;
// A minute without a link passes beside the kills on another board.
let cutOff: Promise<CutOff> | undefined;

beforeAll(async () => {
  board = await startBoard({ image: 'openssh' });
  way = new SshWay(board, agent);
  cutOff = CutOff.start();
  await cutOff;
});

afterAll(async () => {
  way?.dispose();
  await board?.stop();
  await (await cutOff)?.stop();
});

useCleanLog(() => board);

describe(`[truth-4] ${2 * KILLS} SIGKILLs of an owner, beside watching its list, status and memory (seed ${seed})`, () => {
  for (const name of ['2020/aie', 'aperture40/aieml'] as const) {
    it(`${name}: not one finds the driver's lock taken by us`, { tags: ONCE }, async () => {
      await board.reloadModule(families[name].module);
      const ours = await way.connect();
      try {
        const run = await killBeside(board, ours, families[name], KILLS, seed);
        console.info(`${name}: ${killsText(run)}`);
        expectNoWedge(run, KILLS);
      } finally {
        await ours.dispose();
      }
    });
  }
});

describe('[truth-5] a driver that does not come back from a call', () => {
  it('is said by the name of the call, while the connection lasts, and works again afterwards', async () => {
    await board.reloadModule(families['2020/aie'].module);
    const ours = await way.connect();
    try {
      const notices: string[] = [];
      ours.onDidNotice((notice) => {
        if (notice.kind === 'hung') notices.push(notice.error?.code ?? 'came back');
      });
      const closed = vi.fn();
      ours.onDidClose(closed);
      await board.control('hang enquire');
      const begin = performance.now();
      await expect(ours.partitions(never)).rejects.toMatchObject({
        code: 'driver-hung',
        facts: { call: expect.stringContaining('ENQUIRE') },
      });
      console.info(`a hanging call was named after ${Math.round(performance.now() - begin)} ms`);
      await board.control('heal');
      const answers = () => ours.partitions(never).then(() => 'answers', String);
      await expect.poll(answers).toBe('answers');
      expect(notices).toEqual(['driver-hung', 'came back']);
      expect(closed).not.toHaveBeenCalled();
    } finally {
      await board.control('heal');
      await ours.dispose();
    }
  });
});

describe('[attach-8] a hold whose link is cut for a minute', () => {
  it('keeps what its killed owner left, says that the owner is gone, and is released', async () => {
    const cut = await (cutOff ?? CutOff.start());
    cutOff = undefined;
    try {
      await delay(Math.max(0, cut.cutAt + CUT_MS - performance.now()));
      expect(cut.link.state.kind).not.toBe('connected');
      // The agent heard nothing for a minute; the holder needs nobody.
      await expect.poll(() => processes(cut.board, 'tilescope-agent')).toBe('');
      expect(await processes(cut.board, 'tilescope-hold')).toBe(cut.holder);

      expect(performance.now() - cut.cutAt).toBeGreaterThanOrEqual(CUT_MS);
      cut.mend();
      const connect = () => cut.link.connect().then(() => 'connected', String);
      await expect.poll(connect, { interval: 500 }).toBe('connected');
      await expect.poll(() => infoOf(cut.link)?.ownerGone).toBe(true);
      expect(infoOf(cut.link)).toMatchObject({ inUse: true, hold: { pid: Number(cut.holder) } });
      expect(infoOf(cut.link)?.owner).toBeUndefined();

      // All of it is read at once, unasked; asked for, it is read again.
      await expect.poll(() => cut.session.state.snapshot?.done).toBe(true);
      const far: ByteRange = { offset: (3 * 8 + 7) * 0x8000 + 0x100, length: 256 };
      const left = Uint8Array.from(patternBytes('data', 9, 8, 0x100, far.length, FILLED));
      expect(cut.session.bytes(far).base).toEqual(left);
      await cut.session.refresh(far, never);
      expect(cut.session.bytes(far).base).toEqual(left);
      expect(cut.session.isStale(far)).toBe(false);

      await cut.link.hold(keyOf(columns), false, never);
      await expect.poll(() => infoOf(cut.link)?.inUse).toBe(false);
      expect(await cut.board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
      await cut.board.assertClean();
    } finally {
      await cut.stop();
    }
  });
});
