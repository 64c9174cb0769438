import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { outsideDoors, ownDoor } from '../../../apps/agent/src/server/doors.ts';

const one = (address: string, family: 'IPv4' | 'IPv6', internal = false) =>
  ({ address, family, internal }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [one('127.0.0.1', 'IPv4', true), one('::1', 'IPv6', true)],
  eth0: [one('fe80::1', 'IPv6'), one('2001:db8::7', 'IPv6'), one('192.0.2.7', 'IPv4')],
};
const doors = (host: string, publicUrl?: string) => outsideDoors({ host, port: 7070, publicUrl }, interfaces);

it('an agent on loopback has no door for others', () => {
  for (const host of ['127.0.0.1', 'localhost', '::1']) expect(doors(host)).toEqual([]);
});

it('an agent that listens everywhere has a door at each address that others can use', () => {
  expect(doors('0.0.0.0')).toEqual(['http://192.0.2.7:7070/']);
  expect(doors('::')).toEqual(['http://192.0.2.7:7070/', 'http://[2001:db8::7]:7070/']);
  expect(doors('192.0.2.7')).toEqual(['http://192.0.2.7:7070/']);
});

it('an agent behind a proxy has the proxy’s door alone', () => {
  expect(doors('127.0.0.1', 'https://lab.example/dock')).toEqual(['https://lab.example/dock/']);
});

it('this machine’s own browser finds it wherever it listens', () => {
  expect(ownDoor({ host: '0.0.0.0', port: 1 })).toBe('http://127.0.0.1:1/');
  expect(ownDoor({ host: '::1', port: 1 })).toBe('http://[::1]:1/');
});
