import { describe, expect, test } from 'vitest';
import type { PartitionInfo } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import type { HaltedCore, SessionState } from '../session/types.ts';
import { bannerFor, otherProgramBanner, withGatedTile, withHaltedCore, withRunningCore } from './banner.ts';
import { applyProblem, besideQuestion, besideText } from './sentences.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const say = (error: BoardError) => `<${error.code}>`;
const board = {} as Extract<SessionState['link'], { kind: 'connected' }>['board'];
const fine: SessionState = {
  link: { kind: 'connected', board },
  policy: 'staged',
  inUse: false,
  agreedBeside: true,
  epochChanged: false,
  stale: false,
  reading: false,
};
const facts = (state: Partial<SessionState>, more: { conflictBytes?: number; readAt?: number } = {}) => ({
  state: { ...fine, ...state },
  boardLabel: 'Desk',
  stagedBytes: 0,
  conflictBytes: 0,
  now: 10_000,
  clock: (at: number) => `T${at}`,
  clockSeconds: (at: number) => `S${at}`,
  ...more,
});
const banner = (state: Partial<SessionState>, more = {}) => bannerFor(facts(state, more), say, l10n);

test('program memory that is not what the build has for its core is said with the file and the first place', () => {
  expect(otherProgramBanner({ col: 7, row: 3 }, 'Work/aie/1_2', { count: 12, first: 0x40 }, l10n)).toEqual({
    kind: 'warning',
    text: 'The program memory of tile (7,3) is not that of Work/aie/1_2: bytes that differ: 12, the first at 0x0040. Names of functions may be wrong here.',
    actions: [],
  });
});

test('[truth-7] a halted core is named at once, and whether we did it; an error of ours comes before that', () => {
  const tile = { col: 7, row: 3 };
  const said = (...sinces: HaltedCore['since'][]) =>
    withHaltedCore(
      undefined,
      sinces.map((since) => ({ tile, since })),
      l10n,
    );
  expect(withHaltedCore(undefined, undefined, l10n)).toBeUndefined();
  expect(said('read')).toEqual({
    kind: 'warning',
    text: 'Reading program memory halted the core of (7,3), which ran before. Start its application again to let it go on.',
    actions: [],
  });
  expect(said('write')?.text).toMatch(/^Writing program memory halted the core of \(7,3\)/);
  expect(said('before')?.text).toMatch(/^An error had already halted the core of \(7,3\) before/);
  expect(said('unknown')?.text).toMatch(/is not known whether .* Start its/);
  expect(said('before', 'read')?.text).toMatch(/^Reading .* before\. An error had .* here\. Start its/);
  const error = { kind: 'error', text: 'lost', actions: [] } as const;
  expect(withHaltedCore(error, [{ tile, since: 'read' }], l10n)).toBe(error);
});

describe('[main-9] the banner while program memory of a running core is on screen', () => {
  const tile = { col: 6, row: 1 };
  const offers = (...given: Parameters<typeof withRunningCore>) =>
    withRunningCore(...given)?.actions.map((action) => action.command);

  test('offers to read it anyway, and names the tile', () => {
    const shown = withRunningCore(undefined, tile, l10n);
    expect(shown?.kind).toBe('info');
    expect(shown?.text).toContain('(6,1)');
    expect(offers(undefined, tile, l10n)).toEqual(['readRunning']);
  });

  test('keeps what is said of the owner, and adds the offer', () => {
    const owner = {
      kind: 'info',
      text: 'In use.',
      actions: [{ command: 'unlock', label: 'Unlock' }],
    } as const;
    expect(offers(owner, tile, l10n)).toEqual(['unlock', 'readRunning']);
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
    expect(shown?.actions.map((action) => action.command)).toEqual(['connect', 'showLog']);
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
      'discard',
    ]);
  });

  test('an unknown driver is shown before anything is mapped', () => {
    const lastError = new BoardError('unknown-driver', 'x');
    expect(banner({ lastError })?.actions.map((action) => action.command)).toEqual(['allowDriver']);
  });

  test('conflicts: keep mine or take theirs', () => {
    const shown = banner({}, { conflictBytes: 3 });
    expect(shown?.text).toContain('3 staged bytes');
    expect(shown?.actions.map((action) => action.command)).toEqual(['keepMine', 'takeTheirs']);
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

test('[truth-2] what the driver refused although the clock is on is told apart from a clock that is off', () => {
  const refused = (reason: UnreadableReason) =>
    applyProblem(
      { spans: [{ offset: 8, length: 3, outcome: 'refused', reason }], applied: 0, kept: 3 },
      l10n,
    );
  expect(refused('driver-gated')).toContain('3 were refused: the driver treats their tile as gated');
  expect(refused('driver-gated')).not.toContain('their tile is off');
  expect(refused('gated')).not.toContain('driver');
});

const graph = { kind: 'process', pid: 12, command: 'demo', startedAt: 0 } as const;
const free: PartitionInfo = {
  key: '6_4',
  id: 1,
  columns: { startCol: 6, numCols: 4 },
  startRow: 0,
  numRows: 9,
  inUse: false,
  ownerGone: false,
  picked: false,
  clocksOn: false,
  epoch: 'e',
};
const used: PartitionInfo = { ...free, inUse: true, owner: graph };
const gone: PartitionInfo = {
  ...free,
  inUse: true,
  ownerGone: true,
  hold: { pid: 9, since: 1000, until: 2000 },
};
const commands = (shown: ReturnType<typeof banner>) => shown?.actions.map((action) => action.command);

describe('[attach-6] the banner beside an owner', () => {
  const locked = { policy: 'locked', inUse: true, agreedBeside: false } as const;

  test.each<[string, PartitionInfo, string]>([
    ['a process', used, 'In use by demo (12). It is read beside its owner and locked against editing.'],
    [
      'the kernel',
      { ...used, owner: { kind: 'kernel', pid: 0, command: '', startedAt: 0 } },
      'Held by the kernel (XRT). It is read beside its owner and locked against editing.',
    ],
    [
      'somebody who cannot be seen',
      { ...used, owner: { kind: 'hidden', pid: 0, command: '', startedAt: 0 } },
      'In use by an owner that cannot be seen. It is read beside its owner and locked against editing.',
    ],
    [
      'held already',
      { ...used, hold: { pid: 9, since: 1, until: 2 } },
      'In use by demo (12), held for post-mortem until T2. It is read beside its owner and locked against editing.',
    ],
  ])('names it: %s', (_, partition, text) => {
    expect(banner({ ...locked, partition })?.text).toBe(text);
  });

  test('offers to hold what a process has; to unlock, the button of the page does [shape-9]', () => {
    expect(commands(banner({ ...locked, partition: used }))).toEqual(['hold']);
    const kernel = { ...used, owner: { kind: 'kernel', pid: 0, command: '', startedAt: 0 } } as const;
    expect(commands(banner({ ...locked, partition: kernel }))).toEqual([]);
  });

  test('bytes of before', () => {
    expect(banner({ ...locked, partition: used, stale: true })?.text).toBe(
      'In use by demo (12). These bytes were read before.',
    );
  });

  test('no way to write: says why, and does not offer to unlock', () => {
    const barred = (code: 'no-pidfd' | 'locked') =>
      banner({ ...locked, partition: used, lockedBecause: new BoardError(code, 'x') });
    expect(barred('no-pidfd')?.text).toBe('In use by demo (12). <no-pidfd>');
    expect(commands(barred('no-pidfd'))).toEqual(['hold']);
    expect(barred('locked')?.text).toContain('cannot be written before it is free');
    expect(commands(barred('locked'))).toEqual(['hold']);
  });

  test('no buffer is certainly this memory: read-only in words, and a person may try again', () => {
    const error = new BoardError('no-match', 'x');
    const shown = banner({ ...locked, partition: used, lastError: error, lockedBecause: error });
    expect(shown?.text).toBe('In use by demo (12). <no-match>');
    expect(commands(shown)).toEqual(['unlock', 'hold']);
  });

  test('says nothing once it is unlocked: the status does', () => {
    const unlocked = { policy: 'staged', inUse: true, agreedBeside: true } as const;
    expect(banner({ ...unlocked, partition: used })).toBeUndefined();
    expect(besideText({ ...fine, ...unlocked, partition: used }, l10n)).toBe('demo');
    expect(besideText({ ...fine, ...locked, partition: used }, l10n)).toBeUndefined();
    expect(besideText({ ...fine, partition: free }, l10n)).toBeUndefined();
  });

  test('the question says who is running and what may happen', () => {
    expect(besideQuestion(used, l10n).detail).toMatch(
      /^demo \(12\) is running: what you write may be changed or used by it at once\./,
    );
    expect(besideQuestion(gone, l10n).detail).toContain('replaces what was left behind');
  });
});

describe('[attach-8] the banner after the owner went', () => {
  const epochEnd = { of: 'owner', command: 'graph.elf', pid: 7, at: 40, asked: false } as const;

  test('without a hold: when it ended, when the bytes were read, and how to read what is there now', () => {
    const shown = banner({ partition: free, stale: true, epochEnd }, { readAt: 39 });
    expect(shown?.text).toBe('graph.elf (7) ended at T40. Bytes as read at S39.');
    expect(commands(shown)).toEqual(['refresh']);
  });

  test('a part of the memory that was never read, and an end that nobody saw', () => {
    const { at: _, ...unseen } = epochEnd;
    expect(banner({ partition: free, epochEnd: { ...unseen, pid: 0 } })?.text).toBe(
      'The application ended while the board was out of sight. Nothing here was read before.',
    );
  });

  test('goes once a person has read what is on screen', () => {
    expect(banner({ partition: free, epochEnd: { ...epochEnd, asked: true } })).toBeUndefined();
    expect(banner({ partition: free, stale: true, epochEnd: { ...epochEnd, asked: true } })).toBeDefined();
  });

  test('held: until when, when all of it was read, and what Release is for', () => {
    const state = { partition: gone, policy: 'locked', inUse: true, agreedBeside: false } as const;
    expect(banner({ ...state, snapshot: { done: true, at: 41 } })?.text).toBe(
      'The application ended, its memory is held until T2000. All that is readable was read at S41. The application cannot start until you release it.',
    );
    const reading = banner({ ...state, reading: true, snapshot: { done: false, at: 41 } });
    expect(reading?.text).toContain('Reading all of it...');
    expect(commands(reading)).toEqual(['releaseHold']);
  });

  test('released: the bytes are what the application left', () => {
    const ended = { ...epochEnd, of: 'hold', command: '', pid: 0 } as const;
    const snapshot = { done: true, at: 38 };
    expect(banner({ partition: free, stale: true, epochEnd: ended, snapshot }, { readAt: 38 })?.text).toBe(
      'The hold ended at T40; the driver has reset the partition. Bytes as read at S38. They are what the application left.',
    );
  });
});

test('[attach-9] held by the kernel where no other way exists: offers the way through its driver, with the reason', () => {
  const shown = banner({ partition: used, lastError: new BoardError('kernel-held', 'x') });
  expect(shown?.text).toBe('<kernel-held>');
  expect(commands(shown)).toEqual(['reachKernel', 'refresh']);
});

describe('[attach-4] the banner while a tile is on screen whose clock is off', () => {
  const tile = { col: 3, row: 7 };

  test('offers to enable clocks in a partition that nobody has', () => {
    const shown = withGatedTile(undefined, tile, free, l10n);
    expect(shown?.text).toContain('(3,7)');
    expect(commands(shown)).toEqual(['enableClocks']);
  });

  test('never beside an owner', () => {
    expect(withGatedTile(undefined, tile, used, l10n)).toBeUndefined();
    expect(withGatedTile(undefined, tile, gone, l10n)).toBeUndefined();
  });

  test('once enabled: refresh, and what it means if nothing changes', () => {
    const shown = withGatedTile(undefined, tile, { ...free, clocksOn: true }, l10n);
    expect(commands(shown)).toEqual(['refresh']);
    expect(shown?.text).toContain('ignores the request');
  });

  test('gives way to whatever else is said', () => {
    const other = { kind: 'info', text: 'x', actions: [] } as const;
    expect(withGatedTile(other, tile, free, l10n)).toBe(other);
    expect(withGatedTile(undefined, undefined, free, l10n)).toBeUndefined();
  });
});

describe('[truth-18] a sentence that says "turn on sudo" has the button', () => {
  const commands = (state: Partial<SessionState>) => banner(state)?.actions.map(({ command }) => command);

  test.each(['permission', 'owner-hidden'] as const)('%s', (code) => {
    const error = new BoardError(code, 'refused', { pid: 7 });
    expect(commands({ link: { kind: 'offline', error } })).toContain('turnOnSudo');
    expect(commands({ lastError: error })).toContain('turnOnSudo');
    const partition = { inUse: true, ownerGone: false } as PartitionInfo;
    expect(commands({ partition, policy: 'locked', lockedBecause: error })).toContain('turnOnSudo');
  });

  test('others have not', () => {
    expect(commands({ lastError: new BoardError('driver', 'EIO') })).not.toContain('turnOnSudo');
  });
});
