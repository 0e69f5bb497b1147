/**
 * The debug adapter of cores: threads are core tiles, a pause takes a sample. It writes nothing to the board, unless a person
 * allowed to halt cores: then a pause halts, cores step, and breakpoints are set. Requests that would write anything else are
 * refused here, whether the editor sends them or not. Knows the debug protocol, not VS Code.
 */
import {
  BreakpointEvent,
  CapabilitiesEvent,
  ContinuedEvent,
  DebugSession,
  InitializedEvent,
  OutputEvent,
  ThreadEvent,
} from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { UnreadableReason } from '../model/byte-state.ts';
import { type Disposable, DisposableStore } from '../model/event.ts';
import { formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import { cleanLine, plainText } from '../model/plain.ts';
import { reasonText } from '../model/status/sentences.ts';
import { type BreakpointPlace, Breakpoints, type SessionBreakpoint } from './breakpoints.ts';
import { type StackCall, stackOf } from './call-stack.ts';
import type { CoreMemory, FoundBytes, MemoryPlace } from './core-memory.ts';
import {
  bufferVariables,
  type CoreVariable,
  channelVariables,
  coreVariables,
  globalVariables,
  hasBuffers,
  lockVariables,
  registerVariables,
  stackVariables,
} from './core-variables.ts';
import type { Core, Cores } from './cores.ts';
import { disassembled } from './disassembly.ts';
import { type Halting, mostEvents, type Stop } from './halting.ts';
import { LineSteps, type StepPart } from './line-steps.ts';
import type { Programs } from './programs.ts';
import { Refused } from './refused.ts';
import {
  haltedText,
  haltingEndedText,
  mayGoOnText,
  noBreakpointText,
  noConditionText,
  noCoreText,
  noListingText,
  noPlaceText,
  noRoomText,
  noStepOutText,
  noStepText,
  noSuchBreakpointText,
  notEndedText,
  notHaltedText,
  notResumedText,
  notSteppedText,
  noWriteText,
  sampleText,
  stillHaltedText,
  threadName,
  unknownRequestText,
} from './sentences.ts';
import { comparablePath } from './source-paths.ts';
import { threadOfTile, tileOfThread } from './thread-ids.ts';
import type { NamedValue } from './values.ts';

/** How threads are ordered: by place, or those first that a person has to look at. */
export type ThreadOrder = 'place' | 'state';

/** What a session observes. */
export interface Observed {
  readonly cores: Cores;
  readonly programs: Programs;
  readonly memory: CoreMemory;
  readonly halting: Halting;
  readonly order: ThreadOrder;
}

/** What the adapter needs of the editor around it. */
export interface AdapterServices {
  /** Finds out what the configuration means and begins to look. Rejects with BoardError. */
  attach(configuration: unknown, signal: AbortSignal): Promise<Observed>;
  /** The path under which a source file lies on this machine; `undefined` where it does not. */
  sourcePath(path: string): Promise<string | undefined>;
  /** The sentence and next step of a failure. */
  errorText(thrown: unknown): string;
  /** Warns a person outside of the debug console, also when the editor has dropped the session. */
  warn(text: string): unknown;
  after(milliseconds: number, action: () => void): Disposable;
  /** A time of day in words. */
  clock(at: number): string;
  readonly l10n: Localiser;
}

/** Requests of the protocol that are answered. */
const answered: ReadonlySet<string> = new Set([
  'initialize',
  'attach',
  'configurationDone',
  'threads',
  'stackTrace',
  'scopes',
  'variables',
  'pause',
  'continue',
  'next',
  'stepIn',
  'stepOut',
  'readMemory',
  'disassemble',
  'setBreakpoints',
  'setExceptionBreakpoints',
  'disconnect',
]);
/** These, too, once a person allowed to halt cores, also behind the end of that. */
const answeredOnceAllowed: ReadonlySet<string> = new Set(['setInstructionBreakpoints']);
const steps: ReadonlySet<string> = new Set(['stepBack', 'reverseContinue', 'goto']);
const writes: ReadonlySet<string> = new Set(['writeMemory', 'setVariable', 'setExpression']);
const breakpoints: ReadonlySet<string> = new Set([
  'setInstructionBreakpoints',
  'setFunctionBreakpoints',
  'setDataBreakpoints',
]);

/** States in the order in which a person has to look at them. */
const urgency = [
  'error',
  'debug-halted',
  'lock-stall',
  'stream-stall',
  'cascade-stall',
  'memory-stall',
  'running',
  'done',
];

/** Calls of one thread that a frame's id can name. */
const mostCalls = 64;

/** References that count at a time: more than an editor shows. */
const mostReferences = 4096;

/** A list of names and values below a frame, or a part of it. */
type Variables = (start: number, count: number) => Promise<readonly DebugProtocol.Variable[]>;

/** What an editor may send with a breakpoint, although no capability says that it is looked at; empty counts as none. */
type ConditionalBreakpoint = Pick<
  DebugProtocol.SourceBreakpoint,
  'condition' | 'hitCondition' | 'logMessage'
>;

/** Why a thread stopped, in the words of the protocol. */
type StopReason = 'pause' | 'step' | 'breakpoint';

/** Where the first byte of a whole variable lies. */
type ValuePlace = NonNullable<CoreVariable['place']> & { readonly tile: Tile };

/**
 * VS Code waits 2 s for the answer to `disconnect`, and hears nothing of the session behind that. Milliseconds, with what a
 * message takes: rather said twice than not at all.
 */
const editorWaitMs = 1500;

/** Elements of an array that are told at once at most. */
const mostElements = 10_000;

export class ObservingAdapter extends DebugSession {
  readonly #services: AdapterServices;
  readonly #ended = new AbortController();
  readonly #following = new DisposableStore();
  #observed: Observed | undefined;
  #breakpoints: Breakpoints | undefined;
  #lineSteps: LineSteps | undefined;
  /** Names that were told last, by thread. */
  #names = new Map<number, string>();
  /** By reference, the oldest first: a held sample keeps its own while others are taken. */
  readonly #variables = new Map<number, Variables>();
  #lastReference = 0;
  /** A person allowed to halt cores; that may have ended since. */
  #wasAllowed = false;
  /** The failure that was told last. */
  #told: string | undefined;
  /** The epoch that was seen last. */
  #epoch: string | undefined;

  constructor(services: AdapterServices) {
    super();
    this.#services = services;
    this.setDebuggerLinesStartAt1(true);
    this.setDebuggerColumnsStartAt1(true);
  }

  override shutdown(): void {
    // Without a disconnect before it: nobody waits for the answer.
    const { errorText, warn } = this.#services;
    this.#endHalting(warn).catch((thrown: unknown) => warn(errorText(thrown)));
    this.#end();
    super.shutdown();
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const { command } = request;
    if (answered.has(command) || (this.#wasAllowed && answeredOnceAllowed.has(command))) {
      super.dispatchRequest(request);
      return;
    }
    const { l10n } = this.#services;
    const why = steps.has(command)
      ? noStepText(l10n)
      : writes.has(command)
        ? noWriteText(l10n)
        : breakpoints.has(command)
          ? this.#mayHalt
            ? noSuchBreakpointText(l10n)
            : noBreakpointText(l10n)
          : unknownRequestText(command, l10n);
    const response = { seq: 0, type: 'response', request_seq: request.seq, command, success: false };
    this.#refuse(response, why);
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = {
      supportsConfigurationDoneRequest: true,
      supportsDelayedStackTraceLoading: true,
      supportsSingleThreadExecutionRequests: true,
      supportsReadMemoryRequest: true,
      supportsDisassembleRequest: true,
    };
    this.sendResponse(response);
  }

  protected override attachRequest(
    response: DebugProtocol.AttachResponse,
    configuration: DebugProtocol.AttachRequestArguments,
  ): void {
    this.#answer(response, async () => {
      const observed = await this.#services.attach(configuration, this.#ended.signal);
      if (this.#ended.signal.aborted) {
        observed.halting.dispose();
        observed.cores.dispose();
        observed.programs.dispose();
        return;
      }
      this.#observed = observed;
      this.#lineSteps = new LineSteps(observed);
      this.#breakpoints = new Breakpoints({
        ...observed,
        sourcePath: (file) => this.#services.sourcePath(file),
        errorText: (thrown) => this.#services.errorText(thrown),
        l10n: this.#services.l10n,
      });
      this.#following.add(observed.halting.onDidAllow(() => this.#haltingAllowed()));
      this.#following.add(observed.halting);
      this.#following.add(observed.halting.onDidStop((stop) => this.#stoppedByItself(stop)));
      this.#following.add(observed.halting.onDidGoOn((tile) => this.#goesOn(tile)));
      this.#following.add(observed.halting.onDidEnd((tiles) => this.#haltingEnded(tiles)));
      this.#following.add(observed.cores);
      this.#following.add(observed.programs);
      this.#following.add(observed.cores.onDidChange(() => this.#tellNames()));
      this.#following.add(observed.cores.onDidChange(() => this.#breakpoints?.noteStates()));
      this.#epoch = observed.halting.partition?.epoch;
      this.#following.add(observed.cores.onDidChange(() => this.#noteEpoch()));
      this.#following.add(observed.programs.onDidChange(() => this.#tellNames()));
      this.#following.add(observed.programs.onDidChange(() => void this.#applyBreakpoints()));
      this.sendEvent(new InitializedEvent());
    });
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    const threads = this.#ordered().map((core) => ({
      id: threadOfTile(core.tile),
      name: this.#nameOf(core),
    }));
    this.#names = new Map(threads.map(({ id, name }) => [id, name]));
    response.body = { threads };
    this.sendResponse(response);
  }

  protected override pauseRequest(
    response: DebugProtocol.PauseResponse,
    { threadId }: DebugProtocol.PauseArguments,
  ): void {
    this.#answer(response, async () => {
      const tile = tileOfThread(threadId);
      this.#lineSteps?.end(tile);
      const { clock, l10n } = this.#services;
      const { cores, halting } = this.#observed ?? {};
      if (cores?.core(tile) === undefined) throw new Refused(noCoreText(tile, l10n));
      const failure = this.#mayHalt ? await this.#halt(tile) : undefined;
      if (halting?.isHalted(tile) === true) {
        await this.#stands(tile, 'pause');
        return;
      }
      const sample = await cores.sample(tile);
      if (failure !== undefined) this.say(failure(sample));
      this.#stopped(tile, 'pause', sampleText(sample, clock, l10n));
    });
  }

  /** Halts a core. The answer: what is said of it if it does not stand then, with the sample that is taken instead. */
  async #halt(tile: Tile): Promise<((sample: Core) => string) | undefined> {
    try {
      const outcome = await this.#observed?.halting.halt(tile);
      return (sample) => notHaltedText(sample, outcome?.reason, this.#services.l10n);
    } catch (thrown) {
      const text = this.#services.errorText(thrown);
      return () => text;
    }
  }

  protected override nextRequest(
    response: DebugProtocol.NextResponse,
    { threadId, granularity }: DebugProtocol.NextArguments,
  ): void {
    this.#step(response, threadId, async (tile, halting) => {
      const [first] = granularity === 'instruction' ? [] : await this.#stackOf(tile);
      if (first === undefined) return this.#stepInstruction(tile, halting);
      const back = await this.#returnOf(tile);
      const over = this.#lineSteps?.begin(tile, first.address, back);
      if (over !== undefined) return this.#stepOver(tile, over);
      // Without lines or callers there is nothing to run to.
      return back === undefined ? this.#stepInstruction(tile, halting) : this.#stepTo(tile, back, halting);
    });
  }

  protected override stepInRequest(
    response: DebugProtocol.StepInResponse,
    { threadId }: DebugProtocol.StepInArguments,
  ): void {
    this.#step(response, threadId, (tile, halting) => this.#stepInstruction(tile, halting));
  }

  protected override stepOutRequest(
    response: DebugProtocol.StepOutResponse,
    { threadId }: DebugProtocol.StepOutArguments,
  ): void {
    this.#step(response, threadId, async (tile, halting) => {
      const back = await this.#returnOf(tile);
      if (back === undefined) throw new Refused(noStepOutText(this.#services.l10n));
      await this.#stepTo(tile, back, halting);
    });
  }

  /** Where the function that the core is in returns to; `undefined` where nothing tells it. */
  async #returnOf(tile: Tile): Promise<number | undefined> {
    const caller = (await this.#stackOf(tile)).find(({ isCaller }) => isCaller);
    return caller === undefined ? undefined : caller.address + 1;
  }

  /** A step of a core that stands. */
  #step(
    response: DebugProtocol.Response,
    threadId: number,
    make: (tile: Tile, halting: Halting) => Promise<void>,
  ): void {
    this.#answer(response, async () => {
      const tile = tileOfThread(threadId);
      const { halting } = this.#observed ?? {};
      if (halting?.isHalted(tile) !== true) throw new Refused(noStepText(this.#services.l10n));
      this.#lineSteps?.end(tile);
      await make(tile, halting);
      if (!halting.isHalted(tile)) this.#continued([tile]);
    });
  }

  async #stepInstruction(tile: Tile, halting: Halting): Promise<void> {
    const { reason, stands } = await this.#stepped(tile, halting.step(tile));
    if (reason !== undefined) {
      if (!stands) this.#goesOn(tile);
      throw new Refused(notSteppedText(tile, reason, this.#services.l10n));
    }
    this.#observed?.cores.dropSample(tile);
    if (halting.isHalted(tile)) await this.#stands(tile, 'step');
  }

  /** Runs to an address. */
  async #stepTo(tile: Tile, address: number, halting: Halting): Promise<void> {
    const { l10n } = this.#services;
    const own = halting.breakpointsOf(tile);
    if (own.length >= mostEvents && !own.includes(address)) throw new Refused(noRoomText(tile, l10n));
    const notDone = await this.#stepped(tile, halting.runTo(tile, [address]));
    if (notDone !== undefined) throw new Refused(notSteppedText(tile, notDone, l10n));
    this.#runs(tile);
  }

  /** What came of a part of a step over a line. Rejects in words. */
  async #stepOver(tile: Tile, over: Promise<StepPart>): Promise<void> {
    const { l10n } = this.#services;
    const part = await this.#stepped(tile, over);
    switch (part.kind) {
      case 'runs':
        this.#runs(tile);
        break;
      case 'stands':
        this.#observed?.cores.dropSample(tile);
        if (part.isFull) this.say(noRoomText(tile, l10n));
        await this.#stands(tile, part.cause);
        break;
      case 'not-done':
        if (!part.stands) this.#goesOn(tile);
        throw new Refused(notSteppedText(tile, part.reason, l10n));
      case 'ended':
    }
  }

  /** A core goes on until it comes to an address of its step, or until what it waits for is there. */
  #runs(tile: Tile): void {
    const { cores } = this.#observed ?? {};
    cores?.dropSample(tile);
    // Most steps are over at once; the others are found by the looks at all cores.
    void cores?.readState(tile).catch(() => undefined);
  }

  /** A step whose answer was lost may have been done: the core is looked at once. */
  async #stepped<T>(tile: Tile, step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (thrown) {
      const { cores, halting } = this.#observed ?? {};
      if (halting?.isHalted(tile) === false && halting.isTouched(tile)) {
        await cores?.readState(tile).catch(() => undefined);
        if (!halting.isHalted(tile)) this.#goesOn(tile);
      }
      throw thrown;
    }
  }

  #stoppedByItself({ tile, cause, why }: Stop): void {
    const { errorText, l10n } = this.#services;
    const over = cause === 'step' ? this.#lineSteps?.goOn(tile) : undefined;
    if (over !== undefined) {
      this.#stepOver(tile, over).catch((thrown: unknown) => {
        this.say(errorText(thrown));
        if (this.#observed?.halting.isHalted(tile) === true) void this.#stands(tile, cause);
      });
      return;
    }
    this.#lineSteps?.end(tile);
    if (why !== undefined) {
      const text = typeof why === 'string' ? reasonText(why, l10n) : errorText(why);
      this.say(notResumedText(tile, text, l10n));
    }
    void this.#stands(tile, cause);
  }

  /** A core was halted, or stands behind its step. */
  async #stands(tile: Tile, reason: StopReason): Promise<void> {
    try {
      await this.#observed?.cores.sample(tile);
    } catch (thrown) {
      // It stands all the same: what is shown of it is from the look before.
      this.say(this.#services.errorText(thrown));
    }
    if (this.#observed?.halting.isHalted(tile) === true) {
      this.#stopped(tile, reason, haltedText(this.#services.l10n));
    } else this.#observed?.cores.dropSample(tile);
  }

  /** A core that stood goes on without having been asked to by the editor. */
  #goesOn(tile: Tile): void {
    this.#observed?.cores.dropSample(tile);
    this.#continued([tile]);
  }

  /**
   * Tells that threads go on, after the response and after earlier stops. An editor concludes that from the response only if
   * no other thread stopped meanwhile.
   */
  #continued(tiles: readonly Tile[]): void {
    const areAll = this.#areAllGoing;
    for (const tile of areAll ? tiles.slice(0, 1) : tiles) {
      setImmediate(() => this.sendEvent(new ContinuedEvent(threadOfTile(tile), areAll)));
    }
  }

  /** Whether no thread is stopped: no sample is held, and no core stands. */
  get #areAllGoing(): boolean {
    const { cores, halting } = this.#observed ?? {};
    return cores?.sampled.length === 0 && halting?.halted.length === 0;
  }

  /** Tells of a stop after the response: an editor that hears of it first asks for it twice. */
  #stopped(tile: Tile, reason: StopReason, description: string): void {
    const body = { reason, description, threadId: threadOfTile(tile), allThreadsStopped: false };
    setImmediate(() =>
      this.sendEvent({ seq: 0, type: 'event', event: 'stopped', body } satisfies DebugProtocol.StoppedEvent),
    );
  }

  #haltingEnded(tiles: readonly Tile[]): void {
    this.#lineSteps?.endAll();
    this.say(haltingEndedText(this.#services.l10n));
    for (const tile of tiles) this.#goesOn(tile);
    this.#tellCapabilities({ supportsSteppingGranularity: false });
    void this.#applyBreakpoints();
  }

  #haltingAllowed(): void {
    this.#wasAllowed = true;
    // Never taken back: an editor without it would not tell of breakpoints that a person removes meanwhile.
    this.#tellCapabilities({ supportsInstructionBreakpoints: true, supportsSteppingGranularity: true });
    void this.#applyBreakpoints();
  }

  #tellCapabilities(capabilities: DebugProtocol.Capabilities): void {
    this.sendEvent(new CapabilitiesEvent(capabilities));
  }

  /** Sets breakpoints anew, and tells of those whose state is another one. */
  async #applyBreakpoints(): Promise<void> {
    for (const one of (await this.#breakpoints?.apply()) ?? []) {
      this.sendEvent(new BreakpointEvent('changed', protocolBreakpoint(one)));
    }
  }

  /**
   * Puts breakpoints in the place of others; answers with what became of each. One with a condition gets no place: its core
   * would halt whenever it comes there.
   */
  async #replaceBreakpoints<Wanted extends ConditionalBreakpoint>(
    isReplaced: (place: BreakpointPlace) => boolean,
    wanted: readonly Wanted[],
    placeOf: (one: Wanted) => BreakpointPlace,
  ): Promise<DebugProtocol.Breakpoint[]> {
    const all = this.#breakpoints;
    const places = wanted.filter((one) => !isConditional(one)).map(placeOf);
    const ids = all?.replace(isReplaced, places) ?? [];
    const changed = (await all?.apply()) ?? [];
    for (const one of changed) {
      if (!ids.includes(one.id)) this.sendEvent(new BreakpointEvent('changed', protocolBreakpoint(one)));
    }
    const left = ids.values();
    const message = noConditionText(this.#services.l10n);
    return wanted.map((one) => {
      if (isConditional(one)) return { verified: false, message };
      const found = all?.get(left.next().value ?? 0);
      // It was replaced meanwhile; an answer has as many as were asked for.
      return found === undefined ? { verified: false } : protocolBreakpoint(found);
    });
  }

  protected override continueRequest(
    response: DebugProtocol.ContinueResponse,
    { threadId }: DebugProtocol.ContinueArguments,
  ): void {
    this.#answer(response, async () => {
      const tile = tileOfThread(threadId);
      const { cores, halting } = this.#observed ?? {};
      const isHalted = halting?.isHalted(tile) === true;
      const { l10n } = this.#services;
      this.#lineSteps?.end(tile);
      const reason = halting?.isTouched(tile) === true ? await this.#resumed(tile, halting) : undefined;
      if (reason !== undefined) {
        const text = notResumedText(tile, reasonText(reason, l10n), l10n);
        if (isHalted) throw new Refused(text);
        this.say(text);
      }
      if (isHalted) cores?.dropSample(tile);
      const dropped = isHalted ? [] : this.#dropSamples();
      // Other cores that stand go on standing.
      response.body = { allThreadsContinued: this.#areAllGoing };
      // The editor looks for another stopped thread in the place of the one that is told last.
      const others = dropped.filter((one) => formatTile(one) !== formatTile(tile));
      this.#continued([...others, tile]);
    });
  }

  /**
   * Lets a core go on. One that was told to without an answer may run: it is looked at once, and counts as halted until a look
   * finds it running.
   */
  async #resumed(tile: Tile, halting: Halting): Promise<UnreadableReason | undefined> {
    try {
      return await halting.resume(tile);
    } catch (thrown) {
      if (!halting.isHalted(tile)) throw thrown;
      const { errorText, l10n } = this.#services;
      try {
        await this.#observed?.cores.readState(tile);
      } catch {
        throw new Refused(mayGoOnText(tile, errorText(thrown), l10n));
      }
      if (halting.isHalted(tile)) throw thrown;
      return undefined;
    }
  }

  /** What halting is about now; `undefined` before the session is attached. */
  get halting(): Halting | undefined {
    return this.#observed?.halting;
  }

  get #mayHalt(): boolean {
    return this.#observed?.halting.isAllowed === true;
  }

  /** The place in a tile's memory that a reference of this session names. */
  placeOf(reference: string): MemoryPlace | undefined {
    return this.#observed?.memory.place(reference);
  }

  /** Says something in the debug console. */
  say(text: string): void {
    this.sendEvent(new OutputEvent(`${cleanLine(text)}\n`, 'important'));
  }

  /** Drops all samples, as when another session stops: a held sample would keep the focus. Cores that stand go on standing. */
  dropSamples(): void {
    this.#continued(this.#dropSamples());
  }

  #dropSamples(): readonly Tile[] {
    const { cores, halting } = this.#observed ?? {};
    const dropped = (cores?.sampled ?? []).filter((tile) => halting?.isHalted(tile) !== true);
    for (const tile of dropped) cores?.dropSample(tile);
    return dropped;
  }

  protected override stackTraceRequest(
    response: DebugProtocol.StackTraceResponse,
    { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
  ): void {
    this.#answer(response, async () => {
      const tile = tileOfThread(threadId);
      const all = await this.#callsOf(tile);
      const end = levels === 0 ? all.length : startFrame + levels;
      response.body = { stackFrames: all.slice(startFrame, end), totalFrames: all.length };
    });
  }

  protected override scopesRequest(
    response: DebugProtocol.ScopesResponse,
    { frameId }: DebugProtocol.ScopesArguments,
  ): void {
    const { l10n } = this.#services;
    const tile = tileOfThread(Math.floor(frameId / mostCalls));
    const { cores, halting, memory, programs } = this.#observed ?? {};
    const core = cores?.core(tile);
    const scopes: DebugProtocol.Scope[] = [];
    const add = (
      name: string,
      list: () => CoreVariable[] | Promise<CoreVariable[]>,
      more: Partial<DebugProtocol.Scope> = {},
    ): void => {
      const variables: Variables = async () =>
        (await list()).map((one) => this.#variable(one, one.place && { ...one.place, tile }));
      scopes.push({ name, variablesReference: this.#reference(variables), expensive: false, ...more });
    };
    if (core !== undefined) {
      add(l10n.t('Core'), () => coreVariables(core, this.#services), { presentationHint: 'registers' });
      if (halting?.isHalted(tile) === true) {
        const read = async (): Promise<CoreVariable[]> =>
          registerVariables(await halting.registers(tile), l10n);
        add(l10n.t('Registers'), read, { presentationHint: 'registers', expensive: true });
      }
      add(l10n.t('Locks'), () => lockVariables(core, l10n));
      add(l10n.t('DMA channels'), () => channelVariables(core, l10n));
    }
    const program = programs?.at(tile);
    if (core !== undefined && program !== undefined && memory !== undefined) {
      // These are read from the board when a person opens them.
      const more = { expensive: true };
      if (program.info.globals.length > 0) {
        add(l10n.t('Globals'), () => globalVariables(tile, program, memory, l10n), more);
      }
      if (hasBuffers(program)) {
        add(l10n.t('Buffers'), () => bufferVariables(tile, program, memory, l10n), more);
      }
      if (program.symbols.stack !== undefined) {
        add(l10n.t('Stack'), () => stackVariables(core, program, memory, l10n), more);
      }
    }
    response.body = { scopes };
    this.sendResponse(response);
  }

  protected override variablesRequest(
    response: DebugProtocol.VariablesResponse,
    { variablesReference, start = 0, count = 0 }: DebugProtocol.VariablesArguments,
  ): void {
    this.#answer(response, async () => {
      const variables = (await this.#variables.get(variablesReference)?.(start, count)) ?? [];
      response.body = { variables: [...variables] };
    });
  }

  protected override readMemoryRequest(
    response: DebugProtocol.ReadMemoryResponse,
    { memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments,
  ): void {
    this.#answer(response, async () => {
      const found = await this.#observed?.memory.bytesAt(memoryReference, offset, count);
      if (found === undefined) throw new Refused(noPlaceText(memoryReference, this.#services.l10n));
      const { address, bytes, unreadable } = found;
      response.body = { address, unreadableBytes: unreadable, data: Buffer.from(bytes).toString('base64') };
    });
  }

  protected override disassembleRequest(
    response: DebugProtocol.DisassembleResponse,
    {
      memoryReference,
      offset = 0,
      instructionOffset = 0,
      instructionCount,
    }: DebugProtocol.DisassembleArguments,
  ): void {
    this.#answer(response, async () => {
      const { l10n } = this.#services;
      const { memory, programs } = this.#observed ?? {};
      const place = memory?.place(memoryReference);
      if (place?.memory !== 'program') throw new Refused(noPlaceText(memoryReference, l10n));
      const program = programs?.at(place.tile);
      const listing = await programs?.listing(place.tile);
      if (memory === undefined || program === undefined || listing === undefined || listing.length === 0) {
        throw new Refused(noListingText(place.tile, l10n));
      }
      const wanted = {
        tile: place.tile,
        address: place.offset + offset,
        first: instructionOffset,
        count: instructionCount,
      };
      const instructions = await disassembled(wanted, listing, program, memory, (file) => this.#source(file));
      response.body = { instructions };
    });
  }

  protected override setBreakPointsRequest(
    response: DebugProtocol.SetBreakpointsResponse,
    { source, breakpoints: wanted = [] }: DebugProtocol.SetBreakpointsArguments,
  ): void {
    const path = comparablePath(source.path ?? '');
    this.#answer(response, async () => {
      const found = await this.#replaceBreakpoints(
        (place) => 'path' in place && place.path === path,
        wanted,
        ({ line }) => ({ path, line }),
      );
      response.body = { breakpoints: found };
    });
  }

  protected override setInstructionBreakpointsRequest(
    response: DebugProtocol.SetInstructionBreakpointsResponse,
    { breakpoints: wanted }: DebugProtocol.SetInstructionBreakpointsArguments,
  ): void {
    this.#answer(response, async () => {
      const found = await this.#replaceBreakpoints(
        (place) => 'tile' in place,
        wanted,
        ({ instructionReference, offset = 0 }) => {
          const place = this.#observed?.memory.place(instructionReference);
          if (place?.memory !== 'program') {
            throw new Refused(noPlaceText(instructionReference, this.#services.l10n));
          }
          return { tile: place.tile, address: place.offset + offset };
        },
      );
      response.body = {
        breakpoints: found.map((one, i) => ({
          ...one,
          instructionReference: wanted[i]?.instructionReference ?? '',
        })),
      };
    });
  }

  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    const { after, errorText, warn } = this.#services;
    this.#answer(response, async () => {
      let isHeard = true;
      const timer = after(editorWaitMs, () => {
        isHeard = false;
      });
      try {
        await this.#endHalting((text) => (isHeard ? this.say(text) : warn(text)));
      } catch (thrown) {
        if (!isHeard) warn(errorText(thrown));
        throw thrown;
      } finally {
        timer.dispose();
        this.#end();
      }
    });
  }

  /** Has the board let all cores go on; what is left is said by `say`. Rejects in words. */
  async #endHalting(say: (text: string) => void): Promise<void> {
    const { errorText, l10n } = this.#services;
    let left: number | undefined;
    try {
      left = await this.#observed?.halting.end();
    } catch (thrown) {
      throw new Refused(notEndedText(errorText(thrown), l10n));
    }
    if (left !== undefined && left > 0) say(stillHaltedText(left, l10n));
  }

  #end(): void {
    this.#ended.abort();
    this.#following.dispose();
    this.#observed = undefined;
  }

  #reference(variables: Variables): number {
    this.#lastReference++;
    this.#variables.set(this.#lastReference, variables);
    const [oldest] = this.#variables.keys();
    if (oldest !== undefined && this.#variables.size > mostReferences) this.#variables.delete(oldest);
    return this.#lastReference;
  }

  /** Answers when the work is done; a failure is answered in words. */
  #answer(response: DebugProtocol.Response, work: () => Promise<void>): void {
    work().then(
      () => this.sendResponse(response),
      (thrown: unknown) => this.#refuse(response, this.#services.errorText(thrown)),
    );
  }

  #refuse(response: DebugProtocol.Response, why: string): void {
    // Braces of the text itself would be taken for names; the library puts names with an underscore in.
    this.sendErrorResponse(response, {
      id: 1,
      format: '{_why}',
      variables: { _why: plainText(why) },
      // Watch expressions are evaluated at each stop: what comes of them is shown where they stand.
      showUser: response.command !== 'evaluate',
    });
  }

  /** Has the editor ask for names anew, if one is another: an event for a thread that it knows does only that. */
  #tellNames(): void {
    const cores = this.#observed?.cores.all ?? [];
    const error = this.#observed?.cores.error;
    const failure = error === undefined ? undefined : this.#services.errorText(error);
    if (failure !== undefined && failure !== this.#told) {
      this.say(failure);
    }
    this.#told = failure;
    const [first] = cores;
    if (first === undefined) return;
    if (cores.some((core) => this.#names.get(threadOfTile(core.tile)) !== this.#nameOf(core))) {
      this.sendEvent(new ThreadEvent('started', threadOfTile(first.tile)));
    }
  }

  /** The cores of another epoch may run a program that was built meanwhile. */
  #noteEpoch(): void {
    const { halting, programs } = this.#observed ?? {};
    const epoch = halting?.partition?.epoch;
    if (epoch === undefined || epoch === this.#epoch) return;
    this.#epoch = epoch;
    void programs?.dropChanged();
  }

  #nameOf(core: Core): string {
    return cleanLine(threadName(core, this.#observed?.programs.at(core.tile), this.#services.l10n));
  }

  #ordered(): Core[] {
    const cores = [...(this.#observed?.cores.all ?? [])];
    if (this.#observed?.order !== 'state') return cores;
    const rank = ({ status }: Core): number => {
      const at = urgency.indexOf(status?.core?.state ?? '');
      return at < 0 ? urgency.length : at;
    };
    return cores.sort((a, b) => rank(a) - rank(b));
  }

  /** The calls that a core is in. Only of a sample the stack is read: the others go on meanwhile. */
  async #stackOf(tile: Tile): Promise<readonly StackCall[]> {
    const { cores, programs, memory } = this.#observed ?? {};
    const { pc, ...registers } = cores?.core(tile)?.status?.core ?? {};
    if (memory === undefined || pc === undefined) return [];
    const read = async (wanted: { address: number; size: number }): Promise<FoundBytes> =>
      (await memory.read(tile, [wanted]))[0] ?? 'elsewhere';
    const isSampled = cores?.isSampled(tile) === true;
    return stackOf(programs?.at(tile), { pc, ...registers }, isSampled ? read : undefined);
  }

  /** The calls of a thread, as the protocol tells them. */
  async #callsOf(tile: Tile): Promise<DebugProtocol.StackFrame[]> {
    const { memory } = this.#observed ?? {};
    if (memory === undefined) return [];
    const calls = await this.#stackOf(tile);
    return Promise.all(
      calls.slice(0, mostCalls).map(async ({ name, address, place, isCaller }, i) => {
        const source = place === undefined || place.file === '' ? undefined : await this.#source(place.file);
        const instructionPointerReference = memory.reference(tile, 'program', address);
        return {
          id: threadOfTile(tile) * mostCalls + i,
          name: name === '' ? hexNumber(address) : cleanLine(name),
          line: source === undefined ? 0 : (place?.line ?? 0),
          column: source === undefined ? 0 : (place?.column ?? 0),
          ...(source === undefined ? {} : { source }),
          ...(instructionPointerReference === undefined ? {} : { instructionPointerReference }),
          presentationHint: isCaller ? 'subtle' : 'normal',
        } satisfies DebugProtocol.StackFrame;
      }),
    );
  }

  /** A value with what is in it. */
  #variable({ name, value, offset }: NamedValue, place?: ValuePlace): DebugProtocol.Variable {
    const { parts } = value;
    const memoryReference =
      place && this.#observed?.memory.reference(place.tile, place.space, place.address + offset);
    const inner: Variables = async (start, count) => {
      const end = Math.min(parts?.count ?? 0, start + (count === 0 ? mostElements : count));
      const list: DebugProtocol.Variable[] = [];
      for (let i = start; i < end; i++) {
        const part = parts?.at(i);
        if (part !== undefined) list.push(this.#variable(part, place));
      }
      return list;
    };
    return {
      name: cleanLine(name),
      value: cleanLine(value.text),
      ...(value.type === '' ? {} : { type: cleanLine(value.type) }),
      variablesReference: parts === undefined ? 0 : this.#reference(inner),
      ...(parts?.isIndexed === true ? { indexedVariables: parts.count } : {}),
      ...(memoryReference === undefined ? {} : { memoryReference }),
    };
  }

  async #source(file: string): Promise<DebugProtocol.Source> {
    const name = cleanLine(file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1));
    const path = await this.#services.sourcePath(file);
    return path === undefined ? { name, presentationHint: 'deemphasize' } : { name, path };
  }
}

function isConditional({ condition, hitCondition, logMessage }: ConditionalBreakpoint): boolean {
  return [condition, hitCondition, logMessage].some((one) => one !== undefined && one !== '');
}

function protocolBreakpoint({ id, isSet, line, message }: SessionBreakpoint): DebugProtocol.Breakpoint {
  return {
    id,
    verified: isSet,
    ...(line === undefined ? {} : { line }),
    ...(message === '' ? {} : { message: cleanLine(message) }),
  };
}
