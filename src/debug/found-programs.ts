/** Where the ELFs of cores are found. */
import * as vscode from 'vscode';
import { buildFolder, corePath, mostFilesOfKind } from '../model/program/core-files.ts';

/** Where ELFs of cores lie: those of mlir-aie, and those of aiecompiler, which have no suffix. */
const patterns = ['**/*core_*_*.elf', '**/aie/*_*/Release/*_*'] as const;

/** ELFs of cores below the folders, or in the workspace if there are none, by the folder of their build. */
export async function foundPrograms(folders?: readonly vscode.Uri[]): Promise<Map<string, vscode.Uri[]>> {
  const places = folders ?? [undefined];
  const found = await Promise.all(
    places.flatMap((folder) =>
      patterns.map((pattern) =>
        vscode.workspace.findFiles(
          folder === undefined ? pattern : new vscode.RelativePattern(folder, pattern),
          '**/node_modules/**',
          mostFilesOfKind,
        ),
      ),
    ),
  );
  const builds = new Map<string, vscode.Uri[]>();
  const all = new Map(found.flat().map((uri) => [uri.toString(), uri]));
  for (const uri of all.values()) {
    if (corePath(uri.path) === undefined) continue;
    const folder = uri.with({ path: buildFolder(uri.path) }).fsPath;
    builds.set(folder, [...(builds.get(folder) ?? []), uri]);
  }
  return builds;
}
