import { expect, test } from 'vitest';
import { runSeed } from '../../../test/conformance/random.ts';
import { readDamaged } from '../../../test/program/damage.ts';
import { sampleReaders } from '../../../test/program/samples.ts';

test.each(sampleReaders)(
  '[names-11] a damaged $name is read or refused in words, never anything else',
  (reader) => {
    for (const sample of reader.samples) expect(() => reader.read(sample)).not.toThrow();
    readDamaged(reader.samples, reader.read, runSeed(), (round) => round < 2000, reader.fault);
  },
);
