import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { KeptLog } from '../../../test/conformance/log.ts';
import { WireClient } from '../protocol/wire-client.ts';
import { createLocalConnector, loadAddon } from './connector.ts';
import { executable } from './executable.ts';
import { type SudoPrompts, startThroughSudo } from './sudo.ts';

const folder = mkdtempSync(join(tmpdir(), 'tilescope-local-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  vi.useRealTimers();
});

const never = new AbortController().signal;
const context = { log: new KeptLog(), onStep: () => undefined };

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Prints the marker, then echoes what it reads: enough to see that bytes pass both ways. */
const agentPath = script('agent', "#!/bin/sh\nprintf TILESCP1; printf 'last words\\n' >&2; exec cat\n");

/** A sudo that wants `opensesame`, asks nine times, and keeps what it was told. */
const sudo = script(
  'sudo',
  `#!/bin/sh
printf '%s\\n' "$*" >> ${folder}/arguments
ask=no
while :; do
  case $1 in
    -n) [ -e ${folder}/open ] || { echo 'sudo: a password is required' >&2; exit 1; }; shift ;;
    -S) ask=yes; shift ;;
    -p) prompt=$2; shift 2 ;;
    --) shift; break ;;
  esac
done
tries=0
while [ $ask = yes ]; do
  printf %s "$prompt" >&2
  IFS= read -r password || exit 1
  [ "$password" = opensesame ] && break
  tries=$((tries + 1))
  echo 'Sorry, try again.' >&2
  [ $tries -lt 9 ] || { echo 'sudo: 9 incorrect password attempts' >&2; exit 1; }
done
exec "$@"
`,
);

function prompts(...answers: (string | undefined)[]): SudoPrompts & { readonly asked: boolean[] } {
  const asked: boolean[] = [];
  return {
    asked,
    secret: async ({ retry }) => {
      asked.push(retry);
      return answers.shift();
    },
  };
}

async function firstBytes(stream: Awaited<ReturnType<typeof startThroughSudo>>): Promise<string> {
  stream.input.write('echoed');
  let text = '';
  for await (const chunk of stream.output) {
    text += String(chunk);
    if (text.endsWith('echoed')) break;
  }
  return text;
}

describe('a board in this machine', () => {
  it('without a device node says so', async () => {
    const device = join(folder, 'no-such-node');
    const connector = createLocalConnector({ addonPath: undefined, agentPath: undefined, device });
    await expect(connector.connect(context, never)).rejects.toMatchObject({
      code: 'no-device',
      facts: { path: device },
    });
  });

  it('without an addon in the package says so', async () => {
    const connector = createLocalConnector({ addonPath: undefined, agentPath: undefined, device: agentPath });
    await expect(connector.connect(context, never)).rejects.toMatchObject({ code: 'no-addon' });
  });

  it('with an addon that does not load says so', () => {
    expect(() => loadAddon(join(folder, 'missing.node'))).toThrow(
      expect.objectContaining({ code: 'no-addon' }),
    );
    expect(() => loadAddon(agentPath)).toThrow(expect.objectContaining({ code: 'no-addon' }));
  });

  it.skipIf(process.getuid?.() !== 0)('[truth-18] root needs no sudo', async () => {
    const connector = createLocalConnector({
      addonPath: undefined,
      agentPath: undefined,
      device: agentPath,
      sudo: 'yes',
    });
    await expect(connector.connect(context, never)).rejects.toMatchObject({
      code: 'no-addon',
      message: expect.stringContaining('addon'),
    });
  });

  it('is not begun when it was cancelled before', async () => {
    const connector = createLocalConnector({ addonPath: undefined, agentPath: undefined });
    await expect(connector.connect(context, AbortSignal.abort())).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe("the agent's file", () => {
  it('is made executable where it stands', async () => {
    const path = script('plain', '#!/bin/sh\n');
    chmodSync(path, 0o644);
    expect(await executable(path, new KeptLog(), join(folder, 'cache'))).toBe(path);
    expect(statSync(path).mode & 0o111).toBe(0o111);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  it('in a folder that cannot be changed is copied into a private one, once', async () => {
    const cache = join(folder, 'cache');
    // A file whose mode nobody can change, not even root.
    const path = await executable('/proc/version', new KeptLog(), cache);
    expect(path).toBe(await executable('/proc/version', new KeptLog(), cache));
    expect(readFileSync(path ?? '', 'utf8')).toBe(readFileSync('/proc/version', 'utf8'));
    expect(statSync(path ?? '').mode & 0o777).toBe(0o700);
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('[truth-19] is not copied into a folder that has its name, which is said', async () => {
    const cache = join(folder, 'cache-with-a-folder');
    const name = basename((await executable('/proc/version', new KeptLog(), cache)) ?? '');
    rmSync(join(cache, name));
    mkdirSync(join(cache, name));
    const log = new KeptLog();
    expect(await executable('/proc/version', log, cache)).toBeUndefined();
    expect(log.lines.join('\n')).toContain('cannot be made executable');
    expect(readdirSync(cache)).toEqual([name]);
    expect(readdirSync(join(cache, name))).toEqual([]);
  });

  it('is not copied where others can write, and a missing one is said', async () => {
    const cache = join(folder, 'open-to-all');
    mkdirSync(cache);
    chmodSync(cache, 0o777);
    const log = new KeptLog();
    expect(await executable('/proc/version', log, cache)).toBeUndefined();
    expect(await executable(join(folder, 'none'), log, cache)).toBeUndefined();
    expect(log.lines).toEqual([expect.stringContaining('by others'), expect.stringContaining('ENOENT')]);
    expect(readdirSync(cache)).toEqual([]);
  });
});

describe('[main-16] the agent through sudo', () => {
  it('starts without a question where none is needed', async () => {
    writeFileSync(join(folder, 'open'), '');
    const person = prompts();
    const stream = await startThroughSudo({ agentPath, prompts: person, program: sudo, host: 'h' }, never);
    expect(await firstBytes(stream)).toBe('TILESCP1echoed');
    expect(person.asked).toEqual([]);
    stream.close();
    expect((await stream.closed).code).toBe('agent-failed');
    rmSync(join(folder, 'open'));
  });

  it('asks again after a wrong password and gives it through standard input only', async () => {
    const person = prompts('wrong', 'opensesame');
    const stream = await startThroughSudo({ agentPath, prompts: person, program: sudo, host: 'h' }, never);
    expect(await firstBytes(stream)).toBe('TILESCP1echoed');
    expect(person.asked).toEqual([false, true]);
    expect(readFileSync(join(folder, 'arguments'), 'utf8')).not.toMatch(/opensesame|wrong/);
    stream.close();
    await stream.closed;
  });

  it('is given up after three wrong passwords, whatever sudo would allow; declining one cancels', async () => {
    for (const [person, asked, code] of [
      [prompts('a', 'b', 'c', 'opensesame'), [false, true, true], 'sudo-failed'],
      [prompts(undefined, 'opensesame'), [false], 'cancelled'],
    ] as const) {
      const starting = startThroughSudo({ agentPath, prompts: person, program: sudo, host: 'h' }, never);
      await expect(starting).rejects.toMatchObject({ code });
      expect(person.asked).toEqual(asked);
    }
  });

  it('without anybody to ask, or without sudo, is sudo-failed', async () => {
    const unasked = startThroughSudo({ agentPath, program: sudo, host: 'h' }, never);
    await expect(unasked).rejects.toMatchObject({
      code: 'sudo-failed',
      message: expect.stringContaining('password'),
    });
    const missing = startThroughSudo({ agentPath, program: join(folder, 'none'), host: 'h' }, never);
    await expect(missing).rejects.toMatchObject({ code: 'sudo-failed' });
  });

  it.each([
    ['is cancelled', undefined, 'cancelled'],
    ['times out', new DOMException('too late', 'TimeoutError'), 'timeout'],
  ])('%s while a password is asked for', async (_, reason, code) => {
    const stop = new AbortController();
    const secret = () =>
      new Promise<undefined>(() => {
        stop.abort(reason);
      });
    const starting = startThroughSudo(
      { agentPath, prompts: { secret }, program: sudo, host: 'h' },
      stop.signal,
    );
    await expect(starting).rejects.toMatchObject({ code });
  });

  it('[truth-18] a question for a password ends with the sudo that asked it', async () => {
    const impatient = script(
      'impatient',
      `#!/bin/sh
if [ "$1" = -n ]; then echo 'sudo: a password is required' >&2; exit 1; fi
printf %s "$3" >&2; echo 'sudo: timed out reading password' >&2; exit 1
`,
    );
    let closed = false;
    const secret = (_: unknown, signal: AbortSignal) =>
      new Promise<undefined>((resolve) => {
        signal.addEventListener('abort', () => {
          closed = true;
          resolve(undefined);
        });
      });
    const starting = startThroughSudo(
      { agentPath, prompts: { secret }, program: impatient, host: 'h' },
      never,
    );
    await expect(starting).rejects.toMatchObject({
      code: 'sudo-failed',
      facts: { reason: 'sudo: timed out reading password' },
    });
    expect(closed).toBe(true);
  });

  it('that says nothing is given up after 20 s, in which the time of a question does not count', async () => {
    const hanging = script(
      'hanging',
      `#!/bin/sh
[ -e ${folder}/mute ] && exec sleep 600
if [ "$1" = -n ]; then echo 'sudo: a password is required' >&2; exit 1; fi
echo 'sudo: unable to contact the LDAP server' >&2
printf %s "$3" >&2; IFS= read -r password; exec sleep 600
`,
    );
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let reply: (password: string) => void = () => undefined;
    let starting: Promise<unknown> = Promise.resolve();
    const asked = new Promise<void>((resolve) => {
      const secret = () => {
        resolve();
        return new Promise<string>((done) => {
          reply = done;
        });
      };
      starting = startThroughSudo({ agentPath, prompts: { secret }, program: hanging, host: 'h' }, never);
    });
    await asked;
    const early: unknown[] = [];
    starting.catch((error: unknown) => early.push(error));
    await vi.advanceTimersByTimeAsync(100_000);
    expect(early).toEqual([]);
    reply('opensesame');
    await vi.advanceTimersByTimeAsync(19_900);
    const late = expect(starting).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('unable to contact the LDAP server'),
      facts: { host: 'h', seconds: 20 },
    });
    await vi.advanceTimersByTimeAsync(200);
    await late;
    writeFileSync(join(folder, 'mute'), '');
    const mute = startThroughSudo({ agentPath, program: hanging, host: 'h' }, never);
    const silent = expect(mute).rejects.toMatchObject({
      code: 'timeout',
      message: 'sudo: no answer within 20 s',
    });
    await vi.advanceTimersByTimeAsync(20_000);
    await silent;
  });

  it("[truth-19] says in sudo's own words that it refuses this user, or that its configuration is broken", async () => {
    for (const [code, words] of [
      ['sudo-refused', 'ada is not in the sudoers file.'],
      ['sudo-broken', 'sudo: parse error in /etc/sudoers near line 12'],
    ] as const) {
      const program = script(code, `#!/bin/sh\necho "${words}" >&2; echo "Bye." >&2; exit 1\n`);
      await expect(startThroughSudo({ agentPath, program, host: 'h' }, never)).rejects.toMatchObject({
        code,
        facts: { reason: words },
      });
    }
  });

  it('that is no agent ends as such, with its last words in the log', async () => {
    writeFileSync(join(folder, 'open'), '');
    const bad = script('bad', "#!/bin/sh\necho 'cannot execute'\necho 'exec format error' >&2\nexit 126\n");
    const stream = await startThroughSudo({ agentPath: bad, program: sudo, host: 'h' }, never);
    const log = new KeptLog();
    await expect(WireClient.start(stream, { log }, never)).rejects.toMatchObject({
      code: 'shell-banner',
      facts: { text: expect.stringContaining('cannot execute') },
    });
    rmSync(join(folder, 'open'));
    expect(existsSync(join(folder, 'open'))).toBe(false);
  });
});
