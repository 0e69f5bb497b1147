import { describe, expect, test } from 'vitest';
import { simulatedShapes } from '../board/simulated/shape.ts';
import { fileResource, listedAt, type ToldBoard } from './listing.ts';

const partition = { key: '6_2', columns: { startCol: 6, numCols: 2 }, startRow: 0, numRows: 11 };
const shim = { key: '9_1', columns: { startCol: 9, numCols: 1 }, startRow: 0, numRows: 1 };
const told: ToldBoard = {
  generation: 'aieml',
  array: simulatedShapes.aieml,
  partitions: [partition, shim],
};

/** Names in a folder; those of folders end with a slash. */
function names(path: string, board: ToldBoard = told): string[] | undefined {
  const listed = listedAt('board', path, board);
  return listed?.kind === 'folder'
    ? listed.names.map(({ name, kind }) => (kind === 'folder' ? `${name}/` : name))
    : undefined;
}

function lengthAt(path: string, board: ToldBoard = told): number | undefined {
  const listed = listedAt('board', path, board);
  return listed?.kind === 'file' ? listed.length : undefined;
}

describe('[hex-9] folders', () => {
  test('a board has its partitions, each of these its data and memory-tile memory, whole and by tile', () => {
    for (const root of ['', '/']) expect(names(root)).toEqual(['6_2/', '9_1/']);
    const memories = ['data/', 'data.aiemem', 'memory-tile/', 'memory-tile.aiemem'];
    expect(names('/6_2')).toEqual(memories);
    expect(names('/6_2/')).toEqual(memories);
    expect(names('/6_2/memory-tile')).toEqual(['6_1.aiemem', '6_2.aiemem', '7_1.aiemem', '7_2.aiemem']);
    expect(names('/6_2/data')).toHaveLength(16);
  });

  test('program memory is no file, and no other memory either', () => {
    for (const memory of ['program', 'uc-program', 'uc-private-data', 'uc-shared-data']) {
      const board: ToldBoard = { ...told, generation: 'aie2ps', array: simulatedShapes.aie2ps };
      expect(listedAt('board', `/6_2/${memory}`, board)).toBeUndefined();
      expect(listedAt('board', `/6_2/${memory}.aiemem`, board)).toBeUndefined();
      expect(listedAt('board', `/6_2/${memory}/6_3.aiemem`, board)).toBeUndefined();
      expect(fileResource('board', `/6_2/${memory}.aiemem`)).toBeUndefined();
    }
  });

  test('an array without memory tiles has no folder of them; a partition of shim tiles is empty', () => {
    const board: ToldBoard = { ...told, generation: 'aie', array: simulatedShapes.aie };
    expect(names('/6_2', board)).toEqual(['data/', 'data.aiemem']);
    expect(names('/9_1')).toEqual([]);
  });

  test('where the driver did not tell what the array is, partitions are empty', () => {
    const board: ToldBoard = { partitions: told.partitions };
    expect(names('/', board)).toEqual(['6_2/', '9_1/']);
    expect(names('/6_2', board)).toEqual([]);
    expect(lengthAt('/6_2/data.aiemem', board)).toBeUndefined();
  });
});

describe('[hex-9] files', () => {
  test('have the size of their memory in the layout', () => {
    expect(lengthAt('/6_2/data/7_10.aiemem')).toBe(0x10000);
    expect(lengthAt('/6_2/data.aiemem')).toBe(16 * 0x10000);
    expect(lengthAt('/6_2/memory-tile.aiemem')).toBe(4 * 0x80000);
  });

  test('nothing else is there', () => {
    for (const path of [
      '/7_2',
      '/7_2/data.aiemem',
      '/6_2/data/8_3.aiemem',
      '/6_2/data/7_11.aiemem',
      '/6_2/data/7_2.aiemem',
      '/6_2/data/7_3',
      '/6_2/data/7_3.aiemem/more',
      '/6_2/data.bin',
      '/6_2/../6_2',
      '/6_2/constructor',
    ]) {
      expect(listedAt('board', path, told), path).toBeUndefined();
    }
  });

  test('every listed file is there, with the name of the resource that the editor opens', () => {
    for (const memory of ['data', 'memory-tile']) {
      for (const name of names(`/6_2/${memory}`) ?? []) {
        const path = `/6_2/${memory}/${name}`;
        expect(lengthAt(path), path).toBeGreaterThan(0);
        expect(fileResource('board', path)?.tile).toBeDefined();
      }
    }
  });
});
