/**
 * Hundreds of tiles, watches, a survey, a recording, staged edits and what a hold has kept, all live on one board over one link,
 * while faults come in a seeded order: a far, slow or stalled link, one that is cut or goes dark, a helper that is killed, owners
 * that end and start, a reboot. After each fault everything must be there again by itself. Knows the faults and what a person must
 * find afterwards; not how sessions, watches and the core come back. Runner-neutral: a fault ends or throws with all before it.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { plain } from '../../src/array/test-bench.ts';
import type { PartitionInfo } from '../../src/board/board.ts';
import type { BoardError } from '../../src/board/errors.ts';
import { explain } from '../../src/board/explain.ts';
import { Watches } from '../../src/editor/watches/watch-model.ts';
import { isUnreadable, stateBits } from '../../src/model/byte-state.ts';
import { type ByteRange, type ColumnRange, type Tile, tileStart, tiles } from '../../src/model/geometry.ts';
import type { Recording } from '../../src/model/recording.ts';
import { BoardLink } from '../../src/session/link.ts';
import { HeatPool, type PartitionHeat } from '../../src/session/partition-heat.ts';
import { SessionPool, type SessionReference } from '../../src/session/pool.ts';
import { Recorder } from '../../src/session/recorder.ts';
import { machineServices } from '../../src/session/services.ts';
import { keyOf } from '../conformance/keys.ts';
import type { KeptLog } from '../conformance/log.ts';
import { Random } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import {
  patternBytes,
  patternWord,
  startBoard,
  type VirtualBoard,
  type Witness,
  WitnessError,
} from './board.ts';

const never = new AbortController().signal;

/** Three partitions of one array: what is watched, what a hold keeps, and where applications start all the time. */
const parts = {
  watched: { id: 1, startCol: 0, numCols: 44 },
  kept: { id: 2, startCol: 44, numCols: 2 },
  busy: { id: 3, startCol: 46, numCols: 2 },
} as const;
const numRows = 9;
const module = {
  family: '2020',
  generation: 'aie',
  parts: Object.values(parts)
    .map(({ id, startCol, numCols }) => `${id}:${startCol}:0:${numCols}:${numRows}`)
    .join(','),
};

/** What the owner of the watched partition changes in each of its tiles, and how often a second. */
const moving = { offset: 0x1000, length: 64, rate: 5 } as const;
/** Bytes of a tile that nobody but a person changes. */
const still = { offset: 0x2000, length: 0x1000 } as const;
/** Of what is filled: far from every step. */
const seedOfPattern = 2 ** 30;
/** Milliseconds between looks of the pages. */
const period = 200;
/** Pinned values. */
const pinned = 16;
/** Milliseconds in which everything must be there again; a busy machine takes its time, and attempts wait up to 30 s. */
const patience = 120_000;
/** Milliseconds that a step may take with all its waits: one that never ends is told by its name, not cut off without a word. */
const stepLimit = 300_000;
/** Milliseconds that what ends by itself may take when it is over, before the board is stopped under it. */
const partingLimit = 30_000;

/** Faults that leave the connection as it is. */
export const mildFaults = [
  'a far link',
  'a slow link',
  'a far and slow link',
  'a stall',
  'the owner ends',
  'the owner is killed',
] as const;

/** Faults that end it. */
export const breakingFaults = [
  'a cut',
  'a cut in an update',
  'a cut in a request',
  'a dark link',
  'a long stall',
  'the helper is killed',
  'another owner while the link is cut',
  'a reboot',
] as const;

/** The connection lasts. */
const calmFaults: ReadonlySet<Fault> = new Set(mildFaults);

/** Nothing but the link is touched: the recording goes on at the board, and is found again. */
const linkFaults: ReadonlySet<Fault> = new Set([
  'a far link',
  'a slow link',
  'a far and slow link',
  'a stall',
  'a cut',
  'a cut in an update',
  'a cut in a request',
  'a dark link',
  'a long stall',
]);

export type Fault = (typeof mildFaults)[number] | (typeof breakingFaults)[number];

/** What both sides use, in KiB. */
export interface Footprint {
  /** What lives on this side after everything else was collected: heap and buffers. */
  readonly here: number;
  /** Resident memory of the helper on the board. */
  readonly helper: number;
  /** Descriptors of the helper. */
  readonly descriptors: number;
  /** Helpers on the board. */
  readonly helpers: number;
  /** Files on the board's RAM disk. */
  readonly files: number;
  /** The helper's process: another one is not comparable. */
  readonly pid: number;
}

/** What became of the applications that started in the third partition. */
export interface Starts {
  starts: number;
  refused: number;
  failures: number;
  wrong: number;
}

interface Edit {
  readonly tile: Tile;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const collect: () => void = (() => {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('this Node cannot collect on demand');
  return () => gc();
})();

export class Soak {
  readonly board: VirtualBoard;
  readonly link: BoardLink;
  /** How long each fault took until all was there again, milliseconds. */
  readonly recoveries = new Map<Fault, number[]>();
  readonly starts: Starts = { starts: 0, refused: 0, failures: 0, wrong: 0 };
  /** Sentences that said why the link was away, each once. */
  readonly said = new Set<string>();
  readonly #proxy: LinkProxy;
  readonly #way: SshWay;
  readonly #folder: string;
  readonly #random: Random;
  readonly #pool: SessionPool;
  readonly #watched: SessionReference;
  readonly #kept: SessionReference;
  readonly #busy: SessionReference;
  readonly #watches: Watches;
  readonly #heat: PartitionHeat;
  readonly #recorder: Recorder;
  readonly #edits: Edit[] = [];
  readonly #steps: string[] = [];
  /** What the link and the step went through since this one began. */
  #course: string[] = [];
  #began = 0;
  #owner: Witness | undefined;
  #starter: Promise<void> | undefined;
  #isOver = false;
  #hits = 0;
  /** What was recorded before the fault, and how many looks of it were known. */
  #recorded: { readonly recording: Recording; readonly looks: number } | undefined;

  private constructor(board: VirtualBoard, proxy: LinkProxy, way: SshWay, folder: string, seed: number) {
    this.board = board;
    this.#proxy = proxy;
    this.#way = way;
    this.#folder = folder;
    this.#random = new Random(seed);
    const services = machineServices(way.log);
    const connect = () => way.connect({ port: proxy.port, knownHostsFiles: [join(folder, 'known_hosts')] });
    this.link = new BoardLink('soak', 'Virtual board', { connect }, services);
    this.#pool = new SessionPool(services);
    const session = (columns: ColumnRange) =>
      this.#pool.acquire(this.link, { partition: keyOf(columns), memory: 'data' });
    this.#watched = session(parts.watched);
    this.#kept = session(parts.kept);
    this.#busy = session(parts.busy);
    this.#watches = new Watches({
      acquire: (resource) =>
        this.#pool.acquire(this.link, { partition: resource.partition, memory: resource.memory }),
      offsetOf: () => undefined,
      now: services.now,
      after: services.after,
      act: () => {
        this.#hits++;
      },
      changed: () => undefined,
      note: (thrown) => way.log.info(String(thrown)),
    });
    this.#heat = new HeatPool(services).of(this.link, keyOf(parts.watched));
    this.#recorder = new Recorder(this.link, { partition: keyOf(parts.watched), memory: 'data' }, services);
    this.link.onDidChangeState((state) => {
      const word =
        state.kind === 'offline' ? state.error.message : state.kind === 'connecting' ? state.step : '';
      this.#mark(`${state.kind} ${word}`);
      if (state.kind === 'offline') this.#say(state.error);
    });
  }

  /** @param agent path of the agent for the board */
  static async start(agent: string, seed: number): Promise<Soak> {
    const board = await startBoard({ module });
    const proxy = await startProxy({ targetPort: board.port });
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-soak-'));
    const keys = board.hostPublicKeys.map((key) => `[${board.host}]:${proxy.port} ${key}\n`);
    writeFileSync(join(folder, 'known_hosts'), keys.join(''));
    const soak = new Soak(board, proxy, new SshWay(board, agent), folder, seed);
    try {
      await soak.#begin();
    } catch (error) {
      const told = soak.#told(error);
      await soak.stop();
      throw told;
    }
    return soak;
  }

  /** Tiles that are followed. */
  get tiles(): number {
    return this.#tiles.length;
  }

  /** What the link and the step went through since this one began, a line each. */
  get course(): string {
    return this.#course.join('\n');
  }

  /** Conditions of watches that became true. */
  get hits(): number {
    return this.#hits;
  }

  /** Does it, and waits until everything is there again. @throws Error with all faults so far */
  async fault(fault: Fault): Promise<void> {
    await this.#step(fault, async () => {
      await this.#stageSomething();
      const { recording } = this.#recorder;
      this.#recorded = recording && { recording, looks: recording.about.made };
      const { state } = this.link;
      this.#mark('staged');
      const began = performance.now();
      await this.#act(fault);
      this.#mark('done');
      await this.#recovered();
      if (calmFaults.has(fault)) assert.equal(this.link.state, state, 'the connection was lost');
      if (linkFaults.has(fault))
        assert.equal(this.#recorder.recording, this.#recorded?.recording, 'another recording began');
      const took = Math.round(performance.now() - began);
      this.recoveries.set(fault, [...(this.recoveries.get(fault) ?? []), took]);
      await this.board.assertClean();
    });
  }

  /** @throws Error with all before it, where it fails or has not ended after {@link stepLimit} */
  async #step<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.#steps.push(name);
    this.#course = [];
    this.#began = performance.now();
    const over = new AbortController();
    const late = delay(stepLimit, undefined, { signal: over.signal }).then(() => {
      throw new Error(`not ended after ${stepLimit / 1000} s; the link is ${this.link.state.kind}`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([act(), late]);
    } catch (error) {
      throw this.#told(error);
    } finally {
      over.abort();
    }
  }

  /** Notes how far the step came. */
  #mark(what: string): void {
    this.#course.push(`${Math.round(performance.now() - this.#began)} ms: ${what}`);
  }

  /** The failure with all that came before it. */
  #told(error: unknown): Error {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { ending } = this.#log;
    return new Error(`after ${this.#steps.join('; ')}:\n${text}\n${this.course}\nThe log:\n  ${ending}`);
  }

  /** What both sides use now. */
  async footprint(): Promise<Footprint> {
    return this.#step('footprint', () => this.#footprint());
  }

  async #footprint(): Promise<Footprint> {
    this.#log.lines.length = 0;
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const script =
      'for f in $(grep -lx tilescope-agent /proc/[0-9]*/comm 2>/dev/null); do p=$(dirname $f); ' +
      'echo $(basename $p) $(sed -n "s/VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p" $p/status) $(ls $p/fd | wc -l); done; ' +
      'find / -xdev -type f | wc -l';
    const lines = (await this.board.exec(script)).stdout.toString().trim().split('\n');
    // The youngest: one before it may not have ended yet.
    const files = Number(lines.pop());
    const helpers = lines.map((line) => line.split(' ').map(Number)).sort(([a = 0], [b = 0]) => a - b);
    const [pid = 0, helper = 0, descriptors = 0] = helpers.at(-1) ?? [];
    assert.ok(pid > 0, 'no helper is on the board');
    const here = Math.round((heapUsed + arrayBuffers) / 1024);
    return { here, helper, descriptors, helpers: helpers.length, files, pid };
  }

  /** Re-bases and applies every staged edit; then the board holds exactly that. */
  async applyAll(): Promise<void> {
    await this.#step('all is applied', () => this.#applyAll());
  }

  async #applyAll(): Promise<void> {
    const { session } = this.#watched;
    session.agreeBeside(session.occupant);
    if (session.state.epochChanged) await session.rebase(never);
    const report = await session.apply(this.#whole, never);
    assert.equal(report.kept, 0);
    for (const { tile, offset, bytes } of this.#edits) {
      const found = await this.#owned.read('data', tile.col, tile.row, offset, bytes.length);
      assert.deepEqual(Uint8Array.from(found), bytes, `the edit at ${tile.col},${tile.row}+${offset}`);
    }
    this.#edits.length = 0;
  }

  /** Everybody leaves: nothing of ours is left on the board, neither process nor descriptor. */
  async leave(): Promise<void> {
    await this.#step('everybody leaves', () => this.#leave());
  }

  async #leave(): Promise<void> {
    if (this.#info(parts.kept)?.hold !== undefined) await this.link.hold(keyOf(parts.kept), false, never);
    this.#isOver = true;
    await this.#starter;
    await this.link.disconnect();
    await this.#owned.exit();
    this.#owner = undefined;
    const left = async () => {
      const { open, dmabufs, mappings } = await this.board.counters();
      const names = (await this.board.exec('cat /proc/[0-9]*/comm')).stdout.toString();
      return JSON.stringify({ open, dmabufs, mappings, ours: names.match(/tilescope-\w+/g) });
    };
    const nothing = JSON.stringify({ open: 0, dmabufs: 0, mappings: 0, ours: null });
    const end = Date.now() + patience;
    let now = await left();
    while (now !== nothing && Date.now() < end) {
      await delay(100);
      now = await left();
    }
    assert.equal(now, nothing);
    await this.board.assertClean();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await atMost(partingLimit, this.#starter);
    this.#watches.dispose();
    this.#recorder.dispose();
    for (const reference of [this.#watched, this.#kept, this.#busy]) reference.dispose();
    this.link.dispose();
    await atMost(partingLimit, this.#owner?.exit());
    await this.#proxy.close();
    this.#way.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.board.stop();
  }

  get #log(): KeptLog {
    return this.#way.log;
  }

  get #owned(): Witness {
    assert.ok(this.#owner);
    return this.#owner;
  }

  get #geometry() {
    const { geometry } = this.#watched.session;
    assert.ok(geometry);
    return geometry;
  }

  get #tiles(): readonly Tile[] {
    return [...tiles(this.#geometry)];
  }

  get #whole(): ByteRange {
    const { numCols, numRows, bytesPerTile } = this.#geometry;
    return { offset: 0, length: numCols * numRows * bytesPerTile };
  }

  #rangeOf(tile: Tile, { offset, length }: ByteRange): ByteRange {
    return { offset: tileStart(this.#geometry, tile) + offset, length };
  }

  #info({ startCol }: ColumnRange): PartitionInfo | undefined {
    return this.link.partitions.find(({ columns }) => columns.startCol === startCol);
  }

  #say(error: BoardError): void {
    const { message, nextStep } = explain(error, plain);
    assert.ok(message.length > 10 && nextStep.length > 10, `${error.code} has no words`);
    this.said.add(message);
  }

  async #begin(): Promise<void> {
    await this.link.connect();
    await this.#startOwner();
    await this.#keepWhatIsLeft();
    const { session } = this.#watched;
    await until('the watched partition has an owner', () => this.#info(parts.watched)?.owner !== undefined);
    await session.open(never);
    for (const tile of this.#tiles) {
      const document = `page ${tile.col},${tile.row}`;
      session.look(document, this.#rangeOf(tile, moving));
      session.follow(document, period);
    }
    this.#busy.session.look('busy', { offset: 0, length: 4096 }, 'nobody');
    this.#busy.session.follow('busy', period);
    this.#watches.isShown = true;
    this.#watches.kept = Array.from({ length: pinned }, (_, i) => ({
      id: `watch-${i}`,
      resource: { board: 'soak', partition: keyOf(parts.watched), memory: 'data' as const },
      tile: this.#random.pick(this.#tiles as [Tile, ...Tile[]]),
      offset: moving.offset + 4 * this.#random.below(moving.length / 4),
      name: '',
      cells: { name: 'uint32' as const, order: 'little' as const },
      condition: i % 2 === 0 ? 'changed' : '',
      action: 'log' as const,
    }));
    this.#heat.show();
    this.#starter = this.#startAllTheTime();
    // Not to be told as unhandled: what it throws is thrown by the next fault.
    this.#starter.catch(() => undefined);
    await this.#recovered();
  }

  /** An application takes the watched partition, fills it, and changes words of every tile. */
  async #startOwner(): Promise<void> {
    const owner = await this.board.witness();
    this.#owner = owner;
    await owner.request(parts.watched.id, { clocks: true });
    await owner.fill(seedOfPattern, 'data');
    await owner.run({ rate: moving.rate });
  }

  /** An application of the second partition is killed while it is held: everything that it left is read. */
  async #keepWhatIsLeft(): Promise<void> {
    const { id } = parts.kept;
    const witness = await this.board.witness(`request ${id} clocks`, `fill ${seedOfPattern} data`);
    const { pid } = await witness.status();
    await until('its owner is listed', () => this.#info(parts.kept)?.owner?.kind === 'process');
    await this.link.hold(keyOf(parts.kept), true, never);
    await this.board.exec(`kill -9 ${pid}`);
    await witness.ended();
    await until('all that is left was read', () => this.#kept.session.state.snapshot?.done === true);
  }

  /** Applications that ask for the third partition once, one after the other, until it is over. */
  async #startAllTheTime(): Promise<void> {
    for (let batch = 1; !this.#isOver; batch++) {
      const witness = await this.board.witness();
      try {
        const done = await witness.starts(parts.busy.id, 20, {
          live: [20, 200],
          // Without a quiet moment the driver may not be enquired, and says so after 20 s.
          pause: [100, 600],
          seed: batch,
        });
        this.starts.starts += done.starts;
        this.starts.refused += done.refused;
        this.starts.failures += done.failures;
        this.starts.wrong += done.wrong;
        await witness.exit();
      } catch (error) {
        // The board went, and it with it.
        if (!(error instanceof WitnessError) || error.code !== 'GONE') throw error;
        await until('the board is back', () => this.#owner !== undefined || this.#isOver);
      }
    }
  }

  /** A person types a few bytes where the application writes nothing. */
  async #stageSomething(): Promise<void> {
    const { session } = this.#watched;
    session.agreeBeside(session.occupant);
    const tile = this.#random.pick(this.#tiles as [Tile, ...Tile[]]);
    const length = 1 + this.#random.below(12);
    const edit = {
      tile,
      offset: still.offset + 16 * this.#random.below(still.length / 16),
      bytes: this.#random.bytes(length),
    };
    const taken = this.#edits.some(
      (one) => one.tile.col === tile.col && one.tile.row === tile.row && one.offset === edit.offset,
    );
    if (taken) return;
    await session.read(this.#rangeOf(tile, { offset: edit.offset, length }), never);
    session.stage('typed', 'type', [
      { offset: tileStart(this.#geometry, tile) + edit.offset, bytes: edit.bytes },
    ]);
    this.#edits.push(edit);
  }

  async #act(fault: Fault): Promise<void> {
    const proxy = this.#proxy;
    // The link of the next faults is one of these, whatever else happens.
    proxy.delay(this.#random.pick([0, 0, 50]));
    proxy.slow(this.#random.pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1_000_000]));
    switch (fault) {
      case 'a far link':
        proxy.delay(50);
        return;
      case 'a slow link':
        proxy.slow(1_000_000);
        return;
      case 'a far and slow link':
        proxy.delay(50);
        proxy.slow(1_000_000);
        return;
      case 'a stall':
        return this.#stall();
      case 'a long stall':
        proxy.stall(true);
        await delay(20_000);
        return proxy.stall(false);
      case 'the owner ends':
        await this.#owned.exit();
        return this.#startOwner();
      case 'the owner is killed':
        await this.#killOwner();
        return this.#startOwner();
      case 'a cut':
        return proxy.cut();
      case 'a cut in an update':
        return proxy.cutAfter('toClient', this.#random.below(5000));
      case 'a cut in a request':
        return proxy.cutAfter('toTarget', this.#random.below(500));
      case 'a dark link':
        proxy.blackHole(true);
        await until('the silence is noticed', () => this.link.state.kind !== 'connected');
        this.#awayInWords();
        proxy.blackHole(false);
        return proxy.cut();
      case 'the helper is killed':
        await this.board.exec(`kill -9 ${(await this.#footprint()).pid}`);
        return until('its end is noticed', () => this.link.state.kind !== 'connected');
      case 'another owner while the link is cut':
        proxy.cut(true);
        await until('the cut is noticed', () => this.link.state.kind !== 'connected');
        this.#awayInWords();
        await this.#owned.exit();
        await this.#startOwner();
        return proxy.mend();
      case 'a reboot':
        this.#owner = undefined;
        await this.board.reboot();
        return this.#startOwner();
    }
  }

  /** Nothing comes for seconds, and nothing is lost: the connection lasts, and what is shown says how old it is. */
  async #stall(): Promise<void> {
    const { state } = this.link;
    const seconds = 2 + this.#random.below(6);
    this.#proxy.stall(true);
    await delay(seconds * 1000);
    this.#proxy.stall(false);
    assert.equal(this.link.state, state, 'a stall of seconds ended the connection');
  }

  async #killOwner(): Promise<void> {
    const { pid } = await this.#owned.status();
    await this.board.exec(`kill -9 ${pid}`);
    await this.#owned.ended();
  }

  /** What a person sees while the board is away. */
  #awayInWords(): void {
    const [tile] = this.#tiles;
    assert.ok(tile);
    assert.equal(this.#watched.session.liveState(`page ${tile.col},${tile.row}`)?.paused, 'disconnected');
    assert.equal(this.#watched.session.state.stale, true);
    this.#recordingStays();
    this.#nothingLost();
  }

  /** Everything is as before the fault, and goes on. */
  async #recovered(): Promise<void> {
    await until('the link is there', () => this.link.state.kind === 'connected');
    this.#mark('the link is there');
    await this.#follows();
    this.#mark('follows');
    await until('every watch has its value', () =>
      this.#watches.all.every(({ value, absence }) => value !== undefined && absence === undefined),
    );
    await until('the survey finds what changes', () => {
      const [tile] = this.#tiles;
      return (
        tile !== undefined &&
        this.#heat.pause === undefined &&
        (this.#heat.ofTile(tile, plain)?.step ?? 0) > 0
      );
    });
    this.#mark('watched and surveyed');
    await this.#records();
    this.#mark('recorded');
    this.#nothingLost();
    await this.#checkStarter();
    const { refused, failures, wrong } = this.starts;
    assert.deepEqual(
      { refused, failures, wrong },
      { refused: 0, failures: 0, wrong: 0 },
      'a start beside us',
    );
  }

  /** Each page of hundreds shows a step that its tile took after now, and none that it has not taken. */
  async #follows(): Promise<void> {
    const { session } = this.#watched;
    const { steps: from, pid } = await this.#owned.status();
    await until('the list names the owner', () => this.#info(parts.watched)?.owner?.pid === pid);
    const shown = (tile: Tile): number | undefined => {
      const { base, flags } = session.bytes(this.#rangeOf(tile, { ...moving, length: 4 }));
      if (!flags.every((flag) => (flag & (stateBits.known | stateBits.stale)) === stateBits.known))
        return undefined;
      const word = new DataView(base.buffer, base.byteOffset).getUint32(0, true);
      const step = (word - patternWord('data', tile.col, tile.row, moving.offset)) >>> 0;
      // Before its first step the owner has filled it with something else.
      return step < 2 ** 24 ? step : undefined;
    };
    let late: readonly string[] = [];
    let steps: readonly number[] = [];
    const isThere = () => {
      const now = this.#tiles.map((tile) => [tile, shown(tile) ?? -1] as const);
      steps = now.map(([, step]) => step);
      late = now
        .filter(([, step]) => step <= from)
        .map(([{ col, row }, step]) => `(${col},${row}) is at ${step}`);
      return late.length === 0;
    };
    await until(
      'every page follows',
      isThere,
      () => `Of ${steps.length} ${late.length} are not after step ${from}: ${late.slice(0, 5)}`,
    );
    // Asked for after the bytes came: they cannot be of a later step, unless they are of another life.
    const { steps: to } = await this.#owned.status();
    assert.ok(Math.max(...steps) <= to, `a page is at step ${Math.max(...steps)}, its memory at ${to}`);
  }

  /** The recording goes on; where it has ended with its helper or epoch that is said, and what was fetched stays until the next. */
  async #records(): Promise<void> {
    const recorder = this.#recorder;
    const [tile] = this.#tiles;
    assert.ok(tile);
    this.#recordingStays();
    if (recorder.state.kind === 'idle' || recorder.state.kind === 'ended') {
      if (recorder.state.kind === 'ended') this.#say(recorder.state.error);
      await recorder.arm([this.#rangeOf(tile, { offset: 0x1000, length: 256 })], 2 ** 18);
    }
    const seen = recorder.recording?.about.made ?? 0;
    await until(
      'the recording goes on, or says why not',
      () => recorder.state.kind === 'ended' || (recorder.recording?.about.made ?? 0) > seen + 1,
    );
  }

  /** What was fetched of the recording is here, whatever became of its helper. */
  #recordingStays(): void {
    const before = this.#recorded;
    if (before === undefined) return;
    assert.equal(this.#recorder.recording, before.recording, 'the recording is gone');
    assert.ok(before.recording.hasBegun && before.recording.about.made >= before.looks, 'looks are gone');
  }

  /** Staged edits, and what the hold has kept, are what they were. */
  #nothingLost(): void {
    const { session } = this.#watched;
    const staged = this.#edits.reduce((sum, { bytes }) => sum + bytes.length, 0);
    let differs = 0;
    for (const { tile, offset, bytes } of this.#edits) {
      const shown = session.bytes(this.#rangeOf(tile, { offset, length: bytes.length }));
      assert.deepEqual(shown.bytes, bytes, `the edit at ${tile.col},${tile.row}+${offset}`);
      differs += shown.bytes.filter((value, i) => value === shown.base[i]).length;
    }
    assert.equal(session.counts().staged, staged - differs, 'staged bytes');
    const kept = this.#kept.session;
    const { startCol } = parts.kept;
    const range = { offset: 0x8000 * 9 + 0x100, length: 256 };
    const { base, flags } = kept.bytes(range);
    assert.ok(!flags.some(isUnreadable), 'what was left cannot be shown any more');
    const left = patternBytes('data', startCol + 1, 2, 0x100, range.length, seedOfPattern);
    assert.deepEqual(Buffer.from(base), left, 'what was left');
  }

  /** Throws what the starting applications threw. */
  async #checkStarter(): Promise<void> {
    await Promise.race([this.#starter, delay(0)]);
  }
}

export interface SoakReport {
  readonly seed: number;
  readonly seconds: number;
  readonly tiles: number;
  readonly hits: number;
  readonly starts: Starts;
  readonly recoveries: ReadonlyMap<Fault, readonly number[]>;
  readonly said: readonly string[];
  /** One after each fault of the first half, in which one helper lives on. */
  readonly calm: readonly Footprint[];
  /** One after each fault of the second half. */
  readonly rough: readonly Footprint[];
}

/**
 * Half of the time with faults that leave the connection as it is, so that one helper lives through it, then with `breaking` among
 * them; each kind once at least, then as many as the time has room for. At the end all that was staged is applied, and everybody leaves.
 * @param agent path of the agent for the board
 */
export async function soakFor(
  agent: string,
  seed: number,
  seconds: number,
  breaking: readonly Fault[] = breakingFaults,
): Promise<SoakReport> {
  const random = new Random(seed);
  const soak = await Soak.start(agent, seed);
  try {
    const begin = performance.now();
    const half = async (kinds: readonly Fault[], until: number): Promise<Footprint[]> => {
      const found: Footprint[] = [];
      const order = shuffled(kinds, random);
      for (let i = 0; i < kinds.length || performance.now() < begin + until * 1000; i++) {
        await soak.fault(order[i] ?? random.pick(kinds as [Fault, ...Fault[]]));
        found.push(await soak.footprint());
      }
      return found;
    };
    const calm = await half(mildFaults, seconds / 2);
    const rough = await half([...breaking, ...mildFaults], seconds);
    await soak.applyAll();
    await soak.leave();
    const { tiles, hits, starts, recoveries, said } = soak;
    const took = Math.round((performance.now() - begin) / 1000);
    return { seed, seconds: took, tiles, hits, starts, recoveries, said: [...said], calm, rough };
  } finally {
    await soak.stop();
  }
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  return all
    .map((one) => ({ one, place: random.word() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

/** How much more the last third is than the first, in the median. */
function growth(numbers: readonly number[]): number {
  const third = Math.max(1, Math.floor(numbers.length / 3));
  return median(numbers.slice(-third)) - median(numbers.slice(0, third));
}

/**
 * KiB that are no growth: what is collected late, and pages of the helper that are touched for the first time. Where one helper
 * follows another each is young, and none may use more than the one that lived on.
 */
const noGrowth = { here: { calm: 1024, rough: 2048 }, helper: 256 } as const;

/** @throws AssertionError where something grew on either side */
export function judge({ calm, rough }: SoakReport): void {
  for (const [name, half] of [
    ['calm', calm],
    ['rough', rough],
  ] as const) {
    const of = (what: keyof Footprint) => half.map((one) => one[what]);
    const said = (what: keyof Footprint) => `${what} in the ${name} half: ${of(what).join(', ')}`;
    assert.ok(growth(of('here')) <= noGrowth.here[name], said('here'));
    assert.ok(growth(of('descriptors')) <= 2, said('descriptors'));
    assert.ok(growth(of('files')) <= 0, said('files'));
    assert.ok(growth(of('helpers')) <= 1, said('helpers'));
  }
  const helpers = (half: readonly Footprint[]) => half.map(({ helper }) => helper);
  const [lived, young] = [helpers(calm), helpers(rough)];
  assert.ok(growth(lived) <= noGrowth.helper, `the helper in the calm half: ${lived}`);
  const most = Math.max(...lived) + noGrowth.helper;
  assert.ok(Math.max(...young) <= most, `the helpers in the rough half, of at most ${most}: ${young}`);
  assert.equal(new Set(calm.map(({ pid }) => pid)).size, 1, 'another helper in the calm half');
}

/** What became of it, as Markdown. */
export function soakText(report: SoakReport): string[] {
  const { tiles, hits, starts, recoveries, calm, rough } = report;
  const range = (numbers: readonly number[]) => `${Math.min(...numbers)} to ${Math.max(...numbers)}`;
  const row = (name: string, half: readonly Footprint[], what: keyof Footprint) => {
    const numbers = half.map((one) => one[what]);
    return `| ${name} | ${numbers[0]} | ${numbers.at(-1)} | ${range(numbers)} | ${growth(numbers)} |`;
  };
  return [
    `${report.seconds} s, ${tiles} tiles followed, a survey, ${pinned} watches (${hits} conditions became true), a recording; ` +
      `${starts.starts} starts of applications beside it, ${starts.refused} refused.`,
    '',
    '| fault | times | all is there again after, median, ms | longest, ms |',
    '|---|---|---|---|',
    ...[...recoveries].map(
      ([fault, times]) => `| ${fault} | ${times.length} | ${median(times)} | ${Math.max(...times)} |`,
    ),
    '',
    '| | first | last | range | last third over first third |',
    '|---|---|---|---|---|',
    row('here, connected all the time, KiB', calm, 'here'),
    row('the helper, one process, KiB', calm, 'helper'),
    row('its descriptors', calm, 'descriptors'),
    row('here, with broken connections, KiB', rough, 'here'),
    row('the youngest helper, KiB', rough, 'helper'),
    row('helpers at a time', rough, 'helpers'),
    row("files on the board's disk", rough, 'files'),
    '',
    `Said while it was away: ${report.said.join(' ')}`,
  ];
}

/** Waits until it has ended, in whatever way, but no longer than `ms`. */
async function atMost(ms: number, work: Promise<unknown> | undefined): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    Promise.resolve(work).catch(() => undefined),
    delay(ms, undefined, { signal: over.signal }).catch(() => undefined),
  ]);
  over.abort();
}

/** Waits, as long as it may take. @param why says more of what is not reached */
async function until(what: string, reached: () => boolean, why: () => string = () => ''): Promise<void> {
  const end = Date.now() + patience;
  while (!reached()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}. ${why()}`);
    await delay(50);
  }
}
