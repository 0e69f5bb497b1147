import { describe, expect, test } from 'vitest';
import { readControlConfig } from '../../model/program/control-config.ts';
import { dataPlace } from '../../model/program/data-space.ts';
import { DebugInfo } from '../../model/program/dwarf/debug-info.ts';
import { readElf } from '../../model/program/elf.ts';
import { readListing } from '../../model/program/listing.ts';
import { programImage } from '../../model/program/program-image.ts';
import { coreSymbols } from '../../model/program/symbols.ts';
import { ownedColumns, SimulatedArray } from './array.ts';
import { layout } from './contents.ts';
import { demoBuild } from './demo-build.ts';
import { kernelOf, roundOf } from './demo-graph.ts';
import { coreWordsOf } from './registers.ts';

const folder = '/home/me/demo';
const files = demoBuild(folder);
const textOf = (path: string): string => new TextDecoder().decode(files.get(path));
const array = new SimulatedArray({ now: () => 1_000_000 });
const running = [6, 7, 8].flatMap((col) => [1, 2, 3, 4, 5, 6].map((row) => ({ col, row })));

function elfOf({ col, row }: { col: number; row: number }): ReturnType<typeof readElf> {
  const core = `${col - ownedColumns.startCol}_${row - 1}`;
  return readElf(files.get(`Work/aie/${core}/Release/${core}`) ?? new Uint8Array());
}

/** The text of the source at an address. */
function lineAt(info: DebugInfo, address: number): string {
  const place = info.placeAt(address);
  const path = place?.file.startsWith(`${folder}/`) === true ? place.file.slice(folder.length + 1) : '';
  return textOf(path).split('\n')[(place?.line ?? 0) - 1] ?? '';
}

describe('the build of the simulated graph', () => {
  test.each(running)(
    '[debug-9] core ($col,$row): what its counter goes through are lines of its kernel',
    (tile) => {
      const elf = elfOf(tile);
      const info = new DebugInfo(elf);
      const { name } = kernelOf(tile);
      const round = roundOf(kernelOf(tile));
      const lines = round.map((address) => {
        expect(info.callsAt(address)).toMatchObject([{ name, isInlined: false }]);
        return lineAt(info, address);
      });
      expect(lines).not.toContain('');
      // Its loops begin again.
      const places = round.map((address) => info.placeAt(address)?.line ?? 0);
      expect(places.filter((line, i) => line < (places[i - 1] ?? 0)).length).toBeGreaterThan(0);
      expect(new Set(lines).size).toBeGreaterThan(12);
      expect(info.faults).toEqual([]);
      expect(info.callsAt(0x1bf)).toMatchObject([{ name: 'main' }]);
      expect(lineAt(info, 0x1bf)).toBe('  KERNEL();');
    },
  );

  test('[debug-9] cores that hang stand where their kernel acquires that lock, one that is done behind its end', () => {
    const at = (col: number, row: number): string => {
      const { counter } = coreWordsOf(array, { col, row });
      return lineAt(new DebugInfo(elfOf({ col, row })), counter).trim();
    };
    expect(at(7, 2)).toBe('acquire(room_in_north);');
    expect(at(7, 3)).toBe('acquire(edge_in_south);');
    expect(at(8, 6)).toBe('set_done();');
  });

  test('[debug-9] cores that run are seen at different lines, and elsewhere a moment later', () => {
    let now = 1_000_000;
    const moving = new SimulatedArray({ now: () => now });
    const seen = (): string[] =>
      running
        .filter((tile) => moving.activity(tile) === 'running')
        .map((tile) => lineAt(new DebugInfo(elfOf(tile)), coreWordsOf(moving, tile).counter));
    const first = seen();
    now += 500;
    expect(seen()).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  test('[debug-9] program memory holds what the ELFs say, also after the application was started again', () => {
    array.exitOwner();
    expect(array.startOwner()).toBe(true);
    for (const tile of running) {
      const { bytes } = programImage(elfOf(tile));
      expect(bytes.length).toBe(0xa00);
      expect(array.peek('program', tile, 0, bytes.length)).toEqual(bytes);
    }
  });

  test('[debug-9] globals and stack lie in the own memory of the core, where the graph keeps its data', () => {
    for (const tile of running) {
      const elf = elfOf(tile);
      const info = new DebugInfo(elf);
      const place = (address: number) => dataPlace('aie', array.shape, tile, address);
      expect(info.globals.map(({ name, address }) => [name, place(address)])).toEqual([
        ['table', { tile, offset: layout.table }],
        ['counters', { tile, offset: layout.counters }],
        ['ping', { tile, offset: layout.ping }],
        ['pong', { tile, offset: layout.pong }],
      ]);
      const { stack, buffers } = coreSymbols(elf, [], info);
      expect(place(stack?.address ?? 0)).toEqual({ tile, offset: layout.stack });
      expect(buffers.find(({ name }) => name === 'ping')).toMatchObject({ size: 4096, type: 'cint16[1024]' });
    }
  });

  test('the listing has each instruction, the control file each kernel in its tile', () => {
    const listing = readListing(textOf('Work/aie/1_1/Release/1_1.lst'), 'lst');
    expect(listing).toHaveLength(0xa00 / 16);
    expect(listing.find(({ address }) => address === 0x3c0)?.text).toMatch(/^ACQ /);
    const { kernels, faults, graphs } = readControlConfig(textOf('Work/ps/c_rts/aie_control_config.json'));
    expect([faults, graphs]).toEqual([[], ['demo_graph']]);
    expect(kernels.map(({ column, row, name }) => [column + 6, row + 1, name])).toEqual(
      running.map((tile) => [tile.col, tile.row, kernelOf(tile).name]),
    );
  });
});
