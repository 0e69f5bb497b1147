/**
 * The byte stream below SSH: a socket of our own, the person's ProxyCommand, or a channel through the last jump host.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import { Duplex } from 'node:stream';
import type { BoardLog } from '../board.ts';
import { BoundedLines, linesPerMinute } from '../bounded-lines.ts';
import { abortError, BoardError, throwIfCancelled } from '../errors.ts';
import type { ResolvedHost } from './config.ts';
import { codeAndMessage, connectionFailure } from './failures.ts';
import type { SshEnvironment } from './target.ts';

/** A connected stream. */
export interface Transport {
  readonly stream: Duplex;
  /** Why the stream ended, if the carrier knows better than the stream. */
  reason(): BoardError | undefined;
  /** Ends it at once, and everything that carries it. */
  close(): void;
}

/**
 * Connects a TCP socket with `noDelay`: ssh2's own sockets delay small requests by 40 ms.
 * @param milliseconds time to connect
 * @throws BoardError `host-unknown`, `refused`, `unreachable`, `timeout`, `cancelled`
 */
export function openSocket(
  host: ResolvedHost,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Transport> {
  throwIfCancelled(signal);
  const { hostName, port } = host;
  const facts = { host: hostName, port };
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: hostName,
      port,
      noDelay: true,
      keepAlive: true,
      ...(host.family === 0 ? {} : { family: host.family }),
      ...(host.bindAddress === undefined ? {} : { localAddress: host.bindAddress }),
    });
    const end = (error: BoardError) => {
      finish();
      socket.on('error', () => {
        // Said already; a destroyed socket has nothing to add.
      });
      socket.destroy();
      reject(error);
    };
    const onAbort = () => end(abortError(signal));
    const onError = (error: Error) =>
      end(connectionFailure(error, `connecting to ${hostName} port ${port}`, facts));
    const timer = setTimeout(() => {
      const seconds = milliseconds / 1000;
      end(
        new BoardError('timeout', `connecting to ${hostName} port ${port}: no answer within ${seconds} s`, {
          ...facts,
          step: 'connecting',
          seconds,
        }),
      );
    }, milliseconds);
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError);
    socket.once('connect', () => {
      finish();
      resolve({ stream: socket, reason: () => undefined, close: () => socket.destroy() });
    });
  });
}

const maxStderr = 2000;

/**
 * Starts the person's ProxyCommand as ssh(1) does: by their own shell, from their own configuration. Nothing that a
 * board said ever gets into it.
 */
export function startProxyCommand(
  host: ResolvedHost,
  command: string,
  environment: SshEnvironment,
  log: BoardLog,
): Transport {
  const facts = { host: host.hostName, port: host.port, command };
  log.info(`ProxyCommand: ${command}`);
  const lines = new BoundedLines(linesPerMinute, (line) => log.info(`ProxyCommand: ${line}`));
  let said = '';
  let ended: BoardError | undefined;
  const child = spawnShell(command, environment);
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    said = (said + text).slice(-maxStderr);
    lines.text(text);
  });
  child.once('error', (error) => {
    ended = new BoardError('proxy-failed', `ProxyCommand: ${codeAndMessage(error).message}`, {
      ...facts,
      reason: codeAndMessage(error).message,
    });
    stream.destroy(ended);
  });
  child.once('close', (status, killed) => {
    lines.end();
    const last = said.trim().split('\n').at(-1) ?? '';
    const reason = last === '' ? `it ended with ${killed ?? `status ${status}`}` : last;
    ended ??= new BoardError('proxy-failed', `ProxyCommand ended (${killed ?? status}): ${said.trim()}`, {
      ...facts,
      reason,
    });
  });
  // After the listener above, so that the reason is there when the stream ends.
  const stream = new ProcessStream(child);
  return {
    stream,
    reason: () => ended,
    close: () => {
      stream.destroy();
      child.kill('SIGHUP');
    },
  };
}

function spawnShell(command: string, environment: SshEnvironment): ChildProcessWithoutNullStreams {
  const options = { stdio: 'pipe' as const, windowsHide: true };
  if (environment.platform === 'win32') return spawn(command, { ...options, shell: true });
  return spawn(environment.variables['SHELL'] || '/bin/sh', ['-c', `exec ${command}`], options);
}

/** Standard output and input of a process as one stream. */
class ProcessStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    child.stdout.on('data', (data: Buffer) => {
      if (!this.push(data)) child.stdout.pause();
    });
    // Not at the end of its output: by the close of the process it is known what it said about the reason.
    child.once('close', () => this.push(null));
    child.stdout.on('error', (error) => this.destroy(error));
    child.stdin.on('error', () => {
      // The process is gone or going; its close follows, with the reason.
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(data, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.kill('SIGHUP');
    done(error);
  }
}
