/**
 * Host and user patterns as ssh_config(5) and known_hosts use them (`*`, `?`, comma lists, `!` negation), and patterns of
 * file names as glob(7) has them, with `[...]`.
 */

/** One place of a pattern: a run of any length, or whether a character fits. */
type Unit = '*' | ((character: string) => boolean);

/** True if `text` matches one pattern; `*` stands for any run, `?` for one character. Case matters. */
export function matchesPattern(text: string, pattern: string): boolean {
  return matches(
    text,
    Array.from({ length: pattern.length }, (_, at) => plainUnit(pattern[at] ?? '')),
  );
}

/** True if a file name matches a pattern of glob(7): `*`, `?`, `[a-z]`, `[!a]` or `[^a]`, and a backslash before any. */
export function matchesGlob(name: string, pattern: string): boolean {
  return matches(name, globUnits(pattern));
}

/** Whether a pattern stands for more than one name. */
export function isGlob(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

function plainUnit(sign: string): Unit {
  if (sign === '*') return '*';
  return sign === '?' ? () => true : (character) => character === sign;
}

function globUnits(pattern: string): Unit[] {
  const units: Unit[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at] ?? '';
    // A bracket that stands first in a set is one of its characters; a set that does not end is no set.
    const set = sign === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(pattern.slice(at)) : null;
    if (set !== null) {
      const [whole, not = '', inside = ''] = set;
      units.push((character) => inSet(character, inside) === (not === ''));
      at += whole.length - 1;
    } else if (sign === '\\' && at + 1 < pattern.length) {
      at++;
      const literal = pattern[at];
      units.push((character) => character === literal);
    } else units.push(plainUnit(sign));
  }
  return units;
}

function inSet(character: string, inside: string): boolean {
  for (let at = 0; at < inside.length; at++) {
    const from = inside[at] ?? '';
    const to = inside[at + 2];
    if (inside[at + 1] === '-' && to !== undefined) {
      if (character >= from && character <= to) return true;
      at += 2;
    } else if (character === from) return true;
  }
  return false;
}

function matches(text: string, units: readonly Unit[]): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let u = 0;
  while (at < text.length) {
    const unit = units[u];
    if (unit === '*') {
      star = u++;
      resume = at;
    } else if (unit?.(text[at] ?? '') === true) {
      u++;
      at++;
    } else if (star >= 0) {
      u = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (units[u] === '*') u++;
  return u === units.length;
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
