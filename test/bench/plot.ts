/**
 * A plot of a million values: what the host computes for a first picture, for each zoom and for each update of live memory, and
 * what the page spends on a zoom. Times are those on the processor, so that other work on the machine does not count.
 */
import { stateBits } from '../../src/model/byte-state.ts';
import type { CellName } from '../../src/model/cells/choices.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { firstChoice, type PlotChoice } from '../../src/model/plot/choice.ts';
import { Plot } from '../../src/model/plot/picture.ts';
import { Random } from '../conformance/random.ts';
import { PageServer, painted } from '../webview/harness.ts';
import { type Measure, median, onProcessor, spread } from './measure.ts';
import { mainThread } from './page.ts';

const count = 1_000_000;
/** Pixels of a plot on a large screen. */
const view = { width: 1800, height: 900 };
/** Zooms of the page that are played. */
const played = 24;

/** What a run of the function takes, milliseconds. */
function timed(run: () => void): number {
  const before = onProcessor();
  run();
  return onProcessor() - before;
}

/** Random bytes as memory. */
function memory(length: number): (range: ByteRange) => { base: Uint8Array; flags: Uint8Array } {
  const bytes = new Random(1).bytes(length);
  // Exponents of plain numbers: half of random float32 are huge.
  for (let at = 3; at < length; at += 4) bytes[at] = 0x3f + (at & 0x80);
  const flags = new Uint8Array(length).fill(stateBits.known);
  return ({ offset, length: some }) => ({
    base: bytes.slice(offset, offset + some),
    flags: flags.slice(offset, offset + some),
  });
}

interface Times {
  readonly first: number;
  readonly zoom: number;
  readonly update: number;
}

function computed(choice: PlotChoice, length: number, bytesOf: ReturnType<typeof memory>): Times {
  const plot = new Plot(choice, length);
  const first = timed(() => {
    while (plot.isBehind) plot.update(bytesOf, 65_536);
    plot.picture(view);
  });
  const zoom = timed(() => plot.picture({ ...view, x: [10, plot.layout.rows - 10] }));
  plot.changed([{ offset: 0x1000, length: 4096 }]);
  const update = timed(() => {
    plot.update(bytesOf, 65_536);
    plot.picture(view);
  });
  return { first, zoom, update };
}

/** Milliseconds of the page's main thread for each step of the wheel. The values are computed in it, too. */
async function zoomed(rounds: number): Promise<number[]> {
  const pages = await PageServer.start('webview/plot/plot.ts', 'test/webview/plot-host.ts');
  try {
    const { page, close } = await pages.open({ width: 1800, height: 1000 }, { samples: 'noise', count });
    await page.waitForFunction(() => window.plot.drawn.length > 0);
    await painted(page);
    const busy = await mainThread(page);
    await page.mouse.move(900, 500);
    const steps: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = await busy();
      for (let step = 0; step < played; step++) {
        await page.mouse.wheel(0, step < played / 2 ? -100 : 100);
        await painted(page);
      }
      steps.push(((await busy()) - before) / played);
    }
    await close();
    return steps;
  } finally {
    await pages.stop();
  }
}

/** A line of the table. */
function measure(name: string, values: readonly number[], most: number, more = ''): Measure {
  const note = `on the processor; median of ${values.length}; ${spread(values)}${more}`;
  return { name, value: median(values), unit: 'ms', goal: { at: 'most', value: most }, note };
}

/** Times of the host for a million values of several types. */
export function measureValues(rounds: number): Measure[] {
  const measures: Measure[] = [];
  const kinds: readonly (readonly [CellName, number, Partial<PlotChoice>])[] = [
    ['float32', 4, {}],
    ['int16', 2, {}],
    ['cint16', 4, { part: 'magnitude' }],
    ['float32', 4, { kind: 'heat', columns: 1000 }],
    ['float32', 4, { kind: 'scatter', columns: 2 }],
  ];
  for (const [name, bytes, more] of kinds) {
    const choice = { ...firstChoice({ name, order: 'little' }), ...more };
    const length = count * bytes;
    const bytesOf = memory(length);
    const times = Array.from({ length: rounds + 1 }, () => computed(choice, length, bytesOf)).slice(1);
    const what = `plot of a million ${name} values, ${choice.kind}`;
    measures.push(
      measure(
        `${what}: the first picture`,
        times.map(({ first }) => first),
        500,
        '; in slices of 65,536 values',
      ),
      measure(
        `${what}: a zoom`,
        times.map(({ zoom }) => zoom),
        16,
      ),
      measure(
        `${what}: an update of 4 KiB`,
        times.map(({ update }) => update),
        33,
      ),
    );
  }
  return measures;
}

/** As `measureValues`, and the times of the page. */
export async function measurePlot(rounds: number): Promise<Measure[]> {
  return [
    ...measureValues(rounds),
    measure(
      'plot of a million float32 values: a step of the wheel in the page',
      await zoomed(rounds),
      33,
      `; mean of ${played} steps, with what the host computes`,
    ),
  ];
}
