import { expect, test } from 'vitest';
import { parsePublish } from '../../../apps/agent/src/via/docker/ports.ts';

test.each([
  ['80', [{ containerPort: 80, protocol: 'tcp' }]],
  ['8080:80', [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }]],
  ['127.0.0.1:8080:80/udp', [{ hostIp: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'udp' }]],
  ['127.0.0.1::80', [{ hostIp: '127.0.0.1', containerPort: 80, protocol: 'tcp' }]],
  ['[::1]:8080:80', [{ hostIp: '::1', hostPort: 8080, containerPort: 80, protocol: 'tcp' }]],
  [
    '8000-8001:80-81',
    [
      { hostPort: 8000, containerPort: 80, protocol: 'tcp' },
      { hostPort: 8001, containerPort: 81, protocol: 'tcp' },
    ],
  ],
])('--publish %s', (text, ports) => {
  expect(parsePublish([text])).toEqual(ports);
});

test.each([
  ['', 'no published port'],
  ['x:80', 'no IP address'],
  ['0:80', 'no port'],
  ['80:70000', 'no port'],
  ['80/icmp', 'no protocol icmp'],
  ['8000-8002:80-81', 'not equally long'],
  ['1-60000:1-60000', 'more than 1000'],
  ['localhost:8080:80', 'no IP address'],
])('--publish %j is refused and says why', (text, why) => {
  expect(() => parsePublish([text])).toThrow(expect.objectContaining({ code: 'bad-publish' }));
  expect(() => parsePublish([text])).toThrow(why);
});
