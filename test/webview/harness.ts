/** Serves a page with a fake host, under the content security policy of the real one, and opens it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser, localContext } from '../../scripts/browser.ts';
import { root } from '../../scripts/common.ts';
import type { PageParts } from '../../src/editor/messages.ts';
import type { FakeConfig } from './fake-host.ts';
import { partIds } from './part-ids.ts';
import { type ThemeName, themeNames, themeSheet } from './themes.ts';

/** What a page is opened with, beside the fake host's own switches. */
export interface OpenOptions extends FakeConfig {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** The system's forced colours. */
  readonly forcedColors?: boolean;
  /** How many times larger everything is, in a window of the same size. */
  readonly zoom?: number;
}

/** A page in front of a fake host, and what went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of the page, refused resources included; has to be empty at the end of every test. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

const nonce = 'bm9uY2U';
const policy = [
  "default-src 'none'",
  `style-src 'self' 'nonce-${nonce}'`,
  "font-src 'self'",
  `script-src 'nonce-${nonce}'`,
].join('; ');

/** @param parts of a page that begins as a short one */
function html(theme: ThemeName, parts?: Omit<PageParts, 'type'>): string {
  const body = theme === 'high-contrast' ? 'vscode-high-contrast' : `vscode-${theme}`;
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Tile memory</title>
<link rel="stylesheet" href="/${theme}.css"><link rel="stylesheet" href="/${parts ? 'sight' : 'main'}.css"></head>
<body class="${body}"><script nonce="${nonce}" src="/fake-host.js"></script>
${
  parts === undefined
    ? `<script nonce="${nonce}" src="/main.js"></script>`
    : `${(['style', 'script'] as const)
        .map((part) => `<script type="text/plain" id="${partIds[part]}">${asText(parts[part])}</script>`)
        .join('')}
<script nonce="${nonce}" src="/sight.js"></script>`
}</body></html>`;
}

/** As it may stand between the tags of a script element. */
function asText(script: string): string {
  return script.replaceAll('</script', '\\x3c/script');
}

async function bundle(main: string, fakeHost: string): Promise<Map<string, string>> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: {
      main: join(root, main),
      'fake-host': join(root, fakeHost),
      sight: join(root, 'webview/sight.ts'),
    },
    outdir: '/page',
    write: false,
    bundle: true,
    format: 'iife',
    target: 'es2022',
    conditions: ['production'],
    minify: true,
  });
  return new Map(
    result.outputFiles.map((file) => [file.path.slice(file.path.lastIndexOf('/')), file.text] as const),
  );
}

/** Waits until what was said last has been answered and drawn. */
export async function painted(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { port1, port2 } = new MessageChannel();
    for (let i = 0; i < 4; i++) {
      await new Promise((done) => requestAnimationFrame(done));
      // On a busy machine frames may overtake messages: this one comes after those that were sent before it.
      await new Promise((done) => {
        port2.onmessage = done;
        port1.postMessage(0);
      });
    }
    port1.close();
  });
}

/** Runs in the page first of all: its frames and what the fake host tells it come late and in order, as on a busy machine. */
function slow(): void {
  const frame = window.requestAnimationFrame.bind(window);
  const post: (message: unknown, origin: string) => void = window.postMessage.bind(window);
  const calls = new Map<number, FrameRequestCallback>();
  let last = 0;
  const draw = (time: number): void => {
    const due = [...calls];
    calls.clear();
    for (const [, call] of due) call(time);
  };
  window.requestAnimationFrame = (call) => {
    if (calls.size === 0) setTimeout(() => frame(draw), 120);
    calls.set(++last, call);
    return last;
  };
  window.cancelAnimationFrame = (id) => calls.delete(id);
  Reflect.set(window, 'postMessage', (message: unknown, origin: string) => {
    const copy = structuredClone(message);
    setTimeout(() => post(copy, origin), 80);
  });
}

/** How a page is looked at. */
export type LookOptions = Pick<OpenOptions, 'theme' | 'width' | 'height' | 'forcedColors' | 'zoom'>;

/** What a person's hand may still hold down when a test ends. */
const modifiers = ['Shift', 'Control', 'Alt', 'Meta'] as const;

/**
 * Serves one page with its fake host, and opens it in a browser: once at a time, in one window that is loaded anew for
 * each opening.
 */
export class PageServer {
  readonly #server: Server;
  readonly #browser: Browser;
  #page: Page | undefined;
  /** Errors of the page that is open. */
  #errors: string[] = [];

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  /** @param main the page's source, @param fakeHost the source of what stands for the host, from the root */
  static async start(main: string, fakeHost: string): Promise<PageServer> {
    const files = await bundle(main, fakeHost);
    for (const name of themeNames) files.set(`/${name}.css`, themeSheet(name));
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const theme = themeNames.find((name) => url.pathname === `/${name}`);
      const parts = { style: files.get('/main.css') ?? '', script: files.get('/main.js') ?? '' };
      const isShort = url.searchParams.has('short');
      const text = theme === undefined ? files.get(url.pathname) : html(theme, isShort ? parts : undefined);
      const type = theme !== undefined ? 'html' : url.pathname.endsWith('.css') ? 'css' : 'javascript';
      response.writeHead(text === undefined ? 404 : 200, {
        'content-type': `text/${type}; charset=utf-8`,
        'content-security-policy': policy,
      });
      response.end(text);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new PageServer(server, await launchBrowser());
  }

  /**
   * Opens the page; `config` is what its fake host starts with.
   *
   * @param isShort it begins as a short page, whose parts the fake host sends
   */
  async open(look: LookOptions, config: unknown, isShort = false): Promise<OpenPage> {
    const { theme = 'dark', width = 1000, height = 700, forcedColors, zoom = 1 } = look;
    this.#page ??= await this.#window();
    const page = this.#page;
    const errors: string[] = [];
    this.#errors = errors;
    await page.setViewportSize({ width: width / zoom, height: height / zoom });
    const session = zoom === 1 ? undefined : await page.context().newCDPSession(page);
    await session?.send('Emulation.setDeviceMetricsOverride', {
      ...{ width: width / zoom, height: height / zoom },
      ...{ deviceScaleFactor: zoom, mobile: false },
    });
    // What moves by itself is what a test is about, or it stands still.
    await page.emulateMedia({
      reducedMotion: 'reduce',
      forcedColors: forcedColors === true ? 'active' : null,
    });
    const { port } = this.#server.address() as AddressInfo;
    const query = new URLSearchParams({ config: JSON.stringify(config), ...(isShort ? { short: '' } : {}) });
    await page.goto(`http://127.0.0.1:${port}/${theme}?${query}`);
    const close = async () => {
      await session?.detach();
      await this.#leave(page);
    };
    return { page, errors, close };
  }

  async #window(): Promise<Page> {
    const page = await (await localContext(this.#browser)).newPage();
    if (process.env['SLOW_PAGE'] !== undefined) await page.addInitScript(slow);
    page.on('pageerror', (error) => this.#errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('favicon'))
        this.#errors.push(message.text());
    });
    return page;
  }

  /** Empties the window, and takes every hand off it. One that does not answer is given up. */
  async #leave(page: Page): Promise<void> {
    try {
      for (const key of modifiers) await page.keyboard.up(key);
      await page.mouse.up();
      await page.mouse.move(-1, -1);
      await page.goto('about:blank');
    } catch {
      this.#page = undefined;
      await page.context().close();
    }
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await new Promise((done) => this.#server.close(done));
  }
}

/** The hex editor's page. */
export class Harness {
  readonly #pages: PageServer;

  private constructor(pages: PageServer) {
    this.#pages = pages;
  }

  static async start(): Promise<Harness> {
    return new Harness(await PageServer.start('webview/main.ts', 'test/webview/fake-host.ts'));
  }

  /** Opens a page and waits until its first bytes are shown (unless they are held back). */
  async open(options: OpenOptions = {}): Promise<OpenPage> {
    const { theme, width, height, forcedColors, zoom, ...config } = options;
    const look: LookOptions = {
      ...(theme === undefined ? {} : { theme }),
      ...(width === undefined ? {} : { width }),
      ...(height === undefined ? {} : { height }),
      ...(forcedColors === undefined ? {} : { forcedColors }),
      ...(zoom === undefined ? {} : { zoom }),
    };
    const open = await this.#pages.open(look, config, config.sight !== undefined);
    await open.page.waitForSelector('.row:not(.tile) .bytes');
    await open.page.waitForFunction(() => window.fake.said.some((message) => message.type === 'visible'));
    await painted(open.page);
    return open;
  }

  stop(): Promise<void> {
    return this.#pages.stop();
  }
}
