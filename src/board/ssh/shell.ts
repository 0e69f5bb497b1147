/**
 * Commands for a shell we do not know. The login shell may be sh, bash, busybox, csh or fish, and may print text of its
 * own before our command runs; what counts is run by `/bin/sh` and framed by marks that nothing else prints.
 */
import { randomBytes } from 'node:crypto';
import { BoardError, type ErrorFacts } from '../errors.ts';
import { printable } from './failures.ts';

/** One word for a POSIX shell, whatever characters it holds (not NUL, which no argument can hold). */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('an argument cannot hold a NUL character');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command line that runs a POSIX script under any login shell. Single quotes mean the same everywhere as long as there
 * is no quote, backslash, exclamation mark (csh), line break (csh) or non-ASCII character inside: those travel as
 * octal escapes that `printf %b` turns back.
 */
export function loginCommand(script: string): string {
  const bytes = Buffer.from(script, 'utf8');
  let safe = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    const plain = byte >= 0x20 && byte < 0x7f && !`'\\!`.includes(char);
    safe += plain ? char : `\\0${byte.toString(8).padStart(3, '0')}`;
  }
  return `exec /bin/sh -c 'eval "$(printf %b "$0")"' '${safe}'`;
}

/** Marks around the output that counts. */
export class Frame {
  readonly #mark = `tilescope-${randomBytes(12).toString('hex')}`;

  /** A script whose standard output is framed; its own exit status is kept. */
  wrap(script: string): string {
    // In parts, so that a shell which echoes its commands does not print the mark.
    const [left, right] = [this.#mark.slice(0, 16), this.#mark.slice(16)];
    return [
      'LC_ALL=C; export LC_ALL',
      `printf '\\n%s%s:begin\\n' ${left} ${right}`,
      '(',
      script,
      ')',
      's=$?',
      `printf '\\n%s%s:end\\n' ${left} ${right}`,
      'exit $s',
    ].join('\n');
  }

  /**
   * What was printed between the marks, as latin1-safe bytes.
   * @param facts `host`, for the error
   * @throws BoardError `shell-banner` if the marks are missing although something else was printed, else `agent-failed`
   */
  unwrap(output: Buffer, stderr: string, facts: ErrorFacts): Buffer {
    const begin = `\n${this.#mark}:begin\n`;
    const start = output.indexOf(begin);
    const end = output.lastIndexOf(`\n${this.#mark}:end\n`);
    if (start >= 0 && end >= start + begin.length - 1) {
      return output.subarray(start + begin.length, Math.max(end, start + begin.length));
    }
    const said = (output.length > 0 ? output.toString('utf8') : stderr).trim();
    const first = printable(said.split('\n')[0]?.slice(0, 200) ?? '');
    if (output.length > 0 && start < 0) {
      throw new BoardError('shell-banner', `the login shell printed something else: ${said.slice(0, 2000)}`, {
        ...facts,
        text: first,
      });
    }
    throw new BoardError('agent-failed', `the command did not run to its end: ${said.slice(0, 2000)}`, {
      ...facts,
      reason: first === '' ? 'it ended without output' : first,
    });
  }
}

/** `key=value` lines; later ones win, others are skipped. */
export function keyValues(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) found.set(line.slice(0, at), line.slice(at + 1));
  }
  return found;
}
