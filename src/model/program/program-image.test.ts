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
    expect(image).toEqual({ bytes, said: Uint8Array.of(1, 1, 1, 1) });
    expect(programDifference(image, Uint8Array.of(1, 2), everything)).toBeUndefined();
  });

  test('where segments overlap, a byte that they do not agree on says nothing: any of them may stand there', () => {
    const random = new Random(runSeed());
    for (let round = 0; round < 200; round++) {
      const parts = Array.from({ length: 1 + random.below(6) }, () => ({
        address: random.below(0x80),
        // Few values, so that overlapping segments agree often.
        bytes: Uint8Array.from({ length: 1 + random.below(0x60) }, () => random.below(2)),
      }));
      const claims = new Map<number, Set<number>>();
      for (const { address, bytes } of parts) {
        bytes.forEach((byte, i) => {
          claims.set(address + i, (claims.get(address + i) ?? new Set()).add(byte));
        });
      }
      for (const { address, bytes } of parts) {
        for (let at = address + bytes.length; at % 4 !== 0; at++) claims.delete(at);
      }
      const image = programImage(
        readElf(makeElf({ sections: parts.map(({ address, bytes }, i) => part(`.${i}`, address, bytes)) })),
      );
      const agreed = [...claims].filter(([, values]) => values.size === 1);
      const memory = new Uint8Array(0x100).fill(0xff);
      for (const { address, bytes } of parts) memory.set(bytes, address);
      expect(programDifference(image, memory, everything), 'as a loader leaves it').toBeUndefined();
      for (const { address, bytes } of [...parts].reverse()) memory.set(bytes, address);
      expect(programDifference(image, memory, everything), 'another overlay').toBeUndefined();
      memory.fill(0xff);
      const first = Math.min(...agreed.map(([at]) => at));
      expect(programDifference(image, memory, everything)).toEqual(
        agreed.length === 0 ? undefined : { count: agreed.length, first },
      );
    }
  });

  test('a file of very many segments that all point at the same bytes costs no more than a program memory, or is refused', () => {
    const bytes = new Uint8Array(0x20000).fill(7);
    const segment = (address: number, length: number) => ({
      ...{ type: 1, flags: 5, address, size: length },
      bytes: bytes.subarray(0, length),
    });
    const tooMany = { kind: 'too-many', part: { kind: 'segments' } };
    const refused = (segments: readonly ReturnType<typeof segment>[]) => {
      const begun = process.memoryUsage().arrayBuffers;
      expect(() => programImage({ segments })).toThrow(expect.objectContaining(tooMany));
      expect(process.memoryUsage().arrayBuffers - begun).toBeLessThan(1 << 20);
    };
    refused(Array.from({ length: 5000 }, () => segment(0, 0x20000)));
    refused(Array.from({ length: 5000 }, () => segment(0, 0x100)));
    refused(Array.from({ length: 5000 }, (_, i) => segment(i, 1)));
    const overlays = Array.from({ length: 16 }, () => segment(0x100, 0x20000));
    const image = programImage({ segments: overlays });
    expect(image.bytes).toHaveLength(0x4000);
    expect(image.bytes.buffer.byteLength, 'a message brings nothing else along').toBe(0x4000);
    expect(programDifference(image, new Uint8Array(0x4000), everything)).toEqual({
      count: 0x3f00,
      first: 0x100,
    });
    const beyond = programImage({ segments: [segment(0x4000, 4), segment(0x1fffc, 4)] });
    expect(beyond.bytes, 'no program memory is as large').toHaveLength(0);
  });
});
