/**
 * The agent as a child process of this machine, through sudo. No shell: an argument array, the password only through
 * the child's standard input, never in an argument, the environment or a log.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { abortError, BoardError, throwIfCancelled } from '../errors.ts';
import { clean } from '../protocol/validate.ts';
import type { WireStream } from '../protocol/wire-client.ts';

/** The person, as far as sudo needs one. */
export interface SudoPrompts {
  /** The password; `undefined` = declined, which cancels. `retry`: the last one was wrong. */
  secret(
    request: { readonly kind: 'sudo'; readonly host: string; readonly retry: boolean },
    signal: AbortSignal,
  ): Promise<string | undefined>;
}

export interface SudoOptions {
  readonly agentPath: string;
  /** Without them, only a sudo that asks for nothing works. */
  readonly prompts?: SudoPrompts;
  /** The program; `sudo` unless a test says otherwise. */
  readonly program?: string;
  /** This machine's name, for the question. */
  readonly host: string;
}

/** Passwords asked before giving up. */
const maxAttempts = 3;
const maxLastWords = 2000;

/**
 * Starts the agent as root: first without a password, then asking for one. The stream's output begins where the agent's
 * does. Errors: `sudo-failed`, `agent-failed`, `cancelled`.
 */
export async function startThroughSudo(options: SudoOptions, signal: AbortSignal): Promise<WireStream> {
  throwIfCancelled(signal);
  const quiet = await start(options, ['-n'], undefined, signal);
  if (quiet.stream !== undefined) return quiet.stream;
  const { prompts } = options;
  if (prompts === undefined || !quiet.wantsPassword) throw quiet.error;
  const asking = await start(options, ['-S'], prompts, signal);
  if (asking.stream === undefined) throw asking.error;
  return asking.stream;
}

type Started =
  | { readonly stream: WireStream }
  | { readonly stream: undefined; readonly error: BoardError; readonly wantsPassword: boolean };

/** One sudo. Resolves when the agent printed its first byte, or sudo gave up. */
function start(
  options: SudoOptions,
  flags: readonly string[],
  prompts: SudoPrompts | undefined,
  signal: AbortSignal,
): Promise<Started> {
  return new Promise((resolve, reject) => {
    const prompt = `tilescope-${randomUUID()}`;
    const words = [...flags, '-p', prompt, '--', options.agentPath];
    const env = { ...process.env, LC_ALL: 'C' };
    const child = spawn(options.program ?? 'sudo', words, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const output = new PassThrough();
    const stderr = new PassThrough();
    let said = '';
    let unseen = '';
    let running = false;
    let attempts = 0;
    let end: (error: BoardError) => void = () => undefined;
    const closed = new Promise<BoardError>((done) => {
      end = done;
    });
    const giveUp = (error: BoardError) => {
      signal.removeEventListener('abort', cancel);
      // First: ending a sudo that runs as root is refused, and that must not become the reason.
      reject(error);
      stop(child);
    };
    const cancel = () => giveUp(abortError(signal));
    signal.addEventListener('abort', cancel, { once: true });
    const ask = async (asked: SudoPrompts) => {
      attempts++;
      if (attempts > maxAttempts) {
        giveUp(new BoardError('sudo-failed', `${maxAttempts} wrong passwords`, { host: options.host }));
        return;
      }
      const request = { kind: 'sudo', host: options.host, retry: attempts > 1 } as const;
      const password = await asked.secret(request, signal);
      if (password === undefined) giveUp(new BoardError('cancelled', 'no password was given'));
      else child.stdin.write(`${password}\n`);
    };
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => {
      if (running) {
        stderr.write(chunk);
        return;
      }
      const text = chunk.toString('utf8');
      said = (said + text).slice(-maxLastWords);
      unseen += text;
      for (let at = unseen.indexOf(prompt); at >= 0; at = unseen.indexOf(prompt)) {
        unseen = unseen.slice(at + prompt.length);
        if (prompts !== undefined) ask(prompts).catch(giveUp);
      }
      unseen = unseen.slice(-prompt.length);
    });
    child.stdout.on('data', (chunk: Buffer) => {
      const first = !running;
      running = true;
      if (!output.write(chunk)) {
        child.stdout.pause();
        output.once('drain', () => child.stdout.resume());
      }
      if (!first) return;
      signal.removeEventListener('abort', cancel);
      resolve({ stream: { input: child.stdin, output, stderr, closed, close: () => stop(child) } });
    });
    child.on('error', (error) => {
      const failure = new BoardError(
        'sudo-failed',
        `sudo: ${clean(error.message)}`,
        { host: options.host },
        error,
      );
      end(failure);
      signal.removeEventListener('abort', cancel);
      resolve({ stream: undefined, error: failure, wantsPassword: false });
    });
    child.on('close', (code, by) => {
      const how = by === null ? `exit code ${code}` : `signal ${by}`;
      const words = clean(said.replaceAll(prompt, '').trim());
      signal.removeEventListener('abort', cancel);
      output.end();
      stderr.end();
      end(new BoardError('agent-failed', `the agent ended: ${how}`, { host: options.host }));
      const error = new BoardError('sudo-failed', `sudo ended: ${how}: ${words}`, { host: options.host });
      resolve({ stream: undefined, error, wantsPassword: /password|terminal/i.test(words) });
    });
  });
}

/** The agent ends when its input does; a sudo that still asks is ended. */
function stop(child: ChildProcessWithoutNullStreams): void {
  child.stdin.end();
  child.kill();
}
