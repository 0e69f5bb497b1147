/** What can be counted of the grid's speed: elements of the page, what scrolling and jumping change, layouts, processor time. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EditorSettings, PageName } from '../../src/editor/messages.ts';
import type { CellName } from '../../src/model/cells/choices.ts';
import { pageCosts } from '../bench/page.ts';
import { eventually } from './eventually.ts';
import { Harness, type OpenOptions, type OpenPage, painted } from './harness.ts';

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

/** Elements that a page of an ordinary size has at most. */
const mostElements = 299;

/** 25 MiB: 400 tiles of 64 KiB. */
const large: OpenOptions = {
  geometry: { startCol: 0, numCols: 50, bytesPerTile: 0x10000 },
  width: 1280,
  height: 800,
};

async function start(options: OpenOptions): Promise<Page> {
  open = await harness.open(options);
  return open.page;
}

/** Once what was asked for is drawn. */
async function elements(page: Page): Promise<number> {
  await painted(page);
  await painted(page);
  return page.evaluate(() => document.querySelectorAll('*').length);
}

/** Four names in each row, each of which begins there. */
const namesOf = (rows: number): PageName[] =>
  Array.from({ length: 4 * rows }, (_, i) => ({
    ...{ kind: 'field', text: `state.f${i}`, detail: 'float', offset: 4 * i, length: 4 },
  }));

test('[hex-11] the page has fewer than 300 elements in a window of 1280 x 800, however the bytes are shown', async () => {
  const page = await start(large);
  const cells: readonly CellName[] = ['hex8', 'uint32', 'float32', 'bin8', 'fix32.16', 'bfp16ebs8', 'cint16'];
  const found: Record<string, number> = {};
  const show = (change: Partial<EditorSettings>) =>
    page.evaluate((settings) => {
      window.fake.settings = { ...window.fake.settings, ...settings };
      window.fake.send({ type: 'settings', settings: window.fake.settings });
    }, change);
  for (const inspector of [false, true]) {
    for (const name of cells) {
      await show({ inspector, cells: { name, order: 'little' } });
      found[`${name}, inspector ${inspector}`] = await elements(page);
    }
  }
  await show({ cells: { name: 'hex8', order: 'little' }, density: 'compact' });
  found['compact, inspector'] = await elements(page);
  await show({ density: 'comfortable', bytesPerRow: 8 });
  found['rows of 8, inspector'] = await elements(page);
  await show({ bytesPerRow: 16 });
  await page.evaluate(
    (names) => window.fake.send({ type: 'names', told: { isNamed: true, names } }),
    namesOf(64),
  );
  await page.locator('.row .names').nth(20).waitFor();
  found['names in every row, inspector'] = await elements(page);
  await page.evaluate(() => window.fake.send({ type: 'names', told: { isNamed: false, names: [] } }));
  await page.locator('.row .names').first().waitFor({ state: 'detached' });
  await page.locator('#grid').focus();
  await page.keyboard.press('Shift+ArrowDown');
  await page.locator('.inspector .numbers').waitFor();
  found['selection, inspector'] = await elements(page);
  await page.keyboard.press('ArrowUp');
  await page.evaluate(() => window.fake.send({ type: 'openFind', withReplace: true }));
  await page.locator('.find-line [data-name=find-text], .find-line input').first().waitFor();
  found['find and replace, inspector'] = await elements(page);
  await page.evaluate(() => {
    const tiles = window.fake.geometry.numCols * window.fake.geometry.numRows;
    window.fake.send({ type: 'map', marks: new Uint8Array(tiles).fill(63) });
    window.fake.setState({
      connected: false,
      banner: {
        kind: 'error',
        text: 'The board is gone.',
        actions: [{ command: 'connect', label: 'Connect' }],
      },
    });
  });
  await page.locator('.banner').waitFor();
  found['find, banner, marks on the map, inspector'] = await elements(page);
  expect(Object.entries(found).filter(([, count]) => count > mostElements)).toEqual([]);
});

test('[hex-11] a long list has all its choices once a person reaches for it, by key or pointer, and stays as wide', async () => {
  const page = await start({ width: 1280, height: 800, settings: { inspector: true } });
  const list = page.locator('.view-line [data-name=bytes]');
  const options = () => list.locator('option').count();
  // The chosen one, and the longest.
  expect(await options()).toBe(2);
  expect(await list.inputValue()).toBe('1');
  await list.focus();
  expect(await options()).toBe(32);
  await page.keyboard.press('ArrowDown');
  await eventually(() => list.inputValue()).toBe('2');
  expect(await options()).toBe(32);
  await page.locator('#grid').focus();
  await eventually(options).toBe(2);
  expect(await list.inputValue()).toBe('2');
  const box = await list.boundingBox();
  await page.mouse.move((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
  await page.mouse.down();
  expect(await options()).toBe(32);
  await page.mouse.up();
  await page.keyboard.press('Escape');
  for (const name of ['cells', 'bytes', 'vector']) {
    const one = page.locator(`[data-name=${name}]`);
    const width = async () => (await one.boundingBox())?.width;
    await page.locator('#grid').focus();
    const before = await width();
    await one.focus();
    expect(await width(), name).toBe(before);
  }
});

/** Turns the wheel by whole rows, a step in each animation frame, and counts what becomes another in the grid's rows. */
function scrolled(page: Page, steps: number, rows: number) {
  return page.evaluate(
    async ([count, rowsOfStep]) => {
      const grid = document.querySelector('#grid');
      const layer = document.querySelector('.layer');
      if (grid === null || layer === null) throw new Error('no grid');
      const height = Number.parseFloat(getComputedStyle(grid).getPropertyValue('--row-height'));
      const counted = { moved: 0, inside: 0, texts: 0, labels: 0 };
      const observer = new MutationObserver((records) => {
        for (const { type, target, addedNodes, removedNodes, attributeName } of records) {
          if (type === 'childList' && target === layer)
            counted.moved += addedNodes.length + removedNodes.length;
          else if (type === 'childList') counted.inside += addedNodes.length + removedNodes.length;
          else if (type === 'characterData') counted.texts++;
          else if (attributeName !== 'style') counted.labels++;
        }
      });
      const what = { subtree: true, childList: true, attributes: true, characterData: true };
      observer.observe(layer, what);
      for (let i = 0; i < count; i++) {
        const wheel = new WheelEvent('wheel', {
          deltaY: rowsOfStep * height,
          cancelable: true,
          bubbles: true,
        });
        grid.dispatchEvent(wheel);
        await new Promise((done) => requestAnimationFrame(done));
        await new Promise((done) => requestAnimationFrame(done));
      }
      await new Promise((done) => setTimeout(done));
      observer.disconnect();
      return counted;
    },
    [steps, rows] as const,
  );
}

test('[hex-11] a row that comes into sight is one element moved, and its texts written once', async () => {
  const page = await start({ ...large, range: { offset: 0, length: 0x10000 } });
  // The bytes of the rows are there before they are scrolled to.
  await scrolled(page, 4, 8);
  const rows = 24;
  const { moved, inside, texts, labels } = await scrolled(page, rows, 1);
  // Taken out below or above, put in at the other end.
  expect(moved).toBe(2 * rows);
  expect(inside).toBe(0);
  // Offset, bytes, characters.
  expect(texts).toBeLessThanOrEqual(3 * rows);
  // Its number, and where it is in words.
  expect(labels).toBeLessThanOrEqual(2 * rows);
});

test('[hex-11] after a jump the elements stay where they are and show other rows', async () => {
  const page = await start({ ...large, range: { offset: 0, length: 0x10000 } });
  const { moved, inside } = await scrolled(page, 6, 300);
  expect(moved).toBe(0);
  expect(inside).toBe(0);
});

test('[hex-11] scrolling never has the browser lay out what is half written', async () => {
  const page = await start(large);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const layouts = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'LayoutCount')?.value ?? Number.NaN;
  };
  // Each turn goes to bytes that are there, and back: nothing but the grid draws.
  const turn = () => scrolled(page, 20, 1);
  await turn();
  await painted(page);
  const before = await layouts();
  await turn();
  await painted(page);
  // One for each step, and few for what else the page has to do.
  expect((await layouts()) - before).toBeLessThanOrEqual(20 + 8);
  await session.detach();
});

test('[live-14] the picture of what changed is drawn once for all updates that change the same bytes', async () => {
  const page = await start({ range: { offset: 0, length: 4096 } });
  // Marks do not fade: that would be another picture.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.evaluate(() => {
    const { prototype } = CanvasRenderingContext2D;
    const put = prototype.putImageData;
    const counted = window as unknown as { pictures: number };
    counted.pictures = 0;
    Object.assign(prototype, {
      putImageData(this: CanvasRenderingContext2D, ...given: Parameters<typeof put>) {
        counted.pictures++;
        put.apply(this, given);
      },
    });
  });
  const drawn = async (offsets: readonly number[], updates: number): Promise<number> => {
    await page.evaluate(([at, count]) => window.fake.prepare(at, count, false), [offsets, updates] as const);
    await page.evaluate(() => window.fake.play());
    await painted(page);
    return page.evaluate(() => (window as unknown as { pictures: number }).pictures);
  };
  const everySecond = Array.from({ length: 2048 }, (_, i) => 2 * i);
  // One of each pane.
  expect(await drawn(everySecond, 12)).toBe(2);
  expect(await drawn([0x41], 12)).toBe(4);
});

test('[live-7] the line at the bottom follows memory that moves ten times a second at most, and ends with what is there', async () => {
  const page = await start({ range: { offset: 0, length: 4096 } });
  await page.evaluate(() => {
    const value = document.querySelector('footer .value');
    if (value === null) throw new Error('no value');
    const counted = window as unknown as { written: number };
    counted.written = 0;
    const what = { subtree: true, childList: true, characterData: true };
    new MutationObserver(() => counted.written++).observe(value, what);
  });
  await page.evaluate(([at, count]) => window.fake.prepare(at, count, false), [[0], 60] as const);
  const seconds = await page.evaluate(async () => {
    const begin = performance.now();
    await window.fake.play();
    return (performance.now() - begin) / 1000;
  });
  const written = await page.evaluate(() => (window as unknown as { written: number }).written);
  expect(written).toBeGreaterThan(1);
  // Thirty updates a second came.
  expect(written).toBeLessThanOrEqual(15 * seconds);
  const shown = await page.locator('.row .bytes').first().textContent();
  await eventually(() => page.locator('footer .value').textContent()).toContain(shown?.slice(0, 2));
});

test('[hex-11] a jump across 25 MiB has the page compute for less than 50 ms, a frame of scrolling for less than 16', async () => {
  const page = await start({ ...large, settings: { inspector: true } });
  const costs = await pageCosts(page);
  /** Milliseconds of the main thread on the processor: other work on the machine does not count. */
  const each = async (steps: number, rows: number): Promise<number> => {
    await painted(page);
    const before = (await costs()).busy;
    await scrolled(page, steps, rows);
    return ((await costs()).busy - before) / steps;
  };
  await each(4, 200);
  const jump = await each(6, 200_000);
  // A step is two animation frames.
  const frame = (await each(40, 3)) / 2;
  console.log(`processor time: a jump ${jump.toFixed(1)} ms, a frame ${frame.toFixed(1)} ms`);
  expect(jump).toBeLessThan(50);
  expect(frame).toBeLessThan(16);
});
