/** Asks in which form what is selected is copied, and with what it is filled: loaded when it is first wanted. */
import * as vscode from 'vscode';
import { stateBits } from '../model/byte-state.ts';
import { cellFormat } from '../model/cells/cell-format.ts';
import { type CopyForm, copyAs, copyForms } from '../model/gestures/copy-as.ts';
import { type Fill, fillKinds, isFill } from '../model/gestures/fill.ts';
import { hexNumber, hexPairs } from '../model/numbers.ts';
import { askText, pickFrom, sayBriefly } from '../say/say.ts';
import type { TileDocument } from './document.ts';
import type { HexPanel } from './panel.ts';

/** Bytes that a line of the question shows as an example, made whole cells. */
const exampleBytes = 8;

/** What is copied: bytes in a form, or where they are. */
type Copied = CopyForm | 'address' | 'uri';

/** Has the page copy what is selected in the form that a person chooses; addresses are copied at once. */
export async function askCopyAs(document: TileDocument, panel: HexPanel): Promise<void> {
  const { selection } = panel;
  if (selection === undefined) return;
  const label: Readonly<Record<Copied, string>> = {
    hex: vscode.l10n.t('Hex'),
    text: vscode.l10n.t('Text'),
    values: vscode.l10n.t('Values'),
    c: vscode.l10n.t('C'),
    python: vscode.l10n.t('Python'),
    numpy: vscode.l10n.t('NumPy'),
    json: vscode.l10n.t('JSON'),
    base64: vscode.l10n.t('Base64'),
    address: vscode.l10n.t('Address'),
    uri: vscode.l10n.t('URI'),
  };
  const forms: readonly Copied[] = [...copyForms, 'address', 'uri'];
  const items = forms.map((form) => ({
    label: label[form],
    description: exampleOf(form, document, panel),
    form,
  }));
  const chosen = await pickFrom(items, {
    title: vscode.l10n.t('Copy As'),
    placeHolder:
      selection.selected === 1
        ? vscode.l10n.t('The byte at the cursor, as it is shown')
        : vscode.l10n.t('{0} bytes as they are shown, staged ones included', selection.selected),
  });
  if (chosen === undefined) return;
  if (chosen.form !== 'address' && chosen.form !== 'uri') {
    panel.copyAs(chosen.form);
    return;
  }
  const text = chosen.form === 'uri' ? document.uri.toString() : selection.address;
  await vscode.env.clipboard.writeText(text);
  sayBriefly(vscode.l10n.t('{0} is in the clipboard.', text), 4000);
}

/** What a form makes of the first bytes; empty where they are not known. */
function exampleOf(form: Copied, document: TileDocument, panel: HexPanel): string {
  const { selection } = panel;
  if (selection === undefined) return '';
  if (form === 'address') return selection.address;
  if (form === 'uri') return document.uri.toString();
  const format = cellFormat(panel.cells, true);
  const { bytes: size } = format;
  const { bytes, flags } = panel.bytes({
    offset: selection.start,
    length: Math.min(Math.ceil(exampleBytes / size) * size, selection.length),
  });
  const isThere = flags.every((flag) => (flag & (stateBits.known | stateBits.staged)) !== 0);
  if (!isThere) return '';
  if (form === 'hex') return hexPairs(bytes);
  // As the characters beside the cells.
  if (form === 'text')
    return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
      '',
    );
  if (form !== 'values') return copyAs(form, bytes, panel.cells);
  const texts: string[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) texts.push(format.format(bytes, at));
  return texts.join(' ');
}

/** Has the page fill what is selected with what a person chooses and types. */
export async function askFill(document: TileDocument, panel: HexPanel): Promise<void> {
  const { geometry } = document.session;
  const asked = panel.toChange;
  if (geometry === undefined || asked === undefined) return;
  const seed = hexNumber(Math.floor(Math.random() * 2 ** 32), 8);
  const { name } = asked.cells;
  const label: Readonly<Record<Fill['kind'], string>> = {
    byte: vscode.l10n.t('Byte'),
    pattern: vscode.l10n.t('Pattern'),
    counter: vscode.l10n.t('Counter'),
    random: vscode.l10n.t('Random'),
    value: vscode.l10n.t('Value'),
    expression: vscode.l10n.t('Expression'),
  };
  const prompt: Readonly<Record<Fill['kind'], string>> = {
    byte: vscode.l10n.t('Two hexadecimal digits'),
    pattern: vscode.l10n.t('Hexadecimal bytes, or characters in "quotation marks"; repeated'),
    counter: vscode.l10n.t('First value and step of {0} cells, such as 0 1', name),
    random: vscode.l10n.t('Random bytes; the same seed gives the same bytes again'),
    value: vscode.l10n.t('A value of {0} cells', name),
    expression: vscode.l10n.t(
      'Values of {0} cells from i (number of the cell), o (tile offset), b (buffer offset), col, row: + - * / // % ** & | ^ ~ << >> sin cos sqrt exp log pi',
      name,
    ),
  };
  const start: Readonly<Record<Fill['kind'], string>> = {
    byte: '00',
    pattern: 'DE AD BE EF',
    counter: '0 1',
    random: seed,
    value: '0',
    expression: 'o // 4',
  };
  const title = vscode.l10n.t('Fill');
  const placeHolder =
    asked.selected === 1
      ? vscode.l10n.t('With what the byte at the cursor is filled')
      : vscode.l10n.t('With what {0} bytes are filled', asked.selected);
  // Its prompt is too long for a line.
  const short = { ...prompt, expression: vscode.l10n.t('Computed for each {0} cell from its place', name) };
  const items = fillKinds.map((kind) => ({ label: label[kind], description: short[kind], fill: kind }));
  const kind = (await pickFrom(items, { title, placeHolder }))?.fill;
  if (kind === undefined) return;
  const text = await askText({
    title: `${title}: ${label[kind]}`,
    prompt: prompt[kind],
    value: start[kind],
    refuse: (typed) =>
      isFill({ kind, text: typed }, asked.cells, geometry)
        ? undefined
        : vscode.l10n.t('Nothing can be filled with this.'),
  });
  if (text !== undefined) panel.fill({ kind, text }, asked);
}
