import { describe, expect, it } from 'vitest';
import { buildStep } from '../../../apps/agent/src/probe/buildStep.ts';

describe('a step of a build', () => {
  it.each([
    ['FROM debian:12 AS base', 'FROM debian:12 AS base'],
    ['run apt-get update', 'RUN apt-get update'],
    ['COPY --from=base /a /b', 'COPY --from=base /a /b'],
    ['ENV A=1 B="2 3" C=a\\ b', 'ENV A=… B=… C=…'],
    ["ENV PASSWORD='x y'", 'ENV PASSWORD=…'],
    ['ENV TOKEN abc def', 'ENV TOKEN …'],
    ['ARG VERSION', 'ARG VERSION'],
    ['ARG KEY=secret', 'ARG KEY=…'],
    ['LABEL org.name="x=y"', 'LABEL org.name=…'],
  ])('is told as it stands in the Dockerfile, without values of variables: %s', (text, told) =>
    expect(buildStep(text, false)).toBe(told),
  );

  it('says where it was cut', () => expect(buildStep('RUN echo a', true)).toBe('RUN echo a…'));

  it.each(['', 'FROM', 'hello world', 'RUN a\u0000b', 'PATH=/bin', 'RUNa b', 'RUN \ufffd\ufffd'])(
    'is none where the engine’s memory holds anything else: %j',
    (text) => expect(buildStep(text, false)).toBeUndefined(),
  );
});
