/** Keeps the build of the graph that simulated boards run, so that debug sessions and names have its sources. */
import * as vscode from 'vscode';

/**
 * Writes the build below `folder` and resolves with where it lies; with `undefined` for a partition that does not begin at
 * the graph's first column. Rejects with what VS Code throws.
 */
export async function demoPrograms(
  folder: vscode.Uri,
  startCol: number | undefined,
): Promise<string | undefined> {
  const [{ demoBuild }, { ownedColumns }] = await Promise.all([
    import('../board/simulated/demo-build.ts'),
    import('../board/simulated/array.ts'),
  ]);
  if (startCol !== undefined && startCol !== ownedColumns.startCol) return undefined;
  const place = vscode.Uri.joinPath(folder, 'demo_graph');
  for (const [path, bytes] of demoBuild(place.fsPath)) {
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(place, path), bytes);
  }
  return place.fsPath;
}
