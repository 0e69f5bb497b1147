/** The text of a file. */

/** Byte order marks of the encodings that are told by one; without any it is UTF-8. */
const marks = [
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
] as const;

/** Whether a byte order mark says that the file is text of 16-bit units, as PowerShell writes it. */
export function isWideText(file: Uint8Array): boolean {
  return marks.some(({ bytes }) => bytes.every((byte, i) => file[i] === byte));
}

/** The text, without its byte order mark; what is no character becomes U+FFFD. */
export function textOf(file: Uint8Array): string {
  const mark = marks.find(({ bytes }) => bytes.every((byte, i) => file[i] === byte));
  return new TextDecoder(mark?.encoding ?? 'utf-8').decode(file);
}
