import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import type { FromPlotPage } from '../../src/editor/plot/messages.ts';
import { type LookOptions, type OpenPage, PageServer, painted } from './harness.ts';
import type { PlotConfig } from './plot-host.ts';
import { themeNames } from './themes.ts';

const shots = join(root, 'artifacts', 'screenshots');
let pages: PageServer;
let open: OpenPage | undefined;

beforeAll(async () => {
  await mkdir(shots, { recursive: true });
  pages = await PageServer.start('webview/plot/plot.ts', 'test/webview/plot-host.ts');
});
afterAll(() => pages.stop());
afterEach(async () => {
  const errors = open?.errors ?? [];
  await open?.close();
  open = undefined;
  expect(errors).toEqual([]);
});

/** The page once it has drawn a plot. */
async function shown(config: PlotConfig, look: LookOptions = {}): Promise<Page> {
  await open?.close();
  open = await pages.open({ width: 900, height: 620, ...look }, config);
  const { page } = open;
  await page.waitForFunction(() => window.plot.drawn.length > 0);
  await painted(page);
  return page;
}

const said = <T extends FromPlotPage['type']>(page: Page, type: T) =>
  page.evaluate((wanted) => window.plot.said.filter((one) => one.type === wanted), type) as Promise<
    Extract<FromPlotPage, { type: T }>[]
  >;
const lastView = async (page: Page) => (await said(page, 'view')).at(-1)?.view;
const lastChoice = async (page: Page) => (await said(page, 'choose')).at(-1)?.choice;
const pointed = (page: Page) => page.locator('.pointed').textContent();
const summary = (page: Page) => page.locator('#plot-summary').textContent();

/** The middle of what is drawn, moved by shares of its size. */
async function pointTo(page: Page, right = 0, down = 0): Promise<{ x: number; y: number }> {
  const box = await page.locator('.u-over').boundingBox();
  if (box === null) throw new Error('nothing is drawn');
  const place = { x: box.x + box.width * (0.5 + right), y: box.y + box.height * (0.5 + down) };
  await page.mouse.move(place.x, place.y);
  return place;
}

/** A colour that stands in the drawn area, by how many of its pixels have it: `rgb` with the count. */
function drawnColours(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector('canvas');
    const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set<number>();
    for (let i = 0; i < (data?.length ?? 0); i += 4)
      colours.add(((data?.[i] ?? 0) << 16) | ((data?.[i + 1] ?? 0) << 8) | (data?.[i + 2] ?? 0));
    return colours.size;
  });
}

/** In which share of the rows of the drawn area's pixels there is a colour, one of many in tables, that no grid has. */
function drawnRows(page: Page, isTable: boolean): Promise<number> {
  return page.evaluate((isColour) => {
    const canvas = document.querySelector('canvas');
    const box = document.querySelector('.u-over')?.getBoundingClientRect();
    const whole = canvas?.getBoundingClientRect();
    if (!canvas || !box || !whole) return 0;
    const [left, top] = [Math.round(box.left - whole.left), Math.round(box.top - whole.top)];
    const [width, height] = [Math.round(box.width), Math.round(box.height)];
    const data = canvas.getContext('2d')?.getImageData(left, top, width, height).data ?? [];
    let rows = 0;
    for (let row = 0; row < height; row++) {
      const colours = new Set<number>();
      let isLit = false;
      for (let i = 4 * row * width; i < 4 * (row + 1) * width; i += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = data.slice(i, i + 4);
        colours.add((red << 16) | (green << 8) | blue);
        isLit ||= alpha > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40;
      }
      if (isColour ? colours.size > 1 : isLit) rows++;
    }
    return rows / height;
  }, isTable);
}

/** The rules of accessibility hold. */
async function hasNoFlaws(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

describe("[names-7] a plot's page", () => {
  test('says in words what is drawn, gaps included, and the value under the pointer with its place', async () => {
    const page = await shown({ samples: 'gaps' });
    expect(await summary(page)).toBe(
      '1024 values. Lowest -1 (value 256), highest 1 (value 768), mean 0.02624123. Gaps: 100 not read, 100 could not be read, 1 NaN, 1 infinite.',
    );
    await pointTo(page, -0.5 + 90 / 1023);
    expect(await pointed(page)).toMatch(/^value (89|90|91) at \(7,2\)\+0x05[67]\w = 0\.99/);
    await pointTo(page, -0.5 + 150 / 1023);
    expect(await pointed(page)).toMatch(/^value 1(49|50|51) at \(7,2\)\+0x06\w\w = no number$/);
    await page.mouse.move(2, 2);
    await expect.poll(() => pointed(page)).toBe('');
    const area = page.getByRole('application');
    expect(await area.getAttribute('aria-label')).toBe('Plot of (7,2)+0x0400 · buffer · Board');
    expect(await area.getAttribute('aria-describedby')).toContain('plot-summary');
  });

  test('zooms and moves by wheel, drag, box and keys, and back', async () => {
    const page = await shown({ count: 100_000, samples: 'noise' });
    expect((await lastView(page))?.x).toBeUndefined();
    await pointTo(page);
    await page.mouse.wheel(0, -100);
    await painted(page);
    const wheel = (await lastView(page))?.x ?? [0, 0];
    expect(wheel[1] - wheel[0]).toBeCloseTo(99_999 / 1.25, -1);
    const place = await pointTo(page);
    await page.mouse.down();
    await page.mouse.move(place.x + 80, place.y, { steps: 4 });
    await page.mouse.up();
    await painted(page);
    const dragged = (await lastView(page))?.x ?? [0, 0];
    expect(dragged[0]).toBeLessThan(wheel[0]);
    expect(dragged[1] - dragged[0]).toBeCloseTo(wheel[1] - wheel[0], 3);
    const from = await pointTo(page);
    await page.keyboard.down('Shift');
    await page.mouse.down();
    await page.mouse.move(from.x + 120, from.y + 5, { steps: 4 });
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await painted(page);
    const boxed = (await lastView(page))?.x ?? [0, 0];
    expect(boxed[1] - boxed[0]).toBeLessThan((dragged[1] - dragged[0]) / 4);
    await page.mouse.dblclick(from.x, from.y);
    await painted(page);
    expect((await lastView(page))?.x).toBeUndefined();

    await page.locator('.area').focus();
    for (const key of ['+', '+', '+']) await page.keyboard.press(key);
    await painted(page);
    const keyed = (await lastView(page))?.x ?? [0, 0];
    expect(keyed[1] - keyed[0]).toBeCloseTo(99_999 / 1.25 ** 3, -1);
    await page.keyboard.press('Shift+ArrowRight');
    await painted(page);
    expect((await lastView(page))?.x?.[0]).toBeGreaterThan(keyed[0]);
    await page.keyboard.press('-');
    await page.keyboard.press('0');
    await painted(page);
    expect((await lastView(page))?.x).toBeUndefined();
    await page.keyboard.press('+');
    await page.locator('[data-name=reset]').click();
    await painted(page);
    expect((await lastView(page))?.x).toBeUndefined();
  });

  test('reads values with the arrow keys, and says them', async () => {
    const page = await shown({ count: 64 });
    await page.locator('.area').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await painted(page);
    expect(await page.locator('[role=status].spoken').textContent()).toMatch(
      /^value 1 at \(7,2\)\+0x0404 = 0\.2902847$/,
    );
    await page.keyboard.press('ArrowLeft');
    await painted(page);
    expect(await pointed(page)).toBe('value 0 at (7,2)+0x0400 = 0');

    const table = await shown({ samples: 'matrix', count: 4096, choice: { kind: 'heat', columns: 64 } });
    await table.locator('.area').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await table.keyboard.press(key);
    await painted(table);
    expect(await pointed(table)).toMatch(/^row 1, column 1 at \(7,2\)\+0x0504 = 1\.64/);
  });

  test('type, order, offset, stride, shape and parts are chosen, each drawn at once', async () => {
    const page = await shown({ samples: 'complex', count: 1000 });
    expect(await page.locator('.legend li').allTextContents()).toEqual(
      ['re', 'im'].map((name) => expect.stringContaining(name)),
    );
    await page.locator('[data-name=part]').selectOption('magnitude');
    await painted(page);
    expect((await lastChoice(page))?.part).toBe('magnitude');
    expect(await summary(page)).toMatch(/^1000 values\. Lowest 1 /);
    expect(await page.locator('.legend').count()).toBe(0);
    await page.locator('[data-name=part]').selectOption('phase');
    await painted(page);
    expect(await summary(page)).toMatch(/Lowest -3\.1\d+ .* highest 3\.1/);

    await page.locator('[data-name=cells]').selectOption('float32');
    await page.locator('[data-name=columns]').fill('2');
    await painted(page);
    expect(await page.locator('.legend li').allTextContents()).toEqual(
      ['column 0', 'column 1'].map((name) => expect.stringContaining(name)),
    );
    await page.locator('[data-name=columns]').fill('1');
    await page.locator('[data-name=offset]').fill('0x4');
    await page.locator('[data-name=stride]').fill('8');
    await page.locator('[data-name=rows]').fill('250');
    await painted(page);
    expect(await lastChoice(page)).toMatchObject({ columns: 1, offset: 4, stride: 8, rows: 250 });
    expect(await page.locator('[data-name=offset]').inputValue()).toBe('0x4');
    expect(await summary(page)).toMatch(/^250 values\. Lowest -0\.9998\d* .*, highest 0\.9999/);
    await page.locator('[data-name=stride]').fill('none');
    expect(await page.locator('[data-name=stride]').getAttribute('aria-invalid')).toBe('true');
    expect((await lastChoice(page))?.stride).toBe(8);
    expect(await page.locator('.problem:visible').textContent()).toMatch(/^Type a number/);
    await page.locator('[data-name=order]').selectOption('big');
    await painted(page);
    expect((await lastChoice(page))?.cells).toEqual({ name: 'float32', order: 'big' });
  });

  test('scatter draws re against im, or column against column; a heat map has a scale and a value under the pointer', async () => {
    const page = await shown({ samples: 'complex', count: 1000 });
    await page.locator('[data-name=kind]').selectOption('scatter');
    await painted(page);
    const box = await page.locator('.u-over').boundingBox();
    expect(box).not.toBeNull();
    expect(await page.locator('[data-name=columns]').count()).toBe(0);
    await page.locator('.area').focus();
    await page.keyboard.press('ArrowRight');
    await painted(page);
    expect(await pointed(page)).toMatch(/^row \d+: -1\.8\d+, 0?-?0?\.?\d*/);
    await page.locator('[data-name=cells]').selectOption('float32');
    await painted(page);
    expect(await lastChoice(page)).toMatchObject({ kind: 'scatter', cells: { name: 'float32' } });
    await page.locator('[data-name=columns]').fill('2');
    await page.locator('[data-name=x]').fill('1');
    await page.locator('[data-name=y]').fill('0');
    await painted(page);
    expect(await lastChoice(page)).toMatchObject({ columns: 2, x: 1, y: 0 });

    const heat = await shown({ samples: 'matrix', count: 4096 });
    await heat.locator('[data-name=kind]').selectOption('heat');
    await painted(heat);
    expect(await lastChoice(heat)).toMatchObject({ kind: 'heat', columns: 64 });
    await pointTo(heat, -0.5 + 10.5 / 64, -0.5 + 0.5 / 64);
    expect(await pointed(heat)).toMatch(/^row 0, column 10 at \(7,2\)\+0x0428 = 9\.95/);
    expect(await drawnColours(heat)).toBeGreaterThan(50);
    await heat.mouse.wheel(0, -100);
    await painted(heat);
    expect(await lastView(heat)).toMatchObject({
      x: [expect.any(Number), expect.any(Number)],
      y: expect.anything(),
    });
  });

  test('draws what changes, says why it is paused, and sends one picture after the other', async () => {
    const page = await shown({ count: 1000 });
    await page.evaluate(() => window.plot.poke(10, [50]));
    await painted(page);
    expect(await summary(page)).toContain('highest 50 (value 10)');
    await page.locator('[data-name=live]').click();
    await painted(page);
    expect((await said(page, 'live')).at(-1)).toEqual({ type: 'live', on: false });
    expect(await page.locator('[data-name=live]').getAttribute('aria-pressed')).toBe('false');
    await page.evaluate(() =>
      window.plot.tell({
        readAt: 'Read at 1',
        live: { on: true, paused: 'Nobody uses it.' },
        problem: 'It is gone.',
      }),
    );
    await painted(page);
    expect(await page.locator('[data-name=live]').textContent()).toBe('Live paused');
    expect(await page.locator('[data-name=live]').getAttribute('title')).toBe('Nobody uses it.');
    expect(await page.locator('.problem:visible').textContent()).toBe('It is gone.');
  });

  test('VS Code keeps what is plotted, and how', async () => {
    const page = await shown({ count: 64 });
    const kept = () => page.evaluate(() => window.plot.kept);
    expect(await kept()).toMatchObject({ board: 'board', range: { length: 256 }, choice: { kind: 'line' } });
    await page.locator('[data-name=kind]').selectOption('heat');
    await painted(page);
    expect(await kept()).toMatchObject({ title: 'buffer', choice: { kind: 'heat' } });
  });

  test('a picture that cannot be drawn is told, and the next one is drawn', async () => {
    const page = await shown({ count: 1000 });
    await page.evaluate(() => window.plot.spoil());
    await expect.poll(async () => (await said(page, 'failure')).length).toBe(1);
    await page.evaluate(() => window.plot.poke(10, [50]));
    await expect.poll(() => summary(page)).toContain('highest 50 (value 10)');
  });

  test.each(['line', 'scatter', 'heat'] as const)(
    'a %s of values as far apart as numbers can be fills its area, and is zoomed',
    async (kind) => {
      const page = await shown({
        samples: 'huge',
        choice: { kind, columns: { line: 1, scatter: 2, heat: 32 }[kind] },
      });
      expect(await summary(page)).toMatch(
        /^1024 values\. Lowest -1\.7e\+308 \(value 768\), highest 1\.7e\+308/,
      );
      const rows = () => drawnRows(page, kind === 'heat');
      await page.screenshot({ path: join(shots, `webview-plot-huge-${kind}.png`) });
      expect(await rows()).toBeGreaterThan(0.8);
      await page.locator('.area').focus();
      for (const key of ['ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      await painted(page);
      expect(await pointed(page)).toMatch(/\d\.?\d*e\+30[678]/);
      for (const key of ['+', 'Shift+ArrowRight', '-', '-', '0']) await page.keyboard.press(key);
      await painted(page);
      expect((await lastView(page))?.x).toBeUndefined();
      expect(await rows()).toBeGreaterThan(0.8);
    },
  );

  test.each(['line', 'scatter', 'heat'] as const)('a %s becomes PNG and SVG', async (kind) => {
    const page = await shown({
      samples: 'noise',
      count: 4096,
      choice: { kind, columns: kind === 'line' ? 1 : 64 },
    });
    await page.locator('[data-name=export]').click();
    expect(await said(page, 'export')).toHaveLength(1);
    await page.evaluate(() => {
      window.plot.make('png');
      window.plot.make('svg');
    });
    await page.waitForFunction(() => window.plot.files.length === 2);
    const files = await page.evaluate(() => window.plot.files);
    const [svg = '', png = ''] = files.toSorted(
      (a, b) => Number(b.startsWith('<')) - Number(a.startsWith('<')),
    );
    expect(png.slice(1, 4)).toBe('PNG');
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain('4096 values.');
    expect(svg).toMatch(
      {
        line: /<path fill="none" stroke="#/,
        scatter: /stroke-linecap="round"/,
        heat: /<image href="data:image\/png/,
      }[kind],
    );
  });

  test('keyboard and screen readers reach all of it, in every theme; pictures', async () => {
    const looks = [
      ['line', { samples: 'gaps' }],
      ['lines', { samples: 'complex' }],
      ['scatter', { samples: 'complex', choice: { kind: 'scatter' } }],
      ['heat', { samples: 'gaps', choice: { kind: 'heat', columns: 32 } }],
    ] as const;
    for (const theme of themeNames) {
      for (const [name, config] of looks) {
        const page = await shown(config, { theme });
        if (name === 'lines') await hasNoFlaws(page);
        await page.screenshot({ path: join(shots, `webview-plot-${name}-${theme}.png`) });
      }
    }
    const narrow = await shown({ samples: 'complex' }, { width: 420, height: 560 });
    expect(await narrow.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await narrow.screenshot({ path: join(shots, 'webview-plot-narrow.png') });
  });

  test('another theme has other colours at once', async () => {
    const page = await shown({ samples: 'complex' }, { theme: 'dark' });
    const stroke = () => page.locator('.sample path').first().getAttribute('stroke');
    const before = await stroke();
    await page.evaluate(() => {
      document.documentElement.style.setProperty('--vscode-charts-blue', '#123456');
    });
    await painted(page);
    expect(await stroke()).not.toBe(before);
    expect(await stroke()).toBe('#123456');
  });

  test.each<[string, LookOptions]>([
    ['forced colours', { theme: 'light', forcedColors: true }],
    ['200 %', { zoom: 2, width: 1280, height: 1000 }],
    ['200 % in forced colours', { zoom: 2, width: 1280, height: 1000, theme: 'light', forcedColors: true }],
  ])('[hex-10] %s: accessible by all rules of axe, in every kind', async (name, look) => {
    for (const kind of ['line', 'scatter', 'heat'] as const) {
      const page = await shown({ samples: 'complex', choice: { kind } }, look);
      await page.screenshot({
        path: join(shots, `webview-plot-${kind}-${name.replaceAll(/\W+/g, '-')}.png`),
      });
      await hasNoFlaws(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    }
  });
});
