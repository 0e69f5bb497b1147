import { describe, expect, it } from 'vitest';
import { BoardError } from '../errors.ts';
import { joinReads, maxReadBytes, maxWords, splitRanges, splitWords, writeGroups } from './split.ts';

describe('splitting', () => {
  it('keeps ranges in order, in groups that one request may hold', () => {
    const ranges = Array.from({ length: 10_000 }, (_, i) => ({ offset: 8 * i, length: 4 }));
    const groups = splitRanges(ranges);
    expect(groups.map((group) => group.length)).toEqual([4096, 4096, 1808]);
    expect(groups.flat()).toEqual(ranges);
    expect(splitRanges([])).toEqual([]);
  });

  it('cuts a range that is too long and joins its bytes again', () => {
    const ranges = [
      { offset: 0, length: 5 },
      { offset: 10, length: maxReadBytes + 3 },
      { offset: maxReadBytes + 100, length: 2 },
    ];
    const groups = splitRanges(ranges);
    expect(groups.map((group) => group.reduce((sum, range) => sum + range.length, 0))).toEqual([
      maxReadBytes,
      10,
    ]);
    const marked = (range: { offset: number; length: number }) => {
      const bytes = new Uint8Array(range.length);
      bytes[0] = range.offset % 251;
      bytes[bytes.length - 1] = (range.offset + range.length - 1) % 251;
      return bytes;
    };
    const answers = groups.map((group) => ({ bytes: group.map(marked), unreadable: [], epoch: 'e' }));
    const joined = joinReads(ranges, groups, answers);
    expect(joined.bytes.map((bytes) => bytes.length)).toEqual([5, maxReadBytes + 3, 2]);
    for (const at of [0, maxReadBytes - 6, maxReadBytes - 5, maxReadBytes + 2]) {
      expect(joined.bytes[1]?.[at]).toBe((10 + at) % 251);
    }
    const changed = answers.map((answer, i) => ({ ...answer, epoch: String(i) }));
    expect(() => joinReads(ranges, groups, changed)).toThrow(/new epoch/);
  });

  it('never cuts a line of program memory, and stops at the first group that fails', async () => {
    const words = new Uint32Array((maxWords + 10) * 4);
    for (let i = 0; i < maxWords + 10; i++) words[4 * i] = 4 * i + 8;
    const groups = splitWords(words);
    expect(groups.map((group) => group.length / 4)).toEqual([maxWords - 2, 12]);
    expect((groups[1]?.[0] ?? 0) % 16).toBe(0);
    let calls = 0;
    const failing = writeGroups(words, async () => {
      calls++;
      throw new Error('lost');
    });
    await expect(failing).rejects.toThrow('lost');
    expect(calls).toBe(1);
    const refused = writeGroups(words, () => Promise.reject(new BoardError('epoch', 'another epoch')));
    await expect(refused).rejects.toMatchObject({ code: 'epoch' });
    const all = await writeGroups(words, async (part) => ({
      outcomes: new Uint32Array((part.length / 4) * 3).fill(part.length),
      epoch: 'e',
    }));
    expect(all.outcomes.length).toBe((maxWords + 10) * 3);
    expect(all.outcomes.at(-1)).toBe(48);
  });

  it('reports what was written when a later group is refused, and leaves other failures open', async () => {
    const words = new Uint32Array((maxWords + 10) * 4);
    for (let i = 0; i < maxWords + 10; i++) words[4 * i] = 4 * i;
    const failAtSecond = (error: BoardError) => {
      let calls = 0;
      return writeGroups(words, async (part) => {
        calls++;
        if (calls > 1) throw error;
        const outcomes = new Uint32Array((part.length / 4) * 3);
        for (let i = 0; i < part.length / 4; i++) outcomes[3 * i] = part[4 * i] ?? 0;
        return { outcomes, epoch: 'e' };
      });
    };
    const { outcomes, epoch } = await failAtSecond(new BoardError('epoch', 'another epoch'));
    expect(epoch).toBe('e');
    expect([...outcomes.subarray(3 * (maxWords - 1))]).toEqual([
      ...[4 * (maxWords - 1), 0, 0],
      ...Array.from({ length: 10 }, (_, i) => [4 * (maxWords + i), 3 | (5 << 8), 0]).flat(),
    ]);
    await expect(failAtSecond(new BoardError('connection-lost', 'cut'))).rejects.toMatchObject({
      code: 'connection-lost',
    });
  });
});
