/**
 * Starting the agent: verified, then executed in one command, through sudo where the device node asks for it. What comes
 * out is a stream that begins with the agent's marker.
 */
import { randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { BoardError, type ErrorFacts } from '../errors.ts';
import type { WireStream } from '../protocol/wire-client.ts';
import { agentPath, type Probe } from './agent-files.ts';
import { cancelled, linkFailure, printable } from './failures.ts';
import type { ConnectScope, RemoteCommand, SshLink } from './link.ts';
import { Patience } from './patience.ts';
import type { SecretRequest } from './prompts.ts';
import type { Secrets } from './secrets.ts';
import { loginCommand, shellWord } from './shell.ts';

/** The first bytes of the agent (docs/wire.md). */
const agentMarker = Buffer.from('TILESCP1');
const maxNoise = 65_536;
const maxStderr = 8192;
const sudoTries = 3;

/** The file is not what it should be; the caller uploads it anew. */
export type StartResult = WireStream | 'missing' | 'corrupt';

/**
 * Starts the agent and waits for its marker.
 * @param verified the file was compared on this side a moment ago, because the board cannot hash
 * @throws BoardError `shell-banner`, `no-exec`, `wrong-arch`, `agent-failed`, `sudo-failed`, `timeout`, ...
 */
export async function startAgent(
  link: SshLink,
  probe: Probe,
  useSudo: boolean,
  verified: boolean,
  scope: ConnectScope,
): Promise<StartResult> {
  scope.onStep('starting-agent');
  if (!useSudo) return new Start(link, probe, scope).run('exec "$f"', verified);
  if (!probe.hasSudo) {
    throw sudoFailure(link, 'sudo is not installed on the board', 'sudo is not installed');
  }
  const quiet = new Start(link, probe, scope);
  try {
    return await quiet.run('exec sudo -n -- "$f"', verified);
  } catch (error) {
    if (!(error instanceof BoardError) || error.code !== 'agent-failed') throw error;
    if (!/sudo:/.test(quiet.stderr)) throw error;
    if (!/password|askpass|terminal|tty/i.test(quiet.stderr)) {
      throw sudoFailure(link, quiet.stderr, lastLine(quiet.stderr));
    }
    scope.log.info('sudo wants a password');
  }
  const prompt = `tilescope-${randomBytes(9).toString('hex')}:`;
  const asking = new Start(link, probe, scope, prompt);
  try {
    const result = await asking.run(`exec sudo -S -p ${shellWord(prompt)} -- "$f"`, verified);
    await asking.passwordWorked();
    return result;
  } catch (error) {
    if (!(error instanceof BoardError) || error.code !== 'agent-failed') throw error;
    if (!/sudo:|sorry/i.test(asking.stderr)) throw error;
    await asking.passwordFailed();
    throw sudoFailure(link, asking.stderr, lastLine(asking.stderr));
  }
}

function sudoFailure(link: SshLink, detail: string, reason: string): BoardError {
  return new BoardError('sudo-failed', `sudo: ${detail.trim()}`, { ...factsOf(link), reason });
}

function factsOf(link: SshLink): ErrorFacts {
  return { host: link.host.hostName, port: link.host.port, user: link.host.user };
}

function lastLine(text: string): string {
  return printable(text.trim().split('\n').at(-1)?.trim() ?? '');
}

/** One attempt to start the agent. */
class Start {
  /** The end of what was printed as errors, without our own prompt. */
  stderr = '';
  readonly #link: SshLink;
  readonly #probe: Probe;
  readonly #scope: ConnectScope;
  readonly #prompt: string | undefined;
  readonly #facts: ErrorFacts;
  #last: { request: SecretRequest; value: string } | undefined;
  #asked = 0;

  constructor(link: SshLink, probe: Probe, scope: ConnectScope, prompt?: string) {
    this.#link = link;
    this.#probe = probe;
    this.#scope = scope;
    this.#prompt = prompt;
    this.#facts = { ...factsOf(link), path: agentPath(probe) };
  }

  async passwordWorked(): Promise<void> {
    if (this.#last) await this.#scope.secrets.worked(this.#last.request, this.#last.value);
  }

  async passwordFailed(): Promise<void> {
    if (this.#last) await this.#scope.secrets.failed(this.#last.request);
  }

  async run(command: string, verified: boolean): Promise<StartResult> {
    const mark = `tilescope-${randomBytes(12).toString('hex')}:`;
    const { agent, canHash } = this.#probe;
    const say = (word: string) => `{ printf '%s%s\\n' ${shellWord(mark)} ${word}; exit 97; }`;
    const check =
      canHash && !verified
        ? `set -- $(sha256sum < "$f")\n[ "$1" = ${agent.sha256.toLowerCase()} ] || ${say('corrupt')}`
        : '';
    const script = `LC_ALL=C; export LC_ALL; cd /
f=${shellWord(agentPath(this.#probe))}
[ -f "$f" ] || ${say('missing')}
${check}
${command}`;
    const running = await this.#link.start(loginCommand(script));
    const { channel } = running;
    return new Promise<StartResult>((resolve, reject) => {
      let settled = false;
      const stop = new AbortController();
      const secrets = this.#scope.secrets.until(AbortSignal.any([this.#scope.signal, stop.signal]));
      let noise = Buffer.alloc(0);
      const patience = new Patience(this.#facts, (error) => {
        if (noise.length > 0) fail(this.#banner(noise));
        else fail(error);
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
        const at = noise.indexOf(agentMarker);
        const own = /:(missing|corrupt)\n/.exec(noise.toString('latin1', noise.indexOf(mark)));
        if (noise.includes(mark) && own) {
          settle();
          channel.resume();
          resolve(own[1] === 'missing' ? 'missing' : 'corrupt');
        } else if (at >= 0) {
          settle();
          if (at > 0) this.#scope.log.info(`skipped ${at} bytes that the login shell printed`);
          channel.unshift(noise.subarray(at));
          resolve(this.#stream(running));
        } else if (noise.length > maxNoise) fail(this.#banner(noise));
      };
      channel.stderr.setEncoding('utf8');
      channel.stderr.on('data', (text: string) => {
        this.#onStderr(text, channel, patience, secrets).catch((error: unknown) => {
          fail(linkFailure(error, 'sudo', this.#facts));
        });
      });
      channel.on('readable', onReadable);
      void running.closed.then(() => {
        onReadable();
        fail(this.#link.failure() ?? this.#ended(running.status, noise));
      });
      void this.#link.closed.then(fail);
      patience.arm('starting the agent', this.#scope.timeouts.start);
    });
  }

  async #onStderr(text: string, channel: ClientChannel, patience: Patience, secrets: Secrets): Promise<void> {
    this.stderr = (this.stderr + text).slice(-maxStderr);
    if (this.#prompt === undefined || !this.stderr.includes(this.#prompt)) {
      for (const line of text.split('\n')) {
        if (line.trim() !== '') this.#scope.log.info(`agent: ${printable(line.trimEnd())}`);
      }
      return;
    }
    this.stderr = this.stderr.replace(this.#prompt, '');
    await this.passwordFailed();
    if (this.#asked >= sudoTries) {
      channel.end();
      return;
    }
    const { hostName, port, user } = this.#link.host;
    const request: SecretRequest = {
      kind: 'sudo',
      host: port === 22 ? hostName : `[${hostName}]:${port}`,
      user,
      retry: this.#asked > 0,
    };
    this.#asked++;
    const value = await patience.whileAsking(() => secrets.ask(request));
    if (value === undefined) throw cancelled();
    this.#last = { request, value };
    channel.write(`${value}\n`);
  }

  #banner(noise: Buffer): BoardError {
    const text = noise.toString('utf8').trim();
    return new BoardError('shell-banner', `instead of the agent came: ${text.slice(0, 2000)}`, {
      ...this.#facts,
      text: printable(text.split('\n')[0]?.slice(0, 200) ?? ''),
    });
  }

  /** Why there is no agent, from what the shell said. */
  #ended(status: number | undefined, noise: Buffer): BoardError {
    const said = `${this.stderr}\n${noise.toString('utf8')}`.trim();
    const reason = lastLine(this.stderr) || `it ended with status ${status ?? 'unknown'}`;
    const detail = `the agent ended before it began (status ${status ?? 'unknown'}): ${said.slice(0, 4000)}`;
    const facts = { ...this.#facts, machine: this.#probe.machine, reason, status: status ?? -1 };
    if (/exec format error|cannot execute binary|syntax error|unexpected/i.test(said)) {
      return new BoardError('wrong-arch', detail, facts);
    }
    if (status === 126 && /permission denied/i.test(said)) return new BoardError('no-exec', detail, facts);
    return new BoardError('agent-failed', detail, facts);
  }

  #stream(running: RemoteCommand): WireStream {
    const { channel } = running;
    const output: Readable = channel;
    const closed = Promise.race([
      this.#link.closed,
      running.closed.then(() => {
        const status = running.status ?? -1;
        const reason = lastLine(this.stderr) || `it ended with status ${status}`;
        const detail = `the agent ended (status ${status}): ${this.stderr.trim()}`;
        return (
          this.#link.failure() ?? new BoardError('agent-failed', detail, { ...this.#facts, reason, status })
        );
      }),
    ]);
    return {
      input: channel,
      output,
      closed,
      close: () => {
        channel.close();
        this.#link.close();
      },
    };
  }
}
