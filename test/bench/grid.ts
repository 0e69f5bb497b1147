/**
 * The grid beside a canvas and grids of elements, in one page, in turn: scrolling 25 MiB by wheel and by scrollbar, jumps from
 * a press to the picture, changes of the document. Ours has its bytes from a session in another process; the peers have
 * theirs in the page. Hands are the browser's own input, not events that a script made.
 */
import type { Page } from 'playwright-core';
import { PageServer, painted } from '../webview/harness.ts';
import { GridHost, tileBytes } from './grid-host.ts';
import type { Changes, Contender, Drawing } from './grid-page.ts';
import { type Measure, median, spread } from './measure.ts';
import { pageCosts } from './page.ts';

/** How long each way of scrolling lasts, milliseconds. */
const scrolledMs = 4000;
/** Pixels of a turn of the wheel, and turns until it goes the other way. */
const wheelPixels = 137;
const wheelTurns = 90;
/** Jumps of a round, and bytes typed in it. */
const jumps = 12;
const typedBytes = 50;
const stagedEdits = 100_000;
/** Turns whose changes of the document are counted. */
const countedTurns = 40;

/** What a person calls each contender. */
const names: Readonly<Record<Contender, string>> = {
  ours: 'ours',
  canvas: 'a canvas',
  elements: 'elements for the cells in sight',
  allElements: 'elements for all cells of 64 KiB',
};
const contenders = Object.keys(names) as Contender[];

/** Scrolling in one way. */
interface Scrolling {
  /** Animation frames a second, and the time between two of them in milliseconds: median, 95 of 100, longest. */
  readonly rate: number;
  readonly middle: number;
  readonly late: number;
  readonly longest: number;
  /** Share of them that showed other rows. */
  readonly moved: number;
  /** Of the main thread, each animation frame: milliseconds, layouts. */
  readonly busy: number;
  readonly layouts: number;
}

/** What was measured of a contender in one round. */
interface Round {
  readonly wheel: Scrolling;
  readonly drag: Scrolling;
  readonly jumps: readonly number[];
  readonly changes: Changes;
}

function scrolling({ intervals, moved }: Drawing, busy: number, layouts: number): Scrolling {
  const sorted = [...intervals].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const total = intervals.reduce((sum, one) => sum + one, 0);
  return {
    rate: (1000 * intervals.length) / total,
    middle: at(0.5),
    late: at(0.95),
    longest: at(1),
    moved: moved / intervals.length,
    busy: busy / intervals.length,
    layouts: layouts / intervals.length,
  };
}

/** Notes the drawing while a hand moves. */
async function whileMoving(page: Page, move: (end: number) => Promise<void>): Promise<Scrolling> {
  const costs = await pageCosts(page);
  const before = await costs();
  await page.evaluate(() => window.gridBench.begin());
  await move(performance.now() + scrolledMs);
  const drawing = await page.evaluate(() => window.gridBench.end());
  const after = await costs();
  return scrolling(drawing, after.busy - before.busy, after.layouts - before.layouts);
}

async function turnWheel(page: Page): Promise<Scrolling> {
  const { rows } = await page.evaluate(() => window.gridBench.places());
  await page.mouse.move(rows.x, rows.y);
  return whileMoving(page, async (end) => {
    for (let turn = 0; performance.now() < end; turn++) {
      const isDown = Math.floor(turn / wheelTurns) % 2 === 0;
      await page.mouse.wheel(0, isDown ? wheelPixels : -wheelPixels);
    }
  });
}

/** A press beside the thumb turns a page, and one on it drags: it has to be where the hand goes, or where it does not. */
async function goToTop(page: Page): Promise<void> {
  await page.evaluate(() => window.gridBench.toTop());
  await painted(page);
}

async function dragScrollbar(page: Page): Promise<Scrolling> {
  await goToTop(page);
  const { track } = await page.evaluate(() => window.gridBench.places());
  const x = track.x + track.width / 2;
  await page.mouse.move(x, track.y + 4);
  await page.mouse.down();
  const result = await whileMoving(page, async (end) => {
    for (let step = 0; performance.now() < end; step++) {
      // To the end and back again, as a triangle.
      const share = Math.abs(((step / 120) % 2) - 1);
      await page.mouse.move(x, track.y + 4 + (1 - share) * (track.height - 8));
    }
  });
  await page.mouse.up();
  return result;
}

async function jump(page: Page): Promise<number[]> {
  await goToTop(page);
  const { track } = await page.evaluate(() => window.gridBench.places());
  const times: number[] = [];
  await page.keyboard.down('Shift');
  for (let i = 0; i < jumps; i++) {
    // From one half of the memory into the other, each time to another place.
    const share = (i % 2 === 0 ? 0.55 : 0.05) + (0.4 * i) / jumps;
    await page.mouse.move(track.x + track.width / 2, track.y + share * track.height);
    await page.evaluate(() => window.gridBench.aim());
    await page.mouse.down();
    times.push(await page.evaluate(() => window.gridBench.landing()));
    await page.mouse.up();
  }
  await page.keyboard.up('Shift');
  return times;
}

async function measureContender(page: Page, contender: Contender, bytes: number): Promise<Round> {
  await page.evaluate(([name, memory, tile]) => window.gridBench.show(name, memory, tile), [
    contender,
    bytes,
    tileBytes,
  ] as const);
  await painted(page);
  return {
    jumps: await jump(page),
    wheel: await turnWheel(page),
    drag: await dragScrollbar(page),
    changes: await page.evaluate(([turns, pixels]) => window.gridBench.count(turns, pixels), [
      countedTurns,
      wheelPixels,
    ] as const),
  };
}

/** Main-thread time of the page for each typed byte, and milliseconds from an undo in the host to the picture of it. */
interface Typing {
  readonly busy: number;
  readonly undo: readonly number[];
}

async function type(page: Page, host: GridHost): Promise<Typing> {
  const costs = await pageCosts(page);
  await page.locator('#grid').focus();
  await page.keyboard.press('Control+Home');
  await painted(page);
  const before = await costs();
  for (let i = 0; i < typedBytes; i++) await page.keyboard.type(((i % 90) + 10).toString());
  await painted(page);
  const busy = ((await costs()).busy - before.busy) / typedBytes;
  const undo: number[] = [];
  for (let i = 0; i < typedBytes; i++) {
    const milliseconds = await host.undo();
    if (milliseconds !== undefined) undo.push(milliseconds);
  }
  return { busy, undo };
}

/** A row of the table: ours beside one peer. */
function beside(
  name: string,
  unit: string,
  rounds: ReadonlyMap<Contender, readonly Round[]>,
  peer: Contender,
  figure: (round: Round) => number,
  goal?: Measure['goal'],
): Measure {
  const values = (contender: Contender) => (rounds.get(contender) ?? []).map(figure);
  const ours = values('ours');
  return {
    name: `grid, ${name}`,
    value: median(ours),
    unit,
    peer: { name: names[peer], value: median(values(peer)) },
    ...(goal === undefined ? {} : { goal }),
    note: `medians of ${ours.length} and ${values(peer).length}, in turn in one page; ours ${spread(ours)}, theirs ${spread(values(peer))}`,
  };
}

/** Measures everything `rounds` times, after a round that is not counted; window of 1280 x 800 pixels, inspector open. */
export async function measureGrid(rounds: number): Promise<Measure[]> {
  const pages = await PageServer.start('webview/main.ts', 'test/bench/grid-page.ts');
  try {
    const { page, close } = await pages.open({ width: 1280, height: 800 }, {});
    const host = await GridHost.join(page);
    // The session reads 25 MiB first.
    await page.waitForSelector('.row:not(.tile) .bytes', { timeout: 120_000 });
    await painted(page);
    const measured = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]));
    for (let round = -1; round < rounds; round++) {
      for (const contender of contenders) {
        // A frame of it takes long: once shows it.
        if (contender === 'allElements' && round !== 0) continue;
        const result = await measureContender(page, contender, host.range.length);
        if (round >= 0) measured.get(contender)?.push(result);
      }
    }
    await page.evaluate(() => window.gridBench.show('ours', 0, 0));
    await painted(page);
    const typing: [Typing[], Typing[]] = [[], []];
    for (let round = -1; round < rounds; round++) {
      const result = await type(page, host);
      if (round >= 0) typing[0].push(result);
    }
    host.stage(stagedEdits);
    await painted(page);
    for (let round = -1; round < rounds; round++) {
      const result = await type(page, host);
      if (round >= 0) typing[1].push(result);
    }
    const scrolled: Scrolling[] = [];
    for (let round = 0; round < rounds; round++) scrolled.push(await turnWheel(page));
    host.end();
    await close();
    return [...tableOf(measured), ...typedRows(typing, scrolled, measured)];
  } finally {
    await pages.stop();
  }
}

function tableOf(measured: ReadonlyMap<Contender, readonly Round[]>): Measure[] {
  const measures: Measure[] = [];
  for (const peer of contenders.filter((one) => one !== 'ours')) {
    const row = (
      name: string,
      unit: string,
      figure: (round: Round) => number,
      goal?: Measure['goal'],
    ): void => {
      measures.push(beside(name, unit, measured, peer, figure, goal));
    };
    for (const [hand, name] of [
      ['wheel', 'wheel'],
      ['drag', 'scrollbar dragged'],
    ] as const) {
      // A browser's clock is not exact: 60 a second are 59 and more.
      row(`${name}: frames`, 'a second', (round) => round[hand].rate, { at: 'least', value: 59 });
      row(`${name}: between two frames, median`, 'ms', (round) => round[hand].middle);
      row(`${name}: between two frames, 95 of 100`, 'ms', (round) => round[hand].late);
      row(`${name}: between two frames, longest`, 'ms', (round) => round[hand].longest);
      row(`${name}: frames that showed other rows`, '%', (round) => 100 * round[hand].moved);
      row(`${name}: main thread, each frame`, 'ms', (round) => round[hand].busy);
      row(`${name}: layouts, each frame`, 'layouts', (round) => round[hand].layouts);
    }
    row('a jump, from the press to the picture, median', 'ms', (round) => median(round.jumps), {
      at: 'most',
      value: 50,
    });
    row('a jump, longest', 'ms', (round) => Math.max(...round.jumps));
    row('elements in the document', 'elements', (round) => round.changes.elements, {
      at: 'most',
      value: 299,
    });
    row(
      'elements put in or out, each turn of the wheel',
      'elements',
      (round) => round.changes.nodes / countedTurns,
    );
    row(
      'texts and attributes written, each turn of the wheel',
      'writes',
      (round) => (round.changes.texts + round.changes.attributes) / countedTurns,
    );
  }
  return measures;
}

function typedRows(
  [plain, staged]: readonly [readonly Typing[], readonly Typing[]],
  scrolled: readonly Scrolling[],
  measured: ReadonlyMap<Contender, readonly Round[]>,
): Measure[] {
  const row = (
    name: string,
    unit: string,
    values: readonly number[],
    peer: readonly number[],
    goal?: Measure['goal'],
  ): Measure => ({
    name: `grid, over 100,000 staged edits: ${name}`,
    value: median(values),
    unit,
    peer: { name: 'over none', value: median(peer) },
    ...(goal === undefined ? {} : { goal }),
    note: `median of ${values.length}; ${spread(values)}; what the host spends on it: npm run bench -- edits`,
  });
  const busy = (rounds: readonly Typing[]) => rounds.map((round) => round.busy);
  const undo = (rounds: readonly Typing[]) => rounds.flatMap((round) => round.undo);
  return [
    row('main thread of the page, a typed byte', 'ms', busy(staged), busy(plain)),
    row('an undo, from the host to the picture', 'ms', undo(staged), undo(plain)),
    row(
      'frames while the wheel turns',
      'a second',
      scrolled.map(({ rate }) => rate),
      (measured.get('ours') ?? []).map(({ wheel }) => wheel.rate),
      { at: 'least', value: 59 },
    ),
  ];
}
