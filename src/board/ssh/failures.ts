/** What sockets and ssh2 throw, turned into the board's own errors. */
import { BoardError, type BoardErrorCode, type ErrorFacts } from '../errors.ts';

const byErrno: Readonly<Record<string, BoardErrorCode>> = {
  ENOTFOUND: 'host-unknown',
  EAI_AGAIN: 'host-unknown',
  EAI_FAIL: 'host-unknown',
  EAI_NODATA: 'host-unknown',
  EAI_NONAME: 'host-unknown',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'connection-lost',
  ECONNABORTED: 'connection-lost',
  EPIPE: 'connection-lost',
};

/**
 * A failure of the transport or of the SSH protocol.
 * @param error what was thrown
 * @param during what was going on, in a few words (`connecting to host port 22`)
 * @param facts `host`, `port`, ...
 */
export function connectionFailure(error: unknown, during: string, facts: ErrorFacts): BoardError {
  if (error instanceof BoardError) return error;
  const { code, message } = codeAndMessage(error);
  const detail = `${during}: ${message}`;
  const mapped = byErrno[code];
  if (mapped !== undefined) return new BoardError(mapped, detail, { ...facts, reason: message }, error);
  if (/no matching/i.test(message)) {
    // Two healthy ends that share no algorithm: no retry helps, a newer server does.
    return new BoardError('no-algorithms', detail, { ...facts, reason: message }, error);
  }
  if (/connection lost|not connected|no response from server|socket/i.test(message)) {
    return new BoardError('connection-lost', detail, { ...facts, reason: message }, error);
  }
  if (/too many authentication failures/i.test(message)) {
    return new BoardError('auth-failed', detail, { ...facts, reason: message }, error);
  }
  // Any other failure before the end of the handshake: ssh2 does not understand the server.
  return new BoardError('protocol', detail, { ...facts, reason: message }, error);
}

/** The errno name, or '', and the message, of anything thrown. */
export function codeAndMessage(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code: unknown = 'code' in error ? error.code : '';
  const text = typeof code === 'string' ? code : '';
  return { code: text, message: error.message === '' ? text : error.message };
}

/** A cancelled step. */
export function cancelled(): BoardError {
  return new BoardError('cancelled', 'cancelled');
}
