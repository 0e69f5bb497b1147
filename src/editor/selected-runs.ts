/** What is selected in a tab, or why that cannot be had, said to the person who wants to do something with it. */
import * as vscode from 'vscode';
import type { ByteRange } from '../model/geometry.ts';
import { sayInformation } from '../say/say.ts';
import { mostRuns } from './messages.ts';
import type { HexPanel } from './panel.ts';

/** All runs that are selected, ascending; undefined once it was said why they are not told. */
export async function askSelectedRuns(
  panel: Pick<HexPanel, 'selectedRuns'>,
): Promise<readonly ByteRange[] | undefined> {
  const runs = await panel.selectedRuns();
  if (typeof runs === 'object') return runs;
  sayInformation(
    runs === undefined
      ? vscode.l10n.t('The editor did not say what is selected. Click into it and try again.')
      : vscode.l10n.t(
          '{0} runs of bytes are selected, which is more than {1}. Select fewer columns.',
          runs,
          mostRuns,
        ),
  );
  return undefined;
}
