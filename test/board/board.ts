import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { COUNTS_AT_ONCE } from '../../scripts/results.ts';
import { type BoardFiles, ensureBoard } from './build.ts';
import type { Image } from './rootfs.ts';
import { Witness } from './witness.ts';

export { type Family, type FamilyName, families, familyNames } from './families.ts';
export type { Image } from './rootfs.ts';
export { USER_PASSWORD } from './rootfs.ts';
export { patternBytes, patternWord, Witness, WitnessError } from './witness.ts';

/** How to start a virtual board. */
export interface BoardOptions {
  /** The ssh server: `dropbear` (no SFTP, the default) or `openssh`. */
  readonly image?: Image;
  /** Default 256, with Node 1024. */
  readonly memoryMiB?: number;
  /** Adds the disk with Node for arm64 at /opt/node. */
  readonly node?: boolean;
  /** Parameters of the kernel module, such as `{ parts: '1:0:0:50:9' }`. */
  readonly module?: Readonly<Record<string, string | number>>;
  /** Words for the board's init, such as `ts.tmp=noexec`; see `image/init`. */
  readonly kernelArgs?: readonly string[];
  /** Processors that run; default 1. */
  readonly smp?: number;
  /**
   * One processor whose clock goes on by 2 ns an instruction, whatever else this machine does, and skips what nobody computes in:
   * for times that are compared. It raises no alignment faults.
   */
  readonly counted?: boolean;
}

export interface ExecOptions {
  /** Bytes for the command's standard input; without it, there is none. */
  readonly input?: Uint8Array;
  /** Another user than root; the connection is then made anew. */
  readonly user?: string;
}

export interface ExecResult {
  /** Exit code; 255 also stands for a failure of ssh itself. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The array's node in the device tree; rows are the first one and how many. */
export interface DeviceTreeNode {
  /** Such as `xlnx,ai-engine-v2.0`. */
  readonly compatible: string;
  /** `xlnx,aie-gen`: 1 AIE, 2 AIE-ML, 5 AIE2PS; older trees have none. */
  readonly aieGen?: number;
  readonly shimRows: readonly [number, number];
  readonly memRows: readonly [number, number];
  readonly coreRows: readonly [number, number];
  /** What the node is called before its address; default `ai-engine`, on some boards `ai_engine`. */
  readonly name?: string;
}

/** A running board. Everything it needs on this machine ends with `stop`, or with this process. */
export interface VirtualBoard {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: 'root';
  /** Accepted for root, dev, ops, empty and banner. */
  readonly privateKeyPath: string;
  /** The host keys as OpenSSH public key lines (`ssh-ed25519 AAAA...`). */
  readonly hostPublicKeys: readonly string[];
  /** The host key as a line for known_hosts. */
  knownHostsLine(): string;
  /** Runs a command through the system's ssh client and collects its output. */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  /** Copies a local file to the board, with mode 755. */
  put(localPath: string, remotePath: string): Promise<void>;
  /** The kernel log since boot. */
  kernelLog(): Promise<string>;
  /** @throws Error when the kernel logged a forbidden access or a fault of its own since the last call; so does `stop` then. */
  assertClean(): Promise<void>;
  /** The lines with FORBIDDEN since the last call, which then count as seen. */
  takeForbidden(): Promise<string[]>;
  /** Writes lines to the module's control file one by one, such as `gate 7 3`; see module/control.c. */
  control(...commands: readonly string[]): Promise<void>;
  /** The module's counters, such as requests, open, mappings, forbidden, words_read; see module/control.c. */
  counters(): Promise<Readonly<Record<string, number>>>;
  /** Unloads the module and loads it with other parameters; every partition must be free. */
  reloadModule(parameters?: Readonly<Record<string, string | number>>): Promise<void>;
  /**
   * Shows a device tree in which an AI Engine array is the only node, instead of the board's own;
   * without a node, the board's own again. A reboot forgets it.
   */
  deviceTree(node?: DeviceTreeNode): Promise<void>;
  /** Starts a witness and sends it these command lines first. */
  witness(...commands: string[]): Promise<Witness>;
  /** The same as another user, such as `dev`, who needs a device node that is open to them. */
  witnessAs(user: string, ...commands: string[]): Promise<Witness>;
  /** Pulls the plug and boots again: same port, other boot id, empty RAM disk, all connections gone. */
  reboot(changes?: Pick<BoardOptions, 'kernelArgs' | 'module'>): Promise<void>;
  /**
   * Ends the machine.
   * @throws Error when `assertClean` found something: no other test makes up for that.
   */
  stop(): Promise<void>;
}

const BOOT_TIMEOUT_MS = 300_000;
const PORT_ATTEMPTS = 8;
const OPEN_ATTEMPTS = 6;
const STARTED = '\u0001';
const TROUBLE =
  /FORBIDDEN|BUG\b|WARNING:|Oops|KASAN|VFS: Close|Call trace|Unable to handle|Internal error|SError|soft lockup|rcu.*stall|blocked for more than/;

/**
 * Starts a virtual board, building it first if need be, and waits until ssh works.
 * A boot that fails is tried once more, and said on the console.
 */
export async function startBoard(options: BoardOptions = {}): Promise<VirtualBoard> {
  const files = await ensureBoard({ node: options.node === true });
  const board = new QemuBoard(files, options);
  try {
    await board.start();
  } catch (error) {
    console.warn(`The virtual board did not boot; trying once more. ${String(error)}`);
    await board.powerOff();
    try {
      await board.start();
    } catch (second) {
      await board.stop();
      throw second;
    }
  }
  return board;
}

function failOnTrouble(what: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  throw new Error(`The board's kernel log ${what} (${COUNTS_AT_ONCE}):\n${lines.slice(0, 40).join('\n')}`);
}

/** The forwarded port was taken by another program between choosing and using it. */
class PortTakenError extends Error {}

class QemuBoard implements VirtualBoard {
  readonly host = '127.0.0.1';
  readonly user = 'root';
  readonly privateKeyPath: string;
  readonly #files: BoardFiles;
  readonly #folder = runFolder();
  #options: BoardOptions;
  #port = 0;
  #qemu: ChildProcess | undefined;
  #master: ChildProcess | undefined;
  #log = '';
  #checked = 0;
  /** What assertClean has found. */
  readonly #trouble: string[] = [];
  #opening: Promise<void> = Promise.resolve();

  constructor(files: BoardFiles, options: BoardOptions) {
    this.#files = files;
    this.#options = options;
    this.privateKeyPath = files.clientKey;
  }

  get port(): number {
    return this.#port;
  }

  get hostPublicKeys(): readonly string[] {
    const other = this.#options.kernelArgs?.includes('ts.otherkey=1') === true;
    return [other ? this.#files.hostPublicKeys.other : this.#files.hostPublicKeys.usual];
  }

  knownHostsLine(): string {
    return `[${this.host}]:${this.port} ${this.hostPublicKeys[0]}`;
  }

  /** Boots on the port of the last boot, or on a free one. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const port = this.#port === 0 ? await freePort() : this.#port;
      try {
        await this.#boot(port);
        this.#port = port;
        break;
      } catch (error) {
        await this.powerOff();
        if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
        await delay(200);
      }
    }
    await this.#connect();
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const own = options.user !== undefined && options.user !== this.user;
    const attempts = own ? 1 : OPEN_ATTEMPTS;
    for (let attempt = 1; ; attempt++) {
      const { started, result } = await this.#attempt(command, options, own);
      const answer = await result;
      if (started || attempt === attempts) return answer;
    }
  }

  async put(localPath: string, remotePath: string): Promise<void> {
    const path = quoted(remotePath);
    const { code, stderr } = await this.exec(`cat > ${path} && chmod 755 ${path}`, {
      input: readFileSync(localPath),
    });
    if (code !== 0) throw new Error(`The file ${localPath} could not be copied to the board: ${stderr}`);
  }

  async kernelLog(): Promise<string> {
    // -c reads and clears in one step, so no line is lost or seen twice.
    this.#log += await this.#output('dmesg -c');
    return this.#log;
  }

  async assertClean(): Promise<void> {
    const log = await this.kernelLog();
    const lines = log.slice(this.#checked).split('\n');
    this.#checked = log.length;
    const trouble = lines.filter((line) => TROUBLE.test(line));
    this.#trouble.push(...trouble);
    failOnTrouble('has trouble', trouble);
  }

  async takeForbidden(): Promise<string[]> {
    const log = await this.kernelLog();
    const lines = log.slice(this.#checked).split('\n');
    const taken = lines.filter((line) => line.includes('FORBIDDEN'));
    // Other trouble stays for assertClean: only the forbidden lines are taken out.
    this.#log = log.slice(0, this.#checked) + lines.filter((line) => !line.includes('FORBIDDEN')).join('\n');
    return taken;
  }

  async control(...commands: readonly string[]): Promise<void> {
    const lines = commands.map((command) => `printf %s ${quoted(command)} > $c`);
    await this.#output(`c=/sys/module/aievirt/parameters/control; ${lines.join(' && ')}`);
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    const text = await this.#output('cat /sys/module/aievirt/parameters/counters');
    return Object.fromEntries(
      [...text.matchAll(/(\w+)=(\d+)/g)].map((match) => [match[1] ?? '', Number(match[2])]),
    );
  }

  async reloadModule(parameters: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const words = Object.entries(parameters).map(([name, value]) => quoted(`${name}=${value}`));
    // What hangs, and what zocl holds, would keep the module loaded; where nothing is held this line is refused.
    const giveBack = '{ printf heal > $c; printf "zocl unload" > $c; } 2>/dev/null';
    await this.#output(
      `c=/sys/module/aievirt/parameters/control; ${giveBack}; rmmod aievirt && insmod /lib/board/aievirt.ko ${words.join(' ')}`,
    );
  }

  async deviceTree(node?: DeviceTreeNode): Promise<void> {
    const base = '/sys/firmware/devicetree/base';
    const old = `grep -q ' ${base} tmpfs' /proc/mounts && umount ${base}`;
    if (node === undefined) {
      await this.#output(`${old}; true`);
      return;
    }
    const folder = `${base}/${node.name ?? 'ai-engine'}@20000000000`;
    const files: [string, Buffer][] = [
      ['compatible', Buffer.from(`${node.compatible}\0`)],
      ...(node.aieGen === undefined
        ? []
        : [['xlnx,aie-gen', Buffer.from([node.aieGen])] satisfies [string, Buffer]]),
      ['xlnx,shim-rows', Buffer.from(node.shimRows)],
      ['xlnx,mem-rows', Buffer.from(node.memRows)],
      ['xlnx,core-rows', Buffer.from(node.coreRows)],
    ];
    const writes = files.map(
      ([name, bytes]) =>
        `printf '${[...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}' > '${folder}/${name}'`,
    );
    await this.#output(
      [`{ ${old}; true; }`, `mount -t tmpfs tmpfs ${base}`, `mkdir ${folder}`, ...writes].join(' && '),
    );
  }

  witness(...commands: string[]): Promise<Witness> {
    return this.witnessAs(this.user, ...commands);
  }

  async witnessAs(user: string, ...commands: string[]): Promise<Witness> {
    const witness = await this.#startWitness(user);
    for (const command of commands) await witness.command(command);
    return witness;
  }

  async reboot(changes: Pick<BoardOptions, 'kernelArgs' | 'module'> = {}): Promise<void> {
    await this.powerOff();
    this.#options = { ...this.#options, ...changes };
    this.#log = '';
    this.#checked = 0;
    await this.start();
  }

  async stop(): Promise<void> {
    await this.powerOff();
    rmSync(this.#folder, { recursive: true, force: true });
    failOnTrouble('had trouble', this.#trouble);
  }

  /** Ends QEMU and the ssh client at once, and waits until both are gone. */
  async powerOff(): Promise<void> {
    const children = [this.#master, this.#qemu];
    this.#master = undefined;
    this.#qemu = undefined;
    await Promise.all(children.map(killed));
    rmSync(this.#socket, { force: true });
  }

  get #socket(): string {
    return join(this.#folder, 'ssh');
  }

  async #boot(port: number): Promise<void> {
    const serial = join(this.#folder, 'serial.log');
    const output = join(this.#folder, 'qemu.log');
    writeFileSync(serial, '');
    const log = openSync(output, 'w');
    const qemu = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', this.#files.qemu, ...this.#qemuArguments(port, serial)],
      {
        // A pipe would keep readers of our own output waiting for QEMU.
        stdio: ['ignore', log, log],
        env: { ...process.env, LD_LIBRARY_PATH: this.#files.qemuLibraries },
      },
    );
    closeSync(log);
    this.#qemu = qemu;
    let failure: Error | undefined;
    qemu.on('error', (error) => {
      failure = error;
    });
    const deadline = Date.now() + BOOT_TIMEOUT_MS;
    while (!readFileSync(serial, 'utf8').includes('BOARD-READY')) {
      if (failure !== undefined) throw failure;
      const said = readFileSync(output, 'utf8');
      if (said.includes('host forwarding rule')) throw new PortTakenError(`Port ${port} is taken.`);
      if (qemu.exitCode !== null || qemu.signalCode !== null || Date.now() > deadline)
        throw new Error(
          `QEMU ${qemu.exitCode === null && qemu.signalCode === null ? 'did not finish booting' : 'ended'}.\n${said}\n${readFileSync(serial, 'utf8').slice(-3000)}`,
        );
      await delay(20);
    }
    const failed = /(MODULE-FAILED|SSHD-FAILED).*/.exec(readFileSync(serial, 'utf8'))?.[0];
    if (failed !== undefined)
      throw new Error(
        `The board booted without a part of it: ${failed}\n${readFileSync(serial, 'utf8').slice(-2000)}`,
      );
  }

  #qemuArguments(port: number, serial: string): string[] {
    const {
      image = 'dropbear',
      node = false,
      module = {},
      kernelArgs = [],
      smp = 1,
      counted = false,
    } = this.#options;
    const memory = this.#options.memoryMiB ?? (node ? 1024 : 256);
    const words = [
      'console=ttyAMA0',
      'quiet',
      'panic=-1',
      'log_buf_len=4M',
      ...(node ? ['ts.node=1'] : []),
      ...Object.entries(module).map(([name, value]) => `aievirt.${name}=${value}`),
      ...kernelArgs,
    ];
    return [
      ...['-L', this.#files.qemuData, '-display', 'none', '-monitor', 'none', '-no-reboot', '-nodefaults'],
      ...['-M', 'virt', '-cpu', 'cortex-a72', '-m', String(memory)],
      ...(counted
        ? ['-smp', '1', '-accel', 'tcg,thread=single', '-icount', 'shift=1,sleep=off']
        : // Only with a second processor possible and threads does QEMU raise alignment faults.
          ['-smp', `${smp},maxcpus=${Math.max(2, smp)}`, '-accel', 'tcg,thread=multi']),
      ...['-kernel', this.#files.kernel, '-initrd', this.#files.initramfs[image], '-append', words.join(' ')],
      ...['-serial', `file:${serial}`],
      ...['-netdev', `user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
      ...['-device', 'virtio-net-pci,netdev=n0,romfile='],
      ...(node
        ? [
            '-drive',
            `file=${this.#files.nodeDisk},format=raw,if=none,id=d0,readonly=on`,
            '-device',
            'virtio-blk-pci,drive=d0',
          ]
        : []),
    ];
  }

  /** One ssh connection that all commands of root share. */
  async #connect(): Promise<void> {
    writeFileSync(join(this.#folder, 'known_hosts'), `${this.knownHostsLine()}\n`);
    const output = join(this.#folder, 'ssh.log');
    const log = openSync(output, 'w');
    const master = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', 'ssh', '-M', '-N', ...this.#sshArguments(), `${this.user}@${this.host}`],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    this.#master = master;
    const deadline = Date.now() + BOOT_TIMEOUT_MS;
    while (!existsSync(this.#socket)) {
      if (master.exitCode !== null || master.signalCode !== null || Date.now() > deadline)
        throw new Error(`The board's ssh server did not let root in: ${readFileSync(output, 'utf8')}`);
      await delay(20);
    }
  }

  #sshArguments(): string[] {
    const options = {
      ControlPath: this.#socket,
      IdentitiesOnly: 'yes',
      IdentityFile: this.privateKeyPath,
      UserKnownHostsFile: join(this.#folder, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      StrictHostKeyChecking: 'yes',
      BatchMode: 'yes',
      LogLevel: 'ERROR',
      ConnectTimeout: '60',
      // The client's first choice costs half a second of the emulated processor.
      KexAlgorithms: 'curve25519-sha256',
    };
    return [
      '-F',
      '/dev/null',
      '-p',
      String(this.port),
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
    ];
  }

  #ssh(command: string, user: string = this.user): ChildProcessWithoutNullStreams {
    const own = user === this.user ? [] : ['-o', 'ControlPath=none'];
    return spawn('setpriv', [
      '--pdeathsig',
      'KILL',
      '--',
      'ssh',
      ...own,
      ...this.#sshArguments(),
      `${user}@${this.host}`,
      command,
    ]);
  }

  /**
   * Opens a channel and waits until the command runs. Dropbear sometimes drops a channel that is opened while
   * another one closes, so channels open one after the other, and the command says by a byte on stderr that it
   * started: one that did not can be tried again without running twice.
   */
  async #attempt(
    command: string,
    options: ExecOptions,
    own: boolean,
  ): Promise<{ started: boolean; result: Promise<ExecResult> }> {
    const release = own ? () => undefined : await this.#turn();
    try {
      if (!own) await this.#reconnect();
      const child = this.#ssh(`printf '\\001' >&2; ${command}`, options.user);
      child.stdin.on('error', () => undefined);
      const result = finished(child).then((answer) => ({
        ...answer,
        stderr: answer.stderr.replace(STARTED, ''),
      }));
      const started = await new Promise<boolean>((resolve, reject) => {
        child.stderr.on('data', (chunk: Buffer) => {
          if (chunk.includes(STARTED)) resolve(true);
        });
        result.then(() => resolve(false), reject);
      });
      child.stdin.end(options.input);
      return { started, result };
    } finally {
      release();
    }
  }

  async #startWitness(user: string): Promise<Witness> {
    for (let attempt = 1; ; attempt++) {
      const release = await this.#turn();
      try {
        await this.#reconnect();
        const witness = new Witness(this.#ssh('exec witness serve', user));
        await witness.status();
        return witness;
      } catch (error) {
        if (attempt === OPEN_ATTEMPTS) throw error;
      } finally {
        release();
      }
    }
  }

  /** Waits for the turn to open a channel; the result ends it. */
  async #turn(): Promise<() => void> {
    const before = this.#opening;
    let release = (): void => undefined;
    this.#opening = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }

  /** Makes the shared connection anew where the board closed it. */
  async #reconnect(): Promise<void> {
    if (this.#qemu === undefined) throw new Error('The virtual board is switched off.');
    if (this.#master !== undefined && this.#master.exitCode === null && this.#master.signalCode === null)
      return;
    rmSync(this.#socket, { force: true });
    await this.#connect();
  }

  async #output(command: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(command);
    if (code !== 0) throw new Error(`The command '${command}' failed on the board (${code}): ${stderr}`);
    return stdout.toString();
  }
}

async function finished(child: ChildProcessWithoutNullStreams): Promise<ExecResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 255));
  });
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** A folder for one board's sockets and logs; those of processes that were killed go first. */
function runFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = /^tilescope-board-(\d+)-/.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `tilescope-board-${process.pid}-`));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string')
    throw new Error('No free port was found on 127.0.0.1.');
  return address.port;
}

/** A word for the board's shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
