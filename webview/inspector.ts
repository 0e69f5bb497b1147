/**
 * The panel beside the grid: the bytes at the cursor as every kind of value, in both orders, and numbers about the selection. It
 * shows what it is given and hands over clicks; which bytes there are, and who may edit them, it does not know.
 */
import { html, nothing, render, svg, type TemplateResult } from 'lit';
import type { ByteOrder, CellFormat } from '../src/model/cells/format.ts';
import type { Statistics } from '../src/model/cells/statistics.ts';
import { hexDigits } from '../src/model/numbers.ts';
import { cellText, characterCell, type RowBytes } from '../src/model/rows/text.ts';
import { type Sparkline, sparkGaps, sparkPath } from '../src/model/sparkline.ts';
import { button, choice, valueButton } from './controls.ts';
import {
  type InspectedName,
  inspected,
  inspectedFormat,
  type VectorName,
  vectorNames,
} from './grid/inspect.ts';
import type { Meter } from './meter.ts';
import type { Translate } from './strings.ts';

/** Bytes that are enough for the largest vector. */
export const inspectedBytes = 32;

/** Columns of the history. */
export const historyColumns = 120;
/** Its height, in the same unit. */
const historyHeight = 16;

/** A value that a person wants to change. */
interface InspectedValue {
  /** As it is called in the panel. */
  readonly name: string;
  readonly order: ByteOrder;
  readonly format: CellFormat;
  /** The element that shows it. */
  readonly element: HTMLElement;
}

/** What is shown. */
export interface InspectorContent {
  /** The bytes from the cursor on, at most `inspectedBytes`; fewer at the end of the memory. */
  readonly bytes: RowBytes;
  readonly upperCase: boolean;
  /** Milliseconds since the byte at the cursor changed, as far as this page saw it. */
  readonly changed: number | undefined;
  /** The cell at the cursor over the last minute; undefined before it was read. */
  readonly history: Sparkline | undefined;
  /** What cells are shown as. */
  readonly format: CellFormat;
  readonly formatName: string;
  readonly selection: Meter;
  /** Selected bytes, and what they are taken for. */
  readonly selected: { readonly length: number; readonly name: string; readonly isInteger: boolean };
}

/** What clicks do. */
export interface InspectorActions {
  edit(value: InspectedValue): void;
  readAndMeasure(): void;
  failureText(error: unknown): string;
}

/** One panel. */
export class Inspector {
  readonly element = document.createElement('aside');
  readonly #t: Translate;
  readonly #actions: InspectorActions;
  readonly #formats = new Map<string, CellFormat>();
  #vector: VectorName = 'v4int32';
  #content: InspectorContent | undefined;

  constructor(t: Translate, actions: InspectorActions) {
    this.#t = t;
    this.#actions = actions;
    this.element.className = 'inspector';
    this.element.setAttribute('aria-label', t('inspector'));
    this.element.hidden = true;
  }

  /** Shows the panel with a content, or hides it. */
  update(content: InspectorContent | undefined): void {
    this.element.hidden = content === undefined;
    this.#content = content;
    if (content !== undefined) render(this.#template(content), this.element);
  }

  #format(name: InspectedName, order: ByteOrder, upperCase: boolean): CellFormat {
    const key = `${name} ${order} ${upperCase}`;
    const format = this.#formats.get(key) ?? inspectedFormat(name, order, upperCase);
    this.#formats.set(key, format);
    return format;
  }

  #template(content: InspectorContent): TemplateResult {
    const t = this.#t;
    const { bytes, changed } = content;
    const text = Array.from(bytes.bytes.subarray(0, 16), (value, i) =>
      characterCell(value, bytes.flags[i] ?? 0),
    ).join('');
    const vector = choice({
      name: 'vector',
      label: t('inspectorVector'),
      chosen: this.#vector,
      choices: vectorNames.map((name) => ({ key: name, label: name })),
      isLong: true,
      onChoose: (key) => {
        this.#vector = vectorNames.find((name) => name === key) ?? this.#vector;
        if (this.#content !== undefined) this.update(this.#content);
      },
    });
    // Elements of a table would be three times as many, and the buttons say of themselves what they are values of.
    return html`${this.#selection(content)}
      <div class="values">
        <span class="head">${t('inspectorType')}</span>
        <span class="head">${t('littleEndian')}</span>
        <span class="head">${t('bigEndian')}</span>
        ${inspected.map((name) => this.#values(name, content, name))}
        <span class="value wide" data-type=${t('characters')}>${text}</span>
        ${vector}${this.#values(this.#vector, content)}
      </div>
      ${this.#history(content)}
      <p class="changed-at">${changed === undefined ? t('inspectorUnchanged') : t('inspectorChanged', ...this.#ago(changed))}</p>`;
  }

  #history({ history, format, formatName }: InspectorContent): TemplateResult | typeof nothing {
    if (history === undefined) return nothing;
    const t = this.#t;
    const { lowest, highest, last, lasts, unseen } = history;
    const values = [lowest, highest, last].map((bytes) => format.format(bytes, 0));
    const range = t('historyRange', ...values);
    const gap = unseen < 1000 ? '' : ` ${t('historyUnseen', ...this.#ago(unseen))}`;
    const text = `${t('history', formatName, ...this.#ago(lasts))} ${range}${gap}`;
    const gaps = sparkGaps(history).map(
      ({ from, count }) => svg`<rect class="gap" x=${from} y="0" width=${count} height=${historyHeight} />`,
    );
    return html`<figure class="history">
      <svg
        class="history-line"
        role="img"
        aria-label=${text}
        viewBox="0 -1 ${historyColumns} ${historyHeight + 2}"
        preserveAspectRatio="none"
      >
        ${gaps}
        <path class="line" d=${sparkPath(history, historyHeight)} vector-effect="non-scaling-stroke" />
      </svg>
      <figcaption aria-hidden="true">${text}</figcaption>
    </figure>`;
  }

  /** The values of one type; `type` stands before them, if nothing else does. */
  #values(name: InspectedName, content: InspectorContent, type?: string): TemplateResult[] {
    const t = this.#t;
    const { bytes } = this.#format(name, 'little', content.upperCase);
    const orders: readonly ByteOrder[] = bytes === 1 ? ['little'] : ['little', 'big'];
    return orders.map((order) => {
      const format = this.#format(name, order, content.upperCase);
      const length = Math.min(format.bytes, content.bytes.bytes.length);
      const label = cellText(format, content.bytes, 0, length).replaceAll('|', ' ');
      const isAlone = orders.length === 1;
      const orderName = t(order === 'little' ? 'littleEndian' : 'bigEndian');
      return valueButton({
        name: isAlone ? name : `${name} ${order}`,
        label,
        spoken: t('nameDetail', isAlone ? name : `${name}, ${orderName}`, label),
        ...(order === 'little' && type !== undefined ? { type } : {}),
        column: isAlone ? 'wide' : order,
        hint: t('inspectorEdit'),
        onPress: (element) => this.#actions.edit({ name, order, format, element }),
      });
    });
  }

  /** Time that passed, with its unit. */
  #ago(milliseconds: number): [string] {
    const seconds = Math.floor(milliseconds / 1000);
    if (seconds < 60) return [this.#t('secondsAgo', seconds)];
    const minutes = Math.floor(seconds / 60);
    return [minutes < 60 ? this.#t('minutesAgo', minutes) : this.#t('hoursAgo', Math.floor(minutes / 60))];
  }

  #selection({ selection, selected, upperCase }: InspectorContent): TemplateResult | typeof nothing {
    if (selection.kind === 'none') return nothing;
    const t = this.#t;
    return html`<section aria-label=${t('inspectorSelection')}>
      <h2>${t('inspectorSelected', selected.length, hexDigits(selected.length, 1, upperCase), selected.name)}</h2>
      ${selection.kind === 'measuring' ? html`<p>${t('inspectorMeasuring')}</p>` : nothing}
      ${selection.kind === 'failed' ? html`<p>${this.#actions.failureText(selection.error)}</p>` : nothing}
      ${
        selection.kind === 'offered' || selection.kind === 'failed'
          ? button({
              label: t('inspectorRead'),
              name: 'measure',
              secondary: true,
              onPress: () => this.#actions.readAndMeasure(),
            })
          : nothing
      }
      ${selection.kind === 'done' ? this.#numbers(selection, selected.isInteger, upperCase) : nothing}
    </section>`;
  }

  #numbers(
    { numbers }: Extract<Meter, { kind: 'done' }>,
    isInteger: boolean,
    upperCase: boolean,
  ): TemplateResult {
    const t = this.#t;
    const { statistics, withoutValue } = numbers;
    const { count, zeros, nans, infinities, least, most, mean, sum }: Statistics = statistics;
    const checksum = numbers.crc32 === undefined ? '··' : hexDigits(numbers.crc32, 8, upperCase);
    const rows: readonly (readonly [string, string])[] = [
      [t('inspectorLeast'), numberText(least)],
      [t('inspectorMost'), numberText(most)],
      [t('inspectorMean'), numberText(mean)],
      [t('inspectorSum'), numberText(sum)],
      [t('inspectorCount'), String(count)],
      [t('inspectorZeros'), String(zeros)],
      ...(isInteger
        ? []
        : ([
            ['NaN', String(nans)],
            [t('inspectorInfinities'), String(infinities)],
          ] as const)),
      ...(withoutValue > 0 ? [[t('inspectorWithout'), String(withoutValue)] as const] : []),
      ['CRC32', checksum],
      ['SHA-256', numbers.sha256 ?? '··'],
    ];
    return html`<dl class="numbers">
      ${rows.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}
    </dl>`;
  }
}

/** More digits are not those of the values. */
const digits = 9;

function numberText(value: number | bigint | undefined): string {
  if (value === undefined) return '··';
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  return String(Number(value.toPrecision(digits)));
}
