/** The question whether a session may halt cores, in VS Code. */
import * as vscode from 'vscode';
import { agreesTo, sayInformation } from '../say/say.ts';
import type { DebugServices } from './attach.ts';
import type { Halting } from './halting.ts';

/** Asks, once, and names whose cores they are. `halting`: that of a session that is attached. Rejects with BoardError. */
export async function allowHalting(
  halting: Halting | undefined,
  { columnsText, ownerText }: Pick<DebugServices, 'columnsText' | 'ownerText'>,
): Promise<void> {
  const { l10n } = vscode;
  const info = halting?.partition;
  if (halting === undefined || info === undefined) {
    sayInformation(l10n.t('Start a debug session of cores first: halting is allowed for its partition.'));
    return;
  }
  if (halting.isAllowed) {
    sayInformation(l10n.t('Halting is allowed already: Pause halts a core, Continue lets it go on.'));
    return;
  }
  const isAgreed = await agreesTo({
    title: l10n.t('Allow halting the cores of {0} ({1})?', columnsText(info), ownerText(info)),
    detail: l10n.t(
      'Pause, steps and breakpoints then really halt a core. Its DMA and locks go on meanwhile; other cores and the application wait for it, and may time out. Cores go on by themselves when this session ends, the connection breaks, or the partition changes hands. Halting was proven on emulation only.',
    ),
    agree: l10n.t('Allow Halting'),
  });
  if (isAgreed) await halting.allow(info.epoch);
}
