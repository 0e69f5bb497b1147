/** How numbers are written in hexadecimal, and read from text: the driver's, ssh's, what a person types. */

/** At least `digits` hexadecimal digits. */
export function hexDigits(value: number | bigint, digits: number, upperCase = true): string {
  const text = value.toString(16).padStart(digits, '0');
  return upperCase ? text.toUpperCase() : text;
}

/** `0x` and at least `digits` hexadecimal digits. */
export function hexNumber(value: number | bigint, digits = 1): string {
  return `0x${hexDigits(value, digits)}`;
}

/** Bytes as two digits each, a space between them. */
export function hexPairs(bytes: Uint8Array, upperCase = true): string {
  return Array.from(bytes, (byte) => hexDigits(byte, 2, upperCase)).join(' ');
}

/** A plain decimal number of at most ten digits. */
export function parseDecimal(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/**
 * Hexadecimal digits with or without `0x` (the driver's `%#.8x` prints zero without it, its `%llx` never prints it); at
 * most 52 bits.
 */
export function parseHex(text: string): number | undefined {
  return /^(?:0x)?0*[0-9a-f]{1,13}$/i.test(text) ? Number.parseInt(text.replace(/^0x/i, ''), 16) : undefined;
}
