import { describe, expect, test, vi } from 'vitest';
import * as vscode from 'vscode';
import { FileFault } from '../model/program/faults.ts';
import { ManualTime } from '../session/scripted-board.ts';
import { BuildFiles } from './build-files.ts';
import type { ReadsFiles } from './file-reader.ts';
import type { FoundBuild } from './name-model.ts';
import { answerTo, type ReadRequest } from './readers.ts';

/** The files of a window without watchers that work: path and what is in it. */
const files = vi.hoisted(
  () =>
    new Map<
      string,
      { readonly bytes: Uint8Array; readonly mtime: number; readonly size?: number; readonly type?: number }
    >(),
);
const window = vi.hoisted(() => ({ searches: 0, created: (_path: string): void => undefined }));

vi.mock('vscode', async () => {
  const { matchesGlob } = await import('node:path');
  class Uri {
    readonly path: string;
    constructor(path: string) {
      this.path = path;
    }
    static parse = (text: string) => new Uri(text.replace('file://', ''));
    static joinPath = ({ path }: Uri, step: string) =>
      new Uri(step === '..' ? path.slice(0, path.lastIndexOf('/')) : `${path}/${step}`);
    with = ({ path }: { path: string }) => new Uri(path);
    toString = () => `file://${this.path}`;
  }
  const nothing = { dispose: () => undefined };
  const stat = async ({ path }: Uri) => {
    const file = files.get(path);
    if (file !== undefined)
      return { size: file.size ?? file.bytes.length, mtime: file.mtime, type: file.type ?? 1 };
    const below = [...files.keys()].filter((one) => one.startsWith(`${path}/`));
    if (below.length === 0) throw new Error('no such file');
    return { size: 0, mtime: below.length, type: 2 };
  };
  return {
    Uri,
    FileType: { File: 1, Directory: 2 },
    Disposable: { from: () => nothing },
    RelativePattern: class {},
    workspace: {
      asRelativePath: ({ path }: Uri) => path.slice(1),
      getWorkspaceFolder: () => ({}),
      onDidChangeWorkspaceFolders: () => nothing,
      createFileSystemWatcher: (pattern: string) => ({
        ...nothing,
        onDidCreate: (listener: (uri: Uri) => void) => {
          if (pattern === '**/*') window.created = (path) => listener(new Uri(path));
        },
        onDidChange: () => nothing,
        onDidDelete: () => nothing,
      }),
      findFiles: async (pattern: string) => {
        window.searches++;
        return [...files.keys()]
          .filter((path) => matchesGlob(path.slice(1), pattern))
          .map((path) => new Uri(path));
      },
      fs: {
        stat,
        readFile: async ({ path }: Uri) => files.get(path)?.bytes ?? Promise.reject(new Error('gone')),
      },
    },
  };
});

const configPath = '/Work/ps/c_rts/aie_control_config.json';

/** A window in which time goes on when the test says so. */
class Bench {
  readonly time = new ManualTime();
  readonly faults: unknown[] = [];
  told: readonly FoundBuild[][] = [];
  readonly files: BuildFiles;

  constructor(added: readonly string[] = []) {
    files.clear();
    this.files = new BuildFiles(
      () => added,
      reader,
      async (builds) => {
        this.told = [...this.told, [...builds]];
      },
      (milliseconds, action) => this.time.after(milliseconds, action),
      (thrown) => this.faults.push(thrown),
    );
  }

  /** The kernels of the builds that were told last. */
  get kernels(): readonly string[] {
    return (this.told.at(-1) ?? []).flatMap(({ build }) => {
      const content = build.config?.content;
      return content !== undefined && 'kernels' in content ? content.kernels.map(({ name }) => name) : [];
    });
  }
}

function write(path: string, text: string, mtime = 1): void {
  files.set(path, { bytes: new TextEncoder().encode(text), mtime });
}

function config(kernel: string): string {
  const mapping = [{ graph: 'g', column: 0, row: 0, function: kernel }];
  return JSON.stringify({ aie_metadata: { TileMapping: { AIEKernelToTileMapping: mapping } } });
}

/** Reads at once, as the thread does. */
const reader: ReadsFiles = {
  read: async (reading, params) => {
    const answer = answerTo({ id: 0, reading, params } as ReadRequest);
    if ('fault' in answer) throw new FileFault(answer.fault.kind, answer.fault.place);
    return answer.result;
  },
  rest: () => undefined,
};

describe('files that a person adds', () => {
  test('a control file of another name is a build by itself; its folder is not searched for it', async () => {
    const bench = new Bench(['file:///notes/dumped.json']);
    write('/notes/dumped.json', config('dumped'));
    await bench.files.read();
    expect(bench.kernels).toEqual(['dumped']);
    expect(bench.told.at(-1)).toMatchObject([{ id: 'file:///notes/dumped.json', isAdded: true }]);
  });

  test('which files can say something of a build, by their names', () => {
    const of = (path: string) => BuildFiles.canBeRead(vscode.Uri.parse(`file://${path}`));
    for (const path of [
      '/a.xclbin',
      '/x/any.json',
      configPath,
      '/b/core_0_2.elf',
      '/b/x_with_addresses.mlir',
    ])
      expect(of(path), path).toBe(true);
    for (const path of ['/b/mine.elf', '/b/aie.mlir', '/b/notes.txt', '/b/core_0_2.bcf'])
      expect(of(path), path).toBe(false);
  });

  test('pipes and devices are not opened; a container may be larger than other files', async () => {
    const bench = new Bench(['file:///large.xclbin']);
    const pipe = { bytes: new TextEncoder().encode(config('never')), mtime: 1, type: 0 };
    files.set(configPath, pipe);
    files.set('/large.xclbin', { bytes: new Uint8Array(4), mtime: 1, size: 200 * 1024 * 1024 });
    files.set('/other/ps/c_rts/aie_control_config.json', { ...pipe, type: 1, size: 200 * 1024 * 1024 });
    await bench.files.read();
    const kinds = (bench.told.at(-1) ?? []).map(({ id, build }) => {
      const content = build.config?.content;
      return [id, content instanceof FileFault ? content.kind : 'read'];
    });
    expect(kinds).toEqual([
      ['file:///Work', 'no-file'],
      ['file:///large.xclbin', 'not-container'],
      ['file:///other', 'too-large'],
    ]);
  });
});

describe('files of builds in a window whose watchers tell nothing', () => {
  test('a build that comes is found by itself while watchers begin, then by what a person does', async () => {
    const bench = new Bench();
    await bench.time.pass(1_000);
    write(configPath, config('early'));
    await bench.time.pass(60_000);
    expect(bench.kernels).toEqual(['early']);
    files.clear();
    await bench.time.pass(60_000);
    expect(bench.kernels).toEqual([]);
    write(configPath, config('late'));
    bench.files.searchSoon();
    await bench.time.pass(0);
    expect(bench.kernels).toEqual(['late']);
    expect(bench.faults).toEqual([]);
  });

  test('a file that was read is compared with what it was: changed, replaced and gone, it is read anew', async () => {
    const bench = new Bench();
    write(configPath, config('first'));
    await bench.time.pass(60_000);
    write(configPath, config('other'), 2);
    await bench.time.pass(11_000);
    expect(bench.kernels).toEqual(['other']);
    write('/Work/ps/c_rts/beside', '');
    const searches = window.searches;
    await bench.time.pass(11_000);
    expect(window.searches, 'its folder has changed').toBeGreaterThan(searches);
    files.delete(configPath);
    await bench.time.pass(11_000);
    expect(bench.kernels).toEqual([]);
    const quiet = window.searches;
    await bench.time.pass(600_000);
    expect(window.searches, 'nothing is searched while nothing changes').toBe(quiet);
  });

  test('a folder that is made at once with its parents: only the outermost is told, and all below is found', async () => {
    const bench = new Bench();
    await bench.time.pass(60_000);
    write('/Work/ps/c_rts/log', '');
    window.created('/Work');
    await bench.time.pass(2_000);
    expect(bench.kernels).toEqual([]);
    write(configPath, config('deep'));
    await bench.time.pass(10_000);
    expect(bench.kernels).toEqual(['deep']);
    await bench.time.pass(60_000);
    const searches = window.searches;
    window.created('/Work/ps/c_rts/log');
    window.created('/node_modules/deep');
    await bench.time.pass(60_000);
    expect(window.searches, 'files and foreign folders are none').toBe(searches);
  });

  test('Refresh reads a file that looks as it was; so does a search soon after it was written', async () => {
    const bench = new Bench();
    write(configPath, config('one'), Date.now());
    await bench.files.read();
    write(configPath, config('two'), files.get(configPath)?.mtime);
    await bench.files.read();
    expect(bench.kernels, 'it was written just before it was read').toEqual(['two']);
    write(configPath, config('old'), 1);
    await bench.files.read();
    write(configPath, config('new'), 1);
    await bench.files.read();
    expect(bench.kernels).toEqual(['old']);
    await bench.files.refresh();
    expect(bench.kernels).toEqual(['new']);
  });

  test('changes faster than a reading do not keep builds from being told', async () => {
    const bench = new Bench();
    write(configPath, config('first'));
    const first = bench.files.read();
    const second = first.then(() => bench.kernels);
    await Promise.resolve();
    const all = Array.from({ length: 20 }, () => bench.files.read());
    await first;
    write(configPath, config('second'), 2);
    await Promise.all(all);
    expect(await second).toEqual(['first']);
    expect(bench.kernels, 'the one reading that follows sees what was written meanwhile').toEqual(['second']);
    expect(bench.told.length).toBe(2);
  });

  test('what a person does within two seconds leads to two searches, and none after the end', async () => {
    const bench = new Bench();
    await bench.time.pass(60_000);
    const { length } = bench.told;
    for (let i = 0; i < 30; i++) bench.files.searchSoon();
    await bench.time.pass(5_000);
    expect(bench.told.length).toBe(length + 2);
    bench.files.dispose();
    await bench.files.read();
    await bench.time.pass(60_000);
    expect(bench.told.length).toBe(length + 2);
  });
});
