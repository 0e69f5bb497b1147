import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeElf } from '../../test/program/elf.ts';

interface Uri {
  readonly path: string;
  readonly fsPath: string;
  with(change: { readonly path: string }): Uri;
}
const uriOf = (path: string): Uri => ({ path, fsPath: path, with: (change) => uriOf(change.path) });

vi.mock('vscode', () => ({
  workspace: {
    isTrusted: true,
    getConfiguration: () => ({ get: () => '' }),
    fs: {
      stat: async ({ path }: Uri) => {
        const { size, mtimeMs } = await stat(path);
        return { size, mtime: mtimeMs };
      },
      readFile: ({ path }: Uri) => readFile(path),
    },
  },
}));

const { ProgramFiles } = await import('./program-files.ts');

const tile = { col: 6, row: 3 };
const other = { col: 6, row: 4 };
let folder: string;
let files: InstanceType<typeof ProgramFiles>;
let changes: number;
const faults: string[] = [];
const elfOf = ({ row }: { readonly row: number }): string => join(folder, `core_0_${row}.elf`);

/** Writes the ELF of a core; its only function has the name. */
async function build(of: typeof tile, name: string): Promise<void> {
  const symbol = { name, value: 0x100, size: 0x40, type: 2, section: '.text' };
  const text = { name: '.text', flags: 6, address: 0x100, bytes: new Uint8Array(0x40) };
  await mkdir(dirname(elfOf(of)), { recursive: true });
  await writeFile(elfOf(of), makeElf({ sections: [text], symbols: [symbol] }));
}
const list = (of: typeof tile, text: string): Promise<void> =>
  writeFile(`${elfOf(of)}.lst`, `.label fir\n         512    ${text}\n`);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilescope-programs-'));
  const uris = [tile, other].map((of) => uriOf(elfOf(of)));
  files = new ProgramFiles(uris as never, { startCol: 6, coreStart: 1 }, (path) => faults.push(path));
  changes = 0;
  faults.length = 0;
  files.onDidChange(() => changes++);
});
afterEach(async () => {
  files.dispose();
  await rm(folder, { recursive: true, force: true });
});

const functionOf = (of: typeof tile): string | undefined => files.at(of)?.callsAt(0x110)[0]?.name;
const instructionOf = async (of: typeof tile): Promise<string | undefined> =>
  (await files.listing(of))?.[0]?.text;

test('a program that was built anew is read anew; the others stay, and nothing is told where none changed', async () => {
  await Promise.all([build(tile, 'fir'), build(other, 'sum')]);
  expect([functionOf(tile), functionOf(other)]).toEqual([undefined, undefined]);
  await vi.waitFor(() => expect(changes).toBe(1));
  expect([functionOf(tile), functionOf(other)]).toEqual(['fir', 'sum']);
  const before = files.at(other);
  await files.dropChanged();
  expect(changes).toBe(1);

  await build(tile, 'filter');
  expect(functionOf(tile)).toBe('fir');
  await files.dropChanged();
  expect([changes, functionOf(tile)]).toEqual([2, undefined]);
  await vi.waitFor(() => expect(functionOf(tile)).toBe('filter'));
  expect(files.at(other)).toBe(before);
});

test('one that could not be read is told once, and read when it is there', async () => {
  await build(other, 'sum');
  files.at(tile);
  await vi.waitFor(() => expect(faults).toEqual([elfOf(tile)]));
  await vi.waitFor(() => expect(changes).toBe(1));
  await files.dropChanged();
  expect([changes, functionOf(tile), faults.length]).toEqual([1, undefined, 1]);
  await build(tile, 'fir');
  await files.dropChanged();
  files.at(tile);
  await vi.waitFor(() => expect(functionOf(tile)).toBe('fir'));
});

test('a listing is read anew after a change of it, or of its ELF', async () => {
  await build(tile, 'fir');
  await list(tile, 'NOPA');
  expect(await instructionOf(tile)).toBe('NOPA');
  await list(tile, 'NOPA;   NOPB');
  expect(await instructionOf(tile)).toBe('NOPA');
  await files.dropChanged();
  expect([changes, await instructionOf(tile)]).toEqual([1, 'NOPA; NOPB']);
  await files.dropChanged();
  expect(changes).toBe(1);
  await build(tile, 'filter');
  await files.dropChanged();
  expect(changes).toBe(2);
});
