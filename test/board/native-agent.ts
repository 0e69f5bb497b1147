/**
 * The agent on a virtual board, spoken to frame by frame: what a client may and may not send, with nothing in between
 * that would repair, retry or hide. The extension's own client is tested elsewhere.
 */
import {
  type ChildProcessWithoutNullStreams,
  type ExecFileSyncOptions,
  execFileSync,
  spawn,
} from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { protocolVersion } from '../../src/board/protocol/core-client.ts';
import { encodeFrame, FrameDecoder, type Header, startMarker } from '../../src/board/protocol/frames.ts';
import { keyOf } from '../conformance/keys.ts';
import type { VirtualBoard } from './board.ts';

const native = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'native');

/** Milliseconds that an agent waits for a sign of life unless it is told otherwise; three come in that time. */
const usualHeartbeatMs = 15_000;

/** Reads over gated and good tiles; `npm run test:long` has ten thousand (vitest.config.ts). */
export const mixedReads = Number(process.env['READS']) || 2000;

/** Lives of a client that halts cores; `npm run test:long` has two hundred. */
export const haltingLives = Number(process.env['HALTING_LIVES']) || 24;

/** Where the agent is put on a board. */
export const agentPath = '/tmp/tilescope-agent';

/** Builds what runs on the board (nothing to do when it is built) and names the files on this machine. */
export function buildForBoard(): { agent: string; addon: string; tests: string; plainLoop: string } {
  const options: ExecFileSyncOptions = { cwd: native, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('cmake', ['--preset', 'aarch64'], options);
  execFileSync('cmake', ['--build', '--preset', 'aarch64'], options);
  const built = (name: string): string => join(native, 'build', 'aarch64', name);
  return {
    agent: built('tilescope-agent'),
    addon: built('tilescope.node'),
    tests: built('board_tests'),
    plainLoop: built('plain_loop'),
  };
}

/**
 * Builds the program that runs another one without pidfd_open or pidfd_getfd.
 * @param path where the program for the board is put on this machine
 */
export function buildWithoutPidfd(path: string): void {
  const source = join(dirname(fileURLToPath(import.meta.url)), 'native-without-pidfd.c');
  execFileSync('aarch64-linux-gnu-gcc', ['-static', '-Os', '-Wall', '-Werror', '-o', path, source]);
}

/** A request that the agent answered with an `error` frame. */
export class AgentError extends Error {
  readonly code: string;
  readonly header: Header;

  constructor(header: Header) {
    super(`${String(header['code'])}: ${String(header['detail'])}`);
    this.name = 'AgentError';
    this.code = String(header['code']);
    this.header = header;
  }
}

/** Everything that came back for one request, and its final `ok` header. */
export interface Answer {
  readonly ok: Header;
  readonly data: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  readonly spans: readonly { readonly offset: number; readonly length: number; readonly reason: number }[];
  readonly outcomes: readonly { readonly offset: number; readonly outcome: number; readonly now: number }[];
  readonly tiles: readonly SeenTile[];
}

/** A tile of a status answer: its frame's header, and its register words by offset. */
export interface SeenTile {
  readonly header: Header;
  readonly registers: ReadonlyMap<number, number>;
}

interface Open {
  readonly data: { offset: number; bytes: Uint8Array }[];
  readonly spans: { offset: number; length: number; reason: number }[];
  readonly outcomes: { offset: number; outcome: number; now: number }[];
  readonly tiles: SeenTile[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** One word of a write request. */
export interface WordEdit {
  readonly offset: number;
  readonly seen: number;
  readonly mask: number;
  readonly value: number;
}

/** One running agent over one ssh channel of its own. */
export class Agent {
  /** The local ssh client: stopping it makes the link silent without closing it. */
  readonly process: ChildProcessWithoutNullStreams;
  /** The agent's process on the board; 0 before its hello. */
  pid = 0;
  /** Frames of id 0: partition lists, trace lines, errors of the connection. */
  readonly unasked: Header[] = [];
  readonly #decoder = new FrameDecoder();
  readonly #open = new Map<number, Open>();
  readonly #exit: Promise<number>;
  #nextId = 1;
  #text = '';
  #marker = 0;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.process = process;
    process.stdout.on('data', (chunk: Buffer) => this.#take(chunk));
    process.stderr.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
    process.stdin.on('error', () => undefined);
    this.#exit = new Promise((resolve) => {
      process.on('close', (code) => {
        const gone = new Error(`the agent ended (${code}): ${this.#text}`);
        for (const open of this.#open.values()) open.reject(gone);
        this.#open.clear();
        resolve(code ?? 255);
      });
    });
  }

  /** Starts the agent on the board, shakes hands, and is heard from then on. `keys` are added to the hello. */
  static async start(
    board: VirtualBoard,
    keys: Header = {},
    port = board.port,
    user: string = board.user,
  ): Promise<Agent> {
    const agent = Agent.spawn(board, agentPath, port, user);
    const { ok } = await agent.request({
      op: 'hello',
      protocol: protocolVersion,
      trace: false,
      device: '/dev/aie0',
      ...keys,
    });
    agent.pid = Number(ok['pid']);
    agent.#beat(Number(keys['heartbeatMs'] ?? usualHeartbeatMs) / 3);
    return agent;
  }

  /** Starts a command that should speak as an agent, without a hello. */
  static spawn(board: VirtualBoard, command: string, port = board.port, user: string = board.user): Agent {
    const options = {
      IdentityFile: board.privateKeyPath,
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'no',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
    };
    const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const ssh = ['ssh', '-F', '/dev/null', '-p', String(port), ...words, `${user}@${board.host}`, command];
    return new Agent(spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...ssh]));
  }

  /** Sends one request and collects its answer. @throws AgentError for an `error` frame. */
  request(header: Header, payload?: Uint8Array): Promise<Answer> {
    return this.begin(header, payload).answer;
  }

  /** Like request(), and names the id so that it can be cancelled. */
  begin(header: Header, payload?: Uint8Array): { id: number; answer: Promise<Answer> } {
    const id = this.#nextId++;
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#open.set(id, { data: [], spans: [], outcomes: [], tiles: [], resolve, reject });
    });
    this.send({ ...header, id }, payload);
    return { id, answer };
  }

  /** Sends a frame as it is. */
  send(header: Header, payload?: Uint8Array): void {
    this.process.stdin.write(encodeFrame(header, payload));
  }

  /** Reads ranges of a memory. */
  read(
    columns: readonly [number, number],
    memory: string,
    ranges: readonly (readonly [number, number])[],
    openTiles: readonly number[] = [],
  ): Promise<Answer> {
    const partition = keyOf({ startCol: columns[0], numCols: columns[1] });
    // Nothing else starts on these boards in the meantime: no reason to make tests ten times slower.
    return this.request({ op: 'read', partition, memory, ranges, openTiles, asking: 'fast' });
  }

  /** Writes words of a memory, all in one frame. */
  write(
    columns: readonly [number, number],
    memory: string,
    epoch: string,
    words: readonly WordEdit[],
    keys: Header = {},
  ): Promise<Answer> {
    const header = {
      op: 'write',
      partition: keyOf({ startCol: columns[0], numCols: columns[1] }),
      memory,
      epoch,
      force: false,
      more: false,
    };
    return this.request({ ...header, ...keys }, wordRecords(words));
  }

  /** One write, sent as several frames of one id. */
  writeFrames(
    id: number,
    columns: readonly [number, number],
    memory: string,
    epoch: string,
    parts: readonly (readonly WordEdit[])[],
    keys: Header = {},
  ): Promise<Answer> {
    const header = {
      op: 'write',
      partition: keyOf({ startCol: columns[0], numCols: columns[1] }),
      memory,
      epoch,
      force: false,
    };
    return new Promise<Answer>((resolve, reject) => {
      this.#open.set(id, { data: [], spans: [], outcomes: [], tiles: [], resolve, reject });
      parts.forEach((words, i) => {
        this.send({ ...header, ...keys, id, more: i < parts.length - 1 }, wordRecords(words));
      });
    });
  }

  /** Looks at the status of tiles, [column, row] each. */
  status(
    columns: readonly [number, number],
    tiles: readonly (readonly [number, number])[],
    detail = false,
  ): Promise<Answer> {
    const partition = keyOf({ startCol: columns[0], numCols: columns[1] });
    return this.request({ op: 'status', partition, tiles, detail, asking: 'fast' });
  }

  /** Starts or ends a hold. */
  hold(columns: readonly [number, number], on: boolean, keys: Header = {}): Promise<Answer> {
    return this.request({
      op: 'hold',
      partition: keyOf({ startCol: columns[0], numCols: columns[1] }),
      on,
      hours: 8,
      ...keys,
    });
  }

  /** The epoch of a partition as the agent sees it now. */
  async epoch(startCol: number): Promise<string> {
    return String((await this.partition(startCol))['epoch']);
  }

  /** One partition of the agent's list. */
  async partition(startCol: number): Promise<Header> {
    const { ok } = await this.request({ op: 'partitions' });
    const list = ok['partitions'] as readonly Header[];
    const found = list.find((one) => one['startCol'] === startCol);
    if (found === undefined) throw new Error(`no partition starts at column ${startCol}`);
    return found;
  }

  /** Ends stdin and waits for the exit code. */
  async end(): Promise<number> {
    this.process.stdin.end();
    return this.#exit;
  }

  /** The exit code, once the agent ended by itself. */
  exited(): Promise<number> {
    return this.#exit;
  }

  /** As a client does: an agent gives up a long request of somebody who is not heard any more. */
  #beat(everyMs: number): void {
    const beat = setInterval(() => void this.request({ op: 'ping' }).catch(() => undefined), everyMs);
    this.process.on('close', () => clearInterval(beat));
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (this.#marker < startMarker.length && at < chunk.length) {
      if (chunk[at++] !== startMarker[this.#marker++])
        throw new Error('the agent did not begin with its marker');
    }
    this.#decoder.push(chunk.subarray(at), ({ header, payload }) => {
      const id = Number(header['id']);
      const open = this.#open.get(id);
      if (open === undefined) {
        this.unasked.push(header);
        return;
      }
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      const word = (index: number): number => view.getUint32(index * 4, true);
      switch (header['t']) {
        case 'data':
          open.data.push({ offset: Number(header['offset']), bytes: payload });
          break;
        case 'spans':
          for (let i = 0; i < payload.length / 4; i += 3)
            open.spans.push({ offset: word(i), length: word(i + 1), reason: word(i + 2) });
          break;
        case 'outcomes':
          for (let i = 0; i < payload.length / 4; i += 3)
            open.outcomes.push({ offset: word(i), outcome: word(i + 1), now: word(i + 2) });
          break;
        case 'tile': {
          const registers = new Map<number, number>();
          for (let i = 0; i < payload.length / 4; i += 2) registers.set(word(i), word(i + 1));
          open.tiles.push({ header, registers });
          break;
        }
        case 'ok':
          this.#open.delete(id);
          open.resolve({
            ok: header,
            data: open.data,
            spans: open.spans,
            outcomes: open.outcomes,
            tiles: open.tiles,
          });
          break;
        default:
          this.#open.delete(id);
          open.reject(new AgentError(header));
      }
    });
  }
}

/** The payload of a write frame. */
export function wordRecords(words: readonly WordEdit[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 16);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 16, word.offset, true);
    view.setUint32(i * 16 + 4, word.seen, true);
    view.setUint32(i * 16 + 8, word.mask, true);
    view.setUint32(i * 16 + 12, word.value, true);
  });
  return bytes;
}

/** The bytes of one asked range, put together from data frames; where nothing came, `fill`. */
export function assemble(answer: Answer, offset: number, length: number, fill = 0): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  for (const piece of answer.data) {
    const from = Math.max(offset, piece.offset);
    const to = Math.min(offset + length, piece.offset + piece.bytes.length);
    if (from < to) bytes.set(piece.bytes.subarray(from - piece.offset, to - piece.offset), from - offset);
  }
  return bytes;
}
