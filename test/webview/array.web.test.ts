import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import type { ArrayPicture, FromArrayPage } from '../../src/array/messages.ts';
import { flat, part, ring, type Sample, sampleOf, small, vck190, vek280 } from './array-samples.ts';
import { eventually } from './eventually.ts';
import { type LookOptions, type OpenPage, PageServer, painted } from './harness.ts';
import { themeNames } from './themes.ts';

const shots = join(root, 'artifacts', 'screenshots');
let pages: PageServer;
let open: OpenPage | undefined;

beforeAll(async () => {
  await mkdir(shots, { recursive: true });
  pages = await PageServer.start('webview/array/array.ts', 'test/webview/array-host.ts');
});
afterAll(() => pages.stop());
afterEach(async () => {
  const errors = open?.errors ?? [];
  await open?.close();
  open = undefined;
  expect(errors).toEqual([]);
});

/** The page with a picture. */
async function shown(picture: ArrayPicture, look: LookOptions = {}): Promise<Page> {
  await open?.close();
  open = await pages.open({ width: 300, height: 640, ...look }, {});
  const { page } = open;
  await page.waitForSelector('.scroller', { state: 'attached' });
  await page.evaluate((drawn) => window.array.show(drawn), picture);
  await painted(page);
  return page;
}

const said = (page: Page): Promise<FromArrayPage[]> => page.evaluate(() => window.array.said);

/** Texts that are cut off or lie outside the window; the grid may scroll sideways. */
function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('.spoken, script, [hidden], option') !== null) continue;
      for (const node of element.childNodes) {
        if (!(node instanceof Text) || node.data.trim() === '') continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        const name = `${element.className || element.tagName}: ${node.data.trim().slice(0, 40)}`;
        const inGrid = element.closest('.scroller') !== null;
        if (!inGrid && (box.left < 0 || box.right > window.innerWidth + 0.5))
          found.push(`${name} leaves the window`);
        const outer = element.getBoundingClientRect();
        if (box.right > outer.right + 1 || box.left < outer.left - 1) found.push(`${name} leaves its box`);
        if (box.bottom > outer.bottom + 3 || box.top < outer.top - 3)
          found.push(`${name} leaves its box upwards`);
      }
    }
    // Column numbers must not run into each other.
    const numbers = [...document.querySelectorAll('.strip span')].map((one) => one.getBoundingClientRect());
    numbers.forEach((box, i) => {
      const next = numbers[i + 1];
      if (next !== undefined && box.right > next.left + 0.5) found.push('column numbers overlap');
    });
    if (document.documentElement.scrollWidth > window.innerWidth) found.push('the page scrolls sideways');
    return [...new Set(found)];
  });
}

/** Arrays, each with the width of a sidebar that makes it hard. */
const shapes: readonly (readonly [string, Sample, number])[] = [
  ['50x9', vck190, 300],
  ['38x11', vek280, 300],
  ['8x4', flat, 480],
  ['4x9', small, 220],
  ['4of38', part, 300],
];

describe('[shape-2] a picture that changes', () => {
  test('is patched: one tile is one small message, and touches no other cell', async () => {
    const picture = sampleOf(vck190);
    const page = await shown(picture);
    const rows = picture.rows.map((row) => ({ ...row, cells: [...row.cells] }));
    const cell = rows[3]?.cells[4];
    if (cell === undefined) throw new Error('no cell');
    rows[3]?.cells.splice(4, 1, { ...cell, state: 'halted', lines: ['Tile: halted'] });
    const touched = await page.evaluateHandle(
      (next) => {
        const grid = document.querySelector('.grid');
        const found = new Set<string>();
        const watch = new MutationObserver((records) => {
          for (const { target } of records) {
            const element = target instanceof Element ? target.closest('.cell') : null;
            if (element !== null) found.add(element.getAttribute('aria-label') ?? '');
          }
        });
        if (grid !== null) watch.observe(grid, { subtree: true, childList: true, attributes: true });
        window.array.show(next);
        return found;
      },
      { ...picture, rows },
    );
    const cells = () => touched.evaluate((found) => [...found]);
    await eventually(cells).toEqual(['Tile: halted']);
    await painted(page);
    expect(await cells()).toEqual(['Tile: halted']);
    const sizes = await page.evaluate(() =>
      window.array.sent.map((message) => JSON.stringify(message).length),
    );
    const last = await page.evaluate(() => window.array.sent.at(-1));
    expect(last).toMatchObject({ type: 'patch', patch: { cells: [{ state: 'halted' }] } });
    expect(sizes.at(-1) ?? 0).toBeLessThan(500);
    // Nothing differs: nothing is said.
    await page.evaluate((next) => window.array.show(next), { ...picture, rows });
    await painted(page);
    expect(await page.evaluate(() => window.array.sent.length)).toBe(sizes.length);
  });
});

describe('[attach-11] the Array view', () => {
  test('two tiles that wait for each other are said in a sentence, marked, and joined by arrows both ways', async () => {
    const page = await shown(sampleOf(small));
    expect(await page.locator('.hang-list .sentence').allTextContents()).toEqual([
      "Tiles (6,3) and (6,4) wait for each other's locks.",
    ]);
    expect(await page.locator('.hang-list .text-button').allTextContents()).toEqual([
      'The core of (6,3) waits for lock 5 of (6,4)',
      'The core of (6,4) waits for lock 3 of (6,3)',
    ]);
    const names = () =>
      page.locator('.grid .cell.hangs').evaluateAll((cells) => cells.map((cell) => cell.ariaLabel));
    expect(await names()).toEqual([
      expect.stringMatching(/^Tile \(6,4\): waiting\. Core: waits for a lock in the south/),
      expect.stringMatching(/^Tile \(6,3\): waiting\. Core: waits for a lock in the north/),
    ]);
    // One on either side of the two tiles, over the sign of neither.
    const arrows = await page.locator('.arrow.hangs').evaluateAll((groups) => {
      const signs = [...document.querySelectorAll('.cell.hangs .sign')].map((one) =>
        one.getBoundingClientRect(),
      );
      const middle = (signs[0]?.left ?? 0) + (signs[0]?.width ?? 0) / 2;
      return groups.map((group) => {
        const { left, right } = group.getBoundingClientRect();
        const covers = signs.some((sign) => right > sign.left && left < sign.right);
        return { side: left > middle ? 'right' : 'left', covers };
      });
    });
    expect(arrows).toEqual([
      { side: 'right', covers: false },
      { side: 'left', covers: false },
    ]);
    // The same, drawn large.
    expect(await page.locator('.circle-tile').allTextContents()).toEqual(['(6,3)', '(6,4)']);
    expect(await page.locator('.circle-label').allTextContents()).toEqual([
      'waits for lock 5',
      'waits for lock 3',
    ]);
    await page.locator('.text-button').first().click();
    await eventually(() => page.evaluate(() => document.activeElement?.ariaLabel ?? '')).toMatch(
      /^Tile \(6,3\)/,
    );
  });

  test('four tiles that wait in a circle are drawn in a square, with arrows around it', async () => {
    for (const width of [220, 300]) {
      const page = await shown(sampleOf(ring), { width });
      await page.screenshot({ path: join(shots, `array-ring-${width}.png`) });
      expect(await page.locator('.circle-tile').allTextContents()).toEqual([
        '(3,4)',
        '(3,5)',
        '(4,4)',
        '(4,5)',
      ]);
      expect(await page.locator('.circle-head').count()).toBe(4);
      expect(await clipped(page)).toEqual([]);
      // Each arrow runs outside the square, over the sign of no tile that hangs.
      const covered = await page.locator('.arrow.hangs').evaluateAll((arrows) => {
        const signs = [...document.querySelectorAll('.cell.hangs .sign')].map((one) =>
          one.getBoundingClientRect(),
        );
        return arrows.filter((arrow) => {
          const box = arrow.getBoundingClientRect();
          return signs.some(
            (sign) =>
              box.right > sign.left &&
              box.left < sign.right &&
              box.bottom > sign.top &&
              box.top < sign.bottom,
          );
        }).length;
      });
      expect(covered).toBe(0);
    }
  });

  test('every state has a sign or a pattern of its own, and a line with its number in the legend', async () => {
    const page = await shown(sampleOf(vck190));
    const legend = await page.locator('.legend-line').allTextContents();
    expect(legend).toEqual(
      expect.arrayContaining(['waiting: 4', 'clock off: 24', expect.stringMatching(/^running: \d+$/)]),
    );
    const looks = await page.locator('.legend .swatch').evaluateAll((swatches) =>
      swatches.map((swatch) => {
        const { backgroundImage, borderStyle } = getComputedStyle(swatch);
        return `${swatch.querySelector('path')?.getAttribute('d') ?? ''} ${backgroundImage} ${borderStyle}`;
      }),
    );
    expect(new Set(looks).size, looks.join('; ')).toBe(looks.length);
  });

  test('one tab stop: arrow keys, Home and End move, Enter and a click open the tile', async () => {
    const page = await shown(sampleOf(small));
    const at = () => page.evaluate(() => document.activeElement?.ariaLabel?.split(':')[0] ?? '');
    expect(await page.locator('.grid [tabindex="0"]').count()).toBe(1);
    await page.locator('.grid [tabindex="0"]').focus();
    expect(await at()).toBe('Tile (6,1)');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    expect(await at()).toBe('Tile (7,2)');
    await page.keyboard.press('End');
    expect(await at()).toBe('Tile (9,2)');
    await page.keyboard.press('Home');
    expect(await at()).toBe('Tile (6,2)');
    await page.keyboard.press('ArrowLeft');
    expect(await at()).toBe('Tile (6,2)');
    await page.keyboard.press('Control+End');
    expect(await at()).toBe('Shim tile (9,0)');
    expect(await page.locator('.grid [tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.locator('.cell[aria-label^="Tile (8,5)"]').click();
    await eventually(async () => (await said(page)).filter(({ type }) => type === 'open')).toEqual([
      { type: 'open', tile: { col: 9, row: 0 } },
      { type: 'open', tile: { col: 8, row: 5 } },
    ]);
    expect((await said(page)).filter(({ type }) => type === 'focus')).toContainEqual({
      type: 'focus',
      tile: { col: 7, row: 2 },
    });
  });

  test.each(themeNames)(
    '[names-3] %s: a warning has a corner in its cell, a line in the legend, and leads to the tile',
    async (theme) => {
      const text =
        'The stack of (8,3) was written up to its last byte: ping at (8,3)+0x0420, which follows, may be overwritten.';
      const page = await shown(sampleOf({ ...small, warnings: [{ tile: { col: 8, row: 3 }, text }] }), {
        theme,
      });
      await eventually(() => page.locator('.grid .cell.warns').count()).toBe(1);
      const looks = await page.locator('.grid .cell.warns').evaluate((cell) => {
        const { position, borderRightWidth, borderRightColor } = getComputedStyle(cell, '::before');
        return { position, borderRightWidth, borderRightColor };
      });
      expect(looks).toMatchObject({ position: 'absolute', borderRightWidth: '7px' });
      expect(await page.locator('.legend').textContent()).toContain('has a warning');
      expect(await page.locator('[role="status"].spoken').textContent()).toContain(text);
      await page.screenshot({ path: join(shots, `array-warning-${theme}.png`), fullPage: true });
      await page.locator('.warning-list button').click();
      await eventually(async () => (await said(page)).filter(({ type }) => type === 'focus')).toContainEqual({
        type: 'focus',
        tile: { col: 8, row: 3 },
      });
    },
  );

  test('a tooltip says what core, locks and DMA do, for the pointer and for the keyboard', async () => {
    const page = await shown(sampleOf(small));
    await page.locator('.cell[aria-label^="Tile (6,4)"]').hover();
    const tooltip = page.locator('.tooltip');
    await eventually(() => tooltip.isVisible()).toBe(true);
    const text = await tooltip.textContent();
    expect(text).toMatch(/^Tile \(6,4\): waiting/);
    expect(text).toMatch(/PC 0x00200, SP 0x38020, LR 0x00090/);
    expect(text).toMatch(/Locks 0: 1 \| 3: 0, acquired/);
    expect(text).toMatch(/DMA S2MM 0: running, descriptor 2/);
    await page.screenshot({ path: join(shots, 'array-tooltip.png') });
    await page.keyboard.press('Escape');
    await eventually(() => tooltip.isVisible()).toBe(false);
    await page.mouse.move(290, 630);
    await page.locator('.grid [tabindex="0"]').focus();
    await eventually(() => tooltip.textContent()).toMatch(/^Tile \(6,1\)/);
  });

  test('both row numberings stand at the sides, column numbers below', async () => {
    const page = await shown(
      sampleOf({ ...vek280, columns: { startCol: 30, numCols: 8 }, others: [{ startCol: 0, numCols: 4 }] }),
    );
    const lines = await page
      .locator('.line')
      .evaluateAll((all) =>
        all.map((line) => [
          line.querySelector('.row-number')?.textContent,
          line.querySelector('.compute-row')?.textContent,
        ]),
      );
    expect(lines.slice(0, 2)).toEqual([
      ['10', '7'],
      ['9', '6'],
    ]);
    expect(lines.slice(7)).toEqual([
      ['3', '0'],
      ['2', 'mem'],
      ['1', 'mem'],
      ['0', 'shim'],
      ['Row', 'Core'],
    ]);
    expect(await page.locator('.strip span:not(.other)').allTextContents()).toEqual(
      expect.arrayContaining(['30', '32', '36']),
    );
    const scroller = await page.locator('.scroller').evaluate((one) => [one.scrollWidth, one.clientWidth]);
    expect(scroller[0], 'all columns are in sight').toBe(scroller[1]);
    expect(await page.locator('.grid .cell.other').count()).toBe(4 * 11);
    await page.screenshot({ path: join(shots, 'array-part.png'), fullPage: true });
    expect(await clipped(page)).toEqual([]);
  });

  test('a picture that changes keeps the tab stop and what has the keyboard', async () => {
    const page = await shown(sampleOf(small));
    await page.locator('.grid [tabindex="0"]').focus();
    await page.keyboard.press('ArrowUp');
    const { hang: _, ...calm } = small;
    await page.evaluate((next) => window.array.show(next), sampleOf(calm));
    await eventually(() => page.locator('.hang-list').isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toMatch(/^Tile \(6,2\)/);
    expect(await page.locator('.cell.hangs').count()).toBe(0);
  });

  test('what is wrong stands in place, with its way out', async () => {
    const page = await shown({
      ...sampleOf(small),
      rows: [],
      arrows: [],
      hangs: [],
      legend: [],
      problem: {
        kind: 'error',
        text: 'vck190-lab is not connected.',
        actions: [{ command: 'connect', label: 'Connect' }],
      },
    });
    expect(await page.locator('.problem p').textContent()).toBe('vck190-lab is not connected.');
    expect(await page.locator('.scroller').isVisible()).toBe(false);
    await page.locator('.problem vscode-button').click();
    await eventually(() => said(page)).toContainEqual({ type: 'command', command: 'connect' });
  });

  test('several partitions can be chosen from', async () => {
    const page = await shown(
      sampleOf({ ...vck190, columns: { startCol: 6, numCols: 4 }, others: [{ startCol: 20, numCols: 4 }] }),
    );
    await page.locator('.choice').selectOption('20');
    await eventually(() => said(page)).toContainEqual({ type: 'choose', key: '20' });
  });

  test('in a view as low as VS Code opens it, the sentence and the tiles that hang are in sight', async () => {
    for (const [name, sample, width] of shapes) {
      const page = await shown(sampleOf(sample), { width, height: 120 });
      await page.screenshot({ path: join(shots, `array-low-${name}.png`) });
      const bottoms = await page
        .locator('.hang-list .sentence, .cell.hangs')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ bottom }) => bottom));
      expect(bottoms).toHaveLength(3);
      expect(Math.max(...bottoms), name).toBeLessThanOrEqual(120);
      // Under the middle of a cell lies that cell and no other.
      const missed = await page.locator('.grid .cell').evaluateAll(
        (cells) =>
          cells.filter((one) => {
            const { x, y, width, height } = one.getBoundingClientRect();
            const [middle, level] = [x + width / 2, y + height / 2];
            if (width === 0) return false;
            if (middle > innerWidth - 40 || level > 115) return false;
            return !one.contains(document.elementFromPoint(middle, level));
          }).length,
      );
      expect(missed, name).toBe(0);
    }
  });

  test('in a low view the words stand beside a narrow array, which then may be as high as the view', async () => {
    const page = await shown(sampleOf(small), { width: 300, height: 120 });
    const boxes = await page
      .locator('.scroller, .hang-list, .top')
      .evaluateAll((all) => all.map((one) => one.getBoundingClientRect()));
    const [top, hangs, grid] = boxes;
    expect(grid?.right).toBeLessThanOrEqual(hangs?.left ?? 0);
    expect(hangs?.bottom).toBeLessThanOrEqual(top?.top ?? 0);
    expect(grid?.bottom).toBeLessThanOrEqual(120);
    await page.setViewportSize({ width: 300, height: 400 });
    await eventually(() =>
      page.locator('.hang-list').evaluate((one) => Math.round(one.getBoundingClientRect().left)),
    ).toBe(8);
  });

  test('a low view shows the columns of the partition alone, and the keyboard keeps to them', async () => {
    const page = await shown(sampleOf(part), { width: 300, height: 120 });
    const columns = () => page.locator('.line:first-child .cell:visible').count();
    expect(await columns()).toBe(4);
    const at = () => page.evaluate(() => document.activeElement?.ariaLabel?.split(':')[0] ?? '');
    await page.locator('.grid [tabindex="0"]').focus();
    for (const [key, tile] of [
      ['ArrowLeft', 'Tile (6,3)'],
      ['End', 'Tile (9,3)'],
      ['ArrowRight', 'Tile (9,3)'],
      ['Home', 'Tile (6,3)'],
    ] as const) {
      await page.keyboard.press(key);
      expect(await at(), key).toBe(tile);
    }
    await page.setViewportSize({ width: 300, height: 600 });
    await eventually(columns).toBe(38);
  });

  test('in a low view the keyboard reaches the grid of every partition, also of one without cores', async () => {
    const { hang: _, ...first } = part;
    const second: Sample = {
      ...first,
      columns: { startCol: 20, numCols: 8 },
      others: [{ startCol: 6, numCols: 4 }],
    };
    const shimOnly: Sample = { ...first, columns: { startCol: 12, numCols: 2 }, rows: 1 };
    const page = await shown(sampleOf(first), { width: 300, height: 120 });
    const at = () => page.evaluate(() => document.activeElement?.ariaLabel?.split(':')[0] ?? '');
    for (const [sample, tile] of [
      [first, 'Tile (6,3)'],
      [second, 'Tile (20,3)'],
      [shimOnly, 'Shim tile (12,0)'],
      [first, 'Tile (6,3)'],
    ] as const) {
      await page.evaluate((next) => window.array.show(next), sampleOf(sample));
      await painted(page);
      await page.locator('.read-at').evaluate((line: HTMLElement) => {
        line.tabIndex = -1;
        line.focus();
      });
      await page.keyboard.press('Tab');
      expect(await at()).toBe(tile);
      expect(await page.locator('.grid [tabindex="0"]').count()).toBe(1);
    }
  });

  test('a tile that has the keyboard gives it to the partition when a low view hides it', async () => {
    const page = await shown(sampleOf(part), { width: 300, height: 600 });
    const at = () => page.evaluate(() => document.activeElement?.ariaLabel?.split(':')[0] ?? '');
    await page.locator('.grid [tabindex="0"]').focus();
    await page.keyboard.press('Home');
    expect(await at()).toBe('Tile (0,3)');
    await page.setViewportSize({ width: 300, height: 120 });
    await eventually(at).toBe('Tile (6,3)');
  });

  test('tiles that hang out of sight are scrolled to, once', async () => {
    const { hang: _, ...calm } = vek280;
    const hanging: Sample = {
      ...calm,
      hang: [
        { col: 30, row: 5 },
        { col: 31, row: 5 },
      ],
    };
    const page = await shown(sampleOf(calm), { width: 200 });
    const scrolled = () => page.locator('.scroller').evaluate((one) => one.scrollLeft);
    expect(await scrolled()).toBe(0);
    await page.evaluate((next) => window.array.show(next), sampleOf(hanging));
    await eventually(scrolled).toBeGreaterThan(0);
    await page.locator('.scroller').evaluate((one) => {
      one.scrollLeft = 0;
    });
    await page.evaluate((next) => window.array.show(next), sampleOf({ ...hanging, others: [] }));
    await painted(page);
    expect(await scrolled()).toBe(0);
  });

  test('a narrow sidebar scrolls 50 columns sideways, row numbers stay', async () => {
    const page = await shown(sampleOf(vck190), { width: 200 });
    await page.locator('.grid [tabindex="0"]').focus();
    await page.keyboard.press('End');
    const seen = await page.evaluate(() => {
      const cell = document.activeElement?.getBoundingClientRect();
      const scroller = document.querySelector('.scroller');
      const number = document.querySelector('.row-number')?.getBoundingClientRect();
      return {
        width: cell?.width,
        scrolled: (scroller?.scrollLeft ?? 0) > 0,
        inView: (cell?.right ?? 999) <= window.innerWidth,
        numberInView: (number?.left ?? -1) >= 0,
        page: document.documentElement.scrollWidth,
      };
    });
    expect(seen).toEqual({ width: 6, scrolled: true, inView: true, numberInView: true, page: 200 });
  });
});

/** Tiles of all steps, and cold ones. */
const warmth = ({ col, row }: { col: number; row: number }): number => (row === 0 ? 0 : (col + row) % 5);

describe('[live-3] heat in the Array view', () => {
  /** Of each bar in the grid: its step, and which share of the cell's width and what colour it has. */
  const bars = (page: Page) =>
    page.locator('.grid .cell.warm').evaluateAll((cells) =>
      cells.map((cell) => {
        const bar = getComputedStyle(cell.querySelector('.bar') ?? cell);
        const step = [1, 2, 3, 4].find((one) => cell.classList.contains(`warm-${one}`)) ?? 0;
        return {
          step,
          share: Math.round((4 * Number.parseFloat(bar.width)) / cell.clientWidth),
          height: Number.parseFloat(bar.height),
          colour: bar.backgroundColor,
          behind: getComputedStyle(cell).backgroundColor,
        };
      }),
    );

  for (const look of [...themeNames.map((theme) => ({ theme })), { forcedColors: true }]) {
    test(`a warm tile has a bar as long as it is warm, whatever the colours: ${JSON.stringify(look)}`, async () => {
      const page = await shown(sampleOf(small, warmth), look);
      const found = await bars(page);
      expect(new Set(found.map(({ step }) => step))).toEqual(new Set([1, 2, 3, 4]));
      for (const { step, share, height, colour, behind } of found) {
        expect(share).toBe(step);
        expect(height).toBeGreaterThanOrEqual(2);
        expect(colour).not.toBe(behind);
      }
      expect(await page.locator('.heat .swatch').count()).toBe(4);
    });
  }

  test('a step that changes touches its cell alone, and nothing moves by itself', async () => {
    const picture = sampleOf(small, warmth);
    const page = await shown(picture);
    const other = sampleOf(small, (tile) => (tile.col === 6 && tile.row === 3 ? 2 : warmth(tile)));
    await page.evaluate((next) => window.array.show(next), other);
    const sent = () => page.evaluate(() => window.array.sent.at(-1));
    expect(await sent()).toMatchObject({ type: 'patch', patch: { parts: {}, cells: [{ heat: 2 }] } });
    const moves = await page.locator('.grid .bar').evaluateAll((bars) =>
      bars.filter((bar) => {
        const { animationName, transitionDuration } = getComputedStyle(bar);
        return animationName !== 'none' || transitionDuration !== '0s';
      }),
    );
    expect(moves).toEqual([]);
  });

  test('a sentence stands in place of the bars where nothing is known', async () => {
    const text = 'Nobody uses the partition.';
    const page = await shown({ ...sampleOf(small), heat: { text, isKnown: false } });
    expect(await page.locator('.heat').textContent()).toBe(text);
    expect(await page.locator('.heat .swatch').count()).toBe(0);
  });
});

describe('[attach-11] looks of the Array view', () => {
  for (const theme of themeNames) {
    test(`${theme}: a hang in arrays of five shapes, nothing clipped, accessible by the rules of axe`, async () => {
      for (const [name, sample, width] of shapes) {
        const page = await shown(sampleOf(sample, warmth), { theme, width });
        await page.screenshot({ path: join(shots, `array-${name}-${theme}.png`), fullPage: true });
        expect(await clipped(page), name).toEqual([]);
      }
      const { violations } = await new AxeBuilder({ page: open?.page as Page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual(
        [],
      );
    });
  }

  test('the arrows of the legend are told apart by their strokes and heads, which are those of the grid', async () => {
    /** Width of the stroke, and the two sides of the head, pixels. */
    const looks = (page: Page) =>
      page.evaluate(() =>
        ['.arrows .arrow:not(.hangs)', '.arrow-sign:not(.hangs)', '.arrows .hangs', '.arrow-sign.hangs'].map(
          (one) => {
            const line = document.querySelector(`${one} path:not(.halo)`);
            const head = document.querySelector<SVGGraphicsElement>(`${one} polygon:not(.halo)`)?.getBBox();
            return [
              line === null ? '' : getComputedStyle(line).strokeWidth,
              ...[head?.width ?? 0, head?.height ?? 0].sort((a, b) => a - b).map((side) => side.toFixed(1)),
            ];
          },
        ),
      );
    const thin = ['1.25px', '4.0', '5.2'];
    const thick = ['2px', '5.5', '7.2'];
    const ways: readonly LookOptions[] = [...themeNames.map((theme) => ({ theme })), { forcedColors: true }];
    for (const look of ways) {
      const page = await shown(sampleOf(small), look);
      const name = look.theme ?? 'forced-colors';
      await page.locator('.legend').screenshot({ path: join(shots, `array-legend-${name}.png`) });
      expect(await looks(page), name).toEqual([thin, thin, thick, thick]);
    }
  });

  test('the legend has the kinds of arrows that the picture has, also when only they change', async () => {
    const picture = sampleOf(small);
    const page = await shown({ ...picture, arrows: picture.arrows.filter(({ hangs }) => hangs) });
    expect(await page.locator('.arrow-sign').count()).toBe(1);
    await page.evaluate((next) => window.array.show(next), picture);
    await eventually(() => page.locator('.arrow-sign').count()).toBe(2);
  });

  test('forced colours: in a low view, too, the frame of a hang is wider than the border of any cell', async () => {
    for (const [name, sample] of [
      ['4x9', small],
      ['50x9', vck190],
    ] as const) {
      const page = await shown(sampleOf(sample), { forcedColors: true, height: 120 });
      await page.screenshot({ path: join(shots, `array-low-forced-colors-${name}.png`) });
      expect(await page.locator('.scroller.low .cell.hangs').count()).toBe(2);
      const widths = await page.evaluate(() => {
        const width = (cell: Element | null, pseudo?: string) =>
          cell === null ? '' : getComputedStyle(cell, pseudo).borderBottomWidth;
        return [
          width(document.querySelector('.cell.running')),
          ...[...document.querySelectorAll('.cell.hangs')].map((cell) => width(cell, '::after')),
        ];
      });
      expect(widths, name).toEqual(['1px', '2px', '2px']);
    }
  });

  test('forced colours: states keep their signs, the hang its frame and arrows', async () => {
    const page = await shown(sampleOf(small), { forcedColors: true });
    await page.screenshot({ path: join(shots, 'array-forced-colors.png'), fullPage: true });
    expect(await page.locator('.cell.stalled .sign').first().isVisible()).toBe(true);
    expect(await clipped(page)).toEqual([]);
  });
});

test.each<[string, LookOptions]>([
  ['forced colours', { theme: 'light', forcedColors: true }],
  ['200 %', { zoom: 2, width: 600, height: 1200 }],
  ['200 % in forced colours', { zoom: 2, width: 600, height: 1200, theme: 'light', forcedColors: true }],
])(
  '[hex-10] %s: the Array view is accessible by all rules of axe, and nothing is clipped',
  async (name, look) => {
    const page = await shown(sampleOf(small, warmth), look);
    await page.screenshot({ path: join(shots, `array-${name.replaceAll(/\W+/g, '-')}.png`) });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual(
      [],
    );
    expect(await clipped(page)).toEqual([]);
  },
);
