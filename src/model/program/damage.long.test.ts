import { expect, test } from 'vitest';
import { runSeed } from '../../../test/conformance/random.ts';
import { processorMinutes, readDamaged } from '../../../test/program/damage.ts';
import { sampleReaders } from '../../../test/program/samples.ts';

const minutes = 10;

test.each(sampleReaders)(
  '[names-11] damaged files of the kind $name for ten minutes: read or refused, none slowly',
  (reader) => {
    const more = processorMinutes(minutes);
    let files = 0;
    let slowest = 0;
    const timed = (bytes: Uint8Array) => {
      files++;
      const before = process.cpuUsage();
      try {
        reader.read(bytes);
      } finally {
        slowest = Math.max(slowest, process.cpuUsage(before).user / 1000);
      }
    };
    readDamaged(reader.samples, timed, runSeed(), more, reader.fault);
    console.log(`${reader.name}: ${files} files, the slowest ${slowest.toFixed(1)} ms`);
    expect(slowest).toBeLessThan(1000);
  },
);
