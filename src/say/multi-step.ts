/** Questions in a row with a way back, in VS Code's quick input. */
import * as vscode from 'vscode';
import { plainText } from '../model/plain.ts';
import { plainItem } from './say.ts';

/** What a step returns to go back one step; `undefined` ends the whole row. */
export const back = Symbol('back');

/** A step's answer: a value, one step back, or the end. */
export type Answer<T> = T | typeof back | undefined;

/** What stands above a question in a row of them. */
export interface Frame {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
}

/** An answer that can be picked. */
export interface Choice<T> extends vscode.QuickPickItem {
  readonly value: T;
}

/** Lets pick one of the choices; with `free`, typed text is an answer too. */
export function pick<T>(
  frame: Frame,
  options: {
    readonly placeholder: string;
    readonly choices: readonly Choice<T>[];
    readonly active?: T;
    /** Makes a choice of typed text. */
    readonly free?: (text: string) => Choice<T> | undefined;
  },
): Promise<Answer<T>> {
  return new Promise((resolve) => {
    const input = vscode.window.createQuickPick<Choice<T>>();
    Object.assign(input, frame, { title: plainText(frame.title) });
    input.placeholder = plainText(options.placeholder);
    input.ignoreFocusOut = true;
    input.matchOnDescription = true;
    input.buttons = frame.step > 1 ? [vscode.QuickInputButtons.Back] : [];
    const list = (text: string): void => {
      const typed = text === '' ? undefined : options.free?.(text);
      const same = options.choices.some((choice) => choice.label === typed?.label);
      const shown = typed === undefined || same ? options.choices : [typed, ...options.choices];
      input.items = shown.map(plainItem);
    };
    list('');
    const active = input.items.find((choice) => choice.value === options.active);
    if (active !== undefined) input.activeItems = [active];
    let answer: Answer<T>;
    input.onDidChangeValue(list);
    input.onDidTriggerButton(() => {
      answer = back;
      input.hide();
    });
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

/** Asks for one line of text. */
export function ask(
  frame: Frame,
  options: {
    readonly prompt: string;
    readonly placeholder?: string;
    readonly value?: string;
    /** The sentence that says why the text cannot be taken. */
    readonly refuse?: (text: string) => string | undefined;
  },
): Promise<Answer<string>> {
  return new Promise((resolve) => {
    const input = vscode.window.createInputBox();
    Object.assign(input, frame, { title: plainText(frame.title) });
    input.prompt = plainText(options.prompt);
    input.placeholder = plainText(options.placeholder ?? '');
    input.value = options.value ?? '';
    input.ignoreFocusOut = true;
    input.buttons = frame.step > 1 ? [vscode.QuickInputButtons.Back] : [];
    let answer: Answer<string>;
    input.onDidChangeValue((text) => {
      input.validationMessage = plainText(options.refuse?.(text) ?? '');
    });
    input.onDidTriggerButton(() => {
      answer = back;
      input.hide();
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

/** Asks every step in order, going back where the person wants to. False if they ended it. */
export async function inOrder(steps: readonly (() => Promise<Answer<unknown>>)[]): Promise<boolean> {
  for (let index = 0; index < steps.length; ) {
    const answer = await steps[index]?.();
    if (answer === undefined) return false;
    index = answer === back ? Math.max(0, index - 1) : index + 1;
  }
  return true;
}
