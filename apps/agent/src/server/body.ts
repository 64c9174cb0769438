import express, { type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import { type Answer, firstIssue, problem } from './problem.ts';

/** Bodies larger than this are refused: a request with a thousand long arguments still fits. */
export const MAX_BODY = '1mb';

/** Sends a problem. */
export function send(res: Response, answer: Answer): void {
  res.status(answer.status).json(answer.problem);
}

/** Reads a JSON body; any other kind is answered with 415, but for requests whose body `isOther` leaves to their own route. */
export function readBody(isOther: (req: Request) => boolean = () => false): RequestHandler {
  const json = express.json({ limit: MAX_BODY, inflate: false });
  return (req, res, next) => {
    const { 'transfer-encoding': chunked, 'content-length': length } = req.headers;
    if (isOther(req) || (chunked === undefined && !(Number(length ?? 0) > 0))) next();
    else if (req.is('application/json')) json(req, res, next);
    else send(res, problem(415, 'not-json', 'the body must be JSON', 'send Content-Type: application/json'));
  };
}

/** What an error of reading a request (body, path) means; undefined for errors that are none of these. */
export function bodyProblem(error: unknown): Answer | undefined {
  const { type, status } = (error ?? {}) as { type?: string; status?: number };
  if (type === 'entity.too.large') return problem(413, 'too-large', `the body is larger than ${MAX_BODY}`);
  if (type === 'entity.parse.failed') return problem(400, 'bad-json', 'the body is no valid JSON');
  if (type?.startsWith('encoding') || type?.startsWith('charset')) {
    return problem(415, 'bad-encoding', 'the body must be plain UTF-8 JSON');
  }
  if (status === 404) return problem(404, 'not-found', 'there is nothing here');
  return status !== undefined && status >= 400 && status < 500
    ? problem(status, 'bad-request', 'this request can’t be read')
    : undefined;
}

/** The body by its schema. Throws an error that is answered with 400 and names the first field that is wrong. */
export function parseBody<S extends z.ZodType>(schema: S, req: Request): z.output<S> {
  const parsed = schema.safeParse(req.body ?? {});
  if (parsed.success) return parsed.data;
  throw Object.assign(new Error(firstIssue(parsed.error)), { code: 'bad-request' });
}
