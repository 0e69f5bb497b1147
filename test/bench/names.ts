/**
 * Reading a core's ELF of 400 KB with debug information as the extension does, from bytes to names on a thread of
 * its own. Times are those on the processor, so that other work on the machine does not count.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FileReader } from '../../src/names/file-reader.ts';
import { Random } from '../conformance/random.ts';
import { DwarfWriter, randomProgram } from '../program/dwarf.ts';
import { makeElf } from '../program/elf.ts';
import { type Measure, median, spread } from './measure.ts';

const wantedBytes = 400 * 1024;

/** An ELF of at least 400 KB, nearly all of it debug information, with a symbol for each variable. */
export function largeElf(seed: number): Uint8Array {
  const random = new Random(seed);
  for (let units = 16; ; units *= 2) {
    const program = randomProgram(random, units);
    const sections = new DwarfWriter(random).write(program);
    const symbols = program
      .flatMap(({ globals }) => globals)
      .map(({ name, address }) => ({ name, value: address }));
    const elf = makeElf({ sections, symbols });
    if (elf.length >= wantedBytes) return elf;
  }
}

/** Milliseconds on the processor for the first read of a new thread, and for the second. */
async function readOnThread(elf: Uint8Array): Promise<readonly [first: number, second: number]> {
  const worker = new Worker(new URL('./names-thread.ts', import.meta.url));
  const read = async (): Promise<number> => {
    worker.postMessage(elf);
    const [busy] = (await once(worker, 'message')) as [number];
    return busy;
  };
  try {
    return [await read(), await read()];
  } finally {
    await worker.terminate();
  }
}

/** Milliseconds on the processor for the thread that asks, until it has the names. */
async function askFor(elf: Uint8Array, reader: FileReader): Promise<number> {
  const start = process.threadCpuUsage();
  await reader.read('core', { bytes: elf, beside: [] });
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1000;
}

/** Times to read the file, on the reader's thread and on the one that asks. */
export async function measureNames(rounds: number): Promise<Measure[]> {
  const elf = largeElf(1);
  const reader = new FileReader(fileURLToPath(new URL('../../src/names/reader-thread.ts', import.meta.url)));
  await reader.read('core', { bytes: elf, beside: [] });
  const reads: (readonly [number, number])[] = [];
  const asked: number[] = [];
  for (let round = 0; round < rounds; round++) {
    reads.push(await readOnThread(elf));
    asked.push(await askFor(elf, reader));
  }
  reader.rest();
  const line = (name: string, values: readonly number[], most: number): Measure => ({
    name,
    value: median(values),
    unit: 'ms',
    goal: { at: 'most', value: most },
    note: `on the processor; median of ${rounds}; ${spread(values, 3)}`,
  });
  const file = `a core's ELF of ${Math.round(elf.length / 1024)} KB with debug information`;
  return [
    line(
      `names of ${file}, the first of a thread`,
      reads.map(([first]) => first),
      100,
    ),
    line(
      `names of ${file}, another`,
      reads.map(([, second]) => second),
      100,
    ),
    line('what the thread that asks for them does', asked, 16),
  ];
}
