import * as assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { MemoryPlace, TilescopeApi, TilescopeError, WatchNews } from '../../../api/tilescope.d.ts';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import type { ModalQuestion, UnaskedAnswer } from '../../../src/say/say.ts';
import { Bench, exported, free, hexOf, owned, until, untilDirty, untilTrue } from './support.ts';

const tile = { col: 6, row: 2 };

describe('the API', () => {
  let bench: Bench;
  let api: TilescopeApi;
  let folder = '';
  /** What a person was asked, and what they answer. */
  let asked: ModalQuestion[] = [];
  let answer: UnaskedAnswer = 'yes';
  const confirm = async (question: ModalQuestion): Promise<UnaskedAnswer> => {
    asked.push(question);
    return answer;
  };
  /** Bytes of a tile's data memory. */
  const at = (offset: number, length: number, columns = owned, of = tile): MemoryPlace => ({
    board: bench.entry.id,
    partition: simulatedKey(columns),
    memory: 'data',
    tile: of,
    offset,
    length,
  });
  const refused = (call: Thenable<unknown>, code: TilescopeError['code'], sentence: RegExp) =>
    assert.rejects(
      async () => await call,
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
    folder = await mkdtemp(join(tmpdir(), 'tilescope-api-'));
    asked = [];
    answer = 'yes';
    bench.api.api.confirm = confirm;
  });
  afterEach(async () => {
    await bench.dispose();
    await rm(folder, { recursive: true, force: true });
  });
  const held = (offset: number, length: number): string =>
    hexOf(bench.array.peek('data', tile, offset, length));

  it('[live-11] is given by its version, to an extension of this window', async () => {
    const { versions, api: make } = await exported();
    assert.deepEqual(versions, [1]);
    assert.equal(api.version, 1);
    const code = (wanted: TilescopeError['code']) => (error: TilescopeError) => error.code === wanted;
    assert.throws(() => make(2 as 1, 'example.mailbox'), code('unknown-version'));
    assert.throws(() => make(1, 'nobody.nowhere'), code('unknown-caller'));
  });

  it('[live-11] lists boards, partitions, memories and tiles without taking a partition', async () => {
    const board = (await api.list()).find(({ id }) => id === bench.entry.id);
    assert.equal(board?.label, bench.entry.config.label);
    assert.equal(board.state, 'connected');
    const [first, used] = board.partitions;
    assert.deepEqual([first?.startCol, first?.numCols, first?.inUse], [0, 4, false]);
    assert.equal(used?.key, simulatedKey(owned));
    assert.deepEqual(
      [used.inUse, used.owner, used.isLeftBehind],
      [true, { pid: 1234, command: 'demo_graph' }, false],
    );
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

  it('[live-11] reads what the board holds, without what is staged', async () => {
    bench.array.poke('data', tile, 0x100, [1, 2, 3, 4, 5, 6, 7]);
    const { bytes, unreadable, at: time, epoch } = await api.read(at(0x101, 5));
    assert.deepEqual([...bytes], [2, 3, 4, 5, 6]);
    assert.deepEqual(unreadable, []);
    assert.ok(Math.abs(Date.now() - time) < 60_000);
    const listed = (await api.list()).find(({ id }) => id === bench.entry.id);
    assert.equal(epoch, listed?.partitions[1]?.epoch);
  });

  it('[live-11] never takes a partition that nobody uses, and gives what a person has read there', async () => {
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

  it('[live-11] refuses what is not as its types say, in words', async () => {
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

  it('[live-11] writes at once what a person agreed to, who saw who asks, the owner, and the bytes now and then', async () => {
    bench.array.poke('data', tile, 0x200, [1, 2, 3, 4]);
    const bytes = Uint8Array.of(5, 6, 7, 8);
    const other = (await exported()).api(1, 'tilescope.tilescope');
    answer = 'no';
    await refused(other.write(at(0x200, 4), bytes, { how: 'immediate' }), 'declined', /did not agree/);
    await refused(other.write(at(0x200, 4), bytes, { how: 'immediate' }), 'too-many', /Ask later/);
    assert.equal(asked.length, 1);
    assert.equal(held(0x200, 4), '01020304');
    answer = 'yes';
    // The caller changes its bytes while the person reads the question.
    const buffer = Buffer.from(bytes);
    bench.api.api.confirm = async (question) => {
      buffer.fill(0xff);
      return await confirm(question);
    };
    const result = await api.write(at(0x200, 4), buffer, { how: 'immediate' });
    assert.deepEqual(result, { outcome: 'written', left: [] });
    assert.equal(held(0x200, 4), '05060708');
    const question = asked[1];
    assert.match(question?.title ?? '', /^Change 4 bytes of Bench \d+ for Mailbox \(example\.mailbox\)\?$/);
    assert.match(
      question?.detail ?? '',
      /^Data memory, Columns 6 to 9\n\(6,2\)\+0x0200: 01 02 03 04 \u2192 05 06 07 08\n\nThe partition is in use by demo_graph \(1234\)/,
    );
    // The consent was for this write: the memory is as locked as before, and nothing is staged.
    const document = await bench.open('data', tile, owned);
    assert.equal(document.session.state.policy, 'locked');
    assert.equal(document.session.state.agreedBeside, false);
    assert.equal(document.session.counts().staged, 0);
    await api.write(at(0x200, 1), Uint8Array.of(9), { how: 'immediate' });
    assert.equal(asked.length, 3);
    assert.ok(document.session.writeLog.some(({ after }) => after[0] === 9));
    // What is there already needs no question, and what cannot be shown none either.
    assert.equal((await api.write(at(0x200, 1), Uint8Array.of(9), { how: 'immediate' })).outcome, 'written');
    const many = new Uint8Array(512).fill(0xee);
    await refused(api.write(at(0x800, 512), many, { how: 'immediate' }), 'bad-request', /cannot be shown/);
    // A lock that a person chose is no program's to open, and a question that was given up opens nothing.
    document.session.agreeBeside(document.session.occupant);
    document.session.setPolicy('locked');
    await refused(api.write(at(0x200, 1), Uint8Array.of(1), { how: 'immediate' }), 'locked', /Unlock it/);
    document.session.setPolicy('staged');
    assert.equal(asked.length, 3);
    const ended = new vscode.CancellationTokenSource();
    bench.api.api.confirm = async () => {
      ended.cancel();
      return 'yes';
    };
    await refused(api.write(at(0x200, 1), Uint8Array.of(1), {}, ended.token), 'cancelled', /./);
    assert.equal(document.session.counts().staged, 0);
    // One question at a time.
    let say: (answer: UnaskedAnswer) => void = () => undefined;
    bench.api.api.confirm = (one) => {
      asked.push(one);
      return new Promise((done) => {
        say = done;
      });
    };
    const first = api.write(at(0x210, 1), Uint8Array.of(1), { how: 'immediate' });
    await untilTrue('a person is asked', () => asked.length === 4);
    await refused(api.write(at(0x211, 1), Uint8Array.of(2)), 'too-many', /asked about another write/);
    say('yes');
    assert.equal((await first).outcome, 'written');
    assert.equal(held(0x210, 1), '01');
    assert.equal(asked.length, 4);
    assert.ok(document.session.writeLog.some(({ after }) => after[0] === 9));
  });

  it('[live-11] writes nothing over bytes that are not as the caller or the person saw them', async () => {
    bench.array.poke('data', tile, 0x200, [1, 2, 3, 4]);
    const seen = Uint8Array.of(1, 9, 9, 4);
    const options = { how: 'immediate', seen } as const;
    const left = await api.write(at(0x200, 4), new Uint8Array(4), options);
    assert.deepEqual(left, { outcome: 'left', left: [{ offset: 1, length: 2, why: 'conflict' }] });
    assert.equal(asked.length, 0);
    // Also where the byte that changed is one that would have stayed as it was.
    for (const [offset, bytes] of [
      [0x1fd, Uint8Array.of(6, 6, 6, 6, 2)],
      [0x200, Uint8Array.of(1, 2, 9)],
    ] as const) {
      bench.array.poke('data', tile, 0x1fc, [0, 0, 0, 0, 1, 2, 3, 4]);
      bench.api.api.confirm = async () => {
        bench.array.poke('data', tile, 0x201, [0x77]);
        return 'yes';
      };
      const late = await api.write(at(offset, bytes.length), bytes, { how: 'immediate' });
      assert.deepEqual(late.left, [{ offset: 0x201 - offset, length: 1, why: 'conflict' }]);
      assert.equal(held(0x1fc, 8), '0000000001770304');
    }
    const document = await bench.open('data', tile, owned);
    assert.equal(document.session.counts().staged, 0);
  });

  it('[live-11] stages in an editor unless told otherwise: the person applies; what is staged or locked is left alone', async () => {
    bench.array.poke('data', tile, 0x300, [1, 2]);
    await refused(api.write(at(0x300, 2), Uint8Array.of(8, 9)), 'locked', /Unlock it in its editor/);
    const open = await bench.open('data', tile, owned);
    open.session.agreeBeside(open.session.occupant);
    const result = await api.write(at(0x300, 2), Uint8Array.of(8, 9));
    assert.deepEqual(result, { outcome: 'staged', left: [] });
    assert.match(asked[0]?.title ?? '', /^Stage changes of 2 bytes of Bench \d+ for Mailbox/);
    const uri = bench.uri('data', tile, owned);
    await untilDirty(uri, true);
    assert.equal(held(0x300, 2), '0102');
    await refused(api.write(at(0x301, 1), Uint8Array.of(7)), 'edits-staged', /applied or discarded/);
    await vscode.commands.executeCommand('tilescope.apply', uri);
    await untilTrue('it was applied', () => held(0x300, 2) === '0809');
    const program = { ...at(0, 16), memory: 'program' as const };
    await refused(api.write(program, new Uint8Array(16)), 'locked', /Program memory is for people/);
    assert.equal(asked.length, 1);
  });

  it('[live-11] writes to a partition that nobody uses what a person has read there, and asks', async () => {
    const place = at(0, 2, free, { col: 1, row: 2 });
    await refused(api.write(place, new Uint8Array(2), { how: 'immediate' }), 'free-partition', /Nobody uses/);
    assert.equal(bench.array.count('read') + bench.array.count('write'), 0);
    const document = await bench.open('data', { col: 1, row: 2 });
    document.session.setPolicy('locked');
    await refused(api.write(place, new Uint8Array(2)), 'locked', /Unlock it in its editor first/);
    document.session.setPolicy('staged');
    assert.equal(asked.length, 0);
    await api.write(place, Uint8Array.of(3, 4), { how: 'immediate' });
    assert.equal(hexOf(bench.array.peek('data', { col: 1, row: 2 }, 0, 2)), '0304');
  });

  it('[live-11] watches bytes, says when nothing comes, and goes on by itself', async () => {
    bench.array.poke('data', tile, 0x400, [1]);
    const news: WatchNews[] = [];
    const last = () => {
      const one = news.at(-1);
      return one?.kind === 'bytes' ? one.bytes[0] : one?.why;
    };
    const watch = await api.watch(at(0x400, 4), (one) => news.push(one), { periodMs: 33 });
    try {
      await untilTrue('the first bytes come', () => last() === 1);
      bench.array.poke('data', tile, 0x400, [2]);
      await untilTrue('the change comes', () => last() === 2);
      const changes = news.length;
      bench.array.poke('data', tile, 0x500, [2]);
      await bench.entry.link.disconnect();
      await untilTrue('the pause is told', () => last() === 'no-board');
      assert.equal(news.length, changes + 1);
      bench.array.poke('data', tile, 0x400, [3]);
      await bench.entry.link.connect();
      await untilTrue('it goes on', () => last() === 3);
      bench.array.exitOwner(owned);
      await untilTrue('a free partition is not looked at', () => last() === 'free');
    } finally {
      watch.dispose();
    }
    await refused(
      api.watch({ ...at(0, 4), memory: 'program' }, () => undefined),
      'locked',
      /Program memory/,
    );
    await refused(
      api.watch(at(0, 4), () => undefined, { periodMs: 1 }),
      'bad-request',
      /listener, and a period/,
    );
  });

  it('[live-11] keeps a tile in a snapshot that Tilescope opens', async () => {
    bench.array.poke('data', tile, 0x10, [0xab]);
    const file = vscode.Uri.file(join(folder, 'tile.aiesnap'));
    const { partition, board } = at(0, 1);
    const result = await api.snapshot({ board, partition, memory: 'data', tile }, file);
    assert.deepEqual(result, { missing: 0 });
    assert.ok((await stat(file.fsPath)).size > 0);
    const resource = await bench.api.boardCommands.openSnapshot(file.fsPath);
    try {
      assert.deepEqual([resource.memory, resource.tile ?? tile], ['data', tile]);
    } finally {
      await bench.api.boards.remove(resource.board);
    }
    const place = { board, partition, memory: 'data' as const, tile };
    await refused(
      api.snapshot(place, undefined as unknown as vscode.Uri),
      'bad-request',
      /ends in \.aiesnap/,
    );
    const mine = vscode.Uri.file(join(folder, 'mine.aiesnap'));
    await vscode.workspace.fs.writeFile(mine, Buffer.from('my notes'));
    await refused(api.snapshot(place, mine), 'bad-request', /is no snapshot/);
    assert.equal((await readFile(mine.fsPath)).toString(), 'my notes');
    assert.deepEqual(await api.snapshot(place, file), { missing: 0 });
    const nowhere = { board, partition: simulatedKey(free), memory: 'data' as const };
    await refused(api.snapshot(nowhere, file), 'free-partition', /Nobody uses/);
  });

  it('[live-11] has commands for tasks and for extensions elsewhere, which take and answer texts', async () => {
    const run = (name: string, given?: unknown) =>
      vscode.commands.executeCommand<string>(`tilescope.api.${name}`, given);
    bench.array.poke('data', tile, 0x600, [0xde, 0xad]);
    assert.ok((await run('list')).includes(`"id":"${bench.entry.id}"`));
    assert.equal(await run('read', at(0x600, 2)), 'de ad');
    const written = await run('write', { ...at(0x600, 2), bytes: 'beef', how: 'immediate' });
    assert.deepEqual(JSON.parse(written), { outcome: 'written', left: [] });
    assert.match(asked[0]?.title ?? '', /for a task or command\?$/);
    assert.equal(held(0x600, 2), 'beef');
    const changed = run('waitForChange', at(0x600, 2));
    const poking = setInterval(() => bench.array.poke('data', tile, 0x600, [1]), 50);
    assert.equal(await changed.then(undefined, String), '01 ef');
    clearInterval(poking);
    const file = join(folder, 'memory.aiesnap');
    assert.deepEqual(JSON.parse(await run('snapshot', { ...at(0, 1), file })), { missing: 0 });
    assert.equal((await readFile(file)).subarray(0, 2).toString(), 'PK');
    await refused(run('read', { ...at(0, 1), caller: 'no.body' }), 'unknown-caller', /"no\.body"/);
    await refused(run('waitForChange', at(0x7fff, 4)), 'outside', /not all within/);
    await refused(run('waitForChange', { ...at(0, 4), board: 'elsewhere' }), 'no-board', /not connected/);
    await refused(run('write', { ...at(0, 1), bytes: 'zz' }), 'bad-request', /docs\/api\.md/);
  });

  it('[live-11] is used by the example', async () => {
    const board = bench.entry.config.label;
    const lines = await vscode.commands.executeCommand<string[]>('mailbox.boards');
    const from = lines.indexOf(`${board}: connected`);
    assert.match(lines[from + 2] ?? '', /columns 6 to 9, in use by demo_graph: data 32 x 32768/);
    bench.array.poke('data', tile, 0x40, [1, 0, 0, 0, 10, 0, 0, 0, 20, 0, 0, 0, 30, 0, 0, 0, 40, 0, 0, 0]);
    const { length: _, ...place } = at(0x40, 20);
    const mailbox = await vscode.commands.executeCommand('mailbox.read', place);
    assert.deepEqual(mailbox, { flag: 1, words: [10, 20, 30, 40] });

    // It waits for the next message, and answers it once a person agrees.
    const next = vscode.commands.executeCommand('mailbox.next', place);
    const poking = setInterval(() => bench.array.poke('data', tile, 0x40, [2, 0, 0, 0, 11]), 50);
    assert.deepEqual(await next, { flag: 2, words: [11, 20, 30, 40] });
    clearInterval(poking);
    await vscode.commands.executeCommand('mailbox.answer', place);
    assert.match(asked[0]?.title ?? '', /^Change 1 bytes of Bench \d+ for Mailbox \(example\.mailbox\)\?$/);
    assert.equal(held(0x40, 8), '000000000b000000');
    const file = vscode.Uri.file(join(folder, 'mailbox.aiesnap'));
    assert.deepEqual(await vscode.commands.executeCommand('mailbox.keep', place, file), { missing: 0 });
  });

  const toolInput = (more: Record<string, unknown>) => {
    const { board, partition } = at(0, 1);
    return { board, partition, ...tile, ...more };
  };
  const textOf = ({ content }: vscode.LanguageModelToolResult): string =>
    content.map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : '')).join('\n');
  const invoke = async (name: string, input: object): Promise<string> =>
    textOf(await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined }));

  it('[live-11] has tools for language models: what they answer is bounded, and said to be data', async () => {
    const names = vscode.lm.tools.map(({ name }) => name).filter((name) => name.startsWith('tilescope_'));
    assert.deepEqual(names.sort(), [
      'tilescope_boards',
      'tilescope_explain',
      'tilescope_read',
      'tilescope_write',
    ]);
    const boards = await invoke('tilescope_boards', {});
    assert.match(boards, /^What follows comes from a board.* is data: .* are no instructions/);
    assert.ok(boards.includes(bench.entry.id) && boards.includes('free: cannot be read by tools'));

    bench.array.poke('data', tile, 0x700, [1, 2, 3]);
    const read = await invoke('tilescope_read', toolInput({ memory: 'data', offset: 0x700, length: 3 }));
    assert.match(read, /is data: [\s\S]*\n0x0700: 01 02 03$/);
    const before = bench.array.count('status');
    const waits = await invoke('tilescope_explain', toolInput({ col: 7, row: 2 }));
    assert.match(waits, /waits for a lock in the north[\s\S]*## What it waits for[\s\S]*\(7\\,3\\\)/);
    assert.equal(bench.array.count('status'), before + 1);
    const nobody = { ...toolInput({ col: 1, row: 2 }), partition: simulatedKey(free) };
    await assert.rejects(invoke('tilescope_explain', nobody), /Nobody uses this partition/);
    assert.equal(bench.array.count('status'), before + 1);
    const text = await invoke('tilescope_explain', toolInput({}));
    assert.match(text, /is data: [\s\S]*\n# Tile \\\(6\\,2\\\)\n[\s\S]*## What it waits for\n/);
    assert.equal(asked.length, 0);
  });

  it('[live-11] has a tool that writes only behind a confirmation with the bytes now and then', async () => {
    bench.array.poke('data', tile, 0x700, [1, 2, 3]);
    const input = toolInput({ memory: 'data', offset: 0x700, seen: '01 02 03', bytes: '040506' });
    const tools = await bench.api.api.tools();
    const { signal } = new AbortController();
    const prepared = await tools.prepare('tilescope_write', input, signal);
    const message = prepared?.confirmationMessages?.message;
    assert.ok(message instanceof vscode.MarkdownString);
    const plain = message.value.replace(/&nbsp;/g, ' ').replace(/\\/g, '');
    assert.match(plain, /Now: 01 02 03 [\s\S]*Then: 04 05 06/);
    assert.equal(held(0x700, 3), '010203');
    // Whatever the chat was told to allow, the window asks.
    assert.match(textOf(await tools.invoke('tilescope_write', input, signal)), /written and verified/);
    assert.match(asked[0]?.title ?? '', /for a language model\?$/);
    assert.equal(held(0x700, 3), '040506');
    assert.match(textOf(await tools.invoke('tilescope_write', input, signal)), /0x0700 on: conflict/);
    await refused(
      tools.invoke('tilescope_write', { ...input, bytes: '04' }, signal),
      'bad-request',
      /is data: [\s\S]*schema/,
    );
    answer = 'never';
    const back = { ...input, seen: '040506', bytes: '010203' };
    await refused(tools.invoke('tilescope_write', back, signal), 'declined', /is data: [\s\S]*did not agree/);
    answer = 'yes';
    await refused(tools.invoke('tilescope_write', back, signal), 'declined', /not want to be asked/);
    assert.equal(held(0x700, 3), '040506');
    await refused(
      tools.invoke('tilescope_read', toolInput({ memory: 'data', offset: 0, length: 1025 }), signal),
      'bad-request',
      /schema/,
    );
  });

  it('[live-11] lets language models call only so often', async () => {
    const tools = await bench.api.api.tools();
    const { signal } = new AbortController();
    const call = () =>
      tools.invoke('tilescope_boards', {}, signal).then(
        () => undefined,
        (error: Error) => error,
      );
    const refusal = await until('there were too many calls', call);
    assert.match(refusal.message, /^Too many calls\. Wait \d+ seconds/);
  });
});
