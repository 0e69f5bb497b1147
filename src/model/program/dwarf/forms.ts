/** How the value behind an attribute is skipped and read, whatever its form (DWARF 5, 7.5.6). */
import { forms } from './constants.ts';
import type { Cursor } from './cursor.ts';

/** Bytes of the forms that always have as many. */
const fixedBytes: ReadonlyMap<number, number> = new Map([
  [forms.address, 4],
  [forms.data1, 1],
  [forms.data2, 2],
  [forms.data4, 4],
  [forms.data8, 8],
  [forms.data16, 16],
  [forms.flag, 1],
  [forms.flagPresent, 0],
  [forms.implicitConstant, 0],
  [forms.textOffset, 4],
  [forms.lineTextOffset, 4],
  [forms.textSupplement, 4],
  [forms.gnuTextAlternative, 4],
  [forms.sectionOffset, 4],
  [forms.referenceAddress, 4],
  [forms.gnuReferenceAlternative, 4],
  [forms.reference1, 1],
  [forms.reference2, 2],
  [forms.reference4, 4],
  [forms.reference8, 8],
  [forms.referenceSignature, 8],
  [forms.referenceSupplement4, 4],
  [forms.referenceSupplement8, 8],
  [forms.textIndex1, 1],
  [forms.textIndex2, 2],
  [forms.textIndex3, 3],
  [forms.textIndex4, 4],
  [forms.addressIndex1, 1],
  [forms.addressIndex2, 2],
  [forms.addressIndex3, 3],
  [forms.addressIndex4, 4],
]);

/** Bytes of a value of the form; undefined where its length stands in it. */
export function bytesOfForm(form: number): number | undefined {
  return fixedBytes.get(form);
}

/** Moves behind a value of the form. Throws `DebugFault` for an unknown one. */
export function skipForm(cursor: Cursor, form: number): void {
  const fixed = fixedBytes.get(form);
  if (fixed !== undefined) {
    cursor.skip(fixed);
    return;
  }
  switch (form) {
    case forms.text:
      cursor.skipText();
      return;
    case forms.signed:
    case forms.unsigned:
    case forms.referenceUnsigned:
    case forms.textIndex:
    case forms.addressIndex:
    case forms.locationListIndex:
    case forms.rangeListIndex:
    case forms.gnuAddressIndex:
    case forms.gnuTextIndex:
      cursor.skipLeb();
      return;
    case forms.indirect:
      skipForm(cursor, indirectForm(cursor));
      return;
    default:
      readBlock(cursor, form);
  }
}

/** The form that stands before an indirect value. Throws `DebugFault` for one that has no value of its own there. */
export function indirectForm(cursor: Cursor): number {
  const form = cursor.uleb();
  if (form === forms.indirect || form === forms.implicitConstant) throw cursor.fault('form', form);
  return form;
}

/** The bytes of a block or an expression, not copied. Throws `DebugFault` for another form. */
export function readBlock(cursor: Cursor, form: number): Uint8Array {
  switch (form) {
    case forms.block1:
      return cursor.block(cursor.u8());
    case forms.block2:
      return cursor.block(cursor.u16());
    case forms.block4:
      return cursor.block(cursor.u32());
    case forms.block:
    case forms.expression:
      return cursor.block(cursor.uleb());
    case forms.data16:
      return cursor.block(16);
    default:
      throw cursor.fault('form', form);
  }
}

/**
 * The number that stands there: a constant, an offset, an index, an address, a flag; undefined for a form without one.
 * References count as they stand there.
 */
export function readNumber(cursor: Cursor, form: number): number | undefined {
  switch (form) {
    case forms.signed:
      return cursor.sleb();
    case forms.unsigned:
    case forms.referenceUnsigned:
    case forms.textIndex:
    case forms.addressIndex:
    case forms.locationListIndex:
    case forms.rangeListIndex:
    case forms.gnuAddressIndex:
    case forms.gnuTextIndex:
      return cursor.uleb();
    case forms.flagPresent:
      return 1;
  }
  switch (fixedBytes.get(form)) {
    case 1:
      return cursor.u8();
    case 2:
      return cursor.u16();
    case 3:
      return cursor.u24();
    case 4:
      return cursor.u32();
    case 8:
      return cursor.u64();
    default:
      return undefined;
  }
}
