/** What cannot be done now is not offered: the keys, and that the manifest goes by them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PartitionInfo } from './board/board.ts';
import { bookmarkKeys } from './editor/bookmarks/bookmark-keys.ts';
import { dockedKeys } from './editor/docked-keys.ts';
import { editorKeys } from './editor/editor-keys.ts';
import { editKeys } from './editor/edits/edit-keys.ts';
import { hitKeys } from './editor/find/hit-keys.ts';
import { watchKeys } from './editor/watches/watch-keys.ts';
import { type SidebarBoard, sidebarKeys } from './explorer/sidebar-keys.ts';
import { namesKeys } from './names/names-keys.ts';

const on = (keys: Record<string, boolean>) => Object.keys(keys).filter((key) => keys[key]);
const base: PartitionInfo = {
  id: 0,
  columns: { startCol: 0, numCols: 4 },
  rows: { startRow: 0, numRows: 9 },
  inUse: false,
  ownerGone: false,
  picked: false,
  clocksOn: false,
  epoch: 'e',
} as unknown as PartitionInfo;
const board = (state: SidebarBoard['state'], ...partitions: PartitionInfo[]): SidebarBoard => ({
  state,
  partitions,
  freeColumns: [],
});
const used = (kind: string) =>
  ({ ...base, inUse: true, owner: { kind, pid: 7, command: 'g' } }) as PartitionInfo;

describe('[shape-9] what can be done now', () => {
  test.each<[string, SidebarBoard[], string[]]>([
    ['no board', [], []],
    ['a board without a connection', [board('disconnected', base)], ['hasBoard', 'canConnect']],
    ['a lost one', [board('offline')], ['hasBoard', 'hasReport', 'canConnect', 'canDisconnect']],
    ['one that is being connected', [board('connecting')], ['hasBoard', 'canDisconnect']],
    [
      'a free partition',
      [board('connected', base)],
      ['hasBoard', 'hasConnected', 'hasReport', 'canDisconnect', 'canEnableClocks'],
    ],
    [
      'an owner',
      [board('connected', used('process'))],
      ['hasBoard', 'hasConnected', 'hasReport', 'canDisconnect', 'canHold'],
    ],
    [
      'the kernel',
      [board('connected', used('kernel'))],
      ['hasBoard', 'hasConnected', 'hasReport', 'canDisconnect', 'heldByKernel'],
    ],
    [
      'columns of two kinds',
      [
        { ...board('connected', { ...base, picked: true, clocksOn: true }), freeColumns: [base.columns] },
        board('disconnected'),
      ],
      [
        ...['hasBoard', 'hasConnected', 'hasReport', 'canConnect', 'canDisconnect'],
        ...['hasFreeColumns', 'hasPicked', 'canDisableClocks'],
      ],
    ],
    [
      'what an owner left',
      [board('connected', { ...used('process'), ownerGone: true })],
      ['hasBoard', 'hasConnected', 'hasReport', 'canDisconnect', 'canRelease'],
    ],
  ])('in the sidebar: %s', (_, boards, keys) => {
    expect(on(sidebarKeys(boards))).toEqual(['hasStarted', ...keys]);
  });

  test('in the editor', () => {
    const facts = {
      connected: true,
      policy: 'staged',
      stagedBytes: 0,
      conflictBytes: 0,
      epochChanged: false,
      coreRuns: false,
      mismatches: 0,
      hasChanges: false,
      hasNamedPlaces: false,
      views: 1,
      scrollsTogether: false,
    } as const;
    expect(on(editorKeys(undefined, false))).toEqual([]);
    expect(on(editorKeys(undefined, true))).toEqual(['hasComparison']);
    expect(on(editorKeys(facts, false))).toEqual(['canRead', 'canLock', 'canBeImmediate']);
    expect(on(editorKeys({ ...facts, policy: 'immediate' }, false))).toEqual([
      ...['canRead', 'canLock', 'canStageEdits'],
    ]);
    expect(on(editorKeys({ ...facts, policy: 'locked' }, false))).toEqual(['canRead', 'canUnlock']);
    expect(on(editorKeys({ ...facts, policy: 'locked', lockedFor: 'why' }, false))).toEqual(['canRead']);
    expect(on(editorKeys({ ...facts, connected: false, stagedBytes: 1, epochChanged: true }, false))).toEqual(
      [...['canLock', 'hasStaged', 'mustRebase']],
    );
    expect(
      on(editorKeys({ ...facts, stagedBytes: 2, conflictBytes: 1, coreRuns: true, mismatches: 3 }, false)),
    ).toEqual([
      ...['canRead', 'canLock', 'canBeImmediate', 'hasStaged', 'hasConflicts', 'coreRuns', 'hasMismatches'],
    ]);
    expect(on(editorKeys({ ...facts, connected: false, hasChanges: true }, false))).toEqual([
      ...['canLock', 'hasChanges'],
    ]);
    expect(on(editorKeys({ ...facts, connected: false, hasNamedPlaces: true }, false))).toEqual([
      ...['canLock', 'hasNamedPlaces'],
    ]);
    const split = { ...facts, connected: false, views: 2 };
    expect(on(editorKeys(split, false))).toEqual([...['canLock', 'canScrollTogether']]);
    expect(on(editorKeys({ ...split, scrollsTogether: true }, false))).toEqual([
      ...['canLock', 'canScrollApart'],
    ]);
  });

  test('of staged edits and writes', () => {
    expect(on(editKeys([{ staged: 0, writes: 0 }]))).toEqual([]);
    expect(
      on(
        editKeys([
          { staged: 0, writes: 0 },
          { staged: 1, writes: 0 },
        ]),
      ),
    ).toEqual(['hasEdits']);
    expect(on(editKeys([{ staged: 0, writes: 1 }]))).toEqual(['hasEdits']);
  });

  test('of hits', () => {
    expect(on(hitKeys([0], 0))).toEqual([]);
    expect(on(hitKeys([0, 2], 0))).toEqual(['hasHits']);
    expect(on(hitKeys([0], 1))).toEqual(['hasHits', 'hasMemoryHits']);
  });

  test('of names', () => {
    expect(on(namesKeys([{ isAdded: false }]))).toEqual([]);
    expect(on(namesKeys([{ isAdded: false }, { isAdded: true }]))).toEqual(['hasNames']);
  });

  test('every command of the manifest goes by a key that is told, but for those that always can', () => {
    const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
    const { commands, menus } = JSON.parse(text).contributes as {
      commands: { command: string; enablement?: string }[];
      menus: Record<string, { when?: string }[]>;
    };
    const always = commands.filter(({ enablement }) => enablement === undefined);
    expect(always.map(({ command }) => command.replace('tilescope.', ''))).toEqual([
      ...['addBoard', 'addSshBoard', 'addLocalBoard', 'addSimulatedBoard', 'showLog', 'openSnapshot'],
      ...['importBookmarks', 'forgetSecrets', 'openDebugged', 'showDebugged', 'sampleAgain'],
      ...['allowHalting', 'addNames'],
    ]);
    const told = new Set(
      [
        sidebarKeys([]),
        editorKeys(undefined, false),
        namesKeys([]),
        dockedKeys(false),
        watchKeys([]),
        bookmarkKeys({ count: 0 }),
        editKeys([]),
        hitKeys([], 0),
      ].flatMap((keys) => Object.keys(keys)),
    );
    const conditions = [...commands, ...Object.values(menus).flat()].flatMap((one) =>
      Object.values(one).map(String),
    );
    const named = conditions.flatMap((one) => [
      ...one.matchAll(/\btilescope\.((?:can|has|must|core|held)[A-Z]\w*)/g),
    ]);
    for (const [, key = ''] of named) expect(told, key).toContain(key);
    for (const key of told) expect(named.map(([, one]) => one)).toContain(key);
  });
});
