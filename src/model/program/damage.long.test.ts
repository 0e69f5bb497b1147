import { expect, test } from 'vitest';
import { runSeed } from '../../../test/conformance/random.ts';
import { readDamaged } from '../../../test/program/damage.ts';
import { sampleReaders } from '../../../test/program/samples.ts';

const minutes = 10;

test.each(sampleReaders)(
  'damaged files of the kind $name for ten minutes: read or refused, none slowly',
  (reader) => {
    const end = performance.now() + minutes * 60_000;
    let slowest = 0;
    const timed = (bytes: Uint8Array) => {
      const before = process.cpuUsage();
      try {
        reader.read(bytes);
      } finally {
        slowest = Math.max(slowest, process.cpuUsage(before).user / 1000);
      }
    };
    readDamaged(reader.samples, timed, runSeed(), () => performance.now() < end, reader.fault);
    expect(slowest).toBeLessThan(1000);
  },
);
