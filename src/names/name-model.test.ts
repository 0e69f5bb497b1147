import { describe, expect, test } from 'vitest';
import { readControlConfig } from '../model/program/control-config.ts';
import { FileFault } from '../model/program/faults.ts';
import type { BoardShape } from '../model/program/placement.ts';
import { NameChoices } from './name-choices.ts';
import { type FoundBuild, NameModel } from './name-model.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};
const board: BoardShape = {
  generation: 'aie',
  array: {
    numCols: 50,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: 0 },
    core: { start: 1, count: 8 },
  },
  partitions: [
    { startCol: 0, numCols: 4 },
    { startCol: 6, numCols: 4 },
  ],
};
const kernel = (column: number, row: number, name: string) => ({ graph: 'g', column, row, function: name });

function build(
  label: string,
  kernels: readonly object[],
  driver: object | undefined = { hw_gen: 1, aie_tile_row_start: 1 },
  isAdded = false,
): FoundBuild {
  const text = JSON.stringify({
    aie_metadata: {
      ...(driver === undefined ? {} : { driver_config: driver }),
      TileMapping: { AIEKernelToTileMapping: kernels },
    },
  });
  const config = { label, content: readControlConfig(text) };
  return { id: `file:///${label}`, label, isAdded, sameAs: text, build: { config, cores: [], modules: [] } };
}

function modelOf(builds: readonly FoundBuild[], starts: Readonly<Record<string, number>> = {}): NameModel {
  const model = new NameModel({
    board: (id) => (id === 'desk' ? board : undefined),
    chosenStart: (id, on) => starts[`${id}@${on}`],
    l10n,
  });
  model.builds = builds;
  return model;
}

const startAt6 = { hw_gen: 1, aie_tile_row_start: 1, partition_overlay_start_cols: [6] };
const at = (col: number, row: number) => ({ col, row });

describe('[names-1] the names of tiles', () => {
  test('kernels of a tile: one, several, none', () => {
    const model = modelOf([
      build('one.json', [kernel(1, 2, 'a.k'), kernel(1, 2, 'b.k'), kernel(0, 0, 'c.k')], startAt6),
    ]);
    expect(model.tileName('desk', at(7, 3))).toBe('a.k, b.k');
    expect(model.tileLines('desk', at(7, 3))).toEqual(['Kernel a.k of graph g', 'Kernel b.k of graph g']);
    expect(model.tileName('desk', at(6, 1))).toBe('c.k');
    expect(model.tileName('desk', at(6, 2))).toBe('');
    expect(model.boardLines('desk')).toEqual(['Names from one.json: 3 kernels in 2 tiles.']);
    expect(model.tileName('other', at(7, 3))).toBe('');
    expect(model.boardLines('other')).toEqual(['Names from one.json: the board is not connected.']);
  });

  test('where the start is not known nothing is named, and the way out is', () => {
    const one = build('one.json', [kernel(1, 2, 'a.k')]);
    const model = modelOf([one]);
    expect(model.tileName('desk', at(1, 3))).toBe('');
    expect(model.tileName('desk', at(7, 3))).toBe('');
    expect(model.boardLines('desk')).toEqual([
      'Names from one.json: The build does not say at which column it starts, and it fits several partitions. ' +
        'Choose the partition with "Add Names from a Build...".',
    ]);
    const chosen = modelOf([one], { [`${one.id}@desk`]: 6 });
    expect(chosen.tileName('desk', at(7, 3))).toBe('a.k');
    expect(chosen.boardLines('desk')).toEqual(['Names from one.json: 1 kernel, in tile (7,3).']);
  });

  test('a partition that a person chose gives its first column, unless the build names one in it', () => {
    const columns = { startCol: 6, numCols: 4 };
    const starting = (starts: readonly number[]) =>
      build('one.json', [], { partition_overlay_start_cols: starts });
    const model = modelOf([]);
    expect(model.startIn(starting([]), columns)).toBe(6);
    expect(model.startIn(starting([7]), columns)).toBe(7);
    expect(model.startIn(starting([0, 7, 20]), columns)).toBe(7);
    expect(model.startIn(starting([7, 8]), columns)).toBe(6);
    expect(model.startIn(starting([10]), columns)).toBe(6);
  });

  test('of several found builds none counts until one is added; copies are one', () => {
    const first = build('a.json', [kernel(1, 2, 'a.k')], startAt6);
    const second = build('b.json', [kernel(1, 2, 'b.k')], startAt6);
    const two = modelOf([second, first]);
    expect(two.tileName('desk', at(7, 3))).toBe('');
    expect(two.boardLines('desk')).toEqual([
      'Names: 2 builds were found. Choose one with "Add Names from a Build...".',
    ]);
    expect(modelOf([first, { ...second, isAdded: true }]).tileName('desk', at(7, 3))).toBe('b.k');
    expect(modelOf([first, { ...first, id: 'copy', label: 'copy' }]).tileName('desk', at(7, 3))).toBe('a.k');
    expect(modelOf([]).boardLines('desk')).toEqual([]);
  });

  test('files that name nothing say so', () => {
    const said = (one: FoundBuild) => modelOf([one]).boardLines('desk');
    expect(
      said({
        ...build('a.json', []),
        build: { config: { label: 'a.json', content: new FileFault('empty', {}) }, cores: [], modules: [] },
      }),
    ).toEqual(['Names from a.json: a.json: This file is empty.']);
    expect(
      said(build('a.json', [kernel(1, 2, 'a.k'), { ...kernel(1, 3, 'b.k'), row: -1 }], startAt6)),
    ).toEqual([
      'Names from a.json: 1 kernel, in tile (7,3). a.json: entries that do not fit are left out: 1. ' +
        'A whole number of a sensible size should stand here. (at aie_metadata.TileMapping.AIEKernelToTileMapping[1].row)',
    ]);
    expect(said(build('a.json', []))).toEqual([
      'Names from a.json: a.json has no TileMapping: it names no kernel with its tile.',
    ]);
    const [first] = said(build('a.json', [kernel(0, 0, 'k')], { partition_overlay_start_cols: [6] }));
    expect(first).toBe(
      'Names from a.json: 1 kernel, in tile (6,1). The file has no driver_config: ' +
        "its rows are counted from this board's first row of cores, 1.",
    );
  });
});

test('added builds and their starts are kept; what is stored may be anything', async () => {
  let stored: unknown = [{ build: 7 }, 'x', { build: 'file:///a', starts: { desk: 3 } }];
  const store = {
    get: () => stored,
    update: async (_: string, value: unknown) => {
      stored = value;
    },
  };
  const choices = new NameChoices(store);
  expect(choices.builds).toEqual(['file:///a']);
  expect(choices.start('file:///a', 'desk')).toBe(3);
  expect(choices.start('file:///a', 'toString')).toBeUndefined();
  await choices.add('file:///b', { board: 'desk', startCol: 6 });
  await choices.add('file:///a');
  expect(choices.start('file:///a', 'desk')).toBe(3);
  expect(choices.start('file:///b', 'desk')).toBe(6);
  await choices.remove('file:///a');
  await choices.remove('file:///b');
  expect(stored).toBeUndefined();
});
