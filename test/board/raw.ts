/**
 * System calls on the virtual board, made by a program that knows nothing of the driver (raw.c). The layouts are here,
 * written from what is documented about each family of the driver; little endian, offsets and sizes in bytes.
 */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VirtualBoard } from './board.ts';

/** Numbers of the driver's ioctls, by name; sizes stand in the number. */
export const IOCTL = {
  enquire: 0xc0104101,
  request24: 0x80184102,
  request40: 0x80284102,
  fdList: 0xc0104103,
  init16: 0x40104103,
  init40: 0x40284103,
  init32: 0x40204103,
  tear: 0x4104,
  clearContext: 0x4105,
  reg24: 0xc0184108,
  reg40: 0xc0284108,
  getMem: 0xc0104109,
  rscRequest: 0x40204114,
  rscSpecific: 0x40104115,
  rscRelease: 0x40104116,
  rscFree: 0x40104117,
  rscAvailable: 0x40184118,
  rscBroadcast: 0x40184119,
  rscStats: 0x4010411a,
  requestTiles: 0x4010410e,
  releaseTiles: 0x4010410f,
} as const;

/** A call failed; `code` is an errno name such as EBUSY, or SIGBUS. */
export class RawError extends Error {
  readonly code: string;

  constructor(line: string, code: string) {
    super(`${line}: ${code}`);
    this.name = 'RawError';
    this.code = code;
  }
}

/** Columns and rows, absolute; `id` and `uid` as the driver says them. */
export interface RawPartition {
  readonly id: number;
  readonly uid: number;
  readonly col: number;
  readonly row: number;
  readonly cols: number;
  readonly rows: number;
  readonly status: number;
}

/** One memory of GET_MEM: absolute columns and rows, offset in a tile and size in bytes per tile. */
export interface RawMemory {
  readonly col: number;
  readonly row: number;
  readonly cols: number;
  readonly rows: number;
  readonly offset: number;
  readonly size: number;
  readonly fd: number;
}

/** One entry of the descriptor list. */
export interface RawDescriptor {
  readonly col: number;
  readonly cols: number;
  readonly id: number;
  readonly fd: number;
}

/** A process on the board that makes the calls; made when it is first used. */
export class RawProcess {
  readonly #send: (line: string) => Promise<string>;

  constructor(send: (line: string) => Promise<string>) {
    this.#send = send;
  }

  /** One command of raw.c. @throws RawError */
  call(line: string): Promise<string> {
    return this.#send(line);
  }

  /** For reading and writing, or for writing only. */
  async open(path = '/dev/aie0', writeOnly = false): Promise<number> {
    return Number(await this.call(`open ${path}${writeOnly ? ' w' : ''}`));
  }

  async close(fd: number): Promise<void> {
    await this.call(`close ${fd}`);
  }

  /** The descriptors from 3 on. */
  async fds(): Promise<number[]> {
    return (await this.call('fds')).split(' ').filter(Boolean).map(Number);
  }

  /** An ioctl with a structure; `pointers` are places in it for the addresses of further buffers. */
  async ioctl(
    fd: number,
    number: number,
    structure: Buffer,
    pointers: readonly { readonly at: number; readonly bytes: Buffer }[] = [],
  ): Promise<{ result: number; structure: Buffer; pointed: Buffer[] }> {
    const names = 'bcdefgh';
    const setup = [
      `buf a ${structure.length}`,
      ...(structure.length === 0 ? [] : [`put a 0 ${structure.toString('hex')}`]),
      ...pointers.flatMap(({ at, bytes }, i) => [
        `buf ${names[i]} ${bytes.length}`,
        ...(bytes.length === 0 ? [] : [`put ${names[i]} 0 ${bytes.toString('hex')}`]),
        `ptr a ${at} ${names[i]}`,
      ]),
    ];
    await Promise.all(setup.map((line) => this.call(line)));
    const result = Number(await this.call(`ioctl ${fd} ${number} a`));
    const [after = '', ...pointed] = await Promise.all([
      this.call(`get a 0 ${structure.length}`),
      ...pointers.map(({ bytes }, i) => this.call(`get ${names[i]} 0 ${bytes.length}`)),
    ]);
    return {
      result,
      structure: Buffer.from(after, 'hex'),
      pointed: pointed.map((hex) => Buffer.from(hex, 'hex')),
    };
  }

  /** ENQUIRE without a buffer: the count. */
  async count(dev: number): Promise<number> {
    return (await this.ioctl(dev, IOCTL.enquire, Buffer.alloc(16))).structure.readUInt32LE(8);
  }

  /** ENQUIRE with room for so many partitions. */
  async enquire(dev: number, room = 64): Promise<RawPartition[]> {
    const query = Buffer.alloc(16);
    query.writeUInt32LE(room, 8);
    const { structure, pointed } = await this.ioctl(dev, IOCTL.enquire, query, [
      { at: 0, bytes: Buffer.alloc(28 * room) },
    ]);
    const list = pointed[0] ?? Buffer.alloc(0);
    return Array.from({ length: structure.readUInt32LE(8) }, (_, i) => {
      const [id = 0, uid = 0, col = 0, row = 0, cols = 0, rows = 0, status = 0] = words(list, 28 * i, 7);
      return { id, uid, col, row, cols, rows, status };
    });
  }

  /** REQUEST; `size` is that of the structure. The answer is the partition's descriptor. */
  async request(dev: number, id: number, { size = 24, keep = true } = {}): Promise<number> {
    const request = Buffer.alloc(size);
    request.writeUInt32LE(id, 0);
    request.writeUInt32LE(keep ? 1 : 0, 16);
    return (await this.ioctl(dev, size === 24 ? IOCTL.request24 : IOCTL.request40, request)).result;
  }

  /** GET_MEM with count 0: how many memories there are. */
  async memories(part: number): Promise<number> {
    return (await this.ioctl(part, IOCTL.getMem, Buffer.alloc(16))).structure.readUInt32LE(0);
  }

  /** GET_MEM for so many memories. */
  async getMem(part: number, num: number): Promise<RawMemory[]> {
    const args = Buffer.alloc(16);
    args.writeUInt32LE(num, 0);
    const { pointed } = await this.ioctl(part, IOCTL.getMem, args, [
      { at: 8, bytes: Buffer.alloc(40 * num) },
    ]);
    const list = pointed[0] ?? Buffer.alloc(0);
    return Array.from({ length: num }, (_, i) => {
      const [col = 0, row = 0, cols = 0, rows = 0, offset = 0, , size = 0, , fd = 0] = words(list, 40 * i, 9);
      return { col, row, cols, rows, offset, size, fd };
    });
  }

  /** The descriptor list, with room for so many; entries that were not filled have fd -1. */
  async fdList(dev: number, room: number): Promise<{ list: RawDescriptor[]; entries: number }> {
    const args = Buffer.alloc(16);
    args.writeInt32LE(room, 8);
    const empty = Buffer.alloc(24 * room);
    for (let i = 0; i < room; i++) empty.writeInt32LE(-1, 24 * i + 20);
    const { structure, pointed } = await this.ioctl(dev, IOCTL.fdList, args, [{ at: 0, bytes: empty }]);
    const bytes = pointed[0] ?? Buffer.alloc(0);
    const list = Array.from({ length: room }, (_, i) => {
      const [col = 0, cols = 0, , id = 0] = words(bytes, 24 * i, 4);
      return { col, cols, id, fd: bytes.readInt32LE(24 * i + 20) };
    });
    return { list, entries: structure.readInt32LE(8) };
  }

  /** AIE_REG of 40 bytes: operation 0 writes a word, 1 a block, 2 a word `len` times. */
  async reg(
    part: number,
    offset: number,
    write: {
      readonly op?: number;
      readonly mask?: number;
      readonly value?: number;
      readonly block?: Buffer;
      readonly len?: number;
    } = {},
  ): Promise<void> {
    const { op = 0, mask = 0, value = 0, block = Buffer.alloc(0), len = block.length / 4 } = write;
    const args = Buffer.alloc(40);
    args.writeUInt32LE(op, 0);
    args.writeUInt32LE(mask, 4);
    args.writeBigUInt64LE(BigInt(offset), 8);
    args.writeUInt32LE(value >>> 0, 16);
    args.writeUInt32LE(len, 32);
    await this.ioctl(part, IOCTL.reg40, args, block.length === 0 ? [] : [{ at: 24, bytes: block }]);
  }

  /** REQUEST_TILES or RELEASE_TILES; columns relative to the partition, none for all. */
  async tiles(
    part: number,
    on: boolean,
    places: readonly (readonly [col: number, row: number])[] = [],
  ): Promise<void> {
    const args = Buffer.alloc(16);
    args.writeUInt32LE(places.length, 8);
    const list = Buffer.alloc(8 * places.length);
    places.forEach(([col, row], i) => {
      list.writeUInt32LE(col, 8 * i);
      list.writeUInt32LE(row, 8 * i + 4);
    });
    const pointers = places.length === 0 ? [] : [{ at: 0, bytes: list }];
    await this.ioctl(part, on ? IOCTL.requestTiles : IOCTL.releaseTiles, args, pointers);
  }

  async pread(fd: number, offset: number, length: number): Promise<Buffer> {
    await this.call(`buf a ${length}`);
    const done = Number(await this.call(`pread ${fd} ${offset} ${length} a`));
    return Buffer.from(await this.call(`get a 0 ${done}`), 'hex');
  }

  /** One word by pread. */
  async word(fd: number, offset: number): Promise<number> {
    return (await this.pread(fd, offset, 4)).readUInt32LE();
  }

  async pwrite(fd: number, offset: number, bytes: Buffer): Promise<number> {
    await this.call(`buf a ${bytes.length}`);
    await this.call(`put a 0 ${bytes.toString('hex')}`);
    return Number(await this.call(`pwrite ${fd} ${offset} ${bytes.length} a`));
  }

  /** Maps a file shared; the answer is the address. */
  async map(fd: number, offset: number, length: number, writable = false): Promise<number> {
    return Number(await this.call(`map ${fd} ${offset} ${length} ${writable ? 'w' : 'r'}`));
  }

  async unmap(address: number, length: number): Promise<void> {
    await this.call(`unmap ${address} ${length}`);
  }

  async load(address: number): Promise<number> {
    return Number(await this.call(`load ${address}`));
  }

  async store(address: number, value: number): Promise<void> {
    await this.call(`store ${address} ${value}`);
  }

  /** Ends the process; the next use makes a new one of the same name. */
  async end(): Promise<void> {
    await this.call('end');
  }
}

/** All such processes of one board, over one ssh channel. */
export class Raw {
  readonly #channel: ChildProcessWithoutNullStreams;
  readonly #waiting: { line: string; resolve: (answer: string) => void; reject: (error: Error) => void }[] =
    [];
  readonly #used = new Set<string>();
  #text = '';

  private constructor(channel: ChildProcessWithoutNullStreams) {
    this.#channel = channel;
    channel.stdin.on('error', () => undefined);
    channel.stderr.resume();
    channel.stdout.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')));
    channel.on('close', () => {
      for (const one of this.#waiting.splice(0)) one.reject(new Error('The channel to the board ended.'));
    });
  }

  /** Builds the program, puts it on the board and starts it. */
  static async start(board: VirtualBoard): Promise<Raw> {
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-raw-'));
    // A program that runs cannot be written over: each has a file of its own.
    const remote = `/tmp/${basename(folder)}`;
    try {
      const source = join(dirname(fileURLToPath(import.meta.url)), 'raw.c');
      const options = ['-std=gnu11', '-static', '-Os', '-Wall', '-Wextra', '-Werror', '-Wno-clobbered'];
      execFileSync('aarch64-linux-gnu-gcc', [...options, '-o', join(folder, 'raw'), source]);
      await board.put(join(folder, 'raw'), remote);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const ssh = Object.entries({
      IdentityFile: board.privateKeyPath,
      IdentitiesOnly: 'yes',
      UserKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'no',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
    }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const to = ['-F', '/dev/null', '-p', String(board.port), ...ssh, `${board.user}@${board.host}`];
    return new Raw(spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'ssh', ...to, `exec ${remote}`]));
  }

  /** The process of this name. */
  process(name: string): RawProcess {
    return new RawProcess((line) => {
      this.#used.add(name);
      return this.#send(`${name} ${line}`);
    });
  }

  /** Ends every process that was used; what they held on the board goes with them. */
  async endAll(): Promise<void> {
    const names = [...this.#used];
    this.#used.clear();
    await Promise.all(names.map((name) => this.#send(`${name} end`)));
  }

  stop(): void {
    this.#channel.kill('SIGKILL');
  }

  #send(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line, resolve, reject });
      this.#channel.stdin.write(`${line}\n`);
    });
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const answer of lines) {
      const one = this.#waiting.shift();
      if (answer.startsWith('ok')) one?.resolve(answer.slice(3));
      else one?.reject(new RawError(one.line.slice(0, 80), answer.slice(6)));
    }
  }
}

/** Little endian words at a byte offset. */
function words(bytes: Buffer, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => bytes.readUInt32LE(offset + 4 * i));
}
