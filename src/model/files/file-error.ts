/**
 * What a file with bytes or numbers can have wrong, with the place. `facts` are for the sentence that a person reads:
 * `line` (from 1), `offset` (bytes), `text` (of the file: to be treated as hostile), `type`, `bytes`, `most`.
 */
export type FileErrorCode =
  /** Nothing in it that could be compared or staged. */
  | 'file-empty'
  /** More than can be taken (facts `most`). */
  | 'file-too-large'
  /** It ends before what its header promises (facts `bytes`: promised). */
  | 'file-cut'
  /** A NumPy header that is not well formed (facts `offset`). */
  | 'npy-header'
  /** A NumPy format version that is not known (facts `text`). */
  | 'npy-version'
  /** NumPy values that are no numbers of 1 to 8 bytes (facts `text`). */
  | 'npy-type'
  /** A word that is no number (facts `line`, `text`). */
  | 'no-number'
  /** A first row that may be names or bits (facts `line`, `text`). */
  | 'heading-unclear'
  /** A row of a simulator's CSV file that is not understood (facts `line`, `text`). */
  | 'csv-row'
  /** A row of a simulator's CSV file of which only some bytes count (facts `line`, `text`: its TKEEP). */
  | 'csv-keep'
  /** A line that is no Intel HEX record (facts `line`, `text`). */
  | 'hex-record'
  /** An Intel HEX record whose sum is wrong (facts `line`). */
  | 'hex-checksum'
  /** Two records for one address (facts `line` of the second by address). */
  | 'hex-overlap'
  /** JSON that is damaged, or holds something else than numbers (facts `text`). */
  | 'json'
  /** Bytes for a place that the memory does not have (facts `text`: the place). */
  | 'file-outside'
  /** No snapshot, or a damaged one (facts `text`: the part). */
  | 'snapshot'
  /** The file system refused (facts `text`: what it said). */
  | 'file-unreadable'
  | 'file-unwritten'
  /** A number that the type in memory does not have (facts `text`, `type`, and `line` where the file has lines). */
  | 'number-outside';

/** A file that cannot be taken. */
export class FileError extends Error {
  readonly code: FileErrorCode;
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(code: FileErrorCode, facts: Readonly<Record<string, string | number>> = {}) {
    super(`${code} ${JSON.stringify(facts)}`);
    this.name = 'FileError';
    this.code = code;
    this.facts = facts;
  }
}
