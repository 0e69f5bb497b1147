import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AskedSelection, EditorSettings } from '../../src/editor/messages.ts';
import { type CellName, formOf } from '../../src/model/cells/choices.ts';
import type { ByteOrder } from '../../src/model/cells/format.ts';
import type { CopyForm } from '../../src/model/gestures/copy-as.ts';
import type { Fill } from '../../src/model/gestures/fill.ts';
import { dice, runSeed } from '../conformance/random.ts';
import { changeMarks } from './change-marks.ts';
import { deviceByte } from './device.ts';
import { eventually } from './eventually.ts';
import { Harness, type OpenOptions, type OpenPage, painted } from './harness.ts';
import { scrollRate } from './scroll-rate.ts';

let harness: Harness;
let open: OpenPage | undefined;

beforeAll(async () => {
  harness = await Harness.start();
});
afterAll(() => harness.stop());
afterEach(async () => {
  const errors = open?.errors ?? [];
  await open?.close();
  open = undefined;
  expect(errors).toEqual([]);
});

async function start(options: OpenOptions = {}): Promise<Page> {
  open = await harness.open(options);
  return open.page;
}

/** A memory of 25 MiB: 400 tiles of 64 KiB. */
const large: OpenOptions = { geometry: { startCol: 0, numCols: 50, bytesPerTile: 0x10000 } };
const largeBytes = 400 * 0x10000;
/** One tile of 32 KiB at buffer offset 0x8000. */
const oneTile: OpenOptions = { range: { offset: 0x8000, length: 0x8000 } };

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0');
const deviceHex = (offset: number, length: number) =>
  Array.from({ length }, (_, i) => hex(deviceByte(offset + i))).join(' ');

/** The rows on screen from top to bottom, as text. */
async function rows(
  page: Page,
): Promise<{ kind: string; offset: string; buffer: string; bytes: string; characters: string }[]> {
  return page.evaluate(() => {
    const viewport = document.querySelector('.viewport')?.getBoundingClientRect();
    return [...document.querySelectorAll('.row')]
      .filter((row) => {
        const box = row.getBoundingClientRect();
        return viewport !== undefined && box.bottom > viewport.top + 1 && box.top < viewport.bottom - 1;
      })
      .map((row) => {
        const text = (name: string) => row.querySelector(`.${name}`)?.textContent ?? '';
        return {
          kind: row.classList.contains('tile') ? 'tile' : 'bytes',
          offset: text('offset') || text('heading'),
          buffer: row.getAttribute('data-buffer') ?? '',
          bytes: text('bytes').replace(/ +/g, ' '),
          characters: text('characters'),
        };
      });
  });
}

/** The painted runs of a mark as text, in document order. */
async function marked(page: Page, mark: string): Promise<string[]> {
  await painted(page);
  if (mark === 'changed' || mark === 'fading' || mark === 'torn') return (await changeMarks(page))[mark];
  return page.evaluate((name) => {
    const ranges = [...(CSS.highlights.get(`tile-${name}`) ?? [])];
    return ranges
      .map((range) => {
        const node = range.startContainer as Text;
        const top = node.parentElement?.getBoundingClientRect().top ?? 0;
        return { top, text: node.data.slice(range.startOffset, range.endOffset).replace(/ +/g, ' '), node };
      })
      .filter(({ node }) => node.parentElement?.classList.contains('bytes'))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text);
  }, mark);
}

/** The lines at names and bookmarks: their colour, how many cells they are below or above, or that they are a flag. */
function bands(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.row .bytes')].flatMap((cell) => {
      const node = cell.lastChild;
      const layers = cell.style.getPropertyValue('--bands');
      if (!(node instanceof Text) || layers === '') return [];
      const { left } = cell.getBoundingClientRect();
      const range = document.createRange();
      const cells = [...node.data.matchAll(/\S+/g)].map(({ index, 0: { length } }) => {
        range.setStart(node, index);
        range.setEnd(node, index + length);
        return range.getBoundingClientRect();
      });
      const { backgroundPositionX, backgroundPositionY, backgroundSize } = getComputedStyle(cell, '::after');
      const [xs, ys, sizes] = [backgroundPositionX, backgroundPositionY, backgroundSize].map((list) =>
        list.split(', '),
      );
      return [...layers.matchAll(/--band-(\w+), /g)].flatMap(([, colour], i) => {
        // A layer names its colour twice.
        if (i % 2 === 1) return [];
        const layer = i / 2;
        const [from, width] = [Number.parseFloat(xs?.[layer] ?? ''), Number.parseFloat(sizes?.[layer] ?? '')];
        const [start, end] = [left + from, left + from + width];
        const covered = cells.filter((box) => box.left > start - 1 && box.right < end + 1).length;
        const place = ys?.[layer]?.includes('100%') === true ? 'below' : 'on top';
        return [`${colour} ${width <= 3 ? 'flag' : covered} ${place}`];
      });
    }),
  );
}

const footer = (page: Page) => page.locator('footer .details');
const spoken = (page: Page) => page.locator('#spoken');
const staged = (page: Page) => page.evaluate(() => window.fake.stagedBytes());
/** The host's commands that the page asked for, oldest first. */
const commands = (page: Page) =>
  page.evaluate(() =>
    window.fake.said.flatMap((message) => (message.type === 'command' ? [message.command] : [])),
  );
const edits = (page: Page) =>
  page.evaluate(() =>
    window.fake.said.flatMap((message) =>
      message.type === 'request' && message.name === 'edit'
        ? [message.params.edits.map((edit) => ({ offset: edit.offset, bytes: [...edit.bytes] }))]
        : [],
    ),
  );

/** Client point in the middle of a shown byte. */
async function point(page: Page, offset: string, column: number, pane: 'bytes' | 'characters' = 'bytes') {
  const at = await page.evaluate(
    ([rowOffset, index, name]) => {
      const row = [...document.querySelectorAll('.row:not(.tile)')].find(
        (candidate) => candidate.querySelector('.offset')?.textContent === rowOffset,
      );
      const node = row?.querySelector(`.${name}`)?.lastChild;
      if (!(node instanceof Text)) return undefined;
      const starts =
        name === 'bytes' ? [...node.data.matchAll(/\S+/g)].map((match) => match.index) : undefined;
      const start = starts?.[index] ?? index;
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, start + (name === 'bytes' ? 2 : 1));
      const box = range.getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    },
    [offset, column, pane] as const,
  );
  if (at === undefined) throw new Error(`row ${offset} is not on screen`);
  return at;
}

async function click(
  page: Page,
  offset: string,
  column: number,
  pane: 'bytes' | 'characters' = 'bytes',
  options: { shift?: boolean; double?: boolean } = {},
) {
  const at = await point(page, offset, column, pane);
  if (options.shift === true) await page.keyboard.down('Shift');
  if (options.double === true) await page.mouse.dblclick(at.x, at.y);
  else await page.mouse.click(at.x, at.y);
  if (options.shift === true) await page.keyboard.up('Shift');
  await painted(page);
}

describe('a page that has its first bytes in its text', () => {
  test('shows them before it is told anything, and then what they are by now', async () => {
    const page = await start({ ...oneTile, hold: true, opening: { offset: 0x8000, length: 1024 } });
    await painted(page);
    const [first] = await rows(page);
    expect(first?.bytes).toBe(deviceHex(0x8000, 16));
    expect(await page.evaluate(() => window.fake.sent)).toEqual([]);
    await page.evaluate(() => {
      window.fake.deviceWrite(0x8000, 0xee);
      window.fake.answerAll();
    });
    await painted(page);
    const [now] = await rows(page);
    expect(now?.bytes).toBe(`EE ${deviceHex(0x8001, 15)}`);
  });

  test.each<{
    readonly name: string;
    readonly settings: Partial<EditorSettings>;
    readonly theme?: 'high-contrast';
  }>([
    { name: 'as usual', settings: {} },
    { name: 'compact', settings: { density: 'compact' } },
    {
      name: 'floats of the AXI bus',
      settings: { cells: { name: 'float32', order: 'little' }, addresses: 'axi' },
    },
    { name: 'as many bytes as fit', settings: { bytesPerRow: 0 } },
    { name: 'decimal, in high contrast', settings: { decimal: true }, theme: 'high-contrast' },
  ])(
    '[shape-7] shows its first rows before its script, where the script then draws them: $name',
    async ({ settings, theme }) => {
      const look = theme === undefined ? {} : { theme };
      const before = await start({ ...oneTile, ...look, settings });
      await painted(before);
      const place = await before.evaluate(() =>
        window.fake.said.findLast(({ type }) => type === 'rowsPlace'),
      );
      if (place?.type !== 'rowsPlace') throw new Error('the page does not say where its rows are');
      await open?.close();
      const opening = { offset: 0x8000, length: 1024 };
      const page = await start({ ...oneTile, ...look, settings, hold: true, opening, sight: place });
      await painted(page);
      const { sighted, drawn } = await page.evaluate(() => {
        const columns = ['offset', 'bytes', 'characters'];
        return {
          sighted: window.fake.sighted,
          drawn: columns.map((name) =>
            [...document.querySelectorAll(`.row:not(.headings) .${name}`)].map((cell) => {
              const range = document.createRange();
              range.setStart(cell.firstChild ?? cell, 0);
              range.setEnd(cell.firstChild ?? cell, 1);
              const { left, top } = range.getBoundingClientRect();
              return { text: cell.textContent ?? '', left, top };
            }),
          ),
        };
      });
      expect(await page.locator('.sight').count()).toBe(0);
      expect(sighted).toHaveLength(3);
      for (const [column, { text, left, top }] of sighted.entries()) {
        const rowsOf = drawn[column] ?? [];
        const lines = text.split('\n');
        expect(lines.length).toBeGreaterThan(10);
        expect(lines.slice(0, rowsOf.length)).toEqual(rowsOf.map((row) => row.text).slice(0, lines.length));
        expect(left).toBeCloseTo(rowsOf[0]?.left ?? Number.NaN, 0);
        expect(top).toBeCloseTo(rowsOf[0]?.top ?? Number.NaN, 0);
      }
    },
  );

  test('[shape-7] a page that kept a place begins without rows of another one', async () => {
    const kept = { selection: { anchor: 0x8800, cursor: 0x8800, pane: 'cells' }, top: 0x80 };
    const sight = { top: 101, bytesPerRow: 16 };
    const opening = { offset: 0x8000, length: 1024 };
    const page = await start({ ...oneTile, kept, opening, sight });
    expect(await page.evaluate(() => window.fake.sighted.length)).toBe(3);
    expect(await page.locator('.sight').count()).toBe(0);
    expect((await rows(page))[0]?.bytes).toBe(deviceHex(0x8800, 16));
  });

  test('asks instead where it kept a place: VS Code loads the same text once more', async () => {
    const kept = { selection: { anchor: 0x8010, cursor: 0x8010, pane: 'cells' }, top: 0 };
    const page = await start({ ...oneTile, hold: true, kept, opening: { offset: 0x8000, length: 1024 } });
    await painted(page);
    expect(await page.evaluate(() => window.fake.said[0])).toEqual({ type: 'ready', isOpen: false });
    expect((await rows(page))[0]?.bytes).not.toContain(deviceHex(0x8000, 1));
  });
});

describe('what is shown', () => {
  test('[main-18] bytes, characters, tile offset and buffer offset, each tile under its name', async () => {
    const page = await start();
    const [heading, first] = await rows(page);
    expect(heading).toMatchObject({ kind: 'tile', offset: '(6,1)', buffer: '000000' });
    expect(first).toMatchObject({ offset: '0000', buffer: '000000', bytes: deviceHex(0, 16) });
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x8000, length: 1 }));
    const boundary = async () => {
      const shown = await rows(page);
      const at = shown.findIndex((row) => row.kind === 'tile');
      return shown.slice(at - 1, at + 2);
    };
    await eventually(boundary).toMatchObject([
      { offset: '7FF0', buffer: '007FF0', bytes: deviceHex(0x7ff0, 16) },
      { offset: '(6,2)', buffer: '008000' },
      { offset: '0000', buffer: '008000', bytes: deviceHex(0x8000, 16) },
    ]);
  });

  test('[names-6] the host can scroll the page, which says so only where it was not the host', async () => {
    const page = await start(oneTile);
    const scrolled = () =>
      page.evaluate(() =>
        window.fake.said.flatMap((message) => (message.type === 'scrolled' ? [message.offset] : [])),
      );
    await page.evaluate(() => window.fake.send({ type: 'scroll', offset: 0x8404 }));
    await eventually(async () => (await rows(page))[0]).toMatchObject({ offset: '0400' });
    expect(await scrolled()).toEqual([]);
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x8000, length: 1 }));
    await eventually(scrolled).toEqual([0x8000]);
  });

  test('[main-18] one tile counts its own offsets, without headings', async () => {
    const page = await start(oneTile);
    expect((await rows(page))[0]).toMatchObject({
      kind: 'bytes',
      offset: '0000',
      buffer: '',
      bytes: deviceHex(0x8000, 16),
    });
    await page.keyboard.press('Control+End');
    await eventually(() => footer(page).textContent()).toContain('buffer offset 0x00FFFF');
    expect(await footer(page).textContent()).toContain('tile offset 0x7FFF');
    await eventually(async () => (await rows(page)).at(-1)?.bytes).toBe(deviceHex(0xfff0, 16));
  });

  test('[main-18] [hex-2] the heading names the tile whose rows are on top', async () => {
    const page = await start();
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x14000, length: 1 }));
    await eventually(() => page.locator('.headings .offset').textContent()).toBe('(6,3)');
  });

  test('[main-18] a range that starts and ends within a row', async () => {
    const page = await start({ range: { offset: 0x8003, length: 20 } });
    expect((await rows(page)).map((row) => row.bytes.trim())).toEqual([
      deviceHex(0x8003, 13),
      deviceHex(0x8010, 7),
    ]);
  });

  test('[main-18] other row lengths and lower case, cursor and place kept', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x9000, length: 1 }));
    await eventually(() => footer(page).textContent()).toContain('tile offset 0x1000');
    for (const bytesPerRow of [8, 32, 64]) {
      await page.evaluate(
        (columns) =>
          window.fake.send({
            type: 'settings',
            settings: { ...window.fake.settings, bytesPerRow: columns, upperCase: false },
          }),
        bytesPerRow,
      );
      await eventually(async () => (await rows(page))[0]?.bytes).toHaveLength(bytesPerRow * 3 - 1);
      await eventually(() => footer(page).textContent()).toContain('tile offset 0x1000');
    }
  });

  test('[main-22] unreadable bytes say why at the cursor and under the pointer, and cannot be typed over', async () => {
    const page = await start({ ...oneTile, unreadable: [{ offset: 0x8012, length: 4, reason: 1 }] });
    expect((await rows(page))[1]?.bytes).toContain('?? ?? ?? ??');
    const at = await point(page, '0010', 3);
    await page.mouse.move(at.x, at.y);
    await eventually(() => page.locator('.hover').textContent()).toBe(
      'cannot be read: the clock of this tile is off',
    );
    await click(page, '0010', 3);
    await eventually(() => footer(page).textContent()).toContain(
      'cannot be read: the clock of this tile is off',
    );
    await page.keyboard.type('5');
    await eventually(() => page.locator('.notice').textContent()).toContain('the clock of this tile is off');
    await eventually(() => spoken(page).textContent()).toContain('This byte cannot be edited');
    expect(await edits(page)).toEqual([]);
  });

  test('[main-22] bytes on their way are ··, and what cannot be had says so and can be tried again', async () => {
    const page = await start({ ...oneTile, hold: true });
    expect((await rows(page))[0]?.bytes).toBe(Array(16).fill('··').join(' '));
    await page.evaluate(() => {
      window.fake.failBytes = 'The board is gone.';
      window.fake.answerAll();
    });
    await eventually(() => page.locator('[role=alert]').textContent()).toContain('The board is gone.');
    await page.evaluate(() => {
      window.fake.failBytes = undefined;
    });
    await page.click('[data-name=retry]');
    await eventually(async () => (await rows(page))[0]?.bytes).toBe(deviceHex(0x8000, 16));
    await eventually(() => page.locator('[role=alert]').count()).toBe(0);
  });

  test('[main-22] offline: the banner says so, bytes and staged edits stay', async () => {
    const page = await start(oneTile);
    await page.keyboard.type('A7');
    await page.evaluate(() =>
      window.fake.setState({
        connected: false,
        banner: {
          kind: 'warning',
          text: 'The board does not answer. Shown is what was read at 14:03:27.',
          actions: [{ command: 'connect', label: 'Connect' }],
        },
      }),
    );
    await eventually(() => page.locator('.banner').textContent()).toContain('does not answer');
    await eventually(() => page.locator('.chip.offline').textContent()).toBe('Offline');
    await eventually(async () => (await rows(page))[0]?.bytes).toBe(`A7 ${deviceHex(0x8001, 15)}`);
    await page.click('[data-name=connect]');
    await eventually(() => commands(page)).toEqual(['connect']);
  });

  test('[shape-9] what a banner offers and the title line has stands once: the button of the title line stands out', async () => {
    const page = await start();
    await page.evaluate(() =>
      window.fake.setState({
        banner: {
          kind: 'warning',
          text: 'These bytes may be outdated.',
          actions: [
            { command: 'refresh', label: 'Refresh' },
            { command: 'showLog', label: 'Show Log' },
          ],
        },
      }),
    );
    await eventually(() => page.locator('.banner vscode-button').allTextContents()).toEqual(['Show Log']);
    const standsOut = () => page.getAttribute('.title-line [data-name=refresh]', 'secondary');
    await eventually(standsOut).toBeNull();
    await page.click('[data-name=refresh]'); // there is one
    await eventually(() => commands(page)).toEqual(['refresh']);
    await page.evaluate(() =>
      window.fake.setState({ banner: { kind: 'info', text: 'All is well.', actions: [] } }),
    );
    await eventually(standsOut).not.toBeNull();
  });

  test('[main-19] a conflict is marked and shows both values', async () => {
    const page = await start(oneTile);
    const before = hex(deviceByte(0x8000));
    await page.keyboard.type('A7');
    await eventually(() => marked(page, 'staged')).toEqual(['A7']);
    await page.keyboard.press('ArrowLeft');
    await eventually(() => footer(page).textContent()).toContain(`staged, was ${before}`);
    await page.evaluate(() => window.fake.deviceWrite(0x8000, 0x11));
    await eventually(() => marked(page, 'conflict')).toEqual(['A7']);
    await eventually(() => marked(page, 'staged')).toEqual([]);
    await eventually(() => footer(page).textContent()).toContain('in conflict: yours A7, device 11');
    await eventually(() => page.locator('.count.conflict').textContent()).toBe('1 in conflict');
  });

  test('[live-5] bytes that changed are marked, and the hover says what they held before', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => window.fake.deviceWrite(0x8024, 1, 2, 3));
    await eventually(() => marked(page, 'changed')).toEqual(['01 02 03']);
    await click(page, '0020', 5);
    await eventually(() => footer(page).textContent()).toContain(`changed, was ${hex(deviceByte(0x8025))}`);
  });

  test('[live-5] random changes are marked as a set of bytes has them, without a run of text for any', async () => {
    const page = await start(oneTile);
    const seed = runSeed();
    const random = dice(seed);
    const changed = new Map<number, number>();
    await page.evaluate(() =>
      window.fake.setState({ marks: { since: 0, text: 'Marked: changed since the start' } }),
    );
    for (let round = 0; round < 8; round++) {
      for (let i = 0; i < 24; i++) {
        const at = random(0x80);
        changed.set(at, ((changed.get(at) ?? deviceByte(0x8000 + at)) + 1 + random(255)) & 0xff);
      }
      await page.evaluate(
        (bytes) => {
          for (const [at, value] of bytes) window.fake.deviceWrite(0x8000 + at, value);
        },
        [...changed],
      );
      const expected: string[] = [];
      for (let row = 0; row < 0x80; row += 16) {
        let run: string[] = [];
        for (let at = row; at <= row + 16; at++) {
          const value = at < row + 16 ? changed.get(at) : undefined;
          if (value !== undefined) run.push(hex(value));
          else if (run.length > 0) {
            expected.push(run.join(' '));
            run = [];
          }
        }
      }
      await eventually(() => marked(page, 'changed'), `SEED=${seed}, round ${round}`).toEqual(expected);
    }
    const ranges = () => [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0);
    // Those of the cursor.
    expect(await page.evaluate(ranges)).toBeLessThan(4);
  });

  test('[live-5] the mark of a change fades, unless a person wants nothing to move', async () => {
    const page = await start(oneTile);
    const write = (value: number) => page.evaluate((byte) => window.fake.deviceWrite(0x8024, byte), value);
    const marks = async () => [await marked(page, 'changed'), await marked(page, 'fading')];
    await write(1);
    await eventually(marks).toEqual([['01'], []]);
    await page.waitForTimeout(600);
    expect(await marks()).toEqual([['01'], []]);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await write(2);
    await eventually(marks).toEqual([[], ['02']]);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await write(3);
    await eventually(marks).toEqual([['03'], []]);
  });
});

describe('typing', () => {
  test('[main-18] two digits make one byte, one gesture and a step to the right', async () => {
    const page = await start(oneTile);
    await page.keyboard.type('5');
    await eventually(() => marked(page, 'pending')).toEqual(['5_']);
    expect(await edits(page)).toEqual([]);
    await page.keyboard.type('aC3');
    await eventually(() => edits(page)).toEqual([
      [{ offset: 0x8000, bytes: [0x5a] }],
      [{ offset: 0x8001, bytes: [0xc3] }],
    ]);
    await eventually(() => marked(page, 'staged')).toEqual(['5A C3']);
    await eventually(() => page.locator('.count.staged').textContent()).toBe('2 staged');
    await eventually(async () => (await rows(page))[0]?.characters.slice(0, 2)).toBe('Z.');
  });

  test('[main-18] Escape, Backspace or leaving the byte drops the first digit', async () => {
    const page = await start(oneTile);
    for (const key of ['Escape', 'Backspace', 'ArrowDown']) {
      await page.keyboard.type('7');
      await eventually(() => marked(page, 'pending')).toEqual(['7_']);
      await page.keyboard.press(key);
      await eventually(() => marked(page, 'pending')).toEqual([]);
    }
    expect(await edits(page)).toEqual([]);
  });

  test('[main-18] characters go in as they are typed', async () => {
    const page = await start(oneTile);
    await page.keyboard.press('Tab');
    await page.keyboard.type('Hi 5');
    await eventually(async () => (await rows(page))[0]?.characters.slice(0, 4)).toBe('Hi 5');
    await eventually(() => edits(page)).toHaveLength(4);
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.type('00');
    await eventually(() => staged(page)).toEqual({
      [0x8000]: 0x48,
      [0x8001]: 0x69,
      [0x8002]: 0x20,
      [0x8003]: 0x35,
      [0x8004]: 0,
    });
  });

  test('[main-18] undo and redo are taken from the keys by the editor around the page, once', async () => {
    const page = await start(oneTile);
    await page.keyboard.type('1122');
    await page.keyboard.press('Control+z');
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x11 });
    await page.keyboard.press('Control+y');
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x11, [0x8001]: 0x22 });
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+Shift+Z');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await eventually(async () => (await rows(page))[0]?.bytes).toBe(deviceHex(0x8000, 16));
    expect(await commands(page)).toEqual([]);
  });

  test('[main-18] Delete sets the selection to zero in one gesture', async () => {
    const page = await start(oneTile);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Delete');
    await eventually(() => edits(page)).toEqual([[{ offset: 0x8000, bytes: [0, 0, 0] }]]);
  });

  test('[main-20] locked: nothing is staged, the reason is shown and spoken, and the way out is there', async () => {
    const page = await start({ ...oneTile, state: { policy: 'locked' } });
    await page.keyboard.type('5A');
    await eventually(() => page.locator('.notice').textContent()).toContain('this memory is locked');
    await eventually(() => spoken(page).textContent()).toContain('Unlock it');
    await eventually(() => page.locator('[data-name=unlock]').count()).toBe(1);
    expect(await edits(page)).toEqual([]);
    expect(await page.getAttribute('#grid', 'aria-readonly')).toBe('true');
    await page.click('[data-name=unlock]');
    await eventually(() => page.locator('.chip.policy').textContent()).toBe('Staged');
    await page.focus('#grid');
    await page.keyboard.type('5A');
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x5a });
  });

  test('[main-20] locked for a reason that nobody here can change: the reason is said, and no Unlock is offered', async () => {
    const lockedFor = 'In use by graph.elf (pid 412).';
    const page = await start({ ...oneTile, state: { policy: 'locked', lockedFor } });
    expect(await page.locator('[data-name=unlock]').count()).toBe(0);
    await page.keyboard.type('5A');
    await eventually(() => page.locator('.notice').textContent()).toContain(lockedFor);
    expect(await page.locator('[data-name=unlock]').count()).toBe(0);
    expect(await edits(page)).toEqual([]);
  });

  test('[shape-9] font, size and density follow the settings', async () => {
    const page = await start({
      ...oneTile,
      settings: { fontFamily: 'DejaVu Sans Mono', fontSize: 20, density: 'compact' },
    });
    const scroller = page.locator('#grid');
    expect(await scroller.evaluate((one) => getComputedStyle(one).fontSize)).toBe('20px');
    expect(await scroller.evaluate((one) => getComputedStyle(one).fontFamily)).toContain('DejaVu Sans Mono');
    expect(await scroller.evaluate((one) => one.style.getPropertyValue('--row-height'))).toBe('24px');
    await page.evaluate(() =>
      window.fake.send({
        type: 'settings',
        settings: { ...window.fake.settings, fontFamily: '', fontSize: 0, density: 'comfortable' },
      }),
    );
    await eventually(() => scroller.evaluate((one) => getComputedStyle(one).fontSize)).not.toBe('20px');
  });

  test('[shape-9] a message covers no row, and the cursor stays in sight', async () => {
    const page = await start({ ...oneTile, state: { policy: 'locked' } });
    for (const key of ['Control+Home', 'Control+End']) {
      await page.keyboard.press(key);
      await page.keyboard.type('5');
      await eventually(() => page.locator('.notice').isVisible()).toBe(true);
      await painted(page);
      const apart = await page.evaluate(() => {
        const [range] = [...(CSS.highlights.get('tile-cursor') ?? [])];
        const row = range?.startContainer.parentElement?.getBoundingClientRect();
        const rows = document.querySelector('#grid')?.getBoundingClientRect();
        const notice = document.querySelector('.notice')?.getBoundingClientRect();
        return (
          row !== undefined &&
          rows !== undefined &&
          notice !== undefined &&
          rows.bottom <= notice.top &&
          row.bottom <= rows.bottom + 1 &&
          row.top >= rows.top
        );
      });
      expect(apart, key).toBe(true);
    }
  });

  test('an edit that the host refuses is taken back and said', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => {
      window.fake.failEdits = 'The core is running.';
    });
    await page.keyboard.type('5A');
    await eventually(() => page.locator('.notice').textContent()).toContain('The core is running.');
    await eventually(async () => (await rows(page))[0]?.bytes).toBe(deviceHex(0x8000, 16));
  });

  test('[main-20] the buttons run the host’s commands; Apply and Discard wait for staged bytes', async () => {
    const page = await start(oneTile);
    await page.click('[data-name=refresh]');
    await eventually(() => commands(page)).toEqual(['refresh']);
    expect(await page.getAttribute('[data-name=apply]', 'disabled')).not.toBeNull();
    await page.focus('#grid');
    await page.keyboard.type('5A');
    await eventually(() => page.getAttribute('[data-name=apply]', 'disabled')).toBeNull();
    await page.click('[data-name=apply]');
    await eventually(() => commands(page)).toEqual(['refresh', 'apply']);
    await page.click('[data-name=discard]');
    await eventually(() => staged(page)).toEqual({});
  });
});

describe('selection', () => {
  test('[main-18] click, shift-click, drag and double click', async () => {
    const page = await start(oneTile);
    await click(page, '0010', 5);
    await eventually(() => marked(page, 'cursor')).toEqual([hex(deviceByte(0x8015))]);
    await click(page, '0020', 1, 'bytes', { shift: true });
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8015, 11), deviceHex(0x8020, 2)]);
    await click(page, '0030', 6, 'bytes', { double: true });
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8034, 4)]);
    const from = await point(page, '0040', 2, 'characters');
    const to = await point(page, '0050', 0, 'characters');
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 4 });
    await painted(page);
    await page.mouse.up();
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8042, 14), deviceHex(0x8050, 1)]);
    await eventually(() =>
      page.evaluate(() => window.fake.said.findLast((m) => m.type === 'selection')),
    ).toEqual({
      type: 'selection',
      cursor: 0x8050,
      start: 0x8042,
      length: 15,
      selected: 15,
      address: '(6,2)+0x42',
    });
  });

  test('[hex-7] columns and further runs: with pointer and keys they are marked, counted, copied, set to zero', async () => {
    const page = await start(oneTile);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    // From the corner of the cursor to the opposite one.
    await click(page, '0000', 4);
    const [from, to] = [await point(page, '0010', 5), await point(page, '0020', 6)];
    await page.keyboard.down('Shift');
    await page.keyboard.down('Alt');
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: 3 });
    await painted(page);
    await page.mouse.up();
    await eventually(() => marked(page, 'selection')).toEqual(
      [0x8004, 0x8014, 0x8024].map((offset) => deviceHex(offset, 3)),
    );
    // Made smaller from the same corner: what was beyond is not selected any more.
    await page.mouse.click(from.x, from.y);
    await page.keyboard.up('Alt');
    await page.keyboard.up('Shift');
    await eventually(() => marked(page, 'selection')).toEqual(
      [0x8004, 0x8014].map((offset) => deviceHex(offset, 2)),
    );
    // From a cursor without more, by keys.
    await click(page, '0010', 4);
    await page.keyboard.press('Shift+Alt+ArrowDown');
    await page.keyboard.press('Shift+Alt+ArrowRight');
    const two = [deviceHex(0x8014, 2), deviceHex(0x8024, 2)];
    await eventually(() => marked(page, 'selection')).toEqual(two);
    // A further run: with Ctrl and a click, and below by keys.
    await page.keyboard.down('Control');
    await click(page, '0050', 8);
    await page.keyboard.up('Control');
    await click(page, '0050', 9, 'bytes', { shift: true });
    await page.keyboard.press('Control+Alt+ArrowDown');
    await eventually(() => marked(page, 'selection')).toEqual([
      ...two,
      deviceHex(0x8058, 2),
      deviceHex(0x8069, 1),
    ]);
    await eventually(() => footer(page).textContent()).toContain('7 bytes selected (0x7)');
    await page.keyboard.press('Control+c');
    await eventually(clipboard).toBe([...two, deviceHex(0x8058, 2), deviceHex(0x8069, 1)].join('\n'));
    await page.keyboard.press('Delete');
    await eventually(() => edits(page)).toEqual([
      [
        { offset: 0x8014, bytes: [0, 0] },
        { offset: 0x8024, bytes: [0, 0] },
        { offset: 0x8058, bytes: [0, 0] },
        { offset: 0x8069, bytes: [0] },
      ],
    ]);
    await page.keyboard.press('Escape');
    await eventually(() => marked(page, 'selection')).toEqual([]);
    await page.evaluate(() => window.fake.send({ type: 'selectTile' }));
    await eventually(() => footer(page).textContent()).toContain('32768 bytes selected');
    // The numeric keypad moves without its lock, and has digits with it (here: with Shift).
    await click(page, '0000', 1);
    await page.keyboard.press('Numpad4');
    await eventually(() => marked(page, 'cursor')).toEqual([deviceHex(0x8000, 1)]);
    await page.keyboard.press('Shift+Numpad4');
    await page.keyboard.press('Shift+Numpad2');
    await eventually(async () => (await edits(page)).at(-1)).toEqual([{ offset: 0x8000, bytes: [0x42] }]);
  });

  test('[hex-7] what is selected is copied in a form and filled: staged bytes included, unread ones read first', async () => {
    const page = await start({ ...oneTile, unknown: [{ offset: 0x8020, length: 4 }] });
    const copied = () =>
      page.evaluate(() =>
        window.fake.said.flatMap((one) =>
          one.type === 'request' && one.name === 'copy' ? [one.params.text] : [],
        ),
      );
    const copy = (form: CopyForm) =>
      page.evaluate((asked) => window.fake.send({ type: 'copyAs', form: asked }), form);
    await page.keyboard.type('5A');
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x5a });
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => footer(page).textContent()).toContain('2 bytes selected');
    const second = deviceByte(0x8001);
    for (const [form, text] of [
      ['hex', `5A ${hex(second)}`],
      ['c', `const uint8_t data[2] = {0x5A, 0x${hex(second)}};`],
      ['json', `[90, ${second}]`],
      ['base64', Buffer.from([0x5a, second]).toString('base64')],
    ] as const) {
      await copy(form);
      await eventually(async () => (await copied()).at(-1)).toBe(text);
    }
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => footer(page).textContent()).toContain('4 bytes selected');
    await copy('hex');
    await eventually(async () => (await copied()).at(-1)).toBe(deviceHex(0x8020, 4));
    const asked = (immediate = false) =>
      page.evaluate((isImmediate) => {
        const told = window.fake.said.findLast((one) => one.type === 'selection');
        if (told === undefined) throw new Error('no selection was told');
        const { cursor, start, selected } = told;
        const cells = { name: 'hex8', order: 'little' } as const;
        return { cursor, start, selected, cells, immediate: isImmediate };
      }, immediate);
    const fill = async (kind: Fill['kind'], text: string, about?: AskedSelection) => {
      const message = { type: 'fill', fill: { kind, text }, asked: about ?? (await asked()) } as const;
      await page.evaluate((one) => window.fake.send(one), message);
    };
    await fill('expression', 'o + i');
    await eventually(async () => (await edits(page)).at(-1)).toEqual([
      { offset: 0x8020, bytes: [0x20, 0x22, 0x24, 0x26] },
    ]);
    await fill('random', '0x12');
    await eventually(() => spoken(page).textContent()).toContain('The seed is 0x12.');
    await fill('value', 'none');
    await eventually(() => page.locator('.notice').textContent()).toContain('the values do not fit');
    // The question is about what was selected then, and about an edit that is staged, not written.
    const count = (await edits(page)).length;
    const earlier = await asked();
    await fill('byte', '11', await asked(true));
    await eventually(() => page.locator('.notice').textContent()).toContain('you were asked about');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => footer(page).textContent()).toContain('5 bytes selected');
    await fill('byte', '11', earlier);
    await eventually(() => page.locator('.notice').textContent()).toContain('you were asked about');
    expect(await edits(page)).toHaveLength(count);
  });

  test('[hex-7] the page says what is selected, and pastes what a person saw: into a column, in one gesture, once', async () => {
    const page = await start(oneTile);
    const told = () =>
      page.evaluate(() => window.fake.said.flatMap((one) => (one.type === 'runs' ? [one.runs] : [])));
    await click(page, '0010', 4);
    for (const key of ['ArrowRight', 'ArrowDown']) await page.keyboard.press(`Shift+Alt+${key}`);
    await eventually(() => footer(page).textContent()).toContain('4 bytes selected');
    await page.evaluate(() => window.fake.send({ type: 'tellRuns', number: 7 }));
    await eventually(told).toEqual([
      [
        { offset: 0x8014, length: 2 },
        { offset: 0x8024, length: 2 },
      ],
    ]);
    const asked = await page.evaluate((): AskedSelection => {
      const last = window.fake.said.findLast((one) => one.type === 'selection');
      if (last === undefined) throw new Error('no selection was told');
      const { cursor, start, selected } = last;
      return { cursor, start, selected, cells: { name: 'hex8', order: 'little' }, immediate: false };
    });
    const paste = () =>
      page.evaluate((about) => {
        const runs = [
          { offset: 0x8014, bytes: Uint8Array.of(1, 2) },
          { offset: 0x8024, bytes: Uint8Array.of(3) },
        ];
        window.fake.send({ type: 'paste', runs, asked: about });
      }, asked);
    await paste();
    await eventually(() => edits(page)).toEqual([
      [
        { offset: 0x8014, bytes: [1, 2] },
        { offset: 0x8024, bytes: [3] },
      ],
    ]);
    await eventually(() => spoken(page).textContent()).toContain('3 bytes staged.');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => footer(page).textContent()).not.toContain('4 bytes selected');
    await paste();
    await eventually(() => page.locator('.notice').textContent()).toContain('you were asked about');
    expect(await edits(page)).toHaveLength(1);
  });

  test('[hex-7] a clipboard that fails is said, and not that something was copied', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => {
      window.fake.failCopies = 'There is no clipboard here.';
      window.fake.send({ type: 'copyAs', form: 'hex' });
    });
    await eventually(() => page.locator('.notice').textContent()).toContain('There is no clipboard here.');
  });

  test('[hex-7] shift and a click select more than a megabyte, a click on a heading twice its tile', async () => {
    const page = await start(large);
    await click(page, '0000', 0);
    const scroll = async (offset: number) => {
      await page.evaluate((to) => window.fake.send({ type: 'scroll', offset: to }), offset);
      await eventually(async () => Number.parseInt((await rows(page))[0]?.buffer ?? '', 16)).toBe(offset);
    };
    await scroll(0x120000);
    await click(page, '0000', 0, 'bytes', { shift: true });
    await eventually(() => footer(page).textContent()).toContain('1179649 bytes selected');
    await scroll(0x12fff0);
    await page.locator('.row.tile:visible').first().dblclick();
    await eventually(() => footer(page).textContent()).toContain('65536 bytes selected');
  });

  test('[main-18] [hex-7] dragging below the last row scrolls on', async () => {
    const page = await start(oneTile);
    const from = await point(page, '0010', 0);
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x, 690, { steps: 3 });
    await eventually(async () => Number.parseInt((await rows(page))[0]?.offset ?? '0', 16)).toBeGreaterThan(
      0x180,
    );
    await page.mouse.up();
  });

  test('[main-18] keys: rows, ends, pages, everything', async () => {
    const page = await start(oneTile);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Shift+End');
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8010, 16)]);
    await page.keyboard.press('Home');
    await page.keyboard.press('PageDown');
    const cursor = () =>
      page.evaluate(() => {
        const last = window.fake.said.findLast((message) => message.type === 'selection');
        return last?.type === 'selection' ? last : undefined;
      });
    await eventually(async () => (await cursor())?.cursor).toBeGreaterThan(0x8100);
    await page.keyboard.press('PageUp');
    await eventually(async () => (await cursor())?.cursor).toBe(0x8010);
    await page.keyboard.press('Control+a');
    await eventually(cursor).toMatchObject({ start: 0x8000, length: 0x8000 });
    await eventually(() => footer(page).textContent()).toContain('32768 bytes selected (0x8000)');
    await page.keyboard.press('Control+Home');
    await eventually(cursor).toMatchObject({ cursor: 0x8000, length: 1 });
    const native = await page.evaluate(() => {
      document.execCommand('selectAll');
      return getSelection()?.toString();
    });
    expect(native).toBe('');
  });
});

describe('clipboard', () => {
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

  test('[main-18] copies what is shown: staged values, ?? and characters', async () => {
    const page = await start({ ...oneTile, unreadable: [{ offset: 0x8002, length: 1, reason: 1 }] });
    await page.keyboard.type('A7');
    await page.keyboard.press('Home');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Control+c');
    await eventually(() => clipboard(page)).toBe(
      `A7 ${hex(deviceByte(0x8001))} ?? ${hex(deviceByte(0x8003))}`,
    );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+c');
    await eventually(() => clipboard(page)).toMatch(/^.{2}\?.$/);
    await eventually(() => spoken(page).textContent()).toContain(
      '3 bytes copied. Of the 4 that are selected, 1 could not be read.',
    );
  });

  test('[main-18] copies more than the page holds', async () => {
    const page = await start(oneTile);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await eventually(async () => (await clipboard(page)).length).toBe(0x8000 * 3 - 1);
    expect((await clipboard(page)).endsWith(deviceHex(0xfff0, 16))).toBe(true);
  });

  test('[main-18] pastes hexadecimal and characters over what is there, one gesture each', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => navigator.clipboard.writeText('DE AD ?? 0xBE'));
    await page.keyboard.press('Control+v');
    await eventually(() => edits(page)).toEqual([
      [
        { offset: 0x8000, bytes: [0xde, 0xad] },
        { offset: 0x8003, bytes: [0xbe] },
      ],
    ]);
    await page.keyboard.press('Tab');
    await page.evaluate(() => navigator.clipboard.writeText('DE'));
    await page.keyboard.press('Control+v');
    await eventually(() => staged(page)).toMatchObject({ [0x8004]: 0x44, [0x8005]: 0x45 });
  });

  test('[main-18] text that is not hexadecimal, or does not fit, is refused in words', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => navigator.clipboard.writeText('not hex'));
    await page.keyboard.press('Control+v');
    await eventually(() => page.locator('.notice').textContent()).toContain('no hexadecimal text');
    await page.keyboard.press('Control+End');
    await page.evaluate(() => navigator.clipboard.writeText('01 02'));
    await page.keyboard.press('Control+v');
    await eventually(() => page.locator('.notice').textContent()).toContain('2 bytes do not fit into the 1');
    expect(await edits(page)).toEqual([]);
  });
});

describe('[live-1] Live', () => {
  const live = (page: Page) => page.locator('[data-name=live]');
  const told = (page: Page) =>
    page.evaluate(() =>
      window.fake.said.flatMap((message) => (message.type === 'live' ? [message.hertz] : [])),
    );

  test('is one click in the page, remembered by the tab, and says where it pauses and why', async () => {
    const page = await start({ ...oneTile, settings: { liveHertz: 5 } });
    // As the setting says, until something is chosen in this tab.
    await eventually(() => told(page)).toEqual([5]);
    await page.evaluate(() => window.fake.setState({ live: { hertz: 5 } }));
    await eventually(() => live(page).textContent()).toBe('Live 5 Hz');
    expect(await live(page).getAttribute('aria-pressed')).toBe('true');
    await page.evaluate(() =>
      window.fake.setState({ live: { hertz: 5, paused: 'Nobody uses the partition.' } }),
    );
    await eventually(() => live(page).textContent()).toBe('Live paused');
    expect(await live(page).getAttribute('title')).toBe('Nobody uses the partition.');
    await live(page).click();
    await eventually(() => told(page)).toEqual([5, 0]);
    await page.evaluate(() => window.fake.send({ type: 'live', hertz: 30 }));
    await eventually(() => told(page)).toEqual([5, 0, 30]);
    const kept = () => page.evaluate(() => JSON.stringify(window.fake.kept));
    await eventually(kept).toContain('"live":30');
    const state = JSON.parse(await kept());
    await open?.close();
    const again = await start({ ...oneTile, kept: state, settings: { liveHertz: 5 } });
    await eventually(() => told(again)).toEqual([30]);
  });
});

test('[live-5] a frozen tab says so in place of Live, takes no edit, and goes on with one click', async () => {
  const page = await start(oneTile);
  await page.evaluate(() =>
    window.fake.setState({ policy: 'locked', frozen: 'Frozen at 5:41:29', lockedFor: 'Frozen at 5:41:29' }),
  );
  const button = page.locator('[data-name=live]');
  await eventually(() => button.textContent()).toBe('Frozen');
  await page.locator('#grid').focus();
  await page.keyboard.press('5');
  await eventually(() => spoken(page).textContent()).toContain('Frozen at 5:41:29');
  expect(await edits(page)).toEqual([]);
  await button.click();
  await eventually(() => page.evaluate(() => window.fake.said.some(({ type }) => type === 'unfreeze'))).toBe(
    true,
  );
});

test('[live-8] an editor that writes each edit at once says so in words, a frame and the field, and its edits say that it did', async () => {
  const page = await start({ ...oneTile, settings: { cells: { name: 'int8', order: 'little' } } });
  const frame = () => page.evaluate(() => document.querySelector('.middle')?.classList.contains('immediate'));
  const said = () =>
    page.evaluate(() =>
      window.fake.said.flatMap((message) =>
        message.type === 'request' && message.name === 'edit' ? [message.params.immediate] : [],
      ),
    );
  await page.locator('#grid').focus();
  await page.keyboard.type('5');
  await eventually(() => page.locator('.cell-field .preview').textContent()).toContain('Enter stages it');
  await page.keyboard.press('Enter');
  expect(await frame()).toBe(false);
  await page.evaluate(() => window.fake.setState({ policy: 'immediate' }));
  await eventually(() => page.locator('.chip.policy').textContent()).toBe('Immediate: each edit is written');
  await eventually(frame).toBe(true);
  await eventually(() => spoken(page).textContent()).toContain('written to the device at once');
  await page.keyboard.type('6');
  await eventually(() => page.locator('.cell-field .preview').textContent()).toContain(
    'Enter writes it to the device',
  );
  await page.keyboard.press('Enter');
  await eventually(said).toEqual([false, true]);
  await page.click('[data-name=stageEdits]');
  await eventually(() => commands(page)).toEqual(['stageEdits']);
});

test('[live-8] that edits are written at once is spoken, also when the cursor moves in the same moment', async () => {
  const page = await start(oneTile);
  await page.evaluate(() => {
    window.fake.send({ type: 'reveal', offset: 0x8010, length: 1 });
    window.fake.setState({ policy: 'immediate' });
  });
  await eventually(() => footer(page).textContent()).toContain('tile offset 0x0010');
  await eventually(() => page.locator('.chip.policy').textContent()).toContain('Immediate');
  expect(await spoken(page).textContent()).toContain('written to the device at once');
});

test('[live-8] a staged edit stays on top of bytes that move; each value that comes under it is told', async () => {
  const page = await start(oneTile);
  await page.evaluate(() => window.fake.setState({ live: { hertz: 10 } }));
  await page.keyboard.type('A7');
  await page.keyboard.press('ArrowLeft');
  for (const value of [0x11, 0x22, 0x33]) {
    await page.evaluate((byte) => window.fake.deviceWrite(0x8000, byte, byte), value);
    await eventually(() => footer(page).textContent()).toContain(
      `in conflict: yours A7, device ${hex(value)}`,
    );
    await eventually(async () => (await rows(page))[0]?.bytes).toBe(
      `A7 ${hex(value)} ${deviceHex(0x8002, 14)}`,
    );
    await eventually(() => marked(page, 'conflict')).toEqual(['A7']);
  }
});

test('[live-1] what moves by itself under a resting cursor is not said again and again; where the cursor goes is', async () => {
  const page = await start(oneTile);
  await page.locator('#grid').focus();
  await eventually(() => spoken(page).textContent()).toContain(hex(deviceByte(0x8000)));
  const write = async (value: number) => {
    await page.evaluate((byte) => window.fake.deviceWrite(0x8000, byte), value);
    await eventually(() => marked(page, 'changed')).toEqual([hex(value)]);
  };
  await write(0xe1);
  await eventually(() => spoken(page).textContent()).toContain('E1');
  await page.evaluate(() => window.fake.setState({ live: { hertz: 10 } }));
  for (const value of [0xe2, 0xe3]) await write(value);
  await eventually(() => footer(page).textContent()).toContain('E3');
  expect(await spoken(page).textContent()).toContain('E1');
  await page.keyboard.press('ArrowRight');
  await eventually(() => spoken(page).textContent()).not.toContain('E1');
  await page.keyboard.press('ArrowLeft');
  await eventually(() => spoken(page).textContent()).toContain('E3');
});

test('[live-10] what changed since a moment is marked, and which moment that is, until another one counts', async () => {
  const page = await start(oneTile);
  await page.evaluate(() => window.fake.deviceWrite(0x8010, 0x01));
  await eventually(() => marked(page, 'changed')).toEqual(['01']);
  await page.evaluate(() => window.fake.deviceWrite(0x8014, 0x02));
  const since = async (tick: number) => {
    await page.evaluate(
      (at) => window.fake.setState({ marks: { since: at, text: `Marked: changed since ${at}` } }),
      tick,
    );
    await eventually(() => page.locator('footer').textContent()).toContain(`Marked: changed since ${tick}`);
  };
  await since(1);
  await eventually(() => marked(page, 'changed')).toEqual(['02']);
  await since(2);
  await eventually(() => marked(page, 'changed')).toEqual([]);
  await page.evaluate(() => window.fake.deviceWrite(0x8018, 0x03));
  await eventually(() => marked(page, 'changed')).toEqual(['03']);
  await since(0);
  await eventually(() => marked(page, 'changed')).toEqual(['01', '02', '03']);
});

describe('[shape-3] cells of other formats', () => {
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
  const field = (page: Page) => page.locator('.cell-field input');
  const preview = (page: Page) => page.locator('.cell-field .preview');
  const notice = (page: Page) => page.locator('.notice .text');
  const twelve = [0xa4, 0x70, 0x45, 0x41];
  const cursor = (page: Page) =>
    page.evaluate(() => {
      const last = window.fake.said.findLast((message) => message.type === 'selection');
      return last?.type === 'selection' ? [last.cursor, last.start, last.length] : undefined;
    });
  const first = async (page: Page) => (await rows(page))[0]?.bytes.trim().split(' ') ?? [];

  /** One tile whose first row is 12.34, 1, 0 and -0.5 as little-endian float32. */
  async function floats(name: CellName = 'float32', options: OpenOptions = {}): Promise<Page> {
    const page = await start({ ...oneTile, ...options });
    await page.evaluate((cell) => {
      window.fake.deviceWrite(0x8000, ...cell, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xbf);
    }, twelve);
    await choose(page, name);
    return page;
  }

  async function choose(page: Page, name: CellName, order: ByteOrder = 'little'): Promise<void> {
    const form = formOf(name);
    const pick = async (part: string, value: string) => {
      const list = page.locator(`.view-line [data-name=${part}]`);
      if ((await list.count()) === 0) return;
      await list.focus();
      await list.selectOption(value);
    };
    await pick('cells', form?.kind ?? '');
    await pick('bytes', String(form?.bytes));
    await pick('scale', String(form?.fraction));
    await pick('order', order);
    await page.locator('#grid').focus();
    await eventually(() =>
      page.evaluate(() => {
        const told = window.fake.said.findLast((message) => message.type === 'view');
        return told?.type === 'view' ? told.view.cells : undefined;
      }),
    ).toMatchObject({ name });
    await painted(page);
  }

  test('show values; characters stay bytes, the line at the bottom says both, and the tab remembers', async () => {
    const page = await floats();
    await eventually(() => first(page)).toEqual(['12.34', '1', '0', '-0.5']);
    expect((await rows(page))[0]?.characters).toHaveLength(16);
    await eventually(() => footer(page).textContent()).toContain('float32 12.34 = A4 70 45 41');
    await choose(page, 'float32', 'big');
    await eventually(() => footer(page).textContent()).toContain('float32 big-endian -5.2100365e-17 = A4 70');
    await choose(page, 'hex32');
    await eventually(() => first(page)).toEqual(['414570A4', '3F800000', '00000000', 'BF000000']);
    const kept = () => page.evaluate(() => JSON.stringify(window.fake.kept));
    await eventually(kept).toContain('hex32');
    const state = JSON.parse(await kept());
    await open?.close();
    const again = await start({ ...oneTile, kept: state });
    await eventually(async () => (await first(again))[0]).toMatch(/^[0-9A-F]{8}$/);
  });

  test('[hex-1] any group of 1 to 32 bytes, fixed point with its scale, blocks: as chosen in the view line', async () => {
    const page = await floats('hex24');
    await eventually(async () => (await first(page))[0]).toBe('4570A4');
    await choose(page, 'uint256');
    await eventually(async () => (await first(page)).length).toBe(1);
    await choose(page, 'fix16.12');
    // 70A4 and 4145, 12 bits behind the point.
    await eventually(async () => (await first(page)).slice(0, 2)).toEqual(['7.04004', '4.07935']);
    await page.keyboard.type('1.0001');
    await eventually(() => preview(page).textContent()).toContain('1 = 00 10.');
    await page.keyboard.press('Enter');
    await eventually(() => staged(page)).toEqual({ 32768: 0x00, 32769: 0x10 });
    await choose(page, 'bfp16ebs8');
    await page.keyboard.type('1|2|3|4|5|6|7|8');
    await eventually(() => preview(page).textContent()).toContain(
      '1|2|3|4|5|6|7|8@130 = 82 08 10 18 20 28 30 38 40.',
    );
    await page.keyboard.press('Enter');
    await eventually(async () => (await first(page))[0]).toBe('1|2|3|4|5|6|7|8@130');
    // The command takes the keys to the choice.
    await page.evaluate(() => window.fake.send({ type: 'chooseCells' }));
    await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('data-name'))).toBe(
      'cells',
    );
  });

  test('[hex-1] rows as long as there is room: whole words, no scrolling sideways, the same place on top', async () => {
    const page = await start({ ...oneTile, width: 1400 });
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x9000, length: 1 }));
    await page.locator('.view-line [data-name=columns]').selectOption('0');
    const lengths: number[] = [];
    for (const width of [1400, 900, 500]) {
      // Rows of 16 bytes were shown first.
      const before = lengths.at(-1) ?? 16;
      await page.setViewportSize({ width, height: 700 });
      const row = async () => ((await rows(page))[0]?.bytes ?? '').trim().split(' ').length;
      await eventually(row, `${width} pixels`).not.toBe(before);
      const length = await row();
      expect(length % 8, `${width}: ${length}`).toBe(0);
      const sideways = () =>
        page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.querySelector('.scroller') ?? document.body;
          return scrollWidth - clientWidth;
        });
      await eventually(sideways, `${width} pixels`).toBe(0);
      await eventually(() => footer(page).textContent()).toContain('tile offset 0x1000');
      lengths.push(length);
    }
    expect(lengths[0]).toBeGreaterThan(lengths[1] ?? 0);
    expect(lengths[1]).toBeGreaterThan(lengths[2] ?? 0);
  });

  test('[names-8] bookmarks are lines above their bytes, beside names and edits, in the hover, in what is spoken and on the map', async () => {
    const page = await start(oneTile);
    await page.evaluate(() =>
      window.fake.send({
        type: 'names',
        told: {
          isNamed: true,
          names: [
            {
              ...{ kind: 'bookmark', text: 'bad tap', detail: 'bookmark, red', colour: 'red' },
              ...{ offset: 0x8004, length: 14 },
            },
            { kind: 'field', text: 'state.gain', detail: 'float of struct state', offset: 0x8004, length: 4 },
            { kind: 'buffer', text: 'taps', detail: '64 bytes', offset: 0x8000, length: 64 },
          ],
        },
      }),
    );
    const names = () => page.locator('.row .names').first().textContent();
    await eventually(names).toBe('taps, ◆ bad tap, state.gain');
    const lines = async () => (await bands(page)).filter((band) => band.startsWith('red'));
    // Told apart by form as well: where it begins there is a flag.
    expect(await lines()).toEqual(['red flag on top', 'red 12 on top', 'red 2 on top']);
    await page.locator('#grid').focus();
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowRight');
    await page.keyboard.type('a5');
    await eventually(() => footer(page).textContent()).toContain('◆ bad tap');
    await page.keyboard.press('ArrowLeft');
    await eventually(() => spoken(page).textContent()).toContain('state.gain+0x2, ◆ bad tap');
    // The edit is painted in the text, the bookmark above it.
    await eventually(() => marked(page, 'staged')).toEqual(['A5']);
    expect((await lines()).length).toBe(3);
    const at = await point(page, '0000', 6);
    await page.mouse.move(at.x, at.y);
    await eventually(() => page.locator('.hover').textContent()).toContain('bad tap: bookmark, red');
    await page.evaluate(() => window.fake.send({ type: 'map', marks: Uint8Array.of(0, 32, 32) }));
    await eventually(() => page.locator('.tile-map svg').getAttribute('aria-label')).toContain(
      'bookmarks in 2 tiles',
    );
    const drawn = await page.locator('.tile-map .bookmark').getAttribute('d');
    expect((drawn ?? '').split('M').length - 1).toBe(2);
  });

  test('[names-2] names stand beside the rows in which they begin, below their bytes, in the hover and in what is spoken', async () => {
    const page = await start(oneTile);
    const column = () =>
      page.evaluate(() => {
        const viewport = document.querySelector('.viewport')?.getBoundingClientRect();
        return [...document.querySelectorAll('.row')]
          .filter((row) => row.getBoundingClientRect().bottom > (viewport?.top ?? 0) + 1)
          .slice(0, 4)
          .map((row) => row.querySelector('.names')?.textContent);
      });
    const columns = () => page.locator('#grid').getAttribute('aria-colcount');
    expect(await columns()).toBe('3');
    expect(await column()).toEqual([undefined, undefined, undefined, undefined]);
    await page.evaluate(() =>
      window.fake.send({
        type: 'names',
        told: {
          isNamed: true,
          names: [
            { kind: 'buffer', text: 'in_buff', detail: '40 bytes, v4int32[10]', offset: 0x8008, length: 40 },
            { kind: 'buffer', text: 'taps', detail: '8 bytes', offset: 0x8030, length: 8 },
            { kind: 'sp', text: 'SP', detail: 'read at 14:03:27', offset: 0x8031, length: 1 },
          ],
        },
      }),
    );
    await eventually(column).toEqual(['in_buff', undefined, undefined, 'taps, SP']);
    expect(await columns()).toBe('4');
    const title = page.locator('.row .names', { hasText: 'taps' });
    expect(await title.getAttribute('title')).toBe('taps: 8 bytes\nSP: read at 14:03:27');
    // A band from the first byte of a name to its last one.
    expect(await bands(page)).toEqual([
      ...['buffer flag below', 'buffer 8 below', 'buffer 16 below', 'buffer 16 below'],
      ...['buffer flag below', 'buffer 1 below'],
      // A box around the byte: above and below, and at both sides.
      ...['sp 1 on top', 'sp 1 below', 'sp flag on top', 'sp flag on top'],
      'buffer 6 below',
    ]);
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await eventually(() => footer(page).textContent()).toContain('taps+0x1');
    await eventually(() => spoken(page).textContent()).toContain('taps+0x1, SP');
    const at = await point(page, '0010', 4);
    await page.mouse.move(at.x, at.y);
    await eventually(() => page.locator('.hover').textContent()).toContain('in_buff: 40 bytes, v4int32[10]');
    // Inside of a name the first row on screen says which one.
    await page.evaluate(() => window.fake.send({ type: 'scroll', offset: 0x8010 }));
    await eventually(column).toEqual(['... in_buff', undefined, 'taps, SP', undefined]);
    await page.evaluate(() => window.fake.send({ type: 'names', told: { isNamed: false, names: [] } }));
    await eventually(column).toEqual([undefined, undefined, undefined, undefined]);
    expect(await columns()).toBe('3');
  });

  test('values that differ from what they are compared with are marked, and the line below says what is expected', async () => {
    const page = await floats('uint16');
    expect(await marked(page, 'mismatch')).toEqual([]);
    const tell = (offset: number, wrong: number[]) =>
      page.evaluate(
        ([at = 0, ...bytes]) => {
          const expected = new Uint8Array(bytes.length).fill(1);
          window.fake.send({
            type: 'expected',
            expected: { offset: at, wrong: Uint8Array.from(bytes), expected },
          });
        },
        [offset, ...wrong],
      );
    await tell(0x8000, [1, 1, 0, 0, 1, 1, 1, 1]);
    await eventually(async () => (await marked(page, 'mismatch')).length).toBe(2);
    await eventually(() => footer(page).textContent()).toContain('differs, expected 257');
    await page.keyboard.press('ArrowRight');
    await eventually(() => footer(page).textContent()).not.toContain('differs');
    // Of larger cells one is marked in which anything differs.
    await choose(page, 'hex64');
    await eventually(async () => (await marked(page, 'mismatch')).length).toBe(1);
    await tell(0, []);
    await eventually(async () => (await marked(page, 'mismatch')).length).toBe(0);
    await eventually(() => footer(page).textContent()).not.toContain('differs');
  });

  test('[hex-1] what changed in more than one word while an application runs is possibly torn', async () => {
    const page = await floats('float64');
    expect(await marked(page, 'torn')).toEqual([]);
    expect(await footer(page).textContent()).not.toContain('torn');
    await page.evaluate(() => window.fake.setState({ moving: true }));
    await eventually(async () => (await marked(page, 'torn')).length).toBe(1);
    await eventually(() => footer(page).textContent()).toContain('possibly torn');
    // One word is read at once.
    await choose(page, 'float32');
    await eventually(() => marked(page, 'torn')).toEqual([]);
    await eventually(() => footer(page).textContent()).not.toContain('torn');
    await choose(page, 'hex24');
    await page.evaluate(() => window.fake.deviceWrite(0x8020, 1, 2, 3, 4, 5));
    await eventually(async () => (await marked(page, 'torn')).length).toBeGreaterThan(0);
  });

  test('[hex-1] colours by class of value, where a person wants them', async () => {
    const page = await floats('float32');
    await page.evaluate(() => window.fake.deviceWrite(0x8010, 0, 0, 0xc0, 0x7f));
    const classes = async () => ({
      zero: (await marked(page, 'zero'))[0],
      negative: (await marked(page, 'negative'))[0],
      special: (await marked(page, 'special'))[0],
    });
    expect(await classes()).toEqual({ zero: undefined, negative: undefined, special: undefined });
    await page.locator('.view-line [data-name=colours]').click();
    await eventually(async () => (await classes()).negative?.trim()).toBe('-0.5');
    const { zero, special } = await classes();
    expect(zero?.trim()).toBe('0');
    expect(special?.trim()).toBe('NaN');
    await choose(page, 'hex8');
    await eventually(async () => (await marked(page, 'text')).join(' ')).toContain('70');
  });

  test('a place whose type a build says comes with the cells that show it; the view line says so', async () => {
    const page = await start(oneTile);
    await page.evaluate(() =>
      window.fake.send({ type: 'reveal', offset: 0x8040, length: 16, cells: 'int32' }),
    );
    const list = page.locator('.view-line [data-name=cells]');
    await eventually(() => list.inputValue()).toBe('int');
    await eventually(() => page.locator('.view-line [data-name=bytes]').inputValue()).toBe('4');
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x8080, length: 16 }));
    await painted(page);
    expect(await list.inputValue()).toBe('int');
  });

  test("[hex-1] font, size and density are the settings'; no two cells share a glyph", async () => {
    for (const [fontSize, density] of [
      [8, 'compact'],
      [40, 'comfortable'],
    ] as const) {
      const page = await start({ ...oneTile, settings: { fontFamily: 'monospace', fontSize, density } });
      const style = await page.evaluate(() => {
        const { fontSize, fontVariantLigatures, fontKerning, fontFamily } = getComputedStyle(
          document.querySelector('.scroller') ?? document.body,
        );
        const row = document.querySelector('.row:not(.tile)')?.getBoundingClientRect().height;
        return { fontSize, fontVariantLigatures, fontKerning, fontFamily, row };
      });
      expect(style).toMatchObject({
        fontSize: `${fontSize}px`,
        fontVariantLigatures: 'none',
        fontKerning: 'none',
        fontFamily: expect.stringContaining('monospace'),
        row: Math.round(fontSize * (density === 'compact' ? 1.2 : 1.5)),
      });
      // A click still finds its cell.
      const at = await point(page, '0010', 5);
      await page.mouse.click(at.x, at.y);
      await eventually(() => footer(page).textContent()).toContain('tile offset 0x0015');
      await open?.close();
    }
    open = undefined;
  });

  test('the setting counts in a tab where nothing was chosen', async () => {
    const page = await start({ ...oneTile, settings: { cells: { name: 'uint16', order: 'big' } } });
    const value = (at: number) => String(deviceByte(at) * 256 + deviceByte(at + 1));
    await eventually(async () => (await first(page)).slice(0, 2)).toEqual([value(0x8000), value(0x8002)]);
    const set = (name: CellName) =>
      page.evaluate(
        (cells) => {
          window.fake.settings = { ...window.fake.settings, cells };
          window.fake.send({ type: 'settings', settings: window.fake.settings });
        },
        { name, order: 'little' } as const,
      );
    await set('uint8');
    await eventually(async () => (await first(page))[0]).toBe(String(deviceByte(0x8000)));
    await choose(page, 'hex8');
    await set('bin8');
    await painted(page);
    expect((await first(page))[0]).toBe(hex(deviceByte(0x8000)));
  });

  test('Enter, a value, Enter: it is shown as it will be before it is staged, with what was seen', async () => {
    const page = await floats('bfloat16');
    await page.keyboard.press('Enter');
    await page.keyboard.type('12.34');
    await eventually(() => preview(page).textContent()).toBe(
      '12.3125 = 45 41. Enter stages it, Escape leaves the cell as it is.',
    );
    expect(await edits(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await eventually(() => edits(page)).toEqual([[{ offset: 0x8000, bytes: [0x45, 0x41] }]]);
    const seen = await page.evaluate(() => {
      const said = window.fake.said.findLast(
        (message) => message.type === 'request' && message.name === 'edit',
      );
      return said?.type === 'request' && said.name === 'edit'
        ? [...(said.params.edits[0]?.seen.base ?? [])]
        : [];
    });
    expect(seen).toEqual([0xa4, 0x70]);
    await eventually(() => marked(page, 'staged')).toEqual([' 12.3125']);
    // The next cell is ready for the next value; a character opens the field by itself.
    await eventually(() => cursor(page)).toEqual([0x8002, 0x8002, 2]);
    await page.keyboard.type('-1');
    await page.keyboard.press('Enter');
    await eventually(() => staged(page)).toEqual({
      [0x8000]: 0x45,
      [0x8001]: 0x41,
      [0x8002]: 0x80,
      [0x8003]: 0xbf,
    });
    await page.keyboard.press('ArrowLeft');
    await eventually(() => footer(page).textContent()).toContain('bfloat16 -1 = 80 BF');
    expect(await footer(page).textContent()).toContain('staged, was 12.3125');
    await page.keyboard.press('Control+z');
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x45, [0x8001]: 0x41 });
  });

  test('12.34 typed into a float32 cell is A4 70 45 41', async () => {
    const page = await floats();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('12.34');
    await page.keyboard.press('Enter');
    await eventually(() => edits(page)).toEqual([[{ offset: 0x8004, bytes: twelve }]]);
  });

  test('Escape, a click elsewhere or other cells leave the cell as it is; what is no value says why and stays', async () => {
    const page = await floats('int8');
    for (const leave of [
      () => page.keyboard.press('Escape'),
      () => click(page, '0010', 3),
      () => choose(page, 'int8', 'big'),
    ]) {
      await page.keyboard.type('7');
      await eventually(() => field(page).isVisible()).toBe(true);
      await leave();
      await eventually(() => field(page).isVisible()).toBe(false);
      await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('grid');
    }
    await page.keyboard.type('128');
    await page.keyboard.press('Enter');
    await eventually(() => preview(page).textContent()).toBe('This does not fit into int8: -128 to 127 do.');
    await eventually(() => field(page).getAttribute('aria-invalid')).toBe('true');
    await page.keyboard.type('x');
    await eventually(() => preview(page).textContent()).toBe('This is no int8 value.');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Enter');
    await eventually(() => edits(page)).toEqual([[{ offset: 0x8013, bytes: [12] }]]);
  });

  test('what the device writes under the field is a conflict: the person saw what was there before', async () => {
    const page = await floats();
    await page.keyboard.type('2');
    await page.evaluate(() => window.fake.deviceWrite(0x8002, 0x99));
    await eventually(() => footer(page).textContent()).toContain('A4 70 99 41');
    await page.keyboard.press('Enter');
    await eventually(() => page.evaluate(() => window.fake.state)).toMatchObject({
      stagedBytes: 4,
      conflictBytes: 1,
    });
  });

  test('words of digits are typed digit by digit, in the order in which they are shown', async () => {
    const page = await floats('hex32');
    await page.keyboard.type('41457');
    await eventually(() => marked(page, 'pending')).toEqual(['41457___']);
    await page.keyboard.press('Backspace');
    await eventually(() => marked(page, 'pending')).toEqual(['4145____']);
    await page.keyboard.type('70a5');
    await eventually(() => edits(page)).toEqual([[{ offset: 0x8000, bytes: [0xa5, 0x70, 0x45, 0x41] }]]);
    await eventually(() => cursor(page)).toEqual([0x8004, 0x8004, 4]);
    await choose(page, 'oct8');
    await page.keyboard.type('777');
    await eventually(() => notice(page).textContent()).toBe('This does not fit into oct8: 000 to 377 do.');
  });

  test('are clicked, dragged over and selected as wholes; in the characters bytes are', async () => {
    const page = await floats();
    await click(page, '0010', 2);
    await eventually(() => cursor(page)).toEqual([0x8018, 0x8018, 4]);
    await click(page, '0020', 1, 'bytes', { shift: true });
    await eventually(() => cursor(page)).toEqual([0x8024, 0x8018, 16]);
    await click(page, '0030', 1, 'bytes', { double: true });
    await eventually(() => cursor(page)).toEqual([0x8034, 0x8034, 4]);
    await click(page, '0010', 6, 'characters');
    await eventually(() => cursor(page)).toEqual([0x8016, 0x8016, 1]);
    await eventually(() => footer(page).textContent()).toContain(`value ${hex(deviceByte(0x8016))}`);
    await page.keyboard.press('Shift+Tab');
    await eventually(() => cursor(page)).toEqual([0x8014, 0x8014, 4]);
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => footer(page).textContent()).toContain('8 bytes selected (0x8)');
  });

  test('values are copied as shown and pasted back; one Delete sets them to zero', async () => {
    const page = await floats('float32', { unreadable: [{ offset: 0x8009, length: 1, reason: 1 }] });
    await eventually(() => first(page)).toEqual(['12.34', '1', '??', '-0.5']);
    await page.keyboard.press('Shift+End');
    await page.keyboard.press('Control+c');
    await eventually(() => clipboard(page)).toBe('12.34 1 ?? -0.5');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Home');
    await page.keyboard.press('Control+v');
    await eventually(() => edits(page)).toEqual([
      [
        { offset: 0x8010, bytes: [...twelve, 0, 0, 0x80, 0x3f] },
        { offset: 0x801c, bytes: [0, 0, 0, 0xbf] },
      ],
    ]);
    await page.evaluate(() => navigator.clipboard.writeText('12.34 zwölf'));
    await page.keyboard.press('Control+v');
    await eventually(() => notice(page).textContent()).toContain('holds no float32 values');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Delete');
    await eventually(async () => (await edits(page)).at(-1)).toEqual([
      { offset: 0x8000, bytes: [0, 0, 0, 0] },
    ]);
  });

  test('a cell with a byte that cannot be read, or was not, says so and cannot be typed in; locked ones neither', async () => {
    const page = await floats('float32', {
      unreadable: [{ offset: 0x8002, length: 1, reason: 1 }],
      unknown: [{ offset: 0x8004, length: 1 }],
    });
    await eventually(() => first(page)).toEqual(['??', '··', '0', '-0.5']);
    await page.keyboard.press('Enter');
    await eventually(() => notice(page).textContent()).toContain('the clock of this tile is off');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('1');
    await eventually(() => notice(page).textContent()).toContain('before it was read');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('1');
    await page.evaluate(() => window.fake.setState({ policy: 'locked' }));
    await eventually(() => page.getAttribute('#grid', 'aria-readonly')).toBe('true');
    await page.keyboard.press('Enter');
    await eventually(() => notice(page).textContent()).toContain('this memory is locked');
    expect(await field(page).isVisible()).toBe(false);
    expect(await edits(page)).toEqual([]);
  });

  test('a conflict in one byte is a conflict of the cell, with both values; characters keep marks of their own', async () => {
    const page = await floats();
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowLeft');
    await page.evaluate(() => window.fake.deviceWrite(0x8003, 0xc1));
    await eventually(() => footer(page).textContent()).toContain('in conflict: yours 1, device -12.34');
    await eventually(async () => (await marked(page, 'conflict')).map((text) => text.trim())).toEqual(['1']);
  });
});

describe('[truth-19] bytes that nobody read yet', () => {
  const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
  const setClipboard = (page: Page, text: string) =>
    page.evaluate((given) => navigator.clipboard.writeText(given), text);
  const notice = (page: Page) => page.locator('.notice .text');
  /** One tile of which only the first rows were read. */
  const unread: OpenOptions = { ...oneTile, unknown: [{ offset: 0x8260, length: 0x8000 - 0x260 }] };
  const finish = (page: Page) => page.evaluate(() => window.fake.finishRead());
  const reads = (page: Page) =>
    page.evaluate(() =>
      window.fake.said.flatMap((message) =>
        message.type === 'request' && message.name === 'read' ? [message.params] : [],
      ),
    );

  test('are read before they are copied, with progress, and the message counts those that cannot be', async () => {
    const page = await start({
      ...unread,
      holdReads: true,
      unreadable: [{ offset: 0xc000, length: 0x4000, reason: 1 }],
    });
    await setClipboard(page, 'before');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await eventually(() => notice(page).textContent()).toBe(
      'Reading what was not read yet, to copy 32768 bytes... 0 %',
    );
    await page.evaluate(() => window.fake.progress(40));
    await eventually(() => notice(page).textContent()).toContain('40 %');
    // Looking around meanwhile takes nothing away.
    await page.keyboard.press('Control+Home');
    await painted(page);
    expect(await notice(page).textContent()).toContain('40 %');
    expect(await clipboard(page)).toBe('before');
    await finish(page);
    await eventually(() => notice(page).textContent()).toBe(
      '16384 bytes copied. Of the 32768 that are selected, 16384 could not be read.',
    );
    const cells = (await clipboard(page)).split(/\s/);
    expect(cells).toHaveLength(0x8000);
    expect(cells.slice(0, 0x4000).join(' ')).toBe(deviceHex(0x8000, 0x4000));
    expect(new Set(cells.slice(0x4000))).toEqual(new Set(['??']));
  });

  test('are read before they are copied as characters, 1 MiB of them', async () => {
    const page = await start({ ...large, unknown: [{ offset: 0, length: largeBytes }] });
    await page.keyboard.press('Tab');
    await page.evaluate((length) => window.fake.send({ type: 'reveal', offset: 16, length }), 1 << 20);
    await painted(page);
    await page.keyboard.press('Control+c');
    await eventually(() => spoken(page).textContent()).toContain('1048576 bytes copied.');
    expect(await reads(page)).toEqual([{ offset: 16, length: 1 << 20 }]);
    const text = await clipboard(page);
    expect(text).toHaveLength(1 << 20);
    expect(text).not.toContain('\u00b7');
  });

  test.each([
    ['Escape', async (page: Page) => page.keyboard.press('Escape')],
    ['a button', async (page: Page) => page.click('.notice [data-name=cancel]')],
  ])('a read that is cancelled by %s copies nothing, and the host is told', async (_, cancel) => {
    const page = await start({ ...unread, holdReads: true });
    await setClipboard(page, 'before');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    await page.waitForSelector('.notice [data-name=cancel]');
    await cancel(page);
    await eventually(() => notice(page).textContent()).toBe('Nothing was copied: Cancelled.');
    expect(await page.evaluate(() => window.fake.said.map(({ type }) => type))).toContain('cancel');
    await finish(page);
    await painted(page);
    expect(await clipboard(page)).toBe('before');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Control+c');
    await eventually(() => clipboard(page)).toBe(deviceHex(0x8000, 2));
  });

  test('a read that fails copies and pastes nothing, and says why', async () => {
    const page = await start(unread);
    await page.evaluate(() => {
      window.fake.failReads = 'The board is gone.';
    });
    await setClipboard(page, 'DE AD');
    await page.keyboard.press('Control+End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Control+c');
    await eventually(() => notice(page).textContent()).toBe('Nothing was copied: The board is gone.');
    await page.keyboard.press('Control+v');
    await eventually(() => notice(page).textContent()).toBe('The edit was not taken: The board is gone.');
    expect(await clipboard(page)).toBe('DE AD');
    expect(await edits(page)).toEqual([]);
  });

  test('1 MiB is pasted after it was read; what is typed meanwhile stays on top, and the cursor where it is', async () => {
    const page = await start({
      ...large,
      holdReads: true,
      unknown: [{ offset: 0x200, length: largeBytes - 0x200 }],
    });
    await page.evaluate(() => navigator.clipboard.writeText('5A '.repeat(1 << 20)));
    await page.keyboard.press('Control+v');
    await eventually(() => notice(page).textContent()).toContain('to edit 1048576 bytes');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.type('B7');
    await page.keyboard.press('ArrowRight');
    // A second one has to wait for the first.
    await page.keyboard.press('Control+v');
    await eventually(() => notice(page).textContent()).toContain('still being read');
    await finish(page);
    await eventually(() => page.evaluate(() => window.fake.state.stagedBytes)).toBe(1 << 20);
    expect(await reads(page)).toEqual([{ offset: 0, length: 1 << 20 }]);
    const [typed, ...pasted] = await page.evaluate(() =>
      window.fake.said.flatMap((message) =>
        message.type === 'request' && message.name === 'edit'
          ? [message.params.edits.map(({ offset, bytes }) => [offset, bytes.length])]
          : [],
      ),
    );
    expect(typed).toEqual([[1, 1]]);
    expect(pasted).toEqual([
      [
        [0, 1],
        [2, (1 << 20) - 2],
      ],
    ]);
    expect(await page.evaluate(() => window.fake.shown({ offset: 0, length: 3 }).bytes)).toMatchObject({
      0: 0x5a,
      1: 0xb7,
      2: 0x5a,
    });
    await eventually(async () => (await rows(page))[1]?.bytes.slice(0, 8)).toBe('5A B7 5A');
    expect(
      await page.evaluate(() => window.fake.said.findLast((message) => message.type === 'selection')),
    ).toMatchObject({ cursor: 3, length: 1 });
  });

  test('are read before they are set to zero', async () => {
    const page = await start(unread);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await eventually(() => edits(page)).toHaveLength(1);
    expect(await reads(page)).toEqual([{ offset: 0x8000, length: 0x8000 }]);
    expect((await edits(page))[0]?.[0]?.bytes).toHaveLength(0x8000);
  });

  test('nothing is written over bytes that cannot be read: their number and the reason are said', async () => {
    const page = await start({ ...unread, unreadable: [{ offset: 0xc000, length: 0x4000, reason: 1 }] });
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await eventually(() => notice(page).textContent()).toBe(
      'Nothing was changed: 16384 of these 32768 bytes cannot be read: the clock of this tile is off.',
    );
    expect(await edits(page)).toEqual([]);
  });

  test('a read that ended before its end is asked for again', async () => {
    const page = await start({ ...oneTile, unreadable: [{ offset: 0x8000, length: 4, reason: 5 }] });
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Control+c');
    await eventually(() => reads(page)).toEqual([{ offset: 0x8000, length: 2 }]);
    await eventually(() => notice(page).textContent()).toContain('0 bytes copied.');
  });
});

describe('[truth-14] a byte that the board changed before the page showed it', () => {
  const late = (page: Page) => page.evaluate(() => window.fake.deviceWriteUnseen(0x8001, 0x11));

  test.each([
    ['digits', async (page: Page) => page.keyboard.type('A7')],
    [
      'a character',
      async (page: Page) => {
        await page.keyboard.press('Tab');
        await page.keyboard.type('x');
        await page.keyboard.press('Shift+Tab');
      },
    ],
    ['a paste', async (page: Page) => page.keyboard.press('Control+v')],
    ['Delete', async (page: Page) => page.keyboard.press('Delete')],
  ])('is a conflict under %s, and its neighbour is not', async (_, act) => {
    const page = await start(oneTile);
    await page.evaluate(() => navigator.clipboard.writeText('C3'));
    await page.keyboard.press('ArrowRight');
    await late(page);
    await act(page);
    await page.keyboard.press('Control+Home');
    await act(page);
    await eventually(() => page.evaluate(() => window.fake.state)).toMatchObject({
      stagedBytes: 2,
      conflictBytes: 1,
    });
    await eventually(() => marked(page, 'conflict')).toHaveLength(1);
  });

  test('is none once it was shown', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => window.fake.deviceWrite(0x8001, 0x11));
    await eventually(async () => (await rows(page))[0]?.bytes.slice(3, 5)).toBe('11');
    await page.keyboard.type('A7A8');
    await eventually(() => page.evaluate(() => window.fake.state)).toMatchObject({
      stagedBytes: 2,
      conflictBytes: 0,
    });
  });
});

describe('[truth-19] what people did to other tools', () => {
  const last = (page: Page) =>
    page.evaluate(() => {
      const said = window.fake.said.findLast((message) => message.type === 'selection');
      return said?.type === 'selection' ? said : undefined;
    });

  test('[hex-13] 2 MiB of 0x3D are 0x3D at the borders of pages, on screen and in the clipboard', async () => {
    const page = await start({
      geometry: { startCol: 0, numCols: 8, bytesPerTile: 0x8000 },
      settings: { bytesPerRow: 64 },
      fill: 0x3d,
    });
    for (const border of [0x1000, 0x8000, 0x10000, 0x1fff0, 0x3fff0, 0xffff0, 0x100000, 0x1ff000]) {
      await page.evaluate((offset) => window.fake.send({ type: 'reveal', offset, length: 1 }), border);
      await eventually(() => footer(page).textContent()).toContain(`0x${hex(border).padStart(6, '0')}`);
      await eventually(async () => {
        const shown = (await rows(page)).filter(({ kind }) => kind === 'bytes');
        return new Set(shown.flatMap(({ bytes, characters }) => [bytes, characters]));
      }).toEqual(new Set([Array(64).fill('3D').join(' '), '='.repeat(64)]));
    }
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0xff0, length: 1 << 20 }));
    await painted(page);
    await page.keyboard.press('Control+c');
    await eventually(() => spoken(page).textContent()).toContain('1048576 bytes copied');
    expect(new Set((await page.evaluate(() => navigator.clipboard.readText())).split(/\s/))).toEqual(
      new Set(['3D']),
    );
  });

  test('digits of the keypad are digits', async () => {
    const page = await start(oneTile);
    // The browser's driver has no lock key for the keypad.
    await page.evaluate(() => {
      for (const key of ['4', '2']) {
        const init = { key, code: `Numpad${key}`, location: KeyboardEvent.DOM_KEY_LOCATION_NUMPAD };
        const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init });
        document.querySelector('#grid')?.dispatchEvent(event);
      }
    });
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x42 });
  });

  test('Shift and a click select over 1 MiB, to the byte', async () => {
    const page = await start(large);
    await click(page, '0010', 0);
    // The wheel moves the rows and leaves the cursor.
    await page.evaluate(() => {
      const height = document.querySelector('.row')?.getBoundingClientRect().height ?? 0;
      // Rows of bytes, and the headings of 16 tiles before them.
      const deltaY = height * (0x100000 / 16 + 16);
      document.querySelector('#grid')?.dispatchEvent(new WheelEvent('wheel', { deltaY, cancelable: true }));
    });
    await eventually(async () => (await rows(page)).map(({ buffer }) => buffer)).toContain('00100000');
    await click(page, '0000', 15, 'bytes', { shift: true });
    await eventually(() => last(page)).toMatchObject({ start: 0x10, length: 1 << 20 });
  });

  test('[hex-13] no frame is blank while it scrolls, is split, is hidden and comes back', async () => {
    const page = await start(large);
    const blank = await page.evaluate(async () => {
      const found: string[] = [];
      const grid = document.querySelector('#grid');
      const look = (when: string) => {
        const viewport = document.querySelector('.viewport')?.getBoundingClientRect();
        const boxes = [...document.querySelectorAll('.row')].map((row) => ({
          box: row.getBoundingClientRect(),
          text: row.textContent ?? '',
        }));
        const top = Math.min(...boxes.map(({ box }) => box.top));
        const bottom = Math.max(...boxes.map(({ box }) => box.bottom));
        if (viewport === undefined || top > viewport.top + 1 || bottom < viewport.bottom - 1)
          found.push(when);
        if (boxes.some(({ text }) => text.trim() === '')) found.push(`${when}: a row without text`);
      };
      const frame = () => new Promise((done) => requestAnimationFrame(done));
      for (let i = 0; i < 40; i++) {
        const deltaY = (i % 4 === 3 ? -1 : 1) * 137 * i;
        grid?.dispatchEvent(new WheelEvent('wheel', { deltaY, cancelable: true, bubbles: true }));
        await frame();
        await frame();
        look(`scrolled ${i}`);
      }
      for (const height of ['40vh', '100vh', '55vh', '']) {
        document.body.style.height = height;
        for (let i = 0; i < 3; i++) await frame();
        look(`height ${height}`);
      }
      for (let i = 0; i < 6; i++) {
        // Hidden in the middle of scrolling, and scrolled on before it has drawn.
        const wheel = () =>
          grid?.dispatchEvent(new WheelEvent('wheel', { deltaY: 900 * i, cancelable: true, bubbles: true }));
        wheel();
        document.documentElement.style.display = 'none';
        wheel();
        for (let j = 0; j < 3; j++) await frame();
        wheel();
        document.documentElement.style.display = '';
        wheel();
        for (let j = 0; j < 3; j++) await frame();
        look(`shown again ${i}`);
      }
      return found;
    });
    expect(blank).toEqual([]);
  });

  test('[hex-13] after a jump a click finds the byte that is shown there', async () => {
    const page = await start(large);
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x59d00, length: 1 }));
    await eventually(() => last(page)).toMatchObject({ cursor: 0x59d00 });
    await eventually(async () => (await rows(page)).map(({ offset }) => offset)).toContain('9D00');
    await click(page, '9D00', 5);
    await eventually(() => last(page)).toMatchObject({ cursor: 0x59d05, length: 1 });
  });

  test('[hex-13] once scrolled away, an arrow goes on from the cursor and shows it', async () => {
    const page = await start(large);
    await click(page, '0010', 3);
    await page.evaluate(() =>
      document
        .querySelector('#grid')
        ?.dispatchEvent(new WheelEvent('wheel', { deltaY: 100_000, cancelable: true, bubbles: true })),
    );
    await eventually(async () => (await rows(page)).map(({ buffer }) => buffer)).not.toContain('00000010');
    await page.keyboard.press('ArrowDown');
    await eventually(() => last(page)).toMatchObject({ cursor: 0x23 });
    await eventually(async () => (await rows(page)).map(({ buffer }) => buffer)).toContain('00000020');
  });

  test('[hex-13] of few bytes in long rows the characters stand to the right of the bytes', async () => {
    const page = await start({
      range: { offset: 0x8000, length: 20 },
      settings: { bytesPerRow: 64 },
      width: 1600,
    });
    await painted(page);
    const edges = await page.evaluate(() => {
      const box = (name: string) =>
        document.querySelector(`.row:not(.tile) .${name}`)?.getBoundingClientRect();
      return { bytes: box('bytes')?.right ?? 0, characters: box('characters')?.left ?? 0 };
    });
    expect(edges.bytes).toBeGreaterThan(0);
    expect(edges.characters).toBeGreaterThanOrEqual(edges.bytes);
  });

  test('[hex-13] keys of an input method type nothing, in neither column, and choose nothing in a box', async () => {
    const page = await start(oneTile);
    const keys = () =>
      page.evaluate(() => {
        const grid = document.querySelector('#grid');
        const press = (init: KeyboardEventInit) =>
          grid?.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }));
        grid?.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }));
        press({ key: 'Process', keyCode: 229 });
        press({ key: 'a', isComposing: true });
        press({ key: '5', isComposing: true });
        press({ key: 'Dead' });
        grid?.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true, data: '\u3042' }));
      });
    await keys();
    await page.keyboard.press('Tab');
    await keys();
    await painted(page);
    expect(await edits(page)).toEqual([]);
    expect(await marked(page, 'pending')).toEqual([]);
    // Enter and Escape choose and leave a word of the input method: they are no keys of the box.
    const compose = (selector: string) =>
      page.evaluate((box) => {
        for (const key of ['Enter', 'Escape']) {
          const init = { key, isComposing: true, bubbles: true, cancelable: true };
          document.querySelector(box)?.dispatchEvent(new KeyboardEvent('keydown', init));
        }
      }, selector);
    await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: true }));
    await eventually(() => page.locator('[data-name=find-text]').isVisible()).toBe(true);
    const said = await page.evaluate(() => window.fake.said.length);
    await compose('[data-name=find-text]');
    await compose('[data-name=replace-text]');
    await painted(page);
    expect(await page.locator('.find-line').isVisible()).toBe(true);
    const since = await page.evaluate((from) => window.fake.said.slice(from).map(({ type }) => type), said);
    expect(since).not.toContain('toHit');
    expect(since).not.toContain('replaceHits');
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.find-line').isVisible()).toBe(false);
    await click(page, '0000', 0);
    await page.keyboard.press('Enter');
    await eventually(() => page.locator('.cell-field input').isVisible()).toBe(true);
    await compose('.cell-field input');
    await painted(page);
    expect(await page.locator('.cell-field input').isVisible()).toBe(true);
    expect(await edits(page)).toEqual([]);
  });

  test('at 25 pixels, with a font that joins letters, a click finds its byte and its character', async () => {
    const page = await start({ range: { offset: 0x8000, length: 0x8000 }, width: 1600, fill: 0x3d });
    await page.evaluate(() => {
      document.documentElement.style.setProperty('--vscode-editor-font-size', '25px');
      document.documentElement.style.setProperty('--vscode-editor-font-family', '"Fira Code", monospace');
      window.dispatchEvent(new Event('resize'));
    });
    await painted(page);
    expect(
      await page.evaluate(() =>
        ['bytes', 'characters'].map((name) => {
          const cell = document.querySelector(`.row:not(.tile) .${name}`);
          return cell === null ? '' : getComputedStyle(cell).fontVariantLigatures;
        }),
      ),
    ).toEqual(['none', 'none']);
    for (const pane of ['bytes', 'characters'] as const) {
      for (const column of [0, 7, 15]) {
        await click(page, '0020', column, pane);
        await eventually(() => last(page), `${pane} ${column}`).toMatchObject({
          cursor: 0x8020 + column,
          length: 1,
        });
      }
    }
  });

  test.each([
    ['200', 600, 350],
    ['400', 320, 256],
  ])(
    '[hex-13] at %s %% a click finds its byte, and the cursor is in view',
    async (percent, width, height) => {
      const page = await start(oneTile);
      const browser = await page.context().newCDPSession(page);
      onTestFinished(() => browser.detach());
      const deviceScaleFactor = Number(percent) / 100;
      await browser.send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor,
        mobile: false,
      });
      await eventually(() => page.evaluate(() => [innerWidth, devicePixelRatio])).toEqual([
        width,
        deviceScaleFactor,
      ]);
      await eventually(async () => (await rows(page)).map(({ offset }) => offset)).toContain('0020');
      await click(page, '0020', 5);
      await eventually(() => last(page)).toMatchObject({ cursor: 0x8025, length: 1 });
      await page.keyboard.press('Control+End');
      await eventually(async () => (await rows(page)).at(-1)?.offset).toBe('7FF0');
      // The last row is on screen, whole.
      await eventually(() =>
        page.evaluate(() => {
          const view = document.querySelector('.viewport')?.getBoundingClientRect();
          const row = [...document.querySelectorAll('.row')].at(-1)?.getBoundingClientRect();
          return (
            view !== undefined &&
            row !== undefined &&
            row.bottom <= view.bottom + 1 &&
            view.height > row.height
          );
        }),
      ).toBe(true);
    },
  );

  test.each([
    ['emoji', '\u{1f600}'],
    ['an initialiser', 'uint8_t a[] = { 0xDE, 0xAD };'],
    ['a line of xxd', '00000000: 6c6f 7265 6d20 6970  lorem ip'],
    ['an odd number of digits', 'DEA'],
  ])('%s is refused as hexadecimal with a sentence, and changes nothing', async (_, text) => {
    const page = await start(oneTile);
    await page.evaluate((given) => navigator.clipboard.writeText(given), text);
    await page.keyboard.press('Control+v');
    await eventually(() => page.locator('.notice').textContent()).toContain('no hexadecimal text');
    expect(await edits(page)).toEqual([]);
  });
});

describe('25 MiB', () => {
  test('[main-18] the last byte is reached by key, by scrollbar and by reveal, and is the right one', async () => {
    const page = await start(large);
    const lastRow = { offset: 'FFF0', buffer: '018FFFF0', bytes: deviceHex(largeBytes - 16, 16) };
    await page.keyboard.press('Control+End');
    await eventually(async () => (await rows(page)).at(-1)).toMatchObject(lastRow);
    await page.keyboard.press('Control+Home');
    await eventually(async () => (await rows(page))[0]?.offset).toBe('(0,1)');
    const track = await page.locator('.track').boundingBox();
    const thumb = await page.locator('.thumb').boundingBox();
    if (track === null || thumb === null) throw new Error('no scrollbar');
    await page.mouse.move(thumb.x + 5, thumb.y + 5);
    await page.mouse.down();
    await page.mouse.move(thumb.x + 5, track.y + track.height + 50, { steps: 5 });
    await page.mouse.up();
    await eventually(async () => (await rows(page)).at(-1)).toMatchObject(lastRow);
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0, length: 4 }));
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0, 4)]);
  });

  test('[main-18] wheel and track clicks move by rows and pages', async () => {
    const page = await start(large);
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, 210);
    await eventually(async () => (await rows(page))[0]?.offset).toBe('0090');
    const track = await page.locator('.track').boundingBox();
    if (track === null) throw new Error('no scrollbar');
    await page.mouse.click(track.x + 5, track.y + track.height - 5);
    await eventually(async () => (await rows(page))[0]?.offset).toMatch(/^02/);
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, -10_000);
    await eventually(async () => (await rows(page))[0]?.offset).toBe('(0,1)');
  });

  test('[main-18] only visible rows exist, however far one scrolls; a row of bytes is one text node per column', async () => {
    const page = await start(large);
    const count = () => page.evaluate(() => document.querySelectorAll('*').length);
    const before = await count();
    await page.mouse.move(300, 300);
    for (let i = 0; i < 40; i++) await page.mouse.wheel(0, i % 3 === 0 ? -900 : 4000 * i);
    await painted(page);
    expect(await count()).toBeLessThanOrEqual(before + 12);
    expect(before).toBeLessThan(350);
    const nodes = await page.evaluate(() =>
      [...document.querySelectorAll('.row .bytes, .row .characters')].map((cell) => cell.childNodes.length),
    );
    expect(new Set(nodes)).toEqual(new Set([1]));
    const order = await page.evaluate(() =>
      [...document.querySelectorAll('.row')].map((row) => Number(row.getAttribute('aria-rowindex'))),
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('[shape-2] is told what is visible, and nothing of what was', async () => {
    const page = await start({ ...large });
    await page.keyboard.press('Control+End');
    await eventually(() =>
      page.evaluate(() => {
        const last = window.fake.said.findLast((message) => message.type === 'visible');
        return last?.type === 'visible' ? last.range.offset + last.range.length : 0;
      }),
    ).toBe(largeBytes);
    const { offset } = await page.evaluate(() => {
      const last = window.fake.said.findLast((message) => message.type === 'window');
      return last?.type === 'window' ? (last.window.wanted.at(-1) ?? { offset: 0 }) : { offset: 0 };
    });
    expect(offset).toBeGreaterThan(largeBytes / 2);
    const sent = () => page.evaluate(() => window.fake.sent.length);
    // Nothing is on its way any more.
    await eventually(async () => (await rows(page)).at(-1)?.bytes).toBe(deviceHex(largeBytes - 16, 16));
    let before = -1;
    await eventually(async () => {
      const rests = (await sent()) === before;
      before = await sent();
      await painted(page);
      return rests;
    }).toBe(true);
    await page.evaluate((end) => {
      window.fake.deviceWrite(0, 0x11);
      window.fake.deviceWrite(end - 1, 0x11);
    }, largeBytes);
    await eventually(sent).toBe(before + 1);
    await eventually(async () => (await rows(page)).at(-1)?.bytes.slice(-2)).toBe('11');
  });

  test('drawing while scrolling, for the record', async () => {
    const page = await start(large);
    const { drawn, possible } = await scrollRate(page);
    console.log(
      `scrolling 25 MiB: ${drawn} of ${possible.toFixed(0)} draws (${((100 * drawn) / possible).toFixed(0)} %)`,
    );
    expect(drawn).toBeGreaterThan(0);
  });
});

describe('[hex-3] addresses', () => {
  const offsets = async (page: Page) => (await rows(page)).slice(0, 2).map(({ offset }) => offset.trim());
  const told = (page: Page) =>
    page.evaluate(() => {
      const message = window.fake.said.findLast(({ type }) => type === 'selection');
      return message?.type === 'selection' ? message.address : undefined;
    });

  test('before the rows stands what was chosen; what is copied is the same; only what there is is offered', async () => {
    const page = await start(oneTile);
    const list = page.locator('.view-line [data-name=addresses]');
    const offered = () => list.locator('option').allTextContents();
    expect(await offered()).toEqual(['Tile offset', 'Buffer offset']);
    await page.evaluate(() => window.fake.setState({ generation: 'aieml' }));
    await eventually(offered).toEqual(['Tile offset', 'Buffer offset', 'Core address', 'AXI address']);
    expect(await offsets(page)).toEqual(['0000', '0010']);
    await list.selectOption('axi');
    // Tile (6,2): 6 columns of 32 MiB, 2 rows of 1 MiB.
    await eventually(() => offsets(page)).toEqual(['02000C200000', '02000C200010']);
    await eventually(() => footer(page).textContent()).toContain('AXI address 0x2000C200000');
    await eventually(() => told(page)).toBe('0x2000C200000');
    await list.selectOption('core');
    await eventually(async () => (await offsets(page))[1]).toMatch(/10$/);
    await list.selectOption('buffer');
    await eventually(() => told(page)).toBe('buffer+0x8000');
    await page.locator('.view-line [data-name=decimal]').click();
    await eventually(() => offsets(page)).toEqual(['32768', '32784']);
    await eventually(() => told(page)).toBe('buffer+32768');
    await eventually(() => footer(page).textContent()).toContain('buffer offset 32768');
    // What is copied is where the selection begins, wherever the cursor is.
    await page.locator('#grid').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await eventually(() => told(page)).toBe('buffer+32769');
    await page.keyboard.press('Home');
    // A click still finds its cell: the offsets became wider.
    await page
      .locator('.viewport .row .bytes')
      .nth(2)
      .click({ position: { x: 20, y: 8 } });
    await eventually(() => footer(page).textContent()).toContain('tile offset 32');
  });
});

test('[hex-4] a place is shown while it is looked for; the page goes back to where it was, or stays', async () => {
  const page = await start(oneTile);
  for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowDown');
  const peek = (offset?: number) =>
    page.evaluate(
      (at) => window.fake.send(at === undefined ? { type: 'peek' } : { type: 'peek', offset: at }),
      offset,
    );
  const place = () => page.locator('.details .place').textContent();
  await eventually(place).toContain('tile offset 0x0030');
  await painted(page);
  const before = { place: await place(), rows: await rows(page), selected: await marked(page, 'selection') };
  await peek(0xd000);
  await eventually(place).toContain('tile offset 0x5000');
  await peek(0xe010);
  await eventually(place).toContain('tile offset 0x6010');
  await peek();
  await eventually(place).toBe(before.place ?? '');
  await eventually(() => marked(page, 'selection')).toEqual(before.selected);
  await eventually(() => rows(page)).toEqual(before.rows);
  await peek(0xd000);
  await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0xd000, length: 4 }));
  await peek();
  await painted(page);
  expect(await place()).toContain('tile offset 0x5000');
});

test('[hex-4] the page stays where it went while a person scrolls, splits and hides it', async () => {
  let page = await start(oneTile);
  const offsets = async () => (await rows(page)).map(({ offset }) => offset);
  await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0xd000, length: 4 }));
  await eventually(offsets).toContain('5000');
  // A split takes half of the room: what was gone to stays in sight.
  for (const height of ['45vh', '']) {
    await page.evaluate((one) => {
      document.body.style.height = one;
    }, height);
    await painted(page);
    await eventually(offsets, height).toContain('5000');
  }
  // What comes from the board does not bring the rows back to the cursor.
  await page.evaluate(() => {
    const grid = document.querySelector('#grid');
    grid?.dispatchEvent(new WheelEvent('wheel', { deltaY: 8000, cancelable: true }));
  });
  await eventually(offsets).not.toContain('5000');
  // The last row may be cut.
  const first = async () => (await offsets())[0] ?? '';
  const scrolled = await first();
  await page.evaluate(() => {
    window.fake.deviceWrite(0xd000, 1, 2, 3);
    window.fake.setState({ moving: true, readAt: 'Read at 14:04:00' });
  });
  await painted(page);
  expect(await first()).toBe(scrolled);
  const keeps = async () => JSON.parse(await page.evaluate(() => JSON.stringify(window.fake.kept)));
  await eventually(async () => (await keeps()).selection.cursor).toBe(0xd000);
  // A place is kept a moment after it was gone to.
  await eventually(async () => Math.floor((await keeps()).top)).toBe(Number.parseInt(scrolled, 16) / 16);
  const kept = await keeps();
  await open?.close();
  page = await start({ ...oneTile, kept });
  await eventually(first).toBe(scrolled);
  await open?.close();
  // The other half begins where the first is, unless it kept a place of its own.
  const place = { cursor: 0xd000, top: 0x8000 + Number.parseInt(scrolled, 16) };
  page = await start({ ...oneTile, place });
  await eventually(first).toBe(scrolled);
  await eventually(() => footer(page).textContent()).toContain('tile offset 0x5000');
  await open?.close();
  page = await start({ ...oneTile, place: { cursor: 0x8000, top: 0x8000 }, kept });
  await eventually(first).toBe(scrolled);
});

describe('the find line', () => {
  const line = (page: Page, name: string) => page.locator(`.find-line [data-name=${name}]`);
  /** What the page asked to look for last. */
  const asked = (page: Page) =>
    page.evaluate(() => window.fake.said.findLast((message) => message.type === 'find')?.asked);
  const openFind = async (page: Page, withReplace = false) => {
    await page.evaluate((both) => window.fake.send({ type: 'openFind', withReplace: both }), withReplace);
    await eventually(() => line(page, 'find-text').isVisible()).toBe(true);
  };
  const found = (page: Page, more: object) =>
    page.evaluate(
      (change) =>
        window.fake.send({
          type: 'found',
          found: { count: 0, isFull: false, at: 0, unseen: 0, said: '', isWrong: false, ...change },
        }),
      more,
    );
  const status = (page: Page) => page.locator('#find-status').textContent();

  test('the tab of one tile may look in all tiles of its memory; that of a whole memory does so anyway', async () => {
    let page = await start(oneTile);
    await openFind(page);
    await page.keyboard.type('A4');
    await eventually(() => asked(page)).toMatchObject({ range: oneTile.range, beyond: false });
    const scopes = async () =>
      (await line(page, 'find-scope').locator('option').allTextContents()).map((text) => text.trim());
    await eventually(scopes).toEqual(['the tile', 'all tiles of this memory', 'all memories of the board']);
    await line(page, 'find-scope').selectOption('memory');
    await eventually(async () => (await asked(page))?.beyond).toBe(true);
    const range = (await asked(page))?.range;
    expect(range?.offset).toBe(0);
    expect(range?.length).toBeGreaterThan(oneTile.range?.length ?? 0);
    await open?.close();
    page = await start(large);
    await openFind(page);
    await eventually(scopes).toEqual(['all tiles', 'this tile', 'all memories of the board']);
  });

  test('all memories of the board are searched once a person asks for it: with the button, or with Enter', async () => {
    const page = await start(large);
    await openFind(page);
    await page.keyboard.type('A4 70');
    await line(page, 'find-scope').selectOption('board');
    const asks = () =>
      page.evaluate(() =>
        window.fake.said.flatMap((message) =>
          message.type === 'findInMemories' ? [message.query.text] : [],
        ),
      );
    // The tab itself is searched as always.
    await eventually(() => asked(page)).toMatchObject({ query: { text: 'A4 70' }, beyond: false });
    await eventually(() => status(page)).toContain('In this tab');
    expect(await asks()).toEqual([]);
    await line(page, 'find-memories').click();
    await eventually(asks).toEqual(['A4 70']);
    await line(page, 'find-text').focus();
    await page.keyboard.press('End');
    await page.keyboard.type(' 45');
    await page.keyboard.press('Enter');
    await eventually(asks).toEqual(['A4 70', 'A4 70 45']);
    // What was asked for is not asked for once more: Enter goes to the next hit of the tab.
    await page.keyboard.press('Enter');
    await eventually(() => page.evaluate(() => window.fake.said.at(-1)?.type)).toBe('toHit');
    expect(await asks()).toEqual(['A4 70', 'A4 70 45']);
  });

  test("Ctrl+Z and Ctrl+Y in a box for text are the box's: VS Code hears them from the grid alone", async () => {
    const page = await start(large);
    // VS Code listens at the window, keeps the browser from its own undo, and undoes an edit of the memory.
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      window.addEventListener('keydown', (event) => {
        if (!event.ctrlKey || !'zy'.includes(event.key.toLowerCase())) return;
        heard.push(event.key);
        event.preventDefault();
      });
    });
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard.join(''));
    await openFind(page);
    const box = line(page, 'find-text');
    await page.keyboard.type('A4');
    await eventually(() => box.inputValue()).toBe('A4');
    await page.keyboard.press('Control+z');
    await eventually(() => box.inputValue()).not.toBe('A4');
    await page.keyboard.press('Control+y');
    await eventually(() => box.inputValue()).toBe('A4');
    await eventually(async () => (await asked(page))?.query.text).toBe('A4');
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.find-line').isVisible()).toBe(false);
    expect(await heard()).toBe('');
    await page.keyboard.press('Control+z');
    await eventually(heard).toBe('z');
  });

  test('asks for what is typed and chosen, once typing rests or Enter is pressed; Escape gives the keys back', async () => {
    const page = await start(large);
    await openFind(page);
    await page.keyboard.type('A4 ??');
    await eventually(() => asked(page)).toMatchObject({
      query: { kind: 'hex', text: 'A4 ??' },
      range: { offset: 0, length: largeBytes },
      read: 'little',
    });
    await page.keyboard.type(' 45');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Enter');
    // What was typed is asked for before its hits are gone to.
    await eventually(() =>
      page.evaluate(() =>
        window.fake.said
          .slice(-3)
          .map((message) =>
            message.type === 'find' ? message.asked?.query.text : 'step' in message && message.step,
          ),
      ),
    ).toEqual(['A4 ?? 45', 1, -1]);
    await line(page, 'find-kind').selectOption('value');
    await line(page, 'find-cells').selectOption('float32');
    await line(page, 'find-order').selectOption('big');
    await line(page, 'find-align').selectOption('1');
    await line(page, 'find-scope').selectOption('tile');
    await eventually(() => asked(page)).toMatchObject({
      query: { kind: 'value', cells: { name: 'float32', order: 'big' }, align: 1 },
      range: { offset: 0, length: 0x10000 },
    });
    await line(page, 'find-text').focus();
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.find-line').isVisible()).toBe(false);
    expect(await asked(page)).toBeUndefined();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('grid');
  });

  test('a few selected bytes are looked for; the selection is a scope of its own', async () => {
    const page = await start(oneTile);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8000, 3)]);
    await openFind(page);
    await eventually(() => asked(page)).toMatchObject({ query: { kind: 'hex', text: deviceHex(0x8000, 3) } });
    await line(page, 'find-scope').selectOption('selection');
    await eventually(() => asked(page)).toMatchObject({ range: { offset: 0x8000, length: 3 } });
    // The tile, the selection, all tiles, all memories.
    expect(await line(page, 'find-scope').locator('option').count()).toBe(4);
  });

  test('[hex-2] hits are marked among cells and characters and on the map, until the line is closed', async () => {
    const page = await start();
    await openFind(page);
    await page.keyboard.type('00');
    await page.evaluate(() => {
      const marks = new Uint8Array(64);
      marks.set([1, 1, 0, 0, 1], 0x21);
      window.fake.send({ type: 'hits', hits: { offset: 0, marks } });
      const tiles = new Uint8Array(32);
      tiles.set([0, 16, 17]);
      window.fake.send({ type: 'map', marks: tiles });
    });
    await eventually(() => marked(page, 'hit')).toEqual([deviceHex(0x21, 2), deviceHex(0x25, 1)]);
    await eventually(() => page.locator('.tile-map svg').getAttribute('aria-label')).toContain(
      'hits in 2 tiles',
    );
    await page.keyboard.press('Escape');
    await eventually(() => marked(page, 'hit')).toEqual([]);
  });

  test('says how many hits there are, which is selected, what is wrong, and reads more when asked to', async () => {
    const page = await start(oneTile);
    await openFind(page);
    await page.keyboard.type('00');
    await found(page, { count: 12, at: 3 });
    await eventually(() => status(page)).toBe('3 of 12');
    await found(page, { count: 1_000_000, isFull: true });
    await eventually(() => status(page)).toBe('1000000 or more hits');
    await found(page, { percent: 40 });
    await eventually(() => status(page)).toBe('No hits · Looking... 40 %');
    await line(page, 'find-cancel').click();
    const cancelled = () => page.evaluate(() => window.fake.said.some(({ type }) => type === 'cancelFind'));
    await eventually(cancelled).toBe(true);
    await found(page, { count: 1, searched: 40 });
    await eventually(() => status(page)).toBe('1 hit · Only 40 % was searched');
    await found(page, { count: 1, unseen: 5000 });
    await eventually(() => status(page)).toBe('1 hit · 5000 bytes not read, or unreadable');
    await eventually(() => line(page, 'find-read').textContent()).toContain('Read and Find');
    await line(page, 'find-read').click();
    await eventually(() => asked(page)).toMatchObject({ read: 'all' });
    // After a read that failed it can be asked for again.
    await found(page, { count: 1, unseen: 5000, said: 'The board is gone.', isWrong: true });
    await line(page, 'find-read').click();
    await eventually(() => asked(page)).toMatchObject({ read: 'all' });
    await found(page, { said: 'Character 3 is wrong.', isWrong: true });
    await eventually(() => status(page)).toBe('Character 3 is wrong.');
    expect(await line(page, 'find-text').getAttribute('aria-invalid')).toBe('true');
    await eventually(() => spoken(page).textContent()).toContain('Character 3 is wrong.');
    await found(page, { count: 2, said: 'The board is gone.', isWrong: true });
    await eventually(() => status(page)).toBe('2 hits · The board is gone.');
  });

  test('another scope, and another host, read no more than a little unasked', async () => {
    const page = await start(large);
    await openFind(page);
    await page.keyboard.type('00');
    await found(page, { count: 1, unseen: largeBytes, searchesThere: true });
    await eventually(() => line(page, 'find-read').textContent()).toContain('Find on the Board');
    await line(page, 'find-read').click();
    await eventually(() => asked(page)).toMatchObject({ read: 'all' });
    await line(page, 'find-scope').selectOption('tile');
    await eventually(() => asked(page)).toMatchObject({ range: { length: 0x10000 }, read: 'little' });
    await line(page, 'find-read').click();
    await eventually(() => asked(page)).toMatchObject({ read: 'all' });
    // A host that was restarted under the page.
    await page.evaluate(() => window.fake.receive({ type: 'ready' }));
    await eventually(() => asked(page)).toMatchObject({ range: { length: 0x10000 }, read: 'nothing' });
  });

  test('a text that is too long is refused in words, and what was found before it is gone', async () => {
    const page = await start(oneTile);
    await openFind(page, true);
    await page.keyboard.type('00');
    await found(page, { count: 2 });
    await eventually(() => status(page)).toBe('2 hits');
    await line(page, 'find-text').fill('0'.repeat(70_000));
    await eventually(() => status(page)).toContain('too long');
    await eventually(() => asked(page)).toBeUndefined();
    expect(await line(page, 'replace-all').isDisabled()).toBe(true);
    await line(page, 'find-text').fill('00');
    await eventually(() => asked(page)).toMatchObject({ query: { text: '00' } });
    await found(page, { count: 2 });
    await eventually(() => status(page)).toBe('2 hits');
    await line(page, 'replace-text').fill('0'.repeat(70_000));
    await line(page, 'replace-all').click();
    await eventually(() => status(page)).toContain('too long');
    expect(await page.evaluate(() => window.fake.said.some(({ type }) => type === 'replaceHits'))).toBe(
      false,
    );
  });

  test('a selected hit does not become what is looked for', async () => {
    const page = await start(oneTile);
    await openFind(page);
    await line(page, 'find-kind').selectOption('text');
    await line(page, 'find-text').fill('abc');
    await eventually(() => asked(page)).toMatchObject({ query: { kind: 'text', text: 'abc' } });
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x8000, length: 3 }));
    await eventually(() => marked(page, 'selection')).toEqual([deviceHex(0x8000, 3)]);
    await found(page, { count: 2, at: 1 });
    await eventually(() => status(page)).toBe('1 of 2');
    await openFind(page, true);
    await eventually(() => line(page, 'replace-text').isVisible()).toBe(true);
    expect(await line(page, 'find-text').inputValue()).toBe('abc');
  });

  test('replaces one hit or all, as typed last', async () => {
    const page = await start(oneTile);
    await openFind(page, true);
    await page.keyboard.type('00');
    await found(page, { count: 2, at: 1 });
    await line(page, 'replace-text').fill('FF');
    await page.keyboard.press('Enter');
    // A page may say other things at any time, such as which rows it shows.
    const last = () => page.evaluate(() => window.fake.said.findLast(({ type }) => type === 'replaceHits'));
    await eventually(last).toEqual({ type: 'replaceHits', text: 'FF', all: false });
    await line(page, 'replace-all').click();
    await eventually(last).toEqual({ type: 'replaceHits', text: 'FF', all: true });
  });
});

describe('[hex-2] the map of tiles', () => {
  const label = (page: Page) => page.locator('.tile-map svg').getAttribute('aria-label');
  /** Middle of a tile's cell, client pixels; tiles by their index in buffer order. */
  async function cell(page: Page, tile: number, numRows = 8): Promise<{ x: number; y: number }> {
    const box = await page.locator('.tile-map .all').boundingBox();
    if (box === null) throw new Error('there is no map');
    const [width, height] = [box.width / 4, box.height / numRows];
    const [col, row] = [Math.floor(tile / numRows), tile % numRows];
    return { x: box.x + (col + 0.5) * width, y: box.y + box.height - (row + 0.5) * height };
  }

  test('says where the cursor is; a click goes to the same offset in another tile, and the keys to the grid', async () => {
    const page = await start();
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x1c0, length: 1 }));
    await eventually(() => footer(page).textContent()).toContain('tile offset 0x01C0');
    expect(await label(page)).toContain('Cursor in tile (6,1)');
    const { x, y } = await cell(page, 2 * 8 + 3);
    await page.mouse.click(x, y);
    await eventually(() => label(page)).toContain('Cursor in tile (8,4)');
    await eventually(() => footer(page).textContent()).toContain('tile offset 0x01C0');
    await eventually(() => page.evaluate(() => document.activeElement?.id)).toBe('grid');
    const tileOnTop = () => page.locator('.headings .offset').textContent();
    await eventually(tileOnTop).toBe('(8,4)');
    // The heading stays while the rows scroll, and says whose rows they are.
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, 20 * 0x8000);
    await eventually(tileOnTop).not.toBe('(8,4)');
    expect(await label(page)).toContain('Cursor in tile (8,4)');
  });

  test('marks edits, conflicts, changes and what cannot be read, each in its own place, and says them', async () => {
    const page = await start();
    await page.evaluate(() => {
      const marks = new Uint8Array(32);
      marks.set([1, 3, 4, 8, 4]);
      window.fake.send({ type: 'map', marks });
    });
    await eventually(() => label(page)).toContain('changes in 2 tiles');
    await eventually(() => label(page)).toContain('staged edits in 2 tiles');
    expect(await label(page)).toContain('conflicts in 1 tiles');
    const parts = await page.evaluate(() =>
      ['staged', 'conflict', 'changed', 'unreadable'].map((name) => {
        const d = document.querySelector(`.tile-map .${name}`)?.getAttribute('d') ?? '';
        return d.split('M').length - 1;
      }),
    );
    expect(parts).toEqual([2, 1, 2, 1]);
    const { x, y } = await cell(page, 1);
    await page.mouse.move(x, y);
    await eventually(() => page.locator('.hover').textContent()).toBe('(6,2), conflicts, staged edits');
    expect(await page.locator('.tile-map *').count()).toBeLessThan(11);
  });

  test('a tile that the page does not show is opened by the host; one tile alone has no map, nor has a narrow page', async () => {
    const page = await start(oneTile);
    await page.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x8040, length: 1 }));
    await eventually(() => footer(page).textContent()).toContain('tile offset 0x0040');
    expect(await label(page)).toContain('Cursor in tile (6,2)');
    const { x, y } = await cell(page, 4);
    await page.mouse.click(x, y);
    await eventually(() =>
      page.evaluate(() => window.fake.said.findLast((message) => message.type === 'openPlace')),
    ).toEqual({ type: 'openPlace', offset: 4 * 0x8000 + 0x40 });
    await page.setViewportSize({ width: 700, height: 700 });
    await eventually(() => page.locator('.tile-map').isVisible()).toBe(false);
    await open?.close();
    const alone = await start({ geometry: { numCols: 1, numRows: 1 } });
    expect(await alone.locator('.tile-map').isVisible()).toBe(false);
  });
});

describe('[hex-5] the inspector', () => {
  const twelve = [0xa4, 0x70, 0x45, 0x41, 0, 0, 0x80, 0x3f];
  const value = (page: Page, name: string) => page.locator(`.inspector .value[data-name="${name}"]`);

  async function inspect(options: OpenOptions = {}): Promise<Page> {
    const page = await start({ ...oneTile, width: 1400, ...options });
    await page.evaluate((bytes) => window.fake.deviceWriteUnseen(0x8000, ...bytes), twelve);
    await page.evaluate(() => window.fake.deviceWrite(0x8040, 1));
    await page.locator('.view-line [data-name=inspector]').click();
    await page.locator('#grid').focus();
    return page;
  }

  test('shows the bytes at the cursor as every kind of value, in both orders, and follows cursor and device', async () => {
    const page = await inspect();
    await page.evaluate((bytes) => window.fake.deviceWrite(0x8000, ...bytes), twelve);
    await eventually(() => value(page, 'float32 little').textContent()).toBe('12.34');
    expect(await value(page, 'uint8').textContent()).toBe('164');
    expect(await value(page, 'int8').textContent()).toBe('-92');
    expect(await value(page, 'bin8').textContent()).toBe('10100100');
    expect(await value(page, 'uint16 big').textContent()).toBe(String(0xa470));
    expect(await value(page, 'int64 little').textContent()).toBe(String(0x3f800000414570a4n));
    expect(await value(page, 'cfloat little').textContent()).toBe('12.34+1j');
    expect(await value(page, 'v4int32 little').textContent()).toContain(`${0x414570a4} ${0x3f800000}`);
    const vectors = page.locator('.inspector [data-name=vector]');
    await vectors.focus();
    await vectors.selectOption('v8bfloat16');
    await eventually(() => value(page, 'v8bfloat16 little').textContent()).toContain('12.3125');
    await page.locator('#grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await eventually(() => value(page, 'float32 little').textContent()).toBe('1');
    await page.evaluate(() => window.fake.deviceWrite(0x8006, 0x00, 0x3c));
    await eventually(() => value(page, 'float32 little').textContent()).toBe('0.0078125');
    // At the end there are not enough bytes for most.
    await page.keyboard.press('Control+End');
    await eventually(() => value(page, 'uint16 little').textContent()).toBe('··');
    await eventually(() => value(page, 'uint8').textContent()).toMatch(/^\d+$/);
    expect(await value(page, 'uint16 little').textContent()).toBe('··');
  });

  test('a value is changed there: 12.34 as little-endian float32 is staged as A4 70 45 41', async () => {
    const page = await inspect();
    await page.keyboard.press('ArrowDown');
    await value(page, 'float32 little').click();
    await page.keyboard.type('12.34');
    await eventually(() => page.locator('.cell-field .preview').textContent()).toBe(
      '12.34 = A4 70 45 41. Enter stages it, Escape leaves the cell as it is.',
    );
    await page.keyboard.press('Enter');
    await eventually(() => staged(page)).toEqual({ 32784: 0xa4, 32785: 0x70, 32786: 0x45, 32787: 0x41 });
    await eventually(() => value(page, 'float32 little').textContent()).toBe('12.34');
    await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('data-name'))).toBe(
      'float32 little',
    );
    // The cursor stays, so that the next value is of the same bytes.
    await value(page, 'int16 big').click();
    await page.keyboard.type('70000');
    await eventually(() => page.locator('.cell-field .preview').textContent()).toContain(
      'does not fit into int16',
    );
    await page.keyboard.press('Enter');
    expect(await page.locator('.cell-field').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await eventually(() => page.locator('.cell-field').isVisible()).toBe(false);
    await page.evaluate(() => window.fake.setState({ policy: 'locked' }));
    await value(page, 'uint8').click();
    await eventually(() => page.locator('.notice').textContent()).toContain('locked');
    expect(Object.keys(await staged(page))).toHaveLength(4);
  });

  test('numbers about the selection: of the cells as they are shown, staged bytes included', async () => {
    const page = await inspect({ settings: { cells: { name: 'float32', order: 'little' } } });
    await page.evaluate(() => {
      const floats = new Float32Array([1, 2, -4, 0, Number.NaN, Infinity, 0, 8]);
      window.fake.deviceWrite(0x8000, ...new Uint8Array(floats.buffer));
    });
    await page.keyboard.type('3');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Shift+ArrowDown');
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight');
    const numbers = () =>
      page.evaluate(() =>
        Object.fromEntries(
          [...document.querySelectorAll('.inspector .numbers dt')].map((name) => [
            name.textContent,
            name.nextElementSibling?.textContent,
          ]),
        ),
      );
    const bytes = new Uint8Array(new Float32Array([3, 2, -4, 0, Number.NaN, Infinity, 0, 8]).buffer);
    await eventually(numbers).toEqual({
      Minimum: '-4',
      Maximum: '8',
      Mean: '1.5',
      Sum: '9',
      Numbers: '8',
      Zeros: '2',
      NaN: '1',
      Infinities: '1',
      CRC32: crc32(bytes).toString(16).toUpperCase().padStart(8, '0'),
      'SHA-256': createHash('sha256').update(bytes).digest('hex'),
    });
    await eventually(() => page.locator('.inspector h2').textContent()).toBe('32 bytes (0x20) as float32');
  });

  test('bytes that were not read are read for it only when a person asks', async () => {
    const page = await inspect({ unknown: [{ offset: 0x8020, length: 64 }] });
    await page.keyboard.press('Control+a');
    const measure = page.locator('.inspector [data-name=measure]');
    await measure.waitFor();
    const reads = () =>
      page.evaluate(
        () => window.fake.said.filter((one) => one.type === 'request' && one.name === 'read').length,
      );
    expect(await reads()).toBe(0);
    await measure.click();
    await eventually(() => page.locator('.inspector .numbers').textContent()).toContain('32768');
    expect(await reads()).toBe(1);
  });

  test('[live-7] the history of the cell at the cursor: lowest, highest and last value, and gaps while nothing is followed', async () => {
    const page = await inspect({ settings: { cells: { name: 'uint8', order: 'little' } } });
    const history = page.locator('.inspector .history svg');
    const said = () => history.getAttribute('aria-label');
    const write = (value: number) => page.evaluate((byte) => window.fake.deviceWrite(0x8010, byte), value);
    await page.evaluate(() => window.fake.setState({ live: { hertz: 10 } }));
    await page.locator('[data-name=live]', { hasText: '10 Hz' }).waitFor();
    // Where the cursor comes to, it begins.
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.locator('.details').textContent()).toContain('tile offset 0x0010');
    for (const value of [0, 255, 7]) {
      await write(value);
      await eventually(said).toContain(`last ${value}.`);
    }
    await eventually(said).toMatch(/^uint8, the last \d+ s: lowest 0, highest 255, last 7\.$/);
    expect(await page.locator('.inspector .history figcaption').textContent()).toBe(await said());
    expect(await history.locator('.gap').count()).toBe(0);
    await page.evaluate(() => window.fake.setState({ live: { hertz: 10, paused: 'The debugger stopped.' } }));
    await eventually(said).toMatch(/last 7\. Not followed for \d+ s of it\.$/);
    await eventually(() => history.locator('.gap').count()).toBe(1);
    // It goes on after the gap, with a line of its own.
    const lines = async () => (await history.locator('.line').getAttribute('d'))?.match(/M/g)?.length;
    await eventually(lines).toBe(1);
    await page.evaluate(() => window.fake.setState({ live: { hertz: 10 } }));
    await write(9);
    await eventually(said).toContain('last 9.');
    await eventually(lines).toBe(2);
    await page.keyboard.press('ArrowUp');
    await eventually(said).toMatch(/lowest 164, highest 164, last 164\.$/);
  });

  test('says how long ago the byte changed; is closed again, and the tab remembers', async () => {
    const page = await inspect();
    await page.keyboard.press('ArrowDown');
    await eventually(() => page.locator('.inspector .changed-at').textContent()).toBe('Not seen to change.');
    await page.evaluate(() => window.fake.deviceWrite(0x8010, 1));
    await eventually(() => page.locator('.inspector .changed-at').textContent()).toMatch(
      /^Changed \d+ s ago\.$/,
    );
    await eventually(() => page.evaluate(() => JSON.stringify(window.fake.kept))).toContain(
      '"inspector":true',
    );
    await page.locator('.view-line [data-name=inspector]').click();
    await eventually(() => page.locator('.inspector').isVisible()).toBe(false);
    await eventually(() => page.evaluate(() => JSON.stringify(window.fake.kept))).toContain(
      '"inspector":false',
    );
  });
});

describe('the page around', () => {
  test('[main-18] the grid is one tab stop: Tab changes the column, then leaves', async () => {
    const page = await start(oneTile);
    const focus = () =>
      page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('data-name'));
    expect(await page.evaluate(() => document.querySelectorAll('.grid-area [tabindex="0"]').length)).toBe(1);
    await eventually(focus).toBe('grid');
    await page.keyboard.press('Tab');
    await eventually(() => spoken(page).textContent()).toContain('characters');
    expect(await focus()).toBe('grid');
    await page.keyboard.press('Tab');
    await eventually(focus).toBeNull();
    await page.keyboard.press('Shift+Tab');
    await eventually(focus).toBe('grid');
    await page.keyboard.press('Shift+Tab');
    expect(await focus()).toBe('grid');
    await eventually(() => spoken(page).textContent()).not.toContain('characters');
    for (const name of [
      'inspector',
      'colours',
      'decimal',
      'addresses',
      'columns',
      'bytes',
      'cells',
      'refresh',
      'live',
      'lock',
    ]) {
      await page.keyboard.press('Shift+Tab');
      await eventually(focus).toBe(name);
    }
  });

  test('[main-18] the cursor is spoken: value, state, tile, offset and column', async () => {
    const page = await start(oneTile);
    await page.keyboard.type('5A');
    await page.keyboard.press('ArrowLeft');
    await eventually(() => spoken(page).textContent()).toBe(
      `value 5A = 90 'Z', staged, was ${hex(deviceByte(0x8000))}, Tile (6,2), tile offset 0x0000, buffer offset 0x008000, hexadecimal`,
    );
  });

  test('[hex-13] comes back where it was after the tab was hidden', async () => {
    const first = await start(oneTile);
    await first.evaluate(() => window.fake.send({ type: 'reveal', offset: 0x9000, length: 4 }));
    const kept = () => first.evaluate(() => JSON.stringify(window.fake.kept));
    await eventually(kept).toContain('"cursor":36864');
    const state = JSON.parse(await kept());
    await open?.close();
    const second = await start({ ...oneTile, kept: state });
    await eventually(() => marked(second, 'selection')).toEqual([deviceHex(0x9000, 4)]);
  });

  test('nonsense that was kept is ignored', async () => {
    const page = await start({
      ...oneTile,
      kept: { selection: { anchor: -1, cursor: 1e9, pane: 'x' }, top: 'y' },
    });
    expect((await rows(page))[0]?.offset).toBe('0000');
  });

  test('[main-18] without the highlight API the marks are boxes behind the text', async () => {
    const page = await start({ ...oneTile, withoutHighlights: true });
    await page.keyboard.type('A7');
    await eventually(() => page.locator('.mark-staged').count()).toBe(2);
    const cell = await point(page, '0000', 0);
    const box = await page.locator('.bytes .mark-staged').boundingBox();
    expect(box !== null && cell.x > box.x && cell.x < box.x + box.width).toBe(true);
    expect(await page.locator('.mark-cursor').count()).toBe(1);
  });
});

describe('[hex-10] menus', () => {
  /** Has the page keep what VS Code would be told of menus: what they are about, and where they open. */
  const listen = (page: Page) =>
    page.evaluate(() => {
      const asked: { about: Record<string, unknown>; x: number; y: number }[] = [];
      Reflect.set(window, 'menus', asked);
      window.addEventListener('contextmenu', (event) => {
        if (event.defaultPrevented) return;
        event.preventDefault();
        let about = {};
        let element = event.target instanceof Element ? event.target : null;
        for (; element !== null; element = element.parentElement) {
          const told = element instanceof HTMLElement ? element.dataset['vscodeContext'] : undefined;
          if (told !== undefined) about = { ...JSON.parse(told), ...about };
        }
        asked.push({ about, x: event.clientX, y: event.clientY });
      });
    });
  const menus = (page: Page) =>
    page.evaluate(() => {
      const asked: { about: Record<string, unknown>; x: number; y: number }[] = Reflect.get(window, 'menus');
      return asked;
    });
  const lastMenu = async (page: Page) => (await menus(page)).at(-1);

  test('the menu key and Shift+F10 open the menu of the bytes below the cursor, in both columns, also out of sight', async () => {
    const page = await start(oneTile);
    await listen(page);
    for (const key of ['Shift+F10', 'ContextMenu']) {
      for (const pane of ['bytes', 'characters'] as const) {
        await page.keyboard.press('Control+Home');
        for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
        await page.keyboard.press('ArrowDown');
        const before = (await menus(page)).length;
        await page.keyboard.press(key);
        await eventually(async () => (await menus(page)).length).toBe(before + 1);
        const menu = await lastMenu(page);
        expect(menu?.about).toEqual({ webviewSection: 'grid', preventDefaultContextMenuItems: true });
        const at = await point(page, '0010', 3, pane);
        expect(Math.abs((menu?.x ?? 0) - at.x), `${key} ${pane}`).toBeLessThan(16);
        expect((menu?.y ?? 0) - at.y, `${key} ${pane}`).toBeGreaterThan(0);
        expect((menu?.y ?? 0) - at.y, `${key} ${pane}`).toBeLessThan(24);
        await page.keyboard.press(pane === 'bytes' ? 'Tab' : 'Shift+Tab');
      }
    }
    await page.mouse.move(300, 300);
    await page.mouse.wheel(0, 4000);
    const shown = async () => (await rows(page)).map(({ offset }) => offset);
    await eventually(shown).not.toContain('0010');
    await page.keyboard.press('Shift+F10');
    await eventually(shown).toContain('0010');
  });

  test('the pointer opens it where it is: the cursor goes there, a selection around it stays', async () => {
    const page = await start(oneTile);
    await listen(page);
    const { x, y } = await point(page, '0020', 4);
    await page.mouse.click(x, y, { button: 'right' });
    await eventually(() => lastMenu(page)).toMatchObject({
      about: { webviewSection: 'grid' },
      x: Math.floor(x),
      y: Math.floor(y),
    });
    await eventually(() => footer(page).textContent()).toContain('tile offset 0x0024');
    await page.keyboard.press('Shift+ArrowDown');
    await eventually(() => footer(page).textContent()).toContain('17 bytes selected');
    await page.mouse.click(x, y, { button: 'right' });
    await eventually(async () => (await menus(page)).length).toBe(2);
    await eventually(() => footer(page).textContent()).toContain('17 bytes selected');
  });

  test('headings, title and view line have that of the view; boxes for text keep that of VS Code', async () => {
    const page = await start(oneTile);
    await listen(page);
    await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: false }));
    const about = async (selector: string) => {
      const before = (await menus(page)).length;
      await page.locator(selector).first().click({ button: 'right' });
      await eventually(async () => (await menus(page)).length).toBe(before + 1);
      return (await lastMenu(page))?.about;
    };
    const header = { webviewSection: 'header', preventDefaultContextMenuItems: true };
    for (const part of ['.headings .bytes', '.title-line .title', '.view-line']) {
      expect(await about(part), part).toEqual(header);
    }
    expect(await about('.find-line [data-name=find-text]')).toEqual({});
    await page.locator('.view-line [data-name=cells]').focus();
    await page.keyboard.press('Shift+F10');
    await eventually(() => lastMenu(page)).toMatchObject({ about: header });
  });

  test('Copy takes what the column of the cursor shows, Paste what the host has', async () => {
    const page = await start(oneTile);
    const copied = () =>
      page.evaluate(() => {
        const last = window.fake.said.findLast(
          (message) => message.type === 'request' && message.name === 'copy',
        );
        return last?.type === 'request' && last.name === 'copy' ? last.params.text : undefined;
      });
    await page.keyboard.press('Shift+ArrowRight');
    await page.evaluate(() => window.fake.send({ type: 'copyAs' }));
    await eventually(copied).toBe(deviceHex(0x8000, 2));
    await page.keyboard.press('Tab');
    await page.evaluate(() => window.fake.send({ type: 'copyAs' }));
    await eventually(copied).not.toBe(deviceHex(0x8000, 2));
    expect(await copied()).toHaveLength(2);
    await page.keyboard.press('Shift+Tab');
    await page.evaluate(() => window.fake.send({ type: 'pasteText', text: '12 34' }));
    await eventually(() => staged(page)).toEqual({ [0x8000]: 0x12, [0x8001]: 0x34 });
  });
});
