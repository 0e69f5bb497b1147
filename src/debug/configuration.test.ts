import { expect, test } from 'vitest';
import { mappedPath, readConfiguration } from './configuration.ts';

test('a launch configuration is taken as it is, or the wrong setting is named', () => {
  const right = {
    board: 'desk',
    partition: 6,
    programs: ['/work'],
    sourceMap: { '/a': '/b' },
    order: 'state',
  };
  expect(readConfiguration({ ...right, type: 'aie', request: 'attach', name: 'x' })).toEqual(right);
  expect(readConfiguration({})).toEqual({});
  for (const [setting, value] of [
    ['board', 3],
    ['partition', '6'],
    ['partition', -1],
    ['programs', '/work'],
    ['programs', [1]],
    ['sourceMap', { a: 1 }],
    ['order', 'name'],
  ] as const) {
    expect(readConfiguration({ ...right, [setting]: value })).toEqual({ wrong: setting });
  }
  expect(readConfiguration(null)).toEqual({ wrong: '' });
});

test('[debug-2] the longest beginning of a path counts', () => {
  const map = { '/build': '/here', '/build/lib/': '/there/', '': '/never' };
  expect(mappedPath('/build/fir.cc', map)).toBe('/here/fir.cc');
  expect(mappedPath('/build/lib/fir.cc', map)).toBe('/there/fir.cc');
  expect(mappedPath('/other/fir.cc', map)).toBe('/other/fir.cc');
});
