/** The line in which a person types what to search for. It knows what is asked and what was told; not how anything is found. */
import { html, nothing, render, type TemplateResult } from 'lit';
import type { AskedHits, FoundState } from '../src/editor/messages.ts';
import { cellFormat } from '../src/model/cells/cell-format.ts';
import type { CellChoice } from '../src/model/cells/choices.ts';
import type { ByteOrder } from '../src/model/cells/format.ts';
import {
  alignments,
  type FindKind,
  type FindQuery,
  findKinds,
  longestPattern,
  valueNames,
} from '../src/model/find/query.ts';
import type { ByteRange } from '../src/model/geometry.ts';
import { Soon } from '../src/model/later.ts';
import { button, choice, textBox, toggle } from './controls.ts';
import type { StringKey, Translate } from './strings.ts';

/** Where to search. */
export type FindScope = 'all' | 'tile' | 'selection' | 'memory' | 'board';

/** What the line tells. */
export interface FindLineEvents {
  /** Another search; without one, none. */
  ask(asked: AskedHits | undefined): void;
  /** The search, or the read for it, ends; what was found stays. */
  cancel(): void;
  step(step: 1 | -1): void;
  /** All memories of the board are searched. */
  findInMemories(query: FindQuery): void;
  replace(text: string, all: boolean): void;
  /** The line was closed: the keys go back to the grid. */
  closed(): void;
  /** The bytes of a scope as it is now; undefined where it is no scope of its own. */
  range(scope: FindScope): ByteRange | undefined;
  speak(text: string): void;
}

/** What is typed and chosen goes to the host so long after the last key, milliseconds. */
const typingPause = 200;

const kindKeys: Readonly<Record<FindKind, { readonly name: StringKey; readonly hint: StringKey }>> = {
  hex: { name: 'findHex', hint: 'findHexHint' },
  text: { name: 'findText', hint: 'findTextHint' },
  value: { name: 'findValue', hint: 'findValueHint' },
  expression: { name: 'findExpression', hint: 'findExpressionHint' },
};

const nothingFound: FoundState = { count: 0, isFull: false, at: 0, unseen: 0, said: '', isWrong: false };

export class FindLine {
  readonly element = document.createElement('div');
  readonly #t: Translate;
  readonly #events: FindLineEvents;
  #query: FindQuery = {
    kind: 'hex',
    text: '',
    matchCase: false,
    cells: { name: 'int32', order: 'little' },
    align: 0,
  };
  #scope: FindScope = 'all';
  /** The bytes that are searched: the selection as it was when it was chosen. */
  #range: ByteRange = { offset: 0, length: 0 };
  #read: AskedHits['read'] = 'little';
  /** What was looked for last in all memories of the board. */
  #inMemories: FindQuery | undefined;
  #withReplace = false;
  #replacement = '';
  #found = nothingFound;
  readonly #sending = new Soon(() => this.#send());
  #spoken = '';
  /** What the cells of the tab show, where these are values. */
  #cells: CellChoice | undefined;

  constructor(t: Translate, events: FindLineEvents) {
    this.#t = t;
    this.#events = events;
    this.element.className = 'find-line';
    this.element.hidden = true;
    this.element.setAttribute('role', 'search');
    this.element.setAttribute('aria-label', t('findLine'));
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** What the cells of the tab show: offered as the type of values. */
  set cells(cells: CellChoice) {
    this.#cells = cells.name === 'hex8' ? undefined : cells;
    this.#draw();
  }

  /** Takes the keys. `hex` are selected bytes that a person may search for. */
  open(withReplace: boolean, hex: string | undefined): void {
    const wasOpen = this.isOpen;
    this.element.hidden = false;
    if (withReplace) this.#withReplace = true;
    // A hit of what is searched for is selected because it was gone to.
    const taken = wasOpen && this.#found.at > 0 ? undefined : hex;
    if (taken !== undefined) this.#query = { ...this.#query, kind: 'hex', text: taken };
    if (!wasOpen && this.#cells !== undefined) this.#query = { ...this.#query, cells: this.#cells };
    if (!wasOpen || taken !== undefined) this.#ask({});
    this.#draw();
    const box = this.element.querySelector<HTMLInputElement>('[data-name="find-text"]');
    box?.focus();
    box?.select();
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.#sending.cancel();
    this.#found = nothingFound;
    this.#spoken = '';
    this.#events.ask(undefined);
    this.#events.closed();
  }

  /** What became of the search. */
  set found(found: FoundState) {
    if (!this.isOpen) return;
    this.#found = found;
    // After a read that failed a person may ask for it again.
    if (found.isWrong && found.percent === undefined) this.#read = 'little';
    this.#draw();
    // Said once it is over; not at each hit that is gone to: the grid says that.
    const text =
      found.percent === undefined ? [found.said, found.count, this.#isTooLong].join() : this.#spoken;
    if (text === this.#spoken) return;
    this.#spoken = text;
    this.#events.speak(this.#statusText());
  }

  /** The page lost its host: it is asked anew, and reads nothing for it unasked. */
  restart(): void {
    this.#read = 'nothing';
    if (this.isOpen) this.#send();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.close();
      return;
    }
    const { target } = event;
    if (event.key !== 'Enter' || !(target instanceof HTMLInputElement)) return;
    event.preventDefault();
    if (target.dataset['name'] === 'replace-text') this.#replace(false);
    else if (this.#scope === 'board' && this.#inMemories !== this.#query) this.#findInMemories();
    else this.#step(event.shiftKey ? -1 : 1);
  }

  #findInMemories(): void {
    this.#flush();
    this.#inMemories = this.#query;
    if (!this.#isTooLong) this.#events.findInMemories(this.#query);
  }

  #step(step: 1 | -1): void {
    this.#flush();
    this.#events.step(step);
  }

  #replace(all: boolean): void {
    this.#flush();
    if (this.#replacement.length <= longestPattern) this.#events.replace(this.#replacement, all);
    else this.found = { ...this.#found, said: this.#t('findTooLong', longestPattern), isWrong: true };
  }

  /** Changes the query, and asks at once. */
  #ask(change: Partial<FindQuery>, read: AskedHits['read'] = 'little'): void {
    this.#query = { ...this.#query, ...change };
    this.#read = read;
    this.#send();
  }

  #type(text: string): void {
    this.#query = { ...this.#query, text };
    this.#read = 'little';
    this.#sending.postpone(typingPause);
  }

  /** What was typed last is asked for before anything is done with its hits. */
  #flush(): void {
    if (this.#sending.isAsked) this.#send();
  }

  #send(): void {
    this.#sending.cancel();
    if (this.#scope !== 'selection' || this.#range.length === 0) {
      const range = this.#events.range(this.#scope) ?? this.#events.range('all');
      if (range !== undefined) this.#range = range;
    }
    if (!this.#isTooLong) {
      const beyond = this.#scope === 'memory';
      this.#events.ask({ query: this.#query, range: this.#range, beyond, read: this.#read });
    } else {
      // The host would not take it; the hits of what was typed before are none of it.
      this.#events.ask(undefined);
      this.found = nothingFound;
    }
    this.#draw();
  }

  get #isTooLong(): boolean {
    return this.#query.text.length > longestPattern;
  }

  #choose(scope: FindScope): void {
    const range = this.#events.range(scope);
    if (range === undefined) {
      this.#draw();
      return;
    }
    this.#scope = scope;
    this.#range = range;
    this.#read = 'little';
    this.#send();
  }

  #statusText(): string {
    const t = this.#t;
    if (this.#isTooLong) return t('findTooLong', longestPattern);
    const { count, isFull, at, unseen, percent, searched, said, isWrong } = this.#found;
    const total = isFull ? t('hitsOrMore', count) : String(count);
    const all = count === 0 ? t('noHits') : count === 1 ? t('oneHit') : t('hitCount', total);
    const hits = at > 0 ? t('hitNumber', at, total) : all;
    const parts = [
      ...(this.#scope === 'board' && this.#query.text !== '' ? [t('findHere')] : []),
      // What was found stays true where a read or a replacement was refused.
      ...((isWrong && count === 0) || this.#query.text === '' ? [] : [hits]),
      ...(percent === undefined ? [] : [t('findPercent', percent)]),
      ...(searched === undefined ? [] : [t('findSearched', searched)]),
      ...(unseen === 0 || percent !== undefined ? [] : [t('findUnseen', unseen)]),
      ...(said === '' ? [] : [said]),
    ];
    return parts.join(' · ');
  }

  #draw(): void {
    if (this.isOpen) render(this.#template(), this.element);
  }

  #template(): TemplateResult {
    const t = this.#t;
    const { kind, text, matchCase } = this.#query;
    const { percent, unseen, count, searchesThere } = this.#found;
    const isWrong = this.#found.isWrong || this.#isTooLong;
    const scopes: readonly FindScope[] = (['all', 'tile', 'selection', 'memory', 'board'] as const).filter(
      (scope) => scope === this.#scope || this.#events.range(scope) !== undefined,
    );
    const scopeKeys: Readonly<Record<FindScope, StringKey>> = {
      all: this.#events.range('memory') !== undefined ? 'scopeOnlyTile' : 'scopeAll',
      memory: 'scopeMemory',
      board: 'scopeBoard',
      tile: 'scopeTile',
      selection: 'scopeSelection',
    };
    const small = (name: string, label: StringKey, hint: StringKey, onPress: () => void, disabled = false) =>
      button({ name, label: t(label), hint: t(hint), secondary: true, disabled, onPress });
    return html`<div class="find-row">
        ${choice({
          name: 'find-kind',
          label: t('findKind'),
          chosen: kind,
          choices: findKinds.map((key) => ({ key, label: t(kindKeys[key].name) })),
          onChoose: (key) => {
            const chosen = findKinds.find((one) => one === key);
            if (chosen !== undefined) this.#ask({ kind: chosen });
          },
        })}
        ${textBox({
          name: 'find-text',
          label: t(kindKeys[kind].hint),
          value: text,
          isWrong,
          describedBy: 'find-status',
          onInput: (typed) => this.#type(typed),
        })}
        ${
          kind === 'text' || kind === 'expression'
            ? toggle({
                name: 'find-case',
                label: t('findCase'),
                hint: t('findCaseHint'),
                pressed: matchCase,
                onPress: () => this.#ask({ matchCase: !matchCase }),
              })
            : nothing
        }
        ${kind === 'value' ? this.#valueChoices() : nothing}
        ${choice({
          name: 'find-scope',
          label: t('findScope'),
          chosen: this.#scope,
          choices: scopes.map((key) => ({ key, label: t(scopeKeys[key]) })),
          onChoose: (key) => {
            const chosen = scopes.find((one) => one === key);
            if (chosen !== undefined) this.#choose(chosen);
          },
        })}
        <span class="buttons">
          ${small('find-previous', 'findPrevious', 'findPreviousHint', () => this.#step(-1), count === 0)}
          ${small('find-next', 'findNext', 'findNextHint', () => this.#step(1), count === 0)}
          ${toggle({
            name: 'find-replace',
            label: t('findReplace'),
            hint: t('findReplaceHint'),
            pressed: this.#withReplace,
            onPress: () => {
              this.#withReplace = !this.#withReplace;
              this.#draw();
            },
          })}
          ${small('find-close', 'findClose', 'findCloseHint', () => this.close())}
        </span>
      </div>
      ${this.#withReplace ? this.#replaceRow(count === 0) : nothing}
      <div class="find-row status">
        <span id="find-status" class=${isWrong ? 'wrong' : ''}>${this.#statusText()}</span>
        ${
          percent !== undefined
            ? button({
                name: 'find-cancel',
                label: t('cancel'),
                secondary: true,
                onPress: () => {
                  // What was not read can be asked for again.
                  this.#read = 'little';
                  this.#events.cancel();
                },
              })
            : this.#scope === 'board'
              ? small('find-memories', 'findMemories', 'findMemoriesHint', () => this.#findInMemories())
              : unseen > 0 && this.#read !== 'all'
                ? small(
                    'find-read',
                    searchesThere === true ? 'findThere' : 'findRead',
                    searchesThere === true ? 'findThereHint' : 'findReadHint',
                    () => this.#ask({}, 'all'),
                  )
                : nothing
        }
      </div>`;
  }

  #replaceRow(isNothing: boolean): TemplateResult {
    const t = this.#t;
    const act = (name: string, label: StringKey, all: boolean) =>
      button({
        name,
        label: t(label),
        secondary: true,
        disabled: isNothing,
        onPress: () => this.#replace(all),
      });
    return html`<div class="find-row">
      ${textBox({
        name: 'replace-text',
        label: t('replaceText'),
        value: this.#replacement,
        isWrong: false,
        describedBy: 'find-status',
        onInput: (typed) => {
          this.#replacement = typed;
        },
      })}
      <span class="buttons">${act('replace-one', 'replaceOne', false)} ${act('replace-all', 'replaceAll', true)}</span>
    </div>`;
  }

  /** Of values: type, order of bytes, where they begin. */
  #valueChoices(): TemplateResult {
    const t = this.#t;
    const { cells, align } = this.#query;
    const own = this.#cells?.name;
    const names = [...new Set([...(own === undefined ? [] : [own]), cells.name, ...valueNames])];
    return html`${choice({
      name: 'find-cells',
      label: t('findCells'),
      chosen: cells.name,
      choices: names.map((name) => ({ key: name, label: name })),
      onChoose: (key) => {
        const name = names.find((one) => one === key);
        if (name !== undefined) this.#ask({ cells: { ...cells, name } });
      },
    })}${
      cellFormat(cells, true).bytes > 1
        ? choice({
            name: 'find-order',
            label: t('viewOrder'),
            chosen: cells.order,
            choices: [
              { key: 'little', label: t('littleEndian') },
              { key: 'big', label: t('bigEndian') },
            ],
            onChoose: (key) => {
              const order: ByteOrder = key === 'big' ? 'big' : 'little';
              this.#ask({ cells: { ...cells, order } });
            },
          })
        : nothing
    }${choice({
      name: 'find-align',
      label: t('findAlign'),
      chosen: String(align),
      choices: alignments.map((one) => ({
        key: String(one),
        label: one === 0 ? t('alignOwn') : one === 1 ? t('alignAny') : t('alignAt', one),
      })),
      onChoose: (key) => this.#ask({ align: Number(key) }),
    })}`;
  }
}
