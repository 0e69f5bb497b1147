/**
 * One authenticated SSH connection, to a board or to a jump host, and the commands that run over it.
 */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import ssh2, { type AuthenticationType, type Client, type ClientChannel } from 'ssh2';
import { clean } from '../../model/plain.ts';
import type { BoardLog, ConnectStep } from '../board.ts';
import { BoundedLines } from '../bounded-lines.ts';
import { abortError, BoardError, type ErrorFacts, throwIfCancelled } from '../errors.ts';
import { Patience, patiently } from '../patience.ts';
import type { Answers } from './answers.ts';
import { Authentication } from './auth.ts';
import { parseTypedHost, type ResolvedHost, resolveHost } from './config.ts';
import { connectionFailure } from './failures.ts';
import { HostKeys } from './host-keys.ts';
import { knownHostName } from './known-hosts.ts';
import type { SshServices, SshTarget, SshTimeouts } from './target.ts';
import { openSocket, startProxyCommand, type Transport } from './transport.ts';

/** What every part of one connect shares. */
export interface ConnectScope {
  readonly services: SshServices;
  readonly answers: Answers;
  readonly timeouts: SshTimeouts;
  readonly log: BoardLog;
  readonly onStep: (step: ConnectStep, percent?: number) => void;
  readonly signal: AbortSignal;
}

/** How a finished command ended. */
export interface ExecResult {
  /** Exit status; `undefined` if it was killed or the server did not say. */
  readonly status: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface ExecOptions {
  /** Bytes for standard input, ended afterwards. */
  readonly input?: Uint8Array;
  /** How many bytes of the input the connection has taken. */
  readonly onProgress?: (bytes: number) => void;
  /** More output than this ends the command. Default 1 MiB. */
  readonly maxOutput?: number;
  /** The error for more output than that (else `protocol`), or for none in time (else `timeout`), from what has come. */
  readonly explain?: (why: 'too-much' | 'late', output: Buffer) => BoardError | undefined;
}

const maxHops = 8;
const defaultMaxOutput = 1 << 20;
const maxStderr = 16_384;
const uploadChunk = 32 * 1024;
const bannerLines = 200;

/** Resolves a target and connects to it, through its jump hosts. */
export async function openConnection(target: SshTarget, scope: ConnectScope): Promise<SshConnection> {
  scope.onStep('resolving');
  const host = resolveHost(target, scope.services.environment, scope.log);
  return connectHost(host, target, scope, 0);
}

/** `jumps` replaces the host's own ProxyJump for the later hosts of a chain, as `ssh -J a,b` does. */
async function connectHost(
  host: ResolvedHost,
  target: SshTarget,
  scope: ConnectScope,
  depth: number,
  jumps: readonly string[] = host.proxyJump,
  mayUseCommand = true,
): Promise<SshConnection> {
  throwIfCancelled(scope.signal);
  if (depth > maxHops) {
    throw new BoardError(
      'config',
      `${host.alias}: more than ${maxHops} jump hosts, do they name each other?`,
      {
        host: host.alias,
        reason: 'too many jump hosts',
      },
    );
  }
  const last = jumps.at(-1);
  const way =
    last !== undefined && last.trim() !== ''
      ? await wayThrough(last, jumps.slice(0, -1), host, target, scope, depth)
      : directWay(host, mayUseCommand, scope);
  try {
    // A server may have no room for one more connection for as long as others prove who they are.
    const connection = await patiently(
      async () => SshConnection.open(host, await way.open(), scope),
      (error) => error.code === 'server-limit',
      scope.timeouts.full,
      scope.signal,
    );
    void connection.closed.then(() => way.close());
    return connection;
  } catch (error) {
    way.close();
    throw error;
  }
}

/** How the stream to a host comes to be, as often as it is wanted. */
interface Way {
  open(): Promise<Transport>;
  /** Ends what carries the streams. */
  close(): void;
}

function directWay(host: ResolvedHost, mayUseCommand: boolean, scope: ConnectScope): Way {
  const { signal, services, timeouts, log } = scope;
  const { proxyCommand } = host;
  scope.onStep('connecting');
  if (proxyCommand !== undefined && mayUseCommand) {
    const start = async () => startProxyCommand(host, proxyCommand, services.environment, log);
    return { open: start, close: () => {} };
  }
  log.info(`connecting to ${knownHostName(host.hostName, host.port)} as ${host.user}`);
  const milliseconds = host.connectTimeout ?? timeouts.connect;
  return { open: () => openSocket(host, milliseconds, signal), close: () => {} };
}

/** Connects to the last jump host, which connects on to `host`. */
async function wayThrough(
  last: string,
  before: readonly string[],
  host: ResolvedHost,
  target: SshTarget,
  scope: ConnectScope,
  depth: number,
): Promise<Way> {
  const typed = parseTypedHost(last);
  const hopTarget: SshTarget = {
    host: last,
    configFiles: target.configFiles,
    knownHostsFiles: target.knownHostsFiles,
  };
  const hop = resolveHost(hopTarget, scope.services.environment, scope.log);
  scope.log.info(`jumping through ${typed.host} (${knownHostName(hop.hostName, hop.port)})`);
  // Only the first host of a chain is reached by its own configuration.
  const first = before.length === 0;
  try {
    const connection = await connectHost(
      hop,
      hopTarget,
      scope,
      depth + 1,
      first ? hop.proxyJump : before,
      first,
    );
    return {
      open: async () => {
        try {
          const stream = await connection.forward(host.hostName, host.port);
          return { stream, reason: () => connection.failure(), close: () => stream.destroy() };
        } catch (error) {
          throw jumpFailure(error, hop, host);
        }
      },
      close: () => connection.close(),
    };
  } catch (error) {
    throw jumpFailure(error, hop, host);
  }
}

/** Keys, passwords and cancelling concern the jump host itself; that it cannot be reached is a matter of the proxy. */
function jumpFailure(error: unknown, hop: ResolvedHost, host: ResolvedHost): unknown {
  if (!(error instanceof BoardError)) return error;
  const network = ['host-unknown', 'refused', 'unreachable', 'timeout', 'connection-lost', 'protocol'];
  if (!network.includes(error.code)) return error;
  const facts = { host: host.hostName, port: host.port, via: hop.hostName, reason: error.message };
  return new BoardError('proxy-failed', `jump host ${hop.alias}: ${error.message}`, facts, error);
}

/**
 * A command that runs over its own channel. Made in the very callback that opens it: a short command's status and end may
 * come in the same packet.
 */
export class RemoteCommand {
  readonly channel: ClientChannel;
  /** Resolves when the channel is gone and its output was read. */
  readonly closed: Promise<void>;
  /** Exit status, once it is known; none of a command that a signal ended. */
  status: number | undefined;
  #signal: string | undefined;

  constructor(channel: ClientChannel) {
    this.channel = channel;
    channel.once('exit', (code: number | null, signal?: string) => {
      this.status = code ?? undefined;
      this.#signal = signal;
    });
    channel.on('error', () => {
      // A channel that breaks closes as well, and the connection knows the reason.
    });
    this.closed = new Promise((resolve) => channel.once('close', () => resolve()));
  }

  /** How it ended, for a log and as the reason that a person reads where it said none itself. */
  get ending(): string {
    // The name is the server's.
    if (this.#signal !== undefined)
      return `it was ended by ${/^SIG\w{1,12}$/.test(this.#signal) ? this.#signal : 'a signal'}`;
    return this.status === undefined ? 'it ended' : `it ended with status ${this.status}`;
  }
}

export class SshConnection {
  readonly host: ResolvedHost;
  /** Resolves once, when the connection is gone, with the reason. */
  readonly closed: Promise<BoardError>;
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #scope: ConnectScope;
  readonly #facts: ErrorFacts;
  #resolveClosed: (error: BoardError) => void = () => {};
  #failure: BoardError | undefined;
  /** Commands run one after the other: small servers refuse a channel while another one is closing. */
  #lastChannel: Promise<void> = Promise.resolve();

  private constructor(host: ResolvedHost, transport: Transport, scope: ConnectScope) {
    this.host = host;
    this.#transport = transport;
    this.#scope = scope;
    this.#facts = { host: host.hostName, port: host.port, user: host.user };
    this.#client = new ssh2.Client();
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** Key exchange, host key and authentication over a connected stream, which belongs to the connection from here on. */
  static async open(host: ResolvedHost, transport: Transport, scope: ConnectScope): Promise<SshConnection> {
    const connection = new SshConnection(host, transport, scope);
    try {
      await connection.#establish();
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Why the connection is gone; `undefined` while it is not. */
  failure(): BoardError | undefined {
    return this.#failure;
  }

  /** Ends the connection, and the jump hosts below it. */
  close(): void {
    this.#end(new BoardError('connection-lost', 'the connection was closed', this.#facts));
  }

  #end(error: BoardError): void {
    if (this.#failure === undefined) {
      this.#failure = error;
      this.#resolveClosed(error);
    }
    this.#client.destroy();
    this.#transport.close();
  }

  async #establish(): Promise<void> {
    const { host } = this;
    const { signal, log, timeouts, onStep, answers, services } = this.#scope;
    const label = knownHostName(host.hostName, host.port);
    const keys = new HostKeys(host, log);
    const stop = new AbortController();
    const asking = AbortSignal.any([signal, stop.signal]);
    let during = `first bytes from ${label}`;
    let trusted: Buffer | undefined;
    const heard = firstWords(this.#transport.stream);
    const offers = new Offers();
    /** A connection that is lost before it began. */
    const lostOrFull = (error: BoardError) =>
      error.code === 'connection-lost' && hasNoRoom(heard())
        ? new BoardError('server-limit', `${label} closed the connection at once: ${heard()}`, {
            ...this.#facts,
            of: 'connections',
          })
        : error;
    await new Promise<void>((resolve, reject) => {
      const fail = (error: BoardError) => {
        patience.end();
        stop.abort();
        signal.removeEventListener('abort', onAbort);
        if (error.code === 'no-algorithms') for (const line of offers.lines()) log.info(`${label}: ${line}`);
        this.#end(error);
        reject(error);
      };
      const onAbort = () => fail(abortError(signal));
      const patience = new Patience(this.#facts, fail);
      const auth = new Authentication({
        host,
        answers: answers.until(asking),
        patience,
        times: timeouts,
        log,
        fail,
      });

      signal.addEventListener('abort', onAbort, { once: true });
      this.#client.on('error', (error: Error & { level?: string }) => {
        // One key of the agent that could not sign: the next one is tried.
        if (error.level === 'agent') log.warn(`key: ${error.message}`);
        else if (error.level === 'client-authentication') fail(auth.failure(error.message));
        else fail(this.#transport.reason() ?? lostOrFull(this.#explain(error, during, auth)));
      });
      this.#client.once('close', () => {
        fail(
          this.#transport.reason() ??
            lostOrFull(
              new BoardError('connection-lost', `${during}: the connection was closed`, {
                ...this.#facts,
                reason: during,
              }),
            ),
        );
      });
      const banner = new BoundedLines(bannerLines, (line) => log.info(`${label}: ${line}`));
      const quote = (text: string) => banner.text(`${text}\n`);
      this.#client.once('greeting', quote);
      this.#client.on('banner', quote);
      this.#client.on('change password', () => fail(auth.failure('the password has expired')));
      this.#client.once('handshake', (negotiated) => {
        log.info(`${label}: ${negotiated.kex}, ${negotiated.serverHostKey}, ${negotiated.cs.cipher}`);
        during = `authentication at ${label}`;
        onStep('authenticating');
        patience.arm(during, timeouts.handshake);
      });
      this.#client.once('ready', () => {
        patience.end();
        void auth.succeeded().finally(() => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
      });
      patience.arm(during, timeouts.handshake);
      try {
        this.#client.connect({
          sock: this.#transport.stream,
          host: host.hostName,
          port: host.port,
          username: host.user,
          readyTimeout: 0,
          debug: (line) => offers.hear(line),
          algorithms: { serverHostKey: keys.algorithms() },
          hostVerifier: (shown: Buffer, verify: (trusted: boolean) => void) => {
            // A copy: the answer may take as long as a person does.
            const key = Buffer.from(shown);
            // Asked again whenever the two ends change their session keys.
            if (trusted !== undefined) {
              verify(trusted.equals(key));
              return;
            }
            during = `host key of ${label}`;
            onStep('verifying-host');
            patience
              .whileAsking(() => keys.verify(key, services.prompts, asking))
              .then(() => {
                trusted = key;
                verify(true);
              })
              .catch((error: unknown) =>
                fail(signal.aborted ? abortError(signal) : connectionFailure(error, during, this.#facts)),
              );
          },
          authHandler: (
            left: AuthenticationType[] | null,
            partial: boolean | null,
            next: (method: never) => void,
          ) => {
            // The declared type of `next` leaves out `false`, which ends the authentication.
            auth.next(left, partial, (method) => next(method as never));
          },
        });
      } catch (error) {
        fail(connectionFailure(error, during, this.#facts));
      }
    });
    // From here on an error or a close is the end of a live connection.
    this.#client.removeAllListeners('error');
    this.#client.removeAllListeners('close');
    const lost = (error?: Error) => {
      const reason =
        this.#transport.reason() ??
        connectionFailure(error ?? new Error('connection lost'), `connection to ${label}`, this.#facts);
      this.#end(reason);
    };
    this.#client.on('error', lost);
    this.#client.once('close', () => lost());
    const onAbort = () => this.#end(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    void this.closed.then(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  }

  #explain(error: Error, during: string, auth: Authentication): BoardError {
    const mapped = connectionFailure(error, during, this.#facts);
    return mapped.code === 'auth-failed' ? auth.failure(error.message) : mapped;
  }

  /** A stream that the server connects to `host:port`. */
  async forward(host: string, port: number): Promise<Duplex> {
    return this.#call<ClientChannel>(
      (done) => this.#client.forwardOut('127.0.0.1', 0, host, port, done),
      `forwarding to ${host} port ${port}`,
    );
  }

  /**
   * Runs a command to its end and collects what it prints.
   * @throws BoardError `connection-lost`, `timeout`, `cancelled`, `agent-failed` if the server starts no command
   */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const running = await this.start(command);
    const { channel } = running;
    const { timeouts } = this.#scope;
    const maxOutput = options.maxOutput ?? defaultMaxOutput;
    return new Promise<ExecResult>((resolve, reject) => {
      const patience = new Patience(this.#facts, (error) =>
        end(options.explain?.('late', Buffer.concat(parts)) ?? error),
      );
      const parts: Buffer[] = [];
      let size = 0;
      let stderr = '';
      const end = (error?: BoardError) => {
        patience.end();
        if (error) {
          channel.close();
          reject(error);
        } else resolve({ status: running.status, stdout: Buffer.concat(parts), stderr });
      };
      channel.on('data', (data: Buffer) => {
        patience.arm('command', timeouts.command);
        size += data.length;
        if (size > maxOutput) {
          const detail = `a command printed more than ${maxOutput} bytes`;
          end(
            options.explain?.('too-much', Buffer.concat(parts)) ??
              new BoardError('protocol', detail, this.#facts),
          );
          return;
        }
        parts.push(data);
      });
      channel.stderr.on('data', (data: Buffer) => {
        stderr = (stderr + data.toString('utf8')).slice(-maxStderr);
      });
      void running.closed.then(() => end(this.#failure));
      void this.closed.then(end);
      patience.arm('command', timeouts.command);
      feed(channel, options.input, (bytes) => {
        patience.arm('command', bytes < (options.input?.length ?? 0) ? timeouts.stall : timeouts.command);
        options.onProgress?.(bytes);
      });
    });
  }

  /** Starts a command; the channel is the caller's. Waits for the previous channel to be gone first. */
  async start(command: string): Promise<RemoteCommand> {
    const previous = this.#lastChannel;
    let release: () => void = () => {};
    this.#lastChannel = new Promise((resolve) => {
      release = resolve;
    });
    await Promise.race([previous, this.closed]);
    try {
      const running = await this.#startOnce(command);
      void running.closed.then(release);
      return running;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #startOnce(command: string): Promise<RemoteCommand> {
    const open = () =>
      this.#call<RemoteCommand>(
        (done) =>
          this.#client.exec(command, (error, channel) => done(error, channel && new RemoteCommand(channel))),
        'starting a command',
      );
    const { log, timeouts, signal } = this.#scope;
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof BoardError) || !refused.test(error.message)) throw error;
      log.info(`the server starts no command: ${error.message}; once more`);
    }
    try {
      // OpenSSH counts a session, and dropbear a channel, until its process is gone.
      return await patiently(open, (error) => noSession.test(error.message), timeouts.full, signal);
    } catch (error) {
      if (!(error instanceof BoardError) || !refused.test(error.message)) throw error;
      if (noSession.test(error.message)) {
        throw new BoardError('server-limit', error.message, { ...this.#facts, of: 'sessions' });
      }
      throw new BoardError('agent-failed', `the server starts no command: ${error.message}`, {
        ...this.#facts,
        reason: 'the server starts no command for this user',
      });
    }
  }

  /** One request to ssh2 that ends with its callback, the connection, a time-out or a cancel. */
  async #call<T>(
    request: (done: (error: Error | undefined, value: T | undefined) => void) => void,
    during: string,
  ): Promise<T> {
    if (this.#failure) throw this.#failure;
    return new Promise<T>((resolve, reject) => {
      const patience = new Patience(this.#facts, reject);
      patience.arm(during, this.#scope.timeouts.command);
      void this.closed.then((error) => settle(() => reject(error)));
      const settle = (work: () => void) => {
        patience.end();
        work();
      };
      try {
        request((error, value) =>
          settle(() => {
            if (value !== undefined && !error) resolve(value);
            else reject(connectionFailure(error ?? new Error('no response'), during, this.#facts));
          }),
        );
      } catch (error) {
        settle(() => reject(connectionFailure(error, during, this.#facts)));
      }
    });
  }
}

/** What both sides offered last before a handshake failed, out of what ssh2 says of itself while it works. */
class Offers {
  readonly #last = new Map<string, string>();

  hear(line: string): void {
    const [, side, offer] = /^Handshake: \((local|remote)\) (.{1,2000})/s.exec(line) ?? [];
    if (side !== undefined && offer !== undefined) this.#last.set(side, clean(offer));
  }

  lines(): string[] {
    const names = { local: 'this computer', remote: 'the server' };
    return (['local', 'remote'] as const).map(
      (side) => `${names[side]} offers ${this.#last.get(side) ?? '?'}`,
    );
  }
}

const noSession = /channel open failure/i;
const refused = /channel open failure|unable to exec/i;

/** Collects the first bytes of a stream to be read later, without making it flow. */
function firstWords(stream: Duplex): () => string {
  let words = '';
  const listen = (data: Buffer) => {
    words += data.toString('latin1', 0, 255);
    if (words.length >= 255) stream.off('data', listen);
  };
  // The stream's own `on` would make it flow before anybody else listens.
  EventEmitter.prototype.on.call(stream, 'data', listen);
  return () => words;
}

/** Whether a server that hung up had no room: it said nothing at all, or just that. */
function hasNoRoom(words: string): boolean {
  return words === '' || (!/^SSH-/m.test(words) && /maxstartups|not allowed at this time/i.test(words));
}

/** Writes the input in pieces, waiting for the channel's window, and ends it. */
function feed(channel: ClientChannel, input: Uint8Array | undefined, onTaken: (bytes: number) => void): void {
  if (input === undefined) {
    channel.end();
    return;
  }
  let at = 0;
  const next = () => {
    if (at >= input.length) {
      channel.end();
      return;
    }
    const chunk = input.subarray(at, at + uploadChunk);
    at += chunk.length;
    channel.write(chunk, (error?: Error | null) => {
      // A failed write is followed by the channel's close, which tells the reason.
      if (error) return;
      onTaken(at);
      next();
    });
  };
  next();
}
