/** Asks for what a board in this machine is: device, sudo, name. */
import * as vscode from 'vscode';
import { ask, inOrder } from '../say/multi-step.ts';
import type { LocalConfig } from './board-config.ts';
import { askDevice, askSudo } from './entry-steps.ts';

/** What is set for the machine rather than for the entry: the entry may be shown in windows of several machines. */
export interface LocalSettings {
  readonly device: string;
  /** Whether the helper may be started through sudo. */
  readonly sudo: boolean;
}

/** Changes an entry and the machine's settings. Resolves with `undefined` if the person ended it. */
export async function askLocalEntry(
  present: LocalConfig,
  settings: LocalSettings,
): Promise<{ readonly config: LocalConfig; readonly settings: LocalSettings } | undefined> {
  let { device, sudo } = settings;
  let { label } = present;
  const frame = (step: number) => ({
    title: vscode.l10n.t('Edit Board {0}', present.label),
    step,
    totalSteps: 3,
  });
  const done = await inOrder([
    async () => {
      const answer = await askDevice(frame(1), device);
      if (typeof answer === 'string') device = answer;
      return answer;
    },
    async () => {
      const answer = await askSudo(frame(2), sudo);
      if (typeof answer === 'boolean') sudo = answer;
      return answer;
    },
    async () => {
      const answer = await ask(frame(3), {
        prompt: vscode.l10n.t('Name of the board in the sidebar'),
        value: label,
        refuse: (text) => (text.trim() === '' ? vscode.l10n.t('The board needs a name.') : undefined),
      });
      if (typeof answer === 'string') label = answer.trim();
      return answer;
    },
  ]);
  return done ? { config: { ...present, label }, settings: { device, sudo } } : undefined;
}
