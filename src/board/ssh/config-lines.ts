/**
 * Lines of an ssh_config(5) file, split the way OpenSSH splits them: double and single quotes, backslash before quotes,
 * backslashes and blanks, `#` as a comment only where a word would begin, one `=` allowed after the keyword.
 */

/** One directive. */
export interface ConfigLine {
  /** Lower case. */
  readonly keyword: string;
  readonly args: readonly string[];
  /** The rest of the line as it stands, for directives that take a command. */
  readonly rest: string;
}

/** A line that OpenSSH would refuse; `message` is one English sentence part. */
export class ConfigSyntaxError extends Error {}

/** Splits a line; `undefined` for blank lines and comments. Throws ConfigSyntaxError. */
export function parseConfigLine(text: string): ConfigLine | undefined {
  const line = text.replace(/[ \t\r\n\f]+$/, '').replace(/^[ \t]+/, '');
  if (line === '' || line.startsWith('#')) return undefined;
  const head = /^"?([^\s="]+)"?[ \t]*=?[ \t]*(.*)$/s.exec(line);
  const keyword = head?.[1];
  if (keyword === undefined) throw new ConfigSyntaxError('the line has no keyword');
  const rest = head?.[2] ?? '';
  const lower = keyword.toLowerCase();
  return { keyword: lower, args: takesCommand(lower) ? [] : splitArguments(rest), rest };
}

/** Their value runs to the end of the line and is not split. */
function takesCommand(keyword: string): boolean {
  return (
    keyword === 'proxycommand' ||
    keyword === 'localcommand' ||
    keyword === 'remotecommand' ||
    keyword === 'knownhostscommand'
  );
}

/** Arguments of a directive's value. */
function splitArguments(text: string): string[] {
  const args: string[] = [];
  let i = 0;
  while (i < text.length) {
    if (text[i] === ' ' || text[i] === '\t') {
      i++;
      continue;
    }
    if (text[i] === '#') break;
    let word = '';
    let quote = '';
    for (; i < text.length; i++) {
      const c = text[i] ?? '';
      const following = text[i + 1] ?? '';
      if (c === '\\' && (/^["'\\]$/.test(following) || (quote === '' && following === ' '))) {
        word += following;
        i++;
      } else if (quote === '' && (c === ' ' || c === '\t')) {
        break;
      } else if (quote === '' && (c === '"' || c === "'")) {
        quote = c;
      } else if (quote !== '' && c === quote) {
        quote = '';
      } else {
        word += c;
      }
    }
    if (quote !== '') throw new ConfigSyntaxError('a quotation mark is not closed');
    args.push(word);
  }
  return args;
}
