/** Everything that compares, exports and imports: a part of its own, which `FileActions` loads. */
import { Exports } from '../exports.ts';
import { Imports } from '../imports.ts';
import type { HexEditorProvider } from '../provider.ts';
import { Snapshots } from '../snapshots.ts';
import { Comparisons } from './comparisons.ts';

/** What a person can do with files and comparisons. */
export interface LoadedFiles {
  readonly comparisons: Comparisons;
  readonly exports: Exports;
  readonly imports: Imports;
  readonly snapshots: Snapshots;
}

/** Makes all of it, for one window. */
export function makeFiles(provider: HexEditorProvider): LoadedFiles {
  const comparisons = new Comparisons(provider);
  return {
    comparisons,
    exports: new Exports(),
    imports: new Imports(provider, comparisons),
    snapshots: new Snapshots(provider),
  };
}
