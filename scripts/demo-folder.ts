/** The folder that `npm start` and tests of debug sessions open: the build of the graph that the simulated board runs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ownedColumns } from '../src/board/simulated/array.ts';
import { demoBuild } from '../src/board/simulated/demo-build.ts';
import { debugType } from '../src/model/debug-type.ts';

/**
 * Puts the sources and programs of the simulated graph into a folder, with what F5 starts there. `board` is the name of the
 * simulated board in the sidebar.
 */
export async function writeDemo(folder: string, board: string): Promise<void> {
  const launch = {
    version: '0.2.0',
    configurations: [
      {
        type: debugType,
        request: 'attach',
        name: 'Cores of demo_graph',
        board,
        partition: ownedColumns.startCol,
        // Cores that wait come first.
        order: 'state',
        internalConsoleOptions: 'neverOpen',
      },
    ],
  };
  const text = new TextEncoder().encode(`${JSON.stringify(launch, undefined, 2)}\n`);
  for (const [path, bytes] of [...demoBuild(folder), ['.vscode/launch.json', text] as const]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}
