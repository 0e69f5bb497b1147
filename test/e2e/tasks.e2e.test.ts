/**
 * The ten tasks of docs/tasks.md, done as a person does them, with no more keys and clicks than it says there; a picture of the
 * end of each. What is prepared, and what is looked at afterwards, does not count.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { makeElf } from '../program/elf.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { Person } from './person.ts';

const FREE = /Columns 0 to 3/;
const IN_USE = /Columns 6 to 9/;
/** What the build calls 64 bytes of tile (1,3). */
const BUFFER = 'in_buff';
const BUFFER_AT = 0x400;

/** A build with one kernel, on tile (1,3), whose program has one buffer. */
async function writeBuild(folder: string): Promise<void> {
  const place = { column: 1, row: 2 };
  const control = join(folder, 'Work', 'ps', 'c_rts');
  await mkdir(control, { recursive: true });
  const config = {
    schema_version: { major: '1', minor: '0', patch: '0' },
    aie_metadata: {
      driver_config: { hw_gen: 1, aie_tile_row_start: 1, partition_overlay_start_cols: [0] },
      graphs: { graph0: { id: 0, name: 'mygraph' } },
      RTPs: {},
      TileMapping: {
        AIEKernelToTileMapping: [{ graph: 'mygraph', ...place, schedule: 0, function: 'scale.k[0]' }],
      },
    },
  };
  await writeFile(join(control, 'aie_control_config.json'), JSON.stringify(config));
  const release = join(folder, 'Work', 'aie', '1_2', 'Release');
  await mkdir(release, { recursive: true });
  const elf = makeElf({ flags: 1, symbols: [{ name: BUFFER, value: 0x38000 + BUFFER_AT, size: 64 }] });
  await writeFile(join(release, '1_2'), elf);
}

/** The most actions of each task by its number, as the table of the tasks has them. */
async function limitsOfTasks(): Promise<ReadonlyMap<number, number>> {
  const text = await readFile(join(root, 'docs', 'tasks.md'), 'utf8');
  return new Map(
    [...text.matchAll(/^\| (\d+)\. .*\| (\d+) \|$/gm)].map(([, task, limit]) => [
      Number(task),
      Number(limit),
    ]),
  );
}

describe('[hex-12] ten tasks', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let limits: ReadonlyMap<number, number>;
  let person: Person;

  beforeAll(async () => {
    limits = await limitsOfTasks();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-tasks-'));
    await writeBuild(folder);
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.waitForRow(IN_USE);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await workbench.discardEditors();
    for (const partition of [FREE, IN_USE]) await workbench.collapse(partition);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      await workbench.screenshot(`task-failed-${/\d+/.exec(task.name)?.[0]}`);
  });

  /** The page of an editor; of several that show the same, by its place from left to right. */
  async function pageOf(title: string, place = 0): Promise<HexEditorPage> {
    const selector = `h1.title:has-text("${title}")`;
    const shown = async (): Promise<HexEditorPage | undefined> => {
      const found: { readonly left: number; readonly page: HexEditorPage }[] = [];
      for (const frame of workbench.page.frames()) {
        const heading = frame.locator(selector);
        const box = (await heading.count().catch(() => 0)) === 1 ? await heading.boundingBox() : null;
        if (box !== null) found.push({ left: box.x, page: new HexEditorPage(workbench.page, frame) });
      }
      return found.sort((a, b) => a.left - b.left)[place]?.page;
    };
    let page: HexEditorPage | undefined;
    const look = async (): Promise<boolean> => {
      page = await shown();
      return page !== undefined;
    };
    await expect.poll(look, { message: `editor ${place} of ${title}` }).toBe(true);
    if (page === undefined) throw new Error('unreachable');
    await page.frame.locator('#grid .layer .cell.bytes', { hasText: /\w/ }).nth(3).waitFor();
    return page;
  }

  /** Has the editor show single bytes: a new tab begins with what was last chosen for its type of memory. */
  async function asBytes(editor: HexEditorPage): Promise<HexEditorPage> {
    const shown = [
      ['cells', 'hex'],
      ['bytes', '1'],
      ['addresses', 'tile'],
    ] as const;
    for (const [name, key] of shown) {
      // A long list has its options only while it has the keys.
      await viewList(editor, name).focus();
      await viewList(editor, name).selectOption(key);
    }
    await editor.frame.locator('.details .value', { hasText: /^value [0-9A-F]{2} / }).waitFor();
    return editor;
  }

  /** Opens the data memory of the partition that nobody uses: all tiles, or one of them. */
  async function openData(tile?: string): Promise<HexEditorPage> {
    await workbench.expand(FREE);
    if (tile === undefined) await workbench.inlineAction('Data memory', 'Open Tile Memory');
    else {
      await workbench.expand('Data memory');
      await workbench.clickRow(tile);
    }
    return asBytes(
      await pageOf(tile === undefined ? 'Data memory · columns 0 to 3' : `Data memory · tile ${tile}`),
    );
  }

  /** Does a task with counted hands: no more actions than its limit, and a picture of its end. */
  async function doTask(number: number, act: (hands: Person) => Promise<void>): Promise<void> {
    person = new Person(workbench);
    await act(person);
    await workbench.screenshot(`task-${number}`);
    const limit = limits.get(number);
    expect(limit, 'the table has the task').toBeDefined();
    console.log(`task ${number}: ${person.actions} actions, at most ${limit}`);
    expect(person.actions).toBeLessThanOrEqual(limit ?? 0);
  }

  const viewList = (editor: HexEditorPage, name: string) =>
    editor.frame.locator(`.view-line [data-name=${name}]`);
  const findPart = (editor: HexEditorPage, name: string) =>
    editor.frame.locator(`.find-line [data-name=${name}]`);
  const clipboard = () => workbench.page.evaluate(() => navigator.clipboard.readText());
  const said = (editor: HexEditorPage) => expect.poll(() => editor.details());

  test('[names-11] from golden data that differ to the first wrong word of a named buffer in three actions', async () => {
    const editor = await asBytes(await openData('(1,3)'));
    const golden: string[] = [];
    for (const at of ['0x400', '0x410', '0x420', '0x430']) golden.push(...(await editor.rowAt(at)));
    const bytes = Uint8Array.from(golden, (byte) => Number.parseInt(byte, 16));
    for (const word of [6, 9]) new DataView(bytes.buffer).setUint32(4 * word, 0x12345678, true);
    await writeFile(join(folder, 'golden.bin'), bytes);
    await editor.goTo('0x0');
    const hands = new Person(workbench);
    const actions = [
      async () => {
        await hands.fromMenu('Go to Name...');
        await hands.isAsked(BUFFER);
        await hands.answer();
        await said(editor).toContain('64 bytes selected');
      },
      () => hands.fromMenu('Compare with File...'),
      async () => {
        await hands.isAsked('golden.bin');
        await hands.click(
          workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'golden.bin' }),
        );
      },
    ];
    for (const act of actions) await act();
    await said(editor).toMatch(/in_buff\+0x18 .*differs, expected 78/);
    await workbench.screenshot('golden-first-wrong-word');
    await workbench.row(/golden\.bin.*2 of (16|64) values differ/).waitFor();
  });

  test('1. finds which tile holds NaN in a buffer, and sets it to 0', async () => {
    let editor = await openData('(1,3)');
    await editor.typeAt('0x410', '0000c07f');
    await editor.waitForStaged(4);
    await editor.apply();
    await workbench.discardEditors();
    await workbench.expand(FREE);
    const row = await workbench.waitForRow('Data memory');
    await row.hover();

    await doTask(1, async (hands) => {
      await hands.click(row.locator('a[aria-label^="Open Tile Memory"]'));
      editor = await pageOf('Data memory · columns 0 to 3');
      await hands.fromMenu('Go to Name...');
      await hands.isAsked(BUFFER);
      await hands.answer();
      await said(editor).toContain('64 bytes selected');
      await hands.press('Control+f');
      await editor.frame.locator('.find-line [data-name=find-text]:focus').waitFor();
      await hands.choose(findPart(editor, 'find-kind'), 'v');
      await hands.choose(findPart(editor, 'find-cells'), 'float3');
      await hands.choose(findPart(editor, 'find-scope'), 'sel');
      await hands.click(findPart(editor, 'find-text'));
      await hands.type('nan');
      await hands.press('Enter');
      await said(editor).toContain('Tile (1,3)');
      await said(editor).toContain(`${BUFFER}+0x10`);
      await hands.press('Escape', 'Delete');
      await editor.waitForStaged(2);
    });
    await editor.waitForRow('(1,3)+0x410', '00'.repeat(16));
  });

  test('2. goes to an address of a core, and copies its place as an AXI address', async () => {
    const editor = await openData('(1,3)');
    await doTask(2, async (hands) => {
      await hands.press('Control+g');
      await hands.isAsked();
      await hands.type('0x38400');
      await hands.isAsked('address of the core');
      await hands.answer();
      await said(editor).toContain('tile offset 0x0400');
      await hands.choose(viewList(editor, 'addresses'), 'AXI');
      await hands.fromMenuAt(await editor.pointOf('[0-9A-F]+0400', 0), 'Copy Address');
      await expect.poll(clipboard).toMatch(/^0x200[0-9A-F]{8}$/);
    });
    // Columns are 23 bits up, rows 18.
    expect(BigInt(await clipboard()) & 0xffffffn).toBe((1n << 23n) | (3n << 18n) | 0x400n);
  });

  test('3. fills 64 words with a counter and writes them', async () => {
    const editor = await openData('(2,1)');
    await editor.goTo('0x2080');
    await doTask(3, async (hands) => {
      await hands.choose(viewList(editor, 'bytes'), '4');
      await editor.frame.locator('.details .value', { hasText: /^hex32 / }).waitFor();
      await hands.clickAt(await editor.pointOf('2000', 0));
      await hands.clickAt(await editor.pointOf('20F0', 3), 'Shift');
      await said(editor).toContain('256 bytes selected');
      await hands.press('Control+Alt+f');
      await hands.isAsked('Counter');
      await hands.type('cou');
      await hands.press('Enter');
      await workbench.page.locator('.quick-input-widget:visible', { hasText: 'Fill: Counter' }).waitFor();
      await hands.type('0 1');
      await hands.answer();
      await expect.poll(() => editor.stagedCount()).toBeGreaterThan(64);
      await hands.click(editor.button('apply'));
      await editor.waitForStaged(0);
    });
    await editor.goTo('0x20f0');
    await said(editor).toContain('hex32 0000003C');
  });

  test('4. puts a C array from a source file at an offset, and sees before what it changes', async () => {
    const editor = await openData('(2,2)');
    await workbench.page.evaluate(() =>
      navigator.clipboard.writeText('static const uint8_t table[4] = { 0x10, 0x20, 0x30, 0x40 };'),
    );
    await editor.grid.click({ position: { x: 5, y: 5 } });
    await doTask(4, async (hands) => {
      await hands.press('Control+g');
      await hands.isAsked();
      await hands.type('0x400');
      await hands.isAsked('(2,2)+0x0400');
      await hands.answer();
      await said(editor).toContain('tile offset 0x0400');
      await hands.press('Control+Alt+v');
      await hands.isAsked(/→ 10 20 30 40/);
      await hands.answer();
      await editor.waitForStaged(4);
    });
    expect((await editor.rowAt('0x400')).slice(0, 4)).toEqual(['10', '20', '30', '40']);
  });

  test('5. zeroes the same column of bytes in 16 rows', async () => {
    const editor = await openData('(3,1)');
    await editor.goTo('0x880');
    await doTask(5, async (hands) => {
      const [from, to] = [await editor.pointOf('0800', 6), await editor.pointOf('08F0', 7)];
      await hands.clickAt(from);
      await hands.drag(from, to, 'Shift', 'Alt');
      await said(editor).toContain('32 bytes selected');
      await hands.press('Delete');
      await expect.poll(() => editor.stagedCount()).toBeGreaterThan(16);
    });
    const shown = (await editor.rows())
      .filter(({ heading }) => !heading)
      .map(({ bytes }) => bytes.trim().split(/\s+/));
    const zeroed = shown.filter((bytes) => bytes[6] === '00' && bytes[7] === '00');
    expect(zeroed.length).toBeGreaterThanOrEqual(16);
  });

  test('6. copies a tile as a NumPy array', async () => {
    const editor = await openData('(3,2)');
    await editor.goTo('0x40');
    await doTask(6, async (hands) => {
      await hands.press('Control+Alt+a');
      await said(editor).toContain('32768 bytes selected');
      await hands.press('Control+Alt+c');
      await hands.isAsked('NumPy');
      await hands.type('nu');
      await hands.answer();
      await expect.poll(clipboard).toMatch(/^np\.frombuffer\(/);
    });
    const [, hex = ''] = /fromhex\("([^"]*)"\)/.exec(await clipboard()) ?? [];
    expect(hex.trim().split(/\s+/)).toHaveLength(0x8000);
  });

  test('7. sees what changed since a chosen moment, and walks through the changes', async () => {
    await workbench.expand(IN_USE);
    await workbench.expand('Data memory');
    await workbench.clickRow('(6,2)');
    const editor = await asBytes(await pageOf('Data memory · tile (6,2)'));
    await editor.goTo('0xfc0');
    await doTask(7, async (hands) => {
      await hands.click(editor.frame.locator('[data-name=live]'));
      await hands.fromMenu('Mark Changes...');
      await hands.isAsked('now');
      await hands.answer();
      const counters = async () => (await editor.rows()).find(({ index }) => index === 0x100)?.bytes;
      const before = await counters();
      await expect.poll(counters).not.toBe(before);
      await hands.press('Alt+F5');
      await said(editor).toContain('tile offset 0x1000');
      await hands.press('Alt+F5');
      await said(editor).toMatch(/tile offset 0x10(04|08|0C|1)/);
    });
    await editor.frame.locator('[data-name=live]').click();
  });

  test('8. compares a tile with its neighbour, and goes to the first mismatch', async () => {
    const editor = await openData('(2,4)');
    await editor.goTo('0x400');
    await doTask(8, async (hands) => {
      await hands.fromMenu('Compare with Tile...');
      await hands.isAsked('(0,1)');
      await hands.type('(2,5)');
      await hands.answer();
      await said(editor).toMatch(/tile offset 0x0000.*differs, expected/);
    });
    await workbench.row(/\d+ of 8192 values differ/).waitFor();
  });

  test('9. looks at one place as bytes and as bfloat16, side by side', async () => {
    const left = await openData('(0,1)');
    await left.goTo('0x800');
    await doTask(9, async (hands) => {
      await hands.press('Control+\\');
      const right = await pageOf('Data memory · tile (0,1)', 1);
      await hands.choose(viewList(right, 'cells'), 'bfl');
      await right.frame.locator('.details .value', { hasText: /^bfloat16 / }).waitFor();
      await hands.fromMenu('Scroll Together');
      await hands.click(right.grid);
      await hands.press('PageDown');
      const first = async (page: HexEditorPage) => (await page.rows())[0]?.index;
      await expect.poll(async () => (await first(left)) === (await first(right))).toBe(true);
    });
  });

  test('10. resolves a conflict that the device made: takes its byte, keeps the other edits, applies', async () => {
    await workbench.expand(IN_USE);
    await workbench.expand('Data memory');
    await workbench.clickRow('(6,3)');
    const editor = await asBytes(await pageOf('Data memory · tile (6,3)'));
    await editor.button('unlock').click();
    await workbench.clickModal(/Unlock/);
    await editor.typeAt('0x200', 'ab');
    await editor.typeAt('0x1014', 'ff');
    await editor.waitForStaged(2);
    await editor.frame.locator('[data-name=live]').click();
    await expect.poll(() => editor.banner()).toContain('has changed since');

    await doTask(10, async (hands) => {
      await hands.click(workbench.page.locator('.pane-header', { hasText: 'Edits' }));
      const row = await workbench.waitForRow(/0x1014/);
      await row.hover();
      await hands.click(row.locator(`a[aria-label^="Take the Board's Bytes"]`));
      await editor.waitForStaged(1);
      await hands.click(editor.button('apply'));
      await editor.waitForStaged(0);
    });
    await editor.frame.locator('[data-name=live]').click();
    expect((await editor.rowAt('0x200'))[0]).toBe('AB');
  });
});
