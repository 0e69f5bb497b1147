import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Random, runSeed } from '../../../../test/conformance/random.ts';
import { targets, workshop } from '../../../../test/program/compile.ts';
import { damaged, processorMinutes } from '../../../../test/program/damage.ts';
import { sources } from '../../../../test/program/sources.ts';
import { type ElfFile, readElf } from '../elf.ts';
import { DebugInfo } from './debug-info.ts';

const minutes = 10;

/** Asks at every function and for every global; the number of answers. */
function askAll(info: DebugInfo): number {
  let answers = info.sourceFiles().length;
  for (const one of info.functions) {
    info.declarationOf(one);
    for (const { low, high } of one.ranges.slice(0, 50)) {
      for (const at of [low, (low + high) >>> 1, high - 1]) {
        answers += info.callsAt(at).length;
        info.unwindAt(at);
      }
    }
  }
  for (const { type } of info.globals) {
    info.types.sizeOf(type);
    answers += info.types.text(type).length;
  }
  return answers;
}

test('[debug-10] [names-11] damaged debug information of compilers for ten minutes: read or said, in bounded time', async () => {
  await using shop = await workshop();
  const programs: ElfFile[] = [];
  for (const version of [2, 3, 4, 5] as const) {
    for (const target of ['gcc', targets[version - 2] ?? 'riscv32']) {
      const path = await shop.build(sources, { target, version, level: 'O2' }, 264);
      programs.push(readElf(await readFile(path)));
    }
  }
  const seed = runSeed();
  const more = processorMinutes(minutes);
  let slowest = 0;
  let round = 0;
  for (; more(); round++) {
    const random = new Random(seed + round);
    const { sections, symbols } = programs[random.below(programs.length)] ?? { sections: [], symbols: [] };
    const debug = sections.filter(({ name }) => name.startsWith('.debug_'));
    const hit = new Set(Array.from({ length: 1 + random.below(2) }, () => random.below(debug.length)));
    const some = debug.map((one, i) => (hit.has(i) ? { ...one, bytes: damaged(one.bytes, random) } : one));
    const before = process.cpuUsage();
    try {
      askAll(new DebugInfo({ sections: some, symbols }));
    } catch (error) {
      throw new Error(`SEED=${seed + round}`, { cause: error });
    }
    slowest = Math.max(slowest, process.cpuUsage(before).user / 1000);
  }
  console.log(`${round} programs, the slowest ${slowest.toFixed(1)} ms`);
  expect(slowest).toBeLessThan(2000);
});
