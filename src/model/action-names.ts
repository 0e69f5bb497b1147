/**
 * What each action is called, wherever it is offered: palette, menus, pages, banners, notifications. The manifest has the
 * same names (`action-names.test.ts`).
 */
import type { Localiser } from './localiser.ts';

/** The actions that more than the manifest offers, by the command `tilescope.KEY`. */
export function actionNames(l10n: Localiser) {
  return {
    addBoard: l10n.t('Add Board...'),
    editBoard: l10n.t('Edit Board...'),
    connect: l10n.t('Connect'),
    turnOnSudo: l10n.t('Turn On Sudo'),
    showLog: l10n.t('Show Log'),
    hold: l10n.t('Hold for Post-Mortem...'),
    releaseHold: l10n.t('Release...'),
    enableClocks: l10n.t('Enable Clocks...'),
    reachKernel: l10n.t("Reach Through XRT's Driver..."),
    allowDriver: l10n.t('Show What Was Found...'),
    apply: l10n.t('Apply'),
    discard: l10n.t('Discard'),
    refresh: l10n.t('Refresh'),
    unlock: l10n.t('Unlock Editing...'),
    lock: l10n.t('Lock Editing'),
    stageEdits: l10n.t('Stage Edits'),
    rebase: l10n.t('Re-base'),
    keepMine: l10n.t('Keep Staged Bytes'),
    takeTheirs: l10n.t("Take the Board's Bytes"),
    showEdits: l10n.t('Show Edits'),
    record: l10n.t('Record Changes...'),
    endRecording: l10n.t('End Recording'),
    readRunning: l10n.t('Read Running Core...'),
    debugCores: l10n.t('Debug Cores'),
    openSnapshot: l10n.t('Open Snapshot...'),
    addNames: l10n.t('Add Names from a Build...'),
    removeNames: l10n.t('Remove Names...'),
  };
}
