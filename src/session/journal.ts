import * as v from 'valibot';
import { type MemoryGeometry, mostMemoryBytes, totalBytes } from '../model/geometry.ts';
import { isPartitionKey, type PartitionKey } from '../model/partition-key.ts';
import { countShape, geometryShape, textUpTo, whole } from '../model/shapes.ts';
import type { EditStack, KeptGesture, NumberedGesture, StageRun } from './edit-stack.ts';
import { SessionError } from './errors.ts';
import type { MemoryKey } from './types.ts';

/** One run of a kept gesture. Both texts are base64 of equally many bytes. */
interface JournalRun {
  readonly offset: number;
  readonly bytes: string;
  readonly seen: string;
}

/** One kept gesture. */
interface JournalGesture {
  /** Its place among the gestures of all documents: grows with the time at which they were made. */
  readonly order: number;
  readonly label: string;
  /** Epoch in which the bytes were seen. */
  readonly epoch: string;
  readonly runs: readonly JournalRun[];
}

/** Staged edits of one document as JSON, to survive a reload. `records` tell what became of them since. */
export interface JournalData {
  readonly version: 1;
  /** Whose edits they are; absent where a version of before kept them. */
  readonly partition?: PartitionKey;
  readonly geometry: MemoryGeometry;
  readonly gestures: readonly JournalGesture[];
  readonly records?: readonly JournalRecord[];
}

/** A gesture that was staged or redone, under a number, or the number of one that was undone. */
export type JournalRecord =
  | { readonly id: number; readonly gesture: JournalGesture }
  | { readonly undo: number };

/**
 * What a document's journal has to become: nothing, `data` with the records behind it, or what it is with more records
 * behind it. Records are made while they are taken, so that many of them can be written in pieces; what changes meanwhile is
 * in the step after this one.
 */
export type JournalStep =
  | { readonly kind: 'empty' }
  | { readonly kind: 'whole'; readonly data: unknown; readonly records: Iterable<JournalRecord> }
  | { readonly kind: 'more'; readonly records: Iterable<JournalRecord> };

/** What is accepted at most: more than a person can type, less than what exhausts the machine. */
const mostGestures = 1_000_000;
const mostRecords = 4_000_000;
const mostRuns = 6_000_000;
const mostBytes = 128 << 20;
/** Leaves room for the gestures that come after it. */
const mostOrder = Number.MAX_SAFE_INTEGER - 2 ** 32;
const longestText = 4096;

/** The kept edits as JSON. */
export function encodeJournal(
  partition: PartitionKey,
  geometry: MemoryGeometry,
  kept: readonly KeptGesture[],
): JournalData {
  return {
    version: 1,
    partition,
    geometry,
    gestures: kept.map(encodeGesture),
  };
}

/** What a document's journal has to become. @param whole all of it: nothing is known of what it is now */
export function journalStep(
  { partition }: MemoryKey,
  geometry: MemoryGeometry | undefined,
  edits: EditStack,
  document: string,
  whole: boolean,
): JournalStep {
  const log = edits.takeLog(document);
  if (geometry === undefined || !edits.isPending(document)) return { kind: 'empty' };
  if (log === undefined || whole) {
    return {
      kind: 'whole',
      data: encodeJournal(partition, geometry, []),
      records: recordsOf(edits.kept(document)),
    };
  }
  return { kind: 'more', records: recordsSince(edits, log) };
}

function* recordsOf(kept: Iterable<NumberedGesture>): Generator<JournalRecord> {
  for (const gesture of kept) yield { id: gesture.id, gesture: encodeGesture(gesture) };
}

function* recordsSince(edits: EditStack, log: readonly number[]): Generator<JournalRecord> {
  for (const act of log) {
    const kept = act < 0 ? undefined : edits.keptGesture(act);
    if (act < 0) yield { undo: -act };
    else if (kept !== undefined) yield { id: act, gesture: encodeGesture(kept) };
  }
}

function encodeGesture({ order, label, epoch, runs }: KeptGesture): JournalGesture {
  return {
    order,
    label: label.slice(0, longestText),
    epoch,
    runs: runs.map(({ offset, bytes, seen }) => ({ offset, bytes: toBase64(bytes), seen: toBase64(seen) })),
  };
}

const runShape = v.object({ offset: countShape, bytes: v.string(), seen: v.string() });
const gestureShape = v.object({
  order: whole(1, mostOrder),
  label: textUpTo(longestText),
  epoch: textUpTo(longestText),
  runs: v.pipe(v.array(runShape), v.minLength(1)),
});
const recordShape = v.union([
  v.object({ id: whole(1), gesture: gestureShape }),
  v.object({ undo: whole(1) }),
]);
const versionShape = v.object({ version: v.pipe(v.number(), v.integer()) });
/** Gestures and records are checked one by one: there may be many. */
const journalShape = v.object({
  partition: v.optional(v.custom<PartitionKey>(isPartitionKey)),
  geometry: v.pipe(geometryShape, v.check(isSoundGeometry)),
  gestures: v.pipe(v.array(v.unknown()), v.maxLength(mostGestures)),
  records: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(mostRecords)), []),
});

interface DecodedJournal {
  readonly partition: PartitionKey | undefined;
  readonly geometry: MemoryGeometry;
  readonly gestures: KeptGesture[];
}

/** Checks and decodes anything that was stored. Throws SessionError `journal-version` or `journal-damaged`. */
export function decodeJournal(data: unknown): DecodedJournal {
  const { version } = sound(versionShape, data);
  if (version !== 1)
    throw new SessionError('journal-version', `staged edits of version ${version}`, { version });
  const { partition, geometry, gestures, records } = sound(journalShape, data);
  const budget = { runs: mostRuns, bytes: mostBytes, memory: totalBytes(geometry) };
  const first = gestures.map((gesture) => decodeGesture(sound(gestureShape, gesture), budget));
  return { partition, geometry, gestures: [...first, ...decodeRecords(records, budget)] };
}

/** As `decodeJournal`, of this memory. Throws SessionError `journal-mismatch` too, where it was kept for another one. */
export function journalFor(
  { partition, memory }: MemoryKey,
  known: MemoryGeometry | undefined,
  data: unknown,
): DecodedJournal {
  const journal = decodeJournal(data);
  const { geometry } = journal;
  const matches =
    geometry.type === memory &&
    (journal.partition === undefined || journal.partition === partition) &&
    (known === undefined || sameGeometry(geometry, known));
  if (!matches) throw new SessionError('journal-mismatch', 'the staged edits were kept for another memory');
  return journal;
}

/** What is left of the gestures of the records, in their order. What was undone counts no more. */
function decodeRecords(records: readonly unknown[], budget: Budget): KeptGesture[] {
  const gestures = new Map<number, KeptGesture>();
  for (const item of records) {
    const record = sound(recordShape, item);
    const id = 'undo' in record ? record.undo : record.id;
    for (const { bytes } of gestures.get(id)?.runs ?? []) {
      budget.runs++;
      budget.bytes += bytes.length;
    }
    gestures.delete(id);
    if (!('undo' in record)) gestures.set(id, decodeGesture(record.gesture, budget));
  }
  if (gestures.size > mostGestures) throw damaged('gestures');
  const numbered = [...gestures].sort(([a, one], [b, other]) => one.order - other.order || a - b);
  return numbered.map(([, gesture]) => gesture);
}

/** Whether two layouts of the same memory are the same. */
export function sameGeometry(a: MemoryGeometry, b: MemoryGeometry): boolean {
  return (
    a.type === b.type &&
    a.startCol === b.startCol &&
    a.numCols === b.numCols &&
    a.startRow === b.startRow &&
    a.numRows === b.numRows &&
    a.bytesPerTile === b.bytesPerTile &&
    a.tileBase === b.tileBase
  );
}

/** Whether a layout that came from outside can be worked with: whole numbers, at most 1 GiB. */
export function isSoundGeometry(geometry: MemoryGeometry): boolean {
  const { startCol, numCols, startRow, numRows, bytesPerTile, tileBase } = geometry;
  const counts = [startCol, numCols, startRow, numRows, bytesPerTile, tileBase];
  return (
    counts.every((count) => Number.isInteger(count) && count >= 0 && count <= mostMemoryBytes) &&
    numCols > 0 &&
    numRows > 0 &&
    bytesPerTile > 0 &&
    totalBytes(geometry) <= mostMemoryBytes
  );
}

/** What the rest of a journal may hold, and how large the memory is. */
interface Budget {
  runs: number;
  bytes: number;
  readonly memory: number;
}

function decodeGesture({ order, label, epoch, runs: kept }: JournalGesture, budget: Budget): KeptGesture {
  const runs: StageRun[] = [];
  let end = 0;
  for (const { offset, ...texts } of kept) {
    if (offset < end) throw damaged('offset');
    const bytes = fromBase64(texts.bytes, budget.bytes);
    const seen = fromBase64(texts.seen, budget.bytes);
    if (bytes.length === 0 || seen.length !== bytes.length) throw damaged('run');
    end = offset + bytes.length;
    if (end > budget.memory) throw damaged('offset');
    budget.runs--;
    budget.bytes -= bytes.length;
    if (budget.runs < 0) throw damaged('runs');
    runs.push({ offset, bytes, seen });
  }
  return { order, label, epoch, runs };
}

/** What fits a shape. Throws SessionError `journal-damaged` that names the part which does not. */
function sound<S extends v.GenericSchema>(shape: S, data: unknown): v.InferOutput<S> {
  const result = v.safeParse(shape, data, { abortEarly: true });
  if (result.success) return result.output;
  throw damaged(v.getDotPath(result.issues[0]) ?? 'shape');
}

function damaged(part: string): SessionError {
  return new SessionError('journal-damaged', `kept staged edits are damaged: ${part}`, { part });
}

function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  // A call with too many arguments fails; a multiple of 3 keeps the pieces free of padding.
  for (let i = 0; i < bytes.length; i += 0x6000) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(i, i + 0x6000))));
  }
  return pieces.join('');
}

function fromBase64(data: string, most: number): Uint8Array {
  if (data.length > most * 2) throw damaged('bytes');
  let binary: string;
  try {
    binary = atob(data);
  } catch {
    throw damaged('bytes');
  }
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
