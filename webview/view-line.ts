/** The line above the grid: how this tab shows its bytes. It knows choices and words; what they do is its owner's. */
import { html, nothing, render, type TemplateResult } from 'lit';
import type { ViewChoice } from '../src/editor/messages.ts';
import type { AddressKind } from '../src/model/address-kinds.ts';
import {
  type CellForm,
  type CellKind,
  cellKinds,
  formOf,
  isFixed,
  isSized,
  mostBytes,
  nameOf,
} from '../src/model/cells/choices.ts';
import type { ByteOrder } from '../src/model/cells/format.ts';
import { rowLengths } from '../src/model/shapes.ts';
import { offerMenu } from './context-menu.ts';
import { choice, toggle } from './controls.ts';
import type { StringKey, Translate } from './strings.ts';

/** The words for kinds whose names are not those of source code. */
const kindKeys: Readonly<Partial<Record<CellKind, StringKey>>> = {
  hex: 'kindHex',
  uint: 'kindUnsigned',
  int: 'kindSigned',
  fix: 'kindFixed',
  ufix: 'kindUnsignedFixed',
  bin: 'kindBits',
  oct: 'kindOctal',
};

const addressKeys: Readonly<Record<AddressKind, StringKey>> = {
  tile: 'addressTile',
  buffer: 'addressBuffer',
  core: 'addressCore',
  axi: 'addressAxi',
};

/** One line of choices. */
export class ViewLine {
  readonly element = document.createElement('div');
  readonly #t: Translate;
  readonly #onChoose: (view: ViewChoice) => void;
  #kinds: readonly AddressKind[] = [];

  constructor(t: Translate, onChoose: (view: ViewChoice) => void) {
    this.#t = t;
    this.#onChoose = onChoose;
    this.element.className = 'view-line';
    this.element.setAttribute('role', 'group');
    this.element.setAttribute('aria-label', t('viewLine'));
    offerMenu(this.element, 'header');
  }

  /** Shows what is chosen. `kinds` are the addresses that the memory has. */
  update(view: ViewChoice, kinds: readonly AddressKind[]): void {
    this.#kinds = kinds;
    render(this.#template(view), this.element);
  }

  /** Takes the keys to the choice of cells. */
  focus(): void {
    this.element.querySelector('select')?.focus();
  }

  #template(view: ViewChoice): TemplateResult {
    const t = this.#t;
    const { name, order } = view.cells;
    const form = formOf(name) ?? { kind: 'hex', bytes: 1, fraction: 0 };
    const choose = (change: Partial<ViewChoice>) => this.#onChoose({ ...view, ...change });
    const chooseForm = (change: Partial<CellForm>) =>
      choose({ cells: { name: nameOf({ ...form, ...change }), order } });
    const numbers = (from: number, to: number, label: (value: number) => string) =>
      Array.from({ length: to - from + 1 }, (_, i) => ({ key: String(from + i), label: label(from + i) }));
    return html`${choice({
      name: 'cells',
      isLong: true,
      label: t('viewCells'),
      chosen: form.kind,
      choices: cellKinds.map((kind) => {
        const key = kindKeys[kind];
        return { key: kind, label: key === undefined ? kind : t(key) };
      }),
      onChoose: (key) => {
        const kind = cellKinds.find((one) => one === key);
        if (kind !== undefined) chooseForm({ kind });
      },
    })}${
      isSized(form.kind)
        ? choice({
            name: 'bytes',
            isLong: true,
            label: t('viewBytes'),
            chosen: String(form.bytes),
            choices: numbers(1, mostBytes(form.kind), (bytes) =>
              bytes === 1 ? t('oneByte') : t('manyBytes', bytes),
            ),
            onChoose: (key) => chooseForm({ bytes: Number(key) }),
          })
        : nothing
    }${
      isFixed(form.kind)
        ? choice({
            name: 'scale',
            isLong: true,
            label: t('viewScale'),
            chosen: String(form.fraction),
            choices: numbers(0, 8 * form.bytes, (bits) => `× 2^${bits === 0 ? 0 : -bits}`),
            onChoose: (key) => chooseForm({ fraction: Number(key) }),
          })
        : nothing
    }${
      form.bytes > 1 && !form.kind.startsWith('bfp')
        ? choice({
            name: 'order',
            label: t('viewOrder'),
            chosen: order,
            choices: [
              { key: 'little', label: t('littleEndian') },
              { key: 'big', label: t('bigEndian') },
            ],
            onChoose: (key) => {
              const chosen: ByteOrder = key === 'big' ? 'big' : 'little';
              choose({ cells: { name, order: chosen } });
            },
          })
        : nothing
    }${choice({
      name: 'columns',
      label: t('viewColumns'),
      chosen: String(view.bytesPerRow),
      choices: rowLengths.map((length) => ({
        key: String(length),
        label: length === 0 ? t('rowsFitted') : t('rowsOf', length),
      })),
      onChoose: (key) => choose({ bytesPerRow: Number(key) }),
    })}${choice({
      name: 'addresses',
      label: t('viewAddresses'),
      chosen: this.#kinds.includes(view.addresses) ? view.addresses : 'tile',
      choices: this.#kinds.map((kind) => ({ key: kind, label: t(addressKeys[kind]) })),
      onChoose: (key) => {
        const kind = this.#kinds.find((one) => one === key);
        if (kind !== undefined) choose({ addresses: kind });
      },
    })}${toggle({
      name: 'decimal',
      label: t('viewDecimal'),
      hint: t('viewDecimalHint'),
      pressed: view.decimal,
      onPress: () => choose({ decimal: !view.decimal }),
    })}${toggle({
      name: 'colours',
      label: t('viewColours'),
      hint: t('viewColoursHint'),
      pressed: view.colours,
      onPress: () => choose({ colours: !view.colours }),
    })}${toggle({
      name: 'inspector',
      label: t('inspector'),
      hint: t('inspectorHint'),
      pressed: view.inspector,
      onPress: () => choose({ inspector: !view.inspector }),
    })}`;
  }
}
