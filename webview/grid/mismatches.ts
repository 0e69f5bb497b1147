/** What the host said of the bytes around the visible rows that are compared. Knows no rows and no cells. */
import type { ExpectedBytes } from '../../src/editor/messages.ts';
import type { ByteRange } from '../../src/model/geometry.ts';

/** The expected bytes of a cell with a mismatch; `undefined` where nothing is compared, or is as it should be. */
export function expectedOf(
  told: ExpectedBytes | undefined,
  { offset, length }: ByteRange,
): Uint8Array | undefined {
  if (told === undefined) return undefined;
  const start = offset - told.offset;
  if (start < 0 || start + length > told.wrong.length) return undefined;
  const isWrong = told.wrong.subarray(start, start + length).some((byte) => byte !== 0);
  return isWrong ? told.expected.subarray(start, start + length) : undefined;
}
