/**
 * The SSH connector against real servers on the virtual board: dropbear without SFTP and with busybox tools, OpenSSH with
 * PAM. A small program stands in for the agent, so that what is tested here is the way to it.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BoardError } from '../../src/board/errors.ts';
import type { WireStream } from '../../src/board/protocol/wire-client.ts';
import { openAgentStream } from '../../src/board/ssh/connector.ts';
import type { AgentBinaries, AgentBinary, SshTarget } from '../../src/board/ssh/target.ts';
import { TestMachine, TestPerson } from '../../src/board/ssh/test-server.ts';
import { type Image, startBoard, USER_PASSWORD, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

/** Greets as the agent does, says who runs it, echoes until its input ends. */
const standInSource = `
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static const char ballast[600000] = {1};
int main(void) {
  char text[64];
  int n = snprintf(text, sizeof text, "TILESCP1uid=%d%c", (int)getuid(), ballast[0] + '-');
  if (write(1, text, n) != n) return 1;
  for (;;) {
    char data[4096];
    ssize_t got = read(0, data, sizeof data);
    if (got <= 0 || write(1, data, got) != got) return 0;
  }
}
`;

let folder: string;
let standIn: AgentBinary;
let alien: AgentBinary;
let board: VirtualBoard;
let machine: TestMachine;
let person: TestPerson;
let streams: WireStream[];
let uploaded: boolean;

function compile(compiler: string, version: string): AgentBinary {
  const source = join(folder, 'agent.c');
  const path = join(folder, `agent-${version}`);
  writeFileSync(source, standInSource);
  const result = spawnSync(compiler, ['-static', '-Os', '-o', path, source], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr);
  return { path, version, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tilescope-ssh-'));
  standIn = compile('aarch64-linux-gnu-gcc', '1.0');
  alien = compile('gcc', '2.0');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  machine = new TestMachine();
  person = new TestPerson();
  streams = [];
});
afterEach(async () => {
  for (const stream of streams) stream.close();
  await Promise.all(streams.map((stream) => stream.closed));
  machine.remove();
});

/** A target of the board: by default root, with the key that the board accepts. */
function target(changes: Partial<SshTarget> = {}): SshTarget {
  return {
    host: board.host,
    port: board.port,
    user: 'root',
    identityFile: board.privateKeyPath,
    configFiles: [],
    ...changes,
  };
}

/** As `target`, without any key. */
function keyless(user: string, changes: Partial<SshTarget> = {}): SshTarget {
  return target({ user, identityFile: 'none', ...changes });
}

async function connect(
  to: SshTarget,
  agents: AgentBinaries = { aarch64: standIn },
  signal = new AbortController().signal,
  onStep: (step: string) => void = () => {},
): Promise<WireStream> {
  uploaded = false;
  const stream = await openAgentStream(
    to,
    { agents, prompts: person, environment: machine.environment },
    {
      log: machine.log,
      onStep: (step) => {
        if (step === 'uploading-agent') uploaded = true;
        onStep(step);
      },
    },
    signal,
  );
  streams.push(stream);
  return stream;
}

async function says(stream: WireStream, until: string): Promise<string> {
  let seen = '';
  for await (const data of stream.output.iterator({ destroyOnReturn: false })) {
    seen += String(data);
    if (seen.endsWith(until)) break;
  }
  return seen;
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

async function on(command: string): Promise<string> {
  return (await board.exec(command)).stdout.toString().trim();
}

/** Waits until the board runs no agent any more. */
async function expectNoAgent(): Promise<void> {
  await expect.poll(() => on('ps | grep -c "[t]ilescope-agent"')).toBe('0');
}

describe.each<Image>(['dropbear', 'openssh'])('%s', (image) => {
  beforeAll(async () => {
    board = await startBoard({ image });
  });
  afterAll(() => board.stop());
  useCleanLog(() => board);

  test('[main-13] [main-15] a key lets in, the agent is uploaded once and leaves no process', async () => {
    const first = await connect(target());
    expect(uploaded).toBe(true);
    first.input.write('ping.');
    expect(await says(first, 'ping.')).toBe('TILESCP1uid=0.ping.');
    expect(await on('ls -ld ~/.cache/tilescope | cut -c1-10')).toBe('drwx------');
    first.close();
    await expectNoAgent();
    expect(await says(await connect(target()), '.')).toBe('TILESCP1uid=0.');
    expect(uploaded).toBe(false);
    expect(person.asked).toEqual([]);
    expect(person.confirmed).toHaveLength(1);
  });

  test('[main-13] password, wrong first, then right', async () => {
    person.answers = ['wrong', USER_PASSWORD];
    const config = machine.put('config', 'PreferredAuthentications password\n');
    expect(await says(await connect(keyless('dev', { configFiles: [config] })), '.')).toBe(
      'TILESCP1uid=1000.',
    );
    expect(person.asked.map((r) => [r.kind, r.retry])).toEqual([
      ['password', false],
      ['password', true],
    ]);
  });

  if (image === 'openssh') {
    test('[main-13] keyboard-interactive through PAM', async () => {
      person.answers = ['wrong', USER_PASSWORD];
      expect(await says(await connect(keyless('dev')), '.')).toBe('TILESCP1uid=1000.');
      expect(person.asked.map((r) => [r.kind, r.retry])).toEqual([
        ['keyboard-interactive', false],
        ['keyboard-interactive', true],
      ]);
    });
  }

  test('[main-13] an account with an empty password is entered without a question', async () => {
    expect(await says(await connect(keyless('empty')), '.')).toBe('TILESCP1uid=1002.');
    expect(person.asked).toEqual([]);
  });

  test('[main-16] nothing that fits: the error names user and what was tried', async () => {
    const config = machine.put('config', 'PreferredAuthentications publickey\n');
    expect(await failure(connect(keyless('dev', { configFiles: [config] })))).toMatchObject({
      code: 'auth-failed',
      facts: { user: 'dev', tried: 'none' },
    });
  });

  test('[main-13] a jump through the board to itself', async () => {
    const config = machine.put(
      'config',
      `Host hop
  HostName ${board.host}
  Port ${board.port}
  User dev
Host inner
  HostName 127.0.0.1
  HostKeyAlias inner
  User root
  ProxyJump hop
Host *
  IdentityFile ${board.privateKeyPath}
`,
    );
    const stream = await connect({ host: 'inner', configFiles: [config] });
    expect(await says(stream, '.')).toBe('TILESCP1uid=0.');
    expect(person.confirmed.map((question) => question.host)).toEqual([
      `[${board.host}]:${board.port}`,
      'inner',
    ]);
  });

  test('[main-15] a damaged agent is found before its start and uploaded again', async () => {
    (await connect(target())).close();
    await on(
      `f=$(echo ~/.cache/tilescope/tilescope-agent-*); printf X | dd of=$f bs=1 seek=70000 conv=notrunc`,
    );
    expect(await says(await connect(target()), '.')).toBe('TILESCP1uid=0.');
    expect(uploaded).toBe(true);
  });

  test('[main-15] four connects at once into an empty cache', async () => {
    await on('rm -rf ~/.cache');
    const opened = await Promise.all([1, 2, 3, 4].map(() => connect(target())));
    for (const stream of opened) expect(await says(stream, '.')).toBe('TILESCP1uid=0.');
    expect(await on('ls -A ~/.cache/tilescope | wc -l')).toBe('1');
  });

  test('[main-15] sudo without a password', async () => {
    const stream = await connect(target({ user: 'ops', sudo: 'yes' }));
    stream.input.write('frames.');
    expect(await says(stream, 'frames.')).toBe('TILESCP1uid=0.frames.');
    stream.close();
    await expectNoAgent();
  });

  test('[main-15] sudo with a password, wrong first, then right', async () => {
    person.answers = ['wrong', USER_PASSWORD];
    const stream = await connect(target({ user: 'dev', sudo: 'yes' }));
    stream.input.write('frames.');
    expect(await says(stream, 'frames.')).toBe('TILESCP1uid=0.frames.');
    expect(person.asked).toMatchObject([
      { kind: 'sudo', retry: false },
      { kind: 'sudo', retry: true },
    ]);
    stream.close();
    await expectNoAgent();
  });

  if (image === 'dropbear') {
    test('[main-16] sudo that is refused', async () => {
      person.answers = ['a', 'b', 'c'];
      expect(await failure(connect(target({ user: 'dev', sudo: 'yes' })))).toMatchObject({
        code: 'sudo-failed',
      });
      person.answers = ['a', 'b', 'c'];
      expect(await failure(connect(target({ user: 'banner', sudo: 'yes' })))).toMatchObject({
        code: 'sudo-failed',
      });
    });
  }

  if (image === 'dropbear') {
    test('[truth-19] sudo that knows the password and refuses the user, and one whose configuration is broken', async () => {
      const file = '/etc/sudoers';
      await on(`cp -p ${file} /tmp/sudoers`);
      try {
        await on(`grep -v ^dev /tmp/sudoers > ${file}`);
        person.answers = [USER_PASSWORD];
        expect(await failure(connect(target({ user: 'dev', sudo: 'yes' })))).toMatchObject({
          code: 'sudo-refused',
          facts: { reason: expect.stringMatching(/^dev is not in the sudoers file/) },
        });
        await on(`echo 'dev ALL=(ALL' > ${file}`);
        person.answers = [USER_PASSWORD];
        expect(await failure(connect(target({ user: 'dev', sudo: 'yes' })))).toMatchObject({
          code: 'sudo-broken',
          facts: { reason: expect.stringMatching(/sudoers.*error|error.*sudoers/) },
        });
      } finally {
        await on(`cat /tmp/sudoers > ${file}`);
      }
      // What the sentences advise.
      person.answers = [USER_PASSWORD];
      expect(await says(await connect(target({ user: 'dev', sudo: 'yes' })), '.')).toBe('TILESCP1uid=0.');
    });

    test('[truth-19] ten connections at once, more than dropbear lets prove who they are', async () => {
      const opened = await Promise.all(Array.from({ length: 10 }, () => connect(target())));
      for (const stream of opened) expect(await says(stream, '.')).toBe('TILESCP1uid=0.');
    });
  }

  test('[main-16] a login shell that prints a banner is survived', async () => {
    expect(await says(await connect(target({ user: 'banner' })), '.')).toBe('TILESCP1uid=1003.');
  });

  test('[main-16] no agent for this machine, and one that it cannot run', async () => {
    expect(await failure(connect(target(), { x86_64: alien }))).toMatchObject({
      code: 'wrong-arch',
      facts: { machine: 'aarch64' },
    });
    expect(await failure(connect(target(), { aarch64: alien }))).toMatchObject({ code: 'wrong-arch' });
  });

  test('[main-15] cancelling at every step leaves no agent and no half upload behind', async () => {
    await on('rm -rf ~/.cache');
    for (const at of [
      'connecting',
      'verifying-host',
      'authenticating',
      'checking-agent',
      'uploading-agent',
      'starting-agent',
    ]) {
      const stop = new AbortController();
      const work = connect(target(), { aarch64: standIn }, stop.signal, (step) => {
        if (step === at) stop.abort();
      });
      expect((await failure(work)).code, at).toBe('cancelled');
    }
    await expectNoAgent();
    await expect.poll(() => on('ls -A ~/.cache/tilescope | grep -c "^[.]"')).toBe('0');
  });

  test('[main-14] a board that makes a new key at boot: refused with both fingerprints, then replaced', async () => {
    await connect(target());
    await board.reboot({ kernelArgs: ['ts.otherkey=1'] });
    const error = await failure(connect(target()));
    const file = join(machine.home, '.ssh', 'known_hosts');
    expect(error).toMatchObject({
      code: 'host-key-changed',
      facts: { oldFingerprint: person.confirmed[0]?.fingerprint, file, line: 1 },
    });
    const shown = spawnSync('ssh-keygen', ['-l', '-f', '-'], {
      input: board.hostPublicKeys[0],
      encoding: 'utf8',
    }).stdout;
    expect(shown).toContain(` ${error.facts['newFingerprint']} `);
    person.replaces = true;
    expect(await says(await connect(target()), '.')).toBe('TILESCP1uid=0.');
    expect(readFileSync(file, 'utf8').trim()).toBe(board.knownHostsLine().split(' ').slice(0, 3).join(' '));
  });

  test('[main-16] a board that loses power: the stream says so', async () => {
    const stream = await connect(target());
    const rebooted = board.reboot();
    expect(await stream.closed).toMatchObject({ code: 'connection-lost' });
    await rebooted;
  });

  // The rest is about the board's tools and folders, which are the same under both servers.
  if (image !== 'dropbear') return;

  test('[main-15] folders that cannot be used are passed over', async () => {
    await board.reboot({ kernelArgs: ['ts.root=noexec', 'ts.vartmp=ro', 'ts.tmp=full', 'ts.nosha=1'] });
    const stream = await connect(target());
    expect(await says(stream, '.')).toBe('TILESCP1uid=0.');
    expect(await on('ls -d /dev/shm/tilescope-0/tilescope-agent-* | wc -l')).toBe('1');
    expect(await on('ls -d ~/.cache/tilescope /var/tmp/tilescope-0 /tmp/tilescope-0 2>/dev/null')).toBe('');
    stream.close();
    await expectNoAgent();
    // No sha256sum here: what is there is read back before it is started.
    await on(
      `f=$(echo /dev/shm/tilescope-0/tilescope-agent-*); printf X | dd of=$f bs=1 seek=70000 conv=notrunc`,
    );
    expect(await says(await connect(target()), '.')).toBe('TILESCP1uid=0.');
    expect(uploaded).toBe(true);
  });

  test.each([
    ['no-exec', 'noexec'],
    ['disk-full', 'full'],
    ['read-only', 'ro'],
  ])('[main-16] %s when every folder is %s', async (code, mode) => {
    const folders = ['root', 'vartmp', 'tmp', 'shm', 'run'];
    await board.reboot({ kernelArgs: folders.map((name) => `ts.${name}=${mode}`) });
    const error = await failure(connect(target()));
    expect(error).toMatchObject({ code });
    expect(error.facts['folders']).toContain('/.cache/tilescope');
  });
});
