/** The fields that the forms of board entries have in common. */
import * as vscode from 'vscode';
import { defaultDevice } from '../board/board.ts';
import { ask, type Choice, type FormField, pick } from '../say/multi-step.ts';

/** A value that a form's field reads and replaces. */
export interface Slot<T> {
  get(): T;
  set(value: T): void;
}

/** The slot of one property of what is being filled in. */
export function slotOf<T extends object, K extends keyof T>(draft: T, key: K): Slot<T[K]> {
  return {
    get: () => draft[key],
    set: (value) => {
      draft[key] = value;
    },
  };
}

/** A field of one of two answers. */
function choiceField(
  title: string,
  label: string,
  placeholder: string,
  slot: Slot<boolean>,
  [no, yes]: readonly [vscode.QuickPickItem, vscode.QuickPickItem],
): FormField {
  return {
    label,
    value: () => (slot.get() ? yes : no).label,
    change: async () => {
      const choices: Choice<boolean>[] = [
        { ...no, value: false },
        { ...yes, value: true },
      ];
      const answer = await pick(title, { placeholder, choices: () => choices, active: slot.get() });
      if (answer !== undefined) slot.set(answer);
    },
  };
}

/** A field of one line of text. */
export function textField(
  title: string,
  label: string,
  slot: Slot<string>,
  question: {
    readonly prompt: string;
    /** What counts where nothing is typed. */
    readonly empty: string;
    readonly refuse?: (text: string) => string | undefined;
  },
): FormField {
  const { prompt, empty, refuse } = question;
  return {
    label,
    value: () => slot.get() || empty,
    change: async () => {
      const answer = await ask(title, {
        prompt,
        placeholder: empty,
        value: slot.get(),
        ...(refuse === undefined ? {} : { refuse: (text: string) => refuse(text.trim()) }),
      });
      if (answer !== undefined) slot.set(answer.trim());
    },
  };
}

/** What a form shows of a field that has to be filled in. */
export const notGiven = (): string => vscode.l10n.t('to be given');

/** The sentence for a text that can be no board's name. */
export function refuseName(text: string): string | undefined {
  return text.trim() === '' ? vscode.l10n.t('The board needs a name.') : undefined;
}

/** The board's name in the sidebar. */
export function nameField(title: string, slot: Slot<string>): FormField {
  return textField(title, vscode.l10n.t('Name'), slot, {
    prompt: vscode.l10n.t('Name of the board in the sidebar'),
    empty: notGiven(),
    refuse: refuseName,
  });
}

/** The device node; the usual one for nothing typed. */
export function deviceField(title: string, slot: Slot<string>): FormField {
  return textField(title, vscode.l10n.t('Device'), slot, {
    prompt: vscode.l10n.t('Device node of the AI Engine driver on the board'),
    empty: defaultDevice,
    refuse: (text) =>
      /^(\/dev\/[A-Za-z0-9/_-]+)?$/.test(text)
        ? undefined
        : vscode.l10n.t('Type the path of a device node, such as {0}.', defaultDevice),
  });
}

/** Whether the board may be reached through sudo. */
export function sudoField(title: string, slot: Slot<boolean>): FormField {
  const label = vscode.l10n.t('Sudo');
  const placeholder = vscode.l10n.t(
    'If the device node, or memory that another user works with, is not accessible to this user',
  );
  return choiceField(title, label, placeholder, slot, [
    { label: vscode.l10n.t('Without sudo'), description: vscode.l10n.t('says so') },
    {
      label: vscode.l10n.t('Use sudo on the board'),
      description: vscode.l10n.t('asks for the password where sudo needs one'),
    },
  ]);
}

/** Whether the board is connected when Tilescope starts. */
export function autoConnectField(title: string, slot: Slot<boolean>): FormField {
  const label = vscode.l10n.t('Connect at start');
  return choiceField(title, label, vscode.l10n.t('When Tilescope starts in a window'), slot, [
    { label: vscode.l10n.t('Wait for a click') },
    { label: vscode.l10n.t('Connect by itself'), description: vscode.l10n.t('reads no memory') },
  ]);
}
