import { describe, expect, test } from 'vitest';
import type { Generation } from '../geometry.ts';
import { registerMap, tileLayout } from './layout.ts';
import { hasRegisters } from './open-questions.ts';
import type { TileKind } from './status.ts';

const generations: readonly Generation[] = ['aie', 'aieml', 'aie2ps'];
const kinds: readonly TileKind[] = ['shim', 'memory', 'core'];

/** Registers whose read takes or gives a lock: lock modules of aie-rt. From, and first byte after. */
const acting: Readonly<Record<Generation, Readonly<Record<TileKind, readonly [number, number]>>>> = {
  aie: { core: [0x1e000, 0x1e800], shim: [0x14000, 0x14800], memory: [0, 0] },
  aieml: { core: [0x40000, 0x50000], shim: [0x40000, 0x50000], memory: [0xd0000, 0xe0000] },
  aie2ps: { core: [0x40000, 0x50000], shim: [0x40000, 0x50000], memory: [0xd0000, 0xe0000] },
};

test('of which tiles registers are known is told without them', () => {
  for (const generation of [...generations, 'unknown'] as const)
    for (const kind of kinds)
      expect(hasRegisters(generation, kind), `${generation} ${kind}`).toBe(
        tileLayout(generation, kind) !== undefined,
      );
});

describe.each(generations)('[attach-10] the registers of %s', (generation) => {
  test.each(kinds)('%s tiles: each once, in order, none whose read acts', (kind) => {
    const offsets = [...registerMap(generation, kind, true).keys()];
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    const [from, to] = acting[generation][kind];
    expect(offsets.filter((offset) => offset % 4 !== 0 || (offset >= from && offset < to))).toEqual([]);
  });

  test.each(kinds)('%s tiles: no two fields of a descriptor share a bit', (kind) => {
    const descriptors = tileLayout(generation, kind)?.descriptors;
    const taken = new Set<string>();
    for (const { name, word, lsb, width } of descriptors?.fields ?? []) {
      expect(word, name).toBeLessThan(descriptors?.words ?? 0);
      expect(lsb + width, name).toBeLessThanOrEqual(32);
      for (let bit = lsb; bit < lsb + width; bit++) {
        expect(taken.has(`${word}.${bit}`), `${name}, word ${word} bit ${bit}`).toBe(false);
        taken.add(`${word}.${bit}`);
      }
    }
  });

  test.each(kinds)(
    '%s tiles: sysfs prints each field once, the high part of an address with the low',
    (kind) => {
      const descriptors = tileLayout(generation, kind)?.descriptors;
      const printed = [...(descriptors?.columns ?? [])].sort();
      const stored = descriptors?.fields
        .map(({ name }) => name)
        .filter((name) => name !== 'Base_Address_High');
      expect(printed).toEqual([...(stored ?? [])].sort());
    },
  );
});

describe('[attach-10] the map of registers', () => {
  test('has neither descriptors nor events without details', () => {
    const names = [...registerMap('aieml', 'core', false).values()];
    expect(names.filter((name) => /BD|Event_Status/.test(name))).toEqual([]);
    expect(registerMap('aieml', 'core', false).get(0x31100)).toBe('Core_PC');
    expect(registerMap('aieml', 'core', true).get(0x1d024)).toBe('DMA_BD1_1');
  });

  test('is empty where there is no such tile, or no known generation', () => {
    expect(registerMap('aie', 'memory', true).size).toBe(0);
    expect(registerMap('unknown', 'core', true).size).toBe(0);
  });
});
