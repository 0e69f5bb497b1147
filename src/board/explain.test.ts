import { describe, expect, it } from 'vitest';
import { BoardError, type BoardErrorCode, type ErrorFacts } from './errors.ts';
import { explain } from './explain.ts';

/** Fills placeholders as VS Code does. */
const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (_, index) => String(args[Number(index)])),
};

/** A record, so that the compiler reports a code that is missing here. */
const everyCode: Readonly<Record<BoardErrorCode, true>> = {
  'no-device': true,
  'other-device': true,
  permission: true,
  busy: true,
  'no-partition': true,
  'no-memory-types': true,
  'no-pidfd': true,
  'owner-hidden': true,
  'no-descriptor': true,
  'kernel-held': true,
  'columns-taken': true,
  'no-match': true,
  'hold-failed': true,
  'no-halting': true,
  'no-recording': true,
  'debug-in-use': true,
  'unknown-driver': true,
  'not-asked': true,
  'gave-way': true,
  'no-quiet': true,
  'driver-hung': true,
  driver: true,
  epoch: true,
  locked: true,
  'out-of-range': true,
  cancelled: true,
  timeout: true,
  protocol: true,
  internal: true,
  'host-unknown': true,
  refused: true,
  unreachable: true,
  'proxy-failed': true,
  'no-algorithms': true,
  'host-key-changed': true,
  'host-key-revoked': true,
  'host-key-rejected': true,
  'auth-failed': true,
  'key-unreadable': true,
  config: true,
  'connection-lost': true,
  'server-limit': true,
  'no-exec': true,
  'read-only': true,
  'disk-full': true,
  'in-the-way': true,
  'wrong-arch': true,
  'shell-banner': true,
  'shell-ended': true,
  'shell-hangs': true,
  'shell-flood': true,
  'shell-input': true,
  'no-programs': true,
  'upload-corrupt': true,
  'sudo-failed': true,
  'sudo-refused': true,
  'sudo-broken': true,
  'agent-failed': true,
  'agent-version': true,
  'no-addon': true,
  'snapshot-file': true,
  snapshot: true,
};
const codes = Object.keys(everyCode) as BoardErrorCode[];

const allFacts: ErrorFacts = {
  host: 'vck190',
  port: 22,
  user: 'dev',
  path: '/dev/aie0',
  command: 'demo_graph',
  pid: 1234,
  oldFingerprint: 'SHA256:old',
  newFingerprint: 'SHA256:new',
  file: '~/.ssh/known_hosts',
  line: 7,
  machine: 'riscv64',
  fingerprint: 'SHA256:new',
  folders: '/tmp, /home/dev',
  tried: 'none, agent',
  text: 'Welcome',
  programs: 'uname, id',
  reason: 'It is broken.',
  of: 'sessions',
  call: 'AIE_ENQUIRE_PART',
};

function said(code: BoardErrorCode, facts: ErrorFacts): string {
  const detail = 'AIE_REQUEST_PART 0x80184102: EBUSY\n    at Object.<anonymous> (x.ts:1:1)';
  const { message, nextStep } = explain(new BoardError(code, detail, facts), l10n);
  return `${message} ${nextStep}`;
}

describe('[main-16] every error has a sentence and a next step', () => {
  for (const code of codes) {
    for (const [name, facts] of [
      ['no facts', {}],
      ['all facts', allFacts],
      ['hostile facts', { host: '', pid: 'x', line: 'y', command: '', path: 'p'.repeat(5000) }],
    ] as const) {
      it(`${code} with ${name}`, () => {
        const { message, nextStep } = explain(new BoardError(code, 'EBUSY at x.ts:1:1', facts), l10n);
        for (const text of [message, nextStep]) {
          expect(text).toMatch(/^[A-Z].{10,}\.$/u);
          expect(text.length).toBeLessThan(500);
          expect(text).not.toMatch(/undefined|NaN|\{\d\}|EBUSY|x\.ts|[a-z]-[a-z]+-[a-z]+\b/);
        }
      });
    }
  }

  it('no code name leaks into a sentence', () => {
    for (const code of codes.filter((one) => one.includes('-') && one !== 'read-only')) {
      expect(said(code, allFacts)).not.toContain(code);
    }
  });

  it('every code has a sentence of its own', () => {
    expect(new Set(codes.map((code) => explain(new BoardError(code, '', {}), l10n).message)).size).toBe(
      codes.length,
    );
  });

  it('busy and locked name the owner', () => {
    for (const code of ['busy', 'locked', 'no-pidfd', 'permission'] as const) {
      expect(said(code, allFacts)).toContain('demo_graph (1234)');
    }
    expect(said('busy', { pid: 99 })).toContain('process 99');
    expect(said('busy', {})).toContain('an application');
  });

  it('[attach-6] what a person may not do comes with the click or the command that helps', () => {
    const node = said('permission', { path: '/dev/aie1', mode: '0600' });
    expect(node).toContain('sudo chown "$(id -un)" /dev/aie1.');
    expect(node).toContain('its mode is 0600');
    expect(said('permission', { pid: 7 })).toContain('sudo sysctl kernel.yama.ptrace_scope=0');
    expect(said('permission', { path: "/dev/a b'; rm x" })).toContain("'/dev/a b'\\''; rm x'");
    for (const code of ['permission', 'owner-hidden'] as const) {
      expect(said(code, { pid: 7 })).toContain('Turn on sudo for this board');
    }
    // Nobody in a container sees the processes outside of it, root or not.
    expect(said('owner-hidden', { missing: 'pid-namespace' })).not.toContain('sudo');
    expect(said('owner-hidden', { missing: 'pid-namespace' })).toContain('--pid=host');
    expect(said('locked', { pid: 7, command: 'graph' })).toContain('Unlock editing');
    expect(said('kernel-held', {})).toContain("Reach it through XRT's driver");
    expect(said('kernel-held', { asked: 'zocl' })).not.toContain('Reach it');
    for (const code of ['columns-taken', 'no-match'] as const) {
      expect(said(code, { pid: 7, command: 'graph' })).toContain('graph (7)');
    }
  });

  it('[debug-8] says why cores cannot be halted, and what uses their debug registers', () => {
    const reasons = ['free', 'in-process', 'not-allowed', 'other-session', 'driver'];
    expect(new Set(reasons.map((why) => said('no-halting', { why }))).size).toBe(reasons.length);
    expect(said('no-halting', { why: 'driver' })).toContain('driver on this board');
    const used = said('debug-in-use', { col: 6, row: 1, register: 'PC_Event0', value: 0x80000100 });
    expect(used).toContain('core (6,1): PC_Event0 is 0x80000100.');
  });

  it('a changed host key shows both fingerprints, file and line', () => {
    expect(said('host-key-changed', allFacts)).toMatch(/SHA256:old.*SHA256:new.*known_hosts, line 7/);
  });

  it('what was tried, found and printed stands in the sentences', () => {
    expect(said('no-exec', allFacts)).toContain('Tried: /tmp, /home/dev.');
    expect(said('auth-failed', allFacts)).toContain('(tried: none, agent)');
    expect(said('shell-banner', allFacts)).toContain('printed "Welcome"');
    expect(said('host-key-rejected', allFacts)).toContain('SHA256:new');
    expect(said('host-key-revoked', allFacts)).toContain('known_hosts, line 7');
  });

  it('[truth-19] names the true cause, in the words of who said it', () => {
    const words = { host: 'vck190', reason: 'dev is not in the sudoers file.', text: 'Begin' };
    expect(said('sudo-refused', words)).toContain('vck190: "dev is not in the sudoers file."');
    expect(said('sudo-broken', words)).toContain('configuration of sudo on vck190');
    expect(said('sudo-failed', words)).toContain(words.reason);
    expect(said('agent-failed', words)).toContain(words.reason);
    expect(said('shell-ended', words)).toContain('without running the command; it said "Begin"');
    expect(said('shell-ended', { begun: 1 })).toContain('before it was done');
    expect(said('shell-flood', words)).toContain('prints too much text of its own, beginning with "Begin"');
    expect(said('no-programs', { programs: 'uname, id' })).toContain('not found on the PATH');
    expect(said('no-programs', { programs: 'uname, id' })).toContain('uname, id');
    expect(said('in-the-way', allFacts)).toContain('Tried: /tmp, /home/dev.');
    expect(said('server-limit', { of: 'sessions' })).toContain('MaxSessions');
    expect(said('server-limit', { of: 'connections' })).toContain('MaxStartups');
    expect(said('shell-ended', { text: 'x'.repeat(4000) }).length).toBeLessThan(500);
  });

  it('ways to reach the host name the host', () => {
    for (const code of [
      'host-unknown',
      'refused',
      'unreachable',
      'auth-failed',
      'connection-lost',
    ] as const) {
      expect(said(code, allFacts)).toContain('vck190');
    }
  });
});
