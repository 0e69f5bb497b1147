import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import type { TimelineState } from '../../src/editor/messages.ts';
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

const timeline: Omit<TimelineState, 'marks'> = {
  kind: 'recording',
  about:
    'Recording 4096 bytes \u00b7 a look every 21 ms \u00b7 1204 changed words \u00b7 312 older ones fell out',
  from: 1000,
  to: 21_000,
  moment: 'Now',
  isPlaying: false,
  canStep: { back: true, on: false },
  here: '(6,2)+0x0010: 00 \u2192 2A at 14:05:12.345',
};

async function recorded(options: OpenOptions = {}, more: Partial<TimelineState> = {}): Promise<Page> {
  open = await harness.open(options);
  const { page } = open;
  await page.evaluate(
    (told) => {
      const marks = Uint8Array.from({ length: 200 }, (_, i) => (i % 7 === 0 ? 60 + ((i * 37) % 190) : 0));
      window.fake.send({ type: 'timeline', timeline: { ...told, marks } });
    },
    { ...timeline, ...more },
  );
  await painted(page);
  return page;
}

/** What the page asked of the timeline, in order. */
function acts(page: Page): Promise<unknown[]> {
  return page.evaluate(() =>
    window.fake.said.flatMap((message) => (message.type === 'timeline' ? [message.act] : [])),
  );
}

describe('the timeline', () => {
  test('[live-6] is not there without a recording, and says what is recorded and how often it is looked at', async () => {
    open = await harness.open({});
    await painted(open.page);
    expect(await open.page.locator('.timeline').isVisible()).toBe(false);
    await open.close();
    const page = await recorded();
    expect(await page.locator('.timeline .about').textContent()).toContain('a look every 21 ms');
    expect(await page.locator('.timeline .about').getAttribute('title')).toContain('between two looks');
    expect(await page.locator('.timeline .moment').textContent()).toBe('Now');
    expect(await page.locator('.marks-of-time path').getAttribute('d')).toMatch(/^M0 100v-/);
  });

  test('goes to moments by pointer and keys, and to the last change of the byte at the cursor', async () => {
    const page = await recorded();
    const track = page.locator('[data-name=moment]');
    const box = await track.boundingBox();
    if (box === null) throw new Error('no track');
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(() => acts(page)).toEqual([{ kind: 'to', at: expect.any(Number) }]);
    const [first] = (await acts(page)) as { at: number }[];
    expect(Math.abs((first?.at ?? 0) - 11_000)).toBeLessThan(400);
    await track.press('ArrowLeft');
    await track.press('ArrowRight');
    for (const name of ['previous-moment', 'play', 'next-moment', 'now']) {
      await page.locator(`[data-name=${name}]`).click();
    }
    await page.locator('[data-name=here]').click();
    await expect
      .poll(() => acts(page))
      .toEqual([
        first,
        ...[-1, 1, -1].map((step) => ({ kind: 'step', step })),
        { kind: 'play' },
        { kind: 'step', step: 1 },
        { kind: 'now' },
        { kind: 'here' },
      ]);
    await page.locator('[data-name=endRecording]').click();
    const commands = () =>
      page.evaluate(() =>
        window.fake.said.flatMap((message) => (message.type === 'command' ? [message.command] : [])),
      );
    await expect.poll(commands).toEqual(['endRecording']);
  });

  for (const theme of themeNames) {
    test(`[live-6] ${theme}: the past cannot be taken for what is now`, async () => {
      for (const width of [600, 1100]) {
        const page = await recorded(
          { theme, width },
          { at: 9000, moment: '14:05:09.000 (9.000 s)', canStep: { back: true, on: true } },
        );
        const past = 'As it was at 14:05:09.000 (9.000 s)';
        await page.evaluate((text) => {
          const told = { past: text, frozen: text, lockedFor: text, readAt: text, policy: 'locked' as const };
          window.fake.setState(told);
        }, past);
        await painted(page);
        expect(await page.locator('.banner.past').textContent()).toContain(past);
        expect(await page.locator('.middle.past').count()).toBe(1);
        expect(await page.locator('[data-name=unlock], [data-name=lock]').count()).toBe(0);
        await page.screenshot({ path: join(shots, `timeline-${theme}-${width}.png`) });
        if (width === 1100) {
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(
            violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
          ).toEqual([]);
        }
        await open?.close();
      }
    });
  }
});
