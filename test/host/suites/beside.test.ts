import * as assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { simulatedKey } from '../../../src/board/simulated/array.ts';
import type { TileDocument } from '../../../src/editor/document.ts';
import type { TreeNode } from '../../../src/explorer/nodes.ts';
import type { GuestQuestion } from '../../../src/explorer/partition-questions.ts';
import { Bench, free, hexOf, owned, until, untilTrue } from './support.ts';

const tile = { col: 6, row: 2 };

/** A node as a person sees it: label, then what stands beside it. */
function look(node: TreeNode): string {
  const item = node.item(false);
  const beside = typeof item.description === 'string' ? ` | ${item.description}` : '';
  return `${String(item.label)}${beside}`;
}

/** What the page's banner says, and the commands of its buttons. */
function banner(document: TileDocument): { readonly text: string; readonly commands: readonly string[] } {
  const shown = [...document.panels][0]?.state.banner;
  return { text: shown?.text ?? '', commands: shown?.actions.map(({ command }) => command) ?? [] };
}

describe('beside the owner', () => {
  let bench: Bench;
  let asked: GuestQuestion[];
  let warned: string[];
  let answer: boolean;

  const make = async (...options: Parameters<typeof Bench.make>): Promise<void> => {
    bench = await Bench.make(...options);
    bench.api.guest.confirm = async (question) => {
      asked.push(question);
      return answer;
    };
    bench.api.guest.warn = (text) => warned.push(text);
  };
  const nodes = async (): Promise<TreeNode[]> => {
    const { label } = bench.entry.config;
    const board = (await bench.api.tree.getChildren()).find((node) => node.item(false).label === label);
    assert.ok(board, `${label} is not in the tree`);
    return bench.api.tree.getChildren(board);
  };
  const node = async (label: string): Promise<TreeNode> => {
    const found = (await nodes()).find((one) => String(one.item(false).label) === label);
    assert.ok(found, `${label} is not in ${(await nodes()).map(look).join('; ')}`);
    return found;
  };
  const context = async (label: string) => (await node(label)).item(false).contextValue;
  const run = (command: string, argument: unknown) =>
    vscode.commands.executeCommand(`tilescope.${command}`, argument);

  beforeEach(() => {
    asked = [];
    warned = [];
    answer = true;
  });
  afterEach(async () => {
    await bench.dispose();
  });

  it('[attach-6] unlocking asks once per partition and owner; what is applied says that it was; a new owner locks', async () => {
    await make();
    const questions: string[] = [];
    let agree = false;
    bench.api.editor.confirmBeside = async (title, detail) => {
      questions.push(`${title} ${detail}`);
      return agree;
    };
    const document = await bench.open('data', tile, owned);
    assert.match(banner(document).text, /^In use by demo_graph \(1234\)\./);
    assert.deepEqual(banner(document).commands, ['hold']);
    await run('unlock', document.uri);
    assert.equal(document.session.state.policy, 'locked');
    agree = true;
    await run('unlock', document.uri);
    assert.equal(document.session.state.policy, 'staged');
    assert.match(questions[0] ?? '', /demo_graph \(1234\) is running: what you write may be changed or used/);
    await until('the status bar says beside whom', async () =>
      bench.api.statusBar.texts[0]?.includes('Beside demo_graph') ? true : undefined,
    );
    const old = bench.array.peek('data', tile, 0x100, 1)[0] ?? 0;
    bench.type(document, 0x100, [old ^ 0xff]);
    await vscode.commands.executeCommand('tilescope.apply');
    assert.deepEqual([...bench.array.peek('data', tile, 0x100, 1)], [old ^ 0xff]);

    const other = await bench.open('program', tile, owned);
    await run('unlock', other.uri);
    assert.equal(other.session.state.policy, 'staged');
    assert.equal(questions.length, 2, 'the other memory of the partition asks no more');

    bench.array.exitOwner(owned);
    bench.array.startOwner(owned);
    await untilTrue('the new owner is locked', () => document.session.state.policy === 'locked');
    await run('unlock', document.uri);
    assert.equal(questions.length, 3);
  });

  it('[attach-8] without a hold the bytes stay as last read, marked, and nothing is read before a person asks', async () => {
    await make();
    const document = await bench.open('data', tile, owned);
    const { visible } = [...document.panels][0] ?? {};
    assert.ok(visible);
    const before = hexOf(document.session.bytes(visible).bytes);
    const reads = bench.array.count('read');
    bench.array.exitOwner(owned);
    await until('the page says that it ended', () =>
      /^demo_graph \(1234\) ended at .*Bytes as read at /.test(banner(document).text) ? true : undefined,
    );
    assert.deepEqual(banner(document).commands, ['refresh']);
    assert.equal([...document.panels][0]?.state.lastKnown, true);
    assert.equal(hexOf(document.session.bytes(visible).bytes), before);
    assert.equal(bench.array.count('read'), reads);
    await run('refresh', document.uri);
    assert.match(hexOf(document.session.bytes(visible).bytes), /^(00)+$/);
    assert.equal(banner(document).text, '');
  });

  it('[attach-8] held, killed, cut off, released: readable throughout, the tree says how it stands', async () => {
    await make();
    const document = await bench.open('data', tile, owned);
    assert.equal(await context('Columns 6 to 9'), 'partition.used.process');
    answer = false;
    await run('hold', await node('Columns 6 to 9'));
    assert.equal(bench.array.partition(owned)?.hold, undefined);
    answer = true;
    await run('hold', await node('Columns 6 to 9'));
    assert.match(asked.at(-1)?.detail ?? '', /nobody can start the application.*8 hours/);
    assert.match(
      look(await node('Columns 6 to 9')),
      /in use by demo_graph \(1234\), held for post-mortem until /,
    );
    assert.equal(await context('Columns 6 to 9'), 'partition.used.held');

    const far = { col: 8, row: 5 };
    bench.array.poke('data', far, 0x40, [0xde, 0xad]);
    bench.array.exitOwner(owned);
    await untilTrue('everything was read', () => document.session.state.snapshot?.done === true);
    assert.equal(
      look(await node('Columns 6 to 9')),
      'Columns 6 to 9 | owner gone, held: the application cannot start until released',
    );
    assert.match(banner(document).text, /^The application ended, its memory is held until .*read at /);
    assert.equal(bench.array.startOwner(owned), false, 'the application cannot start while held');

    await bench.entry.link.disconnect();
    await bench.entry.link.connect();
    assert.equal(await context('Columns 6 to 9'), 'partition.used.gone');
    const farByte = { offset: (2 * 8 + 4) * 0x8000 + 0x40, length: 2 };
    assert.equal(hexOf(document.session.bytes(farByte).bytes), 'dead', 'a tile that nobody looked at');

    answer = false;
    await run('releaseHold', await node('Columns 6 to 9'));
    assert.ok(bench.array.partition(owned)?.hold);
    answer = true;
    await run('releaseHold', await node('Columns 6 to 9'));
    assert.match(asked.at(-1)?.detail ?? '', /resets these columns and zeroes/);
    await until('the page says what it shows', () =>
      /^The hold ended at .*They are what the application left\./.test(banner(document).text)
        ? true
        : undefined,
    );
    assert.equal(hexOf(bench.array.peek('data', far, 0x40, 2)), '0000');
    assert.equal(hexOf(document.session.bytes(farByte).bytes), 'dead');
    assert.equal(look(await node('Columns 6 to 9')), 'Columns 6 to 9 | free');
  });

  it('[attach-8] a hold that ends elsewhere, in another window or by itself, is said', async () => {
    await make();
    const ended: string[] = [];
    const following = bench.api.guest.onDidEndHold(({ entry }) => ended.push(entry.id));
    await run('hold', await node('Columns 6 to 9'));
    // What another window does arrives as a change of the array.
    bench.array.endHold(owned);
    await untilTrue('its end was said', () => ended.includes(bench.entry.id));
    assert.equal(await context('Columns 6 to 9'), 'partition.used.process');
    await run('hold', await node('Columns 6 to 9'));
    await run('releaseHold', await node('Columns 6 to 9'));
    assert.equal(ended.length, 1, 'what was released here is no news');
    following.dispose();
  });

  it('[attach-3] columns are picked, read, opened again after a reconnection, and forgotten', async () => {
    await make({ dynamic: true });
    const run0 = bench.entry.link.freeColumns[0];
    assert.ok(run0);
    const label = `Columns ${run0.startCol} to ${run0.startCol + run0.numCols - 1}, free`;
    assert.equal(await context(label), 'freeColumns');
    bench.api.guest.askColumns = async (given) => {
      assert.deepEqual(given, run0);
      return { startCol: 1, numCols: 3 };
    };
    await run('pickColumns', await node(label));
    assert.equal(look(await node('Columns 1 to 3')), 'Columns 1 to 3 | free');
    assert.equal(await context('Columns 1 to 3'), 'partition.free.picked');
    const memories = await bench.api.tree.getChildren(await node('Columns 1 to 3'));
    assert.deepEqual(
      memories.map((one) => String(one.item(false).label)),
      ['Data memory', 'Program memory'],
    );
    const document = await bench.open('data', { col: 2, row: 3 }, { startCol: 1, numCols: 3 });
    assert.equal(document.session.state.policy, 'staged');

    await bench.entry.link.disconnect();
    await bench.entry.link.connect();
    await until('they are back', async () =>
      (await nodes()).map(look).includes('Columns 1 to 3 | free') ? true : undefined,
    );

    // Somebody takes one of them: said in place, with what the driver answers.
    bench.array.own({ startCol: 3, numCols: 1 });
    await until('they are lost', async () =>
      (await nodes()).map(look).includes('Columns 1 to 3 | picked, taken') ? true : undefined,
    );
    const lost = await node('Columns 1 to 3');
    const [failure] = await bench.api.tree.getChildren(lost);
    assert.equal(failure?.item(false).contextValue, 'message');
    assert.match(String(failure?.item(false).label), /in use|taken/i);

    bench.array.exitOwner({ startCol: 3, numCols: 1 });
    await until('they are free again, and not taken at once from whoever may want them', async () =>
      (await nodes()).map(look).includes('Columns 1 to 3 | picked, free again') ? true : undefined,
    );
    const again = await bench.api.tree.getChildren(await node('Columns 1 to 3'));
    assert.deepEqual(
      again.map((one) => String(one.item(false).label)),
      ['Data memory', 'Program memory'],
    );

    await run('forgetColumns', lost);
    assert.ok(!(await nodes()).map(look).some((text) => text.startsWith('Columns 1 to 3')));
    assert.deepEqual(bench.api.picks.of(bench.entry.id), []);
  });

  it('[attach-3] [attach-8] a partition that goes with its owner leaves its bytes in the editor', async () => {
    await make({ dynamic: true });
    const document = await bench.open('data', tile, owned);
    const { visible } = [...document.panels][0] ?? {};
    assert.ok(visible);
    const before = hexOf(document.session.bytes(visible).bytes);
    bench.array.exitOwner(owned);
    await until('the page says that it ended', () =>
      banner(document).text.startsWith('demo_graph (1234) ended at ') ? true : undefined,
    );
    assert.equal(hexOf(document.session.bytes(visible).bytes), before);
    await run('refresh', document.uri);
    assert.match(hexOf(document.session.bytes(visible).bytes), /^(00)+$/);
  });

  it('[attach-4] clocks are enabled after a question, from the tree and from the page; never beside an owner', async () => {
    await make();
    const document = await bench.open('data', { col: 3, row: 8 }, free);
    assert.match(banner(document).text, /The clock of tile \(3,8\) is off/);
    assert.deepEqual(banner(document).commands, ['enableClocks']);
    answer = false;
    bench.api.editor.run('enableClocks', document);
    await untilTrue('a person was asked', () => asked.at(-1)?.act === 'enableClocks');
    assert.equal(bench.entry.link.partitions[0]?.clocksOn, false);
    answer = true;
    bench.api.editor.run('enableClocks', document);
    const first = document.shown?.range.offset ?? 0;
    await untilTrue('the tile was read', () => {
      return ((document.session.bytes({ offset: first, length: 1 }).flags[0] ?? 0) & 1) === 1;
    });
    assert.equal(look(await node('Columns 0 to 3')), 'Columns 0 to 3 | free, clocks enabled');
    assert.equal(await context('Columns 0 to 3'), 'partition.free.clocks');
    assert.deepEqual(warned, []);
    await run('disableClocks', await node('Columns 0 to 3'));
    assert.equal(await context('Columns 0 to 3'), 'partition.free');

    const count = bench.array.count('clocks');
    await assert.rejects(
      bench.api.guest.enableClocks({ entry: bench.entry, partition: simulatedKey(owned) }),
      {
        code: 'locked',
      },
    );
    assert.equal(bench.array.count('clocks'), count, 'not even asked for beside an owner');
    const theirs = await bench.open('data', { col: 9, row: 8 }, owned);
    assert.ok(!banner(theirs).commands.includes('enableClocks'));
  });

  it('[truth-6] a driver that turns no clock off again: it is said when a person disables them, by what the registers say', async () => {
    await make({ keepsClocks: true });
    const place = { entry: bench.entry, partition: simulatedKey(free) };
    assert.equal(await bench.api.guest.enableClocks(place), true);
    assert.deepEqual(warned, []);
    await run('disableClocks', await node('Columns 0 to 3'));
    assert.deepEqual(warned, [
      `The driver of ${bench.entry.config.label} does not turn clocks off that are given back to it. Tiles whose clock was off still run, and can be read, in column: 3.`,
    ]);
    assert.equal(await context('Columns 0 to 3'), 'partition.free');
    // They run already: nothing is left behind a second time.
    assert.equal(await bench.api.guest.enableClocks(place), true);
    await run('disableClocks', await node('Columns 0 to 3'));
    assert.equal(warned.length, 1);
  });

  it('[attach-4] a driver that ignores the request: it is said, with a way out, and nothing claims that clocks run', async () => {
    await make({ ignoresClocks: true });
    assert.equal(
      await bench.api.guest.enableClocks({ entry: bench.entry, partition: simulatedKey(free) }),
      false,
    );
    assert.deepEqual(warned, [
      `The driver of ${bench.entry.config.label} ignored the request: tiles whose clock is off stay off and unreadable. Let an application that uses them run, then read beside it.`,
    ]);
    assert.equal(await context('Columns 0 to 3'), 'partition.free');
  });

  it('[attach-9] what the kernel holds: read only after a person was told the price, asked every time', async () => {
    await make();
    bench.array.exitOwner(owned);
    bench.array.own(owned, { kind: 'kernel', pid: 0, command: '', startedAt: 0 });
    assert.equal(look(await node('Columns 6 to 9')), 'Columns 6 to 9 | held by the kernel (XRT)');
    assert.equal(await context('Columns 6 to 9'), 'partition.used.kernel');
    await vscode.commands.executeCommand('vscode.openWith', bench.uri('data', tile, owned), 'tilescope.hex');
    const document = await until('the document is open', () =>
      bench.api.editor.document(bench.uri('data', tile, owned)),
    );
    await until('the way through is offered', () =>
      banner(document).commands.includes('reachKernel') ? true : undefined,
    );
    assert.equal(bench.array.count('kernel-descriptor'), 0);
    answer = false;
    bench.api.editor.run('reachKernel', document);
    await untilTrue('a person was asked', () => asked.at(-1)?.act === 'reachKernel');
    assert.match(asked.at(-1)?.detail ?? '', /xclbin is loaded anew or the board is rebooted/);
    assert.equal(bench.array.count('kernel-descriptor'), 0);
    answer = true;
    bench.api.editor.run('reachKernel', document);
    await untilTrue('the bytes are read', () => {
      const visible = [...document.panels][0]?.visible;
      return visible !== undefined && document.session.readAt(visible) !== undefined;
    });
    assert.equal(bench.array.count('kernel-descriptor'), 1);
    const questions = asked.length;
    await run('reachKernel', await node('Columns 6 to 9'));
    assert.equal(asked.length, questions + 1);
  });

  it('[attach-5] tiles show both row numberings; memory tiles have one', async () => {
    await make({ generation: 'aieml' });
    const memories = await bench.api.tree.getChildren(await node('Columns 0 to 3'));
    const texts = async (label: string): Promise<string[]> => {
      const memory = memories.find((one) => one.item(false).label === label);
      assert.ok(memory);
      const children = await bench.api.tree.getChildren(memory);
      return children.map(look);
    };
    const core = bench.array.shape.core.start;
    assert.ok((await texts('Data memory')).includes(`(0,${core}) | compute row 0`));
    assert.ok((await texts('Memory tiles')).includes(`(0,${bench.array.shape.memory.start})`));
  });
});
