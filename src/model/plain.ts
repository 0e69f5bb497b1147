/**
 * Makes text of others (a board, a server, a file) safe to show: no view can take it for markup. All text for a person goes
 * through here; the faces do so in `say/`.
 */

/** More than any sentence of ours; what is longer is cut, so that no text can bury the buttons below it. */
const mostShown = 8000;

/** The most that a board, a server or a file may say in one place. */
const mostSaid = 4096;

/** As `cleanLine`, and not more than 4,096 characters: foreign text as it goes on from where it came in. */
export function clean(text: string): string {
  return cleanLine(text.slice(0, mostSaid));
}

/** One line without control and direction characters: each becomes U+FFFD. */
export function cleanLine(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/**
 * Text as every face may show it, lines kept. A space breaks what VS Code or Theia would take for a link (`[label](target)`,
 * `<scheme:...>`) or an icon (`$(name)`): nothing else can be put into a plain string there, backslashes would be shown.
 * Applied twice it gives the same.
 */
export function plainText(text: string): string {
  const cut = text.length > mostShown ? `${text.slice(0, mostShown)}...` : text;
  return cut
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .split('\n')
    .map(cleanLine)
    .join('\n')
    .replace(/([\]$])(?=\()/g, '$1 ')
    .replace(/<(?=[a-z][a-z0-9+.-]*:)/gi, '< ');
}

/** Text of any kind, to stand between tags of HTML or SVG, or in an attribute. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text inside Markdown that reads as it is: addresses are no links either. Lines stay lines. */
export function markdownText(text: string): string {
  return plainText(text)
    .replace(/ +/g, ' ')
    .replace(/[!-/:-@[-`{-~]/g, '\\$&')
    .replaceAll('\n', '  \n');
}

/** One line inside Markdown as a code span that nothing in the text can end, without table breaks; `-` for nothing. */
export function markdownCode(text: string): string {
  const line = [...text].map((c) => (c < ' ' || c === '\u007f' || c === '`' || c === '|' ? ' ' : c)).join('');
  return line.trim() === '' ? '-' : `\`${cleanLine(line.slice(0, 500))}\``;
}
