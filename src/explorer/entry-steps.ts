/** Questions that every board with a device node has in common. */
import * as vscode from 'vscode';
import { type Answer, ask, type Frame, pick } from '../say/multi-step.ts';

/** Where the driver puts its node. */
export const defaultDevice = '/dev/aie0';

/** Asks for the device node; the usual one for nothing typed. */
export async function askDevice(frame: Frame, present: string): Promise<Answer<string>> {
  const answer = await ask(frame, {
    prompt: vscode.l10n.t('Device node of the AI Engine driver on the board'),
    placeholder: defaultDevice,
    value: present,
    refuse: (text) =>
      /^(\/dev\/[A-Za-z0-9/_-]+)?$/.test(text.trim())
        ? undefined
        : vscode.l10n.t('Type the path of a device node, such as {0}.', defaultDevice),
  });
  return typeof answer === 'string' ? answer.trim() || defaultDevice : answer;
}

/** Asks whether the board may be reached through sudo. */
export async function askSudo(frame: Frame, present: boolean): Promise<Answer<boolean>> {
  const answer = await pick(frame, {
    placeholder: vscode.l10n.t(
      'If the device node, or memory that another user works with, is not accessible to this user',
    ),
    choices: [
      { label: vscode.l10n.t('Say so'), description: vscode.l10n.t('without sudo'), value: 'no' },
      {
        label: vscode.l10n.t('Use sudo on the board'),
        description: vscode.l10n.t('asks for the password where sudo needs one'),
        value: 'yes',
      },
    ],
    active: present ? 'yes' : 'no',
  });
  return typeof answer === 'string' ? answer === 'yes' : answer;
}
