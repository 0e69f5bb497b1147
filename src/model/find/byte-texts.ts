/** Typed bytes and texts as bytes with masks. Knows no memory. */
import { parseHex } from '../numbers.ts';
import type { MaskedBytes } from './byte-matcher.ts';
import { NoPattern } from './query.ts';

/** What may stand between bytes, as in source code and dumps. */
const between = /[\s,;:_-]|0x(?=[0-9a-f?])|\\x(?=[0-9a-f?])/giy;

/** The bit in which small and capital letters differ. */
const caseBit = 0x20;

/**
 * Hexadecimal digits as bytes; `?` stands for any digit: `A4 ?? 45`, `4?`. Throws NoPattern for anything else.
 */
export function hexBytesOf(text: string): MaskedBytes {
  const values: number[] = [];
  const masks: number[] = [];
  const nibble = (at: number): { readonly value: number; readonly mask: number } | undefined => {
    const character = text[at] ?? ' ';
    if (character === '?') return { value: 0, mask: 0 };
    const value = parseHex(character);
    return value === undefined ? undefined : { value, mask: 0xf };
  };
  for (let at = 0; at < text.length; ) {
    between.lastIndex = at;
    const gap = between.exec(text);
    if (gap !== null) {
      at += gap[0].length;
      continue;
    }
    const [high, low] = [nibble(at), nibble(at + 1)];
    if (high === undefined) throw new NoPattern({ kind: 'no-digit', at });
    if (low === undefined) {
      const isEnd = /^[\s,;:_-]?$/.test(text[at + 1] ?? '');
      throw new NoPattern(isEnd ? { kind: 'half-byte', at } : { kind: 'no-digit', at: at + 1 });
    }
    values.push(high.value * 16 + low.value);
    masks.push(high.mask * 16 + low.mask);
    at += 2;
  }
  if (values.length === 0) throw new NoPattern({ kind: 'empty' });
  return { values: Uint8Array.from(values), masks: Uint8Array.from(masks) };
}

/** A text in UTF-8. Without `matchCase` the letters A to Z fit in both cases. Throws NoPattern for an empty one. */
export function textBytesOf(text: string, matchCase: boolean): MaskedBytes {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0) throw new NoPattern({ kind: 'empty' });
  const masks = bytes.map((byte) => (!matchCase && isLetter(byte) ? 0xff & ~caseBit : 0xff));
  return { values: bytes.map((byte, i) => byte & (masks[i] ?? 0)), masks };
}

/** Whether a byte is one of the letters A to Z, in either case. */
export function isLetter(byte: number): boolean {
  const capital = byte & ~caseBit;
  return capital >= 0x41 && capital <= 0x5a;
}
