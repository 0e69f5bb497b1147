import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { BoardError } from '../errors.ts';
import { parseTypedHost, type ResolvedHost, resolveHost } from './config.ts';
import { usualConfigFiles } from './config-paths.ts';
import { hostNames } from './host-names.ts';
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

  describe.skipIf(process.platform === 'win32')('a default file that a group may write', () => {
    const { username: me, uid, gid } = userInfo();
    const own = `${me}:x:${uid}:${gid}::/home:/bin/sh`;
    const alone = { passwd: `${own}\nbob:x:${uid + 1}:${gid + 1}::/:/bin/sh\n`, group: `${me}:x:${gid}:\n` };

    function resolveWith(accounts: { passwd?: string; group?: string }, mode = 0o664, group = gid): string {
      const path = put('config', 'Host x\n  HostName found\n');
      chownSync(path, uid, group);
      chmodSync(path, mode);
      for (const [name, text] of Object.entries(accounts)) writeFileSync(join(home, name), text);
      return resolveHost({ host: 'x' }, { ...environment(), accounts: home }, log).hostName;
    }

    test('is read where the group is the own one, with nobody else in it', () => {
      expect(resolveWith(alone)).toBe('found');
      expect(resolveWith({ ...alone, group: `${me}:x:${gid}:${me}\n` })).toBe('found');
    });

    test.each([
      ['another user is a member', { ...alone, group: `${me}:x:${gid}:${me},bob\n` }],
      ['another group has its number, and a member', { ...alone, group: `${alone.group}b:x:${gid}:bob\n` }],
      [
        "it is another user's first, too",
        { ...alone, passwd: `${own}\nbob:x:${uid + 1}:${gid}::/:/bin/sh\n` },
      ],
      ['the person is not in the files', { ...alone, passwd: '' }],
      ['the group is not in the files', { ...alone, group: '' }],
      ['the groups cannot be read', { passwd: alone.passwd }],
      ['the users cannot be read', { group: alone.group }],
    ])('is refused where %s', (_, accounts) => {
      expect(failure(() => resolveWith(accounts))).toMatchObject({ code: 'config' });
    });

    test('is refused where everybody may write it', () => {
      expect(failure(() => resolveWith(alone, 0o666))).toMatchObject({ code: 'config' });
      expect(failure(() => resolveWith(alone, 0o602))).toMatchObject({ code: 'config' });
    });

    test.skipIf(uid !== 0)('is refused where it is a group that is not the own one', () => {
      const accounts = { passwd: alone.passwd, group: `${alone.group}b:x:${gid + 1}:${me}\n` };
      expect(failure(() => resolveWith(accounts, 0o664, gid + 1))).toMatchObject({ code: 'config' });
    });
  });

  test.each([
    ['10s', 10],
    ['1m', 60],
    ['1h30m', 5400],
    ['1W', 604_800],
    ['9w', 2_000_000],
    ['90', 90],
    ['none', undefined],
    ['0', undefined],
  ])('[truth-19] ConnectTimeout %s is taken as ssh takes it', (text, seconds) => {
    const { connectTimeout } = resolve(`ConnectTimeout ${text}\n`, 'x');
    expect(connectTimeout).toBe(seconds === undefined ? undefined : seconds * 1000);
  });

  test("[shape-9] the entry's own time-out wins over ConnectTimeout", () => {
    expect(resolve('ConnectTimeout 30\n', { host: 'x', connectSeconds: 5 }).connectTimeout).toBe(5000);
  });

  test.each(['10x', '-1', '1 m', 's', '9999w'])('[truth-19] ConnectTimeout %s is none', (text) => {
    expect(failure(() => resolve(`ConnectTimeout "${text}"\n`, 'x'))).toMatchObject({ code: 'config' });
  });

  test('[truth-19] %C is the hash that ssh makes, wherever a path may have one', () => {
    const config =
      'User bob\nPort ssh\nIdentityFile ~/.ssh/%C\nUserKnownHostsFile /kh/%C\nRevokedHostKeys /rk/%C\n';
    const options = ['-o', 'ControlPath=/cp/%C', '-o', 'Port=22', '-o', 'User=bob', '-F', 'none'];
    const theirs = spawnSync('ssh', ['-G', ...options, 'board'], { encoding: 'utf8', input: '' }).stdout;
    const hash = /^controlpath \/cp\/(\S+)$/m.exec(theirs)?.[1];
    expect(hash).toMatch(/^[0-9a-f]{40}$/);
    expect(resolve(config, 'board')).toMatchObject({
      port: 22,
      identityFiles: [join(home, '.ssh', hash ?? '')],
      userKnownHosts: [`/kh/${hash}`],
      revokedKeys: [{ path: `/rk/${hash}` }],
    });
  });

  test('[truth-19] a port may be the name of a service, typed ones too', () => {
    expect(parseTypedHost('board:ssh')).toEqual({ host: 'board', port: 22 });
    expect(resolve('Host x\n ProxyJump hop:ssh\n', 'x').proxyJump).toEqual(['hop:ssh']);
    expect(failure(() => resolve('Port no-such-service\n', 'x'))).toMatchObject({ code: 'config' });
  });

  test('[truth-19] a configuration of 10,000 hosts is read', () => {
    const block = (i: number) =>
      `Host board-${i}\n  HostName board-${i}.lab.example.org\n  User user-${i % 7}\n  Port ${2000 + i}\n  # ${'-'.repeat(50)}\n`;
    const config = Array.from({ length: 10_000 }, (_, i) => block(i)).join('');
    expect(config.length).toBeGreaterThan(1_300_000);
    expect(resolve(config, 'board-9999')).toMatchObject({
      hostName: 'board-9999.lab.example.org',
      user: 'user-3',
      port: 11_999,
    });
  });

  test('[truth-18] ~ and ~name stand for home folders', () => {
    const { homedir: ownHome, username: me } = userInfo();
    const config = `IdentityFile ~/a\nIdentityFile ~ada/b\nIdentityFile ~${me}/c\nIdentityFile ~nobody-at-all/d\n`;
    expect(resolve(config, 'x').identityFiles).toEqual([
      join(home, 'a'),
      join(home, 'b'),
      join(ownHome, 'c'),
      '~nobody-at-all/d',
    ]);
  });

  test('[truth-18] Include takes what glob does', () => {
    for (const [name, user] of [
      ['conf.d/a1', 'a'],
      ['conf.d/b2', 'b'],
      ['conf.d/c3', 'c'],
      ['conf.d/[x]', 'x'],
    ]) {
      put(name ?? '', `User ${user}\n`);
    }
    for (const [pattern, user] of [
      ['conf.d/[b-c]?', 'b'],
      ['conf.d/[!ab]3', 'c'],
      ['conf.d/[^a]*', 'x'],
      ['conf.d/\\[x]', 'x'],
      ['[c]onf.d/[]a]1', 'a'],
      ['conf.d/[x', 'ada'],
    ]) {
      expect(resolve(`Include ${pattern}\n`, 'h').user, pattern).toBe(user);
    }
  });

  describe('[truth-18] on Windows', () => {
    /** A home with backslashes; the files are found by the same path with slashes. */
    const windows = (): SshEnvironment => ({
      home: home.replaceAll('/', '\\'),
      user: 'ada',
      variables: { ProgramData: join(home, 'ProgramData').replaceAll('/', '\\') },
      platform: 'win32',
    });

    test('files of the person and of the machine, relative includes, ~ and backslashes', () => {
      put(
        'config',
        'Include conf.d\\*\nInclude ~\\more\nIdentityFile ~\\.ssh\\id_lab\nUserKnownHostsFile C:\\keys\\kh\n',
      );
      put('conf.d/1', 'Port 2201\n');
      put('../more', 'User more\n');
      put('../ProgramData/ssh/ssh_config', 'Include own\n');
      put('../ProgramData/ssh/own', 'HostKeyAlias from-machine\n');
      expect(resolveHost({ host: 'x' }, windows(), log)).toMatchObject({
        port: 2201,
        user: 'more',
        hostKeyAlias: 'from-machine',
        identityFiles: [`${home}/.ssh/id_lab`],
        userKnownHosts: ['C:/keys/kh'],
        globalKnownHosts: [`${home}/ProgramData/ssh/ssh_known_hosts`, expect.any(String)],
      });
      expect(hostNames(usualConfigFiles(windows()), windows())).toEqual([]);
    });

    test('without a variable the usual folder is meant', () => {
      expect(usualConfigFiles({ ...windows(), home: 'C:\\Users\\ada\\', variables: {} })).toEqual([
        'C:/Users/ada/.ssh/config',
        'C:/ProgramData/ssh/ssh_config',
      ]);
    });
  });

  test('hosts of the configuration are offered, patterns are not [main-17]; those of included files too [truth-18]', () => {
    const config = put(
      'config',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own notation
      'Host versal lab-* !other\n  Include inner/*\nhost "second board" versal\nMatch host x\n# Host commented\nHost "unfinished\nInclude "unfinished\nInclude ${NOWHERE}/x\nInclude config\n',
    );
    put('inner/1', 'Host inner-board\n');
    put('inner/2', 'Include deeper\nHost other-*\n');
    put('deeper', 'Host deep\n');
    const gone = join(home, 'gone');
    expect(hostNames([config, gone], environment())).toEqual([
      'versal',
      'inner-board',
      'deep',
      'second board',
    ]);
    // Without files those of ssh itself count.
    expect(hostNames([], environment())).toEqual(expect.arrayContaining(['versal', 'inner-board']));
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
        () => `Port${pick([' ', '=', ' = ', '\t'])}${pick([1 + next(65535), 'ssh', '0022'])}`,
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
        () => `ConnectTimeout ${pick([1 + next(30), '10s', '1m', '1h30m5', '2M', 'none'])}`,
        () => `RevokedHostKeys ${pick(['/rk/a', 'none'])}`,
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
          revokedhostkeys: ours.revokedKeys.map(({ path }) => path),
          ...(ours.identitiesGiven ? { identityfile: ours.identityFiles } : {}),
        };
        const expected = Object.fromEntries(
          Object.keys(seen).map((key) => [
            key,
            [...new Set(theirs.get(key) ?? [])].filter(
              (v) => !['identityfile', 'revokedhostkeys'].includes(key) || v !== 'none',
            ),
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
