import { describe, expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { makeElf } from '../../../test/program/elf.ts';
import { readElf } from './elf.ts';
import { programDifference, programImage } from './program-image.ts';

const everything = () => true;
const part = (name: string, address: number, bytes: Uint8Array) => ({
  name,
  flags: 6,
  address,
  bytes,
  isLoaded: true,
});

describe('[names-2] program memory beside the ELF', () => {
  test('what was loaded is as the ELF says it, whatever a loader wrote behind each segment up to the end of its word', () => {
    const random = new Random(runSeed());
    for (let round = 0; round < 200; round++) {
      const memory = random.bytes(0x400);
      const parts: { address: number; bytes: Uint8Array }[] = [];
      for (let at = random.below(16); at < 0x380; at += random.below(24)) {
        const bytes = random.bytes(1 + random.below(40));
        parts.push({ address: at, bytes });
        at += bytes.length;
      }
      const elf = makeElf({
        sections: parts.map(({ address, bytes }, i) => part(`.text${i}`, address, bytes)),
      });
      /** What the file says of each byte, as far as it counts: by the words of all segments. */
      const counts = new Map<number, number>();
      for (const { address, bytes } of parts) bytes.forEach((byte, i) => void counts.set(address + i, byte));
      for (const { address, bytes } of parts) {
        for (let at = address + bytes.length; at % 4 !== 0; at++) counts.delete(at);
      }
      for (const [at, byte] of counts) memory[at] = byte;
      const image = programImage(readElf(elf));
      expect(programDifference(image, memory, everything)).toBeUndefined();
      const altered = [...counts.keys()].filter(() => random.below(20) === 0).sort((a, b) => a - b);
      for (const at of altered) memory[at] = (memory[at] ?? 0) ^ 0xff;
      const [first] = altered;
      const expected = first === undefined ? undefined : { count: altered.length, first };
      expect(programDifference(image, memory, everything)).toEqual(expected);
      expect(
        programDifference(image, memory, () => false),
        'what was not read says nothing',
      ).toBeUndefined();
    }
  });

  test('data of a core, and what lies outside of a tile, is no program', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const image = programImage(
      readElf(makeElf({ sections: [part('.text', 0, bytes), part('.data', 0x70000, bytes)] })),
    );
    expect(image).toEqual([{ offset: 0, bytes }]);
    expect(programDifference(image, Uint8Array.of(1, 2), everything)).toBeUndefined();
  });
});
