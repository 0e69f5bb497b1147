/** `npm run bench [-- edits|find|names|compare|reads|link|guest|live|grid|plot|editor ...]`: measures, prints a line each, writes bench.json. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMain, root, runMain, ScriptError } from '../../scripts/common.ts';
import { buildAndPlaceNative } from '../../scripts/native.ts';
import { measureCompare } from './compare.ts';
import { measureEditor } from './editor.ts';
import { measureEdits } from './edits.ts';
import { measureFind } from './find.ts';
import { measureGrid } from './grid.ts';
import { measureGuest } from './guest.ts';
import { measureLink } from './link.ts';
import { measureLive } from './live.ts';
import { type Measure, meets } from './measure.ts';
import { measureNames } from './names.ts';
import { measurePlot } from './plot.ts';
import { measureReads } from './reads.ts';

const rounds = 5;

const parts: Readonly<Record<string, (rounds: number) => Promise<Measure[]>>> = {
  edits: measureEdits,
  find: measureFind,
  names: measureNames,
  compare: measureCompare,
  reads: measureReads,
  link: measureLink,
  guest: measureGuest,
  live: measureLive,
  grid: measureGrid,
  plot: measurePlot,
  editor: measureEditor,
};

const round = (value: number): number => Number(value.toPrecision(4));

function describe(measure: Measure): string {
  const { name, value, unit, peer, ratio, goal } = measure;
  const words = [`${name}: ${round(value)} ${unit}`];
  if (peer !== undefined) words.push(`(${peer.name}: ${round(peer.value)})`);
  if (ratio !== undefined) words.push(`ratio ${round(ratio)}`);
  if (goal !== undefined)
    words.push(`goal at ${goal.at} ${goal.value}: ${meets(measure) ? 'met' : 'MISSED'}`);
  return words.join('  ');
}

async function main(): Promise<number> {
  const chosen = process.argv.slice(2);
  for (const name of chosen) {
    if (!(name in parts))
      throw new ScriptError(`There is no benchmark "${name}": ${Object.keys(parts).join(', ')}.`);
  }
  if (
    chosen.length === 0 ||
    chosen.some((name) => !['edits', 'find', 'names', 'compare', 'grid', 'plot'].includes(name))
  )
    await buildAndPlaceNative();
  const measures: Measure[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    for (const result of await measure(rounds)) {
      measures.push(result);
      console.log(describe(result));
    }
  }
  await writeFile(join(root, 'bench.json'), `${JSON.stringify(measures, null, 2)}\n`);
  return 0;
}

if (isMain(import.meta.url)) runMain(main);
