/** Host and user patterns as ssh_config(5) and known_hosts use them: `*`, `?`, comma lists, `!` negation. */

/** True if `text` matches one pattern; `*` stands for any run, `?` for one character. Case matters. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let p = 0;
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = at;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[at])) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** What a list of patterns says: a matching negated pattern decides against, whatever else matches. */
export function matchList(text: string, patterns: readonly string[]): 'yes' | 'no' | 'negated' {
  let found = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(text, pattern.slice(1))) return 'negated';
    } else if (matchesPattern(text, pattern)) {
      found = true;
    }
  }
  return found ? 'yes' : 'no';
}
