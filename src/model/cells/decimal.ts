/** Decimal numbers as a person types them, exact: they are rounded only once, to what a format can hold. */
import { longestText } from './format.ts';

/** `digits` times ten to the power `power`, negative or not. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: bigint;
  readonly power: number;
}

const pattern = /^([+-]?)(?=\.?\d)(\d*)\.?(\d*)(?:e([+-]?\d{1,9}))?$/i;
/** Beyond these powers of ten every format overflows, or rounds to zero. */
export const farthestPower = 400;

/** The decimal number that a text is, if it is one. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = text.length > longestText ? null : pattern.exec(text.trim());
  if (match === null) return undefined;
  const [, minus = '', whole = '', fraction = '', power = '0'] = match;
  return {
    negative: minus === '-',
    digits: BigInt(whole + fraction),
    power: Number(power) - fraction.length,
  };
}

/**
 * The whole number nearest to the decimal times two to the power `shift`; ties go to the even one. `undefined` if it is
 * beyond every format.
 */
export function roundScaled({ negative, digits, power }: Decimal, shift: number): bigint | undefined {
  if (digits === 0n) return 0n;
  const size = digits.toString().length + power;
  if (size > farthestPower) return undefined;
  if (size < -farthestPower) return 0n;
  const over = (digits * 10n ** BigInt(Math.max(power, 0))) << BigInt(Math.max(shift, 0));
  const under = (10n ** BigInt(Math.max(-power, 0))) << BigInt(Math.max(-shift, 0));
  let units = over / under;
  const twice = 2n * (over % under);
  if (twice > under || (twice === under && (units & 1n) === 1n)) units++;
  return negative ? -units : units;
}
