/** Asks for what a board in this machine is: device, sudo, name. */
import * as vscode from 'vscode';
import { defaultDevice } from '../board/board.ts';
import { fillForm } from '../say/multi-step.ts';
import type { LocalConfig, SimulatedConfig } from './board-config.ts';
import { autoConnectField, deviceField, nameField, slotOf, sudoField } from './entry-fields.ts';

/** What is set for the machine rather than for the entry: the entry may be shown in windows of several machines. */
export interface LocalSettings {
  readonly device: string;
  /** Whether the helper may be started through sudo. */
  readonly sudo: boolean;
}

/** What every entry has, of what was filled in. */
function named({ label, autoConnect }: { readonly label: string; readonly autoConnect: boolean }) {
  return { label, ...(autoConnect ? { autoConnect } : {}) };
}

/** Lets the entry of a simulated board be changed. Resolves with `undefined` if the person ended it. */
export async function editSimulatedEntry(present: SimulatedConfig): Promise<SimulatedConfig | undefined> {
  const title = vscode.l10n.t('Edit Board {0}', present.label);
  const draft = { label: present.label, autoConnect: present.autoConnect ?? false };
  const done = await fillForm(title, () => vscode.l10n.t('Save'), [
    autoConnectField(title, slotOf(draft, 'autoConnect')),
    nameField(title, slotOf(draft, 'label')),
  ]);
  return done ? { id: present.id, kind: 'simulated', ...named(draft) } : undefined;
}

/** Lets an entry and the machine's settings be changed. Resolves with `undefined` if the person ended it. */
export async function editLocalEntry(
  present: LocalConfig,
  settings: LocalSettings,
): Promise<{ readonly config: LocalConfig; readonly settings: LocalSettings } | undefined> {
  const title = vscode.l10n.t('Edit Board {0}', present.label);
  const draft = { ...settings, label: present.label, autoConnect: present.autoConnect ?? false };
  const done = await fillForm(title, () => vscode.l10n.t('Save'), [
    deviceField(title, slotOf(draft, 'device')),
    sudoField(title, slotOf(draft, 'sudo')),
    autoConnectField(title, slotOf(draft, 'autoConnect')),
    nameField(title, slotOf(draft, 'label')),
  ]);
  if (!done) return undefined;
  return {
    config: { id: present.id, kind: 'local', ...named(draft) },
    settings: { device: draft.device || defaultDevice, sudo: draft.sudo },
  };
}
