/** Listings of cores' programs: made by the disassembler of the settings, or the `.lst` beside the ELF. */
import { execFile } from 'node:child_process';
import * as vscode from 'vscode';
import { type Instruction, readListing } from '../model/program/listing.ts';
import { textOf } from '../model/text-of.ts';
import { bytesOf, exists } from './build-file.ts';
import { Refused } from './refused.ts';
import { disassemblerText, untrustedText } from './sentences.ts';

/** A listing has some 100 characters for each of 2,000 instructions. */
const mostCharacters = 64 * 1024 * 1024;
/** A disassembler takes less than a second, milliseconds. */
const disassemblerPatience = 30_000;

/** Where a listing of an ELF may lie beside it. */
export function listingPlaces(elf: vscode.Uri): readonly vscode.Uri[] {
  const paths = new Set([`${elf.path}.lst`, elf.path.replace(/\.elf$/, '.lst')]);
  return [...paths].filter((path) => path !== elf.path).map((path) => elf.with({ path }));
}

/** The listing of an ELF; `undefined` where nothing has one. Throws `Refused`, `FileFault`, and what VS Code throws. */
export async function listingOf(elf: vscode.Uri): Promise<readonly Instruction[] | undefined> {
  const disassembler: unknown = vscode.workspace.getConfiguration('tilescope').get('disassembler');
  const isNamed = typeof disassembler === 'string' && disassembler !== '';
  if (isNamed && vscode.workspace.isTrusted) {
    return readListing(await disassembledBy(disassembler, elf), 'objdump');
  }
  for (const beside of listingPlaces(elf)) {
    if (await exists(beside)) return readListing(textOf(await bytesOf(beside)), 'lst');
  }
  if (isNamed) throw new Refused(untrustedText(vscode.l10n));
  return undefined;
}

/** What the program says of the ELF. It is started as it is named, without a shell. */
function disassembledBy(program: string, elf: vscode.Uri): Promise<string> {
  const words = ['-d', '--no-show-raw-insn', elf.fsPath];
  const options = { maxBuffer: mostCharacters, timeout: disassemblerPatience, windowsHide: true };
  return new Promise((done, failed) => {
    execFile(program, words, options, (error, stdout, stderr) => {
      // Some say that they do not know the machine, and end as if all were well.
      if (error === null && stdout !== '') done(stdout);
      else {
        const why = stderr.trim().split('\n').at(-1) || (error?.message ?? '');
        failed(new Refused(disassemblerText(program, why, vscode.l10n)));
      }
    });
  });
}
