import { readFileSync, statSync } from 'node:fs';
import { type Guide, MOST_GUIDE_CHARACTERS, readGuide, TraceError } from '@underdock/trace';
import { AgentError } from '../error.ts';

/** The guide in a file, to the trace of this id. Throws AgentError `bad-guide` with what to do. */
export function readGuideFile(path: string, trace: string): Guide {
  const guide = parsed(path);
  if (guide.trace === trace) return guide;
  throw new AgentError('bad-guide', `${path} is a guide to the trace ${guide.trace}, this is ${trace}`, {
    remedy: 'take the guide that was made for this trace',
    exitCode: 1,
  });
}

function parsed(path: string): Guide {
  try {
    if (statSync(path).size > MOST_GUIDE_CHARACTERS * 4) throw new Error('it is too large to be a guide');
    return readGuide(readFileSync(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AgentError('bad-guide', `${path}: ${why}`, {
      remedy:
        cause instanceof TraceError
          ? 'take a file that the page has written: its name ends in .guide.json'
          : 'give the path of a guide that can be read',
      exitCode: 1,
      cause,
    });
  }
}
