import { readFileSync } from 'node:fs';
import { constants, deflateRawSync } from 'node:zlib';
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

/** Bytes of a kind that tiles hold: all alike, small numbers, a repeated line, noise. */
function someBytes(random: Random, length: number): Uint8Array {
  const bytes = random.bytes(length);
  const kind = random.below(4);
  if (kind === 0) bytes.fill(random.below(256));
  if (kind === 1)
    bytes.forEach((byte, i) => {
      bytes[i] = i % 4 === 0 ? byte % 16 : 0;
    });
  if (kind === 2) bytes.copyWithin(16, 0);
  return bytes;
}

describe('[live-4] deflated payloads', () => {
  const deflated = (payload: Uint8Array, inflated: unknown = payload.length, more: readonly number[] = []) =>
    encodeFrame(
      { id: 1, t: 'data', offset: 0, inflated },
      join([deflateRawSync(payload), Uint8Array.from(more)]),
    );

  it(`come back as they were, beside others, however they are cut (seed ${seed})`, () => {
    const random = new Random(seed + 3);
    for (let run = 0; run < 40; run++) {
      const sent = Array.from({ length: 1 + random.below(6) }, () => {
        const bytes = someBytes(random, 1 + random.below(random.pick([1, 300, 20_000, 65_536])));
        const level = random.below(10);
        const strategy = random.pick([
          constants.Z_DEFAULT_STRATEGY,
          constants.Z_FIXED,
          constants.Z_HUFFMAN_ONLY,
        ]);
        const small = deflateRawSync(bytes, { level, strategy });
        const fits = random.below(3) > 0 && small.length <= maxPart;
        return { bytes, payload: fits ? small : bytes, header: fits ? { inflated: bytes.length } : {} };
      });
      const frames = sent.map(({ header, payload }, id) =>
        encodeFrame({ id, t: 'data', ...header }, payload),
      );
      const came = decode(join(frames), random);
      expect(came.error).toBeUndefined();
      expect(came.frames.map(({ payload }) => Buffer.from(payload).toString('base64'))).toEqual(
        sent.map(({ bytes }) => Buffer.from(bytes).toString('base64')),
      );
      expect(came.frames.map(({ size }) => size)).toEqual(frames.map((frame) => frame.length));
    }
  });

  it.each([0, -1, 1.5, maxPart + 1, 2 ** 40, '100', true, null, [1]])(
    'whose length is said to be %j end the connection',
    (length) => {
      const { frames, error } = decode(deflated(new Uint8Array(100), length), new Random(1));
      expect(frames).toEqual([]);
      expect(error).toMatchObject({ code: 'protocol' });
    },
  );

  it.each([
    ['more bytes than they say', deflated(new Uint8Array(1000), 999)],
    ['fewer bytes than they say', deflated(new Uint8Array(1000), 1001)],
    ['bytes behind their end', deflated(new Uint8Array(1000), 1000, [0])],
    ['no bytes', encodeFrame({ id: 1, inflated: 5 })],
    ['bytes that are not deflated', encodeFrame({ id: 1, inflated: 5 }, Uint8Array.of(7, 7, 7))],
    [
      'half of themselves',
      encodeFrame({ id: 1, inflated: 100 }, deflateRawSync(new Random(5).bytes(100)).subarray(0, 50)),
    ],
  ])('with %s end the connection', (_, bytes) => {
    const decoder = new FrameDecoder();
    expect(() => decoder.push(bytes, () => expect.fail('no frame'))).toThrow(/bad frame: deflated payload/);
    expect(() => decoder.push(encodeFrame({ id: 1 }), () => expect.fail('no frame'))).toThrow(/bad frame/);
  });

  it('that would fill the memory end the connection when they are longer than they say', () => {
    const bomb = deflateRawSync(new Uint8Array(60_000_000));
    expect(bomb.length).toBeLessThan(maxPart);
    const { error } = decode(encodeFrame({ id: 1, inflated: maxPart }, bomb), new Random(1));
    expect(error).toMatchObject({ code: 'protocol', message: expect.stringContaining('deflated payload') });
  });

  it(`that are damaged are other bytes of the same length, or end the connection (seed ${seed})`, () => {
    const random = new Random(seed + 4);
    for (let run = 0; run < 500; run++) {
      const length = 1 + random.below(2000);
      const small = Uint8Array.from(deflateRawSync(someBytes(random, length)));
      for (let i = 1 + random.below(3); i > 0; i--) small[random.below(small.length)] = random.below(256);
      const { frames, error } = decode(encodeFrame({ id: 1, inflated: length }, small), random);
      if (error === undefined) expect(frames.map(({ payload }) => payload.length)).toEqual([length]);
      else expect(error).toMatchObject({ code: 'protocol' });
    }
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
    inflatedHex?: string;
  }[];

  it.each(vectors)(
    '$name is encoded and decoded byte for byte',
    ({ header, payloadHex, frameHex, inflatedHex }) => {
      const payload = Uint8Array.from(Buffer.from(payloadHex, 'hex'));
      expect(Buffer.from(encodeFrame(header, payload)).toString('hex')).toBe(frameHex);
      const frames: Frame[] = [];
      new FrameDecoder().push(Uint8Array.from(Buffer.from(frameHex, 'hex')), (frame) => frames.push(frame));
      const whole = Uint8Array.from(Buffer.from(inflatedHex ?? payloadHex, 'hex'));
      expect(frames).toEqual([{ header, payload: whole, size: frameHex.length / 2 }]);
    },
  );
});
