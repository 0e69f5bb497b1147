import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import type { ByteRange } from '../model/geometry.ts';
import { SessionError } from './errors.ts';
import { decodeJournal, encodeJournal, type JournalData } from './journal.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';
import type { Gesture } from './types.ts';

const never = new AbortController().signal;
const all: ByteRange = { offset: 0, length: 8192 };

function open(device: ScriptedDevice, time: ManualTime) {
  const link = new BoardLink('board', 'Board', device, time);
  return { link, session: new MemorySession(link, { partition: device.key, memory: 'data' }, time) };
}

async function connected() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const { link, session } = open(device, time);
  await link.connect();
  await session.read(all, never);
  return { time, device, link, session };
}

/** All that is kept of a document, in one piece. */
function journalOf(session: MemorySession, document: string): JournalData | undefined {
  const step = session.journal(document, true);
  if (step.kind !== 'whole') return undefined;
  const gestures = [...step.records].flatMap((record) => ('gesture' in record ? [record.gesture] : []));
  return gestures.length === 0 ? undefined : { ...(step.data as JournalData), gestures };
}

/** What is stored and found again: text. */
function stored(data: JournalData | undefined): unknown {
  return data === undefined ? undefined : JSON.parse(JSON.stringify(data));
}

function put(offset: number, ...bytes: number[]) {
  return { offset, bytes: Uint8Array.from(bytes) };
}

describe('[main-21] staged edits survive a reload', () => {
  test('with the board offline: same bytes, one gesture each, undo works', async () => {
    const { session, device, time } = await connected();
    session.stage('doc', 'type', [put(10, 1)]);
    session.stage('doc', 'paste', [put(10, 2, 3), put(5000, 4)]);
    session.stage('doc', 'type', [put(11, 5)]).undo();
    const kept = stored(journalOf(session, 'doc'));

    const after = open(device, time).session;
    const gestures = after.replay('doc', kept);
    expect(after.geometry).toEqual(device.geometry);
    expect(gestures.map(({ label }) => label)).toEqual(['type', 'paste']);
    expect(after.staged(all)).toEqual([
      { offset: 10, length: 2 },
      { offset: 5000, length: 1 },
    ]);
    expect([...after.bytes({ offset: 10, length: 2 }).bytes]).toEqual([2, 3]);
    expect([...after.bytes({ offset: 10, length: 2 }).flags]).toEqual([4, 4]);
    gestures[1]?.undo();
    expect([...after.bytes({ offset: 10, length: 2 }).bytes]).toEqual([1, 0]);
    gestures[0]?.undo();
    expect(after.isDirty('doc')).toBe(false);
  });

  test('connected again: what the person saw is compared, and applied where it still holds', async () => {
    const { session, device, time } = await connected();
    session.stage('doc', 'type', [put(10, 1), put(20, 2)]);
    const kept = stored(journalOf(session, 'doc'));
    device.bytes[20] = 0x99;
    const after = open(device, time);
    after.session.replay('doc', kept);
    await after.link.connect();
    await after.session.read(all, never);
    expect(after.session.state.epochChanged).toBe(false);
    expect(after.session.conflicts(all)).toEqual([{ offset: 20, length: 1 }]);
    await expect(after.session.apply(all, never)).resolves.toMatchObject({ applied: 1, kept: 1 });
    expect([device.bytes[10], device.bytes[20]]).toEqual([1, 0x99]);
  });

  test('edits of an earlier epoch are not applied after the reload either', async () => {
    const { session, device, time } = await connected();
    session.stage('doc', 'type', [put(10, 1)]);
    const kept = stored(journalOf(session, 'doc'));
    device.epoch = 'epoch-2';
    const after = open(device, time);
    after.session.replay('doc', kept);
    await after.link.connect();
    expect(after.session.state.epochChanged).toBe(true);
    await expect(after.session.apply(all, never)).rejects.toMatchObject({ code: 'epoch' });
    expect(device.writes).toEqual([]);
  });

  test('an undo of an applied edit is kept too', async () => {
    const { session, device, time } = await connected();
    const old = device.bytes.slice(10, 12);
    const first = session.stage('doc', 'type', [put(10, 1, 1)]);
    const second = session.stage('doc', 'type', [put(10, 2)]);
    await session.apply(all, never);
    second.undo();
    first.undo();
    session.stage('doc', 'type', [put(11, 7)]);
    const kept = stored(journalOf(session, 'doc'));
    const after = open(device, time);
    const gestures = after.session.replay('doc', kept);
    await after.link.connect();
    await after.session.read(all, never);
    expect([...after.session.bytes({ offset: 10, length: 2 }).bytes]).toEqual([old[0], 7]);
    expect(after.session.counts()).toEqual({ staged: 2, conflicts: 0 });
    gestures.at(-1)?.undo();
    expect(after.session.bytes({ offset: 10, length: 2 }).bytes).toEqual(old);
  });

  test('two tabs over the same bytes come back in the order of typing, whichever is restored first', async () => {
    for (const tabs of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const { session, device, time } = await connected();
      session.stage('a', 'type', [put(10, 1, 1, 1)]);
      session.stage('b', 'type', [put(10, 2, 2)]);
      session.stage('a', 'type', [put(10, 3)]);
      const kept = new Map(tabs.map((tab) => [tab, stored(journalOf(session, tab))]));
      const after = open(device, time).session;
      const gestures = new Map(tabs.map((tab) => [tab, after.replay(tab, kept.get(tab))]));
      const shown = () => [...after.bytes({ offset: 10, length: 3 }).bytes];
      expect(shown()).toEqual([3, 2, 1]);
      gestures.get('b')?.[0]?.undo();
      expect(shown()).toEqual([3, 1, 1]);
      gestures.get('a')?.[1]?.undo();
      expect(shown()).toEqual([1, 1, 1]);
      gestures.get('b')?.[0]?.redo();
      expect(shown()).toEqual([2, 2, 1]);
    }
  });

  test('kept edits that are restored late are not hidden by what was written meanwhile', async () => {
    const { session, device, time } = await connected();
    session.stage('a', 'type', [put(10, 1)]);
    session.stage('b', 'type', [put(10, 2)]);
    const [a, b] = [stored(journalOf(session, 'a')), stored(journalOf(session, 'b'))];
    const after = open(device, time);
    await after.link.connect();
    await after.session.read(all, never);
    after.session.replay('b', b);
    await after.session.apply(all, never);
    after.session.replay('a', a);
    expect([...after.session.bytes({ offset: 10, length: 1 }).bytes]).toEqual([1]);
    expect(after.session.counts()).toEqual({ staged: 1, conflicts: 1 });
  });

  test('what is applied, undone or reverted is not kept', async () => {
    const { session } = await connected();
    session.stage('doc', 'type', [put(10, 1)]);
    await session.apply(all, never);
    expect(journalOf(session, 'doc')).toBeUndefined();
    session.stage('doc', 'type', [put(10, 2)]).undo();
    expect(journalOf(session, 'doc')).toBeUndefined();
    session.stage('doc', 'type', [put(10, 3)]);
    session.stage('other', 'type', [put(20, 3)]);
    session.revert('doc');
    expect(journalOf(session, 'doc')).toBeUndefined();
    expect(journalOf(session, 'other')?.gestures).toHaveLength(1);
  });

  test('after a partial apply only what was not written is kept', async () => {
    const { session, device } = await connected();
    session.stage('doc', 'type', [put(10, 1, 2, 3)]);
    device.bytes[11] = 0x44;
    await session.apply(all, never);
    const [gesture] = decodeJournal(stored(journalOf(session, 'doc'))).gestures;
    expect(gesture?.runs).toEqual([{ offset: 11, bytes: Uint8Array.of(2), seen: Uint8Array.of(77) }]);
  });

  test('edits whose write was cut off are kept, and found written after the reload', async () => {
    const { session, device, time } = await connected();
    session.stage('doc', 'type', [put(10, 1)]);
    device.hook = (point) => {
      if (point === 'write-done') device.lose();
    };
    await expect(session.apply(all, never)).rejects.toMatchObject({ code: 'connection-lost' });
    device.hook = () => undefined;
    const after = open(device, time);
    after.session.replay('doc', stored(journalOf(session, 'doc')));
    await after.link.connect();
    await after.session.read(all, never);
    expect(after.session.counts()).toEqual({ staged: 0, conflicts: 0 });
    await after.session.apply(all, never);
    expect(after.session.isDirty('doc')).toBe(false);
    expect(device.bytes[10]).toBe(1);
  });

  test('random gestures, undos and applies come back as they were shown', async () => {
    const first = runSeed();
    console.log(`seeds ${first} to ${first + 59}`);
    for (let seed = first; seed < first + 60; seed++) {
      const random = dice(seed);
      const { session, device, time } = await connected();
      const done: Gesture[] = [];
      const undone: Gesture[] = [];
      for (let step = 0; step < 40; step++) {
        const turn = random(10);
        if (turn < 5) {
          undone.length = 0;
          const offset = 4080 + random(30);
          const bytes = Array.from({ length: 1 + random(5) }, () => random(4));
          done.push(
            session.stage(random(2) === 0 ? 'doc' : 'other', `edit ${step}`, [put(offset, ...bytes)]),
          );
        } else if (turn < 7) {
          const gesture = done.pop();
          if (gesture === undefined) continue;
          gesture.undo();
          undone.push(gesture);
        } else if (turn < 9) {
          const gesture = undone.pop();
          if (gesture === undefined) continue;
          gesture.redo();
          done.push(gesture);
        } else await session.apply({ offset: 4080 + random(20), length: 1 + random(15) }, never);
      }
      const before = session.bytes({ offset: 4070, length: 60 });
      const tabs = seed % 2 === 0 ? ['doc', 'other'] : ['other', 'doc'];
      const kept = new Map(tabs.map((tab) => [tab, stored(journalOf(session, tab))]));
      const after = open(device, time);
      const gestures = tabs.flatMap((tab) => {
        const data = kept.get(tab);
        return data === undefined ? [] : after.session.replay(tab, data);
      });
      await after.link.connect();
      await after.session.read(all, never);
      expect(after.session.bytes({ offset: 4070, length: 60 }), `seed ${seed}`).toEqual(before);
      for (const tab of tabs) {
        expect(stored(journalOf(after.session, tab)), `seed ${seed}`).toEqual(kept.get(tab));
      }
      for (const gesture of [...gestures].reverse()) gesture.undo();
      expect(after.session.counts().staged, `seed ${seed}`).toBe(0);
      expect(after.session.isDirty('doc'), `seed ${seed}`).toBe(false);
    }
  });
});

describe('[shape-2] a journal that grows', () => {
  /** A journal as a file would hold it: what each step of it made of it, as text. */
  function follow(session: MemorySession, document: string) {
    let data: Record<string, unknown> | undefined;
    const kinds: string[] = [];
    return {
      kinds,
      take(whole = data === undefined) {
        const step = session.journal(document, whole);
        kinds.push(step.kind);
        if (step.kind === 'empty') data = undefined;
        else {
          const records = JSON.parse(JSON.stringify([...step.records])) as unknown[];
          if (step.kind === 'whole') data = { ...(step.data as object), records };
          else data = { ...data, records: [...((data?.['records'] ?? []) as unknown[]), ...records] };
        }
        return data;
      },
    };
  }

  test('gestures, undos and redos are added; what was written meanwhile makes it anew', async () => {
    const { session } = await connected();
    const journal = follow(session, 'doc');
    const first = session.stage('doc', 'type', [put(10, 1)]);
    journal.take();
    session.stage('doc', 'type', [put(11, 2)]);
    session.stage('other', 'type', [put(12, 3)]);
    first.undo();
    const data = journal.take();
    first.redo();
    journal.take();
    await session.apply({ offset: 10, length: 1 }, never);
    journal.take();
    first.undo();
    journal.take();
    expect(journal.kinds).toEqual(['whole', 'more', 'more', 'whole', 'whole']);
    expect(data?.['records']).toMatchObject([{ id: 1 }, { id: 2 }, { undo: 1 }]);
    expect(decodeJournal(data).gestures).toHaveLength(1);
    session.revert('doc');
    journal.take();
    expect(journal.kinds.at(-1)).toBe('empty');
  });

  test('whatever happens, a grown journal holds what one that is made anew holds', async () => {
    const first = runSeed();
    for (let seed = first; seed < first + 40; seed++) {
      const random = dice(seed);
      const { session, device } = await connected();
      const journals = ['doc', 'other'].map((document) => ({ document, ...follow(session, document) }));
      const gestures: Gesture[] = [];
      for (let step = 0; step < 60; step++) {
        const turn = random(20);
        const document = journals[random(2)]?.document ?? 'doc';
        const offset = 4080 + random(24);
        const gesture = gestures[random(gestures.length + 1)];
        if (turn < 9) {
          const bytes = Array.from({ length: 1 + random(2) }, () => random(4));
          if (!session.state.epochChanged)
            gestures.push(session.stage(document, 'type', [put(offset, ...bytes)]));
        } else if (turn < 12) gesture?.undo();
        else if (turn < 15) gesture?.redo();
        else if (turn < 16)
          await session.apply({ offset, length: 1 + random(8) }, never).catch(() => undefined);
        else if (turn < 17) {
          const discard = session.discard(document, 'discard', { offset, length: 1 + random(8) });
          if (discard !== undefined) gestures.push(discard);
        } else if (turn < 18) {
          device.bytes[offset] = random(4);
          await session.refresh({ offset, length: 1 }, never);
          session.keepMine({ offset, length: 1 });
        } else if (turn < 19) session.revert(document);
        else {
          device.epoch = `epoch-${seed}-${step}`;
          device.announce();
          await session.refresh(all, never);
          await session.rebase(never);
        }
        for (const journal of journals) {
          if (random(3) > 0) continue;
          const data = journal.take();
          const anew = journalOf(session, journal.document);
          const decoded = data === undefined ? [] : decodeJournal(data).gestures;
          const context = `SEED=${seed}, step ${step}, ${journal.document}`;
          expect(decoded, context).toEqual(anew === undefined ? [] : decodeJournal(stored(anew)).gestures);
        }
      }
    }
  });

  test('what is staged while a whole journal is made is in it or in the step after it', async () => {
    const { session } = await connected();
    const gestures = Array.from({ length: 10 }, (_, i) => session.stage('doc', 'type', [put(100 * i, 1)]));
    const step = session.journal('doc', true);
    if (step.kind !== 'whole') throw new Error('not whole');
    const records: unknown[] = [];
    for (const record of step.records) {
      records.push(record);
      if (records.length === 3) {
        gestures[1]?.undo();
        gestures[8]?.undo();
        session.stage('doc', 'type', [put(901, 2)]);
        session.stage('doc', 'type', [put(5000, 2)]);
      }
    }
    gestures[8]?.redo();
    const more = session.journal('doc', false);
    if (more.kind !== 'more') throw new Error('not more');
    const data = { ...(step.data as JournalData), records: [...records, ...more.records] };
    const { gestures: decoded } = decodeJournal(stored(data as JournalData));
    expect(decoded.flatMap(({ runs }) => runs.map(({ offset }) => offset))).toEqual([
      0, 200, 300, 400, 500, 600, 700, 800, 900, 901, 5000,
    ]);
  });

  test.each([
    ['no list', {}],
    ['an undo of no number', [{ undo: 'x' }]],
    ['a gesture without a number', [{ gesture: {} }]],
    ['a number alone', [{ id: 1 }]],
    ['no record', [7]],
  ])('records that are %s are damaged', (_, records) => {
    const device = new ScriptedDevice(new ManualTime());
    expect(() => decodeJournal({ ...encodeJournal(device.key, device.geometry, []), records })).toThrow(
      expect.objectContaining({ code: 'journal-damaged' }),
    );
  });
});

describe('kept edits are hostile until checked', () => {
  const device = new ScriptedDevice(new ManualTime());
  const good = (): Record<string, unknown> =>
    JSON.parse(
      JSON.stringify(
        encodeJournal(device.key, device.geometry, [
          {
            order: 1,
            label: 'type',
            epoch: 'epoch-1',
            runs: [{ ...put(10, 1, 2), seen: Uint8Array.of(3, 4) }],
          },
          { order: 2, label: 'type', epoch: 'epoch-1', runs: [{ ...put(12, 1), seen: Uint8Array.of(3) }] },
        ]),
      ),
    );

  test('an unknown version is told apart from damage', () => {
    expect(() => decodeJournal({ ...good(), version: 2 })).toThrow(
      expect.objectContaining({ code: 'journal-version', facts: { version: 2 } }),
    );
    expect(() => decodeJournal({ ...good(), version: 'x' })).toThrow(
      expect.objectContaining({ code: 'journal-damaged' }),
    );
  });

  test('edits of another memory are refused', () => {
    const { session } = open(device, new ManualTime());
    const geometry = { ...device.geometry, type: 'program' };
    expect(() => session.replay('doc', { ...good(), geometry })).toThrow(
      expect.objectContaining({ code: 'journal-mismatch' }),
    );
    session.replay('doc', good());
    const other = { ...device.geometry, bytesPerTile: 4096 };
    expect(() => session.replay('doc', { ...good(), geometry: other })).toThrow(
      expect.objectContaining({ code: 'journal-mismatch' }),
    );
    expect(session.counts().staged).toBe(3);
  });

  const damages: readonly [
    string,
    (gesture: Record<string, unknown>, run: Record<string, unknown>) => void,
  ][] = [
    ['no runs', (gesture) => Object.assign(gesture, { runs: [] })],
    ['runs that are no list', (gesture) => Object.assign(gesture, { runs: { length: 1 } })],
    ['no order', (gesture) => Object.assign(gesture, { order: Number.MAX_SAFE_INTEGER })],
    ['a label that is no text', (gesture) => Object.assign(gesture, { label: 5 })],
    ['an endless epoch', (gesture) => Object.assign(gesture, { epoch: 'x'.repeat(5000) })],
    ['an offset outside', (_gesture, run) => Object.assign(run, { offset: 32_768 })],
    ['a negative offset', (_gesture, run) => Object.assign(run, { offset: -1 })],
    ['a fraction', (_gesture, run) => Object.assign(run, { offset: 0.5 })],
    ['bytes that are no base64', (_gesture, run) => Object.assign(run, { bytes: '%%' })],
    ['no bytes', (_gesture, run) => Object.assign(run, { bytes: '', seen: '' })],
    ['fewer seen bytes than bytes', (_gesture, run) => Object.assign(run, { seen: 'AAA=' })],
  ];
  for (const [name, damage] of damages) {
    test(`refused, and the other edits stay: ${name}`, () => {
      const { session } = open(device, new ManualTime());
      session.replay('other', good());
      const data = good();
      const gesture: unknown = Array.isArray(data['gestures']) ? data['gestures'][1] : undefined;
      if (typeof gesture !== 'object' || gesture === null || !('runs' in gesture))
        throw new Error('no gesture');
      const run: unknown = Array.isArray(gesture.runs) ? gesture.runs[0] : undefined;
      if (typeof run !== 'object' || run === null) throw new Error('no run');
      damage(gesture as Record<string, unknown>, run as Record<string, unknown>);
      expect(() => session.replay('doc', data)).toThrow(expect.objectContaining({ code: 'journal-damaged' }));
      expect(session.counts().staged).toBe(3);
      expect(session.isDirty('doc')).toBe(false);
    });
  }

  test('whatever is put in place of any part, it is a typed error or a good journal', () => {
    const junk: readonly unknown[] = [
      null,
      undefined,
      0,
      -1,
      1e300,
      Number.NaN,
      '',
      'AAAA',
      [],
      {},
      [[]],
      true,
    ];
    const replaceAt = (value: unknown, path: number[], put: unknown): unknown => {
      const [head, ...rest] = path;
      if (head === undefined || typeof value !== 'object' || value === null) return put;
      const keys = Object.keys(value);
      const key = keys[head % Math.max(1, keys.length)];
      if (key === undefined) return put;
      const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
      Reflect.set(copy, key, replaceAt(Reflect.get(value, key), rest, put));
      return copy;
    };
    let refused = 0;
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 8; b++) {
        for (let c = 0; c < 4; c++) {
          for (let depth = 0; depth <= 5; depth++) {
            for (const item of junk) {
              const data = replaceAt(good(), [a, b, c, b, c].slice(0, depth), item);
              try {
                decodeJournal(data);
              } catch (error) {
                expect(error).toBeInstanceOf(SessionError);
                refused++;
              }
            }
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test('what was undone counts no more: a large gesture may come and go often', () => {
    const length = 6 << 20;
    const text = btoa('\0'.repeat(length));
    const geometry = { ...device.geometry, numRows: 2, bytesPerTile: length };
    const records = Array.from({ length: 23 }, (_, i) => {
      const runs = [{ offset: 0, bytes: text, seen: text }];
      return [{ undo: 1 }, { id: 1, gesture: { order: i + 1, label: 'fill', epoch: 'e', runs } }];
    }).flat();
    const { gestures } = decodeJournal({ ...good(), geometry, gestures: [], records });
    expect(gestures.map(({ order, runs }) => [order, runs[0]?.bytes.length])).toEqual([[23, length]]);
  });

  test('long runs pass unharmed', () => {
    const bytes = Uint8Array.from({ length: 32_768 }, (_, i) => (i * 31) & 0xff);
    const layers = [
      { order: 1, label: 'paste', epoch: 'e', runs: [{ offset: 0, bytes, seen: bytes.slice().reverse() }] },
    ];
    const decoded = decodeJournal(stored(encodeJournal(device.key, device.geometry, layers)));
    expect(decoded.gestures).toEqual(layers);
  });
});
