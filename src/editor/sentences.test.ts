import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import type { SessionState } from '../session/types.ts';
import { applyProblem, bannerFor, withRunningCore } from './sentences.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const say = (error: BoardError) => `<${error.code}>`;
const board = {} as Extract<SessionState['link'], { kind: 'connected' }>['board'];
const fine: SessionState = {
  link: { kind: 'connected', board },
  policy: 'staged',
  epochChanged: false,
  stale: false,
  reading: false,
};
const facts = (state: Partial<SessionState>, more: { conflictBytes?: number } = {}) => ({
  state: { ...fine, ...state },
  boardLabel: 'Desk',
  stagedBytes: 0,
  conflictBytes: 0,
  now: 10_000,
  ...more,
});
const banner = (state: Partial<SessionState>, more = {}) => bannerFor(facts(state, more), say, l10n);

describe('[main-9] the banner while program memory of a running core is on screen', () => {
  const tile = { col: 6, row: 1 };
  const offers = (...given: Parameters<typeof withRunningCore>) =>
    withRunningCore(...given)?.actions.map((action) => action.command);

  test('offers to read it anyway, and names the tile', () => {
    const shown = withRunningCore(undefined, tile, l10n);
    expect(shown?.kind).toBe('info');
    expect(shown?.text).toContain('(6,1)');
    expect(offers(undefined, tile, l10n)).toEqual(['read-running']);
  });

  test('keeps what is said of the owner, and adds the offer', () => {
    const owner = {
      kind: 'info',
      text: 'In use.',
      actions: [{ command: 'unlock', label: 'Unlock' }],
    } as const;
    expect(offers(owner, tile, l10n)).toEqual(['unlock', 'read-running']);
    expect(withRunningCore(owner, tile, l10n)?.text).toBe('In use.');
  });

  test('gives way to warnings and errors, and is absent where no core is in the way', () => {
    const warning = { kind: 'warning', text: 'x', actions: [] } as const;
    expect(withRunningCore(warning, tile, l10n)).toBe(warning);
    expect(withRunningCore(undefined, undefined, l10n)).toBeUndefined();
  });
});

describe('the banner of an editor [main-22]', () => {
  test('is absent when all is well', () => {
    expect(banner({})).toBeUndefined();
  });

  test('offline: says why, when it reconnects, and how to do it now', () => {
    const error = new BoardError('connection-lost', 'cut');
    const shown = banner({ link: { kind: 'offline', error, retryAt: 13_500 } });
    expect(shown?.kind).toBe('error');
    expect(shown?.text).toBe('Offline. <connection-lost> Reconnecting in 4 s.');
    expect(shown?.actions.map((action) => action.command)).toEqual(['connect', 'show-log']);
    expect(banner({ link: { kind: 'offline', error } })?.text).toBe('Offline. <connection-lost>');
  });

  test('connecting: the first time it is news, after a loss it is part of being offline', () => {
    const connecting = { kind: 'connecting', step: 'resolving' } as const;
    expect(banner({ link: { ...connecting, attempt: 1 } })?.text).toBe('Connecting to Desk...');
    expect(banner({ link: { ...connecting, attempt: 2 } })).toMatchObject({
      kind: 'error',
      text: expect.stringMatching(/^Offline\. .*Staged edits stay here/),
    });
  });

  test('a new epoch under staged edits: re-base or discard', () => {
    expect(banner({ epochChanged: true })?.actions.map((action) => action.command)).toEqual([
      'rebase',
      'revert',
    ]);
  });

  test('in use by another owner: names it; unlocking is offered only where it can succeed', () => {
    const partition = {
      id: 1,
      columns: { startCol: 6, numCols: 4 },
      startRow: 0,
      numRows: 9,
      inUse: true,
      owner: { kind: 'process' as const, pid: 12, command: 'demo', startedAt: 0 },
      ownerGone: false,
      picked: false,
      clocksOn: false,
      epoch: 'e',
    };
    expect(banner({ policy: 'locked', partition, stale: true })?.text).toBe(
      'In use by demo (12). These bytes were read before.',
    );
    const shown = banner({ policy: 'locked', partition });
    expect(shown?.text).toContain('demo (12)');
    expect(shown?.actions.map((action) => action.command)).toEqual(['unlock']);
    const barred = banner({
      policy: 'locked',
      partition,
      lockedBecause: new BoardError('no-pidfd', 'old kernel'),
    });
    expect(barred?.text).toBe('In use by demo (12). <no-pidfd>');
    expect(barred?.actions).toEqual([]);
    const readOnly = banner({
      policy: 'locked',
      partition,
      lockedBecause: new BoardError('locked', 'no way'),
    });
    expect(readOnly?.text).toContain('cannot be written before it is free');
    expect(readOnly?.actions).toEqual([]);
  });

  test('an unknown driver is shown before anything is mapped', () => {
    const lastError = new BoardError('unknown-driver', 'x');
    expect(banner({ lastError })?.actions.map((action) => action.command)).toEqual(['allow-driver']);
  });

  test('conflicts: keep mine or take theirs', () => {
    const shown = banner({}, { conflictBytes: 3 });
    expect(shown?.text).toContain('3 staged bytes');
    expect(shown?.actions.map((action) => action.command)).toEqual(['keep-mine', 'discard-conflicts']);
  });
});

test('an apply that left bytes behind says how many and why [main-20]', () => {
  expect(applyProblem({ spans: [], applied: 4, kept: 0 }, l10n)).toBeUndefined();
  const text = applyProblem(
    {
      spans: [
        { offset: 0, length: 4, outcome: 'verified' },
        { offset: 4, length: 2, outcome: 'conflict' },
        { offset: 8, length: 1, outcome: 'refused', reason: 'gated' },
      ],
      applied: 4,
      kept: 3,
    },
    l10n,
  );
  expect(text).toContain('4 bytes were written');
  expect(text).toContain('2 were not');
  expect(text).toContain('1 were refused');
});
