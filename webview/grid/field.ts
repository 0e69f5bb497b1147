/**
 * The field over a cell in which a value is typed. Below it stands what the text becomes, before anything is staged. It
 * knows texts only: what they mean, and whether they may be staged, is said by its owner.
 */
import type { Box } from '../box.ts';
import type { Translate } from '../strings.ts';

/** What a typed text becomes, in words. */
export interface FieldPreview {
  readonly text: string;
  readonly isRefused: boolean;
}

/** What the field asks of its owner. */
export interface FieldActions {
  preview(text: string): FieldPreview;
  /** Enter. The owner closes the field, or leaves it open for another try. */
  onEnter(text: string): void;
  /** Escape, or the focus went elsewhere in the page. */
  onLeave(): void;
}

/** One field, shown over one cell at a time. */
export class CellField {
  readonly #actions: FieldActions;
  readonly #element = document.createElement('div');
  readonly #input = document.createElement('input');
  readonly #preview = document.createElement('div');
  #offset: number | undefined;
  #box: Box = { left: 0, top: 0, width: 0, height: 0 };

  constructor(parent: HTMLElement, t: Translate, actions: FieldActions) {
    this.#actions = actions;
    this.#element.className = 'cell-field';
    this.#element.hidden = true;
    this.#preview.className = 'preview';
    this.#preview.id = 'cell-preview';
    this.#preview.setAttribute('role', 'status');
    this.#input.type = 'text';
    this.#input.spellcheck = false;
    this.#input.autocomplete = 'off';
    this.#input.setAttribute('aria-label', t('fieldName'));
    this.#input.setAttribute('aria-describedby', this.#preview.id);
    this.#element.append(this.#input, this.#preview);
    parent.append(this.#element);
    this.#input.addEventListener('input', () => this.#show());
    this.#input.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'Enter') actions.onEnter(this.#input.value);
      else if (event.key === 'Escape') actions.onLeave();
      else return;
      event.preventDefault();
    });
    this.#input.addEventListener('blur', () => {
      // Going to another window does not end the typing.
      if (this.#offset !== undefined && document.hasFocus()) actions.onLeave();
    });
  }

  /** First byte of the cell that is typed in; `undefined` while the field is closed. */
  get offset(): number | undefined {
    return this.#offset;
  }

  /** Shows the field with a text: selected as a whole, so that typing replaces it, or with the cursor behind it. */
  open(offset: number, text: string, isSelected: boolean): void {
    this.#offset = offset;
    this.#element.hidden = false;
    this.#input.value = text;
    this.#show();
    this.#input.focus({ preventScroll: true });
    this.#input.setSelectionRange(isSelected ? 0 : text.length, text.length);
  }

  /** Removes the field and its text. True if it had the focus, which is nowhere now. */
  close(): boolean {
    const hadFocus = document.activeElement === this.#input;
    this.#offset = undefined;
    this.#element.hidden = true;
    return hadFocus;
  }

  /** Puts the field over a cell. */
  place(box: Box): void {
    this.#box = box;
    this.#settle();
  }

  /** Both stay inside the page, the field over its cell as far as it can. */
  #settle(): void {
    const { left, top, width, height } = this.#box;
    const parent = this.#element.parentElement?.getBoundingClientRect();
    if (parent === undefined) return;
    const isLow = top - parent.top > parent.height / 2;
    this.#element.classList.toggle('low', isLow);
    this.#element.style.setProperty('--cell-width', `${width}px`);
    this.#element.style.setProperty('--cell-height', `${height}px`);
    // The text is as wide as it wants to be, wherever it was; it gives way, so that the field stays over its cell.
    this.#preview.style.marginInlineStart = '0';
    this.#preview.style.maxWidth = `${parent.width}px`;
    const room = parent.width - this.#input.getBoundingClientRect().width;
    const at = Math.max(0, Math.min(left - parent.left, room));
    const beyond = at + this.#preview.getBoundingClientRect().width - parent.width;
    this.#element.style.left = `${at}px`;
    this.#preview.style.marginInlineStart = `${-Math.max(0, beyond)}px`;
    this.#element.style.top = isLow ? 'auto' : `${top - parent.top}px`;
    this.#element.style.bottom = isLow ? `${parent.bottom - top - height}px` : 'auto';
  }

  #show(): void {
    const { text, isRefused } = this.#actions.preview(this.#input.value);
    this.#preview.textContent = text;
    this.#preview.classList.toggle('refused', isRefused);
    this.#input.setAttribute('aria-invalid', String(isRefused));
    this.#settle();
  }
}
