import { ImageError, type ImageErrorDetails } from '../error.ts';
import { readBody } from './body.ts';
import type { Answer } from './exchange.ts';

const MOST_ERROR_BYTES = 16 * 1024;

/** Milliseconds that an answer asks to wait (RFC 9110, section 10.2.3), or undefined. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after')?.trim();
  if (!value) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The error for an answer that isn’t a success; reads what the registry says of it. `what` is what was asked for. */
export async function faultOf(answer: Answer, what: string, domain: string): Promise<ImageError> {
  const said = await complaint(answer);
  const details: ImageErrorDetails = { method: answer.method, url: answer.url, status: answer.status };
  const tail = said.text === '' ? '' : ` (the registry says: ${said.text})`;
  switch (answer.status) {
    case 401:
    case 403:
      return new ImageError(
        'denied',
        `${domain} does not let you read ${what}${tail}; check the name, and log in with docker login ${domain} if it is private`,
        details,
      );
    case 404:
      return new ImageError(
        'unknown-image',
        `${domain} has no ${what}${tail}; check the name and the tag`,
        details,
      );
    case 429: {
      const wait = retryAfterMs(answer.headers, Date.now());
      const when = wait === undefined ? 'later' : `in ${Math.ceil(wait / 1000)} s`;
      return new ImageError(
        'rate-limited',
        `${domain} limits how often it answers${tail}; try again ${when}, or log in with docker login ${domain}`,
        { ...details, ...(wait === undefined ? {} : { retryAfterMs: wait }) },
      );
    }
    default:
      return otherFault(answer, what, domain, tail, details);
  }
}

function otherFault(
  answer: Answer,
  what: string,
  domain: string,
  tail: string,
  details: ImageErrorDetails,
): ImageError {
  const wait = retryAfterMs(answer.headers, Date.now());
  return new ImageError(
    'registry-fault',
    `${domain} answered ${answer.status} for ${what}${tail}; ${
      answer.status >= 500
        ? 'the fault is the registry’s, try again later'
        : 'check that this is an image registry'
    }`,
    { ...details, ...(wait === undefined ? {} : { retryAfterMs: wait }) },
  );
}

// The error document of the distribution spec ("Error Codes"), or the token service’s {details}.
async function complaint(answer: Answer): Promise<{ text: string }> {
  try {
    const text = new TextDecoder().decode(await readBody(answer, MOST_ERROR_BYTES, 'the error'));
    const json = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[]; details?: unknown };
    const first = json.errors?.[0];
    const words = first ? [first.code, first.message] : [json.details];
    return { text: plain(words.filter((word) => typeof word === 'string').join(': ')) };
  } catch {
    return { text: '' };
  }
}

/** One line without control characters: a registry must not write on the user’s terminal. */
function plain(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 200);
}
