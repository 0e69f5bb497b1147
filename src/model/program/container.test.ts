import { expect, test } from 'vitest';
import { makeContainer } from '../../../test/program/samples.ts';
import { readAieMetadata } from './container.ts';
import { FileFault } from './faults.ts';

const sample = makeContainer([
  [6, 'memory'],
  [25, '{"aie_metadata": {}}\0'],
  [32, 'partition'],
]);

function faultOf(bytes: Uint8Array): unknown {
  try {
    return readAieMetadata(bytes);
  } catch (error) {
    return error;
  }
}

test('[names-1] section 25 is taken; without one that is said, and other files are refused', () => {
  expect(readAieMetadata(sample)).toBe('{"aie_metadata": {}}');
  expect(faultOf(makeContainer([[32, 'partition']]))).toMatchObject({ kind: 'no-metadata' });
  expect(faultOf(new TextEncoder().encode('xclbin1\0'))).toMatchObject({ kind: 'not-container' });
  expect(faultOf(new Uint8Array())).toMatchObject({ kind: 'not-container' });
});

test('sizes that lie are said with their place', () => {
  const changed = (at: number, value: number) => {
    const copy = sample.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return faultOf(copy);
  };
  expect(changed(0x130, sample.length + 1)).toMatchObject({ kind: 'outside-file', place: { byte: 0x130 } });
  expect(changed(0x134, 0x7fffffff)).toMatchObject({ kind: 'outside-file' });
  expect(changed(0x1c0, 0xffffffff)).toMatchObject({ kind: 'too-many', place: { byte: 0x1c0 } });
  expect(changed(0x1c0, 1000)).toMatchObject({ kind: 'outside-file', part: { kind: 'sections' } });
  const second = 0x1c8 + 40;
  expect(changed(second + 24, 0xfffffff0)).toMatchObject({ part: { kind: 'section', index: 1 } });
  expect(changed(second + 36, 0xffffffff)).toMatchObject({ kind: 'outside-file' });
  expect(changed(second + 32, 1 << 20)).toBeInstanceOf(FileFault);
});
