import { describe, expect, it } from 'vitest';
import { readPrinted, utf8 } from '../../../apps/agent/src/probe/lines.ts';

const printed = (data: string) => readPrinted(JSON.stringify({ type: 'printf', data }));

describe('a line of the probe', () => {
  it('is a letter, words, and a text that may hold anything', () => {
    expect(printed('s 12 0 0:/a\nt 1 2\n"\u001f:x\n')).toEqual({
      is: 'line',
      line: { letter: 's', words: ['12', '0', '0'], text: '/a\nt 1 2\n"\u001f:x' },
    });
  });

  it('is one of a heartbeat without any text', () => {
    expect(printed('t 17\n')).toEqual({ is: 'line', line: { letter: 't', words: ['17'], text: '' } });
  });

  it('that others could have forged, makes no sense', () => {
    for (const data of ['', 't', 't 1', 'T 1\n', 's 1 0\u0001:x\n', ' t 1\n']) {
      expect(printed(data), JSON.stringify(data)).toEqual({ is: 'malformed' });
    }
    for (const json of ['', 'null', '[]', '{"type":"printf"}', '{"type":"printf","data":5}', '{"type":']) {
      expect(readPrinted(json).is, json).not.toBe('line');
    }
  });

  it('says how many records were lost', () => {
    expect(readPrinted('{"type": "lost_events", "data": {"events": 42}}')).toEqual({ is: 'lost', count: 42 });
  });

  it('may be about something else', () => {
    expect(readPrinted('{"type": "attached_probes", "data": {"probes": 11}}')).toEqual({ is: 'other' });
  });

  it('keeps bytes above 127, also as bpftrace 0.17 escapes them, and a text that only looks like it', () => {
    const line = '{"type":"printf","data":"s 1 0 0:\\uffffffc3\\uffffffa9 \\\\uffffffc3\\n"}';
    const read = readPrinted(line);
    expect(read.is === 'line' && utf8(read.line.text)).toBe('é \\uffffffc3');
  });
});
