/**
 * Commands for a shell we do not know. The login shell may be sh, bash, busybox, csh or fish, and may print text of its
 * own before our command runs; what counts is run by `/bin/sh` and stands between marks that nothing else prints.
 */
import { randomBytes } from 'node:crypto';
import { clean } from '../../model/plain.ts';
import { BoardError, type ErrorFacts } from '../errors.ts';

/** A text as one argument for a POSIX shell, whatever characters it holds (not NUL, which no argument can hold). */
export function shellQuoted(text: string): string {
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

/** How much text of a login shell is skipped, in bytes. */
export const maxNoise = 65_536;

/** The marks around the output that counts, and before the input. */
export class OutputMarks {
  readonly #mark = `tilescope-${randomBytes(12).toString('hex')}`;

  /** A script whose standard output is marked; its own exit status is kept. It gets its input by `input`. */
  wrap(script: string): string {
    // In parts, so that a shell which echoes its commands does not print the mark.
    const [left, right] = [this.#mark.slice(0, 16), this.#mark.slice(16)];
    const say = (word: string) => `printf '\\n%s%s:${word}\\n' ${left} ${right}`;
    return [
      'LC_ALL=C; export LC_ALL',
      say('begin'),
      // One byte at a time, as every shell reads from a pipe: what follows is left to the script.
      'IFS= read -r i || i=',
      `if [ "$i" != "#${left}${right}" ]; then ${say('input')}; exit 96; fi`,
      '(',
      script,
      ')',
      's=$?',
      say('end'),
      'exit $s',
    ].join('\n');
  }

  /** What goes to a wrapped script's standard input: a mark that shows whether anything was read before, then `data`. */
  input(data: Uint8Array = new Uint8Array()): Buffer {
    return Buffer.concat([this.head, data]);
  }

  /** What `input` puts before the data. A comment, for the case that a shell takes it for a script. */
  get head(): Buffer {
    return Buffer.from(`#${this.#mark}\n`);
  }

  /**
   * What was printed between the marks, as latin1-safe bytes.
   * @param facts `host`, for the error
   * @throws BoardError `shell-ended`, `shell-flood`, `shell-input`
   */
  unwrap(output: Buffer, stderr: string, facts: ErrorFacts): Buffer {
    const begin = `\n${this.#mark}:begin\n`;
    const start = output.indexOf(begin);
    if (start < 0) throw shellEnded(output.toString('utf8'), stderr, facts);
    if (start > maxNoise) throw shellFlood(output, facts);
    if (output.includes(`\n${this.#mark}:input\n`)) {
      throw new BoardError('shell-input', 'the login shell read the input of the command', facts);
    }
    const end = output.lastIndexOf(`\n${this.#mark}:end\n`);
    if (end >= start + begin.length - 1) {
      return output.subarray(start + begin.length, Math.max(end, start + begin.length));
    }
    throw new BoardError('shell-ended', `the command did not run to its end: ${stderr.slice(-2000)}`, {
      ...facts,
      begun: 1,
    });
  }

  /** Why there is more output than was allowed, or none in time; `undefined` if the shell is not the reason. */
  explain(why: 'too-much' | 'late', output: Buffer, facts: ErrorFacts): BoardError | undefined {
    const start = output.indexOf(`\n${this.#mark}:begin\n`);
    if (why === 'too-much') return start < 0 || start > maxNoise ? shellFlood(output, facts) : undefined;
    return start < 0 ? shellHangs(output, facts) : undefined;
  }
}

/** The first line of what was printed, for a sentence. */
export function firstLine(text: string): string {
  return clean(text.trim().split('\n')[0]?.slice(0, 200) ?? '').trim();
}

/** The login shell ended, and what it was to run did not begin. */
export function shellEnded(output: string, stderr: string, facts: ErrorFacts): BoardError {
  const said = output.trim() === '' ? stderr : output;
  const detail = `the login shell ended without running the command: ${said.trim().slice(0, 2000)}`;
  return new BoardError('shell-ended', detail, { ...facts, text: firstLine(said) });
}

/** The login shell runs and runs, and what it was to run did not begin. */
export function shellHangs(output: Buffer, facts: ErrorFacts): BoardError {
  const text = output.toString('utf8', 0, 2000);
  const detail = `the login shell did not get as far as the command: ${text.trim()}`;
  return new BoardError('shell-hangs', detail, { ...facts, text: firstLine(text) });
}

/** The login shell printed more than `maxNoise` bytes before what it was to run began. */
export function shellFlood(output: Buffer, facts: ErrorFacts): BoardError {
  const text = output.toString('utf8', 0, 2000);
  const detail = `the login shell printed more than ${maxNoise} bytes: ${text.trim()}`;
  return new BoardError('shell-flood', detail, { ...facts, text: firstLine(text) });
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
