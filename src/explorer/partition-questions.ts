/** What a person is asked before something is done to a partition. Loaded with the first question; does nothing itself. */
import * as vscode from 'vscode';
import type { PartitionInfo } from '../board/board.ts';
import { ownerName } from '../board/owner-name.ts';
import { columnsInput, parseColumns } from '../boards/typed-columns.ts';
import type { ColumnRange } from '../model/geometry.ts';
import { askText, type ModalQuestion } from '../say/say.ts';
import { columnsText } from './nodes.ts';

/** A question before something is done to a partition. */
export interface GuestQuestion extends ModalQuestion {
  readonly act: 'hold' | 'release' | 'enableClocks' | 'reachKernel';
}

/** Before a partition in use is held. */
export function holdQuestion(info: PartitionInfo, board: string): GuestQuestion {
  return {
    act: 'hold',
    title: vscode.l10n.t('{0} of {1}: hold for post-mortem?', columnsText(info), board),
    detail: vscode.l10n.t(
      'When {0} ends, its memory stays readable as it was left. From then on nobody can start the application on these columns until you release them. The hold ends by itself after 8 hours.',
      ownerName(info.owner, vscode.l10n),
    ),
    agree: vscode.l10n.t('Hold'),
  };
}

/** Before a hold ends; `undefined` where that destroys nothing. */
export function releaseQuestion(info: PartitionInfo, board: string): GuestQuestion | undefined {
  const detail = lossOf(info);
  if (detail === undefined) return undefined;
  return {
    act: 'release',
    title: vscode.l10n.t('{0} of {1}: release?', columnsText(info), board),
    detail,
    agree: vscode.l10n.t('Release'),
  };
}

/** What becomes of a held partition's memory when it is released; undefined while its owner is seen to have it. */
function lossOf({ ownerGone, owner }: PartitionInfo): string | undefined {
  if (ownerGone) {
    return vscode.l10n.t(
      'The driver resets these columns and zeroes their memory. Then the application can start again. Open editors keep the bytes as last read.',
    );
  }
  if (owner?.kind === 'process') return undefined;
  return vscode.l10n.t(
    'Whether anybody else still has these columns cannot be seen. If nobody has, the driver resets them and zeroes their memory. Open editors keep the bytes as last read.',
  );
}

/** Before the clocks of gated tiles run; `columns` in words. */
export function clocksQuestion(columns: string, board: string): GuestQuestion {
  return {
    act: 'enableClocks',
    title: vscode.l10n.t('{0} of {1}: enable clocks?', columns, board),
    detail: vscode.l10n.t(
      'The clocks of tiles that are off run while Tilescope accesses this partition, and are given back after each access. This lasts until you turn it off or disconnect.',
    ),
    agree: vscode.l10n.t('Enable Clocks'),
  };
}

/** Before the kernel's descriptor is taken; `columns` in words. */
export function kernelQuestion(columns: string, board: string): GuestQuestion {
  return {
    act: 'reachKernel',
    title: vscode.l10n.t("{0} of {1}: reach through XRT's driver?", columns, board),
    detail: vscode.l10n.t(
      "XRT's kernel driver (zocl) hands out a descriptor and never counts it as given back. From then on a reset of the array by XRT goes wrong, until the xclbin is loaded anew or the board is rebooted. The columns stay in use until you disconnect. Do this to look at what a crash left behind, not beside work that must go on.",
    ),
    agree: vscode.l10n.t('Reach It'),
  };
}

/** Columns of a free run as a person types them; `undefined` when the box is left. */
export async function askColumns(run: ColumnRange): Promise<ColumnRange | undefined> {
  const { startCol, numCols } = run;
  const last = startCol + numCols - 1;
  const read = (text: string) => parseColumns(text, run);
  const typed = await askText({
    title: vscode.l10n.t('Pick Columns'),
    prompt: vscode.l10n.t(
      'First and last column, such as {0}, or the first column and their number, such as {1}',
      columnsInput({ startCol, numCols: Math.min(4, numCols) }),
      `${startCol}, ${Math.min(4, numCols)}`,
    ),
    value: columnsInput(run),
    refuse: (text) => {
      const columns = read(text);
      if (columns === 'outside')
        return vscode.l10n.t('Only columns {0} to {1} are free here.', startCol, last);
      return columns === 'form' ? vscode.l10n.t('Type columns such as {0}.', columnsInput(run)) : undefined;
    },
  });
  const columns = typed === undefined ? undefined : read(typed);
  return typeof columns === 'object' ? columns : undefined;
}
