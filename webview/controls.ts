/** The one place that knows the control library: a swap of the library is a swap of this file. */
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { html, noChange, nothing, type TemplateResult } from 'lit';
import { Directive, directive, type ElementPart } from 'lit/directive.js';
import { live } from 'lit/directives/live.js';

/** A push button. */
export interface ButtonOptions {
  readonly label: string;
  /** Hover text. */
  readonly hint?: string;
  readonly secondary?: boolean;
  readonly disabled?: boolean;
  /** Of a button that stays pressed. */
  readonly pressed?: boolean;
  /** For style sheets and tests. */
  readonly name: string;
  readonly onPress: () => void;
}

/** Renders a push button. */
export function button(options: ButtonOptions): TemplateResult {
  return html`<vscode-button
    data-name=${options.name}
    title=${options.hint ?? nothing}
    aria-pressed=${options.pressed === undefined ? nothing : String(options.pressed)}
    aria-disabled=${options.disabled === true ? 'true' : 'false'}
    ?secondary=${options.secondary === true}
    ?disabled=${options.disabled === true}
    @click=${options.onPress}
    >${options.label}</vscode-button
  >`;
}

/** A button that reads as a line of text and wraps like one, which the library's does not. */
export function textButton(text: string, onPress: () => void): TemplateResult {
  return html`<button type="button" class="text-button" @click=${onPress}>${text}</button>`;
}

/** A button that is on or off. */
export interface ToggleOptions {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly pressed: boolean;
  readonly onPress: () => void;
}

/** Renders a button that is on or off. Small, which the library's are not. */
export function toggle({ name, label, hint, pressed, onPress }: ToggleOptions): TemplateResult {
  return html`<button
    type="button"
    class="toggle"
    data-name=${name}
    title=${hint}
    aria-pressed=${String(pressed)}
    @click=${onPress}
    >${label}</button
  >`;
}

/** A value that can be pressed to change it. */
export interface ValueButtonOptions {
  readonly name: string;
  readonly label: string;
  /** Accessible name: what the label is the value of. It contains the label. */
  readonly spoken: string;
  /** What stands before it: of what type the value is. */
  readonly type?: string;
  /** Where it stands, for style sheets. */
  readonly column: string;
  readonly hint: string;
  readonly onPress: (element: HTMLElement) => void;
}

/** Renders a value that can be pressed. It wraps like text, which the library's buttons do not. */
export function valueButton(options: ValueButtonOptions): TemplateResult {
  const { name, label, spoken, type, column, hint, onPress } = options;
  return html`<button
    type="button"
    class="value ${column}"
    data-name=${name}
    data-type=${type ?? nothing}
    title=${hint}
    aria-label=${spoken}
    @click=${(event: Event) => {
      if (event.currentTarget instanceof HTMLElement) onPress(event.currentTarget);
    }}
    >${label}</button
  >`;
}

/** One of several to choose from; keys are unique. */
export interface ChoiceOptions {
  /** For style sheets and tests. */
  readonly name?: string;
  /** Accessible name, and hover text. */
  readonly label: string;
  readonly choices: readonly { readonly key: string; readonly label: string }[];
  readonly chosen: string;
  /** All choices are in the page only while a person uses the list, before and after only the chosen one and the longest, so that the list stays as wide. */
  readonly isLong?: boolean;
  readonly onChoose: (key: string) => void;
}

/** The options of a drop-down list, kept up to date. */
class Offered extends Directive {
  #options: ChoiceOptions | undefined;
  #isUsed = false;

  render(_options: ChoiceOptions): typeof noChange {
    return noChange;
  }

  override update({ element }: ElementPart, [options]: [ChoiceOptions]): typeof noChange {
    if (!(element instanceof HTMLSelectElement)) throw new TypeError('Only a drop-down list has options.');
    if (this.#options === undefined) {
      const use = (isUsed: boolean) => () => {
        this.#isUsed = isUsed;
        this.#show(element);
      };
      // The list opens after these: a press comes before the focus.
      element.addEventListener('pointerdown', use(true));
      element.addEventListener('focus', use(true));
      element.addEventListener('blur', use(false));
    }
    this.#options = options;
    this.#show(element);
    return noChange;
  }

  /** Touches only what differs: the list may be open. */
  #show(select: HTMLSelectElement): void {
    const { choices = [], chosen = '', isLong = false } = this.#options ?? {};
    const longest = Math.max(0, ...choices.map(({ label }) => label.length));
    const widest = choices.find(({ label }) => label.length === longest);
    const shown =
      isLong && !this.#isUsed
        ? choices.filter((choice) => choice.key === chosen || choice === widest)
        : choices;
    const isSame =
      select.options.length === shown.length &&
      shown.every(({ key, label }, i) => {
        const option = select.options[i];
        return option?.value === key && option.label === label;
      });
    if (!isSame) select.replaceChildren(...shown.map(({ key, label }) => new Option(label, key)));
    if (select.value !== chosen && shown.some(({ key }) => key === chosen)) select.value = chosen;
  }
}

const offered = directive(Offered);

/** Renders a drop-down list. The browser's: it opens beyond a view that is 120 pixels high, the library's is cut off. */
export function choice(options: ChoiceOptions): TemplateResult {
  const { name, label, onChoose } = options;
  return html`<select
    class="choice"
    data-name=${name ?? nothing}
    title=${label}
    aria-label=${label}
    @change=${(event: Event) => {
      if (event.target instanceof HTMLSelectElement) onChoose(event.target.value);
    }}
    ${offered(options)}
  ></select>`;
}

/** Renders a thin progress bar: a share of 100, or running without a known end. */
export function progressBar(label: string, percent: number | undefined): TemplateResult {
  return percent === undefined
    ? html`<vscode-progress-bar indeterminate aria-label=${label}></vscode-progress-bar>`
    : html`<vscode-progress-bar .value=${percent} aria-label=${label}></vscode-progress-bar>`;
}

/** A line of text to type. */
export interface TextBoxOptions {
  readonly name: string;
  /** Accessible name, and what stands in it while it is empty. */
  readonly label: string;
  readonly value: string;
  /** What is typed is refused; `describedBy` is the id of the element that says why. */
  readonly isWrong: boolean;
  readonly describedBy: string;
  readonly onInput: (text: string) => void;
}

/** Renders a line of text. The browser's, as high as the lists beside it. */
export function textBox(options: TextBoxOptions): TemplateResult {
  const { name, label, value, isWrong, describedBy, onInput } = options;
  return html`<input
    type="text"
    class="text-box"
    data-name=${name}
    spellcheck="false"
    autocomplete="off"
    placeholder=${label}
    aria-label=${label}
    aria-invalid=${String(isWrong)}
    aria-describedby=${describedBy}
    .value=${live(value)}
    @input=${(event: Event) => {
      if (event.target instanceof HTMLInputElement) onInput(event.target.value);
    }}
  />`;
}
