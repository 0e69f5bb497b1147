/**
 * Starting the agent: verified, then executed in one command, through sudo where the device node asks for it. What comes
 * out is a stream that begins with the agent's marker.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { BoundedLines, linesPerMinute } from '../bounded-lines.ts';
import { BoardError, type ErrorFacts } from '../errors.ts';
import { Patience } from '../patience.ts';
import type { WireStream } from '../protocol/wire-client.ts';
import { isWrongPassword, sudoFailure, wantsPassword } from '../sudo-failures.ts';
import { agentPath, type Probe } from './agent-files.ts';
import type { Answers } from './answers.ts';
import type { ConnectScope, RemoteCommand, SshConnection } from './connection.ts';
import { cancelled, connectionFailure } from './failures.ts';
import type { SecretRequest } from './prompts.ts';
import {
  firstLine,
  loginCommand,
  maxNoise,
  shellEnded,
  shellFlood,
  shellHangs,
  shellQuoted,
} from './shell.ts';

/** The first bytes of the agent (docs/wire.md). */
const agentMarker = Buffer.from('TILESCP1');
const maxStderr = 8192;
const sudoTries = 3;

/** The file is not what it should be; the caller uploads it anew. */
export type StartResult = WireStream | 'missing' | 'corrupt';

/**
 * Starts the agent and waits for its marker.
 * @param verified the file was compared on this side a moment ago, because the board cannot hash
 * @throws BoardError `shell-banner`, `shell-ended`, `shell-hangs`, `shell-flood`, `no-exec`, `wrong-arch`, `agent-failed`,
 *   `sudo-failed`, `sudo-refused`, `sudo-broken`, `timeout`, ...
 */
export async function startAgent(
  connection: SshConnection,
  probe: Probe,
  useSudo: boolean,
  verified: boolean,
  scope: ConnectScope,
): Promise<StartResult> {
  scope.onStep('starting-agent');
  if (!useSudo) return new Start(connection, probe, scope, 'self').run('exec "$f"', verified);
  if (!probe.hasSudo) throw sudoFailure('', 'sudo is not installed', factsOf(connection));
  const quiet = new Start(connection, probe, scope, 'sudo');
  try {
    return await quiet.run('exec sudo -n -- "$f"', verified);
  } catch (error) {
    if (!(error instanceof BoardError) || !sudoCodes.has(error.code) || !wantsPassword(quiet.stderr)) {
      throw error;
    }
    scope.log.info('sudo wants a password');
  }
  const prompt = `tilescope-${randomBytes(9).toString('hex')}:`;
  const asking = new Start(connection, probe, scope, 'sudo', prompt);
  try {
    const result = await asking.run(`exec sudo -S -p ${shellQuoted(prompt)} -- "$f"`, verified);
    await asking.passwordWorked();
    return result;
  } catch (error) {
    if (isWrongPassword(asking.stderr)) await asking.passwordFailed();
    throw error;
  }
}

const sudoCodes: ReadonlySet<string> = new Set(['sudo-failed', 'sudo-refused', 'sudo-broken']);

function factsOf(connection: SshConnection): ErrorFacts {
  return { host: connection.host.hostName, port: connection.host.port, user: connection.host.user };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

/** One attempt to start the agent. */
class Start {
  /** The end of what was printed as errors since the login shell ran the command, without our own prompt. */
  stderr = '';
  /** On a line of its own on both outputs when the login shell has run the command: what came before is the shell's. */
  readonly #mark = `tilescope-${randomBytes(12).toString('hex')}:`;
  readonly #by: 'self' | 'sudo';
  readonly #lines: BoundedLines;
  /** Errors that the login shell printed before; `undefined` once the command runs. */
  #shellErrors: string | undefined = '';
  readonly #connection: SshConnection;
  readonly #probe: Probe;
  readonly #scope: ConnectScope;
  readonly #prompt: string | undefined;
  readonly #facts: ErrorFacts;
  #last: { request: SecretRequest; value: string } | undefined;
  #asked = 0;

  constructor(
    connection: SshConnection,
    probe: Probe,
    scope: ConnectScope,
    by: 'self' | 'sudo',
    prompt?: string,
  ) {
    this.#by = by;
    this.#lines = new BoundedLines(linesPerMinute, (line) => scope.log.info(`agent: ${line}`));
    this.#connection = connection;
    this.#probe = probe;
    this.#scope = scope;
    this.#prompt = prompt;
    this.#facts = { ...factsOf(connection), path: agentPath(probe) };
  }

  async passwordWorked(): Promise<void> {
    if (this.#last) await this.#scope.answers.worked(this.#last.request, this.#last.value);
  }

  async passwordFailed(): Promise<void> {
    if (this.#last) await this.#scope.answers.failed(this.#last.request);
  }

  async run(command: string, verified: boolean): Promise<StartResult> {
    const { agent, canHash } = this.#probe;
    const print = (word: string) => `printf '%s%s\\n' ${shellQuoted(this.#mark)} ${word}`;
    const say = (word: string) => `{ ${print(word)}; exit 97; }`;
    const check =
      canHash && !verified
        ? `set -- $(sha256sum < "$f")\n[ "$1" = ${agent.sha256.toLowerCase()} ] || ${say('corrupt')}`
        : '';
    const script = `${print('run')}; ${print('run')} >&2
LC_ALL=C; export LC_ALL; cd /
f=${shellQuoted(agentPath(this.#probe))}
[ -f "$f" ] || ${say('missing')}
${check}
${command}`;
    const running = await this.#connection.start(loginCommand(script));
    const { channel } = running;
    return new Promise<StartResult>((resolve, reject) => {
      let settled = false;
      const stop = new AbortController();
      const answers = this.#scope.answers.until(AbortSignal.any([this.#scope.signal, stop.signal]));
      let noise = Buffer.alloc(0);
      const patience = new Patience(this.#facts, (error) => {
        const text = this.#afterRun(noise);
        if (text === undefined) fail(shellHangs(noise, this.#facts));
        else fail(text.length > 0 ? this.#banner(text) : error);
      });
      const settle = () => {
        settled = true;
        patience.end();
        stop.abort();
        channel.off('readable', onReadable);
      };
      const fail = (error: BoardError) => {
        if (settled) return;
        settle();
        channel.resume();
        channel.close();
        reject(error);
      };
      const onReadable = () => {
        // Once handed over, what comes belongs to the stream's reader.
        if (settled) return;
        for (let data = channel.read(); Buffer.isBuffer(data); data = channel.read()) {
          noise = Buffer.concat([noise, data]);
        }
        const after = this.#afterRun(noise);
        const own = new RegExp(`${this.#mark}(missing|corrupt)\n`).exec(noise.toString('latin1'))?.[1];
        const at = after?.indexOf(agentMarker) ?? -1;
        if (own === 'missing' || own === 'corrupt') {
          settle();
          channel.resume();
          resolve(own);
        } else if (after !== undefined && at >= 0) {
          settle();
          const skipped = noise.length - after.length - `${this.#mark}run\n`.length + at;
          if (skipped > 0) this.#scope.log.info(`skipped ${skipped} bytes that the login shell printed`);
          channel.unshift(after.subarray(at));
          resolve(this.#stream(running));
        } else if ((after?.length ?? 0) > maxNoise) fail(this.#banner(after ?? noise));
        else if (noise.length - (after?.length ?? 0) > maxNoise) fail(shellFlood(noise, this.#facts));
      };
      channel.stderr.setEncoding('utf8');
      channel.stderr.on('data', (text: string) => {
        this.#onStderr(text, channel, patience, answers).catch((error: unknown) => {
          fail(connectionFailure(error, 'sudo', this.#facts));
        });
      });
      channel.on('readable', onReadable);
      void running.closed.then(() => {
        this.#lines.end();
        onReadable();
        fail(this.#connection.failure() ?? this.#ended(running, noise));
      });
      void this.#connection.closed.then(fail);
      patience.arm('starting the agent', this.#scope.timeouts.start);
    });
  }

  /** What was printed since the login shell ran the command; `undefined` before. */
  #afterRun(noise: Buffer): Buffer | undefined {
    const mark = `${this.#mark}run\n`;
    const at = noise.indexOf(mark);
    return at < 0 ? undefined : noise.subarray(at + mark.length);
  }

  async #onStderr(
    piece: string,
    channel: ClientChannel,
    patience: Patience,
    answers: Answers,
  ): Promise<void> {
    const text = this.#withoutShell(piece);
    this.stderr = (this.stderr + text).slice(-maxStderr);
    if (this.#prompt === undefined || !this.stderr.includes(this.#prompt)) {
      this.#lines.text(text);
      return;
    }
    this.stderr = this.stderr.replace(this.#prompt, '');
    await this.passwordFailed();
    if (this.#asked >= sudoTries) {
      channel.end();
      return;
    }
    const { hostName, port, user } = this.#connection.host;
    const request: SecretRequest = {
      kind: 'sudo',
      host: port === 22 ? hostName : `[${hostName}]:${port}`,
      user,
      retry: this.#asked > 0,
    };
    this.#asked++;
    const value = await patience.whileAsking(() => answers.ask(request));
    if (value === undefined) throw cancelled();
    this.#last = { request, value };
    channel.write(`${value}\n`);
  }

  /** The part of a piece of standard error that came after the login shell. */
  #withoutShell(piece: string): string {
    if (this.#shellErrors === undefined) return piece;
    const mark = `${this.#mark}run\n`;
    const said = this.#shellErrors + piece;
    const at = said.indexOf(mark);
    this.#shellErrors = at < 0 ? said.slice(-maxNoise) : undefined;
    return at < 0 ? '' : said.slice(at + mark.length);
  }

  #banner(noise: Buffer): BoardError {
    const text = noise.toString('utf8').trim();
    const detail = `instead of the agent came: ${text.slice(0, 2000)}`;
    return new BoardError('shell-banner', detail, { ...this.#facts, text: firstLine(text) });
  }

  /** Why there is no agent, from what was printed. */
  #ended({ status, ending }: RemoteCommand, noise: Buffer): BoardError {
    const printed = this.#afterRun(noise);
    if (printed === undefined) {
      return shellEnded(noise.toString('utf8'), this.#shellErrors ?? '', this.#facts);
    }
    const facts = { ...this.#facts, machine: this.#probe.machine, status: status ?? -1 };
    if (this.#by === 'sudo') return sudoFailure(this.stderr, ending, facts);
    const said = `${this.stderr}\n${printed.toString('utf8')}`.trim();
    const reason = lastLine(this.stderr) || ending;
    const detail = `no agent (${ending}): ${said.slice(0, 4000)}`;
    if (/exec format error|cannot execute binary|syntax error|unexpected/i.test(said)) {
      return new BoardError('wrong-arch', detail, { ...facts, reason });
    }
    const code = status === 126 && /permission denied/i.test(said) ? 'no-exec' : 'agent-failed';
    return new BoardError(code, detail, { ...facts, reason });
  }

  #stream(running: RemoteCommand): WireStream {
    const { channel } = running;
    const output: Readable = channel;
    const closed = Promise.race([
      this.#connection.closed,
      running.closed.then(() => {
        const status = running.status ?? -1;
        const reason = lastLine(this.stderr) || running.ending;
        const detail = `the agent is gone (${running.ending}): ${this.stderr.trim()}`;
        return (
          this.#connection.failure() ??
          new BoardError('agent-failed', detail, { ...this.#facts, reason, status })
        );
      }),
    ]);
    return {
      input: channel,
      output,
      closed,
      close: () => {
        channel.close();
        this.#connection.close();
      },
    };
  }
}
