/** Requests cut to what one request of a core may hold. Pure. */
import { unreadableReasons } from '../../model/byte-state.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { BoardError, nothingWritten } from '../errors.ts';
import {
  type CoreReadAnswer,
  type CoreWriteAnswer,
  outcomeNames,
  outcomeRecordWords,
  writeRecordWords,
} from './core-client.ts';

/** Most ranges of one read. */
const maxRanges = 4096;
/** Most bytes of one read; longer ones would only make one answer wait for more. */
export const maxReadBytes = 64 * 1024 * 1024;
/** Most words of one write. */
export const maxWords = 2 ** 20;

/** Ranges in order, in groups of at most 4,096 ranges and 64 MiB (a single longer range is cut). */
export function splitRanges(ranges: readonly ByteRange[]): ByteRange[][] {
  const groups: ByteRange[][] = [];
  let bytes = maxReadBytes;
  for (const range of ranges) {
    for (let done = 0; done < range.length; ) {
      let group = groups.at(-1);
      if (group === undefined || group.length === maxRanges || bytes === maxReadBytes) {
        group = [];
        groups.push(group);
        bytes = 0;
      }
      const length = Math.min(range.length - done, maxReadBytes - bytes);
      group.push({ offset: range.offset + done, length });
      bytes += length;
      done += length;
    }
  }
  return groups;
}

/** The answers of split ranges as one. Throws `epoch` if a new epoch began in between. */
export function joinReads(
  ranges: readonly ByteRange[],
  groups: readonly (readonly ByteRange[])[],
  answers: readonly CoreReadAnswer[],
): CoreReadAnswer {
  const first = answers[0];
  if (first === undefined) return { bytes: [], unreadable: [], epoch: '' };
  if (answers.length === 1) return first;
  const changed = answers.find((answer) => answer.epoch !== first.epoch);
  if (changed !== undefined) {
    throw new BoardError('epoch', 'a new epoch began during the read', {
      epoch: changed.epoch,
    });
  }
  const parts = groups.flatMap((group, i) =>
    group.map((range, j) => ({ range, bytes: answers[i]?.bytes[j] ?? new Uint8Array(range.length) })),
  );
  let next = 0;
  const bytes = ranges.map((range) => {
    const head = parts[next];
    if (head !== undefined && head.range.length === range.length) {
      next++;
      return head.bytes;
    }
    const whole = new Uint8Array(range.length);
    for (let done = 0; done < range.length; ) {
      const part = parts[next];
      next++;
      if (part === undefined) break;
      whole.set(part.bytes, done);
      done += part.bytes.length;
    }
    return whole;
  });
  const gaveWay = answers.some((answer) => answer.gaveWay === true);
  return {
    bytes,
    unreadable: answers.flatMap((answer) => answer.unreadable),
    epoch: first.epoch,
    ...(gaveWay ? { gaveWay } : {}),
  };
}

/** Words in groups of at most 2^20; a 16-byte line of program memory is never cut. */
export function splitWords(words: Uint32Array): Uint32Array[] {
  const groups: Uint32Array[] = [];
  const offset = (record: number) => words[record * writeRecordWords] ?? 0;
  const count = words.length / writeRecordWords;
  for (let at = 0; at < count; ) {
    let end = Math.min(count, at + maxWords);
    if (end < count) {
      while (end > at + 1 && offset(end) >>> 4 === offset(end - 1) >>> 4) end--;
    }
    groups.push(words.subarray(at * writeRecordWords, end * writeRecordWords));
    at = end;
  }
  return groups;
}

/** Outcome of words that were not reached. */
const leftOut = outcomeNames.indexOf('refused') | (unreadableReasons.indexOf('not-read') << 8);

/**
 * Writes the groups one after the other: a group that fails keeps the later ones from being written. When it certainly
 * wrote nothing and earlier ones did, these are reported, and the rest as refused; any other failure is thrown.
 */
export async function writeGroups(
  words: Uint32Array,
  write: (words: Uint32Array) => Promise<CoreWriteAnswer>,
): Promise<CoreWriteAnswer> {
  const groups = splitWords(words);
  const outcomes = new Uint32Array((words.length / writeRecordWords) * outcomeRecordWords);
  let at = 0;
  let epoch = '';
  for (const group of groups) {
    try {
      const answer = await write(group);
      outcomes.set(answer.outcomes, at);
      at += answer.outcomes.length;
      epoch = answer.epoch;
    } catch (error) {
      if (at === 0 || !(error instanceof BoardError) || !nothingWritten.has(error.code)) throw error;
      break;
    }
  }
  for (; at < outcomes.length; at += outcomeRecordWords) {
    outcomes[at] = words[(at / outcomeRecordWords) * writeRecordWords] ?? 0;
    outcomes[at + 1] = leftOut;
  }
  return { outcomes, epoch };
}
