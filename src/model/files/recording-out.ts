/** A recording as a file: all changes as CSV, or one cell over time as NumPy's records. Made in parts. */
import type { CellChoice } from '../cells/choices.ts';
import { type ByteRange, locate, type MemoryGeometry } from '../geometry.ts';
import { hexNumber } from '../numbers.ts';
import type { Recording } from '../recording.ts';
import { npyPreamble, npyType } from './bytes-out.ts';

/** Formats, by the ending of their files. */
export const recordingFormats = ['csv', 'npy'] as const;

/** Characters of one part. */
const partLength = 100_000;

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3);

/** Each changed word: between which times, in seconds since the recording began, where, from what to what; `??` where it could not be read. */
export function* recordingCsv(recording: Recording, geometry: MemoryGeometry): Generator<string> {
  let text = 'after,at,column,row,offset,old,new\n';
  for (let number = recording.first; number <= recording.last; number++) {
    const moment = recording.moment(number);
    if (moment === undefined) continue;
    for (const { offset, old, now } of recording.changesOf(number)) {
      const place = locate(geometry, offset);
      const value = (word: number | undefined): string => (word === undefined ? '??' : hexNumber(word, 8));
      const { col, row } = place.tile;
      text += `${seconds(moment.after)},${seconds(moment.at)},${col},${row},${hexNumber(place.offset, 4)},${value(old)},${value(now)}\n`;
    }
    if (text.length < partLength) continue;
    yield text;
    text = '';
  }
  yield text;
}

/**
 * One cell: a record of time (seconds since the recording began, `seconds`) and value (`value`) at the beginning and at each
 * change; without those at which it could not be read.
 */
export function recordingNpy(recording: Recording, cell: ByteRange, choice: CellChoice): Uint8Array[] {
  const records: Uint8Array[] = [];
  const add = (at: number, number: number): void => {
    const { bytes, states } = recording.bytesAfter(number, cell);
    if (states.some((state) => state !== 1)) return;
    const record = new Uint8Array(8 + cell.length);
    new DataView(record.buffer).setFloat64(0, at / 1000, true);
    record.set(bytes, 8);
    records.push(record);
  };
  const { first, last } = recording;
  add(first === 1 ? 0 : (recording.moment(first)?.after ?? 0), first - 1);
  for (let number = recording.nextChange(cell, first - 1, 1); number !== undefined; ) {
    add(recording.moment(number)?.at ?? 0, number);
    number = number < last ? recording.nextChange(cell, number, 1) : undefined;
  }
  const type = npyType(choice);
  const { descr, bytes: size } = cell.length % type.bytes === 0 ? type : { descr: '|u1', bytes: 1 };
  const count = cell.length / size;
  const value = count === 1 ? `('value', '${descr}')` : `('value', '${descr}', (${count},))`;
  return [npyPreamble(`[('seconds', '<f8'), ${value}]`, records.length), ...records];
}
