import { expect, test } from 'vitest';
import { comparablePath, plainPath } from './source-paths.ts';

test('spellings of one file are equal; letters of another case are another file, but not on Windows', () => {
  for (const path of ['/p/build/../src/k.cc', '/p/./src//k.cc', '/p/src/k.cc', '/p/../p/src/./k.cc']) {
    expect(comparablePath(path, 'linux')).toBe('/p/src/k.cc');
  }
  expect(comparablePath('/p/src/K.cc', 'darwin')).toBe('/p/src/K.cc');
  // There a backslash is part of a name.
  expect(comparablePath('/p/a\\..\\k.cc', 'linux')).toBe('/p/a\\..\\k.cc');
  for (const path of [
    'C:\\w/src/k.cc',
    'c:\\w\\src\\k.cc',
    'C:/w/build/../src/K.cc',
    'c:\\W\\.\\src\\k.cc',
  ]) {
    expect(comparablePath(path, 'win32')).toBe('c:\\w\\src\\k.cc');
  }
  expect(comparablePath('\\\\Server\\share\\a/../k.cc', 'win32')).toBe('\\\\server\\share\\k.cc');
});

test('an editor gets a path in the letters that it was written in', () => {
  expect(plainPath('C:\\W/build/../Src/k.cc', 'win32')).toBe('C:\\W\\Src\\k.cc');
  expect(plainPath('/P/build/../Src/k.cc', 'linux')).toBe('/P/Src/k.cc');
});
