import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

interface Uri {
  readonly path: string;
  readonly fsPath: string;
  with(change: { readonly path: string }): Uri;
}
const uriOf = (path: string): Uri => ({ path, fsPath: path, with: (change) => uriOf(change.path) });

const window = { isTrusted: true, disassembler: '' as unknown };

vi.mock('vscode', () => ({
  l10n: {
    t: (text: string, ...args: string[]) => args.reduce((all, one, i) => all.replace(`{${i}}`, one), text),
  },
  workspace: {
    get isTrusted() {
      return window.isTrusted;
    },
    getConfiguration: (section: string) => ({
      get: (name: string) =>
        `${section}.${name}` === 'tilescope.disassembler' ? window.disassembler : undefined,
    }),
    fs: { stat: ({ path }: Uri) => stat(path), readFile: ({ path }: Uri) => readFile(path) },
  },
}));

const { listingOf } = await import('./listing-files.ts');

let folder: string;
let elf: Uri;
let tool: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilescope-listing-'));
  elf = uriOf(join(folder, '6_3'));
  tool = join(folder, 'objdump');
  await writeFile(elf.path, 'an ELF');
  await writeFile(tool, `#!/bin/sh\ntouch '${folder}/started'\nprintf '     4a0:\\tacq r0, #3\\n'\n`);
  await chmod(tool, 0o755);
  Object.assign(window, { isTrusted: true, disassembler: '' });
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const instructions = async (): Promise<string[] | undefined> =>
  (await listingOf(elf as never))?.map(({ text }) => text);
const listed = (): Promise<void> =>
  writeFile(`${elf.path}.lst`, '.label fir\n         512    NOPA;   NOPB\n');
const wasStarted = (): boolean => existsSync(join(folder, 'started'));

test('the disassembler of the settings comes first, else the listing beside the ELF, else there is none', async () => {
  expect(await instructions()).toBeUndefined();
  window.disassembler = 7;
  expect(await instructions()).toBeUndefined();
  await listed();
  expect(await instructions()).toEqual(['NOPA; NOPB']);
  window.disassembler = tool;
  expect(await instructions()).toEqual(['acq r0, #3']);
  expect(wasStarted()).toBe(true);
  window.disassembler = join(folder, 'none');
  await expect(instructions()).rejects.toThrow(/none gave no disassembly: .*"tilescope\.disassembler"/);
});

test('nothing is started in a workspace that is not trusted; that is said where no listing is there either', async () => {
  Object.assign(window, { isTrusted: false, disassembler: tool });
  await expect(instructions()).rejects.toThrow(/do not trust\. Trust it/);
  await listed();
  expect(await instructions()).toEqual(['NOPA; NOPB']);
  expect(wasStarted()).toBe(false);
});

test('what names programs and files of this machine is no setting of a workspace, nor of a launch configuration', async () => {
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    readonly contributes: {
      readonly configuration: { readonly properties: Record<string, { readonly scope?: string }> };
      readonly debuggers: readonly [{ readonly configurationAttributes: { readonly attach: object } }];
    };
    readonly capabilities: {
      readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
    };
  };
  const { configuration, debuggers } = manifest.contributes;
  const ofMachine = Object.entries(configuration.properties).filter(([, { scope }]) => scope === 'machine');
  const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
  expect(ofMachine.map(([name]) => name).sort()).toEqual([...restrictedConfigurations].sort());
  expect(restrictedConfigurations).toContain('tilescope.disassembler');
  expect(JSON.stringify(debuggers[0].configurationAttributes)).not.toContain('disassembler');
});
