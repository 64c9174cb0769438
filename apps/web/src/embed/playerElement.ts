import type { FromFrame, ToFrame } from './messages.ts';

// A script of its own, without imports, that any page may load as it is: where it lies tells where the player lies.

const HERE = new URL('./', (document.currentScript as HTMLScriptElement | null)?.src ?? location.href);
const LEVELS = ['story', 'calls', 'syscalls'];
const CONTROLS = ['none', 'mini', 'full'];
const THEMES = ['auto', 'dark', 'light'];
const LENGTH = /^\d{1,5}(\.\d+)?(px|%|vw|vh|em|rem)?$/;
const STEP = /^[1-9]\d{0,6}$/;

/** `<underdock-player src="…">`: a recorded run in an iframe of the place that this script comes from. */
class UnderdockPlayer extends HTMLElement {
  static readonly observedAttributes = [
    'guide',
    'src',
    'gallery',
    'step',
    'level',
    'controls',
    'theme',
    'width',
    'height',
  ];
  #frame: HTMLIFrameElement | undefined;
  #loaded = false;
  readonly #root = this.attachShadow({ mode: 'open' });

  connectedCallback(): void {
    addEventListener('message', this.#onMessage);
    this.#open();
  }

  disconnectedCallback(): void {
    removeEventListener('message', this.#onMessage);
    this.#frame = undefined;
    this.#root.replaceChildren();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.#frame || before === now) return;
    if (name === 'src' || name === 'gallery' || name === 'guide') this.#open();
    else if (name === 'width' || name === 'height') this.#size();
    else this.#show();
  }

  /** One step on. */
  next(): void {
    this.#tell({ underdock: 1, type: 'move', to: 'next' });
  }
  /** One step back. */
  previous(): void {
    this.#tell({ underdock: 1, type: 'move', to: 'previous' });
  }
  /** Goes on by itself. */
  play(): void {
    this.#tell({ underdock: 1, type: 'move', to: 'play' });
  }
  /** Stays where it is. */
  pause(): void {
    this.#tell({ underdock: 1, type: 'move', to: 'pause' });
  }

  #open(): void {
    this.#loaded = false;
    const trace = this.#trace();
    const address = new URL('./', HERE);
    const set = (name: string, value: string | undefined) => value && address.searchParams.set(name, value);
    set('embed', '1');
    set('parent', location.origin);
    set('step', this.#checked('step', STEP));
    set('level', this.#checked('level', LEVELS));
    set('controls', this.#checked('controls', CONTROLS));
    set('theme', this.#checked('theme', THEMES));
    set('autoplay', this.hasAttribute('autoplay') ? '1' : undefined);
    if (trace && !this.#isOurs(trace)) set('trace', trace.href);
    const guide = this.getAttribute('guide');
    if (guide && URL.canParse(guide, document.baseURI)) set('guide', new URL(guide, document.baseURI).href);
    const frame = document.createElement('iframe');
    frame.title = this.title || 'A container’s start, step by step';
    frame.allow = 'fullscreen';
    frame.src = address.href;
    frame.style.cssText = 'display:block;width:100%;height:100%;border:0';
    this.#frame = frame;
    this.#root.replaceChildren(frame);
    this.#size();
  }

  #trace(): URL | undefined {
    const name = this.getAttribute('gallery');
    if (name !== null && /^[\w.-]+$/.test(name)) return new URL(`gallery/${name}.chain.gz`, HERE);
    const src = this.getAttribute('src') ?? '';
    const address =
      src !== '' && URL.canParse(src, document.baseURI) ? new URL(src, document.baseURI) : undefined;
    if (address && /^https?:$/.test(address.protocol)) return address;
    this.#complain(
      name === null ? `src="${src}" is no address of a trace` : `gallery="${name}" is no name of a trace`,
    );
    return undefined;
  }

  /** A file that lies beside this page is read by this page: no other has to be let in by its server (CORS), cookies count. */
  #isOurs(trace: URL): boolean {
    return trace.origin === location.origin && trace.origin !== HERE.origin;
  }

  #size(): void {
    const length = (name: string, otherwise: string) => {
      const value = this.#checked(name, LENGTH) ?? otherwise;
      return /\d$/.test(value) ? `${value}px` : value;
    };
    this.style.display = 'block';
    this.style.maxWidth = '100%';
    this.style.width = length('width', '100%');
    this.style.height = length('height', '540px');
  }

  #show(): void {
    const step = this.#checked('step', STEP);
    this.#tell({
      underdock: 1,
      type: 'show',
      ...(step ? { step: Number(step) } : {}),
      level: (this.#checked('level', LEVELS) ?? 'story') as 'story',
      controls: (this.#checked('controls', CONTROLS) ?? 'mini') as 'mini',
      theme: (this.#checked('theme', THEMES) ?? 'auto') as 'auto',
    });
  }

  #tell(message: ToFrame, transfer: Transferable[] = []): void {
    if (this.#loaded) this.#frame?.contentWindow?.postMessage(message, HERE.origin, transfer);
  }

  readonly #onMessage = (event: MessageEvent): void => {
    if (event.origin !== HERE.origin || !this.#frame || event.source !== this.#frame.contentWindow) return;
    const message = event.data as FromFrame;
    if (message?.underdock !== 1) return;
    if (message.type === 'loaded') {
      this.#loaded = true;
      void this.#bring();
    } else if (message.type === 'problem') this.#complain(message.message);
    else if (['ready', 'step', 'ended'].includes(message.type)) {
      const { underdock: _, type, ...detail } = message;
      this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
    }
  };

  async #bring(): Promise<void> {
    const trace = this.#trace();
    if (!trace || !this.#isOurs(trace)) return;
    const bytes = await fetch(trace, { credentials: 'same-origin' })
      .then((answer) => (answer.ok ? answer.arrayBuffer() : undefined))
      .catch(() => undefined);
    // Meanwhile the page may have asked for another one.
    if (this.#trace()?.href !== trace.href) return;
    if (!bytes) return this.#complain(`there is no trace at ${trace.href}`);
    this.#tell({ underdock: 1, type: 'trace', name: trace.pathname.split('/').at(-1)!, bytes }, [bytes]);
  }

  /** The attribute if it is one of those that are understood. */
  #checked(name: string, allowed: readonly string[] | RegExp): string | undefined {
    const value = this.getAttribute(name);
    if (value === null || value === '') return undefined;
    const fits = allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value);
    if (fits) return value;
    this.#complain(
      `${name}="${value}" is not understood${allowed instanceof RegExp ? '' : `: take ${allowed.join(', ')}`}`,
    );
    return undefined;
  }

  #complain(why: string): void {
    console.warn(`<underdock-player>: ${why}`);
  }
}

if (!customElements.get('underdock-player')) customElements.define('underdock-player', UnderdockPlayer);
