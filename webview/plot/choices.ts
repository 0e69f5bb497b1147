/** The line of choices above a plot: how the bytes become values, and how these are drawn. Not what the choices do. */
import { html, nothing, type TemplateResult } from 'lit';
import type { PlotStrings } from '../../src/editor/plot/messages.ts';
import { type CellName, cellKinds, formOf } from '../../src/model/cells/choices.ts';
import { mostMemoryBytes } from '../../src/model/geometry.ts';
import { parseDecimal, parseHex } from '../../src/model/numbers.ts';
import {
  complexParts,
  isComplex,
  type PlotChoice,
  type PlotKind,
  plotKinds,
  plotLayout,
  squareColumns,
} from '../../src/model/plot/choice.ts';
import { choice, textBox } from '../controls.ts';
import type { Translate } from '../strings.ts';

/** The types that are offered beside the chosen one. */
const types: readonly CellName[] = [
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  ...cellKinds.filter((kind) => formOf(kind) !== undefined).map((kind) => kind as CellName),
];

type NumberKey = 'offset' | 'stride' | 'columns' | 'rows' | 'x' | 'y';

const leastOf: Readonly<Record<NumberKey, number>> = {
  offset: 0,
  stride: 1,
  columns: 1,
  rows: 0,
  x: 0,
  y: 0,
};

/** Columns that a person chose for each kind. */
export class PlotChoices {
  readonly #t: Translate<PlotStrings>;
  readonly #length: number;
  readonly #onChoose: (choice: PlotChoice) => void;
  readonly #columns = new Map<PlotKind, number>();
  /** What is typed in a box, while it is not what is chosen. */
  readonly #typed = new Map<NumberKey, string>();

  /** @param length bytes of the run */
  constructor(t: Translate<PlotStrings>, length: number, onChoose: (choice: PlotChoice) => void) {
    this.#t = t;
    this.#length = length;
    this.#onChoose = onChoose;
  }

  /** Whether something is typed that is no number. */
  get isWrong(): boolean {
    return [...this.#typed].some(([key, text]) => numberOf(text, leastOf[key], key === 'rows') === undefined);
  }

  template(chosen: PlotChoice): TemplateResult {
    const t = this.#t;
    const complex = isComplex(chosen.cells);
    const { name, order } = chosen.cells;
    const { cellBytes } = plotLayout(chosen, this.#length);
    const names = types.includes(name) ? types : [name, ...types];
    const isScatter = chosen.kind === 'scatter';
    return html`<div class="choices" role="group" aria-label=${t('settings')}>
      ${choice({
        name: 'kind',
        label: t('kind'),
        chosen: chosen.kind,
        choices: plotKinds.map((kind) => ({ key: kind, label: t(kind) })),
        onChoose: (key) => this.#chooseKind(chosen, plotKinds.find((kind) => kind === key) ?? 'line'),
      })}
      ${choice({
        name: 'cells',
        label: t('cells'),
        chosen: name,
        choices: names.map((one) => ({ key: one, label: one })),
        onChoose: (key) => {
          const cells = names.find((one) => one === key);
          if (cells !== undefined) this.#onChoose({ ...chosen, cells: { name: cells, order } });
        },
      })}
      ${
        cellBytes > 1 && !name.startsWith('bfp')
          ? choice({
              name: 'order',
              label: t('order'),
              chosen: order,
              choices: [
                { key: 'little', label: t('littleEndian') },
                { key: 'big', label: t('bigEndian') },
              ],
              onChoose: (key) =>
                this.#onChoose({ ...chosen, cells: { name, order: key === 'big' ? 'big' : 'little' } }),
            })
          : nothing
      }
      ${
        complex && !isScatter
          ? choice({
              name: 'part',
              label: t('part'),
              chosen: chosen.kind === 'heat' && chosen.part === 'both' ? 'magnitude' : chosen.part,
              choices: complexParts
                .filter((part) => part !== 'both' || chosen.kind === 'line')
                .map((part) => ({ key: part, label: t(part) })),
              onChoose: (key) => {
                const part = complexParts.find((one) => one === key);
                if (part !== undefined) this.#onChoose({ ...chosen, part });
              },
            })
          : nothing
      }
      ${this.#box(chosen, 'offset', t('offset'), t('offsetHint'), chosen.offset)}
      ${this.#box(chosen, 'stride', t('stride'), t('strideHint'), chosen.stride === 0 ? cellBytes : chosen.stride)}
      ${isScatter && complex ? nothing : this.#box(chosen, 'columns', t('columns'), t('columnsHint'), chosen.columns)}
      ${this.#box(chosen, 'rows', t('rows'), t('rowsHint'), chosen.rows)}
      ${
        isScatter && !complex
          ? html`${this.#box(chosen, 'x', t('x'), t('xColumn'), chosen.x)}
              ${this.#box(chosen, 'y', t('y'), t('yColumn'), chosen.y)}`
          : nothing
      }
    </div>`;
  }

  #chooseKind(before: PlotChoice, kind: PlotKind): void {
    this.#columns.set(before.kind, before.columns);
    const { count } = plotLayout({ ...before, columns: 1, rows: 0 }, this.#length);
    const usual = { line: 1, scatter: isComplex(before.cells) ? 1 : 2, heat: squareColumns(count) };
    this.#typed.clear();
    this.#onChoose({ ...before, kind, rows: 0, columns: this.#columns.get(kind) ?? usual[kind] });
  }

  /** A number to type. Rows without one are all. */
  #box(chosen: PlotChoice, key: NumberKey, label: string, hint: string, value: number): TemplateResult {
    const meant = key === 'rows' && value === 0 ? '' : String(value);
    const least = leastOf[key];
    const typed = this.#typed.get(key);
    const read = typed === undefined ? undefined : numberOf(typed, least, key === 'rows');
    // What was typed stands as it is while it means what is chosen, or nothing.
    const isOwn = typed !== undefined && (read === undefined || read === value);
    return html`<label class="field" title=${hint}
      ><span>${label}</span>${textBox({
        name: key,
        label: key === 'rows' ? this.#t('all') : hint,
        value: isOwn ? typed : meant,
        isWrong: isOwn && read === undefined,
        describedBy: 'plot-wrong',
        onInput: (text) => {
          this.#typed.set(key, text);
          this.#onChoose({ ...chosen, [key]: numberOf(text, least, key === 'rows') ?? chosen[key] });
        },
      })}</label
    >`;
  }
}

/** A number as typed, decimal or hexadecimal; undefined if it is none. */
function numberOf(text: string, least: number, mayBeEmpty: boolean): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '' && mayBeEmpty) return 0;
  const value = /^0x/i.test(trimmed) ? parseHex(trimmed.slice(2)) : parseDecimal(trimmed);
  return value === undefined || value < least || value > mostMemoryBytes ? undefined : value;
}
