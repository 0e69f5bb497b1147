/**
 * What live memory costs between the host and the hex editor's page: bytes on the wire, and time of the page's main thread,
 * per delta. The peer sends the pages on screen whole, as the contract did that this one replaced.
 */
import type { Page } from 'playwright-core';
import { Harness } from '../webview/harness.ts';
import { interleave, type Measure, median, spread } from './measure.ts';

/** Bytes that are on screen and change: one page of memory. */
const shownBytes = 4096;

/** Which bytes one delta changes, as offsets. */
interface Pattern {
  readonly name: string;
  readonly offsets: readonly number[];
  /** Runs of changed bytes. */
  readonly spans: number;
}

/** Windows that the bytes are looked at in. */
const windows = [
  {
    name: 'a usual window',
    rows: '16 bytes a row, as many rows as fit',
    bytesPerRow: 16,
    width: 1280,
    height: 800,
    goal: 4,
  },
  { name: 'all of 4 KiB in sight', rows: '64 rows of 64 bytes', bytesPerRow: 64, width: 1800, height: 1500 },
] as const;

const words = (starts: readonly number[]): readonly number[] =>
  starts.flatMap((start) => [start, start + 1, start + 2, start + 3]);

const patterns: readonly Pattern[] = [
  { name: 'one word', offsets: words([0x40]), spans: 1 },
  {
    name: '64 scattered words',
    offsets: words(Array.from({ length: 64 }, (_, i) => i * 64 + 4 * ((7 * i) % 16))),
    spans: 64,
  },
  {
    name: 'every second byte of 4 KiB',
    offsets: Array.from({ length: shownBytes / 2 }, (_, i) => 2 * i),
    spans: shownBytes / 2,
  },
  { name: 'all of 4 KiB', offsets: Array.from({ length: shownBytes }, (_, i) => i), spans: 1 },
];

/** What the browser counted of a page so far. */
interface PageCosts {
  /** Processor time of the main thread, milliseconds. */
  readonly busy: number;
  /** How often it laid out, and how often it computed styles. */
  readonly layouts: number;
  readonly styles: number;
}

/** The costs of a page, each time they are asked for. */
export async function pageCosts(page: Page): Promise<() => Promise<PageCosts>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const figure = (wanted: string): number => {
      const metric = metrics.find(({ name }) => name === wanted);
      if (metric === undefined) throw new Error(`the browser does not tell its ${wanted}`);
      return metric.value;
    };
    return {
      busy: figure('TaskDuration') * 1000,
      layouts: figure('LayoutCount'),
      styles: figure('RecalcStyleCount'),
    };
  };
}

/** Processor time of the page's main thread so far, milliseconds. */
export async function mainThread(page: Page): Promise<() => Promise<number>> {
  const costs = await pageCosts(page);
  return async () => (await costs()).busy;
}

/**
 * Size of a delta, milliseconds that the page spends on it beyond what as many empty frames take, and frames that the page
 * draws in a second meanwhile.
 */
async function play(
  page: Page,
  busy: () => Promise<number>,
  played: number,
  offsets: readonly number[],
  whole: boolean,
): Promise<{ readonly bytes: number; readonly ms: number; readonly frames: number }> {
  const bytes = await page.evaluate(([at, count, isWhole]) => window.fake.prepare(at, count, isWhole), [
    [...offsets],
    played,
    whole,
  ] as const);
  const before = await busy();
  const seconds = await page.evaluate(async () => {
    const begin = performance.now();
    await window.fake.play();
    return (performance.now() - begin) / 1000;
  });
  const after = await busy();
  // A delta every second frame.
  await page.evaluate(async (frames) => {
    for (let i = 0; i < frames; i++) await new Promise((done) => requestAnimationFrame(done));
  }, 2 * played);
  const empty = (await busy()) - after;
  return { bytes, ms: (after - before - empty) / played, frames: (2 * played) / seconds };
}

/** What a pattern of changes costs in a window; medians of `rounds`. */
async function measurePattern(
  harness: Harness,
  rounds: number,
  { name, offsets, spans }: Pattern,
  window: (typeof windows)[number],
): Promise<Measure[]> {
  const { bytesPerRow, width, height } = window;
  const { page, close } = await harness.open({
    range: { offset: 0, length: shownBytes },
    settings: { bytesPerRow },
    width,
    height,
  });
  try {
    const busy = await mainThread(page);
    const played = rounds > 1 ? 60 : 3;
    const plays: Record<'ours' | 'peer', Awaited<ReturnType<typeof play>>[]> = { ours: [], peer: [] };
    const playAs = (who: 'ours' | 'peer') => async () => {
      const figures = await play(page, busy, played, offsets, who === 'peer');
      plays[who].push(figures);
      return figures.ms;
    };
    const [ours = [], peer = []] = await interleave(rounds, playAs('ours'), playAs('peer'));
    const frames = (who: 'ours' | 'peer') => median(plays[who].slice(-rounds).map((each) => each.frames));
    const bytes = (who: 'ours' | 'peer') => plays[who].at(-1)?.bytes ?? 0;
    return [
      {
        name: `delta, ${name}: bytes`,
        value: bytes('ours'),
        unit: 'bytes',
        peer: { name: 'whole pages', value: bytes('peer') },
        goal: { at: 'most', value: 1.2 * offsets.length + 12 * spans + 64 },
        note: 'goal: 1.2 x changed + 12 for each run of changed bytes + 64',
      },
      {
        name: `delta, ${name}, ${window.name}: main thread of the page`,
        value: median(ours),
        unit: 'ms',
        peer: { name: 'whole pages', value: median(peer) },
        ...('goal' in window ? { goal: { at: 'most', value: window.goal } } : {}),
        note: `processor time without that of empty frames, ${played} deltas at 30 a second, median of ${rounds}, interleaved; ms: ${spread(ours)}, peer ${spread(peer)}; ${window.rows}`,
      },
      {
        name: `delta, ${name}, ${window.name}: frames a second`,
        value: frames('ours'),
        unit: 'frames/s',
        peer: { name: 'whole pages', value: frames('peer') },
        // The browser's clock of frames is no exact sixtieth.
        goal: { at: 'least', value: 59 },
        note: `while ${played} deltas come, one every second frame`,
      },
    ];
  } finally {
    await close();
  }
}

/** Measures deltas of live memory against whole pages, 30 a second; medians of `rounds`. */
export async function measurePage(rounds: number): Promise<Measure[]> {
  const harness = await Harness.start();
  const measures = new Map<string, Measure>();
  try {
    for (const window of windows) {
      // Bytes are the same in each window.
      for (const pattern of patterns)
        for (const measure of await measurePattern(harness, rounds, pattern, window))
          measures.set(measure.name, measure);
    }
  } finally {
    await harness.stop();
  }
  return [...measures.values()];
}
