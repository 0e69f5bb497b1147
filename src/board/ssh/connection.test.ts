import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import ssh2, { type AuthContext } from 'ssh2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BoardError } from '../errors.ts';
import { Answers } from './answers.ts';
import { type ConnectScope, openConnection, type SshConnection } from './connection.ts';
import { loginCommand } from './shell.ts';
import { defaultTimeouts, type SshTarget, type SshTimeouts } from './target.ts';
import { newKey, TestMachine, TestPerson, TestServer, type TestServerOptions } from './test-server.ts';

// Key exchanges and child processes on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let machine: TestMachine;
let person: TestPerson;
let cleanups: (() => unknown)[];

beforeEach(() => {
  machine = new TestMachine();
  person = new TestPerson();
  cleanups = [() => machine.remove()];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function serve(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await new TestServer(options).listen();
  cleanups.push(() => server.close());
  return server;
}

function scope(
  signal: AbortSignal,
  timeouts: Partial<SshTimeouts> = {},
  environment = machine.environment,
): ConnectScope {
  return {
    services: { agents: {}, prompts: person, environment },
    answers: new Answers(person, signal, machine.log),
    timeouts: { ...defaultTimeouts, ...timeouts },
    log: machine.log,
    onStep: () => {},
    signal,
  };
}

async function open(
  target: SshTarget | TestServer,
  options: { signal?: AbortSignal; timeouts?: Partial<SshTimeouts> } = {},
): Promise<SshConnection> {
  const asked = target instanceof TestServer ? { host: target.host, port: target.port } : target;
  const connection = await openConnection(
    { configFiles: [], ...asked },
    scope(options.signal ?? new AbortController().signal, options.timeouts),
  );
  cleanups.push(() => connection.close());
  return connection;
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

async function says(connection: SshConnection, script: string): Promise<string> {
  return (await connection.exec(loginCommand(script))).stdout.toString();
}

/** Accepts what `rule` accepts, offers `methods` otherwise. */
function only(methods: string[], rule: (context: AuthContext) => boolean): TestServerOptions {
  return {
    onAuth: (context) => {
      if (rule(context)) context.accept();
      else context.reject(methods as never);
    },
  };
}

const password = (right: string) =>
  only(['password'], (context) => context.method === 'password' && context.password === right);

/** Accepts one public key; checks the signature as a server must. */
function key(publicKey: string): TestServerOptions {
  const parsed = ssh2.utils.parseKey(publicKey);
  if (parsed instanceof Error) throw parsed;
  const wanted = Array.isArray(parsed) ? parsed[0] : parsed;
  return only(['publickey'], (context) => {
    if (context.method !== 'publickey' || !context.key.data.equals(wanted.getPublicSSH())) return false;
    if (context.signature === undefined || context.blob === undefined) return true;
    return wanted.verify(context.blob, context.signature, context.hashAlgo) === true;
  });
}

/** A key of a FIDO token as `ssh-keygen -t ed25519-sk` writes it; the private part is none. */
function tokenKey(cipher: string): string {
  const field = (data: Buffer | string): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    return Buffer.concat([head, Buffer.from(data)]);
  };
  const publicPart = Buffer.concat([
    field('sk-ssh-ed25519@openssh.com'),
    field(randomBytes(32)),
    field('ssh:'),
  ]);
  const kdf = cipher === 'none' ? 'none' : 'bcrypt';
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field(cipher),
    field(kdf),
    field(''),
    Buffer.from([0, 0, 0, 1]),
    field(publicPart),
    field(randomBytes(64)),
  ]);
  const lines = body.toString('base64').replace(/.{70}/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function keygen(name: string, ...args: string[]): { path: string; publicKey: string } {
  const path = join(machine.home, '.ssh', name);
  execFileSync('ssh-keygen', ['-q', '-f', path, ...args]);
  return { path, publicKey: readFileSync(`${path}.pub`, 'utf8') };
}

describe('[main-13] proving who we are', () => {
  test('a server that asks for nothing is entered with nothing', async () => {
    const server = await serve();
    expect(await says(await open({ host: server.host, port: server.port, user: 'bob' }), 'echo hi')).toBe(
      'hi\n',
    );
    expect(server.attempts).toEqual(['none bob']);
    expect(person.asked).toEqual([]);
  });

  test('a wrong password is forgotten and asked again, the right one may be kept', async () => {
    const server = await serve(password('right'));
    person.answers = ['wrong', 'right'];
    await open(server);
    const host = `[127.0.0.1]:${server.port}`;
    expect(person.asked).toEqual([
      { kind: 'password', host, user: 'ada', retry: false },
      { kind: 'password', host, user: 'ada', retry: true },
    ]);
    expect(person.forgotten).toHaveLength(1);
    expect(person.remembered).toEqual([[person.asked[1], 'right']]);
    expect(machine.said.join('\n')).not.toContain('right');
  });

  test('after the configured number of wrong passwords the error says what was tried', async () => {
    const server = await serve(password('right'));
    person.answers = ['a', 'b', 'c', 'd'];
    const error = await failure(open(server));
    expect(error).toMatchObject({
      code: 'auth-failed',
      facts: { user: 'ada', tried: 'none, password, empty password', offered: 'password' },
    });
    expect(person.asked).toHaveLength(3);
    expect(person.forgotten).toHaveLength(3);
  });

  test('a secret storage that fails does not keep anybody out', async () => {
    const server = await serve(password('right'));
    person.answers = ['wrong', 'right'];
    const locked = async () => {
      throw new Error('keyring is locked');
    };
    person.rememberSecret = locked;
    person.forgetSecret = locked;
    await open(server);
    expect(machine.said.join('\n')).toContain('keyring is locked');
  });

  test('an empty password lets in where the server wants one, also when the person only presses Enter', async () => {
    const server = await serve(password(''));
    person.answers = [''];
    await open(server);
    expect(server.attempts.at(-1)).toBe('password ada');
  });

  test('declining a password cancels', async () => {
    const server = await serve(password('right'));
    expect(await failure(open(server))).toMatchObject({ code: 'cancelled' });
  });

  test('keyboard-interactive: hidden single answers may be kept, visible ones never', async () => {
    const server = await serve({
      onAuth: (context) => {
        if (context.method !== 'keyboard-interactive') context.reject(['keyboard-interactive']);
        else {
          context.prompt([{ prompt: 'Password: ', echo: false }], ([first]) => {
            if (first !== 'pw') context.reject(['keyboard-interactive']);
            else {
              context.prompt([{ prompt: 'Code: ', echo: true }], ([second]) => {
                if (second === '123') context.accept();
                else context.reject(['keyboard-interactive']);
              });
            }
          });
        }
      },
    });
    person.answers = ['no', 'pw', '123'];
    await open(server);
    expect(person.asked.map((r) => [r.prompt, r.echo, r.retry])).toEqual([
      ['Password: ', false, false],
      ['Password: ', false, true],
      ['Code: ', true, true],
    ]);
    expect(person.remembered.every(([request]) => request.echo === false)).toBe(true);
  });

  test('two factors: a key, then a password', async () => {
    const { publicKey } = keygen('id_ed25519', '-t', 'ed25519', '-N', '');
    const parsed = ssh2.utils.parseKey(publicKey);
    if (parsed instanceof Error || Array.isArray(parsed)) throw new Error('unexpected key');
    let keyDone = false;
    const server = await serve({
      onAuth: (context) => {
        if (context.method === 'publickey' && context.key.data.equals(parsed.getPublicSSH())) {
          if (context.signature === undefined) context.accept();
          else {
            keyDone = true;
            context.reject(['password'], true);
          }
        } else if (context.method === 'password' && keyDone && context.password === 'second')
          context.accept();
        else context.reject(keyDone ? ['password'] : ['publickey']);
      },
    });
    person.answers = ['second'];
    await open(server);
    expect(person.remembered).toHaveLength(1);
  });

  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa', ['-t', 'ecdsa']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['rsa in PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
    ['rsa in PKCS #8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
    ['ecdsa in PKCS #8', ['-t', 'ecdsa', '-m', 'PKCS8']],
  ])('a key file, %s, with and without a passphrase', async (_, args) => {
    const plain = keygen('plain', ...args, '-N', '');
    const locked = keygen('locked', ...args, '-N', 'open sesame');
    for (const { path, publicKey } of [plain, locked]) {
      const server = await serve(key(publicKey));
      person.answers = ['open sesame'];
      await open({ host: server.host, port: server.port, identityFile: path });
    }
    expect(person.asked).toMatchObject([{ kind: 'passphrase', path: locked.path, retry: false }]);
    expect(person.remembered).toHaveLength(1);
  });

  test('a passphrase is asked for only when the server takes the key, and again when it is wrong', async () => {
    const other = keygen('id_rsa', '-t', 'ed25519', '-N', 'unused');
    const wanted = keygen('id_ed25519', '-t', 'ed25519', '-N', 'yes!');
    // Without the public files, the public part comes out of the private file.
    for (const { path } of [other, wanted]) execFileSync('rm', [`${path}.pub`]);
    const server = await serve(key(wanted.publicKey));
    person.answers = ['no', 'yes!'];
    await open(server);
    expect(person.asked.map((request) => [request.path, request.retry])).toEqual([
      [wanted.path, false],
      [wanted.path, true],
    ]);
    expect(person.forgotten).toHaveLength(1);
  });

  test('an identity file that is missing, open to others or no key is named', async () => {
    const server = await serve(only(['publickey'], () => false));
    const { path } = keygen('shared', '-t', 'ed25519', '-N', '');
    chmodSync(path, 0o644);
    const junk = machine.put('junk', 'hello\n');
    const token = machine.put('token', tokenKey('none'));
    const locked = machine.put('locked', tokenKey('aes256-ctr'));
    for (const [file, reason] of [
      [token, 'FIDO token (sk-ssh-ed25519@openssh.com)'],
      [locked, 'FIDO token (sk-ssh-ed25519@openssh.com)'],
      [join(machine.home, 'gone'), 'there is no such file'],
      [path, 'others may read it'],
      [junk, ''],
    ]) {
      const error = await failure(open({ host: server.host, port: server.port, identityFile: file }));
      expect(error).toMatchObject({ code: 'key-unreadable', facts: { path: file } });
      expect(error.facts['reason']).toContain(reason);
    }
    expect(person.asked).toEqual([]);
  });

  describe('with an ssh agent', () => {
    let socket: string;

    beforeEach(async () => {
      socket = join(machine.home, 'agent');
      const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
      await once(agent, 'spawn');
      cleanups.push(() => {
        const gone = new Promise((resolve) => agent.once('exit', resolve));
        agent.kill();
        return gone;
      });
      await new Promise((resolve) => agent.stdout.once('data', resolve));
    });

    const add = (path: string) =>
      execFileSync('ssh-add', ['-q', path], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      });

    test.each(['ed25519', 'ecdsa', 'rsa'])('%s keys sign through it', async (type) => {
      const held = keygen('held', '-t', type, '-N', '');
      add(held.path);
      const server = await serve(key(held.publicKey));
      const config = machine.put('config', `IdentityAgent ${socket}\n`);
      await open({ host: server.host, port: server.port, configFiles: [config] });
    });

    test('IdentitiesOnly offers the named keys only, even if the private file is elsewhere', async () => {
      const named = keygen('named', '-t', 'ed25519', '-N', '');
      const other = keygen('other', '-t', 'ed25519', '-N', '');
      add(other.path);
      add(named.path);
      execFileSync('rm', [named.path]);
      const config = machine.put(
        'config',
        `IdentityAgent ${socket}\nIdentitiesOnly yes\nIdentityFile ${named.path}\n`,
      );
      const offered: string[] = [];
      const server = await serve({
        onAuth: (context) => {
          if (context.method === 'publickey') offered.push(context.key.data.toString('base64'));
          context.reject(['publickey']);
        },
      });
      const target = { host: server.host, port: server.port, configFiles: [config] };
      expect((await failure(open(target))).code).toBe('auth-failed');
      expect(offered).toEqual([named.publicKey.split(' ')[1]]);
    });

    test.each(['is not there', 'does not answer'])('an agent that %s is no obstacle', async (how) => {
      const path = join(machine.home, 'nothing');
      if (how === 'does not answer') {
        const silent = createServer((connection) => cleanups.push(() => connection.destroy()));
        await new Promise<void>((resolve) => silent.listen(path, resolve));
        cleanups.push(() => silent.close());
      }
      const config = machine.put('config', `IdentityAgent ${path}\n`);
      const server = await serve(
        only(
          ['publickey', 'password'],
          (context) => context.method === 'password' && context.password === 'x',
        ),
      );
      person.answers = ['x'];
      const to = { host: server.host, port: server.port, configFiles: [config] };
      await open(to, { timeouts: { agent: 100 } });
      expect(machine.said.join('\n')).toContain('ssh agent at');
    });
  });
});

describe('[main-14] host keys', () => {
  const known = () => join(machine.home, '.ssh', 'known_hosts');

  test('an unknown host is confirmed once', async () => {
    const server = await serve();
    await open(server);
    await open(server);
    expect(person.confirmed).toEqual([
      {
        host: `[127.0.0.1]:${server.port}`,
        algorithm: 'ecdsa-sha2-nistp256',
        fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
        knownTypes: [],
      },
    ]);
    expect(readFileSync(known(), 'utf8')).toMatch(/^\[127\.0\.0\.1\]:\d+ ecdsa-sha2-nistp256 \S+\n$/);
  });

  test('new session keys in the middle of a connection bring no new question', async () => {
    const server = await serve();
    const connection = await open(server);
    await server.rekey();
    expect(await says(connection, 'echo still here')).toBe('still here\n');
    expect(person.confirmed).toHaveLength(1);
  });

  test('a host that is not confirmed is not entered and not written down', async () => {
    const server = await serve();
    person.trusts = false;
    expect(await failure(open(server))).toMatchObject({ code: 'host-key-rejected' });
    expect(server.attempts).toEqual([]);
    expect(existsSync(known())).toBe(false);
  });

  test('a changed key is refused with both fingerprints, file and line, whatever the policy', async () => {
    const first = await serve();
    await open({ host: first.host, port: first.port });
    const text = `# mine\n${readFileSync(known(), 'utf8')}`;
    machine.put('known_hosts', text);
    for (const policy of ['ask', 'accept-new', 'no', 'yes']) {
      const second = await serve();
      machine.put('known_hosts', text.replaceAll(String(first.port), String(second.port)));
      const config = machine.put('config', `StrictHostKeyChecking ${policy}\n`);
      const error = await failure(open({ host: second.host, port: second.port, configFiles: [config] }));
      expect(error).toMatchObject({
        code: 'host-key-changed',
        facts: {
          host: `[127.0.0.1]:${second.port}`,
          oldFingerprint: person.confirmed[0]?.fingerprint,
          newFingerprint: expect.stringContaining('SHA256:'),
          file: known(),
          line: 2,
        },
      });
      expect(error.facts['newFingerprint']).not.toBe(error.facts['oldFingerprint']);
      expect(second.attempts).toEqual([]);
    }
    expect(person.confirmed).toHaveLength(1);
  });

  test('a replaced key lets in and stays, the rest of the file does too', async () => {
    const first = await serve();
    await open(first);
    const second = await serve();
    const text = readFileSync(known(), 'utf8').replaceAll(String(first.port), String(second.port));
    machine.put('known_hosts', `# mine\n${text}`);
    person.replaces = true;
    await open(second);
    await open(second);
    expect(person.replaced).toHaveLength(1);
    expect(readFileSync(known(), 'utf8')).toMatch(/^# mine\n\[127\.0\.0\.1\]:\d+ ecdsa-sha2-nistp256 \S+\n$/);
  });

  test('a revoked key is refused', async () => {
    const server = await serve();
    await open(server);
    machine.put('known_hosts', `@revoked ${readFileSync(known(), 'utf8').replace(/^\S+/, '*')}`);
    expect(await failure(open(server))).toMatchObject({ code: 'host-key-revoked', facts: { line: 1 } });
  });

  describe('[truth-13] RevokedHostKeys', () => {
    const revoked = () => join(machine.home, '.ssh', 'revoked');
    const connect = (server: TestServer) =>
      open({
        host: server.host,
        port: server.port,
        configFiles: [machine.put('config', 'RevokedHostKeys ~/.ssh/revoked\n')],
      });
    const krl = (...spec: string[]) => {
      const file = machine.put('spec', spec.join(''));
      execFileSync('ssh-keygen', ['-q', '-k', '-f', revoked(), file]);
    };

    test.each([
      [
        'a line with the key',
        (line: string) => machine.put('revoked', `# broken in\n\nssh-rsa nonsense\n${line} comment\n`),
        4,
      ],
      ['a revocation list with the key', (line: string) => krl(`${line}\n`), undefined],
      ['one with its SHA-1', (line: string) => krl(`sha1: ${line}\n`), undefined],
      ['one with its SHA-256', (line: string) => krl(`sha256: ${line}\n`), undefined],
    ])(
      '%s: nobody is let near, though the key is known, and no password is asked for',
      async (_, revoke, line) => {
        const server = await serve(password('x'));
        person.answers = ['x'];
        await open(server);
        const { publicKey } = keygen('other', '-t', 'ed25519', '-N', '');
        machine.put('revoked', publicKey);
        person.answers = ['x'];
        await connect(server);
        const attempts = server.attempts.length;
        revoke(readFileSync(known(), 'utf8').trim().split(' ').slice(1).join(' '));
        const error = await failure(connect(server));
        expect(error).toMatchObject({ code: 'host-key-revoked', facts: { file: revoked() } });
        expect(error.facts['line']).toBe(line);
        expect(server.attempts).toHaveLength(attempts);
      },
    );

    test('a list that is not there, or is damaged, lets nobody in, and the line that names it is said', async () => {
      const server = await serve();
      const { publicKey } = keygen('other', '-t', 'ed25519', '-N', '');
      for (const damage of [
        () => {},
        () => {
          krl(publicKey);
          const whole = readFileSync(revoked());
          writeFileSync(revoked(), whole.subarray(0, whole.length - 3));
        },
      ]) {
        damage();
        expect(await failure(connect(server))).toMatchObject({
          code: 'config',
          facts: { file: join(machine.home, '.ssh', 'config'), line: 1 },
        });
      }
      expect(person.confirmed).toEqual([]);
      // What the sentence advises.
      krl(publicKey);
      await connect(server);
    });
  });

  test('StrictHostKeyChecking: yes knows only known hosts, accept-new and no write new ones down unasked', async () => {
    const server = await serve();
    const connect = (policy: string) =>
      open({
        host: server.host,
        port: server.port,
        configFiles: [
          machine.put('config', `StrictHostKeyChecking ${policy}\nHostKeyAlias alias-${policy}\n`),
        ],
      });
    expect(await failure(connect('yes'))).toMatchObject({ code: 'host-key-rejected' });
    await connect('accept-new');
    await connect('no');
    expect(person.confirmed).toEqual([]);
    expect(readFileSync(known(), 'utf8')).toMatch(/^alias-accept-new .*\nalias-no .*\n$/);
  });

  test('hosts known by another key type are asked about, with the types, even under accept-new', async () => {
    const server = await serve();
    const { publicKey } = keygen('k', '-t', 'ed25519', '-N', '');
    machine.put('known_hosts', `[127.0.0.1]:${server.port} ${publicKey}`);
    const config = machine.put('config', 'StrictHostKeyChecking accept-new\n');
    await open({ host: server.host, port: server.port, configFiles: [config] });
    expect(person.confirmed).toMatchObject([{ knownTypes: ['ssh-ed25519'] }]);
  });

  test('a server with several keys is asked for the one that is known', async () => {
    const rsa = keygen('host_rsa', '-t', 'rsa', '-b', '2048', '-N', '', '-m', 'PEM');
    const server = new ssh2.Server({ hostKeys: [newKey(), readFileSync(rsa.path, 'utf8')] }, (connection) => {
      connection.on('authentication', (context) => context.accept());
      connection.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    cleanups.push(() => server.close());
    const { port } = server.address() as { port: number };
    machine.put('known_hosts', `[127.0.0.1]:${port} ${rsa.publicKey}`);
    await open({ host: '127.0.0.1', port });
    expect(person.confirmed).toEqual([]);
  });
});

describe('[main-13] ways to the host', () => {
  test('jump hosts: each is checked and proves itself on its own, from the configuration', async () => {
    const board = await serve(password('board'));
    const inner = await serve(password('inner'));
    const outer = await serve(password('outer'));
    const config = machine.put(
      'config',
      `Host outer\n HostName 127.0.0.1\n Port ${outer.port}\n User o\nHost inner\n HostName 127.0.0.1\n Port ${inner.port}\n ProxyJump never-used\nHost board\n HostName 127.0.0.1\n Port ${board.port}\n ProxyJump outer,i@inner\n`,
    );
    person.answers = ['outer', 'inner', 'board'];
    const connection = await open({ host: 'board', configFiles: [config] });
    expect(await says(connection, 'echo through')).toBe('through\n');
    expect(outer.forwards).toEqual([`127.0.0.1:${inner.port}`]);
    expect(inner.forwards).toEqual([`127.0.0.1:${board.port}`]);
    expect(outer.attempts.at(-1)).toBe('password o');
    expect(inner.attempts.at(-1)).toBe('password i');
    expect(person.confirmed).toHaveLength(3);
    outer.drop();
    expect((await connection.closed).code).toMatch(/connection-lost|proxy-failed/);
  });

  test('jump hosts that name each other end with a word', async () => {
    const config = machine.put('config', 'Host a\n ProxyJump b\nHost b\n ProxyJump a\n');
    expect(await failure(open({ host: 'a', configFiles: [config] }))).toMatchObject({ code: 'config' });
  });

  test('a jump host that cannot be reached is named', async () => {
    const config = machine.put('config', 'Host board\n ProxyJump 127.0.0.1:1\n');
    expect(await failure(open({ host: 'board', configFiles: [config] }))).toMatchObject({
      code: 'proxy-failed',
      facts: { host: 'board', via: '127.0.0.1' },
    });
  });

  test('a proxy command carries the connection, with its tokens', async () => {
    const server = await serve();
    const relay = `${process.execPath} -e 'const s=require("net").connect(process.argv[2],process.argv[1]);process.stdin.pipe(s).pipe(process.stdout)'`;
    const config = machine.put(
      'config',
      `Host board\n HostName 127.0.0.1\n Port ${server.port}\n ProxyCommand ${relay} %h %p\n`,
    );
    const connection = await open({ host: 'board', configFiles: [config] });
    expect(await says(connection, 'echo through')).toBe('through\n');
  });

  test('a proxy command that fails is quoted', async () => {
    const config = machine.put('config', 'ProxyCommand echo "no way to %h" >&2; exit 3\n');
    expect(await failure(open({ host: 'board', configFiles: [config] }))).toMatchObject({
      code: 'proxy-failed',
      facts: { reason: 'no way to board' },
    });
  });
});

describe('[main-16] ways in which reaching a host fails', () => {
  async function rawServer(onSocket: Parameters<typeof createServer>[1]): Promise<number> {
    const server: Server = createServer(onSocket);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    return (server.address() as { port: number }).port;
  }

  test('a name that does not resolve', async () => {
    expect(await failure(open({ host: 'no-such-host.invalid' }))).toMatchObject({
      code: 'host-unknown',
      facts: { host: 'no-such-host.invalid' },
    });
  });

  test('a port where nobody listens', async () => {
    expect(await failure(open({ host: '127.0.0.1', port: 1 }))).toMatchObject({
      code: 'refused',
      facts: { host: '127.0.0.1', port: 1 },
    });
  });

  test('a server that says nothing', async () => {
    const port = await rawServer((socket) => {
      cleanups.push(() => socket.destroy());
    });
    expect(await failure(open({ host: '127.0.0.1', port }, { timeouts: { handshake: 50 } }))).toMatchObject({
      code: 'timeout',
      facts: { step: `first bytes from [127.0.0.1]:${port}` },
    });
  });

  test('a server that hangs up after its first line', async () => {
    const after = await rawServer((socket) => {
      socket.write('SSH-2.0-test\r\n');
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect(await failure(open({ host: '127.0.0.1', port: after }))).toMatchObject({
      code: 'connection-lost',
    });
  });

  test.each([
    ['without a word', ''],
    ['with its reason', 'Exceeded MaxStartups\r\n'],
  ])(
    '[truth-19] a server that has no room and hangs up %s is asked again for a while, then its limit is said',
    async (_, words) => {
      let tries = 0;
      const port = await rawServer((socket) => {
        tries++;
        socket.on('error', () => {});
        socket.end(words);
      });
      const timeouts = { full: 500 };
      expect(await failure(open({ host: '127.0.0.1', port }, { timeouts }))).toMatchObject({
        code: 'server-limit',
        facts: { of: 'connections', host: '127.0.0.1' },
      });
      expect(tries).toBeGreaterThan(1);
    },
  );

  test('[truth-19] ten connections at once to a server that takes five all come in', async () => {
    const server = await serve({ refuseConnections: 9 });
    const connections = await Promise.all(Array.from({ length: 10 }, () => open(server)));
    for (const connection of connections) expect(await says(connection, 'echo in')).toBe('in\n');
  });

  test('[truth-19] a server behind a jump host that has no room is asked again over the same jump', async () => {
    const board = await serve({ refuseConnections: 3 });
    const hop = await serve(password('hop'));
    const config = machine.put(
      'config',
      `Host board\n HostName 127.0.0.1\n Port ${board.port}\n ProxyJump 127.0.0.1:${hop.port}\n`,
    );
    person.answers = ['hop'];
    const connection = await open({ host: 'board', configFiles: [config] });
    expect(await says(connection, 'echo in')).toBe('in\n');
    expect(person.asked).toHaveLength(1);
    expect(hop.forwards).toHaveLength(4);
    connection.close();
    await expect.poll(() => hop.connections).toBe(0);
  });

  test('[truth-19] a server that refuses sessions is asked again for a while, then its limit is said', async () => {
    const server = await serve({ refuseSessions: 4 });
    expect(await says(await open(server), 'echo ok')).toBe('ok\n');
    const full = await serve({ refuseSessions: 1e6 });
    const connection = await open(full, { timeouts: { full: 200 } });
    expect(await failure(says(connection, 'echo ok'))).toMatchObject({
      code: 'server-limit',
      facts: { of: 'sessions' },
    });
    const stop = new AbortController();
    const leaving = await open(full, { signal: stop.signal });
    const asking = failure(says(leaving, 'echo ok'));
    stop.abort();
    expect(await asking).toMatchObject({ code: 'cancelled' });
  });

  test('something that is no SSH server', async () => {
    const port = await rawServer((socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.0 400 Bad Request\r\n\r\n');
      socket.once('data', () => socket.end());
    });
    expect((await failure(open({ host: '127.0.0.1', port }))).code).toMatch(/connection-lost|protocol/);
  });

  test('a server that stops answering during authentication', async () => {
    const server = await serve({ onAuth: () => {} });
    expect(await failure(open(server, { timeouts: { handshake: 300 } }))).toMatchObject({
      code: 'timeout',
      facts: { step: `authentication at [127.0.0.1]:${server.port}` },
    });
  });

  test('the clock stands still while the person thinks', async () => {
    const server = await serve(password('x'));
    person.answers = [() => new Promise((resolve) => setTimeout(() => resolve('x'), 700))];
    await open(server, { timeouts: { handshake: 400 } });
  });

  test('a question loses its sense when the server hangs up', async () => {
    const server = await serve(password('x'));
    person.answers = [
      (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(undefined));
          server.drop();
        }),
    ];
    expect(await failure(open(server))).toMatchObject({ code: 'connection-lost' });
  });

  test('an account whose password has expired', async () => {
    const server = await serve({
      onAuth: (context) => {
        if (context.method === 'password') context.requestChange('Change it', () => {});
        else context.reject(['password']);
      },
    });
    person.answers = ['old'];
    expect(await failure(open(server))).toMatchObject({
      code: 'auth-failed',
      facts: { reason: 'the password has expired' },
    });
  });

  test('a server that refuses a command once is asked once more, as small servers need it', async () => {
    const server = await serve({ refuseExecs: 1 });
    expect(await says(await open(server), 'echo ok')).toBe('ok\n');
    const stubborn = await serve({ refuseExecs: 9 });
    expect(await failure(says(await open(stubborn), 'echo ok'))).toMatchObject({ code: 'agent-failed' });
  });

  test('a command that never ends, and one during which the connection is lost', async () => {
    const deaf = await serve({ deaf: true });
    const connection = await open(deaf, { timeouts: { command: 100 } });
    expect(await failure(connection.exec('x'))).toMatchObject({ code: 'timeout' });
    const server = await serve();
    const other = await open(server);
    const running = failure(
      other.exec(loginCommand('cat'), { input: new Uint8Array(1), onProgress: () => server.drop() }),
    );
    expect(await running).toMatchObject({ code: 'connection-lost' });
    expect((await other.closed).code).toBe('connection-lost');
    expect(await failure(other.exec('x'))).toMatchObject({ code: 'connection-lost' });
  });
});

describe('[truth-19] much of everything', () => {
  const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

  test('2.7 MB there and 20 MB back over changing session keys are the same bytes', async () => {
    const server = await serve();
    const connection = await open(server);
    const there = randomBytes(2_700_000);
    const back = randomBytes(20_000_000);
    writeFileSync(join(server.home, 'back'), back);
    let rekeyed: Promise<void> | undefined;
    const { stdout, stderr, status } = await connection.exec(
      loginCommand('sha256sum >&2; cat "$HOME/back"'),
      {
        input: there,
        maxOutput: back.length,
        onProgress: (bytes) => {
          if (bytes > 1_000_000) rekeyed ??= server.rekey();
        },
      },
    );
    await rekeyed;
    expect(status).toBe(0);
    expect(stderr).toContain(hash(there));
    expect(hash(stdout)).toBe(hash(back));
    // After the end of its own input a command may still say much.
    const late = await connection.exec(loginCommand('cat >/dev/null; head -c 2800000 "$HOME/back"'), {
      input: there,
      maxOutput: back.length,
    });
    expect(hash(late.stdout)).toBe(hash(back.subarray(0, 2_800_000)));
  });

  test('200 commands, one after the other, over one connection', async () => {
    const connection = await open(await serve({ shell: ['/bin/echo'] }));
    const said = await Promise.all(Array.from({ length: 200 }, (_, i) => connection.exec(`command ${i}`)));
    expect(said.map(({ stdout }) => stdout.toString())).toEqual(said.map((_, i) => `command ${i}\n`));
  });
});

describe('[truth-18] what a sentence about the way to a host advises leads there', () => {
  const config = (text: string) => [machine.put('config', text)];

  test('refused: the server is started', async () => {
    const server = await serve();
    const { port } = server;
    await server.close();
    const target = { host: server.host, port };
    expect(await failure(open(target))).toMatchObject({ code: 'refused' });
    await server.listen(port);
    await open(target);
  });

  test('unreachable: the address is corrected', async () => {
    const server = await serve();
    const entry = (address: string) => config(`Host board\n HostName ${address}\n Port ${server.port}\n`);
    // No network has a way to one host of a group.
    expect(await failure(open({ host: 'board', configFiles: entry('224.0.0.1') }))).toMatchObject({
      code: 'unreachable',
      facts: { host: '224.0.0.1' },
    });
    await open({ host: 'board', configFiles: entry('127.0.0.1') });
  });

  test('timeout: the board answers again', async () => {
    const hostKey = newKey();
    const busy = createServer((socket) => cleanups.push(() => socket.destroy()));
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const { port } = busy.address() as { port: number };
    const target = { host: '127.0.0.1', port };
    expect(await failure(open(target, { timeouts: { handshake: 50 } }))).toMatchObject({ code: 'timeout' });
    busy.close();
    const server = await new TestServer({ hostKey }).listen(port);
    cleanups.push(() => server.close());
    expect(await says(await open(target), 'echo ok')).toBe('ok\n');
  });

  test('no-algorithms: the log lists what both sides offer; then the server is updated', async () => {
    const hostKey = newKey();
    const old = new ssh2.Server(
      { hostKeys: [hostKey], algorithms: { cipher: ['aes256-cbc'] } },
      (connection) => connection.on('error', () => {}),
    );
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', () => resolve()));
    const { port } = old.address() as { port: number };
    const target = { host: '127.0.0.1', port };
    expect(await failure(open(target))).toMatchObject({ code: 'no-algorithms' });
    const offers = machine.said.filter((line) => line.includes('cipher'));
    expect(offers).toEqual([
      expect.stringMatching(/this computer offers .*cipher: .*aes256-gcm/),
      expect.stringMatching(/the server offers .*cipher: aes256-cbc$/),
    ]);
    expect(machine.said.filter((line) => line.includes(' offers '))).toEqual(offers);
    await new Promise<void>((resolve) => old.close(() => resolve()));
    const server = await new TestServer({ hostKey }).listen(port);
    cleanups.push(() => server.close());
    await open(target);
  });

  test('host-key-rejected: the fingerprint is confirmed, or the key is added', async () => {
    const server = await serve();
    person.trusts = false;
    const rejected = await failure(open(server));
    expect(rejected.code).toBe('host-key-rejected');
    person.trusts = true;
    await open(server);
    expect(person.confirmed.at(-1)?.fingerprint).toBe(rejected.facts['fingerprint']);
    person.trusts = false;
    await open(server);
  });

  test('auth-failed: another key; key-unreadable: only you may read it; config: the line is corrected', async () => {
    const right = keygen('right', '-t', 'ed25519', '-N', '');
    const server = await serve(key(right.publicKey));
    const { host, port } = server;
    expect(await failure(open(server))).toMatchObject({ code: 'auth-failed' });
    chmodSync(right.path, 0o644);
    const target = { host, port, identityFile: right.path };
    expect(await failure(open(target))).toMatchObject({ code: 'key-unreadable' });
    chmodSync(right.path, 0o600);
    await open(target);
    const wrong = config(`IdentityFile ${right.path}\nPort many\n`);
    expect(await failure(open({ host, port: undefined, configFiles: wrong }))).toMatchObject({
      code: 'config',
      facts: { file: wrong[0], line: 2 },
    });
    await open({ host, configFiles: config(`IdentityFile ${right.path}\nPort ${port}\n`) });
  });

  test('host-unknown and proxy-failed: the name or the jump host is corrected', async () => {
    const server = await serve();
    const entry = (jump: string) =>
      config(`Host board\n HostName 127.0.0.1\n Port ${server.port}\n ProxyJump ${jump}\n`);
    expect(await failure(open({ host: 'board.invalid', configFiles: [] }))).toMatchObject({
      code: 'host-unknown',
    });
    expect(await failure(open({ host: 'board', configFiles: entry('127.0.0.1:1') }))).toMatchObject({
      code: 'proxy-failed',
    });
    await open({ host: 'board', configFiles: entry('none') });
  });

  test('server-limit and connection-lost: connecting again, once there is room', async () => {
    const server = await serve({ refuseConnections: 40 });
    const timeouts = { full: 1 };
    for (;;) {
      const error = await open(server, { timeouts }).then(
        () => undefined,
        (one: unknown) => one,
      );
      if (error === undefined) break;
      expect(error).toMatchObject({ code: 'server-limit' });
    }
    const connection = await open(server);
    server.drop();
    expect((await connection.closed).code).toBe('connection-lost');
    expect(await says(await open(server), 'echo again')).toBe('again\n');
  });
});

describe('[main-15] cancelling', () => {
  test('works while connecting, while asked for a key, while asked for a password', async () => {
    const stop = new AbortController();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => silent.close());
    silent.once('connection', (socket) => {
      cleanups.push(() => socket.destroy());
      stop.abort();
    });
    const { port } = silent.address() as { port: number };
    expect(await failure(open({ host: '127.0.0.1', port }, { signal: stop.signal }))).toMatchObject({
      code: 'cancelled',
    });

    const server = await serve(password('x'));
    const atKey = new AbortController();
    person.confirmHostKey = async () => {
      atKey.abort();
      return true;
    };
    expect(await failure(open(server, { signal: atKey.signal }))).toMatchObject({ code: 'cancelled' });
    // What was cancelled is not written down either.
    expect(existsSync(join(machine.home, '.ssh', 'known_hosts'))).toBe(false);
    person.confirmHostKey = async () => true;
    const atPassword = new AbortController();
    person.answers = [
      async () => {
        atPassword.abort();
        return 'x';
      },
    ];
    expect(await failure(open(server, { signal: atPassword.signal }))).toMatchObject({ code: 'cancelled' });
    const already = AbortSignal.abort();
    expect(await failure(open(server, { signal: already }))).toMatchObject({ code: 'cancelled' });
  });

  test('a limit of ours that runs out while connecting, or while asked for a key, is a time-out', async () => {
    const late = () => new DOMException('too late', 'TimeoutError');
    const limit = new AbortController();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => silent.close());
    silent.once('connection', (socket) => {
      cleanups.push(() => socket.destroy());
      limit.abort(late());
    });
    const { port } = silent.address() as { port: number };
    const there = { host: '127.0.0.1', port };
    expect(await failure(open(there, { signal: limit.signal }))).toMatchObject({ code: 'timeout' });
    expect(await failure(open(there, { signal: limit.signal }))).toMatchObject({ code: 'timeout' });

    const server = await serve(password('x'));
    const atKey = new AbortController();
    person.confirmHostKey = async () => {
      atKey.abort(late());
      return true;
    };
    expect(await failure(open(server, { signal: atKey.signal }))).toMatchObject({ code: 'timeout' });
  });
});
