import { clean } from '../model/plain.ts';

/**
 * Every way in which reaching a board can fail, as a closed list. The code selects the sentence and the next step that
 * a person reads (`describeError` in `explain.ts`); `detail` carries what the kernel, ssh or the board said, for the log
 * and the board report.
 */
export type BoardErrorCode =
  // the device node and the driver
  | 'no-device' // the node does not exist (ENOENT, ENXIO, ENODEV)
  | 'other-device' // the path is something else than a node of the driver; it was not opened
  | 'permission' // EACCES or EPERM on the node, or on the owner's file descriptors
  | 'busy' // REQUEST answered EBUSY: another process owns the partition
  | 'no-partition' // the driver does not know these columns
  | 'no-memory-types' // the partition has shim tiles only
  | 'no-pidfd' // the kernel is older than 5.6: no way beside another owner
  | 'owner-hidden' // in use, but no process that holds it was found (kernel client such as XRT)
  | 'no-descriptor' // its owner closed its descriptor and keeps a mapping: there is nothing to duplicate
  | 'kernel-held' // in use by the kernel itself (XRT's zocl): no process and no descriptor list to borrow from
  | 'columns-taken' // some of these columns are in use as part of another partition
  | 'no-match' // none of the owner's buffers is certainly this memory: nothing is written beside it
  | 'hold-failed' // the holder process could not be started or ended
  | 'no-halting' // cores of this partition cannot be halted; `why` says what is against it
  | 'debug-in-use' // somebody else uses a core's debug registers
  | 'no-recording' // the board's side does not have it, or not any more
  | 'unknown-driver' // not one of the driver families this version knows; needs the person's consent
  | 'not-asked' // nobody uses the partition, and nobody asked for it
  | 'gave-way' // a long read of a free partition ended, because somebody opened the device
  | 'no-quiet' // applications start and end without a pause, so the driver was not asked for its list
  | 'driver-hung' // a call of the driver does not return
  | 'driver' // any other errno of the driver; detail names ioctl and errno
  // a file in place of a board
  | 'snapshot-file' // it cannot be read, or is no snapshot
  | 'snapshot' // what was asked needs a device
  // the access
  | 'epoch' // a new epoch began since they were read
  | 'locked' // the write policy or the way to the bytes allows no write
  | 'out-of-range'
  | 'cancelled'
  | 'timeout'
  | 'protocol' // the other side sent something that is not allowed
  | 'internal'
  // reaching the host
  | 'host-unknown' // the name does not resolve
  | 'refused' // connection refused
  | 'unreachable' // no route, network down
  | 'proxy-failed' // ProxyJump or ProxyCommand failed
  | 'host-key-changed'
  | 'host-key-revoked'
  | 'host-key-rejected' // the person declined, or StrictHostKeyChecking forbids
  | 'no-algorithms' // the two ends share no cipher, key exchange or host key type
  | 'auth-failed'
  | 'key-unreadable' // identity file missing, bad permissions, wrong passphrase
  | 'config' // ssh configuration cannot be read or is contradictory
  | 'connection-lost'
  | 'server-limit' // the SSH server has no room: it closes connections at once, or opens no further session
  // starting the agent there
  | 'no-exec' // every candidate folder is mounted noexec
  | 'read-only' // no folder can be written
  | 'disk-full'
  | 'in-the-way' // a folder stands in every place where the agent's file belongs
  | 'wrong-arch' // the agent does not run on this machine
  | 'shell-banner' // text came where the agent should answer
  | 'shell-ended' // the login shell did not run the command, or not to its end
  | 'shell-hangs' // the login shell does not get as far as the command
  | 'shell-flood' // the login shell prints more text of its own than is skipped
  | 'shell-input' // the login shell read the input that was meant for the command
  | 'no-programs' // programs such as `uname` and `cat` are not on the board's PATH
  | 'upload-corrupt' // SHA-256 of the uploaded agent differs
  | 'sudo-failed' // sudo missing, wrong password, or anything else that sudo says
  | 'sudo-refused' // sudo does not allow this user
  | 'sudo-broken' // sudo's own configuration or installation does not work
  | 'agent-failed' // the agent ended or could not start
  | 'agent-version' // the agent speaks another protocol
  | 'no-addon'; // this computer cannot be a board: other system, or the native part is missing or does not load

/** Facts that go into the sentence; every value is plain text or a number. */
export type ErrorFacts = Readonly<Record<string, string | number>>;

/** The one error type that crosses the board seam. */
export class BoardError extends Error {
  readonly code: BoardErrorCode;
  /**
   * Values for the sentence: `host`, `path`, `owner`, `pid`, `command`, `fingerprint`, ... Texts are plain (one bounded
   * line without control characters) and not escaped. Code that shows them where markup has a meaning escapes them.
   */
  readonly facts: ErrorFacts;

  /**
   * @param code what failed
   * @param detail what was tried and what was answered, in English, for logs and reports
   * @param facts values that the sentence shown to the person needs
   * @param cause the underlying error
   */
  constructor(code: BoardErrorCode, detail: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(clean(detail.trim().replace(/\s*\n\s*/g, ' | ')), cause === undefined ? undefined : { cause });
    this.name = 'BoardError';
    this.code = code;
    this.facts = Object.fromEntries(
      Object.entries(facts).map(([name, value]) => [name, typeof value === 'string' ? clean(value) : value]),
    );
  }
}

/**
 * Failures of a write after which it is certain that the request wrote nothing. A core that has begun to write answers
 * these as outcomes of what it left; every other failure may have come in the middle, or from the way to the core.
 */
export const nothingWritten: ReadonlySet<BoardErrorCode> = new Set([
  'epoch',
  'locked',
  'busy',
  'out-of-range',
  'no-match',
  'no-pidfd',
  'kernel-held',
  'permission',
  'owner-hidden',
  'no-descriptor',
  'columns-taken',
  'no-partition',
  'unknown-driver',
  'no-quiet',
]);

/**
 * What an aborted signal stands for: `timeout` if a limit of ours ran out (`AbortSignal.timeout`, alone or in
 * `AbortSignal.any`), else `cancelled`: a person did that, so it is not shown.
 *
 * @param cause what the aborted work ended with, if it ended by itself
 */
export function abortError(signal: AbortSignal, cause?: unknown): BoardError {
  const reason: unknown = signal.reason;
  return isLimit(reason) ? outOfTime(cause ?? reason) : new BoardError('cancelled', 'cancelled', {}, cause);
}

/** Throws `abortError` if the signal is aborted. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal);
}

/** Anything thrown, as a BoardError (`internal` if it was none). */
export function toBoardError(error: unknown): BoardError {
  if (error instanceof BoardError) return error;
  if (isLimit(error)) return outOfTime(error);
  if (error instanceof Error && error.name === 'AbortError') return new BoardError('cancelled', 'cancelled');
  return new BoardError('internal', error instanceof Error ? error.message : String(error), {}, error);
}

/** The reason of a signal whose time ran out. */
function isLimit(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'TimeoutError';
}

function outOfTime(cause: unknown): BoardError {
  return new BoardError('timeout', 'no answer within the time that was given', {}, cause);
}
