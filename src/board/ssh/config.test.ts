import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { BoardError } from '../errors.ts';
import { parseTypedHost, type ResolvedHost, resolveHost } from './config.ts';
import type { SshEnvironment, SshTarget } from './target.ts';

// The ssh command is started many times.
vi.setConfig({ testTimeout: 30_000 });

let home: string;
let said: string[];
const log = { trace: () => {}, info: (line: string) => said.push(line), warn: () => {} };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'tilescope-config-'));
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  said = [];
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function environment(variables: Record<string, string> = {}): SshEnvironment {
  return { home, user: 'ada', variables, platform: 'linux' };
}

function put(name: string, text: string): string {
  const path = join(home, '.ssh', name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Resolves with `~/.ssh/config` alone, so that the machine's own configuration has no say. */
function resolve(
  config: string,
  target: SshTarget | string,
  variables: Record<string, string> = {},
): ResolvedHost {
  put('config', config);
  const asked = typeof target === 'string' ? { host: target } : target;
  return resolveHost({ configFiles: [join(home, '.ssh', 'config')], ...asked }, environment(variables), log);
}

function failure(work: () => unknown): BoardError {
  try {
    work();
  } catch (error) {
    if (error instanceof BoardError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

describe('[main-13] ssh configuration', () => {
  test('without any, the customary names are used', () => {
    const host = resolveHost({ host: 'Board', configFiles: [] }, environment(), log);
    expect(host).toMatchObject({ alias: 'Board', hostName: 'board', port: 22, user: 'ada', proxyJump: [] });
    expect(host.identityFiles).toContain(join(home, '.ssh', 'id_ed25519'));
    expect(host.identitiesGiven).toBe(false);
    expect(host.userKnownHosts[0]).toBe(join(home, '.ssh', 'known_hosts'));
    expect(host.strictHostKeyChecking).toBe('ask');
    expect(host.methods).toEqual(['publickey', 'keyboard-interactive', 'password']);
  });

  test('the first value wins, identity files add up', () => {
    const host = resolve(
      'Host vck\n HostName %h.lab\n User first\n IdentityFile ~/.ssh/one\nHost *\n User second\n Port 2200\n IdentityFile %d/two-%r\n',
      'vck',
    );
    expect(host).toMatchObject({ hostName: 'vck.lab', user: 'first', port: 2200 });
    expect(host.identityFiles).toEqual([join(home, '.ssh', 'one'), join(home, 'two-first')]);
  });

  test('what the person typed wins over the configuration', () => {
    const config = 'Host vck\n User root\n Port 1\n IdentityFile ~/.ssh/theirs\n';
    expect(resolve(config, 'bob@vck:44')).toMatchObject({ user: 'bob', port: 44 });
    const target = { host: 'vck', user: 'eve', port: 7, identityFile: '~/mine' };
    const host = resolve(config, target);
    expect(host).toMatchObject({ user: 'eve', port: 7 });
    expect(host.identityFiles).toEqual([join(home, 'mine'), join(home, '.ssh', 'theirs')]);
  });

  test('a negated pattern excludes a host', () => {
    const config = 'Host *.lab !secret.lab\n User lab\n';
    expect(resolve(config, 'a.lab').user).toBe('lab');
    expect(resolve(config, 'secret.lab').user).toBe('ada');
  });

  test('Match sees host, originalhost, user and localuser, and their negation', () => {
    const config =
      'Host one\n HostName real.lab\n User bob\nMatch host real.lab user bob\n Port 1\nMatch originalhost two\n Port 2\nMatch !localuser ada\n Port 3\nMatch all\n Port 4\n';
    expect(resolve(config, 'one').port).toBe(1);
    expect(resolve(config, 'two').port).toBe(2);
    expect(resolve(config, 'three').port).toBe(4);
  });

  test('Match exec runs nothing, matches nothing and is said in the log', () => {
    const proof = join(home, 'ran');
    const host = resolve(`Match exec "touch ${proof}"\n Port 9\n`, 'x');
    expect(host.port).toBe(22);
    expect(existsSync(proof)).toBe(false);
    expect(said.join('\n')).toContain('Match exec');
  });

  test('Include takes globs relative to ~/.ssh, in order, also inside a Host block', () => {
    put('conf.d/20', 'Port 20\nUser twenty\n');
    put('conf.d/10', 'Port 10\n');
    put('inner', 'HostName inner.lab\nHost other\n HostName wrong\n');
    const config = 'Include conf.d/*\nHost in\n Include inner\n IdentitiesOnly yes\n';
    expect(resolve(config, 'in')).toMatchObject({
      port: 10,
      user: 'twenty',
      hostName: 'inner.lab',
      identitiesOnly: true,
    });
    expect(resolve(config, 'other').hostName).toBe('other');
    expect(resolve('Include nothing-here/*\n', 'x').port).toBe(22);
  });

  test('files that include each other end with the file named', () => {
    const error = failure(() => resolve('Include config\n', 'x'));
    expect(error).toMatchObject({ code: 'config', facts: { file: join(home, '.ssh', 'config') } });
  });

  test('a proxy is a chain of hosts or a command, whichever comes first', () => {
    expect(resolve('Host *\n ProxyJump a,bob@b:23\n ProxyCommand never\n', 'x')).toMatchObject({
      proxyJump: ['a', 'bob@b:23'],
      proxyCommand: undefined,
    });
    expect(
      resolve('ProxyCommand nc -X "5" %h %p # %r\nProxyJump never\nUser u\nPort 8\n', 'x'),
    ).toMatchObject({
      proxyJump: [],
      proxyCommand: 'nc -X "5" x 8 # u',
    });
    expect(resolve('ProxyJump none\n', 'x').proxyJump).toEqual([]);
    expect(resolve('ProxyCommand none\n', 'x').proxyCommand).toBeUndefined();
  });

  test('known hosts, alias, policy, agent, time-out, methods', () => {
    const host = resolve(
      `Host *
        UserKnownHostsFile ~/.ssh/mine "/tmp/with blank" \${OTHER}
        HostKeyAlias rack
        StrictHostKeyChecking accept-new
        IdentityAgent ~/agent-%r
        ConnectTimeout 3
        PreferredAuthentications password,publickey
        PubkeyAuthentication no
        NumberOfPasswordPrompts 1
        HashKnownHosts yes\n`,
      'x',
      { OTHER: '/o' },
    );
    expect(host).toMatchObject({
      userKnownHosts: [join(home, '.ssh', 'mine'), '/tmp/with blank', '/o'],
      hostKeyAlias: 'rack',
      strictHostKeyChecking: 'accept-new',
      agentSocket: join(home, 'agent-ada'),
      connectTimeout: 3000,
      methods: ['password'],
      passwordPrompts: 1,
      hashKnownHosts: true,
    });
    expect(resolve('', 'x', { SSH_AUTH_SOCK: '/s' }).agentSocket).toBe('/s');
    expect(resolve('IdentityAgent none\n', 'x', { SSH_AUTH_SOCK: '/s' }).agentSocket).toBeUndefined();
    expect(resolve('IdentityAgent $OWN\n', 'x', { OWN: '/own' }).agentSocket).toBe('/own');
  });

  test.each([
    ['Host x\n Port many\n', 2],
    ['\n\nUser "open\n', 3],
    ['Port\n', 1],
    ['StrictHostKeyChecking maybe\n', 1],
    ['IdentityFile %Z\n', 1],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own notation
    ['IdentityFile ${NOWHERE}\n', 1],
    ['Match host\n', 1],
    ['Host\n', 1],
    ['Include\n', 1],
  ])('a bad file says where: %j line %i', (config, line) => {
    expect(failure(() => resolve(config, 'x'))).toMatchObject({
      code: 'config',
      facts: { file: join(home, '.ssh', 'config'), line },
    });
  });

  test.skipIf(process.platform === 'win32')('a default file that others may write is refused', () => {
    chmodSync(put('config', 'Host x\n'), 0o666);
    const error = failure(() => resolveHost({ host: 'x' }, environment(), log));
    expect(error).toMatchObject({ code: 'config' });
    expect(error.message).toContain('others may write it');
  });

  test('typed hosts', () => {
    expect(parseTypedHost('ssh://bob@h:2/')).toEqual({ host: 'h', user: 'bob', port: 2 });
    expect(parseTypedHost('[fe80::1]:22')).toEqual({ host: 'fe80::1', port: 22 });
    expect(parseTypedHost('fe80::1')).toEqual({ host: 'fe80::1' });
    expect(parseTypedHost('a@b@h')).toEqual({ host: 'h', user: 'a@b' });
    for (const bad of ['', '-oProxyCommand=x', 'a;b', 'a b', '$(x)', 'h:0', 'h:70000', '-u@h', '`x`']) {
      expect(failure(() => parseTypedHost(bad)).code).toBe('config');
    }
  });
});

describe('[main-13] resolves as the ssh command does', () => {
  const hosts = ['one', 'two', 'one.lab', 'two.lab', 'ONE'];

  function randomConfig(next: (n: number) => number, folder: string, seed: number, depth = 0): string {
    const pick = <T>(items: readonly T[]): T => items[next(items.length)] as T;
    const lines: string[] = [];
    for (let i = 0; i < 3 + next(8); i++) {
      const value = pick([
        () =>
          `Host ${pick(['*', 'one', 'two', '*.lab', 'o?e', 'one two', '* !two', '"one" !one.lab', "'two'"])}`,
        () =>
          `Match ${pick([
            'all',
            'host one',
            'host real*',
            'host=two',
            'originalhost one,two',
            'user bob',
            `localuser ${userInfo().username}`,
            '!host one',
            'host * user root',
            'final host real1.lab',
            'final all',
            'originalhost *.lab !user eve',
          ])}`,
        () => `HostName ${pick(['real1.lab', '%h.real', 'REAL2', '10.0.0.1', 'fe80::1'])}`,
        () => `User ${pick(['bob', 'eve', '"root"'])}`,
        () => `Port${pick([' ', '=', ' = ', '\t'])}${1 + next(65535)}`,
        () =>
          `IdentityFile ${pick(['/k/a', '/k/b', '"/k/with blank"', '/k/a\\ b', '/k/ha#sh', '/k/c # said', "'/k/q\"q'", 'none'])}`,
        () => `identitiesonly ${pick(['yes', 'no'])}`,
        () => `ProxyJump ${pick(['none', 'hop', 'u@hop:23', 'a,b'])}`,
        () => `ProxyCommand ${pick(['none', 'nc "%h" %p', 'x # y', "sh -c 'a\\b'", '= nc'])}`,
        () => `HostKeyAlias ${pick(['alias1', 'alias2'])}`,
        () => `StrictHostKeyChecking ${pick(['yes', 'no', 'ask', 'accept-new', 'off'])}`,
        () => `UserKnownHostsFile ${pick(['/kh/a /kh/b', '"/kh/x y"', '/kh/%h-%p', '/kh/e=f'])}`,
        () => `GlobalKnownHostsFile ${pick(['/gk/a', '/gk/a /gk/b'])}`,
        () => `HashKnownHosts ${pick(['yes', 'no'])}`,
        () => `ConnectTimeout ${1 + next(30)}`,
        () => `NumberOfPasswordPrompts ${1 + next(5)}`,
        () => `AddressFamily ${pick(['any', 'inet', 'inet6'])}`,
        () => `PreferredAuthentications ${pick(['password', 'publickey,password'])}`,
        () => `# ${pick(['Host one', 'a comment'])}`,
        () => '',
        () => {
          if (depth > 1) return '';
          const file = join(folder, `inc-${seed}-${depth}-${i}-${next(1000)}`);
          writeFileSync(file, randomConfig(next, folder, seed, depth + 1));
          return `Include ${file}`;
        },
      ])();
      lines.push(`${pick(['', '  ', '\t'])}${value}${pick(['', ' '])}`);
    }
    return `${lines.join('\n')}\n`;
  }

  function sshSays(file: string, host: string): Map<string, string[]> | undefined {
    const result = spawnSync('ssh', ['-G', '-F', file, '--', host], { encoding: 'utf8', input: '' });
    if (result.status !== 0) return undefined;
    const said = new Map<string, string[]>();
    for (const line of result.stdout.split('\n')) {
      const blank = line.indexOf(' ');
      if (blank < 0) continue;
      const key = line.slice(0, blank);
      said.set(key, [...(said.get(key) ?? []), line.slice(blank + 1)]);
    }
    return said;
  }

  const { username } = userInfo();

  test.each(Array.from({ length: 10 }, (_, block) => block))('random configurations, block %i', (block) => {
    let compared = 0;
    for (let seed = block * 15; seed < block * 15 + 15; seed++) {
      const file = join(home, `c${seed}`);
      const text = randomConfig(dice(seed + 1), home, seed);
      writeFileSync(file, text);
      for (const host of hosts) {
        const theirs = sshSays(file, host);
        if (theirs === undefined) continue;
        const ours = resolveHost(
          { host, configFiles: [file] },
          { home: homedir(), user: username, variables: {}, platform: 'linux' },
          log,
        );
        compared++;
        const strict = { yes: 'true', no: 'false', ask: 'ask', 'accept-new': 'accept-new' };
        const seen = {
          hostname: [ours.hostName],
          user: [ours.user],
          port: [String(ours.port)],
          identitiesonly: [ours.identitiesOnly ? 'yes' : 'no'],
          stricthostkeychecking: [strict[ours.strictHostKeyChecking]],
          hashknownhosts: [ours.hashKnownHosts ? 'yes' : 'no'],
          userknownhostsfile: [ours.userKnownHosts.join(' ')],
          globalknownhostsfile: [ours.globalKnownHosts.join(' ')],
          numberofpasswordprompts: [String(ours.passwordPrompts)],
          addressfamily: [{ 0: 'any', 4: 'inet', 6: 'inet6' }[ours.family]],
          hostkeyalias: ours.hostKeyAlias === undefined ? [] : [ours.hostKeyAlias],
          proxyjump: ours.proxyJump.length === 0 ? [] : [ours.proxyJump.join(',')],
          connecttimeout: [ours.connectTimeout === undefined ? 'none' : String(ours.connectTimeout / 1000)],
          ...(ours.identitiesGiven ? { identityfile: ours.identityFiles } : {}),
        };
        const expected = Object.fromEntries(
          Object.keys(seen).map((key) => [
            key,
            [...new Set(theirs.get(key) ?? [])].filter((v) => key !== 'identityfile' || v !== 'none'),
          ]),
        );
        expect(seen, `seed ${seed}, host ${host}\n${text}`).toEqual(expected);
        const command = theirs.get('proxycommand')?.[0];
        expect(ours.proxyCommand, `seed ${seed}, host ${host}\n${text}`).toBe(
          command?.replaceAll('%h', ours.hostName).replaceAll('%p', String(ours.port)),
        );
      }
    }
    expect(compared).toBeGreaterThan(40);
  });
});
