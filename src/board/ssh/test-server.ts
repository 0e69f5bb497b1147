/**
 * An SSH server in this process, for tests: its login shell runs commands of this machine in a home folder of its own.
 * Says what was asked of it, and can be told to misbehave.
 */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2';
import type { BoardLog } from '../board.ts';
import type { ChangedHostKeyQuestion, HostKeyQuestion, SecretRequest, SshPrompts } from './prompts.ts';
import type { SshEnvironment } from './target.ts';

export interface TestServerOptions {
  /** Accepts, or rejects with the methods that can go on. Default: everybody may in. */
  readonly onAuth?: (context: AuthContext) => void;
  /** Program and arguments before the command; default `/bin/sh -c`. */
  readonly shell?: readonly string[];
  /** Added to the shell's environment; `undefined` removes. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Text that the login shell prints before every command. */
  readonly greeting?: string;
  /** Runs commands as this user and group, who owns the home folder; needs root. */
  readonly uid?: number;
  /** Refuses this many exec requests first. */
  readonly refuseExecs?: number;
  /** Refuses this many sessions first, as OpenSSH does above its limit. */
  readonly refuseSessions?: number;
  /** Closes this many connections first, before a word, as dropbear does above its limit. */
  readonly refuseConnections?: number;
  /** Never answers an exec's data: the command is not run. */
  readonly deaf?: boolean;
  /** Host key in PEM; default a new ECDSA key. */
  readonly hostKey?: string;
}

export class TestServer {
  readonly host = '127.0.0.1';
  /** Home folder of the user who logs in. */
  readonly home: string;
  /** Every command line, in order. */
  readonly commands: string[] = [];
  /** `method user` of every authentication request. */
  readonly attempts: string[] = [];
  /** `host:port` of every forwarded connection. */
  readonly forwards: string[] = [];
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #options: TestServerOptions;
  #refusals: number;
  #sessionRefusals: number;
  #connectionRefusals: number;

  constructor(options: TestServerOptions = {}) {
    this.#options = options;
    this.#refusals = options.refuseExecs ?? 0;
    this.#sessionRefusals = options.refuseSessions ?? 0;
    this.#connectionRefusals = options.refuseConnections ?? 0;
    this.home = mkdtempSync(join(tmpdir(), 'tilescope-board-'));
    if (options.uid !== undefined) chownSync(this.home, options.uid, options.uid);
    const hostKeys = [options.hostKey ?? newKey()];
    const ssh = new ssh2.Server({ hostKeys }, (connection) => this.#accept(connection));
    this.#server = createServer((socket) => {
      if (this.#connectionRefusals > 0) {
        this.#connectionRefusals--;
        socket.destroy();
      } else ssh.injectSocket(socket);
    });
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', () => resolve()));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Ends every connection without a word, as a board that loses power. */
  drop(): void {
    for (const connection of this.#connections) connection.end();
  }

  /** Changes the session keys of every connection, as servers do after a while; resolves when it is done. */
  async rekey(): Promise<void> {
    await Promise.all(
      [...this.#connections].map((connection) => {
        const done = new Promise<void>((resolve) => connection.once('rekey', () => resolve()));
        connection.rekey();
        return done;
      }),
    );
  }

  /** Can be called again, and `listen` between. */
  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    rmSync(this.home, { recursive: true, force: true });
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    connection.on('error', () => {
      // A client that hangs up is part of many tests.
    });
    connection.on('authentication', (context) => {
      this.attempts.push(`${context.method} ${context.username}`);
      if (this.#options.onAuth) this.#options.onAuth(context);
      else context.accept();
    });
    connection.on('ready', () => {
      connection.on('session', (accept, reject) => {
        if (this.#sessionRefusals > 0) {
          this.#sessionRefusals--;
          reject();
          return;
        }
        accept().on('exec', (acceptExec, rejectExec, info) => {
          this.commands.push(info.command);
          if (this.#refusals > 0) {
            this.#refusals--;
            rejectExec();
          } else this.#run(acceptExec(), info.command);
        });
      });
      connection.on('tcpip', (accept, _reject, info) => {
        this.forwards.push(`${info.destIP}:${info.destPort}`);
        const socket = connect(info.destPort, info.destIP);
        socket.once('error', () => socket.destroy());
        socket.once('connect', () => {
          const channel = accept();
          socket.pipe(channel).pipe(socket);
          channel.on('error', () => socket.destroy());
          socket.once('close', () => channel.close());
          channel.once('close', () => socket.destroy());
        });
      });
    });
  }

  #run(channel: ServerChannel, command: string): void {
    if (this.#options.deaf === true) return;
    const [program = '/bin/sh', ...args] = this.#options.shell ?? ['/bin/sh', '-c'];
    if (this.#options.greeting !== undefined) channel.write(this.#options.greeting);
    const child = spawn(program, [...args, command], {
      env: { PATH: process.env['PATH'], HOME: this.home, ...this.#options.environment },
      cwd: this.home,
      ...(this.#options.uid === undefined ? {} : { uid: this.#options.uid, gid: this.#options.uid }),
    });
    channel.pipe(child.stdin);
    child.stdin.on('error', () => {
      // The command did not want its input.
    });
    child.stdout.on('data', (data: Buffer) => channel.write(data));
    child.stderr.on('data', (data: Buffer) => channel.stderr.write(data));
    channel.on('close', () => {
      child.stdin.destroy();
      child.kill('SIGHUP');
    });
    child.on('close', (status, signal) => {
      if (signal === null) channel.exit(status ?? 255);
      else channel.exit(signal);
      channel.end();
    });
  }
}

/** A host key in a form that ssh2 reads. */
export function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ format: 'pem', type: 'sec1' })
    .toString();
}

/** A person with prepared answers, who remembers what was asked. */
export class TestPerson implements SshPrompts {
  readonly confirmed: HostKeyQuestion[] = [];
  readonly replaced: ChangedHostKeyQuestion[] = [];
  readonly asked: SecretRequest[] = [];
  readonly remembered: [SecretRequest, string][] = [];
  readonly forgotten: SecretRequest[] = [];
  trusts = true;
  replaces = false;
  /** Answers in order; then `undefined` (declined). */
  answers: (string | undefined | ((signal: AbortSignal) => Promise<string | undefined>))[] = [];

  async confirmHostKey(question: HostKeyQuestion): Promise<boolean> {
    this.confirmed.push(question);
    return this.trusts;
  }

  async replaceHostKey(question: ChangedHostKeyQuestion): Promise<boolean> {
    this.replaced.push(question);
    return this.replaces;
  }

  async secret(request: SecretRequest, signal: AbortSignal): Promise<string | undefined> {
    this.asked.push(request);
    const answer = this.answers.shift();
    return typeof answer === 'function' ? answer(signal) : answer;
  }

  async rememberSecret(request: SecretRequest, value: string): Promise<void> {
    this.remembered.push([request, value]);
  }

  async forgetSecret(request: SecretRequest): Promise<void> {
    this.forgotten.push(request);
  }
}

/** A home folder with an empty `.ssh`, and what the connector sees of the machine. */
export class TestMachine {
  readonly home = mkdtempSync(join(tmpdir(), 'tilescope-laptop-'));
  readonly environment: SshEnvironment;
  readonly said: string[] = [];
  readonly log: BoardLog = {
    trace: () => {},
    info: (line) => this.said.push(line),
    warn: (line) => this.said.push(`warning: ${line}`),
  };

  constructor(variables: Readonly<Record<string, string | undefined>> = {}) {
    mkdirSync(join(this.home, '.ssh'), { mode: 0o700 });
    this.environment = {
      home: this.home,
      user: 'ada',
      variables: { SHELL: '/bin/sh', ...variables },
      platform: process.platform,
    };
  }

  /** Writes a file below `~/.ssh`, readable by its owner only. */
  put(name: string, text: string): string {
    const path = join(this.home, '.ssh', name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
