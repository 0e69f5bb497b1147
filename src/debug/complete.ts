/** The questions before a debug session: which partition, which build. */
import * as vscode from 'vscode';
import { actionNames } from '../model/action-names.ts';
import { debugType } from '../model/debug-type.ts';
import { pickFrom, sayWarning } from '../say/say.ts';
import type { DebugServices } from './attach.ts';
import { foundPrograms } from './found-programs.ts';
import { type ShownPartition, shownPartitions } from './shown-partitions.ts';

interface PartitionItem extends vscode.QuickPickItem, ShownPartition {}

interface BuildItem extends vscode.QuickPickItem {
  readonly folders: readonly string[];
}

/** Asks for what the configuration leaves open. `undefined`: the person gave up. */
export async function complete(
  configuration: vscode.DebugConfiguration,
  services: DebugServices,
): Promise<vscode.DebugConfiguration | undefined> {
  const whole: vscode.DebugConfiguration = {
    ...configuration,
    type: debugType,
    request: 'attach',
    name: configuration.name ?? vscode.l10n.t('AI Engine cores'),
  };
  if (whole['board'] === undefined) {
    const item = await askPartition(services);
    if (item === undefined) return undefined;
    whole['board'] = item.board.id;
    whole['partition'] = item.info.columns.startCol;
  }
  if (whole['programs'] === undefined) {
    const folders = await askBuild(services, whole);
    if (folders === undefined) return undefined;
    whole['programs'] = folders;
  }
  return whole;
}

async function askPartition(services: DebugServices): Promise<ShownPartition | undefined> {
  const all = shownPartitions(services);
  const [only] = all;
  if (only === undefined) {
    sayWarning(vscode.l10n.t('No board is connected. Connect one in the Tilescope sidebar first.'));
    return undefined;
  }
  if (all.length === 1) return only;
  const items: PartitionItem[] = all.map(({ board, info }) => ({
    label: services.columnsText(info),
    description: `${board.label} · ${services.ownerText(info)}`,
    board,
    info,
  }));
  return pickFrom(items, {
    title: actionNames(vscode.l10n).debugCores,
    placeHolder: vscode.l10n.t('The cores of which partition?'),
  });
}

/**
 * The folder of the build whose cores run there: that of the workspace, else the one that a simulated board brings with
 * it; none where there is neither. `undefined`: the person gave up.
 */
async function askBuild(
  services: DebugServices,
  configuration: vscode.DebugConfiguration,
): Promise<readonly string[] | undefined> {
  const folders = [...(await foundPrograms()).entries()];
  if (folders.length === 0) {
    const wanted: unknown = configuration['board'];
    const board = services.boards().find(({ id, label }) => id === wanted || label === wanted);
    const startCol: unknown = configuration['partition'];
    const brought =
      board && (await services.boardPrograms(board.id, typeof startCol === 'number' ? startCol : undefined));
    return brought === undefined ? [] : [brought];
  }
  if (folders.length < 2) return folders.map(([folder]) => folder);
  const items: BuildItem[] = folders.map(([folder, files]) => ({
    label: vscode.workspace.asRelativePath(folder),
    description: vscode.l10n.t('{0} cores', files.length),
    folders: [folder],
  }));
  items.push({ label: vscode.l10n.t('Without Programs'), folders: [] });
  const picked = await pickFrom(items, {
    title: actionNames(vscode.l10n).debugCores,
    placeHolder: vscode.l10n.t('Which build runs there?'),
  });
  return picked?.folders;
}
