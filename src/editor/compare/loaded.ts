/** Everything that compares, exports, imports and plots, and the lists of run-time parameters and stacks: a part of its own, which `FileActions` loads. */
import { Exports } from '../exports.ts';
import { Imports } from '../imports.ts';
import { Parameters } from '../parameters.ts';
import { Plots } from '../plot/plots.ts';
import type { HexEditorProvider } from '../provider.ts';
import { Snapshots } from '../snapshots.ts';
import { Stacks } from '../stacks.ts';
import { Comparisons } from './comparisons.ts';

/** What a person can do with files and comparisons. */
export interface LoadedFiles {
  readonly comparisons: Comparisons;
  readonly exports: Exports;
  readonly imports: Imports;
  readonly parameters: Parameters;
  readonly plots: Plots;
  readonly snapshots: Snapshots;
  readonly stacks: Stacks;
}

/** Makes all of it, for one window. */
export function makeFiles(provider: HexEditorProvider): LoadedFiles {
  const comparisons = new Comparisons(provider);
  return {
    comparisons,
    exports: new Exports(),
    imports: new Imports(provider, comparisons),
    parameters: new Parameters(provider),
    plots: new Plots(provider),
    snapshots: new Snapshots(provider),
    stacks: new Stacks(provider),
  };
}
