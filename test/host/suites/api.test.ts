import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { MemoryPlace, TilescopeApi, TilescopeError } from '../../../api/tilescope.d.ts';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import { Bench, exported, free, owned } from './support.ts';

const tile = { col: 6, row: 2 };

describe('the API', () => {
  let bench: Bench;
  let api: TilescopeApi;
  /** Bytes of a tile's data memory. */
  const at = (offset: number, length: number, columns = owned, of = tile): MemoryPlace => ({
    board: bench.entry.id,
    partition: simulatedKey(columns),
    memory: 'data',
    tile: of,
    offset,
    length,
  });
  const refused = (asked: Thenable<unknown>, code: TilescopeError['code'], sentence: RegExp) =>
    assert.rejects(
      async () => await asked,
      (error: TilescopeError) => {
        assert.equal(error.name, 'TilescopeError');
        assert.equal(error.code, code, error.message);
        assert.match(error.message, sentence);
        return true;
      },
    );

  beforeEach(async () => {
    bench = await Bench.make();
    api = (await exported()).api(1, 'example.mailbox');
  });
  afterEach(() => bench.dispose());

  it('is given by its version, to an extension of this window', async () => {
    const { versions, api: make } = await exported();
    assert.deepEqual(versions, [1]);
    assert.equal(api.version, 1);
    const code = (wanted: TilescopeError['code']) => (error: TilescopeError) => error.code === wanted;
    assert.throws(() => make(2 as 1, 'example.mailbox'), code('unknown-version'));
    assert.throws(() => make(1, 'nobody.nowhere'), code('unknown-caller'));
  });

  it('lists boards, partitions, memories and tiles without taking a partition', async () => {
    const board = (await api.list()).find(({ id }) => id === bench.entry.id);
    assert.equal(board?.label, bench.entry.config.label);
    assert.equal(board.state, 'connected');
    const [first, used] = board.partitions;
    assert.deepEqual([first?.startCol, first?.numCols, first?.inUse], [0, 4, false]);
    assert.equal(used?.key, simulatedKey(owned));
    assert.deepEqual([used.inUse, used.owner, used.isLeftBehind], [
      true,
      { pid: 1234, command: 'demo_graph' },
      false,
    ]);
    const data = used.memories.find(({ memory }) => memory === 'data');
    assert.equal(data?.bytesPerTile, 0x8000);
    assert.deepEqual(data.tiles[0], { col: 6, row: 1 });
    assert.equal(data.tiles.length, 32);
    assert.equal(bench.array.count('read'), 0);

    let changes = 0;
    const listening = api.onDidChange(() => changes++);
    await bench.entry.link.disconnect();
    listening.dispose();
    assert.ok(changes > 0);
    const gone = (await api.list()).find(({ id }) => id === bench.entry.id);
    assert.deepEqual([gone?.state, gone?.partitions], ['disconnected', []]);
  });

  it('reads what the board holds, without what is staged', async () => {
    bench.array.poke('data', tile, 0x100, [1, 2, 3, 4, 5, 6, 7]);
    const { bytes, unreadable, at: time, epoch } = await api.read(at(0x101, 5));
    assert.deepEqual([...bytes], [2, 3, 4, 5, 6]);
    assert.deepEqual(unreadable, []);
    assert.ok(Math.abs(Date.now() - time) < 60_000);
    const listed = (await api.list()).find(({ id }) => id === bench.entry.id);
    assert.equal(epoch, listed?.partitions[1]?.epoch);
  });

  it('never takes a partition that nobody uses, and gives what a person has read there', async () => {
    const place = at(0, 16, free, { col: 1, row: 2 });
    bench.array.poke('data', { col: 1, row: 2 }, 0, [9, 8, 7]);
    await refused(api.read(place), 'free-partition', /Nobody uses this partition/);
    assert.equal(bench.array.count('read'), 0);
    const document = await bench.open('data', { col: 1, row: 2 });
    bench.type(document, 0, [0xff]);
    const reads = bench.array.count('read');
    assert.deepEqual([...(await api.read(place)).bytes.slice(0, 3)], [9, 8, 7]);
    await refused(api.read(at(0x7ff0, 16, free, { col: 3, row: 8 })), 'free-partition', /Open these bytes/);
    assert.equal(bench.array.count('read'), reads);
  });

  it('refuses what is not as its types say, in words', async () => {
    for (const asked of [undefined, {}, { ...at(0, 4), memory: 'everything' }, { ...at(-1, 4) }, at(0, 0)]) {
      await refused(api.read(asked as MemoryPlace), 'bad-request', /does not name bytes/);
    }
    await refused(api.read(at(0, 2 ** 21)), 'bad-request', /more than/);
    await refused(api.read(at(0x7ffe, 4)), 'outside', /not all within/);
    await refused(api.read(at(0, 4, owned, { col: 1, row: 1 })), 'outside', /not all within/);
    await refused(api.read({ ...at(0, 4), memory: 'memory-tile' }), 'no-memory', /no such memory/);
    await refused(api.read({ ...at(0, 4), board: 'elsewhere' }), 'no-board', /"elsewhere" is not connected/);
    await refused(api.read({ ...at(0, 4), partition: '9_9' }), 'no-partition', /no partition "9_9"/);
    const ended = new vscode.CancellationTokenSource();
    ended.cancel();
    await refused(api.read(at(0, 4), ended.token), 'cancelled', /./);
  });

  it('is used by the example', async () => {
    const board = bench.entry.config.label;
    const lines = await vscode.commands.executeCommand<string[]>('mailbox.boards');
    const from = lines.indexOf(`${board}: connected`);
    assert.match(lines[from + 2] ?? '', /columns 6 to 9, in use by demo_graph: data 32 x 32768/);
    bench.array.poke('data', tile, 0x40, [1, 0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0, 40, 0, 0, 0]);
    const { length: _, ...place } = at(0x40, 20);
    const mailbox = await vscode.commands.executeCommand('mailbox.read', place);
    assert.deepEqual(mailbox, { flag: 1, words: [10, 20, 30, 40] });
  });
});
