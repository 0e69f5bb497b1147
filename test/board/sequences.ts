/**
 * Seeded random sequences of connecting, reading, writing, gating, owners that come and go, and links that break, on one
 * family of the virtual board, each step checked against `sequences-model.ts`. Runner-neutral: a sequence ends or throws
 * with its steps. Titles of tests that run it carry [attach-14].
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Board, Partition, PartitionMemory, ReadResult, WriteReport } from '../../src/board/board.ts';
import { BoardError, type BoardErrorCode } from '../../src/board/errors.ts';
import { type ByteRange, type ColumnRange, locate, type MemoryGeometry } from '../../src/model/geometry.ts';
import { keyOf } from '../conformance/keys.ts';
import { Random } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { dynamicId, type Family, type FamilyName, families, familyNames } from './families.ts';
import { EpochModel, SequenceModel } from './sequences-model.ts';
import type { Witness } from './witness.ts';

const never = new AbortController().signal;
const stepsPerSequence = 12;

/** What a run of sequences did, for the record. */
export interface SequenceCount {
  sequences: number;
  steps: number;
  /** Connections made: links that broke, and one or two of each family. */
  connects: number;
  /** Steps by kind. */
  readonly kinds: Record<string, number>;
  /** Refusals that were right, by code. */
  readonly refused: Record<string, number>;
}

/** The family of a sequence: they rotate. */
export function familyOf(seed: number, sequence: number): FamilyName {
  return familyNames[(seed + sequence) % familyNames.length] ?? '2020/aie';
}

/** A virtual board behind a link that can be cut. */
export class SequenceRun {
  readonly board: VirtualBoard;
  readonly count: SequenceCount = { sequences: 0, steps: 0, connects: 0, kinds: {}, refused: {} };
  readonly #link: LinkProxy;
  readonly #way: SshWay;
  readonly #folder: string;
  #live: Live[] = [];
  #family: FamilyName | undefined;

  private constructor(board: VirtualBoard, link: LinkProxy, way: SshWay, folder: string) {
    this.board = board;
    this.#link = link;
    this.#way = way;
    this.#folder = folder;
  }

  /** @param agent path of the agent for the board */
  static async start(agent: string): Promise<SequenceRun> {
    const board = await startBoard();
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-sequences-'));
    const link = await startProxy({ targetPort: board.port });
    const keys = board.hostPublicKeys.map((key) => `[${board.host}]:${link.port} ${key}\n`);
    writeFileSync(join(folder, 'known_hosts'), keys.join(''));
    return new SequenceRun(board, link, new SshWay(board, agent), folder);
  }

  /** Runs one sequence; the module is loaded as its family first if it is another one. @throws Error with all steps */
  async run(seed: number, sequence: number): Promise<void> {
    const name = familyOf(seed, sequence);
    if (this.#family !== name) await this.#load(name);
    const steps: string[] = [];
    const { log } = this.#way;
    log.lines.length = 0;
    const one = new Sequence(this, families[name], new Random(seed * 100_003 + sequence), steps);
    try {
      await one.all();
    } catch (error) {
      const { ending } = log;
      this.#family = undefined;
      await one.stop().catch(() => undefined);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const facts = error instanceof BoardError ? ` ${error.code} ${JSON.stringify(error.facts)}` : '';
      throw new Error(
        `SEED=${seed} SEQUENCE=${sequence} (${name}), after:\n  ${steps.join('\n  ')}\n${text}${facts}\nThe log:\n  ${ending}`,
      );
    }
    this.count.sequences++;
  }

  async stop(): Promise<void> {
    await this.#endAll();
    await this.#link.close();
    this.#way.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
    await this.board.stop();
  }

  /** The connections that live, as many as asked for; those of earlier sequences are used again. */
  async live(model: SequenceModel, wanted: number): Promise<Live[]> {
    while (this.#live.length < wanted) {
      const board = await this.#way.connect({
        port: this.#link.port,
        knownHostsFiles: [join(this.#folder, 'known_hosts')],
      });
      this.count.connects++;
      this.#live.push(new Live(board, model));
    }
    return this.#live.slice(0, wanted);
  }

  /** A new sequence begins: what connections knew of contents counts no more, and the list is that of now. */
  async forget(model: SequenceModel): Promise<void> {
    for (const one of this.#live) {
      one.epochs = new EpochModel(model, 'perhaps');
      await one.board.partitions(never);
    }
  }

  get link(): LinkProxy {
    return this.#link;
  }

  /** Every connection is lost: all of them say so once, and no agent stays on the board. */
  async lost(): Promise<void> {
    for (const one of this.#live.splice(0)) {
      const error = await one.closed;
      assert.equal(error.code, 'connection-lost');
      await assert.rejects(one.board.partitions(never), { code: 'connection-lost' });
      await one.board.dispose();
    }
    await until('no agent is left', async () => (await this.#agents()) === 0);
  }

  async #agents(): Promise<number> {
    const script =
      'n=0; for p in /proc/[0-9]*; do read -r c < $p/comm && [ "$c" = tilescope-agent ] && n=$((n+1)); done 2>/dev/null; echo $n';
    return Number((await this.board.exec(script)).stdout.toString());
  }

  async #endAll(): Promise<void> {
    for (const one of this.#live.splice(0)) await one.board.dispose();
    await until('no agent is left', async () => (await this.#agents()) === 0);
  }

  async #load(name: FamilyName): Promise<void> {
    const { module } = families[name];
    try {
      await this.#endAll();
      await this.board.reloadModule(module);
    } catch {
      // What a failed sequence left behind keeps the module loaded.
      await this.board.reboot({ module });
    }
    this.#family = name;
  }
}

/** One connection. */
class Live {
  readonly board: Board;
  readonly closed: Promise<BoardError>;
  epochs: EpochModel;

  constructor(board: Board, model: SequenceModel) {
    this.board = board;
    this.epochs = new EpochModel(model, 'no');
    this.closed = new Promise((resolve) => board.onDidClose(resolve));
  }
}

/** Edits to be written, and what must become of them. */
interface Plan {
  readonly memory: MemoryGeometry;
  readonly edits: readonly {
    readonly offset: number;
    readonly seen: Uint8Array;
    readonly bytes: Uint8Array;
  }[];
}

class Sequence {
  readonly #run: SequenceRun;
  readonly #family: Family;
  readonly #random: Random;
  readonly #steps: string[];
  readonly #model: SequenceModel;
  readonly #columns: ColumnRange;
  /** Two connections look at the partition. */
  readonly #two: boolean;
  #witness: Witness | undefined;

  constructor(run: SequenceRun, family: Family, random: Random, steps: string[]) {
    this.#run = run;
    this.#family = family;
    this.#random = random;
    this.#steps = steps;
    this.#model = new SequenceModel(family);
    this.#two = random.below(5) === 0;
    this.#columns = { startCol: family.partition.startCol, numCols: family.partition.numCols };
  }

  async all(): Promise<void> {
    await this.#run.board.control('reset all');
    await this.#run.forget(this.#model);
    for (let step = 0; step < stepsPerSequence; step++) {
      await this.#step();
      this.#run.count.steps++;
    }
    await this.#read(await this.#pick());
    await this.stop();
    await until('everything is given back', async () => (await this.#held()) === 0);
    await this.#run.board.assertClean();
  }

  /** Ends the owner, whatever it is doing. */
  async stop(): Promise<void> {
    const witness = this.#witness;
    this.#witness = undefined;
    await witness?.exit();
  }

  async #step(): Promise<void> {
    const roll = this.#random.below(100);
    if (roll < 27) return this.#read(await this.#pick());
    if (roll < 46) return this.#write(await this.#pick());
    if (roll < 60) return this.#clock();
    if (roll < 71) return this.#witness === undefined ? this.#start() : this.#ownerWrites();
    if (roll < 89) return this.#witness === undefined ? this.#start() : this.#exit();
    if (roll < 95) return this.#list(await this.#pick());
    if (roll < 98 && this.#witness === undefined) return this.#neighbour(await this.#pick());
    return this.#lose();
  }

  #say(kind: string, detail: string): void {
    this.#steps.push(`${kind} ${detail}`);
    this.#run.count.kinds[kind] = (this.#run.count.kinds[kind] ?? 0) + 1;
  }

  /** The connection, or one of the two. */
  async #pick(): Promise<Live> {
    const wanted = this.#two && this.#random.below(2) === 0 ? 2 : 1;
    const live = await this.#run.live(this.#model, wanted);
    const one = live.at(-1);
    assert.ok(one);
    return one;
  }

  #memory(): MemoryGeometry {
    const [first, ...others] = this.#family.memories;
    assert.ok(first);
    return this.#random.pick([first, first, ...others]);
  }

  #range(memory: MemoryGeometry, most: number): ByteRange {
    const tile = this.#random.below(memory.numCols * memory.numRows);
    const length = 1 + this.#random.below(most);
    const inTile = this.#random.below(memory.bytesPerTile);
    const end = memory.numCols * memory.numRows * memory.bytesPerTile;
    return { offset: Math.min(tile * memory.bytesPerTile + inTile, end - length), length };
  }

  /**
   * Does something with the partition. A dynamic one is gone when its owner is: then, and only then, it is asked for anew.
   */
  async #with<T>(live: Live, act: (partition: Partition) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const partition = await live.board.open(keyOf(this.#columns), {}, never);
        live.epochs.reached();
        return await act(partition);
      } catch (error) {
        const gone = error instanceof BoardError && error.code === 'no-partition';
        const may = this.#family.dynamic && this.#model.hands > 0 && this.#model.owner === undefined;
        if (!gone || !may || attempt > 0) throw error;
        this.#refused('no-partition');
        await live.board.partitions(never);
      }
    }
  }

  #refused(code: BoardErrorCode): void {
    this.#run.count.refused[code] = (this.#run.count.refused[code] ?? 0) + 1;
  }

  async #read(live: Live): Promise<void> {
    const memory = this.#memory();
    const whole = this.#random.below(12) === 0;
    const ranges = whole
      ? [{ offset: this.#range(memory, 1).offset, length: 1 }].map(({ offset }) => ({
          offset: offset - (offset % memory.bytesPerTile),
          length: memory.bytesPerTile,
        }))
      : Array.from({ length: 1 + this.#random.below(4) }, () => this.#range(memory, 700));
    this.#say('read', `${memory.type} ${ranges.map((one) => `${one.offset}+${one.length}`).join(' ')}`);
    await this.#readRanges(live, memory, ranges);
  }

  /** Reads, and requires every byte to be right or said to be gated. */
  async #readRanges(live: Live, memory: MemoryGeometry, ranges: readonly ByteRange[]): Promise<ReadResult> {
    const read = () =>
      this.#with(live, (partition) => memoryOf(partition, memory).read(ranges, { asking: 'fast' }, never));
    const ends = (one: ReadResult): boolean =>
      (live.epochs.mayEnd || one.gaveWay === true) &&
      one.unreadable.some(({ reason }) => reason === 'not-read');
    let result = await read();
    live.epochs.told(result.epoch);
    // Columns that were gated since end the epoch in the middle, and a process that came ends the read: what was left
    // out is read again.
    for (let again = 0; ends(result) && again < this.#family.partition.numCols; again++) {
      result = await read();
      live.epochs.told(result.epoch);
    }
    const barred = (at: number): boolean => {
      const span = result.unreadable.find((one) => at >= one.offset && at < one.offset + one.length);
      assert.ok(span === undefined || span.reason === 'gated', `byte ${at}: ${span?.reason}`);
      return span !== undefined;
    };
    for (const { range, bytes } of result.pieces) {
      assert.equal(bytes.length, range.length);
      const expected = this.#model.expected(memory, range.offset, range.length);
      for (let i = 0; i < bytes.length; i++) {
        const at = range.offset + i;
        const gated = !this.#model.runsAt(memory, at);
        if (barred(at) !== gated) assert.fail(`byte ${at} of ${memory.type} is${gated ? '' : ' not'} gated`);
        if (gated || bytes[i] === expected[i]) continue;
        const may = this.#model.may(memory, at);
        assert.ok(may.includes(bytes[i] ?? -1), `byte ${at} of ${memory.type}: ${bytes[i]}, not ${may}`);
        this.#model.set(memory, at, bytes[i] ?? 0);
      }
    }
    return result;
  }

  async #write(live: Live): Promise<void> {
    const memory = this.#memory();
    const ranges = this.#places(memory);
    const owned = this.#model.owner !== undefined;
    const unlocked = owned && this.#random.below(4) > 0;
    const old = live.epochs.past !== undefined && this.#random.below(8) === 0;
    const fresh = live.epochs.last === undefined || this.#random.below(3) > 0;
    this.#say(
      'write',
      `${memory.type} ${ranges.map((one) => `${one.offset}+${one.length}`).join(' ')}` +
        `${unlocked ? ' unlocked' : ''}${old ? ' of an old epoch' : ''}${fresh ? '' : ' read earlier'}`,
    );
    // Not fresh: the epoch is the one that was told last, whatever happened since.
    if (fresh || ranges.some((one) => this.#unsure(memory, one)))
      await this.#readRanges(live, memory, ranges);
    const plan = this.#plan(memory, ranges);
    const epoch = (old ? live.epochs.past : undefined) ?? live.epochs.last ?? '';
    const expected = this.#outcomes(plan);
    try {
      const report = await this.#with(live, (partition) =>
        memoryOf(partition, memory).write(plan.edits, { epoch, besideOwner: unlocked }, never),
      );
      assert.ok(!old, 'an old epoch was taken');
      assert.ok(!owned || unlocked, 'written beside an owner without being unlocked');
      assert.equal(report.epoch, epoch);
      live.epochs.told(report.epoch);
      this.#checkReport(plan, expected, report);
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      const locked = owned && !unlocked;
      const life = old || live.epochs.rule() !== 'same';
      if (!(error.code === 'locked' && locked) && !(error.code === 'epoch' && life)) throw error;
      this.#refused(error.code);
    }
  }

  /** Up to three runs of bytes that do not overlap, ascending. */
  #places(memory: MemoryGeometry): ByteRange[] {
    const ranges = Array.from({ length: 1 + this.#random.below(3) }, () => this.#range(memory, 40));
    ranges.sort((a, b) => a.offset - b.offset);
    return ranges.filter((one, i) =>
      ranges.slice(0, i).every((before) => before.offset + before.length <= one.offset),
    );
  }

  #unsure(memory: MemoryGeometry, range: ByteRange): boolean {
    for (let at = range.offset; at < range.offset + range.length; at++)
      if (this.#model.may(memory, at).length > 1) return true;
    return false;
  }

  /** New bytes over what the model has; sometimes one byte was seen otherwise than it is. */
  #plan(memory: MemoryGeometry, ranges: readonly ByteRange[]): Plan {
    const edits = ranges.map(({ offset, length }) => {
      const seen = this.#model.expected(memory, offset, length);
      const wrong = this.#random.below(5) === 0 ? this.#random.below(length) : -1;
      for (const [i, value] of seen.entries()) if (i === wrong) seen[i] = value ^ 0x5a;
      return { offset, seen, bytes: this.#random.bytes(length) };
    });
    return { memory, edits };
  }

  /** What must become of each byte: words conflict as a whole, in program memory lines of 16 bytes. */
  #outcomes({ memory, edits }: Plan): Map<number, 'verified' | 'conflict' | 'refused'> {
    const unit = memory.type === 'program' ? 16 : 4;
    const conflicts = new Set<number>();
    for (const { offset, seen } of edits) {
      const here = this.#model.expected(memory, offset, seen.length);
      for (const [i, value] of seen.entries())
        if (value !== here[i]) conflicts.add(Math.floor((offset + i) / unit));
    }
    const outcomes = new Map<number, 'verified' | 'conflict' | 'refused'>();
    for (const { offset, bytes } of edits)
      for (let at = offset; at < offset + bytes.length; at++) {
        const conflict = conflicts.has(Math.floor(at / unit)) ? 'conflict' : 'verified';
        outcomes.set(at, this.#model.runsAt(memory, at) ? conflict : 'refused');
      }
    return outcomes;
  }

  #checkReport(plan: Plan, expected: ReadonlyMap<number, string>, report: WriteReport): void {
    const asked = plan.edits.flatMap(({ offset, bytes }) =>
      [...bytes].map((value, i) => [offset + i, value] as const),
    );
    const found = report.spans.flatMap((span) =>
      Array.from(
        { length: span.length },
        (_, i) => [span.offset + i, span.outcome, span.now[i], span.reason] as const,
      ),
    );
    assert.deepEqual(
      found.map(([at]) => at),
      asked.map(([at]) => at),
      'the report covers other bytes',
    );
    for (const [i, [at, value]] of asked.entries()) {
      const [, outcome, now, reason] = found[i] ?? [];
      assert.equal(outcome, expected.get(at), `byte ${at} of ${plan.memory.type}`);
      if (outcome === 'refused') assert.equal(reason, 'gated');
      else assert.equal(now, outcome === 'verified' ? value : this.#model.may(plan.memory, at)[0]);
      if (outcome === 'verified') this.#model.set(plan.memory, at, value);
    }
  }

  /** A tile's clock changes from outside; rarely all clocks. */
  async #clock(): Promise<void> {
    const { startCol, numCols, numRows } = this.#family.partition;
    const col = startCol + this.#random.below(numCols);
    const row = 1 + this.#random.below(numRows - 1);
    const roll = this.#random.below(10);
    if (roll === 0) {
      this.#say('clock', 'ungate all');
      await this.#run.board.control('ungate all');
      this.#model.ungateAll();
      return;
    }
    const on = roll > 5;
    this.#say('clock', `${on ? 'ungate' : 'gate'} ${col} ${row}`);
    await this.#run.board.control(`${on ? 'ungate' : 'gate'} ${col} ${row}`);
    if (on) this.#model.ungate(col, row);
    else this.#model.gate(col, row);
  }

  /** An application of its own process takes the partition, and fills one memory. */
  async #start(): Promise<void> {
    const keep = this.#random.below(3) === 0;
    const memory = this.#memory();
    const seed = 1 + this.#random.below(1000);
    this.#say('start', `${keep ? 'keep ' : ''}fill ${memory.type} ${seed}`);
    const witness = await this.#run.board.witness();
    this.#witness = witness;
    const { pid } = await witness.request(this.#family.partition.id, { keep, clocks: true });
    await this.#run.board.control('ungate all');
    this.#model.start({ pid, keep });
    await witness.fill(seed, memory.type);
    this.#model.fill(memory, seed);
  }

  async #ownerWrites(): Promise<void> {
    const memory = this.#memory();
    const { offset, length } = this.#range(memory, 24);
    const { tile, offset: at } = locate(memory, offset);
    const count = Math.min(length, memory.bytesPerTile - at);
    if (!this.#model.runsAt(memory, offset)) return;
    const bytes = this.#random.bytes(count);
    this.#say('owner writes', `${memory.type} ${offset}+${count}`);
    const found = await this.#witness?.read(memory.type, tile.col, tile.row, at, count);
    for (const [i, value] of (found ?? []).entries())
      assert.ok(
        this.#model.may(memory, offset + i).includes(value),
        `the owner sees ${value} at ${offset + i}`,
      );
    await this.#witness?.write(memory.type, tile.col, tile.row, at, bytes);
    for (const [i, value] of bytes.entries()) this.#model.set(memory, offset + i, value);
  }

  /** The owner ends in order, or crashes. */
  async #exit(): Promise<void> {
    const crash = this.#random.below(2) === 0;
    const { pid } = this.#model.owner ?? {};
    this.#say(crash ? 'crash' : 'exit', String(pid));
    if (crash) {
      await this.#run.board.exec(`kill -9 ${pid}`);
      await this.#witness?.ended();
      this.#witness = undefined;
    } else await this.stop();
    await until('the partition is given back', async () => (await this.#held()) === 0);
    this.#model.end();
  }

  async #held(): Promise<number> {
    const { open = 0, dmabufs = 0, mappings = 0 } = await this.#run.board.counters();
    return open + dmabufs + mappings;
  }

  /** The list says whose the partition is. */
  async #list(live: Live): Promise<void> {
    this.#say('list', '');
    const list = await live.board.partitions(never);
    const found = list.find((one) => one.columns.startCol === this.#columns.startCol);
    const { owner } = this.#model;
    assert.ok(found !== undefined || this.#family.dynamic, 'the partition is not listed');
    assert.equal(found?.inUse ?? false, owner !== undefined);
    assert.deepEqual(
      [found?.owner?.pid, found?.owner?.command],
      owner === undefined ? [undefined, undefined] : [owner.pid, 'witness'],
    );
    if (found !== undefined) live.epochs.listed(found.epoch);
    const { startCol, numCols } = this.#columns;
    const covered = live.board.freeColumns.some(
      (one) => one.startCol < startCol + numCols && startCol < one.startCol + one.numCols,
    );
    assert.equal(covered, this.#family.dynamic && owner === undefined);
  }

  /** Another application takes some of our free columns, where they are not fixed, else those of another partition. */
  async #neighbour(live: Live): Promise<void> {
    const { dynamic, other } = this.#family;
    this.#say('neighbour', '');
    const id = dynamic ? dynamicId(this.#columns.startCol + 2, other.numCols) : other.id;
    const witness = await this.#run.board.witness();
    try {
      const { pid } = await witness.request(id, { keep: true });
      if (!dynamic) return await this.#readSomething(live);
      this.#model.hands++;
      const memory = this.#memory();
      const reading = live.board
        .open(keyOf(this.#columns), {}, never)
        .then((partition) =>
          memoryOf(partition, memory).read([{ offset: 0, length: 4 }], { asking: 'fast' }, never),
        );
      // What was opened before is refused, or not known any more once the list was looked at.
      await assert.rejects(reading, codeIn('columns-taken', 'no-partition'));
      await live.board.partitions(never);
      const opening = live.board.open(keyOf(this.#columns), {}, never);
      await assert.rejects(opening, (error) => codeIn('columns-taken')(error) && error.facts['pid'] === pid);
      this.#refused('columns-taken');
    } finally {
      await witness.exit();
      await until('the other columns are given back', async () => (await this.#held()) === 0);
    }
  }

  async #readSomething(live: Live): Promise<void> {
    const memory = this.#memory();
    await this.#readRanges(live, memory, [this.#range(memory, 100)]);
  }

  /** The link breaks: while nothing is under way, or in the middle of a read or a write. */
  async #lose(): Promise<void> {
    const when = this.#random.pick(['idle', 'reading', 'writing']);
    this.#say('lose', when);
    const [live] = await this.#run.live(this.#model, 1);
    assert.ok(live);
    const memory = this.#memory();
    if (when === 'reading') {
      const range = { offset: 0, length: Math.min(65_536, memory.bytesPerTile * 2) };
      // The answer about gated tiles alone is short; so is one whose zeros come deflated.
      const most = this.#model.runsAt(memory, 0) ? 150 : 60;
      const cut = this.#run.link.cutAfter('toClient', this.#random.below(most));
      const reading = this.#with(live, (partition) =>
        memoryOf(partition, memory).read([range], { asking: 'fast' }, never),
      );
      await assert.rejects(reading, { code: 'connection-lost' });
      await cut;
    } else if (when === 'writing' && live.epochs.last !== undefined) await this.#writeCutOff(live, memory);
    this.#run.link.cut();
    await this.#run.lost();
  }

  /** A write whose answer does not come: each byte may have been written. */
  async #writeCutOff(live: Live, memory: MemoryGeometry): Promise<void> {
    const ranges = this.#places(memory);
    await this.#readRanges(live, memory, ranges);
    const plan = this.#plan(memory, ranges);
    const expected = this.#outcomes(plan);
    const epoch = live.epochs.last ?? '';
    const direction = this.#random.pick<'toTarget' | 'toClient'>(['toTarget', 'toClient']);
    void this.#run.link.cutAfter(direction, this.#random.below(120));
    const writing = this.#with(live, (partition) =>
      memoryOf(partition, memory).write(plan.edits, { epoch, besideOwner: true }, never),
    );
    await assert.rejects(writing, { code: 'connection-lost' });
    for (const { offset, bytes } of plan.edits)
      for (const [i, value] of bytes.entries()) {
        if (expected.get(offset + i) !== 'verified') continue;
        this.#model.set(memory, offset + i, ...this.#model.may(memory, offset + i), value);
      }
  }
}

function memoryOf(partition: Partition, { type }: MemoryGeometry): PartitionMemory {
  const memory = partition.memory(type);
  assert.ok(memory !== undefined, `no ${type} memory`);
  return memory;
}

function codeIn(...codes: readonly BoardErrorCode[]): (error: unknown) => error is BoardError {
  return (error): error is BoardError => error instanceof BoardError && codes.includes(error.code);
}

/** Waits, for at most half a minute. */
async function until(what: string, reached: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await reached())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await delay(20);
  }
}
