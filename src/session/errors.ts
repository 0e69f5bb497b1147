import type { ErrorFacts } from '../board/errors.ts';

/**
 * What a session itself refuses, beside what the board refuses.
 * `bytes-unknown`: an edit on bytes that were never read (facts `offset`); read them first.
 * `bytes-unreadable`: an edit on bytes that cannot be read (facts `offset`, `reason`).
 * `bytes-left`: the range has bytes that were not read before the application ended, beside bytes that it left.
 * `bytes-changed-hands`: a new epoch began while bytes for one gesture were read.
 * `journal-version`: staged edits kept by another version of the extension (facts `version`).
 * `journal-damaged`: kept staged edits that are not well formed (facts `part`).
 * `journal-unreadable`: kept staged edits whose file cannot be read from the disk.
 * `journal-mismatch`: kept staged edits of another memory.
 */
export type SessionErrorCode =
  | 'bytes-unknown'
  | 'bytes-unreadable'
  | 'bytes-left'
  | 'bytes-changed-hands'
  | 'journal-version'
  | 'journal-damaged'
  | 'journal-unreadable'
  | 'journal-mismatch';

/** A refusal of a session. Nothing was changed by the call that threw it. */
export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** Values for the sentence that a person reads. */
  readonly facts: ErrorFacts;

  constructor(code: SessionErrorCode, detail: string, facts: ErrorFacts = {}) {
    super(detail);
    this.name = 'SessionError';
    this.code = code;
    this.facts = facts;
  }
}
