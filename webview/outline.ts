/** Everything around the grid: title, banner, messages, the line at the bottom, and what a screen reader is told. */
import { html, nothing, render, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import {
  type Banner,
  type EditorState,
  type HostCommand,
  isInTitleLine,
  type titleLineCommands,
} from '../src/editor/messages.ts';
import { atStops } from '../src/model/live-rate.ts';
import { offerMenu } from './context-menu.ts';
import { button, progressBar } from './controls.ts';
import type { Notice } from './grid/controller.ts';
import type { Translate } from './strings.ts';

/** What the line at the bottom says of the byte at the cursor. */
export interface CursorDetails {
  /** Tile, tile offset, buffer offset. */
  readonly place: readonly string[];
  readonly value: string;
  /** What is special about the byte. */
  readonly states: readonly string[];
  /** Number of selected bytes in words, if more than one. */
  readonly selected?: string;
}

/** What is shown around the grid. */
export interface OutlineContent {
  readonly state: EditorState;
  readonly cursor?: CursorDetails;
  readonly notice?: Notice;
  /** The sentence of a failed request for visible bytes. */
  readonly failure?: string;
}

/** What the buttons do. */
export interface OutlineActions {
  readonly command: (command: HostCommand) => void;
  readonly retry: () => void;
  /** The tab follows the memory, or stops doing so. */
  readonly live: () => void;
  /** The tab that is frozen goes on. */
  readonly unfreeze: () => void;
}

/** What the policy is called, and what it means. */
function policyTexts(t: Translate, { policy, beside }: EditorState): { name: string; hint: string } {
  if (policy === 'locked') return { name: t('policyLocked'), hint: t('policyLockedHint') };
  if (policy === 'immediate') return { name: t('policyImmediate'), hint: t('policyImmediateHint') };
  return beside === undefined
    ? { name: t('policyStaged'), hint: t('policyStagedHint') }
    : { name: t('policyBeside', beside), hint: t('policyBesideHint') };
}

/** The page's outline: rendered once, filled by `update`. */
export class Outline {
  /** Where the grid goes. */
  readonly middle = document.createElement('div');
  readonly #top = document.createElement('header');
  readonly #bottom = document.createElement('footer');
  readonly #notice = document.createElement('div');
  readonly #hover = document.createElement('div');
  readonly #spoken = document.createElement('div');
  readonly #t: Translate;
  readonly #actions: OutlineActions;

  /**
   * @param lines what stands between title and grid
   * @param below what stands below the grid
   */
  constructor(
    parent: HTMLElement,
    lines: readonly HTMLElement[],
    below: HTMLElement,
    t: Translate,
    actions: OutlineActions,
  ) {
    this.#t = t;
    this.#actions = actions;
    const help = document.createElement('p');
    help.id = 'grid-help';
    help.className = 'spoken';
    help.textContent = t('gridHelp');
    this.middle.className = 'middle';
    this.#notice.className = 'notice';
    this.#notice.hidden = true;
    this.#hover.className = 'hover';
    this.#hover.setAttribute('aria-hidden', 'true');
    this.#hover.hidden = true;
    this.#spoken.className = 'spoken';
    this.#spoken.id = 'spoken';
    this.#spoken.setAttribute('role', 'status');
    this.#spoken.setAttribute('aria-live', 'polite');
    this.#spoken.setAttribute('aria-atomic', 'true');
    offerMenu(this.#top, 'header');
    const main = document.createElement('main');
    // The grid makes room for a message: it covers no row.
    main.append(
      this.#top,
      ...lines,
      this.middle,
      below,
      this.#notice,
      this.#bottom,
      help,
      this.#spoken,
      this.#hover,
    );
    parent.replaceChildren(main);
  }

  /** Shows the content; unchanged parts are left alone. */
  update(content: OutlineContent): void {
    const { state } = content;
    this.middle.classList.toggle('offline', !state.connected);
    this.middle.classList.toggle('last-known', state.lastKnown);
    this.middle.classList.toggle('past', state.past !== undefined);
    this.middle.classList.toggle('immediate', state.policy === 'immediate');
    render(this.#bottomTemplate(state, content.cursor), this.#bottom);
    const { notice } = content;
    render(this.#topTemplate(state, content.failure, notice?.unlock === true), this.#top);
    this.#notice.hidden = notice === undefined || notice.quiet === true;
    render(
      notice === undefined || notice.quiet === true
        ? nothing
        : html`<span class="text">${notice.text}</span>${
            notice.cancel === undefined
              ? nothing
              : button({ label: this.#t('cancel'), name: 'cancel', secondary: true, onPress: notice.cancel })
          }`,
      this.#notice,
    );
  }

  /** Has the screen reader say a sentence after what it is saying. The same sentence twice is said twice. */
  speak(text: string): void {
    // A live region is silent when its text stays the same.
    this.#spoken.textContent = this.#spoken.textContent === text ? `${text}\u00a0` : text;
  }

  /** Shows the hover beside a point, client pixels. */
  showHover(text: string, x: number, y: number): void {
    this.#hover.textContent = text;
    this.#hover.hidden = false;
    const box = this.#hover.getBoundingClientRect();
    const left = Math.max(4, Math.min(x + 12, window.innerWidth - box.width - 4));
    const below = y + 18;
    const top = below + box.height > window.innerHeight ? y - box.height - 8 : below;
    this.#hover.style.left = `${left}px`;
    this.#hover.style.top = `${Math.max(4, top)}px`;
  }

  /** Takes the hover away. */
  hideHover(): void {
    this.#hover.hidden = true;
  }

  #command(
    command: (typeof titleLineCommands)[number],
    options: {
      readonly secondary?: boolean;
      readonly disabled?: boolean;
      readonly hint?: string;
    } = {},
  ): TemplateResult {
    return button({
      label: this.#t(command),
      name: command,
      onPress: () => this.#actions.command(command),
      ...options,
    });
  }

  /**
   * The buttons stand here: VS Code's messages cover the corner at the bottom right. What the banner offers stands out.
   *
   * @param unlock typing was refused because the memory is locked: the way out stands out
   */
  #topTemplate(state: EditorState, failure: string | undefined, unlock: boolean): TemplateResult {
    const t = this.#t;
    const offered = (command: HostCommand): boolean =>
      (command === 'unlock' && unlock) ||
      state.banner?.actions.some((action) => action.command === command) === true;
    const locked = state.policy === 'locked';
    const immediate = state.policy === 'immediate';
    const policy = policyTexts(t, state);
    const fixed = locked && state.lockedFor !== undefined;
    const { percent } = state.reading ?? {};
    const doing = percent === undefined ? t('reading') : t('readingPercent', Math.round(percent));
    return html`<div class="title-line">
        <h1 class="title">${state.title}</h1>
        <span class="chip link ${state.connected ? '' : 'offline'}">${t(state.connected ? 'connected' : 'offline')}</span>
        <span
          class="chip policy ${state.policy}"
          title=${state.lockedFor ?? policy.hint}
          >${policy.name}</span
        >
        ${immediate ? this.#command('stageEdits', { hint: t('stageEditsHint') }) : nothing}
        ${fixed ? nothing : this.#command(locked ? 'unlock' : 'lock', { secondary: !offered('unlock') })}
        <span class="buttons" role="group" aria-label=${t('toolbar')}>
          ${this.#live(state)}
          ${this.#command('refresh', { secondary: !offered('refresh'), hint: t('refreshHint') })}
          ${
            state.isDocked === true
              ? this.#command('openInEditor', { secondary: true, hint: t('openInEditorHint') })
              : html`${this.#command('discard', {
                  secondary: !offered('discard'),
                  disabled: state.stagedBytes === 0,
                  hint: t('discardHint'),
                })}
                ${this.#command('apply', { disabled: state.stagedBytes === 0, hint: t('applyHint') })}`
          }
        </span>
      </div>
      <div class="progress">${state.reading === undefined ? nothing : progressBar(doing, percent)}</div>
      ${state.past === undefined ? nothing : this.#past(state.past)}
      ${state.banner === undefined ? nothing : this.#banner(state.banner)}
      ${
        failure === undefined
          ? nothing
          : html`<div class="banner error" role="alert">
            <span class="text">${t('bytesFailed', failure)}</span>
            ${button({ label: t('retry'), name: 'retry', secondary: true, onPress: this.#actions.retry })}
          </div>`
      }`;
  }

  /** One click follows the memory or stops doing so; where nothing comes it says why. */
  #live({ live, frozen, past }: EditorState): TemplateResult {
    const t = this.#t;
    if (frozen !== undefined) {
      return button({
        label: t(past === undefined ? 'frozen' : 'past'),
        name: 'live',
        hint: t(past === undefined ? 'frozenHint' : 'pastHint'),
        secondary: true,
        pressed: true,
        onPress: this.#actions.unfreeze,
      });
    }
    const on = live?.hertz === atStops ? t('liveAtStops') : t('liveOn', live?.hertz ?? 0);
    const label = live === undefined ? t('live') : live.paused === undefined ? on : t('livePaused');
    return button({
      label,
      name: 'live',
      hint: live === undefined ? t('liveHint') : (live.paused ?? t('liveOnHint')),
      secondary: live === undefined || live.paused !== undefined,
      pressed: live !== undefined,
      onPress: this.#actions.live,
    });
  }

  /** Says above the bytes that they are not of now. */
  #past(past: string): TemplateResult {
    const t = this.#t;
    return html`<div class="banner past" role="status">
      <span class="text">${t('pastBanner', past)}</span>
      <span class="buttons"
        >${button({ label: t('timelineNow'), name: 'leave-past', hint: t('timelineNowHint'), onPress: this.#actions.unfreeze })}</span
      >
    </div>`;
  }

  #banner(banner: Banner): TemplateResult {
    return html`<div class="banner ${banner.kind}" role=${banner.kind === 'info' ? 'status' : 'alert'}>
      <span class="text">${banner.text}</span>
      <span class="buttons"
        >${repeat(
          // What the title line has stands there alone. A button of its own for each command: one under the pointer must not become another while it is pressed.
          banner.actions.filter(({ command }) => !isInTitleLine(command)),
          ({ command }) => command,
          ({ command, label }, index) =>
            button({
              label,
              name: command,
              secondary: index > 0,
              onPress: () => this.#actions.command(command),
            }),
        )}</span
      >
    </div>`;
  }

  #bottomTemplate(state: EditorState, cursor: CursorDetails | undefined): TemplateResult {
    const t = this.#t;
    // Short reads would only make the line flicker.
    const percent = state.reading?.percent;
    const marks = state.marks === undefined ? '' : `${state.marks.text} · `;
    const time = percent === undefined ? `${marks}${state.readAt}` : t('readingPercent', Math.round(percent));
    return html`<div class="details" role="group" aria-label=${t('cursorDetails')}>
        ${
          cursor === undefined
            ? nothing
            : html`<span class="place">${cursor.place.map((text) => html`<span>${text}</span>`)}</span>
            <span class="value">${cursor.value}</span>
            ${cursor.states.map((text) => html`<span class="state">${text}</span>`)}
            ${cursor.selected === undefined ? nothing : html`<span class="selected">${cursor.selected}</span>`}`
        }
      </div>
      <div class="status">
        <span class="read-at">${time}</span>
        <span class="count staged" ?hidden=${state.stagedBytes === 0}>${t('stagedCount', state.stagedBytes)}</span>
        <span class="count conflict" ?hidden=${state.conflictBytes === 0}
          >${t('conflictCount', state.conflictBytes)}</span
        >
      </div>`;
  }
}
