import { describe, expect, test } from 'vitest';
import { configSample as newer } from '../../../test/program/samples.ts';
import { readControlConfig } from './control-config.ts';
import { faultText } from './fault-texts.ts';
import { FileFault } from './faults.ts';
import { type BoardShape, placeBuild, placementText, tileOf } from './placement.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};

const kernel = (column: number, row: number, name = 'scale.k[0]', schedule = 0) => ({
  graph: 'mygraph',
  tile: 'aie',
  column,
  row,
  schedule,
  function: name,
});
const config = (metadata: object) =>
  JSON.stringify({ schema_version: { major: '1' }, aie_metadata: metadata });
const aieml: BoardShape = {
  generation: 'aieml',
  array: {
    numCols: 38,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: 2 },
    core: { start: 3, count: 8 },
  },
  partitions: [{ startCol: 0, numCols: 38 }],
};

function faultIn(text: string): string {
  try {
    return readControlConfig(text)
      .faults.map((fault) => faultText(fault, l10n))
      .join(' ');
  } catch (error) {
    if (error instanceof FileFault) return faultText(error, l10n);
    throw error;
  }
}

describe('[names-1] aie_control_config.json', () => {
  test('graphs, kernels by schedule, and what it says of the array', () => {
    expect(readControlConfig(newer)).toEqual({
      graphs: ['mygraph'],
      kernels: [
        { name: 'a.k', graph: 'mygraph', column: 2, row: 0 },
        { name: 'b.k', graph: 'mygraph', column: 3, row: 1 },
      ],
      parameters: [
        {
          port: 'mygraph.k.in[1]',
          bytes: 64,
          locks: { selector: 3, ping: 4, pong: 5 },
          selector: { column: 2, row: 0, offset: 8192 },
          ping: { column: 2, row: 0, offset: 8224 },
          pong: { column: 2, row: 1, offset: 0 },
        },
      ],
      shape: { generation: 2, coreStart: 3, numCols: 8, startCols: [10] },
      faults: [],
    });
  });

  test('without driver_config and TileMapping it names graphs only', () => {
    expect(readControlConfig(config({ graphs: { graph0: { name: 'g' } }, RTPs: {} }))).toEqual({
      graphs: ['g'],
      kernels: [],
      parameters: [],
      shape: { startCols: [] },
      faults: [],
    });
  });

  test('what does not fit in one entry leaves the others as they are', () => {
    const good = { port_name: 'p', number_of_bytes: 4, is_input: 'false' };
    const places = Object.fromEntries(
      ['selector', 'ping_buffer', 'pong_buffer'].flatMap((part) =>
        ['row', 'column', 'address'].map((key) => [`${part}_${key}`, 0] as const),
      ),
    );
    const read = readControlConfig(
      config({
        TileMapping: { AIEKernelToTileMapping: [{ ...kernel(1, 1), row: 'x' }, kernel(2, 1)] },
        RTPs: { bad: { ...good, ...places, number_of_bytes: -1 }, rtp1: { ...good, ...places } },
      }),
    );
    expect(read.kernels.map(({ column }) => column)).toEqual([2]);
    const nowhere = { column: 0, row: 0, offset: 0 };
    expect(read.parameters).toEqual([
      { port: 'p', bytes: 4, isOutput: true, selector: nowhere, ping: nowhere, pong: nowhere },
    ]);
    expect(read.faults.map((fault) => faultText(fault, l10n))).toEqual([
      'A whole number of a sensible size should stand here. (at aie_metadata.TileMapping.AIEKernelToTileMapping[0].row)',
      'A whole number of a sensible size should stand here. (at aie_metadata.RTPs.bad.number_of_bytes)',
    ]);
  });

  test('what does not fit is said in words, with its place', () => {
    expect(faultIn('')).toBe('This file is empty.');
    expect(faultIn(' \n')).toBe('This file is empty.');
    expect(faultIn('{\n"aie_metadata": {,\n}')).toBe('This is no JSON. (line 2)');
    expect(faultIn('{"aie_metadata": ')).toBe('This is no JSON. (line 1)');
    expect(faultIn('{"PDIs": []}')).toBe(
      'This is JSON, but not what aiecompiler writes: it has no aie_metadata.',
    );
    expect(faultIn('[]')).toBe('An object should stand here.');
    const at = 'aie_metadata.TileMapping.AIEKernelToTileMapping[0]';
    const broken = (value: unknown) =>
      faultIn(config({ TileMapping: { AIEKernelToTileMapping: [{ ...kernel(1, 1), column: value }] } }));
    const wrong = `A whole number of a sensible size should stand here. (at ${at}.column)`;
    for (const value of [-1, 1.5, 1e9, 'x', [], true]) expect(broken(value)).toBe(wrong);
    expect(
      faultIn(config({ RTPs: { rtp0: { port_name: 'p', number_of_bytes: 4, selector_address: 0 } } })),
    ).toBe('selector_column is missing here. (at aie_metadata.RTPs.rtp0)');
    expect(broken(undefined)).toBe(`column is missing here. (at ${at})`);
    expect(faultIn(config({ graphs: { a: 7 } }))).toBe(
      'An object should stand here. (at aie_metadata.graphs.a)',
    );
    expect(faultIn(config({ driver_config: { partition_overlay_start_cols: 3 } }))).toBe(
      'A list should stand here. (at aie_metadata.driver_config.partition_overlay_start_cols)',
    );
  });

  test('what says yes or no may be nested however deep, and lists however long: each is a fault or no yes', () => {
    const deep = `${'['.repeat(60_000)}1${']'.repeat(60_000)}`;
    const { aie_metadata: metadata } = JSON.parse(newer);
    const [[key, parameter]] = Object.entries<object>(metadata.RTPs) as [[string, object]];
    for (const name of ['is_input', 'requires_lock']) {
      const nested = config({ ...metadata, RTPs: { [key]: { ...parameter, [name]: 'HERE' } } });
      const [read] = readControlConfig(nested.replace('"HERE"', deep)).parameters;
      expect(read?.port).toBe('mygraph.k.in[1]');
      const isYes = (value: string) => readControlConfig(nested.replace('"HERE"', value)).parameters[0];
      expect(read).toEqual(isYes('"no"'));
      expect(isYes('[1]'), 'a list with a yes in it is none').toEqual(isYes('false'));
      for (const yes of ['1', '"1"', '"true"']) expect(isYes(yes)).toEqual(isYes('true'));
    }
    const many = JSON.stringify(Array.from({ length: 100_001 }, () => 0));
    expect(faultIn(`{"aie_metadata":{"TileMapping":{"AIEKernelToTileMapping":${many}}}}`)).toBe(
      'There is more in the file than any build makes. (at aie_metadata.TileMapping.AIEKernelToTileMapping)',
    );
  });
});

describe('[names-1] where the tiles of a build lie', () => {
  const { shape, kernels } = readControlConfig(newer);
  const at = { column: 2, row: 0 };
  const placed = (board: BoardShape, chosen?: number, of = shape) => {
    const placement = placeBuild(of, 4, board, chosen);
    return placement.kind === 'placed' ? tileOf(at, placement) : placementText(placement.problem, l10n);
  };

  test('with a start of 10, column 2, row 0 and cores from row 3 on is tile (12,3)', () => {
    expect(kernels[0]).toMatchObject(at);
    expect(placed(aieml)).toEqual({ col: 12, row: 3 });
    expect(placed({ ...aieml, partitions: [{ startCol: 10, numCols: 8 }] })).toEqual({ col: 12, row: 3 });
  });

  test("without a start in the build it is the only partition's", () => {
    const unsaid = { ...shape, startCols: [] };
    const eight = (startCol: number) => ({ startCol, numCols: 8 });
    expect(placed({ ...aieml, partitions: [eight(6)] }, undefined, unsaid)).toEqual({ col: 8, row: 3 });
    const others = { ...aieml, partitions: [eight(6), { startCol: 20, numCols: 4 }] };
    expect(placed(others, undefined, unsaid)).toEqual({ col: 8, row: 3 });
    expect(placed({ ...aieml, partitions: [eight(6), eight(20)] }, undefined, unsaid)).toBe(
      'The build does not say at which column it starts, and it fits several partitions.',
    );
    expect(placed({ ...aieml, partitions: [{ startCol: 6, numCols: 3 }] }, undefined, unsaid)).toBe(
      'The build does not say at which column it starts, and no partition has its columns.',
    );
  });

  test('a start that no partition has, several that fit, and one that a person gave', () => {
    expect(placed({ ...aieml, partitions: [{ startCol: 0, numCols: 8 }] })).toBe(
      'The build starts at column 10, and no partition has its columns.',
    );
    const several = { ...shape, startCols: [1, 10] };
    expect(placed(aieml, undefined, several)).toBe(
      'The build can start at more than one column, and partitions have these: 1, 10.',
    );
    const one = { ...aieml, partitions: [{ startCol: 8, numCols: 8 }] };
    expect(placed(one, undefined, several)).toEqual({ col: 12, row: 3 });
    expect(placed(aieml, 20, several)).toEqual({ col: 22, row: 3 });
    expect(placed(aieml, 36)).toBe(
      'From column 36 on the build would reach to column 39, which this board does not have.',
    );
  });

  test('rows and generation have to be those of the board; rows that nobody says are not guessed', () => {
    expect(placed({ ...aieml, generation: 'aie' })).toBe(
      'The build is for another generation of AI Engines than this board has.',
    );
    const rows = { ...aieml.array, core: { start: 2, count: 4 } } as BoardShape['array'] & object;
    expect(placed({ ...aieml, array: rows })).toBe(
      'The build is for an array whose cores begin in row 3; on this board they begin in row 2.',
    );
    const unsaid = { startCols: [10] };
    expect(placed(aieml, undefined, unsaid)).toEqual({ col: 12, row: 3 });
    const { array: _, ...unknown } = aieml;
    expect(placed(unknown, undefined, unsaid)).toBe(
      'Neither the build nor the board says in which row the cores begin.',
    );
  });
});
