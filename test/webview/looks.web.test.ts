import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { marks } from '../../webview/grid/painter.ts';
import { eventually } from './eventually.ts';
import { Harness, type OpenOptions, type OpenPage, painted } from './harness.ts';
import { themeNames } from './themes.ts';

const shots = join(root, 'artifacts', 'screenshots');
let harness: Harness;
let open: OpenPage | undefined;

beforeAll(async () => {
  await mkdir(shots, { recursive: true });
  harness = await Harness.start();
});
afterAll(() => harness.stop());
afterEach(async () => {
  const errors = open?.errors ?? [];
  await open?.close();
  open = undefined;
  expect(errors).toEqual([]);
});

/** A page with one of everything: edits, a conflict, changes, unreadable and unread bytes, a selection, a banner. */
async function everything(options: OpenOptions = {}): Promise<Page> {
  open = await harness.open({
    unreadable: [{ offset: 0x140, length: 24, reason: 1 }],
    unknown: [{ offset: 0x1a0, length: 32 }],
    ...options,
  });
  const { page } = open;
  await page.keyboard.type('a55a');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.type('12');
  await page.evaluate(() => {
    const marks = new Uint8Array(32);
    marks.set([15, 4, 0, 0, 0, 0, 1, 0, 0, 4, 5, 0, 8, 8, 8]);
    window.fake.send({ type: 'map', marks });
    window.fake.deviceWrite(0x22, 0x99);
    window.fake.deviceWrite(0x84, 1, 2, 3, 4);
    window.fake.setState({
      reading: { percent: 42 },
      banner: {
        kind: 'warning',
        text: 'The bytes under 1 of your staged edits have changed on the device since you typed them.',
        actions: [
          { command: 'keepMine', label: 'Keep My Edits' },
          { command: 'takeTheirs', label: 'Drop Them' },
        ],
      },
    });
  });
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown');
  for (let i = 0; i < 2; i++) await page.keyboard.press('Shift+ArrowDown');
  await painted(page);
  return page;
}

/** Texts that are cut off, overlap their neighbour or lie outside the window. Sideways the grid may scroll. */
function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const visit = (parent: Element | ShadowRoot) => {
      for (const element of parent.querySelectorAll('*')) {
        if (element.shadowRoot !== null) visit(element.shadowRoot);
        if (element.closest('.spoken, script, style, [hidden]') !== null) continue;
        const own = [...element.childNodes].filter((node) => node instanceof Text && node.data.trim() !== '');
        for (const node of own) {
          const range = document.createRange();
          range.selectNodeContents(node);
          const box = range.getBoundingClientRect();
          if (box.width === 0) continue;
          const name = `${element.className || element.tagName}: ${node.textContent?.trim().slice(0, 40)}`;
          const inGrid = element.closest('.scroller') !== null;
          const inRows = element.closest('.viewport') !== null;
          if (!inGrid && (box.left < 0 || box.right > window.innerWidth + 0.5))
            found.push(`${name} leaves the window`);
          if (!inRows && (box.top < 0 || box.bottom > window.innerHeight + 0.5))
            found.push(`${name} leaves the window`);
          const outer = element.getBoundingClientRect();
          if (box.right > outer.right + 1 || box.left < outer.left - 1) found.push(`${name} leaves its cell`);
          if (!inGrid && (box.bottom > outer.bottom + 2 || box.top < outer.top - 2)) {
            found.push(`${name} leaves its box`);
          }
        }
      }
    };
    visit(document.body);
    const grid = document.querySelector('.scroller');
    const sheet = document.querySelector('.sheet');
    if (grid !== null && sheet !== null && sheet.scrollWidth > sheet.clientWidth + 1)
      found.push('rows leave the sheet');
    if (document.documentElement.scrollWidth > window.innerWidth) found.push('the page scrolls sideways');
    if (document.documentElement.scrollHeight > window.innerHeight) found.push('the page scrolls');
    return [...new Set(found)];
  });
}

/** The rules of axe hold, all of them. */
async function hasNoFlaws(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

describe('[main-18] [main-23] looks', () => {
  for (const theme of themeNames) {
    test(`${theme}: nothing is clipped at three widths, and accessible by the rules of axe`, async () => {
      for (const width of [600, 900, 1400]) {
        const page = await everything({ theme, width });
        await page.screenshot({ path: join(shots, `webview-${theme}-${width}.png`) });
        expect(await clipped(page), `${width} pixels`).toEqual([]);
        expect(await page.evaluate(() => document.querySelector('.viewport')?.clientHeight)).toBeGreaterThan(
          150,
        );
        if (width === 900) {
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(
            violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
          ).toEqual([]);
        }
        await open?.close();
      }
    });
  }

  test('[shape-9] locked, with the message below the grid', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 700,
        height: 420,
        range: { offset: 0x8000, length: 0x8000 },
        state: { policy: 'locked', title: 'vck190-lab · columns 6 to 9 · data memory · tile (6,2)' },
      });
      const { page } = open;
      await page.keyboard.type('5');
      await eventually(() => page.locator('.notice').isVisible()).toBe(true);
      await page.screenshot({ path: join(shots, `webview-locked-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      await open.close();
    }
  });

  test('[shape-3] values in cells: marks, the field and what becomes of its text, above and below', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 900,
        height: 420,
        range: { offset: 0x8000, length: 0x8000 },
        settings: { cells: { name: 'float32', order: 'little' } },
        unreadable: [{ offset: 0x8026, length: 7, reason: 1 }],
        unknown: [{ offset: 0x8034, length: 4 }],
      });
      const { page } = open;
      await page.evaluate(() => {
        const floats = new Float32Array([12.34, 1, -0.5, 3.4e38, 1e-3, Number.NaN, Infinity, 65504]);
        window.fake.deviceWriteUnseen(0x8000, ...new Uint8Array(floats.buffer));
        window.fake.deviceWrite(0x8044, 1);
      });
      await page.keyboard.type('2.5');
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Shift+ArrowRight');
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-cells-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      await page.keyboard.press('Control+Home');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.type('16777217');
      await eventually(() => page.locator('.cell-field .preview').textContent()).toContain(
        '16777216 = 00 00 80 4B',
      );
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-field-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual(
        [],
      );
      await page.keyboard.press('Escape');
      const before = (await page.locator('.details .place').textContent()) ?? '';
      await page.keyboard.press('Control+End');
      await eventually(() => page.locator('.details .place').textContent()).not.toBe(before);
      // What was never read cannot be typed over.
      await eventually(() => page.locator('.details .value').textContent()).toContain('float32');
      await page.keyboard.type('1e99');
      await eventually(() => page.locator('.cell-field .preview').textContent()).toContain('does not fit');
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-field-low-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      await open.close();
    }
  });

  test('the find line, its hits and what is wrong', async () => {
    for (const theme of themeNames) {
      for (const width of [600, 1100]) {
        open = await harness.open({ theme, width, height: 560 });
        const { page } = open;
        await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: true }));
        await page.locator('[data-name="find-text"]:focus').waitFor();
        await page.keyboard.type('A4 ?? 45');
        await page.evaluate(() => {
          const marks = new Uint8Array(128);
          marks.set([1, 1, 1], 0x12);
          marks.set([1, 1, 1], 0x3e);
          window.fake.send({ type: 'hits', hits: { offset: 0, marks } });
          const tiles = new Uint8Array(32);
          tiles.set([16, 16, 0, 0, 17, 4, 20, 24]);
          window.fake.send({ type: 'map', marks: tiles });
          window.fake.send({ type: 'reveal', offset: 0x12, length: 3 });
          window.fake.send({
            type: 'found',
            found: { count: 12, isFull: false, at: 1, unseen: 4096, said: '', isWrong: false },
          });
        });
        await eventually(() => page.locator('#find-status').textContent()).toContain('1 of 12');
        await painted(page);
        await page.screenshot({ path: join(shots, `webview-find-${theme}-${width}.png`) });
        expect(await clipped(page), `${theme} ${width}`).toEqual([]);
        await page.locator('[data-name=find-kind]').selectOption('value');
        await page.evaluate(() =>
          window.fake.send({
            type: 'found',
            found: {
              count: 0,
              isFull: false,
              at: 0,
              unseen: 0,
              said: '1e99 does not fit: values are from -3.4e38 to 3.4e38.',
              isWrong: true,
            },
          }),
        );
        await eventually(() => page.locator('#find-status').textContent()).toContain('does not fit');
        await painted(page);
        await page.screenshot({ path: join(shots, `webview-find-wrong-${theme}-${width}.png`) });
        expect(await clipped(page), `${theme} ${width}`).toEqual([]);
        if (width === 600) {
          await open.close();
          continue;
        }
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
        ).toEqual([]);
        await open.close();
      }
    }
  });

  test('[hex-1] the view line, classes of values and possibly torn values', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 900,
        height: 420,
        range: { offset: 0x8000, length: 0x8000 },
        settings: { cells: { name: 'fix16.15', order: 'little' }, bytesPerRow: 0, colours: true },
        state: { moving: true },
      });
      const { page } = open;
      await page.evaluate(() => {
        window.fake.deviceWriteUnseen(0x8000, ...new Array(40).fill(0));
        window.fake.deviceWrite(0x8044, 1);
      });
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-view-fixed-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const cells = page.locator('.view-line [data-name=cells]');
      await cells.focus();
      await cells.selectOption('float64');
      await page.locator('#grid').focus();
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-view-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual(
        [],
      );
      await open.close();
    }
  });

  test('values that differ from golden data', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 900,
        height: 420,
        range: { offset: 0x8000, length: 0x8000 },
        settings: { cells: { name: 'int16', order: 'little' } },
      });
      const { page } = open;
      await page.evaluate(() => {
        const wrong = new Uint8Array(0x400).map((_, i) => (i % 16 < 2 ? 1 : 0));
        const expected = new Uint8Array(0x400).fill(7);
        window.fake.send({ type: 'expected', expected: { offset: 0x8000, wrong, expected } });
        window.fake.deviceWrite(0x8010, 1, 2, 3, 4);
      });
      await page.locator('#grid').focus();
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-mismatches-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      await open.close();
    }
  });

  test('[names-2] names of functions and buffers, and where the core is', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 1100,
        height: 480,
        range: { offset: 0x8000, length: 0x8000 },
      });
      const { page } = open;
      await page.evaluate(() => {
        const detail = '64 bytes';
        window.fake.send({
          type: 'names',
          told: {
            isNamed: true,
            names: [
              { kind: 'function', text: '_main_init', detail, offset: 0x7ff0, length: 0x34 },
              { kind: 'function', text: 'main', detail, offset: 0x8024, length: 0x4c },
              { kind: 'pc', text: 'PC', detail, offset: 0x8047, length: 1 },
              { kind: 'buffer', text: 'in_buff', detail, offset: 0x8070, length: 0x20 },
              { kind: 'parameter', text: 'selector of graph0.gain', detail, offset: 0x8090, length: 4 },
              { kind: 'parameter', text: 'graph0.gain (ping)', detail, offset: 0x80a4, length: 8 },
              { kind: 'stack', text: 'stack', detail, offset: 0x80b0, length: 0x40 },
              { kind: 'sp', text: 'SP', detail, offset: 0x80c8, length: 1 },
            ],
          },
        });
        window.fake.deviceWrite(0x8030, 1, 2, 3, 4);
      });
      await page.locator('#grid').focus();
      await page.keyboard.type('a55a');
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-names-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      await open.close();
    }
  });

  test('[names-8] bookmarks and the fields of a structure', async () => {
    for (const theme of themeNames) {
      open = await harness.open({ theme, width: 1100, height: 480 });
      const { page } = open;
      await page.evaluate(() => {
        const detail = 'bookmark';
        const marks = (['blue', 'green', 'orange', 'purple', 'red', 'yellow'] as const).map((colour, i) => ({
          ...({ kind: 'bookmark', text: `${colour} place`, detail, colour } as const),
          ...{ offset: 0x10 * i + 3, length: 6 + 2 * i },
        }));
        const field = (text: string, offset: number, length: number) =>
          ({
            kind: 'field',
            text: `state.${text}`,
            detail: 'float of struct state',
            offset,
            length,
          }) as const;
        window.fake.send({
          type: 'names',
          told: {
            isNamed: true,
            names: [
              ...marks,
              { kind: 'buffer', text: 'in_buff', detail, offset: 0x10, length: 0x40 },
              ...[field('head.kind', 0x60, 2), field('gain', 0x64, 4), field('taps', 0x68, 16)],
            ],
          },
        });
        const tiles = document.querySelectorAll('.tile-map').length;
        window.fake.send({ type: 'map', marks: Uint8Array.from({ length: 64 * tiles }, (_, i) => i & 63) });
        window.fake.deviceWrite(0x24, 1, 2, 3, 4);
      });
      await page.locator('#grid').focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
      await page.keyboard.type('a55a');
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-bookmarks-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      await open.close();
    }
  });

  test('[hex-5] [live-7] the inspector: beside the grid, in narrow pages below it', async () => {
    for (const theme of themeNames) {
      for (const width of [600, 1400]) {
        open = await harness.open({
          theme,
          width,
          height: width === 600 ? 700 : 1000,
          range: { offset: 0x8000, length: 0x8000 },
          settings: { inspector: true },
        });
        const { page } = open;
        await page.evaluate(() => {
          window.fake.deviceWriteUnseen(0x8000, 0xa4, 0x70, 0x45, 0x41);
          window.fake.deviceWrite(0x8044, 1);
        });
        for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowDown');
        await page.locator('.inspector .numbers').waitFor();
        // The history of the byte at the cursor, with a gap: a second passes between two looks, as far as the page knows.
        await page.evaluate(async () => {
          const now = performance.now.bind(performance);
          let passed = 0;
          performance.now = () => now() + passed;
          for (const [i, value] of [3, 40, 55, 20, 90, 60, 64, 30].entries()) {
            window.fake.setState({ live: { hertz: 10, ...(i === 4 ? { paused: 'paused' } : {}) } });
            window.fake.deviceWrite(0x8030, value);
            await new Promise(requestAnimationFrame);
            passed += 1000;
          }
        });
        await page.locator('.history-line .gap').first().waitFor();
        await painted(page);
        await page.screenshot({ path: join(shots, `webview-inspector-${theme}-${width}.png`) });
        // Below the grid the panel scrolls.
        if (width === 1400) expect(await clipped(page)).toEqual([]);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
        ).toEqual([]);
        await page.locator('.inspector .value[data-name="float32 big"]').click();
        await page.keyboard.type('1e99');
        await painted(page);
        await page.screenshot({ path: join(shots, `webview-inspector-field-${theme}-${width}.png`) });
        await open.close();
      }
    }
  });

  test('[truth-19] what is read before a copy, and what the copy could not hold', async () => {
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 600,
        height: 420,
        range: { offset: 0x8000, length: 0x8000 },
        unknown: [{ offset: 0x8100, length: 0x7f00 }],
        unreadable: [{ offset: 0xc000, length: 0x4000, reason: 1 }],
        holdReads: true,
      });
      const { page } = open;
      const look = async (name: string) => {
        await page.screenshot({ path: join(shots, `webview-${name}-${theme}.png`) });
        expect(await clipped(page)).toEqual([]);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id }) => id)).toEqual([]);
      };
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Control+c');
      await page.waitForSelector('.notice [data-name=cancel]');
      // As a host does for as long as it reads, however long the looks take.
      await page.evaluate(() => setInterval(() => window.fake.progress(42), 1000));
      await eventually(() => page.locator('.notice').textContent()).toContain('42 %');
      await look('reading');
      await page.evaluate(() => window.fake.finishRead());
      await eventually(() => page.locator('.notice').textContent()).toContain('16384 bytes copied');
      await look('copied');
      await open.close();
    }
  });

  test('[attach-6] [attach-8] beside an owner, and what an application left: whole sentences, still readable', async () => {
    const array = {
      numCols: 50,
      shim: { start: 0, count: 1 },
      memory: { start: 0, count: 0 },
      core: { start: 1, count: 8 },
    };
    for (const theme of themeNames) {
      open = await harness.open({
        theme,
        width: 600,
        state: {
          beside: 'graph_with_a_long_name',
          array,
          lastKnown: true,
          banner: {
            kind: 'warning',
            text: 'The hold ended at 10:40; the driver has reset the partition. Bytes as read at 10:39:58. They are what the application left.',
            actions: [{ command: 'hold', label: 'Hold for Post-Mortem...' }],
          },
        },
      });
      const { page } = open;
      await eventually(() => page.locator('.chip.policy').textContent()).toContain(
        'Staged beside graph_with_a_long_name',
      );
      await eventually(() => page.locator('.place').textContent()).toContain('compute row 0');
      await eventually(() => page.locator('.middle.last-known').count()).toBe(1);
      await page.screenshot({ path: join(shots, `webview-left-${theme}.png`) });
      expect(await clipped(page)).toEqual([]);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      await open.close();
    }
  });

  test('at 600 pixels the grid scrolls sideways, and the cursor stays in view', async () => {
    open = await harness.open({ width: 600 });
    const { page } = open;
    await page.keyboard.press('End');
    await page.keyboard.press('Tab');
    await painted(page);
    const inside = () =>
      page.evaluate(() => {
        const [range] = [...(CSS.highlights.get('tile-cursor') ?? [])];
        const grid = document.querySelector('.scroller')?.getBoundingClientRect();
        const offsets = document.querySelector('.row:not(.tile) .offset')?.getBoundingClientRect();
        if (range === undefined || grid === undefined || offsets === undefined) return false;
        const live = document.createRange();
        live.setStart(range.startContainer, range.startOffset);
        live.setEnd(range.endContainer, range.endOffset);
        const box = live.getBoundingClientRect();
        return box.left >= offsets.right && box.right <= grid.right && offsets.left >= grid.left;
      });
    await eventually(inside).toBe(true);
    expect(await page.evaluate(() => document.querySelector('.scroller')?.scrollLeft)).toBeGreaterThan(0);
    await page.screenshot({ path: join(shots, 'webview-sideways.png') });
    await page.keyboard.press('Shift+Tab');
    for (let column = 15; column >= 0; column--) {
      await painted(page);
      expect(await inside(), `column ${column}`).toBe(true);
      await page.keyboard.press('ArrowLeft');
    }
  });

  test('zoomed in: columns still stand below their headings', async () => {
    const page = await everything({ width: 1400 });
    await page.evaluate(() => {
      document.documentElement.style.setProperty('--vscode-editor-font-size', '17.3px');
      window.dispatchEvent(new Event('resize'));
    });
    await painted(page);
    const lefts = await page.evaluate(() =>
      ['bytes', 'characters'].map((name) =>
        [...document.querySelectorAll(`.headings .${name}, .row:not(.tile) .${name}`)].map((cell) =>
          Math.round(cell.getBoundingClientRect().left),
        ),
      ),
    );
    for (const column of lefts) expect(new Set(column).size).toBe(1);
    expect(await clipped(page)).toEqual([]);
  });

  test('every mark can be told from plain text and from the others, in every theme', async () => {
    for (const theme of themeNames) {
      open = await harness.open({ theme });
      const looks = await open.page.evaluate((names) => {
        const cell = document.querySelector('.row:not(.tile) .bytes');
        if (cell === null) return [];
        return names.map((name) => {
          const style = getComputedStyle(cell, `::highlight(tile-${name})`);
          return [
            style.color,
            style.backgroundColor,
            style.textDecorationLine,
            style.textDecorationStyle,
            style.textDecorationColor,
          ].join(' ');
        });
      }, marks.concat());
      expect(looks).toHaveLength(marks.length);
      expect(new Set(looks).size, `${theme}: ${looks.join('; ')}`).toBe(marks.length);
      await open.close();
    }
  });

  test('forced colours: marks keep system colours', async () => {
    const page = await everything({ forcedColors: true, width: 900 });
    await page.screenshot({ path: join(shots, 'webview-forced-colors.png') });
    const cursor = await page.evaluate(() => {
      const cell = document.querySelector('.row:not(.tile) .bytes');
      return cell === null ? '' : getComputedStyle(cell, '::highlight(tile-cursor)').backgroundColor;
    });
    expect(cursor).not.toBe('rgba(0, 0, 0, 0)');
  });

  const looks: readonly [string, OpenOptions][] = [
    ...themeNames.map((theme): [string, OpenOptions] => [theme, { theme }]),
    // What is imitated is a light palette, over which VS Code has a light theme: axe looks at the fill of texts, which the theme gives.
    ['forced colours', { theme: 'light', forcedColors: true }],
    ['200 %', { zoom: 2 }],
    ['200 % in forced colours', { zoom: 2, theme: 'light', forcedColors: true }],
  ];
  test.each(looks)(
    '[hex-10] %s: all panels at once, accessible by all rules of axe, and nothing clipped',
    async (name, look) => {
      const page = await everything({ width: 1280, height: 1000, settings: { inspector: true }, ...look });
      await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: true }));
      await page.locator('[data-name="find-text"]:focus').waitFor();
      await page.keyboard.type('A4 ?? 45');
      await page.evaluate(() => {
        const hits = new Uint8Array(128);
        hits.set([1, 1, 1], 0x12);
        window.fake.send({ type: 'hits', hits: { offset: 0, marks: hits } });
        const found = { count: 12, isFull: false, at: 1, unseen: 4096, said: '', isWrong: false };
        window.fake.send({ type: 'found', found });
      });
      await eventually(() => page.locator('#find-status').textContent()).toContain('1 of 12');
      await painted(page);
      await page.screenshot({ path: join(shots, `webview-all-${name.replaceAll(/\W+/g, '-')}.png`) });
      await hasNoFlaws(page);
      // Below the grid the inspector scrolls.
      if (look.zoom === undefined) expect(await clipped(page)).toEqual([]);
    },
  );

  test('[hex-10] without its board, in an error and in a hint: accessible by all rules of axe', async () => {
    const page = await everything({ width: 1280 });
    for (const kind of ['error', 'info'] as const) {
      await page.evaluate((shown) => {
        window.fake.send({ type: 'unavailable', message: 'The board is gone.' });
        window.fake.setState({
          connected: false,
          banner: {
            kind: shown,
            text: 'The connection is lost.',
            actions: [{ command: 'connect', label: 'Connect' }],
          },
        });
      }, kind);
      await eventually(() => page.locator(`.banner.${kind} [data-name=connect]`).isVisible()).toBe(true);
      await painted(page);
      await hasNoFlaws(page);
    }
  });

  test('[hex-10] Tab reaches all that a pointer can press, and comes out again', async () => {
    const page = await everything({ width: 1280, height: 1000, settings: { inspector: true } });
    await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: true }));
    await page.locator('.find-line [data-name=find-text]:focus').waitFor();
    await page.evaluate(() => {
      const reached = new Set<EventTarget>();
      Reflect.set(window, 'reached', reached);
      document.addEventListener('focusin', ({ target }) => target !== null && reached.add(target));
    });
    const left = () =>
      page.evaluate(() => {
        const reached: Set<EventTarget> = Reflect.get(window, 'reached');
        return [...document.querySelectorAll('vscode-button, button, select, input, a[href], #grid')]
          .filter((one) => !reached.has(one) && one.checkVisibility() && !one.hasAttribute('disabled'))
          .map((one) => one.getAttribute('data-name') ?? one.outerHTML);
      });
    for (let i = 0; i < 150 && (await left()).length > 0; i++) await page.keyboard.press('Tab');
    expect(await left()).toEqual([]);
  });

  test('[hex-10] with reduced motion nothing moves by itself, a bar without an end included', async () => {
    const page = await everything({ width: 900 });
    await page.evaluate(() => window.fake.setState({ reading: {} }));
    await painted(page);
    const moving = () =>
      page.evaluate(() => {
        const bar = document.querySelector('vscode-progress-bar')?.shadowRoot;
        return [...document.getAnimations(), ...(bar?.getAnimations() ?? [])].filter(
          (one) => one.effect?.getComputedTiming().duration !== 0,
        ).length;
      });
    expect(await moving()).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await eventually(moving).toBeGreaterThan(0);
  });

  test('[hex-10] the grid has roles, counts, one tab stop, and rows that say their place', async () => {
    const page = await everything({ width: 1280, range: { offset: 0x8000, length: 0x8000 } });
    const row = page.getByRole('row').filter({ has: page.locator('.offset', { hasText: /^0040$/ }) });
    await eventually(() => row.getByRole('rowheader').last().getAttribute('aria-label')).toMatch(
      /^Tile \(6,2\), tile offset 0x0040$/,
    );
    expect(await row.getByRole('gridcell').count()).toBe(2);
    const grid = page.getByRole('grid');
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(0x8000 / 16 + 1));
    expect(await grid.getByRole('columnheader').count()).toBeGreaterThan(2);
    expect(await grid.evaluate((element) => element.querySelectorAll('[tabindex]').length)).toBe(0);
    expect(await page.locator('[role=status][aria-live=polite]').count()).toBe(1);
  });

  test('[hex-9] a docked memory keeps the keys of the editor in front: VS Code hears of none of them', async () => {
    open = await harness.open({});
    const { page } = open;
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      // Where VS Code listens to what a page did not keep.
      window.addEventListener('keydown', ({ code }) => heard.push(code));
    });
    const heard = () => page.evaluate(() => (window as unknown as { heard: string[] }).heard.splice(0));
    await page.locator('#grid').focus();
    await page.keyboard.press('F8');
    expect(await heard()).toEqual(['F8']);
    await page.evaluate(() => window.fake.setState({ isDocked: true, policy: 'locked' }));
    await page.getByRole('button', { name: 'Open in Editor' }).waitFor();
    await page.locator('#grid').focus();
    await page.keyboard.press('Control+s');
    await page.keyboard.press('Control+Alt+v');
    await page.keyboard.press('F8');
    await page.keyboard.press('F9');
    expect((await heard()).filter((code) => !/^(Control|Alt)/.test(code))).toEqual(['F9']);
  });

  test('without the highlight API', async () => {
    const page = await everything({ withoutHighlights: true, width: 900 });
    await page.screenshot({ path: join(shots, 'webview-boxes.png') });
    expect(await clipped(page)).toEqual([]);
  });
});
