/** A part of a recording as a core sends it: the header of its answer, and its entries. */
import type { CoreRecordingPart } from '../../src/board/protocol/core-client.ts';
import type { Header } from '../../src/board/protocol/frames.ts';

export function recordingOut(part: CoreRecordingPart): { header: Header; entries: Uint32Array } {
  const { base, moments, ended, made, read, first, ...about } = part;
  const entries: number[] = [];
  base?.words.forEach((word, i) => {
    entries.push(word, base.states[i] ?? 0);
  });
  for (const { at, after, changes } of moments) entries.push(at, after, changes.length / 3, ...changes);
  const header = {
    ...about,
    looks: made,
    words: read,
    ringBytes: 0,
    hasBase: base !== undefined,
    first,
    next: first + moments.length,
    ...(ended && { ended: { code: ended.code, detail: ended.message, facts: { ...ended.facts } } }),
  };
  return { header, entries: Uint32Array.from(entries) };
}
