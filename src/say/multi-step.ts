/** Questions in VS Code's quick input, and forms of them. */
import * as vscode from 'vscode';
import { plainText } from '../model/plain.ts';
import { plainItem } from './say.ts';

/** An answer that can be picked. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/**
 * Lets pick one of the choices; `undefined` if the person ended it.
 *
 * @param options.choices what there is to pick for the text that was typed; `''` in the beginning
 */
export function pick<T>(
  title: string,
  options: {
    readonly placeholder: string;
    readonly choices: (typed: string) => readonly Choice<T>[];
    readonly active?: T;
  },
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const input = vscode.window.createQuickPick<Choice<T>>();
    input.title = plainText(title);
    input.placeholder = plainText(options.placeholder);
    input.ignoreFocusOut = true;
    input.matchOnDescription = true;
    const list = (text: string): void => {
      input.items = options.choices(text.trim()).map(plainItem);
    };
    list('');
    const active = input.items.find((choice) => choice.value === options.active);
    if (active !== undefined) input.activeItems = [active];
    let answer: T | undefined;
    input.onDidChangeValue(list);
    input.onDidAccept(() => {
      answer = input.selectedItems[0]?.value;
      if (answer !== undefined) input.hide();
    });
    input.onDidHide(() => {
      input.dispose();
      resolve(answer);
    });
    input.show();
  });
}

/** Asks for one line of text; `undefined` if the person ended it. */
export function ask(
  title: string,
  options: {
    readonly prompt: string;
    readonly placeholder?: string;
    readonly value?: string;
    /** The sentence that says why the text cannot be taken. */
    readonly refuse?: (text: string) => string | undefined;
  },
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const input = vscode.window.createInputBox();
    input.title = plainText(title);
    input.prompt = plainText(options.prompt);
    input.placeholder = plainText(options.placeholder ?? '');
    input.value = options.value ?? '';
    input.ignoreFocusOut = true;
    let answer: string | undefined;
    input.onDidChangeValue((text) => {
      input.validationMessage = plainText(options.refuse?.(text) ?? '');
    });
    input.onDidAccept(() => {
      const refused = options.refuse?.(input.value);
      if (refused !== undefined) {
        input.validationMessage = plainText(refused);
        return;
      }
      answer = input.value;
      input.hide();
    });
    input.onDidHide(() => {
      input.dispose();
      resolve(answer);
    });
    input.show();
  });
}

/** One line of a form. */
export interface FormField {
  readonly label: string;
  /** What is set now, in words. */
  value(): string;
  /** Asks for another value and takes it over; nothing changes if the person ends the question. */
  change(): Promise<void>;
}

/**
 * Shows fields with their values, and lets them be changed one by one in any order.
 *
 * @param accept the words of the choice that ends the form; `undefined` while a field that is needed is empty
 * @returns whether the person accepted
 */
export async function fillForm(
  title: string,
  accept: () => string | undefined,
  fields: readonly FormField[],
): Promise<boolean> {
  type Line = FormField | 'accept';
  let active: Line | undefined;
  for (;;) {
    const words = accept();
    const first: Choice<Line>[] =
      words === undefined ? [] : [{ label: words, iconPath: new vscode.ThemeIcon('check'), value: 'accept' }];
    const lines = fields.map(
      (field): Choice<Line> => ({
        label: field.label,
        description: field.value(),
        value: field,
      }),
    );
    const chosen: Line | undefined = await pick(title, {
      placeholder: vscode.l10n.t('Pick what to change'),
      choices: () => [...first, ...lines],
      ...(active === undefined ? {} : { active }),
    });
    if (chosen === undefined) return false;
    if (chosen === 'accept') return true;
    await chosen.change();
    active = chosen;
  }
}
