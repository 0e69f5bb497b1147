/** The one place that knows the control library: a swap of the library is a swap of this file. */
import '@vscode-elements/elements/dist/vscode-button/index.js';
import '@vscode-elements/elements/dist/vscode-progress-bar/index.js';
import { html, nothing, type TemplateResult } from 'lit';

/** A push button. */
export interface ButtonOptions {
  readonly label: string;
  /** Hover text. */
  readonly hint?: string;
  readonly secondary?: boolean;
  readonly disabled?: boolean;
  /** For style sheets and tests. */
  readonly name: string;
  readonly onPress: () => void;
}

/** Renders a push button. */
export function button(options: ButtonOptions): TemplateResult {
  return html`<vscode-button
    data-name=${options.name}
    title=${options.hint ?? nothing}
    aria-disabled=${options.disabled === true ? 'true' : 'false'}
    ?secondary=${options.secondary === true}
    ?disabled=${options.disabled === true}
    @click=${options.onPress}
    >${options.label}</vscode-button
  >`;
}

/** Renders a thin progress bar: a share of 100, or running without a known end. */
export function progressBar(label: string, percent: number | undefined): TemplateResult {
  return percent === undefined
    ? html`<vscode-progress-bar indeterminate aria-label=${label}></vscode-progress-bar>`
    : html`<vscode-progress-bar .value=${percent} aria-label=${label}></vscode-progress-bar>`;
}
