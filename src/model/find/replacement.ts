/** What stands in place of a hit. Knows no memory, and not who may change it. */
import { cellFormat } from '../cells/cell-format.ts';
import type { MaskedBytes } from './byte-matcher.ts';
import { hexBytesOf, textBytesOf } from './byte-texts.ts';
import { type FindProblem, type FindQuery, longestPattern, NoPattern } from './query.ts';

/**
 * Reads what hits of a query are replaced by: bytes and expressions by hexadecimal digits, of which `?` stay as they are,
 * text by text, values by values.
 */
export function replacementOf(
  { kind, cells }: FindQuery,
  text: string,
): MaskedBytes | { readonly kind: 'none'; readonly problem: FindProblem } {
  try {
    if (text.length > longestPattern) throw new NoPattern({ kind: 'too-long' });
    if (kind === 'text') return textBytesOf(text, true);
    return kind === 'value' ? valuesOf(text, cells) : hexBytesOf(text);
  } catch (error) {
    if (error instanceof NoPattern) return { kind: 'none', problem: error.problem };
    throw error;
  }
}

/** The bytes of a hit with the replacement laid over; both have the same length. */
export function replaced(bytes: Uint8Array, { values, masks }: MaskedBytes): Uint8Array {
  return bytes.map((byte, i) => (byte & ~(masks[i] ?? 0)) | (values[i] ?? 0));
}

function valuesOf(text: string, cells: FindQuery['cells']): MaskedBytes {
  const format = cellFormat(cells, true);
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length === 0) throw new NoPattern({ kind: 'empty' });
  const values = new Uint8Array(words.length * format.bytes);
  for (const [i, value] of words.entries()) {
    const parsed = format.parse(value);
    if (!(parsed instanceof Uint8Array)) throw new NoPattern({ kind: 'no-value', value, refusal: parsed });
    values.set(parsed, i * format.bytes);
  }
  return { values, masks: new Uint8Array(values.length).fill(0xff) };
}
