import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BoardError } from '../errors.ts';
import { protocolVersion } from '../protocol/core-client.ts';
import { encodeFrame } from '../protocol/frames.ts';
import { WireClient, type WireStream } from '../protocol/wire-client.ts';
import { type AgentStream, openAgentStream } from './connector.ts';
import { shellQuoted } from './shell.ts';
import type { AgentBinary, SshTarget, SshTimeouts } from './target.ts';
import { TestMachine, TestPerson, TestServer, type TestServerOptions } from './test-server.ts';

// Key exchanges and child processes on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const isRoot = process.getuid?.() === 0;
/** Somebody who is not root, so that permissions mean something. */
const nobody = 65_534;
const architecture = arch() === 'arm64' ? 'aarch64' : 'x86_64';

let machine: TestMachine;
let person: TestPerson;
let cleanups: (() => unknown)[];
let steps: [string, number | undefined][];

beforeEach(() => {
  machine = new TestMachine();
  person = new TestPerson();
  steps = [];
  cleanups = [() => machine.remove()];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function serve(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await new TestServer({ ...(isRoot ? { uid: nobody } : {}), ...options }).listen();
  cleanups.push(() => server.close());
  return server;
}

/** An agent of this machine's architecture: a script that greets as the real one does, then echoes. */
function agent(version = '1.0', script = '#!/bin/sh\nprintf TILESCP1\nexec cat\n'): AgentBinary {
  const path = join(machine.home, `agent-${version}`);
  writeFileSync(path, script);
  return { path, version, sha256: createHash('sha256').update(script).digest('hex') };
}

interface Options {
  readonly target?: Partial<SshTarget>;
  readonly agent?: AgentBinary;
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<SshTimeouts>;
  readonly onStep?: (step: string, percent?: number) => void;
}

async function start(server: TestServer, options: Options = {}): Promise<AgentStream> {
  const stream = await openAgentStream(
    { host: server.host, port: server.port, configFiles: [], ...options.target },
    {
      agents: { [architecture]: options.agent ?? agent() },
      prompts: person,
      environment: machine.environment,
      timeouts: options.timeouts,
    },
    {
      log: machine.log,
      onStep: (step, percent) => {
        steps.push([step, percent]);
        options.onStep?.(step, percent);
      },
    },
    options.signal ?? new AbortController().signal,
  );
  cleanups.push(() => stream.close());
  return stream;
}

async function failure(work: Promise<unknown>): Promise<BoardError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof BoardError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

/** Reads until `text` has come. */
async function expectOutput(stream: WireStream, text: string): Promise<void> {
  let seen = '';
  for await (const data of stream.output.iterator({ destroyOnReturn: false })) {
    seen += String(data);
    if (seen.includes(text)) break;
  }
  expect(seen).toBe(text);
}

const uploads = () => steps.filter(([step]) => step === 'uploading-agent').length;
const cache = (server: TestServer) => join(server.home, '.cache', 'tilescope');
const files = (server: TestServer) => readdirSync(cache(server));

/** A PATH with the usual tools except some, and with others in front. */
function tools(without: readonly string[], scripts: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'tilescope-tools-'));
  chmodSync(folder, 0o755);
  cleanups.push(() => rmSync(folder, { recursive: true }));
  for (const name of 'sh cat id uname ls mkdir chmod rm rmdir mv wc df tail find gzip sha256sum sleep'.split(
    ' ',
  )) {
    if (without.includes(name) || name in scripts) continue;
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(folder, name));
  }
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

describe('[main-15] bringing the agent to the board', () => {
  test('it is uploaded once, into a private folder, and found again', async () => {
    const server = await serve();
    const first = await start(server);
    expect(first.route).toEqual([
      `SSH to 127.0.0.1: ada@[127.0.0.1]:${server.port}`,
      expect.stringMatching(/^agent: \/.*\/\.cache\/tilescope\/tilescope-agent-1\.0-/),
    ]);
    first.input.write('ping');
    await expectOutput(first, 'TILESCP1ping');
    expect(steps[0]?.[0]).toBe('resolving');
    expect(steps.find(([step, percent]) => step === 'uploading-agent' && percent === 100)).toBeDefined();
    const before = uploads();
    await expectOutput(await start(server), 'TILESCP1');
    expect(uploads()).toBe(before);
    // Dropbear takes command lines of up to 9000 bytes.
    expect(Math.max(...server.commands.map((command) => command.length))).toBeLessThan(8000);
    expect(statSync(cache(server)).mode & 0o777).toBe(0o700);
    const [name, ...others] = files(server);
    expect(others).toEqual([]);
    expect(name).toMatch(/^tilescope-agent-1\.0-/);
    expect(statSync(join(cache(server), name ?? '')).mode & 0o777).toBe(0o700);
  });

  test.each([
    ['with sha256sum on the board', []],
    ['read back where the board has no sha256sum', ['sha256sum']],
    ['sent as it is where the board cannot unzip', ['gzip']],
    ['with neither', ['gzip', 'sha256sum']],
    ['with the least that a board has', ['gzip', 'sha256sum', 'df', 'find', 'tail']],
  ])('a damaged file is never started: %s', async (_, without) => {
    const server = await serve({ environment: { PATH: tools(without) } });
    await expectOutput(await start(server), 'TILESCP1');
    const path = join(cache(server), files(server)[0] ?? '');
    const ran = join(server.home, 'ran');
    const bad = `#!/bin/sh\n>${ran}\n`;
    writeFileSync(path, bad.padEnd(statSync(path).size, '#').slice(0, statSync(path).size));
    writeFileSync(path, readFileSync(path, 'latin1').replace('cat', 'tac'));
    await expectOutput(await start(server), 'TILESCP1');
    expect(existsSync(ran)).toBe(false);
    expect(readFileSync(path, 'utf8')).toContain('exec cat');
    expect(files(server)).toHaveLength(1);
  });

  test('an upload that arrives changed is refused', async () => {
    const server = await serve({
      environment: { PATH: tools(['sha256sum'], { gzip: 'cat >/dev/null; printf "%s" not-the-agent' }) },
    });
    expect(await failure(start(server))).toMatchObject({ code: 'upload-corrupt' });
    expect(files(server)).toEqual([]);
    const hashed = await serve({
      environment: { PATH: tools([], { gzip: 'cat >/dev/null; printf "%s" not-the-agent' }) },
    });
    expect(await failure(start(hashed))).toMatchObject({ code: 'upload-corrupt' });
    expect(files(hashed)).toEqual([]);
  });

  test('our own file damaged on this machine is not sent', async () => {
    const server = await serve();
    const broken = { ...agent(), sha256: '0'.repeat(64) };
    expect(await failure(start(server, { agent: broken }))).toMatchObject({ code: 'internal' });
    expect(server.commands).toEqual([]);
  });

  test('other versions are removed, what is not ours stays', async () => {
    const server = await serve();
    const running = await start(server, { agent: agent('0.9') });
    await expectOutput(running, 'TILESCP1');
    writeFileSync(join(cache(server), 'notes.txt'), 'mine');
    await start(server, { agent: agent('1.0', '#!/bin/sh\nprintf TILESCP1\nexec cat # newer\n') });
    expect(files(server).sort()).toEqual(['notes.txt', expect.stringMatching(/^tilescope-agent-1\.0-/)]);
    running.input.write('still here');
    await expectOutput(running, 'still here');
  });

  test('several connects at once, of several versions, all succeed', async () => {
    const server = await serve();
    const old = agent('0.9', '#!/bin/sh\nprintf TILESCP1\nexec cat # old\n');
    const current = agent('1.0');
    const streams = await Promise.all([current, old, current, old].map((a) => start(server, { agent: a })));
    for (const stream of streams) {
      stream.input.write('x');
      await expectOutput(stream, 'TILESCP1x');
    }
    expect(files(server).filter((name) => !name.startsWith('tilescope-agent-'))).toEqual([]);
  });

  test('the agent ends with its stream, nothing is left running', async () => {
    const server = await serve();
    const stream = await start(server);
    await expectOutput(stream, 'TILESCP1');
    stream.close();
    expect((await stream.closed).code).toMatch(/connection-lost|agent-failed/);
  });

  test('what the agent says until its end reaches its reader, then the reason why it ended', async () => {
    const server = await serve();
    const script = '#!/bin/sh\nprintf TILESCP1first\nread x\nprintf last\necho "out of order" >&2\nexit 4\n';
    const stream = await start(server, { agent: agent('1.0', script) });
    stream.input.write('go\n');
    await expectOutput(stream, 'TILESCP1firstlast');
    stream.output.resume();
    expect(await stream.closed).toMatchObject({
      code: 'agent-failed',
      facts: { status: 4, reason: 'out of order' },
    });
  });

  test('an agent that is killed: the signal is said, not a status that there is none of', async () => {
    const server = await serve();
    const script = '#!/bin/sh\nprintf TILESCP1\nread x\nkill -9 $$\n';
    const stream = await start(server, { agent: agent('1.0', script) });
    stream.input.write('go\n');
    stream.output.resume();
    const error = await stream.closed;
    expect(error).toMatchObject({ code: 'agent-failed', facts: { reason: 'it was ended by SIGKILL' } });
    expect(error.message).toMatch(/SIGKILL/);
  });

  test('[truth-18] lines that the agent prints beside its stream are bounded, in number and in length', async () => {
    const server = await serve();
    const script = `#!/bin/sh
printf TILESCP1
i=0
while [ $i -lt 3000 ]; do echo "line $i" >&2; i=$((i + 1)); done
head -c 1000000 /dev/zero | tr '\\0' x >&2
read x
printf done
exec cat`;
    const stream = await start(server, { agent: agent('1.0', script) });
    stream.input.write('\n');
    await expectOutput(stream, 'TILESCP1done');
    stream.close();
    await stream.closed;
    const lines = machine.said.filter((line) => line.startsWith('agent: '));
    expect(lines.length).toBeGreaterThan(900);
    expect(lines.length).toBeLessThan(1010);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1100);
  });

  test('a loss of the connection reaches the stream', async () => {
    const server = await serve();
    const stream = await start(server);
    server.drop();
    expect(await stream.closed).toMatchObject({ code: 'connection-lost' });
  });

  describe('chooses a folder', () => {
    const other = async (prepare: (folder: string) => void) => {
      const xdg = mkdtempSync(join(tmpdir(), 'tilescope-xdg-'));
      cleanups.push(() => {
        spawnSync('umount', [join(xdg, 'mounted')]);
        rmSync(xdg, { recursive: true, force: true });
      });
      prepare(xdg);
      const own = spawnSync('chown', [`${isRoot ? nobody : process.getuid?.()}`, xdg]);
      expect(own.status).toBe(0);
      return xdg;
    };

    test('XDG_CACHE_HOME first, with blanks and quotes in its name', async () => {
      const folder = join(
        await other((xdg) => mkdirSync(join(xdg, `it's a "cache" $HOME`), { mode: 0o777 })),
        `it's a "cache" $HOME`,
      );
      chmodSync(folder, 0o777);
      const server = await serve({ environment: { XDG_CACHE_HOME: folder } });
      await expectOutput(await start(server), 'TILESCP1');
      expect(readdirSync(folder)).toEqual(['tilescope']);
      expect(existsSync(cache(server))).toBe(false);
    });

    /** Puts something in the place where the agent's file belongs, below XDG_CACHE_HOME. */
    const inPlace = async (put: (path: string, folder: string) => void) => {
      const first = await serve();
      await expectOutput(await start(first), 'TILESCP1');
      const [name = ''] = files(first);
      const xdg = await other((folder) => {
        mkdirSync(join(folder, 'tilescope'), { mode: 0o700 });
        put(join(folder, 'tilescope', name), folder);
      });
      spawnSync('chown', ['-R', `${isRoot ? nobody : process.getuid?.()}`, xdg]);
      return {
        server: await serve({ environment: { XDG_CACHE_HOME: xdg } }),
        path: join(xdg, 'tilescope', name),
        xdg,
      };
    };

    test.each([
      ['a folder', (path: string) => mkdirSync(path)],
      ['a link to a folder', (path: string, xdg: string) => symlinkSync(xdg, path)],
    ])(
      '[truth-19] another one where %s has the name of the agent, which is said and left alone',
      async (_, put) => {
        const { server, path } = await inPlace(put);
        const before = readdirSync(path);
        await expectOutput(await start(server), 'TILESCP1');
        expect(files(server)).toHaveLength(1);
        expect(readdirSync(path)).toEqual(before);
        expect(readdirSync(join(path, '..'))).toHaveLength(1);
        expect(machine.said.join('\n')).toContain('tilescope: taken');
      },
    );

    test('[truth-19] none where folders are in the way everywhere: the sentence names the places', async () => {
      const { path, xdg } = await inPlace((place) => mkdirSync(place));
      // Of all other candidates the board says that they are somebody else's.
      const ls = `case "$*" in *${xdg}*) exec /bin/ls "$@";; esac`;
      const server = await serve({ environment: { XDG_CACHE_HOME: xdg, PATH: tools([], { ls }) } });
      expect(await failure(start(server))).toMatchObject({
        code: 'in-the-way',
        facts: { folders: expect.stringContaining(`${join(xdg, 'tilescope')}, `) },
      });
      // What the sentence advises.
      rmSync(path, { recursive: true });
      await expectOutput(await start(server), 'TILESCP1');
    });

    test('[truth-19] a link to a file in the place of the agent is replaced, its file is not touched', async () => {
      const { server, path, xdg } = await inPlace((place, folder) => {
        writeFileSync(join(folder, 'mine'), 'mine');
        symlinkSync(join(folder, 'mine'), place);
      });
      await expectOutput(await start(server), 'TILESCP1');
      expect(readFileSync(join(xdg, 'mine'), 'utf8')).toBe('mine');
      expect(readFileSync(path, 'utf8')).toContain('TILESCP1');
    });

    test.each([
      ['a symbolic link', (xdg: string) => symlinkSync(tmpdir(), join(xdg, 'tilescope'))],
      ['a file', (xdg: string) => writeFileSync(join(xdg, 'tilescope'), '')],
    ])('not %s in its place', async (_, prepare) => {
      const server = await serve({ environment: { XDG_CACHE_HOME: await other(prepare) } });
      await expectOutput(await start(server), 'TILESCP1');
      expect(files(server)).toHaveLength(1);
    });

    test('one that is open to others is closed first', async () => {
      const server = await serve({ environment: { XDG_CACHE_HOME: 'relative/is/ignored' } });
      const uid = isRoot ? nobody : (process.getuid?.() ?? 0);
      mkdirSync(cache(server), { recursive: true });
      chmodSync(cache(server), 0o777);
      spawnSync('chown', ['-R', `${uid}`, join(server.home, '.cache')]);
      await expectOutput(await start(server), 'TILESCP1');
      expect(statSync(cache(server)).mode & 0o777).toBe(0o700);
    });

    test.skipIf(!isRoot)("not somebody else's", async () => {
      const xdg = await other((folder) => mkdirSync(join(folder, 'tilescope'), { mode: 0o777 }));
      chmodSync(join(xdg, 'tilescope'), 0o777);
      const server = await serve({ environment: { XDG_CACHE_HOME: xdg } });
      await expectOutput(await start(server), 'TILESCP1');
      expect(readdirSync(join(xdg, 'tilescope'))).toEqual([]);
      expect(files(server)).toHaveLength(1);
    });

    test.skipIf(!isRoot).each([
      ['where programs may not run', 'noexec,mode=777'],
      ['that is full', 'size=16k,mode=777'],
      ['that cannot be written', 'ro,mode=777'],
    ])('not one %s', async (_, mountOptions) => {
      let mounted = '';
      await other((xdg) => {
        mounted = join(xdg, 'mounted');
        mkdirSync(mounted);
        expect(spawnSync('mount', ['-t', 'tmpfs', '-o', mountOptions, 'none', mounted]).status).toBe(0);
      });
      const server = await serve({ environment: { XDG_CACHE_HOME: mounted } });
      await expectOutput(await start(server), 'TILESCP1');
      expect(files(server)).toHaveLength(1);
      expect(readdirSync(mounted)).toEqual([]);
    });

    test('the next one when an upload finds the folder full after all', async () => {
      const xdg = await other(() => {});
      const fake = tools([], {
        gzip: `if [ -d "${xdg}/tilescope" ]; then cat >/dev/null; rmdir "${xdg}/tilescope"; rm -rf "${xdg}/tilescope"; echo "gzip: write error: No space left on device" >&2; exit 1; fi; exec /usr/bin/env -i PATH=/usr/bin:/bin gzip "$@"`,
      });
      const server = await serve({ environment: { XDG_CACHE_HOME: xdg, PATH: fake } });
      await expectOutput(await start(server), 'TILESCP1');
      expect(machine.said.join('\n')).toContain('No space left on device');
      expect(files(server)).toHaveLength(1);
    });
  });
});

describe('[main-15] sudo', () => {
  /** Behaves as sudo does with -n, and with -S -p: asks on standard error, reads a line, three tries. */
  const sudo = (password: string | undefined) => `
mode=$1; shift
if [ "$mode" = -n ]; then
  ${password === undefined ? 'shift; export VIA_SUDO=1; exec "$@"' : 'echo "sudo: a password is required" >&2; exit 1'}
fi
prompt=$2; shift 3
for try in 1 2 3; do
  printf %s "$prompt" >&2
  IFS= read -r line || exit 1
  if [ "$line" = ${password ?? 'never'} ]; then export VIA_SUDO=1; exec "$@"; fi
  echo "Sorry, try again." >&2
done
echo "sudo: 3 incorrect password attempts" >&2
exit 1`;
  const tells = () => agent('1.0', '#!/bin/sh\nprintf "TILESCP1sudo=$VIA_SUDO."\nexec cat\n');

  function node(mode: number): string {
    const path = join(machine.home, 'aie0');
    writeFileSync(path, '');
    chmodSync(path, mode);
    chmodSync(machine.home, 0o755);
    return path;
  }

  test("[truth-18] is used when asked for, also where the node is open: an owner's memory may not be", async () => {
    const server = await serve({ environment: { PATH: tools([], { sudo: sudo(undefined) }) } });
    for (const mode of [0o000, 0o666]) {
      const device = node(mode);
      await expectOutput(await start(server, { agent: tells(), target: { device } }), 'TILESCP1sudo=.');
      const target = { device, sudo: 'yes' as const };
      await expectOutput(await start(server, { agent: tells(), target }), 'TILESCP1sudo=1.');
    }
    // Nobody is asked for a password where there is nothing to reach.
    const target = { device: join(machine.home, 'none'), sudo: 'yes' as const };
    await expectOutput(await start(server, { agent: tells(), target }), 'TILESCP1sudo=.');
    expect(person.asked).toEqual([]);
  });

  test('with a password: asked again when wrong, kept when right, never on a command line', async () => {
    const server = await serve({ environment: { PATH: tools([], { sudo: sudo('secret42') }) } });
    person.answers = ['wrong', 'secret42'];
    const stream = await start(server, { agent: tells(), target: { device: node(0), sudo: 'yes' } });
    stream.input.write('frames');
    await expectOutput(stream, 'TILESCP1sudo=1.frames');
    expect(person.asked.map((r) => [r.kind, r.retry])).toEqual([
      ['sudo', false],
      ['sudo', true],
    ]);
    expect(person.forgotten).toHaveLength(1);
    expect(person.remembered).toMatchObject([[{ kind: 'sudo' }, 'secret42']]);
    expect([...server.commands, ...machine.said].join('\n')).not.toContain('secret42');
  });

  test('three wrong passwords, no sudo, declined: each has its words', async () => {
    const target = { device: node(0), sudo: 'yes' as const };
    const server = await serve({ environment: { PATH: tools([], { sudo: sudo('x') }) } });
    person.answers = ['1', '2', '3'];
    expect(await failure(start(server, { target }))).toMatchObject({
      code: 'sudo-failed',
      facts: { reason: 'sudo: 3 incorrect password attempts' },
    });
    expect(person.forgotten).toHaveLength(3);
    person.answers = [undefined];
    expect(await failure(start(server, { target }))).toMatchObject({ code: 'cancelled' });
    const without = await serve({ environment: { PATH: tools(['sudo']) } });
    expect(await failure(start(without, { target }))).toMatchObject({ code: 'sudo-failed' });
  });

  test.each([
    [
      'sudo-refused',
      'nobody is not in the sudoers file.',
      'This incident has been reported to the administrator.',
    ],
    ['sudo-refused', "Sorry, user nobody is not allowed to execute '/agent' as root on board.", ''],
    ['sudo-refused', 'sudo: sorry, you must have a tty to run sudo', ''],
    ['sudo-refused', 'sudo: account validation failure, is your account locked?', ''],
    ['sudo-broken', '/etc/sudoers:12:18: syntax error', 'nobody is not in the sudoers file.'],
    [
      'sudo-broken',
      'sudo: parse error in /etc/sudoers near line 12',
      'sudo: no valid sudoers sources found, quitting',
    ],
    ['sudo-broken', 'sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set', ''],
    ['wrong-arch', 'sudo: unable to execute /agent: Exec format error', ''],
    ['sudo-failed', 'sudo: something that nobody has heard of', ''],
    ['agent-failed', 'out of order', ''],
  ])('[truth-19] %s, in its own words: %s', async (code, words, after) => {
    const says = `printf '%s\\n' ${shellQuoted(words)} ${shellQuoted(after)} >&2; exit 1`;
    const target = { device: node(0), sudo: 'yes' as const };
    for (const [password, script] of [
      ['none asked for', says],
      [
        'right',
        `if [ "$1" = -n ]; then echo "sudo: a password is required" >&2; exit 1; fi
printf %s "$3" >&2; read -r line; ${says}`,
      ],
    ] as const) {
      const server = await serve({ environment: { PATH: tools([], { sudo: script }) } });
      person.answers = [password];
      const reason = code.startsWith('sudo') ? words : expect.any(String);
      expect(await failure(start(server, { target }))).toMatchObject({ code, facts: { reason } });
    }
    expect(person.asked).toHaveLength(1);
    // Only a password that was wrong is forgotten.
    expect(person.forgotten).toEqual([]);
  });

  test('[truth-19] a sudo that complains of its configuration and works is used', async () => {
    const script = `echo "/etc/sudoers:12:18: syntax error" >&2${sudo('secret42')}`;
    const server = await serve({ environment: { PATH: tools([], { sudo: script }) } });
    person.answers = ['secret42'];
    const stream = await start(server, { agent: tells(), target: { device: node(0), sudo: 'yes' } });
    await expectOutput(stream, 'TILESCP1sudo=1.');
  });

  test('[truth-18] the question for a password ends with the connection', async () => {
    const server = await serve({ environment: { PATH: tools([], { sudo: sudo('x') }) } });
    let closed = false;
    person.answers = [
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            closed = true;
            resolve(undefined);
          });
          server.drop();
        }),
    ];
    const work = start(server, { target: { device: node(0), sudo: 'yes' } });
    expect(await failure(work)).toMatchObject({ code: 'connection-lost' });
    expect(closed).toBe(true);
  });
});

/** Bash as login shell, which reads `.bashrc` before every command, as it does under sshd. */
async function serveBash(rc: string, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await serve({ shell: ['bash', '-c'], ...options });
  putRc(server, rc);
  return server;
}

function putRc(server: TestServer, rc: string): void {
  writeFileSync(join(server.home, '.bashrc'), `${rc}\n`);
  chmodSync(join(server.home, '.bashrc'), 0o644);
}

describe('[truth-19] login shells', () => {
  test.each([
    ['starts another shell', 'exec bash', 'shell-ended', { text: '' }],
    ['ends', 'exit 0', 'shell-ended', { text: '' }],
    [
      'says why it ends',
      'echo "Maintenance until noon."; exit 1',
      'shell-ended',
      { text: 'Maintenance until noon.' },
    ],
    ['says so as an error', 'echo "no entry" >&2; exit 1', 'shell-ended', { text: 'no entry' }],
    ['prints 2 MB', 'echo Begin; head -c 2000000 /dev/zero | tr "\\0" x', 'shell-flood', { text: 'Begin' }],
    ['prints 200 KB', 'echo Begin; head -c 200000 /dev/zero | tr "\\0" x', 'shell-flood', { text: 'Begin' }],
    ['waits for ever', 'echo Who; sleep 60', 'shell-hangs', { text: 'Who' }],
    ['reads a line', 'read x', 'shell-input', {}],
    ['reads everything', 'cat >/dev/null', 'shell-input', {}],
    [
      'loses its PATH',
      'PATH=/nonexistent',
      'no-programs',
      { programs: expect.stringMatching(/^uname, id, cat, /) },
    ],
  ])('whose start file %s: %s', async (_, rc, code, facts) => {
    const server = await serveBash(rc);
    const timeouts = code === 'shell-hangs' ? { command: 500 } : {};
    expect(await failure(start(server, { timeouts }))).toMatchObject({ code, facts });
    expect(existsSync(cache(server)) ? files(server) : []).toEqual([]);
    // What the sentence advises: with the line gone, or only for sessions with a terminal, it works.
    putRc(server, `if [ -t 0 ]; then\n${rc}\nfi`);
    await expectOutput(await start(server), 'TILESCP1');
  });

  test.each([
    ['prints two lines', 'echo Welcome; echo to the board'],
    ['prints 40 KB', 'head -c 40000 /dev/zero | tr "\\0" x; echo'],
    ['goes elsewhere', 'cd /usr'],
    ['forbids to overwrite', 'set -C'],
    ['has aliases', 'shopt -s expand_aliases; alias sh=false cat=false gzip=false printf=false'],
    ['makes noise on standard error', 'echo "bash: line 3: syntax error: unexpected end of file" >&2'],
    ['prints escape codes', "printf '\\033[2J\\033]0;board\\007\\033[31m'"],
    ['lets everybody write', 'umask 000'],
    ['lets nobody do anything', 'umask 777'],
    ['forgets the home folder', 'unset HOME'],
    ['fails', 'false; no-such-command; set -e'],
  ])('whose start file %s are borne', async (_, rc) => {
    const xdg = join(machine.home, 'xdg');
    mkdirSync(xdg);
    chmodSync(xdg, 0o777);
    chmodSync(machine.home, 0o755);
    const server = await serveBash(rc, { environment: { XDG_CACHE_HOME: xdg } });
    const stream = await start(server);
    stream.input.write('x');
    await expectOutput(stream, 'TILESCP1x');
    const [name = ''] = readdirSync(join(xdg, 'tilescope'));
    expect(statSync(join(xdg, 'tilescope')).mode & 0o777).toBe(0o700);
    expect(statSync(join(xdg, 'tilescope', name)).mode & 0o777).toBe(0o700);
  });

  test('noise of the shell is no reason of the agent', async () => {
    const server = await serveBash('echo "bash: syntax error near unexpected token" >&2; echo Welcome');
    const short = agent('1.0', '#!/bin/sh\necho "no such luck" >&2; exit 5\n');
    expect(await failure(start(server, { agent: short }))).toMatchObject({
      code: 'agent-failed',
      facts: { status: 5, reason: 'no such luck' },
    });
    const silent = agent('1.1', '#!/bin/sh\nexec sleep 60\n');
    expect(await failure(start(server, { agent: silent, timeouts: { start: 400 } }))).toMatchObject({
      code: 'timeout',
    });
  });

  test('[truth-11] what they print is plain text in the error, with no sign taken for anything', async () => {
    const link = '[More](command:workbench.action.terminal.sendSequence?{"text":"id"}) <b>`x`</b> $(zap) {0}';
    const server = await serveBash(`printf '\\033[2J%s\\n' '${link}'; head -c 100000 /dev/zero; exit 1`);
    const error = await failure(start(server));
    expect(error).toMatchObject({ code: 'shell-ended', facts: { text: `\ufffd[2J${link}` } });
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(4100);
  });
});

describe('[truth-18] what a sentence about the board advises leads there', () => {
  test.skipIf(!isRoot).each([
    ['no-exec', 'noexec,mode=777', 'exec'],
    ['read-only', 'ro,mode=777', 'rw'],
    ['disk-full', 'size=16k,mode=777', 'size=8m'],
  ])('%s: the folder is mounted otherwise', async (code, before, after) => {
    const mounted = join(machine.home, 'mounted');
    mkdirSync(mounted);
    chmodSync(machine.home, 0o755);
    cleanups.push(() => spawnSync('umount', [mounted]));
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', before, 'none', mounted]).status).toBe(0);
    // Of all other candidates the board says that they are somebody else's.
    const ls = `case "$*" in *${mounted}*) exec /bin/ls "$@";; esac`;
    const environment = { HOME: '/nowhere', XDG_CACHE_HOME: mounted, PATH: tools([], { ls }) };
    const server = await serve({ environment });
    expect(await failure(start(server))).toMatchObject({
      code,
      facts: { folders: expect.stringContaining(join(mounted, 'tilescope')) },
    });
    expect(spawnSync('mount', ['-o', `remount,${after}`, mounted]).status).toBe(0);
    await expectOutput(await start(server), 'TILESCP1');
  });

  test('upload-corrupt: connecting again; agent-failed: too', async () => {
    const once = join(machine.home, 'once');
    writeFileSync(once, '');
    chmodSync(machine.home, 0o777);
    const gzip = `if [ -e ${once} ]; then rm ${once}; cat >/dev/null; echo nonsense; else exec /bin/gzip "$@"; fi`;
    const server = await serve({ environment: { PATH: tools([], { gzip }) } });
    expect(await failure(start(server))).toMatchObject({ code: 'upload-corrupt' });
    const script = `#!/bin/sh\n[ -e ${once} ] && { rm ${once}; echo "no luck" >&2; exit 3; }\nprintf TILESCP1\nexec cat\n`;
    writeFileSync(once, '');
    chmodSync(once, 0o666);
    const unlucky = agent('1.1', script);
    const target = { agent: unlucky };
    const other = await serve();
    expect(await failure(start(other, target))).toMatchObject({
      code: 'agent-failed',
      facts: { reason: 'no luck' },
    });
    await expectOutput(await start(other, target), 'TILESCP1');
    await expectOutput(await start(server), 'TILESCP1');
  });

  /** An agent that answers the handshake with this, whatever it is asked. */
  const answering = (answer: Uint8Array): string => {
    const digits = [...answer].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    return `#!/bin/sh\nprintf TILESCP1\nhead -c 1 >/dev/null\nprintf '${digits}'\nexec cat >/dev/null\n`;
  };
  const hello = (protocol: number) =>
    encodeFrame({
      ...{ id: 1, t: 'ok', protocol, core: '1.0', pid: 1, hostName: 'board', kernel: '6', machine: 'any' },
      ...{ pageSize: 4096, bootId: 'b', uid: 0 },
    });
  const shake = async (server: TestServer, binary: AgentBinary): Promise<string> => {
    const stream = await start(server, { agent: binary });
    const client = await WireClient.start(stream, { log: machine.log }, new AbortController().signal);
    cleanups.push(() => client.dispose());
    return client.hello.core;
  };

  test('protocol: connecting again', async () => {
    const server = await serve();
    const once = join(machine.home, 'once');
    writeFileSync(once, '');
    chmodSync(machine.home, 0o777);
    const lines = answering(hello(protocolVersion)).split('\n');
    lines.splice(1, 0, `[ -e ${once} ] && { rm ${once}; printf TILESCP1nonsense; exec cat >/dev/null; }`);
    const confused = agent('1.0', lines.join('\n'));
    expect(await failure(shake(server, confused))).toMatchObject({ code: 'protocol' });
    expect(await shake(server, confused)).toBe('1.0');
  });

  test('agent-version: a window that was loaded anew brings the agent of its own version', async () => {
    const server = await serve();
    const other = agent('1.0', answering(hello(protocolVersion + 1)));
    expect(await failure(shake(server, other))).toMatchObject({
      code: 'agent-version',
      facts: { have: protocolVersion + 1, want: protocolVersion },
    });
    // The same version number: it is the contents that count.
    expect(await shake(server, agent('1.0', answering(hello(protocolVersion))))).toBe('1.0');
    expect(files(server)).toHaveLength(1);
  });

  test('wrong-arch: another board', async () => {
    const server = await serve({ environment: { PATH: tools([], { uname: 'echo riscv64' }) } });
    expect(await failure(start(server))).toMatchObject({ code: 'wrong-arch', facts: { machine: 'riscv64' } });
    await expectOutput(await start(await serve()), 'TILESCP1');
  });

  test('timeout: starting the agent again, once the board is not overloaded', async () => {
    const server = await serve();
    const busy = join(machine.home, 'busy');
    writeFileSync(busy, '');
    chmodSync(machine.home, 0o755);
    const slow = agent('1.0', `#!/bin/sh\n[ -e ${busy} ] && exec sleep 60\nprintf TILESCP1\nexec cat\n`);
    const options = { agent: slow, timeouts: { start: 400 } };
    expect(await failure(start(server, options))).toMatchObject({ code: 'timeout' });
    rmSync(busy);
    await expectOutput(await start(server, { agent: slow }), 'TILESCP1');
  });

  test('shell-banner: what answers instead of the agent goes', async () => {
    const server = await serve();
    const wrong = agent('1.0', '#!/bin/sh\necho hello there\nexec sleep 60\n');
    const timeouts = { start: 400 };
    expect(await failure(start(server, { agent: wrong, timeouts }))).toMatchObject({ code: 'shell-banner' });
    await expectOutput(await start(server), 'TILESCP1');
  });
});

describe('[main-16] ways in which starting the agent fails', () => {
  test('a login shell that prints a banner is survived', async () => {
    const server = await serve({ greeting: 'Welcome to the board!\nTILESCOPE is not TILESCP\n' });
    const stream = await start(server);
    stream.input.write('x');
    await expectOutput(stream, 'TILESCP1x');
  });

  test('a login shell that prints something instead is quoted', async () => {
    const server = await serve({ shell: ['/bin/sh', '-c', 'echo "Choose: 1) reboot"; cat >/dev/null #'] });
    expect(await failure(start(server))).toMatchObject({
      code: 'shell-ended',
      facts: { text: 'Choose: 1) reboot' },
    });
  });

  test('an architecture without an agent', async () => {
    const server = await serve({ environment: { PATH: tools([], { uname: 'echo riscv64' }) } });
    expect(await failure(start(server))).toMatchObject({ code: 'wrong-arch', facts: { machine: 'riscv64' } });
  });

  test('an agent that this machine cannot run', async () => {
    const server = await serve();
    const alien = agent('1.0', '\x7fELF\x02\x01\x01\0 not for this machine ((');
    expect(await failure(start(server, { agent: alien }))).toMatchObject({ code: 'wrong-arch' });
  });

  test('an agent that ends at once: status and last words', async () => {
    const server = await serve();
    const short = agent('1.0', '#!/bin/sh\necho first >&2; echo "no such luck" >&2; exit 5\n');
    expect(await failure(start(server, { agent: short }))).toMatchObject({
      code: 'agent-failed',
      facts: { status: 5, reason: 'no such luck' },
    });
  });

  test('an agent that says nothing, or noise', async () => {
    const server = await serve();
    const silent = agent('1.0', '#!/bin/sh\nexec sleep 60\n');
    expect(await failure(start(server, { agent: silent, timeouts: { start: 400 } }))).toMatchObject({
      code: 'timeout',
      facts: { step: 'starting the agent' },
    });
    const noisy = agent('1.1', '#!/bin/sh\necho hello there\nexec sleep 60\n');
    expect(await failure(start(server, { agent: noisy, timeouts: { start: 400 } }))).toMatchObject({
      code: 'shell-banner',
      facts: { text: 'hello there' },
    });
    const flood = agent(
      '1.2',
      '#!/bin/sh\nwhile :; do echo 0123456789012345678901234567890123456789; done\n',
    );
    expect(await failure(start(server, { agent: flood }))).toMatchObject({ code: 'shell-banner' });
  });

  test('a board that takes no more bytes', async () => {
    const server = await serve({ environment: { PATH: tools([], { gzip: 'exec sleep 60' }) } });
    const big = agent(
      '1.0',
      `#!/bin/sh\n${Array.from({ length: 400_000 }, (_, i) => (i * 7919) % 9973).join('')}`,
    );
    expect(
      await failure(start(server, { agent: big, timeouts: { stall: 400, command: 400 } })),
    ).toMatchObject({
      code: 'timeout',
    });
  });
});

describe('[main-15] cancelling an upload or a start', () => {
  test.each(['checking-agent', 'uploading-agent', 'starting-agent'])('at %s', async (at) => {
    const server = await serve();
    const stop = new AbortController();
    const work = start(server, {
      signal: stop.signal,
      onStep: (step) => {
        if (step === at) stop.abort();
      },
    });
    expect(await failure(work)).toMatchObject({ code: 'cancelled' });
    if (existsSync(cache(server))) {
      expect(
        files(server).filter((name) => name.startsWith('tilescope-agent-') && at === 'uploading-agent'),
      ).toEqual([]);
    }
  });

  test('a limit of ours that runs out is a time-out', async () => {
    const server = await serve();
    const limit = new AbortController();
    const work = start(server, {
      signal: limit.signal,
      onStep: (step) => {
        if (step === 'checking-agent') limit.abort(new DOMException('too late', 'TimeoutError'));
      },
    });
    expect(await failure(work)).toMatchObject({ code: 'timeout' });
  });

  test.each(['cancelling', 'losing the connection'])(
    '%s in the middle of an upload leaves no half file',
    async (how) => {
      const server = await serve();
      const stop = new AbortController();
      const incompressible = randomBytes(1_500_000).toString('hex');
      const uploaded = agent('1.0', `#!/bin/sh\nprintf TILESCP1\nexec cat\n${incompressible}`);
      const work = start(server, {
        agent: uploaded,
        signal: stop.signal,
        onStep: (step, percent = 0) => {
          if (step !== 'uploading-agent' || percent === 0) return;
          if (how === 'cancelling') stop.abort();
          else server.drop();
        },
      });
      expect((await failure(work)).code).toBe(how === 'cancelling' ? 'cancelled' : 'connection-lost');
      // What had arrived whole before the board heard of the end may stay: it is verified and in place.
      const half = (name: string): boolean =>
        createHash('sha256')
          .update(readFileSync(join(cache(server), name)))
          .digest('hex') !== uploaded.sha256;
      await expect.poll(() => files(server).filter(half), { timeout: 30_000 }).toEqual([]);
    },
  );

  test('afterwards, the signal has no say', async () => {
    const server = await serve();
    const stop = new AbortController();
    const stream = await start(server, { signal: stop.signal });
    stop.abort();
    stream.input.write('x');
    await expectOutput(stream, 'TILESCP1x');
  });
});
