import {
  type Guide,
  guideAnswerSchema,
  type PreparedConfigAnswer,
  preparedConfigSchema,
  problemSchema,
  type RunRequestInput,
} from '@underdock/trace';
import { SourceError } from './error.ts';

/** What the agent can be asked to do over HTTP. Each call throws SourceError with words that can be shown. */
export interface AgentHttp {
  /** Resolves with the new run's id. */
  start(request: RunRequestInput): Promise<string>;
  /** config.json of such a run before it runs, and what is wrong with `config` in its place. */
  config(request: RunRequestInput, config?: string): Promise<PreparedConfigAnswer>;
  stop(id: string): Promise<void>;
  release(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Begins or ends to make runs of what others start on the host. */
  watch(on: boolean): Promise<void>;
  /** How somebody tells a trace, as it lies beside it; undefined = nobody has said. */
  guide(trace: string): Promise<Guide | undefined>;
  /** Puts a guide beside a trace; undefined takes it away. */
  saveGuide(trace: string, guide: Guide | undefined): Promise<void>;
  /** What `GET api/PATH` answers. */
  read(path: string): Promise<unknown>;
  /** What `METHOD api/PATH` answers. */
  change(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** Sends a file as it is to `POST api/PATH`. */
  send(path: string, file: Blob): Promise<unknown>;
  /** The file that `GET api/PATH` answers with, and the name that it is to have. */
  fetchFile(path: string): Promise<{ file: Blob; name: string }>;
}

const CLOSED_LINK =
  'open the page with one of the links that underdock printed when it started: they carry the token';

/** Speaks to the agent that serves the page at `base` (ends with a slash). `askBrowser` is the browser's fetch. */
export function agentHttp(base: URL, token: string | undefined, askBrowser: typeof fetch = fetch): AgentHttp {
  const ask = async (method: string, path: string, type?: string, body?: BodyInit): Promise<Response> => {
    const headers: Record<string, string> = {};
    if (token) headers.authorization = `Bearer ${token}`;
    if (type !== undefined) headers['content-type'] = type;
    let response: Response;
    try {
      response = await askBrowser(new URL(`api/${path}`, base), { method, headers, body: body ?? null });
    } catch (cause) {
      throw new SourceError('unreachable', 'the agent does not answer', {
        remedy: 'see whether underdock still runs in its terminal; this page tries again by itself',
        cause,
      });
    }
    if (response.ok) return response;
    throw problemOf(response.status, await response.text());
  };
  const read = async (response: Response) => {
    const text = await response.text();
    return text === '' ? undefined : parse(text);
  };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    read(
      await (body === undefined
        ? ask(method, path)
        : ask(method, path, 'application/json', JSON.stringify(body))),
    );
  const runPath = (id: string) => `runs/${encodeURIComponent(id)}`;
  const guidePath = (trace: string) => `traces/${encodeURIComponent(trace)}/guide`;
  return {
    start: async (request) => readId(await call('POST', 'runs', request)),
    config: async (request, config) =>
      readConfig(await call('POST', 'oci/config', { request, ...(config === undefined ? {} : { config }) })),
    stop: async (id) => void (await call('POST', `${runPath(id)}/stop`, {})),
    release: async (id) => void (await call('POST', `${runPath(id)}/release`, {})),
    remove: async (id) => void (await call('DELETE', runPath(id))),
    watch: async (on) => void (await call('POST', 'watch', { on })),
    guide: async (trace) => guideAnswerSchema.parse(await call('GET', guidePath(trace))).guide ?? undefined,
    saveGuide: async (trace, guide) =>
      void (await (guide ? call('POST', guidePath(trace), guide) : call('DELETE', guidePath(trace)))),
    read: (path) => call('GET', path),
    change: call,
    send: async (path, file) => read(await ask('POST', path, 'application/octet-stream', file)),
    async fetchFile(path) {
      const response = await ask('GET', path);
      const named = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '');
      return { file: await response.blob(), name: named?.[1] ?? 'trace.chain.gz' };
    },
  };
}

/** On a page that no agent serves: nothing is asked, and every call says why. */
export function noAgentHttp(): AgentHttp {
  const refuse = () =>
    Promise.reject(
      new SourceError('unreachable', 'this page shows recordings: there is no agent behind it', {
        remedy: 'start underdock on a machine of your own: npm start',
      }),
    );
  return {
    start: refuse,
    stop: refuse,
    release: refuse,
    remove: refuse,
    watch: refuse,
    read: refuse,
    change: refuse,
    send: refuse,
    fetchFile: refuse,
    config: refuse,
    guide: refuse,
    saveGuide: refuse,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SourceError('unreadable', 'something else than the agent answered', {
      remedy: 'check the address of this page and the reverse proxy in front of it',
      cause,
    });
  }
}

function problemOf(status: number, text: string): SourceError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const problem = problemSchema.safeParse(body);
  if (problem.success) {
    const { code, message, remedy } = problem.data.error;
    return new SourceError(status === 401 ? 'refused' : 'problem', message, {
      reason: code,
      remedy: remedy ?? (status === 401 ? CLOSED_LINK : undefined),
    });
  }
  if (status === 401)
    return new SourceError('refused', 'the agent does not know this page', { remedy: CLOSED_LINK });
  return new SourceError('problem', `the agent answered with status ${status}`, {
    remedy: 'see what underdock wrote in its terminal',
  });
}

function readConfig(body: unknown): PreparedConfigAnswer {
  const answer = preparedConfigSchema.safeParse(body);
  if (answer.success) return answer.data;
  throw new SourceError('unreadable', 'the agent’s answer is not as this page knows it', {
    remedy: 'reload the page: the agent may be of another version',
  });
}

function readId(body: unknown): string {
  const id = (body as { id?: unknown } | undefined)?.id;
  if (typeof id === 'string') return id;
  throw new SourceError('unreadable', 'the agent started a run but did not say which', {
    remedy: 'look for it in the list of runs',
  });
}
