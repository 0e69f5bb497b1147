/**
 * The agent as a child process of this machine, through sudo. No shell: an argument array, the password only through
 * the child's standard input, never in an argument, the environment or a log.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { abortError, BoardError, throwIfCancelled } from '../errors.ts';
import { Patience } from '../patience.ts';
import type { WireStream } from '../protocol/wire-client.ts';
import { sudoFailure, wantsPassword } from '../sudo-failures.ts';

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
/** From starting sudo, or giving it a password, to the agent's first byte or sudo's next question. */
const startTime = 20_000;
const maxLastWords = 2000;

/**
 * Starts the agent as root: first without a password, then asking for one. The stream's output begins where the agent's
 * does. Errors: those of `sudoFailure`, `cancelled`, `timeout`.
 */
export async function startThroughSudo(options: SudoOptions, signal: AbortSignal): Promise<WireStream> {
  throwIfCancelled(signal);
  const quiet = await start(options, ['-n'], undefined, signal);
  if (quiet.stream !== undefined) return quiet.stream;
  const { prompts } = options;
  if (prompts === undefined || !quiet.needsPassword) throw quiet.error;
  const asking = await start(options, ['-S'], prompts, signal);
  if (asking.stream === undefined) throw asking.error;
  return asking.stream;
}

type Started =
  | { readonly stream: WireStream }
  | { readonly stream: undefined; readonly error: BoardError; readonly needsPassword: boolean };

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
    // A question loses its sense when the sudo that asked it is gone.
    const gone = new AbortController();
    const asking = AbortSignal.any([signal, gone.signal]);
    let end: (error: BoardError) => void = () => undefined;
    const closed = new Promise<BoardError>((done) => {
      end = done;
    });
    const sudoWords = () => said.replaceAll(prompt, '').trim();
    const giveUp = (error: BoardError) => {
      patience.end();
      signal.removeEventListener('abort', cancel);
      // First: ending a sudo that runs as root is refused, and that must not become the reason.
      reject(error);
      stop(child);
    };
    const patience = new Patience({ host: options.host }, ({ message, facts }) => {
      const words = sudoWords();
      giveUp(new BoardError('timeout', words === '' ? message : `${message}: ${words}`, facts));
    });
    patience.arm('sudo', startTime);
    const cancel = () => giveUp(abortError(signal));
    signal.addEventListener('abort', cancel, { once: true });
    const ask = async (asked: SudoPrompts) => {
      attempts++;
      if (attempts > maxAttempts) {
        const reason = `${maxAttempts} wrong passwords`;
        giveUp(new BoardError('sudo-failed', reason, { host: options.host, reason }));
        return;
      }
      const request = { kind: 'sudo', host: options.host, retry: attempts > 1 } as const;
      const password = await patience.whileAsking(() => asked.secret(request, asking));
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
      patience.end();
      signal.removeEventListener('abort', cancel);
      resolve({ stream: { input: child.stdin, output, stderr, closed, close: () => stop(child) } });
    });
    const over = (failure: BoardError, needsPassword: boolean) => {
      patience.end();
      signal.removeEventListener('abort', cancel);
      resolve({ stream: undefined, error: failure, needsPassword });
      gone.abort();
    };
    child.on('error', (error) => {
      const failure = sudoFailure('', error.message, { host: options.host });
      end(failure);
      over(failure, false);
    });
    child.on('close', (code, by) => {
      const how = by === null ? `it ended with status ${code}` : `it ended by ${by}`;
      const words = sudoWords();
      output.end();
      stderr.end();
      end(new BoardError('agent-failed', `the agent ended: ${how}`, { host: options.host }));
      over(sudoFailure(words, how, { host: options.host }), wantsPassword(words));
    });
  });
}

/** The agent ends when its input does; a sudo that still asks is ended. */
function stop(child: ChildProcessWithoutNullStreams): void {
  child.stdin.end();
  child.kill();
}
