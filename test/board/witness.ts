import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type MemoryType, memoryTypes } from '../../src/model/geometry.ts';
import type { Store } from './reported.ts';

/** The memories of a tile that the witness knows. */
export type WitnessMemory = MemoryType;

/** A tile above the shim as the witness saw it; `enabled` says that its core runs. Column and row are absolute. */
export interface WitnessTile {
  readonly column: number;
  readonly row: number;
  readonly state: 'gated' | 'clocked' | 'enabled';
}

/** What a witness answers to `request` and `status`: its process and its file descriptors on the board, -1 for none. */
export interface WitnessHandles {
  readonly pid: number;
  readonly part: number;
  readonly data: number;
  readonly program: number;
  /** The file descriptor of each memory's DMA-buf; -1 once it was closed. */
  readonly buffers: ReadonlyMap<WitnessMemory, number>;
}

/** How a witness takes a partition. */
export interface WitnessRequest {
  /** Asks the driver not to reset the partition at release. */
  readonly keep?: boolean;
  /** Does not call AIE_GET_MEM: no DMA-bufs. */
  readonly noget?: boolean;
  /** Turns the clocks of all tiles on before anything is mapped, as an application has to after a reset. */
  readonly clocks?: boolean;
  /**
   * Asks for no tiles at all: the driver goes on believing of their clocks what it found at the request. Without it
   * the witness asks for those that run, as an application has asked for its own, which changes no clock.
   */
  readonly blind?: boolean;
}

/** Bytes at the begin of the partition's first and last tile of data memory that each life of `cycles` fills. */
export const lifeBytes = 4096;

/** What became of the lives of `cycles`. */
export interface WitnessLives {
  readonly cycles: number;
  /** Requests that were busy once and succeeded 50 ms later. */
  readonly retries: number;
  /** Lives that could not do their work. */
  readonly failures: number;
  /** Own resets that succeeded. */
  readonly resets: number;
  /** Of these, those that were refused with EBUSY once. */
  readonly resetRetries: number;
  readonly resetFailures: number;
  /** Words that did not read back. */
  readonly wrong: number;
  /** The last errno name, or `none`. */
  readonly error: string;
  /** What all of it took. */
  readonly ms: number;
}

/** What became of `starts` and `kills`. */
export interface WitnessStarts {
  readonly starts: number;
  /** Starts whose one request was refused; none asks again. */
  readonly refused: number;
  /** Starts that could not do their work for another reason. */
  readonly failures: number;
  /** Words of program memory that did not read back. */
  readonly wrong: number;
  /** One of the starts to be killed hung in the driver for 5 s; it was the last one. */
  readonly stuck: boolean;
  /** The last errno name, or `none`. */
  readonly error: string;
  /** What all of it took. */
  readonly ms: number;
}

/** How the applications of `starts` and `kills` follow each other. */
export interface WitnessStartOptions {
  /** Starts with the owner's own reset, where the driver has it; else with a request for all tiles. */
  readonly init?: boolean;
  /** What they leave behind stays: contents and clocks. */
  readonly keep?: boolean;
  /** They have the device open from the begin: nobody sees an opening before they ask. */
  readonly opened?: boolean;
  /** How long each works, milliseconds: drawn from `seed` between these two. */
  readonly live?: readonly [number, number];
  /** How long nobody is there between two, drawn likewise; nothing without it, so that each starts at once. */
  readonly pause?: readonly [number, number];
  /** For both; not 0. */
  readonly seed?: number;
}

/** What the measured loop did; one turn changes 64 words of data memory. */
export interface WitnessRate {
  readonly loops: number;
  readonly ms: number;
  /** Turns per second. */
  readonly rate: number;
}

/** What a job with a seed stored. Times in milliseconds since 1970 on the board's clock. */
export interface WitnessStores {
  /** When the job began. */
  readonly beganAt: number;
  /** In their order; offsets are those in the tile. */
  readonly stores: readonly Store[];
}

/** The witness refused a command. `code` is an errno name such as EBUSY, or SIGBUS, NOTHELD, USAGE. */
export class WitnessError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = 'WitnessError';
    this.code = code;
  }
}

/** The word that `fill` writes at a tile offset (bytes, multiple of 4); different for every word of an array. */
export function patternWord(
  memory: WitnessMemory,
  column: number,
  row: number,
  offset: number,
  seed = 0,
): number {
  const name = (memoryTypes.indexOf(memory) << 28) | (column << 21) | (row << 17) | (offset / 4);
  return (Math.imul(name, 0x9e3779b1) ^ seed) >>> 0;
}

/** The bytes that `fill` leaves in `length` bytes from a tile offset; both may be odd. */
export function patternBytes(
  memory: WitnessMemory,
  column: number,
  row: number,
  offset: number,
  length: number,
  seed = 0,
): Buffer {
  const first = offset - (offset % 4);
  const words = Buffer.alloc(Math.ceil((offset + length - first) / 4) * 4);
  for (let at = 0; at < words.length; at += 4)
    words.writeUInt32LE(patternWord(memory, column, row, first + at, seed), at);
  return words.subarray(offset - first, offset - first + length);
}

interface Waiter {
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A witness that runs on the board and is spoken to over one ssh channel. Commands
 * are answered in order. When the channel ends, the witness gives its partition back.
 */
export class Witness {
  readonly #channel: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiter[] = [];
  readonly #ended: Promise<void>;
  #output = '';
  #log = '';
  #over = false;

  /** `channel` is an ssh process whose far end runs `witness serve`. */
  constructor(channel: ChildProcessWithoutNullStreams) {
    this.#channel = channel;
    channel.stdout.on('data', (chunk: Buffer) => this.#read(chunk.toString('latin1')));
    channel.stderr.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
    // A write to a channel that just ended: the waiters learn it from 'close'.
    channel.stdin.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      channel.on('close', () => {
        this.#over = true;
        for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#goneError());
        resolve();
      });
    });
  }

  /** Sends one command line; answers with what follows `ok`. @throws WitnessError when it was refused. */
  command(line: string): Promise<string> {
    if (this.#over) return Promise.reject(this.#goneError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#channel.stdin.write(`${line}\n`);
    });
  }

  /** Takes a partition as an application does, by the driver's id (`families.ts`). */
  async request(id: number, options: WitnessRequest = {}): Promise<WitnessHandles> {
    const words = (['keep', 'noget', 'clocks', 'blind'] as const).filter((word) => options[word] === true);
    return handles(await this.command(['request', id, ...words].join(' ')));
  }

  /** Closes the DMA-bufs' file descriptors; the mappings stay. */
  async closeBuffers(): Promise<void> {
    await this.command('closebufs');
  }

  /** The owner's own reset (AIE_PARTITION_INIT); memories keep their contents unless `zero`. */
  async reset(zero = false): Promise<void> {
    await this.command(`init 0 ${zero ? 0x1f : 0xf}`);
  }

  /**
   * Starts an application `count` times as the vendor's library does: it asks for the partition once and never again,
   * maps, starts the array, loads program memory, runs a core, stops it, compares, and ends with everything open.
   */
  starts(id: number, count: number, options: WitnessStartOptions = {}): Promise<WitnessStarts> {
    return this.#starts('starts', id, count, options);
  }

  /** The same applications, each ended by SIGKILL in the middle of its work. */
  kills(id: number, count: number, options: WitnessStartOptions = {}): Promise<WitnessStarts> {
    return this.#starts('kills', id, count, options);
  }

  /**
   * Starts an application `count` times, each time as a new process that requests the partition (once more
   * after 50 ms when it is busy), works on it and ends. Answers when all have ended. Its work: `lifeBytes` of two tiles get
   * the pattern with the life's number (from 1 on) as seed, then their first word the life's process id.
   */
  async cycles(
    id: number,
    count: number,
    options: {
      /** Lives per second at most; as many as go without it. */
      readonly rate?: number;
      /** How long each life goes on after its work, milliseconds: drawn from `seed` between these two. */
      readonly live?: readonly [number, number];
      /** How long nobody is there between two lives, drawn likewise; one pause in sixteen is ten times as long. */
      readonly pause?: readonly [number, number];
      /** For lengths of lives and pauses; not 0. */
      readonly seed?: number;
      readonly keep?: boolean;
      /** Each life resets the partition first, where the driver lets owners do that. */
      readonly reset?: boolean;
      /** Each life gives everything back before it ends, instead of just ending. */
      readonly release?: boolean;
    } = {},
  ): Promise<WitnessLives> {
    const words = (['keep', 'reset', 'release'] as const).filter((word) => options[word] === true);
    const numbers = (['rate', 'live', 'pause', 'seed'] as const).flatMap((word) =>
      options[word] === undefined ? [] : [word, options[word]].flat(),
    );
    const answer = await this.command(['cycles', id, count, ...words, ...numbers].join(' '));
    return {
      cycles: field(answer, 'cycles'),
      retries: field(answer, 'retries'),
      failures: field(answer, 'failures'),
      resets: field(answer, 'resets'),
      resetRetries: field(answer, 'resetretries'),
      resetFailures: field(answer, 'resetfailures'),
      wrong: field(answer, 'wrong'),
      error: /\berror=(\w+)/.exec(answer)?.[1] ?? 'none',
      ms: field(answer, 'ms'),
    };
  }

  /** Starts the measured loop over data memory of the first tile; commands are answered meanwhile. */
  async startRate(): Promise<void> {
    await this.command('rate start');
  }

  /** Ends the measured loop and says how fast it was since `startRate`. */
  async stopRate(): Promise<WitnessRate> {
    return rateOf(await this.command('rate stop'));
  }

  /** Runs the measured loop for a time (milliseconds), answering nothing meanwhile. */
  async spin(ms: number): Promise<WitnessRate> {
    return rateOf(await this.command(`spin ${ms}`));
  }

  async release(): Promise<void> {
    await this.command('release');
  }

  /** Bytes of one tile: absolute column and row, tile offset and length in bytes. */
  async read(
    memory: WitnessMemory,
    column: number,
    row: number,
    offset: number,
    length: number,
  ): Promise<Buffer> {
    return Buffer.from(await this.command(`read ${memory} ${column} ${row} ${offset} ${length}`), 'hex');
  }

  async write(
    memory: WitnessMemory,
    column: number,
    row: number,
    offset: number,
    bytes: Uint8Array,
  ): Promise<void> {
    await this.command(`write ${memory} ${column} ${row} ${offset} ${Buffer.from(bytes).toString('hex')}`);
  }

  /** Writes `patternWord` to every word of the partition's memories, or of one memory type. */
  async fill(seed = 0, memory?: WitnessMemory): Promise<void> {
    await this.command(`fill ${seed}${memory === undefined ? '' : ` ${memory}`}`);
  }

  /**
   * Starts to change data memory as kernels do: at each step every word of the region becomes its
   * pattern word plus the step number. Without a region: 64 bytes at 0x1000 of every tile. With a seed (not 0) a step stores
   * one to four words instead, half of them among the first sixteen, and `stores` tells each of them.
   */
  async run(
    options:
      | { column: number; row: number; offset: number; length: number; rate: number; seed?: number }
      | { rate: number } = {
      rate: 100,
    },
  ): Promise<void> {
    if (!('column' in options)) {
      await this.command(`run ${options.rate}`);
      return;
    }
    const { column, row, offset, length, rate, seed = [] } = options;
    await this.command(['run', column, row, offset, length, rate, seed].flat().join(' '));
  }

  /** Ends `run` with a seed, which ends by itself after 65,536 stores; answers with all that it stored. */
  async stores(): Promise<WitnessStores> {
    const answer = await this.command('stores');
    const digits = /stores=([0-9a-f]*)$/.exec(answer)?.[1] ?? '';
    const began = field(answer, 'wall');
    const stores = Array.from({ length: field(answer, 'count') }, (_, i): Store => {
      const [from = 0, to = 0, offset = 0, value = 0] = Array.from({ length: 4 }, (_, word) =>
        Number.parseInt(digits.slice(8 * (4 * i + word), 8 * (4 * i + word + 1)), 16),
      );
      return { offset, value, from: (began + from) / 1000, to: (began + to) / 1000 };
    });
    return { beganAt: began / 1000, stores };
  }

  /** Ends `run`; answers with the number of steps taken. */
  async stop(): Promise<number> {
    return field(await this.command('stop'), 'steps');
  }

  /** Enables or disables a core through AIE_REG. */
  async core(column: number, row: number, on: boolean): Promise<void> {
    await this.command(`core ${column} ${row} ${on ? 'on' : 'off'}`);
  }

  /** Gates tiles (AIE_RELEASE_TILES) or runs them again (AIE_REQUEST_TILES). */
  async gate(tile: { column: number; row: number } | 'all', on: boolean): Promise<void> {
    const where = tile === 'all' ? 'all' : `${tile.column} ${tile.row}`;
    await this.command(`gate ${where} ${on ? 'on' : 'off'}`);
  }

  /** Every tile above the shim of the held partition, as its clock and core registers say. */
  async tiles(): Promise<WitnessTile[]> {
    const answer = await this.command('tiles');
    return [...answer.matchAll(/(\d+),(\d+):(gated|clocked|enabled)/g)].map((match) => ({
      column: Number(match[1]),
      row: Number(match[2]),
      state: match[3] === 'gated' ? 'gated' : match[3] === 'enabled' ? 'enabled' : 'clocked',
    }));
  }

  async status(): Promise<WitnessHandles & { held: number; running: boolean; steps: number }> {
    const answer = await this.command('status');
    return {
      ...handles(answer),
      held: field(answer, 'held'),
      running: field(answer, 'running') === 1,
      steps: field(answer, 'steps'),
    };
  }

  /** A word of the register view: absolute column and row, offset in the tile's address space in bytes. */
  async peek(column: number, row: number, offset: number): Promise<number> {
    return Number(await this.command(`peek ${column} ${row} ${offset}`));
  }

  /**
   * Opens files that look like a partition's fds, and a second free partition with its DMA-bufs. With `over`,
   * one of the files takes the partition's old fd number.
   */
  async holdDecoys(over = false): Promise<void> {
    await this.command(`hold-decoys${over ? ' over' : ''}`);
  }

  /** Ends the witness, which gives everything back in order, and waits for it. */
  async exit(): Promise<void> {
    if (!this.#over) await this.command('exit');
    this.#channel.stdin.end();
    await this.#ended;
  }

  /** Waits until the channel is over, for example after the process was killed on the board. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** What the witness logged so far. */
  log(): string {
    return this.#log;
  }

  async #starts(
    command: 'starts' | 'kills',
    id: number,
    count: number,
    options: WitnessStartOptions,
  ): Promise<WitnessStarts> {
    const numbers = (['live', 'pause', 'seed'] as const).flatMap((word) =>
      options[word] === undefined ? [] : [word, options[word]].flat(),
    );
    const words = (['init', 'keep', 'opened'] as const).filter((word) => options[word] === true);
    const answer = await this.command([command, id, count, ...words, ...numbers].join(' '));
    return {
      starts: field(answer, 'starts'),
      refused: field(answer, 'refused'),
      failures: field(answer, 'failures'),
      wrong: field(answer, 'wrong'),
      stuck: field(answer, 'stuck') === 1,
      error: /\berror=(\w+)/.exec(answer)?.[1] ?? 'none',
      ms: field(answer, 'ms'),
    };
  }

  #read(text: string): void {
    this.#output += text;
    for (let end = this.#output.indexOf('\n'); end >= 0; end = this.#output.indexOf('\n')) {
      const line = this.#output.slice(0, end);
      this.#output = this.#output.slice(end + 1);
      const waiter = this.#waiting.shift();
      const [first = '', code = ''] = line.split(' ');
      if (first === 'ok') waiter?.resolve(line.slice(3));
      else waiter?.reject(new WitnessError(code, line.slice(first.length + code.length + 2)));
    }
  }

  #goneError(): Error {
    return new WitnessError('GONE', `The witness has ended. Its log:\n${this.#log}`);
  }
}

function handles(answer: string): WitnessHandles {
  return {
    pid: field(answer, 'pid'),
    part: field(answer, 'part'),
    data: field(answer, 'data'),
    program: field(answer, 'program'),
    buffers: new Map(
      memoryTypes
        .map((memory) => [memory, field(answer, memory)] as const)
        .filter(([, descriptor]) => !Number.isNaN(descriptor)),
    ),
  };
}

function rateOf(answer: string): WitnessRate {
  return { loops: field(answer, 'loops'), ms: field(answer, 'ms'), rate: field(answer, 'rate') };
}

function field(answer: string, name: string): number {
  return Number(new RegExp(`(?<![-\\w])${name}=(-?\\d+)`).exec(answer)?.[1] ?? Number.NaN);
}
