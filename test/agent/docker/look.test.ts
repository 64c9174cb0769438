import { expect, it } from 'vitest';
import { toldStep } from '../../../apps/agent/src/via/docker/look.ts';

it.each([
  ['RUN |2 TOKEN=hunter2 NAME=a b /bin/sh -c make # buildkit', 'RUN |2 … /bin/sh -c make # buildkit'],
  ['|1 PW=hunter2 /bin/sh -c make', '|1 … /bin/sh -c make'],
  ['|1 PW=hunter2', '|1 …'],
  ['/bin/sh -c #(nop)  CMD ["sh"]', '/bin/sh -c #(nop)  CMD ["sh"]'],
  ['/bin/sh -c a | b', '/bin/sh -c a | b'],
])('tells a build’s step without the values of its arguments: %s', (createdBy, told) => {
  expect(toldStep(createdBy)).toBe(told);
});
