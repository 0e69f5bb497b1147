import { expect, test, vi } from 'vitest';
import { Emitter } from '../model/event.ts';

interface Line {
  readonly label: string;
}

/** A quick pick as an extension sees it: the window tells of active items later. */
class FakePick {
  value = '';
  items: readonly Line[] = [];
  activeItems: readonly Line[] = [];
  readonly changed = new Emitter<string>();
  readonly accepted = new Emitter<void>();
  readonly hidden = new Emitter<void>();
  readonly onDidChangeValue = this.changed.event;
  readonly onDidAccept = this.accepted.event;
  readonly onDidHide = this.hidden.event;
  readonly onDidChangeActive = new Emitter<readonly Line[]>().event;
  readonly show = () => undefined;
  readonly dispose = () => undefined;
  readonly hide = () => this.hidden.fire();
}

let box = new FakePick();
vi.mock('vscode', () => ({ window: { createQuickPick: () => box } }));
const { pickTyped } = await import('./pick-typed.ts');

test('[hex-4] Enter right after a text takes a line for that text, never the active one of the list before', async () => {
  const ask = () => {
    box = new FakePick();
    return pickTyped({
      title: 'Where',
      placeHolder: '',
      lines: (typed) =>
        typed === '' ? [{ label: 'before' }] : [{ label: typed }, { label: `${typed}, too` }],
      onActive: () => undefined,
      isAnswer: () => true,
    });
  };
  const type = (text: string) => {
    box.value = text;
    box.changed.fire(text);
  };
  const late = ask();
  box.activeItems = box.items;
  type('0x20');
  box.accepted.fire();
  expect((await late)?.label).toBe('0x20');
  const chosen = ask();
  type('0x20');
  box.activeItems = box.items.slice(1);
  box.accepted.fire();
  expect((await chosen)?.label).toBe('0x20, too');
});
