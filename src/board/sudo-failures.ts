/** What sudo says when it starts nothing, as the error that it stands for. Sudo runs with `LC_ALL=C`. */
import { BoardError, type BoardErrorCode, type ErrorFacts } from './errors.ts';

/** Whether `sudo -n` would do with a password. */
export function wantsPassword(said: string): boolean {
  return /(password|authentication) is required|no askpass|terminal is required|no tty present/i.test(said);
}

/** Whether sudo gave up because of the password. */
export function isWrongPassword(said: string): boolean {
  return /incorrect password|try again|no password was provided|authentication fail/i.test(said);
}

/** In this order: sudo with a broken configuration also says that the user is not in the sudoers file. */
const causes: readonly (readonly [RegExp, BoardErrorCode])[] = [
  [/exec format error|cannot execute binary/i, 'wrong-arch'],
  [/unable to execute .*permission denied/i, 'no-exec'],
  [
    /(parse|syntax) error|no valid sudoers|world writable|(should be|must be|is) owned by|effective uid|no new privileges|plugin|sudo\.conf|unable to (open|read|stat|initialize)/i,
    'sudo-broken',
  ],
  [
    /not in the sudoers file|not allowed to|may not run|must have a tty|account validation|account .*(expired|locked)|can't do that/i,
    'sudo-refused',
  ],
];

/**
 * The error for a sudo that ended before what it was to start began.
 * @param said its standard error, without our prompts
 * @param how its end, in words
 * @param facts `host` and what else is known; `reason`, the line of sudo that says it, is added
 */
export function sudoFailure(said: string, how: string, facts: ErrorFacts): BoardError {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const detail = `sudo: ${how}: ${lines.join('\n')}`;
  for (const [words, code] of causes) {
    const reason = lines.find((line) => words.test(line));
    if (reason !== undefined) return new BoardError(code, detail, { ...facts, reason });
  }
  // Words that are none of sudo's are those of what it started.
  const code = lines.length === 0 || /sudo|password/i.test(said) ? 'sudo-failed' : 'agent-failed';
  return new BoardError(code, detail, { ...facts, reason: lines.at(-1) ?? how });
}
