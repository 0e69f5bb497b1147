import { readFileSync } from 'node:fs';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  MarkerScanner,
  maxBanner,
  maxPart,
  startMarker,
} from './frames.ts';

const seed = runSeed();

/** What one call of a whole decoder gives, by the plain words of docs/wire.md. */
function naive(bytes: Uint8Array): { frames: number; bad: boolean } {
  let frames = 0;
  for (let at = 0; ; ) {
    if (bytes.length - at < 8) return { frames, bad: false };
    const length = word(bytes, at);
    const header = word(bytes, at + 4);
    if (header < 1 || header > 65_536 || length < 4 + header || length - 4 - header > 65_536) {
      return { frames, bad: true };
    }
    if (bytes.length - at < 4 + length) return { frames, bad: false };
    frames++;
    at += 4 + length;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) +
    (bytes[at + 1] ?? 0) * 2 ** 8 +
    (bytes[at + 2] ?? 0) * 2 ** 16 +
    (bytes[at + 3] ?? 0) * 2 ** 24
  );
}

function decode(bytes: Uint8Array, random: Random): { frames: Frame[]; error: unknown } {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(random.pick([1, 7, 300, 70_000]));
      decoder.push(bytes.subarray(at, at + size), (frame) => frames.push(frame));
      at += size;
    }
  } catch (error) {
    return { frames, error };
  }
  return { frames, error: undefined };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

describe('[main-10] frames', () => {
  it(`come back as they went, however they are cut (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let run = 0; run < 25; run++) {
      const sent = Array.from({ length: random.below(8) }, (_, i) => ({
        header: { id: i, t: 'data', offset: random.word(), name: 'ä'.repeat(random.below(40)) },
        payload: random.bytes(random.pick([0, 1, 15, 4096, 65_536])),
      }));
      const { frames, error } = decode(join(sent.map((one) => encodeFrame(one.header, one.payload))), random);
      expect(error).toBeUndefined();
      expect(frames.length).toBe(sent.length);
      frames.forEach((frame, i) => {
        expect(frame.header).toEqual(sent[i]?.header);
        expect(Buffer.compare(frame.payload, sent[i]?.payload ?? new Uint8Array(1))).toBe(0);
      });
    }
  });

  it(`that are cut off, flipped or random never give more than the naive decoder (seed ${seed})`, () => {
    const random = new Random(seed + 1);
    for (let run = 0; run < 1000; run++) {
      const good = join([
        encodeFrame({ id: run, t: 'ok' }, random.bytes(random.below(50))),
        encodeFrame({ id: run, t: 'data', offset: run }, random.bytes(random.below(200))),
      ]);
      let bytes =
        random.below(4) === 0
          ? random.bytes(random.below(300))
          : good.slice(0, random.below(good.length + 1));
      if (random.below(2) === 0 && bytes.length > 0) {
        bytes = bytes.slice();
        bytes[random.below(bytes.length)] = random.below(256);
      }
      const { frames, error } = decode(bytes, random);
      const expected = naive(bytes);
      if (error === undefined) {
        expect(expected).toEqual({ frames: frames.length, bad: false });
      } else {
        expect(error).toMatchObject({ code: 'protocol' });
        expect(frames.length).toBeLessThanOrEqual(expected.frames);
      }
    }
  });

  it.each([
    ['a header of no bytes', [4, 0, 0, 0, 0, 0, 0, 0]],
    ['a header over the limit', [0, 0, 2, 0, 1, 0, 1, 0]],
    ['a header longer than the frame', [8, 0, 0, 0, 5, 0, 0, 0]],
    ['a payload over the limit', [6, 0, 1, 0, 1, 0, 0, 0]],
    ['the largest numbers', [255, 255, 255, 255, 255, 255, 255, 255]],
    ['the smallest length', [0, 0, 0, 0, 1, 0, 0, 0]],
  ])('with %s are refused before anything more is read', (_, bytes) => {
    const decoder = new FrameDecoder();
    expect(() => decoder.push(Uint8Array.from(bytes), () => expect.fail('no frame'))).toThrow(/bad frame/);
    expect(() => decoder.push(encodeFrame({ id: 1 }), () => expect.fail('no frame'))).toThrow(/bad frame/);
  });

  it.each([
    ['a list', [1, 2]],
    ['text', 'text'],
    ['a number', 7],
    ['nothing', null],
    ['a date', new Date(0)],
    ['a key that is a number', new Map([[1, 2]])],
  ])('whose header is %s are refused', (_, value) => {
    const header = value instanceof Map ? Uint8Array.of(0x81, 1, 2) : encode(value);
    const frame = new Uint8Array(8 + header.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, 4 + header.length, true);
    view.setUint32(4, header.length, true);
    frame.set(header, 8);
    expect(() => new FrameDecoder().push(frame, () => expect.fail('no frame'))).toThrow(/bad frame/);
  });

  it('with lists nested 60,000 deep end in an error or a frame, never in a crash', () => {
    const header = new Uint8Array(60_003).fill(0x91);
    header.set([0x81, 0xa1, 0x61]);
    header[60_002] = 0xc0;
    const frame = new Uint8Array(8 + header.length);
    new DataView(frame.buffer).setUint32(0, 4 + header.length, true);
    new DataView(frame.buffer).setUint32(4, header.length, true);
    frame.set(header, 8);
    const { error } = decode(frame, new Random(1));
    if (error !== undefined) expect(error).toMatchObject({ code: 'protocol' });
  });

  it('over a limit are not sent', () => {
    expect(() => encodeFrame({ id: 1 }, new Uint8Array(maxPart + 1))).toThrow(/limit/);
    expect(() => encodeFrame({ id: 1, text: 'x'.repeat(maxPart) })).toThrow(/limit/);
  });
});

describe('the start marker', () => {
  it(`is found after any text, however it is cut (seed ${seed})`, () => {
    const random = new Random(seed + 2);
    for (let run = 0; run < 200; run++) {
      const banner = new TextEncoder().encode(
        'TILESCP'.repeat(random.below(5)) + 'Welcome!\n'.repeat(random.below(50)),
      );
      const rest = random.bytes(random.below(30));
      const bytes = join([banner, startMarker, rest]);
      const finder = new MarkerScanner();
      let after: Uint8Array | undefined;
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + random.below(20);
        const chunk = bytes.subarray(at, at + size);
        if (after === undefined) after = finder.push(chunk);
        else after = join([after, chunk]);
        at += size;
      }
      expect(after).toEqual(rest);
      expect(finder.skipped).toBe(banner.length);
    }
  });

  it('may come after 64 KiB of text, not later', () => {
    const most = join([new Uint8Array(maxBanner).fill(46), startMarker]);
    expect(new MarkerScanner().push(most)).toEqual(new Uint8Array(0));
    const more = join([new Uint8Array(maxBanner + 1).fill(46), startMarker]);
    expect(() => new MarkerScanner().push(more)).toThrow(/no start marker/);
  });
});

const golden = new URL('../../../test/golden/wire.json', import.meta.url);

describe('[main-10] golden frames', () => {
  const vectors = JSON.parse(readFileSync(golden, 'utf8')) as {
    name: string;
    header: Record<string, unknown>;
    payloadHex: string;
    frameHex: string;
  }[];

  it.each(vectors)('$name is encoded and decoded byte for byte', ({ header, payloadHex, frameHex }) => {
    const payload = Uint8Array.from(Buffer.from(payloadHex, 'hex'));
    expect(Buffer.from(encodeFrame(header, payload)).toString('hex')).toBe(frameHex);
    const frames: Frame[] = [];
    new FrameDecoder().push(Uint8Array.from(Buffer.from(frameHex, 'hex')), (frame) => frames.push(frame));
    expect(frames).toEqual([{ header, payload, size: frameHex.length / 2 }]);
  });
});
