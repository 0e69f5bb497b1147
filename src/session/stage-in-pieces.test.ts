import { expect, test } from 'vitest';
import { stageInPieces } from './stage-in-pieces.ts';
import type { ByteEdit, Gesture } from './types.ts';

/** Bytes over which gestures are laid, as a session does. */
function memory(refusedAt = Number.POSITIVE_INFINITY) {
  const bytes = new Uint8Array(4096);
  const stage = (edits: readonly ByteEdit[]): Gesture => {
    if (edits.some(({ offset }) => offset === refusedAt)) throw new Error('refused');
    const before = bytes.slice();
    const lay = () => {
      for (const { offset, bytes: some } of edits) bytes.set(some, offset);
    };
    lay();
    return { document: 'd', label: 'Replace', undo: () => bytes.set(before), redo: lay };
  };
  return { bytes, stage };
}

const edits: ByteEdit[] = Array.from({ length: 1000 }, (_, i) => ({
  offset: 4 * i,
  bytes: Uint8Array.of(1 + (i % 250)),
}));
const never = new AbortController().signal;
const of = { document: 'd', label: 'Replace' };

test('many edits are staged, undone and redone a part at a time, in their order', async () => {
  const { bytes, stage } = memory();
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses++;
  };
  const gesture = await stageInPieces(edits, of, stage, pause, never);
  const staged = bytes.slice();
  expect(pauses).toBe(3);
  expect(staged[4 * 999]).toBe(250);
  await gesture.undo();
  expect(bytes).toEqual(new Uint8Array(4096));
  await gesture.redo();
  expect(bytes).toEqual(staged);
  expect(pauses).toBe(11);
});

test('where a part is refused, or somebody ends it meanwhile, nothing is left', async () => {
  const refused = memory(4 * 700);
  await expect(stageInPieces(edits, of, refused.stage, async () => undefined, never)).rejects.toThrow(
    'refused',
  );
  expect(refused.bytes).toEqual(new Uint8Array(4096));
  const ended = memory();
  const abort = new AbortController();
  const pause = async (): Promise<void> => abort.abort();
  await expect(stageInPieces(edits, of, ended.stage, pause, abort.signal)).rejects.toMatchObject({
    code: 'cancelled',
  });
  expect(ended.bytes).toEqual(new Uint8Array(4096));
});
