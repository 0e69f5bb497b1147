import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toBoardError } from '../errors.ts';
import { SurveyCollector } from './survey-collector.ts';

function block(...records: (readonly [tile: number, second: number])[]): Uint8Array {
  const all = new Uint8Array(records.length * 8);
  const view = new DataView(all.buffer);
  records.forEach(([tile, second], i) => {
    view.setUint32(8 * i, tile, true);
    view.setUint32(8 * i + 4, second, true);
  });
  return all;
}

function code(push: () => void): string {
  try {
    push();
  } catch (error) {
    return toBoardError(error).code;
  }
  return 'taken';
}

describe('[live-3] updates of a survey', () => {
  it('are put together from their blocks: changed words, and why a tile cannot be read', () => {
    const made = new SurveyCollector(64);
    made.push(block([3, 64]));
    made.push(block([4, 1 << 24], [9, 0]));
    expect(made.take()).toEqual([
      { tile: 3, changed: 64 },
      { tile: 4, changed: 0, reason: 'gated' },
      { tile: 9, changed: 0 },
    ]);
    made.push(block([3, 1]));
    expect(made.take()).toEqual([{ tile: 3, changed: 1 }]);
  });

  it("are understood as the native core's own examples have them", () => {
    const golden = JSON.parse(
      readFileSync(new URL('../../../test/golden/wire.json', import.meta.url), 'utf8'),
    ) as { name: string; payloadHex: string }[];
    const made = new SurveyCollector(64);
    const push = (name: string) =>
      made.push(Buffer.from(golden.find((one) => one.name === name)?.payloadHex ?? 'none', 'hex'));
    push('survey changes, more follow');
    push('survey update, the first');
    expect(made.take()).toEqual([
      { tile: 0, changed: 1 },
      { tile: 9, changed: 64 },
      { tile: 10, changed: 0, reason: 'gated' },
      { tile: 31, changed: 3 },
    ]);
    push('survey update, a tile is back, no epoch');
    expect(made.take()).toEqual([{ tile: 10, changed: 0 }]);
  });

  it('are refused where they tell what no memory has', () => {
    const push = (...records: (readonly [number, number])[]) =>
      code(() => new SurveyCollector(64).push(block(...records)));
    expect(push([3, 65])).toBe('protocol');
    expect(push([3, 1], [3, 1])).toBe('protocol');
    expect(push([3, 1], [2, 1])).toBe('protocol');
    expect(push([0xffff_ffff, 1])).toBe('protocol');
    expect(push([3, 200 * 2 ** 24])).toBe('protocol');
    expect(push([3, 2 ** 24 + 1])).toBe('protocol');
    expect(code(() => new SurveyCollector(64).push(new Uint8Array(12)))).toBe('protocol');
  });
});
